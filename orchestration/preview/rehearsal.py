"""A made-up delivery of a coming year, from an earlier one, so that the spring of a survey year can be practised and tested.

It lies in a folder of its own with a copy of the inputs: nothing of it can be published by mistake. Belongs here: the
untidiness of a spring (renamed columns, late units, slips), and the key of what was done. Does not belong here: reading it.
"""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow.compute as pc

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import make_restricted
from orchestration.forms.model import ColumnMap, Form, header
from orchestration.forms.registry import load_finished, load_form
from orchestration.ingest.capture import capture
from orchestration.ingest.delivered import ReadSheet, read_file

# How much of a delivery is untidy: of the columns that are renamed, and of the units that are late.
RENAMED_SHARE = 0.03
LATE_SHARE = 0.02
# What a renamed column is called: last year's name and this; or, where it is worded anew, this and its number.
RENAMED = "_ny"
REWORDED = "ny"

# The slips that are made, each once.
KINDS = ("tenfold", "text", "code", "negative")

# Where the deliveries lie that come after the first.
LATER = "later"
VERSIONS = ("1_late_units", "2_corrected")
KEY = "key.json"


@dataclass(frozen=True)
class Slip:
    """A number that was made wrong: by ten times, as a text, as a code for no answer, or negative."""

    kind: str
    unit: str
    column: str
    true: str
    delivered: str


@dataclass(frozen=True)
class Rehearsal:
    """What was made: where it lies, and everything that was done to the earlier delivery."""

    folder: Path
    data: Path
    year: int
    form: str
    seed: int
    renamed: dict[str, str]
    late: tuple[str, ...]
    slips: tuple[Slip, ...]


@dataclass
class _Table:
    """The rows of a layout as delivered, by header, with the texts in each."""

    name: str
    headers: list[str]
    rows: list[dict[str, str]]


def _tables(form: Form, folder: Path) -> list[_Table]:
    """Return the earlier delivery as tables, those of several files of one layout below each other."""
    found: dict[str, _Table] = {}
    for file in capture(folder, form):
        for sheet in read_file(form, file):
            table = found.setdefault(sheet.layout.name, _Table(sheet.layout.name, [], []))
            table.headers += [name for name in sheet.headers.values() if name not in table.headers]
            table.rows += _rows(sheet)
    return list(found.values())


def _rows(sheet: ReadSheet) -> list[dict[str, str]]:
    cells = sheet.sheet.cells
    data = cells.filter(pc.greater_equal(cells["row_number"], sheet.layout.first_row))
    rows: dict[int, dict[str, str]] = {}
    for cell in data.to_pylist():
        name = sheet.headers.get(cell["column_number"])
        if name is not None and cell["row_number"] not in sheet.header_again:
            rows.setdefault(cell["row_number"], {})[name] = cell["text"]
    return [rows[number] for number in sorted(rows)]


def _units(form: Form, tables: Iterable[_Table]) -> dict[str, set[tuple[str, str]]]:
    """Return for each unit's code the keys of its rows: table and the value of the column that says whose they are."""
    layouts = {layout.name: layout for layout in form.sheets}
    units: dict[str, set[tuple[str, str]]] = {}
    for table in tables:
        layout = layouts[table.name]
        if layout.unit is None or not layout.unit.code:
            continue
        codes = [header(name) for name in layout.unit.code]
        identifier = header(layout.submission.id) if layout.submission.id else None
        for row in table.rows:
            code = next((row[name] for name in codes if row.get(name, "").strip()), "")
            if re.fullmatch(r"[0-9]{3,4}", code.strip()) and code.strip() not in {"9999", "0000"}:
                units.setdefault(code.strip(), set()).add((table.name, code))
                if identifier and row.get(identifier):
                    units[code.strip()].add(("", row[identifier]))
    return units


def _whose(form: Form, table: _Table, row: dict[str, str]) -> set[tuple[str, str]]:
    layout = next(layout for layout in form.sheets if layout.name == table.name)
    keys = {(table.name, row.get(header(name), "")) for name in (layout.unit.code if layout.unit else ())}
    link = layout.link if layout.link not in (None, "unit") else layout.submission.id
    return keys | ({("", row[header(link)])} if link and row.get(header(link)) else set())


def _wrong(kind: str, text: str) -> str:
    """Return a number as somebody who slips writes it."""
    if kind == "tenfold":
        return re.sub(r"[.,]", "", text) if re.search(r"[.,][0-9]$", text) else f"{text.replace(',', '.').split('.')[0]}0"
    return {"text": f"ca {text}", "code": "999", "negative": f"-{text}"}[kind]


