"""Breaks of a series: which to show, and which years must not be joined by a line.

Belongs here: reading ``series_breaks``, ``comparability`` and ``category_crosswalk``, and the consequences for charts. Does
not belong here: drawing (``static``), or the breaks themselves (``data/classifications`` and the forms).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import duckdb

from orchestration.core.tables import Label
from orchestration.publish.remarks import NO_BREAKS

SIGNED = "signed"
NOT_COMPARABLE = "not_comparable"
COMPARABLE = "comparable"


@dataclass(frozen=True)
class Break:
    """One reason why a year cannot be compared directly with the years before it."""

    time_period: int
    kind: str
    comparable_before: bool
    description: Label


@dataclass(frozen=True)
class CategoryBreak:
    """A year from which a category has a different meaning or composition: its line is interrupted there."""

    time_period: int
    category: str
    description: Label


@dataclass
class Breaks:
    """The breaks of an indicator and of its categories, and the years not to be joined with the year before."""

    breaks: list[Break] = field(default_factory=list)
    apart: list[int] = field(default_factory=list)
    of_categories: list[CategoryBreak] = field(default_factory=list)

    @property
    def apart_of(self) -> dict[str, list[int]]:
        """The years before which lines of single categories are interrupted, by category."""
        found: dict[str, list[int]] = defaultdict(list)
        for each in self.of_categories:
            found[each.category].append(each.time_period)
        return dict(found)

    def within(self, years: Sequence[int]) -> list[Break]:
        """Return the breaks between the first and the last of some years."""
        if not years:
            return []
        return [each for each in self.breaks if min(years) < each.time_period <= max(years)]


def apart(breaks: Iterable[Break], verdicts: Iterable[tuple[int, int, str, str]]) -> list[int]:
    """Return the years that must not be joined with the year before.

    Args:
        breaks: the breaks of one indicator.
        verdicts: year before, year, verdict and origin of pairs of years; a signed verdict overrides breaks.
    """
    divided = {each.time_period for each in breaks if not each.comparable_before}
    for before, year, verdict, origin in verdicts:
        if year - before != 1:
            continue
        if verdict == NOT_COMPARABLE:
            divided.add(year)
        elif origin == SIGNED:
            divided.discard(year)
    return sorted(divided)


def stretches(years: Sequence[int], divided: Iterable[int]) -> list[list[int]]:
    """Return years grouped into stretches that a line may join: without missing years or breaks."""
    walls = set(divided)
    joined: list[list[int]] = []
    for year in sorted(years):
        if joined and year - joined[-1][-1] == 1 and year not in walls:
            joined[-1].append(year)
        else:
            joined.append([year])
    return joined


def read_breaks(connection: duckdb.DuckDBPyConnection) -> dict[str, Breaks]:
    """Return the breaks of every indicator."""
    found: dict[str, Breaks] = defaultdict(Breaks)
    for indicator, year, kind, comparable, nb, en in connection.execute(
        "select indicator, time_period, kind, comparable_before, description_nb, description_en"
        " from series_breaks order by all"
    ).fetchall():
        if kind not in NO_BREAKS or not comparable:
            found[indicator].breaks.append(Break(year, kind, comparable, Label(nb=nb or kind, en=en or kind)))
    verdicts: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for indicator, *verdict in connection.execute(
        "select indicator, time_period_from, time_period_to, verdict, derived_or_signed from comparability order by all"
    ).fetchall():
        verdicts[indicator].append((verdict[0], verdict[1], verdict[2], verdict[3]))
    for indicator, category, year, nb, en in connection.execute(
        "select distinct question, unnest(string_split(category_to, '+')) as category, time_period_to, reason_nb, reason_en"
        f" from category_crosswalk where verdict != '{COMPARABLE}' order by all"
    ).fetchall():
        found[indicator].of_categories.append(CategoryBreak(year, category, Label(nb=nb or category, en=en or category)))
    for indicator in sorted({*found, *verdicts}):
        found[indicator].apart = apart(found[indicator].breaks, verdicts[indicator])
    return found
