"""The figures of a build without corrections are kept only if they exist and their inputs are unchanged."""

from __future__ import annotations

import duckdb

from orchestration.engines.uncorrected import SCHEMA, _kept, prepare_tables


def test_a_warehouse_that_has_none_keeps_none() -> None:
    with duckdb.connect() as connection:
        assert _kept(connection, "this") is None


def test_figures_are_kept_where_they_are_made_of_the_same() -> None:
    with duckdb.connect() as connection:
        prepare_tables(connection, "this")
        # An interrupted build.
        assert _kept(connection, "this") is None
        connection.execute(f"insert into {SCHEMA}.printed_figures (source_id) values ('a'), ('b')")
        assert _kept(connection, "this") == 2
        assert _kept(connection, "that") is None
