"""The files of the Great Expectations context in ``expectations/``, built from the rules.

One suite and one validation definition for each table that rules are about, one checkpoint for each stage. Their ids follow
from their names, so the same rules give the same bytes.

Belongs here: how a rule is expressed as expectations, and the files. Does not belong here: running them (``checkpoint``),
and what the project's own expectations do (``expectations``). Nothing here imports Great Expectations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal
from uuid import NAMESPACE_URL, uuid5

import yaml

from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Table
from orchestration.gate.rules import STAGES, Rule, Stage, Stated, Where

Source = Literal["candidate", "warehouse"]

CONTEXT = PROJECT_DIR / "expectations"
CONFIGURATION = "great_expectations.yml"
DEFAULTS = "config_variables.yml"
SUITES, DEFINITIONS, CHECKPOINTS = "suites", "validation_definitions", "checkpoints"
BUILT = (SUITES, DEFINITIONS, CHECKPOINTS)

# The only batch of each table.
WHOLE = "whole"

# The names of the project's own expectations.
RULE_TO_HOLD = "expect_rule_to_hold"
ATTACK_TO_FIND_NOTHING = "expect_attack_to_find_nothing"
OWN_TYPES = (RULE_TO_HOLD, ATTACK_TO_FIND_NOTHING)

SOURCES: dict[Stage, Source] = {"delivery": "warehouse", "warehouse": "warehouse", "candidate": "candidate"}

# Which variable of the configuration says where a source's file is.
DATABASES: dict[Source, str] = {"candidate": "candidate_database", "warehouse": "warehouse_database"}
DATA_DOCS = "data_docs"

# Default locations, relative to the folder of the context.
VARIABLES = {
    DATABASES["candidate"]: "../data/snapshots/current/is248.duckdb",
    DATABASES["warehouse"]: "../data/warehouse/warehouse.duckdb",
    DATA_DOCS: "uncommitted/data_docs",
}

# Without these, Great Expectations ends the transaction before it fetches, and DuckDB drops the result.
ENGINE: dict[str, Any] = {
    "isolation_level": "AUTOCOMMIT",
    "skip_autocommit_rollback": True,
    "pool_reset_on_return": None,
}

# The schema in which dbt builds a model, by the prefix of its name.
LAYERS = {"stg_": "staging", "int_": "intermediate", "ctl_": "control", "mart_": "marts"}

# The table to which rules about all tables are assigned.
EVERY_TABLE, SNAPSHOT = "all", "snapshot"
# All parts of the attack are in one suite, so that one attack serves them all.
ATTACK, ATTACKED = "attack", "indicator_shares"

SEVERITIES = {"fatal": "critical", "error": "critical", "warning": "warning"}


@dataclass(frozen=True, order=True)
class Asset:
    """A table as Great Expectations knows it: in which source, and in which schema where it is not the first one."""

    source: Source
    table: str
    schema: str | None = None

    @property
    def name(self) -> str:
        """The asset's name: that of the table."""
        return self.table


@dataclass(frozen=True)
class Entry:
    """One expectation of a suite, and the table that it is about."""

    asset: Asset
    type: str
    kwargs: dict[str, Any]
    key: tuple[str, ...] = ()


def asset_of(rule: Rule, tables: list[Table], table: str | None = None) -> Asset:
    """Return the table that a rule is about, or the first of them; ``table`` names it where the rule does not."""
    first = (table or rule.table).split(",")[0].strip()
    source = SOURCES[rule.stage]
    if source == "candidate":
        if first == EVERY_TABLE:
            return Asset(source, SNAPSHOT)
        return Asset(source, next((each.name for each in tables if fnmatch(each.name, first)), first))
    schema, _, name = first.rpartition(".")
    return Asset(source, name, schema or next((layer for start, layer in LAYERS.items() if name.startswith(start)), None))


def are_named(names: Sequence[str], statements: Sequence[str]) -> list[bool]:
    """Return which tables are looked at after statements that changed data: those that they name; all, if they name none."""
    words = {word for statement in statements for word in re.findall(r"\w+", statement)}
    named = [name in words for name in names]
    return named if any(named) else [True] * len(names)


def entries_of(rule: Rule, tables: list[Table]) -> list[Entry]:
    """Return a rule as expectations; none where Great Expectations does not judge it."""
    if rule.kind == "attack":
        inputs = {"part": rule.part, "may_be_empty": rule.can_find_no_row}
        return [Entry(Asset("candidate", ATTACKED), ATTACK_TO_FIND_NOTHING, inputs)]
    if rule.kind != "rows":
        return []
    described = {table.name: table for table in tables}
    entries: list[Entry] = []
    for stated in rule.expectations:
        if rule.for_each is None:
            about = asset_of(rule, tables, stated.table)
            entries.extend(_stated(rule, stated, about, described.get(about.table)))
        else:
            for table in tables:
                if rule.is_for(table):
                    entries.extend(_stated(rule, stated, Asset("candidate", table.name), table))
    if rule.rows is not None:
        for name, query in rule.queries(tables):
            kwargs: dict[str, Any] = {
                "rows_query": query,
                "fails_when": rule.condition(),
                "value": rule.value or "",
                "key": list(rule.key),
                # A rule that runs for each table may find one table empty but not all, and others must find rows only in
                # some data: the gate checks that.
                "may_be_empty": rule.can_find_no_row or rule.for_each is not None,
            }
            entries.append(Entry(asset_of(rule, tables, name), RULE_TO_HOLD, kwargs, rule.key))
    return entries


