"""The verdict of PxWeb's own loader on our files, and that our version of its rules refuses the same files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from benchmarks import pxweb
from orchestration.publish.formats import px
from tests.integration.publication_kit import candidate, fte
from tests.integration.test_cubes import RELEASE, RELEASED, ROWS, TABLE, filled

Change = Callable[[str], str]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("px")
    px.write(filled(TABLE, ROWS), TABLE, RELEASED, folder)
    return (folder / "example.px").read_text(encoding="utf-8")


def judged(text: str) -> pxweb.Verdict:
    return pxweb.judge(text.encode("utf-8"))


def test_a_file_is_taken_and_has_what_is_recommended(written: str) -> None:
    verdict = judged(written)
    assert (verdict.errors, verdict.warnings, verdict.lacking) == ([], [], [])


def test_a_file_without_a_release_is_taken_too(tmp_path: Path) -> None:
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    verdict = pxweb.judge((tmp_path / "example.px").read_bytes())
    assert (verdict.errors, verdict.warnings, verdict.lacking) == ([], [], [])


def without(keyword: str) -> Change:
    """Leave out a keyword with all of its lines."""
    entry = re.compile(rf"^{re.escape(keyword)}=(?:\"[^\"]*\"|[^\";])*;\n", re.MULTILINE)

    def change(text: str) -> str:
        changed, times = entry.subn("", text)
        assert times == 1, keyword
        return changed

    return change


def instead(before: str, after: str) -> Change:
    def change(text: str) -> str:
        assert before in text, before
        return text.replace(before, after, 1)

    return change


@pytest.mark.parametrize(
    "keyword",
    [
        "CODEPAGE", "LANGUAGE", "LANGUAGES", "MATRIX", "SUBJECT-CODE", "DECIMALS", "SUBJECT-AREA", "SUBJECT-AREA[en]",
        "CONTENTS", "CONTENTS[en]", "UNITS", "UNITS[en]", "STUB", "STUB[en]", "HEADING", "HEADING[en]", "CONTVARIABLE",
        "CONTVARIABLE[en]",
        'VALUES("Statistikkvariabel")', 'VALUES[en]("Contents")', 'CODES[en]("Contents")',
    ],
)  # fmt: skip
def test_a_file_without_a_mandatory_keyword_is_refused(written: str, keyword: str) -> None:
    assert judged(without(keyword)(written)).errors


def test_units_of_the_contents_are_no_units_of_the_table(written: str) -> None:
    verdict = judged(without("UNITS[en]")(written))
    assert verdict.errors == ["UNITS[en] is missing"]


@pytest.mark.parametrize(
    "change",
    [
        instead('MATRIX="example"', 'MATRIX=""'),
        instead("DECIMALS=", "DECIMALS=x"),
        instead('CONTVARIABLE="Statistikkvariabel"', 'CONTVARIABLE="Statistikk"'),
        instead('VALUES("Statistikkvariabel")', 'VALUES("Statistikk")'),
        instead('CODES("Statistikkvariabel")="fte",', 'CODES("Statistikkvariabel")='),
        instead('"2013","2022"', '"2013","2013"'),
        instead('LANGUAGES="no","en"', 'LANGUAGES="no"'),
        instead("COPYRIGHT=YES", "COPY=YES"),
        instead('TABLEID="example"', 'TABLEID="example'),
        instead('TABLEID="example"', 'TABLEID="example" x'),
        instead('CODEPAGE="utf-8"', 'CODEPAGE="ascii"'),
        instead("DATA=\n", 'DATA=\n"." '),
        instead("DATA=\n", "DATA=\nx"),
        lambda text: text.partition("DATA=")[0],
        lambda text: text.rpartition(";")[0],
    ],
)
def test_a_file_that_the_loader_cannot_take_is_refused(written: str, change: Change) -> None:
    assert judged(change(written)).errors


@pytest.mark.parametrize(
    "change",
    [
        instead("COPYRIGHT=YES", "COPYRIGHT=TRUE"),
        instead("OFFICIAL-STATISTICS=NO", 'OFFICIAL-STATISTICS="perhaps"'),
        instead('LAST-UPDATED="20310612 08:00"', 'LAST-UPDATED="2031-06-12"'),
        instead('LAST-UPDATED("fte «på norsk»")', 'LAST-UPDATED("another")'),
        instead('UNITS[en]("fte in English")', 'UNITS[en]("fte «på norsk»")'),
        instead('PRECISION[en]("Contents",', 'PRECISION[en]("Statistikkvariabel",'),
        instead('VALUENOTE("Statistikkvariabel","fte', 'VALUENOTE("Statistikkvariabel","x'),
        instead('CELLNOTE("', 'CELLNOTE("*","'),
        instead("SHOWDECIMALS=0", "SHOWDECIMALS=7"),
        instead('VARIABLECODE[en]("', 'VARIABLECODE[en]("x'),
        instead('MATRIX="example";\n', 'MATRIX="example";\nMATRIX="example";\n'),
    ],
)
def test_what_the_loader_drops_is_reported(written: str, change: Change) -> None:
    verdict = judged(change(written))
    assert verdict.warnings
    assert not verdict.is_taken


def test_the_check_of_a_folder_says_how_many_files_are_taken(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "px").mkdir()
    for name, text in (("a", written), ("b", without("UNITS")(written))):
        (tmp_path / "px" / f"{name}.px").write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["pxweb.py", str(tmp_path)])
    assert pxweb.main() == 1
    output = capsys.readouterr().out
    assert "REFUSED  b.px\n    error: UNITS[no] is missing" in output
    assert output.endswith("1 of 2 files\n")


RELEASES = [("final", 2023, "final", date(2031, 6, 12), True, "2031-06-12T08:00+02:00", "2031-11-13T08:00+01:00")]
AREAS = [("country", "0", "Hele landet"), ("health_region", "nord", "Helse Nord"), ("county", "18", "Nordland")]


@pytest.mark.parametrize("channel", ["demo", "official", "rehearsal"])
def test_the_files_of_a_candidate_have_the_times_of_its_release_and_english_names(channel: str, tmp_path: Path) -> None:
    rows = [fte(unit_level=level, unit_code=code, unit_name=name, is_constructed=False) for level, code, name in AREAS]
    made = candidate(
        tmp_path,
        {"fte_by_service": rows},
        formats=("px", "jsonstat"),
        channel=channel,
        is_constructed=False,
        releases=RELEASES,
    ).path
    verdict = pxweb.judge((made / "px" / "fte_by_service.px").read_bytes())
    assert (verdict.errors, verdict.warnings, verdict.lacking) == ([], [], [])
    text = (made / "px" / "fte_by_service.px").read_text(encoding="utf-8")
    cube = json.loads((made / "jsonstat" / "fte_by_service.json").read_text(encoding="utf-8"))
    catalogue = json.loads((made / "dcat.jsonld").read_text(encoding="utf-8"))
    # A rehearsal is never published, so it has no time.
    is_released = channel != "rehearsal"
    assert ('\nLAST-UPDATED="20310612 08:00";\n' in text, '\nNEXT-UPDATE="20311113 08:00";\n' in text) == (is_released,) * 2
    assert cube.get("updated") == ("2031-06-12T08:00:00+02:00" if is_released else None)
    assert all(("dct:issued" in node) == is_released for node in catalogue["@graph"] if node["@type"] == "dcat:Dataset")
    english = ["Whole country", "Northern Norway Regional Health Authority", "Nordland"]
    assert f'\nVALUES[en]("Area")={",".join(f"{name!r}" for name in english)};\n'.replace("'", '"') in text
    assert list(cube["extension"]["en"]["dimension"]["unit"]["category"]["label"].values()) == english
    assert list(cube["dimension"]["unit"]["category"]["label"].values()) == [name for _, _, name in AREAS]
