"""The ledger of what was published: it never forgets a figure, and knows the pattern of the last publication."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest

from orchestration.disclosure import ledger
from orchestration.errors import UserError

Figure = tuple[str, str, str, float]

YEAR = 2023


@pytest.fixture
def snapshots(tmp_path: Path) -> Path:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    return folder


def additions(folder: Path, *figures: Figure, pattern: tuple[str, ...] = (), fingerprint: str = "f") -> Path:
    """What a promotion adds: figures (indicator, units, measure, value), and the groups that the question q hides."""
    path = folder / f"additions{ledger.ADDITIONS}"
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as connection:
        for name, columns in ledger.TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        for indicator, units, measure, value in figures:
            row = ["indicator_shares", indicator, "all", YEAR, units, measure, value]
            connection.execute("insert into published_groups values (?, ?, ?, ?, ?, ?, ?)", row)
        for units in {units for _, units, _, _ in figures}:
            connection.executemany("insert into published_members values (?, ?)", [[units, unit] for unit in units])
        for units in pattern:
            row = ["indicator_shares", "q|all", YEAR, "municipalities", fingerprint, units, True]
            connection.execute("insert into patterns values (?, ?, ?, ?, ?, ?, ?)", row)
    return path


def read(snapshots: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(ledger.ledger_file(snapshots), read_only=True) as connection:
        return connection.execute(f"select * from ({query}) order by all").fetchall()


def figures(snapshots: Path) -> list[tuple[object, ...]]:
    return read(snapshots, "select indicator, members_sha256, measure, measured from published_groups")


def loaded(folder: Path, snapshots: Path) -> dict[str, int]:
    with duckdb.connect(folder / "warehouse.duckdb") as connection:
        counts = ledger.load(connection, snapshots)
        held = {
            name: connection.execute(f"select count(*) from {ledger.SCHEMA}.{name}").fetchall()[0][0]
            for name in ledger.TABLES
        }
    assert held == counts
    return counts


def test_before_the_first_snapshot_nothing_was_published(tmp_path: Path, snapshots: Path) -> None:
    assert loaded(tmp_path, snapshots) == {"published_groups": 0, "published_members": 0, "patterns": 0}


def test_the_ledger_is_loaded_anew_and_not_on_top(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), pattern=("ab",)), snapshots)
    for _ in range(2):
        assert loaded(tmp_path, snapshots) == {"published_groups": 1, "published_members": 3, "patterns": 1}


def test_snapshots_without_a_ledger_are_an_error(tmp_path: Path, snapshots: Path) -> None:
    (snapshots / "2023-abc").mkdir()
    (snapshots / "current").symlink_to("2023-abc")
    with pytest.raises(UserError, match="no ledger") as caught:
        loaded(tmp_path, snapshots)
    assert "\n" not in str(caught.value)
    assert str(ledger.ledger_file(snapshots)) in str(caught.value)


def test_adding_twice_changes_nothing(tmp_path: Path, snapshots: Path) -> None:
    path = additions(tmp_path, ("q", "abc", "yes", 2), ("q", "abc", "", 3), pattern=("ab", "cd"))
    ledger.add(path, snapshots)
    before = [read(snapshots, f"from {name}") for name in ledger.TABLES]
    ledger.add(path, snapshots)
    assert [read(snapshots, f"from {name}") for name in ledger.TABLES] == before


def test_additions_that_are_missing_are_an_error_of_one_line(tmp_path: Path, snapshots: Path) -> None:
    with pytest.raises(UserError, match="not noted") as caught:
        ledger.add(tmp_path / "nothing.ledger.duckdb", snapshots)
    assert "\n" not in str(caught.value)
    assert not ledger.ledger_file(snapshots).exists()


def test_the_latest_figures_of_a_group_replace_its_earlier_ones(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), ("q", "abc", "perhaps", 1), ("r", "abc", "yes", 3)), snapshots)
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 1)), snapshots)
    assert figures(snapshots) == [("q", "abc", "yes", 1), ("r", "abc", "yes", 3)]


def test_a_group_that_is_shown_no_more_stays_known_with_its_units(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    ledger.add(additions(tmp_path, ("q", "de", "yes", 1)), snapshots)
    assert figures(snapshots) == [("q", "abc", "yes", 2), ("q", "de", "yes", 1)]
    assert read(snapshots, "from published_members") == [(units, unit) for units in ("abc", "de") for unit in units]


def test_the_pattern_is_that_of_the_last_publication(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, pattern=("ab", "cd"), fingerprint="old"), snapshots)
    ledger.add(additions(tmp_path, pattern=("ab",), fingerprint="new"), snapshots)
    assert read(snapshots, "select fingerprint, members_sha256 from patterns") == [("new", "ab")]


def test_a_table_that_hides_nothing_any_more_has_no_pattern(tmp_path: Path, snapshots: Path) -> None:
    # Otherwise its old pattern would come back with the old answers, although more was published in between.
    ledger.add(additions(tmp_path, pattern=("ab", "cd"), fingerprint="old"), snapshots)
    ledger.add(additions(tmp_path, ("q", "ab", "yes", 1), ("q", "cd", "yes", 1)), snapshots)
    assert read(snapshots, "from patterns") == []


def test_the_ledger_is_for_the_service_user_only(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    path = ledger.ledger_file(snapshots)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_promotion_that_is_killed_after_the_ledger_leaves_it_with_too_much_and_never_with_too_little(
    tmp_path: Path, snapshots: Path
) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), pattern=("ab",)), snapshots)
    before = figures(snapshots)
    # Killed before the pointer moves: the figures are noted and were never public. The next run publishes others.
    ledger.add(additions(tmp_path, ("q", "de", "yes", 1), pattern=("ab",)), snapshots)
    ledger.add(additions(tmp_path, ("q", "fgh", "yes", 1), pattern=("ab",)), snapshots)
    after = figures(snapshots)
    assert set(before) < set(after)
    assert {units for _, units, _, _ in after} == {"abc", "de", "fgh"}


def test_additions_that_cannot_be_read_leave_the_ledger_as_it_was(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), pattern=("ab",)), snapshots)
    before = [read(snapshots, f"from {name}") for name in ledger.TABLES]
    path = additions(tmp_path, ("q", "abc", "yes", 1))
    with duckdb.connect(path) as connection:
        connection.execute("drop table published_members")
    with pytest.raises(duckdb.Error):
        ledger.add(path, snapshots)
    assert [read(snapshots, f"from {name}") for name in ledger.TABLES] == before


def warehouse(folder: Path) -> Path:
    """The models that the additions are written from: a shown and a hidden county, an amount, a sample."""
    path = folder / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        for statement in (
            "create schema intermediate; create schema marts; create schema staging",
            """create table intermediate.int_unit_set_groups as
            select 2016 as time_period, 'municipalities' as unit_set, 'reported' as area_basis, unit_level, unit_code,
                members, sha256(members) as members_sha256
            from (values ('country', '0', 'a|b|c|d'), ('county', 'A', 'a|b'), ('county', 'B', 'c|d'))
                as areas (unit_level, unit_code, members)""",
            """create table marts.mart_indicator_shares as
            select 'q' as indicator, 'yes' as answer, 'all' as item, 2016 as time_period, unit_set, 'reported' as area_basis,
                unit_level, unit_code, n_answer, n_answered
            from (values ('country', '0', 'municipalities', 2, 4), ('county', 'A', 'municipalities', null, null),
                ('county', 'B', 'municipalities', 1, 2), ('country', '0', 'sample', 5, 9))
                as figures (unit_level, unit_code, unit_set, n_answer, n_answered)""",
            """create table marts.mart_amounts as
            select 'money' as indicator, 2015 as time_period, unit_level, unit_code, amount_nok, n_answered
            from (values ('country', '0', 100.5, 3), ('size_group', 'x', null, null))
                as figures (unit_level, unit_code, amount_nok, n_answered)""",
            "create table intermediate.int_rounds as select 2016 as time_period, 2016 as collection_year",
            """create table staging.stg_indicators__answer_groups as
            select '*' as indicator, 'good' as answer, 'yes' as member""",
            """create table staging.stg_indicators__derived_indicators as
            select 'any' as indicator, 'all' as item, 'q' as source_indicator, '*' as source_item""",
            """create table intermediate.int_hidden_groups as
            select 'indicator_shares' as subject, 'q|all' as family, 'q' as indicator, 'all' as item, 2016 as time_period,
                'municipalities' as unit_set, 'A' as unit_code, 'f' as fingerprint, 'hash' as members_sha256,
                true as is_protected""",
        ):
            connection.execute(statement)
    return path


def test_additions_hold_what_is_shown_and_the_units_of_its_groups(tmp_path: Path, snapshots: Path) -> None:
    path = tmp_path / f"candidate{ledger.ADDITIONS}"
    ledger.write_additions(warehouse(tmp_path), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ledger.add(path, snapshots)
    rows = read(
        snapshots,
        "select indicator, units, measure, measured from published_groups inner join "
        "(select members_sha256, string_agg(member_code, '' order by member_code) as units "
        "from published_members group by all) using (members_sha256)",
    )
    assert rows == [
        ("money", "abcd", "", 3),
        ("money", "abcd", "amount", 100.5),
        ("q", "abcd", "", 4),
        ("q", "abcd", "yes", 2),
        ("q", "cd", "", 2),
        ("q", "cd", "yes", 1),
    ]
    assert read(snapshots, "select family, members_sha256, is_protected from patterns") == [("q|all", "hash", True)]
