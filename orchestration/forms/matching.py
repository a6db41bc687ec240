"""Delivered columns beside those of the last form: which is which, and which a person must decide.

Belongs here: matching by name, wording and likeness, over sheets and earlier forms. Does not belong here: the files of the
new form (``draft``, ``form_file``), or what other sheets and earlier forms have (``elsewhere``).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import count
from pathlib import PurePath
from typing import Any, Literal

from orchestration.forms import elsewhere
from orchestration.forms.model import (
    ColumnMap,
    FileSpec,
    Form,
    SheetSpec,
    numbered,
    sheet_name,
)
from orchestration.forms.proposals import Proposal

THRESHOLD = 0.75
# Below this a candidate is not worth a look.
WORTH_A_LOOK = 0.5
CANDIDATES_SHOWN = 3
# A sheet is recognised by its columns if it has at least this share of last year's.
SHARED_COLUMNS = 0.5
READERS: Mapping[str, Literal["csv", "xlsx", "xls", "xlsb", "ods", "sav", "parquet"]] = {
    ".csv": "csv",
    ".xlsx": "xlsx",
    ".xls": "xls",
    ".xlsb": "xlsb",
    ".ods": "ods",
    ".sav": "sav",
    ".parquet": "parquet",
}


UnsureKind = Literal["similar", "new", "gone", "another wording", "partly delivered"]


@dataclass(frozen=True)
class DeliveredSheet:
    """The header of one sheet of a delivered file.

    ``headers`` are the texts as the reader gives them (several header rows joined), ``row`` is the first header row, counted
    from 1. ``sheet`` is what the workbook calls it, and empty for other files. ``spec`` has the options with which a csv
    or SPSS file was read. ``remarks`` say what form.yml must decide of the file, ``proposals`` what the cells suggest that
    the form says, and ``column_remarks`` what a column may be, by header.
    """

    file: str
    sheet: str
    headers: tuple[str, ...]
    row: int = 1
    spec: FileSpec | None = None
    remarks: tuple[str, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    column_remarks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A column of the last form that a delivered column may be, with its similarity from 0 to 1.

    ``column`` is empty for a question that the last form says was not asked.
    """

    sheet: str
    column: str
    meaning: str
    score: float

    def __str__(self) -> str:
        """Return the candidate as it stands in the reason cell and in the list."""
        return f"{self.sheet} {self.column or 'not asked'} ({self.meaning}) {self.score:.2f}"


@dataclass(frozen=True)
class UnsureRow:
    """A row of columns.csv that a person must decide; ``column`` is the delivered one, or last year's if it is gone."""

    kind: UnsureKind
    sheet: str
    column: str
    label: str = ""
    candidates: tuple[Candidate, ...] = ()
    note: str = ""

    @property
    def reason(self) -> str:
        """The text of the reason cell."""
        best = "; ".join(map(str, self.candidates))
        return ": ".join(filter(None, (self.kind, "; ".join(filter(None, (best, self.note))))))


# --- Years -----------------------------------------------------------------------------------------------------------------


def advance_years(previous: Form, years: int) -> Callable[[str], str]:
    """Return what puts the new years in a text; both years at once, as the one may become what the other was."""
    later = {str(year): str(year + years) for year in (previous.time_period, previous.collection_year)}

    def advance(text: str) -> str:
        return re.sub(r"(?<!\d)\d{4}(?!\d)", lambda found: later.get(found[0], found[0]), text)

    return advance


# --- Files and sheets ------------------------------------------------------------------------------------------------------


def plain(text: str) -> str:
    """Return a text with single blanks."""
    return " ".join(text.split())


