"""The changes between two snapshots in words: as a text, as a page, and as JSON for machines and for the front page.

First a summary in sentences, then countries and counties figure by figure, then single units folded to a line each.

Belongs here: what is reported, and in which order. Does not belong here: finding what changed (``changes``), and the words
(``texts``).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from orchestration.core.language import LANGUAGES, Language, in_language, number
from orchestration.core.tables import STATUS_COLUMN, Table
from orchestration.core.texts import load_texts
from orchestration.publish.changes import SHOWN_FIGURES, Changes, Figure, Folded, Notice
from orchestration.publish.publication_metadata import Release, spans

TEMPLATES = Path(__file__).parent / "templates"
# Shared by the self-contained pages.
STYLE = Path(__file__).parent.parent / "core" / "templates"

# Sentences of the summary about corrections, and lines about single units, before the rest is counted.
SHOWN_NOTICES = 5
SHOWN_UNITS = 100
SHOWN_COLUMNS = 3

NOTHING = "\u2013"
NO_BREAK = "\u00a0"

TEXTS = load_texts("publish", "changes")


# The classes of a row, in the order of the text; changed stands for tables that have no figures.
CLASSES = ("new", "planned", "late", "error", "delivery", "form", "unexplained", "removed", "changed")


@dataclass(frozen=True)
class Words:
    """Labels of tables, columns and codes for sentences."""

    release: Release
    tables: dict[str, Table]

    def say(self, text: str, language: Language, **values: Any) -> str:
        """Return a text with its values."""
        return in_language(TEXTS[text], language).format(**values)

    def code(self, codelist: str, code: str | None, language: Language) -> str:
        """Return the label of a code."""
        return in_language(self.release.label(codelist, code), language) if code is not None else NOTHING

    def table(self, name: str, language: Language) -> str:
        """Return the title of a table, or its name where it is not described any more."""
        return in_language(self.tables[name].title, language) if name in self.tables else name

    def subject(self, name: str, language: Language) -> str:
        """Return what a correction is about: a table or an indicator."""
        return self.table(name, language) if name in self.tables else self.code("indicator", name, language)

    def figure(
        self, table: str, value: float | None, status: str | None, language: Language, *, signed: bool = False
    ) -> str:
        """Return a main measure with its decimals, or the sign of its status where it is empty."""
        if value is None:
            codes = self.release.codes.get("obs_status", {})
            sign = codes[status].sign if status is not None and status in codes else None
            return sign or NOTHING
        described = self.tables.get(table)
        decimals = described.column(described.measures[0]).decimals or 0 if described else 0
        return number(value, language, decimals=(decimals, decimals), signed=signed) or NOTHING

    def columns(self, table: str, names: Iterable[str], language: Language) -> str:
        """Return the titles of the first of some columns of a table, without its main measure and status."""
        described = self.tables[table]
        left_out = {STATUS_COLUMN, *described.measures[:1]} if STATUS_COLUMN in described.column_names else set()
        titles = [in_language(described.column(name).title, language) for name in names if name not in left_out]
        return ", ".join(titles[:SHOWN_COLUMNS]) + (" \u2026" if len(titles) > SHOWN_COLUMNS else "")

    def dimensions(self, figure: Figure, language: Language) -> str:
        """Return what a figure is about besides area and year."""
        described = self.tables[figure.table]
        labels = []
        for name, code in figure.dimensions.items():
            column = described.column(name)
            label = self.code(column.codelist or column.name, code, language)
            # A total of everything, or the only row of a grid, is not informative.
            if code != "all" and not (code == "total" and label in labels):
                labels.append(label)
        return ", ".join(labels)


def _change(words: Words, figure: Figure, language: Language) -> str:
    """Return the size of a change, with the percentage where the earlier value is not 0."""
    if figure.value_before is None or figure.value_after is None:
        return NOTHING
    size = figure.value_after - figure.value_before
    text = words.figure(figure.table, size, None, language, signed=True)
    if figure.value_before:
        percent = number(100 * size / abs(figure.value_before), language, decimals=(1, 1), signed=True) or ""
        if not percent.strip("+0,.\u2212"):
            return text  # rounds to nothing
        text += f" ({percent}{NO_BREAK}%)" if language == "nb" else f" ({percent}%)"
    return text


def _years(periods: list[int | None]) -> str:
    return spans(tuple(period for period in periods if period is not None)) or NOTHING


def _notices(changes: Changes, words: Words, language: Language) -> list[str]:
    """Return the corrections as sentences; where several share subject and year, their common effect is left out."""
    shared = Counter((notice.subject, notice.time_period) for notice in changes.notices)
    return [
        _notice(words, notice, language, is_alone=shared[notice.subject, notice.time_period] == 1)
        for notice in changes.notices
    ]


def _notice(words: Words, notice: Notice, language: Language, *, is_alone: bool) -> str:
    """Return a correction as a sentence, with its effect where totals are public and nothing else changed them."""
    kind = words.code("correction_kind", notice.kind, language)
    values = {
        "subject": words.subject(notice.subject, language),
        "unit": notice.unit_name,
        "year": notice.time_period,
        "kind": kind[:1].lower() + kind[1:],
        "date": notice.corrected_on,
        "figures": number(notice.figures, language),
    }
    if notice.unit_level == "country":
        return words.say("corrected", language, **values)
    text = words.say("corrected_unit", language, **values)
    totals = {name: getattr(notice, name) for name in ("unit_before", "unit_after", "country_before", "country_after")}
    if is_alone and all(value is not None for value in totals.values()):
        text += " " + words.say(
            "effect",
            language,
            **{name: words.figure(notice.subject, value, None, language) for name, value in totals.items()},
        )
    return text


def summary(changes: Changes, words: Words, language: Language) -> list[str]:
    """Return the changes in sentences: new years, corrections, planned revisions, other changes."""
    if changes.predecessor is None:
        return [words.say("first", language, years=_years([period.time_period for period in changes.periods]))]
    sentences = []
    for period in changes.periods:
        change = ""
        if period.previous_fte:
            size = period.fte - period.previous_fte
            change = words.say(
                "more" if size > 0 else "fewer" if size < 0 else "same",
                language,
                change=number(abs(size), language, decimals=(0, 0)),
                percent=number(abs(100 * size / period.previous_fte), language, decimals=(1, 1)),
                previous=period.previous_period,
            )
        text = words.say(
            "new_period",
            language,
            year=period.time_period,
            fte=number(period.fte, language, decimals=(0, 0)),
            change=change,
        )
        sentences.append(f"{text} {words.say('has_break', language)}" if period.series_break and change else text)
    sentences += _notices(changes, words, language)[:SHOWN_NOTICES]
    if len(changes.notices) > SHOWN_NOTICES:
        sentences.append(words.say("more_notices", language, count=len(changes.notices) - SHOWN_NOTICES))
    for planned in changes.planned:
        sentences.append(
            words.say(
                planned["cause"],
                language,
                figures=number(planned["figures"], language),
                years=_years(planned["time_periods"]),
                newest=words.release.time_period,
            )
        )
    for other in changes.unattributed:
        sentences.append(
            words.say(
                "unattributed",
                language,
                figures=number(other["figures"], language),
                table=words.table(other["table"], language),
                years=_years(other["time_periods"]),
            )
        )
    for table in changes.tables:
        if table.classes.get("changed"):
            sentences.append(
                words.say(
                    "other",
                    language,
                    figures=number(table.classes["changed"], language),
                    table=words.table(table.table, language),
                    columns=words.columns(table.table, table.columns, language),
                )
            )
        if table.classes.get("removed"):
            sentences.append(
                words.say(
                    "removed",
                    language,
                    figures=number(table.classes["removed"], language),
                    table=words.table(table.table, language),
                )
            )
    if not sentences and not changes.schema and all(table.rows_before == table.rows_after for table in changes.tables):
        return [words.say("nothing", language)]
    return sentences or [words.say("no_figure", language)]


def _schema(changes: Changes, words: Words, language: Language) -> list[str]:
    return [words.say(change.kind, language, **vars(change)) for change in changes.schema]


def _unit_line(words: Words, folded: Folded, language: Language) -> str:
    return words.say(
        "unit_line",
        language,
        unit=folded.unit_name,
        table=words.table(folded.table, language),
        year=folded.time_period,
        figures=number(folded.figures, language),
        largest=words.figure(folded.table, folded.largest, None, language, signed=True),
        class_=words.code("revision_class", folded.revision_class, language),
    )


def _figure_rows(changes: Changes, words: Words, language: Language) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield for each table with changed figures its title and the rows of a table of them."""
    for table in dict.fromkeys(figure.table for figure in changes.figures):
        rows = []
        for figure in changes.figures:
            if figure.table == table:
                place = figure.unit_name
                if place is None or figure.unit_level == "country":
                    place = words.code("unit_level", "country", language)
                if figure.area_basis == "current":
                    place += f" ({words.say('current', language)})"
                rows.append(
                    [
                        place,
                        str(figure.time_period),
                        words.dimensions(figure, language),
                        words.figure(table, figure.value_before, figure.status_before, language),
                        words.figure(table, figure.value_after, figure.status_after, language),
                        _change(words, figure, language),
                        words.code("revision_class", figure.revision_class, language),
                    ]
                )
        yield words.table(table, language), rows


