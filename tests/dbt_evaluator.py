"""The checks of dbt_project_evaluator, on dbt's manifest: conventions of dbt engineers for the shape of a project.

Belongs here: the findings of each check, with the package's names. Does not belong here: which findings are accepted and why
(``dbt_project/exceptions.yml``), or what the models compute. The package itself needs ``dbt deps`` and a build; the manifest
gives the same findings.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

# The folders of the models in the order of the layers, with the prefix of their names. Public tables have the names of the
# contract. A layer may read itself and earlier ones, except as in ``READS``.
PREFIXES = {"staging": "stg_", "intermediate": "int_", "marts": "mart_", "control": "ctl_", "public": ""}

# Staging reads sources; the control and the public tables do not read each other.
READS = {
    "staging": set(),
    "intermediate": {"staging", "intermediate"},
    "marts": {"staging", "intermediate", "marts"},
    "control": {"staging", "intermediate", "marts", "control"},
    "public": {"staging", "intermediate", "marts"},
}

# Maximum joins of one select, and lines of one model.
MOST_JOINS = 7
MOST_LINES = 150

KEY_TEST = "key_is_unique"


class Finding(NamedTuple):
    """A finding of a check, and its place: a model, a source, an exposure, or a column of one."""

    check: str
    node: str


@dataclass(frozen=True)
class Project:
    """The parts of a manifest that the checks read; ``contract`` are the names of the public tables."""

    manifest: Mapping[str, Any]
    contract: frozenset[str]

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """The models by their ids."""
        return {key: node for key, node in self.manifest["nodes"].items() if node["resource_type"] == "model"}

    @property
    def sources(self) -> dict[str, dict[str, Any]]:
        """The source tables by their ids."""
        return dict(self.manifest["sources"])

    def parents(self, node: Mapping[str, Any], kind: str) -> list[str]:
        """Return the ids of the models or sources that a node reads."""
        return sorted({key for key in node["depends_on"]["nodes"] if key.startswith(f"{kind}.")})

    def readers(self) -> dict[str, list[dict[str, Any]]]:
        """Return the models that read each source."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for node in self.models.values():
            for key in self.parents(node, "source"):
                found[key].append(node)
        return found


def layer(node: Mapping[str, Any]) -> str:
    """Return the layer of a model: its first folder."""
    return str(node["fqn"][1])


def source_name(source: Mapping[str, Any]) -> str:
    """Return the name of a source table, with its source."""
    return f"{source['source_name']}.{source['name']}"


def plain_sql(code: str) -> str:
    """Return the SQL of a model without comments, texts and Jinja; a reference is one word."""
    code = re.sub(r"{#.*?#}|--[^\n]*|/\*.*?\*/", " ", code, flags=re.DOTALL)
    code = re.sub(r"{{.*?}}", " reference ", code, flags=re.DOTALL)
    code = re.sub(r"{%.*?%}", " ", code, flags=re.DOTALL)
    return re.sub(r"'[^']*'", "''", code).lower().replace("distinct from", "distinct_from")


def most_joins(code: str) -> int:
    """Return the number of joins in the select with the most joins."""
    most, open_selects = 0, [0]
    for word in re.findall(r"\w+|[()]", plain_sql(code)):
        if word == "(":
            open_selects.append(0)
        elif word == ")" and len(open_selects) > 1:
            open_selects.pop()
        elif word in {"union", "except", "intersect"}:
            open_selects[-1] = 0
        elif word == "join":
            open_selects[-1] += 1
            most = max(most, *open_selects)
    return most


# Modelling


def direct_join_to_source(project: Project) -> Iterator[str]:
    """Models that read a source and a model."""
    for node in project.models.values():
        if project.parents(node, "source") and project.parents(node, "model"):
            yield node["name"]


def source_read_downstream(project: Project) -> Iterator[str]:
    """Models of other layers than staging that read a source."""
    for node in project.models.values():
        if layer(node) != "staging" and project.parents(node, "source"):
            yield node["name"]


def duplicate_sources(project: Project) -> Iterator[str]:
    """Several source tables for the same relation."""
    relations = Counter((each["schema"], each["identifier"]) for each in project.sources.values())
    for source in project.sources.values():
        if relations[source["schema"], source["identifier"]] > 1:
            yield source_name(source)


def hard_coded_references(project: Project) -> Iterator[str]:
    """Models that name a relation instead of referring to it."""
    for node in project.models.values():
        if node["language"] == "sql" and re.search(r'\b(from|join)\s+"?\w+"?\s*\.\s*"?\w', plain_sql(node["raw_code"])):
            yield node["name"]


def multiple_sources_joined(project: Project) -> Iterator[str]:
    """Models that read several sources."""
    for node in project.models.values():
        if len(project.parents(node, "source")) > 1:
            yield node["name"]


def root_models(project: Project) -> Iterator[str]:
    """Models that read nothing."""
    for node in project.models.values():
        if not node["depends_on"]["nodes"]:
            yield node["name"]


