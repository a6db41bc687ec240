"""Checks a zipped workbook's parts before they go to a library that trusts them.

Belongs here: defects of a workbook as a package of parts: damaged or encrypted parts, parts that expand without bounds,
parts that differ from the directory, documents that declare their own type. Parts are unpacked piece by piece. Does not
belong here: the contents of a part (``open_xml``, ``open_document``, ``binary``).
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from orchestration.core.errors import UserError
from orchestration.ingest.readers.files import damaged, shown, too_many
from orchestration.ingest.readers.model import Limits

MAX_PARTS = 10_000
"""Most parts of a workbook."""
MAX_DESCRIPTION = 4 * 1024**2
"""Largest part that lists the sheets or where they stand."""
MAX_TAGLESS = 8 * 1024**2
"""Longest stretch of a part without a tag; a cell holds 32,767 characters at most."""

_ENCODING = re.compile(rb"[^>]*?\sencoding\s*=\s*[\"']([^\"']*)[\"'][^>]*\?>")
# Comments, sections of character data, and instructions except the XML declaration; and the beginning of one.
_INTERRUPTIONS = re.compile(rb"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?(?!xml\s).*?\?>", re.DOTALL)
_INTERRUPTION = re.compile(rb"<!--|<!\[CDATA\[|<\?(?!xml\s)")
_LINK_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
_LINKS_SPACE = "http://schemas.openxmlformats.org/package/2006/relationships"
_LOCAL_HEADER = 30
_ENCRYPTED = 0x1
_BLOCK = 2**20


@dataclass(frozen=True)
class Package:
    """The parts of a workbook, by name in lower case and with slashes, however the file writes them."""

    path: Path
    reader: str
    data: bytes
    parts: dict[str, zipfile.ZipInfo]

    def blocks(self, name: str) -> Iterator[bytes]:
        """Yield a part's bytes, and refuse a part whose size differs from the declared one."""
        part = self.parts[name]
        place = shown(part.filename)
        header = self.data[part.header_offset : part.header_offset + _LOCAL_HEADER]
        if part.header_offset < 0 or len(header) < _LOCAL_HEADER or not header.startswith(b"PK\x03\x04"):
            raise self.damaged("the part is not at its stated offset", place)
        start = part.header_offset + _LOCAL_HEADER + sum(struct.unpack("<HH", header[26:]))
        packed = memoryview(self.data)[start : start + part.compress_size]
        size = checksum = 0
        for block in self._inflated(place, packed) if part.compress_type == zipfile.ZIP_DEFLATED else _slices(packed):
            size += len(block)
            checksum = zlib.crc32(block, checksum)
            if size > part.file_size:
                break
            yield block
        if size != part.file_size or checksum != part.CRC:
            raise self.damaged("the part does not match its entry in the directory", place)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part of XML in pieces that end before a tag, so that no tag is cut in two.

        Comments and instructions are left out, and sections of character data become text, because the library reads a text
        that they interrupt as several.
        """
        place = shown(self.parts[name].filename)
        rest, first = b"", True
        for block in self.blocks(name):
            if first and not block.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
                raise self.damaged("is not XML", place)
            declared = _ENCODING.match(block) if first else None
            if declared and declared[1].lower() not in {b"utf-8", b"us-ascii"}:
                raise self.damaged(f"is written in {shown(declared[1].decode('ascii', 'replace'))}", place)
            first = False
            if b"\0" in block:
                raise self.damaged("contains zero bytes", place)
            block = rest + block
            end = block.rfind(b"<")
            piece, rest = block[: max(end, 0)], block[max(end, 0) :]
            if b"<!" in piece or b"<?" in piece:
                piece = self._uninterrupted(name, piece)
                if _INTERRUPTION.search(piece):
                    # It continues in the next piece.
                    piece, rest = b"", piece + rest
            if len(rest) > MAX_TAGLESS:
                raise too_many(self.path, "characters in one text", MAX_TAGLESS, place)
            if piece:
                yield piece
        yield self._uninterrupted(name, rest)

    def _uninterrupted(self, name: str, piece: bytes) -> bytes:
        if b"<!DOCTYPE" in piece:
            raise self._declares(name)
        return _INTERRUPTIONS.sub(lambda found: escape((found[1] or b"").decode("utf-8", "replace")).encode(), piece)

    def description(self, name: str) -> bytes:
        """Return a listing or describing part, which is never large.

        Raises:
            UserError: it is missing or large.
        """
        if name not in self.parts:
            raise self.damaged(f"the part {name} is missing")
        part = self.parts[name]
        if part.file_size > MAX_DESCRIPTION:
            raise too_many(self.path, "bytes", MAX_DESCRIPTION, shown(part.filename))
        return b"".join(self.blocks(name))

    def links(self, part: str) -> dict[str, tuple[str, str]]:
        """Return the links of a part by their id: the last word of their type, and the part that they lead to.

        Args:
            part: the part, or nothing for the package itself.
        """
        folder, name = posixpath.split(part)
        found: dict[str, tuple[str, str]] = {}

        def link(tag: str, attributes: dict[str, str]) -> None:
            if tag == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/").lower()
                # Some programs write the whole name without its slash.
                full = target.lstrip("/") if target.startswith(("/", "xl/")) else posixpath.join(folder, target)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = (kind, posixpath.normpath(full))

        links = posixpath.join(folder, "_rels", f"{name}.rels")
        if links in self.parts:
            self.each_tag(links, link)
        return found

    def parser(self, name: str) -> Any:
        """Return a parser for a part of XML; tags have their namespace before them, and document types are refused."""

        def refuse(*_: object) -> None:
            raise self._declares(name)

        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = refuse
        return parser

    def each_tag(self, name: str, handle: Callable[[str, dict[str, str]], None]) -> None:
        """Call ``handle`` with each tag's name without namespace, and its attributes, of a part that describes."""

        def start(tag: str, attributes: dict[str, str]) -> None:
            handle(tag.rpartition(" ")[2], attributes)

        parser = self.parser(name)
        parser.StartElementHandler = start
        self.feed(parser, name, self.description(name), True)

    def feed(self, parser: Any, name: str, piece: bytes, is_last: bool = False, place: str = "") -> None:
        """Feed a piece of a part to a parser, and refuse what is not XML."""
        try:
            parser.Parse(piece, is_last)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise self.damaged(str(error), place or shown(self.parts[name].filename)) from error

    def _declares(self, name: str) -> UserError:
        return UserError(
            "declares a document type, which can hide text",
            place=f"{self.path}, {shown(self.parts[name].filename)}",
            remedy="save the workbook again with a spreadsheet program",
        )

    def damaged(self, what: str, place: str = "") -> UserError:
        """Return the refusal of the workbook for a defect."""
        return damaged(self.path, what, self.reader, place)

    def _inflated(self, place: str, packed: memoryview) -> Iterator[bytes]:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            for start in range(0, len(packed), _BLOCK):
                pending = bytes(packed[start : start + _BLOCK])
                while pending and not inflater.eof:
                    # At most one block at a time, however much a few bytes expand to.
                    if block := inflater.decompress(pending, _BLOCK):
                        yield block
                    pending = inflater.unconsumed_tail
            while not inflater.eof and (block := inflater.decompress(b"", _BLOCK)):
                yield block
        except zlib.error as error:
            raise self.damaged(str(error), place) from error
        if not inflater.eof:
            raise self.damaged("the part is truncated", place)


