"""The journal of a folder of snapshots: what was published, withdrawn, put back, repaired and pruned, when, why, from what.

A snapshot itself contains no time and never changes, so events are recorded here, one line of JSON for each. The line is
written before the pointer moves: an interrupted action is recorded, and recorded again when it is repeated. The journal is
for the service user only (reasons are restricted) and cannot be made again: back it up with the snapshots.

Belongs here: writing and reading the lines, and what follows from their order. Does not belong here: moving files.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

JOURNAL = ".journal.jsonl"

Action = Literal["published", "withdrawn", "reinstated", "mended", "pruned"]


@dataclass(frozen=True)
class Event:
    """One line: ``before`` is the snapshot that was current until then, ``project`` the state of the code (a commit)."""

    at: str
    action: Action
    snapshot: str
    before: str | None = None
    release: str | None = None
    reason: str | None = None
    project: str | None = None


def journal_file(snapshots: Path) -> Path:
    """Return the path of the journal of a folder of snapshots."""
    return snapshots / JOURNAL


def read_journal(snapshots: Path) -> list[Event]:
    """Return the events, oldest first; an incomplete line, left when a process died, is skipped."""
    path = journal_file(snapshots)
    if not path.is_file():
        return []
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            events.append(Event(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return events


def write(
    snapshots: Path,
    action: Action,
    snapshot: str,
    *,
    before: str | None = None,
    release: str | None = None,
    reason: str | None = None,
    project: str | None = None,
) -> None:
    """Add a line, durably."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps(asdict(Event(at, action, snapshot, before, release, reason, project)), ensure_ascii=False)
    path = journal_file(snapshots)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        # An incomplete line must not swallow this one.
        if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
            line = "\n" + line
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def withdrawal(events: list[Event], snapshot: str) -> Event | None:
    """Return the event that withdrew a snapshot, or None if it was not withdrawn, or was put back since."""
    about = [event for event in events if event.snapshot == snapshot and event.action in ("withdrawn", "reinstated")]
    return about[-1] if about and about[-1].action == "withdrawn" else None


def publication(events: list[Event], snapshot: str) -> Event | None:
    """Return the last event that made a snapshot the published one."""
    about = [event for event in events if event.snapshot == snapshot and event.action in ("published", "reinstated")]
    return about[-1] if about else None


def current(events: list[Event]) -> str | None:
    """Return the published snapshot by the last event about the pointer."""
    for event in reversed(events):
        if event.action in ("published", "reinstated"):
            return event.snapshot
        if event.action == "withdrawn":
            return event.before
    return None
