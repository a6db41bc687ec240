"""Downloads from a figure: files with the figures of the database, and an address that leads back to the figure.

Driven in a browser, from a folder; skipped where Playwright, Chromium or axe is absent.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from tests.integration.test_site_pages import Row, browser, build, insert, lay_reports, small_database

__all__ = ["browser"]

# Page, figure, the choices in it, and the query for the same figures in the database: row label, column label, value.
FTE = "select time_period::varchar, fte from fte_by_service where area_basis = 'current' and unit_level = 'country'"
SHARES = "from indicator_shares where indicator = 'crisis_plan' and area_basis = 'current'"
FIGURES: dict[tuple[str, str], tuple[dict[str, str], str]] = {
    ("services", "over_time"): (
        {"target_group": "children"},
        f"{FTE} and target_group = 'children' and service_type = 'health_station_school'",
    ),
    ("rates", "areas"): (
        {},
        "select unit_name, fte_per_10000 from fte_by_service where area_basis = 'current' and service_type = 'total'"
        " and target_group = 'total' and unit_level in ('country', 'county') and time_period = 2005",
    ),
    ("plans", "crisis_plan_time"): (
        {},
        f"select time_period::varchar, round(100.0 * n_answer / n_answered, 4) {SHARES} and unit_level = 'country'",
    ),
    ("plans", "crisis_plan_areas"): (
        {"time": "2003"},
        f"select unit_name, round(100.0 * n_answer / n_answered, 4) {SHARES} and answer = 'yes' and time_period = 2003"
        " and unit_level in ('country', 'county')",
    ),
    ("pathways", "over_time"): (
        {},
        "select time_period::varchar, 100 * share from fte_by_pathway where area_basis = 'current'"
        " and unit_level = 'country' and target_group = 'total' and pathway != 'total'",
    ),
}


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    return small_database()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory, database: duckdb.DuckDBPyConnection) -> Path:
    folder = tmp_path_factory.mktemp("snapshot")
    lay_reports(folder)
    build(database, folder / "site")
    (folder / "CHANGES.js").write_text('window.IS248_CHANGES = {"id": "2005-0123456789ab"};', encoding="utf-8")
    return folder


@pytest.fixture
def page(browser: tuple[Any, str]) -> Iterator[Any]:
    context = browser[0].new_context(locale="nb-NO")
    found = context.new_page()
    errors: list[str] = []
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    assert errors == []
    context.close()


def save(page: Any, figure: Any, kind: str) -> tuple[str, bytes]:
    """Press a button under a figure; return the name and the content of the file."""
    with page.expect_download() as waiting:
        figure.locator(f"[data-action={kind}]").click()
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def open_figure(page: Any, snapshot: Path, name: tuple[str, str], chosen: dict[str, str], query: str = "") -> Any:
    page.goto(f"{(snapshot / 'site' / name[0]).as_uri()}.html{query}")
    figure = page.locator(f'[id="{name[1]}"]')
    for field, code in chosen.items():
        figure.locator(f"select[name={field}]").select_option(code)
    return figure


@pytest.mark.parametrize("name", FIGURES)
def test_saved_numbers_are_those_of_the_database(
    page: Any, snapshot: Path, database: duckdb.DuckDBPyConnection, name: tuple[str, str]
) -> None:
    chosen, query = FIGURES[name]
    expected = sorted((str(label), value) for label, value in database.execute(query).fetchall())
    assert expected

    figure = open_figure(page, snapshot, name, chosen)
    file, content = save(page, figure, "csv")
    assert file.endswith("_2005-0123456789ab.csv")
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    first, measure = next(iter(rows[0])), rows[0]["Statistikkvariabel"]
    shown = [row for row in rows if row["Statistikkvariabel"] == measure]
    written = sorted((row[first], float(row["Verdi"].replace(",", ".")) if row["Verdi"] else None) for row in shown)
    assert {row["Merk"] for row in rows} == {"Konstruerte data, ikke offisiell statistikk."}
    assert written == [(label, None if value is None else pytest.approx(value, abs=1e-4)) for label, value in expected]

    _, content = save(page, figure, "xlsx")
    book = openpyxl.load_workbook(io.BytesIO(content))
    lines = list(book["Tall"].values)
    value, of = lines[0].index("Verdi"), lines[0].index("Statistikkvariabel")
    assert sorted((line[0], line[value]) for line in lines[1:] if line[of] == measure) == written
    about = {line[0]: line[1] for line in book["Om tallene"].values if line[0]}
    assert about["Utgave"] == "2005-0123456789ab" and "konstruerte" in str(about["Merk"])


@pytest.mark.parametrize("name", FIGURES)
def test_a_saved_picture_says_the_figures_and_where_they_are_from(page: Any, snapshot: Path, name: tuple[str, str]) -> None:
    figure = open_figure(page, snapshot, name, FIGURES[name][0])
    shown = {text for text in figure.locator(".plot .number, .plot .part").all_text_contents() if re.search(r"\d", text)}

    _, content = save(page, figure, "svg")
    texts = {"".join(node.itertext()) for node in ElementTree.fromstring(content).iter() if node.tag.endswith("}text")}
    whole = " ".join(sorted(texts))
    assert figure.locator("h2, h3").first.inner_text().split("\n")[0] in whole
    assert {text.split()[0] for text in shown} <= {text.split()[0] for text in texts if text.strip()}
    for words in ("2005-0123456789ab", "Publiseringsdato", "konstruerte"):
        assert words in whole
    assert b"var(" not in content

    _, content = save(page, figure, "png")
    assert content.startswith(b"\x89PNG") and len(content) > 10_000


def test_a_hidden_figure_is_in_no_file(page: Any, snapshot: Path) -> None:
    figure = open_figure(page, snapshot, ("plans", "crisis_plan_areas"), {"time": "2003"})
    rows = list(csv.DictReader(io.StringIO(save(page, figure, "csv")[1].decode("utf-8-sig")), delimiter=";"))
    hidden = [row for row in rows if row["Område"] == "Østfylket"]

    assert [(row["Verdi"], row["Status"], row["Enheter (n)"]) for row in hidden] == [("", "Konfidensielt", "")]


def test_english_files_are_written_as_english_readers_write(page: Any, snapshot: Path) -> None:
    figure = open_figure(page, snapshot, ("plans", "crisis_plan_time"), {}, "?lang=en")
    rows = list(csv.DictReader(io.StringIO(save(page, figure, "csv")[1].decode("utf-8-sig"))))

    assert {row["Value"] for row in rows} == {"40"}
    assert {(row["Units with the answer"], row["Units (n)"]) for row in rows} == {("2", "5")}


@pytest.mark.parametrize("name", [name for name, (chosen, _) in FIGURES.items() if chosen])
def test_an_address_leads_back_to_the_figure_as_it_stood(page: Any, snapshot: Path, name: tuple[str, str]) -> None:
    chosen, _ = FIGURES[name]
    figure = open_figure(page, snapshot, name, chosen)
    figure.locator("[data-action=link]").click()
    address = figure.locator("textarea").input_value()
    stood = figure.locator("table").text_content()

    other = page.context.new_page()
    other.goto(address)
    again = other.locator(f'[id="{name[1]}"]')
    for field, code in chosen.items():
        assert again.locator(f"select[name={field}]").input_value() == code
    assert again.locator("table").text_content() == stood
    # The reader's choices are also in the address of the page.
    assert page.url.split("#")[1] == address.split("#")[1]


def test_a_citation_says_who_what_when_and_which_snapshot(page: Any, snapshot: Path) -> None:
    figure = open_figure(page, snapshot, ("services", "over_time"), {"target_group": "children"})
    figure.locator("[data-action=cite]").click()
    cited = figure.locator("textarea").input_value()

    for words in (
        "Utgiver",
        "Barn og unge",
        "Publiseringsdatoen er ikke kjent",
        "Utgave 2005-0123456789ab",
        "Lest ",
        " site/services.html?lang=nb#over_time;",
    ):
        assert words in cited
    assert "file:" not in cited and str(snapshot) not in cited
    assert "konstruerte" in cited


def test_an_embedded_figure_stands_alone_with_what_must_be_said(page: Any, snapshot: Path) -> None:
    figure = open_figure(page, snapshot, ("plans", "crisis_plan_areas"), {"time": "2003"})
    figure.locator("[data-action=embed]").click()
    code = figure.locator("textarea").input_value()
    address = re.findall(r'src="([^"]+)"', code)[0].replace("&amp;", "&")

    page.goto(address)
    assert page.locator("figure").count() == 1
    assert page.locator("select[name=time]").input_value() == "2003"
    assert page.locator(".notice").is_visible()
    assert page.locator("header, footer").count() == 0
    # It names its subject, in the language of its address only.
    heading = page.locator("figcaption")
    assert heading.inner_text() == "Navn på crisis_plan: Ett svar etter område"
    page.goto(address.replace("lang=nb", "lang=en"))
    page.wait_for_selector("body.embedded")
    assert heading.inner_text() == "Name of crisis_plan: One answer by area"
    texts = page.locator("span[lang]")
    assert {each.get_attribute("lang") for each in texts.all() if each.is_visible()} <= {"en"}


def test_breaks_have_one_number_in_picture_list_and_table(page: Any, tmp_path: Path) -> None:
    database = small_database()
    texts: Row = {"description_nb": "Nok et brudd.", "description_en": "One more.", "source": "test"}
    for year in (2002, 2005):
        scope = {"indicator": "fte_by_service", "time_period": year, "kind": "scope", "comparable_before": True}
        insert(database, "series_breaks", [{**scope, **texts}])
    site = build(database, tmp_path / "site")

    page.goto(f"{(site / 'services').as_uri()}.html")
    figure = page.locator('[id="over_time"]')
    picture = figure.locator(".break .number").all_text_contents()
    listed = [item.get_attribute("data-number") for item in figure.locator(".breaks li[data-number]").all()]
    table = re.findall(r"Brudd (\d):", figure.locator("table").text_content() or "")
    assert picture == listed == table == ["1", "2", "3"]


def test_the_place_of_a_municipality_among_others_is_saved_and_embedded(page: Any, snapshot: Path) -> None:
    page.goto(f"{(snapshot / 'site' / 'kommune' / '1101.html').as_uri()}#peers;compare=1201,1102;target_group=adults")
    figure = page.locator("#peers")
    name, content = save(page, figure, "csv")
    rows = {row["Område"]: row["Verdi"] for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")}
    # A thousandth of the inhabitants, three quarters of the FTE, fifteen years.
    assert name.startswith("is248_1101_peers_adults") and rows["Kommune 1101"] == "112,5"
    assert list(rows)[-2:] == ["Kommune 1102", "Kommune 1201"]

    _, picture = save(page, figure, "svg")
    text = " ".join(
        "".join(node.itertext()) for node in ElementTree.fromstring(picture).iter() if node.tag.endswith("}text")
    )
    assert "112,5" in text and "egner seg ikke til sammenligning" in text

    figure.locator("[data-action=embed]").click()
    page.goto(re.findall(r'src="([^"]+)"', figure.locator("textarea").input_value())[0].replace("&amp;", "&"))
    page.wait_for_selector("body.embedded")
    assert page.locator("select[name=target_group]").input_value() == "adults"
    assert page.locator(".notice").is_visible() and page.locator("header, footer").count() == 0
    assert "Kommune 1201" in page.locator(".chosen").inner_text()


def test_all_figures_of_a_municipality_are_saved_at_once(
    page: Any, snapshot: Path, database: duckdb.DuckDBPyConnection
) -> None:
    page.goto((snapshot / "site" / "kommune" / "1102.html").as_uri())
    name, content = save(page, page.locator("#years"), "csv")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    assert name == "is248_1102_years_2005-0123456789ab.csv"
    fte = [row for row in rows if row["Statistikkvariabel"] == rows[0]["Statistikkvariabel"]]
    found = sorted(float(row["Verdi"].replace(",", ".")) for row in fte if row["Verdi"])
    expected = database.execute(
        " union all ".join(
            f"select fte from {table} where unit_code = '1102' and area_basis = 'current' and fte is not null"
            for table in ("fte_by_service", "fte_by_education", "fte_by_pathway")
        )
    ).fetchall()
    assert found == pytest.approx(sorted(value for (value,) in expected))
    book = openpyxl.load_workbook(io.BytesIO(save(page, page.locator("#years"), "xlsx")[1]))
    assert {line[1] for line in book["Tall"].values} == {"Områdekode", "1102"}
