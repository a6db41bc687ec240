"""The report as one document: chapters as pandoc's blocks, with numbered headings, tables, figures and references.

Belongs here: combining evaluated chapters and filled tables, numbering, resolving references. Does not belong here:
evaluating chapters (``sentences``) or writing a format (``word``, ``html``, ``pdf``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.language import Language, written_day
from orchestration.core.texts import filled, load_texts
from orchestration.report import charts, definitions, nodes
from orchestration.report.grid import Grid, Note, Round
from orchestration.report.nodes import Node
from orchestration.report.pandoc import blocks_of
from orchestration.report.writing import WORDS, number, thousands_together

TEXTS = load_texts("report", "document")
TABLE_TEXTS = load_texts("report", "tables")
NOTE_STYLE = "Tabellnote"
EDITION_DIGITS = 12


@dataclass(frozen=True)
class Prose:
    """Blocks of pandoc."""

    blocks: list[Node]


@dataclass(frozen=True)
class Placed:
    """A table or figure in its place. A figure has a chart and its text alternative."""

    grid: Grid
    caption: str
    chart: charts.Canvas | None = None
    alternative: str = ""


@dataclass
class Document:
    """Everything that a format writes."""

    title: str
    subtitle: str
    language: Language
    day: date
    edition: str = ""
    front: list[str] = field(default_factory=list)
    is_book: bool = True
    parts: list[Prose | Placed] = field(default_factory=list)

    @property
    def placed(self) -> list[Placed]:
        """The tables and figures in their order."""
        return [part for part in self.parts if isinstance(part, Placed)]

    @property
    def headings(self) -> list[tuple[int, str, str]]:
        """The headings in their order: level, id, text."""
        return [
            (block["c"][0], block["c"][1][0], nodes.text_of(block["c"][2]))
            for part in self.parts
            if isinstance(part, Prose)
            for block in part.blocks
            if block["t"] == "Header"
        ]

    def blocks(self, write: Callable[[Placed], list[Node]]) -> list[Node]:
        """Return all blocks; ``write`` returns those of a table or figure."""
        found: list[Node] = []
        for part in self.parts:
            found += part.blocks if isinstance(part, Prose) else write(part)
        return found


@dataclass(frozen=True)
class ChapterText:
    """An evaluated chapter; ``place`` is its file, for errors."""

    title: str
    key: str
    is_numbered: bool
    markdown: str
    place: str


def assemble(chapters: Sequence[ChapterText], grids: dict[str, Grid], of: Round, day: date) -> Document:
    """Return the document of evaluated chapters, which has no edition yet.

    Raises:
        UserError: a reference has no target, or a chapter has a heading of the first level.
    """
    report = of.report
    notice = of.published.release.notice
    document = Document(
        title=of.say(filled(report.title, area=of.words.places["here"].name if "here" in of.words.places else "")),
        subtitle=f"{of.say(report.subtitle)} {of.year}",
        language=of.language,
        day=day,
        front=[of.say(notice)] if notice is not None else [],
        is_book=report.layout == "book",
    )
    numbers: dict[str, str] = {}
    chapter_number = 0
    # Chapters without a number share one numbering of tables and figures.
    through = {"table": 0, "figure": 0, "section": 0}
    for chapter in chapters:
        blocks = blocks_of(thousands_together(chapter.markdown, of.language))
        chapter_number += chapter.is_numbered
        lead = str(chapter_number) if chapter.is_numbered else ""
        counts = {"table": 0, "figure": 0, "section": 0} if lead else through
        heading = f"{lead}\u2002{chapter.title}" if lead else chapter.title
        document.parts.append(Prose([{"t": "Header", "c": [1, [f"kap-{chapter.key}", [], []], [nodes.string(heading)]]}]))
        for block in _slots_apart(blocks):
            if isinstance(block, str):
                grid = grids[block]
                kind = "table" if grid.declared.kind == "table" else "figure"
                counts[kind] += 1
                grid.place = len(numbers) + 1
                grid.number = f"{lead}.{counts[kind]}" if lead else str(counts[kind])
                word = of.say(WORDS[kind])
                numbers[block] = f"{word}\u00a0{grid.number}"
                document.parts.append(_placed(grid, f"{word.capitalize()}\u00a0{grid.number}", of))
                continue
            if block["t"] == "Header":
                level, attributes, inlines = block["c"]
                if level < 2:
                    raise UserError(
                        f"has a heading of the first level: {nodes.text_of(inlines)!r}",
                        place=chapter.place,
                        remedy="begin sections with ##; report.yml has the title of the chapter",
                    )
                counts["section"] += level == 2
                anchor = [attributes[0] or f"{chapter.key}-{len(document.parts)}", *attributes[1:]]
                shown = [nodes.string(f"{lead}.{counts['section']}\u2002"), *inlines] if level == 2 and lead else inlines
                block = {"t": "Header", "c": [level, anchor, shown]}
            document.parts.append(Prose([block]))
    _resolve(document, numbers, [chapter.place for chapter in chapters])
    for grid in grids.values():
        if grid.number:
            grid.notes = [*grid.notes, *definitions.notes(grid, of)]
    return document


def seal(document: Document, of: Round, bound: Mapping[str, Any]) -> None:
    """Set the edition of a document, and print it at the front and in the notes of tables and figures.

    The edition is a hash of the document's content and of the cells it is bound to: it changes if and only if one of these
    does. It does not include the snapshot, so a report that a correction does not affect keeps its edition, and a snapshot
    can contain its own reports.
    """
    # The note on the source is part of the content too, without the edition that it names.
    sources = [[note.text for note in _source(placed.grid, of, "")] for placed in document.placed]
    content = json.dumps([_sealed_content(document), sources, bound], sort_keys=True, ensure_ascii=False, default=str)
    document.edition = hashlib.sha256(content.encode()).hexdigest()[:EDITION_DIGITS]
    day = written_day(document.day, of.language)
    key = "edition" if document.is_book else "edition_of_sheet"
    document.front.insert(0, of.say(filled(TEXTS[key], id=document.edition, day=day)))
    for placed in document.placed:
        placed.grid.notes = [*placed.grid.notes, *_source(placed.grid, of, document.edition)]


def _sealed_content(document: Document) -> list[Any]:
    """Return all content of a document that any format writes."""

    def of_placed(placed: Placed) -> list[Any]:
        grid = placed.grid
        drawn = placed.chart.svg() if placed.chart is not None else ""
        heads = [[[head.text, head.columns, head.rows, head.marks] for head in line] for line in grid.heads]
        rows = [[row.text, row.marks] for row in grid.rows]
        cells = [[[cell.text, cell.marks, cell.decimals] for cell in line] for line in grid.cells]
        notes = [[note.mark, *(text for _, text in note_pieces(note, document.language))] for note in grid.notes]
        return [grid.key, grid.title, placed.caption, placed.alternative, drawn, grid.corner, heads, rows, cells, notes]

    parts = [part.blocks if isinstance(part, Prose) else of_placed(part) for part in document.parts]
    return [document.title, document.subtitle, document.language, document.day, document.is_book, document.front, parts]


def _slots_apart(blocks: list[Node]) -> Iterator[Node | str]:
    """Yield blocks, and instead of a slot the key of its table or figure."""
    for block in blocks:
        if block["t"] == "Div" and "slot" in block["c"][0][1]:
            yield dict(block["c"][0][2])["key"]
        else:
            yield block


def _placed(grid: Grid, label: str, of: Round) -> Placed:
    unit = f" {grid.unit}." if grid.unit else ""
    caption = f"{label}\u2002{grid.title}.{unit}"
    if grid.declared.kind == "table":
        return Placed(grid, caption)
    return Placed(
        grid, caption, charts.draw(grid, of.language, is_sheet=of.report.layout == "sheet"), charts.in_words(grid, of)
    )


def _resolve(document: Document, numbers: dict[str, str], places: list[str]) -> None:
    """Replace each reference to a table or figure by its number."""

    def change(node: Node) -> Any:
        if node["t"] == "Link" and "ref" in node["c"][0][1]:
            attributes, _, target = node["c"]
            key = target[0].removeprefix("#")
            if key not in numbers:
                raise UserError(
                    f"a reference leads to {key!r}, which is not in the report",
                    place=", ".join(dict.fromkeys(places)) if len(places) == 1 else "chapters",
                    remedy=f'place it with {{{{ table("{key}") }}}}, or remove the reference',
                )
            return {"t": "Link", "c": [attributes, [nodes.string(numbers[key])], target]}
        return None

    document.parts = [Prose(nodes.walk(part.blocks, change)) if isinstance(part, Prose) else part for part in document.parts]


def _source(grid: Grid, of: Round, edition: str) -> list[Note]:
    """Return a note with the source of a table's figures, and the printed tables that it corresponds to.

    A sheet states the source once, at its front: it is printed whole, and has little room.
    """
    is_book = of.report.layout == "book"
    parts = [of.say(filled(TABLE_TEXTS["source"], id=edition))] if is_book else []
    printed = [
        number_ for source in of.report.printed.get(of.year, ()) for number_ in grid.declared.printed.get(source, "").split()
    ]
    if printed:
        named = []
        for each in printed:
            kind = "printed_figure" if each.startswith("fig") else "printed_table"
            shown = each.removeprefix("fig").removeprefix("table:")
            if shown[0].isdigit():
                named.append(of.say(filled(TABLE_TEXTS[kind], number=shown)))
        if named:
            parts.append(of.say(filled(TABLE_TEXTS["printed"], numbers=", ".join(named))))
    return [Note(" ".join(parts))] if parts else []


def note_pieces(note: Note, of_language: Language) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a note: the name of its quantity, empty for plain text, and the text."""
    text = note.text
    for name, quantity in note.quantities:
        before, text = text.split(f"{{{name}}}", 1)
        if before:
            yield "", before
        yield name, number(quantity.value, 0, of_language)
    if text:
        yield "", text


