"""The letters of a contact round as drafts of e-mails, which a mail program opens and sends; nothing is sent here.

A letter is one file in the format of e-mails (RFC 5322), its text readable in any editor, with the list of the unit as
attachment. The words are ``expectations/control/letters.yml``. Belongs here: filling the words, and the form of the files.
Does not belong here: who is written to (``states``) and where the files lie (``folder``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.contact.rounds import DOCUMENTATION, Round
from orchestration.contact.states import OPEN, Asking, ContactRound, Question, State, Unit
from orchestration.control.contacts import Event, values_of
from orchestration.control.finding_texts import fill, placeholders
from orchestration.core import yaml_text
from orchestration.core.entries import first_problem
from orchestration.core.errors import UserError
from orchestration.core.language import written_day

LETTERS = "letters.yml"
ADDRESSES = "addresses.csv"

# What the words of each letter may name.
_OF_ROUND = frozenset({"year", "today", "first_deadline", "deadline", "sender", "reply_to", "phone"})
_NAMES = {
    "reminder": _OF_ROUND | {"unit", "receiver", "reminded"},
    "reminder_begun": _OF_ROUND | {"unit", "receiver", "reminded"},
    "questions": _OF_ROUND | {"unit", "receiver", "questions", "answer_by"},
    "county_governor": _OF_ROUND | {"county", "county_governor", "missing", "delivered", "asked_units"},
}


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str = Field(min_length=1)
    body: str = Field(min_length=1)


class _Called(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    from_year: int
    nb: str
    offices: dict[str, str] = Field(default={}, description="by county, where an office is called otherwise than its county")


class LetterTexts(BaseModel):
    """The words of all letters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reminder: _Words
    reminder_begun: _Words
    questions: _Words
    county_governor: _Words
    asked_again: str
    county_governors: tuple[_Called, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> LetterTexts:
        for letter, known in _NAMES.items():
            words = getattr(self, letter)
            for name in (*placeholders(words.subject), *placeholders(words.body)):
                if name not in known:
                    raise ValueError(f"{letter}: {{{name}}} is none of {', '.join(sorted(known))}")
        return self


@dataclass(frozen=True)
class About:
    """What a letter is about: a unit, what happens to it once the letter was sent, and the finding of a question."""

    unit_code: str
    event: Event
    finding: str = ""
    values: str = ""


@dataclass(frozen=True)
class Letter:
    """A letter to one receiver."""

    name: str
    to: str
    subject: str
    body: str
    about: tuple[About, ...]

    def file(self, reply_to: str, attachments: Mapping[str, bytes]) -> bytes:
        """Return the draft of an e-mail; equal letters give equal bytes, so it has neither date nor number.

        Args:
            reply_to: who gets the answer.
            attachments: files by name, csv or workbooks.
        """
        message = EmailMessage(policy=SMTP)
        message["Subject"] = self.subject
        # A unit whose address nobody gave is filled in by who sends it.
        if self.to:
            message["To"] = self.to
        message["Reply-To"] = reply_to
        # Mail programs open it as a draft.
        message["X-Unsent"] = "1"
        message.set_content(self.body, cte="8bit")
        for name, content in attachments.items():
            kind = ("text", "csv") if name.endswith(".csv") else _WORKBOOK
            message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
        if attachments:
            message.set_boundary("=_attachment_of_the_letter_=")
        return message.as_bytes()


_CODE = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")

_WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def load_letter_texts(folder: Path) -> LetterTexts:
    """Return the words of all letters.

    Raises:
        UserError: the file is not valid.
    """
    path = folder / LETTERS
    try:
        return LetterTexts.model_validate(yaml_text.load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise UserError(first_problem(error), place=str(path), remedy=DOCUMENTATION) from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="restore or correct the YAML") from error


def load_addresses(folder: Path) -> dict[str, str]:
    """Return the addresses of units and county governors by code (a county has two digits); empty where there are none.

    Raises:
        UserError: the file is not valid.
    """
    path = folder / ADDRESSES
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="save it as UTF-8") from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or rows[0] != ["code", "address"]:
        raise UserError("has another header", place=f"{path}, line 1", remedy="write code,address with a comma between them")
    found: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        place = f"{path}, line {line}"
        if len(row) != 2 or not _CODE.fullmatch(row[0]):
            raise UserError(
                "is no code with an address",
                place=place,
                remedy="a county has two digits, a municipality four, a district six",
            )
        if not _ADDRESS.fullmatch(row[1].strip()):
            raise UserError(f"{row[1]!r} is not one address", place=place, remedy="write it as postmottak@example.org")
        if row[0] in found:
            raise UserError(f"{row[0]} is there twice", place=place, remedy="keep one of the two")
        found[row[0]] = row[1].strip()
    return found


def _of_round(found: ContactRound, described: Round) -> dict[str, str | None]:
    """Return what every letter may name."""
    extended = described.deadlines[-1] if len(described.deadlines) > 1 else None
    return {
        "year": str(found.year),
        "today": written_day(found.today),
        "first_deadline": written_day(described.deadlines[0]),
        "deadline": written_day(extended) if extended else None,
        "sender": described.sender,
        "reply_to": described.reply_to,
        "phone": described.phone or None,
    }


