"""Columns of a form that were delivered under other headers: which delivered column each may be, and the remedy.

Belongs here: pairs of an earlier and a new header, for a delivery whose form is finished. Does not belong here: reading the
delivery and its earlier versions (``ingest``), comparing values of two versions (``same_values``), and the draft of a coming
year (``pairing``). A pair is proposed and never taken over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.core.texts import filled
from orchestration.forms.likeness import WORTH_A_LOOK, Likeness, Side, likeness, places
from orchestration.forms.model import OF_OPTIONS, ColumnMap, Form, code_text, header
from orchestration.forms.profiles import ALIKE, FEWEST_CELLS, TEXTS, UNLIKE, Profile, joined

# Scores of cells that fit, or may fit, a column of which the form only states that it holds numbers, ticks or texts.
_FIT = 0.9
_MAY_FIT = 0.6
# A column that identifies rows has at least this share of distinct texts, and most of them have the expected form.
_DIFFERENT = 0.5
_MOSTLY = 0.9
_CODE = re.compile(r"\D*[0-9]{3,4}(\D.*)?")
_DATE = re.compile(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}.*|[0-9]{1,2}\.? [^\W\d]+\.? [0-9]{4}.*")


@dataclass(frozen=True)
class Delivered:
    """A delivered column that no line of the form names: its header, wording and cells."""

    name: str
    wording: str
    profile: Profile | None


@dataclass(frozen=True)
class Evidence:
    """Evidence on the delivered columns that no line names.

    ``same`` has the share of cells that equal those of the delivery's earlier version, by new and missing header, where
    there is one and it is informative.
    """

    new: Sequence[Delivered]
    same: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True)
class Renamed:
    """A column of the form that was probably delivered under another header, the reasons, and the remedy if it is the same.

    ``is_named`` says that form.yml or a `when` names the column, so that it can have one header only.
    """

    before: str
    after: str
    lines: tuple[int, ...]
    score: float
    why: Label
    is_named: bool

    @property
    def remedy(self) -> str:
        """The change to the form's files that makes the column known by its new header."""
        lines = ("line " if len(self.lines) == 1 else "lines ") + ", ".join(map(str, self.lines))
        if self.is_named:
            return f"{lines}: write {self.after!r} in the place of {self.before!r}, and wherever form.yml or `when` names it"
        return f"{lines}: add `optional` to reason, and add the same line with the column {self.after!r}"

    def __str__(self) -> str:
        """Return the pair, its likeness, why, and the remedy."""
        return f"{self.before!r} -> {self.after!r} ({self.score:.2f}: {self.why.en.replace('; ', ', ')}): {self.remedy}"


class RenamedError(UserError):
    """The refusal of a delivery with other headers; ``renamed`` has the columns that are probably the same."""

    def __init__(self, what: str, *, place: str, remedy: str, renamed: tuple[Renamed, ...]) -> None:
        """Keep the pairs, so that they can be listed one by one."""
        super().__init__(what, place=place, remedy=remedy)
        self.renamed = renamed


def _of_role(profile: Profile, role: str, statuses: set[str]) -> float | None:
    """Return how well cells fit a column's role in form.yml; None where the role says nothing about its cells."""
    texts = profile.codes
    is_varied = len(texts) >= _DIFFERENT * profile.cells

    def share(pattern: re.Pattern[str]) -> float:
        return sum(part for text, part in texts.items() if pattern.fullmatch(text))

    if role == "unit.code":
        return _FIT if is_varied and share(_CODE) >= _MOSTLY else 0.0
    if role == "unit.name":
        return _FIT if is_varied and profile.kind == "text" and share(_DATE) < _DIFFERENT else 0.0
    if role in {"submission.id", "link"}:
        return _FIT if is_varied and profile.kind != "text" else _MAY_FIT if is_varied else 0.0
    if role == "submission.submitted":
        return _FIT if share(_DATE) >= _MOSTLY else 0.0
    if role in {"submission.status", "when"}:
        return sum(part for text, part in texts.items() if text in statuses)
    return None


def _fit(
    profile: Profile | None, uses: Sequence[ColumnMap], codes: Mapping[str, set[str]], roles: Mapping[str, set[str]]
) -> tuple[float | None, Label | None]:
    """Return how well cells fit the form's statement about a column, and an explanation if they do."""
    if profile is None or profile.cells < FEWEST_CELLS:
        return None, None
    of_roles = [each for role, texts in roles.items() if (each := _of_role(profile, role, texts)) is not None]
    if of_roles:
        return min(of_roles), filled(TEXTS["fits_role"], role=" and ".join(roles))
    types = {use.type for use in uses if use.use == "answer"}
    if len(types) != 1:
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


