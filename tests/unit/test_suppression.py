"""Shown figures: for every answer of a unit, another answer also fits all of them, unless the policy allows the deduction.

The check enumerates all possible answers of all units with the same shown figures, and shares no code with the search.
"""

from __future__ import annotations

import os
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestration.disclosure import suppression
from orchestration.disclosure.suppression import decide
from tests.conftest import members_hash

YEAR = 2023

TEXT, NUMBER = pa.string(), pa.int32()
TABLE = {"subject": TEXT, "indicator": TEXT, "item": TEXT, "time_period": NUMBER}
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "tables": TABLE
    | {
        "unit_set": TEXT,
        "options": TEXT,
        "target_group": TEXT,
        "reporting_form": TEXT,
        "population_asked": TEXT,
        "is_derived": pa.bool_(),
    },
    "groups": {
        **{"time_period": NUMBER, "unit_set": TEXT, "area_basis": TEXT, "unit_level": TEXT, "unit_code": TEXT},
        **{"members": TEXT, "members_sha256": TEXT, "is_public": pa.bool_()},
    },
    "values": TABLE | {"member_code": TEXT, "answers": TEXT, "answer_sha256": TEXT},
    "printed": TABLE | {"members": TEXT, "members_sha256": TEXT, "is_size": pa.bool_(), "answers": TEXT},
    "unions": {"indicator": TEXT, "item": TEXT, "source_indicator": TEXT, "source_item": TEXT},
    "answer_groups": {"indicator": TEXT, "answer": TEXT, "member": TEXT},
    "limits": {"parameter": TEXT, "value": pa.int64()},
    "levels": {"priority": NUMBER, "unit_level": TEXT, "area_basis": TEXT},
    "indicators": {"indicator": TEXT, "sensitivity": TEXT},
    "waiting": {"indicator": TEXT, "time_period": NUMBER},
    "published_groups": TABLE | {"state": TEXT, "members_sha256": TEXT, "measure": TEXT, "measured": pa.float64()},
    "published_members": {"members_sha256": TEXT, "member_code": TEXT},
    "published_answers": TABLE | {"state": TEXT, "member_code": TEXT, "answer_sha256": TEXT},
    "published_states": TABLE | {"state": TEXT, "basis": TEXT},
}

Answers = dict[str, str | None]
Area = tuple[str, str, str]
Areas = dict[Area, str]


def table(name: str, rows: list[tuple[object, ...]]) -> pa.Table:
    columns = COLUMNS[name]
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema=pa.schema(columns))


