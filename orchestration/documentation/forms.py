"""Pages of the forms: the files and columns of each year's delivery with their meanings; a matrix of questions and years.

Belongs here: the page of a form, made only from its folder in ``data/forms``. Does not belong here: changes between two
forms (``changes``), or the content of a delivery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, pairwise

from orchestration.core.language import EN_DASH
from orchestration.documentation.markdown import (
    anchor,
    code,
    counted,
    filled_columns,
    heading,
    listed,
    page,
    plain,
    table,
)
from orchestration.documentation.words import Words, in_words
from orchestration.forms.model import ColumnMap, FileSpec, Form, SheetSpec

FOLDER = "forms"
CHANGES = "changes"
# The matrix needs the whole width of the page.
HIDE_CONTENTS = ("---", "hide: [toc]", "---", "")
ASKED, SAID_ABSENT = "●", "○"

# Reasons for a question to be absent from a form, as the format of the forms defines them.
ABSENT = {
    "not_delivered": "the delivery lacks it, which says nothing of the form that was filled in",
    "not_asked": "the form is known to lack it",
    "replaced": "another question took its place",
}
NON_RESPONSE = {
    "missing": "a unit that did not answer has no figures",
    "carry_forward": "a unit that did not answer keeps its latest figures",
}
UNIT_ROLES = {
    "code": "unit, code",
    "name": "unit, name",
    "part_code": "part of a unit, code",
    "part_name": "part of a unit, name",
}
OF_A_COLUMN = (
    *("column", "about", "target group", "reporting form", "answer"),
    *("wording", "unit", "only in rows with", "no answer", "asked of"),
)
TYPES = {
    "number": "number",
    "code": "one answer of a list",
    "codes": "several answers, in one cell",
    "tick": "several answers, a box for each",
    "text": "text",
}


def surveys_of(forms: Iterable[Form]) -> dict[str, list[Form]]:
    """Return the forms of each survey by year; surveys in the order in which they began."""
    ordered = sorted(forms, key=lambda form: (form.time_period, form.survey))
    found: dict[str, list[Form]] = {}
    for form in ordered:
        found.setdefault(form.survey, []).append(form)
    return found


def pairs_of(forms: Iterable[Form]) -> list[tuple[Form, Form]]:
    """Return each form with the next one of the same survey."""
    return [pair for each in surveys_of(forms).values() for pair in pairwise(each)]


def changes_page(before: Form, after: Form) -> str:
    """Return the name of the page on changes from one form to the next."""
    return f"{before.form}__{after.form}"


def form_pages(forms: Sequence[Form], words: Words) -> dict[str, str]:
    """Return the page of each form and the index with the matrix, by path."""
    pairs = pairs_of(forms)
    pages = {f"{FOLDER}/index.md": _index(forms, words)}
    for form in forms:
        around = [pair for pair in pairs if form in pair]
        pages[f"{FOLDER}/{form.form}.md"] = _form_page(form, words, around)
    return pages


# --- The index and its matrix ----------------------------------------------------------------------------------------------


def _index(forms: Sequence[Form], words: Words) -> str:
    ordered = [form for each in surveys_of(forms).values() for form in each]
    return page(
        HIDE_CONTENTS,
        heading(1, "Forms"),
        [
            "What was asked, when, and where it is in a delivery. For those who judge whether a series may go on, and for"
            " whoever maps a new delivery. The pages are made from the folders of `data/forms`, which the program reads.",
            "",
        ],
        heading(2, "Every form", "every-form"),
        table(
            ["form", "survey", "year described", "collected", "questions", "columns", "data"],
            [
                [
                    f"[{code(form.form)}]({form.form}.md)",
                    plain(words.label("survey", form.survey)),
                    str(form.time_period),
                    str(form.collection_year),
                    str(len(_asked(form))),
                    str(sum(column.use != "absent" for column in form.columns)),
                    "constructed" if form.constructed else "delivered",
                ]
                for form in ordered
            ],
        ),
        [f"[What changed from form to form]({CHANGES}/index.md) says in words what is new, gone or different.", ""],
        heading(2, "Which question was asked when", "matrix"),
        [
            f"{ASKED} asked: leads to the question in the form of that year. {SAID_ABSENT} the form's folder says that the"
            " question is absent, and why. An empty cell: the form does not mention it.",
            "",
            '<div class="matrix" markdown>',
            "",
        ],
        table(
            ["question", *(f"{plain(words.survey(form.survey))}<br>{form.time_period}" for form in ordered)],
            [
                [f"{plain(words.question(question))}<br>{code(question)}", *(_mark(form, question) for form in ordered)]
                for question in _every_question(ordered)
            ],
        ),
        ["</div>", ""],
    )


def _asked(form: Form) -> dict[str, list[ColumnMap]]:
    """Return the columns of each question, in the order of the form."""
    found: dict[str, list[ColumnMap]] = {}
    for column in form.columns:
        if column.use == "answer":
            found.setdefault(column.question, []).append(column)
    return found


def _every_question(forms: Iterable[Form]) -> list[str]:
    """Return every question that any form asks, in the order in which they were first asked."""
    return list(dict.fromkeys(question for form in forms for question in _asked(form)))


def _mark(form: Form, question: str) -> str:
    if question in _asked(form):
        return f"[{ASKED}]({form.form}.md#{anchor(question)})"
    if any(column.use == "absent" and column.question == question for column in form.columns):
        return f"[{SAID_ABSENT}]({form.form}.md#absent)"
    return ""


# --- The page of a form ----------------------------------------------------------------------------------------------------


def _form_page(form: Form, words: Words, around: Sequence[tuple[Form, Form]]) -> str:
    asked = _asked(form)
    return page(
        heading(1, plain(form.title.en)),
        [f"`{form.form}` · *{plain(form.title.nb)}*", ""],
        ['!!! warning "Constructed data"', "", f"    {plain(form.origin)}", ""] if form.constructed else [],
        table(["what", "in this form"], _facts(form, words)),
        _around(form, around),
        heading(2, "Files", "files"),
        filled_columns(["file", "name", "how many", "format", "how it is read"], [_file(file) for file in form.files]),
        heading(2, "Sheets", "sheets"),
        *(_sheet(sheet) for sheet in form.sheets),
        _numbers(form),
        heading(2, "Questions", "questions"),
        _overview(asked, words),
        *(_question(form, question, columns, words) for question, columns in asked.items()),
        _absent(form, words),
        _not_read(form, words),
    )


def _facts(form: Form, words: Words) -> list[list[str]]:
    rule = NON_RESPONSE[form.non_response]
    if form.non_response == "carry_forward":
        rule += f", at most {counted(form.oldest_carried, 'year')} old"
    respondents = form.respondent and in_words(form.respondent)
    facts = [
        ("survey", words.label("survey", form.survey)),
        ("year described", str(form.time_period)),
        ("reference period", form.reference_period.en),
        ("collected", str(form.collection_year)),
        ("who answered", ", ".join(filter(None, [in_words(form.units), respondents]))),
        ("units in the sample", str(form.units_sampled or "")),
        ("no answer", rule),
        ("licence", form.licence),
        ("", ""),
    ]
    found = [[f"**{name}**", plain(text)] for name, text in facts if text]
    return [*found, ["**delivery**", code(f"data/deliveries/{form.delivery}")]]


def _around(form: Form, pairs: Sequence[tuple[Form, Form]]) -> list[str]:
    lines = []
    for before, after in pairs:
        other = before if after is form else after
        when = "the form before" if after is form else "the next form"
        lines.append(
            f"- [What changed {'since' if after is form else 'in'} {when}]({CHANGES}/{changes_page(before, after)}.md)"
            f" ({plain(other.title.en)})"
        )
    return [*lines, ""] if lines else []


def _file(file: FileSpec) -> list[str]:
    low, high = file.count_range
    properties = [
        f"encoding {file.encoding}" if file.encoding else "",
        f"separator {code(file.delimiter)}" if file.delimiter else "",
        f"late files: {code(file.late)}" if file.late else "",
        "codes that the file declares missing count as the form says" if file.declared_missing == "form" else "",
        f"sheets without data: {', '.join(map(code, file.sheets_not_data))}" if file.sheets_not_data else "",
        *(
            f"{what}: {in_words(getattr(file, option))}"
            for option, what, usual in (
                ("hidden", "hidden cells", "refuse"),
                ("struck_out", "struck-out cells", "refuse"),
                ("raised", "raised and lowered text", "refuse"),
            )
            if getattr(file, option) != usual
        ),
    ]
    how = "archived, not read" if file.reader == "none" else "; ".join(filter(None, properties))
    kind = "" if file.reader == "none" else file.reader
    return [plain(in_words(file.name)), code(file.pattern), str(low) if low == high else f"{low}{EN_DASH}{high}", kind, how]


def _sheet(sheet: SheetSpec) -> list[str]:
    rows: list[tuple[str, str]] = [("file", plain(in_words(sheet.file)))]
    if sheet.sheet is not None:
        rows.append(("sheet of the workbook", code(sheet.sheet)))
    named = "row" if len(sheet.header_rows) == 1 else "rows"
    rows.append(("header", f"{named} {listed([str(row) for row in sheet.header_rows])}, data from row {sheet.first_row}"))
    if sheet.unit is not None:
        for role, what in (
            ("code", "unit, code"),
            ("name", "unit, name"),
            ("part_code", "part, code"),
            ("part_name", "part, name"),
        ):
            rows.append((what, ", ".join(map(code, getattr(sheet.unit, role)))))
        rows.append(("stratum", code(sheet.unit.stratum or "")))
    submission = sheet.submission
    rows += [
        ("number of the submission", code(submission.id or "")),
        ("submitted", code(submission.submitted or "")),
        ("status", code(submission.status or "")),
        ("status: completed", ", ".join(map(code, submission.completed))),
        ("status: not completed", ", ".join(map(code, submission.not_completed))),
        ("status: not answered", ", ".join(map(code, submission.not_answered))),
        ("confirmed earlier values", code(submission.confirmed or "")),
        ("rows of a unit", "added up" if sheet.rows == "sum" else ""),
        ("belongs to sheet", code(sheet.links_to or "")),
    ]
    rows += [
        ("rows that are no data", f"{plain(in_words(rule.reason))}: {code(rule.column)} fits {code(rule.matches)}")
        for rule in sheet.rows_not_data
    ]
    title = f"Sheet {code(sheet.name)}" + (f", {code(sheet.sheet)}" if sheet.sheet else "")
    return [
        *heading(3, title, f"sheet-{sheet.name}-{sheet.sheet or sheet.file}"),
        *table(["what", "in the delivery"], [[f"**{a}**", b] for a, b in rows if b]),
    ]


def _numbers(form: Form) -> list[str]:
    lines = []
    if form.numbers.missing:
        lines.append(f"- A number means “no answer” when it is {listed(list(map(code, form.numbers.missing)), 'or')}.")
    if form.numbers.nil:
        lines.append(f"- A cell counts as blank when it holds {listed(list(map(code, form.numbers.nil)), 'or')}.")
    ticks = form.ticks
    if any(column.type == "tick" for column in form.columns):
        lines.append(
            f"- A box is ticked when it holds {listed(list(map(code, ticks.ticked)), 'or')}; otherwise it holds"
            f" {listed(list(map(code, ticks.not_ticked)), 'or')}, or nothing."
            if ticks.not_ticked
            else f"- A box is ticked when it holds {listed(list(map(code, ticks.ticked)), 'or')}; otherwise it is blank."
        )
    return [*heading(2, "How cells are read", "cells"), *lines, ""] if lines else []


def _types(columns: Iterable[ColumnMap]) -> str:
    return listed(list(dict.fromkeys(TYPES[column.type] for column in columns if column.type)))


def _overview(asked: Mapping[str, list[ColumnMap]], words: Words) -> list[str]:
    return table(
        ["question", "answer", "columns", "asked of"],
        [
            [
                f"[{plain(words.question(question))}](#{anchor(question)})",
                _types(columns),
                str(len(columns)),
                _asked_of(columns, words),
            ]
            for question, columns in asked.items()
        ],
    )


def _asked_of(columns: Iterable[ColumnMap], words: Words) -> str:
    populations = list(dict.fromkeys(words.asked_of(column.population_asked) for column in columns))
    # A grid may ask different units in each row.
    return plain(populations[0]) if len(populations) == 1 else "differs by row"


def _question(form: Form, question: str, columns: Sequence[ColumnMap], words: Words) -> list[str]:
    differs = len({column.population_asked for column in columns}) > 1
    options = [option for option in form.options if option.question == question]
    groups = {column.target_group for column in columns}
    forms = {column.reporting_form for column in columns}
    sheets = {column.sheet for column in columns}
    rows = []
    for column in columns:
        name = code(column.column) + (f" ({code(column.sheet)})" if len(sheets) > 1 else "")
        rows.append(
            [
                name,
                "" if column.item == "all" else plain(words.item(question, column.item)),
                plain(words.label("target_group", column.target_group)) if groups != {"total"} else "",
                plain(words.label("reporting_form", column.reporting_form)) if forms != {"total"} else "",
                plain(words.answer(column.answer)) if column.answer else "",
                plain(column.wording_nb),
                plain(words.label("unit_of_measure", column.unit)) if column.unit else "",
                code(column.when),
                code(column.missing),
                plain(words.asked_of(column.population_asked)) if differs else "",
            ]
        )
    asked_of = "" if differs else f" · asked of {plain(words.asked_of(columns[0].population_asked))}"
    meanings = [words.answer(each.answer) or f"no answer: {in_words(each.missing_reason)}" for each in options]
    answers = [
        [code(each.code), plain(meaning), plain(each.label_nb)] for each, meaning in zip(options, meanings, strict=True)
    ]
    return [
        *heading(3, plain(words.question(question)), question),
        f"`{question}` · {_types(columns)}{asked_of}",
        "",
        *filled_columns(OF_A_COLUMN, rows),
        *filled_columns(["code", "answer", "label in the delivery"], answers),
    ]


def _absent(form: Form, words: Words) -> list[str]:
    rows = []
    for column in form.columns:
        if column.use == "absent":
            part = "" if column.item in ("", "all") else plain(words.item(column.question, column.item))
            why = ABSENT.get(column.why, in_words(column.why))
            rows.append([f"{plain(words.question(column.question))}<br>{code(column.question)}", part, plain(why)])
    if not rows:
        return []
    return [*heading(2, "Questions that are absent", "absent"), *filled_columns(["question", "part", "why"], rows)]


def _not_read(form: Form, words: Words) -> list[str]:
    lines: list[str] = []
    ignored = sorted((column for column in form.columns if column.use == "ignored"), key=lambda column: column.why)
    if ignored:
        lines += heading(2, "Columns that are ignored", "ignored")
        lines += ["They are archived and counted like every cell, and no figure is made of them.", ""]
        rows = []
        for why, columns in groupby(ignored, key=lambda column: column.why):
            rows += [[code(column.column), plain(in_words(why)), plain(column.wording_nb)] for column in columns]
        lines += filled_columns(["column", "why", "wording"], rows)
    identifiers = [column for column in form.columns if column.use == "identifier"]
    if identifiers:
        lines += heading(2, "Columns that identify", "identifiers")
        lines += filled_columns(
            ["column", "what"], [[code(column.column), plain(column.wording_nb)] for column in identifiers]
        )
    return lines
