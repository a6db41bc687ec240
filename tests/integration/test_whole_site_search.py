"""The search of all pages finds each kind of thing by its words: driven in a browser, from a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_figure_files import page
from tests.integration.test_site_pages import browser, build, small_database

__all__ = ["browser", "page"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(small_database(), tmp_path_factory.mktemp("snapshot") / "site")


def search(page: Any, site: Path, words: str, language: str = "nb") -> list[str]:
    """Return the addresses found, in order."""
    page.goto(f"{(site / 'search.html').as_uri()}?lang={language}")
    page.locator("#words").fill(words)
    return [str(link.get_attribute("href")) for link in page.locator("#found a").all()]


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("Kommune 1101", "kommune/1101.html"),
        ("1201", "kommune/1201.html"),
        ("tjeneste", "services.html"),
        ("crisis_plan", "explorer.html#crisis_plan"),
        ("navn crisis", "explorer.html#crisis_plan"),
        ("konfidensielt", "method.html#disclosure"),
        ("konfidensiell", "method.html#statuses"),
        ("indicator_shares", "download.html#table-indicator_shares"),
        ("definisjoner", "method.html#definitions"),
        ("BRUDD i seriene", "method.html#breaks"),
        # In other words than those on the page.
        ("bemanning", "services.html"),
    ],
)
def test_words_lead_to_what_they_name(page: Any, site: Path, words: str, address: str) -> None:
    assert address in search(page, site, words)


def test_every_address_that_can_be_found_is_there(page: Any, site: Path) -> None:
    page.goto((site / "search.html").as_uri())
    found: set[str] = set()
    for letter in "abcdefghijklmnoprstuvåø":
        page.locator("#words").fill(letter)
        found |= {str(link.get_attribute("href")) for link in page.locator("#found a").all()}
    assert len(found) > 20
    for address in found:
        file, _, anchor = address.partition("#")
        assert (site / file).is_file(), address
        in_data = file == "explorer.html" and (site / "data" / "indicator" / f"{anchor}.js").is_file()
        assert not anchor or in_data or f'id="{anchor}"' in (site / file).read_text(encoding="utf-8"), address


def test_nothing_found_is_stated_in_both_languages(page: Any, site: Path) -> None:
    assert search(page, site, "xyzzy") == []
    assert page.locator("#said").inner_text() == "Ingen treff på «xyzzy»."
    assert search(page, site, "xyzzy", "en") == []
    assert page.locator("#said").inner_text() == "No hits for \u201cxyzzy\u201d."


def test_the_field_of_every_page_leads_to_the_search(page: Any, site: Path) -> None:
    page.goto(f"{(site / 'kommune' / '1101.html').as_uri()}?lang=en")
    page.locator("#site-search").fill("confidential")
    page.locator("#site-search").press("Enter")
    page.wait_for_selector("#found a")
    assert "search.html" in page.url
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("#words").input_value() == "confidential"
