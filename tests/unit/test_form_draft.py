"""The draft of the next form: what is copied, what is left to a person, and that the loader refuses open decisions."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.draft import Draft, draft_form, write_draft
from orchestration.forms.matching import DeliveredSheet
from orchestration.forms.model import FileSpec, Form
from orchestration.forms.registry import load_form, load_forms

FORM_YML = """
form: small_2001
survey: small
time_period: 2001
collection_year: 2002
delivery: "2001"
title: {nb: Liten for 2001, en: Small for 2001}
reference_period: {nb: "2001, samlet inn våren 2002", en: "2001, collected in spring 2002"}
origin: Invented, collected in 2002.
licence: CC-BY-4.0
constructed: true
non_response: missing
files:
  - {name: export, pattern: "small_2001_*.csv", count: 1-2, reader: csv, encoding: utf-8, delimiter: ";"}
  - {name: codebook, pattern: "codes_2001.csv", count: 1, reader: none}
sheets:
  - name: main
    file: export
    unit: {code: [komm_nr], name: [komm_navn]}
    submission: {id: id, status: status, completed: ["1"]}
    rows_not_data:
      - {reason: test_respondent, column: komm_nr, matches: "9999"}
checks:
  - {file: export, sheet: main, row: 1, column: 1, matches: "id|2002"}
numbers: {missing: ["999"]}
"""
COLUMNS = [
    "sheet,column,when,use,question,item,answer,target_group,reporting_form,type,unit,wording_nb,population_asked,missing,reason",
    "main,id,,identifier,,,,,,,,Løpenummer,,,",
    "main,komm_nr,,identifier,,,,,,,,Kommunenummer,,,",
    "main,komm_navn,,identifier,,,,,,,,Kommune,,,",
    "main,status,,identifier,,,,,,,,Besvart,,,",
    "main,housing_fte,,answer,fte_by_service,housing,,adults,total,number,fte,Årsverk i bolig,all,,",
    "main,day_fte,,answer,fte_by_service,day,,adults,total,number,fte,Årsverk i dagtilbud,all,,",
    "main,plan_made,,answer,plan_adopted,all,,total,total,code,,Har kommunen en plan?,all,,",
    "main,remark,,ignored,,,,,,,,Merknad,,,respondent_comment",
    "main,,,absent,crisis_team,,,,,,,Har kommunen et kriseteam?,,,not_asked",
]
OPTIONS = ["question,code,answer,label_nb,missing_reason", "plan_adopted,1,yes,Ja,", "plan_adopted,2,no,Nei,"]
HEADERS = ("id", "komm_nr", "komm_navn", "status", "housing_fte", "day_fte", "plan_made", "remark")


@pytest.fixture
def previous(tmp_path: Path) -> Form:
    return write_form(tmp_path / "forms" / "small_2001")


def write_form(folder: Path, form_yml: str = FORM_YML, columns: list[str] = COLUMNS, options: list[str] = OPTIONS) -> Form:
    folder.mkdir(parents=True)
    (folder / "form.yml").write_text(form_yml, encoding="utf-8")
    (folder / "columns.csv").write_text("\n".join(columns) + "\n", encoding="utf-8")
    (folder / "options.csv").write_text("\n".join(options) + "\n", encoding="utf-8")
    return load_form(folder)


def delivered(*headers: str, file: str = "small_2002_a.csv", sheet: str = "", row: int = 1) -> list[DeliveredSheet]:
    return [DeliveredSheet(file, sheet, headers, row)]


def replaced(**changes: str) -> list[DeliveredSheet]:
    """Last year's headers, some of them renamed."""
    return delivered(*(changes.get(header, header) for header in HEADERS))


def decide(folder: Path, decision: Callable[[dict[str, str]], dict[str, str] | None]) -> None:
    """Let ``decision`` alter or delete (None) each unsure row of columns.csv."""
    path = folder / "columns.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or [])
        rows = [decision(row) if row["use"] == "unsure" else row for row in reader]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(row for row in rows if row is not None)


def kinds(draft: Draft) -> list[tuple[str, str]]:
    return [(row.kind, row.column) for row in draft.unsure]


def without_lines(form: Form) -> list[dict[str, object]]:
    return [column.model_dump(exclude={"line"}) for column in form.columns]


# --- Nothing unsure --------------------------------------------------------------------------------------------------------


