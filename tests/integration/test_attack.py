"""The attack finds every hidden figure that follows from what is public, and never says its value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import duckdb
import pytest

from orchestration.disclosure import ledger
from orchestration.disclosure.attack import Attack, Recovered, attack
from tests.conftest import members_hash

YEAR = 2023
COUNTRY = ("reported", "country", "0")
Area = tuple[str, str, str]
Answers = dict[str, str | None]


def answers(**units: str) -> Answers:
    """The units that gave each answer; those under ``none`` did not answer."""
    return {unit: None if answer == "none" else answer for answer, held in units.items() for unit in held}


class Candidate:
    """A tiny candidate with its additions: units, areas, and tables of answers of which some areas are hidden."""

    def __init__(self, folder: Path, **counties: str) -> None:
        self.folder = folder
        self.areas: dict[Area, str] = {("reported", "county", name): units for name, units in counties.items()}
        self.areas[COUNTRY] = "".join(counties.values())
        self.tables: dict[tuple[str, str], tuple[dict[str, set[str]], dict[str, bool], set[str]]] = {}
        self.amounts: tuple[dict[str, float], set[str]] = ({}, set())
        self.unions: list[tuple[str, str, str, str]] = []
        self.answer_groups: list[tuple[str, str, str]] = []
        self.silent = ""

    def add(self, indicator: str, given: Answers, hidden: set[str], *, item: str = "all", groups: bool = False) -> None:
        """Add a question with one answer a unit, and the codes of the areas that it hides."""
        kinds = {answer for answer in given.values() if answer}
        chosen = {answer: {unit for unit, each in given.items() if each == answer} for answer in sorted(kinds)}
        if groups:
            chosen |= {
                name: set().union(*(chosen[member] for _, group, member in self.answer_groups if group == name))
                for name in {group for _, group, _ in self.answer_groups}
            }
        self.tables[(indicator, item)] = (chosen, {unit: each is not None for unit, each in given.items()}, hidden)

    def figures(self, indicator: str, area: Area, item: str = "all") -> dict[str, int]:
        chosen, answered, _ = self.tables[(indicator, item)]
        units = self.areas[area]
        return {"": sum(answered[unit] for unit in units)} | {
            answer: sum(unit in held for unit in units) for answer, held in chosen.items()
        }

    def remember(self, indicator: str, units: str, **changes: int) -> None:
        """Put figures of an earlier snapshot into the ledger: those of now, or what they were before a revision."""
        path = ledger.ledger_file(self.folder / "snapshots")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.areas[("former", "county", units)] = units
        figures = {**self.figures(indicator, ("former", "county", units)), **changes}
        del self.areas[("former", "county", units)]
        name = members_hash(units)
        with duckdb.connect(path) as connection:
            for table, columns in ledger.TABLES.items():
                connection.execute(f"create table if not exists {table} ({columns})")
            for measure, value in figures.items():
                row = ["indicator_shares", indicator, "all", YEAR, name, measure, value]
                connection.execute("insert into published_groups values (?, ?, ?, ?, ?, ?, ?)", row)
            connection.executemany("insert into published_members values (?, ?)", [[name, unit] for unit in units])

    def write(self) -> tuple[Path, Path]:
        database, additions = self.folder / "candidate.duckdb", self.folder / "additions.duckdb"
        for path in (database, additions):
            path.unlink(missing_ok=True)
        with duckdb.connect(database) as connection:
            connection.execute(
                "create table indicator_shares (indicator varchar, answer varchar, item varchar, time_period integer, "
                "unit_set varchar, area_basis varchar, unit_level varchar, unit_code varchar, n_answer integer, "
                "n_answered integer, absence_reason varchar)"
            )
            connection.execute(
                "create table amounts (indicator varchar, time_period integer, unit_level varchar, unit_code varchar, "
                "amount_nok double, n_answered integer, absence_reason varchar)"
            )
            connection.execute(
                "create table fte_by_service (time_period integer, unit_level varchar, unit_code varchar, "
                "area_basis varchar, target_group varchar, service_type varchar, absence_reason varchar, "
                "imputed_share double)"
            )
            connection.execute(
                "create table response (time_period integer, unit_set varchar, units_answered integer, "
                "units_expected integer)"
            )
            units = self.areas[COUNTRY]
            for unit in units:
                share = 1.0 if unit in self.silent else 0.0
                row = [YEAR, "municipality", unit, "reported", "total", "total", None, share]
                connection.execute("insert into fte_by_service values (?, ?, ?, ?, ?, ?, ?, ?)", row)
            row = [YEAR, "municipalities", len(units) - len(self.silent), len(units)]
            connection.execute("insert into response values (?, ?, ?, ?)", row)
            for (indicator, item), (chosen, _, hidden) in self.tables.items():
                for area in self.areas:
                    figures = self.figures(indicator, area, item)
                    for answer in chosen:
                        shown = [figures[answer], figures[""], None]
                        if area[2] in hidden:
                            shown = [None, None, "confidential"]
                        row = [indicator, answer, item, YEAR, "municipalities", *area, *shown]
                        connection.execute(f"insert into indicator_shares values ({', '.join('?' * len(row))})", row)
            money, hidden_money = self.amounts
            for (basis, level, code), held in self.areas.items():
                if money and basis == "reported" and level in ("country", "size_group"):
                    given = [money[unit] for unit in held if unit in money]
                    shown = [None, None, "confidential"] if code in hidden_money else [sum(given), len(given), None]
                    row = ["money", YEAR - 1, level, code, *shown]
                    connection.execute("insert into amounts values (?, ?, ?, ?, ?, ?, ?)", row)
        with duckdb.connect(additions) as connection:
            connection.execute(
                "create table area_groups (time_period integer, unit_set varchar, area_basis varchar, unit_level varchar, "
                "unit_code varchar, members_sha256 varchar, members varchar[])"
            )
            for area, held in self.areas.items():
                name = members_hash(held)
                row = [YEAR, "municipalities", *area, name, sorted(held)]
                connection.execute("insert into area_groups values (?, ?, ?, ?, ?, ?, ?)", row)
            connection.execute("create table answer_groups (indicator varchar, answer varchar, member varchar)")
            connection.execute(
                "create table unions (indicator varchar, item varchar, source_indicator varchar, source_item varchar)"
            )
            for group in self.answer_groups:
                connection.execute("insert into answer_groups values (?, ?, ?)", list(group))
            for union in self.unions:
                connection.execute("insert into unions values (?, ?, ?, ?)", list(union))
        return database, additions

    def attack(self) -> Attack:
        return attack(*self.write(), self.folder / "snapshots")


Make = Callable[..., Candidate]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda **counties: Candidate(tmp_path, **counties)


def codes(found: Attack, answer: str | None = None) -> set[str]:
    return {each.unit_code for each in found.recovered if answer in (None, each.answer)}


GIVEN = answers(yes="aceg", no="bdfhj", none="i")


def test_a_single_hidden_county_follows_from_the_country(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", GIVEN, {"A"})
    found = candidate.attack()
    assert (found.tables, found.figures) == (1, 3)
    assert codes(found) == {"A"}
    assert {each.answer for each in found.recovered} == {"yes", "no", "answered"}


def test_two_hidden_counties_hide_each_other(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", answers(yes="acg", no="bdfhj", none="ei"), {"A", "B"})
    found = candidate.attack()
    assert found.recovered == []
    assert found.figures == 6


def test_where_nothing_is_hidden_nothing_is_attacked(make: Make) -> None:
    candidate = make(A="abc", B="def")
    candidate.add("q", answers(yes="abd", no="cef"), set())
    assert candidate.attack() == Attack(0, 0, [])


def test_a_hidden_county_follows_over_two_levels(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij", D="klm")
    # The hidden trust area 1 is A and C; the shown one is B and D, so B hides nothing once D is shown.
    candidate.areas[("reported", "hf_area", "1")] = "abfghij"
    candidate.areas[("reported", "hf_area", "2")] = "cdeklm"
    candidate.add("q", answers(yes="acegikm", no="bdfhjl"), {"A", "B", "1"})
    assert codes(candidate.attack()) == {"A", "B", "1"}


def test_a_hidden_county_follows_from_the_other_basis(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.areas[("current", "county", "A2")] = "abcde"
    candidate.areas[("current", "county", "A3")] = "abf"
    candidate.areas[("reported", "hf_area", "f")] = "f"
    candidate.add("q", answers(yes="cgf", no="bdhj", none="aei"), {"A", "B", "f"})
    assert codes(candidate.attack()) == set(), "A2 is A and B"
    candidate.areas[("current", "county", "C3")] = "ghij"
    assert codes(candidate.attack()) == {"A", "B", "f"}, "f is C less C3, and A is A3 less f"


def test_a_hidden_county_follows_from_an_earlier_snapshot(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    given = answers(yes="acg", no="bdfhj", none="ei")
    candidate.add("q", given, {"A", "B"})
    candidate.remember("q", "cdefghij")  # an old county that was all but A
    assert codes(candidate.attack()) == {"A", "B"}


def test_what_was_published_itself_is_no_recovery_but_what_follows_from_it_is(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", answers(yes="acg", no="bdfhj", none="ei"), {"A", "B"})
    candidate.remember("q", "cde")
    assert codes(candidate.attack()) == {"A"}


def test_earlier_figures_of_a_revised_table_say_nothing(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", answers(yes="acg", no="bdfhj", none="ei"), {"A", "B"})
    candidate.remember("q", "cdefghij", yes=7)
    assert codes(candidate.attack()) == set()


def test_that_nobody_and_that_everybody_gave_an_answer_is_told_by_the_country_and_no_recovery(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.answer_groups = [("q", "any", "yes"), ("q", "any", "no")]
    candidate.add("q", answers(yes="acegi", no="bdfhj"), {"A", "B"}, groups=True)
    found = candidate.attack()
    assert found.recovered == []
    assert found.figures == 4, "yes and no in two counties; that all answered is known"


def test_that_all_units_of_a_region_said_no_tells_its_counties(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.areas[("reported", "health_region", "vest")] = "abcde"
    candidate.add("q", answers(yes="fg", no="abcdehij"), {"A", "B"})
    found = candidate.attack()
    assert codes(found, "yes") == codes(found, "no") == {"A", "B"}


def test_an_answer_follows_from_the_group_of_answers_that_holds_it(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.answer_groups = [("*", "good", "yes"), ("*", "good", "rather")]
    candidate.add("q", answers(yes="acf", rather="dg", no="behij"), {"A", "B"}, groups=True)
    assert candidate.attack().recovered == []
    # Only the group is shown of B, by mistake: its total is known, and with it that of A.
    database, additions = candidate.write()
    with duckdb.connect(database) as connection:
        connection.execute(
            "update indicator_shares set n_answer = 2, n_answered = 3, absence_reason = null "
            "where unit_code = 'B' and answer = 'good'"
        )
    found = attack(database, additions, candidate.folder / "snapshots")
    assert codes(found, "good") == {"A"}
    assert codes(found, "no") == {"A", "B"}
    assert codes(found, "yes") == set()


def test_a_part_follows_from_the_union_that_shows_more(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.unions = [("any", "all", "one", "all"), ("any", "all", "two", "all")]
    one, two = answers(yes="f", no="abcdeghij"), answers(yes="cg", no="abdefhij")
    candidate.add("one", one, {"A", "B"})
    candidate.add("two", two, {"A", "B"})
    candidate.add("any", answers(yes="cfg", no="abdehij"), {"A", "B"})
    alike = candidate.attack()
    assert not {each for each in alike.recovered if each.indicator == "two"}
    candidate.add("any", answers(yes="cfg", no="abdehij"), set())
    found = candidate.attack()
    # In A nobody has any, so nobody has two: what is left of it is in B.
    assert {(each.unit_code, each.answer) for each in found.recovered if each.indicator == "two"} >= {
        ("A", "yes"),
        ("B", "yes"),
    }


def test_a_union_follows_from_parts_that_hide_nothing(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.unions = [("any", "all", "one", "*")]
    nobody = answers(no="abcdefghij")
    candidate.add("one", answers(yes="ag", no="bcdefhij"), set(), item="first")
    candidate.add("one", nobody, set(), item="second")
    candidate.add("any", answers(yes="ag", no="bcdefhij"), {"A", "B"})
    assert codes(candidate.attack()) == {"A", "B"}


def test_units_that_are_known_to_be_silent_are_believed_no_answer(make: Make) -> None:
    candidate = make(A="ab", B="cd", C="efghij")
    candidate.add("q", answers(yes="aef", no="bghi", none="cdj"), {"A", "B"})
    assert codes(candidate.attack()) == set()
    candidate.silent = "cd"
    found = candidate.attack()
    assert codes(found) == {"A"}, "of B, where everybody is silent, nothing is to be told"


def test_an_amount_follows_from_the_sum_of_the_others(make: Make) -> None:
    candidate = make(A="abcdefghij")
    for code, units in (("small", "ab"), ("middle", "cde"), ("large", "fghij")):
        candidate.areas[("reported", "size_group", code)] = units
    money = {unit: 1000.0 * number for number, unit in enumerate("abcdefghij")}
    candidate.amounts = (money, {"small", "middle"})
    assert candidate.attack().recovered == []
    candidate.amounts = (money, {"small"})
    found = candidate.attack()
    assert codes(found) == {"small"}
    assert {each.subject for each in found.recovered} == {"amounts"}


def test_a_group_with_two_names_is_recovered_by_both(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.areas[("reported", "hf_area", "7")] = "ab"
    candidate.add("q", GIVEN, {"A", "7"})
    assert codes(candidate.attack()) == {"A", "7"}


def test_a_group_that_is_hidden_by_one_name_and_shown_by_another_was_never_hidden(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.areas[("current", "county", "A2")] = "ab"
    candidate.add("q", GIVEN, {"A", "B"})
    assert "B" in codes(candidate.attack())


def test_what_is_found_names_figures_and_never_says_them(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", GIVEN, {"A"})
    found = candidate.attack()
    assert {each.name for each in fields(Recovered)} == {
        *("subject", "indicator", "item", "time_period", "unit_level", "unit_code", "area_basis", "answer")
    }
    assert found.recovered[0] == Recovered("indicator_shares", "q", "all", YEAR, "county", "A", "reported", "answered")


def test_figures_that_contradict_each_other_stop_the_attack(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", GIVEN, {"A"})
    database, additions = candidate.write()
    with duckdb.connect(database) as connection:
        connection.execute("update indicator_shares set n_answer = 99 where unit_code = '0' and answer = 'yes'")
    with pytest.raises(RuntimeError, match="contradict"):
        attack(database, additions, candidate.folder / "snapshots")


def test_only_the_tables_that_are_named_are_attacked(make: Make) -> None:
    candidate = make(A="ab", B="cde", C="fghij")
    candidate.add("q", GIVEN, {"A"})
    candidate.add("r", GIVEN, {"A"})
    database, additions = candidate.write()
    found = attack(database, additions, candidate.folder / "snapshots", only={("indicator_shares", "r", "all", YEAR)})
    assert {each.indicator for each in found.recovered} == {"r"}
