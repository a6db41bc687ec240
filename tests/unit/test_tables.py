from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import SHARED_COLUMNS, load_tables

TEXT = {"nb": "norsk", "en": "English"}


def write(folder: Path, **changes: Any) -> Path:
    table = {
        "table": "facts",
        "title": TEXT,
        "description": TEXT,
        "key": ["year"],
        "measures": ["value"],
        "columns": [{"name": "year"}, {"name": "value", "type": "DOUBLE", "title": TEXT, "description": TEXT}],
        **changes,
    }
    (folder / "facts.yml").write_text(yaml.safe_dump(table), encoding="utf-8")
    shared = {"year": {"type": "INTEGER", "title": TEXT, "description": TEXT}}
    (folder / SHARED_COLUMNS).write_text(yaml.safe_dump(shared), encoding="utf-8")
    return folder


def test_a_shared_column_is_described_once(tmp_path: Path) -> None:
    (table,) = load_tables(write(tmp_path))
    assert [(column.name, column.type) for column in table.columns] == [("year", "INTEGER"), ("value", "DOUBLE")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": {"nb": "norsk"}}, "title.en: Field required"),
        ({"title": {"nb": "norsk", "en": ""}}, "title.en: String should have at least 1 character"),
        ({"key": ["month"]}, "key or measures name 'month', which is not a column"),
        ({"measures": ["amount"]}, "key or measures name 'amount', which is not a column"),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"columns": [{"name": "year", "type": "INTEGER"}]}, "column 'year' is also described in _shared_columns.yml"),
        ({"table": "other"}, "describes the table 'other'"),
        ({"statuses": ["A"]}, "needs a list of statuses if it has the column obs_status"),
        ({"cube": {"dimensions": [{"name": "month"}]}}, "cube names 'month', which is not a column"),
        ({"cube": {"dimensions": [{"name": "value"}]}}, "cube does not cover the column 'year' of the key exactly once"),
        (
            {"cube": {"each": "year", "dimensions": [{"name": "year"}]}},
            "cube does not cover the column 'year' of the key exactly once",
        ),
    ],
)
def test_a_wrong_description_is_reported_with_its_file(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        load_tables(write(tmp_path, **changes))
    assert message in str(error.value)
    assert "facts.yml" in str(error.value)


def test_a_file_that_begins_with_an_underscore_is_no_table(tmp_path: Path) -> None:
    (write(tmp_path) / "_catalogue.yml").write_text("title: {}", encoding="utf-8")
    assert [table.name for table in load_tables(tmp_path)] == ["facts"]


def test_a_dimension_has_the_codes_of_the_column_of_its_name_unless_it_says_otherwise(tmp_path: Path) -> None:
    (table,) = load_tables(write(tmp_path, cube={"dimensions": [{"name": "period", "role": "time", "columns": ["year"]}]}))
    assert table.cube is not None
    assert table.cube.dimensions[0].code_columns == ("year",)
    assert table.cube_measures == ("value",)


def test_rows_are_ordered_by_key_and_then_by_everything_else(tmp_path: Path) -> None:
    (table,) = load_tables(write(tmp_path))
    assert table.order_by == '"year" nulls first, "value" nulls first'


def test_every_column_with_codes_names_a_code_list_that_exists() -> None:
    lists = {
        line.split(",")[0]
        for name in ("classifications/codelists.csv", "indicators/answers.csv")
        for line in (PROJECT_DIR / "data" / name).read_text(encoding="utf-8").splitlines()[1:]
    }
    used = {column.codelist for table in load_tables(PROJECT_DIR / "data/metadata") for column in table.columns}
    assert used - {None} <= lists
