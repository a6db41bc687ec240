"""Every text of the publication exists in both languages, and each language is in its place."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, load_tables
from orchestration.publish.publication_metadata import CATALOGUE, load_catalogue
from orchestration.publish.views import DESCRIPTIONS, load_entries

DATA = PROJECT_DIR / "data"
METADATA = DATA / "metadata"

# Code lists with labels, and the catalogue of indicators, a separate table.
CODE_LISTS = ("classifications/codelists.csv", "indicators/answers.csv")
INDICATORS = "indicators/indicators.csv"

LANGUAGES = ("nb", "en")

# Words that exist in only one of the languages.
ENGLISH = re.compile(r"\b(the|of|and|with|which|whether|are)\b", re.IGNORECASE)
NORWEGIAN = re.compile(r"\b(og|av|ikke|det|som|til|på|med|fra|er|eller|etter|hvor)\b|[æøå]", re.IGNORECASE)

# Texts that are the same word in both languages; names in capitals, numbers and ranges need not be listed.
SAME_WORDS = {"Hash", "Median", "Recovery"}
NAME_OR_NUMBER = re.compile(r"[A-ZÆØÅ0-9/\u2013-]+")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts() -> Iterator[tuple[str, Label]]:
    catalogue = load_catalogue(METADATA)
    for place in ("title", "description", "constructed"):
        yield f"catalogue, {place}", getattr(catalogue, place)
    for table in load_tables(METADATA):
        for place in ("title", "description", "population", "method"):
            if getattr(table, place) is not None:
                yield f"{table.name}, {place}", getattr(table, place)
        for column in table.columns:
            yield f"{table.name}.{column.name}, title", column.title
            yield f"{table.name}.{column.name}, description", column.description
    entries = load_entries(METADATA)
    for each in (*entries.views, entries.overview, *entries.macros, *entries.columns):
        yield f"{DESCRIPTIONS}, {each.title.en}, title", each.title
        yield f"{DESCRIPTIONS}, {each.title.en}, description", each.description
    for name in CODE_LISTS:
        for row in rows(name):
            yield f"{name}, {row['codelist']} {row['code']}", Label(nb=row["label_nb"], en=row["label_en"])
    for row in rows(INDICATORS):
        yield f"{INDICATORS}, {row['indicator']}", Label(nb=row["label_nb"], en=row["label_en"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(METADATA, tmp_path / "metadata")
    return tmp_path / "metadata"


def change(path: Path, place: tuple[str | int, ...], value: Any) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    inner = content
    for step in place[:-1]:
        inner = inner[step]
    if value is None:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
@pytest.mark.parametrize(
    "place",
    [("title",), ("description",), ("method",), ("population",)],
    ids=lambda place: place[0],
)
def test_a_table_without_a_text_in_one_language_is_refused(
    folder: Path, place: tuple[str, ...], language: str, value: str | None
) -> None:
    change(folder / "fte_by_service.yml", (*place, language), value)
    with pytest.raises(UserError, match=rf"{place[0]}\.{language}") as error:
        load_tables(folder)
    assert "fte_by_service.yml" in str(error.value)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
@pytest.mark.parametrize("place", ["title", "description"])
def test_a_column_without_a_text_in_one_language_is_refused(
    folder: Path, place: str, language: str, value: str | None
) -> None:
    content = yaml.safe_load((folder / "fte_by_service.yml").read_text(encoding="utf-8"))
    number = next(number for number, column in enumerate(content["columns"]) if place in column)
    change(folder / "fte_by_service.yml", ("columns", number, place, language), value)
    with pytest.raises(UserError, match=rf"columns\.{number}\.{place}\.{language}"):
        load_tables(folder)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_shared_column_without_a_text_in_one_language_is_refused(folder: Path, language: str) -> None:
    change(folder / "_shared_columns.yml", ("time_period", "title", language), None)
    with pytest.raises(UserError, match=rf"title\.{language}"):
        load_tables(folder)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", [None, ""], ids=["missing", "empty"])
@pytest.mark.parametrize(
    "place",
    [("title",), ("description",), ("constructed",), ("publisher", "name"), ("contact", "name"), ("keywords",)],
    ids=".".join,
)
def test_a_catalogue_without_a_text_in_one_language_is_refused(
    folder: Path, place: tuple[str, ...], language: str, value: str | None
) -> None:
    change(folder / CATALOGUE, (*place, language), [] if place == ("keywords",) and value == "" else value)
    with pytest.raises(UserError, match=rf"{place[-1]}\.{language}"):
        load_catalogue(folder)


@pytest.mark.parametrize("name", [*CODE_LISTS, INDICATORS])
def test_every_code_has_a_label_in_both_languages(name: str) -> None:
    assert [row for row in rows(name) if not row["label_nb"].strip() or not row["label_en"].strip()] == []


@pytest.mark.parametrize("name", CODE_LISTS)
def test_no_code_stands_twice_in_a_list(name: str) -> None:
    codes = [(row["codelist"], row["code"]) for row in rows(name)]
    assert len(codes) == len(set(codes))


def test_every_code_list_of_a_column_has_codes() -> None:
    lists = {row["codelist"] for name in CODE_LISTS for row in rows(name)} | {"indicator"}
    named = {
        (f"{table.name}.{column.name}", column.codelist)
        for table in load_tables(METADATA)
        for column in table.columns
        if column.codelist is not None
    }
    assert {place: name for place, name in named if name not in lists} == {}


def test_every_unit_of_a_column_is_in_the_list_of_units() -> None:
    units = {row["code"] for row in rows(CODE_LISTS[0]) if row["codelist"] == "unit_of_measure"}
    named = {
        (f"{table.name}.{column.name}", column.unit)
        for table in load_tables(METADATA)
        for column in table.columns
        if column.unit is not None
    }
    assert {place: unit for place, unit in named if unit not in units} == {}


def test_every_status_that_a_table_may_have_is_in_the_list_of_statuses() -> None:
    statuses = {row["code"] for row in rows(CODE_LISTS[0]) if row["codelist"] == "obs_status"}
    assert {table.name for table in load_tables(METADATA) if not set(table.statuses) <= statuses} == set()


def test_the_languages_are_not_the_same_text() -> None:
    same = {place: text.nb for place, text in texts() if text.nb == text.en}
    assert {
        place: text for place, text in same.items() if text not in SAME_WORDS and not NAME_OR_NUMBER.fullmatch(text)
    } == {}


def test_the_languages_are_not_swapped() -> None:
    assert {place: text.nb for place, text in texts() if ENGLISH.search(text.nb)} == {}
    assert {place: text.en for place, text in texts() if NORWEGIAN.search(text.en)} == {}
