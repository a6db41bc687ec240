"""Whether the tags of a PDF make it accessible: the requirements of PDF/UA that a program can check.

The compiler checks while it writes; this module checks the finished file independently. Belongs here: the tree of tags and
the marks of content. Does not belong here: the text of the tags (``read_pdf``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf
import pypdfium2.raw as pdfium

_GROUPS = ("THead", "TBody", "TFoot")
_CELLS = ("TH", "TD")


@dataclass
class Tag:
    """A tag: its kind, its PDF element, and the tags below it; ``holds`` counts content directly in the tag."""

    kind: str
    element: Any
    below: list[Tag] = field(default_factory=list)
    holds: int = 0

    def all(self) -> Iterator[Tag]:
        """Yield the tag and all below it, in reading order."""
        yield self
        for each in self.below:
            yield from each.all()

    def attribute(self, name: str) -> Any:
        """Return an attribute from the first of the tag's attribute lists that has it; None if none has."""
        found = self.element.get("/A")
        lists = [] if found is None else list(found) if isinstance(found, pikepdf.Array) else [found]
        return next((each[name] for each in lists if isinstance(each, pikepdf.Dictionary) and name in each), None)


def tree(document: pikepdf.Pdf) -> Tag:
    """Return the tags of a document below a root tag without a kind."""

    def read(element: Any, kind: str) -> Tag:
        tag = Tag(kind, element)
        children = element.get("/K")
        for each in [] if children is None else list(children) if isinstance(children, pikepdf.Array) else [children]:
            if isinstance(each, pikepdf.Dictionary) and "/S" in each:
                tag.below.append(read(each, str(each["/S"])[1:]))
            else:
                tag.holds += 1
        return tag

    return read(document.Root.StructTreeRoot, "")


def faults(document: pikepdf.Pdf) -> Iterator[str]:
    """Yield the faults in the tags and metadata of a document."""
    root = document.Root
    if not bool(root.get("/MarkInfo", pikepdf.Dictionary()).get("/Marked", False)) or "/StructTreeRoot" not in root:
        yield "has no tags"
        return
    if not str(root.get("/Lang", "")):
        yield "does not declare its language"
    if not bool(root.get("/ViewerPreferences", pikepdf.Dictionary()).get("/DisplayDocTitle", False)):
        yield "does not show its title"
    with document.open_metadata() as metadata:
        if str(metadata.get("pdfuaid:part", "")) != "1":
            yield "is not PDF/UA"
        if not str(metadata.get("dc:title", "")):
            yield "has no title"
    tags = list(tree(document).all())
    yield from _heading_faults(tags)
    for tag in tags:
        if tag.kind == "Figure" and not str(tag.element.get("/Alt", "")).strip():
            yield "has a figure without a text alternative"
        if tag.kind == "Table":
            yield from _table_faults(tag)


def _heading_faults(tags: list[Tag]) -> Iterator[str]:
    """Yield headings that skip a level: they mislead readers who navigate by headings."""
    before = 0
    for tag in tags:
        if tag.kind[:1] == "H" and tag.kind[1:].isdigit():
            level = int(tag.kind[1:])
            if level > before + 1:
                yield f"has a heading of level {level} below one of level {before}"
            before = level


def _table_faults(table: Tag) -> Iterator[str]:
    rows = [(group.kind, row) for group in table.below if group.kind in _GROUPS for row in group.below]
    if any(each.kind not in _GROUPS for each in table.below) or any(row.kind != "TR" for _, row in rows):
        yield "has a table with content outside rows"
        return
    cells = [[each for each in row.below if each.kind in _CELLS] for _, row in rows]
    if len(set(_widths(cells))) > 1 or not all(cells):
        yield "has a table whose rows differ in width or are empty"
    named = {str(name) for line in cells for cell in line for name in cell.attribute("/Headers") or ()}
    for (group, _), line in zip(rows, cells, strict=True):
        if group == "TBody" and line and line[0].kind != "TH":
            yield "has a row without a head"
        for cell in line:
            if group == "THead" and cell.kind != "TH":
                yield "has a cell among the heads that is not a head"
            if cell.kind == "TH" and cell.attribute("/Scope") is None and str(cell.element.get("/ID", "")) not in named:
                yield "has a table head without a scope"
            if group == "THead" and not cell.holds and not cell.below:
                yield "has an empty table head"


def _widths(rows: list[list[Tag]]) -> list[int]:
    """Return how many columns each row occupies, including cells that extend down into it."""
    reaching: dict[int, int] = {}
    widths = []
    for at, line in enumerate(rows):
        width = reaching.get(at, 0)
        for cell in line:
            columns, down = (int(cell.attribute(name) or 1) for name in ("/ColSpan", "/RowSpan"))
            width += columns
            for below in range(at + 1, at + down):
                reaching[below] = reaching.get(below, 0) + columns
        widths.append(width)
    return widths


def unmarked(page: Any) -> int:
    """Count the objects of a page that are neither tagged nor marked as decoration."""
    places = range(pdfium.FPDFPage_CountObjects(page.raw))
    return sum(pdfium.FPDFPageObj_CountMarks(pdfium.FPDFPage_GetObject(page.raw, place)) == 0 for place in places)
