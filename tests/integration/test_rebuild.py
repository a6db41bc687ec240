"""Comparing a snapshot with its rebuild: what may differ, and what may not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.warehouse import connect
from orchestration.publish.rebuild import compare
from orchestration.publish.snapshot_files import CHECKSUMS, DATABASE, GATE, GATE_PAGE, write_checksums

TABLE = "totals.csv"


def render(verdict: dict[str, Any]) -> str:
    return f"{verdict['verdict']}: {sum('judged_on' in each for each in verdict['rules'])} taken over\n"


def snapshot(folder: Path, *, judged_on: list[str], failing: int = 0, page: str | None = None) -> Path:
    """Write a snapshot of one table; its verdict has one rule, taken over if ``judged_on`` names a candidate."""
    origin = {"judged_on": judged_on} if judged_on else {}
    proof = {
        "by_rule": [{"rule": "totals_add_up", "verdict": "caught", **({"judged_on": judged_on[0]} if judged_on else {})}]
    }
    verdict = {"verdict": "pass", "rules": [{"rule": "totals_add_up", "failing": failing, **origin}], "proof": proof}
    folder.mkdir()
    (folder / TABLE).write_text("year,fte\n2022,4.0\n", encoding="utf-8")
    (folder / GATE).write_text(json.dumps(verdict), encoding="utf-8")
    (folder / GATE_PAGE).write_text(render(verdict) if page is None else page, encoding="utf-8")
    with connect(folder / DATABASE) as connection:
        connection.execute("create table totals as select 2022 as year, 4.0 as fte")
    write_checksums(folder)
    return folder


def test_where_a_result_was_judged_may_differ(tmp_path: Path) -> None:
    one, other = snapshot(tmp_path / "one", judged_on=["2021-0123456789ab"]), snapshot(tmp_path / "other", judged_on=[])
    assert (one / CHECKSUMS).read_bytes() != (other / CHECKSUMS).read_bytes()
    found = compare(one, other, render)
    assert (found.different, found.equal) == ([], 5)


def _another_result(folder: Path) -> None:
    verdict = json.loads((folder / GATE).read_text(encoding="utf-8"))
    verdict["rules"][0]["failing"] = 1
    (folder / GATE).write_text(json.dumps(verdict), encoding="utf-8")
    (folder / GATE_PAGE).write_text(render(verdict), encoding="utf-8")


def _another_proof(folder: Path) -> None:
    verdict = json.loads((folder / GATE).read_text(encoding="utf-8"))
    verdict["proof"]["by_rule"][0]["verdict"] = "missed"
    (folder / GATE).write_text(json.dumps(verdict), encoding="utf-8")


def _another_page(folder: Path) -> None:
    (folder / GATE_PAGE).write_text("pass: all is well\n", encoding="utf-8")


def _another_table(folder: Path) -> None:
    (folder / TABLE).write_text("year,fte\n2022,5.0\n", encoding="utf-8")


def _no_page(folder: Path) -> None:
    (folder / GATE_PAGE).unlink()


@pytest.mark.parametrize(
    ("change", "different"),
    [
        (_another_result, [GATE]),
        (_another_proof, [GATE]),
        (_another_page, [GATE_PAGE]),
        (_another_table, [CHECKSUMS, TABLE]),
        (_no_page, [CHECKSUMS, GATE_PAGE, GATE]),
    ],
)
def test_nothing_else_may_differ(tmp_path: Path, change: Callable[[Path], None], different: list[str]) -> None:
    one, other = snapshot(tmp_path / "one", judged_on=["2021-0123456789ab"]), snapshot(tmp_path / "other", judged_on=[])
    change(other)
    write_checksums(other)
    assert compare(one, other, render).different == different


def test_a_database_that_differs_is_reported_by_table(tmp_path: Path) -> None:
    one, other = snapshot(tmp_path / "one", judged_on=[]), snapshot(tmp_path / "other", judged_on=[])
    with connect(other / DATABASE) as connection:
        connection.execute("update totals set fte = 5")
    assert compare(one, other, render).different == [f"{DATABASE}: totals"]
