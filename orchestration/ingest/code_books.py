"""Code books among the files of a delivery: the label, type and code labels of each delivered variable.

Belongs here: recognising and reading them, whatever their encoding and delimiter; each is read once. Does not belong here:
what a column means (``forms``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from orchestration.core import letters
from orchestration.forms.code_book import BookKind
from orchestration.ingest.capture import is_left_behind
from orchestration.ingest.readers import encodings

DELIMITERS = (";", ",", "\t", "|")
_NEEDED = ("variable", "label")
# The words of code books for the type of a variable, in the column ``type``.
_KINDS: Mapping[str, BookKind] = {
    **dict.fromkeys(("tekst", "fritekst", "text", "free text", "string"), "text"),
    **dict.fromkeys(("tall", "number", "numeric", "integer", "heltall", "desimaltall"), "number"),
    **dict.fromkeys(("kode", "koder", "code", "codes", "kategori", "category", "enkeltvalg", "single choice"), "code"),
    **dict.fromkeys(("avkryss", "avkrysning", "avkryssing", "kryss", "tick", "checkbox"), "tick"),
}
# A code and the separator before its label; a colon only after a number, as labels contain colons too.
_CODE = re.compile(r"(?:^|[,;|\n])\s*(?:([^=,;|\n]{1,40}?)\s*=|(-?[0-9]{1,6})\s*:)\s*")
# Size of the beginning of a file that shows whether it can be a code book: it contains the first line.
_FIRST_BYTES = 4096

Value = TypeVar("Value")


@dataclass(frozen=True)
class CodeBook:
    """The contents of a code book by variable: label, type, and label by code.

    ``several`` are the variables with several labels: they are left out.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, BookKind] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    several: tuple[str, ...] = ()

    @property
    def free_texts(self) -> set[str]:
        """The variables of free text."""
        return {variable for variable, kind in self.kinds.items() if kind == "text"}

    def __or__(self, other: CodeBook) -> CodeBook:
        """Merge two code books; where both have a variable, the second takes precedence."""
        return CodeBook(
            {**self.labels, **other.labels}, {**self.kinds, **other.kinds}, {**self.codes, **other.codes}, other.several
        )


def codes_of(text: str) -> dict[str, str]:
    """Return label by code, as a code book lists them: ``1=Ja, 2=Nei``; labels may contain the separator.

    Empty where it is not such a list, or a code occurs twice.
    """
    found: dict[str, str] = {}
    places = [*_CODE.finditer(text)]
    if not places or text[: places[0].start()].strip():
        # A text with anything before the first code is not a list of codes.
        return {}
    ends = [*(place.start() for place in places[1:]), len(text)]
    for place, end in zip(places, ends, strict=True):
        code = (place[1] or place[2]).strip()
        if code in found:
            return {}
        found[code] = text[place.end() : end].strip(" ,;|\n")
    return found


def _may_be(path: Path) -> bool:
    """Whether the column names of a code book are at the beginning of a file, whatever its encoding."""
    with path.open("rb") as file:
        first = file.read(_FIRST_BYTES).replace(b"\0", b"").lower()
    return all(name.encode() in first for name in _NEEDED)


def code_book(path: Path) -> CodeBook | None:
    """Return a csv file as a code book; None where it is not one.

    Whatever its encoding and delimiter, a code book has the columns ``variable`` and ``label``; ``type`` and ``codes`` are
    optional. Blanks around names are ignored.
    """
    if not _may_be(path):
        return None
    content = path.read_bytes()
    text = content.decode(encodings.fitting(content) or "cp1252", errors="replace")
    lines = [letters.plain(line) for line in io.StringIO(text.removeprefix("\ufeff"), newline="")]
    for delimiter in DELIMITERS:
        rows = csv.DictReader(lines, delimiter=delimiter)
        names = {(name or "").strip().casefold(): name for name in rows.fieldnames or []}
        if set(_NEEDED) <= names.keys():
            return _book([{name: (row[names[name]] or "").strip() for name in names} for row in rows])
    return None


def _book(rows: Iterable[Mapping[str, str]]) -> CodeBook:
    labels: dict[str, set[str]] = {}
    kinds: dict[str, set[BookKind]] = {}
    codes: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    for row in rows:
        variable = row["variable"]
        if not variable:
            continue
        if row["label"]:
            labels.setdefault(variable, set()).add(row["label"])
        if (kind := _KINDS.get(row.get("type", "").casefold())) is not None:
            kinds.setdefault(variable, set()).add(kind)
        if listed := codes_of(row.get("codes", "")):
            codes.setdefault(variable, set()).add(tuple(listed.items()))
    several = tuple(variable for variable, found in labels.items() if len(found) > 1)
    return CodeBook(_only(labels), _only(kinds), {name: dict(each) for name, each in _only(codes).items()}, several)


def _only(found: Mapping[str, set[Value]]) -> dict[str, Value]:
    """Return the values of variables that have exactly one value."""
    return {variable: next(iter(values)) for variable, values in found.items() if len(values) == 1}


def code_books_of(folder: Path) -> dict[Path, CodeBook]:
    """Return the code books among the files of a folder; an unreadable file is skipped."""
    found: dict[Path, CodeBook] = {}
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.suffix.lower() == ".csv" and not is_left_behind(path.name):
            try:
                book = code_book(path)
            except (OSError, csv.Error):
                continue
            found |= {path: book} if book is not None else {}
    return found


def book_of(folder: Path) -> CodeBook:
    """Return all code books of a delivery, merged."""
    whole = CodeBook()
    for book in code_books_of(folder).values():
        whole |= book
    return whole
