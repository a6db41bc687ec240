"""The rules of the gate as asset checks, each shown at the tables that it is about.

Rules on deliveries and warehouse are judged before anything becomes a candidate; a failing rule that blocks keeps the assets
downstream of its asset from being made. Rules on the warehouse that need only what was read are also judged before the
models. Rules on the candidate are judged on its files, all in one step, for which the snapshot waits.

Belongs here: which rule is a check of which asset, and how Dagster shows a result. Does not belong here: judging (``gate``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import dagster as dg

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.tables import Table, load_tables
from orchestration.defs.resources import Installation, Writer
from orchestration.gate import early_rules
from orchestration.gate.judging import judge_early, judge_made, judge_one_stage, judge_some, restricted_results
from orchestration.gate.results import RuleResult, first_rows
from orchestration.gate.rules import Rule, Stage, load_rules
from orchestration.publish.candidates import last_candidate

# Rules on deliveries are shown with the cells, rules on the warehouse with the model that they are about.
DELIVERED = dg.AssetKey(["raw", "cells"])

CANDIDATE = dg.AssetKey(["publication", "candidate"])
# The check of the candidate that the snapshot waits for: no rule blocks.
PASSES = dg.AssetCheckKey(CANDIDATE, "passes_the_gate")


def check_severity(severity: str) -> dg.AssetCheckSeverity:
    """Return how Dagster shows a failure of a rule's severity."""
    return dg.AssetCheckSeverity.WARN if severity == "warning" else dg.AssetCheckSeverity.ERROR


def check_result(found: RuleResult, asset: dg.AssetKey, **facts: str) -> dg.AssetCheckResult:
    """Return a rule's result as Dagster shows it at an asset, with further facts as metadata."""
    passed = found.outcome == "pass"
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=found.rule,
        passed=passed,
        # A waived error blocks nothing.
        severity=check_severity("warning" if found.outcome == "fail" and not found.blocks else found.severity),
        description=None if passed else f"{found.outcome}: {first_rows(found.public())[0]}",
        metadata={"checked": found.checked, "failing": found.failing, "waived": found.waived, **facts},
    )


def check_spec(
    rule: Rule, asset: dg.AssetKey, deps: Sequence[dg.AssetKey] = (), *, is_blocking: bool = False
) -> dg.AssetCheckSpec:
    """Return a rule as Dagster's description of a check that also waits for ``deps``."""
    return dg.AssetCheckSpec(
        name=rule.id,
        asset=asset,
        description=f"{rule.title.en}. {rule.explanation.en}",
        blocking=is_blocking,
        additional_deps=deps,
        metadata={"level": rule.level, "severity": rule.severity},
    )


def tables_of(rule: Rule, tables: Iterable[Table]) -> list[str]:
    """Return the public tables that a rule on the candidate is about, by name or by the beginning of names.

    A rule about all tables is about the candidate as a whole: none is returned.

    Raises:
        UserError: the rule names something else.
    """
    names = [table.name for table in tables]
    found: list[str] = []
    for part in (each.strip() for each in rule.table.split(",")):
        if part == "all":
            return []
        if part.endswith("*"):
            wanted = [name for name in names if name.startswith(part[:-1])]
        else:
            wanted = [name for name in names if name == part]
        if not wanted:
            raise UserError(
                f"rule {rule.id!r} is about {part!r}, which is not a public table",
                place="expectations/rules",
                remedy=f"under table name some of {', '.join(names)}, or all",
            )
        found += [name for name in wanted if name not in found]
    return found


def _asset_of(rule: Rule, models: Mapping[str, dg.AssetKey]) -> dg.AssetKey:
    if rule.stage == "delivery":
        return DELIVERED
    if rule.table not in models:
        raise UserError(
            f"rule {rule.id!r} is about {rule.table!r}, which is not a model",
            place="expectations/rules",
            remedy="name a model of the dbt project under table",
        )
    return models[rule.table]


def build_stage_checks(
    settings: Settings, models: Iterable[dg.AssetKey], registry: Sequence[dg.AssetKey]
) -> list[dg.AssetChecksDefinition]:
    """Return the checks of the stages before the candidate.

    Args:
        settings: where the rules lie.
        models: the dbt models, by whose names rules on the warehouse say what they are about.
        registry: the tables of the form registry, by which rules on the deliveries read the cells.
    """
    by_name = {key.path[-1]: key for key in models}

    def build(stage: Stage) -> dg.AssetChecksDefinition | None:
        rules = {rule.id: rule for rule in load_rules(settings.rules) if rule.stage == stage and rule.kind == "rows"}
        if not rules:
            return None
        assets = {name: _asset_of(rule, by_name) for name, rule in rules.items()}
        deps = registry if stage == "delivery" else ()

        @dg.multi_asset_check(
            name=f"{stage}_rules",
            specs=[check_spec(rule, assets[name], deps, is_blocking=rule.stops_the_run) for name, rule in rules.items()],
            can_subset=True,
        )
        def check(
            context: dg.AssetCheckExecutionContext, installation: Installation, writer: Writer
        ) -> Iterator[dg.AssetCheckResult]:
            selected = {key.name for key in context.selected_asset_check_keys}
            names = None if selected == set(rules) else selected
            for found in judge_one_stage(installation.settings, stage, names):
                yield check_result(found, assets[found.rule])

        return check

    stages: tuple[Stage, ...] = ("delivery", "warehouse")
    return [check for stage in stages if (check := build(stage)) is not None]


