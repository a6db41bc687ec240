"""The state of each unit in the contact round of a year, and how many reports were missing on each day.

Belongs here: what follows from submissions, findings, corrections and the record of contacts; equal inputs on the same day
give equal states. Does not belong here: what is written to a unit (``letters``) and how it is shown (``page``).
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

import duckdb

from orchestration.contact.rounds import Round, load_round
from orchestration.control.contacts import Contact, contacts_file, read_contacts, values_of
from orchestration.control.findings import Control, Finding, load_control
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries
from orchestration.ingest.decisions import load_decisions

# Findings that say of a unit that its report is missing, or that tell something and ask nothing.
_REPORT_IS_MISSING = frozenset({"no_answer", "carried_again"})
_INFORMATION = frozenset({"superseded_submission"})


class State(StrEnum):
    """How far a unit is, the last thing that holds of it."""

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
    """How far a finding is."""

    LISTED = "listed"
    TO_ASK = "to_ask"
    ASKED = "asked"
    ASKED_AGAIN = "asked_again"
    ANSWERED = "answered"
    EXPLAINED = "explained"


# Of a finding that somebody still has to answer.
OPEN = frozenset({Asking.TO_ASK, Asking.ASKED, Asking.ASKED_AGAIN})


@dataclass(frozen=True)
class Question:
    """A finding about a unit, how far it is, and the last event about it as it is now."""

    finding: Finding
    asking: Asking
    last: Contact | None
    asked_on: date | None
    """When it was asked the last time."""
    answer_by: date | None
    """Until when the unit may answer; only of what was asked."""


@dataclass(frozen=True)
class Unit:
    """A unit that is asked in a round of the year, and how far it is."""

    form: str
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
    county_told: tuple[date, ...]
    answers_sha256: str
    approval_lapsed: bool
    """Whether it was approved, with other answers than it has now."""

    @property
    def name(self) -> str:
        """What the unit is called in the name of a file."""
        return f"{self.unit_code}_{self.unit_name}"

    @property
    def has_delivered(self) -> bool:
        """Whether it completed a report; one of several that contradict each other is a report too."""
        return self.state not in (State.NOT_DELIVERED, State.BEGUN)

    def questions_that_are(self, *asking: Asking) -> list[Question]:
        """Return the questions that are as far as this."""
        return [each for each in self.questions if each.asking in asking]

    def is_overdue(self, today: date) -> bool:
        """Whether it was asked, and the day has passed by which it was to answer."""
        return any(each.asking in OPEN and each.answer_by is not None and each.answer_by < today for each in self.questions)


Mark = Literal["is_deadline", "county_governors_from"]


@dataclass(frozen=True)
class Standing:
    """How many units had not completed a report by the end of a day; ``mark`` says what was due on it, if anything."""

    day: date
    outstanding: int
    mark: Mark | None = None


@dataclass(frozen=True)
class ContactRound:
    """The contact round of a year on a day: its units, and what was noted of others."""

    year: int
    today: date
    control: Control
    round: Round | None
    units: tuple[Unit, ...]
    contacts: tuple[Contact, ...]
    progress: tuple[Standing, ...]
    undated: int
    """Units with a completed report of which the delivery does not say when it came."""
    below_limit: tuple[BelowLimit, ...]

    def count(self) -> dict[State, int]:
        """Return how many units are in each state."""
        found = Counter(unit.state for unit in self.units)
        return {state: found[state] for state in State}


@dataclass(frozen=True)
class BelowLimit:
    """Two sums of a unit that differ by more than the margin, and by less than is asked about; FTE."""

    unit_code: str
    unit_name: str
    question: str
    target_group: str
    service_fte: Decimal
    other_fte: Decimal


_UNITS = """
    with answers as (
        select form, unit_code, substr(md5(string_agg(
            concat_ws('|', question, item, target_group, reporting_form, coalesce(answer, ''),
                coalesce(number_value::varchar, ''), coalesce(text, '')),
            chr(10) order by question, item, target_group, reporting_form, answer, number_value, text
        )), 1, 12) as answers_sha256
        from intermediate.int_delivered_answers
        group by form, unit_code
    )
    select submissions.form, submissions.series, submissions.survey, submissions.unit_code,
        coalesce(units.unit_name, '') as unit_name, coalesce(units.unit_level, '') as unit_level,
        coalesce(units.county_code, '') as county_code, coalesce(counties.county_name, '') as county_name,
        submissions.submission_state, submissions.first_completed_at, coalesce(answers.answers_sha256, '') as answers_sha256
    from control.ctl_unit_submissions as submissions
    left join (
        select distinct time_period, unit_code, unit_name, unit_level, county_code from intermediate.int_units
    ) as units using (time_period, unit_code)
    left join staging.stg_reference__counties as counties
        on units.county_code = counties.county_code
        and submissions.time_period between counties.valid_from_year and counties.valid_to_year
    left join answers on submissions.form = answers.form and submissions.unit_code = answers.unit_code
    where submissions.time_period = $year
    order by submissions.form, units.county_code, submissions.unit_code
"""

_BELOW_LIMIT = """
    select compared.unit_code, coalesce(units.unit_name, '') as unit_name, compared.question, compared.target_group,
        compared.service_fte, compared.other_fte
    from control.ctl_differing_sums as compared
    left join (select distinct time_period, unit_code, unit_name from intermediate.int_units) as units
        on compared.time_period = units.time_period and compared.unit_code = units.unit_code
    where compared.time_period = $year and not compared.is_asked
    order by abs(compared.service_fte - compared.other_fte) desc, compared.unit_code, compared.question,
        compared.target_group
