"""The pages for people: start page, list of tables, errors; and the frame of all pages.

Pages need no script and load only the service's own style sheets. Belongs here: the frame, and the pages without figures.
Does not belong here: the page of a table (``table_page``), addresses (``application``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

import orchestration.site
from orchestration.core.language import LANGUAGES, Language, in_language, number, unbroken
from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.formats.cube import MEASURE
from orchestration.serve import questions
from orchestration.serve.limits import Limits
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.selections import CODELIST, CURRENT, FIRST_LEVEL, VALUES, address
from orchestration.serve.variables import COUNTRY, TIME, UNIT, has_figures

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
# The style of the public pages, and additions for the pages of the service.
STYLES = {
    "site.css": Path(orchestration.site.__file__).parent / "static" / "site.css",
    "serve.css": HERE / "static" / "serve.css",
}

TEXTS = load_texts("serve", "pages")
EXAMPLE_TEXTS = load_texts("serve", "examples")

MEDIA_TYPE = "text/html; charset=utf-8"
# Nothing but our own style sheets and forms; no script, no frame.
POLICY = "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

# The tables of the examples, and how many years the examples go back.
EXAMPLE, EXAMPLE_OF_ANSWERS, BACK = "fte_by_service", "indicator_shares", 5


@dataclass(frozen=True)
class Asked:
    """A request for a page: ``path`` is its address below ``root``; ``base`` is the full address of the service."""

    base: str
    root: str
    path: str
    parameters: Sequence[tuple[str, str]]
    language: Language

    def here(self, parameters: Sequence[tuple[str, str]]) -> str:
        """Return this address with other parameters."""
        return address(f"{self.root}{self.path}", parameters)

    def in_language(self, language: Language) -> str:
        """Return this address in another language."""
        rest = [(name, value) for name, value in self.parameters if name.lower() != questions.LANGUAGE]
        return self.here([(questions.LANGUAGE, language), *rest])


@dataclass(frozen=True)
class Example:
    """An address that serves as an example, also of SQL or of a page."""

    text: Label
    path: str
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """The address."""
        return address(self.path, self.parameters)

    @property
    def readable(self) -> str:
        """The address in readable form, without escapes."""
        query = "&".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.path}?{query}" if query else self.path


@cache
def environment() -> Environment:
    """Return the template environment of the pages."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, asked: Asked, snapshot: OpenSnapshot | None, **content: Any) -> bytes:
    """Return a page in the requested language."""

    def say(label: Label, **values: Any) -> str:
        return unbroken(in_language(filled(label, **values) if values else label, asked.language))

    def write(value: float | int, decimals: int = 0) -> str:
        return number(value, asked.language, decimals=(decimals, decimals)) or ""

    page = environment().get_template(template)
    return page.render(
        text=TEXTS,
        say=say,
        write=write,
        asked=asked,
        language=asked.language,
        languages=LANGUAGES,
        release=snapshot.release if snapshot else None,
        snapshot_id=snapshot.id if snapshot else None,
        **content,
    ).encode()


def start_page(asked: Asked, snapshot: OpenSnapshot, limits: Limits) -> bytes:
    """Return the page that explains how to use the service."""
    counted = {
        "cells": limits.cells,
        "workbook": limits.workbook_cells,
        "seconds": round(limits.seconds),
    }
    return render(
        "start.html.j2",
        asked,
        snapshot,
        examples=examples_of(snapshot),
        example_texts=EXAMPLE_TEXTS,
        expressions=_EXPRESSIONS,
        limits={name: number(value, asked.language) for name, value in counted.items()},
    )


def list_page(asked: Asked, snapshot: OpenSnapshot) -> bytes:
    """Return the page of all tables."""
    tables = list(snapshot.tables.values())
    of_figures = [table for table in tables if table.cube is not None]
    return render(
        "tables.html.j2",
        asked,
        snapshot,
        groups=[
            (TEXTS["tables_of_figures"], of_figures),
            (TEXTS["other_tables"], [table for table in tables if table.cube is None]),
        ],
        rows=snapshot.rows,
    )


def error_page(asked: Asked, snapshot: OpenSnapshot | None, error: Mapping[str, str]) -> bytes:
    """Return the page of a refusal."""
    return render("error.html.j2", asked, snapshot, error=error)


