"""What changed between two forms, by question, for those who judge whether a series may continue.

Belongs here: the typed difference of two forms and its text. A change of meaning (new, dropped, split, merged, options,
unit, population, type, missing codes, wording) always names its question; what is only layout (renamed columns, other
sheets, identifiers, ignored columns) is folded into counts with examples. Does not belong here: what a delivery held, and
whether a change breaks a series.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from orchestration.forms.model import ColumnMap, Form, OptionMap, SheetSpec

Kind = Literal[
    "form",
    "new",
    "dropped",
    "split",
    "merged",
    "type",
    "unit",
    "population",
    "options",
    "missing",
    "wording",
]
FoldedKind = Literal["renamed", "moved", "identifier", "ignored"]

SIMILAR_WORDING = 0.75
SIMILAR_ITEM = 0.5
SEVERAL_QUESTIONS = 3
WORDINGS_SHOWN = 3
POPULATIONS_SHOWN = 2
GROUPS_SHOWN = 8
VALUES_SHOWN = 12
TEXT_SHOWN = 90
NOTE_JOIN = "; "


@dataclass(frozen=True)
class Change:
    """One change of the form as a whole, or of one question in some of its uses.

    ``uses`` of ``of`` uses have the change; ``where`` says which, and is empty when it is all of them. For a change of the
    form as a whole ``where`` is the setting (and ``question`` is empty), for a whole question how it is asked, for a split
    or a merger the dimension. ``certain`` is false for what only a reader can judge.
    """

    kind: Kind
    question: str
    where: str
    uses: int
    of: int
    before: str = ""
    after: str = ""
    note: str = ""
    certain: bool = True


@dataclass(frozen=True)
class Folded:
    """Changes that do not touch meaning: ``count`` columns of ``of``, with an example."""

    kind: FoldedKind
    group: str
    count: int
    of: int
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class FormDiff:
    """The difference of two forms; ``new_questions`` and ``dropped_questions`` are whole questions."""

    before: str
    after: str
    questions_before: int
    questions_after: int
    questions_unchanged: int
    form: tuple[Change, ...]
    new_questions: tuple[Change, ...]
    dropped_questions: tuple[Change, ...]
    changes: tuple[Change, ...]
    folded: tuple[Folded, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, order=True)
class _Use:
    """What is asked about. The boxes of a multi-select question are the answers of one use, as the codes of a list are."""

    item: str
    target_group: str
    reporting_form: str


_Uses = dict[_Use, list[ColumnMap]]
_DIMENSIONS = ("reporting_form", "target_group", "item")
# The value of each dimension that means "not divided": replacing it by parts is certainly a split.
_WHOLE = {"reporting_form": "total", "target_group": "total", "item": "all"}


def _plain(text: str) -> str:
    return " ".join(text.split())


def _similarity(one: str, other: str) -> float:
    matcher = SequenceMatcher(None, one.casefold(), other.casefold(), autojunk=False)
    if min(matcher.real_quick_ratio(), matcher.quick_ratio()) < SIMILAR_ITEM:
        return 0.0
    return matcher.ratio()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _some(values: Iterable[str], shown: int = VALUES_SHOWN) -> str:
    every = list(values)
    rest = len(every) - shown
    return ", ".join(every) if rest <= 1 else f"{', '.join(every[:shown])} and {rest} more"


def _questions(form: Form) -> dict[str, _Uses]:
    questions: dict[str, _Uses] = defaultdict(lambda: defaultdict(list))
    for column in form.columns:
        if column.use == "answer":
            questions[column.question][_Use(column.item, column.target_group, column.reporting_form)].append(column)
    return {question: dict(uses) for question, uses in questions.items()}


def _where(uses: Iterable[_Use], universe: Iterable[_Use]) -> str:
    """Describe which uses, by the dimensions that they do not cover completely."""
    chosen, every = set(uses), set(universe)
    if chosen == every:
        return ""
    limits: dict[str, set[str]] = {}
    for dimension in reversed(_DIMENSIONS):
        values = {getattr(use, dimension) for use in chosen}
        if values != {getattr(use, dimension) for use in every}:
            limits[dimension] = values
    # A dimension that follows from the others is left out: the services for adults are for adults anyway.
    for dimension in list(limits):
        others = {name: values for name, values in limits.items() if name != dimension}
        if others and chosen == {use for use in every if all(getattr(use, name) in others[name] for name in others)}:
            limits = others
    return "; ".join(_some(sorted(values)) for values in limits.values()) or "some"


# --- The form as a whole ---------------------------------------------------------------------------------------------------


def _yearless(text: str) -> str:
    """Return the text without its years, which differ in every round."""
    return _plain(re.sub(r"(?<!\d)(19|20)\d\d(?!\d)", "<year>", text))


def _listed(texts: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(filter(None, texts))) or "none"


def _files(form: Form) -> str:
    """Return how many files of each kind the form reads, regardless of their entries."""
    counts: dict[str, tuple[int, int]] = {}
    for file in form.files:
        if file.reader == "none":
            continue
        kind = file.reader + (f" ({file.encoding}, {file.delimiter!r})" if file.reader == "csv" else "")
        (low, high), (least, most) = counts.get(kind, (0, 0)), file.count_range
        counts[kind] = low + least, high + most
    return _listed(f"{low if low == high else f'{low}-{high}'} {kind}" for kind, (low, high) in counts.items())


def _lag(form: Form) -> str:
    lag = form.collection_year - form.time_period
    return "in the same year" if lag == 0 else f"{_count(lag, 'year')} later"


_SETTINGS: dict[str, Callable[[Form], str]] = {
    "survey": lambda form: form.survey,
    "units": lambda form: form.units,
    "non_response": lambda form: form.non_response,
    "carried again": lambda form: f"for {form.oldest_carried} years" if form.carry_forward == "chain" else "",
    "collected": _lag,
    "reference period": lambda form: _yearless(form.reference_period.nb),
    "licence": lambda form: form.licence,
    "constructed": lambda form: "yes" if form.constructed else "no",
    "max_shrink": lambda form: f"{form.max_shrink:g}",
    "units_sampled": lambda form: str(form.units_sampled or ""),
    "respondent": lambda form: form.respondent or "",
    "files": _files,
    "sheets": lambda form: ", ".join(dict.fromkeys(sheet.name for sheet in form.sheets)),
    "numbers, missing": lambda form: _listed(sorted(form.numbers.missing)),
}


def _unit(sheet: SheetSpec) -> str:
    if sheet.unit is None:
        return ""
    return ", ".join(name for name in type(sheet.unit).model_fields if getattr(sheet.unit, name))


_SUBMISSION = ("id", "submitted", "status", "confirmed")

_LAYOUT: dict[str, Callable[[SheetSpec], str]] = {
    "name in the workbook": lambda sheet: _yearless(sheet.sheet or ""),
    "header rows": lambda sheet: ", ".join(map(str, sheet.header_rows)),
    "first row of data": lambda sheet: str(sheet.first_row),
    "header join": lambda sheet: sheet.header_join if len(sheet.header_rows) > 1 else "",
    "unit": _unit,
    "submission": lambda sheet: ", ".join(name for name in _SUBMISSION if getattr(sheet.submission, name)),
    "date formats": lambda sheet: ", ".join(sheet.submission.formats),
    "completed": lambda sheet: ", ".join(sheet.submission.completed),
    "not completed": lambda sheet: ", ".join(sheet.submission.not_completed),
    "not answered": lambda sheet: ", ".join(sheet.submission.not_answered),
    "confirmed values": lambda sheet: ", ".join(sheet.submission.confirmed_values),
    "rows that are not data": lambda sheet: ", ".join(dict.fromkeys(rule.reason for rule in sheet.rows_not_data)),
    "links to": lambda sheet: sheet.links_to or "",
}


def _setting(name: str, before: str, after: str) -> Change:
    return Change("form", "", name, 0, 0, before, after)


def _form_changes(before: Form, after: Form, sheet_names: dict[str, str]) -> Iterator[Change]:
    for name, describe in _SETTINGS.items():
        old, new = describe(before), describe(after)
        if old != new:
            yield _setting(name, old, new)
    for old_name, new_name in sheet_names.items():
        old_sheets = [sheet for sheet in before.sheets if sheet.name == old_name]
        new_sheets = [sheet for sheet in after.sheets if sheet.name == new_name]
        for name, layout in _LAYOUT.items():
            old, new = _listed(map(layout, old_sheets)), _listed(map(layout, new_sheets))
            if old != new:
                yield _setting(f"sheet {new_name}, {name}", old, new)


# --- Whole questions -------------------------------------------------------------------------------------------------------


def _wording(uses: _Uses) -> str:
    return next((_plain(column.wording_nb) for columns in uses.values() for column in columns if column.wording_nb), "")


def _whole(kind: Literal["new", "dropped"], question: str, uses: _Uses, note: str) -> Change:
    """Describe a question that only one of the two forms asks: type, population and wording."""
    columns = [column for columns in uses.values() for column in columns]
    facts = [_listed(sorted({column.type for column in columns}))]
    populations = sorted({column.population_asked for column in columns})
    if populations != ["all"]:
        few = len(populations) <= POPULATIONS_SHOWN
        some = _listed(populations) if few else f"{len(populations)} populations, e.g. {populations[0]}"
        facts.append(f"asked of {some}")
    wording = _wording(uses)
    before, after = ("", wording) if kind == "new" else (wording, "")
    return Change(kind, question, "; ".join(facts), len(uses), len(uses), before, after, note)


def _alike(uses: _Uses, others: dict[str, _Uses]) -> str:
    """Suggest questions of the other form with a similar wording; whether they mean the same is the reader's to judge."""
    wording = _wording(uses)
    scores = {name: _similarity(wording, _wording(other)) for name, other in others.items()} if wording else {}
    best = sorted((-score, name) for name, score in scores.items() if score >= SIMILAR_WORDING)[:3]
    return ", ".join(f"{name} ({-score:.2f})" for score, name in best)


