"""Scaled inputs: a copy of the data folder with every unit k times in each year; the same bytes every time.

Belongs here: codes of the clones, and how deliveries, reference files and printed figures are copied. Does not belong
here: measuring.

A clone gives the answers of its original, including blank cells, misspelt names, numbers typed as text and second
submissions. It has its own code and name in the deliveries, in the reference files and among the agencies, and goes through
the same mergers and splits as its original. Municipality codes have four digits wherever the system reads them, so there are
at most 9,998 of them, enough for the municipalities of all years ``MOST_MUNICIPALITIES`` times. Further clones are districts
of additional divided municipalities, 90 in each, with the answers of one municipality of today and its first predecessors:
they have six digits, belong to the unit set with districts and not to that of municipalities, and never merge.

The printed figures are scaled to k times as many units: sums and counts become k times as large and as coarsely rounded,
shares and rates stay the same; figures of single municipalities and districts are left out. Beyond ``MOST_MUNICIPALITIES``
no figure is an exact multiple, and only figures of rounds without a delivery are kept. The two surveys of anonymous samples
are not changed. Clones are not independent of their originals, so as many units as were delivered count as evidence for a
rule of the gate. A leading zero can only be lost where the code of the clone has one.
"""

from __future__ import annotations

import csv
import functools
import io
import math
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import python_calamine

from benchmarks.scaling.workbooks import SheetRows, write_workbook
from orchestration.forms.model import Form, SheetSpec, header
from orchestration.forms.registry import load_forms
from orchestration.ingest.capture import CapturedFile, capture
from orchestration.ingest.delivery_files import ReadSheet, read_file

MOST_MUNICIPALITIES = 10
DISTRICTS_EACH = 90
TEST_CODES = ("0000", "9999")
BLANKS = " \u00a0\t"
_BETWEEN_LANGUAGES = re.compile(r"( ?[-/] | ?/ ?)")
# The position of the date and time in the header of an SPSS file.
SAV_DATE = 92
# Numbers of submissions are far smaller; a clone's number is its original's plus a multiple of this.
STEP = 1_000_000
# Printed figures that stay the same when every unit occurs k times, and those that become k times as large.
INTENSIVE_UNITS = ("percent", "per_10000")
EXTENSIVE_UNITS = ("fte", "municipalities", "districts", "persons", "nok")
INTENSIVE_MEASURES = ("per_inhabitant",)
# What is declared about printed figures, by file: the columns that grow with the figure.
DECLARED = {"explanations": ("difference",), "queries": (), "bounds": ("below", "above")}
# Figures of the anonymous samples, which are not scaled.
OF_SAMPLES = "survey="
# Units beyond this number add no certainty to a rule of the gate.
MOST_INDEPENDENT_UNITS = "columns_most_units"
SINGLE_UNITS = ("municipality_no=", "district=", "district_no=")

Record = dict[str, str]


@dataclass(frozen=True)
class Target:
    """A clone's codes: of its municipality, and of its district where the clone is a district."""

    municipality: str
    district: str | None = None


@dataclass
class Clones:
    """The clones of each municipality code: by code, and for districts by code and year."""

    factor: int
    municipalities: dict[str, tuple[str, ...]]
    twins: dict[str, str] = field(default_factory=dict)
    templates: dict[str, dict[int, str]] = field(default_factory=dict)
    successors: dict[tuple[str, int], str] = field(default_factory=dict)
    districts_each: int = 0

    @functools.cached_property
    def _by_template(self) -> dict[tuple[str, int], list[str]]:
        found = defaultdict(list)
        for newest, years in self.templates.items():
            for year, code in years.items():
                found[code, year].append(newest)
        return found

    def districts(self, newest: str) -> list[str]:
        """Return the district codes of the twin of a municipality of today."""
        return [f"{self.twins[newest]}{number:02}" for number in range(1, self.districts_each + 1)]

    @functools.cache  # noqa: B019  lives as long as the generator
    def targets(self, code: str, year: int) -> tuple[Target, ...]:
        """Return the clones of a delivered municipality code, in the boundaries of a year."""
        found = [Target(clone) for clone in self.municipalities.get(code, ())]
        valid = self.successors.get((code, year), code)
        for newest in self._by_template.get((valid, year), ()):
            found += [Target(self.twins[newest], district) for district in self.districts(newest)]
        return tuple(found)

    def __hash__(self) -> int:
        return id(self)


