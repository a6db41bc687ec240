"""Columns of a new delivery that come from another sheet, or from a form before the last: found by exact wording.

Belongs here: matching by wordings that are unique on both sides, and the entry of a sheet that the last form does not have.
Does not belong here: matching with the same sheet of the last form, or likeness (``matching``); reading deliveries.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.forms.model import OF_OPTIONS, ColumnMap, Form, OptionMap, header

# The columns that identify a row's unit and submission, by their place in form.yml.
_OF_THE_UNIT = ("unit.code", "unit.name", "unit.part_code", "unit.part_name")
_OF_THE_SUBMISSION = ("submission.id", "submission.submitted", "submission.status", "submission.confirmed")


@dataclass(frozen=True)
class Found:
    """A column of an earlier form, or of another sheet of the last, whose wording a delivered column has."""

    form: str
    use: ColumnMap


@dataclass(frozen=True)
class NewSheet:
    """A delivered sheet that the last form does not have: its name in the draft, where it stands, and label by header."""

    name: str
    file: str
    sheet: str
    row: int
    labels: Mapping[str, str]


def _comparable_text(text: str) -> str:
    return header(text).casefold()


def find(
    open_columns: Mapping[tuple[str, str], str],
    forms: Sequence[Form],
    label_counts: Mapping[str, int],
    taken: Iterable[tuple[str, ...]],
) -> dict[tuple[str, str], Found]:
    """Return the columns of earlier forms that delivered columns match, where the wording leaves no doubt.

    There is no doubt where exactly one delivered column and one column of the form have the wording, and no column that was
    taken over has the same meaning.

    Args:
        open_columns: label of each delivered column that is not yet matched, by sheet and header.
        forms: the last form, then earlier ones, the newest first: of several the first that has the wording counts.
        label_counts: how many delivered columns have a label.
        taken: meanings of the columns that were taken over.
    """
    meanings = set(taken)
    found: dict[tuple[str, str], Found] = {}
    for form in forms:
        uses: dict[str, list[ColumnMap]] = defaultdict(list)
        for column in form.columns:
            if column.use in {"answer", "ignored"} and column.wording_nb and not column.when:
                uses[_comparable_text(column.wording_nb)].append(column)
        for place, label in open_columns.items():
            same = uses.get(_comparable_text(label), [])
            if place in found or not label or label_counts[label.casefold()] != 1 or len(same) != 1:
                continue
            use = same[0]
            if use.use == "answer":
                if use.meaning in meanings:
                    continue
                meanings.add(use.meaning)
            found[place] = Found(form.form, use)
    return found


def options_of(found: Iterable[Found], forms: Sequence[Form], known: Iterable[OptionMap]) -> list[OptionMap]:
    """Return the options of questions that come from an earlier form, and that the last form does not have."""
    questions = {option.question for option in known}
    options: list[OptionMap] = []
    for each in found:
        if each.use.type in OF_OPTIONS and each.use.question not in questions:
            questions.add(each.use.question)
            form = next(form for form in forms if form.form == each.form)
            options += [option for option in form.options if option.question == each.use.question]
    return options


def roles(previous: Form, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the delivered columns that identify a row: header by place in form.yml, matched by name or exact wording."""
    by_name = {name.casefold(): name for name in labels}
    counts = Counter(map(_comparable_text, labels.values()))
    by_label = {
        _comparable_text(label): name for name, label in labels.items() if label and counts[_comparable_text(label)] == 1
    }
    result: dict[str, str] = {}
    for spec in previous.sheets:
        wordings = {header(column.column): column.wording_nb for column in previous.columns if column.sheet == spec.name}
        named = [*spec.named_columns, *([("submission.id", spec.link)] if spec.link not in (None, "unit") else [])]
        for place, column in named:
            delivered = by_name.get(str(column).casefold()) or by_label.get(
                _comparable_text(wordings.get(header(str(column)), ""))
            )
            if place in (*_OF_THE_UNIT, *_OF_THE_SUBMISSION) and delivered is not None:
                result.setdefault(place, delivered)
    return result


def entries(previous: Form, sheets: Sequence[NewSheet]) -> dict[str, dict[str, Any]]:
    """Return the entry in form.yml of each new sheet with known identifying columns, by its name.

    The first sheet with most of these columns has the units and submissions; the others are linked to it, by the number of
    the submission or by the unit.
    """
    known = {sheet.name: roles(previous, sheet.labels) for sheet in sheets}
    with_units = [sheet for sheet in sheets if {"unit.code", "unit.name"} & known[sheet.name].keys()]
    if not with_units:
        return {}
    main = max(with_units, key=lambda sheet: len(known[sheet.name]))
    result = {}
    for sheet in sheets:
        own = known[sheet.name]
        entry: dict[str, Any] = {"name": sheet.name, "file": sheet.file}
        entry |= {"sheet": sheet.sheet} if sheet.sheet else {}
        entry |= {"header_rows": [sheet.row], "first_row": sheet.row + 1}
        if sheet is main:
            entry |= _main_sheet(previous, own)
        elif "submission.id" in own and "submission.id" in known[main.name]:
            entry |= {"links_to": main.name, "link": own["submission.id"]}
        elif sheet in with_units:
            entry |= {"unit": _unit(own), "links_to": main.name, "link": "unit"}
        else:
            continue
        result[sheet.name] = entry
    return result


def _key(place: str) -> str:
    return place.partition(".")[2]


def _unit(own: Mapping[str, str]) -> dict[str, Any]:
    return {_key(place): [own[place]] for place in _OF_THE_UNIT if place in own}


def _main_sheet(previous: Form, own: Mapping[str, str]) -> dict[str, Any]:
    """Return unit, submission and rows that are not data, as stated in the last form, with the new names."""
    last = next(spec for spec in previous.sheets if spec.unit is not None)
    submission: dict[str, Any] = {_key(place): own[place] for place in _OF_THE_SUBMISSION if place in own}
    if "submission.submitted" in own and last.submission.formats:
        submission["formats"] = list(last.submission.formats)
    if "submission.status" in own:
        for name in ("completed", "not_answered", "not_completed"):
            if getattr(last.submission, name):
                submission[name] = list(getattr(last.submission, name))
    of_rows = (*_OF_THE_UNIT, *_OF_THE_SUBMISSION)
    places = {header(column): place for place, column in last.named_columns if place in of_rows}
    rules = [
        {"reason": rule.reason, "column": own[place], "matches": rule.matches}
        for rule in last.rows_not_data
        if (place := places.get(header(rule.column), "")) in own
    ]
    unit = _unit(own) | ({"code_pattern": last.unit.code_pattern} if last.unit and last.unit.code_pattern else {})
    return {"unit": unit} | ({"submission": submission} if submission else {}) | ({"rows_not_data": rules} if rules else {})


def identifiers(entry: Mapping[str, Any]) -> set[str]:
    """Return the headers that the entry of a new sheet names: they are identifiers of it."""
    of_units = {name for place in map(_key, _OF_THE_UNIT) for name in entry.get("unit", {}).get(place, ())}
    submission = entry.get("submission", {})
    of_submissions = {submission[place] for place in map(_key, _OF_THE_SUBMISSION) if place in submission}
    return of_units | of_submissions | ({entry["link"]} if entry.get("link", "unit") != "unit" else set())
