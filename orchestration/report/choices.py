"""Choices that a chapter makes by comparing values: conditions, and expressions whose text depends on a comparison.

Each round may choose otherwise, and branches not taken are invisible. Belongs here: recording each choice by file and line,
with the resulting sentence. Does not belong here: which sentences state another direction (``directions``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Private-use characters that mark chosen text; removed before anything is written.
_FIRST, _LAST, _END = "\ue002", "\ue003", "\ue004"
_MARK = re.compile(f"[{_FIRST}{_LAST}]\\d+{_END}")
_TAG = re.compile(r"(?P<indent>^[ \t]+)?\{%(?P<strip>[-+]?)\s*(?P<tag>\w+)(?P<rest>.*?)(?P<end>[-+]?)%\}", re.DOTALL | re.M)
_SET = re.compile(r"\s*(?P<name>\w+)\s*=(?P<value>.*)", re.DOTALL)
_COMPARES = re.compile(r"[<>]|[!=]=|\babout_unchanged\s*\(")
_SPAN = re.compile(r"\[(?P<text>[^\]]*)\]\{#(?P<id>v\d+) \.bound\}")
_REFERENCE = re.compile(r"\s*\((?:\[[^\]]*\]\([^)]*\)\{\.ref\}(?:, )?)+\)")
_PARAGRAPH = re.compile(rf"\n(?:\s|{_MARK.pattern})*\n|\n(?=(?:\s|{_MARK.pattern})*[-*] )")
_ENDING = re.compile(rf"(?:\s|{_MARK.pattern})*\Z")
_SENTENCE = re.compile(rf"(?<=[.!?])\s+(?=(?:{_MARK.pattern})*[A-ZÆØÅ«\[\d])")


@dataclass(frozen=True)
class Chosen:
    """A choice of a chapter: the comparison, its outcome, and the sentence that contains it."""

    file: str
    line: int
    expression: str
    outcome: str
    sentence: str


class Choices:
    """Records the choices of one file while its template is rendered."""

    def __init__(self, words: Collection[str]) -> None:
        self._measuring = set(words)
        self._found: list[tuple[int, str]] = []
        self._outcomes: dict[int, str] = {}

    def noted(self, template: str) -> str:
        """Return a template that records its choices: it marks the branches of each condition that compares values."""
        opened: list[int | None] = []

        def change(match: re.Match[str]) -> str:
            tag, rest, indent = match["tag"], match["rest"], match["indent"] or ""
            line = template.count("\n", 0, match.start("tag")) + 1
            if tag == "set" and (found := _SET.fullmatch(rest)) and self._measures(found["value"]):
                self._measuring.add(found["name"])
            if tag in ("if", "for"):
                opened.append(self._add(line, rest) if tag == "if" and self._decides(rest) else None)
                if opened[-1] is None:
                    return match[0]
                return f"{_FIRST}{opened[-1]}{_END}" + self._test(match, opened[-1])
            if tag in ("elif", "else", "endif", "endfor") and opened:
                at = opened[-1] if tag in ("elif", "else") else opened.pop()
                if at is not None:
                    ending = f"{_LAST}{at}{_END}"
                    return ending + (self._test(match, at) if tag == "elif" else match[0].removeprefix(indent))
            return match[0]

        return _TAG.sub(change, template)

    def _add(self, line: int, source: str) -> int:
        self._found.append((line, " ".join(source.split())))
        return len(self._found) - 1

    @staticmethod
    def _test(match: re.Match[str], at: int) -> str:
        return f"{{%{match['strip']} {match['tag']} chose_({at}, ({match['rest']})) {match['end']}%}}"

    def _measures(self, source: str) -> bool:
        return any(re.search(rf"(?<![\w.\"']){name}\b", source) for name in self._measuring)

    def _decides(self, source: str) -> bool:
        """Whether an expression compares values. Tests of years, or of what was asked, do not: they have no direction."""
        return bool(_COMPARES.search(source)) and self._measures(source)

    def chose(self, at: int, test: Any) -> Any:
        """Record the outcome of a condition, and return it."""
        # All tested branches are part of the outcome: taking the second of three differs from taking the third.
        self._outcomes[at] = f"{self._outcomes.get(at, '')}{'+' if test else '-'}"
        return test

    def text(self, line: int, source: str, value: str) -> str:
        """Return the text of an expression, marked if the expression compares values."""
        is_name = source in self._measuring
        if not is_name and not self._decides(source):
            return value
        at = self._add(line, source)
        self._outcomes[at] = value
        return f"{_FIRST}{at}{_END}{value}{_LAST}{at}{_END}"

    def chosen(self, rendered: str, file: str) -> Iterator[Chosen]:
        """Yield every choice that was made, with its sentence."""
        for at, outcome in self._outcomes.items():
            line, source = self._found[at]
            first = rendered.find(f"{_FIRST}{at}{_END}")
            last = rendered.find(f"{_LAST}{at}{_END}", first)
            yield Chosen(file, line, source, outcome, sentence(rendered, first, last))


def without_marks(rendered: str) -> str:
    """Return a rendered text without marks of choices."""
    return _MARK.sub("", rendered)


def sentence(text: str, first: int, last: int) -> str:
    """Return the sentences of a text from the one at position ``first`` to the one at ``last``, as a reader sees them.

    If no branch was taken (``last`` below zero), return the sentence that the branch would belong to, if one has begun.
    """
    is_taken = last >= 0
    last = len(_ENDING.sub("", text[: last if is_taken else first]))
    start = max((found.end() for found in _PARAGRAPH.finditer(text, 0, first)), default=0)
    following = _PARAGRAPH.search(text, max(last, start))
    paragraph = text[start : following.start() if following else len(text)]
    breaks = [found.end() for found in _SENTENCE.finditer(paragraph)]
    # A mark precedes the first character of chosen text; the blank before it ends the previous sentence.
    begin = max((each for each in breaks if each <= first - start), default=0)
    end = min((each for each in breaks if each > last - start), default=len(paragraph))
    if not is_taken and (last <= start + begin or text[last - 1] in ".!?"):
        return ""
    shown = _REFERENCE.sub("", _SPAN.sub(r"\g<text>", without_marks(paragraph[begin:end])))
    return " ".join(re.sub(r"^[-*]\s+", "", shown.strip()).replace("\u00a0", " ").split())


def sentences(rendered: str) -> Mapping[str, str]:
    """Return the sentence of each bound value of a rendered text, by its id."""
    return {found["id"]: sentence(rendered, found.start(), found.end() - 1) for found in _SPAN.finditer(rendered)}


def measuring(words: Mapping[str, Callable[..., Any]]) -> list[str]:
    """Return the words of chapters that return a value."""
    given = {name: word.__annotations__.get("return") for name, word in words.items()}
    return [name for name, kind in given.items() if kind == "Bound" or name == "about_unchanged"]
