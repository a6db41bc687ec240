"""The command line for its users: help in groups, examples to copy, tables, verbosity, errors."""

from __future__ import annotations

import ast
import importlib
import inspect
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from orchestration.cli import installed, main
from orchestration.cli.catalogue import COMMANDS, SECTIONS, START_SCRIPT
from orchestration.cli.common import Command, Group, aligned, command
from orchestration.core.progress import progress
from orchestration.core.settings import PROJECT_DIR

MODULES = sorted(path.stem for path in (PROJECT_DIR / "orchestration" / "cli").glob("*.py") if path.stem[:2] != "__")


def called(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None, name
    return found


def shown(*arguments: str, width: int = 100) -> str:
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(main, arguments, terminal_width=width)
    assert result.exit_code == 0, result.output
    return result.output


# Help -------------------------------------------------------------------------------------------------------------------


def test_every_command_is_in_one_group() -> None:
    for module in MODULES:
        importlib.import_module(f"orchestration.cli.{module}")
    listed = [name for section in SECTIONS.values() for name in section]
    assert len(listed) == len(set(listed))
    assert set(main.commands) <= set(listed)
    for name, entry in COMMANDS.items():
        function = called(name).callback
        assert function is not None
        # Calling the command imports the module that the catalogue names.
        assert entry.module == START_SCRIPT or function.__module__ == f"orchestration.cli.{entry.module}", name


def test_every_word_of_the_start_script_is_in_the_help() -> None:
    words: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT_DIR / "is248").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Name) and node.left.id == "command":
            words |= {each.value for part in node.comparators for each in ast.walk(part) if isinstance(each, ast.Constant)}
    assert "test" in words
    assert words <= set(COMMANDS)


@pytest.mark.parametrize("width", [80, 100])
def test_each_command_has_one_whole_line(width: int) -> None:
    lines = shown("--help", width=width).splitlines()
    assert max(map(len, lines)) <= width
    for title, section in SECTIONS.items():
        place = lines.index(f"{title}:")
        for line, (name, listed) in zip(lines[place + 1 :], section.items(), strict=False):
            assert line.split(None, 1)[0] == name
            assert line.endswith(f" {listed.line}")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_explains_all_that_it_takes(name: str) -> None:
    found = called(name)
    assert isinstance(found, Command)
    first, *_ = (found.help or "").split("\n\n")
    assert first.endswith(".") and ". " not in " ".join(first.split()).replace("./is248", ""), "one sentence comes first"
    for parameter in found.params:
        assert getattr(parameter, "help", None), f"{name} does not explain {parameter.name}"
    lines = shown(name, "--help").splitlines()
    assert not any(line.endswith("...") and "Usage" not in line for line in lines if not line.startswith("  ./is248"))
    assert "Examples:" in lines


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_are_what_the_command_takes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = called(name)
    assert isinstance(found, Command) and found.examples
    monkeypatch.chdir(tmp_path)
    for example in installed.filled_examples(found.examples):
        text = example.removeprefix('eval "$(').removesuffix(')"').replace("\\\n", " ")
        program, word, *arguments = shlex.split(text.partition(" > ")[0], comments=True)
        assert (program, word) == ("./is248", name)
        for argument in arguments:
            # Files that an option reads must exist.
            if argument.endswith("/"):
                Path(argument).mkdir(exist_ok=True)
            elif argument.endswith(".xlsx"):
                Path(argument).touch()
        found.make_context(word, arguments)


def test_examples_name_what_the_installation_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, year in (("a_2031", 2031), ("b_2032", 2032), ("a_2033", 2033)):
        folder = tmp_path / "forms" / name
        folder.mkdir(parents=True)
        (folder / "form.yml").write_text(f"form: {name}\ntime_period: {year}\n", encoding="utf-8")
    monkeypatch.setenv("IS248_DATA_DIR", str(tmp_path))
    assert installed.filled_examples(["{before} {form} {year} {next} {snapshot}"]) == ["a_2031 a_2033 2033 2034 SNAPSHOT"]
    monkeypatch.setenv("IS248_CHANNEL", "no such channel")
    assert installed.filled_examples(["{form} {year}"]) == ["FORM YEAR"]


