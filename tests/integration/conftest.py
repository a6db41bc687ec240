"""Fixtures of tests that read tiny deliveries and check the results of the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.engines import dbt
from tests.conftest import shared
from tests.integration.deliveries_kit import Kit, cell_models, cell_warehouse, compile_models, make_kit


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Settings:
    """The project's inputs with a warehouse in which dbt has parsed and compiled the project, once for all workers.

    Only the tests of dbt itself, which build its models, change it.
    """
    with shared(tmp_path_factory, worker_id, "prepared") as (folder, is_empty):
        settings = Settings(
            data_dir=PROJECT_DIR / "data", warehouse_dir=folder / "warehouse", snapshots_dir=folder / "snapshots"
        )
        if is_empty:
            dbt.prepare(settings)
            (folder / "models.json").write_text(json.dumps(compile_models(settings)), encoding="utf-8")
    return settings


@pytest.fixture(scope="session")
def compiled(prepared: Settings) -> dict[str, dict[str, Any]]:
    """Every model as compiled by dbt, for ``models_of``."""
    models: dict[str, dict[str, Any]] = json.loads((prepared.warehouse.parent / "models.json").read_text(encoding="utf-8"))
    return models


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


@pytest.fixture
def warehouse(kit: Kit, compiled: dict[str, dict[str, Any]]) -> Iterator[duckdb.DuckDBPyConnection]:
    with cell_warehouse(kit, cell_models(compiled)) as connection:
        yield connection