def test_the_same_headers_give_a_form_that_loads_at_once(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*HEADERS), files=["small_2002_a.csv", "codes_2002.csv"])
    assert draft.form == "small_2002"
    assert (draft.unsure, draft.taken_over, draft.renamed, draft.reworded) == ((), 8, (), ())
    write_draft(draft, tmp_path / "forms" / draft.form)
    form = load_form(tmp_path / "forms" / draft.form)
    assert without_lines(form) == without_lines(previous)
    assert [option.model_dump(exclude={"line"}) for option in form.options] == [
        option.model_dump(exclude={"line"}) for option in previous.options
    ]
    same = {"survey", "licence", "constructed", "non_response", "units", "max_shrink", "sheets", "numbers"}
    assert form.model_dump(include=same) == previous.model_dump(include=same)


def test_both_years_are_advanced_everywhere(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*HEADERS))
    write_draft(draft, tmp_path / draft.form)
    form = load_form(tmp_path / draft.form)
    assert (form.time_period, form.collection_year, form.delivery) == (2002, 2003, "2002")
    assert (form.title.nb, form.reference_period.en) == ("Liten for 2002", "2002, collected in spring 2003")
    assert form.origin == "Invented, collected in 2003."
    assert [file.pattern for file in form.files] == ["small_2002_*.csv", "codes_2002.csv"]
    assert form.checks[0].matches == "id|2003"


def test_a_round_that_was_left_out_and_a_delivery_of_another_name(previous: Form) -> None:
    draft = draft_form(previous, delivered(*HEADERS, file="small_2003_a.csv"), years=2, delivery="2003-late")
    assert draft.form == "small_2003"
    assert "delivery: 2003-late" in draft.form_yml
    assert not draft.unsure


def test_shuffled_columns_are_taken_over_by_name(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*reversed(HEADERS)))
    assert not draft.unsure
    write_draft(draft, tmp_path / draft.form)
    form = load_form(tmp_path / draft.form)
    columns = [column.column for column in form.columns if column.use != "absent"]
    assert columns == list(reversed(HEADERS))
    assert sorted(without_lines(form), key=str) == sorted(without_lines(previous), key=str)


def test_blanks_in_headers_do_not_count_and_repeated_headers_are_numbered(tmp_path: Path) -> None:
    columns = [row.replace("main,remark,", "main,day_fte#2,") for row in COLUMNS]
    previous = write_form(tmp_path / "small_2001", columns=columns)
    headers = [" day_fte " if header in {"day_fte", "remark"} else header for header in HEADERS]
    assert not draft_form(previous, delivered(*headers)).unsure


def test_form_yml_says_where_a_person_must_look(previous: Form) -> None:
    draft = draft_form(previous, delivered(*HEADERS), files=["small_2002_a.csv", "extra.pdf"])
    lines = draft.form_yml.splitlines()
    look = lines.index("# look: the same treatment of units that did not answer?")
    assert lines[look + 1] == "non_response: missing"
    assert "form.yml, file codebook: 0 delivered files fit codes_2002.csv, and 1 are expected" in draft.notes
    assert "form.yml, files: no entry for extra.pdf" in draft.notes
    assert all(note.split(": ", 1)[1] in draft.form_yml for note in draft.notes)


# --- Columns ---------------------------------------------------------------------------------------------------------------


def test_a_renamed_column_is_left_to_a_person_with_its_candidate(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, replaced(housing_fte="housing_ftes"))
    (row,) = draft.unsure
    assert (row.kind, row.sheet, row.column) == ("similar", "main", "housing_ftes")
    assert (row.candidates[0].column, row.candidates[0].meaning) == (
        "housing_fte",
        "fte_by_service housing adults total",
    )
    assert row.candidates[0].score == pytest.approx(0.957, abs=0.001)
    written = next(line for line in draft.columns_csv.splitlines() if "housing_ftes" in line)
    assert written.rstrip(",") == "main,housing_ftes,,unsure,,,,,,,,,,," + row.reason
    assert "housing_fte (fte_by_service housing adults total) 0.96" in draft.render()
    folder = tmp_path / draft.form
    write_draft(draft, folder)
    with pytest.raises(UserError, match=r"columns\.csv, line 6: 1 row is not decided"):
        load_form(folder)
    last = next(column for column in previous.columns if column.column == "housing_fte")
    decide(folder, lambda cells: {name: str(getattr(last, name)) for name in cells} | {"column": cells["column"]})
    form = load_form(folder)
    assert [column.column for column in form.columns if column.question == "fte_by_service"] == ["housing_ftes", "day_fte"]


