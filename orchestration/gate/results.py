"""What a rule found: the four outcomes, and how a row reads.

Belongs here: the result of one rule, made from what was counted. Does not belong here: counting (``checkpoint``) or the
verdict on all of them (``verdict``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from orchestration.gate.rules import Rule, row_key

Outcome = Literal["pass", "fail", "no_data", "did_not_run"]

# Failing rows that a result shows; the count is of all.
SHOWN_ROWS = 20


@dataclass(frozen=True)
class Counted:
    """What was counted: rows looked at, rows that fail, the greatest value, the first failing rows and all their keys.

    ``details`` is what an attack adds: what was tried, and what may follow by policy. ``questions`` are name and year of the
    questions about which something follows. ``may_be_empty``: these data have no rows for the rule (``rows_when``).
    """

    checked: int
    failing: int
    value: float | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    questions: list[tuple[str, int]] = field(default_factory=list)
    may_be_empty: bool = False


@dataclass(frozen=True)
class RuleResult:
    """What one rule found.

    ``rows`` are the first failing rows, as the rule's query shows them; ``keys`` name all rows that a waiver may name.
    ``proposed`` names the files that would resolve it; it may show single units. ``questions`` are those from which an
    attack derived something, by name and year. ``judged_on`` are the candidates on which it was judged, where some of it was
    taken over; none where all was judged now.
    """

    rule: str
    kind: str
    stage: str
    title_nb: str
    title_en: str
    table: str
    level: str
    severity: str
    outcome: Outcome
    blocks: bool
    checked: int
    failing: int
    waived: int
    value: float | None
    limit: float | None
    rows: list[dict[str, Any]]
    explanation_nb: str
    explanation_en: str
    remedy_nb: str
    remedy_en: str
    error: str | None = None
    keys: list[str] = field(default_factory=list)
    proposed: list[str] = field(default_factory=list)
    questions: list[tuple[str, int]] = field(default_factory=list)
    judged_on: list[str] = field(default_factory=list)

    def public(self) -> dict[str, Any]:
        """Return what a snapshot may contain: of rules on restricted data only the outcome and how many rows fail.

        Their greatest value is an answer's, or a difference from a hidden figure; between two snapshots the number of rows
        they looked at says what a late unit delivered; and their error may quote a delivered cell.
        """
        shown = {name: value for name, value in asdict(self).items() if name not in ("keys", "proposed", "questions")}
        if not self.judged_on:
            del shown["judged_on"]
        if self.stage == "candidate":
            return shown
        error = None if self.error is None else "it did not run (restricted)"
        return shown | {"rows": [], "checked": None, "value": None, "error": error}


def result(
    rule: Rule,
    counted: Counted | None,
    *,
    error: str | None = None,
    is_official: bool = False,
    waived_keys: frozenset[str] = frozenset(),
) -> RuleResult:
    """Return a rule's result from what was counted, or from the error that kept it from running."""
    outcome: Outcome
    found = counted or Counted(0, 0)
    waived = sum(key in waived_keys for key in found.keys)
    if counted is None or error is not None:
        outcome = "did_not_run"
    elif found.checked == 0 and not (rule.may_be_empty or found.may_be_empty):
        outcome = "no_data"
    else:
        outcome = "fail" if found.failing else "pass"
    is_waived = outcome == "fail" and waived == found.failing
    # Unsigned rows come first.
    keys = sorted(found.keys, key=waived_keys.__contains__)
    rows = sorted(found.rows, key=lambda row: row_key(rule.key, row) in waived_keys) if waived else found.rows
    return RuleResult(
        rule=rule.id,
        kind=rule.kind,
        stage=rule.stage,
        title_nb=rule.title.nb,
        title_en=rule.title.en,
        table=rule.table,
        level=rule.level,
        severity=rule.severity,
        outcome=outcome,
        blocks=rule.blocks(passed=outcome == "pass", is_official=is_official, is_waived=is_waived),
        checked=found.checked,
        failing=found.failing,
        waived=waived,
        value=found.value,
        limit=rule.limit,
        rows=rows,
        explanation_nb=rule.explanation.nb,
        explanation_en=rule.explanation.en,
        remedy_nb=rule.remedy.nb,
        remedy_en=rule.remedy.en,
        error=error,
        keys=keys,
        questions=found.questions,
    )


def first_rows(result: dict[str, Any], most: int = 1) -> list[str]:
    """Return the first failing rows of a rule's result, a line each, or why there is none."""
    if result["outcome"] == "did_not_run":
        return [str(result["error"])]
    if not result["rows"]:
        return ["it found no row to look at" if not result["failing"] else f"{result['failing']} rows (restricted)"]
    lines = [
        ", ".join(f"{name}={value}" for name, value in row.items() if value is not None) for row in result["rows"][:most]
    ]
    more = result["failing"] - len(lines)
    return [*lines[:-1], lines[-1] + (f" (and {more} more)" if more else "")]


def write_results(path: Path, results: list[RuleResult]) -> None:
    """Keep results for a later step."""
    write_restricted(path, [asdict(each) for each in results])


def write_restricted(path: Path, content: Any) -> None:
    """Write what may show single units, so that only the service user reads it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
    partial.chmod(0o600)
    partial.replace(path)


def read_results(path: Path) -> list[RuleResult]:
    """Return results that an earlier step kept."""
    return [RuleResult(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
