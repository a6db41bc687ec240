"""The SQL of the safe entries, and putting them into a DuckDB file.

A view reads the public tables at each query, so it has no figures of its own. Older versions of DuckDB must be able to read
the file: no syntax that is newer than the file's format. Belongs here: queries of views. Does not belong here: which views
and macros there are, and their columns (``views``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import duckdb

from orchestration.core.tables import STATUS_COLUMN, Column, Table
from orchestration.core.warehouse import literal
from orchestration.publish.comments import comment, comment_on_relation
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import (
    AREA_BREAKS,
    BOUNDARIES,
    BREAK_COLUMN,
    BREAKS,
    COVERAGE_COLUMN,
    KINDS,
    NO_BREAKS,
    NOTE_COLUMN,
    REASON_COLUMN,
    SEPARATOR,
)
from orchestration.publish.views import (
    AREAS,
    CONSTRUCTED,
    EXCEPTIONS,
    GROUP,
    OF_PARTS,
    PARENTS,
    PART,
    SINGLE_UNIT,
    SOURCE,
    TEXTS,
    TOTAL,
    UNIT,
    Entries,
    Figure,
    View,
    described,
    figures,
    in_words,
)

# Separators between figures of lower quality, and between the remarks on each.
BETWEEN, WITHIN = "; ", ", "

# Units of measurement of figures that may be added up.
ADDED_UP = ("fte", "persons")


def create(connection: duckdb.DuckDBPyConnection, entries: Entries, tables: Sequence[Table], release: Release) -> None:
    """Make the views and macros in a file that has the tables, each with its comments."""
    found = {table.name: table for table in described(entries, tables, release.codes)}
    if not found:
        return
    source = next(table for table in tables if table.name == SOURCE)
    of_row = figures(source, release.codes)
    for view in entries.views:
        _create(connection, found[view.view], _query(view, found[view.view], of_row))
    overview = entries.overview
    of = next(view for view in entries.views if view.view == overview.of)
    _create(connection, found[overview.view], _query_in_words(of, found[of.view], of_row))
    for macro in entries.macros:
        parameters = WITHIN.join(
            name if default is None else f"{name} := {literal(default)}" for name, default in macro.parameters.items()
        )
        connection.execute(f'create macro main."{macro.macro}"({parameters}) as table {macro.sql}')
        comment(connection, f'macro table main."{macro.macro}"', macro.title, macro.description)


def _create(connection: duckdb.DuckDBPyConnection, table: Table, query: str) -> None:
    connection.execute(f'create view main."{table.name}" as {query}')
    comment_on_relation(connection, table)


def _unit(*relations: str) -> str:
    """Return the condition that rows of two relations are of the same unit and year."""
    return " and ".join(f"{relations[0]}.{name} = {relations[1]}.{name}" for name in UNIT)


def _is(figure: Figure) -> str:
    return f"{GROUP} = {literal(figure.group)} and {PART} = {literal(figure.part)}"


def _chosen(view: View) -> str:
    """Return SQL of the rows of the level and map, and of those that have all groups and parts together."""
    return f"""
        chosen as (
            select * from {SOURCE}
            where unit_level = {literal(view.unit_level)} and area_basis = {literal(view.area_basis)}
        ),
        whole as (
            select *, lag(time_period) over (partition by series, unit_code order by time_period) as row_before
            from chosen where {GROUP} = '{TOTAL}' and {PART} = '{TOTAL}'
        )
    """


def _less_known(of_row: Sequence[Figure], names: Mapping[str, str], remarks: Sequence[str]) -> str:
    """Return SQL of the figures with a lower quality than the whole, by unit and year; ``remarks`` are those on each."""
    named = ", ".join(
        f"({literal(figure.group)}, {literal(figure.part)}, {literal(names[figure.column.name])}, {place})"
        for place, figure in enumerate(of_row)
        if figure.measure == OF_PARTS
    )
    notes = [f"string_split(coalesce({each}.{NOTE_COLUMN}, ''), '{SEPARATOR}')" for each in ("whole", "chosen")]
    return f"""
        less_known as (
            select {", ".join(f"chosen.{name}" for name in UNIT)},
                string_agg(names.name || ': ' || concat_ws('{WITHIN}', {", ".join(remarks)}), '{BETWEEN}' order by place)
                    as {EXCEPTIONS}
            from chosen
            inner join whole on {_unit("chosen", "whole")}
            inner join (values {named}) as names ({GROUP}, {PART}, name, place)
                on chosen.{GROUP} = names.{GROUP} and chosen.{PART} = names.{PART}
            where chosen.{STATUS_COLUMN} != whole.{STATUS_COLUMN}
                or (chosen.{NOTE_COLUMN} is not null and not list_has_all({notes[0]}, {notes[1]}))
                or (chosen.{COVERAGE_COLUMN} < 1 and whole.{COVERAGE_COLUMN} >= 1)
            group by {", ".join(f"chosen.{name}" for name in UNIT)}
        )
    """


def _break_kinds(view: View) -> str:
    """Return SQL of the kinds of the breaks before each row, in the order of their list."""
    since = "breaks.time_period between coalesce(whole.row_before + 1, whole.time_period) and whole.time_period"
    unit = ", ".join(f"whole.{name}" for name in UNIT)
    no_breaks = ", ".join(literal(kind) for kind in NO_BREAKS)
    moved = f"""
        union
        select {unit}, '{BOUNDARIES}' as kind
        from whole
        inner join {AREA_BREAKS} as breaks
            on whole.unit_level = breaks.unit_level and whole.unit_code = breaks.unit_code and {since}
        where whole.{BREAK_COLUMN}
    """
    return f"""
        breaks as (
            select {unit}, breaks.kind
            from whole
            inner join {BREAKS} as breaks on breaks.indicator = '{SOURCE}' and {since}
            where whole.{BREAK_COLUMN} and breaks.kind not in ({no_breaks})
            {moved if view.area_basis == "reported" else "group by all"}
        ),
        kinds as (
            select {", ".join(f"breaks.{name}" for name in UNIT)},
                string_agg(breaks.kind, '{SEPARATOR}' order by list.sort_order, breaks.kind) as {KINDS.name}
            from breaks
            left join codelists as list on list.codelist = '{KINDS.codelist}' and breaks.kind = list.code
            group by {", ".join(f"breaks.{name}" for name in UNIT)}
        )
    """


def _query(view: View, table: Table, of_row: Sequence[Figure]) -> str:
    spread = ", ".join(
        f'any_value({figure.measure}) filter (where {_is(figure)}) as "{figure.column.name}"' for figure in of_row
    )
    names = {figure.column.name: figure.column.name for figure in of_row}
    remarks = [f"chosen.{name}" for name in (STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN)]
    remarks.append(
        f"case when chosen.{COVERAGE_COLUMN} < 1 then '{COVERAGE_COLUMN} ' || round(chosen.{COVERAGE_COLUMN}, 3) end"
    )
    joins, places = "", dict(_places(of_row))
    if view.unit_level == SINGLE_UNIT:
        joins = _parents()
        for name, named in PARENTS.items():
            places[name] = f"own.{name}"
            if named:
                places[named[0]] = f"{named[1]}.unit_name"
    columns = ", ".join(_cell(column, places.get(column.name, f"whole.{column.name}")) for column in table.columns)
    return f"""
        with {_chosen(view)},
        spread as (select {", ".join(UNIT)}, {spread} from chosen group by {", ".join(UNIT)}),
        {_less_known(of_row, names, remarks)},
        {_break_kinds(view)}
        select {columns}
        from whole
        inner join spread on {_unit("whole", "spread")}
        left join less_known on {_unit("whole", "less_known")}
        left join kinds on {_unit("whole", "kinds")}
        {joins}
        order by {", ".join(f"whole.{name}" for name in UNIT)}
    """


def _places(of_row: Sequence[Figure]) -> Iterator[tuple[str, str]]:
    """Yield columns that are not those of the row with all groups and parts, and their places."""
    yield from ((figure.column.name, f'spread."{figure.column.name}"') for figure in of_row)
    yield KINDS.name, f"kinds.{KINDS.name}"
    yield EXCEPTIONS, f"less_known.{EXCEPTIONS}"


def _cell(column: Column, value: str) -> str:
    return f'cast({value} as {column.type}) as "{column.name}"'


def _parents() -> str:
    """Return SQL that joins the areas that a unit lies in, with their names."""
    same = "{0}.time_period = {1}.time_period and {0}.area_basis = {1}.area_basis"
    joins = f"""
        left join {AREAS} as own
            on {same.format("whole", "own")} and whole.unit_level = own.unit_level and whole.unit_code = own.unit_code
    """
    for name, named in PARENTS.items():
        if named:
            joins += f"""
                left join {AREAS} as {named[1]}
                    on {same.format("whole", named[1])}
                    and {named[1]}.unit_level = '{named[1]}' and own.{name} = {named[1]}.unit_code
            """
    return joins


def _words(value: str, codelist: str | None) -> str:
    """Return SQL of the Norwegian words of a code, or of several in one text."""
    return f"""
        (select string_agg(label_nb, '{BETWEEN}' order by sort_order, code) from codelists
        where codelist = '{codelist}' and list_contains(string_split({value}, '{SEPARATOR}'), code))
    """


def _query_in_words(view: View, of: Table, of_row: Sequence[Figure]) -> str:
    titles = {figure.column.name: figure.column.title.nb for figure in of_row}
    lists = {name: of.column(name).codelist for name in (STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN, KINDS.name)}
    remarks = [_words(f"chosen.{name}", lists[name]) for name in (STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN)]
    yes, no = literal(TEXTS["flag_yes"].nb), literal(TEXTS["flag_no"].nb)
    words = {name: _words(f"rows.{name}", codelist) for name, codelist in lists.items()}
    words[KINDS.name] = f"case when rows.{BREAK_COLUMN} then coalesce({words[KINDS.name]}, {yes}) end"
    words[CONSTRUCTED] = f"case when rows.{CONSTRUCTED} then {yes} else {no} end"
    words[EXCEPTIONS] = f"less_known.{EXCEPTIONS}"
    words["unit_name"] = "rows.unit_code || ' ' || rows.unit_name"
    words["county_name"] = "rows.county_code || ' ' || rows.county_name"
    cells = []
    for column, origin in in_words(of):
        value = words.get(origin.name, f'rows."{origin.name}"')
        # Rates and shares are not added up, so they can be rounded to meaningful decimals.
        is_rate = origin.decimals is not None and origin.unit not in ADDED_UP
        cells.append(_cell(column, f"round({value}, {origin.decimals})" if is_rate else value))
    return f"""
        with {_chosen(view)},
        {_less_known(of_row, titles, remarks)}
        select {", ".join(cells)}
        from "{of.name}" as rows
        left join less_known on {_unit("rows", "less_known")}
        order by rows.time_period, rows.unit_code
    """
