"""DuckDB as the engine of the models: dbt builds in the warehouse itself.

What is made of the same as in the build before is taken over (``dbt_project/macros/taken_over.sql``).

Belongs here: which command of dbt does it. Does not belong here: how dbt is called (``engines.dbt``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orchestration.core.settings import Settings
from orchestration.engines import built, dbt


def build(
    settings: Settings, selection: Sequence[str], tell: Callable[[str], None], *, takes_over: bool = True
) -> list[Any]:
    """Build models and run their data tests in the warehouse; see :class:`orchestration.engines.Engine`."""
    built.forget(settings)
    options = ["--exclude-resource-type", "unit_test", *([] if takes_over else ["--full-refresh"])]
    results = list(dbt.invoke(settings, "build", *options, *selection, tell=tell).result.results)
    if not selection and not any(str(entry.status) in dbt.FAILED for entry in results):
        built.note(settings)
    return results
