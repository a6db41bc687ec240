"""The form registry and the deliveries as assets; deliveries have one partition a survey year.

A year is read as a partition of its own, or with all others that changed in one step, which tells Dagster of each partition.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

import dagster as dg
import duckdb

from orchestration.core.settings import Settings
from orchestration.core.warehouse import WRITER, connect
from orchestration.defs.ownership import group_name, owners
from orchestration.forms.model import Form
from orchestration.forms.registry import load_finished, require_finished
from orchestration.ingest import deliveries, registry
from orchestration.ingest.data_packages import count_municipalities

REGISTRY = "forms"
RAW = "raw"
READ = dg.AssetKey(["deliveries", "read"])


def survey_years(forms: list[Form]) -> dg.StaticPartitionsDefinition:
    """Return the partitions of everything that is delivered: the years that the forms describe."""
    return dg.StaticPartitionsDefinition([str(year) for year in sorted({form.time_period for form in forms})])


class YearRead(NamedTuple):
    """What became of the deliveries of a year.

    ``forms`` says of each form whether it was read, unchanged or not delivered; ``described`` what a materialisation of the
    year says of each raw table.
    """

    year: int
    forms: dict[str, str]
    described: dict[str, dict[str, Any]]


def finished_forms(settings: Settings, years: Collection[int] | None) -> list[Form]:
    """Return the forms that a run of some survey years, or of all where None, goes by.

    The draft of another year holds up nothing; one of a year that was read before does, as the year would drop out.

    Raises:
        UserError: a form that is needed is not finished, or of all years a delivery has no form.
    """
    forms, unfinished = load_finished(settings.forms)
    if unfinished:
        with connect(settings.warehouse_file) as connection:
            require_finished(forms, unfinished, years, deliveries.read_by(connection))
    if years is None:
        deliveries.check_folders(forms, settings.deliveries)
    return forms


def left_out(settings: Settings, forms: list[Form]) -> list[str]:
    """Return what a run of some years leaves out of what was delivered, a line each."""
    return [
        f"left out: {path.name}, which no finished form describes"
        for path in deliveries.undescribed(forms, settings.deliveries)
    ]


def read_years(settings: Settings, forms: list[Form], years: Iterable[int], *, again: bool = False) -> Iterator[YearRead]:
    """Read the deliveries of some years, one after the other; each that was told is kept, whatever becomes of the next.

    Args:
        settings: where the deliveries and the warehouse lie.
        forms: all forms.
        years: the survey years.
        again: read also what is unchanged.

    Raises:
        UserError: a delivery is refused; nothing of its year was changed.
    """
    municipalities = count_municipalities(settings.data)
    with connect(settings.warehouse_file) as connection:
        deliveries.prepare_tables(connection, forms)
        registry.load_registry(connection, forms)
        for year in years:
            started = time.monotonic()
            outcomes = {
                form.form: deliveries.ingest(
                    connection,
                    form,
                    forms=forms,
                    deliveries=settings.deliveries,
                    archive_folder=settings.archive,
                    municipalities=municipalities,
                    again=again,
                )
                for form in forms
                if form.time_period == year
            }
            yield YearRead(year, outcomes, _describe_year(connection, outcomes, time.monotonic() - started))


def changed_years(settings: Settings, forms: list[Form]) -> list[int]:
    """Return the years of which a delivery is new, changed or gone since it was read."""
    with connect(settings.warehouse_file) as connection:
        deliveries.prepare_tables(connection, forms)
        return sorted({form.time_period for form in forms if deliveries.is_changed(connection, form, settings.deliveries)})


def _describe_year(
    connection: duckdb.DuckDBPyConnection, forms: dict[str, str], seconds: float
) -> dict[str, dict[str, Any]]:
    """Return for each raw table what a materialisation of a year says of itself."""
    described: dict[str, dict[str, Any]] = {}
    for table in deliveries.TABLES:
        row = connection.execute(
            f"select count(*) from raw.{table} where form in (select unnest(?::varchar[]))", [list(forms)]
        ).fetchone()
        described[table] = {
            "dagster/partition_row_count": int(row[0]) if row else 0,
            "seconds": round(seconds, 3),
            "forms": forms,
        }
    return described


# What a refresh reads: the deliveries that changed, of all years or of some, or all of them again.
READING = {
    "years": dg.Field(dg.Noneable([int]), default_value=None, description="Only these survey years."),
    "again": dg.Field(bool, default_value=False, description="Read also what is unchanged."),
}


def build_delivery_assets(settings: Settings, forms: list[Form]) -> list[dg.AssetsDefinition]:
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
        required_resource_keys={WRITER},
    )
    def form_registry() -> Iterator[dg.MaterializeResult[None]]:
        # What is left out of the registry is the step's to refuse that reads.
        described = finished_forms(settings, ())
        with connect(settings.warehouse_file) as connection:
            deliveries.prepare_tables(connection, described)
            registry.load_registry(connection, described)
        for table in registry.TABLES:
            yield dg.MaterializeResult(asset_key=[REGISTRY, table])

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
        partitions_def=survey_years(forms),
        # A backfill over years is one run a year, each to the end: a year that is refused keeps none of the others back.
        backfill_policy=dg.BackfillPolicy.multi_run(),
        required_resource_keys={WRITER},
    )
    def raw_deliveries(context) -> Iterator[dg.MaterializeResult[None]]:  # type: ignore[no-untyped-def]
        year = int(context.partition_key)
        described = finished_forms(settings, [year])
        for line in left_out(settings, described):
            context.log.info(line)
        for found in read_years(settings, described, [year]):
            for table in deliveries.TABLES:
                yield dg.MaterializeResult(asset_key=[RAW, table], metadata=found.described[table])

    @dg.asset(
        key=READ,
        group_name=group_name("deliveries"),
        owners=owners("deliveries"),
        kinds={"csv", "excel", "duckdb"},
        config_schema=READING,
        required_resource_keys={WRITER},
    )
    def read(context) -> dg.MaterializeResult[None]:  # type: ignore[no-untyped-def]
        """Every delivery that is new, changed or gone, read into the partitions of the raw tables."""
        years, again = context.op_execution_context.op_config["years"], context.op_execution_context.op_config["again"]
        described = finished_forms(settings, years)
        for line in left_out(settings, described):
            context.log.info(line)
        known = sorted({form.time_period for form in described})
        changed = known if again else changed_years(settings, described)
        wanted = [year for year in changed if years is None or year in years]

        def told() -> Iterator[int]:
            for year in wanted:
                context.log.info(f"deliveries of {year}")
                yield year

        for found in read_years(settings, described, told(), again=again):
            for table, metadata in found.described.items():
                partition = str(found.year)
                context.log_event(dg.AssetMaterialization(asset_key=[RAW, table], partition=partition, metadata=metadata))
        left = [year for year in changed if year not in wanted]
        if left:
            context.log.info(f"not read, though changed: deliveries of {', '.join(map(str, left))}")
        return dg.MaterializeResult(metadata={"read": wanted, "left": left, "years": len(wanted)})

    return [form_registry, raw_deliveries, read]
