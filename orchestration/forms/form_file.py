"""Next round's form.yml: the last one adapted to the delivery, with a comment wherever a person must check.

Belongs here: files, sheets, checks and settings of the new form. Does not belong here: its columns (``matching``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any, Literal

import yaml

from orchestration.forms.candidates import plain
from orchestration.forms.form_evidence import CONFIRMS, of_answering, others_than, title_check
from orchestration.forms.matching import READERS, Columns, DeliveredSheet, Layout
from orchestration.forms.model import (
    ContentCheck,
    FileSpec,
    Form,
    NumberSpec,
    SheetSpec,
    TickSpec,
    sheet_name,
)
from orchestration.forms.proposals import Proposal

CSV_OPTIONS = ("encoding", "delimiter", "surplus", "quote", "escape", "comment")
"""Options of a file that only csv files have."""


# Remarks for a person on the settings of form.yml.
_LOOK_AT: Mapping[str, str] = {
    "reference_period": "the years are advanced; is it the same week or day?",
    "origin": "collected by the same, in the same way?",
    "constructed": "still constructed? real figures are false",
    "non_response": "the same treatment of units that did not answer?",
    "carry_forward": "units that are missing for the second time: reported_only leaves them out, chain carries them on",
    "max_shrink": "how many units may be lacking this time?",
}


def _without_defaults(content: Any) -> Any:
    """Leave out empty values: null, and empty lists and maps."""
    if isinstance(content, dict):
        cleaned = {key: _without_defaults(value) for key, value in content.items()}
        return {key: value for key, value in cleaned.items() if value not in (None, [], {})}
    if isinstance(content, list):
        return [_without_defaults(value) for value in content]
    return content


def _block(key: str, value: Any) -> str:
    flow = None if isinstance(value, dict | list) else False
    return yaml.safe_dump({key: value}, allow_unicode=True, sort_keys=False, width=120, default_flow_style=flow)


def _item(value: Any) -> str:
    text = yaml.safe_dump([value], allow_unicode=True, sort_keys=False, width=120, default_flow_style=None)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _named_columns(spec: SheetSpec) -> list[tuple[str, str]]:
    """Return the columns that form.yml names for a sheet, and where."""
    named: list[tuple[str, str]] = []
    if spec.unit is not None:
        for field in ("code", "name", "part_code", "part_name"):
            named += [(f"unit.{field}", column) for column in getattr(spec.unit, field)]
        named.append(("unit.stratum", spec.unit.stratum or ""))
    for field in ("id", "submitted", "status", "confirmed"):
        named.append((f"submission.{field}", getattr(spec.submission, field) or ""))
    named += [("rows_not_data", rule.column) for rule in spec.rows_not_data]
    if spec.link is not None and not _links_by_unit(spec):
        named.append(("link", spec.link))
    return [(place, column) for place, column in named if column]


def _links_by_unit(spec: SheetSpec) -> bool:
    return spec.link == "unit"


def _sheet_content(spec: SheetSpec, renames: Mapping[str, str]) -> dict[str, Any]:
    """Return a sheet of form.yml with the new names of its columns."""
    content: dict[str, Any] = spec.model_dump(mode="json")

    def new(name: str | None) -> str | None:
        return renames.get(plain(name), name) if name is not None else None

    if content["unit"] is not None:
        for field in ("code", "name", "part_code", "part_name"):
            content["unit"][field] = [new(name) for name in content["unit"][field]]
        content["unit"]["stratum"] = new(content["unit"]["stratum"])
        content["unit"]["fill_down"] = content["unit"]["fill_down"] or None
    for field in ("id", "submitted", "status", "confirmed"):
        content["submission"][field] = new(content["submission"][field])
    for rule in content["rows_not_data"]:
        rule["column"] = new(rule["column"])
    if not _links_by_unit(spec):
        content["link"] = new(content["link"])
    if len(spec.header_rows) == 1:
        del content["header_join"]
    return content


class FormFile:
    """Writes form.yml, with a comment wherever a person must check; the same remarks are listed as notes."""

    def __init__(
        self,
        previous: Form,
        layout: Layout,
        matched: Mapping[str, Columns],
        years: int,
        entries: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.previous = previous
        self.layout = layout
        self.entries = entries
        self.matched = matched
        self.advance = layout.advance
        self.years = years
        self.notes: list[str] = []
        self.files = {file.name: file for file in previous.files}

    def _look(self, place: str, text: str, indent: str = "") -> str:
        self.notes.append(f"form.yml, {place}: {text}")
        return f"{indent}# look: {text}\n"

    def _propose(
        self,
        place: str,
        of: Literal["sheets", "numbers", "ticks", "columns"],
        delivered: Iterable[DeliveredSheet],
        indent: str = "",
    ) -> str:
        """Write the proposals about a part of the form, each once, with its lines as comments."""
        found: dict[tuple[str, ...], list[tuple[str, Proposal]]] = defaultdict(list)
        for sheet in delivered:
            for proposal in sheet.proposals:
                if proposal.place == of:
                    # Files of one layout differ in their contents, not in the proposals.
                    found[proposal.lines or (proposal.seen,)].append((sheet.file, proposal))
        text = ""
        for (file, proposal), *others in found.values():
            more = f" (proposed for {len(others)} more)" if others else ""
            hint = f"{file}{more}: {proposal.seen}"
            self.notes.append(f"form.yml, {place}: {' '.join([hint, *map(str.strip, proposal.lines)])}")
            text += "".join(f"{indent}# {line}\n" for line in (f"look: {hint}", *(f"  {line}" for line in proposal.lines)))
        return text

    def write(self, name: str, delivery: str, delivered: Sequence[str]) -> str:
        """Return the text of form.yml.

        Args:
            name: the new form.
            delivery: folder of the new delivery.
            delivered: names of all files of the delivery.
        """
        last = self.previous
        content = last.model_dump(mode="json", exclude={"columns", "options"})
        content |= {
            "form": name,
            "time_period": last.time_period + self.years,
            "collection_year": last.collection_year + self.years,
            "delivery": delivery,
            "title": {language: self.advance(text) for language, text in content["title"].items()},
            "reference_period": {language: self.advance(text) for language, text in content["reference_period"].items()},
            "origin": self.advance(last.origin),
        }
        if last.non_response == "missing":
            del content["carry_forward"]
        text = ""
        for key, value in content.items():
            if key in {"files", "sheets", "checks", "numbers", "ticks"} or value is None:
                continue
            if key == "non_response":
                text += "".join(self._look(key, hint) for hint in of_answering(self.previous, self.matched, self.entries))
            text += (self._look(key, _LOOK_AT[key]) if key in _LOOK_AT else "") + _block(key, value)
        # If new sheets replace all sheets of the last form, its data files are gone too.
        files = [file for file in last.files if not self.entries or file.reader == "none"]
        text += "\nfiles:\n" + "".join(self._file(file, delivered) for file in files)
        text += self._new_files() + self._files_without_entry(delivered, files)
        text += "\nsheets:\n"
        text += "" if self.entries else "".join(self._sheet(number, spec) for number, spec in enumerate(last.sheets))
        for number, sheets in self.layout.more.items():
            for sheet in sheets:
                hint = f"{sheet.file} has the columns of sheet {last.sheets[number].name}: add an entry of that name for it"
                text += self._look("sheets", hint, "  ")
        text += "".join(self._new_sheet(name, entry) for name, entry in self.entries.items())
        with_entry = {(str(entry["file"]), str(entry.get("sheet", ""))) for entry in self.entries.values()}
        text += "".join(
            self._unknown_sheet(each) for each in self.layout.unknown if (each.file, each.sheet) not in with_entry
        )
        text += self._checks()
        if last.numbers != NumberSpec():
            text += "\n" + self._look("numbers", "the same missing codes, by the new code book?")
            text += _block("numbers", last.numbers.model_dump(mode="json", exclude_defaults=True))
        text += self._propose("numbers", "numbers", self.layout.all_sheets)
        if last.ticks != TickSpec():
            text += "\n" + self._look("ticks", "are the boxes filled in the same way?")
            text += _block("ticks", last.ticks.model_dump(mode="json"))
        text += self._propose("ticks", "ticks", self.layout.all_sheets)
        if last.options:
            text += "\n" + self._look(
                "options.csv", "options.csv has last year's codes and labels; compare them with the new code book"
            )
        return text + self._propose("columns.csv", "columns", self.layout.all_sheets)

    def _checks(self) -> str:
        """Write last year's checks with the new files' contents, and propose one where a title is above the headers."""
        last = self.previous
        checks = [] if self.entries else [each for each in last.checks if not self._apart(self.files[each.file])]
        kept = [each.model_copy(update={"matches": self.advance(each.matches)}) for each in checks]
        proposed = [*self._title_checks({check.sheet for check in kept})]
        text = ""
        if len(checks) < len(last.checks) or proposed:
            text += "\n" + self._look(
                "checks", "which text must be in the new files, so that those of another year are refused?"
            )
        text += "" if kept or not proposed else "# checks:\n"
        for check in proposed:
            line = _item(check.model_dump(mode="json")).strip()
            self.notes.append(f"form.yml, checks: above the headers stands what may be one: {line}")
            text += f"#   {line}\n"
        if not kept:
            return text
        text += "" if text else "\n"
        text += self._look("checks", "is each of these in the new files, and in none of another year?") + "checks:\n"
        for check in kept:
            for other in others_than(check, self.layout.delivered(check.sheet)):
                text += self._look("checks", f"{other}, which this does not fit", "  ")
            text += _item(check.model_dump(mode="json"))
        return text

    def _title_checks(self, known: Collection[str]) -> Iterator[ContentCheck]:
        """Yield a check of the text above the headers, for each sheet without a check."""
        years = (self.previous.time_period + self.years, self.previous.collection_year + self.years)
        for spec in self.previous.sheets if not self.entries else ():
            members = self.layout.delivered(spec.name)
            file = next(iter(self._apart(self.files[spec.file]).values()), None)
            if members and spec.name not in known and file is None:
                found = title_check(spec.file, spec.name, members, years)
                if found is not None:
                    yield found
        for name, entry in self.entries.items():
            place = (entry["file"], entry.get("sheet", ""))
            sheets = [each for each in self.layout.unknown if (each.file, each.sheet) == place]
            found = title_check(self._file_names()[str(entry["file"])], name, sheets, years)
            if found is not None:
                yield found

    def _members(self, file: FileSpec) -> list[DeliveredSheet]:
        return [
            sheet
            for number, spec in enumerate(self.previous.sheets)
            if spec.file == file.name
            for sheet in self.layout.members.get(number, [])
        ]

    def new_file(self, file: FileSpec) -> FileSpec:
        """Return a file of form.yml; under another name or in another format, as it was delivered."""
        pattern = self.advance(file.pattern)
        names = sorted({sheet.file for sheet in self._members(file)})
        found = self._found_options(file)
        if not names or all(fnmatchcase(name, pattern) for name in names):
            return FileSpec.model_validate(file.model_dump() | found | {"pattern": pattern})
        suffix = PurePath(names[0]).suffix.lower()
        # Files of another format need their own entry, and are reported as such.
        names = [name for name in names if PurePath(name).suffix.lower() == suffix]
        reader = READERS.get(suffix, file.reader)
        text = reader == "csv"
        return FileSpec.model_validate(
            {
                "name": file.name,
                "pattern": names[0] if len(names) == 1 else f"*{suffix}",
                "count": len(names),
                "reader": reader,
                "encoding": (file.encoding or "utf-8") if text else None,
                "delimiter": (file.delimiter or ";") if text else None,
                **(found if text or reader == "sav" else {}),
            }
        )

    def _found_options(self, file: FileSpec) -> dict[str, str | None]:
        """Return the options with which a csv file was read, where they differ from last year's."""
        specs = [sheet.spec for sheet in self._members(file) if sheet.spec is not None]
        return {
            name: getattr(specs[0], name) for name in CSV_OPTIONS if specs and getattr(specs[0], name) != getattr(file, name)
        }

    def _apart(self, file: FileSpec) -> dict[int, FileSpec]:
        """Return a file for each sheet of a workbook whose sheets were delivered as separate files; else nothing."""
        numbers = [number for number, spec in enumerate(self.previous.sheets) if spec.file == file.name]
        names = {number: {sheet.file for sheet in self.layout.members.get(number, [])} for number in numbers}
        found = {number: next(iter(each)) for number, each in names.items() if len(each) == 1}
        if len(found) < 2 or len(found) < len(numbers) or len(set(found.values())) < len(found):
            return {}
        result = {}
        for number, name in found.items():
            spec = self.layout.members[number][0].spec
            options = {each: getattr(spec, each) for each in CSV_OPTIONS} if spec is not None else {}
            reader = READERS.get(PurePath(name).suffix.lower(), file.reader)
            result[number] = FileSpec.model_validate(
                {"name": f"{file.name}_{self.previous.sheets[number].name}", "pattern": name, "reader": reader, **options}
            )
        return result

    def _file(self, file: FileSpec, delivered: Sequence[str]) -> str:
        apart = self._apart(file)
        if apart:
            text = self._look(f"file {file.name}", f"its sheets are files of their own; last year {file.pattern}", "  ")
            entries = (each.model_dump(mode="json") for each in apart.values())
            return text + "".join(
                _item(_without_defaults({name: value for name, value in entry.items() if value != "refuse"}))
                for entry in entries
            )
        new = self.new_file(file)
        comment = ""
        if new.pattern != self.advance(file.pattern):
            hint = "as delivered; check name, reader" + (", encoding and delimiter" if new.reader == "csv" else "")
            comment = self._look(f"file {file.name}", f"{hint}; last year {file.pattern} ({file.reader})", "  ")
        else:
            count = sum(fnmatchcase(name, new.pattern) for name in delivered)
            low, high = new.count_range
            if not low <= count <= high:
                hint = f"{count} delivered files fit {new.pattern}, and {new.count} are expected"
                comment = self._look(f"file {file.name}", hint, "  ")
        for remark in dict.fromkeys(remark for sheet in self._members(file) for remark in sheet.remarks):
            comment += self._look(f"file {file.name}", remark, "  ")
        found = self._found_options(file)
        if found and new.pattern == self.advance(file.pattern):
            read_with = ", ".join(f"{name} {value!r}" for name, value in found.items())
            before = ", ".join(repr(getattr(file, name)) for name in found)
            comment += self._look(f"file {file.name}", f"read with {read_with}, last year {before}: is it right?", "  ")
        options = new.model_dump(mode="json")
        return comment + _item(_without_defaults({name: value for name, value in options.items() if value != "refuse"}))

    def _new_files(self) -> str:
        """Return the entries of files that have new sheets, as they were read."""
        text = ""
        for name in self._file_names():
            sheet = next(each for each in self.layout.unknown if each.file == name)
            reader = READERS[PurePath(name).suffix.lower()]
            entry: dict[str, Any] = {"name": self._file_names()[name], "pattern": name, "count": 1, "reader": reader}
            if sheet.spec is not None:
                options = {each: getattr(sheet.spec, each) for each in CSV_OPTIONS}
                entry |= {each: value for each, value in options.items() if value not in (None, "refuse")}
            text += self._look(f"file {entry['name']}", "as delivered; nothing of last year's files came", "  ")
            text += "".join(
                self._look(f"file {entry['name']}", remark, "  ")
                for remark in dict.fromkeys(
                    remark for each in self.layout.unknown if each.file == name for remark in each.remarks
                )
            )
            text += _item(entry)
        return text

    def _file_names(self) -> dict[str, str]:
        """Return the names in the form of the files with new sheets, by their own names."""
        files = list(dict.fromkeys(str(entry["file"]) for entry in self.entries.values()))
        return {name: "export" if len(files) == 1 else f"export_{number}" for number, name in enumerate(files, start=1)}

    def _new_sheet(self, name: str, entry: Mapping[str, Any]) -> str:
        place = f"sheet {name}"
        comment = self._look(place, "new this year; does each column that is named here say so?", "  ")
        sheets = [each for each in self.layout.unknown if (each.file, each.sheet) == (entry["file"], entry.get("sheet", ""))]
        comment += self._propose(place, "sheets", sheets, "  ")
        return comment + _item({**entry, "file": self._file_names()[str(entry["file"])]})

    def _files_without_entry(self, delivered: Sequence[str], files: Sequence[FileSpec]) -> str:
        patterns = [*(self.new_file(file).pattern for file in files), *self._file_names()]
        patterns += [each.pattern for file in files for each in self._apart(file).values()]
        lost = [name for name in delivered if not any(fnmatchcase(name, pattern) for pattern in patterns)]
        return self._look("files", f"no entry for {', '.join(lost)}", "  ") if lost else ""

    def _sheet(self, number: int, spec: SheetSpec) -> str:
        matched = self.matched[spec.name]
        place = f"sheet {spec.name}"
        content = _sheet_content(spec, matched.renames)
        comment = ""
        members = self.layout.members.get(number, [])
        if not members:
            comment += self._look(place, "it was not delivered, or not recognised", "  ")
        apart = self._apart(self.files[spec.file]).get(number)
        file = apart or self.new_file(self.files[spec.file])
        content["file"] = file.name
        sheet = None if spec.sheet is None else self.advance(spec.sheet)
        delivered_names = {sheet_name(member.sheet) for member in members}
        if file.is_workbook != (sheet is not None) or (
            members and sheet is not None and sheet_name(sheet) not in {"*", *delivered_names}
        ):
            sheet = members[0].sheet if file.is_workbook else None
            called = "a file of its own here" if sheet is None else f"called {sheet!r} here"
            comment += self._look(place, f"{called}; last year {spec.sheet!r}", "  ")
        content["sheet"] = sheet
        rows = sorted({member.row for member in members})
        if rows and rows != [spec.header_rows[0]]:
            shift = rows[0] - spec.header_rows[0]
            content["header_rows"] = [row + shift for row in spec.header_rows]
            content["first_row"] = spec.first_row + shift
            hint = f"the headers are in row {', '.join(map(str, rows))}, last year in row {spec.header_rows[0]}"
            comment += self._look(place, hint, "  ")
        comment += self._propose(place, "sheets", (*members, *self.layout.more.get(number, [])), "  ")
        delivered = {*matched.headers}
        uses = [column for column in self.previous.columns if column.sheet == spec.name]
        named = _named_columns(spec) + [("when", column) for use in uses for column, _ in use.conditions]
        for where, column in dict.fromkeys(named):
            new = matched.renames.get(plain(column), plain(column))
            if members and new not in delivered:
                alike = [
                    row.column for row in matched.unsure.values() if row.candidates and row.candidates[0].column == column
                ]
                maybe = f"; perhaps {', '.join(alike)}" if alike else ""
                comment += self._look(place, f"{where} names {column}, which was not delivered{maybe}", "  ")
        confirming = [row.column for row in matched.unsure.values() if CONFIRMS.search(f"{row.column} {row.label}")]
        if confirming and spec.submission.confirmed is None:
            hint = (
                "may say that a unit confirmed its pre-filled values: "
                "name it under submission.confirmed (docs/run/form-folders.md)"
            )
            comment += self._look(place, f"{', '.join(confirming)} {hint}", "  ")
        if spec.submission.completed or spec.submission.formats or spec.rows_not_data:
            comment += self._look(place, "the same statuses, date formats and rows that are not data?", "  ")
        if any(use.when for use in uses):
            comment += self._look(place, "a long format: are the values in `when` of columns.csv still in the cells?", "  ")
        return comment + _item(_without_defaults(content))

    def _unknown_sheet(self, sheet: DeliveredSheet) -> str:
        name = f"sheet {sheet.sheet}" if sheet.sheet else "the sheet"
        hint = f"no entry for {name} of {sheet.file} (row {sheet.row}, {len(sheet.headers)} columns)"
        return self._look("sheets", hint, "  ")
