"""The inputs that people write as assets: one asset a table of the described packages and of the signed decisions."""

from collections.abc import Iterator, Mapping

import dagster as dg

from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.defs.several import told
from orchestration.disclosure import ledger, policy
from orchestration.ingest import decisions
from orchestration.ingest.data_packages import PACKAGES, DataResource, check, describe, load


def _counted(schema: str, counts: Mapping[str, int]) -> Iterator[dg.MaterializeResult[None]]:
    for table, count in counts.items():
        yield dg.MaterializeResult(asset_key=[schema, table], metadata={"dagster/row_count": count})


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
        yield from told(
            context,
            (
                dg.MaterializeResult(
                    asset_key=[package, table],
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


def _build_decisions() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="signed_decisions",
        specs=[
            dg.AssetSpec(
                key=["decisions", table],
                group_name=group_name("inputs"),
                owners=owners("inputs"),
                description=f"Signed entries of data/{table}.",
                kinds={"yaml"},
            )
            for table in decisions.TABLES
        ],
        can_subset=True,
    )
    def signed_decisions(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        settings = installation.settings
        with connect(settings.warehouse_file) as connection:
            counts = decisions.load(connection, settings.data)
        yield from told(context, _counted("decisions", counts))

    return signed_decisions


def _build_policy() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="disclosure_policy",
        specs=[
            dg.AssetSpec(
                key=[policy.SCHEMA, table],
                group_name=group_name("inputs"),
                owners=owners("inputs"),
                description=f"What is public of the answers of units (data/{policy.FILE}): {table}.",
                kinds={"yaml"},
            )
            for table in policy.TABLES
        ],
        can_subset=True,
    )
    def disclosure_policy(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        settings = installation.settings
        with connect(settings.warehouse_file) as connection:
            counts = policy.load(connection, settings.data)
        yield from told(context, _counted(policy.SCHEMA, counts))

    return disclosure_policy


def _build_history() -> dg.AssetsDefinition:
    @dg.multi_asset(
        name="published_before",
        specs=[
            dg.AssetSpec(
                key=[ledger.SCHEMA, table],
                group_name=group_name("inputs"),
                owners=owners("inputs"),
                description="What earlier snapshots published and hid.",
            )
            for table in ledger.TABLES
        ],
        can_subset=True,
    )
    def published_before(
        context: dg.AssetExecutionContext, installation: Installation, writer: Writer
    ) -> Iterator[dg.MaterializeResult[None]]:
        settings = installation.settings
        with connect(settings.warehouse_file) as connection:
            counts = ledger.load(connection, settings.snapshots)
        yield from told(context, _counted(ledger.SCHEMA, counts))

    return published_before


def build_input_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Return the assets that check the inputs that people write, and load them and the ledger into the warehouse."""
    packages = [_build_package(settings, package) for package in PACKAGES]
    return [*packages, _build_decisions(), _build_policy(), _build_history()]
