"""Runs the rules of one stage as a Great Expectations checkpoint on a DuckDB file.

Belongs here: the checkpoint, and what Great Expectations' result means for each rule. Does not belong here: the verdict
on a candidate (``verdict``).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestration.core.tables import Table
from orchestration.gate.results import Counted
from orchestration.gate.rules import Rule, Stage
from orchestration.publish.candidate import Candidate
from orchestration.publish.layout import DATABASE


@dataclass(frozen=True)
class Checked:
    """What a checkpoint found: counts by rule, errors of rules that did not run, and Great Expectations' own result."""

    counted: dict[str, Counted]
    errors: dict[str, str]
    native: dict[str, Any]


@dataclass(frozen=True)
class AttackInputs:
    """What an attack needs besides the candidate: databases of earlier snapshots, the policy, and the groups of answers."""

    earlier: tuple[Path, ...]
    policy: Path
    answer_groups: Path

    def before(self, identifier: str) -> AttackInputs:
        """Return the inputs with the snapshots that were published before one; all where it is not published itself.

        They come in the order of their names, so that a verdict does not depend on what the journal still says.
        """
        names = [path.parent.name for path in self.earlier]
        earlier = self.earlier[: names.index(identifier)] if identifier in names else self.earlier
        return replace(self, earlier=tuple(sorted(earlier)))


def _expectation(rule: Rule, tables: list[Table], candidate: Candidate | None, inputs: AttackInputs | None) -> Any:
    from orchestration.gate.expectations import ExpectAttackToFindNothing, ExpectRuleToHold

    meta = {"rule": rule.id, "level": rule.level, "severity": rule.severity}
    folder = candidate.path if candidate is not None else Path()
    if rule.kind == "attack":
        assert inputs is not None
        return ExpectAttackToFindNothing(
            rule_id=rule.id,
            part=rule.part,
            database=str(folder / DATABASE),
            earlier=tuple(str(path) for path in inputs.earlier),
            policy=str(inputs.policy),
            answer_groups=str(inputs.answer_groups),
            may_be_empty=rule.may_be_empty,
            meta=meta,
        )
    return ExpectRuleToHold(
        rule_id=rule.id,
        rows_query=rule.query(tables, folder),
        condition=rule.condition(),
        value=rule.value or "",
        key=rule.key,
        may_be_empty=rule.may_be_empty,
        meta=meta,
    )


def _great_expectations() -> Any:
    """Import Great Expectations (several seconds) without Spark, which it would import too where there is one."""
    modules: dict[str, Any] = sys.modules
    found = modules.get("pyspark")
    modules["pyspark"] = None  # what Python takes for a package that is not installed
    try:
        return importlib.import_module("great_expectations")
    finally:
        if found is None:
            del modules["pyspark"]
        else:
            modules["pyspark"] = found


def run_checkpoint(
    stage: Stage,
    rules: list[Rule],
    database: Path,
    *,
    tables: list[Table] | None = None,
    candidate: Candidate | None = None,
    attack_inputs: AttackInputs | None = None,
) -> Checked:
    """Run the rules of a stage that have something to run.

    Args:
        stage: names the suite and the checkpoint.
        rules: rules of any stage and kind; the others are left out.
        database: the DuckDB file that is judged.
        tables: the described public tables, for rules that run for each.
        candidate: the files, where a candidate is judged.
        attack_inputs: what an attack needs, where there are rules of that kind.
    """
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    gx = _great_expectations()
    wanted = [rule for rule in rules if rule.stage == stage and rule.kind in ("rows", "attack")]
    if not wanted:
        return Checked({}, {}, {})
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        stage,
        connection_string=f"duckdb:///{database}",
        create_temp_table=False,
        # Without these, Great Expectations ends the transaction before it fetches, and DuckDB drops the result.
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "pool_reset_on_return": None,
            "connect_args": {"read_only": True},
        },
    )
    batch = source.add_query_asset("tables", query="select 1 as judged").add_batch_definition_whole_table("whole")
    suite = context.suites.add(gx.ExpectationSuite(name=stage))
    for rule in wanted:
        suite.add_expectation(_expectation(rule, tables or [], candidate, attack_inputs))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=stage, data=batch, suite=suite))
    checkpoint = context.checkpoints.add(gx.Checkpoint(name=stage, validation_definitions=[definition]))
    try:
        outcome = checkpoint.run()
    finally:
        # Until it is let go no other step can open the file.
        source.get_execution_engine().close()
        source.get_engine().dispose()
    counted, errors = {}, {}
    by_rule = {
        entry.expectation_config.kwargs["rule_id"]: entry
        for validation in outcome.run_results.values()
        for entry in validation.results
    }
    for rule in wanted:
        entry = by_rule.get(rule.id)
        details = (entry.result or {}).get("details") if entry is not None else None
        if details is None:
            errors[rule.id] = _error_text(entry)
        else:
            counted[rule.id] = Counted(**details)
    return Checked(counted, errors, json.loads(json.dumps(outcome.describe_dict(), default=str)))


def _error_text(entry: Any) -> str:
    """Return the last line of the exception for which a rule could not run."""
    exceptions = getattr(entry, "exception_info", None) or {}
    for value in [exceptions, *(item for item in exceptions.values() if isinstance(item, dict))]:
        if isinstance(value, dict) and value.get("exception_message"):
            # The query stands in the rule; the message alone says what is wrong with it.
            return " ".join(str(value["exception_message"]).partition("[SQL:")[0].split())
    return "no result"
