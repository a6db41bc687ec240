"""The shape of the dbt project: conventions of dbt engineers, and that its descriptions are true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.tables import load_tables
from orchestration.disclosure import ledger, policy
from orchestration.engines import dbt, uncorrected
from orchestration.ingest import decisions, deliveries, registry
from orchestration.ingest.data_packages import PACKAGES, describe
from orchestration.publish import rolls
from tests.dbt_evaluator import Finding, Project, evaluate

EXCEPTIONS = PROJECT_DIR / "dbt_project" / "exceptions.yml"

# The program's own tables: a record of its reading, and the marks in files.
NOT_FOR_MODELS = {("raw", "deliveries"), ("raw", "marks")}


@pytest.fixture(scope="module")
def project(prepared: Settings) -> Project:
    manifest = json.loads((prepared.dbt_target / dbt.PREPARED).read_text(encoding="utf-8"))
    return Project(manifest, frozenset(table.name for table in load_tables(prepared.metadata)))


def test_what_the_checks_find_is_meant_so_and_every_exception_is_needed(project: Project) -> None:
    exceptions = yaml.safe_load(EXCEPTIONS.read_text(encoding="utf-8"))
    assert all(entry["reason"].strip() for entry in exceptions)
    allowed = [Finding(entry["check"], node) for entry in exceptions for node in entry["nodes"]]
    assert len(allowed) == len(set(allowed)), "an exception stands twice"
    found = evaluate(project)
    assert sorted(found - set(allowed)) == [], "mend it, or say in dbt_project/exceptions.yml why it is meant so"
    assert sorted(set(allowed) - found) == [], "take it out of dbt_project/exceptions.yml: nothing is found any more"


def test_the_sources_are_the_tables_that_readers_write(project: Project) -> None:
    written = {
        (schema, name)
        for schema, names in (
            ("raw", deliveries.TABLES),
            ("forms", registry.TABLES),
            ("decisions", decisions.TABLES),
            (policy.SCHEMA, policy.TABLES),
            (ledger.SCHEMA, ledger.TABLES),
            (rolls.SCHEMA, rolls.TABLES),
            (uncorrected.SCHEMA, uncorrected.TABLES),
        )
        for name in names
    } | {(package, resource.table) for package in PACKAGES for resource in describe(PROJECT_DIR / "data", package)}
    sources = {(source["schema"], source["identifier"]) for source in project.sources.values()}
    assert sources == written - NOT_FOR_MODELS


def test_a_doc_block_is_there_for_what_several_columns_share(project: Project) -> None:
    folder = PROJECT_DIR / "dbt_project" / "models"
    blocks = {
        (path.name, name)
        for path in folder.rglob("*.md")
        for name in re.findall(r"{% docs (\w+) %}", path.read_text(encoding="utf-8"))
    }
    used = [
        name for path in folder.rglob("*.yml") for name in re.findall(r"doc\('(\w+)'\)", path.read_text(encoding="utf-8"))
    ]
    assert blocks
    assert sorted(block for block in blocks if used.count(block[1]) < 2) == [], "describe it where it is used"


def test_the_texts_of_one_column_are_stated_once(project: Project) -> None:
    models_by_text: dict[str, list[str]] = {}
    for path in sorted((PROJECT_DIR / "dbt_project" / "models").rglob("_*models.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            for column in model["columns"]:
                if "doc(" not in column["description"]:
                    models_by_text.setdefault(f"{column['name']}: {column['description'].strip()}", []).append(model["name"])
    repeated = {text: models for text, models in models_by_text.items() if len(models) > 3}
    assert repeated == {}, "make a doc block of it"


def test_nothing_is_installed_for_it() -> None:
    folder = PROJECT_DIR / "dbt_project"
    assert not [name for name in ("packages.yml", "dependencies.yml", "package-lock.yml") if Path(folder, name).exists()]
