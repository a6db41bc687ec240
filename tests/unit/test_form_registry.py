"""Form folders: errors are reported with file and line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.model import Form
from orchestration.forms.registry import Unfinished, load_finished, load_form, load_forms, require_finished
from tests.conftest import add_service
from tests.integration.deliveries_kit import COLUMNS, FORM, OPTIONS, write_form

FOLDER = "survey_2016"


def test_a_good_form_loads(tmp_path: Path) -> None:
    write_form(tmp_path, FORM, COLUMNS, OPTIONS)
    form = load_form(tmp_path / "forms" / FOLDER)
    assert (form.form, form.time_period, len(form.columns), len(form.options)) == (FOLDER, 2016, 13, 3)
    assert form.columns[0].line == 2


def test_every_bundled_form_loads_and_is_described() -> None:
    forms = load_forms(PROJECT_DIR / "data" / "forms")
    assert {form.delivery for form in forms} == {
        path.name for path in (PROJECT_DIR / "data/deliveries").iterdir() if path.is_dir()
    }
    kinds: dict[tuple[str, str], set[str]] = {}
    for form in forms:
        for column in form.columns:
            if column.use == "answer":
                kinds.setdefault((column.question, column.target_group), set()).add(f"{column.type} {column.unit}")
    # A question has the same kind in all years: another kind is another question.
    assert {key: found for key, found in kinds.items() if len(found) > 1} == {}


def changed(**changes: Any) -> dict[str, Any]:
    return {**FORM, **changes}


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (changed(time_period="soon"), "form.yml, line"),
        (changed(colour="red"), "colour: Extra inputs are not permitted"),
        (
            changed(files=[{**FORM["files"][0], "pattern": "../other/export.csv"}]),
            "names files of the delivery's own folder",
        ),
        (changed(delivery="../2015"), "delivery"),
        (changed(files=[{**FORM["files"][0], "encoding": None}]), "a csv file needs encoding and delimiter"),
        (changed(files=[{**FORM["files"][0], "count": "many"}]), "count is a number or a range"),
        (changed(sheets=[{**FORM["sheets"][0], "file": "other"}]), "file 'other' is not read"),
        (changed(sheets=[{**FORM["sheets"][0], "sheet": "Ark1"}]), "a workbook, and only a workbook, needs sheet"),
        (changed(sheets=[{**FORM["sheets"][0], "first_row": 1}]), "first_row comes after header_rows"),
        (changed(sheets=[{**FORM["sheets"][0], "links_to": "main", "link": "id"}]), "is not another sheet"),
        (changed(sheets=[{**FORM["sheets"][0], "unit": None}]), "a sheet needs unit.code"),
        (changed(files=[*FORM["files"], {**FORM["files"][0], "name": "more", "pattern": "more.csv"}]), "file 'more'"),
        (
            changed(sheets=[FORM["sheets"][0], FORM["sheets"][0]]),
            "two entries of sheets name the same sheet of the same file",
        ),
        (
            changed(
                sheets=[
                    {**FORM["sheets"][0], "submission": {"status": "status", "completed": ["1"], "not_completed": ["1"]}}
                ]
            ),
            "a status can be listed once only",
        ),
        (
            changed(sheets=[{**FORM["sheets"][0], "rows_not_data": [{"reason": "x", "column": "nr", "matches": "(?=a)"}]}]),
            "write it without look-ahead",
        ),
        (
            changed(sheets=[{**FORM["sheets"][0], "rows_not_data": [{"reason": "x", "column": "y", "matches": "("}]}]),
            "is not a regular expression",
        ),
        (changed(numbers={"missing": ["5..4"]}), "numbers.missing: the range 5..4 ends before it begins"),
        (changed(files=[{**FORM["files"][0], "declared_missing": "form"}]), "declared_missing is for sav files"),
        (changed(files=[{"name": "export", "pattern": "*", "reader": "parquet", "encoding": "utf-8"}]), "encoding is for"),
        (changed(ticks={"ticked": ["1"], "not_ticked": ["1,0"]}), "a text can be listed once only"),
        (changed(ticks={"ticked": []}), "ticked needs at least one"),
        (changed(form="another"), "give the folder and the form the same name"),
        (
            changed(sheets=[{**FORM["sheets"][0], "unit": {"code": ["knr"]}}]),
            "sheet main: unit.code names the column 'knr', which is not in columns.csv",
        ),
    ],
)
def test_a_mistake_in_form_yml_is_reported(tmp_path: Path, form: dict[str, Any], message: str) -> None:
    write_form(tmp_path, form, COLUMNS, OPTIONS)
    (tmp_path / "forms" / str(form["form"])).rename(tmp_path / "forms" / FOLDER) if form["form"] != FOLDER else None
    with pytest.raises(UserError) as error:
        load_form(tmp_path / "forms" / FOLDER)
    assert message in str(error.value)
    assert "form.yml" in error.value.place
    assert "\n" not in str(error.value)


def test_the_line_of_form_yml_is_the_one_that_is_wrong(tmp_path: Path) -> None:
    write_form(tmp_path, changed(time_period="soon"), COLUMNS, OPTIONS)
    path = tmp_path / "forms" / FOLDER / "form.yml"
    (line,) = [place for place, text in enumerate(path.read_text().splitlines(), 1) if text.startswith("time_period")]
    with pytest.raises(UserError) as error:
        load_form(path.parent)
    assert error.value.place.endswith(f"form.yml, line {line}")


def with_line(**cells: str) -> Callable[[], tuple[list[dict[str, str]], list[dict[str, str]]]]:
    return lambda: ([*COLUMNS, cells], OPTIONS)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (with_line(column="ny", use="identifier"), "columns.csv, line 15: 'ny' is an identifier, but nothing refers to it"),
        (with_line(column="ny", when="alder=1", use="ignored", reason="x"), "when names the column 'alder'"),
        (with_line(column="ny", use="guess"), "columns.csv, line 15: use"),
        (with_line(column="ny", use="answer", question="q", type="colour"), "columns.csv, line 15: type"),
        (with_line(column="ny", use="answer", type="number"), "an answer needs question"),
        (with_line(column="ny", use="answer", question="q", type="tick"), "a tick, and only a tick, needs the answer"),
        (with_line(column="ny", use="ignored"), "ignored needs a reason"),
        (with_line(column="ny", use="ignored", reason="x", ticked="2"), "ticked and not_ticked are for type tick"),
        (
            with_line(column="ny", use="answer", question="q", type="tick", answer="a", not_ticked="2"),
            "not_ticked needs ticked beside it",
        ),
        (with_line(column="", use="ignored", reason="x"), "a column is needed"),
        (with_line(column="ny", use="absent", question="q", reason="not_asked"), "unless the use is absent"),
        (with_line(column="ny", when="Tiltak", use="ignored", reason="x"), "when is a list such as"),
        (with_line(column="ny", use="ignored", reason="x", missing="9..1"), "columns.csv, line 15: missing: the range 9..1"),
        (
            with_line(column="ny", use="answer", question=OPTIONS[0]["question"], item="b", type="code", missing="2..9"),
            "columns.csv, line 15: code '2' is a missing code here, but an answer in options.csv, line 3",
        ),
        (
            with_line(
                column="ny",
                use="answer",
                question=OPTIONS[0]["question"],
                item="b",
                type="codes",
                separator=";",
                missing="2",
            ),
            "columns.csv, line 15: code '2' is a missing code here, but an answer in options.csv, line 3",
        ),
        (with_line(sheet="other", column="ny", use="ignored", reason="x"), "sheet 'other' is not in form.yml"),
        (with_line(column="bolig", use="ignored", reason="x"), "column 'bolig' is already mapped in line 8"),
        (
            with_line(column="ny", use="answer", question="fte_by_service", item="work_measures", type="number"),
            "means the same as line 9",
        ),
        (with_line(column="ny", use="answer", question="q", type="code"), "question 'q' has no options"),
        (
            lambda: (COLUMNS, [*OPTIONS, OPTIONS[0]]),
            "options.csv, line 5: code '1' of suicide_attempt_routines is also in line 2",
        ),
        (lambda: (COLUMNS, [*OPTIONS, {"question": "x", "code": "1", "answer": "a"}]), "is not a question with codes"),
        (lambda: (COLUMNS, [*OPTIONS, {"question": OPTIONS[0]["question"], "code": "3"}]), "an answer or a missing_reason"),
    ],
)
def test_a_mistake_in_a_map_is_reported_with_its_line(
    tmp_path: Path, make: Callable[[], tuple[list[dict[str, str]], list[dict[str, str]]]], message: str
) -> None:
    write_form(tmp_path, FORM, *make())
    with pytest.raises(UserError) as error:
        load_form(tmp_path / "forms" / FOLDER)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("form.yml", b"form: [", "is not YAML"),
        ("form.yml", b"just text", "is not a form"),
        ("form.yml", b"\xff\xfe", "is not YAML"),
        ("columns.csv", b"sheet,column\nmain,x\n", "columns.csv, line 1: the header has sheet, column"),
        ("columns.csv", b"", "the header has nothing"),
        ("columns.csv", b"sheet,column,use\nmain,x\n", "line 2: has fewer cells than the header"),
        ("columns.csv", b"sheet,column,use\nmain,x,ignored,y\n", "line 2: has more cells than the header"),
        ("columns.csv", b"sheet,column,use\nmain,\xe5,ignored\n", "is not a UTF-8 csv file"),
        ("options.csv", None, "options.csv: the file is missing"),
    ],
)
def test_a_damaged_file_is_reported(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    write_form(tmp_path, FORM, COLUMNS, OPTIONS)
    path = tmp_path / "forms" / FOLDER / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(UserError) as error:
        load_form(tmp_path / "forms" / FOLDER)
    assert message in str(error.value)


def test_two_forms_of_the_same_round_are_refused(tmp_path: Path) -> None:
    write_form(tmp_path, FORM, COLUMNS, OPTIONS)
    write_form(tmp_path, changed(form="survey_2016_again", delivery="2016b"), COLUMNS, OPTIONS)
    with pytest.raises(UserError, match="is248 2016 already has the form survey_2016"):
        load_forms(tmp_path / "forms")


def drafted(tmp_path: Path) -> tuple[list[Form], list[Unfinished]]:
    """A form, and the draft of the one of the next year."""
    write_form(tmp_path, FORM, COLUMNS, OPTIONS)
    unsure = [{"column": "ny", "use": "unsure"}]
    write_form(
        tmp_path,
        changed(form="survey_2017", time_period=2017, collection_year=2017, delivery="2017"),
        [*COLUMNS, *unsure],
        OPTIONS,
    )
    return load_finished(tmp_path / "forms")


def test_the_draft_of_another_year_holds_up_no_year(tmp_path: Path) -> None:
    forms, unfinished = drafted(tmp_path)
    assert [form.form for form in forms] == [FOLDER]
    assert [(each.form, each.time_period, each.delivery) for each in unfinished] == [("survey_2017", 2017, "2017")]
    require_finished(forms, unfinished, [2016])
    for years in (None, [2017], [2016, 2017]):
        with pytest.raises(UserError, match=r"columns.csv, line 15"):
            require_finished(forms, unfinished, years)
    with pytest.raises(UserError, match=r"columns.csv, line 15"):
        load_forms(tmp_path / "forms")
    # Published figures would disappear.
    with pytest.raises(UserError, match=r"columns.csv, line 15"):
        require_finished(forms, unfinished, [2016], {"survey_2017"})


def test_a_folder_that_does_not_say_its_year_holds_up_the_years_that_no_form_describes(tmp_path: Path) -> None:
    drafted(tmp_path)
    (tmp_path / "forms" / "survey_2017" / "form.yml").write_text("form: [", encoding="utf-8")
    forms, unfinished = load_finished(tmp_path / "forms")
    require_finished(forms, unfinished, [2016])
    with pytest.raises(UserError, match="is not YAML"):
        require_finished(forms, unfinished, [2017])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"carry_forward": "chain"}, "are for non_response: carry_forward"),
        ({"carry_forward_years": 2}, "are for non_response: carry_forward"),
        ({"non_response": "carry_forward", "carry_forward": "chain", "carry_forward_years": 1}, "a chain needs"),
        ({"non_response": "carry_forward", "carry_forward": "always"}, "carry_forward"),
    ],
)
def test_how_values_are_carried_forward_makes_sense(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    write_form(tmp_path, changed(**changes), COLUMNS, OPTIONS)
    with pytest.raises(UserError, match=message):
        load_form(tmp_path / "forms" / FOLDER)


@pytest.mark.parametrize(
    ("changes", "years"),
    [
        ({}, 1),
        ({"carry_forward": "chain"}, 2),
        ({"carry_forward": "chain", "carry_forward_years": 4}, 4),
        ({"carry_forward_years": 3}, 3),
    ],
)
def test_a_carried_value_is_of_the_year_before_unless_the_form_says_more(
    tmp_path: Path, changes: dict[str, Any], years: int
) -> None:
    write_form(tmp_path, changed(non_response="carry_forward", **changes), COLUMNS, OPTIONS)
    assert load_form(tmp_path / "forms" / FOLDER).oldest_carried == years


def test_a_column_by_which_units_confirm_needs_what_stands_in_it(tmp_path: Path) -> None:
    (sheet,) = FORM["sheets"]
    for missing in ("confirmed", "confirmed_values"):
        submission = {"confirmed": "kommentar", "confirmed_values": ["ja"]}
        del submission[missing]
        write_form(tmp_path, changed(sheets=[sheet | {"submission": sheet["submission"] | submission}]), COLUMNS, OPTIONS)
        with pytest.raises(UserError, match=r"confirmed \(a column\) and confirmed_values"):
            load_form(tmp_path / "forms" / FOLDER)


def test_a_category_of_fte_stands_in_its_code_list_and_under_its_target_group(tmp_path: Path) -> None:
    shutil.copytree(PROJECT_DIR / "data/classifications", tmp_path / "classifications")
    codelists = tmp_path / "classifications/codelists.csv"

    def problem(**changes: str) -> str | None:
        write_form(tmp_path, FORM, [{**row, **changes} if row["column"] == "bolig" else row for row in COLUMNS], OPTIONS)
        forms, unfinished = load_finished(tmp_path / "forms")
        assert len(forms) + len(unfinished) == 1
        return str(unfinished[0].problem) if unfinished else None

    assert problem() is None
    message = problem(item="housing_and_work")
    assert message is not None
    assert (
        "columns.csv, line 8: item 'housing_and_work' is not a code in the list service_type; add a new category to"
        in message
    )
    message = problem(target_group="children")
    assert message is not None
    assert "item 'housing_with_staff' belongs to the target group adults, not children" in message

    add_service(codelists, "housing_and_work")
    assert problem(item="housing_and_work") is None
    # That file is checked when it is loaded.
    codelists.write_text("codelist,code\n", encoding="utf-8")
    assert problem(item="anything") is None
