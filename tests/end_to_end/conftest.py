"""What the end-to-end tests share: one published snapshot, made once by the real command."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from filelock import FileLock

from orchestration.settings import PROJECT_DIR
from tests.conftest import run_command

DATA = PROJECT_DIR / "data"


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with a published snapshot, made by the real command; several workers share it and none may change it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "published"
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "made").exists():
            folder.mkdir()
            result = run_command("run", folder=folder, data=DATA, all_formats=True)
            assert result.returncode == 0, result.stderr
            assert "published 2023-" in result.stdout
            assert "duckdb -readonly" in result.stdout
            (folder / "made").touch()
    return folder
