"""The workbook of the publication: read-me, the overview of municipalities, then every table, from country to county.

Belongs here: which tables and rows are included, and what the read-me sheet says about them. Does not belong here: how
sheets look and are written (``sheets``), or the municipalities' own series (``packages``).
"""

from __future__ import annotations

from pathlib import Path

import duckdb
from openpyxl import Workbook

from orchestration.core.tables import Label, Table
from orchestration.core.texts import filled
from orchestration.publish.formats import Format, Job, KeepPart, make_part, sheets
from orchestration.publish.formats.metadata import caution_of
from orchestration.publish.formats.packages import MUNICIPAL_TABLES
from orchestration.publish.formats.sheets import TEXTS, LongSheet, ReadMe
from orchestration.publish.publication_metadata import Release
from orchestration.publish.snapshot_files import REVISIONS

LEVEL_COLUMN = "unit_level"

# From country to county; single municipalities, districts and agencies are too many rows for a workbook.
LEVELS = ("country", "health_region", "hf_area", "county", "size_group")


def write(
    connection: duckdb.DuckDBPyConnection,
    tables: list[Table],
    release: Release,
    path: Path,
    keep: KeepPart = make_part,
) -> None:
    """Write ``tables`` (relations of the connection's default schema) as one workbook.

    Revisions are left out: they depend on the snapshot before, and equal figures must give equal files.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    chosen = [
        sheets.plan_sheet(connection, table, release, _chosen(table), _chosen(table))
        for table in tables
        if table.name != REVISIONS
    ]
    left = {sheet.table.name: _levels(connection, sheet.table) for sheet in chosen}
    title = release.catalogue.title

    def fill_front(book: Workbook) -> None:
        read_me = ReadMe(book, title, release)
        read_me.about(release.catalogue.description, TEXTS["workbook_content"])
        read_me.section(TEXTS["sheets"], TEXTS["rows"], TEXTS["rows_found"])
        for sheet in chosen:
            levels = left[sheet.table.name]
            found = sum(levels.values()) if levels else sheet.rows_found
            read_me.line(sheet.table.name, _described(sheet, levels, release), sheet.rows, found, link=sheet.table.name)
        read_me.reading()
        read_me.codes()
        read_me.columns([sheet.table for sheet in chosen])

    sheets.write_book(connection, path, release, title, chosen, fill_front, keep)


def _chosen(table: Table) -> str:
    """Return SQL that chooses the included rows; a table without figures, such as the corrections, is complete."""
    if LEVEL_COLUMN not in table.column_names or not table.measures:
        return ""
    levels = ", ".join(f"'{level}'" for level in LEVELS)
    return f"where {LEVEL_COLUMN} in ({levels})"


def _levels(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, int]:
    """Return the number of rows of each level of a table, including those left out; none where it has no levels."""
    if LEVEL_COLUMN not in table.column_names:
        return {}
    query = f"select coalesce({LEVEL_COLUMN}, ''), count(*) from \"{table.name}\" group by 1 order by 1"
    return dict(connection.execute(query).fetchall())


def _described(sheet: LongSheet, levels: dict[str, int], release: Release) -> Label:
    """Return the read-me text of a sheet: title, description, method, levels, and where the rest is."""
    table = sheet.table
    parts = [filled(TEXTS["column"], title=table.title, description=table.description)]
    if caution := caution_of(table):
        parts.append(caution)
    if table.method:
        parts.append(table.method)
    order = list(release.codes.get(LEVEL_COLUMN, {}))
    names = sorted(levels, key=lambda level: (order.index(level) if level in order else len(order), level))
    here, rest = [name for name in names if name in LEVELS], [name for name in names if name not in LEVELS]
    if here:
        parts.append(filled(TEXTS["levels"], here=_names(here, release)))
    if rest:
        parts.append(filled(TEXTS["levels_left"], left=_names(rest, release), table=table.name))
        if table.name in MUNICIPAL_TABLES:
            parts.append(TEXTS["in_packages"])
    parts.extend(sheets.limits(sheet))
    return sheets.sentences(parts)


def _names(levels: list[str], release: Release) -> Label:
    labels = [release.label(LEVEL_COLUMN, level) for level in levels]
    return Label(nb=", ".join(label.nb for label in labels), en=", ".join(label.en for label in labels))


def _jobs(_: duckdb.DuckDBPyConnection, tables: list[Table], release: Release) -> list[Job]:
    def write_book(connection: duckdb.DuckDBPyConnection, folder: Path, keep: KeepPart) -> None:
        write(connection, tables, release, folder / "xlsx" / "is248.xlsx", keep)

    return [Job("xlsx", write_book)]


FORMAT = Format(_jobs, takes_overview=True)
