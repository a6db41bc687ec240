"""The disclosure policy (``data/classifications/disclosure.yml``): read, checked, and put into the warehouse.

Belongs here: the form of the file and its tables (schema ``disclosure``). Does not belong here: what is hidden because of
it (``suppression`` and the models), or whether it holds (``orchestration.attack``, which reads the file by itself).
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any, Literal

import duckdb
import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.warehouse import replace_tables

FILE = Path("classifications") / "disclosure.yml"
DOCUMENTATION = "docs/use/disclosure.md says what an entry means"

SCHEMA = "disclosure"

TABLES: dict[str, pa.Schema] = {
    "limits": pa.schema({"parameter": pa.string(), "value": pa.int64()}),
    "levels": pa.schema({"priority": pa.int32(), "unit_level": pa.string(), "area_basis": pa.string()}),
    "indicators": pa.schema({"indicator": pa.string(), "sensitivity": pa.string()}),
}

ORDINARY = "ordinary"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(_Strict):
    """A level of areas on one of the two bases."""

    unit_level: Literal["country", "size_group", "health_region", "county", "hf_area"]
    area_basis: Literal["reported", "current"]


class UniformGroups(_Strict):
    """Fewest answering units of a group in which all gave an answer or none did."""

    ordinary: int = Field(ge=1)
    sensitive: int = Field(ge=1)


class Review(_Strict):
    """Who last reviewed the policy, and when."""

    date: datetime.date
    by: str = Field(min_length=1)


class Policy(_Strict):
    """What may be public about the answers of units; the file explains every entry."""

    version: int
    reviewed: Review
    minimum_units: int = Field(ge=2)
    uniform_groups: UniformGroups
    routed_questions: Literal["protected"]
    changed_units: int = Field(ge=1)
    units_by_practice: int = Field(ge=1)
    crossing_areas: Literal["left_out", "allowed"]
    levels: tuple[Level, ...] = Field(min_length=1)
    sensitive: dict[str, tuple[str, ...]]
    ordinary: tuple[str, ...]

    @model_validator(mode="after")
    def _lists_exclude_each_other(self) -> Policy:
        both = {name for names in self.sensitive.values() for name in names} & set(self.ordinary)
        if both:
            raise ValueError(f"listed as both sensitive and ordinary: {', '.join(sorted(both))}")
        if self.levels[0].unit_level != "country":
            raise ValueError("the country is the first level: nothing is shown of a question without it")
        return self

    def limits(self) -> dict[str, int]:
        """Return the numbers of the policy by name."""
        return {
            "minimum_units": self.minimum_units,
            "uniform_ordinary": self.uniform_groups.ordinary,
            "uniform_sensitive": self.uniform_groups.sensitive,
            "changed_units": self.changed_units,
            "units_by_practice": self.units_by_practice,
            "may_areas_cross": int(self.crossing_areas == "allowed"),
        }


def load_policy(data: Path) -> Policy:
    """Return the policy.

    Args:
        data: the folder of the inputs.

    Raises:
        UserError: the file is missing or not YAML, or an entry is not valid.
    """
    path = data / FILE
    try:
        return Policy.model_validate(yaml_text.load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy=DOCUMENTATION) from error
    except ValidationError as error:
        raise UserError(first_problem(error), place=str(path), remedy=DOCUMENTATION) from error


def load(connection: duckdb.DuckDBPyConnection, data: Path) -> dict[str, int]:
    """Replace the tables of the schema ``disclosure``; return the number of rows of each."""
    policy = load_policy(data)
    # An indicator under two sensitive headings is listed once.
    sensitivity = {name: kind for kind, names in policy.sensitive.items() for name in names}
    sensitivity |= dict.fromkeys(policy.ordinary, ORDINARY)
    rows: dict[str, list[tuple[Any, ...]]] = {
        "limits": list(policy.limits().items()),
        "levels": [(number, each.unit_level, each.area_basis) for number, each in enumerate(policy.levels, start=1)],
        "indicators": sorted(sensitivity.items()),
    }
    replace_tables(connection, SCHEMA, TABLES, rows)
    return {name: len(found) for name, found in rows.items()}
