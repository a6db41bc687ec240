"""The memory of the gate: an intact result is found under its own hash, and anything else is judged again."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.gate.kept_results import Memory
from orchestration.gate.suites import are_named

KEY, OTHER = "a" * 64, "b" * 64
CONTENT = {"checked": 3, "æ": ["ø", None, 1.5]}


def later(folder: Path, *, takes_over: bool = True) -> Memory:
    return Memory(folder, "second", takes_over=takes_over)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "judged"
    Memory(path, "first").keep(KEY, CONTENT)
    return path


def test_what_was_kept_is_found_with_the_candidate_on_which_it_was_judged(folder: Path) -> None:
    found = later(folder).find(KEY)
    assert found is not None
    assert (found.content, found.judged_on) == (CONTENT, "first")
    assert later(folder).find(OTHER) is None


def test_a_judgement_that_takes_nothing_over_finds_only_its_own_and_keeps_it(folder: Path) -> None:
    anew = later(folder, takes_over=False)
    assert anew.find(KEY) is None
    anew.keep(KEY, CONTENT)
    own, known = anew.find(KEY), Memory(folder, "third", takes_over=True).find(KEY)
    assert own is not None
    assert known is not None
    assert (own.judged_on, known.judged_on) == (None, "second")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _change(path: Path) -> None:
    path.write_text(path.read_text().replace("3", "4"))


def _change_candidate(path: Path) -> None:
    path.write_text(path.read_text().replace("first", "zeroth"))


def _empty(path: Path) -> None:
    path.write_text("")


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\n{}")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _of_another(path: Path) -> None:
    Memory(path.parent, "first").keep(OTHER, {"checked": 9})
    path.write_bytes(path.with_name(f"{OTHER}.json").read_bytes())


@pytest.mark.parametrize("damage", [_cut, _change, _change_candidate, _empty, _binary, _folder, _of_another, Path.unlink])
def test_a_damaged_entry_is_none(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / f"{KEY}.json")
    assert later(folder).find(KEY) is None


def test_what_a_judgement_did_not_use_is_forgotten(folder: Path) -> None:
    Memory(folder, "first").keep(OTHER, CONTENT)
    (folder / "left.partial").touch()
    memory = later(folder)
    memory.find(OTHER)
    memory.keep("c" * 64, CONTENT)
    memory.forget_unused()
    assert {path.stem for path in folder.iterdir()} == {OTHER, "c" * 64}


def test_only_the_service_user_reads_it(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_memory_that_cannot_be_written_to_is_none(tmp_path: Path) -> None:
    (tmp_path / "judged").write_text("a file")
    memory = later(tmp_path / "judged")
    memory.keep(KEY, CONTENT)
    memory.forget_unused()
    assert later(tmp_path / "judged").find(KEY) is None


@pytest.mark.parametrize(
    ("parts", "judged_on"),
    [([], []), ([None, None], []), (["first"], ["first"]), (["first", None, "zeroth"], ["first", "second", "zeroth"])],
)
def test_a_result_says_where_its_parts_were_judged(tmp_path: Path, parts: list[str | None], judged_on: list[str]) -> None:
    assert later(tmp_path).judged_on(parts) == judged_on


def test_after_a_change_the_tables_that_it_names_are_looked_at() -> None:
    names = ["amounts", "areas", "area_breaks"]
    assert are_named(names, ["update areas set unit_code = ''"]) == [False, True, False]
    assert are_named(names, ["update warehouse.raw.cells set raw = ''"]) == [True, True, True]
    assert are_named(names, []) == [True, True, True]
    assert are_named([], ["update areas set unit_code = ''"]) == []
