"""Reads csv files.

Belongs here: delimiters, quotes and comments, and evidence that the form states them wrongly. A statement is never corrected
silently: a file that contradicts it is refused, and the message suggests what fits. Does not belong here: encodings
(``encodings``), header rows and totals, which are rows like any other, and how many fields a record should have
(``ingest.columns``).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from orchestration.core.errors import UserError
from orchestration.forms.model import FileSpec
from orchestration.ingest.readers import cells, encodings
from orchestration.ingest.readers.files import contents, shown, too_many
from orchestration.ingest.readers.model import CELL_SCHEMA, Limits, Sheet

MAX_LINE = 16 * 1024**2
"""Most characters of a line, which is held in memory as a whole."""
MAX_CELL = 128 * 1024
"""Most characters of a cell of a csv file."""
OTHER_DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "vertical bar"}
"""Delimiters that a file is tried with when the stated one does not fit."""

# Characters of a sample in which delimiters are counted, and fields of a batch.
_SAMPLE = 64 * 1024
_BATCH = 2**18
_FIRST_BATCH = 256
_DECIMAL_COMMA = re.compile(r"\s*-?\d+,\d+\s*")
# Excel's own line before the header: which character divides the fields.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


def read_csv(path: Path, spec: FileSpec, limits: Limits) -> Sheet:
    """Return the cells of a csv file; every record is a row, including the header and blank lines.

    Comment lines are not records and not counted; Excel's line ``sep=;`` is a blank record.

    Raises:
        UserError: the file is of another kind, too large, has unbalanced quotes, or contradicts its encoding or delimiter.
    """
    text = _opened(path, spec, limits)
    lines = _Lines(text, spec)
    reader = _records(text, spec, lines)
    rows = columns = fields = 0
    widths: list[int] = []
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
            batches.append(cells.records_table(records, first_row=rows + 1))
            rows += len(records)
            widths += lengths
            columns = max(columns, widest)
            size = max(1, _BATCH // max(columns, 1))
    except UnicodeError as error:
        raise encodings.misfit(text) from error
    except csv.Error as error:
        raise _quotes(text, spec, error) from error
    table = pa.concat_tables([CELL_SCHEMA.empty_table(), *batches]).combine_chunks()
    if not table.num_rows:
        raise UserError("the file has no cells", place=str(path), remedy="deliver it again")
    if encodings.WIDE.fullmatch(text.encoding):
        # Text in wide encodings contains zero bytes; a zero character is still not text.
        zero = pc.index(pc.match_substring(table["text"], "\0"), True).as_py()
        if zero >= 0:
            raise encodings.zero_byte(path, f"row {table['row_number'][zero]}")
    if set(widths) <= {0, 1} and spec.delimiter and spec.delimiter in table["text"][0].as_py():
        raise UserError(
            "each whole line is enclosed in quotation marks",
            place=f"{path}, line 1",
            remedy="ask for a new copy with quotation marks around single cells only",
        )
    first_widths = Counter(width for width in widths[:_FIRST_BATCH] if width)
    _refuse_other_delimiter(text, spec, first_widths)
    usual, _ = _usual(first_widths)
    if 1 < widths[-1] < usual and not set(text.data[-4:]) & set(b"\r\n"):
        # A footnote has one cell; a row of some cells without a line end is a row that was cut.
        raise UserError(
            f"the last row has {widths[-1]} of {usual} columns and no line ending: the file is truncated",
            place=f"{path}, row {rows}",
            remedy="deliver the whole file",
        )
    return Sheet(path.name, rows, columns, table, widths=np.array(widths, np.int32), has_separator=lines.has_separator)


def lines_of(path: Path, spec: FileSpec, rows: Iterable[int], limits: Limits | None = None) -> dict[int, int]:
    """Return the line of the file in which each of these rows begins; a cell with line breaks makes them differ."""
    wanted = set(rows)
    text = _opened(path, spec, limits or Limits())
    lines = _Lines(text, spec)
    found: dict[int, int] = {}
    for row, _ in enumerate(_records(text, spec, lines, tracked=True), 1):
        if row in wanted:
            found[row] = lines.first
            if len(found) == len(wanted):
                break
    return found


def _opened(path: Path, spec: FileSpec, limits: Limits) -> encodings.Encoded:
    """Return the bytes of a file with its encoding; an invalid delimiter is refused first."""
    data = contents(path, "csv", limits)
    delimiter = spec.delimiter or ""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UserError(
            f"the delimiter {shown(delimiter)!r} is not a single character",
            place=str(path),
            remedy="state the delimiter in form.yml",
        )
    csv.field_size_limit(MAX_CELL)  # a setting of the process: other libraries set it too
    # Programs of DOS end a file with this byte.
    data = data.removesuffix(b"\x1a") or data
    return encodings.encoded(path, spec.encoding or "", data)


class _Lines(Iterator[str]):
    """The lines of a file with their ends, decoded bit by bit; only line feed and carriage return end a line.

    ``begins`` is set by the caller when a record has ended: a comment line is left out only where a record would begin,
    since a quoted cell may contain such lines too. ``first`` and ``number`` are the first line of the record and the last
    one given. Without a form nothing is left out.
    """

    def __init__(self, text: encodings.Encoded, spec: FileSpec | None = None) -> None:
        raw = io.BytesIO(text.data)
        raw.seek(text.skip)
        self._path = text.path
        self._text = io.TextIOWrapper(raw, encoding=text.encoding, newline="")
        self._comment = spec.comment if spec else None
        self._delimiter = spec.delimiter if spec else None
        self.begins = True
        self.has_separator = False
        self.first = self.number = 0

    def __next__(self) -> str:
        line = self._line()
        if self.begins:
            while self._comment and line.startswith(self._comment):
                line = self._line()
            if self.number == 1 and self._is_separator(line):
                self.has_separator, line = True, "\n"
            self.first, self.begins = self.number, False
        return line

    def _line(self) -> str:
        line = self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == MAX_LINE:
            raise too_many(self._path, "characters in one line", MAX_LINE, f"line {self.number}")
        return line

    def _is_separator(self, line: str) -> bool:
        """Whether the line is Excel's separator line, which must agree with the form."""
        found = _SEPARATOR_LINE.fullmatch(line) if self._delimiter else None
        if found and self._delimiter and found[1] != self._delimiter:
            raise UserError(
                f"says sep={shown(found[1])}, but the form states {_name_of_delimiter(self._delimiter)}",
                place=f"{self._path}, line 1",
                remedy=f"state delimiter: {_format_delimiter(found[1])} in form.yml",
            )
        return found is not None