def read_records(path: Path) -> list[Record]:
    """Return the rows of a described csv file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_records(path: Path, records: Iterable[Record], columns: Sequence[str]) -> None:
    """Write the rows of a described csv file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def clone_codes(codes: Iterable[str], factor: int) -> dict[str, tuple[str, ...]]:
    """Return ``factor - 1`` unused codes of four digits for each code; the same ones every time.

    Raises:
        ValueError: there are not enough codes of four digits.
    """
    known = sorted(set(codes))
    taken = {*known, *TEST_CODES}
    free = (code for code in (f"{number:04}" for number in range(10_000)) if code not in taken)
    if 10_000 - len(taken) < len(known) * (factor - 1):
        most = 1 + (10_000 - len(taken)) // len(known)
        raise ValueError(f"{len(known)} codes of four digits can be there {most} times, not {factor} times")
    return {code: tuple(next(free) for _ in range(factor - 1)) for code in known}


def make_clones(data: Path, factor: int) -> Clones:
    """Return the clones of all municipality codes of a data folder."""
    reference = data / "reference"
    changes = read_records(reference / "municipality_changes.csv")
    population = read_records(reference / "population.csv")
    codes = {row["municipality_code"] for row in read_records(reference / "municipalities.csv")}
    codes |= {row["municipality_code"] for row in population} | {
        row[name] for row in changes for name in ("old_code", "new_code")
    }
    clones = Clones(factor, clone_codes(codes, min(factor, MOST_MUNICIPALITIES)))
    further = factor - MOST_MUNICIPALITIES
    if further > 0:
        _add_districts(clones, further, changes, population, data)
    return clones


def _add_districts(clones: Clones, further: int, changes: list[Record], population: list[Record], data: Path) -> None:
    valid: dict[int, set[str]] = defaultdict(set)
    for row in population:
        valid[int(row["year"])].add(row["municipality_code"])
    divided = {row["district_code"][:4] for row in read_records(data / "reference" / "oslo_districts.csv")}
    steps: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in sorted(changes, key=lambda row: (int(row["change_year"]), row["new_code"])):
        if row["old_code"] != row["new_code"]:
            steps[row["old_code"]].append((int(row["change_year"]), row["new_code"]))
    for code in clones.municipalities:
        for year in valid:
            now, since = code, 0
            while now not in valid[year]:
                following = [each for each in steps[now] if since < each[0] <= year]
                if not following:
                    break
                since, now = following[0]
            clones.successors[code, year] = now
    newest = max(valid)
    for code in sorted(valid[newest] - divided):
        clones.templates[code] = {}
        for year in valid:
            before = sorted(each for each in valid[year] if clones.successors[each, newest] == code)
            clones.templates[code][year] = before[0] if before else code
    # A municipality that only took over the second part of another has no earlier template, and is left out.
    for code, years in list(clones.templates.items()):
        if any(template not in valid[year] for year, template in years.items()):
            del clones.templates[code]
    if further % DISTRICTS_EACH:
        raise ValueError(
            f"beyond {MOST_MUNICIPALITIES} times, units can be there {MOST_MUNICIPALITIES} + {DISTRICTS_EACH} times"
        )
    used = (
        set(clones.municipalities) | {each for every in clones.municipalities.values() for each in every} | set(TEST_CODES)
    )
    free = (code for code in (f"{number:04}" for number in range(10_000)) if code not in used)
    clones.twins = {code: next(free) for code in clones.templates}
    clones.districts_each = further


# Reference files, classifications and printed figures.


def _scaled_code(code: str, clone: int, clones: Clones) -> str:
    """Return the code of a clone of a municipality, district or agency."""
    return clones.municipalities[code[:4]][clone] + code[4:]


def scale_records(
    records: list[Record], code_columns: Sequence[str], clones: Clones, name_columns: Sequence[str] = ()
) -> Iterator[Record]:
    """Yield each row and its clones; names get the clone's number."""
    for record in records:
        yield record
        for clone in range(len(clones.municipalities[record[code_columns[0]][:4]])):
            changed = {name: _scaled_code(record[name], clone, clones) for name in code_columns if record[name]}
            changed |= {name: numbered(record[name], clone + 2) for name in name_columns}
            yield record | changed


