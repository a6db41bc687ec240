"""Fixtures of tests that read tiny deliveries and look at what the models make of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.integration.deliveries_kit import Kit, cell_models, cell_warehouse, make_kit


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


@pytest.fixture
def warehouse(kit: Kit) -> Iterator[duckdb.DuckDBPyConnection]:
    with cell_warehouse(kit, cell_models()) as connection:
        yield connection
