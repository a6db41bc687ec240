"""Shared by all tests: settings in a separate folder, copies of the inputs, and edits of a single line."""

from __future__ import annotations

import csv
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from filelock import FileLock

from orchestration.core.release_calendar import CALENDAR
from orchestration.core.settings import PROJECT_DIR, Settings

INPUTS = ("reference", "published", "classifications", "indicators", "metadata", "corrections", "comparability", "waivers")
# Only read, never changed, so tests need not copy them.
LARGE_INPUTS = ("deliveries", "forms")

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"


def start_script() -> ModuleType:
    """Return ``./is248`` as a new module: the file has no extension, and is not part of the package."""
    loader = SourceFileLoader("start_script", str(PROJECT_DIR / "is248"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


START_SCRIPT = start_script()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The project's inputs, with warehouse and snapshots in the test's own folder."""
    return Settings(
        data_dir=PROJECT_DIR / "data", warehouse_dir=tmp_path / "warehouse", snapshots_dir=tmp_path / "snapshots"
    )


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """A copy of the inputs that a test may change."""
    target = tmp_path / "data"
    target.mkdir()
    for name in INPUTS:
        shutil.copytree(PROJECT_DIR / "data" / name, target / name)
    shutil.copyfile(PROJECT_DIR / "data" / CALENDAR, target / CALENDAR)
    for name in LARGE_INPUTS:
        (target / name).symlink_to(PROJECT_DIR / "data" / name)
    return target


def members_hash(units: Iterable[str]) -> str:
    """Return the hash that identifies a group by its units, as the model int_unit_set_groups does."""
    return hashlib.sha256("|".join(sorted(units)).encode()).hexdigest()


Row = dict[str, str]


def edit_csv(path: Path, change: Callable[[list[Row]], list[Row]]) -> None:
    """Read a csv file, let ``change`` alter its rows, and write it back."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names = list(reader.fieldnames or [])
        rows = change(list(reader))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def add_service(codelists: Path, code: str) -> None:
    """Add a service for adults to the code lists."""

    def add(rows: list[Row]) -> list[Row]:
        service = {"codelist": "service_type", "code": code, "sort_order": "99", "parent": "adults"}
        return [*rows, dict.fromkeys(rows[0], "") | service | {"label_nb": code, "label_en": code}]

    edit_csv(codelists, add)


def run_command(
    *arguments: str,
    folder: Path,
    data: Path,
    environment: dict[str, str] | None = None,
    project: Path = PROJECT_DIR,
    all_formats: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run the real command in a separate process, with its output under ``folder``.

    Workbooks, cubes and pages are written only with ``all_formats``.
    """
    variables = {
        **os.environ,
        "IS248_DATA_DIR": str(data),
        "IS248_WAREHOUSE_DIR": str(folder / "warehouse"),
        "IS248_SNAPSHOTS_DIR": str(folder / "snapshots"),
        **({} if all_formats else {"IS248_FORMATS": ""}),
        **(environment or {}),
    }
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        cwd=project,
        env=variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


GOLDEN = PROJECT_DIR / "tests" / "golden"


def recorded(name: str, text: str) -> str:
    """Return the text recorded under a name in ``tests/golden``; with UPDATE_GOLDEN set, record ``text`` first."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"{path.relative_to(PROJECT_DIR)} is missing: run this test once with UPDATE_GOLDEN=1"
    return path.read_text(encoding="utf-8")


def assert_meets_standard(tool: str, *arguments: str) -> None:
    """Run an installed tool that checks the whole project."""
    command = [str(Path(sys.executable).parent / tool), *arguments]
    result = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@contextmanager
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str, name: str) -> Iterator[tuple[Path, bool]]:
    """Yield a folder shared by all workers, and whether it must be filled; it must not be changed afterwards."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / name
    with FileLock(folder.with_suffix(".lock")):
        done = folder / "made"
        if not done.exists():
            folder.mkdir()
        yield folder, not done.exists()
        done.touch()
