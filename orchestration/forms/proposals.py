"""Proposals for the form of a delivery that no form describes yet, from the texts of its columns.

Belongs here: recognising codes inside texts, boxes, several options in a cell, signs for blank and for no answer, several
rows of a unit. A proposal changes nothing: it says what was seen, with lines that a person may take over. Does not belong
here: reading files (``ingest.headers``) and writing the draft (``forms.draft``).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import yaml

from orchestration.forms.model import NumberSpec, TickSpec, UnitSpec, code_text, header, tick_text

Texts = Mapping[str, int]
"""The non-blank texts of a column, each with its number of cells."""

_DIGITS = re.compile(r"[0-9]+")
_SEVERAL_CODES = re.compile(r"\D*[0-9]{3,4}(?:(?:[^a-zæøå0-9]|og|samt|and)+[0-9]{3,4})+\D*", re.IGNORECASE)
_CODE = "([0-9]{4})"
_NUMBER_ALONE = "([0-9]+)"
_DASHES = re.compile(r"[\u2010-\u2015\u2212\ufe58\ufe63\uff0d-]+")
_DECIMAL = re.compile(r"[0-9]*,[0-9]+")
# Signs of official tables: no answer, not for publication, too few.
_SIGNS = re.compile(r"[.:*/?]+|[<>\u2264\u2265] ?[0-9]+")
_PAIRS = (("ja", "nei"), ("yes", "no"), ("true", "false"), ("sann", "usann"), ("1", "0"), ("1", "2"))
"""Pairs of texts in boxes: ticked, and not ticked."""
SEPARATORS = (";", "\n", "|", ",", "/")
_MOST_OPTIONS = 40
_LONGEST_OPTION = 200
_SHOWN = 40
_MOST_SIGNS = 8
# Most and longest texts of boxes to report; columns beyond this are not boxes filled in another way.
_MOST_BOX_TEXTS = 6
_LONGEST_BOX = 20


@dataclass(frozen=True)
class Proposal:
    """What was seen in a delivered file, and the statement that it suggests.

    Attributes:
        place: the part of the form that it concerns; ``columns`` is columns.csv with options.csv.
        seen: what was seen, and under what condition the lines are right.
        lines: lines of form.yml, as they would be written there.
    """

    place: Literal["sheets", "numbers", "ticks", "columns"]
    seen: str
    lines: tuple[str, ...] = ()


def _shown(text: str) -> str:
    """Return the beginning of a cell's text, in quotes and on one line."""
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def _cells(name: str, texts: Sequence[str], among: Texts, predicate: str) -> str:
    """Describe how many cells of a column have a property, with an example."""
    count = sum(among[text] for text in texts)
    return f"{count} of {sum(among.values())} cells of {name} {predicate}, such as {_shown(texts[0])}"


def _flow(key: str, texts: Sequence[str]) -> str:
    """Return a line of YAML with a list of texts."""
    listed = yaml.safe_dump(list(texts), default_flow_style=True, allow_unicode=True, width=10_000).strip()
    return f"{key}: {listed}"


# --- Units -----------------------------------------------------------------------------------------------------------------


def of_unit_codes(name: str, texts: Texts, unit: UnitSpec) -> list[Proposal]:
    """Return proposals on the column of the units' codes: codes inside texts, only names, several codes in a cell.

    Args:
        name: the column's header.
        texts: its texts, without those of rows that are not data.
        unit: the last form's statement about units.
    """
    pattern = re.compile(unit.code_pattern or "^[0-9]+")
    several = [text for text in texts if _SEVERAL_CODES.fullmatch(text) and len(set(_long_numbers(text))) > 1]
    unread = [text for text in texts if text not in several and not pattern.search(text.strip())]
    inside = [text for text in unread if _long_numbers(text)]
    without = [text for text in unread if not _DIGITS.search(text)]
    found = []
    if inside:
        proposed = _code_pattern([text for text in texts if text not in several and _DIGITS.search(text)])
        seen = _cells(name, inside, texts, "have the code inside a text")
        if proposed is None:
            seen += "; no pattern was found that fits all of them: state one as unit.code_pattern (docs/run/form-folders.md)"
        else:
            seen += "; state under unit, if this finds the right digits in all of them:"
        found.append(Proposal("sheets", seen, (f'code_pattern: "{proposed}"',) if proposed else ()))
    if without and len(without) == len(texts):
        seen = f"{name} has names and no codes; to look units up by their names, state no code, but under unit:"
        found.append(Proposal("sheets", seen, (_flow("name", [name]),)))
    elif without:
        seen = _cells(name, without, texts, "have no code")
        found.append(Proposal("sheets", f"{seen}: they will be rejected (no_unit), unless rows_not_data names them"))
    if several:
        seen = _cells(name, several, texts, "name several units")
        found.append(Proposal("sheets", f"{seen}: they will be rejected (several_units); ask for their answers divided"))
    return found


