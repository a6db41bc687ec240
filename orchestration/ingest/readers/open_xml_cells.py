"""Scans the cells of a sheet of the kind xlsx: the extent of its values, and the marks of its cells.

Belongs here: the tags of a sheet, and the parts of texts in fonts of their own. Sheets of plain cells, as nearly all are,
are recognised by a few searches; the others are scanned tag by tag. Does not belong here: where the parts of a workbook
stand, its styles (``open_xml``), and values.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from orchestration.ingest.readers.files import shown, too_many
from orchestration.ingest.readers.looks import Look, column_letters, column_number, row_number
from orchestration.ingest.readers.model import Run
from orchestration.ingest.readers.package import Package

_SPACES = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
_TRUE = {"1", "true", "on"}
_WORDED = {"true", "false"}
_ZERO = {"0", "0.0"}
_DIGITS = "0123456789"
_AFTER_DATA = {"mergeCells", "conditionalFormatting", "cfRule", "dataValidations", "extLst"}
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BLOCK = 2**20

# Cells and rows as nearly all programs write them, with their reference as the first attribute, and any tag of them.
_USUAL_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_USUAL_ROW = re.compile(rb'<row r="([0-9]{1,7})"')
_TAGS = re.compile(rb"[<:](?:c|row|f)[\s/>]")
# Tags and attributes of sheets whose cells are more than values.
_UNUSUAL = (b"rPr", b't="b"', b' ht="0', b' width="0', b"='")
_HIDDEN = re.compile(rb"(?:hidden|zeroHeight)\s*=\s*[\"'](?!0|false)")


@dataclass
class Known:
    """What the parts of a workbook say about the cells of all its sheets."""

    is_computed_on_opening: bool = False
    marks_of_style: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Marks by the number of a cell's style, as cells give it."""
    striking_rules: set[str] = field(default_factory=set)
    """Numbers of the formats of rules that strike out."""
    runs_of_text: dict[int, tuple[Run, ...]] = field(default_factory=dict)
    """Runs of the shared texts that are partly struck out or raised."""


def is_on(attributes: dict[str, str]) -> bool:
    """Return whether a property of a font is switched on."""
    return attributes.get("val", "1") in _TRUE


class Screen:
    """Distinguishes sheets of plain cells from those that must be scanned tag by tag, which is slow."""

    def __init__(self, known: Known, look: Look) -> None:
        self.look = look
        self.last_row = 0
        self.last_cells: set[tuple[bytes, bytes]] = set()
        styles = sorted(known.marks_of_style)
        self.is_plain = "0" not in styles
        self.unusual = (*_UNUSUAL, b"cfRule") if known.striking_rules else _UNUSUAL
        self.marked = re.compile(rb"\ss\s*=\s*[\"'](?:" + "|".join(styles).encode() + rb")[\"']") if styles else None

    def see(self, piece: bytes) -> None:
        """Check a piece of the sheet's part; update the extent, including blank cells."""
        look = self.look
        cells, rows = _USUAL_CELL.findall(piece), [self.last_row, *map(int, _USUAL_ROW.findall(piece))]
        look.cells += len(cells)
        look.rows = max(look.rows, *rows, *map(int, {digits for _, digits in cells}))
        letters = {letters for letters, _ in cells}
        look.columns = max(look.columns, 0, *(column_number(each.decode()) for each in letters))
        if look.rows > look.limits.rows or look.cells > look.limits.cells:
            look.refuse_reach()
        different = self.last_cells.union(cells)
        self.is_plain = self.is_plain and (
            len(cells) + len(rows) - 1 == len(_TAGS.findall(piece))
            and len(different) == len(self.last_cells) + len(cells)
            and all(row < following for row, following in itertools.pairwise(rows))
            and look.rows == rows[-1]
            and not any(word in piece for word in self.unusual)
            and not ((b"hidden" in piece or b"zeroHeight" in piece) and _HIDDEN.search(piece))
            and not (self.marked and self.marked.search(piece))
        )
        self.last_row = rows[-1]
        if cells:
            self.last_cells = {cell for cell in cells if cell[1] == cells[-1][1]}

    @property
    def is_enough(self) -> bool:
        """Whether no scan is needed; blank cells alone do not make a sheet too large."""
        look = self.look
        return self.is_plain and look.columns <= look.limits.columns and look.rows * look.columns <= look.limits.cells


