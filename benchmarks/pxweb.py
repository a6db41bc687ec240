"""Would PxWeb accept the PX files? A second check besides pyaxis, by the rules of PxWeb's own loader.

    .venv/bin/python benchmarks/pxweb.py [folder or file ...]

A folder is a snapshot or a candidate; by default the published snapshot. Prints a line per file with its problems; the exit
code is 1 where PxWeb would refuse a file or drop a part of it.

The rules are those of PCAxis.Core (PXFileParser, PXModelBuilderAdapter.SetMeta and CheckMeta, ContInfo.CheckUnits, PxDate),
reimplemented from their source. An error makes the loader refuse a file ("PX file is corrupted"); a warning marks something
that it drops silently. Where the loader checks only the language that it read last, all languages are checked here.
RECOMMENDED are further keywords that Px.Utils, a library of the same family, requires.

Belongs here: reading a file as the loader does. Does not belong here: code of the writer (``publish.formats.px``).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.core.settings import load_settings
from orchestration.publish.pointer import CURRENT

# Required keywords of the table as a whole: those for all languages, and those for each language.
ONE_MANDATORY = ("MATRIX", "SUBJECT-CODE", "DECIMALS")
EACH_MANDATORY = ("SUBJECT-AREA", "CONTENTS", "UNITS")
# These may be empty; others count as missing when empty.
MAY_BE_EMPTY = ("SUBJECT-AREA", "UNITS")

# For the table, for each variable (PRECISION: for each content with decimals), and for each content.
RECOMMENDED = ("TABLEID", "DESCRIPTION", "CONTVARIABLE", "SOURCE", "CONTACT", "OFFICIAL-STATISTICS", "UPDATE-FREQUENCY")
RECOMMENDED_OF_VARIABLES = ("VARIABLECODE", "VARIABLE-TYPE", "CODES")
RECOMMENDED_OF_CONTENTS = ("UNITS", "CONTACT")

# Keywords about one content have its name as the key.
OF_CONTENTS = (
    "BASEPERIOD", "CFPRICES", "CONTACT", "DAYADJ", "LAST-UPDATED", "REFERENCE-ID", "REFPERIOD", "SEASADJ", "STOCKFA",
    "UNITS",
)  # fmt: skip
OF_VARIABLES = (
    "CODES", "DOMAIN", "DOUBLECOLUMN", "ELIMINATION", "KEYS", "MAP", "PARTITIONED", "PRESTEXT", "TIMEVAL", "VALUES",
    "VARIABLE-TYPE", "VARIABLECODE",
)  # fmt: skip
OF_VALUES = ("PRECISION", "VALUENOTE", "VALUENOTEX")
OF_CELLS = ("CELLNOTE", "CELLNOTEX")
OF_NOTHING_OR_VARIABLES = ("NOTE", "NOTEX")
# The loader refuses a file whose VALUES, CODES or CONTVARIABLE name no variable; it drops other such keywords.
REFUSED_WITHOUT_VARIABLE = ("VALUES", "CODES", "KEYS")

TRUTHS = ("AGGREGALLOWED", "AUTOPEN", "COPYRIGHT", "DESCRIPTIONDEFAULT", "OFFICIAL-STATISTICS")
TIMES = ("CREATION-DATE", "FIRST-PUBLISHED", "LAST-UPDATED", "NEXT-UPDATE")
OF_TABLES = (
    "AXIS-VERSION", "CHARSET", "CODEPAGE", "CONFIDENTIAL", "CONTENTS", "CONTVARIABLE", "DATABASE", "DATASYMBOL1",
    "DATASYMBOL2", "DATASYMBOL3", "DATASYMBOL4", "DATASYMBOL5", "DATASYMBOL6", "DATASYMBOLNIL", "DATASYMBOLSUM", "DECIMALS",
    "DESCRIPTION", "HEADING", "INFO", "INFOFILE", "LANGUAGE", "LANGUAGES", "LINK", "MATRIX", "ROUNDING", "SHOWDECIMALS",
    "SOURCE", "STUB", "SUBJECT-AREA", "SUBJECT-CODE", "SURVEY", "SYNONYMS", "TABLEID", "TITLE", "UPDATE-FREQUENCY", *TRUTHS,
    *TIMES,
)  # fmt: skip

TIME = re.compile(r"(19|20)\d\d(0[1-9]|1[012])(0[1-9]|[12]\d|3[01]) ([01]?\d|2[0-3]):[0-5]?\d")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
SIGN = re.compile(r'"(\.{1,7}|-)"')

HEAD = re.compile(r'\s*([^\s"\[\]();=]+)\s*(?:\[([^\s"\[\]();=]+)\])?\s*(?:\(((?:"[^"]*"|[^")])*)\))?\s*=')
VALUE = re.compile(r'(?:"[^"]*"|[^";])*;')
PIECE = re.compile(r'"[^"]*"|,|[^",\s]+')
EVERY = "*"


class UnreadableError(Exception):
    """An error that ends reading at once."""


@dataclass(frozen=True)
class Entry:
    """A keyword with its language (None for the file's own), its subject, and its values."""

    keyword: str
    language: str | None
    keys: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def shown_name(self) -> str:
        """The name of the entry in a message."""
        language = f"[{self.language}]" if self.language else ""
        keys = f"({', '.join(self.keys)})" if self.keys else ""
        return f"{self.keyword}{language}{keys}"


@dataclass
class Verdict:
    """The problems of a file: errors refuse it, entries with warnings are dropped, recommended keywords are missing."""

    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    @property
    def is_taken(self) -> bool:
        """Whether PxWeb accepts the file with all its entries."""
        return not self.errors and not self.warnings


def decoded(content: bytes) -> str:
    """Return the text, decoded by the code page named in the first lines; without one the loader guesses."""
    head = content[:20_000].decode("latin-1").upper().splitlines()[:100]
    named = next((line for line in head if line.startswith("CODEPAGE=")), None)
    if named is None:
        raise UnreadableError("CODEPAGE is not in the first 100 lines, so the encoding would be guessed")
    try:
        return content.decode(named.partition('"')[2].rpartition('"')[0])
    except (LookupError, UnicodeDecodeError) as error:
        raise UnreadableError(f"is not in the encoding of CODEPAGE: {error}") from error


def entries_of(text: str) -> tuple[list[Entry], str]:
    """Return the keywords before the data, and the cells as one text."""
    found, place = [], 0
    while True:
        head = HEAD.match(text, place)
        if head is None:
            left = text[place : place + 40].strip()
            raise UnreadableError(f"no keyword where one is expected: {left!r}" if left else "DATA is missing")
        keyword, language, about = head.groups()
        if keyword == "DATA":
            cells, end, _ = text[head.end() :].partition(";")
            if not end:
                raise UnreadableError("the data are not terminated")
            return found, cells
        value = VALUE.match(text, head.end())
        if value is None:
            raise UnreadableError(f"{keyword} is not terminated")
        keys = tuple(key[1:-1] for key in PIECE.findall(about or "") if key.startswith('"'))
        found.append(Entry(keyword, language, keys, _values(keyword, value.group()[:-1])))
        place = value.end()


def _values(keyword: str, written: str) -> tuple[str, ...]:
    """Return the values of a keyword; texts without a comma between them are one."""
    values, kinds = [""], set[bool]()
    for piece in PIECE.findall(written):
        if piece == ",":
            values.append("")
            kinds = set()
            continue
        is_text = piece.startswith('"')
        kinds.add(is_text)
        if not is_text and re.search(r"[\[\]=]", piece):
            raise UnreadableError(f"{keyword}: {piece!r} outside of quotation marks")
        if len(kinds) > 1 or (not is_text and keyword != "TIMEVAL" and re.search(r"[-)]", piece)):
            raise UnreadableError(f"{keyword}: {piece!r} mixed with a text")
        values[-1] += piece[1:-1] if is_text else piece
    return tuple(values)


class Loader:
    """Reads the entries of a file in their order, as the loader does."""

    def __init__(self) -> None:
        self.verdict = Verdict()
        self.own: str | None = None
        self.languages: list[str] = []
        self.values_of: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}

    def read(self, entries: Sequence[Entry]) -> None:
        """Read all entries, then check the whole."""
        for entry in entries:
            self._read(entry)
        if self.own is None:
            self.verdict.errors.append("LANGUAGE is missing")
            return
        for language in self.languages:
            self._look(language)
        self._look_for_recommended()

    def text(self, keyword: str, language: str, *keys: str) -> str | None:
        """Return the first value of a keyword in a language."""
        found = self.values_of.get((keyword, language, keys))
        return None if found is None else found[0]

    def variables(self, language: str) -> list[str]:
        """Return the variables, those of the stub first."""
        return [name for keyword in ("STUB", "HEADING") for name in self.values_of.get((keyword, language, ()), ())]

    def values(self, language: str, variable: str) -> tuple[str, ...]:
        """Return the values of a variable."""
        return self.values_of.get(("VALUES", language, (variable,)), ())

    def _read(self, entry: Entry) -> None:
        if entry.keyword == "LANGUAGE":
            self.own = entry.values[0]
            self.languages = [self.own]
        elif entry.keyword == "LANGUAGES":
            self.languages = list(dict.fromkeys((*self.languages, *entry.values)))
        language = entry.language or self.own or ""
        if entry.language is not None and entry.language not in self.languages:
            self.verdict.errors.append(
                f"{entry.shown_name}: reading ends here, since no LANGUAGES before it lists the language"
            )
            return
        key = (entry.keyword, language, entry.keys)
        if key in self.values_of:
            self.verdict.warnings.append(f"{entry.shown_name} occurs twice")
        for what, is_error in self._against(entry, language):
            (self.verdict.errors if is_error else self.verdict.warnings).append(f"{entry.shown_name}: {what}")
        self.values_of[key] = entry.values

    def _against(self, entry: Entry, language: str) -> Iterator[tuple[str, bool]]:
        """Yield the problems of an entry at its position, and whether the file is refused for each."""
        keyword, value = entry.keyword, entry.values[0]
        yield from ((what, False) for what in _malformed(entry))
        if keyword in (*ONE_MANDATORY, *EACH_MANDATORY, "STUB", "HEADING", "VALUES") and not entry.keys[1:]:
            if keyword not in MAY_BE_EMPTY and not all(entry.values):
                yield "is empty", True
            if keyword == "DECIMALS" and not value.isdigit():
                yield "is not a number", True
        if keyword == "CONTVARIABLE" and value not in self.variables(language):
            yield "names no variable", True
        if keyword == "SHOWDECIMALS":
            decimals = self.text("DECIMALS", language) or ""
            if not (value.isdigit() and decimals.isdigit() and int(value) <= min(6, int(decimals))):
                yield "is not a number from 0 to 6 and at most DECIMALS", False
        yield from self._against_keys(entry, language)

    def _against_keys(self, entry: Entry, language: str) -> Iterator[tuple[str, bool]]:
        keyword, keys = entry.keyword, entry.keys
        variables = self.variables(language)
        if keyword in OF_CONTENTS:
            contents = self.text("CONTVARIABLE", language)
            if keys and contents is None:
                yield "there is no CONTVARIABLE before it", True
            elif keys and (len(keys) > 1 or keys[0] not in self.values(language, contents or "")):
                yield "names no content", False
        elif keyword in OF_VARIABLES or (keyword in OF_NOTHING_OR_VARIABLES and keys):
            if len(keys) != 1 or keys[0] not in variables:
                yield "names no variable", keyword in REFUSED_WITHOUT_VARIABLE
            elif keyword == "CODES" and len(entry.values) != len(self.values(language, keys[0])):
                yield "are not as many as VALUES", True
        elif keyword in OF_VALUES:
            if len(keys) != 2 or keys[1] not in self.values(language, keys[0]):
                yield "names no value", False
        elif keyword in OF_CELLS:
            if len(keys) != len(variables) or any(
                key not in (EVERY, *self.values(language, variable)) for key, variable in zip(keys, variables, strict=False)
            ):
                yield "names no cells", False
        elif keyword in (*OF_TABLES, *OF_NOTHING_OR_VARIABLES):
            if keys:
                yield "applies to the table as a whole", False
        else:
            # The loader keeps an unknown keyword once; a second one ends reading.
            yield "is not a keyword", True

    def _look(self, language: str) -> None:
        """Check the whole file in one language."""
        errors, own = self.verdict.errors, self.own or ""
        for keyword in (*ONE_MANDATORY, *EACH_MANDATORY):
            wanted = language if keyword in EACH_MANDATORY else own
            if self.text(keyword, wanted) is None:
                errors.append(f"{keyword}{f'[{language}]' if keyword in EACH_MANDATORY else ''} is missing")
        if not any(self.text(keyword, language) for keyword in ("TITLE", "DESCRIPTION", "CONTENTS")):
            errors.append(f"there is no title in {language}")
        variables = self.variables(language)
        if not variables:
            errors.append(f"there are no variables in {language}")
        if len(set(variables)) < len(variables):
            errors.append(f"two variables have the same name in {language}")
        if len(variables) != len(self.variables(own)):
            errors.append(f"there are other variables in {language}")
            return
        for variable, same in zip(variables, self.variables(own), strict=True):
            values = self.values(language, variable)
            if not values:
                errors.append(f"VALUES[{language}]({variable}) is missing")
            elif len(values) != len(self.values(own, same)):
                errors.append(f"VALUES[{language}]({variable}) differ in number from those in {own}")
            elif len(set(values)) < len(values):
                errors.append(f"VALUES[{language}]({variable}): two have the same name; notes and units apply to the first")
            codes = self.values_of.get(("CODES", language, (variable,)), ())
            if len(set(codes)) < len(codes) or codes != self.values_of.get(("CODES", own, (same,)), ()):
                errors.append(f"CODES[{language}]({variable}): two codes are equal, or the codes differ from those in {own}")

    def _look_for_recommended(self) -> None:
        own, lacking = self.own or "", self.verdict.lacking
        contents = self.text("CONTVARIABLE", own)
        wanted: list[tuple[str, ...]] = [(keyword,) for keyword in RECOMMENDED]
        wanted += [(keyword, name) for keyword in RECOMMENDED_OF_VARIABLES for name in self.variables(own)]
        if contents is not None:
            wanted += [(keyword, name) for keyword in RECOMMENDED_OF_CONTENTS for name in self.values(own, contents)]
        # The time of an update must be where PxWeb looks for it.
        if contents is not None and any(keyword == "LAST-UPDATED" for keyword, *_ in self.values_of):
            wanted += [("LAST-UPDATED",), *(("LAST-UPDATED", name) for name in self.values(own, contents))]
        lacking += [" ".join(each) for each in wanted if self.text(each[0], own, *each[1:]) is None]

    def check_cells(self, text: str) -> None:
        """Check that there are as many cells as combinations, and that each is a number or a sign."""
        cells = text.split()
        size = prod(len(self.values(self.own or "", variable)) for variable in self.variables(self.own or ""))
        if len(cells) != size:
            self.verdict.errors.append(f"DATA has {len(cells)} cells for {size} combinations")
        strange = sorted(cell for cell in set(cells) if not NUMBER.fullmatch(cell) and not SIGN.fullmatch(cell))
        if strange:
            self.verdict.errors.append(f"DATA: {strange[0]!r} is neither a number nor a sign")


