"""The check of the described inputs: contradictions to their description are refused with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.ingest.data_packages import check, describe, describe_shapes, load

FIELDS = [
    {"name": "year", "type": "integer", "constraints": {"required": True}},
    {"name": "code", "type": "string", "constraints": {"pattern": "[0-9]{4}"}},
    {"name": "value", "type": "number"},
]
GOOD = b"year,code,value\n2016,0101,1.5\n2017,,\n"


def package(folder: Path, *contents: bytes, table: str | None = None) -> Path:
    (folder / "reference").mkdir()
    resources = []
    for place, content in enumerate(contents):
        (folder / "reference" / f"file{place}.csv").write_bytes(content)
        resources.append(
            {
                "name": f"file{place}",
                "path": f"file{place}.csv",
                "title": "A file",
                "schema": {"fields": FIELDS},
                **({"table": table} if table else {}),
            }
        )
    (folder / "reference" / "datapackage.yml").write_text(yaml.safe_dump({"resources": resources}), encoding="utf-8")
    return folder


def test_cells_are_loaded_as_text_with_their_place(tmp_path: Path) -> None:
    (resource,) = describe(package(tmp_path, GOOD), "reference")
    assert check(resource) == 2
    with duckdb.connect() as connection:
        assert load(connection, resource.table, [resource]) == 2
        assert connection.sql("select * from reference.file0 order by line_number").fetchall() == [
            ("2016", "0101", "1.5", "file0.csv", 2),
            ("2017", None, None, "file0.csv", 3),
        ]


def test_several_files_fill_one_table(tmp_path: Path) -> None:
    resources = describe(package(tmp_path, GOOD, GOOD, table="both"), "reference")
    with duckdb.connect() as connection:
        assert load(connection, "both", resources) == 4


def test_loading_again_replaces(tmp_path: Path) -> None:
    (resource,) = describe(package(tmp_path, GOOD), "reference")
    with duckdb.connect() as connection:
        load(connection, resource.table, [resource])
        assert load(connection, resource.table, [resource]) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"year,code\n2016,0101\n", "value"),
        (b"year,code,value,more\n2016,0101,1,2\n", "more"),
        (b"code,year,value\n0101,2016,1\n", "code"),
        (b"year,code,value\n2016,0101\n", "line 2"),
        (b"year,code,value\nMMXVI,0101,1\n", "line 2"),
        (b"year,code,value\n2016,0101,ca 2\n", "line 2"),
        (b"year,code,value\n2016,0101,1\n,0101,1\n", "line 3"),
        (b"year,code,value\n2016,101,1\n", "line 2"),
        (b"year,code,value\n2016,0101,\xe5\n", "encoding"),
        (b"", "file0.csv"),
        (b"\x00\x01\x02", "file0.csv"),
    ],
    ids=[
        "missing column",
        "unknown column",
        "swapped columns",
        "short row",
        "text for a number",
        "approximate number",
        "missing value",
        "lost leading zero",
        "other encoding",
        "empty",
        "no text",
    ],
)
def test_what_contradicts_the_description_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (resource,) = describe(package(tmp_path, content), "reference")
    with pytest.raises(UserError) as error:
        check(resource)
    assert message in str(error.value)
    assert "file0.csv" in error.value.place
    assert "\n" not in str(error.value)


def test_a_described_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    package(tmp_path, GOOD)
    (tmp_path / "reference" / "file0.csv").unlink()
    with pytest.raises(UserError, match=r"file0\.csv: the file is missing"):
        describe(tmp_path, "reference")


def test_a_file_that_is_not_described_is_an_error(tmp_path: Path) -> None:
    package(tmp_path, GOOD)
    (tmp_path / "reference" / "stray.csv").write_bytes(GOOD)
    with pytest.raises(UserError, match=r"stray.csv: the file is not described"):
        describe(tmp_path, "reference")


def test_a_damaged_descriptor_is_an_error(tmp_path: Path) -> None:
    package(tmp_path, GOOD)
    (tmp_path / "reference" / "datapackage.yml").write_text("resources: [{name: x}]", encoding="utf-8")
    with pytest.raises(UserError, match="is not a data package descriptor"):
        describe(tmp_path, "reference")


def with_shapes(folder: Path, **described: str) -> Path:
    data = package(folder, GOOD)
    descriptor = data / "reference" / "datapackage.yml"
    content = yaml.safe_load(descriptor.read_text(encoding="utf-8"))
    content["resources"].append({"name": "shapes", "path": "shapes.topojson", "format": "topojson", **described})
    descriptor.write_text(yaml.safe_dump(content), encoding="utf-8")
    return data


def test_a_file_of_shapes_is_described_and_fills_no_table(tmp_path: Path) -> None:
    data = with_shapes(tmp_path, attribution="Somebody")
    with pytest.raises(UserError, match="missing"):
        describe(data, "reference")
    (data / "reference" / "shapes.topojson").write_text("{}", encoding="utf-8")
    assert [each.name for each in describe(data, "reference")] == ["file0"]
    assert [(each.path.name, each.attribution) for each in describe_shapes(data, "reference")] == [
        ("shapes.topojson", "Somebody")
    ]
    (data / "reference" / "others.topojson").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="not described"):
        describe(data, "reference")


def test_shapes_without_a_source_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="attribution"):
        describe_shapes(with_shapes(tmp_path), "reference")
