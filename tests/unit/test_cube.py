"""The shared cube: order and labels of codes, refusals, and the status of a cell."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, Table
from orchestration.publish.axes import cells_of, order_of, spread
from orchestration.publish.formats.cube import (
    DenseCube,
    breaks_of,
    distinct_labels,
    further_columns,
    joined,
    measure_status,
    read_breaks,
    read_cubes,
    shown_status,
)
from orchestration.publish.publication_metadata import Code, Release, load_catalogue

TYPES = {
    "indicator": "VARCHAR",
    "time_period": "INTEGER",
    "series": "VARCHAR",
    "unit_level": "VARCHAR",
    "unit_code": "VARCHAR",
    "unit_name": "VARCHAR",
    "fte": "DOUBLE",
    "units": "INTEGER",
    "series_break": "BOOLEAN",
    "obs_status": "VARCHAR",
    "obs_note": "VARCHAR",
}


def table(*dimensions: dict[str, Any], each: str | None = "indicator") -> Table:
    text = {"nb": "tekst", "en": "text"}
    return Table.model_validate(
        {
            "table": "example",
            "title": text,
            "description": text,
            "key": list(TYPES)[:5],
            "measures": ["fte", "units"],
            "statuses": ["A"],
            "cube": {"each": each, "dimensions": list(dimensions)},
            "columns": [{"name": name, "type": kind, "title": text, "description": text} for name, kind in TYPES.items()],
        }
    )


TIME = {"name": "time_period", "role": "time", "attributes": ["series"]}
UNIT = {"name": "unit", "role": "geo", "columns": ["unit_level", "unit_code"], "label": "unit_name"}
TABLE = table(TIME, UNIT)

RELEASE = Release(
    catalogue=load_catalogue(PROJECT_DIR / "data" / "metadata"),
    channel="official",
    time_period=2023,
    constructed_periods=(),
    codes={
        "unit_level": {code: Code(Label(nb=f"{code} nb", en=f"{code} en"), None, None) for code in ("county", "size_group")},
        "size_group": {code: Code(Label(nb="nb", en=f"{code} en"), None, None) for code in ("lt2000", "10000_20000")},
    },
)

Cells = tuple[Any, ...]


def row(indicator: str = "a", year: int = 2022, level: str = "county", code: str = "11", **more: Any) -> Cells:
    values = {"series": "is248", "unit_name": "Rogaland", "fte": 1.0, "units": 1, "series_break": False, "obs_status": "A"}
    given = {"indicator": indicator, "time_period": year, "unit_level": level, "unit_code": code, **values, **more}
    return tuple(given.get(name) for name in TYPES)


def filled(*rows: Cells) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"create table example ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")
    connection.executemany(f"insert into example values ({', '.join('?' * len(TYPES))})", list(rows))
    return connection


def cubes(*rows: Cells, of: Table = TABLE) -> list[DenseCube]:
    return list(read_cubes(filled(*rows), of, RELEASE, {"text": "fte::varchar"}))


def test_codes_follow_their_lists_and_then_themselves() -> None:
    (cube,) = cubes(
        row(level="size_group", code="10000_20000"),
        row(level="size_group", code="lt2000"),
        row(level="unlisted", code="1"),
        row(level="county", code="50"),
        row(level="county", code="03"),
        row(year=2009),
    )
    time, unit = cube.axes
    assert time.codes == ("2009", "2022")
    assert unit.codes == (
        "county:03",
        "county:11",
        "county:50",
        "size_group:lt2000",
        "size_group:10000_20000",
        "unlisted:1",
    )


def test_a_unit_has_the_name_of_its_newest_year() -> None:
    (cube,) = cubes(
        row(year=2009, unit_name="Ny"),
        row(year=2022, unit_name="Gammel"),
        row(level="size_group", code="lt2000", unit_name="Små"),
        row(level="county", code="03", unit_name=None),
    )
    labels = dict(zip(cube.axes[1].codes, cube.axes[1].labels, strict=True))
    assert labels["county:11"] == Label(nb="Gammel", en="Gammel")
    assert labels["size_group:lt2000"] == Label(nb="Små", en="lt2000 en")
    assert labels["county:03"] == Label(nb="03", en="03")


def test_labels_of_several_codes_get_what_tells_them_apart() -> None:
    (cube,) = cubes(row(), row(code="50"), row(code="03", unit_name="Oslo"))
    labels = distinct_labels(cube.axes[1].labels, cube.axes[1].qualifiers)
    assert [label.nb for label in labels] == ["Oslo", "Rogaland (county nb 11)", "Rogaland (county nb 50)"]
    assert [label.en for label in labels] == ["Oslo", "Rogaland (county en 11)", "Rogaland (county en 50)"]


def test_rows_lie_in_row_major_order_of_any_order_of_axes() -> None:
    (cube,) = cubes(
        row(year=2022, code="50", fte=3.0), row(year=2009, code="11", fte=1.0), row(year=2009, code="50", fte=2.0)
    )
    for order, expected in (([0, 1], b"1.0,2.0,-,3.0"), ([1, 0], b"1.0,-,2.0,3.0")):
        texts = cube.spread("text", cube.cells(order), "-")
        assert joined(texts, ",").to_pybytes() == expected


def test_there_is_a_cube_for_each_value_with_codes_of_its_own() -> None:
    first, second = cubes(row("b", 2022), row("a", 2009), row("a", 2022))
    assert (first.value, first.axes[0].codes, len(first.rows)) == ("a", ("2009", "2022"), 2)
    assert (second.value, second.axes[0].codes, len(second.rows)) == ("b", ("2022",), 1)


def test_attributes_are_given_by_code_and_may_be_empty() -> None:
    (cube,) = cubes(row(year=2009, series=None), row(year=2022), row(year=2022, code="50"))
    assert cube.axes[0].attributes == {"series": (None, "is248")}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row(series="is24"), row(code="50")], "series is not determined by time_period '2022'"),
        ([row(series=None), row(code="50")], "series is not determined by time_period '2022'"),
        ([row(code=None)], "a row has no code in the dimension unit"),
        ([row(indicator=None)], "indicator is empty in 1 rows"),
        ([row(), row(fte=2.0)], "several rows of one key where indicator is a"),
        ([row(obs_status=None)], "obs_status is empty in 1 rows"),
        ([row(fte=float("nan")), row(code="50", fte=float("inf"))], "fte is no finite number in 2 rows"),
    ],
)
def test_what_no_cube_can_hold_is_refused(rows: list[Cells], message: str) -> None:
    with pytest.raises(UserError, match=message) as refused:
        cubes(*rows)
    assert refused.value.place == "example"
    assert refused.value.remedy


def test_the_status_of_a_cell() -> None:
    rows = [
        row(obs_status="E"),
        row(obs_status="E", series_break=True, units=None),
        row(obs_status="O", fte=None),
        row(obs_status="O", fte=None, units=None),
    ]
    statuses = ", ".join(measure_status(TABLE, name, shown_status(TABLE)) for name in ("fte", "units"))
    found = filled(*rows).execute(f"select {statuses} from example").fetchall()
    assert found == [("E", "E"), ("B", "M"), ("O", "O"), ("O", "O")]


def test_further_columns_are_those_that_a_cube_has_no_place_for() -> None:
    assert further_columns(TABLE) == ["obs_note"]


def test_breaks_are_those_of_the_table_and_of_its_indicators() -> None:
    connection = filled(row("a"), row("b"))
    connection.execute(
        """
        create table series_breaks as
        from (values ('example', 2015, 'mode', 'T', 't'), ('a', 2015, 'base', 'A', 'a'), ('b', 2009, 'new', 'B', 'b'),
            ('other', 2015, 'new', 'X', 'x')) as b (indicator, time_period, kind, description_nb, description_en)
        """
    )
    breaks = read_breaks(connection, RELEASE)
    first, _ = read_cubes(connection, TABLE, RELEASE, {"text": "fte::varchar"})
    of_table, of_value = Label(nb="Brudd (mode): T", en="Break (mode): t"), Label(nb="Brudd (base): A", en="Break (base): a")
    assert breaks_of(first, breaks) == {"2015": [of_table, of_value]}
    (whole,) = read_cubes(connection, table({"name": "indicator"}, TIME, UNIT, each=None), RELEASE, {"text": "fte::varchar"})
    assert list(breaks_of(whole, breaks)) == ["2009", "2015"]


def test_codes_stand_in_the_order_of_their_list_and_others_after_them() -> None:
    codes = ["lt2000", "10000_20000"]
    assert sorted(["b", "10000_20000", "a", "lt2000"], key=lambda code: order_of(code, codes)) == [*codes, "a", "b"]


def test_codes_of_digits_are_ordered_as_numbers_where_that_is_wanted() -> None:
    codes = ["10", "2", "1"]
    assert sorted(codes, key=lambda code: order_of(code, ())) == ["1", "10", "2"]
    assert sorted(codes, key=lambda code: order_of(code, (), digits_count=True)) == ["1", "2", "10"]
    assert sorted([10, 2, 1], key=lambda code: order_of(code, ())) == [1, 2, 10]


def test_the_last_axis_moves_fastest_and_cells_without_a_row_are_absent() -> None:
    cells = cells_of([np.array([0, 1]), np.array([2, 0])], [2, 3])
    assert cells.tolist() == [2, 3]
    assert spread(["a", "b"], cells, 6, "") == ["", "", "a", "b", "", ""]


def test_axes_without_codes_have_no_cells() -> None:
    nowhere = np.array([], dtype=np.int64)
    cells = cells_of([nowhere, nowhere], [0, 3])
    assert spread([], cells, 0, "") == []
