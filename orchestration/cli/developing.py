"""Commands for developers of the program: ``model`` and ``licences``.

Belongs here: the output of these commands. Does not belong here: making a model (``engines.one_model``), licences
(``core.licences``), or style tools, which the start script calls itself.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.cli.completion import complete_models
from orchestration.core import licences
from orchestration.core.errors import RefusedError
from orchestration.core.settings import load_settings

KINDS = {"model": "model", "unit_test": "unit test", "test": "data test"}


@main.command("model", examples=["./is248 model int_cells"], doing="building the model")
@click.argument("name", shell_complete=complete_models, help="Name of a dbt model: its file without .sql.")
@command
def model_command(name: str) -> dict[str, Any]:
    """Build one dbt model in the warehouse of the last run, with its unit tests and data tests."""
    from orchestration.engines import one_model  # imported here, so that the other commands start at once

    outcomes = one_model.make(load_settings(), name)
    shown = [{"name": each.name, "kind": each.kind, "holds": each.holds, "said": each.message} for each in outcomes]
    answer: dict[str, Any] = {"model": name, "outcomes": shown}
    failed = [each for each in outcomes if not each.holds]
    if failed:
        raise RefusedError(
            [
                f"{name}: {len(failed)} of {len(outcomes)} failed",
                *(f"  {KINDS[each.kind]} {each.name}: {each.message}" for each in failed),
            ],
            answer,
        )
    counts = [
        counted(sum(each.kind == kind for each in outcomes), KINDS[kind])
        for kind in KINDS
        if any(each.kind == kind for each in outcomes)
    ]
    return {**answer, "text": f"{name}: {', '.join(counts)}, all as they should be"}


@main.command("licences", examples=["./is248 licences"], doing="reading the installed packages")
@command
def licences_command() -> dict[str, Any]:
    """List the installed packages with their licences.

    The command fails if a licence is not on the list of accepted ones.
    """
    found = licences.installed(licences.load_policy())
    answer: dict[str, Any] = {"packages": [asdict(each) for each in found]}
    refused = [each for each in found if not each.accepted]
    if refused:
        raise RefusedError(
            [
                f"{counted(len(refused), 'package')} under licences that {shown_path(licences.ACCEPTED)} does not accept:",
                *(f"  {each.package} {each.version}: {each.licence}" for each in refused),
            ],
            answer,
        )
    width = max(len(each.package) for each in found)
    return {**answer, "text": "\n".join(f"{each.package:{width}}  {each.version:16}  {each.licence}" for each in found)}
