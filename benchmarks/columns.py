"""How reliably do the rules on columns catch values in the wrong column, and a missing end?

    .venv/bin/python benchmarks/columns.py [--warehouse DIRECTORY] [--trials N] [--seed N] [--forms ...] [--faults ...]

Reads the warehouse of the project, or that of another run, without changing it. For each round and fault, it damages the
delivered cells of the round in memory as a faulty export would, N times at different places, rebuilds the models that the
rules on deliveries and warehouse read, and counts with the rules' own queries. Prints a Markdown table: how many of N
damaged deliveries were refused, and how many were reported (by a warning, a finding of the control or a refusal).

The rules on the candidate and on printed figures are left out: a new year has no print. A fault that changes no cell, such
as a swap of two empty columns, is drawn again. Models that a fault cannot affect are not rebuilt for it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.settings import load_settings
from orchestration.gate.rules import Rule, load_rules

# The models rebuilt from damaged cells; all others are read from the warehouse.
MODELS = (
    *("stg_raw__sheets", "stg_raw__columns", "stg_raw__rows", "stg_raw__missing_cells", "stg_raw__repeated_headers"),
    *("stg_raw__submitted", "stg_raw__cells", "int_row_fates", "int_row_identifiers", "int_row_units", "int_main_rows"),
    *("int_submission_links", "int_row_submissions", "int_cell_maps", "int_mapped_cells", "int_delivered_rows"),
    *(
        "int_contradicted_cells",
        "int_cell_readings",
        "int_cells",
        "int_answers",
        "int_submissions",
        "int_counted_rows",
        "int_corrections",
    ),
    *("int_counted_answers", "int_unit_responses", "int_fte_routes", "mart_cell_ledger", "ctl_records", "ctl_record_cells"),
    *("ctl_kind_counts", "ctl_record_moves", "ctl_moved_records", "ctl_moved_blocks", "ctl_typed_sums"),
)

# Models that only moved values, or only swapped columns, affect.
MOVES = ("ctl_record_cells", "ctl_kind_counts", "ctl_record_moves", "ctl_moved_records", "ctl_moved_blocks")
SWAPS = ("ctl_compared_numbers", "ctl_swapped_numbers", "ctl_answer_columns", "ctl_answer_shares", "ctl_swapped_answers")

# Models that compare a round with earlier ones; they also need the other rounds.
BETWEEN_ROUNDS = [
    *("ctl_columns", *SWAPS),
    *("ctl_asked_units", "ctl_lost_numbers", "ctl_lost_in_order", "ctl_lost_links", "ctl_lost_records"),
]
WITH_ALL_ROUNDS = ["intermediate.int_row_submissions", "intermediate.int_main_rows", "intermediate.int_unit_responses"]
WITH_THE_ROUND_BEFORE = ["intermediate.int_cells", "intermediate.int_counted_answers", "control.ctl_records"]

# Rules that do not depend on the cells, or read models that are not rebuilt.
LEFT_OUT = {
    "units_add_up_to_the_country",
    "no_free_text_becomes_public",
    "explanations_are_valid",
    "explanations_are_needed",
}
ATTEMPTS = 50


class DoesNotApplyError(Exception):
    """The delivery has nothing that this fault could change."""


@dataclass(frozen=True)
class Sheet:
    """A sheet as delivered: its address, and its columns and rows of data in order."""

    file: str
    sheet: str
    layout: str
    columns: tuple[int, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Column:
    """A column of answers of a layout."""

    layout: str
    header: str
    type: str


class Round:
    """A round in memory: its delivered cells, and the SQL of the models built from them."""

    def __init__(self, warehouse: Path, target: Path, form: str) -> None:
        """Copy the cells of a form, and use everything else as views.

        Args:
            warehouse: the DuckDB file of a run.
            target: dbt's folder of the same run.
            form: the form whose delivery is damaged.
        """
        self.form = form
        self.connection = duckdb.connect()
        self.connection.execute(f"attach '{warehouse}' as warehouse (read_only)")
        self.sql = _compiled(target)
        made = {*MODELS, *BETWEEN_ROUNDS}
        for schema, name in self.connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'warehouse'"
        ).fetchall():
            self.connection.execute(f'create schema if not exists "{schema}"')
            if schema == "raw":
                self.connection.execute(f'create table raw."{name}" as from warehouse.raw."{name}" where form = ?', [form])
            elif name not in made:
                self.connection.execute(f'create view "{schema}"."{name}" as from warehouse."{schema}"."{name}"')
        for name in ("cells", "sheets"):
            self.connection.execute(f"create table delivered_{name} as from raw.{name}")
        self.earlier = [
            row[0]
            for row in self.connection.execute(
                "select earlier.form from forms.forms as earlier "
                "inner join forms.forms as own on own.survey = earlier.survey and own.units = earlier.units "
                "inner join warehouse.raw.deliveries as read on read.form = earlier.form "
                "where own.form = ? and earlier.time_period < own.time_period order by earlier.time_period desc",
                [form],
            ).fetchall()
        ]

    def sheets(self) -> list[Sheet]:
        """Return the sheets that have data."""
        found = self.connection.execute(
            "select fates.file, fates.sheet, fates.layout, list(distinct fates.row_number order by fates.row_number) "
            "from warehouse.intermediate.int_row_fates as fates "
            "where fates.form = ? and fates.ignored_reason is null group by all order by all",
            [self.form],
        ).fetchall()
        columns = {
            row[:3]: tuple(row[3])
            for row in self.connection.execute(
                "select file, sheet, layout, list(column_number order by column_number) from raw.columns group by all"
            ).fetchall()
        }
        return [Sheet(file, sheet, layout, columns[file, sheet, layout], tuple(rows)) for file, sheet, layout, rows in found]

    def columns(self) -> list[Column]:
        """Return the columns of answers, each with its own question."""
        return [
            Column(*row)
            for row in self.connection.execute(
                "select distinct layout, header, type from forms.columns "
                "where form = ? and use = 'answer' and condition_count = 0 order by all",
                [self.form],
            ).fetchall()
        ]

    def restore(self) -> None:
        """Restore the delivered cells."""
        for name in ("cells", "sheets"):
            self.connection.execute(f"create or replace table raw.{name} as from delivered_{name}")

    def is_changed(self) -> bool:
        """Return whether the cells differ from the delivered ones; updates the cell counts as a reader would."""
        self.connection.execute(
            "update raw.sheets set cell_count = (select count(*) from raw.cells as cells where cells.form = sheets.form "
            "and cells.file = sheets.file and cells.sheet = sheets.sheet and cells.layout = sheets.layout)"
        )
        changed = self.connection.execute(
            "select exists (from delivered_cells except from raw.cells) "
            "or exists (from raw.cells except from delivered_cells)"
        ).fetchone()
        return bool(changed and changed[0])

    def _make(self, name: str, left_out: tuple[str, ...]) -> None:
        schema, text = self.sql[name]
        if name in left_out:
            text = f'from warehouse."{schema}"."{name}" limit 0'
        self.connection.execute(f'create or replace table "{schema}"."{name}" as {text}')

    def make(self, left_out: tuple[str, ...] = ()) -> None:
        """Rebuild the models from the current cells; models that are left out are empty."""
        for name in self.sql:
            if name in MODELS:
                self._make(name, left_out)
        for name, forms in [
            *((name, None) for name in WITH_ALL_ROUNDS),
            *((name, self.earlier[:1]) for name in WITH_THE_ROUND_BEFORE),
        ]:
            self.connection.execute(f"delete from {name} where form != '{self.form}'")
            where = f"form != '{self.form}'" + ("" if forms is None else f" and form in ({_listed(forms)})")
            self.connection.execute(f"insert into {name} by name from warehouse.{name} where {where}")
        for name in BETWEEN_ROUNDS:
            self._make(name, left_out)

    def failing(self, rules: list[Rule]) -> list[str]:
        """Return the rules that fail."""
        return [
            rule.id
            for rule in rules
            if self.connection.execute(
                f"from ({rule.query([], Path())}) as looked_at where {rule.condition()} limit 1"
            ).fetchone()
        ]

    def questions(self) -> tuple[int, int]:
        """Return the number of questions of the control: about moved records, and about cells, rows and sums."""
        row = self.connection.execute(
            """
            select
            (select count(*) from control.ctl_moved_records where evidence > (
                select value from staging.stg_classifications__parameters where parameter = 'columns_asked_evidence'
            )),
            (select count(*) from intermediate.int_answers where form = $form and fate = 'rejected')
            + (select count(*) from intermediate.int_row_submissions where form = $form and rejected_reason is not null)
            + (select count(*) from control.ctl_typed_sums where form = $form and abs(number_value - fte) > (
                select value from staging.stg_classifications__parameters where parameter = 'control_typed_sum_margin_fte'
            ))
            """,
            {"form": self.form},
        ).fetchone()
        assert row is not None
        return row[0], row[1]


def _listed(texts: list[str]) -> str:
    return ", ".join(f"'{text}'" for text in texts) or "null"


def _compiled(target: Path) -> dict[str, tuple[str, str]]:
    """Return schema and SQL of the rebuilt models, in the order of their dependencies."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    ordered: dict[str, tuple[str, str]] = {}

    def add(name: str) -> None:
        if name in ordered:
            return
        for parent in nodes[name]["depends_on"]["nodes"]:
            if parent.rpartition(".")[2] in {*MODELS, *BETWEEN_ROUNDS}:
                add(parent.rpartition(".")[2])
        path = target / "compiled" / nodes[name]["package_name"] / nodes[name]["original_file_path"]
        ordered[name] = nodes[name]["schema"], path.read_text(encoding="utf-8").replace('"warehouse".', "")

    for name in (*MODELS, *BETWEEN_ROUNDS):
        add(name)
    return ordered


