"""The command line ``is248``: thin, calls the same assets and functions as Dagster does.

Belongs here: arguments, progress, messages, exit codes. Exit code 0 means success and nothing else; an error of the user's
is one line on standard error that names the place and the remedy.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from orchestration.errors import RefusedError, UserError, causes, system_error
from orchestration.explain import (
    ANSWER_KEYS,
    ANSWERS,
    as_dictionaries,
    explain_answers,
    explain_rows,
    parse_conditions,
    render_behind,
    render_origin,
    require_built,
)
from orchestration.forms.diff import diff_forms, render
from orchestration.forms.draft import draft_form, write_draft
from orchestration.forms.registry import load_form, load_forms
from orchestration.language import Language
from orchestration.publish import snapshots
from orchestration.publish.journal import publication as journal_publication
from orchestration.publish.journal import read_journal, withdrawal
from orchestration.publish.layout import DATABASE
from orchestration.publish.release import load_catalogue, read_release
from orchestration.release_calendar import load_calendar, now, overdue
from orchestration.settings import PROJECT_DIR, Settings, load_settings
from orchestration.tables import load_tables
from orchestration.warehouse import connect, dictionaries, is_running, run_lock

if TYPE_CHECKING:
    from orchestration.control.answers import Drafted
    from orchestration.control.findings import Control
    from orchestration.control.lists import Written
    from orchestration.runs import Published

# How many things that rows are left out for are named.
EXAMPLES_SHOWN = 3

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
        except Exception as error:
            told = _told(error)
            if told is not None:
                if as_json:
                    click.echo(json.dumps({"error": told.what, "place": told.place, "remedy": told.remedy}))
                click.echo(f"error: {told}", err=True)
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


def _shown(path: Path) -> str:
    """Return a path as short as it can be said from the folder that the user is in."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


@main.command()
@click.option("--year", type=int, help="Read the deliveries of this survey year only; otherwise of all that changed.")
@click.option(
    "--all", "everything", is_flag=True, help="Read every delivery again and make everything anew, changed or not."
)
@_command
def run(year: int | None, everything: bool) -> dict[str, Any]:
    """Read what was delivered, make a candidate, judge it, and publish it if it passes and may go out."""
    if year is not None and everything:
        raise UserError("--year and --all exclude each other", place="is248 run", remedy="give one of them")
    settings = load_settings()
    click.echo("reading the project ...", err=True)
    for name, path in (("inputs", settings.data), ("warehouse", settings.warehouse), ("snapshots", settings.snapshots)):
        click.echo(f"  {name + ':':10} {_shown(path)}", err=True)
    from orchestration import dbt  # imported here, so that the other commands start at once

    dbt.start_to_prepare(settings)
    from orchestration.runs import refresh

    return _publication(settings, refresh(settings, lambda line: click.echo(line, err=True), year, everything=everything))


@main.command()
@_command
def publish() -> dict[str, Any]:
    """Publish the candidate that was approved, if its release is due; makes nothing new."""
    settings = load_settings()
    from orchestration.runs import publish_approved  # imported here, as above

    return _publication(settings, publish_approved(settings, lambda line: click.echo(line, err=True)))


def _warnings(settings: Settings, published: Published) -> list[str]:
    """Return the warnings that do not hold of what a run made: of the candidate that waits, else of what is published."""
    from orchestration.assets.checks import stage_file  # imported here: it imports Dagster
    from orchestration.gate.results import read_results
    from orchestration.gate.rules import STAGES
    from orchestration.gate.verdict import warning_lines

    folder = settings.candidates / published.waiting if published.waiting else published.folder
    verdict = snapshots.read_gate(folder) if folder is not None else None
    stages = [path for stage in STAGES if (path := stage_file(settings, stage)).is_file()]
    return warning_lines(verdict, [found for path in stages for found in read_results(path)]) if verdict is not None else []


def _told_warnings(lines: list[str]) -> str:
    """Return failing warnings as the end of a command's text; nothing where there is none."""
    return "".join(f"\n{line}" for line in ["warnings that do not hold:", *(f"  {line}" for line in lines)]) if lines else ""


