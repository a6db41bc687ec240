"""Profiles of the cells of delivered columns, and the likeness of two columns by their profiles.

Belongs here: the kind of cells (numbers, codes, ticks, texts), their shares, and the comparison of two columns in figures
and words. Does not belong here: reading cells (``ingest.cell_proposals``), or other evidence for a match (``likeness``). A
text that is not a code is never shown: it may be a unit's own words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.forms.missing_values import number
from orchestration.forms.model import code_text, header, tick_text

TEXTS = load_texts("forms", "likeness")

Kind = Literal["number", "code", "tick", "text", "empty"]

MOST_CODES = 12
_LONGEST_CODE = 40
# Average number of cells per code; below this a text may be one unit's own word.
_FEWEST_EACH = 3
_MOSTLY = 0.9
_CODES_SHOWN = 6
_TICKS = ({"1"}, {"0", "1"}, {"x"}, {"true"}, {"false", "true"}, {"sann", "usann"})
# With fewer filled cells than this a share says little.
FEWEST_CELLS = 5
# With fewer than this, shares of codes and means are compared but not shown: they might be the answers of a few units.
FEWEST_SHOWN = 20
# From the first on two columns are alike, below the second unlike; in between their cells are no evidence.
ALIKE, UNLIKE = 0.5, 0.25


@dataclass(frozen=True)
class Profile:
    """The rows of data of a column, and how many cells hold each text; blank cells are not counted."""

    rows: int
    counts: Mapping[str, int] = field(default_factory=dict)
    is_free: bool = False
    """Whether the column is free text by the code book."""

    def __add__(self, other: Profile) -> Profile:
        """Return the combined profile of a column in two files."""
        counts = dict(Counter(self.counts) + Counter(other.counts))
        return Profile(self.rows + other.rows, counts, self.is_free or other.is_free)

    @cached_property
    def cells(self) -> int:
        """Number of filled cells."""
        return sum(self.counts.values())

    @property
    def share_filled(self) -> float:
        """Share of filled rows."""
        return self.cells / self.rows if self.rows else 0.0

    @cached_property
    def counted(self) -> Counter[str]:
        """Number of cells of each text, as codes are compared."""
        found: Counter[str] = Counter()
        for text, count in self.counts.items():
            found[code_text(header(text))] += count
        return found

    @cached_property
    def codes(self) -> Mapping[str, float]:
        """Share of each text among the filled cells, as codes are compared; the most frequent first."""
        return {code: count / self.cells for code, count in self.counted.most_common()}

    @cached_property
    def numbers(self) -> Sequence[tuple[float, int]]:
        """The numbers in order, each with its cells."""
        found: Counter[float] = Counter()
        for text, count in self.counts.items():
            value = number(text)
            if value is not None:
                found[value] += count
        return sorted(found.items())

    @cached_property
    def mean(self) -> float | None:
        """Mean of the numbers."""
        cells = sum(count for _, count in self.numbers)
        return sum(value * count for value, count in self.numbers) / cells if cells else None

    @cached_property
    def kind(self) -> Kind:
        """What the cells hold."""
        if not self.cells:
            return "empty"
        if any({tick_text(code) for code in self.codes} == each for each in _TICKS):
            return "tick"
        few = len(self.codes) <= MOST_CODES and self.cells >= _FEWEST_EACH * len(self.codes)
        if sum(count for _, count in self.numbers) >= _MOSTLY * self.cells:
            return "code" if few and all(value.is_integer() for value, _ in self.numbers) else "number"
        # A word in only one or two cells may be one unit's own.
        are_codes = all(len(code) <= _LONGEST_CODE and self.counted[code] >= _FEWEST_EACH for code in self.codes)
        return "code" if few and not self.is_free and are_codes else "text"

    def quantile(self, share: float) -> float:
        """Return the number below which this share of the numbers that are not 0 lies."""
        numbers = [(value, count) for value, count in self.numbers if value]
        left = share * sum(count for _, count in numbers)
        for value, count in numbers:
            left -= count
            if left <= 0:
                return value
        return numbers[-1][0] if numbers else 0.0

    @property
    def share_nil(self) -> float:
        """Share of the rows that hold 0 or nothing."""
        nil = sum(count for value, count in self.numbers if not value)
        return (self.rows - self.cells + nil) / self.rows if self.rows else 1.0

    def shown(self) -> Label:
        """Describe what the cells show."""
        summary: dict[str, Label | str] = {"kind": TEXTS[self.kind], "filled": _percent(self.share_filled)}
        if self.kind == "number" and self.mean is not None and _may_be_shown(self):
            return filled(TEXTS["seen_numbers"], **summary, mean=_short(self.mean))
        if self.kind in {"code", "tick"}:
            return filled(TEXTS["seen_codes"], **summary, codes=_listed(self.codes))
        return filled(TEXTS["seen"], **summary)


def describe_kind(kind: str) -> Label:
    """Describe cells of a kind."""
    return TEXTS[kind]


def alike(now: Profile, before: Profile) -> float | None:
    """Return how alike the cells of two columns are, from 0 to 1; None where too few are filled for a comparison."""
    if min(now.rows, before.rows) < FEWEST_CELLS or max(now.cells, before.cells) < FEWEST_CELLS:
        return None
    if not _is_comparable(now, before):
        return 0.0
    if "number" in {now.kind, before.kind}:
        score = _numbers_alike(now, before)
    else:
        score = _texts_alike(now, before) if now.kind == "text" else _codes_alike(now, before)
    return score * (1 - abs(now.share_filled - before.share_filled))


def compared(now: Profile, before: Profile, column: str) -> Label:
    """Describe how the cells of a column are like or unlike those of last year's column ``column``."""
    kinds = now.kind, before.kind
    if not _is_comparable(now, before):
        return filled(TEXTS["other_kind"], kind=TEXTS[now.kind], before=TEXTS[before.kind], column=column)
    if "number" in kinds:
        comparison = filled(TEXTS["numbers"], column=column)
        if _may_be_shown(now, before):
            comparison = joined(comparison, filled(TEXTS["means"], now=_short(now.mean), before=_short(before.mean)))
    elif now.kind == "text":
        comparison = filled(TEXTS["texts"], column=column)
    elif kinds == ("tick", "tick"):
        comparison = filled(TEXTS["ticks"], column=column)
    else:
        comparison = _of_codes(now, before, column)
    shares = {"now": _percent(now.share_filled), "before": _percent(before.share_filled)}
    return joined(comparison, filled(TEXTS["filled"], **shares))