def _describe_absence(form: Form, question: str, columns: Sequence[ColumnMap]) -> str:
    """Describe how a form marks uses that it does not ask: absent (an empty cell fits all), or delivered and ignored."""
    names = ("item", "target_group", "reporting_form")
    notes = [
        f"absent: {row.reason}"
        for row in form.columns
        if row.use == "absent"
        and row.question == question
        and any(all(getattr(row, name) in {"", getattr(column, name)} for name in names) for column in columns)
    ]
    wordings: dict[tuple[str, str], str] = {(column.sheet, column.column): column.wording_nb for column in columns}
    for row in form.columns:
        wording = wordings.get((row.sheet, row.column))
        # An equal name alone is weak evidence: columns may be renumbered.
        same_column = wording is not None and _similarity(wording, row.wording_nb) >= SIMILAR_WORDING
        if row.use == "ignored" and (row.question == question or same_column):
            notes.append(f"ignored: {row.reason}")
    return ", ".join(dict.fromkeys(notes))


def _whole_questions(
    kind: Literal["new", "dropped"], here: dict[str, _Uses], there: dict[str, _Uses], other: Form
) -> tuple[Change, ...]:
    only_there = {question: uses for question, uses in there.items() if question not in here}
    changes = []
    for question, uses in here.items():
        if question in there:
            continue
        absence = _describe_absence(other, question, [column for columns in uses.values() for column in columns])
        notes = [f"before {absence}" if absence and kind == "new" else absence]
        alike = _alike(uses, only_there)
        notes.append(f"similar wording: {alike}" if alike else "")
        changes.append(_whole(kind, question, uses, NOTE_JOIN.join(filter(None, notes))))
    return tuple(changes)


