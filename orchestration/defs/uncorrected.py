"""The printed figures without the signed corrections, as an asset that the reconciliation reads."""

import dagster as dg

from orchestration.core.warehouse import connect
from orchestration.defs.multi_assets import content_version
from orchestration.defs.ownership import group_name, owners
from orchestration.defs.resources import Installation, Writer
from orchestration.engines import uncorrected


def build_uncorrected_asset(sources: list[dg.AssetKey]) -> dg.AssetsDefinition:
    """Return the asset that compares printed figures with the figures recomputed without corrections.

    Args:
        sources: everything that the models are made from.
    """
    (table,) = uncorrected.TABLES
    key = dg.AssetKey([uncorrected.SCHEMA, table])

    @dg.asset(
        key=key,
        deps=[source for source in sources if source != key],
        group_name=group_name("reconciliation"),
        owners=owners("reconciliation"),
        kinds={"dbt", "duckdb"},
    )
    def printed_figures(installation: Installation, writer: Writer) -> dg.MaterializeResult[None]:
        """The printed figures recomputed without the signed corrections; empty if there are no corrections."""
        compared = uncorrected.compare_uncorrected(
            installation.settings, lambda connection, schema, name: content_version(connection, schema, name).value
        )
        with connect(installation.warehouse_file, read_only=True) as connection:
            version = content_version(connection, uncorrected.SCHEMA, table)
        return dg.MaterializeResult(metadata={"dagster/row_count": compared}, data_version=version)

    return printed_figures
