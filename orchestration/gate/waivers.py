"""Waivers: who accepts a row that is probably wrong, why, and until when (``data/waivers/*.yml``).

Comply or explain: a warning, and an error whose rows have a key, is a row that is probably wrong and may be right. A waiver
names the rule and the row; without one an error is not published, and a warning not in the official channel. A waiver that
matches nothing, or has expired, fails the gate.

Belongs here: reading waivers and judging them. Does not belong here: explanations of differences from print, which are data
of the printed figures (``data/published/explanations.csv``), and corrections of answers (``data/corrections``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from orchestration.core.entry_files import read_entries
from orchestration.core.errors import UserError
from orchestration.gate.results import Counted
from orchestration.gate.rules import Rule

DOCUMENTATION = "docs/run/gate.md says what a waiver has"


class Waiver(BaseModel):
    """One waiver: rule and row, reason, who signed it, and the last day on which it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str
    key: str = Field(min_length=1, description="the row, as gate.json and ./is248 check name it")
    reason: str = Field(min_length=1)
    decided_by: str = Field(min_length=1)
    until: date


@dataclass(frozen=True)
class PlacedWaiver:
    """A waiver and its place in the file."""

    waiver: Waiver
    place: str


def load_waivers(folder: Path) -> list[PlacedWaiver]:
    """Return all waivers.

    Raises:
        UserError: an entry is not valid, or two waive the same row.
    """
    waivers: list[PlacedWaiver] = []
    seen: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("*.yml")) if folder.is_dir() else []:
        for line, waiver in read_entries(path, Waiver, DOCUMENTATION):
            placed = PlacedWaiver(waiver, f"{path.name}, line {line}")
            about = (placed.waiver.rule, placed.waiver.key)
            if about in seen:
                raise UserError(
                    f"waives the same rows as {seen[about]}",
                    place=f"{path.parent}, {placed.place}",
                    remedy="keep one of the two",
                )
            seen[about] = placed.place
            waivers.append(placed)
    return waivers


def valid_keys(waivers: Iterable[PlacedWaiver], rule: Rule, today: date) -> frozenset[str]:
    """Return the keys of the rows of a rule that are waived on a day."""
    return frozenset(
        placed.waiver.key
        for placed in waivers
        if placed.waiver.rule == rule.id and rule.can_be_waived and placed.waiver.until >= today
    )


def judge_waivers(
    waivers: list[PlacedWaiver], rules: Iterable[Rule], failing_keys: dict[str, list[str]], today: date
) -> Counted:
    """Count waivers without effect: for an unknown rule, a rule that cannot be waived, expired, or for no failing row.

    Args:
        waivers: all waivers.
        rules: all rules.
        failing_keys: the keys of each rule's failing rows.
        today: the day of the judgement.
    """
    by_id = {rule.id: rule for rule in rules}
    rows = []
    for placed in waivers:
        waiver = placed.waiver
        if waiver.rule not in by_id:
            problem = "there is no such rule"
        elif not by_id[waiver.rule].can_be_waived:
            problem = f"this rule of severity {by_id[waiver.rule].severity} cannot be waived"
        elif waiver.until < today:
            problem = "expired"
        elif waiver.key not in failing_keys.get(waiver.rule, []):
            problem = "waives no failing row"
        else:
            continue
        rows.append({"waiver": placed.place, "rule": waiver.rule, "key": waiver.key, "problem": problem})
    return Counted(len(waivers), len(rows), float(len(rows)), rows)
