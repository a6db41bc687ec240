"""Models as dbt compiled them, run without dbt: for the preview of one survey year, for which somebody waits.

dbt takes a second to start, another to read what it parsed, and some fifty milliseconds for each model that it runs: two
thirds of a preview. Its compiled SQL is the SQL that ``dbt run`` runs, so it is kept until the project changes, and a run
also keeps what dbt compiled. Belongs here: compiling, keeping, and running in order. Does not belong here: a run for
publication, which dbt itself does (``dbt``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from orchestration.core.content_hashes import digest
from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.engines import dbt

# Under dbt's target folder: what was compiled, and from what.
KEPT = "compiled_models.json"


@dataclass(frozen=True)
class Model:
    """A model: its relation as SQL names it, and the query that makes it."""

    name: str
    schema: str
    relation: str
    materialized: str
    sql: str


def compiled(settings: Settings, models: Sequence[str], run: Settings | None = None) -> list[Model]:
    """Return models with all their dependencies, in an order in which they can be made.

    The whole project is compiled once; its SQL contains the name of the warehouse, not its path.

    Args:
        settings: of the warehouse in which the models are to be made.
        models: their names.
        run: settings of the publishing runs, if different: what the last of them compiled is used.

    Raises:
        UserError: the project does not compile, or a model is neither a table nor a view in SQL.
    """
    dbt.write_descriptions(settings)
    for each in (settings, run or settings):
        known = kept(each)
        if known is not None:
            return [_model(name, known[name]) for name in in_order(known, models)]
    dbt.invoke(settings, "--log-level-file", "none", "compile")
    manifest = json.loads((dbt.target_folder(settings) / "manifest.json").read_text(encoding="utf-8"))
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    known = _keep(settings, nodes)
    return [_model(name, known[name]) for name in in_order(known, models)]


def keep(settings: Settings, nodes: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep what dbt compiled in a run of the whole project.

    Args:
        settings: of the run.
        nodes: all models by their unique name, as the manifest has them.
    """
    _keep(settings, nodes)


def kept(settings: Settings) -> dict[str, dict[str, Any]] | None:
    """Return the compiled models of the present project, by name; None if they are not kept, or the file is damaged."""
    try:
        content = json.loads((dbt.target_folder(settings) / KEPT).read_text(encoding="utf-8"))
        project, models, written = content["project"], content["models"], content["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return models if project == _identity(settings) and written == digest(json.dumps(models)) else None


def _identity(settings: Settings) -> str:
    """Return what the compiled SQL depends on: the project, and the name of the database."""
    return f"{dbt.project_hash(settings)} {settings.warehouse_file.stem}"


def _keep(settings: Settings, nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Keep the models by name, each with the names of its dependencies."""
    models = {
        node["name"]: {
            "schema": node["schema"],
            "relation": node["relation_name"],
            "materialized": node["config"]["materialized"] if node["language"] == "sql" else node["language"],
            "sql": node["compiled_code"],
            "made_of": [nodes[name]["name"] for name in node["depends_on"]["nodes"] if name in nodes],
        }
        for node in nodes.values()
    }
    path = dbt.target_folder(settings) / KEPT
    partial = path.with_suffix(".partial")
    content = {"project": _identity(settings), "sha256": digest(json.dumps(models)), "models": models}
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(path)
    return models


def in_order(known: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> Iterator[str]:
    """Yield the names of models and of their dependencies, each after its own dependencies.

    Args:
        known: all models, as they are kept.
        names: the models.
    """
    done: set[str] = set()
    waiting = list(names)[::-1]
    while waiting:
        missing = [name for name in known[waiting[-1]]["made_of"] if name not in done]
        if missing:
            waiting += missing
            continue
        name = waiting.pop()
        if name not in done:
            done.add(name)
            yield name


def _model(name: str, node: Mapping[str, Any]) -> Model:
    if node["materialized"] not in ("table", "view"):
        raise UserError(
            f"model {name} is not a table or view in SQL", place="dbt_project", remedy="leave it out of the preview"
        )
    return Model(name, node["schema"], node["relation"], node["materialized"], node["sql"])


def run(connection: duckdb.DuckDBPyConnection, models: Sequence[Model]) -> None:
    """Make models in a warehouse that has none of them.

    Raises:
        UserError: a model failed; with its name and DuckDB's message.
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
