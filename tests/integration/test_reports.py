"""A small report built from a small snapshot: its documents, what a correction changes, what a faulty one leaves."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.report import build, read_back, read_html, read_pdf, read_word
from orchestration.report.build import Wanted
from orchestration.report.manifest import differences
from orchestration.report.values import Quantity, plain
from tests.integration.publication_kit import fte, published

REPORT = """
title: {nb: Liten rapport, en: Small report}
subtitle: {nb: Årsverk, en: FTE}
chapters:
- {file: kapittel, title: {nb: Årsverk, en: FTE}}
"""
TABLES = """
by_group:
  title: {nb: Årsverk etter målgruppe, en: FTE by target group}
  rows: {by: target_group, codes: [adults, children, total]}
  columns:
  - {measure: fte_reported, year: before}
  - {measure: fte_reported}
  - {measure: fte_change_percent, since: before, decimals: 1}
chart:
  title: {nb: Årsverk etter målgruppe, en: FTE by target group}
  kind: bars
  rows: {by: target_group, codes: [adults, children, total]}
  columns:
  - {measure: fte_reported}
"""
CHAPTER = """
## Utvikling

I {{ year }} var det {{ fte(year, unit="årsverk") }} i tjenestene{{ see("by_group", "chart") }}.
Antallet {{ rose_or_fell(before, year) }} med {{ size_of(change(before, year)) }} prosent.
For barn og unge var det {{ fte(year, "children") }} årsverk.

{{ table("by_group") }}

{{ figure("chart") }}

