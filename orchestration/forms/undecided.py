"""The decisions that a draft of a form leaves to a person, as one list for all callers.

Belongs here: the open lines of the form's files with all that is known about them, and the possible choices. Does not belong
here: applying a decision (``deciding``), and asking (``deciding_workbook``, the command line).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.forms.candidates import Candidate, UnsureKind, plain
from orchestration.forms.deciding_options import OpenCode, open_codes
from orchestration.forms.draft import COLUMN_NAMES, OPTION_NAMES, Draft
from orchestration.forms.model import UNSURE
from orchestration.forms.profiles import Profile
from orchestration.forms.registry import refuse_odd_row

CANDIDATES = ("choose_1", "choose_2", "choose_3")
OF_DELIVERED = (*CANDIDATES, "ignored", "new")
OF_GONE = ("not_delivered", "not_asked", "left_out")
CHOICES = (*OF_DELIVERED, *OF_GONE)
"""The possible decisions on a column."""
CELLS = (
    "question",
    "item",
    "answer",
    "target_group",
    "reporting_form",
    "type",
    "unit",
    "population_asked",
    "missing",
    "separator",
    "reason",
)
"""The cells of columns.csv that a person may fill in beside a decision."""
MEANING = ("question", "item", "answer", "target_group", "reporting_form")
# The beginning of the reason on a line about a column that was not delivered.
GONE = "gone: "


Key = tuple[str, ...]
"""Sheet and column of an open line; for a line without a column also its meaning and last year's name."""


Group = tuple[str, str]
"""Sheet and question of lines about columns that were not delivered; those without a question form a group too."""
# Fewest letters of a common beginning that is used as the wording.
_SHORTEST_WORDING = 8
# Fewest lines with which a question that was not delivered can be decided as a whole.
_FEWEST_OF_A_GROUP = 2


@dataclass(frozen=True)
class OpenColumn:
    """A line of columns.csv that a person must decide, with all that is known about it."""

    key: Key
    line: int
    sheet: str
    column: str
    wording: str
    kind: UnsureKind
    candidates: tuple[Candidate, ...]
    note: str
    profile: Profile | None
    kind_by_book: str = ""
    """Its type by the code book."""
    codes: str = ""
    """Its codes with their labels, by the code book."""
    alike: Label | None = None
    """Says that the cells resemble those of many columns, and so suggest none."""

    @property
    def group(self) -> Group:
        """The question that the line is about, if its column was not delivered."""
        return (self.key[0], self.key[2]) if self.is_gone else ("", "")

    @property
    def is_gone(self) -> bool:
        """Whether the line is about a column that was not delivered."""
        return self.kind == "gone"

    @property
    def choices(self) -> tuple[str, ...]:
        """The possible decisions on it."""
        if self.is_gone:
            return OF_GONE
        return (*CANDIDATES[: len(self.candidates)], *OF_DELIVERED[len(CANDIDATES) :])


@dataclass(frozen=True)
class OpenGroup:
    """The columns of a question that were not delivered: one decision may cover all of them."""

    group: Group
    columns: tuple[OpenColumn, ...]

    @property
    def question(self) -> str:
        """The question; empty for columns that were no question, such as remarks."""
        return self.group[1]

    @property
    def wording(self) -> str:
        """The common beginning of the wordings of its columns."""
        words = zip(*(column.wording.split() for column in self.columns), strict=False)
        start = " ".join(same[0] for same in takewhile(lambda each: len(set(each)) == 1, words))
        return start.rstrip(" ,:;-") if len(start) >= _SHORTEST_WORDING else ""


@dataclass(frozen=True)
class OpenMissing:
    """Codes that meant "no answer" last year in some columns; the new code book must say whether they still do.

    ``is_likely`` is true where they come only from candidates, of columns that are not decided yet.
    """

    codes: str
    columns: tuple[str, ...]
    is_likely: bool


@dataclass(frozen=True)
class OpenDecisions:
    """Everything open in a form: columns, those with candidates first; codes; codes for no answer."""

    columns: tuple[OpenColumn, ...]
    codes: tuple[OpenCode, ...]
    missing: tuple[OpenMissing, ...]

    @property
    def groups(self) -> dict[Group, OpenGroup]:
        """The questions with several columns that were not delivered."""
        found: dict[Group, list[OpenColumn]] = defaultdict(list)
        for column in self.columns:
            if column.is_gone:
                found[column.group].append(column)
        return {group: OpenGroup(group, tuple(each)) for group, each in found.items() if len(each) >= _FEWEST_OF_A_GROUP}


