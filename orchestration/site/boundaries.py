"""The shapes for maps: today's municipalities, and the larger areas that each of them belongs to.

Counties and trust areas have no files: the browser merges municipalities that share borders (``static/shapes.js``),
according to the table of areas. Belongs here: choosing the file that fits today's areas, and which larger area each
municipality belongs to. Does not belong here: drawing (``static/map.js``), or the origin of the files
(``data/reference/datapackage.yml``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.errors import UserError
from orchestration.ingest.data_packages import ShapeResource, describe_shapes
from orchestration.site.cubes import CURRENT, dumped

PACKAGE = "reference"
# Levels whose areas consist of municipalities, and the column of the table of areas that names the area.
LEVELS: Mapping[str, str] = {"county": "county_code", "hf_area": "hf_code", "health_region": "health_region"}
# The larger areas whose borders a map of municipalities shows.
FRAME = "county"


@dataclass(frozen=True)
class Topology:
    """Shapes that share their borders: lines (``arcs``), and by shape the indexes of its lines (``rings``)."""

    transform: dict[str, Any]
    arcs: list[Any]
    rings: dict[str, list[list[int]]]
    attribution: str


@dataclass(frozen=True)
class Membership:
    """The larger area of each municipality, by level.

    A municipality whose districts belong to several areas is ``divided``: a map of municipalities cannot show their places.
    """

    year: int
    names: dict[str, str]
    of: dict[str, dict[str, str]]
    divided: dict[str, dict[str, list[str]]]
    frame: dict[str, str]


def read_topology(resource: ShapeResource) -> Topology:
    """Return the shapes of a file.

    Raises:
        UserError: the file is not a topology of polygons with codes.
    """
    try:
        content = json.loads(resource.path.read_text(encoding="utf-8"))
        (layer,) = content["objects"].values()
        rings = {
            str(shape["id"]): shape["arcs"]
            if shape["type"] == "Polygon"
            else [ring for part in shape["arcs"] for ring in part]
            for shape in layer["geometries"]
        }
        known = range(-len(content["arcs"]), len(content["arcs"]))
        if not all(arc in known for each in rings.values() for ring in each for arc in ring):
            raise ValueError("a shape refers to a line that does not exist")
        return Topology(content["transform"], content["arcs"], rings, resource.attribution)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            f"is not a file of shapes ({error})",
            place=str(resource.path),
            remedy="restore it, or make it again as described in datapackage.yml",
        ) from error


def fitting(files: list[Topology], codes: set[str]) -> Topology | None:
    """Return the shapes with all these municipalities and the fewest others; of several such files, the last one."""
    found = [each for each in reversed(files) if codes and codes <= each.rings.keys()]
    return min(found, key=lambda each: len(each.rings), default=None)


def read_membership(connection: duckdb.DuckDBPyConnection) -> Membership | None:
    """Return the names and larger areas of today's municipalities; None if there are none."""
    rows = connection.execute(
        f"select time_period, unit_level, unit_code, unit_name, municipality_code, {', '.join(LEVELS.values())} from areas"
        f" where area_basis = '{CURRENT}' and unit_level in ('municipality', 'city_district', '{FRAME}')"
        f" and time_period = (select max(time_period) from areas where area_basis = '{CURRENT}')"
        " order by unit_level, unit_code"
    ).fetchall()
    own = [row for row in rows if row[1] == "municipality"]
    if not own:
        return None
    of: dict[str, dict[str, str]] = {}
    divided: dict[str, dict[str, list[str]]] = {}
    for place, level in enumerate(LEVELS, 5):
        of[level] = {row[2]: row[place] for row in own if row[place]}
        parts: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            if row[1] == "city_district" and row[4] not in of[level] and row[place]:
                parts[row[4]].add(row[place])
        # A municipality whose districts all belong to the same area belongs to that area.
        of[level] |= {code: next(iter(areas)) for code, areas in parts.items() if len(areas) == 1}
        divided[level] = {code: sorted(areas) for code, areas in sorted(parts.items()) if len(areas) > 1}
    return Membership(
        year=own[0][0],
        names={row[2]: row[3] for row in own},
        of=of,
        divided=divided,
        frame={row[2]: row[3] for row in rows if row[1] == FRAME},
    )


def neighbours(shapes: Topology) -> dict[str, list[str]]:
    """Return for each municipality those that share a border with it in the file, in the order of codes."""
    beside: dict[int, set[str]] = defaultdict(set)
    for code, rings in shapes.rings.items():
        for arc in (arc for ring in rings for arc in ring):
            # ~arc is the same line backwards.
            beside[arc if arc >= 0 else ~arc].add(code)
    found: dict[str, set[str]] = {code: set() for code in shapes.rings}
    for codes in beside.values():
        for code in codes:
            found[code] |= codes - {code}
    return {code: sorted(others) for code, others in found.items()}


def read_neighbours(connection: duckdb.DuckDBPyConnection, data: Path) -> dict[str, list[str]]:
    """Return the neighbours of each of today's municipalities; empty if no file has all of them.

    Args:
        connection: sees the public tables.
        data: folder of the inputs.
    """
    areas = read_membership(connection)
    shapes = fitting([read_topology(each) for each in describe_shapes(data, PACKAGE)], set(areas.names)) if areas else None
    if areas is None or shapes is None:
        return {}
    rings = {code: shapes.rings[code] for code in areas.names}
    return neighbours(replace(shapes, rings=rings))


def read_boundaries(connection: duckdb.DuckDBPyConnection, data: Path) -> str | None:
    """Return the script that passes the shapes to a page; None if no file has all of today's municipalities.

    Args:
        connection: sees the public tables.
        data: folder of the inputs.

    Raises:
        UserError: a file is not as described.
    """
    areas = read_membership(connection)
    if areas is None:
        return None
    shapes = fitting([read_topology(each) for each in describe_shapes(data, PACKAGE)], set(areas.names))
    if shapes is None:
        return None
    content = {
        "transform": shapes.transform,
        "arcs": shapes.arcs,
        "rings": {code: shapes.rings[code] for code in areas.names},
        "names": {code: areas.names[code] for parts in areas.divided.values() for code in parts},
        "of": areas.of,
        "divided": areas.divided,
        "frame": {"level": FRAME, "names": areas.frame},
        "year": areas.year,
        "attribution": shapes.attribution,
    }
    return f"IS248.boundaries({dumped(content)});\n"
