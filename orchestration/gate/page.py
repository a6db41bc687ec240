"""The page of the gate: the verdict for people, in Norwegian and English, in one file that loads nothing.

Both languages stand in the page and the reader switches between them; every word of both is in this module. The page is made
from the verdict alone, without a clock: the same verdict gives the same bytes.

Belongs here: rendering. Great Expectations' own pages load styles and a tracker from the web, so they are never published.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from orchestration.core.tables import Label
from orchestration.gate.coverage import KINDS
from orchestration.gate.results import Outcome
from orchestration.gate.rules import LEVELS, Level, Severity, Stage

Language = Literal["nb", "en"]

TEMPLATES = Path(__file__).parent / "templates"
# What the pages that stand alone have in common.
STYLE = Path(__file__).parent.parent / "core" / "templates"

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

# Digits of a measured value that are shown; more where fewer would make it look equal to its limit.
DIGITS = 4
# What is smaller is noise of floating point, written as a power of ten.
SMALLEST = 1e-9

NOTHING = "\u2013"
SEPARATORS: dict[Language, tuple[str, str]] = {"nb": ("\u00a0", ","), "en": (",", ".")}


def _label(nb: str, en: str) -> Label:
    return Label(nb=nb, en=en)


LEVEL_WORDS: dict[Level, Label] = {
    "format": _label("Format", "Format"),
    "within_table": _label("Innen en tabell", "Within a table"),
    "between_years": _label("Mellom år", "Between years"),
    "between_sources": _label("Mellom kilder", "Between sources"),
    "against_print": _label("Mot trykte tall", "Against print"),
    "disclosure": _label("Konfidensialitet", "Disclosure"),
}
LEVEL_QUESTIONS: dict[Level, Label] = {
    "format": _label(
        "Er alt lest, er nøkler entydige, og sier filene det samme?",
        "Was everything read, are keys unique, and do the files say the same?",
    ),
    "within_table": _label("Stemmer tallene i en tabell med hverandre?", "Do the figures of a table agree with each other?"),
    "between_years": _label(
        "Er hver endring fra år til år mulig, eller vist som brudd?",
        "Is each change from year to year possible, or shown as a break?",
    ),
    "between_sources": _label(
        "Stemmer svar, folketall og områder med hverandre?", "Do answers, populations and areas agree with each other?"
    ),
    "against_print": _label(
        "Stemmer tallene med det som står i trykte rapporter?", "Do the figures agree with what printed reports say?"
    ),
    "disclosure": _label("Kan noen lese ut hva en enkelt enhet svarte?", "Can anyone tell what a single unit answered?"),
}
STAGE_WORDS: dict[Stage, Label] = {
    "delivery": _label("leveranse", "delivery"),
    "warehouse": _label("lager", "warehouse"),
    "candidate": _label("kandidat", "candidate"),
}
STAGE_MEANINGS: dict[Stage, Label] = {
    "delivery": _label(
        "cellene slik de ble levert, før noe er laget av dem", "the cells as delivered, before anything is made of them"
    ),
    "warehouse": _label(
        "svar fra enkeltenheter; radene er ikke offentlige", "answers of single units; the rows are not public"
    ),
    "candidate": _label("nettopp de filene som skal ut", "exactly the files that are to go out"),
}
SEVERITY_WORDS: dict[Severity, Label] = {
    "fatal": _label("kritisk", "fatal"),
    "error": _label("feil", "error"),
    "warning": _label("advarsel", "warning"),
}
SEVERITY_MEANINGS: dict[Severity, Label] = {
    "fatal": _label("stanser alltid", "always blocks"),
    "error": _label(
        "stanser alltid, med mindre hver rad kan fritas og har signert fritak",
        "always blocks, unless each row can be waived and has a signed waiver",
    ),
    "warning": _label(
        "stanser i den offisielle kanalen til hver rad er rettet eller har signert fritak",
        "blocks in the official channel until each row is corrected or has a signed waiver",
    ),
}
OUTCOME_WORDS: dict[Outcome, Label] = {
    "pass": _label("Bestått", "Passed"),
    "fail": _label("Ikke bestått", "Failed"),
    "no_data": _label("Uten data", "No data"),
    "did_not_run": _label("Ikke kjørt", "Did not run"),
}
OUTCOME_MEANINGS: dict[Outcome, Label] = {
    "pass": _label("ingen rad bryter regelen", "no row breaks the rule"),
    "fail": _label("minst én rad bryter regelen", "at least one row breaks the rule"),
    "no_data": _label(
        "regelen fant ingen rad å se på, og har ikke godkjent noe", "the rule found no row to look at, and approved nothing"
    ),
    "did_not_run": _label("regelen ble ikke kjørt, og har ikke godkjent noe", "the rule was not run, and approved nothing"),
}
COVERAGE_WORDS: dict[str, Label] = {
    "within_year": _label("Samme år", "Within the year"),
    "between_years": _label("Mellom år", "Between years"),
    "reconciliation": _label("Mot trykk", "Against print"),
}
FAULT_WORDS: dict[str, Label] = {
    "caught": _label("fanget", "caught"),
    "missed": _label("ikke fanget", "not caught"),
    "not_seeded": _label(
        "ikke lagt inn: dataene har ikke noe den kunne endre", "not seeded: the data have nothing that it could change"
    ),
    "caught_clean": _label("regelen slo ut før feilen var lagt inn", "the rule failed before the fault was seeded"),
}

# Texts with one number come in two forms, for one and for many.
# Parts of the attack on the finished files.
ATTACK_WORDS: dict[str, Label] = {
    "isolation": _label("Summer som hviler på få enheter", "Sums that rest on few units"),
    "bounds": _label("Svar som ligger fast", "Answers that are fixed"),
    "routing": _label("Skjema, og hvem som fikk oppfølgingsspørsmål", "Forms, and who was asked routed questions"),
    "snapshots": _label("Flere utgaver sammen", "Several snapshots together"),
    "printed": _label("Skjulte grupper som står i gamle rapporter", "Hidden groups that stand in old reports"),
    "practice": _label("Rapporteringspraksis og små tabeller", "Reporting practice and small tables"),
    "changed_practice": _label("Rapporteringspraksis i flere utgaver", "Reporting practice in several snapshots"),
    "formats": _label("De andre filene", "The other files"),
}

TEXTS: dict[str, Label] = {
    "survey": _label(
        "Årsverk i kommunalt psykisk helse- og rusarbeid", "FTE in municipal mental health and substance use work"
    ),
    "language": _label("Språk", "Language"),
    "passes": _label(
        "Utgaven kan publiseres: alle {rules}\u00a0regler er bestått.",
        "The snapshot may be published: all {rules}\u00a0rules passed.",
    ),
    "passes_with_one": _label(
        "Utgaven kan publiseres: ingen av\u00a0{rules}\u00a0regler stanser den, men én er ikke bestått.",
        "The snapshot may be published: none of\u00a0{rules}\u00a0rules blocks it, but one did not pass.",
    ),
    "passes_with_many": _label(
        "Utgaven kan publiseres: ingen av\u00a0{rules}\u00a0regler stanser den, men {open} er ikke bestått.",
        "The snapshot may be published: none of\u00a0{rules}\u00a0rules blocks it, but {open} did not pass.",
    ),
    "refused_one": _label(
        "Utgaven publiseres ikke: én\u00a0av\u00a0{rules}\u00a0regler stanser den.",
        "The snapshot is refused: one\u00a0of\u00a0{rules}\u00a0rules blocks it.",
    ),
    "refused_many": _label(
        "Utgaven publiseres ikke: {blocking}\u00a0av\u00a0{rules}\u00a0regler stanser den.",
        "The snapshot is refused: {blocking}\u00a0of\u00a0{rules}\u00a0rules block it.",
    ),
    "blocking": _label("Dette stanser utgaven", "What blocks the snapshot"),
    "open": _label("Dette er ikke bestått, men stanser ikke", "What did not pass, but does not block"),
    "lead": _label(
        "Før tall publiseres, dømmer reglene under nettopp de filene som skal ut, og det de er laget av. Stanser én "
        "regel, blir ingenting publisert, og forrige utgave blir stående.",
        "Before figures are published, the rules below judge exactly the files that are to go out, and what they are made "
        "of. If one rule blocks, nothing is published, and the previous snapshot stays.",
    ),
    "candidate": _label("Utgave", "Snapshot"),
    "hash": _label("Innholdets hash (SHA-256)", "Content hash (SHA-256)"),
    "machine": _label("Samme dom for maskiner", "The same verdict for machines"),
    "native": _label("Resultatet fra Great Expectations", "The result of Great Expectations"),
    "counts": _label("Regler etter utfall", "Rules by outcome"),
    "coverage": _label("Hvor mye reglene ser på", "How much the rules look at"),
    "coverage_caption": _label(
        "Andel av de publiserte tallene i hver tabell som minst én regel holder mot noe annet: andre tall fra samme år, "
        "andre år, eller trykte rapporter. Regler for format og konfidensialitet er ikke regnet med.",
        "Share of the published figures of each table that at least one rule holds against something else: other figures "
        "of the same year, other years, or printed reports. Rules of format and disclosure are not counted.",
    ),
    "table": _label("Tabell", "Table"),
    "figures": _label("Publiserte tall", "Published figures"),
    "every_table": _label("alle tabeller", "all tables"),
    "all_tables": _label("Alle tabeller", "All tables"),
    "proof": _label("Biter reglene?", "Do the rules bite?"),
    "proof_all": _label("{caught} av {faults} innlagte feil ble fanget.", "{caught} of {faults} seeded faults caught."),
    "proof_lead": _label(
        "For hver regel legges den feilen den er til for, inn i en kopi av det som er dømt. Regelen skal slå ut på kopien, "
        "og bare på den.",
        "For each rule the fault that it is there for is seeded into a copy of what was judged. The rule must fail on the "
        "copy, and only there.",
    ),
    "proof_missed": _label("Ikke fanget", "Not caught"),
    "proof_not_seeded": _label("Ikke lagt inn, dataene har ikke noe å endre", "Not seeded, the data have nothing to change"),
    "proof_without_fault": _label("Regler uten feil å legge inn", "Rules without a fault to seed"),
    "attack": _label("Hva et angrep kom fram til", "What an attack found"),
    "attack_lead": _label(
        "Et angrep som bare har de offentlige filene, prøver å regne ut hva enkeltenheter svarte. Det som følger av at alle "
        "i en stor nok gruppe ga samme svar, tillater retningslinjen.",
        "An attack that has the public files alone tries to work out what single units answered. What follows from all "
        "units of a large enough group giving one answer, the policy allows.",
    ),
    "attack_part": _label("Del av angrepet", "Part of the attack"),
    "attack_tried": _label("Forsøkt", "Tried"),
    "attack_derived": _label("Utledet", "Derived"),
    "attack_allowed": _label(
        "{count} svar fra enkeltenheter følger av ensartede grupper, eller av årsverk per rapporteringsform, slik "
        "retningslinjen tillater",
        "{count} answers of single units follow from uniform groups, or from FTE by reporting form, as the policy allows",
    ),
    "attack_from_print": _label(
        "{count} svar fra enkeltenheter følger av trykte rapporter alene, og har vært offentlige siden da",
        "{count} answers of single units follow from printed reports alone, and have been public since then",
    ),
    "attack_not_tried": _label("Ikke forsøkt", "Not tried"),
    "rules": _label("Reglene", "The rules"),
    "rules_caption": _label("Regler etter nivå og utfall", "Rules by level and outcome"),
    "level": _label("Nivå", "Level"),
    "all_levels": _label("Alle nivåer", "All levels"),
    "rule": _label("Regel", "Rule"),
    "outcome": _label("Utfall", "Outcome"),
    "checked": _label("Rader sett på", "Rows looked at"),
    "failing": _label("Avvik", "Failing"),
    "waived": _label("Fritatt", "Waived"),
    "value": _label("Verste verdi", "Worst value"),
    "limit": _label("grense {limit}", "limit {limit}"),
    "not_counted": _label("ikke talt", "not counted"),
    "not_shown": _label("vises ikke", "not shown"),
    "blocks": _label("Stanser", "Blocks"),
    "does_not_block": _label("Stanser ikke", "Does not block"),
    "is_waived": _label("Fritatt", "Waived"),
    "explanation": _label("Hvorfor", "Why"),
    "remedy": _label("Hva som skal gjøres", "What to do"),
    "fault": _label("Prøve med innlagt feil", "Test with a seeded fault"),
    "id": _label("Regelens id", "Rule id"),
    "error": _label("Kjørte ikke fordi", "It did not run because"),
    "waived_one": _label(
        "Én av {failing} rader har signert fritak i data/waivers.",
        "One of {failing} rows has a signed waiver in data/waivers.",
    ),
    "waived_many": _label(
        "{waived} av {failing} rader har signert fritak i data/waivers.",
        "{waived} of {failing} rows have a signed waiver in data/waivers.",
    ),
    "rows_one": _label("Raden som bryter regelen", "The row that breaks the rule"),
    "rows_many": _label("De {failing} radene som bryter regelen", "The {failing} rows that break the rule"),
    "rows_first": _label(
        "De første {shown} av {failing} rader som bryter regelen", "The first {shown} of {failing} rows that break the rule"
    ),
    "restricted": _label(
        "Radene vises ikke. De sier hva enkeltenheter svarte, og ligger i en skjermet fil ved siden av kandidaten.",
        "The rows are restricted. They say what single units answered, and stand in a protected file beside the candidate.",
    ),
    "no_rows": _label("Regelen viser ingen rader.", "The rule shows no rows."),
    "guide": _label("Slik leses siden", "How to read this page"),
    "guide_outcomes": _label("Utfall", "Outcomes"),
    "guide_severities": _label("Alvor", "Severities"),
    "guide_stages": _label("Hva som dømmes", "What is judged"),
    "guide_rows": _label(
        "En «rad» er det regelen ser på: et tall, en gruppe av tall, en kolonne eller en fil. Der regelen er en test i dbt, "
        "telles bare avvik.",
        "A “row” is what the rule looks at: a figure, a group of figures, a column or a file. Where the rule is a dbt test, "
        "only failures are counted.",
    ),
}


@dataclass(frozen=True)
class Shown:
    """The failing rows of a rule as a table: names of columns, and for each row a cell a column."""

    columns: list[str]
    rows: list[list[Any]]
    # Columns in which every value is a number; they are set to the right.
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
    """Return a part in percent with one decimal; what is not nothing is never 0, and what is not all is never 100."""
    points = 100 * part / whole if whole else 0.0
    sign = ""
    if part and points < 0.1:
        sign, points = "<\u00a0", 0.1
    elif part != whole and points > 99.9:
        sign, points = ">\u00a0", 99.9
    text = f"{points:.0f}" if points in (0.0, 100.0) else f"{points:.1f}"
    return _localised(sign + text, language) + ("\u00a0%" if language == "nb" else "%")


def cell(value: Any, language: Language) -> str:
    """Return a value of a failing row as it stands in the data; only the decimal mark is the language's.

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
    """Return a text in both languages, of which the page shows one; once only where they are the same number."""
    if nb == en and not any(each.isalpha() for each in nb):
        return Markup("{}").format(nb)
    return Markup('<span lang="nb">{}</span><span lang="en">{}</span>').format(nb, en)


