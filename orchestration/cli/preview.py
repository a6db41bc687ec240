"""The command ``preview``: shows one survey year before a run.

Belongs here: the words of the answer; what it shows of single units is restricted. Does not belong here: reading and
counting (the room ``preview``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.cli.common import aligned, command, counted, main, shown_path, thousands
from orchestration.cli.completion import complete_versions, complete_years
from orchestration.core.errors import UserError
from orchestration.core.language import rounded
from orchestration.core.settings import Settings, load_settings
from orchestration.forms.renamed_columns import RenamedError

if TYPE_CHECKING:
    from orchestration.preview.columns import Answers, Column
    from orchestration.preview.lost_answers import Losses
    from orchestration.preview.versions import Comparison
    from orchestration.preview.year_preview import Preview, Rejected, Total


@main.command(
    examples=[
        "./is248 preview {year}",
        "./is248 preview {year} --against previous",
        "./is248 preview {year} --draft-entries",
    ],
    doing="reading the delivery",
    is_answer=True,
)
@click.argument("year", type=int, shell_complete=complete_years, help="The survey year.")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(min=1), help="Show at most this many lines of each list."
)
@click.option(
    "--against",
    metavar="VERSION",
    shell_complete=complete_versions,
    help="Compare with another version of the delivery: published (the one in the published snapshot), previous (the last "
    "different one, published or not), or the beginning of its hash.",
)
@click.option(
    "--draft-entries", is_flag=True, help="Draft the entries that new questions need under data/, in the folder of the form."
)
@command
def preview(year: int, limit: int, against: str | None, draft_entries: bool) -> dict[str, Any]:
    """Show what the delivery of one survey year holds, what a run would make of it, and what is still to be decided.

    It takes seconds and works while the form is only half mapped. Nothing is published, and no other year is read. What it
    shows of single units is restricted.
    """
    from orchestration.preview.page import write_page
    from orchestration.preview.year_preview import preview_year  # imported here: workbooks and dbt take a while to import

    settings = load_settings()
    found = preview_year(settings, year, against)
    page = write_page(found, settings.preview)
    # An error is not a plain value.
    content = dataclasses.asdict(dataclasses.replace(found, problems=(), entries=()))
    content |= {name: [_problem(each) for each in getattr(found, name)] for name in ("problems", "entries")}
    drafts = _draft_entries(settings, [each.form for each in found.rounds]) if draft_entries else []
    lines = [*_lines(found, page, limit), *(line for _, line in drafts)]
    paths = [str(path) for path, _ in drafts if path is not None]
    return {**content, "page": str(page), "draft_entries": paths, "text": "\n".join(lines)}


def _draft_entries(settings: Settings, names: Sequence[str]) -> list[tuple[Path | None, str]]:
    """Write the draft entries of each form, and say where they are or why there are none; the inputs are not changed."""
    from orchestration.preview.entry_drafts import NAME, write_draft_entries
    from orchestration.preview.missing_entries import entries_of_form

    drafts = []
    for name in names:
        form, missing = entries_of_form(settings, name)
        was_there = (settings.forms / name / NAME).is_file()
        path = write_draft_entries(form, missing, settings.forms / name)
        if path is not None:
            line = f"draft entries: {shown_path(path)} (copy what is right)"
        else:
            why = (
                "drafts are of labels, answers and disclosure alone, which it has" if missing else "it has all that it needs"
            )
            line = f"draft entries: none for {name}: {why}" + (f"; the earlier {NAME} is removed" if was_there else "")
        drafts.append((path, line))
    return drafts


def _problem(error: UserError) -> dict[str, str]:
    return {"what": error.what, "place": error.place, "remedy": error.remedy}


def _listed(title: str, lines: Sequence[str], most: int) -> list[str]:
    """Return a list with its title and number, up to the wanted number of lines."""
    more = [f"  ... and {len(lines) - most} more (the page has all)"] if len(lines) > most else []
    return [f"{title}: {len(lines)}", *(f"  {line}" for line in lines[:most]), *more]


def _lines(found: Preview, page: Path, most: int) -> list[str]:
    """Return the output as text: first what would make a run fail, last where the full list is."""
    lines = [
        f"{each.form}: delivery {each.delivery}"
        + ("" if each.is_delivered else " (there is no such folder, or nothing in it can be read)")
        + (f", beside {each.compared_with}" if each.compared_with else ", no earlier round is compared with")
        + (", constructed" if each.constructed else "")
        for each in found.rounds
    ]
    lines += [f"  note: {each.not_compared}" for each in found.rounds if each.not_compared]
    undecided_rows = sum(map(len, found.undecided.values()))
    lines += [f"  note: {each}" for each in found.returned]
    lines += [f"  note: {each}" for each in found.losses.not_compared]
    unsigned = found.losses.unsigned
    lost = f", {counted(unsigned, 'unit')} with answers gone that nobody signed for" if unsigned else ""
    lines.append(
        f"a run would be refused: {counted(len(found.problems), 'problem')}, {counted(undecided_rows, 'row')} to be decided"
        + lost
        if found.problems or undecided_rows or unsigned
        else "the form is finished, and no problem would stop a run before it makes figures"
    )
    lines += _listed("problems", [str(each) for each in found.problems], most)
    renamed = [each for problem in found.problems if isinstance(problem, RenamedError) for each in problem.renamed]
    if renamed:
        lines += _listed("columns that may have other headers now; what to write in columns.csv", [*map(str, renamed)], most)
    lines += _lost_lines(found.losses, most)
    undecided = [
        f"{form}, line {row.line}: {row.sheet} {row.column or '(no column)'}" + (f" ({row.note})" if row.note else "")
        for form, rows in found.undecided.items()
        for row in rows
    ]
    lines += _listed("to be decided in columns.csv", undecided, most)
    lines += _listed("entries that are missing", [str(each) for each in found.entries], most)
    lines += _listed(
        "delivered columns without a line in columns.csv",
        [f"{each.form}, {each.sheet}: {each.column!r} ({each.cells} cells)" for each in found.unmapped],
        most,
    )
    lines += _listed(
        "lines of columns.csv without a delivered column",
        [f"{each.form}, line {each.map_line}: {each.sheet} {each.column!r}" for each in found.undelivered],
        most,
    )
    if any(each.is_delivered for each in found.rounds):
        lines += _counted_lines(found, most)
    else:
        lines.append("nothing is counted, since nothing of the year can be read")
    if found.compared is not None:
        lines += _compared_lines(found.compared, most)
    return [*lines, f"read and counted in {found.seconds} s; nothing is published", f"page: {shown_path(page)} (restricted)"]


def _counted_lines(found: Preview, most: int) -> list[str]:
    """Return the counts of the year's cells."""
    ledger = [(each.form, each.file, each.read, each.mapped, each.ignored, each.rejected) for each in found.ledger]
    lines = ["cells:", *aligned(("form", "file", "read", "mapped", "ignored", "rejected"), ledger, "  ")]
    lines += _cell_lines("cells that cannot be read", found.rejected, most)
    loose = sum(each.cells for each in found.unmapped)
    lines += [f"  beside them {thousands(loose)} cells in columns without a line"] if loose else []
    lines += _cell_lines("numbers that are a code for no answer, and are left out", found.codes, most)
    country = [each for each in found.totals if each.unit_level == "country"]
    lines.append("FTE as the units answered themselves, and the change of units that answered in both rounds:")
    heads = ("question", "target group", "FTE", "units", "FTE before", "units before", "change", "breaks")
    lines += aligned(heads, [_total(each) for each in country], "  ") or ["  none"]
    if found.units["expected"] is None:
        lines.append("units without a completed answer: not known, since entries of the year are missing (above)")
    else:
        lines.append(f"units that answered: {found.units['answered']} of {found.units['expected']}")
        lines += _listed(
            "units without a completed answer",
            [f"{each.form}: {each.unit_code} {each.unit_name}" for each in found.missing_units],
            most,
        )
    if found.parts:
        lines += _listed(
            "sheets on which completed answers have no row",
            [f"{each.form}, {each.sheet}: {each.without} of {each.submissions} are missing" for each in found.parts],
            most,
        )
    if found.several_files:
        lines += _listed(
            "units that appear in several files (if contested, no submission counts until data/submissions names one)",
            [
                f"{each.form}: {each.unit_code}: {each.stands_in}: {each.verdict}"
                + (f", {each.counts} counts" if each.counts else "")
                for each in found.several_files
            ],
            most,
        )
    for verdict, count in found.corrections.items():
        lines.append(f"corrections of the year, {verdict}: {count}")
    lines += _listed(
        "columns whose answers differ strongly from the previous round (all data rows)",
        [_column_line(each) for each in found.columns if each.unlike],
        most,
    )
    return lines


