"""The totals of a preview are rounded as the published pages round them: half up, in the terminal and on the page."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestration.cli.preview import _total
from orchestration.core.language import rounded
from orchestration.preview.page import _change, _fte
from orchestration.preview.year_preview import Total


def total(now: str | None, before: str | None) -> Total:
    values = [None if value is None else Decimal(value) for value in (now, before)]
    return Total("fte", "adults", "country", "0", "Hele landet", 2, values[0], 2, values[1], values[1], values[0], ())


@pytest.mark.parametrize(
    ("value", "decimals", "written"), [("0.25", 1, "0.3"), ("0.35", 1, "0.4"), ("-0.25", 1, "-0.3"), ("25", -1, "3E+1")]
)
def test_a_half_goes_up(value: str, decimals: int, written: str) -> None:
    assert str(rounded(Decimal(value), decimals)) == written


def test_terminal_and_page_round_alike() -> None:
    found = total("10.25", "9.65")
    assert _total(found)[2:7] == (Decimal("10.3"), 2, Decimal("9.7"), 2, "+6.2 %")
    assert "10.3" in _fte(found.fte) and "9.7" in _fte(found.fte_before)
    assert "6.2" in _change(found) and "+" in _change(found)


@pytest.mark.parametrize(("now", "before"), [("1", None), (None, "1"), ("1", "0")])
def test_a_change_that_is_not_known_has_no_number(now: str | None, before: str | None) -> None:
    found = total(now, before)
    assert (found.change, _total(found)[6]) == (None, "not known")
