"""Addressees of letters: e-mail addresses and written forms of Norwegian, from tables by code of unit or county.

``data/control/addresses.csv`` and ``data/control/written_forms.csv``, edited by hand; either may be missing. Belongs here:
reading them, and the name of a receiver. Does not belong here: the letters (``letters``).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import cast

from orchestration.contact.states import Unit
from orchestration.core.errors import UserError
from orchestration.core.language import WrittenForm

ADDRESSES = "addresses.csv"
WRITTEN_FORMS = "written_forms.csv"

_CODE = re.compile(r"[0-9]{2}|[0-9]{4}|[0-9]{6}")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def load_addresses(folder: Path, codes: Collection[str]) -> dict[str, str]:
    """Return the addresses of units and county governors by code (a county has two digits); empty without the table.

    Args:
        folder: the folder of the table.
        codes: of the units and counties of all years.

    Raises:
        UserError: the file is not valid.
    """
    return _by_code(folder / ADDRESSES, "address", codes, _refuse_address)


def load_written_forms(folder: Path, codes: Collection[str]) -> dict[str, WrittenForm]:
    """Return the written forms for units and county governors, by code; empty without the table.

    Args:
        folder: the folder of the table.
        codes: of the units and counties of all years.

    Raises:
        UserError: the file is not valid.
    """
    found = _by_code(folder / WRITTEN_FORMS, "written_form", codes, _refuse_written_form)
    return {code: cast(WrittenForm, form) for code, form in found.items()}


def written_form_of(forms: Mapping[str, WrittenForm], unit: Unit) -> WrittenForm:
    """Return the written form for a unit: its own, or that of its municipality or county, or else bokmål."""
    known = (forms[code] for code in (unit.unit_code, unit.unit_code[:4], unit.county_code) if code in forms)
    return next(known, "nb")


def receiver(unit: Unit) -> str:
    """Return the receiver of a letter: the municipality or district, or the agency by its own name."""
    name = unit.unit_name or unit.unit_code
    if unit.unit_level == "municipality":
        # Municipalities that share a name have their county in brackets after it.
        bare, bracket, rest = name.partition(" (")
        return f"{bare} kommune{bracket}{rest}"
    return f"bydel {name}" if unit.unit_level == "city_district" else name


def _refuse_address(value: str, place: str) -> None:
    if not _ADDRESS.fullmatch(value):
        raise UserError(f"{value!r} is not one address", place=place, remedy="write it as postmottak@example.org")


def _refuse_written_form(value: str, place: str) -> None:
    if value not in ("nb", "nn"):
        raise UserError(f"{value!r} is not a written form", place=place, remedy="write nn (nynorsk) or nb (bokmål)")


def _by_code(path: Path, name: str, codes: Collection[str], refuse: Callable[[str, str], None]) -> dict[str, str]:
    """Return a table of two columns, code and another one, by code; empty if there is no file."""
    if not path.exists():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="save it as UTF-8") from error
    rows = list(csv.reader(io.StringIO(text, newline="")))
    if not rows or rows[0] != ["code", name]:
        raise UserError(
            "has the wrong header", place=f"{path}, line 1", remedy=f"write code,{name} with a comma between them"
        )
    found: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        place = f"{path}, line {line}"
        if len(row) != 2 or not _CODE.fullmatch(row[0]):
            raise UserError(
                f"is not a code with {name}",
                place=place,
                remedy="a county has two digits, a municipality four, a district six",
            )
        if row[0] not in codes:
            raise UserError(
                f"{row[0]} is not a unit or county of any year",
                place=place,
                remedy="correct the code, or delete the line",
            )
        value = row[1].strip()
        refuse(value, place)
        if row[0] in found:
            raise UserError(f"{row[0]} is listed twice", place=place, remedy="keep one of the two")
        found[row[0]] = value
    return found