def _cell_lines(title: str, cells: Sequence[Rejected], most: int) -> list[str]:
    """Return a list of cells; cells of one column with the same reason share a line."""
    groups: dict[tuple[str, ...], list[Rejected]] = {}
    for each in cells:
        groups.setdefault((each.file, each.sheet, each.column, each.reason), []).append(each)
    lines = []
    for group in groups.values():
        first = group[0]
        more = f" and {len(group) - 1} more" if len(group) > 1 else ""
        texts = ", ".join(repr(text) for text in list(dict.fromkeys(each.text for each in group))[:3])
        sheet = "" if first.sheet == first.file else f", {first.sheet}"
        unit = f" of {first.unit}" if first.unit else ""
        wording = f"{first.wording}; " if first.wording else ""
        lines.append(
            f"{first.file}{sheet}, {first.cell}{unit}{more}: {texts} {first.reason} "
            f"({wording}column {first.column}, columns.csv line {first.map_line})"
        )
    listed = _listed(title, lines, most)
    return [
        f"{title}: {len(cells)}" + (f" in {counted(len(groups), 'group')}" if len(groups) != len(cells) else ""),
        *listed[1:],
    ]


def _lost_lines(losses: Losses, most: int) -> list[str]:
    """Return which units lost published answers, and what to sign; nothing where none did."""
    if not losses.units:
        return []
    lost = [
        f"{each.form}: {each.unit_code} {each.unit_name}: {each.answers_lost} of {each.answers_before} answers, "
        f"{each.answers_now} are there"
        + (
            ""
            if not each.needs_a_line and not each.is_contested
            else " (it answered several times: sign in data/submissions which counts)"
            if each.is_contested
            else " (to be signed)"
        )
        for each in losses.units
    ]
    title = f"units that lost answers which are published in {losses.snapshot} (few of a unit's are a warning)"
    lines = _listed(title, lost, most)
    if losses.entries:
        lines.append("  where that is right, to be signed in data/redeliveries; else ask for the whole delivery:")
        lines += [f"    {line}" for entry in losses.entries for line in entry.splitlines()]
    return lines


