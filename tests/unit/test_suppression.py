"""What is hidden beside the small groups: no hidden figure follows from what is published, and nothing is hidden in vain."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestration.disclosure.suppression import HIDDEN_SCHEMA, Problem, hidden_groups, protect, told
from tests.conftest import members_hash

YEAR = 2023
SMALLEST = 3

Answers = dict[str, str | None]
Areas = dict[tuple[str, str, str], str]

TEXT, NUMBER, COUNT, MARK = pa.string(), pa.int32(), pa.int64(), pa.bool_()
TABLE = {"indicator": TEXT, "item": TEXT, "time_period": NUMBER}
FAMILY = {"subject": TEXT, "family": TEXT, **TABLE, "unit_set": TEXT}
GROUP = {"area_basis": TEXT, "unit_level": TEXT, "unit_code": TEXT}
COLUMNS: dict[str, dict[str, pa.DataType]] = {
    "groups": FAMILY | GROUP | {"n_answered": COUNT, "is_fixed": MARK, "is_small": MARK},
    "values": FAMILY | {"member_code": TEXT, "measure": TEXT, "measured": pa.float64()},
    "members": {"time_period": NUMBER, "unit_set": TEXT, **GROUP, "members": TEXT, "members_sha256": TEXT},
    "published_groups": {"subject": TEXT, **TABLE, "members_sha256": TEXT, "measure": TEXT, "measured": pa.float64()},
    "published_members": {"members_sha256": TEXT, "member_code": TEXT},
    "patterns": {
        **{"subject": TEXT, "family": TEXT, "time_period": NUMBER, "unit_set": TEXT},
        **{"fingerprint": TEXT, "members_sha256": TEXT, "is_protected": MARK},
    },
    "responses": {"time_period": NUMBER, "unit_code": TEXT, "municipality_code": TEXT, "has_answered": MARK},
    "routing": {**TABLE, "unit_code": TEXT},
}


def table(name: str, rows: list[tuple[object, ...]]) -> pa.Table:
    columns = COLUMNS[name]
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema=pa.schema(columns))


class Survey:
    """A tiny survey: which units lie in which areas, and the answers of each to a question; as the warehouse has them."""

    def __init__(self, areas: dict[tuple[str, str, str], str], tables: dict[str, Answers], family: str = "q|all") -> None:
        everybody = "".join(sorted(set("".join(areas.values()))))
        self.areas = {("reported", "country", "0"): everybody, **areas}
        self.tables = tables
        self.family = family
        self.published: list[tuple[object, ...]] = []
        self.published_members: list[tuple[object, ...]] = []
        self.patterns: list[tuple[object, ...]] = []
        self.silent: str = ""
        self.asked: dict[str, str] = {}

    def answered(self, question: str, units: str) -> int:
        return sum(self.tables[question].get(unit) is not None for unit in units)

    def figures(self, question: str, units: str) -> dict[str, int]:
        given = [answer for unit in units if (answer := self.tables[question].get(unit)) is not None]
        answers = sorted({answer for answer in self.tables[question].values() if answer is not None})
        return {"": len(given)} | {answer: given.count(answer) for answer in answers}

    def inputs(self) -> dict[str, pa.Table]:
        answers = {name: sorted({each for each in given.values() if each}) for name, given in self.tables.items()}
        groups = [
            (
                *("indicator_shares", self.family, question, "all", YEAR, "with_agencies", *area),
                self.answered(question, units),
                area[1] == "country",
                self.answered(question, units) < SMALLEST and area[1] != "country",
            )
            for question in self.tables
            for area, units in self.areas.items()
        ]
        values = [
            (
                *("indicator_shares", self.family, question, "all", YEAR, "with_agencies"),
                *(unit, measure, float(answer == measure)),
            )
            for question, given_answers in self.tables.items()
            for unit, answer in given_answers.items()
            if answer is not None
            for measure in answers[question]
        ]
        members = [
            (YEAR, "with_agencies", *area, "|".join(sorted(units)), members_hash(units))
            for area, units in self.areas.items()
        ]
        everybody = self.areas[("reported", "country", "0")]
        routing = [(name, "all", YEAR, unit) for name, units in self.asked.items() for unit in units]
        return {
            "groups": table("groups", groups),
            "members": table("members", members),
            "values": table("values", values),
            "published_groups": table("published_groups", self.published),
            "published_members": table("published_members", self.published_members),
            "patterns": table("patterns", self.patterns),
            "responses": table("responses", [(YEAR, unit, unit, unit not in self.silent) for unit in everybody]),
            "routing": table("routing", routing),
        }

    def solve(self) -> pa.Table:
        return hidden_groups(**self.inputs())

    def publish(self, question: str, units: str, **changes: float) -> None:
        """Note a group's figures in the ledger, as they are now or were before a revision."""
        name = members_hash(units)
        figures: dict[str, float] = {**self.figures(question, units), **changes}
        self.published += [("indicator_shares", question, "all", YEAR, name, *each) for each in figures.items()]
        self.published_members += [(name, unit) for unit in units]

    def keep(self, found: pa.Table, extra: str = "") -> None:
        """Note a pattern as that of the last publication, with one more group hidden."""
        rows = {(row["fingerprint"], row["members_sha256"], row["is_protected"]) for row in found.to_pylist()}
        if extra:
            rows.add((next(iter(rows))[0], members_hash(extra), True))
        self.patterns = [("indicator_shares", self.family, YEAR, "with_agencies", *row) for row in sorted(rows)]


