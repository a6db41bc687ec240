"""The ledger of published figures: it keeps every figure, and the units whose answers each figure counts."""

from __future__ import annotations

import stat
from pathlib import Path

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.disclosure import ledger

Figure = tuple[str, str, str, float]

YEAR = 2023


@pytest.fixture
def snapshots(tmp_path: Path) -> Path:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    return folder


def additions(folder: Path, *figures: Figure, state: str = "one", answers: str = "") -> Path:
    """The additions of a promotion: figures (question, units, measure, value) of a state, and the units that had answered.

    A unit is a letter; a capital has given another answer than the small letter.
    """
    path = folder / f"additions{ledger.ADDITIONS}"
    path.unlink(missing_ok=True)
    questions = {question for question, *_ in figures} or {"q"}
    with duckdb.connect(path) as connection:
        for name, columns in ledger.TABLES.items():
            connection.execute(f"create table {name} ({columns})")
        for question, units, measure, value in figures:
            row = ["indicator_shares", question, "all", YEAR, state, units, measure, value]
            connection.execute("insert into published_groups values (?, ?, ?, ?, ?, ?, ?, ?)", row)
        for units in {units for _, units, _, _ in figures}:
            connection.executemany("insert into published_members values (?, ?)", [[units, unit] for unit in units])
        for question in questions:
            row = ["indicator_shares", question, "all", YEAR, state]
            connection.execute("insert into published_states values (?, ?, ?, ?, ?, 'basis')", row)
            for unit in answers:
                connection.execute("insert into published_answers values (?, ?, ?, ?, ?, ?, ?)", [*row, unit.lower(), unit])
    return path


def read(snapshots: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(ledger.ledger_file(snapshots), read_only=True) as connection:
        return connection.execute(f"select * from ({query}) order by all").fetchall()


def everything(snapshots: Path) -> list[list[tuple[object, ...]]]:
    return [read(snapshots, f"from {name}") for name in ledger.TABLES]


def figures(snapshots: Path) -> list[tuple[object, ...]]:
    return read(snapshots, "select indicator, state, members_sha256, measure, measured from published_groups")


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
    assert loaded(tmp_path, snapshots) == dict.fromkeys(
        (
            "published_groups",
            "published_members",
            "published_answers",
            "published_states",
            "published_practice_figures",
            "published_practice_units",
            "published_practice_states",
        ),
        0,
    )


def test_the_keys_of_a_figure_and_of_a_question_are_columns_of_the_ledger(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), answers="abc"), snapshots)
    for name in ledger.TABLES:
        columns = {column for (column,) in read(snapshots, f"select column_name from (describe {name})")}
        about_practice = name.startswith("published_practice")
        key = {"subject", "time_period"} if about_practice else set(ledger.QUESTION_KEY)
        assert name == "published_members" or key < columns
    assert read(snapshots, f"select {', '.join(ledger.GROUP_KEY)} from published_groups") == [
        ("indicator_shares", "q", "all", YEAR, "one", "abc", "yes")
    ]


def test_the_ledger_is_loaded_anew_and_not_on_top(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), answers="abc"), snapshots)
    for _ in range(2):
        assert loaded(tmp_path, snapshots) == {
            "published_groups": 1,
            "published_members": 3,
            "published_answers": 3,
            "published_states": 1,
            "published_practice_figures": 0,
            "published_practice_units": 0,
            "published_practice_states": 0,
        }


def test_snapshots_without_a_ledger_are_an_error(tmp_path: Path, snapshots: Path) -> None:
    (snapshots / "2023-abc").mkdir()
    (snapshots / "current").symlink_to("2023-abc")
    with pytest.raises(UserError, match="no ledger") as caught:
        loaded(tmp_path, snapshots)
    assert "\n" not in str(caught.value)
    assert str(ledger.ledger_file(snapshots)) in str(caught.value)


