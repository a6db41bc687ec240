"""Commands about answers of single units, for those who control a survey year: ``explain`` and ``control``.

Belongs here: the output of these commands, which is restricted. Does not belong here: following figures (``trace``) or the
findings and lists of the control (``control``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from orchestration.cli.common import aligned, command, counted, main, shown_path
from orchestration.cli.completion import complete_conditions, complete_tables, complete_years
from orchestration.core.errors import UserError
from orchestration.core.language import in_language
from orchestration.core.progress import progress
from orchestration.core.settings import Settings, load_settings
from orchestration.trace.conditions import ANSWER_KEYS, ANSWERS, name_of_table, parse_conditions

if TYPE_CHECKING:
    from orchestration.contact.correction_effect import Difference
    from orchestration.control.answers import Drafted
    from orchestration.control.findings import Control
    from orchestration.control.lists import Written


def _rule_lines(settings: Settings, table: str) -> list[str]:
    """Return a line for each rule of the gate about a table, as it was judged for the published snapshot."""
    from orchestration.publish import pointer, snapshots

    published = pointer.current(settings.snapshots)
    verdict = snapshots.read_gate(published) if published is not None else None
    results = verdict["rules"] if verdict is not None else []
    return [f"{result['outcome']}  {result['title_en']}" for result in results if result["table"] in (table, "all")]


@main.command(
    examples=[
        "./is248 explain fte_by_service time_period={year} unit_level=country target_group=adults \\\n"
        "      service_type=total area_basis=reported",
        "./is248 explain answers form={form} unit_code=0301 question=fte_by_service",
        "./is248 explain answers form={form} fate=rejected",
    ],
    doing="looking up the cells",
    is_answer=True,
)
@click.argument(
    "table",
    shell_complete=complete_tables,
    help="A public table, or answers for the delivered cells themselves. The beginning of a name is enough.",
)
@click.argument(
    "conditions",
    nargs=-1,
    shell_complete=complete_conditions,
    help="Conditions that rows must meet, each as column=value. All of them must hold.",
)
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Show at most this many rows, units or cells."
)
@command
def explain(table: str, conditions: tuple[str, ...], limit: int) -> dict[str, Any]:
    """Trace rows of a table back to the delivered cells, corrections and rules behind them.

    Where no row meets the conditions, the command fails and names the value or condition to change. What it shows of single
    units is restricted.
    """
    # imported here: a shell completes tables and keys without them
    from orchestration.core.tables import load_tables
    from orchestration.core.warehouse import connect
    from orchestration.trace import explain as trace

    settings = load_settings()
    if not settings.warehouse_file.exists():
        raise UserError("there is no warehouse", place=str(settings.warehouse_file), remedy="run ./is248 run")
    tables = {described.name: described for described in load_tables(settings.metadata)}
    name = name_of_table(table, [ANSWERS, *tables])
    described = tables.get(name)
    wanted = parse_conditions(conditions, described.column_names if described else ANSWER_KEYS, f"explain {name}")
    with connect(settings.warehouse_file, read_only=True) as connection:
        trace.require_built(connection, settings.warehouse_file)
        if described is None:
            origins = trace.explain_answers(connection, wanted, limit)
            return {"cells": trace.as_dictionaries(origins), "text": "\n".join(map(trace.render_origin, origins))}
        found = trace.explain_rows(connection, described, wanted, limit)
    rules = _rule_lines(settings, described.name)
    text = "\n\n".join(trace.render_behind(behind, rules, limit) for behind in found) or "the table is empty"
    return {"rows": [dataclasses.asdict(behind) for behind in found], "rules": rules, "text": text}


@main.command(
    examples=[
        "./is248 control {year}",
        "./is248 control {year} --answers answered/          # show what the answers lead to",
        "./is248 control {year} --answers answered/ --sign   # write it",
    ],
    doing="examining the answers of the year",
)
@click.argument("year", type=int, shell_complete=complete_years, help="The survey year.")
@click.option(
    "--answers",
    type=click.Path(exists=True, path_type=Path),
    help="Read this answered list, or all lists in this folder, and show what the answers lead to.",
)
@click.option("--sign", is_flag=True, help="With --answers: write the corrections and explanations they lead to.")
@click.option("--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True, help="Language of the lists.")
@command
def control(year: int, answers: Path | None, sign: bool, language: Literal["nb", "en"]) -> dict[str, Any]:
    """Write lists of answers that units should check, or read the answered lists back.

    With --answers the command shows corrections, explanations and their effect on the figures of the country and the
    counties. Nothing is written without --sign. The lists show answers of single units and are restricted.
    """
    settings = load_settings()
    if answers is not None:
        from orchestration.contact.correction_effect import (
            estimate_effect,  # imported here: workbooks and dbt take a while to import
        )
        from orchestration.control.answers import draft
        from orchestration.control.answers import sign as write

        drafted = draft(settings, year, answers)
        progress.stage("computing the effect of the corrections")
        effect = estimate_effect(settings, year, drafted.corrections)
        files = write(settings, year, drafted) if sign else []
        return _drafted_lines(drafted, effect, files, sign)
    if sign:
        raise UserError("there are no answers to sign", place="control", remedy="add --answers with the answered list")
    from orchestration.control.findings import load_control
    from orchestration.control.lists import write_lists

    found = load_control(settings, year, language)
    return _control_lines(found, write_lists(found, settings.control))


def _drafted_lines(drafted: Drafted, effect: Sequence[Difference], files: Sequence[Path], is_signed: bool) -> dict[str, Any]:
    """Return what answered lists lead to, and its effect on the figures."""
    asked_again = [event for event in drafted.contacts if event.event == "asked_again"]
    text = [
        f"{counted(len(drafted.corrections), 'correction')}, {counted(len(drafted.explanations), 'explanation')}, "
        f"{len(asked_again)} to be asked again; {drafted.on_file} on file already, {len(drafted.unknown)} not known",
        *_each("corrections", [_corrected(entry) for entry in drafted.corrections]),
        *_each("explanations", [f"{_finding(each['finding'])}: {each['reason']}" for each in drafted.explanations]),
        *_each("to be asked again", [f"{_finding(each.finding)}: {each.note}" for each in asked_again]),
        *_each("not known", [_finding(key) for key in drafted.unknown]),
    ]
    if drafted.corrections:
        text.append("effect on what units reported themselves (FTE; of options, units of the country):")
        text += [_different(each) for each in effect] or ["  none: the numbers do not count in any figure of FTE"]
    if is_signed:
        text += ["written:" if files else "nothing to write", *(f"  {shown_path(path)}" for path in files)]
        if drafted.corrections:
            text.append("next: ./is248 run applies the corrections")
    else:
        text.append("nothing was written; the same with --sign writes it")
    return {
        **dataclasses.asdict(dataclasses.replace(drafted, contacts=[])),
        "asked_again": [{"finding": each.finding, "note": each.note} for each in asked_again],
        "effect": [dataclasses.asdict(each) for each in effect],
        "files": [str(path) for path in files],
        "text": "\n".join(text),
    }


def _each(head: str, lines: Sequence[str]) -> list[str]:
    """Return what answers of one kind lead to, one by one."""
    return [f"{head}:", *(f"  {line}" for line in lines)] if lines else []


def _finding(key: str) -> str:
    """Return the key of a finding in readable form: unit, finding, and the number that it is about."""
    return " ".join(part for part in key.split("|")[2:] if part)


def _corrected(entry: Mapping[str, Any]) -> str:
    names = ("question", "item", "target_group", "reporting_form")
    what = " ".join(str(entry[name]) for name in names if name in entry)
    return f"{entry['unit']} {what}: {_plain(entry['expect'])} -> {_plain(entry['value'])}"


def _plain(value: object) -> str:
    return "nothing" if value is None else str(value)


def _different(each: Difference) -> str:
    before, after = ("nothing" if value is None else f"{value.normalize():f}" for value in (each.before, each.after))
    area = each.unit_level if each.unit_level == "country" else f"{each.unit_level} {each.unit_code}"
    what = " ".join(part for part in (each.question, each.answer, each.target_group) if part)
    return f"  {area:12} {what}: {before} -> {after}"


def _control_lines(found: Control, written: Written) -> dict[str, Any]:
    """Return the summary of a year's control."""
    kinds = [kind for entry in found.findings for kind in entry.kinds]
    titles = {kind: in_language(found.texts.of(kind).title, found.language) for kind in kinds}
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    counts = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    units = {entry.unit_code for entry in found.findings if entry.unit_code}
    text = [
        f"{found.year}: {counted(len(kinds), 'finding')} about {counted(len(units), 'unit')}, "
        f"{counted(len(found.findings), 'question')}, "
        f"{sum(entry.explanation is not None for entry in found.findings)} of them explained",
        *aligned(("finding", "count"), [(titles[kind], count) for kind, count in counts.items()], "  "),
        "greatest effect on the national figure:",
        *aligned(
            ("FTE", "unit", "name", "finding"),
            [
                (
                    float(entry.effect),
                    entry.unit_code,
                    entry.unit_name,
                    entry.title + (f" ({entry.target_group})" if entry.target_group else ""),
                )
                for entry in found.findings[:10]
            ],
            "  ",
        ),
        f"lists: {shown_path(written.folder)} ({written.overview.name}, {written.counties} counties, {written.units} units)",
    ]
    if written.kept_answers or written.earlier_answers:
        text.append(f"answers kept: {written.kept_answers}, and {written.earlier_answers} to findings that no longer exist")
    if found.constructed:
        text.append("note: the deliveries of this year are constructed, not official")
    return {
        "year": found.year,
        "findings": counts,
        "questions": len(found.findings),
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