def test_a_dropped_column_is_left_to_a_person_with_its_meaning(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*(header for header in HEADERS if header != "day_fte")))
    assert kinds(draft) == [("gone", "day_fte")]
    assert 'main: day_fte "Årsverk i dagtilbud": fte_by_service day adults total' in draft.render()
    folder = tmp_path / draft.form
    write_draft(draft, folder)
    with pytest.raises(UserError, match=r"columns\.csv, line 9"):
        load_form(folder)
    decide(folder, lambda cells: cells | {"use": "absent", "reason": "not_asked"})
    form = load_form(folder)
    absent = [(column.question, column.item) for column in form.columns if column.use == "absent"]
    assert absent == [("fte_by_service", "day"), ("crisis_team", "")]


def test_of_many_columns_that_are_gone_the_text_lists_the_first(previous: Form) -> None:
    draft = draft_form(previous, delivered(*(header for header in HEADERS if header != "day_fte")))
    (gone,) = draft.unsure
    many = dataclasses.replace(draft, unsure=tuple(dataclasses.replace(gone, column=f"c{at}") for at in range(240)))
    text = many.render()
    assert "not delivered (240)\n" in text and "  main: c0 " in text and "  main: c239 " not in text
    listed = text.count("  main: c")
    assert f"  and {240 - listed} more: columns.csv" in text


def test_an_added_column_is_left_to_a_person(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*HEADERS, "xyz_1"))
    assert kinds(draft) == [("new", "xyz_1")]
    folder = tmp_path / draft.form
    write_draft(draft, folder)
    with pytest.raises(UserError, match=r"columns\.csv, line 10"):
        load_form(folder)
    decide(folder, lambda cells: cells | {"use": "ignored", "reason": "internal_check"})
    assert len(load_form(folder).columns) == 10


def test_a_new_column_names_candidates_that_are_not_near_enough(previous: Form) -> None:
    (row,) = draft_form(previous, replaced(day_fte="day_places"), threshold=0.9).unsure[:1]
    assert (row.kind, row.candidates[0].column) == ("new", "day_fte")
    assert 0.5 <= row.candidates[0].score < 0.9


def test_an_absent_question_is_a_candidate_of_a_new_column(previous: Form) -> None:
    labels = {"k1": "Har kommunen et kriseteam?"}
    (row,) = draft_form(previous, delivered(*HEADERS, "k1"), labels=labels).unsure
    assert row.kind == "similar"
    assert (row.candidates[0].column, row.candidates[0].meaning, row.candidates[0].score) == ("", "crisis_team", 1.0)
    assert "not asked (crisis_team) 1.00" in row.reason


def test_similar_columns_are_paired_one_to_one_best_first(previous: Form) -> None:
    draft = draft_form(previous, replaced(housing_fte="housing_fte_2", day_fte="day_fte_2"))
    assert [(row.column, row.candidates[0].column) for row in draft.unsure] == [
        ("housing_fte_2", "housing_fte"),
        ("day_fte_2", "day_fte"),
    ]


def test_two_columns_like_one_of_last_year_do_not_both_get_it(previous: Form) -> None:
    headers = [header for header in HEADERS if header != "housing_fte"]
    draft = draft_form(previous, delivered(*headers, "housing_fte_a", "housing_fte_bb"))
    assert kinds(draft) == [("similar", "housing_fte_a"), ("new", "housing_fte_bb")]
    assert draft.unsure[1].candidates[0].column == "housing_fte"


def test_a_renamed_column_with_the_very_wording_is_taken_over_and_reported(previous: Form, tmp_path: Path) -> None:
    labels = {"q7": "Har kommunen  en plan?", "k": "Kommunenummer"}
    draft = draft_form(previous, replaced(plan_made="q7", komm_nr="k"), labels=labels)
    assert not draft.unsure
    assert draft.renamed == (("main", "komm_nr", "k"), ("main", "plan_made", "q7"))
    assert "  main: plan_made -> q7" in draft.render()
    write_draft(draft, tmp_path / draft.form)
    form = load_form(tmp_path / draft.form)
    assert next(column.question for column in form.columns if column.column == "q7") == "plan_adopted"
    # form.yml names columns too.
    unit = form.sheets[0].unit
    assert unit is not None
    assert unit.code == ("k",)
    assert form.sheets[0].rows_not_data[0].column == "k"


