"""The state of each unit in the contact round of a year, and how many reports were missing on each day.

Belongs here: deriving states from submissions, findings, corrections and the record of contacts; equal inputs on the same
day give equal states. Does not belong here: letters to units (``letters``) and showing states (``page``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from orchestration.contact.queries import BelowLimit, read_round
from orchestration.contact.rounds import Round, load_round
from orchestration.control.contacts import Contact, contacts_file, read_contacts, values_of
from orchestration.control.findings import Control, Finding, load_control
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.tables import Label
from orchestration.ingest.decisions import load_decisions

# Findings that a unit's report is missing, and findings that inform without a question.
_REPORT_IS_MISSING = frozenset({"no_answer", "carried_again"})
_INFORMATION = frozenset({"superseded_submission"})


class State(StrEnum):
    """How far a unit has come in the round."""

    NOT_DELIVERED = "not_delivered"
    BEGUN = "begun"
    QUESTIONS_OPEN = "questions_open"
    ANSWERED = "answered"
    CORRECTION_WAITS = "correction_waits"
    CORRECTED = "corrected"
    EXPLAINED = "explained"
    COMPLETE = "complete"
    APPROVED = "approved"


class Asking(StrEnum):
    """The state of a finding: whether it is asked about, answered or explained."""

    LISTED = "listed"
    TO_ASK = "to_ask"
    ASKED = "asked"
    ASKED_AGAIN = "asked_again"
    ANSWERED = "answered"
    EXPLAINED = "explained"


# States of findings that still need an answer.
OPEN = frozenset({Asking.TO_ASK, Asking.ASKED, Asking.ASKED_AGAIN})


@dataclass(frozen=True)
class Question:
    """A finding about a unit, its state, and the last event about it with its current values."""

    finding: Finding
    asking: Asking
    last: Contact | None
    asked_on: date | None
    """When it was last asked."""
    answer_by: date | None
    """The day by which the unit must answer; only for questions that were asked."""


@dataclass(frozen=True)
class Unit:
    """A unit in one form of the year, with its state."""

    form: str
    survey: str
    survey_label: Label
    unit_code: str
    unit_name: str
    unit_level: str
    county_code: str
    county_name: str
    state: State
    is_contested: bool
    completed_on: date | None
    questions: tuple[Question, ...]
    corrections: int
    last: Contact | None
    """The last event about the unit."""
    reminded: tuple[date, ...]
    county_informed: tuple[date, ...]
    answers_sha256: str
    approval_lapsed: bool
    """Whether it was approved, but its answers have changed since."""

    @property
    def name(self) -> str:
        """The unit's part of file names."""
        return f"{self.unit_code}_{self.unit_name}"

    @property
    def has_delivered(self) -> bool:
        """Whether it completed a report; contradicting reports count as one."""
        return self.state not in (State.NOT_DELIVERED, State.BEGUN)

    def questions_that_are(self, *asking: Asking) -> list[Question]:
        """Return the questions in these states."""
        return [each for each in self.questions if each.asking in asking]

    def is_overdue(self, today: date) -> bool:
        """Whether it has an open question whose deadline has passed."""
        return any(each.asking in OPEN and each.answer_by is not None and each.answer_by < today for each in self.questions)


Mark = Literal["is_deadline", "county_governors_from"]


@dataclass(frozen=True)
class Standing:
    """The number of units without a completed report at the end of a day; ``mark`` says what was due that day, if any."""

    day: date
    outstanding: int
    mark: Mark | None = None


@dataclass(frozen=True)
class ContactRound:
    """The contact round of a year as of a day: its units, the events, and progress."""

    year: int
    today: date
    control: Control
    round: Round | None
    units: tuple[Unit, ...]
    contacts: tuple[Contact, ...]
    later: date | None
    """The day of the last recorded event if it is after ``today``; the round is then historical, and has no letters."""
    codes: frozenset[str]
    """Codes of the units and counties of all years."""
    progress: tuple[Standing, ...]
    undated: int
    """The number of units with a completed report that the delivery does not date."""
    below_limit: tuple[BelowLimit, ...]

    @property
    def has_several_surveys(self) -> bool:
        """Whether the round has several forms, each of its own survey."""
        return len({unit.form for unit in self.units}) > 1

    def count(self) -> dict[State, int]:
        """Return how many units are in each state."""
        found = Counter(unit.state for unit in self.units)
        return {state: found[state] for state in State}


