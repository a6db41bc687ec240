"""The documents of drafted reports: written, read back, and put in place whole or not at all.

The cells of several reports are read a second time together, to check their documents. A report is not written again if
finished documents of its edition exist. Belongs here: the order of these steps and the folders. Does not belong here: any
step itself, or several processes (``parallel``).
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.core.content_hashes import file_hash
from orchestration.core.errors import UserError
from orchestration.core.progress import progress
from orchestration.core.settings import Settings
from orchestration.report import read_back
from orchestration.report.build import Desk, Draft, Remarks, Wanted, draft, open_desk
from orchestration.report.html import write_html
from orchestration.report.manifest import MANIFEST, read_manifest, write_manifest
from orchestration.report.pdf import write_pdf
from orchestration.report.word import write_word
from orchestration.report.workbook import write_workbook

KINDS = ("docx", "pdf", "html", "xlsx")
# What determines the bytes of a document besides its content: this program, and the tools that write it.
PROGRAM = (Path(__file__).parent, Path(__file__).parent.parent / "core")
TOOLS = ("pypandoc_binary", "typst", "pikepdf", "openpyxl")


@dataclass(frozen=True, kw_only=True)
class Built(Remarks):
    """A report that was built; ``is_kept`` if finished documents of its edition were reused."""

    name: str
    folder: Path
    snapshot: str
    edition: str
    tables: int
    figures: int
    values: int
    cells: int
    read_back: int
    is_kept: bool

    @property
    def files(self) -> dict[str, Path]:
        """The documents by their format."""
        return {kind: self.folder / f"{self.name}.{kind}" for kind in KINDS}


@dataclass(frozen=True)
class Refused:
    """A report that could not be made, and why."""

    name: str
    what: str
    place: str
    remedy: str

    @property
    def error(self) -> UserError:
        """The error to raise."""
        return UserError(f"{self.name}: {self.what}", place=self.place, remedy=self.remedy)


def build(settings: Settings, wanted: Wanted, into: Path | None = None, *, with_turns: bool = False) -> Built:
    """Build a report of the published snapshot into its folder; a report that fails a check leaves none.

    Args:
        settings: where inputs, snapshots and reports lie.
        wanted: the report to make.
        into: the folder for the report's folder; None for the snapshot's folder among the reports.
        with_turns: also evaluate the chapters on the round before, and list the sentences that turned.

    Raises:
        UserError: the source is wrong, a value is refused, or a finished document differs from the cells it is bound to.
    """
    with open_desk(settings) as desk:
        target = settings.reports / desk.published.id if into is None else into
        with scratch(target) as made:
            (found,) = make(desk, [wanted], made, earlier_folders(settings, target), with_turns=with_turns)
            if isinstance(found, Refused):
                raise UserError(found.what, place=found.place, remedy=found.remedy)
            return put_in_place(found, target)


def make(
    desk: Desk, wanted: Sequence[Wanted], folder: Path, earlier: Iterable[Path] = (), *, with_turns: bool = False
) -> list[Built | Refused]:
    """Make the documents of reports, each in its own folder under ``folder``, and check them by reading them back.

    Args:
        desk: the snapshot.
        wanted: the reports.
        folder: where they are made.
        earlier: folders that contain finished reports, which may have the same edition.
        with_turns: also list the sentences that turned since the round before.
    """
    found: dict[Wanted, Built | Refused] = {}
    drafts: list[Draft] = []
    desk.read_ahead(wanted)
    for each in wanted:
        try:
            drafts.append(draft(desk, each, with_turns=with_turns))
        except UserError as error:
            found[each] = Refused(each.name, error.what, error.place, error.remedy)
    cells = (cell for report in drafts for cell in read_back.cells_of(report.document, report.stated))
    again = read_back.Again(desk.folder, cells)
    for report in drafts:
        try:
            found[report.wanted] = _made(desk, report, folder / report.wanted.name, again, earlier)
        except UserError as error:
            found[report.wanted] = Refused(report.wanted.name, error.what, error.place, error.remedy)
    return [found[each] for each in wanted]


def _made(desk: Desk, report: Draft, folder: Path, again: read_back.Again, earlier: Iterable[Path]) -> Built:
    """Write the documents of one report, or copy finished ones of its edition, and check them against the second reading."""
    name, document = report.wanted.name, report.document
    finished = _finished(name, document.edition, earlier)
    folder.mkdir(parents=True)
    if finished is not None:
        files, hashes = {}, {}
        for kind in KINDS:
            files[kind] = Path(shutil.copyfile(finished / f"{name}.{kind}", folder / f"{name}.{kind}"))
            hashes[files[kind].name] = file_hash(files[kind])
        if hashes != read_manifest(finished / MANIFEST)["files"]:
            raise UserError("a document changed while it was copied", place=str(finished), remedy="repeat the command")
        checked = read_back.check_values(document, report.stated, again)
    else:
        files = {kind: folder / f"{name}.{kind}" for kind in KINDS}
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=folder.parent) as work:
            progress.stage(f"writing {name}")
            write_word(document, files["docx"], Path(work))
            write_html(document, files["html"])
            write_pdf(document, files["pdf"], Path(work))
            write_workbook(document, files["xlsx"])
        progress.stage(f"reading {name} back")
        checked = read_back.check(document, report.stated, files, again)
        hashes = {path.name: file_hash(path) for path in files.values()}
    # The manifest is not copied: the cells that numbers are bound to are those of this draft.
    write_manifest(folder / MANIFEST, {"edition": document.edition, "made_by": program(), "files": hashes}, report.bound)
    return Built(
        name=name,
        folder=folder,
        snapshot=desk.published.id,
        edition=document.edition,
        tables=sum(placed.chart is None for placed in document.placed),
        figures=sum(placed.chart is not None for placed in document.placed),
        values=len(report.stated),
        cells=sum(cell.quantity is not None for placed in document.placed for line in placed.grid.cells for cell in line),
        read_back=checked,
        is_kept=finished is not None,
        **vars(report.remarks),
    )


def _finished(name: str, edition: str, earlier: Iterable[Path]) -> Path | None:
    """Return a folder with finished documents of an edition, made by this version of the program and unchanged since."""
    for folder in earlier:
        try:
            known = read_manifest(folder / name / MANIFEST)
        except UserError:
            continue
        files: Mapping[str, Any] = known.get("files", {})
        there = {path.name for path in (folder / name).iterdir()}
        if (
            (known.get("edition"), known.get("made_by")) == (edition, program())
            and there == {MANIFEST, *files}
            and files.keys() == {f"{name}.{kind}" for kind in KINDS}
            and all(file_hash(folder / name / file) == digest for file, digest in files.items())
        ):
            return folder / name
    return None


@cache
def program() -> str:
    """Return a hash of what determines the bytes of documents besides their content."""
    digest = hashlib.sha256()
    for folder in PROGRAM:
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            digest.update(f"{path.relative_to(folder.parent).as_posix()} {file_hash(path)}\n".encode())
    for tool in TOOLS:
        digest.update(f"{tool} {importlib.metadata.version(tool)}\n".encode())
    return digest.hexdigest()


def earlier_folders(settings: Settings, *nearest: Path) -> list[Path]:
    """Return the folders that may contain finished reports, the nearest first."""
    others = sorted(settings.reports.iterdir()) if settings.reports.is_dir() else []
    return [*nearest, *(path for path in others if path.is_dir() and path not in nearest and path.name[0] != ".")]


@contextmanager
def scratch(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside the finished reports; it is removed afterwards."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making.", dir=target) as folder:
        yield Path(folder)


def put_in_place(built: Built, target: Path) -> Built:
    """Move a finished folder to its place; it replaces an earlier one."""
    place = target / built.name
    old = target / f".{built.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    built.folder.rename(place)
    shutil.rmtree(old, ignore_errors=True)
    return dataclasses.replace(built, folder=place)


def list_omissions(left_out: Mapping[str, str]) -> list[str]:
    """Return the omissions, grouped by reason."""
    reasons: dict[str, list[str]] = {}
    for key, reason in left_out.items():
        reasons.setdefault(reason, []).append(key)
    return [f"{reason}: {', '.join(keys)}" for reason, keys in reasons.items()]
