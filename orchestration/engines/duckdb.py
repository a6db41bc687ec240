"""DuckDB as the engine of the models: dbt builds in the warehouse itself.

Belongs here: which command of dbt does it. Does not belong here: how dbt is called (``engines.dbt``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from orchestration.core.settings import Settings
from orchestration.engines import dbt


def build(settings: Settings, selection: Sequence[str], tell: Callable[[str], None]) -> list[Any]:
    """Build models and run their data tests in the warehouse; see :class:`orchestration.engines.Engine`."""
    return list(dbt.invoke(settings, "build", "--exclude-resource-type", "unit_test", *selection, tell=tell).result.results)
