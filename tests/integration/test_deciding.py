"""Open decisions of a draft, made in a workbook or at the terminal: by the command, on a form of a few columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from orchestration.cli import main
from orchestration.core.errors import Problems
from orchestration.forms.deciding_workbook import COLUMN_HEADS, SHEETS, TEXTS
from orchestration.forms.registry import load_draft, load_form
from orchestration.forms.undecided import CELLS, CHOICES
from tests.unit.test_form_draft import COLUMNS, HEADERS, write_form

RENAMED = {"housing_fte": "v1", "day_fte": "v2", "plan_made": "v3"}
EXTRA = "v4"
BOOK = {
    "v1": "Boligtjenester, stillinger",
    "v2": "Noe ganske annet her",
    "v3": "Vedtatt plan foreligger",
    EXTRA: "Har kommunen brukerråd?",
}


def rows(year: int, *, extra: bool) -> list[list[str]]:
    """Answers of thirty units: FTE in housing and day services, a code, a remark, and a code of the later form only."""
    found = []
    for number in range(30):
        cells = [str(number), f"{1000 + number}", f"Kommune {number}", "1", f"{10 + number % 7},5", f"{number % 3}"]
        found.append([*cells, "1" if number % 3 else "2", f"Merknad {number} {year}"])
        found[-1] += ["7" if number % 2 else "8"] if extra else []
    return found


def csv_text(header: list[str], lines: list[list[str]]) -> str:
    return "\n".join(";".join(line) for line in [header, *lines]) + "\n"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    marked = [
        line.replace(
            "housing,,adults,total,number,fte,Årsverk i bolig,all,",
            "housing,,adults,total,number,fte,Årsverk i bolig,all,998",
        )
        for line in COLUMNS
    ]
    write_form(folder / "forms" / "small_2001", columns=marked)
    for year, renamed, extra in (("2001", {}, False), ("2002", RENAMED, True)):
        target = folder / "deliveries" / year
        target.mkdir(parents=True)
        header = [*(renamed.get(name, name) for name in HEADERS), *([EXTRA] if extra else [])]
        (target / f"small_{year}_a.csv").write_text(csv_text(header, rows(int(year), extra=extra)), encoding="utf-8")
        labels = [[name, label] for name, label in BOOK.items()] if extra else []
        (target / f"codes_{year}.csv").write_text(csv_text(["variable", "label"], labels), encoding="utf-8")
    monkeypatch.setenv("IS248_DATA_DIR", str(folder))
    for name in ("warehouse", "snapshots"):
        monkeypatch.setenv(f"IS248_{name.upper()}_DIR", str(tmp_path / name))
    return folder


def new_year(*options: str | Path, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["new-year", "small_2001", "2002", *map(str, options)], input=typed)


def lines_of(data: Path) -> dict[str, dict[str, str]]:
    with (data / "forms" / "small_2002" / "columns.csv").open(encoding="utf-8", newline="") as file:
        return {row["column"] or row["reason"]: row for row in csv.DictReader(file)}


def fill(path: Path, decide: Callable[[str, Any], dict[str, str]], sheet: str = "sheet", language: str = "nb") -> None:
    """Fill in a sheet: ``decide`` gets a row's column (or code) and key, and returns its texts by header."""
    book = load_workbook(path)
    table = book[getattr(TEXTS[sheet], language)]
    heads = {head.name: place for place, head in enumerate(SHEETS[sheet], start=1)}
    for row in range(2, table.max_row + 1):
        name = str(table.cell(row, heads["codes_before" if sheet == "missing_codes" else "column"]).value)
        for head, text in decide(name, json.loads(table.cell(row, heads["key"]).value)).items():
            table.cell(row, heads[head]).value = text
    book.save(path)


def right(name: str, key: Any) -> dict[str, str]:
    """Decide correctly: renamed columns are their candidates, the extra one is a new question."""
    if name == EXTRA:
        return {"decision": "nytt spørsmål", "question": "user_council", "type": "code"}
    if name not in RENAMED.values():
        return {}
    candidates = [RENAMED.get(candidate[2], candidate[2]) for candidate in key["candidates"]]
    return {"decision": f"kandidat {candidates.index(name) + 1}"}


