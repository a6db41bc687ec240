"""Makes a candidate: the exact files that would become public, in a folder named by their content.

Belongs here: collecting the public tables, calling the writers, hashing. Does not belong here: judging (gate) or promoting
(``snapshots``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from orchestration.core.content_hashes import file_hash
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import Purpose
from orchestration.core.tables import Label, Table
from orchestration.core.warehouse import attach, connect, make_restricted
from orchestration.publish import changes_text, view_queries
from orchestration.publish.changes import Changes, compare
from orchestration.publish.comments import comment_on_relation
from orchestration.publish.formats import (
    NAMES,
    Job,
    KeepPart,
    Later,
    data_package,
    dcat,
    delimited,
    load_format,
    make_part,
    metadata,
    parquet,
)
from orchestration.publish.kept_files import Contents, Store, world_of
from orchestration.publish.publication_metadata import Catalogue, Release, read_release
from orchestration.publish.snapshot_files import (
    CHANGES,
    CHANGES_PAGE,
    CHANGES_SCRIPT,
    CHANGES_TEXT,
    DATABASE,
    REVISIONS,
    SEAL,
    digest_of,
    hashes_of,
    write_checksums,
)
from orchestration.publish.views import Entries, described, pointers

# The table whose newest year with figures names the snapshot; a round that was held but not delivered has rows without any.
LEADING_TABLE = "fte_by_service"
NEWEST = f"coalesce(max(time_period) filter (where fte is not null), max(time_period)) from {LEADING_TABLE}"

# Prefixes of folders that are not yet, or no longer, candidates.
BUILDING = ".building-"
REMOVING = ".removing-"

# Writes reports into the folder of a candidate.
WriteReports = Callable[[Path], None]

# The table with the snapshot's identity; one row.
SNAPSHOT = "snapshot"

# Version of the contract that a snapshot keeps, ``docs/use/contract.md``; docs/develop/releasing.md says when to raise it.
CONTRACT_VERSION = "1.0"


@dataclass(frozen=True)
class Candidate:
    """A candidate's folder; ``id`` is the newest survey year and the first twelve digits of ``content_hash``."""

    id: str
    path: Path
    content_hash: str


