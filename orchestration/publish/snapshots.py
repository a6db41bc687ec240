"""The published snapshots: promote a candidate, move the pointer, list and verify.

Belongs here: everything that touches the folder of snapshots. A promotion is one rename and one move of a symbolic link, so
that readers see the old snapshot or the new one and never something between.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from orchestration.disclosure import ledger
from orchestration.errors import UserError
from orchestration.publish.candidate import Candidate
from orchestration.publish.layout import (
    CHANGES,
    CHECKSUMS,
    DATABASE,
    GATE,
    GATE_PAGE,
    content_hash,
    file_hash,
    write_checksums,
)

CURRENT = "current"

# The verdict on a candidate comes after its files.
GATE_FILES = (GATE, GATE_PAGE)


def current(snapshots: Path) -> Path | None:
    """Return the folder of the published snapshot, or None before the first."""
    pointer = snapshots / CURRENT
    return pointer.resolve() if pointer.exists() else None


def find(snapshots: Path, candidates: Path, name: str) -> Path:
    """Return the folder of the snapshot or candidate of that name: an id, its unique beginning, or ``current``.

    Raises:
        UserError: there is none, or more than one.
    """
    if name == CURRENT:
        published = current(snapshots)
        if published is None:
            raise UserError("nothing is published yet", place=str(snapshots), remedy="run is248 run")
        return published
    folders = {
        path.name: path
        for folder in (candidates, snapshots)
        if folder.is_dir()
        for path in sorted(folder.glob("[!.]*/"))
        if not path.is_symlink()
    }
    found = [name] if name in folders else [known for known in folders if name and known.startswith(name)]
    if len(found) != 1:
        raise UserError(
            f"there is no candidate or snapshot {name!r}" if not found else f"{name!r} may be {', '.join(found)}",
            place=str(snapshots),
            remedy="name one of its folders, by its whole id or a beginning that no other has",
        )
    return folders[found[0]].resolve()


def read_gate(folder: Path) -> dict[str, Any] | None:
    """Return the gate's verdict on a candidate or snapshot, or None when it was not judged."""
    path = folder / GATE
    if not path.is_file():
        return None
    verdict: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return verdict


def verify(folder: Path, leaving_out: tuple[str, ...] = ()) -> int:
    """Compare every file of a candidate or snapshot with its checksums.

    Args:
        folder: the candidate or snapshot.
        leaving_out: files that need not be in the list.

    Returns:
        The number of files that were compared.

    Raises:
        UserError: a file is missing, changed, or not in the list.
    """
    listed: dict[str, str] = {}
    for name in (CHECKSUMS, f"{DATABASE}.sha256"):
        try:
            lines = (folder / name).read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise UserError("the file is missing", place=str(folder / name), remedy="take a whole snapshot") from error
        listed.update({line.partition("  ")[2]: line.partition("  ")[0] for line in lines})
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in sorted(set(listed) | (present - {CHECKSUMS, f"{DATABASE}.sha256", *leaving_out})):
        if name not in present:
            what = "the file is missing"
        elif name not in listed:
            what = "the file is not in the list of checksums"
        elif file_hash(folder / name) != listed[name]:
            what = "the file was changed after it was judged"
        else:
            continue
        raise UserError(what, place=str(folder / name), remedy="run is248 run again; never edit a snapshot")
    return len(listed)


def _sync(folder: Path) -> None:
    """Make a folder's entries durable before the next step relies on them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def point_to(snapshots: Path, snapshot_id: str) -> None:
    """Let ``current`` name another snapshot, in one step."""
    pointer = snapshots / f".{CURRENT}-{os.getpid()}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(snapshot_id)
    pointer.replace(snapshots / CURRENT)
    _sync(snapshots)


def promote(candidate: Candidate, snapshots: Path) -> bool:
    """Make a judged candidate the published snapshot.

    Args:
        candidate: a candidate with a passing ``gate.json`` for exactly its bytes.
        snapshots: folder of the snapshots.

    Returns:
        True when something new was published, False when the published snapshot has the same content already.

    Raises:
        UserError: the candidate was not judged, was refused, or its bytes are not the judged ones; or what it publishes was
            not noted for the ledger.
    """
    verdict = read_gate(candidate.path)
    if verdict is None:
        raise UserError("the candidate was not judged", place=str(candidate.path), remedy="run is248 check")
    if verdict["verdict"] != "pass":
        raise UserError("the gate refused the candidate", place=str(candidate.path / GATE), remedy="run is248 check")
    if verdict["content_hash"] != content_hash(candidate.path):
        raise UserError(
            "the candidate is not the one that the gate judged", place=str(candidate.path), remedy="run is248 run"
        )
    _check_predecessor(candidate, snapshots)
    # What the content hash leaves out, the comparison with the snapshot before, must be what was built too.
    verify(candidate.path, leaving_out=GATE_FILES)
    target = snapshots / candidate.id
    if target.exists():
        verify(target)
    # The ledger before the pointer: what it has too much costs a hidden group, what it lacks a leak.
    additions = candidate.path.parent / f"{candidate.id}{ledger.ADDITIONS}"
    ledger.add(additions, snapshots)
    additions.replace(ledger.ledger_file(snapshots).with_name(additions.name))
    if current(snapshots) == target.resolve():
        _discard(candidate)
        return False
    # Where it exists it was published before and rolled back since: the same content, so only the pointer moves.
    if not target.exists():
        write_checksums(candidate.path)
        for path in sorted(candidate.path.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o444)
        os.sync()  # the files before their name: a power cut must not leave a snapshot with holes
        candidate.path.rename(target)
        _sync(snapshots)
    _discard(candidate)
    point_to(snapshots, candidate.id)
    return True


def _check_predecessor(candidate: Candidate, snapshots: Path) -> None:
    """Refuse a candidate that was compared with another snapshot than the one that it would replace."""
    path = candidate.path / CHANGES
    if path.is_file():
        compared = json.loads(path.read_text(encoding="utf-8"))["predecessor"]
        published = current(snapshots)
        if compared != (published.name if published else None):
            raise UserError(
                f"the candidate was compared with {compared or 'no snapshot'}, but another one is published now",
                place=str(path),
                remedy="run is248 run again, so that the changes are those from the published snapshot",
            )


def _discard(candidate: Candidate) -> None:
    """Remove a candidate's folder and what lay beside it: what was judged is published, or was before."""
    if candidate.path.is_dir():
        shutil.rmtree(candidate.path)
    for path in candidate.path.parent.glob(f"{candidate.id}.*"):
        path.unlink()
