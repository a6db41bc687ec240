"""Formats of numbers and labels of codes on sheets; no files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Column, Label
from orchestration.publish.formats.sheets import both, labels_of, number_format
from orchestration.publish.publication_metadata import Code, Release, load_catalogue

TEXT = Label(nb="norsk", en="English")


def column(kind: Any, **more: Any) -> Column:
    return Column(name="obs_note", type=kind, title=TEXT, description=TEXT, **more)


def release(codes: Mapping[str, str]) -> Release:
    return Release(
        catalogue=load_catalogue(PROJECT_DIR / "data" / "metadata"),
        channel="demo",
        time_period=2001,
        constructed_periods=(),
        codes={"obs_note": {code: Code(Label(nb=nb, en=code), None, None) for code, nb in codes.items()}},
    )


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        (column("DOUBLE", unit="fte", decimals=1), "#,##0.0"),
        (column("DOUBLE", unit="ratio", decimals=3), "#,##0.000"),
        (column("DOUBLE", unit="nok", decimals=0), "#,##0"),
        (column("DOUBLE", unit="persons"), "#,##0"),
        (column("INTEGER", unit="units"), "#,##0"),
        (column("BIGINT"), "0"),
        (column("INTEGER"), "0"),
        (column("DOUBLE"), "General"),
        (column("BOOLEAN"), '"TRUE";"TRUE";"FALSE"'),
    ],
)
def test_numbers_are_shown_with_the_described_decimals_and_years_without_a_thousands_mark(
    described: Column, expected: str
) -> None:
    assert number_format(described) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "Første"), ("a;b", "Første; Andre"), ("b;c", "Andre; c"), ("c", "c"), ("a;b;c", "Alle tre")],
)
def test_several_codes_have_a_label_each_and_an_unknown_code_stays(text: str, expected: str) -> None:
    codes = {"a": "Første", "b": "Andre", "a;b;c": "Alle tre"}
    assert labels_of(text, column("VARCHAR"), release(codes)) == expected


def test_a_text_that_is_the_same_in_both_languages_stands_once() -> None:
    assert both(Label(nb="Status", en="Status")) == "Status"
    assert both(TEXT) == "norsk / English"
