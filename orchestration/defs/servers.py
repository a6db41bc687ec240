"""Dagster's own settings, its long-running processes, and runs whose process died.

Belongs here: where Dagster keeps runs and events (files or PostgreSQL), how ``is248 webserver`` and ``is248 daemon`` start,
and ending in the records what ended on the machine. Does not belong here: what a run does (``runs``), what Dagster shows
(``definitions``), signals (``supervisor``) and what starts the servers with the machine (``deploy``).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.tags import GRPC_INFO_TAG, MAX_RETRIES_TAG
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, event

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import is_running, make_restricted

POSTGRES_VARIABLE = "IS248_POSTGRES_URL"
POSTGRES_SETTINGS = PROJECT_DIR / "deploy" / "dagster-postgres.yaml"
INSTANCE_SETTINGS = "dagster.yaml"
WORKSPACE = PROJECT_DIR / "workspace.yaml"

# Seconds that the database may take to answer before a command gives up.
CONNECT_TIMEOUT = 10

ORIGIN_TAG = "is248/origin"
# What every run of the command line carries. It is not tried again: who called the command sees that it failed.
COMMAND_TAGS = {ORIGIN_TAG: "command", MAX_RETRIES_TAG: "0"}

# Statuses of a run that a process is needed for; a queued one waits for the daemon.
_UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

SUPERVISOR = "orchestration.defs.supervisor"
# One JSON object a line; what a code server says only where something is wrong.
LOGGING = ("--log-format", "json", "--code-server-log-level", "warning")


def instance_settings(settings: Settings) -> str:
    """Return the text of Dagster's settings: what both storages share, PostgreSQL where it is set, and a file of the user's.

    No password stands in it.

    Raises:
        UserError: the file of the setting ``dagster_settings`` cannot be read.
    """
    text = (PROJECT_DIR / INSTANCE_SETTINGS).read_text(encoding="utf-8")
    if settings.postgres_url is not None:
        text += POSTGRES_SETTINGS.read_text(encoding="utf-8")
    if settings.dagster_settings is not None:
        file = settings.resolve(settings.dagster_settings)
        try:
            text += file.read_text(encoding="utf-8")
        except OSError as error:
            raise UserError(
                f"cannot be read ({error.strerror})", place=str(file), remedy="correct the setting dagster_settings"
            ) from error
    return text


def prepare_instance(settings: Settings) -> None:
    """Give Dagster its folder and its settings, with telemetry off.

    Several processes may do so at once: each finds a whole file.

    Raises:
        UserError: the folder belongs to somebody else, PostgreSQL cannot be reached, or its address is missing where runs
            were kept in PostgreSQL before.
    """
    file = settings.dagster_home / INSTANCE_SETTINGS
    text = instance_settings(settings)
    # Logs of runs quote single answers.
    make_restricted(settings.warehouse)
    make_restricted(settings.dagster_home)
    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        if settings.postgres_url is None and any(line.startswith("storage:") for line in before.splitlines()):
            raise UserError(
                f"runs of this warehouse are kept in PostgreSQL, and {POSTGRES_VARIABLE} is not set",
                place=str(file),
                remedy="set it as the servers have it, or delete this file to keep runs in files from now on",
            )
        if before != text:
            with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as partial:
                partial.write(text)
            Path(partial.name).replace(file)
    except OSError as error:
        raise UserError(
            f"cannot be written ({error.strerror})",
            place=str(file),
            remedy="give the warehouse folder to the user that runs this (docs/server.md)",
        ) from error
    if settings.postgres_url is not None:
        _require_postgres(settings.postgres_url)
        # Dagster and its processes read it from there, also where it was set in another way.
        os.environ[POSTGRES_VARIABLE] = settings.postgres_url.get_secret_value()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def _require_postgres(secret: SecretStr) -> None:
    """Check that the database answers; no message and no chained error holds the address, which has the password.

    Raises:
        UserError: it does not, or the address is none.
    """
    import sqlalchemy as sa  # imported here: files need no database
    from sqlalchemy.pool import NullPool

    try:
        url = sa.make_url(secret.get_secret_value())
    except (sa.exc.ArgumentError, ValueError):
        url = None
    if url is None or url.drivername != "postgresql" or not url.database:
        raise UserError(
            "is no address of a PostgreSQL database",
            place=POSTGRES_VARIABLE,
            remedy="write postgresql://user:password@host:5432/database, with special characters of the password as %XX",
        )
    engine = sa.create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_TIMEOUT})
    try:
        with engine.connect():
            return
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__)
    for hidden in (secret.get_secret_value(), url.password, url.query.get("password")):
        if isinstance(hidden, str) and hidden:
            reason = reason.replace(hidden, "***")
    host = url.host or url.query.get("host") or "local socket"
    raise UserError(
        f"PostgreSQL cannot be reached: {reason}",
        place=f"{host if isinstance(host, str) else ', '.join(host)}:{url.port or 5432}/{url.database}",
        remedy=f"start it, or correct {POSTGRES_VARIABLE}",
    )


@contextmanager
def quick_records() -> Iterator[None]:
    """Let Dagster's SQLite files take the events of a run without a new engine, and without waiting for the disk, at each.

    Dagster opens and closes its files for every event, which makes SQLite copy its log back and wait for the disk each time.
    With one connection held open, and commits that wait only then, that happens once at the end. A power cut can cost the
    last events of a run, which is then begun anew anyway; the files stay whole, and nothing published is in them.
    """
    held: dict[str, sqlite3.Connection] = {}
    engines: dict[str, Engine] = {}

    def hold(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = normal")
            path = str(connection.execute("pragma database_list").fetchone()[2])
            if path and path not in held:
                held[path] = sqlite3.connect(path, check_same_thread=False)
                # A connection counts from its first look at the file.
                held[path].execute("select count(*) from sqlite_master").fetchall()

    def create_engine_once(address: str, **settings: Any) -> Engine:
        # It has no pool, so that nothing of one use is left to the next but what it learned of the file.
        if address not in engines:
            engines[address] = create_engine(address, **settings)
        return engines[address]

    event.listen(Engine, "connect", hold)
    try:
        with (
            patch.object(sqlite_event_log, "create_engine", create_engine_once),
            patch.object(sqlite_run_storage, "create_engine", create_engine_once),
        ):
            yield
    finally:
        event.remove(Engine, "connect", hold)
        for connection in held.values():
            connection.close()


def report_dead_runs(instance: dg.DagsterInstance, settings: Settings, *, holds_lock: bool = False) -> list[str]:
    """End runs of the command line whose process died, so that they do not hold up the queue.

    Such a run holds the run lock from before it is created until after its end is recorded. One that is under way while the
    lock is free, or held by the caller, therefore has no process any more.

    Args:
        instance: where the runs are recorded.
        settings: where the lock lies.
        holds_lock: the calling process holds the lock, and has begun no run yet.

    Returns:
        The runs that were ended.
    """
    # In this order: a run that begins after this line is not looked at, whoever has the lock then.
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY, tags={ORIGIN_TAG: COMMAND_TAGS[ORIGIN_TAG]}))
    if not runs or (not holds_lock and is_running(settings.warehouse)):
        return []
    return _end(instance, [run.run_id for run in runs], "The process of this run of the command line died.")


def report_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """End runs of an earlier daemon on this machine whose process went with it; the new daemon tries them again.

    The daemon sees the death of a run itself. Nobody sees it when both died at once (power, memory, a container that was
    stopped). Only a daemon that starts calls this: another container does not see the processes of the daemon's.

    Returns:
        The runs that were ended.
    """
    lost = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY)):
        if GRPC_INFO_TAG not in run.tags:
            continue
        started = [
            (int(str(data.metadata["pid"].value)), entry.timestamp)
            for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
            if entry.dagster_event is not None and "pid" in (data := entry.dagster_event.engine_event_data).metadata
        ]
        # A run that has not said its process yet is ended by the monitoring if it never starts.
        if started and not _is_alive(*started[0]):
            lost.append(run.run_id)
    return _end(instance, lost, "The process of this run died together with the daemon.")


def _end(instance: dg.DagsterInstance, runs: list[str], message: str) -> list[str]:
    """Record runs as failed that are still under way, and return them."""
    ended = []
    for identifier in runs:
        run = instance.get_run_by_id(identifier)
        if run is not None and run.status in _UNDER_WAY:
            instance.report_run_failed(run, message)
            ended.append(identifier)
    return ended


def _is_alive(process: int, seen: float) -> bool:
    """Return whether the process that had this number at this time is still there, and not a later one of its number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        # The fields after the name, which may itself have spaces and brackets; the 22nd is the start after booting.
        ticks = int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
        booted = next(
            int(line.split()[1])
            for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines()
            if line.startswith("btime ")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return True
    return booted + ticks / os.sysconf("SC_CLK_TCK") <= seen + 2


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run_webserver(settings: Settings, host: str, port: int, *, operate: bool) -> NoReturn:
    """Become the server of Dagster's user interface, until it is asked to stop; read-only unless ``operate``.

    Raises:
        UserError: the port is taken, or Dagster's storage cannot be used.
    """
    prepare_instance(settings)
    _require_free(host, port)
    _keep(
        "dagster-webserver",
        *("--workspace", str(WORKSPACE)),
        *("--host", host),
        *("--port", str(port)),
        *([] if operate else ["--read-only"]),
        *LOGGING,
    )


def run_daemon(settings: Settings) -> NoReturn:
    """Become Dagster's daemon, until it is asked to stop; it then waits for the run that is under way.

    Raises:
        UserError: Dagster's storage cannot be used.
    """
    prepare_instance(settings)
    end_dead_runs(settings)
    _keep("dagster-daemon", "run", *("--workspace", str(WORKSPACE)), *LOGGING)


def end_dead_runs(settings: Settings) -> None:
    """End every run whose process died, before a daemon starts on this machine; the instance is prepared."""
    with dg.DagsterInstance.get() as instance:
        report_dead_runs(instance, settings)
        report_lost_runs(instance)


def _require_free(host: str, port: int) -> None:
    """Raise a UserError where an address cannot be listened on."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise UserError(
            f"cannot be listened on ({error.strerror})", place=f"{host}:{port}", remedy="choose another --port or --host"
        ) from error


def _keep(name: str, *arguments: str) -> NoReturn:
    """Become the process that keeps a program of this Python's folder, and leave nothing of it behind."""
    program = Path(sys.executable).parent / name
    os.execv(sys.executable, [sys.executable, "-m", SUPERVISOR, str(program), *arguments])
