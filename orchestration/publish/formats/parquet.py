"""Parquet: rows in the order of the key, Zstandard, statistics for readers that skip row groups."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.core.tables import Table
from orchestration.core.warehouse import literal, quoted
from orchestration.publish.publication_metadata import Release


def write(connection: duckdb.DuckDBPyConnection, table: Table, path: Path, release: Release | None = None) -> None:
    """Write ``table`` (a relation of the connection's default schema) as Parquet; the file's metadata say what it is."""
    about = {"title": table.title.en}
    if release is not None:
        about |= {"publication": release.catalogue.title.en, "licence": release.catalogue.licence.name}
        if release.notice is not None:
            about |= {"notice_nb": release.notice.nb, "notice_en": release.notice.en}
    described = ", ".join(f"{name}: {literal(text)}" for name, text in about.items())
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    connection.execute(
        f"""
        copy (select {columns} from "{table.name}" order by {table.order_by})
        to {quoted(path)} (format parquet, compression zstd, row_group_size 122880, kv_metadata {{{described}}})
        """
    )
