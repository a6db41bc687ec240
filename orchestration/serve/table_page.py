"""The page of a table: choosing rows, columns and values with a plain form, and the resulting table.

Belongs here: the form, converting it to an address, and the content of the page. Does not belong here: selections
(``selections``), layout (``table_layout``), the frame (``pages``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.core.language import Language, in_language, number
from orchestration.core.tables import Column, Label, Table
from orchestration.core.texts import filled
from orchestration.publish.publication_metadata import spans
from orchestration.serve import answers, questions
from orchestration.serve.annotations import find_breaks, find_moves
from orchestration.serve.limits import Limits
from orchestration.serve.pages import TEXTS, Asked, render
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.questions import RESERVED, Question, parse_question
from orchestration.serve.request_errors import RequestError
from orchestration.serve.selections import VALUES, Selection, address, is_selection, read_selection, read_unions
from orchestration.serve.table_layout import ORDERS, Layout, columns_needed, read_layout, tabulate
from orchestration.serve.variables import UNIT, Value, Variable
from orchestration.serve.wording import Wording, worded
from orchestration.serve.workbook import RATIO

# Parameters that only the form has; ``from_form`` converts them for addresses.
FORM, YEARS, YEARS_LAST, YEARS_FROM, YEARS_TO = "form", "years", "years_last", "years_from", "years_to"
_OF_FORM = (FORM, YEARS, YEARS_LAST, YEARS_FROM, YEARS_TO)

# Rows on a page; the most values that a form lists; above the last number, one box chooses all values.
PAGE_ROWS, MOST_VALUES, MANY_VALUES = 200, 1_000, 8
# How many of the values that are left out are named.
NAMED = 6

_LAST = re.compile(r"^top\((\d+)\)$", re.IGNORECASE)
_RANGE = re.compile(r"^range\((\d+),(\d+)\)$", re.IGNORECASE)


@dataclass(frozen=True)
class Chosen:
    """What a page shows: a selection with filters and page, in a layout, or as rows in an order."""

    selection: Selection
    layout: Layout | None
    filters: tuple[tuple[str, str], ...]
    sort: str
    offset: int

    @property
    def of_rows(self) -> list[tuple[str, str]]:
        """The parameters that choose the rows."""
        return [*self.selection.parameters(), *self.filters]

    def parameters(self, language: Language, offset: int = 0) -> list[tuple[str, str]]:
        """Return the parameters of the page."""
        return [
            (questions.LANGUAGE, language),
            *self.of_rows,
            *(self.layout.parameters() if self.layout else []),
            *([(questions.SORT, self.sort)] if self.sort else []),
            *([(questions.OFFSET, str(offset))] if offset else []),
        ]


def read_chosen(snapshot: OpenSnapshot, table: Table, asked: Asked, limits: Limits, where: str) -> Chosen:
    """Return what a page shows for an address.

    Raises:
        RequestError: a parameter is invalid, or does not apply to the page.
    """
    given = questions.single(asked.parameters, where)
    if questions.SELECT in given or questions.LIMIT in given:
        raise RequestError(
            400, "a page cannot have select or limit", place=where, remedy=f"ask {where}/data, or leave them out"
        )
    with answers.limited(snapshot, limits, where) as connection:
        selection = read_selection(connection, snapshot, table, asked.parameters, where, whole=True)
    is_laid_out = table.cube is not None
    misplaced = (questions.SORT,) if is_laid_out else (questions.HEADING, questions.STUB, questions.ORDER)
    for name in misplaced:
        if name in given:
            raise RequestError(400, f"the page of {table.name} cannot have {name}", place=where, remedy="leave it out")
    return Chosen(
        selection=selection,
        layout=read_layout(selection, given, where) if is_laid_out else None,
        filters=tuple((name, value) for name, value in asked.parameters if name not in RESERVED and not is_selection(name)),
        sort=given.get(questions.SORT, ""),
        offset=parse_question(table, [(name, value) for name, value in given.items()], snapshot.release, where).offset,
    )


def is_form(parameters: Sequence[tuple[str, str]]) -> bool:
    """Return whether parameters come from the form of a page."""
    return any(name == FORM for name, _ in parameters)


def from_form(parameters: Sequence[tuple[str, str]], where: str) -> list[tuple[str, str]]:
    """Return the fields of a form as parameters of an address.

    Raises:
        RequestError: the number of years is not a whole number above zero.
    """
    fields = {name: value for name, value in parameters if name in _OF_FORM}
    time = f"{VALUES}[{fields.get(FORM, '')}]"
    how = fields.get(YEARS, "")
    may_be_empty = (questions.HEADING, questions.SORT, questions.ORDER)
    found = [(name, value) for name, value in parameters if name not in _OF_FORM and (value or name not in may_be_empty)]
    if how == "last":
        count = fields.get(YEARS_LAST, "").strip()
        if not (count.isascii() and count.isdecimal() and len(count) < 4 and int(count)):
            raise RequestError(
                400, f"the number of years is {count[:20]!r}", place=where, remedy="give a whole number above zero"
            )
        expression = f"top({int(count)})"
    elif how == "range":
        first, last = fields.get(YEARS_FROM, ""), fields.get(YEARS_TO, "")
        expression = f"range({min(first, last)},{max(first, last)})"
    else:
        expression = ""
    if expression:
        found = [(name, value) for name, value in found if name != time] + [(time, expression)]
    headings = [value for name, value in found if name == questions.HEADING]
    rest = [(name, value) for name, value in found if name != questions.HEADING]
    is_laid_out = any(name == questions.HEADING for name, _ in parameters)
    return [*rest, *([(questions.HEADING, ",".join(headings))] if is_laid_out else [])]


def show_table(snapshot: OpenSnapshot, table: Table, asked: Asked, limits: Limits, where: str) -> bytes:
    """Return the page of a table."""
    chosen = read_chosen(snapshot, table, asked, limits, where)
    shown: dict[str, Any] = {"tabulated": None, "total": 0, "is_refused": False}
    try:
        show = _laid_out if chosen.layout else _listed
        shown |= show(snapshot, chosen, asked.language, limits, where)
    except RequestError as error:
        if error.status != 413:
            raise
        shown["is_refused"] = True
    selection = chosen.selection
    with answers.limited(snapshot, limits, where) as connection:
        unions = read_unions(connection, table, selection.chosen)
    overlaps = [selection.variables[name].title for name in selection.overlaps(unions)]
    path = f"{asked.root}/tables/{table.name}"
    total = shown["total"]
    return render(
        "table.html.j2",
        asked,
        snapshot,
        table=table,
        chosen=chosen,
        path=path,
        form=_form(chosen, asked.language),
        shown=shown,
        left_out=_in_words(selection, selection.left_out(), asked.language),
        without=_in_words(selection, shown["tabulated"].without, asked.language) if shown["tabulated"] else [],
        overlaps=", ".join(in_language(title, asked.language) for title in overlaps),
        permanent=f"{asked.base}{address(f'/tables/{table.name}', chosen.parameters(asked.language))}",
        data=f"{asked.base}{address(f'/tables/{table.name}/data', chosen.of_rows)}",
        downloads=_downloads(snapshot, chosen, path, asked.language, limits),
        first=chosen.offset + 1,
        last=min(chosen.offset + PAGE_ROWS, total),
        next=asked.here(chosen.parameters(asked.language, chosen.offset + PAGE_ROWS))
        if chosen.offset + PAGE_ROWS < total
        else None,
        previous=asked.here(chosen.parameters(asked.language, max(chosen.offset - PAGE_ROWS, 0))) if chosen.offset else None,
        form_name=FORM,
    )


def _laid_out(snapshot: OpenSnapshot, chosen: Chosen, language: Language, limits: Limits, where: str) -> dict[str, Any]:
    """Return a selection as a table of rows and columns."""
    table = chosen.selection.table
    question = narrowed(snapshot, chosen, where)
    rows, _ = answers.fetch(question, snapshot, limits, where)
    names = [column.name for column in question.columns]
    assert chosen.layout is not None
    tabulated = tabulate(chosen.selection, chosen.layout, names, rows, snapshot.release, language)
    cells = len(tabulated.rows) * tabulated.figures
    if min(len(tabulated.rows), PAGE_ROWS) * tabulated.figures > limits.page_cells:
        raise RequestError(413, f"{cells:,} figures", place=where, remedy=answers.NARROW)
    years = {str(row[names.index("time_period")]) for row in rows} if "time_period" in names else set()
    breaks = [each for each in find_breaks(snapshot, table, names, rows) if str(each["time_period"]) in years]
    main = table.measures[0]
    measures = chosen.selection.measures or table.cube_measures
    return {
        "tabulated": tabulated,
        "rows": tabulated.rows[chosen.offset : chosen.offset + PAGE_ROWS],
        "total": len(tabulated.rows),
        "write": _writer(language),
        "breaks": [*texts_of_breaks(breaks, language), *_texts_of_moves(snapshot, chosen.selection, names, rows, language)],
        "marked": table.column(main if main in measures else measures[0]).title if len(measures) > 1 else None,
    }


def narrowed(snapshot: OpenSnapshot, chosen: Chosen, where: str) -> Question:
    """Return the question for all rows of a page's table, with the columns that the table needs."""
    table = chosen.selection.table
    select = [(questions.SELECT, ",".join(columns_needed(chosen.selection)))]
    question = parse_question(table, [*chosen.filters, *select], snapshot.release, where)
    conditions = parse_question(table, chosen.filters, snapshot.release, where, chosen.selection)
    return Question(table, question.columns, conditions.condition, conditions.values, question.order_by, None, 0)


