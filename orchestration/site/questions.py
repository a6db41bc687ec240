"""The questions of the forms on the pages: their order, headings and facts.

Belongs here: the page of all questions, and the facts on a question besides its figures. Does not belong here: the figures
(``figures``), the answers (``cubes``), or which questions there are (``data/indicators``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from orchestration.core.tables import Label
from orchestration.core.texts import load_texts
from orchestration.publish.publication_metadata import spans
from orchestration.publish.remarks import joined
from orchestration.site import about
from orchestration.site.about import sourced
from orchestration.site.breaks import Breaks
from orchestration.site.figures import Resolver
from orchestration.site.pages import MAP, Figure, Page, Question

TEXTS = load_texts("site", "pages")

# The figures of a chosen question: described once for all, and drawn from the cube that is then loaded.
FIGURES = (
    Figure(id="time", part="answers_over_time", kind="series", indicator="any", across="answer", choose=("item", "unit")),
    Figure(
        id="year",
        part="answers_in_one_year",
        kind="stack",
        indicator="any",
        rows="item",
        across="answer",
        choose=("unit", "time"),
    ),
    Figure(
        id="boxes",
        part="answers_in_one_year",
        kind="bars",
        indicator="any",
        rows="answer",
        choose=("item", "unit", "time"),
    ),
    Figure(
        id="areas",
        part="one_answer_by_area",
        kind="bars",
        indicator="any",
        rows="unit",
        choose=("item", "answer", "level", "basis", "time"),
    ),
    Figure(
        id="map",
        part="one_answer_on_the_map",
        kind=MAP,
        indicator="any",
        rows="unit",
        choose=("item", "answer", "level", "time"),
        levels=("county", "hf_area"),
    ),
)


def grouped(resolver: Resolver, pages: Sequence[Page], asked: Sequence[str]) -> list[tuple[Label, list[str]]]:
    """Return questions under their headings, each once.

    A question belongs to the subject page that shows it, or to a heading of ``_site.yml``; the others come last under a
    separate heading. Under each heading, questions are in the order of their Norwegian labels.

    Args:
        resolver: has the labels of the questions, and what all pages share.
        pages: the subject pages.
        asked: the questions that have answers.
    """
    titles = {page.id: page.title for page in pages} | {
        group.id: group.title for group in resolver.site.question_groups if group.title
    }
    found: dict[str, str] = {}
    for page in pages:
        for figure in page.figures:
            indicator = figure.question if isinstance(figure, Question) else figure.indicator
            if indicator:
                found.setdefault(indicator, page.id)
    for group in resolver.site.question_groups:
        for indicator in group.questions:
            found.setdefault(indicator, group.id)
    order = [*dict.fromkeys([*(page.id for page in pages), *(group.id for group in resolver.site.question_groups)]), ""]
    groups = []
    for group_id in order:
        own = [each for each in asked if found.get(each, "") == group_id]
        if own:
            own.sort(key=lambda each: (resolver.indicators[each].nb.casefold(), each))
            groups.append((titles.get(group_id, TEXTS["other_questions"]), own))
    return groups


def explorer(
    connection: duckdb.DuckDBPyConnection, resolver: Resolver, pages: Sequence[Page], has_map: bool
) -> dict[str, Any]:
    """Return the content and configuration of the page of all questions.

    Args:
        connection: has access to the public tables.
        resolver: has cubes, labels and breaks.
        pages: the subject pages.
        has_map: whether there are shapes for maps.
    """
    asked: dict[str, list[int]] = {}
    for indicator, year in connection.execute(
        "select distinct indicator, time_period from indicator_shares where n_answered is not null order by all"
    ).fetchall():
        asked.setdefault(indicator, []).append(year)
    facts = {
        row[0]: row[1:]
        for row in connection.execute(
            "select indicator, unit_set, comparable_since from indicators order by indicator"
        ).fetchall()
    }
    groups = grouped(resolver, pages, list(asked))
    # The page begins with the question that was asked in most years.
    first = max((each for _, own in groups for each in own), key=lambda each: len(asked[each]), default="")
    return {
        "groups": [
            (
                title,
                [
                    {
                        "id": each,
                        "label": resolver.indicators[each],
                        "years": spans(tuple(asked[each])),
                        "unit_set": facts[each][0] if each in facts else None,
                        "since": facts[each][1] if each in facts else None,
                    }
                    for each in own
                ],
            )
            for title, own in groups
        ],
        "config": {
            "first": first,
            "groups": [
                [
                    [title.nb, title.en],
                    [
                        [each, spans(tuple(asked[each])), resolver.indicators[each].nb, resolver.indicators[each].en]
                        for each in own
                    ],
                ]
                for title, own in groups
            ],
            "figures": [
                resolver.outline(figure, None, TEXTS[figure.part], Breaks(), [])
                for figure in FIGURES
                if figure.kind != MAP or has_map
            ],
        },
    }


def question(
    connection: duckdb.DuckDBPyConnection, resolver: Resolver, indicator: str, multiple: frozenset[str]
) -> dict[str, Any]:
    """Return what the page of all questions shows about one question.

    Args:
        connection: has access to the public tables.
        resolver: has cubes, labels and breaks.
        indicator: the question.
        multiple: the questions with several possible answers, which are then not parts of a whole.
    """
    release = resolver.release
    known = resolver.breaks.get(indicator, Breaks())
    cube = resolver.cubes[f"indicator/{indicator}"]
    rows = connection.execute(
        "select base, unit_set, comparable_since from indicators where indicator = ?", [indicator]
    ).fetchall()
    base, unit_set, since = rows[0] if rows else (None, None, None)
    # With years if they were not always the same.
    bases = _by_years({int(year): of for year, (of, _) in cube.bases.items() if of})
    unit_sets = _by_years({int(year): units for year, (_, units) in cube.bases.items() if units})
    wordings = connection.execute(
        "select wording_nb, min(time_period), max(time_period) from indicator_wordings where indicator = ? and wording_nb"
        " is not null group by wording_nb order by 2, 3, 1",
        [indicator],
    ).fetchall()
    title = resolver.indicators[indicator]
    weak = [sourced(each) for each in about.weaknesses(release, indicator)]

    def pair(label: Label) -> list[str]:
        return [label.nb, label.en]

    return {
        "id": indicator,
        "parts": indicator not in multiple,
        "title": pair(title),
        "breaks": resolver.script_breaks(known.within([int(code) for code in cube.dimensions["time"]])),
        "apart": known.apart,
        "facts": [
            [pair(TEXTS["asked_of"]), pair(unit_sets or release.label("unit_set", unit_set))] if unit_set else None,
            [pair(TEXTS["base"]), pair(bases or release.label("base", base))] if base else None,
            [pair(TEXTS["comparable_since"]), [str(since)]] if since else None,
            [pair(TEXTS["weaknesses"]), pair(joined(weak, " "))] if weak else None,
        ],
        "wordings": [[text, str(first) if first == last else f"{first}\u2013{last}"] for text, first, last in wordings],
    }


def _by_years(labels: Mapping[int, Label]) -> Label | None:
    """Return the label, or several labels with their years if it has changed; None if there is none."""
    years: dict[Label, list[int]] = {}
    for year, label in sorted(labels.items()):
        years.setdefault(label, []).append(year)
    if len(years) < 2:
        return next(iter(years), None)
    by_years = [(spans(tuple(of)), label) for label, of in years.items()]
    return joined([Label(nb=f"{of}: {label.nb}", en=f"{of}: {label.en}") for of, label in by_years], "; ")