def _parser(lines: Iterable[str], spec: FileSpec, delimiter: str | None = None) -> Iterator[list[str]]:
    """Return the parser of csv records, as the form states them; strict, unless another delimiter is tried."""
    return csv.reader(
        lines,
        delimiter=delimiter or spec.delimiter or "",
        quotechar=spec.quote_character,
        quoting=csv.QUOTE_MINIMAL if spec.quote_character else csv.QUOTE_NONE,
        escapechar=spec.escape,
        strict=delimiter is None,
    )


def _records(text: encodings.Encoded, spec: FileSpec, lines: _Lines, *, tracked: bool = False) -> Iterator[list[str]]:
    """Yield the records of a file; with ``tracked``, ``lines`` learns where each begins, which takes longer."""
    parser = _parser(lines, spec)
    return _tracked_records(parser, lines) if tracked or spec.comment else parser


def _tracked_records(parser: Iterator[list[str]], lines: _Lines) -> Iterator[list[str]]:
    for record in parser:
        yield record
        lines.begins = True


def _quotes(text: encodings.Encoded, spec: FileSpec, error: csv.Error) -> UserError:
    """Return the refusal of unbalanced quotes, with the line where the quoted cell begins."""
    path, lines = text.path, _Lines(text, spec)
    try:
        for _ in _records(text, spec, lines, tracked=True):
            pass
    except csv.Error:
        pass
    last = lines.number
    begun = _quote_line(islice(_Lines(text), lines.first - 1, last), lines.first, spec)
    quote = spec.quote_character or ""
    message = str(error)
    if "end of data" in message:
        what = "a quote opens a cell that is not closed before the end of the file"
    elif "field larger" in message:
        what = f"a cell is longer than {MAX_CELL:,} characters, as if its quote were not closed"
    else:
        what = f"a quoted cell is followed by more text before the next delimiter (line {last})"
    remedy = f"close the quote, and write a quote inside a quoted cell as {quote * 2}"
    if spec.escape is None and "\\" + quote in text.data.decode(text.encoding, "replace"):
        remedy = f'state escape: "\\\\" in form.yml if \\{quote} stands for a quote inside a cell, or ' + remedy
    elif spec.quote is None:
        remedy += ", or state quote: none in form.yml if quotes are ordinary characters of the file"
    return UserError(what, place=f"{path}, line {begun}", remedy=remedy)


