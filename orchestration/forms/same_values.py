"""Whether a column of a delivery holds, unit by unit, what another column held in an earlier version of the same delivery.

Belongs here: finding which rows of two versions belong together, and the share of cells that are the same. Does not belong
here: reading versions (``ingest.earlier_columns``), and matching columns (``renamed_columns``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import TypeAlias

from orchestration.forms.model import code_text, header
from orchestration.forms.profiles import FEWEST_CELLS

Place: TypeAlias = tuple[str, int]
"""File and row of a cell."""
Texts: TypeAlias = Mapping[Place, str]
"""The filled cells of a column."""

# A column identifies rows if the first share of its cells is unique, and matches rows if the second share is in both
# versions.
_MOSTLY = 0.9
_FOUND_AGAIN = 0.5
# Fewest informative cells: even a few equal cells, row by row, are not chance.
_FEWEST_DISTINCTIVE = 3


def _plain(texts: Texts) -> dict[Place, str]:
    return {place: code_text(header(text)) for place, text in texts.items()}


def _alone(texts: Mapping[Place, str]) -> dict[str, Place]:
    """Return the place of each text that occurs once; nothing where too few do to identify rows."""
    counts = Counter(texts.values())
    found = {text: place for place, text in texts.items() if counts[text] == 1}
    return found if len(found) >= FEWEST_CELLS and len(found) >= _MOSTLY * len(texts) else {}


def same_rows(
    now: Mapping[str, Mapping[Place, str]], before: Mapping[str, Mapping[Place, str]], pairs: Collection[tuple[str, str]]
) -> dict[Place, Place]:
    """Return the row of the earlier version for each row, by the pair of columns that matches most rows.

    Args:
        now: the columns of the delivery.
        before: those of the earlier version.
        pairs: columns, now and before, that may be the same.
    """
    ones_now = {name: _alone(now[name]) for name in {name for name, _ in pairs}}
    ones_before = {name: _alone(before.get(name, {})) for name in {name for _, name in pairs}}
    best: dict[Place, Place] = {}
    for name, name_before in sorted(pairs):
        keys, keys_before = ones_now[name], ones_before[name_before]
        shared = keys.keys() & keys_before.keys()
        if len(shared) >= max(_FOUND_AGAIN * max(len(keys), 1), len(best) + 1):
            best = {keys[key]: keys_before[key] for key in shared}
    return best


def _usual(texts: Mapping[Place, str], rows: Collection[Place]) -> str:
    counts = Counter(texts.get(row, "") for row in rows)
    return max(sorted(counts), key=lambda text: counts[text])


def same_values(
    now: Mapping[str, Texts], before: Mapping[str, Texts], new: Collection[str], missing: Collection[str]
) -> dict[tuple[str, str], float]:
    """Return the share of equal cells for each pair of a new header and a missing one, where it is informative.

    A cell with the most frequent value of its column is not informative: many columns are empty or 0 for most units.

    Args:
        now: the columns of the delivery.
        before: those of the earlier version.
        new: headers that are new.
        missing: headers of the earlier version that were not delivered.
    """
    plain_now, plain_before = ({name: _plain(texts) for name, texts in each.items()} for each in (now, before))
    there = [name for name in missing if plain_before.get(name)]
    known = [(name, name) for name in plain_now if name in plain_before and name not in new]
    rows = same_rows(plain_now, plain_before, {*known, *((name, other) for name in new for other in there)})
    usual = {name: _usual(plain_before[name], [*rows.values()]) for name in there} if rows else {}
    found: dict[tuple[str, str], float] = {}
    for name in new:
        texts = plain_now.get(name, {})
        for other in usual:
            both = [(texts.get(row, ""), plain_before[other].get(row_before, "")) for row, row_before in rows.items()]
            distinctive = [(one, last) for one, last in both if {one, last} != {usual[other]}]
            if len(distinctive) >= _FEWEST_DISTINCTIVE:
                found[name, other] = sum(one == last for one, last in distinctive) / len(distinctive)
    return found
