"""The results of a build of the models, as Dagster shows them: columns and their lineage, rows, totals by year.

Belongs here: reading the built warehouse for the metadata of assets. Does not belong here: running dbt
(``engines.dbt``), following a query (``defs.lineage``), or a rule that computes a figure (the dbt models): what is summed up
here is in no table and is not published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg
import duckdb
from sqlglot import MappingSchema

from orchestration.core.warehouse import dictionaries
from orchestration.defs.lineage import Origins, Relation, Traced, describe_tables

# The public table that shows national totals by year, as wide as Dagster has room for.
NATIONAL: Relation = ("public", "fte_by_service")

NATIONAL_TOTALS = """
    select
        time_period as year,
        series,
        round(max(fte) filter (where target_group = 'adults'), 1) as adults,
        round(max(fte) filter (where target_group = 'children'), 1) as children,
        round(max(fte) filter (where target_group = 'total'), 1) as total,
        concat_ws(
            ' ',
            max(obs_status) filter (where target_group = 'total'),
            case when bool_or(series_break) filter (where target_group = 'total') then 'break' end
        ) as status
    from public.fte_by_service
    where unit_level = 'country' and area_basis = 'reported' and service_type = 'total'
    group by time_period, series
    order by time_period, series
"""

# Each label is a plot. Series and surveys have separate plots: a line through two of them would hide the break.
SURVEY_YEARS = """
    select time_period, unnest(['cells', 'cells_mapped', 'cells_ignored', 'cells_rejected']) as label, unnest([
        sum(cell_count),
        coalesce(sum(cell_count) filter (where fate = 'mapped'), 0),
        coalesce(sum(cell_count) filter (where fate = 'ignored'), 0),
        coalesce(sum(cell_count) filter (where fate = 'rejected'), 0)
    ]) as value
    from marts.mart_cell_ledger
    group by time_period

    union all

    select time_period, 'units_answered_' || survey as label, count(*) filter (where has_answered) as value
    from intermediate.int_unit_responses
    group by time_period, survey

    union all

    select time_period, 'national_fte_' || series as label, fte as value
    from marts.mart_fte_by_service
    where
        unit_level = 'country' and area_basis = 'reported' and service_type = 'total' and target_group = 'total'
        and fte is not null
"""

# The tables that the summaries of survey years read.
SUMMED_UP: tuple[Relation, ...] = (
    ("marts", "mart_cell_ledger"),
    ("intermediate", "int_unit_responses"),
    ("marts", "mart_fte_by_service"),
)


class Model(NamedTuple):
    """A model that was built: its table, its query (a model in Python has none), the descriptions of its columns."""

    relation: Relation
    sql: str | None
    descriptions: Mapping[str, str]


def read_columns(connection: duckdb.DuckDBPyConnection) -> dict[Relation, dict[str, str]]:
    """Return the columns of every table and view with their types, in order."""
    columns: dict[Relation, dict[str, str]] = {}
    for schema, table, column, data_type in connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where not internal order by column_index"
    ).fetchall():
        columns.setdefault((schema, table), {})[column] = data_type
    return columns


def count_rows(connection: duckdb.DuckDBPyConnection, relations: Iterable[Relation]) -> dict[Relation, int]:
    """Return the number of rows of each table among some relations, in one query; views would have to be computed."""
    tables = set(connection.execute("select schema_name, table_name from duckdb_tables()").fetchall())
    relations = [relation for relation in relations if relation in tables]
    counts = [f"select '{schema}', '{name}', count(*) from \"{schema}\".\"{name}\"" for schema, name in relations]
    rows = connection.execute(" union all ".join(counts)).fetchall() if counts else []
    return {(schema, name): count for schema, name, count in rows}


def _follow(model: Model, tables: MappingSchema, traced: Traced, warn: Callable[[str], None]) -> Origins:
    if model.sql is None:
        return {}
    try:
        return traced.trace(model.sql, tables)
    except Exception as error:  # whatever a parser does with unknown SQL, the figures are right
        warn(f"no column lineage of {'.'.join(model.relation)}: {type(error).__name__}: {error}")
        return {}


def _column_schema(model: Model, types: Mapping[str, str], origins: Origins) -> dg.TableSchema:
    """Return the columns of a model. The open-source user interface shows a column's lineage nowhere else."""
    columns = []
    for column, data_type in types.items():
        sources = ", ".join(".".join(origin) for origin in sorted(origins.get(column, ())))
        texts = [model.descriptions.get(column), f"From {sources}." if sources else None]
        columns.append(dg.TableColumn(column, data_type, description=" ".join(filter(None, texts)) or None))
    return dg.TableSchema(columns)


def _column_lineage(origins: Origins, keys: Mapping[Relation, dg.AssetKey]) -> dg.TableColumnLineage:
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=keys[origin.schema, origin.table], column_name=origin.column)
                for origin in sorted(found)
                if (origin.schema, origin.table) in keys
            ]
            for column, found in origins.items()
        }
    )


def describe_models(
    connection: duckdb.DuckDBPyConnection,
    models: Sequence[Model],
    keys: Mapping[Relation, dg.AssetKey],
    warn: Callable[[str], None],
    remembered: Path | None = None,
) -> dict[Relation, dict[str, Any]]:
    """Return for each model its rows, its columns, and which columns of its parents they come from.

    Args:
        connection: the warehouse in which the models were built.
        models: the models.
        keys: the assets of all tables that a model may read, sources too.
        warn: takes a line for each model whose columns cannot be followed; it has no lineage.
        remembered: the file that has the lineage of queries that were followed before.
    """
    columns = read_columns(connection)
    rows = count_rows(connection, [model.relation for model in models])
    (database,) = connection.execute("select current_database()").fetchall()[0]
    tables = describe_tables(database, columns)
    described: dict[Relation, dict[str, Any]] = {}
    traced = Traced(remembered, columns)
    for model in models:
        origins = _follow(model, tables, traced, warn)
        described[model.relation] = {
            **({"dagster/row_count": rows[model.relation]} if model.relation in rows else {}),
            "dagster/table_name": ".".join((database, *model.relation)),
            "dagster/column_schema": _column_schema(model, columns[model.relation], origins),
        }
        if origins:
            described[model.relation]["dagster/column_lineage"] = _column_lineage(origins, keys)
        if model.relation == NATIONAL:
            described[model.relation]["national_totals"] = national_totals(connection)
    traced.keep()
    return described


def national_totals(connection: duckdb.DuckDBPyConnection) -> dg.TableMetadataValue:
    """Return the national FTE by year and series, to look at."""
    return dg.MetadataValue.table([dg.TableRecord(row) for row in dictionaries(connection, NATIONAL_TOTALS)])


def describe_years(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, float]]:
    """Return a summary by survey year: cells by fate, units that answered, national FTE."""
    years: dict[str, dict[str, float]] = {}
    for time_period, label, value in connection.execute(f"select * from ({SURVEY_YEARS}) order by all").fetchall():
        years.setdefault(str(time_period), {})[label] = int(value) if value == int(value) else float(value)
    return years