def _of(sheet: Sheet) -> str:
    """Return the condition for the cells of a sheet."""
    quoted = [text.replace("'", "''") for text in (sheet.file, sheet.sheet, sheet.layout)]
    return "file = '{}' and sheet = '{}' and layout = '{}'".format(*quoted)


def slide(spoilt: Round, sheet: Sheet, rows: list[int], place: int, by: int) -> None:
    """Move the values of rows by one column, starting at a position in the order of columns; the width stays the same."""
    of_rows = f"{_of(sheet)} and row_number in ({', '.join(map(str, rows))})"
    column, last = sheet.columns[place], sheet.columns[-1]
    lost = last if by > 0 else column
    spoilt.connection.execute(f"delete from raw.cells where {of_rows} and column_number = {lost}")
    spoilt.connection.execute(
        f"update raw.cells set column_number = column_number + {by} where {of_rows} and column_number >= {column}"
    )


def a_slid_record(spoilt: Round, chance: random.Random) -> None:
    """Move the values of one record by one column, from a random column on."""
    sheet = chance.choices(spoilt.sheets(), [len(sheet.rows) for sheet in spoilt.sheets()])[0]
    slide(spoilt, sheet, [chance.choice(sheet.rows)], chance.randrange(len(sheet.columns) - 1), chance.choice([1, -1]))


