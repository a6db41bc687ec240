"""From the description of a figure to the content of the page: the script's configuration, and the table shown without it.

The initial choices of every figure are made here, by the same rules that ``static/figures.js`` has for a reader's choices.
Belongs here: choices, rows and columns. Does not belong here: reading tables (``cubes``), drawing (``static``), page layout
(``templates``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orchestration.core.tables import Label, Table
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Release, spans
from orchestration.publish.remarks import covered_text, joined, moved_text
from orchestration.site import formats
from orchestration.site.breaks import Break, Breaks, CategoryBreak
from orchestration.site.cubes import ANSWERED, COVERAGE, CURRENT, NO_ROW, SHARE, TIME, UNIT, UNITS, Cube
from orchestration.site.pages import MAP, Figure, MeasureShown, Site
from orchestration.site.printed import PrintedPoint

TEXTS = load_texts("site", "pages")

MEASURE, LEVEL, BASIS = "measure", "level", "basis"
NEWEST = "newest"
# Answers that are the last to be chosen by default.
LAST = ("other", "dont_know", "dont_know_or_not_relevant", "no_experience_last_year")
REPORTED = "reported"
COUNTRY = "country"
# In a table of at most this many columns, a remark names its columns; in a wider one it becomes a footnote of their figures.
NAMED_COLUMNS = 3
NOTHING = Label(nb="\u2013", en="\u2013")

# Years and descriptions of moved boundaries, for areas that kept their code, by level and code.
Moved = Mapping[tuple[str, str], Sequence[tuple[int, Label]]]


@dataclass(frozen=True)
class Shown:
    """A measure as it is shown."""

    name: str
    title: Label
    unit: Label
    divide: int
    decimals: int


@dataclass(frozen=True)
class Cell:
    """One cell of a table: its number if any, its flag, the base of a share (``whole``), and its footnotes' numbers."""

    value: float | None
    decimals: int
    flag: str
    whole: float | None = None
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grid:
    """The table under a figure.

    ``corner`` heads the first column. Each row has remarks on its figures; ``footnotes`` has, in the order of their numbers,
    remarks on single figures for which a row would have to name too many columns.
    """

    corner: Label
    columns: list[Label]
    rows: list[tuple[Label, list[Cell], list[Label]]]
    footnotes: list[Label]

    @property
    def has_remarks(self) -> bool:
        """Whether any row has remarks."""
        return any(remarks for _, _, remarks in self.rows)

    @property
    def wholes(self) -> list[float | None]:
        """The base of the shares of each row; an empty list if it is unknown or differs within a row."""
        found = [
            {cell.whole for cell in cells if cell.value is not None and cell.whole is not None} for _, cells, _ in self.rows
        ]
        if not any(found) or any(len(each) > 1 for each in found):
            return []
        return [next(iter(each), None) for each in found]

    @property
    def has_wholes_in_cells(self) -> bool:
        """Whether the bases of shares have to be shown in single cells."""
        return not self.wholes and any(
            cell.value is not None and cell.whole is not None for _, cells, _ in self.rows for cell in cells
        )


@dataclass(frozen=True)
class Resolved:
    """A figure with data."""

    id: str
    title: Label
    part: Label | None
    note: Label | None
    kind: str
    cube: Cube
    table: str
    indicator: str
    measures: list[Shown]
    breaks: list[Break]
    # Breaks of single categories that are lines of the figure, each with the category's label.
    category_breaks: list[tuple[Label, CategoryBreak]]
    chosen: list[tuple[Label, Label]]
    grid: Grid
    bases: list[Label]
    # Descriptions of printed figures for years that the deliveries lack.
    printed: list[Label]
    config: dict[str, Any]

    @property
    def data_file(self) -> str:
        """The path of the script with the figures, below ``data``."""
        return f"{self.cube.name}.js"


def _pair(label: Label) -> list[str]:
    return [label.nb, label.en]


