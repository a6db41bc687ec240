"""Makes a published snapshot again, from the archive and the state of the project, and compares it byte for byte.

Only one thing may differ: the candidates on which results were judged. A run takes results over from earlier ones; a rebuild
in an empty folder has none to take over. The results themselves must be equal.

Deliveries come from the archive by the hashes that the snapshot states, the ledger is the one that was kept with it, the
snapshot before, with the roll of its answers, is the one that it was compared with; everything else (forms, corrections,
rules, code) is the project as it stands, so check out the commit that the journal names first.

Belongs here: restoring what the snapshot was made from, and comparing. Does not belong here: how a snapshot is made
(``runs``), or the archive (``ingest.archive``).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.core.content_hashes import file_hash
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import REHEARSAL
from orchestration.core.settings import Settings
from orchestration.core.warehouse import attach, connect
from orchestration.disclosure import ledger
from orchestration.ingest.archive import restore
from orchestration.publish import integrity, journal, pointer, rolls, snapshots
from orchestration.publish.provenance import project_state
from orchestration.publish.snapshot_files import CHECKSUMS, DATABASE, GATE, GATE_PAGE, write_checksums

# Compared table by table, since DuckDB writes random identifiers into its file.
NOT_BY_BYTES = (DATABASE, f"{DATABASE}.sha256")

# These state on which candidates the results were judged, or the hash of a file that does.
STATES_WHERE_JUDGED = (GATE, GATE_PAGE, CHECKSUMS)
JUDGED_ON = "judged_on"

# Runs everything on settings, and reports progress.
Make = Callable[[Settings, Callable[[str], None]], object]
# Renders a verdict as a page.
Render = Callable[[dict[str, Any]], str]


@dataclass(frozen=True)
class Rebuilt:
    """The rebuilt snapshot: its folder, the number of equal files, and which files differ."""

    folder: Path
    equal: int
    different: list[str]


def rebuild(
    settings: Settings,
    identifier: str,
    into: Path,
    make: Make,
    render: Render,
    on_progress: Callable[[str], None] = lambda line: None,
) -> Rebuilt:
    """Make a snapshot again in another folder, and compare it with the published one.

    Args:
        settings: where the snapshot, the archive and the inputs lie; nothing of it is changed.
        identifier: id of the snapshot, or a beginning.
        into: an empty folder for inputs, warehouse and snapshot.
        make: runs everything on the settings that it is given, up to a candidate that passes.
        render: renders a verdict as the page of the gate.
        on_progress: takes a line of progress.

    Raises:
        UserError: what it was made from is missing, or the folder is not empty.
        RefusedError: the rules of the project as it stands refuse it.
    """
    # Only published snapshots can be rebuilt, not candidates.
    original = snapshots.find(settings.snapshots, settings.snapshots / ".none", identifier)
    integrity.verify(original)
    if into.exists() and any(into.iterdir()):
        raise UserError("the folder is not empty", place=str(into), remedy="name a folder that is empty or does not exist")
    origin = integrity.read_origin(original)
    if origin is None:
        raise UserError(
            "an earlier version made it and did not record its inputs",
            place=str(original),
            remedy="restore the project of that time",
        )
    return compare(original, make_again(settings, original.name, origin, into, make, on_progress), render)


def make_again(
    settings: Settings,
    identifier: str,
    origin: integrity.Origin,
    into: Path,
    make: Make,
    on_progress: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make a snapshot again in an empty folder, and return its folder there, with the checksums of its verdict.

    Args:
        settings: where the archive, the inputs and the other snapshots lie; nothing of it is changed.
        identifier: the whole id of the snapshot; its own files are not read.
        origin: what it was made from.
        into: a folder for inputs, warehouse and snapshot, which does not exist or is empty.
        make: runs everything on the settings that it is given, up to a candidate that passes.
        on_progress: takes a line of progress.

    Raises:
        UserError: what it was made from is missing or damaged, or the present project makes a different snapshot.
        RefusedError: the rules of the project as it stands refuse it.
    """
    event = journal.publication(journal.read_journal(settings.snapshots), identifier)
    if event is not None and event.project is not None and event.project != project_state():
        on_progress(f"  it was made at commit {event.project}; the project is at {project_state() or 'no commit'}")
    made_by = _lay_out(settings, identifier, origin, into)
    make(made_by, on_progress)
    made = {path.name: path for place in (made_by.snapshots, made_by.candidates) for path in place.glob("[!.]*/")}
    if identifier not in made:
        found = [name for name, path in made.items() if not path.is_symlink()]
        raise UserError(
            f"the current project makes {' and '.join(found) or 'nothing'}, not {identifier}",
            place=str(into),
            remedy="check out the commit that ./is248 list --json names for it, and try again",
        )
    folder = made[identifier]
    if folder.parent == made_by.candidates:
        # It waits for its release here, so the checksums of its verdict have not been written yet.
        write_checksums(folder)
    return folder


