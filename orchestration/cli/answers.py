"""Commands about answers of single units, for those who control a survey year: ``explain`` and ``control``.

Belongs here: what these commands say; it is restricted. Does not belong here: following figures (``trace``) or the findings
and lists of the control (``control``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.core.errors import UserError
from orchestration.core.language import in_language
from orchestration.core.settings import Settings, load_settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect
from orchestration.publish import pointer, snapshots
from orchestration.trace.explain import (
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

if TYPE_CHECKING:
    from orchestration.contact.effect import Difference
    from orchestration.control.answers import Drafted
    from orchestration.control.findings import Control
    from orchestration.control.lists import Written


def _rule_lines(settings: Settings, table: str) -> list[str]:
    """Return a line for each rule of the gate about a table, as it was judged for the published snapshot."""
    published = pointer.current(settings.snapshots)
    verdict = snapshots.read_gate(published) if published is not None else None
    results = verdict["rules"] if verdict is not None else []
    return [f"{result['outcome']}  {result['title_en']}" for result in results if result["table"] in (table, "all")]


@main.command()
@click.argument("table")
@click.argument("conditions", nargs=-1)
@click.option("--most", default=20, show_default=True, type=click.IntRange(min=1), help="Cells or rows to show at most.")
@command
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
@click.option("--sign", is_flag=True, help="With --answers: write what the answers lead to. Without it, it is only shown.")
@click.option("--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True, help="Language of the lists.")
@command
def control(year: int, answers: Path | None, sign: bool, language: Literal["nb", "en"]) -> dict[str, Any]:
    """Write the lists of what single units are to be asked about their answers of YEAR, or read them back answered.

    With --answers it shows what the answers lead to and what that does to the figures of the country and the counties; with
    --sign it writes it. The lists are restricted: they are for those who control the survey year.
    """
    settings = load_settings()
    if answers is not None:
        from orchestration.contact.effect import effect_of  # imported here: workbooks and dbt take a while to import
        from orchestration.control.answers import draft
        from orchestration.control.answers import sign as write

        drafted = draft(settings, year, answers)
        effect = effect_of(settings, year, drafted.corrections)
        files = write(settings, year, drafted) if sign else []
        return _drafted_lines(drafted, effect, files, sign)
    if sign:
        raise UserError("there are no answers to sign", place="control", remedy="add --answers with the answered list")
    from orchestration.control.findings import load_control
    from orchestration.control.lists import write_lists

    found = load_control(settings, year, language)
    return _control_lines(found, write_lists(found, settings.control))


def _drafted_lines(drafted: Drafted, effect: Sequence[Difference], files: Sequence[Path], is_signed: bool) -> dict[str, Any]:
    """Return what answered lists lead to, and what that does to the figures."""
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
            text.append("next: is248 run applies the corrections")
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
    """Return the key of a finding as a person reads it: unit, finding, and the number that it is about."""
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
    width = max((len(title) for title in titles.values()), default=0)
    units = {entry.unit_code for entry in found.findings if entry.unit_code}
    text = [
        f"{found.year}: {counted(len(kinds), 'finding')} about {counted(len(units), 'unit')}, "
        f"{counted(len(found.findings), 'question')}, "
        f"{sum(entry.explanation is not None for entry in found.findings)} of them explained",
        *(f"  {titles[finding]:{width}} {count:>5}" for finding, count in counts.items()),
        "greatest effect on the national figure (FTE):",
        *(
            f"  {entry.effect:>8}  {entry.unit_code:6} {entry.unit_name}: {entry.title}"
            + (f" ({entry.target_group})" if entry.target_group else "")
            for entry in found.findings[:10]
        ),
        f"lists: {shown_path(written.folder)} ({written.overview.name}, {written.counties} counties, {written.units} units)",
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
