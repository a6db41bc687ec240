"""A redelivery with other headers: candidates for each, and that the proposed change makes it readable."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from orchestration.core.errors import Problems, UserError
from orchestration.forms.model import ColumnMap
from orchestration.forms.profiles import Profile
from orchestration.forms.registry import load_form
from orchestration.forms.renamed_columns import Delivered, Evidence, RenamedError, renamed_columns
from orchestration.forms.same_values import same_values
from orchestration.ingest.archive import archive
from orchestration.ingest.capture import capture
from orchestration.ingest.delivery_files import read_file
from orchestration.ingest.earlier_columns import columns_before
from tests.integration.deliveries_kit import FORM, write_delivery, write_form
from tests.integration.test_csv_deliveries import IDENTIFIERS, column

HEADER = ["nr", "kommune", "bolig", "plan", "merknad"]
ROWS = [
    [f"0{101 + number}", f"Kommune {number}", f"{number},5", "1" if number % 3 else "2", "greit"] for number in range(12)
]
Lines = list[dict[str, str]]
COLUMNS: Lines = [
    *IDENTIFIERS,
    column("bolig", item="housing_with_staff", wording_nb="Årsverk i bolig med personell"),
    {"column": "plan", "use": "answer", "question": "plan", "type": "code", "wording_nb": "Har kommunen en plan?"},
    column("merknad"),
]
OPTIONS: Lines = [{"question": "plan", "code": "1", "answer": "yes"}, {"question": "plan", "code": "2", "answer": "no"}]


def deliver(
    folder: Path,
    header: list[str],
    labels: dict[str, str],
    columns: list[dict[str, str]] | None = None,
    options: list[dict[str, str]] = OPTIONS,
    delivered: list[list[str]] = ROWS,
) -> None:
    """Read a delivery with a code book by the form, or refuse it."""
    files = [
        {**FORM["files"][0], "pattern": "e.csv", "count": 1},
        {"name": "codebook", "pattern": "codes.csv", "count": 1, "reader": "none"},
    ]
    layout = {"name": "main", "file": "export", "unit": {"code": ["nr"], "name": ["kommune"]}}
    if columns is not None:
        write_form(folder, {**FORM, "files": files, "sheets": [layout], "numbers": {}}, columns, options)
    form = load_form(folder / "forms" / FORM["form"])
    book = "variable;label\n" + "".join(f"{name};{label}\n" for name, label in labels.items())
    rows = "\n".join(";".join(row) for row in [header, *delivered]) + "\n"
    delivery = write_delivery(folder, FORM["delivery"], {"e.csv": rows, "codes.csv": book})
    files = capture(delivery, form, Problems())
    # As in a run: deliveries are archived before they are read.
    archive(delivery, files, folder / "archive")
    for file in files:
        read_file(form, file, before=columns_before(form, files, folder / "archive"))


def refused(folder: Path, header: list[str], labels: dict[str, str]) -> RenamedError:
    with pytest.raises(RenamedError) as caught:
        deliver(folder, header, labels, COLUMNS)
    return caught.value


def test_columns_are_proposed_by_wording_place_and_cells(tmp_path: Path) -> None:
    error = refused(tmp_path, ["nr", "kommune", "v1", "v2", "merknad"], {"v1": "Årsverk i boliger med personell"})
    first, second = error.renamed
    assert (first.before, first.after, first.lines) == ("bolig", "v1", (4,))
    assert "the wording is similar" in first.why.en and "the cells fit the type number" in first.why.en
    assert (second.before, second.after, second.lines) == ("plan", "v2", (5,))
    assert second.why.en == "in the same position; 100 % of the cells are codes of its options"
    assert "nearest is 'plan', line 5" in str(error)
    change = "if 'v2' is 'plan', line 5: add `optional` to reason, and add the same line with the column 'v2'"
    assert change in error.remedy


def test_a_place_alone_proposes_nothing(tmp_path: Path) -> None:
    # The form says nothing about the cells of an ignored column.
    columns = [*COLUMNS[:3], column("fritekst"), COLUMNS[4]]
    with pytest.raises(UserError, match="is not mapped") as caught:
        deliver(tmp_path, ["nr", "kommune", "bolig", "xyzw", "merknad"], {}, columns, [])
    assert not isinstance(caught.value, RenamedError)


def test_the_change_that_is_told_reads_both_headers(tmp_path: Path) -> None:
    renamed = ["nr", "kommune", "v1", "plan", "merknad"]
    labels = {"v1": "Årsverk i bolig med personell"}
    (proposed,) = refused(tmp_path, renamed, labels).renamed
    path = tmp_path / "forms" / FORM["form"] / "columns.csv"
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = [row | {"line": str(reader.line_num)} for row in reader]
    changed = []
    for row in rows:
        is_it = int(row.pop("line")) in proposed.lines
        changed += [row | {"reason": "optional"}, row | {"reason": "optional", "column": proposed.after}] if is_it else [row]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(changed[0]))
        writer.writeheader()
        writer.writerows(changed)
    deliver(tmp_path, renamed, labels)
    deliver(tmp_path, HEADER, labels)


def test_a_column_that_form_yml_names_keeps_one_header(tmp_path: Path) -> None:
    error = refused(tmp_path, ["nr", "kommunenavn", "bolig", "plan", "merknad"], {})
    (proposed,) = error.renamed
    assert (proposed.before, proposed.is_named) == ("kommune", True)
    assert "line 3: write 'kommunenavn' in the place of 'kommune', and wherever form.yml or `when` names it" in error.remedy


# --- Compared with the previous version -----------------------------------------------------------------------------------

NOTES = [[*row[:4], f"Merknad {number}"] for number, row in enumerate(ROWS)]


def renamed_after(folder: Path, header: list[str], delivered: list[list[str]] = NOTES) -> dict[str, str]:
    """Deliver with the form's headers, then with others; return the proposed earlier header of each new one."""
    columns = [{**COLUMNS[4], "reason": "respondent_comment"} if each is COLUMNS[4] else each for each in COLUMNS]
    deliver(folder, HEADER, {}, columns, delivered=NOTES)
    with pytest.raises(UserError) as caught:
        deliver(folder, header, {}, delivered=delivered)
    found = caught.value.renamed if isinstance(caught.value, RenamedError) else ()
    return {each.after: each.before for each in found}


