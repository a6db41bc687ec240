"""The control on a tiny warehouse: ranked findings, lists as files, answers carried over and read back."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
import yaml
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook

from orchestration.cli import answers, main
from orchestration.control.answers import draft
from orchestration.control.contacts import contacts_file, read_contacts
from orchestration.control.findings import load_control
from orchestration.control.list_layout import COLUMNS, PLACES
from orchestration.control.lists import file_name, write_lists
from orchestration.control.reading import read_answers
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.defs.control import build_control_asset
from orchestration.defs.resources import Installation, Writer
from orchestration.forms.registry import load_forms
from orchestration.ingest.decisions import load_decisions
from tests.integration.control_kit import (
    CELL,
    CHANGE,
    RATE,
    SILENT,
    answer,
    bytes_of,
    changed,
    column,
    make_controlled,
    row_of,
    signed,
    write,
)


@pytest.fixture
def controlled(tmp_path: Path) -> Settings:
    """Settings with their own data folder and a warehouse with a few findings."""
    return make_controlled(tmp_path)


# Findings


def test_findings_are_ranked_by_effect_and_say_what_to_ask(controlled: Settings) -> None:
    found = load_control(controlled, 2016).findings
    assert [finding.key for finding in found] == [RATE, CHANGE, SILENT, CELL]
    assert found[0].question.startswith(
        "Stavanger har meldt 30 årsverk for barn og unge i 2016. Det er 30,0 årsverk per 1\u00a0000 innbyggere i "
        "aldersgruppen. Øvre grense for enheter av samme størrelse er 24,0 per 1\u00a0000, som for dere svarer til "
        "24 årsverk."
    )
    assert "mot 20,25 i 2015" in found[1].question
    assert (found[1].limit, found[1].effect) == (Decimal("25.45"), Decimal("9.75"))
    assert (found[3].item, found[3].reporting_form) == ("Arbeidstiltak", "felles rapportering")
    assert found[3].place == "a.xlsx, Ark, C2 (v_1)"
    assert found[3].size_group == "Bydeler i Oslo"


def test_in_english_the_list_is_english(controlled: Settings) -> None:
    found = load_control(controlled, 2016, "en").findings
    assert "compared with 20.25 in 2015" in found[1].question
    assert found[3].item == "Work measures"
    folder = write_lists(load_control(controlled, 2016, "en"), controlled.control).folder
    assert load_workbook(folder / "2016_all.xlsx").sheetnames == ["Control", "Read me", "Items"]


def test_explained_findings_come_last_and_are_filled_in(controlled: Settings) -> None:
    controlled.explanations.mkdir()
    (controlled.explanations / "2016.yml").write_text(
        f"- {{finding: '{RATE}', reason: en bruker, answered_by: KN, date: 2016-06-14}}\n", encoding="utf-8"
    )
    control = load_control(controlled, 2016)
    assert [finding.key for finding in control.findings] == [CHANGE, SILENT, CELL, RATE]
    sheet = load_workbook(write_lists(control, controlled.control).overview)["Kontroll"]
    last = [cell.value for cell in sheet[5]]
    assert last[PLACES["verdict"]] == "riktig"
    assert last[PLACES["reason"]] == "en bruker"
    assert last[PLACES["status"]] == "forklart"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"- {{finding: '{RATE}', reason: x, answered_by: KN}}\n", "date: Field required"),
        (f"- {{finding: '{RATE}', reason: x, answered_by: KN, date: 2016-06-14}}\n" * 2, "explains .* twice"),
        ("- [not: closed\n", "cannot be read"),
    ],
)
def test_explanations_that_are_not_valid_are_reported_with_their_file(controlled: Settings, text: str, message: str) -> None:
    controlled.explanations.mkdir()
    (controlled.explanations / "2016.yml").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_control(controlled, 2016)
    assert "2016.yml" in caught.value.place


# Lists


def test_there_is_a_list_of_all_of_each_county_and_of_each_unit_for_nobody_else_to_read(controlled: Settings) -> None:
    folder = write(controlled)
    names = {name for name in bytes_of(folder) if name.endswith(".xlsx")}
    assert names == {
        "2016_alle.xlsx",
        "fylker/03_Oslo.xlsx",
        "fylker/11_Rogaland.xlsx",
        "enheter/030101_Gamle_Oslo.xlsx",
        "enheter/1103_Stavanger.xlsx",
        "enheter/1104_Å_Ås.xlsx",
    }
    assert {name.replace(".xlsx", ".csv") for name in names} <= set(bytes_of(folder))
    for path in [controlled.control, folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_unit_reads_nothing_of_another_unit(controlled: Settings) -> None:
    folder = write(controlled)
    assert "Stavanger" not in (folder / "enheter/1104_Å_Ås.csv").read_text(encoding="utf-8-sig")
    book = load_workbook(folder / "enheter/1104_Å_Ås.xlsx")
    assert all("Stavanger" not in str(cell.value) for sheet in book for row in sheet for cell in row)


def test_the_workbook_is_ready_to_be_answered(controlled: Settings) -> None:
    book = load_workbook(write(controlled) / "2016_alle.xlsx")
    assert book.sheetnames == ["Kontroll", "Les meg", "Poster"]
    sheet = book["Kontroll"]
    assert [cell.value for cell in sheet[1]] == [column.head.nb for column in COLUMNS]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref.startswith("A1:")
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
    choices = {choice.formula1: str(choice.sqref) for choice in sheet.data_validations.dataValidation}
    assert choices['"riktig,feil,vet ikke,spør igjen"'].startswith("N2:")
    assert "'Poster'!$A$2:$A$4" in choices
    row = row_of(sheet, CHANGE)
    assert sheet.cell(row, column("value")).value == 30
    assert sheet.cell(row, column("value")).number_format == "#,##0.00"
    text = sheet.cell(row_of(sheet, CELL), column("question"))
    assert "«=2-3»" in text.value
    assert all(cell.data_type != "f" for line in sheet for cell in line)
    about = " ".join(str(cell.value) for line in book["Les meg"] for cell in line)
    assert "Unntatt offentlighet" in about
    assert "konstruert" in about
    assert [cell.value for cell in book["Poster"]["A"]] == ["Post", "Bolig", "Arbeidstiltak", "Høyskole"]


def test_the_csv_opens_in_norwegian_excel_and_runs_nothing(controlled: Settings) -> None:
    raw = (write(controlled) / "2016_alle.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == [column.head.nb for column in COLUMNS]
    assert rows[2][PLACES["before"]] == "20,25"
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for row in rows for cell in row)


def test_the_same_findings_make_the_same_bytes(controlled: Settings) -> None:
    folder = write(controlled)
    before = bytes_of(folder)
    assert bytes_of(write(controlled)) == before


@pytest.mark.parametrize(
    ("name", "expected"), [("1103_Stavanger", "1103_Stavanger"), ("2030_Sør-Varanger / Mátta", "2030_Sør-Varanger_Mátta")]
)
def test_file_names_keep_letters_only(name: str, expected: str) -> None:
    assert file_name(name) == expected


# Answers are kept


def test_answers_are_carried_over_into_all_lists(controlled: Settings) -> None:
    folder = write(controlled)
    answer(folder / "enheter/1103_Stavanger.xlsx", CHANGE, verdict="riktig", reason="- ny bolig")
    written = write_lists(load_control(controlled, 2016), controlled.control)
    assert written.kept_answers == 1
    for name in ("2016_alle.xlsx", "fylker/11_Rogaland.xlsx", "enheter/1103_Stavanger.xlsx"):
        sheet = load_workbook(folder / name)["Kontroll"]
        row = row_of(sheet, CHANGE)
        assert sheet.cell(row, column("reason")).value == "- ny bolig"
        assert sheet.cell(row, column("reason")).data_type == "s"
        assert sheet.cell(row, column("answered_on")).value.date() == date(2016, 6, 14)
    (kept,) = read_answers(folder / "2016_alle.csv")
    assert (kept.verdict, kept.reason, kept.answered_on) == ("riktig", "- ny bolig", "2016-06-14")
    assert write_lists(load_control(controlled, 2016), controlled.control).kept_answers == 1


def test_answers_to_findings_that_are_gone_are_kept_apart(controlled: Settings) -> None:
    folder = write(controlled)
    answer(folder / "2016_alle.xlsx", CHANGE, verdict="feil", new_value=2.5, item="Bolig")
    with connect(controlled.warehouse_file) as connection:
        connection.execute("delete from control.ctl_findings where finding = 'large_change'")
    for _ in range(2):
        written = write_lists(load_control(controlled, 2016), controlled.control)
        assert (written.kept_answers, written.earlier_answers) == (0, 1)
        (kept,) = read_answers(folder / "2016_tidligere_svar.xlsx")
        assert (kept.key, kept.new_value, kept.item) == (CHANGE, "2,5", "Bolig")


def test_several_answers_to_one_finding_stay_several_rows(controlled: Settings) -> None:
    folder = write(controlled)
    path = folder / "enheter/1103_Stavanger.xlsx"
    changed(path)
    answer(path, CHANGE, row=9, key=CHANGE, verdict="feil", new_value=3, item="Arbeidstiltak")
    write(controlled)
    kept = read_answers(folder / "2016_alle.xlsx")
    assert sorted((entry.item, entry.new_value) for entry in kept) == [("Arbeidstiltak", "3"), ("Bolig", "2,5")]


def test_two_lists_that_contradict_each_other_are_not_replaced(controlled: Settings) -> None:
    folder = write(controlled)
    answer(folder / "2016_alle.xlsx", CHANGE, verdict="riktig", reason="ja")
    changed(folder / "enheter/1103_Stavanger.xlsx")
    before = bytes_of(folder)
    with pytest.raises(UserError, match=r"large_change of 1103 in 2016 \(.*adults.*\) differently from .*2016_alle"):
        write(controlled)
    assert bytes_of(folder) == before


def test_a_file_that_somebody_put_there_stays(controlled: Settings) -> None:
    folder = write(controlled)
    (folder / "svar").mkdir()
    (folder / "svar" / "e-post.txt").write_text("hei", encoding="utf-8")
    write(controlled)
    assert (folder / "svar" / "e-post.txt").read_text(encoding="utf-8") == "hei"


def test_lists_that_an_interrupted_run_set_aside_come_back(controlled: Settings) -> None:
    folder = write(controlled)
    answer(folder / "2016_alle.xlsx", CHANGE, verdict="riktig", reason="ja")
    folder.rename(folder.with_name(".2016.old"))
    assert write_lists(load_control(controlled, 2016), controlled.control).kept_answers == 1


# Answers lead to corrections and explanations


def test_a_wrong_number_becomes_a_correction_and_a_right_one_an_explanation(controlled: Settings) -> None:
    folder = write(controlled)
    changed(folder / "2016_alle.xlsx", reason="Kommafeil")
    answer(folder / "2016_alle.xlsx", RATE, verdict="riktig", reason="én bruker")
    answer(folder / "2016_alle.xlsx", CELL, verdict="feil", new_value="2,5", answered_on="14.06.2016")
    answer(folder / "2016_alle.xlsx", SILENT, verdict="vet ikke")
    drafted = draft(controlled, 2016, folder)
    assert (len(drafted.corrections), len(drafted.explanations), drafted.on_file, drafted.unknown) == (2, 1, 0, [SILENT])
    assert not list(controlled.data.iterdir())
    signed(controlled, folder)
    path = controlled.data / "corrections" / "2016_control.yml"
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert entries == [
        {
            "unit": "1103", "year": 2016, "question": "fte_by_service", "item": "housing", "target_group": "adults",
            "reporting_form": "joint", "expect": 12.5, "value": 2.5, "reason": "Kommafeil", "decided_by": "Kari Nordmann",
            "date": date(2016, 6, 14),
        },
        {
            "unit": "030101", "year": 2016, "question": "fte_by_service", "item": "work_measures", "target_group": "adults",
            "reporting_form": "joint", "expect": "=2-3", "value": 2.5, "reason": "Svar på kontroll: Tekst i stedet for tall",
            "decided_by": "Kari Nordmann", "date": date(2016, 6, 14),
        },
    ]  # fmt: skip
    assert len(load_decisions(controlled.data)["corrections"]) == 2
    (explained,) = yaml.safe_load((controlled.explanations / "2016.yml").read_text(encoding="utf-8"))
    assert (explained["finding"], explained["reason"], explained["value"]) == (RATE, "én bruker", 30)


def test_what_is_on_file_is_not_written_again(controlled: Settings) -> None:
    folder = write(controlled)
    changed(folder / "2016_alle.xlsx")
    answer(folder / "2016_alle.xlsx", RATE, verdict="riktig", reason="én bruker")
    signed(controlled, folder)
    before = bytes_of(controlled.data)
    write(controlled)
    drafted = signed(controlled, folder)
    assert (drafted.corrections, drafted.explanations, drafted.on_file) == ([], [], 2)
    assert bytes_of(controlled.data) == before


def test_later_answers_are_added_to_those_on_file(controlled: Settings) -> None:
    folder = write(controlled)
    changed(folder / "2016_alle.xlsx")
    signed(controlled, folder / "2016_alle.xlsx")
    answer(folder / "2016_alle.xlsx", CELL, verdict="feil", new_value=2)
    drafted = signed(controlled, folder / "2016_alle.xlsx")
    assert (len(drafted.corrections), drafted.on_file) == (1, 1)
    assert len(load_decisions(controlled.data)["corrections"]) == 2


def test_a_sum_that_differs_is_corrected_in_either_breakdown(controlled: Settings) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    changed(path, item="Høyskole")
    (entry,) = draft(controlled, 2016, path).corrections
    assert (entry["question"], entry["item"], entry["expect"]) == ("fte_by_education", "college", None)


def test_a_list_that_excel_saved_as_csv_is_read(controlled: Settings, tmp_path: Path) -> None:
    rows = list(
        csv.reader(io.StringIO((write(controlled) / "2016_alle.csv").read_text(encoding="utf-8-sig")), delimiter=";")
    )
    for row in rows:
        if row[PLACES["key"]] == CHANGE:
            for name, value in {
                "verdict": "Feil", "item": "Bolig", "reporting_form": "Felles rapportering", "new_value": "1 002,5",
                "answered_by": "Åse", "answered_on": "14.06.2016",
            }.items():  # fmt: skip
                row[PLACES[name]] = value
    path = tmp_path / "svar.csv"
    with path.open("w", encoding="cp1252", newline="", errors="replace") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    (entry,) = draft(controlled, 2016, path).corrections
    assert (entry["value"], entry["decided_by"], entry["reporting_form"]) == (1002.5, "Åse", "joint")


@pytest.mark.parametrize(
    ("values", "message", "remedy"),
    [
        ({"item": None}, "about the sum of several numbers", "Post"),
        ({"reporting_form": None}, "is on several forms", "Skjema"),
        ({"item": "Noe annet"}, "'Noe annet' is not an item of adults", "Poster"),
        ({"reporting_form": "rusarbeid"}, "there is no form 'rusarbeid' with that item", "Skjema"),
        ({"new_value": None}, "without a new value", "vet ikke|do not know"),
        ({"new_value": "ca 2"}, "'ca 2' is not a number", "decimal"),
        ({"new_value": "-2"}, "'-2' is negative", "0 or more"),
        ({"new_value": "1.012"}, "'1.012' is ambiguous: thousands or decimals", "1012"),
        ({"verdict": "riktig", "reason": "ja"}, "has a new value, 2.5, and the answer 'riktig'", "feil"),
        ({"answered_on": "2206-06-14"}, "is not one on which 2016 was answered", "date"),
        ({"answered_by": None}, "does not name the person who answered", "Besvart av"),
        ({"answered_on": None}, "has no date", "2016-06-14"),
        ({"answered_on": "i går"}, "'i går' is not a date", "2016-06-14"),
        ({"verdict": "kanskje"}, "the answer 'kanskje' is none", "riktig, feil, vet ikke, spør igjen"),
        ({"verdict": None}, "has no answer", "riktig, feil, vet ikke, spør igjen"),
        ({"verdict": "riktig", "new_value": None}, "without an explanation", "Forklaring"),
    ],
)
def test_an_answer_that_cannot_be_used_is_reported_with_file_sheet_and_row(
    controlled: Settings, values: dict[str, str | None], message: str, remedy: str
) -> None:
    path = changed(write(controlled) / "2016_alle.xlsx", **values)
    answer(path, RATE, verdict="riktig", reason="dette er i orden")
    with pytest.raises(UserError, match=message) as caught:
        draft(controlled, 2016, path)
    assert caught.value.place == f"{path}, sheet Kontroll, row 3"
    assert any(word in caught.value.remedy for word in remedy.split("|"))
    assert "nothing was written" in caught.value.remedy
    assert not list(controlled.data.rglob("*.yml"))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (CHANGE.replace("2016", "2015"), "is about 2015, not 2016"),
        ("noe", "is not the key"),
        (SILENT, "does not concern a number that can be corrected"),
        (CHANGE.replace("1103", "1104"), "1104 has no completed submission"),
    ],
)
def test_a_key_that_does_not_fit_is_refused(controlled: Settings, key: str, message: str) -> None:
    path = changed(write(controlled) / "2016_alle.xlsx", key=key, unit_code=key.split("|")[2] if "|" in key else None)
    with pytest.raises(UserError, match=message):
        draft(controlled, 2016, path)


def test_a_cell_that_is_corrected_otherwise_on_file_is_refused(controlled: Settings) -> None:
    path = changed(write(controlled) / "2016_alle.xlsx")
    signed(controlled, path)
    changed(path, new_value=3)
    with pytest.raises(UserError, match=r"has a different correction in 2016_control\.yml:3"):
        draft(controlled, 2016, path)


def test_two_findings_about_one_cell_are_one_correction(controlled: Settings) -> None:
    sums = "is248|2016|1103|education_differs|fte_by_education|adults||"
    with connect(controlled.warehouse_file) as connection:
        connection.execute(
            "insert into control.ctl_findings by name select * replace (? as finding_key, 'education_differs' as finding, "
            "'fte_by_education' as question, 28 as value) from control.ctl_findings where finding_key = ?",
            [sums, CHANGE],
        )
    path = changed(write(controlled) / "2016_alle.xlsx")
    answer(path, sums, verdict="feil", new_value=2.5, item="Bolig", reporting_form="felles rapportering")
    assert len(draft(controlled, 2016, path).corrections) == 1
    answer(path, sums, new_value=3)
    with pytest.raises(UserError, match="has a different correction"):
        draft(controlled, 2016, path)


def test_what_is_no_list_is_refused(controlled: Settings, tmp_path: Path) -> None:
    write(controlled)
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(UserError, match="there is no list"):
        draft(controlled, 2016, empty)
    other = tmp_path / "other.xlsx"
    Workbook().save(other)
    with pytest.raises(UserError, match="is not a control list"):
        draft(controlled, 2016, other)
    other.write_bytes(b"not a workbook")
    with pytest.raises(UserError, match="cannot be read"):
        draft(controlled, 2016, other)


def test_what_contradicts_a_decision_on_file_is_refused(controlled: Settings) -> None:
    path = changed(write(controlled) / "2016_alle.xlsx")
    signed(controlled, path)
    answer(path, CHANGE, verdict="riktig", reason="ja", new_value=None)
    with pytest.raises(UserError, match=r"is corrected by 2016_control\.yml:3, which the next run applies"):
        draft(controlled, 2016, path)
    answer(path, CHANGE, verdict="feil", new_value=2.5)
    answer(path, RATE, verdict="riktig", reason="ja")
    with connect(controlled.warehouse_file) as connection:
        connection.execute("insert into decisions.corrections values ('2016_control.yml:3')")
    signed(controlled, path)
    answer(path, RATE, verdict="feil", reason=None, item="Arbeidstiltak", reporting_form="felles rapportering", new_value=3)
    with pytest.raises(UserError, match="is explained as right by Kari Nordmann"):
        draft(controlled, 2016, path)


def test_an_answer_that_is_changed_in_one_list_wins_over_what_was_made_again_in_the_others(controlled: Settings) -> None:
    folder = write(controlled)
    unit = folder / "enheter/1103_Stavanger.xlsx"
    answer(unit, CHANGE, verdict="riktig", reason="ny bolig")
    write(controlled)
    answer(unit, CHANGE, verdict="riktig", reason="ny bolig, ti plasser")
    assert [each["reason"] for each in draft(controlled, 2016, folder).explanations] == ["ny bolig, ti plasser"]
    write(controlled)
    (kept,) = read_answers(folder / "2016_alle.csv")
    assert kept.reason == "ny bolig, ti plasser"


def test_the_same_answer_of_two_people_is_one(controlled: Settings) -> None:
    folder = write(controlled)
    answer(folder / "2016_alle.xlsx", CHANGE, verdict="riktig", reason="ny bolig")
    answer(folder / "enheter/1103_Stavanger.xlsx", CHANGE, verdict="riktig", reason="ny bolig", answered_by="Ola")
    assert len(draft(controlled, 2016, folder).explanations) == 1


# Answers to dropped findings


def test_an_answer_in_a_list_of_an_earlier_delivery_is_refused(controlled: Settings) -> None:
    path = changed(write(controlled) / "2016_alle.xlsx")
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_findings set value = 31 where finding = 'large_change'")
    with pytest.raises(UserError, match=r"the list shows 30 and nothing, but the finding now has 31\.00 and nothing"):
        draft(controlled, 2016, path)
    written = write_lists(load_control(controlled, 2016), controlled.control)
    assert (written.kept_answers, written.earlier_answers) == (0, 1)
    with connect(controlled.warehouse_file) as connection:
        connection.execute("delete from control.ctl_findings where finding = 'large_change'")
    with pytest.raises(UserError, match="answers a finding that no longer exists"):
        draft(controlled, 2016, path.parent / "2016_tidligere_svar.xlsx")
    # In the folder, the list of earlier answers is only a record.
    assert draft(controlled, 2016, path.parent).corrections == []


def test_an_explanation_holds_for_the_values_that_were_explained(controlled: Settings) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, RATE, verdict="riktig", reason="én bruker")
    signed(controlled, path)
    assert [finding.key for finding in load_control(controlled, 2016).findings if finding.explanation] == [RATE]
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_findings set value = 300 where finding = 'rate_above_limit'")
    assert not any(finding.explanation for finding in load_control(controlled, 2016).findings)
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, RATE, verdict="riktig", reason="ti brukere")
    assert len(signed(controlled, path.parent / "2016_alle.xlsx").explanations) == 1
    explained = [finding.explanation for finding in load_control(controlled, 2016).findings if finding.explanation]
    assert [each.reason for each in explained] == ["ti brukere"]


def test_what_is_to_be_asked_again_is_on_record_with_what_was_not_clear(controlled: Settings) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, CHANGE, verdict="spør igjen")
    with pytest.raises(UserError, match="marked for a new question"):
        draft(controlled, 2016, path)
    answer(path, CHANGE, reason="Hvilken bolig?")
    signed(controlled, path)
    (event,) = read_contacts(contacts_file(controlled.explanations, 2016))
    assert (event.event, event.finding, event.note, event.by) == ("asked_again", CHANGE, "Hvilken bolig?", "Kari Nordmann")


# The asset and the command


def test_the_asset_writes_the_lists_of_its_year(controlled: Settings) -> None:
    asset = build_control_asset(load_forms(PROJECT_DIR / "data" / "forms"))
    installation = Installation.of(controlled)
    resources = {"installation": installation, "writer": Writer(installation=installation)}
    assert dg.materialize([asset], partition_key="2016", resources=resources).success
    assert (controlled.control / "2016" / "2016_alle.xlsx").is_file()


def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(answers, "load_settings", lambda: settings)
    result = CliRunner().invoke(main, ["control", *arguments])
    return result.exit_code, result.stdout + result.stderr


def test_the_command_says_what_it_found_and_where_the_lists_lie(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = run(controlled, monkeypatch, "2016")
    assert code == 0
    assert "4 findings about 3 units" in output
    assert re.search(r" +Stavanger +Høyt antall årsverk per innbygger \(barn og unge\)", output)
    assert str(controlled.control / "2016") in output
    assert "constructed" in output
    changed(controlled.control / "2016" / "2016_alle.xlsx")
    monkeypatch.setattr("orchestration.contact.correction_effect.estimate_effect", lambda *_: ())
    folder = str(controlled.control / "2016")
    code, output = run(controlled, monkeypatch, "2016", "--answers", folder, "--json")
    assert code == 0
    assert '"expect": 12.5' in output
    assert not list(controlled.data.iterdir())
    code, output = run(controlled, monkeypatch, "2016", "--answers", folder, "--sign")
    assert code == 0
    assert output.startswith("1 correction, 0 explanations, 0 to be asked again; 0 on file already, 0 not known\n")
    assert (controlled.data / "corrections" / "2016_control.yml").is_file()
    assert run(controlled, monkeypatch, "2016", "--sign")[0] == 1


def test_a_year_that_was_not_delivered_and_a_warehouse_that_is_not_there_are_reported(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(controlled, monkeypatch, "2017") == (
        1,
        "error: control: nothing was delivered for 2017; choose one of 2016, or run ./is248 run first\n",
    )
    with connect(controlled.warehouse_file) as connection:
        connection.execute("drop schema control cascade")
    code, output = run(controlled, monkeypatch, "2016")
    assert code == 1
    assert "is not built yet" in output
    controlled.warehouse_file.unlink()
    code, output = run(controlled, monkeypatch, "2016")
    assert code == 1
    assert "there is no warehouse" in output
