"""Keeps a server program and every process that it begins together: ``python -m orchestration.defs.supervisor PROGRAM ...``.

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
    """Run a program and leave nothing of it behind.

    The program has a session of its own, so that a Ctrl+C in the terminal does not reach what it does. The first signal to
    stop goes to the program alone, and this waits for every process that it began: a run that is under way ends as it
    would. The second ends them all at once. A program that ends unasked takes its processes along.

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

    # What the program leaves behind becomes this process's to wait for.
    _prctl(_SET_CHILD_SUBREAPER, 1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    program = subprocess.Popen(
        command,
        start_new_session=True,
        # It must not go on unseen when this process is killed.
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
    # Ended by a signal as a shell says it; and a server that ends unasked has failed, whatever it says.
    return (program.returncode if program.returncode >= 0 else 128 - program.returncode) or 1


def _prctl(option: int, value: int) -> None:
    """Set an option of the process where the system is Linux; elsewhere what starts the server has to clean up."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    code = keep(sys.argv[1:])
    if code:
        print("error: the server ended by itself; its last lines say why", file=sys.stderr)
    sys.exit(code)
