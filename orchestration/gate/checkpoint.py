"""Runs the rules as a Great Expectations checkpoint on a candidate's files and writes the verdict.

Belongs here: the checkpoint, the four outcomes of a rule, ``gate.json``. The verdict has no clock and no run id in it: the
same candidate gives the same bytes. Great Expectations' own result, which has both, is kept beside the candidate.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from orchestration.errors import RefusedError
from orchestration.gate.rules import Rule
from orchestration.publish.candidate import DATABASE, Candidate
from orchestration.publish.snapshots import GATE
from orchestration.tables import Table

Outcome = Literal["pass", "fail", "no_data", "did_not_run"]

# Failing rows of a rule that a refusal shows on the screen; gate.json has more.
SHOWN_LINES = 3


@dataclass(frozen=True)
class RuleResult:
    """What one rule found. ``rows`` are the first failing rows, as the rule's query shows them."""

    rule: str
    kind: Literal["expectation", "dbt_test"]
    title_nb: str
    title_en: str
    table: str
    level: str
    severity: str
    outcome: Outcome
    blocks: bool
    checked: int
    failing: int
    rows: list[dict[str, Any]]
    explanation_en: str
    remedy_en: str
    error: str | None = None


def _result(rule: Rule, checked: int, failing: int, rows: list[dict[str, Any]], error: str | None) -> RuleResult:
    outcome: Outcome
    if error is not None:
        outcome = "did_not_run"
    elif checked == 0 and not rule.may_be_empty:
        outcome = "no_data"
    else:
        outcome = "fail" if failing else "pass"
    return RuleResult(
        rule=rule.id,
        kind="expectation",
        title_nb=rule.title.nb,
        title_en=rule.title.en,
        table=rule.table,
        level=rule.level,
        severity=rule.severity,
        outcome=outcome,
        blocks=rule.blocks and outcome != "pass",
        checked=checked,
        failing=failing,
        rows=rows,
        explanation_en=rule.explanation.en,
        remedy_en=rule.remedy.en,
        error=error,
    )


