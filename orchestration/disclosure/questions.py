"""The questions of a year, the groups of units that may be shown of them, and what is already known about them.

Belongs here: what the search works on. Does not belong here: what is safe to show (``family``), or where it comes from
(``suppression``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from orchestration.disclosure.exchange import Marks, Numbers, rests_on_few

TableKey = tuple[str, str, str, int]


@dataclass(frozen=True)
class Printed:
    """A group of units for which a report printed how many gave some answers to a question."""

    sha256: str
    members: list[str]
    is_size: bool
    answers: set[str]


@dataclass(frozen=True)
class Group:
    """Units that are shown together, under the first name in the policy that these units have.

    ``splits`` says that it is a part of the country. The country need not contain all units: it may count as one a
    municipality whose districts the areas count.
    """

    sha256: str
    level: int
    is_area: bool
    splits: bool
    units: Marks


@dataclass
class Place:
    """The units of one year and set of units, and the groups that may be shown of them."""

    units: list[str]
    groups: list[Group]
    held: dict[str, Marks]
    members: dict[str, list[str]]

    def marks(self, chosen: Iterable[int]) -> Marks:
        """Return groups by units."""
        numbers = list(chosen)
        if not numbers:
            return np.zeros((0, len(self.units)), dtype=bool)
        return np.stack([self.groups[number].units for number in numbers])


@dataclass
class Table:
    """One question: what each unit answered, as a text of measures, and as a number that is 0 for no answer.

    ``options`` are all answers that are shown of it, including those that nobody gave. ``conditions`` are indicators and
    answers of which a unit must have given one to be asked the question; none where all are asked, or where the reporting
    form decides. ``public`` is what public units answered, which are not among the others.
    """

    key: TableKey
    texts: list[str | None]
    options: set[str]
    hashes: list[str]
    is_routed: bool
    is_amount: bool
    is_sensitive: bool
    conditions: list[tuple[str, str]]
    public: dict[str, str | None]
    answers: Numbers = field(init=False)
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Number the answers."""
        self.names = sorted({text for text in self.texts if text is not None})
        numbers = {name: number for number, name in enumerate(self.names, start=1)}
        self.answers = np.array([0 if text is None else numbers[text] for text in self.texts], dtype=np.int64)

    def measures(self) -> list[str]:
        """Return the measures of a question in the order of the verdict: that it was answered, and its answers."""
        return ["", *sorted(self.options.union(*(name.split("|") for name in self.names if name)))]

    def state(self, units: Sequence[str]) -> str:
        """Return a hash of all answers: equal for the same answers of the same units."""
        lines = "\n".join(f"{unit}={text}" for unit, text in zip(units, self.hashes, strict=True))
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass
class State:
    """What an earlier snapshot showed of a question: figures by group and measure, and who had answered what (as a hash)."""

    figures: dict[str, dict[str, float]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)


@dataclass
class Past:
    """What earlier snapshots and printed reports reveal about a question, unit by unit.

    ``same`` is states by units: whose answer is still that of the state. ``known`` are units by measures: what uniform
    groups revealed, that a unit lacks the measure or has it. ``rows`` are former groups by columns: one column for each
    unit, then one for each other answer that a unit had before; ``is_size`` marks the size groups among them. ``last`` are
    names of the groups that the last snapshot showed, ``first`` of those that were shown for exactly these answers.
    """

    same: Marks
    known: tuple[Marks, Marks]
    rows: Marks
    is_size: Marks
    last: set[str]
    first: set[str]

    @property
    def changed(self) -> Marks:
        """Units whose answer is not that of the last state, which is the first here."""
        result: Marks = ~self.same[0]
        return result


def candidates(groups: Sequence[Group], least: int, former: Sequence[Group], *, may_cross: bool = False) -> list[Group]:
    """Return the groups that may be shown together: no area cuts another, and no sum of them rests on few units.

    Args:
        groups: groups in the order of the policy, the larger first within a level.
        least: fewest units of a set whose figures may follow.
        former: groups that were shown before, some of which may be among ``groups``; they come first.
        may_cross: whether areas may cut each other.
    """
    chosen: list[Group] = []
    names = {group.sha256 for group in former}
    seen: set[bytes] = set()
    ordered = [
        *(group for group in groups if group.sha256 in names),
        *(group for group in groups if group.sha256 not in names),
    ]
    still = {group.sha256 for group in groups}
    gone = [group for group in former if group.sha256 not in still]
    for group in ordered:
        if group.units.tobytes() in seen or group.units.sum() < least:
            continue
        if (
            not may_cross
            and group.is_area
            and group.splits
            and any(cut(group.units, other.units) for other in [*chosen, *gone] if other.is_area and other.splits)
        ):
            continue
        marks = np.stack([*(other.units for other in [*gone, *chosen]), group.units])
        if rests_on_few(marks, np.ones(marks.shape[1], dtype=np.int64), least):
            continue
        chosen.append(group)
        seen.add(group.units.tobytes())
    return sorted(chosen, key=lambda group: (group.level, -int(group.units.sum()), group.sha256))


def cut(one: Marks, other: Marks) -> bool:
    """Return whether two areas cut each other: they overlap, and neither contains the other."""
    return bool((one & other).any() and (one & ~other).any() and (other & ~one).any())
