"""Several findings about one number are one question with one answer; and edited lists."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from openpyxl import load_workbook

from orchestration.contact.round_folder import write_round
from orchestration.contact.states import Asking, State, load_contact_round
from orchestration.control.answers import draft
from orchestration.control.contacts import contacts_file
from orchestration.control.findings import load_control
from orchestration.control.list_layout import PLACES
from orchestration.control.lists import write_lists
from orchestration.control.reading import read_answers
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from tests.integration import test_control
from tests.integration.contact_kit import LATE, asking, letter, make_round, states
from tests.integration.control_kit import (
    CELL,
    CHANGE,
    RATE,
    SECOND,
    SILENT,
    add_second_reason,
    answer,
    column,
    row_of,
    signed,
    write,
)


@pytest.fixture
def controlled(tmp_path: Path) -> Settings:
    """Settings whose warehouse has two findings about one number: the rate (``SECOND``) and the change of Stavanger."""
    settings = make_round(tmp_path)
    add_second_reason(settings)
    return settings


# One question


def test_two_findings_about_one_number_are_one_question_that_names_both_reasons(controlled: Settings) -> None:
    found = load_control(controlled, 2016).findings
    assert [finding.key for finding in found] == [RATE, CHANGE, SILENT, CELL]
    asked = found[1]
    assert asked.kinds == ("large_change", "rate_above_limit")
    assert asked.title == "Stor endring siden sist; Høyt antall årsverk per innbygger"
    assert asked.question.count("Stavanger har meldt 30 årsverk for voksne") == 1
    assert (
        "mot 20,25 i 2015" in asked.question and "Tallet er også høyt i forhold til innbyggertallet: 30,0" in asked.question
    )
    english = load_control(controlled, 2016, "en").findings[1].question
    assert "compared with 20.25 in 2015" in english and "also high for the population" in english
    assert "Talet er òg høgt" in load_control(controlled, 2016, "nn").findings[1].question
    sheet = load_workbook(write(controlled) / "2016_alle.xlsx")["Kontroll"]
    assert [row[PLACES["key"]] for row in sheet.iter_rows(min_row=2, values_only=True)] == [RATE, CHANGE, SILENT, CELL]


def test_findings_about_other_values_or_about_something_else_are_questions_of_their_own(controlled: Settings) -> None:
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_findings set value = 31 where finding_key = ?", [SECOND])
    assert {finding.key for finding in load_control(controlled, 2016).findings} == {RATE, CHANGE, SECOND, SILENT, CELL}
    choice = SECOND.replace("rate_above_limit", "choice_contradicted")
    with connect(controlled.warehouse_file) as connection:
        connection.execute(
            "update control.ctl_findings set value = 30, finding = 'choice_contradicted', finding_key = ? "
            "where finding_key = ?",
            [choice, SECOND],
        )
    assert {finding.key for finding in load_control(controlled, 2016).findings} == {RATE, CHANGE, choice, SILENT, CELL}


def test_a_letter_asks_once_and_what_was_asked_is_asked_of_the_number(controlled: Settings) -> None:
    # The change alone is below the limit for questions; the rate is always asked about.
    path = controlled.explanations / "rounds" / "2016.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[text_instead_of_number]", "[rate_above_limit]"), encoding="utf-8")
    found = load_contact_round(controlled, 2016, LATE)
    assert asking(found)[CHANGE] is Asking.TO_ASK
    folder = write_round(controlled, found).folder
    _, body = letter(folder / "questions" / "1103_Stavanger.eml")
    assert body.count("30 årsverk for voksne") == 1 and "\n3. " not in body


# One answer


@pytest.mark.parametrize("key", [CHANGE, SECOND])
def test_one_answer_settles_both_in_whichever_list_it_was_given(controlled: Settings, key: str) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    book = load_workbook(path)
    sheet = book["Kontroll"]
    # As in a list that was written while there was only the other reason.
    sheet.cell(row_of(sheet, CHANGE), column("key")).value = key
    book.save(path)
    answer(path, key, verdict="riktig", reason="ny bolig")
    answer(path, RATE, verdict="riktig", reason="én bruker")
    assert len(signed(controlled, path).explanations) == 2
    explained = {each.key: each.explanation for each in load_control(controlled, 2016).findings}
    assert explained[CHANGE] is not None and explained[CHANGE].reason == "ny bolig"
    assert states(load_contact_round(controlled, 2016, LATE.replace(day=20)))["1103"] is State.EXPLAINED
    # The same applies when one of the reasons is gone.
    for gone in (CHANGE, SECOND):
        with connect(controlled.warehouse_file) as connection:
            connection.execute("delete from control.ctl_findings where finding_key = ?", [gone])
        left = {each.key: each.explanation for each in load_control(controlled, 2016).findings}
        assert all(left[other] is not None for other in {CHANGE, SECOND} & set(left))


def test_an_answer_to_one_reason_is_carried_over_to_the_question_of_both(controlled: Settings) -> None:
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_findings set effect = 20 where finding_key = ?", [SECOND])
    folder = write(controlled)
    answer(folder / "2016_alle.xlsx", SECOND, verdict="vet ikke")
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_findings set effect = 1 where finding_key = ?", [SECOND])
    written = write_lists(load_control(controlled, 2016), controlled.control)
    assert (written.kept_answers, written.earlier_answers) == (1, 0)
    kept = [each.key for each in read_answers(folder / "2016_alle.xlsx")]
    assert kept == [CHANGE]


def test_two_answers_to_the_two_reasons_contradict_each_other(controlled: Settings) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, CHANGE, verdict="riktig", reason="ny bolig", reporting_form="felles rapportering")
    answer(path, CHANGE, row=9, key=SECOND, verdict="vet ikke", reporting_form="felles rapportering")
    with pytest.raises(UserError, match=r"differently from .*row 3"):
        draft(controlled, 2016, path)


# Output of the command


def test_the_command_tells_every_answer(controlled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, CHANGE, verdict="riktig", reason="ny bolig")
    answer(path, RATE, verdict="spør igjen", reason="Hvilken bolig?")
    answer(path, CELL, verdict="vet ikke")
    code, output = test_control.run(controlled, monkeypatch, "2016", "--answers", str(path))
    assert code == 0
    assert output.startswith("0 corrections, 1 explanation, 1 to be asked again; 0 on file already, 1 not known\n")
    assert "explanations:\n  1103 large_change fte_by_service adults: ny bolig\n" in output
    assert "to be asked again:\n  1103 rate_above_limit fte_by_service children: Hvilken bolig?\n" in output
    assert "not known:\n  030101 text_instead_of_number fte_by_service adults work_measures joint\n" in output
    code, output = test_control.run(controlled, monkeypatch, "2016")
    assert (code, "5 findings about 3 units, 4 questions" in output) == (0, True), output


# Edited lists


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_number_of_a_cell_is_no_thousand(controlled: Settings, language: Literal["nb", "en"]) -> None:
    folder = write_lists(load_control(controlled, 2016, language), controlled.control).folder
    name = {"nb": "2016_alle", "en": "2016_all"}[language]
    path = folder / f"{name}.xlsx"
    book = load_workbook(path)
    sheet = book.worksheets[0]
    given = {"verdict": "feil", "new_value": 26.975, "item": "housing", "reporting_form": "joint", "answered_by": "KN"}
    for column_name, value in (given | {"answered_on": date(2016, 6, 14)}).items():
        sheet.cell(row_of(sheet, CHANGE), column(column_name)).value = value
    book.save(path)
    assert [each["value"] for each in draft(controlled, 2016, path).corrections] == [26.975]
    write_lists(load_control(controlled, 2016, language), controlled.control)
    for ending in ("xlsx", "csv"):
        assert [each["value"] for each in draft(controlled, 2016, folder / f"{name}.{ending}").corrections] == [26.975]


@pytest.mark.parametrize("name", ["key", "value", "compared", "new_value", "verdict", "answered_on"])
def test_a_list_without_a_column_that_is_needed_is_refused(controlled: Settings, name: str) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, CHANGE, verdict="riktig", reason="ny bolig")
    book = load_workbook(path)
    sheet = book["Kontroll"]
    head = sheet.cell(1, column(name)).value
    sheet.delete_cols(column(name))
    book.save(path)
    with pytest.raises(UserError) as caught:
        draft(controlled, 2016, path)
    assert caught.value.what == f"the column {head!r} is missing"
    assert caught.value.place == f"{path}, sheet Kontroll, row 1"


@pytest.mark.parametrize("title", ["Ark1", "Les meg"])
def test_a_list_is_known_by_its_heads_and_not_by_the_name_of_its_sheet(controlled: Settings, title: str) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, CHANGE, verdict="riktig", reason="ny bolig")
    book = load_workbook(path)
    book["Les meg"].title = "Bruk"
    book["Kontroll"].title = title
    book.save(path)
    assert [each["reason"] for each in draft(controlled, 2016, path).explanations] == ["ny bolig"]


@pytest.mark.parametrize("values", [{"verdict": "vet ikke"}, {"verdict": "spør igjen", "reason": "hva?"}])
def test_an_answer_about_a_unit_that_is_not_there_reaches_no_record(controlled: Settings, values: dict[str, str]) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, CHANGE, key=CHANGE.replace("1103", "9999"), unit_code="9999", **values)
    with pytest.raises(UserError, match="answers a finding that no longer exists"):
        signed(controlled, path)
    assert not contacts_file(controlled.explanations, 2016).exists()


def test_the_cell_of_no_code_list_is_found_by_what_the_form_calls_it(controlled: Settings) -> None:
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update staging.stg_forms__columns set item = 'outreach' where item = 'work_measures'")
        connection.execute("update intermediate.int_fte_asked set category = 'housing' where category = 'work_measures'")
        connection.execute(
            "update control.ctl_findings set item = 'outreach', finding_key = ? where finding_key = ?",
            [CELL.replace("work_measures", "outreach"), CELL],
        )
    key = CELL.replace("work_measures", "outreach")
    finding = next(each for each in load_control(controlled, 2016).findings if each.key == key)
    assert finding.item == "Arbeid"
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, key, verdict="feil", new_value="2,5")
    (entry,) = draft(controlled, 2016, path).corrections
    assert (entry["item"], entry["value"]) == ("outreach", 2.5)
