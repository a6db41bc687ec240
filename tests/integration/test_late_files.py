"""A late file: read with the others without a change of the form; units in both files are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestration.core.errors import Problems, UserError
from orchestration.forms.model import FileSpec
from orchestration.forms.registry import load_forms
from orchestration.ingest.capture import capture
from orchestration.ingest.deliveries import fingerprint
from orchestration.preview.year_preview import preview_year
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

LATE = "late_*.csv"


def row(number: int, code: str, name: str, fte: str, submitted: str = "") -> list[str]:
    return [str(number), code, name, "", submitted, "1", fte, "", "", "", "", ""]


def kit_with(folder: Path, late: str | None, files: dict[str, list[list[str]]]) -> Kit:
    kit = make_kit(folder)
    (export,) = FORM["files"]
    write_form(kit.data, FORM | {"files": [export | ({"late": late} if late else {})]}, COLUMNS, OPTIONS)
    write_delivery(kit.data, "2016", {name: csv_text(HEADER, rows) for name, rows in files.items()})
    return kit


def test_late_files_are_read_and_not_counted_whatever_their_number(tmp_path: Path) -> None:
    first = {"export.csv": [row(1, "0101", "Halden", "1,5", "01.04.2016"), row(2, "0104", "Moss", "2", "01.04.2016")]}
    kit = kit_with(tmp_path, LATE, first)
    (form,) = load_forms(kit.settings.forms)
    folder = kit.data / "deliveries" / "2016"
    assert [file.name for file in capture(folder, form)] == ["export.csv"]
    late = {f"late_{code}.csv": [row(1, code, name, "4", "02.05.2016")] for code, name in (("0105", "x"), ("0106", "y"))}
    write_delivery(kit.data, "2016", {name: csv_text(HEADER, rows) for name, rows in late.items()})
    assert [file.name for file in capture(folder, form)] == ["export.csv", "late_0105.csv", "late_0106.csv"]
    found = preview_year(kit.settings, 2016)
    assert found.problems == () and found.units["answered"] == 4 and found.several_files == ()
    # The main file is still needed, whatever late files exist.
    (folder / "export.csv").unlink()
    with pytest.raises(UserError, match=r"0 files match 'export.csv', but 1 are expected.*ask the collector"):
        capture(folder, form)


def test_a_late_file_that_the_form_does_not_expect_is_reported_with_what_to_write(tmp_path: Path) -> None:
    kit = kit_with(
        tmp_path, None, {"export.csv": [row(1, "0101", "Halden", "1")], "late_0105.csv": [row(1, "0105", "x", "1")]}
    )
    (form,) = load_forms(kit.settings.forms)
    with pytest.raises(
        UserError, match=r"late_0105\.csv: form survey_2016 does not know the file.*state late: 'late_0105\.csv'"
    ):
        capture(kit.data / "deliveries" / "2016", form)


def messages_about(kit: Kit, name: str, content: bytes | str) -> list[str]:
    """Return all messages about a delivery with one more file."""
    folder = write_delivery(kit.data, "2016", {name: content})
    (form,) = load_forms(kit.settings.forms)
    problems = Problems(go_on=True)
    capture(folder, form, problems)
    (folder / name).unlink()
    return [str(each) for each in problems.found]


BOOK = "variable;label\nbolig;Bolig\narbeid;Arbeid\nrutine;Rutine\n"


@pytest.mark.parametrize(
    ("name", "content", "what", "remedy"),
    [
        # A similar name is no evidence: a file for one municipality is not the large file.
        ("expor.csv", csv_text(HEADER, [row(1, "0105", "x", "1")]), "those of the entry export", "state late: 'expor.csv'"),
        # Another format, with the same header.
        (
            "haram.csv",
            csv_text(HEADER, [row(1, "0105", "Sørum", "1")]).encode("cp1252"),
            "those of the entry export",
            "state late: 'haram.csv'",
        ),
        (
            "part.csv",
            csv_text([*HEADER[:-1], "ny"], [row(1, "0105", "x", "1")]),
            "it has 11 of the 12 columns of the entry export (export.csv), without 'kommentar' and also 'ny'",
            "ask the collector",
        ),
        ("export2.csv", "a;b;c\n1;2;3\n", "its columns are those of no file of the form", "remove it, or name it once"),
        ("book.csv", BOOK, "it is a code book", "with reader: none"),
        ("export.xlsx", b"PK", "none of its files is .xlsx", "remove it, or name it once"),
        ("README", "x", "none of its files is without an ending", "remove it, or name it once"),
    ],
)
def test_what_an_unknown_file_is_its_header_tells(
    tmp_path: Path, name: str, content: bytes | str, what: str, remedy: str
) -> None:
    kit = kit_with(tmp_path, None, {"export.csv": [row(1, "0101", "Halden", "1")]})
    (message,) = messages_about(kit, name, content)
    assert what in message and remedy in message and "rename" not in message


def test_a_file_under_another_name_is_told_once_and_is_to_be_renamed(tmp_path: Path) -> None:
    kit = kit_with(tmp_path, None, {"export.csv": [row(1, "0101", "Halden", "1")]})
    content = (kit.data / "deliveries" / "2016" / "export.csv").read_text(encoding="utf-8")
    (kit.data / "deliveries" / "2016" / "export.csv").unlink()
    (message,) = messages_about(kit, "final (2).csv", content)
    assert "rename it to fit 'export.csv', or correct pattern" in message
    # The file in its place is another one: both are reported.
    assert [text.partition(": ")[0].rpartition("/")[2] for text in messages_about(kit, "other.csv", "a;b\n1;2\n")] == [
        "other.csv",
        "2016",
    ]


def test_late_files_of_an_entry_have_its_pattern(tmp_path: Path) -> None:
    kit = kit_with(tmp_path, LATE, {"export.csv": [row(1, "0101", "Halden", "1")]})
    (message,) = messages_about(kit, "haram.csv", csv_text(HEADER, [row(1, "0105", "x", "1")]))
    assert "rename it to fit 'late_*.csv', the late files of the entry, if it has answers that came late" in message


def test_a_file_that_came_twice_is_reported(tmp_path: Path) -> None:
    rows = [row(1, "0101", "Halden", "1")]
    kit = kit_with(tmp_path, LATE, {"export.csv": rows, "late_again.csv": rows})
    (form,) = load_forms(kit.settings.forms)
    with pytest.raises(UserError, match=r"late_again\.csv: has the same content as export\.csv.*remove one"):
        capture(kit.data / "deliveries" / "2016", form)


def test_a_unit_that_stands_in_two_files_is_reported_by_name_until_it_is_signed_which_counts(tmp_path: Path) -> None:
    export = [
        row(1, "0101", "Halden", "1,5"),
        row(2, "0104", "Moss", "2", "01.04.2016"),
        row(3, "0105", "Sarpsborg", "3"),
        row(4, "0106", "Fredrikstad", "9"),
    ]
    late = [row(1, "0101", "Halden", "7"), row(2, "0104", "Moss", "4", "02.05.2016"), row(3, "0105", "Sarpsborg", "3")]
    kit = kit_with(tmp_path, LATE, {"export.csv": export, "late_1.csv": late})

    def verdicts() -> dict[str, tuple[str, str | None]]:
        return {each.unit_code: (each.verdict, each.counts) for each in preview_year(kit.settings, 2016).several_files}

    assert verdicts() == {
        "0101": ("contested", None),
        "0104": ("latest_counts", "late_1.csv row 3"),
        "0105": ("copies", "late_1.csv row 4"),
    }
    (kit.data / "submissions").mkdir()
    (kit.data / "submissions" / "2016.yml").write_text(
        '- {unit: "0101", year: 2016, file: late_1.csv, row: 2, reason: r, decided_by: NN, date: 2016-05-03}\n',
        encoding="utf-8",
    )
    assert verdicts()["0101"] == ("decided", "late_1.csv row 2")


def test_a_form_that_expects_no_late_files_is_the_form_that_it_was(tmp_path: Path) -> None:
    (export,) = FORM["files"]
    spec = FileSpec.model_validate(export)
    assert "late" not in spec.model_dump() and "late" not in spec.model_dump_json()
    with_late = spec.model_validate(export | {"late": LATE})
    assert with_late.model_dump()["late"] == LATE
    kit = kit_with(tmp_path, LATE, {})
    (form,) = load_forms(kit.settings.forms)
    assert fingerprint(form, []) != fingerprint(form.model_copy(update={"files": (spec,)}), [])


@pytest.mark.parametrize(
    "changes", [{"late": "export.csv"}, {"late": ""}, {"late": "sub/*.csv"}, {"late": LATE, "reader": "none"}]
)
def test_a_pattern_of_late_files_that_says_nothing_is_refused(changes: dict[str, Any]) -> None:
    (export,) = FORM["files"]
    if "reader" in changes:
        export = {key: value for key, value in export.items() if key not in ("encoding", "delimiter")}
    with pytest.raises(ValueError, match="late"):
        FileSpec.model_validate(export | changes)
