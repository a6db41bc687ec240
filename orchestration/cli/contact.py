"""The command ``contact``: the contact round of a survey year. What it says of single units is restricted.

Belongs here: the words of the output. Does not belong here: states, letters and the page (the room ``contact``).
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestration.cli.common import aligned, command, counted, main, shown_path
from orchestration.cli.completion import complete_years
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings, load_settings

if TYPE_CHECKING:
    from orchestration.contact.round_folder import Written
    from orchestration.contact.states import ContactRound
    from orchestration.control.contacts import Contact


@main.command(
    examples=[
        "./is248 contact {year}",
        './is248 contact {year} --sent reminders --by "Kari Nordmann"',
        "./is248 contact {year} --read-back round.xlsx",
        './is248 contact {year} --approve 0301 --approve 5001 --by "Kari Nordmann"',
    ],
    doing="examining the answers of the year",
)
@click.argument("year", type=int, shell_complete=complete_years, help="The survey year.")
@click.option(
    "--on",
    "today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="The date of the round, as YYYY-MM-DD. Default: today. A date before the last one on record only shows the past.",
)
@click.option(
    "--sent",
    type=click.Choice(["reminders", "questions", "county_governors"]),
    multiple=True,
    help="Record that the letters of this kind were sent. Can be repeated.",
)
@click.option(
    "--read-back",
    "back",
    type=click.Path(exists=True, path_type=Path),
    metavar="FILE",
    help="Read what was entered in the workbook of the round.",
)
@click.option(
    "--approve",
    "approved",
    multiple=True,
    metavar="UNIT",
    help="Approve the answers of this unit (its code). Can be repeated.",
)
@click.option("--approve-settled", is_flag=True, help="Approve every unit that has answered and has no open question.")
@click.option("--by", default="", metavar="NAME", help="Name of the person who sent the letters or approved the answers.")
@command
def contact(
    year: int,
    today: datetime.datetime | None,
    sent: tuple[str, ...],
    back: Path | None,
    approved: tuple[str, ...],
    approve_settled: bool,
    by: str,
) -> dict[str, Any]:
    """Write the files of a contact round: the status of each unit, letters to send, lists of missing units, a page.

    The command sends nothing. What was sent, approved or entered in the workbook is recorded in data/control/contacts. All
    files are restricted.
    """
    from orchestration.contact import states  # imported here: workbooks take a while to import
    from orchestration.contact.round_folder import write_round

    settings = load_settings()
    day = today.date() if today is not None else datetime.date.today()
    if day > datetime.date.today():
        raise UserError(f"{day.isoformat()} is in the future", place="--on", remedy="give today or an earlier day")
    found = states.load_contact_round(settings, year, day)
    noted = _put_on_record(settings, found, sent, back, (approved, approve_settled), by)
    if noted:
        found = states.load_contact_round(settings, year, day)
    written = write_round(settings, found, back)
    return {
        "year": year,
        "on": day.isoformat(),
        "states": {state.value: count for state, count in found.count().items()},
        "missing": [unit.unit_code for unit in found.units if not unit.has_delivered],
        "letters": written.letters.count(),
        "on_record": len(noted),
        "events": [each.model_dump(mode="json") for each in noted],
        "folder": str(written.folder),
        "page": str(written.page),
        "constructed": found.control.constructed,
        "text": "\n".join(_lines(found, written, noted)),
    }


def _put_on_record(
    settings: Settings,
    found: ContactRound,
    sent: tuple[str, ...],
    back: Path | None,
    approved: tuple[tuple[str, ...], bool],
    by: str,
) -> list[Contact]:
    """Add to the record what the options say has happened, and return the events that were new."""
    from orchestration.contact.approvals import approvals
    from orchestration.contact.round_folder import sent_letters
    from orchestration.contact.workbook import read_entries
    from orchestration.control.contacts import add_contacts, contacts_file

    if (sent or any(approved)) and not by.strip():
        raise UserError("does not name the person who sent or approved", place="contact", remedy="add --by NAME")
    if sent and found.round is None:
        raise UserError(
            "the round has no description, so there are no letters",
            place=f"data/control/rounds/{found.year}.yml",
            remedy="docs/run/contact-round.md describes the file of a round",
        )
    record = contacts_file(settings.explanations, found.year)
    if found.later is not None and (sent or back is not None or any(approved)):
        raise UserError(
            f"{found.today.isoformat()} is before the last day on record, {found.later.isoformat()}: "
            "the state of letters and answers on that day is no longer known",
            place=f"--on, {record}",
            remedy=f"omit --on, or give {found.later.isoformat()} or a later day",
        )
    events: list[Contact] = []
    if sent:
        for kind in sent:
            events += sent_letters(settings, found.year, kind, found.today, by.strip())
    if back is not None:
        events += read_entries(back, found)
    events += approvals(found, approved[0], approved[1], by.strip())
    return add_contacts(record, events) if events else []


def _lines(found: ContactRound, written: Written, noted: list[Contact]) -> list[str]:
    """Return the round as text: how far units are, what is to be sent, where the files are."""
    from orchestration.contact.states import Asking

    states = {state: count for state, count in found.count().items() if count}
    asking = dict.fromkeys(Asking, 0)
    for unit in found.units:
        for question in unit.questions:
            asking[question.asking] += 1
    lines = [
        f"{found.year} on {found.today.isoformat()}: {counted(len(found.units), 'unit')}"
        + (" (once in each survey of the year)" if found.has_several_surveys else ""),
        *(aligned(("status", "units"), [(each.replace("_", " "), count) for each, count in states.items()], "  ")),
        "questions: "
        + (", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in asking.items() if count) or "none"),
        f"missing by day: {_progress(found)}",
    ]
    if noted:
        lines += [f"{counted(len(noted), 'event')} put on record:", *(f"  {line}" for line in _noted(found, noted))]
    if found.round is None:
        lines.append(
            f"note: data/control/rounds/{found.year}.yml does not say who writes and until when; there are no letters "
            "(docs/run/contact-round.md)"
        )
    elif found.later is not None:
        lines.append(
            f"note: the record goes on until {found.later.isoformat()}; this day is only looked back at, without letters"
        )
    else:
        letters = written.letters.count()
        lines.append(
            f"letters to send: {counted(letters['reminders'], 'reminder')}, {letters['questions']} with questions, "
            f"{letters['counties']} to county governors; {letters['nynorsk']} of them in nynorsk"
        )
        if any(letters.values()) and not letters["nynorsk"]:
            lines.append("note: nobody is written to in nynorsk; data/control/written_forms.csv says who has chosen it")
    if written.kept:
        shown = ", ".join(written.kept[:5]) + (", ..." if len(written.kept) > 5 else "")
        lines.append(f"kept as they are, changed or put there by somebody: {counted(len(written.kept), 'file')} ({shown})")
    lines += [f"page:   {shown_path(written.page)}", f"folder: {shown_path(written.folder)}"]
    if found.control.constructed:
        lines.append("note: the deliveries of this year are constructed, not official: contact nobody because of them")
    return lines


def _noted(found: ContactRound, noted: list[Contact]) -> list[str]:
    """Return recorded events as lines: each kind with its units; events about questions one by one."""
    names = {unit.unit_code: f"{unit.unit_code} {unit.unit_name}".strip() for unit in found.units}
    kinds: dict[str, list[str]] = {}
    for each in noted:
        about = each.finding.split("|")[3:] if each.finding else [each.form if found.has_several_surveys else ""]
        subject = " ".join(part for part in about if part)
        kinds.setdefault(each.event, []).append(names[each.unit_code] + (f" ({subject})" if subject else ""))
    return [f"{kind.replace('_', ' ')} ({len(units)}): {', '.join(units)}" for kind, units in kinds.items()]


def _progress(found: ContactRound) -> str:
    """Return how many reports were missing at the end of each deadline and of the last day."""
    if not found.progress:
        return "no report has come" if not found.undated else "not known, the delivery dates no report"
    shown = [each for each in found.progress if each.mark or each is found.progress[-1]]
    outstanding = ", ".join(f"{each.outstanding} on {each.day.isoformat()}" for each in shown)
    return f"{outstanding} ({found.undated} reports without a date)" if found.undated else outstanding
