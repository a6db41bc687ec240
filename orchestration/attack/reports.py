"""What old reports printed about groups of units: the question, group and answer of each printed figure.

Belongs here: reading the public table of printed figures, and matching its words to the codes, labels and names of the other
public tables. A figure is taken only where every word of it is known and its digits are printed. Does not belong here: what
follows from it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from orchestration.attack.connections import opened
from orchestration.attack.public import ANSWERS, COUNTRY, Group
from orchestration.attack.result import TableKey
from orchestration.attack.sheets import ANSWERED
from orchestration.core.errors import UserError

# How print labels the base: not an answer, but the units of which the other figures are a part.
BASE = "base"

_PRINTED = "published_figures"
_PERCENT = "percent"
_COUNTED = ("municipalities", "districts")
_OF_ALL_WHO_ANSWERED = ("respondents_n", "answers")
_COUNTS = ("municipalities", *_OF_ALL_WHO_ANSWERED)
_SHARE = "share_of_municipalities"
# Other figures of units: they are counted as not understood.
_BESIDE = ("coverage", "response_rate", "change_percentage_points")

_TOTALS = ("total", "all")
_ANSWERED = "answered"
_YES = "yes"
_ALL_ROWS = "all"
_LEVELS = ("county", "hf_area", "health_region", "size_group")
# Dimensions for the answer, the base of the figure, and the year in which the form was sent.
_ANSWER, _QUESTION, _OF, _SURVEY = "answer", "question", "base", "survey_year"
_VAGUE = "approx"
# "Ahus-området" and "Helse Sør-Øst" are the areas "Ahus" and "Sør-Øst".
_AREA, _TRUST = "-området", "helse "
_HALF = Fraction(1, 2)


class Column(NamedTuple):
    """Figures that were printed together: those of one measure in one table of one report, with the same base."""

    source: str
    table: str
    measure: str
    part_of: str


@dataclass(frozen=True)
class Figure:
    """A printed figure: how many units of a group gave an answer, or which percentage of them.

    ``parts`` are the groups that the group is made of; ``answer`` is an answer of the table, ``ANSWERED`` for the units that
    answered, or ``BASE`` for those that the other figures of the column are a part of. ``half`` is half of the last printed
    digit of a percentage, and 0 for a number. ``n_base`` is the printed base, or None.
    """

    column: Column
    key: TableKey
    group: Group
    parts: tuple[Group, ...]
    answer: str
    value: Fraction
    is_share: bool
    half: Fraction
    n_base: int | None


@dataclass
class Reports:
    """The printed figures of units: those that could be mapped, and how many of each report and table could not."""

    figures: list[Figure] = field(default_factory=list)
    not_mapped: Counter[tuple[str, str]] = field(default_factory=Counter)
    vague: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Words:
    """What the public tables call things.

    ``codes`` has by code list the code of each code and label, ``questions`` the id of each id and label of a question, by
    the report that calls it so or none, ``tables`` the answers of each row of a question by question and year, ``areas`` the
    code of each name of an area by year and level.
    """

    codes: Mapping[str, Mapping[str, str]]
    questions: Mapping[tuple[str, str], str]
    tables: Mapping[tuple[str, int], Mapping[str, frozenset[str]]]
    areas: Mapping[tuple[int, str], Mapping[str, str]]

    def code(self, codelist: str, text: str) -> str:
        """Return the code that a text is or names; else the text itself."""
        return self.codes.get(codelist, {}).get(text.casefold(), text)

    def question(self, source: str, text: str) -> str:
        """Return the question that a report calls by this text; else the text itself."""
        return self.questions.get((source, text.casefold())) or self.questions.get(("", text.casefold()), text)


def read_reports(database: Path) -> Reports:
    """Read the printed figures that count units.

    Raises:
        UserError: the file has no such table.
    """
    found = Reports()
    try:
        with opened(database) as connection:
            words = _words(connection)
            rows = connection.execute(
                f"""
                select source_id, table_id, measure, unit, dimensions, time_period, value, value_text, decimals, n_base, note
                from {_PRINTED} where unit in (select unnest(?)) or measure in (select unnest(?))
                order by source_id, table_id, measure, cell_key
                """,
                [list(_COUNTED), [_SHARE, *_BESIDE]],
            ).fetchall()
    except duckdb.Error as error:
        raise UserError(
            f"the printed figures cannot be read ({error})", place=str(database), remedy="give the DuckDB file of a snapshot"
        ) from error
    for row in rows:
        source, table, measure, unit, dimensions, period, value, text, decimals, base, note = row
        named = _dimensions(dimensions)
        mapped = _mapped(source, measure, named, period, base, words)
        is_share = unit == _PERCENT
        if mapped is None or value is None:
            found.not_mapped[source, table] += 1
        elif is_share and mapped[3] == BASE:
            # All of them are 100 %.
            continue
        elif _digits(text) != _exact(value) or _VAGUE in (note or "").casefold():
            found.vague[source, table] += 1
        else:
            column = Column(source, table, measure, dict(named).get(_OF, ""))
            half = _HALF / 10 ** (decimals or 0) if is_share else Fraction(0)
            found.figures.append(Figure(column, *mapped, _exact(value), is_share, half, base))
    return found


def _exact(value: float) -> Fraction:
    return Fraction(str(value))


def _digits(text: str | None) -> Fraction | None:
    """Return the number that a printed text shows in digits; None where it is in words."""
    try:
        return Fraction("".join((text or "").split()).removesuffix("%").replace(",", "."))
    except ValueError:
        return None


def _dimensions(text: str) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (part.partition("=") for part in text.split(";"))]


def _mapped(
    source: str, measure: str, dimensions: Sequence[tuple[str, str]], period: int, base: int | None, words: _Words
) -> tuple[TableKey, Group, tuple[Group, ...], str] | None:
    """Return the table, group, parts of the group and answer of a printed figure; None where a word is not known."""
    named = dict(dimensions)
    if len(named) != len(dimensions) or _QUESTION not in named or measure not in (*_COUNTS, _SHARE):
        return None
    if _OF in named and base is None:
        # Whose share it is is said only in words.
        return None
    question = words.question(source, named[_QUESTION])
    if (question, period) not in words.tables and named.get(_SURVEY, "").isdigit():
        period = int(named[_SURVEY])
    levels = [level for level in _LEVELS if level in named]
    place = _place(levels[0], named[levels[0]], period, words) if levels else (_country(), (_country(),))
    if place is None or len(levels) > 1:
        return None
    rest = [
        words.code("item", value) for name, value in dimensions if name not in (_QUESTION, _ANSWER, _OF, _SURVEY, *_LEVELS)
    ]
    answer = words.code("answer", named[_ANSWER]) if _ANSWER in named else None
    if measure in _OF_ALL_WHO_ANSWERED:
        if answer is not None:
            return None
        answer = _ANSWERED
    found = set(_meanings(words.tables.get((question, period), {}), rest, answer))
    if len(found) != 1:
        return None
    item, meant = found.pop()
    return TableKey(ANSWERS, question, item, period), *place, meant


def _meanings(tables: Mapping[str, frozenset[str]], rest: Sequence[str], answer: str | None) -> Iterator[tuple[str, str]]:
    """Return the rows and answers of a question that words can mean: all words but one box make up the row."""
    for item, answers in tables.items():
        if item == ("_".join(rest) or _ALL_ROWS) and answer is not None:
            if answer in answers:
                yield item, answer
            elif answer == _ANSWERED:
                yield item, ANSWERED
            elif answer in _TOTALS:
                yield item, BASE
        # A box that was ticked, by its own name.
        for place in range(len(rest)) if answer in (None, _YES) else ():
            others = [*rest[:place], *rest[place + 1 :]]
            if item == ("_".join(others) or _ALL_ROWS) and rest[place] in answers:
                yield item, rest[place]


def _country() -> Group:
    return Group("country", COUNTRY, "reported")


def _place(level: str, text: str, period: int, words: _Words) -> tuple[Group, tuple[Group, ...]] | None:
    """Return the group that a text names, and the groups that make it up."""
    if text in _TOTALS:
        return _country(), (_country(),)
    if level == "size_group":
        code = words.code(level, text)
        sizes = sorted(set(words.codes.get(level, {}).values()))
        parts = [code] if code in sizes else _sizes_within(code, sizes)
    else:
        code = words.areas.get((period, level), {}).get(_plain(text), text)
        parts = [code] if code in words.areas.get((period, level), {}).values() else []
    if not parts:
        return None
    return Group(level, code, "reported"), tuple(Group(level, part, "reported") for part in parts)


def _sizes_within(code: str, codes: Iterable[str]) -> list[str]:
    """Return the size groups that a wider one (``lt5000``, ``ge20000``) is made of; none where its limits do not match."""
    wanted = _limits(code)
    if wanted is None:
        return []
    known = sorted((limits, own) for own in codes if (limits := _limits(own)) is not None)
    inside = [(limits, own) for limits, own in known if wanted[0] <= limits[0] and limits[1] <= wanted[1]]
    ends = [limits for limits, _ in inside]
    follows = all(one[1] == other[0] for one, other in itertools.pairwise(ends))
    return [own for _, own in inside] if ends and follows and (ends[0][0], ends[-1][1]) == wanted else []


def _limits(code: str) -> tuple[float, float] | None:
    """Return the limits of inhabitants that the code of a size group says."""
    if code.startswith("lt") and code[2:].isdigit():
        return 0, int(code[2:])
    if code.startswith("ge") and code[2:].isdigit():
        return int(code[2:]), float("inf")
    low, _, high = code.partition("_")
    return (int(low), int(high)) if low.isdigit() and high.isdigit() else None


def _plain(name: str) -> str:
    return name.casefold().removesuffix(_AREA).removeprefix(_TRUST).strip()


def _words(connection: duckdb.DuckDBPyConnection) -> _Words:
    """Read codes, labels and names; an ambiguous name is dropped."""
    codes: dict[str, list[tuple[str, str]]] = {}
    for codelist, *texts in connection.sql("select codelist, code, label_nb, label_en from codelists").fetchall():
        codes.setdefault(codelist, []).extend((text, texts[0]) for text in texts if text)
    questions: list[tuple[tuple[str, str], str]] = []
    for question, aliases, *labels in connection.sql(
        "select indicator, aliases, label_nb, label_en from indicators"
    ).fetchall():
        questions += [(("", text.casefold()), question) for text in (question, *labels) if text]
        for alias in (aliases or "").split(";"):
            source, _, text = alias.strip().partition(":")
            questions += [((source, text.casefold()), question)]
    tables: dict[tuple[str, int], dict[str, frozenset[str]]] = {}
    for indicator, item, period, answers in connection.sql(
        f"select indicator, item, time_period, list(distinct answer) from {ANSWERS} group by all"
    ).fetchall():
        tables.setdefault((indicator, period), {})[item] = frozenset(answers)
    areas: dict[tuple[int, str], list[tuple[str, str]]] = {}
    for period, level, code, name in connection.sql(
        f"""
        select distinct time_period, unit_level, unit_code, unit_name from areas
        where area_basis = 'reported' and unit_level in {_LEVELS[:-1]}
        """
    ).fetchall():
        # "Førde (Sogn og Fjordane)" has two names.
        names = {_plain(text.rstrip(")")) for text in (code, *(name or "").split("(")) if text}
        areas.setdefault((period, level), []).extend((text, code) for text in names)
    return _Words(
        codes={codelist: _once((text.casefold(), code) for text, code in pairs) for codelist, pairs in codes.items()},
        questions=_once(questions),
        tables=tables,
        areas={place: _once(pairs) for place, pairs in areas.items()},
    )


def _once(pairs: Iterable[tuple[Any, str]]) -> dict[Any, str]:
    """Return what each unambiguous text stands for; a code stands for itself."""
    found: dict[Any, set[str]] = {}
    for text, code in pairs:
        found.setdefault(text, set()).add(code)
    return {
        text: meant
        for text, codes in found.items()
        for meant in codes
        if len(codes) == 1 or meant.casefold() == (text if isinstance(text, str) else text[1])
    }
