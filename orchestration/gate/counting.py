"""Counts what a rule finds, by whichever connection runs its query.

Belongs here: the SQL around a rule's own, shared by the checkpoints and by the proof that rules bite, so that what is proven
is what runs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from orchestration.attack import Attack
from orchestration.gate.results import SHOWN_ROWS, Counted
from orchestration.gate.rules import row_key

Fetch = Callable[[str], list[dict[str, Any]]]

# Failing rows whose keys a waiver can name; a rule with more has not been understood.
MOST_KEYS = 1000


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def count_failing(fetch: Fetch, rows_query: str, condition: str, value: str = "") -> Counted:
    """Count the rows that a rule looks at and those that fail, and show none; arguments as ``count_rows`` takes them."""
    greatest = f"cast(max({value}) as double)" if value else "cast(null as double)"
    counts = fetch(
        f"select count(*) as checked, count(*) filter (where {condition}) as failing, {greatest} as greatest "
        f"from ({rows_query}) as looked_at"
    )[0]
    return Counted(int(counts["checked"]), int(counts["failing"]), counts["greatest"])


def count_rows(fetch: Fetch, rows_query: str, condition: str, value: str = "", key: Sequence[str] = ()) -> Counted:
    """Count the rows that a rule looks at, and show the failing ones.

    Args:
        fetch: runs a query and returns its rows.
        rows_query: the rows that are looked at.
        condition: when a row fails.
        value: expression by which the worst row comes first.
        key: columns by which a waiver names a row.
    """
    counted = count_failing(fetch, rows_query, condition, value)
    if not counted.failing:
        return counted
    order = f"{value} desc nulls first, looked_at" if value else "all"
    failing = f"from ({rows_query}) as looked_at where {condition} order by {order}"
    shown = [{name: _plain(entry) for name, entry in row.items()} for row in fetch(f"select * {failing} limit {SHOWN_ROWS}")]
    keys: list[str] = []
    if key:
        columns = ", ".join(f'"{name}"' for name in key)
        keys = [row_key(key, row) for row in fetch(f"select {columns} {failing} limit {MOST_KEYS}")]
    return replace(counted, rows=shown, keys=keys)


# Parts of an attack that ask questions with an answer: one that is left open is not known to be safe.
EXACT_PARTS = ("isolation", "bounds", "routing", "snapshots", "printed")

# What they leave open where there is nothing to ask.
_NOTHING_EARLIER = "snapshots: no earlier snapshot was given"


def attacked(found: Attack, part: str) -> Counted:
    """Count what one part of an attack derived, and what it left open though it has an answer.

    The rows say of which question, never of which unit or what it answered.
    """
    facts = [fact for fact in found.derived if fact.part == part]
    is_exact = part in EXACT_PARTS
    left = [text for text in found.not_tried if is_exact and text.startswith(f"{part}: ") and text != _NOTHING_EARLIER]
    rows = Counter(
        (fact.indicator, fact.item, fact.time_period, fact.measure, len(fact.units), ", ".join(fact.levels))
        for fact in facts
    )
    names = ("indicator", "item", "time_period", "answer", "units", "levels", "facts")
    shown = [dict(zip(names, (*row, count), strict=True)) for row, count in rows.most_common(SHOWN_ROWS)]
    shown += [{"left_open": text} for text in left[: SHOWN_ROWS - len(shown)]]
    details = {
        "tried": {name: dict(counts) for name, counts in found.tried.items()},
        "derived": found.counts,
        "allowed": dict(found.allowed),
        "from_print": dict(found.from_print),
        "uniform": [
            {"indicator": indicator, "time_period": period, **counts._asdict()}
            for (indicator, period), counts in found.uniform.items()
        ],
        "uniform_limits": dict(found.uniform_limits),
        "not_tried": list(found.not_tried),
        "files": list(found.files),
    }
    failing = len(facts) + len(left)
    return Counted(sum(found.tried[part].values()), failing, float(failing), shown, details=details)
