"""The published snapshots: find one, promote a candidate, roll back.

A promotion is one rename and one move of a symbolic link, so that readers see either the old snapshot or the new one.
Belongs here: what becomes a snapshot, and which one is published. Does not belong here: the link itself (``pointer``),
whether files are what was judged (``integrity``), making a damaged snapshot again (``repair``), deleting (``pruning``),
whether the calendar allows a publication (``release_calendar``), or what happened when (``journal``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.release_calendar import SnapshotIdentity
from orchestration.core.warehouse import connect, dictionaries, sync
from orchestration.disclosure import ledger
from orchestration.publish import integrity, journal, pointer, rolls
from orchestration.publish.candidate import SNAPSHOT, Candidate, remove_candidate
from orchestration.publish.integrity import ANEW, verify
from orchestration.publish.snapshot_files import CHANGES, DATABASE, GATE, content_hash

# The remedy for a damaged earlier snapshot with the content of what is to be published.
MOVE_AWAY = "restore the folder from the backup, or move it away and ./is248 run publishes it again"


def find(snapshots: Path, candidates: Path, name: str) -> Path:
    """Return the folder of the snapshot or candidate of that name: an id, its unique beginning, or ``current``.

    Raises:
        UserError: there is none, or more than one.
    """
    if name == pointer.CURRENT:
        published = pointer.current(snapshots)
        if published is None:
            raise UserError("nothing is published yet", place=str(snapshots), remedy="run ./is248 run")
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
            remedy="give the whole id of one of its folders, or a beginning that is unique",
        )
    return folders[found[0]].resolve()


def read_gate(folder: Path) -> dict[str, Any] | None:
    """Return the gate's verdict on a candidate or snapshot; None if it was not judged, or the verdict is damaged."""
    try:
        verdict = json.loads((folder / GATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return verdict if isinstance(verdict, dict) and {"verdict", "content_hash", "rules"} <= verdict.keys() else None


def read_identity(folder: Path) -> SnapshotIdentity:
    """Return the identity of a candidate or snapshot, from its table ``snapshot``."""
    with connect(folder / DATABASE, read_only=True) as connection:
        # A snapshot of an earlier version may state less.
        (row,) = dictionaries(connection, f"select * from {SNAPSHOT}")
    return SnapshotIdentity(folder.name, row["channel"], row["time_period"], row.get("release"), row.get("release_status"))


def promote(candidate: Candidate, snapshots: Path, *, project: str | None = None) -> bool:
    """Make a judged candidate the published snapshot.

    Args:
        candidate: a candidate with a passing ``gate.json`` for exactly its bytes.
        snapshots: folder of the snapshots.
        project: the state of the code that made it, for the journal.

    Returns:
        True when something new was published, False when the published snapshot has the same content already.

    Raises:
        UserError: the candidate was not judged, was refused, or its bytes are not the judged ones; it was withdrawn; another
            snapshot was published since it was made; or its additions to the ledger are missing.
    """
    with pointer.pointer_lock(snapshots):
        return _promote(candidate, snapshots, project)


def _promote(candidate: Candidate, snapshots: Path, project: str | None) -> bool:
    verdict = read_gate(candidate.path)
    if verdict is None:
        raise UserError("the candidate was not judged", place=str(candidate.path), remedy="run ./is248 check")
    if verdict["verdict"] != "pass":
        raise UserError("the gate refused the candidate", place=str(candidate.path / GATE), remedy="run ./is248 check")
    # The comparison with the snapshot before, which the content hash leaves out, must also be as it was built.
    verify(candidate.path, remedy=ANEW)
    if verdict["content_hash"] != content_hash(candidate.path):
        raise UserError(
            "the candidate differs from the one that the gate judged", place=str(candidate.path), remedy="run ./is248 run"
        )
    target = snapshots / candidate.id
    if pointer.current(snapshots) == target.resolve():
        # Its content is that of the published snapshot, which is already in the ledger.
        verify(target, remedy=ANEW)
        _keep_roll(candidate, snapshots)
        discard(candidate)
        return False
    refuse_withdrawn(snapshots, candidate.id)
    _check_predecessor(candidate, snapshots)
    if target.exists():
        verify(target, remedy=MOVE_AWAY)
    release, before = read_identity(candidate.path).release, pointer.current(snapshots)
    _keep_ledger(candidate, snapshots)
    _keep_roll(candidate, snapshots)
    # If it exists it was published before, with the same content, so only the pointer moves.
    is_new = not target.exists()
    if is_new:
        integrity.close(candidate.path)
        integrity.seal(candidate.path, beside=target)
    # Before the folder has its name, so that every snapshot is in the journal.
    journal.write(
        snapshots,
        "published",
        candidate.id,
        before=before.name if before else None,
        release=release,
        project=project,
    )
    if is_new:
        candidate.path.rename(target)
        sync(snapshots)
    pointer.point_to(snapshots, candidate.id)
    discard(candidate)
    return True


def refuse_withdrawn(snapshots: Path, identifier: str) -> None:
    """Refuse to publish again what a rollback withdrew.

    Raises:
        UserError: the snapshot was withdrawn, and not put back since.
    """
    withdrawn = journal.withdrawal(journal.read_journal(snapshots), identifier)
    if withdrawn is not None:
        raise UserError(
            f"{identifier} was withdrawn on {withdrawn.at[:10]}: {withdrawn.reason}",
            place=str(journal.journal_file(snapshots)),
            remedy=f"correct its inputs; ./is248 rollback {identifier} publishes it again",
        )


def _keep_ledger(candidate: Candidate, snapshots: Path) -> None:
    """Add what a candidate publishes to the ledger, and keep what it was made with.

    It comes before the pointer: a surplus entry in the ledger costs a hidden group, a missing one causes a disclosure. After
    an interrupted promotion the files are in either place.
    """
    kept = ledger.ledger_file(snapshots).parent
    beside = {ending: candidate.path.parent / f"{candidate.id}{ending}" for ending in (ledger.ADDITIONS, ledger.BEFORE)}
    found = {ending: path if path.is_file() else kept / path.name for ending, path in beside.items()}
    for path in found.values():
        if not path.is_file():
            raise UserError(
                "the figures that the snapshot publishes were not recorded", place=str(path), remedy="run ./is248 run again"
            )
    if not ledger.is_unchanged(found[ledger.BEFORE], found[ledger.ADDITIONS], snapshots):
        raise UserError(
            "another snapshot was published after the candidate was made; its disclosure control ignores that one",
            place=str(candidate.path),
            remedy="run ./is248 run again",
        )
    ledger.add(found[ledger.ADDITIONS], snapshots)
    for path in beside.values():
        if path.is_file():
            path.replace(kept / path.name)


def _keep_roll(candidate: Candidate, snapshots: Path) -> None:
    """Keep the roll of the answers that a candidate is made from."""
    rolls.keep(candidate.path.parent / f"{candidate.id}{rolls.ROLL}", snapshots, candidate.id)


def compared_with(folder: Path) -> str | None:
    """Return the id of the snapshot that a candidate or snapshot was compared with; None for the first."""
    path = folder / CHANGES
    if not path.is_file():
        return None
    try:
        predecessor: str | None = json.loads(path.read_text(encoding="utf-8"))["predecessor"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError("the file was changed after it was judged", place=str(path), remedy=ANEW) from error
    return predecessor


def _check_predecessor(candidate: Candidate, snapshots: Path) -> None:
    """Refuse a candidate that was compared with another snapshot than the one that it would replace."""
    published = pointer.current(snapshots)
    compared = compared_with(candidate.path)
    if (candidate.path / CHANGES).is_file() and compared != (published.name if published else None):
        raise UserError(
            f"the candidate was compared with {compared or 'no snapshot'}, but another one is published now",
            place=str(candidate.path / CHANGES),
            remedy="run ./is248 run again, so that the changes are those from the published snapshot",
        )


def discard(candidate: Candidate) -> None:
    """Remove a candidate's folder and the files beside it: its content is published, or was before."""
    remove_candidate(candidate.path)
    for path in (*candidate.path.parent.glob(f"{candidate.id}.*"), integrity.seal_file(candidate.path)):
        path.unlink(missing_ok=True)


def finish(snapshots: Path, identifier: str) -> bool:
    """Let ``current`` name a snapshot whose promotion was interrupted after its folder was in place.

    Returns:
        True if the pointer moved; False if it is not such a snapshot.
    """
    with pointer.pointer_lock(snapshots):
        target, published = snapshots / identifier, pointer.current(snapshots)
        is_withdrawn = journal.withdrawal(journal.read_journal(snapshots), identifier) is not None
        is_next = compared_with(target) == (published.name if published else None)
        if published == target.resolve() or is_withdrawn or not is_next:
            return False
        verify(target)
        before = published.name if published else None
        journal.write(snapshots, "published", identifier, before=before, release=read_identity(target).release)
        pointer.point_to(snapshots, identifier)
        return True


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did: the snapshot that is current now, the one that was, and whether the latter is withdrawn."""

    current: str
    before: str
    withdrawn: bool


def rollback(snapshots: Path, reason: str, identifier: str | None = None) -> RolledBack:
    """Let ``current`` name an earlier snapshot, and record that the one that was current is withdrawn.

    A withdrawn snapshot is not published again by a run; naming it here puts it back.

    Args:
        snapshots: folder of the snapshots.
        reason: why, for the journal.
        identifier: the snapshot to make current, by its id or a beginning; by default the one that was current before.

    Raises:
        UserError: nothing is published, there is no such snapshot, or its files are not what was published.
    """
    with pointer.pointer_lock(snapshots):
        published = pointer.current(snapshots)
        if published is None:
            raise UserError("nothing is published yet", place=str(snapshots), remedy="run ./is248 run")
        target = _target(snapshots, published, identifier)
        if target == published:
            raise UserError(f"{target.name} is the published snapshot", place=str(snapshots), remedy="name another one")
        verify(target)
        events = journal.read_journal(snapshots)
        # An interrupted rollback is in the journal but did not move the pointer: it is repeated, not reversed.
        is_back = journal.withdrawal(events, target.name) is not None or (
            events[-1:] != [] and (events[-1].action, events[-1].snapshot) == ("reinstated", target.name)
        )
        if is_back:
            journal.write(snapshots, "reinstated", target.name, before=published.name, reason=reason)
        else:
            journal.write(snapshots, "withdrawn", published.name, before=target.name, reason=reason)
        pointer.point_to(snapshots, target.name)
        return RolledBack(target.name, published.name, not is_back)


def _target(snapshots: Path, published: Path, identifier: str | None) -> Path:
    """Return the snapshot that a rollback is to: the named one, else the one that was current before the published one."""
    if identifier is not None:
        # Not candidates: what was never published cannot be rolled back to.
        return find(snapshots, snapshots / pointer.POINTER_LOCK, identifier)
    event = journal.publication(journal.read_journal(snapshots), published.name)
    before = event.before if event is not None else compared_with(published)
    if before is None:
        raise UserError(
            f"nothing was published before {published.name}", place=str(snapshots), remedy="name a snapshot: ./is248 list"
        )
    if not (snapshots / before).is_dir():
        raise UserError(f"{before} no longer exists", place=str(snapshots), remedy="name a snapshot: ./is248 list")
    return (snapshots / before).resolve()


def all_snapshots(snapshots: Path) -> list[Path]:
    """Return the folders of all snapshots in the order in which they were first published."""
    folders = [path for path in snapshots.glob("[!.]*/") if not path.is_symlink()] if snapshots.is_dir() else []
    order = [event.snapshot for event in journal.read_journal(snapshots) if event.action == "published"]
    # A snapshot from before there was a journal is older than all in it.
    return sorted(folders, key=lambda path: (order.index(path.name) if path.name in order else -1, path.name))


def readable_snapshots(snapshots: Path) -> list[Path]:
    """Return the folders of all snapshots that can be compared with, in the order of :func:`all_snapshots`.

    Where a snapshot is made again, those that were published before it are links.
    """
    own = all_snapshots(snapshots)
    linked = [path for path in sorted(snapshots.glob("[!.]*/")) if path.is_symlink() and path.name != pointer.CURRENT]
    return [*linked, *own]
