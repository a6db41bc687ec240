"""The decisions of a draft at the terminal: asked one after the other, and what is said of those that a workbook held.

Belongs here: prompts and answers. Does not belong here: which decisions there are and whether one is valid
(``forms.deciding``); every answer is written at once, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from orchestration.cli.common import counted
from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language
from orchestration.core.texts import filled, load_texts
from orchestration.forms.deciding import Decided, Decision, Decisions, MissingDecision, decide
from orchestration.forms.deciding_reading import choice_of, kept_of
from orchestration.forms.deciding_workbook import TEXTS, remark_of, said_of, shown_of
from orchestration.forms.draft import Draft
from orchestration.forms.model import ColumnMap, Form
from orchestration.forms.undecided import CANDIDATES, OpenColumn, OpenMissing, open_decisions

ASKED = load_texts("cli", "deciding")

STOP = "q"
# What is asked beside a new question, with what holds where nothing is written.
_OF_NEW: Mapping[str, str] = {
    "question": "",
    "item": "all",
    "answer": "",
    "target_group": "total",
    "reporting_form": "total",
    "type": "",
    "unit": "",
    "population_asked": "all",
}


class _StoppedError(Exception):
    """Somebody has had enough."""


@dataclass
class Round:
    """A round of questions: the form's folder, and what decisions are checked by."""

    folder: Path
    draft: Draft
    forms: Sequence[Form]
    language: Language
    written: int = 0

    def ask(self) -> Decided:
        """Ask for each decision that is open; what is decided is written at once."""
        found = open_decisions(self.folder, self.draft)
        try:
            for number, column in enumerate(found.columns, start=1):
                if self._is_open(column):
                    self._ask_column(column, number, len(found.columns))
            for missing in open_decisions(self.folder, self.draft).missing:
                if not missing.is_likely:
                    self._ask_missing(missing)
        except _StoppedError:
            pass
        # Nothing is decided here: it counts what is left.
        last = decide(self.folder, Decisions(), self.draft, self.forms)
        return Decided(self.written, 0, last.left, last.notes)

    def _text(self, name: str) -> str:
        return in_language(TEXTS[name], self.language)

    def _is_open(self, column: OpenColumn) -> bool:
        """Whether a line is still open: an earlier answer may have said what its column is called now."""
        return any(column.key == each.key for each in open_decisions(self.folder, self.draft).columns)

    def _prompt(self, text: str, default: str = "") -> str:
        try:
            given: str = click.prompt(text, default=default, show_default=bool(default), err=True)
        except click.Abort:
            # The end of what stands in a pipe, or a key that breaks off.
            raise _StoppedError from None
        if given.strip() == STOP:
            raise _StoppedError
        return given.strip()

    def _write(self, decisions: Decisions) -> bool:
        """Write a decision, or say why it is not valid."""
        try:
            self.written += decide(self.folder, decisions, self.draft, self.forms).written
        except UserError as error:
            click.echo(f"  {error}", err=True)
            return False
        return True

    def _ask_column(self, column: OpenColumn, number: int, count: int) -> None:
        place = in_language(filled(ASKED["of_all"], number=number, count=count), self.language)
        lines = [f"\n{place}  {column.sheet} {column.column}" + (f' "{column.wording}"' if column.wording else "")]
        lines += [f"  {said}" for said in (shown_of(column, self.language), remark_of(column, self.language)) if said]
        lines += [f"  {rank}: {said_of(each, self.language)}" for rank, each in enumerate(column.candidates, start=1)]
        click.echo("\n".join(lines), err=True)
        letters = _letters(column)
        shown = ", ".join(f"{letter} = {self._text(choice)}" for letter, choice in letters.items())
        while True:
            given = self._prompt(in_language(filled(ASKED["ask"], choices=shown), self.language))
            if not given:
                return
            choice = letters.get(given) or choice_of(given)
            if choice not in column.choices:
                click.echo("  " + in_language(filled(ASKED["no_choice"], given=given), self.language), err=True)
                continue
            if self._write(Decisions([self._decision(column, choice)])):
                return

    def _decision(self, column: OpenColumn, choice: str) -> Decision:
        uses: tuple[ColumnMap, ...] = ()
        cells: dict[str, str] = {}
        if choice in CANDIDATES:
            uses = column.candidates[CANDIDATES.index(choice)].uses
        if choice == "new":
            cells = {name: self._prompt(f"  {self._text(name)}", usual) for name, usual in _OF_NEW.items()}
        if choice == "ignored":
            cells = {"reason": self._prompt(f"  {self._text('reason')}")}
        return Decision(column.key, choice, f"{column.sheet} {column.column}", uses, cells)

    def _ask_missing(self, missing: OpenMissing) -> None:
        names = ", ".join(missing.columns[:5]) + (", ..." if len(missing.columns) > 5 else "")
        click.echo(f"\n{self._text('codes_before')}: {missing.codes} ({names})", err=True)
        while True:
            given = self._prompt(f"{self._text('keep')} / {self._text('none')} / {self._text('missing')}")
            if not given:
                return
            decision = MissingDecision(missing.codes, kept_of(given, missing.codes), missing.codes)
            if self._write(Decisions(missing=[decision])):
                return


def _letters(column: OpenColumn) -> dict[str, str]:
    """Return what is typed for each choice: the number of a candidate, else the letter of the choice."""
    letters = {"ignored": "i", "new": "n", "not_delivered": "l", "not_asked": "s", "left_out": "x"}
    ranks = {choice: str(rank) for rank, choice in enumerate(CANDIDATES, start=1)}
    return {(ranks | letters)[choice]: choice for choice in column.choices}


def decided_lines(decided: Decided) -> list[str]:
    """Return what became of decisions."""
    return [
        f"{counted(decided.written, 'decision')} written, {decided.before} decided before, {decided.left} left",
        *(f"  {note}" for note in decided.notes),
    ]