def load_contact_round(settings: Settings, year: int, today: date) -> ContactRound:
    """Return the contact round of a year as of a day: without reports, events and decisions that came later.

    Reports without a date in the delivery are included.

    Raises:
        UserError: there is no warehouse, it has nothing of the year, or a file of the round is invalid.
    """
    control = _until(load_control(settings, year), today)
    described = load_round(settings.explanations, year, frozenset(entry.id for entry in control.texts.findings))
    record = contacts_file(settings.explanations, year)
    # Sort by date: earlier events may have been recorded later.
    on_record = sorted(read_contacts(record), key=lambda each: each.date)
    contacts = [each for each in on_record if each.date <= today]
    decided = [row for row in load_decisions(settings.data)["corrections"] if row[2] == year and row[-1] <= today]
    read = read_round(settings, year)
    strangers = sorted({each.unit_code for each in contacts} - {row["unit_code"] for row in read.units})
    if strangers:
        raise UserError(
            f"{strangers[0]} is not a respondent in {year}", place=str(record), remedy="correct the code of the unit"
        )
    questions = _questions(control, contacts, described)
    units = [
        _unit(
            row,
            today,
            questions,
            [each for each in contacts if _is_about(each, row)],
            [
                each
                for each in decided
                if each[1] == row["unit_code"] and read.form_of.get(each[3], row["form"]) == row["form"]
            ],
            read.applied,
        )
        for row in read.units
    ]
    return ContactRound(
        year=year,
        today=today,
        control=control,
        round=described,
        units=tuple(units),
        contacts=tuple(contacts),
        later=on_record[-1].date if len(contacts) < len(on_record) else None,
        codes=read.codes,
        progress=_progress(units, described, today),
        undated=sum(unit.has_delivered and unit.completed_on is None for unit in units),
        below_limit=read.below_limit,
    )


def _until(control: Control, today: date) -> Control:
    """Return the findings with only the explanations that existed on a day."""
    findings = [
        replace(each, explanation=None) if each.explanation is not None and each.explanation.date > today else each
        for each in control.findings
    ]
    return replace(control, findings=findings)


def _is_about(contact: Contact, row: dict[str, Any]) -> bool:
    """Whether an event is about a unit in its form; an event without finding or form is about all forms."""
    if contact.unit_code != row["unit_code"]:
        return False
    if contact.finding:
        return _is_of_form(contact.finding, row)
    return contact.form in ("", row["form"])


def _is_of_form(key: str, row: dict[str, Any]) -> bool:
    """Whether the key of a finding belongs to the form of a unit."""
    return key.split("|")[0] in (row["series"], row["survey"])


def _unit(
    row: dict[str, Any],
    today: date,
    questions: dict[str, tuple[Question, ...]],
    own: Sequence[Contact],
    corrections: Sequence[tuple[Any, ...]],
    applied: Collection[str],
) -> Unit:
    """Return a unit with its state; ``own`` are the events, ``corrections`` the signed corrections about it."""
    code = row["unit_code"]
    found = tuple(each for each in questions.get(code, ()) if _is_of_form(each.finding.key, row))
    completed = row["first_completed_at"].date() if isinstance(row["first_completed_at"], datetime) else None
    if completed is not None and completed > today:
        # Its report had not arrived by that day, so there was nothing to ask about either.
        row, found, completed = row | {"submission_state": "none", "answers_sha256": ""}, (), None
    answers = _answers_hash(row["answers_sha256"], corrections)
    approved = {each.answers_sha256 for each in own if each.event == "approved"}
    return Unit(
        form=row["form"],
        survey=row["survey"],
        survey_label=Label(nb=row["survey_nb"], en=row["survey_en"]),
        unit_code=code,
        unit_name=row["unit_name"],
        unit_level=row["unit_level"],
        county_code=row["county_code"],
        county_name=row["county_name"],
        state=_state(row, found, [each[0] for each in corrections], applied, is_approved=answers in approved),
        is_contested=row["submission_state"] == "contested",
        completed_on=completed,
        questions=found,
        corrections=len(corrections),
        last=own[-1] if own else None,
        reminded=tuple(each.date for each in own if each.event == "reminded"),
        county_informed=tuple(each.date for each in own if each.event == "county_governor_told"),
        answers_sha256=answers,
        approval_lapsed=bool(approved) and answers not in approved,
    )


