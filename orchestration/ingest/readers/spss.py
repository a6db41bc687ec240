"""Reads SPSS files (sav and zsav).

Belongs here: SPSS dates, the file's declarations, the encoding of its texts, and defects of such a file. Cells hold values,
never labels; a value that the file declares missing is returned unchanged, and listed beside the cells. Blanks at the end of
a text are SPSS's padding and are dropped. Row 1 of the sheet holds the variables' names. Does not belong here: whether the
form agrees with the file (``ingest.declared_values``).
"""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyreadstat

from orchestration.core.errors import UserError
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import FileSpec
from orchestration.ingest.readers import cells, encodings, spss_frame
from orchestration.ingest.readers.files import contents, damaged, shown, too_many
from orchestration.ingest.readers.model import PLACE_SCHEMA, Declared, Limits, Sheet

# Names of SPSS formats whose values are seconds since the start of the Gregorian calendar, or seconds of a day.
_DATES = re.compile(r"(?:A|E|J|S)?DATE\d*|MOYR\d*|QYR\d*|WKYR\d*|DATETIME[\d.]*|YMDHMS[\d.]*")
_TIMES = re.compile(r"D?TIME[\d.]*|MTIME[\d.]*")
_TEXT_FORMAT = re.compile(r"A(?:HEX)?[\d.]*")
_DAY = 86_400
_BLOCK_BYTES = 256 * 1024**2
_FIRST_DAY = np.datetime64("1582-10-14", "us")
# Range in seconds of the years that can be written with four digits.
_YEAR_1 = (np.datetime64("0001-01-01", "s") - np.datetime64("1582-10-14", "s")).astype(int)
_YEAR_9999 = (np.datetime64("9999-12-31", "s") - np.datetime64("1582-10-14", "s")).astype(int)
# The record that declares a file's encoding: kind 7, subtype 20, elements of one byte; numbers of four bytes in either
# order.
_ENCODING_RECORDS = (
    (re.compile(rb"\x07\0\0\0\x14\0\0\0\x01\0\0\0(.)\0\0\0", re.DOTALL)),
    (re.compile(rb"\0\0\0\x07\0\0\0\x14\0\0\0\x01\0\0\0(.)", re.DOTALL)),
)
# The library's encoding for a file that declares none.
_UNDECLARED = "cp1252"
# With this encoding the library returns every byte as the character with its number.
_BYTES = "ISO-8859-1"


class _TextError(Exception):
    """The library cannot decode the texts in the declared encoding."""