def note_id(grid: Grid, place: int, name: str) -> str:
    """Return the id of a number in a note."""
    return f"n{grid.place}-{place}-{name}"


def note_inlines(grid: Grid, place: int, note: Note, language: Language) -> list[Node]:
    """Return a note as pandoc's inlines; its numbers have ids."""
    found = [nodes.superscript(note.mark), nodes.string(" ")] if note.mark else []
    for name, text in note_pieces(note, language):
        found.append(nodes.span(note_id(grid, place, name), text) if name else nodes.string(text))
    return found


def table_nodes(placed: Placed, language: Language) -> list[Node]:
    """Return a table and its notes as pandoc's blocks, for Word and HTML."""
    grid = placed.grid
    lines: list[list[Any]] = []
    for depth, line in enumerate(grid.heads):
        cells = [
            nodes.cell(
                [nodes.string(head.text), *map(nodes.superscript, head.marks)],
                nodes.CENTER if head.columns > 1 else nodes.RIGHT,
                head.rows,
                head.columns,
            )
            for head in line
        ]
        if not depth:
            cells.insert(0, nodes.cell([nodes.string(grid.corner)], nodes.LEFT, len(grid.heads), 1))
        lines.append(cells)
    body = [
        [
            nodes.cell([nodes.string(head.text), *map(nodes.superscript, head.marks)], nodes.LEFT),
            *(nodes.cell([nodes.string(each.text), *map(nodes.superscript, each.marks)], nodes.RIGHT) for each in cells),
        ]
        for head, cells in zip(grid.rows, grid.cells, strict=True)
    ]
    widths, _ = column_widths(grid)
    return [nodes.table(grid.key, [nodes.string(placed.caption)], widths, lines, body), *note_nodes(grid, language)]


