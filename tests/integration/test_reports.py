"""A small report built from a small snapshot: its documents, the effects of a correction and of a faulty report."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.report import document, making, parallel, pdf_structure, read_back, read_html, read_pdf, read_word
from orchestration.report.build import Wanted, open_desk
from orchestration.report.grid import Note
from orchestration.report.making import build
from orchestration.report.manifest import MANIFEST, differences
from orchestration.report.parallel import build_all
from orchestration.report.snapshot_reports import write_reports
from orchestration.report.values import Quantity, plain
from orchestration.report.verify import verify
from tests.integration.publication_kit import candidate, fte, published

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
    built = build(reporting, Wanted("small", 2023))
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
    page_text = built.files["html"].read_text(encoding="utf-8")
    assert page_text.count(f"rapportutgave {built.edition}") == 2
    assert f"utgave {built.edition} av rapporten" in page_text
    assert built.snapshot not in page_text


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_inputs_give_the_same_bytes(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    first = build(reporting, Wanted("small", 2023), tmp_path / "first")
    second = build(reporting, Wanted("small", 2023), tmp_path / "second")
    assert not second.is_kept
    assert contents(first.folder) == contents(second.folder)
    with zipfile.ZipFile(first.files["docx"]) as archive:
        assert {each.date_time[0] for each in archive.infolist()} == {1980}


def test_a_correction_changes_what_depends_on_it_and_nothing_else(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path / "a", rows())
    published(tmp_path / "b", rows(children=90.0))
    manifests = []
    for name in ("a", "b"):
        settings = reporting.model_copy(update={"snapshots_dir": tmp_path / name / "snapshots"})
        built = build(settings, Wanted("small", 2023), tmp_path / name)
        manifests.append(json.loads((built.folder / "manifest.json").read_text(encoding="utf-8")))
    changed = {each.where: (each.before, each.after) for each in differences(*manifests)}
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
def test_a_faulty_chapter_is_reported_with_its_line_and_leaves_nothing(
    reporting: Settings, tmp_path: Path, text: str, what: str, line: int | None
) -> None:
    published(tmp_path, rows())
    chapter(reporting, text)
    with pytest.raises(UserError) as error:
        build(reporting, Wanted("small", 2023))
    assert what in error.value.what
    assert error.value.place.endswith("kapittel.md" if line is None else f"kapittel.md, line {line}")
    assert not list(reporting.reports.rglob("*.*"))


def test_a_confidential_value_is_refused_in_a_sentence_and_is_a_sign_in_a_table(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows(children=None, obs_status="Q", absence_reason="confidential"))
    with pytest.raises(UserError, match="konfidensielt"):
        build(reporting, Wanted("small", 2023))
    chapter(reporting, '{{ table("by_group") }}\n')
    built = build(reporting, Wanted("small", 2023))
    assert read_word.read(built.files["docx"]).tables[0][1] == ["Barn og unge", "100", ":", ":"]


def test_a_document_that_says_something_else_is_not_put_in_place(
    reporting: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path, rows())
    build(reporting, Wanted("small", 2023))
    before = {path.name: path.read_bytes() for path in reporting.reports.rglob("*.*") if path.is_file()}
    written = making.write_html

    def falsified(document: Any, path: Path) -> None:
        written(document, path)
        path.write_text(path.read_text(encoding="utf-8").replace("9\u202f500", "9\u202f501"), encoding="utf-8")

    monkeypatch.setattr(making, "write_html", falsified)
    chapter(reporting, CHAPTER + "\nEn setning til.\n")
    with pytest.raises(UserError, match="defect of the program"):
        build(reporting, Wanted("small", 2023))
    assert {path.name: path.read_bytes() for path in reporting.reports.rglob("*.*") if path.is_file()} == before


def test_a_table_that_is_referred_to_has_to_stand_somewhere(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    chapter(reporting, 'Se{{ see("chart") }}.\n')
    with pytest.raises(UserError, match="is not in the report"):
        build(reporting, Wanted("small", 2023))


def test_a_report_that_nobody_has_written_is_reported(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    with pytest.raises(UserError, match="reports are: small"):
        build(reporting, Wanted("other", 2023))


def test_the_second_reading_goes_to_the_files_of_the_snapshot(reporting: Settings, tmp_path: Path) -> None:
    folder = published(tmp_path, rows())
    with open_desk(reporting) as desk:
        key = {"time_period": "2023", "target_group": "children", "unit_level": "country"}
        cell = desk.published.cell("fte_by_service", "fte", key)
    assert int(read_back.Again(folder, [cell]).value(Quantity(plain(cell)))) == 120


MUNICIPAL = """
title: {nb: 'Årsverk i {area}', en: 'FTE in {area}'}
subtitle: {nb: Ark, en: Sheet}
area: municipality
layout: sheet
chapters:
- {file: kapittel, title: {nb: Årsverk, en: FTE}, numbered: false}
"""
SHEET = "{{ area }} hadde {{ fte(year) }} årsverk, landet {{ fte(year, place='country') }}.\n\n{{ table('by_group') }}\n"
CODES = ("0001", "0002", "0003")


def of_municipalities(**changed: float | None) -> dict[str, Any]:
    """Return rows of a country of three municipalities; ``changed`` has other figures for some, by ``m<code>``."""
    found = rows()
    areas = []
    for level, code in [("country", "0"), *(("municipality", code) for code in CODES)]:
        place = {"unit_level": level, "unit_code": code, "unit_name": f"Sted {code}", "area_basis": "current"}
        areas.append({**place, "time_period": 2023})
        for year, group in ((2022, "total"), (2023, "adults"), (2023, "children"), (2023, "total")):
            value = changed.get(f"m{code}", 10.0) if group == "total" else 5.0
            found["fte_by_service"].append(fte(**place, time_period=year, target_group=group, fte=value, coverage=1.0))
    return {**found, "areas": areas}


@pytest.fixture
def of_areas(reporting: Settings) -> Settings:
    folder = reporting.report_sources / "small"
    (folder / "report.yml").write_text(MUNICIPAL, encoding="utf-8")
    table = TABLES.partition("chart:")[0].replace("  columns:", "  fixed: {place: here}\n  columns:", 1)
    (folder / "tables" / "tables.yml").write_text(table, encoding="utf-8")
    chapter(reporting, SHEET)
    return reporting


@pytest.mark.parametrize("share", [1, 12])
def test_all_at_once_are_the_same_bytes_as_one_at_a_time(
    of_areas: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: int
) -> None:
    # With shares of one report, several processes build them.
    monkeypatch.setattr(parallel, "SHARE", share)
    published(tmp_path, of_municipalities())
    progress: list[tuple[int, int]] = []
    built = build_all(of_areas, Wanted("small", 2023), tmp_path / "all", lambda *how_far: progress.append(how_far))
    assert [each.name for each in built] == [f"small-2023-{code}" for code in CODES]
    assert progress[-1] == (3, 3)
    for code in reversed(CODES):
        build(of_areas, Wanted("small", 2023, area=code), tmp_path / "single")
    assert contents(tmp_path / "all") == contents(tmp_path / "single")


def test_where_one_of_many_fails_none_is_put_in_place(of_areas: Settings, tmp_path: Path) -> None:
    published(tmp_path, of_municipalities())
    build_all(of_areas, Wanted("small", 2023))
    before = contents(of_areas.reports)
    chapter(of_areas, SHEET + "{{ fte(year, 'babies') if area == 'Sted 0002' else fte(year) }}\n")
    with pytest.raises(UserError, match="small-2023-0002: no cell in fte_by_service") as error:
        build_all(of_areas, Wanted("small", 2023))
    assert error.value.place.endswith("kapittel.md, line 4")
    assert contents(of_areas.reports) == before


def test_a_report_that_a_correction_does_not_reach_stays_as_it_is(
    of_areas: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path, of_municipalities())
    first = {each.name: each for each in build_all(of_areas, Wanted("small", 2023))}
    published(tmp_path, of_municipalities(m0002=12.0))
    second = {each.name: each for each in build_all(of_areas, Wanted("small", 2023))}
    assert {each.snapshot for each in first.values()} != {each.snapshot for each in second.values()}
    assert {name for name, each in second.items() if not each.is_kept} == {"small-2023-0002"}
    for name, each in second.items():
        assert (contents(each.folder) == contents(first[name].folder)) == each.is_kept
    # Edited files are not mistaken for those of an edition.
    untouched = second["small-2023-0001"]
    untouched.files["html"].write_text("changed", encoding="utf-8")
    first["small-2023-0001"].files["html"].write_text("changed", encoding="utf-8")
    again = build(of_areas, Wanted("small", 2023, area="0001"))
    assert not again.is_kept
    assert again.files["html"].read_text(encoding="utf-8") != "changed"
    # Bindings of numbers are never taken from there.
    manifests = [each["small-2023-0003"].folder / MANIFEST for each in (first, second)]
    bound = manifests[1].read_text(encoding="utf-8")
    for each in manifests:
        each.write_text(bound.replace("fte_by_service", "fte_by_servicf"), encoding="utf-8")
    again = build(of_areas, Wanted("small", 2023, area="0003"))
    assert again.is_kept and (again.folder / MANIFEST).read_text(encoding="utf-8") == bound
    # Nor are files written by another program.
    monkeypatch.setattr(making, "program", lambda: "another")
    assert not build(of_areas, Wanted("small", 2023, area="0003")).is_kept


def test_a_snapshot_has_the_reports_that_are_asked_for(reporting: Settings, tmp_path: Path) -> None:
    folder = published(tmp_path, rows())
    alone = build(reporting, Wanted("small", 2023), tmp_path / "alone")
    assert write_reports(reporting, folder, ["report"], None) == []
    assert [path.name for path in (folder / "report").iterdir()] == ["small-2023"]
    assert not (folder / "memos").exists()
    # The same bytes as when it is built alone; the candidate's name is not in them.
    assert contents(folder / "report" / "small-2023") == contents(alone.folder)
    found = verify(folder / "report", folder)
    assert found.editions == {"small-2023": alone.edition}
    assert found.numbers == alone.values + alone.cells
    assert (found.unequal, found.confidential, found.lost) == ([], [], [])


def test_a_report_that_cannot_be_made_is_left_out_and_reported(
    reporting: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = published(tmp_path, rows())
    chapter(reporting, "{{ fte(year, 'babies') }}")
    (refused,) = write_reports(reporting, folder, ["report"], None)
    assert refused.name == "small-2023"
    assert "nearest is" in refused.what
    assert refused.place.endswith("kapittel.md, line 1")
    # A defect does not hold figures back either.
    chapter(reporting, CHAPTER)
    monkeypatch.setattr(making, "write_pdf", lambda *arguments: [][0])
    (refused,) = write_reports(reporting, folder, ["report"], None)
    assert refused.what == "IndexError: list index out of range"
    assert not (folder / "report").exists()


def test_a_report_of_a_snapshot_is_held_against_its_files(reporting: Settings, tmp_path: Path) -> None:
    folder = published(tmp_path / "a", rows())
    write_reports(reporting, folder, ["report"], None)
    report = folder / "report" / "small-2023"
    # Another snapshot: each number that a correction changes.
    other = published(tmp_path / "b", rows(children=90.0))
    assert len(verify(folder / "report", other).unequal) == 9
    assert verify(folder / "report", other).unequal[0] == (
        'small-2023: kapittel.md, line 4: fte(year, unit="årsverk") says 9\u202f620 instead of 9\u202f590'
    )
    hidden = published(tmp_path / "c", rows(children=None, obs_status="Q", absence_reason="confidential"))
    assert verify(folder / "report", hidden).confidential != []
    page = report / "small-2023.html"
    page.chmod(0o644)
    page.write_text(page.read_text(encoding="utf-8").replace('href="#chart"', 'href="#chat"'), encoding="utf-8")
    found = verify(folder / "report", folder)
    assert found.lost == ["small-2023: a link leads to 'chat', which does not exist"]
    assert found.unequal == ["small-2023: small-2023.html is not the file that was read back"]


@pytest.mark.parametrize("takes_over", [True, False])
def test_a_report_of_the_published_snapshot_is_reused_only_where_results_are_taken_over(
    reporting: Settings, tmp_path: Path, takes_over: bool
) -> None:
    snapshot = published(tmp_path, rows())
    first, second = (shutil.copytree(snapshot, tmp_path / name, copy_function=shutil.copyfile) for name in "ab")
    assert write_reports(reporting, first, ["report"], None) == []
    page, manifest = (first / "report" / "small-2023" / name for name in ("small-2023.html", MANIFEST))
    before = making.file_hash(page)
    page.write_text(f"{page.read_text(encoding='utf-8')}<!-- marked -->", encoding="utf-8")
    manifest.write_text(manifest.read_text(encoding="utf-8").replace(before, making.file_hash(page)), encoding="utf-8")
    assert write_reports(reporting, second, ["report"], first, takes_over=takes_over) == []
    again = (second / "report" / "small-2023" / "small-2023.html").read_text(encoding="utf-8")
    assert again.endswith("<!-- marked -->") == takes_over


def test_another_note_on_the_source_is_another_edition(
    reporting: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(tmp_path, rows())
    first = build(reporting, Wanted("small", 2023))
    monkeypatch.setattr(document, "_source", lambda grid, of, edition: [Note(f"Tabell 5.2 i rapporten. {edition}")])
    second = build(reporting, Wanted("small", 2023))
    assert second.edition != first.edition and not second.is_kept
    monkeypatch.setattr(document, "_source", lambda grid, of, edition: [Note(f"Tabell 5.3 i rapporten. {edition}")])
    assert build(reporting, Wanted("small", 2023)).edition not in {first.edition, second.edition}


def test_reports_are_content_of_the_candidate_and_come_before_the_pages_that_lead_to_them(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        assert (folder / "parquet" / "fte_by_service.parquet").is_file()
        report = folder / "report" / "small-2023"
        report.mkdir(parents=True)
        (report / "small-2023.pdf").write_text("a report", encoding="utf-8")
        (report / "manifest.json").write_text('{"title": "Liten", "year": 2023, "area": ""}', encoding="utf-8")

    without = candidate(tmp_path / "without", formats=["site"])
    made = candidate(tmp_path / "with", formats=["site"], write_reports=write)
    assert made.content_hash != without.content_hash
    assert "report/small-2023/small-2023.pdf" in (made.path / "SHA256SUMS").read_text(encoding="utf-8")
    assert "../report/small-2023/small-2023.pdf" in (made.path / "site" / "index.html").read_text(encoding="utf-8")


def first(document: pikepdf.Pdf, kind: str) -> Any:
    return next(tag.element for tag in pdf_structure.tree(document).all() if tag.kind == kind)


def called(kind: str, other: str) -> Callable[[pikepdf.Pdf], None]:
    def damage(document: pikepdf.Pdf) -> None:
        first(document, kind).S = pikepdf.Name(f"/{other}")

    return damage


def lacking(of: Callable[[pikepdf.Pdf], Any], name: str) -> Callable[[pikepdf.Pdf], None]:
    def damage(document: pikepdf.Pdf) -> None:
        del of(document)[name]

    return damage


def without_a_cell(document: pikepdf.Pdf) -> None:
    del first(document, "TR").K[-1]


def with_something_beside(document: pikepdf.Pdf) -> None:
    document.pages[0].contents_add(document.make_stream(b"0 0 5 5 re f"))


DAMAGES: list[tuple[Callable[[pikepdf.Pdf], None], str]] = [
    (lacking(lambda document: document.Root, "/Lang"), "does not declare its language"),
    (lacking(lambda document: document.Root.ViewerPreferences, "/DisplayDocTitle"), "does not show its title"),
    (lacking(lambda document: document.Root, "/StructTreeRoot"), "has no tags"),
    (lacking(lambda document: first(document, "Figure"), "/Alt"), "has a figure without a text alternative"),
    (lacking(lambda document: first(document, "TH").A[0], "/RowSpan"), "rows differ in width"),
    (without_a_cell, "rows differ in width"),
    (called("H2", "H3"), "has a heading of level 3 below one of level 1"),
    (called("TD", "TH"), "has a table head without a scope"),
    (called("TH", "TD"), "a cell among the heads that is not a head"),
    (called("TR", "P"), "a table with content outside rows"),
    (with_something_beside, "shows content without a tag"),
]


def test_a_pdf_that_lacks_what_its_readers_need_is_reported(reporting: Settings, tmp_path: Path) -> None:
    published(tmp_path, rows())
    whole = build(reporting, Wanted("small", 2023)).files["pdf"]
    assert read_pdf.read(whole).faults == []
    damaged = tmp_path / "damaged.pdf"
    for damage, fault in DAMAGES:
        with pikepdf.open(whole) as document:
            damage(document)
            document.save(damaged)
        found = read_pdf.read(damaged).faults
        assert any(fault in each for each in found), (fault, found)
