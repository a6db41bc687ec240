"""Spark as the engine of the models: the same dbt project, computed by the executors of a Spark master.

Belongs here: the session, its input (the source tables, as Parquet) and its output (the built tables, into the warehouse).
Does not belong here: SQL (``dbt_project``; differences between the engines are in its macros), or when Spark is worth its
cost (docs/run/engines.md).

Everything that Spark reads and writes is in one folder, which is emptied before and after a build:

    sources/<schema>/<table>/*.parquet    the source tables of the warehouse; of the delivered cells a file a form
    tables/<schema>.db/<table>/*.parquet  what the models came to
    local/                                what Spark spills

Models in Python do not run on executors: their function runs here, between two parts of the build, on Arrow tables that are
read from and written to Parquet. Finally the warehouse holds the same tables and views, with the same types, as after a
build with DuckDB, so later steps do not depend on the engine.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, literal, make_restricted, quoted
from orchestration.engines import build_record, dbt

ENGINE = "spark"

# Large source tables, with a file for each form, so that several executors can read them.
SPLIT_BY = {("raw", "cells"): "form"}

# Types that hold the same numbers: Spark has no integer of 16 bytes, and its sums have other widths.
_NUMBERS = (("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"), ("DECIMAL",))

# A table: schema and name.
Relation = tuple[str, str]


def build(
    settings: Settings, selection: Sequence[str], on_progress: Callable[[str], None], *, takes_over: bool = True
) -> list[Any]:
    """Build the models with Spark, bring the tables back into the warehouse, and run the data tests there.

    Tables are handed from model to model in Spark, so all models are built whatever is selected, and nothing is taken over.

    Args:
        settings: where project, warehouse and Spark's folder lie.
        selection: dbt's options of selection, which are ignored here.
        on_progress: takes a line for each model that is done.
        takes_over: ignored here too.

    Returns:
        dbt's result of every model and data test, as a build with DuckDB gives them.

    Raises:
        UserError: there is no Java or no PySpark, Spark cannot start, a model failed, or a type is not the expected one.
            The tables of the warehouse then remain those of the build before.
    """
    manifest: dict[str, Any] = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    # The SQL for DuckDB determines the types of the tables; dependencies come first.
    compiled = list(dbt.invoke(settings, "compile").result.results)
    seconds: dict[str, float] = {}
    with _folder(settings) as folder:
        with _session(settings, folder) as session:
            _hand_over(settings, session, folder, manifest)
            for part in _parts(manifest):
                if part.python_model is not None:
                    seconds[part.python_model] = _run_python(session, folder, manifest, part.python_model)
                results = dbt.invoke(settings, "run", *part.selection, engine=ENGINE, on_progress=on_progress).result.results
                log = dbt.target_folder(settings, ENGINE) / "dbt.log"
                dbt.refuse_failed(settings, results, f"see {log}; nothing was published")
                # The results also include dbt's operations at the start of a run.
                seconds |= {
                    entry.node.unique_id: entry.execution_time for entry in results if entry.node.resource_type == "model"
                }
        built = [entry for entry in compiled if entry.node.unique_id in seconds]
        _bring_back(settings, folder, [entry.node for entry in built])
    tests = dbt.invoke(settings, "test", "--select", "test_type:data").result.results
    return [replace(entry, status="success", execution_time=seconds[entry.node.unique_id]) for entry in built] + list(tests)


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """Yield the empty folder of the build; it contains answers of single units, so it is closed to others and emptied."""
    folder = settings.spark
    make_restricted(folder)
    _empty(folder)
    try:
        yield folder
    finally:
        _empty(folder)


def _empty(folder: Path) -> None:
    for name in ("sources", "tables", "local"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _options(settings: Settings, folder: Path) -> dict[str, str]:
    """Return the settings of the session: those that figures depend on, those that isolate it, and the user's own."""
    local = settings.spark_master.startswith("local")
    options = {
        "spark.app.name": "is248",
        "spark.master": settings.spark_master,
        "spark.sql.warehouse.dir": (folder / "tables").as_uri(),
        "spark.local.dir": str(folder / "local"),
        # No metastore: tables are registered only for a build.
        "spark.sql.catalogImplementation": "in-memory",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.driver.memory": "4g",
        # Parquet of codes that repeat is many times smaller than its rows in memory; judging by file size, Spark would
        # broadcast whole tables that do not fit into the executors' memory.
        "spark.sql.sources.fileCompressionFactor": "10",
        "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    }
    if local:
        options |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
            # Other users of this machine cannot connect.
            "spark.authenticate": "true",
            "spark.authenticate.secret": secrets.token_hex(32),
        }
    return (
        options
        | settings.spark_settings
        | {
            # Figures: an overflow or a text that is not a number is an error, never a silent null; times without a zone, as
            # in the warehouse; a backslash in a pattern is a backslash.
            "spark.sql.ansi.enabled": "true",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.timestampType": "TIMESTAMP_NTZ",
            "spark.sql.parser.escapedStringLiterals": "true",
        }
    )


