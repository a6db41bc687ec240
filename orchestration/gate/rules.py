"""The rules of the gate, as typed data.

A rule names expectations of Great Expectations' own (``expectations``), or looks at rows (``rows``, a SQL query) and says
when one is wrong (``fails_when``, a condition on the query's columns), or both. A rule that looks at no row has judged
nothing: it is ``no_data``, which blocks like a failure unless the rule ``may_be_empty`` or the judged data cannot have such
rows (``rows_when``). Two kinds of rules have neither:
the parts of the attack on the finished files, and data tests of dbt, which check the shape of a model.

What blocks is decided here and nowhere else, for Great Expectations, dbt tests and Dagster's checks alike.

Belongs here: what a rule is, and its query. Does not belong here: how rules become suites (``suites``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.tables import Label, Table

Level = Literal["format", "within_table", "between_years", "between_sources", "against_print", "disclosure"]
Stage = Literal["delivery", "warehouse", "candidate"]
Severity = Literal["fatal", "error", "warning"]
Kind = Literal["rows", "attack", "dbt_test", "waivers"]
Part = Literal["isolation", "bounds", "routing", "snapshots", "printed", "practice", "changed_practice", "formats"]

LEVELS: tuple[Level, ...] = ("format", "within_table", "between_years", "between_sources", "against_print", "disclosure")
STAGES: tuple[Stage, ...] = ("delivery", "warehouse", "candidate")

# Placeholders of a rule that is written once and runs for each table, or each column with a code list.
EACH_TABLE = "table"
EACH_TABLE_OF_OBSERVATIONS = "observations"
EACH_CODED_COLUMN = "coded_column"

# Placeholders that stay open until a query runs: the judged table, as Great Expectations names it, and its file's folder.
BATCH = "batch"
FOLDER = "candidate"
_OPEN = re.compile(rf"\{{\{{({BATCH}|{FOLDER})\}}\}}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Fault(_Strict):
    """A fault that the rule must catch: SQL statements on a copy of the database that the rule judges.

    The warehouse is attached as ``warehouse`` where a candidate is judged. An attack's fault is seeded into the candidate's
    database, and its other files stay as they are; or into a copy of it that stands for the snapshot before.
    """

    title: Label
    sql: tuple[str, ...] = Field(min_length=1)
    into: Literal["candidate", "snapshot_before"] = "candidate"


# A condition on rows: for each column its value, one of a list of values, or null; ``not null`` for any value.
Where = dict[str, str | int | float | bool | tuple[str, ...] | None]


class Stated(BaseModel):
    """An expectation of Great Expectations' own, as a rule states it; its arguments are given beside its type.

    ``table`` is the table that it is about, where the rule does not run for each. ``where`` says which rows it looks at;
    with several, the rows that meet any of them.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field(pattern=r"^expect_[a-z_]+$")
    table: str | None = None
    where: Where | tuple[Where, ...] = Field(default_factory=dict)

    @property
    def arguments(self) -> dict[str, Any]:
        """What Great Expectations calls its keyword arguments."""
        return dict(self.model_extra or {})


