"""The page on which readers build tables of their own: the available tables, and the names of their dimensions.

The page uses the same cubes as the figures, and loads them when they are chosen. The default choices do not overlap: one
level of areas, today's areas, totals. Belongs here: what the page needs before a cube is loaded. Does not belong here:
choosing and showing (``static/builder.js``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestration.core.tables import Label
from orchestration.core.texts import load_texts
from orchestration.site.breaks import Breaks
from orchestration.site.cubes import SHARE, TIME, UNIT, Cube
from orchestration.site.figures import BASIS, LEVEL, Resolver
from orchestration.site.pages import Figure

TEXTS = load_texts("site", "pages")
SHARES = "indicator_shares"


def config(resolver: Resolver, used: Sequence[str], groups: Sequence[tuple[Label, Sequence[str]]]) -> dict[str, Any]:
    """Return the configuration of the page.

    Args:
        resolver: has cubes, tables and breaks.
        used: names of the cubes whose scripts the pages have.
        groups: the questions under their headings.
    """
    tables = []
    for name, wanted in resolver.site.cubes.items():
        table = resolver.tables.get(wanted.table)
        if name not in used or table is None or not wanted.title:
            continue
        cube = resolver.cubes[name]
        known = resolver.breaks.get(wanted.table, Breaks())
        figure = Figure(id="table", kind="table", cube=name, measures=wanted.measures, start=wanted.start)
        breaks = known.within([int(code) for code in cube.dimensions[TIME]])
        outline = resolver.outline(figure, table, wanted.title, known, breaks)
        tables.append(
            _kept(outline)
            | {
                "cube": name,
                "indicators": _indicators(resolver, cube),
                "heads": _heads(resolver, cube.dimensions, wanted.table),
            }
        )
    shares = Figure(id="table", kind="table", indicator="any", measures=(SHARE,))
    return {
        "tables": tables,
        "question": _kept(resolver.outline(shares, None, TEXTS["question"], Breaks(), []))
        | {"heads": _heads(resolver, [UNIT, TIME, "answer", "item"], SHARES)},
        "groups": [
            [[title.nb, title.en], [[each, *_pair(resolver.indicators[each])] for each in own]] for title, own in groups
        ],
    }


def _indicators(resolver: Resolver, cube: Cube) -> dict[str, list[str]]:
    """Return the labels of the questions in a cube's dimension."""
    return {code: _pair(resolver.named(cube, "indicator", code)) for code in cube.dimensions.get("indicator", ())}


def _pair(label: Label) -> list[str]:
    return [label.nb, label.en]


def _kept(outline: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of an outline that do not depend on rows and columns."""
    kept = ("id", "kind", "title", "measures", "start", "levels", "breaks", "apart", "apartOf")
    return {name: outline[name] for name in kept}


def _heads(resolver: Resolver, dimensions: Sequence[str] | Mapping[str, Any], table: str) -> dict[str, list[str]]:
    return {name: _pair(resolver.head(name, resolver.tables.get(table))) for name in (*dimensions, LEVEL, BASIS)}
