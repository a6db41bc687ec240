"""``metadata/<table>.json``: everything that is known about a table, in both languages, for machines.

Belongs here: what all metadata files share, computed once: the formats and the files of a table, the codes that a column may
have, the years covered, the notice on constructed data. Does not belong here: the texts of tables, columns and codes
(``data/metadata``, code lists), or how a standard expresses them (``data_package``, ``dcat``).

The content hash covers these files, so they contain no time and no snapshot id, and nothing that depends on the rows of the
table of revisions, which is made after them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet as pq

from orchestration.core.tables import STATUS_COLUMN, Column, Dimension, Label, Table
from orchestration.core.texts import filled, load_texts
from orchestration.publish.definitions import KIND, NOTHING_SAID, find_definitions, subjects_of
from orchestration.publish.formats.delimited import FOR_EXCEL
from orchestration.publish.publication_metadata import Code, Release
from orchestration.publish.remarks import NOTE_COLUMN, SEPARATOR
from orchestration.publish.snapshot_files import DATABASE, REVISIONS

TEXTS = load_texts("publish", "metadata")

# A table with this column in its key has figures of questions.
QUESTION = "indicator"

# A table that has this column has rows that rest on constructed deliveries.
CONSTRUCTED_COLUMN = "is_constructed"

# Columns that say which year a row describes; other years (of prices, of a report) do not date the table.
TIME_COLUMNS = ("time_period", "time_period_from", "time_period_to")

# A table with these columns and a key of one column is a catalogue of what its key names.
CATALOGUE_COLUMNS = ("label_nb", "label_en")


@dataclass(frozen=True)
class Format:
    """One file format of the snapshot.

    ``path`` is the file that each table has; otherwise ``patterns`` find the files of a table, of which there may be none or
    several. ``is_content`` says that the content hash covers it. ``file_type`` is the name in the EU's list of file types,
    ``media_type`` is registered with IANA; both are the next wider ones where a format has none of its own.
    """

    name: str
    title: str
    description: Label
    media_type: str
    file_type: str
    path: str | None = None
    patterns: tuple[str, ...] = ()
    is_content: bool = True


FORMATS = (
    Format(
        name="csv",
        title="CSV",
        description=TEXTS["csv"],
        path="csv/{table}.csv",
        media_type="text/csv",
        file_type="CSV",
    ),
    Format(
        name="csv-excel",
        title="CSV",
        description=TEXTS["csv-excel"],
        patterns=(f"csv/{{table}}{FOR_EXCEL}.csv",),
        media_type="text/csv",
        file_type="CSV",
    ),
    Format(
        name="parquet",
        title="Parquet",
        description=TEXTS["parquet"],
        path="parquet/{table}.parquet",
        media_type="application/vnd.apache.parquet",
        file_type="PARQUET",
    ),
    Format(
        name="xlsx",
        title="Excel",
        description=TEXTS["xlsx"],
        patterns=("xlsx/*.xlsx",),
        media_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        file_type="XLSX",
    ),
    Format(
        name="json-stat",
        title="JSON-stat",
        description=TEXTS["json-stat"],
        patterns=("jsonstat/{table}.json", "jsonstat/{table}/*.json"),
        media_type="application/json",
        file_type="JSON",
    ),
    Format(
        name="px",
        title="PX",
        description=TEXTS["px"],
        patterns=("px/{table}.px",),
        media_type="text/plain",
        file_type="TXT",
    ),
    Format(
        name="duckdb",
        title="DuckDB",
        description=TEXTS["duckdb"],
        path=DATABASE,
        media_type="application/octet-stream",
        file_type="BIN",
        # DuckDB writes random identifiers into its file, and the table of revisions last.
        is_content=False,
    ),
)

# What users of the files need to know beyond the types.
CONVENTIONS = {name: TEXTS[name] for name in ("missing", "formula", "codes", "order", "several_codes")}


@dataclass(frozen=True)
class Files:
    """The files of a table in one format, as paths relative to the snapshot, in order."""

    format: Format
    paths: tuple[str, ...]


def is_content(table: Table) -> bool:
    """Whether the content hash covers the table's files, so that their rows, hash and size may be stated."""
    return table.name != REVISIONS


def has_constructed_rows(table: Table, release: Release) -> bool:
    """Whether rows of the table rest on constructed deliveries; printed figures and reference data never do."""
    return release.is_constructed and CONSTRUCTED_COLUMN in table.column_names


def notice_of(table: Table, release: Release) -> Label | None:
    """The notice on the table's constructed rows, if it has any; in a rehearsal every table has one."""
    return release.notice if release.is_rehearsal or has_constructed_rows(table, release) else None


