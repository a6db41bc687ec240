"""A selection as a table of rows and columns: which variables are at the side and above, and the marks of each figure.

Pages and workbooks show the same table. Belongs here: layout, order, marks. Does not belong here: writing it to a page or a
workbook (``pages``, ``workbook``), or which rows there are (``questions``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from orchestration.core.language import Language, in_language
from orchestration.core.tables import STATUS_COLUMN, Column, Label, Table
from orchestration.core.texts import load_texts
from orchestration.publish.formats.cube import CANNOT_EXIST, MEASURE, NORMAL, distinct_labels
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import BREAK_COLUMN, COVERAGE_COLUMN, NOTE_COLUMN, REASON_COLUMN, SEPARATOR
from orchestration.serve import questions
from orchestration.serve.expressions import split
from orchestration.serve.request_errors import RequestError
from orchestration.serve.selections import Selection
from orchestration.serve.variables import Variable

TEXTS = load_texts("serve", "pages")

# Orders of rows: by code, by label, by the figure in the last column, ascending or descending.
ORDERS = ("", "label", "value", "-value")

# Shown instead of a missing figure if its status has no sign.
NO_SIGN = ".."

# Numbers of remarks are superscript characters, so that a figure copied with one is not read as a longer figure.
RAISED = str.maketrans("0123456789", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")

# Columns with remarks on a row's figure.
SAYING = (STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN, BREAK_COLUMN, COVERAGE_COLUMN)


@dataclass(frozen=True)
class Figure:
    """One figure; ``sign`` replaces a missing value, ``marks`` are statuses by letter and remarks by number."""

    value: float | int | None
    measure: Column
    sign: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Layout:
    """The variables above the columns and at the side of the rows, and the order of rows."""

    heading: tuple[str, ...]
    stub: tuple[str, ...]
    order: str = ""

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters for this layout."""
        order = [(questions.ORDER, self.order)] if self.order else []
        return [(questions.HEADING, ",".join(self.heading)), (questions.STUB, ",".join(self.stub)), *order]


@dataclass(frozen=True)
class Tabulated:
    """A table: lines of heads, each head with the number of columns it spans, and rows with heads and figures.

    ``fixed`` has variables with one value; ``without`` has chosen codes that no row has, by variable.
    """

    stub: tuple[Label, ...]
    heads: tuple[tuple[tuple[Label, int], ...], ...]
    rows: tuple[tuple[tuple[Label, ...], tuple[Figure | None, ...]], ...]
    fixed: tuple[tuple[Label, Label], ...] = ()
    statuses: Mapping[str, Label] = field(default_factory=dict)
    remarks: Mapping[str, Label] = field(default_factory=dict)
    without: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def figures(self) -> int:
        """The number of columns with figures."""
        return sum(span for _, span in self.heads[-1]) if self.heads else 1


def read_layout(selection: Selection, given: Mapping[str, str], where: str) -> Layout:
    """Return the requested layout; by default, years and measures are above, and everything else at the side.

    Raises:
        RequestError: an order or variable is unknown, or a variable is placed twice.
    """
    order = given.get(questions.ORDER, "")
    if order not in ORDERS:
        raise RequestError(
            400, f"there is no order {order[:40]!r}", place=where, remedy=f"orders are {', '.join(ORDERS[1:])}"
        )
    names = list(selection.variables)
    asked: dict[str, list[str]] = {}
    for name in (questions.HEADING, questions.STUB):
        if name in given:
            asked[name] = [each.lower() for each in split(given[name], where)]
            for each in asked[name]:
                if each not in names:
                    raise RequestError(
                        400, f"there is no variable {each[:40]!r}", place=where, remedy=f"variables are {', '.join(names)}"
                    )
    several = [name for name in names if len(selection.codes(name)) > 1]
    in_heading = [
        name
        for name in names
        if name == MEASURE or (selection.variables[name].role == "time" and name not in asked.get(questions.STUB, []))
    ]
    heading = asked.get(questions.HEADING, [name for name in in_heading if name in several])
    stub = asked.get(questions.STUB, [])
    both = set(heading) & set(stub)
    if both or len({*heading, *stub}) < len(heading) + len(stub):
        raise RequestError(
            400, "a variable is placed twice", place=where, remedy=f"name it once in {questions.HEADING} or {questions.STUB}"
        )
    # Variables with several values that the request does not place are at the side.
    rest = [name for name in several if name not in heading and name not in stub]
    return Layout(tuple(heading), (*stub, *rest), order)