def note_nodes(grid: Grid, language: Language) -> list[Node]:
    """Return the notes below a table or figure."""
    return [nodes.paragraph(note_inlines(grid, place, note, language), NOTE_STYLE) for place, note in enumerate(grid.notes)]


# How many letters fit on a line of a table, from the largest font size to the smallest.
LETTERS = (96, 114, 126)
_LEAST_LABEL, _MOST_LABEL, _BETWEEN = 12, 44, 2.2


def column_widths(grid: Grid) -> tuple[list[float], int]:
    """Return each column's share of the width, that of the labels first, and the index of the font size (0 is the largest).

    Words of heads are not broken: a column is at least as wide as its longest word.
    """
    words = [max((len(word) for word in re.split(r"[\s-]", label)), default=1) for label in _lowest_heads(grid)]
    needs = [
        max(word, *(len(line[at].text) + len(line[at].marks) for line in grid.cells)) + _BETWEEN
        for at, word in enumerate(words)
    ]
    labels = [row.text for row in grid.rows] + [grid.corner]
    least = (
        max(_LEAST_LABEL, *(max(map(len, label.split() or [""])) for label in labels)) if max(map(len, labels)) > 6 else 8
    )
    wanted = min(max(map(len, labels)) + 1, _MOST_LABEL)
    size = next((at for at, room in enumerate(LETTERS) if least + sum(needs) <= room), len(LETTERS) - 1)
    first = max(least, min(wanted, LETTERS[size] - sum(needs)))
    whole = max(first + sum(needs), LETTERS[size])
    # The columns share spare width equally.
    spare = (whole - first - sum(needs)) / len(needs)
    return [first / whole, *((need + spare) / whole for need in needs)], size


def _lowest_heads(grid: Grid) -> list[str]:
    """Return the words of the heads that span only one column, by column."""
    found = [""] * len(grid.column_labels)
    for depth, line in enumerate(grid.heads):
        at = 0
        for head in line:
            while depth and at < len(found) and _is_covered(grid, depth, at):
                at += 1
            if head.columns == 1:
                found[at] += f" {head.text}"
            at += head.columns
    return found


def _is_covered(grid: Grid, depth: int, at: int) -> bool:
    """Return whether a head from a line above extends down to a place."""
    for above, line in enumerate(grid.heads[:depth]):
        start = 0
        for head in line:
            while above and _is_covered(grid, above, start):
                start += 1
            if start <= at < start + head.columns:
                if above + head.rows > depth:
                    return True
                break
            start += head.columns
    return False
