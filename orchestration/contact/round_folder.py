"""The folder of a contact round: the page, the workbook, the letters and the list of each county.

Belongs here: which files there are, and their places. Does not belong here: their content. Folders have mode 0700, files
0600. Written files are made again from the record; files that somebody changed or added stay.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from orchestration.contact.addressees import load_addresses, load_written_forms
from orchestration.contact.letters import Letter, Writer, by_county, by_county_and_form, load_letter_texts
from orchestration.contact.page import render
from orchestration.contact.states import ContactRound, Unit
from orchestration.contact.workbook import TEXTS, has_entries, last_event, read_entries, workbook
from orchestration.control.contacts import Contact
from orchestration.control.findings import Control, load_control
from orchestration.control.list_layout import make_rows
from orchestration.control.lists import file_name
from orchestration.control.reported import load_reported
from orchestration.control.writers import unit_workbook
from orchestration.core.errors import UserError
from orchestration.core.language import WrittenForm, in_language
from orchestration.core.settings import Settings
from orchestration.core.warehouse import make_restricted
from orchestration.ingest.capture import hash_file

PAGE = "round.html"
# The list of written files with their hashes, and what the letters are about.
WRITTEN = ".written.json"

REMINDERS, QUESTIONS, COUNTIES = "reminders", "questions", "county_governors"
# The kinds of letters, by the names of their folders.
KINDS = (REMINDERS, QUESTIONS, COUNTIES)


@dataclass(frozen=True)
class Letters:
    """The letters to send, by kind, and the findings in each written form that is used."""

    reminders: dict[Unit, Letter]
    questions: dict[Unit, Letter]
    county_governors: dict[tuple[str, str], Letter]
    controls: dict[WrittenForm, Control]

    def of(self, kind: str) -> list[Letter]:
        """Return the letters of a kind."""
        return list(getattr(self, kind).values())

    def count(self) -> dict[str, int]:
        """Return the number of letters to send by kind, and of letters in nynorsk."""
        return {
            "reminders": len(self.reminders),
            "questions": len(self.questions),
            "counties": len(self.county_governors),
            "nynorsk": sum(letter.written_form == "nn" for kind in KINDS for letter in self.of(kind)),
        }


@dataclass(frozen=True)
class Written:
    """What was written; ``kept`` are files that somebody had changed or added, which were not replaced."""

    folder: Path
    page: Path
    workbook: Path
    letters: Letters
    kept: tuple[str, ...]


def write_letters(settings: Settings, found: ContactRound) -> Letters:
    """Return the letters of a round; none if it is not described, or if the record has later events.

    Args:
        settings: where texts and addresses of letters lie.
        found: the round.

    Raises:
        UserError: texts, addresses or written forms are invalid.
    """
    if found.round is None or found.later is not None:
        return Letters({}, {}, {}, {})
    texts, addresses = load_letter_texts(settings.control_texts), load_addresses(settings.explanations, found.codes)
    written_forms = load_written_forms(settings.explanations, found.codes)
    controls: dict[WrittenForm, Control] = {"nb": found.control}
    if "nn" in written_forms.values():
        controls["nn"] = load_control(settings, found.year, "nn")
    writer = Writer(found, found.round, texts, addresses, written_forms, controls)
    return Letters(writer.reminders(), writer.questions(), writer.county_governors(), controls)


def sent_letters(settings: Settings, year: int, kind: str, day: date, by: str) -> list[Contact]:
    """Return the events to record when the letters of a kind in the folder of a round have been sent.

    Raises:
        UserError: no letters of the kind were written.
    """
    path = settings.contact / str(year) / WRITTEN
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    about = content.get("about", {}).get(kind, [])
    if not about:
        raise UserError(
            f"there are no letters of the kind {kind} in the folder",
            place=str(path.parent),
            remedy=f"./is248 contact {year} writes the letters to send",
        )
    return [Contact(date=day, by=by, **each) for each in about]


def write_round(settings: Settings, found: ContactRound, read_back_now: Path | None = None) -> Written:
    """Write the folder of a round in place of an earlier one; files that somebody changed or added stay.

    Args:
        settings: where texts and addresses of letters lie.
        found: the round.
        read_back_now: a workbook of the round whose entries have just been recorded.

    Raises:
        UserError: texts or addresses of letters are invalid, or the existing workbook has entries that are not recorded.
    """
    letters = write_letters(settings, found)
    make_restricted(settings.contact)
    folder = settings.contact / str(found.year)
    before = _written_before(folder)
    book = f"{found.year}_{in_language(TEXTS['sheet'], 'nb').lower()}.xlsx"
    _refuse_entries(folder / book, found, read_back_now)
    for rest in settings.contact.glob(f".{found.year}.*"):
        # Left by an interrupted run; it contains answers of single units.
        shutil.rmtree(rest, ignore_errors=True)
    fresh = settings.contact / f".{found.year}.{os.getpid()}"
    fresh.mkdir(mode=0o700)
    try:
        _write(fresh / PAGE, render(found, letters.count()).encode())
        _write(fresh / book, workbook(found))
        _write_letters(settings, fresh, found, letters)
        for units in by_county(found.units).values():
            name = file_name(f"{units[0].county_code}_{units[0].county_name}")
            _write(fresh / "counties" / f"{name}.csv", _county_list(units))
        hashes = {path.relative_to(fresh).as_posix(): hash_file(path) for path in sorted(fresh.rglob("*")) if path.is_file()}
        about = {kind: [asdict(each) for letter in letters.of(kind) for each in letter.about] for kind in KINDS}
        _write(fresh / WRITTEN, json.dumps({"files": hashes, "about": about}, ensure_ascii=False, indent=1).encode())
        kept = _keep(folder, fresh, before, book)
        old = fresh.with_name(f"{fresh.name}.old")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Written(folder, folder / PAGE, folder / book, letters, tuple(kept))


def _written_before(folder: Path) -> dict[str, str]:
    """Return the hashes of the files that were written into a folder, by name."""
    path = folder / WRITTEN
    files: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))["files"] if path.is_file() else {}
    return files


def _refuse_entries(path: Path, found: ContactRound, read_back_now: Path | None) -> None:
    """Refuse to replace a workbook that has entries that are not recorded."""
    if not path.exists() or (read_back_now is not None and path.resolve() == read_back_now.resolve()):
        return
    if has_entries(path):
        try:
            is_on_record = set(read_entries(path, found)) <= set(found.contacts)
        except UserError:
            is_on_record = False
        if not is_on_record:
            raise UserError(
                "has entries that are not recorded",
                place=str(path),
                remedy=f"record them: ./is248 contact {found.year} --read-back with its path, or move it out of the folder",
            )


def _keep(folder: Path, fresh: Path, before: Mapping[str, str], book: str) -> list[str]:
    """Copy files that somebody changed or added since the folder was written, and return their names."""
    kept = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name in (WRITTEN, book) or before.get(name) == hash_file(path):
            continue
        target = fresh / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(path, target)
        kept.append(name)
    return kept


def _write_letters(settings: Settings, folder: Path, found: ContactRound, letters: Letters) -> None:
    if found.round is None:
        return
    reply_to = found.round.reply_to
    reported = {form: load_reported(settings, each) for form, each in letters.controls.items() if letters.questions}

    def path(kind: str, name: str, form: str) -> Path:
        return folder / kind / f"{file_name(name)}{f'_{form}' if found.has_several_surveys else ''}.eml"

    for unit, letter in letters.reminders.items():
        _write(path(REMINDERS, letter.name, unit.form), letter.file(reply_to, {}))
    for unit, letter in letters.questions.items():
        asked = {event.finding for event in letter.about}
        control = letters.controls[letter.written_form]
        # Leave out explanations, which are internal to those who control the year, and items of other forms of the year.
        findings = [replace(each, explanation=None) for each in control.findings if each.key in asked]
        control = replace(control, items=[item for item in control.items if item.form == unit.form])
        rows = make_rows(findings, {}, control.language)
        own = reported[letter.written_form].get((unit.form, unit.unit_code), [])
        list_of_unit = unit_workbook(rows, control, letter.subject, own)
        attached = {f"{file_name(unit.name)}.xlsx": list_of_unit}
        _write(path(QUESTIONS, letter.name, unit.form), letter.file(reply_to, attached))
    units = by_county_and_form(found.units)
    for (county, form), letter in letters.county_governors.items():
        missing = [unit for unit in units[county, form] if not unit.has_delivered]
        attached = {f"{file_name(letter.name)}.csv": _county_list(missing, letter.written_form)}
        _write(path(COUNTIES, letter.name, form), letter.file(reply_to, attached))


def _county_list(units: list[Unit], language: WrittenForm = "nb") -> bytes:
    """Return the units of a county as CSV in the format of Excel in Norway, with nothing about their answers."""
    output = io.StringIO()
    writer = csv.writer(output, delimiter=";", lineterminator="\r\n")
    names = ("unit_code", "unit", "survey", "state", "report", "last")
    writer.writerow([in_language(TEXTS[name], language) for name in names])
    for unit in units:
        # Only the unit and those who control the year may know whether it is asked about its answers.
        state = unit.state if not unit.has_delivered else "delivered"
        writer.writerow(
            [
                unit.unit_code,
                unit.unit_name,
                unit.survey_label.nb,
                in_language(TEXTS[state], language),
                unit.completed_on.isoformat() if unit.completed_on else "",
                last_event(unit.last, language) if not unit.has_delivered else "",
            ]
        )
    return output.getvalue().encode("utf-8-sig")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
