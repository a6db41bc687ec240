"""Which units lie in which groups, as the tables of zeros and ones that protection and attack compute with.

Belongs here: that lookup alone. Does not belong here: which groups there are, or what is done with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray


class Members:
    """The units of every group, by number: thousands of groups of thousands of units are looked up in no loop over both."""

    def __init__(self, names: Iterable[str], units: pa.ChunkedArray) -> None:
        """Number the units of groups.

        Args:
            names: the names of the groups; of a name that comes again, the units must be the same.
            units: the list of units of each.
        """
        lists = units.combine_chunks()
        coded = lists.flatten().dictionary_encode()
        texts = coded.dictionary.to_numpy(zero_copy_only=False)
        order = np.argsort(texts)
        self._units = pd.Index(texts[order], dtype=object)
        numbers = np.empty(len(order), dtype=np.int32)
        numbers[order] = np.arange(len(order), dtype=np.int32)
        places = numbers[coded.indices.to_numpy()]
        lengths = lists.value_lengths().to_numpy()
        ends = np.cumsum(lengths)
        bounds = zip((ends - lengths).tolist(), ends.tolist(), strict=True)
        self._places = {name: places[slice(*each)] for name, each in zip(names, bounds, strict=True)}

    def __contains__(self, name: object) -> bool:
        """Return whether the units of a group are known."""
        return name in self._places

    def units(self, names: Iterable[str]) -> set[str]:
        """Return the units that lie in any of some groups."""
        places = np.unique(np.concatenate([np.empty(0, dtype=np.int32), *(self._places[name] for name in set(names))]))
        return set(self._units[places])

    def within(self, names: Iterable[str], whole: str) -> list[str]:
        """Return those of some groups all of whose units lie in one."""
        is_inside = np.zeros(len(self._units), dtype=bool)
        is_inside[self._places[whole]] = True
        return [name for name in names if is_inside[self._places[name]].all()]

    def incidence(self, units: Sequence[str], names: Sequence[str]) -> NDArray[np.bool_]:
        """Return units by groups: whether the unit lies in the group.

        Raises:
            KeyError: the units of a group are not known.
        """
        # The last column is for units that lie in no group at all: they have the number -1.
        held = np.zeros((len(names), len(self._units) + 1), dtype=bool)
        for row, name in enumerate(names):
            held[row, self._places[name]] = True
        result: NDArray[np.bool_] = held[:, self._units.get_indexer(pd.Index(units, dtype=object))].T
        return result
