"""The pointer ``current``: which snapshot is published, moving it atomically, and refusing one that names no snapshot.

Everything that needs the published snapshot asks here first. Belongs here: the link, and the right to move it. Does not
belong here: the files of a snapshot (``integrity``), or why the pointer moves (``snapshots``).
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from orchestration.core.errors import UserError
from orchestration.core.warehouse import sync
from orchestration.publish import journal

CURRENT = "current"

# Held while the pointer moves; how long to wait for another process, in seconds.
POINTER_LOCK = ".pointer.lock"
POINTER_PATIENCE = 60


def current(snapshots: Path) -> Path | None:
    """Return the folder of the published snapshot, or None before the first.

    Raises:
        UserError: the pointer names no snapshot of this folder, or is missing though the journal records moves.
    """
    pointer = snapshots / CURRENT
    if pointer.is_symlink():
        named = pointer.readlink()
        # The link is read once: it may move at any moment. Not Path.resolve, which fails for links that lead in a circle.
        place, folder = (Path(os.path.realpath(snapshots / path)) for path in (named.parent, named))
        if place != Path(os.path.realpath(snapshots)) or named.name.startswith(".") or named.name == CURRENT:
            raise _pointer_error(snapshots, f"the link points to {named}, which is not a snapshot of this folder")
        if not os.path.lexists(folder):
            raise _pointer_error(snapshots, f"the link points to {named}, which does not exist", missing=named.name)
        # Where a snapshot is made again, those before it are links with the name of their target.
        if not folder.is_dir() or folder.name != named.name:
            raise _pointer_error(snapshots, f"the link points to {named}, which is not a snapshot of this folder")
        return folder
    if pointer.exists():
        kind = "a folder" if pointer.is_dir() else "a file"
        raise _pointer_error(snapshots, f"it is {kind}, but must be a link to the published snapshot", in_the_way=True)
    events = journal.read_journal(snapshots)
    # The first promotion may have been interrupted before there was a link; later there is one at every moment.
    if any(event.before for event in events) and _journal_snapshot(snapshots, events) is not None:
        raise _pointer_error(snapshots, "the link to the published snapshot is missing")
    return None


def _journal_snapshot(snapshots: Path, events: list[journal.Event]) -> str | None:
    """Return the published snapshot by the journal, if its folder exists."""
    name = journal.current(events)
    return name if name is not None and (snapshots / name).is_dir() else None


def _pointer_error(snapshots: Path, what: str, *, missing: str | None = None, in_the_way: bool = False) -> UserError:
    """Return the error about a wrong pointer; the remedy is a command that repairs it."""
    pointer, away = (shlex.quote(str(snapshots / name)) for name in (CURRENT, f"{CURRENT}.away"))
    published = _journal_snapshot(snapshots, journal.read_journal(snapshots))
    if in_the_way:
        # It is unknown what it is, so the remedy does not delete it; ln would create its link inside a folder.
        move = f"mv {pointer} {away}"
        remedy = f"move it away, and ./is248 run publishes again: {move}"
        if published is not None:
            remedy = f"move it away and name the published snapshot: {move} && ln -s {published} {pointer}"
    elif published is not None:
        remedy = f"let it name the published snapshot: ln -sfn {published} {pointer}"
    elif missing is not None:
        remedy = f"restore {missing} from the backup"
    else:
        remedy = f"remove it, and ./is248 run publishes again: rm {pointer}"
    return UserError(what, place=str(snapshots / CURRENT), remedy=remedy)


def point_to(snapshots: Path, snapshot_id: str) -> None:
    """Let ``current`` name another snapshot, atomically."""
    # One name for all: the process that moves the pointer holds its lock, and removes what an interrupted one left.
    pointer = snapshots / f".{CURRENT}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(snapshot_id)
    pointer.replace(snapshots / CURRENT)
    sync(snapshots)


@contextmanager
def pointer_lock(snapshots: Path) -> Iterator[None]:
    """Hold the right to move the pointer; a rollback need not wait for a run, only for its final step."""
    snapshots.mkdir(parents=True, exist_ok=True)
    lock = FileLock(snapshots / POINTER_LOCK)
    try:
        lock.acquire(timeout=POINTER_PATIENCE)
    except Timeout as error:
        raise UserError(
            "another process is publishing or rolling back", place=str(snapshots / POINTER_LOCK), remedy="try again"
        ) from error
    try:
        yield
    finally:
        lock.release()
