"""The command ``report``: the national report, the memo of a county, the sheet of a municipality.

Belongs here: the words of the answer. Does not belong here: building a report (the room ``report``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.cli.completion import complete_years
from orchestration.core.errors import UserError
from orchestration.core.progress import progress
from orchestration.core.settings import load_settings

if TYPE_CHECKING:
    from orchestration.report.authored import Taken
    from orchestration.report.directions import Turns
    from orchestration.report.making import Built
    from orchestration.report.manifest import Changed

NATIONAL, COUNTY, MUNICIPALITY = "is248", "county", "municipality"
ALL = "all"
SUFFIXES = {"docx": "Word", "pdf": "PDF", "html": "HTML", "xlsx": "tables"}


@main.command(
    examples=[
        "./is248 report {year}",
        "./is248 report {year} --county 50 --language en",
        "./is248 report {year} --municipality all --into sheets",
        "./is248 report {year} --questions",
    ],
    doing="building the report",
)
@click.argument("year", type=int, shell_complete=complete_years, help="The survey year.")
@click.option("--county", metavar="CODE", help="Build the memo of this county (its code today), or all memos: all.")
@click.option(
    "--municipality",
    metavar="CODE",
    help="Build the sheet of this municipality (its code today), or all: all.",
)
@click.option("--against", type=int, metavar="YEAR", help="The year to compare with. Default: the survey before.")
@click.option("--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True, help="Language of the report.")
@click.option(
    "--since",
    type=click.Path(exists=True, path_type=Path),
    metavar="MANIFEST",
    help="Also list what changed since an earlier report: its manifest, or its folder. Shows numbers that differ and "
    "sentences that changed direction.",
)
@click.option("--questions", is_flag=True, help="Build nothing: list the questions of the year with their answers.")
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report. Default: reports in the folder of the warehouse.",
)
@command
def report(
    year: int,
    county: str | None,
    municipality: str | None,
    against: int | None,
    language: Literal["nb", "en"],
    since: Path | None,
    into: Path | None,
    questions: bool,
) -> dict[str, Any]:
    """Build the national report of a year, or the report of a county or municipality, from the published snapshot.

    The report is written as Word, PDF and HTML, its tables as a workbook. Every number comes from a published cell and is
    read back from the finished files.
    """
    # imported here: the tools for documents take a while to import
    from orchestration.report.build import Wanted
    from orchestration.report.making import build
    from orchestration.report.manifest import MANIFEST, differences, earlier_manifests, read_manifest
    from orchestration.report.parallel import build_all

    if questions:
        return _questions(year, language)
    if county and municipality:
        raise UserError("a report is about a county or a municipality", place="--county, --municipality", remedy="give one")
    name = COUNTY if county else MUNICIPALITY if municipality else NATIONAL
    wanted = Wanted(name, year, against, language, county or municipality or "")
    # Read first: a report may replace the one that it is compared with.
    earlier = earlier_manifests(since) if since is not None else None
    if wanted.area == ALL:
        built = build_all(load_settings(), replace(wanted, area=""), into, _reports_done)
    else:
        built = [build(load_settings(), wanted, into, with_turns=True)]
    changed: dict[str, list[Changed]] = {}
    for each in built:
        before = None if earlier is None else earlier.get(each.name) or (earlier.get("") if len(built) == 1 else None)
        if before is not None:
            changed[each.name] = differences(before, read_manifest(each.folder / MANIFEST))
    answers = [_answer(each, changed.get(each.name)) for each in built]
    if wanted.area != ALL:
        (only,) = built
        lines = [*_lines(only), *(_changes(changed[only.name]) if only.name in changed else [])]
        return {**answers[0], "report": name, "year": year, "text": "\n".join(lines)}
    return {"report": name, "year": year, "reports": answers, "text": "\n".join(_all_lines(built, changed))}


def _reports_done(done: int, of: int) -> None:
    """Report the progress."""
    progress.count(done, of, "reports")


def _answer(built: Built, changed: list[Changed] | None) -> dict[str, Any]:
    """Return the output for a report under ``--json``."""
    return {
        "name": built.name,
        "snapshot": built.snapshot,
        "edition": built.edition,
        "kept": built.is_kept,
        "folder": str(built.folder),
        "files": {kind: str(path) for kind, path in built.files.items()},
        "tables": built.tables,
        "figures": built.figures,
        "values": built.values,
        "cells": built.cells,
        "read_back": built.read_back,
        "left_out": dict(built.left_out),
        "chapters_left_out": built.chapters_left_out,
        "printed": [asdict(each) for each in built.printed],
        "unused": built.unused,
        "without_text": built.without_text,
        "added": built.added,
        "constructed": built.is_constructed,
        "authored": [asdict(each) for each in built.authored],
        "turned": asdict(built.turns) if built.turns is not None else None,
        "changed": [asdict(each) for each in changed or []],
    }


def _all_lines(built: list[Built], changed: dict[str, list[Changed]]) -> list[str]:
    """Return the result for all areas: how many were built, what was kept, and what differs in which."""
    kept = sum(each.is_kept for each in built)
    lines = [
        f"snapshot {built[0].snapshot}: {counted(len(built), 'report')}, {len(built) - kept} written, {kept} as they were",
        f"bound:    {sum(each.values for each in built)} values in sentences, {sum(each.cells for each in built)} in tables "
        f"and figures; {sum(each.read_back for each in built)} read back, all equal",
        f"folder:   {shown_path(built[0].folder.parent)}",
    ]
    if any(each.is_constructed for each in built):
        lines.append("note: deliveries of the snapshot are constructed; the reports say so")
    if changed:
        others = [name for name, found in changed.items() if found]
        lines.append(f"changed:  {len(others)} of {counted(len(changed), 'report')}")
        for name in others:
            lines += [f"{name}:", *_changes(changed[name])[1:]]
    return lines


def _questions(year: int, language: Literal["nb", "en"]) -> dict[str, Any]:
    from orchestration.report.build import open_desk
    from orchestration.report.questions import questions_of

    with open_desk(load_settings()) as desk:
        found = questions_of(desk.published, year, language)
    lines = [f"snapshot {desk.published.id}: {counted(len(found), 'question')} of {year}"]
    for each in found:
        lines.append(f"{each.indicator}: {each.label}")
        lines.append(f"  answers: {', '.join(each.answers)}")
        if each.items:
            lines.append(f"  items:   {', '.join(each.items)}")
    return {"year": year, "questions": [asdict(each) for each in found], "text": "\n".join(lines)}


def _lines(built: Built) -> list[str]:
    """Return what was built, what was left out and why, and where the files are."""
    from orchestration.report.making import list_omissions
    from orchestration.report.print_comparison import describe_comparison

    how = "read back from Word, HTML, PDF and workbook, all equal"
    if built.is_kept:
        how = "equal to their cells; the documents of this edition were there, and were read back when they were written"
    lines = [
        f"snapshot {built.snapshot}: {counted(built.tables, 'table')}, {counted(built.figures, 'figure')}",
        f"bound:    {counted(built.values, 'value')} in sentences, {built.cells} in tables and figures; "
        f"{built.read_back} {how}",
        f"edition:  {built.edition}",
    ]
    lines += [f"print:    {line}" for line in describe_comparison(built.printed)]
    if built.chapters_left_out:
        lines.append(f"left out: chapters whose questions were not asked: {', '.join(built.chapters_left_out)}")
    lines += [f"left out: {reason}" for reason in list_omissions(built.left_out)]
    if built.unused:
        lines.append(f"not used: {', '.join(built.unused)}: no chapter places it, or report.yml does not list it")
    if built.without_text:
        lines.append(
            f"no text:  in this language: {', '.join(built.without_text)}; they have their tables alone, "
            "until somebody writes chapters/<chapter>.en.md"
        )
    for file, placed in built.added.items():
        lines.append(f"no place: {file} does not place {', '.join(placed)}; they follow after its text")
    lines += _signed(built.authored)
    lines += _turned(built.turns)
    width = max(map(len, SUFFIXES.values())) + 1
    lines += [f"{f'{SUFFIXES[kind]}:':{width}} {shown_path(path)}" for kind, path in built.files.items()]
    if built.is_constructed:
        lines.append("note: deliveries of the snapshot are constructed; the report says so on its first page")
    return lines


def _signed(authored: Sequence[Taken]) -> list[str]:
    """Return the state of the slots for signed texts: those to check, empty ones, and unused ones."""
    if not authored:
        return []
    by_state = {state: [each for each in authored if each.state == state] for state in ("written", "carried", "empty")}
    counts = f"{len(by_state['written'])} of this year, {len(by_state['carried'])} of an earlier one"
    lines = [f"signed:   {counts}, {counted(len(by_state['empty']), 'empty slot')}"]
    for each in authored:
        if each.state == "carried":
            lines.append(f"  check: {each.file} is of {each.year}, signed by {each.by} ({each.chapter}, line {each.line})")
        elif each.state == "empty":
            lines.append(f"  empty: {each.slot} ({each.kind}; {each.chapter}, line {each.line})")
        elif each.state == "not_placed":
            lines.append(f"  not placed: {each.file}, whose slot is in a part that this round leaves out")
    return lines


def _turned(turns: Turns | None) -> list[str]:
    """Return the sentences whose direction differs from the round before, in both versions."""
    if turns is None:
        return []
    lines = [f"turned:   {counted(len(turns.turned), 'sentence')} in another direction than of {turns.since}"]
    for each in turns.turned:
        lines.append(f"  {each.chapter}, line {each.line}: {each.before or 'nothing'} -> {each.after or 'nothing'}")
    lines += [f"  not compared: {chapter}: {reason}" for chapter, reason in turns.not_compared.items()]
    return lines


def _changes(changed: list[Changed]) -> list[str]:
    """Return what differs from an earlier report, sentences that changed direction first."""
    if not changed:
        return ["changed:  nothing"]
    turned = sum(each.is_direction for each in changed)
    lines = [f"changed:  {counted(len(changed), 'number')}, {counted(turned, 'sentence')} in another direction"]
    for each in sorted(changed, key=lambda each: not each.is_direction):
        lines.append(f"  {each.where}: {each.before or 'nothing'} -> {each.after or 'nothing'}")
    return lines