def _template_values(changes: Changes, words: Words, language: Language) -> dict[str, Any]:
    """Return everything that a text or a page shows in one language."""
    notice = words.release.notice

    def say(text: str, **values: Any) -> str:
        return words.say(text, language, **values)

    units = [_unit_line(words, folded, language) for folded in changes.folded]
    classes = [name for name in CLASSES if any(table.classes.get(name) for table in changes.tables)]
    names = [say(name) if name == "changed" else words.code("revision_class", name, language) for name in classes]
    tables = [
        [
            table.table,
            number(table.rows_before, language),
            number(table.rows_after, language),
            *(number(table.classes.get(name), language) or "" for name in classes),
            ", ".join(f"{column} ({number(count, language)})" for column, count in table.columns.items()),
        ]
        for table in changes.tables
        if table.classes or table.columns
    ]
    first = changes.predecessor is None
    return {
        "language": language,
        "title": say("first_title" if first else "title", id=changes.id, predecessor=changes.predecessor),
        "publication": in_language(words.release.catalogue.title, language),
        "notice": in_language(notice, language) if notice else None,
        "in_short": say("in_short"),
        "sentences": summary(changes, words, language),
        "notices_title": say("notices"),
        "notices": _notices(changes, words, language) if len(changes.notices) > SHOWN_NOTICES else [],
        "schema_title": say("schema"),
        "schema": _schema(changes, words, language),
        "figures_title": say("figures"),
        "figures_note": say("figures_note", most=SHOWN_FIGURES),
        "figure_heads": [say(name) for name in ("place", "year", "what", "before", "after", "change", "class")],
        "figures": list(_figure_rows(changes, words, language)),
        "units_title": say("units", count=number(len(units), language)),
        "units": units[:SHOWN_UNITS],
        "units_rest": say("other_units", count=number(len(units) - SHOWN_UNITS, language))
        if len(units) > SHOWN_UNITS
        else None,
        "tables_title": say("tables"),
        "tables_note": say("tables_note"),
        "table_heads": [say("table"), say("rows_before"), say("rows_after"), *names, say("columns")],
        "tables": [] if first else tables,
    }