def numbered(name: str, number: int) -> str:
    """Return the name of a clone: the number is added to each language's form, before a county in brackets.

    Blanks and spelling are kept; a blank name stays blank.
    """
    plain, bracket, county = name.partition(" (")
    forms = _BETWEEN_LANGUAGES.split(plain)
    for place in range(0, len(forms), 2):
        text = forms[place].rstrip()
        if text.strip(BLANKS):
            forms[place] = f"{text} {number}{forms[place][len(text) :]}"
    return "".join(forms) + bracket + county


NAMES = ("municipality_name", "name_plain", "official_name")
REFERENCE: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("reference/municipalities.csv", ("municipality_code",), NAMES),
    ("reference/municipality_changes.csv", ("old_code", "new_code", "former_code"), ("old_name", "new_name")),
    ("reference/population.csv", ("municipality_code",), ()),
    ("reference/oslo_districts.csv", ("district_code",), ("district_name",)),
    ("reference/hf_areas.csv", ("unit_code",), ("unit_name",)),
    ("reference/kostra_groups.csv", ("municipality_code",), ()),
    ("classifications/agencies.csv", ("agency_code", "municipality_code"), ("agency_name",)),
)


def scale_reference(data: Path, target: Path, clones: Clones) -> None:
    """Write every file with municipality codes, including the clones."""
    for name, code_columns, name_columns in REFERENCE:
        records = read_records(data / name)
        rows = list(scale_records(records, code_columns, clones, name_columns))
        if clones.twins:
            rows += list(_twin_records(data, name, records, clones))
        if clones.twins and name == "reference/oslo_districts.csv":
            # Districts of additional municipalities report from the first year on, unlike those of the original.
            first = _report_from(data)
            rows = [
                row for row in rows if int(row["year"]) >= first or row["district_code"][:4] in set(clones.twins.values())
            ]
        write_records(target / name, rows, list(records[0]))
    if clones.twins:
        parameters = read_records(data / "classifications/parameters.csv")
        years = [int(row["year"]) for row in read_records(data / "reference/population.csv")]
        for row in parameters:
            if row["parameter"] == "districts_report_from":
                row["value"] = str(min(years))
        write_records(target / "classifications/parameters.csv", parameters, list(parameters[0]))


def _report_from(data: Path) -> int:
    parameters = read_records(data / "classifications/parameters.csv")
    return int(next(row["value"] for row in parameters if row["parameter"] == "districts_report_from"))


def _twin_records(data: Path, name: str, records: list[Record], clones: Clones) -> Iterator[Record]:
    """Yield the rows of the municipalities that are divided, and of their districts."""
    if name == "reference/municipalities.csv":
        rows = {row["municipality_code"]: row for row in records}
        for newest, years in clones.templates.items():
            spans: list[list[Any]] = []
            for year in sorted(years):
                county = rows[years[year]]["county_code"]
                if spans and spans[-1][0] == county:
                    spans[-1][2] = year
                else:
                    spans.append([county, year, year])
            for county, first, last in spans:
                of_county = next(row for row in records if row["county_code"] == county)
                yield rows[newest] | {
                    "municipality_code": clones.twins[newest],
                    **{name: numbered(rows[newest][name], 0) for name in NAMES},
                    "county_code": county,
                    "county_name": of_county["county_name"],
                    "valid_from_year": str(first),
                    "valid_to_year": str(last),
                }
    elif name in ("reference/population.csv", "reference/oslo_districts.csv"):
        people = {
            (row["municipality_code"], int(row["year"])): row for row in read_records(data / "reference/population.csv")
        }
        names = {row["municipality_code"]: row["name_plain"] for row in read_records(data / "reference/municipalities.csv")}
        for newest, years in clones.templates.items():
            for year, template in sorted(years.items()):
                row = people[template, year]
                # Today's population in every year: the predecessors are smaller than their successors.
                today = people[newest, max(years)]
                counts = {key: int(today[key]) for key in ("population_under_18", "population_18_plus")}
                if name == "reference/population.csv":
                    total = {key: str(value * clones.districts_each) for key, value in counts.items()}
                    yield row | total | {"municipality_code": clones.twins[newest]}
                    continue
                for number, district in enumerate(clones.districts(newest), start=MOST_MUNICIPALITIES + 1):
                    yield {
                        "year": str(year),
                        "district_code": district,
                        "district_name": numbered(names[newest], number),
                        "district_type": "district",
                        **{key: str(value) for key, value in counts.items()},
                    }
    elif name == "reference/hf_areas.csv":
        by_code = {(row["scheme"], row["unit_code"]): row for row in records}
        for scheme in sorted({row["scheme"] for row in records}):
            for newest, years in clones.templates.items():
                found = next(
                    (by_code[scheme, code] for code in (newest, *reversed(years.values())) if (scheme, code) in by_code),
                    None,
                )
                for district in clones.districts(newest) if found else ():
                    assert found is not None
                    yield found | {"unit_type": "oslo_district", "unit_code": district, "unit_name": f"District {district}"}


