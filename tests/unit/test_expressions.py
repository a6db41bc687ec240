"""The selection language of PxWebApi 2: codes, wildcards, functions."""

from __future__ import annotations

import pytest

from orchestration.serve.expressions import resolve, split
from orchestration.serve.request_errors import RequestError

YEARS = ("2007", "2008", "2010", "2015")
AREAS = ("country:0", "county:03", "county:11", "municipality:0301")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        (" a , b ", ["a", "b"]),
        ("range(2,3),top(1,2)", ["range(2,3)", "top(1,2)"]),
        ("[range(2,3)],[a, b]", ["range(2,3)", "a, b"]),
        ("a,,b,", ["a", "b"]),
        ("", []),
    ],
)
def test_commas_part_expressions_but_not_inside_brackets(text: str, parts: list[str]) -> None:
    assert split(text, "x") == parts


@pytest.mark.parametrize("text", ["top(1", "a)b", "[a", "a]"])
def test_a_bracket_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="bracket"):
        split(text, "x")


@pytest.mark.parametrize(
    ("part", "chosen"),
    [
        ("2010", "2010"),
        ("*", "2007 2008 2010 2015"),
        ("200?", "2007 2008"),
        ("20*0", "2010"),
        ("top(2)", "2010 2015"),
        ("TOP(2,1)", "2008 2010"),
        ("top(99)", "2007 2008 2010 2015"),
        ("bottom(1)", "2007"),
        ("from(2009)", "2010 2015"),
        ("to(2008)", "2007 2008"),
        ("range(2008,2014)", "2008 2010"),
    ],
)
def test_years_are_chosen_from_the_newest_and_by_bounds_that_need_not_exist(part: str, chosen: str) -> None:
    assert resolve([part], YEARS, "year", "x", is_time=True) == tuple(chosen.split())


@pytest.mark.parametrize(
    ("part", "chosen"),
    [
        ("county:*", "county:03 county:11"),
        ("*03*", "county:03 municipality:0301"),
        ("top(1)", "country:0"),
        ("bottom(1)", "municipality:0301"),
        ("range(county:03,county:11)", "county:03 county:11"),
        ("to(county:03)", "country:0 county:03"),
    ],
)
def test_other_codes_are_chosen_in_their_order(part: str, chosen: str) -> None:
    assert resolve([part], AREAS, "unit", "x") == tuple(chosen.split())


def test_several_expressions_are_joined_and_each_code_comes_once_in_order() -> None:
    assert resolve(["2015", "bottom(2)", "2007"], YEARS, "year", "x", is_time=True) == ("2007", "2008", "2015")


@pytest.mark.parametrize(
    "part",
    [
        *("1999", "top()", "top(0)", "top(-1)", "top(a)", "top(1,2,3)", "top(9999999)", "range(2007)", "range(a,b)"),
        *("from(2099)", "range(2015,2007)", "x*", "*0*0*", "sum(1)", "from()"),
    ],
)
def test_what_chooses_nothing_is_refused_with_the_codes(part: str) -> None:
    with pytest.raises(RequestError) as caught:
        resolve([part], YEARS, "year", "x", is_time=True)
    assert caught.value.status == 400
    assert "range(code,code)" in str(caught.value) and "2007" in str(caught.value)


@pytest.mark.parametrize("part", ["from(county:99)", "range(county:03,county:99)", "county:03)"])
def test_a_bound_of_codes_has_to_be_one(part: str) -> None:
    with pytest.raises(RequestError):
        resolve([part], AREAS, "unit", "x")
