"""The form registry and the deliveries as assets; deliveries have one partition a survey year."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from orchestration.forms.model import Form
from orchestration.forms.registry import load_forms
from orchestration.ingest import deliveries, registry
from orchestration.ingest.data_packages import count_municipalities
from orchestration.settings import Settings
from orchestration.warehouse import WRITER, connect

REGISTRY = "forms"
RAW = "raw"


def survey_years(forms: list[Form]) -> dg.StaticPartitionsDefinition:
    """Return the partitions of everything that is delivered: the years that the forms describe."""
    return dg.StaticPartitionsDefinition([str(year) for year in sorted({form.time_period for form in forms})])


def read_year(settings: Settings, forms: list[Form], year: int) -> dict[str, str]:
    """Read the deliveries of one year; return for each form whether it was read, unchanged or not delivered."""
    deliveries.check_folders(forms, settings.deliveries)
    with connect(settings.warehouse_file) as connection:
        deliveries.prepare_tables(connection, forms)
        registry.load_registry(connection, forms)
        return {
            form.form: deliveries.ingest(
                connection,
                form,
                forms=forms,
                deliveries=settings.deliveries,
                archive_folder=settings.archive,
                municipalities=count_municipalities(settings.data),
            )
            for form in forms
            if form.time_period == year
        }


def changed_years(settings: Settings, forms: list[Form]) -> list[int]:
    """Return the years of which a delivery is new, changed or gone since it was read."""
    deliveries.check_folders(forms, settings.deliveries)
    with connect(settings.warehouse_file) as connection:
        deliveries.prepare_tables(connection, forms)
        return sorted({form.time_period for form in forms if deliveries.is_changed(connection, form, settings.deliveries)})


def build_delivery_assets(settings: Settings, forms: list[Form]) -> list[dg.AssetsDefinition]:
    """Return the registry's tables and the raw cells as assets."""

    @dg.multi_asset(
        name="form_registry",
        specs=[
            dg.AssetSpec(key=[REGISTRY, table], group_name="deliveries", description="The form registry as a table.")
            for table in registry.TABLES
        ],
        required_resource_keys={WRITER},
    )
    def form_registry() -> Iterator[dg.MaterializeResult[None]]:
        described = load_forms(settings.forms)
        with connect(settings.warehouse_file) as connection:
            deliveries.prepare_tables(connection, described)
            registry.load_registry(connection, described)
        for table in registry.TABLES:
            yield dg.MaterializeResult(asset_key=[REGISTRY, table])

    @dg.multi_asset(
        name="raw_deliveries",
        specs=[
            dg.AssetSpec(key=[RAW, table], group_name="deliveries", description="Delivered files as raw cells.")
            for table in deliveries.TABLES
        ],
        partitions_def=survey_years(forms),
        required_resource_keys={WRITER},
    )
    def raw_deliveries(context) -> Iterator[dg.MaterializeResult[None]]:  # type: ignore[no-untyped-def]
        year = int(context.partition_key)
        outcomes = read_year(settings, load_forms(settings.forms), year)
        with connect(settings.warehouse_file, read_only=True) as connection:
            for table in deliveries.TABLES:
                row = connection.execute(
                    f"select count(*) from raw.{table} where form in (select unnest(?))", [list(outcomes)]
                ).fetchone()
                yield dg.MaterializeResult(
                    asset_key=[RAW, table],
                    metadata={"dagster/partition_row_count": int(row[0]) if row else 0, "forms": outcomes},
                )

    return [form_registry, raw_deliveries]
