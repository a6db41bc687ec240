"""Next round's form, drafted from the last one and the headers that were delivered.

Belongs here: putting the three files together, and marking what is certain and what is not. Nothing is guessed: a column
that no rule of ``matching`` takes over gets the use ``unsure``, which the loader refuses, with the candidates beside it; a
person decides, and only then can the form be run. Does not belong here: reading deliveries.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.forms import draft_text, other_sheets
from orchestration.forms.candidates import Old, UnsureRow, meaning_of, plain
from orchestration.forms.code_book import Book, BookKind, OddCode, meanings_of, odd_codes
from orchestration.forms.form_file import FormFile
from orchestration.forms.likeness import THRESHOLD
from orchestration.forms.matching import (
    DeliveredSheet,
    Layout,
    advance_years,
    label_counts_of,
    match,
    numbered_headers,
)
from orchestration.forms.model import (
    UNSURE,
    ColumnMap,
    Form,
    OptionMap,
)
from orchestration.forms.pairing import Profiles
from orchestration.forms.profiles import Profile
from orchestration.forms.registry import refuse_odd_row


@dataclass(frozen=True)
class Draft:
    """The three files of the next form, and what a person must check.

    ``renamed`` has sheet, last and new name of columns with the very wording of one of last year's; ``elsewhere`` has sheet,
    column, form and meaning of columns whose wording another sheet of it has, or an earlier form; ``reworded`` has sheet,
    column, last and new wording of columns with the very name of last year; ``missing`` has the columns in which texts meant
    "no answer" last year, by these texts: whether they still do, only the new code book says; ``unlike`` has sheet and
    column of what was taken over though its cells are very unlike last year's, and in what; ``profiles`` have what the cells
    of the delivered columns look like, by sheet and column; ``book`` is what the code book says of them, and ``odd_codes``
    are its codes of columns that were taken over, which the form does not have or which meant something else.
    """

    form: str
    previous: str
    form_yml: str
    columns_csv: str
    options_csv: str
    taken_over: int
    renamed: tuple[tuple[str, str, str], ...]
    reworded: tuple[tuple[str, str, str, str], ...]
    unsure: tuple[UnsureRow, ...]
    notes: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: tuple[tuple[str, str, str, str], ...] = ()
    unlike: tuple[tuple[str, str, Label], ...] = ()
    profiles: Mapping[tuple[str, str], Profile] = field(default_factory=dict)
    book: Book = field(default_factory=Book)
    odd_codes: tuple[OddCode, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The list of what to decide, as JSON-able values."""
        return {
            "form": self.form,
            "previous": self.previous,
            "taken_over": self.taken_over,
            "renamed": [{"sheet": sheet, "before": old, "after": new} for sheet, old, new in self.renamed],
            "reworded": [
                {"sheet": sheet, "column": column, "before": old, "after": new} for sheet, column, old, new in self.reworded
            ],
            "elsewhere": [
                {"sheet": sheet, "column": column, "form": form, "meaning": meaning}
                for sheet, column, form, meaning in self.elsewhere
            ],
            "unsure": [
                {
                    "kind": row.kind,
                    "sheet": row.sheet,
                    "column": row.column,
                    "label": row.label,
                    "candidates": [
                        {
                            "sheet": found.sheet,
                            "column": found.column,
                            "meaning": found.meaning,
                            "score": round(found.score, 3),
                            "cells": found.of_cells.en if found.of_cells is not None else None,
                        }
                        for found in row.candidates
                    ],
                    "note": row.remark,
                }
                for row in self.unsure
            ],
            "unlike": [{"sheet": sheet, "column": column, "cells": cells.en} for sheet, column, cells in self.unlike],
            "codes": [asdict(code) for code in self.odd_codes],
            "missing": {codes: list(columns) for codes, columns in self.missing.items()},
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Return what was taken over, what must be decided and what must be checked, as text."""
        return draft_text.render(self)


# --- The files -------------------------------------------------------------------------------------------------------------

COLUMN_NAMES = [name for name in ColumnMap.model_fields if name != "line"]
OPTION_NAMES = [name for name in OptionMap.model_fields if name != "line"]


def as_csv(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return rows as a csv file of the form."""
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_row(use: ColumnMap, /, **changes: str) -> dict[str, str]:
    """Return a use as a line of columns.csv."""
    return {name: str(getattr(use, name)) for name in COLUMN_NAMES} | changes


def _renamed_when(when: str, renames: Mapping[str, str]) -> str:
    parts = (part.partition("=") for part in when.split(";") if part)
    return ";".join(f"{renames.get(plain(name), name)}{equals}{value}" for name, equals, value in parts)


def _gone_row(old: Old, use: ColumnMap) -> tuple[dict[str, str], UnsureRow]:
    """Keep the meaning of a column that was not delivered, so that only `absent` need be written."""
    unsure = UnsureRow("gone", use.sheet, old.name, plain(use.wording_nb), (), meaning_of(use), use)
    kept = ("question", "item", "answer", "target_group", "reporting_form", "wording_nb")
    cells = {name: getattr(use, name) for name in kept}
    return {"sheet": use.sheet, "use": UNSURE, **cells, "reason": f"gone: {old.name}"}, unsure


def _unsure_cells(row: UnsureRow) -> dict[str, str]:
    return {"sheet": row.sheet, "column": row.column, "use": UNSURE, "wording_nb": row.label, "reason": row.reason}


def draft_form(
    previous: Form,
    headers: Sequence[DeliveredSheet],
    *,
    labels: Mapping[str, str] | None = None,
    files: Sequence[str] | None = None,
    delivery: str | None = None,
    years: int = 1,
    threshold: float = THRESHOLD,
    earlier: Sequence[Form] = (),
    name: str | None = None,
    profiles: Profiles | None = None,
    kinds: Mapping[str, BookKind] | None = None,
    codes: Mapping[str, Mapping[str, str]] | None = None,
) -> Draft:
    """Draft the form of the next round.

    Args:
        previous: the last form of the survey.
        headers: the headers that were delivered, sheet by sheet.
        labels: the code book, if there is one: label by variable.
        files: names of all files of the delivery, including those that are not read; without it those of ``headers``.
        delivery: folder of the delivery; without it last year's name with the year advanced.
        years: how far the years are advanced; more than one where a round was left out.
        threshold: similarity from which a delivered column is paired with one of last year's, one to one.
        earlier: forms before the last, the newest first: a question that comes back is found in them.
        name: the new form; without it last year's name with the year advanced.
        profiles: profiles of the cells of last year's delivery, by sheet and column; without it cells are not compared.
        kinds: the types of variables by the code book.
        codes: the codes of variables with their labels, as the code book has them.

    Returns:
        The three files as texts, and everything that a person must decide.

    Raises:
        UserError: no header was delivered, or the years are not advanced.
    """
    if years < 1:
        raise UserError(
            "the new form is not later than the last form", place=previous.form, remedy="advance by at least a year"
        )
    if not any(numbered_headers(sheet.headers) for sheet in headers):
        raise UserError(
            "no sheet with headers was delivered", place=delivery or previous.form, remedy="check the files of the delivery"
        )
    advance = advance_years(previous, years)
    layout = Layout(previous, headers, advance)
    names = list(dict.fromkeys(sheet.name for sheet in previous.sheets))
    matched, entries = match(previous, layout, names, labels or {}, threshold, earlier, profiles or {})
    # If none of the last form's sheets was delivered, its remaining columns are placed on the new sheet with the units.
    moved = next((name for name, entry in entries.items() if "links_to" not in entry), None)
    rows: list[dict[str, str]] = []
    gone: list[dict[str, str]] = []
    absent: list[dict[str, str]] = []
    unsure: list[UnsureRow] = []
    unsure_gone: list[UnsureRow] = []
    reworded: list[tuple[str, str, str, str]] = []
    missing: dict[str, list[str]] = defaultdict(list)
    label_counts = label_counts_of(matched.values())
    for columns in matched.values():
        for header in columns.headers:
            if header in columns.unsure:
                unsure.append(columns.unsure[header])
                rows.append(_unsure_cells(columns.unsure[header]))
                continue
            if header in columns.identifiers:
                rows.append({"sheet": columns.sheet, "column": header, "use": "identifier"})
                rows[-1]["wording_nb"] = columns.labels[header]
                continue
            if header in columns.elsewhere:
                use = columns.elsewhere[header].use
                rows.append(as_row(use, sheet=columns.sheet, column=header))
                if use.missing:
                    rows[-1]["missing"] = f"{UNSURE}:{use.missing}"
                    missing[use.missing].append(header)
                continue
            old, label = columns.taken[header], columns.labels[header]
            changes = {}
            # A label that several columns share says less than the last form's wording.
            if label and len(old.uses) == 1 and label != old.wording and label_counts[label.casefold()] == 1:
                changes["wording_nb"] = label
                reworded.append((columns.sheet, header, old.wording, label))
            for use in old.uses:
                rows.append(as_row(use, column=header, when=_renamed_when(use.when, columns.renames), **changes))
                if use.missing:
                    # A code for no answer last year may be a number this year, and vice versa.
                    rows[-1]["missing"] = f"{UNSURE}:{use.missing}"
                    missing[use.missing].append(header)
        place = {"sheet": moved} if moved else {}
        for old in columns.unmatched:
            for use in old.uses:
                if not moved or use.use != "identifier":
                    cells, row = _gone_row(old, use)
                    gone.append(cells | place)
                    unsure_gone.append(row)
        absent += [as_row(old.uses[0], **place) for old in columns.absent]
    # First what was delivered, then what was not delivered of the last form.
    rows += gone + absent
    unsure += unsure_gone
    found = [each for columns in matched.values() for each in columns.elsewhere.values()]
    if name is None:
        name = advance(previous.form)
        if name == previous.form:
            name = f"{previous.survey}_{previous.time_period + years}"
    writer = FormFile(previous, layout, matched, years, entries)
    every_file = sorted(set(files) if files is not None else {sheet.file for sheet in headers})
    form_yml = writer.write(name, delivery or _next_delivery(previous, advance, years), every_file)
    options = [
        {name: str(getattr(option, name)) for name in OPTION_NAMES}
        for option in (*previous.options, *other_sheets.options_of(found, [previous, *earlier], previous.options))
    ]
    book = Book(
        {(each.sheet, name): kind for each in matched.values() for name, kind in each.of_variables(kinds or {})},
        {(each.sheet, name): listed for each in matched.values() for name, listed in each.of_variables(codes or {})},
        meanings_of([previous, *earlier]),
    )
    return Draft(
        form=name,
        previous=previous.form,
        form_yml=form_yml,
        columns_csv=as_csv(COLUMN_NAMES, rows),
        options_csv=as_csv(OPTION_NAMES, options),
        taken_over=sum(len(columns.taken) + len(columns.identifiers) for columns in matched.values()) + len(found),
        renamed=tuple((name, old, new) for name, columns in matched.items() for old, new in columns.renames.items()),
        reworded=tuple(reworded),
        unsure=tuple(unsure),
        notes=tuple(writer.notes),
        missing={codes: tuple(dict.fromkeys(columns)) for codes, columns in missing.items()},
        elsewhere=tuple(
            (columns.sheet, name, each.form, meaning_of(each.use))
            for columns in matched.values()
            for name, each in columns.elsewhere.items()
        ),
        unlike=tuple((name, *each) for name, columns in matched.items() for each in columns.unlike(profiles or {})),
        profiles={(name, header): each for name, columns in matched.items() for header, each in columns.profiles.items()},
        book=book,
        odd_codes=tuple(odd_codes(rows, options, book.codes, previous.numbers.missing)),
    )


def _next_delivery(previous: Form, advance: Callable[[str], str], years: int) -> str:
    name = advance(previous.delivery)
    return name if name != previous.delivery else f"{previous.delivery}-{previous.time_period + years}"


@dataclass(frozen=True)
class Written:
    """The result of writing a draft: rows of columns.csv that were already decided and are kept, and those to be decided."""

    kept: int
    undecided: int
    is_again: bool


def write_draft(draft: Draft, folder: Path, *, again: bool = False) -> Written:
    """Write the draft as the form folder ``folder``.

    Args:
        draft: the draft.
        folder: the form folder.
        again: the folder may exist: decided rows of columns.csv are kept, including those of columns that this draft does
            not have, and deleted rows without a column stay deleted; form.yml and options.csv are not changed.

    Raises:
        UserError: the folder exists already, and ``again`` is not set.
    """
    if again and folder.is_dir():
        return _write_again(draft, folder / "columns.csv")
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise UserError(
            "the form already exists",
            place=str(folder),
            remedy="add --again to keep its decisions, or rename the folder to draft the form again",
        ) from error
    for name, text in (("form.yml", draft.form_yml), ("columns.csv", draft.columns_csv), ("options.csv", draft.options_csv)):
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return Written(0, len(draft.unsure), False)


def _is_decided(row: Mapping[str, str]) -> bool:
    return row["use"] != UNSURE and not row["missing"].startswith(f"{UNSURE}:")


def _place(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a row is about: its column, or for a row without a column what was not asked."""
    meaning = (
        ()
        if row["column"]
        else tuple(row[name] for name in ("question", "item", "answer", "target_group", "reporting_form"))
    )
    return (row["sheet"], plain(row["column"]), *meaning)


def _write_again(draft: Draft, path: Path) -> Written:
    """Rewrite columns.csv, with its decided rows instead of the draft's."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if set(reader.fieldnames or []) - set(COLUMN_NAMES) or "use" not in (reader.fieldnames or []):
                raise UserError(
                    f"the header has {', '.join(reader.fieldnames or []) or 'nothing'}",
                    place=f"{path}, line 1",
                    remedy=f"the columns are {', '.join(COLUMN_NAMES)}; or rename the folder to draft the form again",
                )
            before = []
            for row in reader:
                refuse_odd_row(row, path, reader.line_num)
                before.append({name: row.get(name) or "" for name in COLUMN_NAMES})
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="correct it, or rename the folder") from error
    # All lines of a column are kept if a person has given one of them a use, or the draft was certain of it.
    kept: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in before:
        kept[_place(row)].append(row)
    kept = {place: lines for place, lines in kept.items() if any(row["use"] != UNSURE for row in lines)}
    known = {_place(row) for row in before}
    rows = []
    left = dict(kept)
    for row in csv.DictReader(io.StringIO(draft.columns_csv)):
        place = _place(row)
        if place in kept:
            rows += left.pop(place, [])
        elif row["column"] or place in known:
            rows.append(row)
    rows += [row for lines in left.values() for row in lines]
    partial = path.with_suffix(".partial")
    partial.write_text(as_csv(COLUMN_NAMES, rows), encoding="utf-8", newline="")
    partial.replace(path)
    return Written(sum(map(_is_decided, before)), sum(not _is_decided(row) for row in rows), True)
