"""The comments of a DuckDB file on its tables, views and macros, in English and Norwegian.

Belongs here: putting descriptions into the file. Does not belong here: their words (``data/metadata``).
"""

from __future__ import annotations

import duckdb

from orchestration.core.tables import Label, Table
from orchestration.core.warehouse import literal


def comment_on_relation(connection: duckdb.DuckDBPyConnection, table: Table, *more: Label) -> None:
    """Comment on a table or view and on its columns; ``more`` is added to its description."""
    kind = "view" if table.made_by == "view" else "table"
    comment(connection, f'{kind} main."{table.name}"', table.title, table.description, *more)
    for column in table.columns:
        text = f"{column.description.en} / {column.description.nb}"
        connection.execute(f'comment on column main."{table.name}"."{column.name}" is {literal(text)}')


def comment(connection: duckdb.DuckDBPyConnection, named: str, title: Label, *sentences: Label) -> None:
    """Comment on the object that SQL names so."""
    english = " ".join([f"{title.en}.", *(text.en for text in sentences)])
    norwegian = " ".join([f"{title.nb}.", *(text.nb for text in sentences)])
    connection.execute(f"comment on {named} is {literal(f'{english} / {norwegian}')}")
