"""Reports of the published snapshot: statements come out as they were printed, and documents say what they are bound to."""

from __future__ import annotations

import json
import os
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.report import build, making
from orchestration.report.against_print import Held, shown_number
from orchestration.report.model import load_source
from orchestration.report.places import Places
from orchestration.report.sentences import Chapters
from orchestration.report.vocabulary import Vocabulary
from tests.conftest import run_command

DATA = PROJECT_DIR / "data"
DOCUMENTATION = PROJECT_DIR / "docs" / "reports.md"
# What stands over the lines of the documentation that are held against the reports.
BEGIN = "| --- | --- | --- | --- | --- | --- |\n"
STATEMENTS = yaml.safe_load(Path(__file__).with_name("report_statements.yml").read_text(encoding="utf-8"))
# The examples of the documentation: an expression in a row of a table, and what it says in the report of 2016.
EXAMPLE = re.compile(r"^\| `(\{\{.*?\}\})` \| ([^|]+) \|$", re.MULTILINE)
SPAN = re.compile(r"\[([^\]]*)\]\{#v\d+ \.bound\}")


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=DATA, warehouse_dir=folder / "warehouse", snapshots_dir=folder / "snapshots")


def said(settings: Settings, year: int, chapter: str) -> str:
    source = load_source(settings.report_sources / "is248")
    with build.open_desk(settings) as desk:
        of = build.round_of(desk, source, build.Wanted("is248", year), Places())
        text = Chapters(of, Vocabulary(of), {}, {}).render(Path("chapter.md"), chapter, "chapter.md")
    return re.sub(r"[\u00a0\u202f]", " ", SPAN.sub(r"\1", text))


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: each["chapter"][:60])
def test_a_statement_of_the_reports_comes_out_as_printed_or_is_refused(published: Path, statement: dict[str, Any]) -> None:
    settings = settings_of(published)
    if "refused" in statement:
        with pytest.raises(UserError, match=statement["refused"]) as refused:
            said(settings, statement["year"], statement["chapter"])
        assert refused.value.place == "chapter.md, line 1"
    else:
        assert said(settings, statement["year"], statement["chapter"]) == statement["says"]
        assert ("printed" in statement) == ("why" in statement)


def test_the_examples_of_the_documentation_say_what_it_says(published: Path) -> None:
    examples = EXAMPLE.findall((PROJECT_DIR / "docs" / "reports.md").read_text(encoding="utf-8"))
    assert len(examples) >= 20
    settings = settings_of(published)
    assert [(each, said(settings, 2016, each)) for each, _ in examples] == [(each, text.strip()) for each, text in examples]


@pytest.mark.parametrize("year", [2016, 2023])
def test_the_national_report_has_the_tables_of_print(published: Path, tmp_path: Path, year: int) -> None:
    result = run_command("report", str(year), "--json", "--into", str(tmp_path), folder=published, data=DATA)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["tables"] >= 45
    # Word and HTML give every value; a PDF every cell of a table.
    assert answer["read_back"] > 2 * answer["cells"]
    assert {Path(path).suffix for path in answer["files"].values()} == {".docx", ".pdf", ".html", ".xlsx"}
    manifest = json.loads((Path(answer["folder"]) / "manifest.json").read_text(encoding="utf-8"))
    labels = [label for table in manifest["tables"] for label in (*table["rows"], *table["columns"], table["caption"])]
    assert [label for label in labels if re.search(r"[a-z]_[a-z]", label)] == []
    again = run_command("report", str(year), "--into", str(tmp_path / "again"), folder=published, data=DATA)
    assert again.returncode == 0, again.stderr
    for path in map(Path, answer["files"].values()):
        assert path.read_bytes() == (tmp_path / "again" / path.parent.name / path.name).read_bytes(), path.name


def test_every_printed_table_is_in_the_report_or_has_a_reason(published: Path, tmp_path: Path) -> None:
    settings = settings_of(published)
    held = {
        year: making.build(settings, build.Wanted("is248", year, language="en"), tmp_path).printed for year in (2016, 2023)
    }
    for each in (table for tables in held.values() for table in tables):
        assert each.shown == each.figures or each.why, each
    told = [line for tables in held.values() for line in by_chapter(tables)]
    text = DOCUMENTATION.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    table, after = rest.split("\n\n", 1)
    if os.environ.get("UPDATE_GOLDEN"):
        DOCUMENTATION.write_text(before + BEGIN + "\n".join(told) + "\n\n" + after, encoding="utf-8")
    else:
        assert table.splitlines() == told


def by_chapter(tables: list[Held]) -> list[str]:
    """Return what the documentation says of each chapter of a printed report."""
    lines = []
    for (source, chapter), group in groupby(tables, key=lambda each: (each.source, chapter_of(each.number))):
        found = list(group)
        shown, figures = sum(each.shown for each in found), sum(each.figures for each in found)
        verdict = "complete" if shown == figures else "partly" if shown else "not"
        missing: dict[str, list[str]] = {}
        for each in found:
            if each.shown < each.figures:
                missing.setdefault(each.why, []).append(shown_number(each.number))
        reasons = "; ".join(f"{', '.join(numbers)}: {why[:1].lower()}{why[1:]}" for why, numbers in missing.items())
        equal = sum(each.equal for each in found)
        lines.append(f"| `{source}` | {chapter} | {verdict} | {shown} of {figures} | {equal} | {reasons} |")
    return lines


def chapter_of(number: str) -> str:
    found = re.match(r"(?:fig)?(\d+)\.", number)
    return found.group(1) if found else shown_number(number)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--municipality", "5001"),
        ("--municipality", "0301", "--language", "en"),
        ("--county", "54"),
        ("--county", "50", "--language", "en"),
    ],
)
def test_areas_have_reports_of_their_own(published: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run_command("report", "2023", *arguments, "--json", "--into", str(tmp_path), folder=published, data=DATA)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["values"] > 0
    assert answer["without_text"] == []
    assert answer["turned"]["not_compared"] == {}
    if arguments[0] == "--municipality":
        with pikepdf.open(answer["files"]["pdf"]) as sheet:
            assert len(sheet.pages) == 2
        manifest = json.loads((Path(answer["folder"]) / "manifest.json").read_text(encoding="utf-8"))
        (places,) = (table for table in manifest["tables"] if table["key"] == "figure_distribution")
        assert [row for row in places["rows"] if row.startswith("KOSTRA-gruppe ")]
