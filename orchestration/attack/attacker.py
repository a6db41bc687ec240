"""The whole attack: which part runs on which inputs, and what is recorded.

Belongs here: the order of the parts and their division over threads. Each part has its own module.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestration.attack.bounds import PART as BOUNDS
from orchestration.attack.bounds import ROUTING, System, findings, system_of
from orchestration.attack.changed_practice import PART as CHANGED_PRACTICE
from orchestration.attack.changed_practice import attack_changed_practice
from orchestration.attack.formats import PART as FORMATS
from orchestration.attack.formats import attack_formats
from orchestration.attack.isolation import PART as ISOLATION
from orchestration.attack.isolation import Isolation
from orchestration.attack.kept_pieces import KEPT_NOWHERE, Kept, piece
from orchestration.attack.links import Link, bound_system, forms, keys_of, links
from orchestration.attack.policy import Policy, read_catalogue, read_policy
from orchestration.attack.practice import PART as PRACTICE
from orchestration.attack.practice import attack_practice
from orchestration.attack.printed import PART as PRINTED
from orchestration.attack.printed import attack_printed
from orchestration.attack.public import HIDDEN, Public, Readings, contradiction, read
from orchestration.attack.result import PARTS, Attack, Derived, Notes, TableKey, Uniform
from orchestration.attack.routing import add_note_disclosures, attack_forms
from orchestration.attack.sheets import Patterns, Sheet, decided, sheets
from orchestration.attack.snapshots import PART as SNAPSHOTS
from orchestration.attack.snapshots import attack_snapshots, with_before
from orchestration.attack.solving import NoSolutionError, UndecidedError
from orchestration.attack.weighed_forms import attack_weighed_forms

_THREADS = 2
_SECONDS = 120.0
_UNIFORM = "uniform"


def attack(
    database: Path,
    *,
    policy: Path,
    answer_groups: Path | None = None,
    folder: Path | None = None,
    earlier: Sequence[Path] = (),
    only: Collection[TableKey] | None = None,
    parts: Collection[str] = PARTS,
    seconds: float = _SECONDS,
    readings: Readings | None = None,
    kept: Kept = KEPT_NOWHERE,
) -> Attack:
    """Attack a candidate with its public files, those of earlier snapshots, and the policy.

    Args:
        database: the candidate's DuckDB file.
        policy: what is allowed to follow.
        answer_groups: which answers are unions of others; the files of questions beside it are read too.
        folder: the candidate's whole folder; without it the other formats are not attacked.
        earlier: DuckDB files of earlier snapshots, the last one last.
        only: the tables of answers that are attacked; all where None. Practice is attacked all the same.
        parts: the parts that run; the others are reported as not tried.
        seconds: the solver's total time limit; what is open then is reported as not tried.
        readings: what other attacks of the same judgement have already read.
        kept: where pieces are kept that need not be computed again.

    Raises:
        UserError: a file cannot be read, or its figures contradict one another.
    """
    rules, catalogue = read_policy(policy), read_catalogue(answer_groups)
    if {*parts} <= {CHANGED_PRACTICE}:
        # FTE reveal who changed its practice, whatever anybody answered.
        only = ()
    readings = readings or Readings()
    public = read(database, only, readings)
    made = sheets(public, rules, catalogue)
    before = [read(path, made.keys(), readings) for path in earlier]
    sheets_before = [sheets(old, rules, catalogue) for old in before]
    _restore_earlier(made, public, sheets_before)
    if earlier:
        made = decided(with_before(made, public, list(zip(before, sheets_before, strict=True)), rules), public)
    notes = Notes()
    until = time.monotonic() + seconds
    if public.without_units:
        notes.not_tried.append(f"{len(public.without_units)} tables whose units are not known")
    unknown = sum(shown.unknown_groups for shown in public.tables.values())
    if unknown:
        notes.not_tried.append(f"{unknown} shown groups have other units than the tables of areas tell")
    notes.add(
        Derived(FORMATS, key.indicator, key.item, key.time_period, answer, (), ("is248.duckdb", ":".join(group)))
        for key, answer, group in public.open_rows
    )
    _uniform(made, notes)
    notes.not_tried += [f"{part}: not asked for" for part in PARTS if part not in parts]
    if {ISOLATION, BOUNDS} & {*parts}:
        piece(kept, (ISOLATION,), (made, rules), lambda own: _isolate(made, rules, own), notes)
    by_form = forms(made, public)
    if {BOUNDS, ROUTING} & {*parts}:
        bound, isolated = links(made, public, catalogue), sorted({fact[1:6] for fact in notes.derived})
        piece(
            kept,
            (BOUNDS, ROUTING),
            (made, bound, by_form, public.half_missing, isolated),
            lambda own: _bound(made, bound, by_form, public.half_missing, set(isolated), database, until, own),
            notes,
        )
    if SNAPSHOTS in parts and earlier:
        attack_snapshots(public, made, list(zip(before, sheets_before, strict=True)), rules, until, notes)
    elif not earlier:
        notes.not_tried.append("snapshots: no earlier snapshot was given")
    if PRINTED in parts:
        attack_printed(public, made, rules, catalogue, until, notes)
    if earlier:
        notes.not_tried.append("print together with earlier snapshots")
    if {ROUTING, PRACTICE} & {*parts}:
        known = attack_weighed_forms(database, by_form, made, notes, kept)
        if PRACTICE in parts:
            attack_practice(database, rules, notes, known)
    if CHANGED_PRACTICE in parts:
        attack_changed_practice(public, before, notes)
    notes.files.append(database.name)
    if folder is None:
        notes.not_tried.append("formats: only the DuckDB file was given")
    elif FORMATS in parts:
        attack_formats(database, folder, notes, only, kept)
    return notes.result()


def _restore_earlier(made: dict[TableKey, Sheet], public: Public, before: Sequence[Mapping[TableKey, Sheet]]) -> None:
    """Restrict tables that keep the figures of an earlier snapshot to the units that had answered something by then.

    Units that answered later are in none of their figures, so these reveal nothing about them.
    """
    for key in public.waiting & made.keys():
        figures = _figures(made[key])
        for old in before:
            then = _figures(old[key]) if key in old else {}
            # Groups that differ only by units that had answered nothing are one group there.
            both = figures.keys() & then.keys()
            if both and all(figures[group] == then[group] for group in both):
                made[key] = old[key]
                break


def _figures(sheet: Sheet) -> dict[tuple[str, ...], tuple[int, ...]]:
    shown = sheet.shown
    return {
        (*group, *shown.answers): (int(answered), *answer.tolist())
        for group, answered, answer in zip(shown.groups, shown.n_answered, shown.n_answer, strict=True)
        if answered != HIDDEN
    }


def _uniform(made: Mapping[TableKey, Sheet], notes: Notes) -> None:
    for key, sheet in made.items():
        found = sheet.uniform()
        place = (key.indicator, key.time_period)
        so_far = notes.uniform.get(place, Uniform(0, 0, 0, 0))
        notes.uniform[place] = Uniform(*(one + other for one, other in zip(so_far, found, strict=True)))
        notes.uniform_limits[key.indicator] = sheet.fewest
        notes.tried[_UNIFORM]["tables"] += 1
        notes.tried[_UNIFORM]["groups"] += len(sheet.shown.groups)


def _isolate(made: Mapping[TableKey, Sheet], rules: Policy, notes: Notes) -> None:
    isolation = Isolation(rules, Patterns())
    for sheet in made.values():
        notes.add(isolation.attack(sheet))
    notes.tried[ISOLATION] = Counter(isolation.tried)
    notes.not_tried += isolation.not_tried


@dataclasses.dataclass
class _Outcome:
    """What one system gave."""

    tried: Counter[str] = dataclasses.field(default_factory=Counter)
    derived: list[Derived] = dataclasses.field(default_factory=list)
    allowed: Counter[str] = dataclasses.field(default_factory=Counter)
    not_tried: list[str] = dataclasses.field(default_factory=list)


def _bound(
    made: Mapping[TableKey, Sheet],
    bound: Sequence[Link],
    by_form: Mapping[tuple[str, int, str, str], Sequence[tuple[TableKey, bool]]],
    half_missing: Sequence[tuple[int, str, str]],
    isolated: Collection[tuple[object, ...]],
    database: Path,
    until: float,
    notes: Notes,
) -> None:
    """Ask which answers are fixed: table by table, then tables that say something of one another, then forms.

    What is ``isolated`` is known already. The database is only named where its figures contradict one another.
    """
    patterns = Patterns()

    def one(key: TableKey) -> _Outcome:
        return _solve([key], lambda: system_of([made[key]], patterns), database, until)

    def linked(link: Link) -> _Outcome:
        return _solve(keys_of(link), lambda: bound_system(link, made, patterns), database, until)

    def form(place: tuple[str, int, str, str]) -> _Outcome:
        outcome = _Outcome()
        try:
            system, outcome.derived = attack_forms(place, by_form[place], made, patterns)
        except NoSolutionError:
            raise contradiction(by_form[place][0][0], "no reporting forms of units give them", database) from None
        except UndecidedError:
            outcome.not_tried.append(f"{ROUTING}: forms by {place[0]}, {place[2]}, {place[1]}")
            return outcome
        _note_untried(system, f"{ROUTING}: forms by {place[0]}, {place[2]}, {place[1]}", outcome)
        return outcome

    with ThreadPoolExecutor(_THREADS) as pool:
        single = list(pool.map(one, made))
        together = list(pool.map(linked, bound))
        formed = list(pool.map(form, by_form))
    add_note_disclosures(by_form, half_missing, notes)
    for part, outcomes in ((BOUNDS, single + together), (ROUTING, formed)):
        for outcome in outcomes:
            notes.tried[part].update(outcome.tried)
            notes.add(fact for fact in outcome.derived if fact[1:6] not in isolated or fact.part == ROUTING)
            notes.not_tried += outcome.not_tried
    notes.tried[BOUNDS]["tables"] = len(single)
    notes.tried[BOUNDS]["links"] = len(together)
    notes.tried[ROUTING]["tables"] = sum(sheet.routed for sheet in made.values())
    notes.tried[ROUTING]["questions by form"] = len(formed)
    for outcome in single:
        notes.allowed.update(outcome.allowed)


def _solve(keys: Sequence[TableKey], system_made: Callable[[], System], database: Path, until: float) -> _Outcome:
    """Return what is fixed in tables about the same units."""
    outcome = _Outcome()
    name = f"{BOUNDS}: " + " with ".join(f"{key.indicator}, {key.item}, {key.time_period}" for key in keys)
    if time.monotonic() > until:
        outcome.not_tried.append(name)
        return outcome
    try:
        system = system_made()
        system.until = until
        never, always = system.solve()
    except NoSolutionError:
        raise contradiction(keys[0], f"no answers of units give them ({name})", database) from None
    except UndecidedError:
        outcome.not_tried.append(name)
        return outcome
    for block in system.blocks:
        found = findings(system, block, never, always, BOUNDS)
        outcome.derived += found.derived
        outcome.allowed[block.sheet.key.indicator] += found.allowed
    _note_untried(system, name, outcome)
    return outcome


def _note_untried(system: System, name: str, outcome: _Outcome) -> None:
    outcome.tried.update(system.tried)
    if system.left:
        outcome.not_tried.append(f"{name}: {system.left} questions")
