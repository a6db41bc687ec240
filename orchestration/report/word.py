"""The report as a Word document: real headings, header rows, row heads, captions, alternative texts, a table of contents.

pandoc writes it; what it does not know is put in afterwards, with the dates of no day. Belongs here: styles of Word and those
changes. Does not belong here: what the report consists of (``document``).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pypandoc
import typst

from orchestration.core.workbooks import add_file
from orchestration.report import nodes
from orchestration.report.document import TEXTS, Document, Placed, note_nodes, table_nodes
from orchestration.report.nodes import Node

DARK, QUIET, LINE = "0B5E5A", "595959", "BFBFBF"
PICTURE_PPI = 200
LOCALE = {"nb": "nb-NO", "en": "en-GB"}

_FONT = '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:cs="Calibri" w:eastAsia="Calibri"/>'
_TABLE_STYLE = f"""
<w:style w:type="table" w:default="0" w:customStyle="1" w:styleId="Table"><w:name w:val="Table"/><w:basedOn w:val="TableNormal"/>
<w:uiPriority w:val="99"/><w:qFormat/><w:tblPr><w:tblBorders><w:top w:val="single" w:sz="8" w:space="0" w:color="{DARK}"/>
<w:bottom w:val="single" w:sz="8" w:space="0" w:color="{DARK}"/><w:insideH w:val="single" w:sz="4" w:space="0" w:color="{LINE}"/></w:tblBorders>
<w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>
<w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr><w:tcPr><w:tcBorders><w:bottom w:val="single" w:sz="8" w:space="0" w:color="{DARK}"/></w:tcBorders></w:tcPr></w:tblStylePr>
</w:style>
"""


def write_word(document: Document, path: Path, work: Path) -> None:
    """Write the Word document.

    Args:
        document: the report.
        path: the file.
        work: a folder for pictures and styles on the way.
    """
    reference = work / "reference.docx"
    _write_reference(reference, document.language)

    def write(placed: Placed) -> list[Node]:
        if placed.chart is None:
            return table_nodes(placed, document.language)
        picture = work / f"{placed.grid.key}.png"
        picture.write_bytes(picture_of(placed.chart.svg(), work))
        figure = nodes.figure(placed.grid.key, [nodes.string(placed.caption)], str(picture), placed.alternative)
        return [figure, *note_nodes(placed.grid, document.language)]

    front = [nodes.paragraph([nodes.string(text)], "Utgave") for text in document.front]
    whole = {"pandoc-api-version": api_version(), "meta": {}, "blocks": [*front, *document.blocks(write)]}
    options = [
        "--toc",
        "--toc-depth=2",
        f"--reference-doc={reference}",
        *("-M", f"lang={LOCALE[document.language]}", "-M", f"title={document.title}", "-M", f"subtitle={document.subtitle}"),
        *("-M", f"toc-title={TEXTS['contents'].nb if document.language == 'nb' else TEXTS['contents'].en}"),
    ]
    made = work / "made.docx"
    nodes.convert(json.dumps(whole), "docx", "json", options, into=str(made), epoch=document.epoch)
    _finish(made, path)


def api_version() -> list[int]:
    """Return the version of pandoc's document."""
    return list(json.loads(nodes.convert("", "json", "markdown"))["pandoc-api-version"])


def picture_of(svg: str, work: Path) -> bytes:
    """Return a chart as a picture: older Word shows no SVG."""
    (work / "chart.svg").write_text(svg, encoding="utf-8")
    source = b'#set page(width: auto, height: auto, margin: 0pt)\n#image("chart.svg")'
    made: Any = typst.compile(source, root=str(work), format="png", ppi=PICTURE_PPI, ignore_system_fonts=True)
    return bytes(made if isinstance(made, bytes) else made[0])


def _write_reference(path: Path, language: str) -> None:
    """Write the styles: pandoc's own document with the fonts and colours of the reports."""
    import subprocess

    original = subprocess.run(
        [pypandoc.get_pandoc_path(), "--print-default-data-file", "reference.docx"], capture_output=True, check=True
    ).stdout
    with zipfile.ZipFile(io.BytesIO(original)) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name).decode("utf-8")
            add_file(target, name, [_styles(content, language) if name == "word/styles.xml" else content])


def _style(name: str, title: str, size: int, *, color: str = "000000", bold: bool = False, extra: str = "") -> str:
    """Return a paragraph style."""
    weight = "<w:b/>" if bold else ""
    return (
        f'<w:style w:type="paragraph" w:customStyle="1" w:styleId="{name}"><w:name w:val="{title}"/><w:basedOn w:val="Normal"/>'
        f'<w:qFormat/><w:pPr><w:spacing w:before="20" w:after="20"/>{extra}</w:pPr>'
        f'<w:rPr>{_FONT}{weight}<w:color w:val="{color}"/><w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr></w:style>'
    )


def _styles(content: str, language: str) -> str:
    content = re.sub(r"<w:rFonts[^>]*/>", _FONT, content)
    content = re.sub(r'w:lang w:val="[^"]*"', f'w:lang w:val="{LOCALE[language]}"', content)
    content = re.sub(r'(<w:color w:val=")[0-9A-F]{6}("[^>]*/>)', rf"\g<1>{DARK}\2", content)
    content = re.sub(r'<w:style [^>]*w:styleId="Table">.*?</w:style>', "", content, flags=re.DOTALL)
    content = re.sub(r'<w:style [^>]*w:styleId="(Compact|TableCaption|ImageCaption)">.*?</w:style>', "", content, flags=re.DOTALL)
    added = [
        _style("Compact", "Compact", 18),
        _style("TableCaption", "Table Caption", 20, bold=True, extra='<w:keepNext/>'),
        _style("ImageCaption", "Image Caption", 20, bold=True),
        _style("Tabellnote", "Tabellnote", 16, color=QUIET),
        _style("Utgave", "Utgave", 20, color=QUIET),
        _TABLE_STYLE,
    ]
    return content.replace("</w:styles>", "".join(added).replace("\n", "") + "</w:styles>")


def _finish(made: Path, path: Path) -> None:
    """Write the document again with row heads, rows that stay whole, and no clock."""
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/document.xml":
                text = content.decode("utf-8")
                text = text.replace('w:firstColumn="0"', 'w:firstColumn="1"')
                # A row does not break over pages.
                text = re.sub(r"<w:tr>(?!<w:trPr>)", "<w:tr><w:trPr><w:cantSplit/></w:trPr>", text)
                text = text.replace("<w:trPr><w:tblHeader", "<w:trPr><w:cantSplit/><w:tblHeader")
                content = text.encode("utf-8")
            with target.open(name, "w") as file:
                file.write(content)
