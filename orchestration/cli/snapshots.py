"""Commands about snapshots that exist: ``list``, ``verify``, ``rebuild``, ``rollback``, ``prune``, ``diff``.

Belongs here: what these commands say. Does not belong here: moving and comparing files (``publish``).
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from orchestration.cli.common import command, main, shown_path
from orchestration.core.errors import RefusedError
from orchestration.core.language import Language
from orchestration.core.release_calendar import load_calendar
from orchestration.core.settings import load_settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import connect, run_lock
from orchestration.publish import integrity, pointer, pruning, snapshots
from orchestration.publish.journal import publication as journal_publication
from orchestration.publish.journal import read_journal, withdrawal
from orchestration.publish.layout import DATABASE
from orchestration.publish.release import load_catalogue, read_release


@main.command("list")
@command
def list_command() -> dict[str, Any]:
    """List the snapshots, oldest first: when each was published, for which release, which is current, which withdrawn."""
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
    lines = [
        f"{'*' if row['current'] else ' '} {row['snapshot']}  {row['published_at'] or 'before there was a journal':25}  "
        f"{row['release'] or 'no release':20} {row['megabytes']:>8} MB"
        + (f"  withdrawn {str(row['withdrawn_at'])[:10]}: {row['reason']}" if row["withdrawn_at"] else "")
        for row in rows
    ]
    return {"snapshots": rows, "text": "\n".join(lines) or "nothing is published yet; run is248 run"}


@main.command()
@click.argument("identifier", required=False)
@click.option("--all", "everything", is_flag=True, help="Verify every snapshot.")
@command
def verify(identifier: str | None, everything: bool) -> dict[str, Any]:
    """Compare every file of the published snapshot, or of the snapshot or candidate IDENTIFIER, with its checksum."""
    settings = load_settings()
    if everything:
        folders = snapshots.all_snapshots(settings.snapshots)
    else:
        folders = [snapshots.find(settings.snapshots, settings.candidates, identifier or pointer.CURRENT)]
    published = pointer.current(settings.snapshots)
    counts = {}
    for folder in folders:
        is_made_anew = folder == published or folder.parent == settings.candidates.resolve()
        counts[folder.name] = integrity.verify(folder, remedy=integrity.ANEW if is_made_anew else integrity.RESTORE)
    lines = [f"{name}: {count} files are what was published" for name, count in counts.items()]
    return {"files": counts, "text": "\n".join(lines) or "nothing is published yet; run is248 run"}


@main.command("rebuild")
@click.argument("identifier")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="An empty folder to make it in.")
@command
def rebuild_command(identifier: str, into: Path) -> dict[str, Any]:
    """Make the published snapshot IDENTIFIER again from the archive and the project as it stands, and compare every byte.

    Nothing is published. Check out the commit that `is248 list --json` names for it first.
    """
    settings = load_settings()
    from orchestration.defs.runs import refresh  # imported here: it imports Dagster
    from orchestration.publish.rebuild import rebuild

    rebuilt = rebuild(settings, identifier, into.resolve(), refresh, lambda line: click.echo(line, err=True))
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


@main.command()
@click.argument("identifier", required=False)
@click.option("--reason", required=True, help="Why, for the journal; restricted.")
@command
def rollback(identifier: str | None, reason: str) -> dict[str, Any]:
    """Let `current` name the snapshot before, or the snapshot IDENTIFIER, and withdraw the one that was current.

    A withdrawn snapshot is not published again by a run; naming it here puts it back.
    """
    settings = load_settings()
    from orchestration.core.notifications import notify  # imported here: it opens the log

    done = snapshots.rollback(settings.snapshots, reason, identifier)
    text = f"{done.current} is current" + (f"; {done.before} is withdrawn" if done.withdrawn else f", before {done.before}")
    notify(settings, "rolled_back", f"IS-24/8: {text}.", snapshot=done.current, before=done.before)
    return {**dataclasses.asdict(done), "text": text}


@main.command()
@click.option("--keep", type=click.IntRange(min=1), help="Delete snapshots too, but for the newest KEEP.")
@click.option("--delete", is_flag=True, help="Delete; without it the command only says what it would delete.")
@command
def prune(keep: int | None, delete: bool) -> dict[str, Any]:
    """Delete candidates that nobody waits for, remains of runs that were cut off and, with --keep, old snapshots.

    Never the published snapshot, the one that a rollback goes to, or one that the release calendar names.
    """
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
    lines = [f"{'deleted' if delete else 'would delete'} {each.kind} {each.path.name}: {each.why}" for each in found]
    if found and not delete:
        lines.append("nothing was deleted: is248 prune --delete does it")
    return {
        "deleted": delete,
        "found": [{"name": each.path.name, "kind": each.kind, "why": each.why} for each in found],
        "text": "\n".join(lines) or "nothing to prune",
    }


@main.command()
@click.argument("before")
@click.argument("after", default=pointer.CURRENT)
@click.option("--language", type=click.Choice(["nb", "en"]), default="en", show_default=True, help="Language of the text.")
@command
def diff(before: str, after: str, language: Language) -> dict[str, Any]:
    """Show what changed from snapshot BEFORE to AFTER: ids, beginnings of ids, or `current`."""
    from orchestration.publish.changes import compare  # imported here: the other commands need no templates
    from orchestration.publish.changes_text import Words, as_dictionary, as_markdown

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
