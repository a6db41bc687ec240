"""Texts for people, except descriptions of tables and labels of codes: one YAML file for each subject of a room.

The files are in the room's folder ``texts``; an entry is ``key: {nb: ..., en: ...}``, with ``nn`` where it is sent to people
who have chosen nynorsk, and a blank to fill ``{name}``.
Belongs here: reading and checking these files, and filling blanks. Does not belong here: any text, or reading those that the
project's users write (``expectations``, ``data/metadata``).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.core import yaml_text
from orchestration.core.entry_files import first_problem
from orchestration.core.errors import UserError
from orchestration.core.language import LANGUAGES, Written, in_language
from orchestration.core.tables import Label, LetterLabel

ROOMS = Path(__file__).parent.parent
FOLDER = "texts"

RESTORE = "restore it; orchestration/core/texts.py says what such a file has"


class Texts(dict[str, Label]):
    """Texts by their keys; ``place`` names the file, so that the error for a missing key can name it."""

    def __init__(self, place: str, found: Mapping[str, Label]) -> None:
        super().__init__(found)
        self._place = place

    def __missing__(self, key: str) -> Label:
        raise UserError(f"has no text {key!r}", place=self._place, remedy="add it in nb and en, or correct the key")


@cache
def load_texts(room: str, name: str) -> Texts:
    """Return the texts of one subject of a room, read once.

    Args:
        room: the folder under ``orchestration`` whose texts they are.
        name: the file, without its ending.

    Raises:
        UserError: the file is not valid; the message names it and the key.
    """
    return read_texts(ROOMS / room / FOLDER / f"{name}.yml")


@cache
def load_groups(room: str, name: str) -> Mapping[str, Texts]:
    """Return the groups of texts of a file whose keys each stand for a group, read once; otherwise as ``load_texts``."""
    return read_groups(ROOMS / room / FOLDER / f"{name}.yml")


def read_texts(path: Path) -> Texts:
    """Return the texts of a file.

    Raises:
        UserError: it is not a file of texts, a language is missing, or the languages differ in their blanks.
    """
    return _texts(_read(path), str(path))


def read_groups(path: Path) -> Mapping[str, Texts]:
    """Return the texts of a file by group.

    Raises:
        UserError: as ``read_texts``.
    """
    groups = _entries(_read(path), str(path))
    return {group: _texts(content, f"{path}, {group}") for group, content in groups.items()}


def filled(text: Label, **values: Label | str | int | None) -> Label:
    """Return a text with its blanks filled, each language with its own values."""
    in_nb = {name: value.nb if isinstance(value, Label) else value for name, value in values.items()}
    in_en = {name: value.en if isinstance(value, Label) else value for name, value in values.items()}
    return Label(nb=text.nb.format(**in_nb), en=text.en.format(**in_en))


def blanks(text: str) -> set[str]:
    """Return the names of the blanks of a text.

    Raises:
        ValueError: a brace stands alone, or a blank has no name.
    """
    names = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    if not all(name.isidentifier() for name in names):
        raise ValueError("a blank has no name")
    return names


def _read(path: Path) -> Any:
    try:
        return yaml_text.load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"cannot be read ({error})", place=str(path), remedy=RESTORE) from error


def _entries(content: Any, place: str) -> dict[str, Any]:
    if not isinstance(content, dict) or not content:
        raise UserError("has no texts by key", place=place, remedy=RESTORE)
    for key in content:
        # Without quotation marks YAML reads words such as yes and no as booleans.
        if not isinstance(key, str):
            raise UserError(f"the key {key!r} is not a text", place=place, remedy="put it in quotation marks")
    return content


def _texts(content: Any, place: str) -> Texts:
    found = {}
    for key, entry in _entries(content, place).items():
        try:
            is_for_letters = isinstance(entry, dict) and "nn" in entry
            label = (LetterLabel if is_for_letters else Label).model_validate(entry)
            languages: tuple[Written, ...] = (*LANGUAGES, "nn") if is_for_letters else LANGUAGES
            named = [blanks(in_language(label, language)) for language in languages]
        except ValidationError as error:
            raise UserError(f"{key}: {first_problem(error)}", place=place, remedy="give the text in nb and en") from error
        except ValueError as error:
            raise UserError(f"{key}: {error}", place=place, remedy="write a blank as {name}") from error
        differing = set().union(*named) - named[0].intersection(*named)
        if differing:
            raise UserError(
                f"{key}: not all languages have the blank {', '.join(sorted(differing))}",
                place=place,
                remedy="give all of them the same blanks",
            )
        found[key] = label
    return Texts(place, found)
