"""Reading lists back: what somebody filled in, in a workbook or a csv file.

Belongs here: finding the answers in files, and reporting contradictions between files. Does not belong here: whether an
answer is complete and what it leads to (``answers``).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from orchestration.control.list_layout import (
    COLUMNS,
    WRONG,
    Answer,
    is_same_question,
    parse_number,
    verdict_code,
)
from orchestration.core.errors import UserError
from orchestration.core.language import is_called
from orchestration.core.spreadsheets import FORMULA


def _texts_of_workbook(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    book = load_workbook(path, data_only=True, read_only=True)
    try:
        for sheet in book.worksheets:
            rows = []
            for row in sheet.iter_rows(values_only=True):
                cells = []
                for value in row:
                    if isinstance(value, datetime):
                        value = value.date()
                    if isinstance(value, float):
                        value = Decimal(repr(value)).normalize()
                    # With a decimal comma: a numeric cell is not ambiguous as a typed number is.
                    text = f"{value:f}".replace(".", ",") if isinstance(value, Decimal) else str(value).strip()
                    cells.append("" if value is None else text)
                rows.append(cells)
            yield sheet.title, rows
    finally:
        book.close()


def _texts_of_csv(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Excel's default when saving.
        text = content.decode("cp1252")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    return [[cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell.strip() for cell in row] for row in rows]


def read_answers(path: Path) -> list[Answer]:
    """Return what is filled in in one list, a workbook or a csv file; unanswered rows are left out.

    Raises:
        UserError: the file cannot be read, or is not a control list.
    """
    try:
        sheets = [("", _texts_of_csv(path))] if path.suffix.lower() == ".csv" else list(_texts_of_workbook(path))
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile, csv.Error) as error:
        raise UserError(
            f"cannot be read ({error})", place=str(path), remedy="save it as a workbook (.xlsx) or as csv with semicolons"
        ) from error
    answers: list[Answer] = []
    is_list = False
    for sheet, rows in sheets:
        heads = [head.casefold() for head in rows[0]] if rows else []
        places = {
            column.name: place for column in COLUMNS for place, head in enumerate(heads) if is_called(head, column.head)
        }
        # A sheet is recognised by its heads, as people rename sheets.
        if not {"key", "verdict"} & set(places):
            continue
        is_list = True
        missing = [column.head.nb for column in COLUMNS if column.is_needed and column.name not in places]
        if missing:
            raise UserError(
                f"the column {missing[0]!r} is missing",
                place=_at(path, sheet, 1),
                remedy="restore it with its contents, or answer in a list that has it",
            )
        for number, row in enumerate(rows[1:], start=2):
            cells = [*row, *[""] * len(heads)]
            of = {name: cells[place] for name, place in places.items()}
            answer = Answer(
                **{name: of[name] for name in ("key", *(column.name for column in COLUMNS if column.is_answer))},
                place=_at(path, sheet, number),
                file=str(path),
                row=tuple(of.get(column.name, "") for column in COLUMNS),
            )
            if not answer.is_filled:
                continue
            if not answer.key:
                raise UserError(
                    "the row is answered but has no key", place=answer.place, remedy="copy the key of the row it belongs to"
                )
            if of.get("unit_code") and not _is_of_unit(answer.key, of["unit_code"]):
                raise UserError(
                    f"the key belongs to a unit other than {of['unit_code']}",
                    place=answer.place,
                    remedy="restore the key of the row, or copy the whole row",
                )
            answers.append(answer)
    if not is_list:
        raise UserError(
            "is not a control list",
            place=str(path),
            remedy="use a list that ./is248 control wrote, and keep its headers and keys",
        )
    return answers


def _is_of_unit(key: str, code: str) -> bool:
    """Whether a key may belong to the unit that its row shows; a workbook may have lost leading zeros."""
    parts = key.split("|")
    return len(parts) < 3 or parts[2].lstrip("0") == code.lstrip("0")


def _at(path: Path, sheet: str, row: int) -> str:
    return f"{path}" + (f", sheet {sheet}" if sheet else "") + f", row {row}"


def list_files(path: Path) -> list[Path]:
    """Return the lists under a folder, or the one named file, without the lock files of open programs."""
    if path.is_file():
        return [path]
    return sorted(
        found
        for found in path.rglob("*")
        if found.is_file() and found.suffix.lower() in {".xlsx", ".csv"} and not found.name.startswith(("~", "."))
    )


def _describe_key(key: str) -> str:
    """Return the finding of a key in words: what was found, of which unit and year, about what."""
    parts = key.split("|")
    if len(parts) <= len(("survey", "year", "unit", "finding")):
        return key
    _, year, unit, finding, *about = parts
    return f"{finding} of {unit} in {year} ({', '.join(part for part in about if part) or 'the whole report'})"


def gather(answers: Iterable[Answer], number_of: Callable[[str], str]) -> dict[str, list[Answer]]:
    """Return answers by the number that they are about. The same answer in several lists is one.

    A number may have several answers about different cells. Answers in lists that showed other values answer another
    question.

    Args:
        answers: in the order of the lists.
        number_of: says what the key of a finding is about.

    Raises:
        UserError: two lists answer the same finding differently.
    """
    found: dict[str, dict[tuple[object, ...], Answer]] = {}
    for answer in answers:
        cells = found.setdefault(number_of(answer.key), {})
        # Only corrections of different cells are kept side by side.
        same = [
            other
            for cell, other in cells.items()
            if is_same_question(other.shown, answer.shown)
            and (
                cell[:2] == (answer.item, answer.reporting_form)
                or {verdict_code(answer.verdict), verdict_code(other.verdict)} != {WRONG}
            )
        ]
        if same and _compared(same[0]) != _compared(answer):
            raise UserError(
                f"answers {_describe_key(answer.key)} differently from {same[0].place}",
                place=answer.place,
                remedy="keep one of the two answers and clear the other",
            )
        if not same:
            cells[answer.item, answer.reporting_form, answer.shown] = answer
    return {key: list(cells.values()) for key, cells in found.items()}


def _compared(answer: Answer) -> tuple[object, ...]:
    """Return an answer in the form that is compared: its content, whoever gave it and however a number is written."""
    number = parse_number(answer.new_value)
    return verdict_code(answer.verdict), answer.new_value if number is None else number, answer.reason
