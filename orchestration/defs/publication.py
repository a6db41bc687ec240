"""The publication as assets: the candidate and the snapshot.

The gate (``defs.checks``) is a check that blocks: it keeps the asset ``snapshot`` from being materialised. The promotion
itself also refuses a candidate that was not judged or that is not the judged one. A candidate that waits for its release
leaves ``snapshot`` as it is.
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect
from orchestration.defs.checks import CANDIDATE
from orchestration.defs.deliveries import is_of_every_year
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.disclosure import ledger
from orchestration.forms.model import Form
from orchestration.gate.judging import keep_results_before, results_of_stages
from orchestration.publish import rolls, snapshots
from orchestration.publish.candidate import build
from orchestration.publish.candidates import last_candidate, note_candidate
from orchestration.publish.layout import DATABASE
from orchestration.publish.provenance import inputs_hash, remember
from orchestration.publish.publication import overdue_release, publish_now
from orchestration.publish.release import load_catalogue

SNAPSHOT = dg.AssetKey(["publication", "snapshot"])
GROUP = "publication"

# The check of the snapshot that tells when a release of the calendar should be out and is not.
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
        forms: the forms, which say what years there are.
        models: the dbt models that the candidate is made from, or whose checks it waits for.
    """

    @dg.asset(
        key=CANDIDATE,
        deps=models,
        group_name=group_name(GROUP),
        owners=owners(GROUP),
        kinds={"duckdb", "parquet", "csv"},
    )
    def candidate(installation: Installation, writer: Writer) -> dg.MaterializeResult[None]:
        """The exact files that would become public, in a folder named by their content."""
        settings = installation.settings
        found = results_of_stages(settings.stage_results)
        made = build(
            settings.warehouse_file,
            load_tables(settings.metadata),
            settings.candidates,
            catalogue=load_catalogue(settings.metadata),
            channel=settings.purpose,
            formats=settings.formats_written,
            predecessor=snapshots.current(settings.snapshots),
        )
        keep_results_before(made, found)
        ledger.write_additions(settings.warehouse_file, made.path.parent / f"{made.id}{ledger.ADDITIONS}")
        ledger.write_before(settings.warehouse_file, made.path.parent / f"{made.id}{ledger.BEFORE}")
        rolls.write(settings.warehouse_file, made.path.parent / f"{made.id}{rolls.ROLL}")
        note_candidate(settings.warehouse, made)
        return dg.MaterializeResult(
            metadata={"id": made.id, "path": dg.MetadataValue.path(str(made.path))}, data_version=dg.DataVersion(made.id)
        )

    @dg.asset(
        key=SNAPSHOT,
        deps=[CANDIDATE],
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
        # It has read and built everything, so that its candidate is what the inputs give.
        is_whole = is_of_every_year(context.run, forms) and not context.run.asset_selection
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
        said = snapshots.said(folder)
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(outcome.published),
            metadata={
                "id": outcome.published,
                "path": dg.MetadataValue.path(str(folder)),
                "newest_year": said.time_period,
                "release": said.release or "none",
                "totals": _totals(folder),
            },
        )

    return [candidate, snapshot]