def _check_columns(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Refuse a table whose columns are not exactly the described ones: nothing else may become public."""
    rows = connection.execute(
        "select column_name, data_type from information_schema.columns "
        "where table_catalog = 'warehouse' and table_schema = 'public' and table_name = ? order by ordinal_position",
        [table.name],
    ).fetchall()
    found = [(str(name), str(kind)) for name, kind in rows]
    described = [(column.name, column.type) for column in table.columns]
    if found != described:
        difference = sorted(set(found) ^ set(described)) or "the order of the columns"
        raise UserError(
            f"model public.{table.name} and its description differ: {difference}",
            place=f"data/metadata/{table.name}.yml",
            remedy="describe exactly the columns of the model, with their types, in their order",
        )


def _create(connection: duckdb.DuckDBPyConnection, table: Table, source: str, *more: Label) -> None:
    """Create a table of the candidate from a relation, sorted by key and with comments."""
    columns = ", ".join(f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in table.columns)
    connection.execute(f'create table main."{table.name}" as select {columns} from {source} order by {table.order_by}')
    caution = metadata.caution_of(table)
    comment_on_relation(connection, table, *([caution] if caution else []), *more)


def _identity_query(channel: Purpose) -> str:
    """Return the query of the one row of the table ``snapshot``; a release of another year than the newest is left out."""
    return f"""
        select '{channel}' as channel, newest.time_period, newest.deliveries, newest.is_constructed,
            releases.release, releases.status as release_status, cast(releases.release_date as varchar) as release_date,
            releases.release_at, releases.next_release_at, '{CONTRACT_VERSION}' as contract_version
        from (
            select (select {NEWEST}) as time_period, count(*) as deliveries,
                coalesce(bool_or(is_constructed), false) as is_constructed
            from deliveries
        ) as newest
        left join warehouse.decisions.releases as releases
            on releases.is_prepared and releases.time_period = newest.time_period
    """


def _write_database(
    warehouse: Path, tables: list[Table], channel: Purpose, catalogue: Catalogue, entries: Entries, path: Path
) -> None:
    """Copy the public tables into a separate DuckDB file, with the row of the snapshot's identity, and views."""
    with connect(path) as connection:
        # One thread, so that rows keep their order and files their bytes.
        connection.execute("set threads = 1")
        attach(connection, warehouse, "warehouse")
        # One transaction: each would wait for the disk, and there is a comment on every column.
        connection.begin()
        for table in tables:
            if table.made_by == "dbt":
                _check_columns(connection, table)
                _create(connection, table, f'warehouse.public."{table.name}"', *pointers(entries, table))
        for table in tables:
            if table.name == SNAPSHOT:
                _create(connection, table, f"({_identity_query(channel)})")
        connection.commit()
        # What follows must see the tables of the candidate alone.
        connection.execute("detach warehouse")
        connection.begin()
        view_queries.create(connection, entries, tables, read_release(connection, catalogue))
        connection.commit()
        connection.execute("checkpoint")


def _write_table(connection: duckdb.DuckDBPyConnection, folder: Path, _: KeepPart, table: Table, release: Release) -> None:
    for name in ("parquet", "csv"):
        (folder / name).mkdir(exist_ok=True)
    parquet.write(connection, table, folder / "parquet" / f"{table.name}.parquet", release)
    delimited.write(connection, table, folder / "csv" / f"{table.name}.csv")


def _write_overview(connection: duckdb.DuckDBPyConnection, folder: Path, _: KeepPart, table: Table) -> None:
    (folder / "csv").mkdir(exist_ok=True)
    delimited.write(connection, table, folder / "csv" / f"{table.name}.csv")
    delimited.write_for_excel(connection, table, folder / "csv" / f"{table.name}{delimited.FOR_EXCEL}.csv")


def _write_content(
    folder: Path,
    tables: list[Table],
    catalogue: Catalogue,
    entries: Entries,
    formats: Collection[str],
    write_reports: WriteReports,
    store: Store | None,
) -> tuple[Release, dict[str, str]]:
    """Write every file that the content hash covers; return also the hashes that are already known."""
    with connect(folder / DATABASE, read_only=True) as connection:
        # Each file is written by one thread, in the order of its rows; as many files at once as there are processors.
        connection.execute("set threads = 1")
        release = read_release(connection, catalogue)
        views = described(entries, tables, release.codes)
        overview = [view for view in views if view.name == entries.overview.view]
        jobs: list[Job] = []
        for name in NAMES:
            if name in formats:
                (folder / name).mkdir()
                written = load_format(name)
                chosen = [*overview, *tables] if written.takes_overview else tables
                jobs += written.find_jobs(connection, chosen, release)
        for name in ("parquet", "csv", "metadata"):
            (folder / name).mkdir()
        by_table = [
            Job(f"table/{table.name}", partial(_write_table, table=table, release=release))
            for table in tables
            if table.name != REVISIONS
        ] + [Job(f"overview/{view.name}", partial(_write_overview, table=view)) for view in overview]
        work = Work(connection, folder, store, (tables, views, release, sorted(formats)))
        listing = work.do([*jobs, *by_table])
        # Reports are checked against the tables' files, and alone: PDFium, which reads them, fails if another thread
        # collects its objects.
        write_reports(folder)
        # These list the reports and all other files.
        work.do([Job("listing", partial(_write_later, later=later), is_made_every_time=True) for later in listing])
        if store is not None:
            store.sweep()
    metadata.write([*tables, *views], release, folder)
    data_package.write([*tables, *views], release, folder, work.hashes)
    dcat.write(tables, release, folder)
    return release, work.hashes


def _write_later(connection: duckdb.DuckDBPyConnection, _: Path, __: KeepPart, later: Later) -> None:
    later(connection)


class Work:
    """Does the jobs of a candidate in parallel; ``hashes`` has those of the files that were already hashed."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, store: Store | None, arguments: tuple[object, ...]
    ) -> None:
        """Begin.

        Args:
            connection: sees the tables of the candidate.
            folder: the folder of the candidate.
            store: what was made before; without it everything is made.
            arguments: what all jobs are given.
        """
        self._connection = connection
        self._folder = folder
        self._store = store
        self._contents = Contents(connection) if store is not None else None
        self._world = world_of(self._contents, *arguments) if self._contents is not None else ""
        self.hashes: dict[str, str] = {}

    def do(self, jobs: list[Job]) -> list[Later]:
        """Do jobs in parallel, each with its own connection to the same file; the first error stops all.

        Returns:
            The functions to call after all of them.
        """
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            started = [pool.submit(self._do, job) for job in jobs]
            try:
                return [later for each in started if (later := each.result()) is not None]
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _do(self, job: Job) -> Later | None:
        if self._store is None or self._contents is None or job.is_made_every_time:
            with self._connection.cursor() as own:
                return job.write(own, self._folder, make_part)
        hashes = self._store.take(job, self._world, self._contents, self._folder)
        if hashes is None:
            with self._connection.cursor() as own:
                hashes = self._store.make(job, self._world, self._contents, own, self._folder)
        self.hashes |= hashes
        return None


def _write_changes(folder: Path, tables: list[Table], release: Release, changes: Changes) -> None:
    """Write what differs from the snapshot before: the table of revisions in three formats, and the texts."""
    for table in tables:
        if table.name == REVISIONS:
            with connect(folder / DATABASE) as connection:
                connection.execute("set threads = 1")
                connection.register("found", changes.revisions if changes.revisions is not None else pa.table({}))
                _create(connection, table, "found")
                connection.unregister("found")
                connection.execute("checkpoint")
                _write_table(connection, folder, make_part, table, release)
    words = changes_text.Words(release, {table.name: table for table in tables})
    (folder / CHANGES).write_text(changes_text.as_json(changes, words), encoding="utf-8")
    (folder / CHANGES_TEXT).write_text(changes_text.as_markdown(changes, words), encoding="utf-8")
    (folder / CHANGES_PAGE).write_text(changes_text.as_page(changes, words), encoding="utf-8")
    (folder / CHANGES_SCRIPT).write_text(changes_text.as_script(changes, words), encoding="utf-8")


def build(
    warehouse: Path,
    tables: list[Table],
    candidates: Path,
    *,
    catalogue: Catalogue,
    entries: Entries,
    channel: Purpose = "demo",
    formats: Collection[str] = NAMES,
    predecessor: Path | None = None,
    write_reports: WriteReports = lambda folder: None,
    store: Store | None = None,
) -> Candidate:
    """Write a candidate from the warehouse's public tables.

    Args:
        warehouse: the DuckDB file in which dbt built.
        tables: the described public tables; only these, with these columns, are written.
        candidates: folder of the candidates.
        catalogue: what the publication as a whole is.
        entries: the views and macros of the DuckDB file.
        channel: the candidate's stated purpose: the channel, or a rehearsal.
        formats: which of ``publish.formats`` are written; DuckDB, Parquet, CSV and metadata always are.
        predecessor: folder of the published snapshot, which the candidate is compared with.
        write_reports: writes the reports into the folder of the candidate, once the files of its tables exist.
        store: what jobs wrote before; files with equal inputs are taken over from it, and all are kept in it.

    Returns:
        The candidate. An existing equal candidate is replaced.

    Raises:
        UserError: a public model is missing or differs from its description.
    """
    building = candidates / f"{BUILDING}{os.getpid()}"
    for path in remains(candidates):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    # Nobody else may read what is not published yet.
    make_restricted(candidates)
    building.mkdir()
    _write_database(warehouse, tables, channel, catalogue, entries, building / DATABASE)
    with connect(building / DATABASE, read_only=True) as connection:
        (newest,) = connection.execute(f"select {NEWEST}").fetchall()[0]
    if newest is None:
        raise UserError(
            f"table {LEADING_TABLE} has no rows",
            place=str(warehouse),
            remedy="check the survey rounds and the deliveries",
        )
    release, known = _write_content(building, tables, catalogue, entries, formats, write_reports, store)
    hashes = hashes_of(building, known)
    if store is not None:
        store.files = len(hashes)
    digest = digest_of(hashes)
    name = f"{newest}-{digest[:12]}"
    _write_changes(building, tables, release, compare(predecessor, building, tables, after_id=name))
    (building / f"{DATABASE}.sha256").write_text(f"{file_hash(building / DATABASE)}  {DATABASE}\n", encoding="utf-8")
    write_checksums(building, hashes)
    candidate = Candidate(id=name, path=candidates / name, content_hash=digest)
    remove_candidate(candidate.path)
    building.rename(candidate.path)
    return candidate


def remove_candidate(folder: Path) -> None:
    """Delete a candidate's folder, if it exists; it is renamed first, so that a partial folder never counts as one."""
    if folder.is_dir():
        away = folder.with_name(f"{REMOVING}{folder.name}")
        if away.exists():
            shutil.rmtree(away)
        folder.rename(away)
        shutil.rmtree(away)


def remains(candidates: Path) -> list[Path]:
    """Return the remains of interrupted runs: folders that are not candidates, and files of deleted candidates."""
    found = sorted(candidates.iterdir()) if candidates.is_dir() else []
    there = {path.name for path in found if path.is_dir()}
    seals = {f".{name}{SEAL}" for name in there}
    return [
        path
        for path in found
        if path.name not in seals and (path.name.startswith(".") or path.name.partition(".")[0] not in there)
    ]
