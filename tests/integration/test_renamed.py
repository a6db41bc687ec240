"""A delivery that comes again under other headers: what each may be, and that the change that is told makes it readable."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from orchestration.core.errors import Problems, UserError
from orchestration.forms.registry import load_form
from orchestration.forms.renamed import RenamedError
from orchestration.ingest.capture import capture
from orchestration.ingest.delivered import read_file
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
    rows = "\n".join(";".join(row) for row in [header, *ROWS]) + "\n"
    delivery = write_delivery(folder, FORM["delivery"], {"e.csv": rows, "codes.csv": book})
    for file in capture(delivery, form, Problems()):
        if file.spec.reader != "none":
            read_file(form, file)


def refused(folder: Path, header: list[str], labels: dict[str, str]) -> RenamedError:
    with pytest.raises(RenamedError) as caught:
        deliver(folder, header, labels, COLUMNS)
    return caught.value


def test_columns_are_proposed_by_wording_place_and_cells(tmp_path: Path) -> None:
    error = refused(tmp_path, ["nr", "kommune", "v1", "v2", "merknad"], {"v1": "Årsverk i boliger med personell"})
    first, second = error.renamed
    assert (first.before, first.after, first.lines) == ("bolig", "v1", (4,))
    assert "the wording is alike" in first.said.en and "the cells are as the type number" in first.said.en
    assert (second.before, second.after, second.lines) == ("plan", "v2", (5,))
    assert second.said.en == "stands in the same place of the row; 100 % of the cells are codes of its options"
    assert "nearest is 'plan', line 5" in str(error)
    change = "if 'v2' is 'plan', line 5: add `optional` to reason, and add the same line with the column 'v2'"
    assert change in error.remedy


def test_a_place_alone_proposes_nothing(tmp_path: Path) -> None:
    # Of a column that is ignored the form does not say what its cells are like.
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
