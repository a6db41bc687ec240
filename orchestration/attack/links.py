"""Tables that say something of one another: unions of questions, questions that follow an answer, forms of reporting.

Belongs here: which tables are bound together by what is public, how, and what follows from them as one system. Only links in
the public catalogue are used; a union that the form itself asked is a question like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from orchestration.attack.bounds import System, system_of
from orchestration.attack.policy import ANY, Catalogue
from orchestration.attack.public import Public, Question
from orchestration.attack.result import TableKey
from orchestration.attack.sheets import Patterns, Sheet, form_of

_YES = "yes"
_ALL_ROWS = "all"
_ALL_UNITS = "all"
_JOINT = "joint"
# Tables with at most this many answers in total are included whole.
_MOST_ANSWERS = 9


@dataclass(frozen=True)
class UnionOf:
    """Figures of ``whole`` are the union of those of ``parts``: yes where one of them is, answered where one of them is."""

    whole: TableKey
    parts: tuple[TableKey, ...]


@dataclass(frozen=True)
class Follows:
    """``child`` was put to units that gave one of the answers: tables and places of answers, by table."""

    child: TableKey
    parents: tuple[tuple[TableKey, tuple[int, ...]], ...]


Link = UnionOf | Follows


def links(sheets: Mapping[TableKey, Sheet], public: Public, catalogue: Catalogue) -> list[Link]:
    """Return the links between tables about the same units."""
    found: list[Link] = []
    for key, sheet in sheets.items():
        question = public.questions.get(key, Question())
        if question.is_derived:
            found += _unions(key, sheet, sheets, catalogue)
        if question.population != _ALL_UNITS:
            found += _followers(key, sheet, sheets, question.population, public, catalogue)
    return found


def _unions(key: TableKey, sheet: Sheet, sheets: Mapping[TableKey, Sheet], catalogue: Catalogue) -> Iterator[Link]:
    """Return the link of a derived union, where all its parts are tables about the same units."""
    for union in catalogue.unions:
        if (union.indicator, union.item) != (key.indicator, key.item) or _YES not in sheet.shown.answers:
            continue
        parts: list[TableKey] = []
        for indicator, item in union.sources:
            rows = [
                other
                for other in sheets
                if other.indicator == indicator
                and other.time_period == key.time_period
                and other != key
                and item in (ANY, other.item)
            ]
            if not rows:
                return
            parts += rows
        fits = (sheets[p].shown.unit_set == sheet.shown.unit_set and _YES in sheets[p].shown.answers for p in parts)
        if all(fits):
            yield UnionOf(key, tuple(parts))


def _followers(
    key: TableKey, sheet: Sheet, sheets: Mapping[TableKey, Sheet], population: str, public: Public, catalogue: Catalogue
) -> Iterator[Link]:
    """Return the link of a question to the answers that lead to it: ``question=answer`` joined by a bar."""
    parents: dict[TableKey, set[int]] = {}
    conditions = [condition.strip().partition("=")[::2] for condition in population.split("|")]
    for other, parent in sheets.items():
        # Where the answers of all rows of a grid are one answer of a union, that answer stands for them.
        led = {answer for indicator, answer in conditions if indicator == other.indicator}
        is_union = public.questions.get(other, Question()).is_derived and other.time_period == key.time_period
        if is_union and len(led) == len(conditions) and parent.shown.unit_set == sheet.shown.unit_set:
            for i, answer in enumerate(parent.shown.answers):
                if answer == _YES and set(catalogue.members_of(other.indicator, answer)) == led:
                    yield Follows(key, ((other, (i,)),))
                    return
    for indicator, answer in conditions:
        rows = [
            other
            for other, parent in sheets.items()
            if other.indicator == indicator
            and other.time_period == key.time_period
            and parent.shown.unit_set == sheet.shown.unit_set
            and answer in parent.shown.answers
        ]
        # The same row of the grid, else the question as a whole, else whichever rows have the answer.
        rows = next((same for item in (key.item, _ALL_ROWS) if (same := [r for r in rows if r.item == item])), rows)
        if not rows:
            return
        for row in rows:
            parents.setdefault(row, set()).add(sheets[row].shown.answers.index(answer))
    yield Follows(key, tuple((parent, tuple(sorted(answers))) for parent, answers in sorted(parents.items())))


def keys_of(link: Link) -> tuple[TableKey, ...]:
    """Return the tables that a link binds together."""
    keys = {link.whole, *link.parts} if isinstance(link, UnionOf) else {link.child, *(key for key, _ in link.parents)}
    return tuple(sorted(keys))


def bound_system(link: Link, sheets: Mapping[TableKey, Sheet], patterns: Patterns) -> System:
    """Return the system of the tables that a link binds together.

    Large tables come with only the answers that the link is about.
    """
    keys = keys_of(link)
    width = sum(len(sheets[key].shown.answers) + 1 for key in keys)
    whole = width <= _MOST_ANSWERS
    if isinstance(link, Follows):
        parts: list[tuple[TableKey, tuple[int, ...]]] = [(link.child, ())]
        for key, answers in link.parents:
            # Answers that do not exclude one another are unknowns of their own.
            parts += [(key, answers)] if whole or sheets[key].single else [(key, (answer,)) for answer in answers]
    else:
        parts = [(key, (sheets[key].shown.answers.index(_YES),)) for key in (link.whole, *link.parts)]
    chosen = [sheets[key] if whole else sheets[key].only(_members(sheets[key], answers)) for key, answers in parts]
    system = system_of(chosen, patterns)
    blocks = list(zip(system.blocks, parts, strict=True))
    given = [
        np.concatenate([block.given(i) for i in answers], axis=1)
        if whole
        else block.of(*range(len(_members(sheets[key], answers))))
        for block, (key, answers) in blocks
        if answers
    ]
    first = system.blocks[0]
    if isinstance(link, Follows):
        system.link(first.answered, np.concatenate(given, axis=1), first.sheet)
        return system
    yes, parts_yes = given[0], given[1:]
    answered = [block.answered for block in system.blocks[1:]]
    for one, known in zip(parts_yes, answered, strict=True):
        system.link(one, yes, first.sheet)
        system.link(known, first.answered, first.sheet)
    system.link(yes, np.concatenate(parts_yes, axis=1), first.sheet)
    system.link(first.answered, np.concatenate(answered, axis=1), first.sheet)
    return system


def _members(sheet: Sheet, answers: tuple[int, ...]) -> tuple[int, ...]:
    """Return the answers, those of a question with one answer without unions."""
    if not sheet.single:
        return answers
    return tuple(dict.fromkeys(part for answer in answers for part in sheet.unions.get(answer, (answer,))))


def forms(sheets: Mapping[TableKey, Sheet], public: Public) -> dict[tuple[str, int, str, str], list[tuple[TableKey, bool]]]:
    """Return tables by question, year, target group and unit set, and whether they are for units that report jointly."""
    found: dict[tuple[str, int, str, str], list[tuple[TableKey, bool]]] = {}
    for key, sheet in sheets.items():
        form = form_of(key, public)
        if form is not None:
            place = (key.indicator, key.time_period, form[0], sheet.shown.unit_set)
            found.setdefault(place, []).append((key, form[1] == _JOINT))
    return found
