"""Next round's form, drafted from the last one and the headers that were delivered.

Belongs here: matching delivered columns with the columns of the last form, and writing what is sure and what is not. Nothing
is guessed: a column of which neither the name nor the wording is exactly last year's gets the use ``unsure``, which the
loader refuses, with the candidates beside it; a person decides, and only then can the form be run. Does not belong here:
reading deliveries.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any, Literal

import yaml

from orchestration.core.errors import UserError
from orchestration.forms import elsewhere
from orchestration.forms.model import (
    UNSURE,
    ColumnMap,
    FileSpec,
    Form,
    NumberSpec,
    OptionMap,
    SheetSpec,
    TickSpec,
    numbered,
    sheet_name,
)
from orchestration.forms.proposals import Proposal

THRESHOLD = 0.75
# Below this a candidate is not worth a look.
WORTH_A_LOOK = 0.5
CANDIDATES_SHOWN = 3
NAMES_SHOWN = 5
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

CSV_OPTIONS = ("encoding", "delimiter", "surplus", "quote", "escape", "comment")
"""Options of a file that only csv files have."""

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


@dataclass(frozen=True)
class Draft:
    """The three files of the next form, and what a person must look at.

    ``renamed`` has sheet, last and new name of columns with the very wording of one of last year's; ``elsewhere`` has sheet,
    column, form and meaning of columns whose wording another sheet of it has, or an earlier form; ``reworded`` has sheet,
    column, last and new wording of columns with the very name of last year; ``missing`` has the columns in which texts meant
    "no answer" last year, by these texts: whether they still do, only the new code book says.
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
                        {**dataclasses.asdict(found), "score": round(found.score, 3)} for found in row.candidates
                    ],
                    "note": row.note,
                }
                for row in self.unsure
            ],
            "missing": {codes: list(columns) for codes, columns in self.missing.items()},
            "notes": list(self.notes),
        }

    def render(self) -> str:
        """Return what was taken over, what must be decided and what must be looked at, as text."""
        lines = [
            f"{self.previous} -> {self.form}: {self.taken_over} columns taken over, {len(self.unsure)} to be decided",
        ]
        by_kind: dict[str, list[UnsureRow]] = defaultdict(list)
        for row in self.unsure:
            by_kind[row.kind].append(row)
        for kind, rows in by_kind.items():
            lines += ["", f"{TITLES[kind]} ({len(rows)})"]
            for row in rows:
                label = f' "{row.label}"' if row.label else ""
                said = "; ".join(filter(None, ("; ".join(map(str, row.candidates)), row.note)))
                lines.append(f"  {row.sheet}: {row.column}{label}" + (f": {said}" if said else ""))
        if self.renamed:
            lines += ["", f"Renamed, taken over because the wording is the same and unique ({len(self.renamed)})"]
            lines += [f"  {sheet}: {old} -> {new}" for sheet, old, new in self.renamed]
        if self.elsewhere:
            said = "Taken over from another sheet or an earlier form because the wording is the same and unique"
            lines += ["", f"{said} ({len(self.elsewhere)})"]
            lines += [f"  {sheet}: {column}: {form} ({meaning})" for sheet, column, form, meaning in self.elsewhere]
        if self.reworded:
            lines += ["", f"Taken over with the new wording: does it mean the same? ({len(self.reworded)})"]
            lines += [f'  {sheet}: {column}: "{old}" -> "{new}"' for sheet, column, old, new in self.reworded]
        if self.notes:
            lines += ["", "Look at"]
            lines += [f"  {note}" for note in self.notes]
        if self.missing:
            lines += ["", 'Meant "no answer" last year: do they still, by the new code book?']
            for codes, columns in self.missing.items():
                names = ", ".join(columns[:NAMES_SHOWN]) + (", ..." if len(columns) > NAMES_SHOWN else "")
                lines.append(f"  {codes} in {len(columns)} columns: {names}")
            lines += [f"Take `{UNSURE}:` out of their cells `missing` in columns.csv, with the codes that are none any more"]
        if self.unsure:
            lines += [
                "",
                f"Give each row with the use `{UNSURE}` in columns.csv another use, or delete it; then: is248 forms",
            ]
        return "\n".join(lines) + "\n"


TITLES: Mapping[str, str] = {
    "similar": "Delivered, with a name or wording like one of last year's",
    "another wording": "Delivered under last year's name, with another wording",
    "partly delivered": "Delivered in some files only",
    "new": "Delivered, and not enough like anything of last year",
    "gone": "In last year's form, and not delivered",
}


# --- Years -----------------------------------------------------------------------------------------------------------------


