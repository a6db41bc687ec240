"""How a form treats marks of cells and rows without a unit; without a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from orchestration.core.errors import UserError
from orchestration.forms.model import FileSpec, SheetSpec
from orchestration.ingest import marks, table_rows
from orchestration.ingest.readers import Sheet, cells
from orchestration.ingest.readers.model import KINDS, MARK_SCHEMA, Run

PATH = Path("export.xlsx")
Mark = tuple[int, int, str, str | None]


def spec(**options: str) -> FileSpec:
    return FileSpec.model_validate({"name": "export", "pattern": "*", "reader": "xlsx", **options})


def sheet(
    rows: list[list[str | float]],
    found: list[Mark] | None = None,
    runs: dict[tuple[int, int], tuple[Run, ...]] | None = None,
    merged: tuple[tuple[int, int, int, int], ...] = (),
) -> Sheet:
    """A sheet whose first row is row 1; numbers become number cells."""
    places = [(row, column) for row, values in enumerate(rows, 1) for column, _ in enumerate(values, 1)]
    values = [value for row in rows for value in row]
    numbers = np.array(places, np.int32).reshape(-1, 2)
    kinds = np.array([KINDS.index("text" if isinstance(value, str) else "number") for value in values], np.int8)
    table = cells.table(numbers[:, 0], numbers[:, 1], pa.array([str(value) for value in values], pa.string()), kinds)
    columns = list(zip(*(found or []), strict=True)) or [()] * 4
    arrays = [pa.array(column, kind) for column, kind in zip(columns, MARK_SCHEMA.types, strict=True)]
    table_of_marks = pa.Table.from_arrays(arrays, schema=MARK_SCHEMA)
    return Sheet("Ark", len(rows), 9, table, merged, marks=table_of_marks, runs=runs or {})


def texts(table: pa.Table) -> list[tuple[int, int, str]]:
    return [(cell["row_number"], cell["column_number"], cell["text"]) for cell in table.to_pylist()]


ROWS: list[list[str | float]] = [["nr", "bolig"], ["0101", 1.5], ["0104", 3]]


@pytest.mark.parametrize(
    ("options", "found", "left", "gone"),
    [
        ({}, [(2, 2, "hidden", "row")], 6, []),
        ({"hidden": "read"}, [(2, 2, "hidden", "row")], 6, []),
        ({"hidden": "skip"}, [(2, 1, "hidden", "row"), (2, 2, "hidden", "row")], 4, ["hidden", "hidden"]),
        ({"hidden": "skip"}, [(1, 2, "hidden", "column")], 5, ["hidden"]),
        ({"struck_out": "skip"}, [(2, 2, "struck_out", None)], 5, ["struck_out"]),
        # Cells struck out by a rule cannot be known here; a number that is superscript as a whole may count.
        ({"struck_out": "skip"}, [(2, 2, "struck_out", "rule")], 6, []),
        ({"raised": "drop"}, [(2, 2, "raised", None)], 6, []),
        ({"raised": "drop"}, [(2, 1, "raised", None)], 5, ["raised"]),
    ],
)
def test_cells_are_left_out_where_the_form_says_so(
    options: dict[str, str], found: list[Mark], left: int, gone: list[str]
) -> None:
    settled, left_out = marks.settle(spec(**options), sheet(ROWS, found))
    assert settled.cells.num_rows == left
    assert left_out["left_out"].to_pylist() == gone
    assert left_out.schema == marks.LEFT_OUT_SCHEMA


STRUCK, RAISED, PLAIN = Run("2", is_struck_out=True), Run("1", is_raised=True), Run("3")


@pytest.mark.parametrize(
    ("options", "runs", "text"),
    [
        ({}, (STRUCK, PLAIN, RAISED), "231"),
        ({"raised": "drop"}, (STRUCK, PLAIN, RAISED), "23"),
        ({"struck_out": "skip"}, (STRUCK, PLAIN, RAISED), "31"),
        ({"struck_out": "skip", "raised": "drop"}, (STRUCK, PLAIN, RAISED), "3"),
        ({"struck_out": "skip"}, (STRUCK,), None),
        ({"raised": "drop"}, (RAISED, Run(" ")), None),
    ],
)
def test_parts_of_a_text_are_left_out_where_the_form_says_so(
    options: dict[str, str], runs: tuple[Run, ...], text: str | None
) -> None:
    found: list[Mark] = [(2, 2, "struck_out", "part")] if STRUCK in runs else []
    found += [(2, 2, "raised", "part")] if RAISED in runs else []
    whole = "".join(run.text for run in runs)
    settled, left_out = marks.settle(spec(**options), sheet([["nr", "bolig"], ["0101", whole]], found, {(2, 2): runs}))
    assert texts(settled.cells)[3:] == ([(2, 2, text)] if text else [])
    assert texts(left_out) == ([] if text else [(2, 2, whole)])


@pytest.mark.parametrize(
    ("options", "mark", "words"),
    [
        ({}, (3, 2, "hidden", "row"), ("cell B3: the row is hidden", "hidden: read or skip")),
        ({}, (3, 2, "hidden", "column"), ("the column is hidden",)),
        ({}, (3, 2, "hidden", "covered"), ("hidden behind a merged cell",)),
        ({}, (3, 2, "struck_out", None), ("the cell is struck out", "struck_out: read or skip")),
        ({}, (3, 2, "struck_out", "part"), ("a part of the cell is struck out",)),
        ({"struck_out": "skip"}, (3, 2, "struck_out", "rule"), ("may strike the cell out", "struck_out: read")),
        ({}, (3, 2, "raised", "part"), ("raised or lowered", "raised: drop")),
        ({"raised": "drop"}, (3, 2, "raised", None), ("the whole cell is raised",)),
        ({"hidden": "read", "struck_out": "read"}, (3, 2, "formula_without_value", None), ("no saved value", "save it")),
    ],
)
def test_marks_refuse_unless_the_form_allows_them(options: dict[str, str], mark: Mark, words: tuple[str, ...]) -> None:
    settled, _ = marks.settle(spec(**options), sheet(ROWS, [mark]))
    with pytest.raises(UserError) as error:
        marks.account(spec(**options), PATH, settled, lambda row, column: True)
    assert all(word in str(error.value) for word in ("sheet Ark, cell B3", *words)), str(error.value)
    assert marks.account(spec(**options), PATH, settled, lambda row, column: column == 1) == ()


def test_what_is_read_or_left_out_is_reported() -> None:
    found: list[Mark] = [
        (2, 1, "hidden", "row"),
        (2, 2, "hidden", "row"),
        (3, 2, "struck_out", None),
        (3, 2, "formula", None),
        (3, 1, "percent", None),
    ]
    options = spec(hidden="skip", struck_out="read")
    settled, _ = marks.settle(options, sheet(ROWS, found))
    assert marks.account(options, PATH, settled, lambda row, column: column == 2) == (
        marks.Remark("formula", 1, 3, 2),
        marks.Remark("hidden_skipped", 2, 2, 1),
        marks.Remark("struck_out", 1, 3, 2),
    )
    assert {
        remark.mark for remark in marks.account(options, PATH, settled, lambda row, column: True)
    } <= marks.REMARKS.keys()


def test_the_first_cell_is_named_and_the_others_are_counted() -> None:
    with pytest.raises(UserError, match="cell A2: the row is hidden, and so are 3 cells more"):
        found: list[Mark] = [(row, column, "hidden", "row") for row in (3, 2) for column in (2, 1)]
        marks.account(spec(), PATH, sheet(ROWS, found), lambda row, column: True)


def test_a_new_form_is_proposed_what_to_decide() -> None:
    found: list[Mark] = [(3, 2, "hidden", "row"), (2, 2, "hidden", "row"), (2, 2, "formula", None)]
    first, second = marks.proposals(sheet(ROWS, found))
    assert first.startswith("sheet Ark, B2 (and 1 more): the row is hidden; show it if it counts")
    assert second == "sheet Ark, B2: formulas, read by their saved values"


# Rows


def layout(**changes: Any) -> SheetSpec:
    unit = {"code": ["nr"], "name": ["kommune"], "part_code": ["bydel"], **changes.pop("unit", {})}
    return SheetSpec.model_validate({"name": "main", "file": "export", "sheet": "Ark", "unit": unit, **changes})


HEAD: list[str | float] = ["nr", "kommune", "bydel", "tiltak", "bolig"]
HEADERS = dict(enumerate(map(str, HEAD), 1))


def filled(rows: list[list[str | float]], fills_down: bool = True, **options: Any) -> list[tuple[int, int, str]]:
    described = layout(unit={"fill_down": fills_down})
    new, places = table_rows.fill_down(described, sheet([HEAD, *rows], **options), HEADERS)
    return [cell for cell in texts(new.cells) if cell[:2] in places]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([["0101", "Halden", "", "a", 1], ["", "", "", "b", 2]], [(3, 1, "0101"), (3, 2, "Halden")]),
        ([["0101", "Halden", "", "a", 1], ["", "Halden", "", "b", 2]], [(3, 1, "0101")]),
        ([["0101", "Halden", "", "a", 1], ["", "Moss", "", "b", 2], ["", "", "", "c", 2]], [(4, 2, "Moss")]),
        # A part of the municipality above it, and a row of that part.
        (
            [["0301", "Oslo", "030101", "a", 1], ["", "", "030102", "a", 2], ["", "", "", "b", 3]],
            [(3, 1, "0301"), (3, 2, "Oslo"), (4, 1, "0301"), (4, 2, "Oslo"), (4, 3, "030102")],
        ),
        ([["0301", "Oslo", "030101", "a", 1], ["0301", "", "", "a", 2]], [(3, 2, "Oslo")]),
        # Rows after a blank row belong to no unit above it, and a sum has its own name.
        ([["0101", "Halden", "", "a", 1], [], ["", "", "", "", 9]], []),
        ([["0101", "Halden", "", "a", 1], ["", "Sum", "", "", 9]], []),
        ([["", "", "", "a", 1], ["0101", "Halden", "", "b", 2]], []),
    ],
)
def test_units_are_filled_down(rows: list[list[str | float]], expected: list[tuple[int, int, str]]) -> None:
    assert filled(rows) == expected
    assert filled(rows, fills_down=False) == []


def test_units_that_are_merged_over_rows_are_filled_down_without_a_word() -> None:
    rows: list[list[str | float]] = [["0101", "Halden", "", "a", 1], ["", "", "", "b", 2], ["", "", "", "c", 3]]
    assert filled(rows, False, merged=((2, 1, 3, 1), (2, 2, 3, 2))) == [(3, 1, "0101"), (3, 2, "Halden")]
    # Merged headers, and merged cells of answers, are not merged unit cells.
    assert filled(rows, False, merged=((1, 1, 2, 1), (2, 5, 3, 5), (2, 1, 3, 5))) == []


def test_filling_down_is_proposed_where_rows_have_no_unit() -> None:
    rows: list[list[str | float]] = [HEAD, ["0101", "Halden", "", "a", 1], ["", "", "", "b", 2]]
    assert table_rows.fill_down_proposal(layout(), sheet(rows), HEADERS).startswith(
        "1 rows have no unit; state unit.fill_down"
    )
    assert table_rows.fill_down_proposal(layout(), sheet(rows[:2]), HEADERS) == ""


def test_what_stands_for_the_unit_of_a_row_is_the_first_code() -> None:
    rows: list[list[str | float]] = [["0301", "Oslo", "030101"], ["", "0104 Moss"], ["", "Halden"], ["Ukjent", "0105"]]
    found = table_rows.units_of_rows(layout(unit={"code": ["nr", "kommune"]}), sheet([HEAD, *rows]), HEADERS, range(2, 7))
    names = ["bydel", "kommune", "kommune", "kommune"]
    assert list(found.items()) == list(
        zip(range(2, 6), zip(names, ["030101", "0104 Moss", "Halden", "0105"], strict=True), strict=True)
    )


DATA: list[list[str | float]] = [["0101", "Halden", "", "a", 1], ["0104", "Moss", "", "a", 2]]
MORE: list[list[str | float]] = [["0105", "Sarpsborg", "", "a", 3]]


def second_table(rows: list[list[str | float]], **changes: Any) -> str:
    """Return the refusal, or an empty text."""
    try:
        table_rows.refuse_second_table(PATH, layout(**changes), sheet([HEAD, *rows]), HEADERS, {5})
    except UserError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*DATA, [], ["Barn"], HEAD, *MORE], "cell A5: the row looks like a heading (Barn)"),
        ([*DATA, ["Barn"], *MORE], "cell A4: the row looks like a heading (Barn)"),
        ([*DATA, [], ["", "Barn", "", "under 18"], *MORE], "cell B5: the row looks like a heading (Barn)"),
        ([*DATA, [], ["Nr.", "Navn", "", "Type", "Årsverk"], *MORE], "looks like a heading (Nr.)"),
    ],
)
def test_a_second_table_is_refused(rows: list[list[str | float]], words: str) -> None:
    message = second_table(rows)
    assert words in message
    assert message.endswith("list such rows under rows_not_data in form.yml if they are not data")


@pytest.mark.parametrize(
    "rows",
    [
        DATA,
        # Groups of rows, rows without a unit but with figures or several texts, notes below the table.
        [*DATA, [], *MORE],
        [*DATA, ["", "Ukjent", "", "a", 5], *MORE],
        [*DATA, ["", "Ukjent", "", "a", ""], *MORE],
        [*DATA, ["", "Ukjent", "", "a", "ca 2"], *MORE],
        [*DATA, [], ["Merknad", "ring Kari"]],
        [["Barn"], *DATA],
    ],
)
def test_one_table_is_not_refused(rows: list[list[str | float]]) -> None:
    assert second_table(rows) == ""


ALONE: dict[str, Any] = {"unit": {"code": [], "name": ["kommune"], "part_code": []}}
INSIDE: dict[str, Any] = {"unit": {"code": ["kommune"], "name": [], "part_code": [], "code_pattern": "([0-9]{4})"}}


def of_names(*rows: tuple[str, float | str] | tuple[str] | tuple[()]) -> list[list[str | float]]:
    """Rows with a name, or a code inside a text, as the unit."""
    return [["", row[0], "", "", *row[1:]] if row else [] for row in rows]


@pytest.mark.parametrize(
    ("unit", "rows", "words"),
    [
        (ALONE, [("Halden", 1), (), ("Barn",), ("Moss", 2)], "cell B4: the row looks like a heading (Barn)"),
        (ALONE, [("Halden", 1), ("kommune", "personer"), ("Moss", 2)], "cell B3: the row looks like a heading (kommune)"),
        (INSIDE, [("Halden (0101)", 1), ("Barn",), ("K-0104", 2)], "cell B3: the row looks like a heading (Barn)"),
        (
            INSIDE,
            [('="0101"', 1), (), ("Tabell 2 (2016)",), ("K-0104", 2)],
            "cell B4: the row looks like a heading (Tabell 2",
        ),
    ],
)
def test_a_second_table_is_refused_where_units_are_names_or_codes_inside_texts(
    unit: dict[str, Any], rows: list[tuple[str, float]], words: str
) -> None:
    assert words in second_table(of_names(*rows), **unit)


@pytest.mark.parametrize(
    ("unit", "rows"),
    [
        # Units that answered nothing or in words, groups of rows, notes below the table.
        (ALONE, [("Halden", 1), ("Moss",), ("Sarpsborg", "vet ikke"), ("Hvaler", "\u22122"), (), ("Kilde",), ("Merknad",)]),
        (ALONE, [("Halden", 1), (), ("Moss", 2)]),
        (INSIDE, [("Fredrikstad (0106)", 1), ("K-0105",), (), ("K-0104",), ("Troms\u00f8 (1902)",), ("0111 Hvaler", 2)]),
        (INSIDE, [("Halden", 1), ("Moss",), ("Sarpsborg", 2)]),
    ],
)
def test_units_that_are_names_or_codes_inside_texts_are_no_headings(
    unit: dict[str, Any], rows: list[tuple[str, float]]
) -> None:
    assert second_table(of_names(*rows), **unit) == ""


def test_a_header_that_stands_again_is_told_elsewhere() -> None:
    numbers = {4, 5}
    pasted = sheet([HEAD, *DATA, HEAD, *MORE])
    table_rows.refuse_second_table(PATH, layout(), pasted, HEADERS, numbers, [4])
    with pytest.raises(UserError, match="cell A4: the row looks like a heading"):
        table_rows.refuse_second_table(PATH, layout(), pasted, HEADERS, numbers)
    below = sheet([HEAD, *DATA, [], HEAD, *MORE])
    with pytest.raises(UserError, match="cell A5: the row looks like a heading"):
        table_rows.refuse_second_table(PATH, layout(), below, HEADERS, numbers, [5])
    # Concatenated csv files may have a blank line between them.
    table_rows.refuse_second_table(PATH, layout(), replace(below, widths=np.full(6, 5)), HEADERS, numbers, [5])


def test_rows_that_are_no_data_begin_no_second_table() -> None:
    rows: list[list[str | float]] = [*DATA, [], ["Østfold"], *MORE]
    assert second_table(rows)
    assert second_table(rows, rows_not_data=[{"reason": "heading", "column": "nr", "matches": "[^0-9].*"}]) == ""
