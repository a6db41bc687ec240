"""Points of a series that only a printed report has, described in words below the figure they belong to.

Belongs here: reading ``printed_points``. Does not belong here: which points there are (dbt), or drawing: a printed point may
be measured differently from the others, so no line leads to it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import duckdb

from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import joined
from orchestration.site import formats

TEXTS = load_texts("site", "pages")

# Codes for a single item, or for all.
PLAIN = ("all", "total")

# The dimension by which an FTE table divides its figures, where it is not the service.
DIVIDED_BY = {"fte_by_education": "education", "fte_by_pathway": "pathway"}


@dataclass(frozen=True)
class PrintedPoint:
    """A printed figure in words; ``part_of`` is the dimension whose category it is about, None if about all of them."""

    text: Label
    part_of: str | None = None


def read_printed(connection: duckdb.DuckDBPyConnection, release: Release) -> dict[str, list[PrintedPoint]]:
    """Describe, by indicator or FTE table, what reports print about the country for years that the deliveries lack.

    A figure that several printed tables have is described once.
    """
    found: dict[str, dict[PrintedPoint, None]] = defaultdict(dict)
    for indicator, year, unit, value, decimals, *codes in connection.execute(
        "select indicator, time_period, unit, value, greatest(decimals, 0), item, answer, target_group, category"
        " from printed_points where unit_level = 'country' order by all"
    ).fetchall():
        divided_by = DIVIDED_BY.get(indicator, "service_type")
        lists = ("item", "answer", "target_group", divided_by)
        labels = [
            release.label(name, code)
            for name, code in zip(lists, codes, strict=True)
            if code is not None and code not in PLAIN
        ]
        number_text = formats.written_percent(value, decimals)
        if unit != "percent":
            number, counted = formats.written(value, decimals), release.label("unit_of_measure", unit)
            number_text = Label(nb=f"{number.nb} {counted.nb}", en=f"{number.en} {counted.en}")
        text = filled(TEXTS["printed_point"], year=year, number=joined([*labels, number_text], ", "))
        part_of = divided_by if codes[-1] is not None and codes[-1] not in PLAIN else None
        found[indicator][PrintedPoint(text, part_of)] = None
    return {indicator: list(points) for indicator, points in found.items()}
