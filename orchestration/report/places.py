"""The areas that a report is about: what ``place=here`` and its neighbours mean in its tables and sentences.

Belongs here: finding the area of ``--county`` and ``--municipality``. Does not belong here: figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language
from orchestration.report.model import Report
from orchestration.report.printed_words import Place
from orchestration.report.values import BASIS, CODE, COUNTRY, LEVEL, YEAR, Published
from orchestration.report.writing import kept_together

COUNTRY_PLACE = Place(*COUNTRY)


@dataclass(frozen=True)
class Places:
    """``here`` has areas by their names in tables; ``names`` has the variables of chapters."""

    here: Mapping[str, Place] = field(default_factory=dict)
    names: Mapping[str, Any] = field(default_factory=dict)


def places_of(published: Published, report: Report, code: str, year: int, language: Language) -> Places:
    """Return the areas of a report.

    Raises:
        UserError: the report is about an area, and no area has the code.
    """
    if report.area == "country":
        return Places({"country": COUNTRY_PLACE})
    wanted = {LEVEL: report.area, CODE: code, YEAR: str(year), BASIS: "current"}
    rows = published.rows("areas", wanted)
    if not rows:
        there = sorted(
            {
                f"{row[CODE]} {row['unit_name']}"
                for row in published.rows("areas", {LEVEL: report.area, YEAR: str(year), BASIS: "current"})
            }
        )
        shown = ", ".join(there[:20]) + (" ..." if len(there) > 20 else "")
        raise UserError(
            f"there is no {report.area} {code!r} on today's map", place=f"--{report.area}", remedy=f"there are {shown}"
        )
    row = rows[0]
    here = Place(report.area, code, str(row["unit_name"]), "current")
    country = Place(*COUNTRY, basis="current")
    found = {"here": here, "country": country}
    names: dict[str, Any] = {"area": here.name, "size_code": row["size_group"]}
    if report.area == "municipality":
        county, on_map = str(row["county_code"]), {YEAR: str(year), BASIS: "current"}
        of = published.rows("areas", {LEVEL: "county", CODE: county, **on_map})
        # A county with only one municipality has the same figures, and is not shown beside it.
        is_alone = len(published.rows("areas", {LEVEL: "municipality", **on_map, "county_code": county})) == 1
        names["county_name"] = str(of[0]["unit_name"]) if of and not is_alone else ""
        size = in_language(published.release.label("size_group", str(row["size_group"])), language)
        names["size_name"] = kept_together(size, language)
        found["county"] = here if is_alone else Place("county", county, names["county_name"], "current")
        found["size"] = Place("size_group", str(row["size_group"]), names["size_name"], "current")
        found["kostra"] = _kostra_group(published, row["kostra_group"], language)
        names["kostra_name"] = found["kostra"].name if found["kostra"].code else ""
    return Places(found, names)


def _kostra_group(published: Published, code: str | None, language: Language) -> Place:
    """Return the KOSTRA group of a municipality; without a code if no group with figures has it."""
    level = "kostra_group"
    rows = published.rows("fte_distribution", {LEVEL: level, CODE: code, BASIS: "current"}) if code else []
    if not rows:
        return Place(level, "", in_language(published.release.label("unit_level", level), language), "current")
    return Place(level, str(code), str(rows[0]["unit_name"]), "current")
