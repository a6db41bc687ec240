"""Maps on the pages, of the small database and three squares: shapes, texts, and the breaks that the slider crosses.

Driven in a browser, from a folder; skipped where Playwright, Chromium or axe is absent.
"""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.site import build as building
from tests.integration.test_site_pages import YEARS, browser, build, read, shapes, small, small_database

__all__ = ["browser", "shapes", "small"]

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def maps(small: Path, browser: tuple[Any, str]) -> Iterator[Any]:
    """The page of maps: areas of counties first, municipalities below."""
    page = browser[0].new_page()
    page.goto((small / "map.html").as_uri())
    page.wait_for_selector("svg.map")
    yield page
    page.close()


def test_there_are_maps_only_where_there_are_shapes(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "data/boundaries.js" in read(small)["map.html"].loads
    # The real shapes do not include the municipalities of the small database.
    monkeypatch.setattr(building, "load_settings", lambda: SimpleNamespace(data=PROJECT_DIR / "data"))
    without = build(small_database(), tmp_path / "without")
    assert not (without / "map.html").exists()
    assert not [name for name, reader in read(without).items() if "static/map.js" in reader.loads]
    assert '"kind":"map"' not in (without / "explorer.html").read_text(encoding="utf-8")


def test_counties_are_put_together_of_municipalities_and_every_municipality_is_drawn(maps: Any) -> None:
    counties, municipalities = maps.locator("figure").all()
    assert counties.locator("svg.map .area").count() == 2
    assert municipalities.locator("svg.map .area").count() == 3
    # Two squares give one outline of six corners, one square four; the shared border is removed.
    outlines = [str(area.get_attribute("d")) for area in counties.locator("svg.map .area").all()]
    assert sorted(len(set(outline.strip("MZ").split("L"))) for outline in outlines) == [4, 6]
    assert municipalities.locator(".frame").get_attribute("d").count("M") == 1


def test_the_method_warns_beside_a_map_of_municipalities_and_not_beside_others(maps: Any) -> None:
    assert [figure.locator(".caution").all_inner_texts() for figure in maps.locator("figure").all()] == [
        [],
        ["Ikke til sammenligning."],
    ]


def test_classes_are_stated_and_the_same_in_all_years_unless_one_year_is_asked_for(maps: Any) -> None:
    figure = maps.locator("figure").last
    legend = figure.locator(".classes")
    stated = legend.inner_text()
    # Rates of 2001 to 2005, the same in all three municipalities.
    assert stated.split("\n")[0].startswith("110,0") and stated.split("\n")[-1].endswith("150,0")
    colours = set()
    for place in range(len(YEARS)):
        figure.locator("input[type=range]").fill(str(place))
        assert legend.inner_text() == stated
        colours |= {area.get_attribute("fill") for area in figure.locator("svg.map .area").all()}
    assert len(colours) == len(YEARS)
    figure.locator("select[name=spread]").select_option("year")
    assert legend.inner_text() == "150,0"


def test_the_slider_says_what_it_crosses_with_the_number_of_the_list(maps: Any) -> None:
    figure = maps.locator("figure").first
    slider, crossed = figure.locator("input[type=range]"), figure.locator(".crossed")
    listed = {
        item.locator("> b").inner_text(): place for place, item in enumerate(figure.locator(".breaks ol > li").all(), 1)
    }
    assert listed == {"2003": 1} and figure.locator(".walls .hard").all_inner_texts() == ["1"]
    slider.focus()
    maps.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "2003"
    assert "Ikke målt: 2004" in crossed.inner_text() and "Brudd" not in crossed.inner_text()
    maps.keyboard.press("ArrowLeft")
    assert crossed.inner_text().split()[:5] == ["Fra", "2003", "til", "2002:", "1"]
    assert "kan ikke sammenlignes" in crossed.inner_text() and "Et brudd." in crossed.inner_text()
    maps.keyboard.press("ArrowLeft")
    assert crossed.inner_text() == ""
    # The slider keeps the focus, and the table below follows it.
    assert maps.evaluate("document.activeElement.type") == "range"
    figure.locator("summary").click()
    assert "2001" in figure.locator("caption").inner_text()


def test_areas_are_reached_by_arrows_and_by_a_list_and_their_value_is_stated(maps: Any) -> None:
    figure = maps.locator("figure").last
    live_region, outline = figure.locator(".drawn > .vh"), figure.locator("path.outline")
    figure.locator(".plot").focus()
    areas = []
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        maps.keyboard.press(key)
        areas.append(live_region.inner_text().split(":")[0])
    assert areas == [f"Kommune {code}" for code in ("1101", "1102", "1201", "1201", "1102")]
    assert "2005 150,0" in live_region.inner_text() and outline.get_attribute("d")
    maps.keyboard.press("Escape")
    assert not outline.get_attribute("d") and figure.locator(".tip").is_hidden()
    figure.locator("select[name=area]").select_option(label="Kommune 1201")
    assert live_region.inner_text().startswith("Kommune 1201: 2005")
    # The chosen area is followed through the years; a map section without it is replaced by the whole map.
    figure.locator("input[type=range]").fill("0")
    assert live_region.inner_text().startswith("Kommune 1201: 2001 110,0")
    figure.locator("select[name=extent]").select_option("11")
    figure.locator("select[name=area]").select_option(label="Kommune 1101")
    figure.locator("select[name=area]").select_option(label="Kommune 1201")
    assert figure.locator("select[name=extent]").input_value() == ""


def test_an_area_without_a_number_is_hatched_and_says_why_and_a_noted_one_has_a_dot(
    small: Path, maps: Any, browser: tuple[Any, str]
) -> None:
    page = browser[0].new_page()
    page.goto((small / "explorer.html").as_uri() + "#crisis_plan")
    page.wait_for_selector("#figure-map svg.map")
    figure = page.locator("#figure-map")
    (hidden,) = figure.locator("svg.map .absent").all()
    pattern = str(hidden.get_attribute("fill"))
    assert pattern.startswith("url(#") and figure.locator(pattern[4:-1]).count() == 1
    assert ": Konfidensielt" in figure.locator(".keys").inner_text()
    hidden.hover()
    assert figure.locator(".tip").inner_text().split("\n")[0] == "Østfylket"
    assert "Konfidensielt" in figure.locator(".tip").inner_text()
    page.close()
    # 2002 has figures of the year before.
    figure = maps.locator("figure").last
    dots = []
    for place in range(len(YEARS)):
        figure.locator("input[type=range]").fill(str(place))
        dots.append(figure.locator("svg.map .dots circle").count())
    assert dots == [0, 3, 0, 0]


def test_the_address_keeps_what_is_chosen_of_a_map(maps: Any) -> None:
    figure = maps.locator("figure").last
    figure.locator("input[type=range]").fill("1")
    for name, choice in (("spread", "year"), ("extent", "11"), ("area", "current.municipality.1102")):
        figure.locator(f"select[name={name}]").select_option(choice)
    stood = figure.locator(".drawn").inner_text()
    assert "2002" in stood
    maps.goto(maps.url.replace(".html#", ".html?again=1#"))
    maps.wait_for_selector("svg.map")
    assert figure.locator(".year-now b").inner_text() == "2002"
    assert {name: figure.locator(f"select[name={name}]").input_value() for name in ("spread", "extent", "area")} == {
        "spread": "year",
        "extent": "11",
        "area": "current.municipality.1102",
    }
    assert figure.locator("path.outline").get_attribute("d")
    # Revoked choices are not in the address.
    figure.locator("select[name=extent]").select_option("")
    assert "extent" not in maps.url and "spread=year" in maps.url


def test_a_saved_picture_is_the_map_that_stands_with_its_legend_source_and_caution(maps: Any) -> None:
    figure = maps.locator("figure").last
    figure.locator("input[type=range]").fill("0")
    figure.locator("select[name=extent]").select_option("11")
    with maps.expect_download() as saved:
        figure.locator("[data-action=svg]").click()
    picture = ElementTree.fromstring(saved.value.path().read_text(encoding="utf-8"))
    (drawn,) = [each for each in picture.iter(f"{SVG}svg") if each is not picture and each.get("viewBox")]
    assert drawn.get("viewBox") == figure.locator("svg.map").get_attribute("viewBox")
    # Nothing of the country outside the visible section.
    assert drawn.get("overflow") == "hidden"
    texts = " ".join(" ".join(text.itertext()) for text in picture.iter(f"{SVG}text"))
    for words in (figure.locator(".classes").inner_text().split("\n")[0], "Kartverket", "Ikke til sammenligning.", "2001"):
        assert words in texts, words
    # The map in the page is still there and still works.
    figure.locator("input[type=range]").fill("3")
    assert "2005" in figure.locator(".unit").inner_text()


def test_the_page_of_a_municipality_leads_to_itself_on_the_map(small: Path, maps: Any) -> None:
    maps.goto((small / "kommune" / "1101.html").as_uri())
    maps.locator(".onward a", has_text="kartet").click()
    maps.wait_for_selector("#municipalities select[name=area]")
    assert maps.locator("#municipalities select[name=area]").input_value() == "current.municipality.1101"