def _cell_key(row: Record) -> str:
    """Return the key of a printed figure: measure, dimensions by name, year."""
    dimensions = sorted(part for part in row["dimensions"].split(";") if part)
    return "|".join([row["measure"], *dimensions, row["year"]])


def _scaled_figure(row: Record, factor: int) -> Record | None:
    """Return a printed figure scaled to k times as many units, or None where it cannot be scaled."""
    if any(part.startswith(SINGLE_UNITS) for part in row["dimensions"].split(";")):
        return None
    if OF_SAMPLES in row["dimensions"]:
        return row
    base = str(int(row["n_base"]) * factor) if row["n_base"] else ""
    if row["unit"] in INTENSIVE_UNITS or any(part in row["measure"] for part in INTENSIVE_MEASURES):
        return row | {"n_base": base}
    if row["unit"] not in EXTENSIVE_UNITS:
        return None
    value = f"{Decimal(row['value']) * factor:f}" if row["value"] else ""
    decimals = str(int(row["decimals"]) - math.ceil(math.log10(factor))) if row["decimals"] else ""
    return row | {"n_base": base, "value": value, "decimals": decimals}


def scale_published(data: Path, target: Path, factor: int) -> None:
    """Write the printed figures scaled to k times as many units, and what is declared about those that are kept."""
    delivered = {str(form.time_period) for form in load_forms(data / "forms")}
    larger: dict[tuple[str, str, str], int] = {}
    for path in sorted((data / "published").glob("*.csv")):
        records = read_records(path)
        if "measure" not in records[0] or "unit" not in records[0]:
            continue
        figures = []
        for row in records:
            scaled = _scaled_figure(row, min(factor, MOST_MUNICIPALITIES))
            if scaled is None or (factor > MOST_MUNICIPALITIES and row["year"] in delivered):
                continue
            figures.append(scaled)
            larger[row["source_id"], row["table_id"], _cell_key(row)] = factor if scaled["value"] != row["value"] else 1
        write_records(target / "published" / path.name, figures, list(records[0]))
    for name, extensive in DECLARED.items():
        path = data / f"published/{name}.csv"
        records = read_records(path)
        kept = []
        for row in records:
            times = larger.get((row["source_id"], row["table_id"], row["cell_key"]))
            if times is not None:
                kept.append(row | {each: f"{Decimal(row[each]) * times:f}" for each in extensive if row[each]})
        write_records(target / "published" / path.name, kept, list(records[0]))


