"""The names by which a reader may know a municipality: current ones, in other languages, former ones, and codes.

Belongs here: the names and codes that lead to one of today's municipalities, and what it was formed from. Does not belong
here: matching a reader's input with them (``static/search.js``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

# Kinds of names, shared with ``static/search.js``. A full name is the one in the tables; own names are also its forms
# without the addition that distinguishes namesakes, and in each language.
FULL, OWN, FORMER, LATER = "full", "own", "former", "later"
# The addition that distinguishes namesakes, and the separator between a municipality's names in several languages.
QUALIFIER = re.compile(r" \([^)]*\)$")
BETWEEN = re.compile(r" [-\u2013/] ")


@dataclass(frozen=True)
class Change:
    """One municipality becoming another, or a part of it."""

    year: int
    old: str
    new: str
    kind: str
    old_name: str = ""
    new_name: str = ""


@dataclass(frozen=True)
class Ancestor:
    """A municipality that another was formed from; ``until`` is the year from which it no longer exists."""

    code: str
    until: int
    is_part: bool


@dataclass(frozen=True)
class Known:
    """A name or code that leads to a municipality; ``year`` is the last of a former one, the first of a later one."""

    name: str
    kind: str
    year: int | None = None


def ancestors(code: str, changes: Sequence[Change], newest: int) -> list[Ancestor]:
    """Return the municipalities that one was formed from, nearest first.

    Args:
        code: a municipality of today.
        changes: all known changes.
        newest: the year of today's areas; later changes do not count.
    """
    found: list[Ancestor] = []
    # A code may be reused: each step only considers changes before the one that led to it.
    waiting = [(code, newest + 1, False)]
    seen = {code}
    while waiting:
        current, before, is_part = waiting.pop(0)
        for change in changes:
            if change.new != current or change.year >= before or change.kind == "name_change":
                continue
            if change.old in seen:
                continue
            seen.add(change.old)
            part = is_part or change.kind == "split"
            found.append(Ancestor(change.old, change.year, part))
            waiting.append((change.old, change.year, part))
    return sorted(found, key=lambda each: (-each.until, each.code))


def bare(name: str) -> str:
    """Return a name without the addition that distinguishes namesakes."""
    return QUALIFIER.sub("", name)


def forms_of(name: str) -> list[str]:
    """Return a name, the name without the addition that distinguishes namesakes, and each of the names it combines."""
    return list(dict.fromkeys(each for each in (name, bare(name), *BETWEEN.split(bare(name))) if each))


class Names:
    """The names of all municipalities in all years, and the changes between municipalities."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, newest: int) -> None:
        """Read the public tables; ``newest`` is the year of today's areas."""
        self.newest = newest
        self.changes = [
            Change(*row)
            for row in connection.execute(
                "select change_year, old_code, new_code, change_type, coalesce(old_name, ''), coalesce(new_name, '')"
                " from area_changes order by change_year, old_code, new_code"
            ).fetchall()
        ]
        # By code and year: the name in the tables, and the official name.
        self._of: dict[str, dict[int, tuple[str, ...]]] = {}
        for code, year, *names in connection.execute(
            "select unit_code, time_period, unit_name, coalesce(official_name, unit_name) from areas"
            " where unit_level = 'municipality' and area_basis = 'reported' order by unit_code, time_period"
        ).fetchall():
            self._of.setdefault(code, {})[year] = tuple(names)

    def ancestors(self, code: str) -> list[Ancestor]:
        """Return the municipalities that one of today's was formed from."""
        return ancestors(code, self.changes, self.newest)

    def name_of(self, code: str, until: int) -> str:
        """Return the last name of a municipality before a year; if none is known, the code."""
        before = [year for year in self._of.get(code, {}) if year < until]
        if before:
            return self._of[code][max(before)][0]
        return next((each.old_name for each in self.changes if each.old == code and each.year == until), code) or code

    def known_by(self, code: str, name: str) -> list[Known]:
        """Return all names and codes that lead to one of today's municipalities, each once, nearest first."""
        found: dict[str, Known] = {}
        for each in self._names(code, name):
            found.setdefault(each.name.casefold(), each)
        return list(found.values())

    def _names(self, code: str, name: str) -> Iterator[Known]:
        yield Known(name, FULL)
        yield Known(code, FULL)
        # A name that the areas of the newest year have, or that came into force since the municipality has its code.
        of_today = [*self._of.get(code, {}).get(self.newest, ())]
        of_today += [
            each.new_name
            for each in self.changes
            if each.new == code and each.kind == "name_change" and each.year <= self.newest
        ]
        for each in (name, *of_today):
            yield from (Known(form, OWN) for form in forms_of(each))
        formed = self.ancestors(code)
        since = max((each.until for each in formed), default=0)
        yield from self._former(code, since, self.newest + 1)
        for ancestor in formed:
            yield Known(ancestor.code, FORMER, ancestor.until - 1)
            yield from self._former(ancestor.code, 0, ancestor.until)
        for change in self.changes:
            if change.old == code and change.year > self.newest:
                yield Known(change.new, LATER, change.year)
                yield from (Known(form, LATER, change.year) for form in forms_of(change.new_name))

    def _former(self, code: str, since: int, until: int) -> Iterator[Known]:
        """Return the names that a municipality had from a year and before another, newest first."""
        years = self._of.get(code, {})
        last = until - 1
        names_of_year = {year: set(names) for year, names in years.items() if since <= year < until}
        for change in self.changes:
            if change.old == code and since <= change.year <= until:
                names_of_year.setdefault(change.year - 1, set()).add(change.old_name)
        for year in sorted(names_of_year, reverse=True):
            for name in sorted(names_of_year[year]):
                yield from (Known(form, FORMER, min(year, last)) for form in forms_of(name))


def index(known: Mapping[str, Sequence[Known]]) -> dict[str, list[list[Any]]]:
    """Return names in the form that the search reads: name, kind, and the year if there is one."""
    return {
        code: [[each.name, each.kind, *([each.year] if each.year is not None else [])] for each in names]
        for code, names in known.items()
    }


def namesakes(known: Mapping[str, Sequence[Known]]) -> dict[str, list[tuple[str, Known]]]:
    """Return for each municipality the others that have or had one of its own names, each with that name."""
    own: dict[str, set[str]] = {}
    for code, names in known.items():
        for each in names:
            if each.kind in (FULL, OWN):
                own.setdefault(bare(each.name).casefold(), set()).add(code)
    found: dict[str, list[tuple[str, Known]]] = {}
    for other, names in known.items():
        for each in names:
            for code in own.get(bare(each.name).casefold(), ()):
                # Its predecessors and successors do not count as namesakes.
                if code != other and each.kind != LATER and other not in {seen for seen, _ in found.get(code, ())}:
                    found.setdefault(code, []).append((other, each))
    return found
