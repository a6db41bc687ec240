"""The scaled inputs of the benchmark: every unit k times, everything else unchanged, the same every time."""

import csv
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pyreadstat
import pytest
import python_calamine

from benchmarks import scale
from benchmarks.scaling import generator, workbooks
from benchmarks.scaling.edits import change_one_year
from benchmarks.scaling.generator import Clones, Columns
from benchmarks.scaling.measuring import Place
from orchestration.core.settings import PROJECT_DIR

DATA = PROJECT_DIR / "data"
CODES = {"0101": ("0001", "4001"), "0301": ("0002", "4002"), "1601": ("0003", "4003")}


def clones_of_three() -> Clones:
    return Clones(3, CODES)


def small_data(folder: Path, *deliveries: str) -> Path:
    """Copy the data folder with few deliveries."""
    data = folder / "data"
    shutil.copytree(DATA, data, ignore=shutil.ignore_patterns("deliveries", "warehouse", "snapshots"))
    for name in deliveries:
        shutil.copytree(DATA / "deliveries" / name, data / "deliveries" / name)
    return data


def hashes(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_codes_are_unique_have_four_digits_and_avoid_those_of_test_rows() -> None:
    known = [f"{number:04}" for number in range(1, 9000, 11)]
    found = generator.clone_codes(known, 10)
    codes = [*known, *(code for clones in found.values() for code in clones)]
    assert len(codes) == len(set(codes)) == 10 * len(known)
    assert all(len(code) == 4 and code.isdigit() for code in codes)
    assert not set(codes) & {"0000", "9999"}
    assert found == generator.clone_codes(reversed(known), 10)


def test_more_codes_than_there_are_are_refused() -> None:
    with pytest.raises(ValueError, match="can be there 9 times, not 11 times"):
        generator.clone_codes([f"{number:04}" for number in range(1000, 2100)], 11)


def test_the_ten_times_of_all_years_fit() -> None:
    clones = generator.make_clones(DATA, 10)
    assert {len(each) for each in clones.municipalities.values()} == {9}


def test_beyond_ten_times_units_are_districts_that_exist_in_every_year() -> None:
    clones = generator.make_clones(DATA, 100)
    assert clones.twins
    assert not set(clones.twins.values()) & {code for every in clones.municipalities.values() for code in every}
    newest = next(iter(clones.twins))
    assert len(clones.districts(newest)) == 90
    assert clones.targets(newest, 2024)[-1].district == clones.districts(newest)[-1]
    assert clones.targets(clones.templates[newest][2016], 2016)[-1].district == clones.districts(newest)[-1]


def test_a_row_and_its_untidiness_are_copied_for_every_clone() -> None:
    rows = [
        ["id", "nr", "kommune", "svar"],
        ["7", "101", " HALDEN", "ca 2"],
        ["8", "0301", "Oslo", ""],
        ["9", "0101", "Halden", "1 098,8"],
        ["1", "9999", "Testkommune", "1"],
        ["", "", "Sum landet", "12"],
    ]
    scaled, _ = generator.scale_rows([list(row) for row in rows], Columns((1,), -1, 0, 2, (2,)), clones_of_three(), 2016)
    assert scaled == [
        rows[0],
        rows[1],
        ["1000007", "001", " HALDEN 2", "ca 2"],
        ["2000007", "4001", " HALDEN 3", "ca 2"],
        rows[2],
        ["1000008", "0002", "Oslo 2", ""],
        ["2000008", "4002", "Oslo 3", ""],
        rows[3],
        ["1000009", "0001", "Halden 2", "1 098,8"],
        ["2000009", "4001", "Halden 3", "1 098,8"],
        rows[4],
        rows[5],
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("HALDEN ", "HALDEN 4 "),
        ("Namsos - Nåavmesjenjaelmie", "Namsos 4 - Nåavmesjenjaelmie 4"),
        ("Deatnu/Tana", "Deatnu 4/Tana 4"),
        ("Våler (Østfold)", "Våler 4 (Østfold)"),
        ("0545 Vang", "0545 Vang 4"),
        ("", ""),
    ],
)
def test_names_of_clones_keep_their_spelling(name: str, expected: str) -> None:
    assert generator.numbered(name, 4) == expected