def _publication(settings: Settings, published: Published) -> dict[str, Any]:
    """Return what a run published, or what waits for its release."""
    waiting = [f"waiting: {published.waiting}", *(f"  {reason}" for reason in published.reasons)]
    folder = published.folder
    warnings = _warnings(settings, published)
    if folder is None:
        return {
            "published": False,
            "snapshot": None,
            "waiting": published.waiting,
            "reasons": list(published.reasons),
            "warnings": warnings,
            "text": "\n".join(["nothing is published yet", *(waiting if published.waiting else [])])
            + _told_warnings(warnings),
        }
    database = _shown(settings.snapshots / snapshots.CURRENT / DATABASE)
    rejected = sum(entry["rejected"] for entry in _ledger(settings))
    text = (
        f"{'published' if published.new else 'nothing new: already published'} {folder.name}\n"
        f"  folder: {_shown(folder)}\n"
        f'  try:    .venv/bin/duckdb -readonly {database} "{EXAMPLE_QUERY}"'
        + (f"\n  note:   {rejected} delivered cells were rejected: is248 explain answers fate=rejected" if rejected else "")
        + ("\n" + "\n".join(waiting) if published.waiting else "")
        + _told_warnings(warnings)
    )
    return {
        "published": published.new,
        "snapshot": folder.name,
        "folder": str(folder),
        "waiting": published.waiting,
        "reasons": list(published.reasons),
        "query": EXAMPLE_QUERY,
        "rejected_cells": rejected,
        "warnings": warnings,
        "text": text,
    }


@main.command()
@click.option("--files", is_flag=True, help="Show the cells of every delivered file, not of every form.")
@_command
def status(files: bool) -> dict[str, Any]:
    """Show what is published, candidates with their verdict, and where the delivered cells went."""
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
            # What is in the snapshot: one that was published by an earlier version may have other tables.
            for (table,) in connection.execute(
                "select table_name from information_schema.tables order by table_name"
            ).fetchall():
                row = connection.execute(f'select count(*) from "{table}"').fetchone()
                inputs[table] = int(row[0]) if row else 0
            verdicts = dict(
                connection.execute("select verdict, count(*) from reconciliation group by all order by all").fetchall()
            )
    running = is_running(settings.warehouse)
    ledger = _ledger(settings) if not running else []
    lines = [
        f"channel:   {settings.channel}",
        f"run:       {'active' if running else 'none'}",
        f"published: {published.name if published else 'nothing yet; run is248 run'}",
        *(f"candidate: {entry['candidate']} ({entry['verdict']})" for entry in refused),
    ]
    calendar = load_calendar(settings.calendar)
    if calendar.prepared is not None:
        planned = calendar.prepared
        approved = ", ".join(approval.candidate for approval in planned.approved) or "nothing yet"
        state = "due" if calendar.is_due(planned, now()) else "under embargo"
        lines.append(
            f"release:   {planned.release} ({planned.time_period}, {planned.status}), {state}: {calendar.told(planned)}; "
            f"approved: {approved}"
        )
    late = overdue(calendar, snapshots.said(published) if published else None, now())
    if late is not None and settings.channel == "official":
        lines.append(f"OVERDUE:   {late.release} was due {calendar.told(late)}")
    if published is not None:
        lines.append("tables:")
        lines += [f"  {name:24} {count:>8,} rows".replace(",", " ") for name, count in inputs.items()]
        lines.append("printed figures by verdict:")
        lines += [f"  {name:24} {count:>8,}".replace(",", " ") for name, count in verdicts.items()]
    names = _name_findings(settings) if ledger else []
    told = _told_cells(settings) if ledger else []
    left_out = _rows_left_out(settings) if ledger else []
    if ledger:
        lines += _ledger_lines(ledger, files)
        lines += ["cells of workbooks that are not read as they look:"] if told else []
        lines += [
            f"  {each['form']}  {each['file']}, sheet {each['sheet']}: {each['cells']} {each['what']}, "
            f"first {each['first_cell']}"
            for each in told
        ]
        lines += _left_out_lines(left_out, files)
        lines.append(f"names that contradict their code (the code counts): {len(names)}")
        lines += [
            f"  {found['form']}  {found['file']}, row {found['row_number']}: {found['code_delivered']} is called "
            f"{found['name_delivered']!r}"
            for found in names
        ]
    return {
        "channel": settings.channel,
        "running": running,
        "ledger": ledger,
        "name_findings": names,
        "told_cells": told,
        "rows_left_out": left_out,
        "published": published.name if published else None,
        "candidates": refused,
        "release": calendar.preparing,
        "overdue": late.release if late is not None and settings.channel == "official" else None,
        "tables": inputs,
        "reconciliation": verdicts,
        "text": "\n".join(lines),
    }


