"""The typed form: form.yml, columns.csv and options.csv of one folder of ``data/forms`` (see docs/run/form-folders.md)."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from orchestration.core import letters
from orchestration.core.tables import Label


def _regular_expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return text


# What a draft writes where a person must decide; a form that contains it cannot be run.
UNSURE = "unsure"
# The word in the reason of a column that not every file has.
OPTIONAL = "optional"


def _one_group(text: str) -> str:
    if re.compile(_regular_expression(text)).groups != 1:
        raise ValueError("needs exactly one group in parentheses for the code; other groups begin with ?:")
    return text


UnitPattern = Annotated[str, AfterValidator(_one_group)]
Pattern = Annotated[str, AfterValidator(_regular_expression)]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]


@lru_cache(maxsize=2**14)
def code_text(text: str) -> str:
    """Return a code as it is compared: 99 and 99,0 are the same, as in SQL (macro code_text)."""
    return re.sub(r"^([0-9]+)[.,]0+$", r"\1", text.strip())


def tick_text(text: str) -> str:
    """Return the text of a box as it is compared, as in SQL."""
    return code_text(text).lower()


def header(text: str) -> str:
    """Return a header as it is compared: without blanks at the ends and with single blanks inside."""
    return " ".join(text.split())


def numbered(headers: Iterable[str]) -> list[str]:
    """Return a unique name for each header: a repeated one is ``Header#2``, or the next free number."""
    seen: Counter[str] = Counter()
    names: dict[str, None] = {}
    for text in headers:
        seen[text] += 1
        name = text if seen[text] == 1 else f"{text}#{seen[text]}"
        while name in names:
            seen[text] += 1
            name = f"{text}#{seen[text]}"
        names[name] = None
    return list(names)


def sheet_name(text: str) -> str:
    """Return the name of a sheet as it is compared: without blanks at the ends, and its letters as they are compared."""
    return letters.plain(text).strip()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


QUOTE = '"'
QUOTE_NONE = "none"
Reader = Literal["csv", "xlsx", "xls", "xlsb", "ods", "sav", "parquet"]
"""The readers of files, named after the file endings that they read (``ingest.readers``)."""
WORKBOOKS = ("xlsx", "xls", "xlsb", "ods")
"""Readers of workbooks; all of them have sheets."""


