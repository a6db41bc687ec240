"""The published snapshots: promote a candidate, move the pointer, roll back, verify, prune.

Belongs here: everything that touches the folder of snapshots. A promotion is one rename and one move of a symbolic link, so
that readers see the old snapshot or the new one and never something between. Does not belong here: whether the calendar
allows a publication (``release_calendar``), or what happened when (``journal``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from orchestration.core.errors import UserError
from orchestration.core.release_calendar import Said
from orchestration.core.warehouse import connect, dictionaries, sync
from orchestration.disclosure import ledger
from orchestration.publish import journal, rolls
from orchestration.publish.candidate import SNAPSHOT, Candidate, remains, remove_candidate
from orchestration.publish.layout import (
    CHANGES,
    CHECKSUMS,
    DATABASE,
    GATE,
    GATE_NATIVE,
    GATE_PAGE,
    content_hash,
    file_hash,
    write_checksums,
)

CURRENT = "current"

# Held for the moment in which the pointer moves; how long another process may hold it, in seconds.
POINTER_LOCK = ".pointer.lock"
POINTER_PATIENCE = 60

# What is being deleted has this beginning, so that nobody takes half of it for a snapshot.
PRUNING = ".pruning-"

# The verdict on a candidate comes after its files.
GATE_FILES = (GATE, GATE_NATIVE, GATE_PAGE)


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


def point_to(snapshots: Path, snapshot_id: str) -> None:
    """Let ``current`` name another snapshot, in one step."""
    # One name for all: who moves the pointer holds its lock, and takes away what one that was cut off left.
    pointer = snapshots / f".{CURRENT}"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(snapshot_id)
    pointer.replace(snapshots / CURRENT)
    sync(snapshots)


@contextmanager
def _pointer_lock(snapshots: Path) -> Iterator[None]:
    """Hold the right to move the pointer; a rollback need not wait for a run, only for its last moment."""
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


def said(folder: Path) -> Said:
    """Return what a candidate or snapshot says of itself."""
    with connect(folder / DATABASE, read_only=True) as connection:
        # One of an earlier version may say less.
        (row,) = dictionaries(connection, f"select * from {SNAPSHOT}")
    return Said(folder.name, row["channel"], row["time_period"], row.get("release"), row.get("release_status"))


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
            snapshot was published since it was made; or what it publishes was not noted for the ledger.
    """
    with _pointer_lock(snapshots):
        return _promote(candidate, snapshots, project)


def _promote(candidate: Candidate, snapshots: Path, project: str | None) -> bool:
    verdict = read_gate(candidate.path)
    if verdict is None:
        raise UserError("the candidate was not judged", place=str(candidate.path), remedy="run is248 check")
    if verdict["verdict"] != "pass":
        raise UserError("the gate refused the candidate", place=str(candidate.path / GATE), remedy="run is248 check")
    if verdict["content_hash"] != content_hash(candidate.path):
        raise UserError(
            "the candidate is not the one that the gate judged", place=str(candidate.path), remedy="run is248 run"
        )
    target = snapshots / candidate.id
    if current(snapshots) == target.resolve():
        # Its content is that of the published snapshot, which the ledger knows.
        verify(target)
        _keep_roll(candidate, snapshots)
        _discard(candidate)
        return False
    refuse_withdrawn(snapshots, candidate.id)
    _check_predecessor(candidate, snapshots)
    # What the content hash leaves out, the comparison with the snapshot before, must be what was built too.
    verify(candidate.path, leaving_out=GATE_FILES)
    if target.exists():
        verify(target)
    release, before = said(candidate.path).release, current(snapshots)
    _keep_ledger(candidate, snapshots)
    _keep_roll(candidate, snapshots)
    # Where it exists it was published before: the same content, so only the pointer moves.
    is_new = not target.exists()
    if is_new:
        write_checksums(candidate.path)
        for path in sorted(candidate.path.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o444)
        candidate.path.chmod(0o755)
        # The files before their name: a power cut must not leave a snapshot with holes.
        for path in (*candidate.path.rglob("*"), candidate.path):
            sync(path)
    # Before the folder has its name: no snapshot is there that the journal does not tell of.
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
    point_to(snapshots, candidate.id)
    _discard(candidate)
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
            remedy=f"correct the inputs that it is made of; is248 rollback {identifier} puts it back",
        )


