"""The publication as assets: the candidate, its reports and the snapshot.

The gate (``defs.checks``) is a blocking check: it keeps the asset ``snapshot`` from being materialised. The promotion itself
also refuses a candidate that was not judged or that is not the judged one. A candidate that waits for its release leaves
``snapshot`` as it is. Reports are made with the candidate and are part of its content; the asset ``reports`` compares them
with its public files again, and blocks the snapshot if one differs.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.core.errors import UserError
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect
from orchestration.defs import changed_code
from orchestration.defs.checks import CANDIDATE
from orchestration.defs.deliveries import is_of_every_year
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.disclosure import ledger
from orchestration.forms.model import Form
from orchestration.gate.judging import keep_results_before, results_of_stages
from orchestration.publish import integrity, pointer, rolls, snapshots
from orchestration.publish.candidate import build
from orchestration.publish.candidates import last_candidate, note_candidate
from orchestration.publish.formats import REPORTS as REPORT_FORMATS
from orchestration.publish.kept_files import FOLDER, Store
from orchestration.publish.provenance import inputs_hash, remember
from orchestration.publish.publication import overdue_release, publish_now
from orchestration.publish.publication_metadata import load_catalogue
from orchestration.publish.snapshot_files import DATABASE
from orchestration.publish.views import load_entries

SNAPSHOT = dg.AssetKey(["publication", "snapshot"])
REPORTS = dg.AssetKey(["publication", "reports"])
GROUP = "publication"

# The checks of the reports: what each looks for, and whether the snapshot waits for it.
REPORT_CHECKS = {
    "numbers_equal_their_cells": ("Every number of every report is that of its published cells, read a second time.", True),
    "nothing_is_confidential": ("No report is bound to a confidential cell.", True),
    "references_resolve": ("Every reference of a report leads to a place in it.", True),
    "every_report_is_made": ("Every report that is asked for could be made; one that could not is left out.", False),
}
FIRST_FAULTS = 5
# Beside the candidate: the reports that could not be made.
LEFT_OUT = ".reports.json"

# The check of the snapshot that fails when a release of the calendar is overdue.
DUE = dg.AssetCheckKey(SNAPSHOT, "due_releases_are_published")


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


def build_publication(forms: list[Form], models: list[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """Return the publication's assets.

    Args:
        forms: the forms, which determine the survey years.
        models: the dbt models that the candidate is made from, or whose checks it waits for.
    """

    @dg.asset(
        key=CANDIDATE,
        deps=models,
        group_name=group_name(GROUP),
        owners=owners(GROUP),
        kinds={"duckdb", "parquet", "csv"},
    )
    def candidate(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> dg.MaterializeResult[None]:
        """The exact files that would become public, in a folder named by their content."""
        settings = installation.settings
        from orchestration.report.snapshot_reports import write_reports  # imported here: tools for documents take a while

        found = results_of_stages(settings.stage_results)
        predecessor = pointer.current(settings.snapshots)
        if predecessor is not None:
            # The candidate is compared with it and may take over its reports; the command line has already verified it.
            integrity.verify(predecessor, remedy=integrity.ANEW, thorough=not writer.is_held)
        left_out: list[dict[str, str]] = []

        def make_reports(folder: Path) -> None:
            formats, takes_over = settings.formats_written, writer.takes_over
            for refused in write_reports(settings, folder, formats, predecessor, takes_over=takes_over):
                left_out.append({"report": refused.name, "why": str(refused.error)})

        store = Store(settings.warehouse / FOLDER, is_read=writer.takes_over)
        made = build(
            settings.warehouse_file,
            load_tables(settings.metadata),
            settings.candidates,
            catalogue=load_catalogue(settings.metadata),
            entries=load_entries(settings.metadata),
            channel=settings.purpose,
            formats=settings.formats_written,
            predecessor=predecessor,
            write_reports=make_reports,
            store=store,
        )
        context.log.info(store.summary)
        for each in left_out:
            context.log.warning(f"left out: {each['why']}")
        (made.path.parent / f"{made.id}{LEFT_OUT}").write_text(json.dumps(left_out, ensure_ascii=False), encoding="utf-8")
        keep_results_before(made, found)
        ledger.write_additions(settings.warehouse_file, made.path.parent / f"{made.id}{ledger.ADDITIONS}")
        ledger.write_before(settings.warehouse_file, made.path.parent / f"{made.id}{ledger.BEFORE}")
        rolls.write(settings.warehouse_file, made.path.parent / f"{made.id}{rolls.ROLL}")
        note_candidate(settings.warehouse, made)
        return dg.MaterializeResult(
            metadata={"id": made.id, "path": dg.MetadataValue.path(str(made.path))}, data_version=dg.DataVersion(made.id)
        )

    @dg.asset(
        key=REPORTS,
        deps=[CANDIDATE],
        group_name=group_name(GROUP),
        owners=owners(GROUP),
        kinds={"pdf", "html", "excel"},
        check_specs=[
            dg.AssetCheckSpec(name, asset=REPORTS, description=description, blocking=stops)
            for name, (description, stops) in REPORT_CHECKS.items()
        ],
    )
    def reports(installation: Installation, writer: Writer) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """The reports of the candidate: the national one of the newest round, and those of areas that are asked for."""
        from orchestration.report.verify import verify  # imported here, as above

        made = last_candidate(installation.settings.warehouse)
        if made is None:
            raise UserError(
                "there is no candidate",
                place=str(installation.settings.candidates),
                remedy="materialize publication/candidate first",
            )
        found = [verify(made.path / format_, made.path) for format_ in REPORT_FORMATS]
        editions = {name: edition for each in found for name, edition in each.editions.items()}
        left_out = made.path.parent / f"{made.id}{LEFT_OUT}"
        note = json.loads(left_out.read_text(encoding="utf-8")) if left_out.is_file() else []
        yield dg.MaterializeResult(
            metadata={"reports": len(editions), "numbers": sum(each.numbers for each in found), "editions": editions},
            data_version=dg.DataVersion(hashlib.sha256(json.dumps(editions).encode()).hexdigest()[:12]),
        )
        faults = {
            "numbers_equal_their_cells": [fault for each in found for fault in each.unequal],
            "nothing_is_confidential": [fault for each in found for fault in each.confidential],
            "references_resolve": [fault for each in found for fault in each.lost],
            "every_report_is_made": [each["why"] for each in note],
        }
        for name, (_, stops) in REPORT_CHECKS.items():
            yield dg.AssetCheckResult(
                asset_key=REPORTS,
                check_name=name,
                passed=not faults[name],
                severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
                description="; ".join(faults[name][:FIRST_FAULTS]) or None,
                metadata={"faults": len(faults[name])},
            )

    @dg.asset(
        key=SNAPSHOT,
        deps=[CANDIDATE, REPORTS],
        group_name=group_name(GROUP),
        owners=owners(GROUP),
        kinds={"duckdb", "parquet", "csv", "excel"},
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                DUE.name, asset=SNAPSHOT, description="The last release of the calendar that is due is published."
            )
        ],
    )
    def snapshot(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """The published snapshot, under the pointer ``current``: a candidate that passed the gate and may go out."""
        settings = installation.settings
        made = last_candidate(settings.warehouse)
        # Such a run has read and built everything, so its candidate is what the inputs give.
        is_whole = is_of_every_year(context.run, forms) and not context.run.asset_selection
        changed_code.refuse()
        outcome = publish_now(settings, made)
        late = overdue_release(settings)
        yield dg.AssetCheckResult(
            asset_key=SNAPSHOT,
            check_name=DUE.name,
            passed=late is None,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{late} is due and not published" if late else None,
            metadata={"overdue": late or "none"},
        )
        if is_whole and made is not None and writer.inputs == inputs_hash(settings):
            remember(settings, writer.inputs, made.id)
        if outcome.published is None:
            waits = f"{outcome.waiting} waits: {'; '.join(outcome.reasons)}" if outcome.waiting else "nothing new"
            context.log.info(waits)
            return
        folder = settings.snapshots / outcome.published
        identity = snapshots.read_identity(folder)
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(outcome.published),
            metadata={
                "id": outcome.published,
                "path": dg.MetadataValue.path(str(folder)),
                "newest_year": identity.time_period,
                "release": identity.release or "none",
                "totals": _totals(folder),
            },
        )

    return [candidate, reports, snapshot]
