"""The fates of delivered cells and rows, from the built warehouse; restricted.

Belongs here: queries about what was read. Does not belong here: how a command prints it (``cli.status``), or which cells are
behind a figure (``explain``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.core.warehouse import connect, dictionaries


def cell_ledger(warehouse: Path) -> list[dict[str, Any]]:
    """Return by delivered file the numbers of cells that were read, mapped, ignored and rejected, and whether they balance.

    The list is empty without a warehouse or its ledgers.
    """
    if not warehouse.exists():
        return []
    with connect(warehouse, read_only=True) as connection:
        tables = connection.execute(
            "select count(*) from information_schema.tables where table_schema || '.' || table_name in "
            "('raw.sheets', 'marts.mart_cell_ledger', 'marts.mart_row_ledger', 'intermediate.int_name_findings')"
        ).fetchone()
        if tables != (4,):
            return []
        return dictionaries(
            connection,
            """
            with read_cells as (
                select form, file, cast(sum(cell_count) as bigint) as cells from raw.sheets group by form, file
            ),
            fates as (
                select form, file,
                    cast(coalesce(sum(cell_count) filter (where fate = 'mapped'), 0) as bigint) as mapped,
                    cast(coalesce(sum(cell_count) filter (where fate = 'ignored'), 0) as bigint) as ignored,
                    cast(coalesce(sum(cell_count) filter (where fate = 'rejected'), 0) as bigint) as rejected
                from marts.mart_cell_ledger group by form, file
            )
            select form, file, cells as read, coalesce(mapped, 0) as mapped, coalesce(ignored, 0) as ignored,
                coalesce(rejected, 0) as rejected, cells = mapped + ignored + rejected as balances
            from read_cells left join fates using (form, file) order by form, file
            """,
        )


def name_findings(warehouse: Path) -> list[dict[str, Any]]:
    """Return the delivered rows with a name that their code does not have."""
    with connect(warehouse, read_only=True) as connection:
        return dictionaries(
            connection,
            "select form, file, row_number, code_delivered, name_delivered from intermediate.int_name_findings order by all",
        )


def rows_left_out(warehouse: Path) -> list[dict[str, Any]]:
    """Return the delivered rows that are not data or cannot be used, with the cell or code that this rests on."""
    with connect(warehouse, read_only=True) as connection:
        return dictionaries(
            connection,
            "select form, file, sheet, row_number, fate, reason, rests_on from marts.mart_row_ledger order by all",
        )


def reported_cells(warehouse: Path) -> list[dict[str, Any]]:
    """Return the workbook cells that were read or left out in a way that must be reported."""
    from orchestration.ingest.marks import REMARKS  # imported here: it opens files
    from orchestration.ingest.readers.looks import column_letters

    with connect(warehouse, read_only=True) as connection:
        # A warehouse of an earlier release has no such table.
        if not connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'marks'"
        ).fetchall():
            return []
        found = dictionaries(
            connection,
            "select form, file, sheet, mark, sum(cell_count)::bigint as cells, first_row, first_column from raw.marks "
            "group by all order by all",
        )
    for each in found:
        each["first_cell"] = f"{column_letters(each.pop('first_column'))}{each.pop('first_row')}"
        each["what"] = REMARKS[each["mark"]]
    return found


def open_questions(warehouse: Path) -> tuple[int, int, int] | None:
    """Return the last survey year with findings of the control, and its numbers of findings and units; None without any."""
    if not warehouse.exists():
        return None
    with connect(warehouse, read_only=True) as connection:
        there = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'control' and table_name = 'ctl_findings'"
        ).fetchone()
        if there == (0,):
            return None
        row = connection.execute(
            "select time_period, count(*), count(distinct unit_code) from control.ctl_findings group by time_period "
            "order by time_period desc limit 1"
        ).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row is not None else None
