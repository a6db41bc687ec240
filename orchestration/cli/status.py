"""The command ``status``: what is published, what waits, and where the delivered cells went.

Belongs here: the words of the answer. Does not belong here: the queries (``trace.deliveries``).
"""

from __future__ import annotations

from typing import Any

import click

from orchestration.cli.common import aligned, command, main
from orchestration.core.settings import load_settings

# How many causes of left-out rows are named.
EXAMPLES_SHOWN = 3


@main.command(examples=["./is248 status", "./is248 status --files"], doing="reading the warehouse", is_answer=True)
@click.option("--files", is_flag=True, help="Show the delivered cells of each file instead of each form.")
@command
def status(files: bool) -> dict[str, Any]:
    """Show what is published, which candidates wait, and what became of the delivered cells.

    The last part lists what was read but needs a look: cells that are not read as they look, rows that were left out, names
    that contradict their code. It is restricted.
    """
    # imported here, so that help comes at once
    from orchestration.core.release_calendar import REHEARSAL, load_calendar, now, overdue
    from orchestration.core.warehouse import connect, is_running
    from orchestration.publish import integrity, pointer, snapshots
    from orchestration.publish.snapshot_files import DATABASE
    from orchestration.trace.deliveries import cell_ledger, name_findings, reported_cells, rows_left_out

    settings = load_settings()
    published = pointer.current(settings.snapshots)
    damaged = integrity.damage(published, thorough=False) if published is not None else None
    refused = []
    for folder in sorted(settings.candidates.glob("[!.]*/")) if settings.candidates.is_dir() else []:
        verdict = snapshots.read_gate(folder)
        found = integrity.damage(folder, thorough=False)
        refused.append(
            {
                "candidate": folder.name,
                "verdict": verdict["verdict"] if verdict else "not judged",
                "damage": str(found) if found is not None else None,
            }
        )
    inputs: dict[str, int] = {}
    verdicts: dict[str, int] = {}
    if published is not None and damaged is None:
        with connect(published / DATABASE, read_only=True) as connection:
            # The snapshot's own tables: one that was published by an earlier version may have others.
            for (table,) in connection.execute("select table_name from duckdb_tables() order by table_name").fetchall():
                row = connection.execute(f'select count(*) from "{table}"').fetchone()
                inputs[table] = int(row[0]) if row else 0
            verdicts = dict(
                connection.execute("select verdict, count(*) from reconciliation group by all order by all").fetchall()
            )
    running = is_running(settings.warehouse)
    ledger = cell_ledger(settings.warehouse_file) if not running else []
    lines = [
        f"channel:   {settings.channel}"
        + (" (a rehearsal: nothing of it is a publication)" if settings.purpose == REHEARSAL else ""),
        f"run:       {'active' if running else 'none'}",
        f"published: {published.name if published else 'nothing yet; run ./is248 run'}",
        *([f"DAMAGED:   {damaged}; {integrity.ANEW}"] if damaged is not None else []),
        *(
            f"candidate: {entry['candidate']} ({entry['verdict']})"
            + (f", DAMAGED: {entry['damage']}; {integrity.ANEW}" if entry["damage"] else "")
            for entry in refused
        ),
    ]
    calendar = load_calendar(settings.calendar)
    if calendar.prepared is not None:
        planned = calendar.prepared
        approved = ", ".join(approval.candidate for approval in planned.approved) or "nothing yet"
        state = "due" if calendar.is_due(planned, now()) else "under embargo"
        lines.append(
            f"release:   {planned.release} ({planned.time_period}, {planned.status}), {state}: "
            f"{calendar.format_time(planned)}; approved: {approved}"
        )
    late = overdue(calendar, snapshots.read_identity(published) if published and damaged is None else None, now())
    if late is not None and settings.channel == "official":
        lines.append(f"OVERDUE:   {late.release} was due {calendar.format_time(late)}")
    if published is not None and damaged is None:
        lines += ["tables:", *aligned(("table", "rows"), [*inputs.items()], "  ")]
        lines += ["printed figures:", *aligned(("verdict", "figures"), [*verdicts.items()], "  ")]
    names = name_findings(settings.warehouse_file) if ledger else []
    reported = reported_cells(settings.warehouse_file) if ledger else []
    left_out = rows_left_out(settings.warehouse_file) if ledger else []
    if ledger:
        lines += _ledger_lines(ledger, files)
        if reported:
            names_of = ("form", "file", "sheet", "cells", "what", "first_cell")
            lines.append("cells of workbooks that are not read as they look:")
            lines += aligned(
                ("form", "file", "sheet", "cells", "what", "first"),
                [[each[name] for name in names_of] for each in reported],
                "  ",
            )
        lines += _left_out_lines(left_out, files)
        lines.append(f"names that contradict their code (the code counts): {len(names)}")
        lines += [
            f"  {found['form']}  {found['file']}, row {found['row_number']}: {found['code_delivered']} is called "
            f"{found['name_delivered']!r}"
            for found in names
        ]
    return {
        "channel": settings.channel,
        "purpose": settings.purpose,
        "running": running,
        "ledger": ledger,
        "name_findings": names,
        "told_cells": reported,
        "rows_left_out": left_out,
        "published": published.name if published else None,
        "damage": str(damaged) if damaged is not None else None,
        "candidates": refused,
        "release": calendar.preparing,
        "overdue": late.release if late is not None and settings.channel == "official" else None,
        "tables": inputs,
        "reconciliation": verdicts,
        "text": "\n".join(lines),
    }


def _left_out_lines(rows: list[dict[str, Any]], files: bool) -> list[str]:
    """Return a line for each file or form and reason, with the first causes."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        place = f"{row['form']}  {row['file']}" if files else str(row["form"])
        groups.setdefault((place, row["fate"], row["reason"]), []).append(str(row["rests_on"])[:40])
    lines = [f"rows that are no data, or cannot be used: {len(rows)}"]
    for (place, fate, reason), texts in groups.items():
        different = list(dict.fromkeys(texts))
        more = ", ..." if len(different) > EXAMPLES_SHOWN else ""
        lines.append(f"  {place}  {fate} {reason}: {len(texts)} ({', '.join(different[:EXAMPLES_SHOWN])}{more})")
    return lines


def _ledger_lines(ledger: list[dict[str, Any]], files: bool) -> list[str]:
    """Return the fates of cells as a table, a line for each file or form, with a total."""
    fates = ("read", "mapped", "ignored", "rejected")
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in ledger:
        groups.setdefault(f"{entry['form']}  {entry['file']}" if files else entry["form"], []).append(entry)
    groups["all"] = ledger
    rows = [
        (
            name,
            len(entries),
            *(sum(entry[fate] for entry in entries) for fate in fates),
            "balances" if all(entry["balances"] for entry in entries) else "DOES NOT BALANCE",
        )
        for name, entries in groups.items()
    ]
    return ["delivered cells:", *aligned(("form", "files", *fates, "sum"), rows, "  ")]
