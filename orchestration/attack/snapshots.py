"""Several snapshots together: units that did not change have the same answers in all of them.

Belongs here: the part ``snapshots``. A unit that answered late can be identified by its public FTE, and had no answers
before. Who was corrected is not public, but a difference that only few units can explain points to them.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestration.attack.bounds import findings, system_of
from orchestration.attack.isolation import Isolation
from orchestration.attack.policy import Policy
from orchestration.attack.public import BY_LEVEL, HIDDEN, MUNICIPALITIES, Frame, Group, Public, Shown
from orchestration.attack.result import Derived, Notes, TableKey
from orchestration.attack.sheets import ANSWERED, Patterns, Sheet
from orchestration.attack.solving import NoSolutionError, Program, UndecidedError

PART = "snapshots"
CHANGED = "changed"


@dataclass(frozen=True)
class Row:
    """A shown row of a table: its units that answered something by then, and its figures by name of the answer."""

    group: Group
    whole: bytes
    members: NDArray[np.bool_]
    n_answer: Mapping[str, int]
    n_answered: int


def attack_snapshots(
    now: Public,
    made: Mapping[TableKey, Sheet],
    before: Sequence[tuple[Public, Mapping[TableKey, Sheet]]],
    policy: Policy,
    until: float,
    notes: Notes,
) -> None:
    """Attack every table that earlier snapshots also have.

    Args:
        now: the candidate.
        made: its tables, ready.
        before: the earlier snapshots, each with its tables, ready.
        policy: what may follow.
        until: when to stop asking the solver, by the clock of the machine.
        notes: where findings go; it has what follows from the candidate alone, which is not reported again.
    """
    found_alone = {fact[1:6] for fact in notes.derived}
    patterns = Patterns()
    isolation = Isolation(policy, patterns, PART)
    for key, sheet in made.items():
        earlier: list[tuple[Sheet, list[Row], frozenset[str]]] = []
        for public, ready in before:
            if key not in ready:
                continue
            old, rows = _of_same_units(sheet, ready[key])
            if rows is None:
                notes.not_tried.append(f"{PART}: {key.indicator}, {key.item}, {key.time_period} has other units than before")
                continue
            earlier.append((old, rows, public.silent.get(key.time_period, frozenset())))
        if earlier and time.monotonic() > until:
            notes.not_tried.append(f"{PART}: {key.indicator}, {key.item}, {key.time_period}")
        elif earlier:
            notes.tried[PART]["tables"] += 1
            silent = now.silent.get(key.time_period, frozenset())
            facts = _table(sheet, earlier, silent, policy, patterns, isolation, notes)
            notes.add(fact for fact in facts if fact[1:6] not in found_alone)
    notes.tried[PART].update({f"isolation: {name}": count for name, count in isolation.tried.items()})
    notes.not_tried += [f"{PART}: {text}" for text in isolation.not_tried]


def with_before(
    made: Mapping[TableKey, Sheet],
    now: Public,
    before: Sequence[tuple[Public, Mapping[TableKey, Sheet]]],
    policy: Policy,
) -> dict[TableKey, Sheet]:
    """Return tables together with earlier snapshots of the same units, and the differences from them.

    What a large enough uniform group once revealed is known for good. Units that answered since are public by their FTE, so
    a group that was shown before and is shown now also shows its new units: a group of its own, with the limit of sensitive
    questions. A difference that they alone cannot explain includes corrected units and reveals nothing about any group.
    """
    found = dict(made)
    for key, sheet in made.items():
        beside: list[Sheet] = []
        shown = _rows(sheet)
        silent = now.silent.get(key.time_period, frozenset())
        for public, ready in before:
            old = ready.get(key)
            # An unchanged table is the earlier one itself.
            rows = None if old is None or old is sheet else _of_same_units(sheet, old)[1]
            if rows is None:
                continue
            if not _covers(shown, rows):
                beside.append(_merged(sheet, rows))
            late = public.silent.get(key.time_period, frozenset()) - silent
            came = np.array([code in late for code in sheet.frame.units], dtype=np.bool_)
            added = _added(sheet, shown, rows, came) if came.any() else None
            if added is not None:
                beside.append(dataclasses.replace(added, fewest=max(policy.ordinary, policy.sensitive)))
        if beside:
            found[key] = dataclasses.replace(sheet, beside=tuple(beside))
    return found


def _of_same_units(sheet: Sheet, old: Sheet) -> tuple[Sheet, list[Row] | None]:
    """Return an earlier table and its rows over the units of a table; no rows where its units are others."""
    rows = _rows(old)
    if sheet.shown.unit_set == BY_LEVEL and old.shown.unit_set == MUNICIPALITIES:
        # What was shown of municipalities counted as one stays public when areas count their districts.
        old, rows = _widened(old, rows, sheet.frame)
    same = old.frame.units == sheet.frame.units and old.shown.unit_set == sheet.shown.unit_set
    return old, rows if same else None


def _added(sheet: Sheet, rows: Sequence[Row], old: Sequence[Row], came: NDArray[np.bool_]) -> Sheet | None:
    """Return a table of the units that answered since, by group; None where there are none, or others changed too."""
    before = {row.whole: row for row in old}
    pairs = [
        (row, before[row.whole])
        for row in rows
        if row.whole in before and HIDDEN not in (row.n_answered, before[row.whole].n_answered)
    ]
    if not pairs:
        return None
    answers = sheet.shown.answers
    n_answered = np.array([row.n_answered - then.n_answered for row, then in pairs], dtype=np.int64)
    n_answer = np.full((len(pairs), len(answers)), HIDDEN, dtype=np.int64)
    for i, (row, then) in enumerate(pairs):
        for j, answer in enumerate(answers):
            if answer in row.n_answer and answer in then.n_answer:
                more = row.n_answer[answer] - then.n_answer[answer]
                if not 0 <= more <= n_answered[i]:
                    return None
                n_answer[i, j] = more
    members = np.array([row.members & came for row, _ in pairs], dtype=np.bool_)
    sizes = members.sum(axis=1)
    if (n_answered < 0).any() or (n_answered > sizes).any():
        return None
    kept = sizes > 0
    shown = dataclasses.replace(
        sheet.shown,
        groups=tuple(row.group for (row, _), is_kept in zip(pairs, kept, strict=True) if is_kept),
        members=members[kept],
        n_answer=n_answer[kept],
        n_answered=n_answered[kept],
        limits=(),
    )
    return dataclasses.replace(sheet, shown=shown) if kept.any() else None


def _rows(sheet: Sheet) -> list[Row]:
    shown = sheet.shown
    found = []
    for i, group in enumerate(shown.groups):
        # A municipality's answer as one unit is no group of the tables, and concerns the same units in every snapshot.
        place = sheet.frame.place.get(group)
        whole = shown.members[i] if place is None else sheet.frame.members[place]
        counts = {answer: int(n) for answer, n in zip(shown.answers, shown.n_answer[i], strict=True) if n != HIDDEN}
        found.append(Row(group, whole.tobytes(), shown.members[i], counts, int(shown.n_answered[i])))
    return found


def _widened(old: Sheet, rows: Sequence[Row], frame: Frame) -> tuple[Sheet, list[Row]]:
    """Return an earlier table with its rows over the units of a frame; as they are where the frame lacks a unit."""
    place = {unit: number for number, unit in enumerate(frame.units)}
    if not set(old.frame.units) <= place.keys():
        return old, list(rows)
    to = [place[unit] for unit in old.frame.units]

    def over(members: NDArray[np.bool_]) -> NDArray[np.bool_]:
        found = np.zeros((*members.shape[:-1], len(place)), dtype=np.bool_)
        found[..., to] = members
        return found

    moved = dataclasses.replace(
        old, frame=frame, shown=dataclasses.replace(old.shown, unit_set=BY_LEVEL, members=over(old.shown.members))
    )
    whole = {row.whole: over(np.frombuffer(row.whole, dtype=np.bool_)).tobytes() for row in rows}
    return moved, [dataclasses.replace(row, whole=whole[row.whole], members=over(row.members)) for row in rows]


def _table(
    sheet: Sheet,
    earlier: Sequence[tuple[Sheet, list[Row], frozenset[str]]],
    silent: frozenset[str],
    policy: Policy,
    patterns: Patterns,
    isolation: Isolation,
    notes: Notes,
) -> list[Derived]:
    """Return what follows from a table and its earlier versions."""
    rows = _rows(sheet)
    differs = [_differs(rows, old) for _, old, _ in earlier]
    for (_, old, _), other in zip(earlier, differs, strict=True):
        if not other and _covers(old, rows):
            # An earlier snapshot already shows all of it, and what is public stays public.
            notes.tried[PART]["tables that say nothing new"] += 1
            return []
    facts: list[Derived] = []
    together = rows
    late: set[str] = set()
    for (old_sheet, old, silent_then), other in zip(earlier, differs, strict=True):
        late_now = silent_then - silent
        try:
            notes.tried[PART]["pairs"] += 1
            if not other or _fits(_merged(sheet, [*rows, *old]), patterns):
                together = [*together, *old]
                late |= late_now if other else set()
                continue
            changed = _few_changed(sheet, rows, old, late_now, policy, patterns)
        except UndecidedError:
            notes.not_tried.append(f"{PART}: who changed {sheet.key.indicator}, {sheet.key.item}, {sheet.key.time_period}")
            continue
        if changed is not None:
            facts.append(old_sheet.fact(PART, CHANGED, changed, sorted({row.group.unit_level for row in rows})))
    if len(together) == len(rows):
        return facts
    merged = _merged(sheet, together)
    same = {unit for unit, code in enumerate(sheet.frame.units) for _, _, then in earlier if code in then - silent}
    try:
        found = _follows(merged, patterns, isolation)
        # What earlier snapshots reveal without the candidate is public for good.
        old_rows = together[len(rows) :]
        past = {fact[1:6] for fact in _follows(_merged(sheet, old_rows), patterns, isolation)} if found else set()
    except NoSolutionError:
        # Each pair fits, but not all together: somebody changed, and nothing is known to be unchanged.
        notes.not_tried.append(f"{PART}: all snapshots of {sheet.key.indicator}, {sheet.key.item}, {sheet.key.time_period}")
        return facts
    except UndecidedError:
        notes.not_tried.append(f"{PART}: answers of {sheet.key.indicator}, {sheet.key.item}, {sheet.key.time_period}")
        return facts
    kept = {sheet.frame.units[unit] for unit in same} - late
    # An unchanged table may have left out a unit that answered late: nothing follows about that unit.
    return facts + [fact for fact in found if fact[1:6] not in past and not kept & set(fact.units)]


def _differs(rows: Sequence[Row], old: Sequence[Row]) -> bool:
    """Return whether the same group has different figures."""
    places = {row.whole: row for row in old}
    for row in rows:
        before = places.get(row.whole)
        if before is None:
            continue
        if HIDDEN not in (row.n_answered, before.n_answered) and row.n_answered != before.n_answered:
            return True
        if any(before.n_answer.get(answer, count) != count for answer, count in row.n_answer.items()):
            return True
    return False


def _covers(old: Sequence[Row], rows: Sequence[Row]) -> bool:
    """Return whether an earlier table shows every figure of the rows."""
    places = {row.whole: row for row in old}
    for row in rows:
        before = places.get(row.whole)
        if before is None or (row.n_answered != HIDDEN and before.n_answered == HIDDEN):
            return False
        if not row.n_answer.keys() <= before.n_answer.keys():
            return False
    return True


def _merged(sheet: Sheet, rows: Sequence[Row]) -> Sheet:
    """Return a table with rows of several snapshots, each over the units that had answered something by then."""
    answers = sheet.shown.answers
    seen: dict[tuple[object, ...], Row] = {}
    for row in rows:
        seen.setdefault((row.members.tobytes(), row.n_answered, tuple(sorted(row.n_answer.items()))), row)
    kept = list(seen.values())
    shown = Shown(
        key=sheet.key,
        unit_set=sheet.shown.unit_set,
        answers=answers,
        groups=tuple(row.group for row in kept),
        members=np.array([row.members for row in kept], dtype=np.bool_),
        n_answer=np.array([[row.n_answer.get(answer, HIDDEN) for answer in answers] for row in kept], dtype=np.int64),
        n_answered=np.array([row.n_answered for row in kept], dtype=np.int64),
    )
    return dataclasses.replace(sheet, shown=shown)


def _fits(sheet: Sheet, patterns: Patterns) -> bool:
    """Return whether unchanged answers can give the figures of all rows."""
    try:
        system = system_of([sheet], patterns)
        system.solve_once()
    except NoSolutionError:
        return False
    return True


def _follows(sheet: Sheet, patterns: Patterns, isolation: Isolation) -> list[Derived]:
    found = isolation.attack(sheet)
    system = system_of([sheet], patterns)
    never, always = system.solve()
    return found + [fact._replace(part=PART) for fact in findings(system, system.blocks[0], never, always, PART).derived]


def _few_changed(
    sheet: Sheet, rows: Sequence[Row], old: Sequence[Row], late: frozenset[str], policy: Policy, patterns: Patterns
) -> list[int] | None:
    """Return the units among which fewer than the policy's minimum changed, if so few can explain the differences.

    Units that answered late have changed, and may have given any answer. If some units of an atom changed, all its units are
    returned.
    """
    most = policy.changed_units - 1 - sum(code in late for code in sheet.frame.units)
    if most < 0:
        return None
    places = {row.whole: row for row in old}
    pairs = [(row, places[row.whole]) for row in rows if row.whole in places]
    came = np.array([code in late for code in sheet.frame.units], dtype=np.bool_)
    pattern = patterns.of(np.array([row.members & ~came for row, _ in pairs] + [came & row.members for row, _ in pairs]))
    is_late = pattern.atoms(came)
    sizes = pattern.sizes
    program = Program()
    changed = program.columns(np.where(is_late, 0, sizes))
    measures: list[str] = [*sheet.shown.answers, ANSWERED]
    for measure in measures:
        gains, losses = program.columns(sizes), program.columns(np.where(is_late, 0, sizes))
        for moved in (gains, losses):
            index = np.stack([moved, changed], axis=1)[~is_late]
            program.rows(index, np.array([1, -1]), np.full(len(index), -np.inf), np.zeros(len(index)))
        for row, before in pairs:
            if measure == ANSWERED:
                values = (row.n_answered, before.n_answered)
            else:
                values = (row.n_answer.get(measure, HIDDEN), before.n_answer.get(measure, HIDDEN))
            if HIDDEN in values:
                continue
            inside = pattern.atoms(row.members)
            index = np.concatenate([gains[inside], losses[inside]])
            value = np.concatenate([np.ones(int(inside.sum())), -np.ones(int(inside.sum()))])
            program.row(index, value, values[0] - values[1], values[0] - values[1])
    cost = np.zeros(program.width)
    cost[changed] = 1
    solution = program.whole(cost, most)
    if solution is None:
        return None
    return [unit for atom in np.flatnonzero(solution[changed]) for unit in pattern.units[atom]]
