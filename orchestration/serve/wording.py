"""Texts with or instead of codes, in the language of a request: outputFormatParams and lang, as in PxWebApi 2.

Belongs here: reading these parameters, and adding texts to rows. Does not belong here: the labels in a JSON answer
(``annotations``), or formats (``answers``, ``workbook``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from orchestration.core.language import LANGUAGES, Language, in_language
from orchestration.core.tables import Column
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import NOTE_COLUMN, SEPARATOR
from orchestration.serve import questions
from orchestration.serve.request_errors import RequestError

Style = Literal["UseCodes", "UseTexts", "UseCodesAndTexts"]
STYLES: tuple[Style, ...] = get_args(Style)
SEPARATORS = {"SeparatorTab": "\t", "SeparatorSpace": " ", "SeparatorSemicolon": ";"}

# PxWebApi calls Norwegian "no".
NORWEGIAN: dict[str, Language] = {"no": "nb", "nb": "nb", "en": "en"}


@dataclass(frozen=True)
class Wording:
    """Whether to write codes, texts or both, in which language; and the separator of CSV."""

    style: Style = "UseCodes"
    language: Language = "nb"
    separator: str = ","


def read_language(text: str | None, where: str) -> Language:
    """Return the language of a request.

    Raises:
        RequestError: there are no texts in the language.
    """
    found = NORWEGIAN.get((text or LANGUAGES[0]).lower())
    if found is not None:
        return found
    raise RequestError(400, f"there are no texts in {(text or '')[:20]!r}", place=where, remedy="lang is nb, no or en")


def read_wording(given: Mapping[str, str], answered_as: questions.Format, where: str) -> Wording:
    """Return the wording of a request; workbooks have codes and texts by default.

    Raises:
        RequestError: a parameter has an unknown value, or one that does not apply to the format.
    """
    known = {name.lower(): name for name in (*STYLES, *SEPARATORS)}
    asked = [each.strip().lower() for each in given.get(questions.WORDING, "").split(",") if each.strip()]
    for each in asked:
        if each not in known:
            raise RequestError(
                400, f"{questions.WORDING} has no {each[:40]!r}", place=where, remedy=f"it has {', '.join(known.values())}"
            )
    names = [known[each] for each in asked]
    styles: list[Style] = [style for style in STYLES if style in names]
    separators = [SEPARATORS[name] for name in names if name in SEPARATORS]
    if len(styles) > 1 or len(separators) > 1:
        raise RequestError(400, f"values of {questions.WORDING} conflict", place=where, remedy="choose one of them")
    if separators and answered_as != "csv":
        raise RequestError(400, f"{answered_as} cannot have a separator", place=where, remedy="leave it out, or ask for csv")
    if styles and answered_as == "jsonstat":
        raise RequestError(400, "a cube always has codes and texts", place=where, remedy=f"leave {questions.WORDING} out")
    return Wording(
        style=styles[0] if styles else "UseCodesAndTexts" if answered_as == "xlsx" else "UseCodes",
        language=read_language(given.get(questions.LANGUAGE), where),
        separator=separators[0] if separators else ",",
    )


def text_of(code: Any, column: Column, release: Release, language: Language) -> Any:
    """Return the text of a code; for several codes of a note, their texts; without a text, the value itself."""
    codes = release.codes_of(column)
    if code is None or column.type != "VARCHAR":
        return code
    parts = code.split(SEPARATOR) if column.name == NOTE_COLUMN else [code]
    return "; ".join(in_language(codes[part].label, language) if part in codes else part for part in parts)


def worded(
    columns: Sequence[Column], rows: Sequence[Sequence[Any]], release: Release, wording: Wording
) -> tuple[list[Column], list[list[Any]]]:
    """Return columns and rows with texts: a column of texts before or instead of the column of codes."""
    wide: list[Column] = []
    parts: list[tuple[int, Mapping[Any, Any] | None]] = []
    for place, column in enumerate(columns):
        has_words = column.type == "VARCHAR" and bool(release.codes_of(column)) and wording.style != "UseCodes"
        if has_words:
            name = column.name if wording.style == "UseTexts" else f"{column.name}_{wording.language}"
            wide.append(column.model_copy(update={"name": name, "codelist": None}))
            codes = {row[place] for row in rows}
            parts.append((place, {code: text_of(code, column, release, wording.language) for code in codes}))
        if not has_words or wording.style == "UseCodesAndTexts":
            wide.append(column)
            parts.append((place, None))
    if len(wide) == len(columns) and wording.style == "UseCodes":
        return wide, [list(row) for row in rows]
    return wide, [[row[place] if words is None else words[row[place]] for place, words in parts] for row in rows]
