"""Metadata files: they agree with the files, and validators of the standards accept them and refuse faulty ones."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from frictionless import Package
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from pyshacl import validate
from rdflib import DCTERMS, FOAF, RDF, Graph, Literal, Namespace, URIRef

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, Table
from orchestration.publish.formats import data_package, dcat, delimited, metadata, parquet
from orchestration.publish.publication_metadata import Code, Release, load_catalogue, spans
from orchestration.publish.snapshot_files import REVISIONS

SHAPES = PROJECT_DIR / "tests" / "schemas" / "dcat"
# pytest inspects a module's imports, about which two of the library's namespaces warn.
DCAT = Namespace("http://www.w3.org/ns/dcat#")
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")


def text(words: str) -> dict[str, str]:
    return {"nb": f"{words} (norsk)", "en": f"{words} (English)"}


def column(name: str, kind: str = "VARCHAR", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "title": text(name), "description": text(f"what {name} says"), **more}


def described(name: str, key: list[str], columns: list[dict[str, Any]], **more: Any) -> Table:
    return Table.model_validate(
        {
            "table": name,
            "title": text(f"the {name}"),
            "description": text(f"all {name}"),
            "key": key,
            "measures": [],
            "columns": columns,
            **more,
        }
    )


FACTS = described(
    "facts",
    ["time_period", "group", "indicator"],
    [
        column("time_period", "INTEGER"),
        column("group", codelist="group"),
        column("indicator"),
        column("value", "DOUBLE", unit="fte", decimals=1),
        column("units", "INTEGER", unit="units"),
        column("series_break", "BOOLEAN"),
        column("obs_status", codelist="obs_status"),
        column("obs_note", codelist="obs_note"),
        column("comment"),
        column("is_constructed", "BOOLEAN"),
    ],
    measures=["value", "units"],
    statuses=["A", "O", "Q"],
    cube={
        "dimensions": [
            {"name": "time_period", "role": "time"},
            {"name": "group"},
            {"name": "indicator"},
        ]
    },
    method=text("how"),
    population=text("who"),
)
INDICATORS = described(
    "indicators", ["indicator"], [column("indicator"), column("label_nb"), column("label_en"), column("since", "INTEGER")]
)
CHANGES = described(
    REVISIONS,
    ["key", "time_period"],
    [column("key"), column("time_period", "INTEGER"), column("value_before", "DOUBLE")],
    made_by="publication",
)
TABLES = [FACTS, INDICATORS, CHANGES]

ROWS = {
    "facts": """
        (values
            (2016, 'adults', 'plan', 10.25, 4, false, 'A', null, 'plain, "quoted"', true),
            (2016, 'children', 'plan', 0.00001, 1, false, 'A', 'corrected', '=1+1', true),
            (2017, 'adults', 'plan', null, null, true, 'Q', null, null, true),
            (2017, 'children', 'plan', null, null, true, 'O', 'corrected;half_missing', null, false),
            (2018, 'adults', 'crisis', 7, 2, null, 'A', null, 'æøå', false)
        ) as t ("time_period", "group", "indicator", "value", "units", "series_break", "obs_status", "obs_note", "comment",
                "is_constructed")""",
    "indicators": """
        (values ('plan', 'Plan', 'Plan', 2016), ('crisis', 'Krise', 'Crisis', null))
        as t ("indicator", "label_nb", "label_en", "since")""",
    REVISIONS: """(values ('a=1', 2016, 1.0), ('b=2', null, null)) as t ("key", "time_period", "value_before")""",
}
OTHER_REVISIONS = """(values ('c=3', 1999, 3.0)) as t ("key", "time_period", "value_before")"""


def codes(*names: str, sign: str | None = None) -> dict[str, Code]:
    return {name: Code(Label.model_validate(text(name)), None, sign) for name in names}


RELEASE = Release(
    catalogue=load_catalogue(PROJECT_DIR / "data" / "metadata"),
    channel="demo",
    time_period=2018,
    constructed_periods=(2016, 2017),
    codes={
        "group": codes("adults", "children"),
        "obs_status": codes("A", "E", "O") | codes("Q", sign=":"),
        "obs_note": codes("corrected", "half_missing"),
        "unit_of_measure": codes("fte", "units"),
        "survey": codes("form"),
        "other": codes("unused"),
    },
    released_at=datetime.fromisoformat("2019-06-13T08:00+02:00"),
)


@dataclass(frozen=True)
class Snapshot:
    folder: Path

    def json(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text(encoding="utf-8"))


def written(folder: Path, release: Release = RELEASE, revisions: str = ROWS[REVISIONS]) -> Snapshot:
    """Files as in a candidate: the revisions come after the metadata."""
    for name in ("csv", "parquet", "jsonstat/facts", "px", "xlsx"):
        (folder / name).mkdir(parents=True)
    with duckdb.connect() as connection:
        for table in TABLES:
            names = ", ".join(f'cast("{each.name}" as {each.type}) as "{each.name}"' for each in table.columns)
            rows = revisions if table is CHANGES else ROWS[table.name]
            connection.execute(f'create table "{table.name}" as select {names} from {rows}')
        for table in (FACTS, INDICATORS):
            delimited.write(connection, table, folder / "csv" / f"{table.name}.csv")
            parquet.write(connection, table, folder / "parquet" / f"{table.name}.parquet")
        workbook = Workbook()
        workbook.create_sheet("facts")
        workbook.save(folder / "xlsx" / "is248.xlsx")
        (folder / "jsonstat" / "facts" / "crisis.json").write_text("{}", encoding="utf-8")
        (folder / "jsonstat" / "facts" / "plan.json").write_text("{}", encoding="utf-8")
        (folder / "px" / "facts.px").write_text("", encoding="utf-8")
        metadata.write(TABLES, release, folder)
        data_package.write(TABLES, release, folder)
        dcat.write(TABLES, release, folder)
        delimited.write(connection, CHANGES, folder / "csv" / "revisions.csv")
        parquet.write(connection, CHANGES, folder / "parquet" / "revisions.parquet")
    return Snapshot(folder)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return written(tmp_path_factory.mktemp("snapshot"))


def metadata_files(snapshot: Snapshot) -> dict[str, bytes]:
    paths = [*(snapshot.folder / "metadata").iterdir(), snapshot.folder / data_package.FILE, snapshot.folder / dcat.FILE]
    return {path.name: path.read_bytes() for path in paths}


# Common parts


def test_equal_files_give_equal_bytes_in_any_folder(snapshot: Snapshot, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = tmp_path / name / "candidate"
        shutil.copytree(snapshot.folder, folder)
        for path in (folder / "metadata", folder / data_package.FILE, folder / dcat.FILE):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for write in (metadata.write, data_package.write, dcat.write):
            write(TABLES, RELEASE, folder)
        assert metadata_files(Snapshot(folder)) == metadata_files(snapshot)


def test_no_file_knows_the_machine(snapshot: Snapshot) -> None:
    for content in metadata_files(snapshot).values():
        assert str(snapshot.folder).encode() not in content
        assert content.endswith(b"}\n")
        assert b"\r" not in content


def test_the_rows_of_the_revisions_leave_the_other_files_as_they_are(tmp_path: Path) -> None:
    first = written(tmp_path / "first")
    before = metadata_files(first)
    with duckdb.connect() as connection:
        connection.execute(f"create table revisions as select * from {OTHER_REVISIONS}")
        delimited.write(connection, CHANGES, first.folder / "csv" / "revisions.csv")
        parquet.write(connection, CHANGES, first.folder / "parquet" / "revisions.parquet")
    for write in (metadata.write, data_package.write, dcat.write):
        write(TABLES, RELEASE, first.folder)
    assert metadata_files(first) == before


def test_official_figures_carry_no_notice(tmp_path: Path) -> None:
    official = Release(RELEASE.catalogue, "official", RELEASE.time_period, (), RELEASE.codes)
    snapshot = written(tmp_path / "official", official)
    assert RELEASE.notice is not None
    start = RELEASE.notice.en.split(".")[0].encode()
    for name, content in metadata_files(snapshot).items():
        assert start not in content, name
    described_facts = snapshot.json("metadata/facts.json")
    assert (described_facts["is_constructed"], described_facts["notice"]) == (False, None)


# metadata/<table>.json


def test_a_table_is_described_in_full(snapshot: Snapshot) -> None:
    facts = snapshot.json("metadata/facts.json")
    assert facts["title"] == text("the facts")
    assert (facts["method"], facts["population"]) == (text("how"), text("who"))
    assert (facts["key"], facts["measures"], facts["main_measure"]) == (list(FACTS.key), ["value", "units"], "value")
    assert facts["rows"] == 5
    assert facts["temporal"] == {"first": 2016, "last": 2018}
    assert facts["licence"]["name"] == RELEASE.catalogue.licence.name
    assert facts["is_constructed"] is True
    assert spans(RELEASE.constructed_periods) in facts["notice"]["nb"]
    assert [each["name"] for each in facts["cube"]["dimensions"]] == ["time_period", "group", "indicator"]
    assert facts["cube"]["measures"] == ["value", "units"]


def test_columns_have_units_and_only_their_own_codes(snapshot: Snapshot) -> None:
    facts = snapshot.json("metadata/facts.json")
    columns = {each["name"]: each for each in facts["columns"]}
    assert list(columns) == list(FACTS.column_names)
    assert columns["value"]["unit"] == {"code": "fte", "label": text("fte")}
    assert columns["value"]["decimals"] == 1
    assert [each["code"] for each in columns["group"]["codelist"]["codes"]] == ["adults", "children"]
    assert columns["group"]["codelist"]["codes"][0]["label"] == text("adults")
    assert columns["obs_note"]["codelist"]["separator"] == ";"
    assert columns["indicator"]["catalogue"] == "indicators"
    # A table lists its possible statuses, with their printed signs.
    assert [each["code"] for each in columns["obs_status"]["codelist"]["codes"]] == ["A", "O", "Q"]
    assert [(each["code"], each["sign"]) for each in facts["statuses"]] == [("A", None), ("O", None), ("Q", ":")]
    assert b"unused" not in metadata_files(snapshot)["facts.json"]


def test_every_file_that_is_named_exists(snapshot: Snapshot) -> None:
    facts = snapshot.json("metadata/facts.json")
    paths = {each["format"]: each["paths"] for each in facts["files"]}
    assert paths["json-stat"] == ["jsonstat/facts/crisis.json", "jsonstat/facts/plan.json"]
    assert paths["px"] == ["px/facts.px"]
    assert paths["xlsx"] == ["xlsx/is248.xlsx"]
    for table in TABLES:
        for each in snapshot.json(f"metadata/{table.name}.json")["files"]:
            assert each["format"] == "duckdb" or all((snapshot.folder / path).is_file() for path in each["paths"])
    # No sheet and no cube of it.
    assert {each["format"] for each in snapshot.json("metadata/indicators.json")["files"]} == {"csv", "parquet", "duckdb"}


def test_of_the_revisions_nothing_is_said_that_their_rows_decide(snapshot: Snapshot) -> None:
    revisions = snapshot.json("metadata/revisions.json")
    assert (revisions["rows"], revisions["temporal"]) == (None, None)
    assert [each["name"] for each in revisions["columns"]] == list(CHANGES.column_names)
    for resource in snapshot.json(data_package.FILE)["resources"]:
        assert ("hash" in resource, "bytes" in resource) == (
            (False, False) if REVISIONS in resource["name"] else (True, True)
        )


def test_a_table_without_constructed_rows_is_not_called_constructed(snapshot: Snapshot) -> None:
    indicators = snapshot.json("metadata/indicators.json")
    assert (indicators["is_constructed"], indicators["notice"]) == (False, None)


# datapackage.json


def problems(folder: Path) -> list[str]:
    report = Package(str(folder / data_package.FILE)).validate()
    return [error for (error,) in report.flatten(["type"])]


def test_frictionless_accepts_the_package_and_its_files(snapshot: Snapshot) -> None:
    command = subprocess.run(
        [sys.executable, "-m", "frictionless", "validate", data_package.FILE],
        cwd=snapshot.folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert command.returncode == 0, command.stdout
    assert problems(snapshot.folder) == []


def test_the_package_says_the_same_in_both_languages(snapshot: Snapshot) -> None:
    package = snapshot.json(data_package.FILE)
    texts = [package, *package["resources"], *(field for each in package["resources"] for field in each["schema"]["fields"])]
    for each in texts:
        assert each["title"]
        assert each["title_en"]
        assert each["description"]
        assert each["description_en"]
    assert package["title"] == RELEASE.catalogue.title.nb
    assert package["title_en"] == RELEASE.catalogue.title.en
    assert RELEASE.notice is not None
    assert package["notice_en"] == RELEASE.notice.en
    assert package["description"].endswith(RELEASE.notice.nb)


def test_both_files_of_a_table_have_the_same_fields(snapshot: Snapshot) -> None:
    resources = {each["name"]: each for each in snapshot.json(data_package.FILE)["resources"]}
    assert list(resources) == [name for table in TABLES for name in (table.name, f"{table.name}.parquet")]
    for table in TABLES:
        assert resources[table.name]["schema"] == resources[f"{table.name}.parquet"]["schema"]
        assert resources[table.name]["schema"]["primaryKey"] == list(table.key)
    (foreign_key,) = resources["facts"]["schema"]["foreignKeys"]
    assert foreign_key == {"fields": ["indicator"], "reference": {"resource": "indicators", "fields": ["indicator"]}}


def test_status_break_and_confidentiality_come_back_as_they_were(snapshot: Snapshot) -> None:
    rows = Package(str(snapshot.folder / data_package.FILE)).get_resource("facts").read_rows()
    names = ("time_period", "group", "value", "units", "series_break", "obs_status", "obs_note", "is_constructed")
    quoted = ", ".join(f'"{name}"' for name in names)
    stored = duckdb.sql(f"select {quoted} from '{snapshot.folder}/parquet/facts.parquet'").fetchall()
    found = [tuple(row[name] for name in names) for row in rows]
    assert [
        tuple(float(cell) if name == "value" and cell is not None else cell for name, cell in zip(names, row, strict=True))
        for row in found
    ] == stored
    breaks = [row["series_break"] for row in rows]
    assert breaks == [False, False, True, True, None]
    assert [type(each) for each in breaks] == [bool, bool, bool, bool, type(None)]
    confidential = [row for row in rows if row["obs_status"] == "Q"]
    assert [(row["value"], row["units"]) for row in confidential] == [(None, None)]
    assert [row["comment"] for row in rows][1] == "'=1+1"


def copy_without_hashes(snapshot: Snapshot, folder: Path) -> Path:
    """Copy the validated files without size and hash, which alone would reveal any change."""
    shutil.copytree(snapshot.folder, folder)
    package = snapshot.json(data_package.FILE)
    package["resources"] = [
        {name: value for name, value in each.items() if name not in ("hash", "bytes")}
        for each in package["resources"]
        if "parquet" not in each["name"]
    ]
    (folder / data_package.FILE).write_text(json.dumps(package), encoding="utf-8")
    return folder


Cells = list[list[str]]


def edit(path: Path, change: Callable[[Cells], Cells]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        cells = list(csv.reader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(change(cells))


def set_cell(row: int, name: str, value: str) -> Callable[[Cells], Cells]:
    def change(cells: Cells) -> Cells:
        cells[row][cells[0].index(name)] = value
        return cells

    return change


def drop_column(name: str) -> Callable[[Cells], Cells]:
    def change(cells: Cells) -> Cells:
        place = cells[0].index(name)
        return [[*row[:place], *row[place + 1 :]] for row in cells]

    return change


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (set_cell(5, "units", "four"), "type-error"),
        (set_cell(5, "units", "4.5"), "type-error"),
        (set_cell(5, "value", "1,5"), "type-error"),
        (set_cell(5, "series_break", "yes"), "type-error"),
        (lambda cells: [*cells, cells[1]], "primary-key"),
        (set_cell(5, "group", "adult"), "constraint-error"),
        (set_cell(5, "obs_status", "E"), "constraint-error"),
        (set_cell(5, "obs_note", "corrected,half_missing"), "constraint-error"),
        (set_cell(5, "obs_note", "corrected;"), "constraint-error"),
        (set_cell(5, "time_period", ""), "constraint-error"),
        (set_cell(5, "indicator", "plans"), "foreign-key"),
        (drop_column("series_break"), "missing-label"),
        (drop_column("is_constructed"), "missing-label"),
        (lambda cells: [[*row, "x"] for row in cells], "extra-label"),
        (lambda cells: [*cells[:-1], cells[-1][:-1]], "missing-cell"),
    ],
    ids=[
        "text for an integer",
        "decimals for an integer",
        "decimal comma",
        "other words for true",
        "duplicate key",
        "unknown code",
        "a status that the table has not",
        "notes joined by a comma",
        "half a note",
        "empty key",
        "unknown indicator",
        "column missing",
        "last column missing",
        "column too many",
        "cell missing",
    ],
)
def test_a_file_that_contradicts_the_package_is_refused(
    snapshot: Snapshot, tmp_path: Path, change: Callable[[Cells], Cells], error: str
) -> None:
    folder = copy_without_hashes(snapshot, tmp_path / "changed")
    assert problems(folder) == []
    edit(folder / "csv" / "facts.csv", change)
    assert error in problems(folder)


@pytest.fixture(scope="module")
def editable(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield copy_without_hashes(snapshot, tmp_path_factory.mktemp("editable") / "copy")


CHECKED = [each.name for each in FACTS.columns if each.type != "VARCHAR" or each.codelist is not None]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(row=st.integers(1, 5), name=st.sampled_from(CHECKED), value=st.text("abc xyz;,.-", min_size=1).filter(str.strip))
def test_no_stray_text_passes_for_a_number_a_truth_value_or_a_code(editable: Path, row: int, name: str, value: str) -> None:
    path = editable / "csv" / "facts.csv"
    before = path.read_bytes()
    try:
        edit(path, set_cell(row, name, value))
        assert {"type-error", "constraint-error"} & set(problems(editable))
    finally:
        path.write_bytes(before)


@pytest.mark.parametrize("path", ["csv/facts.csv", "parquet/facts.parquet"])
def test_a_damaged_file_is_found_by_its_hash(snapshot: Snapshot, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(snapshot.folder, folder)
    content = bytearray((folder / path).read_bytes())
    content[-6] ^= 1
    (folder / path).write_bytes(content)
    assert "hash-count" in problems(folder)


def test_a_key_column_with_empty_cells_is_not_called_required(tmp_path: Path) -> None:
    table = described("facts", ["a", "b"], [column("a"), column("b")])
    for name in ("csv", "parquet"):
        (tmp_path / name).mkdir()
    with duckdb.connect() as connection:
        connection.execute("create table facts as select * from (values ('x', null), ('y', 'z')) as t (a, b)")
        delimited.write(connection, table, tmp_path / "csv" / "facts.csv")
        parquet.write(connection, table, tmp_path / "parquet" / "facts.parquet")
    data_package.write([table], RELEASE, tmp_path)
    (first, _) = Snapshot(tmp_path).json(data_package.FILE)["resources"]
    assert [each.get("constraints") for each in first["schema"]["fields"]] == [{"required": True}, None]
    assert problems(tmp_path) == []


# dcat.jsonld


def graph_of(snapshot: Snapshot) -> Graph:
    return Graph().parse(snapshot.folder / dcat.FILE, format="json-ld")


def results(graph: Graph) -> list[str]:
    """Validate by the shapes, without a network; recommendations count too."""
    shapes = Graph().parse(SHAPES / "profile.ttl")
    together = graph + Graph().parse(SHAPES / "vocabularies.ttl")
    _, report, message = validate(together, shacl_graph=shapes, inference="none")
    assert isinstance(report, Graph)
    found = report.subjects(RDF.type, URIRef("http://www.w3.org/ns/shacl#ValidationResult"))
    return [message for _ in found]


def test_the_shapes_are_valid_shapes() -> None:
    shapes = Graph().parse(SHAPES / "profile.ttl")
    validate(Graph(), shacl_graph=shapes, meta_shacl=True)


def test_the_catalogue_conforms_to_the_profile(snapshot: Snapshot) -> None:
    assert results(graph_of(snapshot)) == []


def test_the_context_is_in_the_file(snapshot: Snapshot) -> None:
    document = snapshot.json(dcat.FILE)
    assert all(value.startswith("http") for value in document["@context"].values())
    # A prefix that the context does not have would stay an address of its own.
    prefixes = {str(each).split(":")[0] for triple in graph_of(snapshot) for each in triple if isinstance(each, URIRef)}
    assert prefixes == {"http", "https", "mailto"}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (DCAT.Catalog, DCTERMS.title),
        (DCAT.Catalog, DCTERMS.description),
        (DCAT.Catalog, DCTERMS.identifier),
        (DCAT.Catalog, DCTERMS.publisher),
        (DCAT.Catalog, DCAT.dataset),
        (DCAT.Catalog, DCTERMS.license),
        (DCAT.Dataset, DCTERMS.title),
        (DCAT.Dataset, DCTERMS.description),
        (DCAT.Dataset, DCTERMS.identifier),
        (DCAT.Dataset, DCTERMS.publisher),
        (DCAT.Dataset, DCAT.theme),
        (DCAT.Dataset, DCAT.contactPoint),
        (DCAT.Dataset, DCAT.keyword),
        (DCAT.Dataset, DCTERMS.accessRights),
        (DCAT.Dataset, DCTERMS.spatial),
        (DCAT.Dataset, DCAT.distribution),
        (DCAT.Distribution, DCAT.accessURL),
        (DCAT.Distribution, DCTERMS.format),
        (DCAT.Distribution, DCTERMS.license),
        (DCAT.Distribution, DCTERMS.description),
        (FOAF.Agent, FOAF.name),
        (FOAF.Agent, DCTERMS.identifier),
        (VCARD.Organization, VCARD.fn),
        (VCARD.Organization, VCARD.hasEmail),
        (SPDX.Checksum, SPDX.algorithm),
        (SPDX.Checksum, SPDX.checksumValue),
        (DCTERMS.Standard, DCTERMS.title),
    ],
)
def test_a_property_that_the_profile_asks_for_is_missed(snapshot: Snapshot, kind: URIRef, name: URIRef) -> None:
    graph = graph_of(snapshot)
    subject = sorted(graph.subjects(RDF.type, kind), key=lambda each: sorted(map(str, graph.predicate_objects(each))))[0]
    assert (subject, name, None) in graph
    graph.remove((subject, name, None))
    assert results(graph)


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("kind", [DCAT.Catalog, DCAT.Dataset, DCAT.Distribution])
def test_a_title_that_one_language_lacks_is_missed(snapshot: Snapshot, kind: URIRef, language: str) -> None:
    graph = graph_of(snapshot)
    subject = sorted(graph.subjects(RDF.type, kind))[0]
    (title,) = [
        each for each in graph.objects(subject, DCTERMS.title) if isinstance(each, Literal) and each.language == language
    ]
    graph.remove((subject, DCTERMS.title, title))
    assert results(graph)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (DCAT.byteSize, Literal(12)),
        (DCAT.theme, URIRef("https://example.org/theme")),
        (DCTERMS.accessRights, URIRef("https://example.org/open")),
        (DCTERMS.license, URIRef("https://example.org/licence")),
        (DCTERMS.format, Literal("CSV")),
        (DCAT.mediaType, Literal("text/csv")),
        (DCAT.startDate, Literal("2016", datatype=XSD.gYear)),
        (DCAT.endDate, Literal("2000-12-31", datatype=XSD.date)),
        (DCAT.downloadURL, Literal("csv/facts.csv")),
        (DCTERMS.accrualPeriodicity, Literal("yearly")),
        (DCTERMS.issued, Literal("13.06.2019")),
        (DCTERMS.modified, Literal("2019", datatype=XSD.gYear)),
    ],
)
def test_a_value_that_the_profile_does_not_know_is_refused(snapshot: Snapshot, name: URIRef, value: Any) -> None:
    graph = graph_of(snapshot)
    subject = sorted(graph.subjects(name))[0]
    graph.set((subject, name, value))
    assert results(graph)


def test_every_table_is_a_data_set_with_its_files(snapshot: Snapshot) -> None:
    graph, address = graph_of(snapshot), RELEASE.catalogue.address
    assert len(set(graph.objects(None, DCAT.dataset))) == len(TABLES)
    for table in TABLES:
        dataset = URIRef(f"{address}{dcat.FILE}#{table.name}")
        addresses = {
            str(link)
            for distribution in graph.objects(dataset, DCAT.distribution)
            for link in graph.objects(distribution, DCAT.downloadURL)
        }
        files = snapshot.json(f"metadata/{table.name}.json")["files"]
        assert addresses == {address + path for each in files for path in each["paths"]}


def test_sizes_and_checksums_are_those_of_the_files(snapshot: Snapshot) -> None:
    graph, address = graph_of(snapshot), RELEASE.catalogue.address
    checked = set()
    for distribution, checksum in graph.subject_objects(SPDX.checksum):
        path = str(graph.value(distribution, DCAT.downloadURL)).removeprefix(address)
        content = (snapshot.folder / path).read_bytes()
        value = graph.value(checksum, SPDX.checksumValue)
        assert isinstance(value, Literal)
        assert value.datatype == XSD.hexBinary
        assert value.value == hashlib.sha1(content).digest()
        assert graph.value(distribution, DCAT.byteSize) == Literal(str(len(content)), datatype=XSD.decimal)
        checked.add(path)
    # Not the database, whose bytes do not depend on the tables alone, nor the revisions, nor a cube of several files.
    assert checked == {
        *(f"{name}/{table}.{name}" for name in ("csv", "parquet") for table in ("facts", "indicators")),
        "px/facts.px",
        "xlsx/is248.xlsx",
    }


def test_the_period_and_what_is_constructed_are_stated(snapshot: Snapshot) -> None:
    graph, address = graph_of(snapshot), RELEASE.catalogue.address
    facts, revisions = (URIRef(f"{address}{dcat.FILE}#{name}") for name in ("facts", REVISIONS))
    period = graph.value(facts, DCTERMS.temporal)
    assert period is not None
    assert graph.value(period, DCAT.startDate) == Literal("2016-01-01", datatype=XSD.date)
    assert graph.value(period, DCAT.endDate) == Literal("2018-12-31", datatype=XSD.date)
    assert graph.value(revisions, DCTERMS.temporal) is None
    assert RELEASE.notice is not None
    assert Literal(f"{FACTS.description.en} {RELEASE.notice.en}", lang="en") in graph.objects(facts, DCTERMS.description)
    assert len(list(graph.objects(facts, DCTERMS.provenance))) == 2


def test_what_is_released_says_when_and_what_is_not_says_nothing(snapshot: Snapshot, tmp_path: Path) -> None:
    graph = graph_of(snapshot)
    described = [*graph.subjects(RDF.type, DCAT.Catalog), *graph.subjects(RDF.type, DCAT.Dataset)]
    described += graph.subjects(RDF.type, DCAT.Distribution)
    at = Literal("2019-06-13T08:00:00+02:00", datatype=XSD.dateTime)
    for name in (DCTERMS.issued, DCTERMS.modified):
        assert set(graph.subject_objects(name)) == {(each, at) for each in described}
    unreleased = graph_of(written(tmp_path, replace(RELEASE, released_at=None)))
    assert results(unreleased) == []
    assert not {*unreleased.subjects(DCTERMS.issued), *unreleased.subjects(DCTERMS.modified)}
