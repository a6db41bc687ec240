"""Looks through a workbook's parts before a library that trusts them does.

Belongs here: what is wrong with a workbook as a package of parts: damaged or encrypted parts, parts that grow without
bounds, macros, links, formulas, sheets that are too large. Parts are unpacked bit by bit, the tags of sheets are counted
without building anything, and what was checked is packed anew, so that nothing else can be read. Does not belong here:
which sheets a form wants, and the cells' values.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import numpy as np

from orchestration.errors import UserError
from orchestration.ingest.readers.files import damaged, shown, too_many
from orchestration.ingest.readers.model import Limits

MAX_PARTS = 10_000
"""Most parts of a workbook."""
MAX_DESCRIPTION = 4 * 1024**2
"""Largest part that lists the sheets or where they stand."""
MAX_TAGLESS = 8 * 1024**2
"""Longest stretch of a part without a tag; a cell holds 32,767 characters at most."""

Parts = dict[str, zipfile.ZipInfo]

_WORKBOOK = "xl/workbook.xml"
_WORKBOOK_LINKS = "xl/_rels/workbook.xml.rels"
_SHARED_TEXTS = "xl/sharedstrings.xml"
_OTHER_PARTS_READ = {"[content_types].xml", "_rels/.rels", _WORKBOOK, _WORKBOOK_LINKS, "xl/styles.xml"}
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_BLOCK = 2**20
_MOST_DIGITS = 9

_PREFIX = rb"(?:[^\s<>/!?:=\"']+:)?"
# Tags of cells, formulas and rows, with or without a prefix. Finds a few texts too, but misses no tag.
_TAGS = re.compile(rb"[<:](c|f|row)[\s/>]")
_TAGS_EXACT = re.compile(rb"<" + _PREFIX + rb"(?:c|f|row)[\s/>]")
# Cells and rows as nearly all programs write them, with their reference as the first attribute ...
_USUAL = re.compile(rb'<(?:c|row) r="([A-Za-z]*)([0-9]+)"')
# ... and as they may be written.
_ANY = re.compile(
    rb"<" + _PREFIX + rb"(c|f|row)((?:\s+[^\s<>=\"'/]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*)\s*/?>"
    rb"|</" + _PREFIX + rb"(sheetData)\s*>"
)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_ANY_REFERENCE = re.compile(rb"\sr\s*=")
_DATA_END = re.compile(rb"</" + _PREFIX + rb"sheetData\s*>")
_ERROR_CELL = re.compile(rb"(<" + _PREFIX + rb"c\s[^<>]*?\bt=)([\"'])e\2")
_PREFIXED_TEXT = re.compile(rb"<([^\s<>/!?:=\"']+:t)>")
# Plain searches, because one expression for all of them takes ten times as long.
_BLANKS_AT_EDGE = tuple(edge for blank in (b" ", b"\n", b"\t", b"\r") for edge in (b"t>" + blank, blank + b"</"))
_SHARED_TEXT = re.compile(rb"<" + _PREFIX + rb"si[\s/>]")
_WHOLE_VALUE = re.compile(rb"<" + _PREFIX + rb"v(?:\s[^<>]*)?>\s*([0-9]{1,9})\s*<")


@dataclass(frozen=True)
class ListedSheet:
    """A sheet as the workbook lists it: its name, whether it is hidden, and the name of its part in lower case."""

    name: str
    state: str
    part: str


def directory(path: Path, data: bytes, limits: Limits) -> Parts:
    """Return the parts of a workbook by name in lower case, as which the library looks them up.

    Raises:
        UserError: the workbook is damaged or encrypted, would grow too large when unpacked, or has macros or links.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
    except Exception as error:  # the library raises errors of many kinds for damaged directories
        raise damaged(path, str(error), "xlsx") from error
    if len(entries) > MAX_PARTS:
        raise too_many(path, "parts", MAX_PARTS)
    parts: Parts = {}
    for entry in entries:
        name = entry.filename.lower()
        if name in parts:
            raise damaged(path, f"the part {entry.filename} is there twice", "xlsx")
        if entry.flag_bits & _ENCRYPTED:
            raise UserError(
                "the workbook is encrypted", place=f"{path}, {shown(entry.filename)}", remedy="save it without a password"
            )
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise damaged(path, f"part {entry.filename} is packed in a way that workbooks do not use", "xlsx")
        parts[name] = entry
    if "xl/workbook.bin" in parts:
        raise UserError("is a binary workbook (.xlsb)", place=str(path), remedy="save it as xlsx")
    if _WORKBOOK not in parts:
        raise UserError("is a zip file, but not a workbook", place=str(path), remedy="deliver a workbook (xlsx)")
    _refuse_growth(path, data, entries, limits)
    for name, entry in parts.items():
        if name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/"):
            raise UserError(
                "the workbook has macros", place=f"{path}, {shown(entry.filename)}", remedy="save it as xlsx, without macros"
            )
        if name.startswith("xl/externallinks/"):
            raise UserError(
                "the workbook has links to other workbooks",
                place=f"{path}, {shown(entry.filename)}",
                remedy="break the links (Data > Edit links), so that only values are left",
            )
    return parts


