"""The release calendar: which release is prepared, when it may be published, and who approved which candidate.

``data/calendar.yml`` is data that people write and review. The status of the newest figures (provisional or final) follows
from the release in preparation, never from a clock; the clock only says whether a release is due.

Belongs here: the form of the calendar, and the reasons against publishing a candidate. Does not belong here: moving files
(``publish.snapshots``) or waking up at a release's time (``defs.automation``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError

# Under the folder of the inputs.
CALENDAR = "calendar.yml"

DOCUMENTATION = "docs/run/operations.md says what a release has"

Status = Literal["provisional", "final"]

# How a snapshot is published: a demonstration when it passes, an official one when the calendar allows it.
Channel = Literal["demo", "official"]

# The purpose that a snapshot states: its channel, or a rehearsal, which practises either channel but counts as neither.
Purpose = Literal["demo", "official", "rehearsal"]
REHEARSAL: Literal["rehearsal"] = "rehearsal"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Approval(_Strict):
    """One candidate that an authorised person approved for a release."""

    candidate: str = Field(pattern=r"^[0-9]{4}-[0-9a-f]{12}$", description="whole id of the candidate")
    approved_by: str = Field(min_length=1)
    date: date


class PlannedRelease(_Strict):
    """One release: the newest survey year that it holds, how final that year is, and when it may be published.

    ``release_at`` is wall time in the calendar's time zone; before it the release is under embargo.
    """

    release: str = Field(pattern=r"^[a-z0-9_]+$")
    time_period: int
    status: Status
    release_at: datetime
    approvers: tuple[str, ...] = Field(min_length=1, description="who may approve")
    approved: tuple[Approval, ...] = ()

    @field_validator("release_at")
    @classmethod
    def _is_wall_time(cls, value: datetime) -> datetime:
        if value.tzinfo is not None:
            raise ValueError("must be local time in time_zone without an offset, such as 2031-06-12 08:00")
        return value

    @model_validator(mode="after")
    def _approved_by_an_approver(self) -> PlannedRelease:
        for approval in self.approved:
            if approval.approved_by not in self.approvers:
                raise ValueError(f"{approval.approved_by!r} is not an approver of {self.release}")
        return self


class Calendar(_Strict):
    """All releases, in the order of their time; ``preparing`` names the one that candidates are made for.

    ``cited`` are snapshots that external sources refer to; they are never pruned.
    """

    time_zone: str = "UTC"
    preparing: str | None = None
    releases: tuple[PlannedRelease, ...] = ()
    cited: tuple[str, ...] = ()

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone such as Europe/Oslo") from error
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Calendar:
        names = [planned.release for planned in self.releases]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"there are two releases {name!r}")
        if self.preparing is not None and self.preparing not in names:
            raise ValueError(f"preparing names {self.preparing!r}, which is not a release")
        for before, after in zip(self.releases, self.releases[1:], strict=False):
            if after.release_at <= before.release_at:
                raise ValueError(
                    f"{after.release} does not come after {before.release}: put them in the order of their time"
                )
        final: set[int] = set()
        for planned in self.releases:
            if planned.status == "provisional" and planned.time_period in final:
                raise ValueError(f"{planned.release} is provisional, though {planned.time_period} was final before it")
            if planned.status == "final":
                final.add(planned.time_period)
        return self

    @property
    def prepared(self) -> PlannedRelease | None:
        """The release that candidates are made for."""
        return self.find(self.preparing)

    @property
    def referenced(self) -> set[str]:
        """The snapshots and candidates that the calendar names."""
        return {approval.candidate for planned in self.releases for approval in planned.approved} | set(self.cited)

    def find(self, name: str | None) -> PlannedRelease | None:
        """Return the release of that name, or None."""
        return next((planned for planned in self.releases if planned.release == name), None)

    def opens_at(self, planned: PlannedRelease) -> datetime:
        """Return the moment at which a release's embargo ends."""
        return planned.release_at.replace(tzinfo=ZoneInfo(self.time_zone))

    def is_due(self, planned: PlannedRelease, now: datetime) -> bool:
        """Return whether a release's embargo has ended at the moment ``now`` (with a time zone)."""
        return self.opens_at(planned) <= now

    def format_time(self, planned: PlannedRelease) -> str:
        """Return a release's time, formatted for people."""
        return f"{planned.release_at:%Y-%m-%d %H:%M} ({self.time_zone})"


@dataclass(frozen=True)
class SnapshotIdentity:
    """The identity of a candidate or snapshot, from its table ``snapshot``; without a release if older than the calendar."""

    id: str
    channel: Purpose
    time_period: int
    release: str | None
    release_status: str | None


def now() -> datetime:
    """Return the current time; the only clock that a publication uses."""
    return datetime.now(UTC)


def load_calendar(path: Path) -> Calendar:
    """Return the release calendar; without a file there are no releases.

    Raises:
        UserError: the file is not valid; the message names the place.
    """
    if not path.exists():
        return Calendar()
    try:
        content = yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({' '.join(str(error).split())})", place=str(path), remedy=DOCUMENTATION) from error
    try:
        return Calendar.model_validate({} if content is None else content)
    except ValidationError as error:
        raise UserError(first_problem(error), place=str(path), remedy=DOCUMENTATION) from error


def reasons_against(
    calendar: Calendar, candidate: SnapshotIdentity, published: SnapshotIdentity | None, moment: datetime
) -> list[str]:
    """Return the reasons not to publish an official candidate at a moment; an empty list means that it may be published.

    Args:
        calendar: the release calendar.
        candidate: the identity of the candidate.
        published: the identity of the published snapshot.
        moment: the time, with a time zone.
    """
    planned = calendar.prepared
    if planned is None:
        return ["the release calendar prepares no release"]
    if candidate.time_period != planned.time_period:
        return [f"its newest year is {candidate.time_period}, the release {planned.release} is of {planned.time_period}"]
    if (candidate.release, candidate.release_status) != (planned.release, planned.status):
        made_for = f"{candidate.release} ({candidate.release_status})" if candidate.release else "no release"
        return [
            f"it was made for {made_for}, the calendar prepares {planned.release} ({planned.status}): run ./is248 run again"
        ]
    found = []
    if candidate.id not in {approval.candidate for approval in planned.approved}:
        found.append(f"nobody has approved it for {planned.release}: {' or '.join(planned.approvers)} may")
    if not calendar.is_due(planned, moment):
        found.append(f"the release {planned.release} is not due before {calendar.format_time(planned)}")
    later = calendar.find(published.release) if published is not None else None
    if later is not None and later.release_at > planned.release_at:
        found.append(f"{later.release} is published, which comes after {planned.release}")
    return found


def approved_ids(calendar: Calendar) -> Sequence[str]:
    """Return the candidates that were approved for the release in preparation, the last approval first."""
    planned = calendar.prepared
    return [approval.candidate for approval in reversed(planned.approved)] if planned is not None else []


def overdue(calendar: Calendar, published: SnapshotIdentity | None, moment: datetime) -> PlannedRelease | None:
    """Return the last release that is due but not published, or None."""
    due = [planned for planned in calendar.releases if calendar.is_due(planned, moment)]
    if not due:
        return None
    last = due[-1]
    held = calendar.find(published.release) if published is not None else None
    return None if held is not None and held.release_at >= last.release_at else last
