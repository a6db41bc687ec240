"""The word that a misspelt one was meant to be.

Belongs here: guessing one of the words that there are. Does not belong here: the error that it stands in.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_GUESSES = 4


def suggest(name: str, there: Iterable[str]) -> str:
    """Return a guess at what a misspelt name should be, as the end of a sentence."""
    names = sorted(there)
    guess = difflib.get_close_matches(name, names, n=1)
    if guess:
        return f"; nearest is {guess[0]!r}"
    # A word that is a part of others is what somebody remembers of them.
    parts = [each for each in names if name and name in each][:MOST_GUESSES]
    return f"; there are {', '.join(map(repr, parts))}" if parts else ""