def _advance(previous: Form, years: int) -> Callable[[str], str]:
    """Return what puts the new years in a text; both years at once, as the one may become what the other was."""
    later = {str(year): str(year + years) for year in (previous.time_period, previous.collection_year)}

    def advance(text: str) -> str:
        return re.sub(r"(?<!\d)\d{4}(?!\d)", lambda found: later.get(found[0], found[0]), text)

    return advance


# --- Files and sheets ------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return " ".join(text.split())


def _bare(name: str) -> str:
    """Return the letters and digits of a name."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _numbered(headers: Iterable[str]) -> list[str]:
    """Return the headers as columns.csv names them: with single blanks, a repeated one with its number."""
    return numbered(filter(None, map(_plain, headers)))


def _mapped(previous: Form, sheet: str) -> set[str]:
    return {_plain(column.column) for column in previous.columns if column.sheet == sheet and column.column}


class _Layout:
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
        headers = set(_numbered(delivered.headers))
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
        sheets = [_numbered(sheet.headers) for sheet in self.delivered(name)]
        every = list(dict.fromkeys(header for headers in sheets for header in headers))
        return every, {header for header in every if any(header not in headers for headers in sheets)}


# --- Columns ---------------------------------------------------------------------------------------------------------------


def _meaning(column: ColumnMap) -> str:
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
class _Old:
    """One column of the last form with all its uses (a long format has many); ``name`` is empty for what was not asked."""

    sheet: str
    name: str
    uses: tuple[ColumnMap, ...]

    @property
    def wording(self) -> str:
        """Wording of the column, if all its uses have the same."""
        wordings = {_plain(use.wording_nb) for use in self.uses}
        return wordings.pop() if len(wordings) == 1 else ""

    @property
    def meaning(self) -> str:
        """What the column meant; of a long format how many things."""
        first = _meaning(self.uses[0])
        return first if len(self.uses) == 1 else f"{first} and {len(self.uses) - 1} more uses"

    def candidate(self, score: float) -> Candidate:
        """Return the column as a candidate."""
        return Candidate(self.sheet, self.name, self.meaning, score)


class _Columns:
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
        self.remarks = {_plain(name): said for each in delivered for name, said in each.column_remarks.items()}
        self.labels = {header: _plain(labels.get(header, labels.get(header.split("#")[0], ""))) for header in headers}
        uses: dict[str, list[ColumnMap]] = defaultdict(list)
        for column in previous.columns:
            if column.sheet == sheet and column.use != "absent":
                uses[_plain(column.column)].append(column)
        self.old = {name: _Old(sheet, name, tuple(rows)) for name, rows in uses.items()}
        self.absent = [
            _Old(sheet, "", (column,)) for column in previous.columns if column.sheet == sheet and column.use == "absent"
        ]
        self.taken: dict[str, _Old] = {}
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
    def gone(self) -> list[_Old]:
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


def _match_elsewhere(sheets: Mapping[str, _Columns], forms: Sequence[Form], label_counts: Mapping[str, int]) -> None:
    """Take over what has the very wording of a column of another sheet of the last form, or of an earlier form."""
    places = {(columns.sheet, name): columns.labels[name] for columns in sheets.values() for name in columns.open}
    uses = [use for columns in sheets.values() for old in columns.taken.values() for use in old.uses]
    found = elsewhere.find(places, forms, label_counts, [use.meaning for use in uses if use.use == "answer"])
    for (sheet, name), each in found.items():
        sheets[sheet].elsewhere[name] = each
        if each.form == forms[0].form:
            sheets[each.use.sheet].accounted.add(_plain(each.use.column))
    asked = {each.use.question for each in found.values()}
    for columns in sheets.values():
        columns.absent = [old for old in columns.absent if old.uses[0].question not in asked]


def _earlier_wordings(earlier: Sequence[Form]) -> list[_Old]:
    """Return the columns of earlier forms, of each wording the newest."""
    newest: dict[str, _Old] = {}
    for form in earlier:
        for column in form.columns:
            if column.use in {"answer", "ignored"} and column.wording_nb:
                old = _Old(f"{form.form} {column.sheet}", column.column, (column,))
                newest.setdefault(old.wording.casefold(), old)
    return list(newest.values())


def _pair_similar(sheets: Sequence[_Columns], threshold: float, earlier: Sequence[_Old]) -> None:
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


# --- The files -------------------------------------------------------------------------------------------------------------

_COLUMN_NAMES = [name for name in ColumnMap.model_fields if name != "line"]
_OPTION_NAMES = [name for name in OptionMap.model_fields if name != "line"]


# How a column is called that says that a unit confirmed what stood in its form already.
_CONFIRMS = re.compile(r"bekreft|stadfest|confirm", re.IGNORECASE)

# What a person must be told of the settings of form.yml.
_LOOK_AT: Mapping[str, str] = {
    "reference_period": "the years are advanced; is it the same week or day?",
    "origin": "collected by the same, in the same way?",
    "constructed": "still constructed? real figures are false",
    "non_response": "the same treatment of units that did not answer?",
    "carry_forward": "units that are missing for the second time: reported_only leaves them out, chain carries them on",
    "max_shrink": "how many units may be lacking this time?",
}


def _csv(names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(use: ColumnMap, /, **changes: str) -> dict[str, str]:
    return {name: str(getattr(use, name)) for name in _COLUMN_NAMES} | changes


def _renamed_when(when: str, renames: Mapping[str, str]) -> str:
    parts = (part.partition("=") for part in when.split(";") if part)
    return ";".join(f"{renames.get(_plain(name), name)}{equals}{value}" for name, equals, value in parts)


def _gone_row(old: _Old, use: ColumnMap) -> tuple[dict[str, str], UnsureRow]:
    """Keep the meaning of a column that was not delivered, so that `absent` is all that need be written."""
    unsure = UnsureRow("gone", use.sheet, old.name, _plain(use.wording_nb), (), _meaning(use))
    cells = {name: getattr(use, name) for name in ("question", "item", "answer", "target_group", "reporting_form")}
    return {"sheet": use.sheet, "use": UNSURE, **cells, "reason": f"gone: {old.name}"}, unsure


def _without_defaults(content: Any) -> Any:
    """Leave out what says nothing: null, and empty lists and maps."""
    if isinstance(content, dict):
        cleaned = {key: _without_defaults(value) for key, value in content.items()}
        return {key: value for key, value in cleaned.items() if value not in (None, [], {})}
    if isinstance(content, list):
        return [_without_defaults(value) for value in content]
    return content


def _block(key: str, value: Any) -> str:
    flow = None if isinstance(value, dict | list) else False
    return yaml.safe_dump({key: value}, allow_unicode=True, sort_keys=False, width=120, default_flow_style=flow)


def _item(value: Any) -> str:
    text = yaml.safe_dump([value], allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _named_columns(spec: SheetSpec) -> list[tuple[str, str]]:
    """Return the columns that form.yml names for a sheet, and where."""
    named: list[tuple[str, str]] = []
    if spec.unit is not None:
        for field in ("code", "name", "part_code", "part_name"):
            named += [(f"unit.{field}", column) for column in getattr(spec.unit, field)]
        named.append(("unit.stratum", spec.unit.stratum or ""))
    for field in ("id", "submitted", "status", "confirmed"):
        named.append((f"submission.{field}", getattr(spec.submission, field) or ""))
    named += [("rows_not_data", rule.column) for rule in spec.rows_not_data]
    if spec.link is not None and not _links_by_unit(spec):
        named.append(("link", spec.link))
    return [(place, column) for place, column in named if column]


def _links_by_unit(spec: SheetSpec) -> bool:
    return spec.link == "unit"


def _sheet_content(spec: SheetSpec, renames: Mapping[str, str]) -> dict[str, Any]:
    """Return a sheet of form.yml with the new names of its columns."""
    content: dict[str, Any] = spec.model_dump(mode="json")

    def new(name: str | None) -> str | None:
        return renames.get(_plain(name), name) if name is not None else None

    if content["unit"] is not None:
        for field in ("code", "name", "part_code", "part_name"):
            content["unit"][field] = [new(name) for name in content["unit"][field]]
        content["unit"]["stratum"] = new(content["unit"]["stratum"])
        content["unit"]["fill_down"] = content["unit"]["fill_down"] or None
    for field in ("id", "submitted", "status", "confirmed"):
        content["submission"][field] = new(content["submission"][field])
    for rule in content["rows_not_data"]:
        rule["column"] = new(rule["column"])
    if not _links_by_unit(spec):
        content["link"] = new(content["link"])
    if len(spec.header_rows) == 1:
        del content["header_join"]
    return content


class _FormFile:
    """Writes form.yml, with a comment wherever a person must look; the same remarks are listed as notes."""

    def __init__(
        self,
        previous: Form,
        layout: _Layout,
        matched: Mapping[str, _Columns],
        years: int,
        entries: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.previous = previous
        self.layout = layout
        self.entries = entries
        self.matched = matched
        self.advance = layout.advance
        self.years = years
        self.notes: list[str] = []
        self.files = {file.name: file for file in previous.files}

    def _look(self, place: str, text: str, indent: str = "") -> str:
        self.notes.append(f"form.yml, {place}: {text}")
        return f"{indent}# look: {text}\n"

    def _propose(
        self,
        place: str,
        of: Literal["sheets", "numbers", "ticks", "columns"],
        delivered: Iterable[DeliveredSheet],
        indent: str = "",
    ) -> str:
        """Write the proposals about a part of the form, each once, with its lines as comments."""
        found: dict[tuple[str, ...], list[tuple[str, Proposal]]] = defaultdict(list)
        for sheet in delivered:
            for proposal in sheet.proposals:
                if proposal.place == of:
                    # Files of one layout differ in what they hold, and not in what is proposed.
                    found[proposal.lines or (proposal.seen,)].append((sheet.file, proposal))
        text = ""
        for (file, proposal), *others in found.values():
            more = f" (proposed for {len(others)} more)" if others else ""
            said = f"{file}{more}: {proposal.seen}"
            self.notes.append(f"form.yml, {place}: {' '.join([said, *map(str.strip, proposal.lines)])}")
            text += "".join(f"{indent}# {line}\n" for line in (f"look: {said}", *(f"  {line}" for line in proposal.lines)))
        return text

    def write(self, name: str, delivery: str, delivered: Sequence[str]) -> str:
        """Return the text of form.yml.

        Args:
            name: the new form.
            delivery: folder of the new delivery.
            delivered: names of all files of the delivery.
        """
        last = self.previous
        content = last.model_dump(mode="json", exclude={"columns", "options"})
        content |= {
            "form": name,
            "time_period": last.time_period + self.years,
            "collection_year": last.collection_year + self.years,
            "delivery": delivery,
            "title": {language: self.advance(text) for language, text in content["title"].items()},
            "reference_period": {language: self.advance(text) for language, text in content["reference_period"].items()},
            "origin": self.advance(last.origin),
        }
        if last.non_response == "missing":
            del content["carry_forward"]
        text = ""
        for key, value in content.items():
            if key in {"files", "sheets", "checks", "numbers", "ticks"} or value is None:
                continue
            text += (self._look(key, _LOOK_AT[key]) if key in _LOOK_AT else "") + _block(key, value)
        # Where new sheets take the place of all sheets of the last form, its files of data are gone too.
        files = [file for file in last.files if not self.entries or file.reader == "none"]
        text += "\nfiles:\n" + "".join(self._file(file, delivered) for file in files)
        text += self._new_files() + self._files_without_entry(delivered, files)
        text += "\nsheets:\n"
        text += "" if self.entries else "".join(self._sheet(number, spec) for number, spec in enumerate(last.sheets))
        for number, sheets in self.layout.more.items():
            for sheet in sheets:
                said = f"{sheet.file} has the columns of sheet {last.sheets[number].name}: add an entry of that name for it"
                text += self._look("sheets", said, "  ")
        text += "".join(self._new_sheet(name, entry) for name, entry in self.entries.items())
        told = {(str(entry["file"]), str(entry.get("sheet", ""))) for entry in self.entries.values()}
        text += "".join(self._unknown_sheet(each) for each in self.layout.unknown if (each.file, each.sheet) not in told)
        checks = [] if self.entries else [each for each in last.checks if not self._apart(self.files[each.file])]
        if len(checks) < len(last.checks):
            text += "\n" + self._look("checks", "what must stand in the new files, so that another year's is refused?")
        if checks:
            text += "\n" + self._look("checks", "does each of these stand in the new files?") + "checks:\n"
            for check in checks:
                text += _item(check.model_dump(mode="json") | {"matches": self.advance(check.matches)})
        if last.numbers != NumberSpec():
            text += "\n" + self._look("numbers", "the same missing codes, by the new code book?")
            text += _block("numbers", last.numbers.model_dump(mode="json", exclude_defaults=True))
        text += self._propose("numbers", "numbers", self.layout.all_sheets)
        if last.ticks != TickSpec():
            text += "\n" + self._look("ticks", "are the boxes filled in the same way?")
            text += _block("ticks", last.ticks.model_dump(mode="json"))
        text += self._propose("ticks", "ticks", self.layout.all_sheets)
        if last.options:
            text += "\n" + self._look(
                "options.csv", "options.csv has last year's codes and labels; compare them with the new code book"
            )
        return text + self._propose("columns.csv", "columns", self.layout.all_sheets)

    def _members(self, file: FileSpec) -> list[DeliveredSheet]:
        return [
            sheet
            for number, spec in enumerate(self.previous.sheets)
            if spec.file == file.name
            for sheet in self.layout.members.get(number, [])
        ]

    def new_file(self, file: FileSpec) -> FileSpec:
        """Return a file of form.yml; under another name or in another format, as it was delivered."""
        pattern = self.advance(file.pattern)
        names = sorted({sheet.file for sheet in self._members(file)})
        found = self._found_options(file)
        if not names or all(fnmatchcase(name, pattern) for name in names):
            return FileSpec.model_validate(file.model_dump() | found | {"pattern": pattern})
        suffix = PurePath(names[0]).suffix.lower()
        # Files of another format need an entry of their own, and are told as such.
        names = [name for name in names if PurePath(name).suffix.lower() == suffix]
        reader = READERS.get(suffix, file.reader)
        text = reader == "csv"
        return FileSpec.model_validate(
            {
                "name": file.name,
                "pattern": names[0] if len(names) == 1 else f"*{suffix}",
                "count": len(names),
                "reader": reader,
                "encoding": (file.encoding or "utf-8") if text else None,
                "delimiter": (file.delimiter or ";") if text else None,
                **(found if text or reader == "sav" else {}),
            }
        )

    def _found_options(self, file: FileSpec) -> dict[str, str | None]:
        """Return the options with which a csv file was read, as far as they are others than last year's."""
        specs = [sheet.spec for sheet in self._members(file) if sheet.spec is not None]
        return {
            name: getattr(specs[0], name) for name in CSV_OPTIONS if specs and getattr(specs[0], name) != getattr(file, name)
        }

    def _apart(self, file: FileSpec) -> dict[int, FileSpec]:
        """Return a file for each sheet of a workbook whose sheets were delivered as files of their own; else nothing."""
        numbers = [number for number, spec in enumerate(self.previous.sheets) if spec.file == file.name]
        names = {number: {sheet.file for sheet in self.layout.members.get(number, [])} for number in numbers}
        found = {number: next(iter(each)) for number, each in names.items() if len(each) == 1}
        if len(found) < 2 or len(found) < len(numbers) or len(set(found.values())) < len(found):
            return {}
        result = {}
        for number, name in found.items():
            spec = self.layout.members[number][0].spec
            options = {each: getattr(spec, each) for each in CSV_OPTIONS} if spec is not None else {}
            reader = READERS.get(PurePath(name).suffix.lower(), file.reader)
            result[number] = FileSpec.model_validate(
                {"name": f"{file.name}_{self.previous.sheets[number].name}", "pattern": name, "reader": reader, **options}
            )
        return result

    def _file(self, file: FileSpec, delivered: Sequence[str]) -> str:
        apart = self._apart(file)
        if apart:
            text = self._look(f"file {file.name}", f"its sheets are files of their own; last year {file.pattern}", "  ")
            entries = (each.model_dump(mode="json") for each in apart.values())
            return text + "".join(
                _item(_without_defaults({name: value for name, value in entry.items() if value != "refuse"}))
                for entry in entries
            )
        new = self.new_file(file)
        comment = ""
        if new.pattern != self.advance(file.pattern):
            said = "as delivered; check name, reader" + (", encoding and delimiter" if new.reader == "csv" else "")
            comment = self._look(f"file {file.name}", f"{said}; last year {file.pattern} ({file.reader})", "  ")
        else:
            count = sum(fnmatchcase(name, new.pattern) for name in delivered)
            low, high = new.count_range
            if not low <= count <= high:
                said = f"{count} delivered files fit {new.pattern}, and {new.count} are expected"
                comment = self._look(f"file {file.name}", said, "  ")
        for remark in dict.fromkeys(remark for sheet in self._members(file) for remark in sheet.remarks):
            comment += self._look(f"file {file.name}", remark, "  ")
        found = self._found_options(file)
        if found and new.pattern == self.advance(file.pattern):
            told = ", ".join(f"{name} {value!r}" for name, value in found.items())
            before = ", ".join(repr(getattr(file, name)) for name in found)
            comment += self._look(f"file {file.name}", f"read with {told}, last year {before}: is it right?", "  ")
        options = new.model_dump(mode="json")
        return comment + _item(_without_defaults({name: value for name, value in options.items() if value != "refuse"}))

    def _new_files(self) -> str:
        """Return the entries of files that have new sheets, as they were read."""
        text = ""
        for name in self._file_names():
            sheet = next(each for each in self.layout.unknown if each.file == name)
            reader = READERS[PurePath(name).suffix.lower()]
            entry: dict[str, Any] = {"name": self._file_names()[name], "pattern": name, "count": 1, "reader": reader}
            if sheet.spec is not None:
                options = {each: getattr(sheet.spec, each) for each in CSV_OPTIONS}
                entry |= {each: value for each, value in options.items() if value not in (None, "refuse")}
            text += self._look(f"file {entry['name']}", "as delivered; nothing of last year's files came", "  ")
            text += "".join(
                self._look(f"file {entry['name']}", remark, "  ")
                for remark in dict.fromkeys(
                    remark for each in self.layout.unknown if each.file == name for remark in each.remarks
                )
            )
            text += _item(entry)
        return text

    def _file_names(self) -> dict[str, str]:
        """Return what the files with new sheets are called in the form, by their own names."""
        files = list(dict.fromkeys(str(entry["file"]) for entry in self.entries.values()))
        return {name: "export" if len(files) == 1 else f"export_{number}" for number, name in enumerate(files, start=1)}

    def _new_sheet(self, name: str, entry: Mapping[str, Any]) -> str:
        place = f"sheet {name}"
        comment = self._look(place, "new this year; does each column that is named here say so?", "  ")
        sheets = [each for each in self.layout.unknown if (each.file, each.sheet) == (entry["file"], entry.get("sheet", ""))]
        comment += self._propose(place, "sheets", sheets, "  ")
        return comment + _item({**entry, "file": self._file_names()[str(entry["file"])]})

    def _files_without_entry(self, delivered: Sequence[str], files: Sequence[FileSpec]) -> str:
        patterns = [*(self.new_file(file).pattern for file in files), *self._file_names()]
        patterns += [each.pattern for file in files for each in self._apart(file).values()]
        lost = [name for name in delivered if not any(fnmatchcase(name, pattern) for pattern in patterns)]
        return self._look("files", f"no entry for {', '.join(lost)}", "  ") if lost else ""

    def _sheet(self, number: int, spec: SheetSpec) -> str:
        matched = self.matched[spec.name]
        place = f"sheet {spec.name}"
        content = _sheet_content(spec, matched.renames)
        comment = ""
        members = self.layout.members.get(number, [])
        if not members:
            comment += self._look(place, "it was not delivered, or not recognised", "  ")
        apart = self._apart(self.files[spec.file]).get(number)
        file = apart or self.new_file(self.files[spec.file])
        content["file"] = file.name
        sheet = None if spec.sheet is None else self.advance(spec.sheet)
        delivered_names = {sheet_name(member.sheet) for member in members}
        if file.is_workbook != (sheet is not None) or (
            members and sheet is not None and sheet_name(sheet) not in {"*", *delivered_names}
        ):
            sheet = members[0].sheet if file.is_workbook else None
            comment += self._look(place, f"called {sheet!r} here; last year {spec.sheet!r}", "  ")
        content["sheet"] = sheet
        rows = sorted({member.row for member in members})
        if rows and rows != [spec.header_rows[0]]:
            shift = rows[0] - spec.header_rows[0]
            content["header_rows"] = [row + shift for row in spec.header_rows]
            content["first_row"] = spec.first_row + shift
            said = f"the headers stand in row {', '.join(map(str, rows))}, last year in row {spec.header_rows[0]}"
            comment += self._look(place, said, "  ")
        comment += self._propose(place, "sheets", (*members, *self.layout.more.get(number, [])), "  ")
        delivered = {*matched.headers}
        uses = [column for column in self.previous.columns if column.sheet == spec.name]
        named = _named_columns(spec) + [("when", column) for use in uses for column, _ in use.conditions]
        for where, column in dict.fromkeys(named):
            new = matched.renames.get(_plain(column), _plain(column))
            if members and new not in delivered:
                alike = [
                    row.column for row in matched.unsure.values() if row.candidates and row.candidates[0].column == column
                ]
                maybe = f"; perhaps {', '.join(alike)}" if alike else ""
                comment += self._look(place, f"{where} names {column}, which was not delivered{maybe}", "  ")
        confirming = [row.column for row in matched.unsure.values() if _CONFIRMS.search(f"{row.column} {row.label}")]
        if confirming and spec.submission.confirmed is None:
            said = "may say that a unit confirmed its pre-filled values: name it under submission.confirmed (docs/forms.md)"
            comment += self._look(place, f"{', '.join(confirming)} {said}", "  ")
        if spec.submission.completed or spec.submission.formats or spec.rows_not_data:
            comment += self._look(place, "the same statuses, date formats and rows that are not data?", "  ")
        if any(use.when for use in uses):
            comment += self._look(
                place, "a long format: do the values in `when` of columns.csv still stand in the cells?", "  "
            )
        return comment + _item(_without_defaults(content))

    def _unknown_sheet(self, sheet: DeliveredSheet) -> str:
        name = f"sheet {sheet.sheet}" if sheet.sheet else "the sheet"
        said = f"no entry for {name} of {sheet.file} (row {sheet.row}, {len(sheet.headers)} columns)"
        return self._look("sheets", said, "  ")


