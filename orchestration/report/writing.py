"""How a report writes numbers: the separators of its language, rounded half up once, from the published value.

Belongs here: numbers, numbers as words, fractions, lists of names. Does not belong here: which number a sentence says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from orchestration.core.language import MINUS, Language, rounded
from orchestration.core.texts import load_groups

GROUPS = load_groups("report", "words")
WORDS = GROUPS["words"]

SEPARATORS: dict[Language, tuple[str, str]] = {"nb": ("\u202f", ","), "en": (",", ".")}
# How far a share may be from a fraction and still be named by it, in percentage points.
FRACTION_TOLERANCE = Decimal(3)
FRACTIONS = (("half", Decimal(50)), ("third", Decimal(100) / 3), ("quarter", Decimal(25)), ("fifth", Decimal(20)))
LARGEST_WORD = 10


def number(value: Decimal, decimals: int, language: Language) -> str:
    """Return a number with fixed decimals, rounded half up; negative ones round to tens, hundreds and so on."""
    written = rounded(value, decimals)
    thousands, mark = SEPARATORS[language]
    digits = f"{abs(written):,.{max(decimals, 0)}f}".translate({ord(","): thousands, ord("."): mark})
    return (MINUS if written < 0 else "") + digits


def in_words(value: Decimal, language: Language) -> str | None:
    """Return a number, rounded to a whole one, as a word; None if it is negative or above ten."""
    whole = int(rounded(value, 0))
    if not 0 <= whole <= LARGEST_WORD:
        return None
    label = GROUPS["numbers"][str(whole)]
    return label.nb if language == "nb" else label.en


def as_fraction(percent: Decimal, language: Language) -> str | None:
    """Return the fraction that a share is close to, in words; None if there is no such fraction."""
    for name, size in FRACTIONS:
        if abs(percent - size) <= FRACTION_TOLERANCE:
            label = GROUPS["fractions"][name]
            return label.nb if language == "nb" else label.en
    return None


def listed(parts: Sequence[str], language: Language) -> str:
    """Return names as an enumeration in a sentence."""
    if len(parts) < 2:
        return "".join(parts)
    label = WORDS["and"]
    last = label.nb if language == "nb" else label.en
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def thousands_together(text: str, language: Language) -> str:
    """Return a text in which the thousands of a number stay on one line."""
    return re.sub(r"(?<!\d)(\d{1,3}) (?=\d{3}(?!\d))", rf"\1{SEPARATORS[language][0]}", text)


def kept_together(text: str, language: Language) -> str:
    """Return a label in which the thousands of a number stay on one line and ranges have a dash."""
    return re.sub(r"(?<=\d)-(?=\d)", "\u2013", thousands_together(text, language))
