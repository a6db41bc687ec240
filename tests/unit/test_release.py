"""The texts of a publication about itself."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label
from orchestration.publish.publication_metadata import CATALOGUE, Code, Release, load_catalogue, spans

METADATA = PROJECT_DIR / "data" / "metadata"


def release(*constructed: int) -> Release:
    codes = {"obs_status": {"Q": Code(Label(nb="Konfidensiell", en="Confidential"), None, ":")}}
    return Release(load_catalogue(METADATA), "demo", 2023, constructed, codes)


@pytest.mark.parametrize(
    ("years", "text"),
    [((), ""), ((2016,), "2016"), ((2007, 2008, 2009, 2015), "2007\u20132009, 2015"), ((2009, 2007), "2007, 2009")],
)
def test_years_are_written_as_spans(years: tuple[int, ...], text: str) -> None:
    assert spans(years) == text


def test_the_notice_names_the_constructed_years_in_both_languages() -> None:
    notice = release(2015, 2016).notice
    assert notice is not None
    assert "2015\u20132016" in notice.nb and "2015\u20132016" in notice.en
    assert release().notice is None


def test_a_rehearsal_says_so_first_whatever_its_deliveries_are() -> None:
    for constructed in ((), (2023,)):
        made = dataclasses.replace(release(*constructed), channel="rehearsal")
        assert made.notice is not None
        assert made.notice.nb.startswith("Øvelse, ikke en publisering. ")
        assert made.notice.en.startswith("This is a rehearsal, ")


def test_a_code_has_its_label_and_an_unknown_one_itself() -> None:
    assert release().label("obs_status", "Q").nb == "Konfidensiell"
    assert release().label("obs_status", "X").nb == "X"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": {"nb": "norsk"}}, "title.en: Field required"),
        ({"constructed": {"nb": "", "en": "x"}}, "constructed.nb: String should have at least 1 character"),
        ({"keywords": {"nb": [], "en": ["x"]}}, "keywords.nb"),
        ({"address": "example.org"}, "address: String should match pattern"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
    ],
)
def test_a_catalogue_without_a_text_is_reported(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    content = yaml.safe_load((METADATA / CATALOGUE).read_text(encoding="utf-8"))
    (tmp_path / CATALOGUE).write_text(yaml.safe_dump({**content, **changes}), encoding="utf-8")
    with pytest.raises(UserError) as error:
        load_catalogue(tmp_path)
    assert message in str(error.value) and CATALOGUE in str(error.value)


def test_a_catalogue_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=CATALOGUE):
        load_catalogue(tmp_path)