@pytest.mark.parametrize("missing", ["table published_states", "table published_practice_units"])
def test_a_ledger_that_does_not_say_whose_answers_its_figures_count_is_an_error_of_one_line(
    tmp_path: Path, snapshots: Path, missing: str
) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    with duckdb.connect(ledger.ledger_file(snapshots)) as connection:
        connection.execute(f"drop {missing}")
    with pytest.raises(UserError, match="from an earlier version") as caught:
        loaded(tmp_path, snapshots)
    assert "\n" not in str(caught.value)
    assert str(ledger.ledger_file(snapshots)) in str(caught.value)
    assert "move the folder of snapshots away" in str(caught.value)


def test_a_ledger_that_cannot_be_read_is_an_error_of_one_line(tmp_path: Path, snapshots: Path) -> None:
    path = ledger.ledger_file(snapshots)
    path.parent.mkdir()
    path.write_text("no database", encoding="utf-8")
    with pytest.raises(UserError, match="restore it from the backup") as caught:
        loaded(tmp_path, snapshots)
    assert "\n" not in str(caught.value)


def test_adding_twice_changes_nothing(tmp_path: Path, snapshots: Path) -> None:
    path = additions(tmp_path, ("q", "abc", "yes", 2), ("q", "abc", "", 3), answers="abc")
    ledger.add(path, snapshots)
    before = everything(snapshots)
    ledger.add(path, snapshots)
    assert everything(snapshots) == before


def test_additions_that_are_missing_are_an_error_of_one_line(tmp_path: Path, snapshots: Path) -> None:
    with pytest.raises(UserError, match="not recorded") as caught:
        ledger.add(tmp_path / "nothing.ledger.duckdb", snapshots)
    assert "\n" not in str(caught.value)
    assert not ledger.ledger_file(snapshots).exists()


def test_figures_of_another_state_stand_beside_the_earlier_ones(tmp_path: Path, snapshots: Path) -> None:
    # Both snapshots are public, and their difference reveals which unit changed.
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), answers="abc"), snapshots)
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 1), state="two", answers="Abc"), snapshots)
    assert figures(snapshots) == [("q", "one", "abc", "yes", 2), ("q", "two", "abc", "yes", 1)]
    assert read(snapshots, "select state, member_code, answer_sha256 from published_answers") == [
        ("one", "a", "a"),
        ("one", "b", "b"),
        ("one", "c", "c"),
        ("two", "a", "A"),
        ("two", "b", "b"),
        ("two", "c", "c"),
    ]


def test_a_group_that_is_shown_no_more_stays_known_with_its_units(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    ledger.add(additions(tmp_path, ("q", "de", "yes", 1)), snapshots)
    assert figures(snapshots) == [("q", "one", "abc", "yes", 2), ("q", "one", "de", "yes", 1)]
    assert read(snapshots, "from published_members") == [(units, unit) for units in ("abc", "de") for unit in units]


def test_the_state_of_a_question_is_that_of_the_last_snapshot_that_had_it(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), ("r", "abc", "yes", 2)), snapshots)
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 1), state="two"), snapshots)
    assert read(snapshots, "select indicator, state from published_states") == [("q", "two"), ("r", "one")]
    # Back to the answers of the first: its figures are already in the ledger.
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    assert read(snapshots, "select indicator, state from published_states") == [("q", "one"), ("r", "one")]
    assert len(figures(snapshots)) == 3


def test_the_ledger_is_for_the_service_user_only(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    path = ledger.ledger_file(snapshots)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_promotion_that_is_killed_after_the_ledger_leaves_it_with_too_much_and_never_with_too_little(
    tmp_path: Path, snapshots: Path
) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    before = figures(snapshots)
    # Killed before the pointer moves: the figures are recorded but were never public. The next run publishes others.
    ledger.add(additions(tmp_path, ("q", "de", "yes", 1)), snapshots)
    ledger.add(additions(tmp_path, ("q", "fgh", "yes", 1)), snapshots)
    after = figures(snapshots)
    assert set(before) < set(after)
    assert {row[2] for row in after} == {"abc", "de", "fgh"}


def test_additions_that_cannot_be_read_leave_the_ledger_as_it_was(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), answers="abc"), snapshots)
    before = everything(snapshots)
    path = additions(tmp_path, ("q", "abc", "yes", 1))
    with duckdb.connect(path) as connection:
        connection.execute("drop table published_members")
    with pytest.raises(duckdb.Error):
        ledger.add(path, snapshots)
    assert everything(snapshots) == before


