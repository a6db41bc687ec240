"""What the columns of a delivery held in an earlier version of it.

Belongs here: reading a version by the present form, as far as possible. Does not belong here: which versions there are
(``archive``), and comparing answers of two versions (``preview.versions``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import Problems
from orchestration.forms.model import Form
from orchestration.forms.same_values import Place, Texts
from orchestration.ingest.archive import Version, restore, versions_of
from orchestration.ingest.capture import CapturedFile, capture
from orchestration.ingest.readers import Sheet

ColumnsBefore = Callable[[str, Collection[str]], Mapping[str, Texts]]
"""Returns what the columns of a layout held in the newest version that had one of some headers; nothing if none had."""


def no_version(layout: str, wanted: Collection[str]) -> Mapping[str, Texts]:
    """Return nothing: no earlier version is known."""
    return {}


def column_texts(sheet: Sheet, headers: Mapping[int, str], first_row: int, file: str = "") -> dict[str, Texts]:
    """Return the text of each filled cell of the rows of data, by header and by file and row."""
    cells = sheet.cells.filter(pc.greater_equal(sheet.cells["row_number"], pa.scalar(first_row, pa.int32())))
    found: dict[str, dict[Place, str]] = {name: {} for name in headers.values()}
    for number, row, text in zip(
        *(cells[name].to_pylist() for name in ("column_number", "row_number", "text")), strict=True
    ):
        if number in headers and text.strip():
            found[headers[number]][file, row] = text
    return {**found}


def columns_before(form: Form, files: Collection[CapturedFile], archive: Path) -> ColumnsBefore:
    """Return a function that looks up earlier versions; the archive is opened only when it is called.

    Args:
        form: the form, by which they are read.
        files: the files of the present version.
        archive: folder of the unchanged copies.
    """
    present = {file.sha256 for file in files}

    def find(layout: str, wanted: Collection[str]) -> Mapping[str, Texts]:
        for version in versions_of(archive, form.delivery):
            # A refused version has the present headers, and one with the same data does not count as earlier.
            if not present <= set(version.files.values()):
                found = _read(form, version, archive, layout)
                if any(found.get(name) for name in wanted):
                    return found
        return {}

    return find


def _read(form: Form, version: Version, archive: Path, layout: str) -> dict[str, Texts]:
    """Return the columns of a layout in a version, as far as they can be read; its problems are not reported again."""
    from orchestration.ingest.delivery_files import read_file  # imported here: it asks for versions itself

    problems = Problems(go_on=True)
    found: dict[str, dict[Place, str]] = {}
    # Beside the archive: the restored files contain answers of single units.
    with tempfile.TemporaryDirectory(dir=archive.parent) as temporary, problems.collect():
        restore(version.hashes[0], archive, Path(temporary))
        for file in capture(Path(temporary) / version.delivery, form, problems):
            if all(sheet.file != file.spec.name or sheet.name != layout for sheet in form.sheets):
                continue
            with problems.collect():
                for sheet in read_file(form, file, problems):
                    if sheet.layout.name == layout:
                        texts = column_texts(sheet.sheet, sheet.headers, sheet.layout.first_row, file.name)
                        for name, held in texts.items():
                            found.setdefault(name, {}).update(held)
    return dict(found)
