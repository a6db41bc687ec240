"""Preparing and running the dbt project, in this process.

Belongs here: the manifest, the generated description file and the calls of dbt. Does not belong here: SQL, or what Dagster
makes of the results (``defs.models``).

dbt runs in this process and not as a command of its own: a start of dbt costs more than all models of a year.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from filelock import FileLock

from orchestration.core import yaml_text
from orchestration.core.content_hashes import code_hash, file_hash
from orchestration.core.errors import UserError
from orchestration.core.progress import progress
from orchestration.core.settings import Settings, load_settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import memory_limit
from orchestration.ingest.data_packages import PACKAGES, describe

# dbt's properties of sources and public models, made from data/metadata and the data packages. Kept in git, so that dbt and
# editors work in a fresh clone; ``prepare`` rewrites it where the inputs differ.
GENERATED = {"sources": Path("sources", "generated.yml"), "models": Path("public", "generated.yml")}

# The engine of the warehouse. The results of another engine are brought back into it (``orchestration.engines.spark``).
DUCKDB = "duckdb"

# dbt's log, in its folder, and its message for a model that was taken over (macros/taken_over.sql).
LOG = "dbt.log"
TAKEN_OVER = "taken over"

# dbt's statuses of a model or test that it could not run, or did not try to run.
FAILED = {"error", "skipped"}

# The manifest that is read, and the fingerprint of its inputs.
PREPARED = "prepared.json"
STAMP = "prepared.sha256"


def describe_models(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """Return dbt's properties: the sources of the data packages, and the public models from ``data/metadata``.

    The sources that the readers write are in ``sources/_sources.yml``.
    """
    sources = []
    for package in PACKAGES:
        tables: dict[str, dict[str, Any]] = {}
        for resource in describe(settings.data, package):
            tables.setdefault(
                resource.table,
                {
                    "name": resource.table,
                    "description": resource.description or resource.title,
                    "columns": [{"name": name} for name in resource.columns],
                },
            )
        sources.append({"name": package, "schema": package, "tables": list(tables.values())})
    models = [
        {
            "name": table.name,
            "description": f"{table.title.en}. {table.description.en}",
            # A column that is missing or of another type stops the build, before anything is made from the table.
            "config": {"contract": {"enforced": True}},
            "data_tests": [{"key_is_unique": {"arguments": {"columns": list(table.key)}}}],
            "columns": [
                {"name": column.name, "description": column.description.en, "data_type": column.type}
                for column in table.columns
            ],
        }
        for table in load_tables(settings.metadata)
        if table.made_by == "dbt"
    ]
    return {"sources": sources, "models": models}


def write_descriptions(settings: Settings) -> None:
    """Write dbt's properties files where they differ; two processes that write at once write the same content."""
    for kind, described in describe_models(settings).items():
        path = settings.dbt_project / "models" / GENERATED[kind]
        text = (
            "# Made from data/metadata and the data packages (orchestration/engines/dbt.py): change those, and run is248.\n"
        )
        text += yaml_text.dump({"version": 2, kind: described})
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def fingerprint(settings: Settings) -> str:
    """Return a hash of dbt's version, the project and the path of the warehouse, which the manifest contains."""
    return hashlib.sha256(f"{project_hash(settings)} {settings.warehouse_file}".encode()).hexdigest()


