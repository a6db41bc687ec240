"""Remarks on figures in every format: read back by independent readers, and compared with the tables."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.formats import FORMATS, Difference, Snapshot, Tally
from orchestration.publish.formats import NAMES
from orchestration.publish.snapshot_files import DATABASE
from tests.integration.publication_kit import candidate

Row = Mapping[str, Any]

YEARS = (2001, 2002, 2003)
# Two municipalities of one county; the second is new in 2003, when the first ceded a part of its territory.
AREAS = [("country", "0", None), ("county", "11", None), ("municipality", "1101", "11"), ("municipality", "1102", "11")]
KINDS = {
    "fte_by_service": ("service_type", ("total", "other_activities")),
    "fte_by_education": ("education", ("total", "psychologist")),
    "fte_by_pathway": ("pathway", ("total", "1")),
}


def areas() -> list[Row]:
    return [
        {
            "time_period": year,
            "unit_level": level,
            "unit_code": code,
            "unit_name": f"Navn {code}",
            "area_basis": basis,
            "county_code": county,
            "population": 1000.0,
        }
        for year in YEARS
        for basis in ("reported", "current")
        for level, code, county in AREAS
    ]


def figures(column: str, kinds: Sequence[str], measures: Row) -> list[Row]:
    """Return rows such that each kind of remark applies to some: for a year, a unit, a category and a single row."""
    rows = []
    for area in areas():
        year, code, basis = area["time_period"], area["unit_code"], area["area_basis"]
        for group in ("adults", "total"):
            for kind in kinds:
                row = {
                    **{name: area[name] for name in ("time_period", "unit_level", "unit_code", "unit_name", "area_basis")},
                    "series": "is248",
                    "target_group": group,
                    column: kind,
                    **measures,
                    "coverage": 1.0,
                    "series_break": year == 2002 or (year == 2003 and basis == "reported" and code == "1101"),
                    "obs_status": "A",
                    "is_constructed": False,
                }
                notes = []
                if year == 2001:
                    notes.append("rejected_cells")
                if code == "11" and year != 2002:
                    notes.append("units_missing")
                    row["coverage"] = 0.9345 if group == "adults" else 0.99994
                if code == "1101" and basis == "current" and kind == kinds[1]:
                    notes.append("weight_estimated")
                    row["obs_status"] = "E"
                if code == "0" and year == 2002:
                    row["obs_status"] = "I"
                if code == "1102" and year == 2001:
                    row |= dict.fromkeys(measures) | {
                        "obs_status": "O",
                        "absence_reason": "incomplete" if group == "total" else "not_answered",
                        "coverage": 0.5,
                    }
                row["obs_note"] = ";".join(notes) or None
                rows.append(row)
    return rows


def shares() -> list[Row]:
    """Return the answers to a question whose base and counted units change; one group is hidden."""
    rows = []
    for area in areas():
        if area["unit_level"] == "municipality":
            continue
        is_hidden = area["unit_code"] == "11" and area["time_period"] == 2002
        for answer, count in (("yes", 5), ("no", 3)):
            shown = {"n_answer": count, "n_answered": 8, "n_units": 10, "share_of_answered": count / 8, "share": count / 8}
            rows.append(
                {
                    **{name: area[name] for name in ("time_period", "unit_level", "unit_code", "unit_name", "area_basis")},
                    "indicator": "crisis_plan",
                    "answer": answer,
                    "item": "all",
                    **({} if is_hidden else shown),
                    "base": "all" if area["time_period"] == 2001 else "answered",
                    "unit_set": "municipalities" if area["time_period"] < 2003 else "with_agencies",
                    "series_break": area["time_period"] == 2002,
                    "obs_status": "Q" if is_hidden else "U" if area["time_period"] == 2001 else "A",
                    "absence_reason": "confidential" if is_hidden else None,
                    "obs_note": "awaits_changes" if area["time_period"] == 2003 else None,
                    "is_constructed": False,
                }
            )
    return rows


def distribution() -> list[Row]:
    """Return quartiles of the rates of municipalities; one year has too few of them."""
    shown = {"median": 3.0, "mean": 3.1, "quartile_1": 2.0, "quartile_3": 4.0, "lower_whisker": 1.5, "upper_whisker": 5.0}
    return [
        {
            "time_period": year,
            "series": "is248",
            "unit_level": "country",
            "unit_code": "0",
            "unit_name": "Hele landet",
            "area_basis": basis,
            "target_group": "total",
            **({"n_units": 2} if year == 2001 else {**shown, "n_low_outliers": 0, "n_high_outliers": 1, "n_units": 9}),
            "series_break": year == 2002,
            "obs_status": "O" if year == 2001 else "A",
            "absence_reason": "too_few_units" if year == 2001 else None,
            "obs_note": "units_missing" if year == 2003 else None,
            "is_constructed": False,
        }
        for year in YEARS
        for basis in ("reported", "current")
    ]


def breaks() -> list[Row]:
    texts = {"description_nb": "Et brudd.", "description_en": "A break.", "source": "test"}
    of_tables = [(table, "scope", False) for table in KINDS] + [(table, "mode", True) for table in KINDS]
    return [
        {"indicator": subject, "time_period": 2002, "kind": kind, "comparable_before": comparable, **texts}
        for subject, kind, comparable in [
            *of_tables,
            ("crisis_plan", "base", True),
            ("fte_by_reporting_form", "scope", True),
            ("fte_distribution", "scope", False),
        ]
    ]


ROWS: Mapping[str, Sequence[Row]] = {
    "areas": areas(),
    "fte_by_service": figures("service_type", KINDS["fte_by_service"][1], {"fte": 10.5, "fte_per_10000": 105.0}),
    "fte_by_education": figures("education", KINDS["fte_by_education"][1], {"fte": 10.5, "share": 1.0}),
    "fte_by_pathway": figures("pathway", KINDS["fte_by_pathway"][1], {"fte": 10.5, "share": 1.0}),
    "fte_distribution": distribution(),
    "indicator_shares": shares(),
    "indicators": [
        {
            "indicator": "crisis_plan",
            "label_nb": "Kriseplan",
            "label_en": "Crisis plan",
            "scale": "yes_no",
            "base": "answered",
            "unit_set": "with_agencies",
        }
    ],
    "amounts": [
        {
            "indicator": "user_involvement_amount",
            "time_period": year,
            "unit_level": "country",
            "unit_code": "0",
            "unit_name": "Hele landet",
            "amount_nok": 1000.0,
            "series_break": False,
            "obs_status": "A",
            "obs_note": "from_print" if year == 2001 else "answered_confidential;units_missing",
            "is_constructed": False,
        }
        for year in YEARS
    ],
    "response": [
        {
            "time_period": year,
            "survey": "is248",
            "unit_set": "municipalities",
            **dict.fromkeys(("units_expected", "units_carried_forward", "units_missing"), 2),
            "units_answered": None if year == 2001 else 2,
            "obs_status": "O" if year == 2001 else "A",
            "absence_reason": "not_delivered" if year == 2001 else None,
            "is_constructed": False,
        }
        for year in YEARS
    ],
    "fte_by_reporting_form": [
        {
            "time_period": year,
            "series": "is248",
            "target_group": "total",
            "reporting_form": form,
            "fte": 5.0,
            "series_break": year == 2002,
            "obs_status": "I" if year == 2003 else "A",
            "obs_note": "rejected_cells" if form == "total" else None,
            "is_constructed": False,
        }
        for year in YEARS
        for form in ("joint", "total")
    ],
    "series_breaks": breaks(),
    "area_breaks": [
        {
            "time_period": 2003,
            "unit_level": "municipality",
            "unit_code": "1101",
            "unit_name": "Navn 1101",
            "members_left": "1101",
            "description_nb": "Gikk ut: en del (1102).",
            "description_en": "Left: a part (1102).",
        }
    ],
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return candidate(tmp_path_factory.mktemp("beside"), ROWS, formats=NAMES, is_constructed=False).path


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """Return a copy that a test may change."""
    return Path(shutil.copytree(written, tmp_path / "copy"))


def differences(folder: Path, name: str) -> tuple[Tally, list[Difference]]:
    snapshot, tally = Snapshot(folder), Tally(name)
    FORMATS[name](snapshot, tally)
    snapshot.connection.close()
    return tally, tally.first + snapshot.confidential.first


def test_the_rows_have_everything_that_can_be_said(written: Path) -> None:
    with duckdb.connect(str(written / DATABASE), read_only=True) as connection:
        for table in KINDS:
            counts = connection.execute(
                f"select count(distinct obs_status), count(distinct obs_note), count(distinct absence_reason),"
                f" count(distinct coverage), count(distinct series_break) from {table}"
            ).fetchall()
            assert counts == [(4, 5, 2, 4, 2)]


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_the_tables_know(written: Path, name: str) -> None:
    tally, found = differences(written, name)
    assert found == []
    assert tally.rows > 100


def lines_changed(path: Path, pattern: str, by: str) -> None:
    text = path.read_text(encoding="utf-8")
    changed = re.sub(pattern, by, text, flags=re.MULTILINE)
    assert changed != text
    path.write_text(changed, encoding="utf-8")


def book_changed(path: Path, old: str, new: str) -> None:
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    strings = files["xl/sharedStrings.xml"].decode()
    assert old in strings
    files["xl/sharedStrings.xml"] = strings.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def document_changed(path: Path, column: str) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["extension"]["rows"][column]["others"]
    document["extension"]["rows"][column]["others"] = []
    path.write_text(json.dumps(document), encoding="utf-8")


DROPPED: dict[str, tuple[str, Callable[[Path], None]]] = {
    "note in csv": ("CSV", lambda at: lines_changed(at / "csv/fte_by_service.csv", "units_missing", "")),
    "note in a workbook": ("xlsx", lambda at: book_changed(at / "xlsx/is248.xlsx", ">units_missing<", "><")),
    "note in words in a workbook": (
        "xlsx",
        lambda at: book_changed(at / "xlsx/is248.xlsx", ">Enheter uten svar er ikke regnet med<", "><"),
    ),
    "kind of break in a workbook": ("xlsx", lambda at: book_changed(at / "xlsx/is248.xlsx", ">scope;mode<", "><")),
    "status in words in a package": ("packages", lambda at: book_changed(at / "packages/11.xlsx", ">Anslått<", "><")),
    "note in JSON-stat": ("JSON-stat", lambda at: document_changed(at / "jsonstat/fte_by_pathway.json", "obs_note")),
    "coverage in JSON-stat": ("JSON-stat", lambda at: document_changed(at / "jsonstat/fte_by_pathway.json", "coverage")),
    "base in JSON-stat": (
        "JSON-stat",
        lambda at: lines_changed(at / "jsonstat/indicator_shares/crisis_plan.json", '"2001":"all"', '"2001":"answered"'),
    ),
    "note in PX": ("PX", lambda at: lines_changed(at / "px/fte_by_service.px", r"^CELLNOTE\(.*Enheter uten svar.*\n", "")),
    "reason in PX": ("PX", lambda at: lines_changed(at / "px/fte_by_service.px", r"^CELLNOTE\(.*Ikke besvart.*\n", "")),
    "coverage in PX": ("PX", lambda at: lines_changed(at / "px/fte_by_education.px", r" 0\.9345 ", " 1 ")),
    "note in a page": (
        "pages",
        lambda at: lines_changed(
            at / "site/data/rates.js", r"Enheter uten svar er ikke regnet med", "Inneholder et svar som er rettet"
        ),
    ),
    "coverage in a page": ("pages", lambda at: lines_changed(at / "site/data/rates.js", r"93\.[45]", "")),
    "base in a page": (
        "pages",
        lambda at: lines_changed(
            at / "site/data/indicator/crisis_plan.js", "Alle enheter, der manglende svar regnes som nei", "x"
        ),
    ),
    "note of a municipality in a page": (
        "pages",
        lambda at: lines_changed(
            at / "site/data/municipality/1101.js", "Fordelt med en anslått vekt", "Inneholder et svar som er rettet"
        ),
    ),
}


@pytest.mark.parametrize("what", DROPPED)
def test_a_format_that_drops_what_is_said_is_found(folder: Path, what: str) -> None:
    name, drop = DROPPED[what]
    drop(folder)
    _, found = differences(folder, name)
    assert found, f"nobody misses the {what}"


def test_codes_stand_in_words_in_json_stat(written: Path) -> None:
    labels = json.loads((written / "jsonstat/fte_by_service.json").read_text(encoding="utf-8"))["extension"]["labels"]
    assert labels["obs_note"]["units_missing"] == {
        "nb": "Enheter uten svar er ikke regnet med",
        "en": "Units without an answer are not counted",
    }
    assert set(labels["absence_reason"]) == {"incomplete", "not_answered"}
    labels = json.loads((written / "jsonstat/indicator_shares/crisis_plan.json").read_text(encoding="utf-8"))["extension"][
        "labels"
    ]
    assert set(labels["base"]) == {"all", "answered"} and set(labels["unit_set"]) == {"municipalities", "with_agencies"}


def test_codes_stand_in_words_in_the_data_package(written: Path) -> None:
    package = json.loads((written / "datapackage.json").read_text(encoding="utf-8"))
    (table,) = [each for each in package["resources"] if each["name"] == "fte_by_service"]
    fields = {field["name"]: field for field in table["schema"]["fields"]}
    words = {each["value"]: (each["label"], each["label_en"]) for each in fields["obs_note"]["codes"]}
    assert words["units_missing"] == ("Enheter uten svar er ikke regnet med", "Units without an answer are not counted")
    assert {each["value"]: each["label_en"] for each in fields["obs_status"]["categories"]}["E"] == "Estimated"


def test_an_area_whose_boundaries_moved_says_so_in_every_format(written: Path) -> None:
    nb, en = "Andre grenser fra 2003, på områdene slik de var: Gikk ut: en del (1102).", "Left: a part (1102)."
    document = json.loads((written / "jsonstat/fte_by_service.json").read_text(encoding="utf-8"))
    assert document["dimension"]["unit"]["category"]["note"] == {"municipality:1101": [nb]}
    assert en in document["extension"]["en"]["dimension"]["unit"]["category"]["note"]["municipality:1101"][0]
    px = (written / "px/fte_by_service.px").read_text(encoding="utf-8")
    assert f'VALUENOTE("Område","Navn 1101")="{nb}";' in px
    page = (written / "site/kommune/1101.html").read_text(encoding="utf-8")
    assert nb in page and en in page
    method = (written / "site/method.html").read_text(encoding="utf-8")
    assert "Gikk ut: en del (1102)." in method and en in method
    assert '"moved":{"municipality.1101":[[2003,' in (written / "site/data/words.js").read_text(encoding="utf-8")
    with zipfile.ZipFile(written / "packages/11.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "1101 Navn 1101 2003: endrede grenser" in sheet and en in sheet


def test_the_table_under_a_chart_says_it_in_words(written: Path) -> None:
    page = " ".join((written / "site/index.html").read_text(encoding="utf-8").split())
    for words in ("Brudd 1: Innsamlingsmåte, Omfang", "Celler som ikke kan leses eller mangler, er ikke regnet med"):
        assert words in page
    page = (written / "site/rates.html").read_text(encoding="utf-8")
    # Even with the smallest part missing, the share is never rounded to a hundred.
    assert "Tallet dekker 99,9 prosent av innbyggerne" in page and "Covers 99.9% of the inhabitants" in page