def as_markdown(changes: Changes, words: Words, languages: tuple[Language, ...] = LANGUAGES) -> str:
    """Return the changes as Markdown, in Norwegian and then in English unless said otherwise."""
    return "\n".join(
        _environment(escape=False).get_template("changes.md.j2").render(_template_values(changes, words, language)).strip()
        + "\n"
        for language in languages
    )


def as_page(changes: Changes, words: Words) -> str:
    """Return the changes as a page in both languages."""
    template = _environment(escape=True).get_template("changes.html.j2")
    return template.render(languages=[_template_values(changes, words, language) for language in LANGUAGES])


def as_dictionary(changes: Changes, words: Words) -> dict[str, Any]:
    """Return the changes for machines, with the sentences of the summary."""
    notice = words.release.notice
    return {
        "id": changes.id,
        "predecessor": changes.predecessor,
        "notice": {"nb": notice.nb, "en": notice.en} if notice else None,
        "summary": {language: summary(changes, words, language) for language in LANGUAGES},
        **changes.as_dictionary(),
    }


def as_json(changes: Changes, words: Words) -> str:
    """Return the changes as JSON."""
    return json.dumps(as_dictionary(changes, words), ensure_ascii=False, indent=1) + "\n"


def as_script(changes: Changes, words: Words) -> str:
    """Return the data of the front page as a script: pages that are opened as files cannot read JSON."""
    content = as_dictionary(changes, words)
    shown = {name: content[name] for name in ("id", "predecessor", "summary")}
    # A text could contain the end of a script only by accident; it must not end this one.
    return f"window.IS248_CHANGES = {json.dumps(shown, ensure_ascii=False)};\n".replace("</", "<\\/")


def _environment(*, escape: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader([TEMPLATES, STYLE]),
        autoescape=select_autoescape(["html.j2"], default=False) if escape else False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