# --- The draft -------------------------------------------------------------------------------------------------------------


def _new_sheet_name(sheet: DeliveredSheet, taken: Iterable[str]) -> str:
    """Return a name for a delivered sheet that the last form does not have."""
    text = sheet.sheet or PurePath(sheet.file).stem
    name = re.sub(r"\W+", "_", text.strip().casefold()).strip("_") or "sheet"
    return f"{name}_new" if name in set(taken) else name


def _unsure_cells(row: UnsureRow) -> dict[str, str]:
    return {"sheet": row.sheet, "column": row.column, "use": UNSURE, "wording_nb": row.label, "reason": row.reason}


def _label_counts(sheets: Iterable[_Columns]) -> Counter[str]:
    return Counter(label.casefold() for columns in sheets for label in columns.labels.values() if label)


def _match(
    previous: Form,
    layout: _Layout,
    names: Sequence[str],
    labels: Mapping[str, str],
    threshold: float,
    earlier: Sequence[Form],
) -> tuple[dict[str, _Columns], dict[str, dict[str, Any]]]:
    """Match all delivered columns: by name, then by wording, of earlier forms too, then by similarity over all sheets.

    Returns:
        The columns by sheet; and the entries in form.yml of sheets that the last form does not have.
    """
    sheets: dict[str, _Columns] = {}
    for name in names:
        headers, partial = layout.headers(name)
        sheets[name] = _Columns(name, previous, headers, labels, layout.delivered(name))
        sheets[name].match_names(partial, threshold)
    new: list[elsewhere.NewSheet] = []
    for unknown in layout.unknown:
        note = f"sheet {unknown.sheet!r} of {unknown.file} is not in last year's form"
        name = _new_sheet_name(unknown, sheets)
        sheets[name] = _Columns(name, previous, _numbered(unknown.headers), labels, [unknown], note)
        new.append(elsewhere.NewSheet(name, unknown.file, unknown.sheet, unknown.row, sheets[name].labels))
    # Sheets beside those of the last form are for a person: what they belong to is not known.
    entries = {} if any(layout.delivered(name) for name in names) else elsewhere.entries(previous, new)
    for sheet in new:
        sheets[sheet.name].identifiers = elsewhere.identifiers(previous, sheet, entries.get(sheet.name, {}))
    label_counts = _label_counts(sheets.values())
    wordings = Counter(old.wording.casefold() for columns in sheets.values() for old in columns.old.values() if old.wording)
    for columns in sheets.values():
        columns.match_wordings(label_counts, wordings)
    _match_elsewhere(sheets, [previous, *earlier], label_counts)
    for name in entries:
        # It is told where its entry stands.
        sheets[name].note = ""
    _pair_similar(list(sheets.values()), threshold, _earlier_wordings(earlier))
    return sheets, entries


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
) -> Draft:
    """Draft the form of the next round.

    Args:
        previous: the last form of the survey.
        headers: the headers that were delivered, sheet by sheet.
        labels: the code book, if there is one: label by variable.
        files: names of all files of the delivery, also those that are not read; without it those of ``headers``.
        delivery: folder of the delivery; without it last year's name with the year advanced.
        years: how far the years are advanced; more than one where a round was left out.
        threshold: similarity from which a delivered column is held against one of last year's, one to one.
        earlier: forms before the last, the newest first: a question that comes back is found in them.

    Returns:
        The three files as texts, and all that a person must decide.

    Raises:
        UserError: no header was delivered, or the years are not advanced.
    """
    if years < 1:
        raise UserError("the new form is not later than the last", place=previous.form, remedy="advance by at least a year")
    if not any(_numbered(sheet.headers) for sheet in headers):
        raise UserError(
            "no sheet with headers was delivered", place=delivery or previous.form, remedy="check the files of the delivery"
        )
    advance = _advance(previous, years)
    layout = _Layout(previous, headers, advance)
    names = list(dict.fromkeys(sheet.name for sheet in previous.sheets))
    matched, entries = _match(previous, layout, names, labels or {}, threshold, earlier)
    # Where nothing of the last form's sheets came, the rest of it stands on the new sheet that has the units.
    moved = next((name for name, entry in entries.items() if "links_to" not in entry), None)
    rows: list[dict[str, str]] = []
    gone: list[dict[str, str]] = []
    absent: list[dict[str, str]] = []
    unsure: list[UnsureRow] = []
    unsure_gone: list[UnsureRow] = []
    reworded: list[tuple[str, str, str, str]] = []
    missing: dict[str, list[str]] = defaultdict(list)
    label_counts = _label_counts(matched.values())
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
                rows.append(_row(columns.elsewhere[header].use, sheet=columns.sheet, column=header))
                continue
            old, label = columns.taken[header], columns.labels[header]
            changes = {}
            # A label that several columns share says less than what the last form has.
            if label and len(old.uses) == 1 and label != old.wording and label_counts[label.casefold()] == 1:
                changes["wording_nb"] = label
                reworded.append((columns.sheet, header, old.wording, label))
            for use in old.uses:
                rows.append(_row(use, column=header, when=_renamed_when(use.when, columns.renames), **changes))
                if use.missing:
                    # What was no answer last year may be a number this year, and the other way round.
                    rows[-1]["missing"] = f"{UNSURE}:{use.missing}"
                    missing[use.missing].append(header)
        place = {"sheet": moved} if moved else {}
        for old in columns.gone:
            for use in old.uses:
                if not moved or use.use != "identifier":
                    cells, row = _gone_row(old, use)
                    gone.append(cells | place)
                    unsure_gone.append(row)
        absent += [_row(old.uses[0], **place) for old in columns.absent]
    # What was delivered first, then what of the last form was not.
    rows += gone + absent
    unsure += unsure_gone
    found = [each for columns in matched.values() for each in columns.elsewhere.values()]
    name = advance(previous.form)
    if name == previous.form:
        name = f"{previous.survey}_{previous.time_period + years}"
    writer = _FormFile(previous, layout, matched, years, entries)
    every_file = sorted(set(files) if files is not None else {sheet.file for sheet in headers})
    form_yml = writer.write(name, delivery or _next_delivery(previous, advance, years), every_file)
    return Draft(
        form=name,
        previous=previous.form,
        form_yml=form_yml,
        columns_csv=_csv(_COLUMN_NAMES, rows),
        options_csv=_csv(
            _OPTION_NAMES,
            (
                {name: str(getattr(option, name)) for name in _OPTION_NAMES}
                for option in (*previous.options, *elsewhere.options_of(found, [previous, *earlier], previous.options))
            ),
        ),
        taken_over=sum(len(columns.taken) + len(columns.identifiers) for columns in matched.values()) + len(found),
        renamed=tuple((name, old, new) for name, columns in matched.items() for old, new in columns.renames.items()),
        reworded=tuple(reworded),
        unsure=tuple(unsure),
        notes=tuple(writer.notes),
        missing={codes: tuple(dict.fromkeys(columns)) for codes, columns in missing.items()},
        elsewhere=tuple(
            (columns.sheet, name, each.form, _meaning(each.use))
            for columns in matched.values()
            for name, each in columns.elsewhere.items()
        ),
    )