def _bare(name: str) -> str:
    """Return the letters and digits of a name."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def numbered_headers(headers: Iterable[str]) -> list[str]:
    """Return the headers as columns.csv names them: with single blanks, a repeated one with its number."""
    return numbered(filter(None, map(plain, headers)))


def _mapped(previous: Form, sheet: str) -> set[str]:
    return {plain(column.column) for column in previous.columns if column.sheet == sheet and column.column}


class Layout:
    """Which delivered sheet is which sheet of the form, and what changes in form.yml for it."""

    def __init__(self, previous: Form, delivered: Sequence[DeliveredSheet], advance: Callable[[str], str]) -> None:
        self.previous = previous
        self.advance = advance
        self.all_sheets = delivered
        self.members: dict[int, list[DeliveredSheet]] = defaultdict(list)
        self.unknown: list[DeliveredSheet] = []
        # Files of the layout of a sheet that was found already, as when one county delivers another format.
        self.more: dict[int, list[DeliveredSheet]] = defaultdict(list)
        left = [sheet for sheet in delivered if not self._by_name(sheet)]
        # What has other names is recognised by its columns: the format of the file may have changed.
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
        """Return which of the sheets not found by name has most of its columns in the delivered one, and enough."""
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


def meaning_of(column: ColumnMap) -> str:
    """Say in short what a column of the last form meant."""
    if column.use in {"identifier", "ignored"}:
        return " ".join(filter(None, (column.use, column.reason)))
    parts = (column.question, column.item, column.answer, column.target_group, column.reporting_form)
    return " ".join(part for part in parts if part)


def _ratio(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    matcher = SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < WORTH_A_LOOK:
        return 0.0
    return matcher.ratio()


@dataclass(frozen=True)
class Old:
    """One column of the last form with all its uses (a long format has many); ``name`` is empty for what was not asked."""

    sheet: str
    name: str
    uses: tuple[ColumnMap, ...]

    @property
    def wording(self) -> str:
        """Wording of the column, if all its uses have the same."""
        wordings = {plain(use.wording_nb) for use in self.uses}
        return wordings.pop() if len(wordings) == 1 else ""

    @property
    def meaning(self) -> str:
        """What the column meant; of a long format how many things."""
        first = meaning_of(self.uses[0])
        return first if len(self.uses) == 1 else f"{first} and {len(self.uses) - 1} more uses"

    def candidate(self, score: float) -> Candidate:
        """Return the column as a candidate."""
        return Candidate(self.sheet, self.name, self.meaning, score)


class Columns:
    """The delivered columns of one sheet beside the last form's; those of a new sheet stand beside none."""

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
        self.headers = headers
        self.note = note
        self.remarks = {plain(name): said for each in delivered for name, said in each.column_remarks.items()}
        self.labels = {header: plain(labels.get(header, labels.get(header.split("#")[0], ""))) for header in headers}
        uses: dict[str, list[ColumnMap]] = defaultdict(list)
        for column in previous.columns:
            if column.sheet == sheet and column.use != "absent":
                uses[plain(column.column)].append(column)
        self.old = {name: Old(sheet, name, tuple(rows)) for name, rows in uses.items()}
        self.absent = [
            Old(sheet, "", (column,)) for column in previous.columns if column.sheet == sheet and column.use == "absent"
        ]
        self.taken: dict[str, Old] = {}
        self.unsure: dict[str, UnsureRow] = {}
        # What the columns are by another sheet or an earlier form; and which of a new sheet say what a row is of.
        self.elsewhere: dict[str, elsewhere.Found] = {}
        self.identifiers: set[str] = set()
        # Last year's columns of which it is said what became of them.
        self.accounted: set[str] = set()

    @property
    def renames(self) -> dict[str, str]:
        """Names of the last form, and of this one, of columns that were taken over under another name."""
        return {old.name: header for header, old in self.taken.items() if old.name != header}

    @property
    def open(self) -> list[str]:
        """Delivered columns that nothing is said of yet."""
        said = self.taken.keys() | self.unsure.keys() | self.elsewhere.keys() | self.identifiers
        return [header for header in self.headers if header not in said]

    @property
    def gone(self) -> list[Old]:
        """Last year's columns that nothing is said of."""
        return [old for name, old in self.old.items() if name not in self.accounted]

    def doubt(self, kind: UnsureKind, header: str, candidates: Iterable[Candidate], note: str = "") -> None:
        """Leave a delivered column to a person."""
        said = "; ".join(filter(None, (note, self.remarks.get(header, ""), self.note)))
        self.unsure[header] = UnsureRow(kind, self.sheet, header, self.labels[header], tuple(candidates), said)

    def match_names(self, partial: set[str], threshold: float) -> None:
        """Take over the columns with last year's names, unless the code book says that they are something else now."""
        for header in self.headers:
            old = self.old.get(header)
            if old is None:
                continue
            self.accounted.add(header)
            label = self.labels[header]
            if header in partial and not any(use.optional for use in old.uses):
                self.doubt("partly delivered", header, [old.candidate(1.0)])
            elif label and old.wording and _ratio(label, old.wording) < threshold:
                # Numbered columns may have been numbered anew.
                found = [other.candidate(_ratio(label, other.wording)) for other in self.old.values()]
                found.sort(key=lambda candidate: -candidate.score)
                near = [candidate for candidate in found if candidate.score >= WORTH_A_LOOK][:CANDIDATES_SHOWN]
                self.doubt("another wording", header, near, f'last year "{old.wording}" ({old.meaning})')
            else:
                self.taken[header] = old

    def match_wordings(self, labels: Counter[str], wordings: Counter[str]) -> None:
        """Take over a renamed column if nothing else, delivered or of last year, has its wording.

        Where several have it, the name decides if it is last year's but for capitals and signs: ``V_F_1`` is ``v.f.1``.
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
    """Take over what has the very wording of a column of another sheet of the last form, or of an earlier form."""
    places = {(columns.sheet, name): columns.labels[name] for columns in sheets.values() for name in columns.open}
    uses = [use for columns in sheets.values() for old in columns.taken.values() for use in old.uses]
    found = elsewhere.find(places, forms, label_counts, [use.meaning for use in uses if use.use == "answer"])
    for (sheet, name), each in found.items():
        sheets[sheet].elsewhere[name] = each
        if each.form == forms[0].form:
            sheets[each.use.sheet].accounted.add(plain(each.use.column))
    asked = {each.use.question for each in found.values()}
    for columns in sheets.values():
        columns.absent = [old for old in columns.absent if old.uses[0].question not in asked]


def _earlier_wordings(earlier: Sequence[Form]) -> list[Old]:
    """Return the columns of earlier forms, of each wording the newest."""
    newest: dict[str, Old] = {}
    for form in earlier:
        for column in form.columns:
            if column.use in {"answer", "ignored"} and column.wording_nb:
                old = Old(f"{form.form} {column.sheet}", column.column, (column,))
                newest.setdefault(old.wording.casefold(), old)
    return list(newest.values())


def _pair_similar(sheets: Sequence[Columns], threshold: float, earlier: Sequence[Old]) -> None:
    """Pair the rest one to one over all sheets, best score first, for a person to decide; what is left is new or gone.

    A column that is like none of the last form is told what of an earlier form it is like.
    """
    by_sheet = {columns.sheet: columns for columns in sheets}
    headers = [(columns, header) for columns in sheets for header in columns.open]
    # A question that was not asked last year may be asked again.
    pool = [old for columns in sheets for old in (*columns.gone, *columns.absent)]
    scores: list[tuple[float, bool, float, int, int]] = []
    for row, (columns, header) in enumerate(headers):
        for place, old in enumerate(pool):
            parts = _ratio(header, old.name), _ratio(columns.labels[header], old.wording)
            if max(parts) >= WORTH_A_LOOK:
                scores.append((-max(parts), old.sheet != columns.sheet, -sum(parts), row, place))
    scores.sort()
    paired: dict[int, int] = {}
    taken: set[int] = set()
    ranked: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for score, _, _, row, place in scores:
        ranked[row].append((place, -score))
        if -score >= threshold and row not in paired and place not in taken:
            paired[row] = place
            # A question that was not asked may come back as several columns.
            taken |= {place} if pool[place].name else set()
    for row, (columns, header) in enumerate(headers):
        # The assigned one first, the others by score.
        near = sorted(ranked[row], key=lambda entry: entry[0] != paired.get(row))[:CANDIDATES_SHOWN]
        candidates = [pool[place].candidate(score) for place, score in near]
        if row not in paired:
            label = columns.labels[header]
            others = [old.candidate(score) for old in earlier if (score := _ratio(label, old.wording)) >= threshold]
            candidates = sorted([*candidates, *others], key=lambda each: -each.score)[:CANDIDATES_SHOWN]
        columns.doubt("similar" if row in paired else "new", header, candidates)
    for place in taken:
        by_sheet[pool[place].sheet].accounted.add(pool[place].name)


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
) -> tuple[dict[str, Columns], dict[str, dict[str, Any]]]:
    """Match all delivered columns: by name, then by wording, of earlier forms too, then by similarity over all sheets.

    Returns:
        The columns by sheet; and the entries in form.yml of sheets that the last form does not have.
    """
    sheets: dict[str, Columns] = {}
    for name in names:
        headers, partial = layout.headers(name)
        sheets[name] = Columns(name, previous, headers, labels, layout.delivered(name))
        sheets[name].match_names(partial, threshold)
    new: list[elsewhere.NewSheet] = []
    for unknown in layout.unknown:
        note = f"sheet {unknown.sheet!r} of {unknown.file} is not in last year's form"
        name = _new_sheet_name(unknown, sheets)
        sheets[name] = Columns(name, previous, numbered_headers(unknown.headers), labels, [unknown], note)
        new.append(elsewhere.NewSheet(name, unknown.file, unknown.sheet, unknown.row, sheets[name].labels))
    # Sheets beside those of the last form are for a person: what they belong to is not known.
    entries = {} if any(layout.delivered(name) for name in names) else elsewhere.entries(previous, new)
    for sheet in new:
        sheets[sheet.name].identifiers = elsewhere.identifiers(entries.get(sheet.name, {}))
    label_counts = label_counts_of(sheets.values())
    wordings = Counter(old.wording.casefold() for columns in sheets.values() for old in columns.old.values() if old.wording)
    for columns in sheets.values():
        columns.match_wordings(label_counts, wordings)
    _match_elsewhere(sheets, [previous, *earlier], label_counts)
    for name in entries:
        # It is told where its entry stands.
        sheets[name].note = ""
    _pair_similar(list(sheets.values()), threshold, _earlier_wordings(earlier))
    return sheets, entries