def test_a_wording_that_several_columns_have_is_left_to_a_person(previous: Form) -> None:
    labels = {"q1": "Årsverk i bolig", "q2": "Årsverk i bolig"}
    draft = draft_form(previous, replaced(housing_fte="q1", day_fte="q2"), labels=labels)
    assert not draft.renamed
    assert kinds(draft) == [("similar", "q1"), ("new", "q2"), ("gone", "day_fte")]
    assert draft.unsure[0].candidates[0].column == "housing_fte"


def test_of_columns_with_one_wording_the_name_decides_but_for_capitals_and_signs(tmp_path: Path) -> None:
    twice = [line.replace("Årsverk i dagtilbud", "Årsverk i bolig") for line in COLUMNS]
    previous = write_form(tmp_path / "forms" / "small_2001", columns=twice)
    labels = {"Housing.FTE": "Årsverk i bolig", "DAY-FTE": "Årsverk i bolig"}
    draft = draft_form(previous, replaced(housing_fte="Housing.FTE", day_fte="DAY-FTE"), labels=labels)
    assert draft.renamed == (("main", "housing_fte", "Housing.FTE"), ("main", "day_fte", "DAY-FTE"))
    # With meaningless names it is left to a person.
    labels = {"q1": "Årsverk i bolig", "q2": "Årsverk i bolig"}
    assert len(draft_form(previous, replaced(housing_fte="q1", day_fte="q2"), labels=labels).unsure) == 2


def test_columns_that_were_numbered_anew_are_left_to_a_person(previous: Form) -> None:
    labels = {"housing_fte": "Årsverk i dagtilbud", "day_fte": "Har kommunen en plan?"}
    draft = draft_form(previous, delivered(*HEADERS), labels=labels)
    assert kinds(draft) == [("another wording", "housing_fte"), ("another wording", "day_fte")]
    assert draft.unsure[0].candidates[0].column == "day_fte"
    assert 'last year "Årsverk i bolig" (fte_by_service housing adults total)' in draft.unsure[0].reason


def test_a_new_wording_under_the_old_name_is_taken_over_and_reported(previous: Form) -> None:
    draft = draft_form(previous, delivered(*HEADERS), labels={"plan_made": "Har kommunen en ny plan?"})
    assert not draft.unsure
    assert draft.reworded == (("main", "plan_made", "Har kommunen en plan?", "Har kommunen en ny plan?"),)
    assert "Har kommunen en ny plan?" in draft.columns_csv
    assert '"Har kommunen en plan?" -> "Har kommunen en ny plan?"' in draft.render()


def test_a_missing_identifier_is_told_where_form_yml_names_it(previous: Form) -> None:
    draft = draft_form(previous, replaced(komm_nr="kommunenr"))
    assert ("similar", "kommunenr") in kinds(draft)
    assert "unit.code names komm_nr, which was not delivered; perhaps kommunenr" in draft.form_yml


def test_a_column_that_some_files_lack_is_left_to_a_person_unless_it_is_optional(tmp_path: Path) -> None:
    files = [*delivered(*HEADERS), *delivered(*HEADERS[:-1], file="small_2002_b.csv")]
    previous = write_form(tmp_path / "a" / "small_2001")
    assert kinds(draft_form(previous, files)) == [("partly delivered", "remark")]
    optional = [row.replace("respondent_comment", "respondent_comment optional") for row in COLUMNS]
    assert not draft_form(write_form(tmp_path / "b" / "small_2001", columns=optional), files).unsure


