"""Matches delivered columns with those of the last form, and finds those that a person must decide.

Belongs here: matching by name, wording and likeness, over sheets and earlier forms. Does not belong here: the files of the
new form (``draft``, ``form_file``), or the columns of other sheets and earlier forms (``other_sheets``).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import count
from pathlib import PurePath
from typing import Any, TypeVar, get_args

from orchestration.core.tables import Label
from orchestration.forms import other_sheets
from orchestration.forms.candidates import Candidate, Old, UnsureKind, UnsureRow, plain
from orchestration.forms.likeness import WORTH_A_LOOK, cells_compared, likeness, ratio, unlike_cells
from orchestration.forms.model import (
    ColumnMap,
    FileSpec,
    Form,
    Reader,
    SheetSpec,
    numbered,
    sheet_name,
)
from orchestration.forms.pairing import (
    CANDIDATES_SHOWN,
    Profiles,
    earlier_wordings,
    pair_similar,
    side_of,
    side_of_old,
)
from orchestration.forms.profiles import Profile
from orchestration.forms.proposals import Proposal

Value = TypeVar("Value")

# A sheet is recognised by its columns if it has at least this share of last year's.
SHARED_COLUMNS = 0.5
# By the ending of a file's name.
READERS: Mapping[str, Reader] = {f".{reader}": reader for reader in get_args(Reader)}


@dataclass(frozen=True)
class DeliveredSheet:
    """The header of one sheet of a delivered file.

    ``headers`` are the texts as the reader gives them (several header rows joined), ``row`` is the first header row, counted
    from 1. ``sheet`` is its name in the workbook, and empty for other files. ``spec`` has the options with which a csv or
    SPSS file was read. ``remarks`` say what form.yml must decide about the file, ``proposals`` what the cells suggest for
    the form, ``column_remarks`` what a column may be, and ``profiles`` are profiles of its cells, by header. ``top`` has the
    texts of its first rows, including its headers and the cells of last year's checks, by row and column.
    """

    file: str
    sheet: str
    headers: tuple[str, ...]
    row: int = 1
    spec: FileSpec | None = None
    remarks: tuple[str, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    column_remarks: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    top: Mapping[tuple[int, int], str] = field(default_factory=dict)


# --- Years -----------------------------------------------------------------------------------------------------------------


def advance_years(previous: Form, years: int) -> Callable[[str], str]:
    """Return a function that advances the years in a text; both years at once, as one may become what the other was."""
    later = {str(year): str(year + years) for year in (previous.time_period, previous.collection_year)}

    def advance(text: str) -> str:
        return re.sub(r"(?<!\d)\d{4}(?!\d)", lambda found: later.get(found[0], found[0]), text)

    return advance


# --- Files and sheets ------------------------------------------------------------------------------------------------------


def _bare(name: str) -> str:
    """Return the letters and digits of a name."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def numbered_headers(headers: Iterable[str]) -> list[str]:
    """Return the headers as columns.csv names them: with single blanks, a repeated one with its number."""
    return numbered(filter(None, map(plain, headers)))


def _mapped(previous: Form, sheet: str) -> set[str]:
    return {plain(column.column) for column in previous.columns if column.sheet == sheet and column.column}


