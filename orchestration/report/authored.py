"""Texts that authors sign: prose and quotes that fill the slots of a chapter, kept apart from generated text.

``data/reports/<report>/authored/<year>/<slot>.md`` has a header (signatory, date and, for a quote, the speaker's role) and
the text. Belongs here: finding the text of a slot, from this year or an earlier one, validating it, and formatting it for a
chapter. Does not belong here: evaluating its expressions (``sentences``), or what a quote may not name (``anonymity``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language, written_day
from orchestration.core.suggestions import suggest
from orchestration.core.texts import filled, load_texts
from orchestration.report.anonymity import Names
from orchestration.report.model import CHAPTERS, EXCEPTIONS, Source
from orchestration.report.typed_numbers import require_bound
from orchestration.report.values import ReportError

Kind = Literal["prose", "quote"]
State = Literal["written", "carried", "empty", "not_placed"]

FOLDER = "authored"
DOCUMENTATION = "docs/run/reports.md describes signed texts"
# Styles of the lines before and after a signed text, by their names in Word, HTML and PDF.
CHECK_STYLE, SIGNATURE_STYLE = "Kontroller", "Signatur"
TEXTS = load_texts("report", "authored")
_SLOT = re.compile(r"\b(?:prose|quote)\(\s*[\"'](\w+)[\"']\s*\)")
_QUOTATION_MARKS: Mapping[Language, tuple[str, str]] = {"nb": ("«", "»"), "en": ("“", "”")}


class _Head(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str = Field(min_length=1)
    date: date
    role: str = ""


@dataclass(frozen=True)
class Signed:
    """A signed text. In ``text``, empty lines replace the header, so that line numbers are those of the file."""

    path: Path
    name: str
    year: int
    by: str
    day: date
    role: str
    text: str


@dataclass(frozen=True)
class Taken:
    """The outcome for a slot: the author and year of the text that fills it, or that it is empty."""

    slot: str
    kind: str
    chapter: str
    line: int
    state: State
    file: str = ""
    year: int | None = None
    by: str = ""
    date: str = ""


@dataclass
class Authored:
    """The signed texts of a report, for one round in one language."""

    source: Source
    year: int
    language: Language
    # Returns the names that a quote must not contain; called only for quotes.
    units: Callable[[], frozenset[str]] = frozenset
    taken: list[Taken] = field(default_factory=list)
    # Lines of the exceptions that signed texts used.
    exceptions: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Refuse texts that no chapter has a slot for: nobody would read them."""
        known = self._slots()
        for path in sorted(self.folder(self.year).glob("*")):
            if path.suffix != ".md" or path.name.split(".", 1)[0] not in known:
                raise UserError(
                    f"no chapter has a slot {path.name.split('.', 1)[0]!r}{suggest(path.name.split('.', 1)[0], known)}",
                    place=str(path),
                    remedy='give it the name of a slot, or put {{ prose("name") }} into a chapter',
                )

    def folder(self, year: int) -> Path:
        """Return the folder of a year's texts."""
        return self.source.folder / FOLDER / str(year)

    def _slots(self) -> list[str]:
        texts = (path.read_text(encoding="utf-8") for path in sorted((self.source.folder / CHAPTERS).glob("*.md")))
        return list(dict.fromkeys(slot for text in texts for slot in _SLOT.findall(text)))

    def take(self, slot: str, kind: Kind, chapter: str, line: int) -> Signed | None:
        """Return the text of a slot: this year's, else the newest of an earlier year; None where nobody has written one.

        Raises:
            UserError: the text is incomplete, has a typed number, or is a quote that names a unit or a person.
            ReportError: the report already has the slot.
        """
        if any(each.slot == slot for each in self.taken):
            raise ReportError(f"the report already has slot {slot!r}", "give this one another name")
        found = self._newest(slot)
        if found is None:
            self.taken.append(Taken(slot, kind, chapter, line, "empty"))
            return None
        year, path = found
        signed = self._read(path, year, kind)
        self.exceptions |= require_bound(path, signed.text, self.language, self.source.exceptions, signed.name)
        if kind == "quote":
            self._require_anonymous(signed)
        state: State = "written" if year == self.year else "carried"
        day = signed.day.isoformat()
        self.taken.append(Taken(slot, kind, chapter, line, state, signed.name, year, signed.by, day))
        return signed

    def not_placed(self) -> list[Taken]:
        """Return this year's texts that were not used, because their slot is in a part that this round leaves out."""
        reached = {each.slot for each in self.taken}
        ending = _ending(self.language)
        return [
            Taken(path.name.removesuffix(ending), "", "", 0, "not_placed", f"{FOLDER}/{self.year}/{path.name}", self.year)
            for path in sorted(self.folder(self.year).glob(f"*{ending}"))
            if "." not in path.name.removesuffix(ending) and path.name.removesuffix(ending) not in reached
        ]

    @property
    def files(self) -> set[str]:
        """The files that were read, by the names that exceptions use."""
        return {each.file for each in self.taken if each.file}

    def _newest(self, slot: str) -> tuple[int, Path] | None:
        years = []
        for folder in sorted((self.source.folder / FOLDER).glob("*")):
            if not folder.name.isdigit():
                raise UserError("is not a year", place=str(folder), remedy="name the folder after the year of the report")
            if int(folder.name) <= self.year:
                years.append(int(folder.name))
        for year in sorted(years, reverse=True):
            path = self.folder(year) / f"{slot}{_ending(self.language)}"
            if path.is_file():
                return year, path
        return None

    def _read(self, path: Path, year: int, kind: Kind) -> Signed:
        lines = path.read_text(encoding="utf-8").replace("\r\n", "\n").split("\n")
        end = next((at for at, line in enumerate(lines[1:], start=1) if line.strip() == "---"), None)
        if lines[0].strip() != "---" or end is None:
            raise UserError("has no header", place=f"{path}, line 1", remedy="begin with ---, by: and date:, and ---")
        head = self._head(path, "\n".join(lines[1:end]))
        if kind == "quote" and not head.role:
            raise UserError("the quote has no role", place=f"{path}, line 1", remedy="add role: to its header")
        if kind == "prose" and head.role:
            raise UserError(
                "prose cannot have a role",
                place=f"{path}, line 1",
                remedy='remove it, or place the slot with {{ quote("...") }}',
            )
        text = "\n" * (end + 1) + "\n".join(lines[end + 1 :])
        if not text.strip():
            raise UserError(
                "has no text below its header", place=f"{path}, line {end + 1}", remedy="write one, or remove the file"
            )
        return Signed(path, f"{FOLDER}/{year}/{path.name}", year, head.by, head.date, head.role, text)

    def _head(self, path: Path, text: str) -> _Head:
        try:
            content = yaml_text.load(text)
            unknown = [str(name) for name in content or {} if name not in _Head.model_fields]
            if unknown:
                raise UserError(
                    f"the header cannot have {unknown[0]!r}{suggest(unknown[0], _Head.model_fields)}",
                    place=f"{path}, line {_line_of(text, unknown[0]) + 1}",
                    remedy=DOCUMENTATION,
                )
            return _Head.model_validate(content)
        except yaml.YAMLError as error:
            raise UserError(f"the header cannot be read ({error})", place=f"{path}, line 1", remedy=DOCUMENTATION) from error
        except ValidationError as error:
            raise UserError(f"the header: {first_problem(error)}", place=f"{path}, line 1", remedy=DOCUMENTATION) from error

    def _require_anonymous(self, signed: Signed) -> None:
        """Refuse a quote that names a unit or a person, or contains an expression."""
        lines = signed.text.split("\n")
        for at, line in enumerate(lines, start=1):
            if "{{" in line or "{%" in line:
                place = f"{signed.path}, line {at}"
                raise UserError("a quote cannot have expressions", place=place, remedy="write it as prose, or remove them")
        names = Names(self.units(), self._persons(signed))
        # Report the line that has the role.
        head = signed.path.read_text(encoding="utf-8").split("\n")
        role_line = next((at for at, line in enumerate(head, start=1) if line.startswith("role:")), 1)
        found = [(each.line, each) for each in names.found(signed.text)]
        found += [(role_line, each) for each in names.found(signed.role)]
        for at, each in found:
            if each.may_be_signed and self._is_signed(signed, each.text, at):
                continue
            raise UserError(
                f"the quote names {each.kind}: {each.text!r}",
                place=f"{signed.path}, line {at}",
                remedy=f"write it without the name, or sign in {EXCEPTIONS} that it is not a name"
                if each.may_be_signed
                else "write it without the name, for instance with 'kommunen'",
            )

    def _is_signed(self, signed: Signed, text: str, line: int) -> bool:
        written = signed.path.read_text(encoding="utf-8").split("\n")[line - 1]
        for each in self.source.exceptions:
            if each.file == signed.name and text in each.text and each.text in " ".join(written.split()):
                self.exceptions.add(each.line)
                return True
        return False

    def _persons(self, signed: Signed) -> frozenset[str]:
        """Return the persons whose names the report has: those who signed something."""
        found = {signed.by, *(each.signed_by for each in self.source.exceptions), *(each.by for each in self.taken)}
        return frozenset(name for name in found if " " in name)


