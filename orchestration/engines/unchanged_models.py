"""The models and data tests that a build need not pass to dbt: neither they nor their sources changed.

dbt itself takes over nodes with unchanged inputs (``dbt_project/macros/taken_over.sql``), but needs some twenty-five
milliseconds for each node to decide so. A node downstream of no changed source has unchanged inputs, so one query for each
model, which checks that its content is unchanged, is enough. If anything is unknown, dbt is asked about every node.

Belongs here: finding them, and results for them as dbt would return them. Does not belong here: which sources changed
(``build_record``), or building (``duckdb``).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import jinja2

from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect
from orchestration.engines import build_record, compiled, dbt

# The file with the SQL that hashes a table or view, for dbt and for this module.
MACROS = "macros/taken_over.sql"

# The record of a data test that found nothing.
FOUND_NOTHING = "nothing"

# A node's record: the hash of what it was made of, and the hash of its content.
Record = tuple[str | None, str | None]
NO_RECORD: Record = (None, None)


@dataclass(frozen=True)
class Column:
    """A described column, as dbt's node has it."""

    description: str


@dataclass(frozen=True)
class Node:
    """A model or a data test that was not passed to dbt, with the attributes of dbt's node that are read."""

    unique_id: str
    name: str
    resource_type: str
    schema: str
    alias: str
    language: str
    description: str
    compiled_code: str | None
    columns: dict[str, Column]


@dataclass(frozen=True)
class Result:
    """The content of dbt's result for a node that it took over."""

    node: Node
    status: str
    message: str = dbt.TAKEN_OVER
    failures: int = 0
    execution_time: float = 0.0


@dataclass(frozen=True)
class Untouched:
    """What need not be passed to dbt, and what must.

    ``results`` are in an order in which the models can be made; ``selection`` are dbt's options for the rest, empty where
    there is no rest; ``sources`` are the hashes of the sources, as ``build_record`` records them.
    """

    results: list[Result]
    selection: list[str]
    sources: dict[str, str] = field(repr=False)


class _Relation:
    """A table or view in the form that the macros take."""

    def __init__(self, node: Mapping[str, Any]) -> None:
        self.database, self.schema, self.identifier = node["database"], node["schema"], node["alias"]

    def __str__(self) -> str:
        return f'"{self.database}"."{self.schema}"."{self.identifier}"'


def find(settings: Settings) -> Untouched | None:
    """Return what a build of all models need not pass to dbt; None where every node must be passed.

    Args:
        settings: where the project and its warehouse lie; the sources are in the warehouse.
    """
    known = compiled.kept(settings)
    if known is None or not settings.warehouse_file.is_file():
        return None
    manifest: dict[str, Any] = json.loads(dbt.prepare(settings).read_text(encoding="utf-8"))
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in ("model", "test")}
    with connect(settings.warehouse_file, read_only=True) as connection:
        now = build_record.current_hashes(connection, settings)
        changed = build_record.differing(connection, now)
        if changed is None:
            return None
        sources = [name for name, node in manifest["sources"].items() if f"{node['schema']}.{node['identifier']}" in changed]
        touched = _descendants(manifest["child_map"], sources)
        rest = {name: node for name, node in nodes.items() if name not in touched}
        on_record = {
            relation: (made_of, content)
            for relation, made_of, content in connection.execute(
                "select relation, made_of, content from made.relations"
            ).fetchall()
        }
        models = [node for node in rest.values() if node["resource_type"] == "model"]
        if not _are_unchanged(connection, settings, models, on_record):
            return None
    if not all(_is_compiled(settings, node) for node in rest.values()):
        return None
    # A test that found rows is run again, to find them again.
    found_nothing = {name for name, (_, content) in on_record.items() if content == FOUND_NOTHING}
    again = [name for name, node in rest.items() if node["resource_type"] == "test" and name not in found_nothing]
    selection = sorted(f"source:{name}+" for name in changed) + sorted(rest[name]["name"] for name in again)
    names = {node["name"]: name for name, node in rest.items() if node["resource_type"] == "model"}
    ordered = [names[name] for name in compiled.in_order(known, names) if name in names]
    tests = sorted(name for name, node in rest.items() if node["resource_type"] == "test" and name not in again)
    results = [_result(name, rest[name], known) for name in (*ordered, *tests)]
    return Untouched(results, ["--select", *selection] if selection else [], now)


def _descendants(children: Mapping[str, Iterable[str]], names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        new = set(children.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


def _are_unchanged(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    models: Collection[Mapping[str, Any]],
    on_record: Mapping[str, Record],
) -> bool:
    """Return whether every model exists, with the rows of a table or the SQL of a view that it had when it was made."""
    kinds = dict(
        connection.execute(
            "select schema_name || '.' || view_name, 'view' from duckdb_views() "
            "union all select schema_name || '.' || table_name, 'table' from duckdb_tables()"
        ).fetchall()
    )
    signed: dict[str, list[str]] = defaultdict(list)
    for table, column in connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where data_type in ('DOUBLE', 'FLOAT') order by column_index"
    ).fetchall():
        signed[table].append(column)
    macros = jinja2.Environment(extensions=["jinja2.ext.do"]).from_string(
        (settings.dbt_project / MACROS).read_text(encoding="utf-8")
    )
    macro: Any = macros.module
    for model in models:
        is_view = model["config"]["materialized"] == "view"
        name = f"{model['schema']}.{model['alias']}"
        if kinds.get(name) != ("view" if is_view else "table"):
            return False
        made_of, record = on_record.get(model["unique_id"], NO_RECORD)
        if made_of is None or record is None:
            return False
        relation = _Relation(model)
        content = macro.content_of_view(relation, made_of) if is_view else macro.content_of(relation, signed[name])
        if connection.execute(f"select {content}").fetchall() != [(record,)]:
            return False
    return True


def _is_compiled(settings: Settings, node: Mapping[str, Any]) -> bool:
    """Return whether the SQL of a data test is where the gate reads it; other nodes are read from elsewhere."""
    path = str(node["original_file_path"])
    if node["resource_type"] != "test" or not path.endswith(".sql"):
        return True
    return (dbt.target_folder(settings) / "compiled" / str(node["package_name"]) / path).is_file()


def _result(unique_id: str, node: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Result:
    is_model = node["resource_type"] == "model"
    return Result(
        Node(
            unique_id=unique_id,
            name=node["name"],
            resource_type=node["resource_type"],
            schema=node["schema"],
            alias=node["alias"],
            language=node["language"],
            description=node["description"],
            compiled_code=known[node["name"]]["sql"] if is_model else None,
            columns={name: Column(each["description"]) for name, each in node["columns"].items()},
        ),
        status="success" if is_model else "pass",
    )
