"""Assets that one step makes together, of which a run may have selected some.

Belongs here: telling Dagster of all of them. Does not belong here: making them.
"""

from collections.abc import Iterable, Iterator

import dagster as dg


def told(
    context: dg.AssetExecutionContext, made: Iterable[dg.MaterializeResult[None]]
) -> Iterator[dg.MaterializeResult[None]]:
    """Yield what a run has selected, and note the rest as made too, since it was."""
    partition = context.partition_key if context.has_partition_key else None
    for each in made:
        assert each.asset_key is not None
        if each.asset_key in context.selected_asset_keys:
            yield each
        else:
            context.log_event(dg.AssetMaterialization(each.asset_key, metadata=each.metadata, partition=partition))
