"""The contact round as a workbook that comes back: the state of each unit, and places to enter what has happened.

Belongs here: writing it, and reading back what was entered. Does not belong here: the answers to questions, which come back
in the lists of the control.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.contact.approvals import refuse_approval
from orchestration.contact.states import Asking, ContactRound, Unit
from orchestration.control.contacts import Contact, Event
from orchestration.control.layout import parse_date
from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language
from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.core.workbooks import (
    DARK,
    HEAD_FILL,
    MARKED_HEAD_FILL,
    WRAPPED_HEAD_HEIGHT,
    aligned,
    font,
    height,
    put,
    put_head,
    saved,
    set_page,
    set_table,
    set_widths,
)

TEXTS = load_texts("contact", "round")
# What has happened, in words.
EVENTS: dict[Event, Label] = {
    "reminded": TEXTS["reminded"],
    "county_governor_told": TEXTS["county_governor_told"],
    "asked": TEXTS["asked"],
    "asked_again": TEXTS["asked_again"],
    "answered": TEXTS["answer_came"],
    "approved": TEXTS["approved"],
}

# What may be entered for a unit; events about findings come with the answers to them, or with the letters.
ENTERED: tuple[Event, ...] = ("reminded", "county_governor_told", "approved")

_ANSWER_FILL = PatternFill("solid", start_color="FFF8DC")


@dataclass(frozen=True)
class _Column:
    name: str
    width: float
    is_entered: bool = False


_COLUMNS = (
    _Column("unit_code", 9),
    _Column("unit", 22),
    _Column("county", 20),
    _Column("form", 13),
    _Column("state", 24),
    _Column("report", 12),
    _Column("questions_to_ask", 9),
    _Column("questions_asked", 9),
    _Column("corrections", 11),
    _Column("last", 30),
    _Column("new_event", 18, is_entered=True),
    _Column("date", 12, is_entered=True),
    _Column("by", 18, is_entered=True),
    _Column("note", 40, is_entered=True),
    _Column("answers_sha256", 16),
)
_PLACES = {column.name: place for place, column in enumerate(_COLUMNS, start=1)}


def last_event(contact: Contact | None, language: Language) -> str:
    """Return an event in words: what and when."""
    return "" if contact is None else f"{in_language(EVENTS[contact.event], language)} {contact.date.isoformat()}"


def _row(unit: Unit, language: Language) -> list[Any]:
    values: dict[str, Any] = {
        "unit_code": unit.unit_code,
        "unit": unit.unit_name,
        "county": unit.county_name,
        "form": unit.form,
        "state": in_language(TEXTS[unit.state], language),
        "report": unit.completed_on,
        "questions_to_ask": len(unit.questions_that_are(Asking.TO_ASK, Asking.ASKED_AGAIN)),
        "questions_asked": len(unit.questions_that_are(Asking.ASKED)),
        "corrections": unit.corrections,
        "last": last_event(unit.last, language),
        "answers_sha256": unit.answers_sha256,
    }
    return [values.get(column.name) for column in _COLUMNS]


def workbook(found: ContactRound, language: Language = "nb") -> bytes:
    """Return the workbook of a round; equal rounds give equal bytes."""
    book = Workbook()
    sheet = book.active
    sheet.title = in_language(TEXTS["sheet"], language)
    for place, column in enumerate(_COLUMNS, start=1):
        fill = MARKED_HEAD_FILL if column.is_entered else HEAD_FILL
        put_head(sheet.cell(1, place), in_language(TEXTS[column.name], language), "left", fill=fill, wrap=True)
    set_widths(sheet, [column.width for column in _COLUMNS])
    sheet.row_dimensions[1].height = WRAPPED_HEAD_HEIGHT
    for number, unit in enumerate(found.units, start=2):
        for place, (column, value) in enumerate(zip(_COLUMNS, _row(unit, language), strict=True), start=1):
            cell = sheet.cell(number, place)
            put(cell, value)
            cell.alignment = aligned("right" if isinstance(value, int) else "left", "top")
            if column.name in ("report", "date"):
                cell.number_format = "dd.mm.yyyy"
            if column.is_entered:
                cell.fill = _ANSWER_FILL
    set_table(sheet, len(_COLUMNS), len(found.units), fixed_columns=_PLACES["unit"])
    _add_choice(sheet, len(found.units), language)
    title = in_language(filled(TEXTS["title"], year=found.year), language)
    set_page(sheet, title, is_wide=True)
    _fill_about(book.create_sheet(in_language(TEXTS["about"], language)), title, language)
    for each in book.worksheets:
        each.oddHeader.right.text = in_language(TEXTS["restricted"], language)
    book.properties.creator = "IS-24/8"
    book.properties.title = title
    return saved(book)


def _add_choice(sheet: Worksheet, rows: int, language: Language) -> None:
    letter = get_column_letter(_PLACES["new_event"])
    words = ",".join(in_language(EVENTS[event], language) for event in ENTERED)
    choice = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True)
    choice.errorTitle = choice.promptTitle = in_language(TEXTS["new_event"], language)
    choice.error = choice.prompt = in_language(TEXTS["choose_event"], language)
    choice.showErrorMessage = choice.showInputMessage = True
    sheet.add_data_validation(choice)
    choice.add(f"{letter}2:{letter}{rows + 1}")


def _fill_about(sheet: Worksheet, title: str, language: Language) -> None:
    set_widths(sheet, (110,))
    text = in_language(TEXTS["about_text"], language)
    for number, value in enumerate((title, in_language(TEXTS["restricted"], language), text), start=1):
        cell = sheet.cell(number, 1)
        put(cell, value)
        cell.alignment = aligned("left", "top", wrap=True)
        cell.font = font(bold=True, size=14, color=DARK) if number == 1 else font(bold=number == 2)
        sheet.row_dimensions[number].height = 24 if number == 1 else height([(value, 110)])
    set_page(sheet, title)


def has_entries(path: Path) -> bool:
    """Whether anything is filled in in a workbook; what cannot be read may hold something."""
    try:
        book = load_workbook(path, data_only=True, read_only=True)
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile):
        return True
    try:
        rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    finally:
        book.close()
    places = [_PLACES[column.name] - 1 for column in _COLUMNS if column.is_entered]
    return any(place < len(row) and row[place] not in (None, "") for row in rows for place in places)


def read_back(path: Path, found: ContactRound) -> list[Contact]:
    """Return the events that were entered in a workbook of the round.

    Raises:
        UserError: the file is no such workbook, or an entry is not valid; with file, sheet and row. All of it is checked.
    """
    try:
        book = load_workbook(path, data_only=True, read_only=True)
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="save it as a workbook (.xlsx)") from error
    try:
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        heads = [str(head or "").casefold() for head in (rows[0] if rows else [])]
        places = {
            column.name: place
            for column in _COLUMNS
            for place, head in enumerate(heads)
            if head in {TEXTS[column.name].nb.casefold(), TEXTS[column.name].en.casefold()}
        }
        missing = [column.name for column in _COLUMNS if column.name not in places]
        if missing:
            raise UserError(
                f"the column {TEXTS[missing[0]].nb!r} is missing",
                place=f"{path}, sheet {sheet.title}, row 1",
                remedy="use the workbook that is248 contact wrote, and keep its head",
            )
        units = {(unit.form, unit.unit_code): unit for unit in found.units}
        forms = {str(row[places["form"]]) for row in rows[1:] if len(row) > places["form"] and row[places["form"]]}
        if forms and not forms & {form for form, _ in units}:
            raise UserError(
                f"is the workbook of another round ({', '.join(sorted(forms))})",
                place=str(path),
                remedy="name that of the year",
            )
        entered = []
        for number, row in enumerate(rows[1:], start=2):
            cells = {name: row[place] if place < len(row) else None for name, place in places.items()}
            if any(cells[column.name] not in (None, "") for column in _COLUMNS if column.is_entered):
                entered.append(_entered(cells, units, f"{path}, sheet {sheet.title}, row {number}", found.today))
        return entered
    finally:
        book.close()


def _entered(cells: dict[str, Any], units: dict[tuple[str, str], Unit], place: str, found_today: date) -> Contact:
    unit = units.get((str(cells["form"] or ""), str(cells["unit_code"] or "")))
    if unit is None:
        raise UserError(
            f"{cells['unit_code']} {cells['form']} is no unit of the round", place=place, remedy="restore code and form"
        )
    event = _event(str(cells["new_event"] or "").strip())
    if event is None:
        words = ", ".join(EVENTS[each].nb for each in ENTERED)
        raise UserError(
            f"{cells['new_event']!r} is no event" if cells["new_event"] else "has no event",
            place=place,
            remedy=f"choose {words}",
        )
    day = _day(cells["date"])
    if day is None:
        raise UserError(
            f"the date {cells['date']!r} is none" if cells["date"] else "has no date",
            place=place,
            remedy="write it as 2016-06-14",
        )
    by = str(cells["by"] or "").strip()
    if not by:
        raise UserError("does not say by whom", place=place, remedy=f"fill in {TEXTS['by'].nb} ({TEXTS['by'].en})")
    if day > found_today:
        raise UserError(f"the date {day.isoformat()} is in days to come", place=place, remedy="correct the date")
    if event == "approved":
        refuse_approval(unit, str(cells["answers_sha256"] or ""), place)
    return Contact(
        date=day,
        unit_code=unit.unit_code,
        event=event,
        by=by,
        form=unit.form if event == "approved" else "",
        answers_sha256=unit.answers_sha256 if event == "approved" else "",
        note=str(cells["note"] or "").strip(),
    )


def _event(word: str) -> Event | None:
    return next((each for each in ENTERED if word.casefold() in {EVENTS[each].nb, EVENTS[each].en}), None)


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else parse_date(str(value or ""))
