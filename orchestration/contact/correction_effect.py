"""The effect of corrections on the figures before anybody signs them: the year is computed without and with them.

The models of a run compute it, in a warehouse that is never published. Belongs here: both computations, their difference.
Does not belong here: what follows from an answer (``control.answers``) and reading a year (``preview``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from orchestration.core.settings import Settings
from orchestration.core.warehouse import dictionaries, make_restricted
from orchestration.preview.reading import read

_MODELS = ("int_counted_answers", "int_fte_reported", "int_units")

_COUNTED = """
    with units as (
        select distinct unit_code, unit_name, county_code from intermediate.int_units where time_period = $year
    ),
    fte as (
        select question, target_group, unit_code, county_code, fte
        from intermediate.int_fte_reported left join units using (unit_code) where time_period = $year
    ),
    options as (
        select question, item, answer, target_group, unit_code
        from intermediate.int_counted_answers where time_period = $year and answer is not null
    )
    select 'country' as unit_level, '0' as unit_code, question, '' as answer, target_group,
        sum(fte)::decimal(18, 6) as figure
    from fte group by question, target_group
    union all
    select 'county', county_code, question, '', target_group, sum(fte) from fte where county_code is not null group by all
    union all
    select 'unit', unit_code, question, '', target_group, sum(fte) from fte group by all
    union all
    select 'country', '0', concat_ws(' ', question, nullif(item, 'all')), answer, target_group,
        count(distinct unit_code)::decimal(18, 6)
    from options group by all
"""

_DIFFERENT = """
    select unit_level, unit_code, question, answer, target_group, earlier.figure as before, later.figure as after
    from earlier full join later using (unit_level, unit_code, question, answer, target_group)
    where earlier.figure is distinct from later.figure
    order by unit_level, unit_code, question, answer, target_group
"""


@dataclass(frozen=True)
class Difference:
    """A figure without and with the corrections; None where the figure does not exist.

    FTE of the country, a county (``unit_code`` is its code) or a unit; with an ``answer``, the number of units in the
    country that gave it.
    """

    unit_level: str
    unit_code: str
    question: str
    answer: str
    target_group: str
    before: Decimal | None
    after: Decimal | None


def estimate_effect(settings: Settings, year: int, corrections: Sequence[Mapping[str, Any]]) -> tuple[Difference, ...]:
    """Return the figures that corrections of a year would change: reported FTE, and numbers of units by answer.

    The inputs are not changed.

    Args:
        settings: where inputs and deliveries lie.
        year: the survey year.
        corrections: entries in the form of ``data/corrections``.

    Raises:
        UserError: the year cannot be read.
    """
    if not corrections:
        return ()
    make_restricted(settings.warehouse)
    with tempfile.TemporaryDirectory(dir=settings.warehouse) as temporary:
        with_them = _with_corrections(settings, Path(temporary), year, corrections)
        before = _counted(settings, year, settings.deliveries)
        after = _counted(with_them, year, settings.deliveries)
    with duckdb.connect() as connection:
        connection.register("earlier", before)
        connection.register("later", after)
        return tuple(Difference(**row) for row in dictionaries(connection, _DIFFERENT))


def _with_corrections(settings: Settings, folder: Path, year: int, corrections: Sequence[Mapping[str, Any]]) -> Settings:
    """Return settings whose inputs are links to the existing ones, plus the corrections."""
    for path in settings.data.iterdir():
        if path.name != "corrections":
            (folder / path.name).symlink_to(path.resolve())
    drafted = folder / "corrections"
    drafted.mkdir()
    for path in (settings.data / "corrections").glob("*.yml"):
        (drafted / path.name).symlink_to(path.resolve())
    text = yaml.safe_dump([dict(entry) for entry in corrections], allow_unicode=True, sort_keys=False)
    (drafted / f"{year}_drafted.yml").write_text(text, encoding="utf-8")
    return settings.model_copy(update={"data_dir": folder, "warehouse_dir": settings.warehouse})


def _counted(settings: Settings, year: int, deliveries: Path) -> pa.Table:
    with read(settings, year, deliveries, _MODELS) as (_, connection):
        return connection.execute(_COUNTED, {"year": year}).to_arrow_table()
