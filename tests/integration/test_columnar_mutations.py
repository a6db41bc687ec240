"""SPSS and Parquet files changed in many ways: each is refused, or read with unchanged figures, or the cell is reported.

Changes of the encoding but not the meaning (packing, types, order, formats, declarations) must not change a figure. A change
of a cell must change only that cell, and appear in the ledger. Changed bytes must never give another figure.
"""

from __future__ import annotations

import io
import math
import random
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest

from orchestration.core.errors import UserError
from orchestration.forms.registry import load_forms
from orchestration.ingest.capture import CapturedFile
from orchestration.ingest.delivery_files import read_file
from tests.integration.deliveries_kit import (
    COLUMNS,
    FORM,
    OPTIONS,
    Model,
    cell_models,
    cell_warehouse,
    make_kit,
    write_form,
)

UNITS = {"0101": "Halden", "0104": "Moss", "0105": "Sarpsborg", "0106": "Fredrikstad", "0111": "Hvaler", "0118": "Aremark"}
FIGURES: dict[str, list[Any]] = {
    "bolig": [1.5, 0.0, 12.25, 99.0, None, 3.0],
    "arbeid": [2.0, 998.0, 0.1, 0.3, 7.0, None],
    "rutine": [1.0, 2.0, 1.0, 9.0, None, 2.0],
    "kjop_1": [1.0, 0.0, None, 1.0, 1.0, 0.0],
}
# The fate of each cell: a figure, or the reason why it is not one.
TRUTH: dict[str, list[Any]] = {
    "bolig": FIGURES["bolig"],
    "arbeid": FIGURES["arbeid"],
    "rutine": ["yes", "no", "yes", "not_answered", None, "no"],
    "kjop_1": ["no", "box", None, "no", "no", "box"],
}
NAMED = ("nr", "kommune")


@dataclass
class Mutant:
    """A changed file, the cells that must change, and whether any cell may change (but not to another figure)."""

    name: str
    content: bytes
    changed: dict[tuple[str, str], Any] = field(default_factory=dict)
    is_damaged: bool = False
    must_be_refused: bool = False


def frame() -> dict[str, list[Any]]:
    return {"nr": list(UNITS), "kommune": list(UNITS.values()), **{name: list(each) for name, each in FIGURES.items()}}


def as_sav(folder: Path, values: dict[str, list[Any]], **declarations: Any) -> bytes:
    path = folder / "written.sav"
    pyreadstat.write_sav(pandas.DataFrame(values), str(path), **declarations)
    return path.read_bytes()


def as_parquet(values: dict[str, Any], **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(values), buffer, **options)
    return buffer.getvalue()


def typed(number: float | None, chance: random.Random) -> str:
    """A number as people type it."""
    if number is None:
        return chance.choice(["", " "])
    text = str(int(number)) if number.is_integer() else repr(number)
    return chance.choice(["", " "]) + chance.choice([text, text.replace(".", ",")]) + chance.choice(["", " "])


def traced(number: float | None, chance: random.Random) -> float | None:
    """A number with traces of arithmetic in its last bits."""
    for _ in range(chance.randint(1, 4) if number else 0):
        number = math.nextafter(number, chance.choice([0, math.inf]))
    return number


# Encodings with the same meaning


def reworded(values: dict[str, list[Any]], chance: random.Random) -> dict[str, list[Any]]:
    """The same figures as texts, with traces of arithmetic, in another order of rows and columns."""
    for name in FIGURES:
        kind = chance.choice(["as it is", "text", "traces"])
        if kind == "text":
            values[name] = [typed(each, chance) for each in values[name]]
        elif kind == "traces":
            values[name] = [traced(each, chance) for each in values[name]]
    if chance.random() < 0.3:
        values["nr"] = [float(each) for each in values["nr"]]
    order = chance.sample(range(len(UNITS)), len(UNITS))
    names = chance.sample(list(values), len(values))
    return {name: [values[name][row] for row in order] for name in names}


def is_numeric(values: list[Any]) -> bool:
    return all(each is None or isinstance(each, float) for each in values)


