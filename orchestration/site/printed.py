"""Points of a series that only a printed report has, described in words below the figure they belong to.

Belongs here: reading ``printed_points``. Does not belong here: which points there are (dbt), or drawing: a printed point may
be measured differently from the others, so no line leads to it.
"""

from __future__ import annotations

from collections import defaultdict

import duckdb

from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import joined
from orchestration.site import formats

TEXTS = load_texts("site", "pages")

# Codes for a single item, or for all.
PLAIN = ("all", "total")


def read_printed(connection: duckdb.DuckDBPyConnection, release: Release) -> dict[str, list[Label]]:
    """Describe, by indicator or FTE table, what reports print about the country for years that the deliveries lack."""
    found: dict[str, list[Label]] = defaultdict(list)
    for indicator, year, unit, value, decimals, *codes in connection.execute(
        "select indicator, time_period, unit, value, greatest(decimals, 0), item, answer, target_group, category"
        " from printed_points where unit_level = 'country' order by all"
    ).fetchall():
        lists = ("item", "answer", "target_group", "service_type")
        labels = [
            release.label(name, code)
            for name, code in zip(lists, codes, strict=True)
            if code is not None and code not in PLAIN
        ]
        number_text = formats.written_percent(value, decimals)
        if unit != "percent":
            number, counted = formats.written(value, decimals), release.label("unit_of_measure", unit)
            number_text = Label(nb=f"{number.nb} {counted.nb}", en=f"{number.en} {counted.en}")
        found[indicator].append(filled(TEXTS["printed_point"], year=year, number=joined([*labels, number_text], ", ")))
    return dict(found)
