"""Columns of the last form that were not delivered: found under another name, gone, or open again.

Belongs here: lines without a column, decided one by one or a question at a time. Does not belong here: delivered columns
(``deciding``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from orchestration.core.errors import Problems, UserError
from orchestration.forms.candidates import plain
from orchestration.forms.decisions import Decision, GroupDecision
from orchestration.forms.draft import COLUMN_NAMES, Draft
from orchestration.forms.model import UNSURE
from orchestration.forms.undecided import GONE, MEANING, OF_GONE, Key, group_of, is_open, key_of


class Found:
    """The columns of last year to which decisions give a new name."""

    def __init__(self, rows: Iterable[Mapping[str, str]], decisions: Iterable[Decision]) -> None:
        sheets = {row["sheet"] for row in rows}
        # If a sheet was renamed since last year, its columns are identified by their own names only.
        self.decisions = {
            (use.sheet if use.sheet in sheets else "", GONE + plain(use.column)): decision
            for decision in decisions
            for use in decision.uses
        }

    def of(self, sheet: str, reason: str) -> Decision | None:
        """Return the decision with the new name of the column that a line without a column is about."""
        return self.decisions.get((sheet, reason)) or self.decisions.get(("", reason))


def of_groups(
    groups: Iterable[GroupDecision], rows: Iterable[Mapping[str, str]], decisions: Sequence[Decision]
) -> Iterator[Decision]:
    """Yield the decision on a whole question for each open line without a decision of its own.

    Args:
        groups: what was decided of questions.
        rows: the lines of columns.csv.
        decisions: decisions on single lines, including delivered ones: a renamed column is not gone.
    """
    rows = [*rows]
    found = Found(rows, decisions)
    alone = {decision.key for decision in decisions}
    by_group = {each.group: each for each in groups}
    for row in rows:
        of_all = by_group.get(group_of(row)) if is_open(row) and not row["column"] else None
        if of_all is not None and key_of(row) not in alone and found.of(row["sheet"], row["reason"]) is None:
            yield Decision(key_of(row), of_all.choice, of_all.place, cells=of_all.cells)


def of_question(groups: Iterable[GroupDecision], row: Mapping[str, str]) -> Decision | None:
    """Return what a decision on a whole question says about one of its columns that was compared with a delivered one.

    Such a column is on the sheet of the delivered one, which may differ from that of the question.
    """
    each = next((each for each in groups if each.group[1] == row["question"] != ""), None)
    return Decision(key_of(row), each.choice, each.place, cells=each.cells) if each is not None else None


def drop_renamed(
    rows: list[dict[str, str]], places: list[str], decisions: Mapping[Key, Decision], problems: Problems
) -> tuple[list[dict[str, str]], list[str]]:
    """Drop open lines of columns that were not delivered if a decision gives their new name.

    A second decision that declares such a column gone is reported.
    """
    found = Found(rows, decisions.values())
    for key, decision in decisions.items():
        other = found.of(key[0], key[-1]) if len(key) > len(("sheet", "column")) else None
        if other is not None and decision.choice in OF_GONE:
            problems.report(
                UserError(
                    f"decides about a column that {other.place} says was renamed",
                    place=decision.place,
                    remedy="clear one of the two",
                )
            )
    kept = [
        (row, place)
        for row, place in zip(rows, places, strict=True)
        if not (is_open(row) and not row["column"] and found.of(row["sheet"], row["reason"]) is not None)
    ]
    return [row for row, _ in kept], [place for _, place in kept]


def lines_without_match(
    draft: Draft, rows: Sequence[Mapping[str, str]], decisions: Mapping[Key, Decision]
) -> list[dict[str, str]]:
    """Return open lines for last year's columns whose match in the draft was decided to be something else."""
    meanings = {tuple(row[name] for name in MEANING) for row in rows if row["use"] in {"answer", "absent", UNSURE}}
    result = []
    for unsure in draft.unsure:
        decision = decisions.get((unsure.sheet, unsure.column))
        if unsure.kind != "similar" or decision is None or not unsure.candidates:
            continue
        for use in unsure.candidates[0].uses:
            if use.use == "answer" and use.meaning not in meanings and use not in decision.uses:
                cells = {name: getattr(use, name) for name in (*MEANING, "wording_nb")}
                result.append(
                    dict.fromkeys(COLUMN_NAMES, "")
                    # Its sheet may have another name this year.
                    | {"sheet": unsure.sheet, "use": UNSURE, **cells, "reason": GONE + plain(use.column)}
                )
    return result
