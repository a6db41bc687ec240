"""The preview of one survey year: its report on a finished form and on a half-mapped one, counted by hand."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.contact.correction_effect import estimate_effect
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import IN_MEMORY, connect
from orchestration.defs.preview import build_preview_job
from orchestration.engines import compiled, dbt
from orchestration.forms.model import UNSURE
from orchestration.forms.registry import load_forms
from orchestration.forms.renamed_columns import RenamedError
from orchestration.ingest.archive import archive
from orchestration.ingest.capture import capture
from orchestration.preview import reading
from orchestration.preview.columns import FEWEST_ANSWERS, Answers, find_differences
from orchestration.preview.page import render, write_page
from orchestration.preview.reading import read
from orchestration.preview.year_preview import PARTS, Preview, preview_year
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

EARLIER, YEAR, HALF_MAPPED = 2015, 2016, 2018
PAGE_BREAKER = "<script>alert(1)</script>"


def form(year: int, **changes: Any) -> dict[str, Any]:
    described = copy.deepcopy(FORM)
    named = {"form": f"survey_{year}", "time_period": year, "collection_year": year, "delivery": str(year)}
    return {**described, **named, **changes}


def answered(number: int, code: str, name: str, year: int, housing: str, work: str = "", routine: str = "") -> list[str]:
    return [str(number), code, name, "", f"0{number}.04.{year}", "1", housing, work, "", routine, "", ""]


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    made = make_kit(tmp_path_factory.mktemp("preview"))
    write_form(made.data, form(EARLIER), COLUMNS, OPTIONS)
    write_delivery(
        made.data,
        str(EARLIER),
        {
            "export.csv": csv_text(
                HEADER,
                [
                    answered(1, "0101", "Halden", EARLIER, "10", "1", "1"),
                    answered(2, "0104", "Moss", EARLIER, "4", "", "2"),
                    answered(3, "0105", "Sarpsborg", EARLIER, "100", "", "2"),
                ],
            )
        },
    )
    write_delivery(
        made.data,
        str(YEAR),
        {
            "export.csv": csv_text(
                HEADER,
                [
                    answered(1, "0101", "Halden", YEAR, "12,5", "2", "1"),
                    answered(2, "0104", "Moss", YEAR, "3,5", PAGE_BREAKER, "7"),
                    answered(3, "0106", "Fredrikstad", YEAR, "20", "", "2"),
                ],
            )
        },
    )
    return made


@pytest.fixture(scope="module")
def finished(kit: Kit) -> Preview:
    return preview_year(kit.settings, YEAR)


def test_a_finished_form_has_no_problems(finished: Preview) -> None:
    assert finished.problems == ()
    assert finished.undecided == {f"survey_{YEAR}": ()}
    assert finished.unmapped == finished.undelivered == ()
    (round_,) = finished.rounds
    assert round_.is_delivered and round_.compared_with == f"survey_{EARLIER}"


def test_every_delivered_cell_is_in_the_ledger(finished: Preview, kit: Kit) -> None:
    (ledger,) = finished.ledger
    rows = (kit.data / "deliveries" / str(YEAR) / "export.csv").read_text(encoding="utf-8").splitlines()
    assert ledger.read == sum(1 for row in rows for text in row.split(";") if text)
    assert ledger.read == ledger.mapped + ledger.ignored + ledger.rejected
    assert ledger.rejected == len(finished.rejected) == 2


def test_a_rejected_cell_is_reported_with_its_place_and_text(finished: Preview) -> None:
    assert {(each.cell, each.unit, each.text, each.reason, each.column) for each in finished.rejected} == {
        ("H3", "0104 Moss", PAGE_BREAKER, "not_a_number", "arbeid"),
        ("J3", "0104 Moss", "7", "unknown_code", "rutine"),
    }


def test_totals_are_those_of_the_units_that_answered_and_the_change_of_those_in_both_rounds(finished: Preview) -> None:
    (country,) = [each for each in finished.totals if each.unit_level == "country" and each.question == "fte_by_service"]
    # Moss has an unreadable cell, so its total FTE are unknown; the readable ones count.
    assert (country.target_group, country.units, country.units_before) == ("adults", 3, 3)
    assert country.fte_before == Decimal(115)
    assert country.fte == Decimal("38.0")
    assert (country.fte_before_same_units, country.fte_same_units) == (Decimal(15), Decimal("18.0"))
    (county,) = [each for each in finished.totals if each.unit_level == "county" and each.question == "fte_by_service"]
    assert (county.unit_code, county.unit_name, county.fte) == ("01", "Østfold", country.fte)


def test_units_that_have_not_answered_are_reported(finished: Preview) -> None:
    missing = {unit.unit_code for unit in finished.missing_units}
    assert finished.units["answered"] == 3
    assert finished.units["expected"] == 3 + len(missing)
    assert "0105" in missing and not missing & {"0101", "0104", "0106"}


def test_a_column_stands_beside_the_same_question_of_the_round_before(finished: Preview) -> None:
    (routine,) = [column for column in finished.columns if column.column == "rutine"]
    assert (routine.now.rows, routine.now.filled, routine.now.rejected) == (3, 3, 1)
    assert routine.now.options == {"no": 1, "yes": 1}
    assert routine.before is not None and routine.before.options == {"no": 2, "yes": 1}
    (housing,) = [column for column in finished.columns if column.column == "bolig"]
    assert (housing.now.numbers, housing.now.total, housing.now.largest) == (3, Decimal("36"), 20)


def test_nothing_stays_but_the_page_and_it_is_closed_to_others(finished: Preview, kit: Kit) -> None:
    folder = kit.settings.preview
    assert not list(folder.glob("*.duckdb*"))
    assert not kit.settings.warehouse_file.exists() and not kit.settings.snapshots.exists()
    page = write_page(finished, folder)
    assert page.stat().st_mode & 0o077 == 0 and folder.stat().st_mode & 0o077 == 0


def test_the_page_shows_texts_of_the_delivery_and_runs_none(finished: Preview) -> None:
    page = render(finished)
    assert PAGE_BREAKER not in page and "&lt;script&gt;" in page
    assert not re.search(r"(src|href)=.http", page)
    assert "Ikke til publisering" in page and "Not for publication" in page


@pytest.fixture(scope="module")
def half_mapped(kit: Kit) -> Iterator[Preview]:
    columns = []
    for column in COLUMNS:
        if column["column"] == "arbeid":
            columns.append({"column": "arbeid", "use": UNSURE, "reason": "similar: main work 0.80"})
        elif column["column"] == "bolig":
            columns.append({**column, "item": "no_such_service"})
        else:
            columns.append(dict(column))
    write_form(kit.data, form(HALF_MAPPED), columns, OPTIONS[:1] * 2)
    header = ["ny" if name == "kjop_1" else name for name in HEADER]
    rows = [[*answered(1, "0101", "Halden", HALF_MAPPED, "12,5", "2", "1")[:-2], "1", ""]]
    files = {"export.csv": csv_text(header, rows), "late.csv": "a;b\n", "notes.txt": "x"}
    folder = write_delivery(kit.data, str(HALF_MAPPED), files)
    yield preview_year(kit.settings, HALF_MAPPED)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_all_problems_of_a_half_mapped_form_are_reported_at_once(half_mapped: Preview) -> None:
    problems = [str(problem) for problem in half_mapped.problems]
    for words in (
        "late.csv: form survey_2018 does not know the file",
        "notes.txt: form survey_2018 does not know the file",
        "'no_such_service' is not a code in the list service_type",
        "code '1' of suicide_attempt_routines is also in line 2",
        "'ny' is not mapped",
    ):
        assert sum(words in text for text in problems) == 1, problems


def test_the_command_tells_as_json_what_it_tells_as_text(
    half_mapped: Preview, kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.preview.year_preview.preview_year", lambda *_: half_mapped)
    for name in ("data", "warehouse", "snapshots"):
        monkeypatch.setenv(f"IS248_{name.upper()}_DIR", str(getattr(kit.settings, name)))
    result = CliRunner().invoke(main, ["preview", str(HALF_MAPPED), "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert [each["what"] for each in answer["problems"]] == [each.what for each in half_mapped.problems]
    text = CliRunner().invoke(main, ["preview", str(HALF_MAPPED)]).stdout
    assert f"a run would be refused: {len(half_mapped.problems)} problems, 1 row to be decided" in text


def test_what_is_not_mapped_yet_is_listed_and_hides_nothing(half_mapped: Preview) -> None:
    assert [(row.column, row.note) for row in half_mapped.undecided["survey_2018"]] == [
        ("arbeid", "similar: main work 0.80")
    ]
    assert [(each.column, each.cells) for each in half_mapped.unmapped] == [("ny", 1)]
    assert [each.column for each in half_mapped.undelivered] == ["kjop_1"]
    (ledger,) = half_mapped.ledger
    assert (ledger.file, ledger.rejected) == ("export.csv", 1)
    assert [column.column for column in half_mapped.columns if column.now.filled] == ["bolig", "rutine"]


def test_a_year_without_a_form_is_an_error_with_the_remedy(kit: Kit) -> None:
    with pytest.raises(UserError, match=r"there is no form for 1999.*new-year"):
        preview_year(kit.settings, 1999)


def test_the_job_writes_the_page_and_says_nothing_of_the_delivery(kit: Kit) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        result = build_preview_job(kit.settings).execute_in_process(
            instance=instance, run_config={"ops": {"look": {"config": {"year": YEAR}}}}
        )
        assert result.success
        messages = "\n".join(entry.user_message for entry in instance.all_logs(result.run_id))
    page = kit.settings.preview / f"preview_{YEAR}.html"
    assert "&lt;script&gt;" in page.read_text(encoding="utf-8")
    assert "2 cells that cannot be read" in messages and "script" not in messages


def test_a_round_that_cannot_be_compared_with_is_named_and_so_is_a_form_that_cannot_be_read(kit: Kit) -> None:
    described = kit.data / "forms" / f"survey_{EARLIER}" / "form.yml"
    text = described.read_text(encoding="utf-8")
    try:
        described.write_text(text + "unheard: of\n", encoding="utf-8")
        (round_,) = preview_year(kit.settings, YEAR).rounds
        assert round_.compared_with is None and f"survey_{EARLIER} is not compared with" in str(round_.not_compared)
        described.write_text("survey: [is248\n", encoding="utf-8")
        with pytest.raises(UserError, match=r"form\.yml: is not YAML"):
            preview_year(kit.settings, EARLIER)
    finally:
        described.write_text(text, encoding="utf-8")


def test_an_input_that_is_broken_is_reported_with_file_and_line(kit: Kit) -> None:
    rounds = kit.data / "classifications" / "survey_rounds.csv"
    text = rounds.read_text(encoding="utf-8")
    try:
        rounds.write_text(f"{text}is248,abcd,2023,x\n", encoding="utf-8")
        with pytest.raises(UserError, match=r"survey_rounds\.csv"):
            preview_year(kit.settings, YEAR)
    finally:
        rounds.write_text(text, encoding="utf-8")


def test_a_delivery_that_is_not_there_is_stated(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = kit.data / "deliveries" / str(YEAR)
    folder.rename(folder.with_name("away"))
    try:
        found = preview_year(kit.settings, YEAR)
        assert not found.rounds[0].is_delivered and not found.ledger
        assert found.units["answered"] in (None, 0)
    finally:
        folder.with_name("away").rename(folder)


def test_an_old_header_is_not_unlike_what_it_was_and_another_reason_beside_optional_is_kept(tmp_path: Path) -> None:
    kit = make_kit(tmp_path)
    write_form(kit.data, form(EARLIER), COLUMNS, OPTIONS)
    (rutine,) = [each for each in COLUMNS if each["column"] == "rutine"]
    others = [each for each in COLUMNS if each["column"] not in {"rutine", "sum"}]
    lines = [{**rutine, "reason": "optional"}, {**rutine, "column": "rutine_ny", "reason": "optional"}]
    write_form(
        kit.data, form(YEAR), [*others, *lines, {"column": "sum", "use": "ignored", "reason": "typed_sum;optional"}], OPTIONS
    )
    rows = [answered(number, f"0{100 + number}", "", EARLIER, "1", "1", "1") for number in (1, 4, 5, 6)]
    write_delivery(kit.data, str(EARLIER), {"export.csv": csv_text(HEADER, rows)})
    renamed = ["rutine_ny" if name == "rutine" else name for name in HEADER]
    rows = [[*row[:8], "7", *row[9:]] for row in rows]
    write_delivery(kit.data, str(YEAR), {"export.csv": csv_text(renamed, rows).replace(f".{EARLIER}", f".{YEAR}")})
    found = preview_year(kit.settings, YEAR)
    assert found.problems == () and found.undelivered == ()
    (line,) = [each for each in found.columns if each.question == "suicide_attempt_routines"]
    assert (line.column, line.unlike) == ("rutine_ny", ())
    with read(kit.settings, YEAR) as (_, connection):
        cells = "intermediate.int_cells where header = 'sum' and row_number > 1"
        assert connection.execute(f"select distinct fate_reason from {cells}").fetchall() == [("typed_sum",)]
    # A column that is missing from all files still gives no problem, with the other reason and the word in either order.
    without = [name for name in renamed if name != "sum"]
    place = HEADER.index("sum")
    rows = [row[:place] + row[place + 1 :] for row in rows]
    write_delivery(kit.data, str(YEAR), {"export.csv": csv_text(without, rows).replace(f".{EARLIER}", f".{YEAR}")})
    assert preview_year(kit.settings, YEAR).problems == ()


def test_the_version_before_says_which_column_has_another_header_now(tmp_path: Path) -> None:
    kit = make_kit(tmp_path)
    (described,) = load_forms(kit.settings.forms)
    numbers = (1, 4, 5, 6, 11, 18)
    rows = [answered(number, f"{100 + number:04}", "", YEAR, f"{number}", f"{2 * number}", "1") for number in numbers]
    folder = write_delivery(kit.data, str(YEAR), {"export.csv": csv_text(HEADER, rows)})
    archive(folder, capture(folder, described), kit.settings.archive)
    other = ["xx" if name == "arbeid" else "yy" if name == "bolig" else name for name in HEADER]
    write_delivery(kit.data, str(YEAR), {"export.csv": csv_text(other, rows)})
    found = preview_year(kit.settings, YEAR)
    (problem,) = [each for each in found.problems if isinstance(each, RenamedError)]
    renamed = {each.after: each for each in problem.renamed}
    assert {after: each.before for after, each in renamed.items()} == {"xx": "arbeid", "yy": "bolig"}
    assert "100 % of the values are the same as those of bolig in the previous version" in renamed["yy"].why.en
    # The temporary copies for the preview are gone.
    assert not [path for path in kit.settings.archive.parent.iterdir() if path.name.startswith("tmp")]


def options(**counts: int) -> Answers:
    return Answers(rows=100, filled=100, rejected=0, options=counts, numbers=0, total=None, median=None, largest=None)


def numbers(mean: float, filled: int = 100) -> Answers:
    return Answers(100, filled, 0, {}, filled, Decimal(str(mean * filled)), mean, mean)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (options(yes=60, no=40), options(yes=50, no=50), ()),
        (options(yes=90, no=10), options(yes=50, no=50), ("options",)),
        # The two options were swapped in the map.
        (options(yes=30, no=70), options(yes=70, no=30), ("options",)),
        (options(yes=FEWEST_ANSWERS - 1), options(no=80), ()),
        (numbers(3.0), numbers(2.0), ()),
        (numbers(20.0), numbers(2.0), ("mean",)),
        (numbers(2.0, filled=50), numbers(2.0, filled=90), ("filled",)),
        (numbers(2.0), None, ()),
    ],
)
def test_answers_are_unlike_where_they_are_filled_or_distributed_otherwise(
    now: Answers, before: Answers | None, expected: tuple[str, ...]
) -> None:
    assert find_differences(now, before) == expected


def test_the_folder_of_deliveries_is_not_written(kit: Kit, finished: Preview) -> None:
    folders = [path.name for path in Path(kit.settings.deliveries).iterdir()]
    assert sorted(name for name in folders if name != str(HALF_MAPPED)) == [str(EARLIER), str(YEAR)]


# Effects of corrections


def correction(**values: Any) -> dict[str, Any]:
    signed = {"reason": "prøve", "decided_by": "KN", "date": date(YEAR, 6, 14)}
    about = {
        "unit": "0106",
        "year": YEAR,
        "question": "fte_by_service",
        "item": "housing_with_staff",
        "target_group": "adults",
    }
    return {**about, "reporting_form": "joint", "expect": 20, "value": 2, **signed, **values}


def test_the_effect_of_a_correction_is_shown_before_it_is_signed(kit: Kit) -> None:
    before = {path: path.read_bytes() for path in kit.data.rglob("*") if path.is_file()}
    found = estimate_effect(kit.settings, YEAR, [correction()])
    assert {(each.unit_level, each.unit_code, each.question, each.before, each.after) for each in found} == {
        ("country", "0", "fte_by_service", Decimal(38), Decimal(20)),
        ("county", "01", "fte_by_service", Decimal(38), Decimal(20)),
        ("unit", "0106", "fte_by_service", Decimal(20), Decimal(2)),
    }
    assert {path: path.read_bytes() for path in kit.data.rglob("*") if path.is_file()} == before
    assert not list(kit.settings.preview.glob("warehouse.duckdb*"))


def test_a_correction_of_an_option_moves_a_unit_from_one_to_the_other(kit: Kit) -> None:
    about = correction(unit="0101", question="suicide_attempt_routines", expect="yes", value="no")
    found = estimate_effect(kit.settings, YEAR, [{name: value for name, value in about.items() if name != "item"}])
    assert {(each.question, each.answer, each.before, each.after) for each in found} == {
        ("suicide_attempt_routines", "yes", Decimal(1), None),
        ("suicide_attempt_routines", "no", Decimal(1), Decimal(2)),
    }


def test_a_correction_that_expects_another_value_does_nothing(kit: Kit) -> None:
    assert estimate_effect(kit.settings, YEAR, [correction(expect=21)]) == ()
    assert estimate_effect(kit.settings, YEAR, []) == ()


# Compiled models


def rows_of(kit: Kit, models: list[compiled.Model]) -> dict[str, list[str]]:
    with read(kit.settings, YEAR) as (_, connection):
        return {
            model.name: sorted(map(repr, connection.execute(f"select * from {model.relation}").fetchall()))
            for model in models
        }


def test_a_look_makes_the_rows_that_dbt_makes(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    look = kit.settings.model_copy(update={"warehouse_dir": kit.settings.preview})
    models = compiled.compiled(look, reading.MODELS)
    assert {"int_answers", "mart_cell_ledger", "stg_raw__rows"} <= {model.name for model in models}
    as_compiled = rows_of(kit, models)

    def by_dbt(settings: Settings, selected: Sequence[str], run: Settings) -> None:
        arguments = ("--log-level-file", "none", "run", "--select", *(f"+{model}" for model in selected))
        assert dbt.invoke(settings, *arguments).success

    monkeypatch.setattr(reading, "_build", by_dbt)
    assert rows_of(kit, models) == as_compiled
    assert sum(map(len, as_compiled.values())) > 1000


def test_a_model_that_fails_is_named(kit: Kit) -> None:
    look = kit.settings.model_copy(update={"warehouse_dir": kit.settings.preview})
    models = compiled.compiled(look, reading.MODELS)
    with connect(IN_MEMORY) as connection, pytest.raises(UserError, match=r"model stg_\w+: Binder Error"):
        compiled.run(connection, [dataclasses.replace(model, relation=f'"{model.name}"') for model in models])


def test_a_sheet_on_which_answers_have_no_row_is_counted() -> None:
    with connect(IN_MEMORY) as connection:
        connection.execute(
            """
            create schema staging; create schema forms; create schema intermediate;
            create table forms.forms as select 'f' as form, 2016 as time_period;
            create table staging.stg_forms__layouts as select 'f' as form, * from (values
                ('main', null, null), ('part', 'main', 'submission'), ('rest', 'main', 'unit')) l(layout, links_to, link_by);
            create table intermediate.int_submissions as select 'f' as form, * from (values
                ('1', '0101', 'counts'), ('2', '0104', 'counts'), ('3', '0105', 'counts'), ('4', '0106', 'superseded'))
                s(submission_key, unit_code, verdict);
            create table intermediate.int_row_submissions as select 'f' as form, * from (values
                ('part', '1', '0101', null), ('part', '2', '0104', 'total'), ('rest', null, '0101', null),
                ('rest', null, '0104', null), ('rest', null, '0105', null))
                r(layout, submission_key, unit_code, ignored_reason);
            """
        )
        assert connection.execute(PARTS, {"year": 2016}).fetchall() == [("f", "part", 3, 2)]
