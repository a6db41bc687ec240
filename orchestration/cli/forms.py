"""Commands about forms: ``forms``, ``diff-forms``, ``new-year``.

Belongs here: what these commands say. Does not belong here: reading and drafting forms (``forms``).
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import click

from orchestration.cli.common import command, counted, main, shown_path
from orchestration.core.errors import Problems, UserError
from orchestration.core.language import Language
from orchestration.core.settings import load_settings
from orchestration.forms.diff import diff_forms, render
from orchestration.forms.draft import Draft, draft_form, write_draft
from orchestration.forms.registry import load_finished, load_form, load_forms, rounds_of


@main.command()
@command
def forms() -> dict[str, Any]:
    """Check every form folder and the signed entries, and say which rounds are described and delivered."""
    from orchestration.ingest.deliveries import undescribed  # imported here: it opens files
    from orchestration.ingest.signed import check_signed

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
    without = [path.name for path in undescribed(found, settings.deliveries)]
    lines += [f"{name} is delivered, and no form describes it: is248 new-year drafts one" for name in without]
    lines.append(f"{len(rows)} forms are valid")
    years = {year for _, year in rounds_of(settings.forms).values()}
    signed, notes = check_signed(settings.data, years, found, settings.deliveries, settings.archive)
    lines += [f"{counted(signed, 'signed decision')} of data/ can be read", *(f"note: {note}" for note in notes)]
    return {"forms": rows, "without_form": without, "signed": signed, "notes": notes, "text": "\n".join(lines)}


@main.command("diff-forms")
@click.argument("before")
@click.argument("after")
@command
def diff_forms_command(before: str, after: str) -> dict[str, Any]:
    """Show what changed from form BEFORE to form AFTER, by question, and which entries AFTER needs under data/."""
    from orchestration.preview.entries import entries_of_form  # imported here: tables of the inputs take a while to import

    settings = load_settings()
    difference = diff_forms(load_form(settings.forms / before), load_form(settings.forms / after))
    try:
        told = [each.told for each in entries_of_form(settings, after)[1]]
        title = f"Entries that are missing for {after} ({len(told)})"
    except UserError as error:
        # The difference is told all the same.
        told, title = [error], f"The entries of {after} cannot be looked up"
    lines = [f"  {shown_path(Path(each.place))}: {each.what}; {each.remedy}" for each in told]
    return {
        "difference": dataclasses.asdict(difference),
        "entries": [{"what": each.what, "place": each.place, "remedy": each.remedy} for each in told],
        "text": "\n".join([render(difference), title, *lines]),
    }


@main.command("new-year")
@click.argument("previous")
@click.argument("delivery")
@click.option("--form", "name", help="Name of the new form; without it last year's with the year advanced.")
@click.option(
    "--years",
    type=click.IntRange(min=1, max=50),
    help="How far the years are advanced; without it as DELIVERY says, else one.",
)
@click.option(
    "--header-rows", metavar="ROWS", help="Rows in which the header stands, such as 3 or 3,4; else it is looked for."
)
@click.option(
    "--sheet", "sheets", multiple=True, help="Name of a sheet that has data; can be given again. Else all are read."
)
@click.option("--again", is_flag=True, help="The form is there already: keep what was decided in its columns.csv.")
@click.option("--workbook", type=click.Path(path_type=Path), help="Write what is to be decided into this workbook (.xlsx).")
@click.option("--decide", "answered", type=click.Path(exists=True, path_type=Path), help="Read such a workbook back.")
@click.option("--interactive", is_flag=True, help="Ask for each decision at the terminal.")
@click.option(
    "--language", type=click.Choice(["nb", "en"]), default="nb", show_default=True, help="Of the workbook and the questions."
)
@command
def new_year(
    previous: str,
    delivery: str,
    name: str | None,
    years: int | None,
    header_rows: str | None,
    sheets: tuple[str, ...],
    again: bool,
    workbook: Path | None,
    answered: Path | None,
    interactive: bool,
    language: Language,
) -> dict[str, Any]:
    """Draft the form of a new DELIVERY (a folder under data/deliveries) from the form PREVIOUS and those before it.

    With --workbook, --decide or --interactive a form that is there already is not drafted anew, unless --again is given.
    """
    from orchestration.ingest.headers import look  # imported here: it opens files
    from orchestration.ingest.proposed import profiles_of

    settings = load_settings()
    if name is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"{name!r} is no name of a form", place="--form", remedy="write letters a to z, digits and _")
    form = load_form(settings.forms / previous)
    seen = look(settings.deliveries / delivery, form, header_rows=_rows(header_rows), only=sheets)
    if years is None:
        years = int(delivery) - form.time_period if delivery.isdecimal() and form.delivery.isdecimal() else 1
    # The rounds of the same survey first, then those of the others: a question may have stood in any of them.
    others = [
        each for each in load_finished(settings.forms)[0] if each.form != form.form and each.time_period <= form.time_period
    ]
    earlier = sorted(others, key=lambda each: (each.survey != form.survey, -each.time_period))
    draft = draft_form(
        form,
        seen.sheets,
        labels=seen.labels,
        kinds=seen.book.kinds,
        codes=seen.book.codes,
        files=seen.files,
        delivery=delivery,
        years=years,
        earlier=earlier,
        name=name,
        profiles=profiles_of(form, settings.deliveries / form.delivery),
    )
    folder = settings.forms / draft.form
    _check_files(workbook, answered, folder)
    is_kept = folder.is_dir() and not again and (workbook is not None or answered is not None or interactive)
    written = None if is_kept else write_draft(draft, folder, again=again)
    lines = [] if is_kept else [draft.render(), *(f"note: {note}" for note in seen.notes)]
    if written is not None and written.is_again:
        lines.append(
            f"kept {written.kept} rows that were decided, form.yml and options.csv; "
            f"{written.undecided} rows are to be decided"
        )
    lines += [f"written to {shown_path(folder)}"] if written is not None else []
    decided = None
    if answered is not None or interactive:
        from orchestration.cli.deciding import Round, decided_lines  # imported here: workbooks take a while to import
        from orchestration.forms.deciding import decide
        from orchestration.forms.deciding_reading import read_decisions

        forms_before = [form, *earlier]
        if answered is not None:
            problems = Problems(go_on=True)
            given = read_decisions(answered, forms_before, problems)
            decided = decide(folder, given, draft, forms_before, problems)
            lines += decided_lines(decided)
        if interactive:
            decided = Round(folder, draft, forms_before, language).ask()
            lines += decided_lines(decided)
    if workbook is not None:
        lines += [_write_workbook(workbook, folder, draft, delivery, language)]
    lines += [f"next: is248 preview {form.time_period + years}"]
    return {
        "folder": str(folder),
        "draft": draft.as_dict(),
        "notes": seen.notes,
        **(dataclasses.asdict(written) if written is not None else {}),
        "decided": dataclasses.asdict(decided) if decided is not None else None,
        "text": "\n".join(lines),
    }


def _check_files(workbook: Path | None, answered: Path | None, folder: Path) -> None:
    """Refuse to write over a workbook, which may be filled in, and decisions of a form that is not there."""
    if workbook is not None and workbook.suffix.lower() != ".xlsx":
        raise UserError("is no name of a workbook", place=str(workbook), remedy="let it end with .xlsx")
    if workbook is not None and workbook.exists():
        raise UserError(
            "is there already", place=str(workbook), remedy="read it back with --decide, or name one that is not there yet"
        )
    if answered is not None and not folder.is_dir():
        raise UserError("there is no such form", place=str(folder), remedy="draft it first, without --decide")


def _write_workbook(path: Path, folder: Path, draft: Draft, delivery: str, language: Language) -> str:
    """Write what is open in a form as a workbook, and say what it has."""
    from orchestration.forms.deciding_workbook import workbook as as_workbook
    from orchestration.forms.undecided import open_decisions

    found = open_decisions(folder, draft)
    said = {"form": draft.form, "previous": draft.previous, "delivery": delivery}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_workbook(found, said, language))
    return (
        f"{counted(len(found.columns), 'column')}, {counted(len(found.codes), 'code')} and "
        f"{counted(len(found.missing), 'group')} of codes for no answer to decide in {shown_path(path)}"
    )


def _rows(text: str | None) -> tuple[int, ...] | None:
    """Return the header rows that somebody gave.

    Raises:
        UserError: they are no row numbers from 1 in order.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    rows = tuple(int(part) for part in parts if part.isascii() and part.isdecimal())
    if len(rows) != len(parts) or 0 in rows or list(rows) != sorted(set(rows)):
        raise UserError(f"{text!r} is no list of rows", place="--header-rows", remedy="write 3, or 3,4, counted from 1")
    return rows
