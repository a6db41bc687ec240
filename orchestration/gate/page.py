"""The page of the gate: the verdict for people, in Norwegian and English, in one file that loads nothing.

The page has both languages, and the reader switches between them; all words are in ``texts``. The page is made from the
verdict alone, without a clock: the same verdict gives the same bytes.

Belongs here: rendering. Great Expectations' own pages load styles and a tracker from the web, so they are never published.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from orchestration.core.tables import Label
from orchestration.core.texts import load_groups, load_texts
from orchestration.gate.coverage import KINDS
from orchestration.gate.results import Outcome
from orchestration.gate.rules import LEVELS

Language = Literal["nb", "en"]

TEMPLATES = Path(__file__).parent / "templates"
# Shared by the self-contained pages.
STYLE = Path(__file__).parent.parent / "core" / "templates"

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# Digits of a measured value that are shown; more where fewer would make it look equal to its limit.
DIGITS = 4
# What is smaller is noise of floating point, written as a power of ten.
SMALLEST = 1e-9

NOTHING = "\u2013"
TEXTS = load_texts("gate", "page")
CLASSES = load_groups("gate", "classes")

SEPARATORS: dict[Language, tuple[str, str]] = {"nb": ("\u00a0", ","), "en": (",", ".")}


@dataclass(frozen=True)
class Shown:
    """The failing rows of a rule as a table: names of columns, and for each row a cell a column."""

    columns: list[str]
    rows: list[list[Any]]
    # Columns in which every value is a number; they are right-aligned.
    numeric: frozenset[str]


def _localised(text: str, language: Language) -> str:
    """Return a number written as ``-1,234.5`` in a language's form; the minus is a real one."""
    thousands, decimal = SEPARATORS[language]
    return text.translate({ord(","): thousands, ord("."): decimal, ord("-"): "\u2212"})


def number(value: float, language: Language, other: float | None = None) -> str:
    """Return a count or a measured value as a reader of a language writes it.

    Args:
        value: what was counted or measured; JSON as Python writes it has infinity too.
        language: decides separators.
        other: a number that the value must not seem equal to if it is not.
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "\u221e" if value > 0 else "\u2212\u221e"
    if value == int(value):
        return _localised(f"{int(value):,}", language)
    digits = max(DIGITS, len(str(int(abs(value)))))
    while other is not None and value != other and float(f"{value:.{digits}g}") == other:
        digits += 1
    rounded = f"{value:.{digits}g}"
    return _localised(f"{Decimal(rounded):,f}" if abs(value) >= SMALLEST else rounded, language)


def share(part: int, whole: int, language: Language) -> str:
    """Return a part in percent with one decimal; only nothing is shown as 0, and only all as 100."""
    points = 100 * part / whole if whole else 0.0
    sign = ""
    if part and points < 0.1:
        sign, points = "<\u00a0", 0.1
    elif part != whole and points > 99.9:
        sign, points = ">\u00a0", 99.9
    text = f"{points:.0f}" if points in (0.0, 100.0) else f"{points:.1f}"
    return _localised(sign + text, language) + ("\u00a0%" if language == "nb" else "%")


def cell(value: Any, language: Language) -> str:
    """Return a value of a failing row unchanged, except for the decimal mark of the language.

    A whole number may be a year or a code, so it gets no separators.
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float):
        return f"{value:.12g}".replace(".", SEPARATORS[language][1])
    return str(value)


def both(nb: str, en: str) -> Markup:
    """Return a text in both languages, one of which the page shows; only once if both are the same number."""
    if nb == en and not any(each.isalpha() for each in nb):
        return Markup("{}").format(nb)
    return Markup('<span lang="nb">{}</span><span lang="en">{}</span>').format(nb, en)


def say(label: Label, **values: float | str) -> Markup:
    """Return a text in both languages, with its numbers formatted for each language and its names unchanged."""

    def filled(text: str, language: Language) -> str:
        written = {name: each if isinstance(each, str) else number(each, language) for name, each in values.items()}
        return text.format(**written)

    return both(filled(label.nb, "nb"), filled(label.en, "en"))


def write(value: float | None, other: float | None = None) -> Markup:
    """Return a number in both languages; a dash where there is none."""
    if value is None:
        return Markup(NOTHING)
    return both(number(value, "nb", other), number(value, "en", other))


