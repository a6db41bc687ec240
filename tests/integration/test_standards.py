"""The project's own standards that take a minute to check: types, and the style of the SQL."""

from __future__ import annotations

from tests.conftest import assert_meets_standard


def test_types_fit() -> None:
    assert_meets_standard("mypy")


def test_the_sql_meets_its_style() -> None:
    assert_meets_standard("sqlfluff", "lint", "dbt_project/models", "dbt_project/tests", "orchestration/publish/macros")