def _ending(language: Language) -> str:
    return ".md" if language == "nb" else f".{language}.md"


def _line_of(text: str, name: str) -> int:
    return next((at for at, line in enumerate(text.split("\n"), start=1) if line.startswith(f"{name}:")), 1)


def in_chapter(signed: Signed, text: str, kind: Kind, year: int, language: Language) -> str:
    """Return a signed text formatted for a chapter: marked if from an earlier year, followed by its author or the speaker.

    Args:
        signed: the text.
        text: its content, with expressions evaluated.
        kind: prose or a quote.
        year: of the report.
        language: of the report.
    """
    day = written_day(signed.day, language)
    blocks = []
    if signed.year != year:
        key = "from_last_year" if signed.year == year - 1 else "from_earlier"
        marked = in_language(filled(TEXTS[key], year=str(signed.year), day=day), language)
        blocks.append(_styled(CHECK_STYLE, f"**{marked}**"))
    if kind == "prose":
        blocks += [
            text.strip(),
            _styled(SIGNATURE_STYLE, in_language(filled(TEXTS["written_by"], by=signed.by, day=day), language)),
        ]
    else:
        signature = in_language(filled(TEXTS["quoted"], role=signed.role, year=str(signed.year)), language)
        blocks += [_quoted(text, language), _styled(SIGNATURE_STYLE, signature)]
    return "\n\n" + "\n\n".join(blocks) + "\n\n"


def _styled(style: str, text: str) -> str:
    return f'::: {{.{style} custom-style="{style}"}}\n{text}\n:::'


def _quoted(text: str, language: Language) -> str:
    first, last = _QUOTATION_MARKS[language]
    bare = text.strip().strip('«»"“”')
    return "\n".join(f"> {line}".rstrip() for line in f"{first}{bare}{last}".split("\n"))
