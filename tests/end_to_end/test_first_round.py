"""The first round of all, delivered alone: no year before it, no question, no district."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb

from orchestration.core.release_calendar import CALENDAR
from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.registry import load_forms
from orchestration.publish.snapshot_files import DATABASE
from tests.conftest import INPUTS, run_command

DATA = PROJECT_DIR / "data"


def test_the_first_round_is_published_alone(tmp_path: Path) -> None:
    form = min(load_forms(DATA / "forms"), key=lambda each: (each.time_period, each.form))
    data = tmp_path / "data"
    for name in INPUTS:
        shutil.copytree(DATA / name, data / name)
    shutil.copyfile(DATA / CALENDAR, data / CALENDAR)
    shutil.copytree(DATA / "forms" / form.form, data / "forms" / form.form)
    shutil.copytree(DATA / "deliveries" / form.delivery, data / "deliveries" / form.delivery)

    result = run_command("run", folder=tmp_path, data=data)

    assert result.returncode == 0, result.stderr
    snapshot = (tmp_path / "snapshots" / "current").resolve()
    with duckdb.connect(str(snapshot / DATABASE), read_only=True) as connection:
        years = connection.execute("select distinct time_period from fte_by_service where fte is not null").fetchall()
        ((questions,),) = connection.execute("select count(*) from indicator_wordings").fetchall()
    assert (years, questions) == ([(form.time_period,)], 0)
    verdict = json.loads((snapshot / "gate.json").read_text(encoding="utf-8"))
    outcomes = {each["rule"]: each["outcome"] for each in verdict["rules"]}
    assert outcomes["national_total_moves_slowly"] == outcomes["no_answer_of_a_unit_follows"] == "pass"
    assert outcomes["delivered_round_has_total"] == "pass"