def _slips(
    form: Form, tables: list[_Table], units: dict[str, set[tuple[str, str]]], late: set[str], chance: random.Random
) -> tuple[list[Slip], list[tuple[dict[str, str], str, str]]]:
    """Make slips in numbers of FTE, each in another unit; return them, and row, column and true text of each."""
    fte = {
        (column.sheet, header(column.column))
        for column in form.columns
        if column.use == "answer" and column.type == "number" and column.unit == "fte"
    }
    owners = {key: code for code, keys in units.items() for key in keys}
    places = [
        (owner, row, name)
        for table in tables
        for row in table.rows
        for owner in [next((owners[key] for key in sorted(_whose(form, table, row)) if key in owners), None)]
        if owner is not None and owner not in late
        for name in table.headers
        if (table.name, name) in fte and re.fullmatch(r"[1-9][0-9]?([.,][0-9]+)?", row.get(name, ""))
    ]
    chance.shuffle(places)
    slips: list[Slip] = []
    repairs: list[tuple[dict[str, str], str, str]] = []
    taken: set[str] = set()
    for owner, row, name in places:
        if len(slips) == len(KINDS):
            break
        if owner in taken:
            continue
        taken.add(owner)
        kind, true = KINDS[len(slips)], row[name]
        row[name] = _wrong(kind, true)
        slips.append(Slip(kind, owner, name, true, row[name]))
        repairs.append((row, name, true))
    return slips, repairs


def _code_book(form: Form, year: int) -> str:
    """Return what the code book is called: as the earlier one, with the year of the new."""
    patterns = [file.pattern for file in form.files if file.reader == "none" and re.fullmatch(r"[\w.-]+\.csv", file.pattern)]
    return patterns[0].replace(str(form.time_period), str(year)) if patterns else "codebook.csv"


