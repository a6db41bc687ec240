"""Commands that make, judge and publish: ``run``, ``publish``, ``check``, ``prove-rules``, suites and Data Docs.

Belongs here: what these commands say. Does not belong here: the run itself (``defs.runs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.cli.completion import complete_judged, complete_years
from orchestration.core.errors import RefusedError, UserError
from orchestration.core.progress import progress
from orchestration.core.release_calendar import REHEARSAL
from orchestration.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from orchestration.defs.runs import Published

EXAMPLE_QUERY = "select time_period, series, fte, series_break from fte_country"


@main.command(
    examples=["./is248 run", "./is248 run --year {year}", "./is248 run --year {year} --hold"],
    doing="running",
)
@click.option(
    "--year", type=int, shell_complete=complete_years, help="Read the deliveries of this survey year only. Default: all."
)
@click.option("--all", "everything", is_flag=True, help="Read all deliveries and make all tables and files again.")
@click.option("--hold", is_flag=True, help="Do not publish: stop at the checked candidate, while a year is being collected.")
@command
def run(year: int | None, everything: bool, hold: bool) -> dict[str, Any]:
    """Read new deliveries, compute all tables, check them and publish a snapshot.

    Only what is affected by a change is made again. A candidate that fails a rule is not published: the command then ends
    with an error and names the rules, and the published snapshot stays as it was. In the channel official the candidate
    waits for its release and its approval.
    """
    if year is not None and everything:
        raise UserError("--year and --all cannot be used together", place="./is248 run", remedy="give one of them")
    settings = load_settings()
    progress.say("reading the project ...")
    for name, path in (("inputs", settings.data), ("warehouse", settings.warehouse), ("snapshots", settings.snapshots)):
        progress.say(f"  {name + ':':10} {shown_path(path)}")
    if settings.purpose == REHEARSAL:
        progress.say("  a rehearsal: everything that is made says so")
    from orchestration.preview.versions import returned  # imported here, as the next

    names = [path.name for path in settings.deliveries.iterdir()] if settings.deliveries.is_dir() else []
    for each in returned(settings, names):
        progress.say(f"  note: {each}")
    from orchestration.engines import dbt  # imported here, so that the other commands start at once

    dbt.start_to_prepare(settings)
    from orchestration.defs.runs import refresh

    return _publication(settings, refresh(settings, progress.say, year, everything=everything, hold=hold))


@main.command(examples=["./is248 publish"], doing="publishing")
@command
def publish() -> dict[str, Any]:
    """Publish the approved candidate if its release is due.

    Nothing is computed. Where nothing may be published yet, the command says what it waits for (data/calendar.yml).
    """
    settings = load_settings()
    from orchestration.defs.runs import publish_approved  # imported here, as above

    return _publication(settings, publish_approved(settings, progress.say))


def _warnings(settings: Settings, published: Published) -> list[str]:
    """Return the failing warnings of what a run made: of the waiting candidate, else of the published snapshot."""
    from orchestration.gate.judging import stage_file  # imported here, as above
    from orchestration.gate.results import read_results
    from orchestration.gate.rules import STAGES
    from orchestration.gate.verdict import warning_lines
    from orchestration.publish import snapshots

    folder = settings.candidates / published.waiting if published.waiting else published.folder
    verdict = snapshots.read_gate(folder) if folder is not None else None
    stages = [path for stage in STAGES if (path := stage_file(settings.stage_results, stage)).is_file()]
    return warning_lines(verdict, [found for path in stages for found in read_results(path)]) if verdict is not None else []


def format_warnings(lines: list[str]) -> str:
    """Format failing warnings as the end of a command's text; empty if there are none."""
    return "".join(f"\n{line}" for line in ["warnings:", *(f"  {line}" for line in lines)]) if lines else ""


def _describe_lists(found: tuple[int, int, int] | None) -> str:
    """Return where the lists of questions to units are."""
    if found is None:
        return ""
    year, findings, units = found
    return f"\n  note:   {counted(findings, 'question')} to {counted(units, 'unit')} about {year}: ./is248 control {year}"


def _publication(settings: Settings, published: Published) -> dict[str, Any]:
    """Return what a run published, or what waits for its release."""
    from orchestration.publish import pointer  # imported here, as above
    from orchestration.publish.snapshot_files import DATABASE
    from orchestration.trace.deliveries import cell_ledger, open_questions

    waiting = [f"waiting: {published.waiting}", *(f"  {reason}" for reason in published.reasons)]
    folder = published.folder
    warnings = _warnings(settings, published)
    mended = [str(published.mended)] if published.mended is not None else []
    if folder is None:
        return {
            "published": False,
            "snapshot": None,
            "waiting": published.waiting,
            "reasons": list(published.reasons),
            "warnings": warnings,
            "result": f"waiting: {published.waiting}" if published.waiting else "nothing is published yet",
            "text": "\n".join(["nothing is published yet", *(waiting if published.waiting else [])])
            + format_warnings(warnings),
        }
    database = shown_path(settings.snapshots / pointer.CURRENT / DATABASE)
    rejected = sum(entry["rejected"] for entry in cell_ledger(settings.warehouse_file))
    asked = open_questions(settings.warehouse_file)
    result = f"{'published' if published.new else 'nothing new: already published'} {folder.name}"
    text = "".join(f"{line}\n" for line in mended) + (
        f"{result}\n"
        f"  folder: {shown_path(folder)}\n"
        f'  try:    .venv/bin/duckdb -readonly {database} "{EXAMPLE_QUERY}"'
        + (
            f"\n  note:   {rejected} delivered cells were rejected: ./is248 explain answers fate=rejected"
            if rejected
            else ""
        )
        + _describe_lists(asked)
        + ("\n" + "\n".join(waiting) if published.waiting else "")
        + format_warnings(warnings)
    )
    return {
        "published": published.new,
        "snapshot": folder.name,
        "folder": str(folder),
        "waiting": published.waiting,
        "reasons": list(published.reasons),
        "mended": str(published.mended) if published.mended is not None else None,
        "query": EXAMPLE_QUERY,
        "rejected_cells": rejected,
        "control": dict(zip(("year", "findings", "units"), asked, strict=True)) if asked else None,
        "warnings": warnings,
        "result": result + (f", waiting: {published.waiting}" if published.waiting else ""),
        "text": text,
    }