def _a_layout(spoilt: Round, chance: random.Random) -> list[tuple[Sheet, int]]:
    """Return the records of one layout, from the first file to the last."""
    sheets = spoilt.sheets()
    layout = chance.choices(sheets, [len(sheet.rows) for sheet in sheets])[0].layout
    return [(sheet, row) for sheet in sheets if sheet.layout == layout for row in sheet.rows]


def a_slid_block(spoilt: Round, chance: random.Random) -> None:
    """Move five percent of the records, consecutive ones, by one column from the same column on."""
    records = _a_layout(spoilt, chance)
    size = round(len(records) * 0.05)
    first = chance.randrange(len(records) - size + 1)
    block = records[first : first + size]
    place, by = chance.randrange(min(len(sheet.columns) for sheet, _ in block) - 1), chance.choice([1, -1])
    for sheet in dict.fromkeys(sheet for sheet, _ in block):
        slide(spoilt, sheet, [row for other, row in block if other == sheet], place, by)


def scattered_slid_records(spoilt: Round, chance: random.Random) -> None:
    """Move five percent of the records, scattered, by one column, each from its own random column on."""
    records = _a_layout(spoilt, chance)
    for sheet, row in chance.sample(records, round(len(records) * 0.05)):
        slide(spoilt, sheet, [row], chance.randrange(len(sheet.columns) - 1), chance.choice([1, -1]))


