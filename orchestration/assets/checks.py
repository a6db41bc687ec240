"""The rules on deliveries and warehouse as asset checks, before anything becomes a candidate.

What they find waits in a restricted folder for the gate, which judges all rules together. A check that blocks keeps what is
made from its asset from being made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import dagster as dg

from orchestration.assets.deliveries import READ
from orchestration.assets.warehouse import check_severity
from orchestration.disclosure import policy
from orchestration.errors import UserError
from orchestration.gate.attacked import AttackInputs
from orchestration.gate.results import RuleResult, first_rows, read_results, write_results
from orchestration.gate.rules import Rule, Stage, load_rules
from orchestration.gate.verdict import Circumstances, judge_stage
from orchestration.gate.waivers import load_waivers
from orchestration.publish.layout import DATABASE
from orchestration.publish.snapshots import readable_snapshots
from orchestration.settings import Settings
from orchestration.tables import load_tables
from orchestration.warehouse import WRITER

# Rules on deliveries are shown with the cells, rules on the warehouse with the model that they are about.
DELIVERED = dg.AssetKey(["raw", "cells"])


def circumstances(settings: Settings) -> Circumstances:
    """Return what a judgement of today depends on besides the judged files."""
    return Circumstances(
        waivers=load_waivers(settings.waivers),
        today=date.today(),
        is_official=settings.channel == "official",
        attack_inputs=AttackInputs(
            earlier=tuple(folder / DATABASE for folder in readable_snapshots(settings.snapshots)),
            policy=settings.data / policy.FILE,
            answer_groups=settings.data / "indicators" / "answer_groups.csv",
        ),
    )


def stage_file(settings: Settings, stage: Stage) -> Path:
    """Return where the results of a stage wait for the gate."""
    return settings.stage_results / f"{stage}.json"


def earlier_results(settings: Settings, files: list[Path]) -> list[RuleResult]:
    """Return what was found before there was a candidate.

    Raises:
        UserError: a stage was not judged; without it nobody can say that the candidate passes.
    """
    results = []
    for path in files:
        try:
            results.extend(read_results(path))
        except (OSError, ValueError, TypeError) as error:
            raise UserError("what the rules found is missing", place=str(path), remedy="run is248 run") from error
    return results


def check_result(found: RuleResult, asset: dg.AssetKey) -> dg.AssetCheckResult:
    """Return a rule's result as Dagster shows it."""
    passed = found.outcome == "pass"
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=found.rule,
        passed=passed,
        # An error that is waived stops nothing.
        severity=check_severity("warning" if found.outcome == "fail" and not found.blocks else found.severity),
        description=None if passed else f"{found.outcome}: {first_rows(found.public())[0]}",
        metadata={"checked": found.checked, "failing": found.failing, "waived": found.waived},
    )


def check_spec(rule: Rule, asset: dg.AssetKey, deps: Sequence[dg.AssetKey] = ()) -> dg.AssetCheckSpec:
    """Return a rule as Dagster's description of a check that also waits for ``deps``."""
    return dg.AssetCheckSpec(
        name=rule.id,
        asset=asset,
        description=f"{rule.title.en}. {rule.explanation.en}",
        blocking=rule.stops_the_run,
        additional_deps=deps,
        metadata={"level": rule.level, "severity": rule.severity},
    )


def build_checks(
    settings: Settings, models: list[dg.AssetKey], registry: list[dg.AssetKey]
) -> list[dg.AssetChecksDefinition]:
    """Return the checks of the stages before the candidate.

    Args:
        settings: where warehouse and rules lie.
        models: the dbt models, by whose names rules on the warehouse say what they are about.
        registry: the tables of the form registry, by which rules on the deliveries read the cells.
    """
    rules = load_rules(settings.rules)
    by_name = {key.path[-1]: key for key in models}

    def asset_of(rule: Rule) -> dg.AssetKey:
        if rule.stage == "delivery":
            return DELIVERED
        if rule.table not in by_name:
            raise UserError(
                f"rule {rule.id!r} is about {rule.table!r}, which is no model",
                place=str(settings.rules),
                remedy="name a model of the dbt project under table",
            )
        return by_name[rule.table]

    def build(stage: Stage) -> dg.AssetChecksDefinition | None:
        wanted = {rule.id: rule for rule in rules if rule.stage == stage and rule.kind == "rows"}
        if not wanted:
            return None

        @dg.multi_asset_check(
            name=f"{stage}_rules",
            required_resource_keys={WRITER},
            specs=[
                check_spec(rule, asset_of(rule), [*registry, READ] if stage == "delivery" else ())
                for rule in wanted.values()
            ],
        )
        def check() -> Iterator[dg.AssetCheckResult]:
            stage_file(settings, stage).unlink(missing_ok=True)
            results = judge_stage(
                stage,
                rules,
                settings.warehouse_file,
                circumstances(settings),
                tables=load_tables(settings.metadata),
                native=settings.stage_results / f"{stage}.great_expectations.json",
            )
            write_results(stage_file(settings, stage), results)
            for found in results:
                yield check_result(found, asset_of(wanted[found.rule]))

        return check

    stages: tuple[Stage, ...] = ("delivery", "warehouse")
    return [check for stage in stages if (check := build(stage)) is not None]
