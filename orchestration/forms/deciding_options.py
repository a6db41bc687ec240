"""Codes of a delivery that are not among the options of its form, and the decisions on them.

Belongs here: which codes are open, and the lines of options.csv that become of them. Does not belong here: columns
(``deciding``). Only codes are listed, that is, few short texts that occur in many cells: never free text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestration.core.errors import Problems, UserError
from orchestration.forms.candidates import plain
from orchestration.forms.code_book import Book, Meant
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import OF_OPTIONS, UNSURE, code_text
from orchestration.forms.profiles import Profile

MISSING_REASONS = ("not_answered", "not_applicable")


@dataclass(frozen=True)
class OpenCode:
    """A code of a column, by its cells or the code book; ``question`` is empty while the column is not decided.

    ``share`` is that of the filled cells, 0 where only the code book has it; ``label`` is that of the code book, and
    ``meant`` what this label meant wherever earlier forms have it.
    """

    sheet: str
    column: str
    question: str
    code: str
    share: float
    label: str = ""
    meant: Meant | None = None


@dataclass(frozen=True)
class Kept:
    """The decision on a code: the answer that it means, or the reason why it is missing."""

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
    book: Book,
    likely: Mapping[tuple[str, str], Collection[str]] | None = None,
) -> list[OpenCode]:
    """Return the codes of delivered columns of options that options.csv does not have, and those of undecided columns.

    Args:
        rows: the lines of columns.csv.
        options: the lines of options.csv.
        profiles: profiles of the cells of the delivered columns, by sheet and column.
        book: the code book's entries for them.
        likely: the questions that an undecided column may be, by sheet and column. A code that they know, with a label of
            known meaning, needs no decision, whatever the column becomes.
    """
    known = {(option["question"], code_text(option["code"])) for option in options}
    found: dict[tuple[str, str], OpenCode] = {}
    for row in rows:
        place = (row["sheet"], plain(row["column"]))
        is_open = row["use"] == UNSURE and bool(row["column"])
        is_coded = row["use"] == "answer" and row["type"] in OF_OPTIONS
        # A column that the code book calls a number or a box has no codes, whatever its cells look like.
        if not (is_coded or (is_open and book.kinds.get(place, "code") == "code")):
            continue
        profile = profiles.get(place)
        shares = profile.codes if profile is not None and profile.kind == "code" else {}
        labels = {code_text(code): label for code, label in book.codes.get(place, {}).items()}
        question = row["question"] if is_coded else ""
        missing = MissingValues.parse(row["missing"].removeprefix(f"{UNSURE}:").split(";"))
        for code in dict.fromkeys([*labels, *shares]):
            label = labels.get(code, "")
            each = OpenCode(
                row["sheet"], row["column"], question, code, shares.get(code, 0.0), label, book.find_meaning(label)
            )
            is_known = each.meant is not None and any((name, code) in known for name in (likely or {}).get(place, ()))
            if (question, code) not in known and code not in missing and not (is_open and is_known):
                found.setdefault((question or f"{row['sheet']}|{row['column']}", code), each)
    return list(found.values())


def as_proposed(
    columns: Mapping[tuple[str, str], str], found: Iterable[OpenCode], kept: Iterable[Kept]
) -> tuple[list[Kept], list[str]]:
    """Return the codes of new questions that mean what their label always meant, and remarks on these and the others.

    Args:
        columns: where it was decided that a column is a new question, by sheet and column.
        found: codes that are open.
        kept: codes whose meaning somebody decided.
    """
    decided = {(each.sheet, plain(each.column), code_text(each.code)) for each in kept}
    proposed: list[Kept] = []
    taken: dict[str, list[str]] = {}
    left: dict[str, list[str]] = {}
    for each in found:
        column = (each.sheet, plain(each.column))
        if column not in columns or (*column, each.code) in decided:
            continue
        shown = f'{each.code} "{each.label}"' if each.label else each.code
        if each.meant is None:
            left.setdefault(each.question, []).append(shown)
            continue
        taken.setdefault(each.question, []).append(f"{shown} {each.meant.value}")
        meant, why = each.meant.answer, each.meant.missing_reason
        proposed.append(Kept(each.sheet, each.column, each.code, meant, each.label, why, columns[column]))
    notes = [
        f"options.csv: {question} has codes as earlier forms have their labels: {', '.join(codes)}"
        for question, codes in taken.items()
    ]
    notes += [f"options.csv: say what these codes of {name} mean: {', '.join(codes)}" for name, codes in left.items()]
    return proposed, notes


def checked_codes(kept: Iterable[Kept], problems: Problems) -> list[Kept]:
    """Return the codes that are an answer or missing; report those that are both or neither, by place of the decision."""
    sound = []
    for each in kept:
        with problems.collect():
            if bool(each.answer) == bool(each.missing_reason):
                has = "an answer and a reason why it is none" if each.answer else "a wording alone"
                raise UserError(
                    f"code {each.code!r} has {has}",
                    place=each.place,
                    remedy="give it an answer (id), or the reason why it is not an answer",
                )
            if each.missing_reason and each.missing_reason not in MISSING_REASONS:
                raise UserError(
                    f"{each.missing_reason!r} is not a valid reason",
                    place=each.place,
                    remedy=f"the reasons are {', '.join(MISSING_REASONS)}",
                )
            sound.append(each)
    return sound


def code_rows(
    kept: Iterable[Kept],
    rows: Sequence[Mapping[str, str]],
    options: Sequence[Mapping[str, str]],
    book: Book,
    problems: Problems,
) -> list[dict[str, str]]:
    """Return the lines of options.csv that decisions add; codes that it already has get none.

    A code is reported if its column is not decided as a question with options, or if it already means something else. A code
    without a wording has that of the code book.
    """
    known = {(option["question"], code_text(option["code"])): option for option in options}
    questions = {
        (row["sheet"], plain(row["column"])): row["question"]
        for row in rows
        if row["use"] == "answer" and row["type"] in OF_OPTIONS
    }
    added: list[dict[str, str]] = []
    for each in kept:
        column = (each.sheet, plain(each.column))
        with problems.collect():
            question = questions.get(column)
            if question is None:
                raise UserError(
                    f"the column {each.column!r} is not decided as a question of type code",
                    place=each.place,
                    remedy="decide the column, or clear the row of its code",
                )
            other = known.get((question, code_text(each.code)))
            if other is None:
                labels = {code_text(code): label for code, label in book.codes.get(column, {}).items()}
                line = {
                    "question": question,
                    "code": each.code,
                    "answer": each.answer,
                    "label_nb": each.label or labels.get(code_text(each.code), ""),
                    "missing_reason": each.missing_reason,
                }
                known[question, code_text(each.code)] = line
                added.append(line)
            elif (other["answer"], other["missing_reason"]) != (each.answer, each.missing_reason):
                raise UserError(
                    f"code {each.code!r} of {question} is {other['answer'] or other['missing_reason']} already",
                    place=each.place,
                    remedy="clear the row, or correct options.csv",
                )
    return added