def listed_sheets(path: Path, data: bytes, parts: Parts) -> list[ListedSheet]:
    """Return the sheets that the workbook lists, in its order.

    Raises:
        UserError: the list is damaged.
    """
    targets: dict[str, str] = {}
    sheets: list[ListedSheet] = []

    def link(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet":
            # The link's attribute has a namespace, which differs between two editions of the standard.
            links = [value for key, value in attributes.items() if key.endswith(" id")]
            target = targets.get(links[0], "") if links else ""
            part = target.lstrip("/") if target.startswith(("/", "xl/")) else posixpath.join("xl", target)
            name, state = attributes.get("name", ""), attributes.get("state", "visible")
            sheets.append(ListedSheet(name, state, posixpath.normpath(part).lower()))

    for part, handle in ((_WORKBOOK_LINKS, link), (_WORKBOOK, sheet)):
        if part not in parts:
            raise damaged(path, f"the part {part} is missing", "xlsx")
        _each_tag(path, part, _description(path, data, parts[part]), handle)
    for place, listed in enumerate(sheets):
        if listed.part not in parts:
            raise damaged(path, "its part of the workbook is missing", "xlsx", f"sheet {shown(listed.name)}")
        if any(listed.name == other.name or listed.part == other.part for other in sheets[:place]):
            raise damaged(path, "the sheet is listed twice", "xlsx", f"sheet {shown(listed.name)}")
    if not sheets:
        raise damaged(path, "no sheets are listed", "xlsx")
    return sheets


def checked(path: Path, data: bytes, parts: Parts, sheets: list[ListedSheet], limits: Limits) -> io.BytesIO:
    """Return the parts that hold cells, looked through and packed anew without compression.

    Blanks at the edges of texts and errors such as #REF! are marked so that the library delivers them.

    Raises:
        UserError: a part is damaged, or a sheet has formulas or too many rows, columns or cells.
    """
    sheet_of = {sheet.part: sheet for sheet in sheets}
    packed = io.BytesIO()
    cells = 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as package:
        for name, part in parts.items():
            blocks = _unpacked(path, data, part)
            if name in sheet_of or name in _OTHER_PARTS_READ or name == _SHARED_TEXTS:
                scan = _SheetScan(path, sheet_of[name].name, limits) if name in sheet_of else None
                with package.open(zipfile.ZipInfo(part.filename), "w", force_zip64=True) as target:
                    for block in _cut_at_tags(path, part, blocks):
                        if scan is not None:
                            scan.look_through(block)
                        target.write(_marked(block) if scan is not None or name == _SHARED_TEXTS else block)
                cells += scan.cells if scan is not None else 0
            else:
                # Pictures and the like are only counted.
                for _ in blocks:
                    pass
    if _SHARED_TEXTS in parts:
        _refuse_repeated_text(path, packed, [parts[name].filename for name in sheet_of], parts, cells, limits)
    packed.seek(0)
    return packed


class _SheetScan:
    """Counts how far a sheet reaches; sometimes too far, never too little, because the library keeps room for all of it."""

    def __init__(self, path: Path, sheet: str, limits: Limits) -> None:
        self.path, self.sheet, self.limits = path, sheet, limits
        self.rows = self.columns = self.cells = 0
        # Where the scan is; cells and rows without a reference stand beside or below the one before.
        self.row = self.column = 0
        self.data_ended = False

    def look_through(self, block: bytes) -> None:
        """Count the tags of a piece that ends before a tag."""
        tags = _TAGS.findall(block)
        self.cells += len(tags)
        usual = _USUAL.findall(block)
        if len(usual) == len(tags):
            if usual:
                self.columns = max(self.columns, *map(_column, {letters for letters, _ in usual}))
                self.rows = max(self.rows, *map(_number, {digits for _, digits in usual}))
                self.row, self.column = _number(usual[-1][1]), _column(usual[-1][0])
            if b"sheetData" in block and _DATA_END.search(block):
                self.data_ended = True
        else:
            self._one_by_one(block)
        place = f"sheet {shown(self.sheet)}"
        if self.rows > self.limits.rows:
            raise too_many(self.path, "rows", self.limits.rows, place)
        if self.columns > self.limits.columns:
            raise too_many(self.path, "columns", self.limits.columns, place)
        if self.rows * self.columns > self.limits.cells:
            raise too_many(self.path, f"cells (up to row {self.rows:,})", self.limits.cells, place)

    def _one_by_one(self, block: bytes) -> None:
        read = 0
        for match in _ANY.finditer(block):
            tag, attributes, end = match.groups()
            if end:
                self.data_ended = True
                continue
            read += 1
            if tag == b"f":
                # After the cells, rules for formats and drop-down lists have tags of that name too.
                if not self.data_ended:
                    raise UserError(
                        "the cell holds a formula",
                        place=f"{self.path}, sheet {shown(self.sheet)}, cell {_letters(self.column)}{self.row}",
                        remedy="deliver values (copy, paste special, values)",
                    )
                continue
            reference = _REFERENCE.search(attributes)
            if reference:
                self.row, self.column = _number(reference[2]), _column(reference[1])
            elif _ANY_REFERENCE.search(attributes):
                raise self._unreadable()
            elif tag == b"row":
                self.row, self.column = self.row + 1, 0
            else:
                self.column += 1
            self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)
        if read != len(_TAGS_EXACT.findall(block)):
            raise self._unreadable()

    def _unreadable(self) -> UserError:
        place = f"sheet {shown(self.sheet)}, near row {self.row}"
        return damaged(self.path, "a tag of a row or cell cannot be read", "xlsx", place)


