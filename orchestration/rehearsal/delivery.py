"""Constructs the delivery of a coming year, in a separate folder with a copy of the inputs.

Belongs here: the disorder of a spring (renamed columns, late units), the deliveries that come later, the copy, and the
answer key. Does not belong here: rows and units (``tables``), a year's changes to answers (``movement``, ``advance``), or
deliberate errors (``slips``).
"""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.rehearsal import mark_as_rehearsal
from orchestration.core.settings import Settings
from orchestration.core.warehouse import make_restricted
from orchestration.forms.model import ColumnMap, Form, header
from orchestration.forms.registry import load_finished, load_form
from orchestration.rehearsal.advance import advance_dates, move_units, successors
from orchestration.rehearsal.movement import move_answers
from orchestration.rehearsal.slips import Slip, make_slips
from orchestration.rehearsal.tables import Table, read_tables, unit_names, write_tables

# Shares of renamed columns and of late units.
RENAMED_SHARE = 0.03
LATE_SHARE = 0.02
# Name of a renamed column: last year's name and this suffix; or, where it is reworded, this prefix and its number.
RENAMED = "_ny"
REWORDED = "ny"

# Where the deliveries lie that are still to come: the first, where it is awaited; the late units alone, in files to be put
# beside the first; the whole delivery with them; and the whole delivery without the slips.
LATER = "later"
FIRST, LATE_FILES, WITH_LATE_UNITS, CORRECTED = "0_first", "1_late_files", "1_late_units", "2_corrected"
VERSIONS = (LATE_FILES, WITH_LATE_UNITS, CORRECTED)
# How the names of late files begin.
LATE = "late_"
KEY = "key.json"


@dataclass(frozen=True)
class Rehearsal:
    """What was made: its folder, that of the first delivery, and all changes to the earlier delivery.

    ``late`` are the units that come later, by code; ``is_copy`` says that the answers are those of the earlier round.
    """

    folder: Path
    data: Path
    first: Path
    year: int
    form: str
    seed: int
    renamed: dict[str, str]
    late: dict[str, str]
    slips: tuple[Slip, ...]
    is_copy: bool


