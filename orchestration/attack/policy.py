"""What the policy allows to follow from published figures, as this package reads it.

Belongs here: reading the policy file and the catalogue of answers beside the questions. Does not belong here: how anything
is protected.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.core.errors import UserError

_PROTECTED = "protected"
ANY = "*"


@dataclass(frozen=True)
class Policy:
    """The limits of the policy file.

    ``minimum_units`` is the fewest units of a set whose figures may follow; ``ordinary`` and ``sensitive`` the fewest
    answering units of a group that may show that all units gave an answer or none did; ``changed_units`` and
    ``units_by_practice`` are as in the file.
    """

    minimum_units: int
    ordinary: int
    sensitive: int
    routed_protected: bool
    changed_units: int
    units_by_practice: int
    ordinary_indicators: frozenset[str]

    def uniform(self, indicator: str) -> int:
        """Return the fewest answering units of a uniform group; an indicator that is not listed is sensitive."""
        return self.ordinary if indicator in self.ordinary_indicators else self.sensitive


@dataclass(frozen=True)
class Union:
    """A question that is the union of others: ``sources`` are (indicator, item), an item ``*`` is every row of the grid."""

    indicator: str
    item: str
    sources: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Catalogue:
    """What is known about answers besides the public files.

    ``members`` has, by indicator (``*`` is any) and answer, the answers of which that answer is the union. ``answered_with``
    are the multi-select questions that are answered without any box, or None where that is not known.
    """

    members: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    unions: tuple[Union, ...] = ()
    answered_with: frozenset[str] | None = None

    def members_of(self, indicator: str, answer: str) -> tuple[str, ...]:
        """Return the answers of which an answer is the union; none where it is an answer of its own."""
        return self.members.get((indicator, answer)) or self.members.get((ANY, answer), ())


def read_policy(path: Path) -> Policy:
    """Read the policy file.

    Raises:
        UserError: the file lacks entries that the attack needs.
    """
    try:
        entries: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        uniform = entries["uniform_groups"]
        sensitive = {name for names in (entries.get("sensitive") or {}).values() for name in names}
        return Policy(
            minimum_units=int(entries["minimum_units"]),
            ordinary=int(uniform["ordinary"]),
            sensitive=int(uniform["sensitive"]),
            routed_protected=entries["routed_questions"] == _PROTECTED,
            changed_units=int(entries["changed_units"]),
            units_by_practice=int(entries["units_by_practice"]),
            # An indicator in both lists is sensitive.
            ordinary_indicators=frozenset(entries["ordinary"]) - frozenset(sensitive),
        )
    except (KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise UserError(
            f"the policy on disclosure cannot be read ({error})", place=str(path), remedy="give it the entries of the policy"
        ) from error


def read_catalogue(answer_groups: Path | None) -> Catalogue:
    """Read unions of answers, and what the files beside it say about questions.

    Missing files are read as empty; nothing is assumed in their place.
    """
    if answer_groups is None:
        return Catalogue()
    members = {(row["indicator"], row["answer"]): tuple(sorted(row["members"].split("|"))) for row in _rows(answer_groups)}
    sources: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in _rows(answer_groups.with_name("derived_indicators.csv")):
        sources.setdefault((row["indicator"], row["item"]), []).append((row["source_indicator"], row["source_item"]))
    questions = _rows(answer_groups.with_name("indicators.csv"))
    return Catalogue(
        members=members,
        unions=tuple(Union(*key, tuple(found)) for key, found in sorted(sources.items())),
        answered_with=frozenset(row["indicator"] for row in questions if row["answered_with"]) if questions else None,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