def _column(letters: bytes) -> int:
    """Return the number of a column; more letters than any column has are a very large number."""
    number = 0
    for letter in letters.upper()[:_MOST_DIGITS]:
        number = number * 26 + letter - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _number(digits: bytes) -> int:
    """Return the number of a row; more digits than any row has are a very large number."""
    return int(digits) if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS


def _marked(block: bytes) -> bytes:
    """Mark what the library would leave out: errors become texts, and blanks at the edges of a text are to be kept."""
    if b't="e"' in block or b"t='e'" in block:
        block = _ERROR_CELL.sub(rb"\1\2str\2", block)
    if block[-1:].isspace() or any(edge in block for edge in _BLANKS_AT_EDGE):
        block = block.replace(b"<t>", b'<t xml:space="preserve">')
        if b":t>" in block:
            block = _PREFIXED_TEXT.sub(rb'<\1 xml:space="preserve">', block)
    return block


def _cut_at_tags(path: Path, part: zipfile.ZipInfo, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a part of XML in pieces that end before a tag, so that no tag is cut in two."""
    rest, first = b"", True
    for block in blocks:
        if first and not block.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
            raise damaged(path, "is not XML", "xlsx", shown(part.filename))
        first = False
        if b"\0" in block:
            raise damaged(path, "holds zero bytes", "xlsx", shown(part.filename))
        block = rest + block
        end = block.rfind(b"<")
        if end <= 0:
            rest = block
            if len(rest) > MAX_TAGLESS:
                raise too_many(path, "characters in one text", MAX_TAGLESS, shown(part.filename))
            continue
        piece, rest = block[:end], block[end:]
        if b"<!DOCTYPE" in piece:
            raise _declares(path, part.filename)
        yield piece
    if b"<!DOCTYPE" in rest:
        raise _declares(path, part.filename)
    yield rest


def _declares(path: Path, part: str) -> UserError:
    return UserError(
        "declares a document type of its own, which can hide text",
        place=f"{path}, {shown(part)}",
        remedy="save the workbook again with a spreadsheet program",
    )


def _unpacked(path: Path, data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part's bytes, and refuse one that is not as large as it says."""
    place = shown(part.filename)
    header = data[part.header_offset : part.header_offset + _LOCAL_HEADER]
    if part.header_offset < 0 or len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
        raise damaged(path, "the part is not where it should be", "xlsx", place)
    start = part.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", header[26:]))
    packed = memoryview(data)[start : start + part.compress_size]
    size = checksum = 0
    for block in _inflated(path, place, packed) if part.compress_type == zipfile.ZIP_DEFLATED else _slices(packed):
        size += len(block)
        checksum = zlib.crc32(block, checksum)
        if size > part.file_size:
            break
        yield block
    if size != part.file_size or checksum != part.CRC:
        raise damaged(path, "the part is not what the directory says", "xlsx", place)


def _slices(packed: memoryview) -> Iterator[bytes]:
    for start in range(0, len(packed), _BLOCK):
        yield bytes(packed[start : start + _BLOCK])


def _inflated(path: Path, place: str, packed: memoryview) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for start in range(0, len(packed), _BLOCK):
            pending = bytes(packed[start : start + _BLOCK])
            while pending and not inflater.eof:
                # At most one block at a time, however much a few bytes stand for.
                if block := inflater.decompress(pending, _BLOCK):
                    yield block
                pending = inflater.unconsumed_tail
        while not inflater.eof and (block := inflater.decompress(b"", _BLOCK)):
            yield block
    except zlib.error as error:
        raise damaged(path, str(error), "xlsx", place) from error
    if not inflater.eof:
        raise damaged(path, "the part breaks off", "xlsx", place)


def _refuse_growth(path: Path, data: bytes, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse a workbook that says itself that it grows without bounds; that it says the truth is checked while unpacking."""
    packed, unpacked = sum(entry.compress_size for entry in entries), sum(entry.file_size for entry in entries)
    if packed > len(data):
        raise damaged(path, "its parts overlap", "xlsx")
    grows = unpacked > limits.ratio_from_bytes and unpacked > limits.unpacked_ratio * packed
    if grows or unpacked > limits.unpacked_bytes:
        largest = max(entries, key=lambda entry: entry.file_size)
        raise UserError(
            f"grows from {len(data):,} to {unpacked:,} bytes when unpacked, which no delivery does",
            place=f"{path}, {shown(largest.filename)}",
            remedy="deliver only the data, without empty or repeated rows and columns",
        )


def _description(path: Path, data: bytes, part: zipfile.ZipInfo) -> bytes:
    if part.file_size > MAX_DESCRIPTION:
        raise too_many(path, "bytes", MAX_DESCRIPTION, shown(part.filename))
    return b"".join(_unpacked(path, data, part))


def _each_tag(path: Path, part: str, xml: bytes, handle: Callable[[str, dict[str, str]], None]) -> None:
    """Call ``handle`` with each tag's name without namespace, and its attributes; entities are refused."""

    def refuse(*_: object) -> None:
        raise _declares(path, part)

    def start(tag: str, attributes: dict[str, str]) -> None:
        handle(tag.rpartition(" ")[2], attributes)

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(xml, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise damaged(path, str(error), "xlsx", part) from error


def _refuse_repeated_text(
    path: Path, packed: io.BytesIO, sheets: list[str], parts: Parts, cells: int, limits: Limits
) -> None:
    """Refuse cells that repeat long texts so often that written out they would fill the memory."""
    with zipfile.ZipFile(packed) as package:
        texts = package.read(parts[_SHARED_TEXTS].filename)
        starts = np.fromiter((match.start() for match in _SHARED_TEXT.finditer(texts)), np.int64)
        lengths = np.diff(starts, append=len(texts))
        if not len(lengths) or int(lengths.max()) * cells <= limits.text_bytes:
            return
        del texts
        size = 0
        for sheet in sheets:
            # Numbers of texts; plain numbers count too, so that no way of writing a cell escapes.
            values = (int(match[1]) for match in _WHOLE_VALUE.finditer(package.read(sheet)))
            numbers = np.fromiter(values, np.int64)
            size += int(lengths[numbers[numbers < len(lengths)]].sum())
    if size > limits.text_bytes:
        raise too_many(path, "bytes of text when repeated texts are written out", limits.text_bytes)
