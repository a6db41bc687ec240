"""Missing values as forms and files state them: texts and ranges."""

from __future__ import annotations

import math

import pytest

from orchestration.forms.missing_values import MissingValues, number


@pytest.mark.parametrize(
    ("parts", "text", "inside", "outside"),
    [
        (["998", " 99,0 ", ""], "99;998", ["99", "998", "99.0", "998,00"], ["9", "990", "", "x"]),
        (["900..999", "."], ".;900..999", ["900", "999", "950,5", "."], ["899.9", "1000", "-950", "..", "ca 950"]),
        (["..-1"], "..-1", ["-1", "-9.5", "\u22123", "-1000000"], ["0", "1", "-"]),
        (["900.."], "900..", ["900", "1 000", "1\u00a0234,5"], ["899"]),
        (["-9..-1", "..", "-"], "-;..;-9..-1", ["..", "-", "-5"], ["5", "-10"]),
        (["8..9", "9..12", "10", "20..21"], "8..12;20..21", ["8", "10.5", "21"], ["13", "19"]),
        (["1,5..2"], "1.5..2", ["1.7"], ["1.4"]),
        ([], "", [], ["", "0"]),
    ],
)
def test_stated_values_hold_what_they_say(parts: list[str], text: str, inside: list[str], outside: list[str]) -> None:
    values = MissingValues.parse(parts)
    assert str(values) == text
    assert MissingValues.parse(text.split(";")) == values
    assert bool(values) == bool(text)
    assert [each for each in inside if each not in values] == []
    assert [each for each in outside if each in values] == []


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the range 9\.\.1 ends before it begins"):
        MissingValues.parse(["9..1"])


def test_sets_are_put_together() -> None:
    one, other = MissingValues.parse(["9", "90..95"]), MissingValues.of(["8", "93"], [(94, math.inf)])
    assert str(one | other) == "8;9;90.."


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", 1.0), (" 1,5 ", 1.5), ("1 234", 1234.0), ("-9", -9.0), ("1 2", None), ("", None), ("1e3", None)],
)
def test_numbers_of_cells(text: str, value: float | None) -> None:
    assert number(text) == value
