"""Typical queries on the published snapshot: how long a reader waits for an answer.

    .venv/bin/python -m benchmarks.scaling.queries SNAPSHOT

Opened as by a reader: the DuckDB file read-only, and the Parquet files from an empty DuckDB; each query is run once
on each, on a connection that stays open, and all its rows are fetched.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

NUMBER = 200
SEED = 248

# Tables in braces; parameters by kind of query.
QUERIES = {
    "series of a municipality": """
        select time_period, series, fte, fte_per_10000, obs_status from {fte_by_service}
        where unit_level = 'municipality' and unit_code = $unit and area_basis = 'current' and target_group = 'total'
            and service_type = 'total' order by time_period
    """,
    "counties in a year": """
        select unit_name, fte, fte_per_10000 from {fte_by_service}
        where time_period = $year and unit_level = 'county' and area_basis = 'reported' and target_group = 'total'
            and service_type = 'total' order by fte_per_10000 desc
    """,
    "country by service, all years": """
        select time_period, service_type, fte, series_break from {fte_by_service}
        where unit_level = 'country' and area_basis = 'reported' and target_group = 'adults'
        order by time_period, service_type
    """,
    "education in a municipality": """
        select education, fte, share from {fte_by_education}
        where unit_level = 'municipality' and unit_code = $unit and time_period = $year and area_basis = 'current'
            and target_group = 'total' order by education
    """,
    "an indicator by county": """
        select unit_name, answer, n_answered, share_of_answered, obs_status from {indicator_shares}
        where indicator = $indicator and unit_level = 'county' and area_basis = 'reported'
        order by time_period, unit_code, answer
    """,
    "twenty municipalities with most FTE": """
        select unit_code, unit_name, fte from {fte_by_service}
        where time_period = $year and unit_level = 'municipality' and area_basis = 'reported' and target_group = 'total'
            and service_type = 'total' and fte is not null order by fte desc limit 20
    """,
}


def _parameters(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, dict[str, Any]]]:
    """Return the queries: kinds in turn; units, years and indicators at random, the same ones every time."""

    def values(query: str) -> list[Any]:
        return [row[0] for row in connection.execute(query).fetchall()]

    units = values(
        """
        select distinct unit_code from fte_by_service where unit_level = 'municipality' and area_basis = 'current' order by 1
        """
    )
    years = values("select distinct time_period from fte_by_service where fte is not null order by 1")
    indicators = values("select distinct indicator from indicator_shares order by 1")
    lot = random.Random(SEED)
    kinds = list(QUERIES)
    chosen = []
    for number in range(NUMBER):
        kind = kinds[number % len(kinds)]
        drawn = {"unit": lot.choice(units), "year": lot.choice(years), "indicator": lot.choice(indicators)}
        chosen.append((kind, {name: value for name, value in drawn.items() if f"${name}" in QUERIES[kind]}))
    return chosen


def _ask(
    connection: duckdb.DuckDBPyConnection, tables: dict[str, str], asked: Sequence[tuple[str, dict[str, Any]]]
) -> list[float]:
    seconds = []
    for kind, parameters in asked:
        query = QUERIES[kind].format(**tables)
        started = time.perf_counter()
        connection.execute(query, parameters).fetchall()
        seconds.append(time.perf_counter() - started)
    return seconds


def run(snapshot: Path) -> dict[str, Any]:
    """Return milliseconds of the queries by format: median, 95th percentile, and opening."""
    names = ("fte_by_service", "fte_by_education", "indicator_shares")
    found = {}
    started = time.perf_counter()
    with duckdb.connect(str(snapshot / "is248.duckdb"), read_only=True) as connection:
        opened = time.perf_counter() - started
        asked = _parameters(connection)
        found["DuckDB"] = (opened, _ask(connection, {name: f'"{name}"' for name in names}, asked))
    started = time.perf_counter()
    with duckdb.connect() as connection:
        opened = time.perf_counter() - started
        tables = {name: f"'{snapshot}/parquet/{name}.parquet'" for name in names}
        found["Parquet"] = (opened, _ask(connection, tables, asked))
    return {
        name: {
            "queries": len(seconds),
            "median_ms": statistics.median(seconds) * 1000,
            "slowest_twentieth_ms": sorted(seconds)[int(len(seconds) * 0.95)] * 1000,
            "opening_ms": opened * 1000,
        }
        for name, (opened, seconds) in found.items()
    }


def main() -> None:
    """Run and print the measurements as JSON."""
    print(json.dumps(run(Path(sys.argv[1]).resolve())))


if __name__ == "__main__":
    main()
