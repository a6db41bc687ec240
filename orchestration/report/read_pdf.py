"""What a PDF says to who reads its tags, and whether it has the tags that its readers need."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

# What is made by the page design: the list of contents, and signs of list items.
_NOT_READ = ("TOC", "Lbl", "Artifact")
_FRONT = "Title"


@dataclass
class Pdf:
    """What was read: the text of the tags after the list of contents, and what is missing."""

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

    def take(shape: Any, inherited: int = -1) -> None:
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


def _pieces(page: Any) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the tags above a text, the text, and an alternative text, in the order of the tags."""
    texts = _texts(page)
    tree = pdfium.FPDF_StructTree_GetForPage(page.raw)

    def visit(element: Any, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
        path = (*above, _utf16(pdfium.FPDF_StructElement_GetType, element))
        alternative = _utf16(pdfium.FPDF_StructElement_GetAltText, element)
        if alternative:
            yield path, "", alternative
        for place in range(pdfium.FPDF_StructElement_CountChildren(element)):
            child = pdfium.FPDF_StructElement_GetChildAtIndex(element, place)
            if child:
                yield from visit(child, path)
                continue
            number = pdfium.FPDF_StructElement_GetChildMarkedContentID(element, place)
            # A link has a child that is no text.
            if number >= 0:
                yield path, texts.get(number, ""), ""

    try:
        for place in range(pdfium.FPDF_StructTree_CountChildren(tree)):
            yield from visit(pdfium.FPDF_StructTree_GetChildAtIndex(tree, place), ())
    finally:
        pdfium.FPDF_StructTree_Close(tree)


def read(path: Path) -> Pdf:
    """Return what a PDF says from its first chapter on."""
    found = Pdf(faults=list(_faults(path)))
    document = pypdfium2.PdfDocument(path)
    try:
        in_chapters = False
        parts: list[str] = []
        for page in document:
            for above, text, alternative in _pieces(page):
                if "TOC" in above:
                    in_chapters = False
                    parts = []
                    continue
                # Chapters begin at the first heading after the list of contents.
                in_chapters = in_chapters or "H1" in above
                if alternative and "Figure" in above[-1:]:
                    found.alternatives.append(alternative)
                if in_chapters and not set(above) & set(_NOT_READ):
                    parts.append(text)
        # A hyphen at the end of a line is given by its own sign.
        found.text = "".join(parts).replace("\x02", "-")
    finally:
        document.close()
    return found


def _faults(path: Path) -> Iterator[str]:
    with pikepdf.open(path) as document:
        root = document.Root
        if not bool(root.get("/MarkInfo", pikepdf.Dictionary()).get("/Marked", False)) or "/StructTreeRoot" not in root:
            yield "has no tags"
            return
        if "/Lang" not in root:
            yield "does not say its language"
        with document.open_metadata() as metadata:
            if str(metadata.get("pdfuaid:part", "")) != "1":
                yield "is no PDF/UA"

        def rows(element: Any, in_body: bool) -> Iterator[bool]:
            if not isinstance(element, pikepdf.Dictionary):
                return
            kind = str(element.get("/S", ""))
            children = element.get("/K")
            each = list(children) if isinstance(children, pikepdf.Array) else [] if children is None else [children]
            if kind == "/TR" and in_body:
                kinds = [str(child.get("/S", "")) for child in each if isinstance(child, pikepdf.Dictionary)]
                yield kinds[:1] == ["/TH"]
            for child in each:
                yield from rows(child, in_body or kind == "/TBody")

        if not all(rows(root.StructTreeRoot, False)):
            yield "has a row without a head"
