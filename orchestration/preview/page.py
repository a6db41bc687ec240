"""The page of a preview of one survey year, in Norwegian and English, in one file that loads nothing; it is restricted.

Belongs here: rendering. Does not belong here: the contents (``year_preview``).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from markupsafe import Markup

from orchestration.core.language import rounded
from orchestration.core.texts import load_texts
from orchestration.core.warehouse import make_restricted
from orchestration.gate.page import both, page_environment, percent, say, write
from orchestration.preview.columns import Answers, Column
from orchestration.preview.lost_answers import Lost
from orchestration.preview.versions import Changed, Compared, Fewer
from orchestration.preview.year_preview import Preview, Rejected, Total

TEMPLATES = Path(__file__).parent / "templates"
TEXTS = load_texts("preview", "page")

# Columns that are right-aligned.
NUMERIC = (
    "line",
    "cells",
    "read",
    "mapped",
    "ignored",
    "rejected_short",
    "units_now",
    "fte",
    "change",
    "filled",
    "count",
    "lost_answers",
    "answers_before",
    "answers_now",
)

# The respects in which a column differs from the round before, as the page names them.
_UNLIKE = {"filled": "unlike_filled", "options": "unlike_options", "mean": "unlike_mean"}

# Options of a column that are named; the rest is summed up.
_OPTIONS_SHOWN = 5


def _fte(value: Decimal | None) -> Markup:
    return write(None if value is None else float(rounded(value, 1)))


def _change(total: Total) -> Markup:
    """Return the change among units that answered in both rounds, in percent."""
    if total.change is None:
        return write(None)
    change = float(rounded(total.change, 1))
    return Markup("{}{}\u00a0%").format("+" if change > 0 else "", write(change))


def _answers(answers: Answers | None) -> Markup:
    """Return the distribution of a column: shares of its options, or sum, median and largest number."""
    if answers is None:
        return write(None)
    if answers.options:
        sums = sum(answers.options.values())
        ranked = sorted(answers.options.items(), key=lambda each: (-each[1], each[0]))
        shown = [Markup("{} {}").format(option, percent(count, sums)) for option, count in ranked[:_OPTIONS_SHOWN]]
        return Markup(", ").join([*shown, *([Markup("…")] if len(ranked) > _OPTIONS_SHOWN else [])])
    if answers.numbers:
        return Markup("Σ {}, median {}, max {} (n = {})").format(
            _fte(answers.total), write(answers.median), write(answers.largest), write(answers.numbers)
        )
    return Markup("n = {}").format(write(answers.filled))


def _filled(column: Column) -> Markup:
    now = percent(column.now.filled, column.now.rows)
    if column.before is None:
        return now
    return Markup("{} ← {}").format(now, percent(column.before.filled, column.before.rows))


def _cell(each: Rejected) -> dict[str, Any]:
    """Return a cell as the page shows it."""
    names = ("file", "sheet", "cell", "unit", "text", "reason", "column", "wording")
    return {name: getattr(each, name) for name in names} | {"line": write(each.map_line)}


def _question(each: Column | Changed, answer: str = "") -> str:
    """Return what a column or an answer is about, in the form's words."""
    parts = (each.question, each.item, answer, each.target_group, each.reporting_form)
    return " ".join(part for part in parts if part not in ("", "all"))


def _lost(each: Lost | Fewer) -> dict[str, Any]:
    """Return a unit that lacks answers as the page shows it."""
    return {
        "form": each.form,
        "unit": f"{each.unit_code} {each.unit_name}",
        "lost_answers": write(each.answers_lost),
        "answers_before": write(each.answers_before),
        "answers_now": write(each.answers_now),
    }


def _version(each: Compared) -> Markup:
    """Return the version compared with, and what became of it."""
    became = "version_published" if each.is_published else "version_published_before" if each.snapshot else "version_never"
    return Markup("<code>{}</code>, {}; {}").format(
        each.name, each.read_on, say(TEXTS[became], snapshot=each.snapshot or "")
    )


