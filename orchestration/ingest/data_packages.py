"""Reads the described inputs (reference data, printed figures, classifications, indicators) into text tables.

Each folder has a ``datapackage.yml`` (Data Package form) that states each file's source, licence and columns. This module
checks the files against it and loads them unchanged, as text, into the schema named after the package. Keys, sums and
figures are judged later, by the rules; types are cast in dbt's staging models. A file of shapes (``format: topojson``) has
no columns and fills no table; it is read for drawing maps.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.core import yaml_text
from orchestration.core.errors import UserError

PACKAGES = ("reference", "published", "classifications", "indicators")
SHAPES = "topojson"


@dataclass(frozen=True)
class DataResource:
    """One described file; ``package`` is the schema of its table, and several files may fill one table."""

    package: str
    name: str
    table: str
    path: Path
    title: str
    description: str
    columns: tuple[str, ...]
    schema: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash of the file's bytes."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()


@dataclass(frozen=True)
class ShapeResource:
    """One described file of shapes; ``attribution`` is printed on every map that is made from it."""

    name: str
    path: Path
    attribution: str


def describe(data: Path, package: str) -> list[DataResource]:
    """Return the described tables of one package, in the descriptor's order.

    Raises:
        UserError: the descriptor is missing or damaged, a described file is missing, or a file is not described.
    """
    return _describe(data, package)[0]


def describe_shapes(data: Path, package: str) -> list[ShapeResource]:
    """Return the described files of shapes of one package, in the descriptor's order; raises as ``describe``."""
    return _describe(data, package)[1]


def _describe(data: Path, package: str) -> tuple[list[DataResource], list[ShapeResource]]:
    descriptor = data / package / "datapackage.yml"

    def place(entry: Mapping[str, Any]) -> Path:
        return data / package / str(entry["path"])

    try:
        content = yaml_text.load(descriptor.read_text(encoding="utf-8"))
        shapes = [
            ShapeResource(str(entry["name"]), place(entry), str(entry["attribution"]))
            for entry in content["resources"]
            if entry.get("format") == SHAPES
        ]
        resources = [
            DataResource(
                package=package,
                name=str(entry["name"]),
                table=str(entry.get("table", entry["name"])),
                path=place(entry),
                title=str(entry["title"]),
                description=str(entry.get("description", "")).strip(),
                columns=tuple(str(field["name"]) for field in entry["schema"]["fields"]),
                schema=entry["schema"],
            )
            for entry in content["resources"]
            if entry.get("format") != SHAPES
        ]
    except FileNotFoundError as error:
        raise UserError("the file is missing", place=str(descriptor), remedy="restore it") from error
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise UserError(
            f"is not a data package descriptor ({error})",
            place=str(descriptor),
            remedy="each resource needs name, path, title and schema.fields, one of shapes name, path and attribution",
        ) from error
    described = [resource.path for resource in resources] + [resource.path for resource in shapes]
    for path in described:
        if not path.is_file():
            raise UserError(
                "the file is missing", place=str(path), remedy=f"restore it, or remove its entry from {descriptor.name}"
            )
    for path in sorted(each for ending in ("csv", SHAPES) for each in (data / package).glob(f"*.{ending}")):
        if path not in described:
            raise UserError(
                "the file is not described", place=str(path), remedy=f"describe it in {descriptor.name}, or remove it"
            )
    return resources, shapes


def check(resource: DataResource) -> int:
    """Check one file against its description: encoding, header, types, required values, code sets.

    Returns:
        The number of rows.

    Raises:
        UserError: the first thing that contradicts the description, with line and column.
    """
    import frictionless  # imported here: half a second, and only needed when files are read

    report = frictionless.Resource(
        path=resource.path.name,
        basepath=str(resource.path.parent),
        schema=frictionless.Schema.from_descriptor(resource.schema),
        encoding="utf-8",
        dialect=frictionless.Dialect(controls=[frictionless.formats.CsvControl(delimiter=",", quote_char='"')]),
    ).validate(limit_errors=1)
    for task in report.tasks:
        for error in task.errors:
            line = getattr(error, "row_number", None)
            raise UserError(
                f"{error.title.lower()}: {error.note or error.message}",
                place=f"{resource.path}" + (f", line {line}" if line else ""),
                remedy="correct the file; its columns are described in datapackage.yml beside it",
            )
    return int(report.tasks[0].stats.get("rows") or 0)


def load(connection: duckdb.DuckDBPyConnection, table: str, resources: list[DataResource]) -> int:
    """Replace one table with the cells of its files, as text.

    Args:
        connection: the warehouse, writable.
        table: the table's name; its schema is the package.
        resources: the files that fill it, all of one package and with the same columns.

    Returns:
        The number of rows. Beside the files' columns the table has ``source_file`` and ``line_number`` (2 = first data row).
        An empty cell is null.

    Raises:
        UserError: the files have different columns.
    """
    package = resources[0].package
    selects = []
    for resource in resources:
        if resource.columns != resources[0].columns:
            raise UserError(
                f"has different columns from {resources[0].path.name}, which fills the same table",
                place=str(resource.path),
                remedy="give both the same schema in datapackage.yml",
            )
        columns = ", ".join(f"'{column}': 'VARCHAR'" for column in resource.columns)
        selects.append(
            f"""
            select *, ? as source_file, row_number() over () + 1 as line_number
            from read_csv(
                ?, header = true, delim = ',', quote = '"', escape = '"', auto_detect = false,
                columns = {{{columns}}}, nullstr = '', encoding = 'utf-8', parallel = false
            )
            """
        )
    parameters = [value for resource in resources for value in (resource.path.name, str(resource.path))]
    connection.execute(f'create schema if not exists "{package}"')
    connection.execute(f'create or replace table "{package}"."{table}" as ' + " union all ".join(selects), parameters)
    row = connection.execute(f'select count(*) from "{package}"."{table}"').fetchone()
    return int(row[0]) if row else 0


def read_rows(data: Path, package: str, table: str) -> Iterator[dict[str, str]]:
    """Yield the rows of one table as text, in the order of its files, for readers without the warehouse."""
    for resource in describe(data, package):
        if resource.table == table:
            with resource.path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file)


def load_all(connection: duckdb.DuckDBPyConnection, data: Path) -> None:
    """Replace the tables of every package, unchecked.

    Args:
        connection: the warehouse, writable.
        data: folder of the inputs.

    Raises:
        UserError: a descriptor or a file is missing, or the files of a table have different columns.
    """
    for package in PACKAGES:
        resources = describe(data, package)
        for table in dict.fromkeys(resource.table for resource in resources):
            load(connection, table, [resource for resource in resources if resource.table == table])


def count_municipalities(data: Path) -> dict[int, int]:
    """Return the number of municipalities in each year, from the described populations."""
    (population,) = [resource for resource in describe(data, "reference") if resource.name == "population"]
    rows = duckdb.execute(
        "select cast(year as integer), count(*) from read_csv(?, all_varchar = true) group by year", [str(population.path)]
    ).fetchall()
    return {int(year): int(count) for year, count in rows}