def test_a_long_format_keeps_its_conditions_under_new_names(tmp_path: Path) -> None:
    columns = [
        *COLUMNS[:5],
        "main,kind,,identifier,,,,,,,,Tiltak,,,",
        "main,fte,kind=Bolig,answer,fte_by_service,housing,,adults,total,number,fte,Årsverk: Bolig,all,,",
        "main,fte,kind=Dag,answer,fte_by_service,day,,adults,total,number,fte,Årsverk: Dag,all,,",
        COLUMNS[7],
    ]
    previous = write_form(tmp_path / "small_2001", columns=columns)
    draft = draft_form(previous, delivered(*HEADERS[:4], "tiltak", "fte", "plan_made"), labels={"tiltak": "Tiltak"})
    assert not draft.unsure
    write_draft(draft, tmp_path / draft.form)
    form = load_form(tmp_path / draft.form)
    assert [column.when for column in form.columns if column.column == "fte"] == ["tiltak=Bolig", "tiltak=Dag"]
    assert any("are the values in `when`" in note for note in draft.notes)


# --- Files and sheets ------------------------------------------------------------------------------------------------------


def test_another_format_is_written_as_delivered(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*HEADERS, file="final.xlsx", sheet="Data", row=3))
    assert not draft.unsure
    write_draft(draft, tmp_path / draft.form)
    form = load_form(tmp_path / draft.form)
    assert (form.files[0].pattern, form.files[0].reader, form.files[0].encoding) == ("final.xlsx", "xlsx", None)
    assert (form.sheets[0].sheet, form.sheets[0].header_rows, form.sheets[0].first_row) == ("Data", (3,), 4)
    assert any("small_2001_*.csv (csv)" in note for note in draft.notes)
    assert any("the headers are in row 3, last year in row 1" in note for note in draft.notes)


WORKBOOK = FORM_YML.replace('"small_2001_*.csv"', '"small_2001.xlsx"').replace(
    'count: 1-2, reader: csv, encoding: utf-8, delimiter: ";"', "count: 1, reader: xlsx"
)
TWO_SHEETS = WORKBOOK.replace("    file: export\n", "    file: export\n    sheet: Del 1\n").replace(
    "checks:", "  - {name: part, file: export, sheet: Del 2, links_to: main, link: id}\nchecks:"
)


def workbook(tmp_path: Path) -> Form:
    part = [row.replace("main,", "part,", 1) for row in COLUMNS if ",day_fte," in row or ",id," in row]
    rows = [row for row in COLUMNS if ",day_fte," not in row]
    return write_form(tmp_path / "small_2001", TWO_SHEETS, [*rows, *part])


MAIN = tuple(header for header in HEADERS if header != "day_fte")


def test_sheets_are_found_by_name(tmp_path: Path) -> None:
    sheets = [
        DeliveredSheet("small_2002.xlsx", "Del 2", ("id", "day_fte")),
        DeliveredSheet("small_2002.xlsx", "Del 1", MAIN),
    ]
    draft = draft_form(workbook(tmp_path), sheets)
    assert not draft.unsure
    write_draft(draft, tmp_path / draft.form)
    assert [sheet.sheet for sheet in load_form(tmp_path / draft.form).sheets] == ["Del 1", "Del 2"]


def test_sheets_that_come_as_files_of_their_own_are_files_of_the_form(tmp_path: Path) -> None:
    form = workbook(tmp_path)
    spec = FileSpec(name="draft", pattern="*", reader="csv", encoding="utf-16", delimiter="\t")
    sheets = [
        DeliveredSheet("main.csv", "", MAIN, 1, spec),
        DeliveredSheet("part.csv", "", ("id", "day_fte"), 1, spec),
    ]
    draft = draft_form(form, sheets)
    assert not draft.unsure
    write_draft(draft, tmp_path / draft.form)
    drafted = load_form(tmp_path / draft.form)
    exports = [file for file in drafted.files if file.reader != "none"]
    assert [(file.pattern, file.reader, file.encoding, file.delimiter) for file in exports] == [
        ("main.csv", "csv", "utf-16", "\t"), ("part.csv", "csv", "utf-16", "\t"),
    ]  # fmt: skip
    assert [sheet.sheet for sheet in drafted.sheets] == [None, None]
    assert len({sheet.file for sheet in drafted.sheets}) == 2


def test_a_column_in_another_sheet_is_left_to_a_person(tmp_path: Path) -> None:
    sheets = [
        DeliveredSheet("small_2002.xlsx", "Del 1", (*MAIN, "day_fte")),
        DeliveredSheet("small_2002.xlsx", "Del 2", ("id",)),
    ]
    (row,) = draft_form(workbook(tmp_path), sheets).unsure
    assert (row.kind, row.sheet, row.column) == ("similar", "main", "day_fte")
    assert (row.candidates[0].sheet, row.candidates[0].score) == ("part", 1.0)


