"""A small warehouse with every described public table, most of them empty, and candidates made from it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Table, load_tables
from orchestration.core.warehouse import connect, quoted, replace_tables
from orchestration.gate.verdict import judge
from orchestration.ingest import decisions
from orchestration.publish import pointer, snapshots
from orchestration.publish.candidate import Candidate, WriteReports, build
from orchestration.publish.kept_files import Store
from orchestration.publish.publication_metadata import load_catalogue
from orchestration.publish.snapshot_files import DATABASE, GATE
from orchestration.publish.views import load_entries
from tests.integration.test_gate import circumstances, nothing_to_add, rule

METADATA = PROJECT_DIR / "data" / "metadata"
TABLES = load_tables(METADATA)
CATALOGUE = load_catalogue(METADATA)
ENTRIES = load_entries(METADATA)

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

# The figure that tests without their own rows publish.
COUNTRY = {
    "time_period": 2023,
    "series": "is248",
    "unit_level": "country",
    "unit_code": "0",
    "unit_name": "Hele landet",
    "area_basis": "reported",
    "target_group": "total",
    "service_type": "total",
    "fte": 1.5,
    "population": 10.0,
    "fte_per_10000": 1500.0,
    "imputed_share": 0.0,
    "series_break": False,
    "obs_status": "A",
    "is_constructed": True,
}
DELIVERY = {
    "form": "form_2023",
    "survey": "is248",
    "time_period": 2023,
    "collection_year": 2023,
    "title_nb": "Skjema",
    "title_en": "Form",
    "files": 1,
    "sha256": "0" * 64,
    "licence": "CC-BY-4.0",
    "is_constructed": True,
}


def fte(**changes: Any) -> dict[str, Any]:
    return {**COUNTRY, **changes}


def _fill(connection: duckdb.DuckDBPyConnection, schema: str, rows: Rows, tables: Sequence[Table]) -> None:
    connection.begin()
    for table in tables:
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'create table {schema}."{table.name}" ({columns})')
        for row in rows.get(table.name, []):
            assert row.keys() <= set(table.column_names), row.keys() - set(table.column_names)
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            connection.execute(f'insert into {schema}."{table.name}" ({names}) values ({marks})', list(row.values()))
    if "codelists" not in rows:
        lists = quoted(PROJECT_DIR / "data" / "classifications" / "codelists.csv")
        connection.execute(f"insert into {schema}.codelists by name select * from read_csv({lists}, all_varchar = true)")
    connection.commit()


def database(folder: Path, rows: Rows) -> Path:
    """Make a folder with only the database of a snapshot, enough for comparing two of them."""
    folder.mkdir(parents=True)
    with connect(folder / DATABASE) as connection:
        _fill(connection, "main", rows, TABLES)
    return folder


def warehouse(
    folder: Path,
    rows: Rows | None = None,
    *,
    is_constructed: bool = True,
    releases: list[tuple[Any, ...]] = [],  # noqa: B006  never changed
) -> Path:
    """Make a warehouse; tables that ``rows`` does not name have their standard rows or none.

    ``releases`` are rows of the calendar: release, time_period, status, release_date, is_prepared, release_at,
    next_release_at.
    """
    path = folder / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    filled: dict[str, Sequence[Mapping[str, Any]]] = {
        "fte_by_service": [COUNTRY | {"is_constructed": is_constructed}],
        "deliveries": [DELIVERY | {"is_constructed": is_constructed}],
        **(rows or {}),
    }
    with connect(path) as connection:
        connection.execute("create schema public")
        replace_tables(
            connection, "decisions", decisions.TABLES, {name: [] for name in decisions.TABLES} | {"releases": releases}
        )
        _fill(connection, "public", filled, [table for table in TABLES if table.made_by == "dbt"])
    return path


def candidate(
    folder: Path,
    rows: Rows | None = None,
    *,
    formats: Collection[str] = (),
    channel: Any = "demo",
    is_constructed: bool = True,
    predecessor: Path | None = None,
    tables: list[Table] | None = None,
    releases: list[tuple[Any, ...]] = [],  # noqa: B006  never changed
    write_reports: WriteReports = lambda folder: None,
    store: Store | None = None,
) -> Candidate:
    return build(
        warehouse(folder, rows, is_constructed=is_constructed, releases=releases),
        tables or TABLES,
        folder / "snapshots" / ".candidates",
        catalogue=CATALOGUE,
        entries=ENTRIES,
        channel=channel,
        formats=formats,
        predecessor=predecessor or pointer.current(folder / "snapshots"),
        write_reports=write_reports,
        store=store,
    )


def passed(folder: Path, rows: Rows | None = None, **arguments: Any) -> Candidate:
    """Make a candidate with a made-up verdict, enough for testing publication without the gate."""
    made = candidate(folder, rows, **arguments)
    nothing_to_add(made)
    verdict = {"verdict": "pass", "content_hash": made.content_hash, "rules": [], "blocking": []}
    (made.path / GATE).write_text(json.dumps(verdict), encoding="utf-8")
    return made


def judged(folder: Path, rows: Rows | None = None, **arguments: Any) -> Candidate:
    made = candidate(folder, rows, **arguments)
    nothing_to_add(made)
    judge([rule(rows="select 1 as x")], TABLES, made, [], circumstances(folder))
    return made


def published(folder: Path, rows: Rows | None = None, *, by_gate: bool = False, **arguments: Any) -> Path:
    made = (judged if by_gate else passed)(folder, rows, **arguments)
    snapshots.promote(made, folder / "snapshots")
    return folder / "snapshots" / made.id
