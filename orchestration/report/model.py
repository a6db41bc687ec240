"""What authors declare besides chapters: the report itself, and its tables and figures.

``data/reports/<report>/report.yml`` and ``tables/*.yml``. Belongs here: their form, and reporting errors in them. Does not
belong here: the content of a declared table (``tables``), or the chapters (``sentences``).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.report.entry_problems import part_of, problem

REPORT, TABLES, CHAPTERS, EXCEPTIONS = "report.yml", "tables", "chapters", "exceptions.csv"
DOCUMENTATION = "docs/run/reports.md describes it"

# The year of the report, the round before it, every round, every round that is comparable with the report's, or a number of
# years relative to the report's.
YearName = Literal["report", "before", "all", "comparable"]
YearSpec = YearName | int


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rows(_Strict):
    """The rows of a table: the codes of one dimension, all areas of a level, or years."""

    by: str
    codes: tuple[str, ...] | Literal["all"] = ()
    years: tuple[YearSpec, ...] | Literal["all"] = ()


class Column(_Strict):
    """One measure of a table. ``since`` is the year that a change is computed from."""

    measure: str
    year: YearSpec = "report"
    since: Literal["before"] | int | None = None
    # The round that asked the question, in years relative to the report's, if the figure is of another year.
    survey: int | None = None
    dimensions: dict[str, str] = Field(default_factory=dict, alias="with")
    decimals: int = 0
    # Decimals of printed rows that differ from the column's.
    row_decimals: dict[str, int] = Field(default_factory=dict)
    head: Label | None = None


class Declared(_Strict):
    """A table, or a figure that shows one; in the words of the printed reports.

    A table that continues a printed one names it, and takes its rows and columns from there (``printed_tables``). Other
    tables declare them.
    """

    title: Label
    kind: Literal["table", "bars", "stacked", "lines", "box"] = "table"
    # The printed tables that it continues, by their report; several are separated by blanks.
    printed: dict[str, str] = Field(default_factory=dict)
    # The rounds of a table that continues a printed series.
    years: Literal["all", "comparable"] = "all"
    # Heads for a printed table's columns, in order, if the words of print do not suffice.
    heads: tuple[Label, ...] = ()
    # What a table counts differently from the printed one that it continues; stated below it, and its figures may differ.
    otherwise: Label | None = None
    rows: Rows
    fixed: dict[str, str] = Field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    unit_set: Literal["", "municipalities", "with_districts", "with_agencies", "without_districts"] = ""
    base: Literal["", "answered", "all"] = ""
    # Cells that the table does not have, by row code and column number, counted from one.
    absent: tuple[tuple[str, int], ...] = ()
    footnotes: tuple[Label, ...] = ()

    @model_validator(mode="after")
    def _has_one_source(self) -> Declared:
        rows = self.rows
        if self.printed:
            stated = [name for name in ("columns", "fixed", "unit_set", "absent") if getattr(self, name)]
            if stated or rows.codes or rows.years:
                raise ValueError(f"{(stated or ['rows'])[0]}: a table that continues a printed one takes them from there")
        elif not self.columns:
            raise ValueError("columns: a table needs columns, or a printed table to continue")
        elif bool(rows.codes) == bool(rows.years) or (rows.by == "year") != bool(rows.years):
            raise ValueError("rows: rows by year need years, other rows need codes")
        return self


class Chapter(_Strict):
    """One chapter. It is left out if the round asked none of the questions in ``needs``."""

    file: str
    title: Label
    numbered: bool = True
    needs: tuple[str, ...] = ()


class Report(_Strict):
    """A report: its title, the printed report of each round, remarks stated only once, and its chapters in order."""

    title: Label
    subtitle: Label
    printed: dict[int, tuple[str, ...]] = Field(default_factory=dict)
    # Printed tables that are not made although they can be computed in part, with the reason, by source and number.
    not_made: dict[str, dict[str, Label]] = Field(default_factory=dict)
    # Remarks on values that the methods chapter states once; other remarks must accompany their values.
    remarks_once: tuple[str, ...] = ()
    # A figure with at least this coverage (share of inhabitants) needs no remark.
    coverage_from: float = Field(default=1.0, gt=0, le=1)
    area: Literal["country", "county", "municipality"] = "country"
    # A book has a title page, contents and a page for each chapter; a sheet has none of them.
    layout: Literal["book", "sheet"] = "book"
    chapters: tuple[Chapter, ...] = Field(min_length=1)


@dataclass(frozen=True)
class SignedNumber:
    """A number that an author wrote by hand and signed."""

    file: str
    text: str
    line: int
    signed_by: str


@dataclass(frozen=True)
class Source:
    """Everything that authors wrote for a report, read and checked."""

    name: str
    folder: Path
    report: Report
    tables: Mapping[str, Declared]
    exceptions: tuple[SignedNumber, ...]
    # The file and line of each table.
    places: Mapping[str, str]

    def chapter_file(self, chapter: Chapter, language: str) -> Path | None:
        """Return the file of a chapter in a language; None if nobody has written it."""
        suffix = "" if language == "nb" else f".{language}"
        path = self.folder / CHAPTERS / f"{chapter.file}{suffix}.md"
        return path if path.is_file() else None


def _load(path: Path, model: type[BaseModel], content: Any, key: str = "") -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        what, line = problem(error, model, part_of(path.read_text(encoding="utf-8"), key))
        place = str(path) if line is None else f"{path}, line {line}"
        raise UserError(f"{key}: {what}" if key else what, place=place, remedy=DOCUMENTATION) from error


def _read(path: Path) -> Any:
    try:
        return yaml_text.load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
        raise UserError(f"is not valid YAML: {error.problem}", place=f"{path}{line}", remedy=DOCUMENTATION) from error
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy=DOCUMENTATION) from error


def load_source(folder: Path) -> Source:
    """Return the source of the report in a folder.

    Raises:
        UserError: a file is missing or invalid; the error names it.
    """
    if not (folder / REPORT).is_file():
        there = ", ".join(sorted(path.parent.name for path in folder.parent.glob(f"*/{REPORT}"))) or "none"
        raise UserError("there is no such report", place=str(folder), remedy=f"reports are: {there}")
    report: Report = _load(folder / REPORT, Report, _read(folder / REPORT))
    tables: dict[str, Declared] = {}
    places: dict[str, str] = {}
    for path in sorted((folder / TABLES).glob("*.yml")):
        content = _read(path)
        if not isinstance(content, dict):
            raise UserError("has no tables by key", place=str(path), remedy=DOCUMENTATION)
        lines = path.read_text(encoding="utf-8").splitlines()
        for key, declared in content.items():
            if key in tables:
                raise UserError(f"table {key!r} is declared twice", place=str(path), remedy="give one of them another key")
            line = next(
                (at for at, text in enumerate(lines, start=1) if re.match(rf"['\"]?{re.escape(str(key))}['\"]?:", text)), 1
            )
            places[str(key)] = f"{path}, line {line}"
            tables[str(key)] = _load(path, Declared, declared, str(key))
    for chapter in report.chapters:
        path = folder / CHAPTERS / f"{chapter.file}.md"
        if not path.is_file():
            raise UserError("the chapter does not exist", place=str(path), remedy=f"write it, or remove it from {REPORT}")
    return Source(folder.name, folder, report, tables, _exceptions(folder / EXCEPTIONS), places)


def _exceptions(path: Path) -> tuple[SignedNumber, ...]:
    if not path.is_file():
        return ()
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            for name in ("file", "text", "reason", "signed_by", "date"):
                if not (row.get(name) or "").strip():
                    raise UserError(f"an exception has no {name}", place=f"{path}, line {line}", remedy=DOCUMENTATION)
            found.append(SignedNumber(row["file"], row["text"], line, row["signed_by"]))
    return tuple(found)
