"""Inspects a workbook of the kind ods: its sheets, its styles, and the extent of its values.

Belongs here: the parts of OpenDocument that hold sheets. One part holds them all, and a tag can stand for many equal cells.
Does not belong here: the package itself (``package``), and reading values.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field

from orchestration.core.errors import UserError
from orchestration.ingest.readers.files import shown
from orchestration.ingest.readers.looks import ListedSheet, Look
from orchestration.ingest.readers.model import Limits, Run
from orchestration.ingest.readers.package import Package

_CONTENT = "content.xml"
_STYLES = "styles.xml"
_MANIFEST = "meta-inf/manifest.xml"
_PACKED = {"mimetype": "mimetype", _CONTENT: "content.xml", _MANIFEST: "META-INF/manifest.xml"}
"""Parts that the library reads, and their names."""
_UNSEEN = {"collapse", "filter"}
_CELLS = {"table-cell", "covered-table-cell"}
_GROUPS = {"table-row-group", "table-column-group"}
_MOST = 10**9


@dataclass
class Book:
    """An opened workbook: its sheets and the findings on them."""

    package: Package
    sheets: list[ListedSheet]
    looks: dict[str, Look]


def open_book(package: Package, limits: Limits) -> Book:
    """Inspect a workbook's sheets.

    Raises:
        UserError: a part is damaged or missing, the workbook is encrypted, or a sheet has too many rows, columns or cells.
    """
    if _CONTENT not in package.parts:
        raise package.damaged(f"the part {_CONTENT} is missing")
    if _MANIFEST in package.parts and b"encryption-data" in package.description(_MANIFEST):
        raise UserError("the workbook is encrypted", place=str(package.path), remedy="save it without a password")
    styles = _Styles()
    if _STYLES in package.parts:
        package.each_tag(_STYLES, lambda tag, attributes: styles.start(tag, _plain(attributes)))
    reading = _Reading(package, limits, styles)
    parser = package.parser(_CONTENT)
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = (
        lambda tag, attributes: reading.start(tag.rpartition(" ")[2], _plain(attributes)),
        lambda tag: reading.end(tag.rpartition(" ")[2]),
        reading.text,
    )
    for piece in package.pieces(_CONTENT):
        package.feed(parser, _CONTENT, piece)
    package.feed(parser, _CONTENT, b"", True)
    if not reading.sheets:
        raise package.damaged("no sheets are listed")
    return Book(package, reading.sheets, reading.looks)


def look_through(book: Book, wanted: Iterable[str]) -> tuple[io.BytesIO, dict[str, Look]]:
    """Repack what the library reads, without compression; return it, and the findings on the wanted sheets."""
    package = book.package
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as new:
        for name in sorted(package.parts, key=lambda name: name != "mimetype"):
            if name not in _PACKED:
                for _ in package.blocks(name):
                    pass
                continue
            with new.open(zipfile.ZipInfo(_PACKED[name]), "w", force_zip64=True) as target:
                for block in package.pieces(name) if name == _CONTENT else package.blocks(name):
                    target.write(block)
    packed.seek(0)
    return packed, {name: book.looks[name] for name in wanted}


def _plain(attributes: dict[str, str]) -> dict[str, str]:
    """Return attributes without their namespaces; extensions of single programs are left out."""
    return {name.rpartition(" ")[2]: text for name, text in attributes.items() if "calcext" not in name}


def _count(text: str | None) -> int:
    """Return the repeat count of a tag."""
    if text is None:
        return 1
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 else _MOST


@dataclass
class _Styles:
    """The properties that styles give texts and sheets, by family and name; a style inherits from its parent."""

    marks: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    negated: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    parents: dict[tuple[str, str], str] = field(default_factory=dict)
    current: tuple[str, str] = ("", "")

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take in a tag."""
        if tag in {"style", "default-style"}:
            self.current = (attributes.get("family", ""), attributes.get("name", ""))
            self.marks[self.current] = set()
            self.negated[self.current] = set()
            self.parents[self.current] = attributes.get("parent-style-name", "")
        elif tag == "text-properties" and self.current in self.marks:
            line = attributes.get("text-line-through-style", attributes.get("text-line-through-type"))
            self._say("struck_out", None if line is None else line != "none")
            # Such as "super 58%", "sub 58%" or "33% 58%"; "0% 100%" is the plain one.
            position = attributes.get("text-position", "").split()
            self._say("raised", None if not position else position[0] not in {"0%", "0"})
        elif tag == "table-properties" and attributes.get("display") == "false" and self.current in self.marks:
            self.marks[self.current].add("hidden")

    def _say(self, mark: str, is_so: bool | None) -> None:
        if is_so is not None:
            (self.marks if is_so else self.negated)[self.current].add(mark)

    def of(self, family: str, name: str | None) -> set[str]:
        """Return the properties of a style, including inherited ones; the nearest definition counts."""
        found: set[str] = set()
        denied: set[str] = set()
        seen: set[str] = set()
        while name and name not in seen:
            seen.add(name)
            found |= self.marks.get((family, name), set()) - denied
            denied |= self.negated.get((family, name), set())
            name = self.parents.get((family, name))
        return found


