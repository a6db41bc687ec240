"""Pages of the public tables and their code lists, from the only description of the columns (``data/metadata``).

Belongs here: the page of a table, its example query, and the rows that a snapshot returns for it. Does not belong here: how
a table is computed (``docs/use/harmonisation.md``), or rows that are not from a snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.tables import STATUS_COLUMN, Column, Table
from orchestration.core.warehouse import literal
from orchestration.documentation.markdown import anchor, code, counted, filled_columns, heading, listed, page, plain, table
from orchestration.documentation.words import ANSWER_LIST, ITEMS, Words
from orchestration.publish.formats.metadata import caution_of
from orchestration.publish.formats.packages import MUNICIPAL_TABLES
from orchestration.publish.remarks import NOTE_COLUMN

FOLDER = "tables"
CODES_PAGE = "codes"
ROWS_SHOWN = 5
CONSTRUCTED, SNAPSHOT = "is_constructed", "snapshot"
# The codes that code lists use for totals.
TOTALS = ("total", "all")
TYPES = {
    "INTEGER": "whole number",
    "BIGINT": "whole number",
    "DOUBLE": "number",
    "VARCHAR": "text",
    "BOOLEAN": "true or false",
}


@dataclass(frozen=True)
class Answer:
    """A published snapshot's answer to the example of a table: the snapshot's id, the query, columns and first rows."""

    snapshot: str
    query: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_constructed: bool = False


def example_query(described: Table, words: Words, *, only_totals: bool = False) -> str:
    """Return a query for a few rows of a table, without overlaps: it chooses one value of each overlapping column.

    The value is the total if the code list has one, or else the first code, such as the country or the areas of the year.

    Args:
        described: the table.
        words: the code lists.
        only_totals: choose only totals; for a table without rows for the first codes.
    """
    shown = [*described.key, *described.measures[:1]]
    if STATUS_COLUMN in described.column_names and described.measures:
        shown.append(STATUS_COLUMN)
    if not described.measures:
        rest = [name for name in described.column_names if name not in shown]
        shown += rest[: max(0, ROWS_SHOWN - len(shown))]
    conditions = []
    for name in described.overlapping:
        codelist = described.column(name).codelist or name
        codes = list(words.codes.get(codelist, {}))
        chosen = next((each for each in TOTALS if each in codes), None)
        # Each question has its own answers and items: no code applies to all questions.
        if chosen is None and codes and codelist not in (ANSWER_LIST, ITEMS) and not only_totals:
            chosen = codes[0]
        if chosen is not None:
            conditions.append(f"{_name(name)} = {literal(chosen)}")
            if name in shown:
                shown.remove(name)
    lines = [f"select {', '.join(map(_name, shown))}", f"from {described.name}"]
    lines += [f"{'  and' if place else 'where'} {condition}" for place, condition in enumerate(conditions)]
    # Chosen columns have one value, so rows are not ordered by them.
    free = [name for name in described.key if name in shown]
    years = [name for name in free if described.column(name).type == "INTEGER"]
    order = [f"{_name(name)} desc" for name in years] + [_name(name) for name in free if name not in years]
    return "\n".join([*lines, f"order by {', '.join(order)}", f"limit {ROWS_SHOWN}"])


def _name(name: str) -> str:
    """Return a name for SQL, quoted if necessary."""
    return name if name.isascii() and name.isidentifier() and name == name.lower() else f'"{name}"'


def answers(database: Path, tables: Iterable[Table], words: Words) -> dict[str, Answer]:
    """Return a snapshot's answers to the examples of the tables that it has, by table."""
    found: dict[str, Answer] = {}
    snapshot = database.resolve().parent.name
    with duckdb.connect(str(database), read_only=True) as connection:
        columns = connection.execute("select table_name, column_name from information_schema.columns").fetchall()
        there = {name for name, _ in columns}
        constructed = connection.execute(f"select coalesce(bool_or({CONSTRUCTED}), false) from {SNAPSHOT}").fetchone()
        for each in tables:
            if each.name not in there:
                continue
            for only_totals in (False, True):
                query = example_query(each, words, only_totals=only_totals)
                asked = connection.execute(query)
                names, rows = tuple(column[0] for column in asked.description or ()), tuple(asked.fetchall())
                if rows:
                    break
            is_constructed = constructed == (True,) and CONSTRUCTED in each.column_names
            found[each.name] = Answer(snapshot, query, names, rows, is_constructed)
    return found


