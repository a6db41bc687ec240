"""Commands about forms: ``forms``, ``diff-forms``, ``new-year``.

Belongs here: what these commands say. Does not belong here: reading and drafting forms (``forms``).
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.cli.common import aligned, command, counted, main, shown_path
from orchestration.cli.completion import complete_deliveries, complete_forms
from orchestration.core.errors import Problems, UserError
from orchestration.core.language import Language
from orchestration.core.progress import progress
from orchestration.core.settings import load_settings

if TYPE_CHECKING:
    from orchestration.forms.draft import Draft


@main.command(examples=["./is248 forms", "./is248 forms --json"], doing="reading forms and signed decisions", is_answer=True)
@command
def forms() -> dict[str, Any]:
    """Check all form folders and signed decisions, and list which years are described and delivered.

    The command fails at the first form or decision that is not valid, and names its file and line.
    """
    from orchestration.forms.registry import load_forms, rounds_of  # imported here, so that help comes at once
    from orchestration.ingest.deliveries import undescribed  # imported here: it opens files
    from orchestration.ingest.entry_checks import check_signed

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
    table = [
        (
            row["form"],
            str(row["time_period"]),
            row["columns"],
            row["answers"],
            ("delivered" if row["delivered"] else "not delivered") + (", constructed" if row["constructed"] else ""),
        )
        for row in rows
    ]
    lines = aligned(("form", "year", "columns", "answers", "state"), table)
    without = [path.name for path in undescribed(found, settings.deliveries)]
    lines += [f"{name} is delivered, and no form describes it: ./is248 new-year drafts one" for name in without]
    lines.append(f"{len(rows)} forms are valid")
    years = {year for _, year in rounds_of(settings.forms).values()}
    signed, notes = check_signed(settings.data, years, found, settings.deliveries, settings.archive)
    lines.append(f"{counted(signed, 'signed decision')} in data/, all valid" if signed else "no signed decisions in data/")
    lines += [f"note: {note}" for note in notes]
    return {"forms": rows, "without_form": without, "signed": signed, "notes": notes, "text": "\n".join(lines)}


@main.command("diff-forms", examples=["./is248 diff-forms {before} {form}"], doing="comparing the forms", is_answer=True)
@click.argument("before", shell_complete=complete_forms, help="The earlier form: a folder of data/forms.")
@click.argument("after", shell_complete=complete_forms, help="The later form: a folder of data/forms.")
@command
def diff_forms_command(before: str, after: str) -> dict[str, Any]:
    """Show what changed between two forms, question by question.

    The end lists the entries under data/ that new questions of AFTER need and do not have yet.
    """
    from orchestration.forms.diff import diff_forms, render  # imported here, so that help comes at once
    from orchestration.forms.registry import load_form
    from orchestration.preview.missing_entries import (
        entries_of_form,  # imported here: tables of the inputs take a while to import
    )

    settings = load_settings()
    difference = diff_forms(load_form(settings.forms / before), load_form(settings.forms / after))
    try:
        errors = [each.error for each in entries_of_form(settings, after)[1]]
        title = f"Missing entries for {after} ({len(errors)})"
    except UserError as error:
        # The difference is shown all the same.
        errors, title = [error], f"The entries of {after} cannot be looked up"
    lines = [f"  {shown_path(Path(each.place))}: {each.what}; {each.remedy}" for each in errors]
    return {
        "difference": dataclasses.asdict(difference),
        "entries": [{"what": each.what, "place": each.place, "remedy": each.remedy} for each in errors],
        "text": "\n".join([render(difference), title, *lines]),
    }


@main.command(
    "new-year",
    examples=[
        "./is248 new-year {form} {next}",
        "./is248 new-year {form} {next} --workbook open.xlsx   # decide in a workbook ...",
        "./is248 new-year {form} {next} --decide open.xlsx     # ... and read it back",
        "./is248 new-year {form} {next} --interactive          # or decide at the terminal",
    ],
)
@click.argument("previous", shell_complete=complete_forms, help="The form to start from: a folder of data/forms.")
@click.argument("delivery", shell_complete=complete_deliveries, help="The new delivery: a folder of data/deliveries.")
@click.option("--form", "name", metavar="NAME", help="Name of the new form. Default: PREVIOUS with its year moved on.")
@click.option(
    "--years",
    type=click.IntRange(min=1, max=50),
    metavar="NUMBER",
    help="Number of years from PREVIOUS to the new form. Default: as the name of DELIVERY says, otherwise 1.",
)
@click.option("--header-rows", metavar="ROWS", help="Rows of the header, such as 3 or 3,4. Default: they are looked for.")
@click.option(
    "--sheet", "sheets", multiple=True, metavar="NAME", help="A sheet that holds data. Can be repeated. Default: all sheets."
)
@click.option("--again", is_flag=True, help="Draft an existing form again, and keep what was decided in its columns.csv.")
@click.option(
    "--workbook",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the open decisions to a new workbook (.xlsx).",
)
@click.option(
    "--decide",
    "answered",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Read the decisions of such a workbook, filled in.",
)
@click.option("--interactive", is_flag=True, help="Ask for the open decisions at the terminal, one after the other.")
@click.option(
    "--language",
    type=click.Choice(["nb", "en"]),
    default="nb",
    show_default=True,
    help="Language of the workbook and the questions.",
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
    """Draft the form of a new delivery from an earlier form, and list every column that needs a decision.

    With --workbook, --decide or --interactive, an existing form is kept as it is unless --again is given.
    """
    from orchestration.forms.draft import draft_form, write_draft  # imported here, so that help comes at once
    from orchestration.forms.registry import load_finished, load_form
    from orchestration.ingest.cell_proposals import profiles_of
    from orchestration.ingest.headers import inspect_delivery

    settings = load_settings()
    if name is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"{name!r} is not a valid form name", place="--form", remedy="write letters a to z, digits and _")
    with progress.doing("reading the delivery"):
        form = load_form(settings.forms / previous)
        seen = inspect_delivery(settings.deliveries / delivery, form, header_rows=_rows(header_rows), only=sheets)
    if years is None:
        years = int(delivery) - form.time_period if delivery.isdecimal() and form.delivery.isdecimal() else 1
    # Questions at the terminal come later, and the progress line must not overwrite them.
    with progress.doing("matching the columns with earlier forms"):
        # The rounds of the same survey first, then other surveys: a question may come from any of them.
        others = [each for each in load_finished(settings.forms)[0] if each.form != form.form]
        earlier = sorted(
            (each for each in others if each.time_period <= form.time_period),
            key=lambda each: (each.survey != form.survey, -each.time_period),
        )
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
    decided, result = None, f"form: {shown_path(folder)}"
    if answered is not None or interactive:
        from orchestration.cli.deciding import Round, decided_lines  # imported here: workbooks take a while to import
        from orchestration.forms.deciding import decide
        from orchestration.forms.deciding_reading import read_decisions

        forms_before = [form, *earlier]
        if answered is not None:
            problems = Problems(go_on=True)
            given = read_decisions(answered, forms_before, problems)
            decided = decide(folder, given, draft, forms_before, problems)
            lines += (summary := decided_lines(decided))
            result = summary[0]
        if interactive:
            decided = Round(folder, draft, forms_before, language).ask()
            lines += (summary := decided_lines(decided))
            result = summary[0]
    if workbook is not None:
        lines += [_write_workbook(workbook, folder, draft, delivery, language)]
    lines += [f"next: ./is248 preview {form.time_period + years}"]
    return {
        "folder": str(folder),
        "draft": draft.as_dict(),
        "notes": seen.notes,
        **(dataclasses.asdict(written) if written is not None else {}),
        "decided": dataclasses.asdict(decided) if decided is not None else None,
        "result": result,
        "text": "\n".join(lines),
    }


def _check_files(workbook: Path | None, answered: Path | None, folder: Path) -> None:
    """Refuse to overwrite a workbook, which may be filled in, and decisions on a form that does not exist."""
    if workbook is not None and workbook.suffix.lower() != ".xlsx":
        raise UserError("is not a valid workbook name", place=str(workbook), remedy="use a name that ends in .xlsx")
    if workbook is not None and workbook.exists():
        raise UserError(
            "already exists", place=str(workbook), remedy="read it with --decide, or give the name of a new file"
        )
    if answered is not None and not folder.is_dir():
        raise UserError("the form does not exist", place=str(folder), remedy="draft it first, without --decide")


def _write_workbook(path: Path, folder: Path, draft: Draft, delivery: str, language: Language) -> str:
    """Write a form's open decisions as a workbook, and print its contents."""
    from orchestration.forms.deciding_workbook import workbook as as_workbook
    from orchestration.forms.undecided import open_decisions

    found = open_decisions(folder, draft)
    names = {"form": draft.form, "previous": draft.previous, "delivery": delivery}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_workbook(found, names, language))
    return (
        f"{counted(len(found.columns), 'column')}, {counted(len(found.codes), 'code')} and "
        f"{counted(len(found.missing), 'group')} of codes for no answer to decide in {shown_path(path)}"
    )


def _rows(text: str | None) -> tuple[int, ...] | None:
    """Return the header rows that somebody gave.

    Raises:
        UserError: they are not row numbers from 1 in ascending order.
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    rows = tuple(int(part) for part in parts if part.isascii() and part.isdecimal())
    if len(rows) != len(parts) or 0 in rows or list(rows) != sorted(set(rows)):
        raise UserError(
            f"{text!r} is not a list of rows", place="--header-rows", remedy="write 3 or 3,4 (the first row is 1)"
        )
    return rows
