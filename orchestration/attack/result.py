"""The result of the attack: what was tried, what could be derived although the policy forbids it, what the policy allows.

Belongs here: the types of the result. No result holds a value that was derived.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PARTS = ("isolation", "bounds", "routing", "snapshots", "printed", "uniform", "practice", "changed_practice", "formats")


class TableKey(NamedTuple):
    """One table of answers: ``subject`` is the public table, the rest its question, row of the question and year."""

    subject: str
    indicator: str
    item: str
    time_period: int


class Derived(NamedTuple):
    """Something that follows though it must not: its units, its figure, and the levels of the groups that reveal it.

    ``measure`` is the answer, ``n_answered`` for whether a unit answered (or was asked), ``form`` for how it reports,
    ``changed`` for who changed. The value is left out on purpose.
    """

    part: str
    indicator: str
    item: str
    time_period: int
    measure: str
    units: tuple[str, ...]
    levels: tuple[str, ...]


class Uniform(NamedTuple):
    """Shown groups of an indicator and year in which no unit gave an answer, or all did.

    ``none`` and ``all`` count pairs of group and answer, ``answered`` the groups all of whose units answered, ``allowed``
    those of all three that the policy allows.
    """

    none: int
    all: int
    answered: int
    allowed: int


@dataclass(frozen=True)
class Attack:
    """The result of one attack.

    ``tried`` counts by part, ``allowed`` the facts about single units by indicator that may follow, ``uniform`` the uniform
    groups by indicator and year. ``not_tried`` says in words what was left out, and so is not known to be safe. ``files``
    are the public files that were read, ``from_print`` the facts about single units by indicator that old reports tell by
    themselves, ``uniform_limits`` by indicator the fewest units that answered of a group that may be uniform.
    """

    tried: Mapping[str, Mapping[str, int]]
    derived: tuple[Derived, ...]
    allowed: Mapping[str, int]
    uniform: Mapping[tuple[str, int], Uniform]
    not_tried: tuple[str, ...]
    files: tuple[str, ...]
    from_print: Mapping[str, int] = field(default_factory=dict)
    uniform_limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Return how much was derived by each part."""
        found = Counter(fact.part for fact in self.derived)
        return {part: found[part] for part in PARTS}


@dataclass
class Notes:
    """The findings that the parts record while they work; the parts of one attack share them."""

    tried: dict[str, Counter[str]] = field(default_factory=lambda: {part: Counter() for part in PARTS})
    derived: list[Derived] = field(default_factory=list)
    allowed: Counter[str] = field(default_factory=Counter)
    from_print: Counter[str] = field(default_factory=Counter)
    uniform: dict[tuple[str, int], Uniform] = field(default_factory=dict)
    uniform_limits: dict[str, int] = field(default_factory=dict)
    not_tried: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    def add(self, facts: Iterable[Derived]) -> None:
        """Record what was derived."""
        self.derived.extend(facts)

    def take(self, other: Notes) -> None:
        """Add the findings of other notes."""
        for part, counts in other.tried.items():
            self.tried[part].update(counts)
        self.derived.extend(other.derived)
        self.allowed.update(other.allowed)
        self.from_print.update(other.from_print)
        self.uniform.update(other.uniform)
        self.uniform_limits.update(other.uniform_limits)
        self.not_tried.extend(other.not_tried)
        self.files.extend(other.files)

    def result(self) -> Attack:
        """Return all that was recorded, each fact once and in a fixed order."""
        return Attack(
            tried={part: dict(counts) for part, counts in self.tried.items()},
            derived=tuple(sorted(set(self.derived))),
            allowed=dict(sorted(self.allowed.items())),
            uniform=dict(sorted(self.uniform.items())),
            not_tried=tuple(sorted(set(self.not_tried))),
            files=tuple(sorted(set(self.files))),
            uniform_limits=dict(sorted(self.uniform_limits.items())),
            from_print={indicator: count for indicator, count in sorted(self.from_print.items()) if count},
        )