def _ledger(settings: Settings) -> list[dict[str, Any]]:
    """Return for each delivered file the cells that were read and where they went."""
    if not settings.warehouse_file.exists():
        return []
    with connect(settings.warehouse_file, read_only=True) as connection:
        tables = connection.execute(
            "select count(*) from information_schema.tables where table_schema || '.' || table_name in "
            "('raw.sheets', 'marts.mart_cell_ledger', 'marts.mart_row_ledger', 'intermediate.int_name_findings')"
        ).fetchone()
        if tables != (4,):
            return []
        return dictionaries(
            connection,
            """
            with read_cells as (
                select form, file, cast(sum(cell_count) as bigint) as cells from raw.sheets group by form, file
            ),
            fates as (
                select form, file,
                    cast(coalesce(sum(cell_count) filter (where fate = 'mapped'), 0) as bigint) as mapped,
                    cast(coalesce(sum(cell_count) filter (where fate = 'ignored'), 0) as bigint) as ignored,
                    cast(coalesce(sum(cell_count) filter (where fate = 'rejected'), 0) as bigint) as rejected
                from marts.mart_cell_ledger group by form, file
            )
            select form, file, cells as read, coalesce(mapped, 0) as mapped, coalesce(ignored, 0) as ignored,
                coalesce(rejected, 0) as rejected, cells = mapped + ignored + rejected as balances
            from read_cells left join fates using (form, file) order by form, file
            """,
        )


def _name_findings(settings: Settings) -> list[dict[str, Any]]:
    """Return the delivered rows whose name is none of the names of their code."""
    with connect(settings.warehouse_file, read_only=True) as connection:
        return dictionaries(
            connection,
            "select form, file, row_number, code_delivered, name_delivered from intermediate.int_name_findings order by all",
        )


def _rows_left_out(settings: Settings) -> list[dict[str, Any]]:
    """Return the delivered rows that are no data or cannot be used, with the cell or code that says so."""
    with connect(settings.warehouse_file, read_only=True) as connection:
        return dictionaries(
            connection,
            "select form, file, sheet, row_number, fate, reason, rests_on from marts.mart_row_ledger order by all",
        )


