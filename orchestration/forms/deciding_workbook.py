"""The workbook in which a person makes the decisions that a draft leaves open: its sheets, and how they look.

Belongs here: rows, heads, drop-downs and the sheet that explains how to fill it in. Does not belong here: which decisions
there are (``undecided``), reading the workbook back (``deciding_reading``), and the look of all workbooks
(``core.workbooks``). Equal decisions give equal bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.core.language import Language, in_language
from orchestration.core.language import number as number_text
from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_texts
from orchestration.core.workbooks import (
    ANSWER_FILL,
    HEAD_FILL,
    LINE,
    MARKED_HEAD_FILL,
    WRAPPED_HEAD_HEIGHT,
    add_choice,
    aligned,
    height,
    put,
    put_head,
    put_texts,
    saved,
    set_page,
    set_table,
    set_widths,
)
from orchestration.forms.candidates import Candidate, plain
from orchestration.forms.deciding_options import MISSING_REASONS
from orchestration.forms.model import ColumnMap
from orchestration.forms.profiles import describe_kind
from orchestration.forms.undecided import CANDIDATES, CELLS, CHOICES, MEANING, OpenColumn, OpenDecisions, OpenGroup

TEXTS = load_texts("forms", "deciding")

_ABOUT_WIDTHS = (28, 100)
_SECTIONS = {
    "about_what": "about_what_text",
    "about_fill": "about_fill_text",
    "about_new": "about_new_text",
    "about_likeness": "about_likeness_text",
    "about_codes": "about_codes_text",
    "about_back": "about_back_text",
}
# Why a column is open, by its text; a new column needs no reason.
_KINDS = {
    "similar": "similar",
    "another wording": "another_wording",
    "partly delivered": "partly_delivered",
    "gone": "gone",
}
_COLUMNS_SHOWN = 8


@dataclass(frozen=True)
class Head:
    """A column of a sheet: its name, its width, and whether a person fills it in."""

    name: str
    width: float
    is_answer: bool = False

    @property
    def text(self) -> Label:
        """What is written above it."""
        return TEXTS[self.name]


_FILLED_IN = tuple(Head(name, 24 if name in {"question", "item", "reason"} else 15, True) for name in CELLS)
COLUMN_HEADS = (
    Head("line", 7),
    Head("sheet_of", 13),
    Head("column", 20),
    Head("wording", 42),
    Head("shows", 28),
    Head("candidate_1", 42),
    Head("candidate_2", 36),
    Head("candidate_3", 36),
    Head("remark", 30),
    Head("decision", 20, True),
    *_FILLED_IN,
    Head("key", 12),
)
CODE_HEADS = (
    Head("sheet_of", 13),
    Head("column", 20),
    Head("question", 30),
    Head("code", 18),
    Head("share", 12),
    Head("book_label", 40),
    Head("meant_before", 24),
    Head("answer", 24, True),
    Head("label", 40, True),
    Head("missing_reason", 20, True),
    Head("key", 12),
)
MISSING_HEADS = (Head("codes_before", 30), Head("columns", 80), Head("decision", 30, True), Head("key", 12))

SHEETS = {"sheet": COLUMN_HEADS, "codes": CODE_HEADS, "missing_codes": MISSING_HEADS}
"""The sheets that are filled in, with their columns."""


def candidate_key(candidate: Candidate) -> list[str]:
    """Return the key of a candidate in the forms: form, sheet and column, or its meaning if it has no column."""
    use = candidate.uses[0]
    return [candidate.form, use.sheet, use.column, *(() if use.column else (getattr(use, name) for name in MEANING))]


def candidate_of(key: Sequence[str], columns: Sequence[ColumnMap]) -> tuple[ColumnMap, ...]:
    """Return the lines of a candidate among those of its form."""
    _, sheet, name, *meaning = key
    return tuple(
        use
        for use in columns
        if use.sheet == sheet
        and plain(use.column) == plain(name)
        and (bool(name) or [getattr(use, part) for part in MEANING] == meaning)
    )


def describe_candidate(candidate: Candidate, language: Language) -> str:
    """Describe a candidate, with its score and the reasons for it."""
    parts = [
        f"{candidate.sheet} {candidate.column}".strip(),
        candidate.meaning,
        number_text(candidate.score, language, decimals=(2, 2)) or "",
    ]
    reasons = [in_language(reason, language) for reason in (candidate.reasons, candidate.of_cells) if reason is not None]
    return ": ".join(filter(None, (" · ".join(parts), "; ".join(reasons))))


def remark_of(column: OpenColumn, language: Language) -> str:
    """Return why a column is open, and the remarks on it other than its candidates."""
    kind = in_language(TEXTS[_KINDS[column.kind]], language) if column.kind in _KINDS else ""
    alike = in_language(column.alike, language) if column.alike is not None else ""
    return ": ".join(filter(None, (kind, "; ".join(filter(None, (column.note, alike))))))


def shown_of(column: OpenColumn, language: Language) -> str:
    """Return a summary of a column's cells, and its type by the code book."""
    cells = in_language(column.profile.shown(), language) if column.profile is not None else ""
    kind = in_language(describe_kind(column.kind_by_book), language) if column.kind_by_book else ""
    entry = " ".join(filter(None, (kind, column.codes)))
    book = in_language(filled(TEXTS["by_the_book"], entry=entry), language) if entry else ""
    return "; ".join(filter(None, (cells, book)))


