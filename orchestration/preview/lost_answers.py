"""Units that lost answers of the published snapshot: a run with this delivery would be refused because of them.

Belongs here: reporting what ``int_redelivered_units`` found for one survey year, with the entries to sign. Does not belong
here: the rule (``lost_answers_are_signed``), the roll (``publish.rolls``), or a comparison of answers (``versions``).
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from orchestration.core.settings import Settings
from orchestration.gate.proposals import entries, lost_answers
from orchestration.preview.reading import Reading
from orchestration.publish import pointer, rolls


@dataclass(frozen=True)
class Lost:
    """A unit with unsigned lost answers.

    ``needs_a_line`` where a run is refused because of it. ``is_contested`` where the unit answered several times and none
    counts: then somebody signs which one does.
    """

    form: str
    unit_code: str
    unit_name: str
    answers_before: int
    answers_now: int
    answers_lost: int
    needs_a_line: bool
    is_contested: bool


@dataclass(frozen=True)
class Losses:
    """What is gone since the published snapshot; ``entries`` are those to sign, as they would be written.

    ``not_compared`` says for each form, or for all, why there is no comparison; it is empty where all were compared.
    """

    snapshot: str | None
    units: tuple[Lost, ...]
    entries: tuple[str, ...]
    not_compared: tuple[str, ...]

    @property
    def unsigned(self) -> int:
        """Number of units because of which a run would be refused."""
        return sum(each.needs_a_line for each in self.units)


def losses_of(connection: duckdb.DuckDBPyConnection, settings: Settings, reading: Reading) -> Losses:
    """Return which published answers the warehouse of a preview lacks.

    A form with a problem, or with a problem in its delivery, is not compared: unreadable answers are not lost, and the
    problem is reported.
    """
    published = pointer.current(settings.snapshots)
    if published is None:
        return Losses(None, (), (), ())
    if not rolls.kept_roll(settings.snapshots, published.name).is_file():
        why = f"{published.name} has no roll of the answers of units: what is gone since is not known"
        return Losses(published.name, (), (), (why,))
    known = {form for (form,) in connection.execute("select distinct form from history.answer_rolls").fetchall()}
    waiting = sorted({form.form for form in reading.forms} & reading.flawed & known)
    forms = {form.form for form in reading.forms} - reading.flawed
    found = [row for row in lost_answers(connection) if row["form"] in forms]
    to_sign = entries(row for row in found if row["verdict"] == "unsigned")
    return Losses(
        published.name,
        tuple(
            Lost(
                row["form"],
                row["unit_code"],
                row["unit_name"] or "",
                row["answers_before"],
                row["answers_now"],
                row["answers_lost"],
                needs_a_line=row["verdict"] == "unsigned",
                is_contested=row["is_contested"],
            )
            for row in found
        ),
        tuple(entry for of_year in to_sign.values() for entry in of_year),
        tuple(f"{form}: lost answers cannot be listed until the problems above are solved" for form in waiting),
    )
