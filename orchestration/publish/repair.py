"""Makes a damaged published snapshot again from the archive, under its id, and replaces the damaged one.

The new one has the content of the damaged one, or nothing is exchanged: its id is the hash of its content. The exchange is
atomic: readers of ``current`` find either the damaged snapshot or the intact one. The damaged one is kept aside until
``prune``.

Belongs here: finding that the published snapshot is damaged, and exchanging it. Does not belong here: how a snapshot is made
again (``rebuild``), or what damage is (``integrity``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import RefusedError, UserError
from orchestration.core.exchange import exchange
from orchestration.core.settings import Settings
from orchestration.core.warehouse import make_restricted, sync
from orchestration.publish import integrity, journal, pointer, snapshots
from orchestration.publish.candidate import BUILDING
from orchestration.publish.provenance import project_state
from orchestration.publish.rebuild import Make, make_again
from orchestration.publish.snapshot_files import content_hash

# Prefixes of folders beside the snapshots: the new one before the exchange, and the damaged one after it.
MENDED = ".mended-"
REPLACED = ".damaged-"


@dataclass(frozen=True)
class Mended:
    """The snapshot that was rebuilt, and the first file of it that was damaged."""

    snapshot: str
    damage: str

    def __str__(self) -> str:
        """What was done, in one line."""
        return f"repaired {self.snapshot}, which was damaged ({self.damage}): rebuilt from the archive, content unchanged"


def mend(settings: Settings, make: Make, on_progress: Callable[[str], None] = lambda line: None) -> Mended | None:
    """Hash every file of the published snapshot, and rebuild it if one is damaged.

    Args:
        settings: where snapshots, archive and inputs lie; the caller holds the run lock.
        make: runs everything on the settings that it is given, up to a candidate that passes, and publishes nothing.
        on_progress: takes a line of progress.

    Returns:
        What was repaired; None where nothing is published, or the published snapshot is intact.

    Raises:
        UserError: the pointer is wrong, or the snapshot cannot be rebuilt with the same content; nothing was exchanged.
    """
    _clear(settings.snapshots)
    published = pointer.current(settings.snapshots)
    found = integrity.damage(published) if published is not None else None
    if published is None:
        return None
    if found is None:
        integrity.renew_seal(published)
        return None
    on_progress(f"  {published.name} is damaged ({found}): it is rebuilt from the archive")
    known = integrity.read_seal(published)
    origin = known.origin if known is not None else integrity.read_origin(published)
    # With the prefix of what is not yet a candidate: the next run removes what an interrupted one left.
    work = settings.candidates / f"{BUILDING}{published.name}"
    make_restricted(settings.candidates)
    shutil.rmtree(work, ignore_errors=True)
    try:
        if origin is None:
            raise UserError(
                "its inputs were not recorded", place=str(integrity.seal_file(published)), remedy="see ./is248 verify"
            )
        made = make_again(settings, published.name, origin, work, make, on_progress)
        _put_in_place(settings.snapshots, published, made, str(found))
    except (UserError, RefusedError) as error:
        why = error.what if isinstance(error, UserError) else error.lines[0]
        raise UserError(
            f"{found.file}: {found.what}, and the snapshot cannot be made again: {why}",
            place=str(published),
            remedy="restore the folder from the backup, or return to an earlier one: ./is248 rollback --reason damaged",
        ) from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Mended(published.name, str(found))


def _put_in_place(folder: Path, published: Path, made: Path, damage: str) -> None:
    """Exchange the damaged snapshot for the one that was rebuilt.

    Raises:
        UserError: it has other content, or was refused.
    """
    verdict = snapshots.read_gate(made)
    identifier = integrity.ID.fullmatch(published.name)
    digest = content_hash(made)
    if verdict is None or verdict["verdict"] != "pass" or verdict["content_hash"] != digest:
        raise UserError("the new snapshot did not pass the gate", place=str(made), remedy="see ./is248 run")
    if identifier is not None and not digest.startswith(identifier[1]):
        raise UserError("the new snapshot has different content", place=str(made), remedy="see ./is248 run")
    integrity.close(made)
    mended = folder / f"{MENDED}{published.name}"
    with pointer.pointer_lock(folder):
        if not published.is_dir():
            raise UserError("it was deleted in the meantime", place=str(published), remedy="see ./is248 run")
        made.rename(mended)
        # The seal comes first: by it the damaged snapshot is still recognised as damaged.
        integrity.seal(mended, beside=published)
        journal.write(folder, "mended", published.name, reason=damage, project=project_state())
        aside = folder / f"{REPLACED}{published.name}"
        shutil.rmtree(aside, ignore_errors=True)
        if exchange(mended, published):
            mended.rename(aside)
        else:
            # Two steps: for a moment there is no snapshot, never a partial one; _clear completes an interrupted exchange.
            published.rename(aside)
            mended.rename(published)
        sync(folder)


def _clear(folder: Path) -> None:
    """Complete an interrupted exchange, or remove the remains of one that had not begun."""
    for path in sorted(folder.glob(f"{MENDED}*")):
        published = folder / path.name.removeprefix(MENDED)
        if published.exists():
            shutil.rmtree(path)
        else:
            path.rename(published)
            sync(folder)
