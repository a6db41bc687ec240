"""Evidence from the cells of a new delivery for its form.yml: which statuses occur, what is above the headers.

Belongs here: remarks for `non_response` and `checks`. Does not belong here: writing form.yml (``form_file``), and proposals
about units, numbers and boxes (``proposals``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from orchestration.forms.candidates import plain
from orchestration.forms.model import ContentCheck, Form, SubmissionSpec, code_text, header
from orchestration.forms.profiles import MOST_CODES, Profile

if TYPE_CHECKING:
    from orchestration.forms.matching import Columns, DeliveredSheet

# Name of a column that says that a unit confirmed its pre-filled values.
CONFIRMS = re.compile(r"bekreft|stadfest|confirm", re.IGNORECASE)
_SPECIAL = re.compile(r"([.^$*+?{}\[\]\\|()])")
_LONGEST_SHOWN = 60
# A title that differs between files is proposed by its common beginning, if that is at least this long.
_SHORTEST_TITLE = 5


def _listed(profile: Profile, meanings: Mapping[str, str], unknown: str) -> str:
    """Return the codes of a column with their rows and meanings; nothing for a column of many texts."""
    if not profile.cells or len(profile.counted) > MOST_CODES:
        return ""
    parts = []
    for code, count in profile.counted.most_common():
        means = meanings.get(code, unknown)
        parts.append(f"{code!r} in {count} row{'' if count == 1 else 's'}" + (f" ({means})" if means else ""))
    blank = profile.rows - profile.cells
    return ", ".join([*parts, *([f"nothing in {blank}"] if blank else [])])


def of_statuses(submission: SubmissionSpec, profiles: Mapping[str, Profile], names: Mapping[str, str]) -> str:
    """Describe which statuses occur in a delivery, and which of them the form does not know.

    Args:
        submission: the form's statement about submissions.
        profiles: profiles of the cells of the delivered columns.
        names: new names of columns that were taken over under another one.
    """
    if submission.status is None:
        return ""
    name = names.get(plain(submission.status), plain(submission.status))
    meanings = {
        **dict.fromkeys(map(code_text, submission.completed), "completed"),
        **dict.fromkeys(map(code_text, submission.not_completed), "not completed"),
        **dict.fromkeys(map(code_text, submission.not_answered), "not answered"),
    }
    listed = _listed(profiles[name], meanings, "not known, its rows are rejected") if name in profiles else ""
    return f"{name} holds {listed}" if listed else ""


def of_confirmation(name: str, profile: Profile | None, values: Iterable[str] = ()) -> str:
    """Describe the values of a column by which units confirm their pre-filled values."""
    meanings = dict.fromkeys((code_text(header(value)).casefold() for value in values), "confirmed")
    counted = {code: meanings.get(code.casefold(), "") for code in profile.counted} if profile is not None else {}
    listed = _listed(profile, counted, "") if profile is not None else ""
    return f"{name} holds {listed}" if listed else ""


def of_answering(previous: Form, matched: Mapping[str, Columns], entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Describe what the cells show of units that did not answer, or that confirmed their pre-filled values.

    Args:
        previous: the last form.
        matched: the delivered columns, by sheet.
        entries: the entries in form.yml of sheets that the last form does not have.
    """
    found: list[str] = []
    for spec in previous.sheets if not entries else ():
        columns = matched[spec.name]
        found.append(of_statuses(spec.submission, columns.profiles, columns.renames))
        confirmed = plain(spec.submission.confirmed or "")
        name = columns.renames.get(confirmed, confirmed)
        found.append(of_confirmation(name, columns.profiles.get(name), spec.submission.confirmed_values))
    for name, entry in entries.items():
        submission = SubmissionSpec.model_validate(entry.get("submission", {}))
        found.append(of_statuses(submission, matched[name].profiles, {}))
    found += [
        of_confirmation(row.column, columns.profiles.get(row.column))
        for columns in matched.values()
        for row in columns.unsure.values()
        if CONFIRMS.search(f"{row.column} {row.label}")
    ]
    if not any(spec.submission.status for spec in previous.sheets):
        found.append("last year no column said who did not answer: a unit without a row did not")
    return [*dict.fromkeys(filter(None, found))]


def others_than(check: ContentCheck, sheets: Iterable[DeliveredSheet]) -> list[str]:
    """Return where delivered sheets differ from a check, which already has the new years."""
    others = []
    for sheet in sheets:
        text = sheet.top.get((check.row, check.column), "")
        if not re.fullmatch(check.matches, text):
            held = repr(text[:_LONGEST_SHOWN]) if text else "nothing"
            others.append(f"row {check.row}, column {check.column} of {sheet.file} holds {held}")
    return others


def _beginning(texts: Sequence[str]) -> str:
    """Return the common beginning of all texts."""
    return "".join(each[0] for each in takewhile(lambda each: len(set(each)) == 1, zip(*texts, strict=False)))


def title_check(file: str, name: str, sheets: Sequence[DeliveredSheet], years: Iterable[int]) -> ContentCheck | None:
    """Return a check of a text above the headers of a layout; one with a year of the round if there is one.

    Args:
        file: the entry of the file in form.yml.
        name: the layout.
        sheets: the delivered sheets of it.
        years: the years of the round.
    """
    titles: dict[tuple[int, int], list[str]] = {}
    for sheet in sheets:
        for (row, column), text in sheet.top.items():
            if row < sheet.row and re.search(r"[^\W\d_]", text):
                titles.setdefault((row, column), []).append(header(text))
    common = {place: _beginning(texts) for place, texts in titles.items() if len(texts) == len(sheets)}
    common = {place: text for place, text in common.items() if len(text) >= _SHORTEST_TITLE}
    if not common:
        return None
    with_year = [place for place in common if any(re.search(rf"(?<!\d){year}(?!\d)", common[place]) for year in years)]
    place = min(with_year or common)
    whole = all(text == common[place] for text in titles[place])
    pattern = _SPECIAL.sub(r"\\\1", common[place].rstrip()) + ("" if whole else ".*")
    return ContentCheck(file=file, sheet=name, row=place[0], column=place[1], matches=pattern)
