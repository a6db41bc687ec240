"""Nodes of pandoc's document: making texts, tables and figures, and reading text.

Belongs here: the shapes of pandoc's JSON. Does not belong here: the content of a report (``document``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Node = dict[str, Any]

EMPTY: list[Any] = ["", [], []]
LEFT, RIGHT, CENTER = {"t": "AlignLeft"}, {"t": "AlignRight"}, {"t": "AlignCenter"}


def string(text: str) -> Node:
    """Return a text."""
    return {"t": "Str", "c": text}


def superscript(text: str) -> Node:
    """Return a raised text."""
    return {"t": "Superscript", "c": [string(text)]}


def span(id_: str, text: str) -> Node:
    """Return a text that has an id."""
    return {"t": "Span", "c": [[id_, ["bound"], []], [string(text)]]}


def paragraph(inlines: list[Node], style: str = "") -> Node:
    """Return a paragraph, in a custom style if one is given."""
    node = {"t": "Para", "c": inlines}
    return {"t": "Div", "c": [["", [style], [["custom-style", style]]], [node]]} if style else node


def raw(format_: str, text: str) -> Node:
    """Return raw content of one format."""
    return {"t": "RawBlock", "c": [format_, text]}


def cell(inlines: list[Node], align: Node, rows: int = 1, columns: int = 1) -> list[Any]:
    """Return a cell of a table."""
    return [EMPTY, align, rows, columns, [{"t": "Plain", "c": inlines}]]


def table(id_: str, caption: list[Node], widths: Sequence[float], head: list[list[Any]], body: list[list[Any]]) -> Node:
    """Return a table whose first column has the row heads."""
    specs = [[LEFT if not at else RIGHT, {"t": "ColWidth", "c": width}] for at, width in enumerate(widths)]
    return {
        "t": "Table",
        "c": [
            [id_, [], []],
            [None, [{"t": "Plain", "c": caption}]],
            specs,
            [EMPTY, [[EMPTY, line] for line in head]],
            [[EMPTY, 1, [], [[EMPTY, line] for line in body]]],
            [EMPTY, []],
        ],
    }


def figure(id_: str, caption: list[Node], image: str, alternative: str) -> Node:
    """Return a picture below its caption, with a text alternative."""
    picture = {"t": "Image", "c": [["", [], [["width", "100%"]]], [string(alternative)], [image, ""]]}
    blocks = [paragraph(caption, "Image Caption"), paragraph([picture], "Captioned Figure")]
    return {"t": "Div", "c": [[id_, [], []], blocks]}


def walk(node: Any, change: Callable[[Node], Any]) -> Any:
    """Return a document with each node replaced by what ``change`` returns; where that is None, its content is walked."""
    if isinstance(node, list):
        found: list[Any] = []
        for each in node:
            changed = walk(each, change)
            # One node may become several.
            is_spread = isinstance(each, dict) and isinstance(changed, list)
            found += changed if is_spread else [changed]
        return found
    if isinstance(node, dict):
        changed = change(node) if "t" in node else None
        if changed is not None:
            return changed
        return {name: walk(value, change) for name, value in node.items()}
    return node


def text_of(node: Any) -> str:
    """Return the text of nodes as a reader sees it."""
    if isinstance(node, list):
        return "".join(text_of(each) for each in node)
    if not isinstance(node, dict):
        return ""
    kind = node.get("t")
    content: Any = node.get("c")
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind == "Str":
        return str(content)
    if kind in ("Code", "Span", "Link", "Div", "Header", "Quoted"):
        return str(content[1]) if kind == "Code" else text_of(content[2] if kind == "Header" else content[1])
    return text_of(content)