@pytest.mark.parametrize(
    ("code", "part", "expected"),
    [
        ("0301", "030104 St. Hanshaugen", [("0002", "000204 St. Hanshaugen"), ("4002", "400204 St. Hanshaugen")]),
        ("0301", "30104", [("0002", "00204"), ("4002", "400204")]),
        ("030191", None, [("000291", None), ("400291", None)]),
        ("1601 Trondheim", None, [("0003 Trondheim", None), ("4003 Trondheim", None)]),
        ("9999", None, []),
        ("Sum", None, []),
    ],
)
def test_codes_of_districts_and_codes_before_names_are_replaced(
    code: str, part: str | None, expected: list[tuple[str, str | None]]
) -> None:
    assert generator.clones_of(code, part, clones_of_three(), 2016) == expected


def test_sheets_that_only_name_their_submission_follow_it() -> None:
    rows = [["LNR", "svar"], ["1", "test"], ["7", "2"], ["8", ""]]
    scaled, _ = generator.scale_rows(rows, Columns((), -1, 0, 2), clones_of_three(), 2016, linked={"7": 2, "1": 0})
    assert scaled == [rows[0], rows[1], rows[2], ["1000007", "2"], ["2000007", "2"], rows[3]]


def test_a_delivery_has_k_times_the_units_and_the_same_bytes_every_time(tmp_path: Path) -> None:
    data = small_data(tmp_path, "2010", "2011", "2016")
    generator.generate(data, tmp_path / "first", 2)
    generator.generate(data, tmp_path / "second", 2)
    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")

    def codes(folder: Path) -> list[str]:
        text = (folder / "deliveries/2011/is24_2011_nettskjema.csv").read_text(encoding="latin-1")
        return [row["kommune_nr"] for row in csv.DictReader(text.splitlines(), delimiter=";")]

    before, after = codes(data), codes(tmp_path / "first")
    tests = sum(int(code) in (0, 9999) for code in before)
    assert len(after) == 2 * len(before) - tests
    assert set(before) <= set(after)

    _, about = pyreadstat.read_sav(str(data / "deliveries/2016/is248_2016.sav"), user_missing=True)
    frame, scaled = pyreadstat.read_sav(str(tmp_path / "first/deliveries/2016/is248_2016.sav"), user_missing=True)
    assert scaled.column_names == about.column_names
    assert scaled.missing_ranges == about.missing_ranges
    assert scaled.number_rows == 2 * about.number_rows - (frame["kommnr"].isin(["9999", "0000"])).sum()


def test_reference_files_know_the_clones_and_mergers_are_theirs_too(tmp_path: Path) -> None:
    data = small_data(tmp_path)
    clones = generator.generate(data, tmp_path / "scaled", 3)
    for name, columns, _ in generator.REFERENCE:
        before, after = generator.read_records(data / name), generator.read_records(tmp_path / "scaled" / name)
        assert len(after) == 3 * len(before), name
        known = set(clones.municipalities) | {code for every in clones.municipalities.values() for code in every}
        assert {row[column][:4] for row in after for column in columns if row[column]} <= known
    first = generator.read_records(data / "reference/municipality_changes.csv")[0]
    after = generator.read_records(tmp_path / "scaled/reference/municipality_changes.csv")
    pairs = {(row["change_year"], row["old_code"], row["new_code"]) for row in after}
    for clone in range(2):
        old, new = (clones.municipalities[first[name]][clone] for name in ("old_code", "new_code"))
        assert (first["change_year"], old, new) in pairs


def test_printed_sums_grow_and_printed_shares_stay(tmp_path: Path) -> None:
    data = small_data(tmp_path)
    generator.generate(data, tmp_path / "scaled", 10)

    def figures(folder: Path) -> dict[tuple[str, str, str], dict[str, str]]:
        rows = generator.read_records(folder / "published/is248_report_2016.csv")
        return {(row["table_id"], row["measure"], row["dimensions"] + row["year"]): row for row in rows if row["value"]}

    before, after = figures(data), figures(tmp_path / "scaled")
    assert 0 < len(after) < len(before)
    for key, row in after.items():
        is_share = row["unit"] in generator.INTENSIVE_UNITS or "per_inhabitant" in row["measure"]
        times, coarser = (1, 0) if is_share else (10, 1)
        assert float(row["value"]) == pytest.approx(times * float(before[key]["value"]))
        assert int(row["decimals"]) == int(before[key]["decimals"]) - coarser
        assert "municipality_no=" not in row["dimensions"]


