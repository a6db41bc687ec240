"""Workbooks changed at random: figures are read unchanged, refused, or reported.

A figure must not change without a message. Reported are cells with a mark (as a message, or refused unless the form allows
it), and cells whose text is no longer a number (rejected).
"""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.forms.model import Form
from orchestration.ingest.capture import CapturedFile
from orchestration.ingest.delivery_files import read_file

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
STRUCK, RAISED, PERCENT, HIDDEN, DATE, TEXT = range(1, 7)
TIMES = 6
"""How often each way of changing is tried."""

HEADER = ("nr", "kommune", "bolig", "arbeid", "kommentar")
NAMES = {"0101": "Halden", "0104": "Moss", "0105": "Sarpsborg", "0301": "Oslo", "1103": "Stavanger"}


@dataclass
class Cell:
    """A cell as written: the kind of value, the content, and the style."""

    kind: str = ""
    inner: str = ""
    style: int = 0


@dataclass
class Book:
    """A workbook of one sheet that can be changed before it is written."""

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    row_attributes: dict[int, str] = field(default_factory=dict)
    before_data: str = ""
    after_data: str = ""
    changes: list[Callable[[str], str]] = field(default_factory=list)
    """What is done to the text of the sheet's part in the end."""

    def sheet(self) -> str:
        rows = []
        for row, cells in sorted(self.rows.items()):
            written = "".join(
                f'<c r="{chr(64 + column)}{row}"'
                + (f' s="{cell.style}"' if cell.style else "")
                + (f' t="{cell.kind}"' if cell.kind else "")
                + (f">{cell.inner}</c>" if cell.inner else "/>")
                for column, cell in sorted(cells.items())
            )
            attributes = self.row_attributes.get(row, "")
            rows.append(f'<row r="{row}"{attributes}>{written}</row>')
        data = f"{self.before_data}<sheetData>{''.join(rows)}</sheetData>{self.after_data}"
        text = f'<worksheet xmlns="{MAIN}">{data}</worksheet>'
        for change in self.changes:
            text = change(text)
        return text

    def content(self) -> bytes:
        formats = '<numFmts count="1"><numFmt numFmtId="164" formatCode=";;;"/></numFmts>'
        fonts = '<fonts><font/><font><strike/></font><font><vertAlign val="superscript"/></font></fonts>'
        styles = "".join(
            f'<xf numFmtId="{form}" fontId="{font}"/>'
            for form, font in ((0, 0), (0, 1), (0, 2), (9, 0), (164, 0), (14, 0), (49, 0))
        )
        file = BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
            for name, target in (
                ("_rels/.rels", "xl/workbook.xml"),
                ("xl/_rels/workbook.xml.rels", "worksheets/sheet1.xml"),
            ):
                kind = "officeDocument" if name == "_rels/.rels" else "worksheet"
                links = f'<Relationship Id="rId1" Type="{LINKS}/{kind}" Target="{target}"/>'
                if kind == "worksheet":
                    links += f'<Relationship Id="rId2" Type="{LINKS}/styles" Target="styles.xml"/>'
                package.writestr(name, f'<Relationships xmlns="{PACKAGE_LINKS}">{links}</Relationships>')
            sheets = '<sheets><sheet name="Ark" sheetId="1" r:id="rId1"/></sheets>'
            package.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{sheets}</workbook>')
            package.writestr(
                "xl/styles.xml",
                f'<styleSheet xmlns="{MAIN}">{formats}{fonts}<cellXfs>{styles}</cellXfs>'
                "<dxfs><dxf><font><strike/></font></dxf></dxfs></styleSheet>",
            )
            package.writestr("xl/worksheets/sheet1.xml", self.sheet())
        return file.getvalue()


def text_cell(text: str) -> Cell:
    return Cell("inlineStr", f"<is><t>{text}</t></is>")


def number_cell(value: float) -> Cell:
    return Cell("", f"<v>{value}</v>")


def book(rng: random.Random) -> Book:
    rows: dict[int, dict[int, Cell]] = {1: {column: text_cell(name) for column, name in enumerate(HEADER, 1)}}
    for row, (code, name) in enumerate(NAMES.items(), 2):
        rows[row] = {1: text_cell(code), 2: text_cell(name), 5: text_cell("ring Kari")}
        rows[row] |= {column: number_cell(rng.choice((0.5, 1.25, 3, 12.5, 7, 99, 1234.5))) for column in (3, 4)}
    return Book(rows)


