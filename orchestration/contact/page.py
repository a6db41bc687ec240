"""The page of a contact round, in Norwegian and English, in one file that loads nothing; it is restricted.

Belongs here: rendering. Does not belong here: the state of units (``states``).
"""

from __future__ import annotations

from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

from markupsafe import Markup

from orchestration.contact.letters import by_county_and_form
from orchestration.contact.states import OPEN, Asking, ContactRound, Question, Standing, State, Unit
from orchestration.contact.workbook import EVENTS, TEXTS
from orchestration.control.contacts import Contact
from orchestration.core.language import in_language, written_day
from orchestration.core.tables import Label
from orchestration.gate.page import both, page_environment, percent, say, write

TEMPLATES = Path(__file__).parent / "templates"

# Right-aligned columns.
NUMERIC = ("count", "share", "outstanding", "units", "missing", "open", "settled", "effect", "services", "other")

# Dimensions of the chart, in its own units.
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 200, 48, 24, 10
# The room that the date of a deadline needs, also in the larger font for narrow screens.
_LABEL = 52


def day(value: date) -> Markup:
    """Return a date in both languages."""
    return both(written_day(value), f"{value:%Y-%m-%d}")


def _last(contact: Contact | None) -> Markup | str:
    return "" if contact is None else Markup("{} {}, {}").format(say(EVENTS[contact.event]), day(contact.date), contact.by)


def _remarks(unit: Unit, today: date) -> Markup:
    names = [
        *(["contested"] if unit.is_contested else []),
        *(["approval_lapsed"] if unit.approval_lapsed else []),
        *(["overdue"] if unit.is_overdue(today) else []),
    ]
    return Markup("; ").join(say(TEXTS[name]) for name in names)


def chart(progress: tuple[Standing, ...]) -> Markup:
    """Return a chart of the number of missing reports by day, from the first report on."""
    if not progress:
        return Markup("")
    first, last = progress[0].day, progress[-1].day
    days = max((last - first).days, 1)
    most = max(each.outstanding for each in progress) or 1

    def x(at: date) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - 10) * (at - first).days / days, 1)

    def y(outstanding: int) -> float:
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * outstanding / most, 1)

    steps = [f"M{x(first)} {y(progress[0].outstanding)}"]
    steps += [f"H{x(each.day)}V{y(each.outstanding)}" for each in progress[1:]]
    mark = Markup(
        '<line class="deadline" x1="{x}" x2="{x}" y1="{top}" y2="{bottom}"/>'
        '<text x="{x}" y="{below}" text-anchor="{anchor}">{day}</text>'
    )
    marked = [each for each in progress if each.mark]
    # Of dates that are close together, only the last is labelled; the table below the chart has all of them.
    written = [
        each
        for each, following in zip_longest(marked, marked[1:])
        if following is None or x(following.day) - x(each.day) > _LABEL
    ]
    deadlines = Markup("").join(
        mark.format(
            x=x(each.day),
            top=_TOP,
            bottom=_HEIGHT - _BOTTOM,
            below=_HEIGHT - 8,
            anchor="end" if x(each.day) > _WIDTH - _LABEL else "middle",
            day=f"{each.day.day}.{each.day.month}." if each in written else "",
        )
        for each in marked
    )
    return Markup(
        '<svg viewBox="0 0 {w} {h}" aria-hidden="true"><line class="axis" x1="{l}" x2="{r}" y1="{b}" y2="{b}"/>'
        '<text x="{t}" y="{top}" text-anchor="end">{most}</text><text x="{t}" y="{b}" text-anchor="end">0</text>'
        '{deadlines}<path class="line" d="{path}"/></svg>'
    ).format(
        w=_WIDTH,
        h=_HEIGHT,
        l=_LEFT,
        r=_WIDTH - 10,
        b=_HEIGHT - _BOTTOM,
        t=_LEFT - 6,
        top=_TOP + 8,
        most=most,
        deadlines=deadlines,
        path="".join(steps),
    )


def _standings(progress: tuple[Standing, ...]) -> list[dict[str, Any]]:
    """Return the table rows for deadlines and for the last day."""
    shown = [each for each in progress if each.mark or each is progress[-1]]
    return [
        {
            "day": day(each.day),
            "outstanding": write(each.outstanding),
            "due": say(TEXTS[each.mark]) if each.mark else "",
        }
        for each in shown
    ]