def rehearse(
    settings: Settings,
    name: str,
    year: int,
    folder: Path,
    seed: int,
    *,
    renamed_share: float = RENAMED_SHARE,
    is_reworded: bool = False,
    is_copy: bool = False,
    is_awaited: bool = False,
) -> Rehearsal:
    """Make a delivery of a coming year from that of an earlier form, with a copy of the inputs to practise on.

    Args:
        settings: where the inputs lie.
        name: the earlier form.
        year: the survey year that is practised; forms of this year and later ones are left out of the copy.
        folder: becomes the folder of the rehearsal.
        seed: decides which answers move, and which columns, units and numbers are disturbed.
        renamed_share: share of the columns with answers that are renamed.
        is_reworded: whether renamed columns have meaningless names, and other wordings in the code book.
        is_copy: whether the answers are those of the earlier round, as if its files came again.
        is_awaited: whether the first delivery is still to come, so that the years before can be run and published.

    Raises:
        UserError: the folder exists, the form is not valid or not delivered, or the year is not later.
    """
    form = load_form(settings.forms / name)
    source = _require_possible(settings, form, year, folder)
    chance = random.Random(seed)
    tables = read_tables(form, source)
    advance_dates(form, tables, year - form.time_period)
    changes = successors(settings.data / "reference" / "municipality_changes.csv", form.time_period, year)
    move_units(tables, changes)
    if not is_copy:
        move_answers(form, tables, seed)
    names = unit_names(tables)
    units = sorted({row.unit for table in tables for row in table.rows} - {""})
    late = sorted(chance.sample(units, max(1, round(LATE_SHARE * len(units))))) if len(units) > 1 else []
    renamed = _renamed(form, tables, renamed_share, chance, is_reworded=is_reworded)
    slips, repairs = make_slips(form, tables, late, renamed, chance)
    # It contains answers of single units, only slightly changed.
    make_restricted(folder)
    data = folder / "data"
    _copy_inputs(settings, data, year)
    mark_as_rehearsal(data, year, form.form, seed)
    book = _code_book(form, year), _labels(form.columns, renamed, chance, is_reworded=is_reworded)
    first = folder / LATER / FIRST if is_awaited else data / "deliveries" / str(year)
    late_files, with_late, corrected = (folder / LATER / version for version in VERSIONS)
    write_tables(first, tables, renamed, left_out=late)
    write_tables(late_files, tables, renamed, units=late, beginning=LATE)
    write_tables(with_late, tables, renamed)
    for repair in repairs:
        repair.row.texts[repair.name] = repair.true
    write_tables(corrected, tables, renamed)
    for each in (first, with_late, corrected):
        _write_code_book(each, *book)
    made = Rehearsal(
        folder,
        data,
        first,
        year,
        form.form,
        seed,
        renamed,
        {code: names.get(code, "") for code in late},
        tuple(slips),
        is_copy,
    )
    key = {**asdict(made), "folder": None, "data": None, "first": None}
    (folder / KEY).write_text(json.dumps(key, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return made


def _require_possible(settings: Settings, form: Form, year: int, folder: Path) -> Path:
    """Return the folder of the earlier delivery, after checking that a rehearsal can be made from it."""
    if year <= form.time_period:
        raise UserError(
            f"{year} is not after {form.time_period}",
            place=form.form,
            remedy="give a year after that of the earlier form",
        )
    source = settings.deliveries / form.delivery
    if not source.is_dir():
        raise UserError("the delivery does not exist", place=str(source), remedy="name a form with a delivery")
    if folder.exists():
        raise UserError("already exists", place=str(folder), remedy="name a new folder")
    if folder.resolve().is_relative_to(settings.data.resolve()):
        raise UserError("is inside the inputs", place=str(folder), remedy="name a folder elsewhere")
    return source


def _renamed(
    form: Form, tables: Sequence[Table], share: float, chance: random.Random, *, is_reworded: bool
) -> dict[str, str]:
    """Return new headers of some columns with answers, by sheet and header, joined by a point."""
    names = {f"{column.sheet}.{header(column.column)}" for column in form.columns if column.use == "answer"}
    delivered = {f"{table.layout.name}.{each}" for table in tables for each in table.headers}
    known = sorted(names & delivered)
    chosen = sorted(chance.sample(known, max(1, round(share * len(known))))) if known else []
    return {
        each: f"{REWORDED}{number}" if is_reworded else each.partition(".")[2] + RENAMED
        for number, each in enumerate(chance.sample(chosen, len(chosen)) if is_reworded else chosen, start=1)
    }


def _code_book(form: Form, year: int) -> str:
    """Return the name of the code book: that of the earlier one, with the new year."""
    patterns = [file.pattern for file in form.files if file.reader == "none" and re.fullmatch(r"[\w.-]+\.csv", file.pattern)]
    return patterns[0].replace(str(form.time_period), str(year)) if patterns else "codebook.csv"


def _write_code_book(folder: Path, name: str, labels: dict[str, str]) -> None:
    """Write a code book of a name and its label."""
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
    """Return a wording with a third of the words of another, in a different order."""
    words = wording.split()
    chance.shuffle(words)
    return " ".join(["Spørsmålet er formulert på nytt:", *words[: max(1, len(words) // 3)]])


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
        # Whatever is drafted from it is made up, whatever the earlier round was.
        described = data / "forms" / form.form / "form.yml"
        text = re.sub(r"(?m)^constructed: *false\b", "constructed: true", described.read_text(encoding="utf-8"))
        described.write_text(text, encoding="utf-8")
        source, target = settings.deliveries / form.delivery, data / "deliveries" / form.delivery
        if source.is_dir() and not target.exists():
            target.symlink_to(source.resolve())