def declared(values: dict[str, list[Any]], chance: random.Random) -> dict[str, Any]:
    """Declarations about values that do not occur, labels and formats."""
    numbers = [name for name in FIGURES if is_numeric(values[name])]
    ranges = [[{"lo": 9000, "hi": 9999}], [-1, -2], [{"lo": -math.inf, "hi": -1}, 777], [12345.5]]
    return {
        "missing_ranges": {name: chance.choice(ranges) for name in numbers if chance.random() < 0.6},
        "variable_value_labels": {name: {1: "Ja", 9999: "Vet ikke"} for name in numbers if chance.random() < 0.3},
        "variable_format": {name: chance.choice(["F5.0", "F8.2", "COMMA10.1", "E12.3"]) for name in numbers},
        chance.choice(["compress", "row_compress"]): chance.random() < 0.5,
    }


def sav_reworded(folder: Path, chance: random.Random) -> Mutant:
    values = reworded(frame(), chance)
    return Mutant("another writing", as_sav(folder, values, **declared(values, chance)))


def parquet_reworded(_: Path, chance: random.Random) -> Mutant:
    values: dict[str, Any] = reworded(frame(), chance)
    for name in FIGURES:
        if not is_numeric(values[name]):
            texts = pa.array(values[name])
            kinds = [texts, texts.dictionary_encode(), texts.cast(pa.binary()), texts.cast(pa.large_string())]
            values[name] = chance.choice(kinds)
        elif all(each is None or each.is_integer() for each in values[name]):
            kind = chance.choice([pa.int16(), pa.int64(), pa.float64(), pa.decimal128(10, 3), pa.uint32()])
            values[name] = pa.array(values[name], pa.float64()).cast(kind)
    if chance.random() < 0.3:
        values["ekstra"] = chance.choice([pa.array([[1]] * len(UNITS)), pa.array([5] * len(UNITS), pa.duration("s"))])
    options: dict[str, Any] = {
        "compression": chance.choice(["none", "snappy", "zstd", "gzip"]),
        "row_group_size": chance.choice([1, 2, 100]),
        "data_page_version": chance.choice(["1.0", "2.0"]),
        "use_dictionary": chance.random() < 0.5,
    }
    if not options["use_dictionary"]:
        options["column_encoding"] = {"kommune": chance.choice(["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])}
    return Mutant("another writing", as_parquet(values, **options))


# A changed cell


def one_cell(values: dict[str, list[Any]], chance: random.Random) -> tuple[tuple[str, str], Any]:
    """Change a cell to a non-figure or another figure; return the cell and its expected fate."""
    name, row = chance.choice(list(FIGURES)), chance.randrange(len(UNITS))
    new, outcome = chance.choice(
        {
            "bolig": [(-1.0, "negative_number"), (None, None), (4.5, 4.5), (1e9, 1e9)],
            "arbeid": [(-0.5, "negative_number"), (None, None), (0.25, 0.25)],
            "rutine": [(7.0, "unknown_code"), (1.5, "unknown_code"), (None, None), (1.0, "yes"), (9.0, "not_answered")],
            "kjop_1": [(2.0, "unknown_tick"), (None, None), (1.0, "no"), (0.0, "box")],
        }[name]
    )
    values[name][row] = new
    return (list(UNITS)[row], name), outcome


def sav_cell(folder: Path, chance: random.Random) -> Mutant:
    values = frame()
    changed = dict(one_cell(values, chance) for _ in range(chance.randint(1, 3)))
    return Mutant("a cell", as_sav(folder, values, **declared(values, chance) | {"missing_ranges": {}}), changed)


def parquet_cell(_: Path, chance: random.Random) -> Mutant:
    values = frame()
    changed = dict(one_cell(values, chance) for _ in range(chance.randint(1, 3)))
    return Mutant("a cell", as_parquet(values), changed)


def sav_declared(folder: Path, chance: random.Random) -> Mutant:
    """A figure that the file declares missing: all equal cells are missing, or file and form contradict each other."""
    name, row = chance.choice(list(FIGURES)), chance.randrange(len(UNITS))
    value = FIGURES[name][row]
    if value is None:
        value = 5555.0
    low, high = (value, value) if chance.random() < 0.5 else (value - 0.25, value + 0.25)
    is_answer = name in {"rutine", "kjop_1"} and value in {0.0, 1.0, 2.0} and not (name == "rutine" and value == 0.0)
    if name == "kjop_1":
        is_answer = value in {0.0, 1.0}
    changed: dict[tuple[str, str], Any] = {
        (unit, name): "not_answered" if name == "rutine" and each == 9.0 else "missing_code"
        for unit, each in zip(UNITS, FIGURES[name], strict=True)
        if each is not None and low <= each <= high
    }
    content = as_sav(folder, frame(), missing_ranges={name: [{"lo": low, "hi": high}]})
    return Mutant("declared missing", content, changed, must_be_refused=is_answer)


# Changed bytes


def damaged(content: bytes, chance: random.Random, end: int) -> bytes:
    """Some bytes before ``end`` are replaced, or bytes are cut out, doubled or inserted anywhere."""
    data = bytearray(content)
    kind = chance.choice(["other", "other", "bit", "cut off", "cut out", "doubled", "put in"])
    place, length = chance.randrange(end), chance.randint(1, 8)
    if kind == "other":
        data[place : place + 1] = bytes([chance.randrange(256)])
    elif kind == "bit":
        data[place] ^= 1 << chance.randrange(8)
    elif kind == "cut off":
        del data[chance.randrange(1, len(data)) :]
    else:
        place = chance.randrange(len(data))
        if kind == "cut out":
            del data[place : place + length]
        else:
            data[place:place] = data[place : place + length] if kind == "doubled" else chance.randbytes(length)
    return bytes(data)


def sav_damaged(folder: Path, chance: random.Random) -> Mutant:
    packing = chance.choice([{}, {"row_compress": True}, {"compress": True}])
    content = as_sav(folder, frame(), **packing)
    # Unless values are packed in blocks, they have no checksum: another byte is another number, which cannot be detected.
    end = len(content) if "compress" in packing else content.index(struct.pack("<ii", 999, 0))
    return Mutant("bytes", damaged(content, chance, end), is_damaged=True)


def parquet_damaged(_: Path, chance: random.Random) -> Mutant:
    packing = {"compression": chance.choice(["none", "snappy"]), "use_dictionary": chance.random() < 0.5}
    content = as_parquet(frame(), write_page_checksum=True, **packing)
    return Mutant("bytes", damaged(content, chance, len(content)), is_damaged=True)


KINDS: list[tuple[str, Callable[[Path, random.Random], Mutant], int]] = [
    ("sav", sav_reworded, 40),
    ("sav", sav_cell, 25),
    ("sav", sav_declared, 25),
    ("sav", sav_damaged, 60),
    ("parquet", parquet_reworded, 50),
    ("parquet", parquet_cell, 25),
    ("parquet", parquet_damaged, 75),
]


@pytest.fixture(scope="module")
def outcomes(
    tmp_path_factory: pytest.TempPathFactory, compiled: dict[str, dict[str, Any]]
) -> Iterator[tuple[list[Mutant], dict[str, Mutant], Any]]:
    """All mutants; those accepted, by file name; and the fates of the cells of each, read as one delivery."""
    folder = tmp_path_factory.mktemp("mutants")
    kit = make_kit(folder)
    files = [{"name": kind, "pattern": f"*.{kind}", "count": "0-999", "reader": kind} for kind in ("sav", "parquet")]
    sheets = [{"name": "main", "file": kind, "unit": {"code": ["nr"], "name": ["kommune"]}} for kind in ("sav", "parquet")]
    lines = [line for line in COLUMNS if line["column"] in {*NAMED, *FIGURES}]
    lines.append({"column": "ekstra", "use": "ignored", "reason": "optional respondent_comment"})
    write_form(kit.data, {**FORM, "files": files, "sheets": sheets, "numbers": {}}, lines, OPTIONS)
    (form,) = load_forms(kit.settings.forms)
    place = kit.data / "deliveries" / "2016"
    place.mkdir()
    chance = random.Random(2016)
    mutants = [(kind, make(folder, chance)) for kind, make, count in KINDS for _ in range(count)]
    accepted: dict[str, Mutant] = {}
    seen: set[bytes] = set()
    for number, (kind, mutant) in enumerate(mutants):
        path = place / f"{number:03}.{kind}"
        path.write_bytes(mutant.content)
        spec = next(spec for spec in form.files if spec.name == kind)
        try:
            read_file(form, CapturedFile(path, spec, "", len(mutant.content)))
        except UserError as error:
            assert str(error).isprintable() and error.remedy and path.name in error.place, str(error)
            path.unlink()
        else:
            if mutant.content in seen:  # the same file twice would be refused
                path.unlink()
            else:
                accepted[path.name] = mutant
            seen.add(mutant.content)
    with cell_warehouse(kit, cells_of_deliveries_apart(compiled)) as connection:
        kit.read(connection)
        yield [mutant for _, mutant in mutants], accepted, became(connection)


def cells_of_deliveries_apart(compiled: dict[str, dict[str, Any]]) -> list[Model]:
    """The models, with each file treated as a separate delivery: answers of a unit in two files are not a finding."""
    apart = "int_contested_units"
    return [m._replace(sql=f"select * from ({m.sql}) where false") if m.name == apart else m for m in cell_models(compiled)]


def became(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str], Any]:
    """The fates of the cells: by file, unit and column a figure, a box, or why it is not a figure."""
    connection.execute("create temp table judged as select * from intermediate.int_cells where row_number > 1")
    connection.execute("create temp table told as select file, row_number from intermediate.int_name_findings")
    rows = connection.execute(
        """
        select file, coalesce(unit_code, '?' || row_number) as unit, header,
            case
                when (file, row_number) in (select (file, row_number) from told) then 'another_name'
                when fate_reason != 'answer' then fate_reason
                when type = 'tick' then case when text in ('0', '0.0') then 'box' else answer end
                else option_answer
            end,
            case when fate_reason = 'answer' then cast(number_value as double) end
        from judged
        """
    ).fetchall()
    return {(file, unit, header): number if number is not None else word for file, unit, header, word, number in rows}


def wrong(mutant: Mutant, file: str, found: dict[tuple[str, str, str], Any]) -> list[str]:
    """The cells of an accepted file that are neither unchanged nor changed as expected."""
    wrongly_read = []
    for row, unit in enumerate(UNITS):
        for column, truths in TRUTH.items():
            outcome = found.get((file, unit, column))
            outcome = None if outcome == "blank" else outcome
            expected = mutant.changed.get((unit, column), truths[row])
            is_named = isinstance(outcome, str) and outcome not in {"yes", "no", "box"}
            if outcome != expected and not (mutant.is_damaged and is_named):
                wrongly_read.append(f"{file} ({mutant.name}): {unit} {column} is {outcome!r}, not {expected!r}")
    return wrongly_read


def test_no_mutation_makes_another_figure(outcomes: tuple[list[Mutant], dict[str, Mutant], Any]) -> None:
    mutants, accepted, found = outcomes
    assert len(mutants) >= 300
    assert [wrongly_read for file, mutant in accepted.items() for wrongly_read in wrong(mutant, file, found)] == []


def test_mutations_are_accepted_and_refused_as_they_must_be(
    outcomes: tuple[list[Mutant], dict[str, Mutant], Any],
) -> None:
    mutants, accepted, _ = outcomes
    assert [file for file, mutant in accepted.items() if mutant.must_be_refused] == []
    read = Counter(mutant.name for mutant in accepted.values())
    made = Counter(mutant.name for mutant in mutants)
    assert read["another writing"] == made["another writing"] and read["a cell"] > 0.9 * made["a cell"]
    assert 0 < read["bytes"] < made["bytes"] * 0.7
