"""The records of runs: written quickly, and marked as ended where the process of a run died.

Belongs here: what Dagster's storage records about runs. Does not belong here: where the storage lies (``defs.instance``), or
what a run does (``defs.runs``).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from sqlalchemy import Engine, QueuePool, create_engine, event

from orchestration.core.settings import Settings
from orchestration.core.warehouse import is_running

ORIGIN_TAG = "is248/origin"
# The tags of every run of the command line. It is not retried: the user of the command sees that it failed.
COMMAND_TAGS = {ORIGIN_TAG: "command", "dagster/max_retries": "0"}

# The tag of a run that a code server started.
_GRPC_INFO_TAG = ".dagster/grpc_info"

# Dagster has no setting for how its files are opened; these modules open them. Without this a run takes 10 ms more per
# event.
_STORAGES: tuple[Any, ...] = (sqlite_event_log, sqlite_run_storage)

# Statuses of a run that need a process; a queued run waits for the daemon.
_UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


@contextmanager
def quick_records() -> Iterator[None]:
    """Let Dagster write the events of a run to SQLite without opening the file and waiting for the disk at each event.

    Dagster opens and closes its files for every event, which makes SQLite copy its log back and wait for the disk each time.
    With connections that stay open, and commits that wait only at the end, that happens once. A power cut can lose the last
    events of a run, which is started again in any case; the files stay intact, and contain nothing published.
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
        # With a pool, which Dagster's own engines lack: opening a file costs more than most writes to it.
        if address not in engines:
            engines[address] = create_engine(address, **{**settings, "poolclass": QueuePool})
            # Dagster is done with an engine after each use.
            engines[address].dispose = lambda close=True: None  # type: ignore[method-assign]
        return engines[address]

    event.listen(Engine, "connect", hold)
    try:
        for module in _STORAGES:
            module.create_engine = create_engine_once
        yield
    finally:
        for module in _STORAGES:
            module.create_engine = create_engine
        event.remove(Engine, "connect", hold)
        for engine in engines.values():
            Engine.dispose(engine)
        for connection in held.values():
            connection.close()


def report_dead_runs(instance: dg.DagsterInstance, settings: Settings, *, holds_lock: bool = False) -> list[str]:
    """End runs of the command line whose process died, so that they do not hold up the queue.

    Such a run holds the run lock from before it is created until after its end is recorded. One that is under way while the
    lock is free, or held by the caller, therefore has no process any more.

    Args:
        instance: where the runs are recorded.
        settings: where the lock lies.
        holds_lock: the calling process holds the lock, and has not started a run yet.

    Returns:
        The runs that were ended.
    """
    # In this order: a run that starts after this line is not considered, whoever holds the lock then.
    runs = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY, tags={ORIGIN_TAG: COMMAND_TAGS[ORIGIN_TAG]}))
    if not runs or (not holds_lock and is_running(settings.warehouse)):
        return []
    return _end(instance, [run.run_id for run in runs], "The process of this run of the command line died.")


def report_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """End runs of an earlier daemon on this machine whose process died with it; the new daemon retries them.

    The daemon sees the death of a run itself. Nobody sees it when both died at once (power, memory, a container that was
    stopped). Only a starting daemon calls this: another container does not see the processes of the daemon's container.

    Returns:
        The runs that were ended.
    """
    lost = []
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY)):
        if _GRPC_INFO_TAG not in run.tags:
            continue
        started = [
            (int(str(data.metadata["pid"].value)), entry.timestamp)
            for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
            if entry.dagster_event is not None and "pid" in (data := entry.dagster_event.engine_event_data).metadata
        ]
        # A run without a recorded process is ended by the monitoring if it never starts.
        if started and not _is_alive(*started[0]):
            lost.append(run.run_id)
    return _end(instance, lost, "The process of this run died together with the daemon.")


def _end(instance: dg.DagsterInstance, runs: list[str], message: str) -> list[str]:
    """Record runs that are still under way as failed, and return them."""
    ended = []
    for identifier in runs:
        run = instance.get_run_by_id(identifier)
        if run is not None and run.status in _UNDER_WAY:
            instance.report_run_failed(run, message)
            ended.append(identifier)
    return ended


def _is_alive(process: int, seen: float) -> bool:
    """Return whether the process with this number and start is still running, and not a later one with its number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        # The fields after the name, which may itself contain spaces and brackets: the state, and the start time since boot.
        fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        state, ticks = fields[0], int(fields[19])
        # Dead, but not yet reaped.
        if state in "ZX":
            return False
        booted = next(
            int(line.split()[1])
            for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines()
            if line.startswith("btime ")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return True
    return booted + ticks / os.sysconf("SC_CLK_TCK") <= seen + 2


def end_dead_runs(settings: Settings) -> None:
    """End every run whose process died, before a daemon starts on this machine; the instance is prepared."""
    with dg.DagsterInstance.get() as instance:
        report_dead_runs(instance, settings)
        report_lost_runs(instance)
