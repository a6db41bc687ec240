"""Which form a unit reports by, as far as questions that only units of one form are asked reveal it.

Belongs here: the part ``routing``, which sees all rows of a question together, and notes at the FTE of single units.
What one table tells of who was asked is in ``bounds``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from orchestration.attack.bounds import ROUTING, System
from orchestration.attack.public import HIDDEN
from orchestration.attack.result import Derived, Notes, TableKey
from orchestration.attack.sheets import Patterns, Sheet

FORM = "form"
NOTE = "form_by_note"


def attack_forms(
    place: tuple[str, int, str, str],
    tables: Sequence[tuple[TableKey, bool]],
    sheets: Mapping[TableKey, Sheet],
    patterns: Patterns,
) -> tuple[System, list[Derived]]:
    """Return the units whose form follows from who answered which row, for one question, year and target group.

    A unit reports jointly or separately, so nobody answered rows of both. ``tables`` say which rows are for joint reports.

    Raises:
        NoSolutionError: no forms of units give the figures.
        UndecidedError: the solver gave up.
    """
    indicator, period, target, _ = place
    members = np.concatenate([sheets[key].shown.members for key, _ in tables])
    pattern = patterns.of(members)
    system = System(pattern, np.zeros(len(members), dtype=np.bool_))
    everywhere = np.ones(len(pattern.sizes), dtype=np.bool_)
    separate = system.free()
    joint = system.program.columns(pattern.sizes)[:, None]
    system.program.rows(np.concatenate([separate, joint], axis=1), np.ones(2), np.zeros(len(pattern.sizes)), pattern.sizes)
    for key, is_joint in tables:
        shown = sheets[key].shown
        answered = system.program.columns(pattern.sizes)
        # A unit that answered reports by the form of the row.
        system.at_most(answered[:, None], joint if is_joint else separate, everywhere)
        for row in np.flatnonzero(shown.n_answered != HIDDEN):
            inside = answered[pattern.atoms(shown.members[row])]
            system.program.row(inside, np.ones(len(inside)), shown.n_answered[row], shown.n_answered[row])
    never, always = system.solve()
    fixed = never[separate[:, 0]] | always[separate[:, 0]]
    sheet = sheets[tables[0][0]]
    found = []
    for atom in np.flatnonzero(fixed):
        levels = {
            group.unit_level
            for key, _ in tables
            for group, row in zip(sheets[key].shown.groups, sheets[key].shown.members, strict=True)
            if row[pattern.units[atom][0]]
        }
        for unit in pattern.units[atom]:
            found.append(
                Derived(ROUTING, indicator, target, period, FORM, (sheet.frame.units[unit],), tuple(sorted(levels)))
            )
    return system, found


def add_note_disclosures(
    by_form: Iterable[tuple[str, int, str, str]], half_missing: Iterable[tuple[int, str, str]], notes: Notes
) -> None:
    """Add units whose FTE carry the note that half of a separate report is missing: the note discloses their form.

    Only years with a published question by form count: in others hiding the form protects nobody.
    """
    years = {(period, target): indicator for indicator, period, target, _ in by_form}
    for period, target, code in half_missing:
        indicator = years.get((period, target))
        if indicator is not None:
            notes.tried[ROUTING]["notes at FTE"] += 1
            notes.add([Derived(ROUTING, indicator, target, period, NOTE, (code,), ("municipality",))])
