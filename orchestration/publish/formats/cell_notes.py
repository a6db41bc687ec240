"""The notes on single rows of a cube, as the fewest notes that say exactly the same.

A format with cell notes lets a note apply to all codes of a dimension. Rows that share a note often are all rows of a year,
an area or a category: one note stands for them, and a note for a single row is the exception. Belongs here: finding these
notes. Does not belong here: their words, or how a format writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from orchestration.publish.axes import cells_of
from orchestration.publish.formats.cube import DenseCube
from orchestration.publish.remarks import NOTE_COLUMN, REASON_COLUMN, SEPARATOR

# The columns with notes on a row, in the order of the notes.
SAYING_COLUMNS = (REASON_COLUMN, NOTE_COLUMN)


@dataclass(frozen=True)
class CellNote:
    """A code of a column that applies to cells; ``codes`` has one code per dimension, None for all of its codes."""

    codes: tuple[str | None, ...]
    column: str
    remark: str


def find_cell_notes(cube: DenseCube) -> list[CellNote]:
    """Return the reasons for absence and the notes of all rows of a cube, of which ``rows`` has these columns.

    A note applies to a row exactly if it covers it. It may also cover combinations of codes without a row in the table.
    """
    groups = _Groups(cube)
    return [
        CellNote(codes, column, remark)
        for column in SAYING_COLUMNS
        if column in cube.rows.column_names
        for remark, has_it in _codes_in_column(cube, column)
        for codes in groups.covering(has_it)
    ]


def _codes_in_column(cube: DenseCube, column: str) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Yield each code of a column, and of each row whether it has it."""
    encoded = cube.rows.column(column).combine_chunks().dictionary_encode(null_encoding="encode")
    numbers, texts = encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()
    codes = [set((text or "").split(SEPARATOR)) for text in texts]
    for remark in sorted({code for each in codes for code in each if code.strip()}):
        yield remark, np.isin(numbers, [place for place, each in enumerate(codes) if remark in each])


class _Groups:
    """The rows of a cube by their codes in some of its dimensions."""

    def __init__(self, cube: DenseCube) -> None:
        self._cube = cube
        axes = range(len(cube.axes))
        # From all rows to single ones: a general note comes before those that say the same about fewer rows.
        self._kept = [kept for count in range(len(axes) + 1) for kept in combinations(axes, count)]
        self._found: dict[tuple[int, ...], tuple[NDArray[np.int64], NDArray[np.int64]]] = {}

    def _of(self, kept: tuple[int, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the group of each row, and the number of rows of each group."""
        if kept not in self._found:
            if kept:
                lengths = [len(self._cube.axes[axis].codes) for axis in kept]
                groups = cells_of([self._cube.positions[axis] for axis in kept], lengths)
            else:
                groups = np.zeros(len(self._cube.rows), dtype=np.int64)
            self._found[kept] = (groups, np.bincount(groups))
        return self._found[kept]

    def covering(self, has_it: NDArray[np.bool_]) -> Iterator[tuple[str | None, ...]]:
        """Yield the codes of notes that cover the given rows and no others."""
        left = np.flatnonzero(has_it)
        for kept in self._kept:
            if not len(left):
                return
            groups, rows = self._of(kept)
            is_whole = np.bincount(groups[has_it], minlength=len(rows)) == rows
            is_covered = is_whole[groups[left]]
            _, first = np.unique(groups[left[is_covered]], return_index=True)
            for row in left[is_covered][first].tolist():
                yield tuple(
                    axis.codes[self._cube.positions[place][row]] if place in kept else None
                    for place, axis in enumerate(self._cube.axes)
                )
            left = left[~is_covered]