class FileSpec(_Strict):
    """A file of the delivery, or several of the same kind, and those of the kind that may come late."""

    name: str
    pattern: str
    count: int | str = 1
    late: str | None = Field(default=None, exclude_if=lambda late: late is None)
    """Names of files with the same sheets and columns that may come later, one by one; they are not counted."""
    reader: Reader | Literal["none"]
    encoding: str | None = None
    delimiter: str | None = None
    surplus: Literal["refuse", "ignore"] = "refuse"
    """Empty fields by which every record of a csv file is longer than its header."""
    quote: str | None = None
    """What quotes the cells of a csv file, if not ``"``: one character, or the word none."""
    escape: str | None = None
    """What precedes a quote or delimiter that belongs to the text, if quotes are not doubled."""
    comment: str | None = None
    """The beginning of a comment line in a csv file."""
    declared_missing: Literal["refuse", "form"] = "refuse"
    """What decides where an SPSS file declares a code missing that is an answer by the form: nothing, or the form."""
    sheets_not_data: tuple[str, ...] = ()
    """Sheets of a workbook that exist, including hidden ones, but are not read."""
    hidden: Literal["refuse", "read", "skip"] = "refuse"
    """What to do with invisible cells of a workbook: in hidden rows and columns, and covered cells."""
    struck_out: Literal["refuse", "read", "skip"] = "refuse"
    """What to do with cells of a workbook that are struck out."""
    raised: Literal["refuse", "drop"] = "refuse"
    """What to do with raised and lowered parts of a cell's text, such as footnote marks."""

    @model_validator(mode="after")
    def _options_fit_the_reader(self) -> FileSpec:
        for option, names in (("pattern", self.pattern), ("late", self.late or "")):
            if "/" in names or "\\" in names or names.startswith("."):
                raise ValueError(f"{option} names files of the delivery's own folder")
        if self.late is not None and (not self.late or self.late == self.pattern or self.reader == "none"):
            raise ValueError("late needs a different pattern from the entry's own")
        if self.reader == "csv" and (self.encoding is None or self.delimiter is None):
            raise ValueError("a csv file needs encoding and delimiter")
        if self.reader != "csv" and self.delimiter is not None:
            raise ValueError("delimiter is for csv files")
        if self.reader not in {"csv", "sav"} and self.encoding is not None:
            raise ValueError("encoding is for csv and sav files")
        if self.reader != "sav" and self.declared_missing != "refuse":
            raise ValueError("declared_missing is for sav files")
        self._check_marks()
        for name in ("sheets_not_data", "hidden", "struck_out", "raised"):
            if not self.is_workbook and getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(f"{name} is for workbooks")
        if isinstance(self.count, str) and not re.fullmatch(r"\d+-\d+", self.count):
            raise ValueError('count is a number or a range such as "19-20"')
        return self

    def _check_marks(self) -> None:
        """Refuse csv options for other files, and quote and delimiter characters that cannot be told apart."""
        options = (self.quote, self.escape, self.comment)
        if self.reader != "csv" and (any(options) or self.surplus != "refuse"):
            raise ValueError("surplus, quote, escape and comment are for csv files")
        marks = [mark for mark in (self.delimiter, *options) if mark not in (None, QUOTE_NONE)]
        if any(len(mark or "") != 1 or mark in ("\r", "\n") for mark in marks[1:]):
            raise ValueError("quote, escape and comment are one character each; quote: none if there are no quotes")
        if self.quote is None:
            marks.append(QUOTE)
        if len(set(marks)) < len(marks):
            raise ValueError("delimiter, quote, escape and comment are different characters; doubled quotes need no escape")

    @property
    def quote_character(self) -> str | None:
        """What quotes the cells of a csv file, if anything does."""
        return QUOTE if self.quote is None else None if self.quote == QUOTE_NONE else self.quote

    @property
    def is_workbook(self) -> bool:
        """Whether the file is a workbook, with sheets."""
        return self.reader in WORKBOOKS

    def is_late(self, name: str) -> bool:
        """Whether a file of this name is one of the entry's late files; its pattern may fit the name too."""
        return self.late is not None and fnmatch.fnmatchcase(name, self.late)

    def fits(self, name: str) -> bool:
        """Whether a file of this name is one of the entry."""
        return self.is_late(name) or fnmatch.fnmatchcase(name, self.pattern)

    @property
    def count_range(self) -> tuple[int, int]:
        """Fewest and most files."""
        if isinstance(self.count, int):
            return self.count, self.count
        low, high = self.count.split("-")
        return int(low), int(high)


class UnitSpec(_Strict):
    """Columns that hold the unit; several are tried in turn."""

    code: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    part_code: tuple[str, ...] = ()
    part_name: tuple[str, ...] = ()
    stratum: str | None = None
    fill_down: bool = False
    """Whether a unit is written once and holds for the rows below it too, until the next one."""
    code_pattern: UnitPattern | None = None
    """Finds the municipality's code in the text of the code columns; without it the digits at the start are the code."""


class SubmissionSpec(_Strict):
    """Columns that identify submissions and say when and whether they were completed."""

    id: str | None = None
    submitted: str | None = None
    formats: tuple[str, ...] = ()
    status: str | None = None
    completed: tuple[str, ...] = ()
    not_answered: tuple[str, ...] = ()
    not_completed: tuple[str, ...] = ()
    confirmed: str | None = None
    """Column that says whether the unit confirmed its pre-filled values of the round before."""
    confirmed_values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _status_is_explained(self) -> SubmissionSpec:
        if (self.confirmed is None) != (not self.confirmed_values):
            raise ValueError("confirmed (a column) and confirmed_values (its texts) go together")
        if self.status is not None and not self.completed:
            raise ValueError("a status column needs the statuses that are completed")
        statuses = [*self.completed, *self.not_answered, *self.not_completed]
        if len(set(statuses)) < len(statuses):
            raise ValueError("a status can be listed once only: under completed, not_answered or not_completed")
        return self


