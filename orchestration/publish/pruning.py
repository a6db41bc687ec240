"""Deletes unneeded candidates, remains of what was interrupted or replaced, and old snapshots.

Belongs here: what may go, and deleting it. Does not belong here: which snapshots there are (``snapshots``).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.disclosure import ledger
from orchestration.publish import integrity, journal, pointer
from orchestration.publish.candidate import Candidate, remains
from orchestration.publish.repair import MENDED, REPLACED
from orchestration.publish.snapshots import all_snapshots, compared_with, discard

# Prefix of what is being deleted, so that a partial folder is never taken for a snapshot.
PRUNING = ".pruning-"


@dataclass(frozen=True)
class Prunable:
    """What prune would delete: a snapshot, or a candidate with the files beside it."""

    path: Path
    kind: str
    why: str


def prunable(
    snapshots: Path, candidates: Path, *, keep: int | None, referenced: Collection[str], last_candidate: str | None
) -> list[Prunable]:
    """Return what may be deleted.

    Never the published snapshot, the one that a rollback returns to, the one it was compared with, or what is referenced.

    Args:
        snapshots: folder of the snapshots.
        candidates: folder of the candidates.
        keep: how many of the newest snapshots stay; None: all.
        referenced: ids that the calendar or external sources name.
        last_candidate: the candidate that was made last; it may wait for its release.
    """
    published = pointer.current(snapshots)
    found = [Prunable(path, "remains", "a run was cut off") for path in remains(candidates)]
    for path in sorted(candidates.glob("[!.]*/")) if candidates.is_dir() else []:
        if path.name not in referenced and path.name != last_candidate:
            found.append(Prunable(path, "candidate", "neither the last one nor approved"))
    for beginning, why in (
        (PRUNING, "pruning was cut off"),
        (MENDED, "mending was cut off"),
        (REPLACED, "it was damaged, and rebuilt"),
    ):
        found += [Prunable(path, "remains", why) for path in sorted(snapshots.glob(f"{beginning}*"))]
    if keep is None:
        return found
    if published is not None:
        # Its statement about its predecessor, used below, must be correct.
        integrity.verify(published, remedy=integrity.ANEW, thorough=False)
    folders = all_snapshots(snapshots)
    stay = {path.name for path in folders[max(len(folders) - keep, 0) :]} | set(referenced)
    if published is not None:
        event = journal.publication(journal.read_journal(snapshots), published.name)
        stay |= {published.name, compared_with(published) or "", (event.before if event else None) or ""}
    found += [Prunable(path, "snapshot", f"older than the last {keep}") for path in folders if path.name not in stay]
    return found


def prune(snapshots: Path, found: list[Prunable]) -> None:
    """Delete what :func:`prunable` found; the ledger keeps what a deleted snapshot published."""
    with pointer.pointer_lock(snapshots):
        for each in found:
            if each.kind == "snapshot":
                if pointer.current(snapshots) == each.path.resolve():
                    raise UserError(f"{each.path.name} is the published snapshot", place=str(each.path), remedy="try again")
                journal.write(snapshots, "pruned", each.path.name, reason=each.why)
                away = snapshots / f"{PRUNING}{each.path.name}"
                each.path.rename(away)
                _remove(snapshots, away)
            elif each.kind == "candidate":
                discard(Candidate(each.path.name, each.path, ""))
            elif each.path.name.startswith(PRUNING):
                _remove(snapshots, each.path)
            elif each.path.is_dir():
                shutil.rmtree(each.path)
            else:
                each.path.unlink(missing_ok=True)


def _remove(snapshots: Path, away: Path) -> None:
    """Delete a renamed snapshot, its folder last, as the folder identifies the files that it was made with."""
    for path in ledger.ledger_file(snapshots).parent.glob(f"{away.name.removeprefix(PRUNING)}.*"):
        path.unlink(missing_ok=True)
    integrity.seal_file(snapshots / away.name.removeprefix(PRUNING)).unlink(missing_ok=True)
    shutil.rmtree(away)
