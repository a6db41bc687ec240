"""With whom a municipality is compared: how the municipalities of areas and groups lie, never who is first.

Belongs here: which sets of municipalities stand beside one, their distributions as ``fte_distribution`` has them, and the
rate of each for the reader who chooses some. Does not belong here: drawing (``static/peers.js``), or how a distribution is
computed (dbt).
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
# What of a distribution is drawn and told, in this order, and how many have figures, of how many.
MEASURES = ("lower_whisker", "quartile_1", "median", "quartile_3", "upper_whisker")
COUNTS = ("n_units", "n_municipalities")
# The order in which sets stand below the municipality; as in the sheet of a municipality.
LEVELS = ("county", "kostra_group", "size_group", "country")
# What is said of a figure, of rows that are called f.
SAYING = "f.obs_status, f.absence_reason, f.obs_note, f.coverage"
# Digits that are kept; more than any page shows.
DIGITS = 4


@dataclass(frozen=True)
class Rate:
    """FTE of a municipality and how many that is per 10,000 inhabitants, with what is said of them."""

    fte: float | None = None
    rate: float | None = None
    flag: str = "O"
    said: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Distribution:
    """How the rates of municipalities lie; no values where they are too few."""

    values: tuple[float | None, ...]
    known: int | None
    of: int | None
    flag: str
    said: tuple[Label, ...]


@dataclass
class Peers:
    """The distributions of a year by unit and target group, and the rates of single municipalities by code and group."""

    year: int
    labels: dict[str, Label] = field(default_factory=dict)
    distributions: dict[str, dict[str, Distribution]] = field(default_factory=lambda: defaultdict(dict))
    rates: dict[str, dict[str, Rate]] = field(default_factory=lambda: defaultdict(dict))

    def sets_of(self, lies_in: Mapping[str, str]) -> list[str]:
        """Return the units whose municipalities stand beside one.

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
            rows.append((self.labels[unit], [*cells, *counts], list(found.said)))
        return Grid(columns["unit_name"].title, [columns[name].title for name in (*MEASURES, *COUNTS)], rows, [])

    def script(self) -> dict[str, Any]:
        """Return all of it as the pages get it."""
        return {
            "year": self.year,
            "units": {
                unit: {
                    "label": [self.labels[unit].nb, self.labels[unit].en],
                    "of": {
                        group: [[short(value) for value in each.values], each.known, each.of, each.flag, pairs(each.said)]
                        for group, each in groups.items()
                    },
                }
                for unit, groups in self.distributions.items()
            },
            "rates": {
                code: {
                    group: [short(each.rate), each.flag, *([pairs(each.said)] if each.said else [])]
                    for group, each in groups.items()
                }
                for code, groups in self.rates.items()
            },
        }


def flag_of(release: Release, status: str | None, reason: str | None) -> str:
    """Return the flag of a figure as cubes have it."""
    return reason_flags(release).get(reason or "", status or NO_ROW)


def read_peers(connection: duckdb.DuckDBPyConnection, release: Release, year: int) -> Peers:
    """Return how the municipalities of today lie in a year."""
    peers = Peers(year)
    for code, group, fte, rate, status, reason, note, share in connection.execute(
        f"select unit_code, target_group, fte, fte_per_10000, {SAYING} from fte_by_service as f"
        " where unit_level = 'municipality' and area_basis = 'current' and service_type = 'total' and time_period = ?"
        " order by unit_code, target_group, series",
        [year],
    ).fetchall():
        said = tuple(remarks_on_figure(note, share, release))
        peers.rates[code][group] = Rate(fte, rate, flag_of(release, status, reason), said)
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
    """Return the name of an area or group; of a county that it is one, of a group with the name of its level translated."""
    label = unit_label(release, level, code, name)
    kind = release.label("unit_level", level)
    if level == "county":
        return Label(nb=f"{label.nb} ({kind.nb.lower()})", en=f"{label.en} ({kind.en.lower()})")
    if label.en == name and name.startswith(kind.nb):
        return Label(nb=name, en=kind.en + name.removeprefix(kind.nb))
    return label


def short(value: float | None) -> float | int | None:
    """Return a number with as few digits as pages need."""
    if value is None:
        return None
    rounded = round(value, DIGITS)
    return int(rounded) if rounded == int(rounded) else rounded


def pairs(labels: Sequence[Label]) -> list[list[str]]:
    """Return labels as scripts read them."""
    return [[label.nb, label.en] for label in labels]
