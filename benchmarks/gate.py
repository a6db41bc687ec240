"""How long the gate takes beside the models that it judges: the rules of each stage, the attack, the seeded faults.

    .venv/bin/python benchmarks/gate.py

Needs a warehouse and a snapshot (``./is248 run``). Works on copies; nothing is published. Great Expectations is imported
before the clock starts. Times are wall-clock seconds of one run.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import great_expectations as gx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from orchestration import dbt
from orchestration.assets.checks import circumstances
from orchestration.assets.publication import judged_files
from orchestration.disclosure.attack import attack
from orchestration.disclosure.ledger import ADDITIONS, write_additions
from orchestration.gate import expectations
from orchestration.gate.proof import prove
from orchestration.gate.rules import load_rules
from orchestration.gate.verdict import judge, judge_stage
from orchestration.publish.candidate import build
from orchestration.publish.layout import DATABASE
from orchestration.publish.release import load_catalogue
from orchestration.settings import load_settings
from orchestration.tables import load_tables


def timed(title: str, work: Callable[[], object]) -> float:
    """Run a piece of work and print its time."""
    start = time.perf_counter()
    work()
    seconds = time.perf_counter() - start
    print(f"{title:42} {seconds:7.1f} s", flush=True)
    return seconds


def main() -> None:
    """Time models and rules on copies of the warehouse."""
    assert gx.__version__ and expectations.__doc__  # imported, and with that out of the measurement
    found = load_settings()
    with tempfile.TemporaryDirectory() as folder:
        settings = found.model_copy(
            update={"warehouse_dir": Path(folder) / "warehouse", "snapshots_dir": Path(folder) / "snapshots"}
        )
        settings.warehouse.mkdir()
        shutil.copyfile(found.warehouse_file, settings.warehouse_file)
        dbt.prepare(settings)
        dbt.invoke(settings, "parse")
        rules, tables, today = load_rules(settings.rules), load_tables(settings.metadata), circumstances(settings)
        build_all = ("build", "--exclude-resource-type", "unit_test")
        models = timed("models and their data tests", lambda: dbt.invoke(settings, *build_all))
        gate = timed("rules on deliveries", lambda: judge_stage("delivery", rules, settings.warehouse_file, today))
        gate += timed("rules on the warehouse", lambda: judge_stage("warehouse", rules, settings.warehouse_file, today))
        candidate = build(
            settings.warehouse_file, tables, settings.candidates, catalogue=load_catalogue(settings.metadata), formats=()
        )
        additions = candidate.path.parent / f"{candidate.id}{ADDITIONS}"
        write_additions(settings.warehouse_file, additions)
        plain = [rule for rule in rules if rule.kind != "attack"]
        gate += timed("rules on the candidate, without the attack", lambda: judge(plain, tables, candidate, [], today))
        timed("attack", lambda: attack(candidate.path / DATABASE, additions, settings.snapshots))
        timed("seeded faults", lambda: prove(rules, tables, judged_files(settings, candidate)))
        print(f"the rules take {gate / models:.2f} of the time of the models")


if __name__ == "__main__":
    main()