class Writer:
    """Writes the letters of a round."""

    def __init__(self, found: ContactRound, described: Round, texts: LetterTexts, addresses: Mapping[str, str]) -> None:
        self._found = found
        self._described = described
        self._texts = texts
        self._addresses = addresses
        self._values = _of_round(found, described)

    def reminders(self) -> dict[Unit, Letter]:
        """Return a letter to each unit whose report is missing once the first deadline has passed.

        Units that were reminded a short while ago are left out.
        """
        if self._found.today <= self._described.deadlines[0]:
            return {}
        letters = {}
        for unit in self._found.units:
            if unit.has_delivered or self._was_told(unit.reminded):
                continue
            words = self._texts.reminder_begun if unit.state is State.BEGUN else self._texts.reminder
            values = self._values | {
                "unit": unit.unit_name or unit.unit_code,
                "receiver": _receiver(unit),
                "reminded": written_day(unit.reminded[-1]) if unit.reminded else None,
            }
            letters[unit] = self._letter(unit, words, values, (About(unit.unit_code, "reminded"),))
        return letters

    def questions(self) -> dict[Unit, Letter]:
        """Return a letter to each unit that is to be asked something it was not asked before, or is asked again."""
        letters = {}
        for unit in self._found.units:
            open_questions = [each for each in unit.questions if each.asking in OPEN]
            new = [each for each in open_questions if self._is_to_be_written(each)]
            if not new:
                continue
            lines = [self._question(number, each) for number, each in enumerate(new, start=1)]
            values = self._values | {
                "unit": unit.unit_name or unit.unit_code,
                "receiver": _receiver(unit),
                "questions": "\n\n".join(lines),
                "answer_by": written_day(self._described.answer_by(self._found.today)),
            }
            about = tuple(
                About(unit.unit_code, "asked", each.finding.key, values_of(each.finding.value, each.finding.compared))
                for each in new
            )
            letters[unit] = self._letter(unit, self._texts.questions, values, about)
        return letters

    def county_governors(self) -> dict[str, Letter]:
        """Return a letter to the county governor of each county with missing reports, by county, once it is time."""
        start = self._described.county_governors_from
        if start is None or self._found.today < start:
            return {}
        letters = {}
        for county, units in by_county(self._found.units).items():
            missing = [unit for unit in units if not unit.has_delivered]
            if all(self._was_told(unit.county_told) for unit in missing):
                continue
            values = self._values | {
                "county": units[0].county_name,
                "county_governor": self._county_governor(county, units[0].county_name),
                "delivered": str(len(units) - len(missing)),
                "asked_units": str(len(units)),
                "missing": "\n".join(f"- {unit.unit_code} {unit.unit_name}" for unit in missing),
            }
            about = tuple(About(unit.unit_code, "county_governor_told") for unit in missing)
            words = self._texts.county_governor
            letters[county] = Letter(
                name=f"{county}_{units[0].county_name}",
                to=self._addresses.get(county, ""),
                subject=fill(words.subject, values),
                body=fill(words.body, values),
                about=about,
            )
        return letters

    def _county_governor(self, county: str, name: str) -> str:
        """Return what the office is called that looks after a county in the year in which the form was sent out."""
        called = [each for each in self._texts.county_governors if each.from_year <= self._described.opened.year]
        latest = max(called, key=lambda each: each.from_year)
        return f"{latest.nb} i {latest.offices.get(county, name)}"

    def _was_told(self, days: Sequence[date]) -> bool:
        """Whether somebody was written to so shortly before that it would be too soon to write again."""
        return bool(days) and (self._found.today - days[-1]).days < self._described.remind_after_days

    def _is_to_be_written(self, question: Question) -> bool:
        """Whether the question was not put in a letter since it came up, or since it is to be asked again."""
        return question.asking is not Asking.ASKED

    def _question(self, number: int, question: Question) -> str:
        """Return a question of a letter, numbered."""
        text = question.finding.question
        if question.asking is Asking.ASKED_AGAIN and question.last is not None:
            asked = written_day(question.asked_on) if question.asked_on is not None else None
            text = f"{text} {fill(self._texts.asked_again, {'asked': asked, 'note': question.last.note})}"
        return f"{number}. {text}"

    def _letter(self, unit: Unit, words: _Words, values: Mapping[str, str | None], about: Sequence[About]) -> Letter:
        return Letter(
            name=unit.name,
            to=self._addresses.get(unit.unit_code, ""),
            subject=fill(words.subject, values),
            body=fill(words.body, values),
            about=tuple(about),
        )


def _receiver(unit: Unit) -> str:
    """Return who a letter is to: the municipality, the district, or the agency by its own name."""
    name = unit.unit_name or unit.unit_code
    if unit.unit_level == "municipality":
        # Of several of one name the county stands in brackets behind it.
        bare, bracket, rest = name.partition(" (")
        return f"{bare} kommune{bracket}{rest}"
    return f"bydel {name}" if unit.unit_level == "city_district" else name


def by_county(units: Sequence[Unit]) -> dict[str, list[Unit]]:
    """Return units by county, in the order of their codes; those of no known county are left out."""
    found: dict[str, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: (unit.county_code, unit.unit_code, unit.form)):
        if unit.county_code:
            found.setdefault(unit.county_code, []).append(unit)
    return found
