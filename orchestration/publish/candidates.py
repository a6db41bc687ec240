"""The candidates that were made: which was the last, and the files beside its folder.

Belongs here: the file that names the last candidate, and the names of the files beside one. Does not belong here: the files
of a candidate (``candidate``), judging it (``gate``), or moving it (``snapshots``).
"""

from __future__ import annotations

import json
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.publish import pointer, snapshots
from orchestration.publish.candidate import Candidate
from orchestration.publish.snapshot_files import content_hash

# In the folder of the warehouse; steps may run in separate processes.
POINTER = "candidate.json"


def note_candidate(warehouse: Path, made: Candidate) -> None:
    """Record which candidate was made last.

    Args:
        warehouse: folder of the warehouse.
        made: the candidate.
    """
    content = {"id": made.id, "path": str(made.path), "content_hash": made.content_hash}
    pointer = warehouse / POINTER
    partial = pointer.with_suffix(".partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(pointer)


def last_candidate(warehouse: Path) -> Candidate | None:
    """Return the candidate that was made last, if its folder is still there (it moves when it is promoted)."""
    pointer = warehouse / POINTER
    if not pointer.is_file():
        return None
    content = json.loads(pointer.read_text(encoding="utf-8"))
    candidate = Candidate(id=content["id"], path=Path(content["path"]), content_hash=content["content_hash"])
    return candidate if candidate.path.is_dir() else None


def find_candidate(warehouse: Path, published: Path, candidates: Path, identifier: str | None) -> Candidate:
    """Return the candidate or snapshot of a name; without a name the last candidate, else the published snapshot.

    Args:
        warehouse: folder of the warehouse.
        published: folder of the snapshots.
        candidates: folder of the candidates.
        identifier: an id, its beginning, or ``current``.

    Raises:
        UserError: there is none.
    """
    if identifier is not None:
        folder: Path | None = snapshots.find(published, candidates, identifier)
    else:
        made = last_candidate(warehouse)
        if made is not None:
            return made
        folder = pointer.current(published)
    if folder is None:
        raise UserError("there is no candidate", place=str(candidates), remedy="run ./is248 run")
    return Candidate(id=folder.name, path=folder, content_hash=content_hash(folder))
