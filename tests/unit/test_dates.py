"""Reading texts as dates."""

from __future__ import annotations

from datetime import datetime

import pytest

from orchestration.ingest.dates import DAY_NUMBER, read_date


@pytest.mark.parametrize(
    ("text", "local", "instant"),
    [
        ("2017-03-01T10:00:00.123+01:00", datetime(2017, 3, 1, 10, 0, 0, 123000), datetime(2017, 3, 1, 9, 0, 0, 123000)),
        ("2017-03-26T12:00:00+02:00", datetime(2017, 3, 26, 12), datetime(2017, 3, 26, 10)),
        ("2017-03-26T11:30:00+01:00", datetime(2017, 3, 26, 12, 30), datetime(2017, 3, 26, 10, 30)),
        ("2017-03-02T09:00:00.123456789Z", datetime(2017, 3, 2, 10, 0, 0, 123456), datetime(2017, 3, 2, 9, 0, 0, 123456)),
        ("2017-03-02 09:00:00 UTC", datetime(2017, 3, 2, 10), datetime(2017, 3, 2, 9)),
        ("2017-03-02 09:00:00 CEST", datetime(2017, 3, 2, 8), datetime(2017, 3, 2, 7)),
        ("20170302T0900", datetime(2017, 3, 2, 9), datetime(2017, 3, 2, 8)),
        ("2017-W10-3", datetime(2017, 3, 8), datetime(2017, 3, 7, 23)),
        ("2017-071T10:00", datetime(2017, 3, 12, 10), datetime(2017, 3, 12, 9)),
        ("2017-03-02T24:00:00", datetime(2017, 3, 3), datetime(2017, 3, 2, 23)),
        ("12. mars 2017 kl. 10.15", datetime(2017, 3, 12, 10, 15), datetime(2017, 3, 12, 9, 15)),
        ("12. mars 2017", datetime(2017, 3, 12), datetime(2017, 3, 11, 23)),
        ("søndag 26. Mars 2017 kl 10:15:30", datetime(2017, 3, 26, 10, 15, 30), datetime(2017, 3, 26, 8, 15, 30)),
        ("1. des. 2016, 23.59", datetime(2016, 12, 1, 23, 59), datetime(2016, 12, 1, 22, 59)),
        ("3. sept 2017", datetime(2017, 9, 3), datetime(2017, 9, 2, 22)),
        ("13. mai", datetime(2017, 5, 13), datetime(2017, 5, 12, 22)),
        ("01.04.2017 12:00", datetime(2017, 4, 1, 12), datetime(2017, 4, 1, 10)),
    ],
)
def test_dates_are_read_as_written_and_compared_as_moments(text: str, local: datetime, instant: datetime) -> None:
    moment = read_date(text, ("%d.%m.%Y %H:%M",), 2017)
    assert moment is not None
    assert (moment.local, moment.instant) == (local, instant)


@pytest.mark.parametrize("formats", [(), ("%d. %B",)])
def test_a_day_that_a_year_does_not_have_is_no_other_day(formats: tuple[str, ...]) -> None:
    assert read_date("29. February", formats, 2017) is None
    leap = read_date("29. February", formats, 2016)
    assert leap is not None
    assert leap.local == datetime(2016, 2, 29)


def test_an_hour_that_the_clock_shows_twice_is_two_moments() -> None:
    first = read_date("2017-10-29T02:30:00+02:00", (), 2017)
    second = read_date("2017-10-29T02:15:00+01:00", (), 2017)
    assert first is not None
    assert second is not None
    assert first.local > second.local
    assert first.instant < second.instant


NO_DATES = """
    3/4/2017|42807|12.03.2017|10:15|12. ma 2017|31. februar 2017|12. mars 20177|2017-03|2017|2017-13-01|0001-01-01|
    9999-12-31T23:59:59-05:00|12. mars 2017 kl. 25.00|soon|
"""


@pytest.mark.parametrize("text", [text.strip() for text in NO_DATES.split("|")])
def test_what_would_have_to_be_guessed_is_no_date(text: str) -> None:
    assert read_date(text, (), 2017) is None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("42807", datetime(2017, 3, 13)),
        ("42807.5", datetime(2017, 3, 13, 12)),
        ("42807,75", datetime(2017, 3, 13, 18)),
        ("13. mars 2017", datetime(2017, 3, 13)),
        ("nan", None),
        ("1e300", None),
    ],
)
def test_day_numbers_of_a_spreadsheet_are_dates_where_the_form_says_so(text: str, date: datetime | None) -> None:
    moment = read_date(text, (DAY_NUMBER,), 2017)
    assert (moment and moment.local) == date
