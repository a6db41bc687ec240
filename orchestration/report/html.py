"""The report as one self-contained HTML file: semantic tables with scopes, charts as SVG with text alternatives, own style.

Belongs here: the page and its style. Does not belong here: the content of the report (``document``).
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from orchestration.core.language import in_language
from orchestration.report import nodes
from orchestration.report.document import TEXTS, Document, Placed, note_nodes, table_nodes
from orchestration.report.nodes import Node
from orchestration.report.pandoc import Writing, written

TEMPLATE, STYLE = "report.html", "report.css"
TEMPLATES = Path(__file__).parent / "templates"


def write_html(document: Document, path: Path) -> None:
    """Write the page."""

    def write(placed: Placed) -> list[Node]:
        if placed.chart is None:
            return table_nodes(placed, document.language)
        svg = placed.chart.svg().replace("<svg ", f'<svg role="img" aria-label="{html.escape(placed.alternative)}" ', 1)
        figure = f'<figure id="{placed.grid.key}">\n<figcaption>{html.escape(placed.caption)}</figcaption>\n{svg}</figure>'
        return [nodes.raw("html", figure), *note_nodes(placed.grid, document.language)]

    variables = {
        "toc-title": in_language(TEXTS["contents"], document.language),
        "front": document.front,
        "style": (TEMPLATES / STYLE).read_text(encoding="utf-8"),
    }
    options = {"table_of_contents": document.is_book, "toc_depth": 2, "wrap_text": "none", "variables": variables}
    meta = {"lang": document.language, "title": document.title, "subtitle": document.subtitle}
    made = written(document.blocks(write), Writing("html5", options, TEMPLATES / TEMPLATE), meta)
    path.write_text(_with_scopes(made.decode()), encoding="utf-8")


def _with_scopes(page: str) -> str:
    """Return the page with a scope on each head of a table."""

    def head(match: re.Match[str]) -> str:
        return re.sub(r"<th\b", '<th scope="col"', match[0]).replace('scope="col" colspan', 'scope="colgroup" colspan')

    page = re.sub(r"<thead>.*?</thead>", head, page, flags=re.DOTALL)
    page = re.sub(r"<tbody>.*?</tbody>", lambda m: re.sub(r"<th\b", '<th scope="row"', m[0]), page, flags=re.DOTALL)
    # A table that is wider than the screen can be scrolled sideways, also by keyboard.
    page = re.sub(r"<table\b", '<div class="wide" tabindex="0"><table', page)
    return page.replace("</table>", "</table></div>")