def say(label: Label, **numbers: float) -> Markup:
    """Return a text in both languages, with its numbers in each language's form."""
    nb = label.nb.format(**{name: number(each, "nb") for name, each in numbers.items()})
    return both(nb, label.en.format(**{name: number(each, "en") for name, each in numbers.items()}))


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
    """Return the failing rows that a page may show; none of deliveries and warehouse, whatever the verdict has."""
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


def render(verdict: dict[str, Any]) -> str:
    """Return ``gate.html`` for a verdict as it stands in ``gate.json``.

    Args:
        verdict: as ``gate.verdict.judge`` makes it; ``proof`` may be missing or empty.

    Returns:
        A whole page. Every text of the verdict is escaped.

    Raises:
        KeyError: a rule has a level, a stage, a severity or an outcome for which there are no words.
    """
    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, STYLE]),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        {each.__name__: each for each in (both, say, write, percent, write_cell, shown_rows)},
        text=TEXTS,
        levels=LEVEL_WORDS,
        level_questions=LEVEL_QUESTIONS,
        stages=STAGE_WORDS,
        stage_meanings=STAGE_MEANINGS,
        severities=SEVERITY_WORDS,
        severity_meanings=SEVERITY_MEANINGS,
        outcomes=OUTCOME_WORDS,
        outcome_meanings=OUTCOME_MEANINGS,
        coverages=COVERAGE_WORDS,
        fault_verdicts=FAULT_WORDS,
    )
    rules = sorted(verdict["rules"], key=_order)
    proof = verdict.get("proof") or {}
    covered = verdict["coverage"]
    return environment.get_template("gate.html.j2").render(
        verdict=verdict,
        sentence=sentence(verdict),
        blocking=[rule for rule in rules if rule["blocks"]],
        unpassed=[rule for rule in rules if rule["outcome"] != "pass" and not rule["blocks"]],
        by_level={level: [rule for rule in rules if rule["level"] == level] for level in LEVELS},
        covered=covered,
        attack=verdict.get("attack"),
        attack_parts=ATTACK_WORDS,
        covered_in_all={name: sum(each[name] for each in covered.values()) for name in ("figures", *KINDS)},
        proof=proof,
        titles={rule["rule"]: Label(nb=rule["title_nb"], en=rule["title_en"]) for rule in rules},
        faults={each["rule"]: each for each in proof.get("by_rule", [])},
    )
