"""Whether the files of a candidate or snapshot are those that were judged, and the inputs for restoring a damaged one.

A snapshot contains its hashes (``SHA256SUMS``), and the id determines which list is valid. Beside its folder, out of reach
of its readers, lies its **seal**: hash, size and times of each file and what the snapshot was made from. A file whose size
and times are those of the seal counts as unchanged where the check must be fast (milliseconds); everything is hashed before
it is published, reused, or found intact by ``run`` and ``verify`` (under a second for a whole snapshot).

Belongs here: finding damage, the seal, and closing the files of a snapshot. Does not belong here: repairing (``repair``), or
moving files (``snapshots``).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.content_hashes import file_hash
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import Purpose
from orchestration.core.warehouse import connect, sync
from orchestration.publish.snapshot_files import (
    CHANGES,
    CHECKSUMS,
    DATABASE,
    GATE_FILES,
    SEAL,
    digest_of,
    write_checksums,
    write_durably,
)

# The remedy for damage: to the published snapshot and what waits, and to one that was published before.
ANEW = "./is248 run rebuilds it"
RESTORE = "restore the folder from the backup, and never edit a snapshot"

DATABASE_HASH = f"{DATABASE}.sha256"
# An id, with the beginning of the content hash.
ID = re.compile(r"[0-9]{4}-([0-9a-f]{12})")


@dataclass(frozen=True)
class Damage:
    """The first file of a folder that differs from what was judged, and the problem."""

    file: str
    what: str

    def __str__(self) -> str:
        """The file and its problem, as a part of a sentence."""
        return f"{self.file}: {self.what}"


@dataclass(frozen=True)
class Origin:
    """What a snapshot was made from: hashes of its deliveries, its purpose, what it was compared with, its formats."""

    deliveries: tuple[str, ...]
    purpose: Purpose
    predecessor: str | None
    formats: tuple[str, ...]


@dataclass(frozen=True)
class Noted:
    """One file as it was when the seal was written; times in nanoseconds."""

    sha256: str
    size: int
    modified: int
    changed: int

    def is_unchanged(self, found: os.stat_result) -> bool:
        """Return whether size and times are unchanged; writing to a file always changes the second time."""
        return (found.st_size, found.st_mtime_ns, found.st_ctime_ns) == (self.size, self.modified, self.changed)


@dataclass(frozen=True)
class Seal:
    """The record kept beside a candidate or snapshot."""

    origin: Origin | None
    files: dict[str, Noted]


def seal_file(folder: Path) -> Path:
    """Return the path of the seal of a candidate or snapshot."""
    return folder.with_name(f".{folder.name}{SEAL}")


def read_seal(folder: Path) -> Seal | None:
    """Return the seal of a candidate or snapshot; None where it is missing or cannot be read."""
    try:
        content: dict[str, Any] = json.loads(seal_file(folder).read_text(encoding="utf-8"))
        origin = content["origin"]
        if origin is not None:
            deliveries, formats = tuple(origin["deliveries"]), tuple(origin["formats"])
            origin = Origin(deliveries, origin["purpose"], origin["predecessor"], formats)
        return Seal(origin, {name: Noted(*noted) for name, noted in content["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def seal(folder: Path, beside: Path | None = None) -> None:
    """Write the seal of a folder whose files were verified, or written just now.

    Args:
        folder: the candidate or snapshot.
        beside: the future folder, if it is another one.
    """
    listed = _listed(folder)
    files = {}
    for name in _present(folder):
        found = (folder / name).stat()
        sha256 = listed.get(name) or file_hash(folder / name)
        files[name] = [sha256, found.st_size, found.st_mtime_ns, found.st_ctime_ns]
    origin = read_origin(folder)
    text = json.dumps({"origin": asdict(origin) if origin else None, "files": files}, indent=0) + "\n"
    write_durably(seal_file(beside or folder), text)


def close(folder: Path) -> None:
    """Write the list of checksums of judged files, and make them read-only and durable: they never change again."""
    write_checksums(folder)
    for path in sorted(folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o444)
    folder.chmod(0o755)
    # The files before their name: a power cut must not leave an incomplete snapshot.
    for path in (*folder.rglob("*"), folder):
        sync(path)


def renew_seal(folder: Path) -> None:
    """Write the seal of a snapshot that was just found intact, if it has none or its files were copied since.

    Without write access to the folder, nothing is changed.
    """
    known = read_seal(folder)
    if known is None or any(not noted.is_unchanged((folder / name).stat()) for name, noted in known.files.items()):
        try:
            seal(folder)
        except PermissionError:
            return


def read_origin(folder: Path) -> Origin | None:
    """Return what an intact snapshot states that it was made from; None where it does not state it."""
    try:
        with connect(folder / DATABASE, read_only=True) as connection:
            deliveries = connection.execute("select sha256 from deliveries order by form").fetchall()
            ((purpose,),) = connection.execute("select channel from snapshot").fetchall()
        predecessor = json.loads((folder / CHANGES).read_text(encoding="utf-8"))["predecessor"]
    except (duckdb.Error, OSError, ValueError, KeyError):
        return None
    formats = sorted(path.name for path in folder.iterdir() if path.is_dir())
    return Origin(tuple(sha256 for (sha256,) in deliveries), purpose, predecessor, tuple(formats))


def verify(folder: Path, *, remedy: str = RESTORE, thorough: bool = True, only: Collection[str] = ()) -> int:
    """Compare the files of a candidate or snapshot with their hashes.

    Args:
        folder: the candidate or snapshot.
        remedy: what to do if one is damaged.
        thorough: also hash files whose size and times are those of the seal.
        only: check only these files.

    Returns:
        The number of files that were compared.

    Raises:
        UserError: a file is missing, changed, or not in the list.
    """
    found = damage(folder, thorough=thorough, only=only)
    if found is not None:
        raise UserError(found.what, place=str(folder / found.file), remedy=remedy)
    return len(only) or len(_listed(folder))


def damage(folder: Path, *, thorough: bool = True, only: Collection[str] = ()) -> Damage | None:
    """Return the first file that differs from what was judged, or None; arguments as for :func:`verify`."""
    known, listed = read_seal(folder), _listed(folder)
    for name in (CHECKSUMS, DATABASE_HASH):
        if not only and not (folder / name).is_file():
            return Damage(name, "the file is missing")
    judged = {name: noted.sha256 for name, noted in known.files.items()} if known is not None else listed
    # An interrupted promotion has already listed the verdict; a candidate without a seal cannot show that.
    later = {DATABASE_HASH, *GATE_FILES}
    present = _present(folder) - (later - judged.keys() if known is None else set())
    names = sorted(set(only) or judged.keys() | present)
    noted = known.files if known is not None and not thorough else {}
    # Hashing releases the interpreter to other threads.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, what in zip(names, pool.map(lambda name: _fault(folder, name, judged, noted), names), strict=True):
            if what is not None:
                return Damage(name, what)
    if only:
        return None
    of_id = ID.fullmatch(folder.name)
    is_list_of_files = all(judged.get(name) == sha256 for name, sha256 in listed.items()) and not (
        judged.keys() - listed.keys() - later
    )
    if not is_list_of_files or (of_id and not digest_of(judged).startswith(of_id[1])):
        return Damage(CHECKSUMS, "the list of checksums is not that of this snapshot")
    return None


def _fault(folder: Path, name: str, listed: dict[str, str], noted: dict[str, Noted]) -> str | None:
    """Return the problem of a file, if any."""
    path = folder / name
    try:
        found = path.stat()
        if name not in listed:
            return "the file is not in the list of checksums"
        if name in noted and noted[name].is_unchanged(found):
            return None
        return None if file_hash(path) == listed[name] else "the file was changed after it was judged"
    except FileNotFoundError:
        return "the file is missing"
    except OSError as error:
        return f"the file cannot be read ({error.strerror})"


def _present(folder: Path) -> set[str]:
    """Return the files of a folder, except their list, which is compared with them."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {CHECKSUMS}


def _listed(folder: Path) -> dict[str, str]:
    """Return the hashes that a folder itself lists; of a damaged list the readable part."""
    listed: dict[str, str] = {}
    for name in (CHECKSUMS, DATABASE_HASH):
        try:
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        listed.update({line.partition("  ")[2]: line.partition("  ")[0] for line in lines})
    return listed
