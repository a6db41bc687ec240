# ruff: noqa: RUF001  dashes are what is tested
"""Proposals for a new form from the texts of columns; they are only proposals."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from orchestration.forms.model import NumberSpec, TickSpec, UnitSpec
from orchestration.forms.proposals import (
    Proposal,
    of_boxes,
    of_new_column,
    of_numbers,
    of_options,
    of_rows,
    of_unit_codes,
    separator_of,
)

PLAIN = UnitSpec(code=("nr",))


def once(*texts: str) -> dict[str, int]:
    return dict.fromkeys(texts, 1)


def lines(found: list[Proposal]) -> Any:
    """Return the lines of the only proposal, parsed as YAML."""
    (proposal,) = found
    return yaml.safe_load("\n".join(proposal.lines))


@pytest.mark.parametrize(
    ("texts", "pattern"),
    [
        (("K-0105", "K-0106"), "([0-9]{4})"),
        (("Fredrikstad (0106)", "0101", '="0104"', "'0105"), "([0-9]{4})"),
        # A lost zero, and districts of six digits.
        (("K-105", "K-1103"), "([0-9]+)"),
        (("Oslo 030101", "K-1103"), "([0-9]+)"),
    ],
)
def test_a_pattern_is_proposed_where_codes_stand_inside_texts(texts: tuple[str, ...], pattern: str) -> None:
    assert lines(of_unit_codes("nr", once(*texts), PLAIN)) == {"code_pattern": pattern}


def test_no_pattern_is_proposed_where_it_would_be_guessed() -> None:
    (proposal,) = of_unit_codes("nr", once("Moss 0104, postboks 1501 Moss", "K-0105"), PLAIN)
    assert "no pattern was found" in proposal.seen and proposal.lines == ()
    assert of_unit_codes("nr", once("0101 Halden", "301", "030101", "0301 01"), PLAIN) == []
    assert of_unit_codes("nr", once("K-0105"), UnitSpec(code=("nr",), code_pattern="([0-9]{4})")) == []


def test_units_by_name_alone_and_rows_that_will_be_rejected_are_reported() -> None:
    assert lines(of_unit_codes("nr", once("Halden", "Moss"), PLAIN)) == {"name": ["nr"]}
    (without,) = of_unit_codes("nr", {"0101": 3, "Aremark": 2}, PLAIN)
    assert without.seen.startswith("2 of 5 cells of nr have no code, such as 'Aremark'") and not without.lines
    several = of_unit_codes("nr", once("1145, 1149", "0105 og 0106", "0101/0104", "0111"), PLAIN)
    assert [proposal.seen.startswith("3 of 4 cells of nr name several units") for proposal in several] == [True]


def test_several_rows_of_a_unit_may_be_parts() -> None:
    found = of_rows({2: "0101", 3: "0104", 4: "101 Halden", 6: "Moss", 7: "moss"})
    assert lines(found) == {"rows": "sum"}
    assert found[0].seen.startswith("2 of 3 units have several rows, such as '0101' (rows 2, 4); without a date none")
    assert of_rows({2: "0101", 3: "0104"}) == []


def test_dashes_and_signs_in_columns_of_numbers_are_reported() -> None:
    columns = {"bolig": {"–": 3, "-": 2, "1,5": 9, "..": 1, "-2": 1, "ca 2": 1}, "arbeid": {"–": 1, "<5": 2, "999": 4}}
    nil, missing = of_numbers(columns, NumberSpec(missing=("999",)))
    assert (lines([nil]), lines([missing])) == ({"nil": ["–"]}, {"missing": ["999", "..", "<5"]})
    assert "'–' (4 cells, first column bolig)" in nil.seen
    assert {nil.place, missing.place} == {"numbers"}
    assert of_numbers(columns, NumberSpec(nil=("–",), missing=("..", "<5"))) == []


@pytest.mark.parametrize(
    ("texts", "ticked", "not_ticked"),
    [
        (("Ja", "Nei"), ["1", "x", "true", "Ja"], ["0", "false", "Nei"]),
        (("JA",), ["1", "x", "true", "JA"], ["0", "false"]),
        (("1", "2"), ["1", "x", "true"], ["0", "false", "2"]),
        (("SANN", "USANN"), ["1", "x", "true", "SANN"], ["0", "false", "USANN"]),
    ],
)
def test_ticks_are_proposed_for_boxes_that_are_filled_otherwise(
    texts: tuple[str, ...], ticked: list[str], not_ticked: list[str]
) -> None:
    usual = TickSpec()
    found = of_boxes({"kjop_1": once(*texts)}, {"kjop_1": usual}, usual)
    assert lines(found) == {"ticks": {"ticked": ticked, "not_ticked": not_ticked}}
    # The lines are valid without changes.
    assert TickSpec.model_validate(lines(found)["ticks"])


def test_what_a_tick_is_is_not_guessed() -> None:
    usual = TickSpec()
    (found,) = of_boxes({"kjop_1": once("Ja", "Kanskje")}, {"kjop_1": usual}, usual)
    assert "'Kanskje' is in boxes of " in found.seen and found.lines == ()
    assert of_boxes({"kjop_1": once("1", "0", "TRUE", "X")}, {"kjop_1": usual}, usual) == []
    assert of_boxes({"kjop_1": once("1", "ring Kari om dette i uke 5")}, {"kjop_1": usual}, usual) == []
    free = once("a", "b", "c", "d", "e", "f", "g")
    assert of_boxes({"kjop_1": free}, {"kjop_1": usual}, usual) == []


@pytest.mark.parametrize(
    ("texts", "separator"),
    [
        (("Bolig;Arbeid", "Arbeid;", "Bolig"), ";"),
        (("Bolig\nArbeid", "Arbeid"), "\n"),
        (("1, 3", "3, 4", "1, 3, 4"), ","),
        # Free text, numbers, dates, addresses.
        (("ring Kari; hun vet", "uklart; se i fjor"), None),
        (("1,5", "2,5", "1,2"), None),
        (("3/4/2017", "3/5/2017"), None),
        (("Ja, av bolig", "Ja, av tjenester", "Nei"), None),
        (("Storgata 1, 1501 Moss", "Storgata 2, 1771 Halden"), None),
        (("Bolig", "Arbeid"), None),
    ],
)
def test_what_stands_between_options_is_recognised(texts: tuple[str, ...], separator: str | None) -> None:
    assert separator_of(once(*texts)) == separator


def test_known_options_say_what_stands_between_them() -> None:
    codes = ["Nei", "Ja, av bolig", "Ja, av tjenester"]
    assert separator_of(once("Ja, av bolig", "Nei"), codes) is None
    assert separator_of(once("Ja, av bolig|Ja, av tjenester"), codes) == "|"
    assert separator_of(once("Ja, av bolig|Kanskje"), codes) is None
    (found,) = of_options({"kjop": once("1;2"), "plan": once("1")}, {"kjop": ["1", "2"], "plan": ["1", "2"]})
    assert "cells of kjop hold several options" in found.seen and "separator ;" in found.seen


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (
            ("Ja", "Nei"),
            "its cells are 'Ja' and 'Nei': a question (type code), or boxes (type tick, ticked ja, not_ticked nei)?",
        ),
        (("TRUE", "FALSE"), "type tick, ticked true, not_ticked false"),
        (("1", "2"), "ticked 1, not_ticked 2"),
        (("Bolig\nArbeid", "Arbeid"), "type codes, separator newline?"),
        (("1",), ""),
        (("0",), ""),
        (("1,5", ",5", "0,5", "ca 2, 5"), ""),
        (("3,5", "1,5"), ""),
        ((), ""),
    ],
)
def test_what_a_new_column_may_be_is_asked(texts: tuple[str, ...], words: str) -> None:
    seen = of_new_column(once(*texts))
    assert words in seen and bool(words) == bool(seen)
