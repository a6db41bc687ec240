"""Errors in a declared table, with line and nearest word; unused declarations; the questions of a round."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.suggestions import suggest
from orchestration.report.declarations import require_words
from orchestration.report.model import load_source
from orchestration.report.questions import Asked, questions_of
from orchestration.report.translations import unused
from orchestration.report.values import ReportError
from tests.unit.report_kit import answer, fte, round_of

REPORT = """
title: {nb: Rapport, en: Report}
subtitle: {nb: Årsverk, en: FTE}
chapters:
- {file: kapittel, title: {nb: Kapittel, en: Chapter}}
"""
TABLE = """
plan:
  title: {nb: Plan, en: Plan}
  rows: {by: size_group, codes: [lt2000]}
  fixed: {question: crisis_plan}
  columns:
  - {measure: municipalities, with: {answer: 'yes'}}
"""


def source(folder: Path, table: str = TABLE, report: str = REPORT) -> Path:
    for name in ("tables", "chapters"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "report.yml").write_text(report, encoding="utf-8")
    (folder / "tables" / "tables.yml").write_text(table, encoding="utf-8")
    (folder / "chapters" / "kapittel.md").write_text('{{ table("plan") }}\n', encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("wrong", "right", "what", "line"),
    [
        ("colums:", "columns:", "plan: there is no entry 'colums'; nearest is 'columns'", 6),
        ("measur:", "measure:", "plan: there is no entry 'measur' of columns.1; nearest is 'measure'", 7),
        (
            "answer: 'yes', with: {}",
            "with: {answer: 'yes'}",
            "no entry 'answer' of columns.1; dimensions belong under with",
            7,
        ),
        (
            "answer: yes",
            "answer: 'yes'",
            "columns.1.with.answer: YAML does not read yes as text: put it in quotation marks",
            7,
        ),
        (
            "codes: [2000_5000]",
            "codes: [lt2000]",
            "rows.codes.1: YAML does not read 2000_5000 as text: put it in quotation",
            4,
        ),
        ("{nb: Plan}", "{nb: Plan, en: Plan}", "title.en: Field required", 3),
        ("{nb: Plan en: Plan}", "{nb: Plan, en: Plan}", "is not valid YAML", 3),
    ],
)
def test_a_faulty_declaration_is_reported_with_its_line_and_the_nearest_word(
    tmp_path: Path, wrong: str, right: str, what: str, line: int
) -> None:
    assert TABLE.count(right) == 1
    with pytest.raises(UserError) as error:
        load_source(source(tmp_path, TABLE.replace(right, wrong)))
    assert what in error.value.what
    assert error.value.place == f"{tmp_path / 'tables' / 'tables.yml'}, line {line}"


def test_a_misspelt_entry_of_a_chapter_is_reported_with_its_line(tmp_path: Path) -> None:
    report = REPORT.replace("file: kapittel,", "file: kapittel, need: [plan],")
    with pytest.raises(UserError) as error:
        load_source(source(tmp_path, report=report))
    assert error.value.what == "there is no entry 'need' of chapters.1; nearest is 'needs'"
    assert error.value.place == f"{tmp_path / 'report.yml'}, line 5"


@pytest.mark.parametrize(
    ("wrong", "right", "what"),
    [
        ("question: crisis_plann", "question: crisis_plan", "no question 'crisis_plann'; nearest is 'crisis_plan'"),
        ("indicator: crisis_plan", "question: crisis_plan", "no dimension 'indicator'; in a table it is 'question'"),
        ("by: size_grup", "by: size_group", "no dimension 'size_grup'; nearest is 'size_group'"),
        ("{anser: 'yes'}", "{answer: 'yes'}", "no dimension 'anser'; nearest is 'answer'"),
    ],
)
def test_a_word_that_no_table_knows_is_reported_and_leaves_no_table_out(
    tmp_path: Path, wrong: str, right: str, what: str
) -> None:
    of = round_of({"indicator_shares": [answer("yes", 4)], "fte_by_service": [fte(2016, 1.0)]})
    good, faulty = (load_source(source(tmp_path, text)).tables["plan"] for text in (TABLE, TABLE.replace(right, wrong)))
    require_words(good, of)
    with pytest.raises(ReportError, match=what):
        require_words(faulty, of)


def test_a_question_that_no_delivered_round_asked_is_no_mistake(tmp_path: Path) -> None:
    of = round_of({"indicator_shares": [answer("yes", 4)], "fte_by_service": [fte(2016, 1.0)]})
    asked = {str(row["indicator"]) for row in of.published.rows("indicators", {})}
    code = min(of.words.indicators - asked)
    require_words(load_source(source(tmp_path, TABLE.replace("crisis_plan", code))).tables["plan"], of)


def test_a_question_that_only_print_has_is_known(tmp_path: Path) -> None:
    of = round_of({"fte_by_service": [fte(2016, 1.0)]})
    of.words.terms = {("question", "plan_of_print"): "crisis_plan"}
    require_words(load_source(source(tmp_path, TABLE.replace("crisis_plan", "plan_of_print"))).tables["plan"], of)


def test_what_no_chapter_places_and_no_report_lists_is_reported(tmp_path: Path) -> None:
    folder = source(tmp_path, TABLE + TABLE.replace("plan:", "other:", 1))
    (folder / "chapters" / "kladd.md").write_text("Tekst.\n", encoding="utf-8")
    (folder / "chapters" / "kapittel.en.md").write_text("Text.\n", encoding="utf-8")
    assert unused(load_source(folder)) == ["kladd.md", "other"]


def test_a_word_that_is_a_part_of_others_is_guessed_too() -> None:
    assert suggest("fte", ["fte_reported", "population", "fte_change"]) == "; there are 'fte_change', 'fte_reported'"
    assert suggest("popultion", ["fte_reported", "population"]) == "; nearest is 'population'"
    assert suggest("x", ["fte_reported"]) == ""


def test_questions_of_a_round_have_their_answers_and_items() -> None:
    rows = [
        *(answer(code, 4) for code in ("yes", "no")),
        answer("yes", 4, indicator="grid", item="substance"),
        answer("yes", 4, indicator="grid", item="mental_health"),
        answer("yes", None, indicator="hidden"),
        answer("yes", 4, indicator="earlier", time_period=2015),
        answer("yes", 4, indicator="of_a_county", unit_level="county", unit_code="50"),
    ]
    of = round_of({"indicator_shares": rows, "fte_by_service": [fte(2016, 1.0)]})
    assert questions_of(of.published, 2016, "nb") == [
        Asked("crisis_plan", "crisis_plan", ("yes", "no"), ()),
        Asked("grid", "grid", ("yes",), ("mental_health", "substance")),
    ]
    with pytest.raises(UserError, match="no round of 2014"):
        questions_of(of.published, 2014, "nb")