def swapped_columns(type_of_column: str) -> Callable[[Round, random.Random], None]:
    """Return a fault: the values of two columns of a type are swapped in every file."""

    def swap(spoilt: Round, chance: random.Random) -> None:
        columns = [column for column in spoilt.columns() if column.type == type_of_column]
        layouts = sorted({column.layout for column in columns})
        pairs = {layout: [column for column in columns if column.layout == layout] for layout in layouts}
        pairs = {layout: found for layout, found in pairs.items() if len(found) > 1}
        if not pairs:
            raise DoesNotApplyError
        layout = chance.choices(list(pairs), [len(found) for found in pairs.values()])[0]
        first, second = (column.header.replace("'", "''") for column in chance.sample(pairs[layout], 2))
        spoilt.connection.execute(
            f"""
            update raw.cells as cells set column_number = others.column_number
            from raw.columns as columns
            inner join raw.columns as others using (form, file, sheet, layout)
            inner join raw.sheets as sheets using (form, file, sheet, layout)
            where cells.form = columns.form and cells.file = columns.file and cells.sheet = columns.sheet
              and cells.layout = columns.layout and cells.column_number = columns.column_number
              and cells.row_number >= sheets.first_row and columns.layout = '{layout}'
              and (columns.header, others.header) in (('{first}', '{second}'), ('{second}', '{first}'))
            """
        )

    return swap


def a_cut_file(share: float) -> Callable[[Round, random.Random], None]:
    """Return a fault: the last rows of a file are lost on every sheet, including totals and footnotes."""

    def cut(spoilt: Round, chance: random.Random) -> None:
        sheets = spoilt.sheets()
        file = chance.choices(sheets, [len(sheet.rows) for sheet in sheets])[0].file
        for sheet in sheets:
            if sheet.file == file:
                kept = sheet.rows[: len(sheet.rows) - max(1, round(len(sheet.rows) * share))]
                spoilt.connection.execute(f"delete from raw.cells where {_of(sheet)} and row_number > {kept[-1]}")

    return cut


def a_cut_sheet(spoilt: Round, chance: random.Random) -> None:
    """Lose the last five percent of the rows of one of several sheets."""
    sheets = [sheet for sheet in spoilt.sheets() if len(sheet.rows) > 1]
    if len(sheets) == len({sheet.file for sheet in sheets}):
        raise DoesNotApplyError
    sheet = chance.choice(sheets)
    last = sheet.rows[len(sheet.rows) - max(1, round(len(sheet.rows) * 0.05)) - 1]
    spoilt.connection.execute(f"delete from raw.cells where {_of(sheet)} and row_number > {last}")


def lost_columns(spoilt: Round, chance: random.Random) -> None:
    """Lose the values of the last five percent of the columns of answers of a layout."""
    columns = spoilt.columns()
    layout = chance.choices(*zip(*((column.layout, 1) for column in columns), strict=True))[0]
    sheets = [sheet for sheet in spoilt.sheets() if sheet.layout == layout]
    count = max(1, round(len([column for column in columns if column.layout == layout]) * 0.05))
    answers = ", ".join(f"'{column.header.replace(chr(39), chr(39) * 2)}'" for column in columns if column.layout == layout)
    for sheet in sheets:
        spoilt.connection.execute(
            f"""
            delete from raw.cells where {_of(sheet)} and column_number >= (
                select min(column_number) from (
                    select column_number from raw.columns where {_of(sheet)} and header in ({answers})
                    order by column_number desc limit {count}
                )
            ) and row_number >= (select first_row from raw.sheets where {_of(sheet)})
            """
        )