def _listed(snapshot: OpenSnapshot, chosen: Chosen, language: Language, limits: Limits, where: str) -> dict[str, Any]:
    """Return one page of rows, with labels instead of codes."""
    table = chosen.selection.table
    parameters = [
        *chosen.filters,
        (questions.LIMIT, str(PAGE_ROWS)),
        (questions.OFFSET, str(chosen.offset)),
        *([(questions.SORT, chosen.sort)] if chosen.sort else []),
    ]
    question = parse_question(table, parameters, snapshot.release, where, chosen.selection)
    rows, total = answers.fetch(question, snapshot, limits, where)
    columns, texts = worded(question.columns, rows, snapshot.release, Wording("UseTexts", language))
    return {"columns": columns, "texts": texts, "total": total, "write": _writer(language)}


def _writer(language: Language) -> Any:
    """Return a function that formats a value of a column in a language."""

    def write(value: Any, column: Column) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return {"nb": ("nei", "ja"), "en": ("no", "yes")}[language][value]
        if isinstance(value, str):
            return value
        if column.unit == RATIO:
            digits = max((column.decimals or 0) - 2, 0)
            return f"{number(100 * value, language, decimals=(digits, digits))}{' ' if language == 'nb' else ''}%"
        if column.unit is None and column.decimals is None:
            return str(value)
        return number(value, language, decimals=(column.decimals or 0,) * 2) or ""

    return write


