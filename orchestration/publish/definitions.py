"""The definitions of a subject: what is counted, how to read the figures, and their known weaknesses.

Belongs here: reading the table, and which subjects a public table has. Does not belong here: a text of a definition
(``data/indicators``), or how a page, a report or a file of metadata shows one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from orchestration.core.tables import Label
from orchestration.core.warehouse import dictionaries

TABLE = "definitions"
# Statements that belong to no table or question: abbreviations, units.
GENERAL = "general"
NOT_KNOWN = "not_known"
KIND, STATE = "definition_kind", "definition_state"
WEAKNESS = "weakness"
# Stands for every question that the sources do not describe.
NOTHING_SAID = "none"


@dataclass(frozen=True)
class Definition:
    """One statement with its source. ``is_known`` is false where the source leaves something open."""

    subject: str
    kind: str
    item: str
    is_known: bool
    is_table_note: bool
    text: Label
    source: Label
    page: str | None


Definitions = Mapping[str, tuple[Definition, ...]]


def read_definitions(connection: duckdb.DuckDBPyConnection, kinds: Iterable[str]) -> Definitions:
    """Return the definitions by subject, in the order of their kinds; none where an earlier snapshot has no such table."""
    there = connection.execute(
        "select 1 from information_schema.tables where table_name = ? union all"
        " select 1 from duckdb_views() where view_name = ?",
        [TABLE, TABLE],
    ).fetchall()
    if not there:
        return {}
    order = {kind: at for at, kind in enumerate(kinds)}
    found: dict[str, list[tuple[int, int, Definition]]] = {}
    for row in dictionaries(connection, f"select * from {TABLE} order by subject, kind, item"):
        definition = Definition(
            subject=row["subject"],
            kind=row["kind"],
            item=row["item"],
            is_known=row["state"] != NOT_KNOWN,
            is_table_note=bool(row["is_table_note"]),
            text=Label(nb=row["text_nb"], en=row["text_en"]),
            source=Label(nb=row["source_nb"], en=row["source_en"]),
            page=None if row["page"] == NOT_KNOWN else row["page"],
        )
        found.setdefault(row["subject"], []).append((order.get(row["kind"], len(order)), row["sort_order"], definition))
    return {
        subject: tuple(each for _, _, each in sorted(group, key=lambda part: part[:2])) for subject, group in found.items()
    }


def subjects_of(table: str, indicator: str | None = None) -> list[str]:
    """Return the subjects that a table has, widest first: ``fte`` and ``fte_by_pathway``, or a question of it."""
    return list(dict.fromkeys([table.split("_", 1)[0], table, *([indicator] if indicator else [])]))


def find_definitions(definitions: Definitions, subjects: Iterable[str]) -> list[Definition]:
    """Return the definitions of subjects, in the order of the subjects."""
    return [each for subject in dict.fromkeys(subjects) for each in definitions.get(subject, ())]