def test_what_the_version_before_held_names_columns_that_nothing_else_does(tmp_path: Path) -> None:
    # Names, order and wordings are no evidence; the form ignores the remark, and the unit is an identifier.
    header = ["k1", "k2", "k3", "k4", "k5"]
    moved = [[row[4], row[3], row[2], row[1], row[0]] for row in reversed(NOTES)]
    expected = {"k1": "merknad", "k2": "plan", "k3": "bolig", "k4": "kommune", "k5": "nr"}
    assert renamed_after(tmp_path, header, moved) == expected


def test_corrected_values_are_still_those_of_the_version_before(tmp_path: Path) -> None:
    corrected = [[*row[:2], "7" if number < 3 else row[2], *row[3:]] for number, row in enumerate(NOTES)]
    assert renamed_after(tmp_path, ["nr", "kommune", "k3", "plan", "merknad"], corrected) == {"k3": "bolig"}


def test_other_values_speak_against_a_name_that_is_alike(tmp_path: Path) -> None:
    others = [[*row[:3], "2" if row[3] == "1" else "1", row[4]] for row in NOTES]
    assert renamed_after(tmp_path, ["nr", "kommune", "bolig", "xyzw", "merknad"], others) == {}


def test_a_column_of_which_most_units_leave_the_same_tells_by_the_others_alone() -> None:
    units = {("f", row): f"0{101 + row}" for row in range(20)}
    few = {("f", row): "1" for row in range(6)}
    others = {("f", row): "1" for row in range(6, 12)}
    now = {"nr": units, "a": few, "b": others, "c": {}}
    before = {"nr": units, "x": few, "y": {("f", 19): "1"}}
    found = same_values(now, before, ["a", "b", "c"], ["x", "y"])
    assert (found["a", "x"], found["b", "x"], found["c", "x"]) == (1.0, 0.0, 0.0)
    # One ticked box is too little evidence, except for units that tick others.
    assert ("c", "y") not in found
    # Without a column that distinguishes rows, nothing is compared.
    assert same_values({"a": few}, {"x": few}, ["a"], ["x"]) == {}


@pytest.mark.parametrize(
    ("texts", "role", "fits"),
    [
        ([f"0{101 + number}" for number in range(9)], "unit.code", True),
        ([f"Kommune {number}" for number in "abcdefghi"], "unit.code", False),
        ([f"Kommune {number}" for number in "abcdefghi"], "unit.name", True),
        ([f"{number}.03.2024" for number in range(1, 10)], "submission.submitted", True),
        ([f"{number},5" for number in range(1, 10)], "submission.submitted", False),
        (["ferdig"] * 8 + ["utkast"], "submission.status", True),
        (["1"] * 8 + ["2"], "submission.status", False),
        ([str(7000 + number) for number in range(9)], "submission.id", True),
        (["1"] * 9, "submission.id", False),
    ],
)
def test_an_identifier_in_its_place_is_proposed_if_its_cells_are_as_they_must_be(
    tmp_path: Path, texts: list[str], role: str, fits: bool
) -> None:
    part, _, name = role.partition(".")
    layout = {"name": "main", "file": "export", "unit": {"code": ["nr"], "name": ["kommune"]}}
    layout[part] = {**layout.get(part, {}), name: ["vet"] if part == "unit" else "vet"}  # type: ignore[dict-item]
    if role == "submission.status":
        layout["submission"] |= {"completed": ["ferdig"], "not_completed": ["utkast"]}  # type: ignore[operator]
    form = {**FORM, "files": [{**FORM["files"][0], "pattern": "e.csv", "count": 1}], "sheets": [layout], "numbers": {}}
    kept = [each for each in IDENTIFIERS if part != "unit" or each["column"] != {"code": "nr", "name": "kommune"}[name]]
    write_form(tmp_path, form, [*kept, {"column": "vet", "use": "identifier"}, *COLUMNS[2:]], OPTIONS)
    headers = [each["column"] for each in kept] + ["q9", "bolig", "plan", "merknad"]
    profile = Profile(len(texts), Counter(texts))
    loaded = load_form(tmp_path / "forms" / FORM["form"])
    found = renamed_columns(loaded, "main", headers, Evidence([Delivered("q9", "", profile)]), ["vet"])
    assert [(each.before, each.after, each.is_named) for each in found] == ([("vet", "q9", True)] if fits else [])


@pytest.mark.parametrize("reason", ["optional", "open_text;optional", "optional, open_text", "open_text optional"])
def test_optional_stands_beside_another_reason_as_people_write_it(reason: str) -> None:
    column = ColumnMap(sheet="main", column="a", use="ignored", reason=reason)
    assert column.optional
    assert column.why == ("optional" if reason == "optional" else "open_text")
    assert not ColumnMap(sheet="main", column="a", use="ignored", reason="optionally").optional
