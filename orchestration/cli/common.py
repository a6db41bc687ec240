"""What every command of ``is248`` shares: the group and its help, common options, errors as one line.

Belongs here: arguments and answers of all commands. Does not belong here: a command (the modules beside this one), or which
commands there are (``catalogue``). It imports little: ``--help`` and the completion of a shell must come at once.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click

from orchestration.cli.catalogue import COMMANDS, SECTIONS, START_SCRIPT
from orchestration.core.errors import RefusedError, UserError, UserErrors, causes, system_error
from orchestration.core.progress import Level, progress

# Fits a terminal of usual width, and avoids needless line breaks on a wide one.
HELP_WIDTH = 100


class Command(click.Command):
    """A command whose help ends with examples.

    Args:
        examples: lines of a shell; names in braces stand for what the installation has (``installed``).
        doing: what the command does, reported if it takes a while; empty for a command with its own progress.
        is_answer: the whole output is the answer, so that ``--quiet`` cuts off nothing.
    """

    def __init__(
        self, *args: Any, examples: Sequence[str] = (), doing: str = "", is_answer: bool = False, **kwargs: Any
    ) -> None:
        """Keep the options that click does not know."""
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.doing = doing
        self.is_answer = is_answer

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        super().format_epilog(ctx, formatter)
        if self.examples:
            from orchestration.cli.installed import filled_examples  # imported here: it reads settings

            with formatter.section("Examples"):
                for line in filled_examples(self.examples):
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the arguments under the word that the usage line uses for them."""
        arguments = [each for each in self.get_params(ctx) if isinstance(each, click.Argument)]
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(each.human_readable_name.strip("[]."), each.help or "") for each in arguments])


class Group(click.Group):
    """All commands, in the groups of the catalogue; one is imported only when it is called."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing the module that has it."""
        listed = COMMANDS.get(cmd_name)
        if listed is not None and cmd_name not in self.commands:
            if listed.module == START_SCRIPT:
                self.add_command(_of_start_script(cmd_name))
            else:
                importlib.import_module(f"orchestration.cli.{listed.module}")
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the called command; the error for an unknown one suggests the nearest word."""
        if not args[0].startswith("-") and args[0] not in COMMANDS and not ctx.resilient_parsing:
            from orchestration.core.suggestions import suggest

            raise click.UsageError(f"there is no command {args[0]!r}{suggest(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each group with a whole line for each command."""
        width = max(len(f"{name} {listed.given}".strip()) for name, listed in COMMANDS.items())
        for title, section in SECTIONS.items():
            with formatter.section(title):
                rows = [(f"{name} {listed.given}".strip().ljust(width), listed.line) for name, listed in section.items()]
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Return the names of commands with their lines, without importing a command, and the options."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=listed.line) for name, listed in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]


def _of_start_script(name: str) -> click.Command:
    """Return a placeholder for a command of the start script, which never calls this program for it."""

    def refuse(arguments: tuple[str, ...]) -> None:
        click.echo(f"error: {name}: the start script does this; call ./is248 {name} in the project's folder", err=True)
        sys.exit(1)

    listed = COMMANDS[name]
    arguments = click.Argument(
        ["arguments"],
        nargs=-1,
        type=click.UNPROCESSED,
        metavar=listed.given or "[ARGUMENTS]...",
        help="Arguments for the tools that the start script calls.",
    )
    return Command(
        name,
        callback=refuse,
        params=[arguments],
        context_settings={"ignore_unknown_options": True},
        help=f"{listed.line}.\n\nThe start script ./is248 does this, in the project's folder.",
        examples=(f"./is248 {listed.example}",),
    )


def _listen(level: Level) -> Callable[[click.Context, click.Parameter, bool], bool]:
    """Return the callback that sets the amount of output, where the option is given."""

    def listen(ctx: click.Context, _: click.Parameter, given: bool) -> bool:
        if given and not ctx.resilient_parsing:
            if progress.level not in (Level.NORMAL, level):
                raise click.UsageError("--quiet and --verbose cannot be used together", ctx)
            progress.level = level
        return given

    return listen