def test_a_new_sheet_and_one_that_is_gone_are_reported(tmp_path: Path) -> None:
    sheets = [
        DeliveredSheet("small_2002.xlsx", "Del 1", MAIN),
        DeliveredSheet("small_2002.xlsx", "Kapittel 18", ("k1", "k2")),
        DeliveredSheet("small_2002.xlsx", "Kapittel 19", ("l1",)),
    ]
    draft = draft_form(workbook(tmp_path), sheets)
    assert kinds(draft) == [
        ("new", "k1"), ("new", "k2"), ("new", "l1"), ("gone", "id"), ("gone", "day_fte"),
    ]  # fmt: skip
    assert "main,k1" not in draft.columns_csv
    assert "kapittel_18,k1,,unsure" in draft.columns_csv
    assert "no entry for sheet Kapittel 18 of small_2002.xlsx (row 1, 2 columns)" in draft.form_yml
    assert "form.yml, sheet part: it was not delivered, or not recognised" in draft.notes


LABELS = {
    "RESP": "Løpenummer", "KNR": "Kommunenummer", "KNAVN": "Kommune", "SVAR": "Besvart", "Q1": "Årsverk i bolig",
    "Q2": "Årsverk i dagtilbud", "Q3": "Har kommunen en plan?", "Q4": "Har kommunen et kriseteam?", "Q5": "Noe nytt",
}  # fmt: skip


def in_other_sheets() -> list[DeliveredSheet]:
    """Return last year's csv file as two sheets of a workbook, with all columns renamed."""
    return [
        DeliveredSheet("small_2002.xlsx", "Respondenter", ("RESP", "KNR", "KNAVN", "SVAR"), 2),
        DeliveredSheet("small_2002.xlsx", "Svar", ("RESP", "Q1", "Q2", "Q3", "Q4", "Q5")),
    ]


def test_columns_in_sheets_of_other_names_are_taken_over_by_their_very_wording(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, in_other_sheets(), labels=LABELS, files=["small_2002.xlsx", "codes_2002.csv"])
    assert [(sheet, column, form) for sheet, column, form, _ in draft.elsewhere] == [
        ("svar", "Q1", "small_2001"), ("svar", "Q2", "small_2001"), ("svar", "Q3", "small_2001"),
    ]  # fmt: skip
    assert kinds(draft) == [("similar", "Q4"), ("new", "Q5"), ("gone", "remark")]
    folder = tmp_path / draft.form
    write_draft(draft, folder)
    decide(folder, lambda row: {**row, "use": "ignored", "reason": "respondent_comment"} if row["column"] else None)
    form = load_form(folder)
    main, answers = form.sheets
    assert (main.name, main.header_rows, main.first_row) == ("respondenter", (2,), 3)
    assert main.unit is not None and (main.unit.code, main.unit.name) == (("KNR",), ("KNAVN",))
    assert (main.submission.id, main.submission.status, main.submission.completed) == ("RESP", "SVAR", ("1",))
    assert [rule.column for rule in main.rows_not_data] == ["KNR"]
    assert (answers.links_to, answers.link) == ("respondenter", "RESP")
    assert [(file.name, file.pattern, file.reader) for file in form.files] == [
        ("codebook", "codes_2002.csv", "none"), ("export", "small_2002.xlsx", "xlsx"),
    ]  # fmt: skip
    asked = {column.column: column.question for column in form.columns if column.use == "answer"}
    assert asked == {"Q1": "fte_by_service", "Q2": "fte_by_service", "Q3": "plan_adopted"}


def test_a_wording_that_two_delivered_columns_have_is_taken_over_for_none(previous: Form) -> None:
    labels = {**LABELS, "Q2": "Årsverk i bolig"}
    draft = draft_form(previous, in_other_sheets(), labels=labels, files=["small_2002.xlsx"])
    assert {column for _, column, _, _ in draft.elsewhere} == {"Q3"}


