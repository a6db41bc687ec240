"""The command line ``is248``: thin, calls the same assets and functions as Dagster does.

Belongs here: arguments, progress, messages, exit codes. Exit code 0 means success and nothing else; an error of the user's
is one line on standard error that names the place and the remedy.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from orchestration.errors import RefusedError, UserError
from orchestration.gate.checkpoint import RuleResult, judge, refusal
from orchestration.gate.rules import load_rules
from orchestration.publish import snapshots
from orchestration.publish.candidate import DATABASE, Candidate, content_hash
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from orchestration.tables import load_tables
from orchestration.warehouse import connect, is_running

EXAMPLE_QUERY = (
    "select time_period, series, fte, series_break from fte_by_service where unit_level = 'country' "
    "and target_group = 'total' and service_type = 'total' and area_basis = 'reported' order by time_period"
)


def _command(function: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """Add ``--json``, print what the command returns, and turn errors into one line and an exit code."""

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
    @wraps(function)
    def wrapper(*args: Any, as_json: bool, **kwargs: Any) -> None:
        try:
            answer = function(*args, **kwargs)
        except UserError as error:
            if as_json:
                click.echo(json.dumps({"error": error.what, "place": error.place, "remedy": error.remedy}))
            click.echo(f"error: {error}", err=True)
            sys.exit(1)
        except RefusedError as refusal:
            if as_json:
                click.echo(json.dumps(refusal.details, ensure_ascii=False))
            for line in refusal.lines:
                click.echo(line, err=True)
            sys.exit(1)
        if as_json:
            click.echo(json.dumps({name: value for name, value in answer.items() if name != "text"}, ensure_ascii=False))
        else:
            click.echo(answer["text"])

    return wrapper


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="is248")
def main() -> None:
    """IS-24/8: from raw municipal survey exports to public long-term statistics."""


def _shown(path: Path) -> str:
    """Return a path as short as it can be said from the folder that the user is in."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@main.command()
@_command
def run() -> dict[str, Any]:
    """Make a candidate from the inputs, judge it, and publish it if it passes."""
    settings = load_settings()
    click.echo("reading the project ...", err=True)
    from orchestration.runs import refresh  # imported here, so that the other commands start at once

    published = refresh(settings, lambda line: click.echo(line, err=True))
    database = _shown(settings.snapshots / snapshots.CURRENT / DATABASE)
    text = (
        f"{'published' if published.new else 'nothing new: already published'} {published.folder.name}\n"
        f"  folder: {_shown(published.folder)}\n"
        f'  try:    .venv/bin/duckdb -readonly {database} "{EXAMPLE_QUERY}"'
    )
    return {
        "published": published.new,
        "snapshot": published.folder.name,
        "folder": str(published.folder),
        "query": EXAMPLE_QUERY,
        "text": text,
    }


@main.command()
@_command
def status() -> dict[str, Any]:
    """Show what is published, the last candidate with its verdict, and the inputs in the warehouse."""
    settings = load_settings()
    published = snapshots.current(settings.snapshots)
    refused = []
    for folder in sorted(settings.candidates.glob("[!.]*/")) if settings.candidates.is_dir() else []:
        verdict = snapshots.read_gate(folder)
        refused.append({"candidate": folder.name, "verdict": verdict["verdict"] if verdict else "not judged"})
    inputs: dict[str, int] = {}
    verdicts: dict[str, int] = {}
    if published is not None:
        with connect(published / DATABASE, read_only=True) as connection:
            for table in load_tables(settings.metadata):
                row = connection.execute(f'select count(*) from "{table.name}"').fetchone()
                inputs[table.name] = int(row[0]) if row else 0
            verdicts = dict(
                connection.execute("select verdict, count(*) from reconciliation group by all order by all").fetchall()
            )
    running = is_running(settings.warehouse)
    lines = [
        f"channel:   {settings.channel}",
        f"run:       {'active' if running else 'none'}",
        f"published: {published.name if published else 'nothing yet; run is248 run'}",
        *(f"candidate: {entry['candidate']} ({entry['verdict']})" for entry in refused),
    ]
    if published is not None:
        lines.append("tables:")
        lines += [f"  {name:24} {count:>8,} rows".replace(",", " ") for name, count in inputs.items()]
        lines.append("printed figures by verdict:")
        lines += [f"  {name:24} {count:>8,}".replace(",", " ") for name, count in verdicts.items()]
    return {
        "channel": settings.channel,
        "running": running,
        "published": published.name if published else None,
        "candidates": refused,
        "tables": inputs,
        "reconciliation": verdicts,
        "text": "\n".join(lines),
    }


@main.command()
@click.argument("identifier", required=False)
@_command
def check(identifier: str | None) -> dict[str, Any]:
    """Judge the last candidate again, or the candidate or snapshot IDENTIFIER, without publishing anything."""
    settings = load_settings()
    candidate = _find_candidate(settings, identifier)
    click.echo(f"judging {candidate.id} ...", err=True)
    published = candidate.path.parent == settings.snapshots
    verdict = _judge_copy(settings, candidate) if published else _judge(settings, candidate)
    if verdict["verdict"] != "pass":
        raise refusal(verdict, candidate.path)
    return {
        "candidate": candidate.id,
        "verdict": "pass",
        "counts": verdict["counts"],
        "text": f"{candidate.id} passes: {verdict['counts']['pass']} rules hold",
    }


def _judge(settings: Settings, candidate: Candidate) -> dict[str, Any]:
    """Run the rules again; what the dbt tests found when the tables were made stays as it was."""
    before = snapshots.read_gate(candidate.path) or {"rules": []}
    tests = [RuleResult(**entry) for entry in before["rules"] if entry["kind"] == "dbt_test"]
    return judge(load_rules(settings.rules), load_tables(settings.metadata), candidate, tests)


def _judge_copy(settings: Settings, snapshot: Candidate) -> dict[str, Any]:
    """Judge a published snapshot in a copy, since a snapshot is never written to."""
    snapshots.verify(snapshot.path)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / snapshot.id
        shutil.copytree(snapshot.path, copy, copy_function=shutil.copyfile)
        return _judge(settings, Candidate(id=snapshot.id, path=copy, content_hash=snapshot.content_hash))


def _find_candidate(settings: Settings, identifier: str | None) -> Candidate:
    if identifier is None:
        from orchestration.assets.publication import last_candidate

        candidate = last_candidate(settings)
        if candidate is not None:
            return candidate
        folder = snapshots.current(settings.snapshots)
        if folder is None:
            raise UserError("there is no candidate", place=str(settings.candidates), remedy="run is248 run")
    else:
        found = [path for path in (settings.candidates / identifier, settings.snapshots / identifier) if path.is_dir()]
        if not found or Path(identifier).name != identifier or identifier.startswith("."):
            raise UserError(
                f"there is no candidate or snapshot {identifier!r}",
                place=str(settings.snapshots),
                remedy="is248 status lists them",
            )
        folder = found[0].resolve()
    return Candidate(id=folder.name, path=folder, content_hash=content_hash(folder))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def ui(options: tuple[str, ...]) -> None:
    """Open Dagster's user interface on http://127.0.0.1:3000 (OPTIONS go to `dagster dev`)."""
    from orchestration.runs import prepare_instance

    prepare_instance(load_settings())
    dagster = Path(sys.executable).parent / "dagster"
    os.execv(dagster, [str(dagster), "dev", "--workspace", str(PROJECT_DIR / "workspace.yaml"), *options])


if __name__ == "__main__":
    main()
