"""docs/run/form-folders.md has every option that a form may have, and no other; its examples are valid."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from orchestration.core.settings import PROJECT_DIR
from orchestration.forms.model import (
    ColumnMap,
    ContentCheck,
    FileSpec,
    Form,
    NumberSpec,
    OptionMap,
    RowRule,
    SheetSpec,
    SubmissionSpec,
    TickSpec,
    UnitSpec,
)

TEXT = (PROJECT_DIR / "docs" / "run" / "form-folders.md").read_text(encoding="utf-8")
# A commented-out option in an example; continued comments are indented further.
OPTION = re.compile(r"^( {0,8})# ([a-z_]+: )", re.MULTILINE)
PARTS: Mapping[str, type[BaseModel]] = {
    "files": FileSpec,
    "sheets": SheetSpec,
    "unit": UnitSpec,
    "submission": SubmissionSpec,
    "rows_not_data": RowRule,
    "checks": ContentCheck,
    "numbers": NumberSpec,
    "ticks": TickSpec,
}


def example(language: str, beginning: str) -> str:
    """The example of a language that begins with a text."""
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL) if text.startswith(beginning)]
    return str(found)


def keys(content: Any, part: str = "form") -> dict[str, set[str]]:
    """The keys of each part of a form."""
    found: dict[str, set[str]] = {}
    for each in content if isinstance(content, list) else [content]:
        found.setdefault(part, set()).update(each)
        for key, value in each.items():
            if key in PARTS:
                for name, more in keys(value, key).items():
                    found.setdefault(name, set()).update(more)
    return found


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_every_option_of_form_yml_is_documented_and_no_other() -> None:
    documented = keys(yaml.safe_load(OPTION.sub(r"\1\2", example("yaml", "form:"))))
    expected = {part: set(model.model_fields) for part, model in PARTS.items()}
    assert documented == {"form": set(Form.model_fields) - {"columns", "options"}, **expected}


def test_the_example_of_form_yml_is_a_form() -> None:
    assert Form.model_validate(yaml.safe_load(example("yaml", "form:"))).form == "is248_2018"


def test_every_column_of_the_maps_is_documented_and_no_other() -> None:
    columns, options = (TEXT.partition(f"## {name}")[2].partition("\n## ")[0] for name in ("columns.csv", "options.csv"))
    for text, model in ((columns, ColumnMap), (options, OptionMap)):
        table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
        assert {name for cell in table for name in re.findall("`([a-z_]+)`", cell)} == set(model.model_fields) - {"line"}


def test_the_examples_of_the_maps_are_valid() -> None:
    columns = [ColumnMap.model_validate(row) for row in rows(example("csv", "sheet,"))]
    options = [OptionMap.model_validate(row) for row in rows(example("csv", "question,"))]
    assert {column.type for column in columns} >= {"number", "code", "tick", "codes"}
    chosen = next(column for column in columns if column.type == "codes")
    assert chosen.codes_in("Nei;Ja, av bolig;") == [option.code for option in options if option.answer]


def test_what_a_form_says_of_a_file_is_yaml_and_has_names_of_options() -> None:
    table = TEXT.partition("## What a file shows")[2].partition("\n## ")[0]
    cells = [line.split(" | ")[1] for line in table.splitlines() if line.startswith("| ")][2:]
    named = {name for cell in cells for code in re.findall("`([^`]+)`", cell) for name in re.findall(r"\b([a-z_]+): ", code)}
    every = {"code", *Form.model_fields, *(name for model in PARTS.values() for name in model.model_fields)}
    assert named and named <= every
    for cell in cells:
        for code in re.findall("`([a-z_]+: [^`]+)`", cell):
            assert isinstance(yaml.safe_load(code), dict)