@dataclass(frozen=True)
class _Contents:
    """The library's result: names, values, and declarations; ``columns`` are texts or floating numbers."""

    encoding: str | None
    names: list[str]
    formats: list[str]
    columns: list[pa.Array]
    missing: list[list[dict[str, Any]]]
    value_labels: list[dict[Any, str]]
    column_labels: list[str]
    counted: list[str]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.columns[0])

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield each text that is not ASCII, with its place: names, cells, labels."""
        for place, name in enumerate(self.names, 1):
            if not name.isascii():
                yield f"name of variable {place}", name
        for place, column in enumerate(self.columns, 1):
            if pa.types.is_string(column.type):
                for text in column.filter(pc.invert(pc.string_is_ascii(column.fill_null("")))).unique().to_pylist():
                    yield f"variable {place}, row {pc.index(column, text).as_py() + 2}", text
        for place, (label, labels) in enumerate(zip(self.column_labels, self.value_labels, strict=True), 1):
            for text in (label, *labels.values()):
                if not text.isascii():
                    yield f"labels of variable {place}", text

    def decoded(self, change: Callable[[str], str]) -> _Contents:
        """Return the same with every text converted."""

        def column(values: pa.Array) -> pa.Array:
            if not pa.types.is_string(values.type):
                return values
            encoded = values.dictionary_encode()
            words = pa.array([change(text) for text in encoded.dictionary.to_pylist()], pa.string())
            return pa.DictionaryArray.from_arrays(encoded.indices, words).dictionary_decode()

        def value(end: Any) -> Any:
            return change(end) if isinstance(end, str) else end

        return replace(
            self,
            names=[change(name) for name in self.names],
            columns=[column(values) for values in self.columns],
            missing=[[{end: value(text) for end, text in each.items()} for each in ranges] for ranges in self.missing],
            value_labels=[{value(code): change(text) for code, text in labels.items()} for labels in self.value_labels],
            column_labels=[change(label) for label in self.column_labels],
        )


def read_sav(path: Path, spec: FileSpec, limits: Limits) -> Sheet:
    """Return the cells of an SPSS file, and its declarations.

    Args:
        path: the file.
        spec: states the encoding where the file declares a wrong one.
        limits: size limits.

    Raises:
        UserError: the file is not an SPSS file, damaged or too large, or its texts are not in the encoding that the form, or
            else the file, states.
    """
    data = contents(path, "sav", limits)
    try:
        spss_frame.check(data, limits.unpacked_bytes)
    except spss_frame.TooLargeError as error:
        raise too_many(path, "bytes of data when unpacked", limits.unpacked_bytes) from error
    except spss_frame.FrameError as error:
        raise damaged(path, str(error), "sav") from error
    declared = _declared_encoding(data)
    if spec.encoding is not None:
        if not _is_known(spec.encoding):
            raise UserError(
                f"{shown(spec.encoding)!r} is not a known text encoding",
                place=str(path),
                remedy="state an encoding such as utf-8 or cp1252 in form.yml",
            )
        found = _decoded_as_stated(path, spec.encoding, declared, _read(path, limits, _BYTES))
    else:
        try:
            found = _read(path, limits, None)
        except _TextError:
            found = _decoded_as_declared(path, declared or _UNDECLARED, _read(path, limits, _BYTES))
        else:
            _refuse_hidden_utf_8(path, found)
    return _sheet(path, found)


def _sheet(path: Path, found: _Contents) -> Sheet:
    kinds = [_kind(pa.types.is_string(column.type), form) for column, form in zip(found.columns, found.formats, strict=True)]
    texts = cells.texts_by_kind(found.columns, kinds, lambda kind, together: _TEXTS[kind](together))
    missing: dict[int, MissingValues] = {}
    rows, columns = [], []
    for number, (values, ranges) in enumerate(zip(found.columns, found.missing, strict=True), 1):
        if not ranges:
            continue
        missing[number] = _missing_values(tuple((each["lo"], each["hi"]) for each in ranges))
        found_in = np.flatnonzero(_is_missing(values, ranges))
        rows.append(found_in + 2)
        columns.append(np.full(len(found_in), number))
    places = [np.concatenate(numbers) if numbers else np.array([], np.int32) for numbers in (rows, columns)]
    missing_cells = pa.Table.from_arrays([pa.array(numbers, pa.int32()) for numbers in places], schema=PLACE_SCHEMA)
    declared = Declared(
        missing,
        missing_cells,
        {
            number: {code if isinstance(code, str) else cells.number_text(code): text for code, text in labels.items()}
            for number, labels in enumerate(found.value_labels, 1)
            if labels
        },
        {number: label for number, label in enumerate(found.column_labels, 1) if label},
        {number: code for number, code in enumerate(found.counted, 1) if code},
    )
    table = cells.columns_table(found.names, texts, [_CELL_KINDS[kind] for kind in kinds], found.rows)
    return Sheet(path.name, found.rows + 1, len(found.names), table, declared=declared)


def _read(path: Path, limits: Limits, encoding: str | None) -> _Contents:
    """Return the file's contents; a given encoding replaces the file's."""
    description = _library(path, encoding=encoding, metadataonly=True, user_missing=True, disable_datetime_conversion=True)[
        1
    ]
    names = list(description.column_names)
    if not names:
        raise damaged(path, "it has no variables", "sav")
    # A file that was written as a stream does not state its number of rows.
    rows = description.number_rows
    if rows is not None and rows >= limits.rows:
        raise too_many(path, "rows", limits.rows)
    if len(names) > limits.columns:
        raise too_many(path, "columns", limits.columns)
    if (rows or 0) * len(names) > limits.cells:
        raise too_many(path, "cells", limits.cells)
    is_text = {name: description.readstat_variable_types[name] == "string" for name in names}
    formats = [str(description.original_variable_types.get(name) or "") for name in names]
    for name, form in zip(names, formats, strict=True):
        if form and is_text[name] != (_TEXT_FORMAT.fullmatch(form) is not None):
            raise damaged(
                path,
                f"its values are {'texts' if is_text[name] else 'numbers'}, its format is {form}",
                "sav",
                f"variable {shown(name)}",
            )
    # A few rows at a time where texts are very wide, since such a file can be short when packed.
    step = max(1, _BLOCK_BYTES // max(sum(description.variable_storage_width.values()), 1))
    blocks: list[list[pa.Array]] = []
    read = size = 0
    while not blocks or len(blocks[-1][0]) == step:
        block = _block(path, encoding, is_text, read, step)
        read += len(block[0])
        size += sum(array.nbytes for array in block)
        if read >= limits.rows or read * len(names) > limits.cells:
            raise too_many(path, "rows" if read >= limits.rows else "cells", min(limits.rows, limits.cells))
        if size > limits.text_bytes:
            raise too_many(path, "bytes of text", limits.text_bytes)
        blocks.append(block)
        if read == rows:
            break
    if rows is not None and read != rows:
        raise damaged(path, f"{read} rows of {rows}", "sav")
    # For a set of text variables the library does not return the counted value.
    counted = {
        name: cells.number_text(each["counted_value"])
        for each in description.mr_sets.values()
        if each["is_dichotomy"] and each["counted_value"] is not None
        for name in each["variable_list"]
    }
    return _Contents(
        encoding=description.file_encoding,
        names=names,
        formats=formats,
        columns=[pa.concat_arrays(list(columns)) for columns in zip(*blocks, strict=True)],
        missing=[list(description.missing_ranges.get(name, ())) for name in names],
        value_labels=[dict(description.variable_value_labels.get(name, {})) for name in names],
        column_labels=[str(description.column_names_to_labels.get(name) or "") for name in names],
        counted=[counted.get(name, "") for name in names],
    )


def _block(path: Path, encoding: str | None, is_text: Mapping[str, bool], first: int, count: int) -> list[pa.Array]:
    """Return the variables' values in some of the rows; a variable is numeric, or text throughout."""
    data, _ = _library(
        path,
        encoding=encoding,
        user_missing=True,
        output_format="dict",
        disable_datetime_conversion=True,
        row_offset=first,
        row_limit=count,
    )
    try:
        return [pa.array(data[name], pa.string() if text else pa.float64()) for name, text in is_text.items()]
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
        raise damaged(path, str(error), "sav") from error


