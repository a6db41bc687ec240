"""Measures processes from outside, and runs the pipeline's own command on scaled inputs.

Belongs here: seconds, CPU and memory of a process with all its children, the stages that the command reports, and the
measured runs of the command. Does not belong here: inputs (``generator``), comparisons (``floor``, ``pandas_version``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import duckdb

PROJECT = Path(__file__).resolve().parent.parent.parent
RUN = ("-m", "orchestration.cli", "run")
_STAGE_DONE = re.compile(r"  (\S.*) done in [0-9.]+ s$")
_STAGE_STARTS = re.compile(r"  (\S.*) \.\.\.$")
_SAMPLE_SECONDS = 0.2

# The imports measured alone, and the module with which Python is started for each.
IMPORTS = {
    "Python alone": "pass",
    "Dagster": "import dagster",
    "dbt": "import dbt.cli.main, dbt.adapters.duckdb.connections",
    "Great Expectations": "import great_expectations",
    "the project's definitions": "import orchestration.defs.definitions",
    "all of them": "import orchestration.defs.definitions, dbt.cli.main, dbt.adapters.duckdb.connections, "
    "great_expectations",
}


@dataclass
class Measured:
    """The cost of a command: seconds, CPU seconds including its children, peak memory of all of them together."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_megabytes: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    """Seconds by stage as the command tells them; what is before the first is start-up."""
    lines: list[str] = field(default_factory=list)
    status: int = 0


def _tree(root: int) -> list[int]:
    """Return the ids of a process and all its descendants."""
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        for path in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in path.read_text().split()]
            except OSError:
                continue
    return found


def _resident(process: int) -> int:
    """Return the memory of a process in bytes, without mapped files; cheap enough not to disturb the measurement."""
    try:
        text = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return sum(int(size) * 1024 for size in re.findall(r"^(?:RssAnon|RssShmem):\s+(\d+) kB", text, re.MULTILINE))


def measure(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command in a separate process, in the project's folder, and measure it.

    Raises:
        RuntimeError: the command failed; the message has its last lines.
    """
    measured = Measured()
    values = {name: value for name, value in os.environ.items() if not name.startswith("IS248_")}
    values |= {"PYTHONPATH": str(PROJECT), "PYTHONUNBUFFERED": "1"} | dict(environment or {})
    started = time.perf_counter()
    process = subprocess.Popen(
        list(arguments), cwd=PROJECT, env=values, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    ended = threading.Event()

    def sample() -> None:
        while not ended.wait(_SAMPLE_SECONDS):
            together = sum(_resident(each) for each in _tree(process.pid))
            measured.peak_megabytes = max(measured.peak_megabytes, together / 1e6)

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    assert process.stdout is not None
    running: dict[str, float] = {}
    for line in process.stdout:
        now = time.perf_counter() - started
        measured.lines.append(line.rstrip())
        if done := _STAGE_DONE.match(line.rstrip()):
            measured.stages[done[1]] = measured.stages.get(done[1], 0.0) + now - running.pop(done[1], now)
        elif starts := _STAGE_STARTS.match(line.rstrip()):
            if not running and not measured.stages:
                measured.stages["start-up"] = now
            running[starts[1]] = now
    _, status, usage = os.wait4(process.pid, 0)
    measured.seconds = time.perf_counter() - started
    ended.set()
    sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    measured.status = process.returncode
    measured.cpu_seconds = usage.ru_utime + usage.ru_stime
    measured.peak_megabytes = max(measured.peak_megabytes, usage.ru_maxrss * 1024 / 1e6)
    if measured.status:
        last_lines = "\n".join(measured.lines[-30:])
        raise RuntimeError(f"{' '.join(arguments)} ended with {measured.status}:\n{last_lines}")
    return measured


@dataclass(frozen=True)
class Place:
    """Folders of one size of inputs."""

    folder: Path

    @property
    def data(self) -> Path:
        """Folder of the inputs."""
        return self.folder / "data"

    @property
    def warehouse(self) -> Path:
        """The pipeline's warehouse."""
        return self.folder / "warehouse"

    @property
    def snapshot(self) -> Path:
        """The published snapshot."""
        return (self.folder / "snapshots" / "current").resolve()

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that set the folders of the command."""
        return {
            "IS248_DATA_DIR": str(self.data),
            "IS248_WAREHOUSE_DIR": str(self.warehouse),
            "IS248_SNAPSHOTS_DIR": str(self.folder / "snapshots"),
        }

    def count_cells(self) -> int:
        """Return the number of delivered cells that the pipeline read."""
        with duckdb.connect(str(self.warehouse / "warehouse.duckdb"), read_only=True) as connection:
            row = connection.execute("select sum(cell_count) from raw.sheets").fetchone()
        return int(row[0]) if row and row[0] else 0

    def model_seconds(self) -> dict[str, float]:
        """Return the seconds of each dbt model and test of the last run, the slowest first."""
        import json

        results = json.loads((self.warehouse / "dbt_target" / "run_results.json").read_text(encoding="utf-8"))["results"]
        seconds = {str(each["unique_id"]).split(".", 2)[2]: float(each["execution_time"]) for each in results}
        return dict(sorted(seconds.items(), key=lambda item: -item[1]))


def run_fresh(place: Place) -> Measured:
    """Run the whole command in new folders."""
    shutil.rmtree(place.warehouse, ignore_errors=True)
    _remove(place.folder / "snapshots")
    return measure([sys.executable, *RUN], place.environment)


def _remove(folder: Path) -> None:
    """Delete a folder of snapshots, whose files are read-only."""
    for path in folder.rglob("*") if folder.exists() else ():
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)


def run_again(place: Place) -> Measured:
    """Run the command again on its own results."""
    return measure([sys.executable, *RUN], place.environment)


def run_preview(place: Place, year: int) -> Measured:
    """Preview a year, as one does when mapping its form; nothing is published."""
    return measure([sys.executable, *RUN[:-1], "preview", str(year)], place.environment)


def start_up(folder: Path) -> dict[str, float]:
    """Return the seconds of importing each library and of parsing the dbt project, each in a separate process."""
    seconds = {name: min(measure([sys.executable, "-c", code]).seconds for _ in range(3)) for name, code in IMPORTS.items()}
    folder.mkdir(parents=True, exist_ok=True)
    code = (
        "from orchestration.core.settings import load_settings; from orchestration.engines import dbt; "
        "settings = load_settings(); "
        "import time; start = time.perf_counter(); dbt.prepare(settings); print(time.perf_counter() - start)"
    )
    environment = {"IS248_WAREHOUSE_DIR": str(folder / "parse"), "IS248_SNAPSHOTS_DIR": str(folder / "parse_snapshots")}
    shutil.rmtree(folder / "parse", ignore_errors=True)
    seconds["dbt parse (once for each change of the SQL)"] = float(
        measure([sys.executable, "-c", code], environment).lines[-1]
    )
    return seconds


def output_sizes(snapshot: Path) -> dict[str, int]:
    """Return the bytes of a snapshot by format: its folders and the DuckDB file."""
    sizes: dict[str, int] = {}
    for path in snapshot.rglob("*"):
        if path.is_file():
            parts = path.relative_to(snapshot).parts
            name = parts[0] if len(parts) > 1 or parts[0].endswith(".duckdb") else "others"
            sizes[name] = sizes.get(name, 0) + path.stat().st_size
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def stopwatch(seconds: dict[str, float]) -> Callable[[str], None]:
    """Return a function that records under a name the seconds since its last call, or since now."""
    last = time.perf_counter()

    def lap(name: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[name] = now - last
        last = now

    return lap


def as_json(measured: Measured) -> dict[str, Any]:
    """Return the measurements, without the lines."""
    found = asdict(measured)
    del found["lines"]
    return found
