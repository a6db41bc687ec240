"""Great Expectations' own pages on the suites and on what they find: Data Docs.

They load styles from the web and may show single units, so they are for the people of the project and never part of a
snapshot; what readers get is the page of the gate (``page``).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from orchestration.core.tables import Table
from orchestration.core.warehouse import make_restricted
from orchestration.gate.attack_rules import AttackInputs
from orchestration.gate.checkpoint import opened
from orchestration.gate.rules import STAGES, Rule
from orchestration.gate.suites import SOURCES, Source


def build_data_docs(
    rules: list[Rule], tables: list[Table], databases: dict[Source, Path], attack_inputs: AttackInputs, folder: Path
) -> Path:
    """Run the checkpoints on the files that exist, and write the pages.

    Args:
        rules: all rules.
        tables: the described public tables.
        databases: the file of each source that is judged.
        attack_inputs: what the attack needs.
        folder: where the pages go; what is there is replaced.

    Returns:
        The first page.
    """
    shutil.rmtree(folder, ignore_errors=True)
    make_restricted(folder)
    with opened(rules, tables, databases, attack_inputs=attack_inputs, data_docs=folder) as gate:
        for stage in STAGES:
            if SOURCES[stage] in databases:
                gate.run(stage, rules)
        gate.write_data_docs()
    return folder / "index.html"
