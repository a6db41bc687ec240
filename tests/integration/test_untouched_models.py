"""A build asks dbt only about descendants of changed sources, and gives the same result as a build of all models.

The tiny project of ``test_taken_over_models``, built by the engine as in a run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.engines import dbt
from orchestration.engines import duckdb as engine
from tests.integration.test_taken_over_models import MODELS, ROWS, Tiny

EVERYTHING = {name.partition(".")[0] for name in MODELS}
OF_YEARS = {"int_totals", "int_halves", "mart_totals"}


def edit_compiled(place: Place, change: Callable[[str], str]) -> None:
    """Change the file of the compiled models."""
    path = place.settings.dbt_target / "compiled_models.json"
    text = path.read_text(encoding="utf-8")
    assert change(text) != text
    path.write_text(change(text), encoding="utf-8")


class Place:
    """The tiny project with a warehouse of the engine, and the nodes that dbt was asked about in the last build."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        project = folder / "project"

        class TinySettings(Settings):
            @property
            def dbt_project(self) -> Path:
                return project

        self.settings = TinySettings(warehouse_dir=folder / "warehouse")
        self.settings.warehouse.mkdir(parents=True)
        self.tiny = Tiny(project, self.settings.warehouse_file)
        self.asked: set[str] = set()
        invoke = dbt.invoke

        def listen(settings: Settings, *arguments: str, **options: Any) -> Any:
            result = invoke(settings, *arguments, **options)
            if "build" in arguments:
                self.asked |= {each.node.name for each in result.result.results if each.node.resource_type == "model"}
            return result

        patch.setattr(dbt, "invoke", listen)

    def build(self, **options: bool) -> list[Any]:
        self.asked = set()
        results = engine.build(self.settings, [], lambda line: None, **options)
        nodes = [each.node for each in results if each.node.resource_type in ("model", "test")]
        # Each node once, and each model after its inputs: Dagster records the versions of the inputs of a table.
        assert len({node.unique_id for node in nodes}) == len(nodes) == len(MODELS) + 2
        names = [node.name for node in nodes if node.resource_type == "model"]
        assert names.index("int_even") > names.index("stg_cells") and names.index("mart_totals") > names.index("int_halves")
        return results


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Built once, asking about all nodes."""
    with pytest.MonkeyPatch.context() as patch:
        # The real project's descriptions do not belong to this one.
        patch.setattr(dbt, "write_descriptions", lambda settings: None)
        made = Place(tmp_path_factory.mktemp("untouched"), patch)
        made.build()
        assert made.asked == EVERYTHING
        yield made


@pytest.fixture
def place(made: Place) -> Iterator[Place]:
    """A copy of the first build; a test may change everything."""
    yield made
    for name, text in MODELS.items():
        if made.tiny.read(name) != text:
            made.tiny.write(name, text)
    made.tiny.load(ROWS)
    made.build()


def test_where_nothing_changed_dbt_is_not_asked(place: Place) -> None:
    before = place.tiny.contents()
    results = place.build()
    assert place.asked == set()
    assert {str(each.status) for each in results} == {"success", "pass"}
    assert all(each.message.startswith(dbt.TAKEN_OVER) for each in results)
    compiled = {each.node.name: each.node.compiled_code for each in results}
    assert "sum(even.value)" in compiled["int_totals"]
    assert place.tiny.contents() == before


def test_what_comes_of_a_changed_source_is_asked_about_and_nothing_else(place: Place) -> None:
    place.tiny.load(ROWS, (2001,))
    results = place.build()
    assert place.asked == OF_YEARS
    assert {each.node.name for each in results if str(each.message).startswith(dbt.TAKEN_OVER)} >= EVERYTHING - OF_YEARS
    place.build()
    assert place.asked == set()


@pytest.mark.parametrize(
    "change",
    [
        lambda place: place.tiny.sql("update main.int_odd set value = 7 where unit = 1"),
        lambda place: place.tiny.sql(
            "create or replace view main.stg_cells as select unit, year, value + 1 as value from raw.cells"
        ),
        lambda place: place.tiny.sql("drop table main.mart_odd"),
        lambda place: place.tiny.sql("drop view main.stg_cells"),
        lambda place: place.tiny.sql("drop table main.mart_odd", "create view main.mart_odd as select 1 as unit"),
        lambda place: place.tiny.sql("delete from made.relations where relation like '%int_odd'"),
        lambda place: place.tiny.sql("drop schema made cascade"),
        lambda place: place.tiny.write("mart_odd.sql", MODELS["mart_odd.sql"] + " order by unit"),
        lambda place: (place.settings.dbt_target / "compiled_models.json").unlink(),
        lambda place: edit_compiled(place, lambda text: text[: len(text) // 2]),
        lambda place: edit_compiled(place, lambda text: text.replace("even.value", "even.unit")),
        # A partial build records nothing.
        lambda place: engine.build(place.settings, ["--select", "mart_odd"], lambda line: None),
    ],
    ids=[
        "value by hand",
        "view by hand",
        "table lost",
        "view lost",
        "view instead",
        "no record",
        "no records",
        "query",
        "nothing compiled",
        "cut off",
        "compiled otherwise",
        "a part was built",
    ],
)
def test_where_anything_is_not_known_everything_is_asked_about(place: Place, change: Callable[[Place], None]) -> None:
    before = place.tiny.contents()
    change(place)
    place.build()
    assert place.asked == EVERYTHING
    assert place.tiny.contents() == before


def test_a_data_test_is_compiled_again_where_its_sql_is_gone(place: Place) -> None:
    written = place.tiny.folder / "tests" / "nothing_is_negative.sql"
    written.write_text("select * from {{ ref('mart_odd') }} where odd < 0", encoding="utf-8")
    for _ in range(2):
        engine.build(place.settings, [], lambda line: None)
        (compiled,) = (place.settings.dbt_target / "compiled").rglob(written.name)
        compiled.unlink()
    written.unlink()


def test_another_program_is_asked_about_everything(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.engines.build_record.code_hash", lambda: "another program")
    place.build()
    assert place.asked == EVERYTHING


def test_where_nothing_is_to_be_taken_over_everything_is_made(place: Place) -> None:
    results = place.build(takes_over=False)
    assert place.asked == EVERYTHING
    assert not [each for each in results if str(each.message).startswith(dbt.TAKEN_OVER)]


def test_a_data_test_that_found_rows_finds_them_again(place: Place) -> None:
    place.tiny.write("mart_odd.sql", MODELS["mart_odd.sql"] + " union all " + MODELS["mart_odd.sql"])
    for _ in range(3):
        results = place.build()
        failed = [each for each in results if str(each.status) == "fail"]
        assert [each.node.name.partition("_unit")[0] for each in failed] == ["key_is_unique_mart_odd"]
        assert failed[0].failures == 3
        # Its rows are shown.
        assert "select" in failed[0].node.compiled_code
    assert place.asked == set()


def test_after_random_changes_of_sources_the_tables_are_those_of_a_build_of_everything(place: Place, tmp_path: Path) -> None:
    chance = random.Random(249)
    rows = list(ROWS)
    for step in range(5):
        at = chance.randrange(len(rows))
        if chance.random() < 0.7:
            rows[at] = (*rows[at][:2], chance.randrange(9))
        years = chance.choice([(2001,), (2001, 2002)])
        place.tiny.load(rows, years)
        place.build()
        anew = Tiny(tmp_path / f"anew-{step}")
        anew.load(rows, years)
        anew.build()
        assert place.tiny.contents() == anew.contents(), step
