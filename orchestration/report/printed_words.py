"""Cells of tables in the words of the printed reports: from measure, dimensions and year to quantities of published cells.

The words are those of ``data/published``: tables of a report are declared like the figures that are compared with print.
Belongs here: which published cells a printed measure is made of. Does not belong here: layout and labels (``tables``), or
anything about one table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from orchestration.core.suggestions import suggest
from orchestration.ingest.data_packages import read_rows
from orchestration.report.values import (
    BASIS,
    CODE,
    COUNTRY,
    LEVEL,
    PARTS,
    YEAR,
    Cell,
    Published,
    Quantity,
    ReportError,
    Term,
    plain,
)

TOTAL = "total"
# Dimensions that choose the area, with the level that they choose.
AREA_DIMENSIONS = ("municipality_no", "municipality", "hf_area", "health_region", "size_group", "county", "place")
# Dimensions that are rows of a grid of questions.
ITEM_DIMENSIONS = (
    *("service", "user_group", "centre", "competence", "source_of_competence", "reason", "challenge"),
    *("housing_type", "partner", "measure"),
)
AGES = {"0_17": "children", "18_plus": "adults"}
POPULATIONS = {"children": "population_under_18", "adults": "population_18_plus", TOTAL: "population"}
UNIT_COUNTS = {
    "municipalities": "units_municipalities",
    "with_districts": "units_with_districts",
    "with_agencies": "units_with_agencies",
}
# The distribution of FTE per 10 000 inhabitants among municipalities: a box, its whiskers, and counts of municipalities.
DISTRIBUTION = {
    "municipalities_of_area": "n_municipalities",
    "municipalities_with_rate": "n_units",
    "rate_lowest": "lower_whisker",
    "rate_lower_quartile": "quartile_1",
    "rate_median": "median",
    "rate_upper_quartile": "quartile_3",
    "rate_highest": "upper_whisker",
}
DISTRIBUTED = ("country", "county", "size_group", "kostra_group")
EXPECTED = "expected_share_of_municipalities"
WITHOUT_DISTRICTS = "without_districts"
DISTRICTS = ("size_group", "oslo_districts")
FTE_KINDS = {
    "measure_type": ("fte_by_service", "service_type"),
    "education": ("fte_by_education", "education"),
    "pathway": ("fte_by_pathway", "pathway"),
}
# All ticks of a question; an answer that combines several answers is not counted in addition to its parts.
TICKS = "all_ticks"
NOT_COMPARABLE, WITH_CORRECTION = "not_comparable", "with_correction"


class NotComparableError(ReportError):
    """A change between two years that cannot be compared."""


@dataclass(frozen=True)
class Place:
    """An area for which figures are shown: its level, code and name, and its map (``basis``)."""

    level: str
    code: str
    name: str = ""
    basis: str = "reported"

    def columns(self) -> dict[str, str]:
        """Return the values of the columns that select the area in a table."""
        return {LEVEL: self.level, CODE: self.code, BASIS: self.basis}


@dataclass
class PrintedWords:
    """Translates words of print, for one published snapshot.

    ``terms`` has codes by dimension and printed code; ``areas`` has codes of areas by level and printed name;
    ``answer_groups`` has indicator and answer of the answers that combine others; ``indicators`` has every indicator of the
    inputs, also those of rounds that were not delivered; ``places`` has the areas that the dimension ``place`` can name.
    """

    published: Published
    terms: Mapping[tuple[str, str], str]
    areas: Mapping[tuple[str, str], str]
    answer_groups: frozenset[tuple[str, str]]
    indicators: frozenset[str] = frozenset()
    places: Mapping[str, Place] = field(default_factory=dict)

    def known_indicators(self) -> list[str]:
        """Return every indicator of the inputs, and those of the snapshot: a round may lack what others asked."""
        asked = {str(row["indicator"]) for row in self.published.rows("indicators", {})}
        return sorted(asked | self.indicators)

    def quantity(
        self, measure: str, dimensions: Mapping[str, str], year: int, unit_set: str = "", base: str = ""
    ) -> Quantity:
        """Return the quantity of a printed cell.

        Args:
            measure: in the words of print.
            dimensions: likewise; ``from_year`` for changes, ``survey_year`` if it is not the year of the figure.
            year: of the figure.
            unit_set: the units that a table counts, if the dimensions do not say.
            base: the base of percentages, if not the question's own: answered or all.

        Raises:
            ReportError: no published cell has it.
        """
        if measure in ("population", "share_of_population"):
            return self._population(measure, dimensions, year)
        if "reporting_form" in dimensions and "question" not in dimensions:
            return self._reporting_form(measure, dimensions, year)
        if "distribution" in dimensions and measure == "municipalities":
            column = "units_answered" if dimensions["distribution"] == "pathways" else "units_total"
            return Quantity(
                plain(self._fte("fte_by_pathway", TOTAL, _group(dimensions), self.area(dimensions, year), year, column))
            )
        if dimensions.get("question") == "fte_by_pathway":
            area = self.area(dimensions, year)
            cells = [
                self._fte("fte_by_pathway", TOTAL, _group(dimensions), area, year, f"units_{each}")
                for each in ("answered", "total")
            ]
            return Quantity(plain(cells[0]), plain(cells[1]), 100)
        if measure in ("municipalities", "share_of_municipalities") and "question" not in dimensions:
            return self._unit_count(measure, dimensions, year, unit_set)
        if measure == "fte_change_real_percent":
            key = {
                "time_period_from": dimensions["from_year"],
                "time_period_to": str(year),
                "target_group": _group(dimensions),
            }
            return Quantity(plain(self.published.cell("real_change", "real_change_percent", key)))
        if measure in DISTRIBUTION:
            return self._distribution(measure, dimensions, year)
        if measure.startswith("user_involvement"):
            return self._amount(measure, dimensions, year)
        if measure in ("persons_estimate", "assumed_persons_per_municipality"):
            column = "weight" if measure.startswith("assumed") else "persons_main"
            key = {"indicator": dimensions["question"], YEAR: str(year), "category": dimensions["person_category"]}
            return Quantity(plain(self.published.cell("person_estimates", column, key)))
        if "fte" in measure:
            return self._fte_measure(measure, dimensions, year)
        if measure == EXPECTED:
            return self._expected(dimensions, year)
        if "question" in dimensions:
            return self._answers(measure, dimensions, year, unit_set, base)
        raise ReportError(f"no published table has the measure {measure!r}", "correct the table's declaration")

    def area(self, dimensions: Mapping[str, str], year: int) -> Place:
        """Return the area that the dimensions select; the country if none does."""
        for name in AREA_DIMENSIONS:
            code = dimensions.get(name)
            if code is None:
                continue
            if code == TOTAL:
                return Place(*COUNTRY)
            if name == "place":
                if code not in self.places:
                    there = ", ".join(self.places)
                    raise ReportError(f"the report has no place {code!r}", f"places are {there}")
                return self.places[code]
            if name == "municipality":
                return Place("municipality", code, basis="current")
            if name == "municipality_no":
                return Place(self._parts.get((str(year), code), "municipality"), code)
            if name == "county":
                return Place("county", self._county(code, year))
            return Place(name, self.areas.get((name, code), code))
        return Place(*COUNTRY)

    @cached_property
    def _parts(self) -> Mapping[tuple[str, str], str]:
        """The levels of parts of municipalities that report separately, by year and code."""
        return {
            (str(row[YEAR]), str(row[CODE])): level
            for level in PARTS
            for row in self.published.rows("areas", {LEVEL: level, BASIS: "reported"})
        }

    def _county(self, name: str, year: int) -> str:
        """Return the code of a county in a year; if that year has no such county, in the year before or after."""
        for each in (year, year - 1, year + 1):
            rows = self.published.rows("areas", {LEVEL: "county", YEAR: str(each), BASIS: "reported", "unit_name": name})
            if rows:
                return str(rows[0][CODE])
        there = [str(row["unit_name"]) for row in self.published.rows("areas", {LEVEL: "county", YEAR: str(year)})]
        raise ReportError(f"no county is called {name!r} in {year}{suggest(name, there)}", "correct it, or leave it out")

    def _areas_cell(self, column: str, area: Place, year: int) -> Cell:
        return self.published.cell("areas", column, {**area.columns(), YEAR: str(year)})

    def _population(self, measure: str, dimensions: Mapping[str, str], year: int) -> Quantity:
        column = POPULATIONS[_group(dimensions)]
        cell = plain(self._areas_cell(column, self.area(dimensions, year), year))
        if measure == "population":
            return Quantity(cell)
        return Quantity(cell, plain(self._areas_cell(column, Place(*COUNTRY), year)), 100)

    def _unit_count(self, measure: str, dimensions: Mapping[str, str], year: int, unit_set: str) -> Quantity:
        column = UNIT_COUNTS[unit_set or "municipalities"]
        cell = plain(self._areas_cell(column, self.area(dimensions, year), year))
        if measure == "municipalities":
            return Quantity(cell)
        return Quantity(cell, plain(self._areas_cell(column, Place(*COUNTRY), year)), 100)

    def _reporting_form(self, measure: str, dimensions: Mapping[str, str], year: int) -> Quantity:
        column = {"municipalities": "municipalities", "share_of_municipalities": "share_of_municipalities"}.get(
            measure, "fte"
        )
        key = {YEAR: str(year), "target_group": _group(dimensions), "reporting_form": dimensions["reporting_form"]}
        cell = plain(self.published.cell("fte_by_reporting_form", column, key))
        return Quantity(cell, scale=100 if measure == "share_of_municipalities" else 1)

    def _amount(self, measure: str, dimensions: Mapping[str, str], year: int) -> Quantity:
        area = self.area(dimensions, year)
        column = "amount_nok_real" if dimensions.get("price_basis", "").startswith("real") else "amount_nok"
        if measure == "user_involvement_nok_per_inhabitant":
            column = "amount_per_inhabitant"

        def amount(of: int) -> tuple[Term, ...]:
            key = {"indicator": "user_involvement_amount", YEAR: str(of), LEVEL: area.level, CODE: area.code}
            return plain(self.published.cell("amounts", column, key))

        if measure.endswith("change_percent"):
            before = int(dimensions["from_year"])
            self.require_comparable("user_involvement_amount", before, year)
            return Quantity(amount(year), amount(before), 100, -100)
        return Quantity(amount(year))

    def _distribution(self, measure: str, dimensions: Mapping[str, str], year: int) -> Quantity:
        """Return a value of an area's distribution of municipalities; a single municipality's rate replaces the median."""
        area, group = self.area(dimensions, year), _group(dimensions)
        key = {**area.columns(), "target_group": group, YEAR: str(year)}
        if area.level in DISTRIBUTED:
            return Quantity(plain(self.published.cell("fte_distribution", DISTRIBUTION[measure], key)))
        if DISTRIBUTION[measure] != "median":
            raise ReportError(f"{area.level} {area.code} has no distribution", "leave it out")
        return Quantity(plain(self.published.cell("fte_by_service", "fte_per_10000", {**key, "service_type": TOTAL})))

    def _fte(self, table: str, category: str, group: str, area: Place, year: int, measure: str = "fte") -> Cell:
        column = next(column for name, column in FTE_KINDS.values() if name == table)
        key = {**area.columns(), "target_group": group, column: category, YEAR: str(year)}
        return self.published.cell(table, measure, key)

    def _fte_measure(self, measure: str, dimensions: Mapping[str, str], year: int) -> Quantity:
        table, category = "fte_by_service", TOTAL
        for name, (of, _) in FTE_KINDS.items():
            if name in dimensions:
                table, category = of, self.terms.get((name, dimensions[name]), dimensions[name])
        if dimensions.get("distribution") == "pathways":
            table = "fte_by_pathway"
        group, area = _group(dimensions), self.area(dimensions, year)

        def cells(
            of: int, column: str = "fte", kind: str = table, each: str = category, for_group: str = group
        ) -> tuple[Term, ...]:
            return plain(*(self._fte(kind, part, for_group, area, of, column) for part in each.split("+")))

        if measure in ("fte_reported", "fte_by_pathway"):
            return Quantity(cells(year))
        if measure == "fte_per_10000":
            return Quantity(cells(year), cells(year, "population", each=category.split("+")[0]), 10_000)
        if measure == "share_of_fte":
            base = group if table != "fte_by_service" or "measure_type" in dimensions else TOTAL
            return Quantity(cells(year), cells(year, each=TOTAL, for_group=base), 100)
        if measure == "share_of_fte_distributed_on_pathways":
            return Quantity(cells(year, kind="fte_by_pathway", each=TOTAL), cells(year), 100)
        if measure in ("fte_change", "fte_change_percent", "fte_per_10000_change_percent"):
            before = int(dimensions["from_year"])
            self.require_comparable(table, before, year)
            if measure == "fte_change":
                return Quantity((*cells(year), *(Term(-1, term.cell) for term in cells(before))))
            column = "fte_per_10000" if "per_10000" in measure else "fte"
            return Quantity(cells(year, column), cells(before, column), 100, -100)
        raise ReportError(f"no published table has the measure {measure!r}", "correct the table's declaration")

    def require_comparable(self, indicator: str, before: int, year: int) -> None:
        """Refuse a change between two years that cannot be compared.

        Raises:
            NotComparableError: they cannot.
        """
        found = self.published.difference(indicator, before, year)
        if found is not None and found.verdict == NOT_COMPARABLE:
            raise NotComparableError(f"{before} and {year} cannot be compared ({found.reason})", "name years of one series")

    def answer_key(self, dimensions: Mapping[str, str], year: int) -> tuple[str, str, str, Place, int]:
        """Return indicator, item, answer, area and round for a cell about a question."""
        question = dimensions["question"]
        kind = self.terms.get(("any_stay_type", question)) if dimensions.get("stay_type") == "any" else None
        indicator = kind or self.terms.get(("question", question), question)
        if dimensions.get("provider") and dimensions.get("answer") == "yes":
            answer = dimensions["provider"]
        else:
            answer = (
                (dimensions.get("stay_type") if not kind else None)
                or (dimensions.get("place_type") if "answer" not in dimensions else None)
                or dimensions.get("person_category")
                or dimensions.get("answer")
                or "yes"
            )
        item = next((dimensions[name] for name in ITEM_DIMENSIONS if name in dimensions), None)
        if item is None and "pathway" in dimensions:
            parts = (dimensions.get("target_group"), dimensions.get("reporting_form"), dimensions["pathway"])
            item = "_".join(part for part in parts if part)
        if item is None and "stay_type" in dimensions and not kind:
            item = dimensions.get("place_type")
        if item is None:
            item = dimensions.get("education") or dimensions.get("target_group") or "all"
        answer = self.terms.get((f"answer:{indicator}", answer), answer.replace("_degree", "_extent"))
        item = self.terms.get((f"item:{indicator}", item), item)
        of = int(dimensions.get("survey_year", year))
        return indicator, item, answer, self.area(dimensions, of), of

    def answer_row(self, indicator: str, item: str, area: Place, year: int) -> Mapping[str, Any]:
        """Return any row with the number of units that answered a question: it is the same for every answer.

        Raises:
            ReportError: there are no figures.
        """
        rows = self._answer_rows(indicator, item, area, year)
        if rows:
            return rows[0]
        others = self.published.rows("indicator_shares", {**area.columns(), "indicator": indicator, YEAR: str(year)})
        items = sorted({str(row["item"]) for row in others})
        if items:
            raise ReportError(f"{indicator} has no item {item!r}{suggest(item, items)}", f"name one: {', '.join(items)}")
        what = f"{indicator} ({item}) has no figures of {year} for {area.level} {area.code}"
        there = {str(row[CODE]) for row in self.published.rows("areas", {LEVEL: area.level, YEAR: str(year)})}
        if area.level != COUNTRY[0] and area.code not in there:
            raise ReportError(f"{what}{suggest(area.code, there)}", "correct it, or leave it out")
        raise ReportError(what, "leave it out")

    def _answer_rows(self, indicator: str, item: str, area: Place, year: int) -> list[dict[str, Any]]:
        wanted = {**area.columns(), "indicator": indicator, "item": item, YEAR: str(year)}
        return sorted(self.published.rows("indicator_shares", wanted), key=lambda row: str(row["answer"]))

    def _answers(self, measure: str, dimensions: Mapping[str, str], year: int, unit_set: str, base: str) -> Quantity:
        indicator, item, answer, area, of = self.answer_key(dimensions, year)
        rows = self._answer_rows(indicator, item, area, of)
        one = self.answer_row(indicator, item, area, of)
        described = self.published.tables["indicator_shares"]
        without: Mapping[str, Any] | None = None
        if unit_set == WITHOUT_DISTRICTS and "size_group" not in dimensions and one["unit_set"] != "municipalities":
            without = self.answer_row(indicator, item, Place(*DISTRICTS), of)

        def counted(column: str, row: Mapping[str, Any] = one, less: Mapping[str, Any] | None = without) -> tuple[Term, ...]:
            terms = plain(self.published.cell_of(described, row, column))
            return (*terms, Term(-1, self.published.cell_of(described, less, column))) if less is not None else terms

        def given(chosen: str) -> tuple[Term, ...]:
            row = next((row for row in rows if row["answer"] == chosen), None)
            if row is None:
                there = ", ".join(str(row["answer"]) for row in rows)
                raise ReportError(
                    f"{indicator} ({item}) has no answer {chosen!r} in {of}; it has {there}", "correct the answer"
                )
            districts = None
            if without is not None:
                key = {**Place(*DISTRICTS).columns(), "indicator": indicator, "item": item, "answer": chosen, YEAR: str(of)}
                districts = next(iter(self.published.rows("indicator_shares", key)), None)
            return counted("n_answer", row, districts)

        answered, units = counted("n_answered"), counted("n_units")
        if without is not None:
            units = plain(self._areas_cell(UNIT_COUNTS["municipalities"], area, of))
        counts_all = dimensions.get("has_answered") == "yes"
        if answer == TOTAL and counts_all:
            count = units
        elif measure == "respondents_n" or answer in (TOTAL, "answered", TICKS):
            count = answered
        elif answer in ("all", "all_municipalities"):
            count = units
        elif answer == "not_answered":
            count = (*units, *(Term(-term.factor, term.cell) for term in answered))
        else:
            count = given(answer)
        if measure != "share_of_municipalities":
            return Quantity(count)
        of_all = base == "all" or (not base and one["base"] == "all")
        if "base" in dimensions:
            of_all = dimensions["base"] == "all_units"
        if answer == "answered":
            of_all = base != "answered"
        elif answer == "not_answered" or (answer == TOTAL and counts_all):
            of_all = True
        if answer == TICKS and dimensions.get("base") != "all_units":
            singles = [str(row["answer"]) for row in rows if not self._is_group(indicator, str(row["answer"]))]
            count = tuple(term for single in singles for term in given(single))
        return Quantity(count, units if of_all else answered, 100)

    def _expected(self, dimensions: Mapping[str, str], year: int) -> Quantity:
        """Return the share expected if an area's municipalities answered as municipalities of their size in the country."""
        indicator, item, answer, area, of = self.answer_key(dimensions, year)
        key = {LEVEL: area.level, CODE: area.code, "indicator": indicator, "item": item, "answer": answer, YEAR: str(of)}
        return Quantity(plain(self.published.cell("adjusted_shares", "expected_share", key)), scale=100)

    def _is_group(self, indicator: str, answer: str) -> bool:
        return bool({("*", answer), (indicator, answer)} & self.answer_groups)


def _group(dimensions: Mapping[str, str]) -> str:
    return dimensions.get("target_group") or AGES.get(dimensions.get("age_group", ""), TOTAL)


def load_printed_words(
    published: Published, data: Path, sources: Iterable[str], places: Mapping[str, Place]
) -> PrintedWords:
    """Return the words of the printed reports that a report corresponds to.

    Args:
        published: the snapshot.
        data: folder of the inputs.
        sources: the printed reports; for a round without one, those of other rounds, which use the same words.
        places: the areas that the dimension ``place`` can name.
    """
    wanted = set(sources)
    return PrintedWords(
        published=published,
        terms={
            (row["dimension"], row["printed_code"]): row["code"]
            for row in read_rows(data, "published", "printed_terms")
            if row["source_id"] in wanted
        },
        areas={
            (row["unit_level"], row["printed_name"]): row["unit_code"]
            for row in read_rows(data, "classifications", "area_names")
        },
        answer_groups=frozenset((row["indicator"], row["answer"]) for row in read_rows(data, "indicators", "answer_groups")),
        indicators=frozenset(row["indicator"] for row in read_rows(data, "indicators", "indicators")),
        places=places,
    )