def project_hash(settings: Settings) -> str:
    """Return a hash of dbt's version and the project; it does not depend on the warehouse's location."""
    digest = hashlib.sha256()
    for package in ("dbt-core", "dbt-duckdb", "duckdb"):
        digest.update(f"{package}={version(package)};".encode())
    for path in sorted(settings.dbt_project.rglob("*")):
        if path.is_file() and path.suffix in {".md", ".py", ".sql", ".yml"}:
            digest.update(path.relative_to(settings.dbt_project).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    """Set dbt's paths for a call, and switch its telemetry off."""
    values = {
        "IS248_WAREHOUSE_FILE": str(settings.warehouse_file),
        "IS248_DUCKDB_MEMORY": memory_limit(),
        "IS248_CODE": code_hash(),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let signals interrupt dbt as Python does: after Dagster's own kind of interrupt dbt's threads would keep running."""
    heard = {}
    if threading.current_thread() is threading.main_thread():
        heard = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        for number, handler in heard.items():
            if callable(handler):
                signal.signal(number, signal.default_int_handler)
        yield
    finally:
        for number, handler in heard.items():
            signal.signal(number, handler)


def target_folder(settings: Settings, engine: str = DUCKDB) -> Path:
    """Return the folder of dbt's manifest, compiled SQL and log; one for each engine, so that dbt need not parse again."""
    return settings.dbt_target if engine == DUCKDB else settings.dbt_target / engine


class _Log:
    """Writes dbt's events into its log file: its own logger takes a third of the time of most models."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, event: Any) -> None:
        """Write an event as a line."""
        info = event.info
        with self._lock:
            self._file.write(f"{info.ts.ToJsonString()} [{info.level}] [{info.thread}]: {info.msg}\n")
        if info.level != "debug" and info.msg.strip():
            progress.detail(f"    dbt: {info.msg}")


def _progress(on_progress: Callable[[str], None]) -> Callable[[Any], None]:
    """Return a callback that reports each finished model, from dbt's own events."""
    lock = threading.Lock()

    def show(event: Any) -> None:
        if event.info.name != "LogModelResult":
            return
        data = event.data
        if data.status.startswith(TAKEN_OVER):
            return
        with lock:
            on_progress(f"{data.index:>3} of {data.total}  {data.node_info.node_name}  {data.execution_time:.1f} s")

    return show


def invoke(
    settings: Settings, *arguments: str, engine: str = DUCKDB, on_progress: Callable[[str], None] | None = None
) -> Any:
    """Call dbt and return its result object (``dbtRunnerResult``); the log goes to the target folder.

    Args:
        settings: where the project and its warehouse lie.
        arguments: command and options of dbt.
        engine: the target of the project's profile.
        on_progress: takes a line for each model that is done; dbt's threads call it, one at a time.

    Raises:
        UserError: dbt could not start or a model has an error; the message is dbt's own, in one line. Failed tests and
            models are in the result, for the caller to judge.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # imported here: a second and a half
    from dbt.cli.main import dbtRunner

    target = target_folder(settings, engine)
    target.mkdir(parents=True, exist_ok=True)
    try:
        with _environment(settings), _interruptible(), (target / LOG).open("a", encoding="utf-8") as log:
            heard = [_Log(log).write, *([_progress(on_progress)] if on_progress is not None else [])]
            result = dbtRunner(callbacks=heard).invoke(
                [
                    "--quiet",
                    "--log-level",
                    "none",
                    "--log-level-file",
                    "none",
                    "--no-use-colors",
                    "--log-path",
                    str(target),
                    *arguments,
                    "--target",
                    engine,
                    "--project-dir",
                    str(settings.dbt_project),
                    "--profiles-dir",
                    str(settings.dbt_project),
                    "--target-path",
                    str(target),
                ]
            )
    finally:
        # The adapter keeps the file open until the process ends, but the next steps need it.
        environment = DuckDBConnectionManager._ENV
        DuckDBConnectionManager.close_all_connections()
        if environment is not None:
            environment.close()
    if result.exception is not None and not isinstance(result.exception, Exception):
        # dbt returns an interrupt as if it were its own error.
        raise result.exception
    if result.exception is not None:
        raise UserError(
            " ".join(str(result.exception).split()),
            place=str(settings.dbt_project),
            remedy=f"see {target / LOG}",
        )
    return result


def refuse_failed(settings: Settings, results: Iterable[Any], remedy: str) -> None:
    """Refuse dbt's results if a model has an error.

    Args:
        settings: where the project lies.
        results: one for each node, as in dbt's result object.
        remedy: what to check.

    Raises:
        UserError: with the models and dbt's message for each.
    """
    failed = [entry for entry in results if str(entry.status) == "error"]
    if failed:
        raise UserError(
            "; ".join(f"model {entry.node.name}: {' '.join(str(entry.message).split())[:500]}" for entry in failed),
            place=str(settings.dbt_project),
            remedy=remedy,
        )


def _is_prepared(settings: Settings, current: str) -> bool:
    manifest, stamp = settings.dbt_target / PREPARED, settings.dbt_target / STAMP
    try:
        return stamp.read_text(encoding="utf-8") == f"{current} {file_hash(manifest)}"
    except OSError:
        return False


def prepare(settings: Settings) -> Path:
    """Return dbt's manifest, brought up to date; nothing is done when neither project nor versions changed.

    It is a copy that is only replaced atomically: dbt rewrites its own in place at every call, while servers read.
    """
    write_descriptions(settings)
    settings.dbt_target.mkdir(parents=True, exist_ok=True)
    manifest = settings.dbt_target / PREPARED
    current = fingerprint(settings)
    if not _is_prepared(settings, current):
        # The import takes seconds, which pass while another process parses.
        importlib.import_module("dbt.cli.main")
        # Servers that start together would each parse into the same files.
        with FileLock(settings.dbt_target / "prepare.lock"):
            if not _is_prepared(settings, current):
                invoke(settings, "parse")
                partial = manifest.with_suffix(".partial")
                shutil.copyfile(settings.dbt_target / "manifest.json", partial)
                partial.replace(manifest)
                (settings.dbt_target / STAMP).write_text(f"{current} {file_hash(manifest)}", encoding="utf-8")
    return manifest


def start_to_prepare(settings: Settings) -> None:
    """Run ``prepare`` in another process, while this one continues; do nothing if everything is up to date.

    The other process reads its settings from the environment, like this one. ``prepare`` waits for it, and does itself, with
    all errors reported, what that process did not do.
    """
    if not _is_prepared(settings, fingerprint(settings)):
        nowhere = subprocess.DEVNULL
        subprocess.Popen([sys.executable, "-m", __name__], stdin=nowhere, stdout=nowhere, stderr=nowhere)


if __name__ == "__main__":
    prepare(load_settings())