# --- Uses of a question that both forms ask --------------------------------------------------------------------------------


def _relation(dimension: str, gone: Sequence[str], come: Sequence[str], certain: bool, uses: int, question: str) -> Change:
    several_after = len(come) > len(gone)
    return Change(
        "split" if several_after else "merged",
        question,
        dimension,
        uses,
        uses,
        _some(gone),
        _some(come),
        certain=certain,
    )


def _replaced(use: _Use, dimension: str, value: str) -> _Use:
    return dataclasses.replace(use, **{dimension: value})


_Pair = tuple[_Use, _Use]


class _QuestionDiff:
    """Pairs the uses of one question, and records what is new, dropped, split and merged.

    The dimensions are taken one by one: values on only one side are split, merged, new or dropped; the rest is compared
    further. So a survey that starts to report in several forms gives one line, not one for each of its items.
    """

    def __init__(self, question: str, before: _Uses, after: _Uses, later: Form) -> None:
        self.question = question
        self.before = before
        self.after = after
        self.later = later
        self.changes: list[Change] = []
        # A split use is compared with each of its parts, which have the same key here.
        self._old: dict[_Use, list[_Use]] = {use: [use] for use in before}
        self._new: dict[_Use, list[_Use]] = {use: [use] for use in after}
        for dimension in _DIMENSIONS[:2]:
            self._whole_values(dimension)
        self._items()
        self.pairs: list[_Pair] = [
            (one, other) for key in self._old if key in self._new for one in self._old[key] for other in self._new[key]
        ]

    def _only(self, kind: Literal["new", "dropped"], dimension: str, uses: list[_Use]) -> None:
        if not uses:
            return
        every = self.after if kind == "new" else self.before
        where = _where(uses, every) or _some(sorted({getattr(use, dimension) for use in uses}))
        absence = ""
        if kind == "dropped":
            absence = _describe_absence(self.later, self.question, [column for use in uses for column in every[use]])
        self.changes.append(Change(kind, self.question, where, len(uses), len(every), note=absence))

    def _collapse(self, uses: dict[_Use, list[_Use]], dimension: str) -> dict[_Use, list[_Use]]:
        collapsed: dict[_Use, list[_Use]] = defaultdict(list)
        for key, members in uses.items():
            collapsed[_replaced(key, dimension, "")].extend(members)
        return dict(collapsed)

    def _take(self, kind: Literal["new", "dropped"], dimension: str, values: set[str]) -> None:
        """Record uses with these values as new or dropped; they are not compared further."""
        uses = self._new if kind == "new" else self._old
        keys = [key for key in uses if getattr(key, dimension) in values]
        self._only(kind, dimension, [use for key in keys for use in uses.pop(key)])

    def _whole_values(self, dimension: str) -> None:
        old = {getattr(key, dimension) for key in self._old}
        new = {getattr(key, dimension) for key in self._new}
        gone, come = sorted(old - new), sorted(new - old)
        whole = _WHOLE[dimension]
        if not old & new and ((gone == [whole] and len(come) > 1) or (come == [whole] and len(gone) > 1)):
            uses = len(self._old) if gone == [whole] else len(self._new)
            self.changes.append(_relation(dimension, gone, come, True, uses, self.question))
            self._old, self._new = self._collapse(self._old, dimension), self._collapse(self._new, dimension)
            return
        self._take("dropped", dimension, set(gone))
        self._take("new", dimension, set(come))

    def _items(self) -> None:
        """Find split and merged items among uses that differ only in the item; the rest is new or dropped."""
        groups: dict[_Use, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
        for side, (uses, others) in enumerate(((self._old, self._new), (self._new, self._old))):
            for key in uses:
                if key not in others:
                    groups[_replaced(key, "item", "")][side].append(key.item)
        found: dict[tuple[tuple[str, ...], tuple[str, ...], bool], int] = defaultdict(int)
        for rest, (gone, come) in groups.items():
            for parts_gone, parts_come, certain in self._related(rest, gone, come):
                found[parts_gone, parts_come, certain] += 1
                self._join(rest, parts_gone, parts_come)
        for (parts_gone, parts_come, certain), count in found.items():
            self.changes.append(_relation("item", parts_gone, parts_come, certain, count, self.question))
        self._only("dropped", "item", [use for key, members in self._old.items() if key not in self._new for use in members])
        self._only("new", "item", [use for key, members in self._new.items() if key not in self._old for use in members])

    def _join(self, rest: _Use, gone: Iterable[str], come: Iterable[str]) -> None:
        key = _replaced(rest, "item", "|".join([*gone, *come]))
        self._old[key] = [use for item in gone for use in self._old.pop(_replaced(rest, "item", item))]
        self._new[key] = [use for item in come for use in self._new.pop(_replaced(rest, "item", item))]

    def _related(
        self, rest: _Use, gone: list[str], come: list[str]
    ) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], bool]]:
        """Yield items that became several, and several that became one, and whether that is certain."""
        if len(gone) + len(come) < 3 or not gone or not come:
            return
        certain = gone == [_WHOLE["item"]] or come == [_WHOLE["item"]]
        if len(gone) == 1 or len(come) == 1:
            yield tuple(gone), tuple(come), certain
            return
        scores = {(old, new): self._item_similarity(rest, old, new) for old in gone for new in come}
        nearest_old = {new: max(gone, key=lambda old: scores[old, new]) for new in come}
        nearest_new = {old: max(come, key=lambda new: scores[old, new]) for old in gone}
        used: set[str] = set()
        for old in gone:
            parts = tuple(new for new in come if nearest_old[new] == old and scores[old, new] >= SIMILAR_ITEM)
            if len(parts) > 1:
                used |= {old, *parts}
                yield (old,), parts, False
        for new in come:
            parts = tuple(
                old for old in gone if nearest_new[old] == new and old not in used and scores[old, new] >= SIMILAR_ITEM
            )
            if len(parts) > 1 and new not in used:
                yield parts, (new,), False

    def _item_similarity(self, rest: _Use, old: str, new: str) -> float:
        one = self._old[_replaced(rest, "item", old)]
        other = self._new[_replaced(rest, "item", new)]
        words = [
            _wording({use: uses[use] for use in members}) for uses, members in ((self.before, one), (self.after, other))
        ]
        return max(_similarity(old, new), _similarity(*words) if all(words) else 0.0)


