"""Reads Parquet files.

Belongs here: types of Parquet columns and what is wrong with such a file. Row 1 of the sheet holds the columns' names.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.errors import UserError
from orchestration.ingest.readers import cells
from orchestration.ingest.readers.files import contents, damaged, shown, too_many
from orchestration.ingest.readers.model import Limits, Sheet


def read_parquet(path: Path, limits: Limits) -> Sheet:
    """Return the cells of a Parquet file.

    Raises:
        UserError: the file is no Parquet file, damaged, too large, or has columns that hold more than one value a cell.
    """
    data = contents(path, "parquet", limits)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        schema, metadata = file.schema_arrow, file.metadata
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise damaged(path, str(error), "parquet") from error
    rows, columns = metadata.num_rows, len(schema)
    if rows >= limits.rows:
        raise too_many(path, "rows", limits.rows)
    if columns > limits.columns:
        raise too_many(path, "columns", limits.columns)
    if rows * columns > limits.cells:
        raise too_many(path, "cells", limits.cells)
    if unpacked > limits.unpacked_bytes:
        raise too_many(path, "bytes of data when unpacked", limits.unpacked_bytes)
    for field in schema:
        if pa.types.is_nested(field.type):
            raise UserError(
                f"holds lists or records ({shown(field.type)}), not one value a cell",
                place=f"{path}, column {shown(field.name)}",
                remedy="deliver a column for each value",
            )
    # Texts stay dictionaries while they are read, so that a long text that is repeated takes room once.
    texts_of = [metadata.schema.column(place).path for place, field in enumerate(schema) if _is_text(field.type)]
    try:
        table = pq.ParquetFile(pa.BufferReader(data), read_dictionary=texts_of).read()
        # The library reads damaged texts without a word, and fails on them later.
        table.validate(full=True)
        columns_read = [column.combine_chunks() for column in table.unify_dictionaries().columns]
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise damaged(path, str(error), "parquet") from error
    arrays, size = [], 0
    for field, column in zip(schema, columns_read, strict=True):
        array = pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
        if len(array) != rows:
            raise damaged(path, f"column {field.name} has {len(array)} rows of {rows}", "parquet")
        size += _text_bytes(array)
        if size > limits.text_bytes:
            raise too_many(path, "bytes of text", limits.text_bytes, f"column {shown(field.name)}")
        arrays.append(_plain(array))
    # Columns of a type at once; a type that has no text is refused with the first column that has it.
    first = {field.type: field.name for field in reversed(list(schema))}
    kinds = [(array.type, first[field.type]) for array, field in zip(arrays, schema, strict=True)]
    texts = cells.texts_by_kind(arrays, kinds, lambda kind, values: _texts(path, kind[1], values))
    cell_kinds = [_cell_kind(array.type) for array in arrays]
    return Sheet(path.name, rows + 1, columns, cells.columns_table(schema.names, texts, cell_kinds, rows))


def _text_bytes(column: pa.Array) -> int:
    """Return how much text the column is when written out."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary) if _is_text(column.type.value_type) else None
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0) if lengths is not None else int(column.nbytes)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _cell_kind(kind: pa.DataType) -> str:
    """Return what a column's cells hold."""
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    return "date" if pa.types.is_temporal(kind) else "text"


def _plain(column: pa.Array) -> pa.Array:
    """Return the column's values without dictionary, and as the type that a type of one's own is made of."""
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _texts(path: Path, name: str, column: pa.Array) -> pa.Array:
    """Return values of one type as text; ``name`` is the first column of that type."""
    kind = column.type
    try:
        if pa.types.is_floating(kind):
            return cells.numbers_text(column)
        if pa.types.is_decimal(kind):
            return cells.decimals_text(column)
        if pa.types.is_boolean(kind):
            return pc.if_else(column, "TRUE", "FALSE")
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
            return cells.times_text(column.cast(pa.date32()) if pa.types.is_date64(kind) else column)
        if not (pa.types.is_duration(kind) or pa.types.is_interval(kind)):
            return column.cast(pa.string())
        problem = "no text is agreed on"
    except (pa.ArrowException, ValueError, OverflowError) as error:
        problem = shown(error)
    raise UserError(
        f"values of type {shown(kind)} cannot be read as text ({problem})",
        place=f"{path}, column {shown(name)}",
        remedy="deliver numbers, texts, dates or booleans",
    )