def _write(
    folder: Path,
    form: Form,
    tables: list[_Table],
    renamed: dict[str, str],
    left_out: set[tuple[str, str]],
    book: tuple[str, dict[str, str]],
) -> None:
    """Write a delivery as csv files, one a layout, with a code book of a name and its labels."""
    folder.mkdir(parents=True)
    for table in tables:
        with (folder / f"{table.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";", lineterminator="\n")
            writer.writerow([renamed.get(f"{table.name}.{name}", name) for name in table.headers])
            for row in table.rows:
                if not _whose(form, table, row) & left_out:
                    writer.writerow([row.get(name, "") for name in table.headers])
    name, labels = book
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\n")
        writer.writerow(["variable", "label"])
        writer.writerows(labels.items())


def _labels(
    columns: Iterable[ColumnMap], renamed: dict[str, str], chance: random.Random, *, is_reworded: bool
) -> dict[str, str]:
    """Return the wording of each column by its new name; with ``is_reworded`` those of renamed ones in other words."""
    labels: dict[str, str] = {}
    for column in columns:
        if column.column and column.wording_nb:
            place = f"{column.sheet}.{header(column.column)}"
            is_new = is_reworded and place in renamed
            labels[renamed.get(place, header(column.column))] = (
                _reworded(column.wording_nb, chance) if is_new else column.wording_nb
            )
    return labels


def _reworded(wording: str, chance: random.Random) -> str:
    """Return a wording that has a third of the words of another, in another order."""
    words = wording.split()
    chance.shuffle(words)
    return " ".join(["Spørsmålet er formulert på nytt:", *words[: max(1, len(words) // 3)]])


def rehearse(
    settings: Settings,
    name: str,
    year: int,
    folder: Path,
    seed: int,
    *,
    renamed_share: float = RENAMED_SHARE,
    is_reworded: bool = False,
) -> Rehearsal:
    """Make a delivery of a coming year from that of an earlier form, with a copy of the inputs to practise on.

    Args:
        settings: where the inputs lie.
        name: the earlier form.
        year: the survey year that is practised; forms of this year and later ones are left out of the copy.
        folder: becomes the folder of the rehearsal.
        seed: decides which columns, units and numbers are untidy.
        renamed_share: share of the columns with answers that are renamed.
        is_reworded: whether renamed columns have names that say nothing, and other words in the code book.

    Raises:
        UserError: the folder is there, the form is not valid or not delivered, or the year is not later.
    """
    form = load_form(settings.forms / name)
    if year <= form.time_period:
        raise UserError(
            f"{year} is not after {form.time_period}",
            place=form.form,
            remedy="practise a year after that of the earlier form",
        )
    source = settings.deliveries / form.delivery
    if not source.is_dir():
        raise UserError("there is no such delivery", place=str(source), remedy="name a form whose delivery is there")
    if folder.exists():
        raise UserError("is there already", place=str(folder), remedy="name a folder that is not there yet")
    if folder.resolve().is_relative_to(settings.data.resolve()):
        raise UserError("lies among the inputs", place=str(folder), remedy="name a folder elsewhere")
    chance = random.Random(seed)
    tables = _tables(form, source)
    _advance(form, tables, year - form.time_period)
    _move_codes(form, tables, _new_codes(settings.data / "reference" / "municipality_changes.csv", form.time_period, year))
    units = _units(form, tables)
    late = sorted(chance.sample(sorted(units), max(1, round(LATE_SHARE * len(units))))) if len(units) > 1 else []
    names = [f"{column.sheet}.{header(column.column)}" for column in form.columns if column.use == "answer"]
    delivered = {f"{table.name}.{each}" for table in tables for each in table.headers}
    known = sorted(set(names) & delivered)
    chosen = sorted(chance.sample(known, max(1, round(renamed_share * len(known))))) if known else []
    renamed = {
        each: f"{REWORDED}{number}" if is_reworded else each.partition(".")[2] + RENAMED
        for number, each in enumerate(chance.sample(chosen, len(chosen)) if is_reworded else chosen, start=1)
    }
    slips, repairs = _slips(form, tables, units, set(late), chance)
    # It holds answers of single units, changed in a few places only.
    make_restricted(folder)
    data = folder / "data"
    book = _code_book(form, year), _labels(form.columns, renamed, chance, is_reworded=is_reworded)
    _copy_inputs(settings, data, year)
    left_out = {key for code in late for key in units[code]}
    _write(data / "deliveries" / str(year), form, tables, renamed, left_out, book)
    _write(folder / LATER / VERSIONS[0], form, tables, renamed, set(), book)
    for row, column, true in repairs:
        row[column] = true
    _write(folder / LATER / VERSIONS[1], form, tables, renamed, set(), book)
    made = Rehearsal(folder, data, year, form.form, seed, renamed, tuple(late), tuple(slips))
    key = {**asdict(made), "folder": None, "data": None}
    (folder / KEY).write_text(json.dumps(key, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return made


def _advance(form: Form, tables: list[_Table], years: int) -> None:
    """Put the dates of submission into the year in which the coming round is collected."""
    last, new = str(form.collection_year), str(form.collection_year + years)
    dates = {
        (layout.name, header(layout.submission.submitted))
        for layout in form.sheets
        if layout.submission.submitted is not None
    }
    for table in tables:
        for name in table.headers:
            if (table.name, name) in dates:
                for row in table.rows:
                    if name in row:
                        row[name] = row[name].replace(last, new)


def _new_codes(path: Path, last: int, year: int) -> dict[str, str]:
    """Return the code of each municipality in the coming year; of one that was divided, that of its largest part."""
    steps: dict[int, dict[str, tuple[float, str]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if last < int(row["change_year"]) <= year:
                part = (float(row["weight"] or 0), row["new_code"])
                of_year = steps.setdefault(int(row["change_year"]), {})
                of_year[row["old_code"]] = max(of_year.get(row["old_code"], part), part)
    codes: dict[str, str] = {}
    for changed in sorted(steps):
        moved = {old: new for old, (_, new) in steps[changed].items()}
        codes = {old: moved.get(new, new) for old, new in codes.items()} | {
            old: new for old, new in moved.items() if old not in codes.values()
        }
    return codes


def _move_codes(form: Form, tables: list[_Table], codes: dict[str, str]) -> None:
    """Give the units their codes of the coming year; of those that merged the first answers for all."""
    layouts = {layout.name: layout for layout in form.sheets}
    for table in tables:
        layout = layouts[table.name]
        names = [header(name) for name in (layout.unit.code if layout.unit else ())]
        given: dict[str, str] = {}
        kept = []
        for row in table.rows:
            old = next((row[name].strip() for name in names if row.get(name, "").strip()), "")
            new = codes.get(old.zfill(4), "") if old.isdecimal() else ""
            if new:
                if given.setdefault(new, old) != old:
                    continue
                for name in names:
                    row[name] = new if row.get(name, "").strip() == old else row.get(name, "")
            kept.append(row)
        table.rows = kept


def _copy_inputs(settings: Settings, data: Path, year: int) -> None:
    """Copy the inputs of the years before, with links to their deliveries."""
    own = {
        settings.warehouse.resolve(),
        settings.snapshots.resolve(),
        settings.deliveries.resolve(),
        settings.forms.resolve(),
    }
    data.mkdir(parents=True)
    for path in sorted(settings.data.iterdir()):
        if path.resolve() in own or path.name.startswith("."):
            continue
        (shutil.copytree if path.is_dir() else shutil.copyfile)(path, data / path.name)
    (data / "deliveries").mkdir()
    for form in load_finished(settings.forms)[0]:
        if form.time_period >= year:
            continue
        shutil.copytree(settings.forms / form.form, data / "forms" / form.form)
        # What is drafted of it is made up, whatever the earlier round was.
        described = data / "forms" / form.form / "form.yml"
        text = re.sub(r"(?m)^constructed: *false\b", "constructed: true", described.read_text(encoding="utf-8"))
        described.write_text(text, encoding="utf-8")
        source, target = settings.deliveries / form.delivery, data / "deliveries" / form.delivery
        if source.is_dir() and not target.exists():
            target.symlink_to(source.resolve())