def caution_of(table: Table) -> Label | None:
    """Return the caution for a table whose rows overlap: the columns over which sums are wrong."""
    names = table.overlapping
    if not names:
        return None
    *most, last = names
    listed = (", ".join(most), last)
    return filled(
        TEXTS["overlap" if most else "overlap_in_one"],
        columns=Label(nb=" eller ".join(filter(None, listed)), en=" or ".join(filter(None, listed))),
    )


def with_caution(table: Table) -> Label:
    """Return the description of a table, with the caution where its rows overlap."""
    caution, text = caution_of(table), table.description
    return text if caution is None else Label(nb=f"{text.nb} {caution.nb}", en=f"{text.en} {caution.en}")


def with_notice(text: Label, notice: Label | None) -> Label:
    """Return a description that includes the notice on constructed figures; readers of catalogues see little else."""
    return text if notice is None else Label(nb=f"{text.nb} {notice.nb}", en=f"{text.en} {notice.en}")


def files_of(table: Table, folder: Path) -> list[Files]:
    """Return the files that the snapshot has of a table, by format."""
    found = []
    for each in FORMATS:
        if each.path is not None:
            path = each.path.format(table=table.name)
            # A view is in the DuckDB file; it need not have separate files.
            paths = [path] if table.made_by != "view" or (folder / path).is_file() else []
        else:
            paths = [
                path.relative_to(folder).as_posix()
                for pattern in each.patterns
                for path in sorted(folder.glob(pattern.format(table=table.name)))
                if path.suffix != ".xlsx" or table.name in _sheets(path)
            ]
        if paths:
            found.append(Files(each, tuple(paths)))
    return found


def _sheets(path: Path) -> list[str]:
    """Return the names of a workbook's sheets; a workbook need not have every table.

    They are read only from the list of sheets: openpyxl would read every text of the workbook first.
    """
    with zipfile.ZipFile(path) as archive:
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    return [sheet.get("name", "") for sheet in book.iterfind(".//{*}sheets/{*}sheet")]


def codes_of(table: Table, column: Column, release: Release) -> Mapping[str, Code]:
    """Return the codes that a column may have in this table, in order; none where it has no code list."""
    if column.codelist is None:
        return {}
    codes = release.codes_of(column)
    if column.name == STATUS_COLUMN:
        return {code: each for code, each in codes.items() if code in table.statuses}
    return codes


def catalogue_of(table: Table, column: Column, tables: Sequence[Table]) -> Table | None:
    """Return the table that catalogues what a column holds, if there is one.

    The column then has the name and the title of that table's only key column. Code lists are no such catalogue: all are in
    one table, where a code alone does not identify a row.
    """
    if column.codelist is not None:
        return None
    for each in tables:
        if (
            each.name != table.name
            and each.key == (column.name,)
            and set(CATALOGUE_COLUMNS) <= set(each.column_names)
            and each.column(column.name).title == column.title
        ):
            return each
    return None


@dataclass(frozen=True)
class Content:
    """A summary of the rows of a table: their number, the years, and the key columns without an empty cell."""

    rows: int
    first: int | None
    last: int | None
    complete: frozenset[str]


def content_of(table: Table, folder: Path) -> Content | None:
    """Return a summary of a table's rows; empty for a table that is made later, or a view, whose rows other tables have."""
    if not is_content(table) or table.made_by == "view":
        return None
    # The statistics of the row groups show it without reading a row.
    described = pq.read_metadata(folder / "parquet" / f"{table.name}.parquet")
    found: dict[str, list[Any]] = {}
    for group in range(described.num_row_groups):
        for column in range(described.num_columns):
            chunk = described.row_group(group).column(column)
            found.setdefault(chunk.path_in_schema, []).append(chunk.statistics)
    years = [each for name in TIME_COLUMNS for each in found.get(name, []) if each is not None and each.has_min_max]
    complete = {
        name
        for name in table.key
        if all(each is not None and each.has_null_count and each.null_count == 0 for each in found.get(name, []))
    }
    return Content(
        rows=described.num_rows,
        first=min((each.min for each in years), default=None),
        last=max((each.max for each in years), default=None),
        complete=frozenset(complete),
    )


