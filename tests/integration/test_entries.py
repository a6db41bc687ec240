"""Entries under data/ that a form needs: reported by the same code in preview and diff-forms, and drafted."""

from __future__ import annotations

import copy
import hashlib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.forms.model import UNSURE
from orchestration.preview.entry_drafts import NAME, draft_entries
from orchestration.preview.missing_entries import entries_of_form
from orchestration.preview.year_preview import preview_year
from tests.integration.deliveries_kit import (
    COLUMNS,
    FORM,
    HEADER,
    OPTIONS,
    Kit,
    csv_text,
    make_kit,
    write_delivery,
    write_form,
)

EARLIER, YEAR = "survey_2015", "survey_2016"
NEW = [
    {"column": "raad", "use": "answer", "question": "user_council", "type": "code", "wording_nb": "Har dere brukerråd?"},
    *(
        {"column": f"hvem_{answer}", "use": "answer", "question": "council_members", "type": "tick", "answer": answer}
        | {"wording_nb": f"Hvem sitter i rådet: {label}"}
        for answer, label in (("yes", "Brukere"), ("next_of_kin_member", "Pårørende"))
    ),
]
ASKED = [
    {"question": "user_council", "code": "1", "answer": "yes", "label_nb": "Ja"},
    {"question": "user_council", "code": "2", "answer": "no", "label_nb": "Nei"},
]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    made = make_kit(tmp_path_factory.mktemp("entries"))
    write_form(made.data, copy.deepcopy(FORM), [*COLUMNS, *NEW], [*OPTIONS, *ASKED])
    described: dict[str, Any] = {**copy.deepcopy(FORM), "form": EARLIER, "time_period": 2015, "collection_year": 2015}
    write_form(made.data, described | {"delivery": "2015"}, COLUMNS, OPTIONS)
    cells = ["1", "0101", "Halden", "", "01.04.2016", "1", "1,5", "2", "", "1", "1", "", "1", "1", ""]
    rows = csv_text([*HEADER, *(column["column"] for column in NEW)], [cells])
    write_delivery(made.data, "2016", {"export.csv": rows})
    return made