def _downloads(
    snapshot: OpenSnapshot, chosen: Chosen, path: str, language: Language, limits: Limits
) -> list[tuple[Label, str]]:
    """Return the labels and addresses of the files of a selection, without files that would be too large."""
    rows, words = chosen.of_rows, [(questions.WORDING, "UseCodesAndTexts"), (questions.LANGUAGE, language)]
    layout = chosen.layout.parameters() if chosen.layout else []
    question = parse_question(chosen.selection.table, chosen.filters, snapshot.release, path, chosen.selection)
    columns, _ = worded(question.columns, [], snapshot.release, Wording("UseCodesAndTexts", language))
    found = answers.count(question, snapshot, limits, path)
    if found * len(question.columns) > limits.cells:
        return []
    files = [(TEXTS["take_rows"], [*rows, (questions.FORMAT, "csv"), *words])]
    if found * len(columns) <= limits.workbook_cells:
        files.append((TEXTS["take_workbook"], [*rows, (questions.FORMAT, "xlsx"), *words, *layout]))
    if chosen.layout is not None:
        files.append((TEXTS["take_cube"], [*rows, (questions.FORMAT, "json-stat2"), (questions.LANGUAGE, language)]))
    files.append((TEXTS["take_json"], [*rows, (questions.FORMAT, "json")]))
    return [(label, address(f"{path}/data", parameters)) for label, parameters in files]


def _in_words(selection: Selection, left: Mapping[str, Sequence[str]], language: Language) -> list[tuple[Label, str]]:
    """Describe codes by variable: years as spans, areas as the number of each level, others by label."""
    found = []
    for name, codes in left.items():
        variable = selection.variables[name]
        values = {value.code: value for value in variable.values}
        if variable.role == "time" and all(code.isdecimal() for code in codes):
            text = spans(tuple(int(code) for code in codes))
        elif variable.groups:
            counted = Counter(values[code].group for code in codes)
            parts = [
                filled(TEXTS["left_out_count"], label=variable.groups[group], count=counted[group]) for group in counted
            ]
            text = ", ".join(in_language(part, language) for part in parts)
        else:
            text = ", ".join(in_language(values[code].label, language) for code in codes[:NAMED])
            if len(codes) > NAMED:
                text = in_language(filled(TEXTS["left_out_more"], shown=text, count=len(codes) - NAMED), language)
        found.append((variable.title, text))
    return found


