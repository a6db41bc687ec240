"""Mistakes of an author in a chapter are reported with the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.report.sentences import Chapters
from orchestration.report.vocabulary import Vocabulary
from tests.unit.report_kit import answer, area, fte, round_of

ROWS = {
    "fte_by_service": [fte(2016, 10.0), fte(2016, 4.0, target_group="adults", service_type="home_ambulatory")],
    "indicator_shares": [
        answer("yes", 4),
        answer("yes", 4, item="mental_health", indicator="grid"),
        answer("yes", 2, item="substance", indicator="grid"),
    ],
    "areas": [area("county", "50", "Trøndelag"), area("size_group", "ge50000", "Store")],
}


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ('{{ share("grid") }}', "grid has no item 'all'", "name one: mental_health, substance"),
        ('{{ share("grid", item="substanse") }}', "no item 'substanse'; nearest is 'substance'", "name one"),
        ('{{ share("crisis_plan", county="Trondelag") }}', "'Trondelag' in 2016; nearest is 'Trøndelag'", "correct it"),
        ('{{ share("crisis_plan", size="ge5000") }}', "size_group ge5000; nearest is 'ge50000'", "correct it"),
        ('{{ share("crisis_plan", sise="ge50000") }}', "do not take 'sise'; nearest is 'size'", "docs/run/reports.md"),
        ("{{ fte(year, decimal=1) }}", "do not take 'decimal'; nearest is 'decimals'", "docs/run/reports.md"),
        ('{{ fte(year, service="home_ambulatory") }}', "for adults or for children", "name the group"),
        (
            '{{ label("size_grup", "ge50000") }}',
            "'size_grup' has no 'ge50000'; nearest is 'size_group'",
            "docs/run/reports.md",
        ),
        ('{{ label("size_group", "ge5000") }}', "no 'ge5000'; nearest is 'ge50000'", "docs/run/reports.md"),
        ("{{ above_or_below(fte(year), 5) }}", "only two values can be compared", "give two words"),
        ("{{ table(by_size) }}", "there is no word 'by_size'", "put the key of a table in quotation marks"),
    ],
)
def test_what_is_wrong_is_reported_with_the_nearest_and_what_to_do(text: str, what: str, remedy: str) -> None:
    of = round_of(ROWS)
    of.published.connection.execute("insert into indicators (indicator) values ('grid')")
    chapters = Chapters(of, Vocabulary(of), {}, {"by_size": "runden har ingen tall for den"})
    with pytest.raises(UserError) as error:
        chapters.render(Path("kapittel.md"), f"\n{text}", "kapittel.md")
    assert what in error.value.what
    assert remedy in error.value.remedy
    assert error.value.place == "kapittel.md, line 2"