def names(found: pa.Table, question: str = "q", reason: str | None = None) -> set[str]:
    return {
        row["unit_code"]
        for row in found.to_pylist()
        if row["indicator"] == question and (reason is None or row["reason"] == reason)
    }


def counties(**units: str) -> Areas:
    return {("reported", "county", name): held for name, held in units.items()}


def answers(**units: str) -> Answers:
    """The units that gave each answer; those under ``none`` did not answer."""
    return {unit: None if answer == "none" else answer for answer, held in units.items() for unit in held}


def test_a_small_county_is_hidden_with_another_one() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    found = survey.solve()
    assert names(found, reason="small") == {"A"}
    assert names(found, reason="protecting") == {"B"}, "the cheaper of the two that could protect it"
    assert all(found["is_protected"].to_pylist())
    assert found.schema == HIDDEN_SCHEMA


def test_where_nothing_is_small_nothing_is_hidden() -> None:
    survey = Survey(counties(A="abc", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    assert survey.solve().num_rows == 0


def test_a_group_is_hidden_on_both_bases_and_under_every_name() -> None:
    areas = {
        **counties(A="ab", B="cde", C="fghi"),
        ("current", "county", "AB"): "abcde",
        ("current", "county", "C2"): "fghi",
        ("current", "hf_area", "7"): "ab",
    }
    survey = Survey(areas, {"q": answers(yes="acegi", no="bdfh")})
    found = survey.solve()
    # With AB shown, C would follow; with C shown, AB and so nothing new: A and B stay apart from the rest.
    assert {"A", "7", "B"} <= names(found)
    assert not {"C", "C2", "AB"} & names(found), "one group by two names, and the larger county that holds both, are shown"


def test_a_small_group_between_two_bases_hides_what_differs_by_it() -> None:
    # The county of one basis is that of the other and one unit more.
    areas = {
        **counties(A="abcd", B="efgh"),
        ("current", "county", "A2"): "abc",
        ("current", "county", "B2"): "defgh",
        ("reported", "hf_area", "1"): "d",
    }
    found = Survey(areas, {"q": answers(yes="abdef", no="cgh")}).solve()
    assert "1" in names(found, reason="small")
    # d is what A has more than A2, and what B2 has more than B.
    assert names(found) & {"A", "A2"}
    assert names(found) & {"B", "B2"}


def test_an_answer_that_nobody_gave_is_told_by_the_country_and_asks_for_no_protection() -> None:
    survey = Survey(counties(A="ab", B="cde", C="fghij"), {"q": answers(yes="abcdefghij")})
    found = survey.solve()
    assert names(found) == {"A"}, "all said yes, as the country's figure says"
    assert all(found["is_protected"].to_pylist())


def test_who_answered_is_protected_although_all_that_answered_said_the_same() -> None:
    survey = Survey(counties(A="ab", B="cde", C="fghij"), {"q": answers(yes="acdefghij", none="b")})
    assert names(survey.solve()) == {"A", "B"}


def test_that_nobody_answered_in_a_small_county_cannot_be_inferred() -> None:
    survey = Survey(counties(A="ab", B="cde", C="fghij"), {"q": answers(yes="cfh", no="degij", none="ab")})
    found = survey.solve()
    assert names(found) == {"A", "B"}
    assert all(found["is_protected"].to_pylist())


def test_a_unit_that_answered_nothing_at_all_protects_nobody() -> None:
    # c and d did not answer the question. Could everybody believe that c did, B would do.
    survey = Survey(counties(A="ab", B="cd", C="efghij"), {"q": answers(yes="aefg", no="bhij", none="cd")})
    assert names(survey.solve()) == {"A", "B"}
    survey.silent = "cd"
    found = survey.solve()
    assert names(found) == {"A", "B", "C"}
    assert all(found["is_protected"].to_pylist()), "of a county of silent units nothing is to be told"


def test_units_that_were_not_asked_protect_no_answers() -> None:
    areas = counties(A="ab", B="cde", C="fghijk")
    survey = Survey(areas, {"q": answers(yes="afg", no="bhi", none="cdejk")})
    assert names(survey.solve()) == {"A", "B"}
    survey.asked = {"q": "abfghi"}
    assert names(survey.solve()) == {"A", "B", "C"}, "in B nobody was asked, as another table may say"


def test_a_union_and_its_parts_hide_the_same_groups() -> None:
    areas = counties(A="ab", B="cde", C="fghijk")
    first, second = answers(yes="acf", no="bdeghijk"), answers(yes="bcg", no="defhijk", none="a")
    whole: Answers = {unit: "yes" if "yes" in (first[unit], second[unit]) else "no" for unit in first}
    found = Survey(areas, {"one": first, "two": second, "any": whole}, family="any|all").solve()
    assert names(found, "one") == names(found, "two") == names(found, "any") == {"A", "B"}
    reasons = {row["indicator"]: row["reason"] for row in found.to_pylist() if row["unit_code"] == "A"}
    assert set(reasons.values()) == {"small"}


def test_a_group_of_an_earlier_snapshot_keeps_units_apart() -> None:
    areas = counties(A="ab", B="cdef", C="ghijkl")
    survey = Survey(areas, {"q": answers(yes="acegi", no="bdfhjkl")})
    assert names(survey.solve()) == {"A", "B"}
    survey.publish("q", "abghijkl")  # an old county, whose rest is B
    assert names(survey.solve()) == {"A", "C"}


def test_an_earlier_figure_that_is_true_no_more_keeps_nobody_apart() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    survey.publish("q", "abghijkl", yes=4, no=4)
    survey.publish("q", "cdef", yes=1, no=3)
    assert names(survey.solve()) == {"A", "B"}


def test_an_earlier_figure_stays_known_when_another_answer_is_dropped_from_the_catalogue() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    survey.publish("q", "cdef", perhaps=1.0)
    assert names(survey.solve()) == {"A", "C"}, "B is known anyhow and protects nothing"


def test_what_was_published_of_a_small_group_is_known_and_said_not_to_be_protected() -> None:
    survey = Survey(counties(A="ab", B="cd", C="efghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    survey.publish("q", "ab")
    found = survey.solve()
    assert {row["unit_code"]: row["is_protected"] for row in found.to_pylist()}["A"] is False
    assert names(found) == {"A", "B", "C"}, "B needs C, since A is known"


def test_unchanged_input_keeps_the_last_pattern_even_where_a_smaller_one_exists() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl", D="mnopqr"), {"q": answers(yes="acegim", no="bdfhjklnopqr")})
    first = survey.solve()
    assert names(first) == {"A", "B"}
    survey.keep(first, extra="ghijkl")
    assert names(survey.solve()) == {"A", "B", "C"}


def test_what_a_snapshot_published_leads_to_no_other_pattern_in_the_next() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    first = survey.solve()
    survey.keep(first)
    for units in ("abcdefghijkl", "ghijkl"):
        survey.publish("q", units)
    assert survey.solve().equals(first)


def test_changed_input_leads_to_a_new_search() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl", D="mnopqr"), {"q": answers(yes="acegim", no="bdfhjklnopqr")})
    survey.keep(survey.solve(), extra="ghijkl")
    survey.tables["q"]["m"] = "no"
    assert names(survey.solve()) == {"A", "B"}


def test_a_pattern_that_protects_no_more_is_given_up_though_the_answers_are_the_same() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    survey.keep(survey.solve())
    # In between, other answers were published, in which A was not small and B was shown.
    survey.publish("q", "cdef")
    assert names(survey.solve()) == {"A", "C"}


def test_a_hopeless_figure_is_hidden_and_said_not_to_be_protected() -> None:
    survey = Survey(counties(A="ab", B="cdef", C="ghijkl"), {"q": answers(yes="acegi", no="bdfhjkl")})
    survey.publish("q", "cdef")
    survey.publish("q", "ghijkl")
    found = survey.solve()
    # The past tells it; the new figures at least do not.
    assert names(found) == {"A", "B"}
    assert {row["unit_code"] for row in found.to_pylist() if not row["is_protected"]} == {"A"}


def test_of_a_country_with_too_few_answers_everything_is_hidden() -> None:
    survey = Survey(counties(A="abc", B="def"), {"q": answers(yes="a", no="e", none="bcdf")})
    inputs = survey.inputs()
    small = [True] * inputs["groups"].num_rows
    fixed = [False] * inputs["groups"].num_rows
    groups = inputs["groups"].drop_columns(["is_small", "is_fixed"])
    inputs["groups"] = groups.append_column("is_small", [small]).append_column("is_fixed", [fixed])
    found = hidden_groups(**inputs)
    assert names(found) == {"0", "A", "B"}
    assert set(found["reason"].to_pylist()) == {"small"}
    assert all(found["is_protected"].to_pylist())


def test_oslo_as_its_own_county_is_known_and_protects_nobody() -> None:
    survey = Survey(counties(A="ab", B="cde", Oslo="o", C="fghijk"), {"q": answers(yes="acfo", no="bdeghijk")})
    inputs = survey.inputs()
    rows = inputs["groups"].to_pylist()
    for row in rows:
        if row["unit_code"] == "Oslo":
            row["is_fixed"], row["is_small"] = True, False
    inputs["groups"] = pa.Table.from_pylist(rows, schema=inputs["groups"].schema)
    assert names(hidden_groups(**inputs)) == {"A", "B"}


def test_groups_without_the_answers_of_their_units_are_an_error_and_not_shown() -> None:
    inputs = Survey(counties(A="ab", B="cde"), {"q": answers(yes="ac", no="bde")}).inputs()
    inputs["values"] = table("values", [])
    with pytest.raises(ValueError, match="without the answers"):
        hidden_groups(**inputs)


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_rows_makes_no_difference(seed: int) -> None:
    areas = {
        **counties(A="ab", B="cde", C="fghij"),
        ("current", "hf_area", "1"): "abf",
        ("current", "hf_area", "2"): "cdeghij",
    }
    tables = {"one": answers(yes="acf", no="bdeghij"), "two": answers(yes="ach", no="dfg", none="beij")}
    survey = Survey(areas, tables, family="any|all")
    survey.publish("one", "abc")
    inputs = survey.inputs()
    generator = np.random.default_rng(seed)
    shuffled = {name: rows.take(generator.permutation(rows.num_rows)) for name, rows in inputs.items()}
    assert hidden_groups(**shuffled).equals(hidden_groups(**inputs))


# Properties: of random problems, by trying all answers that the units could have given.


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """A country of at most seven units, overlapping groups, and two answers that units gave, or none."""
    count = draw(st.integers(3, 7))
    divisions = draw(st.lists(st.lists(st.integers(0, 2), min_size=count, max_size=count), min_size=1, max_size=3))
    groups = {tuple([True] * count): None}
    groups |= {tuple(place == part for place in division): None for division in divisions for part in set(division)}
    members = np.array(list(groups), dtype=bool).T
    given_answers = np.array(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))
    values = np.stack([given_answers < 2, given_answers == 0, given_answers == 1], axis=1).astype(float)
    answered = members.T.astype(int) @ values[:, 0].astype(int)
    is_country = members.all(axis=0)
    former = np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), dtype=bool)[:, None]
    return Problem(
        members=members,
        values=values,
        small=(answered < 2) & ~is_country,
        fixed=is_country,
        cost=np.sqrt(answered + 3.0),
        former=former if draw(st.booleans()) else np.zeros((count, 0), dtype=bool),
    )


def possible(problem: Problem, hidden: NDArray[np.bool_]) -> list[set[tuple[float, ...]]]:
    """For each group the figures that it has in any world in which all that is published is the same."""
    known = np.hstack([problem.members[:, ~hidden], problem.former]).astype(int)
    kinds = np.array([(1, 1, 0), (1, 0, 1), (0, 0, 0)])
    count = len(problem.values)
    worlds = kinds[np.indices([3] * count).reshape(count, -1).T]
    fits = (np.einsum("ug,wum->wgm", known, worlds) == (known.T @ problem.values)[None]).all(axis=(1, 2))
    figures = np.einsum("ug,wum->wgm", problem.members.astype(int), worlds[fits])
    return [set(map(tuple, figures[:, group].tolist())) for group in range(problem.members.shape[1])]


@settings(deadline=None, derandomize=True, max_examples=200)
@given(problems())
def test_every_hidden_figure_has_two_possible_values_unless_the_country_tells_it(problem: Problem) -> None:
    hidden, unsafe = protect(problem)
    assert (hidden >= problem.small).all(), "every small group is hidden"
    assert not (hidden & problem.fixed).any(), "the country is shown"
    if not problem.small.any():
        assert not hidden.any()
    is_told_by_country = problem.values.max(axis=0) == problem.values.min(axis=0)
    worlds = possible(problem, hidden)
    for group in np.flatnonzero(hidden & ~unsafe):
        for measure in np.flatnonzero(~is_told_by_country):
            assert len({figures[measure] for figures in worlds[group]}) > 1, (group, measure)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(problems())
def test_no_protecting_group_could_be_shown(problem: Problem) -> None:
    hidden, unsafe = protect(problem)
    before = told(problem, hidden).any(axis=1)
    assert not (before & ~unsafe).any()
    for group in np.flatnonzero(hidden & ~problem.small):
        less = hidden.copy()
        less[group] = False
        assert (told(problem, less) & ~told(problem, hidden)).any()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(problems(), st.randoms(use_true_random=False))
def test_names_of_units_decide_nothing_about_what_is_safe(problem: Problem, random: object) -> None:
    order = list(range(len(problem.values)))
    random.shuffle(order)  # type: ignore[attr-defined]
    other = Problem(
        members=problem.members[order],
        values=problem.values[order],
        small=problem.small,
        fixed=problem.fixed,
        cost=problem.cost,
        former=problem.former[order],
    )
    assert (told(problem, problem.small) == told(other, problem.small)).all()
