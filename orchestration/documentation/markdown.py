"""Markdown from values: escaped cells, tables, links.

Belongs here: how text becomes Markdown. Does not belong here: the content of pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# Characters with a special meaning in Markdown.
_SPECIAL = re.compile(r"([\\`*_\[\]|{}#])")
_NOT_PLAIN = re.compile(r"[^\w ]|_")
_ANCHOR = re.compile(r"[^a-z0-9_]+")


def plain(text: str) -> str:
    """Return a text on one line, with the special characters of Markdown and HTML escaped."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return a text as code that is also valid in a cell of a table; an empty text stays empty."""
    if not text:
        return ""
    if "`" not in text and "|" not in text:
        return f"`{text}`"
    # Neither a bar nor a backtick can be escaped between backticks; HTML can represent every character.
    return f"<code>{_NOT_PLAIN.sub(lambda found: f'&#{ord(found[0])};', text)}</code>"


def anchor(text: str) -> str:
    """Return the anchor for an id of the project, the target of links within a page."""
    return _ANCHOR.sub("-", text.lower()).strip("-")


def heading(level: int, text: str, target: str = "") -> list[str]:
    """Return a heading, with a custom anchor if a target is given."""
    return [f"{'#' * level} {text}" + (f" {{ #{anchor(target)} }}" if target else ""), ""]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table, or no lines if it has no rows; the cells are Markdown."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}", *lines, ""] if lines else []


def filled_columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table without the columns that are empty in every row."""
    every = [tuple(row) for row in rows]
    kept = [place for place in range(len(header)) if any(row[place] for row in every)]
    return table([header[place] for place in kept], [[row[place] for place in kept] for row in every])


def page(*blocks: Sequence[str]) -> str:
    """Return the text of a page from its blocks of lines."""
    lines = [line for block in blocks for line in block]
    return "\n".join(lines).rstrip("\n") + "\n"


def listed(texts: Sequence[str], last: str = "and") -> str:
    """Return texts as an enumeration: a, b and c."""
    *most, end = texts or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 question, 2 questions."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