def run_rules(rules: list[Rule], tables: list[Table], candidate: Candidate) -> tuple[list[RuleResult], dict[str, Any]]:
    """Run the rules on the candidate's files.

    Returns:
        One result a rule, in the rules' order, and Great Expectations' own result as JSON-like data.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx  # imported here: several seconds

    from orchestration.gate.expectations import ExpectRuleToHold

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        "candidate",
        connection_string=f"duckdb:///{candidate.path / DATABASE}",
        create_temp_table=False,
        # Without these, Great Expectations ends the transaction before it fetches, and DuckDB drops the result.
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "pool_reset_on_return": None,
            "connect_args": {"read_only": True},
        },
    )
    batch = source.add_query_asset("tables", query="select 1 as candidate").add_batch_definition_whole_table("whole")
    suite = context.suites.add(gx.ExpectationSuite(name="publication"))
    for rule in rules:
        suite.add_expectation(
            ExpectRuleToHold(
                rule_id=rule.id,
                rows_query=rule.query(tables, candidate.path),
                fails_when=rule.fails_when,
                worst_first=rule.worst_first or "",
                may_be_empty=rule.may_be_empty,
                meta={"rule": rule.id, "level": rule.level, "severity": rule.severity},
            )
        )
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="candidate", data=batch, suite=suite))
    checkpoint = context.checkpoints.add(gx.Checkpoint(name="publication", validation_definitions=[definition]))
    outcome = checkpoint.run()
    by_rule: dict[str, Any] = {}
    for validation in outcome.run_results.values():
        for entry in validation.results:
            by_rule[entry.expectation_config.kwargs["rule_id"]] = entry
    results = []
    for rule in rules:
        entry = by_rule.get(rule.id)
        details = (entry.result or {}).get("details") if entry is not None else None
        if details is None:
            results.append(_result(rule, 0, 0, [], _error_text(entry)))
        else:
            results.append(_result(rule, details["checked"], details["failing"], details["rows"], None))
    return results, json.loads(json.dumps(outcome.describe_dict(), default=str))


def _error_text(entry: Any) -> str:
    """Return the last line of the exception for which a rule could not run."""
    exceptions = getattr(entry, "exception_info", None) or {}
    for value in [exceptions, *(item for item in exceptions.values() if isinstance(item, dict))]:
        if isinstance(value, dict) and value.get("exception_message"):
            # The query stands in the rule; the message alone says what is wrong with it.
            return " ".join(str(value["exception_message"]).partition("[SQL:")[0].split())
    return "no result"


def dbt_test_result(name: str, model: str, description: str, failing: int, rows: list[dict[str, Any]]) -> RuleResult:
    """Return a dbt data test as a result of the gate: what shape a model has is as binding as any rule."""
    return RuleResult(
        rule=name,
        kind="dbt_test",
        title_nb=name.replace("_", " "),
        title_en=name.replace("_", " "),
        table=model,
        level="within_table",
        severity="fatal",
        outcome="fail" if failing else "pass",
        blocks=failing > 0,
        checked=1,
        failing=failing,
        rows=rows,
        explanation_en=description,
        remedy_en="correct the input that the row names",
    )


def judge(
    rules: list[Rule], tables: list[Table], candidate: Candidate, dbt_tests: list[RuleResult] | None = None
) -> dict[str, Any]:
    """Judge a candidate and write ``gate.json`` into it.

    Args:
        rules: the rules to run on the candidate's files.
        tables: the described public tables, for rules that run for each.
        candidate: the files.
        dbt_tests: what the data tests of the models found when the candidate's tables were made.

    Returns:
        The verdict: ``verdict`` (pass or fail), ``content_hash`` of the judged files, counts, and one entry a rule.
    """
    results, native = run_rules(rules, tables, candidate)
    results.extend(dbt_tests or [])
    blocking = [result.rule for result in results if result.blocks]
    verdict = {
        "verdict": "fail" if blocking else "pass",
        "candidate": candidate.id,
        "content_hash": candidate.content_hash,
        "blocking": blocking,
        "counts": {
            outcome: sum(result.outcome == outcome for result in results)
            for outcome in ("pass", "fail", "no_data", "did_not_run")
        },
        "rules": [asdict(result) for result in results],
    }
    (candidate.path / GATE).write_text(json.dumps(verdict, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (candidate.path.parent / f"{candidate.id}.great_expectations.json").write_text(
        json.dumps(native, ensure_ascii=False, indent=2), encoding="utf-8"
    )
    return verdict


def first_rows(result: dict[str, Any], most: int = 1) -> list[str]:
    """Return the first failing rows of a rule's result, a line each, or why there is none."""
    if result["outcome"] == "did_not_run":
        return [str(result["error"])]
    if not result["rows"]:
        return ["it found no row to look at"]
    lines = [
        ", ".join(f"{name}={value}" for name, value in row.items() if value is not None) for row in result["rows"][:most]
    ]
    more = result["failing"] - len(lines)
    return [*lines[:-1], lines[-1] + (f" (and {more} more)" if more else "")]


def refusal(verdict: dict[str, Any], folder: Path) -> RefusedError:
    """Return a refused candidate's verdict as an error: each blocking rule with its first rows and what to do."""
    blocking = [result for result in verdict["rules"] if result["blocks"]]
    count = "1 rule blocks" if len(blocking) == 1 else f"{len(blocking)} rules block"
    lines = [f"refused: {count} this candidate, nothing was published"]
    for result in blocking:
        lines.append(f"  {result['rule']} ({result['outcome']}): {result['title_en']}; {result['remedy_en']}")
        lines += [f"    {line}" for line in first_rows(result, SHOWN_LINES)]
    lines.append(f"  all results: {folder / GATE}")
    return RefusedError(lines, {"verdict": verdict["verdict"], "candidate": verdict["candidate"], "rules": blocking})