def build_early_checks(settings: Settings, sources: Iterable[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """Return the checks that judge rules on the warehouse from what was read alone.

    They are shown at the cells, and the models wait for them.

    Args:
        settings: where the rules lie.
        sources: everything that the models are made of.
    """
    rules = {rule.id: rule for rule in load_rules(settings.rules) if rule.id in early_rules.RULES}
    deps = sorted(key for key in sources if key.path[0] in early_rules.SCHEMAS and key != DELIVERED)

    @dg.multi_asset_check(
        name="early_rules",
        specs=[check_spec(rule, DELIVERED, deps, is_blocking=rule.stops_the_run) for rule in rules.values()],
    )
    def check(
        context: dg.AssetCheckExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.AssetCheckResult]:
        found = {each.rule: each for each in judge_early(installation.settings)}
        for name in rules:
            if name in found:
                yield check_result(found[name], DELIVERED)
            else:
                yield dg.AssetCheckResult(
                    asset_key=DELIVERED, check_name=name, passed=True, description="no delivery came again"
                )

    return check


def build_gate(settings: Settings, table_keys: Mapping[str, dg.AssetKey]) -> dg.AssetChecksDefinition:
    """Return the gate: the rules on the candidate, each a check of the tables that it is about, and its verdict.

    A run that makes the candidate judges it by every rule. One that makes tables but no candidate judges nothing, since
    these rules are about a candidate's files. One that requests only checks judges the last candidate by their rules.

    Args:
        settings: where the rules lie.
        table_keys: the asset of each public table; a table that is made with the candidate has the candidate's asset.
    """
    tables = load_tables(settings.metadata)
    rules = {
        rule.id: rule
        for rule in load_rules(settings.rules)
        if rule.stage == "candidate" and rule.kind not in ("dbt_test", "waivers")
    }
    waivers = [rule for rule in load_rules(settings.rules) if rule.kind == "waivers"]
    assets: dict[str, list[dg.AssetKey]] = {}
    for name, rule in rules.items():
        keys = [table_keys.get(table, CANDIDATE) for table in tables_of(rule, tables)]
        assets[name] = list(dict.fromkeys(keys)) or [CANDIDATE]
    for rule in waivers:
        rules[rule.id], assets[rule.id] = rule, [CANDIDATE]
    passes = dg.AssetCheckSpec(
        PASSES.name,
        asset=CANDIDATE,
        description="No rule on deliveries, warehouse or candidate blocks the publication. Each is a check of its tables.",
        blocking=True,
    )
    specs = [
        check_spec(rule, asset, () if asset == CANDIDATE else [CANDIDATE])
        for name, rule in rules.items()
        for asset in assets[name]
    ]

    @dg.multi_asset_check(name="gate", specs=[passes, *specs], can_subset=True)
    def gate(
        context: dg.AssetCheckExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.AssetCheckResult]:
        current, selected = installation.settings, context.selected_asset_check_keys
        made = last_candidate(current.warehouse)
        run_makes = context.run.asset_selection or frozenset()
        if PASSES not in selected and run_makes:
            context.log.info(
                "not judged: rules on public tables are judged on the files of a candidate, which this run did not make"
            )
            return
        if made is None:
            raise UserError(
                "there is no candidate", place=str(current.candidates), remedy="materialize publication/candidate first"
            )
        if PASSES in selected:
            verdict = judge_made(current, made, takes_over=writer.takes_over)
            results = restricted_results(made)
            yield dg.AssetCheckResult(
                asset_key=CANDIDATE,
                check_name=PASSES.name,
                passed=verdict["verdict"] == "pass",
                metadata={
                    "candidate": made.id,
                    "blocking": verdict["blocking"],
                    "rules": verdict["counts"],
                    "page": dg.MetadataValue.path(str(made.path / "gate.html")),
                },
            )
        else:
            results = judge_some(current, made, {key.name for key in selected})
        for found in results:
            for asset in assets.get(found.rule, ()):
                if dg.AssetCheckKey(asset, found.rule) in selected:
                    yield check_result(found, asset, candidate=made.id)

    return gate
