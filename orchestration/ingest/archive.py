"""The archive: an unchanged copy of every file that was delivered, and which files each version of a delivery had.

Belongs here: keeping a version, listing the versions of a delivery, and laying one out again. Does not belong here: the
contents of the files, or what was published of a version.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.core.errors import Problems, UserError
from orchestration.ingest.capture import CapturedFile, files_of, hash_file, is_left_behind

# Under the archive: the lists of files of each version of a delivery.
LISTS = "deliveries"

# Digits of a hash that name a version.
_SHOWN = 12


@dataclass(frozen=True)
class Version:
    """A version of a delivery: the hash of its data, one for each form that reads it, and hash by file.

    ``read_at`` is when it was first read, ``read_last`` when it last came, replacing another.
    """

    hashes: tuple[str, ...]
    delivery: str
    read_at: str
    read_last: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        """The name of the version: the beginning of its hash."""
        return self.hashes[0][:_SHOWN]

    def is_called(self, name: str) -> bool:
        """Whether a hash of the version begins with the text."""
        return any(sha256.startswith(name) for sha256 in self.hashes)


def delivery_hash(files: list[CapturedFile]) -> str:
    """Return the hash of a delivery that a snapshot states in its table ``deliveries``."""
    hashes = [file.sha256 for file in sorted(files, key=lambda file: file.name)]
    return hashlib.sha256(";".join(hashes).encode()).hexdigest()


def versions_of(archive_folder: Path, delivery: str) -> list[Version]:
    """Return the versions of a delivery that were read, the latest first."""
    found: dict[str, Version] = {}
    for path in sorted((archive_folder / LISTS).glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["delivery"] != delivery:
            continue
        # Lists of an earlier release have no times; the first time is then that of the file.
        moments = content.get("read") or [_format_moment(path.stat().st_mtime)]
        # Two forms that read one delivery each have a list of the same files.
        key = json.dumps(content["files"], sort_keys=True)
        same = found.get(key, Version((), delivery, moments[0], moments[-1], content["files"]))
        found[key] = Version(
            (*same.hashes, path.stem),
            delivery,
            min(same.read_at, moments[0]),
            max(same.read_last, moments[-1]),
            content["files"],
        )
    return sorted(found.values(), key=lambda version: (version.read_last, version.read_at), reverse=True)


def present_version(folder: Path, versions: list[Version]) -> Version | None:
    """Return the present version of a delivery; None where it has not been read yet."""
    present = {hash_file(path) for path in folder.iterdir() if path.is_file() and not is_left_behind(path.name)}
    return next((version for version in versions if set(version.files.values()) == present), None)


def _format_moment(moment: float | None = None) -> str:
    """Return a moment, or the present one, as a list writes it."""
    when = datetime.now(UTC) if moment is None else datetime.fromtimestamp(moment, UTC)
    return when.isoformat(timespec="milliseconds")


def archive(folder: Path, files: list[CapturedFile], archive_folder: Path) -> None:
    """Keep an unchanged, read-only copy of every file of a delivery under the hash of its bytes, and a list of them.

    The list is named by the delivery's hash; with it the delivery can be restored (:func:`restore`). It says when the
    version came: one that returns after another version has several times.

    Args:
        folder: the delivery's folder.
        files: the captured files, which are data; code books are kept too.
        archive_folder: folder of the archive.
    """
    listed = archive_folder / LISTS / f"{delivery_hash(files)}.json"
    if listed.exists():
        _note_return(listed, versions_of(archive_folder, folder.name))
        return
    hashes = {file.path.name: file.sha256 for file in files}
    for path in files_of(folder, Problems()):
        expected = hashes.setdefault(path.name, hash_file(path))
        target = archive_folder / expected[:2] / expected
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # One name for all: the writer holds the run lock, and removes what an interrupted run left.
        partial = target.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        shutil.copyfile(path, partial)
        if hash_file(partial) != expected:
            partial.unlink()
            raise UserError("changed while it was copied", place=str(path), remedy="wait until it is complete")
        partial.chmod(0o444)
        partial.replace(target)
    listed.parent.mkdir(parents=True, exist_ok=True)
    _write(listed, {"delivery": folder.name, "files": hashes, "read": [_format_moment()]})


def _note_return(listed: Path, versions: list[Version]) -> None:
    """Record when a version returns after another one."""
    # Another delivery may have had the same bytes; then the list is that delivery's.
    if not any(version.is_called(listed.stem) for version in versions) or versions[0].is_called(listed.stem):
        return
    content = json.loads(listed.read_text(encoding="utf-8"))
    moments = content.get("read") or [_format_moment(listed.stat().st_mtime)]
    _write(listed, {**content, "read": [*moments, _format_moment()]})


def _write(listed: Path, content: dict[str, object]) -> None:
    partial = listed.with_suffix(".partial")
    partial.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    partial.replace(listed)


def restore(sha256: str, archive_folder: Path, deliveries: Path) -> None:
    """Restore a delivery under ``deliveries`` as it was when it had this hash.

    Raises:
        UserError: the archive lacks it, or one of its files is damaged.
    """
    listed = archive_folder / LISTS / f"{sha256}.json"
    if not listed.is_file():
        raise UserError("the archive does not have this delivery", place=str(listed), remedy="restore it from the backup")
    content = json.loads(listed.read_text(encoding="utf-8"))
    folder = deliveries / content["delivery"]
    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in content["files"].items():
        source = archive_folder / expected[:2] / expected
        if not source.is_file() or hash_file(source) != expected:
            raise UserError(
                f"the archived {name} is missing or damaged", place=str(source), remedy="restore it from the backup"
            )
        shutil.copyfile(source, folder / name)
