"""Which units lie in which groups, as the tables of zeros and ones that protection and attack compute with.

Belongs here: that lookup alone. Does not belong here: which groups there are, or what is done with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class Members:
    """The units of every group, by number: thousands of groups of thousands of units are looked up in no loop over both."""

    def __init__(self, groups: Mapping[str, Collection[str]]) -> None:
        """Number the units of ``groups``, which are units by the name of their group."""
        self._units = pd.Index(sorted({unit for units in groups.values() for unit in units}), dtype=object)
        self._places = {name: self._units.get_indexer(list(units)) for name, units in groups.items()}

    def __contains__(self, name: object) -> bool:
        """Return whether the units of a group are known."""
        return name in self._places

    def units(self, names: Iterable[str]) -> set[str]:
        """Return the units that lie in any of some groups."""
        places = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(self._places[name] for name in set(names))]))
        return set(self._units[places])

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