class Survey:
    """A tiny survey: the areas and the answer of each unit; units are letters, None is no answer."""

    def __init__(
        self, areas: Areas, questions: dict[str, Answers], minimum: int = 3, sensitive: int = 5, changed: int = 3
    ) -> None:
        everybody = "".join(sorted(set("".join(areas.values()))))
        self.areas = {("reported", "country", "0"): everybody, **areas}
        self.questions = questions
        self.limits = {
            **{"minimum_units": minimum, "uniform_ordinary": minimum, "uniform_sensitive": sensitive},
            **{"changed_units": changed, "units_by_practice": 10, "may_areas_cross": 0},
        }
        self.ordinary = set(questions)
        self.conditions: dict[str, str] = {}
        self.forms: dict[str, str] = {}
        self.options: dict[str, str] = {}
        self.unions: list[tuple[object, ...]] = []
        self.answer_groups: list[tuple[object, ...]] = []
        self.printed: dict[str, str] = {}
        self.waiting: list[tuple[object, ...]] = []
        self.history: dict[str, list[tuple[object, ...]]] = {name: [] for name in COLUMNS if name.startswith("published")}

    def inputs(self) -> dict[str, pa.Table]:
        key = {name: ("indicator_shares", name, "all", YEAR) for name in self.questions}
        rows: dict[str, list[tuple[object, ...]]] = {
            "tables": [
                (
                    *key[name],
                    "municipalities",
                    self.options.get(name, ""),
                    "total",
                    self.forms.get(name, "total"),
                    self.conditions.get(name, "all"),
                    any(name == union for union, *_ in self.unions),
                )
                for name in self.questions
            ],
            "groups": [
                (YEAR, "municipalities", *area, "|".join(units), members_hash("|".join(units)), False)
                for area, units in self.areas.items()
            ],
            "values": [
                (*key[name], unit, answer, f"{name}{unit}{answer}")
                for name, answers in self.questions.items()
                for unit, answer in answers.items()
            ],
            "printed": [
                (*key[name], units, members_hash(units), False, "|".join(options))
                for name in self.questions
                for units in ("|".join(held) for held in self.printed.values())
                if (options := sorted({answer for answer in self.questions[name].values() if answer}))
            ],
            "unions": self.unions,
            "answer_groups": self.answer_groups,
            "limits": list(self.limits.items()),
            "levels": [
                (1, "country", "reported"),
                (2, "size_group", "reported"),
                (3, "county", "reported"),
                (4, "county", "current"),
                (5, "hf_area", "reported"),
            ],
            "indicators": [(name, "ordinary") for name in sorted(self.ordinary)],
            "waiting": self.waiting,
            **self.history,
        }
        return {name: table(name, found) for name, found in rows.items()}

    def decisions(self) -> list[dict[str, object]]:
        return decide(**self.inputs()).to_pylist()

    def shown(self, question: str) -> list[Area]:
        return [
            (str(row["area_basis"]), str(row["unit_level"]), str(row["unit_code"]))
            for row in self.decisions()
            if row["indicator"] == question and row["decision"] != "hidden"
        ]

    def publish(self) -> None:
        """Add the decisions to the ledger, as a promotion does."""
        for row in self.decisions():
            name = str(row["indicator"])
            key = (*[row[column] for column in TABLE], row["state"])
            if row["decision"] == "shown":
                units = self.areas[(str(row["area_basis"]), str(row["unit_level"]), str(row["unit_code"]))]
                for measure, count in self.figures(name, units).items():
                    self.history["published_groups"].append((*key, row["members_sha256"], measure, count))
                self.history["published_members"] += [(row["members_sha256"], unit) for unit in units]
            if row["decision"] != "kept" and row["unit_level"] == "country":
                self.history["published_answers"] += [
                    (*key, unit, f"{name}{unit}{answer}") for unit, answer in self.questions[name].items()
                ]
                before = self.history["published_states"]
                self.history["published_states"] = [each for each in before if each[1] != name] + [(*key, row["basis"])]
        self.history = {name: list(dict.fromkeys(rows)) for name, rows in self.history.items()}

    def figures(self, question: str, units: str) -> dict[str, int]:
        answers = self.questions[question]
        names = sorted({part for answer in answers.values() if answer for part in answer.split("|")})
        given = [answer.split("|") for unit in units if (answer := answers.get(unit)) is not None]
        return {"": len(given)} | {name: sum(name in each for each in given) for name in names}


def worlds(survey: Survey, question: str, choices: list[str | None], shown: list[Area]) -> NDArray[np.int64]:
    """All possible answers of the units that give the shown figures: ways by units, as numbers of choices."""
    units = list(survey.questions[question])
    possible = np.array(list(product(range(len(choices)), repeat=len(units))))
    for group in [*(survey.areas[area] for area in shown), *survey.printed.values()]:
        held = np.isin(units, list(group))
        for choice in range(len(choices)):
            truth = sum(survey.questions[question][unit] == choices[choice] for unit in np.array(units)[held])
            possible = possible[(possible[:, held] == choice).sum(axis=1) == truth]
    return possible


def disclosed(
    survey: Survey, question: str, choices: list[str | None], least: dict[str | None, int]
) -> list[tuple[str, str | None]]:
    """Facts about single units that can be derived and that no shown uniform group of enough answering units allows."""
    shown = survey.shown(question)
    answers = survey.questions[question]
    found = []
    ways = worlds(survey, question, choices, shown)
    for place, unit in enumerate(answers):
        for number, choice in enumerate(choices):
            is_fixed = len(set((ways[:, place] == number).tolist())) == 1
            has = answers[unit] == choice
            allowed = False
            for area in shown:
                units = [other for other in survey.areas[area] if other in answers]
                n_answered = sum(answers[other] is not None for other in units)
                uniform = all((answers[other] == choice) == has for other in units)
                enough = n_answered >= least[choice]
                # The policy never allows deriving that a unit did not answer.
                allowed |= unit in units and uniform and enough and not (choice is None and has)
            if is_fixed and not allowed:
                found.append((unit, choice))
    return found


