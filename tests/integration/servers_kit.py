"""Shared by the tests of the servers: their own PostgreSQL, the server processes, and requests to them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import LARGE_INPUTS

# Generous: a busy machine must not fail a test.
PATIENCE = 240.0

USER, DATABASE = "is248", "is248_dagster"
# Every character that may cause trouble in an address, a shell or a settings file.
PASSWORD = "p@ss/w:rd?#%1 '\"$x"

Found = TypeVar("Found")


def until(look: Callable[[], Found | None], what: str) -> Found:
    """Repeat a call until it returns an answer."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.3)
    raise AssertionError(f"waited {PATIENCE:.0f} s for {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes(folder: Path) -> list[int]:
    """Return the processes whose warehouse is the folder: the servers and all their descendants."""
    mark = f"IS248_WAREHOUSE_DIR={folder}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (path / "environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
    return sorted(found)


def _postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's server programs, the newest where there are several."""
    on_path = shutil.which("initdb")
    folders = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()),
        key=lambda path: float(path.parent.name),
    )
    if folders:
        return folders[-1]
    return Path(on_path).parent if on_path and shutil.which("postgres") else None


@contextmanager
def postgres() -> Iterator[str]:
    """Run a PostgreSQL server on loopback, and yield the address of an empty database in it."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server is installed: the set-up with PostgreSQL is not tested")
    # The server refuses to run as root, and its user cannot enter pytest's folders.
    user = None
    if os.getuid() == 0:
        import pwd

        names = {entry.pw_name for entry in pwd.getpwall()}
        user = next((name for name in ("postgres", "nobody") if name in names), None)
        if user is None:
            pytest.skip(
                "root may not run PostgreSQL, and there is no user postgres: the set-up with PostgreSQL is not tested"
            )
    folder = Path(tempfile.mkdtemp(prefix="is248-postgres-", dir="/tmp"))
    as_user: dict[str, Any] = {"cwd": folder, "user": user, "group": user and pwd.getpwnam(user).pw_gid}
    as_user["extra_groups"] = [] if user else None
    try:
        password = folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if user:
            shutil.chown(folder, user)
            shutil.chown(password, user)
        data, port = folder / "data", free_port()
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", USER, "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8", "-N"],
            capture_output=True,
            text=True,
            check=False,
            **as_user,
        )
        assert made.returncode == 0, made.stderr
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": folder, "fsync": "off"}
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [
                    programs / "postgres",
                    *("-D", data),
                    *("-p", str(port)),
                    *(part for name, value in options.items() for part in ("-c", f"{name}={value}")),
                ],
                stdout=log,
                stderr=log,
                **as_user,
            )
        try:
            server_address = f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port}"
            until(lambda: _make_database(f"{server_address}/postgres", server), "PostgreSQL")
            yield f"{server_address}/{DATABASE}"
        finally:
            # Fast shutdown: connections are cut.
            server.send_signal(signal.SIGINT)
            server.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _make_database(address: str, server: subprocess.Popen[bytes]) -> bool:
    import psycopg2

    assert server.poll() is None, "PostgreSQL ended by itself"
    try:
        connection = psycopg2.connect(address)
    except psycopg2.OperationalError:
        return False
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"create database {DATABASE}")
    connection.close()
    return True


def sql(address: str, query: str) -> list[tuple[Any, ...]]:
    """Run a query on the database."""
    import psycopg2

    connection = psycopg2.connect(address)
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()
    finally:
        connection.close()


LAUNCH = """
mutation ($execution: ExecutionParams!) {
  launchRun(executionParams: $execution) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
  }
}"""
RUNS = "{ runsOrError { ... on Runs { results { runId status } } } }"
LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
  __typename
  ... on PythonError { message causes { message stack } }
} } } } }"""
TERMINATE = "mutation ($run: String!) { terminateRun(runId: $run) { __typename } }"


def ask(port: int, query: str, **variables: Any) -> dict[str, Any]:
    """Send a GraphQL request to a webserver."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": query, "variables": variables}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as response:
        answer: dict[str, Any] = json.load(response)
    assert "errors" not in answer, answer
    data: dict[str, Any] = answer["data"]
    return data


def launch(port: int, keys: list[list[str]]) -> dict[str, Any]:
    """Ask a webserver to materialize assets of the real code location."""
    launched: dict[str, Any] = ask(
        port,
        LAUNCH,
        execution={
            "selector": {
                "repositoryLocationName": "is248",
                "repositoryName": "__repository__",
                "jobName": "__ASSET_JOB",
                "assetSelection": [{"path": key} for key in keys],
            },
            "runConfigData": {},
        },
    )["launchRun"]
    return launched


@dataclass
class Servers:
    """Server processes over one warehouse, as an operator starts them."""

    folder: Path
    variables: dict[str, str]
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command; its output goes to files under its name."""
        with (self.folder / f"{name}.out").open("ab") as out, (self.folder / f"{name}.err").open("ab") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "orchestration.cli", *arguments],
                cwd=PROJECT_DIR,
                env={**os.environ, **self.variables},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.started.append(process)
        return process

    def output(self) -> str:
        """Return the output of all processes."""
        return "".join(
            f"--- {path.name}\n{path.read_text(encoding='utf-8')}"
            for suffix in ("out", "err")
            for path in sorted(self.folder.glob(f"*.{suffix}"))
        )

    def end(self) -> None:
        """Kill the remaining processes and their descendants."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
        end = time.monotonic() + PATIENCE
        while (left := processes(self.warehouse)) and time.monotonic() < end:
            for number in left:
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
            time.sleep(0.1)


def make_servers(folder: Path, **variables: str) -> Servers:
    """Prepare a separate warehouse, with a copy of the inputs with which a test can hold up a run."""
    data = folder / "data"
    data.mkdir(parents=True)
    for path in sorted((PROJECT_DIR / "data").iterdir()):
        if path.name in LARGE_INPUTS:
            (data / path.name).symlink_to(path)
        elif path.is_dir() and path.name not in ("warehouse", "snapshots"):
            shutil.copytree(path, data / path.name)
        elif path.is_file():
            shutil.copyfile(path, data / path.name)
    return Servers(
        folder,
        {
            "IS248_DATA_DIR": str(data),
            "IS248_WAREHOUSE_DIR": str(folder / "warehouse"),
            "IS248_SNAPSHOTS_DIR": str(folder / "snapshots"),
            **variables,
        },
    )


@contextmanager
def held_up(data: Path) -> Iterator[Callable[[], None]]:
    """Hold up every run that reads the corrections, until the yielded function is called.

    A named pipe among the files makes readers wait until something is written to it.
    """
    pipe = data / "corrections" / "held_up.yml"
    os.mkfifo(pipe)

    def open_for_a_reader() -> int | None:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return None

    def let_go() -> None:
        writer = until(open_for_a_reader, "a run that reads the corrections")
        os.write(writer, b"[]\n")
        pipe.unlink()
        os.close(writer)

    try:
        yield let_go
    finally:
        pipe.unlink(missing_ok=True)
