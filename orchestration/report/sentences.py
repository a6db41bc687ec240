"""Evaluating chapters: each expression in the prose becomes a value that is bound to its cells, with file and line.

Belongs here: the template language of chapters, the place of every expression, and errors with it. Does not belong here: the
words (``vocabulary``), or the documents made from chapters (``document``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment

from orchestration.core.errors import UserError
from orchestration.core.language import in_language
from orchestration.core.suggestions import suggest
from orchestration.report import definitions
from orchestration.report.authored import Authored, Kind, in_chapter
from orchestration.report.bound_values import AUTOMATIC_REMARKS, NO_BREAK, Bound, Composed
from orchestration.report.choices import Choices, Chosen, measuring, sentences, without_marks
from orchestration.report.grid import Grid, Round
from orchestration.report.values import LEVEL, ReportError
from orchestration.report.vocabulary import Vocabulary
from orchestration.report.writing import GROUPS

# Whole numbers that an expression may return as years; any other number must be bound.
YEARS = range(1990, 2100)
EXPRESSION = re.compile(r"\{\{(?P<strip>[-+]?)(?P<expression>.*?)(?P<end>[-+]?)\}\}", re.DOTALL)
# A remark on a value belongs at the end of its sentence; private-use characters mark it until it is moved there.
_OPEN, _CLOSE = "\ue000", "\ue001"
_REMARK = re.compile(f"{_OPEN}[^{_CLOSE}]*{_CLOSE}")
_AT_ONCE = re.compile(f"[{_OPEN}{_CLOSE}]")
_TO_THE_END = re.compile(
    rf"{_OPEN}(?P<remark>[^{_CLOSE}]*){_CLOSE}(?P<rest>(?:(?!\.(?:\s|$)|\n\s*\n|\n- ).)*)(?=\.(?:\s|$))", re.DOTALL
)
DOCUMENTATION = "docs/run/reports.md lists what a chapter may contain"


@dataclass(frozen=True)
class Stated:
    """A bound value in its place: ``id`` locates it in the documents, file and line in the chapter."""

    id: str
    bound: Bound
    text: str
    file: str
    line: int
    expression: str


@dataclass(frozen=True)
class Slot:
    """Markdown that an expression inserts; empty if the round has nothing to insert."""

    markdown: str


@dataclass
class Chapters:
    """Evaluates chapters of one report; keeps every bound value in the order of the document."""

    of: Round
    vocabulary: Vocabulary
    grids: Mapping[str, Grid]
    left_out: Mapping[str, str]
    names: Mapping[str, Any] = field(default_factory=dict)
    stated: list[Stated] = field(default_factory=list)
    placed: list[str] = field(default_factory=list)
    authored: Authored | None = None
    # The choices of chapters by comparing values, and the sentence of each bound value by its id.
    chosen: list[Chosen] = field(default_factory=list)
    sentences: dict[str, str] = field(default_factory=dict)

    def render(self, path: Path, text: str, shown: str, *, is_signed: bool = False) -> str:
        """Return a chapter as Markdown whose bound values are spans with an id.

        Args:
            path: the file, for errors.
            text: its content.
            shown: the name of the file in the manifest.
            is_signed: whether it is a signed text, which cannot place tables, figures or slots.

        Raises:
            UserError: an expression is wrong or refused; the error has file and line.
        """
        return _Chapter(self, path, shown, is_signed=is_signed).render(text)


class _Chapter:
    def __init__(self, chapters: Chapters, path: Path, shown: str, *, is_signed: bool = False) -> None:
        self.chapters, self.path, self.shown, self.is_signed = chapters, path, shown, is_signed
        self.choices = Choices(measuring(chapters.vocabulary.words()))
        self.expressions: list[tuple[int, str]] = []
        self.at = (1, "")
        # The current paragraph, the remarks it already has, and the remarks that wait for a number to follow.
        self.paragraph, self.shown_here, self.waiting = -1, set[str](), list[str]()
        self.paragraphs: list[int] = []

    def render(self, text: str) -> str:
        environment = _environment(self._finalize)
        of = self.chapters.of
        context: dict[str, Any] = {
            **self.chapters.vocabulary.words(),
            **self.chapters.names,
            **self._placing(),
            "year": of.year,
            "before": of.before,
            "at_": self._at,
            "chose_": self.choices.chose,
        }
        self.paragraphs = _paragraphs(text)
        try:
            noted = self.choices.noted(_lines_kept(text))
            code = _compiled(EXPRESSION.sub(self._with_place, noted))
            template = environment.template_class.from_code(environment, code, environment.make_globals(None))
            rendered = template.render(context)
            self._require_remarks()
            without_remarks = _REMARK.sub("", rendered)
            self.chapters.chosen += self.choices.chosen(without_remarks, self.shown)
            self.chapters.sentences |= sentences(without_remarks)
            return _AT_ONCE.sub("", _TO_THE_END.sub(r"\g<rest>\g<remark>", without_marks(rendered)))
        except TemplateSyntaxError as error:
            raise UserError(str(error.message), place=self._place(error.lineno), remedy=DOCUMENTATION) from error
        except UndefinedError as error:
            what = str(error)
            name = re.search(r"'(\w+)' is undefined", what)
            known = {*self.chapters.grids, *self.chapters.left_out}
            is_key = name is not None and name[1] in known
            raise UserError(
                f"there is no word {name[1]!r}{'' if is_key else suggest(name[1], context)}" if name else what,
                place=self._place(_line(error)),
                remedy="put the key of a table in quotation marks" if is_key else DOCUMENTATION,
            ) from error
        except ReportError as error:
            place = self._place(_line(error) or self.at[0])
            raise UserError(error.what, place=place, remedy=error.remedy) from error
        except (TypeError, ValueError, KeyError, ArithmeticError, SecurityError) as error:
            raise UserError(
                f"cannot be evaluated ({error})", place=self._place(_line(error)), remedy=DOCUMENTATION
            ) from error

    def _place(self, line: int | None) -> str:
        return f"{self.path}, line {line or self.at[0]}"

    def _with_place(self, match: re.Match[str]) -> str:
        line = match.string.count("\n", 0, match.start()) + 1
        self.expressions.append((line, " ".join(match["expression"].split())))
        place = len(self.expressions) - 1
        return f"{{{{{match['strip']} at_({place}) or ({match['expression']}) {match['end']}}}}}"

    def _at(self, place: int) -> None:
        self.at = self.expressions[place]

    def _placing(self) -> dict[str, Callable[..., Any]]:
        found: dict[str, Callable[..., Any]] = {"see": self._see, "has": self._has, "label": self._label}
        if not self.is_signed:
            found |= {"table": self._slot, "figure": self._slot, "remarks_once": self._remarks_once}
            found |= {"prose": self._prose, "quote": self._quote}
            found |= {"definitions": self._definitions, "weaknesses": self._weaknesses, "signs": self._signs}
        return found

    def _prose(self, slot: str) -> Slot:
        return self._signed(slot, "prose")

    def _quote(self, slot: str) -> Slot:
        return self._signed(slot, "quote")

    def _signed(self, slot: str, kind: Kind) -> Slot:
        authored, of = self.chapters.authored, self.chapters.of
        signed = authored.take(slot, kind, self.shown, self.at[0]) if authored is not None else None
        if signed is None:
            return Slot("")
        text = signed.text
        if kind == "prose":
            text = self.chapters.render(signed.path, text, signed.name, is_signed=True)
        return Slot(in_chapter(signed, text, kind, of.year, of.language))

    def _known(self, key: str) -> None:
        known = [*self.chapters.grids, *self.chapters.left_out]
        if key not in known:
            raise ReportError(f"there is no table or figure {key!r}{suggest(key, known)}", "declare it, or correct the key")

    def _slot(self, key: str) -> Slot:
        self._known(key)
        if key in self.chapters.left_out:
            return Slot("")
        if key in self.chapters.placed:
            raise ReportError(f"the report already has {key!r}", "refer to it with see()")
        self.chapters.placed.append(key)
        return Slot(f'\n::: {{.slot key="{key}"}}\n:::\n')

    def _see(self, *keys: str) -> Slot:
        for key in keys:
            self._known(key)
        there = [key for key in keys if key in self.chapters.grids]
        links = ", ".join(f"[{key}](#{key}){{.ref}}" for key in there)
        return Slot(f"{NO_BREAK}({links})" if links else "")

    def _label(self, codelist: str, code: str) -> str:
        lists = self.chapters.of.published.release.codes
        guess = suggest(code, lists[codelist]) if codelist in lists else suggest(codelist, lists)
        if code not in lists.get(codelist, {}):
            raise ReportError(
                f"code list {codelist!r} has no {code!r}{guess}", "docs/run/reports.md tells where codes are listed"
            )
        return self.chapters.vocabulary.labels.code(codelist, code)

    def _has(self, key: str) -> bool:
        self._known(key)
        return key in self.chapters.grids

    def _definitions(self, *subjects: str, kinds: Sequence[str] = ()) -> Slot:
        return Slot(definitions.listed(self.chapters.of, subjects, kinds))

    def _weaknesses(self) -> Slot:
        return Slot(definitions.weaknesses(self.chapters.of, self.chapters.grids))

    def _signs(self) -> Slot:
        return Slot(definitions.signs(self.chapters.of))

    def _remarks_once(self) -> Slot:
        of = self.chapters.of
        labels = [self.chapters.vocabulary.labels.code("obs_note", code) for code in of.report.remarks_once]
        return Slot("\n".join(f"- {label}" for label in labels))

    def _finalize(self, value: Any) -> Any:
        if isinstance(value, Slot):
            return value.markdown
        if isinstance(value, Bound):
            return self._span(value)
        if isinstance(value, Composed):
            return "".join(part if isinstance(part, str) else self._span(part) for part in value.parts)
        if isinstance(value, bool) or (isinstance(value, int) and value not in YEARS) or isinstance(value, float):
            raise ReportError(f"{value} is not bound to a published cell", "use a word of the vocabulary")
        if value is None:
            raise ReportError("the expression has no value", "put the sentence in {% if %}")
        return self.choices.text(*self.at, value) if isinstance(value, str) else value

    def _span(self, bound: Bound) -> str:
        text = bound.text
        place = len(self.chapters.stated) + 1
        line, expression = self.at
        self.chapters.stated.append(Stated(f"v{place}", bound, text, self.shown, line, expression))
        unit = f"{NO_BREAK}{bound.unit}" if bound.unit else ""
        # Remarks are worded differently for a single municipality than for a sum.
        is_one = all(cell.at.get(LEVEL) == "municipality" for cell in bound.quantity.cells)
        words = {**GROUPS["remarks"], **(GROUPS["remarks_of_one"] if is_one else {})}
        remarks = "; ".join(in_language(words[name], bound.language) for name in self._remarks_here(bound))
        return f"[{text}]{{#v{place} .bound}}{unit}" + (f"{_OPEN} ({remarks}){_CLOSE}" if remarks else "")

    def _remarks_here(self, bound: Bound) -> list[str]:
        """Return the remarks to write after a value: each once per paragraph, never after a word of direction or order."""
        here = self.paragraphs[min(self.at[0], len(self.paragraphs)) - 1]
        if here != self.paragraph:
            self._require_remarks()
            self.paragraph, self.shown_here = here, set()
        names = [
            *self.waiting,
            *(name for name in bound.remarks if name not in self.shown_here and name not in self.waiting),
        ]
        if bound.form in ("direction", "order"):
            self.waiting = names
            return []
        self.waiting = []
        self.shown_here |= set(names)
        return names

    def _require_remarks(self) -> None:
        waiting = [name for name in self.waiting if name not in AUTOMATIC_REMARKS]
        if waiting:
            raise ReportError(f"no number in the paragraph can take the remark {waiting[0]!r}", "add one after the word")
        self.waiting = []


def _environment(finalize: Callable[[Any], Any]) -> SandboxedEnvironment:
    return SandboxedEnvironment(
        undefined=StrictUndefined,
        # With the default delimiters, an identifier of Markdown would begin a comment.
        comment_start_string="{##",
        comment_end_string="##}",
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )


@lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    """Return a compiled chapter; cached, as the reports of many areas share it."""
    return _environment(lambda value: value).compile(text)


def _paragraphs(text: str) -> list[int]:
    """Return the number of the paragraph of each line of a chapter."""
    found, at = [], 0
    for line in text.split("\n"):
        at += not line.strip()
        found.append(at)
    return found


def _lines_kept(text: str) -> str:
    return text.replace("\r\n", "\n")


def _line(error: BaseException) -> int | None:
    """Return the line of the template that raised an error; None if it is not from a template."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
