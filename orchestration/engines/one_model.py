"""One model with its tests, for the developer who is changing it.

Belongs here: finding the model, making it in the warehouse of the last run, and its test results. Does not belong here: what
a run makes (``defs.models``), or what blocks a publication (``gate``).
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import run_lock
from orchestration.engines import dbt

MODEL, TESTS = "model", ("unit_test", "test")
FINE = ("success", "pass")


@dataclass(frozen=True)
class Outcome:
    """The outcome of the model, or of one of its tests.

    Attributes:
        name: the name in dbt.
        kind: model, unit_test or test (a data test).
        holds: whether the model was made, or the test found nothing.
        message: dbt's message.
    """

    name: str
    kind: str
    holds: bool
    message: str


def require_model(settings: Settings, name: str) -> None:
    """Refuse an unknown model name; the error suggests the nearest one.

    Raises:
        UserError: there is no such model.
    """
    nodes = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))["nodes"].values()
    names = sorted(node["name"] for node in nodes if node["resource_type"] == MODEL)
    if name in names:
        return
    nearest = difflib.get_close_matches(name, names, n=1, cutoff=0)
    raise UserError(f"there is no model {name!r}", place="dbt_project/models", remedy=f"the nearest name is {nearest[0]}")


def make(settings: Settings, name: str) -> list[Outcome]:
    """Make one model in the warehouse of the last run, with its unit tests and data tests; all others are not changed.

    Raises:
        UserError: there is no such model or no warehouse, another run is active, or dbt cannot start.
    """
    require_model(settings, name)
    if not settings.warehouse_file.is_file():
        raise UserError("there is no warehouse yet", place=str(settings.warehouse_file), remedy="make one with ./is248 run")
    with run_lock(settings.warehouse):
        results = dbt.invoke(settings, "build", "--select", name).result.results
    return [
        Outcome(
            entry.node.name,
            str(entry.node.resource_type),
            str(entry.status) in FINE,
            " ".join(str(entry.message or entry.status).split()),
        )
        for entry in results
        if str(entry.node.resource_type) in (MODEL, *TESTS)
    ]
