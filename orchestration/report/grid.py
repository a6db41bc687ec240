"""A table filled for a round: cells with their quantities, heads over columns, marks and notes.

Belongs here: the parts of a filled table, merging heads, and assigning marks. Does not belong here: the value of a cell
(``tables``), or how a format draws it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestration.core.language import Language, in_language
from orchestration.core.tables import Label
from orchestration.report.model import Declared, Report
from orchestration.report.printed_tables import PrintedTables
from orchestration.report.printed_words import PrintedWords
from orchestration.report.values import LEVEL, Cell, Published, Quantity
from orchestration.site.breaks import Breaks

# The note of a figure that contains a corrected answer.
CORRECTED = "corrected"


@dataclass(frozen=True)
class Round:
    """The round that a report is about: its year, the round it is compared with, and every round of the series."""

    year: int
    before: int | None
    rounds: tuple[int, ...]
    language: Language
    report: Report
    published: Published
    words: PrintedWords
    breaks: Mapping[str, Breaks] = field(default_factory=dict)
    printed: PrintedTables = field(default_factory=PrintedTables)

    def notes_of(self, cell: Cell) -> list[str]:
        """Return the notes of a cell that must accompany its figure.

        This excludes notes that the report states once. The report of an area also excludes corrections in the larger areas
        that it is compared with: otherwise one corrected answer would be noted in the reports of all other areas.
        """
        here = self.words.places.get("here")
        is_beside = here is not None and cell.at.get(LEVEL) not in (here.level, "municipality")
        return [
            code for code in cell.notes if code not in self.report.remarks_once and not (is_beside and code == CORRECTED)
        ]

    def say(self, label: Label) -> str:
        """Return a label in the language of the report."""
        return in_language(label, self.language)


@dataclass
class GridCell:
    """One cell as it is shown. Without a quantity it has a sign or is empty; ``key`` is the key of the printed figure."""

    text: str
    quantity: Quantity | None = None
    decimals: int = 0
    divisor: int = 1
    remarks: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    is_hidden: bool = False
    key: str = ""


@dataclass(frozen=True)
class Head:
    """A head that spans one or several columns, and one or several lines of heads."""

    text: str
    columns: int
    rows: int = 1
    marks: tuple[str, ...] = ()


@dataclass
class RowHead:
    """The label of a row."""

    text: str
    code: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Note:
    """A note below a table; without a mark it applies to the whole table. ``quantities`` fill its placeholders."""

    text: str
    mark: str = ""
    quantities: tuple[tuple[str, Quantity], ...] = ()


@dataclass
class Grid:
    """A table or figure filled for one round."""

    key: str
    declared: Declared
    title: str
    unit: str
    corner: str
    heads: list[list[Head]]
    rows: list[RowHead]
    cells: list[list[GridCell]]
    notes: list[Note]
    column_labels: list[str]
    number: str = ""
    # Its place among the tables and figures, used in ids: Word's bookmarks need short names.
    place: int = 0
    # Indexes of the rows before which a line over the years is interrupted.
    breaks_before: frozenset[int] = frozenset()


def marked(cells: list[list[GridCell]], rows: list[RowHead]) -> list[Note]:
    """Turn remarks on cells into notes, and mark the cells or rows they apply to; a remark on all cells needs no mark."""
    where: dict[str, set[tuple[int, int]]] = {}
    for row, line in enumerate(cells):
        for at, cell in enumerate(line):
            for remark in cell.remarks:
                where.setdefault(remark, set()).add((row, at))
    filled_cells = {(row, at) for row, line in enumerate(cells) for at, cell in enumerate(line) if cell.text}
    notes, letters = [], iter("abcdefghijklmnopqrstuvwxyz")
    for remark, spots in where.items():
        if spots == filled_cells:
            notes.append(Note(remark))
            continue
        mark = next(letters)
        notes.append(Note(remark, mark))
        lines = {row for row, _ in spots}
        if spots == {(row, at) for row, at in filled_cells if row in lines}:
            for row in lines:
                rows[row].marks = (*rows[row].marks, mark)
        else:
            for row, at in spots:
                cells[row][at].marks = (*cells[row][at].marks, mark)
    return notes


def heads_of(levels: list[list[str]]) -> list[list[Head]]:
    """Return lines of heads: equal adjacent heads are merged, and a head extends down over empty ones."""
    # Move empty labels of a column below the others, so that no head is empty above another.
    columns = [sorted(labels, key=lambda label: not label) for labels in zip(*levels, strict=True)]
    levels = [list(line) for line in zip(*columns, strict=True)]
    lines: list[list[Head]] = []
    width = len(levels[0])
    taken: set[tuple[int, int]] = set()
    for depth in range(len(levels)):
        line: list[Head] = []
        at = 0
        while at < width:
            if (depth, at) in taken:
                at += 1
                continue
            path = [level[at] for level in levels[: depth + 1]]
            end = at
            while end < width and [level[end] for level in levels[: depth + 1]] == path and (depth, end) not in taken:
                end += 1
            rows = 1
            while depth + rows < len(levels) and all(not levels[depth + rows][each] for each in range(at, end)):
                taken |= {(depth + rows, each) for each in range(at, end)}
                rows += 1
            line.append(Head(levels[depth][at], end - at, rows))
            at = end
        lines.append(line)
    return _without_empty(lines)


def _without_empty(lines: list[list[Head]]) -> list[list[Head]]:
    """Return lines of heads without those that heads from above fill entirely: readers treat an empty row as an error."""
    empty = [depth for depth, line in enumerate(lines) if not line]
    return [
        [replace(head, rows=head.rows - sum(depth < each < depth + head.rows for each in empty)) for head in line]
        for depth, line in enumerate(lines)
        if line
    ]
