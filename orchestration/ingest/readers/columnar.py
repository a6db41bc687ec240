"""Reads Parquet files.

Belongs here: types of Parquet columns, and defects of such a file. Row 1 of the sheet holds the columns' names. Does not
belong here: whether a column without texts may be there (``ingest.delivery_files``, which knows the form).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.core.errors import UserError
from orchestration.ingest.readers import cells
from orchestration.ingest.readers.files import contents, damaged, shown, too_many
from orchestration.ingest.readers.model import Limits, Sheet, Unreadable

_ERRORS = (pa.ArrowException, OSError, ValueError, OverflowError)
# Rows that are unpacked at once where texts are not dictionaries: each may be as long as its page declares.
_BATCH_ROWS = 1024


def read_parquet(path: Path, limits: Limits) -> Sheet:
    """Return the cells of a Parquet file.

    Raises:
        UserError: the file is not a Parquet file, damaged or too large, or has values without a defined text.
    """
    data = contents(path, "parquet", limits)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        schema, metadata = file.schema_arrow, file.metadata
        unpacked = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    except _ERRORS as error:
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
    widest = max((field.type.byte_width for field in schema if pa.types.is_fixed_size_binary(field.type)), default=0)
    if rows * widest > limits.text_bytes:
        raise too_many(path, "bytes of text", limits.text_bytes)
    arrays, size = [], 0
    for field, column in zip(schema, _columns(path, data, schema, metadata, limits), strict=True):
        if len(column) != rows:
            raise damaged(path, f"column {field.name} has {len(column)} rows of {rows}", "parquet")
        size += _text_bytes(column)
        if size > limits.text_bytes:
            raise too_many(path, "bytes of text", limits.text_bytes, f"column {shown(field.name)}")
        arrays.append(_plain(column))
    unreadable: dict[int, Unreadable] = {}
    for number, column in enumerate(arrays, 1):
        if (problem := _problem(column)) is not None:
            unreadable[number] = problem
            mark = pa.scalar(f"[{shown(column.type)}]", pa.string())
            arrays[number - 1] = pc.if_else(column.is_valid(), mark, pa.scalar(None, pa.string()))
    # Columns of a type at once; a type without a text is reported with its first column.
    first = {array.type: name for array, name in zip(reversed(arrays), reversed(schema.names), strict=True)}
    kinds = [(array.type, first[array.type]) for array in arrays]
    texts = cells.texts_by_kind(arrays, kinds, lambda kind, values: _texts(path, kind[1], values))
    cell_kinds = [_cell_kind(array.type) for array in arrays]
    table = cells.columns_table(schema.names, texts, cell_kinds, rows)
    return Sheet(path.name, rows + 1, columns, table, unreadable=unreadable)


def _columns(path: Path, data: bytes, schema: pa.Schema, metadata: pq.FileMetaData, limits: Limits) -> list[pa.Array]:
    """Return the columns in the order of the schema.

    Texts stay dictionaries while they are read, so that a long text that is repeated takes room once. The library cannot do
    so where the writer packed them by their differences; such a file is read a few rows at a time, and not beyond the limit.
    """
    texts = {field.name for field in schema if _is_text(field.type) or _is_bytes(field.type)}
    leaves = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    try:
        try:
            table = _file(data, [leaf for leaf in leaves if leaf in texts]).read()
        except _ERRORS:
            # The packing of texts is not queried: the library kills the process on some damaged descriptions.
            table = pa.Table.from_batches(_batches(path, _file(data, []), limits), schema)
        # The library reads damaged texts without an error, and fails on them later.
        table.validate(full=True)
        columns = [column.combine_chunks() for column in table.unify_dictionaries().columns]
        return [pa.concat_arrays(each.chunks) if isinstance(each, pa.ChunkedArray) else each for each in columns]
    except _ERRORS as error:
        raise damaged(path, str(error), "parquet") from error


def _file(data: bytes, dictionaries: list[str]) -> pq.ParquetFile:
    return pq.ParquetFile(pa.BufferReader(data), read_dictionary=dictionaries, page_checksum_verification=True)


def _batches(path: Path, file: pq.ParquetFile, limits: Limits) -> Iterator[pa.RecordBatch]:
    size = 0
    for batch in file.iter_batches(_BATCH_ROWS):
        size += batch.nbytes
        if size > limits.text_bytes:
            raise too_many(path, "bytes of text", limits.text_bytes)
        yield batch


def _text_bytes(column: pa.Array) -> int:
    """Return the size of the column's text when written out."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    kind = column.type.value_type
    lengths = pc.binary_length(column.dictionary) if _is_text(kind) or _is_bytes(kind) else None
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


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))


def _plain(column: pa.Array) -> pa.Array:
    """Return the column's values without dictionary, extension types as their storage type."""
    if isinstance(column.type, pa.UuidType):
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _problem(column: pa.Array) -> Unreadable | None:
    """Return why the values of a column have no defined text, if so."""
    kind = column.type
    if pa.types.is_nested(kind):
        return Unreadable(f"holds lists or records ({shown(kind)}), not one value a cell", "ask for a column for each value")
    if pa.types.is_interval(kind):
        return Unreadable(f"holds values of type {shown(kind)}", "ask for numbers, texts, dates or booleans")
    if _is_bytes(kind) or pa.types.is_fixed_size_binary(kind):
        for row, value in enumerate(column.to_pylist(), 2):
            try:
                is_text = "\0" not in str(value or b"", "utf-8")
            except UnicodeDecodeError:
                is_text = False
            if not is_text:
                return Unreadable(f"holds bytes that are no UTF-8 (first in row {row})", "ask for texts in UTF-8")
    return None


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
        if pa.types.is_duration(kind):
            return cells.durations_text(column)
        if pa.types.is_temporal(kind):
            return cells.times_text(column.cast(pa.date32()) if pa.types.is_date64(kind) else column)
        return (
            column.cast(pa.binary()).cast(pa.string()) if pa.types.is_fixed_size_binary(kind) else column.cast(pa.string())
        )
    except _ERRORS as error:
        raise UserError(
            f"values of type {shown(kind)} cannot be read as text ({shown(error)})",
            place=f"{path}, column {shown(name)}",
            remedy="deliver numbers, texts, dates or booleans",
        ) from error
