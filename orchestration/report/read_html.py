"""Reading the structure of a page: ids, tables, scopes of heads, charts, links."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = ("img", "meta", "link", "br", "col", "hr", "rect", "circle", "polyline")


@dataclass
class Page:
    """What was read."""

    spans: dict[str, str] = field(default_factory=dict)
    tables: list[list[list[str]]] = field(default_factory=list)
    charts: list[tuple[str, list[str]]] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    without_scope: int = 0


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open: list[tuple[str, str]] = []

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        found = dict(attrs)
        name = found.get("id") or ""
        if name:
            self.page.ids.add(name)
            self.page.spans.setdefault(name, "")
        target = found.get("href") or ""
        if target.startswith("#"):
            self.page.references.add(target[1:])
        if tag in _VOID:
            return
        self.open.append((tag, name))
        if tag == "table":
            self.page.tables.append([])
        elif tag == "tr" and self._inside("tbody"):
            self.page.tables[-1].append([])
        elif tag in ("th", "td") and self._inside("tbody"):
            self.page.tables[-1][-1].append("")
        elif tag == "svg":
            self.page.charts.append((found.get("aria-label") or "", []))
        elif tag == "text" and self.page.charts:
            self.page.charts[-1][1].append("")
        if tag == "th" and "scope" not in found:
            self.page.without_scope += 1

    def handle_endtag(self, tag: str) -> None:
        """Close an element."""
        if tag not in _VOID and self.open:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        """Add text to the open elements."""
        for _, name in self.open:
            if name:
                self.page.spans[name] += data
        if self._inside("sup") and self._inside("table"):
            return
        if self._inside("tbody") and (self._inside("td") or self._inside("th")):
            self.page.tables[-1][-1][-1] += data
        if self.open and self.open[-1][0] == "text":
            self.page.charts[-1][1][-1] += data


def read(text: str) -> Page:
    """Return the structure of a page."""
    reader = _Reader()
    reader.feed(text)
    return reader.page
