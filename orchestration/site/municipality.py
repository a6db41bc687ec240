"""The pages of municipalities: everything public about each on one page, and the list for finding them.

Belongs here: the rows and figures of a municipality, and the content of its page without scripts. Does not belong here:
names (``names``), comparisons (``peers``), drawing (``static/municipality.js``), or the layout (``templates``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import duckdb

from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.remarks import in_one_line, joined, moved_text, remarks_on_figure
from orchestration.site import formats
from orchestration.site.breaks import Breaks
from orchestration.site.cubes import CURRENT, NO_ROW, TIME, UNIT, Cube, cube_of, dumped, row_sql
from orchestration.site.figures import Cell, Grid, Resolver
from orchestration.site.names import FULL, OWN, Ancestor, Names, bare, index, namesakes
from orchestration.site.pages import Figure
from orchestration.site.peers import SAYING, TABLE, Peers, Rate, flag_of, read_peers

TEXTS = load_texts("site", "municipality")
PAGE_TEXTS = load_texts("site", "pages")

# The tables with figures for single municipalities, and the measures that are shown.
FTE, RATE = "fte", "fte_per_10000"
PUBLIC_MEASURES: Mapping[str, tuple[str, ...]] = {
    "fte_by_service": (FTE, RATE),
    "fte_by_education": (FTE, "share"),
    "fte_by_pathway": (FTE, "share"),
}
LEVELS = ("municipality", "city_district", "agency")
# The codes of a municipality and of its districts and agencies share this many first digits.
CODE_LENGTH = 4
FOLDER = "kommune"

# The figures of a municipality: described once for all, and drawn from the cubes that each page loads.
FIGURES: Mapping[str, Figure] = {
    "fte_by_service": Figure(
        id="service",
        kind="series",
        cube="fte_by_service",
        measures=PUBLIC_MEASURES["fte_by_service"],
        across="service_type",
        without={"service_type": ("total",)},
        only={"target_group": ("adults", "children")},
        choose=("target_group", "unit"),
        levels=LEVELS,
    ),
    "fte_by_education": Figure(
        id="education",
        kind="panels",
        cube="fte_by_education",
        measures=PUBLIC_MEASURES["fte_by_education"],
        across="education",
        without={"education": ("total",)},
        choose=("target_group", "unit"),
        start={"target_group": "total"},
        levels=LEVELS,
    ),
    "fte_by_pathway": Figure(
        id="pathway",
        kind="stack",
        cube="fte_by_pathway",
        measures=("share", FTE),
        rows="time",
        across="pathway",
        without={"pathway": ("total",)},
        choose=("target_group", "unit"),
        start={"target_group": "total"},
        ordered=True,
        levels=LEVELS,
    ),
}
# Target groups with FTE columns in the table by year; the rate is shown for the total only.
GROUPS = ("adults", "children", "total")


@dataclass(frozen=True)
class Municipality:
    """One of today's municipalities in the list of all; ``lies_in`` has the code of its area or group by level."""

    code: str
    name: str
    official: str
    county_name: str
    lies_in: Mapping[str, str]
    population: float | None
    total: Rate

    @property
    def file(self) -> str:
        """The file of its page, relative to the folder of the pages."""
        return f"{FOLDER}/{self.code}.html"


@dataclass(frozen=True)
class Own:
    """The content of a municipality's page without scripts."""

    one: Municipality
    description: Label
    formed: list[Label]
    namesakes: list[tuple[Municipality, Label | None]]
    figures: Mapping[str, Rate]
    beside: Label
    years: Grid | None
    distributions: list[tuple[Label, Grid]]
    near: list[Municipality]
    reported: Grid | None
    config: dict[str, Any]