def _stated(rule: Rule, stated: Stated, asset: Asset, table: Table | None) -> Iterator[Entry]:
    """Return a stated expectation on one table; one for each column of the key where the rule says so."""
    filled: dict[str, Any] = {"{limit}": rule.limit}
    if table is not None:
        filled |= {
            "{key}": list(table.key),
            "{statuses}": list(table.statuses),
            "{columns}": list(table.column_names),
        }
    kwargs = {
        name: filled.get(value, value) if isinstance(value, str) else value for name, value in stated.arguments.items()
    }
    kwargs = {name: list(value) if isinstance(value, tuple) else value for name, value in kwargs.items()}
    condition = _condition(stated.where)
    if condition is not None:
        kwargs["row_condition"] = condition
    key = rule.key or (table.key if table is not None else ())
    if kwargs.get("column") == "{key_column}":
        for column in key:
            yield Entry(asset, stated.type, kwargs | {"column": column}, key)
    elif stated.type == "expect_compound_columns_to_be_unique" and len(kwargs["column_list"]) == 1:
        # Great Expectations requires at least two columns.
        yield Entry(asset, "expect_column_values_to_be_unique", {"column": kwargs["column_list"][0]}, key)
    else:
        yield Entry(asset, stated.type, kwargs, key)


def _condition(where: Where | tuple[Where, ...]) -> dict[str, Any] | None:
    """Return the condition on the rows that an expectation looks at, as Great Expectations writes it."""
    if isinstance(where, tuple):
        return {"type": "or", "conditions": [_condition(each) for each in where]}
    conditions: list[dict[str, Any]] = []
    for name, value in where.items():
        column = {"name": name}
        if value is None or value == "not null":
            conditions.append({"type": "nullity", "column": column, "is_null": value is None})
        else:
            operator, parameter = ("IN", list(value)) if isinstance(value, tuple) else ("==", value)
            conditions.append({"type": "comparison", "column": column, "operator": operator, "parameter": parameter})
    if len(conditions) < 2:
        return conditions[0] if conditions else None
    return {"type": "and", "conditions": conditions}


def _id(*names: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(("is248", *names))))


def _expectation(rule: Rule, entry: Entry, identifier: str) -> dict[str, Any]:
    return {
        "type": entry.type,
        "kwargs": entry.kwargs,
        "severity": SEVERITIES[rule.severity],
        "description": rule.title.en,
        "notes": rule.explanation.en,
        "meta": {
            "rule": rule.id,
            "level": rule.level,
            "severity": rule.severity,
            "key": list(entry.key),
            # The gate reports the greatest value of the column, which the expectation itself does not.
            "is_measured": bool(rule.value) and "column" in entry.kwargs,
        },
        "id": identifier,
    }


def _suites(stage: Stage, rules: list[Rule], tables: list[Table]) -> dict[str, tuple[Asset, list[dict[str, Any]]]]:
    """Return the suites of a stage by their names, each with its table and its expectations."""
    found: dict[str, tuple[Asset, list[dict[str, Any]]]] = {}
    for rule in rules:
        if rule.stage != stage:
            continue
        for number, entry in enumerate(entries_of(rule, tables)):
            name = f"{stage}_{ATTACK if rule.kind == ATTACK else entry.asset.name}"
            _, expectations = found.setdefault(name, (entry.asset, []))
            expectations.append(_expectation(rule, entry, _id(SUITES, name, rule.id, str(number))))
    # The slowest comes last.
    return dict(sorted(found.items(), key=lambda item: (item[0] == f"{stage}_{ATTACK}", item[0])))


def assets_of(rules: list[Rule], tables: list[Table]) -> list[Asset]:
    """Return the assets: all described public tables, and the tables that rules are about."""
    found = {Asset("candidate", table.name) for table in tables}
    for rule in rules:
        found |= {entry.asset for entry in entries_of(rule, tables)}
        if rule.kind == "dbt_test":
            found.add(asset_of(rule, tables))
    return sorted(found, key=lambda asset: (asset.source, asset.table, asset.schema or ""))