# --- Attributes of uses that are in both -----------------------------------------------------------------------------------


def _cells(columns: Iterable[ColumnMap], name: str) -> str:
    return _listed(sorted({getattr(column, name) for column in columns}))


def _missing(columns: Iterable[ColumnMap], form: Form) -> frozenset[str]:
    texts: set[str] = set()
    for column in columns:
        texts.update(filter(None, (text.strip() for text in column.missing.split(";"))))
        if column.type == "number":
            texts.update(form.numbers.missing)
    return frozenset(texts)


def _answers(columns: Iterable[ColumnMap], options: Iterable[OptionMap]) -> frozenset[str]:
    answers = {column.answer for column in columns if column.type == "tick"}
    if any(column.type in {"code", "codes"} for column in columns):
        answers |= {option.answer for option in options if option.answer}
    return frozenset(answers)


def _codes_text(codes: Iterable[str]) -> str:
    return "/".join(sorted(codes)) or "none"


def _differences(pairs: Iterable[tuple[str, str, str]]) -> str:
    return ", ".join(f"{name} {before} -> {after}" for name, before, after in pairs)


def _option_changes(question: str, before: list[OptionMap], after: list[OptionMap], uses: int) -> Iterator[Change]:
    """Compare the codes of a question: renumbered, added or removed codes of the same answer, labels, missing codes."""
    old: dict[str, dict[str, str]] = defaultdict(dict)
    new: dict[str, dict[str, str]] = defaultdict(dict)
    for options, side in ((before, old), (after, new)):
        for option in options:
            side[option.answer or f"missing: {option.missing_reason}"][option.code] = _plain(option.label_nb)
    answers = [answer for answer in old if answer in new and not answer.startswith("missing: ")]
    codes = [(answer, _codes_text(old[answer]), _codes_text(new[answer])) for answer in answers]
    renumbered = _differences(row for row in codes if row[1] != row[2])
    labels = [(answer, _quoted(old[answer].values()), _quoted(new[answer].values())) for answer in answers]
    relabelled = _differences(row for row in labels if row[1] != row[2])
    for text, values in (("renumbered", renumbered), ("relabelled", relabelled)):
        if values:
            yield Change("options", question, "", uses, uses, note=f"{text}: {values}")
    reasons = [reason for reason in {**old, **new} if reason.startswith("missing: ")]
    missing = [
        (reason.removeprefix("missing: "), _codes_text(old.get(reason, ())), _codes_text(new.get(reason, ())))
        for reason in reasons
    ]
    changed = _differences(row for row in missing if row[1] != row[2])
    if changed:
        yield Change("missing", question, "", uses, uses, note=changed)


