"""The questions of a round, with the codes that chapters and tables use for them.

Belongs here: the questions that the snapshot has answers to. Does not belong here: the words of chapters (``vocabulary``).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.core.errors import UserError
from orchestration.core.language import Language, in_language
from orchestration.report.values import BASIS, CODE, COUNTRY, LEVEL, YEAR, Published

EVERY_ITEM = "all"


@dataclass(frozen=True)
class Asked:
    """A question: its code, name and answers, and its items if it is a grid."""

    indicator: str
    label: str
    answers: tuple[str, ...]
    items: tuple[str, ...]


def questions_of(published: Published, year: int, language: Language) -> list[Asked]:
    """Return the questions with figures for the country, ordered by code.

    Raises:
        UserError: there is no round of the year.
    """
    if year not in published.rounds():
        rounds = ", ".join(map(str, published.rounds()))
        raise UserError(f"there is no round of {year}", place=f"snapshot {published.id}", remedy=f"rounds are {rounds}")
    wanted = {LEVEL: COUNTRY[0], CODE: COUNTRY[1], BASIS: "reported", YEAR: str(year)}
    found: dict[str, tuple[dict[str, None], dict[str, None]]] = {}
    for row in published.rows("indicator_shares", wanted):
        if row["share"] is not None:
            answers, items = found.setdefault(str(row["indicator"]), ({}, {}))
            answers[str(row["answer"])] = None
            if row["item"] != EVERY_ITEM:
                items[str(row["item"])] = None
    return [
        Asked(each, in_language(published.release.label("indicator", each), language), tuple(answers), tuple(sorted(items)))
        for each, (answers, items) in sorted(found.items())
    ]
