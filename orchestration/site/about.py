"""The pages on method and downloads: information about the release.

Belongs here: lists for these two pages, from metadata and tables. Does not belong here: their texts (``texts``) or layout
(``templates``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.tables import Label, Table
from orchestration.core.texts import load_groups, load_texts
from orchestration.publish.definitions import GENERAL, KIND, WEAKNESS, Definition, find_definitions
from orchestration.publish.formats.metadata import QUESTION, subjects_in
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import AREA_BREAKS, has_table, joined
from orchestration.site.figures import Resolved
from orchestration.site.pages import MAP

WORKBOOK = "xlsx/is248.xlsx"

# Separates several sources of a break.
SEVERAL = "; "

# The caution on comparing the levels of single municipalities is a definition of FTE.
FTE, LEVEL_CAUTION, MUNICIPALITY = "fte", "level", "municipality"

TEXTS = load_texts("site", "pages")
ORIGINS = load_groups("site", "printed")["origins"]


@dataclass(frozen=True)
class Download:
    """A public table with its number of rows and its files by format."""

    table: Table
    rows: int | None
    files: list[tuple[str, str]]


@dataclass(frozen=True)
class BreakRow:
    """One break in the list of all."""

    name: Label
    time_period: int
    kind: Label
    comparable: bool
    description: Label
    source: Label


def downloads(connection: duckdb.DuckDBPyConnection, tables: Sequence[Table], snapshot: Path) -> list[Download]:
    """Return the downloads of each table, without PX and JSON-stat files that were not written."""
    present = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
    found = []
    for table in tables:
        rows = connection.execute(f'select count(*) from "{table.name}"').fetchall()[0][0] if table.name in present else None
        files = [("CSV", f"csv/{table.name}.csv"), ("Parquet", f"parquet/{table.name}.parquet")]
        cubes = [("PX", f"px/{table.name}.px"), ("JSON-stat", f"jsonstat/{table.name}.json")]
        files += [(name, file) for name, file in cubes if (snapshot / file).is_file()]
        files.append(("metadata", f"metadata/{table.name}.json"))
        found.append(Download(table, rows, files))
    return found


def counties(connection: duckdb.DuckDBPyConnection, snapshot: Path) -> list[tuple[str, str, bool]]:
    """Return code and name of each of today's counties, and whether it has a package."""
    rows: list[tuple[str, str]] = connection.execute(
        "select unit_code, arg_max(unit_name, time_period) from areas where unit_level = 'county' and area_basis = 'current'"
        " group by unit_code order by unit_code"
    ).fetchall()
    return [(code, name, (snapshot / "packages" / f"{code}.xlsx").is_file()) for code, name in rows]


@dataclass(frozen=True)
class Defined:
    """The definitions of a subject, by kind."""

    name: Label
    kinds: list[tuple[Label, list[Definition]]]


def definitions(release: Release, tables: Sequence[Table]) -> list[Defined]:
    """Return general definitions and those of tables and amounts; those of questions are on the questions' pages."""
    named = {GENERAL: TEXTS["general"], "fte": TEXTS["of_fte"]}
    named |= {table.name: table.title for table in tables}
    kinds = release.codes.get(KIND, {})
    found = []
    for subject, entries in release.definitions.items():
        if (
            subject in release.codes.get("indicator", {})
            and subject not in named
            and subject not in release.codes.get("amount", {})
        ):
            continue
        by_kind = [(code.label, [each for each in entries if each.kind == kind]) for kind, code in kinds.items()]
        name = named.get(subject) or release.label("indicator", subject)
        found.append(Defined(name, [(label, group) for label, group in by_kind if group]))
    return found


def shows_municipalities(figure: Resolved) -> bool:
    """Return whether a figure is a map of single municipalities."""
    return figure.kind == MAP and MUNICIPALITY in figure.config["levels"]


def cautions(release: Release, figure: Resolved) -> list[Definition]:
    """Return the method's caution on comparing single municipalities, for a figure that shows several of them."""
    shown = MUNICIPALITY in figure.config["levels"]
    return [each for each in release.definitions.get(FTE, ()) if shown and each.item == LEVEL_CAUTION]


def weaknesses(release: Release, indicator: str) -> list[Definition]:
    """Return the known weaknesses of a question."""
    return [each for each in find_definitions(release.definitions, [indicator]) if each.kind == WEAKNESS]


