"""Code books among the files of a delivery: what each delivered variable is called in words.

Belongs here: recognising and reading them, whatever their encoding and delimiter. Does not belong here: what a column means
(``forms``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from orchestration.core import letters
from orchestration.ingest.capture import is_left_behind
from orchestration.ingest.readers import encodings

DELIMITERS = (";", ",", "\t", "|")
# What a code book calls a variable in which units write what they like.
_TEXTS = {"tekst", "fritekst", "text", "free text", "string"}


def _tables(path: Path, wanted: set[str]) -> Iterator[tuple[dict[str, str], csv.DictReader[str]]]:
    """Yield the rows of a csv file by each delimiter that gives it the wanted columns, with its names by their bare form."""
    content = path.read_bytes()
    text = content.decode(encodings.fitting(content) or "cp1252", errors="replace")
    lines = [letters.plain(line) for line in io.StringIO(text.removeprefix("\ufeff"), newline="")]
    for delimiter in DELIMITERS:
        rows = csv.DictReader(lines, delimiter=delimiter)
        names = {(name or "").strip().casefold(): name for name in rows.fieldnames or []}
        if wanted <= names.keys():
            yield names, rows


def code_book(path: Path) -> tuple[dict[str, str], list[str]] | None:
    """Return label by variable where a csv file is a code book, and variables with several labels; else None.

    Whatever its encoding and delimiter, a code book has the columns ``variable`` and ``label``. Blanks around names do not
    count.
    """
    for names, rows in _tables(path, {"variable", "label"}):
        labels: dict[str, set[str]] = {}
        for row in rows:
            variable, label = ((row[names[each]] or "").strip() for each in ("variable", "label"))
            if variable and label:
                labels.setdefault(variable, set()).add(label)
        several = [variable for variable, found in labels.items() if len(found) > 1]
        return {variable: found.pop() for variable, found in labels.items() if len(found) == 1}, several
    return None


def free_texts_of(folder: Path) -> set[str]:
    """Return the variables in which units write what they like, by the code books of a delivery."""
    found: set[str] = set()
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.suffix.lower() == ".csv" and not is_left_behind(path.name):
            try:
                found |= _free_texts(path)
            except (OSError, csv.Error):
                continue
    return found


def _free_texts(path: Path) -> set[str]:
    """Return the variables that a file calls texts in its column ``type``; none where it is no code book with one."""
    for names, rows in _tables(path, {"variable", "label", "type"}):
        return {
            (row[names["variable"]] or "").strip() for row in rows if (row[names["type"]] or "").strip().casefold() in _TEXTS
        }
    return set()


def labels_of(folder: Path) -> dict[str, str]:
    """Return the labels of all code books of a delivery by variable; none where there is no code book that can be read."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.suffix.lower() == ".csv" and not is_left_behind(path.name):
            try:
                labels, _ = code_book(path) or ({}, [])
            except (OSError, csv.Error):
                continue
            found |= labels
    return found
