"""A report in English: its texts, missing texts, and parts that a translated chapter forgot to place."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.report.build import Wanted
from orchestration.report.making import build
from orchestration.report.model import load_source
from tests.integration.publication_kit import published
from tests.integration.test_reports import CHAPTER, REPORT, TABLES, rows

ENGLISH = """
In {{ year }} there were {{ fte(year, unit="FTE") }}{{ see("by_group") }}. The number {{ rose_or_fell(before, year) }} by
{{ size_of(change(before, year)) }} percent.

{{ table("by_group") }}
"""


@pytest.fixture
def reporting(inputs: Path, tmp_path: Path) -> Settings:
    folder = inputs / "reports" / "small"
    (folder / "tables").mkdir(parents=True)
    (folder / "chapters").mkdir()
    (folder / "report.yml").write_text(REPORT, encoding="utf-8")
    (folder / "tables" / "tables.yml").write_text(TABLES, encoding="utf-8")
    (folder / "chapters" / "kapittel.md").write_text(CHAPTER, encoding="utf-8")
    published(tmp_path, rows())
    return Settings(data_dir=inputs, warehouse_dir=tmp_path / "warehouse", snapshots_dir=tmp_path / "snapshots")


def test_a_chapter_that_nobody_has_written_has_its_tables_and_is_reported(reporting: Settings) -> None:
    built = build(reporting, Wanted("small", 2023, language="en"))
    assert (built.without_text, built.tables, built.figures, built.values) == (["FTE"], 1, 1, 0)
    assert "in Norwegian only" in built.files["html"].read_text(encoding="utf-8")


def test_what_an_english_chapter_does_not_place_stands_behind_its_text_and_is_reported(reporting: Settings) -> None:
    (reporting.report_sources / "small" / "chapters" / "kapittel.en.md").write_text(ENGLISH, encoding="utf-8")
    built = build(reporting, Wanted("small", 2023, language="en"), with_turns=True)
    assert (built.without_text, built.tables, built.figures) == ([], 1, 1)
    assert built.added == {"kapittel.en.md": ('figure("chart")',)}
    page = built.files["html"].read_text(encoding="utf-8")
    assert "9,620" in page
    assert ">rose</span>" in page
    assert "published on 14 November 2024" in page or "published on 1 January" in page


def test_a_number_that_is_typed_in_an_english_chapter_is_reported_with_its_line(reporting: Settings) -> None:
    path = reporting.report_sources / "small" / "chapters" / "kapittel.en.md"
    path.write_text("\nThere were three of them.\n", encoding="utf-8")
    with pytest.raises(UserError, match="'three' is typed by hand") as error:
        build(reporting, Wanted("small", 2023, language="en"))
    assert error.value.place == f"{path}, line 2"


@pytest.mark.parametrize("report", ["municipality", "county"])
def test_reports_of_areas_are_written_in_both_languages(report: str) -> None:
    source = load_source(PROJECT_DIR / "data" / "reports" / report)
    assert [each.file for each in source.report.chapters if source.chapter_file(each, "en") is None] == []