def _left_out_lines(rows: list[dict[str, Any]], files: bool) -> list[str]:
    """Return a line a file or a form and reason, with the first things that it rests on."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        place = f"{row['form']}  {row['file']}" if files else str(row["form"])
        groups.setdefault((place, row["fate"], row["reason"]), []).append(str(row["rests_on"])[:40])
    lines = [f"rows that are no data, or cannot be used: {len(rows)}"]
    for (place, fate, reason), texts in groups.items():
        different = list(dict.fromkeys(texts))
        more = ", ..." if len(different) > EXAMPLES_SHOWN else ""
        lines.append(f"  {place}  {fate} {reason}: {len(texts)} ({', '.join(different[:EXAMPLES_SHOWN])}{more})")
    return lines


def _told_cells(settings: Settings) -> list[dict[str, Any]]:
    """Return the cells of workbooks that were read, or left out, in a way that is to be known."""
    from orchestration.ingest.marks import TOLD  # imported here: it opens files
    from orchestration.ingest.readers.looks import column_letters

    with connect(settings.warehouse_file, read_only=True) as connection:
        # A warehouse of an earlier release has no such table.
        if not connection.execute(
            "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = 'marks'"
        ).fetchall():
            return []
        found = dictionaries(
            connection,
            "select form, file, sheet, mark, sum(cell_count)::bigint as cells, first_row, first_column from raw.marks "
            "group by all order by all",
        )
    for each in found:
        each["first_cell"] = f"{column_letters(each.pop('first_column'))}{each.pop('first_row')}"
        each["what"] = TOLD[each["mark"]]
    return found


def _ledger_lines(ledger: list[dict[str, Any]], files: bool) -> list[str]:
    """Return the ledger of cells as a table, a line a file or a form, with a total."""
    fates = ("read", "mapped", "ignored", "rejected")
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in ledger:
        groups.setdefault(f"{entry['form']}  {entry['file']}" if files else entry["form"], []).append(entry)
    groups["all"] = ledger
    width = max(len(name) for name in groups)
    lines = [f"{'delivered cells:':{width + 2}} files" + "".join(f"{fate:>10}" for fate in fates)]
    for name, entries in groups.items():
        sums = "".join(f"{sum(entry[fate] for entry in entries):>10,}".replace(",", " ") for fate in fates)
        balance = "balances" if all(entry["balances"] for entry in entries) else "DOES NOT BALANCE"
        lines.append(f"  {name:{width}} {len(entries):>5}{sums}  {balance}")
    return lines


@main.command()
@click.argument("identifier", required=False)
@_command
def check(identifier: str | None) -> dict[str, Any]:
    """Judge the last candidate again, or the candidate or snapshot IDENTIFIER, without publishing anything."""
    from orchestration.gate.verdict import warning_lines  # imported here, as above
    from orchestration.runs import judge_again

    verdict = judge_again(load_settings(), identifier, lambda line: click.echo(line, err=True))
    failing = [each["rule"] for each in verdict["rules"] if each["outcome"] != "pass"]
    count = f", {len(failing)} {'warning does' if len(failing) == 1 else 'warnings do'} not" if failing else ""
    return {
        "candidate": verdict["candidate"],
        "verdict": "pass",
        "counts": verdict["counts"],
        "warnings": failing,
        "text": f"{verdict['candidate']} passes: {verdict['counts']['pass']} rules hold{count}"
        + _told_warnings(warning_lines(verdict)),
    }


@main.command("prove-rules")
@_command
def prove_rules_command() -> dict[str, Any]:
    """Seed a fault for every rule into copies of what was judged last, and show whether the rule catches it."""
    from orchestration.runs import prove_rules

    score = prove_rules(
        load_settings(),
        lambda proven: click.echo(f"  {proven.verdict.replace('_', ' '):12} {proven.rule}: {proven.fault_en}", err=True),
    )
    if score["caught"] != score["faults"] or score["without_fault"]:
        missed = [each for each in score["by_rule"] if each["verdict"] in ("missed", "caught_clean")]
        raise RefusedError(
            [
                f"{score['caught']} of {score['faults']} seeded faults caught",
                *(f"  {each['rule']} ({each['verdict'].replace('_', ' ')}): {each['fault_en']}" for each in missed),
                *(
                    f"  {name}: there is no fault for it; give it one in expectations/rules"
                    for name in score["without_fault"]
                ),
            ],
            score,
        )
    text = f"{score['caught']} of {score['faults']} seeded faults caught, by {score['rules']} rules"
    if score["not_seeded"]:
        text += f"; nothing to seed in these data for {', '.join(score['not_seeded'])}"
    return {**score, "text": text}


@main.command("build-suites")
@_command
def build_suites() -> dict[str, Any]:
    """Build the suites and checkpoints of Great Expectations in expectations/ from the rules and data/metadata."""
    from orchestration.runs import build_suites

    files = build_suites(load_settings())
    return {"files": files, "text": f"{len(files)} files in expectations/"}


@main.command("data-docs")
@_command
def data_docs() -> dict[str, Any]:
    """Judge again, and write Great Expectations' own pages; they load styles from the web and may show single units."""
    from orchestration.runs import write_data_docs

    path = write_data_docs(load_settings())
    return {"path": str(path), "text": f"{_shown(path)} (not to be published)"}