@contextmanager
def _session(settings: Settings, folder: Path) -> Iterator[Any]:
    """Open the Spark session that dbt finds in this process, and end it with its Java process.

    Raises:
        UserError: there is no Java or no PySpark, or the master cannot be reached.
    """
    _require(settings)
    # Names are not looked up: only this machine is meant.
    before = os.environ.get("SPARK_LOCAL_IP")
    if settings.spark_master.startswith("local"):
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about the newest pandas, which is not used
        import pyspark
        from pyspark import SparkConf, SparkContext
        from pyspark.sql import SparkSession
    session = None
    try:
        try:
            conf = SparkConf(loadDefaults=False).setAll(list(_options(settings, folder).items()))
            session = SparkSession.builder.config(conf=conf).getOrCreate()
        except Exception as error:  # Py4J's and PySpark's own, with Java's stack trace
            raise UserError(
                f"Spark cannot start ({' '.join(str(error).split())[:300]})",
                place=settings.spark_master,
                remedy="correct IS248_SPARK_MASTER or IS248_SPARK_OPTIONS (docs/run/engines.md)",
            ) from error
        yield session
    finally:
        if session is not None:
            application = str(session.sparkContext.applicationId)
            session.stop()
            # The logs of executors of a trial cluster on this machine, which Spark keeps beside its own program.
            shutil.rmtree(Path(pyspark.__file__).parent / "work" / application, ignore_errors=True)
        gateway = SparkContext._gateway
        if gateway is not None:
            # A stopped session leaves its Java process running, with all its resources.
            gateway.shutdown()
            gateway.proc.stdin.close()
            gateway.proc.wait()
            SparkContext._gateway = SparkContext._jvm = None
        if before is None:
            os.environ.pop("SPARK_LOCAL_IP", None)
        else:
            os.environ["SPARK_LOCAL_IP"] = before


def _require(settings: Settings) -> None:
    for module in ("pyspark", "dbt.adapters.spark"):
        try:
            found = importlib.util.find_spec(module) is not None
        except ModuleNotFoundError:
            found = False
        if not found:
            raise UserError(
                f"the engine spark needs the package {module}",
                place="settings",
                remedy="start the program as IS248_ENGINE=spark ./is248, which installs requirements-spark.lock",
            )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise UserError(
            "the engine spark needs Java 17 or 21, and there is no java",
            place="settings",
            remedy="install one (Debian: openjdk-17-jre-headless) or set JAVA_HOME; or unset IS248_ENGINE",
        )


