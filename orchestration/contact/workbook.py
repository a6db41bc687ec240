"""The contact round as a workbook to fill in: the state of each unit, and columns to enter events.

Belongs here: writing it, and reading the entries back. Does not belong here: answers to questions, which are entered in the
lists of the control.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from orchestration.contact.approvals import refuse_approval
from orchestration.contact.states import Asking, ContactRound, Unit
from orchestration.control.contacts import Contact, Event
from orchestration.control.list_layout import parse_date
from orchestration.core.errors import UserError
from orchestration.core.language import Language, Written, in_language, is_called
from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.core.workbooks import (
    ANSWER_FILL,
    HEAD_FILL,
    MARKED_HEAD_FILL,
    WRAPPED_HEAD_HEIGHT,
    add_choice,
    aligned,
    put,
    put_head,
    put_texts,
    saved,
    set_page,
    set_table,
    set_widths,
)

TEXTS = load_texts("contact", "round")
# Labels of events.
EVENTS: dict[Event, Label] = {
    "reminded": TEXTS["reminded"],
    "county_governor_told": TEXTS["county_governor_told"],
    "asked": TEXTS["asked"],
    "asked_again": TEXTS["asked_again"],
    "answered": TEXTS["answer_came"],
    "approved": TEXTS["approved"],
}

# Events that can be entered for a unit; events about findings come with answers or letters.
ENTERED: tuple[Event, ...] = ("reminded", "county_governor_told", "approved")


@dataclass(frozen=True)
class _Column:
    name: str
    width: float
    is_entered: bool = False


_COLUMNS = (
    _Column("unit_code", 9),
    _Column("unit", 22),
    _Column("county", 20),
    _Column("survey", 24),
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


def last_event(contact: Contact | None, language: Written) -> str:
    """Return the label and date of an event; empty without one."""
    return "" if contact is None else f"{in_language(EVENTS[contact.event], language)} {contact.date.isoformat()}"


def _row(unit: Unit, language: Language) -> list[Any]:
    values: dict[str, Any] = {
        "unit_code": unit.unit_code,
        "unit": unit.unit_name,
        "county": unit.county_name,
        "survey": in_language(unit.survey_label, language),
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
                cell.fill = ANSWER_FILL
    set_table(sheet, len(_COLUMNS), len(found.units), fixed_columns=_PLACES["unit"])
    words = ",".join(in_language(EVENTS[event], language) for event in ENTERED)
    head, hint = (in_language(TEXTS[name], language) for name in ("new_event", "choose_event"))
    add_choice(sheet, _PLACES["new_event"], len(found.units) + 1, f'"{words}"', head, hint)
    title = in_language(filled(TEXTS["title"], year=found.year), language)
    set_page(sheet, title, is_wide=True)
    about = book.create_sheet(in_language(TEXTS["about"], language))
    lines = [(in_language(TEXTS["restricted"], language), ""), ("", in_language(TEXTS["about_text"], language))]
    put_texts(about, title, lines, (34, 96))
    set_page(about, title)
    for each in book.worksheets:
        each.oddHeader.right.text = in_language(TEXTS["restricted"], language)
    book.properties.creator = "IS-24/8"
    book.properties.title = title
    return saved(book)


def has_entries(path: Path) -> bool:
    """Whether a workbook has entries; also true if it cannot be read or lacks columns, as it may then have some."""
    try:
        book = load_workbook(path, data_only=True, read_only=True)
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile):
        return True
    try:
        rows = list(book.worksheets[0].iter_rows(values_only=True))
    finally:
        book.close()
    places = _places(rows[0] if rows else ())
    if _missing(places):
        return True
    entered = [places[column.name] for column in _COLUMNS if column.is_entered]
    return any(place < len(row) and row[place] not in (None, "") for row in rows[1:] for place in entered)


def _places(heads: Sequence[Any]) -> dict[str, int]:
    """Return the index of each column that the header row has."""
    return {
        column.name: place
        for column in _COLUMNS
        for place, head in enumerate(heads)
        if is_called(str(head or ""), TEXTS[column.name])
    }


def _missing(places: Mapping[str, int]) -> list[str]:
    """Return the missing ones of the columns that reading back needs."""
    needed = ("unit_code", "form", "answers_sha256", *(column.name for column in _COLUMNS if column.is_entered))
    return [name for name in needed if name not in places]


def read_entries(path: Path, found: ContactRound) -> list[Contact]:
    """Return the events that were entered in a workbook of the round.

    Raises:
        UserError: the file is not the workbook of the round, or an entry is invalid; the error has file, sheet and row.
    """
    try:
        book = load_workbook(path, data_only=True, read_only=True)
    except (OSError, ValueError, KeyError, InvalidFileException, zipfile.BadZipFile) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="save it as a workbook (.xlsx)") from error
    try:
        sheet = book.worksheets[0]
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
        places = _places(rows[0] if rows else [])
        missing = _missing(places)
        if missing:
            raise UserError(
                f"the column {TEXTS[missing[0]].nb!r} is missing",
                place=f"{path}, sheet {sheet.title}, row 1",
                remedy="use the workbook that ./is248 contact wrote, and keep its header row",
            )
        units = {(unit.form, unit.unit_code): unit for unit in found.units}
        forms = {str(row[places["form"]]) for row in rows[1:] if len(row) > places["form"] and row[places["form"]]}
        if forms and not forms & {form for form, _ in units}:
            raise UserError(
                f"is the workbook of another round ({', '.join(sorted(forms))})",
                place=str(path),
                remedy="give the path of this year's workbook",
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
            f"{cells['unit_code']} {cells['form']} is not a unit of the round", place=place, remedy="restore code and form"
        )
    event = _event(str(cells["new_event"] or "").strip())
    if event is None:
        words = ", ".join(EVENTS[each].nb for each in ENTERED)
        raise UserError(
            f"{cells['new_event']!r} is not an event" if cells["new_event"] else "has no event",
            place=place,
            remedy=f"choose {words}",
        )
    day = _day(cells["date"])
    if day is None:
        raise UserError(
            f"{cells['date']!r} is not a date" if cells["date"] else "has no date",
            place=place,
            remedy=f"write it as {found_today.isoformat()}",
        )
    by = str(cells["by"] or "").strip()
    if not by:
        raise UserError("does not name a person", place=place, remedy=f"fill in {TEXTS['by'].nb} ({TEXTS['by'].en})")
    if day > found_today:
        raise UserError(f"the date {day.isoformat()} is in the future", place=place, remedy="correct the date")
    if event == "approved":
        refuse_approval(unit, str(cells["answers_sha256"] or ""), place)
    return Contact(
        date=day,
        unit_code=unit.unit_code,
        event=event,
        by=by,
        form=unit.form,
        answers_sha256=unit.answers_sha256 if event == "approved" else "",
        note=str(cells["note"] or "").strip(),
    )


def _event(word: str) -> Event | None:
    return next((each for each in ENTERED if is_called(word, EVENTS[each])), None)


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else parse_date(str(value or ""))