@main.command("list")
@_command
def list_command() -> dict[str, Any]:
    """List the snapshots, oldest first: when each was published, for which release, which is current, which withdrawn."""
    settings = load_settings()
    events = read_journal(settings.snapshots)
    published = snapshots.current(settings.snapshots)
    rows = []
    for folder in snapshots.all_snapshots(settings.snapshots):
        publication, withdrawn = journal_publication(events, folder.name), withdrawal(events, folder.name)
        rows.append(
            {
                "snapshot": folder.name,
                "current": published == folder.resolve(),
                "published_at": publication.at if publication else None,
                "release": publication.release if publication else None,
                "project": publication.project if publication else None,
                "withdrawn_at": withdrawn.at if withdrawn else None,
                "reason": withdrawn.reason if withdrawn else None,
                "megabytes": round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1),
            }
        )
    lines = [
        f"{'*' if row['current'] else ' '} {row['snapshot']}  {row['published_at'] or 'before there was a journal':25}  "
        f"{row['release'] or 'no release':20} {row['megabytes']:>8} MB"
        + (f"  withdrawn {str(row['withdrawn_at'])[:10]}: {row['reason']}" if row["withdrawn_at"] else "")
        for row in rows
    ]
    return {"snapshots": rows, "text": "\n".join(lines) or "nothing is published yet; run is248 run"}


@main.command()
@click.argument("identifier", required=False)
@click.option("--all", "everything", is_flag=True, help="Verify every snapshot.")
@_command
def verify(identifier: str | None, everything: bool) -> dict[str, Any]:
    """Compare every file of the published snapshot, or of the snapshot or candidate IDENTIFIER, with its checksum."""
    settings = load_settings()
    if everything:
        folders = snapshots.all_snapshots(settings.snapshots)
    else:
        folders = [snapshots.find(settings.snapshots, settings.candidates, identifier or snapshots.CURRENT)]
    counts = {folder.name: snapshots.verify(folder) for folder in folders}
    lines = [f"{name}: {count} files are what was published" for name, count in counts.items()]
    return {"files": counts, "text": "\n".join(lines) or "nothing is published yet; run is248 run"}


@main.command("rebuild")
@click.argument("identifier")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="An empty folder to make it in.")
@_command
def rebuild_command(identifier: str, into: Path) -> dict[str, Any]:
    """Make the published snapshot IDENTIFIER again from the archive and the project as it stands, and compare every byte.

    Nothing is published. Check out the commit that `is248 list --json` names for it first.
    """
    settings = load_settings()
    from orchestration.rebuild import rebuild  # imported here: it imports Dagster

    rebuilt = rebuild(settings, identifier, into.resolve(), lambda line: click.echo(line, err=True))
    if rebuilt.different:
        raise RefusedError(
            [
                f"{rebuilt.folder.name} was made again, but {len(rebuilt.different)} files or tables differ",
                *(f"  {name}" for name in rebuilt.different),
            ],
            dataclasses.asdict(rebuilt),
        )
    return {
        **dataclasses.asdict(rebuilt),
        "text": f"{rebuilt.folder.name} was made again: {rebuilt.equal} files are equal\n  folder: {_shown(rebuilt.folder)}",
    }


@main.command()
@click.argument("identifier", required=False)
@click.option("--reason", required=True, help="Why, for the journal; restricted.")
@_command
def rollback(identifier: str | None, reason: str) -> dict[str, Any]:
    """Let `current` name the snapshot before, or the snapshot IDENTIFIER, and withdraw the one that was current.

    A withdrawn snapshot is not published again by a run; naming it here puts it back.
    """
    settings = load_settings()
    from orchestration.notifications import notify  # imported here: it opens the log

    done = snapshots.rollback(settings.snapshots, reason, identifier)
    text = f"{done.current} is current" + (f"; {done.before} is withdrawn" if done.withdrawn else f", before {done.before}")
    notify(settings, "rolled_back", f"IS-24/8: {text}.", snapshot=done.current, before=done.before)
    return {**dataclasses.asdict(done), "text": text}


