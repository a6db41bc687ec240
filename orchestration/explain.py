"""From a figure back to where it comes from: delivery, sheet, cell, raw text and line of the form's map.

Belongs here: looking up, in the warehouse, the rows behind an answer or a public row. What it shows is restricted: raw
texts of single units are never public.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.errors import UserError
from orchestration.tables import Table

ANSWERS = "answers"

# Columns by which answers can be asked for.
ANSWER_KEYS = (
    "form",
    "survey",
    "time_period",
    "unit_code",
    "question",
    "item",
    "target_group",
    "reporting_form",
    "file",
    "sheet",
    "row_number",
    "column_number",
    "fate",
)


@dataclass(frozen=True)
class Origin:
    """A delivered cell and how it was read."""

    form: str
    file: str
    sheet: str
    cell: str
    row_number: int
    column_number: int
    header: str | None
    text: str
    fate: str
    fate_reason: str
    question: str | None
    item: str | None
    target_group: str | None
    reporting_form: str | None
    value: str | None
    unit_code: str | None
    map_file: str
    map_line: int | None


def cell_name(row: int, column: int) -> str:
    """Return a cell's name as spreadsheets say it: row 3, column 28 is AB3."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def parse_conditions(conditions: tuple[str, ...], keys: tuple[str, ...], place: str) -> dict[str, str]:
    """Return ``key=value`` words as a dictionary; a unique beginning of a key's name is enough.

    Raises:
        UserError: a word is no condition, or its key is unknown or not unique.
    """
    result: dict[str, str] = {}
    for condition in conditions:
        name, is_there, value = condition.partition("=")
        fitting = [key for key in keys if key == name] or [key for key in keys if key.startswith(name)]
        if not is_there or len(fitting) != 1:
            raise UserError(
                f"{condition!r} is no condition" if not is_there or not fitting else f"{name!r} may be {', '.join(fitting)}",
                place=place,
                remedy=f"write key=value; keys are {', '.join(keys)}",
            )
        result[fitting[0]] = value
    return result


def require_built(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise a user's error where the models were not built yet."""
    row = connection.execute(
        "select count(*) from information_schema.tables where table_schema || '.' || table_name in "
        "('intermediate.int_cells', 'public.fte_by_service')"
    ).fetchone()
    if row != (2,):
        raise UserError("the warehouse is not built yet", place=str(path), remedy="run is248 run")


def explain_answers(connection: duckdb.DuckDBPyConnection, conditions: dict[str, str], most: int) -> list[Origin]:
    """Return the cells behind answers, in the order in which they stand in the deliveries."""
    where = " and ".join(f"cast({name} as varchar) = ?" for name in conditions) or "true"
    rows = connection.execute(
        f"""
        select form, file, sheet, row_number, column_number, header, text_delivered, fate, fate_reason, question, item,
            target_group, reporting_form,
            coalesce(cast(number_value as varchar), option_answer, case when type = 'tick' then answer end) as value,
            unit_code, line
        from intermediate.int_cells
        where {where} and (use = 'answer' or fate = 'rejected')
        order by form, file, sheet, row_number, column_number
        limit {int(most)}
        """,
        list(conditions.values()),
    ).fetchall()
    return [
        Origin(
            form=row[0],
            file=row[1],
            sheet=row[2],
            cell=cell_name(row[3], row[4]),
            row_number=row[3],
            column_number=row[4],
            header=row[5],
            text=row[6],
            fate=row[7],
            fate_reason=row[8],
            question=row[9],
            item=row[10],
            target_group=row[11],
            reporting_form=row[12],
            value=row[13],
            unit_code=row[14],
            map_file=f"data/forms/{row[0]}/columns.csv",
            map_line=row[15],
        )
        for row in rows
    ]


def render_origin(origin: Origin) -> str:
    """Return an origin as a few lines for people."""
    meaning = " ".join(part for part in (origin.question, origin.item, origin.target_group, origin.reporting_form) if part)
    return "\n".join(
        [
            f"{origin.form}  unit {origin.unit_code or '?'}  {meaning}",
            f"  delivered  {origin.text!r} in {origin.file}, sheet {origin.sheet}, cell {origin.cell} ({origin.header})",
            f"  read as    {origin.value if origin.value is not None else '-'} ({origin.fate}: {origin.fate_reason})",
            f"  by         {origin.map_file}, line {origin.map_line}",
        ]
    )


def explain_row(
    connection: duckdb.DuckDBPyConnection, table: Table, conditions: dict[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the public rows that meet the conditions, and the printed figures behind those that come from print."""
    where = " and ".join(f'cast("{name}" as varchar) = ?' for name in conditions) or "true"
    cursor = connection.execute(
        f'select * from public."{table.name}" where {where} order by {table.order_by} limit 50', list(conditions.values())
    )
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    printed: list[dict[str, Any]] = []
    for row in rows:
        if "print" not in str(row.get("obs_note")) or "unit_code" not in row:
            continue
        cursor = connection.execute(
            """
            select figures.source_id, figures.table_id, figures.cell_key, figures.value_text, figures.source_file,
                figures.line_number
            from staging.stg_published__figures as figures
            inner join (
                select source_id, table_id, cell_key from intermediate.int_fte_printed__unit
                where time_period = $year and unit_code = $unit and target_group = $target_group and $service = 'total'
                union all
                select source_id, table_id, cell_key from intermediate.int_fte_printed__country
                where time_period = $year and $unit = '0' and target_group = $target_group and category = $service
                union all
                select prints.source_id, prints.table_id, prints.cell_key
                from intermediate.int_fte_printed__unit as prints
                inner join intermediate.int_area_members as members
                    on prints.time_period = members.time_period and prints.unit_code = members.member_code
                where $unit != '0' and prints.time_period = $year and members.unit_level = $level
                    and members.unit_code = $unit and members.member_code != $unit
                    and prints.target_group = $target_group and $service = 'total'
            ) as used using (source_id, table_id, cell_key)
            order by figures.source_file, figures.line_number
            """,
            {
                "year": row["time_period"],
                "unit": row["unit_code"],
                "level": row["unit_level"],
                "target_group": row.get("target_group", "total"),
                "service": row.get("service_type") or row.get("education") or row.get("pathway") or "total",
            },
        )
        names = [column[0] for column in cursor.description or []]
        printed += [dict(zip(names, figure, strict=True)) for figure in cursor.fetchall()]
    return rows, printed


def as_dictionaries(origins: list[Origin]) -> list[dict[str, Any]]:
    """Return origins for machines."""
    return [asdict(origin) for origin in origins]
