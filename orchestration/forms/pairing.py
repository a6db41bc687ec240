"""Pairs delivered columns that neither name nor wording settles with the remaining columns of the last form, one to one.

Belongs here: which candidates a person is shown, in which order. Does not belong here: how like two columns are
(``likeness``), and what is taken over without asking (``matching``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from orchestration.core.tables import Label
from orchestration.core.texts import filled
from orchestration.forms.candidates import Candidate, Old
from orchestration.forms.likeness import THRESHOLD, WORTH_A_LOOK, Likeness, Side, cells_compared, likeness, places, ratio
from orchestration.forms.model import Form
from orchestration.forms.profiles import ALIKE, TEXTS, Profile, alike

if TYPE_CHECKING:
    from orchestration.forms.matching import Columns

CANDIDATES_SHOWN = 3
# Differences in likeness of cells up to this are ignored: shares change from year to year.
_AS_GOOD = 0.1

Profiles = Mapping[tuple[str, str], Profile]
"""Profiles of the cells of the last delivery, by sheet and column."""


def earlier_wordings(earlier: Sequence[Form]) -> list[Old]:
    """Return the newest column of earlier forms for each wording."""
    newest: dict[str, Old] = {}
    for form in earlier:
        for column in form.columns:
            if column.use in {"answer", "ignored"} and column.wording_nb:
                old = Old(column.sheet, column.column, (column,), form.form, f"{form.form} {column.sheet}")
                newest.setdefault(old.wording.casefold(), old)
    return list(newest.values())


class Rarity:
    """Whether the cells of a delivered column distinguish it: many columns of a year have the same few answers."""

    def __init__(self, profile: Profile | None, profiles: Profiles) -> None:
        self.profile = profile
        self.profiles = profiles

    @cached_property
    def alike(self) -> dict[tuple[str, str], float]:
        """The columns of last year, delivered again or not, with similar cells, and their likeness."""
        if self.profile is None:
            return {}
        scores = {place: alike(self.profile, each) or 0.0 for place, each in self.profiles.items()}
        return {place: score for place, score in scores.items() if score > ALIKE}

    def is_distinctive(self, place: tuple[str, str]) -> bool:
        """Whether cells alone say that a column may be this one of last year; boxes are ticked alike everywhere."""
        if self.profile is None or self.profile.kind == "tick":
            return False
        found = self.alike
        score = found.get(place, 0.0)
        as_good = sum(other >= score - _AS_GOOD for each, other in found.items() if each != place)
        return score > ALIKE and as_good < CANDIDATES_SHOWN

    def explain(self) -> Label | None:
        """Explain that cells are no evidence if they resemble those of many columns."""
        count = len(self.alike)
        return filled(TEXTS["alike_to_many"], count=count) if count >= CANDIDATES_SHOWN else None


def side_of(columns: Columns, header: str) -> Side:
    """Return a delivered column as it is compared."""
    return Side(header, columns.labels[header], columns.profiles.get(header))


def side_of_old(old: Old, profiles: Profiles) -> Side:
    """Return a column of the last form as it is compared."""
    return Side(old.name, old.wording, profiles.get((old.sheet, old.name)))


def pair_similar(sheets: Sequence[Columns], threshold: float, earlier: Sequence[Old], profiles: Profiles) -> None:
    """Pair the rest one to one over all sheets, best score first, for a person to decide; unpaired columns are new or gone.

    A column that resembles none of the last form gets the columns of earlier forms that it resembles.
    """
    by_sheet = {columns.sheet: columns for columns in sheets}
    headers = [(columns, header) for columns in sheets for header in columns.open]
    # A question that was not asked last year may be asked again.
    pool = [old for columns in sheets for old in (*columns.unmatched, *columns.absent)]
    sides = [side_of_old(old, profiles) for old in pool]
    row_before = [(old.sheet, old.name) for columns in sheets for old in columns.old.values()]
    in_place = {columns.sheet: places(columns.headers, row_before, columns.known) for columns in sheets}
    rarities = [Rarity(side_of(columns, header).profile, profiles) for columns, header in headers]
    found: dict[tuple[int, int], Likeness] = {}
    for row, (columns, header) in enumerate(headers):
        side = side_of(columns, header)
        for place, old in enumerate(pool):
            # The position counts only together with comparable cells: alone it is weak evidence.
            known = side.profile is not None and sides[place].profile is not None
            same_place = known and (header, (old.sheet, old.name)) in in_place[columns.sheet]
            each = likeness(side, sides[place], same_place=same_place)
            if each.score < WORTH_A_LOOK:
                continue
            is_distinctive = rarities[row].is_distinctive((old.sheet, old.name))
            if (each.cells or 0.0) > ALIKE and each.text < THRESHOLD and not (same_place or is_distinctive):
                # Evidence that holds for many columns does not improve a weak name.
                each = replace(each, cells=None)
            if each.text >= WORTH_A_LOOK or same_place or is_distinctive:
                found[row, place] = each
    # Among equally like ones, the one of the same sheet first, then in the order of both forms.
    order = sorted(found, key=lambda pair: (*found[pair].rank, pool[pair[1]].sheet != headers[pair[0]][0].sheet, *pair))
    paired: dict[int, int] = {}
    taken: set[int] = set()
    ranked: dict[int, list[int]] = defaultdict(list)
    for row, place in order:
        ranked[row].append(place)
        if row not in paired and place not in taken:
            paired[row] = place
            # A question that was not asked may come back as several columns.
            taken |= {place} if pool[place].name else set()

    def candidate(row: int, place: int) -> Candidate:
        columns, header = headers[row]
        of_cells: Label | None = cells_compared(side_of(columns, header), sides[place])
        return pool[place].candidate(found[row, place].score, found[row, place].explain(), of_cells)

    for row, (columns, header) in enumerate(headers):
        is_similar = row in paired and found[row, paired[row]].text >= threshold
        # The assigned one first, the others by score.
        near = sorted(ranked[row], key=lambda place: place != paired.get(row))[:CANDIDATES_SHOWN]
        candidates = [candidate(row, place) for place in near]
        if not is_similar:
            label = columns.labels[header]
            others = [old.candidate(score) for old in earlier if (score := ratio(label, old.wording)) >= threshold]
            # The assigned one stays first, unless an earlier form has the wording.
            first = candidates[:1] if row in paired else []
            rest = sorted([*candidates[len(first) :], *others], key=lambda each: -each.score)
            candidates = sorted([*first, *rest], key=lambda each: -each.score) if others else [*first, *rest]
            candidates = candidates[:CANDIDATES_SHOWN]
        alike_to_many = None if candidates else rarities[row].explain()
        columns.doubt("similar" if is_similar else "new", header, candidates, alike=alike_to_many)
        if is_similar and pool[paired[row]].name:
            old = pool[paired[row]]
            by_sheet[old.sheet].accounted.add(old.name)