def _lay_out(settings: Settings, identifier: str, origin: integrity.Origin, into: Path) -> Settings:
    """Restore what a snapshot was made from, and return the settings of a run on it."""
    data = into / "data"
    data.mkdir(parents=True)
    generated = (settings.warehouse.resolve(), settings.snapshots.resolve())
    for path in settings.data.iterdir():
        if path != settings.deliveries and path.resolve() not in generated:
            (data / path.name).symlink_to(path.resolve())
    for sha256 in origin.deliveries:
        restore(sha256, settings.archive, data / settings.deliveries.name)
    made_by = Settings(
        data_dir=data,
        warehouse_dir=into / "warehouse",
        snapshots_dir=into / "snapshots",
        # A rehearsal has the same purpose in either channel.
        channel=settings.channel if origin.purpose == REHEARSAL else origin.purpose,
        formats=",".join(name for name in sorted(Settings().formats_known) if name in origin.formats),
    )
    made_by.snapshots.mkdir()
    if origin.predecessor is not None:
        if not (settings.snapshots / origin.predecessor).is_dir():
            raise UserError(
                f"the snapshot that it was compared with, {origin.predecessor}, no longer exists",
                place=str(settings.snapshots),
                remedy="restore it from the backup",
            )
        # Its attack used all snapshots that were published before it.
        order = [path.name for path in snapshots.all_snapshots(settings.snapshots)]
        before = order[: order.index(identifier) if identifier in order else len(order)]
        for name in sorted({origin.predecessor, *before}):
            integrity.verify(settings.snapshots / name)
            (made_by.snapshots / name).symlink_to((settings.snapshots / name).resolve())
        pointer.point_to(made_by.snapshots, origin.predecessor)
    kept_before = ledger.ledger_file(settings.snapshots).parent / f"{identifier}{ledger.BEFORE}"
    if not kept_before.is_file():
        raise UserError(
            "the ledger that it was made with was not kept", place=str(kept_before), remedy="restore it from the backup"
        )
    kept = ledger.ledger_file(made_by.snapshots)
    kept.parent.mkdir(mode=0o700)
    shutil.copyfile(kept_before, kept)
    if origin.predecessor is not None and rolls.kept_roll(settings.snapshots, origin.predecessor).is_file():
        roll = rolls.kept_roll(made_by.snapshots, origin.predecessor)
        shutil.copyfile(rolls.kept_roll(settings.snapshots, origin.predecessor), roll)
    return made_by


def compare(original: Path, made: Path, render: Render) -> Rebuilt:
    """Compare two snapshots: all files by their bytes, the database table by table, the verdict without where it was judged.

    Args:
        original: folder of the published snapshot.
        made: folder of the one that was made again.
        render: renders a verdict as the page of the gate.
    """
    names = sorted(
        {path.relative_to(folder).as_posix() for folder in (original, made) for path in folder.rglob("*") if path.is_file()}
        - set(NOT_BY_BYTES)
    )
    different = [name for name in names if not _equal(original / name, made / name)]
    if set(different) & set(STATES_WHERE_JUDGED):
        one, other = _without_where_judged(original, render), _without_where_judged(made, render)
        different = [name for name in different if name not in one or one[name] != other.get(name)]
    different += [f"{DATABASE}: {table}" for table in different_relations(original / DATABASE, made / DATABASE)]
    return Rebuilt(made, len(names) + 1 - len({name.split(":")[0] for name in different}), different)


def _equal(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and file_hash(one) == file_hash(other)


def _without_where_judged(folder: Path, render: Render) -> dict[str, str]:
    """Return by name the contents of the files that state where results were judged, without that statement."""
    if not all((folder / name).is_file() for name in STATES_WHERE_JUDGED):
        return {}
    verdict = json.loads((folder / GATE).read_text(encoding="utf-8"))
    page = (folder / GATE_PAGE).read_text(encoding="utf-8")
    # A page that does not match its own verdict is compared unchanged.
    is_of_verdict = page == render(verdict)
    for results in (verdict["rules"], (verdict.get("proof") or {}).get("by_rule", [])):
        for each in results:
            each.pop(JUDGED_ON, None)
    checksums = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    return {
        GATE: json.dumps(verdict),
        GATE_PAGE: render(verdict) if is_of_verdict else page,
        CHECKSUMS: "\n".join(line for line in checksums if not line.endswith((f" {GATE}", f" {GATE_PAGE}"))),
    }


def different_relations(one: Path, other: Path) -> list[str]:
    """Return the differences of two databases: tables with names, types, rows and their order, views, macros."""
    different = []
    with connect(one, read_only=True) as connection:
        attach(connection, other, "other")
        described = {
            catalog: dict(
                connection.execute(
                    "select table_name, string_agg(column_name || ' ' || data_type, ', ' order by column_index) "
                    "from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name) "
                    "where database_name = ? group by table_name",
                    [catalog],
                ).fetchall()
            )
            for catalog in (one.stem, "other")
        }
        mine, theirs = described[one.stem], described["other"]
        for table in sorted(mine.keys() | theirs.keys()):
            if mine.get(table) != theirs.get(table):
                different.append(table)
                continue
            differences = connection.execute(
                f'select count(*) from (select row_number() over () as row, * from main."{table}" except all '
                f'select row_number() over () as row, * from other.main."{table}")'
            ).fetchone()
            counts = connection.execute(
                f'select (select count(*) from main."{table}") = (select count(*) from other.main."{table}")'
            ).fetchone()
            if differences != (0,) or counts != (True,):
                different.append(table)
        own, others = _queries(connection, one.stem), _queries(connection, "other")
        different += sorted(name for name in own.keys() | others.keys() if own.get(name) != others.get(name))
    return different


def _queries(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, tuple[str, ...]]:
    """Return the views and macros of a database with their definitions."""
    found = connection.execute(
        """
        select view_name, sql, comment from duckdb_views() where database_name = $catalog and not internal
        union all
        select function_name, concat_ws(' ', array_to_string(parameters, ' '), macro_definition), comment
        from duckdb_functions() where database_name = $catalog and not internal
        """,
        {"catalog": catalog},
    ).fetchall()
    return {name: tuple(rest) for name, *rest in found}
