"""Reads the dates of submissions: the formats that a form states, ISO 8601, and written Norwegian.

Belongs here: reading a text as a date, and as a moment that can be compared with others. Does not belong here: which
submission counts (SQL), or cells that are not dates.

ISO 8601 is read by the standard library. An ambiguous text, such as 3/4/2017, is not a date unless the form states its
format.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# A time without a zone is local time of the units.
HOME = ZoneInfo("Europe/Oslo")

# The format that a form states where dates are day numbers of a spreadsheet.
DAY_NUMBER = "day_number"
_DAY_ZERO = datetime(1899, 12, 30)

_MONTHS = (
    ("januar", "january"),
    ("februar", "february"),
    ("mars", "march"),
    ("april",),
    ("mai", "may"),
    ("juni", "june"),
    ("juli", "july"),
    ("august",),
    ("september",),
    ("oktober", "october"),
    ("november",),
    ("desember", "december"),
)
# 12. mars 2017 kl. 10.15, with or without the name of the day, the year and the time.
_WRITTEN = re.compile(
    r"(?:(?:man|tirs|ons|tors|fre|lør|laur|søn|sun)dag,? )?"
    r"(?P<day>\d{1,2})[. -]*(?P<month>[a-z]{3,9})\.?(?:[., -]*(?P<year>\d{4}))?"
    r"(?:[, -]*(?:kl\.? ?)?(?P<hour>\d{1,2})[.:](?P<minute>\d{2})(?:[.:](?P<second>\d{2})(?:[.,]\d+)?)?)?",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"(\d{4})-?(\d{3})(T.*)?")
_ZONE_NAMES = {"UTC": "+00:00", "GMT": "+00:00", "CET": "+01:00", "CEST": "+02:00"}


@dataclass(frozen=True)
class Moment:
    """A date in local time of the units, and the same as a moment."""

    local: datetime
    instant: datetime
    """In UTC, without a zone: used to compare two submissions."""


def _moment(date: datetime) -> Moment:
    """Return a date with or without zone as a moment."""
    aware = date if date.tzinfo is not None else date.replace(tzinfo=HOME)
    local = date if date.tzinfo is None else date.astimezone(HOME)
    return Moment(local.replace(tzinfo=None), aware.astimezone(UTC).replace(tzinfo=None))


def _stated(text: str, formats: Sequence[str], year: int) -> datetime | None:
    """Return a date of one of the formats that the form states; without a year it is of ``year``."""
    for pattern in formats:
        has_year = any(part in pattern for part in ("%Y", "%y", "%G", "%x", "%c"))
        try:
            if pattern == DAY_NUMBER:
                return _DAY_ZERO + timedelta(seconds=round(float(text.replace(",", ".")) * 86_400))
            # The year comes first, because 29 February does not exist in the year that strptime assumes.
            return datetime.strptime(text, pattern) if has_year else datetime.strptime(f"{year} {text}", f"%Y {pattern}")
        except (ValueError, OverflowError):
            continue
    return None


def _iso(text: str, _: int) -> datetime | None:
    """Return a date of ISO 8601: with parts of a second to any number of digits, zones, weeks, days of the year, 24:00."""
    name = text.rsplit(" ", 1)[-1]
    if name in _ZONE_NAMES:
        text = text.removesuffix(name).rstrip() + _ZONE_NAMES[name]
    ordinal = _ORDINAL.fullmatch(text)
    try:
        if ordinal:
            text = f"{datetime.strptime(ordinal[1] + ordinal[2], '%Y%j'):%Y-%m-%d}{ordinal[3] or ''}"
        midnight = re.sub(r"(?<=[T ])24(?=(:?00)+(\D|$))", "00", text)
        return datetime.fromisoformat(midnight) + timedelta(days=midnight != text)
    except (ValueError, OverflowError):
        return None


def _written(text: str, year: int) -> datetime | None:
    """Return a date whose month is a word; without a year it is of ``year``."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    word = found["month"].lower()
    months = [number for number, names in enumerate(_MONTHS, 1) if any(name.startswith(word) for name in names)]
    if len(months) != 1 and word != "sept":
        return None
    day, hour, minute, second = (int(found[part] or 0) for part in ("day", "hour", "minute", "second"))
    try:
        return datetime(int(found["year"] or year), months[0], day, hour, minute, second)
    except ValueError:
        return None


@lru_cache(maxsize=100_000)
def read_date(text: str, formats: tuple[str, ...], year: int) -> Moment | None:
    """Return a delivered text as a date, or None where it is not a date.

    Args:
        text: as delivered.
        formats: the formats that the form states, as in strptime, or ``day_number``; they are tried first.
        year: the year for a date without one.
    """
    plain = " ".join(text.split())
    readers: tuple[Callable[[str, int], datetime | None], ...] = (
        lambda each, of_year: _stated(each, formats, of_year),
        _iso,
        _written,
    )
    for reader in readers:
        date = reader(plain, year)
        if date is not None:
            try:
                return _moment(date)
            except (ValueError, OverflowError):
                return None
    return None