class Choices:
    """The part of a cube that a figure shows, and the current choices."""

    def __init__(self, figure: Figure, cube: Cube, measures: Sequence[Shown], unions: Mapping[str, Sequence[str]]) -> None:
        self.figure = figure
        self.cube = cube
        self.measures = [shown.name for shown in measures]
        self.unions = unions
        self.state: dict[str, str] = dict(figure.at)
        self._choose()

    @property
    def basis(self) -> str:
        """Today's areas, or those of the year if the cube has no figures for today's."""
        units = self.cube.dimensions.get(UNIT, [])
        return CURRENT if any(unit.startswith(f"{CURRENT}.") for unit in units) else REPORTED

    def allowed(self, dimension: str) -> list[str]:
        """Return the codes of a dimension that the figure may show."""
        figure = self.figure
        codes = self.cube.dimensions[dimension]
        only, without = figure.only.get(dimension), figure.without.get(dimension, ())
        codes = [code for code in codes if (only is None or code in only) and code not in without]
        if dimension == UNIT:
            level, basis = self.state.get(LEVEL), self.state.get(BASIS, self.basis)
            return [
                code
                for code in codes
                if code.startswith(f"{basis}.")
                and (code.split(".")[1] == level if level else not figure.levels or code.split(".")[1] in figure.levels)
            ]
        if dimension == "answer" and dimension == figure.across:
            # Parts of a whole exclude unions; over time, a union replaces its members.
            members = {each for union in codes for each in self.unions.get(union, ())}
            return [code for code in codes if code not in (self.unions if figure.kind == "stack" else members)]
        return codes

    def has_data(self, **fixed: str) -> bool:
        """Return whether any figure exists for the choices so far and the given codes."""
        known = {**self.state, **fixed}
        if UNIT in self.cube.dimensions and UNIT not in known:
            # Codes of areas depend on level and basis, which are not dimensions of the cube.
            kept, self.state = self.state, known
            units = self.allowed(UNIT)
            self.state = kept
        else:
            units = [known[UNIT]] if UNIT in known else []
        spans: dict[str, list[str]] = {
            name: units if name == UNIT else [known[name]] if name in known else self.allowed(name)
            for name in self.cube.dimensions
        }
        measures = [known[MEASURE]] if MEASURE in known else self.measures
        return any(self.cube.value(measure, at) is not None for at in self.cube.cells(spans) for measure in measures)

    def options(self, name: str) -> list[str]:
        """Return the codes to choose from for a dimension, for levels or for bases."""
        if name in (LEVEL, BASIS):
            basis = self.state.get(BASIS)
            units = [unit.split(".") for unit in self.cube.dimensions[UNIT]]
            if name == BASIS:
                return sorted({each[0] for each in units})
            levels = [each[1] for each in units if basis in (None, each[0]) and each[1] != "country"]
            return list(dict.fromkeys(level for level in levels if not self.figure.levels or level in self.figure.levels))
        return self.allowed(name)

    def _choose(self) -> None:
        for name in self.figure.choose:
            codes = self.options(name)
            wanted = self.figure.start.get(name, "")
            ordered = list(reversed(codes)) if name == TIME else codes
            if name == "answer":
                ordered = sorted(codes, key=lambda code: code in LAST)
            if wanted == NEWEST:
                years = sorted(self.cube.dimensions[TIME], reverse=True)
                ordered = [code for year in years for code in codes if self.has_data(**{name: code, TIME: year})]
            elif wanted in codes:
                ordered = [wanted, *ordered]
            found = next((code for code in ordered if self.has_data(**{name: code})), None)
            if found is None and name == LEVEL:
                # Choose a level even if every area is confidential: areas of several levels must not be listed together.
                found = next(iter(ordered), None)
            if found is not None:
                self.state[name] = found
        for name in self.cube.dimensions:
            # A dimension that is neither shown nor chosen is fixed at its total, or at its first code.
            if name not in (self.figure.across, self.figure.rows, TIME) and name not in self.state:
                codes = self.allowed(name)
                self.state[name] = next((code for code in ("total", "all") if code in codes), codes[0] if codes else "")

    def lines(self, dimension: str) -> list[str]:
        """Return the codes of the lines, parts or rows of a figure for which the table has rows."""
        if dimension == MEASURE:
            return self.measures
        if dimension == TIME:
            return [code for code in self.cube.dimensions[TIME] if self.has_data(**{TIME: code})]
        return [code for code in self.allowed(dimension) if self._has_row(dimension, code)]

    def _has_row(self, dimension: str, code: str) -> bool:
        known = {**self.state, dimension: code}
        spans = {name: [known[name]] if name in known else self.allowed(name) for name in self.cube.dimensions}
        has_row = any(self.cube.flag(at) not in (NO_ROW, "M") for at in self.cube.cells(spans))
        return has_row and self._exists(dimension, code)

    def _exists(self, dimension: str, code: str) -> bool:
        # A category of another target group has no row. A category without any number is not shown either, but areas and
        # items are, because it matters that they are confidential.
        return dimension in (UNIT, "item") or self.has_data(**{dimension: code})


