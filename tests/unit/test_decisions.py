"""Signed decisions: required fields of an entry, and messages about mistakes."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.ingest.decisions import load_decisions

CORRECTION = """- unit: "1151"
  year: 2022
  question: fte_by_service
  item: work_measures
  target_group: adults
  reporting_form: joint
  expect: 12
  value: 1.2
  reason: a slip of ten
  decided_by: NN
  date: 2023-06-14
"""

COMPARABILITY = """- {indicator: q, from_year: 2015, to_year: 2016, verdict: comparable,
   reason: r, decided_by: NN, date: 2026-02-01}
"""


def write(data: Path, folder: str, text: str, name: str = "entries.yml") -> Path:
    (data / folder).mkdir(parents=True, exist_ok=True)
    path = data / folder / name
    path.write_text(text, encoding="utf-8")
    return path


REDELIVERY = """- {year: 2022, units: ["1151", "0301"], delivery: "0123456789ab",
   reason: taken back, decided_by: NN, date: 2023-06-14}
"""


def test_no_folder_and_an_empty_file_are_no_decisions(tmp_path: Path) -> None:
    write(tmp_path, "corrections", "# none yet\n")
    tables = ("corrections", "submissions", "redeliveries", "comparability", "waiting_questions", "releases")
    assert load_decisions(tmp_path) == {name: [] for name in tables}


def test_questions_that_wait_are_one_row_each(tmp_path: Path) -> None:
    entry = "- {year: 2022, questions: [b, a], reason: r, decided_by: NN, date: 2023-06-14}\n"
    write(tmp_path, "waiting_questions", entry)
    signed = ("r", "NN", datetime.date(2023, 6, 14))
    found = [("entries.yml:1", 2022, "b", *signed), ("entries.yml:1", 2022, "a", *signed)]
    assert load_decisions(tmp_path)["waiting_questions"] == found
    path = write(tmp_path, "waiting_questions", entry + entry.replace("[b, a]", "[a]"))
    with pytest.raises(UserError, match=r"makes the same decision as entries.yml:1") as error:
        load_decisions(tmp_path)
    assert error.value.place == f"{path}, line 2"


def test_entries_become_rows_with_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, "corrections", "# a comment\n" + CORRECTION)
    write(tmp_path, "comparability", COMPARABILITY)
    rows = load_decisions(tmp_path)
    assert rows["corrections"] == [
        (
            "entries.yml:2", "1151", 2022, "fte_by_service", "work_measures", "adults", "joint", "12", "1.2",
            "answer_error", "a slip of ten", "NN", datetime.date(2023, 6, 14),
        )
    ]  # fmt: skip
    assert rows["comparability"] == [
        ("entries.yml:1", "q", 2015, 2016, "comparable", "r", "NN", datetime.date(2026, 2, 1))
    ]  # fmt: skip


def test_an_entry_on_lost_answers_is_a_row_for_each_unit_and_all_is_a_word(tmp_path: Path) -> None:
    path = write(tmp_path, "redeliveries", REDELIVERY + REDELIVERY.replace('["1151", "0301"]', "all"))
    signed = ("taken back", "NN", datetime.date(2023, 6, 14))
    assert load_decisions(tmp_path)["redeliveries"] == [
        ("entries.yml:1", 2022, "0123456789ab", "1151", *signed),
        ("entries.yml:1", 2022, "0123456789ab", "0301", *signed),
        ("entries.yml:3", 2022, "0123456789ab", "all", *signed),
    ]
    # Refused: texts that YAML reads as numbers, a hash prefix that may match another version, and no unit.
    for wrong in ('delivery: "0123"', "delivery: 712345678912", "delivery: Latest"):
        path.write_text(REDELIVERY.replace('delivery: "0123456789ab"', wrong), encoding="utf-8")
        with pytest.raises(UserError, match="delivery: "):
            load_decisions(tmp_path)
    for wrong in ("units: []", "units: [1151]", "units: everything"):
        path.write_text(REDELIVERY.replace('units: ["1151", "0301"]', wrong), encoding="utf-8")
        with pytest.raises(UserError, match="units"):
            load_decisions(tmp_path)


def test_a_blank_cell_is_expected_as_null(tmp_path: Path) -> None:
    write(tmp_path, "corrections", CORRECTION.replace("expect: 12", "expect: null"))
    assert load_decisions(tmp_path)["corrections"][0][7] is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CORRECTION.replace("  reason: a slip of ten\n", ""), "reason: Field required"),
        (CORRECTION.replace("  date: 2023-06-14\n", ""), "date: Field required"),
        (CORRECTION.replace("decided_by", "decided"), "decided_by: Field required"),
        (CORRECTION.replace('"1151"', '"115"'), "unit: String should match"),
        (CORRECTION.replace("expect: 12\n", "\n"), "expect: Field required"),
        (CORRECTION.replace("target_group: adults", "target_group: grown-ups"), "target_group: Input should be"),
        ("just: a mapping\n", "is not a list of entries"),
        ("- [not: closed\n", "cannot be read"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, "corrections", text)
    with pytest.raises(UserError) as caught:
        load_decisions(tmp_path)
    assert message in caught.value.what
    assert str(path) in caught.value.place
    assert "docs/run/signed-decisions.md" in caught.value.remedy


def test_two_entries_that_decide_the_same_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "corrections", CORRECTION, "a.yml")
    second = write(tmp_path, "corrections", CORRECTION.replace("value: 1.2", "value: 2"), "b.yml")
    with pytest.raises(UserError) as caught:
        load_decisions(tmp_path)
    assert "a.yml:1" in caught.value.what
    assert caught.value.place == f"{second}, line 1"


def test_releases_have_their_moments_with_the_offset_of_the_day_and_that_of_the_one_after_them(tmp_path: Path) -> None:
    release = "{{release: {0}, time_period: 2031, status: {0}, release_at: {1} 08:00, approvers: [NN]}}"
    planned = f"[{release.format('provisional', '2032-06-10')}, {release.format('final', '2032-11-11')}]"
    write(tmp_path, "", f"{{time_zone: Europe/Oslo, preparing: final, releases: {planned}}}\n", "calendar.yml")
    summer, winter = "2032-06-10T08:00+02:00", "2032-11-11T08:00+01:00"
    assert load_decisions(tmp_path)["releases"] == [
        ("provisional", 2031, "provisional", datetime.date(2032, 6, 10), False, summer, winter),
        ("final", 2031, "final", datetime.date(2032, 11, 11), True, winter, None),
    ]
