"""A person's decisions on a draft: on columns, on questions that were not delivered, on codes.

Belongs here: the content and the place of a decision. Does not belong here: whether it is valid and how it is applied
(``deciding``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orchestration.forms.deciding_options import Kept
from orchestration.forms.model import ColumnMap
from orchestration.forms.undecided import Group, Key


@dataclass(frozen=True)
class Decision:
    """The decision on a line, with its place.

    ``uses`` are the lines of the candidate that was chosen; ``cells`` are the further cells that were filled in.
    """

    key: Key
    choice: str
    place: str
    uses: tuple[ColumnMap, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupDecision:
    """The decision on all columns of a question that were not delivered, except those decided separately."""

    group: Group
    choice: str
    place: str
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MissingDecision:
    """Which of the codes that meant "no answer" last year still do, in the columns that had them."""

    codes: str
    kept: str
    place: str


@dataclass(frozen=True)
class Decisions:
    """All decisions that are made together."""

    columns: Sequence[Decision] = ()
    groups: Sequence[GroupDecision] = ()
    codes: Sequence[Kept] = ()
    missing: Sequence[MissingDecision] = ()
