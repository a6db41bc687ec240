"""What answered lists lead to: drafts of corrections and explanations.

Belongs here: checking answers, finding the delivered cell that a correction is about, and adding entries to
``data/corrections/<year>_control.yml`` and ``data/control/<year>.yml``. Does not belong here: reading files (``reading``)
and applying corrections (SQL). Nothing is written unless every answer is valid; what is on file is not written again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import yaml
from pydantic import ValidationError

from orchestration.control.finding_texts import ControlTexts, load_control_texts
from orchestration.control.findings import Explanation, load_explanations, require_controlled
from orchestration.control.layout import RIGHT, UNKNOWN, VERDICTS, WRONG, Answer, parse_date, parse_number, verdict_code
from orchestration.control.reading import gather, list_files, read_answers
from orchestration.core.entries import first_problem
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries
from orchestration.ingest.decisions import Correction, load_decisions


@dataclass(frozen=True)
class Drafted:
    """What was written, and what needed no writing."""

    corrections: list[dict[str, Any]]
    explanations: list[dict[str, Any]]
    on_file: int
    unknown: int
    files: list[Path]


@dataclass(frozen=True)
class _Subject:
    """What the key of a finding says."""

    survey: str
    year: int
    unit: str
    finding: str
    question: str
    target_group: str
    item: str
    reporting_form: str


class _InvalidError(Exception):
    """An answer that cannot be used, with what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def _subject(key: str) -> _Subject:
    parts = key.split("|")
    if len(parts) not in (8, 9) or not parts[1].isdecimal():
        raise _InvalidError(f"{key!r} is no key of a finding", "restore the key of the row")
    return _Subject(parts[0], int(parts[1]), *parts[2:8])


_CELLS = """
    select distinct columns.form, forms.survey, columns.question, columns.item, columns.target_group, columns.reporting_form,
        columns.type, coalesce(breakdowns.codelist, '') = 'fte_breakdown' as is_breakdown, codes.label_nb, codes.label_en
    from staging.stg_forms__columns as columns
    inner join staging.stg_forms__forms as forms
        on columns.form = forms.form and forms.time_period = $year and forms.units = 'municipalities'
    left join staging.stg_classifications__codelists as breakdowns
        on breakdowns.codelist = 'fte_breakdown' and breakdowns.code = columns.question
    left join staging.stg_classifications__codelists as codes
        on codes.codelist = breakdowns.parent and codes.code = columns.item
    where columns.use = 'answer' and columns.type in ('number', 'code')
"""

_DELIVERED = """
    select max(text) as text, max(answer) as answer, max(number_value) as number_value
    from intermediate.int_delivered_answers
    where form = $form and unit_code = $unit and question = $question and item = $item
        and target_group = $target_group and reporting_form = $reporting_form
"""