def _quoted(labels: Iterable[str]) -> str:
    return " / ".join(f'"{label}"' for label in dict.fromkeys(labels))


def _attribute_changes(question: _QuestionDiff, before: Form, after: Form) -> Iterator[Change]:
    """Compare type, unit, population, answers, missing codes and wording; the same change of several uses is one."""
    name = question.question
    old_options = [option for option in before.options if option.question == name]
    new_options = [option for option in after.options if option.question == name]
    form_missing = (set(before.numbers.missing), set(after.numbers.missing))
    found: dict[tuple[Kind, str, str, str], list[_Pair]] = defaultdict(list)
    edits: dict[tuple[str, str], list[tuple[_Pair, tuple[str, str]]]] = defaultdict(list)
    for pair in question.pairs:
        old, new = question.before[pair[0]], question.after[pair[1]]
        attributes: tuple[tuple[Kind, str], ...] = (("type", "type"), ("unit", "unit"), ("population", "population_asked"))
        for kind, attribute in attributes:
            values = _cells(old, attribute), _cells(new, attribute)
            if values[0] != values[1]:
                found[kind, *values, ""].append(pair)
        answers = _answers(old, old_options), _answers(new, new_options)
        if answers[0] != answers[1]:
            added, removed = sorted(answers[1] - answers[0]), sorted(answers[0] - answers[1])
            parts = [f"answers added: {', '.join(added)}"] * bool(added) + [f"answers removed: {', '.join(removed)}"] * bool(
                removed
            )
            found["options", "", "", "; ".join(parts)].append(pair)
        missing = _missing(old, before), _missing(new, after)
        # A change of the form's setting for all numbers is reported once, as a change of the form.
        by_form = {text for text in missing[0] ^ missing[1] if text in form_missing[0] ^ form_missing[1]}
        if missing[0] - by_form != missing[1] - by_form:
            found["missing", _listed(sorted(missing[0])), _listed(sorted(missing[1])), ""].append(pair)
        # The wording of a split or merged use necessarily differs.
        for texts in _wording_changes(old, new) if pair[0] == pair[1] else ():
            edits[_edited_words(*texts)].append((pair, texts))
    every = {pair[1] for pair in question.pairs}
    for (kind, old_text, new_text, note), pairs in found.items():
        uses = {pair[1] for pair in pairs}
        yield Change(kind, name, _where(uses, every), len(uses), len(every), old_text, new_text, note)
    worded = {other for one, other in question.pairs if one == other}
    for edited in edits.values():
        uses, wordings = {pair[1] for pair, _ in edited}, list(dict.fromkeys(texts for _, texts in edited))
        note = f"the same in {len(wordings)} texts" if len(wordings) > 1 else ""
        yield Change("wording", name, _where(uses, worded), len(uses), len(worded), *wordings[0], note)
    coded = {
        pair[1] for pair in question.pairs if any(column.type in {"code", "codes"} for column in question.after[pair[1]])
    }
    if coded and old_options:
        yield from _option_changes(name, old_options, new_options, len(coded))


