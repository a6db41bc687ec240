"""Can new rounds be published with files under ``data/`` alone, and are their figures correct?

    .venv/bin/python benchmarks/rounds.py [--rounds 2024 2021 2017] [--seed N] [--into FOLDER]

Publishes the bundled rounds, and then the new ones in the same installation, each as an engineer would add it: the delivery,
the form, and the decisions that docs/run/adding-a-year.md speaks of. Every round has all units of its year and something
that no bundled round has:

- 2024: new counties; two services merged, one dropped, an education added, no pathways; a workbook;
- 2021: between two rounds; 24 units are carried forward, 8 of them for the second time, ten confirmed the values in their
  form and three left all FTE blank; a csv file;
- 2017: between two rounds; an .ods file and a late .xlsx file that uses the numbers of other units, units with several
  undated answers, one of them named by a signed decision, 99 as a number of FTE, and 99 as a code for no
  answer.

A round is drawn at random, with a seed, from the published figures of the round before. The true figures are kept separately
and added up here without using the project's code: FTE by service, education and pathway for the country, the counties and
every unit, the answers to closed questions in the country, the response, and the status of every unit. Prints as JSON, for
each round: the snapshot, the cells compared and those that differ. Exits with 1 where any differ. About 13 minutes.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import duckdb
import openpyxl
import yaml

PROJECT = Path(__file__).resolve().parent.parent
TARGETS = ("adults", "children")
SERVICES, EDUCATION = "fte_by_service", "fte_by_education"
# The public FTE tables, named after their questions, and the column of their categories.
TABLES = {SERVICES: "service_type", EDUCATION: "education", "fte_by_pathway": "pathway"}
UNIT_LEVELS = ("municipality", "city_district", "agency")
OSLO = "0301"

Row = dict[str, str]
# Question, target group and category; FTE are hundredths, None where they are missing.
Key = tuple[str, str, str]
Figures = dict[Key, int | None]


def read_csv(path: Path) -> list[Row]:
    """Return the rows of a csv file of the project."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Sequence[Mapping[str, str]], names: Sequence[str], **options: Any) -> None:
    """Write rows; columns that a row lacks are blank."""
    with path.open("w", encoding=options.pop("encoding", "utf-8"), newline="") as file:
        writer = csv.DictWriter(file, names, restval="", extrasaction="ignore", lineterminator="\n", **options)
        writer.writeheader()
        writer.writerows(rows)


@dataclass(frozen=True)
class Unit:
    """A municipality, district or agency that is asked."""

    code: str
    level: str
    municipality: str
    name: str
    part_name: str
    county: str


