"""Labels and numbers as a reader of a language writes them.

Belongs here: what every room that writes sentences needs. Does not belong here: the sentences themselves.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from orchestration.core.tables import Label

Language = Literal["nb", "en"]

LANGUAGES: tuple[Language, ...] = ("nb", "en")

MINUS = "\u2212"

_MONTHS = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)

_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def in_language(label: Label, language: Language) -> str:
    """Return a label in one of its languages."""
    return label.nb if language == "nb" else label.en


def number(
    value: Decimal | float | int | None, language: Language, *, decimals: tuple[int, int] = (0, 2), signed: bool = False
) -> str | None:
    """Return a number as it stands in a sentence, 1 234,5 or 1,234.5, with fewest to most decimals.

    Args:
        value: the number; a binary fraction counts as the decimal that it is written as.
        language: decides the separators.
        decimals: fewest and most decimals; rounded half up.
        signed: whether a plus is written too, and the minus as a minus instead of a hyphen.
    """
    if value is None:
        return None
    fewest, most = decimals
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    text = f"{exact.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP):,f}"
    whole, _, rest = text.partition(".")
    while len(rest) > fewest and rest.endswith("0"):
        rest = rest[:-1]
    if language == "nb":
        written = whole.replace(",", "\u00a0") + ("," + rest if rest else "")
    else:
        written = whole + ("." + rest if rest else "")
    if not signed:
        return written
    return MINUS + written.removeprefix("-") if written.startswith("-") else f"+{written}"


def written_day(day: date, language: Language = "nb") -> str:
    """Return a day as it stands in a sentence: 4. mai 2016, or 4 May 2016."""
    if language == "nb":
        return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}"
