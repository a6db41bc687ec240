"""The search for a municipality: forty words, with the real names, lead to the right municipality or to none.

The rules are a script, and are tried in a browser; skipped where Playwright or Chromium is absent.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.site.build import STATIC
from orchestration.site.names import Names, index

REFERENCE = PROJECT_DIR / "data" / "reference"
# The map of the words below.
NEWEST = 2023

# The typed text, and the names of the municipalities that match: a single one is opened, among several the reader chooses.
WORDS: dict[str, tuple[str, ...]] = {
    # Names of today that are the beginning of another.
    "Os": ("Os",),
    "Nes": ("Nes",),
    "Hol": ("Hol",),
    "Ål": ("Ål",),
    "Gran": ("Gran",),
    "Hamar": ("Hamar",),
    "Etne": ("Etne",),
    "Flå": ("Flå",),
    "Hå": ("Hå",),
    "Lier": ("Lier",),
    "Sel": ("Sel",),
    "Strand": ("Strand",),
    "Vega": ("Vega",),
    "Vågå": ("Vågå",),
    "Ås": ("Ås",),
    # Several with the same name, today or earlier.
    "Bø": ("Bø (Nordland)", "Midt-Telemark"),
    "Våler": ("Våler (Innlandet)", "Våler (Viken)"),
    "Herøy": ("Herøy (Møre og Romsdal)", "Herøy (Nordland)"),
    "Sande": ("Sande (Møre og Romsdal)", "Holmestrand"),
    "Våler (Viken)": ("Våler (Viken)",),
    # Divided among several.
    "Snillfjord": ("Heim", "Hitra", "Orkland"),
    "Tysfjord": ("Hamarøy", "Narvik"),
    # Former names, including one that differs from another only by a diacritic.
    "Lenvik": ("Senja",),
    "lardal": ("Larvik",),
    "Haram": ("Ålesund",),
    # Names in other languages, whole and in part.
    "Deatnu": ("Tana",),
    "karasjohka": ("Karasjok",),
    "Kaivuono": ("Kåfjord",),
    "Guovdageaidnu - Kautokeino": ("Kautokeino",),
    "Divtasvuodna": ("Hamarøy", "Narvik"),
    # Without the letters of the language, and with words around the name.
    "bodo": ("Bodø",),
    "Alesund": ("Ålesund",),
    "AALESUND": ("Ålesund",),
    "Baerum": ("Bærum",),
    "aurskog holand": ("Aurskog-Høland",),
    "Stavanger kommune": ("Stavanger",),
    # Current, former and later numbers, and one that lost its zero.
    "5401": ("Tromsø",),
    "1931": ("Senja",),
    "5501": ("Tromsø",),
    "301": ("Oslo",),
    # The beginning of a name, where only one name begins with it.
    "Kristiansu": ("Kristiansund",),
    # No municipality with that name or number.
    "9999": (),
    "Gotham": (),
}


def real_names() -> duckdb.DuckDBPyConnection:
    """Return the public tables of names, from the reference data."""
    connection = duckdb.connect()
    municipalities, changes = (REFERENCE / f"{name}.csv" for name in ("municipalities", "municipality_changes"))
    connection.execute(
        "create table areas as select 'municipality' as unit_level, 'reported' as area_basis,"
        " municipality_code as unit_code, cast(years.year as integer) as time_period, municipality_name as unit_name,"
        " official_name"
        f" from read_csv('{municipalities}', all_varchar = true) as names"
        f" cross join unnest(range(2007, {NEWEST + 2})) as years (year)"
        " where years.year between valid_from_year::integer and valid_to_year::integer"
    )
    connection.execute(
        f"create table area_changes as select * replace (change_year::integer as change_year)"
        f" from read_csv('{changes}', all_varchar = true)"
    )
    return connection


def entries() -> list[dict[str, Any]]:
    with real_names() as connection:
        names = Names(connection, NEWEST)
        today = connection.execute(
            "select unit_code, unit_name from areas where time_period = ? order by unit_code", [NEWEST]
        ).fetchall()
    known = index({code: names.known_by(code, name) for code, name in today})
    return [{"code": code, "name": name, "county": "", "names": known[code]} for code, name in today]


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, dict[str, Any]]]:
    """The results for each word: ``sure``, the name of the opened one, and ``hits``, names with their rank."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (a development dependency)")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = started.new_page()
        page.add_script_tag(path=str(STATIC / "search.js"))
        yield page.evaluate(
            """([words, entries]) => {
              const { prepare, find } = window.IS248SEARCH;
              const prepared = prepare(entries);
              const name = new Map(entries.map((each) => [each.code, each.name]));
              return Object.fromEntries(words.map((each) => {
                const { hits, sure } = find(each, prepared);
                const by = hits.map((hit) => hit.by.name);
                return [each, { sure: sure && name.get(sure), hits: hits.map((hit) => hit.name), by }];
              }));
            }""",
            [[*WORDS, "Nordland", "land", "  "], entries()],
        )
        started.close()


def test_there_are_forty_words_and_every_name_that_begins_another_is_among_them() -> None:
    with (REFERENCE / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        names = sorted(
            {
                row["name_plain"]
                for row in csv.DictReader(file)
                if int(row["valid_from_year"]) <= NEWEST <= int(row["valid_to_year"])
            }
        )
    beginnings = {one for one in names for other in names if one != other and other.startswith(one)}
    assert len(WORDS) >= 40
    assert beginnings <= WORDS.keys()


@pytest.mark.parametrize("words", WORDS)
def test_a_word_leads_to_the_municipality_that_is_meant(found: dict[str, dict[str, Any]], words: str) -> None:
    meant, result = WORDS[words], found[words]
    assert result["sure"] == (meant[0] if len(meant) == 1 else None)
    # Intended ones come before others that only contain the word.
    assert set(result["hits"][: len(meant)]) == set(meant)
    assert bool(result["hits"]) == bool(meant)


def test_the_rest_of_the_hits_begin_with_the_word_or_contain_it(found: dict[str, dict[str, Any]]) -> None:
    assert found["Os"]["hits"][:3] == ["Os", "Bjørnafjorden", "Osen"]
    assert found["Sande"]["by"][:2] == ["Sande", "Sande"]
    # A county that distinguishes two municipalities with the same name is not part of their names.
    assert found["Nordland"]["hits"] == []
    assert found["  "] == {"sure": None, "hits": [], "by": []}
    # If many contain a word, none is opened.
    assert len(found["land"]["hits"]) > 5 and found["land"]["sure"] is None
