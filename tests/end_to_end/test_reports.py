"""Reports of the published snapshot: statements equal the printed ones, and documents agree with their bound cells."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.report import build, making
from orchestration.report.places import Places
from orchestration.report.print_comparison import Held, shown_number
from orchestration.report.sentences import Chapters
from orchestration.report.vocabulary import Vocabulary
from tests.conftest import run_command

DATA = PROJECT_DIR / "data"
DOCUMENTATION = PROJECT_DIR / "docs" / "run" / "reports.md"
# The headings of the lines in the documentation that are compared with the reports.
BEGIN = "| --- | --- | --- | --- | --- | --- |\n"
STATEMENTS = yaml.safe_load(Path(__file__).with_name("report_statements.yml").read_text(encoding="utf-8"))
# The examples of the documentation: an expression in a row of a table, and its text in the report of 2016.
EXAMPLE = re.compile(r"^\| `(\{\{.*?\}\})` \| ([^|]+) \|$", re.MULTILINE)
SPAN = re.compile(r"\[([^\]]*)\]\{#v\d+ \.bound\}")


def settings_of(folder: Path) -> Settings:
    return Settings(data_dir=DATA, warehouse_dir=folder / "warehouse", snapshots_dir=folder / "snapshots")


@pytest.fixture(scope="module")
def desk(published: Path) -> Iterator[build.Desk]:
    with build.open_desk(settings_of(published)) as opened:
        yield opened


def rendered(desk: build.Desk, year: int, chapter: str) -> str:
    of = build.round_of(desk, desk.source("is248"), build.Wanted("is248", year), Places())
    text = Chapters(of, Vocabulary(of), {}, {}).render(Path("chapter.md"), chapter, "chapter.md")
    return re.sub(r"[\u00a0\u202f]", " ", SPAN.sub(r"\1", text))


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda each: each["chapter"][:60])
def test_a_statement_of_the_reports_comes_out_as_printed_or_is_refused(desk: build.Desk, statement: dict[str, Any]) -> None:
    if "refused" in statement:
        with pytest.raises(UserError, match=statement["refused"]) as refused:
            rendered(desk, statement["year"], statement["chapter"])
        assert refused.value.place == "chapter.md, line 1"
    else:
        assert rendered(desk, statement["year"], statement["chapter"]) == statement["says"]
        assert ("printed" in statement) == ("why" in statement)


def test_the_examples_of_the_documentation_say_what_it_says(desk: build.Desk) -> None:
    examples = EXAMPLE.findall((PROJECT_DIR / "docs" / "run" / "reports.md").read_text(encoding="utf-8"))
    assert len(examples) >= 20
    assert [(each, rendered(desk, 2016, each)) for each, _ in examples] == [(each, text.strip()) for each, text in examples]


@pytest.fixture(scope="module")
def national(published: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, making.Built]:
    """The national report of two years, made in this process."""
    settings, folder = settings_of(published), tmp_path_factory.mktemp("national")
    return {year: making.build(settings, build.Wanted("is248", year, language="en"), folder) for year in (2016, 2023)}


@pytest.mark.parametrize("year", [2016, 2023])
def test_the_national_report_has_the_tables_of_print(national: dict[int, making.Built], year: int) -> None:
    built = national[year]
    assert built.tables >= 45
    # Word and HTML contain every value; a PDF every cell of a table.
    assert built.read_back > 2 * built.cells
    assert {path.suffix for path in built.files.values()} == {".docx", ".pdf", ".html", ".xlsx"}
    assert unlabelled(built.folder) == []


def test_the_report_in_the_snapshot_has_labels_in_norwegian(published: Path) -> None:
    (folder,) = (published / "snapshots" / "current" / "report").glob("is248-*/")
    assert unlabelled(folder) == []


def unlabelled(folder: Path) -> list[str]:
    """Return the words of a report's tables that are codes instead of labels."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    labels = [label for table in manifest["tables"] for label in (*table["rows"], *table["columns"], table["caption"])]
    assert len(labels) > 500
    return [label for label in labels if re.search(r"[a-z]_[a-z]", label)]


def test_the_command_makes_the_same_bytes_in_another_process(
    published: Path, national: dict[int, making.Built], tmp_path: Path
) -> None:
    into = ("--language", "en", "--json", "--into", str(tmp_path))
    result = run_command("report", "2016", *into, folder=published, data=DATA)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert not answer["kept"]
    assert {kind: Path(path).read_bytes() for kind, path in answer["files"].items()} == {
        kind: path.read_bytes() for kind, path in national[2016].files.items()
    }


def test_every_printed_table_is_in_the_report_or_has_a_reason(national: dict[int, making.Built]) -> None:
    held = {year: built.printed for year, built in national.items()}
    for each in (table for tables in held.values() for table in tables):
        assert each.shown == each.figures or each.why, each
    lines = [line for tables in held.values() for line in by_chapter(tables)]
    text = DOCUMENTATION.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    table, after = rest.split("\n\n", 1)
    if os.environ.get("UPDATE_GOLDEN"):
        DOCUMENTATION.write_text(before + BEGIN + "\n".join(lines) + "\n\n" + after, encoding="utf-8")
    else:
        assert table.splitlines() == lines


def by_chapter(tables: list[Held]) -> list[str]:
    """Return the lines of the documentation about each chapter of a printed report."""
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