class Layout:
    """The match of delivered sheets with sheets of the form, and the changes to form.yml for it."""

    def __init__(self, previous: Form, delivered: Sequence[DeliveredSheet], advance: Callable[[str], str]) -> None:
        self.previous = previous
        self.advance = advance
        self.all_sheets = delivered
        self.members: dict[int, list[DeliveredSheet]] = defaultdict(list)
        self.unknown: list[DeliveredSheet] = []
        # Files with the layout of a sheet that was already found, for example when one county delivers another format.
        self.more: dict[int, list[DeliveredSheet]] = defaultdict(list)
        left = [sheet for sheet in delivered if not self._by_name(sheet)]
        # Renamed sheets are recognised by their columns: the format of the file may have changed.
        found = list(self.members)
        free = [number for number in range(len(previous.sheets)) if number not in found]
        for sheet in left:
            number, known = self._by_columns(sheet, free), self._by_columns(sheet, found)
            if number is None and len(left) == len(free) == 1:
                number = free[0]
            if number is not None:
                self.members[number].append(sheet)
            elif known is not None:
                self.more[known].append(sheet)
            else:
                self.unknown.append(sheet)

    def _file(self, spec: SheetSpec) -> FileSpec:
        return next(file for file in self.previous.files if file.name == spec.file)

    def _by_name(self, delivered: DeliveredSheet) -> bool:
        for number, spec in enumerate(self.previous.sheets):
            file_fits = fnmatchcase(delivered.file, self.advance(self._file(spec).pattern))
            named = "" if spec.sheet is None else self.advance(spec.sheet)
            if file_fits and (named == "*" or sheet_name(named) == sheet_name(delivered.sheet)):
                self.members[number].append(delivered)
                return True
        return False

    def _by_columns(self, delivered: DeliveredSheet, free: Sequence[int]) -> int | None:
        """Return the sheet not found by name whose columns best match the delivered ones, if enough of them do."""
        headers = set(numbered_headers(delivered.headers))
        shares: list[tuple[bool, float, int]] = []
        for number in free:
            spec = self.previous.sheets[number]
            mapped = _mapped(self.previous, spec.name)
            share = len(mapped & headers) / len(mapped) if mapped else 0.0
            if share >= SHARED_COLUMNS:
                # Sheets of one workbook may have the same columns: then the name decides.
                names = {sheet_name(name) for name in (spec.sheet, self.advance(spec.sheet))} if spec.sheet else set()
                same_name = sheet_name(delivered.sheet) in names
                shares.append((same_name, share, -number))
        return -max(shares)[2] if shares else None

    def delivered(self, name: str) -> list[DeliveredSheet]:
        """Return the delivered sheets that are of a layout of the form."""
        return [
            sheet
            for number, spec in enumerate(self.previous.sheets)
            if spec.name == name
            for sheet in (*self.members.get(number, []), *self.more.get(number, []))
        ]

    def headers(self, name: str) -> tuple[list[str], set[str]]:
        """Return the columns delivered for a sheet of the form, and those that some of its files lack."""
        sheets = [numbered_headers(sheet.headers) for sheet in self.delivered(name)]
        every = list(dict.fromkeys(header for headers in sheets for header in headers))
        return every, {header for header in every if any(header not in headers for headers in sheets)}


# --- Columns ---------------------------------------------------------------------------------------------------------------


