"""The command ``completion``, and what a shell completes: names of snapshots, years, forms, tables.

Belongs here: completion of values. Does not belong here: which values there are (``installed``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable

import click

from orchestration.cli import installed
from orchestration.cli.common import main
from orchestration.core.settings import Settings
from orchestration.trace.conditions import ANSWER_KEYS, ANSWERS

PROGRAM = "is248"
VARIABLE = f"_{PROGRAM.upper()}_COMPLETE"
CURRENT = "current"

Complete = Callable[[click.Context, click.Parameter, str], list[str]]

# Where the script goes so that every new shell loads it, and how to load it in one shell at once.
_INSTRUCTIONS = {
    "bash": ("./is248 completion bash > ~/.is248-complete.bash", "echo '. ~/.is248-complete.bash' >> ~/.bashrc"),
    "zsh": ("./is248 completion zsh > ~/.is248-complete.zsh", "echo '. ~/.is248-complete.zsh' >> ~/.zshrc"),
    "fish": ("./is248 completion fish > ~/.config/fish/completions/is248.fish",),
}
_AT_ONCE = {
    "bash": 'eval "$(./is248 completion bash)"',
    "zsh": 'eval "$(./is248 completion zsh)"',
    "fish": "./is248 completion fish | source",
}

# Click's scripts call the program by its name; here the one on the command line is called, which may not be in PATH. A key
# is completed up to its equals sign, behind which no blank belongs.
_CHANGES = {
    "bash": ((" COMPREPLY+=($value)", " COMPREPLY+=($value)\n            [[ $value == *= ]] && compopt -o nospace"),),
    "zsh": (
        (f"(( ! $+commands[{PROGRAM}] )) && return 1", "(( $+commands[${words[1]}] )) || [[ -x ${words[1]} ]] || return 1"),
        (f"zsh_complete {PROGRAM})", "zsh_complete ${words[1]})"),
    ),
    "fish": ((f"COMP_CWORD=(commandline -t) {PROGRAM})", "COMP_CWORD=(commandline -t) (commandline -opc)[1])"),),
}


def script(shell: str) -> str:
    """Return click's script of a shell, for the program as it is called in that shell."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is None:
        raise LookupError(shell)
    # Its own ``source`` starts a bash to find its version.
    text = found.source_template % found(main, {}, PROGRAM, VARIABLE).source_vars()
    for before, after in _CHANGES[shell]:
        if text.count(before) != 1:
            raise LookupError(f"click's script for {shell} has not {before!r}")
        text = text.replace(before, after)
    return text


@main.command(
    examples=['eval "$(./is248 completion bash)"', "./is248 completion bash > ~/.is248-complete.bash"],
    is_answer=True,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), help="The shell that completes.")
def completion(shell: str) -> None:
    """Print the script that lets a shell complete commands, options and values of is248 on the Tab key.

    The script completes ./is248 in the project's folder, and is248 where .venv is active. Its first lines say how
    to load it.
    """
    steps = "".join(f"#   {step}\n" for step in _INSTRUCTIONS[shell])
    click.echo(f"# Load it in this shell only:\n#   {_AT_ONCE[shell]}\n# Load it in every new shell:\n{steps}")
    click.echo(script(shell))
    if sys.stdout.isatty():
        click.echo(f"this is only the script; load it: {_AT_ONCE[shell]}", err=True)


def _completing(values: Callable[[Settings], Iterable[object]]) -> Complete:
    """Return a completion of values by those that the installation has."""

    def complete(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        settings = installed.settings_or_none()
        if settings is None:
            return []
        return [str(value) for value in values(settings) if str(value).startswith(incomplete)]

    return complete


complete_years = _completing(lambda settings: sorted(set(installed.forms(settings).values()), reverse=True))
complete_forms = _completing(installed.forms)
complete_deliveries = _completing(installed.deliveries)
complete_tables = _completing(lambda settings: [ANSWERS, *installed.tables(settings)])
complete_snapshots = _completing(lambda settings: [CURRENT, *installed.published(settings)])
complete_published = _completing(installed.published)
complete_judged = _completing(lambda settings: [CURRENT, *installed.published(settings), *installed.candidates(settings)])
complete_versions = _completing(lambda settings: ["published", "previous"])
complete_models = _completing(lambda settings: installed.models())


def complete_conditions(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the keys of the table that was named before, each with the equals sign."""
    settings = installed.settings_or_none()
    table = ctx.params.get("table")
    if settings is None or not isinstance(table, str) or "=" in incomplete:
        return []
    names = ANSWER_KEYS if table == ANSWERS else installed.columns(settings, table)
    return [f"{name}=" for name in names if name.startswith(incomplete)]