def table_pages(
    tables: Sequence[Table], views: Sequence[Table], words: Words, answered: Mapping[str, Answer]
) -> dict[str, str]:
    """Return the pages of the tables and views, their index and the page of the code lists, by path.

    Args:
        tables: the public tables.
        views: the views of the database file, described as tables.
        words: labels of codes.
        answered: a published snapshot's answers to the examples, by table; pages of other tables have no rows.
    """
    pages = {f"{FOLDER}/index.md": _index(tables, views)}
    for each in (*views, *tables):
        pages[f"{FOLDER}/{each.name}.md"] = _table_page(each, words, answered.get(each.name))
    pages[f"{FOLDER}/{CODES_PAGE}.md"] = _codes_page([*tables, *views], words)
    return pages


def _index(tables: Sequence[Table], views: Sequence[Table]) -> str:
    def rows(some: Sequence[Table]) -> list[list[str]]:
        return [
            [
                f"[{code(each.name)}]({each.name}.md)",
                plain(each.title.en),
                ", ".join(map(code, each.key)),
                _short_formats(each),
            ]
            for each in some
        ]

    header = ["name", "what", "a row is one", "formats"]
    return page(
        heading(1, "Tables"),
        [
            "Every snapshot holds these tables. For whoever reads figures: what a row is, what each column means, which"
            " codes it can have, and a query to start from. The pages are made from the descriptions in `data/metadata`,"
            " which the files of a snapshot carry too.",
            "",
            f"The labels of all codes are on one page: [code lists]({CODES_PAGE}.md).",
            "",
        ],
        heading(2, "Start here: views"),
        [
            "A view has one row for each unit and year. Level, areas and totals are already chosen, so you can add its rows"
            " up. Views exist in the DuckDB file.",
            "",
        ],
        table(header, rows(views)),
        heading(2, "All tables"),
        ["In many tables [rows overlap](../use/overlapping-rows.md): read the caution on the page before you add up.", ""],
        table(header, rows(tables)),
    )


def _short_formats(each: Table) -> str:
    if each.made_by == "view":
        return "DuckDB"
    more = ["JSON-stat"] if each.cube else []
    more += ["PX"] if each.cube and each.cube.each is None else []
    return ", ".join(["all tabular", *more])


def _formats(each: Table) -> list[list[str]]:
    """Return the files of a snapshot that contain a table, by format."""
    name = each.name
    if each.made_by == "view":
        return [["DuckDB", f"view `{name}` of `is248.duckdb`"]]
    rows = [
        ["DuckDB", f"table `{name}` of `is248.duckdb`"],
        ["Parquet", f"`parquet/{name}.parquet`"],
        ["CSV", f"`csv/{name}.csv`"],
        ["Excel", f"sheet `{name}` of `xlsx/is248.xlsx`"],
    ]
    if name in MUNICIPAL_TABLES:
        rows.append(["Excel", "municipalities: `packages/<county>.xlsx`"])
    if each.cube is not None:
        one = each.cube.each
        rows.append(
            ["JSON-stat", f"`jsonstat/{name}/<{one}>.json`, one file for each value" if one else f"`jsonstat/{name}.json`"]
        )
        rows += [] if one else [["PX", f"`px/{name}.px`"]]
    return [*rows, ["Description", f"`metadata/{name}.json`"]]


def _table_page(each: Table, words: Words, answer: Answer | None) -> str:
    key = [f"[{code(name)}](#{anchor(name)})" for name in each.key]
    caution = caution_of(each)
    return page(
        heading(1, f"{plain(each.title.en)}"),
        [f"`{each.name}` · *{plain(each.title.nb)}*", "", plain(each.description.en), ""],
        [f"**One row** for each {listed(key)}.", ""],
        _admonition(
            "warning", "Before you add up", [plain(caution.en), "[Why, and how to choose](../use/overlapping-rows.md)."]
        )
        if caution
        else [],
        *([["**What is counted.**", plain(each.population.en), ""]] if each.population else []),
        *([["**Method.**", plain(each.method.en), ""]] if each.method else []),
        heading(2, "Columns", "columns"),
        filled_columns(
            ["column", "type", "meaning"],
            [[f"{_target(column)}<br>{_titles(column)}", *_described(column)] for column in each.columns],
        ),
        _statuses(each, words),
        _notes(each, words),
        heading(2, "An example", "example"),
        _example(each, words, answer),
        heading(2, "Files", "files"),
        table(["format", "where in a snapshot"], _formats(each)),
    )