@st.composite
def surveys(draw: st.DrawFn) -> Survey:
    units = "abcdefghi"[: draw(st.integers(5, 9))]
    county = {unit: draw(st.integers(0, 2)) for unit in units}
    size = {unit: draw(st.integers(0, 1)) for unit in units}
    trust = {unit: draw(st.integers(0, 1)) for unit in units}
    areas: Areas = {}
    for basis, level, places in (
        ("reported", "county", county),
        ("reported", "size_group", size),
        ("current", "county", trust),
    ):
        for number in sorted(set(places.values())):
            areas[(basis, level, str(number))] = "".join(unit for unit in units if places[unit] == number)
    answers = {unit: draw(st.sampled_from(["yes", "yes", "no", None])) for unit in units}
    # If no unit of the country answered, there is nothing to hide.
    answers["a"] = answers["a"] or "yes"
    survey = Survey(areas, {"q": answers}, minimum=draw(st.integers(2, 3)))
    survey.options = {"q": "no|yes"}
    if draw(st.booleans()):
        survey.ordinary = set()
    return survey


@given(surveys())
@settings(max_examples=120, deadline=None)
def test_no_answer_of_a_unit_follows_from_what_is_shown(survey: Survey) -> None:
    limit = survey.limits["uniform_ordinary" if survey.ordinary else "uniform_sensitive"]
    least = {"yes": limit, "no": limit, None: limit}
    assert disclosed(survey, "q", ["yes", "no", None], least) == []


@given(surveys())
@settings(max_examples=60, deadline=None)
def test_no_group_with_too_few_answering_units_is_shown(survey: Survey) -> None:
    for area in survey.shown("q"):
        answered = survey.figures("q", survey.areas[area])[""]
        assert answered >= survey.limits["minimum_units"] or not any(survey.questions["q"].values())


MANY = "abcdefghijklmnopqrstuvwxyz"


def mixed(units: str = MANY, answers: tuple[str | None, ...] = ("yes", "no")) -> Answers:
    return {unit: answers[number % len(answers)] for number, unit in enumerate(units)}


