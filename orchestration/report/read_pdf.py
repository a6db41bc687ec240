"""Reading a PDF by its tags: its text, its text alternatives, and faults in its tags."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from orchestration.report.pdf_structure import faults, unmarked

# Tags of content that the page design adds, such as the list of contents and markers of list items.
_NOT_READ = ("TOC", "Lbl", "Artifact")
# Content other than text has no number.
_NO_TEXT = -1


@dataclass
class Pdf:
    """What was read: the text after the list of contents, the text alternatives of figures, and faults."""

    text: str = ""
    alternatives: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def _utf16(function: Callable[..., int], *arguments: Any) -> str:
    size = function(*arguments, None, 0)
    buffer = ctypes.create_string_buffer(max(size, 2))
    function(*arguments, buffer, size)
    return buffer.raw[:size].decode("utf-16-le").rstrip("\0")


def _texts(page: Any) -> dict[int, str]:
    """Return the text of a page by the number of its marked content."""
    text_page = page.get_textpage()
    found: dict[int, str] = {}

    def take(shape: Any, inherited: int = _NO_TEXT) -> None:
        number = pdfium.FPDFPageObj_GetMarkedContentID(shape)
        number = number if number >= 0 else inherited
        kind = pdfium.FPDFPageObj_GetType(shape)
        if kind == pdfium.FPDF_PAGEOBJ_TEXT:
            size = pdfium.FPDFTextObj_GetText(shape, text_page.raw, None, 0)
            buffer = (ctypes.c_ushort * max(size // 2, 1))()
            pdfium.FPDFTextObj_GetText(shape, text_page.raw, buffer, size)
            found[number] = found.get(number, "") + bytes(buffer)[:size].decode("utf-16-le").rstrip("\0")
        elif kind == pdfium.FPDF_PAGEOBJ_FORM:
            for each in range(pdfium.FPDFFormObj_CountObjects(shape)):
                take(pdfium.FPDFFormObj_GetObject(shape, each), number)

    for place in range(pdfium.FPDFPage_CountObjects(page.raw)):
        take(pdfium.FPDFPage_GetObject(page.raw, place))
    return found


def _pieces(page: Any) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """Yield the tags above a text, the number of its marked content, and an alternative text, in the order of the tags."""
    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)

    def visit(element: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int, str]]:
        path = (*above, _utf16(pdfium.FPDF_StructElement_GetType, element))
        alternative = _utf16(pdfium.FPDF_StructElement_GetAltText, element)
        if alternative:
            yield path, _NO_TEXT, alternative
        for place in range(pdfium.FPDF_StructElement_CountChildren(element)):
            child = pdfium.FPDF_StructElement_GetChildAtIndex(element, place)
            if child:
                yield from visit(child, path)
                continue
            number = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, place)
            # A link has a child that is not text.
            if number >= 0:
                yield path, number, ""

    try:
        for place in range(pdfium.FPDF_StructTree_CountChildren(tree)):
            yield from visit(pdfium.FPDF_StructTree_GetChildAtIndex(tree, place), ())
    finally:
        pdfium.FPDF_StructTree_Close(tree)


def read(path: Path) -> Pdf:
    """Return the content of a PDF from its first chapter on."""
    with pikepdf.open(path) as tagged:
        found = Pdf(faults=list(dict.fromkeys(faults(tagged))))
    document = pypdfium2.PdfDocument(path)
    try:
        in_chapters = False
        parts: list[str] = []
        for page in document:
            texts, seen = _texts(page), {_NO_TEXT}
            for above, number, alternative in _pieces(page):
                seen.add(number)
                if "TOC" in above:
                    in_chapters = False
                    parts = []
                    continue
                # Chapters begin at the first heading after the list of contents.
                in_chapters = in_chapters or "H1" in above
                if alternative and "Figure" in above[-1:]:
                    found.alternatives.append(alternative)
                if in_chapters and number != _NO_TEXT and not set(above) & set(_NOT_READ):
                    parts.append(texts.get(number, ""))
            # Text that is marked as decoration has no number.
            if texts.keys() - seen or unmarked(page):
                found.faults.append("shows content without a tag")
        # pdfium returns a hyphen at the end of a line as a control character.
        found.text = "".join(parts).replace("\x02", "-")
    finally:
        document.close()
    return found