@pytest.fixture
def command(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in ("data", "warehouse", "snapshots"):
        monkeypatch.setenv(f"IS248_{name.upper()}_DIR", str(getattr(kit.settings, name)))
    return CliRunner()


def test_new_questions_and_answers_are_missing_and_known_ones_are_not(kit: Kit) -> None:
    _, found = entries_of_form(kit.settings, YEAR)
    assert [(each.file, each.about) for each in found] == [
        ("indicators/indicators.csv", "council_members"),
        ("indicators/indicators.csv", "user_council"),
        ("indicators/answers.csv", "next_of_kin_member"),
        ("classifications/disclosure.yml", "council_members"),
        ("classifications/disclosure.yml", "user_council"),
    ]
    assert entries_of_form(kit.settings, EARLIER)[1] == []


def test_a_category_that_is_no_longer_asked_for_needs_a_break_and_what_became_of_it(tmp_path: Path) -> None:
    """Otherwise the change of the total would compare different totals without a notice."""
    made = make_kit(tmp_path)
    earlier: dict[str, Any] = {**copy.deepcopy(FORM), "form": EARLIER, "time_period": 2015, "collection_year": 2015}
    write_form(made.data, earlier | {"delivery": "2015"}, COLUMNS, OPTIONS)
    fewer = [column for column in COLUMNS if column.get("item") != "work_measures"]
    write_form(made.data, copy.deepcopy(FORM), fewer, OPTIONS)
    _, found = entries_of_form(made.settings, YEAR)
    assert [str(each.error).partition("classifications/")[2] for each in found] == [
        "category_crosswalk.csv: does not say what became of work_measures of fte_by_service, which was asked for in 2015 "
        "and not in 2016; add a line with what it corresponds to, or none",
        "series_breaks.csv: has no break of fte_by_service in 2016, although that year no longer asks for work_measures; "
        "add a line: without it the change from 2015 compares unlike totals",
    ]
    classifications = made.data / "classifications"
    with (classifications / "category_crosswalk.csv").open("a", encoding="utf-8") as file:
        file.write("fte_by_service,work_measures,2015,none,2016,not_comparable,Utgikk.,Ended.\n")
    with (classifications / "series_breaks.csv").open("a", encoding="utf-8") as file:
        file.write("fte_by_service,2016,scope,false,Færre tjenester.,Fewer services.,form\n")
    assert entries_of_form(made.settings, YEAR)[1] == []


def test_a_look_at_the_year_tells_the_same(kit: Kit) -> None:
    errors = [str(each.error) for each in entries_of_form(kit.settings, YEAR)[1]]
    assert [str(each) for each in preview_year(kit.settings, 2016).entries] == errors


def test_the_difference_of_two_forms_ends_with_them(command: CliRunner) -> None:
    text = command.invoke(main, ["diff-forms", EARLIER, YEAR]).output
    assert f"Missing entries for {YEAR} (5)\n" in text
    assert "indicators.csv: has no labels of the question user_council; add a line" in text
    assert text.index("user_council") < text.index("Missing entries")
    assert f"Missing entries for {EARLIER} (0)" in command.invoke(main, ["diff-forms", YEAR, EARLIER]).output


def test_an_input_that_is_broken_does_not_hide_the_difference(command: CliRunner, kit: Kit) -> None:
    policy = kit.data / "classifications" / "disclosure.yml"
    text = policy.read_text(encoding="utf-8")
    try:
        policy.write_text("version: [\n", encoding="utf-8")
        result = command.invoke(main, ["diff-forms", EARLIER, YEAR])
        assert result.exit_code == 0
        assert "user_council" in result.output and f"The entries of {YEAR} cannot be looked up" in result.output
    finally:
        policy.write_text(text, encoding="utf-8")


def digests(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_drafts_stand_in_the_forms_folder_and_nowhere_else(command: CliRunner, kit: Kit) -> None:
    before = digests(kit.data)
    result = command.invoke(main, ["preview", "2016", "--draft-entries"])
    assert result.exit_code == 0, result.output
    path = kit.data / "forms" / YEAR / NAME
    assert str(path) in result.output
    assert {name for name in digests(kit.data).items() - before.items() if "preview" not in name[0]} == {
        (str(path), hashlib.sha256(path.read_bytes()).hexdigest())
    }
    assert path.read_text(encoding="utf-8") == (
        "# data/indicators/indicators.csv: DRAFT; correct and translate it, then add it there\n"
        "council_members,Hvem sitter i rådet,DRAFT: Hvem sitter i rådet,multiple,,\n"
        "user_council,Har dere brukerråd?,DRAFT: Har dere brukerråd?,yes_no,,\n"
        "\n"
        "# data/indicators/answers.csv: DRAFT; correct and translate it, then add it there\n"
        "answer,next_of_kin_member,Pårørende,DRAFT: Pårørende\n"
        "\n"
        "# data/classifications/disclosure.yml: DRAFT; decide it, then add it there\n"
        "  # under sensitive, in one of its lists, until somebody says that it is ordinary\n"
        "  council_members\n"
        "  # under sensitive, in one of its lists, until somebody says that it is ordinary\n"
        "  user_council\n"
    )
    path.unlink()


def test_that_no_draft_is_needed_is_stated(command: CliRunner, kit: Kit) -> None:
    cells = ["1", "0101", "Halden", "", "01.04.2015", "1", "1,5", "2", "", "1", "1", ""]
    folder = write_delivery(kit.data, "2015", {"export.csv": csv_text(HEADER, [cells])})
    earlier = kit.data / "forms" / EARLIER / NAME
    earlier.write_text("an earlier draft", encoding="utf-8")
    try:
        result = command.invoke(main, ["preview", "2015", "--draft-entries"])
        assert result.exit_code == 0, result.output
        assert f"draft entries: none for {EARLIER}: it has all that it needs; the earlier {NAME} is removed" in result.output
        assert not earlier.exists()
    finally:
        (folder / "export.csv").unlink()
        folder.rmdir()


def test_a_draft_of_a_form_that_is_half_decided_is_made_too(kit: Kit) -> None:
    path = kit.data / "forms" / YEAR / "columns.csv"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(text.replace("main,arbeid,,answer", f"main,arbeid,,{UNSURE}", 1), encoding="utf-8")
        form, entries = entries_of_form(kit.settings, YEAR)
        assert "user_council,Har dere brukerråd?" in draft_entries(form, entries)
    finally:
        path.write_text(text, encoding="utf-8")
