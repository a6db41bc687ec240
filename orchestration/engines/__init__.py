"""What computes the models: dbt, and the database engines that it drives.

An engine is a module with a function ``build``, and a line in ``MODULES``; nothing else names it. Belongs here: what an
engine does, and finding it. Does not belong here: calling dbt (``engines.dbt``), SQL (``dbt_project``), or what Dagster
makes of the results (``defs.models``).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from orchestration.core.settings import Settings

# Where each engine is, by the value of the setting ``engine``.
MODULES = {"duckdb": "orchestration.engines.duckdb", "spark": "orchestration.engines.spark"}


class Engine(Protocol):
    """What builds the models and brings their tables into the warehouse."""

    def build(
        self, settings: Settings, selection: Sequence[str], on_progress: Callable[[str], None], *, takes_over: bool = True
    ) -> list[Any]:
        """Build models, run their data tests, and return dbt's result of each.

        The tables are in the warehouse afterwards, whichever engine computed them, with the same types. Unit tests of the
        models run with the test suite, not here.

        Args:
            settings: where the project and its warehouse lie.
            selection: dbt's options of selection; all models without any.
            on_progress: takes a line for each model that is done.
            takes_over: an engine that can may take over models whose inputs are unchanged since the build before.

        Raises:
            UserError: dbt or the engine could not start. Failed tests and models are in the results, for the caller to
            judge.
        """
        ...


def load_engine(name: str) -> Engine:
    """Return an engine by its name in the settings.

    Raises:
        KeyError: there is no such engine.
    """
    return cast(Engine, importlib.import_module(MODULES[name]))
