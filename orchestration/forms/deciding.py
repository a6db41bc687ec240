"""Applies a person's decisions to columns.csv and options.csv.

Belongs here: checking decisions and writing them. The form's files remain the only source: a decision is a line in them.
Does not belong here: what is open (``undecided``), columns that were not delivered (``deciding_gone``), codes
(``deciding_options``), and asking (``deciding_workbook``, the command line).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from orchestration.core.entry_files import first_problem
from orchestration.core.errors import Problems, UserError
from orchestration.forms.candidates import meaning_of, plain
from orchestration.forms.deciding_gone import drop_renamed, lines_without_match, of_groups, of_question
from orchestration.forms.deciding_options import as_proposed, checked_codes, code_rows, open_codes
from orchestration.forms.decisions import Decision, Decisions, MissingDecision
from orchestration.forms.draft import COLUMN_NAMES, OPTION_NAMES, Draft, as_csv, as_row
from orchestration.forms.missing_values import MissingValues
from orchestration.forms.model import UNSURE, ColumnMap, Form
from orchestration.forms.registry import column_problems, load_draft
from orchestration.forms.undecided import MEANING, OF_DELIVERED, OF_GONE, Key, group_of, is_open, key_of, read_rows

# The reason for ignoring a column if none is given.
NOT_USED = "not_used"
# Below this share of filled cells a new question may not have been asked of all units.
_MOSTLY_FILLED = 0.8
# The default subject of a new question.
_USUAL = {"item": "all", "target_group": "total", "reporting_form": "total", "population_asked": "all"}


@dataclass(frozen=True)
class Decided:
    """The result of decisions.

    ``written`` and ``before`` count the decisions written now and those made before. ``undecided`` names the columns that
    are left, or the question if no column was delivered. ``notes`` say what to do next.
    """

    written: int
    before: int
    undecided: tuple[str, ...]
    notes: tuple[str, ...]


# --- The files -------------------------------------------------------------------------------------------------------------


def _write(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    partial = path.with_suffix(".partial")
    written = ({name: row[name] for name in names} for row in rows)
    partial.write_text(as_csv(names, written), encoding="utf-8", newline="")
    partial.replace(path)


# --- What is decided -------------------------------------------------------------------------------------------------------


def decide(
    folder: Path, decisions: Decisions, draft: Draft, forms: Sequence[Form], problems: Problems | None = None
) -> Decided:
    """Check decisions, and write them into the form's files; nothing is written unless all of them are valid.

    Args:
        folder: the form folder.
        decisions: what was decided.
        draft: the draft of the same delivery.
        forms: the earlier forms, the newest first: a question that was not asked last year is in one of them.
        problems: what is already known to be wrong with the decisions; the reading goes on.

    Raises:
        UserError: decisions are not valid; every problem is reported with its place.
    """
    problems = problems or Problems(go_on=True)
    rows = read_rows(folder / "columns.csv", COLUMN_NAMES)
    options = read_rows(folder / "options.csv", OPTION_NAMES)
    undecided = {key_of(row): row for row in rows if is_open(row)}
    every = [*decisions.columns, *of_groups(decisions.groups, rows, decisions.columns)]
    written: dict[Key, tuple[Decision, list[dict[str, str]]]] = {}
    failed: set[Key] = set()
    before = sum(all(group_of(row) != each.group for row in undecided.values()) for each in decisions.groups)
    for decision in every:
        with problems.collect():
            if decision.key in written:
                other = written[decision.key][0].place
                raise UserError(f"decides the same thing as {other}", place=decision.place, remedy="keep one of the two")
            if decision.key not in undecided:
                before += 1
                continue
            failed.add(decision.key)
            written[decision.key] = decision, _lines(decision, undecided[decision.key], draft, forms)
            failed.discard(decision.key)
    chosen = {key: decision for key, (decision, _) in written.items()}
    result, places, answered = _decided_rows(rows, written, _kept_missing(decisions.missing, problems))
    result, places = drop_renamed(result, places, chosen, problems)
    for row in lines_without_match(draft, result, chosen):
        of_all = of_question(decisions.groups, row)
        lines = _lines(of_all, row, draft, forms) if of_all is not None else [row]
        result += lines
        places += [of_all.place if of_all is not None else ""] * len(lines)
    _check(folder, result, places, problems)
    # For a column with an invalid decision nothing more is reported.
    kept = [each for each in decisions.codes if (each.sheet, plain(each.column)) not in failed]
    kept = checked_codes(kept, problems)
    added = code_rows(kept, result, options, draft.book, problems)
    problems.raise_found()
    new = {(key[0], key[1]): decision.place for key, decision in chosen.items() if decision.choice == "new"}
    found = open_codes(result, [*options, *added], draft.profiles, draft.book)
    proposed, code_notes = as_proposed(new, found, kept)
    added += code_rows(proposed, result, [*options, *added], draft.book, problems)
    problems.raise_found()
    open_rows = [row for row in result if is_open(row) or row["missing"].startswith(f"{UNSURE}:")]
    kept_options, dropped = _asked_options([*options, *added], result)
    if added or dropped:
        _write(folder / "options.csv", OPTION_NAMES, kept_options)
    _write(folder / "columns.csv", COLUMN_NAMES, result)
    notes = (*_notes(written, result, kept_options), *code_notes, *_asked_of(written, draft), *dropped)
    return Decided(
        len(written) + answered + len(added) - len(proposed), before, tuple(_named(row) for row in open_rows), notes
    )


def _named(row: Mapping[str, str]) -> str:
    """Return the column of a line of ``columns.csv``, or its question where no column was delivered."""
    return row["column"] or f"{row['question']} {row['item']}".strip()


def _decided_rows(
    rows: Sequence[dict[str, str]],
    written: Mapping[Key, tuple[Decision, list[dict[str, str]]]],
    kept: Mapping[str, MissingDecision],
) -> tuple[list[dict[str, str]], list[str], int]:
    """Return the lines with the decisions applied, where each was decided, and how many groups of codes were answered."""
    result: list[dict[str, str]] = []
    places: list[str] = []
    answered = set()
    for row in rows:
        decision_and_lines = written.get(key_of(row)) if is_open(row) else None
        for line in decision_and_lines[1] if decision_and_lines else [row]:
            codes = line["missing"].removeprefix(f"{UNSURE}:")
            of_codes = kept.get(codes) if line["missing"].startswith(f"{UNSURE}:") else None
            result.append(line | ({"missing": of_codes.kept} if of_codes is not None else {}))
            answered |= {codes} if of_codes is not None else set()
            place = of_codes.place if of_codes is not None else ""
            places.append(decision_and_lines[0].place if decision_and_lines else place)
    return result, places, len(answered)


def _lines(decision: Decision, row: Mapping[str, str], draft: Draft, forms: Sequence[Form]) -> list[dict[str, str]]:
    """Return the lines of columns.csv that a decision makes of an open one."""
    is_gone = not row["column"]
    if decision.choice not in (OF_GONE if is_gone else OF_DELIVERED):
        raise UserError(
            "has a decision that is not allowed for "
            + ("a column that was not delivered" if is_gone else "a delivered column"),
            place=decision.place,
            remedy="choose " + ("not delivered, not asked or delete" if is_gone else "a candidate, ignore or new question"),
        )
    filled = {name: text for name, text in decision.cells.items() if text}
    if is_gone:
        if decision.choice == "left_out" or not row["question"]:
            # Without a question there is nothing to mark as not asked.
            return []
        return [dict(row) | {"use": "absent", "reason": filled.get("reason", decision.choice)}]
    plainly = {name: row[name] for name in ("sheet", "column", "wording_nb")}
    empty = dict.fromkeys(COLUMN_NAMES, "")
    if decision.choice == "ignored":
        return [empty | plainly | {"use": "ignored", "reason": filled.get("reason", NOT_USED)}]
    if decision.choice == "new":
        if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", filled.get("question", "")):
            raise UserError(
                f"{filled['question']!r} is not a valid question id"
                if "question" in filled
                else "a new question needs an id",
                place=decision.place,
                remedy="write lower-case letters a to z, digits and _ as its question",
            )
        return [empty | plainly | {"use": "answer"} | _USUAL | _by_the_book(decision.key, filled, draft) | filled]
    if not decision.uses:
        raise UserError("the row has no such candidate", place=decision.place, remedy="choose a candidate that the row has")
    lines = []
    for use in decision.uses:
        line = as_row(_asked(use, forms)) | {"sheet": row["sheet"], "column": row["column"]}
        if line["missing"]:
            line["missing"] = f"{UNSURE}:{line['missing']}"
        if row["wording_nb"] and len(decision.uses) == 1:
            line["wording_nb"] = row["wording_nb"]
        lines.append(line | filled)
    return lines


def _asked(use: ColumnMap, forms: Sequence[Form]) -> ColumnMap:
    """Return a use as in the newest form that asked the question, if it was not asked last year."""
    if use.use != "absent":
        return use
    given = [name for name in MEANING if getattr(use, name)]
    for form in forms:
        same = [
            column
            for column in form.columns
            if column.use == "answer" and all(getattr(column, name) == getattr(use, name) for name in given)
        ]
        if len(same) == 1:
            return same[0].model_copy(update={"when": ""})
    cells = {name: getattr(use, name) for name in MEANING}
    # Unknown values are empty: the check reports what the line lacks.
    return ColumnMap.model_construct(**{**dict.fromkeys(COLUMN_NAMES, ""), **cells, "use": "answer"})


def _by_the_book(key: Key, cells: Mapping[str, str], draft: Draft) -> dict[str, str]:
    """Return the code book's entries for a new question: its type, and for a number its missing codes."""
    place = key[0], key[1]
    kind: str = cells.get("type") or draft.book.kinds.get(place) or ""
    if kind == "text" and "type" not in cells:
        # Free text is not published: somebody must say so, or ignore the column.
        return {}
    codes = ";".join(draft.book.codes.get(place, {})) if kind == "number" else ""
    return {"type": kind} | ({"missing": codes} if codes else {})