def _hand_over(settings: Settings, session: Any, folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write every source table to Parquet and register it in Spark under its own name."""
    sources = sorted((node["schema"], node["identifier"]) for node in manifest["sources"].values())
    with connect(settings.warehouse_file, read_only=True) as connection:
        for schema, name in sources:
            place = folder / "sources" / schema / name
            place.mkdir(parents=True)
            rows, column = f'from "{schema}"."{name}"', SPLIT_BY.get((schema, name))
            found = connection.execute(f"select distinct {column} {rows} order by all").fetchall() if column else []
            conditions = [f"where {column} = {literal(value)}" for (value,) in found] or [""]
            for number, condition in enumerate(conditions):
                connection.execute(
                    f"copy (select * {rows} {condition}) to {quoted(place / f'{number}.parquet')} (format parquet)"
                )
    for schema in sorted({schema for schema, _ in sources}):
        session.sql(f"create schema {schema}")
    for schema, name in sources:
        session.catalog.createTable(f"{schema}.{name}", path=(folder / "sources" / schema / name).as_uri(), source="parquet")


@dataclass(frozen=True)
class _Part:
    """A part of the build: SQL models by dbt's selection, preceded by a model in Python, if there is one."""

    python_model: str | None
    selection: tuple[str, ...]


def _parts(manifest: Mapping[str, Any]) -> list[_Part]:
    """Return the build cut at its models in Python: all before them, then each with what only waited for it."""
    nodes = {key: node for key, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    waiting = [key for key in _in_order(nodes) if nodes[key]["language"] == "python"]
    names = [str(nodes[key]["name"]) for key in waiting]
    parts = [_Part(None, ("--exclude", *(f"{name}+" for name in names)) if names else ())]
    for number, key in enumerate(waiting):
        later = (f"{name}+" for name in names[number + 1 :])
        parts.append(_Part(key, ("--select", f"{names[number]}+", "--exclude", *names, *later)))
    return parts


def _in_order(nodes: Mapping[str, Any]) -> list[str]:
    """Return models with those that they depend on before them."""
    ordered: dict[str, None] = {}

    def visit(key: str) -> None:
        for parent in sorted(nodes[key]["depends_on"]["nodes"]):
            if parent in nodes and parent not in ordered:
                visit(parent)
        ordered[key] = None

    for key in sorted(nodes):
        if key not in ordered:
            visit(key)
    return list(ordered)


class _Table:
    """A table with the interface that models in Python use with DuckDB, as far as they use it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def to_arrow_table(self) -> pa.Table:
        return pq.read_table(self._folder)


class _Tables:
    """The object that dbt passes to a model in Python: its tables by name."""

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self._folder = folder
        self._schemas = {
            node["name"]: (node["schema"], node["alias"])
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
        }

    def ref(self, name: str) -> _Table:
        return _Table(_built(self._folder, self._schemas[name]))

    def source(self, schema: str, name: str) -> _Table:
        return _Table(self._folder / "sources" / schema / name)


def _built(folder: Path, relation: Relation) -> Path:
    """Return the folder of a table that was built; the names are Spark's own."""
    return folder / "tables" / f"{relation[0]}.db" / relation[1]


def _run_python(session: Any, folder: Path, manifest: Mapping[str, Any], key: str) -> float:
    """Run the function of a model in Python and register its table in Spark; return the seconds that it took."""
    started = time.monotonic()
    node = manifest["nodes"][key]
    module: dict[str, Any] = {"__name__": node["name"]}
    exec(compile(node["raw_code"], node["original_file_path"], "exec"), module)
    table: pa.Table = module["model"](_Tables(folder, manifest), None)
    place = _built(folder, (node["schema"], node["alias"]))
    place.mkdir(parents=True)
    pq.write_table(table, place / "0.parquet")
    session.catalog.createTable(f"{node['schema']}.{node['alias']}", path=place.as_uri(), source="parquet")
    return time.monotonic() - started


def _bring_back(settings: Settings, folder: Path, nodes: list[Any]) -> None:
    """Replace the tables and views of the warehouse by what was built, in one transaction.

    Args:
        settings: where the warehouse lies.
        folder: where Spark wrote the tables.
        nodes: the models as compiled for DuckDB, each after those that it depends on.

    Raises:
        UserError: a table has other columns than with DuckDB, or types that do not hold the same values.
    """
    with connect(settings.warehouse_file) as connection:
        connection.execute("begin")
        build_record.forget_all(connection)
        kinds = {
            (str(schema), str(name)): str(kind)
            for schema, name, kind in connection.execute(
                "select table_schema, table_name, table_type from information_schema.tables"
            ).fetchall()
        }
        for node in nodes:
            relation, is_view = (node.schema, node.alias), node.config.materialized == "view"
            name = f'"{node.schema}"."{node.alias}"'
            connection.execute(f'create schema if not exists "{node.schema}"')
            kind = kinds.get(relation)
            if kind is not None and (kind == "VIEW") != is_view:
                connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {name}")
            if is_view:
                connection.execute(f"create or replace view {name} as ({node.compiled_code})")
            else:
                rows = f"read_parquet({quoted(_built(folder, relation) / '*.parquet')})"
                columns = _columns(connection, node, rows)
                connection.execute(f"create or replace table {name} as select {columns} from {rows}")
        connection.execute("commit")


def _columns(connection: duckdb.DuckDBPyConnection, node: Any, rows: str) -> str:
    """Return the columns of a table that was built, each with the type that it has with DuckDB."""
    found = _types(connection, f"select * from {rows}")
    expected = _types(connection, node.compiled_code) if node.language == "sql" else found
    for name in expected | found:
        have, want = found.get(name), expected.get(name)
        if have is None or want is None or list(found) != list(expected) or not _hold_the_same(have, want):
            raise UserError(
                f"column {name!r} is {have} with Spark and {want} with DuckDB",
                place=node.original_file_path,
                remedy="cast it in the model, or dispatch a macro (dbt_project/macros/engines.sql); nothing was published",
            )
    return ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in expected.items())


def _types(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute(f"describe {query}").fetchall()}


def _hold_the_same(have: str, want: str) -> bool:
    """Return whether two types hold the same values; a value that is too large for the narrower one is an error."""
    if have == want:
        return True
    if have.startswith("DECIMAL") and want.startswith("DECIMAL"):
        return have.rpartition(",")[2] == want.rpartition(",")[2]
    return {have, want} <= set(_NUMBERS[0])