def look_closely(package: Package, part: str, xml: bytes, look: Look, known: Known) -> None:
    """Scan a sheet tag by tag, and add the findings.

    Raises:
        UserError: a tag cannot be read, or there are too many rows, columns or cells.
    """
    scan = _Scan(package, look, known)
    parser = package.parser(part)
    parser.StartElementHandler = scan.handler(parser)
    for start in range(0, len(xml), _BLOCK):
        package.feed(parser, part, xml[start : start + _BLOCK], False, look.place)
        look.refuse_reach()
    package.feed(parser, part, b"", True, look.place)
    scan.finish()
    look.refuse_reach()
    if look.has_runs or known.runs_of_text:
        _CellRuns(package, look, known).go_through(part, xml)


class _Scan:
    """Scans the tags of a sheet: the places of values, and their marks."""

    def __init__(self, package: Package, look: Look, known: Known) -> None:
        self.package, self.look, self.known = package, look, known
        self.finish: Callable[[], None] = lambda: None
        self.place: Callable[[], tuple[int, int]] = lambda: (0, 0)
        self.ranges = ""

    def handler(self, parser: Any) -> Callable[[str, dict[str, str]], None]:
        """Return the handler of tags. It is one function with local variables, because it is called very often."""
        look, limits = self.look, self.look.limits
        marks_of_style, marks = self.known.marks_of_style, self.look.marks
        default_marks = marks_of_style.get("0", ())
        names = {f"{space} {name}": name for space in _SPACES for name in ("c", "v", "t", "f", "row")}
        known_letters: dict[str, int] = {}
        row = column = last_row = last_column = 0
        style: str | None = None
        kind: str | None = None
        is_filled = is_pending = has_formula = has_value = in_data = are_hidden = False
        value: list[str] = []

        def character(text: str) -> None:
            if has_value:
                value.append(text)

        def follow() -> None:
            """Collect the text of the value of this cell, until the next one begins."""
            nonlocal is_pending, has_value
            is_pending, has_value = True, False
            value.clear()
            parser.CharacterDataHandler = character

        def settle() -> None:
            """Judge the cell whose value was followed."""
            nonlocal is_pending, has_formula
            parser.CharacterDataHandler = None
            text = "".join(value).strip()
            if kind == "b" and text.lower() in _WORDED:
                look.texts[row, column] = text.upper()
            # A formula's result may be an empty text. Programs that cannot compute save 0, and leave the value to the
            # program that opens the file.
            if has_formula and not (kind == "str" and has_value and not text):
                is_saved = bool(text) and not (self.known.is_computed_on_opening and text in _ZERO)
                marks.append((row, column, "formula" if is_saved else "formula_without_value"))
            is_pending = has_formula = False

        def place_cell(reference: str | None) -> None:
            nonlocal row, column, last_row, last_column
            if reference is None:
                column += 1
            else:
                letters = reference.rstrip(_DIGITS)
                known = known_letters.get(letters)
                if known is None:
                    known = known_letters[letters] = column_number(letters)
                row, column = row_number(reference[len(letters) :]), known
                if not row or not column:
                    raise self.package.damaged(f"the reference {shown(reference)}", f"{look.place}, near row {last_row}")
                if column > limits.columns:
                    raise too_many(look.path, "columns", limits.columns, look.place)
            if row < last_row or (row == last_row and column <= last_column):
                what = f"the cell {column_letters(column)}{row} stands twice or out of order"
                raise self.package.damaged(what, look.place)
            last_row, last_column = row, column

        def start(tag: str, attributes: dict[str, str]) -> None:
            nonlocal row, column, style, kind, is_filled, has_formula, has_value, in_data, are_hidden
            name = names.get(tag)
            if name == "c":
                if is_pending:
                    settle()
                place_cell(attributes.get("r"))
                style, kind, is_filled = attributes.get("s"), attributes.get("t"), False
                look.cells += 1
                if kind == "b":
                    follow()
            elif name == "v" or name == "t":
                has_value = True
                if not is_filled and in_data:
                    is_filled = True
                    if row > look.rows:
                        look.rows = row
                    if column > look.columns:
                        look.columns = column
                    for mark in marks_of_style.get(style, ()) if style else default_marks:
                        marks.append((row, column, mark))
            elif name == "row":
                if is_pending:
                    settle()
                number = attributes.get("r")
                row, column = row + 1 if number is None else row_number(number), 0
                if row > limits.rows:
                    raise too_many(look.path, "rows", limits.rows, look.place)
                if attributes.get("hidden") in _TRUE or attributes.get("ht", "0" if are_hidden else "") in _ZERO:
                    look.hidden_rows.append((row, row))
            elif name == "f":
                # After the cells, rules for formats and drop-down lists have tags of that name too.
                if in_data:
                    has_formula = True
                    follow()
            else:
                other = tag.rpartition(" ")[2]
                if other == "sheetData":
                    in_data = True
                elif other in _AFTER_DATA:
                    if is_pending:
                        settle()
                    in_data = False
                    self._after_data(other, attributes)
                elif other in {"vertAlign", "strike"} and in_data:
                    look.has_runs = True
                elif other == "col":
                    self._columns(attributes)
                elif other == "sheetFormatPr":
                    # Rows without a stated height are hidden.
                    are_hidden = attributes.get("zeroHeight") in _TRUE

        def finish() -> None:
            if is_pending:
                settle()

        self.finish, self.place = finish, lambda: (row, column)
        return start

    def _columns(self, attributes: dict[str, str]) -> None:
        if attributes.get("hidden") in _TRUE or attributes.get("width") in _ZERO:
            first, last = attributes.get("min", ""), attributes.get("max", "")
            if first.isdigit() and last.isdigit():
                self.look.hidden_columns.append((int(first), int(last)))

    def _after_data(self, name: str, attributes: dict[str, str]) -> None:
        if name == "conditionalFormatting":
            self.ranges = attributes.get("sqref", "")
        elif name == "cfRule" and attributes.get("dxfId") in self.known.striking_rules:
            self.look.struck_ranges.append(self.ranges)


