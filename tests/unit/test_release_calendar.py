"""The release calendar: its form, and the objections to a publication at a given time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.release_calendar import Calendar, SnapshotIdentity, load_calendar, overdue, reasons_against
from orchestration.core.settings import PROJECT_DIR

CANDIDATE = "2031-0123456789ab"
FIRST = {
    "release": "provisional",
    "time_period": 2031,
    "status": "provisional",
    "release_at": "2032-06-10 08:00",
    "approvers": ["a head"],
}
SECOND = {**FIRST, "release": "final", "status": "final", "release_at": "2032-11-11 08:00"}
APPROVED = {"candidate": CANDIDATE, "approved_by": "a head", "date": "2032-06-08"}
EARLY = datetime(2032, 6, 10, 5, 59, 59, tzinfo=UTC)
DUE = datetime(2032, 6, 10, 6, 0, tzinfo=UTC)


def calendar(preparing: str | None = "provisional", **changes: object) -> Calendar:
    content = {"time_zone": "Europe/Oslo", "preparing": preparing, "releases": [{**FIRST, **changes}, SECOND]}
    return Calendar.model_validate(content)


def identity(**changes: object) -> SnapshotIdentity:
    values = {"id": CANDIDATE, "channel": "official", "time_period": 2031, "release": "provisional"}
    return SnapshotIdentity(**{**values, "release_status": "provisional", **changes})  # type: ignore[arg-type]


def test_an_approved_candidate_goes_out_at_the_second_of_its_release_and_not_before() -> None:
    approved = calendar(approved=[APPROVED])
    # Eight o'clock in Oslo in June is six in UTC.
    assert reasons_against(approved, identity(), None, DUE) == []
    assert reasons_against(approved, identity(), None, EARLY) == [
        "the release provisional is not due before 2032-06-10 08:00 (Europe/Oslo)"
    ]


def test_a_candidate_that_nobody_approved_does_not_go_out() -> None:
    other = {**APPROVED, "candidate": "2031-ba9876543210"}
    for approved in ([], [other]):
        (reason,) = reasons_against(calendar(approved=approved), identity(), None, DUE)
        assert reason == "nobody has approved it for provisional: a head may"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"release": "final", "release_status": "final"}, "it was made for final (final)"),
        ({"release": "provisional", "release_status": "final"}, "it was made for provisional (final)"),
        ({"release": None, "release_status": None}, "it was made for no release"),
        ({"time_period": 2032}, "its newest year is 2032, the release provisional is of 2031"),
    ],
)
def test_a_status_or_year_that_the_date_does_not_allow_does_not_go_out(changes: dict[str, object], reason: str) -> None:
    (found,) = reasons_against(calendar(approved=[APPROVED]), identity(**changes), None, DUE)
    assert found.startswith(reason)


def test_a_provisional_release_does_not_follow_the_final_one() -> None:
    published = identity(id="2031-ffffffffffff", release="final", release_status="final")
    (reason,) = reasons_against(calendar(approved=[APPROVED]), identity(), published, datetime(2033, 1, 1, tzinfo=UTC))
    assert reason == "final is published, which comes after provisional"


def test_nothing_goes_out_without_a_release_in_preparation() -> None:
    assert reasons_against(calendar(None), identity(), None, DUE) == ["the release calendar prepares no release"]
    assert reasons_against(Calendar(), identity(), None, DUE) == ["the release calendar prepares no release"]


def test_the_last_release_that_is_due_and_not_published_is_overdue() -> None:
    assert overdue(calendar(), None, EARLY) is None
    late = overdue(calendar(), None, DUE)
    assert late is not None
    assert late.release == "provisional"
    assert overdue(calendar(), identity(), DUE) is None
    november = datetime(2032, 11, 11, 7, 0, tzinfo=UTC)  # winter time
    late = overdue(calendar(), identity(), november)
    assert late is not None
    assert late.release == "final"
    assert overdue(calendar(), identity(release="final"), november) is None


def test_the_bundled_calendar_is_valid_and_its_figures_are_final() -> None:
    bundled = load_calendar(PROJECT_DIR / "data" / "calendar.yml")
    assert bundled.prepared is not None
    assert bundled.prepared.status == "final"


def test_no_file_is_a_calendar_without_releases(tmp_path: Path) -> None:
    assert load_calendar(tmp_path / "calendar.yml") == Calendar()


RELEASE = """- {release: a, time_period: 2031, status: final, release_at: 2032-06-10 08:00, approvers: [x]}
"""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("releases: [", "cannot be read"),
        ("[1]", "valid dictionary"),
        ("prepared: a", "prepared: Extra inputs are not permitted"),
        ("preparing: b\nreleases:\n" + RELEASE, "preparing names 'b', which is not a release"),
        ("time_zone: Oslo", "'Oslo' is not a time zone"),
        ("releases:\n" + RELEASE.replace("08:00", "08:00+02:00"), "must be local time in time_zone"),
        ("releases:\n" + RELEASE + RELEASE, "there are two releases 'a'"),
        ("releases:\n" + RELEASE.replace("final", "preliminary"), "releases.0.status"),
        ("releases:\n" + RELEASE.replace("approvers: [x]", "approvers: []"), "releases.0.approvers"),
        ("releases:\n" + RELEASE + RELEASE.replace(": a,", ": b,").replace("06-10", "06-09"), "b does not come after a"),
        (
            "releases:\n"
            + RELEASE
            + RELEASE.replace(": a,", ": b,").replace("06-10", "07-09").replace("final", "provisional"),
            "b is provisional, though 2031 was final before it",
        ),
        (
            "releases:\n"
            + RELEASE.replace(
                "approvers: [x]",
                "approvers: [x], approved: [{candidate: 2031-0123456789ab, approved_by: y, date: 2032-01-01}]",
            ),
            "'y' is not an approver of a",
        ),
        (
            "releases:\n"
            + RELEASE.replace(
                "approvers: [x]", "approvers: [x], approved: [{candidate: 2031-0123, approved_by: x, date: 2032-01-01}]"
            ),
            "releases.0.approved.0.candidate",
        ),
    ],
)
def test_a_calendar_that_is_wrong_is_reported_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    path = tmp_path / "calendar.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load_calendar(path)
    assert what in caught.value.what
    assert caught.value.place == str(path)
    assert "\n" not in str(caught.value)
