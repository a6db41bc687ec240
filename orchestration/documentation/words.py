"""Labels of codes and questions: the code lists and the catalogue of questions, from the inputs.

Belongs here: reading these inputs, and the label of a code, a question, an item or an answer. Does not belong here: checking
the inputs (``ingest.data_packages`` and the rules).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Code

TEXTS = load_texts("documentation", "words")

CODELISTS = Path("classifications") / "codelists.csv"
ANSWERS = Path("indicators") / "answers.csv"
QUESTIONS = Path("indicators") / "indicators.csv"

# The code list of the questions that divide FTE; its parents are the lists of their parts.
BREAKDOWNS = "fte_breakdown"
ITEMS, ANSWER_LIST = "item", "answer"
DIMENSIONS = ("target_group", "reporting_form")


@dataclass(frozen=True)
class Words:
    """Labels by code list and code, and labels of questions by id."""

    codes: Mapping[str, Mapping[str, Code]]
    questions: Mapping[str, Label] = field(default_factory=dict)

    def label(self, codelist: str, code: str) -> str:
        """Return the English label of a code; without one, the code as words."""
        found = self.codes.get(codelist, {}).get(code)
        return found.label.en if found else in_words(code)

    def question(self, question: str) -> str:
        """Return the English label of a question; without one, its id as words."""
        label = self.questions.get(question)
        words = label.en if label else in_words(question)
        return words[:1].upper() + words[1:]

    def item(self, question: str, item: str) -> str:
        """Return the label of an item or a part of the FTE."""
        breakdown = self.codes.get(BREAKDOWNS, {}).get(question)
        return self.label(breakdown.parent if breakdown and breakdown.parent else ITEMS, item)

    def answer(self, answer: str) -> str:
        """Return the label of an answer."""
        return self.label(ANSWER_LIST, answer)

    def part(self, question: str, code: str) -> str:
        """Return the label of a part of a question: an item, a target group, a reporting form or an answer."""
        breakdown = self.codes.get(BREAKDOWNS, {}).get(question)
        own = [breakdown.parent] if breakdown and breakdown.parent else []
        lists = (*own, *DIMENSIONS, ITEMS, ANSWER_LIST)
        found = (self.codes.get(codelist, {}).get(code) for codelist in lists)
        return next((each.label.en for each in found if each), in_words(code))

    def survey(self, survey: str) -> str:
        """Return the short name of a survey: its label up to the colon."""
        return self.label("survey", survey).partition(":")[0]

    def asked_of(self, population: str) -> str:
        """Describe who was asked; forms write it as ``question=answer``, several separated by bars."""
        if population in ("", "all"):
            return "all"
        parts = [part.partition("=") for part in population.split("|")]
        by_question: dict[str, list[str]] = {}
        for question, _, answer in parts:
            by_question.setdefault(question.strip(), []).append(self.answer(answer.strip()))
        conditions = [f"{' or '.join(answers)} to {self.question(question)}" for question, answers in by_question.items()]
        return f"those that answered {', or '.join(conditions)}"


def in_words(code: str) -> str:
    """Return a code as words: ``not_delivered`` is not delivered."""
    return code.replace("_", " ").strip()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="restore it") from error


def load_words(data: Path) -> Words:
    """Return the labels of the inputs.

    Raises:
        UserError: a file is missing, cannot be read or lacks a column.
    """
    codes: dict[str, dict[str, Code]] = {}
    for path in (data / CODELISTS, data / ANSWERS):
        rows = list(_rows(path))
        _require(rows, path, "codelist", "code", "label_nb", "label_en")
        for row in sorted(rows, key=lambda row: int(row.get("sort_order") or 0)):
            label = Label(nb=row["label_nb"], en=row["label_en"])
            code = Code(label, row.get("parent") or None, row.get("sign") or None)
            codes.setdefault(row["codelist"], {})[row["code"]] = code
    rows = list(_rows(data / QUESTIONS))
    _require(rows, data / QUESTIONS, "indicator", "label_nb", "label_en")
    questions = {row["indicator"]: Label(nb=row["label_nb"], en=row["label_en"]) for row in rows}
    for question, found in codes.get(BREAKDOWNS, {}).items():
        by = Label(nb=found.label.nb.lower(), en=found.label.en.lower())
        questions[question] = filled(TEXTS["breakdown"], by=by)
    return Words(codes, questions)


def _require(rows: list[dict[str, str]], path: Path, *columns: str) -> None:
    missing = [name for name in columns if rows and name not in rows[0]]
    if missing:
        raise UserError(f"has no column {missing[0]!r}", place=f"{path}, line 1", remedy="restore its header")