def test_what_is_open_stands_in_a_workbook_most_alike_first(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    result = new_year("--workbook", path)
    assert result.exit_code == 0, result.output
    assert "7 columns, 4 codes and 1 group of codes for no answer to decide" in result.output
    book = load_workbook(path)
    assert book.sheetnames == ["Kolonner", "Koder", "Ubesvart", "Les meg"]
    table = book["Kolonner"]
    assert [cell.value for cell in table[1]] == [head.text.nb for head in COLUMN_HEADS]
    columns = [row[2].value for row in table.iter_rows(min_row=2)]
    assert set(columns[:4]) == {*RENAMED.values(), EXTRA}
    # Two columns of FTE were not delivered: a row for both precedes them.
    assert columns[3:] == [EXTRA, "(2)", *RENAMED]
    first = {row[2].value: [str(cell.value) for cell in row] for row in table.iter_rows(min_row=2)}["v3"]
    assert first[3] == BOOK["v3"]
    assert first[4] == "koder 1, 2, 100 % utfylt"
    assert "kodene 1, 2, som i plan_made; 67 % har kode 1, mot 67 % før" in first[5]
    # Free text is nowhere.
    assert "Merknad 1 " not in "".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    (choice,) = [each for each in table.data_validations.dataValidation if str(each.sqref).startswith("J")]
    assert choice.formula1 == f'"{",".join(TEXTS[name].nb for name in CHOICES)}"'


def test_a_filled_workbook_finishes_the_form(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    fill(path, right)
    given = {"7": "yes", "8": "no"}
    fill(path, lambda name, key: {"answer": given[key[2]], "label": f"Kode {key[2]}"} if name == EXTRA else {}, "codes")
    fill(path, lambda *_: {"decision": "fortsatt ubesvart"}, "missing_codes")
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    # Four columns, two codes, one group of codes for no answer; the columns not delivered are found again.
    assert "7 decisions written, 0 decided before, 0 left" in result.output
    form = load_form(data / "forms" / "small_2002")
    meant = {column.column: column.question for column in form.columns if column.use == "answer"}
    assert meant == {"v1": "fte_by_service", "v2": "fte_by_service", "v3": "plan_adopted", EXTRA: "user_council"}
    assert {column.column: column.missing for column in form.columns}["v1"] == "998"
    assert {column.column: column.wording_nb for column in form.columns}["v3"] == BOOK["v3"]
    options = [(option.code, option.answer, option.label_nb) for option in form.options if option.question == "user_council"]
    assert sorted(options) == [("7", "yes", "Kode 7"), ("8", "no", "Kode 8")]
    # Reading it again changes nothing.
    before = lines_of(data)
    again = new_year("--decide", path)
    assert "4 decided before, 0 left" in again.output
    assert lines_of(data) == before


def test_empty_rows_stay_open_and_the_english_workbook_is_read_too(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path, "--language", "en")
    fill(path, lambda name, _: {"decision": "ignore"} if name == EXTRA else {}, language="en")
    result = new_year("--decide", path)
    # Six lines; codes for no answer of a column among them are not a separate line.
    assert "1 decision written, 0 decided before, 6 left" in result.output
    assert "  left: 'v1', 'v2', 'v3', 'fte_by_service housing', 'fte_by_service day', 'plan_adopted all'" in result.output
    lines = lines_of(data)
    assert (lines[EXTRA]["use"], lines[EXTRA]["reason"]) == ("ignored", "not_used")
    assert lines["v1"]["use"] == "unsure"


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        (EXTRA, {"decision": "kanskje"}, "'kanskje' is not a valid decision"),
        (EXTRA, {"item": "all"}, "no decision"),
        (EXTRA, {"decision": "nytt spørsmål", "type": "code"}, "a new question needs an id"),
        (EXTRA, {"decision": "nytt spørsmål", "question": "Har råd"}, "'Har råd' is not a valid question id"),
        (EXTRA, {"decision": "nytt spørsmål", "question": "council"}, "an answer needs type"),
        (EXTRA, {"decision": "nytt spørsmål", "question": "council", "type": "tick"}, "needs the answer that it means"),
        (EXTRA, {"decision": "ikke spurt lenger"}, "is not allowed for a delivered column"),
        ("day_fte", {"decision": "ignorer"}, "is not allowed for a column that was not delivered"),
        (EXTRA, {"decision": "kandidat 3"}, "no candidate 3"),
    ],
)
def test_nothing_is_written_unless_all_of_it_is_valid(
    data: Path, tmp_path: Path, name: str, cells: dict[str, str], message: str
) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    before = (data / "forms" / "small_2002" / "columns.csv").read_bytes()
    fill(path, lambda column, key: cells if column == name else right(column, key) if column in RENAMED.values() else {})
    rows = [str(row[2].value) for row in load_workbook(path)["Kolonner"].iter_rows()]
    result = new_year("--decide", path)
    assert result.exit_code == 1
    assert message in result.output
    assert f"{path}, sheet Kolonner, row {rows.index(name) + 1}" in result.output
    assert (data / "forms" / "small_2002" / "columns.csv").read_bytes() == before


