"""Entries that would resolve what the gate found, written as they would be in ``data``, for somebody to read and sign.

They lie under the restricted folder ``<warehouse>/proposals`` with the path that they would have in ``data``, each as a
complete file; nothing is written into ``data`` itself. The signature is left open: an entry without reason, name and date is
refused.

Belongs here: what is proposed for which rule, and writing it. Does not belong here: what a rule finds (``checkpoint``), or
what an entry means (``ingest.decisions``).
"""

from __future__ import annotations

import csv
import shutil
import textwrap
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries, make_restricted
from orchestration.gate.results import RuleResult

REDELIVERIES = "redeliveries"
SUBMISSIONS = "submissions"
CORRECTIONS = "corrections"
EXPLANATIONS = "published/explanations.csv"
WAITING = "waiting_questions"

# Subfolders of the proposals that are written for the warehouse; they are emptied first.
_OWN = (REDELIVERIES, SUBMISSIONS, CORRECTIONS, Path(EXPLANATIONS).parts[0])

# Digits of a hash by which an entry names a version; ``ingest.decisions`` requires as many.
_DIGITS = 12


def _open(reason: str) -> str:
    """Return the open fields of an entry that is still to be signed, and what the reason must explain."""
    return f'  reason: ""        # {reason}\n  decided_by: ""\n  date:\n'


@dataclass(frozen=True)
class Proposal:
    """A file of ``data`` as it would be: its path there, its content, and the part of it that a refusal prints."""

    path: str
    content: str
    shown: str = ""


