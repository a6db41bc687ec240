"""Assets that one step makes together, though a run may have selected only some of them.

Belongs here: reporting all of them to Dagster, with the version of their content by which it knows what is stale. Does not
belong here: making them.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import dagster as dg
import duckdb
from dagster._core.definitions.data_version import DATA_VERSION_IS_USER_PROVIDED_TAG, DATA_VERSION_TAG


def content_version(connection: duckdb.DuckDBPyConnection, schema: str, table: str) -> dg.DataVersion:
    """Return the version of a table, which changes when its rows change; their order does not count.

    To Dagster, what was made from a table is stale when the version has changed. Without one, every reading would count as a
    change.
    """
    count, total = connection.execute(f'select count(*), sum(hash(rows)) from "{schema}"."{table}" as rows').fetchall()[0]
    return dg.DataVersion(f"{count}-{int(total or 0):x}")


def report_results(
    context: dg.AssetExecutionContext,
    made: Iterable[dg.MaterializeResult[None]],
    partitions: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
) -> Iterator[dg.MaterializeResult[None]]:
    """Yield the results that a run selected, and record the others, which were made as well.

    Args:
        context: the run.
        made: all that the step made.
        partitions: for tables with partitions, the metadata of each partition that was made.
    """
    for each in made:
        assert each.asset_key is not None
        by_partition = (partitions or {}).get(each.asset_key.path[-1], {})
        if each.asset_key in context.selected_asset_keys:
            for partition, metadata in by_partition.items():
                context.add_asset_metadata(metadata, each.asset_key, partition)
            yield each
            continue
        tags = {}
        if each.data_version is not None:
            tags = {DATA_VERSION_TAG: each.data_version.value, DATA_VERSION_IS_USER_PROVIDED_TAG: "true"}
        if not by_partition:
            context.log_event(dg.AssetMaterialization(each.asset_key, metadata=each.metadata, tags=tags))
        for partition, metadata in by_partition.items():
            context.log_event(dg.AssetMaterialization(each.asset_key, metadata=metadata, partition=partition, tags=tags))