def test_all_that_does_not_hold_is_reported_at_once(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    wrong = {
        EXTRA: {"decision": "nytt spørsmål", "question": "Har råd", "type": "code"},
        "v1": {"decision": "kanskje"},
        "v2": {"decision": "ignorer", "key": "-"},
        "v3": {"decision": "nytt spørsmål", "question": "plan", "type": "tick"},
    }
    fill(path, lambda name, _: wrong.get(name, {}))
    fill(path, lambda name, _: {"answer": "yes", "missing_reason": "not_answered"} if name == "v3" else {}, "codes")
    fill(path, lambda *_: {"decision": "9..1"}, "missing_codes")
    before = lines_of(data)
    result = new_year("--decide", path)
    assert result.exit_code == 1
    errors = [line for line in result.output.splitlines() if line.startswith("error: ")]
    for words in (
        "'Har råd' is not a valid question id",
        "'kanskje' is not a valid decision",
        "its key is missing or was changed",
        "a tick, and only a tick, needs the answer that it means",
        "code '1' has an answer and a reason why it is none",
        "code '2' has an answer and a reason why it is none",
        "the range 9..1 ends before it begins",
    ):
        assert len([line for line in errors if words in line and f"{path}, sheet " in line]) == 1, words
    assert len(errors) == 7
    assert "Value error" not in result.output
    assert lines_of(data) == before
    answer = json.loads(new_year("--decide", path, "--json").stdout.splitlines()[0])
    assert len(answer["others"]) == 6


# --- In one round ----------------------------------------------------------------------------------------------------------


def give_book(data: Path, *lines: tuple[str, str, str, str]) -> None:
    (data / "deliveries" / "2002" / "codes_2002.csv").write_text(
        csv_text(["variable", "label", "type", "codes"], [list(line) for line in lines]), encoding="utf-8"
    )


COUNCIL = (EXTRA, "Har kommunen brukerråd?", "kode", "7=Ja, 8=Nei, 9=Ja, men ikke brukt")


def test_a_new_question_takes_type_and_codes_from_the_code_book_and_what_they_meant_before(
    data: Path, tmp_path: Path
) -> None:
    give_book(data, COUNCIL)
    path = tmp_path / "open.xlsx"
    assert new_year("--workbook", path).exit_code == 0
    rows = [[str(cell.value) for cell in row] for row in load_workbook(path)["Koder"].iter_rows()]
    heads = [head.name for head in SHEETS["codes"]]
    of_extra = [dict(zip(heads, row, strict=True)) for row in rows if row[1] == EXTRA]
    assert [(row["code"], row["book_label"], row["meant_before"]) for row in of_extra] == [
        ("7", "Ja", "yes"),
        ("8", "Nei", "no"),
        ("9", "Ja, men ikke brukt", "None"),
    ]
    assert of_extra[2]["share"] == "ikke i cellene"
    # Only unknown decisions are filled in.
    fill(path, lambda name, _: {"decision": "nytt spørsmål", "question": "user_council"} if name == EXTRA else {})
    fill(path, lambda _, key: {"answer": "not_used"} if key[2] == "9" else {}, "codes")
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    assert 'user_council has codes as earlier forms have their labels: 7 "Ja" yes, 8 "Nei" no' in result.output
    assert lines_of(data)[EXTRA]["type"] == "code"
    with (data / "forms" / "small_2002" / "options.csv").open(encoding="utf-8", newline="") as file:
        options = [
            (row["code"], row["answer"], row["label_nb"])
            for row in csv.DictReader(file)
            if row["question"] == "user_council"
        ]
    assert sorted(options) == [("7", "yes", "Ja"), ("8", "no", "Nei"), ("9", "not_used", "Ja, men ikke brukt")]


def test_codes_of_which_nothing_is_known_are_reported_and_never_made_up(data: Path, tmp_path: Path) -> None:
    give_book(data, COUNCIL)
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    fill(path, lambda name, _: {"decision": "nytt spørsmål", "question": "user_council"} if name == EXTRA else {})
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    assert 'say what these codes of user_council mean: 9 "Ja, men ikke brukt"' in result.output
    assert "not_used" not in (data / "forms" / "small_2002" / "options.csv").read_text(encoding="utf-8")


def test_a_new_number_has_the_codes_of_the_code_book_as_no_answer(data: Path, tmp_path: Path) -> None:
    give_book(data, (EXTRA, "Antall brukere", "tall", "7=ukjent"))
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    # A number has no codes to decide on.
    assert "Koder" not in load_workbook(path).sheetnames or EXTRA not in {
        row[1].value for row in load_workbook(path)["Koder"].iter_rows()
    }
    fill(
        path, lambda name, _: {"decision": "nytt spørsmål", "question": "users", "unit": "persons"} if name == EXTRA else {}
    )
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    assert (lines_of(data)[EXTRA]["type"], lines_of(data)[EXTRA]["missing"]) == ("number", "7")


# --- Columns not delivered -------------------------------------------------------------------------------------------------

BOXES = [
    f"main,box_{number},,answer,box,all,box_{number},total,total,tick,,Hvem samarbeider dere med: Part {number},all,,"
    for number in range(1, 6)
]


@pytest.fixture
def with_boxes(data: Path) -> Path:
    """Last year had a question with five boxes that is no longer delivered."""
    path = data / "forms" / "small_2001" / "columns.csv"
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(BOXES) + "\n", encoding="utf-8")
    delivered = next((data / "deliveries" / "2001").glob("small_*.csv"))
    head, *lines = delivered.read_text(encoding="utf-8").splitlines()
    text = "\n".join([f"{head};{';'.join(f'box_{n}' for n in range(1, 6))}", *(f"{line};1;;1;;" for line in lines)])
    delivered.write_text(text + "\n", encoding="utf-8")
    return data


