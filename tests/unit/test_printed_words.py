"""The pages have words for the contents of the bundled reports: differing figures, parts of a text, origins of breaks."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label
from orchestration.publish.publication_metadata import Code, Release, load_catalogue
from orchestration.site.about import ORIGINS, origin_of
from orchestration.site.reconciliation import Chapter, place_of, words_of

DATA = PROJECT_DIR / "data"
DERIVED = {"forms", "bases", "ends"}

# A code instead of a word: several words joined by underscores, or a name with its value.
CODE = re.compile(r"\w_\w|=|\|")


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def labels(name: str, key: str) -> dict[str, Label]:
    return {row[key]: Label(nb=row["label_nb"], en=row["label_en"]) for row in rows(name)}


@pytest.fixture(scope="module")
def release() -> Release:
    codes: dict[str, dict[str, Code]] = defaultdict(dict)
    for name in ("classifications/codelists.csv", "indicators/answers.csv"):
        for row in rows(name):
            codes[row["codelist"]][row["code"]] = Code(Label(nb=row["label_nb"], en=row["label_en"]), None, None)
    return Release(load_catalogue(DATA / "metadata"), "demo", 2001, (), codes)


def text_sections() -> Iterator[str]:
    for path in sorted((DATA / "published").glob("*.csv")):
        for row in rows(f"published/{path.name}"):
            if row.get("table_id", "").startswith("text:"):
                yield row["table_id"]


def test_a_printed_figure_that_differs_is_reported_in_words(release: Release) -> None:
    indicators = labels("indicators/indicators.csv", "indicator")
    wordings = {
        row["cell_key"]: words_of(row["cell_key"], release, indicators) for row in rows("published/explanations.csv")
    }
    assert wordings
    assert {key: text for key, text in wordings.items() if CODE.search(text.nb) or CODE.search(text.en)} == {}


def test_a_code_means_what_it_means_in_print(release: Release) -> None:
    nominal = words_of("user_involvement_amount|price_basis=nominal|2001", release, {})
    assert nominal == Label(
        nb="Midler til brukermedvirkning, løpende priser, 2001", en="Money for user involvement, current prices, 2001"
    )
    compared = words_of("odds_ratio|reference=lt2000|survey_year=2002|2001", release, {})
    assert compared.nb == "Oddsforhold, mot Til og med 2 000 innbyggere, undersøkelsen i 2002, 2001"
    assert words_of("of_another_kind|a=b|2001", release, {}).nb == "of_another_kind, b, 2001"


def test_a_part_of_a_text_is_named_and_a_section_has_its_number() -> None:
    assert place_of("text:next_of_kin") == Label(nb="Tekst: Pårørende", en="Text: Next of kin")
    assert place_of("text:3.2") == Label(nb="Tekst i avsnitt 3.2", en="Text in section 3.2")
    assert place_of("3.11") == Label(nb="Tabell 3.11", en="Table 3.11")
    found = {section: place_of(section) for section in text_sections()}
    assert found
    assert {section: place for section, place in found.items() if CODE.search(place.nb)} == {}


@pytest.mark.parametrize(("name", "label"), [("gp", "Fastleger"), ("7", "7"), ("unheard_of", "unheard_of"), ("", "\u2013")])
def test_a_chapter_has_its_name_or_its_number(name: str, label: str) -> None:
    assert Chapter(name, {}).label.nb == label


def test_where_a_break_is_documented_is_told_in_both_languages() -> None:
    sources = {each for row in rows("classifications/series_breaks.csv") for each in row["source"].split("; ")}
    assert set(ORIGINS) == sources | DERIVED
    assert origin_of("forms; 2023 summary") == Label(
        nb="Utledet av skjemaene; Rapporten for 2023, sammendraget", en="Derived from the forms; 2023 report, summary"
    )
    assert origin_of("a letter") == Label(nb="a letter", en="a letter")
