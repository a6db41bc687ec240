"""Columns of a form that came under other headers: which delivered column each may be, and what to write if it is.

Belongs here: pairs of an earlier and a new header, for a delivery whose form is finished. Does not belong here: reading the
delivery (``ingest``), and the draft of a coming year (``pairing``). A pair is proposed and never taken over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.core.texts import filled
from orchestration.forms.likeness import WORTH_A_LOOK, Likeness, Side, likeness, places
from orchestration.forms.model import OF_OPTIONS, ColumnMap, Form, code_text, header
from orchestration.forms.profiles import ALIKE, FEWEST_CELLS, TEXTS, Profile, joined

# How well cells fit what the form says of a column, where it says no more than that they are numbers, ticks or texts.
_FIT = 0.9
_MAY_FIT = 0.6


@dataclass(frozen=True)
class Delivered:
    """A delivered column that no line of the form names: its header, wording and cells."""

    name: str
    wording: str
    profile: Profile | None


@dataclass(frozen=True)
class Renamed:
    """A column of the form that seems to have come under another header, why, and what to write if it is the same.

    ``is_named`` says that form.yml or a `when` names the column, so that it can have one header only.
    """

    before: str
    after: str
    lines: tuple[int, ...]
    score: float
    said: Label
    is_named: bool

    @property
    def remedy(self) -> str:
        """The change of the form's files under which the column is known by its new header."""
        lines = ("line " if len(self.lines) == 1 else "lines ") + ", ".join(map(str, self.lines))
        if self.is_named:
            return f"{lines}: write {self.after!r} in the place of {self.before!r}, and wherever form.yml or `when` names it"
        return f"{lines}: add `optional` to reason, and add the same line with the column {self.after!r}"

    def __str__(self) -> str:
        """Return the pair, its likeness, why, and the remedy."""
        return f"{self.before!r} -> {self.after!r} ({self.score:.2f}: {self.said.en.replace('; ', ', ')}): {self.remedy}"


class RenamedError(UserError):
    """A delivery is refused whose columns have other headers; ``renamed`` has those that seem to be the same."""

    def __init__(self, what: str, *, place: str, remedy: str, renamed: tuple[Renamed, ...]) -> None:
        """Keep the pairs, so that they can be listed one by one."""
        super().__init__(what, place=place, remedy=remedy)
        self.renamed = renamed


def _fit(
    profile: Profile | None, uses: Sequence[ColumnMap], codes: Mapping[str, set[str]]
) -> tuple[float | None, Label | None]:
    """Return how well cells fit what the form says of a column, and that in words if they do."""
    types = {use.type for use in uses if use.use == "answer"}
    if profile is None or profile.cells < FEWEST_CELLS or len(types) != 1:
        return None, None
    kind = types.pop()
    if kind in OF_OPTIONS:
        known = set().union(*(codes.get(use.question, set()) for use in uses))
        found = [code for text in profile.counts for code in uses[0].codes_in(text)]
        share = sum(code in known for code in found) / len(found) if found else 0.0
        return share, filled(TEXTS["fits_options"], share=f"{100 * share:.0f} %")
    fitting = {"number": {"number"}, "tick": {"tick"}, "text": {"text"}}[kind]
    possible = {"number": {"code", "tick"}, "tick": {"code"}, "text": {"code", "number"}}[kind]
    score = _FIT if profile.kind in fitting else _MAY_FIT if profile.kind in possible else 0.0
    return score, filled(TEXTS["fits_type"], type=kind)


def _named(form: Form, sheet: str) -> set[str]:
    """Return the columns that form.yml or a `when` names."""
    named = {header(name) for layout in form.sheets if layout.name == sheet for _, name in layout.named_columns}
    return named | {header(name) for use in form.columns if use.sheet == sheet for name, _ in use.conditions}


def renamed_columns(
    form: Form, sheet: str, order: Sequence[str], new: Sequence[Delivered], missing: Sequence[str]
) -> tuple[Renamed, ...]:
    """Return which delivered columns may be which of the form's that did not come, one to one, the likeliest first.

    Args:
        form: the form, whose lines say what its columns are.
        sheet: the layout.
        order: all delivered headers in their order.
        new: the delivered columns that no line names.
        missing: the form's columns that did not come.
    """
    uses: dict[str, list[ColumnMap]] = {}
    for use in form.columns:
        if use.sheet == sheet and use.use != "absent":
            uses.setdefault(header(use.column), []).append(use)
    codes: dict[str, set[str]] = {}
    for option in form.options:
        codes.setdefault(option.question, set()).add(code_text(option.code))
    in_place = places(order, list(uses), {name: name for name in order if name in uses})
    found: list[tuple[float, int, int, Likeness, Label]] = []
    for row, column in enumerate(new):
        for place, name in enumerate(missing):
            wordings = {use.wording_nb for use in uses[name]}
            texts = likeness(Side(column.name, column.wording), Side(name, wordings.pop() if len(wordings) == 1 else ""))
            cells, said_of_cells = _fit(column.profile, uses[name], codes)
            each = Likeness(texts.name, texts.wording, cells, (column.name, name) in in_place)
            # That cells are numbers says nothing alone, and neither does a place.
            says_something = each.text >= WORTH_A_LOOK or (each.same_place and (cells or 0.0) > ALIKE)
            if each.score < WORTH_A_LOOK or not says_something:
                continue
            reasons = [part for part in (each.said(), said_of_cells if cells else None) if part is not None]
            found.append((-each.score, row, place, each, joined(*reasons)))
    named = _named(form, sheet)
    result: list[Renamed] = []
    taken: set[tuple[str, int]] = set()
    for _, row, place, each, said in sorted(found, key=lambda entry: entry[:3]):
        if {("now", row), ("before", place)} & taken:
            continue
        taken |= {("now", row), ("before", place)}
        name = missing[place]
        lines = tuple(use.line for use in uses[name])
        result.append(Renamed(name, new[row].name, lines, each.score, said, name in named))
    return tuple(result)
