"""Sentences whose direction differs from the round before: rose became fell, above became below.

The chapters are evaluated on both rounds. Belongs here: comparing the two. Does not belong here: evaluating (``sentences``,
``choices``), or numbers that change without turning, of which every round has hundreds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from orchestration.core.language import rounded
from orchestration.report.bound_values import Bound
from orchestration.report.choices import Chosen
from orchestration.report.sentences import Chapters, Stated

_Found = TypeVar("_Found", Stated, Chosen)


@dataclass(frozen=True)
class Turned:
    """A sentence that turned: its place, the expression that turned, and the sentence in both rounds."""

    chapter: str
    line: int
    expression: str
    before: str
    after: str


@dataclass(frozen=True)
class Turns:
    """What turned since a round, and the chapters that could not be evaluated on it, with the reason."""

    since: int
    turned: tuple[Turned, ...]
    not_compared: Mapping[str, str]


def turned(before: Chapters, after: Chapters) -> tuple[Turned, ...]:
    """Return the sentences that turned between two rounds, each once, in the order of the report."""
    found: dict[tuple[str, str, str], Turned] = {}
    old_values = _by_place(before.stated)
    for place, value in _by_place(after.stated).items():
        old = old_values.get(place)
        if old is not None and _turned(old.bound, value.bound):
            _keep(found, value, before.sentences.get(old.id, ""), after.sentences.get(value.id, ""))
    old_choices = _by_place(before.chosen)
    for place, choice in _by_place(after.chosen).items():
        earlier = old_choices.get(place)
        if earlier is not None and earlier.outcome != choice.outcome:
            _keep(found, choice, earlier.sentence, choice.sentence)
    order = list(dict.fromkeys([*(each.file for each in after.stated), *(each.file for each in after.chosen)]))
    return tuple(sorted(found.values(), key=lambda each: (order.index(each.chapter), each.line)))


def _keep(found: dict[tuple[str, str, str], Turned], at: Stated | Chosen, before: str, after: str) -> None:
    found.setdefault((at.file, before, after), Turned(at.file, at.line, at.expression, before, after))


def _by_place(found: Sequence[_Found]) -> dict[tuple[str, int, str, int], _Found]:
    """Return values or choices by file, line, expression, and a counter for expressions that occur several times."""
    counts: dict[tuple[str, int, str], int] = {}
    by_place: dict[tuple[str, int, str, int], _Found] = {}
    for each in found:
        file, line, expression = each.file, each.line, each.expression
        counts[file, line, expression] = counts.get((file, line, expression), 0) + 1
        by_place[file, line, expression, counts[file, line, expression]] = each
    return by_place


def _turned(before: Bound, after: Bound) -> bool:
    """Whether the sign of a value, as written, differs. For levels, unlike changes, zero and above count as equal."""
    signs = [_sign(each) for each in (before, after)]
    return signs[0] != signs[1] and (-1 in signs or after.is_change)


def _sign(bound: Bound) -> int:
    value = rounded(bound.value, bound.decimals)
    return (value > 0) - (value < 0)
