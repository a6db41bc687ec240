"""Suggestions for misspelt words.

Belongs here: suggesting one of the known words. Does not belong here: the error that quotes it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_GUESSES = 4


def suggest(name: str, there: Iterable[str]) -> str:
    """Return the known name nearest to a misspelt one, as the end of a sentence."""
    names = sorted(there)
    guess = difflib.get_close_matches(name, names, n=1)
    if guess:
        return f"; nearest is {guess[0]!r}"
    # A word that is part of a known name is probably a half-remembered name.
    parts = [each for each in names if name and name in each][:MOST_GUESSES]
    return f"; there are {', '.join(map(repr, parts))}" if parts else ""