# Expressions for the values of a variable, with explanations.
_EXPRESSIONS = (
    (f"{VALUES}[target_group]=total,adults", EXAMPLE_TEXTS["code"]),
    (f"{VALUES}[service_type]=*", EXAMPLE_TEXTS["star"]),
    (f"{VALUES}[{UNIT}]={FIRST_LEVEL}:*", EXAMPLE_TEXTS["level"]),
    (f"{CODELIST}[{UNIT}]={FIRST_LEVEL}", EXAMPLE_TEXTS["codelist"]),
    (f"{VALUES}[{UNIT}]=municipality:50*", EXAMPLE_TEXTS["wild"]),
    (f"{VALUES}[{TIME}]=top(3)", EXAMPLE_TEXTS["top"]),
    (f"{VALUES}[{TIME}]=bottom(3)", EXAMPLE_TEXTS["bottom"]),
    (f"{VALUES}[{TIME}]=from(2018)", EXAMPLE_TEXTS["from"]),
    (f"{VALUES}[{TIME}]=to(2018)", EXAMPLE_TEXTS["to"]),
    (f"{VALUES}[{TIME}]=range(2018,2022)", EXAMPLE_TEXTS["range"]),
)


def examples_of(snapshot: OpenSnapshot) -> list[Example]:
    """Return examples that the snapshot can answer; a test requests each of them."""
    found: list[Example] = []
    newest = snapshot.release.time_period
    formats, words = questions.FORMAT, questions.WORDING
    if EXAMPLE in snapshot.tables and has_figures(snapshot.tables[EXAMPLE]):
        rows, start = f"/tables/{EXAMPLE}/data", f"/tables/{EXAMPLE}/defaultselection"
        today = (f"{VALUES}[area_basis]", CURRENT)
        totals = ((f"{VALUES}[target_group]", "total"), (f"{VALUES}[service_type]", "total"))
        country = (f"{VALUES}[{UNIT}]", f"{COUNTRY}:*")
        years = (f"{VALUES}[{TIME}]", f"range({newest - BACK},{newest})")
        found += [
            Example(EXAMPLE_TEXTS["builder"], f"/tables/{EXAMPLE}", (country, years)),
            Example(
                EXAMPLE_TEXTS["newest_by_county"],
                rows,
                (
                    (f"{VALUES}[{TIME}]", "top(3)"),
                    (f"{VALUES}[{UNIT}]", f"{FIRST_LEVEL}:*"),
                    today,
                    *totals,
                    (f"{VALUES}[{MEASURE}]", "fte"),
                    (formats, "csv"),
                    (words, "UseCodesAndTexts"),
                ),
            ),
            Example(EXAMPLE_TEXTS["range_of_country"], rows, (years, country, today, *totals)),
            Example(
                EXAMPLE_TEXTS["one_municipality"],
                rows,
                (
                    (f"{VALUES}[{TIME}]", "top(1)"),
                    (f"{CODELIST}[{UNIT}]", "municipality"),
                    (f"{VALUES}[{UNIT}]", "0301"),
                    today,
                    (formats, "xlsx"),
                ),
            ),
            Example(
                EXAMPLE_TEXTS["cube"],
                rows,
                (years, country, today, (f"{VALUES}[{MEASURE}]", "fte"), (formats, "json-stat2")),
            ),
            Example(
                EXAMPLE_TEXTS["page_by_page"],
                rows,
                (
                    (f"{VALUES}[{TIME}]", "top(1)"),
                    (f"{CODELIST}[{UNIT}]", "municipality"),
                    today,
                    *totals,
                    (questions.LIMIT, "50"),
                ),
            ),
            Example(EXAMPLE_TEXTS["start_of_table"], start),
        ]
        sql = (
            f"select time_period, fte from {EXAMPLE} where unit_level = '{COUNTRY}' and area_basis = '{CURRENT}' "
            "and target_group = 'total' and service_type = 'total' order by time_period"
        )
        found.append(Example(EXAMPLE_TEXTS["sql"], "/query", ((questions.SQL, sql),)))
    if EXAMPLE_OF_ANSWERS in snapshot.tables:
        found.append(Example(EXAMPLE_TEXTS["answers"], f"/tables/{EXAMPLE_OF_ANSWERS}", ((questions.LANGUAGE, "en"),)))
    return found