def _differing(before: Sequence[str], after: Sequence[str]) -> tuple[int, int]:
    """Return how many words at the start, and how many at the end, are the same."""
    shorter = min(len(before), len(after))
    start = 0
    while start < shorter and before[start] == after[start]:
        start += 1
    end = 0
    while end < shorter - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return start, end


def _edited_words(before: str, after: str) -> tuple[str, str]:
    """Return what was replaced by what: the same edit of many wordings is one change."""
    old, new = before.split(), after.split()
    start, end = _differing(old, new)
    return " ".join(old[start : len(old) - end]), " ".join(new[start : len(new) - end])


def _wording_changes(before: list[ColumnMap], after: list[ColumnMap]) -> Iterator[tuple[str, str]]:
    """Compare wordings, box by box where both forms have boxes."""
    old, new = ({column.answer: _plain(column.wording_nb) for column in columns} for columns in (before, after))
    for answer in old:
        if answer in new and old[answer] != new[answer]:
            yield old[answer], new[answer]
    if not old.keys() & new.keys() and set(old.values()).isdisjoint(new.values()):
        # Codes on one side, boxes on the other: their texts are not comparable, so one example is enough.
        yield next(iter(old.values())), next(iter(new.values()))


# --- Layout ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Twin:
    """The same use (and answer) in both forms."""

    question: str
    before: ColumnMap
    after: ColumnMap


def _twins(before: dict[str, _Uses], after: dict[str, _Uses]) -> list[_Twin]:
    twins = []
    for question, uses in before.items():
        for use, columns in uses.items():
            others: dict[str, list[ColumnMap]] = defaultdict(list)
            for column in after.get(question, {}).get(use, []):
                others[column.answer].append(column)
            for column in columns:
                if others[column.answer]:
                    twins.append(_Twin(question, column, others[column.answer].pop(0)))
    return twins


def _sheet_names(before: Form, after: Form, twins: list[_Twin]) -> dict[str, str]:
    """Return the sheet of the earlier form for each sheet of the later one: by name, or by all of its columns."""
    old, new = ({sheet.name for sheet in form.sheets} for form in (before, after))
    names = {name: name for name in (sheet.name for sheet in before.sheets) if name in new}
    for name in sorted(old - new):
        targets = {twin.after.sheet for twin in twins if twin.before.sheet == name}
        sources = {twin.before.sheet for twin in twins if twin.after.sheet in targets}
        if len(targets) == 1 and sources == {name} and not targets & old:
            names[name] = targets.pop()
    return names


def _delivered(column: ColumnMap) -> str:
    name = _plain(column.column)
    return f"{name} [{column.when}]" if column.when else name


def _pattern(name: str) -> str:
    return re.sub(r"\d+", "#", name)


def _renames(twins: list[_Twin]) -> Iterator[Folded]:
    """Group renamed columns by pattern of the names or by question, whichever needs fewer lines."""
    renamed = [twin for twin in twins if _delivered(twin.before) != _delivered(twin.after)]
    if not renamed:
        return
    by_pattern: dict[str, list[_Twin]] = defaultdict(list)
    by_question: dict[str, list[_Twin]] = defaultdict(list)
    for twin in renamed:
        by_pattern[f"{_pattern(_delivered(twin.before))} -> {_pattern(_delivered(twin.after))}"].append(twin)
        by_question[twin.question].append(twin)
    every: dict[str, int] = defaultdict(int)
    for twin in twins:
        every[twin.question] += 1
    yield Folded("renamed", "", len(renamed), len(twins), _delivered(renamed[0].before), _delivered(renamed[0].after))
    groups = by_pattern if len(by_pattern) < len(by_question) else by_question
    for group, members in sorted(groups.items(), key=lambda entry: -len(entry[1])):
        first = members[0]
        of = every[group] if groups is by_question else len(members)
        yield Folded("renamed", group, len(members), of, _delivered(first.before), _delivered(first.after))


