"""The start script: its commands for daily work, and the hooks that call them. Installation is in test_locks.py."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from orchestration.cli.catalogue import COMMANDS, START_SCRIPT
from orchestration.core.settings import PROJECT_DIR
from tests.conftest import start_script

Call = Callable[..., tuple[object, list[str]]]

# Replaces each tool: records its call, and fails where its folder says so.
TOOL = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> "{folder}/called"
test ! -e "{folder}/fails-$name"
"""


@pytest.fixture
def script() -> ModuleType:
    return start_script()


@pytest.fixture
def call(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the start script with tools that only record their calls; return the exit and the calls."""
    (tmp_path / "bin").mkdir()
    for name in {name for name, *_ in (*script.LINT, *script.FIX)}:
        tool = tmp_path / "bin" / name
        tool.write_text(TOOL.format(folder=tmp_path), encoding="utf-8")
        tool.chmod(0o755)
    monkeypatch.setattr(script, "VENV", tmp_path)
    monkeypatch.setattr(script, "install", lambda purpose: None)
    for name in ("PATH", "PYTHONUTF8", "DO_NOT_TRACK", "DBT_SEND_ANONYMOUS_USAGE_STATS", "DAGSTER_DISABLE_TELEMETRY"):
        # The script sets them for the tools that it calls; they are restored after the test.
        monkeypatch.setenv(name, script.os.environ.get(name, ""))

    def run(*arguments: str, failing: str | None = None) -> tuple[object, list[str]]:
        if failing is not None:
            (tmp_path / f"fails-{failing}").touch()
        monkeypatch.setattr(script.sys, "argv", ["is248", *arguments])
        with pytest.raises(SystemExit) as ended:
            script.main()
        called = tmp_path / "called"
        return ended.value.code, called.read_text(encoding="utf-8").splitlines() if called.exists() else []

    return run


def test_lint_calls_every_tool_and_ends_well_where_all_do(call: Call, script: ModuleType) -> None:
    code, called = call("lint")
    assert code in (None, 0)
    assert called == [f"{name} {' '.join(options)}" for name, *options in script.LINT]


def test_lint_names_what_failed_and_looks_at_the_others_all_the_same(call: Call, script: ModuleType) -> None:
    code, called = call("lint", failing="ruff")
    assert code == "error: lint: ruff check, ruff format failed"
    assert len(called) == len(script.LINT)


def test_lint_takes_names_of_tools(call: Call) -> None:
    code, called = call("lint", "mypy", failing="ruff")
    assert (code, called) == (None, ["mypy "])


def test_a_tool_that_is_not_there_is_reported_with_those_that_are(call: Call) -> None:
    code, called = call("lint", "black")
    assert code == "error: there is no tool 'black' here; name some of ruff, mypy, sqlfluff, or none for all"
    assert called == []


def test_fix_mends_first_what_the_form_depends_on(call: Call) -> None:
    code, called = call("fix")
    assert code is None
    assert [line.split(" dbt_project")[0] for line in called] == ["ruff check --fix", "ruff format", "sqlfluff fix"]


def test_every_word_of_the_head_is_there(script: ModuleType) -> None:
    commands = {line.split()[1] for line in (script.__doc__ or "").splitlines() if line.startswith("    ./is248 ")}
    assert {"lint", "fix", "model", "test"} <= commands
    text = (PROJECT_DIR / "is248").read_text(encoding="utf-8")
    of_package = {name for name, entry in COMMANDS.items() if entry.module != START_SCRIPT}
    assert all(word in of_package or f'"{word}"' in text for word in commands)


def test_hooks_are_local_and_call_the_start_script_alone(script: ModuleType) -> None:
    config = yaml.safe_load((PROJECT_DIR / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [entry["repo"] for entry in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        program, word, *rest = shlex.split(hook["entry"])
        assert (program, hook["language"], hook["pass_filenames"]) == ("./is248", "system", False)
        assert word in ("lint", "test")
        if word == "lint":
            assert set(rest) <= {name for name, *_ in script.LINT}


def test_no_tool_tells_anybody_that_it_was_used(call: Call, script: ModuleType) -> None:
    call("lint")
    set_for_tools = {name: script.os.environ[name] for name in ("DAGSTER_DISABLE_TELEMETRY", "DO_NOT_TRACK")}
    assert set_for_tools == {"DAGSTER_DISABLE_TELEMETRY": "yes", "DO_NOT_TRACK": "1"}
    assert script.os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"

    def settings(*parts: str) -> dict[str, Any]:
        read: dict[str, Any] = yaml.safe_load(PROJECT_DIR.joinpath(*parts).read_text(encoding="utf-8"))
        return read

    assert settings("dagster.yaml")["telemetry"] == {"enabled": False}
    assert settings("dbt_project", "dbt_project.yml")["flags"]["send_anonymous_usage_stats"] is False
    assert settings("expectations", "great_expectations.yml")["analytics_enabled"] is False
