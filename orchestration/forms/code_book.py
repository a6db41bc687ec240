"""The code book of a new delivery, compared with the options and missing codes of its draft.

Belongs here: codes that a form lacks, codes that changed their meaning, and what a label meant in earlier forms. Does not
belong here: reading code books (``ingest.code_books``), and what becomes of it (``deciding``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import OF_OPTIONS, UNSURE, Form, code_text, header

BookKind = Literal["number", "code", "tick", "text"]
"""What a code book says that a variable holds."""


@dataclass(frozen=True)
class Meant:
    """What a label meant wherever earlier forms have it: an answer, or the reason why it is missing."""

    answer: str
    missing_reason: str

    @property
    def value(self) -> str:
        """The answer, or else the reason why it is missing."""
        return self.answer or self.missing_reason


@dataclass(frozen=True)
class Book:
    """What the code book says of delivered columns, by sheet and column; ``meanings`` has what labels meant before."""

    kinds: Mapping[tuple[str, str], BookKind] = field(default_factory=dict)
    codes: Mapping[tuple[str, str], Mapping[str, str]] = field(default_factory=dict)
    meanings: Mapping[str, Meant] = field(default_factory=dict)

    def find_meaning(self, label: str) -> Meant | None:
        """Return what a label meant in earlier forms, if it always meant the same."""
        return self.meanings.get(plain_label(label)) if label else None


@dataclass(frozen=True)
class OddCode:
    """A code to which code book and form give different meanings; ``before`` is empty where the form does not know it."""

    column: str
    question: str
    code: str
    label: str
    before: str = ""

    def __str__(self) -> str:
        """Return the code as the list of a draft has it."""
        labels = f'"{self.before}" -> "{self.label}"' if self.before else f'"{self.label}"'
        return f"{self.question or self.column} {self.code}: {labels} ({self.column})"


def plain_label(label: str) -> str:
    """Return a label as it is compared."""
    return header(label).casefold()


def meanings_of(forms: Iterable[Form]) -> dict[str, Meant]:
    """Return what each label of options meant, where all forms and questions agree."""
    found: dict[str, set[Meant]] = {}
    for form in forms:
        for option in form.options:
            if option.label_nb:
                found.setdefault(plain_label(option.label_nb), set()).add(Meant(option.answer, option.missing_reason))
    return {label: next(iter(meant)) for label, meant in found.items() if len(meant) == 1}


def odd_codes(
    rows: Sequence[Mapping[str, str]],
    options: Sequence[Mapping[str, str]],
    codes: Mapping[tuple[str, str], Mapping[str, str]],
    usual_missing: Iterable[str],
) -> Iterator[OddCode]:
    """Yield the codes of the code book that the draft lacks or reads differently; each once per question.

    Args:
        rows: the lines of columns.csv that are decided.
        options: the lines of options.csv.
        codes: label by code, by sheet and column.
        usual_missing: what means "no answer" in every column of numbers.
    """
    known = {(option["question"], code_text(option["code"])): option for option in options}
    seen: set[tuple[str, str, str]] = set()
    usual = [*usual_missing]
    for row in rows:
        is_number = row.get("type") == "number"
        if row["use"] != "answer" or not (is_number or row.get("type") in OF_OPTIONS):
            continue
        listed = codes.get((row["sheet"], header(row["column"])), {})
        stated = row.get("missing", "").removeprefix(f"{UNSURE}:").split(";")
        missing = MissingValues.parse([*stated, *(usual if is_number else ())])
        for code, label in listed.items():
            option = None if is_number else known.get((row["question"], code_text(code)))
            if option is None and code in missing:
                continue
            before = option["label_nb"] if option is not None else ""
            if option is not None and (not before or plain_label(before) == plain_label(label)):
                continue
            key = ("" if is_number else row["question"], "" if not is_number else row["column"], code_text(code))
            if key not in seen:
                seen.add(key)
                yield OddCode(row["column"], "" if is_number else row["question"], code, label, before)
