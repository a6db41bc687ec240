"""Columns of earlier forms that a delivered column may be, and the rows of a draft that a person must decide.

Belongs here: what such a column meant, and how a candidate is described. Does not belong here: which columns are candidates
(``matching``, ``pairing``), and the decisions on them (``deciding``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestration.core.tables import Label
from orchestration.forms.model import ColumnMap, header

plain = header

UnsureKind = Literal["similar", "new", "gone", "another wording", "partly delivered"]


@dataclass(frozen=True)
class Candidate:
    """A column of an earlier form that a delivered column may be, with its likeness from 0 to 1.

    ``column`` is empty for a question that the form says was not asked. ``reasons`` says why it may be, and ``of_cells`` the
    comparison of the two columns' cells, where it was made; ``uses`` are the column's lines of columns.csv.
    """

    sheet: str
    column: str
    meaning: str
    score: float
    form: str = ""
    uses: tuple[ColumnMap, ...] = ()
    reasons: Label | None = None
    of_cells: Label | None = None

    def __str__(self) -> str:
        """Return the candidate as written in the reason cell and in the list."""
        text = f"{self.sheet} {self.column or 'not asked'} ({self.meaning}) {self.score:.2f}"
        return f"{text}, {self.of_cells.en.replace('; ', ', ')}" if self.of_cells is not None else text


@dataclass(frozen=True)
class UnsureRow:
    """A row of columns.csv that a person must decide; ``column`` is the delivered one, or last year's if it is gone."""

    kind: UnsureKind
    sheet: str
    column: str
    label: str = ""
    candidates: tuple[Candidate, ...] = ()
    note: str = ""
    use: ColumnMap | None = None
    """Last year's line, if the column is gone."""
    alike: Label | None = None
    """Says that the cells resemble those of many columns, and so suggest none."""

    @property
    def remark(self) -> str:
        """The remarks on the row, without its candidates."""
        return "; ".join(filter(None, (self.note, self.alike.en if self.alike is not None else "")))

    @property
    def reason(self) -> str:
        """The text of the reason cell."""
        best = "; ".join(map(str, self.candidates))
        return ": ".join(filter(None, (self.kind, "; ".join(filter(None, (best, self.remark))))))


def meaning_of(column: ColumnMap) -> str:
    """Say in short what a column of the last form meant."""
    if column.use in {"identifier", "ignored"}:
        return " ".join(filter(None, (column.use, column.reason)))
    parts = (column.question, column.item, column.answer, column.target_group, column.reporting_form)
    return " ".join(part for part in parts if part)


@dataclass(frozen=True)
class Old:
    """One column of the last form with all its uses (a long format has many); ``name`` is empty for what was not asked.

    ``shown_sheet`` is the sheet as a candidate names it, with the form if that is not the last.
    """

    sheet: str
    name: str
    uses: tuple[ColumnMap, ...]
    form: str = ""
    shown_sheet: str = ""

    @property
    def wording(self) -> str:
        """Wording of the column, if all its uses have the same."""
        wordings = {plain(use.wording_nb) for use in self.uses}
        return wordings.pop() if len(wordings) == 1 else ""

    @property
    def meaning(self) -> str:
        """What the column meant; of a long format how many things."""
        first = meaning_of(self.uses[0])
        return first if len(self.uses) == 1 else f"{first} and {len(self.uses) - 1} more uses"

    def candidate(self, score: float, reasons: Label | None = None, of_cells: Label | None = None) -> Candidate:
        """Return the column as a candidate."""
        sheet = self.shown_sheet or self.sheet
        return Candidate(sheet, self.name, self.meaning, score, self.form, self.uses, reasons, of_cells)
