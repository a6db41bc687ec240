"""The figures at the top of the front page: the newest year in a few numbers.

Belongs here: which numbers, and whether a change may be stated. Does not belong here: the chart (``figures``) or the texts
(``texts``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from orchestration.core.tables import STATUS_COLUMN, Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import remarks_on_figure
from orchestration.site.breaks import Breaks
from orchestration.site.formats import percent, signed, written

TEXTS = load_texts("site", "pages")
NORMAL = "A"


@dataclass(frozen=True)
class Tile:
    """One number with its title; ``lines`` are shown below it, ``remarks`` has remarks on it."""

    title: Label
    value: Label
    lines: list[Label]
    remarks: list[Label] = field(default_factory=list)


def _change(value: float) -> Label:
    return Label(nb=signed(percent(value, 1, "nb")), en=signed(percent(value, 1, "en")))


def _remarks(release: Release, status: str, note: str | None, share: float | None) -> list[Label]:
    """Return the remarks on a figure: its status unless that is normal, its coverage, and its notes."""
    remarks = [release.label(STATUS_COLUMN, status)] if status != NORMAL else []
    return [*remarks, *remarks_on_figure(note, share, release)]


def headline(connection: duckdb.DuckDBPyConnection, release: Release, breaks: Breaks) -> tuple[Label, list[Tile]]:
    """Return the sentence of the front page and its tiles; tiles without data are left out."""
    rows = connection.execute(
        "select target_group, time_period, fte, fte_per_10000, obs_status, obs_note, coverage from fte_by_service"
        " where unit_level = 'country'"
        " and area_basis = 'reported' and service_type = 'total' and fte is not null order by time_period, target_group"
    ).fetchall()
    figures = {(group, year): (fte, rate) for group, year, fte, rate, *_ in rows}
    beside = {(group, year): _remarks(release, *facts) for group, year, _, _, *facts in rows}
    newest = max((year for _, year in figures), default=release.time_period)
    real = dict(
        connection.execute(
            "select target_group, real_change_percent from real_change"
            " where time_period_to = ? and real_change_percent is not null order by target_group",
            [newest],
        ).fetchall()
    )
    tiles = []
    for group in release.codes.get("target_group", {}):
        if (group, newest) not in figures:
            continue
        fte, rate = figures[group, newest]
        lines = [filled(TEXTS["per_10000"], value=written(rate, 1))] if rate is not None else []
        before = [year for known, year in figures if known == group and year < newest]
        if before:
            earlier = max(before)
            divided = any(earlier < year <= newest for year in breaks.apart)
            base = figures[group, earlier][0]
            if divided or not base:
                lines.append(TEXTS["no_comparison"])
            else:
                lines.append(filled(TEXTS["change_since"], change=_change(100 * (fte - base) / base), year=str(earlier)))
                if group in real and newest - earlier == 1:
                    lines.append(filled(TEXTS["real_change_since"], change=_change(real[group])))
        title = TEXTS["in_total"] if group == "total" else release.label("target_group", group)
        tiles.append(Tile(title, written(fte, 0), lines, beside[group, newest]))
    # The total comes first, regardless of its place in the code list.
    tiles.sort(key=lambda tile: tile.title != TEXTS["in_total"])
    answered = connection.execute(
        "select units_answered, units_expected, units_carried_forward from response where time_period = ? and units_answered"
        " is not null order by units_expected desc, survey, unit_set limit 1",
        [newest],
    ).fetchone()
    if answered:
        lines = [filled(TEXTS["response_units"], year=str(newest))]
        if answered[2]:
            lines.append(filled(TEXTS["response_carried"], carried=written(answered[2], 0)))
        value = filled(TEXTS["response_of"], answered=written(answered[0], 0), expected=written(answered[1], 0))
        tiles.append(Tile(TEXTS["response"], value, lines))
    total = figures.get(("total", newest))
    if total is None:
        return TEXTS["headline_none"], tiles
    return filled(TEXTS["headline"], fte=written(total[0], 0), year=str(newest)), tiles
