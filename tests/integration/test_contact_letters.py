"""The survey and the written form of a letter, and the days on which records may be made."""

from __future__ import annotations

from datetime import date
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import pytest
import yaml
from openpyxl import Workbook, load_workbook

from orchestration.contact.addressees import load_written_forms
from orchestration.contact.letters import load_letter_texts
from orchestration.contact.page import chart, render
from orchestration.contact.round_folder import write_round
from orchestration.contact.states import Asking, Standing, State, load_contact_round
from orchestration.contact.workbook import read_entries
from orchestration.control.answers import draft
from orchestration.control.contacts import Contact, add_contacts, contacts_file, read_contacts
from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from tests.integration.contact_kit import LATE, asking, letter, make_round, run, states
from tests.integration.control_kit import RATE, add_second_survey, answer, signed, write

OTHER = "other|2016|1103|text_instead_of_number|fte_other|adults|outreach|joint"


@pytest.fixture
def controlled(tmp_path: Path) -> Settings:
    """Three units: Stavanger reported with two findings, Gamle Oslo with a text, Å/Ås began but did not send."""
    return make_round(tmp_path)


def attached(message: EmailMessage) -> Workbook:
    (part,) = message.iter_attachments()
    return load_workbook(BytesIO(part.get_content()))


def texts_of(book: Workbook) -> str:
    return " ".join(str(cell.value) for sheet in book for line in sheet for cell in line if cell.value is not None)


# Two surveys in a year


def test_each_letter_says_which_survey_it_is_about_and_holds_nothing_of_the_other(controlled: Settings) -> None:
    add_second_survey(controlled)
    folder = write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder
    joint, body = letter(folder / "questions" / "1103_Stavanger_f.eml")
    assert "kommunalt psykisk helse- og rusarbeid" in joint["Subject"] and "kommunalt psykisk helse- og rusarbeid" in body
    assert "oppsøkende" not in body + texts_of(attached(joint))
    # A survey without words in letters.yml has the label of its code list, an item the label of the form.
    other, body = letter(folder / "questions" / "1103_Stavanger_g.eml")
    assert "Andre: rusarbeid" in other["Subject"] and "Andre: rusarbeid" in body and "«ca. 12»" in body
    book = attached(other)
    assert [row[3:] for row in book["Dere meldte"].iter_rows(min_row=2, values_only=True)] == [
        ("Årsverk i oppsøkende arbeid", "ca. 12")
    ]
    assert "Bolig" not in texts_of(book) and "30 årsverk" not in texts_of(book)
    reminders = sorted(path.name for path in (folder / "reminders").iterdir())
    assert reminders == ["1104_Å_Ås_f.eml", "1104_Å_Ås_g.eml"]
    _, body = letter(folder / "county_governors" / "11_Rogaland_g.eml")
    assert "Andre: rusarbeid" in body and "1 av 2 som skal rapportere i Rogaland" in body and body.count("- 1104") == 1


def test_lists_and_page_of_a_year_with_two_surveys_name_them(controlled: Settings) -> None:
    add_second_survey(controlled)
    found = load_contact_round(controlled, 2016, LATE)
    written = write_round(controlled, found)
    text = (written.folder / "counties" / "11_Rogaland.csv").read_text(encoding="utf-8-sig")
    assert (
        "1104;Å/Ås;IS-24/8: psykisk helse- og rusarbeid;påbegynt" in text
        and "1104;Å/Ås;Andre: rusarbeid;ikke levert" in text
    )
    page = written.page.read_text(encoding="utf-8")
    assert "Undersøkelse" in page and "Året har flere undersøkelser" in page
    surveys = {row[3] for row in load_workbook(written.workbook)["Runden"].iter_rows(min_row=2, values_only=True)}
    assert surveys == {"IS-24/8: psykisk helse- og rusarbeid", "Andre: rusarbeid"}
    sheet = load_workbook(write(controlled) / "2016_alle.xlsx")["Kontroll"]
    assert {"IS-24/8: psykisk helse- og rusarbeid", "Andre: rusarbeid"} <= {row[4] for row in sheet.values}


def test_a_year_with_one_survey_says_nothing_of_several(controlled: Settings) -> None:
    page = write_round(controlled, load_contact_round(controlled, 2016, LATE)).page.read_text(encoding="utf-8")
    assert "Undersøkelse" not in page and "Året har flere undersøkelser" not in page


