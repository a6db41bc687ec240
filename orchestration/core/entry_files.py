"""Lists of entries in YAML that people write and sign: read entry by entry, each with the line in which it begins.

Belongs here: the form of such a file and how its errors are reported. Does not belong here: what an entry means (decisions,
waivers, explanations of the control).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from orchestration.core.errors import UserError

Entry = TypeVar("Entry", bound=BaseModel)


def first_problem(error: ValidationError) -> str:
    """Return the first problem of an entry: its place in the entry, and the validator's message."""
    first = error.errors()[0]
    what = str(first["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(str(part) for part in first['loc'])}: {what}".removeprefix(": ")


def read_entries(path: Path, model: type[Entry], documentation: str) -> Iterator[tuple[int, Entry]]:
    """Yield the entries of one file with the line in which each begins.

    Args:
        path: the file; an empty one has no entries.
        model: what an entry is.
        documentation: where the form of an entry is described.

    Raises:
        UserError: the file is not a list of entries, or an entry lacks or misspells something.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content, node = yaml.safe_load(text), yaml.compose(text)
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy=documentation) from error
    if content is None:
        return
    if not isinstance(content, list) or not isinstance(node, yaml.SequenceNode):
        raise UserError("is not a list of entries", place=str(path), remedy=documentation)
    for entry, entry_node in zip(content, node.value, strict=True):
        line = entry_node.start_mark.line + 1
        try:
            yield line, model.model_validate(entry)
        except ValidationError as error:
            raise UserError(first_problem(error), place=f"{path}, line {line}", remedy=documentation) from error