def _compared_lines(compared: Comparison, most: int) -> list[str]:
    """Return what changed since an earlier version of the delivery."""
    lines = [f"beside {each}:" for each in compared.versions]
    lines.append(f"  units whose answers are gone: {', '.join(compared.units_gone) or 'none'}")
    lines.append(f"  units that are new: {', '.join(compared.units_new) or 'none'}")
    fewer = [
        f"{each.form}: {each.unit_code} {each.unit_name}: {each.answers_lost} of {each.answers_before} answers, "
        f"{each.answers_now} are there"
        for each in compared.fewer
    ]
    lines += [f"  {line}" for line in _listed("units that lack answers of that version", fewer, most)]
    for effect in compared.effects:
        before, now = (thousands(rounded(value or Decimal(0), 1)) for value in (effect.before, effect.now))
        lines.append(f"  {effect.question} {effect.target_group}: {before} -> {now}")
    changes = [
        f"{each.unit_code} {each.unit_name}: {each.question} {each.item} {each.target_group} {each.reporting_form}: "
        f"{'-' if each.before is None else each.before} -> {'-' if each.now is None else each.now}"
        for each in compared.changed
    ]
    return lines + _listed("answers that changed", changes, most)


def _total(total: Total) -> tuple[object, ...]:
    """Return the line of a total of the country, with the change of the units that answered in both rounds."""
    change = "not known" if total.change is None else f"{rounded(total.change, 1):+} %"
    fte, before = (None if value is None else rounded(value, 1) for value in (total.fte, total.fte_before))
    return (
        total.question,
        total.target_group,
        fte,
        total.units,
        before,
        total.units_before,
        change,
        "; ".join(total.breaks),
    )


def _column_line(column: Column) -> str:
    assert column.before is not None
    return (
        f"{column.sheet} {column.column} ({column.wording or column.question}, line {column.map_line}): "
        f"{', '.join(column.unlike)}; {_answers(column.now)}; before {_answers(column.before)}"
    )


def _answers(answers: Answers) -> str:
    text = f"filled {100 * answers.share_filled:.0f} %"
    if answers.options:
        sums = sum(answers.options.values())
        ranked = sorted(answers.options.items(), key=lambda each: (-each[1], each[0]))[:3]
        return f"{text}, " + ", ".join(f"{option} {100 * count / sums:.0f} %" for option, count in ranked)
    if answers.mean is not None:
        return f"{text}, mean {answers.mean:.2f}, largest {answers.largest:g}"
    return text
