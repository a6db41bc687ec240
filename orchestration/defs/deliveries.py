"""The form registry and the deliveries as assets; deliveries have one partition a survey year.

A year is read as a partition of its own, or with all others that changed in one step, which tells Dagster of each partition.
Belongs here: what is an asset and what it tells of itself. Does not belong here: reading (``ingest``).
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.defs.several import told
from orchestration.forms.model import Form
from orchestration.ingest import deliveries, registry
from orchestration.ingest.years import YearRead, changed_years, finished_forms, left_out, load_forms_into, read_years

REGISTRY = "forms"
RAW = "raw"
READ = dg.AssetKey(["deliveries", "read"])


def survey_years(forms: list[Form]) -> dg.StaticPartitionsDefinition:
    """Return the partitions of everything that is delivered: the years that the forms describe."""
    return dg.StaticPartitionsDefinition([str(year) for year in sorted({form.time_period for form in forms})])


class Reading(dg.Config):
    """What a refresh reads: the deliveries that changed, of all years or of some, or all of them again."""

    years: list[int] | None = None
    again: bool = False


def _metadata(found: YearRead, table: str) -> dict[str, Any]:
    """Return what a materialisation of a year says of a raw table."""
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
        # What is left out of the registry is the step's to refuse that reads.
        load_forms_into(installation.warehouse_file, finished_forms(installation.sources, ()))
        yield from told(context, (dg.MaterializeResult(asset_key=[REGISTRY, table]) for table in registry.TABLES))

    @dg.multi_asset(
        name="raw_deliveries",
        specs=[
            dg.AssetSpec(
                key=[RAW, table],
                group_name=group_name("deliveries"),
                owners=owners("deliveries"),
                description="Delivered files as raw cells.",
            )
            for table in deliveries.TABLES
        ],
        can_subset=True,
        partitions_def=survey_years(forms),
        # A backfill over years is one run a year, each to the end: a year that is refused keeps none of the others back.
        backfill_policy=dg.BackfillPolicy.multi_run(),
    )
    def raw_deliveries(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        year, sources = int(context.partition_key), installation.sources
        described = finished_forms(sources, [year])
        for line in left_out(sources, described):
            context.log.info(line)
        for found in read_years(sources, described, [year]):
            yield from told(
                context,
                [
                    dg.MaterializeResult(asset_key=[RAW, table], metadata=_metadata(found, table))
                    for table in deliveries.TABLES
                ],
            )

    @dg.asset(
        key=READ,
        group_name=group_name("deliveries"),
        owners=owners("deliveries"),
        kinds={"csv", "excel", "duckdb"},
    )
    def read(
        context: dg.AssetExecutionContext, config: Reading, installation: Installation, writer: Writer
    ) -> dg.MaterializeResult[None]:
        """Every delivery that is new, changed or gone, read into the partitions of the raw tables."""
        sources = installation.sources
        described = finished_forms(sources, config.years)
        for line in left_out(sources, described):
            context.log.info(line)
        known = sorted({form.time_period for form in described})
        changed = known if config.again else changed_years(sources, described)
        wanted = [year for year in changed if config.years is None or year in config.years]

        def named() -> Iterator[int]:
            for year in wanted:
                context.log.info(f"deliveries of {year}")
                yield year

        for found in read_years(sources, described, named(), again=config.again):
            for table in deliveries.TABLES:
                context.log_event(
                    dg.AssetMaterialization(
                        asset_key=[RAW, table], partition=str(found.year), metadata=_metadata(found, table)
                    )
                )
        left = [year for year in changed if year not in wanted]
        if left:
            context.log.info(f"not read, though changed: deliveries of {', '.join(map(str, left))}")
        return dg.MaterializeResult(metadata={"read": wanted, "left": left, "years": len(wanted)})

    return [form_registry, raw_deliveries, read]
