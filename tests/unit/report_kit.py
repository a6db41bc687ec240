"""A published snapshot in memory, with a few rows, for tests of reports without files."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, load_tables
from orchestration.publish.publication_metadata import Code, Release, load_catalogue
from orchestration.report.grid import Round
from orchestration.report.model import Report
from orchestration.report.printed_words import Place, load_printed_words
from orchestration.report.values import Published
from orchestration.site.breaks import read_breaks

# A chapter with places for signed texts, and the files of the texts.
CHAPTER = """
Det var {{ fte(year, unit="årsverk") }}.

{{ prose("vurdering") }}

{{ quote("sitat") }}
"""
PROSE = """---
by: Kari Nordmann
date: 2024-11-14
---
Tjenestene hadde {{ fte(year, "children") }} årsverk for barn og unge.
"""
QUOTE = """---
by: Kari Nordmann
date: 2024-11-14
role: Fagleder
---
Vi får det ikke til i kommunen uten flere hender.
"""

METADATA = PROJECT_DIR / "data" / "metadata"
TABLES = {table.name: table for table in load_tables(METADATA)}
COUNTRY = {"unit_level": "country", "unit_code": "0", "unit_name": "Hele landet", "area_basis": "reported"}
REPORT = Report.model_validate(
    {
        "title": {"nb": "Rapport", "en": "Report"},
        "subtitle": {"nb": "Årsverk", "en": "FTE"},
        "remarks_once": ["rejected_cells"],
        "coverage_from": 0.98,
        "chapters": [{"file": "kapittel", "title": {"nb": "Kapittel", "en": "Chapter"}}],
    }
)


def fte(year: int, value: float | None, **changes: Any) -> dict[str, Any]:
    """Return a row of FTE by service."""
    row = {
        **COUNTRY,
        "time_period": year,
        "series": "is248",
        "target_group": "total",
        "service_type": "total",
        "fte": value,
        "population": 10_000.0,
        "obs_status": "A",
        "coverage": 1.0,
    }
    return {**row, **changes}


def answer(code: str, given: int | None, **changes: Any) -> dict[str, Any]:
    """Return a row of answers to a question that 8 of 10 answered."""
    row = {
        **COUNTRY,
        "indicator": "crisis_plan",
        "answer": code,
        "item": "all",
        "time_period": 2016,
        "n_answer": given,
        "n_answered": 8,
        "n_units": 10,
        "share": None if given is None else given / 8,
        "base": "answered",
        "unit_set": "municipalities",
        "obs_status": "A",
    }
    return {**row, **changes}


def area(level: str, code: str, name: str, year: int = 2016) -> dict[str, Any]:
    """Return an area of a year."""
    return {"unit_level": level, "unit_code": code, "unit_name": name, "area_basis": "reported", "time_period": year}


def comparable(indicator: str, before: int, year: int, verdict: str = "comparable") -> dict[str, Any]:
    """Return whether two years can be compared."""
    return {
        "indicator": indicator,
        "time_period_from": before,
        "time_period_to": year,
        "verdict": verdict,
        "reason": "scope 2015",
        "derived_or_signed": "derived",
    }


def round_of(rows: Mapping[str, Sequence[Mapping[str, Any]]], *, year: int = 2016, before: int | None = 2015) -> Round:
    """Return a round of a snapshot with the rows."""
    connection = duckdb.connect()
    for name, table in TABLES.items():
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'create table "{name}" ({columns})')
        for row in rows.get(name, []):
            names = ", ".join(f'"{column}"' for column in row)
            marks = ", ".join("?" for _ in row)
            connection.execute(f'insert into "{name}" ({names}) values ({marks})', list(row.values()))
    connection.execute("insert into indicators (indicator, label_nb, label_en) values ('crisis_plan', 'Plan', 'Plan')")
    codes: dict[str, dict[str, Code]] = {}
    for path in ("classifications/codelists.csv", "indicators/answers.csv"):
        with (PROJECT_DIR / "data" / path).open(encoding="utf-8", newline="") as file:
            for line in csv.DictReader(file):
                label = Label(nb=line["label_nb"], en=line["label_en"])
                codes.setdefault(line["codelist"], {})[line["code"]] = Code(label, None, line.get("sign") or None)
    release = Release(load_catalogue(METADATA), "demo", year, (), codes)
    published = Published(connection, TABLES, release, "test")
    places = {"country": Place("country", "0")}
    words = load_printed_words(published, PROJECT_DIR / "data", ["is248_2016"], places)
    return Round(year, before, tuple(published.rounds()), "nb", REPORT, published, words, read_breaks(connection))
