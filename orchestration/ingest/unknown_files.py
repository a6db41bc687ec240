"""Suggests from its header what a delivered file may be whose name matches no entry of the form.

Belongs here: comparing its columns with those of the form's files, and the advice. Does not belong here: which names fit
(``capture``), or columns of a file that is known (``strictness``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.forms.matching import READERS
from orchestration.forms.model import WORKBOOKS, FileSpec, Form, SheetSpec, sheet_name
from orchestration.ingest.capture import CapturedFile
from orchestration.ingest.code_books import code_book
from orchestration.ingest.columns import as_counted, join_headers, mapped_names
from orchestration.ingest.headers import read_like
from orchestration.ingest.readers import Sheet
from orchestration.ingest.readers.files import PACKED_SUFFIXES, UNPACK

# A file with fewer of an entry's columns than this share is not of its kind.
_LEAST_ALIKE = 0.5
# Greatest number of differing columns that are named.
_SHOWN = 3

_NAME_IT = "name it once under files in form.yml (reader: none if it is not data)"


@dataclass(frozen=True)
class Advice:
    """The advice on an unknown file: what it is or is not, what to do, and the entry whose missing file it is."""

    what: str
    remedy: str
    fills: str | None = None


@dataclass(frozen=True)
class _Alike:
    """An entry of the form compared with the file: expected columns, those present, and the differences."""

    spec: FileSpec
    expected: int
    found: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        return not self.missing and not self.surplus

    @property
    def share(self) -> float:
        return self.found / self.expected if self.expected else 0.0


def advise(path: Path, form: Form, lacking: set[str]) -> Advice:
    """Return advice on a file that matches no entry of a form.

    Args:
        path: the file.
        form: the form.
        lacking: names of the entries whose files are missing.
    """
    suffix = path.suffix.lower()
    if suffix in PACKED_SUFFIXES:
        return Advice("it is packed", f"{UNPACK}, remove it, or {_NAME_IT}")
    if suffix == ".csv" and code_book(path) is not None:
        return Advice("it is a code book", "remove it, or name it once under files in form.yml with reader: none")
    entries = [spec for spec in form.files if spec.reader != "none" and READERS.get(suffix) == spec.reader]
    compared = [alike for spec in entries if (alike := _compared(path, form, spec)) is not None]
    best = max(compared, key=lambda each: (each.is_same, each.spec.name in lacking, each.share), default=None)
    if best is None or best.share < _LEAST_ALIKE:
        why = (
            "its columns are those of no file of the form"
            if compared
            else "it cannot be read as one of its files"
            if entries
            else f"none of its files is {suffix or 'without an ending'}"
        )
        return Advice(why, f"remove it, or {_NAME_IT}")
    spec, entry = best.spec, f"the entry {best.spec.name} ({best.spec.pattern})"
    if not best.is_same:
        differing = [
            f"{word} {', '.join(map(repr, names[:_SHOWN]))}"
            + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
            for word, names in (("without", best.missing), ("and also", best.surplus))
            if names
        ]
        what = f"it has {best.found} of the {best.expected} columns of {entry}, {' '.join(differing)}"
        return Advice(what, f"ask the collector for the file with the columns of the form, remove it, or {_NAME_IT}")
    what = f"its columns are those of {entry}"
    if spec.name in lacking:
        return Advice(what, f"rename it to fit {spec.pattern!r}, or correct pattern of the entry in form.yml", spec.name)
    late = (
        f"rename it to fit {spec.late!r}, the late files of the entry,"
        if spec.late is not None
        else f"state late: {path.name!r} in the entry in form.yml"
    )
    return Advice(what, f"{late} if it has answers that came late, or remove it")


def _compared(path: Path, form: Form, spec: FileSpec) -> _Alike | None:
    """Return the comparison of a file with an entry; None where it cannot be read as a file of the entry."""
    try:
        sheets, _ = read_like(path, spec, form)
    except UserError:
        return None
    expected, found, missing, surplus = 0, 0, list[str](), list[str]()
    for layout in form.sheets:
        if layout.file != spec.name:
            continue
        mapped = mapped_names(form, layout.name)
        needed = {name for name, column in mapped.items() if not column.optional}
        names = _names(path, form, spec, layout, sheets)
        expected += len(needed)
        found += len(needed & names)
        missing += sorted(needed - names)
        surplus += sorted(names - set(mapped))
    return _Alike(spec, expected, found, tuple(missing), tuple(surplus))


def _names(path: Path, form: Form, spec: FileSpec, layout: SheetSpec, sheets: list[Sheet]) -> set[str]:
    """Return the column names of the sheet with a layout; empty where there is none."""
    named = sheet_name(layout.sheet or "*")
    fitting = [each for each in sheets if named == "*" or spec.reader not in WORKBOOKS or sheet_name(each.name) == named]
    if not fitting:
        return set()
    try:
        sheet = as_counted(fitting[0], layout)
        return set(join_headers(CapturedFile(path, spec, "", 0), sheet, layout, mapped_names(form, layout.name)).values())
    except UserError:
        return set()
