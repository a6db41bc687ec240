"""The mapped columns of a survey year, each beside the same question of the round before.

Belongs here: counting what each column holds, and how it differs from last year's. Does not belong here: reading the year
(``reading``), or whether a column is mapped correctly, which people judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.core.warehouse import dictionaries
from orchestration.preview.reading import Reading

# Columns whose answers differ this much from the round before are listed first. Shares: half of the sum of all differences
# of the options (0 alike, 1 nothing in common). Numbers: the mean is this many times larger or smaller. Filled: difference
# of the shares of rows. They only sort what people read; no figure depends on them.
SHARES_DIFFER = 0.25
MEAN_DIFFERS = 2.0
FILLED_DIFFERS = 0.2
# With fewer answers than this a share says little.
FEWEST_ANSWERS = 20


@dataclass(frozen=True)
class Answers:
    """The answers in a column: shares of rows that are filled, of options among the answers, and numbers."""

    rows: int
    filled: int
    rejected: int
    options: dict[str, int]
    numbers: int
    total: Decimal | None
    median: float | None
    largest: float | None

    @property
    def share_filled(self) -> float:
        """Share of the rows of data that are filled."""
        return self.filled / self.rows if self.rows else 0.0

    @property
    def mean(self) -> float | None:
        """Mean of the numbers."""
        return float(self.total) / self.numbers if self.total is not None and self.numbers else None


@dataclass(frozen=True)
class Column:
    """A mapped column beside the same question of the round before; ``unlike`` names where they differ much."""

    form: str
    sheet: str
    column: str
    map_line: int
    question: str
    item: str
    answer: str
    target_group: str
    reporting_form: str
    type: str
    wording: str
    now: Answers
    before: Answers | None
    unlike: tuple[str, ...]


_COLUMNS = """
    with places as (
        select form, layout, count(distinct row_key) as row_count
        from intermediate.int_cells where row_ignored_reason is null group by all
    ),
    cells as (
        select form, line, count(*) filter (text != '') as filled, count(*) filter (fate = 'rejected') as rejected
        from intermediate.int_cells
        where use = 'answer' and row_ignored_reason is null
        group by all
    ),
    numbers as (
        select form, line, count(number_value) as numbers, sum(number_value::decimal(18, 6)) as total,
            median(number_value)::double as median, max(number_value)::double as largest
        from intermediate.int_answers where type = 'number' and fate_reason = 'answer' group by all
    ),
    chosen as (
        select form, line, answer, count(distinct row_key) as answers
        from intermediate.int_answers where type != 'number' and fate_reason = 'answer' and answer is not null group by all
    ),
    options as (select form, line, map(list(answer order by answer), list(answers order by answer)) as options
        from chosen group by all)
    select maps.form, forms.time_period, maps.layout as sheet, maps.header as column, maps.line as map_line,
        maps.question, maps.item, coalesce(maps.answer, '') as answer, maps.target_group, maps.reporting_form, maps.type,
        coalesce(maps.wording_nb, '') as wording, coalesce(places.row_count, 0) as rows,
        coalesce(cells.filled, 0) as filled, coalesce(cells.rejected, 0) as rejected, options.options,
        coalesce(numbers.numbers, 0) as numbers, numbers.total, numbers.median, numbers.largest
    from forms.columns as maps
    inner join forms.forms on maps.form = forms.form
    left join places on maps.form = places.form and maps.layout = places.layout
    left join cells on maps.form = cells.form and maps.line = cells.line
    left join numbers on maps.form = numbers.form and maps.line = numbers.line
    left join options on maps.form = options.form and maps.line = options.line
    where maps.use = 'answer'
        -- A header that did not come, of a question that stands under another one, was not left blank.
        and (not maps.is_optional or exists (
            select 1 from raw.columns
            where columns.form = maps.form and columns.layout = maps.layout and columns.header = maps.header
        ))
    order by maps.form, maps.line
"""

_MEANING = ("question", "item", "answer", "target_group", "reporting_form")
_ANSWERS = ("rows", "filled", "rejected", "numbers", "total", "median", "largest")


def columns_of(reading: Reading, connection: duckdb.DuckDBPyConnection) -> list[Column]:
    """Return the columns of the year, each beside that of the same meaning of the round before, unlike ones first."""
    rows = dictionaries(connection, _COLUMNS)

    def answers(row: dict[str, Any]) -> Answers:
        return Answers(options=row["options"] or {}, **{name: row[name] for name in _ANSWERS})

    earlier = {(row["form"], *(row[name] for name in _MEANING)): answers(row) for row in rows}
    columns = []
    for row in rows:
        if row["time_period"] != reading.year or row["form"] not in reading.delivered:
            continue
        last = reading.before.get(row["form"])
        before = earlier.get((last.form, *(row[name] for name in _MEANING))) if last is not None else None
        now = answers(row)
        kept = {name: row[name] for name in ("form", "sheet", "column", "map_line", *_MEANING, "type", "wording")}
        columns.append(Column(**kept, now=now, before=before, unlike=find_differences(now, before)))
    return sorted(columns, key=lambda column: (not column.unlike, column.form, column.map_line))


def find_differences(now: Answers, before: Answers | None) -> tuple[str, ...]:
    """Return in which respects a column differs much from the round before: filled, options, mean."""
    if before is None or not before.rows or not now.rows:
        return ()
    found = []
    if abs(now.share_filled - before.share_filled) > FILLED_DIFFERS:
        found.append("filled")
    sums = sum(now.options.values()), sum(before.options.values())
    if min(sums) >= FEWEST_ANSWERS:
        shares = [
            now.options.get(option, 0) / sums[0] - before.options.get(option, 0) / sums[1]
            for option in now.options.keys() | before.options.keys()
        ]
        if sum(map(abs, shares)) / 2 > SHARES_DIFFER:
            found.append("options")
    if min(now.numbers, before.numbers) >= FEWEST_ANSWERS and now.mean and before.mean:
        times = now.mean / before.mean
        if not 1 / MEAN_DIFFERS < times < MEAN_DIFFERS:
            found.append("mean")
    return tuple(found)