@main.command()
@click.option("--keep", type=click.IntRange(min=1), help="Delete snapshots too, but for the newest KEEP.")
@click.option("--delete", is_flag=True, help="Delete; without it the command only says what it would delete.")
@_command
def prune(keep: int | None, delete: bool) -> dict[str, Any]:
    """Delete candidates that nobody waits for, remains of runs that were cut off and, with --keep, old snapshots.

    Never the published snapshot, the one that a rollback goes to, or one that the release calendar names.
    """
    settings = load_settings()
    from orchestration.assets.publication import last_candidate  # imported here: it imports Dagster

    with run_lock(settings.warehouse):
        last = last_candidate(settings)
        found = snapshots.prunable(
            settings.snapshots,
            settings.candidates,
            keep=keep,
            referenced=load_calendar(settings.calendar).referenced,
            last_candidate=last.id if last else None,
        )
        if delete:
            snapshots.prune(settings.snapshots, found)
    lines = [f"{'deleted' if delete else 'would delete'} {each.kind} {each.path.name}: {each.why}" for each in found]
    if found and not delete:
        lines.append("nothing was deleted: is248 prune --delete does it")
    return {
        "deleted": delete,
        "found": [{"name": each.path.name, "kind": each.kind, "why": each.why} for each in found],
        "text": "\n".join(lines) or "nothing to prune",
    }


