"""The publication as assets: candidate, its rules as blocking checks, snapshot.

A check that blocks keeps the asset ``snapshot`` from being materialised; the promotion itself also refuses a candidate that
was not judged or that is not the judged one. A candidate that waits for its release leaves ``snapshot`` as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.core.notifications import log, notify
from orchestration.core.release_calendar import load_calendar, now, overdue
from orchestration.core.settings import Settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import WRITER, connect
from orchestration.defs.checks import check_result, check_spec, circumstances, earlier_results, stage_file
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.warehouse import dbt_tests_file
from orchestration.disclosure import ledger
from orchestration.gate.proof import Judged, prove, rules_hash, score
from orchestration.gate.results import RuleResult, read_results, write_results
from orchestration.gate.rules import Rule, load_rules
from orchestration.gate.verdict import RESTRICTED, judge
from orchestration.publish import snapshots
from orchestration.publish.candidate import Candidate, build
from orchestration.publish.layout import DATABASE
from orchestration.publish.provenance import inputs_hash, project_state, remember
from orchestration.publish.publication import Outcome, publish, waiting
from orchestration.publish.release import load_catalogue

CANDIDATE = dg.AssetKey(["publication", "candidate"])
SNAPSHOT = dg.AssetKey(["publication", "snapshot"])
GROUP = "publication"

# The tag of a run that reads and builds everything, so that its candidate is what the inputs give.
WHOLE = "is248/whole"

# The check of the snapshot that tells when a release of the calendar should be out and is not.
DUE = dg.AssetCheckKey(SNAPSHOT, "due_releases_are_published")

# Beside each candidate: what the rules found in the deliveries and the warehouse that it was made from.
EARLIER = ".earlier.json"


def _pointer(settings: Settings) -> Path:
    """Return the file that says which candidate was built last; steps may run in processes of their own."""
    return settings.warehouse / "candidate.json"


def last_candidate(settings: Settings) -> Candidate | None:
    """Return the candidate that was built last, if its folder is still there (it moves when it is promoted)."""
    pointer = _pointer(settings)
    if not pointer.is_file():
        return None
    content = json.loads(pointer.read_text(encoding="utf-8"))
    candidate = Candidate(id=content["id"], path=Path(content["path"]), content_hash=content["content_hash"])
    return candidate if candidate.path.is_dir() else None


def results_before(settings: Settings, candidate: Candidate) -> list[RuleResult]:
    """Return what the rules found in the deliveries and the warehouse that a candidate was made from."""
    return earlier_results(settings, [candidate.path.parent / f"{candidate.id}{EARLIER}"])


def restricted_results(candidate: Candidate) -> list[RuleResult]:
    """Return the results of a judged candidate with the rows that only the one who runs the system may see."""
    path = candidate.path.parent / f"{candidate.id}{RESTRICTED}"
    return read_results(path) if path.is_file() else []


def judged_files(settings: Settings, candidate: Candidate) -> Judged:
    """Return the files on which the rules are proven."""
    return Judged(
        warehouse=settings.warehouse_file,
        dbt_target=settings.dbt_target,
        candidate=candidate.path,
        attack_inputs=circumstances(settings).attack_inputs,
    )


def _proof_of_equal(settings: Settings, candidate: Candidate, rules: list[Rule]) -> dict[str, Any] | None:
    """Return the published snapshot's score where it has the same content and was judged by the same rules."""
    published = snapshots.current(settings.snapshots)
    verdict = snapshots.read_gate(published) if published is not None else None
    if verdict is None or verdict["content_hash"] != candidate.content_hash:
        return None
    proof: dict[str, Any] | None = verdict.get("proof")
    is_same = proof is not None and proof.get("rules_sha256") == rules_hash(rules)
    return proof if is_same else None


def _require_candidate(settings: Settings) -> Candidate:
    candidate = last_candidate(settings)
    if candidate is None:
        raise dg.Failure("there is no candidate; materialise publication/candidate first")
    return candidate


def publish_now(settings: Settings, made: Candidate | None) -> Outcome:
    """Publish what may be published at this moment, and tell of it; see :func:`publish`."""
    outcome = publish(
        made,
        channel=settings.channel,
        calendar=load_calendar(settings.calendar),
        folder=settings.snapshots,
        candidates=settings.candidates,
        moment=now(),
        project=project_state(),
    )
    if outcome.published is not None:
        release = snapshots.said(settings.snapshots / outcome.published).release
        notify(
            settings,
            "published",
            f"IS-24/8: the snapshot {outcome.published} is published.",
            snapshot=outcome.published,
            release=release,
            channel=settings.channel,
        )
    elif outcome.waiting is not None:
        log(settings, "waits", candidate=outcome.waiting, reasons=list(outcome.reasons))
    return outcome


def what_waits(settings: Settings) -> Outcome:
    """Return which candidate waits for its release, and for what; publishes nothing."""
    if settings.channel == "demo":
        return Outcome()
    return waiting(
        last_candidate(settings),
        calendar=load_calendar(settings.calendar),
        folder=settings.snapshots,
        candidates=settings.candidates,
        moment=now(),
    )


def overdue_release(settings: Settings) -> str | None:
    """Return the last release of the calendar that is due and not published; the channel demo has no releases to keep."""
    if settings.channel == "demo":
        return None
    published = snapshots.current(settings.snapshots)
    said = snapshots.said(published) if published is not None else None
    late = overdue(load_calendar(settings.calendar), said, now())
    return late.release if late is not None else None