class RowRule(_Strict):
    """Rows that are not data: the cell of ``column`` fits ``matches`` as a whole."""

    reason: Identifier
    column: str
    matches: Pattern


class SheetSpec(_Strict):
    """Layout of one sheet: headers, first row of data, unit, submission, rows that are not data."""

    name: str
    file: str
    sheet: str | None = None
    header_rows: tuple[int, ...] = Field(default=(1,), min_length=1)
    header_join: str = "|"
    first_row: int = 2
    unit: UnitSpec | None = None
    submission: SubmissionSpec = SubmissionSpec()
    rows_not_data: tuple[RowRule, ...] = ()
    links_to: str | None = None
    link: str | None = None
    rows: Literal["one", "sum"] = "one"
    """Whether a unit has one row that counts, or several that are added up."""

    @model_validator(mode="before")
    @classmethod
    def _data_follow_the_header(cls, values: Any) -> Any:
        if isinstance(values, dict) and "first_row" not in values and isinstance(values.get("header_rows"), list):
            numbers = [row for row in values["header_rows"] if isinstance(row, int)]
            return {**values, "first_row": max(numbers, default=1) + 1}
        return values

    @model_validator(mode="after")
    def _rows_and_links_make_sense(self) -> SheetSpec:
        if list(self.header_rows) != sorted(set(self.header_rows)) or self.header_rows[0] < 1:
            raise ValueError("header_rows are row numbers from 1, in order")
        if self.first_row <= self.header_rows[-1]:
            raise ValueError("first_row comes after header_rows")
        if (self.links_to is None) != (self.link is None):
            raise ValueError("links_to and link go together")
        if (self.links_to is None or self.link == "unit") and (self.unit is None or not self.unit.code + self.unit.name):
            raise ValueError(
                "a sheet needs unit.code or unit.name, or links_to another sheet by the number of the submission"
            )
        return self

    @property
    def named_columns(self) -> tuple[tuple[str, str], ...]:
        """Every column that form.yml names on this sheet, with the place where it does."""
        named: list[tuple[str, str]] = []
        if self.unit is not None:
            for role in ("code", "name", "part_code", "part_name"):
                named += [(f"unit.{role}", column) for column in getattr(self.unit, role)]
            named += [("unit.stratum", self.unit.stratum)] if self.unit.stratum else []
        for role in ("id", "submitted", "status", "confirmed"):
            column = getattr(self.submission, role)
            named += [(f"submission.{role}", column)] if column else []
        named += [("rows_not_data", rule.column) for rule in self.rows_not_data]
        named += [("link", self.link)] if self.link is not None and self.link != "unit" else []
        return tuple(named)


class ContentCheck(_Strict):
    """The required text of a cell, so that another year's file is refused."""

    file: str
    sheet: str
    row: int = Field(ge=1)
    column: int = Field(ge=1)
    matches: Pattern


class NumberSpec(_Strict):
    """How numbers of the form are read."""

    missing: tuple[str, ...] = ()
    """Texts, and ranges such as 900..999, that mean "no answer" in every column of type number."""
    nil: tuple[str, ...] = ()
    """Texts that, like a hyphen, mean a blank."""
    doubtful: tuple[str, ...] = ("99", "998", "999", "9998", "9999", "99999")
    """Numbers in columns of FTE that may be a code for "no answer": the sums beside them decide, cell by cell."""


class TickSpec(_Strict):
    """The texts in the boxes of multi-select questions; compared without case, and 1,0 is 1."""

    ticked: tuple[str, ...] = ("1", "x", "true")
    not_ticked: tuple[str, ...] = ("0", "false")

    @model_validator(mode="after")
    def _texts_are_distinct(self) -> TickSpec:
        texts = [tick_text(text) for text in (*self.ticked, *self.not_ticked)]
        if len(set(texts)) < len(texts) or not self.ticked:
            raise ValueError("a text can be listed once only, under ticked or not_ticked, and ticked needs at least one")
        if any(not text or ";" in text for text in texts):
            raise ValueError("a text for a box must not be empty or contain a semicolon")
        return self