def test_a_misspelt_command_is_reported_with_the_nearest() -> None:
    result = CliRunner().invoke(main, ["explian", "fte_by_service"])
    assert result.exit_code == 2
    assert "there is no command 'explian'; nearest is 'explain'" in result.output


@pytest.mark.parametrize("name", [name for name, listed in COMMANDS.items() if listed.module == START_SCRIPT])
def test_a_word_of_the_start_script_is_told_to_be_one(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--anything", "x"])
    assert result.exit_code == 1
    assert result.output == f"error: {name}: the start script does this; call ./is248 {name} in the project's folder\n"


# Tables -----------------------------------------------------------------------------------------------------------------


def test_tables_have_heads_and_aligned_columns() -> None:
    assert aligned(("form", "rows", "state"), [("a", 1, "x"), ("longer", 12345, ""), ("b", None, "y")], "  ") == [
        "  form      rows  state",
        "  a            1  x",
        "  longer  12 345",
        "  b               y",
    ]
    assert aligned(("form",), []) == []


# Verbosity --------------------------------------------------------------------------------------------------------------


def small_program(**answers: Any) -> Group:
    """Return a group with a command that prints something and returns these answers."""
    group = Group("is248", params=[each for each in main.params if each.name in ("quiet", "verbose")])

    @command
    def run() -> dict[str, Any]:
        progress.say("  a step")
        progress.detail("  a detail")
        return answers

    # A name that the catalogue knows.
    group.add_command(Command("run", callback=run, params=list(reversed(run.__click_params__))))  # type: ignore[attr-defined]
    return group


@pytest.fixture(autouse=True)
def as_usual() -> Any:
    before = progress.level
    yield
    progress.level = before


@pytest.mark.parametrize("arguments", [("--quiet", "run"), ("run", "--quiet"), ("run", "-q"), ("-q", "run", "-q")])
def test_quiet_prints_the_result_alone_wherever_it_stands(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(small_program(text="done\n  more"), arguments)
    assert (result.stdout, result.stderr) == ("done\n", "")


def test_quiet_prints_the_line_that_a_command_calls_its_result() -> None:
    assert CliRunner().invoke(small_program(text="first\nsecond", result="second"), ["-q", "run"]).output == "second\n"
    # It is a line of the text, not data.
    assert CliRunner().invoke(small_program(text="x", result="x", count=1), ["run", "--json"]).stdout == '{"count": 1}\n'


def test_verbose_adds_details_and_how_long_it_took() -> None:
    usual = CliRunner().invoke(small_program(text="done"), ["run"])
    assert (usual.stdout, usual.stderr) == ("done\n", "  a step\n")
    progress.level = type(progress.level).NORMAL
    result = CliRunner().invoke(small_program(text="done"), ["run", "--verbose"])
    first, second, third = result.stderr.splitlines()
    assert (first, second) == ("  a step", "  a detail")
    assert third.startswith("run took 0.") and third.endswith(" s")


def test_a_command_is_not_quiet_because_the_one_before_was() -> None:
    assert CliRunner().invoke(main, ["--quiet", "forms", "--help"]).exit_code == 0
    assert progress.level.name == "QUIET"
    CliRunner().invoke(main, ["forms", "--help"])
    assert progress.level.name == "NORMAL"


@pytest.mark.parametrize("name", [name for name, listed in COMMANDS.items() if listed.module != START_SCRIPT])
def test_a_command_that_takes_a_while_says_what_it_does(name: str) -> None:
    found = called(name)
    if name in ("rollback", "completion"):
        # They move a link, and print a text.
        assert isinstance(found, Command) and not found.doing
    elif name in ("new-year", "serve", "ui", "webserver", "daemon"):
        # Commands that ask or keep running: only the work before that is reported.
        assert found.callback is not None
        assert "progress." in inspect.getsource(inspect.unwrap(found.callback))
    else:
        assert isinstance(found, Command) and found.doing


def test_quiet_and_verbose_exclude_each_other() -> None:
    result = CliRunner().invoke(small_program(text="done"), ["--quiet", "run", "--verbose"])
    assert result.exit_code == 2
    assert "--quiet and --verbose cannot be used together" in result.output