def _moves(twins: list[_Twin], sheet_names: dict[str, str]) -> Iterator[Folded]:
    moved: dict[tuple[str, str], list[_Twin]] = defaultdict(list)
    for twin in twins:
        if sheet_names.get(twin.before.sheet, twin.before.sheet) != twin.after.sheet:
            moved[twin.before.sheet, twin.after.sheet].append(twin)
    for (old, new), members in moved.items():
        questions = list(dict.fromkeys(twin.question for twin in members))
        yield Folded("moved", _some(questions, GROUPS_SHOWN), len(members), len(twins), old, new)


def _reason(column: ColumnMap) -> str:
    """Return why a column is ignored; that some files lack it does not count as a reason."""
    return column.why if column.use == "ignored" else ""


def _not_answers(before: Form, after: Form) -> Iterator[Folded]:
    """Count identifiers and, by reason, ignored columns, where the delivered names or the reasons changed."""
    kinds: tuple[Literal["identifier", "ignored"], ...] = ("identifier", "ignored")
    for kind in kinds:
        old, new = (
            {(_plain(row.column), row.when, _reason(row)) for row in form.columns if row.use == kind}
            for form in (before, after)
        )
        for reason in sorted({reason for _, _, reason in old ^ new}):
            ours, theirs = ({key for key in side if key[2] == reason} for side in (old, new))
            yield Folded(kind, reason, len(ours & theirs), len(ours), str(len(ours)), str(len(theirs)))


# --- The difference --------------------------------------------------------------------------------------------------------


def diff_forms(before: Form, after: Form) -> FormDiff:
    """Compare two forms by question id.

    Args:
        before: the earlier form.
        after: the later form.

    Returns:
        All changes of meaning, question by question, and the changes of layout in counts.
    """
    old, new = _questions(before), _questions(after)
    changes: list[Change] = []
    for question, uses in old.items():
        if question not in new:
            continue
        diff = _QuestionDiff(question, uses, new[question], after)
        changes += diff.changes
        changes += _attribute_changes(diff, before, after)
    twins = _twins(old, new)
    sheet_names = _sheet_names(before, after, twins)
    touched = {change.question for change in changes}
    return FormDiff(
        before=before.form,
        after=after.form,
        questions_before=len(old),
        questions_after=len(new),
        questions_unchanged=sum(question in new and question not in touched for question in old),
        form=tuple(_form_changes(before, after, sheet_names)),
        new_questions=_whole_questions("new", new, old, before),
        dropped_questions=_whole_questions("dropped", old, new, after),
        changes=tuple(changes),
        folded=(*_renames(twins), *_moves(twins, sheet_names), *_not_answers(before, after)),
    )


# --- Text ------------------------------------------------------------------------------------------------------------------


def _short(text: str) -> str:
    return text if len(text) <= TEXT_SHOWN else text[: TEXT_SHOWN - 3].rstrip() + "..."


def _edit(before: str, after: str) -> str:
    """Show two wordings by the words that differ, with a few words around them."""
    old, new = before.split(), after.split()
    start, end = _differing(old, new)
    around = 3
    parts = []
    for words in (old, new):
        first, last = max(0, start - around), min(len(words), len(words) - end + around)
        shown = " ".join(words[first:last])
        parts.append(f'"{"... " * (first > 0)}{_short(shown)}{" ..." * (last < len(words))}"')
    return " -> ".join(parts)


def _uses_text(change: Change) -> str:
    if change.uses == change.of:
        return f" ({'all ' if change.of > 1 else ''}{change.of} uses)" if change.of > 1 else ""
    return f" ({change.uses} of {change.of} uses: {change.where})"


def _content(change: Change) -> str:
    """Return what changed, without where."""
    if change.kind in {"split", "merged"}:
        judged = "" if change.certain else ", to be judged"
        return f"{change.kind}{judged}, by {change.where}: {change.before} -> {change.after}"
    label = {"missing": "missing codes"}.get(change.kind, change.kind)
    if change.kind == "wording":
        same = f", {change.note}, e.g." if change.note else ""
        return f"{label}{same}: {_edit(change.before, change.after)}"
    if change.before or change.after:
        return f"{label}: {change.before} -> {change.after}"
    return f"{label}: {change.note}"


def _line(change: Change) -> str:
    if change.kind in {"new", "dropped"}:
        note = f"; {change.note}" if change.note else ""
        return f"{change.kind}: {change.where} ({_count(change.uses, 'use')}){note}"
    if change.kind in {"split", "merged"}:
        return _content(change) + (f" ({change.uses} uses)" if change.uses > 1 else "")
    return _content(change) + _uses_text(change)