class ColumnMap(_Strict):
    """One use of one column of the delivery, or a question that was not asked."""

    sheet: str
    column: str = ""
    when: str = ""
    use: Literal["answer", "identifier", "ignored", "absent"]
    question: str = ""
    item: str = ""
    answer: str = ""
    target_group: Literal["adults", "children", "total", ""] = ""
    reporting_form: Literal["joint", "mental_health", "substance_use", "total", ""] = ""
    type: Literal["number", "code", "codes", "tick", "text", ""] = ""
    unit: Literal["fte", "persons", "nok", "units", ""] = ""
    wording_nb: str = ""
    population_asked: str = ""
    missing: str = ""
    reason: str = ""
    ticked: str = ""
    not_ticked: str = ""
    separator: str = ""
    line: int = 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """The words of the reason, parted by blanks, semicolons or commas as people write them."""
        return tuple(re.findall(r"[^\s;,]+", self.reason))

    @property
    def optional(self) -> bool:
        """Whether a file of the delivery may lack the column (its reason says so)."""
        return OPTIONAL in self.reasons

    @property
    def why(self) -> str:
        """Why the column is ignored or absent; that some files lack it does not count where there is another reason."""
        return " ".join(word for word in self.reasons if word != OPTIONAL) or self.reason

    @property
    def meaning(self) -> tuple[str, ...]:
        """What an answer in the column is about; the same in two columns is the same question."""
        return (self.question, self.item, self.answer, self.target_group, self.reporting_form)

    @property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """The parts of ``when``: column and the text that it must hold."""
        parts = (part.partition("=") for part in self.when.split(";") if part)
        return tuple((column.strip(), text.strip()) for column, _, text in parts)

    def ticks(self, usual: TickSpec) -> TickSpec:
        """Return the texts in the column's boxes: those that the column states, else those of the form."""
        if not self.ticked:
            return usual
        texts = [tuple(text.strip() for text in part.split(";") if text.strip()) for part in (self.ticked, self.not_ticked)]
        return TickSpec(ticked=texts[0], not_ticked=texts[1])

    @property
    def separator_text(self) -> str:
        """The separator between the options of a cell, of type codes."""
        return "\n" if self.separator == "newline" else self.separator

    def codes_in(self, text: str) -> list[str]:
        """Return the codes in a cell of options: the text itself, or the parts between its separators."""
        parts = text.split(self.separator_text) if self.type == "codes" else [text]
        return [code for part in parts if (code := code_text(header(part)))]

    @model_validator(mode="after")
    def _use_has_what_it_needs(self) -> ColumnMap:
        if (self.column == "") != (self.use == "absent"):
            raise ValueError("a column is needed, unless the use is absent")
        if self.missing.startswith(f"{UNSURE}:"):
            raise ValueError(f"missing: keep the codes that mean no answer in the code book, and remove {UNSURE}:")
        if self.use == "answer":
            for name in ("question", "item", "target_group", "reporting_form", "type", "population_asked"):
                if not getattr(self, name):
                    raise ValueError(f"an answer needs {name}")
            if (self.type == "tick") != (self.answer != ""):
                raise ValueError("a tick, and only a tick, needs the answer that it means")
        if self.type != "tick" and (self.ticked or self.not_ticked):
            raise ValueError("ticked and not_ticked are for type tick")
        if self.not_ticked and not self.ticked:
            raise ValueError("not_ticked needs ticked beside it")
        self.ticks(TickSpec())
        if (self.type == "codes") != (self.separator != ""):
            raise ValueError("type codes, and no other type, needs the separator between the codes (or newline)")
        if self.use in {"ignored", "absent"} and not self.reason:
            raise ValueError(f"{self.use} needs a reason")
        if self.use == "absent" and not self.question:
            raise ValueError("absent needs the question")
        for part in filter(None, self.when.split(";")):
            if "=" not in part:
                raise ValueError("when is a list such as Tiltak=Botiltak;Aldersgruppe=18+")
        return self


OF_OPTIONS = ("code", "codes")
"""Types of columns whose cells hold codes of options.csv."""


class OptionMap(_Strict):
    """One code of a question: an answer, or a missing code with its reason."""

    question: str = Field(min_length=1)
    code: str = Field(min_length=1)
    answer: str = ""
    label_nb: str = ""
    missing_reason: Literal["not_answered", "not_applicable", ""] = ""
    line: int = 0

    @model_validator(mode="after")
    def _answer_or_missing(self) -> OptionMap:
        if (self.answer == "") == (self.missing_reason == ""):
            raise ValueError("an option has an answer or a missing_reason")
        return self


