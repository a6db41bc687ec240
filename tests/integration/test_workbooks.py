"""The workbooks, read back by libraries other than their writer: calamine, pandas and openpyxl."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet
from python_calamine import CalamineWorkbook

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, Table, load_tables
from orchestration.publish.formats import make_part, packages, sheets, workbook
from orchestration.publish.publication_metadata import Code, Release, load_catalogue

METADATA = PROJECT_DIR / "data" / "metadata"
TABLES = {table.name: table for table in load_tables(METADATA)}
CATALOGUE = load_catalogue(METADATA)

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

CODES = {
    "unit_level": ["country", "health_region", "hf_area", "county", "size_group", "municipality", "city_district", "agency"],
    "area_basis": ["reported", "current"],
    "series": ["is24", "is248"],
    "obs_status": ["A", "I", "E", "Q", "O", "M"],
    "absence_reason": ["not_answered", "confidential"],
    "obs_note": ["half_missing", "weight_estimated"],
    "answer": ["yes", "no"],
    "service_type": ["total", "other_activities"],
}
SIGNS = {"Q": ":", "O": "..", "M": "."}

# Two merged municipalities, one of them from another county, and one that left the county.
OLD, MERGED = 2001, 2003
AREAS = [
    (OLD, "reported", "municipality", "0101", "Vest", "01"),
    (OLD, "reported", "municipality", "0102", "Øst", "01"),
    (OLD, "reported", "municipality", "0201", "Nord", "02"),
    (OLD, "reported", "municipality", "0202", "Sør", "02"),
    (MERGED, "reported", "municipality", "0103", "Storby", "01"),
    (MERGED, "reported", "municipality", "0203", "Sør", "02"),
    (MERGED, "reported", "municipality", "0204", "Øst", "02"),
    *[
        (year, "current", level, code, name, county)
        for year in (OLD, MERGED)
        for level, code, name, county in [
            ("country", "0", "Hele landet", None),
            ("county", "01", "Fylke A", None),
            ("county", "02", "Fylke B", None),
            ("municipality", "0103", "Storby", "01"),
            ("municipality", "0203", "Sør", "02"),
            ("municipality", "0204", "Øst", "02"),
            ("city_district", "010301", "Bydel", "01"),
            ("agency", "010391", "Etat", "01"),
        ]
    ],
]
CHANGES = [
    (MERGED, "0101", "0103", "merge"),
    (MERGED, "0201", "0103", "merge"),
    (MERGED, "0102", "0204", "code_change"),
    (MERGED, "0202", "0203", "code_change"),
    # After the newest areas: does not count.
    (MERGED + 1, "0204", "0103", "merge"),
]


def fte(code: str, year: int, **more: Any) -> Row:
    levels = {1: "country", 2: "county", 4: "municipality"}
    return {
        "time_period": year,
        "series": "is248",
        "unit_level": levels.get(len(code), "city_district" if code == "010301" else "agency"),
        "unit_code": code,
        "unit_name": f"Navn {code}",
        "area_basis": "current",
        "target_group": "total",
        "service_type": "total",
        "education": "total",
        "pathway": "total",
        "fte": 10.25,
        "fte_per_10000": 5.5,
        "series_break": year == MERGED,
        "obs_status": "A",
        **more,
    }


FTE = [
    *[fte(code, year) for code in ("0", "01", "02", "0203", "0204") for year in (OLD, MERGED)],
    fte("0103", OLD, fte=1234.5, obs_status="E", obs_note="half_missing;weight_estimated"),
    fte("0103", MERGED, fte=None, fte_per_10000=None, obs_status="O", absence_reason="not_answered"),
    fte("010301", MERGED, obs_status="I"),
    fte("010391", MERGED, fte_per_10000=None),
    *[fte(code, OLD, area_basis="reported") for code in ("0101", "0102", "0201", "0202")],
    *[fte(code, MERGED, area_basis="reported") for code in ("0103", "0203", "0204")],
]
SHARES = [
    {"unit_level": "county", "n_answer": 3, "share_of_answered": 0.6, "answer": "yes", "obs_status": "A"},
    {"unit_level": "hf_area", "obs_status": "Q", "absence_reason": "confidential", "answer": "yes"},
    {"unit_level": "size_group", "n_answer": 0, "share_of_answered": 0.0, "answer": "new", "obs_status": "A"},
    {"unit_level": "health_region", "obs_status": "A"},
]
BREAKS = [
    {
        "indicator": "fte_by_service",
        "time_period": year,
        "kind": "geography",
        "description_nb": f"Grunn {year}",
        "description_en": f"Reason {year}",
    }
    for year in (OLD, MERGED)
]
ROWS: dict[str, Sequence[Row]] = {
    "areas": [
        dict(zip(("time_period", "area_basis", "unit_level", "unit_code", "unit_name", "county_code"), row, strict=True))
        for row in AREAS
    ],
    "area_changes": [dict(zip(("change_year", "old_code", "new_code", "change_type"), row, strict=True)) for row in CHANGES],
    "fte_by_service": FTE,
    "fte_by_education": FTE,
    "fte_by_pathway": [],
    "indicator_shares": [{"indicator": "x", "time_period": OLD, "series_break": False, **row} for row in SHARES],
    "published_figures": [],
    "revisions": [],
    "series_breaks": BREAKS,
}


def release(*, constructed: tuple[int, ...] = (OLD,)) -> Release:
    return Release(
        catalogue=CATALOGUE,
        channel="demo",
        time_period=MERGED,
        constructed_periods=constructed,
        codes={
            name: {code: Code(Label(nb=f"{code} på norsk", en=code), None, SIGNS.get(code)) for code in codes}
            for name, codes in CODES.items()
        },
    )


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> list[Table]:
    """Make the tables named in ``rows``; columns that a row lacks are missing."""
    for name, table_rows in rows.items():
        table = TABLES[name]
        columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
        connection.execute(f'create or replace table "{name}" ({columns})')
        for row in table_rows:
            values = [row.get(column.name) for column in table.columns]
            connection.execute(f'insert into "{name}" values ({", ".join("?" * len(values))})', values)
    return [TABLES[name] for name in rows]


def write_workbook(
    connection: duckdb.DuckDBPyConnection, path: Path, rows: Rows = ROWS, written: Release | None = None
) -> Path:
    workbook.write(connection, fill(connection, rows), written or release(), path)
    return path


def write_packages(connection: duckdb.DuckDBPyConnection, folder: Path, rows: Rows = ROWS) -> Path:
    return write_all(connection, fill(connection, rows), folder)


def write_all(connection: duckdb.DuckDBPyConnection, tables: list[Table], folder: Path) -> Path:
    (folder / "packages").mkdir(parents=True, exist_ok=True)
    for job in packages.jobs(connection, tables, release()):
        job.write(connection, folder, make_part)
    return folder / "packages"


def cells(path: Path, sheet: str) -> list[list[Any]]:
    return CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)


def records(path: Path, sheet: str) -> list[dict[str, Any]]:
    head, *rows = cells(path, sheet)
    return [dict(zip(head, row, strict=True)) for row in rows]


def opened(path: Path, sheet: str) -> Worksheet:
    return openpyxl.load_workbook(path)[sheet]


def every_text(path: Path, sheet: str) -> str:
    return "\n".join(str(cell) for row in cells(path, sheet) for cell in row)


# The workbook of the publication.


def test_a_sheet_a_table_after_the_read_me_sheet_but_for_revisions(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    names = [name for name in ROWS if name != "revisions"]
    assert CalamineWorkbook.from_path(str(path)).sheet_names == ["Les meg", *names]


def test_columns_are_the_described_ones_with_labels_beside_codes(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    for name in ROWS.keys() - {"revisions"}:
        head = [str(cell) for cell in cells(path, name)[0]]
        described = list(TABLES[name].column_names)
        if "series_break" in described:
            described.insert(described.index("series_break") + 1, "break_kinds")
        assert [each for each in head if not each.endswith("_nb") or each in TABLES[name].column_names] == described
    head = cells(path, "fte_by_service")[0]
    assert head[:5] == ["time_period", "series_nb", "series", "unit_level_nb", "unit_level"]
    row = next(row for row in records(path, "fte_by_service") if row["unit_level"] == "county")
    assert (row["unit_level_nb"], row["area_basis_nb"]) == ("county på norsk", "current på norsk")


def test_only_country_to_county_and_size_groups(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    for name in ("areas", "fte_by_service", "fte_by_education", "indicator_shares"):
        levels = {row["unit_level"] for row in records(path, name)}
        assert levels
        assert levels <= {"country", "health_region", "hf_area", "county", "size_group"}


def test_cells_have_the_type_of_their_column(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    frame = pd.read_excel(path, sheet_name="fte_by_service", engine="calamine", dtype={"unit_code": object})
    assert frame["time_period"].tolist() == [OLD] * 3 + [MERGED] * 3
    assert pd.api.types.is_integer_dtype(frame["time_period"])
    assert frame["unit_code"].tolist() == ["0", "01", "02"] * 2
    assert frame["fte"].tolist() == [10.25] * 6
    assert frame["series_break"].tolist() == [False] * 3 + [True] * 3
    assert frame["absence_reason"].isna().all()


def test_a_confidential_row_keeps_status_and_reason_and_has_no_number(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    rows = {row["unit_level"]: row for row in records(path, "indicator_shares")}
    hidden = rows["hf_area"]
    assert (hidden["obs_status"], hidden["absence_reason"]) == ("Q", "confidential")
    assert hidden["obs_status_nb"] == "Q på norsk"
    assert {hidden[name] for name in ("n_answer", "n_answered", "share_of_answered", "share_of_all")} == {""}
    # A zero is a number, and a code without a label is unchanged.
    assert rows["size_group"]["n_answer"] == 0.0
    assert rows["size_group"]["answer_nb"] == "new"


def test_header_is_frozen_filtered_and_repeated_and_formats_follow_the_columns(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    sheet = opened(path, "fte_by_service")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.page_setup.orientation == "landscape"
    formats = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert (formats["time_period"], formats["fte"], formats["unit_code"]) == ("0", "#,##0.0", "General")


TEXTS = ["=1+1", "+1", "-1", "@a", "\ttab", "0301", 'a & <b> "c"', "  blank  ", "to\nlinjer", "_x0041_", "Æøå 😀"]


def test_texts_come_back_as_they_are_and_are_never_formulas(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{"cell_key": f"{place:02}", "value_text": text} for place, text in enumerate(TEXTS)]
    path = write_workbook(connection, tmp_path / "book.xlsx", {"published_figures": rows})
    assert [row["value_text"] for row in records(path, "published_figures")] == TEXTS
    sheet = opened(path, "published_figures")
    place = TABLES["published_figures"].column_names.index("value_text") + 1
    found = [sheet.cell(row, place) for row in range(2, len(TEXTS) + 2)]
    assert {cell.data_type for cell in found} == {"s"}
    assert [cell.quotePrefix for cell in found] == [True] * 5 + [False] * (len(TEXTS) - 5)
    with zipfile.ZipFile(path) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


@hypothesis_settings(max_examples=25, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1), min_size=1, max_size=5))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    path = tmp_path_factory.mktemp("any") / "book.xlsx"
    rows = [{"cell_key": f"{place:02}", "value_text": text} for place, text in enumerate(texts)]
    with duckdb.connect() as connection:
        write_workbook(connection, path, {"published_figures": rows})
    assert [row["value_text"] for row in records(path, "published_figures")] == texts


def test_control_characters_that_a_workbook_cannot_hold_are_left_out(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_workbook(
        connection, tmp_path / "book.xlsx", {"published_figures": [{"cell_key": "1", "value_text": "a\x01\x0bb\ufffe"}]}
    )
    assert records(path, "published_figures")[0]["value_text"] == "ab"


def test_numbers_that_are_none_are_missing(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{"cell_key": str(place), "value": value} for place, value in enumerate((float("nan"), float("inf"), 1e-7, -0.5))]
    path = write_workbook(connection, tmp_path / "book.xlsx", {"published_figures": rows})
    assert [row["value"] for row in records(path, "published_figures")] == ["", "", 1e-7, -0.5]


def test_a_text_longer_than_a_cell_is_cut_and_the_read_me_sheet_says_so(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [{"cell_key": "1", "note": "😀" * 20_000}, {"cell_key": "2", "note": "a" * 32_767}]
    path = write_workbook(connection, tmp_path / "book.xlsx", {"published_figures": rows})
    cut, whole = (row["note"] for row in records(path, "published_figures"))
    assert (cut, whole) == ("😀" * 16_383 + "…", "a" * 32_767)
    assert "csv/published_figures.csv" in every_text(path, "Les meg")


def test_a_table_longer_than_a_sheet_has_its_first_rows_and_the_read_me_sheet_says_so(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_workbook(connection, tmp_path / "whole.xlsx")
    monkeypatch.setattr(sheets, "MAXIMUM_ROWS", 4)
    path = write_workbook(connection, tmp_path / "book.xlsx")
    assert cells(path, "fte_by_service") == cells(whole, "fte_by_service")[:5]
    assert opened(path, "fte_by_service").auto_filter.ref == opened(path, "fte_by_service").dimensions
    text = "de første 4 i nøkkelens rekkefølge"
    assert text in every_text(path, "Les meg")
    assert text not in every_text(whole, "Les meg")


def test_the_read_me_sheet_says_what_is_in_and_where_the_rest_is(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx")
    # A table's name first heads its line in the list of sheets, and later its columns.
    lines = {str(row[0]): row for row in reversed(cells(path, "Les meg"))}
    _, norwegian, english, here, found = lines["fte_by_service"]
    assert (here, found) == (6, len(FTE))
    assert TABLES["fte_by_service"].title.nb in norwegian
    assert TABLES["fte_by_service"].title.en in english
    assert "country på norsk, county på norsk." in norwegian
    for place in ("municipality på norsk", "csv/fte_by_service.csv", "packages/"):
        assert place in norwegian
    assert lines["Q"][1:4] == ["Q på norsk", "Q", ":"]
    assert "confidential" in lines
    text = every_text(path, "Les meg")
    for expected in (CATALOGUE.licence.name, CATALOGUE.publisher.name.nb, CATALOGUE.contact.email, CATALOGUE.address):
        assert expected in text
    for name in ROWS.keys() - {"revisions"}:
        assert set(TABLES[name].column_names) <= lines.keys()


def test_the_notice_about_constructed_data_stands_where_there_are_any(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    notice = release().notice
    assert notice
    path = write_workbook(connection, tmp_path / "book.xlsx")
    top = [cell for row in cells(path, "Les meg")[:5] for cell in row]
    assert {notice.nb, notice.en} <= set(top)
    assert opened(path, "fte_by_service").oddFooter.left.text.startswith("Konstruerte data")
    plain = write_workbook(connection, tmp_path / "plain.xlsx", written=release(constructed=()))
    assert "onstruerte data" not in every_text(plain, "Les meg")
    assert not opened(plain, "fte_by_service").oddFooter.left.text


@pytest.mark.parametrize("rows", [{}, {"revisions": []}, {name: [] for name in ROWS}], ids=["none", "revisions", "empty"])
def test_tables_without_rows_are_sheets_without_rows(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, rows: Rows
) -> None:
    path = write_workbook(connection, tmp_path / "book.xlsx", rows)
    for name in rows.keys() - {"revisions"}:
        assert len(cells(path, name)) == 1
    assert not list(write_packages(connection, tmp_path, rows).iterdir())


def test_two_writings_give_equal_bytes(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write_workbook(connection, tmp_path / "first.xlsx").read_bytes()
    reversed_rows = {name: list(reversed(rows)) for name, rows in ROWS.items()}
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert write_workbook(connection, tmp_path / "second.xlsx", reversed_rows).read_bytes() == first
    one = write_packages(connection, tmp_path / "one")
    two = write_packages(connection, tmp_path / "two", reversed_rows)
    assert [path.read_bytes() for path in sorted(one.iterdir())] == [path.read_bytes() for path in sorted(two.iterdir())]
    with zipfile.ZipFile(tmp_path / "first.xlsx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_connection_is_left_as_it_was(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tables = fill(connection, ROWS)
    query = "select table_name from information_schema.tables order by all"
    before = connection.execute(query).fetchall()
    workbook.write(connection, tables, release(), tmp_path / "book.xlsx")
    write_all(connection, tables, tmp_path / "packages")
    assert connection.execute(query).fetchall() == before


def test_a_read_only_database_is_enough(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "made.duckdb")) as connection:
        tables = fill(connection, ROWS)
    with duckdb.connect(str(tmp_path / "made.duckdb"), read_only=True) as connection:
        workbook.write(connection, tables, release(), tmp_path / "book.xlsx")
        write_all(connection, tables, tmp_path / "packages")
    assert len(cells(tmp_path / "book.xlsx", "fte_by_service")) == 7


# The packages of the counties.


def units(path: Path, sheet: str) -> set[tuple[str, str, int]]:
    return {(row["area_basis"], row["unit_code"], int(row["time_period"])) for row in records(path, sheet)}


def test_a_package_a_county_of_the_newest_areas(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = write_packages(connection, tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["01.xlsx", "02.xlsx"]
    assert CalamineWorkbook.from_path(str(folder / "01.xlsx")).sheet_names == [
        "Les meg",
        "Oversikt",
        "fte_by_service",
        "fte_by_education",
        "fte_by_pathway",
    ]


@pytest.mark.parametrize("sheet", ["fte_by_service", "fte_by_education"])
def test_a_package_has_the_municipalities_of_its_county_and_what_they_were_made_of(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, sheet: str
) -> None:
    folder = write_packages(connection, tmp_path)
    assert units(folder / "01.xlsx", sheet) == {
        ("current", "0103", OLD),
        ("current", "0103", MERGED),
        ("current", "010301", MERGED),
        ("current", "010391", MERGED),
        ("reported", "0103", MERGED),
        # The merged municipalities, one of which was in another county, and one that was in this county at the time.
        ("reported", "0101", OLD),
        ("reported", "0201", OLD),
        ("reported", "0102", OLD),
    }
    assert units(folder / "02.xlsx", sheet) == {
        *(("current", code, year) for code in ("0203", "0204") for year in (OLD, MERGED)),
        ("reported", "0203", MERGED),
        ("reported", "0204", MERGED),
        ("reported", "0201", OLD),
        ("reported", "0202", OLD),
        ("reported", "0102", OLD),
    }


def test_no_name_of_another_county_is_anywhere_in_a_package(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    folder = write_packages(connection, tmp_path)
    with zipfile.ZipFile(folder / "01.xlsx") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Navn 0103" in content
    for code in ("02", "0202", "0203", "0204"):
        assert f"Navn {code}<" not in content


def test_rows_of_a_package_keep_status_labels_and_leading_zeros(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_packages(connection, tmp_path) / "01.xlsx"
    rows = {
        (row["unit_code"], row["time_period"]): row
        for row in records(path, "fte_by_service")
        if row["area_basis"] == "current"
    }
    missing, divided = rows["0103", MERGED], rows["0103", OLD]
    assert (missing["fte"], missing["obs_status"], missing["absence_reason"]) == ("", "O", "not_answered")
    assert missing["series_break"] is True
    assert (divided["fte"], divided["obs_status"]) == (1234.5, "E")
    assert divided["obs_note_nb"] == "half_missing på norsk; weight_estimated på norsk"
    sheet = opened(path, "fte_by_service")
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == sheet.dimensions


def overview_rows(path: Path) -> dict[str, list[list[Any]]]:
    """Return the rows of the overview by their code; each unit has one per measure."""
    found: dict[str, list[list[Any]]] = {}
    for row in cells(path, "Oversikt"):
        found.setdefault(str(row[0]), []).append(row[1:])
    return found


def test_the_overview_has_a_row_a_unit_and_the_county_and_the_country_below(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = overview_rows(write_packages(connection, tmp_path) / "01.xlsx")
    assert [code for code in rows if code.isdigit()] == ["0103", "010301", "010391", "01", "0"]
    assert [row[0] for row in rows["0103"]][:2] == ["Navn 0103"] * 2
    # FTE, then the rate; a missing figure and a rate that an agency cannot have are signs.
    assert [row[1:3] for row in rows["0103"]][:2] == [[1234.5, ".."], [5.5, ".."]]
    assert [row[1:3] for row in rows["010391"]] == [["..", 10.25], ["..", "."]]
    assert [row[1:3] for row in rows["0"]] == [[10.25, 10.25], [5.5, 5.5]]


def test_the_overview_marks_statuses_and_breaks_and_explains_them(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = write_packages(connection, tmp_path) / "01.xlsx"
    sheet = opened(path, "Oversikt")
    by_code = {row[0].value: row for row in reversed(list(sheet.iter_rows()))}
    estimated, plain = by_code["0103"][2], by_code["01"][2]
    assert (estimated.number_format, estimated.font.italic) == ('#,##0.0" E*"', True)
    assert not plain.font.italic
    assert estimated.fill.start_color.rgb != plain.fill.start_color.rgb
    assert not (plain.border.left and plain.border.left.style)
    assert by_code["01"][3].border.left.style == "thick"
    head = next(row for row in sheet.iter_rows(values_only=True) if OLD in row)
    assert head[2:] == (OLD, MERGED)
    assert sheet.freeze_panes and sheet.freeze_panes.startswith("C")
    text = every_text(path, "Oversikt")
    for expected in ("E på norsk", "I på norsk", "O på norsk", "M på norsk", f"Grunn {MERGED}", f"Reason {MERGED}"):
        assert expected in text
    assert f"geography: Reason {MERGED}" in text
    assert f"Grunn {OLD}" not in text
    assert f"{OLD}: half_missing på norsk" in text and f"{OLD}: weight_estimated" in text
    assert "Q på norsk" not in text


def test_the_read_me_sheet_of_a_package_has_the_notice_and_the_mergers(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    notice = release().notice
    assert notice
    path = write_packages(connection, tmp_path) / "01.xlsx"
    for sheet in ("Les meg", "Oversikt"):
        text = every_text(path, sheet)
        assert notice.nb in text
        assert notice.en in text
        assert "Fylke A" in text
    merged = next(row for row in cells(path, "Les meg") if row[0] == "0103 Storby")
    assert f"0101 Vest (til {OLD})" in merged[1]
    assert f"0201 Nord (til {OLD})" in merged[1]
    assert "Øst" not in every_text(path, "Les meg")


@pytest.mark.parametrize("left_out", ["area_changes", "series_breaks", "fte_by_service", "fte_by_pathway", "areas"])
def test_a_package_is_made_without_the_other_tables(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, left_out: str
) -> None:
    folder = write_packages(connection, tmp_path, {name: rows for name, rows in ROWS.items() if name != left_out})
    assert len(list(folder.iterdir())) == (0 if left_out == "areas" else 2)


def test_a_change_of_its_own_year_and_name_does_not_lead_back_for_ever(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    changes = [
        *ROWS["area_changes"],
        {"change_year": MERGED, "old_code": "0103", "new_code": "0103", "change_type": "name_change"},
        {"change_year": MERGED, "old_code": "0103", "new_code": "0101", "change_type": "split"},
    ]
    folder = write_packages(connection, tmp_path, {**ROWS, "area_changes": changes})
    assert ("reported", "0101", OLD) in units(folder / "01.xlsx", "fte_by_service")
