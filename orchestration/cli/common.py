"""What every command of ``is248`` shares: the group, ``--json``, errors as one line, and how a path is shown.

Belongs here: arguments and answers of all commands. Does not belong here: a command (the modules beside this one).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestration.core.errors import RefusedError, UserError, UserErrors, causes, system_error
from orchestration.core.settings import load_settings


def command(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Add ``--json``, print what the command returns, and turn errors into one line and an exit code."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
    @wraps(function)
    def wrapper(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            answer = function(*args, **kwargs)
        except Exception as error:
            told = _told(error)
            if told is not None:
                every = told.found if isinstance(told, UserErrors) else (told,)
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
                raise
            sys.exit(1)
        if as_json:
            click.echo(
                json.dumps(
                    {name: value for name, value in answer.items() if name != "text"}, ensure_ascii=False, default=str
                )
            )
        else:
            click.echo(answer["text"])

    return wrapper


def _told(error: Exception) -> UserError | None:
    """Return what the one line of an error says; None for a refusal of the gate and for a defect."""
    try:
        folders = load_settings().written
    except UserError:
        folders = ()
    # A rule that could not run for want of room says nothing about the candidate.
    found = [("", text) for text in error.errors] if isinstance(error, RefusedError) else causes(error)
    return system_error(found, folders) or (error if isinstance(error, UserError) else None)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="is248")
def main() -> None:
    """IS-24/8: from raw municipal survey exports to public long-term statistics."""


def shown_path(path: Path) -> str:
    """Return a path as short as it can be said from the folder that the user is in."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def counted(count: int, what: str) -> str:
    """Return a number with what is counted: ``1 unit``, ``2 units``."""
    return f"{count} {what}{'' if count == 1 else 's'}"