def _kept_missing(missing: Iterable[MissingDecision], problems: Problems) -> dict[str, MissingDecision]:
    """Return the decisions on last year's codes for "no answer"; report a text that is not a list of codes and ranges."""
    kept = {}
    for decision in missing:
        try:
            MissingValues.parse(decision.kept.split(";"))
        except ValueError as error:
            remedy = "write codes and ranges such as 99;900..999"
            problems.report(UserError(str(error), place=decision.place, remedy=remedy))
            continue
        kept[decision.codes] = decision
    return kept


def _check(folder: Path, rows: Sequence[Mapping[str, str]], places: Sequence[str], problems: Problems) -> None:
    """Report what the loader would refuse in the lines, by the place of the decision that made them."""
    columns = []
    for number, (row, place) in enumerate(zip(rows, places, strict=True)):
        if is_open(row):
            continue
        cells = {name: row[name] for name in COLUMN_NAMES} | {"line": number}
        if row["missing"].startswith(f"{UNSURE}:"):
            cells["missing"] = ""
        try:
            columns.append(ColumnMap.model_validate(cells))
        except ValidationError as error:
            if place:
                remedy = "fill in the cell, or choose something else (docs/run/form-folders.md)"
                problems.report(UserError(first_problem(error), place=place, remedy=remedy))
    form, _ = load_draft(folder, Problems(go_on=True))
    for problem, numbers in column_problems(form.model_copy(update={"columns": tuple(columns)}), folder):
        theirs = [places[number] for number in numbers if places[number]]
        if theirs:
            both = f" ({theirs[1]} too)" if len(theirs) > 1 else ""
            problems.report(UserError(_without_line(problem.what) + both, place=theirs[0], remedy=problem.remedy))