def describe_group(group: OpenGroup, language: Language) -> str:
    """Describe which columns a decision about a question that was not delivered covers."""
    name = group.question or TEXTS["no_question"]
    return in_language(filled(TEXTS["whole_question"], question=name, count=len(group.columns)), language)


def _column_row(column: OpenColumn, language: Language) -> list[str | int]:
    candidates = [describe_candidate(each, language) for each in column.candidates]
    key = {"row": list(column.key), "candidates": [candidate_key(each) for each in column.candidates if each.uses]}
    return [
        column.line,
        column.sheet,
        column.column,
        column.wording,
        shown_of(column, language),
        *candidates,
        *[""] * (len(CANDIDATES) - len(candidates)),
        remark_of(column, language),
        *[""] * (1 + len(CELLS)),
        json.dumps(key, ensure_ascii=False),
    ]


def _group_row(group: OpenGroup, language: Language) -> list[str | int]:
    """Return the row that precedes the columns of a question that were not delivered."""
    row: list[str | int] = [""] * len(COLUMN_HEADS)
    names = [head.name for head in COLUMN_HEADS]
    for name, text in (
        ("sheet_of", group.group[0]),
        ("column", f"({len(group.columns)})"),
        ("wording", group.wording),
        ("remark", describe_group(group, language)),
        ("key", json.dumps({"group": list(group.group)}, ensure_ascii=False)),
    ):
        row[names.index(name)] = text
    return row


def _all_columns(found: OpenDecisions, language: Language) -> list[list[str | int]]:
    """Return the rows of columns; columns of a question that were not delivered are preceded by a row for all of them."""
    rows: list[list[str | int]] = []
    groups = dict(found.groups)
    for column in found.columns:
        group = groups.pop(column.group, None)
        rows += [_group_row(group, language)] if group is not None else []
        rows.append(_column_row(column, language))
    return rows


def _rows(found: OpenDecisions, language: Language) -> dict[str, list[list[str | int]]]:
    """Return the rows of each sheet that is filled in."""
    return {
        "sheet": _all_columns(found, language),
        "codes": [
            [
                each.sheet,
                each.column,
                each.question,
                each.code,
                f"{100 * each.share:.1f} %" if each.share else in_language(TEXTS["in_no_cell"], language),
                each.label,
                each.meant.value if each.meant is not None else "",
                "",
                "",
                "",
                json.dumps([each.sheet, each.column, each.code], ensure_ascii=False),
            ]
            for each in found.codes
        ],
        "missing_codes": [
            [each.codes, _some(each.columns), "", json.dumps(each.codes, ensure_ascii=False)] for each in found.missing
        ],
    }


def _some(names: Sequence[str]) -> str:
    more = f", ... ({len(names)})" if len(names) > _COLUMNS_SHOWN else ""
    return ", ".join(names[:_COLUMNS_SHOWN]) + more


