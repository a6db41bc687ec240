"""Comparing a municipality: the distributions of municipalities in its areas and groups, never a ranking.

Belongs here: the sets of municipalities to compare with, their distributions from ``fte_distribution``, and the rates of
single municipalities that a reader may choose. Does not belong here: drawing (``static/peers.js``), or computing
distributions (dbt).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from orchestration.core.tables import Label, Table
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import has_table, notes_of, remarks_on_figure
from orchestration.site.cubes import CURRENT, NO_ROW, reason_flags, unit_label
from orchestration.site.figures import Cell, Grid

TABLE = "fte_distribution"
# The values of a distribution, in this order; and the numbers of municipalities with figures, and of all.
MEASURES = ("lower_whisker", "quartile_1", "median", "quartile_3", "upper_whisker")
COUNTS = ("n_units", "n_municipalities")
# The order of sets below the municipality, as in the sheet of a municipality.
LEVELS = ("county", "kostra_group", "size_group", "country")
# Columns for remarks on a figure, from rows with the alias f.
SAYING = "f.obs_status, f.absence_reason, f.obs_note, f.coverage"
# Decimals that are kept; more than any page shows.
DIGITS = 4


@dataclass(frozen=True)
class Rate:
    """FTE of a municipality, in total and per 10,000 inhabitants, with flag and remarks."""

    fte: float | None = None
    rate: float | None = None
    flag: str = "O"
    remarks: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Distribution:
    """The distribution of municipalities' rates; without values if there are too few municipalities."""

    values: tuple[float | None, ...]
    known: int | None
    of: int | None
    flag: str
    remarks: tuple[Label, ...]


@dataclass
class Peers:
    """The distributions of a year by unit and target group, and the rates of single municipalities by code and group."""

    year: int
    labels: dict[str, Label] = field(default_factory=dict)
    distributions: dict[str, dict[str, Distribution]] = field(default_factory=lambda: defaultdict(dict))
    rates: dict[str, dict[str, Rate]] = field(default_factory=lambda: defaultdict(dict))

    def sets_of(self, lies_in: Mapping[str, str]) -> list[str]:
        """Return the areas and groups whose municipalities one is compared with.

        Args:
            lies_in: the code of its area or group by level.
        """
        units = [f"{CURRENT}.{level}.{lies_in[level]}" for level in LEVELS if lies_in.get(level)]
        return [unit for unit in units if unit in self.distributions]

    def grid(self, table: Table, group: str, sets: Sequence[str]) -> Grid:
        """Return the distributions of sets as a table."""
        columns = {column.name: column for column in table.columns}
        rows = []
        for unit in sets:
            found = self.distributions[unit].get(group)
            if found is None:
                continue
            cells = [
                Cell(value, columns[name].decimals or 0, found.flag)
                for name, value in zip(MEASURES, found.values, strict=True)
            ]
            counts = [Cell(count, 0, "A" if count is not None else found.flag) for count in (found.known, found.of)]
            rows.append((self.labels[unit], [*cells, *counts], list(found.remarks)))
        return Grid(columns["unit_name"].title, [columns[name].title for name in (*MEASURES, *COUNTS)], rows, [])

    def script(self) -> dict[str, Any]:
        """Return all distributions and rates in the form that the scripts read."""
        return {
            "year": self.year,
            "units": {
                unit: {
                    "label": [self.labels[unit].nb, self.labels[unit].en],
                    "of": {
                        group: [[short(value) for value in each.values], each.known, each.of, each.flag, pairs(each.remarks)]
                        for group, each in groups.items()
                    },
                }
                for unit, groups in self.distributions.items()
            },
            "rates": {
                code: {
                    group: [short(each.rate), each.flag, *([pairs(each.remarks)] if each.remarks else [])]
                    for group, each in groups.items()
                }
                for code, groups in self.rates.items()
            },
        }


def flag_of(release: Release, status: str | None, reason: str | None) -> str:
    """Return the flag of a figure, as in cubes."""
    return reason_flags(release).get(reason or "", status or NO_ROW)


def read_peers(connection: duckdb.DuckDBPyConnection, release: Release, year: int) -> Peers:
    """Return the distributions and rates of today's municipalities in a year."""
    peers = Peers(year)
    for code, group, fte, rate, status, reason, note, share in connection.execute(
        f"select unit_code, target_group, fte, fte_per_10000, {SAYING} from fte_by_service as f"
        " where unit_level = 'municipality' and area_basis = 'current' and service_type = 'total' and time_period = ?"
        " order by unit_code, target_group, series",
        [year],
    ).fetchall():
        remarks = tuple(remarks_on_figure(note, share, release))
        peers.rates[code][group] = Rate(fte, rate, flag_of(release, status, reason), remarks)
    if not has_table(connection, TABLE):
        return peers
    for level, code, name, group, *values in connection.execute(
        f"select unit_level, unit_code, unit_name, target_group, {', '.join((*MEASURES, *COUNTS))}, obs_status,"
        f" absence_reason, obs_note from {TABLE} where area_basis = 'current' and time_period = ?"
        " order by unit_level, unit_code, target_group, series",
        [year],
    ).fetchall():
        *drawn, known, of, status, reason, note = values
        unit = f"{CURRENT}.{level}.{code}"
        peers.labels[unit] = _area_label(release, level, code, name)
        flag = flag_of(release, status, reason)
        peers.distributions[unit][group] = Distribution(tuple(drawn), known, of, flag, tuple(notes_of(note, release)))
    return peers


def _area_label(release: Release, level: str, code: str, name: str) -> Label:
    """Return the label of an area or group: a county with its level added, a group with the name of its level translated."""
    label = unit_label(release, level, code, name)
    kind = release.label("unit_level", level)
    if level == "county":
        return Label(nb=f"{label.nb} ({kind.nb.lower()})", en=f"{label.en} ({kind.en.lower()})")
    if label.en == name and name.startswith(kind.nb):
        return Label(nb=name, en=kind.en + name.removeprefix(kind.nb))
    return label


def short(value: float | None) -> float | int | None:
    """Return a number rounded to ``DIGITS`` decimals, as an integer if it is whole."""
    if value is None:
        return None
    rounded = round(value, DIGITS)
    return int(rounded) if rounded == int(rounded) else rounded


def pairs(labels: Sequence[Label]) -> list[list[str]]:
    """Return labels in the form that scripts read."""
    return [[label.nb, label.en] for label in labels]
