"""The pages generated from tables and forms: contents, completeness, and the order of the navigation."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import Table, load_tables
from orchestration.documentation import markdown
from orchestration.documentation.changes import change_pages
from orchestration.documentation.forms import SAID_ABSENT, changes_page, form_pages, pairs_of
from orchestration.documentation.navigation import navigation, title_of
from orchestration.documentation.pages import made_pages
from orchestration.documentation.rules import rule_page
from orchestration.documentation.tables import Answer, example_query, table_pages
from orchestration.documentation.words import Words, load_words
from orchestration.forms.diff import diff_forms
from orchestration.forms.model import Form
from orchestration.forms.registry import load_forms
from orchestration.gate.rules import load_rules

SETTINGS = Settings(data_dir=PROJECT_DIR / "data")


@cache
def words() -> Words:
    return load_words(SETTINGS.data)


@cache
def tables() -> dict[str, Table]:
    return {table.name: table for table in load_tables(SETTINGS.metadata)}


@cache
def forms() -> tuple[Form, ...]:
    return tuple(load_forms(SETTINGS.forms))


@cache
def pages_of_forms() -> dict[str, str]:
    return {**form_pages(forms(), words()), **change_pages(forms(), words())}


def page_of(table: Table, answered: dict[str, Answer] | None = None) -> str:
    return table_pages([table], [], words(), answered or {})[f"tables/{table.name}.md"]


# --- Markdown --------------------------------------------------------------------------------------------------------------


def test_no_sign_of_a_text_breaks_a_cell_or_becomes_html() -> None:
    assert markdown.plain("a|b <script> *c*\nd & e") == r"a\|b &lt;script&gt; \*c\* d &amp; e"


def test_code_with_a_bar_stays_one_cell() -> None:
    assert markdown.code("0301") == "`0301`"
    assert "|" not in markdown.code("9999|0{1,4}") and markdown.code("9999|0{1,4}").startswith("<code>9999&#124;0")
    assert markdown.code("") == ""


def test_a_column_that_is_empty_everywhere_is_left_out() -> None:
    assert markdown.filled_columns(["a", "b"], [["1", ""], ["2", ""]]) == ["| a |", "|---|", "| 1 |", "| 2 |", ""]
    assert markdown.table(["a"], []) == []


# --- Navigation ------------------------------------------------------------------------------------------------------------


def test_the_index_of_a_folder_gives_the_order_and_a_page_without_a_link_comes_last() -> None:
    pages = {
        "index.md": "# Home",
        "use/index.md": "# Use the data\n\n[b](b.md#x), [elsewhere](../run/index.md)",
        "use/a.md": "# A",
        "use/b.md": "# B",
        "run/index.md": "# Run it",
        "later/index.md": "# Later",
    }
    assert navigation(pages, ["run", "use", "absent"]) == [
        {"Home": "index.md"},
        {"Run it": ["run/index.md"]},
        {"Use the data": ["use/index.md", "use/b.md", "use/a.md"]},
        {"Later": ["later/index.md"]},
    ]


def test_a_folder_within_a_folder_is_a_section_of_its_own() -> None:
    pages = {
        "f/index.md": "# F\n[one](one.md) [c](c/index.md)",
        "f/one.md": "",
        "f/two.md": "",
        "f/c/index.md": "# C",
        "f/c/x.md": "",
    }
    assert navigation(pages, ["f"]) == [{"F": ["f/index.md", "f/one.md", {"C": ["f/c/index.md", "f/c/x.md"]}, "f/two.md"]}]


def test_a_page_without_a_heading_is_called_as_its_file() -> None:
    assert title_of("no heading", "use/some-page.md") == "Some page"
    assert title_of("---\nhide: [toc]\n---\n\n# `A` title { #a }\n", "x.md") == "A title"


# --- Tables ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(tables()))
def test_the_page_of_a_table_has_every_column_in_both_languages(name: str) -> None:
    table = tables()[name]
    text = page_of(table)
    for column in table.columns:
        assert f'<span id="{markdown.anchor(column.name)}"></span>`{column.name}`' in text
        for label in (column.title, column.description):
            assert markdown.plain(label.nb) in text and markdown.plain(label.en) in text
    assert all(f"| `{status}` | " in text for status in table.statuses)
    assert ("Before you add up" in text) == bool(table.overlapping)


def test_a_table_without_a_snapshot_at_hand_has_a_query_and_no_rows() -> None:
    text = page_of(tables()["fte_by_service"])
    assert "```sql" in text and "The first rows" not in text


def test_the_rows_of_a_table_are_those_that_the_snapshot_gave() -> None:
    answer = Answer(
        "2023-aaaaaaaaaaaa", "select 1", ("time_period", "fte", "obs_status"), ((2023, 1234.56, "A"), (2022, None, "Q"))
    )
    text = page_of(tables()["fte_by_service"], {"fte_by_service": answer})
    assert "| 2023 | 1234.6 | A |\n| 2022 |  | Q |\n" in text and "2023-aaaaaaaaaaaa" in text
    assert "```sql\nselect 1\n```" in text and "constructed data" not in text


def test_rows_of_constructed_deliveries_are_called_so() -> None:
    answer = Answer("2023-aaaaaaaaaaaa", "select 1", ("fte",), ((1.0,),), is_constructed=True)
    assert "(constructed data, not official statistics)" in page_of(tables()["fte_by_service"], {"fte_by_service": answer})


def test_an_example_fixes_every_column_that_overlaps_at_a_total_or_at_the_first_code() -> None:
    query = example_query(tables()["fte_by_service"], words())
    for condition in (
        "unit_level = 'country'",
        "area_basis = 'reported'",
        "target_group = 'total'",
        "service_type = 'total'",
    ):
        assert condition in query
    # A question has no total that represents its answers, so an answer is shown.
    query = example_query(tables()["indicator_shares"], words())
    assert "answer =" not in query and re.search(r"^select .*\banswer\b", query)


@pytest.mark.parametrize(("name", "formats"), [("fte_by_service", {"packages/", "px/", "jsonstat/"}), ("areas", set())])
def test_a_table_names_the_files_that_have_it(name: str, formats: set[str]) -> None:
    text = page_of(tables()[name]).partition("## Files")[2]
    assert {each for each in ("packages/", "px/", "jsonstat/") if each in text} == formats
    assert f"`csv/{name}.csv`" in text


def test_the_code_lists_have_every_code() -> None:
    text = table_pages(list(tables().values()), [], words(), {})["tables/codes.md"]
    for codelist, codes in words().codes.items():
        section = text.partition(f"## `{codelist}` ")[2].partition("\n## ")[0]
        assert all(f"| `{code}` | {markdown.plain(found.label.en)} |" in section for code, found in codes.items()), codelist


def test_the_page_of_rules_has_every_rule_in_its_level() -> None:
    rules = load_rules(PROJECT_DIR / "expectations" / "rules")
    text = rule_page(rules)["rules/index.md"]
    for rule in rules:
        section = text.partition(f"{{ #{rule.level} }}")[2].partition("\n## ")[0]
        assert f"| `{rule.id}` | {rule.severity} | {rule.stage} | {markdown.plain(rule.title.en)} |" in section
    assert text.count("\n| `") == len(rules)


# --- Forms -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", forms(), ids=lambda form: form.form)
def test_the_page_of_a_form_has_every_column_question_and_code(form: Form) -> None:
    text = pages_of_forms()[f"forms/{form.form}.md"]
    for column in form.columns:
        assert markdown.code(column.column) in text
        if column.use == "answer":
            assert f"{{ #{markdown.anchor(column.question)} }}" in text
        if column.use in ("ignored", "absent"):
            assert "## Columns that are ignored" in text or "## Questions that are absent" in text
    for option in form.options:
        assert f"| {markdown.code(option.code)} | " in text
    assert all(markdown.code(file.pattern) in text for file in form.files)
    assert ("Constructed data" in text) == form.constructed


def test_the_matrix_says_of_every_question_and_form_whether_it_was_asked() -> None:
    lines = [line for line in pages_of_forms()["forms/index.md"].splitlines() if "](" in line and "<br>`" in line]
    asked = {(column.question, form.form) for form in forms() for column in form.columns if column.use == "answer"}
    marked = set()
    for line in lines:
        question = re.search(r"<br>`(\w+)` \|", line)
        assert question is not None
        marked |= {(question[1], form) for form in re.findall(r"\[●\]\((\w+)\.md#", line)}
    assert marked == asked
    absent = sum(line.count(f"[{SAID_ABSENT}]") for line in lines)
    assert absent == len(
        {(row.question, form.form) for form in forms() for row in form.columns if row.use == "absent"} - asked
    )


@pytest.mark.parametrize("pair", pairs_of(forms()), ids=lambda pair: changes_page(*pair))
def test_the_page_of_a_change_tells_every_question_that_is_new_gone_or_changed(pair: tuple[Form, Form]) -> None:
    before, after = pair
    diff = diff_forms(before, after)
    text = pages_of_forms()[f"forms/changes/{changes_page(before, after)}.md"]
    new, gone, rest = text.partition("## Questions that are gone")[0], text.partition("## Questions that are gone")[2], text
    for change in diff.new_questions:
        assert f"../{after.form}.md#{change.question})" in new
    for change in diff.dropped_questions:
        assert f"../{before.form}.md#{change.question})" in gone
    for change in diff.changes:
        assert f"../{after.form}.md#{change.question})" in rest
    # Full words, not the shorthand of the command line.
    assert " -> " not in text and "e.g." not in text and "-&gt;" not in text


def next_form(form: Form, **changed: object) -> Form:
    """Return a form that the survey could have a year later."""
    return form.model_copy(update={"form": "later", "time_period": form.time_period + 1, **changed})


def page_of_change(before: Form, after: Form) -> str:
    return change_pages([before, after], words())[f"forms/changes/{changes_page(before, after)}.md"]


def test_a_change_of_codes_and_labels_is_told_answer_by_answer() -> None:
    before = forms()[-1]
    option = next(each for each in before.options if each.answer == "yes")
    edited = option.model_copy(update={"code": "77", "label_nb": "Ja, absolutt"})
    after = next_form(before, options=tuple(edited if each is option else each for each in before.options))
    text = page_of_change(before, after)
    assert f"Other codes: *Yes* {option.code} before, 77 now." in text
    assert f'Other labels: *Yes* "{option.label_nb}" before, "Ja, absolutt" now.' in text


def test_a_question_that_is_divided_by_target_group_is_reported_with_the_groups() -> None:
    before = forms()[-1]
    column = next(
        each for each in before.columns if each.use == "answer" and each.target_group == "adults" and each.item == "all"
    )
    others = tuple(each for each in before.columns if each.question != column.question)
    joint = column.model_copy(update={"target_group": "total"})
    parts = [column.model_copy(update={"column": name, "target_group": name}) for name in ("adults", "children")]
    text = page_of_change(
        before.model_copy(update={"columns": (*others, joint)}), next_form(before, columns=(*others, *parts))
    )
    named = [words().label("target_group", group) for group in ("adults", "children")]
    assert f"was divided into *{', '.join(named)}*." in text


def test_a_form_without_a_change_says_so_in_numbers() -> None:
    before = forms()[-1]
    text = page_of_change(before, next_form(before))
    assert "0 are new, 0 changed" in text and "## Questions" not in text and "## New" not in text


def test_successive_forms_are_of_one_survey_and_a_year_without_a_form_is_passed_over() -> None:
    for before, after in pairs_of(forms()):
        assert before.survey == after.survey and before.time_period < after.time_period
        between = range(before.time_period + 1, after.time_period)
        assert not any(form.survey == before.survey and form.time_period in between for form in forms())


def test_who_was_asked_is_stated_in_words() -> None:
    question, label = next(iter(words().questions.items()))
    assert words().asked_of("all") == "all"
    population = words().asked_of(f"{question}=yes|{question}=no")
    assert population == f"those that answered {words().answer('yes')} or {words().answer('no')} to {label.en}"


# --- All of them -----------------------------------------------------------------------------------------------------------


def test_pages_need_no_snapshot(settings: Settings) -> None:
    pages = made_pages(settings)
    assert {f"tables/{name}.md" for name in tables()} <= set(pages)
    assert not any("The first rows of the answer" in text for text in pages.values())


def test_a_catalogue_that_lacks_a_column_is_reported_with_its_place(inputs: Path) -> None:
    path = inputs / "indicators" / "indicators.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("label_en", "english", 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"has no column 'label_en'") as caught:
        load_words(inputs)
    assert caught.value.place == f"{path}, line 1"
