"""Reading the workbook of decisions back: what somebody filled in, with sheet and row.

Belongs here: finding the decisions in a workbook, in either language. Does not belong here: whether a decision is valid and
what it leads to (``deciding``).
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from orchestration.core.errors import Problems, UserError
from orchestration.core.tables import Label
from orchestration.forms.deciding_options import Kept
from orchestration.forms.deciding_workbook import SHEETS, TEXTS, Head, candidate_of
from orchestration.forms.decisions import Decision, Decisions, GroupDecision, MissingDecision
from orchestration.forms.model import ColumnMap, Form
from orchestration.forms.undecided import CANDIDATES, CELLS, CHOICES, OF_GONE

_RESTORE = "use the workbook that ./is248 new-year --workbook wrote; keep its heads and keys"


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return " ".join(str(value).split())


def _is(text: str, label: Label) -> bool:
    return text.casefold() in {label.nb.casefold(), label.en.casefold()}


def choice_of(text: str) -> str | None:
    """Return the choice that a text stands for, in either language or by number of a candidate; None if there is none."""
    found = [choice for choice in CHOICES if _is(text, TEXTS[choice]) or text == choice]
    found += [choice for number, choice in enumerate(CANDIDATES, start=1) if text == str(number)]
    return found[0] if found else None


def _filled_rows(path: Path, name: str, sheet: Any, problems: Problems) -> Iterator[tuple[str, dict[str, str], Any]]:
    """Yield the rows of a sheet in which something is filled in: place, texts by head, and the key."""
    heads: Sequence[Head] = SHEETS[name]
    places: dict[str, int] = {}
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        texts = [_text(value) for value in row]
        if number == 1:
            places = {head.name: place for place, text in enumerate(texts) for head in heads if _is(text, head.text)}
            lost = [head for head in heads if (head.is_answer or head.name == "key") and head.name not in places]
            if lost:
                raise UserError(
                    f"the column {lost[0].text.nb!r} is missing", place=_at(path, sheet.title, 1), remedy=_RESTORE
                )
            continue
        cells = {head.name: texts[places[head.name]] for head in heads if places.get(head.name, len(texts)) < len(texts)}
        if not any(cells.get(head.name) for head in heads if head.is_answer):
            continue
        place = _at(path, sheet.title, number)
        try:
            key = json.loads(cells.get("key", ""))
        except ValueError:
            problems.report(UserError("is filled in, but its key is missing or was changed", place=place, remedy=_RESTORE))
            continue
        yield place, cells, key


def _at(path: Path, sheet: str, row: int) -> str:
    return f"{path}, sheet {sheet}, row {row}"


def _choice(place: str, cells: Mapping[str, str]) -> str:
    text = cells.get("decision", "")
    choice = choice_of(text)
    if choice is None:
        raise UserError(
            f"{text!r} is not a valid decision" if text else "is filled in, but has no decision",
            place=place,
            remedy=f"choose {', '.join(TEXTS[each].nb for each in CHOICES)}, or clear the row",
        )
    return choice


def _decision(place: str, cells: Mapping[str, str], key: Any, forms: Mapping[str, Form]) -> Decision:
    choice = _choice(place, cells)
    uses: tuple[ColumnMap, ...] = ()
    if choice in CANDIDATES:
        number = CANDIDATES.index(choice)
        known = key["candidates"]
        if number >= len(known):
            raise UserError(
                f"the row has no candidate {number + 1}", place=place, remedy="choose a candidate that the row has"
            )
        form = forms.get(known[number][0])
        uses = candidate_of(known[number], form.columns) if form is not None else ()
        if not uses:
            raise UserError(
                f"the candidate {' '.join(known[number][:3])} is no longer in its form",
                place=place,
                remedy="write the workbook again",
            )
    return Decision(tuple(key["row"]), choice, place, uses, {name: cells.get(name, "") for name in CELLS})


def _group_decision(place: str, cells: Mapping[str, str], key: Any) -> GroupDecision:
    choice = _choice(place, cells)
    if choice not in OF_GONE:
        raise UserError(
            "has a decision that is not allowed for columns that were not delivered",
            place=place,
            remedy=f"choose {', '.join(TEXTS[each].nb for each in OF_GONE)}, or clear the row",
        )
    sheet, question = key["group"]
    return GroupDecision((sheet, question), choice, place, {name: cells.get(name, "") for name in CELLS})


def kept_of(text: str, codes: str) -> str:
    """Return which of the codes that meant "no answer" still do, by what was chosen or written."""
    return codes if _is(text, TEXTS["keep"]) else "" if _is(text, TEXTS["none"]) else text


def read_decisions(path: Path, forms: Sequence[Form], problems: Problems) -> Decisions:
    """Return what is filled in in a workbook of decisions; rows that are left empty are left out.

    Args:
        path: the workbook.
        forms: the forms that candidates come from.
        problems: collects the problems of rows, which are then left out.

    Raises:
        UserError: the file is not a workbook of decisions.
    """
    try:
        book = load_workbook(path, data_only=True)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="save it as a workbook (.xlsx)") from error
    named = {form.form: form for form in forms}
    columns: list[Decision] = []
    groups: list[GroupDecision] = []
    codes: list[Kept] = []
    missing: list[MissingDecision] = []
    is_there = False
    for sheet in book.worksheets:
        name = next((name for name in SHEETS if _is(sheet.title, TEXTS[name])), None)
        if name is None:
            continue
        is_there = is_there or name == "sheet"
        for place, cells, key in _filled_rows(path, name, sheet, problems):
            try:
                if name == "sheet" and "group" in key:
                    groups.append(_group_decision(place, cells, key))
                elif name == "sheet":
                    columns.append(_decision(place, cells, key, named))
                elif name == "codes":
                    answer, label, why = (cells.get(each, "") for each in ("answer", "label", "missing_reason"))
                    codes.append(Kept(key[0], key[1], key[2], answer, label, why, place))
                else:
                    missing.append(MissingDecision(key, kept_of(cells["decision"], key), place))
            except UserError as problem:
                problems.report(problem)
            except (TypeError, KeyError, IndexError, ValueError):
                problems.report(UserError("is filled in, but its key belongs to another row", place=place, remedy=_RESTORE))
    if not is_there:
        raise UserError("is not a decision workbook", place=str(path), remedy=_RESTORE)
    return Decisions(columns, groups, codes, missing)
