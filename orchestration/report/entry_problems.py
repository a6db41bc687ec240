"""Errors in an author's YAML entry, reported with its line and the nearest known name.

Belongs here: finding the line of an entry, and the names that are allowed there. Does not belong here: the form (``model``),
or whether a snapshot has what is declared (``declarations``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from orchestration.core.suggestions import suggest
from orchestration.report.printed_words import AREA_DIMENSIONS, ITEM_DIMENSIONS

# Dimensions that choose a cell of FTE, of answers or of amounts, and the base of a share.
DIMENSIONS = (
    *AREA_DIMENSIONS,
    *ITEM_DIMENSIONS,
    *("target_group", "age_group", "measure_type", "education", "pathway", "reporting_form", "distribution"),
    *("question", "answer", "provider", "stay_type", "place_type", "person_category", "top_category_assumption"),
    *("price_basis", "base", "weighting"),
)


def problem(error: ValidationError, model: type[BaseModel], node: yaml.Node | None) -> tuple[str, int | None]:
    """Return the first error of a declaration, and its line if it can be found.

    Args:
        error: the result of validating the declaration.
        model: the form of the declaration.
        node: the declaration in its file.
    """
    # A misspelt entry is also reported as missing under its right name; the misspelling is the more useful message.
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    # Paths also contain names of the branches of a union of types, which are not entries.
    path = [part for part in first["loc"] if isinstance(part, int) or not re.search(r"\W", part)]
    what = str(first["msg"])
    line, written = _found(node, path)
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in path)
    if first["type"] == "extra_forbidden":
        allowed = _fields(model, path[:-1])
        name = str(path[-1])
        within = f" of {'.'.join(place.split('.')[:-1])}" if len(path) > 1 else ""
        guess = suggest(name, allowed) or f"; the entries are {', '.join(allowed)}"
        if name in DIMENSIONS and "with" in allowed:
            guess = "; dimensions belong under with"
        return f"there is no entry {name!r}{within}{guess}", line
    if first["type"] == "string_type" and isinstance(first["input"], bool | int | float):
        what = f"YAML does not read {written} as text: put it in quotation marks"
    return f"{place}: {what}".removeprefix(": "), line


def _fields(model: type[BaseModel], path: Sequence[Any]) -> list[str]:
    """Return the entries that a part of a declaration may have."""
    for part in path:
        field = next((each for name, each in model.model_fields.items() if part in (name, each.alias)), None)
        inner = _model_in(field.annotation) if field is not None else None
        model = inner or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for each in getattr(annotation, "__args__", ()) if (found := _model_in(each))), None)


def _found(node: yaml.Node | None, path: Sequence[Any]) -> tuple[int | None, str]:
    """Return the line of a part of a declaration, or of what should contain it, and the part as written."""
    line = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                return line or node.start_mark.line + 1, ""
            key, node = found
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line, str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def part_of(text: str, key: str) -> yaml.Node | None:
    """Return the YAML node of a key of a file, or of the whole file if the key is empty."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    pairs = node.value if key and isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None) if key else node
