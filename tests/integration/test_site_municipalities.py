"""The municipality pages: found by name, each at its own address, compared without a ranking, printed on two pages.

Most tests drive a browser; they are skipped where Playwright, Chromium or axe is absent.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pypdfium2
import pytest

from orchestration.core.tables import load_tables
from orchestration.core.texts import load_texts
from orchestration.publish.publication_metadata import load_catalogue
from tests.integration.test_site_pages import METADATA, YEARS, Row, browser_parts, build, empty_database, insert

TEXTS = load_texts("site", "municipality")
# Own name and county by code; 1101 was formed from 1103, and 1202 has the former name of 1103.
NAMES = {
    "1101": ("Fjellby", "11"),
    "1102": ("Fjell", "11"),
    "1201": ("Ærfugløy", "12"),
    "1202": ("Gammel", "12"),
    "1203": ("Bakke (Østfylket)", "12"),
    "1104": ("Bakke (Vestfylket)", "11"),
}
# FTE per 10,000 inhabitants in the newest year.
RATES = {"1101": 40.0, "1102": 20.0, "1201": 30.0, "1202": None, "1203": 10.0, "1104": 25.0}


def database(*, is_constructed: bool = False) -> duckdb.DuckDBPyConnection:
    """Return six municipalities in two counties, one of which has a distribution; 1202 did not answer last."""
    connection = empty_database()
    areas = [("country", "0", "Hele landet"), ("county", "11", "Vestfylket"), ("county", "12", "Østfylket")]
    for year in YEARS:
        for level, code, name in [*areas, *(("municipality", code, name) for code, (name, _) in NAMES.items())]:
            for basis in ("reported", "current"):
                key = {
                    "time_period": year,
                    "unit_level": level,
                    "unit_code": code,
                    "unit_name": name,
                    "area_basis": basis,
                }
                own = {"county_code": NAMES[code][1], "official_name": name} if level == "municipality" else {}
                if code == "1201":
                    own["official_name"] = "Ærfugløy - Hávda"
                insert(connection, "areas", [{**key, "population": 10000.0, **own}])
                rate = RATES.get(code, 25.0) if year == YEARS[-1] else 15.0
                status = {"obs_status": "A"} if rate is not None else {"obs_status": "O", "absence_reason": "not_answered"}
                note = {"obs_note": "rejected_cells"} if code == "1101" else {}
                for group, share in (("adults", 0.75), ("children", 0.25), ("total", 1.0)):
                    numbers = {} if rate is None else {"fte": rate * share, "fte_per_10000": rate * share}
                    place = {**key, "series": "is248", "target_group": group, "service_type": "total"}
                    insert(connection, "fte_by_service", [{**place, **status, **note, **numbers}])
    box = {"lower_whisker": 10, "quartile_1": 20, "median": 25, "quartile_3": 30, "upper_whisker": 40}
    for level, code, name in areas:
        for group in ("adults", "children", "total"):
            few = level == "county"
            status_of_box: Row = (
                {"obs_status": "M", "absence_reason": "too_few_units"} if few else {"obs_status": "A", **box}
            )
            counts = {"n_units": 3 if few else 5, "n_municipalities": 3 if few else 6}
            place = {"unit_level": level, "unit_code": code, "unit_name": name, "area_basis": "current"}
            row = {**place, **status_of_box, **counts, "time_period": YEARS[-1], "series": "is248", "target_group": group}
            insert(connection, "fte_distribution", [row])
    change = {"change_year": YEARS[1], "old_code": "1103", "old_name": "Gammel", "new_code": "1101", "new_name": "Fjellby"}
    insert(connection, "area_changes", [{**change, "change_type": "merge"}])
    delivery = {"form": "a_form", "survey": "is248", "time_period": YEARS[-1], "collection_year": YEARS[-1]}
    insert(connection, "deliveries", [{**delivery, "is_constructed": is_constructed, "title_nb": "L", "title_en": "D"}])
    return connection


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(database(), tmp_path_factory.mktemp("snapshot") / "site")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright, chromium, _ = browser_parts()
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(chromium), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context()
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def test_a_page_says_what_it_is_to_those_who_find_it_elsewhere(site: Path) -> None:
    text = (site / "kommune" / "1101.html").read_text(encoding="utf-8")
    address = load_catalogue(METADATA).address

    def about(name: str) -> str:
        found = re.search(rf'<meta (?:name|property)="{name}" content="([^"]*)"', text)
        assert found, name
        return found.group(1)

    assert re.search(r'<title data-nb="Fjellby \u2013 [^"]+" data-en="Fjellby \u2013 [^"]+">Fjellby \u2013 ', text)
    assert about("og:title").startswith("Fjellby")
    assert "40,0 årsverk" in about("description") and str(YEARS[-1]) in about("og:description")
    assert about("og:url") == f"{address}site/kommune/1101.html"
    picture = about("og:image")
    assert picture.startswith(f"{address}site/") and (site / picture.removeprefix(f"{address}site/")).is_file()


def test_a_description_has_no_figures_of_constructed_data_without_saying_so(tmp_path: Path) -> None:
    text = (build(database(is_constructed=True), tmp_path / "site") / "kommune" / "1101.html").read_text(encoding="utf-8")
    for found in re.findall(r'(?:name="description"|property="og:description") content="([^"]*)"', text):
        assert found.startswith("Konstruerte data. ") and "40,0" not in found


def test_a_page_has_its_figures_without_a_script(site: Path, browser: Any) -> None:
    silent = browser.new_page(java_script_enabled=False)
    silent.goto((site / "kommune" / "1101.html").as_uri())
    assert [each.inner_text() for each in silent.locator(".tiles b").all()] == ["10\u202f000", "40,0", "40,0"]
    rows = [" ".join(row.inner_text().split()) for row in silent.locator("#years tbody tr").all()]
    assert [row.split()[0] for row in rows] == [str(year) for year in YEARS]
    assert rows[-1].startswith("2005 30,0 10,0 40,0 40,0 Celler")
    # The predecessors of a municipality, other names, and its official name.
    assert "Gammel" in silent.locator(".lead").inner_text()
    silent.goto((site / "kommune" / "1202.html").as_uri())
    assert silent.locator(".lead a").first.inner_text() == "Fjellby"
    assert silent.locator(".tiles b").all()[1].inner_text() == ".."
    silent.goto((site / "kommune" / "1201.html").as_uri())
    assert "Hávda" in silent.locator(".lead").inner_text()
    silent.close()


def test_the_search_opens_the_one_that_is_meant_and_offers_several(site: Path, page: Any) -> None:
    start = (site / "municipality.html").as_uri()

    def ask(words: str) -> None:
        page.goto(start)
        page.locator("#search").fill(words)
        page.keyboard.press("Enter")

    def stays() -> bool:
        page.wait_for_timeout(200)
        return str(page.url).endswith("/municipality.html")

    for words, opened in (("Fjell", "1102"), ("aerfugloy kommune", "1201"), ("havda", "1201"), ("1103", "1101")):
        ask(words)
        page.wait_for_url(f"**/kommune/{opened}.html")
    # Two with the same name: both are offered, neither is opened, and the keyboard reaches them.
    ask("bakke")
    assert stays()
    assert [link.inner_text() for link in page.locator(".hits a").all()] == ["Bakke (Vestfylket)", "Bakke (Østfylket)"]
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kommune/1203.html")
    ask("nowhere")
    assert stays()
    assert page.locator("#search-said").inner_text() == "Fant ingen kommune med navn eller nummer «nowhere»."
    assert page.locator(".hits a").count() == 0


def test_an_address_of_old_leads_to_the_page_and_an_unknown_one_says_so(site: Path, page: Any) -> None:
    start = (site / "municipality.html").as_uri()
    page.goto(f"{start}?lang=en#1201")
    page.wait_for_url("**/kommune/1201.html?lang=en")
    page.goto(f"{start}?lang=en#9999")
    assert page.locator("#search-said").inner_text() == "No municipality with the name or number “9999” was found."


@pytest.mark.parametrize("is_refused", [True, False], ids=["storage_refused", "in_the_address"])
def test_links_keep_the_language(site: Path, page: Any, *, is_refused: bool) -> None:
    if is_refused:
        refuse = "Storage.prototype.{0} = () => {{ throw new Error('refused'); }};"
        page.add_init_script(refuse.format("setItem") + refuse.format("getItem"))
        page.goto((site / "index.html").as_uri())
        page.locator("label", has_text="English").click()
    else:
        page.goto(f"{(site / 'index.html').as_uri()}?lang=en")
    page.locator("nav a", has_text="Municipalities").click()
    page.wait_for_url("**/municipality.html?lang=en")
    page.locator("#search").fill("fjellby")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kommune/1101.html?lang=en")
    assert page.evaluate("document.documentElement.lang") == "en"
    page.locator("label", has_text="Norsk").click()
    page.locator("nav a", has_text="Metode").click()
    page.wait_for_url("**/method.html?lang=nb")
    assert page.evaluate("document.documentElement.lang") == "nb"


def test_a_language_that_is_remembered_needs_no_address(site: Path, page: Any) -> None:
    page.goto((site / "index.html").as_uri())
    page.locator("label", has_text="English").click()
    page.locator("nav a", has_text="Method").click()
    page.wait_for_url("**/method.html")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_a_municipality_stands_among_others_without_a_ranking(site: Path, page: Any) -> None:
    page.goto(f"{(site / 'kommune' / '1101.html').as_uri()}#peers;compare=1201,1102,1101,0000")
    page.wait_for_selector("svg.peers")
    values = [each.text_content() for each in page.locator(".peer-value").all()]
    # Own value, its county of three, the country, then the chosen ones by the alphabet.
    names = [each.text_content() for each in page.locator(".peer-name").all()]
    assert names == ["Fjellby", "Vestfylket (fylke)", "Hele landet", "Fjell", "Ærfugløy"]
    assert values == ["40,0", "for få enheter til en fordeling (3 av 3)", "25,0 (5 av 6)", "20,0", "30,0"]
    assert page.locator(".peers .box").count() == 1
    assert "Fjellby: Celler" in page.locator("#peers .bases").inner_text()
    for figure in ("#peers", "#figure-rates"):
        assert TEXTS["caution"].nb in page.locator(f"{figure} .caution").inner_text()
    # Another one is added by name, and is in the address; without figures, the reason is given.
    page.locator("#peer").fill("gammel")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash === '#peers;target_group=total;compare=1201,1102,1202'")
    assert [each.text_content() for each in page.locator(".peer-name").all()][3:] == ["Fjell", "Gammel", "Ærfugløy"]
    assert page.locator(".peer-value").all()[4].text_content() == ".."
    page.get_by_role("button", name="Fjern Fjell", exact=True).click()
    assert page.evaluate("location.hash") == "#peers;target_group=total;compare=1201,1202"
    page.locator("#peers select").select_option("children")
    assert page.locator(".peer-value").first.text_content() == "10,0"
    # The address leads to the current view.
    page.reload()
    page.wait_for_selector("svg.peers")
    assert page.locator(".peer-value").first.text_content() == "10,0"
    assert [each.text_content() for each in page.locator(".peer-name").all()][3:] == ["Gammel", "Ærfugløy"]


def test_the_table_beside_the_figure_has_its_numbers(site: Path) -> None:
    text = (site / "kommune" / "1101.html").read_text(encoding="utf-8")
    table = text[text.index('id="peers-1"') : text.index('id="peers-2"')]
    assert [float(number.replace(",", ".")) for number in re.findall(r'<td class="r"><span lang="nb">([\d,]+)', table)] == [
        10,
        20,
        25,
        30,
        40,
    ]
    described = next(each for each in load_tables(METADATA) if each.name == "fte_distribution")
    assert all(column.title.nb in table for column in described.columns if column.name in ("median", "n_units"))


def test_a_municipality_prints_on_two_pages(site: Path, page: Any) -> None:
    page.goto(f"{(site / 'kommune' / '1101.html').as_uri()}#peers;compare=1201,1102,1202,1203,1104")
    page.wait_for_selector("svg.peers")
    printed = pypdfium2.PdfDocument(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    texts = [each.get_textpage().get_text_range() for each in printed]
    assert len(texts) == 2
    assert all(str(year) in texts[0] for year in YEARS) and "40,0" in texts[0]
    assert "Ærfugløy" in texts[1] and "rangering" in texts[1]
