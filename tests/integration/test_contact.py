"""The contact round on a tiny warehouse: states by hand, letters as e-mails, replies, the page."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import dagster as dg
import pytest
from openpyxl import load_workbook

from orchestration.contact.addressees import load_addresses
from orchestration.contact.letters import load_letter_texts
from orchestration.contact.page import chart, render
from orchestration.contact.round_folder import write_round
from orchestration.contact.states import Asking, Standing, State, load_contact_round
from orchestration.contact.workbook import read_entries
from orchestration.control.contacts import Contact, add_contacts, contacts_file, read_contacts
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.defs.control import build_round_asset
from orchestration.defs.resources import Installation, Writer
from orchestration.forms.registry import load_forms
from tests.integration.contact_kit import LATE, ROUND, asking, letter, make_round, run, states
from tests.integration.control_kit import CELL, CHANGE, RATE, answer, bytes_of, signed, write

CODES = {"1103", "1104", "030101", "11"}


@pytest.fixture
def controlled(tmp_path: Path) -> Settings:
    """Three units: Stavanger reported with two findings, Gamle Oslo with a text, Å/Ås began but did not send."""
    return make_round(tmp_path)


# States


def test_a_unit_is_where_its_report_and_its_questions_are(controlled: Settings) -> None:
    found = load_contact_round(controlled, 2016, LATE)
    assert states(found) == {
        "1103": State.QUESTIONS_OPEN,
        "1104": State.BEGUN,
        "030101": State.QUESTIONS_OPEN,
    }
    # 9.75 FTE is below the round's limit; a text is asked about whatever its effect; a missing report is not a question.
    assert asking(found) == {RATE: Asking.TO_ASK, CHANGE: Asking.LISTED, CELL: Asking.TO_ASK}
    assert [(each.unit_code, each.service_fte, each.other_fte) for each in found.below_limit] == [("1103", 30, 28.5)]


def test_on_an_earlier_day_later_reports_and_events_are_not_there(controlled: Settings) -> None:
    add_contacts(
        contacts_file(controlled.explanations, 2016),
        [Contact(date=date(2016, 5, 20), unit_code="1104", event="reminded", by="KN")],
    )
    found = load_contact_round(controlled, 2016, date(2016, 5, 5))
    assert states(found) == {"1103": State.NOT_DELIVERED, "1104": State.BEGUN, "030101": State.QUESTIONS_OPEN}
    assert found.contacts == ()
    assert found.progress == (Standing(date(2016, 4, 20), 2), Standing(date(2016, 5, 4), 2, "is_deadline"))
    later = load_contact_round(controlled, 2016, LATE)
    assert [each.outstanding for each in later.progress] == [2, 2, 1, 1, 1]
    assert len(later.contacts) == 1


def test_a_report_without_a_date_is_there_and_said_to_have_none(controlled: Settings) -> None:
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_unit_submissions set first_completed_at = null where unit_code = '1103'")
    found = load_contact_round(controlled, 2016, date(2016, 5, 5))
    assert states(found)["1103"] is State.QUESTIONS_OPEN
    assert found.undated == 1
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_unit_submissions set first_completed_at = null")
    assert load_contact_round(controlled, 2016, LATE).progress == ()


def test_answers_take_a_unit_from_questions_to_approved_and_new_answers_back(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, RATE, verdict="vet ikke")
    signed(controlled, path)
    assert states(load_contact_round(controlled, 2016, date(2016, 6, 20)))["1103"] is State.ANSWERED
    answer(path, RATE, verdict="riktig", reason="én bruker")
    answer(path, CELL, verdict="feil", new_value=2)
    signed(controlled, path)
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert (states(found)["1103"], asking(found)[RATE]) == (State.EXPLAINED, Asking.EXPLAINED)
    # The text is still a finding until a run has applied the correction.
    assert states(found)["030101"] is State.CORRECTION_WAITS
    with connect(controlled.warehouse_file) as connection:
        connection.execute("delete from control.ctl_findings where unit_code = '030101'")
        connection.execute("insert into decisions.corrections values ('2016_control.yml:3')")
    assert states(load_contact_round(controlled, 2016, date(2016, 6, 20)))["030101"] is State.CORRECTED
    code, output = run(controlled, monkeypatch, "--on", "2016-06-20", "--approve-settled", "--by", "KN")
    assert (code, "2 events put on record" in output) == (0, True)
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert states(found) == {"1103": State.APPROVED, "030101": State.APPROVED, "1104": State.BEGUN}
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update intermediate.int_delivered_answers set number_value = 13 where unit_code = '1103'")
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert states(found)["1103"] is State.EXPLAINED
    assert [unit.unit_code for unit in found.units if unit.approval_lapsed] == ["1103"]
    # A correction also ends an approval, as soon as it is signed.
    (controlled.data / "corrections" / "more.yml").write_text(
        "- {unit: '030101', year: 2016, question: plan, expect: 'yes', value: 'no', reason: x, decided_by: KN, "
        "date: 2016-06-16}\n",
        encoding="utf-8",
    )
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert states(found)["030101"] is State.CORRECTION_WAITS
    assert [unit.unit_code for unit in found.units if unit.approval_lapsed] == ["030101", "1103"]


def test_a_unit_with_open_questions_or_no_report_is_not_approved(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for unit, message in (
        ("1103", "1103 has 1 open question"),
        ("1104", "no report to approve"),
        ("9999", "not a unit in 2016"),
    ):
        code, output = run(controlled, monkeypatch, "--on", "2016-06-01", "--approve", unit, "--by", "KN")
        assert (code, message in output) == (1, True), output
    assert run(controlled, monkeypatch, "--approve", "1103")[0] == 1
    assert not contacts_file(controlled.explanations, 2016).exists()


# Letters


def test_before_the_deadline_nobody_is_reminded_and_county_governors_wait_for_their_day(controlled: Settings) -> None:
    def count(day: date) -> dict[str, int]:
        return write_round(controlled, load_contact_round(controlled, 2016, day)).letters.count()

    assert count(date(2016, 5, 4)) == {"reminders": 0, "questions": 1, "counties": 0, "nynorsk": 0}
    assert count(date(2016, 5, 5)) == {"reminders": 2, "questions": 1, "counties": 0, "nynorsk": 0}
    assert count(date(2016, 5, 30)) == {"reminders": 1, "questions": 2, "counties": 1, "nynorsk": 0}


def test_a_letter_is_a_draft_that_says_what_is_known_of_the_unit(controlled: Settings) -> None:
    (controlled.explanations / "addresses.csv").write_text("code,address\n1104,post@aas.example\n", encoding="utf-8")
    folder = write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder
    message, body = letter(folder / "reminders" / "1104_Å_Ås.eml")
    assert (message["To"], message["Reply-To"], message["X-Unsent"]) == ("post@aas.example", "svar@example.org", "1")
    assert message["Subject"].startswith(
        "Påminnelse: rapporteringen for 2016 (kommunalt psykisk helse- og rusarbeid) er påbegynt"
    )
    assert body.startswith("Til Å/Ås kommune") and "4. mai 2016, og ble utsatt til 13. mai 2016." in body
    assert "minnet dere" not in body and "{" not in body and "[" not in body
    message, body = letter(folder / "questions" / "1103_Stavanger.eml")
    assert message["To"] is None
    assert "1. Stavanger har meldt 30 årsverk" in body and "2." not in body.replace("2016", "")
    assert "innen 11. juni 2016" in body
    (attached,) = message.iter_attachments()
    book = load_workbook(BytesIO(attached.get_content()))
    rows = list(book["Kontroll"].iter_rows(values_only=True))
    assert [row[-1] for row in rows[1:]] == [RATE]
    # Nothing about the caseworkers' work, but everything that the unit reported.
    assert not {"Virkning (årsverk)", "Status", "Sted i leveransen"} & set(rows[0])
    assert [row[3:] for row in book["Dere meldte"].iter_rows(min_row=2, values_only=True)] == [("Bolig", "12,5")]
    text = " ".join(str(cell.value) for sheet in book for line in sheet for cell in line)
    assert "spør igjen" not in text and "data/" not in text and "Spør kommunen" not in text and "1104" not in text
    message, body = letter(folder / "county_governors" / "11_Rogaland.eml")
    assert (
        "Til fylkesmannen i Rogaland" in body and "1 av 2 som skal rapportere i Rogaland" in body and "- 1104 Å/Ås" in body
    )
    assert "1103" not in body


def test_what_was_sent_is_not_sent_again_and_what_was_not_clear_is(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = ("--sent", "questions", "--sent", "reminders", "--by", "KN")
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01", *sent)
    assert (code, "there are no letters of the kind questions in the folder" in output) == (1, True)
    assert run(controlled, monkeypatch, "--on", "2016-05-31")[0] == 0
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01", *sent)
    assert (code, "3 events put on record" in output) == (0, True), output
    found = load_contact_round(controlled, 2016, date(2016, 6, 12))
    assert asking(found)[RATE] is Asking.ASKED
    assert [unit.unit_code for unit in found.units if unit.is_overdue(date(2016, 6, 12))] == ["030101", "1103"]
    assert write_round(controlled, found).letters.count()["questions"] == 0
    assert found.today - found.units[2].reminded[-1] >= timedelta(days=7)
    _, body = letter(controlled.contact / "2016" / "reminders" / "1104_Å_Ås.eml")
    assert "Vi minnet dere om dette 1. juni 2016." in body
    assert write_round(controlled, load_contact_round(controlled, 2016, date(2016, 6, 7))).letters.count()["reminders"] == 0
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, RATE, verdict="spør igjen", reason="Hvilken bolig?")
    signed(controlled, path)
    write_round(controlled, load_contact_round(controlled, 2016, date(2016, 6, 20)))
    _, body = letter(controlled.contact / "2016" / "questions" / "1103_Stavanger.eml")
    assert "(Vi spurte om dette 1. juni 2016. Vi spør igjen: Hvilken bolig?)" in body


def test_without_a_description_of_the_round_there_are_states_and_no_letters(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (controlled.explanations / "rounds" / "2016.yml").unlink()
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01")
    assert code == 0, output
    assert "does not say who writes and until when" in output
    assert not list(controlled.contact.rglob("*.eml"))
    code, output = run(controlled, monkeypatch, "--sent", "reminders", "--by", "KN")
    assert (code, "the round has no description" in output) == (1, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROUND.replace("2016-05-13", "2016-05-01"), "not in chronological order"),
        (ROUND.replace("text_instead_of_number", "noe"), "'noe' is not a finding"),
        (ROUND.replace("svar@example.org", "svar"), "reply_to"),
        (ROUND.replace("2016-05-30", "2016-05-01"), "county_governors_from is not after the first deadline"),
        (ROUND.replace("2016", "2018"), "is neither in 2016 nor in the year after"),
        (ROUND.replace("[2016-05-04, 2016-05-13]", "[]"), "has no deadlines"),
        (ROUND.replace("2016-05-13", "2016-05-34"), "cannot be read"),
        ("- ikke noe\n", "is not a description of a round"),
        (ROUND + "extra: 1\n", "extra: Extra inputs"),
        ("[", "cannot be read"),
    ],
)
def test_a_round_that_is_not_valid_is_reported_with_its_file(controlled: Settings, text: str, message: str) -> None:
    path = controlled.explanations / "rounds" / "2016.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_contact_round(controlled, 2016, LATE)
    assert caught.value.place == str(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kode,adresse\n", "wrong header"),
        ("code,address\n1103,nobody\n", "'nobody' is not one address"),
        ("code,address\n1103,a@b.no; c@d.no\n", "is not one address"),
        ("code,address\n103,a@b.no\n", "is not a code with address"),
        ("code,address\n1130,a@b.no\n", "1130 is not a unit or county of any year"),
        ("code;address\n1103;a@b.no\n", "wrong header"),
        ("code,address\n1103,a@b.no\n1103,c@d.no\n", "is listed twice"),
    ],
)
def test_addresses_that_are_not_valid_are_reported_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "addresses.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_addresses(tmp_path, CODES)


def test_words_that_name_what_no_letter_knows_are_refused(tmp_path: Path) -> None:
    text = (PROJECT_DIR / "expectations" / "control" / "letters.yml").read_text(encoding="utf-8")
    (tmp_path / "letters.yml").write_text(text.replace("Til {receiver}", "Til {population}", 1), encoding="utf-8")
    with pytest.raises(UserError, match=r"reminder.nb: \{population\} is not one of"):
        load_letter_texts(tmp_path)


def test_a_question_whose_values_changed_is_asked_again(controlled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    run(controlled, monkeypatch, "--on", "2016-06-01")
    run(controlled, monkeypatch, "--on", "2016-06-01", "--sent", "questions", "--by", "KN")
    assert asking(load_contact_round(controlled, 2016, date(2016, 6, 2)))[RATE] is Asking.ASKED
    with connect(controlled.warehouse_file) as connection:
        connection.execute("update control.ctl_findings set value = 40 where finding = 'rate_above_limit'")
    assert asking(load_contact_round(controlled, 2016, date(2016, 6, 2)))[RATE] is Asking.TO_ASK


def test_what_is_asked_again_outranks_an_explanation_and_an_approval(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, RATE, verdict="riktig", reason="én bruker")
    signed(controlled, path)
    run(controlled, monkeypatch, "--on", "2016-06-15", "--approve", "1103", "--by", "KN")
    assert states(load_contact_round(controlled, 2016, date(2016, 6, 20)))["1103"] is State.APPROVED
    answer(path, RATE, verdict="spør igjen", reason="Hvilken bruker?", answered_on=date(2016, 6, 16))
    signed(controlled, path)
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert (states(found)["1103"], asking(found)[RATE]) == (State.QUESTIONS_OPEN, Asking.ASKED_AGAIN)


def test_what_somebody_changed_or_put_there_stays(controlled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder
    note, edited = folder / "notat.txt", folder / "reminders" / "1104_Å_Ås.eml"
    note.write_text("hei", encoding="utf-8")
    edited.write_text("mine ord", encoding="utf-8")
    kept = write_round(controlled, load_contact_round(controlled, 2016, LATE)).kept
    assert kept == ("notat.txt", "reminders/1104_Å_Ås.eml")
    assert (note.read_text(encoding="utf-8"), edited.read_text(encoding="utf-8")) == ("hei", "mine ord")
    path = entered(controlled)
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01")
    assert (code, "has entries that are not recorded" in output) == (1, True), output
    assert path.exists()
    assert run(controlled, monkeypatch, "--on", "2016-06-01", "--read-back", str(path))[0] == 0
    assert states(load_contact_round(controlled, 2016, LATE))["030101"] is State.APPROVED


def test_of_two_forms_of_a_year_each_is_approved_by_itself(controlled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(controlled.warehouse_file) as connection:
        connection.execute("delete from control.ctl_findings")
        connection.execute(
            "insert into control.ctl_unit_submissions by name select * replace ('g' as form, 'is8' as series, "
            "'is8' as survey) from control.ctl_unit_submissions where unit_code = '1103'"
        )
        connection.execute(
            "insert into intermediate.int_delivered_answers by name select * replace ('g' as form) "
            "from intermediate.int_delivered_answers where unit_code = '1103' and question = 'plan'"
        )
    run(controlled, monkeypatch, "--on", "2016-06-15", "--approve", "1103", "--by", "KN")
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert {(unit.form, unit.state) for unit in found.units if unit.unit_code == "1103"} == {
        ("f", State.APPROVED),
        ("g", State.APPROVED),
    }
    assert not any(unit.approval_lapsed for unit in found.units)


# Replies


def entered(settings: Settings, **values: object) -> Path:
    """Fill in the row of Gamle Oslo, whose answer is no longer asked about, in the workbook of the round."""
    with connect(settings.warehouse_file) as connection:
        connection.execute("delete from control.ctl_findings where unit_code = '030101'")
    path = write_round(settings, load_contact_round(settings, 2016, LATE)).workbook
    book = load_workbook(path)
    sheet = book["Runden"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    row = next(row for row in range(2, 5) if sheet.cell(row, heads["Kode"]).value == "030101")
    given = {"Ny hendelse": "godkjent", "Dato": date(2016, 6, 1), "Av": "KN", "Merknad": "sett på", **values}
    for head, value in given.items():
        sheet.cell(row, heads[head]).value = value
    book.save(path)
    return path


def test_what_is_entered_in_the_workbook_is_put_on_record(controlled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    path = entered(controlled)
    back = path.with_name("svar.xlsx")
    path.rename(back)
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01", "--read-back", str(back))
    assert (code, "1 event put on record" in output) == (0, True), output
    (event,) = read_contacts(contacts_file(controlled.explanations, 2016))
    assert (event.unit_code, event.event, event.by, event.note) == ("030101", "approved", "KN", "sett på")
    assert states(load_contact_round(controlled, 2016, LATE))["030101"] is State.APPROVED


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"Ny hendelse": "glemt"}, "'glemt' is not an event"),
        ({"Ny hendelse": None}, "has no event"),
        ({"Dato": "i går"}, "'i går' is not a date"),
        ({"Dato": None}, "has no date"),
        ({"Av": None}, "does not name a person"),
        ({"Kode": "9999"}, "9999 f is not a unit of the round"),
        ({"Svarene (ikke endre)": "000000000000"}, "has changed its answers since the list was made"),
    ],
)
def test_an_entry_that_is_not_valid_is_reported_with_its_row(
    controlled: Settings, values: dict[str, object], message: str
) -> None:
    path = entered(controlled, **values)
    with pytest.raises(UserError, match=message) as caught:
        read_entries(path, load_contact_round(controlled, 2016, LATE))
    assert caught.value.place.startswith(f"{path}, sheet Runden, row ")


def test_another_file_than_the_workbook_of_the_round_is_refused(controlled: Settings, tmp_path: Path) -> None:
    found = load_contact_round(controlled, 2016, LATE)
    with pytest.raises(UserError, match=r"the column .* is missing"):
        read_entries(write(controlled) / "2016_alle.xlsx", found)
    other = tmp_path / "other.xlsx"
    other.write_bytes(b"no workbook")
    with pytest.raises(UserError, match="cannot be read"):
        read_entries(other, found)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2016-05-05,1103,asked,KN,,,,,\n", "asked is about a finding"),
        ("2016-05-05,1103,reminded,KN,x,,,,\n", "reminded is not about a finding"),
        ("2016-05-05,1103,approved,KN,,,,,\n", "says which answers of which form were approved"),
        ("i går,1103,reminded,KN,,,,,\n", "date"),
        ("2016-05-05,1103,reminded,KN\n", "has 4 fields instead of 9"),
        ("2016-05-05,1103,glemt,KN,,,,,\n", "event"),
    ],
)
def test_a_record_that_is_not_valid_is_reported_with_its_line(controlled: Settings, line: str, message: str) -> None:
    path = contacts_file(controlled.explanations, 2016)
    path.parent.mkdir()
    path.write_text(f"date,unit_code,event,by,finding,values,form,answers_sha256,note\n{line}", encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_contact_round(controlled, 2016, LATE)
    assert caught.value.place == f"{path}, line 2"


# Page and folder


def test_the_folder_is_for_nobody_else_and_equal_rounds_give_equal_bytes(controlled: Settings) -> None:
    folder = write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder
    before = bytes_of(folder)
    assert bytes_of(write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder) == before
    for path in [controlled.contact, folder, *folder.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_a_list_of_a_county_says_nothing_of_answers(controlled: Settings) -> None:
    folder = write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder
    text = (folder / "counties" / "11_Rogaland.csv").read_text(encoding="utf-8-sig")
    assert "1103;Stavanger;is248;levert;2016-05-10" in text and "1104;Å/Ås;is248;påbegynt" in text
    assert "spørsmål" not in text.lower()


def test_the_page_shows_the_round_and_escapes_what_people_wrote(controlled: Settings) -> None:
    note = "<script>alert(1)</script>"
    add_contacts(
        contacts_file(controlled.explanations, 2016),
        [Contact(date=date(2016, 5, 20), unit_code="1104", event="reminded", by="KN", note=note)],
    )
    found = load_contact_round(controlled, 2016, LATE)
    page = render(found, {"reminders": 1, "questions": 2, "counties": 1, "nynorsk": 0})
    assert note not in page and "&lt;script&gt;" in page
    assert "Unntatt offentlighet" in page and "Testavsender" in page and "konstruert" in page
    assert "13. mai 2016" in page and 'class="deadline"' in page


def test_the_chart_falls_with_each_report() -> None:
    assert chart(()) == ""
    drawn = str(
        chart((Standing(date(2016, 4, 1), 4), Standing(date(2016, 4, 11), 2, "is_deadline"), Standing(date(2016, 4, 21), 0)))
    )
    assert drawn.count('class="deadline"') == 1
    assert 'd="M48.0 10.0H339.0V93.0H630.0V176.0"' in drawn


def test_the_asset_writes_the_round_of_its_year(controlled: Settings) -> None:
    asset = build_round_asset(load_forms(PROJECT_DIR / "data" / "forms"))
    installation = Installation.of(controlled)
    resources = {"installation": installation, "writer": Writer(installation=installation)}
    result = dg.materialize([asset], partition_key="2016", resources=resources)
    assert result.success
    (made,) = result.asset_materializations_for_node("control__round")
    assert made.metadata["begun"].value == 1
    assert (controlled.contact / "2016" / "round.html").is_file()
