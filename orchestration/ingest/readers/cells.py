"""The text of a cell, the same on every machine, and tables of cells.

Belongs here: how a value of a file becomes text. Numbers keep all their digits: whole ones have no ".0", others are the
shortest text that reads as the same number. Does not belong here: what a text means (blanks, decimal commas, codes).
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core import letters
from orchestration.ingest.readers.model import CELL_SCHEMA, KIND, KINDS

T = TypeVar("T")

# Beyond these sizes a number written out is mostly zeros, and the exponent is more readable.
_LARGEST_WRITTEN_OUT = 1e21
_SMALLEST_WRITTEN_OUT = 1e-15
# A number this close to a whole one was whole before computation.
_TRACE = 1e-9
# Whole numbers below this fit an int64 exactly.
_INT64 = 2.0**63


@functools.lru_cache(maxsize=2**16)
def number_text(value: float) -> str:
    """Return the text of one number, without ".0" and, for ordinary sizes, without exponent; none for NaN."""
    if value != value:
        return ""
    if abs(value) < _INT64 and round(value) and abs(value - round(value)) < _TRACE:
        return str(round(value))
    if value.is_integer() and abs(value) < _INT64:
        return str(int(value))
    text = repr(value)
    if "e" in text and _SMALLEST_WRITTEN_OUT <= abs(value) < _LARGEST_WRITTEN_OUT:
        return format(Decimal(text), "f").removesuffix(".0")
    return text


def numbers_text(values: pa.Array) -> pa.Array:
    """Return the texts of an array of floating numbers (null stays null, NaN becomes null)."""
    if values.type == pa.float16():
        values = values.cast(pa.float32())
    values = pa.array(settled(values.to_numpy(zero_copy_only=False)), values.type, from_pandas=True)
    # Cast in their own width: 0.1 of 32 bits is 0.1, not 0.10000000149011612.
    texts = values.cast(pa.string())
    whole = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), pa.scalar(_INT64, values.type)))
    whole_numbers = pc.if_else(whole, values, pa.scalar(None, values.type)).cast(pa.int64())
    texts = pc.if_else(pc.fill_null(whole, False), whole_numbers.cast(pa.string()), texts)
    return _one_by_one(texts, pc.match_substring(texts, "e"), lambda text: number_text(float(text)))


def settled(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return floating numbers without the traces of binary arithmetic beside whole ones: 1.0000000000000002 is 1.

    A weighting or an import leaves such traces in codes. A number that is further off than a thousandth of the last
    published digit is not changed.
    """
    whole = np.rint(values)
    # Infinity minus infinity is NaN, and so not near a whole number.
    with np.errstate(invalid="ignore"):
        is_trace = (np.abs(values - whole) < _TRACE) & (whole != 0)
    return np.where(is_trace, whole, values)


def decimals_text(values: pa.Array) -> pa.Array:
    """Return the texts of an array of decimal numbers, written out, without zeros at the end."""
    texts = values.cast(pa.string())
    texts = _one_by_one(texts, pc.match_substring(texts, "E"), lambda text: format(Decimal(text), "f"))
    fractions = pc.match_substring(texts, ".")
    return pc.if_else(fractions, pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), "."), texts)


def times_text(values: pa.Array) -> pa.Array:
    """Return the texts of an array of dates and times (timestamp, date, time); no fraction of a second that is zero."""
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        # The wall clock of a zone needs the machine's table of zones; universal time does not.
        naive = times_text(values.cast(pa.timestamp(values.type.unit)))
        return pc.binary_join_element_wise(naive, "+00:00", "")
    texts = pc.replace_substring_regex(values.cast(pa.string()), pattern=r"\.0+$", replacement="")
    # Nanoseconds without more precision than microseconds.
    return pc.replace_substring_regex(texts, pattern=r"(\.[0-9]{6})000$", replacement=r"\1")


def durations_text(values: pa.Array) -> pa.Array:
    """Return the texts of an array of lengths of time; there are few of them, so one by one."""
    parts = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit]
    counts = values.cast(pa.int64()).to_pylist()
    return pa.array([None if count is None else seconds_text(count / parts) for count in counts], pa.string())


def seconds_text(seconds: float) -> str:
    """Return a length of time as hours, minutes and seconds; more than 24 hours stay hours."""
    rounded = round(abs(seconds) * 1_000_000)
    whole, fraction = divmod(rounded, 1_000_000)
    text = f"{'-' if seconds < 0 else ''}{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{fraction:06}" if fraction else text


def value_text(value: object) -> str:
    """Return the text of one value that a workbook holds.

    Raises:
        TypeError: the value is of a type that workbooks do not have.
    """
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return seconds_text(value.total_seconds())
    raise TypeError(f"no text for {type(value).__name__}")