FORM = Form.model_validate(
    {
        "form": "survey",
        "survey": "is248",
        "time_period": 2016,
        "collection_year": 2016,
        "delivery": "2016",
        "title": {"nb": "x", "en": "x"},
        "reference_period": {"nb": "x", "en": "x"},
        "origin": "x",
        "licence": "x",
        "constructed": True,
        "non_response": "missing",
        "files": [{"name": "export", "pattern": "export.xlsx", "reader": "xlsx"}],
        "sheets": [{"name": "main", "file": "export", "sheet": "Ark", "unit": {"code": ["nr"], "name": ["kommune"]}}],
        "columns": [
            *({"sheet": "main", "column": name, "use": "identifier"} for name in ("nr", "kommune")),
            *(
                {
                    "sheet": "main",
                    "column": name,
                    "use": "answer",
                    "question": "fte_by_service",
                    "item": name,
                    "target_group": "adults",
                    "reporting_form": "joint",
                    "type": "number",
                    "unit": "fte",
                    "population_asked": "all",
                }
                for name in ("bolig", "arbeid")
            ),
            {"sheet": "main", "column": "kommentar", "use": "ignored", "reason": "respondent_comment"},
        ],
    }
)


def figures(path: Path, content: bytes) -> dict[tuple[str, str], float]:
    """The figures by unit and column, without reported cells: those with a mark, and texts that are not numbers."""
    path.write_bytes(content)
    (read_sheet,) = read_file(FORM, CapturedFile(path, FORM.files[0], "", 0))
    sheet = read_sheet.sheet
    named = {(mark["row_number"], mark["column_number"]) for mark in sheet.marks.to_pylist()}
    units: dict[int, str] = {}
    found: dict[tuple[str, str], float] = {}
    for cell in sheet.cells.to_pylist():
        row, column = cell["row_number"], cell["column_number"]
        name = read_sheet.headers.get(column)
        text = cell["text"].strip()
        # Below a repeated header, everything is reported.
        if row < read_sheet.layout.first_row or row > min(read_sheet.header_again, default=row):
            continue
        if name == "nr" and re.match("[0-9]", text):
            units[row] = text.zfill(4)
        elif name in {"bolig", "arbeid"} and row in units and (row, column) not in named:
            number = text.replace("\u00a0", "").replace(" ", "").replace(",", ".")
            if re.fullmatch(r"[0-9.]+", number):
                assert (units[row], name) not in found, "two figures of a unit"
                found[units[row], name] = float(number)
    return found


# Mutations of a workbook. Each gets the random generator, the workbook, and a row and a column of a figure.

Place = tuple[int, int]
Mutation = Callable[[random.Random, Book, Place], None]


def value(cell: Cell) -> str:
    found = re.search("<v>(.*)</v>", cell.inner)
    assert found
    return found[1]


def hide_row(rng: random.Random, changed: Book, place: Place) -> None:
    changed.row_attributes[place[0]] = rng.choice(
        (' hidden="1"', " hidden='true'", ' ht="0" customHeight="1"', ' hidden = "1"')
    )


def hide_column(rng: random.Random, changed: Book, place: Place) -> None:
    changed.before_data = f'<cols><col min="{place[1]}" max="{place[1] + 1}" hidden="1" width="9"/></cols>'


def style(rng: random.Random, changed: Book, place: Place) -> None:
    changed.rows[place[0]][place[1]].style = rng.choice((STRUCK, RAISED, PERCENT, HIDDEN, DATE, TEXT))


def strike_by_rule(rng: random.Random, changed: Book, place: Place) -> None:
    rule = '<cfRule type="expression" dxfId="0" priority="1"><formula>TRUE</formula></cfRule>'
    changed.after_data = f'<conditionalFormatting sqref="{chr(64 + place[1])}{place[0]}:D9">{rule}</conditionalFormatting>'


def raise_a_part(rng: random.Random, changed: Book, place: Place) -> None:
    cell = changed.rows[place[0]][place[1]]
    font = rng.choice(('<vertAlign val="superscript"/>', '<vertAlign val="subscript"/>', "<strike/>"))
    parts = [f"<r><t>{value(cell)}</t></r>", f"<r><rPr>{font}</rPr><t>{rng.randint(1, 9)}</t></r>"]
    rng.shuffle(parts)
    changed.rows[place[0]][place[1]] = Cell("inlineStr", f"<is>{''.join(parts)}</is>")