def _rows(preview: Preview) -> dict[str, list[Any]]:
    """Return the rows of each table of the page, by the names of its columns."""
    return {
        "problems": [{"place": each.place, "what": each.what, "remedy": each.remedy} for each in preview.problems],
        "undecided": [
            {"form": form, "line": write(row.line), "sheet": row.sheet, "column": row.column, "note": row.note}
            for form, rows in preview.undecided.items()
            for row in rows
        ],
        "entries": [{"file": Path(each.place).name, "what": each.what, "remedy": each.remedy} for each in preview.entries],
        "unmapped": [
            {"form": each.form, "sheet": each.sheet, "column": each.column, "cells": write(each.cells)}
            for each in preview.unmapped
        ],
        "undelivered": [
            {"form": each.form, "line": write(each.map_line), "sheet": each.sheet, "column": each.column}
            for each in preview.undelivered
        ],
        "ledger": [
            {
                "form": each.form,
                "file": each.file,
                "read": write(each.read),
                "mapped": write(each.mapped),
                "ignored": write(each.ignored),
                "rejected_short": write(each.rejected),
            }
            for each in preview.ledger
        ],
        "rejected": [_cell(each) for each in preview.rejected],
        "codes": [_cell(each) for each in preview.codes],
        "totals": [
            {
                "area": say(TEXTS["country"]) if each.unit_level == "country" else f"{each.unit_code} {each.unit_name}",
                "question": each.question,
                "target_group": each.target_group,
                "units_now": write(each.units),
                "fte": _fte(each.fte),
                "before": Markup("{} ({})").format(_fte(each.fte_before), write(each.units_before)),
                "change": _change(each),
                "break": "; ".join(each.breaks),
            }
            for each in sorted(preview.totals, key=lambda each: (each.unit_level != "country", each.unit_code))
        ],
        "units": [
            {"form": each.form, "county": each.county_code, "unit": f"{each.unit_code} {each.unit_name}"}
            for each in preview.missing_units
        ],
        "parts": [
            {"form": each.form, "sheet": each.sheet, "completed": write(each.submissions), "without": write(each.without)}
            for each in preview.parts
        ],
        "several_files": [
            {"form": each.form, "unit": each.unit_code, "files": each.stands_in, "counts": each.counts or write(None)}
            | {"verdict": each.verdict}
            for each in preview.several_files
        ],
        "corrections": [{"verdict": name, "count": write(count)} for name, count in preview.corrections.items()],
        "changed": [
            {
                "unit": f"{each.unit_code} {each.unit_name}",
                "question": _question(each),
                "earlier": write(None) if each.before is None else each.before,
                "now": write(None) if each.now is None else each.now,
            }
            for each in (preview.compared.changed if preview.compared else ())
        ],
        "lost": [
            _lost(each)
            | {
                "to_sign": Markup("")
                if not each.needs_a_line
                else say(TEXTS["sign_which_counts"])
                if each.is_contested
                else say(TEXTS["yes"])
            }
            for each in preview.losses.units
        ],
        "fewer": [_lost(each) for each in (preview.compared.fewer if preview.compared else ())],
        "versions": [_version(each) for each in (preview.compared.versions if preview.compared else ())],
        "effects": [
            Markup("{} {}: {} → {}").format(each.question, each.target_group, _fte(each.before), _fte(each.now))
            for each in (preview.compared.effects if preview.compared else ())
        ],
        "columns": [
            {
                "unlike": Markup('<span class="unlike">{}</span>').format(
                    Markup(", ").join(say(TEXTS[_UNLIKE[kind]]) for kind in each.unlike)
                )
                if each.unlike
                else "",
                "column": each.column,
                "question": _question(each, each.answer),
                "wording": each.wording,
                "filled": _filled(each),
                "answers": _answers(each.now),
                "before": _answers(each.before),
            }
            for each in preview.columns
        ],
    }


def render(preview: Preview) -> str:
    """Return the page of a preview; every text of the delivery is escaped."""
    environment = page_environment(TEMPLATES)
    environment.globals.update({each.__name__: each for each in (both, say, write)}, text=TEXTS, numeric=NUMERIC)
    return environment.get_template("preview.html.j2").render(preview=preview, **_rows(preview))


def write_page(preview: Preview, folder: Path) -> Path:
    """Write the page of a preview under a restricted folder, and return its path."""
    make_restricted(folder)
    path = folder / f"preview_{preview.year}.html"
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(render(preview), encoding="utf-8")
    partial.replace(path)
    return path
