"""The cell that an answer is about: which finding its key names, and which delivered number that may be.

Belongs here: reading keys, finding the one cell of the year's forms, and what was delivered in it. Does not belong here:
what an answer leads to (``answers``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.control.finding_texts import ControlTexts
from orchestration.control.list_layout import Answer, is_ambiguous, parse_number
from orchestration.core.language import is_called
from orchestration.core.warehouse import dictionaries


@dataclass(frozen=True)
class Subject:
    """What the key of a finding says."""

    survey: str
    year: int
    unit: str
    finding: str
    question: str
    target_group: str
    item: str
    reporting_form: str


class InvalidAnswerError(Exception):
    """An answer that cannot be used, with what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


def subject_of(key: str) -> Subject:
    """Return what the key of a finding says.

    Raises:
        InvalidAnswerError: it is not a key.
    """
    parts = key.split("|")
    if len(parts) not in (8, 9) or not parts[1].isdecimal():
        raise InvalidAnswerError(f"{key!r} is not the key of a finding", "restore the key of the row")
    return Subject(parts[0], int(parts[1]), *parts[2:8])


_CELLS = """
    select columns.form, forms.survey, columns.question, columns.item, columns.target_group, columns.reporting_form,
        columns.type, coalesce(breakdowns.codelist, '') = 'fte_breakdown' as is_breakdown, codes.label_nb, codes.label_en,
        min(columns.wording_nb) as wording
    from staging.stg_forms__columns as columns
    inner join staging.stg_forms__forms as forms
        on columns.form = forms.form and forms.time_period = $year and forms.units = 'municipalities'
    left join staging.stg_classifications__codelists as breakdowns
        on breakdowns.codelist = 'fte_breakdown' and breakdowns.code = columns.question
    left join staging.stg_classifications__codelists as codes
        on codes.codelist = breakdowns.parent and codes.code = columns.item
    where columns.use = 'answer' and columns.type in ('number', 'code')
    group by all
"""

_DELIVERED = """
    select max(text) as text, max(answer) as answer, max(number_value) as number_value
    from intermediate.int_delivered_answers
    where form = $form and unit_code = $unit and question = $question and item = $item
        and target_group = $target_group and reporting_form = $reporting_form
"""


class Cells:
    """The cells that the forms of a year ask for, and what was delivered in them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        year: int,
        texts: ControlTexts,
        on_file: Sequence[tuple[Any, ...]],
    ) -> None:
        self._connection = connection
        self._cells = dictionaries(connection, _CELLS, {"year": year})
        self._answered = {
            tuple(row)
            for row in connection.execute(
                "select form, unit_code from intermediate.int_unit_responses where time_period = ? and has_answered", [year]
            ).fetchall()
        }
        self._forms = texts.words.get("reporting_form", {})
        applied = connection.execute("select correction from decisions.corrections").fetchall()
        self._waiting = [row for row in on_file if (row[0],) not in applied and row[2] == year]

    def waiting_correction(self, subject: Subject) -> str | None:
        """Return the place of a correction for a finding that no run has applied yet."""
        for place, unit, _, question, item, target_group, *_ in self._waiting:
            if (unit, question, target_group) == (subject.unit, subject.question, subject.target_group) and (
                not subject.item or item == subject.item
            ):
                return str(place)
        return None

    def find(self, subject: Subject, answer: Answer) -> dict[str, Any]:
        """Return the one cell that an answer is about."""
        if not subject.question:
            raise InvalidAnswerError(
                "the finding does not concern a number that can be corrected",
                "answer right or do not know; a new answer is delivered",
            )
        item = answer.item or subject.item
        wanted = (answer.reporting_form or subject.reporting_form).casefold()
        form = next((code for code, word in self._forms.items() if is_called(wanted, word)), wanted)
        cells = [
            cell
            for cell in self._cells
            if cell["survey"] == subject.survey
            and cell["target_group"] == subject.target_group
            and (cell["question"] == subject.question or self._are_breakdowns(cell, subject))
        ]
        if item:
            names = ("item", "label_nb", "label_en", "wording")
            cells = [cell for cell in cells if item.casefold() in {str(cell[name]).casefold() for name in names}]
        else:
            cells = [cell for cell in cells if cell["question"] == subject.question]
        if not cells:
            raise InvalidAnswerError(
                f"{item!r} is not an item of {subject.target_group}", "choose an item of the sheet Poster (Items)"
            )
        if form:
            cells = [cell for cell in cells if cell["reporting_form"] == form]
        if len({cell["item"] for cell in cells}) > 1:
            raise InvalidAnswerError(
                "the finding is about the sum of several numbers",
                "fill in Post (item) for the wrong number, with one row for each",
            )
        if len(cells) != 1:
            raise InvalidAnswerError(
                "the number is on several forms" if cells else f"there is no form {wanted!r} with that item",
                f"fill in Skjema (form): {', '.join(word.nb for code, word in self._forms.items() if code != 'all')}",
            )
        if (cells[0]["form"], subject.unit) not in self._answered:
            raise InvalidAnswerError(
                f"{subject.unit} has no completed submission that could be corrected",
                "deliver the answer with the year's data",
            )
        return cells[0]

    def _are_breakdowns(self, cell: dict[str, Any], subject: Subject) -> bool:
        """Whether cell and finding are both about a breakdown of FTE: either of two sums that differ may be wrong."""
        return cell["is_breakdown"] and any(
            other["is_breakdown"] and other["question"] == subject.question for other in self._cells
        )

    def value(self, cell: dict[str, Any], text: str) -> int | float | str:
        """Return a typed new value as a correction has it."""
        if not text:
            raise InvalidAnswerError("is answered wrong without a new value", "fill in the new value, or answer do not know")
        if cell["type"] == "number":
            number = parse_number(text)
            if number is None:
                raise InvalidAnswerError(
                    f"the new value {text!r} is not a number", "write a number, with decimal comma or point"
                )
            if number < 0:
                raise InvalidAnswerError(f"the new value {text!r} is negative", "write 0 or more")
            if is_ambiguous(text):
                raise InvalidAnswerError(
                    f"the new value {text!r} is ambiguous: thousands or decimals", "write 1012 or 1,012 (decimal comma)"
                )
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
            raise InvalidAnswerError(
                f"the new value {text!r} is not an answer of {cell['question']}", f"answers are {', '.join(known)}"
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
