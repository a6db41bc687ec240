"""The report as a tagged PDF: Typst compiles it as PDF/UA and refuses content without a tag, a text alternative or a title.

pandoc converts prose; tables and figures are written here. Belongs here: Typst's markup, and the row heads that its compiler
does not tag. Does not belong here: the page design (``templates/report.typ``).
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pikepdf

from orchestration.core.language import Language
from orchestration.report import nodes
from orchestration.report.authored import CHECK_STYLE, SIGNATURE_STYLE
from orchestration.report.document import TEXTS, Document, Placed, column_widths, note_pieces
from orchestration.report.grid import Grid, Note
from orchestration.report.nodes import Node
from orchestration.report.pandoc import Writing, written
from orchestration.report.typesetting import tagged_pdf

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
# Font sizes of tables: the wider the table, the smaller the size.
SIZES = ("9pt", "7.6pt", "6.9pt")
ROWS_OF_A_PAGE = 34
# The page design's names for the styles of the lines before and after a signed text.
DESIGN = {CHECK_STYLE: "to-check", SIGNATURE_STYLE: "signature"}


def write_pdf(document: Document, path: Path, work: Path) -> None:
    """Write the PDF.

    Args:
        document: the report.
        path: the file.
        work: a folder for temporary files.

    Raises:
        RuntimeError: the compiler refused or warned, which is a defect of this program.
    """

    def write(placed: Placed) -> list[Node]:
        if placed.chart is None:
            return [nodes.raw("typst", _table(placed, document.language))]
        (work / f"{placed.grid.key}.svg").write_text(placed.chart.svg(), encoding="utf-8")
        return [nodes.raw("typst", _figure(placed, document.language))]

    blocks = nodes.walk(document.blocks(write), _as_typst)
    source = _filled(document) + written(blocks, Writing("typst", {"wrap_text": "none"})).decode()
    (work / "report.typ").write_text(source, encoding="utf-8")
    _tag_row_heads(tagged_pdf(work / "report.typ"), path)


def _filled(document: Document) -> str:
    """Return the page design with the report's values filled in, such as title, date and front."""
    day, language = document.day, document.language
    contents = TEXTS["contents"].nb if language == "nb" else TEXTS["contents"].en
    values = {
        "TITLE": quoted(document.title),
        "SUBTITLE": quoted(document.subtitle),
        "LANGUAGE": quoted(language),
        "REGION": quoted("NO" if language == "nb" else "GB"),
        "DATE": f"datetime(year: {day.year}, month: {day.month}, day: {day.day})",
        "CONTENTS": quoted(contents),
        "FRONT": "(" + "".join(f"{quoted(text)}, " for text in document.front) + ")",
        "BOOK": "true" if document.is_book else "false",
        "RUNNING": quoted(f"{document.title} \u2013 {document.edition}"),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text + "\n"


def quoted(text: str) -> str:
    """Return a text as a string literal of Typst."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _as_typst(node: Node) -> Any:
    """Remove the ids of spans, which would become thousands of labels in Typst, and replace styles by the page design's."""
    if node["t"] == "Span":
        return {"t": "Span", "c": [["", [], []], nodes.walk(node["c"][1], _as_typst)]}
    if node["t"] == "Div":
        style = next((DESIGN[name] for name in node["c"][0][1] if name in DESIGN), "")
        if style:
            return [nodes.raw("typst", f"#{style}["), *nodes.walk(node["c"][1], _as_typst), nodes.raw("typst", "]")]
    return None


def _raised(text: str, marks: tuple[str, ...]) -> str:
    raised = "".join(f" + super({quoted(mark)})" for mark in marks)
    return f"{{{quoted(text)}{raised}}}" if marks else quoted(text)


def _table(placed: Placed, language: Language) -> str:
    grid = placed.grid
    corner = [f"table.cell(rowspan: {len(grid.heads)}, align: left + bottom, {quoted(grid.corner)})"]
    heads: list[str] = []
    for line in grid.heads:
        heads += [
            f"table.cell(colspan: {head.columns}, rowspan: {head.rows}, "
            f"align: {'center' if head.columns > 1 else 'right'} + bottom, {_raised(head.text, head.marks)})"
            for head in line
        ]
    body: list[str] = []
    for row, cells in zip(grid.rows, grid.cells, strict=True):
        body.append(_raised(row.text, row.marks))
        body += [_raised(cell.text, cell.marks) for cell in cells]
    shares, small = column_widths(grid)
    widths = f"({', '.join(f'{share * 100:.2f}fr' for share in shares)})"
    # A table that fits on one page is not broken across pages.
    breakable = "true" if len(grid.rows) > ROWS_OF_A_PAGE else "false"
    return (
        f"#block(breakable: {breakable}, sticky: true, above: 1.7em, below: 0.5em)[#set text(size: {SIZES[small]})\n"
        f"#figure(kind: table, supplement: none, numbering: none, "
        f"caption: {quoted(placed.caption)}, table(columns: {widths}, "
        f"table.header({', '.join([*corner, *heads])}),\n{', '.join(body)})) <{grid.key}>\n]\n{_notes(grid, language)}"
    )


def _figure(placed: Placed, language: Language) -> str:
    return (
        f"#figure(kind: image, supplement: none, numbering: none, caption: {quoted(placed.caption)}, "
        f'image("{placed.grid.key}.svg", width: if book {{ 100% }} else {{ 74% }}, '
        f"alt: {quoted(placed.alternative)})) <{placed.grid.key}>\n"
        f"{_notes(placed.grid, language)}"
    )


def _notes(grid: Grid, language: Language) -> str:
    last = len(grid.notes) - 1
    return "".join(
        f"#{'last-note' if place == last else 'note'}({_raised_first(note, language)})\n"
        for place, note in enumerate(grid.notes)
    )


def _raised_first(note: Note, language: Language) -> str:
    text = "".join(piece for _, piece in note_pieces(note, language))
    return f"{{super({quoted(note.mark)}) + {quoted(' ' + text)}}}" if note.mark else quoted(text)


def _children(element: Any) -> list[Any]:
    found = element.get("/K")
    if found is None:
        return []
    return list(found) if isinstance(found, pikepdf.Array) else [found]


def _tag_row_heads(made: bytes, path: Path) -> None:
    """Write the PDF with the first cell of each row of a table's body tagged as its row head."""
    with pikepdf.open(io.BytesIO(made)) as document:

        def visit(element: Any, in_body: bool) -> None:
            if not isinstance(element, pikepdf.Dictionary):
                return
            kind = str(element.get("/S", ""))
            if kind == "/TR" and in_body:
                first = next(
                    (
                        each
                        for each in _children(element)
                        if isinstance(each, pikepdf.Dictionary) and str(each.get("/S", "")) == "/TD"
                    ),
                    None,
                )
                if first is not None:
                    first.S = pikepdf.Name.TH
                    had = first.get("/A")
                    kept = [] if had is None else (list(had) if isinstance(had, pikepdf.Array) else [had])
                    first.A = pikepdf.Array([pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=pikepdf.Name.Row), *kept])
            for each in _children(element):
                visit(each, in_body or kind == "/TBody")

        for element in _children(document.Root.StructTreeRoot):
            visit(element, False)
        document.save(path, deterministic_id=True, fix_metadata_version=False)


def plain(text: str) -> str:
    """Return a text without whitespace, for comparing pages."""
    return re.sub(r"\s", "", text)