def percent(part: int, whole: int) -> Markup:
    """Return a share in both languages."""
    return both(share(part, whole, "nb"), share(part, whole, "en"))


def write_cell(value: Any) -> Markup:
    """Return a value of a failing row in both languages."""
    nb, en = cell(value, "nb"), cell(value, "en")
    return Markup("{}").format(nb) if nb == en else both(nb, en)


def shown_rows(rule: Mapping[str, Any]) -> Shown | None:
    """Return the failing rows that a page may show; never rows of deliveries or the warehouse."""
    if rule["stage"] != "candidate" or not rule["rows"]:
        return None
    columns = list(dict.fromkeys(name for row in rule["rows"] for name in row))
    numeric = frozenset(
        name
        for name in columns
        if all(isinstance(row.get(name), int | float) and not isinstance(row[name], bool) for row in rule["rows"])
    )
    return Shown(columns, [[row.get(name) for name in columns] for row in rule["rows"]], numeric)


def sentence(verdict: Mapping[str, Any]) -> Markup:
    """Return the verdict in one sentence."""
    rules = verdict["rules"]
    blocking = sum(rule["blocks"] for rule in rules)
    unpassed = sum(rule["outcome"] != "pass" for rule in rules)
    if verdict["verdict"] != "pass":
        name = "refused_one" if blocking == 1 else "refused_many"
    elif unpassed:
        name = "passes_with_one" if unpassed == 1 else "passes_with_many"
    else:
        name = "passes"
    return say(TEXTS[name], rules=len(rules), blocking=blocking, open=unpassed)


def _order(rule: Mapping[str, Any]) -> tuple[bool, bool, str]:
    return not rule["blocks"], rule["outcome"] == "pass", rule["rule"]


def _judged(rules: Sequence[Mapping[str, Any]]) -> Markup:
    """Return how many rules were judged on the snapshot, and for how many some results were taken over."""
    before = sum(bool(rule.get("judged_on")) for rule in rules)
    return say(TEXTS["judged"], now=len(rules) - before, before=before)


def page_environment(templates: Path) -> Environment:
    """Return the environment that renders a self-contained page from templates in a folder; it escapes every text."""
    return Environment(
        loader=FileSystemLoader([templates, STYLE]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(verdict: dict[str, Any]) -> str:
    """Return ``gate.html`` for a verdict in the form of ``gate.json``.

    Args:
        verdict: as ``gate.verdict.judge`` makes it; ``proof`` may be missing or empty.

    Returns:
        A whole page. Every text of the verdict is escaped.

    Raises:
        UserError: a rule has a level, a stage, a severity or an outcome for which there are no words.
    """
    environment = page_environment(TEMPLATES)
    environment.globals.update(
        {each.__name__: each for each in (both, say, write, percent, write_cell, shown_rows)},
        text=TEXTS,
        levels=CLASSES["levels"],
        level_questions=CLASSES["level_questions"],
        stages=CLASSES["stages"],
        stage_meanings=CLASSES["stage_meanings"],
        severities=CLASSES["severities"],
        severity_meanings=CLASSES["severity_meanings"],
        outcomes=CLASSES["outcomes"],
        outcome_meanings=CLASSES["outcome_meanings"],
        coverages=CLASSES["coverages"],
        fault_verdicts=CLASSES["fault_verdicts"],
    )
    rules = sorted(verdict["rules"], key=_order)
    proof = verdict.get("proof") or {}
    covered = verdict["coverage"]
    return environment.get_template("gate.html.j2").render(
        verdict=verdict,
        sentence=sentence(verdict),
        judged=_judged(rules),
        blocking=[rule for rule in rules if rule["blocks"]],
        unpassed=[rule for rule in rules if rule["outcome"] != "pass" and not rule["blocks"]],
        by_level={level: [rule for rule in rules if rule["level"] == level] for level in LEVELS},
        covered=covered,
        attack=verdict.get("attack"),
        attack_parts=CLASSES["attack_parts"],
        covered_in_all={name: sum(each[name] for each in covered.values()) for name in ("figures", *KINDS)},
        proof=proof,
        titles={rule["rule"]: Label(nb=rule["title_nb"], en=rule["title_en"]) for rule in rules},
        faults={each["rule"]: each for each in proof.get("by_rule", [])},
    )
