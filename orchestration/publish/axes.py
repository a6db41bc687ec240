"""The axes of a cube: codes in their order, and where each row lies. The cubes of the formats and of the pages share it.

Belongs here: what holds for every cube, however it is written. Does not belong here: which dimensions a cube has, how a code
and its label are written, and the contents of cells (``formats.cube`` for JSON-stat and PX, ``site.cubes`` for the pages).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestration.publish.publication_metadata import Code, Release

# A value of a column, as DuckDB gives it.
Value = str | int | float | bool | None
Order = tuple[int, float, str]


def codes_of_level(release: Release, level: Value) -> Mapping[str, Code]:
    """Return the codes, in order, of areas without names of their own: the code list of a level has the level's name."""
    return release.codes.get(str(level), {})


def order_of(code: Value, codes: Collection[str], *, digits_count: bool = False) -> Order:
    """Return the sort key of a code: its place in the code list; codes without one come after them, as they are.

    Args:
        code: a value of a column.
        codes: the code list, in its order.
        digits_count: whether codes of digits are ordered as numbers.
    """
    text = str(code)
    number = code if isinstance(code, int | float) else int(text) if digits_count and text.isdigit() else 0
    return (list(codes).index(text) if text in codes else len(codes), number, text)


def places_of(codes: Sequence[str]) -> dict[str, int]:
    """Return the place of each code on its axis."""
    return {code: place for place, code in enumerate(codes)}


def cells_of(positions: Sequence[NDArray[np.int64]], lengths: Sequence[int]) -> NDArray[np.int64]:
    """Return the cell of each row in row-major order, the last axis moving fastest.

    Args:
        positions: an array for each axis, with the place of each row's code.
        lengths: the number of codes of each axis.
    """
    cells: NDArray[np.int64] = np.ravel_multi_index(tuple(positions), tuple(lengths))
    return cells


def spread(values: Sequence[Any], cells: NDArray[np.int64], size: int, absent: Any) -> list[Any]:
    """Return the values of rows with one element per cell, ``absent`` where there is no row."""
    spread_out = np.full(size, absent, dtype=object)
    spread_out[cells] = values
    return spread_out.tolist()
