"""Kept pieces of an attack: it gives the result of a complete attack, and they hide no leak."""

from __future__ import annotations

import ast
import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestration import attack as package
from orchestration.attack.connections import QUERIES, Query
from orchestration.attack.kept_pieces import PLACE, fingerprint
from orchestration.attack.public import Readings, read
from orchestration.attack.sheets import Sheet
from tests.integration.test_attacker import (  # noqa: F401  two fixtures
    ALL,
    NO,
    YES,
    Table,
    World,
    attacked,
    mixed,
    policy,
    publish,
    world,
)


class InMemory:
    """Keeps pieces as JSON, as a file would, and counts the pieces found."""

    def __init__(self) -> None:
        self.kept: dict[tuple[tuple[str, ...], str], str] = {}
        self.found: list[tuple[str, ...]] = []

    def find(self, parts: Sequence[str], inputs: str) -> Any:
        content = self.kept.get((tuple(parts), inputs))
        if content is None:
            return None
        self.found.append(tuple(parts))
        return json.loads(content)

    def keep(self, parts: Sequence[str], inputs: str, content: Any) -> None:
        self.kept[tuple(parts), inputs] = json.dumps(content)


def test_an_attack_on_the_same_answers_takes_pieces_over_and_says_the_same(
    tmp_path: Path,
    world: World,  # noqa: F811
    policy: Path,  # noqa: F811
) -> None:
    table = Table(world, mixed(world), world.groups(*ALL))
    kept = InMemory()
    first = attacked(policy, publish(tmp_path / "a.duckdb", world, [table]), kept=kept)
    assert not kept.found
    # A changed FTE of a unit does not affect answers.
    world.fte[2050]["1003"] += 1.5
    changed = publish(tmp_path / "b.duckdb", world, [table])
    again = attacked(policy, changed, kept=kept)
    assert {("isolation",), ("bounds", "routing")} <= set(kept.found)
    fresh = attacked(policy, changed)
    assert again == fresh
    assert dataclasses.replace(again, files=()) == dataclasses.replace(first, files=())
    assert json.dumps(again.tried) == json.dumps(fresh.tried)


@pytest.mark.parametrize("is_before", [False, True])
def test_a_leak_is_found_although_the_pieces_of_the_files_without_it_are_kept(
    tmp_path: Path,
    world: World,  # noqa: F811
    policy: Path,  # noqa: F811
    is_before: bool,
) -> None:
    """The leak is in the candidate, or in its combination with an earlier snapshot."""
    kept = InMemory()
    clean = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])
    assert attacked(policy, clean, kept=kept).derived == ()
    # One unit gives another answer.
    answers = mixed(world)
    answers["1003"] = YES if answers["1003"] == NO else NO
    if is_before:
        other = publish(tmp_path / "b.duckdb", world, [Table(world, answers, world.groups(*ALL))])
        found = attacked(policy, clean, kept=kept, earlier=[other])
        assert found == attacked(policy, clean, earlier=[other])
        assert {fact.part for fact in found.derived} == {"snapshots"}
    else:
        world.hf = {code: "1" if world.county[code] == "01" or code == "1012" else "2" for code in world.units}
        leaking = publish(
            tmp_path / "b.duckdb", world, [Table(world, answers, [("country", "0"), ("county", "01"), ("hf_area", "1")])]
        )
        found = attacked(policy, leaking, kept=kept)
        assert found == attacked(policy, leaking)
        assert "isolation" in {fact.part for fact in found.derived}
        # Findings are computed each time.
        size = len(kept.kept)
        assert attacked(policy, leaking, kept=kept) == found
        assert len(kept.kept) == size


