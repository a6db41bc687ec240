"""What answered lists lead to: corrections, explanations, and events of the contact round.

Belongs here: checking answers, finding the delivered cell that a correction is about, and adding entries to
``data/corrections/<year>_control.yml``, ``data/control/<year>.yml`` and the record of contacts. Does not belong here:
reading files (``reading``), applying corrections (SQL), and their effect (the room ``contact``). Nothing is written unless
every answer is valid and somebody signs; what is on file is not written again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.control.cells import Cells, InvalidAnswerError, Subject, subject_of
from orchestration.control.contacts import Contact, Event, add_contacts, contacts_file
from orchestration.control.finding_texts import ControlTexts
from orchestration.control.findings import Control, Explanation, explained, load_control, load_explanations
from orchestration.control.layout import (
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
from orchestration.control.reading import gather, list_files, read_answers
from orchestration.core.entries import first_problem
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.ingest.decisions import Correction, load_decisions


@dataclass(frozen=True)
class Drafted:
    """What answers lead to, and how many of them need no writing."""

    corrections: list[dict[str, Any]]
    explanations: list[dict[str, Any]]
    contacts: list[Contact]
    on_file: int
    unknown: int


def _signed(answer: Answer) -> tuple[str, date]:
    """Return who answered and when."""
    if not answer.answered_by:
        raise InvalidAnswerError("does not say who answered", "fill in Besvart av (answered by)")
    day = parse_date(answer.answered_on)
    if day is None:
        raise InvalidAnswerError(
            f"the date {answer.answered_on!r} is none" if answer.answered_on else "has no date", "write it as 2016-06-14"
        )
    return answer.answered_by, day


def _correction(subject: Subject, answer: Answer, cells: Cells, texts: ControlTexts) -> dict[str, Any]:
    who, day = _signed(answer)
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


def _explanation(answer: Answer) -> dict[str, Any]:
    who, day = _signed(answer)
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

    Answers to findings that are not there any more are on record in a list of their own, and left out with it.

    Raises:
        UserError: a file or an answer is not valid; the message names file, sheet and row.
    """
    files = [file for file in list_files(path) if path.is_file() or not _is_of_earlier_answers(file)]
    if not files:
        raise UserError("there is no list", place=str(path), remedy="name a workbook, a csv file or a folder with such")
    gathered = [
        answer for found in gather(answer for file in files for answer in read_answers(file)).values() for answer in found
    ]
    control = load_control(settings, year)
    with connect(settings.warehouse_file, read_only=True) as connection:
        drafting = _Drafting(settings, control, Cells(connection, year, control.texts))
        problems: list[tuple[Answer, InvalidAnswerError]] = []
        for answer in gathered:
            try:
                drafting.take(answer)
            except InvalidAnswerError as error:
                problems.append((answer, error))
    if problems:
        answer, invalid = problems[0]
        more = f" (and {len(problems) - 1} more rows are not valid)" if len(problems) > 1 else ""
        raise UserError(f"{invalid}{more}", place=answer.place, remedy=f"{invalid.remedy}; nothing was written")
    return drafting.drafted()


def _is_of_earlier_answers(path: Path) -> bool:
    earlier = TEXTS["earlier"]
    return path.stem.endswith((earlier.nb, earlier.en))