def test_mixed_answers_hide_nothing() -> None:
    survey = Survey({("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}, {"q": mixed()})
    assert len(survey.shown("q")) == 3


def test_an_area_that_cuts_another_is_left_out_and_the_one_before_it_stays() -> None:
    # The trust area contains county 1 except one unit: the difference would be that unit.
    areas: Areas = {
        ("reported", "county", "1"): MANY[:13],
        ("reported", "county", "2"): MANY[13:],
        ("reported", "hf_area", "x"): MANY[1:14],
    }
    survey = Survey(areas, {"q": mixed()})
    reasons = {row["unit_code"]: row["reason"] for row in survey.decisions()}
    assert reasons["x"] == "left_out"
    assert reasons["1"] is reasons["2"] is None


def test_an_area_within_another_is_left_out_where_few_units_are_left_beside_it() -> None:
    for left, reason in ((2, "left_out"), (5, None)):
        areas: Areas = {
            ("reported", "county", "1"): MANY[:13],
            ("reported", "county", "2"): MANY[13:],
            ("reported", "hf_area", "x"): MANY[: 13 - left],
        }
        reasons = {row["unit_code"]: row["reason"] for row in Survey(areas, {"q": mixed()}).decisions()}
        assert reasons["x"] == reason


def test_a_level_that_the_policy_does_not_name_is_shown_only_where_it_is_the_same_units() -> None:
    areas: Areas = {
        ("reported", "county", "1"): MANY[:13],
        ("reported", "county", "2"): MANY[13:],
        ("current", "size_group", "small"): MANY[:13],
        ("current", "size_group", "other"): MANY[:7],
    }
    reasons = {row["unit_code"]: row["reason"] for row in Survey(areas, {"q": mixed()}).decisions()}
    assert (reasons["small"], reasons["other"]) == (None, "left_out")


def test_the_one_answer_of_a_county_and_a_size_group_is_not_pinned_to_their_only_common_unit() -> None:
    # One unit of 26 says yes; it alone lies in county 1 and among the small.
    answers = dict.fromkeys(MANY, "no") | {"a": "yes"}
    areas: Areas = {
        ("reported", "county", "1"): MANY[:13],
        ("reported", "county", "2"): MANY[13:],
        ("reported", "size_group", "small"): "a" + MANY[13:20],
        ("reported", "size_group", "large"): MANY[1:13] + MANY[20:],
    }
    shown = Survey(areas, {"q": answers}).shown("q")
    assert ("reported", "country", "0") in shown
    assert {code for _, _, code in shown} != {"0", "1", "2", "small", "large"}


def test_a_uniform_group_is_shown_of_an_ordinary_question_and_not_of_a_sensitive_one_below_its_limit() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:4], ("reported", "county", "2"): MANY[4:]}
    answers = mixed() | dict.fromkeys(MANY[:4], "no")
    survey = Survey(areas, {"q": answers})
    assert len(survey.shown("q")) == 3
    survey.ordinary = set()
    assert survey.shown("q") == [("reported", "country", "0")]


def test_who_was_asked_a_routed_question_does_not_follow_from_a_county() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    asked = {unit: answer if unit < "n" else None for unit, answer in mixed().items()}
    survey = Survey(areas, {"q": asked})
    survey.forms = {"q": "joint"}
    assert survey.shown("q") == [("reported", "country", "0")]


def test_a_question_that_follows_from_another_tells_no_more_than_the_other() -> None:
    first = mixed(answers=("yes", "no", "no"))
    second = {unit: ("a" if unit < "m" else "b") if answer == "yes" else None for unit, answer in first.items()}
    areas: Areas = {("reported", "size_group", "1"): MANY[:13], ("reported", "size_group", "2"): MANY[13:]}
    survey = Survey(areas, {"first": first, "second": second})
    survey.conditions = {"second": "first=yes"}
    assert set(survey.shown("second")) <= set(survey.shown("first"))
    assert survey.shown("second")


def test_a_union_and_its_parts_show_the_same_groups() -> None:
    one, other = mixed(answers=("yes", "no", "no")), mixed(answers=("no", "no", "yes", "yes"))
    union = {unit: "yes" if "yes" in (one[unit], other[unit]) else "no" for unit in MANY}
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    survey = Survey(areas, {"u": union, "one": one, "other": other})
    survey.unions = [("u", "all", "one", "all"), ("u", "all", "other", "all")]
    assert survey.shown("u") == survey.shown("one") == survey.shown("other")


@settings(max_examples=60, deadline=None)
@given(surveys(), st.sets(st.sampled_from("abcdefghi"), min_size=3))
def test_print_and_what_is_shown_tell_no_more_than_print_alone(survey: Survey, printed: set[str]) -> None:
    survey.printed = {"report": "".join(sorted(printed & set("".join(survey.areas.values()))))}
    # Print alone reveals what it prints about few units.
    assume(len(survey.printed["report"]) >= survey.limits["minimum_units"])
    limit = survey.limits["uniform_ordinary" if survey.ordinary else "uniform_sensitive"]
    by_print = Survey({}, survey.questions)
    by_print.printed = survey.printed
    ways = worlds(by_print, "q", ["yes", "no", None], [])
    known = {
        (unit, choice)
        for place, unit in enumerate(survey.questions["q"])
        for number, choice in enumerate(["yes", "no", None])
        if len(set((ways[:, place] == number).tolist())) == 1
    }
    assert not set(disclosed(survey, "q", ["yes", "no", None], {"yes": limit, "no": limit, None: limit})) - known


def test_a_county_is_hidden_that_differs_from_a_printed_group_by_one_unit() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    survey = Survey(areas, {"q": mixed()})
    assert len(survey.shown("q")) == 3
    survey.printed = {"report": MANY[:12]}
    assert survey.shown("q") == [("reported", "country", "0")]


def test_one_changed_answer_waits_and_several_are_shown() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    survey = Survey(areas, {"q": mixed()}, changed=4)
    survey.publish()
    before = survey.shown("q")
    survey.questions["q"]["a"] = "no"
    assert {row["decision"] for row in survey.decisions()} == {"kept"}
    assert survey.shown("q") == before
    # The one answer is changed back; six others of the first county turn to no, and two to yes.
    survey.questions["q"]["a"] = "yes"
    for unit in "cegikm":
        survey.questions["q"][unit] = "no"
    for unit in "df":
        survey.questions["q"][unit] = "yes"
    decisions = {row["unit_code"]: row["decision"] for row in survey.decisions()}
    assert decisions["0"] == "shown"


def test_changes_that_could_be_those_of_few_units_wait() -> None:
    survey = Survey(
        {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}, {"q": mixed()}, changed=4
    )
    survey.publish()
    # As many turn to yes as to no, in the same county.
    for unit in "bcdefghijk":
        survey.questions["q"][unit] = "yes" if survey.questions["q"][unit] == "no" else "no"
    assert {row["decision"] for row in survey.decisions()} == {"kept"}


def test_a_late_unit_waits() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    survey = Survey(areas, {"q": {unit: answer for unit, answer in mixed().items() if unit != "a"}}, changed=4)
    survey.publish()
    survey.questions["q"] = mixed()
    assert {row["decision"] for row in survey.decisions()} == {"kept"}


def test_late_units_that_all_answered_alike_excuse_no_group_that_was_not_shown_before() -> None:
    # Nothing is shown of four units. Then five come that all say yes: with no earlier figure there is no difference, so
    # a county of two of them is a group of two.
    areas: Areas = {("reported", "county", "0"): "abcfghi", ("reported", "county", "1"): "de"}
    early = {"f": "yes", "g": "yes", "h": "yes", "i": "no"}
    survey = Survey(areas, {"q": early}, minimum=2, changed=1)
    survey.options, survey.ordinary = {"q": "no|yes"}, set()
    assert survey.shown("q") == []
    survey.publish()
    survey.questions = {"q": dict.fromkeys("abcde", "yes") | early}
    assert ("reported", "county", "1") not in survey.shown("q")


@given(surveys(), st.data())
@settings(max_examples=80, deadline=None)
def test_no_answer_follows_from_two_snapshots_between_which_units_came(survey: Survey, data: st.DataObject) -> None:
    answers = survey.questions["q"]
    late = data.draw(st.sets(st.sampled_from(sorted(answers)), min_size=1, max_size=len(answers) - 1))
    survey.limits["changed_units"] = data.draw(st.integers(1, 3))
    early = {unit: answer for unit, answer in answers.items() if unit not in late}
    assume(any(early.values()))
    survey.questions = {"q": early}
    first = survey.shown("q")
    survey.publish()
    survey.questions = {"q": answers}
    assume("kept" not in {row["decision"] for row in survey.decisions()})
    second = survey.shown("q")
    held = [set(survey.areas[area]) & early.keys() for area in first] + [set(survey.areas[area]) for area in second]
    came = [set(survey.areas[area]) & late for area in {*first} & {*second}]

    choices: list[str | None] = ["yes", "no", None]
    units = list(answers)
    ways = np.array(list(product(range(3), repeat=len(units))))
    for group in held:
        inside = np.isin(units, sorted(group))
        for number, choice in enumerate(choices):
            truth = sum(answers[unit] == choice for unit in group)
            ways = ways[(ways[:, inside] == number).sum(axis=1) == truth]
    least = survey.limits["uniform_ordinary" if "q" in survey.ordinary else "uniform_sensitive"]

    def is_allowed(unit: str, choice: str | None) -> bool:
        has = answers[unit] == choice
        if choice is None and has:
            return False
        return any(
            unit in group
            and all((answers[other] == choice) == has for other in group)
            and sum(answers[other] is not None for other in group) >= limit
            for groups, limit in ((held, least), (came, survey.limits["uniform_sensitive"]))
            for group in groups
        )

    fixed = [
        (unit, choices[number])
        for place, unit in enumerate(units)
        for number in range(3)
        if len(set((ways[:, place] == number).tolist())) == 1
    ]
    assert [fact for fact in fixed if not is_allowed(*fact)] == []


def test_a_question_that_somebody_had_wait_keeps_what_was_published_and_shows_nothing_before() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    survey = Survey(areas, {"q": mixed(), "other": mixed()}, changed=4)
    survey.waiting = [("q", YEAR)]
    decided = {(row["indicator"], row["decision"]) for row in survey.decisions()}
    assert decided == {("q", "hidden"), ("other", "shown")}
    survey.waiting = [("q", YEAR - 1)]
    survey.publish()
    survey.waiting = [("q", YEAR)]
    for unit in MANY:
        survey.questions["q"][unit] = "yes" if survey.questions["q"][unit] == "no" else "no"
        survey.questions["other"][unit] = survey.questions["q"][unit]
    assert {row["decision"] for row in survey.decisions() if row["indicator"] == "q"} == {"kept"}


def test_what_is_decided_again_from_the_same_is_the_same() -> None:
    areas: Areas = {("reported", "county", str(start)): MANY[start : start + 5] for start in range(0, 25, 5)}
    survey = Survey(
        areas | {("reported", "size_group", "1"): MANY[2:9]}, {"q": mixed(answers=("yes", "no", "no", "no", None))}
    )
    first = survey.decisions()
    survey.publish()
    assert survey.decisions() == first


def test_what_was_published_stays_shown_when_areas_change() -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:13], ("reported", "county", "2"): MANY[13:]}
    survey = Survey(areas, {"q": mixed()})
    survey.publish()
    # New counties overlap the old ones; and one lies within an old one.
    survey.areas |= {("current", "county", "8"): MANY[5:18], ("current", "county", "9"): MANY[13:20]}
    decisions = {row["unit_code"]: row["decision"] for row in survey.decisions()}
    assert decisions == {"0": "shown", "1": "shown", "2": "shown", "8": "hidden", "9": "shown"}


