"""Markdown from values: cells that no sign breaks, tables, links.

Belongs here: how text becomes Markdown. Does not belong here: what the pages say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# What Markdown or HTML would take for more than a sign.
_SPECIAL = re.compile(r"([\\`*_\[\]|{}#])")
_NOT_PLAIN = re.compile(r"[^\w ]|_")
_ANCHOR = re.compile(r"[^a-z0-9_]+")


def plain(text: str) -> str:
    """Return a text on one line, of which Markdown changes no sign."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: str) -> str:
    """Return a text as code, also within a cell of a table; nothing where there is none."""
    if not text:
        return ""
    if "`" not in text and "|" not in text:
        return f"`{text}`"
    # Neither a bar nor a backtick can be escaped between backticks; HTML takes every sign.
    return f"<code>{_NOT_PLAIN.sub(lambda found: f'&#{ord(found[0])};', text)}</code>"


def anchor(text: str) -> str:
    """Return what an id of the project is called as the target of a link within a page."""
    return _ANCHOR.sub("-", text.lower()).strip("-")


def heading(level: int, text: str, target: str = "") -> list[str]:
    """Return a heading, with the target of links to it where it has one of its own."""
    return [f"{'#' * level} {text}" + (f" {{ #{anchor(target)} }}" if target else ""), ""]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return a table, or nothing where it has no rows; the cells are Markdown."""
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
    """Return texts as a sentence lists them: a, b and c."""
    *most, end = texts or [""]
    return f"{', '.join(most)} {last} {end}" if most else end


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 question, 2 questions."""
    return f"{number:,} {noun}{'s' * (number != 1)}"
