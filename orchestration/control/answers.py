"""What answered lists lead to: corrections, explanations, and events of the contact round.

Belongs here: checking answers, finding the delivered cell that a correction is about, and adding entries to
``data/corrections/<year>_control.yml``, ``data/control/<year>.yml`` and the record of contacts. Does not belong here:
reading files (``reading``), applying corrections (SQL), and their effect (the room ``contact``). Nothing is written unless
every answer is valid and somebody signs; entries already on file are not written again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.control.cells import Cells, InvalidAnswerError, Subject, subject_of
from orchestration.control.contacts import Contact, Event, add_contacts, contacts_file, values_of, write_restricted
from orchestration.control.finding_texts import ControlTexts
from orchestration.control.findings import Control, Explanation, Finding, explained, load_control, load_explanations
from orchestration.control.list_layout import (
    ASK_AGAIN,
    RIGHT,
    TEXTS,
    UNKNOWN,
    VERDICTS,
    WRONG,
    Answer,
    parse_date,
    parse_number,
    verdict_code,
)
from orchestration.control.lists import read_lists
from orchestration.control.reading import gather, list_files, read_answers
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.ingest.decisions import Correction, load_decisions


@dataclass(frozen=True)
class Drafted:
    """What answers lead to, how many are already on file, and the answers to unknown findings."""

    corrections: list[dict[str, Any]]
    explanations: list[dict[str, Any]]
    contacts: list[Contact]
    on_file: int
    unknown: list[str]


def _signed(answer: Answer, year: int) -> tuple[str, date]:
    """Return who answered and when; the date must be in or after the survey year and not in the future."""
    if not answer.answered_by:
        raise InvalidAnswerError("does not name the person who answered", "fill in Besvart av (answered by)")
    day = parse_date(answer.answered_on)
    if day is None:
        raise InvalidAnswerError(
            f"{answer.answered_on!r} is not a date" if answer.answered_on else "has no date", f"write it as {year}-06-14"
        )
    if not date(year, 1, 1) <= day <= date.today():
        raise InvalidAnswerError(f"the date {day.isoformat()} is not one on which {year} was answered", "correct the date")
    return answer.answered_by, day


def _correction(subject: Subject, answer: Answer, cells: Cells, texts: ControlTexts) -> dict[str, Any]:
    who, day = _signed(answer, subject.year)
    cell = cells.find(subject, answer)
    entry: dict[str, Any] = {"unit": subject.unit, "year": subject.year, "question": cell["question"]}
    for name, nothing in (("item", "all"), ("target_group", "total"), ("reporting_form", "total")):
        if cell[name] != nothing:
            entry[name] = cell[name]
    entry |= {
        "expect": cells.delivered(cell, subject.unit),
        "value": cells.value(cell, answer.new_value),
        "reason": answer.reason or f"Svar på kontroll: {texts.of(subject.finding).title.nb}",
        "decided_by": who,
        "date": day,
    }
    return entry


def _explanation(answer: Answer, year: int) -> dict[str, Any]:
    who, day = _signed(answer, year)
    if not answer.reason:
        raise InvalidAnswerError("is answered right without an explanation", "fill in Forklaring (explanation)")
    entry: dict[str, Any] = {"finding": answer.key, "reason": answer.reason, "answered_by": who, "date": day}
    for name, value in zip(("value", "compared"), answer.shown, strict=True):
        if value is not None:
            entry[name] = float(value)
    return entry


def _same(one: object, other: object) -> bool:
    """Whether two values of corrections are the same number or text."""
    first, second = (None if value is None else parse_number(str(value)) for value in (one, other))
    return str(one) == str(other) if first is None or second is None else first == second


def draft(settings: Settings, year: int, path: Path) -> Drafted:
    """Check an answered list, or all lists of a folder, and return what the answers lead to. Nothing is written.

    Answers to findings that no longer exist are recorded in a separate list, and left out with it.

    Raises:
        UserError: a file or an answer is not valid; the message names file, sheet and row.
    """
    if not list_files(path):
        raise UserError("there is no list", place=str(path), remedy="name a workbook, a csv file or a folder of them")
    control = load_control(settings, year)
    number_of = control.texts.number_of
    given = gather(read_answers(path), number_of) if path.is_file() else read_lists(path, number_of)
    gathered = [
        answer
        for found in given.values()
        for answer in found
        if path.is_file() or not _is_of_earlier_answers(Path(answer.file))
    ]
    with connect(settings.warehouse_file, read_only=True) as connection:
        on_file = load_decisions(settings.data)["corrections"]
        drafting = _Drafting(settings, control, Cells(connection, year, control.texts, on_file), on_file)
        problems: list[tuple[Answer, InvalidAnswerError]] = []
        for answer in gathered:
            try:
                drafting.take(answer)
            except InvalidAnswerError as error:
                problems.append((answer, error))
    if problems:
        answer, invalid = problems[0]
        more = f" (and {len(problems) - 1} more rows are not valid)" if len(problems) > 1 else ""
        raise UserError(f"{invalid}{more}", place=answer.place, remedy=f"{invalid.remedy} (nothing was written)")
    return drafting.drafted()


def _is_of_earlier_answers(path: Path) -> bool:
    earlier = TEXTS["earlier"]
    return path.stem.endswith((earlier.nb, earlier.en))


class _Drafting:
    """Takes answers one by one, and collects what they lead to."""

    def __init__(self, settings: Settings, control: Control, cells: Cells, on_file: Sequence[tuple[Any, ...]]) -> None:
        self._year = control.year
        self._texts = control.texts
        self._findings = control.by_number()
        self._cells = cells
        self._corrections_on_file = {row[1:7]: (row[0], row[8]) for row in on_file}
        self._explanations_on_file = load_explanations(settings.explanations, control.texts)
        self._corrections: dict[tuple[Any, ...], tuple[dict[str, Any], str]] = {}
        self._explanations: list[dict[str, Any]] = []
        self._contacts: list[Contact] = []
        self._unknown: list[str] = []
        self._on_file = 0

    def drafted(self) -> Drafted:
        """Return what the answers that were taken lead to."""
        return Drafted(
            corrections=[entry for entry, _ in self._corrections.values()],
            explanations=self._explanations,
            contacts=self._contacts,
            on_file=self._on_file,
            unknown=self._unknown,
        )

    def take(self, answer: Answer) -> None:
        """Take one answer.

        Raises:
            InvalidAnswerError: it cannot be used.
        """
        subject = subject_of(answer.key)
        if subject.year != self._year:
            raise InvalidAnswerError(
                f"is about {subject.year}, not {self._year}", f"run ./is248 control {subject.year} --answers"
            )
        verdict = verdict_code(answer.verdict)
        if answer.new_value and verdict in (RIGHT, UNKNOWN, ASK_AGAIN):
            raise InvalidAnswerError(
                f"has a new value, {answer.new_value}, and the answer {answer.verdict!r}",
                "choose feil (wrong), or clear Ny verdi (new value)",
            )
        if verdict == RIGHT:
            self._take_right(subject, answer)
        elif verdict == WRONG:
            self._take_wrong(subject, answer)
        elif verdict == ASK_AGAIN:
            self._refuse_stale(answer)
            if not answer.reason:
                raise InvalidAnswerError(
                    "is marked for a new question, but has none", "write the question in Forklaring (explanation)"
                )
            self._record("asked_again", subject, answer, answer.reason)
        elif verdict == UNKNOWN:
            self._refuse_stale(answer)
            self._unknown.append(answer.key)
            if answer.answered_by:
                self._record("answered", subject, answer, answer.reason)
        else:
            choices = ", ".join(label.nb for label in VERDICTS.values())
            raise InvalidAnswerError(
                f"the answer {answer.verdict!r} is none" if answer.verdict else "has no answer", f"choose {choices}"
            )

    def _take_right(self, subject: Subject, answer: Answer) -> None:
        entry = _explanation(answer, self._year)
        known = self._explained(answer)
        if known is not None and known.reason != entry["reason"]:
            raise InvalidAnswerError(
                "already has a different explanation", f"change the entry in data/control/{self._year}.yml"
            )
        if known is None:
            waits = self._cells.waiting_correction(subject)
            if waits is not None:
                raise InvalidAnswerError(
                    f"is corrected by {waits}, which the next run applies", "run ./is248 run, then make the lists again"
                )
            self._refuse_stale(answer)
            self._explanations.append(entry)
        else:
            self._on_file += 1
        self._record("answered", subject, answer)

    def _take_wrong(self, subject: Subject, answer: Answer) -> None:
        entry = _correction(subject, answer, self._cells, self._texts)
        key = _cell_key(entry)
        place, value = self._corrections_on_file.get(key) or (None, None)
        other, other_place = self._corrections.get(key) or (None, None)
        if place is not None and not _same(value, entry["value"]):
            raise InvalidAnswerError(f"has a different correction in {place}", "change that entry")
        if other is not None and not _same(other["value"], entry["value"]):
            raise InvalidAnswerError(f"has a different correction in {other_place}", "keep one of the two")
        if place is not None:
            self._on_file += 1
        else:
            self._refuse_stale(answer)
            explanation = self._explained(answer)
            if explanation is not None:
                raise InvalidAnswerError(
                    f"is explained as right by {explanation.answered_by}",
                    f"if the explanation is wrong, first delete it from data/control/{self._year}.yml",
                )
            if other is None:
                self._corrections[key] = (entry, answer.place)
        self._record("answered", subject, answer)

    def _explained(self, answer: Answer) -> Explanation | None:
        """Return the explanation on file of the number that an answer is about."""
        return explained(self._explanations_on_file.get(self._texts.number_of(answer.key), []), *answer.shown)

    def _asked(self, answer: Answer) -> list[Finding]:
        """Return what is asked now about the number that an answer is about."""
        return self._findings.get(self._texts.number_of(answer.key), [])

    def _refuse_stale(self, answer: Answer) -> None:
        """Refuse an answer from a list of an earlier state of the year: it is about other values than the present ones."""
        asked = self._asked(answer)
        remedy = f"make the lists again with ./is248 control {self._year}, and answer in the new one if it is still asked"
        if not asked:
            raise InvalidAnswerError("answers a finding that no longer exists", remedy)
        if not any(answer.is_about(finding) for finding in asked):
            shown, now = (
                " and ".join("nothing" if value is None else f"{value:f}" for value in values)
                for values in (answer.shown, (asked[0].value, asked[0].compared))
            )
            raise InvalidAnswerError(f"the list shows {shown}, but the finding now has {now}", remedy)

    def _record(self, event: Event, subject: Subject, answer: Answer, note: str = "") -> None:
        who, day = _signed(answer, self._year)
        asked = next((each for each in self._asked(answer) if answer.is_about(each)), None)
        values = values_of(*answer.shown) if asked is None else values_of(asked.value, asked.compared)
        self._contacts.append(
            Contact(date=day, unit_code=subject.unit, event=event, by=who, finding=answer.key, values=values, note=note)
        )


def sign(settings: Settings, year: int, drafted: Drafted) -> list[Path]:
    """Write what answers lead to: corrections, explanations, and the record of the contact round. Returns the files."""
    record = contacts_file(settings.explanations, year)
    return [
        *_append(settings.data / "corrections" / f"{year}_control.yml", drafted.corrections, Correction, _CORRECTIONS_HEAD),
        *_append(settings.explanations / f"{year}.yml", drafted.explanations, Explanation, _EXPLANATIONS_HEAD),
        *([record] if add_contacts(record, drafted.contacts) else []),
    ]


_CORRECTIONS_HEAD = (
    "# Corrections from the control of the year (docs/run/control.md); the form is that of docs/run/signed-decisions.md.\n"
)
_EXPLANATIONS_HEAD = "# Findings of the control that are right as they are, and why (docs/run/control.md). Restricted.\n"


def _cell_key(entry: dict[str, Any]) -> tuple[Any, ...]:
    return (
        entry["unit"],
        entry["year"],
        entry["question"],
        entry.get("item", "all"),
        entry.get("target_group", "total"),
        entry.get("reporting_form", "total"),
    )


def _append(path: Path, entries: list[dict[str, Any]], model: type[Correction] | type[Explanation], head: str) -> list[Path]:
    """Add entries to a file that may be there already; the file is whole at any moment."""
    if not entries:
        return []
    for entry in entries:
        try:
            model.model_validate(entry)
        except ValidationError as error:
            raise UserError(
                first_problem(error),
                place=str(entry.get("unit") or entry.get("finding")),
                remedy="correct the answer (nothing was written)",
            ) from error
    before = path.read_text(encoding="utf-8") if path.exists() else head
    if not before.endswith("\n"):
        before += "\n"
    # Each entry with a blank line before it.
    text = before + "".join(
        "\n" + yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=120) for entry in entries
    )
    write_restricted(path, text)
    return [path]
