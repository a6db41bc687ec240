"""The reports beside the pages in a snapshot, and their files.

Belongs here: finding them, so that no link is broken. Does not belong here: making them (the package ``report``), or the
texts of links (``texts``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.publish.formats import REPORTS

MANIFEST = "manifest.json"
# The documents of a report in the order of their links, with their names.
DOCUMENTS = {"pdf": "PDF", "docx": "Word", "html": "HTML", "xlsx": "Excel"}


@dataclass(frozen=True)
class Report:
    """A report of a year, and of an area if it is about one, with a name and an address for each document."""

    name: str
    title: str
    year: int
    area: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reports:
    """The reports of a snapshot: the national ones, and those of areas by code."""

    national: list[Report] = field(default_factory=list)
    memos: dict[str, Report] = field(default_factory=dict)
    sheets: dict[str, Report] = field(default_factory=dict)


def read_reports(snapshot: Path) -> Reports:
    """Return the reports of a snapshot, without links to missing documents."""
    found: dict[str, list[Report]] = {name: [] for name in REPORTS}
    for name in REPORTS:
        for path in sorted((snapshot / name).glob(f"*/{MANIFEST}")):
            manifest = json.loads(path.read_text(encoding="utf-8"))
            documents = {kind: path.parent / f"{path.parent.name}.{kind}" for kind in DOCUMENTS}
            files = tuple(
                (DOCUMENTS[kind], f"../{file.relative_to(snapshot).as_posix()}")
                for kind, file in documents.items()
                if file.is_file()
            )
            title = f"{manifest['title']} {manifest['year']}"
            found[name].append(Report(path.parent.name, title, manifest["year"], manifest["area"], files))
    memos, sheets = ({each.area: each for each in found[name]} for name in ("memos", "sheets"))
    return Reports(found["report"], memos, sheets)
