"""Reads csv files.

Belongs here: encodings, delimiters and quotes, and what shows that the form states them wrongly. A statement is never
corrected silently: a file that contradicts it is refused, and the message says what fits. Does not belong here: header rows
and totals, which are rows like any other.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.errors import UserError
from orchestration.forms.model import FileSpec
from orchestration.ingest.readers import cells
from orchestration.ingest.readers.files import contents, shown, too_many
from orchestration.ingest.readers.model import CELL_SCHEMA, Limits, Sheet

MAX_LINE = 16 * 1024**2
"""Most characters of a line, which is held in memory as a whole."""
MAX_CELL = 128 * 1024
"""Most characters of a cell of a csv file."""
OTHER_DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "vertical bar"}
"""Delimiters that a file is tried with when the stated one does not fit."""

# Byte order marks; the longer ones first, because that of UTF-32 begins as that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_WIDE = re.compile(r"utf-(?:16|32)(-le|-be)?")
# Characters of a sample in which delimiters are counted, and fields of a batch.
_SAMPLE = 64 * 1024
_BATCH = 2**18
_FIRST_BATCH = 256
_BLOCK = 2**20
_DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_csv(path: Path, spec: FileSpec, limits: Limits) -> Sheet:
    """Return the cells of a csv file; every record is a row, the header and blank lines too.

    Raises:
        UserError: the file is of another kind, too large, has unbalanced quotes, or contradicts its encoding or delimiter.
    """
    data = contents(path, "csv", limits)
    delimiter = spec.delimiter or ""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UserError(
            f"the delimiter {shown(delimiter)!r} is not a single character",
            place=str(path),
            remedy="state the delimiter in form.yml",
        )
    csv.field_size_limit(MAX_CELL)  # of the process: other libraries set it too
    encoding, skip = _encoding(path, spec.encoding or "", data)
    reader = csv.reader(_lines(path, data, encoding, skip), delimiter=delimiter, strict=True)
    rows = columns = fields = last = 0
    widths: Counter[int] = Counter()
    batches = []
    size = _FIRST_BATCH
    try:
        while records := list(islice(reader, size)):
            lengths = list(map(len, records))
            widest = max(lengths)
            fields += sum(lengths)
            if rows + len(records) > limits.rows:
                raise too_many(path, "rows", limits.rows)
            if widest > limits.columns:
                raise too_many(path, "columns", limits.columns, f"row {rows + 1 + lengths.index(widest)}")
            if fields > limits.cells:
                raise too_many(path, "cells", limits.cells)
            if not rows:
                widths.update(length for length in lengths if length)
            batches.append(cells.records_table(records, first_row=rows + 1))
            rows += len(records)
            last = lengths[-1]
            columns = max(columns, widest)
            size = max(1, _BATCH // max(columns, 1))
    except UnicodeError as error:
        raise _misfit(path, spec, data, encoding, skip) from error
    except csv.Error as error:
        raise _quotes(path, data, encoding, skip, delimiter, error) from error
    table = pa.concat_tables([CELL_SCHEMA.empty_table(), *batches]).combine_chunks()
    if not table.num_rows:
        raise UserError("the file has no cells", place=str(path), remedy="deliver it again")
    if _WIDE.fullmatch(encoding):
        # Text in wide encodings has zero bytes of its own; a zero character is still no text.
        zero = pc.index(pc.match_substring(table["text"], "\0"), True).as_py()
        if zero >= 0:
            raise _zero_byte(path, f"row {table['row_number'][zero]}")
    _refuse_other_delimiter(path, data, encoding, skip, delimiter, widths)
    usual, _ = _usual(widths)
    if 1 < last < usual and not set(data[-4:]) & set(b"\r\n"):
        # A footnote has one cell; a row of some cells without a line end is a row that was cut.
        raise UserError(
            f"the last row has {last} of {usual} columns and no line end: the file is cut off",
            place=f"{path}, row {rows}",
            remedy="deliver the whole file",
        )
    return Sheet(path.name, rows, columns, table)


def _encoding(path: Path, stated: str, data: bytes) -> tuple[str, int]:
    """Return the encoding to decode with and the length of the byte order mark, or refuse what contradicts the statement."""
    try:
        codec = codecs.lookup(stated)
        "".encode(stated)
    except (LookupError, ValueError) as error:
        raise UserError(
            f"the encoding {shown(stated)!r} is not known for text",
            place=str(path),
            remedy="state an encoding such as utf-8 or latin-1 in form.yml",
        ) from error
    name = codec.name.replace("_", "-").removesuffix("-sig")
    mark = next(((mark, family, exact) for mark, family, exact in _MARKS if data.startswith(mark)), None)
    if mark is not None:
        if name not in {mark[1].removesuffix("-sig"), mark[2]}:
            raise UserError(
                f"begins with the byte order mark of {mark[2]}, but the form states {shown(stated)}",
                place=f"{path}, line 1",
                remedy=f"state encoding: {mark[1]} in form.yml",
            )
        return mark[2], len(mark[0])
    wide = _WIDE.fullmatch(name)
    if wide and b"\0" not in data:
        raise UserError(
            f"is not {shown(stated)}, because it has no zero byte",
            place=str(path),
            remedy=f"state encoding: {_fitting(data, name)} in form.yml",
        )
    if wide and not wide[1]:
        raise UserError(
            f"has no byte order mark, so that {name} can mean two things",
            place=str(path),
            remedy=f"state encoding: {name}-le or {name}-be in form.yml",
        )
    if not wide:
        zero = data.find(0)
        if zero >= 0:
            # Every other byte of UTF-16 is zero where the text is in Latin letters.
            utf_16 = ("utf-16-le" if data[1:2] == b"\0" else "utf-16-be") if data.count(0) > len(data) // 3 else None
            raise _zero_byte(path, f"line {_line(data[:zero], name)}, byte {zero}", utf_16)
        if name != "utf-8" and _is_single_byte(name) and not data.isascii() and _fits(data, "utf-8"):
            raise UserError(
                f"is UTF-8, but the form states {shown(stated)} ({_mojibake(data, name)})",
                place=f"{path}, line {_line(data[: _first_beyond_ascii(data)], name)}",
                remedy="state encoding: utf-8 in form.yml",
            )
    return name, 0


def _zero_byte(path: Path, place: str, fitting: str | None = None) -> UserError:
    return UserError(
        "holds a zero byte (NUL), which is no text",
        place=f"{path}, {place}",
        remedy=f"state encoding: {fitting} in form.yml" if fitting else "deliver a csv file that holds only text",
    )


def _lines(path: Path, data: bytes, encoding: str, skip: int) -> Iterator[str]:
    """Yield the lines with their ends, decoded bit by bit; only line feed and carriage return end a line."""
    raw = io.BytesIO(data)
    raw.seek(skip)
    text = io.TextIOWrapper(raw, encoding=encoding, newline="")
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise too_many(path, "characters in one line", MAX_LINE, f"line {number}")
        yield line


def _is_single_byte(encoding: str) -> bool:
    """Whether the encoding has one byte a character, so that UTF-8 would pass for it unnoticed."""
    try:
        return len(bytes(range(256)).decode(encoding, "replace")) == 256
    except (UnicodeError, ValueError):
        return False


def _fits(data: bytes, encoding: str) -> bool:
    """Whether the bytes decode, tried in blocks to keep memory small."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for start in range(0, len(data), _BLOCK):
            decoder.decode(data[start : start + _BLOCK])
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _fitting(data: bytes, stated: str) -> str:
    """Return an encoding that fits the bytes; latin-1 fits all."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return next((name for name in ("utf-8", "cp1252") if name != stated and _fits(data, name)), "latin-1")


def _first_beyond_ascii(data: bytes) -> int:
    found = re.search(rb"[\x80-\xff]", data)
    return found.start() if found else 0


def _mojibake(data: bytes, encoding: str) -> str:
    """Show the first letter that the stated encoding would spoil."""
    start = _first_beyond_ascii(data)
    found = re.match(rb"[\xc0-\xff][\x80-\xbf]*", data[start : start + 4])
    letter = found[0] if found else b""
    return f"{shown(letter.decode('utf-8', 'replace'))} would be read as {shown(letter.decode(encoding, 'replace'))}"


def _line(before: bytes, encoding: str) -> int:
    """Return the number of the line that begins with, or goes on after, these bytes."""
    # Only wide encodings have other bytes for the ends of lines.
    text = before.decode(encoding if _WIDE.fullmatch(encoding) else "latin-1", "replace")
    return 1 + sum(1 for _ in _LINE_END.finditer(text))


def _misfit(path: Path, spec: FileSpec, data: bytes, encoding: str, skip: int) -> UserError:
    """Return the refusal of bytes that the stated encoding does not have."""
    place, found = str(path), ""
    try:
        data[skip:].decode(encoding)
    except UnicodeDecodeError as error:
        position = error.start + skip
        found = f" (byte 0x{data[position]:02X})" if position < len(data) else ""
        place = f"{path}, line {_line(data[skip:position], encoding)}, byte {position}"
    except UnicodeError as error:
        found = f" ({shown(error)})"
    remedy = f"state encoding: {_fitting(data, encoding)} in form.yml, which fits, or deliver it as {shown(spec.encoding)}"
    if _WIDE.fullmatch(encoding):
        # Its byte order mark or zero bytes have shown that it is what the form states.
        remedy = "the file is damaged there: deliver it again"
    return UserError(f"is not {shown(spec.encoding)}{found}", place=place, remedy=remedy)


def _quotes(path: Path, data: bytes, encoding: str, skip: int, delimiter: str, error: csv.Error) -> UserError:
    """Return the refusal of quotes that do not balance, with the line where the quoted cell begins."""
    reader = csv.reader(_lines(path, data, encoding, skip), delimiter=delimiter, strict=True)
    first = 1
    try:
        for _ in reader:
            first = reader.line_num + 1
    except csv.Error:
        pass
    last = reader.line_num
    begun = _quote_line(islice(_lines(path, data, encoding, skip), first - 1, last), first, delimiter)
    message = str(error)
    if "end of data" in message:
        what = "a quote opens a cell that is not closed before the end of the file"
    elif "field larger" in message:
        what = f"a cell is longer than {MAX_CELL:,} characters, as if its quote were not closed"
    else:
        what = f"a quoted cell is followed by more text before the next delimiter (line {last})"
    return UserError(
        what, place=f"{path}, line {begun}", remedy='close the quote, and write a quote inside a quoted cell as ""'
    )


def _quote_line(lines: Iterable[str], first: int, delimiter: str) -> int:
    """Return the line in which the last quoted cell of a record begins."""
    begun, state = first, "start"
    for number, line in enumerate(lines, first):
        for character in line:
            if state == "quoted":
                state = "closed" if character == '"' else "quoted"
            elif character == '"' and state in {"start", "closed"}:
                # After a closing quote it is a doubled one, and the same cell goes on.
                begun, state = (number if state == "start" else begun), "quoted"
            else:
                state = "start" if character == delimiter else "plain"
    return begun


def _refuse_other_delimiter(path: Path, data: bytes, encoding: str, skip: int, delimiter: str, widths: Counter[int]) -> None:
    """Refuse a file that is in columns with another delimiter, and is not with the stated one."""
    width, share = _usual(widths)
    if width > 1 and share >= 2 / 3:
        return
    raw = io.BytesIO(data)
    raw.seek(skip)
    sample = io.TextIOWrapper(raw, encoding=encoding, newline="").read(_SAMPLE)
    if len(sample) == _SAMPLE and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    for other, name in OTHER_DELIMITERS.items():
        if other == delimiter:
            continue
        try:
            records = [record for record in csv.reader(io.StringIO(sample, newline=""), delimiter=other) if record]
        except csv.Error:
            continue
        if other == ",":
            # A column of decimal commas is not two columns.
            records = [record for record in records if not _DECIMAL_COMMA.fullmatch(",".join(record))]
        other_width, other_share = _usual(Counter(map(len, records)))
        if other_width > 1 and other_share >= 2 / 3:
            gives = f"{width} columns in some rows" if width > 1 else "one column"
            raise UserError(
                f"has {other_width} columns when it is split at {name}s, but the form states "
                f"{OTHER_DELIMITERS.get(delimiter, repr(delimiter))}, which gives {gives}",
                place=str(path),
                remedy='state delimiter: "' + ("\\t" if other == "\t" else other) + '" in form.yml',
            )


def _usual(widths: Counter[int]) -> tuple[int, float]:
    """Return the most frequent number of columns and the share of records that have it."""
    if not widths:
        return 0, 0.0
    width, count = widths.most_common(1)[0]
    return width, count / widths.total()
