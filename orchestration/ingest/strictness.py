"""Strictness both ways: the form names every delivered column, and every column that it names is delivered.

Belongs here: the refusal of columns that do not fit, with what they may be. Does not belong here: the names of columns
(``columns``), and their likeness (``forms.renamed_columns``).
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Collection

from orchestration.core.errors import UserError
from orchestration.forms.model import ColumnMap, Form, header
from orchestration.forms.renamed_columns import Delivered, Evidence, Renamed, RenamedError, renamed_columns
from orchestration.ingest.columns import mapped_names

SHOWN = 40
"""Most columns that one message lists."""
# Most changes that one message spells out.
_MOST_REMEDIES = 3


def check_columns(
    form: Form,
    layout: str,
    headers: dict[int, str],
    place: str,
    look: Callable[[Collection[str], Collection[str]], Evidence] | None = None,
) -> None:
    """Be strict both ways: every delivered column is mapped, every mapped column is delivered; all exceptions are reported.

    Args:
        form: the form.
        layout: the layout of the sheet.
        headers: the name of each column.
        place: file and sheet, for the message.
        look: returns the evidence on new and missing columns, so that renamed ones can be named; called only on a refusal.

    Raises:
        UserError: columns are not mapped or missing, or two columns of the sheet are the same question.
    """
    mapped = mapped_names(form, layout)
    delivered = set(headers.values())
    unmapped = {number: name for number, name in headers.items() if name not in mapped}
    missing = [column for name, column in mapped.items() if name not in delivered and not column.optional]
    if unmapped or missing:
        renamed: tuple[Renamed, ...] = ()
        if unmapped and missing:
            gone = list(dict.fromkeys(header(column.column) for column in missing))
            alone = Evidence([Delivered(name, "", None) for name in unmapped.values()])
            evidence = look(unmapped.values(), gone) if look is not None else alone
            renamed = renamed_columns(form, layout, list(headers.values()), evidence, gone)
        raise _unlike(form, mapped, delivered, unmapped, missing, renamed, place)
    alike: dict[tuple[str, ...], list[ColumnMap]] = defaultdict(list)
    for column in form.columns:
        if column.sheet == layout and column.use == "answer" and column.type != "text":
            alike[column.meaning].append(column)
    for columns in alike.values():
        here = [column for column in columns if header(column.column) in delivered]
        names = " and ".join(repr(column.column) for column in (here or columns))
        lines = ", ".join(str(column.line) for column in columns)
        if len(columns) > 1 and len(here) != 1:
            raise UserError(
                f"the columns {names} are the same question, and " + ("both are delivered" if here else "none is delivered"),
                place=place,
                remedy=f"correct data/forms/{form.form}/columns.csv, lines {lines}, or ask the collector which is right",
            )


def _unlike(
    form: Form,
    mapped: dict[str, ColumnMap],
    delivered: set[str],
    unmapped: dict[int, str],
    missing: list[ColumnMap],
    renamed: tuple[Renamed, ...],
    place: str,
) -> UserError:
    """Return the refusal of columns that are only delivered or only mapped, each with the nearest of the others."""
    others = [name for name in mapped if name not in delivered]
    pairs = {each.after: each.before for each in renamed}
    new = []
    for number, name in unmapped.items():
        left = [other for other in others if other not in pairs.values()]
        near = [pairs[name]] if name in pairs else difflib.get_close_matches(name, left, n=1, cutoff=0.5)
        remarks = []
        if re.search(r"#[0-9]+$", name):
            remarks.append("its header is in the sheet more than once")
        if re.search(r"@[0-9]+$", name):
            remarks.append("it has cells and no header")
        if near:
            others.remove(near[0])
            remarks.append(f"nearest is {near[0]!r}, line {mapped[near[0]].line}")
        new.append((f"{number} {name!r}", remarks))
    # The nearest column is named with the new one.
    gone = []
    for column in missing:
        if not unmapped or header(column.column) in others:
            near = difflib.get_close_matches(header(column.column), sorted(delivered), n=1, cutoff=0.5)
            remarks = [f"line {column.line}"] + ([f"nearest delivered is {near[0]!r}"] if near else [])
            gone.append((repr(column.column), remarks))
    parts = [_listed("column", new, "not mapped")] if new else []
    parts += [_listed("mapped column", gone, "missing")] if gone else []
    nameless = [name for name in unmapped.values() if re.search(r"@[0-9]+$", name)]
    remedy = (
        f"correct data/forms/{form.form}/columns.csv"
        + (f" (the column {nameless[0]} can be ignored there)" if nameless else "")
        + (", or ask the collector" if missing or nameless else "")
    )
    if not renamed:
        return UserError(", and ".join(parts), place=place, remedy=remedy)
    remedies = [f"if {each.after!r} is {each.before!r}, {each.remedy}" for each in renamed[:_MOST_REMEDIES]]
    more = f" (./is248 preview lists {len(renamed) - _MOST_REMEDIES} more)" if len(renamed) > _MOST_REMEDIES else ""
    return RenamedError(", and ".join(parts), place=place, remedy=f"{remedy}: {'. '.join(remedies)}{more}", renamed=renamed)


def _listed(kind: str, columns: list[tuple[str, list[str]]], what: str) -> str:
    """Return the columns of one kind as a sentence, each with its remark."""
    texts = [f"{name}" + (f" ({', '.join(remarks)})" if remarks else "") for name, remarks in columns[:SHOWN]]
    if len(columns) == 1:
        name, remarks = columns[0]
        return f"{'the ' if what == 'missing' else ''}{kind} {name} is {what}" + (
            f" ({', '.join(remarks)})" if remarks else ""
        )
    more = len(columns) - SHOWN
    return f"{len(columns)} {kind}s are {what}: {', '.join(texts)}" + (f" and {more} more" if more > 0 else "")
