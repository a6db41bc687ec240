"""The rules that judge a candidate, as typed data.

A rule looks at rows (``rows``, a SQL query on the candidate's tables) and says when one is wrong (``fails_when``, a
condition on the query's columns). A rule that looks at no row has judged nothing: it is ``no_data``, which blocks like a
failure unless the rule ``may_be_empty``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.errors import UserError
from orchestration.tables import Label, Table

Level = Literal["format", "within_table", "between_years", "between_sources", "against_print", "disclosure"]
Severity = Literal["fatal", "error", "warning"]

# Placeholders of a rule that is written once and runs for each table, or each column with a code list.
EACH_TABLE = "table"
EACH_CODED_COLUMN = "coded_column"


class Rule(BaseModel):
    """One rule, as it stands in a file of ``expectations/rules``.

    ``for_each`` repeats ``rows`` for every public table, or every column that has a code list; the query may then use
    ``{table}``, ``{key}`` (the key as one text), ``{key_is_missing}``, ``{column}``, ``{codelist}`` and ``{csv_columns}``.
    ``{candidate}`` is the candidate's folder. A brace of SQL itself is doubled. ``worst_first`` is an expression by which
    failing rows are shown, the greatest first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Label
    table: str
    level: Level
    severity: Severity
    for_each: Literal["table", "coded_column"] | None = None
    rows: str
    fails_when: str
    worst_first: str | None = None
    may_be_empty: bool = False
    explanation: Label
    remedy: Label

    @property
    def blocks(self) -> bool:
        """Whether a failure stops the publication; this is the one place that decides it."""
        return self.severity != "warning"

    def query(self, tables: list[Table], candidate: Path) -> str:
        """Return the query whose rows are looked at, with every placeholder filled."""
        folder = str(candidate).replace("'", "''")
        if self.for_each is None:
            return self.rows.format(candidate=folder)
        queries = []
        for table in tables:
            key = " || '|' || ".join(f"""'{name}=' || coalesce(cast("{name}" as varchar), '')""" for name in table.key)
            values = {
                "candidate": folder,
                "table": table.name,
                "key": f"({key})",
                "key_is_missing": "(" + " or ".join(f'"{name}" is null' for name in table.key) + ")",
                "csv_columns": "{" + ", ".join(f"'{c.name}': '{c.type}'" for c in table.columns) + "}",
                "csv_restored": ", ".join(
                    f"""regexp_replace("{c.name}", '^''([=+\\-@\\t])', '\\1') as "{c.name}" """
                    if c.type == "VARCHAR"
                    else f'"{c.name}"'
                    for c in table.columns
                ),
            }
            if self.for_each == EACH_TABLE:
                queries.append(self.rows.format(**values))
            else:
                queries.extend(
                    self.rows.format(**values, column=column.name, codelist=column.codelist)
                    for column in table.columns
                    if column.codelist is not None
                )
        return "\nunion all\n".join(f"({query})" for query in queries)


def load_rules(folder: Path) -> list[Rule]:
    """Return all rules, ordered by level and id.

    Raises:
        UserError: a file is not valid, or two rules have the same id.
    """
    rules: list[Rule] = []
    seen: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8"))
            for entry in entries:
                rule = Rule.model_validate(entry)
                if rule.id in seen:
                    raise UserError(
                        f"rule {rule.id!r} stands in {seen[rule.id].name} too",
                        place=str(path),
                        remedy="give each rule an id of its own",
                    )
                seen[rule.id] = path
                rules.append(rule)
        except ValidationError as error:
            first = error.errors()[0]
            raise UserError(
                f"rule {entry.get('id', '?') if isinstance(entry, dict) else entry!r}: "
                f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
                place=str(path),
                remedy="docs/contract.md says what a rule needs",
            ) from error
        except (OSError, yaml.YAMLError, TypeError) as error:
            raise UserError(
                f"cannot be read ({' '.join(str(error).split())})", place=str(path), remedy="correct the YAML"
            ) from error
    if not rules:
        raise UserError("there are no rules", place=str(folder), remedy="restore expectations/rules")
    levels = list(Level.__args__)  # type: ignore[attr-defined]
    return sorted(rules, key=lambda rule: (levels.index(rule.level), rule.id))
