"""The form registry and the deliveries as assets; deliveries have one partition a survey year.

One step reads deliveries: of one year, or of a range of years in one run, of which it reads what is new or changed. Belongs
here: what is an asset and which metadata it shows. Does not belong here: reading (``ingest``).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from orchestration.core.warehouse import connect
from orchestration.defs.multi_assets import content_version, report_results
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.forms.model import Form
from orchestration.ingest import deliveries, registry
from orchestration.ingest.years import YearRead, changed_years, finished_forms, left_out, load_forms_into, read_years

REGISTRY = "forms"
RAW = "raw"
# The step that reads.
READING = "raw_deliveries"


def survey_years(forms: list[Form]) -> dg.StaticPartitionsDefinition:
    """Return the partitions of all deliveries: the years that the forms describe."""
    return dg.StaticPartitionsDefinition([str(year) for year in sorted({form.time_period for form in forms})])


def every_year(forms: list[Form]) -> dict[str, str]:
    """Return the tags that make a run one of all survey years, as Dagster's own range of partitions."""
    years = survey_years(forms).get_partition_keys()
    return {ASSET_PARTITION_RANGE_START_TAG: years[0], ASSET_PARTITION_RANGE_END_TAG: years[-1]} if years else {}


def is_of_every_year(run: dg.DagsterRun, forms: list[Form]) -> bool:
    """Return whether a run is one of all survey years."""
    return bool(forms) and every_year(forms).items() <= run.tags.items()


class Reading(dg.Config):
    """What a run reads of its years: only changed deliveries, or all of them again."""

    again: bool = False


def _metadata(found: YearRead, table: str) -> dict[str, Any]:
    """Return the metadata of a raw table for the materialisation of a year."""
    return {"dagster/partition_row_count": found.rows[table], "seconds": round(found.seconds, 3), "forms": found.forms}


def build_delivery_assets(forms: list[Form]) -> list[dg.AssetsDefinition]:
    """Return the registry's tables and the raw cells as assets."""

    @dg.multi_asset(
        name="form_registry",
        specs=[
            dg.AssetSpec(
                key=[REGISTRY, table],
                group_name=group_name("deliveries"),
                owners=owners("deliveries"),
                description="The form registry as a table.",
            )
            for table in registry.TABLES
        ],
        can_subset=True,
    )
    def form_registry(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        # The reading step refuses forms that are left out of the registry.
        load_forms_into(installation.warehouse_file, finished_forms(installation.sources, ()))
        with connect(installation.warehouse_file, read_only=True) as connection:
            versions = {table: content_version(connection, REGISTRY, table) for table in registry.TABLES}
        yield from report_results(
            context,
            (dg.MaterializeResult(asset_key=[REGISTRY, table], data_version=version) for table, version in versions.items()),
        )

    @dg.multi_asset(
        name=READING,
        specs=[
            dg.AssetSpec(
                key=[RAW, table],
                group_name=group_name("deliveries"),
                owners=owners("deliveries"),
                description="Delivered files as raw cells.",
                kinds={"csv", "excel", "duckdb"},
            )
            for table in deliveries.TABLES
        ],
        can_subset=True,
        partitions_def=survey_years(forms),
        # What is made from several years is made once.
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def raw_deliveries(
        context: dg.AssetExecutionContext, config: Reading, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        sources, years = installation.sources, [int(key) for key in context.partition_keys]
        described = finished_forms(sources, None if is_of_every_year(context.run, forms) else years)
        for line in left_out(sources, described):
            context.log.info(line)
        changed = years if config.again else changed_years(sources, described)

        def named() -> Iterator[int]:
            for year in years:
                if year in changed:
                    context.log.info(f"deliveries of {year}")
                yield year

        found = list(read_years(sources, described, named(), again=config.again))
        left = [year for year in changed if year not in years]
        if left:
            context.log.info(f"not read, though changed: deliveries of {', '.join(map(str, left))}")
        with connect(sources.warehouse, read_only=True) as connection:
            # A year's own version would differ from that of a run of all years, which has one for all.
            versions = {table: content_version(connection, RAW, table) for table in deliveries.TABLES}
        yield from report_results(
            context,
            (dg.MaterializeResult(asset_key=[RAW, table], data_version=version) for table, version in versions.items()),
            {table: {str(year.year): _metadata(year, table) for year in found} for table in deliveries.TABLES},
        )

    return [form_registry, raw_deliveries]
