"""The capture gate: which files a delivery has, and whether they are the ones that its forms expect.

Belongs here: names, number, hashes and place of files, before one of them is opened. Does not belong here: what is in the
files (``readers``, ``deliveries``; ``unknown_files`` where no name fits), or their unchanged copies (``archive``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from orchestration.core import letters
from orchestration.core.errors import Problems, UserError
from orchestration.forms.model import FileSpec, Form

# Files that operating systems and office programs leave in a folder: folder metadata, and locks of open files.
_LEFT_BEHIND = re.compile(
    r"\.DS_Store|\._.*|\.AppleDouble|\.Spotlight-V100|\.Trashes|\.fseventsd|\.TemporaryItems|__MACOSX|Icon\r"
    r"|(?:eh)?thumbs\.db|desktop\.ini|\$RECYCLE\.BIN|System Volume Information|\.directory|@eaDir"
    r"|~\$.*|\.~lock\..*#",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class CapturedFile:
    """A file of a delivery: its path, its entry in the form, and the hash of its bytes."""

    path: Path
    spec: FileSpec
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name as it is compared: the same letter may be one character or two, depending on the system."""
        return letters.plain(self.path.name)


def is_left_behind(name: str) -> bool:
    """Whether a file or folder of this name was left by a program, and is not part of a delivery."""
    return _LEFT_BEHIND.fullmatch(name) is not None


def hash_file(path: Path) -> str:
    """Return the hash that identifies a delivered file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(folder: Path, problems: Problems) -> list[Path]:
    """Return the files of a delivery folder; refuse folders, links and special files in it.

    Files that programs leave behind there are ignored.
    """
    files = []
    for path in sorted(folder.iterdir()):
        if is_left_behind(path.name):
            continue
        with problems.collect():
            if path.is_symlink() or not path.resolve().is_relative_to(folder.resolve()):
                raise UserError("is a link", place=str(path), remedy="replace the link with the file itself")
            if path.is_dir():
                raise UserError("is a folder", place=str(path), remedy="put its files into the delivery's own folder")
            if not path.is_file():
                raise UserError("is not a regular file", place=str(path), remedy="remove it")
            files.append(path)
    return files


def _expected(spec: FileSpec, found: list[Path]) -> list[Path]:
    """Return the files of an entry, without late ones."""
    return [path for path in found if not spec.is_late(letters.plain(path.name))]


def _report_unknown_files(paths: list[Path], form: Form, lacking: set[str], problems: Problems) -> set[str]:
    """Report files that match no entry of the form; return the entries whose missing file is one of them."""
    renamed: set[str] = set()
    for path in paths:
        from orchestration.ingest.unknown_files import advise  # imported here: it opens files

        advice = advise(path, form, lacking - renamed)
        renamed |= {advice.fills} if advice.fills is not None else set()
        problems.report(
            UserError(f"form {form.form} does not know the file: {advice.what}", place=str(path), remedy=advice.remedy)
        )
    return renamed


def capture(folder: Path, form: Form, problems: Problems | None = None) -> list[CapturedFile]:
    """Check the files of a delivery against the form.

    Args:
        folder: the delivery's folder.
        form: a form that reads it; other forms may read other files of the same folder.
        problems: collects the problems; without it the first one is raised. Where the reading goes on, the files without
            problems are returned.

    Returns:
        The files that the form reads, sorted by name.

    Raises:
        UserError: a file is unknown, missing, present twice, empty or not an ordinary file.
    """
    problems = problems or Problems()
    files = files_of(folder, problems)
    by_spec: dict[str, list[Path]] = {spec.name: [] for spec in form.files}
    unknown = []
    for path in files:
        name = letters.plain(path.name)
        fitting = [spec for spec in form.files if spec.fits(name)]
        if len(fitting) > 1:
            problems.report(
                UserError(
                    f"matches {len(fitting)} file entries of the form {form.form}",
                    place=str(path),
                    remedy=f"correct pattern of {' or '.join(spec.name for spec in fitting)} in form.yml",
                )
            )
        elif not fitting:
            unknown.append(path)
        else:
            by_spec[fitting[0].name].append(path)
    lacking = {spec.name for spec in form.files if len(_expected(spec, by_spec[spec.name])) < spec.count_range[0]}
    renamed = _report_unknown_files(unknown, form, lacking, problems)
    captured = []
    for spec in form.files:
        low, high = spec.count_range
        found = by_spec[spec.name]
        expected = _expected(spec, found)
        if not low <= len(expected) <= high and spec.name not in renamed:
            problems.report(
                UserError(
                    f"{len(expected)} files match {spec.pattern!r}, but {spec.count} are expected",
                    place=str(folder),
                    remedy=(
                        "ask the collector for the missing file"
                        if len(expected) < low
                        else f"remove the surplus files among {', '.join(sorted(path.name for path in expected)[:5])}"
                    )
                    + ", or correct count in form.yml",
                )
            )
        captured += [
            CapturedFile(path, spec, hash_file(path), path.stat().st_size) for path in found if spec.reader != "none"
        ]
    seen: dict[str, Path] = {}
    sound = []
    for file in captured:
        with problems.collect():
            if file.size == 0:
                raise UserError("the file is empty", place=str(file.path), remedy="ask the collector for a new copy")
            if file.sha256 in seen:
                raise UserError(
                    f"has the same content as {seen[file.sha256].name}",
                    place=str(file.path),
                    remedy="remove one of the two, and ask for the missing file if a different file was intended",
                )
            seen[file.sha256] = file.path
            sound.append(file)
    names = {file.name: file.path for file in sound}
    for file in sound:
        if names[file.name] != file.path:
            raise UserError(
                "has the same name as another file, apart from the Unicode form of its letters",
                place=str(file.path),
                remedy="rename one of the two",
            )
    return sorted(sound, key=lambda file: file.name)