class Before:
    """The basis of a drawn round: the units and areas of its year, and the published figures of the round before."""

    def __init__(self, data: Path, snapshot: Path, year: int, before: int) -> None:
        """Read the reference data and the snapshot.

        Args:
            data: the folder of the inputs.
            snapshot: the currently published snapshot.
            year: the year of the new round.
            before: the year of the round before it.
        """
        self.year, self.before = year, before
        self.municipalities = read_csv(data / "reference/municipalities.csv")
        self._origins: dict[str, dict[str, float]] = {}
        self.changes = [
            row for row in read_csv(data / "reference/municipality_changes.csv") if row["change_year"] == str(year)
        ]
        self.units = {unit.code: unit for unit in self._units(data)}
        self.figures: dict[tuple[str, Key], int] = {}
        self.carried: list[str] = []
        self.answers: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
        with duckdb.connect(str(snapshot / "is248.duckdb"), read_only=True) as connection:
            of_units = f"time_period = {before} and area_basis = 'reported' and unit_level in {UNIT_LEVELS}"
            for table, category in TABLES.items():
                for code, target, item, fte in connection.execute(
                    f"select unit_code, target_group, {category}, fte from {table} where {of_units} and fte is not null "
                    f"and target_group in {TARGETS} and {category} != 'total' and unit_code != '{OSLO}'"
                ).fetchall():
                    self.figures[code, (table, target, item)] = round(fte * 100)
            self.carried = [
                code
                for (code,) in connection.execute(
                    f"select distinct unit_code from {SERVICES} where {of_units} and obs_status = 'I' order by all"
                ).fetchall()
            ]
            for indicator, item, answer, count in connection.execute(
                "select indicator, item, answer, n_answer from indicator_shares where n_answer is not null "
                f"and time_period = {before} and unit_level = 'country' and area_basis = 'reported'"
            ).fetchall():
                self.answers[indicator, item][answer] = count

    def _units(self, data: Path) -> Iterable[Unit]:
        for row in self.valid(self.year):
            code = row["municipality_code"]
            if code != OSLO:
                yield Unit(code, "municipality", code, row["official_name"], "", row["county_code"])
        for row in read_csv(data / "reference/oslo_districts.csv"):
            if row["year"] == str(self.year) and row["district_type"] == "district":
                yield Unit(row["district_code"], "city_district", OSLO, "Oslo", row["district_name"], "03")
        for row in read_csv(data / "classifications/agencies.csv"):
            yield Unit(row["agency_code"], "agency", OSLO, "Oslo", row["agency_name"], "03")

    def valid(self, year: int) -> list[Row]:
        """Return the municipalities of a year."""
        return [row for row in self.municipalities if int(row["valid_from_year"]) <= year <= int(row["valid_to_year"])]

    def origins(self, code: str) -> dict[str, float]:
        """Return the codes of a unit's predecessors in the round before, each with the share that came to the unit."""
        if code not in self._origins:
            found = {
                row["old_code"]: float(row["weight"])
                for row in self.changes
                if row["new_code"] == code and row["change_type"] != "name_change"
            }
            kept = len(code) == 6 or code in {row["municipality_code"] for row in self.valid(self.year - 1)}
            self._origins[code] = {code: 1.0} | found if kept else found
        return self._origins[code]

    def former(self, code: str) -> str:
        """Return the unit's code in the round before, where it differs and that unit has no other successor."""
        origins = self.origins(code)
        return next(iter(origins)) if len(origins) == 1 and list(origins.values()) == [1.0] and code not in origins else ""

    def fte(self, code: str, key: Key) -> float:
        """Return the FTE of a unit's territory in the round before."""
        return sum(weight * self.figures.get((origin, key), 0) for origin, weight in self.origins(code).items())

    def own(self, code: str) -> Figures:
        """Return all FTE of the unit with the same code in the round before."""
        return {key: fte for (unit, key), fte in self.figures.items() if unit == code}


