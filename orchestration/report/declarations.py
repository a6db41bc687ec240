"""Unknown dimensions and questions in a declared table, reported with the nearest known one.

If a round did not ask a question, its table is left out, also if no delivered round asked it; a question that is in no list
of indicators is a mistake. Does not belong here: the form of a declaration (``model``), or codes of other dimensions
(``tables``).
"""

from __future__ import annotations

from orchestration.core.suggestions import suggest
from orchestration.report.entry_problems import DIMENSIONS
from orchestration.report.grid import Round
from orchestration.report.model import Declared
from orchestration.report.values import ReportError

QUESTION, YEARS = "question", "year"
# Names that chapters use, and the names of the same dimensions in tables.
IN_TABLES = {
    "indicator": QUESTION,
    "item": "service",
    "group": "target_group",
    "size": "size_group",
    "hf": "hf_area",
    "region": "health_region",
    "service_type": "measure_type",
}


def require_words(declared: Declared, of: Round) -> None:
    """Refuse dimensions that no table has, and questions that are in no list.

    Raises:
        ReportError: a name is unknown; the message suggests the nearest one.
    """
    rows = declared.rows
    named = [*declared.fixed.items(), *(each for column in declared.columns for each in column.dimensions.items())]
    for name in (*(name for name, _ in named), *([rows.by] if rows.by != YEARS else [])):
        if name not in DIMENSIONS:
            guess = f"; in a table it is {IN_TABLES[name]!r}" if name in IN_TABLES else suggest(name, DIMENSIONS)
            raise ReportError(f"there is no dimension {name!r}{guess}", "docs/run/reports.md lists them")
    questions = [code for name, code in named if name == QUESTION]
    if rows.by == QUESTION and rows.codes != "all":
        questions += rows.codes
    indicators = of.words.known_indicators()
    printed = [code for dimension, code in of.words.terms if dimension in (QUESTION, "any_stay_type")]
    for code in questions:
        if code not in indicators and code not in printed:
            raise ReportError(
                f"there is no question {code!r}{suggest(code, [*indicators, *printed])}",
                f"correct it, or list the questions of the round: ./is248 report {of.year} --questions",
            )
