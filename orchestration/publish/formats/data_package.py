"""``datapackage.json``: the tables as a Data Package (version 2), which tools check the files against.

Belongs here: how Data Package, Table Schema and Table Dialect express what ``metadata`` has. Does not belong here: a text of
a table, a column or a code.

A Data Package has one language. The properties of the standard are in Norwegian; the same ones with ``_en`` are in English.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from orchestration.core.content_hashes import file_hash
from orchestration.core.tables import Column, ColumnType, Label, Table
from orchestration.publish.formats import metadata
from orchestration.publish.publication_metadata import Code, Release
from orchestration.publish.remarks import NOTE_COLUMN, SEPARATOR

FILE = "datapackage.json"
NAME = "is248"

SCHEMA = "https://datapackage.org/profiles/2.0/datapackage.json"

FIELD_TYPES: dict[ColumnType, str] = {
    "INTEGER": "integer",
    "BIGINT": "integer",
    "DOUBLE": "number",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
}

# The formats whose files are one table each: the name of the resource, and its kind. The plain name is the one that foreign
# keys refer to. Parquet is not a "table" here, and its format is not spelled like the extension: otherwise Frictionless
# would read it through pandas, which turns integers with missing values into other numbers, and refuse them. It checks the
# Parquet file by size and hash, and the CSV, which has the same fields, cell by cell.
_RESOURCES: dict[str, tuple[str, dict[str, Any]]] = {
    "csv": ("{table}", {"type": "table", "format": "csv", "encoding": "utf-8", "dialect": {"lineTerminator": "\n"}}),
    "parquet": ("{table}.parquet", {"format": "Parquet"}),
}


def write(tables: list[Table], release: Release, folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write ``datapackage.json``.

    Args:
        tables: the public tables.
        release: the candidate's own facts.
        folder: the candidate; every other file of it has been written.
        known: the hashes of files that were hashed before.
    """
    catalogue = release.catalogue
    description = metadata.with_notice(catalogue.description, release.notice)
    licence = {"name": catalogue.licence.name, "path": catalogue.licence.path, "title": catalogue.licence.title}
    package = {
        "$schema": SCHEMA,
        "name": NAME,
        **_texts(catalogue.title, description),
        "homepage": catalogue.address,
        "is_constructed": release.is_constructed,
        **({} if release.notice is None else {"notice": release.notice.nb, "notice_en": release.notice.en}),
        "channel": release.channel,
        "conventions": {name: text.nb for name, text in metadata.CONVENTIONS.items()},
        "conventions_en": {name: text.en for name, text in metadata.CONVENTIONS.items()},
        # Words of both languages: the standard has only one list.
        "keywords": list(dict.fromkeys((*catalogue.keywords.nb, *catalogue.keywords.en))),
        "licenses": [licence],
        "contributors": [
            {
                "title": catalogue.publisher.name.nb,
                "title_en": catalogue.publisher.name.en,
                "path": catalogue.publisher.uri,
                "roles": ["publisher"],
            },
            {
                "title": catalogue.contact.name.nb,
                "title_en": catalogue.contact.name.en,
                "email": catalogue.contact.email,
                "roles": ["contact"],
            },
        ],
        # The figures come from the surveys. Printed figures and reference data name their source in every row.
        **_sources(release),
        "resources": [resource for table in tables for resource in _resources(table, tables, release, folder, known)],
    }
    metadata.dump(package, folder / FILE)


def _texts(title: Label, description: Label) -> dict[str, str]:
    return {"title": title.nb, "title_en": title.en, "description": description.nb, "description_en": description.en}


def _sources(release: Release) -> dict[str, Any]:
    surveys = release.codes.get("survey", {})
    if not surveys:
        return {}
    return {"sources": [{"title": code.label.nb, "title_en": code.label.en} for code in surveys.values()]}


def _resources(
    table: Table, tables: Sequence[Table], release: Release, folder: Path, known: Mapping[str, str]
) -> list[dict[str, Any]]:
    description = metadata.with_notice(metadata.with_caution(table), metadata.notice_of(table, release))
    schema = _schema(table, tables, release, folder)
    resources = []
    for each in metadata.files_of(table, folder):
        if each.format.name not in _RESOURCES:
            continue
        name, kind = _RESOURCES[each.format.name]
        (path,) = each.paths
        resources.append(
            {
                "name": name.format(table=table.name),
                **_texts(table.title, description),
                "path": path,
                "mediatype": each.format.media_type,
                **kind,
                **(_size_and_hash(folder / path, known.get(path)) if metadata.is_content(table) else {}),
                "is_constructed": metadata.has_constructed_rows(table, release),
                "schema": schema,
            }
        )
    return resources


def _size_and_hash(path: Path, known: str | None) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "hash": f"sha256:{known or file_hash(path)}"}


def _schema(table: Table, tables: Sequence[Table], release: Release, folder: Path) -> dict[str, Any]:
    content = metadata.content_of(table, folder)
    complete = frozenset[str]() if content is None else content.complete
    foreign_keys = [
        {"fields": [column.name], "reference": {"resource": catalogue.name, "fields": [column.name]}}
        for column in table.columns
        if (catalogue := metadata.catalogue_of(table, column, tables)) is not None
    ]
    return {
        "fields": [_field(column, table, release, required=column.name in complete) for column in table.columns],
        "missingValues": [""],
        "primaryKey": list(table.key),
        **({"foreignKeys": foreign_keys} if foreign_keys else {}),
    }


def _categories(codes: Mapping[str, Code]) -> list[dict[str, str]]:
    return [{"value": code, "label": each.label.nb, "label_en": each.label.en} for code, each in codes.items()]


def _field(column: Column, table: Table, release: Release, *, required: bool) -> dict[str, Any]:
    """Describe a column; ``required`` says that it belongs to the key and has no empty cell."""
    field: dict[str, Any] = {
        "name": column.name,
        "type": FIELD_TYPES[column.type],
        **_texts(column.title, column.description),
    }
    if column.type == "BOOLEAN":
        field |= {"trueValues": ["true"], "falseValues": ["false"]}
    if column.unit is not None:
        unit = release.label("unit_of_measure", column.unit)
        field |= {"unit": column.unit, "unit_title": unit.nb, "unit_title_en": unit.en}
    if column.decimals is not None:
        field["decimals"] = column.decimals
    constraints: dict[str, Any] = {"required": True} if required else {}
    if codes := metadata.codes_of(table, column, release):
        field["codelist"] = column.codelist
        if column.name == NOTE_COLUMN:
            one = "|".join(re.escape(code) for code in codes)
            constraints["pattern"] = f"({one})({SEPARATOR}({one}))*"
            # Categories of the standard are whole values; a cell may have several of these.
            field["codes"] = _categories(codes)
        else:
            field["categories"] = _categories(codes)
            constraints["enum"] = list(codes)
    if constraints:
        field["constraints"] = constraints
    return field