def scale_parameters(data: Path, target: Path, factor: int) -> None:
    """Write the parameters for k times as many units, of which only one in k is independent of the others.

    Evidence that grows with the number of units would otherwise be the square root of k times as strong as the answers are.
    """
    path = data / "classifications/parameters.csv"
    records = read_records(path)
    for row in records:
        if row["parameter"] == MOST_INDEPENDENT_UNITS:
            row["value"] = str(max(int(row["value"]) // factor, 1))
    write_records(target / "classifications" / path.name, records, list(records[0]))


# Deliveries.


@dataclass(frozen=True)
class Planned:
    """A row to write: its source row, and the new texts of its unit and submission cells (None: unchanged)."""

    source: int
    code: str | None = None
    part: str | None = None
    number: str | None = None
    clone: int = 0


def _digits(text: str) -> str:
    found = re.match(r"\s*([0-9]+)", text)
    return found[1] if found else ""


def _replaced(text: str, code: str) -> str:
    """Replace the digits at the start of a text by a code; a leading zero that the text had lost stays lost."""
    digits = _digits(text)
    new = code[1:] if len(digits) in (3, 5) and code.startswith("0") else code
    return text.replace(digits, new, 1) if digits else new


def _municipality(code: str, part: str) -> str | None:
    """Return the municipality of a row from the digits of its code and of its part, or None."""
    for digits in (part, code):
        if len(digits) in (5, 6):
            return digits.zfill(6)[:4]
    return code.zfill(4) if code and len(code) <= 4 else None


def clones_of(code_text: str, part_text: str | None, clones: Clones, year: int) -> list[tuple[str | None, str | None]]:
    """Return the texts of code and part of each clone of a row; none for a row without a known unit.

    ``part_text`` is None where the sheet has no column for parts.
    """
    code, part = _digits(code_text), _digits(part_text or "")
    home = _municipality(code, part)
    if home is None or home not in clones.municipalities:
        return []
    own_part = len(part) > 2 or len(code) > 4
    found: list[tuple[str | None, str | None]] = []
    for target in clones.targets(home, year):
        if target.district is None:
            suffix = (part if len(part) > 2 else code)[-2:] if own_part else ""
            new_code = target.municipality + (suffix if len(code) > 4 else "")
            new_part = target.municipality + part[-2:] if len(part) > 2 else None
            found.append(
                (
                    _replaced(code_text, new_code) if code else None,
                    _replaced(part_text or "", new_part) if new_part else None,
                )
            )
        elif not own_part and part_text is not None:
            found.append((_replaced(code_text, target.municipality), target.district))
        elif not own_part:
            found.append((_replaced(code_text, target.district), None))
    return found


def _number_of(text: str, clone: int) -> str:
    """Return the number of a clone's submission."""
    if re.fullmatch(r"[0-9]+(\.0)?", text.strip()):
        return str(int(float(text)) + clone * STEP)
    return f"{text.strip()}-{clone}" if text.strip() else text


def plan(
    rows: Sequence[tuple[str, str | None, str]],
    clones: Clones,
    year: int,
    linked: dict[str, int] | None = None,
) -> list[Planned]:
    """Return the rows to write for delivered rows of data, each with the texts of its code, part and submission.

    Args:
        rows: code, part (None: no such column) and number of the submission of each row.
        clones: the clones.
        year: the year in whose boundaries codes are read.
        linked: for a sheet whose rows only name their submission, how many clones each number has.
    """
    planned = []
    for source, (code, part, number) in enumerate(rows):
        planned.append(Planned(source))
        if linked is not None:
            planned += [
                Planned(source, number=_number_of(number, clone), clone=clone)
                for clone in range(1, linked.get(number, 0) + 1)
            ]
            continue
        for clone, (new_code, new_part) in enumerate(clones_of(code, part, clones, year), start=1):
            planned.append(Planned(source, new_code, new_part, _number_of(number, clone) if number else None, clone))
    return planned


@dataclass(frozen=True)
class Columns:
    """Column numbers, from 0, of the identifiers of a row; -1 where there is none."""

    code: tuple[int, ...]
    part: int
    number: int
    first_row: int
    names: tuple[int, ...] = ()


def _columns(sheet: ReadSheet) -> Columns:
    layout: SheetSpec = sheet.layout
    places = {name: number - 1 for number, name in sheet.headers.items()}

    def place(name: str | None) -> int:
        return places.get(header(name), -1) if name else -1

    unit = layout.unit
    codes = [place(name) for name in unit.code] if unit else []
    parts = [place(name) for name in unit.part_code] if unit and unit.part_code else [-1]
    number = place(layout.submission.id) if layout.submission and layout.submission.id else -1
    if layout.links_to and layout.link != "unit":
        number = place(layout.link)
    codes = [each for each in codes if each >= 0]
    names = [place(name) for name in (*unit.name, *unit.part_name)] if unit else []
    return Columns(
        tuple(codes),
        parts[0],
        -1 if number in codes else number,
        layout.first_row,
        tuple(dict.fromkeys(each for each in names if each >= 0)),
    )


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _code_column(columns: Columns, texts: Callable[[int], str]) -> int:
    """Return the column that holds the code of a row: the first that begins with digits."""
    return next((column for column in columns.code if _digits(texts(column))), columns.code[0] if columns.code else -1)


def _like(value: Any, text: str) -> Any:
    """Return a text converted to the type of the cell that it replaces."""
    return float(text) if isinstance(value, (int, float)) and not isinstance(value, bool) else text


def _numbers_cloned(planned: Sequence[Planned], rows: Sequence[tuple[str, str | None, str]]) -> dict[str, int]:
    """Return how many clones each submission of a sheet has, by its number."""
    counts: dict[str, int] = {}
    for each in planned:
        number = rows[each.source][2]
        counts[number] = counts.get(number, -1) + 1
    return counts


def scale_rows(
    rows: list[list[Any]], columns: Columns, clones: Clones, year: int, linked: dict[str, int] | None = None
) -> tuple[list[list[Any]], dict[str, int]]:
    """Return the rows of a sheet with the clones after each original, and how many clones each submission has.

    Rows are lists of cells. Rows above the first row of data, and rows without a known unit, are not changed.
    """
    head, data = rows[: columns.first_row - 1], rows[columns.first_row - 1 :]

    def cell(row: list[Any], column: int) -> str:
        return _cell_text(row[column]) if 0 <= column < len(row) else ""

    keys: list[tuple[str, str | None, str]] = []
    code_columns = []
    for row in data:
        code = _code_column(columns, functools.partial(cell, row))
        code_columns.append(code)
        keys.append((cell(row, code), cell(row, columns.part) if columns.part >= 0 else None, cell(row, columns.number)))
    planned = plan(keys, clones, year, linked)
    result = head
    for each in planned:
        row = data[each.source]
        if each.clone:
            row = list(row)
            for column, text in (
                (code_columns[each.source], each.code),
                (columns.part, each.part),
                (columns.number, each.number),
            ):
                if text is not None and column >= 0:
                    row[column] = _like(row[column], text)
            for column in columns.names:
                if column < len(row):
                    row[column] = numbered(row[column], each.clone + 1)
        result.append(row)
    return result, _numbers_cloned(planned, keys)


def _scale_csv(file: CapturedFile, sheet: ReadSheet, target: Path, clones: Clones, year: int) -> None:
    content = file.path.read_bytes()
    encoding = file.spec.encoding or "utf-8"
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    line_end = "\r\n" if b"\r\n" in content else "\n"
    text = content[len(mark) :].decode(encoding)
    rows: list[list[Any]] = list(csv.reader(io.StringIO(text, newline=""), delimiter=file.spec.delimiter or ";"))
    scaled, _ = scale_rows(rows, _columns(sheet), clones, year)
    with target.open("wb") as out:
        out.write(mark)
        with io.TextIOWrapper(out, encoding=encoding, newline="") as writer:
            csv.writer(writer, delimiter=file.spec.delimiter or ";", lineterminator=line_end).writerows(scaled)


def _scale_workbook(file: CapturedFile, sheets: list[ReadSheet], target: Path, clones: Clones, year: int) -> None:
    by_name = {sheet.sheet.name: sheet for sheet in sheets}
    written = []
    linked: dict[str, dict[str, int]] = {}
    with python_calamine.CalamineWorkbook.from_path(file.path) as workbook:
        for name in workbook.sheet_names:
            source = workbook.get_sheet_by_name(name)
            rows: list[list[Any]] = source.to_python(skip_empty_area=False)
            merged = tuple((*first, *last) for first, last in source.merged_cell_ranges or ())
            if name in by_name:
                sheet = by_name[name]
                by_number = sheet.layout.links_to is not None and sheet.layout.link != "unit"
                rows, counts = scale_rows(
                    rows, _columns(sheet), clones, year, linked.get(str(sheet.layout.links_to), {}) if by_number else None
                )
                linked[sheet.layout.name] = counts
            written.append(SheetRows(name, rows, merged))
    write_workbook(target, written)


def _keys(texts: Mapping[int, Sequence[str]], columns: Columns, count: int) -> list[tuple[str, str | None, str]]:
    """Return code, part and submission of each row, from the texts of their columns."""
    return [
        (
            texts[columns.code[0]][row],
            texts[columns.part][row] if columns.part >= 0 else None,
            texts[columns.number][row] if columns.number >= 0 else "",
        )
        for row in range(count)
    ]


def _scale_sav(file: CapturedFile, sheet: ReadSheet, target: Path, clones: Clones, year: int) -> None:
    frame, about = pyreadstat.read_sav(str(file.path), user_missing=True, disable_datetime_conversion=True)
    columns = _columns(sheet)
    names = list(frame.columns)
    texts = {
        place: frame[names[place]].map(_cell_text).tolist()
        for place in (*columns.code, columns.part, columns.number)
        if place >= 0
    }
    planned = plan(_keys(texts, columns, len(frame)), clones, year)
    scaled = frame.take([each.source for each in planned]).reset_index(drop=True)
    for place, chosen in ((columns.code[0], "code"), (columns.part, "part"), (columns.number, "number")):
        if place >= 0:
            old = frame[names[place]].tolist()
            new = [_planned_value(each, chosen, old) for each in planned]
            scaled[names[place]] = new
    for place in columns.names:
        old = frame[names[place]].tolist()
        scaled[names[place]] = [_planned_name(each, old) for each in planned]
    pyreadstat.write_sav(
        scaled,
        str(target),
        column_labels=about.column_names_to_labels,
        variable_value_labels=about.variable_value_labels,
        missing_ranges=about.missing_ranges,
        variable_measure=about.variable_measure,
        variable_format=about.original_variable_types,
        row_compress=True,
    )
    with target.open("r+b") as written:
        # The header has the time of writing.
        written.seek(SAV_DATE)
        written.write(b"01 Jan 07" + b"00:00:00")


def _planned_value(planned: Planned, chosen: str, old: Sequence[Any]) -> Any:
    text = getattr(planned, chosen)
    return old[planned.source] if text is None else _like(old[planned.source], text)


def _planned_name(planned: Planned, old: Sequence[Any]) -> Any:
    name = old[planned.source]
    return numbered(name, planned.clone + 1) if planned.clone and name else name


def _scale_parquet(file: CapturedFile, sheet: ReadSheet, target: Path, clones: Clones, year: int) -> None:
    table = pq.read_table(file.path)
    columns = _columns(sheet)
    texts = {
        place: [_cell_text(value) for value in table.column(place).to_pylist()]
        for place in (*columns.code, columns.part, columns.number)
        if place >= 0
    }
    planned = plan(_keys(texts, columns, len(table)), clones, year)
    scaled = table.take(pa.array([each.source for each in planned]))
    for place, chosen in ((columns.code[0], "code"), (columns.part, "part"), (columns.number, "number")):
        if place >= 0:
            old = table.column(place).to_pylist()
            values = [_planned_value(each, chosen, old) for each in planned]
            own = table.schema.field(place)
            values = [
                int(value) if isinstance(value, float) and pa.types.is_integer(own.type) else value for value in values
            ]
            scaled = scaled.set_column(place, own, pa.array(values, own.type))
    for place in columns.names:
        old = table.column(place).to_pylist()
        own = table.schema.field(place)
        scaled = scaled.set_column(place, own, pa.array([_planned_name(each, old) for each in planned], own.type))
    pq.write_table(scaled, target)


def scale_delivery(form: Form, deliveries: Path, target: Path, clones: Clones) -> None:
    """Overwrite the copied files of one form's delivery; a delivery of anonymous units stays a copy."""
    for file in capture(deliveries / form.delivery, form):
        out = target / form.delivery / file.path.name
        if form.units == "anonymous" or clones.factor == 1 or file.spec.reader == "none":
            continue
        sheets = read_file(form, file)
        year = form.time_period
        if file.spec.reader == "csv":
            _scale_csv(file, sheets[0], out, clones, year)
        elif file.spec.reader == "xlsx":
            _scale_workbook(file, sheets, out, clones, year)
        elif file.spec.reader == "sav":
            _scale_sav(file, sheets[0], out, clones, year)
        else:
            _scale_parquet(file, sheets[0], out, clones, year)


def generate(data: Path, target: Path, factor: int, years: Sequence[int] = ()) -> Clones:
    """Write a data folder with every unit ``factor`` times.

    Args:
        data: the data folder to copy.
        target: a folder that does not exist.
        factor: how often each unit occurs; 1 copies the deliveries unchanged.
        years: the years whose deliveries are kept; all if empty.

    Returns:
        The clones.

    Raises:
        ValueError: there are not enough codes.
    """
    clones = make_clones(data, factor)
    left_out = shutil.ignore_patterns("deliveries", "warehouse", "snapshots")
    shutil.copytree(data, target, ignore=left_out)
    if factor > 1:
        scale_reference(data, target, clones)
        scale_published(data, target, factor)
        scale_parameters(data, target, factor)
    forms = [form for form in load_forms(data / "forms") if (data / "deliveries" / form.delivery).is_dir()]
    kept = [form for form in forms if not years or form.time_period in years]
    for name in sorted({form.delivery for form in kept}):
        shutil.copytree(data / "deliveries" / name, target / "deliveries" / name)
    for form in kept:
        scale_delivery(form, data / "deliveries", target / "deliveries", clones)
    return clones