def _malformed(entry: Entry) -> Iterator[str]:
    """Yield the required form of a malformed value, which the loader drops."""
    value = entry.values[0]
    if entry.keyword in TRUTHS and value.upper() not in ("YES", "NO"):
        yield "is neither YES nor NO"
    if entry.keyword in TIMES and not TIME.fullmatch(value):
        yield "is not a time such as 20310612 08:00"
    if entry.keyword == "PRECISION" and not value.isdigit():
        yield "is not a number"


def judge(content: bytes) -> Verdict:
    """Return the loader's verdict on a file."""
    loader = Loader()
    try:
        entries, cells = entries_of(decoded(content))
    except UnreadableError as error:
        loader.verdict.errors.append(str(error))
        return loader.verdict
    loader.read(entries)
    loader.check_cells(cells)
    return loader.verdict


def main() -> int:
    """Judge files, or the PX files of a snapshot."""
    given = [Path(each) for each in sys.argv[1:]] or [load_settings().snapshots / CURRENT]
    files = [path for each in given for path in (sorted((each / "px").glob("*.px")) if each.is_dir() else [each])]
    taken = 0
    for path in files:
        verdict = judge(path.read_bytes())
        taken += verdict.is_taken
        print(f"{'taken' if verdict.is_taken else 'REFUSED' if verdict.errors else 'DROPS'}  {path.name}")
        for kind, texts in (("error", verdict.errors), ("warning", verdict.warnings), ("lacks", verdict.lacking)):
            for text in texts[:5]:
                print(f"    {kind}: {text}")
            if len(texts) > 5:
                print(f"    and {len(texts) - 5} more of {kind}")
    print(f"{taken} of {len(files)} files")
    return int(taken < len(files) or not files)


if __name__ == "__main__":
    sys.exit(main())
