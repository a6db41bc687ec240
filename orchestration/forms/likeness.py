"""The likeness of a delivered column to one of an earlier form, by name, wording, cells and position, as one number.

Belongs here: weighing these four, and explaining the result in words. Does not belong here: comparing cells (``profiles``),
and which columns are compared (``pairing``, ``renamed_columns``).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from orchestration.core.tables import Label
from orchestration.core.texts import filled
from orchestration.forms.profiles import ALIKE, FEWEST_SHOWN, TEXTS, UNLIKE, Profile, alike, compared, joined

Key = TypeVar("Key", bound=Hashable)

# From this likeness on, a name or a wording is taken for last year's, one to one.
THRESHOLD = 0.75
# Below this likeness a candidate is not shown.
WORTH_A_LOOK = 0.5
# Weights of cells and position beside name and wording. Identical cells and the same position stay below the likeness from
# which a name or a wording is taken for last year's.
CELLS_COUNT = 0.36
PLACE_COUNTS = 0.2


def ratio(one: str, other: str) -> float:
    """Return the similarity of two texts, from 0 to 1; 0 if they are hardly alike."""
    if not one or not other:
        return 0.0
    matcher = SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < WORTH_A_LOOK:
        return 0.0
    return matcher.ratio()


@dataclass(frozen=True)
class Side:
    """One of two columns that are compared: name, wording, and the profile of its cells if known."""

    name: str
    wording: str
    profile: Profile | None = None


@dataclass(frozen=True)
class Likeness:
    """The likeness of two columns by name, wording and cells, and whether they have the same position."""

    name: float
    wording: float
    cells: float | None
    same_place: bool

    @property
    def text(self) -> float:
        """The likeness of name or wording, whichever is greater."""
        return max(self.name, self.wording)

    @property
    def score(self) -> float:
        """The likeness as a whole; that of the texts where nothing else is known."""
        if self.cells is None and not self.same_place:
            return self.text
        cells = 0.5 if self.cells is None else self.cells
        is_strong = self.text >= THRESHOLD
        # Beside a strong name or wording it only counts whether cells are alike: the degree varies by chance from year to
        # year, and the order of both forms says more about columns with equal wordings.
        alike_by = float(cells > ALIKE) / 2 if is_strong else max(0.0, 2 * cells - 1)
        left = 1 - max(0.0, 2 * self.text - 1)
        for counts in (CELLS_COUNT * alike_by, PLACE_COUNTS * self.same_place):
            left *= 1 - counts
        score = 1 - left / 2
        # Cells of another kind count against even the best name; other shares of the same codes only against a weak one: a
        # year in which "no answer" gets a code changes them everywhere.
        is_against = cells == 0 or (cells < 0.5 and not is_strong)
        return score * (0.5 + cells) if is_against else score

    @property
    def rank(self) -> tuple[float, ...]:
        """Sorts the likeliest first: position and cells decide between columns with the same wording."""
        is_alike = (self.cells or 0.0) > ALIKE
        return (-round(self.score, 6), -self.same_place, -is_alike, -self.name - self.wording)

    def explain(self) -> Label | None:
        """Explain why the two are alike, apart from their cells."""
        parts = [
            filled(TEXTS[name], share=Label(nb=f"{share:.2f}".replace(".", ","), en=f"{share:.2f}"))
            for name, share in (("name", self.name), ("wording", self.wording))
            if share >= WORTH_A_LOOK
        ]
        parts += [TEXTS["place"]] if self.same_place else []
        return joined(*parts) if parts else None


def likeness(now: Side, before: Side, *, same_place: bool = False) -> Likeness:
    """Return the likeness of a delivered column to an earlier one."""
    known = now.profile is not None and before.profile is not None
    cells = alike(now.profile, before.profile) if known and now.profile and before.profile else None
    return Likeness(ratio(now.name, before.name), ratio(now.wording, before.wording), cells, same_place)


def cells_compared(now: Side, before: Side) -> Label | None:
    """Describe what the cells of two columns have in common, if both are known and informative."""
    if now.profile is None or before.profile is None or alike(now.profile, before.profile) is None:
        return None
    return compared(now.profile, before.profile, before.name)


def unlike_cells(now: Side, before: Side) -> Label | None:
    """Describe how the cells of a column differ much from those of its match; None if they do not."""
    if now.profile is None or before.profile is None:
        return None
    if min(now.profile.cells, before.profile.cells) < FEWEST_SHOWN:
        # A few units may well answer differently from last year.
        return None
    score = alike(now.profile, before.profile)
    return compared(now.profile, before.profile, before.name) if score is not None and score < UNLIKE else None


def places(order: Sequence[str], order_before: Sequence[Key], taken: Mapping[str, Key]) -> set[tuple[str, Key]]:
    """Return the pairs of columns, now and before, at the same distance from the nearest column known on both sides.

    Args:
        order: the delivered columns in their order.
        order_before: the earlier columns in their order, by a distinguishing key.
        taken: the earlier column of each delivered column that is known.
    """
    return _after(order, order_before, taken) | _after([*reversed(order)], [*reversed(order_before)], taken)


def _after(order: Sequence[str], order_before: Sequence[Key], taken: Mapping[str, Key]) -> set[tuple[str, Key]]:
    """Return the pairs at the same distance after the same known column, with no known column between."""
    numbers = {name: number for number, name in enumerate(order_before)}
    known = set(taken.values())
    pairs = set()
    start: int | None = None
    for name in order:
        if name in taken:
            start = numbers.get(taken[name])
            continue
        start = start + 1 if start is not None else None
        if start is None or start >= len(order_before) or order_before[start] in known:
            start = None
            continue
        pairs.add((name, order_before[start]))
    return pairs