def _quote_line(lines: Iterable[str], first: int, spec: FileSpec) -> int:
    """Return the line in which the last quoted cell of a record begins."""
    begun, state, escaped = first, "start", False
    for number, line in enumerate(lines, first):
        for character in line:
            if escaped or (spec.escape and character == spec.escape):
                escaped = not escaped
            elif state == "quoted":
                state = "closed" if character == spec.quote_character else "quoted"
            elif character == spec.quote_character and state in {"start", "closed"}:
                # After a closing quote this is a doubled quote, and the same cell goes on.
                begun, state = (number if state == "start" else begun), "quoted"
            else:
                state = "start" if character == spec.delimiter else "plain"
    return begun


def _refuse_other_delimiter(text: encodings.Encoded, spec: FileSpec, widths: Counter[int]) -> None:
    """Refuse a file that has columns with another delimiter but not with the stated one."""
    width, share = _usual(widths)
    if width > 1 and share >= 2 / 3:
        return
    raw = io.BytesIO(text.data)
    raw.seek(text.skip)
    sample = io.TextIOWrapper(raw, encoding=text.encoding, newline="").read(_SAMPLE)
    if len(sample) == _SAMPLE and "\n" in sample:
        sample = sample[: sample.rindex("\n") + 1]
    lines = [line for line in io.StringIO(sample, newline="") if not (spec.comment and line.startswith(spec.comment))]
    for other in OTHER_DELIMITERS:
        if other == spec.delimiter:
            continue
        try:
            records = [record for record in _parser(lines, spec, other) if record]
        except csv.Error:
            continue
        if other == ",":
            # A column with decimal commas is not two columns.
            records = [record for record in records if not _DECIMAL_COMMA.fullmatch(",".join(record))]
        other_width, other_share = _usual(Counter(map(len, records)))
        if other_width > width and other_share >= 2 / 3:
            gives = f"{width} columns in some rows" if width > 1 else "one column"
            raise UserError(
                f"has {other_width} columns when it is split at {_name_of_delimiter(other)}s, but the form states "
                f"{_name_of_delimiter(spec.delimiter or '')}, which gives {gives}",
                place=str(text.path),
                remedy=f"state delimiter: {_format_delimiter(other)} in form.yml",
            )


def _name_of_delimiter(delimiter: str) -> str:
    return OTHER_DELIMITERS.get(delimiter, repr(shown(delimiter)))


def _format_delimiter(delimiter: str) -> str:
    return '"' + ("\\t" if delimiter == "\t" else shown(delimiter)) + '"'


def _usual(widths: Counter[int]) -> tuple[int, float]:
    """Return the most frequent number of columns and the share of records that have it."""
    if not widths:
        return 0, 0.0
    width, count = widths.most_common(1)[0]
    return width, count / widths.total()