def _question_lines(changes: list[Change]) -> list[str]:
    """Render the changes of one question; of many wordings those that changed most."""
    wordings = [change for change in changes if change.kind == "wording"]
    # Ties keep the order of the form, so that the text is deterministic.
    wordings.sort(key=lambda change: round(_similarity(change.before, change.after), 3))
    shown = wordings if len(wordings) <= WORDINGS_SHOWN + 1 else wordings[:WORDINGS_SHOWN]
    lines = [_line(change) for change in changes if change.kind != "wording"] + [_line(change) for change in shown]
    rest = len(wordings) - len(shown)
    return lines + [f"wording: {rest} more changes"] * bool(rest)


def _whole_line(change: Change, common: str) -> str:
    uses = f", {change.uses} uses" if change.uses > 1 else ""
    wording = change.after or change.before
    text = f': "{_short(wording)}"' if wording else ""
    note = change.note.removeprefix(common).removeprefix(NOTE_JOIN)
    return f"{change.question} ({change.where}{uses}){text}" + (f" [{note}]" if note else "")


def _folded_lines(diff: FormDiff) -> Iterator[str]:
    renamed = [folded for folded in diff.folded if folded.kind == "renamed"]
    if renamed:
        total, groups = renamed[0], renamed[1:]
        every = " (all of them)" if total.count == total.of else f" of {total.of}"
        yield f"renamed: {_count(total.count, 'column')}{every}"
        shown = groups if len(groups) <= GROUPS_SHOWN + 1 else groups[:GROUPS_SHOWN]
        for group in shown:
            yield f"  {group.group}: {_count(group.count, 'column')}, e.g. {group.before} -> {group.after}"
        rest = groups[len(shown) :]
        if rest:
            count, first = sum(group.count for group in rest), rest[0]
            yield f"  {_count(len(rest), 'more group')}: {_count(count, 'column')}, e.g. {first.before} -> {first.after}"
    for folded in diff.folded:
        if folded.kind == "moved":
            yield f"moved: sheet {folded.before} -> {folded.after}: {folded.count} of {folded.of} columns ({folded.group})"
    identifiers = [folded for folded in diff.folded if folded.kind == "identifier"]
    for folded in identifiers:
        yield f"identifiers: {folded.before} -> {folded.after} columns, {folded.count} with the same name"
    ignored = [folded for folded in diff.folded if folded.kind == "ignored"]
    if ignored:
        reasons = ", ".join(f"{folded.group} {folded.before} -> {folded.after}" for folded in ignored)
        same = sum(folded.count for folded in ignored)
        yield f"ignored: {reasons} columns, {same} with the same name"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    body = [f"  {line}" for line in lines]
    return ["", title, *body] if body else []


def render(diff: FormDiff) -> str:
    """Return the difference as text, to be read in a minute."""
    changed = list(dict.fromkeys(change.question for change in diff.changes))
    lines = [
        f"{diff.before} -> {diff.after}",
        f"{_count(diff.questions_before, 'question')} -> {diff.questions_after}: {len(diff.new_questions)} new, "
        f"{len(diff.dropped_questions)} dropped, {len(changed)} changed, {diff.questions_unchanged} unchanged in meaning",
    ]
    lines += _section("Form", (f"{change.where}: {change.before} -> {change.after}" for change in diff.form))
    for title, whole in (("New questions", diff.new_questions), ("Dropped questions", diff.dropped_questions)):
        # What applies to all of them is written once.
        notes = {change.note.split(NOTE_JOIN)[0] for change in whole}
        common = notes.pop() if len(notes) == 1 and len(whole) >= SEVERAL_QUESTIONS else ""
        heading = f"{title} (all {common})" if common else title
        lines += _section(heading, (_whole_line(change, common) for change in whole))
    # A change that is the same in many questions (yes is now 1, not 2) is written once, and names them all.
    alike: dict[str, list[Change]] = defaultdict(list)
    for change in diff.changes:
        if change.kind not in {"new", "dropped", "wording"} and change.uses == change.of:
            alike[_content(change)].append(change)
    shared = {content: same for content, same in alike.items() if len({c.question for c in same}) >= SEVERAL_QUESTIONS}
    already_listed = {change for same in shared.values() for change in same}
    body: list[str] = []
    for question in changed:
        own = _question_lines(
            [change for change in diff.changes if change.question == question and change not in already_listed]
        )
        if len(own) == 1:
            body.append(f"{question}: {own[0]}")
        elif own:
            body += [f"{question}:", *(f"  {line}" for line in own)]
    lines += _section("Changed questions", body)
    lines += _section(
        "The same change in several questions",
        (f"{content}: {', '.join(dict.fromkeys(c.question for c in same))}" for content, same in shared.items()),
    )
    lines += _section("Layout only", _folded_lines(diff))
    if len(lines) == 2:
        lines += ["", "No difference."]
    return "\n".join(lines) + "\n"
