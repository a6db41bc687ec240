"""Tables of answers prepared for the attack: which figures are shown of which units, and what may follow from one group.

Belongs here: what the public catalogue says about a question (one answer or several, unions, who was asked), sets of units
that no figure tells apart (atoms), and the facts that the policy allows. Does not belong here: what follows from several
groups.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestration.attack.algebra import Reduced, reduce
from orchestration.attack.kept_pieces import PLACE
from orchestration.attack.policy import Catalogue, Policy
from orchestration.attack.public import (
    BY_LEVEL,
    HIDDEN,
    MUNICIPALITIES,
    Frame,
    Group,
    Public,
    Question,
    Shown,
    contradiction,
)
from orchestration.attack.result import Derived, TableKey, Uniform

ANSWERED = "n_answered"
_SEVERAL_BOXES = "multiple"
_ALL_UNITS = "all"


class Pattern:
    """Groups of units, and the atoms that they cut the units into; what is found about them is kept for further tables."""

    def __init__(self, members: NDArray[np.bool_]) -> None:
        """Cut the units of the groups (one row each) into atoms; units in no group are in no atom."""
        self.members = members
        inside = np.flatnonzero(members.any(axis=0))
        packed = np.packbits(members[:, inside], axis=0)
        keys = np.ascontiguousarray(packed.T).view([("", packed.dtype, packed.shape[0])]).ravel() if inside.size else inside
        _, first, atom = np.unique(keys, return_index=True, return_inverse=True)
        self.matrix = members[:, inside[first]].astype(np.int64)
        self.sizes = np.bincount(atom, minlength=len(first)).astype(np.int64)
        self.atom_of_unit = np.full(members.shape[1], HIDDEN, dtype=np.int64)
        self.atom_of_unit[inside] = atom
        self._coordinates: dict[bytes, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    @cached_property
    def reduced(self) -> Reduced:
        """Return the row space of the groups over the atoms."""
        return reduce(self.matrix)

    @cached_property
    def units(self) -> list[list[int]]:
        """Return the units of each atom."""
        found: list[list[int]] = [[] for _ in self.sizes]
        for unit, atom in enumerate(self.atom_of_unit):
            if atom >= 0:
                found[atom].append(unit)
        return found

    def coordinates(self, one: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return two numbers of each atom: in which of some groups (``one``, by row) it lies, and in which of the others."""
        key = one.tobytes()
        if key not in self._coordinates:
            both = []
            for rows in (one, ~one):
                packed = np.packbits(self.matrix[rows].astype(np.bool_), axis=0)
                both.append(np.unique(packed, axis=1, return_inverse=True)[1].ravel().astype(np.int64))
            self._coordinates[key] = (both[0], both[1])
        return self._coordinates[key]

    def holds(self, units: NDArray[np.bool_]) -> bool:
        """Return whether a set of units cuts no atom."""
        inside = self.atom_of_unit >= 0
        return not bool((self.atoms(units) & self.atoms(inside & ~units)).any())

    def atoms(self, units: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the atoms that lie within a set of units; the set must not cut an atom."""
        found = np.zeros(len(self.sizes), dtype=np.bool_)
        inside = self.atom_of_unit[units]
        found[inside[inside >= 0]] = True
        return found


class Patterns:
    """The patterns of a snapshot, each made once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._made: dict[tuple[int, bytes], Pattern] = {}

    def of(self, members: NDArray[np.bool_]) -> Pattern:
        """Return the pattern of groups."""
        key = (members.shape[0], np.packbits(members).tobytes())
        if key not in self._made:
            self._made[key] = Pattern(members)
        return self._made[key]


@dataclass(frozen=True)
class Sheet:
    """A table of answers with what is known about its question.

    ``single`` is a question with one answer; ``base`` are the answers that are no union of others, ``unions`` those that
    are. ``boxed`` says that a unit that answered ticked a box. ``fewest`` is the policy's limit of uniform groups. ``full``
    is the table of which this one has only some answers. ``not_asked`` and ``asked`` are the units for which uniform groups
    of the deciding question may reveal it. ``beside`` are tables of the same question whose groups may be uniform as its
    own: earlier snapshots, and the units that answered since.
    """

    shown: Shown
    frame: Frame
    single: bool
    base: tuple[int, ...]
    unions: Mapping[int, tuple[int, ...]]
    boxed: bool
    routed: bool
    fewest: int
    database: Path = field(metadata=PLACE)
    full: Sheet | None = None
    not_asked: NDArray[np.bool_] | None = None
    asked: NDArray[np.bool_] | None = None
    beside: tuple[Sheet, ...] = ()

    @property
    def key(self) -> TableKey:
        """Return the key of the table."""
        return self.shown.key

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Return the number of units of each group that answered something."""
        return np.asarray(self.shown.members.sum(axis=1), dtype=np.int64)

    @cached_property
    def zero(self) -> NDArray[np.bool_]:
        """Return, by group and answer, whether the figures of the group itself say that no unit gave the answer."""
        shown = self.shown
        found = np.asarray(shown.n_answer == 0, dtype=np.bool_)
        found |= (shown.n_answered == 0)[:, None]
        if self.single and self.base:
            base = shown.n_answer[:, self.base]
            rest = shown.n_answered - np.where(base == HIDDEN, 0, base).sum(axis=1)
            found[:, self.base] |= ((shown.n_answered != HIDDEN) & (rest == 0))[:, None] & (base == HIDDEN)
        for union, members in self.unions.items():
            for member in members:
                found[:, member] |= found[:, union]
            found[:, union] |= found[:, members].all(axis=1)
        return found

    @cached_property
    def whole(self) -> NDArray[np.bool_]:
        """Return, by group and answer, whether the figures of the group itself say that all its units gave the answer."""
        return np.asarray((self.shown.n_answer == self.sizes[:, None]) & (self.sizes > 0)[:, None], dtype=np.bool_)

    @cached_property
    def all_answered(self) -> NDArray[np.bool_]:
        """Return, by group, whether its figures say that all its units answered."""
        alone = (self.shown.n_answered == self.sizes) & (self.sizes > 0)
        return np.asarray(alone | self.whole.any(axis=1), dtype=np.bool_)

    @cached_property
    def answered_at_least(self) -> NDArray[np.int64]:
        """Return, by group, how many units answered at least: their number, else what the answers shown add up to."""
        counts = np.where(self.shown.n_answer == HIDDEN, 0, self.shown.n_answer)
        least = counts[:, self.base].sum(axis=1) if self.single else counts.max(axis=1, initial=0)
        return np.where(self.shown.n_answered == HIDDEN, least, self.shown.n_answered)

    @cached_property
    def enough(self) -> NDArray[np.bool_]:
        """Return, by group, whether enough units answered for it to be uniform."""
        return np.asarray(self.answered_at_least >= self.fewest, dtype=np.bool_)

    def may_be_known(self, answer: int, *, given: bool) -> NDArray[np.bool_]:
        """Return the units for which one shown group may reveal that they gave an answer, or did not."""
        if self.full is not None:
            return self.full.may_be_known(self.full.shown.answers.index(self.shown.answers[answer]), given=given)
        if given and self.routed:
            # A unit that gave an answer was asked.
            return np.zeros(len(self.frame.units), dtype=np.bool_)
        rows = (self.whole if given else self.zero)[:, answer] & self.enough
        found = self._union(rows) if given else self._union(rows) | self.may_not_have_answered()
        return _any(found, [other.may_be_known(answer, given=given) for other in self.beside])

    def may_have_answered(self) -> NDArray[np.bool_]:
        """Return the units for which one shown group may reveal that they answered."""
        if self.full is not None:
            return self.full.may_have_answered()
        if self.routed:
            return np.zeros(len(self.frame.units), dtype=np.bool_) if self.asked is None else self.asked
        return _any(self._union(self.all_answered & self.enough), [other.may_have_answered() for other in self.beside])

    def may_not_have_answered(self) -> NDArray[np.bool_]:
        """Return the units for which the deciding question may reveal that they were not asked."""
        if self.full is not None:
            return self.full.may_not_have_answered()
        return np.zeros(len(self.frame.units), dtype=np.bool_) if self.not_asked is None else self.not_asked

    def _union(self, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.asarray(self.shown.members[rows].any(axis=0), dtype=np.bool_)

    @cached_property
    def own_units(self) -> NDArray[np.bool_]:
        """Return the units that may be public: divided municipalities, counted as one, that are an area of their own."""
        is_set = self.shown.unit_set in (MUNICIPALITIES, BY_LEVEL)
        return self.frame.own & ~self.frame.silent if is_set else np.zeros(len(self.frame.units), dtype=np.bool_)

    @cached_property
    def public_units(self) -> NDArray[np.bool_]:
        """Return those whose answers are known: as one unit among areas, or from what their districts answered."""
        if self.shown.unit_set != BY_LEVEL:
            return self.own_units
        alone = self.shown.members[self.shown.members.sum(axis=1) == 1]
        return np.asarray(self.own_units & alone.any(axis=0), dtype=np.bool_)

    def only(self, answers: Sequence[int]) -> Sheet:
        """Return the table with only some mutually exclusive answers; all others become one answer that it does not hold."""
        kept = list(answers)
        shown = dataclasses.replace(
            self.shown,
            answers=tuple(self.shown.answers[i] for i in kept),
            n_answer=self.shown.n_answer[:, kept],
            limits=tuple(
                (row, i if i == HIDDEN else kept.index(i), least, most)
                for row, i, least, most in self.shown.limits
                if i in (HIDDEN, *kept)
            ),
        )
        return dataclasses.replace(
            self, shown=shown, single=True, base=tuple(range(len(kept))), unions={}, boxed=False, full=self
        )

    def uniform(self) -> Uniform:
        """Count the uniform groups of the table."""
        several = (self.sizes > 1)[:, None]
        zero = (self.shown.n_answer == 0) & several & (self.answered_at_least > 0)[:, None]
        whole = self.whole & several
        answered = self.all_answered & (self.sizes > 1)
        allowed = int((zero & self.enough[:, None]).sum())
        if not self.routed:
            allowed += int((whole & self.enough[:, None]).sum()) + int((answered & self.enough).sum())
        return Uniform(int(zero.sum()), int(whole.sum()), int(answered.sum()), allowed)

    def fact(self, part: str, measure: int | str, units: Sequence[int], levels: Sequence[str] = ()) -> Derived:
        """Return the record of something that follows; ``measure`` is the place of an answer, or a word."""
        name = self.shown.answers[measure] if isinstance(measure, int) else measure
        codes = tuple(sorted(self.frame.units[unit] for unit in units))
        return Derived(
            part, self.key.indicator, self.key.item, self.key.time_period, name, codes, tuple(sorted(set(levels)))
        )

    def levels(self, rows: Iterable[int]) -> tuple[str, ...]:
        """Return the levels of groups."""
        return tuple(sorted({self.shown.groups[row].unit_level for row in rows}))


def _any(found: NDArray[np.bool_], others: Sequence[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return the units that are in one of several sets."""
    return np.asarray(np.logical_or.reduce([found, *others]), dtype=np.bool_)


def sheets(public: Public, policy: Policy, catalogue: Catalogue) -> dict[TableKey, Sheet]:
    """Prepare every table for the attack.

    Raises:
        UserError: the figures of one group contradict one another.
    """
    return decided({key: _sheet(shown, public, policy, catalogue) for key, shown in public.tables.items()}, public)


def decided(sheets: Mapping[TableKey, Sheet], public: Public) -> dict[TableKey, Sheet]:
    """Return the tables; those of routed questions get what the deciding questions may reveal about who was asked."""
    made = dict(sheets)
    # The deciding question may itself be routed.
    waiting = {key: conditions for key in made if (conditions := _conditions(key, public))}
    while waiting:
        ready = [
            key for key, found in waiting.items() if not any(_leads(other, key, found) for other in waiting if other != key)
        ]
        for key in ready or list(waiting):
            made[key] = _decided(made[key], made, waiting.pop(key))
    return made


def _conditions(key: TableKey, public: Public) -> dict[str, set[str]]:
    """Return the answers one of which a unit must have given to be asked a question, by indicator; none if all are asked."""
    population = public.questions.get(key, Question()).population
    found: dict[str, set[str]] = {}
    for condition in population.split("|") if "=" in population else []:
        indicator, _, answer = condition.partition("=")
        found.setdefault(indicator, set()).add(answer)
    return found


def _leads(other: TableKey, key: TableKey, conditions: Mapping[str, set[str]]) -> bool:
    """Return whether one question decides who is asked another."""
    return other.indicator in conditions and other.time_period == key.time_period


def _decided(sheet: Sheet, made: Mapping[TableKey, Sheet], conditions: Mapping[str, set[str]]) -> Sheet:
    """Return a routed table with what uniform groups of the deciding question may reveal."""
    sources = [
        other
        for key, other in made.items()
        if _leads(key, sheet.key, conditions)
        and other.shown.unit_set == sheet.shown.unit_set
        and other.frame.units == sheet.frame.units
    ]
    not_asked = np.full(len(sheet.frame.units), bool(sources))
    asked = np.zeros(len(sheet.frame.units), dtype=np.bool_)
    for source in sources:
        answers = conditions[source.key.indicator]
        places = {answer: place for place, answer in enumerate(source.shown.answers)}
        lacking = [source.may_be_known(places[answer], given=False) for answer in answers if answer in places]
        none = np.logical_and.reduce(lacking) if len(lacking) == len(answers) else np.zeros_like(asked)
        for union, members in source.unions.items():
            names = {source.shown.answers[member] for member in members}
            if answers <= names:
                none = none | source.may_be_known(union, given=False)
            if names <= answers:
                asked = asked | source.may_be_known(union, given=True)
        for answer in answers & places.keys():
            asked = asked | source.may_be_known(places[answer], given=True)
        not_asked &= none
    return dataclasses.replace(sheet, not_asked=not_asked, asked=asked)


def _sheet(shown: Shown, public: Public, policy: Policy, catalogue: Catalogue) -> Sheet:
    indicator = shown.key.indicator
    place = {answer: i for i, answer in enumerate(shown.answers)}
    # A union of questions is answered yes or no, whatever its parts are.
    several = public.scales.get(indicator) == _SEVERAL_BOXES and not public.questions.get(shown.key, Question()).is_derived
    unions: dict[int, tuple[int, ...]] = {}
    for answer, i in place.items():
        members = catalogue.members_of(indicator, answer)
        # Without all of its members in the table, a union counts as an answer of its own.
        if members and all(member in place for member in members):
            found = tuple(place[member] for member in members)
            if _is_union(shown, i, found, several=several):
                unions[i] = found
    base = tuple(i for i in range(len(shown.answers)) if i not in unions)
    if not several:
        counts = shown.n_answer[:, base]
        rows = (shown.n_answered != HIDDEN) & (np.where(counts == HIDDEN, 0, counts).sum(axis=1) > shown.n_answered)
        if rows.any():
            group = shown.groups[int(np.flatnonzero(rows)[0])]
            raise contradiction(
                shown.key, f"more answers than units that answered in {group.unit_level} {group.unit_code}", public.database
            )
    if catalogue.answered_with is None:
        # Where the report's base is the units that answered, an empty question is no answer.
        boxed = public.bases.get(indicator) == "answered"
    else:
        boxed = indicator not in catalogue.answered_with
    frame = public.frames[shown.key.time_period, shown.unit_set]
    return Sheet(
        shown=_with_divided(shown, frame, unions, several=several) if shown.unit_set == BY_LEVEL else shown,
        frame=frame,
        single=not several,
        base=base,
        unions=unions,
        boxed=several and boxed,
        routed=policy.routed_protected and is_routed(shown.key, public),
        fewest=policy.uniform(indicator),
        database=public.database,
    )


def _with_divided(shown: Shown, frame: Frame, unions: Mapping[int, tuple[int, ...]], *, several: bool) -> Shown:
    """Return a table with the answers of divided municipalities as one unit, where figures of their districts reveal them.

    It is the answer that most districts gave (docs/use/contract.md); a tie is taken as unknown.
    """
    rows = []
    for unit in np.flatnonzero(frame.own & ~frame.silent):
        code = frame.units[unit]
        of_districts = np.array([other != code and other.startswith(code) for other in frame.units]) & ~frame.silent
        same = np.flatnonzero((shown.members == of_districts).all(axis=1))
        if not same.size or shown.n_answered[same[0]] in (HIDDEN, 0):
            continue
        votes, answered = shown.n_answer[same[0]].copy(), int(shown.n_answered[same[0]])
        base = [i for i in range(len(votes)) if i not in unions]
        if (votes[base] == HIDDEN).any():
            continue
        if several:
            votes = (2 * votes > answered).astype(np.int64)
        else:
            first = [i for i in base if votes[i] == votes[base].max()]
            if len(first) > 1:
                continue
            votes = np.isin(np.arange(len(votes)), first).astype(np.int64)
        for union, members in unions.items():
            votes[union] = votes[list(members)].max()
        rows.append((Group("municipality", code, "reported"), np.arange(len(frame.units)) == unit, votes))
    if not rows:
        return shown
    return dataclasses.replace(
        shown,
        groups=(*shown.groups, *(group for group, _, _ in rows)),
        members=np.vstack([shown.members, *(members for _, members, _ in rows)]),
        n_answer=np.vstack([shown.n_answer, *(votes for _, _, votes in rows)]),
        n_answered=np.append(shown.n_answered, [1] * len(rows)),
    )


def _is_union(shown: Shown, union: int, members: tuple[int, ...], *, several: bool) -> bool:
    """Return whether the shown figures agree with an answer being the union; a form may have asked it directly."""
    parts = shown.n_answer[:, members]
    whole = shown.n_answer[:, union]
    known = (parts != HIDDEN).all(axis=1) & (whole != HIDDEN)
    total = parts.sum(axis=1)
    between = (whole <= total) & (whole >= parts.max(axis=1, initial=0))
    same = np.asarray(whole == total, dtype=np.bool_)
    return bool((between if several else same)[known].all())


def is_routed(key: TableKey, public: Public) -> bool:
    """Return whether only some units were asked: those with an answer to another question, or of one reporting form."""
    return public.questions.get(key, Question()).population != _ALL_UNITS or form_of(key, public) is not None


def form_of(key: TableKey, public: Public) -> tuple[str, str] | None:
    """Return the target group and the reporting form that the row of a question names; None where it names neither."""
    for target in public.codes.get("target_group", frozenset()):
        if key.item.startswith(f"{target}_"):
            rest = key.item.removeprefix(f"{target}_")
            for form in public.codes.get("reporting_form", frozenset()):
                if rest == form or rest.startswith(f"{form}_"):
                    return target, form
    return None