def kept_before(folder: Path, snapshots: Path) -> Path:
    """The ledger with which a candidate is made, as kept next to the candidate."""
    warehouse = folder / "warehouse.duckdb"
    loaded(folder, snapshots)
    path = folder / f"candidate{ledger.BEFORE}"
    ledger.write_before(warehouse, path)
    return path


def test_a_ledger_is_unchanged_as_it_was_and_with_what_the_candidate_itself_adds(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2), answers="abc"), snapshots)
    before = kept_before(tmp_path, snapshots)
    assert stat.S_IMODE(before.stat().st_mode) == 0o600
    added = additions(tmp_path, ("q", "abc", "yes", 1), state="two", answers="Abc")
    assert ledger.is_unchanged(before, added, snapshots)
    ledger.add(added, snapshots)
    assert ledger.is_unchanged(before, added, snapshots)


def test_a_ledger_to_which_another_snapshot_added_is_changed(tmp_path: Path, snapshots: Path) -> None:
    ledger.add(additions(tmp_path, ("q", "abc", "yes", 2)), snapshots)
    before = kept_before(tmp_path, snapshots)
    (tmp_path / "other").mkdir()
    ledger.add(additions(tmp_path / "other", ("r", "abc", "yes", 2)), snapshots)
    assert not ledger.is_unchanged(before, additions(tmp_path, ("q", "abc", "yes", 1), state="two"), snapshots)


def test_a_ledger_of_the_same_figures_and_another_last_state_is_changed(tmp_path: Path, snapshots: Path) -> None:
    first, second = ("q", "abc", "yes", 2), ("q", "abc", "yes", 1)
    ledger.add(additions(tmp_path, first), snapshots)
    ledger.add(additions(tmp_path, second, state="two"), snapshots)
    before = kept_before(tmp_path, snapshots)
    ledger.add(additions(tmp_path, first), snapshots)
    assert not ledger.is_unchanged(before, additions(tmp_path, ("r", "abc", "yes", 1)), snapshots)


def test_before_the_first_snapshot_the_ledger_is_unchanged_as_long_as_there_is_none(tmp_path: Path, snapshots: Path) -> None:
    before, added = kept_before(tmp_path, snapshots), additions(tmp_path, ("q", "abc", "yes", 2))
    assert ledger.is_unchanged(before, added, snapshots)
    (tmp_path / "other").mkdir()
    ledger.add(additions(tmp_path / "other", ("r", "abc", "yes", 2)), snapshots)
    assert not ledger.is_unchanged(before, added, snapshots)