class _Drafting:
    """Takes answers one after the other, and holds what they lead to."""

    def __init__(self, settings: Settings, control: Control, cells: Cells) -> None:
        self._year = control.year
        self._texts = control.texts
        self._findings = {finding.key: finding for finding in control.findings}
        self._cells = cells
        self._corrections_on_file = {row[1:7]: (row[0], row[8]) for row in load_decisions(settings.data)["corrections"]}
        self._explanations_on_file = load_explanations(settings.explanations)
        self._corrections: dict[tuple[Any, ...], tuple[dict[str, Any], str]] = {}
        self._explanations: list[dict[str, Any]] = []
        self._contacts: list[Contact] = []
        self._on_file = self._unknown = 0

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
                f"is about {subject.year}, not {self._year}", f"run is248 control {subject.year} --answers"
            )
        verdict = verdict_code(answer.verdict)
        if verdict == RIGHT:
            self._take_right(answer)
        elif verdict == WRONG:
            self._take_wrong(subject, answer)
        elif verdict == ASK_AGAIN:
            self._refuse_stale(answer)
            if not answer.reason:
                raise InvalidAnswerError(
                    "is to be asked again without a question", "fill in Forklaring (explanation) with it"
                )
            self._record("asked_again", subject, answer, answer.reason)
        elif verdict == UNKNOWN:
            self._unknown += 1
            if answer.answered_by:
                self._record("answered", subject, answer, answer.reason)
        else:
            choices = ", ".join(label.nb for label in VERDICTS.values())
            raise InvalidAnswerError(
                f"the answer {answer.verdict!r} is none" if answer.verdict else "has no answer", f"choose {choices}"
            )

    def _take_right(self, answer: Answer) -> None:
        entry = _explanation(answer)
        known = explained(self._explanations_on_file.get(answer.key, []), *answer.shown)
        if known is not None and known.reason != entry["reason"]:
            raise InvalidAnswerError("is explained otherwise on file", f"change the entry in data/control/{self._year}.yml")
        if known is not None:
            self._on_file += 1
            return
        self._refuse_stale(answer)
        self._explanations.append(entry)
        self._record("answered", subject_of(answer.key), answer)

    def _take_wrong(self, subject: Subject, answer: Answer) -> None:
        entry = _correction(subject, answer, self._cells, self._texts)
        key = _cell_key(entry)
        place, value = self._corrections_on_file.get(key) or (None, None)
        other, other_place = self._corrections.get(key) or (None, None)
        if place is not None and not _same(value, entry["value"]):
            raise InvalidAnswerError(f"is corrected otherwise in {place}", "change that entry")
        if other is not None and not _same(other["value"], entry["value"]):
            raise InvalidAnswerError(f"is corrected otherwise in {other_place}", "keep one of the two")
        if place is not None:
            self._on_file += 1
            return
        self._refuse_stale(answer)
        self._record("answered", subject, answer)
        if other is None:
            self._corrections[key] = (entry, answer.place)

    def _refuse_stale(self, answer: Answer) -> None:
        """Refuse an answer in a list of an earlier state of the year: it is about something else than what holds now."""
        finding = self._findings.get(answer.key)
        remedy = f"make the lists again with is248 control {self._year}, and answer in the new one if it is still asked"
        if finding is None:
            raise InvalidAnswerError("answers a finding that is not there any more", remedy)
        if not answer.is_about(finding):
            shown, now = (
                " and ".join("nothing" if value is None else f"{value:f}" for value in values)
                for values in (answer.shown, (finding.value, finding.compared))
            )
            raise InvalidAnswerError(f"the list shows {shown}, and the finding now holds {now}", remedy)

    def _record(self, event: Event, subject: Subject, answer: Answer, note: str = "") -> None:
        who, day = _signed(answer)
        self._contacts.append(Contact(date=day, unit_code=subject.unit, event=event, by=who, finding=answer.key, note=note))


def sign(settings: Settings, year: int, drafted: Drafted) -> list[Path]:
    """Write what answers lead to: corrections, explanations, and the record of the contact round. Returns the files."""
    record = contacts_file(settings.explanations, year)
    return [
        *_append(settings.data / "corrections" / f"{year}_control.yml", drafted.corrections, Correction, _CORRECTIONS_HEAD),
        *_append(settings.explanations / f"{year}.yml", drafted.explanations, Explanation, _EXPLANATIONS_HEAD),
        *([record] if add_contacts(record, drafted.contacts) else []),
    ]


_CORRECTIONS_HEAD = "# Corrections from the control of the year (docs/control.md); the form is that of docs/decisions.md.\n"
_EXPLANATIONS_HEAD = "# Findings of the control that are right as they are, and why (docs/control.md). Restricted.\n"


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
                remedy="correct the answer; nothing was written",
            ) from error
    before = path.read_text(encoding="utf-8") if path.exists() else head
    if not before.endswith("\n"):
        before += "\n"
    # One entry after the other, each with a blank line before it.
    text = before + "".join(
        "\n" + yaml.safe_dump([entry], allow_unicode=True, sort_keys=False, width=120) for entry in entries
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
    return [path]