def check_due(settings: Settings) -> dg.AssetCheckResult:
    """Return, and tell, whether a release of the calendar should be out and is not."""
    late = overdue_release(settings)
    if late is not None:
        text = f"IS-24/8: the release {late} is due, and not published."
        notify(settings, "release_overdue", text, release=late)
    return dg.AssetCheckResult(
        asset_key=SNAPSHOT,
        check_name=DUE.name,
        passed=late is None,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{late} is due and not published" if late else None,
        metadata={"overdue": late or "none"},
    )


def _totals(folder: Path) -> dg.TableMetadataValue:
    """Return the national FTE by year as Dagster shows a table."""
    with connect(folder / DATABASE, read_only=True) as connection:
        rows = connection.execute(
            "select time_period, series, round(fte, 1), obs_status from fte_by_service where unit_level = 'country' "
            "and target_group = 'total' and service_type = 'total' and area_basis = 'reported' order by time_period, series"
        ).fetchall()
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"year": year, "series": series, "fte": "" if fte is None else fte, "status": status})
            for year, series, fte, status in rows
        ]
    )


def build_publication(
    settings: Settings, models: list[dg.AssetKey]
) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    """Return the publication's assets and their checks.

    Args:
        settings: where candidates and snapshots lie.
        models: the dbt models that the candidate is made from, or whose checks it waits for.
    """
    rules = load_rules(settings.rules)
    judged = {rule.id: rule for rule in rules if rule.stage == "candidate" and rule.kind != "dbt_test"}

    @dg.asset(
        key=CANDIDATE,
        deps=models,
        group_name=group_name(GROUP),
        owners=owners(GROUP),
        kinds={"duckdb", "parquet", "csv"},
        required_resource_keys={WRITER},
    )
    def candidate() -> dg.MaterializeResult[None]:
        """The exact files that would become public, in a folder named by their content."""
        stages = [stage_file(settings, "delivery"), stage_file(settings, "warehouse"), dbt_tests_file(settings)]
        found = earlier_results(settings, stages)
        made = build(
            settings.warehouse_file,
            load_tables(settings.metadata),
            settings.candidates,
            catalogue=load_catalogue(settings.metadata),
            channel=settings.channel,
            formats=settings.formats_written,
            predecessor=snapshots.current(settings.snapshots),
        )
        write_results(made.path.parent / f"{made.id}{EARLIER}", found)
        ledger.write_additions(settings.warehouse_file, made.path.parent / f"{made.id}{ledger.ADDITIONS}")
        ledger.write_before(settings.warehouse_file, made.path.parent / f"{made.id}{ledger.BEFORE}")
        pointer = _pointer(settings)
        partial = pointer.with_suffix(".partial")
        partial.write_text(
            json.dumps({"id": made.id, "path": str(made.path), "content_hash": made.content_hash}), encoding="utf-8"
        )
        partial.replace(pointer)
        return dg.MaterializeResult(metadata={"id": made.id, "path": dg.MetadataValue.path(str(made.path))})

    @dg.multi_asset_check(
        name="gate",
        required_resource_keys={WRITER},
        specs=[check_spec(rule, CANDIDATE) for rule in judged.values()],
    )
    def gate() -> Iterator[dg.AssetCheckResult]:
        made = _require_candidate(settings)
        tables = load_tables(settings.metadata)
        judge(
            rules,
            tables,
            made,
            results_before(settings, made),
            circumstances(settings),
            proof=lambda results: (
                _proof_of_equal(settings, made, rules)
                or score(
                    prove(
                        rules,
                        tables,
                        judged_files(settings, made),
                        found_before={each.rule: each.failing for each in results if each.error is None},
                    ),
                    rules,
                )
            ),
        )
        for found in restricted_results(made):
            if found.rule in judged:
                yield check_result(found, CANDIDATE)

    @dg.asset(
        key=SNAPSHOT,
        deps=[CANDIDATE],
        group_name=group_name(GROUP),
        owners=owners(GROUP),
        kinds={"duckdb", "parquet", "csv", "excel"},
        required_resource_keys={WRITER},
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                DUE.name, asset=SNAPSHOT, description="The last release of the calendar that is due is published."
            )
        ],
    )
    def snapshot(context) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:  # type: ignore[no-untyped-def]
        """The published snapshot, under the pointer ``current``: a candidate that passed the gate and may go out."""
        made = last_candidate(settings)
        whole = context.run.tags.get(WHOLE) == "yes" and not context.run.asset_selection
        outcome = publish_now(settings, made)
        yield check_due(settings)
        if whole and made is not None and context.resources.writer == inputs_hash(settings):
            remember(settings, context.resources.writer, made.id)
        if outcome.published is None:
            waits = f"{outcome.waiting} waits: {'; '.join(outcome.reasons)}" if outcome.waiting else "nothing new"
            context.log.info(waits)
            return
        folder = settings.snapshots / outcome.published
        said = snapshots.said(folder)
        yield dg.MaterializeResult(
            metadata={
                "id": outcome.published,
                "path": dg.MetadataValue.path(str(folder)),
                "newest_year": said.time_period,
                "release": said.release or "none",
                "totals": _totals(folder),
            }
        )

    return [candidate, snapshot], [gate]
