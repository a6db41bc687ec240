"""Shared by the end-to-end tests: snapshots made once by the real command."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from orchestration.core.settings import PROJECT_DIR
from tests.conftest import run_command, shared
from tests.end_to_end.new_year import write_new_year

DATA = PROJECT_DIR / "data"


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def code_hashes() -> dict[str, str]:
    """Hash of every Python and SQL file of the project."""
    folders = ("orchestration", "dbt_project")
    return {
        path.relative_to(PROJECT_DIR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted((PROJECT_DIR / folder).rglob("*"))
        if path.suffix in {".py", ".sql"}
    }


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with a published snapshot, made by the real command."""
    with shared(tmp_path_factory, worker_id, "published") as (folder, is_empty):
        if is_empty:
            result = run_command("run", folder=folder, data=DATA, all_formats=True)
            assert result.returncode == 0, result.stderr
            assert "published 2023-" in result.stdout
            assert "duckdb -readonly" in result.stdout
    return folder


@pytest.fixture(scope="session")
def new_year(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with inputs of a bundled year and a new one (``data``), a snapshot of both in all formats, and the output.

    No code was changed: the folder of the new form is sufficient.
    """
    with shared(tmp_path_factory, worker_id, "new_year") as (folder, is_empty):
        if is_empty:
            data = folder / "data"
            write_new_year(data)
            before = code_hashes()
            checked = run_command("forms", folder=folder, data=data)
            assert checked.returncode == 0, checked.stderr
            result = run_command("run", "--json", folder=folder, data=data, all_formats=True)
            assert result.returncode == 0, result.stderr
            assert code_hashes() == before
            (folder / "said.txt").write_text(result.stdout + result.stderr, encoding="utf-8")
    return folder


def copied(made: Path, folder: Path) -> Path:
    """Return a copy of the folder of a snapshot, in which a test may continue."""
    for name in ("snapshots", "warehouse"):
        shutil.copytree(made / name, folder / name, symlinks=True)
    return folder