def _next_delivery(previous: Form, advance: Callable[[str], str], years: int) -> str:
    name = advance(previous.delivery)
    return name if name != previous.delivery else f"{previous.delivery}-{previous.time_period + years}"


@dataclass(frozen=True)
class Written:
    """What became of a draft: rows of columns.csv that were decided before and are kept, and those to be decided."""

    kept: int
    undecided: int
    is_again: bool


def write_draft(draft: Draft, folder: Path, *, again: bool = False) -> Written:
    """Write the draft as the form folder ``folder``.

    Args:
        draft: the draft.
        folder: the form folder.
        again: the folder may be there: rows of columns.csv that were decided are kept, also those of columns that this draft
            does not have, and rows without a column that were deleted stay away; form.yml and options.csv stay as they are.

    Raises:
        UserError: the folder is there already, and the draft is not given again.
    """
    if again and folder.is_dir():
        return _write_again(draft, folder / "columns.csv")
    try:
        folder.mkdir(parents=True)
    except FileExistsError as error:
        raise UserError(
            "the form is there already",
            place=str(folder),
            remedy="give --again to keep what was decided in it, or rename the folder to draft it anew",
        ) from error
    for name, text in (("form.yml", draft.form_yml), ("columns.csv", draft.columns_csv), ("options.csv", draft.options_csv)):
        (folder / name).write_text(text, encoding="utf-8", newline="")
    return Written(0, len(draft.unsure), False)


