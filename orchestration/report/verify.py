"""Checking a finished report against the public files by its manifest, without anything from the process that wrote it.

Belongs here: checks that need only the files of a report and of the snapshot. Does not belong here: checks that need the
report in memory (``read_back``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.core.content_hashes import file_hash
from orchestration.report import read_html, read_word
from orchestration.report.bound_values import written
from orchestration.report.manifest import MANIFEST, quantity_of, read_manifest
from orchestration.report.read_back import Again
from orchestration.report.values import ReportError


@dataclass
class Verified:
    """The number of values checked, the edition of each report, and the faults, each with the name of its report."""

    numbers: int = 0
    editions: dict[str, str] = field(default_factory=dict)
    unequal: list[str] = field(default_factory=list)
    confidential: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


def verify(reports: Path, snapshot: Path) -> Verified:
    """Check every report below a folder against the files of a snapshot; the cells of all reports are read together."""
    found = Verified()
    manifests = {path.parent: read_manifest(path) for path in sorted(reports.rglob(MANIFEST))}
    cells = (
        cell for content in manifests.values() for _, number, _ in numbers_of(content) for cell in quantity_of(number).cells
    )
    again = Again(snapshot, cells)
    found.confidential += again.hidden
    for folder, content in manifests.items():
        name, language = folder.name, content["language"]
        found.editions[name] = content["edition"]
        for where, number, text in numbers_of(content):
            found.numbers += 1
            try:
                value = again.value(quantity_of(number)) / number.get("divisor", 1)
                wanted = written(value, number.get("decimals", 0), number.get("form", "number"), language)
            except ReportError as error:
                wanted = error.what
            if text != wanted:
                found.unequal.append(f"{name}: {where} says {text} instead of {wanted}")
        page = read_html.read((folder / f"{name}.html").read_text(encoding="utf-8"))
        found.unequal += [f"{name}: {fault}" for fault in _changed(folder, content, page)]
        found.lost += [
            f"{name}: a link leads to {each!r}, which does not exist" for each in sorted(page.references - page.ids)
        ]
    return found


def numbers_of(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Yield every number of a manifest: its place, what it is bound to, and its text."""
    for value in content["values"]:
        yield f"{value['file']}, line {value['line']}: {value['expression']}", value, value["text"]
    for table in content["tables"]:
        for row, numbers, texts in zip(table["rows"], table["numbers"], table["texts"], strict=True):
            for column, number, text in zip(table["columns"], numbers, texts, strict=True):
                if number is not None:
                    yield f"{table['key']} / {row} / {column}", number, text


def _changed(folder: Path, content: Mapping[str, Any], page: read_html.Page) -> Iterator[str]:
    """Yield the differences between the documents of a report and its manifest."""
    for name, digest in content["files"].items():
        path = folder / name
        if not path.is_file() or file_hash(path) != digest:
            yield f"{name} is not the file that was read back"
    values = {value["id"]: value["text"] for value in content["values"]}
    word = read_word.read(folder / f"{folder.name}.docx")
    for kind, spans in (("Word", word.spans), ("HTML", page.spans)):
        wrong = [name for name, text in values.items() if spans.get(name) != text]
        if wrong:
            yield f"{kind} reads {spans.get(wrong[0])!r} at {wrong[0]} instead of {values[wrong[0]]!r}"
