"""From a figure back to its sources: delivery, sheet, cell, raw text and line of the form's map.

Belongs here: finding the cells and rows in the warehouse behind an answer or a public row. The output is restricted: raw
texts of single units are never public.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.tables import Table
from orchestration.core.warehouse import dictionaries
from orchestration.trace.conditions import ANSWERS, nothing_found, where


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
    """Return the name of a cell in a spreadsheet: row 3, column 28 is AB3."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def require_built(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a warehouse without models.

    Raises:
        UserError: the models are not built yet.
    """
    row = connection.execute(
        "select count(*) from information_schema.tables where table_schema || '.' || table_name in "
        "('intermediate.int_cells', 'public.fte_by_service')"
    ).fetchone()
    if row != (2,):
        raise UserError("the warehouse is not built yet", place=str(path), remedy="run ./is248 run")


def _origins(connection: duckdb.DuckDBPyConnection, condition: str, parameters: Any) -> list[Origin]:
    """Return the cells that meet a condition (SQL with joins and where, over ``cells``), in the order of the deliveries."""
    rows = connection.execute(
        f"""
        select cells.form, cells.file, cells.sheet, cells.row_number, cells.column_number, cells.header,
            cells.text_delivered, cells.fate, cells.fate_reason, cells.question, cells.item, cells.target_group,
            cells.reporting_form,
            coalesce(
                cast(cells.number_value as varchar), cells.option_answer, case when cells.is_ticked then cells.answer end
            ) as value,
            cells.unit_code, cells.line
        from intermediate.int_cells as cells
        {condition}
        order by cells.form, cells.file, cells.sheet, cells.row_number, cells.column_number
        """,
        parameters,
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


# Cells that conditions on answers can find: answers, and cells that could not be read as one.
_IS_ANSWER = "(use = 'answer' or fate = 'rejected')"


def explain_answers(connection: duckdb.DuckDBPyConnection, conditions: dict[str, str], limit: int) -> list[Origin]:
    """Return the cells behind answers, in the order of the deliveries.

    Raises:
        UserError: no cell meets the conditions; the message suggests the nearest ones.
    """
    found = _origins(connection, f"where {where(conditions)} and {_IS_ANSWER}", list(conditions.values()))[:limit]
    if conditions and not found:
        cells = f"(select * from intermediate.int_cells where {_IS_ANSWER})"
        raise nothing_found(connection, cells, conditions, f"explain {ANSWERS}", "delivered cell")
    return found


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


@dataclass(frozen=True)
class Behind:
    """What a public row was made of; all of it is restricted.

    ``units`` has entries for each unit that the row sums: how it reported, and how it was harmonised. ``cells`` are the
    delivered cells that count, ``corrections`` the signed entries about them, ``printed`` the printed figures if the row
    comes from print.
    """

    row: dict[str, Any]
    units: list[dict[str, Any]]
    cells: list[Origin]
    corrections: list[dict[str, Any]]
    printed: list[dict[str, Any]]


# The answers behind a row of each table: question, and condition on its parts, as SQL over the row's columns ($name).
_SOURCES = {
    "fte_by_service": ("'fte_by_service'", "$service_type in (item, 'total')"),
    "fte_by_education": ("'fte_by_education'", "$education in (item, 'total')"),
    "fte_by_pathway": ("'fte_by_pathway'", "$pathway in (item, 'total')"),
    "fte_by_reporting_form": ("'fte_by_service'", "$reporting_form in (cells.reporting_form, 'total')"),
    "fte_distribution": ("'fte_by_service'", "true"),
    "indicator_shares": ("$indicator", "$item in (item, 'all') or contains($item, item)"),
    "mean_scores": ("$indicator", "$item in (item, 'all') or contains($item, item)"),
    "amounts": ("$indicator", "true"),
}

_UNITS = """
    select distinct members.member_code as unit_code, members.piece_code, rounds.form, rounds.time_period
    from intermediate.int_area_members as members
    inner join intermediate.int_rounds as rounds on rounds.time_period = members.time_period
    where members.time_period = $year and members.area_basis = $area_basis and (
        (members.unit_level = $unit_level and members.unit_code = $unit_code)
        -- A KOSTRA group is its municipalities.
        or (members.unit_level = 'municipality' and $unit_level = 'kostra_group' and members.unit_code in (
            select municipality_code from intermediate.int_municipality_areas
            where time_period = $year and area_basis = $area_basis and unit_level = $unit_level and unit_code = $unit_code
        ))
    )
