"""How far the work is, on standard error: a live line on a terminal, plain lines elsewhere.

Belongs here: when and how a line of progress is written, and how much the user wants to hear. Does not belong here: what is
said, or the answer of a command on standard output (``cli``).
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

# Work that takes less time is not reported.
SILENT_SECONDS = 1.0
# How often a live line is drawn, and how often a count is written as a plain line.
LIVE_SECONDS = 0.5
PLAIN_SECONDS = 5.0

_ERASE = "\r\x1b[2K"


class Level(IntEnum):
    """How much is written: nothing, what is being done, or every detail with its time."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class Progress:
    """Writes the progress of one process; threads may call it at the same time."""

    def __init__(self, level: Level = Level.NORMAL) -> None:
        """Take how much is to be written."""
        self.level = level
        self._lock = threading.RLock()
        self._doing: list[str] = []
        self._at = ""
        self._is_drawn = False
        self._lines = 0
        self._last_count = time.monotonic()

    def say(self, line: str) -> None:
        """Write a line that stays."""
        if self.level > Level.QUIET:
            with self._lock:
                self._erase()
                self._lines += 1
                self._write(f"{line}\n")

    def warn(self, line: str) -> None:
        """Write a line that stays, even where only errors are wanted."""
        with self._lock:
            self._erase()
            self._write(f"{line}\n")

    def detail(self, line: str) -> None:
        """Write a line of detail."""
        if self.level == Level.VERBOSE:
            self.say(line)

    def at(self, line: str) -> None:
        """Say where the work is: on a terminal the live line shows it until the next one, elsewhere it is a line."""
        if not _is_terminal() or self.level == Level.VERBOSE:
            self.say(line)
            return
        with self._lock:
            self._at = line.strip()

    def stage(self, what: str) -> None:
        """Say which part of a longer task begins: on the live line, elsewhere only as a detail."""
        if _is_terminal():
            self.at(what)
        else:
            self.detail(f"  {what}")

    def count(self, done: int, of: int, what: str) -> None:
        """Report a count; elsewhere than on a terminal only some counts become lines, always including the last."""
        now = time.monotonic()
        # A count that comes at once or too often is not written.
        if _is_terminal() or done == of or now - self._last_count >= PLAIN_SECONDS:
            self._last_count = now
            self.at(f"  {done} of {of} {what}")

    @contextmanager
    def doing(self, title: str) -> Iterator[None]:
        """Report what a ``with`` block does, and for how long, once it has taken more than a moment.

        Args:
            title: what is done, as it stands before "...".
        """
        ended = threading.Event()
        begun, lines = time.monotonic(), self._lines
        self._doing.append(title)
        self._last_count = begun
        thread = threading.Thread(target=self._draw, args=(title, len(self._doing), lines, begun, ended), daemon=True)
        if self.level > Level.QUIET:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            if thread.is_alive():
                thread.join()
            with self._lock:
                self._erase()
                self._doing.pop()
                self._at = ""
        self.detail(f"{title}: {time.monotonic() - begun:.1f} s")

    def clear(self) -> None:
        """Remove the live line, before something else is written to the terminal."""
        with self._lock:
            self._erase()

    def _erase(self) -> None:
        if self._is_drawn:
            self._write(_ERASE)
            self._is_drawn = False

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()

    def _draw(self, title: str, depth: int, lines: int, begun: float, ended: threading.Event) -> None:
        """Tell of the innermost block: once, or again and again on a terminal, until it ends."""
        if ended.wait(SILENT_SECONDS):
            return
        if not _is_terminal():
            with self._lock:
                # Code that has written a line since then reports its own work.
                if len(self._doing) == depth and self._lines == lines:
                    self.say(f"{title} ...")
            return
        while True:
            with self._lock:
                if len(self._doing) == depth and not ended.is_set():
                    text = f"{title} ... {time.monotonic() - begun:.0f} s" + (f"  {self._at}" if self._at else "")
                    width = shutil.get_terminal_size().columns - 1
                    self._write(_ERASE + text[:width])
                    self._is_drawn = True
            if ended.wait(LIVE_SECONDS):
                return


def _is_terminal() -> bool:
    return sys.stderr.isatty()


# One for the process: output of threads and of Dagster's steps goes through it.
progress = Progress()
