"""Codes of a delivery that the options of its form do not know, and what a person decides of them.

Belongs here: which codes are open, and the lines of options.csv that become of them. Does not belong here: columns
(``deciding``). Only codes are listed, that is few short texts that stand in many cells: nothing that somebody wrote.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestration.core.errors import UserError
from orchestration.forms.candidates import plain
from orchestration.forms.missing import MissingValues
from orchestration.forms.model import OF_OPTIONS, UNSURE, code_text
from orchestration.forms.profiles import Profile

MISSING_REASONS = ("not_answered", "not_applicable")


@dataclass(frozen=True)
class OpenCode:
    """A code in the cells of a column; ``question`` is empty while the column is not decided."""

    sheet: str
    column: str
    question: str
    code: str
    share: float


@dataclass(frozen=True)
class Kept:
    """What somebody decided of a code: the answer that it means, or why it is none."""

    sheet: str
    column: str
    code: str
    answer: str
    label: str
    missing_reason: str
    place: str


def open_codes(
    rows: Sequence[Mapping[str, str]],
    options: Sequence[Mapping[str, str]],
    profiles: Mapping[tuple[str, str], Profile],
    likely: Mapping[tuple[str, str], Collection[str]],
) -> list[OpenCode]:
    """Return the codes in delivered columns of options that options.csv does not have, and those of undecided columns.

    Args:
        rows: the lines of columns.csv.
        options: the lines of options.csv.
        profiles: what the cells of the delivered columns look like, by sheet and column.
        likely: the questions that an undecided column may be, by sheet and column: their codes are known.
    """
    known = {(option["question"], code_text(option["code"])) for option in options}
    found: dict[tuple[str, str], OpenCode] = {}
    for row in rows:
        profile = profiles.get((row["sheet"], plain(row["column"])))
        is_open = row["use"] == UNSURE
        is_coded = row["use"] == "answer" and row["type"] in OF_OPTIONS
        if profile is None or profile.kind != "code" or not (is_open or is_coded):
            continue
        question = row["question"] if is_coded else ""
        missing = MissingValues.parse(row["missing"].removeprefix(f"{UNSURE}:").split(";"))
        questions = {question, *likely.get((row["sheet"], plain(row["column"])), ())}
        for code, share in profile.codes.items():
            each = OpenCode(row["sheet"], row["column"], question, code, share)
            if not any((name, code) in known for name in questions) and code not in missing:
                found.setdefault((question or f"{row['sheet']}|{row['column']}", code), each)
    return list(found.values())


def check_codes(kept: Iterable[Kept], options: Sequence[Mapping[str, str]]) -> None:
    """Refuse a code that is an answer and none, or neither.

    Raises:
        UserError: with the place of the decision.
    """
    for each in kept:
        if bool(each.answer) == bool(each.missing_reason):
            raise UserError(
                f"code {each.code!r} has {'an answer and a reason why it is none' if each.answer else 'a wording alone'}",
                place=each.place,
                remedy="give it an answer (id), or the reason why it is no answer",
            )
        if each.missing_reason and each.missing_reason not in MISSING_REASONS:
            raise UserError(
                f"{each.missing_reason!r} is no reason", place=each.place, remedy=f"reasons are {', '.join(MISSING_REASONS)}"
            )


def code_rows(
    kept: Iterable[Kept], rows: Sequence[Mapping[str, str]], options: Sequence[Mapping[str, str]]
) -> list[dict[str, str]]:
    """Return the lines of options.csv that decisions make: of codes that it has already none.

    Raises:
        UserError: the column of a code is not decided as a question with options.
    """
    known = {(option["question"], code_text(option["code"])): option for option in options}
    questions = {
        (row["sheet"], plain(row["column"])): row["question"]
        for row in rows
        if row["use"] == "answer" and row["type"] in OF_OPTIONS
    }
    added: list[dict[str, str]] = []
    for each in kept:
        question = questions.get((each.sheet, plain(each.column)))
        if question is None:
            raise UserError(
                f"the column {each.column!r} is not decided as a question of type code",
                place=each.place,
                remedy="decide the column, or empty the row of its code",
            )
        other = known.get((question, code_text(each.code)))
        if other is not None:
            if (other["answer"], other["missing_reason"]) != (each.answer, each.missing_reason):
                raise UserError(
                    f"code {each.code!r} of {question} is {other['answer'] or other['missing_reason']} already",
                    place=each.place,
                    remedy="empty the row, or correct options.csv",
                )
            continue
        line = {
            "question": question,
            "code": each.code,
            "answer": each.answer,
            "label_nb": each.label,
            "missing_reason": each.missing_reason,
        }
        known[question, code_text(each.code)] = line
        added.append(line)
    return added
