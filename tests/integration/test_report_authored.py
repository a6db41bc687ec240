"""Texts that authors sign: their places, marks and lists, and refusals with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.report import read_pdf
from orchestration.report.build import Wanted
from orchestration.report.making import Built, build
from tests.integration.publication_kit import published
from tests.integration.test_reports import REPORT, rows
from tests.unit.report_kit import CHAPTER, PROSE, QUOTE

EXCEPTIONS = "file,text,reason,signed_by,date\n"


@pytest.fixture
def reporting(inputs: Path, tmp_path: Path) -> Settings:
    folder = inputs / "reports" / "small"
    (folder / "chapters").mkdir(parents=True)
    (folder / "report.yml").write_text(REPORT, encoding="utf-8")
    (folder / "chapters" / "kapittel.md").write_text(CHAPTER, encoding="utf-8")
    published(tmp_path, rows())
    return Settings(data_dir=inputs, warehouse_dir=tmp_path / "warehouse", snapshots_dir=tmp_path / "snapshots")


def write(settings: Settings, name: str, text: str) -> None:
    folder = settings.report_sources / "small"
    path = folder / "authored" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def built(settings: Settings) -> Built:
    return build(settings, Wanted("small", 2023))


def states(report: Built) -> dict[str, tuple[str, int | None]]:
    return {each.slot: (each.state, each.year) for each in report.authored}


def page(report: Built) -> str:
    return report.files["html"].read_text(encoding="utf-8")


def test_signed_texts_stand_in_the_report_with_who_signed_and_who_said_it(reporting: Settings) -> None:
    write(reporting, "2023/vurdering.md", PROSE)
    write(reporting, "2023/sitat.md", QUOTE)
    report = built(reporting)
    assert states(report) == {"vurdering": ("written", 2023), "sitat": ("written", 2023)}
    assert 'Tjenestene hadde <span id="v2" class="bound">120</span> årsverk' in page(report)
    assert "Skrevet av Kari Nordmann, 14. november 2024." in page(report)
    assert "«Vi får det ikke til i kommunen uten flere hender.»" in page(report)
    assert "\u2013 Fagleder, 2023" in page(report)
    assert "kontroller" not in page(report)


def test_a_text_of_an_earlier_year_is_marked_in_every_document_and_empty_slots_are_reported(reporting: Settings) -> None:
    write(reporting, "2020/vurdering.md", PROSE)
    write(reporting, "2022/vurdering.md", PROSE.replace("hadde", "hadde fortsatt"))
    report = built(reporting)
    assert states(report) == {"vurdering": ("carried", 2022), "sitat": ("empty", None)}
    assert [(each.chapter, each.line) for each in report.authored] == [("kapittel.md", 4), ("kapittel.md", 6)]
    marked = "Fra i fjor, kontroller: teksten ble skrevet for 2022"
    assert marked in page(report)
    assert "hadde fortsatt" in page(report)
    assert marked.replace(" ", "") in read_pdf.read(report.files["pdf"]).text.replace(" ", "")
    write(reporting, "2019/sitat.md", QUOTE)
    report = built(reporting)
    assert states(report)["sitat"] == ("carried", 2019)
    assert "Fra 2019, kontroller" in page(report)


def test_a_text_whose_part_is_left_out_is_reported(reporting: Settings) -> None:
    chapter = reporting.report_sources / "small" / "chapters" / "kapittel.md"
    chapter.write_text(
        'Det var {{ fte(year) }}.\n\n{% if year > 2030 %}{{ prose("vurdering") }}{% endif %}\n', encoding="utf-8"
    )
    write(reporting, "2023/vurdering.md", PROSE)
    assert states(built(reporting)) == {"vurdering": ("not_placed", 2023)}


def test_an_exception_of_a_signed_text_that_is_not_needed_any_more_is_reported(reporting: Settings) -> None:
    write(reporting, "2023/sitat.md", QUOTE)
    line = "authored/2023/sitat.md,uten 40 hender,Egennavn,Ola Hansen,2024-11-14\n"
    (reporting.report_sources / "small" / "exceptions.csv").write_text(f"{EXCEPTIONS}{line}", encoding="utf-8")
    with pytest.raises(UserError, match="no longer needed"):
        built(reporting)
