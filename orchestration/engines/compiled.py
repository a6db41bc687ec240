"""Models as dbt compiled them, run without dbt: for a look at one survey year, which is waited for.

dbt takes a second to start, another to read what it parsed, and some fifty milliseconds for each model that it runs: two
thirds of a look. Its compiled SQL (``dbt compile``, the artefact ``manifest.json``) is the SQL that ``dbt run`` runs, so it
is kept until the project changes. Belongs here: compiling, keeping, and running in order. Does not belong here: a run that
something is published from, which is dbt's own (``dbt``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.engines import dbt

# Under dbt's target folder: what was compiled, and of what.
KEPT = "compiled_models.json"


@dataclass(frozen=True)
class Model:
    """A model: its relation as SQL names it, and the query that makes it."""

    name: str
    schema: str
    relation: str
    materialized: str
    sql: str


def compiled(settings: Settings, models: Sequence[str]) -> list[Model]:
    """Return models with all that they are made of, in an order in which they can be made.

    The whole project is compiled once; the warehouse that is named in the SQL is that of the settings.

    Raises:
        UserError: the project does not compile, or a model is neither a table nor a view in SQL.
    """
    dbt.write_descriptions(settings)
    kept = dbt.target_folder(settings) / KEPT
    project = dbt.fingerprint(settings)
    content = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    if content.get("project") != project:
        dbt.invoke(settings, "--log-level-file", "none", "compile")
        manifest = json.loads((dbt.target_folder(settings) / "manifest.json").read_text(encoding="utf-8"))
        content = {"project": project, "models": _models(manifest)}
        partial = kept.with_suffix(".partial")
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(kept)
    return list(_in_order(content["models"], models))


def _models(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what is kept of the manifest: the models by name, each with the names of those that it is made of."""
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    return {
        node["name"]: {
            "schema": node["schema"],
            "relation": node["relation_name"],
            "materialized": node["config"]["materialized"] if node["language"] == "sql" else node["language"],
            "sql": node["compiled_code"],
            "made_of": [nodes[name]["name"] for name in node["depends_on"]["nodes"] if name in nodes],
        }
        for node in nodes.values()
    }


def _in_order(known: dict[str, dict[str, Any]], models: Iterable[str]) -> Iterator[Model]:
    """Yield models and what they are made of, each after what it is made of."""
    done: set[str] = set()
    waiting = list(models)[::-1]
    while waiting:
        missing = [name for name in known[waiting[-1]]["made_of"] if name not in done]
        if missing:
            waiting += missing
            continue
        name = waiting.pop()
        if name not in done:
            done.add(name)
            yield _model(name, known[name])


def _model(name: str, kept: dict[str, Any]) -> Model:
    if kept["materialized"] not in ("table", "view"):
        raise UserError(
            f"model {name} is no table or view in SQL", place="dbt_project", remedy="leave it out of what a look makes"
        )
    return Model(name, kept["schema"], kept["relation"], kept["materialized"], kept["sql"])


def run(connection: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> None:
    """Make models in a warehouse that has none of them.

    Raises:
        UserError: a model failed; with its name and what DuckDB says.
    """
    for schema in dict.fromkeys(model.schema for model in models):
        connection.execute(f'create schema if not exists "{schema}"')
    # Tables are sets, as in dbt's profile.
    connection.execute("set preserve_insertion_order = false")
    for model in models:
        try:
            connection.execute(f"create {model.materialized} {model.relation} as (\n{model.sql}\n)")
        except duckdb.Error as error:
            raise UserError(
                f"model {model.name}: {' '.join(str(error).split())[:500]}",
                place="dbt_project",
                remedy="see what the model says; nothing was published",
            ) from error