def test_what_happened_in_one_survey_has_not_happened_in_the_other(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_second_survey(controlled)
    add_contacts(
        contacts_file(controlled.explanations, 2016),
        [Contact(date=date(2016, 5, 31), unit_code="1104", event="reminded", by="KN", form="g")],
    )
    found = load_contact_round(controlled, 2016, LATE)
    assert {unit.form: unit.reminded for unit in found.units if unit.unit_code == "1104"} == {
        "f": (),
        "g": (date(2016, 5, 31),),
    }
    write_round(controlled, found)
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01", "--sent", "reminders", "--by", "KN")
    assert (code, "reminded (1): 1104 Å/Ås (f)" in output) == (0, True), output
    assert [each.form for each in read_contacts(contacts_file(controlled.explanations, 2016))] == ["g", "f"]
    # A correction applies to the form that asks its question.
    path = write(controlled) / "2016_alle.xlsx"
    answer(path, OTHER, verdict="feil", new_value="12,5")
    signed(controlled, path)
    later = {
        unit.form: unit for unit in load_contact_round(controlled, 2016, date(2016, 6, 20)).units if unit.unit_code == "1103"
    }
    assert (later["f"].corrections, later["g"].corrections) == (0, 1)
    assert (later["f"].state, later["g"].state) == (State.QUESTIONS_OPEN, State.CORRECTION_WAITS)


# Bokmål and nynorsk


def choose(settings: Settings, *lines: str) -> None:
    (settings.explanations / "written_forms.csv").write_text("\n".join(("code,written_form", *lines, "")), encoding="utf-8")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), {"1104": "nb", "11": "nb", "030101": "nb"}),
        (("11,nn",), {"1104": "nn", "11": "nn", "030101": "nb"}),
        (("11,nn", "1104,nb"), {"1104": "nb", "11": "nn", "030101": "nb"}),
        (("0301,nn",), {"1104": "nb", "11": "nb", "030101": "nn"}),
        (("0301,nn", "030101,nb", "1104,nn"), {"1104": "nn", "11": "nb", "030101": "nb"}),
    ],
)
def test_who_has_chosen_nynorsk_is_written_to_in_nynorsk(
    controlled: Settings, lines: tuple[str, ...], expected: dict[str, str]
) -> None:
    choose(controlled, *lines)
    letters = write_round(controlled, load_contact_round(controlled, 2016, LATE)).letters
    forms = {unit.unit_code: each.written_form for unit, each in (letters.reminders | letters.questions).items()}
    forms |= {county: each.written_form for (county, _), each in letters.county_governors.items()}
    assert {code: forms[code] for code in expected} == expected
    assert letters.count()["nynorsk"] == sum(form == "nn" for form in forms.values())


def test_a_letter_in_nynorsk_is_nynorsk_throughout_and_its_answer_is_read(controlled: Settings, tmp_path: Path) -> None:
    choose(controlled, "11,nn")
    folder = write_round(controlled, load_contact_round(controlled, 2016, LATE)).folder
    message, body = letter(folder / "reminders" / "1104_Å_Ås.eml")
    assert message["Subject"].startswith("Påminning: rapporteringa for 2016") and "vart utsett til 13. mai 2016." in body
    _, body = letter(folder / "county_governors" / "11_Rogaland.eml")
    assert body.startswith("Til fylkesmannen i Rogaland") and "Desse manglar:" in body
    message, body = letter(folder / "questions" / "1103_Stavanger.eml")
    assert (
        "1. Stavanger har meldt 30 årsverk for barn og unge i 2016. Det er 30,0 årsverk per 1\u00a0000 innbyggjarar" in body
    )
    assert " ikke " not in body and "Venleg helsing" in body
    book = attached(message)
    sheet = book["Kontroll"]
    assert "De har meldt" in book.sheetnames and "Les meg" in book.sheetnames
    text = texts_of(book)
    assert " ikke " not in text and "Svart av" in text and "innbyggjarar" in text
    choices = [choice.formula1 for choice in sheet.data_validations.dataValidation]
    assert '"rett,feil,veit ikkje"' in choices
    heads = {cell.value: cell.column for cell in sheet[1]}
    given = {"Svar": "rett", "Forklaring": "éin brukar", "Svart av": "Kari", "Dato": date(2016, 6, 14)}
    for head, value in given.items():
        sheet.cell(2, heads[head]).value = value
    path = tmp_path / "svar.xlsx"
    book.save(path)
    assert [(each["finding"], each["reason"]) for each in draft(controlled, 2016, path).explanations] == [
        (RATE, "éin brukar")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code,form\n", "wrong header"),
        ("code,written_form\n1103,nynorsk\n", "'nynorsk' is not a written form"),
        ("code,written_form\n1130,nn\n", "1130 is not a unit or county of any year"),
        ("code,written_form\n11,nn\n11,nb\n", "11 is listed twice"),
        ("code,written_form\n1103\n", "is not a code with written_form"),
    ],
)
def test_written_forms_that_are_not_valid_are_reported_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "written_forms.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message) as caught:
        load_written_forms(tmp_path, {"1103", "11"})
    assert caught.value.place.startswith(f"{path}, line ")