class Columns:
    """The delivered columns of one sheet beside the last form's; those of a new sheet have no counterpart."""

    def __init__(
        self,
        sheet: str,
        previous: Form,
        headers: list[str],
        labels: Mapping[str, str],
        delivered: Iterable[DeliveredSheet],
        note: str = "",
    ) -> None:
        self.sheet = sheet
        self.previous = previous.form
        self.headers = headers
        self.note = note
        delivered = list(delivered)
        self.profiles: dict[str, Profile] = {}
        for each in delivered:
            for name, profile in each.profiles.items():
                known = self.profiles.get(plain(name))
                self.profiles[plain(name)] = profile if known is None else known + profile
        self.remarks = {plain(name): remark for each in delivered for name, remark in each.column_remarks.items()}
        self.labels = dict.fromkeys(headers, "") | {name: plain(label) for name, label in self.of_variables(labels)}
        uses: dict[str, list[ColumnMap]] = defaultdict(list)
        for column in previous.columns:
            if column.sheet == sheet and column.use != "absent":
                uses[plain(column.column)].append(column)
        self.old = {name: Old(sheet, name, tuple(rows), previous.form) for name, rows in uses.items()}
        self.absent = [
            Old(sheet, "", (column,), previous.form)
            for column in previous.columns
            if column.sheet == sheet and column.use == "absent"
        ]
        self.taken: dict[str, Old] = {}
        self.unsure: dict[str, UnsureRow] = {}
        # What the columns are by another sheet or an earlier form; and which of a new sheet say what a row is of.
        self.elsewhere: dict[str, other_sheets.Found] = {}
        self.identifiers: set[str] = set()
        # Last year's columns whose fate is known.
        self.accounted: set[str] = set()

    def of_variables(self, by_variable: Mapping[str, Value]) -> Iterator[tuple[str, Value]]:
        """Yield a code book's values for the variables of the delivered columns; a repeated header is one variable."""
        for name in self.headers:
            variable = name if name in by_variable else name.split("#")[0]
            if variable in by_variable:
                yield name, by_variable[variable]

    @property
    def renames(self) -> dict[str, str]:
        """Names of the last form, and of this one, of columns that were taken over under another name."""
        return {old.name: header for header, old in self.taken.items() if old.name != header}

    @property
    def known(self) -> dict[str, tuple[str, str]]:
        """Sheet and name in the last form of the delivered columns that were taken over from it."""
        found = {header: (old.sheet, old.name) for header, old in self.taken.items()}
        return found | {
            header: (each.use.sheet, plain(each.use.column))
            for header, each in self.elsewhere.items()
            if each.form == self.previous
        }

    @property
    def open(self) -> list[str]:
        """Delivered columns that are not yet matched."""
        decided = self.taken.keys() | self.unsure.keys() | self.elsewhere.keys() | self.identifiers
        return [header for header in self.headers if header not in decided]

    @property
    def unmatched(self) -> list[Old]:
        """Last year's columns without a match."""
        return [old for name, old in self.old.items() if name not in self.accounted]

    def doubt(
        self,
        kind: UnsureKind,
        header: str,
        candidates: Iterable[Candidate],
        note: str = "",
        alike: Label | None = None,
    ) -> None:
        """Leave a delivered column for a person to decide."""
        remark = "; ".join(filter(None, (note, self.remarks.get(header, ""), self.note)))
        self.unsure[header] = UnsureRow(
            kind, self.sheet, header, self.labels[header], tuple(candidates), remark, alike=alike
        )

    def candidate(self, header: str, old: Old, profiles: Profiles) -> Candidate:
        """Return a column of the last form as a candidate for a delivered one whose name is no evidence."""
        sides = side_of(self, header), side_of_old(old, profiles)
        found = likeness(replace(sides[0], name=""), sides[1])
        return old.candidate(found.score, found.explain(), cells_compared(*sides))

    def unlike(self, profiles: Profiles) -> Iterator[tuple[str, Label]]:
        """Yield the columns that were taken over though their cells are very unlike last year's, and how they differ."""
        others = {header: each.use for header, each in self.elsewhere.items() if each.form == self.previous}
        taken = self.taken | {header: Old(use.sheet, plain(use.column), (use,)) for header, use in others.items()}
        for header, old in taken.items():
            difference = unlike_cells(side_of(self, header), side_of_old(old, profiles))
            if difference is not None and any(use.use == "answer" for use in old.uses):
                yield header, difference

    def match_names(self, partial: set[str], threshold: float, profiles: Profiles) -> None:
        """Take over the columns with last year's names, unless the code book gives them another meaning."""
        for header in self.headers:
            old = self.old.get(header)
            if old is None:
                continue
            self.accounted.add(header)
            label = self.labels[header]
            if header in partial and not any(use.optional for use in old.uses):
                self.doubt("partly delivered", header, [old.candidate(1.0)])
            elif label and old.wording and ratio(label, old.wording) < threshold:
                # Numbered columns may have been renumbered: the name is no evidence.
                near_wordings = [other for other in self.old.values() if ratio(label, other.wording) >= WORTH_A_LOOK]
                found = [self.candidate(header, other, profiles) for other in near_wordings]
                found.sort(key=lambda candidate: -candidate.score)
                near = [candidate for candidate in found if candidate.score >= WORTH_A_LOOK][:CANDIDATES_SHOWN]
                self.doubt("another wording", header, near, f'last year "{old.wording}" ({old.meaning})')
            else:
                self.taken[header] = old

    def match_wordings(self, labels: Counter[str], wordings: Counter[str]) -> None:
        """Take over a renamed column if nothing else, delivered or of last year, has its wording.

        Where several have it, the name decides if it equals last year's except for case and punctuation: ``V_F_1`` is
        ``v.f.1``.
        """
        by_wording = {old.wording.casefold(): old for old in self.old.values() if old.wording}
        by_both = {(_bare(old.name), old.wording.casefold()): old for old in self.old.values() if old.wording}
        bare = Counter(map(_bare, self.headers)), Counter(_bare(name) for name in self.old)
        for header in self.open:
            wording = self.labels[header].casefold()
            old = by_wording.get(wording)
            if labels[wording] != 1 or wordings[wording] != 1:
                is_one = bare[0][_bare(header)] == bare[1][_bare(header)] == 1
                old = by_both.get((_bare(header), wording)) if is_one else None
            if old is not None and old.name not in self.accounted:
                self.taken[header] = old
                self.accounted.add(old.name)