"""


def load_contact_round(settings: Settings, year: int, today: date) -> ContactRound:
    """Return the contact round of a year as it stood on a day: without reports, events and decisions that came later.

    What stands in the delivery without a date is taken as there.

    Raises:
        UserError: there is no warehouse, nothing of the year, or a file of the round is not valid.
    """
    control = _until(load_control(settings, year), today)
    described = load_round(settings.explanations, year, frozenset(entry.id for entry in control.texts.findings))
    record = contacts_file(settings.explanations, year)
    contacts = [each for each in read_contacts(record) if each.date <= today]
    decided = [row for row in load_decisions(settings.data)["corrections"] if row[2] == year and row[-1] <= today]
    with connect(settings.warehouse_file, read_only=True) as connection:
        rows = _rows(connection, year)
        below_limit = tuple(BelowLimit(**row) for row in dictionaries(connection, _BELOW_LIMIT, {"year": year}))
        applied = {row[0] for row in connection.execute("select correction from decisions.corrections").fetchall()}
    strangers = sorted({each.unit_code for each in contacts} - {row["unit_code"] for row in rows})
    if strangers:
        raise UserError(
            f"{strangers[0]} is no unit that is asked in {year}", place=str(record), remedy="correct the code of the unit"
        )
    questions = _questions(control.findings, contacts, described)
    units = [
        _unit(row, today, questions, contacts, [each for each in decided if each[1] == row["unit_code"]], applied)
        for row in rows
    ]
    return ContactRound(
        year=year,
        today=today,
        control=control,
        round=described,
        units=tuple(units),
        contacts=tuple(contacts),
        progress=_progress(units, described, today),
        undated=sum(unit.has_delivered and unit.completed_on is None for unit in units),
        below_limit=below_limit,
    )


def _until(control: Control, today: date) -> Control:
    """Return the findings as they were explained on a day."""
    findings = [
        replace(each, explanation=None) if each.explanation is not None and each.explanation.date > today else each
        for each in control.findings
    ]
    return replace(control, findings=findings)


def _rows(connection: duckdb.DuckDBPyConnection, year: int) -> list[dict[str, Any]]:
    try:
        return dictionaries(connection, _UNITS, {"year": year})
    except duckdb.CatalogException as error:
        raise UserError("the warehouse is of an earlier version", place="warehouse", remedy="run is248 run") from error


def _unit(
    row: dict[str, Any],
    today: date,
    questions: dict[str, tuple[Question, ...]],
    contacts: Sequence[Contact],
    corrections: Sequence[tuple[Any, ...]],
    applied: Collection[str],
) -> Unit:
    """Return a unit with its state."""
    code = row["unit_code"]
    own = [each for each in contacts if each.unit_code == code]
    found = tuple(
        each for each in questions.get(code, ()) if each.finding.key.split("|")[0] in (row["series"], row["survey"])
    )
    completed = row["first_completed_at"].date() if isinstance(row["first_completed_at"], datetime) else None
    if completed is not None and completed > today:
        # On that day its report had not come; there was nothing to ask about either.
        row, found, completed = row | {"submission_state": "none", "answers_sha256": ""}, (), None
    answers = _answers_hash(row["answers_sha256"], corrections)
    approved = {each.answers_sha256 for each in own if each.event == "approved" and each.form == row["form"]}
    return Unit(
        form=row["form"],
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
        county_told=tuple(each.date for each in own if each.event == "county_governor_told"),
        answers_sha256=answers,
        approval_lapsed=bool(approved) and answers not in approved,
    )


def _answers_hash(delivered: str, corrections: Sequence[tuple[Any, ...]]) -> str:
    """Return a hash of the answers of a unit as they count: delivered, and corrected by what is on file."""
    if not delivered or not corrections:
        return delivered
    decided = sorted(repr(each[3:9]) for each in corrections)
    return hashlib.sha256("\n".join([delivered, *decided]).encode()).hexdigest()[: len(delivered)]


def _questions(
    findings: Iterable[Finding], contacts: Iterable[Contact], described: Round | None
) -> dict[str, tuple[Question, ...]]:
    """Return the questions about each unit, in the order of the findings."""
    events: dict[str, list[Contact]] = {}
    for each in contacts:
        if each.finding:
            events.setdefault(each.finding, []).append(each)
    found: dict[str, list[Question]] = {}
    for finding in findings:
        if finding.finding in _REPORT_IS_MISSING or not finding.unit_code:
            continue
        now = values_of(finding.value, finding.compared)
        # What was said of other values than the finding has now is said of another question.
        own = [each for each in events.get(finding.key, []) if each.values in ("", now)]
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
    """Return how far a finding is, from its events in the order of the record."""
    if finding.explanation is not None:
        after = [each for each in events if each.date >= finding.explanation.date]
        again = [place for place, each in enumerate(after) if each.event == "asked_again"]
        # An explanation that was asked about again settles nothing, until another answer comes.
        if not again or any(each.event == "answered" for each in after[again[-1] :]):
            return Asking.EXPLAINED
    if events:
        return Asking(events[-1].event)
    if finding.finding in _INFORMATION:
        return Asking.LISTED
    if described is not None and finding.finding not in described.always_asked:
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
    """Return how many reports were missing by the end of each day on which one came, and of each deadline.

    Empty where the delivery dates no report. A report without a date counts as missing on no day.
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