def _library(path: Path, **options: Any) -> tuple[Any, Any]:
    """Read with the library.

    Raises:
        _TextError: texts are not in the encoding that the file declares.
        UserError: the file is damaged.
    """
    try:
        return pyreadstat.read_sav(str(path), **options)  # type: ignore[no-any-return]
    except Exception as error:  # the library raises errors of many kinds
        if options["encoding"] is None and re.search("convert string|character set|codec can't decode", str(error)):
            raise _TextError from error
        raise damaged(path, str(error), "sav") from error


# Encodings


def _declared_encoding(data: bytes) -> str | None:
    """Return the encoding that the file declares, which the library returns only if it can use it."""
    for record in _ENCODING_RECORDS:
        if (found := record.search(data)) is not None:
            return data[found.end() : found.end() + found[1][0]].decode("ascii", "replace").strip() or None
    return None


def _is_known(encoding: str) -> bool:
    """Whether the encoding is byte-based and compatible with ASCII."""
    try:
        return "a".encode(encoding) == b"a"
    except (LookupError, ValueError, TypeError):
        return False


def _text(characters: str, encoding: str) -> str:
    """Decode a text whose characters are bytes."""
    return characters.encode("latin-1").decode(encoding)


def _fitting(found: _Contents) -> str | None:
    """Return the encoding in which all texts decode to letters, if there is one."""
    return encodings.fitting(b"\n".join(text.encode("latin-1") for _, text in found.texts()))


def _beyond_ascii(texts: list[str]) -> int:
    return sum(not character.isascii() for text in texts for character in text)


def _latin(texts: list[str]) -> int:
    """Count the letters of Latin alphabets beyond ASCII."""
    return sum(
        not character.isascii() and unicodedata.name(character, "").startswith("LATIN ")
        for text in texts
        for character in text
    )


def _decoded_as_declared(path: Path, declared: str, found: _Contents) -> _Contents:
    """Return the contents decoded as the file declares, which the library could not do, or report where they do not fit."""
    if not _is_known(declared):
        raise _advised(found, f"says that it is written in {shown(declared)!r}, which is not known", str(path))
    _refuse_misfit(path, found, declared, "the file says")
    return found.decoded(lambda text: _text(text, declared))


def _decoded_as_stated(path: Path, stated: str, declared: str | None, found: _Contents) -> _Contents:
    """Return the contents decoded as the form states, unless the texts contradict it."""
    _refuse_misfit(path, found, stated, "the form states")
    texts = list(found.texts())
    ours = [_text(text, stated) for _, text in texts]
    for other in filter(None, (_fitting(found), declared or _UNDECLARED)):
        try:
            theirs = [_text(text, other) for _, text in texts]
        except (UnicodeError, LookupError):
            continue
        # Both decode: the one that gives letters is right.
        if _latin(theirs) * _beyond_ascii(ours) > _latin(ours) * _beyond_ascii(theirs):
            place, read, right = next(
                (place, one, another) for (place, _), one, another in zip(texts, ours, theirs, strict=True) if one != another
            )
            raise UserError(
                f"is {shown(other)}, but the form states {shown(stated)} ({right!r} would be read as {read!r})",
                place=f"{path}, {place}",
                remedy=f"state encoding: {shown(other)} in form.yml, or leave it out where the file says it",
            )
    return found.decoded(lambda text: _text(text, stated))


