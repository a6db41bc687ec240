"""The command ``forms`` checks signed entries, too: their form, year, units, and the version that they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.forms.registry import load_forms
from orchestration.ingest.archive import archive, delivery_hash
from orchestration.ingest.capture import capture
from orchestration.ingest.entry_checks import units_of
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

SIGNED = "  reason: a\n  decided_by: b\n  date: 2016-06-14\n"
ENTRY = '- year: 2016\n  units: ["0101"]\n  delivery: "0123456789ab"\n' + SIGNED
CORRECTION = '- unit: "0301"\n  year: 2016\n  question: q\n  expect: 1\n  value: 2\n' + SIGNED
ROW = ["1", "0101", "Halden", "", "01.04.2016", "1", "1,5", "2", "", "1", "1", ""]


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return make_kit(tmp_path)


def forms(kit: Kit, monkeypatch: pytest.MonkeyPatch, **files: str) -> tuple[int, str]:
    """Sign entries, and return the command's output on them."""
    for folder, text in files.items():
        (kit.data / folder).mkdir(exist_ok=True)
        (kit.data / folder / "2016.yml").write_text(text, encoding="utf-8")
    for name in ("data", "warehouse", "snapshots"):
        monkeypatch.setenv(f"IS248_{name.upper()}_DIR", str(getattr(kit.settings, name)))
    result = CliRunner().invoke(main, ["forms"])
    return result.exit_code, result.output + result.stderr


@pytest.mark.parametrize(
    ("entry", "what", "remedy"),
    [
        (ENTRY.replace("2016", "2017", 1), "there is no form for 2017", "the years are 2016"),
        (ENTRY.replace('"0101"', '"0101", "0191"'), "'0191' is not a unit in 2016", "four or six digits"),
        # Its code of another year.
        (ENTRY.replace("0101", "3001"), "'3001' is not a unit in 2016", "had in that year"),
        (ENTRY.replace("0101", "101"), "'101' is not a unit in 2016", "four or six digits"),
        (ENTRY.replace('"0123456789ab"', "latest"), "delivery: String should match pattern", "docs/run/signed-decisions.md"),
        (ENTRY.replace("  reason: a\n", ""), "reason: Field required", "docs/run/signed-decisions.md"),
    ],
)
def test_an_entry_that_can_be_about_nothing_is_reported_with_file_and_line(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, entry: str, what: str, remedy: str
) -> None:
    code, output = forms(kit, monkeypatch, redeliveries=f"# signed\n{entry}")
    assert code == 1 and what in output and remedy in output
    assert f"{kit.data / 'redeliveries' / '2016.yml'}, line 2" in output


def test_other_decisions_on_units_are_checked_alike(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = forms(kit, monkeypatch, corrections=CORRECTION.replace("0301", "5001"))
    assert code == 1 and "'5001' is not a unit in 2016" in output and str(kit.data / "corrections" / "2016.yml") in output


def test_an_entry_on_no_version_that_is_there_is_noted_and_one_on_a_version_is_not(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, [ROW])})
    (form,) = load_forms(kit.settings.forms)
    now = delivery_hash(capture(folder, form))
    code, output = forms(kit, monkeypatch, redeliveries=ENTRY, corrections=CORRECTION)
    assert code == 0 and "2 signed decisions in data/, all valid" in output
    assert "delivery '0123456789ab' is no version that is delivered or was read" in output and now[:12] in output
    everybody = ENTRY.replace('["0101"]', "all").replace("0123456789ab", now[:12])
    code, output = forms(kit, monkeypatch, redeliveries=everybody)
    assert code == 0 and "note:" not in output
    # For an earlier version too.
    archive(folder, capture(folder, form), kit.settings.archive)
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, [ROW, ["2", "0104", *ROW[2:]]])})
    code, output = forms(kit, monkeypatch)
    assert code == 0 and "note:" not in output


def test_units_of_an_anonymous_survey_are_its_own(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    write_form(kit.data, FORM | {"units": "anonymous"}, COLUMNS, OPTIONS)
    code, output = forms(kit, monkeypatch, redeliveries=ENTRY.replace("0101", "B01"))
    assert code == 0 and "no version that is delivered" in output, output


def test_the_units_of_a_year_are_those_of_its_boundaries(kit: Kit) -> None:
    before, after = units_of(kit.data, 2016), units_of(kit.data, 2020)
    assert {"0101", "0301", "030101", "030191"} <= before and "3001" not in before
    assert {"3001", "030101"} <= after and "0101" not in after