class Round(ABC):
    """A drawn round: rows as delivered, and separately the true figures."""

    year: int
    before: int
    # The new name of a category of the round before; None where it was dropped.
    renamed: Mapping[str, str | None] = {}

    def __init__(self, data: Path, snapshot: Path, seed: int) -> None:
        """Copy last year's form, as ``new-year`` would, with the questions that the round asks."""
        self.data = data
        self.chance = random.Random(f"{self.year} {seed}")
        self.known = Before(data, snapshot, self.year, self.before)
        self.last_form = data / "forms" / f"is248_{self.before}"
        sheet = yaml.safe_load((self.last_form / "form.yml").read_text(encoding="utf-8"))["sheets"][0]
        self.identifiers: dict[str, Any] = sheet["unit"] | sheet["submission"]
        self.columns = self.asked(read_csv(self.last_form / "columns.csv"))
        self.options = [row for row in read_csv(self.last_form / "options.csv") if row["question"] in self.questions("code")]
        self.units = self.known.units
        self.order = list(self.units)
        self.chance.shuffle(self.order)
        self.municipalities = [code for code in self.order if self.units[code].level == "municipality"]
        self.figures: dict[str, Figures] = {}
        self.states: dict[str, str] = {}
        self.answers: dict[str, dict[tuple[str, str], str]] = {}
        self.number = 1000

    # --- The form ----------------------------------------------------------------------------------------------------------

    def asked(self, columns: list[Row]) -> list[Row]:
        """Return the columns of the round: FTE, the reporting form, and the coded questions to all units."""
        closed = [row for row in columns if row["type"] == "code" and row["population_asked"] == "all"]
        kept = {row["column"] for row in closed if row["reporting_form"] == "total"}
        wanted = [row for row in columns if row["use"] == "identifier" or row["unit"] == "fte" or row["column"] in kept]
        return [dict(row) for row in wanted if row["use"] != "absent"]

    def questions(self, kind: str) -> set[str]:
        """Return the questions of a type."""
        return {row["question"] for row in self.columns if row["type"] == kind and row["use"] == "answer"}

    def block(self, target: str, form: str) -> list[Row]:
        """Return the columns of FTE of a target group and reporting form."""
        return [
            row
            for row in self.columns
            if row["unit"] == "fte" and row["target_group"] == target and row["reporting_form"] == form
        ]

    @property
    def items(self) -> list[Key]:
        """The categories of FTE that are asked about."""
        rows = [row for row in self.columns if row["unit"] == "fte" and row["use"] == "answer"]
        return list(dict.fromkeys((row["question"], row["target_group"], row["item"]) for row in rows))

    def column(self, question: str, target: str = "total") -> str:
        """Return the column of a question that is asked once."""
        return next(
            row["column"] for row in self.columns if row["question"] == question and row["target_group"] in (target, "total")
        )

    def identifier(self, role: str) -> str:
        """Return the column of the unit or submission, as in last year's form."""
        named = self.identifiers[role]
        return str(named[0] if isinstance(named, list) else named)

    def write_form(self, files: list[dict[str, Any]], sheets: list[dict[str, Any]], **settings: Any) -> None:
        """Write the form folder; a dropped question is marked absent."""
        name = f"is248_{self.year}"
        folder = self.data / "forms" / name
        folder.mkdir()
        titles = {"nb": f"IS-24/8 for {self.year}", "en": f"IS-24/8 for {self.year}"}
        form = {
            "form": name,
            "survey": "is248",
            "time_period": self.year,
            "collection_year": self.year,
            "delivery": str(self.year),
            "title": titles,
            "reference_period": titles,
            "origin": "Drawn by a seed",
            "licence": "CC-BY-4.0",
            "constructed": True,
            "non_response": "missing",
            "units": "municipalities",
            "files": files,
            "sheets": sheets,
        }
        (folder / "form.yml").write_text(yaml.safe_dump(form | settings, allow_unicode=True), encoding="utf-8")
        asked = {row["question"] for row in self.columns}
        last = {row["question"]: row for row in read_csv(self.last_form / "columns.csv") if row["question"]}
        gone = [
            {
                "sheet": sheets[0]["name"],
                "use": "absent",
                "question": question,
                "wording_nb": question,
                "reason": "not_asked",
            }
            for question in last
            if question not in asked
        ]
        write_csv(folder / "columns.csv", [*self.columns, *gone], list(self.columns[0]))
        write_csv(folder / "options.csv", self.options, list(self.options[0]))

    def sheet(self, name: str, file: str, title: str | None, **more: Any) -> dict[str, Any]:
        """Return a sheet of form.yml that names units and submissions."""
        named = {role: [self.identifier(role)] for role in ("code", "name", "part_code", "part_name")}
        submission = {role: self.identifier(role) for role in ("id", "submitted", "status")}
        statuses = {"completed": ["1"], "not_completed": ["0"], "not_answered": ["2"]}
        return {
            "name": name,
            "file": file,
            "sheet": title,
            "header_rows": [1],
            "unit": named,
            "submission": submission | statuses | more.pop("submission", {}),
        } | more

    # --- What units answer -------------------------------------------------------------------------------------------------

    def drawn(self, code: str) -> Figures:
        """Draw the FTE of a unit, near those of its territory in the round before; education is consistent with services."""
        found: Figures = {}
        for target in TARGETS:
            services: dict[str, int] = defaultdict(int)
            keys = dict.fromkeys(key for _, key in self.known.figures if key[0] == SERVICES and key[1] == target)
            for key in keys:
                item = self.renamed.get(key[2], key[2])
                if item is not None:
                    services[item] += round(self.known.fte(code, key) * self.chance.lognormvariate(0.01, 0.09) / 5) * 5
            total = sum(services.values())
            found |= {(SERVICES, target, item): fte for item, fte in services.items()}
            for question in (EDUCATION, "fte_by_pathway"):
                asked = [key for key in self.items if key[:2] == (question, target)]
                shares = {key: self.chance.lognormvariate(0, 0.1) * (self.known.fte(code, key) + 1) for key in asked}
                found |= self.divided(total, shares)
        return found

    def divided(self, total: int, shares: Mapping[Key, float]) -> Figures:
        """Divide a number by shares, in steps of 0.05; the largest gets the rest."""
        if not shares:
            return {}
        parts = {key: round(total * share / sum(shares.values()) / 5) * 5 for key, share in shares.items()}
        largest = max(parts, key=lambda key: parts[key])
        parts[largest] = max(0, parts[largest] + total - sum(parts.values()))
        return dict(parts)

    def text(self, fte: int) -> str:
        """Write a number as respondents do."""
        if fte == 0:
            return self.chance.choice(["0", "0", "", "0,0"])
        text = f"{fte / 100:.2f}".rstrip("0").rstrip(".").replace(".", ",")
        return text + " " if self.chance.random() < 0.02 else text

    def fill(self, row: Row, figures: Figures, targets: Sequence[str] = TARGETS) -> None:
        """Write FTE into the blocks that the unit chose, divided where it reports separately, with the typed sums."""
        for target in targets:
            apart = row[self.column("reporting_form", target)] != "1"
            share = self.chance.uniform(0.4, 0.75)
            for form in ("mental_health", "substance_use") if apart else ("joint",):
                total = 0
                for column in self.block(target, form):
                    key = (column["question"], target, column["item"])
                    fte = figures.get(key)
                    if column["use"] != "answer" or fte is None:
                        continue
                    first = round(fte * share / 5) * 5
                    part = {"joint": fte, "mental_health": first, "substance_use": fte - first}[form]
                    row[column["column"]] = self.text(part)
                    total += part if column["question"] == SERVICES else 0
                # A wholly blank block would mean that the unit did not answer.
                for question in {key[0] for key in self.items}:
                    cells = [column["column"] for column in self.block(target, form) if column["question"] == question]
                    if not any(row.get(cell, "").strip() for cell in cells):
                        row[cells[0]] = "0"
                for column in self.block(target, form):
                    if column["reason"] == "typed_sum":
                        row[column["column"]] = f"{total / 100:g}".replace(".", ",")

    def row(self, code: str, *, status: str = "1", number: int | None = None, when: datetime.datetime | None = None) -> Row:
        """Return the row of a submission: unit, time, and all coded answers."""
        if number is None:
            self.number += 1
            number = self.number
        if when is None:
            minutes = self.chance.randrange(60 * 24 * 60)
            when = datetime.datetime(self.year, 3, 10) + datetime.timedelta(minutes=minutes)
        unit = self.units[code]
        row = {
            self.identifier("id"): str(number),
            self.identifier("code"): unit.municipality,
            self.identifier("name"): unit.name,
            self.identifier("part_code"): "" if unit.level == "municipality" else code,
            self.identifier("part_name"): unit.part_name,
            self.identifier("submitted"): f"{when:%d.%m.%Y %H:%M}",
            self.identifier("status"): status,
        }
        if status == "2":
            return row | {self.identifier("submitted"): ""}
        for column in self.columns:
            if column["type"] == "code" and column["use"] == "answer":
                row[column["column"]] = self.code(column["question"], column["item"])
        return row

    def code(self, question: str, item: str) -> str:
        """Draw an answer by the distribution of the round before; sometimes none."""
        options = {row["answer"]: row["code"] for row in self.options if row["question"] == question and row["answer"]}
        given = self.known.answers.get((question, item), {})
        weights = [given.get(answer, 0) + 1 for answer in options]
        if question == "reporting_form":
            weights = [4 if answer == "joint" else 1 for answer in options]
        return (
            ""
            if question != "reporting_form" and self.chance.random() < 0.04
            else self.chance.choices(list(options.values()), weights)[0]
        )

    def count(self, code: str, row: Row, figures: Figures, state: str = "answered") -> None:
        """Record the answers of a row, and the FTE of its unit, as true figures."""
        self.states[code] = state
        self.figures[code] = figures
        meaning = {(option["question"], option["code"]): option["answer"] for option in self.options}
        self.answers[code] = {
            (column["question"], column["item"]): meaning[column["question"], row[column["column"]]]
            for column in self.columns
            if column["type"] == "code" and column["target_group"] == "total" and row.get(column["column"])
        }

    # --- The round ---------------------------------------------------------------------------------------------------------

    @abstractmethod
    def write(self) -> None:
        """Draw the round, and write its delivery, its form and the other entries under ``data/``."""

    def folder(self) -> Path:
        """Return the folder of the delivery."""
        folder = self.data / "deliveries" / str(self.year)
        folder.mkdir()
        return folder

    def append(self, file: str, *lines: str) -> None:
        """Add lines to a file under ``data/``."""
        path = self.data / file
        path.parent.mkdir(exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        path.write_text(text + "".join(f"{line}\n" for line in lines), encoding="utf-8")


def workbook(path: Path, sheets: Mapping[str, list[list[Any]]]) -> None:
    """Write an .xlsx file."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([cell if cell != "" else None for cell in row])
    book.save(path)


def open_document(path: Path, sheets: Mapping[str, list[list[Any]]]) -> None:
    """Write an .ods file of texts and numbers."""

    def cell(value: Any) -> str:
        if value == "":
            return "<table:table-cell/>"
        kind = f'"float" office:value="{value!r}"' if isinstance(value, float) else '"string"'
        return f"<table:table-cell office:value-type={kind}><text:p>{escape(str(value))}</text:p></table:table-cell>"

    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(zipfile.ZipInfo("mimetype"), kind)
        package.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {names} office:version="1.2"><office:body>'
            f"<office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        )
        package.writestr(
            "META-INF/manifest.xml",
            '<?xml version="1.0" encoding="UTF-8"?><manifest:manifest '
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>',
        )


class NewCategories(Round):
    """2024: the questions of the form have changed, and so have the counties."""

    year, before = 2024, 2023
    merged, new, ended = "activity_and_leisure", "social_educator", "work_measures"
    renamed: Mapping[str, str | None] = {"activity_centre": merged, "other_activities": merged, ended: None}

    def asked(self, columns: list[Row]) -> list[Row]:
        """Merge two services, end one and the pathways, and add an education."""
        found: list[Row] = []
        for row in super().asked(columns):
            if row["question"] == "fte_by_pathway" or row["item"] in ("other_activities", self.ended):
                continue
            if row["item"] == "activity_centre":
                row = row | {"column": f"{row['column']}_5", "item": self.merged}
            found.append(row)
            if row["question"] == EDUCATION and row["item"] == "other_or_none":
                found.append(row | {"column": f"{row['column']}_ny", "item": self.new})
        sheets = {row["sheet"] for row in found if row["type"]}
        return [row for row in found if row["sheet"] in sheets]

    def write(self) -> None:
        """Deliver a workbook of linked sheets, with drafts, second answers, a code of last year and silent units."""
        silent, drafts, again, unreadable = (self.municipalities[place : place + 4] for place in (0, 4, 8, 12))
        renumbered = next(code for code in self.municipalities[16:] if self.known.former(code))
        rows: list[Row] = []
        for code in self.order:
            if code in silent:
                self.states[code] = "missing"
                self.number += 1  # This unit got one too.
                continue
            if code in again:
                early = self.row(code, when=datetime.datetime(self.year, 2, 1))
                self.fill(early, self.drawn(code))
                rows.append(early)
            row, figures = self.row(code), self.drawn(code)
            if code in unreadable:
                row[self.column("reporting_form", "adults")] = "1"
            self.fill(row, figures)
            if code in unreadable:
                key = (SERVICES, "adults", "treatment_followup")
                (cell,) = [column["column"] for column in self.block("adults", "joint") if column["item"] == key[2]]
                row[cell], figures[key] = "ca 2", None
            if code == renumbered:
                row[self.identifier("code")] = self.known.former(code)
            rows.append(row)
            self.count(code, row, figures)
            if code in drafts:
                draft = self.row(code, status="0", when=datetime.datetime(self.year, 6, 1))
                self.fill(draft, self.drawn(code))
                rows.append(draft)
        number = self.identifier("id")
        layouts = list(dict.fromkeys(column["sheet"] for column in self.columns))
        tables = {}
        for layout in layouts:
            names = [column["column"] for column in self.columns if column["sheet"] == layout]
            tables[layout] = [names, *([row.get(name, "") for name in names] for row in rows)]
        workbook(self.folder() / "round.xlsx", tables)
        sheets = [self.sheet(layouts[0], "book", layouts[0], submission={"formats": ["%d.%m.%Y %H:%M"]})]
        sheets += [
            {"name": name, "file": "book", "sheet": name, "header_rows": [1], "links_to": layouts[0], "link": number}
            for name in layouts[1:]
        ]
        self.write_form([{"name": "book", "pattern": "round.xlsx", "count": 1, "reader": "xlsx"}], sheets)
        self.append("classifications/survey_rounds.csv", f"is248,{self.year},{self.year},Drawn")
        calendar = yaml.safe_load((self.data / "calendar.yml").read_text(encoding="utf-8"))
        calendar["preparing"] = f"y{self.year}_provisional"
        calendar["releases"].append(
            {
                "release": f"y{self.year}_provisional",
                "time_period": self.year,
                "status": "provisional",
                "release_at": f"{self.year + 1}-06-12 08:00",
                "approvers": ["head of statistics"],
            }
        )
        (self.data / "calendar.yml").write_text(yaml.safe_dump(calendar), encoding="utf-8")
        self.append(
            "classifications/codelists.csv",
            f"service_type,{self.merged},90,Aktiviteter og fritid,Activities and leisure,adults,",
            f"education,{self.new},90,Vernepleier,Social educator,,",
        )
        self.append(
            "classifications/category_crosswalk.csv",
            *(
                f"{question},{old},{self.before},{new},{self.year},{verdict},Nytt skjema,New form"
                for question, old, new, verdict in (
                    (SERVICES, "activity_centre+other_activities", self.merged, "comparable"),
                    (SERVICES, self.ended, "none", "not_comparable"),
                    (EDUCATION, "none", self.new, "not_comparable"),
                )
            ),
        )
        self.append(
            "classifications/series_breaks.csv",
            *(f"{question},{self.year},scope,true,Nytt skjema,New form,Drawn" for question in (SERVICES, EDUCATION)),
        )


class CarriedForward(Round):
    """2021: units that did not answer, confirmed last year's values, or left FTE blank."""

    year, before = 2021, 2020

    def write(self) -> None:
        """Deliver a csv file with a column in which units confirm."""
        before = [code for code in self.municipalities if code in self.known.carried]
        others = [code for code in self.municipalities if code not in self.known.carried]
        silent = [*before[:8], *others[:16]]
        confirming, blank, in_part = [*before[8:11], *others[16:23]], others[23:26], others[22]
        rows: list[Row] = []
        for code in self.order:
            if code in silent:
                self.states[code], self.figures[code] = "carried", self.known.own(code)
                rows.append(self.row(code, status="2"))
                continue
            row = self.row(code) | {"bekreftet": "Nei"}
            rows.append(row)
            if code in blank:
                self.count(code, row, {}, "blank")
            elif code in confirming:
                row["bekreftet"] = "Ja"
                figures = self.known.own(code)
                if code == in_part:
                    adults = {key: fte for key, fte in self.drawn(code).items() if key[1] == "adults"}
                    self.fill(row, adults, ["adults"])
                    figures = {key: fte for key, fte in figures.items() if key[1] != "adults"} | adults
                self.count(code, row, figures, "confirmed")
            else:
                figures = self.drawn(code)
                self.fill(row, figures)
                self.count(code, row, figures)
        layout = self.columns[0]["sheet"]
        self.columns.append(
            dict.fromkeys(self.columns[0], "") | {"sheet": layout, "column": "bekreftet", "use": "identifier"}
        )
        names = [column["column"] for column in self.columns]
        write_csv(self.folder() / "round.csv", rows, names, delimiter=";", encoding="cp1252")
        file = {
            "name": "export",
            "pattern": "round.csv",
            "count": 1,
            "reader": "csv",
            "encoding": "cp1252",
            "delimiter": ";",
        }
        confirmed = {"confirmed": "bekreftet", "confirmed_values": ["ja"], "formats": ["%d.%m.%Y %H:%M"]}
        sheet = self.sheet(layout, "export", None, submission=confirmed)
        self.write_form([file], [sheet], non_response="carry_forward", carry_forward="chain")


class LateFile(Round):
    """2017: a second file with the numbers of other units, several undated answers, and 99."""

    year, before = 2017, 2016
    # Their answers differ much in the bundled round of 2018, or some of 2017 are in print.
    left_out = ("crisis_team_established", "ip_hf_notifies", "ips_", "se_")

    def asked(self, columns: list[Row]) -> list[Row]:
        """Leave out questions whose answers cannot be drawn from the round before."""
        return [row for row in super().asked(columns) if not row["question"].startswith(self.left_out)]

    def explain_print(self) -> None:
        """Sign explanations for the differences between drawn and printed FTE."""
        truth = expected_fte(self)
        for row in read_csv(self.data / "published/hdir_personnel_2021.csv"):
            target = row["dimensions"].removeprefix("target_group=")
            if row["measure"] == "fte_reported" and row["year"] == str(self.year) and target in (*TARGETS, "total"):
                drawn = ((truth["country", "0", SERVICES, target, "total"] or 0) + 50) // 100
                self.append(
                    "published/explanations.csv",
                    f"drawn_{target}_{self.year},{row['source_id']},{row['table_id']},fte_reported|{row['dimensions']}|{self.year},"
                    f"deliveries,{drawn - int(row['value'])},Trukket,Drawn,Kari Nordmann,2099-12-31",
                )

    def write(self) -> None:
        """Deliver an .ods file and a late .xlsx file of two linked sheets each."""
        late, newer = self.municipalities[:10], self.municipalities[10:12]
        undated, silent, lost = self.municipalities[12:14], self.municipalities[14:18], self.municipalities[18:20]
        housing, work = (SERVICES, "adults", "housing_with_staff"), (SERVICES, "adults", "work_measures")
        large = max(self.municipalities[20:], key=lambda code: -abs(self.known.fte(code, housing) - 9000))
        choice, submitted = self.column("reporting_form", "adults"), self.identifier("submitted")
        joint = {
            column["item"]: column["column"] for column in self.block("adults", "joint") if column["question"] == SERVICES
        }
        main: list[Row] = []
        sent: list[Row] = []
        for code in self.order:
            if code in silent:
                self.states[code] = "missing"
                self.number += 1  # This unit got one too.
                continue
            row = self.row(code, number=1001 + len(sent)) if code in late else self.row(code)
            figures = self.drawn(code)
            if code == large or code in lost:
                row[choice] = "1"
            if code == large:
                figures[housing] = 9900
            if code in lost:
                figures[work] = 0
            self.fill(row, figures)
            if code == large:
                row[joint[housing[2]]] = "99"
            if code in lost:
                # The typed sum has no room for it.
                row[joint[work[2]]], figures[work] = "99", None
            (sent if code in late else main).append(row)
            if code in undated:
                row[submitted] = ""
                self.append(
                    "submissions/decided.yml",
                    f'- {{unit: "{code}", year: {self.year}, file: round.ods, sheet: Del 1, row: {len(main) + 1}, '
                    "reason: The unit says that this answer is right, decided_by: Kari Nordmann, date: 2018-01-15}",
                )
                for _ in range(2):
                    other = self.row(code) | {submitted: ""}
                    self.fill(other, self.drawn(code))
                    main.append(other)
            if code in newer:
                row, figures = (
                    self.row(code, number=1001 + len(sent), when=datetime.datetime(self.year, 6, 1)),
                    self.drawn(code),
                )
                self.fill(row, figures)
                sent.append(row)
            self.count(code, row, figures)
        number = self.identifier("id")
        names = [column["column"] for column in self.columns]
        half = next(
            place
            for place, column in enumerate(self.columns)
            if column["item"] == "all" and column["target_group"] == "total"
        )
        parts = {"Del 1": names[:half], "Del 2": [number, *names[half:]]}

        def tables(rows: list[Row]) -> dict[str, list[list[Any]]]:
            return {
                title: [cells, *([row.get(name, "") for name in cells] for row in rows)] for title, cells in parts.items()
            }

        folder = self.folder()
        open_document(folder / "round.ods", tables(main))
        workbook(folder / "round_late.xlsx", tables(sent))
        for place, column in enumerate(self.columns):
            column["sheet"] = "part1" if place < half else "part2"
        self.columns.append(dict.fromkeys(self.columns[0], "") | {"sheet": "part2", "column": number, "use": "identifier"})
        sheets = [
            self.sheet("part1", file, "Del 1", submission={"formats": ["%d.%m.%Y %H:%M"]}) for file in ("export", "late")
        ] + [
            {"name": "part2", "file": file, "sheet": "Del 2", "header_rows": [1], "links_to": "part1", "link": number}
            for file in ("export", "late")
        ]
        files = [("export", "round.ods", "ods"), ("late", "round_late.xlsx", "xlsx")]
        self.write_form(
            [{"name": name, "pattern": pattern, "count": 1, "reader": reader} for name, pattern, reader in files], sheets
        )
        self.explain_print()


ROUNDS: dict[int, type[Round]] = {each.year: each for each in (NewCategories, CarriedForward, LateFile)}


# --- The truth and what is published ---------------------------------------------------------------------------------------


def expected_fte(drawn: Round) -> dict[tuple[str, ...], int | None]:
    """Add up the FTE of units: by level, unit, question, target group and category."""
    found: dict[tuple[str, ...], int | None] = {}
    for code, figures in drawn.figures.items():
        unit = drawn.units[code]
        areas = [(unit.level, code), ("country", "0"), ("county", unit.county)]
        areas += [("municipality", OSLO)] if unit.municipality == OSLO else []
        for (question, target, item), fte in figures.items():
            for group in (target, "total"):
                for category in (item, "total"):
                    if question == SERVICES and group == "total" and category != "total":
                        continue  # Services belong to one target group.
                    for area in areas:
                        key = (*area, question, group, category)
                        have = found.get(key)
                        found[key] = have if fte is None else (have or 0) + fte
    return found


def compared(drawn: Round, snapshot: Path) -> dict[str, Any]:
    """Compare every published cell of the round with the true figures."""
    differing: list[str] = []
    cells: Counter[str] = Counter()

    def hold(table: str, name: tuple[Any, ...], truth: Any, published: Any) -> None:
        cells[table] += 1
        if truth != published:
            differing.append(f"{table} {' '.join(map(str, name))}: {truth} is published as {published}")

    truth = expected_fte(drawn)
    where = f"time_period = {drawn.year} and area_basis = 'reported'"
    with duckdb.connect(str(snapshot / "is248.duckdb"), read_only=True) as connection:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return connection.execute(query).fetchall()

        for table, category in TABLES.items():
            published: dict[tuple[str, ...], Any] = {
                (level, code, table, target, item): None if fte is None else round(fte * 100)
                for level, code, target, item, fte in rows(
                    f"select unit_level, unit_code, target_group, {category}, fte from {table} "
                    f"where {where} and unit_level in {('country', 'county', *UNIT_LEVELS)}"
                )
            }
            for key in published.keys() | {key for key in truth if key[2] == table}:
                hold(table, key, truth.get(key), published.get(key, "no row"))
        levels = {"with_agencies": UNIT_LEVELS, "with_districts": UNIT_LEVELS[:2]}
        for indicator, item, answer, unit_set, *counts in rows(
            "select indicator, item, answer, unit_set, n_answer, n_answered, n_units from indicator_shares "
            f"where {where} and unit_level = 'country' and n_answer is not null"
        ):
            options = {row["answer"] for row in drawn.options if row["question"] == indicator}
            if unit_set in levels and answer in options:
                units = [code for code, unit in drawn.units.items() if unit.level in levels[unit_set]]
                given = [drawn.answers[code].get((indicator, item)) for code in units if code in drawn.answers]
                right = [given.count(answer), sum(each is not None for each in given), len(units)]
                hold("indicator_shares", (indicator, item, answer), right, counts)
        states = Counter(drawn.states.values())
        asked = len(drawn.units)
        ((*counts,),) = rows(
            "select units_expected, units_answered, units_carried_forward, units_missing from response "
            f"where time_period = {drawn.year} and unit_set = 'with_agencies'"
        )
        answered = asked - states["carried"] - states["missing"]
        hold("response", ("with_agencies",), [asked, answered, states["carried"], states["missing"]], counts)
        known = {"carried": "I", "missing": "O", "blank": "O", "confirmed": "A confirmed", "answered": "A"}
        for code, status, note in rows(
            f"select unit_code, obs_status, obs_note from {SERVICES} where {where} and unit_level in {UNIT_LEVELS} "
            f"and unit_code != '{OSLO}' and target_group = 'total' and service_type = 'total'"
        ):
            # The newest year is provisional.
            status_shown = "A" if status == "P" else status
            status_shown += " confirmed" if "confirmed" in (note or "") else ""
            hold("obs_status", (code,), known[drawn.states[code]], status_shown)
    return {"cells": dict(cells), "differing": len(differing), "first": sorted(differing)[:20]}


# --- The command -----------------------------------------------------------------------------------------------------------


def is248(data: Path, *arguments: str) -> None:
    """Run the real command on the inputs of the benchmark, without the formats that are not read here."""
    settings = {name: text for name, text in os.environ.items() if not name.startswith("IS248_")}
    settings |= {"IS248_DATA_DIR": str(data), "IS248_FORMATS": "", "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments], env=settings, cwd=PROJECT, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(
            f"is248 {' '.join(arguments)} failed; the inputs are {data}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        )


def measure(data: Path, years: Sequence[int], seed: int, on_progress: Callable[[str], None]) -> list[dict[str, Any]]:
    """Publish the rounds, and compare each."""
    current = data / "snapshots/current"
    if not current.exists():
        on_progress("the bundled rounds ...")
        is248(data, "run")
    on_progress("the new rounds ...")
    drawn = [ROUNDS[year](data, current.resolve(), seed) for year in years]
    for each in drawn:
        each.write()
    is248(data, "run")
    return [{"round": each.year, "snapshot": current.resolve().name} | compared(each, current) for each in drawn]


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, nargs="+", choices=list(ROUNDS), default=list(ROUNDS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--into", type=Path, help="folder of inputs, warehouse and snapshots; by default a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = (options.into or Path(temporary)).resolve() / "data"
        if not data.exists():
            shutil.copytree(PROJECT / "data", data, ignore=shutil.ignore_patterns("warehouse", "snapshots"))
        results = measure(data, options.rounds, options.seed, lambda line: print(line, file=sys.stderr))
    print(json.dumps(results, indent=2, ensure_ascii=False))
    return 1 if any(each["differing"] for each in results) else 0


if __name__ == "__main__":
    sys.exit(main())