class Resolver:
    """Makes figures from descriptions, with the cubes, labels and breaks of the release."""

    def __init__(
        self,
        release: Release,
        site: Site,
        tables: Mapping[str, Table],
        cubes: Mapping[str, Cube],
        breaks: Mapping[str, Breaks],
        indicators: Mapping[str, Label],
        moved: Moved,
        printed: Mapping[str, Sequence[PrintedPoint]],
    ) -> None:
        self.release = release
        self.site = site
        self.tables = tables
        self.cubes = cubes
        self.breaks = breaks
        self.indicators = indicators
        self.moved = moved
        self.printed = printed

    def measure(self, wanted: MeasureShown | str, table: Table | None) -> Shown:
        """Return how a measure is shown: as described, or by default like its column."""
        shown = MeasureShown(name=wanted) if isinstance(wanted, str) else wanted
        if shown.name == SHARE and table is None:
            return Shown(SHARE, TEXTS["share_of_units"], TEXTS["percent"], 1, 1)
        column = next((each for each in table.columns if each.name == shown.name), None) if table else None
        unit = column.unit if column else None
        return Shown(
            name=shown.name,
            title=shown.title or (column.title if column else Label(nb=shown.name, en=shown.name)),
            unit=shown.unit or self.unit(unit),
            divide=shown.divide,
            decimals=decimals_of(unit, column.decimals if column else None) if shown.decimals is None else shown.decimals,
        )

    def unit(self, unit: str | None) -> Label:
        """Return the unit of measurement in words; shares are shown in percent."""
        if unit in ("ratio", "percent"):
            return TEXTS["percent"]
        if unit == "per_10000":
            return TEXTS["fte_per_10000"]
        return self.release.label("unit_of_measure", unit) if unit else TEXTS["number"]

    def named(self, cube: Cube, name: str, code: str) -> Label:
        """Return the label of a code of a dimension, of a level or of a basis."""
        if name == LEVEL:
            return self.release.label("unit_level", code)
        if name == BASIS:
            return self.release.label("area_basis", code)
        if name == "indicator":
            return self.indicators.get(code, Label(nb=code, en=code))
        return cube.label(name, code)

    def chosen(self, cube: Cube, name: str, code: str) -> Label:
        """Return the label of a choice; an area's level follows its name, as areas of several levels can share a name."""
        label, level = self.named(cube, name, code), code.split(".")[1] if name == UNIT else COUNTRY
        if level == COUNTRY:
            return label
        of = self.release.label("unit_level", level)
        return Label(nb=f"{label.nb} ({of.nb.lower()})", en=f"{label.en} ({of.en.lower()})")

    def head(self, name: str, table: Table | None) -> Label:
        """Return the name of a dimension."""
        columns = {column.name: column.title for column in table.columns} if table else {}
        aliases = {UNIT: "unit_name", TIME: "time_period", BASIS: "area_basis", LEVEL: "unit_level", "item": "item"}
        shares = self.tables.get("indicator_shares")
        known = {**({column.name: column.title for column in shares.columns} if shares else {}), **columns}
        return known.get(aliases.get(name, name)) or TEXTS.get(name) or Label(nb=name, en=name)

    def resolve(self, figure: Figure) -> Resolved | None:
        """Return a figure; None if the release has no data for it."""
        name = f"indicator/{figure.indicator}" if figure.indicator else figure.cube
        cube = self.cubes.get(name)
        if cube is None or any(each not in (*cube.dimensions, MEASURE, "") for each in (figure.rows, figure.across)):
            return None
        wanted = None if figure.indicator else self.site.cubes.get(figure.cube)
        table = self.tables.get(wanted.table) if wanted else None
        measures = [self.measure(each, table) for each in figure.measures]
        if not figure.levels:
            figure = figure.model_copy(update={"levels": self.site.areas})
        offered = {*cube.dimensions, *((LEVEL, BASIS) if UNIT in (figure.rows, figure.across) else ())}
        choose = tuple(each for each in figure.choose if each in offered)
        figure = figure.model_copy(update={"choose": choose})
        choices = Choices(figure, cube, measures, self.site.unions)
        if not choices.has_data():
            return None
        source = figure.indicator or figure.breaks or (wanted.table if wanted else "")
        if cube.dimensions.get("indicator") and "indicator" in choices.state:
            source = choices.state["indicator"]
        known = self.breaks.get(source, Breaks())
        years = [int(code) for code in cube.dimensions[TIME]]
        # Breaks matter if a figure shows several years, or has a slider to move between years.
        over_time = figure.kind in ("series", "panels") or figure.rows == TIME
        breaks = known.within(years) if over_time or figure.kind == MAP else []
        title = figure.title or self.indicators.get(figure.indicator, Label(nb=figure.indicator, en=figure.indicator))
        compare = self.measure(figure.compare, table) if figure.compare else None
        grid = self.grid(figure, choices, measures, compare, table, breaks)
        chosen = [
            (self.head(each, table), self.chosen(cube, each, choices.state[each]))
            for each in choose
            if each in choices.state and (each in (TIME, UNIT) or len(choices.options(each)) > 1)
        ]
        lines = cube.dimensions.get(figure.across or "", ()) if over_time else ()
        config = self.outline(figure, table, title, known, breaks) | {
            "cube": cube.name,
            "start": {each: choices.state[each] for each in choose if each in choices.state},
            "indicators": {
                code: _pair(self.named(cube, "indicator", code)) for code in cube.dimensions.get("indicator", ())
            },
        }
        return Resolved(
            id=figure.id,
            title=title,
            part=TEXTS[figure.part] if figure.part else None,
            note=figure.note,
            kind=figure.kind,
            cube=cube,
            table=wanted.table if wanted else "indicator_shares",
            indicator=figure.indicator,
            measures=measures,
            breaks=breaks,
            category_breaks=[
                (self.named(cube, str(figure.across), each.category), each)
                for each in known.of_categories
                if each.category in lines and min(years) < each.time_period <= max(years)
            ],
            chosen=chosen,
            grid=grid,
            bases=self.bases(cube, choices),
            # A figure of totals does not list the printed parts.
            printed=[
                each.text
                for each in (self.printed.get(source, ()) if over_time else ())
                if each.part_of in (None, figure.rows, figure.across, *figure.choose)
            ],
            config=config,
        )

    def outline(
        self, figure: Figure, table: Table | None, title: Label, known: Breaks, breaks: Sequence[Break]
    ) -> dict[str, Any]:
        """Return the script's configuration of a figure, as far as it does not depend on the cube."""
        measures = [self.measure(each, table) for each in figure.measures]
        compare = self.measure(figure.compare, table) if figure.compare else None
        return {
            "id": figure.id,
            "kind": figure.kind,
            "title": _pair(title),
            "part": _pair(TEXTS[figure.part]) if figure.part and TEXTS[figure.part] != title else None,
            "measures": [self._script_measure(each) for each in measures],
            "compare": self._script_measure(compare) if compare else None,
            "across": figure.across,
            "rows": figure.rows,
            "choose": [[each, *_pair(self.head(each, table))] for each in figure.choose],
            "rowsName": _pair(self.head(figure.rows or TIME, table)),
            "acrossName": _pair(self.head(figure.across, table)) if figure.across else [],
            "at": figure.at,
            "start": figure.start,
            "only": figure.only,
            "without": figure.without,
            "levels": figure.levels or self.site.areas,
            "ordered": figure.ordered,
            "sharedScale": figure.shared_scale,
            "breaks": self.script_breaks(breaks),
            "apart": list(known.apart),
            "apartOf": known.apart_of,
        }

    def script_breaks(self, breaks: Sequence[Break]) -> list[dict[str, Any]]:
        """Return breaks in the form that the script reads."""
        return [
            {
                "year": each.time_period,
                "kind": _pair(self.release.label("break_kind", each.kind)),
                "comparable": each.comparable_before,
                "text": _pair(each.description),
            }
            for each in breaks
        ]

    @staticmethod
    def _script_measure(shown: Shown) -> dict[str, Any]:
        return {
            "name": shown.name,
            "title": _pair(shown.title),
            "unit": _pair(shown.unit),
            "divide": shown.divide,
            "decimals": shown.decimals,
        }

    def bases(self, cube: Cube, choices: Choices) -> list[Label]:
        """Describe the base of a question's shares and the unit set, together for the years that have the same."""
        chosen = choices.state.get(TIME)
        years: dict[tuple[Label | None, Label | None], list[int]] = {}
        for time in [chosen] if chosen else choices.lines(TIME):
            if time in cube.bases:
                years.setdefault(cube.bases[time], []).append(int(time))
        return [
            filled(TEXTS["share_is_of"], years=spans(tuple(of)), base=base or NOTHING, units=units or NOTHING)
            for (base, units), of in years.items()
        ]

    def grid(
        self,
        figure: Figure,
        choices: Choices,
        measures: Sequence[Shown],
        compare: Shown | None,
        table: Table | None,
        breaks: Sequence[Break],
    ) -> Grid:
        """Return the table for the initial choices."""
        cube, state = choices.cube, choices.state
        row_name = figure.rows or TIME
        columns: list[tuple[Label, dict[str, str], Shown]]
        if figure.across == MEASURE or (not figure.across and compare is None and figure.kind == "interval"):
            columns = [(each.title, {}, each) for each in measures]
        elif figure.across:
            columns = [
                (self.named(cube, figure.across, code), {figure.across: code}, measures[0])
                for code in choices.lines(figure.across)
            ]
        else:
            columns = [(each.title, {}, each) for each in (measures[0], *([compare] if compare else []))]
        country = self._country(choices, row_name)
        codes = [*country, *(each for each in choices.lines(row_name) if each not in country)]
        rows, footnotes = self.rows(cube, row_name, codes, columns, state, breaks)
        ranked = figure.kind == "bars" and not figure.ordered and state.get(LEVEL) not in self.site.ordered_levels
        if ranked and row_name != TIME:
            first = len(country)
            rows[first:] = sorted(
                rows[first:], key=lambda row: -(row[1][0].value if row[1][0].value is not None else float("-inf"))
            )
        return Grid(self.head(row_name, table), [label for label, _, _ in columns], rows, footnotes)

    def rows(
        self,
        cube: Cube,
        row_name: str,
        codes: Sequence[str],
        columns: Sequence[tuple[Label, Mapping[str, str], Shown]],
        state: Mapping[str, str],
        breaks: Sequence[Break],
    ) -> tuple[list[tuple[Label, list[Cell], list[Label]]], list[Label]]:
        """Return the rows of a cube's table with their remarks, and the footnotes on single cells.

        Args:
            cube: has the figures.
            row_name: the dimension of the rows.
            codes: the code of each row.
            columns: for each column its label, its coordinates, and how its measure is shown.
            state: the coordinates that all columns share.
            breaks: the breaks to mention if rows are years.
        """
        rows = []
        numbers: dict[Label, int] = {}
        for code in codes:
            places = [{**state, row_name: code, **fixed} for _, fixed, _ in columns]
            cells = []
            for at, (_, _, shown) in zip(places, columns, strict=True):
                value = cube.value(shown.name, at)
                # A reason for absence refers to the main measure; another measure that has a value must not show it.
                flag = "A" if value is not None and cube.flag(at).islower() else cube.flag(at)
                whole = cube.value(cube.share_of, at) if cube.share_of and value is not None else None
                cells.append(Cell(None if value is None else value / shown.divide, shown.decimals, flag, whole))
            remarks, of_cells = self.remarks_on_row(cube, row_name, code, [label for label, _, _ in columns], places)
            for text, of in of_cells:
                number = numbers.setdefault(text, len(numbers) + 1)
                for place in of:
                    cells[place] = replace(cells[place], marks=(*cells[place].marks, number))
            cells = [replace(cell, marks=tuple(sorted(cell.marks))) for cell in cells]
            if row_name == TIME:
                kinds = [self.release.label("break_kind", each.kind) for each in breaks if str(each.time_period) == code]
                if kinds:
                    number = sorted({each.time_period for each in breaks}).index(int(code)) + 1
                    kinds_text = joined(dict.fromkeys(kinds), ", ")
                    remarks.append(filled(TEXTS["break_before"], number=number, kinds=kinds_text))
            rows.append((self.named(cube, row_name, code), cells, remarks))
        return rows, list(numbers)

    def remarks_on_row(
        self, cube: Cube, row_name: str, code: str, columns: Sequence[Label], places: Sequence[Mapping[str, str]]
    ) -> tuple[list[Label], list[tuple[Label, list[int]]]]:
        """Return the remarks on the figures of a row: respondents, coverage, notes, and boundaries that moved.

        Args:
            cube: has the figures.
            row_name: the dimension of the rows.
            code: the code of the row.
            columns: the label of each column.
            places: the coordinates of each column's figure.

        Returns:
            The remarks on the row, with the names of columns if they do not apply to all; and remarks on the figures of some
            columns, with their indexes, if the table has too many columns to name them.
        """
        there = [place for place, at in enumerate(places) if cube.flag(at) != NO_ROW]
        found: tuple[dict[Label, list[int]], ...] = ({}, {}, {})
        for place in there:
            at = places[place]
            answers, units, percent = (cube.value(name, at) for name in (ANSWERED, UNITS, COVERAGE))
            if cube.share_of and answers is not None and units is not None and answers < units:
                text = filled(TEXTS["answered"], n=formats.written(answers, 0), whole=formats.written(units, 0))
                found[0].setdefault(text, []).append(place)
            if percent is not None:
                found[1].setdefault(covered_text(formats.written(percent, 1)), []).append(place)
            for note in cube.remarks(at):
                found[2].setdefault(note, []).append(place)
        remarks: list[Label] = []
        of_cells: list[tuple[Label, list[int]]] = []
        for text, of in (pair for each in found for pair in each.items()):
            if len(of) == len(there):
                remarks.append(text)
            elif len(columns) > NAMED_COLUMNS:
                of_cells.append((text, of))
            else:
                names = joined([columns[place] for place in of], ", ")
                remarks.append(Label(nb=f"{text.nb} ({names.nb})", en=f"{text.en} ({names.en})"))
        first = places[0] if places else {}
        basis, _, area = (code if row_name == UNIT else first.get(UNIT, "")).partition(".")
        if basis == REPORTED:
            level, _, own = area.partition(".")
            remarks += [moved_text(*each) for each in self.moved.get((level, own), []) if str(each[0]) == first.get(TIME)]
        return remarks, of_cells

    @staticmethod
    def _country(choices: Choices, row_name: str) -> list[str]:
        """Return the country's code for the first row if rows are areas; otherwise, or without its figures, none."""
        code = f"{choices.state.get(BASIS, choices.basis)}.country.0"
        known = row_name == UNIT and code in choices.cube.places[UNIT] and choices.has_data(unit=code)
        return [code] if known else []


def decimals_of(unit: str | None, described: int | None) -> int:
    """Return how many decimals to show: one for shares, percentages and rates, otherwise as described."""
    if unit in ("ratio", "percent", "per_10000"):
        return 1
    return described or 0
