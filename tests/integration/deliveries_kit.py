"""A tiny survey for tests: forms and deliveries written by code, and the models from raw cells to ledger on a DuckDB.

The municipalities and their changes are the real ones; everything delivered is made up.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.core.warehouse import connect
from orchestration.disclosure import policy
from orchestration.engines import dbt
from orchestration.forms.model import ColumnMap, OptionMap
from orchestration.forms.registry import load_forms
from orchestration.ingest import decisions, deliveries, registry
from orchestration.ingest.data_packages import PACKAGES, load_all

TEXT = {"nb": "prøve", "en": "test"}
MAP_COLUMNS = [name for name in ColumnMap.model_fields if name != "line"]
OPTION_COLUMNS = [name for name in OptionMap.model_fields if name != "line"]

FORM: dict[str, Any] = {
    "form": "survey_2016",
    "survey": "is248",
    "time_period": 2016,
    "collection_year": 2016,
    "delivery": "2016",
    "title": TEXT,
    "reference_period": TEXT,
    "origin": "made up",
    "licence": "none",
    "constructed": True,
    "non_response": "missing",
    "files": [{"name": "export", "pattern": "export.csv", "reader": "csv", "encoding": "utf-8", "delimiter": ";"}],
    "sheets": [
        {
            "name": "main",
            "file": "export",
            "unit": {"code": ["nr"], "name": ["kommune"], "part_code": ["bydel"]},
            "submission": {
                "id": "id",
                "submitted": "levert",
                "formats": ["%d.%m.%Y"],
                "status": "status",
                "completed": ["1"],
                "not_answered": ["2"],
            },
            "rows_not_data": [
                {"reason": "total", "column": "kommune", "matches": "Sum.*"},
                {"reason": "test_respondent", "column": "nr", "matches": "9999|0000"},
            ],
        }
    ],
    "numbers": {"missing": ["999"]},
}

COLUMNS: list[dict[str, str]] = [
    *({"column": name, "use": "identifier"} for name in ("id", "nr", "kommune", "bydel", "levert", "status")),
    {"column": "bolig", "use": "answer", "question": "fte_by_service", "item": "housing_with_staff", "type": "number"},
    {"column": "arbeid", "use": "answer", "question": "fte_by_service", "item": "work_measures", "type": "number"},
    {"column": "sum", "use": "ignored", "reason": "typed_sum"},
    {"column": "rutine", "use": "answer", "question": "suicide_attempt_routines", "type": "code"},
    {"column": "kjop_1", "use": "answer", "question": "private_purchase", "type": "tick", "answer": "no"},
    {"column": "kommentar", "use": "ignored", "reason": "respondent_comment"},
    {"column": "", "use": "absent", "question": "housing_situation", "reason": "not_asked"},
]

OPTIONS: list[dict[str, str]] = [
    {"question": "suicide_attempt_routines", "code": "1", "answer": "yes"},
    {"question": "suicide_attempt_routines", "code": "2", "answer": "no"},
    {"question": "suicide_attempt_routines", "code": "9", "missing_reason": "not_answered"},
]

HEADER = ["id", "nr", "kommune", "bydel", "levert", "status", "bolig", "arbeid", "sum", "rutine", "kjop_1", "kommentar"]

ROWS: list[list[str]] = [
    ["1", "0101", "Halden", "", "01.04.2016", "1", "1,5", "1 234,5", "9", "1", "1", "free text; with separator"],
    ["2", "104", "Moss", "", "02.04.2016", "1", "2.25 ", "", "", "2", "", "two\nlines"],
    ["3", "0301", "Oslo", "030104", "03.04.2016", "1", "-", "0", "", "9", "0", ""],
    ["4", "1901", "Harstad", "", "04.04.2016", "1", "ca 2", "-1", "", "7", "2", ""],
    ["5", "0105", "Halden", "", "05.04.2016", "1", "999", "2-3", "", "", "x", "'; drop table raw.cells; --"],
    ["6", "8888", "Ukjent", "", "06.04.2016", "1", "3", "", "", "1", "", ""],
    ["7", "1444", "Hornindal", "", "", "2", "", "", "", "", "", ""],
    ["8", "9999", "Testkommune", "", "01.03.2016", "1", "1", "1", "", "1", "1", "test"],
    ["", "", "Sum landet", "", "", "", "12", "3", "", "", "", ""],
]


def write_form(
    data: Path, form: dict[str, Any], columns: list[dict[str, str]], options: list[dict[str, str]], layout: str = "main"
) -> None:
    """Write a form folder; columns that a test does not set are filled for answers."""
    folder = data / "forms" / str(form["form"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "form.yml").write_text(yaml.safe_dump(form, allow_unicode=True), encoding="utf-8")
    with (folder / "columns.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, MAP_COLUMNS, lineterminator="\n")
        writer.writeheader()
        for column in columns:
            usual = {"sheet": layout}
            if column["use"] == "answer":
                usual |= {"item": "all", "target_group": "adults", "reporting_form": "joint", "population_asked": "all"}
            writer.writerow(usual | column)
    with (folder / "options.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, OPTION_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(options)


def csv_text(header: list[str], rows: list[list[str]]) -> str:
    """Return rows as a delivered csv file."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\n").writerows([header, *rows])
    return buffer.getvalue()


