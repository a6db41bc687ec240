"""Candidate files and the pointer: equal formats, promotion and its repetition, verification, provenance."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.gate.rules import load_rules
from orchestration.gate.verdict import judge
from orchestration.publish import integrity, pointer, snapshots
from orchestration.publish.formats import NAMES as FORMATS
from orchestration.publish.formats import REPORTS, delimited
from orchestration.publish.snapshot_files import CHANGES, CHANGES_TEXT, DATABASE, GATE, GATE_NATIVE, GATE_PAGE
from tests.integration.publication_kit import TABLES, candidate, fte, judged, published, warehouse
from tests.integration.test_gate import circumstances, nothing_to_add

ROWS = {
    "fte_by_service": [
        fte(time_period=2023, fte=1.5, obs_note="=1+1"),
        fte(time_period=2022, fte=None, obs_note='plain, "quoted"'),
        fte(time_period=2021, fte=0.1),
    ]
}


def test_the_files_say_the_same_in_the_order_of_the_key(tmp_path: Path) -> None:
    made = candidate(tmp_path, ROWS)
    assert made.id.startswith("2023-")
    with connect(made.path / DATABASE, read_only=True) as connection:
        rows = connection.sql("select * from fte_by_service").fetchall()
    assert [row[0] for row in rows] == [2021, 2022, 2023]
    parquet = duckdb.sql(f"select * from '{made.path}/parquet/fte_by_service.parquet'").fetchall()
    assert parquet == rows
    table = pd.read_csv(made.path / "csv" / "fte_by_service.csv")
    assert list(table["fte"].dropna()) == [0.1, 1.5]
    assert list(table["obs_note"].dropna()) == ['plain, "quoted"', "'=1+1"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(tmp_path: Path, start: str) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table notes as select ? as obs_note", [f"{start}x"])
        described = next(table for table in TABLES if table.name == "fte_by_service")
        table = described.model_copy(
            update={"table": "notes", "key": ("obs_note",), "columns": (described.column("obs_note"),)}
        )
        delimited.write(connection, table, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text().splitlines()[1].endswith(f"'{start}x")


def test_equal_content_gives_an_equal_id_and_equal_bytes_in_every_format(tmp_path: Path) -> None:
    first, second = (candidate(tmp_path / name, ROWS, formats=FORMATS) for name in ("one", "two"))
    assert first.id == second.id
    assert (first.path / CHANGES).read_bytes() == (second.path / CHANGES).read_bytes()


def test_a_column_that_is_not_described_is_refused(tmp_path: Path) -> None:
    path = warehouse(tmp_path)
    with connect(path) as connection:
        connection.execute("alter table public.fte_by_service add column comment varchar")
    from tests.integration import publication_kit

    with pytest.raises(UserError, match="comment"):
        publication_kit.build(
            path,
            TABLES,
            tmp_path / "candidates",
            catalogue=publication_kit.CATALOGUE,
            entries=publication_kit.ENTRIES,
            formats=(),
            predecessor=None,
        )


def test_a_reader_finds_a_snapshot_also_when_the_pointer_moves_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    pointer.point_to(tmp_path, "first")
    read = Path.readlink

    def read_and_moved(path: Path) -> Path:
        named = read(path)
        pointer.point_to(tmp_path, "second")
        return named

    monkeypatch.setattr(Path, "readlink", read_and_moved)
    assert pointer.current(tmp_path) == tmp_path / "first"
    assert pointer.current(tmp_path) == tmp_path / "second"


def test_promotion_moves_the_pointer_and_keeps_the_old_snapshot(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    first = published(tmp_path)
    assert pointer.current(folder) == first
    assert (folder / "current").readlink() == Path(first.name)
    second = published(tmp_path, {"fte_by_service": [fte(time_period=2024, fte=2.0)]})
    assert pointer.current(folder) == second
    assert integrity.verify(first) == integrity.verify(second) > 0


def test_the_same_content_is_published_once(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    assert snapshots.promote(judged(tmp_path), folder) is True
    assert snapshots.promote(judged(tmp_path), folder) is False
    assert len([path for path in folder.iterdir() if path.is_dir() and path.name[0] == "2"]) == 1


def test_a_candidate_that_was_compared_with_another_snapshot_is_not_promoted(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    first = published(tmp_path)
    second = published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    third = judged(tmp_path, {"fte_by_service": [fte(fte=3.0)]})
    pointer.point_to(folder, first.name)
    with pytest.raises(UserError, match=f"compared with {second.name}, but another one is published"):
        snapshots.promote(third, folder)
    assert pointer.current(folder) == first


def test_published_files_are_read_only(tmp_path: Path) -> None:
    folder = published(tmp_path)
    assert all(path.stat().st_mode & 0o222 == 0 for path in folder.rglob("*") if path.is_file())


def test_a_changed_file_is_found(tmp_path: Path) -> None:
    folder = published(tmp_path)
    path = folder / "csv" / "fte_by_service.csv"
    path.chmod(0o644)
    path.write_text("time_period,fte,note\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"fte_by_service.csv: the file was changed"):
        integrity.verify(folder)


@pytest.mark.parametrize("name", [CHANGES_TEXT, CHANGES, "csv/revisions.csv", "metadata/revisions.json"])
@pytest.mark.parametrize("damage", ["changed", "removed"])
def test_what_the_content_hash_leaves_out_is_what_was_built_too(tmp_path: Path, name: str, damage: str) -> None:
    published(tmp_path)
    made = judged(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    if damage == "removed":
        (made.path / name).unlink()
    else:
        (made.path / name).write_text((made.path / name).read_text(encoding="utf-8") + " ", encoding="utf-8")
    with pytest.raises(UserError):
        snapshots.promote(made, tmp_path / "snapshots")


def test_a_damaged_old_snapshot_is_not_published_again(tmp_path: Path) -> None:
    first = published(tmp_path)
    second = published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    path = first / "csv" / "fte_by_service.csv"
    path.chmod(0o644)
    path.write_text("damaged", encoding="utf-8")
    with pytest.raises(UserError, match="the file was changed"):
        published(tmp_path)
    assert pointer.current(tmp_path / "snapshots") == second


def test_a_snapshot_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    with pytest.raises(UserError, match="nothing is published"):
        snapshots.find(folder, folder / ".candidates", "current")
    first = published(tmp_path)
    second = published(tmp_path, {"fte_by_service": [fte(fte=2.0)]})
    waiting = judged(tmp_path, {"fte_by_service": [fte(fte=3.0)]})
    assert snapshots.find(folder, folder / ".candidates", "current") == second
    assert snapshots.find(folder, folder / ".candidates", first.name[:12]) == first
    assert snapshots.find(folder, folder / ".candidates", waiting.id) == waiting.path
    with pytest.raises(UserError, match="may be"):
        snapshots.find(folder, folder / ".candidates", "2023-")
    for name in ("", "..", ".candidates", "1999-"):
        with pytest.raises(UserError, match="there is no candidate or snapshot"):
            snapshots.find(folder, folder / ".candidates", name)


# Provenance


def notices(folder: Path) -> dict[str, bool]:
    """Return for each text format and page whether it states that data are constructed."""
    words = ("onstruert", "onstructed")
    return {
        path.relative_to(folder).as_posix(): any(
            word in path.read_text(encoding="utf-8", errors="replace") for word in words
        )
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".html", ".json", ".jsonld", ".px", ".md"} and path.name not in {GATE}
    }


def test_every_page_and_text_format_says_that_deliveries_are_constructed(tmp_path: Path) -> None:
    folder = published(tmp_path, formats=FORMATS, by_gate=True)
    silent = [name for name, says in notices(folder).items() if not says]
    assert silent == []
    assert "onstruert" in (folder / GATE_PAGE).read_text(encoding="utf-8")
    for name in ("is248.xlsx",):
        read_me = pd.read_excel(folder / "xlsx" / name, sheet_name=0, header=None)
        assert read_me.to_string().count("onstru") > 0
    with connect(folder / DATABASE, read_only=True) as connection:
        assert connection.execute("select channel, is_constructed from snapshot").fetchall() == [("demo", True)]


def test_a_snapshot_of_real_deliveries_does_not_say_that_they_are_constructed(tmp_path: Path) -> None:
    made = candidate(tmp_path, formats=FORMATS, is_constructed=False, channel="official")
    changes = json.loads((made.path / CHANGES).read_text(encoding="utf-8"))
    assert changes["notice"] is None
    front = (made.path / "site" / "index.html").read_text(encoding="utf-8")
    assert "Konstruerte data" not in front and "Constructed data" not in front


def test_every_file_of_a_rehearsal_says_that_it_is_one_whatever_its_form_says(tmp_path: Path) -> None:
    folder = published(tmp_path, formats=FORMATS, by_gate=True, is_constructed=False, channel="rehearsal")
    files = [
        path
        for path in folder.rglob("*")
        if path.suffix in {".html", ".json", ".jsonld", ".px", ".md"}
        and path.name not in {GATE, GATE_NATIVE}
        # A search index has no sentence, and only the pages read it.
        and path.parent.name != "static"
    ]
    silent = [
        path.relative_to(folder).as_posix()
        for path in files
        if not re.search("ØVELSE|Øvelse, ikke|REHEARSAL|a rehearsal, not", path.read_text(encoding="utf-8"))
    ]
    assert len(files) > 20 and silent == []
    for path in (folder / "xlsx").glob("*.xlsx"):
        assert "Øvelse, ikke en publisering" in pd.read_excel(path, sheet_name=0, header=None).to_string()
    for path in (folder / "parquet").glob("*.parquet"):
        assert b"a rehearsal, not a publication" in (pq.read_schema(path).metadata or {}).get(b"notice_en", b"")
    with connect(folder / DATABASE, read_only=True) as connection:
        assert connection.execute("select channel from snapshot").fetchall() == [("rehearsal",)]


@pytest.mark.parametrize(
    ("channel", "is_constructed", "refused"),
    [("official", True, True), ("rehearsal", True, False), ("official", False, False)],
)
def test_the_official_channel_refuses_constructed_deliveries(
    tmp_path: Path, channel: str, is_constructed: bool, refused: bool
) -> None:
    made = candidate(tmp_path, channel=channel, is_constructed=is_constructed)
    nothing_to_add(made)
    rules = [
        rule
        for rule in load_rules(PROJECT_DIR / "expectations" / "rules")
        if rule.id == "official_snapshot_has_no_constructed_delivery"
    ]
    verdict = judge(rules, TABLES, made, [], circumstances(tmp_path, is_official=True))
    assert (verdict["verdict"] == "fail") is refused


def test_a_format_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="'docx' is not a format"):
        Settings(formats="xlsx,docx")
    assert Settings(formats="").formats_written == frozenset()
    assert Settings().formats_written == frozenset((*FORMATS, "report"))
    assert Settings(formats="sheets, px").formats_written == {"sheets", "px"}
    assert Settings().formats_known == frozenset((*FORMATS, *REPORTS))
