"""A made-up delivery of a coming year: the changes to the earlier one, its key, and the mark of its inputs."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.core.errors import UserError
from orchestration.core.notifications import log_file, notify
from orchestration.core.rehearsal import MARK
from orchestration.core.settings import Settings, load_settings
from orchestration.forms.registry import load_form
from orchestration.rehearsal.advance import Successor, advance_dates, move_units, successors
from orchestration.rehearsal.delivery import CORRECTED, LATE_FILES, LATER, WITH_LATE_UNITS, Rehearsal, rehearse
from orchestration.rehearsal.tables import Row, Table
from tests.integration.deliveries_kit import COLUMNS, HEADER, OPTIONS, Kit, csv_text, make_kit, write_delivery, write_form
from tests.integration.test_preview import answered, form

YEAR = 2016
CODES = ("0101", "0104", "0105", "0106", "0111", "0118")
DISTRICTS = ("030101", "030104")


def make_delivered(folder: Path) -> Kit:
    kit = make_kit(folder)
    columns = [{**column, "unit": "fte"} if column.get("type") == "number" else column for column in COLUMNS]
    write_form(kit.data, form(YEAR), columns, OPTIONS)
    rows = [answered(number, code, "navn", YEAR, f"{number + 1},5") for number, code in enumerate(CODES, start=1)]
    for number, district in enumerate(DISTRICTS, start=len(CODES) + 1):
        row = answered(number, "0301", "Oslo", YEAR, f"{number + 1},5")
        row[HEADER.index("bydel")] = district
        rows.append(row)
    write_delivery(kit.data, str(YEAR), {"export.csv": csv_text(HEADER, rows)})
    return kit


def made(kit: Kit, folder: Path, seed: int = 7, **options: Any) -> Rehearsal:
    return rehearse(kit.settings, f"survey_{YEAR}", YEAR + 1, folder, seed, **options)


def delivered(folder: Path, name: str = "main.csv") -> dict[str, dict[str, str]]:
    """Return the delivered rows by the code of the unit."""
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return {row["bydel"] or row["nr"]: row for row in csv.DictReader(file, delimiter=";")}


def test_a_rehearsal_is_a_year_with_late_units_renamed_columns_and_slips_that_its_key_names(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    both = [made(kit, tmp_path / name) for name in ("one", "two")]
    first, second = (
        {path.relative_to(each.folder): path.read_bytes() for path in each.folder.rglob("*") if path.is_file()}
        for each in both
    )
    assert first == second
    rehearsal = both[0]
    assert [slip.kind for slip in rehearsal.slips] == ["tenfold", "text", "code", "negative"]
    assert len({slip.unit for slip in rehearsal.slips} | set(rehearsal.late)) == 5
    now = delivered(rehearsal.data / "deliveries" / str(YEAR + 1))
    with_late, corrected = (delivered(rehearsal.folder / LATER / name) for name in (WITH_LATE_UNITS, CORRECTED))
    everybody = {*CODES, *DISTRICTS}
    assert everybody - now.keys() == set(rehearsal.late) and set(with_late) == set(corrected) == everybody
    # Only the late units, in a file to be added to the first; they have the same answers there.
    assert delivered(rehearsal.folder / LATER / LATE_FILES, "late_main.csv") == {
        code: with_late[code] for code in rehearsal.late
    }
    for slip in rehearsal.slips:
        assert slip.sheet == "main"
        assert (now[slip.unit][slip.column], corrected[slip.unit][slip.column]) == (slip.delivered, slip.true)
    assert {row["levert"][-4:] for row in corrected.values()} == {str(YEAR + 1)}
    assert {name.removesuffix("_ny") for row in now.values() for name in row} == set(HEADER)
    key = json.loads((rehearsal.folder / "key.json").read_text(encoding="utf-8"))
    assert key["late"] == rehearsal.late and key["slips"][0]["unit_name"] in {"navn", "Oslo"}
    # Its sources are not changed, and a coming year is not among the inputs of the copy.
    assert [path.name for path in (rehearsal.data / "forms").iterdir()] == [f"survey_{YEAR}"]
    with pytest.raises(UserError, match="already exists"):
        made(kit, tmp_path / "one")
    with pytest.raises(UserError, match="is not after"):
        rehearse(kit.settings, f"survey_{YEAR}", YEAR, tmp_path / "three", 7)


def test_late_and_wrong_units_are_districts_where_those_report(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    found: set[str] = set()
    for seed in range(8):
        rehearsal = made(kit, tmp_path / str(seed), seed)
        found |= {slip.unit for slip in rehearsal.slips} | set(rehearsal.late)
    assert found <= {*CODES, *DISTRICTS} and found & set(DISTRICTS)


def test_answers_are_those_of_a_new_year_unless_the_files_come_again(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    before = delivered(kit.data / "deliveries" / str(YEAR), "export.csv")

    def equal(rehearsal: Rehearsal) -> int:
        now = delivered(rehearsal.folder / LATER / CORRECTED)
        name = rehearsal.renamed.get("main.bolig", "bolig")
        return sum(now[code][name] == before[code]["bolig"] for code in before)

    assert equal(made(kit, tmp_path / "moved")) <= len(before) / 2
    assert equal(made(kit, tmp_path / "again", is_copy=True)) == len(before)


def test_a_delivery_that_is_awaited_is_not_among_the_inputs_yet(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    there, awaited = (made(kit, tmp_path / str(choice), is_awaited=choice) for choice in (False, True))
    assert not (awaited.data / "deliveries" / str(YEAR + 1)).exists()
    assert (awaited.first / "main.csv").read_bytes() == (there.first / "main.csv").read_bytes()
    assert there.first == there.data / "deliveries" / str(YEAR + 1)


def test_dates_of_collection_move_on_and_answers_do_not(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    last = load_form(kit.data / "forms" / f"survey_{YEAR}")
    names = ["levert", "åpnet", "bolig", "nr"]
    texts = [f"29.02.{YEAR}", f"{YEAR}-02-29 10:00", str(YEAR), str(YEAR)]
    table = Table(last.sheets[0], names, [Row(dict(zip(names, texts, strict=True)))])
    advance_dates(last, [table], 1)
    # There is no 29 February in the next year, and a number that looks like a year is not one.
    assert list(table.rows[0].texts.values()) == [f"28.02.{YEAR + 1}", f"{YEAR + 1}-02-28 10:00", str(YEAR), str(YEAR)]


def test_units_have_their_codes_of_the_coming_year_and_the_first_of_those_that_merged_answers(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    path.write_text(
        "change_year,old_code,new_code,new_name,weight\n"
        "2017,0101,0199,Halden,1\n2017,0104,0199,Halden,1\n2018,0199,3001,Nye Halden,0.9\n2018,0199,3002,Rest,0.1\n"
        "2018,0301,0399,Nye Oslo,1\n2020,0106,3004,Senere,1\n",
        encoding="utf-8",
    )
    changes = successors(path, 2016, 2018)
    assert changes["0101"] == changes["0104"] == Successor("3001", "Nye Halden") and "0106" not in changes
    kit = make_delivered(tmp_path / "kit")
    layout = load_form(kit.data / "forms" / f"survey_{YEAR}").sheets[0]
    rows = [
        Row({"nr": "101 Halden", "kommune": "Halden"}, "0101"),
        Row({"nr": "0104", "kommune": "Moss"}, "0104"),
        Row({"nr": "0301", "kommune": "Oslo", "bydel": "030104"}, "030104"),
        Row({"nr": "0106", "kommune": "Fredrikstad"}, "0106"),
    ]
    table = Table(layout, ["nr", "kommune", "bydel"], rows)
    move_units([table], changes)
    assert [(row.unit, row.texts["nr"], row.texts["kommune"]) for row in table.rows] == [
        ("3001", "3001 Halden", "Nye Halden"),
        ("039904", "0399", "Nye Oslo"),
        ("0106", "0106", "Fredrikstad"),
    ]
    assert table.rows[1].texts["bydel"] == "039904"


# The mark


def test_a_rehearsal_says_what_it_is_in_either_channel_and_writes_into_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = make_delivered(tmp_path)
    rehearsal = made(kit, tmp_path / "made")
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.setenv("IS248_DATA_DIR", str(rehearsal.data))
    for name in ("IS248_WAREHOUSE_DIR", "IS248_SNAPSHOTS_DIR"):
        monkeypatch.delenv(name, raising=False)
    for channel in ("demo", "official"):
        monkeypatch.setenv("IS248_CHANNEL", channel)
        assert (load_settings().channel, load_settings().purpose) == (channel, "rehearsal")
    status = CliRunner().invoke(main, ["status"])
    assert status.exit_code == 0 and "a rehearsal: nothing of it is a publication" in status.output
    # A rehearsal cannot use the snapshots or the warehouse of an installation ...
    for name in ("snapshots_dir", "warehouse_dir"):
        monkeypatch.setenv(f"IS248_{name.upper()}", str(elsewhere))
        with pytest.raises(UserError, match=f"setting '{name}' is outside the rehearsal"):
            load_settings()
        monkeypatch.delenv(f"IS248_{name.upper()}")
    # ... and an installation cannot use those of a rehearsal.
    monkeypatch.setenv("IS248_DATA_DIR", str(kit.data))
    monkeypatch.setenv("IS248_SNAPSHOTS_DIR", str(rehearsal.data / "snapshots"))
    with pytest.raises(UserError, match="is a folder of a rehearsal, but the inputs are not a rehearsal's"):
        load_settings()
    monkeypatch.delenv("IS248_SNAPSHOTS_DIR")
    assert load_settings().purpose == "official"


def test_what_is_told_of_a_rehearsal_begins_with_it(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    settings = Settings(data_dir=made(kit, tmp_path / "made").data)
    for channel in (settings, kit.settings):
        notify(channel, "published", "The snapshot is published.")
    first, other = (
        json.loads(log_file(channel).read_text(encoding="utf-8").splitlines()[-1]) for channel in (settings, kit.settings)
    )
    assert (first["text"], first["rehearsal"]) == ("REHEARSAL: The snapshot is published.", True)
    assert other["text"] == "The snapshot is published." and "rehearsal" not in other


def test_a_rehearsal_of_a_rehearsal_is_one(tmp_path: Path) -> None:
    kit = make_delivered(tmp_path)
    (kit.data / MARK).write_text("year: 1\n", encoding="utf-8")
    assert (made(kit, tmp_path / "made").data / MARK).read_text(encoding="utf-8").count(str(YEAR + 1)) == 1
