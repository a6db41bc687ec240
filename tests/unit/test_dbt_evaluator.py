"""The checks of the dbt project find their faults: each on a small manifest with one fault."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.dbt_evaluator import CHECKS, MOST_JOINS, MOST_LINES, Finding, Project, evaluate, most_joins

Manifest = dict[str, Any]


def model(folder: str, name: str, *parents: str, code: str = "select 1 as a") -> dict[str, Any]:
    return {
        "resource_type": "model",
        "name": name,
        "fqn": ["is248", folder, name],
        "language": "sql",
        "raw_code": code,
        "description": "What it is.",
        "columns": {"a": {"name": "a", "description": "What it says."}},
        "depends_on": {"nodes": list(parents)},
        "access": "public" if folder == "public" else "protected",
        "config": {"contract": {"enforced": folder == "public"}},
    }


def key_test(name: str) -> dict[str, Any]:
    return {
        "resource_type": "test",
        "name": f"key_of_{name}",
        "attached_node": f"model.{name}",
        "test_metadata": {"name": "key_is_unique"},
        "depends_on": {"nodes": [f"model.{name}"]},
    }


def source(schema: str, name: str) -> dict[str, Any]:
    return {"source_name": schema, "schema": schema, "name": name, "identifier": name, "description": "What it is."}


def manifest() -> Manifest:
    """A faultless project: a source, and a model in each layer."""
    models = [
        model("staging", "stg_raw__cells", "source.raw.cells"),
        model("intermediate", "int_sums", "model.stg_raw__cells"),
        model("marts", "mart_sums", "model.int_sums"),
        model("control", "ctl_sums", "model.int_sums"),
        model("public", "sums", "model.mart_sums"),
    ]
    nodes = {f"model.{node['name']}": node for node in models}
    return {
        "nodes": nodes | {f"test.{node['name']}": key_test(node["name"]) for node in models},
        "sources": {"source.raw.cells": source("raw", "cells")},
        "exposures": {"exposure.pages": {"name": "pages", "depends_on": {"nodes": ["model.sums"]}}},
    }


def found(made: Manifest) -> set[Finding]:
    return evaluate(Project(made, frozenset({"sums"})))


def code(name: str, text: str) -> Callable[[Manifest], None]:
    return lambda made: made["nodes"][f"model.{name}"].update(raw_code=text)


def reads(name: str, *parents: str) -> Callable[[Manifest], None]:
    return lambda made: made["nodes"][f"model.{name}"]["depends_on"].update(nodes=list(parents))


def says(name: str, **values: object) -> Callable[[Manifest], None]:
    return lambda made: made["nodes"][f"model.{name}"].update(**values)


def add(node: dict[str, Any]) -> Callable[[Manifest], None]:
    def change(made: Manifest) -> None:
        made["nodes"][f"model.{node['name']}"] = node
        made["nodes"][f"test.{node['name']}"] = key_test(node["name"])

    return change


def add_source(key: str, node: dict[str, Any]) -> Callable[[Manifest], None]:
    return lambda made: made["sources"].update({key: node})


def expose(*parents: str) -> Callable[[Manifest], None]:
    return lambda made: made["exposures"]["exposure.pages"]["depends_on"].update(nodes=list(parents))


FAULTS: list[tuple[str, str, Callable[[Manifest], None]]] = [
    ("direct_join_to_source", "stg_raw__cells", reads("stg_raw__cells", "source.raw.cells", "model.int_sums")),
    ("source_read_downstream", "int_sums", reads("int_sums", "source.raw.cells")),
    ("duplicate_sources", "old.cells", add_source("source.old.cells", source("raw", "cells") | {"source_name": "old"})),
    ("hard_coded_references", "int_sums", code("int_sums", "select a from staging.stg_raw__cells")),
    ("hard_coded_references", "int_sums", code("int_sums", 'select a from {{ ref("x") }} inner join "raw"."cells" on true')),
    ("multiple_sources_joined", "stg_raw__cells", reads("stg_raw__cells", "source.raw.cells", "source.raw.rows")),
    ("root_models", "int_sums", reads("int_sums")),
    ("source_fanout", "raw.cells", add(model("staging", "stg_raw__rows", "source.raw.cells"))),
    ("unused_sources", "raw.rows", add_source("source.raw.rows", source("raw", "rows"))),
    ("staging_dependent_on_staging", "stg_raw__rows", add(model("staging", "stg_raw__rows", "model.stg_raw__cells"))),
    ("staging_dependent_on_downstream", "stg_raw__cells", reads("stg_raw__cells", "model.int_sums")),
    ("layer_dependent_on_downstream", "int_sums", reads("int_sums", "model.mart_sums")),
    ("layer_dependent_on_downstream", "mart_sums", reads("mart_sums", "model.sums")),
    ("layer_dependent_on_downstream", "sums", reads("sums", "model.ctl_sums")),
    ("too_many_joins", "int_sums", code("int_sums", "select 1 from a" + " inner join b on true" * (MOST_JOINS + 1))),
    ("too_many_lines", "int_sums", code("int_sums", "select 1\n" * (MOST_LINES + 1))),
    ("missing_primary_key_tests", "int_sums", lambda made: made["nodes"].pop("test.int_sums")),
    ("missing_primary_key_tests", "int_sums", lambda made: made["nodes"]["test.int_sums"].update(test_metadata=None)),
    ("undocumented_models", "int_sums", says("int_sums", description=" ")),
    ("undocumented_columns", "int_sums", says("int_sums", columns={})),
    ("undocumented_columns", "int_sums.a", says("int_sums", columns={"a": {"name": "a", "description": ""}})),
    ("undocumented_source_tables", "raw.cells", lambda made: made["sources"]["source.raw.cells"].update(description="")),
    ("model_naming_conventions", "sums_of_cells", add(model("intermediate", "sums_of_cells", "model.stg_raw__cells"))),
    ("model_naming_conventions", "other", add(model("public", "other", "model.mart_sums"))),
    ("model_naming_conventions", "int_else", add(model("elsewhere", "int_else", "model.stg_raw__cells"))),
    ("model_naming_conventions", "stg_forms__cells", add(model("staging", "stg_forms__cells", "source.raw.cells"))),
    ("model_directories", "int_more", add(model("marts", "int_more", "model.int_sums"))),
    ("public_models_without_contract", "sums", says("sums", config={"contract": {"enforced": False}})),
    ("exposures_dependent_on_private_models", "pages", expose("model.sums", "model.int_sums")),
    ("exposures_dependent_on_private_models", "pages", expose("source.raw.cells")),
]


def test_a_project_without_a_fault_has_no_findings() -> None:
    assert found(manifest()) == set()


@pytest.mark.parametrize(("check", "node", "fault"), FAULTS, ids=[f"{check}-{node}" for check, node, _ in FAULTS])
def test_a_fault_is_found_by_its_check(check: str, node: str, fault: Callable[[Manifest], object]) -> None:
    made = deepcopy(manifest())
    if check == "multiple_sources_joined":
        made["sources"]["source.raw.rows"] = source("raw", "rows")
    fault(made)
    assert Finding(check, node) in found(made)


def test_every_check_has_a_fault() -> None:
    assert {check for check, _, _ in FAULTS} == {check.__name__ for check in CHECKS}


def test_joins_are_counted_by_select() -> None:
    joined = "select 1 from a inner join b on true left join c on true"
    assert most_joins(joined) == 2
    assert most_joins(f"with x as ({joined}), y as ({joined}) select 1 from x inner join y on true") == 2
    assert most_joins(f"{joined} union all {joined}") == 2
    assert most_joins("select 1 from a inner join (select 1 from b inner join c on true) as d on true") == 1
    assert most_joins("-- a join\nselect {{ joined('x') }}, ' join ' from a {# join #}") == 0


def test_a_comparison_is_no_reference() -> None:
    made = manifest()
    code("int_sums", "select 1 from {{ ref('a') }} as a where a.b is distinct from a.c -- from raw.cells")(made)
    assert not found(made)
