"""The safe entries of the published DuckDB file: views with one row a unit and year, and macros for common questions.

A public table has each figure at several levels, on two maps of areas, and as a part of totals. In a view these are already
chosen, so that a sum over its rows is correct. ``data/metadata/_views.yml`` says which there are; the columns of services
and target groups are those of the code lists. Belongs here: reading that file, the description of a view as a table's, and
making views and macros. Does not belong here: figures (the views read only public tables), the SQL of macros (``macros``),
or formats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.tables import STATUS_COLUMN, Column, Label, Table
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Code
from orchestration.publish.remarks import BREAK_COLUMN, COVERAGE_COLUMN, KINDS, NOTE_COLUMN, REASON_COLUMN

DESCRIPTIONS = "_views.yml"
MACROS = Path(__file__).parent / "macros"

TEXTS = load_texts("publish", "views")

# The table that the views show, and the table with the areas of its units.
SOURCE, AREAS = "fte_by_service", "areas"

# What a view spreads over columns, and what identifies its rows.
GROUP, PART, TOTAL = "target_group", "service_type", "total"
UNIT = ("time_period", "series", "unit_code")

# The measure for each part of a group, and those for groups.
OF_PARTS, OF_GROUPS = "fte", ("population", "fte_per_10000")

# Where a single unit lies: columns of the table of areas, each with the level whose names they have a column for.
PARENTS: Mapping[str, tuple[str, str] | None] = {
    "county_code": ("county_name", "county"),
    "hf_code": ("hf_name", "hf_area"),
    "health_region": None,
    "size_group": None,
    "kostra_group": None,
}
SINGLE_UNIT = "municipality"

EXCEPTIONS = "exceptions"
CONSTRUCTED, IMPUTED = "is_constructed", "imputed_share"

# The first columns of the overview, visible together: the figure, and its quality.
FIRST = ("time_period", "unit_name", "county_name", OF_PARTS, "fte_per_10000", STATUS_COLUMN, REASON_COLUMN, KINDS.name)

# Columns of codes that the overview has in words.
WORDED = (KINDS.name, STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN, EXCEPTIONS, CONSTRUCTED)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class View(_Strict):
    """A view of ``SOURCE``: the level and the map of areas whose rows it shows."""

    view: str
    unit_level: str
    area_basis: str
    title: Label
    description: Label


class Overview(_Strict):
    """The view ``of`` again, in Norwegian words."""

    view: str
    of: str
    title: Label
    description: Label


class Macro(_Strict):
    """A table macro; ``parameters`` by name, with their defaults."""

    macro: str
    parameters: dict[str, str | None]
    title: Label
    description: Label

    @property
    def sql(self) -> str:
        """The query that it stands for."""
        return (MACROS / f"{self.macro}.sql").read_text(encoding="utf-8")


class Entries(_Strict):
    """All safe entries, and the columns that no table has."""

    views: tuple[View, ...]
    overview: Overview
    columns: tuple[Column, ...]
    macros: tuple[Macro, ...]


def load_entries(metadata: Path) -> Entries:
    """Return the safe entries.

    Raises:
        UserError: the file is not valid, or the overview names no view.
    """
    path = metadata / DESCRIPTIONS
    try:
        entries = Entries.model_validate(yaml_text.load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy="restore it") from error
    except ValidationError as error:
        raise UserError(first_problem(error), place=str(path), remedy="give every text in nb and en") from error
    if entries.overview.of not in {view.view for view in entries.views}:
        raise UserError(
            f"the overview is of {entries.overview.of!r}, which is not a view",
            place=str(path),
            remedy="name one of the views",
        )
    return entries


@dataclass(frozen=True)
class Figure:
    """A column of a view: the measure of a group, or of a part of it."""

    measure: str
    group: str
    part: str
    column: Column


def figures(source: Table, codes: Mapping[str, Mapping[str, Code]]) -> list[Figure]:
    """Return the figures of a row, all of them together first, then by group, then by part of a group."""
    groups, parts = (_labels(source, name, codes) for name in (GROUP, PART))
    others = [group for group in groups if group != TOTAL]
    of_groups = [(TOTAL, TOTAL, None), *((group, TOTAL, groups[group].label) for group in others)]
    of_parts = [
        (group, part, code.label)
        for group in others
        for part, code in parts.items()
        if part != TOTAL and code.parent in (None, group)
    ]
    # Two groups may have parts of the same name.
    counted = Counter(label.nb.casefold() for _, _, label in of_parts)
    of_parts = [
        (group, part, label if counted[label.nb.casefold()] == 1 else _of_group(label, groups[group].label))
        for group, part, label in of_parts
    ]
    found = [_figure(source.column(OF_PARTS), *each) for each in (*of_groups, *of_parts)]
    return found + [_figure(source.column(measure), *each) for measure in OF_GROUPS for each in of_groups]


def _labels(source: Table, name: str, codes: Mapping[str, Mapping[str, Code]]) -> Mapping[str, Code]:
    return codes.get(source.column(name).codelist or name, {})


def _of_group(label: Label, group: Label) -> Label:
    return filled(TEXTS["of_group"], part=label, group=group)


def _figure(measure: Column, group: str, part: str, of: Label | None) -> Figure:
    name = "_".join([measure.name, *(code for code in (group, part) if code != TOTAL)])
    title = measure.title if of is None else filled(TEXTS["figure"], measure=measure.title, of=of)
    return Figure(measure.name, group, part, measure.model_copy(update={"name": name, "title": title}))


def described(entries: Entries, tables: Sequence[Table], codes: Mapping[str, Mapping[str, Code]]) -> list[Table]:
    """Return the descriptions of the views, made from those of tables; none where a table they need is missing."""
    by_name = {table.name: table for table in tables}
    if SOURCE not in by_name or AREAS not in by_name:
        return []
    source, areas = by_name[SOURCE], by_name[AREAS]
    found = [_described(view, entries, source, areas, codes) for view in entries.views]
    of = next(table for table in found if table.name == entries.overview.of)
    return [*found, _overview(entries.overview, of)]


def _described(view: View, entries: Entries, source: Table, areas: Table, codes: Mapping[str, Mapping[str, Code]]) -> Table:
    own = {column.name: column for column in entries.columns}
    columns = [source.column(name) for name in (*UNIT[:2], "unit_level", "unit_code", "unit_name", "area_basis")]
    if view.unit_level == SINGLE_UNIT:
        for name, named in PARENTS.items():
            columns += [areas.column(name), *([own[named[0]]] if named else [])]
    of_row = figures(source, codes)
    columns += [figure.column for figure in of_row]
    columns += [source.column(name) for name in (COVERAGE_COLUMN, IMPUTED, BREAK_COLUMN)]
    columns += [KINDS, *(source.column(name) for name in (STATUS_COLUMN, REASON_COLUMN, NOTE_COLUMN)), own[EXCEPTIONS]]
    columns.append(source.column(CONSTRUCTED))
    return Table(
        table=view.view,
        title=view.title,
        description=filled(TEXTS["view"], description=view.description, source=source.name),
        made_by="view",
        key=UNIT,
        measures=tuple(figure.column.name for figure in of_row),
        statuses=source.statuses,
        population=source.population,
        method=source.method,
        columns=tuple(columns),
    )


def pointers(entries: Entries, table: Table) -> list[Label]:
    """Return the remark on a table that views show: which views."""
    names = ", ".join(view.view for view in entries.views)
    return [filled(TEXTS["pointer"], views=Label(nb=names, en=names))] if table.name == SOURCE else []


def in_words(of: Table) -> list[tuple[Column, Column]]:
    """Return the columns of the overview, each with the column of the view ``of`` that it gives in words."""
    named = {"time_period": TEXTS["year"].nb, "unit_name": TEXTS["unit"].nb, "county_name": TEXTS["county"].nb}
    shown = {*named, *of.measures, COVERAGE_COLUMN, IMPUTED, *WORDED}
    found = []
    for column in (*(of.column(name) for name in FIRST), *(each for each in of.columns if each.name not in FIRST)):
        if column.name in shown:
            # Names are written in SQL between quotation marks of either kind.
            name = named.get(column.name, column.title.nb).replace('"', "\u201d").replace("'", "\u2019")
            changed: dict[str, Any] = {"name": name}
            if column.name in WORDED:
                changed |= {"type": "VARCHAR", "codelist": None}
            found.append((column.model_copy(update=changed), column))
    return found


def _overview(overview: Overview, of: Table) -> Table:
    """Return the description of the overview: columns are called by their Norwegian titles, codes are words."""
    pairs = in_words(of)
    names = {origin.name: column.name for column, origin in pairs}
    return of.model_copy(
        update={
            "table": overview.view,
            "title": overview.title,
            "description": overview.description,
            "key": (names["time_period"], names["unit_name"]),
            "measures": tuple(names[name] for name in of.measures),
            "statuses": (),
            "columns": tuple(column for column, _ in pairs),
        }
    )
