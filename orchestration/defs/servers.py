"""Dagster's long-running processes: ``is248 webserver`` and ``is248 daemon``.

Belongs here: how they start. Does not belong here: what Dagster shows (``defs.definitions``), signals (``defs.supervisor``)
and what starts the servers with the machine (``deploy``).
"""

from __future__ import annotations

import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import NoReturn

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.defs.instance import prepare_instance
from orchestration.defs.records import end_dead_runs

WORKSPACE = PROJECT_DIR / "workspace.yaml"
SUPERVISOR = "orchestration.defs.supervisor"
# One JSON object per line; of a code server only warnings and errors.
LOGGING = ("--log-format", "json", "--code-server-log-level", "warning")


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def run_webserver(settings: Settings, host: str, port: int, *, operate: bool) -> NoReturn:
    """Become the server of Dagster's user interface, until it is asked to stop; read-only unless ``operate``.

    Raises:
        UserError: the port is in use, or Dagster's storage cannot be used.
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


def _require_free(host: str, port: int) -> None:
    """Raise a UserError where an address cannot be listened on."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise UserError(
            f"cannot be used for listening ({error.strerror})",
            place=f"{host}:{port}",
            remedy="choose another --port or --host",
        ) from error


def _keep(name: str, *arguments: str) -> NoReturn:
    """Become the process that supervises a program of this Python's folder, and leaves no process of it behind."""
    program = Path(sys.executable).parent / name
    os.execv(sys.executable, [sys.executable, "-m", SUPERVISOR, str(program), *arguments])