@pytest.mark.parametrize("factor", [10, 100])
def test_queries_explanations_and_bounds_are_kept_with_their_figures(tmp_path: Path, factor: int) -> None:
    data = small_data(tmp_path)
    generator.generate(data, tmp_path / "scaled", factor)
    folder = tmp_path / "scaled/published"
    figures = {
        (row["source_id"], row["table_id"], generator._cell_key(row))
        for path in folder.glob("*.csv")
        for row in generator.read_records(path)
        if "measure" in row and "unit" in row and "year" in row
    }
    for name in ("queries", "explanations", "bounds"):
        rows = generator.read_records(folder / f"{name}.csv")
        assert len(rows) <= len(generator.read_records(data / f"published/{name}.csv"))
        assert all((row["source_id"], row["table_id"], row["cell_key"]) in figures for row in rows), name


def test_clones_are_no_further_evidence(tmp_path: Path) -> None:
    data = small_data(tmp_path)
    generator.generate(data, tmp_path / "scaled", 10)

    def parameters(folder: Path) -> dict[str, str]:
        rows = generator.read_records(folder / "classifications/parameters.csv")
        return {row["parameter"]: row["value"] for row in rows}

    before, after = parameters(data), parameters(tmp_path / "scaled")
    name = generator.MOST_INDEPENDENT_UNITS
    assert int(after[name]) == int(before[name]) // 10
    assert {**after, name: before[name]} == before


def test_a_workbook_reads_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [["Nr", "Kommune", None], ["0101", "Å & <Ø>", 1.5], ["", " blank ", 3]]
    path = tmp_path / "book.xlsx"
    workbooks.write_workbook(path, [workbooks.SheetRows("Årsverk", rows, ((0, 0, 0, 1),))])
    with python_calamine.CalamineWorkbook.from_path(path) as book:
        sheet = book.get_sheet_by_name("Årsverk")
        assert sheet.to_python() == [["Nr", "Kommune", ""], ["0101", "Å & <Ø>", 1.5], ["", " blank ", 3.0]]
        assert sheet.merged_cell_ranges == [((0, 0), (0, 1))]


def measured(run: float, floor: float, pandas: float, one_year: float) -> dict[str, Any]:
    found = {
        "pipeline": {"seconds": run},
        "floor": {"total": floor},
        "pandas": {"total": pandas},
        "one_year": {"seconds": one_year},
        "one_cell": {"seconds": one_year},
        "cells": 1000,
    }
    return found | {"ratios": scale.ratios(found, 10.0)}


def test_the_guard_names_every_ratio_above_its_limit() -> None:
    limits = json.loads(scale.LIMITS.read_text(encoding="utf-8"))["guard"]
    # pandas is so slow that the run stays below its limit in both.
    pandas = 2 * limits["run_to_floor"] * 100 / limits["run_to_pandas"]
    good = measured(10 + limits["run_to_floor"] * 100 * 0.9, 100, pandas, 1)
    assert scale.above_limits(good) == []
    slow = measured(10 + limits["run_to_floor"] * 100 * 1.1, 100, pandas, 1)
    assert [line.split()[0] for line in scale.above_limits(slow)] == ["run_to_floor"]
    unmeasured = {"ratios": {}}
    assert len(scale.above_limits(unmeasured)) == len(limits)


def test_one_changed_year_swaps_one_answer_of_two_units(tmp_path: Path) -> None:
    place = Place(tmp_path)
    small_data(tmp_path, "2018", "2020")
    before = (DATA / "deliveries/2020/is248_2020.csv").read_text(encoding="utf-8").splitlines()
    assert change_one_year(place) == "2020"
    after = (place.data / "deliveries/2020/is248_2020.csv").read_text(encoding="utf-8").splitlines()
    changed = [(old.split(";"), new.split(";")) for old, new in zip(before, after, strict=True) if old != new]
    assert len(changed) == 2
    (first, first_now), (second, second_now) = changed
    (column,) = [place for place, (old, new) in enumerate(zip(first, first_now, strict=True)) if old != new]
    assert (first_now[column], second_now[column]) == (second[column], first[column])
