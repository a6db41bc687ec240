"""Labels of the rows and columns of a table, in the language of the report.

They come from the code lists of the snapshot, the catalogue of indicators, and, for words of print that no code list has,
``texts/labels.yml``. Does not belong here: titles and heads that authors write.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from orchestration.core.language import Language, in_language
from orchestration.core.texts import load_groups
from orchestration.report.printed_words import Place
from orchestration.report.values import BASIS, CODE, LEVEL, PARTS, Published
from orchestration.report.writing import kept_together

GROUPS = load_groups("report", "labels")

# Dimensions in which one word of print represents several codes.
WORDS_OF_PRINT = ("provider", "stay_type")

# What a column may measure.
MEASURES = frozenset(GROUPS["measures"])

# The code list of each dimension of print.
CODELISTS = {
    "measure_type": "service_type",
    "education": "education",
    "pathway": "pathway",
    "target_group": "target_group",
    "size_group": "size_group",
    "health_region": "health_region",
    "answer": "answer",
    "place_type": "answer",
    "stay_type": "answer",
    "provider": "answer",
    "reporting_form": "reporting_form",
    "person_category": "person_category",
    "user_group": "item",
    "service": "item",
    "centre": "item",
}


class Labels:
    """Labels in one language."""

    def __init__(self, published: Published, language: Language, places: Mapping[str, Place] | None = None) -> None:
        self._published, self._language = published, language
        self._places = places or {}

    def code(self, codelist: str, code: str) -> str:
        """Return the label of a code of a code list."""
        return kept_together(in_language(self._published.release.label(codelist, code), self._language), self._language)

    def of(self, dimension: str, code: str) -> str:
        """Return the label of a code of a dimension; the code itself if it is a name."""
        own = GROUPS["codes"].get(f"{dimension}_{code}") or (GROUPS["codes"].get(code) if dimension != "year" else None)
        if own is not None:
            return in_language(own, self._language)
        if dimension == "place" and code in self._places:
            place = self._places[code]
            return place.name or self.code("unit_level", place.level)
        if dimension == "municipality":
            return self._municipalities.get(code, code)
        if dimension == "municipality_no":
            return self._units.get(code, code)
        if dimension == "question":
            return self._indicators.get(code, code)
        return self.code(CODELISTS[dimension], code) if dimension in CODELISTS else code

    def known(self, dimension: str) -> frozenset[str] | None:
        """Return the codes that a dimension may have; None if they are names, or no list has them."""
        own = {name.removeprefix(f"{dimension}_") for name in GROUPS["codes"]} | {"total"}
        if dimension == "place":
            return frozenset(self._places)
        if dimension in CODELISTS and dimension not in WORDS_OF_PRINT:
            return frozenset(self._published.release.codes.get(CODELISTS[dimension], {})) | own
        return None

    def dimension(self, name: str) -> str:
        """Return the heading over the labels of rows."""
        found = GROUPS["dimensions"].get(name)
        return in_language(found, self._language) if found is not None else ""

    def measure(self, name: str, decimals: int) -> str:
        """Return the label of a measure; amounts that are rounded to thousands are shown in thousands."""
        found = GROUPS["measures"].get(f"{name}_thousands" if decimals < 0 else name) or GROUPS["measures"][name]
        return in_language(found, self._language)

    @cached_property
    def _municipalities(self) -> Mapping[str, str]:
        rows = self._published.rows("areas", {LEVEL: "municipality", BASIS: "current"})
        return {str(row[CODE]): str(row["unit_name"]) for row in rows}

    @cached_property
    def _units(self) -> Mapping[str, str]:
        """Names by code, of municipalities (with their codes, as names can repeat) and of parts that report separately."""
        found: dict[str, str] = {}
        for level in ("municipality", *PARTS):
            for row in self._published.rows("areas", {LEVEL: level, BASIS: "reported"}):
                code, name = str(row[CODE]), str(row["unit_name"])
                found[code] = f"{code} {name}" if level == "municipality" else name
        return found

    @cached_property
    def _indicators(self) -> Mapping[str, str]:
        column = "label_nb" if self._language == "nb" else "label_en"
        return {str(row["indicator"]): str(row[column]) for row in self._published.rows("indicators", {})}
