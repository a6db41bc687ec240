"""The inputs that people write as assets: one asset a table of the described packages and of the signed decisions."""

from collections.abc import Callable, Collection, Iterator, Mapping

import dagster as dg
import duckdb

from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.defs.multi_assets import content_version, report_results
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.disclosure import ledger, policy
from orchestration.ingest import decisions
from orchestration.ingest.data_packages import PACKAGES, DataResource, check, describe, load
from orchestration.publish import pointer, rolls


def _tables(settings: Settings, package: str) -> dict[str, list[DataResource]]:
    tables: dict[str, list[DataResource]] = {}
    for resource in describe(settings.data, package):
        tables.setdefault(resource.table, []).append(resource)
    return tables


def _build_package(settings: Settings, package: str) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            key=[package, table],
            group_name=group_name("inputs"),
            owners=owners("inputs"),
            description="\n\n".join(f"{resource.title}. {resource.description}".strip() for resource in resources),
            kinds={"csv", "duckdb"},
        )
        for table, resources in _tables(settings, package).items()
    ]

    @dg.multi_asset(name=f"{package}_inputs", specs=specs, can_subset=True)
    def inputs(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        settings = installation.settings
        tables = _tables(settings, package)
        for resources in tables.values():
            for resource in resources:
                check(resource)
        with connect(settings.warehouse_file) as connection:
            rows = {table: load(connection, table, resources) for table, resources in tables.items()}
            versions = {table: content_version(connection, package, table) for table in tables}
        yield from report_results(
            context,
            (
                dg.MaterializeResult(
                    asset_key=[package, table],
                    data_version=versions[table],
                    metadata={
                        "dagster/row_count": rows[table],
                        "files": [resource.path.name for resource in resources],
                        "sha256": {resource.path.name: resource.sha256 for resource in resources},
                    },
                )
                for table, resources in tables.items()
            ),
        )

    return inputs


def _build_tables(
    name: str,
    schema: str,
    descriptions: Mapping[str, str],
    load: Callable[[duckdb.DuckDBPyConnection, Settings], Mapping[str, int]],
    kinds: Collection[str] = (),
) -> dg.AssetsDefinition:
    """Return the step that loads all tables of a schema, and counts their rows."""

    @dg.multi_asset(
        name=name,
        specs=[
            dg.AssetSpec(
                key=[schema, table],
                group_name=group_name("inputs"),
                owners=owners("inputs"),
                description=description,
                kinds=set(kinds),
            )
            for table, description in descriptions.items()
        ],
        can_subset=True,
    )
    def tables(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        settings = installation.settings
        with connect(settings.warehouse_file) as connection:
            counts = load(connection, settings)
            versions = {table: content_version(connection, schema, table) for table in counts}
        yield from report_results(
            context,
            (
                dg.MaterializeResult(
                    asset_key=[schema, table], metadata={"dagster/row_count": count}, data_version=versions[table]
                )
                for table, count in counts.items()
            ),
        )

    return tables


def build_input_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the assets that check the inputs that people write, and load them, ledger and roll into the warehouse."""
    return [
        *(_build_package(settings, package) for package in PACKAGES),
        _build_tables(
            "signed_decisions",
            "decisions",
            {table: f"Signed entries of data/{table}." for table in decisions.TABLES},
            lambda connection, current: decisions.load(connection, current.data),
            {"yaml"},
        ),
        _build_tables(
            "disclosure_policy",
            policy.SCHEMA,
            {table: f"What is public of the answers of units (data/{policy.FILE}): {table}." for table in policy.TABLES},
            lambda connection, current: policy.load(connection, current.data),
            {"yaml"},
        ),
        _build_tables(
            "published_before",
            ledger.SCHEMA,
            dict.fromkeys(ledger.TABLES, "What earlier snapshots published and hid."),
            lambda connection, current: ledger.load(connection, current.snapshots),
        ),
        _build_tables(
            "answered_before",
            rolls.SCHEMA,
            dict.fromkeys(rolls.TABLES, "Which questions each unit had answered in what is published."),
            lambda connection, current: rolls.load(connection, current.snapshots, pointer.current(current.snapshots)),
        ),
    ]