class _Cells:
    """The cells that the forms of a year ask for, and what was delivered in them."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, year: int, texts: ControlTexts) -> None:
        self._connection = connection
        self._cells = dictionaries(connection, _CELLS, {"year": year})
        self._answered = {
            tuple(row)
            for row in connection.execute(
                "select form, unit_code from intermediate.int_unit_responses where time_period = ? and has_answered", [year]
            ).fetchall()
        }
        self._forms = texts.words.get("reporting_form", {})

    def find(self, subject: _Subject, answer: Answer) -> dict[str, Any]:
        """Return the one cell that an answer is about."""
        if not subject.question:
            raise _InvalidError(
                "the finding is about no number that can be corrected",
                "answer right or do not know; a new answer is delivered",
            )
        item = answer.item or subject.item
        wanted = (answer.reporting_form or subject.reporting_form).casefold()
        form = next(
            (code for code, word in self._forms.items() if wanted in {word.nb.casefold(), word.en.casefold()}), wanted
        )
        cells = [
            cell
            for cell in self._cells
            if cell["survey"] == subject.survey
            and cell["target_group"] == subject.target_group
            and (cell["question"] == subject.question or self._are_breakdowns(cell, subject))
        ]
        if item:
            names = ("item", "label_nb", "label_en")
            cells = [cell for cell in cells if item.casefold() in {str(cell[name]).casefold() for name in names}]
        else:
            cells = [cell for cell in cells if cell["question"] == subject.question]
        if not cells:
            raise _InvalidError(
                f"{item!r} is no item of {subject.target_group}", "choose an item of the sheet Poster (Items)"
            )
        if form:
            cells = [cell for cell in cells if cell["reporting_form"] == form]
        if len({cell["item"] for cell in cells}) > 1:
            raise _InvalidError(
                "the finding is about the sum of several numbers",
                "fill in Post (item): which of them is wrong, a row for each",
            )
        if len(cells) != 1:
            raise _InvalidError(
                "the number stands on several forms" if cells else f"there is no form {wanted!r} with that item",
                f"fill in Skjema (form): {', '.join(word.nb for code, word in self._forms.items() if code != 'all')}",
            )
        if (cells[0]["form"], subject.unit) not in self._answered:
            raise _InvalidError(
                f"{subject.unit} has no completed submission that could be corrected",
                "deliver the answer with the year's data",
            )
        return cells[0]

    def _are_breakdowns(self, cell: dict[str, Any], subject: _Subject) -> bool:
        """Whether cell and finding are both about FTE by something: either of two sums that differ may be wrong."""
        return cell["is_breakdown"] and any(
            other["is_breakdown"] and other["question"] == subject.question for other in self._cells
        )

    def value(self, cell: dict[str, Any], text: str) -> int | float | str:
        """Return a typed new value as a correction has it."""
        if not text:
            raise _InvalidError("is answered wrong without a new value", "fill in the new value, or answer do not know")
        if cell["type"] == "number":
            number = parse_number(text)
            if number is None or number < 0:
                raise _InvalidError(f"the new value {text!r} is no number", "write a number, with decimal comma or point")
            return _plain(number)
        known = [
            row[0]
            for row in self._connection.execute(
                "select distinct answer from staging.stg_forms__options "
                "where form = ? and question = ? and answer is not null order by 1",
                [cell["form"], cell["question"]],
            ).fetchall()
        ]
        if text not in known:
            raise _InvalidError(
                f"the new value {text!r} is no answer of {cell['question']}", f"answers are {', '.join(known)}"
            )
        return text

    def delivered(self, cell: dict[str, Any], unit: str) -> int | float | str | None:
        """Return what was delivered in a cell: a number, an answer, the text of what cannot be read, None for a blank."""
        names = ("form", "question", "item", "target_group", "reporting_form")
        row = dictionaries(self._connection, _DELIVERED, {**{name: cell[name] for name in names}, "unit": unit})[0]
        if row["number_value"] is not None and cell["type"] == "number":
            return _plain(row["number_value"])
        answer: str | None = row["answer"] if cell["type"] == "code" and row["answer"] is not None else row["text"]
        return answer


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _signed(answer: Answer) -> tuple[str, date]:
    """Return who answered and when."""
    if not answer.answered_by:
        raise _InvalidError("does not say who answered", "fill in Besvart av (answered by)")
    day = parse_date(answer.answered_on)
    if day is None:
        raise _InvalidError(
            f"the date {answer.answered_on!r} is none" if answer.answered_on else "has no date", "write it as 2016-06-14"
        )
    return answer.answered_by, day


def _correction(subject: _Subject, answer: Answer, cells: _Cells, texts: ControlTexts) -> dict[str, Any]:
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
        raise _InvalidError("is answered right without an explanation", "fill in Forklaring (explanation)")
    return {"finding": answer.key, "reason": answer.reason, "answered_by": who, "date": day}


def _same(one: object, other: object) -> bool:
    """Whether two values of corrections are the same number or text."""
    first, second = (None if value is None else parse_number(str(value)) for value in (one, other))
    return str(one) == str(other) if first is None or second is None else first == second


def draft(settings: Settings, year: int, path: Path) -> Drafted:
    """Turn an answered list, or all lists of a folder, into entries of corrections and explanations.

    Raises:
        UserError: a file or an answer is not valid; the message names file, sheet and row. Nothing was written then.
    """
    texts = load_control_texts(settings.control_texts)
    files = list_files(path)
    if not files:
        raise UserError("there is no list", place=str(path), remedy="name a workbook, a csv file or a folder with such")
    answers = [answer for file in files for answer in read_answers(file)]
    gathered = [answer for found in gather(answers).values() for answer in found]
    corrections_on_file = {row[1:7]: (row[0], row[8]) for row in load_decisions(settings.data)["corrections"]}
    explanations_on_file = load_explanations(settings.explanations)
    corrections: dict[tuple[Any, ...], tuple[dict[str, Any], str]] = {}
    explanations: list[dict[str, Any]] = []
    on_file = unknown = 0
    problems: list[tuple[Answer, _InvalidError]] = []
    if not settings.warehouse_file.exists():
        raise UserError("there is no warehouse", place=str(settings.warehouse_file), remedy="run is248 run")
    with connect(settings.warehouse_file, read_only=True) as connection:
        require_controlled(connection, settings.warehouse_file, year)
        cells = _Cells(connection, year, texts)
        for answer in gathered:
            try:
                subject = _subject(answer.key)
                if subject.year != year:
                    raise _InvalidError(
                        f"is about {subject.year}, not {year}", f"run is248 control {subject.year} --answers"
                    )
                verdict = verdict_code(answer.verdict)
                if verdict == UNKNOWN:
                    unknown += 1
                elif verdict == RIGHT:
                    entry = _explanation(answer)
                    known = explanations_on_file.get(answer.key)
                    if known is not None and known.reason != entry["reason"]:
                        raise _InvalidError("is explained otherwise on file", f"change the entry in data/control/{year}.yml")
                    on_file += known is not None
                    explanations += [entry] if known is None else []
                elif verdict == WRONG:
                    entry = _correction(subject, answer, cells, texts)
                    key = _cell_key(entry)
                    place, value = corrections_on_file.get(key) or (None, None)
                    other, other_place = corrections.get(key) or (None, None)
                    if place is not None and not _same(value, entry["value"]):
                        raise _InvalidError(f"is corrected otherwise in {place}", "change that entry")
                    if other is not None and not _same(other["value"], entry["value"]):
                        raise _InvalidError(f"is corrected otherwise in {other_place}", "keep one of the two")
                    on_file += place is not None
                    if place is None and other is None:
                        corrections[key] = (entry, answer.place)
                else:
                    choices = ", ".join(label.nb for label in VERDICTS.values())
                    raise _InvalidError(
                        f"the answer {answer.verdict!r} is none" if answer.verdict else "has no answer", f"choose {choices}"
                    )
            except _InvalidError as error:
                problems.append((answer, error))
    if problems:
        answer, invalid = problems[0]
        more = f" (and {len(problems) - 1} more rows are not valid)" if len(problems) > 1 else ""
        raise UserError(f"{invalid}{more}", place=answer.place, remedy=f"{invalid.remedy}; nothing was written")
    new = [entry for entry, _ in corrections.values()]
    written = [
        *_append(settings.data / "corrections" / f"{year}_control.yml", new, Correction, _CORRECTIONS_HEAD),
        *_append(settings.explanations / f"{year}.yml", explanations, Explanation, _EXPLANATIONS_HEAD),
    ]
    return Drafted(corrections=new, explanations=explanations, on_file=on_file, unknown=unknown, files=written)


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