def test_one_decision_covers_a_question_and_a_row_may_differ(with_boxes: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    assert new_year("--workbook", path).exit_code == 0
    table = load_workbook(path)["Kolonner"]
    rows = [[str(cell.value or "") for cell in row] for row in table.iter_rows()]
    first = next(number for number, row in enumerate(rows) if row[2] == "(5)")
    assert [row[2] for row in rows[first : first + 6]] == ["(5)", *(f"box_{number}" for number in range(1, 6))]
    assert rows[first][3] == "Hvem samarbeider dere med: Part"
    # The wording is last year's.
    assert rows[first + 2][3] == "Hvem samarbeider dere med: Part 2"
    given = {"(5)": {"decision": "ikke spurt lenger", "reason": "replaced"}, "box_2": {"decision": "stryk linjen"}}
    fill(path, lambda name, _: given.get(name, {}))
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    assert "5 decisions written" in result.output
    with (with_boxes / "forms" / "small_2002" / "columns.csv").open(encoding="utf-8", newline="") as file:
        absent = [row for row in csv.DictReader(file) if row["question"] == "box"]
    assert [row["answer"] for row in absent] == ["box_1", "box_3", "box_4", "box_5"]
    assert {(row["use"], row["reason"]) for row in absent} == {("absent", "replaced")}
    assert absent[0]["wording_nb"] == "Hvem samarbeider dere med: Part 1"
    assert "2 decided before" in new_year("--decide", path).output


def test_a_question_does_not_cover_what_is_called_otherwise_now(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    # Both columns of FTE are missing under their names; one of them is v1.
    both = {"(2)": {"decision": "ikke spurt lenger"}}
    fill(path, lambda name, key: right(name, key) if name == "v1" else both.get(name, {}))
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    lines = lines_of(data)
    assert lines["v1"]["item"] == "housing"
    with (data / "forms" / "small_2002" / "columns.csv").open(encoding="utf-8", newline="") as file:
        items = [row["item"] for row in csv.DictReader(file) if row["use"] == "absent"]
    # The column of the other question was absent before.
    assert items == ["day", ""]


def test_codes_of_what_is_gone_are_no_problem_while_a_line_is_open(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    # The plan is gone, and all delivered columns are ignored; the columns of FTE stay open.
    given = {
        "plan_made": {"decision": "ikke spurt lenger"},
        **{name: {"decision": "ignorer"} for name in (*RENAMED.values(), EXTRA)},
    }
    fill(path, lambda name, _: given.get(name, {}))
    assert new_year("--decide", path).exit_code == 0
    folder = data / "forms" / "small_2002"
    problems = Problems(go_on=True)
    _, undecided = load_draft(folder, problems)
    assert {row.column for row in undecided} == {""}
    assert problems.found == []
    assert "plan_adopted" in (folder / "options.csv").read_text(encoding="utf-8")


def test_a_question_covers_its_column_that_was_held_against_something_else(with_boxes: Path, tmp_path: Path) -> None:
    give_book(with_boxes, (EXTRA, "Hvem samarbeider dere med: Part 1B", "avkryss", "1=valgt"))
    delivered = next((with_boxes / "deliveries" / "2002").glob("small_*.csv"))
    head, *lines = delivered.read_text(encoding="utf-8").splitlines()
    ticked = [f"{line.rpartition(';')[0]};1" for line in lines]
    delivered.write_text("\n".join([head, *ticked]) + "\n", encoding="utf-8")
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    given = {"(4)": {"decision": "ikke spurt lenger"}, EXTRA: {"decision": "ignorer"}}
    fill(path, lambda name, _: given.get(name, {}))
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    with (with_boxes / "forms" / "small_2002" / "columns.csv").open(encoding="utf-8", newline="") as file:
        boxes = [(row["answer"], row["use"], row["reason"]) for row in csv.DictReader(file) if row["question"] == "box"]
    assert sorted(boxes) == [(f"box_{number}", "absent", "not_asked") for number in range(1, 6)]


@pytest.mark.parametrize("choice", ["nytt spørsmål", "kandidat 1", "kanskje"])
def test_a_question_that_was_not_delivered_is_no_new_one(with_boxes: Path, tmp_path: Path, choice: str) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    fill(path, lambda name, _: {"decision": choice} if name == "(5)" else {})
    result = new_year("--decide", path)
    assert result.exit_code == 1
    assert "sheet Kolonner, row" in result.output


def test_two_columns_cannot_be_the_same(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    given = {"decision": "nytt spørsmål", "question": "council", "type": "number"}
    fill(path, lambda name, _: given if name in {"v1", EXTRA} else {})
    result = new_year("--decide", path)
    assert result.exit_code == 1
    assert "means the same as another column" in result.output
    assert result.output.count("sheet Kolonner, row") == 2


def test_a_workbook_that_may_be_filled_in_is_not_written_over(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    content = path.read_bytes()
    result = new_year("--workbook", path)
    assert result.exit_code == 1 and "already exists" in result.output
    assert path.read_bytes() == content
    # Equal decisions give equal bytes.
    new_year("--workbook", tmp_path / "other.xlsx")
    assert (tmp_path / "other.xlsx").read_bytes() == content


def test_a_changed_key_and_another_workbook_are_refused(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    fill(path, lambda name, _: {"decision": "ignorer", "key": "-"} if name == EXTRA else {})
    assert "its key is missing or was changed" in new_year("--decide", path).output
    book = load_workbook(path)
    del book["Kolonner"]
    book.save(path)
    assert "is not a decision workbook" in new_year("--decide", path).output


def test_a_candidate_that_is_not_chosen_is_open_again(data: Path, tmp_path: Path) -> None:
    (data / "deliveries" / "2002" / "codes_2002.csv").write_text(
        csv_text(["variable", "label"], [["v1", "Årsverk i boliger"]]), encoding="utf-8"
    )
    path = tmp_path / "open.xlsx"
    assert "Delivered, with a name or wording like one of last year's (1)" in new_year("--workbook", path).output
    assert "gone: housing_fte" not in lines_of(data)
    fill(path, lambda name, _: {"decision": "ignorer"} if name == "v1" else {})
    new_year("--decide", path)
    lost = lines_of(data)["gone: housing_fte"]
    assert (lost["use"], lost["question"], lost["item"]) == ("unsure", "fte_by_service", "housing")


def test_a_question_that_was_not_asked_last_year_is_asked_as_before(data: Path, tmp_path: Path) -> None:
    asked = [*COLUMNS]
    asked[-1] = "main,team,,answer,crisis_team,all,,total,total,code,,Har kommunen et kriseteam?,all,,"
    folder = data / "forms" / "small_2000"
    options = [
        "question,code,answer,label_nb,missing_reason",
        "plan_adopted,1,yes,Ja,",
        "crisis_team,7,yes,Ja,",
        "crisis_team,8,no,Nei,",
    ]
    text = (data / "forms" / "small_2001" / "form.yml").read_text(encoding="utf-8")
    write_form(folder, text.replace("2001", "2000").replace("small_2001", "small_2000"), asked, options)
    (data / "deliveries" / "2002" / "codes_2002.csv").write_text(
        csv_text(["variable", "label"], [[EXTRA, "Har kommunen et kriseteam nå?"]]), encoding="utf-8"
    )
    path = tmp_path / "open.xlsx"
    new_year("--workbook", path)
    fill(path, lambda name, _: {"decision": "kandidat 1"} if name == EXTRA else {})
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    line = lines_of(data)[EXTRA]
    assert (line["question"], line["type"], line["population_asked"]) == ("crisis_team", "code", "all")


def test_a_column_that_was_found_is_not_also_gone(data: Path, tmp_path: Path) -> None:
    path = tmp_path / "open.xlsx"
    assert new_year("--workbook", path).exit_code == 0

    def both(name: str, key: Any) -> dict[str, str]:
        return right(name, key) or ({"decision": "ikke spurt lenger"} if name in RENAMED else {})

    fill(path, both)
    result = new_year("--decide", path)
    assert result.exit_code == 1
    assert "decides about a column that" in result.output and "says was renamed" in result.output
    assert all(lines_of(data)[name]["use"] == "unsure" for name in RENAMED.values())


def test_who_was_asked_is_decided_and_told_where_few_have_an_answer(data: Path, tmp_path: Path) -> None:
    (delivered,) = (data / "deliveries" / "2002").glob("small_*.csv")
    header, *lines = delivered.read_text(encoding="utf-8").splitlines()
    few = [line if number < 12 else line.rpartition(";")[0] + ";" for number, line in enumerate(lines)]
    delivered.write_text("\n".join([header, *few]) + "\n", encoding="utf-8")
    path = tmp_path / "open.xlsx"
    assert new_year("--workbook", path).exit_code == 0
    fill(path, right)
    result = new_year("--decide", path)
    assert result.exit_code == 0, result.output
    assert f"filled by few of the units: {EXTRA} (40%); were all asked?" in result.output


# --- At the terminal -------------------------------------------------------------------------------------------------------


def test_the_same_is_asked_at_the_terminal_and_written_at_once(data: Path) -> None:
    # The first column is its first candidate; the second stays open; then the person stops.
    result = new_year("--interactive", typed="1\n\nq\n")
    assert result.exit_code == 0, result.output
    assert "1 decision written" in result.output
    uses = [lines_of(data)[name]["use"] for name in (*RENAMED.values(), EXTRA)]
    assert uses.count("answer") == 1 and uses.count("unsure") == 3


def test_the_end_of_a_pipe_stops_and_keeps_what_was_decided(data: Path) -> None:
    result = new_year("--interactive", typed="1\n")
    assert result.exit_code == 0, result.output
    assert "1 decision written" in result.output


def test_an_answer_that_is_not_valid_is_asked_again(data: Path) -> None:
    result = new_year("--interactive", "--language", "en", typed="7\nn\nNot An Id\n\n\n\n\n\n\n\ni\n\nq\n")
    assert "7 is not one of the choices" in result.output
    assert "'Not An Id' is not a valid question id" in result.output
    assert "1 decision written" in result.output
    assert [line["reason"] for line in lines_of(data).values()].count("not_used") == 1


def test_the_round_goes_on_where_it_was_left_and_finishes_the_form(data: Path, tmp_path: Path) -> None:
    assert new_year("--interactive", typed="1\nq\n").exit_code == 0
    new_question = "n\nuser_council\n\n\n\n\nnumber\npersons\n\n"
    result = new_year("--interactive", typed=f"1\n1\n{new_question}fortsatt ubesvart\n")
    assert result.exit_code == 0, result.output
    assert "4 decisions written, 0 decided before, 0 left" in result.output
    form = load_form(data / "forms" / "small_2002")
    assert next(column.unit for column in form.columns if column.question == "user_council") == "persons"


def test_a_question_is_asked_once_at_the_terminal_and_its_columns_where_nothing_is_stated(with_boxes: Path) -> None:
    # The delivered columns, the columns of FTE as one, and the plan stay open.
    result = new_year("--interactive", typed="\n" * 6 + "s\nq\n")
    assert result.output.count("Beslutning for alle") == 2
    with (with_boxes / "forms" / "small_2002" / "columns.csv").open(encoding="utf-8", newline="") as file:
        boxes = [row["use"] for row in csv.DictReader(file) if row["question"] == "box"]
    assert boxes == ["absent"] * 5
    # The FTE are asked about one by one: the first is not delivered, then the person stops.
    new_year("--interactive", typed="\n" * 4 + "e\nl\nq\n")
    assert lines_of(with_boxes)["not_delivered"]["item"] == "housing"
    assert lines_of(with_boxes)["gone: day_fte"]["use"] == "unsure"


def test_codes_of_a_new_question_are_asked_with_it(data: Path) -> None:
    give_book(data, COUNCIL)
    typed = "\n\n\nn\nuser_council\n\n\n\n\n\n\n\n\nnei_takk\nnot_answered\nq\n"
    result = new_year("--interactive", typed=typed)
    assert result.exit_code == 0, result.output
    with (data / "forms" / "small_2002" / "options.csv").open(encoding="utf-8", newline="") as file:
        options = [row for row in csv.DictReader(file) if row["question"] == "user_council"]
    assert [(row["code"], row["answer"], row["missing_reason"]) for row in options] == [
        ("7", "yes", ""),
        ("8", "nei_takk", ""),
        ("9", "", "not_answered"),
    ]
    assert [row["label_nb"] for row in options] == ["Ja", "Nei", "Ja, men ikke brukt"]


def test_every_cell_that_a_workbook_has_is_one_of_the_form() -> None:
    assert [head.name for head in COLUMN_HEADS if head.is_answer] == ["decision", *CELLS]
