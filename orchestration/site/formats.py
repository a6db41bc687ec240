"""Numbers in the format of each language, and texts in both languages side by side.

Belongs here: separators, rounding half up, percent signs, and the markup of a text in two languages. Does not belong here:
which texts or numbers a page shows. ``static/core.js`` has the same rules for figures that change on the page.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from markupsafe import Markup

from orchestration.core.language import MINUS, Language, unbroken
from orchestration.core.tables import Label

# Thousands separator and decimal mark. The thin space for Norwegian is non-breaking.
SEPARATORS: dict[Language, tuple[str, str]] = {"nb": ("\u202f", ","), "en": (",", ".")}
NOTHING = "\u2013"


def number(value: float, decimals: int, language: Language) -> str:
    """Return a number with a fixed number of decimals, rounded half up as in print.

    Args:
        value: its decimal representation is rounded, so that 26.45 becomes 26.5 although no binary number is exactly 26.45.
        decimals: how many to show.
        language: determines the separators.
    """
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    thousands, decimal = SEPARATORS[language]
    digits = f"{abs(rounded):,f}".translate({ord(","): thousands, ord("."): decimal})
    return (MINUS if rounded < 0 else "") + digits


def percent(value: float, decimals: int, language: Language) -> str:
    """Return a percentage with the percent sign."""
    return number(value, decimals, language) + ("\u00a0%" if language == "nb" else "%")


def signed(text: str) -> str:
    """Return a formatted change with a plus sign if it is a rise."""
    return text if text.startswith(MINUS) or not text.strip("0.,%\u00a0\u202f") else f"+{text}"


def kept_together(text: str) -> str:
    """Return a Norwegian text in which the thousands of a number stay on one line."""
    return re.sub(r"(?<!\d)(\d{1,3}) (?=\d{3}(?!\d))", "\\1\u202f", text)


@lru_cache(maxsize=1 << 16)
def both(nb: str, en: str) -> Markup:
    """Return a text in both languages, of which the page shows one; if they are the same, only one text.

    Cached: pages of municipalities repeat the same words and numbers hundreds of times.
    """
    nb, en = unbroken(kept_together(nb)), unbroken(en)
    if nb == en:
        return Markup("{}").format(nb)
    return Markup('<span lang="nb">{}</span><span lang="en">{}</span>').format(nb, en)


def say(label: Label, **values: object) -> Markup:
    """Return a text in both languages; a value that is a label is inserted in the respective language."""

    def fill(language: Language) -> str:
        known = {name: getattr(value, language) if isinstance(value, Label) else value for name, value in values.items()}
        text = label.nb if language == "nb" else label.en
        return text.format(**known) if known else text

    return both(fill("nb"), fill("en"))


def written(value: float, decimals: int) -> Label:
    """Return a number in both languages."""
    return Label(nb=number(value, decimals, "nb"), en=number(value, decimals, "en"))


def written_percent(value: float, decimals: int) -> Label:
    """Return a percentage in both languages."""
    return Label(nb=percent(value, decimals, "nb"), en=percent(value, decimals, "en"))
