"""The publication as assets: candidate, its rules as blocking checks, snapshot.

A check that blocks keeps the asset ``snapshot`` from being materialised; the promotion itself also refuses a candidate that
was not judged or that is not the judged one.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.assets.warehouse import dbt_tests_file
from orchestration.errors import UserError
from orchestration.gate.checkpoint import RuleResult, first_rows, judge
from orchestration.gate.rules import load_rules
from orchestration.publish import snapshots
from orchestration.publish.candidate import Candidate, build
from orchestration.settings import Settings
from orchestration.tables import load_tables
from orchestration.warehouse import WRITER

CANDIDATE = dg.AssetKey(["publication", "candidate"])
SNAPSHOT = dg.AssetKey(["publication", "snapshot"])
GROUP = "publication"

# Beside each candidate: what the data tests of the models found.
DBT_TESTS = ".dbt_tests.json"


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


def dbt_tests_of(candidate: Candidate) -> list[RuleResult]:
    """Return what the data tests found when the candidate's tables were made.

    Raises:
        UserError: the results are not there; without them nobody can say that the candidate passes.
    """
    path = candidate.path.parent / f"{candidate.id}{DBT_TESTS}"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("the results of the data tests are missing", place=str(path), remedy="run is248 run") from error
    return [RuleResult(**entry) for entry in entries]


def _require_candidate(settings: Settings) -> Candidate:
    candidate = last_candidate(settings)
    if candidate is None:
        raise dg.Failure("there is no candidate; materialise publication/candidate first")
    return candidate


def build_publication(
    settings: Settings, public_models: list[dg.AssetKey]
) -> tuple[list[dg.AssetsDefinition], list[dg.AssetChecksDefinition]]:
    """Return the publication's assets and their checks.

    Args:
        settings: where candidates and snapshots lie.
        public_models: the dbt models that the candidate is made from.
    """
    rules = load_rules(settings.rules)

    @dg.asset(
        key=CANDIDATE,
        deps=public_models,
        group_name=GROUP,
        kinds={"duckdb", "parquet", "csv"},
        required_resource_keys={WRITER},
    )
    def candidate() -> dg.MaterializeResult[None]:
        """The exact files that would become public, in a folder named by their content."""
        tests = dbt_tests_file(settings)
        if not tests.is_file():
            raise UserError(
                "the models were not built to the end",
                place=str(settings.warehouse_file),
                remedy="materialise the models first",
            )
        made = build(settings.warehouse_file, load_tables(settings.metadata), settings.candidates)
        shutil.copyfile(tests, made.path.parent / f"{made.id}{DBT_TESTS}")
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
        specs=[
            dg.AssetCheckSpec(
                name=rule.id,
                asset=CANDIDATE,
                description=f"{rule.title.en}. {rule.explanation.en}",
                blocking=rule.blocks,
                metadata={"level": rule.level, "severity": rule.severity},
            )
            for rule in rules
        ],
    )
    def gate() -> Iterator[dg.AssetCheckResult]:
        made = _require_candidate(settings)
        verdict = judge(rules, load_tables(settings.metadata), made, dbt_tests_of(made))
        for result in verdict["rules"]:
            if result["kind"] != "expectation":
                continue  # a dbt test is a check of its model
            passed = result["outcome"] == "pass"
            yield dg.AssetCheckResult(
                asset_key=CANDIDATE,
                check_name=result["rule"],
                passed=passed,
                severity=dg.AssetCheckSeverity.WARN if result["severity"] == "warning" else dg.AssetCheckSeverity.ERROR,
                description=None if passed else f"{result['outcome']}: {first_rows(result)[0]}",
                metadata={"checked": result["checked"], "failing": result["failing"]},
            )

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
        published = snapshots.promote(made, settings.snapshots)
        folder = settings.snapshots / made.id
        return dg.MaterializeResult(metadata={"id": made.id, "path": dg.MetadataValue.path(str(folder)), "new": published})

    return [candidate, snapshot], [gate]
