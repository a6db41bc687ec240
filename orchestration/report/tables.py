"""Declared tables filled for one round: heads, labels, cells, and notes.

Belongs here: expanding a declaration to cells in the words of print, arranging them in rows and columns, footnotes. Does not
belong here: which published cells a printed measure is made of (``printed_words``), or how a format draws a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from orchestration.core.suggestions import suggest
from orchestration.core.texts import filled, load_texts
from orchestration.report.grid import Grid, GridCell, Note, Round, RowHead, heads_of, marked
from orchestration.report.labels import MEASURES, Labels
from orchestration.report.model import Column, Declared, YearSpec
from orchestration.report.printed_tables import cell_key
from orchestration.report.printed_words import NOT_COMPARABLE, WITH_CORRECTION, NotComparableError, Place
from orchestration.report.values import COUNTRY, HIDDEN, LEVEL, PARTS, PLAIN, YEAR, Cell, Quantity, ReportError, plain
from orchestration.report.writing import listed, number

TEXTS = load_texts("report", "tables")

# Measures that are shown beside figures, but do not come from a survey.
CONTEXT = ("population", "share_of_population")
NOT_POSSIBLE, MISSING = "M", "O"
MUNICIPALITY_LEVEL = "municipality"
HAS_ANSWERED = "has_answered"
# Statuses of values that need a remark; apart from the plain status, the others say why a value is missing.
REMARKED_STATUSES = ("I", "E", "P", "U")
FTE_TABLES = {"measure_type": "fte_by_service", "education": "fte_by_education", "pathway": "fte_by_pathway"}


class LeftOutError(Exception):
    """A table that a round has no figures for; the message says why."""


@dataclass(frozen=True)
class _Place:
    """A column of a table in one year."""

    column: Column
    year: int | None
    place: int


def fill(key: str, declared: Declared, of: Round) -> Grid:
    """Return a declared table with the figures of a round.

    Raises:
        LeftOutError: the round has none of its figures.
        ReportError: the declaration is wrong.
    """
    return _Filling(key, declared, of).grid()


class _Filling:
    def __init__(self, key: str, declared: Declared, of: Round) -> None:
        self.key, self.round = key, of
        self.declared = declared = of.printed.laid_out(declared, of.year)
        self.labels = Labels(of.published, of.language, of.words.places)
        self.by_year = declared.rows.by == "year"
        self.is_amount = any("user_involvement" in column.measure for column in declared.columns)
        self.codes = self._codes()
        self.places = list(self._places())
        self.absent = set(declared.absent)
        self._require_known()
        asked = [*(column.dimensions for column in declared.columns), declared.fixed]
        answers = {each.get("answer") for each in asked} | set(self.codes if declared.rows.by == "answer" else ())
        self.has_answered = "answered" in answers

    def _require_known(self) -> None:
        """Refuse measures and codes that no list has: what a round lacks is left out, but a misspelling is an error.

        Raises:
            ReportError: a measure or code is unknown; the message suggests the nearest one.
        """
        for column in self.declared.columns:
            if column.measure not in MEASURES:
                raise ReportError(f"there is no measure {column.measure!r}{suggest(column.measure, MEASURES)}", "correct it")
        rows = self.declared.rows
        named = [*self.declared.fixed.items(), *((rows.by, code) for code in rows.codes if rows.codes != "all")]
        named += [each for column in self.declared.columns for each in column.dimensions.items()]
        for dimension, code in named:
            known = self.labels.known(dimension)
            terms = self.round.words.terms.get((dimension, code))
            if known is not None and code not in known and terms is None and not set(code.split("+")) <= known:
                raise ReportError(f"{dimension} has no code {code!r}{suggest(code, known)}", "correct it")

    def _series(self) -> list[int]:
        """Return every year of the series up to the round; for amounts, every year before it."""
        if self.is_amount:
            wanted = {"indicator": "user_involvement_amount", LEVEL: COUNTRY[0], "unit_code": COUNTRY[1]}
            years = self.round.published.years("amounts", "amount_nok", wanted)
            return [year for year in years if year < self.round.year]
        return [year for year in self.round.rounds if year <= self.round.year]

    def _comparable(self) -> list[int]:
        """Return the years of the series that can be compared with the round, perhaps with reservations."""
        found = []
        for year in self._series():
            difference = self.round.published.difference(self._subject(), year, self.round.year)
            if year == self.round.year or (difference is not None and difference.verdict != NOT_COMPARABLE):
                found.append(year)
        return found

    def _year(self, spec: YearSpec) -> int | None:
        if spec == "report":
            return self.round.year
        if spec == "before":
            return self.round.before
        if isinstance(spec, int):
            return self.round.year + spec
        raise ReportError(f"{spec!r} cannot be the year here", "give report, before or a number of years")

    def _codes(self) -> list[str]:
        rows = self.declared.rows
        if rows.by == "year":
            if rows.years == "all":
                return [str(year) for year in self._series()]
            return [str(year) for spec in rows.years if (year := self._year(spec)) is not None]
        if rows.codes != "all" and rows.by == "place":
            # Two names for the same place give one row.
            places = self.round.words.places
            first = {places.get(code, code): code for code in reversed(rows.codes)}
            return [code for code in rows.codes if code in first.values()]
        if rows.codes != "all":
            return list(rows.codes)
        if rows.by == "municipality":
            return self._municipalities()
        if rows.by == "municipality_no":
            return self._units()
        here = self.round.published.rows("areas", {LEVEL: rows.by, YEAR: str(self.round.year), "area_basis": "reported"})
        if rows.by == "county":
            return [*(str(row["unit_name"]) for row in sorted(here, key=lambda row: str(row["unit_code"]))), "total"]
        there = {str(row["unit_code"]) for row in here}
        return [
            *(name for (level, name), code in self.round.words.areas.items() if level == rows.by and code in there),
            "total",
        ]

    def _municipalities(self) -> list[str]:
        """Return the municipalities of the report's county, on today's map."""
        county = self.round.words.places["here"].code
        wanted = {LEVEL: "municipality", YEAR: str(self.round.year), "area_basis": "current", "county_code": county}
        return sorted(str(row["unit_code"]) for row in self.round.published.rows("areas", wanted))

    def _units(self) -> list[str]:
        """Return every municipality of the round, each after its parts that report separately, and the country."""
        wanted = {YEAR: str(self.round.year), "area_basis": "reported"}
        found = [
            (str(row["municipality_code"] or row["unit_code"]), level == MUNICIPALITY_LEVEL, str(row["unit_code"]))
            for level in (MUNICIPALITY_LEVEL, *PARTS)
            for row in self.round.published.rows("areas", {LEVEL: level, **wanted})
        ]
        return [*(code for _, _, code in sorted(found)), "total"]

    def _places(self) -> Iterator[_Place]:
        for place, column in enumerate(self.declared.columns, start=1):
            if column.year in ("all", "comparable"):
                years = self._series() if column.year == "all" else self._comparable()
                yield from (_Place(column, year, place) for year in years)
            else:
                yield _Place(column, self._year(column.year), place)

    def words_of(self, row: int, place: _Place) -> tuple[str, dict[str, str], int]:
        """Return measure, dimensions and year of a cell in the words of print.

        Raises:
            ReportError: the cell needs an earlier round, and there is none.
        """
        column, code = place.column, self.codes[row]
        dimensions = {**self.declared.fixed, **column.dimensions}
        year = int(code) if self.by_year else place.year
        if not self.by_year:
            dimensions[self.declared.rows.by] = code
        if year is None:
            raise ReportError("there is no earlier round", "leave the column out")
        if column.since is not None:
            before = year + column.since if isinstance(column.since, int) else self._before(year)
            if before is None:
                raise ReportError("there is no earlier round", "leave the column out")
            dimensions["from_year"] = str(before)
        if column.survey is not None:
            dimensions["survey_year"] = str(self.round.year + column.survey)
        if self.has_answered:
            dimensions[HAS_ANSWERED] = "yes"
        return column.measure, dimensions, year

    def _before(self, year: int) -> int | None:
        if year == self.round.year:
            return self.round.before
        return max((each for each in self.round.rounds if each < year), default=None)

    def _cell(self, row: int, place: _Place) -> GridCell:
        if (self.codes[row], place.place) in self.absent:
            return GridCell("")
        try:
            measure, dimensions, year = self.words_of(row, place)
            key = cell_key(measure, {name: code for name, code in dimensions.items() if name != HAS_ANSWERED}, year)
            if self.is_amount and measure in CONTEXT:
                # An amount is shown with the inhabitants of the year that asked about it.
                year = self.round.year
            quantity = self._quantity(measure, dimensions, year)
        except NotComparableError:
            return self._sign(NOT_POSSIBLE, (self.round.say(TEXTS["not_comparable"]),))
        except ReportError:
            return self._sign(NOT_POSSIBLE, ())
        decimals = place.column.row_decimals.get(self.codes[row], place.column.decimals)
        return replace(self._shown(quantity, decimals), key=key)

    def _quantity(self, measure: str, dimensions: dict[str, str], year: int) -> Quantity:
        of = self.round
        found = of.printed.queried(self.declared, of.published, measure, dimensions, year, of.year)
        if found is not None:
            return found
        return of.words.quantity(measure, dimensions, year, self.declared.unit_set, self.declared.base)

    def _sign(self, status: str, remarks: tuple[str, ...], *, is_hidden: bool = False) -> GridCell:
        codes = self.round.published.release.codes.get("obs_status", {})
        sign = (codes[status].sign if status in codes else None) or ".."
        return GridCell(sign, remarks=remarks, is_hidden=is_hidden)

    def _shown(self, quantity: Quantity, decimals: int) -> GridCell:
        missing = quantity.missing
        if missing:
            hidden = any(cell.status == HIDDEN for cell in missing)
            first = next((cell for cell in missing if cell.status == HIDDEN), missing[0])
            reason = self.labels.code("absence_reason", first.reason) if first.reason else ""
            status = first.status if first.status != PLAIN else MISSING
            return self._sign(status, (reason,) if reason else (), is_hidden=hidden)
        divisor = 10**-decimals if decimals < 0 else 1
        try:
            value = quantity.value / divisor
        except ReportError:
            return self._sign(NOT_POSSIBLE, ())
        text = number(value, max(decimals, 0), self.round.language)
        remarks = dict.fromkeys(remark for cell in quantity.cells for remark in self.remarks(cell))
        return GridCell(text, quantity, max(decimals, 0), divisor, tuple(remarks))

    def remarks(self, cell: Cell) -> list[str]:
        """Return the remarks that a cell needs, without those that the report states once."""
        found = []
        if cell.status in REMARKED_STATUSES:
            found.append(self.labels.code("obs_status", cell.status))
        found += [self.labels.code("obs_note", code) for code in self.round.notes_of(cell)]
        if cell.coverage is not None and cell.coverage < self.round.report.coverage_from:
            found.append(self.round.say(TEXTS["incomplete"]))
        return found

    def grid(self) -> Grid:
        cells = [[self._cell(row, place) for place in self.places] for row in range(len(self.codes))]
        if not any(cell.quantity is not None for line in cells for cell in line):
            hidden = any(cell.is_hidden for line in cells for cell in line)
            raise LeftOutError(self.round.say(TEXTS["left_out_hidden" if hidden else "left_out_not_asked"]))
        # Leave out rows and columns without figures, such as an abolished category or a year without the question.
        # Keep the area that a report is about, to show that it has no figures,
        # and every municipality of a list of all of them.
        keeps = self.declared.rows.by == "municipality_no" or (
            "here" in self.round.words.places and self.declared.rows.by in ("place", "municipality", "year")
        )
        keep_rows = [keeps or any(cell.quantity is not None or cell.is_hidden for cell in line) for line in cells]
        keep = [any(line[at].quantity is not None or line[at].is_hidden for line in cells) for at in range(len(self.places))]
        places = [place for place, kept in zip(self.places, keep, strict=True) if kept]
        codes = [code for code, kept in zip(self.codes, keep_rows, strict=True) if kept]
        if places and all(place.column.measure in CONTEXT for place in places) and not self._is_context():
            raise LeftOutError(self.round.say(TEXTS["left_out_not_asked"]))
        cells = [
            [cell for cell, kept in zip(line, keep, strict=True) if kept]
            for line, there in zip(cells, keep_rows, strict=True)
            if there
        ]
        rows = [RowHead(self.labels.of(self.declared.rows.by, code), code) for code in codes]
        levels, constant = self._levels(places)
        notes = marked(cells, rows) if self.declared.kind == "table" else self._named(cells, rows)
        below = [*([self.declared.otherwise] if self.declared.otherwise is not None else []), *self.declared.footnotes]
        notes += [Note(self.round.say(each)) for each in below]
        years = self._years(places, codes)
        walls = self._breaks(years, notes)
        notes += self._base()
        unit = constant.get("measure", "")
        at_years = self._written_years(years)
        title = f"{self.round.say(self.declared.title)}, {at_years}" if at_years else self.round.say(self.declared.title)
        return Grid(
            key=self.key,
            declared=self.declared,
            title=title,
            unit=unit if len(levels[0]) > 1 or not levels else "",
            corner=self.labels.dimension(self.declared.rows.by),
            heads=heads_of(levels),
            rows=rows,
            cells=cells,
            notes=notes,
            column_labels=[
                ", ".join(dict.fromkeys(level[at] for level in levels if level[at])) for at in range(len(places))
            ],
            breaks_before=frozenset(
                at
                for at, code in enumerate(codes)
                if self.by_year and at and any(int(codes[at - 1]) < w <= int(code) for w in walls)
            ),
        )

    def _attributes(self, place: _Place) -> dict[str, str]:
        """Return the attributes of a column that its head may show."""
        column = place.column
        found: dict[str, str] = {}
        if column.head is not None:
            found["head"] = self.round.say(column.head)
        else:
            found.update(
                {
                    name: self.labels.of(name, code)
                    for name, code in column.dimensions.items()
                    if name not in ("base", "weighting")
                }
            )
            if "base" in column.dimensions:
                found["base"] = self.labels.of("base", column.dimensions["base"])
        found["measure"] = self.labels.measure(column.measure, column.decimals)
        if not self.by_year and place.year is not None:
            if column.since is not None:
                before = place.year + column.since if isinstance(column.since, int) else self._before(place.year)
                found["year"] = f"{before}\u2013{place.year}"
            else:
                found["year"] = str(place.year)
        return found

    def _levels(self, places: list[_Place]) -> tuple[list[list[str]], dict[str, str]]:
        """Return the lines of heads, widest first, and the attributes that all columns share."""
        found = [self._attributes(place) for place in places]
        names = list(dict.fromkeys(name for each in found for name in each))
        constant = {name: found[0].get(name, "") for name in names if len({each.get(name, "") for each in found}) == 1}
        kept = [name for name in names if name not in constant]
        lines = [[each.get(name, "") for each in found] for name in kept]
        lines.sort(key=lambda line: sum(1 for _ in groupby(line)))
        return lines or [[found[0].get("measure", "")] * len(found)], constant

    def _is_context(self) -> bool:
        """Whether all columns of the table measure inhabitants."""
        return all(column.measure in CONTEXT for column in self.declared.columns)

    def _named(self, cells: list[list[GridCell]], rows: list[RowHead]) -> list[Note]:
        """Return the remarks on values of a figure as notes that name their rows: a chart has no room for marks."""
        where: dict[str, list[str]] = {}
        for row, line in zip(rows, cells, strict=True):
            for remark in dict.fromkeys(remark for cell in line if cell.quantity is not None for remark in cell.remarks):
                where.setdefault(remark, []).append(row.text)
        return [
            Note(
                remark
                if len(names) == len(rows)
                else f"{listed(names, self.round.language)}: {remark[:1].lower()}{remark[1:]}"
            )
            for remark, names in where.items()
        ]

    def _subject(self) -> str:
        for name, table in FTE_TABLES.items():
            if (
                self.declared.rows.by == name
                or name in self.declared.fixed
                or any(name in c.dimensions for c in self.declared.columns)
            ):
                return table
        if self.is_amount:
            return "user_involvement_amount"
        if any("fte" in column.measure for column in self.declared.columns):
            return "fte_by_service"
        return self.declared.fixed.get("question", "")

    def _years(self, places: list[_Place], codes: list[str]) -> list[int]:
        found = {int(code) for code in codes} if self.by_year else {place.year for place in places if place.year is not None}
        if not self.by_year:
            for place in places:
                if place.column.since is not None and place.year is not None:
                    before = self._before(place.year)
                    found |= {before} if before is not None else set()
        return sorted(found)

    def _written_years(self, years: list[int]) -> str:
        if len(years) <= 1:
            return "".join(map(str, years))
        if len(years) == 2:
            return self.round.say(filled(TEXTS["two_years"], first=str(years[0]), last=str(years[1])))
        return f"{years[0]}\u2013{years[-1]}"

    def _breaks(self, years: list[int], notes: list[Note]) -> list[int]:
        """Add notes on breaks between the years of a table, and return the years before which a line is interrupted."""
        known = self.round.breaks.get(self._subject())
        if known is None or len(years) < 2:
            return []
        walls: list[int] = []
        for year, group in groupby(known.within(years), key=lambda each: each.time_period):
            found = list(group)
            parts = [each for each in found if not each.comparable_before]
            if not parts:
                continue
            walls.append(year)
            descriptions = " ".join(self.round.say(each.description).rstrip(".") + "." for each in parts)
            first = next(each for each in years if each >= year)
            notes.append(Note(self.round.say(filled(TEXTS["break"], year=str(first), descriptions=descriptions))))
        for before, year in pairwise(years):
            found_verdict = self.round.published.difference(self._subject(), before, year)
            if found_verdict is not None and found_verdict.verdict == WITH_CORRECTION:
                notes.append(Note(self.round.say(filled(TEXTS["with_correction"], before=str(before), year=str(year)))))
        return walls

    def _base(self) -> list[Note]:
        """Return a note with the response to the single question of a table; none for other tables."""
        fixed = self.declared.fixed
        if (
            "question" not in fixed
            or fixed["question"] == "fte_by_pathway"
            or self.by_year
            or self.round.words.places.get("here")
        ):
            return []
        if self.declared.rows.by in ("service", "user_group", "centre", "pathway"):
            return []
        column = self.declared.columns[0]
        dimensions = {**fixed, **{name: code for name, code in column.dimensions.items() if name != "size_group"}}
        if self.declared.rows.by in ("answer", "person_category", "place_type", "stay_type"):
            dimensions[self.declared.rows.by] = self.codes[0]
        try:
            year = self.round.year
            indicator, item, _, _, of = self.round.words.answer_key(dimensions, year)
            row = self.round.words.answer_row(indicator, item, Place(*COUNTRY), of)
        except ReportError:
            return []
        table = self.round.published.tables["indicator_shares"]
        counts = [self.round.published.cell_of(table, row, column) for column in ("n_answered", "n_units")]
        if any(cell.value is None for cell in counts):
            return []
        quantities = tuple((name, Quantity(plain(cell))) for name, cell in zip(("answered", "units"), counts, strict=True))
        units = self.labels.code("unit_set", str(row["unit_set"]))
        text = self.round.say(filled(TEXTS["base"], answered="{answered}", units="{units}", unit_set=units))
        return [Note(text, quantities=quantities)]