def _fill(sheet: Worksheet, heads: Sequence[Head], rows: Sequence[Sequence[str | int]], language: Language) -> None:
    for place, head in enumerate(heads, start=1):
        cell = sheet.cell(1, place)
        fill = MARKED_HEAD_FILL if head.is_answer else HEAD_FILL
        put_head(cell, in_language(head.text, language), "left", fill=fill, wrap=True)
        cell.border = LINE
    set_widths(sheet, [head.width for head in heads])
    sheet.row_dimensions[1].height = WRAPPED_HEAD_HEIGHT
    for number, row in enumerate(rows, start=2):
        for place, (head, value) in enumerate(zip(heads, row, strict=True), start=1):
            cell = sheet.cell(number, place)
            put(cell, None if value == "" else value)
            # A key is for the system: cut off at the edge of its cell, and not printed.
            is_key = head.name == "key"
            cell.alignment = aligned("fill" if is_key else "left", "top", wrap=not is_key)
            cell.border = LINE
            if head.is_answer:
                cell.fill = ANSWER_FILL
                # Entries are texts, even if they look like a number or a date.
                cell.number_format = "@"
        texts = [(str(value), head.width) for head, value in zip(heads, row, strict=True) if head.name != "key"]
        sheet.row_dimensions[number].height = height(texts)
    set_table(sheet, len(heads), max(len(rows), 1), fixed_columns=3 if heads is COLUMN_HEADS else 0)
    sheet.print_area = f"A1:{get_column_letter(len(heads) - 1)}{len(rows) + 1}"


def _add_choice(
    sheet: Worksheet, heads: Sequence[Head], name: str, texts: Sequence[str], message: Label, rows: int, *, strict: bool
) -> None:
    """Let a column be chosen from a list, or, where it is not strict, filled in freely."""
    place = next(place for place, head in enumerate(heads, start=1) if head.name == name)
    language: Language = "nb" if sheet.cell(1, place).value == heads[place - 1].text.nb else "en"
    head, hint = (in_language(label, language) for label in (heads[place - 1].text, message))
    add_choice(sheet, place, rows + 1, f'"{",".join(texts)}"', head, hint, strict=strict)


def _values(name: str) -> list[str]:
    """Return what columns.csv may have in a column."""
    annotation = ColumnMap.model_fields[name].annotation
    return [value for value in getattr(annotation, "__args__", ()) if value]


def _fill_about(sheet: Worksheet, title: str, names: dict[str, str], language: Language) -> None:
    lines = [
        (in_language(TEXTS[name], language), in_language(filled(TEXTS[text], **names), language))
        for name, text in _SECTIONS.items()
    ]
    put_texts(sheet, title, lines, _ABOUT_WIDTHS)


def workbook(found: OpenDecisions, names: dict[str, str], language: Language) -> bytes:
    """Return the open decisions as a workbook.

    Args:
        found: what is open.
        names: the form, the one that it was drafted from, and the delivery, as ``form``, ``previous``, ``delivery``.
        language: of everything except the forms' own words.
    """
    book = Workbook()
    title = in_language(filled(TEXTS["title"], form=names["form"]), language)
    rows = _rows(found, language)
    sheets = {}
    for name, heads in SHEETS.items():
        if name != "sheet" and not rows[name]:
            continue
        sheet = book.active if name == "sheet" else book.create_sheet()
        sheet.title = in_language(TEXTS[name], language)
        _fill(sheet, heads, rows[name], language)
        set_page(sheet, title, is_wide=True)
        sheets[name] = sheet
    choices = [in_language(TEXTS[choice], language) for choice in CHOICES]
    count = max(len(rows["sheet"]), 1)
    _add_choice(sheets["sheet"], COLUMN_HEADS, "decision", choices, TEXTS["choose_decision"], count, strict=True)
    for name in ("target_group", "reporting_form", "type", "unit"):
        _add_choice(sheets["sheet"], COLUMN_HEADS, name, _values(name), TEXTS["choose_value"], count, strict=True)
    if "codes" in sheets:
        args = (sheets["codes"], CODE_HEADS, "missing_reason", MISSING_REASONS, TEXTS["choose_value"], len(rows["codes"]))
        _add_choice(*args, strict=True)
    if "missing_codes" in sheets:
        kept = [in_language(TEXTS[name], language) for name in ("keep", "none")]
        args_of_missing = (sheets["missing_codes"], MISSING_HEADS, "decision", kept, TEXTS["choose_codes"])
        _add_choice(*args_of_missing, len(rows["missing_codes"]), strict=False)
    about = book.create_sheet(in_language(TEXTS["about"], language))
    _fill_about(about, title, names, language)
    set_page(about, title)
    book.properties.creator = names["form"]
    book.properties.title = title
    return saved(book)