def noted(release: Release, table: Table | None, figure: Resolved) -> list[Definition]:
    """Return the definitions to show below a figure, each text once: of its question, or of its table's subjects."""
    subjects = [figure.indicator] if figure.indicator else [] if table is None else subjects_in(table, release)
    # A table may have more questions than the figure shows.
    drawn = figure.cube.dimensions.get(QUESTION)
    if drawn and not figure.indicator:
        subjects = [each for each in subjects if each in drawn or each not in release.codes.get(QUESTION, {})]
    found = [each for each in find_definitions(release.definitions, subjects) if each.is_table_note]
    return list({each.text: each for each in found}.values())


def sourced(definition: Definition) -> Label:
    """Return a definition with its source."""
    source = definition.source
    return Label(nb=f"{definition.text.nb} ({source.nb}.)", en=f"{definition.text.en} ({source.en}.)")


def origin_of(source: str) -> Label:
    """Describe where a break is documented; a source without a text is given as in the list of breaks."""
    return joined([ORIGINS.get(each) or Label(nb=each, en=each) for each in source.split(SEVERAL)], SEVERAL)


def break_rows(
    connection: duckdb.DuckDBPyConnection, release: Release, tables: Sequence[Table]
) -> tuple[list[BreakRow], list[BreakRow]]:
    """Return the breaks of tables (including FTE and amounts), and those of the other questions."""
    titles = {table.name: table.title for table in tables}
    figures: list[BreakRow] = []
    questions: list[BreakRow] = []
    for indicator, nb, en, scale, year, kind, comparable, text_nb, text_en, source in connection.execute(
        "select b.indicator, i.label_nb, i.label_en, i.scale, b.time_period, b.kind, b.comparable_before, b.description_nb,"
        " b.description_en, b.source from series_breaks as b left join indicators as i using (indicator)"
        " order by b.indicator, b.time_period, b.kind"
    ).fetchall():
        row = BreakRow(
            titles.get(indicator) or Label(nb=nb or indicator, en=en or indicator),
            year,
            release.label("break_kind", kind),
            comparable,
            Label(nb=text_nb or kind, en=text_en or kind),
            origin_of(source or ""),
        )
        (figures if indicator in titles or scale in ("fte", "nok") else questions).append(row)
    return figures, questions


def moved_areas(connection: duckdb.DuckDBPyConnection, release: Release) -> list[dict[str, Any]]:
    """Return the areas whose boundaries moved although they kept their code, with a description."""
    if not has_table(connection, AREA_BREAKS):
        return []
    return [
        {"level": release.label("unit_level", level), "name": name, "code": code, "year": year, "how": Label(nb=nb, en=en)}
        for level, name, code, year, nb, en in connection.execute(
            "select unit_level, unit_name, unit_code, time_period, description_nb, description_en"
            f" from {AREA_BREAKS} order by unit_level, unit_code, time_period"
        ).fetchall()
    ]


def deliveries(connection: duckdb.DuckDBPyConnection, release: Release) -> list[dict[str, Any]]:
    """Return the deliveries that the figures are computed from."""
    return [
        {
            "title": Label(nb=nb or form, en=en or form),
            "survey": release.label("survey", survey),
            "year": year,
            "collected": collected,
            "constructed": constructed,
        }
        for form, survey, year, collected, constructed, nb, en in connection.execute(
            "select form, survey, time_period, collection_year, is_constructed, title_nb, title_en from deliveries"
            " order by time_period, form"
        ).fetchall()
    ]


def crosswalk(connection: duckdb.DuckDBPyConnection, release: Release) -> list[dict[str, Any]]:
    """Return the categories that correspond to each other across a change of the form."""

    def named(question: str, codes: str | None) -> Label:
        codelist = question.removeprefix("fte_by_")
        codelist = "service_type" if codelist == "service" else codelist
        labels = [release.label(codelist, code) for code in (codes or "\u2013").split("+")]
        return Label(nb=" + ".join(each.nb for each in labels), en=" + ".join(each.en for each in labels))

    return [
        {
            "before": named(question, before),
            "before_year": before_year,
            "after": named(question, after),
            "after_year": after_year,
            "verdict": release.label("comparability", verdict),
            "reason": Label(nb=nb or "\u2013", en=en or "\u2013"),
        }
        for question, before, before_year, after, after_year, verdict, nb, en in connection.execute(
            "select question, category_from, time_period_from, category_to, time_period_to, verdict, reason_nb, reason_en"
            " from category_crosswalk order by question, time_period_from, category_from, category_to"
        ).fetchall()
    ]
