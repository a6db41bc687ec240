"""Texts and ranges that mean "no answer", as forms and delivered files state them.

Belongs here: how such a statement is written (``998;900..999;..-1``) and how two statements differ. Does not belong here:
which statement holds for a cell (``ingest.declared_values`` and the models of cells).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from orchestration.forms.model import ColumnMap, Form, code_text

_NUMBER = r"-?[0-9]+(?:[.,][0-9]+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")
_THOUSANDS = re.compile(r"(?<=[0-9])[ \u00a0\u2009\u202f](?=[0-9]{3})")


def number(text: str) -> float | None:
    """Return the number that a text of a cell is, or None; the minus sign may be a hyphen or the sign itself."""
    plain = _THOUSANDS.sub("", text.strip()).replace("\u2212", "-")
    return float(plain.replace(",", ".")) if re.fullmatch(_NUMBER, plain) else None


def _written(value: float) -> str:
    return "" if math.isinf(value) else str(int(value)) if value.is_integer() else repr(value)


@dataclass(frozen=True)
class MissingValues:
    """A set of texts, and of ranges of numbers with both ends; the ranges are in order and do not overlap."""

    texts: frozenset[str] = frozenset()
    ranges: tuple[tuple[float, float], ...] = ()

    @classmethod
    def of(cls, texts: Iterable[str], ranges: Iterable[tuple[float, float]] = ()) -> MissingValues:
        """Return the set of these texts and ranges; a text within a range adds nothing.

        Args:
            texts: codes as written in cells.
            ranges: lowest and highest number; an open end is infinite.
        """
        joined: list[tuple[float, float]] = []
        for low, high in sorted(ranges):
            if joined and low <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
            else:
                joined.append((low, high))
        within = cls(ranges=tuple(joined))
        codes = {code_text(text) for text in texts}
        return cls(frozenset(code for code in codes if code and code not in within), tuple(joined))

    @classmethod
    def parse(cls, parts: Iterable[str]) -> MissingValues:
        """Return the set that a form states: texts, and ranges such as ``900..999``, ``..-1`` and ``900..``.

        Raises:
            ValueError: a range ends before it begins.
        """
        texts, ranges = [], []
        for part in map(str.strip, parts):
            found = _RANGE.fullmatch(part)
            if found is None or not (found[1] or found[2]):  # ".." alone is a sign that tables use
                texts.append(part)
                continue
            low, high = (math.nan if end is None else number(end) or 0.0 for end in found.groups())
            low, high = -math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high
            if low > high:
                raise ValueError(f"the range {part} ends before it begins")
            ranges.append((low, high))
        return cls.of(texts, ranges)

    @classmethod
    def stated(cls, form: Form, column: ColumnMap) -> MissingValues:
        """Return what a form states for a column: its own missing values, and those of every column of numbers."""
        return cls.parse([*column.missing.split(";"), *(form.numbers.missing if column.type == "number" else ())])

    def __bool__(self) -> bool:
        """Whether the set is not empty."""
        return bool(self.texts or self.ranges)

    def __contains__(self, text: str) -> bool:
        """Whether a cell with this text is missing."""
        value = number(text) if self.ranges else None
        return code_text(text) in self.texts or (
            value is not None and any(low <= value <= high for low, high in self.ranges)
        )

    def __or__(self, other: MissingValues) -> MissingValues:
        """Return the union of two sets."""
        return MissingValues.of(self.texts | other.texts, self.ranges + other.ranges)

    def __str__(self) -> str:
        """Return the set as a form writes it."""
        codes = sorted(self.texts, key=lambda text: (number(text) is None, number(text) or 0.0, text))
        return ";".join([*codes, *(f"{_written(low)}..{_written(high)}" for low, high in self.ranges)])
