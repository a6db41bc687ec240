"""The evidence of a column's cells, the similarity of two columns, and that cells only rank candidates."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from orchestration.forms.draft import Draft, draft_form
from orchestration.forms.likeness import THRESHOLD, WORTH_A_LOOK, Likeness, Side, likeness, places, unlike_cells
from orchestration.forms.model import Form
from orchestration.forms.pairing import Rarity
from orchestration.forms.profiles import Kind, Profile, alike, compared
from tests.unit.test_form_draft import COLUMNS, HEADERS, delivered, write_form

ASKED = Profile(100, {"1": 61, "2": 30, "9": 9})
ASKED_AGAIN = Profile(110, {"1": 64, "2": 33, "9": 10})
OTHER_CODES = Profile(100, {"3": 50, "4": 40})
FTE = Profile(100, {"0": 40, "1,5": 20, "12": 20, "33.25": 20})
TICKS = Profile(100, {"1": 30})
WORDS = Profile(30, {f"Vi har {number} ansatte i {number + 1} team": 1 for number in range(30)})


@pytest.mark.parametrize(
    ("profile", "kind"),
    [
        (ASKED, "code"),
        (FTE, "number"),
        (TICKS, "tick"),
        (Profile(10, {"0": 8, "1": 2}), "tick"),
        (WORDS, "text"),
        (Profile(10), "empty"),
        (Profile(10, {"Ja": 6, "Nei": 4}), "code"),
        # Words that occur once are free text.
        (Profile(10, {"Ja": 1, "Nei, men vi har et team": 1}), "text"),
    ],
)
def test_the_kind_of_a_column(profile: Profile, kind: Kind) -> None:
    assert profile.kind == kind


def test_the_same_question_is_more_alike_than_any_other() -> None:
    same = alike(ASKED, ASKED_AGAIN)
    assert same is not None and same > 0.9
    for other in (OTHER_CODES, FTE, TICKS, WORDS, Profile(100)):
        assert (alike(ASKED, other) or 0.0) < same - 0.3


def test_few_cells_say_nothing() -> None:
    assert alike(Profile(100, {"1": 2}), Profile(100, {"1": 2})) is None
    assert alike(Profile(3, {"1": 3}), ASKED) is None


def test_it_is_stated_in_words_in_both_languages() -> None:
    text = compared(ASKED, ASKED_AGAIN, "q12_3")
    assert text.en == "codes 1, 2, 9, as in q12_3; 61 % have code 1, 60 % before; 100 % filled in, 97 % before"
    assert text.nb == "kodene 1, 2, 9, som i q12_3; 61 % har kode 1, mot 60 % før; 100 % er utfylt, mot 97 % før"


def test_shares_and_means_of_a_few_units_are_not_told() -> None:
    few = Profile(100, {"1": 9, "2": 3})
    assert compared(few, few, "q1").en == "codes 1, 2, as in q1; 12 % filled in, 12 % before"
    numbers = Profile(100, {"1,5": 6, "2,75": 6})
    assert "mean" not in compared(numbers, numbers, "q1").en + numbers.shown().en
    assert "mean 2.12, 2.12 before" in compared(*[Profile(100, {"1,5": 26, "2,75": 26})] * 2, "q1").en


def test_what_somebody_wrote_is_never_told() -> None:
    for text in (WORDS.shown(), compared(WORDS, WORDS, "q1"), compared(ASKED, WORDS, "q1")):
        assert "ansatte" not in text.nb


def test_a_likeness_without_cells_is_that_of_the_texts() -> None:
    assert Likeness(0.6, 0.8, None, False).score == 0.8


def test_cells_and_place_alone_stay_below_what_a_wording_counts() -> None:
    assert WORTH_A_LOOK < Likeness(0.0, 0.0, 1.0, True).score < THRESHOLD


def test_cells_of_another_kind_speak_against_a_name() -> None:
    name = likeness(Side("q12_1", ""), Side("q12_2", ""))
    against = likeness(Side("q12_1", "", ASKED), Side("q12_2", "", WORDS))
    assert name.score > THRESHOLD > against.score


def test_other_shares_do_not_speak_against_a_wording_and_place_decides_between_equal_ones() -> None:
    # "No answer" got a code, so that the shares of all columns changed.
    other_shares = 0.1
    same = Likeness(0.0, 1.0, other_shares, True)
    assert same.score == 1.0
    assert same.rank < Likeness(0.0, 1.0, other_shares + 0.1, False).rank < Likeness(0.0, 0.97, other_shares, True).rank
    # With equal wordings, the degree of similarity is chance; similarity itself is not.
    assert Likeness(0.0, 1.0, 0.95, False).rank == Likeness(0.0, 1.0, 0.7, False).rank < Likeness(0.0, 1.0, 0.2, False).rank


def test_only_very_unlike_cells_are_told_of_what_was_taken_over() -> None:
    assert unlike_cells(Side("a", "", ASKED), Side("a", "", ASKED_AGAIN)) is None
    assert unlike_cells(Side("a", "", ASKED), Side("a", "")) is None
    # A few units may answer differently from last year.
    assert unlike_cells(Side("a", "", ASKED), Side("a", "", Profile(100, {"5": 6}))) is None
    text = unlike_cells(Side("a", "", ASKED), Side("a", "", WORDS))
    assert text is not None and text.en == "codes, whereas a had texts"


def test_a_place_is_counted_from_the_nearest_column_that_is_known() -> None:
    now, before = ["id", "x", "y", "b"], ["id", "p", "q", "r", "b"]
    found = places(now, before, {"id": "id", "b": "b"})
    # From the left x is p and y is q, from the right y is r and x is q.
    assert found == {("x", "p"), ("y", "q"), ("y", "r"), ("x", "q")}
    assert places(["x"], ["p"], {}) == set()


# --- In a draft ------------------------------------------------------------------------------------------------------------

PROFILES = {"housing_fte": FTE, "day_fte": Profile(100, {"0": 90, "1": 5, "2,5": 5}), "plan_made": ASKED}
LABELS = {"v1": "Boligtjenester, stillinger", "v2": "Noe ganske annet her", "v3": "Vedtatt plan foreligger"}


@pytest.fixture
def previous(tmp_path: Path) -> Form:
    return write_form(tmp_path / "small_2001")


def drafted(previous: Form, renamed: dict[str, str], *, with_cells: bool = True, **changes: Profile) -> Draft:
    """Draft from a delivery whose columns, and their wordings, are renamed."""
    (sheet,) = delivered(*(renamed.get(name, name) for name in HEADERS))
    now = {renamed.get(name, name): profile for name, profile in (PROFILES | changes).items()} if with_cells else {}
    before = {("main", name): profile for name, profile in PROFILES.items()} if with_cells else {}
    return draft_form(previous, [dataclasses.replace(sheet, profiles=now)], labels=LABELS, profiles=before)


RENAMED = {"housing_fte": "v1", "day_fte": "v2", "plan_made": "v3"}


def first_candidates(draft: Draft) -> dict[str, str]:
    return {row.column: row.candidates[0].column for row in draft.unsure if row.kind != "gone" and row.candidates}


def test_cells_lift_the_right_candidate_where_name_and_wording_say_nothing(previous: Form) -> None:
    expected = {after: before for before, after in RENAMED.items()}
    assert first_candidates(drafted(previous, RENAMED, with_cells=False)) != expected
    draft = drafted(previous, RENAMED)
    assert first_candidates(draft) == expected
    assert "codes 1, 2, 9, as in plan_made, 61 % have code 1, 61 % before" in draft.render()


def test_cells_alone_take_nothing_over(previous: Form) -> None:
    draft = drafted(previous, RENAMED)
    assert draft.taken_over == len(HEADERS) - len(RENAMED)
    assert {row.column: row.kind for row in draft.unsure} == {
        **dict.fromkeys(RENAMED.values(), "new"),
        **dict.fromkeys(RENAMED, "gone"),
    }


def test_cells_tell_a_column_only_where_few_of_last_year_have_the_like() -> None:
    many = {("main", f"q{number}"): Profile(100, {"1": 50 + number, "2": 40, "9": 5}) for number in range(30)}
    rare = {("main", "mean"): FTE, ("main", "words"): WORDS}
    now = Profile(100, {"1": 52, "2": 41, "9": 5})
    assert not Rarity(now, many | rare).is_distinctive(("main", "q2"))
    text = Rarity(now, many | rare).explain()
    assert text is not None and text.en == "the cells resemble 30 columns of last year and propose none of them"
    assert Rarity(now, {("main", "q2"): many["main", "q2"]} | rare).is_distinctive(("main", "q2"))
    assert Rarity(FTE, many | rare).is_distinctive(("main", "mean"))
    assert not Rarity(FTE, many | rare).is_distinctive(("main", "q2"))
    # Boxes are no evidence, however few; nor are unknown cells.
    assert not Rarity(TICKS, {("main", "box"): TICKS}).is_distinctive(("main", "box"))
    assert not Rarity(None, many).is_distinctive(("main", "q2"))
    assert Rarity(None, many).explain() is Rarity(FTE, many | rare).explain() is None


def test_a_new_column_with_the_cells_of_many_has_no_candidate_and_says_so(tmp_path: Path) -> None:
    lines = [f"main,q{n},,answer,quality,item_{n},,total,total,code,,,all,," for n in range(9)]
    options = ["question,code,answer,label_nb,missing_reason", "quality,1,yes,,", "quality,2,no,,"]
    kept = [line for line in COLUMNS if "plan_made" not in line]
    previous = write_form(tmp_path / "small_2001", columns=[*kept, *lines], options=options)
    before = {("main", f"q{n}"): Profile(100, {"1": 50 + n, "2": 40}) for n in range(9)}
    (sheet,) = delivered("id", "komm_nr", "xy", *(f"q{n}" for n in range(8)))
    now = {"xy": Profile(100, {"1": 58, "2": 40})} | {f"q{n}": before["main", f"q{n}"] for n in range(8)}
    draft = draft_form(previous, [dataclasses.replace(sheet, profiles=now)], profiles=before)
    (row,) = [row for row in draft.unsure if row.column == "xy"]
    assert row.candidates == ()
    assert row.remark == "the cells resemble 9 columns of last year and propose none of them"


def test_what_is_taken_over_by_name_is_told_where_its_cells_are_very_unlike(previous: Form) -> None:
    assert drafted(previous, {}).unlike == ()
    draft = drafted(previous, {}, plan_made=WORDS)
    assert [(sheet, column) for sheet, column, _ in draft.unlike] == [("main", "plan_made")]
    assert not draft.unsure
    assert "main: plan_made: texts, whereas plan_made had codes" in draft.render()
    assert draft.as_dict()["unlike"] == [
        {"sheet": "main", "column": "plan_made", "cells": "texts, whereas plan_made had codes"}
    ]


def test_what_units_wrote_is_never_shown() -> None:
    # A word that one unit wrote among many codes, and a column that the code book calls a text.
    rare = Profile(40, {"Ja": 30, "Nei": 8, "Bare i helgene, av Kari": 1})
    free = Profile(40, {"botreningsenhet": 20, "omsorgsbolig": 15}, is_free=True)
    coded = Profile(40, {"Ja": 30, "Nei": 8})
    assert (rare.kind, free.kind, coded.kind) == ("text", "text", "code")
    for each in (rare, free):
        assert not any(word in each.shown().nb for word in ("Kari", "botrening", "omsorg", "Ja"))
    assert (free + coded).kind == "text"
    assert "Ja" in coded.shown().nb
