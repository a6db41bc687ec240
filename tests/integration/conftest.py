"""Fixtures of tests that read tiny deliveries and look at what the models make of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import shared
from tests.integration.deliveries_kit import Kit, cell_models, cell_warehouse, compile_project, make_kit


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, dict[str, Any]]:
    """Every model as dbt compiles it (``models_of``); compiled once for all workers."""
    with shared(tmp_path_factory, worker_id, "compiled") as (folder, is_empty):
        if is_empty:
            (folder / "models.json").write_text(json.dumps(compile_project()), encoding="utf-8")
    models: dict[str, dict[str, Any]] = json.loads((folder / "models.json").read_text(encoding="utf-8"))
    return models


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


@pytest.fixture
def warehouse(kit: Kit, compiled: dict[str, dict[str, Any]]) -> Iterator[duckdb.DuckDBPyConnection]:
    with cell_warehouse(kit, cell_models(compiled)) as connection:
        yield connection
