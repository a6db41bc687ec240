"""Drafts of the entries that a new question needs under data/: labels, those of its answers, whether it is sensitive.

Belongs here: lines as they would be there, with labels from the wording and the code book. Does not belong here: which
entries are missing (``missing_entries``). Nothing is written into the inputs: a person translates, decides and copies.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orchestration.forms.model import ColumnMap, Form
from orchestration.preview.missing_entries import ANSWERS, DISCLOSURE, INDICATORS, MissingEntry

NAME = "draft_entries.txt"
"""The file in the form's folder that has them."""

DRAFT = "DRAFT"
# Scales that can be recognised by the answers alone; other questions get no scale.
_YES_NO = {"yes", "no", "dont_know", "not_relevant"}


def _wording(columns: Sequence[ColumnMap]) -> str:
    """Return the common beginning of the wordings of all columns of a question, else the first wording."""
    wordings = list(dict.fromkeys(column.wording_nb for column in columns if column.wording_nb))
    if len(wordings) < 2:
        return wordings[0] if wordings else ""
    same = itertools.takewhile(lambda words: len(set(words)) == 1, zip(*(text.split() for text in wordings), strict=False))
    return " ".join(words[0] for words in same).rstrip(" :,.(-") or wordings[0]


def _scale(form: Form, question: str, columns: Sequence[ColumnMap]) -> str:
    if any(column.type in {"tick", "codes"} for column in columns):
        return "multiple"
    answers = {option.answer for option in form.options if option.question == question and option.answer}
    return "yes_no" if answers and answers <= _YES_NO else "nominal"


def _answer_label(form: Form, answer: str) -> str:
    labels = [option.label_nb for option in form.options if option.answer == answer and option.label_nb]
    # A box is worded after the question: "Question: answer".
    labels += [column.wording_nb.rpartition(":")[2].strip() for column in form.columns if column.answer == answer]
    return next(filter(None, labels), answer)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def draft_entries(form: Form, entries: Iterable[MissingEntry]) -> str:
    """Return the draft lines of the entries that a form needs, by file; empty where none is of a question.

    Args:
        form: the form.
        entries: what is missing.
    """
    needed: dict[str, list[str]] = {}
    for each in entries:
        needed.setdefault(each.file, []).append(each.about)
    columns: dict[str, list[ColumnMap]] = {}
    for column in form.columns:
        if column.use == "answer":
            columns.setdefault(column.question, []).append(column)
    parts: Mapping[str, str] = {
        INDICATORS: _csv(
            (question, label, f"{DRAFT}: {label}", _scale(form, question, columns[question]), "", "")
            for question in needed.get(INDICATORS, ())
            for label in [_wording(columns[question]) or question]
        ),
        ANSWERS: _csv(
            ("answer", answer, label, f"{DRAFT}: {label}")
            for answer in needed.get(ANSWERS, ())
            for label in [_answer_label(form, answer)]
        ),
        DISCLOSURE: "".join(
            f"  # under sensitive, in one of its lists, until somebody says that it is ordinary\n  {question}\n"
            for question in needed.get(DISCLOSURE, ())
        ),
    }
    # Entries of the policy have no texts.
    what = {file: "decide" if file == DISCLOSURE else "correct and translate" for file in parts}
    lines = [f"# data/{file}: {DRAFT}; {what[file]} it, then add it there\n{text}" for file, text in parts.items() if text]
    return "\n".join(lines)


def write_draft_entries(form: Form, entries: Iterable[MissingEntry], folder: Path) -> Path | None:
    """Write the draft lines into the form's folder, replacing earlier ones; None where there are none."""
    text = draft_entries(form, entries)
    path = folder / NAME
    if not text:
        path.unlink(missing_ok=True)
        return None
    path.write_text(text, encoding="utf-8")
    return path
