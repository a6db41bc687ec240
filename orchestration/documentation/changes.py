"""Pages that describe what changed from one form to the next of the same survey.

Belongs here: sentences for the difference between two forms. Does not belong here: finding the difference (``forms.diff``),
or judging whether a change breaks a series (``data/classifications/series_breaks.csv``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from orchestration.documentation.forms import CHANGES, FOLDER, TYPES, changes_page, pairs_of
from orchestration.documentation.markdown import anchor, code, counted, filled_columns, heading, listed, page, plain, table
from orchestration.documentation.words import Words, in_words
from orchestration.forms.diff import NOTE_JOIN, SEVERAL_QUESTIONS, Change, Folded, FormDiff, diff_forms
from orchestration.forms.model import Form

# How many changed wordings of a question are shown, the first ones in the form.
WORDINGS_SHOWN = 6
# In search results, the forms that ask a question should come first.
LOWER_IN_SEARCH = ("---", "search: {boost: 0.5}", "---", "")
SIMILAR = "similar wording: "
# Sentences on a question that only one of two forms asks, by the reason that the other form's folder gives.
ABSENT_FROM = {
    "not_delivered": "Not in the {other} delivery, which says nothing of whether it was asked.",
    "not_asked": "Known not to be in the {other} form.",
    "replaced": "In the {other} form another question takes its place.",
}
RECODED = {"renumbered": "Other codes", "relabelled": "Other labels"}
# A pair ends where the next one begins, not at a comma: labels contain commas.
_PAIR = re.compile(r"(\w+) (.+?) -> (.+?)(?=, \w+ [^>]+ -> |$)")
ANSWERS_CHANGED = {"answers added": "New answers", "answers removed": "Answers no longer offered"}
# Descriptions of settings of a form, for names in form.yml that are not self-explanatory.
SETTINGS = {
    "non_response": "units that do not answer",
    "carried again": "latest figures are carried forward",
    "max_shrink": "largest share of units that may be missing",
    "units_sampled": "units in the sample",
    "numbers, missing": "numbers that mean no answer",
}


def change_pages(forms: Sequence[Form], words: Words) -> dict[str, str]:
    """Return a page for each pair of successive forms of a survey, and their index, by path."""
    folder = f"{FOLDER}/{CHANGES}"
    pairs = [(before, after, diff_forms(before, after)) for before, after in pairs_of(forms)]
    pages = {f"{folder}/index.md": _index(pairs, words)}
    for before, after, diff in pairs:
        pages[f"{folder}/{changes_page(before, after)}.md"] = _page(before, after, diff, words)
    return pages


def _index(pairs: Iterable[tuple[Form, Form, FormDiff]], words: Words) -> str:
    rows = [
        [
            f"[{plain(after.title.en)}]({changes_page(before, after)}.md)",
            plain(before.title.en),
            str(len(diff.new_questions)),
            str(len(diff.dropped_questions)),
            str(len(_changed(diff))),
            str(diff.questions_unchanged),
        ]
        for before, after, diff in pairs
    ]
    return page(
        heading(1, "What changed from form to form"),
        [
            "For each form, what is new, gone or different since the form before it in the same survey. `./is248 diff-forms`"
            " compares any two forms. Whether a change breaks a series is decided in"
            " [`series_breaks`](../../tables/series_breaks.md).",
            "",
        ],
        table(["form", "compared with", "new questions", "gone", "changed", "unchanged"], rows),
    )


def _changed(diff: FormDiff) -> list[str]:
    return list(dict.fromkeys(change.question for change in diff.changes))


def _page(before: Form, after: Form, diff: FormDiff, words: Words) -> str:
    changed = _changed(diff)
    shared = _shared(diff, words)
    already_listed = {change for same in shared.values() for change in same}
    own = {
        question: [each for each in diff.changes if each.question == question and each not in already_listed]
        for question in changed
    }
    return page(
        LOWER_IN_SEARCH,
        heading(1, f"{plain(after.title.en)}: what changed"),
        [f"[The form](../{after.form}.md), compared with that of [{plain(before.title.en)}](../{before.form}.md).", ""],
        [_summary(diff, len(changed)), ""],
        _whole("New questions", diff.new_questions, after, words),
        _whole("Questions that are gone", diff.dropped_questions, before, words),
        _questions(own, after, words),
        _same_change(shared, after, words),
        _form_changes(diff, before, after),
        _layout(diff.folded),
    )


def _summary(diff: FormDiff, changed: int) -> str:
    asks = f"The form asks {counted(diff.questions_after, 'question')}"
    same = diff.questions_after == diff.questions_before
    asks += ", as many as the one before" if same else f"; the one before asked {diff.questions_before}"
    new, gone, kept = len(diff.new_questions), len(diff.dropped_questions), diff.questions_unchanged
    return (
        f"{asks}. Of these, {new} {'is' if new == 1 else 'are'} new, {changed} changed, and {kept}"
        f" mean{'s' * (kept == 1)} the same as before."
        f" {counted(gone, 'earlier question')} {'is' if gone == 1 else 'are'} gone."
    )


def _link(question: str, form: Form, words: Words) -> str:
    return f"[{plain(words.question(question))}](../{form.form}.md#{anchor(question)})"


def _whole(title: str, whole: Sequence[Change], form: Form, words: Words) -> list[str]:
    """Return lines on each question that only one form asks; notes that apply to all of many questions are given once."""
    if not whole:
        return []
    lines = heading(2, title)
    notes = [_notes(change, words) for change in whole]
    common = [note for note in notes[0] if all(note in other for other in notes)] if len(whole) >= SEVERAL_QUESTIONS else []
    if common:
        lines += [f"All of them: {' '.join(common)[:1].lower()}{' '.join(common)[1:]}", ""]
    for change, own_notes in zip(whole, notes, strict=True):
        wording = change.after or change.before
        kind, _, _ = change.where.partition("; ")
        parts = [
            f"**{_link(change.question, form, words)}**",
            f"{_quoted(wording)}." if wording else "",
            f"{_sentence(_types(kind))}",
            f"{counted(change.uses, 'part')}." if change.uses > 1 else "",
            *(note for note in own_notes if note not in common),
        ]
        lines.append(f"- {' '.join(filter(None, parts))}")
    return [*lines, ""]


def _types(text: str) -> str:
    """Describe kinds of answers, which a difference separates by slashes."""
    return listed([TYPES.get(kind, kind) for kind in text.split(" / ")])


def _notes(change: Change, words: Words) -> list[str]:
    """Return sentences on a question in the other form: absent, ignored, or a similar wording."""
    other = "earlier" if change.kind == "new" else "later"
    sentences = []
    for part in filter(None, change.note.split(NOTE_JOIN)):
        if part.startswith(SIMILAR):
            names = [name.partition(" (")[0] for name in part.removeprefix(SIMILAR).split(", ")]
            asked = listed([f"*{plain(words.question(name))}*" for name in names], "or")
            sentences.append(f"The {other} form words {asked} much the same. Whether it is the same, a reader has to judge.")
            continue
        for remark in part.removeprefix("before ").split(", "):
            state, _, reason = remark.partition(": ")
            sentences.append(
                f"{ABSENT_FROM[reason].format(other=other)}"
                if state == "absent" and reason in ABSENT_FROM
                else f"The {other} form has the column and ignores it ({plain(in_words(reason))})."
                if state == "ignored"
                else _sentence(remark)
            )
    return list(dict.fromkeys(sentences))


def _sentence(text: str) -> str:
    text = plain(text)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def _quoted(text: str) -> str:
    return f"“{plain(text)}”"


def _parts(change: Change, text: str, words: Words) -> str:
    """Return the labels of the codes that a difference lists."""
    dimensions = []
    for dimension in text.split("; "):
        listing, _, rest = dimension.partition(" and ")
        names = [words.part(change.question, name) for name in listing.split(", ")]
        dimensions.append(plain(", ".join(names) + (f" and {rest}" if rest else "")))
    return "; ".join(dimensions)


def _populations(text: str, words: Words) -> str:
    return plain(listed([words.asked_of(population) for population in text.split(" / ")]))


def _describe_change(change: Change, words: Words) -> str:
    """Return one change of a question as a sentence, without its place in the question."""
    before, after = plain(change.before) or "none", plain(change.after) or "none"
    match change.kind:
        case "new":
            return f"New: {_parts(change, change.where, words)}."
        case "dropped":
            return " ".join([f"No longer asked: {_parts(change, change.where, words)}.", *_notes(change, words)])
        case "split" | "merged":
            judged = "" if change.certain else " A reader has to judge whether it is so."
            verb = "was divided into" if change.kind == "split" else "became"
            old, new = (_parts(change, text, words) for text in (change.before, change.after))
            return f"By {plain(in_words(change.where))}: *{old}* {verb} *{new}*.{judged}"
        case "wording":
            same = f" ({plain(change.note)})" if change.note else ""
            if not change.before:
                return f"Words were added: {_quoted(change.after)}{same}."
            if not change.after:
                return f"Words were taken out: {_quoted(change.before)}{same}."
            return f"{_quoted(change.before)} now reads {_quoted(change.after)}{same}."
        case "type":
            return f"Kind of answer: {_types(change.before)} before, {_types(change.after)} now."
        case "unit":
            return f"Unit: {before} before, {after} now."
        case "population":
            return f"Who is asked: {_populations(change.before, words)} before; {_populations(change.after, words)} now."
        case "missing":
            if change.before or change.after:
                return f"Codes for no answer: {before} before, {after} now."
            return f"Codes for no answer: {_pairs(change.note, in_words)}."
        case _:
            return _options(change, words)


def _options(change: Change, words: Words) -> str:
    """Describe what changed in the answers of a question: added, removed, renumbered, relabelled."""
    sentences = []
    for part in change.note.split(NOTE_JOIN):
        what, _, rest = part.partition(": ")
        if what in ANSWERS_CHANGED:
            sentences.append(
                f"{ANSWERS_CHANGED[what]}: {plain(', '.join(words.answer(code) for code in rest.split(', ')))}."
            )
        else:
            sentences.append(f"{RECODED.get(what, what.capitalize())}: {_pairs(rest, words.answer)}.")
    return " ".join(sentences)


def _pairs(text: str, named: Callable[[str], str]) -> str:
    """Describe a difference of the form ``name before -> after, name before -> after``."""
    pairs = [
        f"*{plain(named(name))}* {plain(before)} before, {plain(after)} now" for name, before, after in _PAIR.findall(text)
    ]
    return "; ".join(pairs)


def _placed(change: Change, words: Words) -> str:
    """Describe a change, with its place if it affects only a part of the question."""
    if change.kind in {"new", "dropped", "split", "merged"} or change.uses == change.of:
        return _describe_change(change, words)
    return f"{_describe_change(change, words)} Only {_parts(change, change.where, words)} ({change.uses} of {change.of})."


def _shared(diff: FormDiff, words: Words) -> dict[str, list[Change]]:
    """Return changes that are the same in several questions, such as a new code for no answer, by their description."""
    alike: dict[str, list[Change]] = {}
    for change in diff.changes:
        if change.kind not in {"new", "dropped", "wording"} and change.uses == change.of:
            alike.setdefault(_describe_change(change, words), []).append(change)
    return {
        description: same
        for description, same in alike.items()
        if len({each.question for each in same}) >= SEVERAL_QUESTIONS
    }


def _questions(own: dict[str, list[Change]], after: Form, words: Words) -> list[str]:
    lines: list[str] = []
    for question, changes in own.items():
        if not changes:
            continue
        lines += heading(3, _link(question, after, words), f"changed-{question}")
        wordings = [change for change in changes if change.kind == "wording"]
        lines += [f"- {_placed(change, words)}" for change in changes if change.kind != "wording"]
        lines += [f"- Wording: {_placed(change, words)}" for change in wordings[:WORDINGS_SHOWN]]
        rest = len(wordings) - WORDINGS_SHOWN
        lines += [f"- Wording: {counted(rest, 'more change')}."] * (rest > 0)
        lines.append("")
    return [*heading(2, "Questions that changed", "changed"), *lines] if lines else []


def _same_change(shared: dict[str, list[Change]], after: Form, words: Words) -> list[str]:
    if not shared:
        return []
    lines = heading(2, "The same change in several questions", "shared")
    for description, same in shared.items():
        questions = list(dict.fromkeys(change.question for change in same))
        lines.append(f"- {description} In {listed([_link(question, after, words) for question in questions])}.")
    return [*lines, ""]


def _form_changes(diff: FormDiff, before: Form, after: Form) -> list[str]:
    if not diff.form:
        return []
    return [
        *heading(2, "The form as a whole", "form"),
        *filled_columns(
            ["what", plain(before.title.en), plain(after.title.en)],
            [
                [plain(SETTINGS.get(change.where, in_words(change.where))), plain(change.before), plain(change.after)]
                for change in diff.form
            ],
        ),
    ]


def _layout(folded: Sequence[Folded]) -> list[str]:
    """Describe changes in the files that do not affect any meaning."""
    lines: list[str] = []
    renamed = [each for each in folded if each.kind == "renamed"]
    if renamed:
        total, groups = renamed[0], renamed[1:]
        every = "all" if total.count == total.of else f"of {total.of}"
        lines.append(f"- {counted(total.count, 'column')} ({every}) have another name.")
        for group in groups:
            lines.append(
                f"    - {code(group.group)}: {counted(group.count, 'column')},"
                f" such as {code(group.before)}, now {code(group.after)}"
            )
    for each in folded:
        if each.kind == "moved":
            lines.append(
                f"- {counted(each.count, 'column')} of {each.of} moved from sheet {code(each.before)} to {code(each.after)}:"
                f" {plain(each.group)}."
            )
        elif each.kind == "identifier":
            lines.append(
                f"- Columns that identify: {each.before} before, {each.after} now, {each.count} with the same name."
            )
    ignored = [each for each in folded if each.kind == "ignored"]
    if ignored:
        lines.append("- Ignored columns, by reason:")
        lines += [f"    - {plain(in_words(each.group))}: {each.before} before, {each.after} now" for each in ignored]
    return [*heading(2, "Only in the files", "layout"), *lines, ""] if lines else []
