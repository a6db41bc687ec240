"""The difference of two forms: small forms of each kind of change, and the real forms against their golden texts."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.diff import Change, FormDiff, diff_forms, render
from orchestration.forms.model import ColumnMap, Form, OptionMap
from orchestration.forms.registry import load_forms
from tests.conftest import GOLDEN, recorded

FORM_DIFFS = GOLDEN / "form_diffs"
FORMS = PROJECT_DIR / "data" / "forms"


def make_form(*columns: ColumnMap, options: tuple[OptionMap, ...] = (), **changes: Any) -> Form:
    content: dict[str, Any] = {
        "form": "a",
        "survey": "s",
        "time_period": 2001,
        "collection_year": 2001,
        "delivery": "2001",
        "title": {"nb": "S", "en": "S"},
        "reference_period": {"nb": "Uke 5, 2001", "en": "Week 5, 2001"},
        "origin": "o",
        "licence": "l",
        "constructed": True,
        "non_response": "missing",
        "files": [{"name": "export", "pattern": "a.csv", "reader": "csv", "encoding": "utf-8", "delimiter": ";"}],
        "sheets": [{"name": "main", "file": "export", "unit": {"code": ["nr"]}}],
    }
    return Form.model_validate({**content, "columns": columns, "options": options, **changes})


def ask(column: str, question: str = "q", **changes: str) -> ColumnMap:
    content = {
        "sheet": "main",
        "use": "answer",
        "item": "all",
        "target_group": "adults",
        "reporting_form": "total",
        "type": "number",
        "wording_nb": "Hvor mange?",
        "population_asked": "all",
    }
    return ColumnMap.model_validate({**content, "column": column, "question": question, **changes})


def option(question: str, code: str, answer: str = "", label_nb: str = "", missing_reason: str = "") -> OptionMap:
    return OptionMap.model_validate(
        {"question": question, "code": code, "answer": answer, "label_nb": label_nb, "missing_reason": missing_reason}
    )


def yes_no(question: str, yes: str = "1", no: str = "2", label: str = "Ja") -> tuple[OptionMap, ...]:
    return option(question, yes, "yes", label), option(question, no, "no", "Nei")


def only(diff: FormDiff) -> Change:
    changes = (*diff.form, *diff.new_questions, *diff.dropped_questions, *diff.changes)
    assert len(changes) == 1, changes
    return changes[0]


def test_the_same_form_has_no_difference() -> None:
    form = make_form(ask("a"), ask("b", item="x", question="r", type="code"), options=yes_no("r"))
    diff = diff_forms(form, form)
    assert (diff.form, diff.new_questions, diff.dropped_questions, diff.changes, diff.folded) == ((), (), (), (), ())
    assert diff.questions_unchanged == 2
    assert "No difference." in render(diff)


def test_years_and_the_order_of_columns_are_no_difference() -> None:
    before = make_form(ask("a"), ask("b", "r"))
    after = make_form(
        ask("b", "r"), ask("a"), time_period=2002, collection_year=2002, delivery="2002",
        reference_period={"nb": "Uke 5, 2002", "en": "Week 5, 2002"},
    )  # fmt: skip
    assert "No difference." in render(diff_forms(before, after))


def test_new_and_dropped_questions_say_what_is_known_of_them() -> None:
    before = make_form(ask("a"), ask("b", "old", wording_nb="Har kommunen en oppdatert plan for arbeidet?"))
    absent = ColumnMap(sheet="main", use="absent", question="old", reason="not_asked")
    after = make_form(ask("a"), ask("c", "fresh", wording_nb="Har kommunen en vedtatt plan for arbeidet?"), absent)
    diff = diff_forms(before, after)
    (new,), (dropped,) = diff.new_questions, diff.dropped_questions
    assert (new.kind, new.question, new.after) == ("new", "fresh", "Har kommunen en vedtatt plan for arbeidet?")
    assert (dropped.kind, dropped.question) == ("dropped", "old")
    assert "absent: not_asked" in dropped.note
    assert "similar wording: fresh (0." in dropped.note
    assert "similar wording: old (0." in new.note
    assert "1 new, 1 dropped, 0 changed, 1 unchanged" in render(diff)


def test_a_question_absent_in_both_is_no_difference() -> None:
    form = make_form(ask("a"), ColumnMap(sheet="main", use="absent", question="old", reason="not_asked"))
    assert "No difference." in render(diff_forms(form, form))


def test_a_dropped_question_that_is_still_delivered_says_so() -> None:
    before = make_form(ask("a"), ask("b", "old"))
    ignored = ColumnMap(sheet="main", column="b", use="ignored", reason="internal_check", wording_nb="Hvor mange?")
    assert diff_forms(before, make_form(ask("a"), ignored)).dropped_questions[0].note == "ignored: internal_check"


def test_new_and_dropped_uses_of_a_question_are_named() -> None:
    before = make_form(ask("a", item="x"), ask("b", item="y"))
    change = only(diff_forms(before, make_form(ask("a", item="x"), ask("b", item="y"), ask("c", item="z"))))
    assert (change.kind, change.question, change.where, change.uses, change.of) == ("new", "q", "z", 1, 3)
    change = only(diff_forms(before, make_form(ask("a", item="x"))))
    assert (change.kind, change.where, change.uses, change.of) == ("dropped", "y", 1, 2)


def test_one_item_for_another_is_dropped_and_new() -> None:
    diff = diff_forms(make_form(ask("a", item="x"), ask("b", item="y")), make_form(ask("a", item="x"), ask("b", item="z")))
    assert [(change.kind, change.where) for change in diff.changes] == [("dropped", "y"), ("new", "z")]


def test_new_reporting_forms_are_one_change_and_the_rest_is_compared_further() -> None:
    items = ("x", "y", "z")
    before = make_form(*(ask(f"a{item}", item=item, reporting_form="mental_health") for item in items))
    after = make_form(
        *(
            ask(f"{form}{item}", item=item, reporting_form=form, population_asked="some")
            for item in items
            for form in ("joint", "mental_health")
        )
    )
    diff = diff_forms(before, after)
    assert [(change.kind, change.where, change.uses) for change in diff.changes] == [
        ("new", "joint", 3),
        ("population", "", 3),
    ]


@pytest.mark.parametrize(
    ("whole", "parts", "dimension"),
    [
        ({"item": "all"}, [{"item": "x"}, {"item": "y"}], "item"),
        ({"target_group": "total"}, [{"target_group": "adults"}, {"target_group": "children"}], "target_group"),
        ({"reporting_form": "total"}, [{"reporting_form": "joint"}, {"reporting_form": "mental_health"}], "reporting_form"),
    ],
)
def test_a_whole_that_becomes_its_parts_is_split_and_the_reverse_merged(
    whole: dict[str, str], parts: list[dict[str, str]], dimension: str
) -> None:
    one = make_form(ask("a", **whole))
    several = make_form(*(ask(f"b{number}", **part) for number, part in enumerate(parts)))
    split, merged = only(diff_forms(one, several)), only(diff_forms(several, one))
    values = ", ".join(sorted(value for part in parts for value in part.values()))
    assert (split.kind, split.where, split.before, split.after) == ("split", dimension, *whole.values(), values)
    assert (merged.kind, merged.where, merged.before, merged.after) == ("merged", dimension, values, *whole.values())
    assert split.certain and merged.certain


def test_an_item_without_counterpart_is_split_for_a_reader_to_judge() -> None:
    groups = ("adults", "children")
    kept = [ask(f"{group}k", item="kept", target_group=group) for group in groups]
    before = make_form(*kept, *(ask(f"{group}o", item="other", target_group=group) for group in groups))
    after = make_form(
        *kept, *(ask(f"{group}{item}", item=item, target_group=group) for group in groups for item in ("m", "n"))
    )
    change = only(diff_forms(before, after))
    assert (change.kind, change.before, change.after, change.uses, change.certain) == ("split", "other", "m, n", 2, False)
    assert "split, to be judged, by item: other -> m, n (2 uses)" in render(diff_forms(before, after))


def test_among_several_items_the_similar_ones_are_split_and_merged() -> None:
    before = make_form(
        ask("a", item="housing", wording_nb="Botilbud med bemanning"),
        ask("b", item="therapist_one", wording_nb="Terapeut, første"),
        ask("c", item="therapist_two", wording_nb="Terapeut, andre"),
    )
    after = make_form(
        ask("d", item="housing_day", wording_nb="Botilbud med bemanning, dag"),
        ask("e", item="housing_night", wording_nb="Botilbud med bemanning, natt"),
        ask("f", item="therapist", wording_nb="Terapeut"),
    )
    found = [(change.kind, change.before, change.after) for change in diff_forms(before, after).changes]
    assert ("split", "housing", "housing_day, housing_night") in found
    assert ("merged", "therapist_one, therapist_two", "therapist") in found
    assert len(found) == 2


@pytest.mark.parametrize(
    ("kind", "attribute", "before", "after"),
    [
        ("unit", "unit", "fte", "persons"),
        ("population", "population_asked", "all", "own_24h_places=yes"),
        ("type", "type", "number", "text"),
        ("wording", "wording_nb", "Hvor mange årsverk?", "Hvor mange personer?"),
    ],
)
def test_an_attribute_of_one_use_says_which(kind: str, attribute: str, before: str, after: str) -> None:
    same = ask("b", item="y")
    old, new = ask("a", item="x", **{attribute: before}), ask("a", item="x", **{attribute: after})
    change = only(diff_forms(make_form(old, same), make_form(new, same)))
    assert (change.kind, change.before, change.after) == (kind, before, after)
    assert (change.uses, change.of, change.where) == (1, 2, "x")


def test_the_same_change_of_all_uses_is_one_line() -> None:
    before = make_form(*(ask(f"a{item}", item=item) for item in "xyz"))
    after = make_form(*(ask(f"a{item}", item=item, wording_nb="Hvor mye?") for item in "xyz"))
    assert 'q: wording: "Hvor mange?" -> "Hvor mye?" (all 3 uses)' in render(diff_forms(before, after))


def test_the_same_edit_of_several_wordings_is_one_change() -> None:
    items = [f"i{number}" for number in range(9)]
    before = make_form(*(ask(f"a{item}", item=item, wording_nb=f"Antall årsverk i tiltak {item}") for item in items))
    after = make_form(
        *(ask(f"a{item}", item=item, wording_nb=f"Antall årsverk til tiltak {item}") for item in items[:-1]),
        ask("ai8", item="i8", wording_nb="Noe helt annet"),
    )
    diff = diff_forms(before, after)
    assert [(change.note, change.uses) for change in diff.changes] == [("the same in 8 texts", 8), ("", 1)]
    assert '"Antall årsverk i tiltak i8" -> "Noe helt annet" (1 of 9 uses: i8)' in render(diff)


def test_of_many_wordings_those_that_changed_most_are_shown() -> None:
    items = [f"i{number}" for number in range(9)]
    before = make_form(*(ask(f"a{item}", item=item, wording_nb=f"Antall årsverk i tiltak {item}") for item in items))
    after = make_form(
        *(ask(f"a{item}", item=item, wording_nb=f"Antall årsverk i tiltak {item}{item}") for item in items[:-1]),
        ask("ai8", item="i8", wording_nb="Noe helt annet"),
    )
    diff = diff_forms(before, after)
    assert len(diff.changes) == 9
    text = render(diff)
    assert "Noe helt annet" in text
    assert "wording: 6 more changes" in text


def test_blanks_in_a_wording_are_no_difference() -> None:
    diff = diff_forms(make_form(ask("a")), make_form(ask("a", wording_nb="Hvor \n mange?")))
    assert not diff.changes


def test_options_added_removed_renumbered_relabelled() -> None:
    old, new = ask("a", type="code"), ask("a", type="code")
    before = make_form(old, options=(*yes_no("q"), option("q", "3", "partly", "Delvis")))
    after = make_form(
        new, options=(*yes_no("q", yes="2", no="1", label="Ja, helt"), option("q", "8", "dont_know", "Vet ikke"))
    )
    notes = [change.note for change in diff_forms(before, after).changes]
    assert notes == [
        "answers added: dont_know; answers removed: partly",
        "renumbered: yes 1 -> 2, no 2 -> 1",
        'relabelled: yes "Ja" -> "Ja, helt"',
    ]
    assert {change.kind for change in diff_forms(before, after).changes} == {"options"}


def test_the_boxes_of_a_multi_select_question_are_its_answers() -> None:
    boxes = [ask(f"a_{answer}", type="tick", answer=answer, wording_nb=answer) for answer in ("day", "night", "never")]
    change = only(diff_forms(make_form(*boxes), make_form(*boxes[:2])))
    assert (change.kind, change.note) == ("options", "answers removed: never")
    coded = make_form(
        ask("a", type="code", wording_nb="Når?"), options=tuple(option("q", box.answer[0], box.answer) for box in boxes)
    )
    assert [change.kind for change in diff_forms(coded, make_form(*boxes)).changes] == ["type", "wording"]


def test_missing_codes_of_options_columns_and_the_form() -> None:
    coded = ask("a", type="code")
    before = make_form(coded, options=(*yes_no("q"), option("q", "9", missing_reason="not_answered")))
    change = only(diff_forms(before, make_form(coded, options=yes_no("q"))))
    assert (change.kind, change.note) == ("missing", "not_answered 9 -> none")
    change = only(diff_forms(make_form(ask("a")), make_form(ask("a", missing="97;98"))))
    assert (change.kind, change.before, change.after) == ("missing", "none", "97 / 98")
    # A change for all numbers is a change of the form, reported once.
    change = only(diff_forms(make_form(ask("a")), make_form(ask("a"), numbers={"missing": ["999"]})))
    assert (change.kind, change.where, change.after) == ("form", "numbers, missing", "999")
    # The same missing code, declared elsewhere, is not a change of the question.
    moved = diff_forms(make_form(ask("a", missing="999")), make_form(ask("a"), numbers={"missing": ["999"]}))
    assert not moved.changes


def test_the_same_change_in_several_questions_is_told_once_and_names_all() -> None:
    names = ("q1", "q2", "q3")
    columns = [ask(f"a{name}", name, type="code") for name in names]
    before = make_form(*columns, options=tuple(row for name in names for row in yes_no(name)))
    after = make_form(*columns, options=tuple(row for name in names for row in yes_no(name, yes="2", no="1")))
    text = render(diff_forms(before, after))
    assert "options: renumbered: yes 1 -> 2, no 2 -> 1: q1, q2, q3\n" in text
    assert text.count("renumbered") == 1


def test_renamed_columns_are_folded() -> None:
    before = make_form(*(ask(f"v{number}", f"q{number}") for number in range(20)))
    after = make_form(*(ask(f"spm_{number}", f"q{number}") for number in range(20)))
    diff = diff_forms(before, after)
    assert not diff.changes
    text = render(diff)
    assert "renamed: 20 columns (all of them)\n    v# -> spm_#: 20 columns, e.g. v0 -> spm_0" in text


def test_renamed_columns_without_a_pattern_are_folded_by_question() -> None:
    letters = "abcdefgh"
    before = make_form(ask("z", "r"), *(ask(f"{letter}{letter}", item=letter) for letter in letters))
    after = make_form(ask("z", "r"), *(ask(f"x{letter}", item=letter) for letter in letters))
    assert "renamed: 8 columns of 9\n    q: 8 columns, e.g. aa -> xa" in render(diff_forms(before, after))


def test_a_move_to_another_sheet_is_folded_and_a_sheet_that_is_called_otherwise_is_no_move() -> None:
    sheets = [{"name": name, "file": name, "unit": {"code": ["nr"]}} for name in ("main", "part")]
    csv = {"pattern": "*", "reader": "csv", "encoding": "utf-8", "delimiter": ";"}
    files = [{"name": name, **csv} for name in ("main", "part")]
    before = make_form(ask("a"), ask("b", "r"), sheets=sheets, files=files)
    diff = diff_forms(before, make_form(ask("a"), ask("b", "r", sheet="part"), sheets=sheets, files=files))
    (folded,) = diff.folded
    assert (folded.kind, folded.before, folded.after, folded.count, folded.group) == ("moved", "main", "part", 1, "r")
    here = {"name": "part", "file": "export", "unit": {"code": ["nr"]}}
    renamed = make_form(ask("a", sheet="part"), ask("b", "r", sheet="part"), sheets=[here])
    diff = diff_forms(make_form(ask("a"), ask("b", "r")), renamed)
    assert not diff.folded
    assert only(diff).where == "sheets"


def test_identifiers_and_ignored_columns_are_counted() -> None:
    def row(column: str, use: str, reason: str = "") -> ColumnMap:
        return ColumnMap.model_validate({"sheet": "main", "column": column, "use": use, "reason": reason})

    before = make_form(ask("a"), row("nr", "identifier"), row("sum1", "ignored", "typed_sum"))
    after = make_form(
        ask("a"), row("komm", "identifier"), row("sum1", "ignored", "typed_sum"), row("s2", "ignored", "typed_sum")
    )
    text = render(diff_forms(before, after))
    assert "identifiers: 1 -> 1 columns, 0 with the same name" in text
    assert "ignored: typed_sum 1 -> 2 columns, 1 with the same name" in text


def test_changes_of_the_form_as_a_whole() -> None:
    before = make_form(ask("a"))
    after = make_form(
        ask("a"),
        survey="t",
        units="anonymous",
        non_response="carry_forward",
        files=[{"name": "export", "pattern": "a.xlsx", "reader": "xlsx"}],
        sheets=[
            {
                "name": "main",
                "file": "export",
                "sheet": "Ark",
                "header_rows": [3, 4],
                "first_row": 5,
                "unit": {"code": ["nr"]},
            }
        ],
    )
    found = {change.where: (change.before, change.after) for change in diff_forms(before, after).form}
    assert found["survey"] == ("s", "t")
    assert found["units"] == ("municipalities", "anonymous")
    assert found["non_response"] == ("missing", "carry_forward")
    assert found["files"] == ("1 csv (utf-8, ';')", "1 xlsx")
    assert found["sheet main, header rows"] == ("1", "3, 4")
    assert found["sheet main, first row of data"] == ("2", "5")


def test_files_are_counted_by_kind_whatever_entries_they_stand_in() -> None:
    csv = {"reader": "csv", "encoding": "utf-8", "delimiter": ";"}
    files = [
        *({"name": name, "pattern": f"{name}.csv", **csv} for name in ("a", "b", "c")),
        {"name": "late", "pattern": "late_*.csv", "count": "0-5", **csv},
        {"name": "other", "pattern": "o.csv", **csv, "encoding": "latin-1"},
        {"name": "codes", "pattern": "codes.csv", "reader": "none"},
    ]
    sheets = [{"name": "main", "file": "a", "unit": {"code": ["nr"]}}]
    sheets += [{"name": name, "file": name, "unit": {"code": ["nr"]}} for name in ("b", "c", "late", "other")]
    (change,) = diff_forms(make_form(ask("a")), make_form(ask("a"), files=files, sheets=sheets)).form[:1]
    assert (change.where, change.before) == ("files", "1 csv (utf-8, ';')")
    assert change.after == "3-8 csv (utf-8, ';') / 1 csv (latin-1, ';')"


def test_the_difference_is_json() -> None:
    diff = diff_forms(make_form(ask("a")), make_form(ask("b", item="x"), ask("c", "r")))
    content = json.loads(json.dumps(diff.as_dict()))
    assert content["new_questions"][0]["question"] == "r"
    assert content["before"] == "a"


# --- The real forms --------------------------------------------------------------------------------------------------------


def neighbours(forms: list[Form]) -> list[tuple[Form, Form]]:
    """Rounds that follow each other: of one survey, and the last of an ended survey with the first of its successor.

    A successor is a survey of the same kind of units that starts when the other has ended and asks one of its questions.
    """
    surveys: dict[str, list[Form]] = {}
    for form in sorted(forms, key=lambda form: form.time_period):
        surveys.setdefault(form.survey, []).append(form)
    pairs = [pair for rounds in surveys.values() for pair in pairwise(rounds)]
    for ended in surveys.values():
        last = ended[-1]
        asked = {column.question for column in last.columns if column.use == "answer"}
        for first in (rounds[0] for rounds in surveys.values()):
            shared = asked & {column.question for column in first.columns if column.use == "answer"}
            if first.time_period > last.time_period and first.units == last.units and shared:
                pairs.append((last, first))
    return pairs


def test_neighbours_are_rounds_of_a_survey_and_its_successor() -> None:
    def round_of(survey: str, year: int, question: str = "q") -> Form:
        return make_form(ask("a", question), form=f"{survey}_{year}", survey=survey, time_period=year)

    forms = [round_of("s", 2003), round_of("s", 2001), round_of("t", 2003, "r"), round_of("u", 2005)]
    assert [(one.form, other.form) for one, other in neighbours(forms)] == [("s_2001", "s_2003"), ("s_2003", "u_2005")]


def test_the_real_forms_differ_as_their_golden_texts_say() -> None:
    pairs = neighbours(load_forms(FORMS))
    assert pairs, f"no forms in {FORMS}"
    expected: set[Path] = set()
    wrong = []
    for before, after in pairs:
        path = FORM_DIFFS / f"{before.form}__{after.form}.txt"
        expected.add(path)
        text = render(diff_forms(before, after))
        if recorded(f"{FORM_DIFFS.name}/{path.name}", text) != text:
            wrong.append(f"{path.name} differs")
    wrong += [f"{path.name} belongs to no pair of forms" for path in sorted(set(FORM_DIFFS.glob("*.txt")) - expected)]
    assert not wrong, f"{'; '.join(wrong)}: run this test once with UPDATE_GOLDEN=1, and read what changed before keeping it"
