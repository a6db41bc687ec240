"""The project's own standards, checked by the tools that define them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR

BIN = Path(sys.executable).parent


@pytest.mark.parametrize(
    "command",
    [
        ["ruff", "check", "orchestration", "tests", "benchmarks", "is248"],
        ["ruff", "format", "--check", "orchestration", "tests", "benchmarks", "is248"],
        ["mypy"],
        ["sqlfluff", "lint", "dbt_project/models", "dbt_project/tests", "orchestration/publish/macros"],
    ],
    ids=["ruff-check", "ruff-format", "mypy", "sqlfluff"],
)
def test_the_code_meets_its_standard(command: list[str]) -> None:
    result = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=PROJECT_DIR, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_lock_files_pin_and_hash_everything_and_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-spark.lock"):
        text = (PROJECT_DIR / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert all("==" in entry for entry in text.split("\n") if entry and not entry.startswith((" ", "#")))
        assert text.count("==") <= text.count("--hash=sha256:")