def _refuse_misfit(path: Path, found: _Contents, encoding: str, who: str) -> None:
    for place, text in found.texts():
        try:
            _text(text, encoding)
        except UnicodeDecodeError as error:
            byte = text.encode("latin-1")[error.start]
            raise _advised(found, f"byte 0x{byte:02X} is not {shown(encoding)}, as {who}", f"{path}, {place}") from error


def _advised(found: _Contents, what: str, place: str) -> UserError:
    """Return a refusal that names an encoding which fits, if there is one."""
    fitting = _fitting(found)
    remedy = "state the encoding of the texts in form.yml, or deliver the file anew"
    if fitting is not None:
        example = next((_text(text, fitting) for _, text in found.texts()), "")
        remedy = f"state encoding: {fitting} in form.yml if {shown(example)!r} is what is meant"
    return UserError(what, place=place, remedy=remedy)


def _refuse_hidden_utf_8(path: Path, found: _Contents) -> None:
    """Refuse UTF-8 in a file that declares a single-byte encoding, which any bytes fit."""
    declared = found.encoding or _UNDECLARED
    if not _is_known(declared) or codecs.lookup(declared).name == "utf-8":
        return
    texts = list(found.texts())
    try:
        decoded = [text.encode(declared).decode("utf-8") for _, text in texts]
    except UnicodeError:
        return
    if decoded:
        raise UserError(
            f"is UTF-8, but the file says {shown(declared)} ({decoded[0]!r} would be read as {shown(texts[0][1])!r})",
            place=f"{path}, {texts[0][0]}",
            remedy="state encoding: utf-8 in form.yml",
        )


# Missing values


@functools.lru_cache(maxsize=1024)
def _missing_values(ranges: tuple[tuple[Any, Any], ...]) -> MissingValues:
    """Return a variable's declaration of missing values; LO and HI of SPSS are open ends."""
    texts, spans = [], []
    for low, high in ranges:
        if isinstance(low, str):
            texts.append(low)
        elif low == high:
            texts.append(cells.number_text(low))
        else:
            limit = np.finfo(float).max
            spans.append((-np.inf if low <= -limit else float(low), np.inf if high >= limit else float(high)))
    return MissingValues.of(texts, spans)


def _is_missing(values: pa.Array, ranges: list[dict[str, Any]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return for each value whether the variable's declaration includes it."""
    if pa.types.is_string(values.type):
        # SPSS pads both with blanks before it compares them.
        declared = pa.array([str(each["lo"]).rstrip(" ") for each in ranges], pa.string())
        return np.asarray(pc.is_in(pc.utf8_rtrim(values, " "), value_set=declared))
    numbers = cells.settled(values.to_numpy(zero_copy_only=False))
    missing = np.zeros(len(numbers), bool)
    for each in ranges:
        missing |= (numbers >= each["lo"]) & (numbers <= each["hi"])
    return missing


# Texts of values


def _kind(is_text: bool, form: str) -> str:
    if is_text:
        return "text"
    if _DATES.fullmatch(form):
        return "date"
    return "time" if _TIMES.fullmatch(form) else "number"


def _dates_text(seconds: pa.Array) -> pa.Array:
    """Return dates, with the time of day where there is one; a value outside the years 1 to 9999 stays a number."""
    values = np.asarray(seconds.cast(pa.float64()).fill_null(np.nan))
    is_date = (values >= _YEAR_1) & (values <= _YEAR_9999 + _DAY - 1)
    # Microseconds, because fractions of a second are delivered too.
    moments = _FIRST_DAY + np.round(np.where(is_date, values, 0) * 1_000_000).astype("timedelta64[us]")
    texts = cells.times_text(pa.array(moments))
    texts = pc.if_else(pa.array(np.mod(values, _DAY) == 0), pc.utf8_slice_codeunits(texts, 0, 10), texts)
    return pc.if_else(pa.array(is_date), texts, cells.numbers_text(seconds))


def _times_text(seconds: pa.Array) -> pa.Array:
    """Return durations; there are few of them, so one by one."""
    values = seconds.to_pylist()
    return pa.array(
        [None if value is None or value != value else cells.seconds_text(value) for value in values], pa.string()
    )


_CELL_KINDS = {"text": "text", "number": "number", "date": "date", "time": "date"}
_TEXTS: dict[str, Callable[[pa.Array], pa.Array]] = {
    "text": lambda texts: texts,
    "number": cells.numbers_text,
    "date": _dates_text,
    "time": _times_text,
}
