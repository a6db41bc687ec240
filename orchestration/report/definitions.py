"""Definitions in a report: lists of them in chapters, and notes below the tables whose subjects they define.

Belongs here: how a report shows a snapshot's definitions. Does not belong here: a definition (``data/indicators``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from orchestration.core.language import in_language
from orchestration.core.suggestions import suggest
from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.publish.definitions import KIND, WEAKNESS, Definition, find_definitions, subjects_of
from orchestration.report.grid import Grid, Note, Round
from orchestration.report.values import ReportError

TEXTS = load_texts("report", "definitions")
ABBREVIATION = "abbreviation"
# Up to this many names of questions precede a text that they share; more follow it.
MOST_NAMES = 3
# Markdown's special characters, which texts of data may contain.
_SIGNS = re.compile(r"([\\`*_\[\]<>#{}|~^])")


def listed(of: Round, subjects: Sequence[str], kinds: Sequence[str] = ()) -> str:
    """Return the definitions of subjects as sections by kind, in Markdown.

    Raises:
        ReportError: a subject or kind is unknown; the message suggests the nearest one.
    """
    known = of.published.release.definitions
    if not known:
        return ""
    there = of.published.release.codes.get(KIND, {})
    for name, among in [*((each, known) for each in subjects), *((each, there) for each in kinds)]:
        if name not in among:
            raise ReportError(f"there are no definitions of {name!r}{suggest(name, among)}", "correct the name")
    found = find_definitions(known, subjects)
    parts = []
    for kind, code in there.items():
        of_kind = [each for each in found if each.kind == kind]
        if of_kind and (not kinds or kind in kinds):
            parts.append(f"### {in_language(code.label, of.language)}\n\n" + _items(of, _together(of_kind)))
    return "\n\n" + "\n\n".join(parts) + "\n\n"


def weaknesses(of: Round, grids: Mapping[str, Grid]) -> str:
    """Return the known weaknesses of the questions in the report's tables, in Markdown."""
    codes, tables = of.published.release.codes, of.published.tables
    questions = codes.get("indicator", {}).keys() - codes.get("amount", {}).keys() - tables.keys()
    asked = [name for name in _used(grids.values()) if name in questions]
    found = [each for each in find_definitions(of.published.release.definitions, asked) if each.kind == WEAKNESS]
    # A weakness of many questions is listed once, and last.
    together = sorted(_together(found), key=len)
    return f"\n\n{_items(of, together, named=True)}\n\n" if found else ""


def signs(of: Round) -> str:
    """Return the signs that replace figures in tables, with their meanings, in Markdown."""
    met: dict[str, list[str]] = {}
    for code in of.published.release.codes.get("obs_status", {}).values():
        if code.sign:
            label = in_language(code.label, of.language)
            met.setdefault(code.sign, []).append(label if not met.get(code.sign) else label[:1].lower() + label[1:])
    return "\n\n" + "\n".join(f"- «{_plain(sign)}» {_plain(', '.join(labels))}" for sign, labels in met.items()) + "\n\n"


def notes(grid: Grid, of: Round) -> list[Note]:
    """Return notes with the definitions that a table uses; if it has several questions, each note names its question."""
    used = _used([grid])
    found = [each for each in find_definitions(of.published.release.definitions, used) if each.is_table_note]
    questions = [name for name in used if name in of.published.release.codes.get("indicator", {})]
    lines = []
    for each in found:
        kind = in_language(of.published.release.label(KIND, each.kind), of.language)
        name = f"{_name(of, each.subject)}: " if len(questions) > 1 and each.subject in questions else ""
        text = filled(TEXTS["below"], kind=kind, definition=each.text, source=_source(each))
        lines.append(Note(name + of.say(text)))
    return lines


def _used(grids: Iterable[Grid]) -> list[str]:
    """Return the subjects of the cells of tables."""
    return list(
        dict.fromkeys(
            subject
            for grid in grids
            for line in grid.cells
            for shown in line
            if shown.quantity is not None
            for cell in shown.quantity.cells
            for subject in subjects_of(cell.table, cell.at.get("indicator"))
        )
    )


def _together(found: Iterable[Definition]) -> list[list[Definition]]:
    """Group definitions that have the same text and source."""
    groups: dict[tuple[str, str], list[Definition]] = {}
    for each in found:
        groups.setdefault((each.text.nb, each.source.nb), []).append(each)
    return list(groups.values())


def _items(of: Round, groups: Iterable[Sequence[Definition]], *, named: bool = False) -> str:
    lines = []
    for group in groups:
        first = group[0]
        names = [_name(of, each.subject) for each in group] if named else []
        names = [first.item] if first.kind == ABBREVIATION else names
        are_many = len(names) > MOST_NAMES
        lead = f"**{_plain(', '.join(names))}.** " if names and not are_many else ""
        behind = f" {_plain(of.say(filled(TEXTS['holds_for'], names=', '.join(names))))}" if are_many else ""
        unknown = "" if first.is_known else f"*{of.say(TEXTS['not_known'])}* "
        text = in_language(first.text, of.language)
        lines.append(f"- {lead}{unknown}{_plain(text)} ({_plain(of.say(_source(first)))}){behind}")
    return "\n".join(lines)


def _name(of: Round, subject: str) -> str:
    return in_language(of.published.release.label("indicator", subject), of.language)


def _source(definition: Definition) -> Label:
    if definition.page is None:
        return definition.source
    return filled(TEXTS["source_page"], source=definition.source, page=definition.page)


def _plain(text: str) -> str:
    return _SIGNS.sub(r"\\\1", text)
