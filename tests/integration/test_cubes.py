"""JSON-stat and PX give the whole table back, read by libraries that are not their writers."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyaxis import pyaxis
from pyaxis.data_processing import get_codes
from pyjstat import pyjstat

from benchmarks import pxweb
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, Table, load_tables
from orchestration.publish.formats import json_stat, px
from orchestration.publish.publication_metadata import Code, Release, load_catalogue

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "json_stat_dataset.schema.json").read_text(encoding="utf-8"))
METADATA = PROJECT_DIR / "data" / "metadata"

Row = dict[str, Any]

STATUSES = "AIEPUQOML"
SIGNS = {"Q": ":", "O": "..", "M": ".", "L": ".."}
# A confidential cell has three dots in the file, which readers print as the sign of the code list.
MISSING = {"Q": '"..."', "O": '".."', "M": '"."', "L": '".."'}


def texts(nb: str, en: str) -> dict[str, str]:
    return {"nb": nb, "en": en}


def column(name: str, kind: str, **more: Any) -> Row:
    title = texts(f"{name} «på norsk»", f"{name} in English")
    return {"name": name, "type": kind, "title": title, "description": texts(f"Om {name}.", f"About {name}."), **more}


TABLE = Table.model_validate(
    {
        "table": "example",
        "title": texts('Årsverk, også kalt "stillinger"', 'FTE, called "positions" too'),
        "description": texts("Beskrivelse; med = tegn [og] " + "mange ord " * 60, "Description " + "with many words " * 40),
        "population": texts("Alle.", "All."),
        "key": ["time_period", "series", "unit_level", "unit_code", "service_type"],
        "measures": ["fte", "units", "population", "share", "unit_set"],
        "statuses": list(STATUSES),
        "cube": {
            "dimensions": [
                {"name": "time_period", "role": "time", "attributes": ["series", "unit_set"]},
                {"name": "unit", "role": "geo", "columns": ["unit_level", "unit_code"], "label": "unit_name"},
                {"name": "service_type"},
            ]
        },
        "columns": [
            column("time_period", "INTEGER"),
            column("series", "VARCHAR"),
            column("unit_level", "VARCHAR"),
            column("unit_code", "VARCHAR"),
            column("unit_name", "VARCHAR"),
            column("service_type", "VARCHAR"),
            column("fte", "DOUBLE", unit="fte", decimals=1),
            column("units", "INTEGER", unit="units"),
            column("population", "BIGINT"),
            column("share", "DOUBLE", unit="ratio", decimals=3),
            column("unit_set", "VARCHAR"),
            column("n_answered", "INTEGER"),
            column("series_break", "BOOLEAN"),
            column("obs_status", "VARCHAR"),
            column("absence_reason", "VARCHAR"),
            column("obs_note", "VARCHAR"),
            column("is_constructed", "BOOLEAN"),
        ],
    }
)


def codes(*given: str, **signs: str) -> dict[str, Code]:
    return {code: Code(Label(nb=f"{code} på norsk", en=f"{code} in English"), None, signs.get(code)) for code in given}


RELEASE = Release(
    catalogue=load_catalogue(METADATA),
    channel="demo",
    time_period=2023,
    constructed_periods=(2022, 2023),
    codes={
        "obs_status": codes(*STATUSES, **SIGNS),
        "unit_level": codes("country", "hf_area", "county", "size_group"),
        "size_group": codes("lt2000", "2000_5000", "ge50000"),
        "service_type": codes("home", "other", "total"),
        "unit_of_measure": codes("fte", "units", "ratio"),
    },
)


# A summer release, and that of the following winter.
RELEASED = replace(
    RELEASE,
    released_at=datetime.fromisoformat("2031-06-12T08:00+02:00"),
    next_release_at=datetime.fromisoformat("2031-11-13T08:00+01:00"),
)


def row(year: int, level: str, code: str, service: str, **more: Any) -> Row:
    """Return a row with a normal status; years decide series and unit set."""
    return {
        "time_period": year,
        "series": "is24" if year < 2015 else "is248",
        "unit_level": level,
        "unit_code": code,
        "unit_name": f"{level} {code}",
        "service_type": service,
        "fte": 1.0,
        "units": 1,
        "population": 10,
        "share": 0.1,
        "unit_set": None if year < 2015 else "municipalities",
        "n_answered": None,
        "series_break": False,
        "obs_status": "A",
        "absence_reason": None,
        "obs_note": None,
        "is_constructed": True,
        **more,
    }


EMPTY: Row = {"fte": None, "units": None, "population": None, "share": None}

ROWS = [
    row(2013, "county", "11", "total", fte=1234.5, share=0.1 + 0.2, unit_name='Rogaland, "gamle" (fylke); ÆØÅ = æøå'),
    row(2013, "hf_area", "11", "total", fte=1e-07, share=1e-05, unit_name='Rogaland, "gamle" (fylke); ÆØÅ = æøå'),
    row(2013, "size_group", "ge50000", "total", obs_status="I", obs_note="half_missing", fte=0.0, units=None, share=0.0),
    row(2013, "size_group", "lt2000", "home", obs_status="P", is_constructed=False, n_answered=7),
    row(2022, "county", "11", "home", series_break=True, obs_status="E", obs_note='a;"b"', n_answered=12, fte=-2.25),
    row(2022, "county", "11", "total", series_break=True, fte=1e22, share=123456789.125, population=9007199254740993),
    row(2022, "hf_area", "11", "other", obs_status="U", units=0),
    row(2022, "country", "0", "home", **EMPTY, obs_status="Q", absence_reason="confidential"),
    row(2022, "country", "0", "total", **EMPTY, obs_status="Q", absence_reason="confidential", series_break=True),
    row(2023, "country", "0", "total", **EMPTY, obs_status="O", absence_reason="not_answered"),
    row(2023, "country", "0", "home", **EMPTY | {"units": 3}, obs_status="M", absence_reason="not_applicable"),
    row(2023, "country", "0", "other", **EMPTY, obs_status="L", absence_reason="not_asked", series_break=True),
    row(2023, "county", "11", "other", unit_name="Rogaland"),
]


def filled(table: Table, rows: list[Row]) -> duckdb.DuckDBPyConnection:
    """Return a connection whose default schema has the table and the breaks."""
    connection = duckdb.connect()
    connection.execute(
        """
        create table series_breaks (
            indicator varchar, time_period integer, kind varchar, description_nb varchar, description_en varchar
        )
        """
    )
    connection.execute("insert into series_breaks values ('example', 2022, 'scope', 'Mer, og «nytt».', 'More.')")
    connection.execute("insert into series_breaks values ('example', 2014, 'mode', 'Året finnes ikke.', 'No such year.')")
    connection.execute(f"create table {table.name} ({', '.join(f'{each.name} {each.type}' for each in table.columns)})")
    if rows:
        connection.executemany(
            f"insert into {table.name} values ({', '.join('?' for _ in table.columns)})",
            [[each[name] for name in table.column_names] for each in rows],
        )
    return connection


def check_dataset(document: Any) -> None:
    """Check a file against the schema, and conditions that no schema can express."""
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert len(document["id"]) == len(document["size"])
    assert set(document["id"]) == set(document["dimension"])
    assert {name for names in document["role"].values() for name in names} <= set(document["id"])
    for name, size in zip(document["id"], document["size"], strict=True):
        category = document["dimension"][name]["category"]
        assert len(category["index"]) == size
        assert list(category.get("label", {})) == category["index"]
        for more in ("note", "unit"):
            assert set(category.get(more, {})) <= set(category["index"])
    assert len(document["value"]) == len(document["status"]) == math.prod(document["size"])


def of_json_stat(document: Any) -> list[Row]:
    """Return the rows of a file, using its own metadata."""
    *names, measure = document["id"]
    indexes = [document["dimension"][name]["category"]["index"] for name in names]
    measures = document["dimension"][measure]["category"]["index"]
    extension = document["extension"]
    others = {
        name: {cell: value for value, cells in column["others"] for cell in cells}
        for name, column in extension["rows"].items()
    }
    rows = []
    for cell, members in enumerate(product(*indexes)):
        own = slice(cell * len(measures), (cell + 1) * len(measures))
        numbers, statuses = document["value"][own], document["status"][own]
        if statuses[0] is None:
            assert numbers == statuses == [None] * len(measures)
            continue
        found: Row = dict(extension.get("each", {}))
        for name, member in zip(names, members, strict=True):
            columns = extension["columns"][name]
            found.update(zip(columns, member.split(":", len(columns) - 1), strict=True))
            for attribute, values in extension["attributes"].get(name, {}).items():
                found[attribute] = values.get(member)
        found.update(zip(measures, numbers, strict=True))
        for name, column in extension["rows"].items():
            found[name] = others[name].get(cell, column["default"])
        if statuses[0] != "B":
            found["obs_status"] = statuses[0]
        found["series_break"] = statuses[0] == "B"
        shown = statuses[0]
        for name, status in zip(measures[1:], statuses[1:], strict=True):
            absent = found[name] is None and found[measures[0]] is not None
            assert status == ("M" if absent else shown)
        found["time_period"] = int(found["time_period"])
        rows.append(found)
    return rows


def of_px(path: Path, language: str | None = None) -> tuple[dict[str, Any], list[Row]]:
    """Return what pyaxis reads: the keywords, and a row per combination with the cell of each content as written."""
    parsed = pyaxis.parse(str(path), encoding="utf-8", lang=language)
    keywords = parsed["METADATA"]
    _, of_codes = get_codes(keywords)
    contents = of_codes[-1]
    cells = list(parsed["DATA"]["DATA"])
    rows = []
    for place, members in enumerate(product(*of_codes[:-1])):
        names = [*keywords["STUB"], *keywords["HEADING"]][:-1]
        own = cells[place * len(contents) : (place + 1) * len(contents)]
        rows.append({**dict(zip(names, members, strict=True)), **dict(zip(contents, own, strict=True))})
    assert len(rows) * len(contents) == len(cells)
    return keywords, rows


def raw_cells(path: Path) -> list[str]:
    """Return the cells as in the file; pyaxis turns some signs into empty texts."""
    return path.read_text(encoding="utf-8").partition("DATA=\n")[2].removesuffix(";\n").split()


def without_names(rows: list[Row]) -> list[Row]:
    """Return rows in the order of the key, without the name of the unit, which is a label."""
    return sorted(
        ({name: value for name, value in each.items() if name != "unit_name"} for each in rows),
        key=lambda each: [str(each[name]) for name in TABLE.key],
    )


def written_json_stat(rows: list[Row], folder: Path, table: Table = TABLE) -> Any:
    json_stat.write(filled(table, rows), table, RELEASE, folder)
    return json.loads((folder / f"{table.name}.json").read_text(encoding="utf-8"))


def check_px(rows: list[Row], path: Path) -> None:
    """Check that a file has the numbers, statuses and breaks of exactly these rows, and that PxWeb accepts it."""
    verdict = pxweb.judge(path.read_bytes())
    assert verdict.is_taken, (verdict.errors, verdict.warnings)
    keywords, found = of_px(path)
    year, unit, service = (TABLE.column(name).title.nb for name in ("time_period", "unit_name", "service_type"))
    cells = raw_cells(path)
    contents = keywords["CODES(Statistikkvariabel)"]
    by_key = {
        (each["time_period"], f"{each['unit_level']}:{each['unit_code']}", each["service_type"]): each for each in rows
    }
    seen = 0
    for place, each in enumerate(found):
        own = dict(zip(contents, cells[place * len(contents) : (place + 1) * len(contents)], strict=True))
        expected = by_key.get((int(each[year]), each[unit], each[service]))
        if expected is None:
            assert set(own.values()) == {'"."'}
            continue
        seen += 1
        assert STATUSES[int(own["obs_status"]) - 1] == expected["obs_status"]
        assert (own["series_break"] == "1") is expected["series_break"]
        for name in TABLE.cube_measures:
            if expected[name] is None:
                absent = name != "fte" and expected["fte"] is not None
                assert own[name] == ('"."' if absent else MISSING.get(expected["obs_status"], '".."'))
            else:
                assert re.fullmatch(r"-?\d+(\.\d+)?", own[name])
                assert type(expected[name])(own[name]) == expected[name]
                assert each[name] == own[name]
    assert seen == len(rows)


def test_json_stat_gives_every_column_of_every_row_back(tmp_path: Path) -> None:
    document = written_json_stat(ROWS, tmp_path)
    check_dataset(document)
    assert without_names(of_json_stat(document)) == without_names(ROWS)
    assert document["role"] == {"time": ["time_period"], "geo": ["unit"], "metric": ["measure"]}


def test_pyjstat_reads_the_same_cells(tmp_path: Path) -> None:
    document = written_json_stat(ROWS, tmp_path)
    frame = pyjstat.Dataset.read((tmp_path / "example.json").read_text(encoding="utf-8")).write("dataframe", naming="id")
    expected = {
        (str(each["time_period"]), f"{each['unit_level']}:{each['unit_code']}", each["service_type"], measure): each[measure]
        for each in ROWS
        for measure in TABLE.cube_measures
        if each[measure] is not None
    }
    found = {
        tuple(values): value for *values, value in frame.itertuples(index=False) if value is not None and value == value
    }
    assert list(frame.columns) == [*document["id"], "value"]
    assert len(frame) == math.prod(document["size"])
    assert found == {key: pytest.approx(value, rel=1e-15) for key, value in expected.items()}


def test_integers_stay_integers_and_numbers_are_the_shortest(tmp_path: Path) -> None:
    written_json_stat(ROWS, tmp_path)
    text = (tmp_path / "example.json").read_text(encoding="utf-8")
    values = text.partition('"value":[')[2].partition("]")[0].split(",")
    assert {"9007199254740993", "1234.5", "0.30000000000000004", "1e-05", "0", "-2.25"} <= set(values)
    assert not [value for value in values if value.endswith(".0")]
    assert text.endswith("}\n")
    assert text.count("\n") == 1


def test_a_break_hides_a_status_only_in_the_cell(tmp_path: Path) -> None:
    document = written_json_stat(ROWS, tmp_path)
    hidden = document["extension"]["rows"]["obs_status"]
    assert hidden["default"] == "A"
    assert [value for value, _ in hidden["others"]] == ["E", "L", "Q"]
    assert {"B", "Q", "M"} <= set(document["extension"]["status"])


def test_a_confidential_cell_has_no_number(tmp_path: Path) -> None:
    document = written_json_stat(ROWS, tmp_path)
    confidential = [each for each in of_json_stat(document) if each["obs_status"] == "Q"]
    assert len(confidential) == 2
    for each in confidential:
        assert [each[name] for name in TABLE.cube_measures] == [None] * 4
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    keywords, found = of_px(tmp_path / "example.px")
    assert keywords["DATASYMBOL3"] == [":"]
    cells = [each for each in found if each["obs_status"] == str(STATUSES.index("Q") + 1)]
    assert len(cells) == 2
    for each in cells:
        assert {each[name] for name in TABLE.cube_measures} == {'"..."'}


def test_signs_of_readers_never_change_what_the_dots_of_missing_rows_mean(tmp_path: Path) -> None:
    release = replace(RELEASE, codes={**RELEASE.codes, "obs_status": codes(*STATUSES, Q=":", L="-")})
    px.write(filled(TABLE, ROWS), TABLE, release, tmp_path)
    keywords, _ = of_px(tmp_path / "example.px")
    assert {name: value for name, value in keywords.items() if name.startswith("DATASYMBOL")} == {
        "DATASYMBOL3": [":"],
        "DATASYMBOL4": ["-"],
    }


def test_what_is_constructed_is_stated_first(tmp_path: Path) -> None:
    document = written_json_stat(ROWS, tmp_path)
    assert RELEASE.notice is not None
    assert document["note"][0] == RELEASE.notice.nb
    assert document["extension"]["en"]["note"][0] == RELEASE.notice.en
    assert document["extension"]["is_constructed"] is True
    assert document["extension"]["rows"]["is_constructed"]["default"] is True
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    keywords, _ = of_px(tmp_path / "example.px")
    assert keywords["NOTEX"] == [RELEASE.notice.nb]


def test_breaks_are_notes_of_their_years(tmp_path: Path) -> None:
    document = written_json_stat(ROWS, tmp_path)
    assert document["dimension"]["time_period"]["category"]["note"] == {"2022": ["Brudd (scope): Mer, og «nytt»."]}
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    keywords, _ = of_px(tmp_path / "example.px")
    year = TABLE.column("time_period").title.nb
    assert "Brudd (scope): Mer, og «nytt»." in " ".join(keywords[f"VALUENOTE({year},2022)"])
    assert "2014: Brudd (mode): Året finnes ikke." in " ".join(keywords["NOTE"])


def test_px_gives_numbers_statuses_and_breaks_of_every_row_back(tmp_path: Path) -> None:
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    check_px(ROWS, tmp_path / "example.px")


def test_px_reads_alike_in_both_languages(tmp_path: Path) -> None:
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    norwegian, rows = of_px(tmp_path / "example.px")
    english, same = of_px(tmp_path / "example.px", "en")
    assert english["STUB"] == ["unit_name in English", "service_type in English"]
    assert norwegian["STUB"] == ["unit_name «på norsk»", "service_type «på norsk»"]
    assert english["TITLE"] == ["FTE, called 'positions' too"]
    assert " ".join(norwegian["NOTE"]).startswith(f"{TABLE.description.nb.strip()}##Alle.")
    assert [list(each.values()) for each in rows] == [list(each.values()) for each in same]


def test_px_has_what_the_format_wants(tmp_path: Path) -> None:
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    content = (tmp_path / "example.px").read_bytes()
    head = content.decode("utf-8").partition("DATA=\n")[0]
    assert max(len(line) for line in head.splitlines()) <= 256
    assert b"\r" not in content
    assert content.endswith(b";\n")
    keywords, _ = of_px(tmp_path / "example.px")
    mandatory = (
        "CHARSET AXIS-VERSION CODEPAGE LANGUAGE DECIMALS SHOWDECIMALS MATRIX SUBJECT-CODE SUBJECT-AREA TITLE "
        "CONTENTS STUB HEADING CONTVARIABLE"
    )
    assert set(mandatory.split()) <= set(keywords)
    for label in keywords["VALUES(Statistikkvariabel)"]:
        assert keywords[f"UNITS({label})"]
    labels = keywords["VALUES(unit_name «på norsk»)"]
    assert len(set(labels)) == len(labels)
    assert keywords["CODES(unit_name «på norsk»)"] == [
        "country:0", "hf_area:11", "county:11", "size_group:lt2000", "size_group:ge50000",
    ]  # fmt: skip


def test_times_are_those_of_the_calendar_and_without_a_release_there_are_none(tmp_path: Path) -> None:
    json_stat.write(filled(TABLE, ROWS), TABLE, RELEASED, tmp_path)
    document = json.loads((tmp_path / "example.json").read_text(encoding="utf-8"))
    check_dataset(document)
    assert document["updated"] == "2031-06-12T08:00:00+02:00"
    assert pyjstat.Dataset.read(json.dumps(document))["updated"] == document["updated"]
    px.write(filled(TABLE, ROWS), TABLE, RELEASED, tmp_path)
    keywords, _ = of_px(tmp_path / "example.px")
    contents = keywords["VALUES(Statistikkvariabel)"]
    for keyword in ("CREATION-DATE", "LAST-UPDATED", *(f"LAST-UPDATED({content})" for content in contents)):
        assert keywords[keyword] == ["20310612 08:00"]
    assert keywords["NEXT-UPDATE"] == ["20311113 08:00"]
    assert "updated" not in written_json_stat(ROWS, tmp_path)
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    keywords, _ = of_px(tmp_path / "example.px")
    assert not [name for name in keywords if name.startswith(("CREATION-DATE", "LAST-UPDATED", "NEXT-UPDATE"))]


@pytest.mark.parametrize(
    ("channel", "constructed", "says", "expected"),
    [
        ("official", (), True, "YES"),
        ("official", (), False, "NO"),
        ("official", (2023,), True, "NO"),
        ("demo", (), True, "NO"),
        ("rehearsal", (), True, "NO"),
    ],
)
def test_official_statistics_are_what_the_publisher_says_and_the_channel_lets_out(
    channel: Any, constructed: tuple[int, ...], says: bool, expected: str, tmp_path: Path
) -> None:
    release = replace(
        RELEASE,
        channel=channel,
        constructed_periods=constructed,
        catalogue=RELEASE.catalogue.model_copy(update={"official_statistics": says}),
    )
    px.write(filled(TABLE, ROWS), TABLE, release, tmp_path)
    assert f"\nOFFICIAL-STATISTICS={expected};\n" in (tmp_path / "example.px").read_text(encoding="utf-8")


def test_the_units_of_the_table_are_those_of_its_numbers_and_each_content_has_its_own(tmp_path: Path) -> None:
    px.write(filled(TABLE, ROWS), TABLE, RELEASE, tmp_path)
    for language, words in ((None, "på norsk"), ("en", "in English")):
        keywords, _ = of_px(tmp_path / "example.px", language)
        (contents,) = keywords["CONTVARIABLE"]
        population = "population «på norsk»" if language is None else "population in English"
        assert keywords["UNITS"] == [f"fte {words}, units {words}, {population}, ratio {words}"]
        assert [keywords[f"UNITS({label})"][0] for label in keywords[f"VALUES({contents})"]][:4] == [
            f"fte {words}", f"units {words}", population, f"ratio {words}",
        ]  # fmt: skip


def test_a_label_of_two_codes_is_told_apart_by_level_and_code(tmp_path: Path) -> None:
    rows = [row(2022, level, "11", "total", unit_name='Oslo "by"') for level in ("county", "hf_area")]
    px.write(filled(TABLE, rows), TABLE, RELEASE, tmp_path)
    keywords, _ = of_px(tmp_path / "example.px")
    assert keywords["VALUES(unit_name «på norsk»)"] == [
        "Oslo 'by' (hf_area på norsk 11)",
        "Oslo 'by' (county på norsk 11)",
    ]
    document = written_json_stat(rows, tmp_path)
    assert document["dimension"]["unit"]["category"]["label"] == {"hf_area:11": 'Oslo "by"', "county:11": 'Oslo "by"'}


def test_equal_tables_have_equal_bytes(tmp_path: Path) -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    for folder, rows in (("a", ROWS), ("b", shuffled)):
        json_stat.write(filled(TABLE, rows), TABLE, RELEASE, tmp_path / folder)
        px.write(filled(TABLE, rows), TABLE, RELEASE, tmp_path / folder)
    for name in ("example.json", "example.px"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_one_row_is_a_cube(tmp_path: Path) -> None:
    document = written_json_stat(ROWS[:1], tmp_path)
    check_dataset(document)
    assert document["size"] == [1, 1, 1, 4]
    assert without_names(of_json_stat(document)) == without_names(ROWS[:1])
    px.write(filled(TABLE, ROWS[:1]), TABLE, RELEASE, tmp_path)
    check_px(ROWS[:1], tmp_path / "example.px")


def test_a_table_without_rows_is_an_empty_cube_and_no_px_file(tmp_path: Path) -> None:
    document = written_json_stat([], tmp_path)
    check_dataset(document)
    assert document["size"] == [0, 0, 0, 4]
    assert of_json_stat(document) == []
    px.write(filled(TABLE, []), TABLE, RELEASE, tmp_path)
    assert not (tmp_path / "example.px").exists()


def test_a_cube_for_each_value(tmp_path: Path) -> None:
    content = TABLE.model_dump()
    *others, _ = content["cube"]["dimensions"]
    content["cube"] = {"each": "service_type", "dimensions": others}
    table = Table.model_validate(content)
    json_stat.write(filled(table, ROWS), table, RELEASE, tmp_path)
    files = sorted((tmp_path / "example").iterdir())
    assert [file.name for file in files] == ["home.json", "other.json", "total.json"]
    found = []
    for file in files:
        document = json.loads(file.read_text(encoding="utf-8"))
        check_dataset(document)
        assert document["label"].endswith(f": {file.stem} på norsk")
        found += of_json_stat(document)
    assert without_names(found) == without_names(ROWS)


@pytest.mark.parametrize("table", [table for table in load_tables(METADATA) if table.cube], ids=lambda table: table.name)
def test_every_described_cube_can_be_written(table: Table, tmp_path: Path) -> None:
    connection = filled(table, [])
    json_stat.write(connection, table, RELEASE, tmp_path)
    px.write(connection, table, RELEASE, tmp_path)
    for file in tmp_path.glob("*.json"):
        check_dataset(json.loads(file.read_text(encoding="utf-8")))


NUMBERS = st.none() | st.floats(-1e12, 1e12).map(lambda number: round(number, 10)) | st.integers(-9, 9).map(float)
COUNTS = st.none() | st.integers(-(2**31), 2**31 - 1)
WORDS = st.none() | st.text(alphabet="aæøåÅ\"'#;:=,()[]\\ -.0", min_size=1, max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> list[Row]:
    """Rows of a random part of all keys, with random cells."""
    keys = draw(
        st.sets(
            st.tuples(
                st.sampled_from([2010, 2015, 2020]),
                st.sampled_from([("county", "11"), ("hf_area", "11"), ("size_group", "lt2000"), ("country", "0")]),
                st.sampled_from(["home", "total", "unlisted"]),
            ),
            min_size=1,
            max_size=12,
        )
    )
    rows = []
    for year, (level, code), service in keys:
        status = draw(st.sampled_from(STATUSES))
        cells: Row = {"fte": draw(NUMBERS), "share": draw(NUMBERS), "units": draw(COUNTS), "population": draw(COUNTS)}
        rows.append(
            row(
                year,
                level,
                code,
                service,
                **(EMPTY if status == "Q" else cells),
                obs_status=status,
                unit_name=draw(WORDS),
                series_break=draw(st.booleans()),
                absence_reason=draw(st.sampled_from([None, "confidential", "not_asked"])),
                obs_note=draw(WORDS),
                n_answered=draw(COUNTS),
                is_constructed=draw(st.sampled_from([None, True, False])),
            )
        )
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("cubes")


@settings(max_examples=60, deadline=None)
@given(rows=tables())
def test_any_table_comes_back(folder: Path, rows: list[Row]) -> None:
    document = written_json_stat(rows, folder)
    check_dataset(document)
    assert without_names(of_json_stat(document)) == without_names(rows)
    px.write(filled(TABLE, rows), TABLE, RELEASE, folder)
    check_px(rows, folder / "example.px")
