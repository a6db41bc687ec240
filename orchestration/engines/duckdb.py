"""DuckDB as the engine of the models: dbt builds in the warehouse itself.

Models whose inputs are unchanged since the build before are taken over: those downstream of no changed source without asking
dbt (``unchanged_models``), others by dbt itself (``dbt_project/macros/taken_over.sql``).

Belongs here: which command of dbt does it. Does not belong here: how dbt is called (``engines.dbt``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orchestration.core.settings import Settings
from orchestration.engines import build_record, compiled, dbt, unchanged_models


def build(
    settings: Settings, selection: Sequence[str], on_progress: Callable[[str], None], *, takes_over: bool = True
) -> list[Any]:
    """Build models and run their data tests in the warehouse; see :class:`orchestration.engines.Engine`."""
    known = unchanged_models.find(settings) if takes_over and not selection else None
    build_record.forget(settings)
    results: list[Any] = []
    if known is None or known.selection:
        options = ["--exclude-resource-type", "unit_test", *([] if takes_over else ["--full-refresh"])]
        asked = selection if known is None else known.selection
        results += dbt.invoke(settings, "build", *options, *asked, on_progress=on_progress).result.results
    if not selection and not any(str(entry.status) in dbt.FAILED for entry in results):
        build_record.note(settings, None if known is None else known.sources)
        if known is None:
            models = [entry.node for entry in results if entry.node.resource_type == "model"]
            compiled.keep(settings, {node.unique_id: node.to_dict() for node in models})
    return [*known.results, *results] if known is not None else results
