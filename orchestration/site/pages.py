"""Descriptions of the subject pages and their figures, read from ``pages/*.yml``.

A new page, or a figure for a new question, needs a few lines there and no code. Belongs here: the form of these files. Does
not belong here: how a description becomes a figure (``figures``), or the texts of other pages (``texts``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.tables import Label
from orchestration.site.cubes import DIGITS

PAGES = Path(__file__).parent / "pages"

# A map has areas as rows, and a slider with which the reader chooses the year.
MAP: Final = "map"
Kind = Literal["series", "panels", "bars", "stack", "interval", "table", "map"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MeasureShown(_Strict):
    """How to show a measure if its own title, unit or decimals do not fit."""

    name: str
    title: Label | None = None
    unit: Label | None = None
    divide: int = 1
    decimals: int | None = None


class Figure(_Strict):
    """One figure with the table under it.

    ``cube`` names a cube of ``_site.yml``, ``indicator`` a question; ``part`` names the text that says what is shown of it.
    ``across`` is the dimension of the lines or of the parts of a bar, ``rows`` that of the bars; either may be ``measure``.
    ``choose`` has the dimensions that the reader can choose; ``level`` and ``basis`` apply to rows of areas. ``at`` fixes
    dimensions, ``start`` has initial choices (``newest``: a code with data in the newest year), ``only`` and ``without``
    restrict codes.
    """

    id: str
    kind: Kind
    cube: str = ""
    indicator: str = ""
    title: Label | None = None
    part: str = ""
    measures: tuple[MeasureShown | str, ...] = ("share",)
    compare: str = ""
    across: str = ""
    rows: str = ""
    choose: tuple[str, ...] = ()
    at: dict[str, str] = {}
    start: dict[str, str] = {}
    only: dict[str, tuple[str, ...]] = {}
    without: dict[str, tuple[str, ...]] = {}
    levels: tuple[str, ...] = ()
    breaks: str = ""
    ordered: bool = False
    shared_scale: bool = False
    note: Label | None = None


class Question(_Strict):
    """A question as two figures: its answers over time, and one answer by area."""

    question: str
    item: str = ""
    answer: str = ""
    level: str = "county"
    stack: bool = False
    note: Label | None = None


class Page(_Strict):
    """One subject page."""

    id: str
    order: int
    theme: str
    title: Label
    lead: Label
    figures: tuple[Figure | Question, ...]


class CubeWanted(_Strict):
    """A cube that pages use: rows and measures of a table. If it has a title, readers can build tables from it.

    ``digits`` is the number of decimals to keep.
    """

    table: str
    measures: tuple[str, ...]
    title: Label | None = None
    start: dict[str, str] = {}
    where: dict[str, tuple[str, ...]] = {}
    digits: int = DIGITS


class Theme(_Strict):
    """A heading for subject pages."""

    id: str
    title: Label


class QuestionGroup(_Strict):
    """Questions that no subject page shows, under the heading of the page with this id, or under one of their own."""

    id: str
    title: Label | None = None
    questions: tuple[str, ...] = ()


class Site(_Strict):
    """What all pages share: cubes, themes, headings of questions, and the answers that are unions of others."""

    cubes: dict[str, CubeWanted]
    themes: tuple[Theme, ...]
    unions: dict[str, tuple[str, ...]]
    front: Figure
    areas: tuple[str, ...] = Field(min_length=1)
    ordered_levels: tuple[str, ...] = ()
    question_groups: tuple[QuestionGroup, ...] = ()


def _read(path: Path) -> Any:
    try:
        return yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=path.name, remedy="restore it") from error


def _check(path: Path, model: type[BaseModel]) -> Any:
    try:
        return model.model_validate(_read(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(
            f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}",
            place=f"orchestration/site/pages/{path.name}",
            remedy="orchestration/site/pages.py defines the form",
        ) from error


def load_site(folder: Path = PAGES) -> Site:
    """Return what all pages share."""
    site: Site = _check(folder / "_site.yml", Site)
    return site


def load_pages(folder: Path = PAGES) -> list[Page]:
    """Return the subject pages in their order."""
    pages: list[Page] = [_check(path, Page) for path in sorted(folder.glob("[!_]*.yml"))]
    return sorted(pages, key=lambda page: (page.order, page.id))


def written_out(question: Question, has_parts: bool) -> list[Figure]:
    """Return the figures for a question.

    Args:
        question: its description.
        has_parts: whether its answers are parts of a whole, which they are not if several can be ticked.
    """
    start = {name: value for name, value in (("item", question.item), ("answer", question.answer)) if value}
    areas = Figure(
        id=f"{question.question}_areas",
        part="one_answer_by_area",
        kind="bars",
        indicator=question.question,
        rows="unit",
        choose=("item", "answer", "level", "basis", "time"),
        start={**start, "level": question.level},
        note=question.note,
    )
    if question.stack:
        first = Figure(
            id=f"{question.question}_answers",
            part="answers_in_one_year",
            kind="stack" if has_parts else "bars",
            indicator=question.question,
            rows="item" if has_parts else "answer",
            across="answer" if has_parts else "",
            choose=("unit", "time") if has_parts else ("item", "unit", "time"),
            start=start,
        )
    else:
        first = Figure(
            id=f"{question.question}_time",
            part="answers_over_time",
            kind="series",
            indicator=question.question,
            across="answer",
            choose=("item", "unit"),
            start=start,
        )
    return [first, areas]