def _asked_options(
    options: list[dict[str, str]], rows: Sequence[Mapping[str, str]]
) -> tuple[list[dict[str, str]], list[str]]:
    """Return the options of questions that are asked, and remarks on the others, once every column is decided."""
    if any(is_open(row) for row in rows):
        return options, []
    asked = {row["question"] for row in rows if row["use"] == "answer"}
    gone = sorted({option["question"] for option in options} - asked)
    kept = [option for option in options if option["question"] in asked]
    notes = [f"options.csv: the codes of {', '.join(gone)} are taken out, which nothing answers any more"] if gone else []
    return kept, notes


def _asked_of(written: Mapping[Key, tuple[Decision, list[dict[str, str]]]], draft: Draft) -> list[str]:
    """Return the new questions that many units left blank, though they are said to have been asked of all."""
    found = []
    for key, (decision, lines) in written.items():
        profile = draft.profiles.get((key[0], key[1]))
        is_of_all = any(line["population_asked"] == _USUAL["population_asked"] for line in lines)
        if decision.choice == "new" and is_of_all and profile is not None and profile.share_filled < _MOSTLY_FILLED:
            found.append(f"{lines[0]['column']} ({profile.share_filled:.0%})")
    if not found:
        return []
    names = ", ".join(found)
    return [
        f"columns.csv: filled by few of the units: {names}; were all asked? population_asked says it, and decides what "
        "shares are of and what is confidential"
    ]


def _without_line(text: str) -> str:
    """Return the problem without a line number, as the line is not yet written."""
    text = re.sub(r"means the same as line \d+", "means the same as another column", text)
    return re.sub(r" in line \d+ already", " already", text)


def _notes(
    written: Mapping[Key, tuple[Decision, list[dict[str, str]]]],
    rows: Iterable[Mapping[str, str]],
    options: Iterable[Mapping[str, str]],
) -> list[str]:
    """Return the manual steps that the decisions require next."""
    notes = []
    for decision, lines in written.values():
        for use, line in zip(decision.uses, lines, strict=False):
            if line["use"] == "identifier" and plain(use.column) != plain(line["column"]):
                notes.append(f"form.yml: name {line['column']} where it names {use.column} ({meaning_of(use)})")
    with_options = {option["question"] for option in options}
    coded = {row["question"] for row in rows if row["use"] == "answer" and row["type"] in {"code", "codes"}}
    notes += [f"options.csv: list the codes of {question}" for question in sorted(coded - with_options)]
    return notes