def open_package(path: Path, data: bytes, reader: str, limits: Limits) -> Package:
    """Return the parts of a zipped workbook.

    Raises:
        UserError: the workbook is damaged or encrypted, would become too large when unpacked, or has macros or links.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = package.infolist()
    except Exception as error:  # the library raises errors of many kinds for damaged directories
        raise damaged(path, str(error), reader) from error
    if len(entries) > MAX_PARTS:
        raise too_many(path, "parts", MAX_PARTS)
    parts: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.filename.replace("\\", "/").lstrip("/").lower()
        if name in parts:
            raise damaged(path, f"the part {entry.filename} occurs twice", reader)
        if entry.flag_bits & _ENCRYPTED:
            raise UserError(
                "the workbook is encrypted", place=f"{path}, {shown(entry.filename)}", remedy="save it without a password"
            )
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise damaged(path, f"part {entry.filename} uses a compression method that workbooks do not use", reader)
        parts[name] = entry
    _refuse_growth(path, data, reader, entries, limits)
    for name, entry in parts.items():
        if name.endswith("vbaproject.bin") or "/macrosheets/" in name or name.startswith(("basic/", "scripts/")):
            raise UserError(
                "the workbook has macros",
                place=f"{path}, {shown(entry.filename)}",
                remedy=f"save it as {reader}, without macros",
            )
        if "/externallinks/" in name:
            raise UserError(
                "the workbook has links to other workbooks",
                place=f"{path}, {shown(entry.filename)}",
                remedy="break the links (Data > Edit links), so that only values remain",
            )
    return Package(path, reader, data, parts)


def links_part(links: Iterable[tuple[str, str, str]]) -> str:
    """Return a part of links: the id, the last word of the type and the part that each leads to."""
    written = "".join(
        f'<Relationship Id={quoteattr(link)} Type="{_LINK_TYPES}{kind}" Target={quoteattr(part)}/>'
        for link, kind, part in links
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="{_LINKS_SPACE}">{written}</Relationships>'


def _slices(packed: memoryview) -> Iterator[bytes]:
    for start in range(0, len(packed), _BLOCK):
        yield bytes(packed[start : start + _BLOCK])


def _refuse_growth(path: Path, data: bytes, reader: str, entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse a workbook whose declared sizes are too large; that they are true is checked while unpacking."""
    packed, unpacked = sum(entry.compress_size for entry in entries), sum(entry.file_size for entry in entries)
    if packed > len(data):
        raise damaged(path, "its parts overlap", reader)
    grows = unpacked > limits.ratio_from_bytes and unpacked > limits.unpacked_ratio * packed
    if grows or unpacked > limits.unpacked_bytes:
        largest = max(entries, key=lambda entry: entry.file_size)
        raise UserError(
            f"grows from {len(data):,} to {unpacked:,} bytes when unpacked, which is more than any delivery needs",
            place=f"{path}, {shown(largest.filename)}",
            remedy="deliver only the data, without empty or repeated rows and columns",
        )
