"""Whether a candidate is published now: the channel demo publishes what passed, official what the calendar allows.

Belongs here: choosing the candidate, publishing it now, and saying what it waits for. Does not belong here: what the
calendar says (``release_calendar``), or moving files (``snapshots``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.notifications import log, notify
from orchestration.core.release_calendar import (
    REHEARSAL,
    Calendar,
    Channel,
    Purpose,
    approved_ids,
    load_calendar,
    now,
    overdue,
    reasons_against,
)
from orchestration.core.settings import Settings
from orchestration.publish import integrity, journal, pointer, snapshots
from orchestration.publish.candidate import Candidate
from orchestration.publish.candidates import last_candidate
from orchestration.publish.provenance import project_state
from orchestration.publish.snapshot_files import content_hash


@dataclass(frozen=True)
class Outcome:
    """The outcome of a publication: the id that was just published, or why ``waiting`` waits."""

    published: str | None = None
    waiting: str | None = None
    reasons: tuple[str, ...] = ()


def publish(
    made: Candidate | None,
    *,
    channel: Channel,
    purpose: Purpose | None = None,
    calendar: Calendar,
    folder: Path,
    candidates: Path,
    moment: datetime,
    project: str | None = None,
) -> Outcome:
    """Publish what may be published.

    Args:
        made: the candidate that was made last, if it still exists.
        channel: ``demo`` publishes ``made`` at once; ``official`` the candidate that was approved last for the release in
            preparation, when that is due.
        purpose: the purpose that a candidate must state: the channel, unless it is a rehearsal.
        calendar: the release calendar.
        folder: folder of the snapshots.
        candidates: folder of the candidates.
        moment: this moment, with a time zone.
        project: the state of the code, for the journal.

    Raises:
        UserError: a candidate differs from the judged one, was refused or withdrawn, or was made for the other channel.
    """
    if channel == "demo":
        if made is None:
            return Outcome()
        _require_purpose(made, purpose or channel)
        return Outcome(made.id if snapshots.promote(made, folder, project=project) else None)
    outcome = waiting(made, calendar=calendar, folder=folder, candidates=candidates, moment=moment)
    if outcome.waiting is None or outcome.reasons:
        return outcome
    path = _folder_of(outcome.waiting, folder, candidates)
    assert path is not None
    candidate = Candidate(id=outcome.waiting, path=path, content_hash=content_hash(path))
    _require_purpose(candidate, purpose or channel)
    # An interrupted promotion may already have moved the folder into place.
    is_new = snapshots.promote(candidate, folder, project=project) if path.parent == candidates else _finish(folder, path)
    return Outcome(candidate.id if is_new else None)


def waiting(made: Candidate | None, *, calendar: Calendar, folder: Path, candidates: Path, moment: datetime) -> Outcome:
    """Return the unpublished official candidate and the reasons why it waits; without reasons it may be published.

    It is the one that was approved last for the release in preparation, else the one that was made last. Arguments as for
    :func:`publish`.
    """
    approved = next(iter(approved_ids(calendar)), None)
    published = pointer.current(folder)
    identity = snapshots.read_identity(published) if published is not None else None
    if approved is None or (published is not None and published.name == approved):
        if made is None or (published is not None and made.id == published.name):
            return Outcome()
        reasons = reasons_against(calendar, snapshots.read_identity(made.path), identity, moment)
        return Outcome(waiting=made.id, reasons=tuple(reasons))
    path = _folder_of(approved, folder, candidates)
    if path is None:
        reason = "it was approved, but is not there: run ./is248 run, and approve what that makes"
        return Outcome(waiting=approved, reasons=(reason,))
    reasons = reasons_against(calendar, snapshots.read_identity(path), identity, moment)
    withdrawn = journal.withdrawal(journal.read_journal(folder), approved)
    if withdrawn is not None:
        reasons.append(f"it was withdrawn on {withdrawn.at[:10]}: {withdrawn.reason}")
    return Outcome(waiting=approved, reasons=tuple(reasons))


def publish_now(settings: Settings, made: Candidate | None) -> Outcome:
    """Publish what may be published now, and notify; see :func:`publish`."""
    outcome = publish(
        made,
        channel=settings.channel,
        purpose=settings.purpose,
        calendar=load_calendar(settings.calendar),
        folder=settings.snapshots,
        candidates=settings.candidates,
        moment=now(),
        project=project_state(),
    )
    if outcome.published is not None:
        release = snapshots.read_identity(settings.snapshots / outcome.published).release
        notify(
            settings,
            "published",
            f"IS-24/8: the snapshot {outcome.published} is published.",
            snapshot=outcome.published,
            release=release,
            channel=settings.purpose,
        )
    elif outcome.waiting is not None:
        log(settings, "waits", candidate=outcome.waiting, reasons=list(outcome.reasons))
    return outcome


def find_waiting(settings: Settings) -> Outcome:
    """Return the candidate that waits for its release and why, even if it is damaged; publish nothing."""
    if settings.channel == "demo":
        return Outcome()
    outcome = waiting(
        last_candidate(settings.warehouse),
        calendar=load_calendar(settings.calendar),
        folder=settings.snapshots,
        candidates=settings.candidates,
        moment=now(),
    )
    path = _folder_of(outcome.waiting, settings.snapshots, settings.candidates) if outcome.waiting else None
    found = integrity.damage(path, thorough=False) if path is not None else None
    if found is None:
        return outcome
    return replace(outcome, reasons=(*outcome.reasons, f"it is damaged ({found}): {integrity.ANEW}"))


def overdue_release(settings: Settings) -> str | None:
    """Return the last release of the calendar that is due and not published, and notify of it.

    The channel demo has no releases to keep.
    """
    if settings.channel == "demo":
        return None
    published = pointer.current(settings.snapshots)
    identity = snapshots.read_identity(published) if published is not None else None
    late = overdue(load_calendar(settings.calendar), identity, now())
    if late is None:
        return None
    notify(
        settings,
        "release_overdue",
        f"IS-24/8: the release {late.release} is due, and not published.",
        release=late.release,
    )
    return late.release


def _folder_of(identifier: str, folder: Path, candidates: Path) -> Path | None:
    return next((path for path in (candidates / identifier, folder / identifier) if path.is_dir()), None)


def _finish(folder: Path, path: Path) -> bool:
    if not snapshots.finish(folder, path.name):
        raise UserError(
            f"{path.name} was published before, and another snapshot replaced it",
            place=str(folder),
            remedy=f"./is248 rollback {path.name} publishes it again, or approve the candidate of a new ./is248 run",
        )
    return True


def _require_purpose(candidate: Candidate, purpose: Purpose) -> None:
    made_for = snapshots.read_identity(candidate.path).channel
    if made_for != purpose:
        raise UserError(
            f"the candidate was made for {_format_purpose(made_for)}, not for {_format_purpose(purpose)}",
            place=str(candidate.path),
            remedy="run ./is248 run again",
        )


def _format_purpose(purpose: Purpose) -> str:
    return "a rehearsal" if purpose == REHEARSAL else f"the channel {purpose}"
