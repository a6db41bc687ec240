"""The folder of a contact round: the page, the workbook, the letters and the list of each county.

Belongs here: which files there are and where they lie. Does not belong here: what stands in them. Folders have mode 0700,
files 0600; what is there is replaced, since all of it is made again from what is on record.
"""

from __future__ import annotations

import csv
import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestration.contact.letters import Letter, Writer, by_county, load_addresses, load_letter_texts
from orchestration.contact.page import render
from orchestration.contact.states import ContactRound, Unit
from orchestration.contact.workbook import TEXTS, last_event, workbook
from orchestration.control.layout import make_rows
from orchestration.control.lists import file_name
from orchestration.control.writers import workbook as questions_workbook
from orchestration.core.language import in_language
from orchestration.core.settings import Settings
from orchestration.core.warehouse import make_restricted

PAGE = "round.html"

REMINDERS, QUESTIONS, COUNTIES = "reminders", "questions", "county_governors"
# What may be sent, by the name of its folder.
KINDS = (REMINDERS, QUESTIONS, COUNTIES)


@dataclass(frozen=True)
class Letters:
    """The letters that are to be sent, by kind."""

    reminders: dict[Unit, Letter]
    questions: dict[Unit, Letter]
    county_governors: dict[str, Letter]

    def of(self, kind: str) -> list[Letter]:
        """Return the letters of a kind."""
        return list(getattr(self, kind).values())

    def count(self) -> dict[str, int]:
        """Return how many there are, as page and answers say it."""
        return {
            "reminders": len(self.reminders),
            "questions": len(self.questions),
            "counties": len(self.county_governors),
        }


@dataclass(frozen=True)
class Written:
    """What was written."""

    folder: Path
    page: Path
    workbook: Path
    letters: Letters


def write_letters(settings: Settings, found: ContactRound) -> Letters:
    """Return the letters of a round; none where nobody has described it.

    Args:
        settings: where words and addresses lie.
        found: the round.

    Raises:
        UserError: words or addresses are not valid.
    """
    if found.round is None:
        return Letters({}, {}, {})
    texts, addresses = load_letter_texts(settings.control_texts), load_addresses(settings.explanations)
    writer = Writer(found, found.round, texts, addresses)
    return Letters(writer.reminders(), writer.questions(), writer.county_governors())


def write_round(settings: Settings, found: ContactRound) -> Written:
    """Write the folder of a round in place of the one that is there.

    Raises:
        UserError: words or addresses of letters are not valid.
    """
    letters = write_letters(settings, found)
    make_restricted(settings.contact)
    folder = settings.contact / str(found.year)
    fresh = settings.contact / f".{found.year}.{os.getpid()}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    try:
        _write(fresh / PAGE, render(found, letters.count()).encode())
        book = f"{found.year}_{in_language(TEXTS['sheet'], 'nb').lower()}.xlsx"
        _write(fresh / book, workbook(found))
        _write_letters(fresh, found, letters)
        for units in by_county(found.units).values():
            name = file_name(f"{units[0].county_code}_{units[0].county_name}")
            _write(fresh / "counties" / f"{name}.csv", _county_list(units))
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Written(folder, folder / PAGE, folder / book, letters)


def _write_letters(folder: Path, found: ContactRound, letters: Letters) -> None:
    if found.round is None:
        return
    several_forms = len({unit.form for unit in found.units}) > 1
    reply_to = found.round.reply_to

    def path(kind: str, name: str, form: str = "") -> Path:
        return folder / kind / f"{file_name(name)}{f'_{form}' if several_forms and form else ''}.eml"

    for unit, letter in letters.reminders.items():
        _write(path(REMINDERS, letter.name, unit.form), letter.file(reply_to, {}))
    for unit, letter in letters.questions.items():
        asked = {event.finding for event in letter.about}
        findings = [each.finding for each in unit.questions if each.finding.key in asked]
        list_of_unit = questions_workbook(
            make_rows(findings, {}, found.control.language),
            found.control,
            letter.subject,
            [finding.finding for finding in findings],
        )
        attached = {f"{file_name(unit.name)}.xlsx": list_of_unit}
        _write(path(QUESTIONS, letter.name, unit.form), letter.file(reply_to, attached))
    for county, letter in letters.county_governors.items():
        missing = [unit for unit in by_county(found.units)[county] if not unit.has_delivered]
        attached = {f"{file_name(letter.name)}.csv": _county_list(missing)}
        _write(path(COUNTIES, letter.name), letter.file(reply_to, attached))


def _county_list(units: list[Unit]) -> bytes:
    """Return the units of a county as csv, as Excel in Norway opens it; it says nothing of their answers."""
    output = io.StringIO()
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
    names = ("unit_code", "unit", "form", "state", "report", "last")
    writer.writerow([in_language(TEXTS[name], "nb") for name in names])
    for unit in units:
        # Whether a unit is asked about its answers is between it and those who control the year.
        state = unit.state if not unit.has_delivered else "delivered"
        writer.writerow(
            [
                unit.unit_code,
                unit.unit_name,
                unit.form,
                in_language(TEXTS[state], "nb"),
                unit.completed_on.isoformat() if unit.completed_on else "",
                last_event(unit.last, "nb") if not unit.has_delivered else "",
            ]
        )
    return output.getvalue().encode("utf-8-sig")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