def test_the_order_of_rows_changes_nothing() -> None:
    areas: Areas = {
        ("reported", "county", "1"): MANY[:5],
        ("reported", "county", "2"): MANY[5:],
        ("reported", "size_group", "1"): MANY[2:9],
    }
    survey = Survey(areas, {"q": mixed(answers=("yes", "no", "no", None)), "r": mixed(answers=("no", "no", "no", "yes"))})
    inputs = survey.inputs()
    generator = np.random.default_rng(1)
    shuffled = {name: rows.take(generator.permutation(len(rows))) for name, rows in inputs.items()}
    assert decide(**shuffled).equals(decide(**inputs))


def test_several_processes_decide_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    areas: Areas = {("reported", "county", "1"): MANY[:5], ("reported", "county", "2"): MANY[5:]}
    inputs = Survey(areas, {"q": mixed(answers=("yes", "no", "no", None)), "r": mixed()}).inputs()
    for name in ("tables", "groups", "values"):
        rows = inputs[name]
        place = rows.schema.get_field_index("time_period")
        later = rows.set_column(
            place, rows.schema.field(place), pc.add(rows["time_period"], 1).cast(rows.schema.field(place).type)
        )
        inputs[name] = pa.concat_tables([rows, later])
    alone = decide(**inputs)
    started: list[int] = []

    def by_several(*arguments: Any) -> Any:
        started.append(arguments[1])
        return shared(*arguments)

    shared = suppression._by_several
    monkeypatch.setattr(suppression, "_by_several", by_several)
    monkeypatch.setattr(suppression, "MOST_QUESTIONS_ALONE", 0)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert decide(**inputs).equals(alone)
    assert started == [2]
    # One processor, or a search that is known: no other process.
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert decide(**inputs).equals(alone)
    assert started == [2]


def test_no_questions_are_no_decisions() -> None:
    inputs = Survey({}, {}).inputs() | {"tables": table("tables", [])}
    assert decide(**inputs).num_rows == 0
