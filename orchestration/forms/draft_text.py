"""The report on a draft of a form, as text: what was taken over, what must be decided, and what must be checked.

Belongs here: the list that ``is248 new-year`` prints. Does not belong here: drafting (``draft``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orchestration.forms.model import UNSURE

if TYPE_CHECKING:
    from orchestration.forms.candidates import UnsureRow
    from orchestration.forms.draft import Draft

NAMES_SHOWN = 5
RENUMBERED = "Codes with another wording in the code book: were they renumbered?"
# Columns that were not delivered: when a whole part is late, hundreds need the same decision.
GONE_SHOWN = 30
NOT_LISTED = "Codes of the code book that options.csv does not have"
OF_NUMBERS = 'Codes of the code book in columns of numbers: state them as "no answer" (`missing`)'
TITLES: Mapping[str, str] = {
    "similar": "Delivered, with a name or wording like one of last year's",
    "another wording": "Delivered under last year's name, with another wording",
    "partly delivered": "Delivered in some files only",
    "new": "Delivered, and not enough like anything of last year",
    "gone": "In last year's form, and not delivered",
}


def render(draft: Draft) -> str:
    """Return what was taken over, what must be decided and what must be checked, as text."""
    lines = [
        f"{draft.previous} -> {draft.form}: {draft.taken_over} columns taken over, {len(draft.unsure)} to be decided",
    ]
    by_kind: dict[str, list[UnsureRow]] = defaultdict(list)
    for row in draft.unsure:
        by_kind[row.kind].append(row)
    for kind, rows in by_kind.items():
        lines += ["", f"{TITLES[kind]} ({len(rows)})"]
        shown = rows[:GONE_SHOWN] if kind == "gone" else rows
        for row in shown:
            label = f' "{row.label}"' if row.label else ""
            details = "; ".join(filter(None, ("; ".join(map(str, row.candidates)), row.remark)))
            lines.append(f"  {row.sheet}: {row.column}{label}" + (f": {details}" if details else ""))
        if len(rows) > len(shown):
            lines.append(f"  and {len(rows) - len(shown)} more: columns.csv and the workbook (--workbook) have all of them")
    if draft.renamed:
        lines += ["", f"Renamed, taken over because the wording is the same and unique ({len(draft.renamed)})"]
        lines += [f"  {sheet}: {old} -> {new}" for sheet, old, new in draft.renamed]
    if draft.elsewhere:
        heading = "Taken over from another sheet or an earlier form because the wording is the same and unique"
        lines += ["", f"{heading} ({len(draft.elsewhere)})"]
        lines += [f"  {sheet}: {column}: {form} ({meaning})" for sheet, column, form, meaning in draft.elsewhere]
    if draft.reworded:
        lines += ["", f"Taken over with the new wording: does it mean the same? ({len(draft.reworded)})"]
        lines += [f'  {sheet}: {column}: "{old}" -> "{new}"' for sheet, column, old, new in draft.reworded]
    if draft.unlike:
        lines += ["", f"Taken over, and the cells are very unlike last year's: is it the same? ({len(draft.unlike)})"]
        lines += [f"  {sheet}: {column}: {cells.en}" for sheet, column, cells in draft.unlike]
    lines += _code_lines(draft)
    if draft.notes:
        lines += ["", "Look at"]
        lines += [f"  {note}" for note in draft.notes]
    if draft.missing:
        lines += ["", 'Meant "no answer" last year: do they still, by the new code book?']
        for codes, columns in draft.missing.items():
            lines.append(f"  {codes} in {_some(columns)}")
        lines += [f"Take `{UNSURE}:` out of their cells `missing` in columns.csv, with the codes that no longer mean it"]
    if draft.unsure:
        lines += [
            "",
            f"Give each row with the use `{UNSURE}` in columns.csv another use, or delete it; then: ./is248 forms",
        ]
    return "\n".join(lines) + "\n"


def _code_lines(draft: Draft) -> list[str]:
    """Return the remarks on codes of the code book; for columns of numbers they are grouped by code."""
    of_options = [code for code in draft.odd_codes if code.question]
    lines: list[str] = []
    for title, codes in (
        (RENUMBERED, [code for code in of_options if code.before]),
        (NOT_LISTED, [code for code in of_options if not code.before]),
    ):
        lines += ["", f"{title} ({len(codes)})", *(f"  {code}" for code in codes)] if codes else []
    numbers: dict[str, list[str]] = defaultdict(list)
    for code in draft.odd_codes:
        if not code.question:
            numbers[f'{code.code} "{code.label}"'].append(code.column)
    if numbers:
        lines += ["", f"{OF_NUMBERS} ({len(numbers)})"]
        lines += [f"  {code} in {_some(names)}" for code, names in numbers.items()]
    return lines


def _some(columns: Sequence[str]) -> str:
    """Return how many columns there are, and the first of them."""
    count = f"{len(columns)} column{'' if len(columns) == 1 else 's'}"
    return f"{count}: {', '.join(columns[:NAMES_SHOWN])}" + (", ..." if len(columns) > NAMES_SHOWN else "")