def _roles(form: Form, sheet: str) -> dict[str, dict[str, set[str]]]:
    """Return the roles of a sheet's columns in form.yml or a `when`, each with the expected texts."""
    found: dict[str, dict[str, set[str]]] = {}
    for layout in form.sheets:
        submission = layout.submission
        statuses = {*submission.completed, *submission.not_completed, *submission.not_answered}
        for role, name in layout.named_columns if layout.name == sheet else ():
            expected = statuses if role == "submission.status" else set()
            found.setdefault(header(name), {}).setdefault(role, set()).update(map(code_text, expected))
    for use in form.columns:
        for name, text in use.conditions if use.sheet == sheet else ():
            found.setdefault(header(name), {}).setdefault("when", set()).add(code_text(header(text)))
    return found


@dataclass(frozen=True)
class _Pair:
    """A new header and a missing one: their likeness, the share of unchanged cells, and both in words."""

    row: int
    place: int
    each: Likeness
    same: float | None
    why: Label | None

    @property
    def score(self) -> float:
        """The likeness; for a version of the same delivery, the values are the strongest evidence."""
        if self.same is None:
            return self.each.score
        return max(self.each.score, self.same) if self.same > ALIKE else self.each.score * (0.5 + self.same)

    @property
    def is_worth_showing(self) -> bool:
        """Whether the pair should be shown: numbers in both are not sufficient evidence, nor is the position."""
        by_place = self.each.same_place and (self.each.cells or 0.0) > ALIKE
        is_same = self.same is not None and self.same > ALIKE
        is_other = self.same is not None and self.same < UNLIKE
        return (self.each.text >= WORTH_A_LOOK or (by_place and not is_other) or is_same) and self.score >= WORTH_A_LOOK


def renamed_columns(
    form: Form, sheet: str, order: Sequence[str], evidence: Evidence, missing: Sequence[str]
) -> tuple[Renamed, ...]:
    """Pair delivered columns with missing columns of the form, one to one, the likeliest first.

    Args:
        form: the form, whose lines say what its columns are.
        sheet: the layout.
        order: all delivered headers in their order.
        evidence: the delivered columns that no line names, and the evidence on them.
        missing: the form's columns that were not delivered.
    """
    uses: dict[str, list[ColumnMap]] = {}
    for use in form.columns:
        if use.sheet == sheet and use.use != "absent":
            uses.setdefault(header(use.column), []).append(use)
    codes: dict[str, set[str]] = {}
    for option in form.options:
        codes.setdefault(option.question, set()).add(code_text(option.code))
    roles = _roles(form, sheet)
    in_place = places(order, list(uses), {name: name for name in order if name in uses})
    found: list[_Pair] = []
    for row, column in enumerate(evidence.new):
        for place, name in enumerate(missing):
            wordings = {use.wording_nb for use in uses[name]}
            texts = likeness(Side(column.name, column.wording), Side(name, wordings.pop() if len(wordings) == 1 else ""))
            same = evidence.same.get((column.name, name))
            cells, of_cells = _fit(column.profile, uses[name], codes, roles.get(name, {}))
            each = Likeness(texts.name, texts.wording, cells, (column.name, name) in in_place)
            if same is not None:
                of_cells = filled(TEXTS["same_values"], share=f"{100 * same:.0f} %", column=name)
            is_shown = cells if same is None else True
            reasons = [part for part in (each.explain(), of_cells if is_shown else None) if part is not None]
            pair = _Pair(row, place, each, same, joined(*reasons) if reasons else None)
            found += [pair] if pair.is_worth_showing else []
    result: list[Renamed] = []
    taken: set[tuple[str, int]] = set()
    for pair in sorted(found, key=lambda pair: (-pair.score, -pair.each.score, pair.row, pair.place)):
        if {("now", pair.row), ("before", pair.place)} & taken:
            continue
        taken |= {("now", pair.row), ("before", pair.place)}
        name = missing[pair.place]
        lines = tuple(use.line for use in uses[name])
        why = pair.why or Label(nb="", en="")
        result.append(Renamed(name, evidence.new[pair.row].name, lines, pair.score, why, name in roles))
    return tuple(result)
