"""Bound values: a quantity with the way in which it is written.

Belongs here: how a bound value becomes a text, alike when it is said and when it is read back. Does not belong here: which
values an author may say (``vocabulary``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from orchestration.core.language import in_language
from orchestration.report.values import Quantity, ReportError
from orchestration.report.writing import GROUPS, as_fraction, in_words, number, rounded

Form = Literal["number", "size", "word", "fraction", "direction"]
NO_BREAK = "\u00a0"


@dataclass(frozen=True)
class Bound:
    """A value as it is written, with the quantity that it is bound to. ``said`` is shown behind it in brackets."""

    quantity: Quantity
    decimals: int = 0
    divisor: int = 1
    form: Form = "number"
    language: Literal["nb", "en"] = "nb"
    unit: str = ""
    said: tuple[str, ...] = ()

    @property
    def value(self) -> Decimal:
        """The number that is written."""
        return self.quantity.value / self.divisor

    @property
    def text(self) -> str:
        """What is written, without what is said behind it."""
        return written(self.value, self.decimals, self.form, self.language)


def written(value: Decimal, decimals: int, form: Form, language: Literal["nb", "en"]) -> str:
    """Return a value as it is written.

    Raises:
        ReportError: it is to be a word or a fraction and is none.
    """
    if form == "number":
        return number(value, decimals, language)
    if form == "size":
        return number(abs(value), decimals, language)
    if form == "direction":
        step = rounded(value, decimals)
        return in_language(GROUPS["directions"]["rose" if step > 0 else "fell" if step < 0 else "unchanged"], language)
    text = in_words(value, language) if form == "word" else as_fraction(value, language)
    if text is None:
        raise ReportError(f"{number(value, 1, language)} is no {form}", "write it as a number")
    return text


@dataclass(frozen=True)
class Composed:
    """Names and values that belong together in a sentence."""

    parts: tuple[str | Bound, ...]