def _match_elsewhere(sheets: Mapping[str, Columns], forms: Sequence[Form], label_counts: Mapping[str, int]) -> None:
    """Take over columns with the exact wording of a column of another sheet of the last form, or of an earlier form."""
    places = {(columns.sheet, name): columns.labels[name] for columns in sheets.values() for name in columns.open}
    uses = [use for columns in sheets.values() for old in columns.taken.values() for use in old.uses]
    found = other_sheets.find(places, forms, label_counts, [use.meaning for use in uses if use.use == "answer"])
    for (sheet, name), each in found.items():
        sheets[sheet].elsewhere[name] = each
        if each.form == forms[0].form:
            sheets[each.use.sheet].accounted.add(plain(each.use.column))
    asked = {each.use.question for each in found.values()}
    for columns in sheets.values():
        columns.absent = [old for old in columns.absent if old.uses[0].question not in asked]


def _new_sheet_name(sheet: DeliveredSheet, taken: Iterable[str]) -> str:
    """Return a name for a delivered sheet that the last form does not have."""
    text = sheet.sheet or PurePath(sheet.file).stem
    name = re.sub(r"\W+", "_", text.strip().casefold()).strip("_") or "sheet"
    used = set(taken)
    others = (f"{name}_new" if number == 1 else f"{name}_new_{number}" for number in count(1))
    return name if name not in used else next(other for other in others if other not in used)


def label_counts_of(sheets: Iterable[Columns]) -> Counter[str]:
    """Return how many delivered columns have a label, without case."""
    return Counter(label.casefold() for columns in sheets for label in columns.labels.values() if label)


def match(
    previous: Form,
    layout: Layout,
    names: Sequence[str],
    labels: Mapping[str, str],
    threshold: float,
    earlier: Sequence[Form],
    profiles: Profiles,
) -> tuple[dict[str, Columns], dict[str, dict[str, Any]]]:
    """Match all delivered columns: by name, then by wording, of earlier forms too, then by similarity over all sheets.

    Returns:
        The columns by sheet; and the entries in form.yml of sheets that the last form does not have.
    """
    sheets: dict[str, Columns] = {}
    for name in names:
        headers, partial = layout.headers(name)
        sheets[name] = Columns(name, previous, headers, labels, layout.delivered(name))
        sheets[name].match_names(partial, threshold, profiles)
    new: list[other_sheets.NewSheet] = []
    for unknown in layout.unknown:
        note = f"sheet {unknown.sheet!r} of {unknown.file} is not in last year's form"
        name = _new_sheet_name(unknown, sheets)
        sheets[name] = Columns(name, previous, numbered_headers(unknown.headers), labels, [unknown], note)
        new.append(other_sheets.NewSheet(name, unknown.file, unknown.sheet, unknown.row, sheets[name].labels))
    # Sheets that the last form lacks are left to a person: it is not known what they belong to.
    entries = {} if any(layout.delivered(name) for name in names) else other_sheets.entries(previous, new)
    for sheet in new:
        sheets[sheet.name].identifiers = other_sheets.identifiers(entries.get(sheet.name, {}))
    label_counts = label_counts_of(sheets.values())
    wordings = Counter(old.wording.casefold() for columns in sheets.values() for old in columns.old.values() if old.wording)
    for columns in sheets.values():
        columns.match_wordings(label_counts, wordings)
    _match_elsewhere(sheets, [previous, *earlier], label_counts)
    for name in entries:
        # Its entry is reported elsewhere.
        sheets[name].note = ""
    pair_similar(list(sheets.values()), threshold, earlier_wordings(earlier), profiles)
    return sheets, entries