def warehouse(folder: Path, *kept: str) -> Path:
    """The models from which the additions are written.

    A shown country and county, a hidden county, an amount, a sample, and a question without answers.

    Args:
        folder: the folder of the warehouse.
        kept: questions, and tables of practice, that keep the figures of the snapshot before, whose state is ``last``.
    """
    path = folder / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        for statement in (
            "create schema intermediate; create schema marts",
            """create table intermediate.int_disclosure_groups as
            select 2016 as time_period, 'municipalities' as unit_set, 'reported' as area_basis, unit_level, unit_code,
                members, sha256(members) as members_sha256, false as is_public
            from (values ('country', '0', 'a|b|c|d'), ('county', 'A', 'a|b'), ('county', 'B', 'c|d'),
                ('size_group', 'x', 'a|c')) as areas (unit_level, unit_code, members)""",
            """create table marts.mart_indicator_shares as
            select 'q' as indicator, 'yes' as answer, 'all' as item, 2016 as time_period, unit_set, 'reported' as area_basis,
                unit_level, unit_code, n_answer, n_answered
            from (values ('country', '0', 'municipalities', 2, 4), ('county', 'A', 'municipalities', null, null),
                ('county', 'B', 'municipalities', 1, 2)) as figures (unit_level, unit_code, unit_set, n_answer, n_answered)
            union all select 'sampled', 'yes', 'all', 2011, 'sample', 'reported', 'country', '0', 5, 9
            union all select 'silent', 'yes', 'all', 2016, 'municipalities', 'reported', 'country', '0', null, 0""",
            """create table marts.mart_amounts as
            select 'money' as indicator, 2015 as time_period, unit_level, unit_code, amount_nok, n_answered
            from (values ('country', '0', 100.5, 3), ('size_group', 'x', null, null))
                as figures (unit_level, unit_code, amount_nok, n_answered)""",
            "create table intermediate.int_rounds as select 2016 as time_period, 2016 as collection_year",
            """create table intermediate.int_disclosure_decisions as
            select subject, indicator, 'all' as item, 2016 as time_period, 'municipalities' as unit_set,
                'reported' as area_basis, unit_level, unit_code, members_sha256, decision, state,
                'basis' as basis
            from intermediate.int_disclosure_groups
            inner join (values ('q', 'country', 'shown'), ('q', 'county', 'shown'), ('money', 'country', 'shown'),
                ('money', 'size_group', 'hidden'), ('silent', 'country', 'shown'))
                as decided (indicator, unit_level, decision) using (unit_level)
            inner join (values ('q', 'indicator_shares', 'now'), ('money', 'amounts', 'now'),
                ('silent', 'indicator_shares', '')) as questions (indicator, subject, state) using (indicator)""",
            """update intermediate.int_disclosure_decisions set decision = 'hidden'
            where indicator = 'q' and unit_code = 'A'""",
            """create table intermediate.int_disclosure_values as
            select subject, indicator, 'all' as item, 2016 as time_period, member_code,
                sha256(indicator || member_code) as answer_sha256
            from (values ('indicator_shares', 'q'), ('amounts', 'money')) as questions (subject, indicator)
            cross join (values ('a'), ('b'), ('c')) as units (member_code)""",
            """create table marts.mart_fte_by_reporting_form as
            select 2016 as time_period, 'adults' as target_group, reporting_form, cast(fte as decimal(18, 6)) as fte,
                municipalities
            from (values ('joint', 2.5, 1), ('separate', null, 2), ('mental_health', 4, null), ('total', 9, 3))
                as figures (reporting_form, fte, municipalities)""",
            """create table marts.mart_real_change as
            select 2016 as time_period_to, 'total' as target_group, cast(7.5 as double) as real_change_percent,
                cast(null as bigint) as municipalities_excluded""",
            """create table intermediate.int_practice_units as
            select subject, 2016 as time_period, 'adults' as target_group, member_code, true as is_one, false as is_other,
                sha256(subject || member_code) as said_sha256
            from (values ('fte_by_reporting_form'), ('real_change')) as subjects (subject)
            cross join (values ('a'), ('b')) as units (member_code)""",
            """create table intermediate.int_practice_decisions as
            select distinct subject, time_period, false as is_kept, 'now' as state from intermediate.int_practice_units""",
        ):
            connection.execute(statement)
        for indicator in kept:
            connection.execute(
                "update intermediate.int_practice_decisions set is_kept = true, state = 'last' where subject = ?",
                [indicator],
            )
            connection.execute(
                "update intermediate.int_disclosure_decisions set state = 'last', basis = 'basis of last', "
                "decision = case when decision = 'shown' then 'kept' else decision end where indicator = ?",
                [indicator],
            )
    return path


