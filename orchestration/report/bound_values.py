"""Bound values: a quantity with its format.

Belongs here: how a bound value becomes text, the same when it is written and when it is read back. Does not belong here:
which values an author may use (``vocabulary``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering
from typing import Literal

from orchestration.core.language import in_language, rounded
from orchestration.report.values import Quantity, ReportError
from orchestration.report.writing import GROUPS, as_fraction, in_words, number

Form = Literal["number", "size", "word", "fraction", "direction", "order"]
NO_BREAK = "\u00a0"
# Remarks that are added without the author's request. A correction, and what disclosure control does because of it, come
# after the chapter was written; the report would otherwise be left out until somebody edits it.
AUTOMATIC_REMARKS = ("corrected", "awaits_changes")


@dataclass(frozen=True)
class Compared(Quantity):
    """How far one value is above another, both as written."""

    sides: tuple[Bound, ...] = ()

    def from_values(self, values: Iterable[float | None]) -> Decimal:
        """Return the difference, from values in the order of the cells of both."""
        found, written_values = list(values), []
        for side in self.sides:
            count = len(side.quantity.cells)
            written_values.append(rounded(side.quantity.from_values(found[:count]) / side.divisor, side.decimals))
            found = found[count:]
        return written_values[0] - written_values[1]


@total_ordering
@dataclass(frozen=True, eq=False)
class Bound:
    """A formatted value with the quantity that it is bound to. ``remarks`` is shown after it in brackets.

    Values compare with each other and with numbers as they are written: what reads the same is equal.
    """

    quantity: Quantity
    decimals: int = 0
    divisor: int = 1
    form: Form = "number"
    language: Literal["nb", "en"] = "nb"
    unit: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def value(self) -> Decimal:
        """The number that is written."""
        return self.quantity.value / self.divisor

    @property
    def text(self) -> str:
        """The text of the value, without ``remarks``."""
        return written(self.value, self.decimals, self.form, self.language)

    @property
    def is_change(self) -> bool:
        """Whether the value is a change or a difference, so that its sign is a direction."""
        return (
            self.form in ("direction", "order")
            or bool(self.quantity.shift)
            or any(term.factor < 0 for term in self.quantity.numerator)
            or all("change" in cell.measure for cell in self.quantity.cells)
        )

    def beside(self, other: Bound) -> Bound:
        """Return whether this value is above, below or equal to another, as a word."""
        terms = tuple(term for side in (self, other) for term in (*side.quantity.numerator, *side.quantity.denominator))
        remarks = tuple(dict.fromkeys((*self.remarks, *other.remarks)))
        most = max(self.decimals, other.decimals)
        return Bound(Compared(terms, sides=(self, other)), most, form="order", language=self.language, remarks=remarks)

    def __eq__(self, other: object) -> bool:
        number_ = _written_number(other)
        return NotImplemented if number_ is None else _written_number(self) == number_

    def __lt__(self, other: object) -> bool:
        number_, own = _written_number(other), _written_number(self)
        return NotImplemented if number_ is None or own is None else own < number_

    def __hash__(self) -> int:
        return hash((self.quantity, self.decimals, self.divisor))


def _written_number(value: object) -> Decimal | None:
    if isinstance(value, Bound):
        return rounded(value.value, value.decimals)
    return Decimal(str(value)) if isinstance(value, int | float | Decimal) else None


def written(value: Decimal, decimals: int, form: Form, language: Literal["nb", "en"]) -> str:
    """Return the text of a value.

    Raises:
        ReportError: there is no word or fraction for the value.
    """
    if form == "number":
        return number(value, decimals, language)
    if form == "size":
        return number(abs(value), decimals, language)
    if form == "direction":
        step = rounded(value, decimals)
        return in_language(GROUPS["directions"]["rose" if step > 0 else "fell" if step < 0 else "unchanged"], language)
    if form == "order":
        return in_language(GROUPS["orders"]["above" if value > 0 else "below" if value < 0 else "equal"], language)
    text = in_words(value, language) if form == "word" else as_fraction(value, language)
    if text is None:
        raise ReportError(f"{number(value, 1, language)} cannot be written as a {form}", "write it as a number")
    return text


@dataclass(frozen=True)
class Composed:
    """Names and values that belong together in a sentence."""

    parts: tuple[str | Bound, ...]