def split_into_runs(rng: random.Random, changed: Book, place: Place) -> None:
    cell = changed.rows[place[0]][place[1]]
    runs = "".join(f"<r><rPr><b/></rPr><t>{letter}</t></r>" for letter in value(cell))
    changed.rows[place[0]][place[1]] = Cell("inlineStr", f"<is>{runs}<rPh sb='0' eb='1'><t>9</t></rPh></is>")


def formula(rng: random.Random, changed: Book, place: Place) -> None:
    cell = changed.rows[place[0]][place[1]]
    saved = rng.choice((cell.inner, cell.inner, "", "<v/>", "<v></v>"))
    cell.inner = rng.choice(("<f>SUM(A1:A2)</f>", '<f t="shared" si="0"/>', "<f >1+1</f>")) + saved


def text_of_number(rng: random.Random, changed: Book, place: Place) -> None:
    text = value(changed.rows[place[0]][place[1]])
    written = rng.choice(
        (text, text.replace(".", ","), f" {text} ", f"{text}\u00a0", f"ca {text}", f"{text} %", f"{text}1)")
    )
    changed.rows[place[0]][place[1]] = text_cell(written)


def number_of_code(rng: random.Random, changed: Book, place: Place) -> None:
    for row in range(2, 7):
        code = re.sub("<[^>]*>", "", changed.rows[row][1].inner)
        changed.rows[row][1] = Cell("", f"<v>{int(code)}</v>")


def other_number(rng: random.Random, changed: Book, place: Place) -> None:
    cell = changed.rows[place[0]][place[1]]
    number = float(value(cell))
    cell.inner = f"<v>{rng.choice((f'{number}E0', f'{number:e}', f'{number:.6f}', f' {number} ', f'+{number}'))}</v>"
    cell.kind = rng.choice(("", "n"))


def truth(rng: random.Random, changed: Book, place: Place) -> None:
    changed.rows[place[0]][place[1]] = Cell("b", f"<v>{rng.choice(('0', '1', 'true', 'false', 'False'))}</v>")


def error(rng: random.Random, changed: Book, place: Place) -> None:
    changed.rows[place[0]][place[1]] = Cell("e", f"<v>{rng.choice(('#N/A', '#REF!', '#DIV/0!'))}</v>")


def shift(rng: random.Random, changed: Book, place: Place) -> None:
    """Move rows and columns by inserting blank ones."""
    column = rng.randint(1, 6)
    if rng.random() < 0.5:
        changed.rows = {
            row: {number + (number >= column): cell for number, cell in cells.items()} for row, cells in changed.rows.items()
        }
    else:
        first = rng.randint(1, 6)
        changed.rows = {row + (row >= first): cells for row, cells in changed.rows.items()}


def swap_columns(rng: random.Random, changed: Book, place: Place) -> None:
    order = [1, 2, 3, 4, 5]
    rng.shuffle(order)
    changed.rows = {row: {order[number - 1]: cell for number, cell in cells.items()} for row, cells in changed.rows.items()}


def shuffle_rows(rng: random.Random, changed: Book, place: Place) -> None:
    order = [2, 3, 4, 5, 6]
    rng.shuffle(order)
    changed.rows = {row if row == 1 else order[row - 2]: cells for row, cells in changed.rows.items()}


def second_table(rng: random.Random, changed: Book, place: Place) -> None:
    row = 7 + rng.randint(0, 2)
    if rng.random() < 0.5:
        changed.rows[row] = {1: text_cell("Barn")}
        row += 1
    changed.rows[row] = {column: text_cell(name) for column, name in enumerate(HEADER, 1)}
    for code in NAMES:
        row += 1
        changed.rows[row] = {1: text_cell(code), 2: text_cell(NAMES[code]), 3: number_cell(5), 4: number_cell(6)}


def note(rng: random.Random, changed: Book, place: Place) -> None:
    row, column = rng.choice(((9, 1), (9, 2), (7, 3), (place[0], 7), (1, 7), (9, 5)))
    changed.rows.setdefault(row, {})[column] = text_cell("ring Kari om dette")


def merge(rng: random.Random, changed: Book, place: Place) -> None:
    first, column = rng.randint(1, 5), rng.randint(1, 4)
    area = f"{chr(64 + column)}{first}:{chr(64 + column + rng.randint(0, 1))}{first + rng.randint(0, 2)}"
    changed.after_data = f'<mergeCells><mergeCell ref="{area}"/></mergeCells>'


