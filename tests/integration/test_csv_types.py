"""CSV read with the types documented in datapackage.json: codes stay texts, in every reader named on the page."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from frictionless import Package

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import load_tables
from orchestration.publish.formats import data_package, metadata
from tests.integration.publication_kit import METADATA, fte, published

PAGE = PROJECT_DIR / "docs" / "use" / "publication.md"
EXAMPLE = "area_changes"

Rows = list[tuple[Any, ...]]

# Codes with leading zeros in columns without a code list, missing values, truth values and numbers of all kinds.
ROWS = {
    "fte_by_service": [
        fte(),
        fte(unit_level="county", unit_code="03", unit_name="Oslo", fte=None, obs_status="O", absence_reason="not_answered"),
        fte(unit_level="municipality", unit_code="0301", unit_name='Oslo, "byen"', fte=1e-7, series_break=True),
    ],
    "areas": [
        {
            "time_period": 2023,
            "unit_level": "city_district",
            "unit_code": "030101",
            "unit_name": "Gamle Oslo",
            "area_basis": "reported",
            "municipality_code": "0301",
            "county_code": "03",
            "hf_code": "07",
            "population": 62123.0,
        },
        {
            "time_period": 2023,
            "unit_level": "country",
            "unit_code": "0",
            "unit_name": "Hele landet",
            "area_basis": "reported",
            "population": 5488984.0,
        },
    ],
    EXAMPLE: [
        {
            "change_year": 2020,
            "old_code": "0104",
            "old_name": "Moss",
            "new_code": "3002",
            "new_name": "Moss",
            "change_type": "merger",
            "weight": 1.0,
        },
        {
            "change_year": 2020,
            "old_code": "0136",
            "new_code": "0002",
            "new_name": "NA",
            "change_type": "code",
            "weight": None,
        },
    ],
}
TABLES = tuple(ROWS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small published snapshot in a folder like the project's."""
    place = tmp_path_factory.mktemp("types")
    published(place / "data", ROWS)
    return place


def snapshot_of(folder: Path) -> Path:
    return (folder / "data" / "snapshots" / "current").resolve()


def in_order(rows: Rows) -> Rows:
    """Return rows sorted by their texts; readers write numbers differently."""
    return sorted(rows, key=lambda row: [cell for cell in row if isinstance(cell, str)])


def expected(folder: Path, table: str) -> Rows:
    """Return the rows from Parquet, which has the types in the file."""
    path = snapshot_of(folder) / "parquet" / f"{table}.parquet"
    return in_order(duckdb.sql(f"select * from '{path}'").fetchall())


def blocks(language: str) -> list[str]:
    _, _, section = PAGE.read_text(encoding="utf-8").partition("### CSV with its types\n")
    return re.findall(rf"^```{language}\n(.*?)^```", section.partition("\n## ")[0], re.DOTALL | re.MULTILINE)


def tuples(found: Any) -> Rows:
    """Return the rows of a pandas or polars frame, with None for missing values."""
    if hasattr(found, "rows"):
        return list(found.rows())
    return [tuple(row) for row in found.astype(object).where(found.notna(), None).itertuples(index=False)]


def by_python(code: str) -> Callable[[Path, str], Rows]:
    def read(folder: Path, table: str) -> Rows:
        scope: dict[str, Any] = {}
        exec(code.replace(f'"{EXAMPLE}"', f'"{table}"').replace("data/snapshots", f"{folder}/data/snapshots"), scope)
        return tuples(scope["read"])

    return read


def by_r(code: str) -> Callable[[Path, str], Rows]:
    def read(folder: Path, table: str) -> Rows:
        installed = shutil.which("Rscript") and subprocess.run(
            ["Rscript", "-e", "library(jsonlite)"], check=False, capture_output=True
        )
        if not installed or installed.returncode:
            pytest.skip("R with its package jsonlite is not installed")
        shown = '\ncat(toJSON(read, dataframe = "values", na = "null", digits = NA))\n'
        program = folder / "read.R"
        program.write_text(code.replace(f'"{EXAMPLE}"', f'"{table}"') + shown, encoding="utf-8")
        ran = subprocess.run(["Rscript", str(program)], cwd=folder, check=True, capture_output=True, encoding="utf-8")
        return [tuple(row) for row in json.loads(ran.stdout)]

    return read


def by_frictionless(folder: Path, table: str) -> Rows:
    package = Package(str(snapshot_of(folder) / data_package.FILE))
    rows = [tuple(row.to_dict().values()) for row in package.get_resource(table).read_rows()]
    return [tuple(float(cell) if type(cell).__name__ == "Decimal" else cell for cell in row) for row in rows]


READERS: dict[str, Callable[[Path, str], Rows]] = {"frictionless": by_frictionless}
for code in blocks("python"):
    READERS[re.findall(r"^import (\w+) as", code, re.MULTILINE)[0]] = by_python(code)
for code in blocks("r"):
    READERS["R"] = by_r(code)


def test_the_page_names_a_reader_of_each_kind() -> None:
    assert set(READERS) == {"pandas", "polars", "R", "frictionless"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("reader", READERS)
def test_a_reader_that_takes_the_types_from_the_package_reads_what_parquet_has(
    reader: str, table: str, folder: Path
) -> None:
    assert in_order(READERS[reader](folder, table)) == expected(folder, table)


def test_no_column_that_holds_a_leading_zero_is_documented_as_a_number(folder: Path) -> None:
    package = json.loads((snapshot_of(folder) / data_package.FILE).read_text(encoding="utf-8"))
    seen = set()
    for resource in package["resources"]:
        if resource["format"] == "csv":
            types = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
            with (snapshot_of(folder) / resource["path"]).open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file):
                    leading = {name for name, cell in row.items() if re.fullmatch(r"0\d+", cell)}
                    assert {types[name] for name in leading} <= {"string"}
                    seen |= {(resource["name"], name) for name in leading}
    assert {("areas", "county_code"), ("area_changes", "old_code"), ("area_changes", "new_code")} <= seen


def test_every_described_column_that_is_a_code_is_a_text() -> None:
    columns = [(table.name, column) for table in load_tables(METADATA) for column in table.columns]
    codes = [
        (name, column.name, column.type)
        for name, column in columns
        if column.codelist is not None or re.search(r"(^|_)code$", column.name)
    ]
    assert len(codes) > 50
    assert [each for each in codes if each[2] != "VARCHAR"] == []
    assert data_package.FIELD_TYPES["VARCHAR"] == "string"


def test_the_package_says_that_codes_are_texts(folder: Path) -> None:
    package = json.loads((snapshot_of(folder) / data_package.FILE).read_text(encoding="utf-8"))
    assert package["conventions"]["codes"] == metadata.CONVENTIONS["codes"].nb
    assert "0301" in package["conventions_en"]["codes"]