def _keep_ledger(candidate: Candidate, snapshots: Path) -> None:
    """Add what a candidate publishes to the ledger, and keep what it was made with.

    It comes before the pointer: what the ledger has too much costs a hidden group, what it lacks is a leak. A promotion
    that was cut off finds the files here or there.
    """
    kept = ledger.ledger_file(snapshots).parent
    beside = {ending: candidate.path.parent / f"{candidate.id}{ending}" for ending in (ledger.ADDITIONS, ledger.BEFORE)}
    found = {ending: path if path.is_file() else kept / path.name for ending, path in beside.items()}
    for path in found.values():
        if not path.is_file():
            raise UserError("what the snapshot publishes was not noted", place=str(path), remedy="run is248 run again")
    if not ledger.is_unchanged(found[ledger.BEFORE], found[ledger.ADDITIONS], snapshots):
        raise UserError(
            "something was published since the candidate was made; its protection of answers does not know of it",
            place=str(candidate.path),
            remedy="run is248 run again",
        )
    ledger.add(found[ledger.ADDITIONS], snapshots)
    for path in beside.values():
        if path.is_file():
            path.replace(kept / path.name)


def _keep_roll(candidate: Candidate, snapshots: Path) -> None:
    """Keep the roll of the answers that a candidate is made of."""
    rolls.keep(candidate.path.parent / f"{candidate.id}{rolls.ROLL}", snapshots, candidate.id)


def compared_with(folder: Path) -> str | None:
    """Return the id of the snapshot that a candidate or snapshot was compared with; None for the first."""
    path = folder / CHANGES
    predecessor: str | None = json.loads(path.read_text(encoding="utf-8"))["predecessor"] if path.is_file() else None
    return predecessor


def _check_predecessor(candidate: Candidate, snapshots: Path) -> None:
    """Refuse a candidate that was compared with another snapshot than the one that it would replace."""
    published = current(snapshots)
    compared = compared_with(candidate.path)
    if (candidate.path / CHANGES).is_file() and compared != (published.name if published else None):
        raise UserError(
            f"the candidate was compared with {compared or 'no snapshot'}, but another one is published now",
            place=str(candidate.path / CHANGES),
            remedy="run is248 run again, so that the changes are those from the published snapshot",
        )


def _discard(candidate: Candidate) -> None:
    """Remove a candidate's folder and what lay beside it: what was judged is published, or was before."""
    remove_candidate(candidate.path)
    for path in candidate.path.parent.glob(f"{candidate.id}.*"):
        path.unlink(missing_ok=True)