def source_fanout(project: Project) -> Iterator[str]:
    """Source tables that several models read."""
    for key, nodes in project.readers().items():
        if len(nodes) > 1:
            yield source_name(project.sources[key])


def unused_sources(project: Project) -> Iterator[str]:
    """Source tables that no model reads."""
    readers = project.readers()
    for key, source in project.sources.items():
        if key not in readers:
            yield source_name(source)


def _reading(project: Project, reader: str, read: Iterable[str]) -> Iterator[str]:
    for node in project.models.values():
        parents = {layer(project.models[key]) for key in project.parents(node, "model")}
        if layer(node) == reader and parents & set(read):
            yield node["name"]


def staging_dependent_on_staging(project: Project) -> Iterator[str]:
    """Staging models that read one another."""
    return _reading(project, "staging", ["staging"])


def staging_dependent_on_downstream(project: Project) -> Iterator[str]:
    """Staging models that read a later layer."""
    return _reading(project, "staging", set(READS) - {"staging"})


def layer_dependent_on_downstream(project: Project) -> Iterator[str]:
    """Models of the other layers that read a layer they may not read, such as an intermediate model a mart."""
    for name, may_read in READS.items():
        if name != "staging":
            yield from _reading(project, name, set(READS) - may_read)


def too_many_joins(project: Project) -> Iterator[str]:
    """Models with a select that has too many joins to check at a glance."""
    for node in project.models.values():
        if node["language"] == "sql" and most_joins(node["raw_code"]) > MOST_JOINS:
            yield node["name"]


def too_many_lines(project: Project) -> Iterator[str]:
    """Models that are longer than a screen or two."""
    for node in project.models.values():
        if len(node["raw_code"].splitlines()) > MOST_LINES:
            yield node["name"]


# Testing and documentation


def missing_primary_key_tests(project: Project) -> Iterator[str]:
    """Models without a test of their key."""
    tested = {
        node["attached_node"]
        for node in project.manifest["nodes"].values()
        if node["resource_type"] == "test" and (node.get("test_metadata") or {}).get("name") == KEY_TEST
    }
    for key, node in project.models.items():
        if key not in tested:
            yield node["name"]


def undocumented_models(project: Project) -> Iterator[str]:
    """Models without a description."""
    for node in project.models.values():
        if not node["description"].strip():
            yield node["name"]


def undocumented_columns(project: Project) -> Iterator[str]:
    """Columns without a description, and models without columns."""
    for node in project.models.values():
        if not node["columns"]:
            yield node["name"]
        for column in node["columns"].values():
            if not column["description"].strip():
                yield f"{node['name']}.{column['name']}"


def undocumented_source_tables(project: Project) -> Iterator[str]:
    """Source tables without a description."""
    for source in project.sources.values():
        if not source["description"].strip():
            yield source_name(source)


# Structure


def model_naming_conventions(project: Project) -> Iterator[str]:
    """Models whose names do not show their layer (staging: also their source); public tables outside the contract."""
    for node in project.models.values():
        name, prefix = node["name"], PREFIXES.get(layer(node))
        sources = [project.sources[key] for key in project.parents(node, "source")]
        of_sources = {f"stg_{each['source_name']}__" for each in sources}
        is_named = name in project.contract if prefix == "" else prefix is not None and name.startswith(prefix)
        if not is_named or (layer(node) == "staging" and not all(name.startswith(each) for each in of_sources)):
            yield name


def model_directories(project: Project) -> Iterator[str]:
    """Models outside the folder of their layer."""
    folders = {prefix: folder for folder, prefix in PREFIXES.items() if prefix}
    for node in project.models.values():
        for prefix, folder in folders.items():
            if node["name"].startswith(prefix) and layer(node) != folder:
                yield node["name"]


# Governance


def public_models_without_contract(project: Project) -> Iterator[str]:
    """Public models whose columns and types no contract enforces."""
    for node in project.models.values():
        if node["access"] == "public" and not node["config"].get("contract", {}).get("enforced"):
            yield node["name"]


def exposures_dependent_on_private_models(project: Project) -> Iterator[str]:
    """Exposures that read models that are not public."""
    for exposure in project.manifest["exposures"].values():
        parents = project.parents(exposure, "model")
        if project.parents(exposure, "source") or any(project.models[key]["access"] != "public" for key in parents):
            yield exposure["name"]


CHECKS: tuple[Callable[[Project], Iterator[str]], ...] = (
    direct_join_to_source,
    source_read_downstream,
    duplicate_sources,
    hard_coded_references,
    multiple_sources_joined,
    root_models,
    source_fanout,
    unused_sources,
    staging_dependent_on_staging,
    staging_dependent_on_downstream,
    layer_dependent_on_downstream,
    too_many_joins,
    too_many_lines,
    missing_primary_key_tests,
    undocumented_models,
    undocumented_columns,
    undocumented_source_tables,
    model_naming_conventions,
    model_directories,
    public_models_without_contract,
    exposures_dependent_on_private_models,
)


def evaluate(project: Project) -> set[Finding]:
    """Return the findings of all checks."""
    return {Finding(check.__name__, node) for check in CHECKS for node in check(project)}
