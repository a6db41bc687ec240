"""The publication as assets: candidate, its rules as blocking checks, snapshot.

A check that blocks keeps the asset ``snapshot`` from being materialised; the promotion itself also refuses a candidate that
was not judged or that is not the judged one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.checks import check_result, check_spec, circumstances, earlier_results, stage_file
from orchestration.assets.warehouse import dbt_tests_file
from orchestration.disclosure import ledger
from orchestration.errors import UserError
from orchestration.gate.proof import Judged, prove, rules_hash, score
from orchestration.gate.results import RuleResult, read_results, write_results
from orchestration.gate.rules import Rule, load_rules
from orchestration.gate.verdict import RESTRICTED, judge
from orchestration.publish import snapshots
from orchestration.publish.candidate import Candidate, build
from orchestration.publish.layout import DATABASE
from orchestration.publish.release import load_catalogue
from orchestration.settings import Settings
from orchestration.tables import load_tables
from orchestration.warehouse import WRITER, connect

CANDIDATE = dg.AssetKey(["publication", "candidate"])
SNAPSHOT = dg.AssetKey(["publication", "snapshot"])
GROUP = "publication"

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
        additions=candidate.path.parent / f"{candidate.id}{ledger.ADDITIONS}",
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
        group_name=GROUP,
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
            proof=lambda: (
                _proof_of_equal(settings, made, rules) or score(prove(rules, tables, judged_files(settings, made)), rules)
            ),
        )
        for found in restricted_results(made):
            if found.rule in judged:
                yield check_result(found, CANDIDATE)

    @dg.asset(key=SNAPSHOT, deps=[CANDIDATE], group_name=GROUP, required_resource_keys={WRITER})
    def snapshot() -> dg.MaterializeResult[None]:
        """The published snapshot: the candidate that passed the gate, under the pointer ``current``."""
        if settings.channel != "demo":
            raise UserError(
                "only the channel demo publishes: official releases need a release calendar, which is not there yet",
                place="setting channel",
                remedy="set IS248_CHANNEL=demo",
            )
        made = _require_candidate(settings)
        with connect(made.path / DATABASE, read_only=True) as connection:
            (channel,) = connection.execute("select channel from snapshot").fetchall()[0]
        if channel != settings.channel:
            raise UserError(
                f"the candidate was made for the channel {channel}, not for {settings.channel}",
                place=str(made.path),
                remedy="materialise publication/candidate again, or is248 run",
            )
        published = snapshots.promote(made, settings.snapshots)
        folder = settings.snapshots / made.id
        return dg.MaterializeResult(metadata={"id": made.id, "path": dg.MetadataValue.path(str(folder)), "new": published})

    return [candidate, snapshot], [gate]
