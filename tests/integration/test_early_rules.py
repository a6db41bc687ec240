"""Lost answers stop a run before any model is built; the early verdict equals that of the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.warehouse import connect
from orchestration.gate import early_rules
from orchestration.gate.judging import early_file, judge_early
from orchestration.gate.proposals import PROPOSERS
from orchestration.gate.rules import load_rules
from orchestration.ingest import decisions
from orchestration.ingest.data_packages import load_all
from orchestration.publish import rolls
from tests.integration.deliveries_kit import (
    COLUMNS,
    FORM,
    HEADER,
    OPTIONS,
    Kit,
    csv_text,
    make_kit,
    write_delivery,
    write_form,
)

ANSWERED = [["1", "0101", "Halden", "", "01.04.2016", "1", "1,5", "2", "", "1", "1", ""]]
OTHER = "survey_2015"


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    """Two years that were read: 2016 in another version than the published one, without Moss; 2015 unchanged."""
    made = make_kit(tmp_path)
    described = {**FORM, "form": OTHER, "time_period": 2015, "collection_year": 2015, "delivery": "2015"}
    write_form(made.data, described, COLUMNS, OPTIONS)
    write_delivery(made.data, "2016", {"export.csv": csv_text(HEADER, ANSWERED)})
    before = [[cell.replace("2016", "2015") for cell in row] for row in ANSWERED]
    write_delivery(made.data, "2015", {"export.csv": csv_text(HEADER, before)})
    with connect(made.settings.warehouse_file) as connection:
        load_all(connection, made.data)
        decisions.load(connection, made.data)
        made.read(connection)
        rolls.prepare_tables(connection)
        about = "'fte_by_service', 'work_measures', 'adults', 'joint'"
        connection.execute(
            f"insert into history.answer_rolls select form, sha256(sha256), '0101', {about} from raw.files where form = ?",
            [OTHER],
        )
        for unit in ("0101", "0104"):
            connection.execute(
                f"insert into history.answer_rolls values ('survey_2016', repeat('ab', 32), '{unit}', {about})"
            )
    yield made
    assert not list((made.settings.warehouse / "early").glob("*.duckdb*"))


def test_a_version_that_is_the_published_one_has_not_come_again(kit: Kit) -> None:
    assert early_rules.redelivered_forms(kit.settings.warehouse_file) == ["survey_2016"]
    assert early_rules.redelivered_forms(kit.settings.warehouse / "none.duckdb") == []


def test_units_whose_answers_are_gone_are_refused_and_the_entry_is_proposed(kit: Kit) -> None:
    (found,) = judge_early(kit.settings)
    assert (found.rule, found.outcome, found.blocks, found.failing) == ("lost_answers_are_signed", "fail", True, 1)
    assert [row["unit_code"] for row in found.rows] == ["0104"]
    (entry,) = yaml.safe_load((kit.settings.proposals / "redeliveries/2016.yml").read_text(encoding="utf-8"))
    assert (entry["year"], entry["units"]) == (2016, ["0104"])
    (kept,) = json.loads(early_file(kit.settings.stage_results).read_text(encoding="utf-8"))
    assert kept["rule"] == found.rule
    with connect(kit.settings.warehouse_file) as connection:
        # A signed loss is accepted, and nothing is built from the deliveries in the warehouse itself.
        connection.execute(
            "insert into decisions.redeliveries values ('2016.yml:1', 2016, ?, '0104', 'a', 'b', '2016-06-14')",
            [entry["delivery"]],
        )
        assert connection.execute("select count(*) from duckdb_tables() where schema_name = 'intermediate'").fetchone() == (
            0,
        )
    assert [each.outcome for each in judge_early(kit.settings)] == ["pass"]


def test_where_nothing_came_again_nothing_is_judged(kit: Kit) -> None:
    with connect(kit.settings.warehouse_file) as connection:
        connection.execute("delete from history.answer_rolls where form = 'survey_2016'")
    assert judge_early(kit.settings) == [] and not early_file(kit.settings.stage_results).exists()


def test_every_early_rule_is_one_of_the_warehouse_and_stops_the_run() -> None:
    rules = {rule.id: rule for rule in load_rules(PROJECT_DIR / "expectations" / "rules")}
    for name in early_rules.RULES:
        assert rules[name].stage == "warehouse" and rules[name].stops_the_run and name in PROPOSERS
        assert rules[name].table in early_rules.RULES[name]
