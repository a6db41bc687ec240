"""The metadata of built models in Dagster, and their display."""

from __future__ import annotations

import dagster as dg
import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.defs.metadata import Model, describe_models
from orchestration.defs.ownership import STEPS, group_name, owners

KEYS = {("raw", "a"): dg.AssetKey(["raw", "a"])}
QUERY = 'select x, x > 1 as is_large from "memory"."raw"."a"'


def describe(*models: Model) -> tuple[dict[tuple[str, str], dict[str, object]], list[str]]:
    messages: list[str] = []
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute("create table raw.a as select range as x from range(3)")
        for model in models:
            connection.execute(f"create schema if not exists {model.relation[0]}")
            connection.execute(f"create table {'.'.join(model.relation)} as {QUERY}")
        return describe_models(connection, models, KEYS, messages.append), messages


def test_a_model_is_reported_with_rows_columns_and_where_they_come_from() -> None:
    described, messages = describe(Model(("marts", "m"), QUERY, {"x": "A number."}))
    assert not messages
    metadata = described["marts", "m"]
    assert metadata["dagster/row_count"] == 3
    assert metadata["dagster/table_name"] == "memory.marts.m"
    assert metadata["dagster/column_schema"] == dg.TableSchema(
        [
            dg.TableColumn("x", "BIGINT", description="A number. From raw.a.x."),
            dg.TableColumn("is_large", "BOOLEAN", description="From raw.a.x."),
        ]
    )
    source = [dg.TableColumnDep(asset_key=KEYS["raw", "a"], column_name="x")]
    assert metadata["dagster/column_lineage"] == dg.TableColumnLineage({"x": source, "is_large": source})


def test_a_query_that_cannot_be_followed_costs_its_lineage_and_a_line() -> None:
    described, messages = describe(
        Model(("marts", "odd"), "select surprising syntax from", {}),
        Model(("marts", "in_python"), None, {}),
        Model(("marts", "m"), QUERY, {}),
    )
    assert ["dagster/column_lineage" in metadata for metadata in described.values()] == [False, False, True]
    assert all(metadata["dagster/row_count"] == 3 for metadata in described.values())
    assert len(messages) == 1
    assert messages[0].startswith("no column lineage of marts.odd: LineageError: ")


def test_groups_sort_in_the_way_of_the_data_and_have_a_team() -> None:
    groups = [group_name(step) for step in STEPS]
    assert groups == sorted(groups)
    assert all(owner.startswith("team:") for step in STEPS for owner in owners(step))
    with pytest.raises(UserError, match="is not a step"):
        group_name("elsewhere")