def test_a_question_that_comes_back_is_taken_from_the_newest_form_that_has_it(previous: Form, tmp_path: Path) -> None:
    team = "main,team,,answer,crisis_team,all,,total,total,code,,Har kommunen et kriseteam?,all,,"
    older = FORM_YML.replace("2001", "2000").replace("2002", "2001")
    earlier = write_form(
        tmp_path / "forms" / "small_2000", older, [*COLUMNS[:-1], team], [*OPTIONS, "crisis_team,1,yes,Ja,"]
    )
    labels = {name: str(column.wording_nb) for name, column in zip(HEADERS, previous.columns, strict=False)}
    sheets = delivered(*HEADERS, "q9")
    draft = draft_form(previous, sheets, labels={**labels, "q9": "Har kommunen et kriseteam? "}, earlier=[earlier])
    assert draft.elsewhere == (("main", "q9", "small_2000", "crisis_team all total total"),)
    assert not draft.unsure
    write_draft(draft, tmp_path / draft.form)
    form = load_form(tmp_path / draft.form)
    assert [option.code for option in form.options if option.question == "crisis_team"] == ["1"]
    # The question is asked again: no line marks it absent.
    assert not [column for column in form.columns if column.use == "absent"]


def test_a_draft_that_is_given_again_keeps_what_was_decided(previous: Form, tmp_path: Path) -> None:
    folder = tmp_path / "small_2002"
    write_draft(draft_form(previous, replaced(housing_fte="bolig", day_fte="dag")), folder)
    decide(
        folder,
        lambda row: {**row, "use": "ignored", "reason": "typed_sum"} if row["column"] == "bolig" else row,
    )
    (folder / "form.yml").write_text("# decided\n", encoding="utf-8")
    # The next file has an extra column.
    again = draft_form(previous, delivered(*(("bolig" if name == "housing_fte" else name) for name in HEADERS), "ny"))
    written = write_draft(again, folder, again=True)
    with (folder / "columns.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["column"]: row for row in csv.DictReader(file) if row["column"]}
    assert (rows["bolig"]["use"], rows["bolig"]["reason"]) == ("ignored", "typed_sum")
    assert rows["ny"]["use"] == "unsure" and rows["day_fte"]["use"] == "answer"
    # Open: the new column, and the fate of the one that `bolig` replaced.
    assert (written.is_again, written.kept, written.undecided) == (True, 8, 2)
    # A deleted row without a column is not added again.
    deleted = draft_form(previous, replaced(housing_fte="bolig", day_fte="dag")[:1])
    lines = (folder / "columns.csv").read_text(encoding="utf-8").splitlines()
    (folder / "columns.csv").write_text("\n".join(line for line in lines if not line.startswith("main,,")) + "\n")
    write_draft(deleted, folder, again=True)
    assert "main,," not in (folder / "columns.csv").read_text(encoding="utf-8")
    assert (folder / "form.yml").read_text(encoding="utf-8") == "# decided\n"


def test_a_second_format_of_the_same_layout_is_reported(previous: Form) -> None:
    sheets = [*delivered(*HEADERS), DeliveredSheet("other.parquet", "", HEADERS)]
    draft = draft_form(previous, sheets)
    assert not draft.unsure
    assert "other.parquet has the columns of sheet main: add an entry of that name for it" in draft.form_yml
    assert "form.yml, files: no entry for other.parquet" in draft.notes


def test_files_of_two_other_formats_are_not_one_entry(previous: Form) -> None:
    sheets = [DeliveredSheet(f"final.{suffix}", "Data", HEADERS, row=1) for suffix in ("ods", "xlsx")]
    draft = draft_form(previous, sheets)
    assert "pattern: final.ods, count: 1, reader: ods" in draft.form_yml
    assert "form.yml, files: no entry for final.xlsx" in draft.notes


def a_year_later(form: Form, text: str) -> str:
    """Advance the years in a file's name, the later one first, as the earlier becomes it."""
    for year in sorted({form.time_period, form.collection_year}, reverse=True):
        text = text.replace(str(year), str(year + 1))
    return text


def test_each_real_form_drafts_a_form_that_loads_at_once_when_nothing_changed(tmp_path: Path) -> None:
    forms = load_forms(PROJECT_DIR / "data" / "forms")
    assert forms
    for form in forms:
        patterns = {file.name: a_year_later(form, file.pattern) for file in form.files}
        sheets = [
            DeliveredSheet(
                patterns[sheet.file].replace("*", "x"),
                sheet.sheet or "",
                tuple(dict.fromkeys(row.column for row in form.columns if row.sheet == sheet.name and row.column)),
                sheet.header_rows[0],
            )
            for sheet in form.sheets
        ]
        draft = draft_form(form, sheets)
        assert not draft.unsure, form.form
        # Codes for "no answer" in a column are decided again.
        assert bool(draft.missing) == any(column.missing for column in form.columns)
        draft = dataclasses.replace(draft, columns_csv=draft.columns_csv.replace("unsure:", ""))
        write_draft(draft, tmp_path / draft.form)
        loaded = load_form(tmp_path / draft.form)
        shutil.rmtree(tmp_path / draft.form)
        assert sorted(without_lines(loaded), key=str) == sorted(without_lines(form), key=str)


# --- Asked, not copied -----------------------------------------------------------------------------------------------------


def test_a_code_that_was_no_answer_in_a_column_is_decided_anew(tmp_path: Path) -> None:
    columns = [line.replace("Årsverk i bolig,all,,", "Årsverk i bolig,all,99;999,") for line in COLUMNS]
    previous = write_form(tmp_path / "forms" / "small_2001", columns=columns)
    draft = draft_form(previous, delivered(*HEADERS))
    assert (draft.unsure, draft.missing) == ((), {"99;999": ("housing_fte",)})
    assert "  99;999 in 1 column: housing_fte\n" in draft.render()
    folder = tmp_path / "forms" / draft.form
    write_draft(draft, folder)
    with pytest.raises(UserError, match="missing: keep the codes that mean no answer in the code book") as caught:
        load_form(folder)
    assert caught.value.place == f"{folder / 'columns.csv'}, line 6"
    path = folder / "columns.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("unsure:99;999", "999"), encoding="utf-8")
    assert [column.missing for column in load_form(folder).columns if column.missing] == ["999"]


def test_a_round_that_carries_forward_is_asked_whether_it_carries_again(tmp_path: Path) -> None:
    form_yml = FORM_YML.replace("non_response: missing", "non_response: carry_forward\ncarry_forward_years: 1")
    draft = draft_form(write_form(tmp_path / "forms" / "small_2001", form_yml), delivered(*HEADERS))
    assert "# look: units that are missing for the second time" in draft.form_yml
    assert "carry_forward: reported_only\ncarry_forward_years: 1\n" in draft.form_yml
    assert "carry_forward" not in draft_form(write_form(tmp_path / "small_2001"), delivered(*HEADERS)).form_yml


def test_a_column_by_which_units_may_confirm_is_pointed_out(previous: Form) -> None:
    draft = draft_form(previous, delivered(*HEADERS, "Bekreftet tallene fra i fjor"))
    assert any("submission.confirmed" in note and "Bekreftet" in note for note in draft.notes)
    assert not any("submission.confirmed" in note for note in draft_form(previous, delivered(*HEADERS)).notes)


# --- Refusals and output ---------------------------------------------------------------------------------------------------


def test_an_existing_folder_is_never_overwritten(previous: Form, tmp_path: Path) -> None:
    draft = draft_form(previous, delivered(*HEADERS))
    folder = tmp_path / "forms" / draft.form
    write_draft(draft, folder)
    (folder / "columns.csv").write_text("decided", encoding="utf-8")
    with pytest.raises(UserError, match="the form already exists"):
        write_draft(draft, folder)
    assert (folder / "columns.csv").read_text(encoding="utf-8") == "decided"


def test_a_delivery_without_headers_and_a_year_that_is_not_later_are_refused(previous: Form) -> None:
    with pytest.raises(UserError, match="no sheet with headers"):
        draft_form(previous, delivered())
    with pytest.raises(UserError, match="not later than the last"):
        draft_form(previous, delivered(*HEADERS), years=0)


def test_the_list_of_what_to_decide_is_text_and_json(previous: Form) -> None:
    draft = draft_form(previous, replaced(housing_fte="housing_ftes", remark="xyz"))
    content = json.loads(json.dumps(draft.as_dict()))
    assert [row["kind"] for row in content["unsure"]] == ["similar", "new", "gone"]
    assert content["unsure"][0]["candidates"][0]["column"] == "housing_fte"
    text = draft.render()
    assert text.startswith("small_2001 -> small_2002: 6 columns taken over, 3 to be decided\n")
    for row in draft.unsure:
        assert row.column in text