def how_much(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--quiet`` and ``--verbose``, which may stand before and after the name of a command."""
    for names, level, text in (
        (("-v", "--verbose"), Level.VERBOSE, "Also print details and timings."),
        (("-q", "--quiet"), Level.QUIET, "Print only errors and the result."),
    ):
        function = click.option(*names, is_flag=True, expose_value=False, callback=_listen(level), help=text)(function)
    return function


def command(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Add ``--json`` and the verbosity options, print what the command returns, turn errors into one line and an exit code.

    What a command returns is printed: ``text``, or under ``--json`` everything else. ``result`` is the line of the text that
    stays under ``--quiet``: the first one where it is not given.
    """

    @how_much
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
    @wraps(function)
    def wrapper(*args: Any, as_json: bool, **kwargs: Any) -> None:
        called = click.get_current_context().command
        doing = getattr(called, "doing", "")
        begun = time.monotonic()
        try:
            with progress.doing(doing) if doing else nullcontext():
                answer = function(*args, **kwargs)
        except Exception as error:
            _end(error, as_json)
        progress.clear()
        _print(answer, as_json, is_answer=getattr(called, "is_answer", False))
        progress.detail(f"{called.name} took {time.monotonic() - begun:.1f} s")

    return wrapper


def _print(answer: Mapping[str, Any], as_json: bool, *, is_answer: bool) -> None:
    """Print what a command returned."""
    if as_json:
        content = {name: value for name, value in answer.items() if name not in ("text", "result")}
        click.echo(json.dumps(content, ensure_ascii=False, default=str))
    elif progress.level == Level.QUIET and not is_answer:
        click.echo(answer.get("result") or answer["text"].partition("\n")[0])
    else:
        click.echo(answer["text"])


def _end(error: Exception, as_json: bool) -> NoReturn:
    """Print an error in one line and exit; a defect of this program keeps its stack trace."""
    progress.clear()
    user_error = _as_user_error(error)
    if user_error is not None:
        every = user_error.found if isinstance(user_error, UserErrors) else (user_error,)
        if as_json:
            first, *others = [{"error": each.what, "place": each.place, "remedy": each.remedy} for each in every]
            click.echo(json.dumps({**first, "others": others} if others else first))
        for each in every:
            click.echo(f"error: {each}", err=True)
    elif isinstance(error, RefusedError):
        if as_json:
            click.echo(json.dumps(error.details, ensure_ascii=False))
        for line in error.lines:
            click.echo(line, err=True)
    else:
        raise error
    sys.exit(1)


def _as_user_error(error: Exception) -> UserError | None:
    """Return an error as a UserError of one line; None for a refusal of the gate and for a defect."""
    from orchestration.core.settings import load_settings  # imported here: see above

    try:
        folders = load_settings().written
    except UserError:
        folders = ()
    # A rule that could not run on a full disk says nothing about the candidate.
    found = [("", text) for text in error.errors] if isinstance(error, RefusedError) else causes(error)
    return system_error(found, folders) or (error if isinstance(error, UserError) else None)


class _Reset(Group):
    """The group as it is called: resets the amount of output to normal, until an option changes it."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        progress.level = Level.NORMAL
        return super().make_context(*args, **kwargs)


@click.group(cls=_Reset, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": HELP_WIDTH})
@how_much
@click.version_option(package_name="is248")
def main() -> None:
    """IS-24/8: from raw municipal survey exports to public long-term statistics.

    Call it from the project's folder as ./is248 COMMAND. ./is248 COMMAND --help explains one command and gives examples.
    """


def shown_path(path: Path) -> str:
    """Return the shortest form of a path from the user's current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def counted(count: int, what: str) -> str:
    """Return a number with what is counted: ``1 unit``, ``2 units``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def thousands(value: float | Decimal) -> str:
    """Return a number as the tables of commands have it: ``12 345``."""
    return f"{value:,}".replace(",", " ")


def aligned(heads: Sequence[str], rows: Sequence[Sequence[object]], indent: str = "") -> list[str]:
    """Return a table as lines: a row of heads, and aligned columns, numbers to the right.

    Without rows there is no table.

    Args:
        heads: one for each column.
        rows: values of any kind; None is empty. A column of only numbers is right-aligned.
        indent: the beginning of each line.
    """
    if not rows:
        return []
    numeric = [all(isinstance(row[place], int | float | Decimal | None) for row in rows) for place in range(len(heads))]
    shown = [list(heads), *([_shown(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in shown) for place in range(len(heads))]
    return [
        indent
        + "  ".join(
            cell.rjust(width) if is_number else cell.ljust(width)
            for cell, width, is_number in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in shown
    ]


def _shown(value: object) -> str:
    if value is None:
        return ""
    return thousands(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else str(value)
