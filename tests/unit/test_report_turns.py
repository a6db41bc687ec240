"""Sentences with another direction than in the round before: by values, by words, by the choices of a chapter."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.report.choices import sentence
from orchestration.report.directions import Turned, turned
from orchestration.report.sentences import Chapters
from orchestration.report.vocabulary import Vocabulary
from tests.unit.report_kit import comparable, fte, round_of

# Adults fell and children rose from 2015 to 2016; from 2016 to 2018 both rose.
FTE = {
    (2015, "adults"): 100.0,
    (2016, "adults"): 90.0,
    (2018, "adults"): 95.0,
    (2015, "children"): 10.0,
    (2016, "children"): 20.0,
    (2018, "children"): 200.0,
}
ROWS = {
    "fte_by_service": [
        *(fte(year, value, target_group=group) for (year, group), value in FTE.items()),
        *(fte(year, 300.0) for year in (2015, 2016, 2018)),
    ],
    "comparability": [comparable("fte_by_service", 2015, 2016), comparable("fte_by_service", 2016, 2018)],
}


def evaluated(text: str, year: int, before: int) -> Chapters:
    of = round_of(ROWS, year=year, before=before)
    chapters = Chapters(of, Vocabulary(of), {}, {})
    chapters.render(Path("kapittel.md"), text, "kapittel.md")
    return chapters


def turns(text: str) -> list[tuple[int, str, str]]:
    found: tuple[Turned, ...] = turned(evaluated(text, 2016, 2015), evaluated(text, 2018, 2016))
    return [(each.line, each.before, each.after) for each in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "Innledning.\n\nTallet {{ rose_or_fell(before, year, 'adults') }} fra {{ before }}. Mer står her.",
            [(3, "Tallet sank fra 2015.", "Tallet økte fra 2016.")],
        ),
        ("Tallet {{ rose_or_fell(before, year, 'children') }}.", []),
        (
            "Endringen var {{ change(before, year, 'adults') }} prosent.",
            [(1, "Endringen var \u221210,0 prosent.", "Endringen var 5,6 prosent.")],
        ),
        # The direction is typed, the size is bound: the sentence is now wrong, and reported.
        (
            "Tallet sank med {{ size_of(change(before, year, 'adults')) }} prosent.",
            [(1, "Tallet sank med 10,0 prosent.", "Tallet sank med 5,6 prosent.")],
        ),
        (
            "Voksne ligger {{ above_or_below(fte(year, 'adults'), fte(year, 'children')) }} barn og unge.",
            [(1, "Voksne ligger over barn og unge.", "Voksne ligger under barn og unge.")],
        ),
        (
            "Voksne ligger {% if fte(year, 'adults') > fte(year, 'children') %}over{% else %}under{% endif %} barn og unge.",
            [(1, "Voksne ligger over barn og unge.", "Voksne ligger under barn og unge.")],
        ),
        (
            "Før.\n\n {% if fte(year, 'children') < 50 %}\nDet er få. Ja.\n {% elif fte(year, 'children') < 100 %}\nFlere.\n"
            "  {% else %}\nDet er mange.\n  {% endif %}\nEtterpå.",
            [(3, "Det er få. Ja.", "Det er mange.")],
        ),
        (
            "Det var {{ 'flest' if fte(year, 'adults') > fte(year, 'children') else 'færrest' }} for voksne.",
            [(1, "Det var flest for voksne.", "Det var færrest for voksne.")],
        ),
        (
            "{% set mest = 'flest' if fte(year, 'adults') > fte(year, 'children') else 'færrest' %}\n\n"
            "- Ett.\n- Det var {{ mest }} for voksne.\n- To.",
            [(4, "Det var flest for voksne.", "Det var færrest for voksne.")],
        ),
        (
            "Unge hadde {{ fte(year, 'children') }}{% if fte(year, 'children') > 100 %}, mer enn noen gang{% endif %}. Ja.",
            [(1, "Unge hadde 20.", "Unge hadde 200, mer enn noen gang.")],
        ),
        (
            "Før.\n{% if fte(year, 'children') > 100 %}\nMer enn noen gang.\n{% endif %}\n\nEtterpå.",
            [(2, "", "Mer enn noen gang.")],
        ),
        # Not directions: different levels, years, questions, names.
        (
            "Det var {{ fte(year, 'children') }}. {% if year > 2017 %}Nå.{% else %}Før.{% endif %} "
            "{{ 'a' if has_fte(year) else 'b' }}",
            [],
        ),
    ],
)
def test_a_sentence_that_turned_is_reported_as_it_reads_in_both_rounds(text: str, found: list[tuple[int, str, str]]) -> None:
    assert turns(text) == found


def test_a_sentence_in_which_two_values_turned_is_told_once() -> None:
    text = "Tallet {{ rose_or_fell(before, year, 'adults') }} med {{ change(before, year, 'adults') }} prosent."
    assert len(turns(text)) == 1


def test_what_is_noted_of_choices_leaves_nothing_in_the_text() -> None:
    text = "Først.\n\n  {% if fte(year, 'adults') > 1 %}\nMange.\n  {% endif %}\n{{ 'ja' if fte(year) > 1 else 'nei' }}\n"
    of = round_of(ROWS, year=2018, before=2016)
    rendered = Chapters(of, Vocabulary(of), {}, {}).render(Path("kapittel.md"), text, "kapittel.md")
    assert rendered == "Først.\n\nMange.\nja\n"


def test_values_compare_as_they_are_written() -> None:
    chapters = evaluated(
        "{{ fte(2015, 'adults') }}{{ fte(2016, 'adults') }}{{ fte(2016, 'adults', decimals=1) }}", 2016, 2015
    )
    high, low, same = (each.bound for each in chapters.stated)
    assert high > low
    assert low == same == 90
    assert low <= 90 < high
    assert low != 91


def test_a_sentence_ends_where_the_next_begins() -> None:
    text = "En (jf. § 3). To er\nlengre [12]{#v1 .bound} ([tabell](#a){.ref}). Tre."
    at = text.index("[12]")
    assert sentence(text, at, at + 3) == "To er lengre 12."
