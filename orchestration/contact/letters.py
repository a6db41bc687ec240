"""The letters of a contact round as e-mail drafts, to be opened and sent with a mail program; nothing is sent here.

A letter is one file in the format of e-mails (RFC 5322), readable in any editor; lists are attached. The texts are in
``expectations/control/letters.yml``, in both written forms of Norwegian. Belongs here: who gets a letter, filling in the
texts, and the format of the files. Does not belong here: the state of units (``states``), addresses (``addressees``) and
folders (``round_folder``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.contact.addressees import receiver, written_form_of
from orchestration.contact.rounds import DOCUMENTATION, Round
from orchestration.contact.states import OPEN, Asking, ContactRound, Question, State, Unit
from orchestration.control.contacts import Event, values_of
from orchestration.control.finding_texts import fill, placeholders
from orchestration.control.findings import Control
from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.language import WrittenForm, written_day

LETTERS = "letters.yml"

# The placeholders that each letter's text may have.
_OF_ROUND = frozenset({"year", "survey", "today", "first_deadline", "deadline", "sender", "reply_to", "phone"})
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


class _Letter(BaseModel):
    """A letter in both written forms, which must have the same placeholders."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nb: _Words
    nn: _Words

    def in_form(self, form: WrittenForm) -> _Words:
        """Return the texts in one written form."""
        return self.nn if form == "nn" else self.nb


