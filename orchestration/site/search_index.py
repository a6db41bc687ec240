"""The search entries besides municipalities: subjects and their figures, questions, tables, and the method.

Belongs here: the entries, each with its search words. Does not belong here: names of municipalities (``names``), or matching
words (``static/search.js``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb

from orchestration.core.language import LANGUAGES, in_language
from orchestration.core.tables import Label, Table
from orchestration.core.texts import load_groups, load_texts
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import joined
from orchestration.site import about
from orchestration.site.cubes import UNIT
from orchestration.site.figures import Resolved
from orchestration.site.pages import Page

TEXTS = load_texts("site", "pages")
SAME_MEANING = load_groups("site", "search_words")["same_meaning"]
# Sections of the method page with their texts; the labels of code lists are added to some of them.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "what_is_counted": ("what_is_counted",),
    "breaks": ("breaks_lead",),
    "statuses": ("statuses_lead", "reasons"),
    "areas": ("areas_text",),
    "carried": ("carried_text",),
    "disclosure": ("disclosure_text",),
    "crosswalk": ("crosswalk_lead",),
    "provenance": ("provenance_lead",),
}
# Answers and items that more questions than this share, such as yes and no, do not help to find any of them.
MOST_QUESTIONS = 8
LISTS: Mapping[str, tuple[str, ...]] = {"statuses": ("obs_status", "absence_reason", "obs_note"), "breaks": ("break_kind",)}


def entries(
    connection: duckdb.DuckDBPyConnection,
    release: Release,
    tables: Sequence[Table],
    subjects: Sequence[tuple[Page, Sequence[Resolved]]],
    asked: Mapping[str, Label],
) -> dict[str, list[list[Any]]]:
    """Return the search entries, by kind in the order in which hits are listed.

    Args:
        connection: has access to the public tables.
        release: has the code lists and definitions.
        tables: the public tables.
        subjects: the subject pages with data, and their figures.
        asked: the questions of the pages, with their labels.

    Returns:
        For each entry its title in both languages, its address, and additional words in both languages.
    """
    wordings = dict(
        connection.execute(
            "select indicator, string_agg(distinct wording_nb, ' ' order by wording_nb) from indicator_wordings"
            " where wording_nb is not null group by indicator order by indicator"
        ).fetchall()
    )
    parts = _parts(connection, release)
    return {
        "subjects": list(_subjects(subjects)),
        "questions": [
            _entry(
                label,
                f"explorer.html#{indicator}",
                joined([_same(f"{indicator} {wordings.get(indicator, '')}"), *parts.get(indicator, [])], " "),
            )
            for indicator, label in asked.items()
        ],
        "tables": [
            _entry(table.title, f"download.html#table-{table.name}", joined([table.description, _same(table.name)], " "))
            for table in tables
        ],
        "method": list(_method(release, tables)),
    }


def _parts(connection: duckdb.DuckDBPyConnection, release: Release) -> dict[str, list[Label]]:
    """Return the labels of the answers and items of each question, except those that many questions share."""
    found: dict[str, list[Label]] = {}
    for column in ("answer", "item"):
        rows = connection.execute(
            f"select indicator, {column} from (select distinct indicator, {column} from indicator_shares)"
            f" qualify count(*) over (partition by {column}) <= {MOST_QUESTIONS} order by all"
        ).fetchall()
        for indicator, code in rows:
            found.setdefault(indicator, []).append(release.label(column, code))
    return found


def _subjects(subjects: Sequence[tuple[Page, Sequence[Resolved]]]) -> Iterator[list[Any]]:
    for page, figures in subjects:
        # A category is found by its name: psychologist, health station.
        categories = {label: None for figure in figures if not figure.indicator for label in _categories(figure)}
        yield _entry(page.title, f"{page.id}.html", joined([page.lead, *categories], " "))
        # Questions have entries of their own.
        for figure in figures:
            if not figure.indicator and figure.title != page.title:
                yield _entry(figure.title, f"{page.id}.html#{figure.id}", page.title)


def _categories(figure: Resolved) -> Iterator[Label]:
    for dimension, labels in figure.cube.labels.items():
        if dimension not in (UNIT, "indicator"):
            yield from labels.values()


def _method(release: Release, tables: Sequence[Table]) -> Iterator[list[Any]]:
    for name, texts in SECTIONS.items():
        codes = [code.label for each in LISTS.get(name, ()) for code in release.codes.get(each, {}).values()]
        words = [*(TEXTS[each] for each in texts), *codes] or [TEXTS[name]]
        yield _entry(TEXTS[name], f"method.html#{name}", joined(words, " "))
    for defined in about.definitions(release, tables):
        sentences = [definition.text for _, group in defined.kinds for definition in group] or [defined.name]
        title = joined([TEXTS["definitions"], defined.name], ": ")
        yield _entry(title, "method.html#definitions", joined(sentences, " "))


def _entry(title: Label, address: str, words: Label) -> list[Any]:
    words = joined([words, *_same_meaning(title, words)], " ")
    return [[title.nb, title.en], address, [words.nb, words.en] if words.nb != words.en else [words.nb]]


def _same_meaning(title: Label, words: Label) -> list[Label]:
    """Return the lines of synonyms of which one is the beginning of a word of an entry, in its language."""
    words_found = [
        (re.findall(r"[\w-]+", f"{in_language(title, each)} {in_language(words, each)}".lower()), each) for each in LANGUAGES
    ]
    return [
        line
        for line in SAME_MEANING.values()
        if any(word.startswith(tuple(in_language(line, each).split())) for found, each in words_found for word in found)
    ]


def _same(text: str) -> Label:
    return Label(nb=text.strip() or "\u2013", en=text.strip() or "\u2013")