- Et punkt om *voksne*: {{ fte(year, "adults") }}.
"""


def rows(children: float | None = 120.0, **changes: Any) -> dict[str, Any]:
    values = [(2022, "adults", 9_000.0), (2022, "children", 100.0), (2022, "total", 9_100.0), (2023, "adults", 9_500.0)]
    found = [fte(time_period=year, target_group=group, fte=value, coverage=1.0) for year, group, value in values]
    found.append(fte(target_group="children", fte=children, coverage=1.0, **changes))
    found.append(fte(fte=9_500.0 + (children or 0), coverage=1.0))
    verdict = {
        "indicator": "fte_by_service",
        "time_period_from": 2022,
        "time_period_to": 2023,
        "verdict": "comparable",
        "reason": "no break",
        "derived_or_signed": "derived",
    }
    return {"fte_by_service": found, "comparability": [verdict]}


@pytest.fixture
def reporting(inputs: Path, tmp_path: Path) -> Settings:
    folder = inputs / "reports" / "small"
    (folder / "tables").mkdir(parents=True)
    (folder / "chapters").mkdir()
    (folder / "report.yml").write_text(REPORT, encoding="utf-8")
    (folder / "tables" / "tables.yml").write_text(TABLES, encoding="utf-8")
    (folder / "chapters" / "kapittel.md").write_text(CHAPTER, encoding="utf-8")
    return Settings(data_dir=inputs, warehouse_dir=tmp_path / "warehouse", snapshots_dir=tmp_path / "snapshots")


def chapter(settings: Settings, text: str) -> None:
    (settings.report_sources / "small" / "chapters" / "kapittel.md").write_text(text, encoding="utf-8")


def test_every_document_says_what_it_is_bound_to_and_has_what_readers_need(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    built = build.build(reporting, Wanted("small", 2023))
    assert (built.tables, built.figures, built.values) == (1, 1, 5)
    assert built.folder == reporting.reports / built.snapshot / "small-2023"
    word = read_word.read(built.files["docx"])
    assert word.spans["v1"] == "9\u202f620"
    assert word.tables == [
        [
            ["Voksne", "9\u202f000", "9\u202f500", "5,6"],
            ["Barn og unge", "100", "120", "20,0"],
            ["I alt", "9\u202f100", "9\u202f620", "5,7"],
        ]
    ]
    assert word.head_rows == [2]
    assert word.headings == ["1\u2002Årsverk", "1.1\u2002Utvikling"]
    page = read_html.read(built.files["html"].read_text(encoding="utf-8"))
    assert page.tables == word.tables
    assert page.without_scope == 0
    ((alternative, texts),) = page.charts
    assert "9\u202f620" in alternative
    assert "120" in texts
    pdf = read_pdf.read(built.files["pdf"])
    assert pdf.faults == []
    assert pdf.alternatives == [alternative] == word.alternatives
    with pikepdf.open(built.files["pdf"]) as document:
        assert str(document.Root.Lang) == "nb-NO"
    manifest = json.loads((built.folder / "manifest.json").read_text(encoding="utf-8"))
    assert [value["line"] for value in manifest["values"]] == [4, 5, 5, 6, 12]
    assert built.snapshot in built.files["html"].read_text(encoding="utf-8")


def test_the_same_inputs_give_the_same_bytes(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    first = build.build(reporting, Wanted("small", 2023), tmp_path / "first")
    second = build.build(reporting, Wanted("small", 2023), tmp_path / "second")
    for path in sorted(first.folder.iterdir()):
        assert path.read_bytes() == (second.folder / path.name).read_bytes(), path.name
    with zipfile.ZipFile(first.files["docx"]) as archive:
        assert {each.date_time[0] for each in archive.infolist()} == {1980}


def test_a_correction_changes_what_depends_on_it_and_nothing_else(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path / "a", rows())
    published(tmp_path / "b", rows(children=90.0))
    contents = []
    for name in ("a", "b"):
        settings = reporting.model_copy(update={"snapshots_dir": tmp_path / name / "snapshots"})
        built = build.build(settings, Wanted("small", 2023), tmp_path / name)
        contents.append(json.loads((built.folder / "manifest.json").read_text(encoding="utf-8")))
    changed = {each.where: (each.before, each.after) for each in differences(*contents)}
    assert changed == {
        'kapittel.md: {{ fte(year, unit="årsverk") }}': ("9\u202f620", "9\u202f590"),
        "kapittel.md: {{ size_of(change(before, year)) }}": ("5,7", "5,4"),
        'kapittel.md: {{ fte(year, "children") }}': ("120", "90"),
        "by_group / Barn og unge / Årsverk, 2023": ("120", "90"),
        "by_group / Barn og unge / Endring, prosent, 2022\u20132023": ("20,0", "\u221210,0"),
        "by_group / I alt / Årsverk, 2023": ("9\u202f620", "9\u202f590"),
        "by_group / I alt / Endring, prosent, 2022\u20132023": ("5,7", "5,4"),
        "chart / Barn og unge / Årsverk": ("120", "90"),
        "chart / I alt / Årsverk": ("9\u202f620", "9\u202f590"),
    }


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("Det var 120 årsverk.", "'120' is typed by hand", 1),
        ("\n\nDet var {{ fte(year, 'babies') }}.", "nearest is", 3),
        ("{{ table('by_grup') }}", "nearest is 'by_group'", 1),
        ("# Tittel", "heading of the first level", None),
    ],
)
def test_a_faulty_chapter_is_told_with_its_line_and_leaves_nothing(
    reporting: Settings, tmp_path: Path, text: str, what: str, line: int | None
) -> None:
    published(tmp_path, rows())
    chapter(reporting, text)
    with pytest.raises(UserError) as error:
        build.build(reporting, Wanted("small", 2023))
    assert what in error.value.what
    assert error.value.place.endswith("kapittel.md" if line is None else f"kapittel.md, line {line}")
    assert not list(reporting.reports.rglob("*.*"))


def test_a_confidential_value_is_refused_in_a_sentence_and_is_a_sign_in_a_table(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows(children=None, obs_status="Q", absence_reason="confidential"))
    with pytest.raises(UserError, match="konfidensielt"):
        build.build(reporting, Wanted("small", 2023))
    chapter(reporting, '{{ table("by_group") }}\n')
    built = build.build(reporting, Wanted("small", 2023))
    assert read_word.read(built.files["docx"]).tables[0][1] == ["Barn og unge", "100", ":", ":"]


def test_a_document_that_says_something_else_is_not_put_in_place(
    reporting: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path, rows())
    build.build(reporting, Wanted("small", 2023))
    before = {path.name: path.read_bytes() for path in reporting.reports.rglob("*.*") if path.is_file()}
    written = build.write_html

    def falsified(document: Any, path: Path) -> None:
        written(document, path)
        path.write_text(path.read_text(encoding="utf-8").replace("9\u202f500", "9\u202f501"), encoding="utf-8")

    monkeypatch.setattr(build, "write_html", falsified)
    with pytest.raises(UserError, match="defect of the program"):
        build.build(reporting, Wanted("small", 2023))
    assert {path.name: path.read_bytes() for path in reporting.reports.rglob("*.*") if path.is_file()} == before


def test_a_table_that_is_referred_to_has_to_stand_somewhere(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    chapter(reporting, 'Se{{ see("chart") }}.\n')
    with pytest.raises(UserError, match="stands nowhere"):
        build.build(reporting, Wanted("small", 2023))


def test_a_report_that_nobody_has_written_is_told(reporting: Settings) -> None:
    with pytest.raises(UserError, match="reports are: small"):
        build.build(reporting, Wanted("other", 2023))


def test_the_second_reading_goes_to_the_files_of_the_snapshot(reporting: Settings, tmp_path: Path) -> None:
    folder = published(tmp_path, rows())
    with build.open_published(reporting) as (tables, _):
        key = {"time_period": "2023", "target_group": "children", "unit_level": "country"}
        cell = tables.cell("fte_by_service", "fte", key)
    assert int(read_back.Again(folder, [cell]).value(Quantity(plain(cell)))) == 120