class Form(_Strict):
    """The delivery of one round of a survey, as it is laid out."""

    form: Identifier
    survey: Identifier
    time_period: int
    collection_year: int
    delivery: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    title: Label
    reference_period: Label
    origin: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    constructed: bool
    non_response: Literal["missing", "carry_forward"]
    carry_forward: Literal["reported_only", "chain"] = "reported_only"
    carry_forward_years: int | None = Field(default=None, ge=1, le=10)
    units: Literal["municipalities", "anonymous"] = "municipalities"
    max_shrink: float = Field(default=0.1, ge=0, le=1)
    units_sampled: int | None = Field(default=None, ge=1)
    respondent: Identifier | None = None
    files: tuple[FileSpec, ...] = Field(min_length=1)
    sheets: tuple[SheetSpec, ...] = Field(min_length=1)
    checks: tuple[ContentCheck, ...] = ()
    numbers: NumberSpec = NumberSpec()
    ticks: TickSpec = TickSpec()
    columns: tuple[ColumnMap, ...] = ()
    options: tuple[OptionMap, ...] = ()

    @property
    def oldest_carried(self) -> int:
        """The greatest age in years of a value that is carried forward."""
        if self.carry_forward_years is not None:
            return self.carry_forward_years
        return 1 if self.carry_forward == "reported_only" else 2

    @model_validator(mode="after")
    def _carries_forward_or_not(self) -> Form:
        if self.non_response == "missing" and (self.carry_forward == "chain" or self.carry_forward_years is not None):
            raise ValueError("carry_forward and carry_forward_years are for non_response: carry_forward")
        if self.carry_forward == "chain" and self.oldest_carried < 2:
            raise ValueError("a chain needs carry_forward_years of 2 or more: a value carried again is two years old")
        return self

    @model_validator(mode="after")
    def _names_are_known(self) -> Form:
        files = {file.name: file for file in self.files}
        if len(files) != len(self.files):
            raise ValueError("two files have the same name")
        names = {sheet.name for sheet in self.sheets}
        for sheet in self.sheets:
            if sheet.file not in files or files[sheet.file].reader == "none":
                raise ValueError(f"sheet {sheet.name}: file {sheet.file!r} is not read")
            if files[sheet.file].is_workbook != (sheet.sheet is not None):
                raise ValueError(f"sheet {sheet.name}: a workbook, and only a workbook, needs sheet")
            if sheet.links_to is not None and sheet.links_to not in names - {sheet.name}:
                raise ValueError(f"sheet {sheet.name}: links_to {sheet.links_to!r} is not another sheet")
        layouts: dict[str, SheetSpec] = {}
        for sheet in self.sheets:
            first = layouts.setdefault(sheet.name, sheet)
            for what in ("links_to", "link", "rows"):
                if getattr(sheet, what) != getattr(first, what):
                    raise ValueError(f"the sheets of layout {sheet.name} differ in {what}")
            if (sheet.unit and sheet.unit.code_pattern) != (first.unit and first.unit.code_pattern):
                raise ValueError(f"the sheets of layout {sheet.name} differ in unit.code_pattern")
            if self.units == "anonymous" and sheet.unit is not None and not sheet.unit.code:
                raise ValueError(f"sheet {sheet.name}: anonymous units need unit.code, the respondent's number")
        places = [(sheet.file, sheet.sheet) for sheet in self.sheets]
        if len(set(places)) != len(places):
            raise ValueError("two entries of sheets name the same sheet of the same file")
        unread = sorted({file.name for file in self.files if file.reader != "none"} - {sheet.file for sheet in self.sheets})
        if unread:
            raise ValueError(
                f"file {unread[0]!r} is not read by any sheet; set its reader to none, or add an entry to sheets"
            )
        for check in self.checks:
            if check.file not in files or check.sheet not in names:
                raise ValueError(f"checks: there is no file {check.file!r} or no sheet {check.sheet!r}")
        return self