def dump(content: Mapping[str, Any], path: Path) -> None:
    """Write JSON with the same bytes on every machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")


def write(tables: list[Table], release: Release, folder: Path) -> None:
    """Write ``metadata/<table>.json`` for each table.

    Args:
        tables: the public tables.
        release: the candidate's own facts.
        folder: the candidate; every other file of it has been written.
    """
    for table in tables:
        dump(_description(table, tables, release, folder), folder / "metadata" / f"{table.name}.json")


def _description(table: Table, tables: Sequence[Table], release: Release, folder: Path) -> dict[str, Any]:
    catalogue, content = release.catalogue, content_of(table, folder)
    return {
        "name": table.name,
        "title": _text(table.title),
        "description": _text(table.description),
        "caution": _text(caution_of(table)),
        "kind": "view" if table.made_by == "view" else "table",
        "population": _text(table.population),
        "method": _text(table.method),
        "definitions": definitions_of(table, release),
        "is_constructed": has_constructed_rows(table, release),
        "notice": _text(notice_of(table, release)),
        "publisher": {"name": _text(catalogue.publisher.name), "uri": catalogue.publisher.uri},
        "contact": {"name": _text(catalogue.contact.name), "email": catalogue.contact.email},
        "licence": catalogue.licence.model_dump(),
        "channel": release.channel,
        "spatial": catalogue.spatial,
        "temporal": None if content is None or content.first is None else {"first": content.first, "last": content.last},
        "rows": None if content is None else content.rows,
        "key": list(table.key),
        "measures": list(table.measures),
        "main_measure": table.measures[0] if table.measures else None,
        "statuses": [
            {"code": status, "label": _text(release.label(STATUS_COLUMN, status)), "sign": _sign(release, status)}
            for status in table.statuses
        ],
        "columns": [_column(column, table, tables, release) for column in table.columns],
        "cube": None
        if table.cube is None
        else {
            "each": table.cube.each,
            "dimensions": [_dimension(each) for each in table.cube.dimensions],
            "measures": list(table.cube_measures),
        },
        "files": [
            {
                "format": each.format.name,
                "title": each.format.title,
                "description": _text(each.format.description),
                "media_type": each.format.media_type,
                "paths": list(each.paths),
            }
            for each in files_of(table, folder)
        ],
        "conventions": {name: _text(text) for name, text in CONVENTIONS.items()},
    }


def subjects_in(table: Table, release: Release) -> list[str]:
    """Return what a table has figures of, as definitions name it: its own name, and its questions or amounts."""
    subjects = subjects_of(table.name)
    if QUESTION in table.key and (table.measures or table.key == (QUESTION,)):
        amounts = release.codes.get("amount", {})
        codelist = table.column(QUESTION).codelist
        asked = release.codes.get(codelist, {}) if codelist else release.codes.get("indicator", {})
        subjects += [each for each in asked if codelist or each not in amounts]
    return subjects


def definitions_of(table: Table, release: Release) -> list[dict[str, Any]]:
    """Return the definitions of what a table counts; for a table of questions those of each question that has any."""
    return [
        {
            "subject": each.subject,
            "kind": {"code": each.kind, "label": _text(release.label(KIND, each.kind))},
            "item": each.item,
            "is_known": each.is_known,
            "text": _text(each.text),
            "source": _text(each.source),
            "page": each.page,
        }
        for each in find_definitions(release.definitions, subjects_in(table, release))
        if each.item != NOTHING_SAID
    ]


def _column(column: Column, table: Table, tables: Sequence[Table], release: Release) -> dict[str, Any]:
    catalogue = catalogue_of(table, column, tables)
    codes = codes_of(table, column, release)
    return {
        "name": column.name,
        "type": column.type,
        "title": _text(column.title),
        "description": _text(column.description),
        "unit": None
        if column.unit is None
        else {"code": column.unit, "label": _text(release.label("unit_of_measure", column.unit))},
        "decimals": column.decimals,
        "codelist": None
        if column.codelist is None
        else {
            "name": column.codelist,
            "separator": SEPARATOR if column.name == NOTE_COLUMN else None,
            "codes": [
                {"code": code, "label": _text(each.label), "parent": each.parent, "sign": each.sign}
                for code, each in codes.items()
            ],
        },
        "catalogue": None if catalogue is None else catalogue.name,
    }


def _dimension(dimension: Dimension) -> dict[str, Any]:
    return {
        "name": dimension.name,
        "columns": list(dimension.code_columns),
        "role": dimension.role,
        "label": dimension.label,
        "attributes": list(dimension.attributes),
    }


def _sign(release: Release, status: str) -> str | None:
    code = release.codes.get(STATUS_COLUMN, {}).get(status)
    return code.sign if code else None


def _text(label: Label | None) -> dict[str, str] | None:
    return None if label is None else {"nb": label.nb, "en": label.en}
