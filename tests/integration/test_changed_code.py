"""A program that is changed during a run: nothing is published, and nothing of that run is reused."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core import content_hashes
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.defs import changed_code
from orchestration.gate import kept_results
from orchestration.publish import kept_files


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a program, which was loaded as it is now."""
    file = tmp_path / "program" / "orchestration" / "counting.py"
    file.parent.mkdir(parents=True)
    file.write_text("ONE = 1\n", encoding="utf-8")
    monkeypatch.setattr(content_hashes, "PROJECT_DIR", tmp_path / "program")
    monkeypatch.setattr(content_hashes, "CODE", ("orchestration",))
    content_hashes.code_hash.cache_clear()
    content_hashes.code_hash()
    return file


@pytest.fixture(autouse=True)
def own_hash() -> object:
    """Give the real program its hash back, whatever a test loaded."""
    yield
    content_hashes.code_hash.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A warehouse with results that a run may reuse."""
    made = Settings(warehouse_dir=tmp_path / "warehouse")
    for folder in (kept_files.FOLDER, kept_results.FOLDER):
        (made.warehouse / folder).mkdir(parents=True)
    with connect(made.warehouse_file) as connection:
        connection.execute("create schema made; create schema raw")
        connection.execute("create table made.relations as select 'model.a' as relation, 'x' as made_of, 'y' as content")
        connection.execute("create table raw.deliveries as select 'is1' as form, 'f' as fingerprint, 'c' as content")
    return made


def remembered(settings: Settings) -> tuple[list[str], int, str]:
    """What may be reused: folders, models, and the hash of what was read."""
    with connect(settings.warehouse_file, read_only=True) as connection:
        (models,) = connection.execute("select count(*) from made.relations").fetchone() or (0,)
        (content,) = connection.execute("select content from raw.deliveries").fetchone() or ("",)
    return sorted(path.name for path in settings.warehouse.iterdir() if path.is_dir()), models, content


def test_an_unchanged_program_publishes_and_keeps_its_results(program: Path, settings: Settings) -> None:
    before = remembered(settings)
    assert before[1:] == (1, "c")
    program.touch()
    changed_code.refuse()
    changed_code.forget(settings)
    assert remembered(settings) == before


def test_a_changed_program_publishes_nothing_and_its_results_are_forgotten(program: Path, settings: Settings) -> None:
    program.write_text("ONE = 2\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"the program was changed during the run"):
        changed_code.refuse()
    changed_code.forget(settings)
    assert remembered(settings) == ([], 0, "")
    # Changed back, the program is the known one again, but what it made meanwhile stays forgotten.
    program.write_text("ONE = 1\n", encoding="utf-8")
    changed_code.refuse()


def test_a_run_without_a_warehouse_has_nothing_to_forget(program: Path, tmp_path: Path) -> None:
    (program.parent / "more.py").write_text("TWO = 2\n", encoding="utf-8")
    changed_code.forget(Settings(warehouse_dir=tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()