class RunCollector:
    """Collects the runs of texts (si, is) in which some are struck out or raised; other texts are skipped."""

    def __init__(self) -> None:
        self.texts: list[tuple[Run, ...]] = []
        self.runs: list[Run] = []
        self.font: set[str] | None = None
        self.in_text = self.in_phonetic = False
        self.parts: list[str] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Take in the beginning of a tag."""
        name = tag.rpartition(" ")[2]
        if name in {"si", "is"}:
            self.runs, self.font = [], None
        elif name == "rPh":
            self.in_phonetic = True
        elif name == "r":
            self.font = None
        elif name == "rPr":
            self.font = set()
        elif name == "strike" and self.font is not None and is_on(attributes):
            self.font.add("struck_out")
        elif name == "vertAlign" and self.font is not None and attributes.get("val") != "baseline":
            self.font.add("raised")
        elif name == "t" and not self.in_phonetic:
            self.in_text, self.parts = True, []

    def text(self, text: str) -> None:
        """Take in text."""
        if self.in_text:
            self.parts.append(text)

    def end(self, tag: str) -> None:
        """Take in the end of a tag."""
        name = tag.rpartition(" ")[2]
        if name == "t" and self.in_text:
            self.in_text = False
            text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), "".join(self.parts))
            font = self.font or set()
            self.runs.append(Run(text, "struck_out" in font, "raised" in font, self.font is not None))
        elif name == "rPh":
            self.in_phonetic = False
        elif name in {"si", "is"}:
            is_marked = any(run.is_struck_out or run.is_raised for run in self.runs)
            self.texts.append(tuple(self.runs) if is_marked else ())


class _CellRuns(RunCollector):
    """Scans the texts of a sheet, its own and shared ones."""

    def __init__(self, package: Package, look: Look, known: Known) -> None:
        super().__init__()
        self.package, self.look, self.known = package, look, known
        self.scan = _Scan(package, Look(look.path, look.sheet, look.limits), known)
        # The scan only follows where the cells are.
        self.follow_cells = self.scan.handler(SimpleNamespace())
        self.value: list[str] = []
        self.is_shared = self.in_value = False

    def go_through(self, part: str, xml: bytes) -> None:
        """Add the runs of the sheet's cells to what was seen of it."""
        parser = self.package.parser(part)
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = self.start, self.end, self.text
        self.package.feed(parser, part, xml, True, self.look.place)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.follow_cells(tag, attributes)
        super().start(tag, attributes)
        name = tag.rpartition(" ")[2]
        if name == "c":
            self.is_shared = attributes.get("t") == "s"
        elif name == "v":
            self.in_value, self.value = self.is_shared, []

    def text(self, text: str) -> None:
        super().text(text)
        if self.in_value:
            self.value.append(text)

    def end(self, tag: str) -> None:
        super().end(tag)
        name = tag.rpartition(" ")[2]
        if name == "v" and self.in_value:
            self.in_value = False
            number = "".join(self.value).strip()
            runs = self.known.runs_of_text.get(int(number), ()) if number.isdigit() else ()
        elif name == "is":
            runs = self.texts.pop()
        else:
            return
        if runs:
            self.look.runs[self.scan.place()] = runs