"""


def _behind(connection: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> Behind:
    question, part = _SOURCES[table]
    # Amounts refer to the year before the round.
    year = row["time_period"] + 1 if table == "amounts" else row["time_period"]
    place = {
        "year": year,
        "area_basis": row.get("area_basis", "reported"),
        "unit_level": row.get("unit_level", "country"),
        "unit_code": row.get("unit_code", "0"),
    }
    used = {name: row.get(name) for name in ("service_type", "education", "pathway", "reporting_form", "indicator", "item")}
    chosen = {name: value for name, value in used.items() if f"${name}" in question + part}
    target_group = row.get("target_group", "total")
    units = dictionaries(
        connection,
        f"""
        with members as ({_UNITS})
        select members.unit_code, members.piece_code, units.unit_name, responses.has_answered, fte.target_group,
            routes.route, routes.stated_choice, routes.is_half_missing, fte.fte, fte.is_carried_forward
        from members
        inner join intermediate.int_units as units
            on units.time_period = members.time_period and units.unit_code = members.unit_code
        inner join intermediate.int_unit_responses as responses
            on responses.form = members.form and responses.unit_code = members.unit_code
        left join intermediate.int_fte__unit as fte
            on fte.time_period = members.time_period and fte.unit_code = members.unit_code and fte.question = $question
            and fte.category = $category and fte.target_group != 'total' and $target_group in (fte.target_group, 'total')
        left join intermediate.int_fte_routes as routes
            on routes.form = members.form and routes.unit_code = members.unit_code and routes.question = $question
            and routes.target_group = fte.target_group
        order by all
        """,
        {
            **place,
            "question": "fte_by_service" if table in ("fte_by_reporting_form", "fte_distribution") else table,
            "category": row.get("service_type") or row.get("education") or row.get("pathway") or "total",
            "target_group": target_group,
        },
    )
    filters = f"cells.question = {question} and ({part}) and $target_group in (cells.target_group, 'total')"
    cells = _origins(
        connection,
        f"""
        inner join intermediate.int_counted_rows as counted
            on cells.row_key = counted.row_key
        inner join (select distinct form, unit_code from ({_UNITS})) as members
            on cells.form = members.form and cells.unit_code = members.unit_code
        where cells.use = 'answer' and cells.fate_reason != 'blank' and {filters}
        """,
        {**place, **chosen, "target_group": target_group},
    )
    corrections = dictionaries(
        connection,
        f"""
        select cells.correction, cells.unit_code, cells.question, cells.item, cells.target_group, cells.reporting_form,
            cells.expect, cells.value, cells.verdict, cells.reason, cells.decided_by, cells.decided_on
        from intermediate.int_corrections as cells
        inner join (select distinct form, unit_code from ({_UNITS})) as members
            on cells.form = members.form and cells.unit_code = members.unit_code
        where {filters}
        order by correction
        """,
        {**place, **chosen, "target_group": target_group},
    )
    printed = []
    if "from_print" in str(row.get("obs_note")):
        printed = dictionaries(
            connection,
            """
            select source_id, table_id, cell_key, value_text, source_file, line_number
            from staging.stg_published__figures
            where measure = $measure and time_period = $year and value is not null
                and (dimension['price_basis'] = 'nominal' or dimension['size_group'] = $unit_code)
            order by source_file, line_number
            """,
            {"measure": row["indicator"], "year": row["time_period"], "unit_code": row["unit_code"]},
        )
    return Behind(row=row, units=units, cells=cells, corrections=corrections, printed=printed)


def explain_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, conditions: dict[str, str], limit: int
) -> list[Behind]:
    """Return the public rows that meet the conditions, each with what it was made of.

    Rows of tables that are not computed from answers (code lists, areas, printed figures) are returned alone.

    Raises:
        UserError: no row meets the conditions; the message suggests the nearest ones.
    """
    relation = f'public."{table.name}"'
    rows = dictionaries(
        connection,
        f"select * from {relation} where {where(conditions)} order by {table.order_by} limit {int(limit)}",
        list(conditions.values()),
    )
    if conditions and not rows:
        raise nothing_found(connection, relation, conditions, f"explain {table.name}", "row")
    if table.name not in _SOURCES:
        return [Behind(row=row, units=[], cells=[], corrections=[], printed=[]) for row in rows]
    return [_behind(connection, table.name, row) for row in rows]


def _render_unit(unit: dict[str, Any]) -> str:
    group = f" {unit['target_group']}" if unit["target_group"] else ""
    if unit["is_carried_forward"]:
        how = "did not answer: values of an earlier round are carried forward"
    elif not unit["has_answered"]:
        how = "did not answer"
    elif unit["route"] is None:
        how = "answered"
    else:
        how = {"all": "one form", "joint": "joint form", "separate": "separate forms"}[unit["route"]]
        if unit["stated_choice"] and unit["stated_choice"] != unit["route"]:
            how += f", though it chose {unit['stated_choice']}: the filled block counts"
        if unit["is_half_missing"]:
            how += ", one half missing: the delivered half counts"
    piece = f", piece {unit['piece_code']} of it by weight" if unit["piece_code"] else ""
    value = f" = {unit['fte']:f}".rstrip("0").rstrip(".") if unit["fte"] is not None else ""
    return f"  {unit['unit_code']} {unit['unit_name']}{piece}{group}{value}  ({how})"


def render_behind(behind: Behind, rules: list[str], limit: int) -> str:
    """Return what a row was made of as lines of text; lists longer than ``limit`` are cut, and their length is given."""
    lines = [", ".join(f"{name}={value}" for name, value in behind.row.items() if value is not None)]

    def listed(title: str, entries: list[str]) -> None:
        if entries:
            lines.append(f"{title} ({len(entries)}):")
            lines.extend(entries[:limit])
            if len(entries) > limit:
                lines.append(f"  ... and {len(entries) - limit} more (--limit)")

    listed("units", [_render_unit(unit) for unit in behind.units])
    listed("cells that count", ["  " + render_origin(origin).replace("\n", "\n  ") for origin in behind.cells])
    listed(
        "corrections",
        [
            f"  {entry['correction']}: {entry['unit_code']} {entry['question']} {entry['item']} {entry['target_group']} "
            f"{entry['reporting_form']}: {entry['expect']} -> {entry['value']} ({entry['verdict']}; {entry['decided_by']}, "
            f"{entry['decided_on']}: {entry['reason']})"
            for entry in behind.corrections
        ],
    )
    listed(
        "printed figures",
        [
            f"  {figure['value_text']} in {figure['source_id']} table {figure['table_id']}: "
            f"data/published/{figure['source_file']}, line {figure['line_number']} ({figure['cell_key']})"
            for figure in behind.printed
        ],
    )
    if behind.units:
        listed("rules of the table", [f"  {rule}" for rule in rules])
    return "\n".join(lines)


def as_dictionaries(origins: list[Origin]) -> list[dict[str, Any]]:
    """Return origins as dictionaries, for JSON."""
    return [asdict(origin) for origin in origins]
