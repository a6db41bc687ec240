"""Reading the structure of a Word document: bookmarks, tables, rows of heads, headings, text alternatives."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"


@dataclass
class Word:
    """What was read."""

    spans: dict[str, str] = field(default_factory=dict)
    tables: list[list[list[str]]] = field(default_factory=list)
    head_rows: list[int] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)


def _text(element: ElementTree.Element, *, marks: bool = True) -> str:
    """Return the text of an element, with or without the raised marks of notes."""
    found = []
    for run in element.iter(f"{W}r"):
        raised = run.find(f"{W}rPr/{W}vertAlign")
        if not marks and raised is not None and raised.get(f"{W}val") == "superscript":
            continue
        found += [text.text or "" for text in run.iter(f"{W}t")]
    return "".join(found)


def read(path: Path) -> Word:
    """Return the structure of a document."""
    with zipfile.ZipFile(path) as archive:
        root = ElementTree.fromstring(archive.read("word/document.xml"))
    word = Word()
    opened: dict[str, str] = {}
    for element in root.iter():
        if element.tag == f"{W}bookmarkStart":
            name = element.get(f"{W}name", "")
            opened[element.get(f"{W}id", "")] = name
            word.spans[name] = ""
        elif element.tag == f"{W}bookmarkEnd":
            opened.pop(element.get(f"{W}id", ""), None)
        elif element.tag == f"{W}t":
            for name in opened.values():
                word.spans[name] += element.text or ""
        elif element.tag == DRAWING:
            word.alternatives.append(element.get("descr", ""))
        elif element.tag == f"{W}tbl":
            _read_table(element, word)
        elif element.tag == f"{W}p":
            style = element.find(f"{W}pPr/{W}pStyle")
            if style is not None and style.get(f"{W}val", "").startswith("Heading"):
                word.headings.append(_text(element))
    return word


def _read_table(table: ElementTree.Element, word: Word) -> None:
    heads, rows = 0, []
    for row in table.findall(f"{W}tr"):
        if row.find(f"{W}trPr/{W}tblHeader") is not None:
            heads += 1
            continue
        rows.append([_text(cell, marks=False) for cell in row.findall(f"{W}tc")])
    word.head_rows.append(heads)
    word.tables.append(rows)
