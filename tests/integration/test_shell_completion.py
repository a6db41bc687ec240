"""Shell completion, called as by the shell's script, and the few imports needed for it and for help."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR

HEAVY = ("dagster", "dbt", "great_expectations", "duckdb", "pyarrow", "pandas", "numpy", "jinja2")


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, str]:
    """Return the environment of an installation with two snapshots, a candidate, two forms and a delivery."""
    for name in ("2031-0123456789ab", "2032-abcdef012345", ".refused"):
        (tmp_path / "snapshots" / name).mkdir(parents=True)
    (tmp_path / "snapshots" / "current").symlink_to("2032-abcdef012345")
    for name, year in (("small_2031", 2031), ("small_2032", 2032)):
        (tmp_path / "data" / "forms" / name).mkdir(parents=True)
        (tmp_path / "data" / "forms" / name / "form.yml").write_text(f"form: {name}\ntime_period: {year}\n")
    (tmp_path / "data" / "deliveries" / "2033").mkdir(parents=True)
    (tmp_path / "data" / "metadata").symlink_to(PROJECT_DIR / "data" / "metadata")
    return {
        "IS248_DATA_DIR": str(tmp_path / "data"),
        "IS248_SNAPSHOTS_DIR": str(tmp_path / "snapshots"),
        "IS248_WAREHOUSE_DIR": str(tmp_path / "warehouse"),
    }


def python(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )


def completed(line: str, environment: dict[str, str]) -> list[str]:
    """Return the proposals for the last word of a line, called as by bash; asserts that nothing heavy is imported."""
    words = line.split(" ")
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_IS248_COMPLETE": "bash_complete"}
    code = (
        "import atexit, sys\n"
        f"heavy = lambda: [each for each in {HEAVY} if each in sys.modules]\n"
        "atexit.register(lambda: print(heavy(), file=sys.stderr))\n"
        "from orchestration.cli import main\n"
        "main(prog_name='is248')"
    )
    result = python(code, {**environment, **asked})
    assert result.returncode == 0, result.stderr
    assert result.stderr.splitlines()[-1] == "[]", line
    return [each.partition(",")[2] for each in result.stdout.splitlines() if each]


@pytest.mark.parametrize(
    ("line", "proposed"),
    [
        ("./is248 ro", ["rollback"]),
        ("./is248 te", ["test"]),
        ("./is248 --quiet ver", ["verify"]),
        ("./is248 verify ", ["current", "2031-0123456789ab", "2032-abcdef012345"]),
        ("./is248 rollback 2031", ["2031-0123456789ab"]),
        ("./is248 diff 2031-0123456789ab cur", ["current"]),
        ("./is248 preview ", ["2032", "2031"]),
        ("./is248 run --year ", ["2032", "2031"]),
        ("./is248 preview 2032 --against p", ["published", "previous"]),
        ("./is248 new-year ", ["small_2031", "small_2032"]),
        ("./is248 new-year small_2032 ", ["2033"]),
        ("./is248 rehearse 2033 --from small_2032", ["small_2032"]),
        ("./is248 report 2032 --language ", ["nb", "en"]),
        ("./is248 contact 2032 --sent r", ["reminders"]),
        ("./is248 explain fte_by_se", ["fte_by_service"]),
        ("./is248 explain answ", ["answers"]),
        ("./is248 explain answers f", ["form=", "file=", "fate="]),
        ("./is248 explain fte_by_service unit_l", ["unit_level="]),
        ("./is248 explain fte_by_service unit_level=mun", []),
        ("./is248 model int_cell_r", ["int_cell_readings"]),
        ("./is248 prune --", ["--keep", "--delete", "--quiet", "--verbose", "--json", "--help"]),
        ("./is248 completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_what_is_proposed(line: str, proposed: list[str], folders: dict[str, str]) -> None:
    assert completed(line, folders) == proposed


def test_wrong_settings_propose_nothing(folders: dict[str, str]) -> None:
    assert completed("./is248 verify ", {**folders, "IS248_CHANNEL": "nowhere"}) == []


def test_help_imports_nothing_that_it_does_not_need() -> None:
    code = (
        "import sys\nfrom orchestration.cli import main\n"
        "main(['--help'], prog_name='is248', standalone_mode=False)\n"
        f"assert not [each for each in {(*HEAVY, 'pydantic', 'yaml')} if each in sys.modules], sys.modules.keys()"
    )
    result = python(code, {})
    assert result.returncode == 0, result.stderr
    assert "Every year:" in result.stdout


def script(shell: str) -> str:
    result = python(f"from orchestration.cli import main; main(['completion', '{shell}'], prog_name='is248')", {})
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_says_how_it_is_loaded_and_asks_the_program_that_stands_in_the_line(shell: str) -> None:
    text = script(shell)
    assert text.startswith("# Load it in this shell only:\n#   ")
    assert f"./is248 completion {shell} > ~/." in text
    assert f"_IS248_COMPLETE={shell}_complete" in text
    assert f"{shell}_complete is248" not in text and "COMP_CWORD=(commandline -t) is248" not in text
    found = shutil.which(shell)
    if found is not None:
        checked = subprocess.run([found, "-n"], input=text, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_bash_completes_the_program_of_the_folder(tmp_path: Path, folders: dict[str, str]) -> None:
    """Bash looks up the command word by its last part, so the completion for is248 applies to ./is248."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    program = tmp_path / "is248"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m orchestration.cli "$@"\n')
    program.chmod(0o755)
    (tmp_path / "complete.bash").write_text(script("bash"))
    asked = """
    source ./complete.bash
    complete -p is248
    ask() {
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _is248_completion "$1" "${!#}" "" 2>/dev/null
        echo "${COMPREPLY[*]}"
    }
    ask ./is248 ex
    ask ./is248 rollback 2031
    """
    result = subprocess.run(
        [bash, "--norc", "-c", asked],
        cwd=tmp_path,
        env={**os.environ, **folders, "PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.splitlines() == ["complete -o nosort -F _is248_completion is248", "explain", "2031-0123456789ab"]


def test_the_start_script_installs_nothing_for_a_shell(tmp_path: Path) -> None:
    for name in ("is248", "requirements.lock", "pyproject.toml"):
        shutil.copyfile(PROJECT_DIR / name, tmp_path / name)
    result = subprocess.run(
        [sys.executable, str(tmp_path / "is248")],
        env={**os.environ, "_IS248_COMPLETE": "bash_complete", "COMP_WORDS": "./is248 ", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not (tmp_path / ".venv").exists()