def _is_comparable(now: Profile, before: Profile) -> bool:
    """Whether two columns may hold the same kind of thing: a small number may look like a code or a tick."""
    if now.kind == before.kind:
        return now.kind != "empty"
    digits = [each.kind != "text" and all(number(code) is not None for code in each.codes) for each in (now, before)]
    return all(digits) and "empty" not in {now.kind, before.kind}


def _near(one: float, other: float) -> float:
    """Return how close two sizes are, from 0 to 1."""
    if one == other:
        return 1.0
    if min(one, other) <= 0:
        return 0.0
    return math.sqrt(min(one, other) / max(one, other))


def _numbers_alike(now: Profile, before: Profile) -> float:
    nil = 1 - abs(now.share_nil - before.share_nil)
    sizes = [_near(now.quantile(share), before.quantile(share)) for share in (0.25, 0.5, 0.75, 0.95)]
    sizes.append(_near(now.mean or 0.0, before.mean or 0.0))
    whole = [sum(count for value, count in each.numbers if value.is_integer()) / each.cells for each in (now, before)]
    return nil**2 * sum(sizes) / len(sizes) * (1 - abs(whole[0] - whole[1]) / 2)


def _texts_alike(now: Profile, before: Profile) -> float:
    lengths = [sum(len(text) * count for text, count in each.counts.items()) / each.cells for each in (now, before)]
    variety = [len(each.codes) / each.cells for each in (now, before)]
    shared = sum(min(share, before.codes.get(code, 0.0)) for code, share in now.codes.items())
    return (_near(*lengths) * (1 - abs(variety[0] - variety[1])) + shared) / 2 + shared * (1 - shared) / 2


def _codes_alike(now: Profile, before: Profile) -> float:
    shared = sum(min(share, before.codes.get(code, 0.0)) for code, share in now.codes.items())
    sets = len(now.codes.keys() & before.codes.keys()) / len(now.codes.keys() | before.codes.keys())
    return shared * (0.5 + sets / 2)


def _may_be_shown(*profiles: Profile) -> bool:
    return all(profile.cells >= FEWEST_SHOWN for profile in profiles)


def _of_codes(now: Profile, before: Profile, column: str) -> Label:
    if now.codes.keys() == before.codes.keys():
        comparison = filled(TEXTS["codes_same"], codes=_listed(now.codes), column=column)
    else:
        comparison = filled(TEXTS["codes_other"], codes=_listed(now.codes), before=_listed(before.codes), column=column)
    code, share = next(iter(now.codes.items()))
    if code not in before.codes or not _may_be_shown(now, before):
        return comparison
    shares = {"now": _percent(share), "before": _percent(before.codes[code])}
    return joined(comparison, filled(TEXTS["share"], **shares, code=code))


def _listed(codes: Mapping[str, float]) -> str:
    ranked = sorted(codes, key=lambda code: (number(code) is None, number(code) or 0.0, code))
    return ", ".join(ranked[:_CODES_SHOWN]) + (", ..." if len(ranked) > _CODES_SHOWN else "")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _short(value: float | None) -> Label:
    text = "-" if value is None else f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return Label(nb=text.replace(".", ","), en=text)


def joined(*labels: Label) -> Label:
    """Return several remarks in one line."""
    return Label(nb="; ".join(label.nb for label in labels), en="; ".join(label.en for label in labels))