def redelivery_entry(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the entry to sign for units of one form that lost answers.

    Args:
        rows: of the model ``int_redelivered_units``, with ``unit_name``.
    """
    first = rows[0]
    comments = "".join(
        f"#   {row['unit_code']} {row['unit_name'] or ''}".rstrip()
        + f": {row['answers_lost']} of {row['answers_before']} answers are gone, {row['answers_now']} are there\n"
        for row in rows
    )
    listed = textwrap.fill(
        ", ".join(f'"{row["unit_code"]}"' for row in rows), 118, initial_indent="  units: [", subsequent_indent="    "
    )
    return (
        f"# {first['form']}\n{comments}- year: {first['time_period']}\n{listed}]\n"
        f'  delivery: "{first["sha256"][:_DIGITS]}"\n{_open("why the answers are gone")}'
    )


_LOST = """
    select redelivered.form, redelivered.time_period, redelivered.sha256, redelivered.unit_code, units.unit_name,
        redelivered.answers_before, redelivered.answers_now, redelivered.answers_lost, redelivered.verdict,
        contested.form is not null as is_contested
    from intermediate.int_redelivered_units as redelivered
    left join intermediate.int_units as units using (time_period, unit_code)
    left join intermediate.int_contested_units as contested using (form, unit_code)
    where redelivered.verdict in ('unsigned', 'lost_few')
    order by redelivered.form, redelivered.verdict desc, redelivered.unit_code
"""


def lost_answers(connection: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the units with unsigned lost answers, those that must be signed first."""
    return dictionaries(connection, _LOST)


def entries(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[int, str], list[str]]:
    """Return the entries to be signed for units that lost answers, by year and verdict: one a form.

    Where a unit answered several times and none counts, nothing is lost: somebody signs which one counts
    (``data/submissions``).
    """
    groups: dict[tuple[int, str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["is_contested"]:
            continue
        groups.setdefault((row["time_period"], row["verdict"], row["form"]), []).append(row)
    found: dict[tuple[int, str], list[str]] = {}
    for (year, verdict, _), group in groups.items():
        found.setdefault((year, verdict), []).append(redelivery_entry(group))
    return found


def _for_redeliveries(verdict: str | None) -> Callable[[duckdb.DuckDBPyConnection, Settings], list[Proposal]]:
    """Return what proposes the signed losses as they would be, and shows the new entries of one verdict.

    Entries that no longer cover any unit are removed. One that still covers a unit stays: its signer decides which of the
    others go.
    """

    def propose(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Proposal]:
        stale = connection.execute(
            "select entry from intermediate.int_signed_redeliveries group by entry "
            "having bool_and(verdict in ('covers_nothing', 'no_such_version'))"
        ).fetchall()
        files = {each.path: each.content for each in _without(settings, REDELIVERIES, (row[0] for row in stale))}
        found = entries(lost_answers(connection))
        shown = {f"{REDELIVERIES}/{year}.yml": "\n".join(new) for (year, kind), new in found.items() if kind == verdict}
        for year in sorted({year for year, _ in found}):
            path = f"{REDELIVERIES}/{year}.yml"
            there = settings.data / path
            before = files.get(path, there.read_text(encoding="utf-8") if there.is_file() else "").rstrip("\n")
            every = [entry for kind in ("unsigned", "lost_few") for entry in found.get((year, kind), [])]
            files[path] = (f"{before}\n\n" if before else "") + "\n".join(every)
        return [
            Proposal(path, content, shown.get(path, ""))
            for path, content in files.items()
            if verdict is None or path in shown
        ]

    return propose


def without_entries(text: str, lines: Collection[int]) -> str:
    """Return a list in YAML without the entries that begin in some lines, with every comment that is not theirs.

    The comments inside an entry and directly above it are removed too, except at the top of the file.
    """
    node = yaml.compose(text)
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        return text
    written = text.splitlines(keepends=True)
    dropped: set[int] = set()
    for entry in node.value:
        if entry.start_mark.line + 1 not in lines:
            continue
        first, last = entry.start_mark.line, entry.end_mark.line
        if "-" not in written[first][: entry.start_mark.column]:
            first -= 1
        # A block ends where the next one begins.
        if last >= len(written) or not written[last][: entry.end_mark.column].strip():
            last -= 1
        while _is_of_none(written[last], _indent(written[first])):
            last -= 1
        above = first
        while above and written[above - 1].lstrip().startswith("#") and above - 1 not in dropped:
            above -= 1
        dropped |= set(range(above if above else first, last + 1))
    return "".join(line for place, line in enumerate(written) if place not in dropped)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_of_none(line: str, indent: int) -> bool:
    """Return whether a line is blank, or a comment outside an entry whose dash has this indentation."""
    return not line.strip() or (line.lstrip().startswith("#") and _indent(line) <= indent)


def without_rows(text: str, column: str, values: Collection[str]) -> str:
    """Return a csv file without the rows that have certain values in a column; the other rows are unchanged."""
    written = text.splitlines(keepends=True)
    reader = csv.reader(written)
    place = next(reader).index(column)
    kept, begin = written[: reader.line_num], reader.line_num
    for row in reader:
        if not row or row[place] not in values:
            kept += written[begin : reader.line_num]
        begin = reader.line_num
    return "".join(kept)


def _without(settings: Settings, folder: str, placed: Iterable[str]) -> list[Proposal]:
    """Return the files of a folder without entries that are named by file and line."""
    by_file: dict[str, set[int]] = {}
    for name, _, line in (each.rpartition(":") for each in placed):
        by_file.setdefault(name, set()).add(int(line))
    return [
        Proposal(f"{folder}/{name}", without_entries((settings.data / folder / name).read_text(encoding="utf-8"), lines))
        for name, lines in sorted(by_file.items())
        if (settings.data / folder / name).is_file()
    ]


_CONTESTED = """
    select forms.time_period, rivals.unit_code,
        array_to_string(list_sort(list_distinct(list(concat(rivals.file, ' row ', rivals.row_number)))), '; ') as stands_in
    from intermediate.int_rival_rows as rivals
    inner join intermediate.int_contested_units using (form, unit_code)
    inner join forms.forms as forms using (form)
    inner join forms.layouts as layouts on layouts.form = rivals.form and layouts.layout = rivals.layout
    where rivals.contest != 'submission' or layouts.links_to is null
    group by forms.time_period, rivals.unit_code, rivals.contest
    order by forms.time_period, rivals.unit_code, rivals.contest
"""


def _for_submissions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Proposal]:
    """Return the entries to sign for units with several answers where nothing decides which row counts."""
    rows = dictionaries(connection, _CONTESTED)
    by_year: dict[int, str] = {}
    for row in rows:
        by_year[row["time_period"]] = by_year.get(row["time_period"], "") + (
            f"# one of: {row['stands_in']}\n"
            f'- unit: "{row["unit_code"]}"\n  year: {row["time_period"]}\n  file: ""\n'
            '  sheet: null     # of a workbook its name\n  row:\n  reason: ""      # why this one\n'
            '  decided_by: ""\n  date:\n'
        )
    return [_added(settings, f"{SUBMISSIONS}/{year}.yml", new) for year, new in by_year.items()]


def _for_lost_answers(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Proposal]:
    contested = any(row["is_contested"] and row["verdict"] == "unsigned" for row in lost_answers(connection))
    return _for_redeliveries("unsigned")(connection, settings) + (
        _for_submissions(connection, settings) if contested else []
    )


def _added(settings: Settings, path: str, new: str) -> Proposal:
    """Return a file of the inputs with entries at its end, which is new where there is none."""
    there = settings.data / path
    before = there.read_text(encoding="utf-8").rstrip("\n") if there.is_file() else ""
    return Proposal(path, (f"{before}\n\n" if before else "") + new, new)


def _for_corrections(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Proposal]:
    rows = connection.execute(
        "select correction from intermediate.int_corrections where verdict = 'held_already'"
    ).fetchall()
    return _without(settings, CORRECTIONS, (row[0] for row in rows))


def _for_explanations(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[Proposal]:
    # As the rule explanations_are_needed has it.
    rows = connection.execute(
        """
        select explanations.explanation_id
        from staging.stg_published__explanations as explanations
        inner join marts.mart_reconciliation as reconciliation using (source_id, table_id, cell_key)
        where reconciliation.verdict in ('equal', 'equal_at_rounding')
            and (explanations.compared_with = 'deliveries') = starts_with(reconciliation.method, 'delivered_')
        """
    ).fetchall()
    path = settings.data / EXPLANATIONS
    if not rows or not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [Proposal(EXPLANATIONS, without_rows(file.read(), "explanation_id", {row[0] for row in rows}))]


# The proposing functions, by rule; those for one file all propose the same.
PROPOSERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Settings], list[Proposal]]] = {
    "lost_answers_are_signed": _for_lost_answers,
    "later_deliveries_keep_all_answers": _for_redeliveries("lost_few"),
    "signed_losses_are_there": _for_redeliveries(None),
    "units_stand_in_one_file": _for_submissions,
    "corrections_change_what_was_delivered": _for_corrections,
    "explanations_are_needed": _for_explanations,
}