def _form(chosen: Chosen, language: Language) -> dict[str, Any]:
    """Return the fields of the form, with the chosen values."""
    selection = chosen.selection
    each = selection.table.cube.each if selection.table.cube else None
    variables = [variable for name, variable in selection.variables.items() if name != each]
    time = next((variable for variable in variables if variable.role == "time"), None)
    fields = [_field(variable, selection, language) for variable in variables if variable is not time]
    several = len(selection.variables[each].codes) > 1 if each else False
    return {
        "each": _each(selection.variables[each], selection, language) if each and several else None,
        "hidden": [(f"{VALUES}[{each}]", selection.written[each])] if each else [],
        "filters": chosen.filters,
        "time": _time(time, selection) if time is not None and time.codes else None,
        "fields": [field for field in fields if field["count"]],
        "placed": [(variable, variable.name in chosen.layout.heading) for variable in variables] if chosen.layout else [],
        "orders": [
            (value, label, chosen.layout is not None and chosen.layout.order == value)
            for value, label in zip(
                ORDERS,
                (TEXTS["order_codes"], TEXTS["order_label"], TEXTS["order_value"], TEXTS["order_value_down"]),
                strict=True,
            )
        ],
        "sorts": _sorts(chosen) if chosen.layout is None else [],
    }


def _sorts(chosen: Chosen) -> list[tuple[str, Label, bool]]:
    found = [("", TEXTS["sort_key"], not chosen.sort)]
    for column in chosen.selection.table.columns:
        found.append((column.name, column.title, chosen.sort == column.name))
        if column.type != "VARCHAR":
            down = f"-{column.name}"
            found.append((down, filled(TEXTS["sort_down"], title=column.title), chosen.sort == down))
    return found


def _each(variable: Variable, selection: Selection, language: Language) -> dict[str, Any]:
    """Return the field for the cubes of a table, ordered by label."""
    values = sorted(variable.values, key=lambda value: in_language(value.label, language).casefold())
    return {
        "parameter": f"{VALUES}[{variable.name}]",
        "title": variable.title,
        "values": [(value, value.code in selection.codes(variable.name)) for value in values],
    }


def _field(variable: Variable, selection: Selection, language: Language) -> dict[str, Any]:
    """Return a variable as tick boxes; one box covers all if there are many values, or for the areas of a level."""
    codes = set(selection.codes(variable.name))
    groups: list[tuple[Label | None, str, Sequence[Value]]] = (
        [
            (label, f"{group}:*", [value for value in variable.values if value.group == group])
            for group, label in variable.groups.items()
        ]
        if variable.groups
        else [(None, "*", variable.values)]
    )
    return {
        "name": variable.name,
        "parameter": f"{VALUES}[{variable.name}]",
        "title": variable.title,
        "chosen": len(codes),
        "count": len(variable.codes),
        "is_too_long": len(variable.codes) > MOST_VALUES,
        "groups": [_group(label, star, values, codes, is_grouped=bool(variable.groups)) for label, star, values in groups],
    }


def _group(label: Label | None, star: str, values: Sequence[Value], codes: set[str], *, is_grouped: bool) -> dict[str, Any]:
    own = [value.code in codes for value in values]
    has_star = len(values) > MANY_VALUES or (is_grouped and len(values) > 1)
    is_all = has_star and all(own)
    return {
        "label": label,
        "star": star if has_star else None,
        "is_all": is_all,
        "count": len(values),
        "is_open": any(own),
        "values": [(value, is_in and not is_all) for value, is_in in zip(values, own, strict=True)],
    }


def _time(variable: Variable, selection: Selection) -> dict[str, Any]:
    """Return the field for years: the last ones, a range, or single ones."""
    expression = selection.written.get(variable.name, "*")
    last, between = _LAST.match(expression), _RANGE.match(expression)
    codes = selection.codes(variable.name)
    first_shown, last_shown = (codes[0], codes[-1]) if codes else (variable.codes[0], variable.codes[-1])
    is_range = between is not None or expression == "*"
    return {
        "parameter": f"{VALUES}[{variable.name}]",
        "name": variable.name,
        "title": variable.title,
        "how": "last" if last else "range" if is_range else "only",
        "count": last[1] if last else str(len(codes)),
        "first": first_shown,
        "last": last_shown,
        "values": [(code, not last and not is_range and code in codes) for code in variable.codes],
    }


def _texts_of_moves(
    snapshot: OpenSnapshot, selection: Selection, names: Sequence[str], rows: Sequence[Sequence[Any]], language: Language
) -> list[str]:
    """Describe the moved boundaries that rows report."""
    moves = find_moves(snapshot, names, rows)
    labels = selection.variables[UNIT].labels if moves else {}
    return [
        f"{in_language(labels[':'.join(area)], language)}: {in_language(text, language)}"
        for area, texts in moves.items()
        for text in texts
    ]


def texts_of_breaks(breaks: Sequence[Mapping[str, Any]], language: Language) -> list[str]:
    """Describe breaks."""
    return [f"{each['time_period']}: {each['label'][language]}. {each['description'][language]}" for each in breaks]
