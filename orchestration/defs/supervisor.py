"""Keeps a server program and all processes that it starts together: ``python -m orchestration.defs.supervisor PROGRAM ...``.

Belongs here: signals and processes. Does not belong here: what is run, or any import of the project or of a package. This
process stays as long as the server, so it is small; Dagster alone would take 200 MB.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import FrameType

# Options of Linux's prctl.
_SET_PARENT_DEATH_SIGNAL = 1
_SET_CHILD_SUBREAPER = 36


def keep(command: list[str]) -> int:
    """Run a program and leave no process of it behind.

    The program has its own session, so that Ctrl+C in the terminal does not reach its processes. The first signal to stop
    goes to the program only, and this process waits for every process that it started: a run under way finishes normally.
    The second signal ends them all at once. If the program ends unasked, its processes are ended too.

    Returns:
        The program's exit code, never 0 where it ended unasked; 0 where it was asked to stop.
    """
    begun: list[int] = []
    asked: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        asked.append(number)
        for process in begun:
            with suppress(ProcessLookupError):
                if len(asked) == 1:
                    os.kill(process, signal.SIGTERM)
                else:
                    os.killpg(process, signal.SIGKILL)

    # Processes that the program leaves behind become children of this process, which waits for them.
    _prctl(_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    program = subprocess.Popen(
        command,
        start_new_session=True,
        # It must not keep running unnoticed when this process is killed.
        preexec_fn=lambda: _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM),
    )
    begun.append(program.pid)
    if asked:
        program.terminate()
    with suppress(ChildProcessError):
        while True:
            process, status = os.waitpid(-1, 0)
            if process == program.pid:
                program.returncode = os.waitstatus_to_exitcode(status)
                if not asked:
                    with suppress(ProcessLookupError):
                        os.killpg(program.pid, signal.SIGKILL)
                    break
    if asked:
        return 0
    # A signal is reported as a shell does; and a server that ends unasked has failed, whatever its exit code.
    return (program.returncode if program.returncode >= 0 else 128 - program.returncode) or 1


def _prctl(option: int, value: int) -> None:
    """Set an option of the process on Linux; elsewhere whatever starts the server has to clean up."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    code = keep(sys.argv[1:])
    if code:
        print("error: the server ended by itself; its last lines say why", file=sys.stderr)
    sys.exit(code)
