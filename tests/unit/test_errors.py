from __future__ import annotations

from orchestration.errors import UserError


def test_the_message_is_one_line_with_place_and_remedy() -> None:
    error = UserError("has no\nheader", place="data/x.csv, line 1", remedy="add it")
    assert str(error) == "data/x.csv, line 1: has no header; add it"


def test_an_error_survives_being_kept_as_text() -> None:
    error = UserError("rule a: b; c", place="data/x.csv, line 1", remedy="mend it")
    again = UserError.from_text(str(error))
    assert (again.place, again.what, again.remedy) == (error.place, error.what, error.remedy)
