"""Chapters in the language of the report: what somebody wrote in it, and what replaces missing chapters.

The Norwegian chapter decides what a report contains. Tables, figures and slots that a chapter in another language does not
place are appended to it. Belongs here: choosing the text of a chapter. Does not belong here: evaluating it (``sentences``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from orchestration.core.language import Language, in_language
from orchestration.core.texts import load_texts
from orchestration.report.model import CHAPTERS, Chapter, Source

TEXTS = load_texts("report", "document")
_PLACED = re.compile(r"\{\{\s*((?:table|figure|prose|quote)\(\s*[\"']\w+[\"']\s*\))\s*\}\}")


@dataclass(frozen=True)
class Written:
    """The text of a chapter. ``added`` is what was appended; ``is_written`` is false if nobody wrote it in the language."""

    path: Path
    text: str
    is_written: bool = True
    added: tuple[str, ...] = ()


def text_of(source: Source, chapter: Chapter, language: Language) -> Written:
    """Return the text of a chapter in a language."""
    path = source.folder / CHAPTERS / f"{chapter.file}.md"
    text = path.read_text(encoding="utf-8")
    if language == "nb":
        return Written(path, text)
    own = source.chapter_file(chapter, language)
    placed = _PLACED.findall(text)
    if own is None:
        tables = [each for each in placed if each.startswith(("table", "figure"))]
        return Written(path, _behind(in_language(TEXTS["no_text"], language), tables), is_written=False)
    translated = own.read_text(encoding="utf-8")
    there = {_key(each) for each in _PLACED.findall(translated)}
    added = tuple(each for each in placed if _key(each) not in there)
    return Written(own, _behind(translated.rstrip("\n"), added) if added else translated, added=added)


def unused(source: Source) -> list[str]:
    """Return unused files and tables: chapters that the report does not list, and tables that no chapter places."""
    files = {chapter.file for chapter in source.report.chapters}
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted((source.folder / CHAPTERS).glob("*.md"))}
    placed = {_key(each) for text in texts.values() for each in _PLACED.findall(text)}
    unplaced = [key for key in source.tables if f"table({key})" not in placed and f"figure({key})" not in placed]
    return [*(name for name in texts if name.split(".", 1)[0] not in files), *unplaced]


def _key(placed: str) -> str:
    return re.sub(r"[\s\"']", "", placed)


def _behind(text: str, placed: list[str] | tuple[str, ...]) -> str:
    return "\n\n".join([text, *(f"{{{{ {each} }}}}" for each in placed)]) + "\n"
