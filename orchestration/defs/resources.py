"""What the assets work with, as Dagster's resources: the installation, its dbt project, and the right to write.

Belongs here: what a run is given, shown under Resources in Dagster's user interface. Does not belong here: how settings are
read (``core.settings``), how dbt is called (``engines``), or what an asset does with them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from orchestration.core.settings import Settings
from orchestration.core.warehouse import run_lock
from orchestration.defs import changed_code
from orchestration.engines import load_engine
from orchestration.ingest.years import Sources
from orchestration.publish import pointer
from orchestration.publish.provenance import inputs_hash

# The tag of a run that takes over no earlier results.
NOTHING_TAKEN_OVER = {"is248/taken_over": "nothing"}

# How long a run that Dagster starts waits for one of the command line, in seconds.
PATIENCE = 3600


class Installation(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where inputs, warehouse and snapshots lie, and what is published. Secrets are not shown: the environment has them."""

    data: str
    warehouse: str
    snapshots: str
    channel: str
    formats: str
    engine: str
    spark_master: str
    spark_folder: str
    spark_options: str

    @classmethod
    def of(cls, settings: Settings) -> "Installation":
        """Return the installation that settings describe."""
        return cls(
            data=str(settings.data),
            warehouse=str(settings.warehouse),
            snapshots=str(settings.snapshots),
            channel=settings.channel,
            formats=settings.formats,
            engine=settings.engine,
            spark_master=settings.spark_master,
            spark_folder=str(settings.spark),
            spark_options=settings.spark_options,
        )

    @property
    def settings(self) -> Settings:
        """The settings, with the secrets of the environment."""
        return Settings(
            data_dir=Path(self.data),
            warehouse_dir=Path(self.warehouse),
            snapshots_dir=Path(self.snapshots),
            channel=self.channel,  # type: ignore[arg-type]
            formats=self.formats,
            engine=self.engine,  # type: ignore[arg-type]
            spark_master=self.spark_master,
            spark_dir=Path(self.spark_folder),
            spark_options=self.spark_options,
        )

    @property
    def warehouse_file(self) -> Path:
        """The DuckDB file of the warehouse."""
        return self.settings.warehouse_file

    @property
    def sources(self) -> Sources:
        """Where deliveries are read from, and into."""
        settings = self.settings
        return Sources(
            data=settings.data,
            forms=settings.forms,
            deliveries=settings.deliveries,
            archive=settings.archive,
            warehouse=settings.warehouse_file,
        )


class Writer(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The right to write warehouse and snapshots, which one run has at a time; held for the whole run."""

    installation: Installation
    # The process already holds the lock: the command line takes it before anything else.
    is_held: bool = False

    _inputs: str = PrivateAttr(default="")
    _takes_over: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Writer"]:
        """Take the lock, and record the inputs that the run starts from."""
        settings = self.installation.settings
        with nullcontext() if self.is_held else run_lock(settings.warehouse, patience=PATIENCE):
            # Before minutes of work, not after them.
            pointer.current(settings.snapshots)
            self._inputs = inputs_hash(settings)
            tags = context.run.tags if context.run is not None else {}
            # Official statistics never depend on remembered results.
            self._takes_over = settings.channel != "official" and not NOTHING_TAKEN_OVER.items() <= tags.items()
            try:
                yield self
            finally:
                changed_code.forget(settings)

    @property
    def inputs(self) -> str:
        """The hash of the inputs at the start: a run whose inputs changed meanwhile is not recorded as made from them."""
        return self._inputs

    @property
    def takes_over(self) -> bool:
        """Whether results of equal inputs are taken over: models, files, judgements."""
        return self._takes_over


class Dbt(dg.ConfigurableResource):  # type: ignore[type-arg]
    """The dbt project of the installation, called in the process of the run: a start of dbt costs more than most models."""

    installation: Installation

    def build(self, selection: list[str], on_progress: Callable[[str], None], *, takes_over: bool) -> list[Any]:
        """Build models, run data tests, and return dbt's result of each; see :class:`orchestration.engines.Engine`."""
        settings = self.installation.settings
        return load_engine(settings.engine).build(settings, selection, on_progress, takes_over=takes_over)
