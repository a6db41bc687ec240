"""How PX writes one keyword: two languages, quotation marks, and lines that PC-Axis can read.

Belongs here: what holds for any keyword. Does not belong here: which keywords a file has, or their contents (``px``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from orchestration.core.tables import Label

# The longest line that PC-Axis reads.
LINE_LENGTH = 256

QUOTE = '"'

# The two languages of a file: the attribute of a label and what a keyword adds. The first is the file's own.
LANGUAGES = (("nb", ""), ("en", "[en]"))


def time_of(moment: datetime) -> str:
    """Return a moment as PX writes it: wall time, to the minute."""
    return f"{moment:%Y%m%d %H:%M}"


def enumerated(texts: Sequence[Label]) -> Label:
    """Return texts as one, with commas between them."""
    return Label(nb=", ".join(text.nb for text in texts), en=", ".join(text.en for text in texts))


def paragraphs(texts: Sequence[Label]) -> Label:
    """Return texts as paragraphs of a note; PX writes a new line as ``#``."""
    return Label(nb="##".join(_clean(text.nb) for text in texts), en="##".join(_clean(text.en) for text in texts))


def quotable(label: Label) -> Label:
    """Return a label on one line without quotation marks, which PX cannot escape."""
    return Label(nb=_clean(label.nb), en=_clean(label.en))


def _clean(text: str) -> str:
    return " ".join(text.replace(QUOTE, "'").split())


def once(keyword: str, value: str, *keys: Label) -> Iterator[str]:
    """Yield a keyword whose text does not depend on the language; keys are those of the file's own language."""
    language, tag = LANGUAGES[0]
    yield f'{_head(keyword, tag, language, keys)}"{_clean(value)}";\n'


def plain_lines(keyword: str, value: str, *keys: Label) -> Iterator[str]:
    """Yield a keyword whose value is not a text; in both languages where its keys are texts."""
    for language, tag in LANGUAGES if keys else LANGUAGES[:1]:
        yield f"{_head(keyword, tag, language, keys)}{value};\n"


def text_lines(keyword: str, text: Label, *keys: Label) -> Iterator[str]:
    """Yield a keyword with a text in both languages. A long one is cut into lines, which readers join again."""
    for language, tag in LANGUAGES:
        head, rest = _head(keyword, tag, language, keys), _clean(getattr(text, language))
        if len(head) + len(rest) + 3 <= LINE_LENGTH:
            yield f'{head}"{rest}";\n'
            continue
        yield f"{head}\n"
        while len(rest) + 3 > LINE_LENGTH:
            cut = rest.rfind(" ", 0, LINE_LENGTH - 3) + 1 or LINE_LENGTH - 3
            yield f'"{rest[:cut]}"\n'
            rest = rest[cut:]
        yield f'"{rest}";\n'


def list_lines(keyword: str, texts: Sequence[Label], *keys: Label, first: str = "") -> Iterator[str]:
    """Yield a keyword with a list of texts in both languages, cut between two of them."""
    for language, tag in LANGUAGES:
        line = _head(keyword, tag, language, keys) + first
        for place, text in enumerate(texts, start=1):
            item = f'"{_clean(getattr(text, language))}"{"," if place < len(texts) else ";"}'
            if len(line) + len(item) > LINE_LENGTH:
                yield f"{line}\n"
                line = ""
            line += item
        yield f"{line}\n"


def _head(keyword: str, tag: str, language: str, keys: Sequence[Label]) -> str:
    """Return a keyword with its language and what it is about."""
    about = ",".join(f'"{_clean(getattr(key, language))}"' for key in keys)
    return f"{keyword}{tag}{f'({about})' if keys else ''}="