def _configuration(rules: list[Rule], tables: list[Table]) -> dict[str, Any]:
    """Return ``great_expectations.yml``."""

    def store(kind: str, **backend: Any) -> dict[str, Any]:
        return {"class_name": kind, "store_backend": backend or {"class_name": "InMemoryStoreBackend"}}

    def files(kind: str, folder: str) -> dict[str, Any]:
        name = "TupleFilesystemStoreBackend"
        return store(kind, class_name=name, base_directory=f"{folder}/", suppress_store_backend_id=True)

    sources: dict[str, Any] = {}
    for source, variable in DATABASES.items():
        assets = {
            asset.name: {
                "type": "table",
                "id": _id(source, asset.name),
                "batch_metadata": {},
                "batch_definitions": {WHOLE: {"id": _id(source, asset.name, WHOLE), "partitioner": None}},
                "table_name": asset.table,
                **({"schema_name": asset.schema} if asset.schema else {}),
            }
            for asset in assets_of(rules, tables)
            if asset.source == source
        }
        sources[source] = {
            "type": "sql",
            "id": _id(source),
            "connection_string": f"duckdb:///${{{variable}}}",
            "create_temp_table": False,
            "kwargs": ENGINE | {"connect_args": {"read_only": True}},
            "assets": assets,
        }
    return {
        "config_version": 4.0,
        "config_variables_file_path": DEFAULTS,
        "plugins_directory": "plugins/",
        "stores": {
            "expectations_store": files("ExpectationsStore", SUITES),
            "validation_definition_store": files("ValidationDefinitionStore", DEFINITIONS),
            "checkpoint_store": files("CheckpointStore", CHECKPOINTS),
            # Results on single units must not be left behind in a folder that everybody may read.
            "validation_results_store": store("ValidationResultsStore"),
        },
        "expectations_store_name": "expectations_store",
        "validation_results_store_name": "validation_results_store",
        "checkpoint_store_name": "checkpoint_store",
        "data_docs_sites": {
            "local": {
                "class_name": "SiteBuilder",
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": f"${{{DATA_DOCS}}}",
                },
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            }
        },
        "fluent_datasources": sources,
        "progress_bars": {"globally": False},
        "analytics_enabled": False,
        "data_context_id": _id(),
    }


def _json(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _yaml(content: Any, comment: str) -> str:
    return f"# {comment}\n" + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)


def build(rules: list[Rule], tables: list[Table]) -> dict[str, str]:
    """Return the files of the context by their paths in it.

    Args:
        rules: all rules.
        tables: the described public tables.
    """
    files = {
        CONFIGURATION: _yaml(
            _configuration(rules, tables), "Built by ./is248 build-suites from the rules and data/metadata."
        ),
        DEFAULTS: _yaml(VARIABLES, "Built by ./is248 build-suites. Paths are taken from the folder in which Python runs."),
    }
    for stage in STAGES:
        definitions = []
        for name, (asset, expectations) in _suites(stage, rules, tables).items():
            suite = {"name": name, "id": _id(SUITES, name)}
            definition = {"name": name, "id": _id(DEFINITIONS, name)}
            definitions.append(definition)
            files[f"{SUITES}/{name}.json"] = _json({**suite, "expectations": expectations, "meta": {}, "notes": None})
            data = {
                "datasource": {"name": asset.source, "id": _id(asset.source)},
                "asset": {"name": asset.name, "id": _id(asset.source, asset.name)},
                "batch_definition": {"name": WHOLE, "id": _id(asset.source, asset.name, WHOLE)},
            }
            files[f"{DEFINITIONS}/{name}.json"] = _json({**definition, "data": data, "suite": suite})
        if definitions:
            files[f"{CHECKPOINTS}/{stage}.json"] = _json(
                {
                    "name": stage,
                    "id": _id(CHECKPOINTS, stage),
                    "validation_definitions": definitions,
                    "result_format": "SUMMARY",
                    "actions": [],
                }
            )
    return files


def counts(files: Mapping[str, str]) -> dict[str, int]:
    """Return how many expectations the suites of a context have, and how many are Great Expectations' own."""
    found = [
        expectation["type"]
        for name, text in files.items()
        if name.startswith(f"{SUITES}/")
        for expectation in json.loads(text)["expectations"]
    ]
    return {"expectations": len(found), "built_in": sum(name not in OWN_TYPES for name in found)}


def write(folder: Path, files: dict[str, str]) -> None:
    """Write the files of a context, and remove earlier files that are no longer part of it."""
    for name in BUILT:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for path in _built(folder):
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def is_current(folder: Path, files: dict[str, str]) -> bool:
    """Return whether a folder has exactly these files."""
    paths = {path.relative_to(folder).as_posix(): path for path in _built(folder)}
    return paths.keys() == files.keys() and all(
        paths[name].read_text(encoding="utf-8") == text for name, text in files.items()
    )


def _built(folder: Path) -> list[Path]:
    found = [path for name in BUILT for path in (folder / name).glob("*.json")]
    return [*found, *(path for name in (CONFIGURATION, DEFAULTS) if (path := folder / name).is_file())]
