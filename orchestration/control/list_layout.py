"""The layout of a control list: its columns, the permitted answers, and its rows.

Belongs here: what each column holds, the same for workbooks and csv. Does not belong here: files (``writers``, ``reading``)
and what an answer leads to (``answers``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from orchestration.control.findings import Finding
from orchestration.core.language import Written, in_language, is_called
from orchestration.core.tables import Label
from orchestration.core.texts import load_texts

TEXTS = load_texts("control", "lists")

# What a caseworker chooses from.
RIGHT, WRONG, UNKNOWN, ASK_AGAIN = "right", "wrong", "unknown", "ask_again"
VERDICTS = {code: TEXTS[code] for code in (RIGHT, WRONG, UNKNOWN, ASK_AGAIN)}
STATUS = {True: TEXTS["explained"], False: TEXTS["open"]}


@dataclass(frozen=True)
class Column:
    """A column of the list: its width in characters, and whether it is a number or an answer."""

    name: str
    width: float
    is_number: bool = False
    is_answer: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether a list cannot be read back without it: the answer, the finding, and the values that the list showed."""
        return self.is_answer or self.name in ("key", "value", "compared")

    @property
    def head(self) -> Label:
        """The text above it."""
        return TEXTS[self.name]


COLUMNS = (
    Column("number", 5),
    Column("unit_code", 8.5),
    Column("unit_name", 17),
    Column("county_name", 18),
    Column("survey", 20),
    Column("title", 20),
    Column("question", 64),
    Column("target_group", 12),
    Column("value", 10, is_number=True),
    Column("compared", 10, is_number=True),
    Column("before", 10, is_number=True),
    Column("limit", 10, is_number=True),
    Column("effect", 11, is_number=True),
    Column("verdict", 10, is_answer=True),
    Column("item", 24, is_answer=True),
    Column("reporting_form", 14, is_answer=True),
    Column("new_value", 11, is_number=True, is_answer=True),
    Column("reason", 34, is_answer=True),
    Column("answered_by", 16, is_answer=True),
    Column("answered_on", 11.5, is_answer=True),
    Column("status", 10),
    Column("size_group", 24),
    Column("place", 34),
    Column("key", 40),
)
PLACES = {column.name: place for place, column in enumerate(COLUMNS)}
# The columns that are printed; those after them are for the system.
LAST_PRINTED = "status"
# Of the list that goes to a unit: what is asked, what it reported, and where it answers.
UNIT_COLUMNS = tuple(
    COLUMNS[PLACES[name]]
    for name in (
        *("number", "unit_code", "question", "target_group", "value", "compared", "before"),
        *(column.name for column in COLUMNS if column.is_answer),
        "key",
    )
)


Shown = tuple[Decimal | None, Decimal | None]


def is_same_question(one: Shown, other: Shown) -> bool:
    """Whether two lists showed the same values; a row that somebody added below may have none."""
    return one == other or (None, None) in (one, other)


@dataclass(frozen=True)
class Answer:
    """What somebody filled in for a finding, as written in a list; ``place`` names file, sheet and row."""

    key: str
    verdict: str
    item: str
    reporting_form: str
    new_value: str
    reason: str
    answered_by: str
    answered_on: str
    place: str = ""
    file: str = ""
    row: tuple[str, ...] = ()

    @property
    def content(self) -> tuple[str, ...]:
        """What was filled in, without its place."""
        return (
            self.verdict,
            self.item,
            self.reporting_form,
            self.new_value,
            self.reason,
            self.answered_by,
            self.answered_on,
        )

    @property
    def shown(self) -> Shown:
        """What the answered list showed: the finding's value, and what it was compared with."""
        if not self.row:
            return None, None
        return parse_number(self.row[PLACES["value"]]), parse_number(self.row[PLACES["compared"]])

    def is_about(self, finding: Finding) -> bool:
        """Whether the list showed the finding's present values; a redelivery may have changed them."""
        return is_same_question(self.shown, (finding.value, finding.compared))

    @property
    def is_filled(self) -> bool:
        """Whether anything was answered; item and form may come with the finding."""
        return any((self.verdict, self.new_value, self.reason, self.answered_by, self.answered_on))


Value = str | Decimal | date | int | None
Row = tuple[Value, ...]


def verdict_code(text: str) -> str:
    """Return the code of an answer in either language; any other text is returned unchanged."""
    return next((code for code, label in VERDICTS.items() if is_called(text, label)), text)


def parse_number(text: str) -> Decimal | None:
    """Return a typed number, with decimal comma or point and blanks between thousands; None where it is not a number."""
    try:
        found = Decimal(re.sub(r"[\s\u00a0\u202f]", "", text).replace(",", "."))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


# A point before three digits separates thousands for some people, decimals for others.
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")


def is_ambiguous(text: str) -> bool:
    """Whether the point in a typed number may separate thousands or decimals."""
    return _THOUSANDS.fullmatch(text.strip()) is not None


def parse_date(text: str) -> date | None:
    """Return a typed date, 2016-06-14 or 14.06.2016; None where it is not a date."""
    for pattern in ("%Y-%m-%d", "%d.%m.%Y", "%d.%m.%y"):
        try:
            return datetime.strptime(text.strip(), pattern).date()
        except ValueError:
            continue
    return None


def _answer_of(finding: Finding, language: Written) -> Answer:
    """Return the pre-filled part: the cell that the finding is about, and its explanation on file."""
    explained = finding.explanation
    return Answer(
        key=finding.key,
        verdict=in_language(VERDICTS[RIGHT], language) if explained else "",
        item=finding.item,
        reporting_form=finding.reporting_form if finding.item else "",
        new_value="",
        reason=explained.reason if explained else "",
        answered_by=explained.answered_by if explained else "",
        answered_on=explained.date.isoformat() if explained else "",
    )


def _row(number: int, finding: Finding, answer: Answer, language: Written) -> Row:
    code = verdict_code(answer.verdict)
    new_value = parse_number(answer.new_value)
    values: dict[str, Value] = {
        "number": number,
        "verdict": in_language(VERDICTS[code], language) if code in VERDICTS else answer.verdict,
        "item": answer.item,
        "reporting_form": answer.reporting_form,
        "new_value": answer.new_value if new_value is None else new_value,
        "reason": answer.reason,
        "answered_by": answer.answered_by,
        "answered_on": parse_date(answer.answered_on) or answer.answered_on,
        "status": in_language(STATUS[finding.explanation is not None], language),
    }
    return tuple(values[column.name] if column.name in values else getattr(finding, column.name) for column in COLUMNS)


def make_rows(findings: Iterable[Finding], answers: dict[str, list[Answer]], language: Written) -> list[Row]:
    """Return the rows of a list: one for each finding, or for each answer where a finding has several.

    Args:
        findings: in their order.
        answers: by the number that they are about.
        language: of the texts in the rows.
    """
    rows: list[Row] = []
    for finding in findings:
        own = [answer for answer in answers.get(finding.number, ()) if answer.is_about(finding)]
        for answer in own or [_answer_of(finding, language)]:
            rows.append(_row(len(rows) + 1, finding, answer, language))
    return rows