def format_blank_cells(rng: random.Random, changed: Book, place: Place) -> None:
    row = rng.choice((7, 9, 1_048_576))
    changed.rows[row] = {column: Cell(style=rng.choice((0, STRUCK, PERCENT))) for column in range(1, rng.randint(2, 20))}


def repeat_cell(rng: random.Random, changed: Book, place: Place) -> None:
    address = f"{chr(64 + place[1])}{place[0]}"
    again = f'<c r="{address}"><v>8</v></c>'
    if rng.random() < 0.5:
        changed.changes.append(lambda text: text.replace("</row></sheetData>", f"{again}</row></sheetData>"))
    else:
        changed.changes.append(lambda text: text.replace("</sheetData>", f'<row r="{place[0]}">{again}</row></sheetData>'))


def write_otherwise(rng: random.Random, changed: Book, place: Place) -> None:
    """The same in another XML encoding."""

    def without_references(text: str) -> str:
        return re.sub(r' r="[A-Z]?[0-9]+"', "", text)

    def in_single_quotes(text: str) -> str:
        return text.replace('"', "'")

    def with_prefix(text: str) -> str:
        return re.sub(r"<(/?)", r"<\1x:", text).replace("xmlns=", "xmlns:x=")

    def with_comments(text: str) -> str:
        return text.replace("<row", "<!-- <c><v>7</v></c> --><row").replace("<v>", "<!-- 1 --><v>")

    def with_character_data(text: str) -> str:
        return re.sub("<v>([^<]*)</v>", r"<v><![CDATA[\1]]></v>", text)

    def with_character_references(text: str) -> str:
        return re.sub("<v>([0-9])", lambda found: f"<v>&#{ord(found[1])};", text)

    def with_comment_in_value(text: str) -> str:
        return re.sub("<v>([0-9])", r"<v>\1<!-- 5 -->", text)

    def with_line_breaks(text: str) -> str:
        return text.replace("><", ">\n  <")

    def with_dimension(text: str) -> str:
        return text.replace("<sheetData>", '<dimension ref="A0:B2"/><sheetData>')

    def with_other_attributes_first(text: str) -> str:
        return re.sub(r'<c (r="[A-Z]+[0-9]+")((?: [a-z]="[^"]*")+)', r"<c\2 \1", text)

    ways = (without_references, in_single_quotes, with_prefix, with_comments, with_character_data)
    ways += (with_character_references, with_comment_in_value, with_line_breaks, with_dimension, with_other_attributes_first)
    changed.changes += rng.sample(ways, rng.randint(1, 2))


MUTATIONS: tuple[Mutation, ...] = (
    *(hide_row, hide_column, style, strike_by_rule, raise_a_part, split_into_runs, formula, text_of_number, number_of_code),
    *(other_number, truth, error, shift, swap_columns, shuffle_rows, second_table, note, merge, format_blank_cells),
    *(repeat_cell, write_otherwise, write_otherwise),
)


def mutations(name: str) -> Iterator[tuple[Book, Book]]:
    rng = random.Random(name)
    (way,) = {mutation for mutation in MUTATIONS if mutation.__name__ == name}
    for _ in range(TIMES * [mutation.__name__ for mutation in MUTATIONS].count(name)):
        seed = rng.random()
        place = (rng.randint(2, 6), rng.choice((3, 4)))
        changed = book(random.Random(seed))
        way(rng, changed, place)
        yield book(random.Random(seed)), changed


def test_enough_mutations_are_tried() -> None:
    assert len(MUTATIONS) * TIMES >= 100


@pytest.mark.parametrize("name", dict.fromkeys(mutation.__name__ for mutation in MUTATIONS))
def test_no_figure_changes_without_a_word(tmp_path: Path, name: str) -> None:
    path = tmp_path / "export.xlsx"
    for before, changed in mutations(name):
        expected = figures(path, before.content())
        assert len(expected) == 10
        try:
            found = figures(path, changed.content())
        except UserError as error:
            assert str(error).isprintable()
            continue
        assert found.items() <= expected.items(), changed.sheet()


def test_changed_bytes_are_refused_or_change_nothing(tmp_path: Path) -> None:
    path, rng = tmp_path / "export.xlsx", random.Random("bytes")
    content = book(rng).content()
    expected = figures(path, content)
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        try:
            assert figures(path, bytes(changed)) == expected
        except UserError as error:
            assert str(error).isprintable()