class Rule(_Strict):
    """One rule, as written in a file of ``expectations/rules``.

    ``stage`` is what it judges: the delivered cells before anything is made from them, the warehouse, or the candidate's
    files. ``for_each`` repeats ``rows`` for every public table, every table of observations, or every column that has a code
    list; the query may then use ``{table}``, ``{statuses}`` (those that the table may have), ``{key}`` (the key as one
    text), ``{column}``, ``{codelist}`` and ``{csv_columns}``. ``{batch}`` is the table that is judged, ``{candidate}`` the
    candidate's folder, ``{limit}`` the limit. A brace of SQL itself is doubled. ``value`` is the expression that is compared
    with the limit; the greatest is reported, and failing rows are shown by it. ``key`` names the columns by which a waiver
    names a row; an error with a key can be waived like a warning. ``touches`` says for each public table which rows the rule
    looks at. ``part`` names what an attack tries (``orchestration.attack``). ``rows_when`` is a query on the judged data
    that returns whether there must be rows to look at; without it there always must, unless the rule ``may_be_empty``.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Label
    table: str
    level: Level
    stage: Stage = "candidate"
    severity: Severity
    kind: Kind = "rows"
    part: Part | None = None
    for_each: Literal["table", "observations", "coded_column"] | None = None
    expectations: tuple[Stated, ...] = ()
    rows: str | None = None
    fails_when: str | None = None
    value: str | None = None
    limit: float | None = None
    key: tuple[str, ...] = ()
    touches: dict[str, str] = Field(default_factory=dict)
    may_be_empty: bool = False
    rows_when: str | None = None
    fault: Fault | None = None
    explanation: Label
    remedy: Label

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Rule:
        if self.kind == "rows" and (self.rows is None) != (self.fails_when is None):
            raise ValueError("rows and fails_when are needed together")
        if self.kind == "rows" and self.rows is None and not self.expectations:
            raise ValueError("expectations are needed, or rows and fails_when")
        if self.kind != "rows" and (self.rows is not None or self.fails_when is not None or self.expectations):
            raise ValueError(f"a rule of kind {self.kind} must not have rows, fails_when or expectations")
        if any((each.table is None) != (self.for_each is not None) for each in self.expectations):
            raise ValueError("an expectation names its table, unless the rule runs for each table")
        if (self.kind == "attack") != (self.part is not None):
            raise ValueError("a rule of kind attack needs a part, and no other kind may have one")
        if self.rows_when is not None and (self.may_be_empty or self.kind not in ("rows", "attack")):
            raise ValueError("rows_when is for rules of rows and of the attack that must not be empty otherwise")
        if self.severity == "warning" and self.kind == "rows" and not self.key:
            raise ValueError("a warning needs a key, by which a waiver names a row")
        if self.severity == "fatal" and self.key:
            raise ValueError("a fatal rule must not have a key, since it cannot be waived")
        return self

    @property
    def can_find_no_row(self) -> bool:
        """Whether some data have no row for the rule; with ``rows_when`` the gate decides whether the judged data may."""
        return self.may_be_empty or self.rows_when is not None

    @property
    def can_be_waived(self) -> bool:
        """Whether a waiver can let a failing row pass: for a warning, and for an error whose rows have a key."""
        return self.severity == "warning" or (self.severity == "error" and bool(self.key))

    def blocks(self, *, passed: bool, is_official: bool, is_waived: bool = False) -> bool:
        """Whether an outcome stops the publication.

        Fatal and error do; a warning does in the official channel. A rule that can be waived does not block if each failing
        row is waived: comply or explain.
        """
        return not passed and not (is_waived and self.can_be_waived) and (self.severity != "warning" or is_official)

    @property
    def stops_the_run(self) -> bool:
        """Whether a failure of this rule stops the run, so that nothing is made from the judged data."""
        return self.severity != "warning"

    def predicate(self) -> str:
        """Return ``fails_when`` with its limit, written out with all its digits."""
        limit = "{limit}" if self.limit is None else format(Decimal(repr(self.limit)).normalize(), "f")
        return (self.fails_when or "").replace("{limit}", limit)

    def condition(self) -> str:
        """Return the condition under which a row fails. Where ``fails_when`` is unknown (null), the row fails."""
        return f"coalesce(({self.predicate()}), true)"

    def queries(self, tables: list[Table]) -> list[tuple[str | None, str]]:
        """Return the queries whose rows are looked at, each with its table where the rule runs for each.

        Only ``{batch}`` and ``{candidate}`` are open in them; all other braces are doubled.
        """
        assert self.rows is not None
        common = {BATCH: f"{{{BATCH}}}", FOLDER: f"{{{FOLDER}}}", "limit": self.limit}
        if self.for_each is None:
            return [(None, escaped(self.rows.format(**common)))]
        queries: list[tuple[str | None, str]] = []
        for table in tables:
            key = " || '|' || ".join(f"""'{name}=' || coalesce(cast("{name}" as varchar), '')""" for name in table.key)
            values = common | {
                "table": table.name,
                "key": f"({key})",
                "csv_columns": "{" + ", ".join(f"'{c.name}': '{c.type}'" for c in table.columns) + "}",
                "csv_restored": ", ".join(
                    f"""case when starts_with("{c.name}", '''') """
                    f"""then regexp_replace("{c.name}", '^''([=+\\-@\\t])', '\\1') else "{c.name}" end as "{c.name}" """
                    if c.type == "VARCHAR"
                    else f'"{c.name}"'
                    for c in table.columns
                ),
                "texts": " union ".join(
                    f'select distinct "{c.name}" as text from "{table.name}"' for c in table.columns if c.type == "VARCHAR"
                )
                or "select cast(null as varchar) as text",
            }
            if self.for_each == EACH_CODED_COLUMN:
                filled = [
                    self.rows.format(**values, column=column.name, codelist=column.codelist)
                    for column in table.columns
                    if column.codelist is not None
                ]
            else:
                filled = [self.rows.format(**values)] if self.is_for(table) else []
            if filled:
                whole = filled[0] if len(filled) == 1 else "\nunion all\n".join(f"({query})" for query in filled)
                queries.append((table.name, escaped(whole)))
        return queries

    def is_for(self, table: Table) -> bool:
        """Return whether a rule that runs for each table runs for one."""
        return self.for_each == EACH_TABLE or (self.for_each == EACH_TABLE_OF_OBSERVATIONS and bool(table.statuses))

    def query(self, tables: list[Table], candidate: Path) -> str:
        """Return all of :meth:`queries` as one, with every placeholder filled."""
        folder = str(candidate).replace("'", "''")
        queries = [
            query.format(**{BATCH: f'"{table or self.table}"', FOLDER: folder}) for table, query in self.queries(tables)
        ]
        return queries[0] if self.for_each is None else "\nunion all\n".join(f"({query})" for query in queries)


def escaped(sql: str) -> str:
    """Return SQL with its braces doubled, except for placeholders that are filled when it runs."""
    return _OPEN.sub(r"{\1}", sql.replace("{", "{{").replace("}", "}}"))


def row_key(names: Sequence[str], row: Mapping[str, object]) -> str:
    """Return the text by which a waiver names a failing row: the rule's key columns with their values."""
    return "|".join(f"{name}={row[name]}" for name in names)


def rule_named(rules: Sequence[Rule], name: str, place: str) -> Rule:
    """Return the rule of an id.

    Raises:
        UserError: there is none; the message suggests the nearest id.
    """
    by_id = {rule.id: rule for rule in rules}
    if name not in by_id:
        (nearest,) = difflib.get_close_matches(name, by_id, n=1, cutoff=0)
        raise UserError(f"there is no rule {name!r}", place=place, remedy=f"the nearest id is {nearest}")
    return by_id[name]


def load_rules(folder: Path) -> list[Rule]:
    """Return all rules, ordered by stage, level and id.

    Raises:
        UserError: a file is not valid, or two rules have the same id.
    """
    rules: list[Rule] = []
    seen: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            entries = yaml_text.load(path.read_text(encoding="utf-8"))
            for entry in entries:
                rule = Rule.model_validate(entry)
                if rule.id in seen:
                    raise UserError(
                        f"rule {rule.id!r} is also in {seen[rule.id].name}",
                        place=str(path),
                        remedy="give each rule a unique id",
                    )
                seen[rule.id] = path
                rules.append(rule)
        except ValidationError as error:
            first = error.errors()[0]
            raise UserError(
                f"rule {entry.get('id', '?') if isinstance(entry, dict) else entry!r}: "
                f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
                place=str(path),
                remedy="docs/run/gate.md says what a rule needs",
            ) from error
        except (OSError, yaml.YAMLError, TypeError) as error:
            raise UserError(
                f"cannot be read ({' '.join(str(error).split())})", place=str(path), remedy="correct the YAML"
            ) from error
    if not rules:
        raise UserError("there are no rules", place=str(folder), remedy="restore expectations/rules")
    return sorted(rules, key=lambda rule: (STAGES.index(rule.stage), LEVELS.index(rule.level), rule.id))