def _long_numbers(text: str) -> list[str]:
    """Return the numbers in a text that may be codes of units; a lost leading zero leaves three digits."""
    return [digits for digits in _DIGITS.findall(text) if len(digits) >= 3]


def _code_pattern(texts: Collection[str]) -> str | None:
    """Return a pattern that finds the only number in each text that may be a code."""
    long = [_long_numbers(text) for text in texts]
    if not all(len(set(numbers)) == 1 for numbers in long):
        return None
    if all(len(numbers[0]) == 4 for numbers in long):
        return _CODE
    return _NUMBER_ALONE if all(_DIGITS.findall(text)[0] in _long_numbers(text) for text in texts) else None


def of_rows(units: Mapping[int, str]) -> list[Proposal]:
    """Return a proposal where units have several rows, and no date decides which one counts.

    Args:
        units: the code or name of the unit of each row of data, by row number.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, text in units.items():
        digits = re.match(r"0*([0-9]+)", text)
        rows[digits[1] if digits else header(text).casefold()].append(row)
    several = [each for each in rows.values() if len(each) > 1]
    if not several:
        return []
    first = several[0]
    where = ", ".join(map(str, first[:3])) + (" ..." if len(first) > 3 else "")
    seen = (
        f"{len(several)} of {len(rows)} units have several rows, such as {_shown(units[first[0]])} (rows {where}); "
        "without a date none of them counts if they differ; if they are parts of the unit, state, or name in when of "
        "columns.csv what each row is about:"
    )
    return [Proposal("sheets", seen, ("rows: sum",))]


# --- Answers ---------------------------------------------------------------------------------------------------------------


def of_numbers(columns: Mapping[str, Texts], stated: NumberSpec) -> list[Proposal]:
    """Return proposals on dashes and signs in columns of numbers that the last form does not know.

    Args:
        columns: the texts of each column of type number, by header.
        stated: the last form's statement about numbers.
    """
    known = {header(text) for text in (*stated.missing, *stated.nil, "-")}
    counts: Counter[str] = Counter()
    where: dict[str, str] = {}
    for name, texts in columns.items():
        for text, count in texts.items():
            plain = header(text)
            if plain not in known and (_DASHES.fullmatch(plain) or _SIGNS.fullmatch(plain)):
                counts[plain] += count
                where.setdefault(plain, name)
    found = []
    dashes = [text for text in counts if _DASHES.fullmatch(text)]
    signs = [text for text in counts if text not in dashes]
    for key, texts_of_key, meaning in (
        ("nil", dashes, "means a blank, as a hyphen does"),
        ("missing", signs, 'means "no answer"'),
    ):
        if texts_of_key and len(texts_of_key) <= _MOST_SIGNS:
            examples = ", ".join(
                f"{_shown(text)} ({counts[text]} cells, first column {where[text]})" for text in texts_of_key
            )
            seen = f"columns of numbers hold {examples}; state under numbers what {meaning}, by the code book:"
            found.append(Proposal("numbers", seen, (_flow(key, [*getattr(stated, key), *texts_of_key]),)))
    return found


def of_boxes(columns: Mapping[str, Texts], ticks: Mapping[str, TickSpec], usual: TickSpec) -> list[Proposal]:
    """Return proposals on texts in boxes that are neither ticked nor not ticked by the last form.

    Args:
        columns: the texts of each column of type tick, by header.
        ticks: what is ticked and not in each of them, by the last form.
        usual: what is ticked and not where a column says nothing.
    """
    unknown: dict[str, list[str]] = defaultdict(list)
    delivered: dict[str, str] = {}
    for name, texts in columns.items():
        known = {tick_text(each) for each in (*ticks[name].ticked, *ticks[name].not_ticked)}
        for text in texts:
            plain = tick_text(text)
            # Free text is not repeated in a form; the cell will be rejected and reported.
            if plain and plain not in known and len(plain) <= _LONGEST_BOX and name not in unknown[plain]:
                unknown[plain].append(name)
                delivered.setdefault(plain, text.strip())
    if not 0 < len(unknown) <= _MOST_BOX_TEXTS:
        return []
    every = {tick_text(text) for texts in columns.values() for text in texts}
    ticked, not_ticked = _pair(every, unknown)
    lines: tuple[str, ...] = ()
    if ticked | not_ticked:
        lines = (
            "ticks:",
            "  " + _flow("ticked", [*usual.ticked, *(delivered[text] for text in sorted(ticked))]),
            "  " + _flow("not_ticked", [*usual.not_ticked, *(delivered[text] for text in sorted(not_ticked))]),
        )
    examples = [
        f"{_shown(delivered[text])} is in boxes of {names[0]}"
        + (f" and of {len(names) - 1} more column{'s' if len(names) > 2 else ''}" if len(names) > 1 else "")
        for text, names in sorted(unknown.items())
    ]
    seen = (
        f"{', '.join(examples)}, and last year's form does not know whether it is a tick: state ticks in form.yml, or "
        "ticked and not_ticked in columns.csv, as the code book has it"
    )
    return [Proposal("ticks", seen, lines)]


def _pair(every: Collection[str], unknown: Collection[str]) -> tuple[set[str], set[str]]:
    """Return which of the unknown texts of boxes are ticked and not ticked, by a pair that covers all texts."""
    for yes, no in _PAIRS:
        if {yes, no} & set(unknown) and set(every) <= {yes, no}:
            return {yes} & set(unknown), {no} & set(unknown)
    return set(), set()


def separator_of(texts: Texts, codes: Collection[str] = ()) -> str | None:
    """Return the probable separator between several chosen options in the cells of a column, or None.

    Args:
        texts: the column's texts.
        codes: the codes of its options, if it has any: all that stands between separators is one of them then. Without
            them most of it is in other cells too.
    """
    known = {code_text(header(code)) for code in codes}
    # An option may contain the separator of others.
    unknown = [text for text in texts if code_text(header(text)) not in known]
    for separator in SEPARATORS:
        split = [[code_text(header(part)) for part in text.split(separator) if part.strip()] for text in unknown]
        several = [parts for parts in split if len(parts) > 1]
        if several and (known.issuperset(*several) if known else _are_options(texts, separator, split, several)):
            return separator
    return None


def _are_options(texts: Texts, separator: str, split: Sequence[Sequence[str]], several: Sequence[Sequence[str]]) -> bool:
    """Whether the parts between separators are options, not free text, numbers or dates."""
    decimals = sum(separator == "," and _DECIMAL.fullmatch(text.strip()) is not None for text in texts)
    if separator == "/" or 2 * decimals >= len(several):
        return False
    in_cells = Counter(part for parts in split for part in set(parts))
    options = set().union(*several)
    return (
        len(options) <= _MOST_OPTIONS
        and all(len(part) <= _LONGEST_OPTION for part in options)
        and all(len(set(parts)) == len(parts) for parts in several)
        and 2 * sum(in_cells[part] > 1 for part in options) >= len(options)
    )


def of_options(columns: Mapping[str, Texts], codes: Mapping[str, Collection[str]]) -> list[Proposal]:
    """Return proposals on columns of one option per cell that hold several.

    Args:
        columns: the texts of each column of type code, by header.
        codes: the codes of its options, by the last form.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for name, texts in columns.items():
        separator = separator_of(texts, codes[name])
        if separator is not None:
            names[separator].append(name)
    return [
        Proposal(
            "columns",
            f"cells of {', '.join(each[:3])}{' ...' if len(each) > 3 else ''} hold several options, and last year one; "
            f"type codes with separator {_separator(separator)} in columns.csv reads them, if several may be chosen",
        )
        for separator, each in names.items()
    ]


def _separator(separator: str) -> str:
    return "newline" if separator == "\n" else separator


def of_new_column(texts: Texts) -> str:
    """Describe what a column that the last form lacks may be: a question, boxes, several options; else nothing."""
    plain = {tick_text(text) for text in texts}
    for yes, no in _PAIRS:
        # Numbers are boxes only if both occur: a column of numbers may well hold only 0.
        if yes in plain and plain <= {yes, no} and (no in plain or not yes.isdigit()):
            there = " and ".join(sorted({_shown(text.strip()) for text in texts}))
            return f"its cells are {there}: a question (type code), or boxes (type tick, ticked {yes}, not_ticked {no})?"
    separator = separator_of(texts)
    if separator is not None:
        return f"its cells hold several options: type codes, separator {_separator(separator)}?"
    return ""
