"""The expressions of an author: values bound to cells, their formatting, and refusals with file and line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import UserError
from orchestration.report.sentences import Chapters
from orchestration.report.vocabulary import Vocabulary
from tests.unit.report_kit import answer, area, comparable, fte, round_of

SPAN = re.compile(r"\[([^\]]*)\]\{#v\d+ \.bound\}")
FTE = {
    "fte_by_service": [fte(2013, 7.0, series="is24"), fte(2015, 1000.0), fte(2016, 1234.5)],
    "comparability": [
        comparable("fte_by_service", 2015, 2016),
        comparable("fte_by_service", 2013, 2016, "not_comparable"),
        comparable("crisis_plan", 2015, 2016, "with_correction"),
    ],
}


def chapters(rows: dict[str, Any] | None = None) -> Chapters:
    of = round_of({**FTE, **(rows or {})})
    return Chapters(of, Vocabulary(of), {}, {})


def text_of(text: str, rows: dict[str, Any] | None = None) -> str:
    rendered = chapters(rows).render(Path("kapittel.md"), text, "kapittel.md")
    return SPAN.sub(r"\1", rendered).strip()


def refused(text: str, rows: dict[str, Any] | None = None) -> UserError:
    with pytest.raises(UserError) as error:
        text_of(text, rows)
    return error.value


def test_a_value_is_bound_to_its_cell_file_and_line() -> None:
    found = chapters()
    rendered = found.render(Path("kapittel.md"), "Tekst.\n\nDet var {{ fte(year) }}.", "kapittel.md")
    assert rendered == "Tekst.\n\nDet var [1\u202f235]{#v1 .bound}."
    (stated,) = found.stated
    assert (stated.file, stated.line, stated.expression) == ("kapittel.md", 3, "fte(year)")
    (cell,) = stated.bound.quantity.cells
    assert (cell.table, cell.measure, cell.value, cell.at["time_period"]) == ("fte_by_service", "fte", 1234.5, "2016")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(87.5, 0, "88"), (86.5, 0, "87"), (26.45, 1, "26,5"), (0.05, 1, "0,1"), (1234567.0, 0, "1\u202f234\u202f567")],
)
def test_numbers_are_rounded_half_up_once(value: float, decimals: int, text: str) -> None:
    rows = {"fte_by_service": [fte(2016, value)]}
    assert text_of(f"{{{{ fte(year, decimals={decimals}) }}}}", rows) == text


def test_a_fall_has_a_real_minus_or_a_verb() -> None:
    rows = {"fte_by_service": [fte(2015, 1000.0), fte(2016, 990.0)]}
    assert text_of("{{ change(before, year) }} prosent", rows) == "\u22121,0 prosent"
    assert text_of("{{ rose_or_fell(before, year) }} med {{ size_of(change(before, year)) }}", rows) == "sank med 1,0"


def test_what_is_equal_as_rounded_is_unchanged() -> None:
    rows = {"fte_by_service": [fte(2015, 1000.0), fte(2016, 1000.4)]}
    assert text_of("{{ rose_or_fell(before, year) }}", rows) == "var uendret"
    assert text_of("{% if about_unchanged(before, year) %}ja{% endif %}", rows) == "ja"


@pytest.mark.parametrize(
    ("status", "reason", "label"), [("Q", "confidential", "konfidensielt"), ("O", "not_delivered", "ikke levert")]
)
def test_a_cell_without_a_value_is_refused_with_its_reason(status: str, reason: str, label: str) -> None:
    rows = {"fte_by_service": [fte(2016, None, obs_status=status, absence_reason=reason)]}
    error = refused("En linje.\n{{ fte(year) }}", rows)
    assert error.place == "kapittel.md, line 2"
    assert label in error.what


def test_a_value_that_is_carried_forward_is_said_at_the_end_of_its_sentence() -> None:
    rows = {"fte_by_service": [fte(2016, 5.0, obs_status="I")]}
    assert 'remark="carried_forward"' in refused("{{ fte(year) }}", rows).remedy
    text = text_of(
        'Det var {{ fte(year, remark="carried_forward") }} og {{ fte(year, remark="carried_forward") }} årsverk. Mer.', rows
    )
    assert text == "Det var 5 og 5 årsverk (noen kommuner har tall videreført fra en tidligere runde). Mer."


def test_what_is_allowed_and_not_needed_is_not_said() -> None:
    assert text_of('{{ fte(year, remark=["carried_forward", "incomplete"]) }}.') == "1\u202f235."


def test_a_part_of_an_area_is_no_plain_value() -> None:
    rows = {"fte_by_service": [fte(2016, 5.0, coverage=0.9)]}
    assert 'remark="incomplete"' in refused("{{ fte(year) }}", rows).remedy
    assert text_of("{{ fte(year) }}", {"fte_by_service": [fte(2016, 5.0, coverage=0.99, obs_note="rejected_cells")]}) == "5"


def test_a_change_over_a_break_is_refused_and_one_with_reservations_has_to_say_so() -> None:
    assert "2013 and 2016 cannot be compared" in refused("{{ change(2013, year) }}").what
    rows = {"indicator_shares": [answer("yes", 4), answer("yes", 2, time_period=2015)]}
    expression = 'change(before, year, indicator="crisis_plan"'
    assert 'remark="with_correction"' in refused(f"{{{{ {expression}) }}}}", rows).remedy
    text = text_of(f'{{{{ {expression}, remark="with_correction") }}}} prosentpoeng.', rows)
    assert text == "25 prosentpoeng (tallene kan bare sammenlignes med forbehold)."


def test_years_that_nobody_has_compared_are_refused() -> None:
    assert "no entry says" in refused("{{ change(before, year) }}", {"comparability": []}).what


def test_a_misspelt_code_is_reported_with_the_nearest_one() -> None:
    assert "nearest is 'total'" in refused('{{ fte(year, "totl") }}').what
    assert "nearest is 'crisis_plan'" in refused('{{ share("crisis_plans") }}').what
    assert "nearest is 'fte'" in refused("{{ fter(year) }}").what


def test_two_cells_are_reported_with_what_they_differ_in() -> None:
    rows = {"fte_by_service": [fte(2016, 5.0), fte(2016, 6.0, series="is24")]}
    assert "2 cells" in refused("{{ fte(year) }}", rows).what
    assert "series (is24, is248)" in refused("{{ fte(year) }}", rows).what


def test_a_number_that_is_bound_to_nothing_is_refused() -> None:
    assert "is not bound to a published cell" in refused("{{ 12 + 1 }}").what
    assert text_of("{{ year - 1 }} og {{ before }}") == "2015 og 2015"


def test_percent_are_of_those_who_answered_unless_all_are_meant() -> None:
    rows = {"indicator_shares": [answer("yes", 4), answer("no", 4)]}
    assert text_of('{{ share("crisis_plan") }} {{ share("crisis_plan", base="all") }}', rows) == "50 40"
    assert text_of('{{ number_of("crisis_plan") }} {{ number_of("crisis_plan", "answered") }}', rows) == "4 8"
    assert (
        text_of('{{ fraction(share("crisis_plan")) }} {{ in_words(number_of("crisis_plan")) }}', rows) == "halvparten fire"
    )
    assert "cannot be written as a fraction" in refused('{{ fraction(share("crisis_plan", base="all")) }}', rows).what


COUNTIES = {
    "areas": [area("county", "01", "Østfold"), area("county", "02", "Akershus"), area("county", "03", "Oslo")],
}


def county(code: str, value: float | None, **changes: Any) -> dict[str, Any]:
    return fte(2016, value, unit_level="county", unit_code=code, **changes)


def test_areas_that_are_equal_as_rounded_are_named_together() -> None:
    rows = {**COUNTIES, "fte_by_service": [county("01", 10.2), county("02", 9.8), county("03", 1.0)]}
    assert text_of('{{ highest(1, "fte") }}', rows) == "Østfold (10) og Akershus (10)"
    assert text_of('{{ lowest(1, "fte") }}', rows) == "Oslo (1)"


def test_the_highest_of_areas_that_are_not_all_shown_is_refused_unless_the_sentence_says_it() -> None:
    hidden = county("03", None, obs_status="Q", absence_reason="confidential")
    rows = {**COUNTIES, "fte_by_service": [county("01", 10.0), county("02", 9.0), hidden]}
    assert "Oslo cannot be shown" in refused('{{ highest(1, "fte") }}', rows).what
    assert text_of('{{ highest(1, "fte", among="shown") }}', rows) == "Østfold (10), blant områdene som kan vises"


def test_an_identifier_of_markdown_is_no_comment() -> None:
    assert text_of("## Overskrift {#navn}") == "## Overskrift {#navn}"


def test_a_chapter_cannot_reach_outside_its_words() -> None:
    assert refused("{{ fte.__globals__ }}").place == "kapittel.md, line 1"


def test_of_one_municipality_is_said_what_is_true_of_one() -> None:
    rows = {"fte_by_service": [fte(2016, 5.0, unit_level="municipality", unit_code="5001", obs_status="I")]}
    assert text_of('{{ fte(year, municipality="5001", remark="carried_forward") }}.', rows) == (
        "5 (helt eller delvis videreført fra en tidligere runde)."
    )


@pytest.mark.parametrize(
    ("note", "words"), [("corrected", "et svar er rettet"), ("awaits_changes", "tall fra forrige utgave")]
)
def test_what_a_correction_brings_is_said_without_being_asked_for(note: str, words: str) -> None:
    rows = {
        "fte_by_service": [fte(2015, 4.0), fte(2016, 5.0, obs_note=note)],
        "comparability": [comparable("fte_by_service", 2015, 2016)],
    }
    assert text_of("Det var {{ fte(year) }} årsverk i {{ year }}. Mer.", rows) == f"Det var 5 årsverk i 2016 ({words}). Mer."
    assert text_of("Antallet {{ rose_or_fell(before, year) }}.", rows) == "Antallet økte."


def test_a_question_that_no_delivered_round_asked_is_not_asked_and_a_misspelt_one_is_refused() -> None:
    sentence = "{{% if asked('{}') %}}Svar.{{% else %}}Ikke spurt.{{% endif %}}"
    code = min(round_of(FTE).words.indicators - {"crisis_plan"})
    assert text_of(sentence.format(code)) == "Ikke spurt."
    assert "there is no indicator 'crisis_plann'; nearest is 'crisis_plan'" in str(refused(sentence.format("crisis_plann")))
