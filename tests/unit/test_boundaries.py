"""Shapes for maps: which file applies, which units belong where, and that the files in use meet the needs of maps."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.ingest.data_packages import ShapeResource, describe_shapes
from orchestration.site.boundaries import Topology, fitting, neighbours, read_membership, read_topology

DATA = PROJECT_DIR / "data"
SHAPES = describe_shapes(DATA, "reference")


def shapes_of(*codes: str) -> Topology:
    return Topology({}, [], {code: [] for code in codes}, "somebody")


def test_a_map_takes_the_file_that_has_all_municipalities_and_the_fewest_others() -> None:
    few, many, other = shapes_of("1", "2"), shapes_of("1", "2", "3"), shapes_of("1", "3")

    assert fitting([many, few, other], {"1", "2"}) is few
    assert fitting([few, many, other], {"1", "2", "3"}) is many
    assert fitting([few, many, other], {"1", "4"}) is None
    assert fitting([few, many, other], set()) is None


def test_of_two_files_that_fit_alike_the_last_is_taken() -> None:
    first, last = shapes_of("1"), shapes_of("1")
    assert fitting([first, last], {"1"}) is last


def test_neighbours_share_a_line_in_whatever_direction_it_runs() -> None:
    rings = {"1": [[0, 1], [5]], "2": [[~1, 2]], "3": [[~5, 3]], "4": [[4]]}
    assert neighbours(Topology({}, [], rings, "somebody")) == {"1": ["2", "3"], "2": ["1"], "3": ["1"], "4": []}


def areas(*rows: tuple[Any, ...]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        "create table areas (time_period integer, area_basis varchar, unit_level varchar, unit_code varchar,"
        " unit_name varchar, municipality_code varchar, county_code varchar, hf_code varchar, health_region varchar)"
    )
    connection.executemany("insert into areas values (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows) if rows else None
    return connection


def test_a_municipality_whose_districts_belong_to_several_areas_is_divided() -> None:
    found = read_membership(
        areas(
            (2001, "current", "municipality", "0001", "By", None, "00", None, "r"),
            (2001, "current", "city_district", "000101", "Vest", "0001", "00", "7", "r"),
            (2001, "current", "city_district", "000102", "Nord", "0001", "00", "8", "r"),
            (2001, "current", "municipality", "0002", "Sted", None, "00", None, "r"),
            (2001, "current", "city_district", "000201", "Hele stedet", "0002", "00", "7", "r"),
            (2001, "current", "municipality", "0003", "Øy", None, "00", "8", "r"),
            (2001, "current", "county", "00", "Fylket", None, None, None, None),
            # Areas of another basis or of an earlier year are not today's.
            (2001, "reported", "municipality", "0004", "Annet", None, "00", "8", "r"),
            (2000, "current", "municipality", "0005", "Før", None, "00", "8", "r"),
        )
    )
    assert found is not None
    assert found.names == {"0001": "By", "0002": "Sted", "0003": "Øy"}
    assert found.of["hf_area"] == {"0002": "7", "0003": "8"}
    assert found.divided == {"county": {}, "hf_area": {"0001": ["7", "8"]}, "health_region": {}}
    assert found.of["county"] == dict.fromkeys(found.names, "00")
    assert (found.year, found.frame) == (2001, {"00": "Fylket"})


def test_without_municipalities_there_is_no_map() -> None:
    assert read_membership(areas()) is None


@pytest.mark.parametrize(
    "content",
    [
        "not json",
        "[]",
        json.dumps({"objects": {}, "arcs": [], "transform": {}}),
        json.dumps({"objects": {"a": {"geometries": [{"type": "Polygon", "arcs": [[0]]}]}}, "arcs": [[]], "transform": {}}),
        json.dumps(
            {
                "objects": {"a": {"geometries": [{"type": "Polygon", "id": "1", "arcs": [[1]]}]}},
                "arcs": [[]],
                "transform": {},
            }
        ),
    ],
)
def test_what_is_no_file_of_shapes_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "shapes.topojson"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match="is not a file of shapes") as caught:
        read_topology(ShapeResource("shapes", path, "somebody"))
    assert str(path) in str(caught.value)


def test_every_year_since_the_first_file_has_a_file_with_its_municipalities_and_no_others() -> None:
    with (DATA / "reference" / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        known = list(csv.DictReader(file))
    files = [read_topology(each) for each in SHAPES]
    first = min(int(row["valid_from_year"]) for row in known if row["municipality_code"] in files[0].rings)
    latest = max(int(row["valid_to_year"]) for row in known)
    fits: dict[int, bool] = {}
    for year in range(first, latest + 1):
        codes = {
            row["municipality_code"] for row in known if int(row["valid_from_year"]) <= year <= int(row["valid_to_year"])
        }
        found = fitting(files, codes)
        fits[year] = found is not None and found.rings.keys() == codes
    years = [year for year, is_fit in fits.items() if is_fit]
    # From the first year with a file, every year has one.
    assert years == list(range(years[0], latest + 1))


@pytest.mark.parametrize("resource", SHAPES, ids=lambda each: each.name)
def test_neighbours_share_their_border_and_run_along_it_opposite_ways(resource: ShapeResource) -> None:
    topology = read_topology(resource)
    ways: dict[int, list[bool]] = defaultdict(list)
    for rings in topology.rings.values():
        for ring in rings:
            for arc in ring:
                ways[~arc if arc < 0 else arc].append(arc < 0)
    # Larger areas are formed by removing shared borders; an outline is followed from line to line.
    assert all(sorted(each) in ([False], [True], [False, True]) for each in ways.values())
    assert sum(len(each) == 2 for each in ways.values()) > len(topology.rings)
    assert resource.attribution.startswith("Kartverket")