class _Phrase(BaseModel):
    """A part of a sentence in both written forms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nb: str = Field(min_length=1)
    nn: str = Field(min_length=1)

    def in_form(self, form: WrittenForm) -> str:
        """Return the phrase in one written form."""
        return self.nn if form == "nn" else self.nb


class _Called(_Phrase):
    from_year: int
    offices: dict[str, str] = Field(default={}, description="by county, if the office's name differs from the county's")


class LetterTexts(BaseModel):
    """The texts of all letters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reminder: _Letter
    reminder_begun: _Letter
    questions: _Letter
    county_governor: _Letter
    asked_again: _Phrase
    surveys: dict[str, _Phrase] = Field(default={}, description="by survey, its subject; by default the label of its code")
    county_governors: tuple[_Called, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> LetterTexts:
        for letter, known in _NAMES.items():
            named = {}
            for form in get_args(WrittenForm):
                words = getattr(self, letter).in_form(form)
                named[form] = {*placeholders(words.subject), *placeholders(words.body)}
                for name in sorted(named[form] - known):
                    raise ValueError(f"{letter}.{form}: {{{name}}} is not one of {', '.join(sorted(known))}")
            for name in sorted(named["nb"] ^ named["nn"]):
                raise ValueError(f"{letter}: {{{name}}} is only in one of nb and nn")
        return self


@dataclass(frozen=True)
class About:
    """What a letter is about: a unit, the event to record when the letter is sent, and for a question its finding."""

    unit_code: str
    event: Event
    form: str = ""
    finding: str = ""
    values: str = ""


@dataclass(frozen=True)
class Letter:
    """A letter to one receiver."""

    name: str
    to: str
    written_form: WrittenForm
    subject: str
    body: str
    about: tuple[About, ...]

    def file(self, reply_to: str, attachments: Mapping[str, bytes]) -> bytes:
        """Return the draft of an e-mail; equal letters give equal bytes, so it has neither date nor message id.

        Args:
            reply_to: the address for answers.
            attachments: files by name, CSV or workbooks.
        """
        message = EmailMessage(policy=SMTP)
        message["Subject"] = self.subject
        # If the address is unknown, the sender fills it in.
        if self.to:
            message["To"] = self.to
        message["Reply-To"] = reply_to
        # Makes mail programs open it as a draft.
        message["X-Unsent"] = "1"
        message.set_content(self.body, cte="8bit")
        for name, content in attachments.items():
            kind = ("text", "csv") if name.endswith(".csv") else _WORKBOOK
            message.add_attachment(content, maintype=kind[0], subtype=kind[1], filename=name)
        if attachments:
            message.set_boundary("=_attachment_of_the_letter_=")
        return message.as_bytes()


_WORKBOOK = ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet")


def load_letter_texts(folder: Path) -> LetterTexts:
    """Return the texts of all letters.

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


def _of_round(found: ContactRound, described: Round) -> dict[str, str | None]:
    """Return the values of the placeholders that every letter may have."""
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

    def __init__(
        self,
        found: ContactRound,
        described: Round,
        texts: LetterTexts,
        addresses: Mapping[str, str],
        written_forms: Mapping[str, WrittenForm],
        controls: Mapping[WrittenForm, Control],
    ) -> None:
        """Store what the letters are made of.

        Args:
            found: the round.
            described: how it is run.
            texts: the texts of letters.
            addresses: of units and county governors, by code.
            written_forms: of units and county governors, by code.
            controls: the findings in each written form that is used.
        """
        self._found = found
        self._described = described
        self._texts = texts
        self._addresses = addresses
        self._written_forms = written_forms
        self._asked = {
            form: {finding.key: finding.question for finding in control.findings} for form, control in controls.items()
        }
        self._values = _of_round(found, described)

    def reminders(self) -> dict[Unit, Letter]:
        """Return a letter to each unit without a report, once the first deadline has passed.

        Units that were reminded less than ``remind_after_days`` ago are left out.
        """
        if self._found.today <= self._described.deadlines[0]:
            return {}
        letters = {}
        for unit in self._found.units:
            if unit.has_delivered or self._has_recent_letter(unit.reminded):
                continue
            words = self._texts.reminder_begun if unit.state is State.BEGUN else self._texts.reminder
            values = {"reminded": written_day(unit.reminded[-1]) if unit.reminded else None}
            letters[unit] = self._letter(unit, words, values, (About(unit.unit_code, "reminded", unit.form),))
        return letters

    def questions(self) -> dict[Unit, Letter]:
        """Return a letter to each unit with questions that are new, or are to be asked again."""
        letters = {}
        for unit in self._found.units:
            open_questions = [each for each in unit.questions if each.asking in OPEN]
            new = [each for each in open_questions if self._is_to_be_written(each)]
            if not new:
                continue
            form = written_form_of(self._written_forms, unit)
            lines = [self._question(number, each, form) for number, each in enumerate(new, start=1)]
            values: dict[str, str | None] = {
                "questions": "\n\n".join(lines),
                "answer_by": written_day(self._described.answer_by(self._found.today)),
            }
            about = tuple(
                About(
                    unit.unit_code,
                    "asked",
                    finding=each.finding.key,
                    values=values_of(each.finding.value, each.finding.compared),
                )
                for each in new
            )
            letters[unit] = self._letter(unit, self._texts.questions, values, about)
        return letters

    def county_governors(self) -> dict[tuple[str, str], Letter]:
        """Return letters to county governors about missing reports by county and form, from ``county_governors_from``."""
        start = self._described.county_governors_from
        if start is None or self._found.today < start:
            return {}
        letters = {}
        for (county, form), units in by_county_and_form(self._found.units).items():
            missing = [unit for unit in units if not unit.has_delivered]
            if all(self._has_recent_letter(unit.county_informed) for unit in missing):
                continue
            written_form = self._written_forms.get(county, "nb")
            values = self._values | {
                "survey": self._survey(units[0], written_form),
                "county": units[0].county_name,
                "county_governor": self._county_governor(county, units[0].county_name, written_form),
                "delivered": str(len(units) - len(missing)),
                "asked_units": str(len(units)),
                "missing": "\n".join(f"- {unit.unit_code} {unit.unit_name}" for unit in missing),
            }
            about = tuple(About(unit.unit_code, "county_governor_told", form) for unit in missing)
            words = self._texts.county_governor.in_form(written_form)
            letters[county, form] = Letter(
                name=f"{county}_{units[0].county_name}",
                to=self._addresses.get(county, ""),
                written_form=written_form,
                subject=fill(words.subject, values),
                body=fill(words.body, values),
                about=about,
            )
        return letters

    def _county_governor(self, county: str, name: str, form: WrittenForm) -> str:
        """Return the name of the county governor's office in the year in which the round opened."""
        called = [each for each in self._texts.county_governors if each.from_year <= self._described.opened.year]
        latest = max(called, key=lambda each: each.from_year)
        return f"{latest.in_form(form)} i {latest.offices.get(county, name)}"

    def _has_recent_letter(self, days: Sequence[date]) -> bool:
        """Whether the last letter, of these days, is too recent to write again."""
        return bool(days) and (self._found.today - days[-1]).days < self._described.remind_after_days

    def _is_to_be_written(self, question: Question) -> bool:
        """Whether an open question needs a letter: it has not been asked, or is to be asked again."""
        return question.asking is not Asking.ASKED

    def _question(self, number: int, question: Question, form: WrittenForm) -> str:
        """Return the text of a question in a letter, with its number."""
        text = self._asked[form][question.finding.key]
        if question.asking is Asking.ASKED_AGAIN and question.last is not None:
            asked = written_day(question.asked_on) if question.asked_on is not None else None
            text = f"{text} {fill(self._texts.asked_again.in_form(form), {'asked': asked, 'note': question.last.note})}"
        return f"{number}. {text}"

    def _survey(self, unit: Unit, form: WrittenForm) -> str:
        """Return the subject of a unit's survey, as a phrase within a sentence."""
        phrase = self._texts.surveys.get(unit.survey)
        return unit.survey_label.nb if phrase is None else phrase.in_form(form)

    def _letter(self, unit: Unit, letter: _Letter, values: Mapping[str, str | None], about: Sequence[About]) -> Letter:
        form = written_form_of(self._written_forms, unit)
        words = letter.in_form(form)
        of_letter = self._values | {
            "unit": unit.unit_name or unit.unit_code,
            "receiver": receiver(unit),
            "survey": self._survey(unit, form),
            **values,
        }
        return Letter(
            name=unit.name,
            to=self._addresses.get(unit.unit_code, ""),
            written_form=form,
            subject=fill(words.subject, of_letter),
            body=fill(words.body, of_letter),
            about=tuple(about),
        )


def by_county(units: Sequence[Unit]) -> dict[str, list[Unit]]:
    """Return units by county, in the order of codes; units without a known county are left out."""
    found: dict[str, list[Unit]] = {}
    for unit in sorted(units, key=lambda unit: (unit.county_code, unit.unit_code, unit.form)):
        if unit.county_code:
            found.setdefault(unit.county_code, []).append(unit)
    return found


def by_county_and_form(units: Sequence[Unit]) -> dict[tuple[str, str], list[Unit]]:
    """Return units by county and form, otherwise as ``by_county``."""
    found: dict[tuple[str, str], list[Unit]] = {}
    for county, of_county in by_county(units).items():
        for unit in of_county:
            found.setdefault((county, unit.form), []).append(unit)
    return found
