"""Inspects a workbook of the kind xlsx: its parts, its sheets, its styles and shared texts.

Belongs here: the parts of Open XML, in both editions of the standard, anywhere in the package. What the library needs to
read the values is repacked under the names by which it looks parts up. Does not belong here: the package itself
(``package``), the cells of a sheet (``open_xml_cells``), and reading values.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from orchestration.ingest.readers.files import shown, too_many
from orchestration.ingest.readers.looks import ListedSheet, Look, number_marks
from orchestration.ingest.readers.model import Limits
from orchestration.ingest.readers.open_xml_cells import Known, RunCollector, Screen, is_on, look_closely
from orchestration.ingest.readers.package import Package, links_part

_ROOT_LINKS = "_rels/.rels"
_PACKED = {"sharedStrings": "xl/sharedStrings.xml", "styles": "xl/styles.xml", "worksheet": "xl/worksheets/sheet{}.xml"}
"""Where the library looks parts up, by the last word of the type of their link."""
_NEEDED = {*_PACKED, "chartsheet"}
_PERCENT_FORMATS = {"9", "10"}
_TRUE = {"1", "true", "on"}
_PREFIX = rb"(?:[^\s<>/!?:=\"']+:)?"
_ERROR_CELL = re.compile(rb"(<" + _PREFIX + rb"c\s[^<>]*?\bt=)([\"'])e\2")
_DIMENSION = re.compile(rb"<" + _PREFIX + rb"dimension\s[^<>]*/>")
_PREFIXED_TEXT = re.compile(rb"<([^\s<>/!?:=\"']+:t)>")
_SHARED_TEXT = re.compile(rb"<" + _PREFIX + rb"si[\s/>]")
_WHOLE_VALUE = re.compile(rb"v>\s*([0-9]{1,9})\s*<")


@dataclass
class Book:
    """An opened workbook: the places of its parts, and what they say about cells."""

    package: Package
    limits: Limits
    sheets: list[ListedSheet]
    workbook: str
    links: dict[str, tuple[str, str]]
    """Last word of the type, and part, of each link of the workbook."""
    known: Known = field(default_factory=Known)

    def linked(self, kind: str) -> str | None:
        """Return the part of a kind of link, or the one in the usual place of such parts."""
        usual = _PACKED[kind].lower()
        parts = [*(part for each, part in self.links.values() if each == kind), usual]
        return next((part for part in parts if part in self.package.parts), None)


def open_book(package: Package, limits: Limits) -> Book:
    """Find a workbook's parts.

    Raises:
        UserError: a part is damaged or missing.
    """
    workbook = next((part for kind, part in package.links("").values() if kind == "officeDocument"), "")
    if workbook not in package.parts:
        workbook = "xl/workbook.xml"
    links = package.links(workbook)
    if not links:
        raise package.damaged(f"the links of {workbook} are missing")
    book = Book(package, limits, [], workbook, links)

    def listed(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            # The link's attribute has a namespace, which differs between two editions of the standard.
            link = next((value for key, value in attributes.items() if key.endswith(" id")), "")
            kind, part = book.links.get(link, ("", ""))
            hidden = attributes.get("state", "visible") != "visible"
            book.sheets.append(ListedSheet(attributes.get("name", ""), hidden, kind != "chartsheet", part))
        elif tag == "calcPr":
            book.known.is_computed_on_opening = attributes.get("fullCalcOnLoad") in _TRUE

    package.each_tag(workbook, listed)
    for place, sheet in enumerate(book.sheets):
        where = f"sheet {shown(sheet.name)}"
        if sheet.part not in package.parts:
            raise package.damaged("its part of the workbook is missing", where)
        if any(sheet.name == other.name or sheet.part == other.part for other in book.sheets[:place]):
            raise package.damaged("the sheet is listed twice", where)
    if not book.sheets:
        raise package.damaged("no sheets are listed")
    if styles := book.linked("styles"):
        _read_styles(book, styles)
    return book


def look_through(book: Book, wanted: Iterable[str]) -> tuple[io.BytesIO, dict[str, Look]]:
    """Inspect the wanted sheets, and repack what the library reads of them, without compression.

    Returns:
        The new package, and the findings on each wanted sheet. Blanks at the edges of texts and errors such as #REF! are
        marked so that the library delivers them as they are.

    Raises:
        UserError: a part is damaged, or a sheet has too many rows, columns or cells.
    """
    package, names = book.package, set(wanted)
    sheets = {sheet.part: sheet for sheet in book.sheets if sheet.has_cells and sheet.name in names}
    texts, styles = book.linked("sharedStrings"), book.linked("styles")
    targets = {book.workbook: "xl/workbook.xml"}
    targets |= {part: _PACKED[kind] for kind, part in (("sharedStrings", texts), ("styles", styles)) if part}
    targets |= {part: _PACKED["worksheet"].format(place) for place, part in enumerate(sheets, 1)}
    looks: dict[str, Look] = {}
    not_plain: list[str] = []
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as new:
        new.writestr(zipfile.ZipInfo(_ROOT_LINKS), links_part([("workbook", "officeDocument", targets[book.workbook])]))
        # Sheets that are not read keep a name without a part.
        links = [(link, kind, "/" + targets.get(part, part)) for link, (kind, part) in book.links.items() if kind in _NEEDED]
        new.writestr(zipfile.ZipInfo("xl/_rels/workbook.xml.rels"), links_part(links))
        for name in package.parts:
            if name not in targets:
                # Pictures and similar parts are only counted.
                for _ in package.blocks(name):
                    pass
                continue
            with new.open(zipfile.ZipInfo(targets[name]), "w", force_zip64=True) as target:
                if name in sheets:
                    looks[name], is_enough = _look(book, sheets[name], target.write)
                    not_plain += [] if is_enough else [name]
                elif name == texts:
                    _read_texts(book, name, target.write)
                else:
                    for block in package.blocks(name):
                        target.write(block)
    with zipfile.ZipFile(packed) as new:
        for name in sheets if book.known.runs_of_text else not_plain:
            looks[name] = Look(package.path, sheets[name].name, book.limits)
            look_closely(package, name, new.read(targets[name]), looks[name], book.known)
        if texts:
            _refuse_repeated_text(book, new, targets[texts], {targets[part]: look for part, look in looks.items()})
    packed.seek(0)
    return packed, {sheets[part].name: look for part, look in looks.items()}


def _read_styles(book: Book, part: str) -> None:
    """Find which styles strike out, raise, or show a number as something else; and which rules strike out."""
    fonts: list[set[str]] = []
    formats: dict[str, str] = {}
    strikes: list[bool] = []
    cells: list[tuple[str, str]] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        section = inside[1] if len(inside) > 1 else ""
        inside.append(name)
        if name == "numFmt" and section == "numFmts":
            formats[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "font" and section == "fonts":
            fonts.append(set())
        elif name == "dxf" and section == "dxfs":
            strikes.append(False)
        elif name == "strike" and is_on(attributes):
            if section == "fonts":
                fonts[-1].add("struck_out")
            elif section == "dxfs":
                strikes[-1] = True
        elif name == "vertAlign" and section == "fonts" and attributes.get("val") != "baseline":
            fonts[-1].add("raised")
        elif name == "xf" and section == "cellXfs":
            cells.append((attributes.get("fontId", "0"), attributes.get("numFmtId", "0")))

    def end(_: str) -> None:
        inside.pop()

    parser = book.package.parser(part)
    parser.StartElementHandler, parser.EndElementHandler = start, end
    book.package.feed(parser, part, b"".join(book.package.blocks(part)), True)
    for place, (font, form) in enumerate(cells):
        marks = sorted(fonts[int(font)]) if font.isdigit() and int(font) < len(fonts) else []
        marks += ["percent"] if form in _PERCENT_FORMATS else number_marks(formats.get(form, ""))
        if marks:
            book.known.marks_of_style[str(place)] = tuple(marks)
    book.known.striking_rules = {str(place) for place, is_striking in enumerate(strikes) if is_striking}


def _look(book: Book, sheet: ListedSheet, write: Callable[[bytes], Any]) -> tuple[Look, bool]:
    """Rewrite the part of a sheet; return the findings on it, and whether they are complete."""
    look = Look(book.package.path, sheet.name, book.limits)
    screen = Screen(book.known, look)
    is_first = True
    for piece in book.package.pieces(sheet.part):
        screen.see(piece)
        if is_first and b"dimension" in piece:
            # The library fails on a wrong one, and does not need it.
            piece = _DIMENSION.sub(b"", piece, count=1)
        is_first = False
        write(_marked(piece))
    return look, screen.is_enough


def _marked(block: bytes) -> bytes:
    """Mark what the library would leave out: errors become texts, and blanks at the edges of a text are preserved."""
    if b't="e"' in block or b"t='e'" in block:
        block = _ERROR_CELL.sub(rb"\1\2str\2", block)
    block = block.replace(b"<t>", b'<t xml:space="preserve">')
    if b":t>" in block:
        block = _PREFIXED_TEXT.sub(rb'<\1 xml:space="preserve">', block)
    return block


def _read_texts(book: Book, part: str, write: Callable[[bytes], Any]) -> None:
    """Find which of the shared texts are partly struck out or raised, while rewriting them."""
    pieces = list(book.package.pieces(part))
    for piece in pieces:
        write(_marked(piece))
    # Few workbooks have such texts, and checking all of them takes time.
    if any(word in piece for piece in pieces for word in (b"vertAlign", b"strike")):
        collector = RunCollector()
        parser = book.package.parser(part)
        parser.StartElementHandler, parser.EndElementHandler = collector.start, collector.end
        parser.CharacterDataHandler = collector.text
        book.package.feed(parser, part, b"".join(pieces), True)
        book.known.runs_of_text = {number: runs for number, runs in enumerate(collector.texts) if runs}


def _refuse_repeated_text(book: Book, new: zipfile.ZipFile, texts_part: str, looks: dict[str, Look]) -> None:
    """Refuse cells that repeat long texts so often that written out they would fill the memory."""
    limit = book.limits.text_bytes
    texts = new.read(texts_part)
    starts = np.fromiter((match.start() for match in _SHARED_TEXT.finditer(texts)), np.int64)
    lengths = np.diff(starts, append=len(texts))
    if not len(lengths) or int(lengths.max()) * sum(look.cells for look in looks.values()) <= limit:
        return
    del texts
    size = 0
    for part in looks:
        # Numbers of texts; plain numbers count too, so that no notation of a cell escapes.
        values = (int(match[1]) for match in _WHOLE_VALUE.finditer(new.read(part)))
        numbers = np.fromiter(values, np.int64)
        size += int(lengths[numbers[numbers < len(lengths)]].sum())
    if size > limit:
        raise too_many(book.package.path, "bytes of text when repeated texts are written out", limit)
