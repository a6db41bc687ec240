"""Reading the deliveries of survey years into the warehouse, year by year.

Belongs here: which forms a run uses, which years have changed, and reading them one by one. Does not belong here: one
delivery (``deliveries``), or the requests for a year (``defs``).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration.core.warehouse import connect
from orchestration.forms.model import Form
from orchestration.forms.registry import load_finished, require_finished
from orchestration.ingest import deliveries, registry
from orchestration.ingest.data_packages import count_municipalities


class Sources(NamedTuple):
    """Where deliveries and forms lie, and what they are read into.

    ``data`` is the folder of the inputs, ``archive`` keeps an unchanged copy of every delivered file, and ``warehouse`` is
    the DuckDB file.
    """

    data: Path
    forms: Path
    deliveries: Path
    archive: Path
    warehouse: Path


class YearRead(NamedTuple):
    """The result of reading the deliveries of a year.

    ``forms`` says of each form whether it was read, unchanged or not delivered; ``rows`` how many rows each raw table has of
    the year; ``seconds`` how long it took.
    """

    year: int
    forms: dict[str, str]
    rows: dict[str, int]
    seconds: float


def finished_forms(sources: Sources, years: Collection[int] | None) -> list[Form]:
    """Return the forms that a run of some survey years, or of all where None, uses.

    The draft of another year does not block a run; the draft of a year that was read before does, as the year would drop
    out.

    Raises:
        UserError: a needed form is not finished, or in a run of all years a delivery has no form.
    """
    forms, unfinished = load_finished(sources.forms)
    if unfinished:
        with connect(sources.warehouse) as connection:
            require_finished(forms, unfinished, years, deliveries.read_by(connection))
    if years is None:
        deliveries.check_folders(forms, sources.deliveries)
    return forms


def left_out(sources: Sources, forms: list[Form]) -> list[str]:
    """Return which deliveries a run of some years leaves out, a line each."""
    return [
        f"left out: {path.name}, which no finished form describes"
        for path in deliveries.undescribed(forms, sources.deliveries)
    ]


def load_forms_into(warehouse: Path, forms: list[Form]) -> None:
    """Write the form registry into the warehouse, and create its raw tables if missing."""
    with connect(warehouse) as connection:
        deliveries.prepare_tables(connection, forms)
        registry.load_registry(connection, forms)


def changed_years(sources: Sources, forms: list[Form]) -> list[int]:
    """Return the years with a delivery that is new, changed or gone since it was read."""
    with connect(sources.warehouse) as connection:
        deliveries.prepare_tables(connection, forms)
        return sorted({form.time_period for form in forms if deliveries.is_changed(connection, form, sources.deliveries)})


def read_years(sources: Sources, forms: list[Form], years: Iterable[int], *, again: bool = False) -> Iterator[YearRead]:
    """Read the deliveries of some years, one by one; each year that was yielded is kept, even if the next one fails.

    Args:
        sources: where the deliveries and the warehouse lie.
        forms: all forms.
        years: the survey years.
        again: also read what is unchanged.

    Raises:
        UserError: a delivery is refused; nothing of its year was changed.
    """
    municipalities = count_municipalities(sources.data)
    load_forms_into(sources.warehouse, forms)
    with connect(sources.warehouse) as connection:
        for year in years:
            started = time.monotonic()
            outcomes = {
                form.form: deliveries.ingest(
                    connection,
                    form,
                    forms=forms,
                    deliveries=sources.deliveries,
                    archive_folder=sources.archive,
                    municipalities=municipalities,
                    again=again,
                )
                for form in forms
                if form.time_period == year
            }
            yield YearRead(year, outcomes, _count_rows(connection, outcomes), time.monotonic() - started)


def _count_rows(connection: duckdb.DuckDBPyConnection, forms: Collection[str]) -> dict[str, int]:
    rows = {}
    for table in deliveries.TABLES:
        row = connection.execute(
            f"select count(*) from raw.{table} where form in (select unnest(?::varchar[]))", [list(forms)]
        ).fetchone()
        rows[table] = int(row[0]) if row else 0
    return rows