@main.command(examples=["./is248 check", "./is248 check current"], doing="applying the rules")
@click.argument(
    "snapshot",
    required=False,
    shell_complete=complete_judged,
    help="Id of a candidate or snapshot, or the beginning of one. Default: the last candidate.",
)
@command
def check(snapshot: str | None) -> dict[str, Any]:
    """Apply all rules again to the last candidate, or to a named candidate or snapshot.

    Nothing is published. The command fails if a rule blocks the candidate, and names the rule, the rows and the remedy.
    """
    from orchestration.gate.judging import judge_again
    from orchestration.gate.verdict import attack_line, taken_over, warning_lines  # imported here, as above

    verdict = judge_again(load_settings(), snapshot, progress.say)
    failing = [each["rule"] for each in verdict["rules"] if each["outcome"] != "pass"]
    count = f", {counted(len(failing), 'warning')}" if failing else ""
    attacked = attack_line(verdict)
    return {
        "candidate": verdict["candidate"],
        "verdict": "pass",
        "counts": verdict["counts"],
        "warnings": failing,
        "text": f"{verdict['candidate']} passes: {verdict['counts']['pass']} rules passed{count}"
        + "\n  judged now: {} rules, reused: {}".format(*taken_over(verdict))
        + (f"\n  {attacked}" if attacked else "")
        + format_warnings(warning_lines(verdict)),
    }


@main.command(
    "prove-rules",
    examples=["./is248 prove-rules", "./is248 prove-rules --rule lost_answers_are_signed"],
    doing="seeding faults",
)
@click.option("--rule", help="Id of the one rule to prove; without it all are.")
@command
def prove_rules_command(rule: str | None) -> dict[str, Any]:
    """Seed a fault for every rule into copies of the last warehouse and candidate, and see whether the rule catches it.

    The command fails if a fault is missed, or if a rule has no fault to be tested with.
    """
    from orchestration.gate.judging import prove_rules

    score = prove_rules(
        load_settings(),
        lambda proven: progress.say(f"  {proven.verdict.replace('_', ' '):12} {proven.rule}: {proven.fault_en}"),
        rule,
    )
    if score["caught"] != score["faults"] or score["without_fault"]:
        missed = [each for each in score["by_rule"] if each["verdict"] in ("missed", "caught_clean")]
        raise RefusedError(
            [
                f"{score['caught']} of {score['faults']} seeded faults caught",
                *(_missed(each) for each in missed),
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


def _missed(proven: dict[str, Any]) -> str:
    """Return which fault was not proven to be caught, and what to look at."""
    verdict = proven["verdict"].replace("_", " ")
    if proven["verdict"] == "caught_clean":
        rows = counted(proven["failing"], "row")
        why = f"{rows} failed without the fault; ./is248 check shows the worst, expectations/suites has the SQL as judged"
    else:
        why = "no row failed that had not failed before; compare the fault with the rows and the condition of the rule"
    return f"  {proven['rule']} ({verdict}): {proven['fault_en']}; {why}"


@main.command("build-suites", examples=["./is248 build-suites"], doing="building the suites")
@command
def build_suites_command() -> dict[str, Any]:
    """Write the suites and checkpoints of Great Expectations in expectations/ from the rules and table descriptions.

    Do this after changing expectations/rules or data/metadata, and commit the files.
    """
    from orchestration.gate.judging import build_suites  # imported here, as above

    files, counts = build_suites(load_settings())
    return {
        "files": files,
        "counts": counts,
        "text": f"{len(files)} files in expectations/: {counts['rules']} rules, {counts['expectations']} expectations, "
        f"{counts['built_in']} of them built-in",
    }


@main.command("data-docs", examples=["./is248 data-docs"], doing="applying the rules and writing Data Docs")
@command
def data_docs_command() -> dict[str, Any]:
    """Apply the rules again and write Great Expectations' own pages (Data Docs).

    The pages load styles from the web and may show single units: do not publish them.
    """
    from orchestration.gate.judging import write_data_docs  # imported here, as above

    path = write_data_docs(load_settings())
    return {"path": str(path), "text": f"{shown_path(path)} (not to be published)"}
