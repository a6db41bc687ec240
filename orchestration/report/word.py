"""The report as a Word document: real headings, header rows, row heads, captions, alternative texts, a table of contents.

pandoc writes it; afterwards, what pandoc does not support is added, and times are replaced by the day of the report. Belongs
here: Word's styles and these changes. Does not belong here: the content of the report (``document``).
"""

from __future__ import annotations

import html
import io
import re
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.core.language import in_language
from orchestration.core.workbooks import add_file
from orchestration.report import nodes
from orchestration.report.authored import CHECK_STYLE, SIGNATURE_STYLE
from orchestration.report.document import TEXTS, Document, Placed, column_widths, note_nodes, table_nodes
from orchestration.report.nodes import Node
from orchestration.report.pandoc import Writing, default_file, written
from orchestration.report.typesetting import picture

DARK, QUIET, LINE, CHECK = "0B5E5A", "595959", "BFBFBF", "9B1C1C"
# Font sizes of cells in half points: the wider the table, the smaller the size.
CELL_SIZES = (18, 15, 13)
POINT_STYLE = "Punkt"
LOCALE = {"nb": "nb-NO", "en": "en-GB"}

TEMPLATES = Path(__file__).parent / "templates"
_SECTION = re.compile(r"<w:sectPr>.*?</w:sectPr>", re.DOTALL)
_FOOTER_RELATION = (
    '<Relationship Id="rIdFooter" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" '
    'Target="footer1.xml"/>'
)
_FOOTER_TYPE = (
    '<Override PartName="/word/footer1.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>'
)
_FONT = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Calibri"/>'


def write_word(document: Document, path: Path, work: Path) -> None:
    """Write the Word document.

    Args:
        document: the report.
        path: the file.
        work: a folder for temporary files.
    """
    reference = work / "reference.docx"
    reference.write_bytes(_reference(document.language))

    pictures: dict[str, Path] = {}

    def write(placed: Placed) -> list[Node]:
        if placed.chart is None:
            return _with_small_cells(placed, table_nodes(placed, document.language))
        drawn = work / f"{placed.grid.key}.png"
        drawn.write_bytes(picture_of(placed.chart.svg(), work))
        pictures[drawn.name] = drawn
        figure = nodes.figure(placed.grid.key, [nodes.string(placed.caption)], drawn.name, placed.alternative)
        return [figure, *note_nodes(placed.grid, document.language)]

    front = [nodes.paragraph([nodes.string(text)], "Utgave") for text in document.front]
    options = {"table_of_contents": document.is_book, "toc_depth": 2, "reference_doc": str(reference)}
    meta = {
        "lang": LOCALE[document.language],
        "title": document.title,
        "subtitle": document.subtitle,
        "toc-title": in_language(TEXTS["contents"], document.language),
    }
    writing = Writing("docx", options, is_standalone=True, pictures=pictures)
    _finish(written([*front, *nodes.walk(document.blocks(write), _with_points)], writing, meta), path, document)


def _with_points(node: Node) -> Any:
    """Return a bullet list in the size of the text: pandoc would give its items the style of cells."""

    def point(inner: Node) -> Any:
        return nodes.paragraph(inner["c"], POINT_STYLE) if inner["t"] == "Plain" else None

    return {"t": node["t"], "c": nodes.walk(node["c"], point)} if node["t"] == "BulletList" else None


def cell_style(small: int) -> str:
    """Return the style of a table's cells, by the index of their font size."""
    return f"Compact{small or ''}"


def _with_small_cells(placed: Placed, found: list[Node]) -> list[Node]:
    """Return the nodes of a table, with a smaller font in its cells if it is wide."""
    _, small = column_widths(placed.grid)
    if not small:
        return found

    def change(node: Node) -> Any:
        if node["t"] == "Plain":
            return {"t": "Div", "c": [["", [], [["custom-style", f"Compact {small}"]]], [{"t": "Para", "c": node["c"]}]]}
        return None

    table, *notes = found
    attributes, caption, specs, head, bodies, foot = table["c"]
    return [
        {"t": "Table", "c": [attributes, caption, specs, nodes.walk(head, change), nodes.walk(bodies, change), foot]},
        *notes,
    ]


def picture_of(svg: str, work: Path) -> bytes:
    """Return a chart as a PNG: older versions of Word do not show SVG."""
    chart = work / "chart.typ"
    (work / "chart.svg").write_text(svg, encoding="utf-8")
    chart.write_text('#set page(width: auto, height: auto, margin: 0pt)\n#image("chart.svg")', encoding="utf-8")
    return picture(chart)


@cache
def _reference(language: str) -> bytes:
    """Return the reference document: pandoc's, with the fonts, colours, styles and footer of the reports."""
    result = io.BytesIO()
    changes: dict[str, Callable[[str], str]] = {
        "word/styles.xml": lambda content: _styles(content, language),
        "word/document.xml": lambda content: re.sub(
            r"<w:sectPr>.*?</w:sectPr>", _part("word_section.xml"), content, flags=re.DOTALL
        ),
        "word/_rels/document.xml.rels": lambda content: content.replace(
            "</Relationships>", f"{_FOOTER_RELATION}</Relationships>"
        ),
        "[Content_Types].xml": lambda content: content.replace("</Types>", f"{_FOOTER_TYPE}</Types>"),
    }
    original = io.BytesIO(default_file("reference.docx"))
    with zipfile.ZipFile(original) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name).decode("utf-8")
            add_file(target, name, [changes[name](content) if name in changes else content])
        add_file(target, "word/footer1.xml", [_part("word_footer.xml")])
    return result.getvalue()


