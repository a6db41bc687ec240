"""The project's own standards that take a minute to check: types, and the style of the SQL."""

from __future__ import annotations

import pytest

from tests.conftest import START_SCRIPT, assert_meets_standard


@pytest.mark.parametrize("command", [each for each in START_SCRIPT.LINT if each[0] != "ruff"], ids=lambda each: each[0])
def test_types_fit_and_the_sql_meets_its_style(command: list[str]) -> None:
    assert_meets_standard(*command)
