"""Approving the answers of units: which units may be approved, and the events to record.

Belongs here: reasons to refuse an approval. Does not belong here: the record itself (``control.contacts``).
"""

from __future__ import annotations

from collections.abc import Sequence

from orchestration.contact.states import OPEN, ContactRound, State, Unit
from orchestration.control.contacts import Contact
from orchestration.core.errors import UserError

# A unit that has answered without settling its question, or whose correction waits for a run, must be approved by code.
_SETTLED = frozenset({State.COMPLETE, State.EXPLAINED, State.CORRECTED})


def refuse_approval(unit: Unit, answers_sha256: str, place: str) -> None:
    """Refuse to approve a unit without a report, with open questions, or with answers changed since they were checked.

    Raises:
        UserError: the unit cannot be approved; the remedy says what to do first.
    """
    if not unit.has_delivered or not unit.answers_sha256:
        raise UserError(f"{unit.unit_code} has no report to approve", place=place, remedy="remind it")
    if answers_sha256 != unit.answers_sha256:
        raise UserError(
            f"{unit.unit_code} has changed its answers since the list was made",
            place=place,
            remedy="make the list again with ./is248 contact, and check the answers",
        )
    open_questions = unit.questions_that_are(*OPEN)
    if open_questions:
        raise UserError(
            f"{unit.unit_code} has {len(open_questions)} open question{'' if len(open_questions) == 1 else 's'}",
            place=place,
            remedy="enter the answers with ./is248 control --answers, or explain the findings there",
        )


def approvals(found: ContactRound, units: Sequence[str], every_settled: bool, by: str) -> list[Contact]:
    """Return approvals of units on the day of the round.

    Args:
        found: the round.
        units: codes of the units to approve.
        every_settled: whether to approve all settled units: complete, explained or corrected, without contradicting reports.
            Units that are already approved are left out.
        by: the person who approves.

    Raises:
        UserError: a unit is unknown, or cannot be approved.
    """
    chosen: list[Unit] = []
    for code in units:
        own = [unit for unit in found.units if unit.unit_code == code]
        if not own:
            raise UserError(f"{code!r} is not a unit in {found.year}", place="contact", remedy="give the code of a unit")
        for unit in own:
            refuse_approval(unit, unit.answers_sha256, "contact")
        chosen += own
    if every_settled:
        chosen += [
            unit
            for unit in found.units
            if unit.state in _SETTLED and unit.answers_sha256 and unit not in chosen and not unit.is_contested
        ]
    return [
        Contact(
            date=found.today,
            unit_code=unit.unit_code,
            event="approved",
            by=by,
            form=unit.form,
            answers_sha256=unit.answers_sha256,
        )
        for unit in chosen
    ]
