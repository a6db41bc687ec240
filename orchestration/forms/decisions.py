"""What a person decided of a draft: of columns, of questions that were not delivered, of codes.

Belongs here: what a decision says and where it stands. Does not belong here: whether it is valid and what becomes of it
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
    """What somebody decided of a line, with where they said so.

    ``uses`` are the lines of the candidate that was chosen; ``cells`` what they filled in beside it.
    """

    key: Key
    choice: str
    place: str
    uses: tuple[ColumnMap, ...] = ()
    cells: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupDecision:
    """What somebody decided of all columns of a question that were not delivered, but for those decided by themselves."""

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
    """Everything that somebody decided at once."""

    columns: Sequence[Decision] = ()
    groups: Sequence[GroupDecision] = ()
    codes: Sequence[Kept] = ()
    missing: Sequence[MissingDecision] = ()
