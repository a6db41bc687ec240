"""What do three designs of geography cost, and how long do the search and the attack take?

    .venv/bin/python benchmarks/disclosure.py [--warehouse FILE] [--database FILE] [--designs]

Reads the warehouse and the published database of the project, or those of another run (``benchmarks/scale.py --scale 10
--years 2018 2019 --parts pipeline --folder DIRECTORY`` leaves them in the directory). Runs the search on the warehouse's
tables as if nothing had been published before, and the attack on the database; with ``--designs`` the search for each of the
three designs that docs/use/disclosure.md compares. Prints Markdown tables: groups of units shown over all questions, by
level and by year, CPU seconds, and the peak memory of each step, which runs in its own process.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration.attack import attack
from orchestration.core.settings import load_settings
from orchestration.disclosure import policy
from orchestration.disclosure.suppression import decide
from orchestration.publish.snapshot_files import DATABASE

REPORTED = ["country", "size_group", "health_region", "county"]
WIDER = [("county", "current"), ("health_region", "current"), ("hf_area", "reported")]
WIDEST = [*WIDER, ("hf_area", "current"), ("size_group", "current")]
BASE = [(level, "reported") for level in REPORTED]

# By name: the levels in their order, and whether areas may overlap.
DESIGNS = {
    "all levels, areas may cut each other": ([*BASE, *WIDEST], 1),
    "nested areas (chosen)": ([*BASE, *WIDER], 0),
    "country, region, county, size group": (BASE, 0),
}

COLUMNS = ("unit_level", "area_basis")


def search_inputs(warehouse: Path) -> dict[str, pa.Table]:
    """Return the inputs of the search, with an empty ledger."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:

        def rows(query: str) -> pa.Table:
            return connection.execute(query).to_arrow_table()

        return {
            **{name: rows(f"from intermediate.int_disclosure_{name}") for name in ("tables", "groups", "values", "printed")},
            **{name: rows(f"from disclosure.{name}") for name in ("limits", "levels", "indicators")},
            "unions": rows("from indicators.derived_indicators"),
            "answer_groups": rows("from indicators.answer_groups"),
            **{
                f"published_{name}": rows(f"from history.published_{name} limit 0")
                for name in ("groups", "members", "answers", "states")
            },
        }


def search(warehouse: Path, design: str | None) -> dict[str, Any]:
    """Run the search; return the groups that it shows by level and year, and its cost."""
    inputs = search_inputs(warehouse)
    if design is not None:
        levels, may_cross = DESIGNS[design]
        inputs["levels"] = pa.table(
            {
                "priority": pa.array(range(1, len(levels) + 1), pa.int32()),
                **{name: [level[place] for level in levels] for place, name in enumerate(COLUMNS)},
            }
        )
        limits = [
            row | ({"value": may_cross} if row["parameter"] == "may_areas_cross" else {})
            for row in inputs["limits"].to_pylist()
        ]
        inputs["limits"] = pa.Table.from_pylist(limits, schema=inputs["limits"].schema)
    started = time.process_time()
    decisions = decide(**inputs)
    seconds = time.process_time() - started
    with duckdb.connect() as connection:
        connection.register("decisions", decisions)
        counts = {
            key: connection.execute(
                f"select {key}, count(*), count(*) filter (where decision = 'shown') from decisions "
                "where subject = 'indicator_shares' group by all order by all"
            ).fetchall()
            for key in ("area_basis || ' ' || unit_level", "time_period")
        }
    return {"seconds": seconds, "counts": counts}


def attack_files(database: Path, data: Path) -> dict[str, Any]:
    """Attack a published database; return what was tried and derived, and the cost."""
    started = time.process_time()
    found = attack(database, policy=data / policy.FILE, answer_groups=data / "indicators" / "answer_groups.csv")
    return {"seconds": time.process_time() - started, "derived": found.counts, "allowed": sum(found.allowed.values())}


def _work(connection: Any, step: Callable[..., dict[str, Any]], arguments: tuple[Any, ...]) -> None:
    found = step(*arguments)
    connection.send(found | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20})


def apart(step: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """Run a step in its own process, so that its memory can be measured."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(there, step, arguments))
    process.start()
    there.close()
    found: dict[str, Any] = here.recv()
    process.join()
    return found


def main() -> None:
    """Run the chosen parts and print the tables."""
    settings = load_settings()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--warehouse", type=Path, default=settings.warehouse_file)
    parser.add_argument("--database", type=Path, default=settings.snapshots / "current" / DATABASE)
    parser.add_argument("--designs", action="store_true")
    asked = parser.parse_args()
    print("| step | CPU | memory |\n|---|---|---|")
    found = apart(search, asked.warehouse, None)
    print(f"| search | {found['seconds']:.1f} s | {found['memory']:.2f} GB |")
    attacked = apart(attack_files, asked.database, settings.data)
    print(f"| attack | {attacked['seconds']:.1f} s | {attacked['memory']:.2f} GB |")
    print(f"\nderived: {attacked['derived']}; allowed by policy: {attacked['allowed']}")
    if not asked.designs:
        return
    results = {design: apart(search, asked.warehouse, design) for design in DESIGNS}
    for key in next(iter(results.values()))["counts"]:
        print(f"\n| | all groups | {' | '.join(results)} |\n|---|{'---|' * (len(results) + 1)}")
        for name, total, _ in next(iter(results.values()))["counts"][key]:
            shown = [{row[0]: row[2] for row in each["counts"][key]}[name] for each in results.values()]
            print(f"| {name} | {total:,} | {' | '.join(f'{count:,}' for count in shown)} |")
    print("\n" + "; ".join(f"{design}: {each['seconds']:.1f} s" for design, each in results.items()))


if __name__ == "__main__":
    main()
