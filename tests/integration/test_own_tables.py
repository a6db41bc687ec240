"""The table built by a reader, and the page of all questions: driven in a browser, from a folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.site.pages import Question, load_pages, load_site
from tests.integration.test_figure_files import page
from tests.integration.test_site_pages import browser, build, insert, small_database

__all__ = ["browser", "page"]


@pytest.fixture(scope="module")
def database() -> duckdb.DuckDBPyConnection:
    connection = small_database()
    row = {
        "indicator": "crisis_plan",
        "answer": "yes",
        "item": "all",
        "base": "answered",
        "unit_set": "municipalities",
        "unit_level": "county",
        "area_basis": "current",
        "obs_status": "A",
        "time_period": 2005,
    }
    for code, name, count in (("13", "Nordfylket", 9), ("14", "Sørfylket", 1)):
        counts = {"n_answer": count, "n_answered": 10, "n_units": 10}
        insert(connection, "indicator_shares", [{**row, **counts, "unit_code": code, "unit_name": name}])
    return connection


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, database: duckdb.DuckDBPyConnection) -> Path:
    return build(database, tmp_path_factory.mktemp("snapshot") / "site")


def numbers(page: Any) -> list[list[str]]:
    """Return the cells of the shown table, by the label of each row."""
    page.wait_for_selector("#built table")
    rows = page.locator("#built tbody tr").all()
    return [[cell.inner_text() for cell in row.locator("th, td.r").all()] for row in rows]


def test_the_first_table_adds_nothing_up_twice(page: Any, site: Path, database: duckdb.DuckDBPyConnection) -> None:
    page.goto((site / "builder.html").as_uri())
    shown = numbers(page)

    assert [row[0] for row in shown] == ["2001", "2002", "2003", "2005"]
    caption = page.locator("#built caption").inner_text()
    assert "Hele landet" in caption and "Tjeneste: I alt" in caption
    expected = database.execute(
        "select fte from fte_by_service where unit_level = 'country' and area_basis = 'current' and time_period = 2005"
        " and target_group = 'total' and service_type = 'total'"
    ).fetchall()[0][0]
    assert f"{expected:.1f}".replace(".", ",") in shown[-1][-1]


def test_rows_columns_and_years_are_the_readers_choice_and_stand_in_the_address(page: Any, site: Path) -> None:
    page.goto((site / "builder.html").as_uri())
    page.wait_for_selector("#built table")
    page.locator("#layout select[name=table]").select_option("indicator/crisis_plan")
    page.locator("#layout select[name=rows]").select_option("unit")
    page.locator("#layout select[name=across]").select_option("time")
    page.locator("#built select[name=level]").select_option("county")
    page.locator("#built select[name=answer]").select_option("yes")
    page.locator("#layout select[name=years]").select_option("3")
    shown = numbers(page)
    heads = page.locator("#built thead th").all_inner_texts()
    assert heads == ["Område", "2002", "2003", "2005", "Enheter (n)", "Merknad"]
    assert [len(row) for row in shown] == [5] * len(shown)

    page.locator("#built button.sort").last.click()
    by_size = numbers(page)
    assert [row[0] for row in by_size] == ["Hele landet", "Nordfylket", "Vestfylket", "Sørfylket", "Østfylket"]
    assert page.locator("#built th[aria-sort=descending]").inner_text().startswith("2005")
    hidden = by_size[-1]
    assert hidden[1:] == [":", ":", ":", ""]

    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert numbers(page) == by_size
    assert page.locator("#layout select[name=years]").input_value() == "3"


def test_an_address_that_nobody_knows_shows_the_first_table(page: Any, site: Path) -> None:
    page.goto(f"{(site / 'builder.html').as_uri()}#no_such_table;figure=table;rows=nothing;years=range;from=1900")
    assert numbers(page)


def test_years_from_and_to_never_cross(page: Any, site: Path) -> None:
    page.goto((site / "builder.html").as_uri())
    page.wait_for_selector("#built table")
    page.locator("#layout select[name=years]").select_option("range")
    page.locator("#layout select[name=from]").select_option("2003")
    page.locator("#layout select[name=to]").select_option("2002")
    assert [row[0] for row in numbers(page)] == ["2002"]


def test_a_question_is_found_by_words_and_by_its_heading(page: Any, site: Path) -> None:
    page.goto((site / "explorer.html").as_uri())
    page.wait_for_selector("#chosen > h2")
    options = page.locator("#question option")
    every = options.count()
    page.locator("#filter").fill("crisis pl")
    assert [each for each in options.all_inner_texts() if "Navn" in each] == ["Navn på crisis_plan (2001\u20132003, 2005)"]
    page.locator("#filter").fill("no such words")
    assert page.locator("#hits").inner_text().startswith("Ingen treff. ")
    page.locator("#filter").fill("")
    assert options.count() == every


def test_a_question_of_one_year_is_drawn_once(page: Any, site: Path, database: duckdb.DuckDBPyConnection) -> None:
    page.goto(f"{(site / 'explorer.html').as_uri()}#crisis_plan")
    page.wait_for_selector("#chosen figure")
    assert {each.get_attribute("id") for each in page.locator("#chosen figure").all()} == {
        "figure-time",
        "figure-year",
        "figure-areas",
    }


def test_every_question_of_the_headings_is_one_of_the_catalogue_and_stands_under_one() -> None:
    catalogue = (Path(__file__).parents[2] / "data" / "indicators" / "indicators.csv").read_text(encoding="utf-8")
    derived = (Path(__file__).parents[2] / "data" / "indicators" / "derived_indicators.csv").read_text(encoding="utf-8")
    known = {line.split(",")[0] for line in (catalogue + derived).splitlines()}
    site = load_site()
    drawn = {figure.question for page in load_pages() for figure in page.figures if isinstance(figure, Question)}
    named = [each for group in site.question_groups for each in group.questions]

    assert set(named) <= known
    assert len(named) == len(set(named))
    assert not drawn & set(named)
    titled = {group.id for group in site.question_groups if group.title}
    assert {group.id for group in site.question_groups} - titled <= {page.id for page in load_pages()}
    assert all(re.fullmatch(r"[a-z_]+", group.id) for group in site.question_groups)
