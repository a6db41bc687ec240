"""The texts of the findings, as typed data from ``expectations/control``: titles, questions, what to do.

Belongs here: reading and checking the texts, and filling their placeholders. Does not belong here: which findings there are
(the warehouse) and how a list looks (``lists``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.language import Written, in_language
from orchestration.core.tables import Label, LetterLabel

FINDINGS = "findings.yml"
WORDS = "words.yml"
LIST = "list.yml"

PLACEHOLDERS = frozenset(
    (
        *("unit", "year", "question", "target_group", "item", "form", "wording", "place", "text", "detail"),
        *("value", "compared", "before", "previous_year", "limit", "rate", "rate_limit", "population"),
    )
)
NOTHING = "\u2013"
DOCUMENTATION = "docs/run/control.md says what an entry has"
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


def placeholders(text: str) -> list[str]:
    """Return the names of the placeholders of a text."""
    return _PLACEHOLDER.findall(text)


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with its placeholders filled; a value that is missing is a dash.

    Parts in [brackets] are left out where a value of theirs is missing.
    """

    def filled(piece: str) -> str:
        return _PLACEHOLDER.sub(lambda match: values.get(match[1]) or NOTHING, piece)

    # Split before filling, so that brackets in a unit's own text are kept.
    return "".join(
        filled(piece)
        for place, piece in enumerate(_OPTIONAL.split(text))
        if place % 2 == 0 or all(values.get(name) for name in placeholders(piece))
    )


class FindingText(BaseModel):
    """The texts of one kind of finding; ``question`` and ``also`` are filled by ``fill``.

    ``also`` is asked after the question of another finding about the same number. A finding without it is always asked
    separately: it is not about whether the number is right.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Label
    question: LetterLabel
    also: LetterLabel | None = None
    explanation: Label
    what_to_do: Label

    @model_validator(mode="after")
    def _placeholders_are_known(self) -> FindingText:
        for part in ("question", "also"):
            for language, text in getattr(self, part) or ():
                for name in placeholders(text or ""):
                    if name not in PLACEHOLDERS:
                        raise ValueError(f"{part}.{language}: {{{name}}} is not a placeholder")
        for name in ("title", "explanation", "what_to_do"):
            for language in ("nb", "en"):
                if "{" in getattr(getattr(self, name), language):
                    raise ValueError(f"{name}.{language}: only the questions have placeholders")
        return self

    def ask(self, values: dict[str, str | None], language: Written) -> str:
        """Return the question with its placeholders filled; a value that is missing is a dash."""
        return fill(in_language(self.question, language), values)

    def ask_also(self, values: dict[str, str | None], language: Written) -> str:
        """Return what is asked after the question of another finding about the same number; empty where nothing is."""
        return "" if self.also is None else fill(in_language(self.also, language), values)


Words = dict[str, dict[str, LetterLabel]]


class Section(BaseModel):
    """A paragraph of the sheet that says how to use a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    head: LetterLabel
    text: LetterLabel
    only_where_constructed: bool = False


class ListTexts(BaseModel):
    """The texts of the lists themselves; ``title`` has the placeholder {year}."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Label
    earlier_title: Label
    restricted: Label
    choose_answer: LetterLabel
    choose_item: LetterLabel
    choose_form: LetterLabel
    item: LetterLabel
    breakdown: LetterLabel
    target_group: LetterLabel
    sections: tuple[Section, ...]
    unit_sections: tuple[Section, ...]


class ControlTexts(BaseModel):
    """All texts: one entry for each finding, the words by code list and code, and those of the lists."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    findings: tuple[FindingText, ...] = Field(min_length=1)
    words: Words
    list: ListTexts

    def of(self, finding: str) -> FindingText:
        """Return the texts of a finding.

        Raises:
            UserError: the finding has none.
        """
        for entry in self.findings:
            if entry.id == finding:
                return entry
        raise UserError(
            f"the finding {finding!r} has no texts",
            place=FINDINGS,
            remedy="add an entry to expectations/control/findings.yml",
        )

    def number_of(self, key: str) -> str:
        """Return what the key of a finding is about, the same for all findings about one number.

        It is the key without the finding, where that only asks whether the number is right; else the key itself.
        """
        parts = key.split("|")
        if len(parts) > 4 and parts[4] and any(entry.id == parts[3] and entry.also for entry in self.findings):
            return "|".join((*parts[:3], "", *parts[4:]))
        return key

    def word(self, kind: str, code: str | None, language: Written) -> str | None:
        """Return the word for a code, or None where there is none."""
        label = self.words.get(kind, {}).get(code or "")
        return None if label is None else in_language(label, language)


def _read(path: Path) -> Any:
    try:
        return yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="restore or correct the YAML") from error


def load_control_texts(folder: Path) -> ControlTexts:
    """Return the texts of all findings.

    Raises:
        UserError: a file is not valid, or two entries have the same id.
    """
    path = folder / FINDINGS
    content = _read(path)
    if not isinstance(content, list):
        raise UserError("is not a list of findings", place=str(path), remedy=DOCUMENTATION)
    entries: list[FindingText] = []
    for entry in content:
        try:
            entries.append(FindingText.model_validate(entry))
        except ValidationError as error:
            name = entry.get("id", "?") if isinstance(entry, dict) else entry
            raise UserError(f"finding {name!r}: {first_problem(error)}", place=str(path), remedy=DOCUMENTATION) from error
    names = [entry.id for entry in entries]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"finding {twice[0]!r} has two entries", place=str(path), remedy="keep one of the two")
    try:
        return ControlTexts.model_validate(
            {"findings": entries, "words": _read(folder / WORDS), "list": _read(folder / LIST)}
        )
    except ValidationError as error:
        raise UserError(first_problem(error), place=str(folder), remedy=DOCUMENTATION) from error