def _is_decided(row: Mapping[str, str]) -> bool:
    return row["use"] != UNSURE and not row["missing"].startswith(f"{UNSURE}:")


def _place(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a row is about: its column, or what a row without one says was not asked."""
    meaning = (
        ()
        if row["column"]
        else tuple(row[name] for name in ("question", "item", "answer", "target_group", "reporting_form"))
    )
    return (row["sheet"], _plain(row["column"]), *meaning)


def _write_again(draft: Draft, path: Path) -> Written:
    """Write columns.csv anew, with the rows that were decided in it in the place of the draft's."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if set(reader.fieldnames or []) - set(_COLUMN_NAMES) or "use" not in (reader.fieldnames or []):
                raise UserError(
                    f"the header has {', '.join(reader.fieldnames or []) or 'nothing'}",
                    place=f"{path}, line 1",
                    remedy=f"the columns are {', '.join(_COLUMN_NAMES)}; or rename the folder to draft the form anew",
                )
            before = [{name: row.get(name) or "" for name in _COLUMN_NAMES} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="correct it, or rename the folder") from error
    decided: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in before:
        if _is_decided(row):
            decided[_place(row)].append(row)
    known = {_place(row) for row in before}
    rows = []
    left = dict(decided)
    for row in csv.DictReader(io.StringIO(draft.columns_csv)):
        key = _place(row)
        if key in decided:
            rows += left.pop(key, [])
        elif row["column"] or key in known:
            rows.append(row)
    rows += [row for kept in left.values() for row in kept]
    partial = path.with_suffix(".partial")
    partial.write_text(_csv(_COLUMN_NAMES, rows), encoding="utf-8", newline="")
    partial.replace(path)
    return Written(sum(map(len, decided.values())), sum(not _is_decided(row) for row in rows), True)
