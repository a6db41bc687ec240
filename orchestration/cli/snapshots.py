"""Commands about snapshots that exist: ``list``, ``verify``, ``rebuild``, ``rollback``, ``prune``, ``diff``.

Belongs here: what these commands say. Does not belong here: moving and comparing files (``publish``).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from orchestration.cli.common import aligned, command, counted, main, shown_path
from orchestration.cli.completion import complete_judged, complete_published
from orchestration.core.errors import RefusedError
from orchestration.core.language import Language
from orchestration.core.progress import progress
from orchestration.core.settings import load_settings

NOTHING = "nothing is published yet; run ./is248 run"


@main.command("list", examples=["./is248 list", "./is248 list --json"], doing="reading the snapshots", is_answer=True)
@command
def list_command() -> dict[str, Any]:
    """List the snapshots, oldest first.

    The table has the date, the release and the size of each, and says which is current and which were withdrawn and why.
    With --json it also has the commit of the project that made each.
    """
    from orchestration.publish import pointer, snapshots  # imported here: a shell completes ids without them
    from orchestration.publish.journal import publication as journal_publication
    from orchestration.publish.journal import read_journal, withdrawal

    settings = load_settings()
    events = read_journal(settings.snapshots)
    published = pointer.current(settings.snapshots)
    rows = []
    for folder in snapshots.all_snapshots(settings.snapshots):
        publication, withdrawn = journal_publication(events, folder.name), withdrawal(events, folder.name)
        rows.append(
            {
                "snapshot": folder.name,
                "current": published == folder.resolve(),
                "published_at": publication.at if publication else None,
                "release": publication.release if publication else None,
                "project": publication.project if publication else None,
                "withdrawn_at": withdrawn.at if withdrawn else None,
                "reason": withdrawn.reason if withdrawn else None,
                "megabytes": round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1),
            }
        )
    heads = ("snapshot", "published at", "release", "MB", "state")
    table = [
        (
            row["snapshot"],
            row["published_at"] or "before there was a journal",
            row["release"] or "none",
            row["megabytes"],
            f"withdrawn {str(row['withdrawn_at'])[:10]}: {row['reason']}"
            if row["withdrawn_at"]
            else "current"
            if row["current"]
            else "",
        )
        for row in rows
    ]
    return {"snapshots": rows, "text": "\n".join(aligned(heads, table)) or NOTHING}


@main.command(
    examples=["./is248 verify", "./is248 verify --all", "./is248 verify {snapshot}"],
    doing="comparing files with their checksums",
)
@click.argument(
    "snapshot",
    required=False,
    shell_complete=complete_judged,
    help="Id of a snapshot or candidate, or the beginning of one. Default: the published snapshot.",
)
@click.option("--all", "everything", is_flag=True, help="Verify every snapshot.")
@command
def verify(snapshot: str | None, everything: bool) -> dict[str, Any]:
    """Compare every file of a snapshot or candidate with its checksum.

    The command fails at the first file that is missing or was changed, and says how to repair the snapshot.
    """
    from orchestration.publish import integrity, pointer, snapshots

    settings = load_settings()
    if everything:
        folders = snapshots.all_snapshots(settings.snapshots)
    else:
        folders = [snapshots.find(settings.snapshots, settings.candidates, snapshot or pointer.CURRENT)]
    published = pointer.current(settings.snapshots)
    counts: dict[str, int] = {}
    for folder in folders:
        progress.stage(f"{folder.name}, {len(counts) + 1} of {len(folders)}")
        is_made_anew = folder == published or folder.parent == settings.candidates.resolve()
        counts[folder.name] = integrity.verify(folder, remedy=integrity.ANEW if is_made_anew else integrity.RESTORE)
    lines = [f"{name}: {count} files are as they were published" for name, count in counts.items()]
    result = f"{counted(len(counts), 'snapshot')} verified, {sum(counts.values())} files" if counts else NOTHING
    return {"files": counts, "result": result, "text": "\n".join(lines) or NOTHING}


@main.command("rebuild", examples=["./is248 rebuild {snapshot} --into /tmp/rebuilt"], doing="making the snapshot again")
@click.argument("snapshot", shell_complete=complete_published, help="Id of a published snapshot, or the beginning of one.")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="Folder to work in: empty, or not there yet.")
@command
def rebuild_command(snapshot: str, into: Path) -> dict[str, Any]:
    """Make a published snapshot again from the archive and compare it byte for byte.

    Nothing is published, and the published snapshot is not touched. The project computes as it stands now: first check out
    the commit that ./is248 list --json gives for the snapshot.
    """
    settings = load_settings()
    from orchestration.defs.runs import refresh  # imported here: it imports Dagster
    from orchestration.gate.page import render
    from orchestration.publish.rebuild import rebuild

    rebuilt = rebuild(settings, snapshot, into.resolve(), refresh, render, progress.say)
    if rebuilt.different:
        raise RefusedError(
            [
                f"{rebuilt.folder.name} was made again, but {len(rebuilt.different)} files or tables differ",
                *(f"  {name}" for name in rebuilt.different),
            ],
            dataclasses.asdict(rebuilt),
        )
    return {
        **dataclasses.asdict(rebuilt),
        "text": f"{rebuilt.folder.name} was made again: {rebuilt.equal} files are equal\n"
        f"  folder: {shown_path(rebuilt.folder)}",
    }


@main.command(
    examples=['./is248 rollback --reason "wrong population figures"', './is248 rollback {snapshot} --reason "..."']
)
@click.argument(
    "snapshot",
    required=False,
    shell_complete=complete_published,
    help="Id of a snapshot, or the beginning of one. Default: the snapshot before the current one.",
)
@click.option("--reason", required=True, help="The reason, for the journal. The journal is restricted.")
@command
def rollback(snapshot: str | None, reason: str) -> dict[str, Any]:
    """Make an earlier snapshot current again, and withdraw the one that is current now.

    A later run does not publish a withdrawn snapshot again. To put one back, name it here.
    """
    from orchestration.publish import snapshots

    settings = load_settings()
    from orchestration.core.notifications import notify  # imported here: it opens the log

    done = snapshots.rollback(settings.snapshots, reason, snapshot)
    text = f"{done.current} is current" + (f"; {done.before} is withdrawn" if done.withdrawn else f", before {done.before}")
    notify(settings, "rolled_back", f"IS-24/8: {text}.", snapshot=done.current, before=done.before)
    return {**dataclasses.asdict(done), "text": text}


@main.command(
    examples=["./is248 prune", "./is248 prune --delete", "./is248 prune --keep 10 --delete"],
    doing="looking for what is not needed",
    is_answer=True,
)
@click.option(
    "--keep", type=click.IntRange(min=1), metavar="NUMBER", help="Also delete all snapshots but the newest NUMBER."
)
@click.option("--delete", is_flag=True, help="Delete. Without this option the command only lists what it would delete.")
@command
def prune(keep: int | None, delete: bool) -> dict[str, Any]:
    """Delete candidates that are not needed, remains of interrupted runs and, with --keep, old snapshots.

    The published snapshot, the one a rollback would return to, and those that the release calendar names are never deleted.
    """
    from orchestration.core.release_calendar import load_calendar
    from orchestration.core.warehouse import run_lock
    from orchestration.publish import pruning

    settings = load_settings()
    from orchestration.publish.candidates import last_candidate

    with run_lock(settings.warehouse):
        last = last_candidate(settings.warehouse)
        found = pruning.prunable(
            settings.snapshots,
            settings.candidates,
            keep=keep,
            referenced=load_calendar(settings.calendar).referenced,
            last_candidate=last.id if last else None,
        )
        if delete:
            pruning.prune(settings.snapshots, found)
    rows = [("deleted" if delete else "would delete", each.kind, each.path.name, each.why) for each in found]
    lines = aligned(("what", "kind", "name", "why"), rows)
    if found and not delete:
        lines.append("nothing was deleted: ./is248 prune --delete does it")
    return {
        "deleted": delete,
        "found": [{"name": each.path.name, "kind": each.kind, "why": each.why} for each in found],
        "text": "\n".join(lines) or "nothing to prune",
    }


@main.command(
    examples=["./is248 diff {snapshot} current", "./is248 diff {snapshot} current --language nb > changes.md"],
    doing="comparing the snapshots",
    is_answer=True,
)
@click.argument("before", shell_complete=complete_judged, help="Id of the earlier snapshot or candidate, or its beginning.")
@click.argument(
    "after",
    default="current",
    shell_complete=complete_judged,
    help="The later one. Default: current, the published one.",
)
@click.option("--language", type=click.Choice(["nb", "en"]), default="en", show_default=True, help="Language of the text.")
@command
def diff(before: str, after: str, language: Language) -> dict[str, Any]:
    """Show what changed between two snapshots, as Markdown.

    It lists changed figures, new and removed rows, and the deliveries, corrections and rules that explain them.
    """
    # imported here: the other commands need no templates
    from orchestration.core.tables import load_tables
    from orchestration.core.warehouse import connect
    from orchestration.publish import integrity, pointer, snapshots
    from orchestration.publish.changes import compare
    from orchestration.publish.changes_text import Words, as_dictionary, as_markdown
    from orchestration.publish.publication_metadata import load_catalogue, read_release
    from orchestration.publish.snapshot_files import DATABASE

    settings = load_settings()
    published = pointer.current(settings.snapshots)
    older, newer = (snapshots.find(settings.snapshots, settings.candidates, name) for name in (before, after))
    for folder in (older, newer):
        remedy = integrity.ANEW if folder == published else integrity.RESTORE
        integrity.verify(folder, remedy=remedy, thorough=False)
    tables = load_tables(settings.metadata)
    with connect(newer / DATABASE, read_only=True) as connection:
        words = Words(read_release(connection, load_catalogue(settings.metadata)), {table.name: table for table in tables})
    changes = compare(older, newer, tables, after_id=newer.name, before_id=older.name)
    return {**as_dictionary(changes, words), "text": as_markdown(changes, words, (language,)).strip()}