def read_rows(path: Path, names: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a csv file of the form, each with its line as ``line``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            rows = []
            for row in reader:
                refuse_odd_row(row, path, reader.line_num)
                rows.append({name: (row.get(name) or "").strip() for name in names} | {"line": str(reader.line_num)})
            return rows
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="restore the file") from error


def key_of(row: Mapping[str, str]) -> Key:
    """Return the key that identifies a line of columns.csv."""
    beside = () if row["column"] else (*(row[name] for name in MEANING), row["reason"])
    return (row["sheet"], plain(row["column"]), *beside)


def group_of(row: Mapping[str, str]) -> Group:
    """Return the question that a line without a column is about."""
    return row["sheet"], row["question"]


def is_open(row: Mapping[str, str]) -> bool:
    """Whether a person must decide a line of columns.csv."""
    return row["use"] == UNSURE


# --- What is open ----------------------------------------------------------------------------------------------------------


def open_decisions(folder: Path, draft: Draft) -> OpenDecisions:
    """Return what is open in a form, by its files, with what the draft knows about it.

    Args:
        folder: the form folder.
        draft: the draft of the same delivery, as it is made now.
    """
    rows = read_rows(folder / "columns.csv", COLUMN_NAMES)
    known = {(row.sheet, row.column): row for row in draft.unsure if row.kind != "gone"}
    columns = []
    for row in filter(is_open, rows):
        found = known.get((row["sheet"], plain(row["column"])))
        is_gone = not row["column"]
        meaning = " ".join(filter(None, (row[name] for name in MEANING)))
        columns.append(
            OpenColumn(
                key=key_of(row),
                line=int(row["line"]),
                sheet=row["sheet"],
                column=row["reason"].removeprefix(GONE) if is_gone else row["column"],
                wording=row["wording_nb"] or _wording_gone(draft, row),
                kind="gone" if is_gone else found.kind if found is not None else "new",
                candidates=found.candidates if found is not None else (),
                note=meaning if is_gone else found.note if found is not None else row["reason"],
                profile=draft.profiles.get((row["sheet"], plain(row["column"]))),
                kind_by_book=draft.book.kinds.get((row["sheet"], plain(row["column"])), ""),
                codes=_listed(draft, (row["sheet"], plain(row["column"]))),
                alike=found.alike if found is not None else None,
            )
        )
    first: dict[Group, int] = {}
    for each in columns:
        first.setdefault(each.group, each.line)
    # Columns that were not delivered are grouped by question.
    columns.sort(
        key=lambda each: (
            each.is_gone,
            -max((one.score for one in each.candidates), default=0.0),
            first[each.group] if each.is_gone else 0,
            each.line,
        )
    )
    missing: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["missing"].startswith(f"{UNSURE}:"):
            missing[row["missing"].removeprefix(f"{UNSURE}:")].append(row["column"])
    sure = set(missing)
    for each in columns:
        for codes in dict.fromkeys(use.missing for one in each.candidates for use in one.uses if use.missing):
            missing[codes].append(each.column)
    options = read_rows(folder / "options.csv", OPTION_NAMES)
    likely = {
        (each.sheet, plain(each.column)): {use.question for one in each.candidates for use in one.uses} for each in columns
    }
    # Small numbers look like codes: a column that may well hold numbers has none.
    numbers = {(each.sheet, plain(each.column)) for each in columns if _is_like_a_number(each, draft)}
    coded = {place: profile for place, profile in draft.profiles.items() if place not in numbers}
    return OpenDecisions(
        tuple(columns),
        tuple(open_codes(rows, options, coded, draft.book, likely)),
        tuple(OpenMissing(codes, tuple(dict.fromkeys(names)), codes not in sure) for codes, names in missing.items()),
    )


def _is_like_a_number(column: OpenColumn, draft: Draft) -> bool:
    if (column.sheet, plain(column.column)) in draft.book.codes:
        return False
    return bool(column.candidates and column.candidates[0].uses) and column.candidates[0].uses[0].type == "number"


def _listed(draft: Draft, place: tuple[str, str]) -> str:
    return ", ".join(f"{code}={label}" for code, label in draft.book.codes.get(place, {}).items())


def _wording_gone(draft: Draft, row: Mapping[str, str]) -> str:
    """Return last year's wording of a column that was not delivered; files of an earlier draft lack it."""
    name = row["reason"].removeprefix(GONE)
    return next((each.label for each in draft.unsure if each.kind == "gone" and each.column == name), "")
