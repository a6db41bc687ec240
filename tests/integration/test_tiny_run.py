"""The shortest complete run, for ``./is248 test --quick``: a delivery of eight answers, and a published figure.

In two halves, since a run of every model and rule takes minutes (tests/end_to_end): from a delivery to figures through the
real command, and from figures through the gate to a snapshot.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from orchestration.publish import integrity, pointer
from orchestration.publish.snapshot_files import DATABASE
from tests.conftest import run_command
from tests.integration import publication_kit
from tests.integration.deliveries_kit import FORM, HEADER, ROWS, Kit, csv_text, write_delivery


def test_a_tiny_delivery_is_read_through_the_models_by_the_real_command(kit: Kit, tmp_path: Path) -> None:
    write_delivery(kit.data, "2016", {"export.csv": csv_text(HEADER, ROWS)})
    result = run_command("preview", "2016", "--json", folder=tmp_path, data=kit.data)
    assert result.returncode == 0, result.stderr
    answer = json.loads(result.stdout)
    assert answer["problems"] == []
    (ledger,) = answer["ledger"]
    assert ledger["form"] == FORM["form"]
    assert ledger["read"] == sum(1 for row in [HEADER, *ROWS] for text in row if text)
    assert ledger["read"] == ledger["mapped"] + ledger["ignored"] + ledger["rejected"]
    totals = {(each["unit_level"], each["question"]): each for each in answer["totals"]}
    country = totals["country", "fte_by_service"]
    assert float(country["fte"]) == 1.5 + 1234.5 + 2.25
    assert not (tmp_path / "snapshots").exists()


def test_a_figure_goes_through_the_gate_into_a_whole_snapshot(tmp_path: Path) -> None:
    snapshot = publication_kit.published(tmp_path, by_gate=True)
    assert pointer.current(tmp_path / "snapshots") == snapshot
    assert integrity.damage(snapshot) is None
    with duckdb.connect(str(snapshot / DATABASE), read_only=True) as connection:
        assert connection.execute("select fte from fte_by_service").fetchall() == [(1.5,)]