def finish(snapshots: Path, identifier: str) -> bool:
    """Let ``current`` name a snapshot whose promotion was cut off after its folder had come into place.

    Returns:
        True when the pointer moved; False when it is no such snapshot.
    """
    with _pointer_lock(snapshots):
        target, published = snapshots / identifier, current(snapshots)
        is_withdrawn = journal.withdrawal(journal.read_journal(snapshots), identifier) is not None
        is_next = compared_with(target) == (published.name if published else None)
        if published == target.resolve() or is_withdrawn or not is_next:
            return False
        verify(target)
        before = published.name if published else None
        journal.write(snapshots, "published", identifier, before=before, release=said(target).release)
        point_to(snapshots, identifier)
        return True


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did: the snapshot that is current now, the one that was, and whether the latter is withdrawn."""

    current: str
    before: str
    withdrawn: bool


def rollback(snapshots: Path, reason: str, identifier: str | None = None) -> RolledBack:
    """Let ``current`` name an earlier snapshot, and note that the one that was current is withdrawn.

    A withdrawn snapshot is not published again by a run; naming it here puts it back.

    Args:
        snapshots: folder of the snapshots.
        reason: why, for the journal.
        identifier: the snapshot that shall be current, by its id or a beginning; the one that was current before otherwise.

    Raises:
        UserError: nothing is published, there is no such snapshot, or its files are not what was published.
    """
    with _pointer_lock(snapshots):
        published = current(snapshots)
        if published is None:
            raise UserError("nothing is published yet", place=str(snapshots), remedy="run is248 run")
        target = _target(snapshots, published, identifier)
        if target == published:
            raise UserError(f"{target.name} is the published snapshot", place=str(snapshots), remedy="name another one")
        verify(target)
        events = journal.read_journal(snapshots)
        # One that was cut off was told, and did not move the pointer: it is done again, not the opposite of it.
        is_back = journal.withdrawal(events, target.name) is not None or (
            events[-1:] != [] and (events[-1].action, events[-1].snapshot) == ("reinstated", target.name)
        )
        if is_back:
            journal.write(snapshots, "reinstated", target.name, before=published.name, reason=reason)
        else:
            journal.write(snapshots, "withdrawn", published.name, before=target.name, reason=reason)
        point_to(snapshots, target.name)
        return RolledBack(target.name, published.name, not is_back)


def _target(snapshots: Path, published: Path, identifier: str | None) -> Path:
    """Return the snapshot that a rollback is to: the named one, else the one that was current before the published one."""
    if identifier is not None:
        # Candidates are none: what was never published cannot be rolled back to.
        return find(snapshots, snapshots / POINTER_LOCK, identifier)
    event = journal.publication(journal.read_journal(snapshots), published.name)
    before = event.before if event is not None else compared_with(published)
    if before is None:
        raise UserError(
            f"nothing was published before {published.name}", place=str(snapshots), remedy="name a snapshot: is248 list"
        )
    if not (snapshots / before).is_dir():
        raise UserError(f"{before} is not there any more", place=str(snapshots), remedy="name a snapshot: is248 list")
    return (snapshots / before).resolve()


def all_snapshots(snapshots: Path) -> list[Path]:
    """Return the folders of all snapshots in the order in which they were first published."""
    folders = [path for path in snapshots.glob("[!.]*/") if not path.is_symlink()] if snapshots.is_dir() else []
    order = [event.snapshot for event in journal.read_journal(snapshots) if event.action == "published"]
    # One that was published before there was a journal is older than all in it.
    return sorted(folders, key=lambda path: (order.index(path.name) if path.name in order else -1, path.name))


def readable_snapshots(snapshots: Path) -> list[Path]:
    """Return the folders of all snapshots that somebody could compare with, in the order of :func:`all_snapshots`.

    Where a snapshot is made again, those that were published before it are links.
    """
    own = all_snapshots(snapshots)
    linked = [path for path in sorted(snapshots.glob("[!.]*/")) if path.is_symlink() and path.name != CURRENT]
    return [*linked, *own]


@dataclass(frozen=True)
class Prunable:
    """What prune would delete: a snapshot, or a candidate with what lies beside it."""

    path: Path
    kind: str
    why: str


def prunable(
    snapshots: Path, candidates: Path, *, keep: int | None, referenced: Collection[str], last_candidate: str | None
) -> list[Prunable]:
    """Return what may be deleted.

    Never the published snapshot, the one that a rollback goes to, the one it was compared with, or what is referenced.

    Args:
        snapshots: folder of the snapshots.
        candidates: folder of the candidates.
        keep: how many of the newest snapshots stay; None: all.
        referenced: ids that the calendar or somebody outside names.
        last_candidate: the candidate that was made last; it may wait for its release.
    """
    found = []
    found += [Prunable(path, "remains", "a run was cut off") for path in remains(candidates)]
    for path in sorted(candidates.glob("[!.]*/")) if candidates.is_dir() else []:
        if path.name not in referenced and path.name != last_candidate:
            found.append(Prunable(path, "candidate", "neither the last one nor approved"))
    found += [Prunable(path, "remains", "pruning was cut off") for path in sorted(snapshots.glob(f"{PRUNING}*"))]
    if keep is None:
        return found
    folders = all_snapshots(snapshots)
    published = current(snapshots)
    stay = {path.name for path in folders[max(len(folders) - keep, 0) :]} | set(referenced)
    if published is not None:
        event = journal.publication(journal.read_journal(snapshots), published.name)
        stay |= {published.name, compared_with(published) or "", (event.before if event else None) or ""}
    found += [Prunable(path, "snapshot", f"older than the last {keep}") for path in folders if path.name not in stay]
    return found


def prune(snapshots: Path, found: list[Prunable]) -> None:
    """Delete what :func:`prunable` found; the ledger keeps what a deleted snapshot published."""
    with _pointer_lock(snapshots):
        for each in found:
            if each.kind == "snapshot":
                if current(snapshots) == each.path.resolve():
                    raise UserError(f"{each.path.name} is the published snapshot", place=str(each.path), remedy="try again")
                journal.write(snapshots, "pruned", each.path.name, reason=each.why)
                away = snapshots / f"{PRUNING}{each.path.name}"
                each.path.rename(away)
                _remove(snapshots, away)
            elif each.kind == "candidate":
                _discard(Candidate(each.path.name, each.path, ""))
            elif each.path.name.startswith(PRUNING):
                _remove(snapshots, each.path)
            elif each.path.is_dir():
                shutil.rmtree(each.path)
            else:
                each.path.unlink(missing_ok=True)


def _remove(snapshots: Path, away: Path) -> None:
    """Delete a snapshot that has lost its name already, and what it was made with before its folder: that tells of both."""
    for path in ledger.ledger_file(snapshots).parent.glob(f"{away.name.removeprefix(PRUNING)}.*"):
        path.unlink(missing_ok=True)
    shutil.rmtree(away)