FAULTS: dict[str, Callable[[Round, random.Random], None]] = {
    "slid record": a_slid_record,
    "slid block of 5 %": a_slid_block,
    "scattered slid 5 %": scattered_slid_records,
    "swapped numbers": swapped_columns("number"),
    "swapped codes": swapped_columns("code"),
    "swapped boxes": swapped_columns("tick"),
    "cut file 5 %": a_cut_file(0.05),
    "cut file 10 %": a_cut_file(0.1),
    "cut sheet 5 %": a_cut_sheet,
    "lost columns": lost_columns,
}


def try_fault(
    spoilt: Round, rules: list[Rule], fault: str, chance: random.Random, clean: tuple[int, int]
) -> set[str] | None:
    """Damage a round once and return how it was reported; None where the fault can change nothing.

    Args:
        spoilt: the round.
        rules: the rules to run.
        fault: the name of the fault.
        chance: the random generator that places the fault.
        clean: the number of questions of the control about the undamaged round.
    """
    for _ in range(ATTEMPTS):
        spoilt.restore()
        try:
            FAULTS[fault](spoilt, chance)
        except DoesNotApplyError:
            return None
        if spoilt.is_changed():
            break
    else:
        return None
    spoilt.make(SWAPS if "slid" in fault else MOVES if "swapped" in fault else (*SWAPS, *MOVES))
    found = set(spoilt.failing(rules))
    moved, other = spoilt.questions()
    return found | ({"asked: moved"} if moved > clean[0] else set()) | ({"asked: other"} if other > clean[1] else set())


def main() -> None:
    """Try every fault on every round and print how many were caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings = load_settings()
    parser.add_argument("--warehouse", type=Path, default=settings.warehouse_dir)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--forms", nargs="*")
    parser.add_argument("--faults", nargs="*", default=list(FAULTS))
    parser.add_argument("--json", type=Path, help="file for the trials, one line each")
    arguments = parser.parse_args()
    file, target = arguments.warehouse / settings.warehouse_file.name, arguments.warehouse / settings.dbt_target.name
    rules = [
        rule
        for rule in load_rules(settings.rules)
        if rule.kind == "rows" and rule.stage in ("delivery", "warehouse") and rule.id not in LEFT_OUT
    ]
    blocking = {rule.id for rule in rules if rule.severity != "warning"}
    with duckdb.connect(str(file), read_only=True) as connection:
        forms = [
            row[0]
            for row in connection.execute(
                "select form from forms.forms inner join raw.deliveries using (form) "
                "where units = 'municipalities' order by survey, time_period"
            ).fetchall()
        ]
    print(f"| round | {' | '.join(arguments.faults)} |")
    print(f"|---|{'---|' * len(arguments.faults)}", flush=True)
    for form in arguments.forms or forms:
        spoilt = Round(file, target, form)
        spoilt.make()
        clean = spoilt.questions()
        assert not spoilt.failing(rules), f"{form} fails as it was delivered"
        cells: list[str] = []
        for fault in arguments.faults:
            chance = random.Random(f"{arguments.seed} {form} {fault}")
            results: list[set[str]] = []
            for _ in range(arguments.trials):
                found = try_fault(spoilt, rules, fault, chance, clean)
                if found is None:
                    break
                results.append(found)
                if arguments.json:
                    with arguments.json.open("a", encoding="utf-8") as out:
                        entry: dict[str, Any] = {"form": form, "fault": fault, "found": sorted(found)}
                        out.write(json.dumps(entry) + "\n")
            refused = sum(bool(found & blocking) for found in results)
            noticed = sum(bool(found) for found in results)
            cells.append(f"{refused} / {noticed}" if results else "-")
        print(f"| {form} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
