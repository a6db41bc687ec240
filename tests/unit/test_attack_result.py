"""The result of an attack, and that it contains no value."""

from __future__ import annotations

from orchestration.attack.result import PARTS, Derived, Notes


def test_each_fact_is_told_once_and_in_order() -> None:
    notes = Notes()
    one = Derived("bounds", "q", "all", 2000, "yes", ("a",), ("county",))
    notes.add([one, one._replace(units=("b",)), one])
    notes.not_tried += ["second", "first", "second"]

    result = notes.result()

    assert result.derived == (one, one._replace(units=("b",)))
    assert result.counts == {part: 2 if part == "bounds" else 0 for part in PARTS}
    assert result.not_tried == ("first", "second")


def test_a_fact_holds_no_value() -> None:
    assert Derived._fields == ("part", "indicator", "item", "time_period", "measure", "units", "levels")
