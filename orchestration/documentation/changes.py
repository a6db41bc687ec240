"""What changed from one form to the next of the same survey, in words, as a collector announces it.

Belongs here: sentences for the difference of two forms. Does not belong here: finding the difference (``forms.diff``), or
judging whether a change breaks a series (``data/classifications/series_breaks.csv``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestration.documentation.forms import CHANGES, FOLDER, changes_page, pairs_of
from orchestration.documentation.markdown import anchor, code, counted, filled_columns, heading, listed, page, plain, table
from orchestration.documentation.words import Words, in_words
from orchestration.forms.diff import SEVERAL_QUESTIONS, Change, Folded, FormDiff, diff_forms
from orchestration.forms.model import Form

# Of the changed wordings of one question so many are shown, those that changed first in the form.
WORDINGS_SHOWN = 6


def change_pages(forms: Sequence[Form], words: Words) -> dict[str, str]:
    """Return a page for each pair of successive forms of a survey, and their index, by their paths."""
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
    told = {change for same in shared.values() for change in same}
    own = {question: [each for each in diff.changes if each.question == question and each not in told] for question in changed}
    return page(
        heading(1, f"{plain(after.title.en)}: what changed"),
        [f"Compared with [{plain(before.title.en)}](../{before.form}.md). The form: [{code(after.form)}](../{after.form}.md).", ""],
        [_summary(before, diff, len(changed)), ""],
        _whole("New questions", diff.new_questions, after, words),
        _whole("Questions that are gone", diff.dropped_questions, before, words),
        _questions(own, after, words),
        _same_change(shared, after, words),
        _form_changes(diff, before, after),
        _layout(diff.folded),
    )


def _summary(before: Form, diff: FormDiff, changed: int) -> str:
    if diff.questions_after == diff.questions_before:
        asks = f"The form asks {counted(diff.questions_after, 'question')}, as many as the one before."
    else:
        asks = f"The form asks {counted(diff.questions_after, 'question')}; the one before asked {diff.questions_before}."
    return (
        f"{asks} {len(diff.new_questions)} are new, {len(diff.dropped_questions)} are gone, {changed} changed, and"
        f" {diff.questions_unchanged} mean the same as before."
    )


def _link(question: str, form: Form, words: Words) -> str:
    return f"[{plain(words.question(question))}](../{form.form}.md#{anchor(question)})"


def _whole(title: str, whole: Sequence[Change], form: Form, words: Words) -> list[str]:
    """Say of each question that only one form asks what it asks; what the other form says of it comes last."""
    if not whole:
        return []
    lines = heading(2, title)
    for change in whole:
        wording = change.after or change.before
        said = f" {_quoted(wording)}" if wording else ""
        note = f" {_sentence(_notes(change.note))}" if change.note else ""
        lines.append(f"- **{_link(change.question, form, words)}**{said} ({plain(change.where)}).{note}")
    return [*lines, ""]


def _notes(note: str) -> str:
    """Return what the other form says of a question, in words: absent, ignored, or a similar wording."""
    parts = []
    for part in note.split("; "):
        before, _, rest = part.rpartition("before absent: ") if part.startswith("before absent: ") else ("", "", part)
        if rest != part:
            parts.append(f"in the form before it is absent: {in_words(rest)}")
        elif part.startswith("absent: "):
            parts.append(f"the new form's folder says that it is absent: {in_words(part.removeprefix('absent: '))}")
        elif part.startswith("before ignored: "):
            parts.append(f"the column was delivered before and ignored: {in_words(part.removeprefix('before ignored: '))}")
        elif part.startswith("ignored: "):
            parts.append(f"the column is still delivered and is ignored: {in_words(part.removeprefix('ignored: '))}")
        elif part.startswith("similar wording: "):
            parts.append(f"a similar wording has {part.removeprefix('similar wording: ')}")
        else:
            parts.append(part)
    return "; ".join(parts)


def _sentence(text: str) -> str:
    text = plain(text)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith(".") else ".")


def _quoted(text: str) -> str:
    return f"“{plain(text)}”"


def _told(change: Change) -> str:
    """Return one change of a question as a sentence, without where in the question it is."""
    before, after = plain(change.before) or "none", plain(change.after) or "none"
    where = plain(change.where)
    match change.kind:
        case "new":
            return f"New: {where}."
        case "dropped":
            return f"No longer asked: {where}." + (f" {_sentence(_notes(change.note))}" if change.note else "")
        case "split" | "merged":
            judged = "" if change.certain else " A reader has to judge whether it is so."
            verb = "was divided into" if change.kind == "split" else "became"
            return f"By {plain(in_words(change.where))}: {before} {verb} {after}.{judged}"
        case "wording":
            same = f" ({plain(change.note)})" if change.note else ""
            if not change.before:
                return f"Words were added: {_quoted(change.after)}{same}."
            if not change.after:
                return f"Words were taken out: {_quoted(change.before)}{same}."
            return f"{_quoted(change.before)} now reads {_quoted(change.after)}{same}."
        case "type":
            return f"The kind of answer was {before} and is {after}."
        case "unit":
            return f"The unit was {before} and is {after}."
        case "population":
            return f"It was asked of {before} and is asked of {after}."
        case "missing":
            if change.before or change.after:
                return f"Codes for no answer were {before} and are {after}."
            return f"Codes for no answer changed: {_arrows(change.note)}."
        case _:
            if change.before or change.after:
                return f"The {plain(in_words(change.kind))} were {before} and are {after}."
            return f"The {plain(in_words(change.kind))} changed: {_arrows(change.note)}."


def _arrows(text: str) -> str:
    return plain(text).replace("-&gt;", "→")


def _placed(change: Change) -> str:
    """Return a change with where it is, if only a part of the question has it."""
    if change.kind in {"new", "dropped", "split", "merged"} or change.uses == change.of:
        return _told(change)
    return f"{_told(change)} Only {plain(change.where)} ({change.uses} of {change.of})."


def _shared(diff: FormDiff, words: Words) -> dict[str, list[Change]]:
    """Return changes that are the same in several questions, such as a code that means no answer everywhere."""
    alike: dict[str, list[Change]] = {}
    for change in diff.changes:
        if change.kind not in {"new", "dropped", "wording"} and change.uses == change.of:
            alike.setdefault(_told(change), []).append(change)
    return {told: same for told, same in alike.items() if len({each.question for each in same}) >= SEVERAL_QUESTIONS}


def _questions(own: dict[str, list[Change]], after: Form, words: Words) -> list[str]:
    lines: list[str] = []
    for question, changes in own.items():
        if not changes:
            continue
        lines += heading(3, _link(question, after, words), f"changed-{question}")
        wordings = [change for change in changes if change.kind == "wording"]
        lines += [f"- {_placed(change)}" for change in changes if change.kind != "wording"]
        lines += [f"- Wording: {_placed(change)}" for change in wordings[:WORDINGS_SHOWN]]
        rest = len(wordings) - WORDINGS_SHOWN
        lines += [f"- Wording: {counted(rest, 'more change')}."] * (rest > 0)
        lines.append("")
    return [*heading(2, "Questions that changed", "changed"), *lines] if lines else []


def _same_change(shared: dict[str, list[Change]], after: Form, words: Words) -> list[str]:
    if not shared:
        return []
    lines = heading(2, "The same change in several questions", "shared")
    for told, same in shared.items():
        questions = list(dict.fromkeys(change.question for change in same))
        lines.append(f"- {told} In {listed([_link(question, after, words) for question in questions])}.")
    return [*lines, ""]


def _form_changes(diff: FormDiff, before: Form, after: Form) -> list[str]:
    if not diff.form:
        return []
    return [
        *heading(2, "The form as a whole", "form"),
        *filled_columns(
            ["what", plain(before.title.en), plain(after.title.en)],
            [[plain(in_words(change.where)), plain(change.before), plain(change.after)] for change in diff.form],
        ),
    ]


def _layout(folded: Sequence[Folded]) -> list[str]:
    """Say what changed in the files and touches no meaning."""
    lines: list[str] = []
    renamed = [each for each in folded if each.kind == "renamed"]
    if renamed:
        total, groups = renamed[0], renamed[1:]
        every = "all" if total.count == total.of else f"of {total.of}"
        lines.append(f"- {counted(total.count, 'column')} ({every}) have another name.")
        for group in groups:
            lines.append(
                f"    - {code(group.group)}: {counted(group.count, 'column')}, such as {code(group.before)}, now {code(group.after)}"
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
