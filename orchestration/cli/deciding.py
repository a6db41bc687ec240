"""The decisions of a draft at the terminal: asked one by one, and the result of those read from a workbook.

Belongs here: prompts and answers. Does not belong here: which decisions there are and whether one is valid
(``forms.deciding``); every answer is written immediately, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from orchestration.cli.common import counted
from orchestration.core.errors import UserError, UserErrors
from orchestration.core.language import Language, in_language
from orchestration.core.texts import filled, load_texts
from orchestration.forms.deciding import Decided, decide
from orchestration.forms.deciding_options import MISSING_REASONS, Kept, OpenCode
from orchestration.forms.deciding_reading import choice_of, kept_of
from orchestration.forms.deciding_workbook import TEXTS, describe_candidate, describe_group, remark_of, shown_of
from orchestration.forms.decisions import Decision, Decisions, GroupDecision, MissingDecision
from orchestration.forms.draft import Draft
from orchestration.forms.model import OF_OPTIONS, ColumnMap, Form
from orchestration.forms.undecided import CANDIDATES, OF_GONE, Group, OpenColumn, OpenGroup, OpenMissing, open_decisions

ASKED = load_texts("cli", "deciding")

STOP = "q"
# Asks about each column of a question separately.
_EACH = "e"
# What is also asked about a new question, with the default.
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


# How many undecided columns are named.
_NAMED = 8
# What is typed for a choice that is not a candidate.
_LETTERS = {"i": "ignored", "n": "new", "l": "not_delivered", "s": "not_asked", "x": "left_out"}


class _StoppedError(Exception):
    """The user stopped."""


@dataclass
class Round:
    """A round of questions: the form's folder, and what decisions are checked by."""

    folder: Path
    draft: Draft
    forms: Sequence[Form]
    language: Language
    written: int = 0

    def ask(self) -> Decided:
        """Ask for each open decision; each one is written immediately."""
        found = open_decisions(self.folder, self.draft)
        try:
            groups, left_open = dict(found.groups), set[Group]()
            for number, column in enumerate(found.columns, start=1):
                group = groups.pop(column.group, None)
                if group is not None and not self._ask_group(group):
                    left_open.add(group.group)
                if column.group not in left_open and self._is_open(column):
                    self._ask_column(column, number, len(found.columns))
            for missing in open_decisions(self.folder, self.draft).missing:
                if not missing.is_likely:
                    self._ask_missing(missing)
        except _StoppedError:
            pass
        # Nothing is decided here: it counts what is left.
        last = decide(self.folder, Decisions(), self.draft, self.forms)
        return Decided(self.written, 0, last.undecided, last.notes)

    def _text(self, name: str) -> str:
        return in_language(TEXTS[name], self.language)

    def _is_open(self, column: OpenColumn) -> bool:
        """Whether a line is still open: an earlier answer may have given its column's new name."""
        return any(column.key == each.key for each in open_decisions(self.folder, self.draft).columns)

    def _prompt(self, text: str, default: str = "") -> str:
        try:
            given: str = click.prompt(text, default=default, show_default=bool(default), err=True)
        except click.Abort:
            # The end of piped input, or an interrupt.
            raise _StoppedError from None
        if given.strip() == STOP:
            raise _StoppedError
        return given.strip()

    def _write(self, decisions: Decisions) -> bool:
        """Write a decision, or print why it is not valid."""
        try:
            self.written += decide(self.folder, decisions, self.draft, self.forms).written
        except UserError as error:
            for each in error.found if isinstance(error, UserErrors) else (error,):
                click.echo(f"  {each}", err=True)
            return False
        return True

    def _ask_column(self, column: OpenColumn, number: int, count: int) -> None:
        place = in_language(filled(ASKED["of_all"], number=number, count=count), self.language)
        lines = [f"\n{place}  {column.sheet} {column.column}" + (f' "{column.wording}"' if column.wording else "")]
        lines += [f"  {line}" for line in (shown_of(column, self.language), remark_of(column, self.language)) if line]
        lines += [
            f"  {rank}: {describe_candidate(each, self.language)}" for rank, each in enumerate(column.candidates, start=1)
        ]
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
            decision = self._decision(column, choice)
            codes = self._codes(column) if decision.cells.get("type") in OF_OPTIONS else []
            if self._write(Decisions([decision], codes=codes)):
                return

    def _ask_group(self, group: OpenGroup) -> bool:
        """Ask for one decision on all columns of a question; return whether the open ones are to be asked one by one."""
        still = [column for column in group.columns if self._is_open(column)]
        if len(still) < len(group.columns):
            # Some have meanwhile been found under another name.
            return True
        description = describe_group(group, self.language) + (f' "{group.wording}"' if group.wording else "")
        click.echo(f"\n{description}", err=True)
        letters = {letter: choice for letter, choice in _LETTERS.items() if choice in OF_GONE}
        shown = ", ".join(f"{letter} = {self._text(choice)}" for letter, choice in letters.items())
        while True:
            given = self._prompt(in_language(filled(ASKED["ask_all"], choices=shown), self.language))
            if not given or given == _EACH:
                return given == _EACH
            choice = letters.get(given) or choice_of(given)
            if choice not in OF_GONE:
                click.echo("  " + in_language(filled(ASKED["no_choice"], given=given), self.language), err=True)
            elif self._write(Decisions(groups=[GroupDecision(group.group, choice, description)])):
                return True

    def _codes(self, column: OpenColumn) -> list[Kept]:
        """Ask what the codes of a new question mean; a code without an answer stays open."""
        found: list[OpenCode] = [
            each
            for each in open_decisions(self.folder, self.draft).codes
            if (each.sheet, each.column) == (column.sheet, column.column)
        ]
        kept = []
        for each in found:
            usual = each.meant.value if each.meant is not None else ""
            label = f' "{each.label}"' if each.label else ""
            asked = in_language(filled(ASKED["ask_code"], code=f"{each.code}{label}"), self.language)
            given = self._prompt(f"  {asked}", usual)
            if given:
                answer, why = ("", given) if given in MISSING_REASONS else (given, "")
                kept.append(Kept(each.sheet, each.column, each.code, answer, each.label, why, each.code))
        return kept

    def _decision(self, column: OpenColumn, choice: str) -> Decision:
        uses: tuple[ColumnMap, ...] = ()
        cells: dict[str, str] = {}
        if choice in CANDIDATES:
            uses = column.candidates[CANDIDATES.index(choice)].uses
        if choice == "new":
            kind = self.draft.book.kinds.get((column.sheet, column.column), "")
            of_new = {**_OF_NEW, "type": "" if kind == "text" else kind}
            cells = {name: self._prompt(f"  {self._text(name)}", usual) for name, usual in of_new.items()}
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
    letters = {choice: letter for letter, choice in _LETTERS.items()}
    ranks = {choice: str(rank) for rank, choice in enumerate(CANDIDATES, start=1)}
    return {(ranks | letters)[choice]: choice for choice in column.choices}


def decided_lines(decided: Decided) -> list[str]:
    """Return what became of decisions, and which columns are left."""
    undecided = decided.undecided
    more = f" and {len(undecided) - _NAMED} more" if len(undecided) > _NAMED else ""
    return [
        f"{counted(decided.written, 'decision')} written, {decided.before} decided before, {len(undecided)} left",
        *([f"  left: {', '.join(repr(name) for name in undecided[:_NAMED])}{more}"] if undecided else []),
        *(f"  {note}" for note in decided.notes),
    ]