def columns_needed(selection: Selection) -> list[str]:
    """Return the columns that a table needs."""
    table = selection.table
    names = [name for variable in selection.variables.values() for name in variable.columns]
    names += [*selection.codes(MEASURE), table.measures[0]]
    names += [name for name in SAYING if name in table.column_names]
    return list(dict.fromkeys(names))


def tabulate(
    selection: Selection,
    layout: Layout,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    release: Release,
    language: Language,
) -> Tabulated:
    """Return rows as a table. Rows and columns without a figure or a sign are left out.

    Args:
        selection: has the variables.
        layout: places the variables.
        names: the columns of the rows.
        rows: the rows of the selection.
        release: has labels and signs.
        language: of the labels that rows may be ordered by.
    """
    measures = [selection.table.column(name) for name in selection.codes(MEASURE)]
    marker = _Marker(selection.table, measures, release)
    places = {
        name: {code: number for number, code in enumerate(variable.codes)} for name, variable in selection.variables.items()
    }
    cells: dict[tuple[tuple[int, ...], tuple[int, ...]], Figure] = {}
    met: dict[str, set[int]] = {name: set() for name in selection.variables}
    for row in rows:
        values = dict(zip(names, row, strict=True))
        at = {
            name: places[name][":".join(_text(values[column]) for column in variable.columns)]
            for name, variable in selection.variables.items()
            if variable.columns
        }
        for name, place in at.items():
            met[name].add(place)
        for measure in measures:
            at[MEASURE] = places[MEASURE][measure.name]
            side, above = (tuple(at[name] for name in part) for part in (layout.stub, layout.heading))
            cells[side, above] = marker.figure(values, measure)
    sides, aboves = sorted({side for side, _ in cells}), sorted({above for _, above in cells})
    labels = {name: labels_of(variable, selection.codes(name)) for name, variable in selection.variables.items()}

    def heads_of(part: Sequence[str], at: Sequence[int]) -> tuple[Label, ...]:
        return tuple(labels[name][place] for name, place in zip(part, at, strict=True))

    if layout.order == "label":
        sides.sort(key=lambda side: [in_language(label, language).casefold() for label in heads_of(layout.stub, side)])
    elif layout.order and aboves:
        # Rows without a figure come last in both directions.
        sign = -1 if layout.order.startswith("-") else 1
        last = {side: cells[side, aboves[-1]].value if (side, aboves[-1]) in cells else None for side in sides}
        sides.sort(key=lambda side: (last[side] is None, sign * (last[side] or 0)))
    placed = {*layout.heading, *layout.stub}
    without = {
        name: tuple(code for code in selection.codes(name) if places[name][code] not in met[name])
        for name, variable in selection.variables.items()
        if variable.columns
    }
    return Tabulated(
        stub=tuple(selection.variables[name].title for name in layout.stub),
        heads=tuple(
            _spans([above[: depth + 1] for above in aboves], labels[name]) for depth, name in enumerate(layout.heading)
        ),
        rows=tuple((heads_of(layout.stub, side), tuple(cells.get((side, above)) for above in aboves)) for side in sides),
        fixed=tuple(
            (variable.title, variable.labels[selection.codes(name)[0]])
            for name, variable in selection.variables.items()
            if name not in placed and len(selection.codes(name)) == 1
        ),
        statuses=marker.statuses,
        remarks={_raised(number): label for number, label in enumerate(marker.remarks, start=1)},
        without={name: codes for name, codes in without.items() if codes},
    )


