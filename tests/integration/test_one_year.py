"""A run of one survey year, with and without the other years in the warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.warehouse import connect
from orchestration.defs import runs
from orchestration.defs.runs import HELD, Published, refresh
from tests.integration.deliveries_kit import COLUMNS, HEADER, OPTIONS, csv_text, make_kit, write_delivery, write_form
from tests.integration.test_preview import answered, form


def test_a_run_of_one_year_needs_the_others_in_the_warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = make_kit(tmp_path)
    for year in (2015, 2016):
        write_form(kit.data, form(year), COLUMNS, OPTIONS)
        write_delivery(kit.data, str(year), {"export.csv": csv_text(HEADER, [answered(1, "0101", "Halden", year, "1")])})
    asked: list[str] = []

    def run(settings: object, job: str, *arguments: object) -> Published:
        asked.append(job)
        return Published(None, False, None, (HELD,))

    monkeypatch.setattr(runs, "_run", run)
    with pytest.raises(
        UserError, match=r"does not have 2015 yet, and a run of one year reads no other year; \./is248 run reads all"
    ):
        refresh(kit.settings, year=2016, hold=True)
    assert asked == []
    # A run of all years reads them.
    refresh(kit.settings, hold=True)
    with connect(kit.settings.warehouse_file) as connection:
        connection.execute("create schema if not exists raw")
        connection.execute("create or replace table raw.deliveries as select 'survey_2015' as form")
    refresh(kit.settings, year=2016, hold=True)
    # A year without its delivery cannot be read.
    (kit.data / "deliveries" / "2015" / "export.csv").unlink()
    (kit.data / "deliveries" / "2015").rmdir()
    with connect(kit.settings.warehouse_file) as connection:
        connection.execute("delete from raw.deliveries")
    refresh(kit.settings, year=2016, hold=True)
    assert len(asked) == 3
