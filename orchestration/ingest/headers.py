"""What a new delivery looks like, read with last year's form as a guide: headers, files and code book for a draft.

Belongs here: trying last year's statements on files that no form describes yet. Does not belong here: deciding what a column
means (``forms.draft``) or reading cells for good (``deliveries``).
"""

from __future__ import annotations

import csv
import fnmatch
import hashlib
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from orchestration.errors import UserError
from orchestration.forms.draft import READERS, DeliveredSheet
from orchestration.forms.model import FileSpec, Form, SheetSpec
from orchestration.ingest.capture import CapturedFile
from orchestration.ingest.columns import join_headers
from orchestration.ingest.readers import Sheet, read

ENCODINGS = ("utf-8", "utf-16", "cp1252")
DELIMITERS = (";", ",", "\t", "|")


@dataclass(frozen=True)
class Look:
    """What was found in a delivery folder; ``notes`` are for the person who finishes the draft."""

    sheets: list[DeliveredSheet]
    files: list[str]
    labels: dict[str, str]
    notes: list[str]


def _code_book(path: Path) -> dict[str, str] | None:
    """Return label by variable where a csv file is a code book, else None; a variable with several labels is left out."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            with path.open(encoding=encoding, newline="") as file:
                rows = csv.DictReader(file, delimiter=";")
                if not {"variable", "label"} <= set(rows.fieldnames or []):
                    return None
                labels: dict[str, set[str]] = {}
                for row in rows:
                    if row["variable"] and row["label"]:
                        labels.setdefault(row["variable"], set()).add(row["label"])
                return {variable: found.pop() for variable, found in labels.items() if len(found) == 1}
        except UnicodeDecodeError:
            continue
    return None


def _sheet_names(path: Path) -> tuple[str, ...]:
    try:
        return tuple(python_calamine.CalamineWorkbook.from_path(str(path)).sheet_names)
    except (python_calamine.CalamineError, OSError) as error:
        raise UserError(f"cannot be opened ({error})", place=str(path), remedy="ask the collector for it again") from error


def _read(path: Path, guide: FileSpec | None, notes: list[str]) -> list[Sheet]:
    """Read a file as last year's form states, or as the first statement that fits."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        return []
    if reader == "xlsx":
        return read(path, FileSpec(name="draft", pattern=path.name, reader=reader), _sheet_names(path))
    if reader != "csv":
        return read(path, FileSpec(name="draft", pattern=path.name, reader=reader))
    statements = [(encoding, delimiter) for encoding in ENCODINGS for delimiter in DELIMITERS]
    if guide is not None and guide.reader == "csv" and guide.encoding and guide.delimiter:
        statements.insert(0, (guide.encoding, guide.delimiter))
    problem: UserError | None = None
    for place, (encoding, delimiter) in enumerate(statements):
        spec = FileSpec(name="draft", pattern=path.name, reader="csv", encoding=encoding, delimiter=delimiter)
        try:
            sheets = read(path, spec)
        except UserError as error:
            problem = problem or error
            continue
        if place > 0 or guide is None:
            notes.append(f"{path.name} was read as {encoding}, delimiter {delimiter!r}: state it in form.yml if it is right")
        return sheets
    raise problem or UserError("cannot be read", place=str(path), remedy="state encoding and delimiter in form.yml")


def look(folder: Path, previous: Form) -> Look:
    """Look at a delivery that no form describes yet.

    Args:
        folder: the delivery's folder.
        previous: last year's form; its layouts are tried on sheets of the same name, else the first row is the header.

    Raises:
        UserError: there is no such folder, or a file cannot be read.
    """
    if not folder.is_dir():
        raise UserError("there is no such delivery", place=str(folder), remedy="put the delivered files into this folder")
    result = Look([], [], {}, [])
    read_specs = [spec for spec in previous.files if spec.reader != "none"]
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        result.files.append(path.name)
        labels = _code_book(path) if path.suffix.lower() == ".csv" else None
        if labels is not None:
            result.labels.update(labels)
            continue
        reader = READERS.get(path.suffix.lower())
        fitting = [spec for spec in read_specs if fnmatch.fnmatchcase(path.name, spec.pattern)] or [
            spec for spec in read_specs if spec.reader == reader
        ]
        guide = fitting[0] if fitting else None
        for sheet in _read(path, guide, result.notes):
            layouts = [
                layout
                for layout in previous.sheets
                if (guide is None or layout.file == guide.name) and layout.sheet in (None, "*", sheet.name)
            ]
            layout = layouts[0] if layouts else SheetSpec(name="draft", file="draft", unit={"code": ("?",)})  # type: ignore[arg-type]
            file = CapturedFile(path, guide or read_specs[0], hashlib.sha256().hexdigest(), 0)
            headers = join_headers(file, sheet, layout)
            name = sheet.name if reader == "xlsx" else ""
            result.sheets.append(DeliveredSheet(path.name, name, tuple(headers.values()), layout.header_rows[0]))
    return result
