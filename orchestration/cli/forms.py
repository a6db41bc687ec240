"""Commands about forms: ``forms``, ``diff-forms``, ``new-year``.

Belongs here: what these commands say. Does not belong here: reading and drafting forms (``forms``).
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import click

from orchestration.cli.common import command, main, shown_path
from orchestration.core.errors import UserError
from orchestration.core.settings import load_settings
from orchestration.forms.diff import diff_forms, render
from orchestration.forms.draft import draft_form, write_draft
from orchestration.forms.registry import load_finished, load_form, load_forms


@main.command()
@command
def forms() -> dict[str, Any]:
    """Check every form folder, and say which rounds are described and delivered."""
    from orchestration.ingest.deliveries import undescribed  # imported here: it opens files

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
    return {"forms": rows, "without_form": without, "text": "\n".join([*lines, f"{len(rows)} forms are valid"])}


@main.command("diff-forms")
@click.argument("before")
@click.argument("after")
@command
def diff_forms_command(before: str, after: str) -> dict[str, Any]:
    """Show what changed from form BEFORE to form AFTER, by question."""
    settings = load_settings()
    difference = diff_forms(load_form(settings.forms / before), load_form(settings.forms / after))
    return {"difference": dataclasses.asdict(difference), "text": render(difference)}


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
@command
def new_year(
    previous: str,
    delivery: str,
    name: str | None,
    years: int | None,
    header_rows: str | None,
    sheets: tuple[str, ...],
    again: bool,
) -> dict[str, Any]:
    """Draft the form of a new DELIVERY (a folder under data/deliveries) from the form PREVIOUS and those before it."""
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
        files=seen.files,
        delivery=delivery,
        years=years,
        earlier=earlier,
        name=name,
        profiles=profiles_of(form, settings.deliveries / form.delivery),
    )
    folder = settings.forms / draft.form
    written = write_draft(draft, folder, again=again)
    lines = [draft.render(), *(f"note: {note}" for note in seen.notes)]
    if written.is_again:
        lines.append(
            f"kept {written.kept} rows that were decided, form.yml and options.csv; "
            f"{written.undecided} rows are to be decided"
        )
    lines += [f"written to {shown_path(folder)}", f"next: is248 preview {form.time_period + years}"]
    return {
        "folder": str(folder),
        "draft": draft.as_dict(),
        "notes": seen.notes,
        **dataclasses.asdict(written),
        "text": "\n".join(lines),
    }


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