def _target(column: Column) -> str:
    return f'<span id="{anchor(column.name)}"></span>{code(column.name)}'


def _titles(column: Column) -> str:
    return f"{plain(column.title.en)}<br>*{plain(column.title.nb)}*"


def _described(column: Column) -> list[str]:
    kind = TYPES[column.type]
    if column.unit:
        kind += f", {plain(column.unit.replace('_', ' '))}"
    if column.decimals is not None:
        kind += f", {counted(column.decimals, 'decimal')} shown"
    if column.codelist:
        kind += f"<br>codes: [{code(column.codelist)}]({CODES_PAGE}.md#{anchor(column.codelist)})"
    return [kind, f"{plain(column.description.en)}<br>*{plain(column.description.nb)}*"]


def _statuses(each: Table, words: Words) -> list[str]:
    if not each.statuses:
        return []
    return [
        *heading(2, "Status of a row", "status"),
        f"`{STATUS_COLUMN}` says what the main measure is worth. In this table it is one of:",
        "",
        *table(["code", "meaning"], [[code(status), plain(words.label(STATUS_COLUMN, status))] for status in each.statuses]),
    ]


def _notes(each: Table, words: Words) -> list[str]:
    if NOTE_COLUMN not in each.column_names:
        return []
    return [
        *heading(2, "Notes of a row", "notes"),
        f"`{NOTE_COLUMN}` holds the codes of what else is known of a row, joined by a semicolon. The code list"
        f" [{code(NOTE_COLUMN)}]({CODES_PAGE}.md#{anchor(NOTE_COLUMN)}) says what each means.",
        "",
    ]


def _admonition(kind: str, title: str, lines: Sequence[str]) -> list[str]:
    return [f'!!! {kind} "{title}"', "", *(f"    {line}\n" for line in lines), ""]


def _example(each: Table, words: Words, answer: Answer | None) -> list[str]:
    if answer is None or not answer.rows:
        lines = ["```sql", example_query(each, words), "```", ""]
        empty = f"The snapshot `{answer.snapshot}` has no such row." if answer else ""
        return [*lines, empty or "Run it on `data/snapshots/current/is248.duckdb`."]
    lines = ["```sql", answer.query, "```", ""]
    decimals = {column.name: column.decimals for column in each.columns}
    rows = [
        [_cell(value, decimals.get(name)) for name, value in zip(answer.columns, row, strict=True)] for row in answer.rows
    ]
    return [
        *lines,
        f"The first rows of the answer in the snapshot `{answer.snapshot}`"
        + (" (constructed data, not official statistics):" if answer.is_constructed else ":"),
        "",
        *table([code(name) for name in answer.columns], rows),
    ]


def _cell(value: Any, decimals: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        whole = decimals is None and value.is_integer()
        return f"{value:.{0 if whole else decimals}f}" if whole or decimals is not None else f"{value:.6g}"
    return plain(str(value))


def _codes_page(tables: Sequence[Table], words: Words) -> str:
    used: dict[str, list[str]] = {}
    for each in tables:
        for column in each.columns:
            if column.codelist:
                used.setdefault(column.codelist, []).append(each.name)
    blocks: list[list[str]] = []
    # Include lists that no column uses: the table of code lists has them too.
    for name in sorted(words.codes):
        names = list(dict.fromkeys(used.get(name, [])))
        blocks.append(heading(2, code(name), name))
        if names:
            blocks.append(["Used by " + ", ".join(f"[{code(each)}]({each}.md)" for each in names) + ".", ""])
        blocks.append(
            filled_columns(
                ["code", "English", "Norwegian", "belongs to", "sign"],
                [
                    [
                        code(value),
                        plain(found.label.en),
                        plain(found.label.nb),
                        code(found.parent or ""),
                        code(found.sign or ""),
                    ]
                    for value, found in words.codes[name].items()
                ],
            )
        )
    return page(
        heading(1, "Code lists"),
        [
            "Every code of the tables with its English and Norwegian label. The table [`codelists`](codelists.md) has the"
            " same in every snapshot; labels of questions are in [`indicators`](indicators.md).",
            "",
        ],
        *blocks,
    )
