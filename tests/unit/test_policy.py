"""The disclosure policy: the bundled file covers every indicator, and a mistake in it is reported in one line."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.disclosure import policy

DATA = PROJECT_DIR / "data"


def catalogue() -> set[str]:
    with (DATA / "indicators" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        return {row["indicator"] for row in csv.DictReader(file)}


def written(folder: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Write the bundled policy, changed, into a folder of inputs."""
    content = yaml.safe_load((DATA / policy.FILE).read_text(encoding="utf-8"))
    change(content)
    path = folder / policy.FILE
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def test_the_bundled_policy_is_valid() -> None:
    found = policy.load_policy(DATA)
    assert found.minimum_units >= 3
    assert found.uniform_groups.sensitive > found.uniform_groups.ordinary >= found.minimum_units


def test_every_indicator_of_answers_is_ordinary_or_sensitive_and_none_is_both() -> None:
    found = policy.load_policy(DATA)
    sensitive = {name for names in found.sensitive.values() for name in names}
    ordinary = set(found.ordinary)
    assert not sensitive & ordinary
    # FTE are public for single units.
    assert sensitive | ordinary == {name for name in catalogue() if not name.startswith("fte_")}


def test_no_indicator_and_no_level_stands_twice_in_a_list() -> None:
    found = policy.load_policy(DATA)
    for names in (found.ordinary, *found.sensitive.values(), found.levels):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(minimum_unit=content.pop("minimum_units")), "minimum_units: Field required"),
        (lambda content: content.update(colour="red"), "colour: Extra inputs are not permitted"),
        (lambda content: content["uniform_groups"].pop("sensitive"), "uniform_groups.sensitive: Field required"),
        (lambda content: content.update(minimum_units=1), "minimum_units"),
        (lambda content: content.update(routed_questions="shown"), "routed_questions"),
        (lambda content: content.update(crossing_areas="shown"), "crossing_areas"),
        (lambda content: content["levels"][1].update(unit_level="municipality"), "levels.1.unit_level"),
        (
            lambda content: content["ordinary"].append("police_cooperation"),
            "listed as both sensitive and ordinary: police_cooperation",
        ),
        (lambda content: content["levels"].reverse(), "the country is the first level"),
        (lambda content: content["levels"].clear(), "levels"),
    ],
)
def test_a_mistake_in_the_policy_is_reported_in_one_line_with_file_and_remedy(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    path = written(tmp_path, change)
    with pytest.raises(UserError) as error:
        policy.load_policy(tmp_path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert (error.value.place, error.value.remedy) == (str(path), policy.DOCUMENTATION)


@pytest.mark.parametrize("content", [None, b"", b"version: [1", b"- a list", b"\xff\xfe"])
def test_a_policy_that_cannot_be_read_is_reported_in_one_line_with_file_and_remedy(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / policy.FILE
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError) as error:
        policy.load_policy(tmp_path)
    assert "\n" not in str(error.value)
    assert (error.value.place, error.value.remedy) == (str(path), policy.DOCUMENTATION)


def test_the_warehouse_has_the_policy_as_tables_and_has_them_anew_each_time() -> None:
    with duckdb.connect() as connection:
        for _ in range(2):
            counts = policy.load(connection, DATA)
        limits = dict(connection.execute(f"from {policy.SCHEMA}.limits").fetchall())
        levels = connection.execute(f"from {policy.SCHEMA}.levels order by priority").fetchall()
        sensitivity = dict(connection.execute(f"from {policy.SCHEMA}.indicators").fetchall())
    found = policy.load_policy(DATA)
    assert limits == found.limits()
    assert levels == [(number, each.unit_level, each.area_basis) for number, each in enumerate(found.levels, start=1)]
    assert {name for name, kind in sensitivity.items() if kind == policy.ORDINARY} == set(found.ordinary)
    # An indicator that is sensitive for two reasons is in the table once.
    assert counts == {"limits": len(limits), "levels": len(levels), "indicators": len(catalogue()) - 4}