def write_delivery(data: Path, name: str, files: dict[str, bytes | str]) -> Path:
    """Write a delivery folder."""
    folder = data / "deliveries" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return folder


class Model(NamedTuple):
    """A compiled model; ``is_of_deliveries`` where it depends on forms or cells, and not on reference data alone."""

    schema: str
    name: str
    sql: str
    is_of_deliveries: bool


@dataclass
class Kit:
    """A data folder with the real reference data, and its own warehouse."""

    data: Path
    settings: Settings
    models: list[Model] = field(default_factory=list, repr=False)
    """The models that are rebuilt after each reading."""

    def read(self, connection: duckdb.DuckDBPyConnection, **changes: Any) -> dict[str, str]:
        """Read every delivery into raw; return the result for each form."""
        forms = load_forms(self.settings.forms)
        deliveries.prepare_tables(connection, forms)
        registry.load_registry(connection, forms)
        decisions.load(connection, self.settings.data)
        deliveries.check_folders(forms, self.settings.deliveries)
        outcome = {
            form.form: deliveries.ingest(
                connection,
                form,
                **{
                    "forms": forms,
                    "deliveries": self.settings.deliveries,
                    "archive_folder": self.settings.archive,
                    "municipalities": {},
                    **changes,
                },
            )
            for form in forms
        }
        self.make_models(connection)
        return outcome

    def make_models(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Rebuild the models from raw."""
        for model in self.models:
            connection.execute(f"create or replace table {model.schema}.{model.name} as {model.sql}")


def make_kit(folder: Path) -> Kit:
    """Return a kit with the tiny form and no delivery."""
    data = folder / "data"
    for name in (*PACKAGES, "metadata"):
        shutil.copytree(PROJECT_DIR / "data" / name, data / name)
    write_form(data, FORM, COLUMNS, OPTIONS)
    (data / "deliveries").mkdir()
    return Kit(data, Settings(data_dir=data, warehouse_dir=folder / "warehouse", snapshots_dir=folder / "snapshots"))


def load_inputs(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Load the described inputs, unchecked."""
    load_all(connection, settings.data)
    decisions.load(connection, settings.data)
    policy.load(connection, settings.data)


def compile_models(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return every model as compiled by dbt: schema, SQL, whether it depends on deliveries, and its parents.

    It takes longer than most tests, so they share the result (the fixture ``compiled``).
    """
    with connect(settings.warehouse_file) as connection:
        load_inputs(settings, connection)
        deliveries.prepare_tables(connection, [])
        registry.load_registry(connection, [])
    dbt.invoke(settings, "compile")
    manifest = json.loads((settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    return {
        node["name"]: {
            "schema": node["schema"],
            "sql": node["compiled_code"].replace('"warehouse".', ""),
            "is_of_deliveries": any(
                parent.startswith("source.") and parent.split(".")[2] in {"raw", "forms", "decisions"}
                for parent in node["depends_on"]["nodes"]
            ),
            "parents": [parent.rpartition(".")[2] for parent in node["depends_on"]["nodes"] if parent.startswith("model.")],
        }
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }


def models_of(compiled: dict[str, dict[str, Any]], *wanted: str, given: Collection[str] = ()) -> list[Model]:
    """Return models with all their ancestors, in the order of their dependencies.

    Args:
        compiled: the result of ``compile_models``.
        wanted: the names of the models.
        given: names of models that are already in the warehouse.
    """
    ordered: dict[str, Model] = {}

    def add(name: str) -> None:
        if name in ordered or name in given:
            return
        model = compiled[name]
        for parent in model["parents"]:
            add(parent)
        is_of_deliveries = model["is_of_deliveries"] or any(
            ordered[parent].is_of_deliveries for parent in model["parents"] if parent in ordered
        )
        ordered[name] = Model(model["schema"], name, model["sql"], is_of_deliveries)

    for name in wanted:
        add(name)
    return list(ordered.values())


def cell_models(compiled: dict[str, dict[str, Any]], *further: str) -> list[Model]:
    """Return the models from cells to answers, and others."""
    return models_of(compiled, "mart_cell_ledger", "mart_row_ledger", "int_name_findings", "int_delivered_answers", *further)


def cell_warehouse(kit: Kit, models: list[Model]) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB in memory that has the raw cells and the models after each reading of the kit."""
    connection = duckdb.connect()
    load_inputs(kit.settings, connection)
    forms = load_forms(kit.settings.forms)
    deliveries.prepare_tables(connection, forms)
    registry.load_registry(connection, forms)
    for schema in {model.schema for model in models}:
        connection.execute(f"create schema if not exists {schema}")
    kit.models = [model for model in models if model.is_of_deliveries]
    for model in models:
        if not model.is_of_deliveries:
            connection.execute(f"create table {model.schema}.{model.name} as {model.sql}")
    return connection