def test_a_snapshot_with_the_same_answers_as_an_earlier_one_changes_no_finding(
    tmp_path: Path,
    world: World,  # noqa: F811
    policy: Path,  # noqa: F811
) -> None:
    paths = [publish(tmp_path / f"{name}.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))]) for name in "abc"]
    kept = InMemory()
    attacked(policy, paths[0], kept=kept)
    found = attacked(policy, paths[0], kept=kept, earlier=paths[1:])
    assert {("isolation",), ("bounds", "routing")} <= set(kept.found)
    assert found == attacked(policy, paths[0], earlier=paths[1:])


def test_another_policy_works_out_everything(
    tmp_path: Path,
    world: World,  # noqa: F811
    policy: Path,  # noqa: F811
) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])
    kept = InMemory()
    attacked(policy, database, kept=kept)
    policy.write_text(policy.read_text().replace("minimum_units: 3", "minimum_units: 4"))
    attacked(policy, database, kept=kept)
    assert ("isolation",) not in kept.found


def test_answers_that_are_the_same_are_read_once_and_are_those_of_each_file(
    tmp_path: Path,
    world: World,  # noqa: F811
) -> None:
    tables = [Table(world, mixed(world), world.groups(*ALL), indicator=name) for name in ("plan", "parts")]
    first, same = (publish(tmp_path / f"{name}.duckdb", world, tables) for name in "ab")
    other = publish(tmp_path / "c.duckdb", world, tables[:1])
    readings = Readings()
    some = [tables[0].key] if hasattr(tables[0], "key") else [next(iter(read(other).tables))]
    for path, only in ((first, None), (same, None), (same, some), (other, None), (first, [])):
        one, alone = read(path, only, readings), read(path, only)
        assert one.database == path
        assert fingerprint([one.tables, one.waiting, one.without_units, one.open_rows]) == fingerprint(
            [alone.tables, alone.waiting, alone.without_units, alone.open_rows]
        )


def test_all_that_an_attack_asks_of_databases_is_seen(
    tmp_path: Path,
    world: World,  # noqa: F811
    policy: Path,  # noqa: F811
) -> None:
    database = publish(tmp_path / "a.duckdb", world, [Table(world, mixed(world), world.groups(*ALL))])
    queries: list[Query] = []
    token = QUERIES.set(queries)
    try:
        seen = attacked(policy, database, earlier=[database])
    finally:
        QUERIES.reset(token)
    assert seen == attacked(policy, database, earlier=[database])
    assert {
        table for table in ("indicator_shares", "fte_by_service", "published_figures", "areas") if table in str(queries)
    } == {
        "indicator_shares",
        "fte_by_service",
        "published_figures",
        "areas",
    }
    # The only access to a database: one module connects, and its connection takes queries in two ways.
    for path in Path(str(package.__file__)).parent.glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        if path.name != "connections.py":
            assert not {call for call in calls if call.startswith("duckdb.") or call in ("connect", "attach")}, path


@dataclasses.dataclass(frozen=True)
class Value:
    """An object with a place."""

    names: frozenset[str]
    numbers: Any
    where: Path = dataclasses.field(default=Path(), metadata=PLACE)


SAME = Value(frozenset({"a", "b"}), np.array([[1, 0], [0, 1]], dtype=np.bool_))


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(SAME, names=frozenset({"a"})),
        dataclasses.replace(SAME, numbers=np.array([[1, 0], [0, 0]], dtype=np.bool_)),
        dataclasses.replace(SAME, numbers=np.array([1, 0, 0, 1], dtype=np.bool_)),
        dataclasses.replace(SAME, numbers=np.array([[1, 0], [0, 1]], dtype=np.int64)),
        [SAME],
        None,
        {"names": SAME.names},
    ],
)
def test_everything_in_a_value_counts(other: object) -> None:
    assert fingerprint(SAME) != fingerprint(other)
    assert fingerprint(SAME) == fingerprint(dataclasses.replace(SAME, where=Path("/elsewhere")))


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), ("1", 1), (["a", "b"], ["ab"]), ([["a"], "b"], [["a", "b"]])]
)
def test_values_of_other_kinds_are_others(one: object, other: object) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_what_nobody_can_compare_has_no_fingerprint() -> None:
    for value in (Path("/x"), object(), iter([])):
        with pytest.raises(TypeError):
            fingerprint([value])


def test_only_the_place_of_a_table_is_no_input() -> None:
    assert [field.name for field in dataclasses.fields(Sheet) if field.metadata] == ["database"]
