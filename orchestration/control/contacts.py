"""The record of a contact round: who was contacted about what, when and by whom, and how far each unit has come.

``data/control/contacts/<year>.csv`` has a line for each event, in the order in which they were entered; lines are added and
reviewed, never changed. Belongs here: the form of the record, reading it, and adding to it. Does not belong here: what state
a unit is in (the room ``contact``), explanations (``findings``) and corrections (``answers``). It is restricted.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError

DOCUMENTATION = "docs/run/contact-round.md says what a line has"

# What happened: a unit that has not sent its report was reminded, or its county governor told; a finding was asked about,
# asked about again because the answer was insufficient, or answered without settling it; a unit was approved.
Event = Literal["reminded", "county_governor_told", "asked", "asked_again", "answered", "approved"]
EVENTS: tuple[Event, ...] = get_args(Event)

# Those that are about one finding.
OF_FINDINGS: frozenset[Event] = frozenset({"asked", "asked_again", "answered"})


class Contact(BaseModel):
    """One event. ``answers_sha256`` identifies the approved answers of the unit: other answers are not approved."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    unit_code: str = Field(pattern=r"^[0-9]{4}([0-9]{2})?$")
    event: Event
    by: str = Field(min_length=1, description="who wrote, called or approved")
    finding: str = Field(default="", description="key of the finding, of events about one")
    values: str = Field(
        default="", description="what the finding held then, as ``values_of`` writes it; empty: whatever it holds"
    )
    form: str = Field(
        default="", description="of an approval, the form that was approved; of a reminder, that which is missing, or all"
    )
    answers_sha256: str = Field(default="", pattern=r"^([0-9a-f]{12})?$", description="of an approval")
    note: str = ""


COLUMNS = tuple(Contact.model_fields)


def values_of(value: Decimal | None, compared: Decimal | None) -> str:
    """Return the finding's value and what it is compared with, as written in the record."""
    return "/".join("" if each is None else f"{each:f}" for each in (value, compared))


def contacts_file(folder: Path, year: int) -> Path:
    """Return the file of a year's record, under the folder of the explanations."""
    return folder / "contacts" / f"{year}.csv"


def read_contacts(path: Path) -> list[Contact]:
    """Return the events of a record in the order of their lines; none where there is no record yet.

    Raises:
        UserError: with file and line, where the record or an event is not valid.
    """
    if not path.exists():
        return []
    try:
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy=DOCUMENTATION) from error
    if not rows or tuple(rows[0]) != COLUMNS:
        raise UserError("has the wrong header", place=f"{path}, line 1", remedy=f"write {','.join(COLUMNS)}, with commas")
    found = []
    for line, row in enumerate(rows[1:], start=2):
        place = f"{path}, line {line}"
        if len(row) != len(COLUMNS):
            raise UserError(f"has {len(row)} fields instead of {len(COLUMNS)}", place=place, remedy=DOCUMENTATION)
        found.append(_contact(dict(zip(COLUMNS, row, strict=True)), place))
    return found


def _contact(row: dict[str, str], place: str) -> Contact:
    try:
        contact = Contact.model_validate(row)
    except ValidationError as error:
        raise UserError(first_problem(error), place=place, remedy=DOCUMENTATION) from error
    if (contact.event in OF_FINDINGS) != bool(contact.finding):
        raise UserError(
            f"{contact.event} is {'' if contact.event in OF_FINDINGS else 'not '}about a finding",
            place=place,
            remedy="give its key" if contact.event in OF_FINDINGS else "leave finding empty",
        )
    if (contact.event == "approved") != bool(contact.answers_sha256 and contact.form):
        raise UserError(
            "an approval, and nothing else, says which answers of which form were approved",
            place=place,
            remedy="approve with ./is248 contact, which writes the line",
        )
    return contact


def add_contacts(path: Path, contacts: Iterable[Contact]) -> list[Contact]:
    """Add events to a record, which may exist, and return those that were new; the file is replaced atomically.

    An identical event is not written again.

    Raises:
        UserError: the existing record is not valid.
    """
    known = read_contacts(path)
    new = [each for each in dict.fromkeys(contacts) if each not in set(known)]
    if not new:
        return []
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(each) for each in (*known, *new))
    write_restricted(path, output.getvalue())
    return new


def write_restricted(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _row(contact: Contact) -> list[str]:
    return [str(value) for value in contact.model_dump(mode="json").values()]