def propose(settings: Settings, found: list[RuleResult], warehouse: Path) -> list[RuleResult]:
    """Write entries that would resolve failing rules, and return the results with lines that name them.

    Args:
        settings: where inputs and proposals lie; proposals of earlier runs are removed.
        found: the results of rules on the warehouse.
        warehouse: where they were found.
    """
    for name in _OWN:
        shutil.rmtree(settings.proposals / name, ignore_errors=True)
    results = []
    for each in found:
        lines: list[str] = []
        if each.outcome == "fail" and each.rule in PROPOSERS:
            with connect(warehouse, read_only=True) as connection:
                proposals = PROPOSERS[each.rule](connection, settings)
            for proposal in proposals:
                path = settings.proposals / proposal.path
                _write(settings, path, proposal.content)
                lines.append(f"proposed, to be read and signed in {settings.data / proposal.path}: {path}")
                lines += [f"  {line}" for line in proposal.shown.splitlines()] if each.severity != "warning" else []
        results.append(replace(each, proposed=lines))
    return results


def propose_waiting(settings: Settings, found: list[RuleResult]) -> list[RuleResult]:
    """Propose to let questions wait from which an attack derived something; return the results with lines that name them.

    Published figures are already known, so a question that keeps them reveals nothing new; one that was never published
    shows nothing.

    Args:
        settings: where inputs and proposals lie; proposals of earlier candidates are removed.
        found: the results of rules on a candidate.
    """
    shutil.rmtree(settings.proposals / WAITING, ignore_errors=True)
    by_year: dict[int, set[str]] = {}
    for each in found:
        for question, year in each.questions:
            by_year.setdefault(year, set()).add(question)
    proposals = {year: _added(settings, f"{WAITING}/{year}.yml", _wait(year, by_year[year])) for year in sorted(by_year)}
    results, shown = [], set()
    for each in found:
        lines: list[str] = []
        for year in sorted({year for _, year in each.questions}):
            path = settings.proposals / proposals[year].path
            lines.append(f"proposed, to be read and signed in {settings.data / proposals[year].path}: {path}")
            # Shown once, though several rules find the same.
            lines += [] if year in shown else [f"  {line}" for line in proposals[year].shown.splitlines()]
            shown.add(year)
        results.append(replace(each, proposed=[*each.proposed, *lines]) if lines else each)
    for proposal in proposals.values():
        _write(settings, settings.proposals / proposal.path, proposal.content)
    return results


def _wait(year: int, questions: Collection[str]) -> str:
    """Return the entry that would let questions wait."""
    listed = "".join(f"    - {question}\n" for question in sorted(questions))
    return f"- year: {year}\n  questions:\n{listed}{_open('why they wait')}"


def _write(settings: Settings, path: Path, text: str) -> None:
    make_restricted(settings.proposals)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
