"""Letters in the form in which they are compared, whatever program wrote them.

Belongs here: invisible differences between texts: a letter as one character or as two (å typed on a Mac is a and a ring),
and marks without width. All texts of deliveries and forms pass through here once, when they are read. Does not belong here:
visible differences, such as blanks and case, and what a text means.
"""

from __future__ import annotations

import re
import unicodedata

UNSEEN = "[\u00ad\u200b-\u200e\u2060\u202a\u202c\u202d\u2066\u2068\u2069\ufeff]"
"""Characters without width that do not change the order of others: soft hyphen, zero-width blanks and joiners, word joiner,
the marks, embeddings and isolates that go from left to right, and the byte order mark."""
UNSEEN_AT_ENDS = "^[\u200f\u061c]+|[\u200f\u061c]+$"
"""Marks from right to left: between two digits they can change which is seen first, so they are dropped only at the ends."""

_UNSEEN = re.compile(UNSEEN)
_UNSEEN_AT_ENDS = re.compile(UNSEEN_AT_ENDS)


def plain(text: str) -> str:
    """Return a text with each letter as one character and without invisible marks."""
    if text.isascii():
        return text
    return _UNSEEN_AT_ENDS.sub("", _UNSEEN.sub("", unicodedata.normalize("NFC", text)))