class Municipalities:
    """Everything public about each of today's municipalities."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, resolver: Resolver, beside: Mapping[str, Sequence[str]]
    ) -> None:
        """Read everything public; ``beside`` has the neighbours of each municipality."""
        self.connection = connection
        self.resolver = resolver
        self.beside = beside
        self.release = resolver.release
        self.tables = resolver.tables
        self.year = self._newest("fte_by_service", "unit_level = 'municipality' and fte is not null")
        self.names = Names(connection, self._newest("areas", "true"))
        self.peers: Peers = read_peers(connection, self.release, self.year)
        self.list = self._list()
        self.known = {each.code: self.names.known_by(each.code, each.name) for each in self.list}
        self._cubes = self._read_cubes()
        self._reported = self._read_reported()

    def _newest(self, table: str, condition: str) -> int:
        """Return the newest year of a table's rows on today's areas that meet a condition, or else the release's year."""
        query = f"select max(time_period) from {table} where area_basis = 'current' and {condition}"
        found: int | None = self.connection.execute(query).fetchall()[0][0]
        return found if found is not None else self.release.time_period

    def _list(self) -> list[Municipality]:
        rows = self.connection.execute(
            "select a.unit_code, a.unit_name, coalesce(a.official_name, a.unit_name), coalesce(c.unit_name, ''),"
            " a.county_code, a.kostra_group, a.size_group, a.population from areas as a"
            " left join areas as c on c.unit_level = 'county' and c.unit_code = a.county_code"
            " and c.time_period = a.time_period and c.area_basis = a.area_basis"
            " where a.unit_level = 'municipality' and a.area_basis = 'current' and a.time_period = ? order by a.unit_code",
            [self.year],
        ).fetchall()
        return [
            Municipality(
                code,
                name,
                official,
                county_name,
                {"county": county or "", "kostra_group": kostra or "", "size_group": size or "", "country": "0"},
                population,
                self.peers.rates.get(code, {}).get("total", Rate(flag=NO_ROW)),
            )
            for code, name, official, county_name, county, kostra, size, population in rows
        ]

    def _read_cubes(self) -> dict[str, dict[str, Cube]]:
        """Return the cubes of every municipality, by its code and by table."""
        cubes: dict[str, dict[str, Cube]] = defaultdict(dict)
        levels = ", ".join(f"'{level}'" for level in LEVELS)
        for name, measures in PUBLIC_MEASURES.items():
            table = self.tables.get(name)
            if table is None:
                continue
            rows = self.connection.execute(
                f"select unit_code[:{CODE_LENGTH}] as owner, {row_sql(table, measures)} from {name}"
                f" where area_basis = 'current' and unit_level in ({levels}) order by owner, {table.order_by}"
            ).fetchall()
            for owner, own in groupby(rows, itemgetter(0)):
                cubes[owner][name] = cube_of(self.release, table, f"{owner}/{name}", measures, [row[1:] for row in own])
        return cubes

    def scripts(self) -> dict[str, str]:
        """Return the scripts that the pages share, and that of every municipality, by path below the folder of data."""
        figures = {}
        for name, figure in FIGURES.items():
            table = self.tables.get(name)
            if table is not None:
                known = self.resolver.breaks.get(name, Breaks())
                figures[name] = self.resolver.outline(figure, table, table.title, known, known.breaks)
        groups = self.release.codes.get("target_group", {})
        names = index(self.known)
        shared = {
            **self.peers.script(),
            "figures": figures,
            "groups": {code: [groups[code].label.nb, groups[code].label.en] for code in reversed(GROUPS) if code in groups},
            "caution": [TEXTS["caution"].nb, TEXTS["caution"].en],
        }
        found = [
            {"code": each.code, "name": each.name, "county": each.county_name, "names": names[each.code]}
            for each in self.list
        ]
        return {
            "municipalities.js": f"IS248.municipalities({dumped(found)});\n",
            "peers.js": f"IS248.peers({dumped(shared)});\n",
            **{
                f"municipality/{each.code}.js": "".join(cube.script() for cube in self._cubes.get(each.code, {}).values())
                for each in self.list
            },
        }

    def pages(self) -> Iterator[Own]:
        """Yield the content of each municipality's page."""
        known = {each.code: each for each in self.list}
        alike = namesakes(self.known)
        for each in self.list:
            sets = self.peers.sets_of(each.lies_in)
            figures = self.peers.rates.get(each.code, {})
            near = sorted(
                (known[code] for code in self.beside.get(each.code, ()) if code in known), key=lambda one: one.name
            )
            yield Own(
                one=each,
                description=self._description(each),
                formed=self._formed(each),
                namesakes=[
                    (known[other], None if by.kind in (FULL, OWN) else filled(TEXTS["formerly"], name=by.name))
                    for other, by in alike.get(each.code, ())
                ],
                figures={group: figures.get(group, Rate()) for group in GROUPS},
                beside=self._beside(each),
                years=self._years(each),
                distributions=self._distributions(sets),
                near=near,
                reported=self._reported_grid(each),
                config={
                    "code": each.code,
                    "name": each.name,
                    "county": each.lies_in["county"],
                    "sets": sets,
                    "near": [one.code for one in near],
                },
            )

    def _description(self, one: Municipality) -> Label:
        """Return a description of a page for search engines and shared links; with a notice, it has no figures."""
        notice = [PAGE_TEXTS["notice"]] if self.release.notice else []
        cube = self._cubes.get(one.code, {}).get("fte_by_service")
        measured = cube.dimensions[TIME] if cube else [str(self.year)]
        years = "\u2013".join(dict.fromkeys((measured[0], measured[-1])))
        fte, rate = one.total.fte, one.total.rate
        if notice or fte is None or rate is None:
            return joined([*notice, filled(TEXTS["description_short"], name=one.name, years=years)])
        numbers = {"fte": formats.written(fte, 1), "rate": formats.written(rate, 1)}
        return filled(TEXTS["description"], name=one.name, years=years, year=str(self.year), **numbers)

    def _formed(self, one: Municipality) -> list[Label]:
        """Describe what a municipality was formed from, each name once, nearest first; a mere change of code is left out."""
        described: dict[str, Label] = {}
        for each in self.names.ancestors(one.code):
            name = self.names.name_of(each.code, each.until)
            key = "formed_of_part" if each.is_part else "formed_of"
            described.setdefault(bare(name), filled(TEXTS[key], name=name, year=str(each.until)))
        return list(described.values()) if described.keys() - {bare(one.name)} else []

    def _beside(self, one: Municipality) -> Label:
        """Return the rates of the country and the county."""
        cube = self.resolver.cubes.get("rates")

        def rate(level: str) -> Label:
            at = {UNIT: f"{CURRENT}.{level}.{one.lies_in[level]}", "target_group": "total", "service_type": "total"}
            value = cube.value(RATE, {**at, TIME: str(self.year)}) if cube else None
            return formats.written(value, 1) if value is not None else Label(nb="..", en="..")

        return filled(TEXTS["country_rate"], country=rate("country"), county=rate("county"))

    def _years(self, one: Municipality) -> Grid | None:
        """Return the table of FTE by year, on today's map."""
        cube = self._cubes.get(one.code, {}).get("fte_by_service")
        unit = f"{CURRENT}.municipality.{one.code}"
        if cube is None or unit not in cube.places[UNIT]:
            return None
        table = self.tables["fte_by_service"]
        known = self.resolver.breaks.get("fte_by_service", Breaks())
        fte, rate = (self.resolver.measure(name, table) for name in (FTE, RATE))
        columns = [
            (PAGE_TEXTS["in_total"] if group == "total" else cube.label("target_group", group), {"target_group": group}, fte)
            for group in GROUPS
            if group in cube.places["target_group"]
        ]
        columns.append((rate.title, {"target_group": "total"}, rate))
        state = {UNIT: unit, "service_type": "total"}
        first, last = int(cube.dimensions[TIME][0]), int(cube.dimensions[TIME][-1])
        within = [each for each in known.breaks if first < each.time_period <= last]
        rows, footnotes = self.resolver.rows(cube, TIME, cube.dimensions[TIME], columns, state, within)
        return Grid(TEXTS["year"], [label for label, _, _ in columns], rows, footnotes)

    def _distributions(self, sets: Sequence[str]) -> list[tuple[Label, Grid]]:
        """Return the distributions as a table for each group."""
        table = self.tables.get(TABLE)
        if table is None:
            return []
        grids = [(group, self.peers.grid(table, group, sets)) for group in reversed(GROUPS)]
        return [(self.release.label("target_group", group), grid) for group, grid in grids if grid.rows]

    def _read_reported(self) -> dict[str, dict[int, tuple[Cell, list[Label]]]]:
        """Return total FTE as municipalities reported them, by code and year, with remarks."""
        found: dict[str, dict[int, tuple[Cell, list[Label]]]] = defaultdict(dict)
        for code, year, fte, status, reason, note, share in self.connection.execute(
            f"select unit_code, time_period, fte, {SAYING} from fte_by_service as f"
            " where unit_level = 'municipality' and area_basis = 'reported' and service_type = 'total'"
            " and target_group = 'total' order by unit_code, time_period, series"
        ).fetchall():
            moved = self.resolver.moved.get(("municipality", code), [])
            remarks = [
                *remarks_on_figure(note, share, self.release),
                *(moved_text(*each) for each in moved if each[0] == year),
            ]
            found[code][year] = Cell(fte, 1, flag_of(self.release, status, reason)), remarks
        return found

    def _reported_grid(self, one: Municipality) -> Grid | None:
        """Return a table of what a municipality and its predecessors reported, each on the areas of the year."""
        lines: list[tuple[str, str, Ancestor | None, Mapping[int, tuple[Cell, list[Label]]]]]
        lines = [(one.name, one.code, None, self._reported.get(one.code, {}))]
        for each in self.names.ancestors(one.code):
            until = {year: row for year, row in self._reported.get(each.code, {}).items() if year < each.until}
            lines.append((self.names.name_of(each.code, each.until), each.code, each, until))
        lines = [line for line in lines if line[3]]
        breaks = self.resolver.breaks.get("fte_by_service", Breaks()).breaks
        columns = []
        for name, code, ancestor, _ in lines:
            parts = [Label(nb=f"{name} {code}", en=f"{name} {code}")]
            if ancestor:
                parts.append(filled(TEXTS["until"], year=str(ancestor.until - 1)))
                parts += [TEXTS["part"]] if ancestor.is_part else []
            columns.append(joined(parts, ", "))
        table: list[tuple[Label, list[Cell], list[Label]]] = []
        for year in sorted({year for line in lines for year in line[3]}):
            cells, remarks = [], []
            for name, code, _, rows in lines:
                cell, of_row = rows.get(year, (Cell(None, 1, NO_ROW), []))
                cells.append(cell)
                if of_row:
                    words = in_one_line(of_row)
                    whose = f"{name} {code}: " if len(lines) > 1 else ""
                    remarks.append(Label(nb=whose + words.nb, en=whose + words.en))
            kinds = [self.release.label("break_kind", each.kind) for each in breaks if each.time_period == year]
            if kinds and table:
                remarks.append(filled(TEXTS["breaks_here"], kinds=joined(dict.fromkeys(kinds), ", ")))
            table.append((Label(nb=str(year), en=str(year)), cells, remarks))
        return Grid(TEXTS["year"], columns, table, []) if table else None
