"""How a contact round is run: the sender, deadlines, and which findings are asked about and which only listed.

``data/control/rounds/<year>.yml`` is edited by hand. Belongs here: its form, and reading it. Does not belong here: events of
the round (``control.contacts``).
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError

DOCUMENTATION = "docs/run/contact-round.md describes the file"


class Round(BaseModel):
    """The contact round of a year. ``deadlines`` has the first one, then its extensions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sender: str = Field(min_length=1, description="who signs the letters")
    reply_to: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", description="address to which units answer")
    phone: str = ""
    opened: date = Field(description="the day on which units got the form")
    deadlines: tuple[date, ...] = Field(min_length=1)
    county_governors_from: date | None = Field(
        default=None, description="the day from which county governors are notified of who is missing"
    )
    answer_days: int = Field(default=14, ge=1, description="days that a unit has to answer questions")
    remind_after_days: int = Field(
        default=7, ge=1, description="days after which a unit without a report, or its county governor, is written to again"
    )
    asked_from_fte: float = Field(
        default=0, ge=0, description="a finding with a smaller effect on the national figure is listed, and not asked about"
    )
    always_asked: tuple[str, ...] = Field(default=(), description="findings that are asked about whatever their effect")

    @model_validator(mode="after")
    def _in_order(self) -> Round:
        days = (self.opened, *self.deadlines)
        if any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError("opened and deadlines are not in chronological order")
        if self.county_governors_from is not None and self.county_governors_from <= self.deadlines[0]:
            raise ValueError("county_governors_from is not after the first deadline")
        return self

    def answer_by(self, day: date) -> date:
        """Return the day by which a unit must answer a question asked on a day."""
        return day + timedelta(days=self.answer_days)


def round_file(folder: Path, year: int) -> Path:
    """Return the file that describes the round of a year, under the folder of the explanations."""
    return folder / "rounds" / f"{year}.yml"


def load_round(folder: Path, year: int, findings: frozenset[str]) -> Round | None:
    """Return the contact round of a year; None if it is not described.

    Args:
        folder: the folder of the explanations.
        year: the survey year.
        findings: the findings that have texts.

    Raises:
        UserError: the file is not valid.
    """
    path = round_file(folder, year)
    if not path.exists():
        return None
    try:
        content = yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        # A date that does not exist makes the YAML parser raise ValueError.
        raise UserError(f"cannot be read ({error})", place=str(path), remedy=DOCUMENTATION) from error
    if not isinstance(content, dict):
        raise UserError("is not a description of a round", place=str(path), remedy=DOCUMENTATION)
    if not content.get("deadlines"):
        raise UserError("has no deadlines", place=str(path), remedy=f"list the days in order: [{year}-05-04]")
    try:
        found = Round.model_validate(content)
    except ValidationError as error:
        raise UserError(first_problem(error), place=str(path), remedy=DOCUMENTATION) from error
    if not 0 <= found.opened.year - year <= 1:
        raise UserError(
            f"opened {found.opened.isoformat()} is neither in {year} nor in the year after",
            place=str(path),
            remedy="correct opened and deadlines",
        )
    unknown = sorted(set(found.always_asked) - findings)
    if unknown:
        raise UserError(
            f"always_asked: {unknown[0]!r} is not a finding",
            place=str(path),
            remedy=f"findings are {', '.join(sorted(findings))}",
        )
    return found
