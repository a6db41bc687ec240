"""The project's own standards that are quick to check. Types and SQL are in tests/integration/test_standards.py."""

from __future__ import annotations

import pytest

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import START_SCRIPT, assert_meets_standard


@pytest.mark.parametrize("command", [each for each in START_SCRIPT.LINT if each[0] == "ruff"], ids=" ".join)
def test_the_code_meets_its_style(command: list[str]) -> None:
    assert_meets_standard(*command)


def test_the_lock_files_pin_and_hash_everything_and_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-spark.lock"):
        text = (PROJECT_DIR / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert all("==" in entry for entry in text.split("\n") if entry and not entry.startswith((" ", "#")))
        assert text.count("==") <= text.count("--hash=sha256:")