def _style(
    name: str,
    title: str,
    size: int,
    *,
    color: str = "000000",
    bold: bool = False,
    before: int = 20,
    extra: str = "",
    after: str = "",
) -> str:
    """Return a paragraph style."""
    return _part(
        "word_paragraph_style.xml",
        NAME=name,
        TITLE=title,
        FIRST=extra,
        BEFORE=str(before),
        LAST=after,
        FONT=_FONT,
        WEIGHT="<w:b/>" if bold else "",
        COLOR=color,
        SIZE=str(size),
    )


def _part(name: str, **values: str) -> str:
    """Return a template of Word's XML with its placeholders filled."""
    text = (TEMPLATES / name).read_text(encoding="utf-8").replace("\n", "")
    for blank, value in values.items():
        text = text.replace(f"@{blank}@", value)
    return text


def _styles(content: str, language: str) -> str:
    content = re.sub(r"<w:rFonts[^>]*/>", _FONT, content)
    content = re.sub(r'w:lang w:val="[^"]*"', f'w:lang w:val="{LOCALE[language]}"', content)
    content = re.sub(r'(<w:color w:val=")[0-9A-F]{6}("[^>]*/>)', rf"\g<1>{DARK}\2", content)
    content = re.sub(r'<w:style [^>]*w:styleId="Table">.*?</w:style>', "", content, flags=re.DOTALL)
    content = re.sub(
        r'<w:style [^>]*w:styleId="(Compact|TableCaption|ImageCaption)">.*?</w:style>', "", content, flags=re.DOTALL
    )
    added = [
        *(_style(cell_style(at), "Compact" if not at else f"Compact {at}", size) for at, size in enumerate(CELL_SIZES)),
        _style("TableCaption", "Table Caption", 20, bold=True, before=280, extra="<w:keepNext/>"),
        _style("ImageCaption", "Image Caption", 20, bold=True, before=280, extra="<w:keepNext/>"),
        *(_style(f"TOC{level}", f"toc {level}", 21, after=f'<w:ind w:left="{(level - 1) * 300}"/>') for level in (1, 2)),
        _style("Tabellnote", "Tabellnote", 16, color=QUIET),
        _style("Utgave", "Utgave", 20, color=QUIET),
        _style(POINT_STYLE, POINT_STYLE, 24, before=40, after='<w:spacing w:after="40"/>'),
        _style(SIGNATURE_STYLE, SIGNATURE_STYLE, 18, color=QUIET, after='<w:spacing w:after="200"/>'),
        _style(CHECK_STYLE, CHECK_STYLE, 21, color=CHECK, bold=True, before=160, extra="<w:keepNext/>"),
        _part("word_table_style.xml", DARK=DARK, LINE=LINE),
    ]
    return content.replace("</w:styles>", "".join(added) + "</w:styles>")


_DAY = re.compile(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_CONTENTS = re.compile(r"<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val=\"Table of Contents\".*?</w:sdt>", re.DOTALL)
_FIELD_END = '<w:fldChar w:fldCharType="end" />'


def _with_contents(text: str, document: Document) -> str:
    """Move the list of contents behind the front, and list the headings in it until Word adds page numbers."""
    found = _CONTENTS.search(text)
    if found is None:
        return text
    entries = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="TOC{level}"/></w:pPr><w:hyperlink w:anchor="{anchor}"><w:r>'
        f'<w:t xml:space="preserve">{html.escape(title, quote=False)}</w:t></w:r></w:hyperlink></w:p>'
        for level, anchor, title in document.headings
        if level <= 2
    )
    contents = found[0].replace(_FIELD_END, f"</w:r></w:p>{entries}<w:p><w:r>{_FIELD_END}")
    text = text.replace(found[0], "")
    first = re.search(r'<w:bookmarkStart [^>]*w:name="kap-', text)
    at = first.start() if first else 0
    return text[:at] + contents + text[at:]


def _finish(made: bytes, path: Path, document: Document) -> None:
    """Write the document with row heads, unbroken rows, and the day of the report instead of the time of writing."""
    with zipfile.ZipFile(io.BytesIO(made)) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml":
                text = content.decode("utf-8")
                text = _with_contents(text, document)
                text = text.replace('w:firstColumn="0"', 'w:firstColumn="1"')
                # Rows must not break across pages.
                text = re.sub(r"<w:tr>(?!<w:trPr>)", "<w:tr><w:trPr><w:cantSplit/></w:trPr>", text)
                text = text.replace("<w:trPr><w:tblHeader", "<w:trPr><w:cantSplit/><w:tblHeader")
                content = text.encode("utf-8")
            elif name == "docProps/core.xml":
                content = _DAY.sub(rf"\g<1>{document.day}T00:00:00Z", content.decode("utf-8")).encode("utf-8")
            with target.open(name, "w") as file:
                file.write(content)
