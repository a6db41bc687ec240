"""The remarks on a figure: words for notes and coverage, kinds of break since the previous row, notes of many cells."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Dimension, Label, Table
from orchestration.publish import remarks
from orchestration.publish.formats.cell_notes import find_cell_notes
from orchestration.publish.formats.cube import Axis, DenseCube
from orchestration.publish.publication_metadata import Code, Release, load_catalogue

TEXT = {"nb": "tekst", "en": "text"}
TYPES = {
    "time_period": "INTEGER",
    "unit_level": "VARCHAR",
    "unit_code": "VARCHAR",
    "area_basis": "VARCHAR",
    "fte": "DOUBLE",
    "series_break": "BOOLEAN",
    "obs_status": "VARCHAR",
}
TABLE = Table.model_validate(
    {
        "table": "example",
        "title": TEXT,
        "description": TEXT,
        "key": ["time_period", "unit_level", "unit_code", "area_basis"],
        "measures": ["fte"],
        "statuses": ["A"],
        "columns": [{"name": name, "type": kind, "title": TEXT, "description": TEXT} for name, kind in TYPES.items()],
    }
)
RELEASE = Release(
    catalogue=load_catalogue(PROJECT_DIR / "data" / "metadata"),
    channel="demo",
    time_period=2005,
    constructed_periods=(),
    codes={
        "break_kind": {
            kind: Code(Label(nb=f"{kind} nb", en=kind), None, None) for kind in ("scope", "mode", "geography", "new")
        },
        "obs_note": {"corrected": Code(Label(nb="Rettet", en="Corrected"), None, None)},
    },
)


@pytest.mark.parametrize(("share", "percent"), [(0.93449, "93.4"), (0.9995, "99.9"), (0.999999, "99.9"), (1.0, "100.0")])
def test_what_does_not_cover_all_is_never_a_hundred_percent(share: float, percent: str) -> None:
    assert remarks.percent_covered(share) == Label(nb=percent.replace(".", ","), en=percent)
    assert percent in remarks.covered(share).en


def test_notes_stand_in_words_and_an_unknown_one_as_it_is() -> None:
    assert remarks.notes_of("corrected;unknown", RELEASE) == [
        Label(nb="Rettet", en="Corrected"),
        Label(nb="unknown", en="unknown"),
    ]
    assert remarks.notes_of(None, RELEASE) == []


def test_remarks_in_one_line_have_one_capital_and_no_full_stop_within() -> None:
    texts = [Label(nb="Først.", en="First."), Label(nb="Så.", en="Then.")]
    assert remarks.in_one_line(texts) == Label(nb="Først; så.", en="First; then.")


def kinds(rows: list[tuple[Any, ...]], *, moved: list[tuple[Any, ...]] | None = None) -> dict[tuple[Any, ...], str | None]:
    """Return the kinds of break by year, area and basis; without ``moved`` there is no table of moved areas."""
    connection = duckdb.connect()
    connection.execute(f"create table example ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")
    for year, code, basis, has_break in rows:
        connection.execute("insert into example values (?, 'county', ?, ?, 1, ?, 'A')", [year, code, basis, has_break])
    connection.execute("create table series_breaks (indicator varchar, time_period integer, kind varchar)")
    breaks = [("example", 2003, "mode"), ("example", 2003, "scope"), ("example", 2001, "new"), ("another", 2002, "scope")]
    connection.executemany("insert into series_breaks values (?, ?, ?)", breaks)
    if moved is not None:
        connection.execute("create table area_breaks (unit_level varchar, unit_code varchar, time_period integer)")
        connection.executemany("insert into area_breaks values (?, ?, ?)", moved)
    assert remarks.has_kinds(connection, TABLE)
    found = connection.execute(
        f"select time_period, unit_code, area_basis, break_kinds from ({remarks.with_kinds_sql(connection, TABLE, RELEASE)})"
    ).fetchall()
    return {row[:3]: row[3] for row in found}


def test_a_row_tells_the_breaks_since_the_row_before_in_their_order() -> None:
    found = kinds([(2001, "11", "current", False), (2002, "11", "current", False), (2004, "11", "current", True)])
    assert found[2004, "11", "current"] == "scope;mode"
    assert found[2001, "11", "current"] is found[2002, "11", "current"] is None


def test_a_first_row_tells_the_breaks_of_its_own_year() -> None:
    found = kinds([(2003, "11", "current", True), (2004, "12", "current", False)])
    assert found == {(2003, "11", "current"): "scope;mode", (2004, "12", "current"): None}


def test_moved_boundaries_are_told_of_areas_as_they_were() -> None:
    rows = [
        (year, "11", basis, basis == "reported" and year == 2002)
        for year in (2001, 2002)
        for basis in ("reported", "current")
    ]
    found = kinds(rows, moved=[("county", "11", 2002)])
    assert found[2002, "11", "reported"] == "geography"
    assert found[2002, "11", "current"] is None


def test_kinds_stand_after_the_break() -> None:
    names = remarks.with_kinds(TABLE).column_names
    assert names[names.index("series_break") + 1] == "break_kinds"


SIZES = (2, 3, 2)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(
        st.tuples(*(st.integers(0, size - 1) for size in SIZES)),
        st.tuples(st.sampled_from([None, "a", "b", "a;b"]), st.sampled_from([None, "gone"])),
        min_size=1,
    )
)
def test_notes_of_cells_lie_over_exactly_the_rows_that_have_them(
    rows: dict[tuple[int, ...], tuple[str | None, str | None]],
) -> None:
    axes = tuple(
        Axis(Dimension(name=f"d{place}"), Label(nb="x", en="x"), tuple(str(code) for code in range(size)))
        for place, size in enumerate(SIZES)
    )
    cells = list(rows)
    cube = DenseCube(
        table=TABLE,
        value=None,
        axes=axes,
        positions=tuple(np.array([cell[place] for cell in cells], dtype=np.int64) for place in range(len(SIZES))),
        rows=pa.table(
            {
                "obs_note": pa.array([rows[cell][0] for cell in cells], pa.string()),
                "absence_reason": pa.array([rows[cell][1] for cell in cells], pa.string()),
            }
        ),
    )
    notes = find_cell_notes(cube)
    for cell in cells:
        found = {
            (note.column, note.remark)
            for note in notes
            if all(code is None or code == str(place) for code, place in zip(note.codes, cell, strict=True))
        }
        note, reason = rows[cell]
        expected = {("obs_note", each) for each in (note or "").split(";") if each}
        assert found == expected | ({("absence_reason", reason)} if reason else set())
    # A remark that applies to every row is given once.
    for column, place in (("absence_reason", 1), ("obs_note", 0)):
        values = {row[place] for row in rows.values()}
        if len(values) == 1 and None not in values and ";" not in str(values):
            assert [note.codes for note in notes if note.column == column] == [(None,) * len(SIZES)]