def _county(units: list[Unit]) -> dict[str, Any]:
    missing = [unit for unit in units if not unit.has_delivered]
    return {
        "county": f"{units[0].county_code} {units[0].county_name}",
        "survey": _survey(units[0].survey_label),
        "units": write(len(units)),
        "missing": write(len(missing)),
        "open": write(sum(len(unit.questions_that_are(*OPEN)) for unit in units)),
        "settled": write(sum(unit.has_delivered and unit.state is not State.QUESTIONS_OPEN for unit in units)),
        "missing_units": ", ".join(f"{unit.unit_code} {unit.unit_name}" for unit in missing),
    }


def _question(unit: Unit, each: Question) -> dict[str, Any]:
    return {
        "effect": write(float(each.finding.effect)),
        "unit": f"{unit.unit_code} {unit.unit_name}",
        "survey": _survey(unit.survey_label),
        "finding": each.finding.title,
        "asks": each.finding.question,
        "standing": say(TEXTS[each.asking]),
        "answer_by": day(each.answer_by) if each.answer_by is not None and each.asking is Asking.ASKED else "",
    }


def _rows(found: ContactRound) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table of the page; a row has cells by column name."""
    questions = [(unit, each) for unit in found.units for each in unit.questions]
    questions.sort(key=lambda pair: (pair[1].asking not in OPEN, -pair[1].finding.effect, pair[0].unit_code))
    names = {unit.unit_code: unit.unit_name for unit in found.units}
    # An event names the form, or the survey in the key of its finding.
    surveys = {key: unit.survey_label for unit in found.units for key in (unit.form, unit.survey)}
    words = found.control.texts.words
    return {
        "states": [
            {"state": say(TEXTS[state]), "count": write(count), "share": percent(count, len(found.units))}
            for state, count in found.count().items()
        ],
        "progress": _standings(found.progress),
        "counties": [_county(units) for units in by_county_and_form(found.units).values()],
        "units": [
            {
                "unit": f"{unit.unit_code} {unit.unit_name}",
                "survey": _survey(unit.survey_label),
                "county": unit.county_name,
                "state": say(TEXTS[unit.state]),
                "report": day(unit.completed_on) if unit.completed_on else "",
                "last": _last(unit.last),
                "remark": _remarks(unit, found.today),
            }
            for unit in found.units
            if unit.state is not State.APPROVED and (unit.state is not State.COMPLETE or unit.last is not None)
        ],
        "questions": [_question(unit, each) for unit, each in questions],
        "below": [
            {
                "unit": f"{each.unit_code} {each.unit_name}",
                "breakdown": _word(words["question"].get(each.question), each.question),
                "target_group": _word(words["target_group"].get(each.target_group), each.target_group),
                "services": write(float(each.service_fte)),
                "other": write(float(each.other_fte)),
            }
            for each in found.below_limit
        ],
        "log": [
            {
                "date": day(each.date),
                "unit": f"{each.unit_code} {names.get(each.unit_code, '')}",
                "survey": _survey(surveys.get(each.form or each.finding.split("|")[0])),
                "event": say(EVENTS[each.event]),
                "by": each.by,
                "note": ": ".join(filter(None, (_finding_title(found, each), each.note))),
            }
            for each in sorted(found.contacts, key=lambda each: each.date, reverse=True)
        ],
    }


def _finding_title(found: ContactRound, contact: Contact) -> str:
    """Return the title of an event's finding, even if the finding no longer exists; empty for events without a finding."""
    parts = contact.finding.split("|")
    return in_language(found.control.texts.of(parts[3]).title, found.control.language) if len(parts) > 3 else ""


def _survey(label: Label | None) -> Markup | str:
    return "" if label is None else both(label.nb, label.en)


def _word(label: Label | None, code: str) -> Markup | str:
    return code if label is None else both(label.nb, label.en)


def render(found: ContactRound, letters: dict[str, int]) -> str:
    """Return the page of a round; all texts from deliveries and people are escaped.

    Args:
        found: the round.
        letters: the number of letters to send: reminders, questions, counties, and how many of them are in nynorsk.
    """
    environment = page_environment(TEMPLATES)
    environment.globals.update(
        {each.__name__: each for each in (both, day, say, write, written_day)}, text=TEXTS, numeric=NUMERIC
    )
    return environment.get_template("round.html.j2").render(
        found=found,
        letters=letters,
        survey=["survey"] if found.has_several_surveys else [],
        chart=chart(found.progress),
        **_rows(found),
    )