def texts_by_kind(
    columns: Sequence[pa.Array], kinds: Sequence[T], text: Callable[[T, pa.Array], pa.Array]
) -> list[pa.Array]:
    """Return columns as text; columns of a kind at once, because hundreds of short ones are slow one by one."""
    texts: list[pa.Array] = [None] * len(columns)
    for kind in dict.fromkeys(kinds):
        places = [place for place, other in enumerate(kinds) if other == kind]
        together = text(kind, pa.concat_arrays([columns[place] for place in places]))
        start = 0
        for place in places:
            texts[place] = together.slice(start, len(columns[place]))
            start += len(columns[place])
    return texts


def kinds(places: npt.NDArray[Any]) -> pa.Array:
    """Return the kinds of cells from their places in ``KINDS``."""
    return pa.DictionaryArray.from_arrays(pa.array(places, KIND.index_type), pa.array(KINDS, KIND.value_type))


def table(
    row_numbers: npt.NDArray[Any],
    column_numbers: npt.NDArray[Any],
    texts: pa.Array,
    kind_places: npt.NDArray[Any] | None = None,
) -> pa.Table:
    """Return a table of the cells that are not empty; without ``kind_places`` they are texts."""
    full = pc.fill_null(pc.not_equal(texts, ""), False)
    of_kind = kinds(np.zeros(len(texts), np.int8) if kind_places is None else kind_places)
    arrays = [pa.array(row_numbers, pa.int32()), pa.array(column_numbers, pa.int32()), texts, of_kind]
    return pa.Table.from_arrays([array.filter(full) for array in arrays], schema=CELL_SCHEMA)


def with_texts(cells: pa.Table, texts: Mapping[tuple[int, int], str]) -> pa.Table:
    """Return a table of cells with a few texts replaced or added, by row and column number."""
    if not texts:
        return cells
    places = list(zip(cells["row_number"].to_pylist(), cells["column_number"].to_pylist(), strict=True))
    old = cells["text"].to_pylist()
    changed = [texts.get(place, text) for place, text in zip(places, old, strict=True)]
    cells = cells.set_column(2, CELL_SCHEMA.field("text"), pa.array(changed, pa.string()))
    added = sorted(texts.keys() - set(places))
    if not added:
        return cells
    numbers = np.array(added, np.int32)
    new = table(numbers[:, 0], numbers[:, 1], pa.array([texts[place] for place in added], pa.string()))
    order = [("row_number", "ascending"), ("column_number", "ascending")]
    return pa.concat_tables([cells, new]).combine_chunks().sort_by(order)


def records_table(records: Sequence[Sequence[str]], first_row: int, first_column: int = 1) -> pa.Table:
    """Return the cells of records, which may be of different lengths."""
    widths = np.fromiter(map(len, records), np.int64, len(records))
    texts = pa.array([text for record in records for text in record], pa.string())
    rows = np.repeat(np.arange(first_row, first_row + len(records)), widths)
    starts = np.cumsum(widths) - widths
    columns = np.arange(len(rows)) - np.repeat(starts, widths) + first_column
    return table(rows, columns, texts)


def columns_table(names: Sequence[str], columns: Sequence[pa.Array], column_kinds: Sequence[str], rows: int) -> pa.Table:
    """Return the cells of columns of text that hold values of a kind each; the names of the columns are row 1."""
    header = records_table([list(names)], first_row=1)
    if not columns or not rows:
        return header
    texts = pa.concat_arrays(list(columns))
    full = np.asarray(pc.fill_null(pc.not_equal(texts, ""), False))
    # From column order to row order, and only existing cells.
    places = np.arange(rows * len(columns), dtype=np.int64).reshape(len(columns), rows).T.ravel()
    places = places[full[places]]
    kind_places = np.array([KINDS.index(kind) for kind in column_kinds], np.int8)
    arrays = [
        pa.array(places % rows + 2, pa.int32()),
        pa.array(places // rows + 1, pa.int32()),
        texts.take(pa.array(places)),
        kinds(kind_places[places // rows]),
    ]
    return pa.concat_tables([header, pa.Table.from_arrays(arrays, schema=CELL_SCHEMA)]).combine_chunks()


def plain_texts(texts: pa.Array) -> pa.Array:
    """Return texts as they are compared, as :func:`orchestration.core.letters.plain` returns one."""
    other = pc.invert(pc.fill_null(pc.string_is_ascii(texts), True))
    if not pc.any(other).as_py():
        return texts
    changed = pc.utf8_normalize(texts.filter(other), form="NFC")
    for pattern in (letters.UNSEEN, letters.UNSEEN_AT_ENDS):
        changed = pc.replace_substring_regex(changed, pattern=pattern, replacement="")
    return pc.replace_with_mask(texts, other, changed)


def _one_by_one(texts: pa.Array, chosen: pa.Array, change: Callable[[str], str]) -> pa.Array:
    """Change the few texts that cannot be changed by a vectorised operation."""
    chosen = pc.fill_null(chosen, False)
    if not pc.any(chosen).as_py():
        return texts
    changed = pa.array([change(text.as_py()) for text in texts.filter(chosen)], pa.string())
    return pc.replace_with_mask(texts, chosen, changed)
