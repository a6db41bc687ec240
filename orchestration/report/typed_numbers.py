"""Numbers that an author typed by hand in a chapter instead of binding them: each is an error.

Belongs here: what counts as a number in prose, what may stand unbound (years, references, units), and the signed exceptions.
Does not belong here: the bound values themselves (``sentences``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.language import Language
from orchestration.report.model import SignedNumber

# Not prose: expressions, statements, comments of the template, code, addresses, identifiers of Markdown.
_NOT_PROSE = re.compile(r"\{##.*?##\}|\{\{.*?\}\}|\{%.*?%\}|`[^`]*`|\]\([^)]*\)|\{[#.][^}]*\}|<!--.*?-->", re.DOTALL)
# Allowed unbound: years, spans of years, dates, weeks, references, sections of laws, and units that contain a number.
_ALLOWED = re.compile(
    r"\b(?:19|20)\d\d(?:[\u2013-](?:19|20)\d\d)?\b"
    r"|(?:kapittel|kapitlene|tabell|figur|vedlegg|skjema|chapter|table|figure)\s\d+(?:\.\d+)*"
    r"|§\s?\d+(?:-\d+)*"
    r"|per\s(?:1|10|100)[\s\u00a0\u202f,]?000\b"
    r"|\bIS-\d+(?:/\d+)?\b"
    r"|\b(?:uke|week)\s\d+\b"
    r"|\b\d{1,2}\.\s(?:januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember)\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<!\w)[-\u2212]?\d[\d\s\u00a0\u202f.,]*\d|(?<!\w)\d")
_WORDS: dict[Language, str] = {
    "nb": r"to|tre|fire|fem|seks|sju|syv|åtte|ni|ti|elleve|tolv|halvparten|halvdelen|tredjedel\w*"
    r"|hver tredje|hver fjerde|hver femte|fjerdedel\w*|femtedel\w*|doblet|dobbelt|tredoblet|halvert",
    "en": r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|half|third|quarter|fifth|doubled|twice|halved",
}


@dataclass(frozen=True)
class Typed:
    """A number typed by hand: its line number, what was typed, and the text of the line."""

    line: int
    text: str
    sentence: str


def typed_numbers(chapter: str, language: Language) -> Iterator[Typed]:
    """Yield every number of a chapter that is not bound."""
    # Keep line breaks of removed parts, so that line numbers stay correct.
    prose = _NOT_PROSE.sub(lambda match: "\n" * match[0].count("\n") or " ", chapter)
    words = re.compile(rf"\b(?:{_WORDS[language]})\b", re.IGNORECASE)
    for line, text in enumerate(prose.split("\n"), start=1):
        # A number and a full stop at the start of a line number a list item.
        bare = _ALLOWED.sub(lambda match: " " * len(match[0]), re.sub(r"^\s*\d+\.\s", " ", text))
        for match in (*_DIGITS.finditer(bare), *words.finditer(bare)):
            yield Typed(line, match[0].strip(), " ".join(text.split()))


def require_bound(
    path: Path, chapter: str, language: Language, exceptions: Sequence[SignedNumber], name: str = ""
) -> set[int]:
    """Refuse a chapter with a number that is typed by hand, and return the lines of the exceptions that were used.

    Args:
        path: the file, for errors.
        chapter: its content.
        language: of the text.
        exceptions: the signed exceptions.
        name: the name of the file in exceptions, if it differs from the path's.

    Raises:
        UserError: a number is not bound, and no signed exception has it.
    """
    used: set[int] = set()
    for typed in typed_numbers(chapter, language):
        found = next(
            (
                each
                for each in exceptions
                if each.file == (name or path.name) and typed.text in each.text and each.text in _line(chapter, typed.line)
            ),
            None,
        )
        if found is None:
            raise UserError(
                f"the number {typed.text!r} is typed by hand: {typed.sentence[:80]!r}",
                place=f"{path}, line {typed.line}",
                remedy="bind it with a word of docs/run/reports.md, or sign an exception in exceptions.csv",
            )
        used.add(found.line)
    return used


def _line(chapter: str, line: int) -> str:
    return " ".join(chapter.split("\n")[line - 1].split())
