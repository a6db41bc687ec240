"""The printed figures recomputed without the signed corrections, by the same models in a copy of the warehouse.

A report was printed before an answer was corrected. Whether only the correction explains why a figure differs from print is
found by computing the figure without it, not by tracing the effect of each correction through every sum, rate and share.

Belongs here: the second build, and keeping its results. Does not belong here: the conclusion for a printed figure
(``mart_reconciliation__corrected``).
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.core.content_hashes import code_hash
from orchestration.core.settings import Settings
from orchestration.core.warehouse import attach, connect, make_restricted, replace_tables
from orchestration.engines import build_record, dbt

SCHEMA = "before_corrections"

# One row for each printed figure that was compared: its key, the recomputed value, and the verdict on it.
FIGURES = pa.schema(
    [
        ("source_id", pa.string()),
        ("table_id", pa.string()),
        ("cell_key", pa.string()),
        ("line_number", pa.int64()),
        ("computed", pa.float64()),
        ("verdict", pa.string()),
    ]
)
TABLES = {"printed_figures": FIGURES}

# The model of the copy that has the verdicts.
COMPARED = "mart_reconciliation__compared"

CORRECTIONS = ("decisions", "corrections")

# What earlier snapshots showed decides what is hidden. It is a figure only of a question that keeps the last snapshot's
# figures, and these change with a new snapshot, for which other sources have changed too.
NO_FIGURES = {"history", SCHEMA}
# ... nor do signed entries about missing answers affect any figure.
NO_FIGURE = ("decisions", "redeliveries")

# Beside the tables: their inputs.
MADE_OF = "made_of"


def compare_uncorrected(settings: Settings, versions: Callable[[duckdb.DuckDBPyConnection, str, str], str]) -> int:
    """Write the tables of the schema: empty without corrections, else from a build without them, unless they are up to date.

    Args:
        settings: where the project and its warehouse lie; the sources are in the warehouse.
        versions: returns the version of the content of a table, by schema and name.

    Returns:
        The number of printed figures that were compared.

    Raises:
        UserError: a model failed in the copy.
    """
    manifest: dict[str, Any] = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    sources = sorted((str(node["schema"]), str(node["identifier"])) for node in manifest["sources"].values())
    with connect(settings.warehouse_file) as connection:
        if not connection.execute(f"select count(*) from {'.'.join(CORRECTIONS)}").fetchall()[0][0]:
            prepare_tables(connection)
            return 0
        # A Python model calls the program.
        made_of = hashlib.sha256(f"{dbt.fingerprint(settings)} {code_hash()}".encode())
        for schema, table in sources:
            if (schema, table) not in (CORRECTIONS, NO_FIGURE) and schema not in NO_FIGURES:
                made_of.update(f"{schema}.{table}={versions(connection, schema, table)};".encode())
        kept = _kept(connection, made_of.hexdigest())
        if kept is not None:
            return kept
    with _folder(settings) as folder:
        copy = settings.model_copy(update={"warehouse_dir": folder})
        shutil.copyfile(settings.warehouse_file, copy.warehouse_file)
        with connect(copy.warehouse_file) as connection:
            connection.execute(f"delete from {'.'.join(CORRECTIONS)}")
            prepare_tables(connection)
            changed = build_record.changed_sources(connection, settings)
        selected = _selected(changed)
        if selected:
            results = dbt.invoke(copy, "run", "--select", *selected).result.results
            dbt.refuse_failed(
                settings, results, "see what the model says of a warehouse without corrections; nothing was published"
            )
        with connect(settings.warehouse_file) as connection:
            attach(connection, copy.warehouse_file, "uncorrected")
            try:
                columns = ", ".join(f'"{name}"' for name in FIGURES.names)
                prepare_tables(connection, made_of.hexdigest())
                connection.execute(
                    f"insert into {SCHEMA}.printed_figures select {columns} from uncorrected.marts.{COMPARED} order by all"
                )
            finally:
                connection.execute("detach uncorrected")
            return int(connection.execute(f"select count(*) from {SCHEMA}.printed_figures").fetchall()[0][0])


def _selected(changed: Sequence[str] | None) -> list[str]:
    """Return what dbt must build in the copy: the models downstream of sources that changed since the last build.

    Args:
        changed: those sources (``schema.table``); all where that is not known.
    """
    if changed is None:
        return [f"+{COMPARED}"]
    deciding = [name for name in changed if name.partition(".")[0] not in NO_FIGURES and name != ".".join(NO_FIGURE)]
    return [f"source:{name}+,+{COMPARED}" for name in deciding]


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """Yield the empty folder of the copy; it contains answers of single units, so remains of a killed run go too."""
    folder = settings.warehouse / "uncorrected"
    shutil.rmtree(folder, ignore_errors=True)
    make_restricted(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prepare_tables(connection: duckdb.DuckDBPyConnection, made_of: str = "") -> None:
    """Replace the tables by empty ones, and record their inputs; no inputs where there is no correction."""
    tables = TABLES | {MADE_OF: pa.schema([("made_of", pa.string())])}
    replace_tables(connection, SCHEMA, tables, {name: [] for name in TABLES} | {MADE_OF: [(made_of,)]})


def _kept(connection: duckdb.DuckDBPyConnection, wanted: str) -> int | None:
    """Return how many figures the tables have, if they have these inputs; an interrupted build leaves none."""
    try:
        (found,) = connection.execute(f"select made_of from {SCHEMA}.{MADE_OF}").fetchall()[0]
    except duckdb.CatalogException:
        return None
    count = int(connection.execute(f"select count(*) from {SCHEMA}.printed_figures").fetchall()[0][0])
    return count if found == wanted and count else None
