"""Errors that the user can correct, each reported in one line.

Belongs here: the exceptions that the command line prints without a traceback, and which errors of the system (a full disk, a
file that vanished) are among them. Errors that mean a defect of this program stay ordinary exceptions, with their
traceback.
"""

from __future__ import annotations

import builtins
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


class UserError(Exception):
    """Something in the input or the settings is wrong.

    ``place`` names the file (and line, sheet or cell) and ``remedy`` says what to do; the message is one line.
    """

    def __init__(self, what: str, *, place: str, remedy: str) -> None:
        """Keep the three parts apart, so that ``--json`` can give them one by one."""
        self.what = " ".join(what.split())
        self.place = place
        self.remedy = " ".join(remedy.split())
        super().__init__(f"{self.place}: {self.what}; {self.remedy}")

    @classmethod
    def from_text(cls, text: str) -> UserError:
        """Return the error whose message is ``text``; Dagster keeps errors of steps as text only."""
        place, _, rest = text.partition(": ")
        what, _, remedy = rest.rpartition("; ")
        return cls(what, place=place, remedy=remedy)


class UserErrors(UserError):  # noqa: N818  several of the error that it is named after
    """Several things are wrong with one input; each is reported on a separate line."""

    def __init__(self, found: Sequence[UserError]) -> None:
        """Keep them all; what, place and remedy are those of the first."""
        self.found = tuple(found)
        first = found[0]
        super().__init__(first.what, place=first.place, remedy=first.remedy)
        self.args = ("\n".join(map(str, found)),)


class Problems:
    """The problems of an input: either the first one ends the reading, or all are kept and the reading goes on.

    A run stops at the first. A preview of an unfinished input reports them all.
    """

    def __init__(self, *, go_on: bool = False) -> None:
        """Keep whether the reading goes on."""
        self.go_on = go_on
        self.found: list[UserError] = []

    def report(self, problem: UserError) -> None:
        """Collect a problem, or raise it if reading stops at the first."""
        if not self.go_on:
            raise problem
        self.found.append(problem)

    def raise_found(self) -> None:
        """Raise the collected problems, if there are any."""
        if self.found:
            raise self.found[0] if len(self.found) == 1 else UserErrors(self.found)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Report a problem raised in a ``with`` block; the rest of the block is skipped if reading goes on."""
        try:
            yield
        except UserError as problem:
            self.report(problem)


class RefusedError(Exception):
    """The gate refused a candidate; ``lines`` say which rules and rows, ``details`` the same for machines."""

    def __init__(self, lines: list[str], details: dict[str, object]) -> None:
        """Keep the lines for people and the details for machines."""
        super().__init__("\n".join(lines))
        self.lines = lines
        self.details = details

    @property
    def errors(self) -> list[str]:
        """Why rules could not run, where some could not."""
        rules = self.details.get("rules")
        return [str(rule["error"]) for rule in rules if rule.get("error")] if isinstance(rules, list) else []


AGAIN = "then repeat the command, which continues from what is done"

# Failures outside the program, by the wording of the system, SQLite or DuckDB, in whatever error they are quoted: what
# happened, and what to do.
_EXHAUSTED = (
    (
        ("No space left on device", "database or disk is full", "Disk quota exceeded"),
        "the disk is full",
        f"free some space on it, {AGAIN}",
    ),
    (
        ("File too large",),
        "the file exceeds the system's limit on file size",
        f"raise the limit on the size of files (ulimit -f), {AGAIN}",
    ),
    (
        ("Out of Memory Error", "Cannot allocate memory", "MemoryError"),
        "there is not enough memory, or not enough space for temporary files",
        f"close other programs or free some disk space, {AGAIN}",
    ),
    (
        ("Input/output error", "disk I/O error"),
        "the disk could not be read or written",
        f"check the system log and repair the disk, {AGAIN}",
    ),
    (
        ("No usable temporary directory",),
        "there is no writable folder for temporary files",
        f"free some space in it, or set TMPDIR to another folder, {AGAIN}",
    ),
)

# Errors about one file, by the type of the exception.
_ABOUT_FILES = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, OSError) and not issubclass(kind, ConnectionError)
} | {"IOException"}
_REMEDIES = {
    "No such file or directory": f"restore it if it is needed, {AGAIN}",
    "Permission denied": f"make the user that runs the system its owner, {AGAIN}",
    "Operation not permitted": f"make the user that runs the system its owner, {AGAIN}",
    "Read-only file system": f"make it writable for the system, {AGAIN}",
    "Too many open files": f"raise the limit on open files (ulimit -n), {AGAIN}",
}

_QUOTED = re.compile(r"""['"]([^'"]+)['"]""")
_QUOTED_PATH = re.compile(r"""['"](/[^'"]+)['"]""")


def causes(error: BaseException | None) -> Iterator[tuple[str, str]]:
    """Return the type and the text of an error and of all its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield type(error).__name__, f"{type(error).__name__}: {error}"
        error = error.__cause__ or error.__context__


def system_error(found: Iterable[tuple[str, str]], folders: Sequence[Path] = ()) -> UserError | None:
    """Return a failure of the system as an error of one line; None if the error is something else.

    Args:
        found: type and text of an error and of all its causes.
        folders: where the program writes; an error that names no file names the folder with the least room.
    """
    errors = list(found)
    for _, text in errors:
        for words, what, remedy in _EXHAUSTED:
            if any(word in text for word in words):
                return UserError(what, place=_place(text, folders), remedy=remedy)
    if any(kind == UserError.__name__ for kind, _ in errors):
        # The error names its own file.
        return None
    for kind, text in errors:
        message = text.partition(": ")[2]
        quoted = _QUOTED.search(message)
        if kind in _ABOUT_FILES and quoted is not None:
            remedy = next((remedy for word, remedy in _REMEDIES.items() if word in text), f"correct the cause, {AGAIN}")
            what = _QUOTED.sub("", re.sub(r"^(\[Errno -?\d+\]|IO Error:) ", "", message)).strip(" :->")
            return UserError(what, place=quoted[1], remedy=remedy)
    return None


def _place(text: str, folders: Sequence[Path]) -> str:
    """Return the file that a text names, else the folder with the least room."""
    quoted = _QUOTED_PATH.search(text)
    if quoted is not None:
        return quoted[1]
    rooms: list[tuple[int, int, str]] = []
    for folder in folders:
        there = next(path for path in (folder, *folder.parents) if path.exists())
        rooms.append((shutil.disk_usage(there).free, len(rooms), str(folder)))
    return min(rooms)[2] if rooms else os.fspath(Path.cwd())