@main.command()
@click.argument("before")
@click.argument("after", default=snapshots.CURRENT)
@click.option("--language", type=click.Choice(["nb", "en"]), default="en", show_default=True, help="Language of the text.")
@_command
def diff(before: str, after: str, language: Language) -> dict[str, Any]:
    """Show what changed from snapshot BEFORE to AFTER: ids, beginnings of ids, or `current`."""
    from orchestration.publish.changes import compare  # imported here: the other commands need no templates
    from orchestration.publish.changes_text import Words, as_dictionary, as_markdown

    settings = load_settings()
    older, newer = (snapshots.find(settings.snapshots, settings.candidates, name) for name in (before, after))
    tables = load_tables(settings.metadata)
    with connect(newer / DATABASE, read_only=True) as connection:
        words = Words(read_release(connection, load_catalogue(settings.metadata)), {table.name: table for table in tables})
    changes = compare(older, newer, tables, after_id=newer.name, before_id=older.name)
    return {**as_dictionary(changes, words), "text": as_markdown(changes, words, (language,)).strip()}


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless told otherwise.")
@click.option("--port", default=8248, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--allow-origin", multiple=True, help="Address of pages that browsers may read the tables from; repeatable.")
@_command
def serve(host: str, port: int, allow_origin: tuple[str, ...]) -> dict[str, Any]:
    """Serve the tables of the published snapshot over HTTP, read-only (docs/clients.md)."""
    from orchestration.serve import application  # imported here: it starts a web framework

    settings = load_settings()
    click.echo(f"serving the published tables on http://{host}:{port}/tables (Ctrl+C stops)", err=True)
    application.serve(settings, host, port, origins=allow_origin)
    return {"text": "stopped"}


@main.command()
@_command
def forms() -> dict[str, Any]:
    """Check every form folder, and say which rounds are described and delivered."""
    settings = load_settings()
    found = load_forms(settings.forms)
    rows = [
        {
            "form": form.form,
            "time_period": form.time_period,
            "columns": sum(column.use != "absent" for column in form.columns),
            "answers": sum(column.use == "answer" for column in form.columns),
            "delivered": (settings.deliveries / form.delivery).is_dir(),
            "constructed": form.constructed,
        }
        for form in found
    ]
    lines = [
        f"{row['form']:22} {row['time_period']}  {row['columns']:>4} columns, {row['answers']:>4} answers  "
        + ("delivered" if row["delivered"] else "not delivered")
        + (", constructed" if row["constructed"] else "")
        for row in rows
    ]
    return {"forms": rows, "text": "\n".join([*lines, f"{len(rows)} forms are valid"])}


@main.command("diff-forms")
@click.argument("before")
@click.argument("after")
@_command
def diff_forms_command(before: str, after: str) -> dict[str, Any]:
    """Show what changed from form BEFORE to form AFTER, by question."""
    settings = load_settings()
    difference = diff_forms(load_form(settings.forms / before), load_form(settings.forms / after))
    return {"difference": dataclasses.asdict(difference), "text": render(difference)}


@main.command("new-year")
@click.argument("previous")
@click.argument("delivery")
@click.option("--form", "name", help="Name of the new form; without it last year's with the year advanced.")
@click.option("--years", type=int, help="How far the years are advanced; without it as DELIVERY says, else one.")
@_command
def new_year(previous: str, delivery: str, name: str | None, years: int | None) -> dict[str, Any]:
    """Draft the form of a new DELIVERY (a folder under data/deliveries) from the form PREVIOUS."""
    from orchestration.ingest.headers import look  # imported here: it opens files

    settings = load_settings()
    form = load_form(settings.forms / previous)
    seen = look(settings.deliveries / delivery, form)
    if years is None:
        years = int(delivery) - form.time_period if delivery.isdecimal() and form.delivery.isdecimal() else 1
    draft = draft_form(form, seen.sheets, labels=seen.labels, files=seen.files, delivery=delivery, years=years)
    folder = settings.forms / (name or draft.form)
    write_draft(draft, folder)
    text = "\n".join([draft.render(), *(f"note: {note}" for note in seen.notes), f"written to {_shown(folder)}"])
    return {"folder": str(folder), "draft": draft.as_dict(), "notes": seen.notes, "text": text}


def _rule_lines(settings: Settings, table: str) -> list[str]:
    """Return a line for each rule of the gate about a table, as it was judged for the published snapshot."""
    published = snapshots.current(settings.snapshots)
    verdict = snapshots.read_gate(published) if published is not None else None
    results = verdict["rules"] if verdict is not None else []
    return [f"{result['outcome']}  {result['title_en']}" for result in results if result["table"] in (table, "all")]


@main.command()
@click.argument("table")
@click.argument("conditions", nargs=-1)
@click.option("--most", default=20, show_default=True, type=click.IntRange(min=1), help="Cells or rows to show at most.")
@_command
def explain(table: str, conditions: tuple[str, ...], most: int) -> dict[str, Any]:
    """Follow a row of TABLE (a public table, or `answers`) back to its source: CONDITIONS are key=value.

    What it shows of single units is restricted: it is for those who run the system.
    """
    settings = load_settings()
    if not settings.warehouse_file.exists():
        raise UserError("there is no warehouse", place=str(settings.warehouse_file), remedy="run is248 run")
    tables = {described.name: described for described in load_tables(settings.metadata)}
    names = [name for name in (ANSWERS, *tables) if name == table] or [
        name for name in (ANSWERS, *tables) if name.startswith(table)
    ]
    if len(names) != 1:
        raise UserError(
            f"{table!r} is no table" if not names else f"{table!r} may be {', '.join(names)}",
            place="explain",
            remedy=f"tables are {', '.join((ANSWERS, *tables))}",
        )
    described = tables.get(names[0])
    keys = described.column_names if described else ANSWER_KEYS
    wanted = parse_conditions(conditions, keys, f"explain {names[0]}")
    with connect(settings.warehouse_file, read_only=True) as connection:
        require_built(connection, settings.warehouse_file)
        if described is None:
            origins = explain_answers(connection, wanted, most)
            text = "\n".join(render_origin(origin) for origin in origins) or "no delivered cell meets the conditions"
            return {"cells": as_dictionaries(origins), "text": text}
        found = explain_rows(connection, described, wanted, most)
    rules = _rule_lines(settings, described.name)
    text = "\n\n".join(render_behind(behind, rules, most) for behind in found) or "no row meets the conditions"
    return {"rows": [dataclasses.asdict(behind) for behind in found], "rules": rules, "text": text}


@main.command()
@click.argument("year", type=int)
@click.option(
    "--answers", type=click.Path(exists=True, path_type=Path), help="Read an answered list, or all lists of a folder."
)
@click.option("--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True, help="Language of the lists.")
@_command
def control(year: int, answers: Path | None, language: Literal["nb", "en"]) -> dict[str, Any]:
    """Write the lists of what single units are to be asked about their answers of YEAR, or read them back answered.

    The lists are restricted: they are for those who control the survey year.
    """
    settings = load_settings()
    if answers is not None:
        from orchestration.control.answers import draft  # imported here: workbooks take a while to import

        return _drafted_lines(draft(settings, year, answers))
    from orchestration.control.findings import load_control
    from orchestration.control.lists import write_lists

    found = load_control(settings, year, language)
    return _control_lines(found, write_lists(found, settings.control))


def _drafted_lines(drafted: Drafted) -> dict[str, Any]:
    """Return what answered lists led to."""
    text = [
        f"{len(drafted.corrections)} corrections and {len(drafted.explanations)} explanations written, "
        f"{drafted.on_file} on file already, {drafted.unknown} not known",
        *(f"  {_shown(path)}" for path in drafted.files),
    ]
    if drafted.corrections:
        text.append("next: is248 run applies the corrections")
    return {**dataclasses.asdict(drafted), "text": "\n".join(text)}


def _control_lines(found: Control, written: Written) -> dict[str, Any]:
    """Return the summary of a year's control."""
    titles = {entry.finding: entry.title for entry in found.findings}
    counts: dict[str, int] = {}
    for entry in found.findings:
        counts[entry.finding] = counts.get(entry.finding, 0) + 1
    counts = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    width = max((len(title) for title in titles.values()), default=0)
    units = {entry.unit_code for entry in found.findings if entry.unit_code}
    text = [
        f"{found.year}: {len(found.findings)} findings about {len(units)} units, "
        f"{sum(entry.explanation is not None for entry in found.findings)} of them explained",
        *(f"  {titles[finding]:{width}} {count:>5}" for finding, count in counts.items()),
        "greatest effect on the national figure (FTE):",
        *(
            f"  {entry.effect:>8}  {entry.unit_code:6} {entry.unit_name}: {entry.title}"
            + (f" ({entry.target_group})" if entry.target_group else "")
            for entry in found.findings[:10]
        ),
        f"lists: {_shown(written.folder)} ({written.overview.name}, {written.counties} counties, {written.units} units)",
    ]
    if written.kept_answers or written.earlier_answers:
        text.append(
            f"answers kept: {written.kept_answers}, and {written.earlier_answers} to findings that are not there any more"
        )
    if found.constructed:
        text.append("note: the deliveries of this year are constructed, not official")
    return {
        "year": found.year,
        "findings": counts,
        "units": len(units),
        "top": [
            {"key": entry.key, "unit": entry.unit_code, "finding": entry.finding, "effect": float(entry.effect)}
            for entry in found.findings[:10]
        ],
        "folder": str(written.folder),
        "kept_answers": written.kept_answers,
        "constructed": found.constructed,
        "text": "\n".join(text),
    }


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def ui(options: tuple[str, ...]) -> None:
    """Open Dagster's user interface on http://127.0.0.1:3000 (OPTIONS go to `dagster dev`)."""
    from orchestration.servers import end_dead_runs, prepare_instance  # imported here, as above

    try:
        settings = load_settings()
        prepare_instance(settings)
        end_dead_runs(settings)
    except UserError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    dagster = Path(sys.executable).parent / "dagster"
    # A shell starts what is in the background deaf to interrupts, and `dagster dev` then hears no SIGTERM either.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(dagster, [str(dagster), "dev", "--workspace", str(PROJECT_DIR / "workspace.yaml"), *options])


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; loopback unless told otherwise.")
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--operate", is_flag=True, help="Let people start and stop runs; without it they can only look.")
@_command
def webserver(host: str, port: int, operate: bool) -> dict[str, Any]:
    """Serve Dagster's user interface beside a daemon, read-only unless --operate is given (docs/server.md)."""
    from orchestration.servers import is_loopback, run_webserver  # imported here, as above

    settings = load_settings()
    if not is_loopback(host):
        click.echo(
            f"warning: others can reach {host}, and nobody is asked who they are: put a reverse proxy with authentication "
            "before it (docs/server.md)",
            err=True,
        )
    run_webserver(settings, host, port, operate=operate)


@main.command()
@_command
def daemon() -> dict[str, Any]:
    """Run what was queued, the schedule and the sensors, one run at a time (docs/server.md)."""
    from orchestration.servers import run_daemon  # imported here, as above

    run_daemon(load_settings())


if __name__ == "__main__":
    main(prog_name="is248")
