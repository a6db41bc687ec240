"""Charts as SVG, drawn from the grid that is their table: bars, stacked bars, lines over rounds, boxes.

Belongs here: shapes, colours, scales, and the text alternative of a chart. Does not belong here: which numbers a chart shows
(``tables``). Texts are plain text, so that they can be read back from every document. The same grid gives the same bytes.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from decimal import Decimal

from orchestration.core.language import Language, in_language
from orchestration.core.texts import filled, load_groups
from orchestration.report.grid import Grid, GridCell, Round
from orchestration.report.writing import number
from orchestration.site.breaks import stretches

TEXT_GROUPS = load_groups("report", "charts")
TEXTS = TEXT_GROUPS["shown"]

# The palette of the site: groups, and the steps of a scale from one end to the other.
SERIES = ("#0b5e5a", "#c25700", "#3b67b3", "#8a3b8f", "#6b6b00", "#b01e3c", "#4a4a4a", "#007a3d")
SCALE = ("#0b5e5a", "#5fa39f", "#d9d4c3", "#e3a66f", "#c25700", "#8f8f8f", "#5d5d5d")
DARK_STEPS = ("#0b5e5a", "#c25700", "#5d5d5d")
# Dash patterns distinguish lines without colour; the first is solid.
DASHES = ("", "8 3", "2 3", "8 3 2 3")
INK, QUIET, GRID_LINE = "#1b1b1b", "#595959", "#d7d7d7"
WIDTH, LABEL, VALUE, LEGEND = 680, 220, 70, 22
# Heights of charts with lines over the years.
HIGH, LOW = 220, 160
FONT = "Libertinus Serif, Georgia, serif"
SIZE = 13
# A step of a stacked bar that is narrower than this shows no number: it would not fit.
NARROW = 22
# Of a box plot: the number of columns that form the box, the index of the median, and the room below and beside the box.
BOX, MEDIAN, SCALE_ROOM, BESIDE = 5, 2, 22, 110


class Canvas:
    """Shapes of one chart, in their order."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.parts: list[str] = []
        # What a reader finds as text, in order.
        self.texts: list[str] = []

    def text(self, x: float, y: float, text: str, anchor: str = "start", color: str = INK, *, bold: bool = False) -> None:
        """Write a text."""
        self.texts.append(text)
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(
            f'<text x="{x:.2f}" y="{y:.2f}" text-anchor="{anchor}" fill="{color}"{weight}>{html.escape(text)}</text>'
        )

    def rectangle(self, x: float, y: float, width: float, height: float, color: str) -> None:
        """Draw a bar."""
        self.parts.append(
            f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0):.2f}" height="{height:.2f}" fill="{color}"/>'
        )

    def line(self, points: Sequence[tuple[float, float]], color: str, width: float = 2, dash: str = "") -> None:
        """Draw a line through points."""
        path = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"{dashed}/>')

    def dot(self, x: float, y: float, color: str, radius: int = 3) -> None:
        """Draw a point."""
        self.parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{radius}" fill="{color}"/>')

    def svg(self) -> str:
        """Return the chart."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" font-family="{FONT}" font-size="{SIZE}">'
        )
        return (
            "\n".join([head, f'<rect width="{self.width}" height="{self.height}" fill="#ffffff"/>', *self.parts, "</svg>"])
            + "\n"
        )


def draw(grid: Grid, language: Language, *, is_sheet: bool = False) -> Canvas:
    """Return the chart of a grid; lower for a sheet."""
    if grid.declared.kind == "lines":
        return _lines(grid, language, LOW if is_sheet else HIGH)
    if grid.declared.kind == "box":
        return _boxes(grid, language, 20 if is_sheet else 26)
    return {"bars": _bars, "stacked": _stacked}[grid.declared.kind](grid)


def _value(cell: GridCell) -> float | None:
    return None if cell.quantity is None else float(cell.quantity.value / cell.divisor)


def _shown(cell: GridCell) -> str:
    """Return the value of a bar; without one, the reason, or else the sign."""
    return cell.remarks[0].lower() if cell.quantity is None and cell.remarks else cell.text


def _legend(canvas: Canvas, labels: Sequence[str], colors: Sequence[str], dashes: Sequence[str] = ()) -> int:
    """Draw the legend of colours or lines, in as many lines as it takes, and return its height."""
    swatch = 28 if dashes else 12
    x, y = 8.0, 16.0
    for at, (label, color) in enumerate(zip(labels, colors, strict=False)):
        width = swatch + 16 + 7.0 * len(label)
        if x > 8 and x + width > canvas.width:
            x, y = 8.0, y + LEGEND
        if dashes:
            canvas.line([(x, y - 4), (x + swatch, y - 4)], color, dash=dashes[at % len(dashes)])
        else:
            canvas.rectangle(x, y - 10, swatch, 12, color)
        canvas.text(x + swatch + 6, y, label)
        x += width
    return int(y) + 12


def _legend_height(width: int, labels: Sequence[str], dashes: Sequence[str] = ()) -> int:
    return _legend(Canvas(width, 0), labels, SERIES, dashes) if len(labels) > 1 else 8


def _bars(grid: Grid) -> Canvas:
    series = len(grid.column_labels)
    top = _legend_height(WIDTH, grid.column_labels)
    thick = 18 if series == 1 else 15
    step = thick * series + 8
    canvas = Canvas(WIDTH, top + step * len(grid.rows) + 6)
    if series > 1:
        _legend(canvas, grid.column_labels, SERIES)
    values = [_value(cell) for line in grid.cells for cell in line]
    largest = max((value for value in values if value is not None), default=1) or 1
    room = WIDTH - LABEL - VALUE
    for row, (head, line) in enumerate(zip(grid.rows, grid.cells, strict=True)):
        y = top + row * step
        canvas.text(LABEL - 8, y + thick * series / 2 + 5, head.text, "end", bold=head.code == "total")
        for at, cell in enumerate(line):
            value = _value(cell)
            width = room * (value or 0) / largest
            canvas.rectangle(LABEL, y + at * thick, width, thick - 2, SERIES[at % len(SERIES)])
            canvas.text(
                LABEL + width + 6, y + at * thick + thick - 5, _shown(cell), color=INK if value is not None else QUIET
            )
    return canvas


def _stacked(grid: Grid) -> Canvas:
    labels = grid.column_labels
    colors = SCALE if len(labels) > 3 else (SCALE[0], SCALE[2], SCALE[4])
    top = _legend_height(WIDTH, labels)
    canvas = Canvas(WIDTH, top + 34 * len(grid.rows) + 6)
    _legend(canvas, labels, colors)
    room = WIDTH - LABEL - 10
    for row, (head, line) in enumerate(zip(grid.rows, grid.cells, strict=True)):
        y = top + row * 34
        canvas.text(LABEL - 8, y + 18, head.text, "end")
        total = sum(value for value in map(_value, line) if value is not None) or 1
        x = float(LABEL)
        for at, cell in enumerate(line):
            width = room * (_value(cell) or 0) / total
            color = colors[at % len(colors)]
            canvas.rectangle(x, y, width, 26, color)
            if width >= NARROW:
                canvas.text(x + width / 2, y + 18, cell.text, "middle", "#ffffff" if color in DARK_STEPS else INK)
            x += width
    return canvas


def _scale_end(largest: float) -> float:
    """Return a round number at or above the largest value."""
    magnitude = 10.0 ** (len(str(int(largest))) - 1) if largest >= 1 else 1.0
    return next(step * magnitude for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * magnitude >= largest)


# How many steps a scale has that ends with these digits, so that each step is a round number.
_STEPS = {"1": 4, "15": 3, "2": 4, "25": 5, "3": 3, "4": 4, "5": 5, "6": 3, "8": 4}


def _steps(end: float) -> int:
    digits = str(int(end * 100)).rstrip("0")
    return _STEPS[digits]


def _axis_decimals(end: float) -> int:
    return 0 if end >= 8 or end in (4.0,) else 2


def _lines(grid: Grid, language: Language, height: int) -> Canvas:
    top = _legend_height(WIDTH, grid.column_labels, DASHES) + 8
    bottom, left, right = 30, 64, 70
    canvas = Canvas(WIDTH, top + height + bottom)
    if len(grid.column_labels) > 1:
        _legend(canvas, grid.column_labels, SERIES, DASHES)
    values = [_value(cell) for line in grid.cells for cell in line]
    end = _scale_end(max((value for value in values if value is not None), default=1))
    years = [int(head.code) for head in grid.rows]
    first, last = min(years), max(years)
    at_year = {year: left + (WIDTH - left - right) * (year - first) / max(last - first, 1) for year in years}
    steps = _steps(end)
    for share in (step / steps for step in range(steps + 1)):
        y = top + height * (1 - share)
        canvas.line([(left, y), (WIDTH - right, y)], GRID_LINE, 1)
        canvas.text(left - 14, y + 4, number(Decimal(str(end * share)), _axis_decimals(end), language), "end", QUIET)
    for row in sorted(grid.breaks_before):
        x = (at_year[years[row - 1]] + at_year[years[row]]) / 2
        canvas.line([(x, top - 4), (x, top + height)], QUIET, 1.2, "4 3")
    for year in years:
        canvas.text(at_year[year], top + height + 20, str(year), "middle", QUIET)
    ends: list[tuple[float, float, str, str]] = []
    for at in range(len(grid.column_labels)):
        color = SERIES[at % len(SERIES)]
        # A line crosses neither a missing year nor a break.
        points = [(row, year, _value(grid.cells[row][at])) for row, year in enumerate(years)]
        value_of = {year: value for _, year, value in points if value is not None}
        for stretch in stretches(list(value_of), [years[row] for row in grid.breaks_before]):
            drawn = [(at_year[year], top + height * (1 - value_of[year] / end)) for year in stretch]
            canvas.line(drawn, color, dash=DASHES[at % len(DASHES)])
            for x, y in drawn:
                canvas.dot(x, y, color)
        shown = [(year, row) for row, year, value in points if value is not None]
        if shown:
            year, row = shown[-1]
            y = top + height * (1 - (_value(grid.cells[row][at]) or 0) / end) + 4
            ends.append((y, at_year[year] + 8, grid.cells[row][at].text, color))
    # The last values beside their lines, from the bottom up, without overlaps.
    under = float(canvas.height)
    for y, x, text, color in sorted(ends, reverse=True):
        under = min(y, under - 14)
        canvas.text(x, under, text, color=color)
    return canvas


def _boxes(grid: Grid, language: Language, step: int) -> Canvas:
    """Draw boxes: the columns are lower whisker, lower quartile, median, upper quartile, upper whisker.

    Two more columns may give the number of municipalities with figures, and of all. The area that a sheet is about is a
    point, with a line through the boxes of the others.
    """
    top = 10
    canvas = Canvas(WIDTH, top + step * len(grid.rows) + SCALE_ROOM)
    values = [value for line in grid.cells for cell in line[:BOX] if (value := _value(cell)) is not None]
    end = _scale_end(max(values, default=1))
    room, bottom = WIDTH - LABEL - BESIDE, top + step * len(grid.rows) - 4
    steps = _steps(end)
    for share in (each / steps for each in range(steps + 1)):
        x = LABEL + room * share
        canvas.line([(x, top - 6), (x, bottom)], GRID_LINE, 1)
        canvas.text(x, bottom + 16, number(Decimal(str(end * share)), _axis_decimals(end), language), "middle", QUIET)
    rows = [
        (top + row * step, head, line, [_value(cell) for cell in line[:BOX]])
        for row, (head, line) in enumerate(zip(grid.rows, grid.cells, strict=True))
    ]
    own = max((LABEL + room * (points[MEDIAN] or 0) / end for *_, points in rows if _is_point(points)), default=LABEL)
    for y, head, line, points in rows:
        canvas.text(LABEL - 8, y + 12, head.text, "end", bold=_is_point(points))
        if _is_point(points):
            continue
        if any(value is None for value in points):
            why = _shown(line[MEDIAN]) if line[MEDIAN].remarks else in_language(TEXTS["none"], language)
            # Beside the line of the area's own value, which would cross it.
            canvas.text(own + 9, y + 12, why + _counted(line, language), color=QUIET)
            continue
        low, first, middle, third, high = (LABEL + room * (value or 0) / end for value in points)
        canvas.line([(low, y + 8), (high, y + 8)], INK, 1)
        for x in (low, high):
            canvas.line([(x, y + 4), (x, y + 12)], INK, 1)
        canvas.rectangle(first, y, third - first, 16, SCALE[1])
        canvas.line([(middle, y), (middle, y + 16)], INK, 2)
        canvas.text(high + 6, y + 12, line[MEDIAN].text + _counted(line, language))
    for y, _, line, points in rows:
        if _is_point(points):
            x = LABEL + room * (points[MEDIAN] or 0) / end
            canvas.line([(x, top - 6), (x, bottom)], SERIES[1], 1.5, "5 3")
            canvas.dot(x, y + 8, SERIES[1], 5)
            canvas.text(x + 9, y + 12, line[MEDIAN].text, bold=True)
    return canvas


def _counted(line: Sequence[GridCell], language: Language) -> str:
    """Return how many municipalities have figures, of how many; an empty text if the box plot has no such counts."""
    counts = line[BOX:]
    if len(counts) < 2 or any(cell.quantity is None for cell in counts):
        return ""
    return " " + in_language(filled(TEXTS["counted"], known=counts[0].text, all=counts[1].text), language)


def _is_point(points: Sequence[float | None]) -> bool:
    """Return whether a row of a box plot is a single municipality, which has its own value and no distribution."""
    return points[MEDIAN] is not None and points[0] is None


def _boxes_in_words(grid: Grid, of: Round) -> list[str]:
    """Describe a box plot row by row: the extremes of several areas would not describe a distribution."""
    found = []
    for head, line in zip(grid.rows, grid.cells, strict=True):
        if line[MEDIAN].quantity is None:
            text = filled(TEXTS["no_box"], label=head.text)
        elif _is_point([_value(cell) for cell in line]):
            text = filled(TEXTS["point"], label=head.text, value=line[MEDIAN].text)
        else:
            low, first, middle, third, high = (cell.text for cell in line[:BOX])
            text = filled(TEXTS["box"], label=head.text, low=low, first=first, median=middle, third=third, high=high)
        found.append(of.say(text))
        if counted := _counted(line, of.language):
            found[-1] = f"{found[-1].removesuffix('.')}{counted}."
    return found


def in_words(grid: Grid, of: Round) -> str:
    """Return the text alternative of a chart: its kind, then each series by its extremes, or its first and last year."""
    parts = [of.say(TEXT_GROUPS["kinds"][grid.declared.kind])]
    if grid.declared.kind == "box":
        return " ".join([*parts, *_boxes_in_words(grid, of), of.say(TEXTS["values"])])
    for at, label in enumerate(grid.column_labels):
        found = [
            (cell.quantity.value / cell.divisor, cell.text, head.text)
            for head, line in zip(grid.rows, grid.cells, strict=True)
            if (cell := line[at]).quantity is not None
        ]
        if not found:
            continue
        high = max(found, key=lambda each: (each[0], Decimal(0)))
        low = min(found, key=lambda each: each[0])
        last = found[-1]
        if grid.declared.rows.by == "year":
            first = found[0]
            text = filled(TEXTS["over_years"], label=label, first=first[1], first_at=first[2], last=last[1], last_at=last[2])
        elif len(found) == 1:
            text = filled(TEXTS["single"], label=label, value=high[1], at=high[2])
        else:
            text = filled(TEXTS["extremes"], label=label, high=high[1], high_at=high[2], low=low[1], low_at=low[2])
        parts.append(of.say(text))
    parts.append(of.say(TEXTS["values"]))
    return " ".join(parts)
