"""How fast is the whole pipeline, how does it scale, and how far is it from the lower limit of the job?

    .venv/bin/python benchmarks/scale.py [--scale 1 10 100] [--years 2016 2018 2019] [--folder DIRECTORY]
        [--parts pipeline one-cell one-year preview unchanged floor pandas start-up queries]
    .venv/bin/python benchmarks/scale.py --guard

Copies the data folder with every unit k times (see ``benchmarks/scaling/generator.py``), runs the real command on it in a
separate process, gate and all formats included, and measures seconds by stage, CPU, memory of all processes together,
delivered cells per second and bytes by format. In the same run, on the same files: one changed year, one corrected cell, the
preview of the newest year, nothing changed, the start-up of Dagster, dbt and Great Expectations alone, the floor
(``benchmarks/scaling/floor.py``: fastest readers, one SQL script, fastest writers; it lists what it leaves out), the same
job in plain pandas, and 200 queries on the published snapshot. Floor and pandas are compared with the published tables,
figure by figure.

Prints Markdown tables and, last, a line of JSON. ``--guard`` measures the smallest size and exits with 1 where a ratio is
above its limit in ``benchmarks/limits.json``; seconds depend on the machine, ratios less so.

The floor packs workbooks with ``isal`` where it is installed (dependency group ``benchmark``), otherwise with Python's own
zlib.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.scaling.edits import change_one_year, correct_one_cell
from benchmarks.scaling.generator import generate
from benchmarks.scaling.measuring import (
    PROJECT,
    Measured,
    Place,
    as_json,
    measure,
    output_sizes,
    run_again,
    run_fresh,
    run_preview,
    start_up,
)
from orchestration.forms.registry import load_forms

PARTS = ("pipeline", "one-cell", "one-year", "preview", "unchanged", "floor", "pandas", "start-up", "queries")
LIMITS = Path(__file__).resolve().parent / "limits.json"
PACKAGES = (
    "dagster",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "pandas",
    "polars",
    "pyarrow",
    "python-calamine",
)
# pandas is measured up to this size.
MOST_PANDAS = 10
MEGABYTE = 1_000_000


def _module(name: str, *arguments: Path | str) -> tuple[Measured, dict[str, Any]]:
    """Run one of the comparisons in a separate process; its last line is JSON."""
    measured = measure([sys.executable, "-m", f"benchmarks.scaling.{name}", *(str(argument) for argument in arguments)])
    found: dict[str, Any] = json.loads(measured.lines[-1])
    return measured, found


def measure_scale(
    factor: int, years: Sequence[int], folder: Path, parts: Sequence[str], on_progress: Callable[[str], None]
) -> dict[str, Any]:
    """Generate inputs of one size and measure the parts on them."""
    place = Place(folder / f"x{factor}")
    found: dict[str, Any] = {"scale": factor}
    if not place.data.exists():
        on_progress(f"x{factor}: inputs ...")
        started = time.perf_counter()
        place.folder.mkdir(parents=True, exist_ok=True)
        generate(PROJECT / "data", place.data, factor, years)
        found["generation_seconds"] = time.perf_counter() - started
    arguments = (place.data, place.warehouse / "warehouse.duckdb")

    def pipeline() -> None:
        found["pipeline"] = as_json(run_fresh(place))
        found["models"] = dict(list(place.model_seconds().items())[:15])
        found["outputs"] = output_sizes(place.snapshot)

    def comparison(name: str, module: str) -> None:
        measured, result = _module(module, *arguments, place.snapshot, place.folder / name)
        found[name] = result | {"cpu_seconds": measured.cpu_seconds, "total": sum(result["seconds"].values())}

    def one_cell() -> None:
        found["corrected"] = correct_one_cell(place)
        found["one_cell"] = as_json(run_again(place))

    def preview() -> None:
        year = max(form.time_period for form in load_forms(place.data / "forms"))
        found["preview"] = {"year": year, **as_json(run_preview(place, year))}

    def one_year() -> None:
        found["changed_delivery"] = change_one_year(place)
        found["one_year"] = as_json(run_again(place))

    works: dict[str, Callable[[], None]] = {
        "pipeline": pipeline,
        "floor": lambda: comparison("floor", "floor"),
        "pandas": lambda: comparison("pandas", "pandas_version"),
        "queries": lambda: found.update(queries=_module("queries", place.snapshot)[1]),
        "unchanged": lambda: found.update(unchanged=as_json(run_again(place))),
        "preview": preview,
        "one-year": one_year,
        "one-cell": one_cell,
    }
    for part, work in works.items():
        if part not in parts or (part == "pandas" and factor > MOST_PANDAS):
            continue
        on_progress(f"x{factor}: {part} ...")
        try:
            work()
        except RuntimeError as error:
            # Keep the earlier measurements.
            found.setdefault("failed", {})[part] = str(error)
            on_progress(str(error))
            if part == "pipeline":
                return found
    found["cells"] = place.count_cells()
    return found


def ratios(found: dict[str, Any], start_up_seconds: float) -> dict[str, float]:
    """Return the ratios of one size; a part that was not measured has none."""
    run = found.get("pipeline", {}).get("seconds")
    result = {}
    if run and "floor" in found:
        result["run_to_floor"] = max(run - start_up_seconds, 0) / found["floor"]["total"]
        result["run_to_floor_with_start_up"] = run / found["floor"]["total"]
    if run and "pandas" in found:
        result["pandas_to_run"] = found["pandas"]["total"] / run
        result["run_to_pandas"] = run / found["pandas"]["total"]
    if run and "one_year" in found:
        result["one_year_to_full"] = found["one_year"]["seconds"] / run
    if run and "one_cell" in found:
        result["one_cell_to_full"] = found["one_cell"]["seconds"] / run
    if run and found.get("cells"):
        result["microseconds_a_cell"] = run / found["cells"] * 1e6
    return result


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return [*lines, *(f"| {' | '.join(row)} |" for row in rows), ""]


def _seconds(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"


def report(results: dict[str, Any]) -> str:
    """Return the measurements as Markdown tables."""
    machine = results["machine"]
    lines = [
        f"Measured on {machine['cores']} cores ({machine['processor']}), {machine['memory_gigabytes']:.0f} GB, "
        f"{machine['system']}, "
        f"Python {machine['python']}, on {results['date']}; repeat with `{results['command']}`.",
        "",
        "Versions: " + ", ".join(f"{name} {number}" for name, number in results["versions"].items()) + ".",
        "",
    ]
    sizes = results["sizes"]
    scales = [f"x{found['scale']}" for found in sizes]

    def each(title: str, value: Callable[[dict[str, Any]], str]) -> list[str]:
        return [title, *(value(found) for found in sizes)]

    def ratio(name: str, digits: int = 1) -> Callable[[dict[str, Any]], str]:
        return lambda found: f"{found['ratios'][name]:.{digits}f}" if name in found["ratios"] else ""

    def of(part: str, name: str) -> Callable[[dict[str, Any]], float | None]:
        return lambda found: found.get(part, {}).get(name)

    def shown(part: str, name: str) -> Callable[[dict[str, Any]], str]:
        return lambda found: _seconds(of(part, name)(found))

    def memory(found: dict[str, Any]) -> str:
        peak = of("pipeline", "peak_megabytes")(found)
        return f"{peak / 1000:.1f} GB" if peak else ""

    def speed(found: dict[str, Any]) -> str:
        seconds = of("pipeline", "seconds")(found)
        return f"{found['cells'] / seconds:,.0f}" if seconds and "cells" in found else ""

    rows = [
        each("Delivered cells", lambda found: f"{found.get('cells', 0):,}"),
        each("Whole run, gate and all formats", shown("pipeline", "seconds")),
        each("CPU", shown("pipeline", "cpu_seconds")),
        each("Peak memory, all processes", memory),
        each("Cells a second", speed),
        each("Outputs", lambda found: f"{sum(found.get('outputs', {}).values()) / MEGABYTE:,.0f} MB"),
        each("One changed year, to the published snapshot", shown("one_year", "seconds")),
        each("One corrected cell, to the published snapshot", shown("one_cell", "seconds")),
        each("Preview of the newest year", shown("preview", "seconds")),
        each("Nothing changed", shown("unchanged", "seconds")),
        each("Floor", shown("floor", "total")),
        each("pandas", shown("pandas", "total")),
        each("Run without start-up, times the floor", ratio("run_to_floor")),
        each("pandas, times the run", ratio("pandas_to_run", 2)),
        each("One changed year, of a whole run", ratio("one_year_to_full", 2)),
        each("One corrected cell, of a whole run", ratio("one_cell_to_full", 2)),
    ]
    lines += _table(["", *scales], rows)
    for part, title in (("pipeline", "Whole run"), ("one_year", "One changed year"), ("one_cell", "One corrected cell")):
        stages = list(dict.fromkeys(name for found in sizes for name in found.get(part, {}).get("stages", {})))
        if stages:
            by_stage = [
                [stage, *(_seconds(found.get(part, {}).get("stages", {}).get(stage)) for found in sizes)] for stage in stages
            ]
            lines += _table([f"{title}, by stage", *scales], by_stage)
    formats = list(dict.fromkeys(name for found in sizes for name in found.get("outputs", {})))
    if formats:
        lines += _table(
            ["Output", *scales],
            [
                [name, *(f"{found.get('outputs', {}).get(name, 0) / MEGABYTE:,.1f} MB" for found in sizes)]
                for name in formats
            ],
        )
    for part, title in (("floor", "Floor"), ("pandas", "pandas")):
        names = list(dict.fromkeys(name for found in sizes for name in found.get(part, {}).get("seconds", {})))
        if not names:
            continue
        of_part = [
            [name, *(_seconds(found.get(part, {}).get("seconds", {}).get(name)) for found in sizes)] for name in names
        ]
        of_part.append(
            ["peak memory", *(f"{found.get(part, {}).get('peak_megabytes', 0) / 1000:.1f} GB" for found in sizes)]
        )
        for name in ("figures equal", "figures different", "marks different"):
            counts = [sum(table[name] for table in found.get(part, {}).get("agree", {}).values()) for found in sizes]
            of_part.append([name, *(f"{count:,}" for count in counts)])
        lines += _table([title, *scales], of_part)
    if any("queries" in found for found in sizes):
        query_rows = [
            [
                name,
                *(
                    f"{found['queries'][name]['median_ms']:.1f} ms ({found['queries'][name]['slowest_twentieth_ms']:.1f})"
                    if "queries" in found
                    else ""
                    for found in sizes
                ),
            ]
            for name in ("DuckDB", "Parquet")
        ]
        lines += _table(["Query, median (slowest twentieth)", *scales], query_rows)
    if results["start_up"]:
        lines += _table(["Start-up by itself", ""], [[name, _seconds(value)] for name, value in results["start_up"].items()])
    slowest = list(sizes[-1].get("models", {}).items())[:10]
    if slowest:
        first = sizes[0].get("models", {})
        lines += _table(
            ["Slowest models and tests", scales[0], scales[-1]],
            [[name, _seconds(first.get(name)), _seconds(value)] for name, value in slowest],
        )
    return "\n".join(lines)


def _machine() -> dict[str, Any]:
    processor = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        names = [
            line.split(":", 1)[1].strip() for line in information.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": processor,
        "memory_gigabytes": memory,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in (*PACKAGES, "isal"):
        try:
            found[name] = version(name)
        except ModuleNotFoundError:  # packages that are not installed are not used
            continue
    return found


def run(scales: Sequence[int], years: Sequence[int], folder: Path, parts: Sequence[str], command: str) -> dict[str, Any]:
    """Measure the parts on each size."""

    def on_progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    results: dict[str, Any] = {
        "command": command,
        "date": time.strftime("%Y-%m-%d"),
        "machine": _machine(),
        "versions": _versions(),
        "start_up": {},
        "sizes": [],
    }
    if "start-up" in parts:
        on_progress("start-up ...")
        results["start_up"] = start_up(folder / "start-up")
    together = sum(seconds for name, seconds in results["start_up"].items() if name.startswith(("all of them", "dbt parse")))
    for factor in scales:
        found = measure_scale(factor, years, folder, parts, on_progress)
        found["ratios"] = ratios(found, together)
        results["sizes"].append(found)
    return results


def above_limits(found: dict[str, Any]) -> list[str]:
    """Return the ratios that are above their limits or were not measured."""
    limits = json.loads(LIMITS.read_text(encoding="utf-8"))["guard"]
    wrong = []
    for name, limit in limits.items():
        value = found["ratios"].get(name)
        if value is None or value > limit:
            wrong.append(f"{name} is {'not measured' if value is None else f'{value:.2f}'}, the limit is {limit:.2f}")
    return wrong


def main() -> None:
    """Measure, print the tables, and check the limits with ``--guard``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--years", type=int, nargs="*", default=[])
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--guard", action="store_true")
    arguments = parser.parse_args()
    scales = [1] if arguments.guard else arguments.scale
    parts = [part for part in PARTS if part in arguments.parts]
    if arguments.guard:
        parts = ["pipeline", "one-cell", "one-year", "floor", "pandas", "start-up"]
    command = " ".join([".venv/bin/python", "benchmarks/scale.py", *sys.argv[1:]])
    with tempfile.TemporaryDirectory() as name:
        folder = (arguments.folder or Path(name)).resolve()
        results = run(scales, arguments.years, folder, parts, command)
        for path in folder.rglob("*") if arguments.folder is None else ():
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)  # folders of snapshots are read-only
    print(report(results))
    print(json.dumps(results))
    if any("failed" in found for found in results["sizes"]):
        sys.exit(1)
    if arguments.guard:
        wrong = above_limits(results["sizes"][0])
        for line in wrong:
            print(f"above the limit: {line}", file=sys.stderr)
        sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