def labels_of(variable: Variable, codes: Sequence[str]) -> list[Label]:
    """Return the label of each value; if areas of several levels are chosen, labels that repeat get their level added."""
    chosen = set(codes)
    several = len({value.group for value in variable.values if value.code in chosen}) > 1
    labels = [value.label for value in variable.values]
    if not several:
        return labels
    groups = variable.groups or {}
    own = [place for place, value in enumerate(variable.values) if value.code in chosen]
    distinct = distinct_labels([labels[place] for place in own], [groups[variable.values[place].group] for place in own])
    for place, label in zip(own, distinct, strict=True):
        labels[place] = label
    return labels


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _raised(number: int) -> str:
    return str(number).translate(RAISED)


def _spans(prefixes: Sequence[tuple[int, ...]], labels: Sequence[Label]) -> tuple[tuple[Label, int], ...]:
    return tuple((labels[prefix[-1]], len(list(group))) for prefix, group in groupby(prefixes))


class _Marker:
    """Adds marks to figures, and collects the meanings of the marks.

    A row's status, reason and notes refer to its main measure: they mark that one, or the first chosen one if the main
    measure is not chosen.
    """

    def __init__(self, table: Table, measures: Sequence[Column], release: Release) -> None:
        self._release = release
        self._main = table.measures[0]
        chosen = [measure.name for measure in measures]
        self._marked = self._main if self._main in chosen else chosen[0]
        self.statuses: dict[str, Label] = {}
        self.remarks: list[Label] = []

    def figure(self, values: Mapping[str, Any], measure: Column) -> Figure:
        """Return a figure of a row, and store the meanings of its marks."""
        status = values.get(STATUS_COLUMN) or NORMAL
        value = values[measure.name]
        is_marked = measure.name == self._marked
        if value is None and values.get(self._main) is not None:
            status = CANNOT_EXIST
        sign = self._sign(status) if value is None else ""
        remarks: list[Label] = []
        if is_marked:
            remarks = self._remarks(values)
        elif value is None and status != CANNOT_EXIST:
            remarks = self._reasons(values)
        # The sign already has the same meaning.
        meaning = self._release.label(STATUS_COLUMN, status)
        remarks = [remark for remark in remarks if not (sign and remark.en == meaning.en)]
        for remark in remarks:
            if remark not in self.remarks:
                self.remarks.append(remark)
        numbers = [_raised(number) for number in sorted(self.remarks.index(remark) + 1 for remark in remarks)]
        shown = [status] if value is not None and is_marked and status != NORMAL else []
        for letter in shown:
            self.statuses[letter] = self._release.label(STATUS_COLUMN, letter)
        if sign:
            self.statuses[sign] = self._meaning(sign, meaning)
        return Figure(value, measure, sign, (*shown, *numbers))

    def _meaning(self, sign: str, label: Label) -> Label:
        """Return the meaning of a sign; one sign may represent several statuses."""
        before = self.statuses.get(sign)
        if before is None or label.nb in before.nb.split(" / "):
            return before or label
        return Label(nb=f"{before.nb} / {label.nb}", en=f"{before.en} / {label.en}")

    def _sign(self, status: str) -> str:
        code = self._release.codes.get(STATUS_COLUMN, {}).get(status)
        return (code.sign if code else None) or NO_SIGN

    def _reasons(self, values: Mapping[str, Any]) -> list[Label]:
        reason = values.get(REASON_COLUMN)
        return [self._release.label(REASON_COLUMN, reason)] if reason else []

    def _remarks(self, values: Mapping[str, Any]) -> list[Label]:
        remarks = self._reasons(values)
        remarks += [
            self._release.label(NOTE_COLUMN, code) for code in (values.get(NOTE_COLUMN) or "").split(SEPARATOR) if code
        ]
        share = values.get(COVERAGE_COLUMN)
        if share is not None and share < 1 and values.get(self._main) is not None:
            remarks.append(TEXTS["partial"])
        if values.get(BREAK_COLUMN):
            remarks.append(TEXTS["break"])
        return remarks