def _answers_hash(delivered: str, corrections: Sequence[tuple[Any, ...]]) -> str:
    """Return a hash of a unit's answers including its signed corrections."""
    if not delivered or not corrections:
        return delivered
    decided = sorted(repr(each[3:9]) for each in corrections)
    return hashlib.sha256("\n".join([delivered, *decided]).encode()).hexdigest()[: len(delivered)]


def _questions(control: Control, contacts: Iterable[Contact], described: Round | None) -> dict[str, tuple[Question, ...]]:
    """Return the questions about each unit, in the order of the findings."""
    events: dict[str, list[Contact]] = {}
    for each in contacts:
        if each.finding:
            events.setdefault(control.texts.number_of(each.finding), []).append(each)
    found: dict[str, list[Question]] = {}
    for finding in control.findings:
        if finding.finding in _REPORT_IS_MISSING or not finding.unit_code:
            continue
        now = values_of(finding.value, finding.compared)
        # Events about other values than the finding has now belong to another question.
        own = [each for each in events.get(finding.number, []) if each.values in ("", now)]
        last = own[-1] if own else None
        asked = [each.date for each in own if each.event == "asked"]
        asking = _asking(finding, own, described)
        found.setdefault(finding.unit_code, []).append(
            Question(
                finding=finding,
                asking=asking,
                last=last,
                asked_on=asked[-1] if asked else None,
                answer_by=described.answer_by(asked[-1])
                if described is not None and asked and asking in (Asking.ASKED, Asking.ASKED_AGAIN)
                else None,
            )
        )
    return {unit: tuple(each) for unit, each in found.items()}


def _asking(finding: Finding, events: Sequence[Contact], described: Round | None) -> Asking:
    """Return the state of a finding, from its events in chronological order."""
    if finding.explanation is not None:
        after = [each for each in events if each.date >= finding.explanation.date]
        again = [place for place, each in enumerate(after) if each.event == "asked_again"]
        # A question asked again after its explanation is open until another answer comes.
        if not again or any(each.event == "answered" for each in after[again[-1] :]):
            return Asking.EXPLAINED
    if events:
        return Asking(events[-1].event)
    if finding.finding in _INFORMATION:
        return Asking.LISTED
    if described is not None and not set(described.always_asked).intersection(finding.kinds):
        return Asking.LISTED if finding.effect < Decimal(str(described.asked_from_fte)) else Asking.TO_ASK
    return Asking.TO_ASK


def _state(
    row: dict[str, Any],
    questions: Sequence[Question],
    corrections: Sequence[str],
    applied: Collection[str],
    *,
    is_approved: bool,
) -> State:
    if row["submission_state"] in ("none", "begun"):
        return State.BEGUN if row["submission_state"] == "begun" else State.NOT_DELIVERED
    states = {each.asking for each in questions}
    if is_approved and Asking.ASKED_AGAIN not in states:
        return State.APPROVED
    if states & OPEN:
        return State.QUESTIONS_OPEN
    if any(correction not in applied for correction in corrections):
        return State.CORRECTION_WAITS
    if Asking.ANSWERED in states:
        return State.ANSWERED
    if corrections:
        return State.CORRECTED
    return State.EXPLAINED if Asking.EXPLAINED in states else State.COMPLETE


def _progress(units: Sequence[Unit], described: Round | None, today: date) -> tuple[Standing, ...]:
    """Return the number of missing reports at the end of each day with a report or a deadline.

    Empty if the delivery dates no report. A report without a date never counts as missing.
    """
    completed = [unit.completed_on for unit in units if unit.completed_on is not None]
    if not completed:
        return ()
    missing = sum(not unit.has_delivered for unit in units)
    marks: dict[date, Mark] = {}
    if described is not None:
        if described.county_governors_from is not None:
            marks[described.county_governors_from] = "county_governors_from"
        marks |= dict.fromkeys(described.deadlines, "is_deadline")
    days = sorted(day for day in {*completed, *marks} if day <= today)
    return tuple(Standing(day, missing + sum(other > day for other in completed), marks.get(day)) for day in days)