class _Reading:
    """Goes through the tags of the sheets."""

    def __init__(self, package: Package, limits: Limits, styles: _Styles) -> None:
        self.package, self.limits, self.styles = package, limits, styles
        self.sheets: list[ListedSheet] = []
        self.looks: dict[str, Look] = {}
        self.look: Look | None = None
        self.depth = 0
        self.row = self.rows = self.column = self.columns = 0
        self.column_styles: list[tuple[int, str | None]] = []
        self.row_style: str | None = None
        self.groups: list[bool] = []
        """Of the groups of rows or columns that are open, whether each is folded."""
        self.cell: dict[str, str] | None = None
        self.paragraphs = self.in_note = 0
        self.runs: list[Run] = []
        self.fonts: list[set[str]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take in the beginning of a tag."""
        if tag == "table":
            self.depth += 1
            if self.depth == 1:
                self._sheet(attributes)
        elif self.look is None or self.depth > 1:
            self.styles.start(tag, attributes)
        elif tag == "table-column":
            self._column(attributes)
        elif tag == "table-row":
            self.row, self.rows = self.row + self.rows, _count(attributes.get("number-rows-repeated"))
            self.column, self.columns = 1, 0
            self.row_style = attributes.get("default-cell-style-name")
            if self._is_unseen(attributes):
                self.look.hidden_rows.append((self.row, min(self.row + self.rows - 1, self.limits.rows)))
        elif tag in _CELLS:
            self.column, self.columns = self.column + self.columns, _count(attributes.get("number-columns-repeated"))
            self.cell, self.runs, self.paragraphs = attributes, [], 0
        elif tag in _GROUPS:
            self.groups.append(attributes.get("display") == "false")
        elif tag == "annotation":
            self.in_note += 1
        elif self.cell is not None and not self.in_note:
            self._text_tag(tag, attributes)

    def _is_unseen(self, attributes: dict[str, str]) -> bool:
        """Return whether a row or column is hidden, filtered, or in a collapsed group."""
        return attributes.get("visibility") in _UNSEEN or any(self.groups)

    def _sheet(self, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")
        if name in self.looks:
            raise self.package.damaged("the sheet is listed twice", f"sheet {shown(name)}")
        is_hidden = "hidden" in self.styles.of("table", attributes.get("style-name"))
        self.sheets.append(ListedSheet(name, is_hidden))
        self.look = self.looks[name] = Look(self.package.path, name, self.limits)
        self.row, self.rows, self.column, self.columns = 1, 0, 1, 0
        self.column_styles = []

    def _column(self, attributes: dict[str, str]) -> None:
        first = self.column_styles[-1][0] + 1 if self.column_styles else 1
        last = first + _count(attributes.get("number-columns-repeated")) - 1
        self.column_styles.append((last, attributes.get("default-cell-style-name")))
        if self.look is not None and self._is_unseen(attributes):
            self.look.hidden_columns.append((first, min(last, self.limits.columns)))

    def _text_tag(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "p":
            self.paragraphs += 1
            self.fonts = [self.styles.of("paragraph", attributes.get("style-name"))]
            if self.paragraphs > 1:
                self._add("\n")
        elif tag == "span":
            self.fonts.append(self.fonts[-1] | self.styles.of("text", attributes.get("style-name")) if self.fonts else set())
        elif tag == "s":
            self._add(" " * min(_count(attributes.get("c")), self.limits.columns))
        elif tag in {"tab", "line-break"}:
            self._add("\t" if tag == "tab" else "\n")

    def _add(self, text: str) -> None:
        font = self.fonts[-1] if self.fonts else set()
        self.runs.append(Run(text, "struck_out" in font, "raised" in font))

    def text(self, text: str) -> None:
        """Take in text."""
        if self.cell is not None and self.fonts and not self.in_note:
            self._add(text)

    def end(self, tag: str) -> None:
        """Take in the end of a tag."""
        if tag == "table":
            self.depth -= 1
            if self.depth == 0:
                self.look = None
        elif tag in _GROUPS and self.groups and self.depth == 1:
            self.groups.pop()
        elif tag == "annotation":
            self.in_note -= 1
        elif self.in_note:
            return
        elif tag in {"p", "span"} and self.fonts:
            self.fonts.pop()
        elif tag in _CELLS and self.cell is not None and self.look is not None and self.depth == 1:
            self._end_cell(self.look, self.cell)
            self.cell = None

    def _end_cell(self, look: Look, cell: dict[str, str]) -> None:
        kind = cell.get("value-type")
        text = "".join(run.text for run in self.runs)
        spanned = _count(cell.get("number-rows-spanned")), _count(cell.get("number-columns-spanned"))
        if spanned != (1, 1):
            last_row, last_column = self.row + spanned[0] - 1, self.column + spanned[1] - 1
            look.merged.append(
                (self.row, self.column, min(last_row, self.limits.rows), min(last_column, self.limits.columns))
            )
        # A formula with an empty text as its result has an empty paragraph.
        is_blank = kind is None and not text
        if is_blank and ("formula" not in cell or self.paragraphs):
            return
        last_row, last_column = self.row + self.rows - 1, self.column + self.columns - 1
        look.rows, look.columns = max(look.rows, last_row), max(look.columns, last_column)
        look.text_bytes += len(text.encode()) * self.rows * self.columns
        look.refuse_reach()
        marks = self.styles.of("table-cell", self._style(cell)) & {"struck_out", "raised"}
        if "formula" in cell:
            marks.add("formula_without_value" if is_blank else "formula")
        if kind == "percentage":
            marks.add("percent")
        if kind == "string" and cell.get("string-value") == "" and text:
            # An error such as #DIV/0!, which the library reads as an empty text.
            look.texts[self.row, self.column] = text
        is_marked = any(run.is_struck_out or run.is_raised for run in self.runs)
        if not marks and not is_marked:
            return
        for row in range(self.row, last_row + 1):
            for column in range(self.column, last_column + 1):
                look.marks += [(row, column, mark) for mark in sorted(marks)]
                if is_marked:
                    look.runs[row, column] = tuple(self.runs)

    def _style(self, cell: dict[str, str]) -> str | None:
        """Return the style of a cell: its own, its row's or its column's."""
        of_column = next((style for last, style in self.column_styles if self.column <= last), None)
        return cell.get("style-name") or self.row_style or of_column
