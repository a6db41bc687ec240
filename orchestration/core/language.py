"""Labels and numbers as a reader of a language writes them.

Belongs here: what every room that writes sentences needs. Does not belong here: the sentences themselves.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, get_args

from orchestration.core.tables import Label, LetterLabel

Language = Literal["nb", "en"]
# Letters may be in either written form of Norwegian.
WrittenForm = Literal["nb", "nn"]
Written = Literal["nb", "nn", "en"]

LANGUAGES: tuple[Language, ...] = ("nb", "en")

MINUS = "\u2212"

# A name such as AB-12, which a page would otherwise break after its hyphen.
_NAME_WITH_NUMBER = re.compile(r"(?<=[A-ZÆØÅ])-(?=\d)")
# Years of a range.
_RANGE = re.compile(r"(?<=\b\d{4})\u2013(?=\d{4}\b)")
NO_BREAK_HYPHEN, EN_DASH, WORD_JOINER = "\u2011", "\u2013", "\u2060"

_MONTHS = (
    *("januar", "februar", "mars", "april", "mai", "juni"),
    *("juli", "august", "september", "oktober", "november", "desember"),
)

_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def in_language(label: Label, language: Written) -> str:
    """Return a label in one of its languages; in bokmål where there is no nynorsk text."""
    if language == "en":
        return label.en
    return (label.nn if language == "nn" and isinstance(label, LetterLabel) else None) or label.nb


def unbroken(text: str) -> str:
    """Return a text for a page in which IS-24/8 and a range of years stay on one line; data keep their plain signs."""
    return _RANGE.sub(EN_DASH + WORD_JOINER, _NAME_WITH_NUMBER.sub(NO_BREAK_HYPHEN, text))


def is_called(text: str, label: Label) -> bool:
    """Whether a text is a label in any of its languages, ignoring case."""
    return text.strip().casefold() in {in_language(label, language).casefold() for language in get_args(Written)}


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Return a number rounded half up, as readers expect it; negative decimals round to tens and hundreds."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def number(
    value: Decimal | float | int | None, language: Written, *, decimals: tuple[int, int] = (0, 2), signed: bool = False
) -> str | None:
    """Return a number as it is written in a sentence, 1 234,5 or 1,234.5, with fewest to most decimals.

    Args:
        value: the number; a float counts as the decimal that it is printed as.
        language: decides the separators.
        decimals: fewest and most decimals; rounded half up.
        signed: whether a plus is written too, and the minus as a minus instead of a hyphen.
    """
    if value is None:
        return None
    fewest, most = decimals
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    text = f"{rounded(exact, most):,f}"
    whole, _, rest = text.partition(".")
    while len(rest) > fewest and rest.endswith("0"):
        rest = rest[:-1]
    if language != "en":
        written = whole.replace(",", "\u00a0") + ("," + rest if rest else "")
    else:
        written = whole + ("." + rest if rest else "")
    if not signed:
        return written
    return MINUS + written.removeprefix("-") if written.startswith("-") else f"+{written}"


def written_day(day: date, language: Written = "nb") -> str:
    """Return a day as it is written in a sentence: 4. mai 2016, the same in nynorsk, or 4 May 2016."""
    if language != "en":
        return f"{day.day}. {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.day} {_ENGLISH_MONTHS[day.month - 1]} {day.year}"
