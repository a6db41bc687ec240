"""A year's changes to answers: numbers move a little by unit and still add up, and a few coded answers change.

The size of a movement is that of a quiet year: enough that no unit looks like a copy of the round before, and too little to
be asked about. Belongs here: which answers move and how. Does not belong here: deliberate errors (``slips``), or dates and
codes of units (``advance``).
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import ColumnMap, Form, code_text, header
from orchestration.rehearsal.tables import Row, Table

# Growth of a unit's FTE of a target group in a year: mean, spread, and most.
GROWTH, SPREAD, MOST = 0.01, 0.05, 0.12
# Share of the units that report the same as last year, as some do.
SAME_SHARE = 0.04
# How much of the smaller of two categories is moved between them at most.
BETWEEN = 0.2
# Share of coded answers that change.
CHANGED_SHARE = 0.03
# Steps of FTE: the first of these that fits all numbers of a submission.
STEPS = tuple(Decimal(step) for step in ("0.5", "0.1", "0.05", "0.01", "0.001"))
# Most draws of a movement that must not end on a code for "no answer".
TRIES = 20

FTE = "fte"
TYPED_SUM = "typed_sum"
# The choice of form decides which blocks of FTE are asked about, so it stays.
KEPT = frozenset({"reporting_form"})

PLAIN_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]{1,3})?")


@dataclass(eq=False)
class _Cell:
    """A number that can be moved."""

    row: Row
    name: str
    value: Decimal
    reserved: Callable[[str], bool]
    moved: Decimal = Decimal(0)


@dataclass(eq=False)
class _Block:
    """Numbers that are parts of one sum, and what was typed as their sum."""

    parts: list[_Cell] = field(default_factory=list)
    sums: list[_Cell] = field(default_factory=list)

    @property
    def positive(self) -> list[_Cell]:
        """The parts that are not 0."""
        return [cell for cell in self.parts if cell.value > 0]

    @property
    def total(self) -> Decimal:
        """The sum of the parts."""
        return sum((cell.value for cell in self.parts), Decimal(0))


def move_answers(form: Form, tables: Sequence[Table], seed: int) -> None:
    """Move the answers of a delivery as from one year to the next; the same seed moves copies of a row alike."""
    _move_fte(form, tables, seed)
    _move_numbers(form, tables, seed)
    _change_codes(form, tables, seed)


def _applies(column: ColumnMap, row: Row) -> bool:
    return all(row.texts.get(header(name), "").strip() == text for name, text in column.conditions)


def _columns(form: Form, table: Table, wanted: Callable[[ColumnMap], bool]) -> list[tuple[ColumnMap, str]]:
    there = set(table.headers)
    return [
        (column, header(column.column))
        for column in form.columns
        if column.sheet == table.layout.name and header(column.column) in there and wanted(column)
    ]


def _reserved(form: Form, column: ColumnMap) -> Callable[[str], bool]:
    """Return whether a number means, or may mean, no answer; such a number is never moved and never made."""
    own = MissingValues.stated(form, column)
    doubtful = {code_text(text) for text in form.numbers.doubtful}
    return lambda text: code_text(text) in doubtful or code_text(text) in own


def _move_fte(form: Form, tables: Sequence[Table], seed: int) -> None:
    """Move the FTE of each submission: services, education and pathways of a target group by the same, and their sums."""
    groups: dict[tuple[str, str, str, str], dict[str, _Block]] = defaultdict(lambda: defaultdict(_Block))

    def is_fte(column: ColumnMap) -> bool:
        is_sum = column.use == "ignored" and TYPED_SUM in column.reason.split() and bool(column.question)
        return column.type == "number" and column.unit == FTE and (column.use == "answer" or is_sum)

    for table in tables:
        for column, name in _columns(form, table, is_fte):
            reserved = _reserved(form, column)
            for row in table.rows:
                text = row.texts.get(name, "").strip()
                if not row.unit or not _applies(column, row) or not PLAIN_NUMBER.fullmatch(text) or reserved(text):
                    continue
                cell = _Cell(row, name, Decimal(text.replace(",", ".")), reserved)
                group = groups[row.unit, row.submission, column.target_group, column.reporting_form]
                block = group[column.question]
                (block.parts if column.use == "answer" else block.sums).append(cell)
    for (unit, _, target, form_), blocks in groups.items():
        # By the unit and not by the submission: copies of a submission stay copies.
        if random.Random(f"{seed}/same/{unit}").random() < SAME_SHARE:
            continue
        growth = random.Random(f"{seed}/growth/{unit}/{target}").gauss(GROWTH, SPREAD)
        _move_group(
            list(blocks.values()), max(-MOST, min(MOST, growth)), random.Random(f"{seed}/cells/{unit}/{target}/{form_}")
        )


def _step(cells: Iterable[_Cell]) -> Decimal:
    values = [cell.value for cell in cells]
    return next((step for step in STEPS if not any(value % step for value in values)), STEPS[-1])


def _move_group(blocks: Sequence[_Block], growth: float, chance: random.Random) -> None:
    filled = [block for block in blocks if block.positive]
    if not filled:
        return
    step = _step(cell for block in blocks for cell in (*block.parts, *block.sums))
    largest = max(block.total for block in filled)
    change = (largest * Decimal(growth) / step).quantize(Decimal(1), ROUND_HALF_UP) * step
    # Blocks that agree still agree afterwards, and a much smaller one moves by its share.
    changes = {
        id(block): change
        if block.total * 2 >= largest
        else (change * block.total / largest / step).quantize(Decimal(1), ROUND_HALF_UP) * step
        for block in filled
    }
    # No category falls to zero.
    room = {id(block): sum((cell.value - step for cell in block.positive), Decimal(0)) for block in filled}
    if any(changes[id(block)] + max(room[id(block)], Decimal(0)) < 0 for block in filled):
        changes = dict.fromkeys(changes, Decimal(0))
    for _ in range(TRIES):
        for block in filled:
            _move_block(block, changes[id(block)], step, chance)
        touched = [cell for block in filled for cell in (*block.parts, *block.sums)]
        if not any(cell.reserved(_written(cell.value + cell.moved, ",")) for cell in touched if cell.moved):
            break
    else:
        return
    mark = _decimal_mark(touched)
    for cell in touched:
        if cell.moved:
            own = next((sign for sign in ",." if sign in cell.row.texts[cell.name]), mark)
            cell.row.texts[cell.name] = _written(cell.value + cell.moved, own)


def _move_block(block: _Block, change: Decimal, step: Decimal, chance: random.Random) -> None:
    """Move the parts of a block so that their sum changes by exactly this amount."""
    cells = block.positive
    for cell in (*block.parts, *block.sums):
        cell.moved = Decimal(0)
    sign = 1 if change > 0 else -1
    steps = int(abs(change) / step)
    while steps:
        # The larger parts take most of it; none falls to 0.
        able = [cell for cell in cells if sign > 0 or cell.value + cell.moved > step]
        (taken,) = chance.choices(able, [float(cell.value) for cell in able])
        part = max(1, min(steps, int(taken.value * Decimal(MOST) / step)))
        if sign < 0:
            part = min(part, int((taken.value + taken.moved - step) / step))
        part = max(part, 1)
        taken.moved += sign * part * step
        steps -= part
    for cell in block.sums:
        if cell.value + change >= 0:
            cell.moved = change
    for _ in range(min(3, len(cells) - 1)):
        one, other = chance.sample(cells, 2)
        most = int(min(one.value, other.value) * Decimal(BETWEEN) / step)
        shifted = step * chance.randint(1, max(1, most))
        if one.value + one.moved - shifted >= step:
            one.moved -= shifted
            other.moved += shifted


def _written(value: Decimal, mark: str) -> str:
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", mark)


def _decimal_mark(cells: Iterable[_Cell]) -> str:
    marks = Counter(sign for cell in cells for sign in ",." if sign in cell.row.texts[cell.name])
    return marks.most_common(1)[0][0] if marks else ","


def _move_numbers(form: Form, tables: Sequence[Table], seed: int) -> None:
    """Move amounts and counts: all of a unit by the same share, so that the larger of two stays the larger."""

    def is_counted(column: ColumnMap) -> bool:
        return column.use == "answer" and column.type == "number" and column.unit != FTE

    for table in tables:
        for column, name in _columns(form, table, is_counted):
            reserved = _reserved(form, column)
            for row in table.rows:
                text = row.texts.get(name, "").strip()
                if not row.unit or not _applies(column, row) or not text.isdecimal() or reserved(text):
                    continue
                share = random.Random(f"{seed}/amounts/{row.unit}").gauss(GROWTH, SPREAD)
                value, round_to = int(text), 1
                # 250000 becomes 262000 and not 261347.
                while value % (round_to * 10) == 0 and round_to * 100 <= value:
                    round_to *= 10
                round_to = max(1, round_to // 10)
                result = round(value * (1 + max(-MOST, min(MOST, share))) / round_to) * round_to
                if result > 0 and not reserved(str(result)):
                    row.texts[name] = str(result)


def _change_codes(form: Form, tables: Sequence[Table], seed: int) -> None:
    """Change the answers of a few units to answers that others gave; questions on which others depend stay."""
    depended = {part.split("=")[0].strip() for column in form.columns for part in column.population_asked.split("|")}
    answers = {(option.question, code_text(option.code)) for option in form.options if option.answer}

    def can_change(column: ColumnMap) -> bool:
        return column.use == "answer" and column.type == "code" and column.question not in depended | KEPT

    for table in tables:
        for column, name in _columns(form, table, can_change):
            answered = [
                row
                for row in table.rows
                if row.unit and _applies(column, row) and (column.question, code_text(row.texts.get(name, ""))) in answers
            ]
            texts = sorted(row.texts[name] for row in answered)
            for row in answered:
                chance = random.Random(f"{seed}/codes/{row.unit}/{column.sheet}/{name}/{column.when}")
                if chance.random() < CHANGED_SHARE:
                    row.texts[name] = chance.choice(texts)