@pytest.mark.parametrize("form", ["nb", "nn"])
def test_what_one_written_form_names_the_other_names_too(tmp_path: Path, form: str) -> None:
    words = yaml.safe_load((PROJECT_DIR / "expectations" / "control" / "letters.yml").read_text(encoding="utf-8"))
    words["reminder"][form]["body"] = words["reminder"][form]["body"].replace("{first_deadline}", "i går")
    (tmp_path / "letters.yml").write_text(yaml.safe_dump(words), encoding="utf-8")
    with pytest.raises(UserError, match=r"reminder: \{first_deadline\} is only in one of nb and nn"):
        load_letter_texts(tmp_path)


# Days


def test_before_the_last_day_on_record_the_round_is_looked_back_at_and_nothing_is_recorded(
    controlled: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = contacts_file(controlled.explanations, 2016)
    add_contacts(record, [Contact(date=date(2016, 6, 3), unit_code="1104", event="reminded", by="KN", form="f")])
    before = record.read_bytes()
    for options in (
        ("--sent", "reminders", "--by", "KN"),
        ("--approve-settled", "--by", "KN"),
        ("--approve", "1103", "--by", "KN"),
    ):
        code, output = run(controlled, monkeypatch, "--on", "2016-06-01", *options)
        assert code == 1 and f"error: --on, {record}: 2016-06-01 is before the last day on record, 2016-06-03" in output
        assert "omit --on, or give 2016-06-03 or a later day" in output
    assert record.read_bytes() == before
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01")
    assert (code, "the record goes on until 2016-06-03" in output) == (0, True), output
    assert not list(controlled.contact.rglob("*.eml"))
    assert "Siden viser status på et tidligere" in (controlled.contact / "2016" / "round.html").read_text(encoding="utf-8")
    assert run(controlled, monkeypatch, "--on", "2016-06-03")[0] == 0
    assert list(controlled.contact.rglob("*.eml"))


def test_what_is_entered_late_stands_at_its_day(controlled: Settings) -> None:
    record = contacts_file(controlled.explanations, 2016)
    for day, event in ((date(2016, 6, 9), "answered"), (date(2016, 6, 1), "asked")):
        add_contacts(record, [Contact(date=day, unit_code="1103", event=event, by="KN", finding=RATE, values="30.00/")])
    found = load_contact_round(controlled, 2016, date(2016, 6, 20))
    assert asking(found)[RATE] is Asking.ANSWERED and states(found)["1103"] is State.ANSWERED


def test_what_is_put_on_record_is_reported_unit_by_unit(controlled: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(controlled.warehouse_file) as connection:
        connection.execute("delete from control.ctl_findings")
    code, output = run(controlled, monkeypatch, "--on", "2016-06-01", "--approve-settled", "--by", "KN")
    assert code == 0
    assert "2 events put on record:\n  approved (2): 030101 Gamle Oslo, 1103 Stavanger" in output, output


# Page and workbook


def test_days_of_deadlines_that_lie_close_together_do_not_cover_each_other() -> None:
    assert "<text" in str(chart((Standing(date(2016, 4, 1), 4),)))
    close = (
        Standing(date(2016, 4, 1), 4),
        Standing(date(2016, 6, 28), 2, "is_deadline"),
        Standing(date(2016, 6, 30), 1, "is_deadline"),
    )
    drawn = str(chart(close))
    assert drawn.count('class="deadline"') == 2 and ">28.6.<" not in drawn and 'text-anchor="end">30.6.<' in drawn


def test_on_a_narrow_screen_a_value_has_the_name_of_its_column(controlled: Settings) -> None:
    found = load_contact_round(controlled, 2016, LATE)
    page = render(found, {"reminders": 1, "questions": 2, "counties": 1, "nynorsk": 0})
    assert 'class="stacks"' in page and 'data-nb="Virkning (årsverk)" data-en="Effect (FTE)"' in page


def test_a_workbook_of_the_round_without_columns_that_only_inform_is_read(controlled: Settings, tmp_path: Path) -> None:
    found = load_contact_round(controlled, 2016, LATE)
    book = load_workbook(write_round(controlled, found).workbook)
    sheet = book["Runden"]
    for head in ("Undersøkelse", "Rettelser"):
        sheet.delete_cols(next(cell.column for cell in sheet[1] if cell.value == head))
    heads = {cell.value: cell.column for cell in sheet[1]}
    row = next(row for row in range(2, 5) if sheet.cell(row, heads["Kode"]).value == "1104")
    for head, value in {"Ny hendelse": "påminnet", "Dato": date(2016, 5, 20), "Av": "KN"}.items():
        sheet.cell(row, heads[head]).value = value
    path = tmp_path / "svar.xlsx"
    book.save(path)
    assert [(each.unit_code, each.event, each.form) for each in read_entries(path, found)] == [("1104", "reminded", "f")]
