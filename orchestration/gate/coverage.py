"""How much of what is published the rules look at: the share of figures touched by rules of each kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.core.tables import Table
from orchestration.core.warehouse import connect
from orchestration.gate.rules import Rule

# The kinds of rules, each with the levels that it combines.
KINDS = {
    "within_year": ("within_table", "between_sources"),
    "between_years": ("between_years",),
    "reconciliation": ("against_print",),
}


def coverage(rules: list[Rule], tables: list[Table], database: Path) -> dict[str, dict[str, Any]]:
    """Return for each public table with figures how many rows have one, and how many of them each kind of rule touches.

    Args:
        rules: the rules; ``touches`` of each says which rows of which tables it looks at.
        tables: the described public tables; a row counts where its main measure is filled.
        database: the DuckDB file of the candidate.
    """
    found: dict[str, dict[str, Any]] = {}
    with connect(database, read_only=True) as connection:
        present = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
        for table in tables:
            conditions = {
                kind: [rule.touches[table.name] for rule in rules if rule.level in levels and table.name in rule.touches]
                for kind, levels in KINDS.items()
            }
            if not table.measures or table.name not in present or not any(conditions.values()):
                continue
            counts = ", ".join(
                f"count(*) filter (where {' or '.join(f'({each})' for each in sorted(set(wheres))) or 'false'}) as {kind}"
                for kind, wheres in conditions.items()
            )
            row = connection.execute(
                f'select count(*), {counts} from "{table.name}" as facts where "{table.measures[0]}" is not null'
            ).fetchone()
            assert row is not None
            found[table.name] = {"figures": row[0]} | dict(zip(KINDS, row[1:], strict=True))
    return found
