"""The evidence of a draft for non_response and checks: the contents of the cells, by which both can be decided."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from orchestration.forms.draft import Draft, draft_form
from orchestration.forms.form_evidence import title_check
from orchestration.forms.matching import DeliveredSheet
from orchestration.forms.profiles import Profile
from tests.unit.test_form_draft import FORM_YML, HEADERS, delivered, write_form

TOP = {(1, 1): "Rapportering for 2002, samlet inn 2003", (1, 3): "Felt"}


def drafted(
    tmp_path: Path, form_yml: str = FORM_YML, top: dict[tuple[int, int], str] = TOP, row: int = 2, **cells: Profile
) -> Draft:
    (sheet,) = delivered(*HEADERS)
    sheet = dataclasses.replace(sheet, profiles=cells, top=top, row=row)
    return draft_form(write_form(tmp_path / "small_2001", form_yml), [sheet])


def test_statuses_are_reported_with_what_they_mean_and_the_unknown_ones(tmp_path: Path) -> None:
    form = FORM_YML.replace('completed: ["1"]', 'completed: ["1"], not_answered: ["2"]')
    draft = drafted(tmp_path, form, status=Profile(20, {"1": 12, "2": 4, "3": 1, "1.0": 1}))
    listed = (
        "status holds '1' in 13 rows (completed), '2' in 4 rows (not answered), "
        "'3' in 1 row (not known, its rows are rejected), nothing in 2"
    )
    assert f"# look: {listed}\n# look: the same treatment of units that did not answer?\nnon_response:" in draft.form_yml
    assert f"form.yml, non_response: {listed}" in draft.notes


def test_texts_that_units_wrote_are_no_statuses(tmp_path: Path) -> None:
    draft = drafted(tmp_path, status=Profile(40, {f"Svarte {number}": 1 for number in range(40)}))
    assert "Svarte" not in draft.form_yml


def test_what_stands_in_a_column_of_confirmation_is_reported(tmp_path: Path) -> None:
    (sheet,) = delivered(*HEADERS, "bekreftet")
    sheet = dataclasses.replace(sheet, profiles={"bekreftet": Profile(9, {"Ja": 6, "Nei": 3})})
    draft = draft_form(write_form(tmp_path / "small_2001"), [sheet])
    assert "# look: bekreftet holds 'Ja' in 6 rows, 'Nei' in 3 rows\n" in draft.form_yml


def test_a_check_that_does_not_fit_what_was_delivered_says_what_stands_there(tmp_path: Path) -> None:
    # Last year's check, with the years advanced: row 1 contains id or 2003.
    fits = drafted(tmp_path / "a", top={(1, 1): "2003"})
    assert "which this does not fit" not in fits.form_yml
    other = drafted(tmp_path / "b", top={(1, 1): "Skjema for 2002"})
    assert "row 1, column 1 of small_2002_a.csv holds 'Skjema for 2002', which this does not fit" in other.form_yml
    nothing = drafted(tmp_path / "c", top={})
    assert "holds nothing, which this does not fit" in nothing.form_yml


def test_a_title_is_proposed_as_a_check_where_the_form_has_none(tmp_path: Path) -> None:
    without = FORM_YML[: FORM_YML.index("checks:")]
    draft = drafted(tmp_path, without)
    assert "checks" not in yaml.safe_load(draft.form_yml)
    lines = draft.form_yml[draft.form_yml.index("# checks:") :].splitlines()
    (check,) = yaml.safe_load("\n".join(line.removeprefix("# ").removeprefix("#") for line in lines[:2]))["checks"]
    assert check == {
        "file": "export",
        "sheet": "main",
        "row": 1,
        "column": 1,
        "matches": "Rapportering for 2002, samlet inn 2003",
    }
    # Headers are not a title.
    assert "# checks:" not in drafted(tmp_path / "b", without, top={(1, 1): "Nummer"}, row=1).form_yml


@pytest.mark.parametrize(
    ("titles", "matches"),
    [
        (["Skjema (uke 5)", "Skjema (uke 5)"], r"Skjema \(uke 5\)"),
        (["Skjema 2002: Østfold", "Skjema 2002: Akershus"], "Skjema 2002:.*"),
        (["Østfold", "Akershus"], None),
    ],
)
def test_a_title_that_differs_from_file_to_file_is_proposed_by_its_beginning(titles: list[str], matches: str | None) -> None:
    sheets = [DeliveredSheet(f"{number}.csv", "", ("a",), 2, top={(1, 1): title}) for number, title in enumerate(titles)]
    found = title_check("export", "main", sheets, (2002,))
    assert (found.matches if found else None) == matches