def written(folder: Path, snapshots: Path, *kept: str) -> None:
    path = folder / f"candidate{ledger.ADDITIONS}"
    ledger.write_additions(warehouse(folder, *kept), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ledger.add(path, snapshots)


def test_additions_hold_what_is_shown_and_the_units_of_its_groups(tmp_path: Path, snapshots: Path) -> None:
    written(tmp_path, snapshots)
    rows = read(
        snapshots,
        "select indicator, time_period, state, units, measure, measured from published_groups inner join "
        "(select members_sha256, string_agg(member_code, '' order by member_code) as units "
        "from published_members group by all) using (members_sha256)",
    )
    # An amount of the year before was collected in the round; the units of a sample are anonymous.
    assert rows == [
        ("money", 2016, "now", "abcd", "", 3),
        ("money", 2016, "now", "abcd", "amount", 100.5),
        ("q", 2016, "now", "abcd", "", 4),
        ("q", 2016, "now", "abcd", "yes", 2),
        ("q", 2016, "now", "cd", "", 2),
        ("q", 2016, "now", "cd", "yes", 1),
    ]
    assert len(read(snapshots, "from published_groups")) == len(rows)
    assert len(read(snapshots, "select distinct members_sha256 from published_members")) == 2


def test_additions_say_who_had_answered_what_by_hashes_alone(tmp_path: Path, snapshots: Path) -> None:
    written(tmp_path, snapshots)
    assert read(snapshots, "select indicator, state from published_states") == [
        ("money", "now"),
        ("q", "now"),
        ("silent", ""),
    ]
    answers = read(snapshots, "select subject, indicator, state, member_code, length(answer_sha256) from published_answers")
    assert answers == [
        (subject, indicator, "now", unit, 64)
        for subject, indicator in (("amounts", "money"), ("indicator_shares", "q"))
        for unit in "abc"
    ]


def test_a_question_that_keeps_its_figures_keeps_its_state_and_the_answers_of_that_state(
    tmp_path: Path, snapshots: Path
) -> None:
    # The current answers were never published: the figures are those of the previous snapshot.
    written(tmp_path, snapshots, "q")
    assert read(snapshots, "select indicator, state from published_states") == [
        ("money", "now"),
        ("q", "last"),
        ("silent", ""),
    ]
    assert read(snapshots, "select distinct indicator, state from published_groups") == [("money", "now"), ("q", "last")]
    bases = read(snapshots, "select indicator, basis from published_states")
    assert bases == [("money", "basis"), ("q", "basis of last"), ("silent", "basis")]
    assert read(snapshots, "select distinct indicator from published_answers") == [("money",)]


def test_additions_hold_the_figures_of_forms_and_real_change_and_whose_forms_and_practice_they_are(
    tmp_path: Path, snapshots: Path
) -> None:
    written(tmp_path, snapshots)
    assert read(snapshots, "select subject, state, reporting_form, measure, measured from published_practice_figures") == [
        ("fte_by_reporting_form", "now", "joint", "fte", 2.5),
        ("fte_by_reporting_form", "now", "joint", "municipalities", 1),
        ("fte_by_reporting_form", "now", "mental_health", "fte", 4),
        ("fte_by_reporting_form", "now", "separate", "municipalities", 2),
        ("real_change", "now", "", "real_change_percent", 7.5),
    ]
    assert read(snapshots, "select subject, member_code, length(said_sha256) from published_practice_units") == [
        (subject, unit, 64) for subject in ("fte_by_reporting_form", "real_change") for unit in "ab"
    ]


def test_forms_that_keep_their_figures_keep_their_state_and_the_units_of_that_state(tmp_path: Path, snapshots: Path) -> None:
    written(tmp_path, snapshots, "fte_by_reporting_form")
    assert read(snapshots, "select subject, state from published_practice_states") == [
        ("fte_by_reporting_form", "last"),
        ("real_change", "now"),
    ]
    assert read(snapshots, "select distinct subject from published_practice_units") == [("real_change",)]
