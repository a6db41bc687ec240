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

from orchestration.core.contents import file_hash
from orchestration.core.errors import UserError
from orchestration.core.release_calendar import Purpose
from orchestration.core.tables import Label, Table
from orchestration.core.warehouse import attach, connect, make_restricted
from orchestration.publish import changes_text, view_queries
from orchestration.publish.changes import Changes, compare
from orchestration.publish.comments import comment_on_relation
from orchestration.publish.formats import NAMES, Job, data_package, dcat, delimited, load_format, metadata, parquet
from orchestration.publish.layout import (
    CHANGES,
    CHANGES_PAGE,
    CHANGES_SCRIPT,
    CHANGES_TEXT,
    DATABASE,
    REVISIONS,
    SEAL,
    content_hash,
    write_checksums,
)
from orchestration.publish.release import Catalogue, Release, read_release
from orchestration.publish.views import Entries, described, pointers

# The table whose newest year with figures names the snapshot; a round that was held but not delivered has rows without any.
LEADING_TABLE = "fte_by_service"
NEWEST = f"coalesce(max(time_period) filter (where fte is not null), max(time_period)) from {LEADING_TABLE}"

# Beginnings of folders that are no candidates yet, or no more.
BUILDING = ".building-"
REMOVING = ".removing-"

# Writes reports into the folder of a candidate.
WriteReports = Callable[[Path], None]

# The table with what the snapshot says of itself; one row.
SNAPSHOT = "snapshot"


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
            remedy="describe every column of the model, with its type and in its order, and no other",
        )


def _create(connection: duckdb.DuckDBPyConnection, table: Table, source: str, *more: Label) -> None:
    """Create a table of the candidate from a relation, sorted by key and with comments."""
    columns = ", ".join(f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in table.columns)
    connection.execute(f'create table main."{table.name}" as select {columns} from {source} order by {table.order_by}')
    caution = metadata.caution_of(table)
    comment_on_relation(connection, table, *([caution] if caution else []), *more)


def _said_of_itself(channel: Purpose) -> str:
    """Return the query of the one row of the table ``snapshot``; a release of another year than the newest is not its."""
    return f"""
        select '{channel}' as channel, newest.time_period, newest.deliveries, newest.is_constructed,
            releases.release, releases.status as release_status, cast(releases.release_date as varchar) as release_date,
            releases.release_at, releases.next_release_at
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
    """Copy the public tables into a DuckDB file of their own, with the row that the snapshot says of itself, and views."""
    with connect(path) as connection:
        # One thread, so that rows keep their order and files their bytes.
        connection.execute("set threads = 1")
        attach(connection, warehouse, "warehouse")
        for table in tables:
            if table.made_by == "dbt":
                _check_columns(connection, table)
                _create(connection, table, f'warehouse.public."{table.name}"', *pointers(entries, table))
        for table in tables:
            if table.name == SNAPSHOT:
                _create(connection, table, f"({_said_of_itself(channel)})")
        connection.execute("detach warehouse")
        view_queries.create(connection, entries, tables, read_release(connection, catalogue))
        connection.execute("checkpoint")


def _write_table(connection: duckdb.DuckDBPyConnection, table: Table, release: Release, folder: Path) -> None:
    parquet.write(connection, table, folder / "parquet" / f"{table.name}.parquet", release)
    delimited.write(connection, table, folder / "csv" / f"{table.name}.csv")


def _write_overview(connection: duckdb.DuckDBPyConnection, table: Table, folder: Path) -> None:
    delimited.write(connection, table, folder / "csv" / f"{table.name}.csv")
    delimited.write_for_excel(connection, table, folder / "csv" / f"{table.name}{delimited.FOR_EXCEL}.csv")


def _write_content(
    folder: Path,
    tables: list[Table],
    catalogue: Catalogue,
    entries: Entries,
    formats: Collection[str],
    write_reports: WriteReports,
) -> Release:
    """Write every file that the content hash covers."""
    with connect(folder / DATABASE, read_only=True) as connection:
        # Each file is written by one thread, in the order of its rows; the files by as many as there are processors.
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
                jobs += written.find_jobs(connection, chosen, release, folder / name)
        for name in ("parquet", "csv", "metadata"):
            (folder / name).mkdir()
        jobs += [
            partial(_write_table, table=table, release=release, folder=folder) for table in tables if table.name != REVISIONS
        ]
        jobs += [partial(_write_overview, table=view, folder=folder) for view in overview]
        listing = _work_off(connection, jobs)
        # Reports are read back against the files that are there now, and are listed with them.
        write_reports(folder)
        _work_off(connection, listing)
    metadata.write([*tables, *views], release, folder)
    data_package.write([*tables, *views], release, folder)
    dcat.write(tables, release, folder)
    return release


def _work_off(connection: duckdb.DuckDBPyConnection, jobs: list[Job]) -> list[Job]:
    """Do jobs side by side, each with a connection of its own to the same file; the first error ends it.

    Returns:
        What is to be done after all of them.
    """

    def work(job: Job) -> Job | None:
        with connection.cursor() as own:
            return job(own)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        started = [pool.submit(work, job) for job in jobs]
        try:
            return [after for each in started if (after := each.result()) is not None]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


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
                _write_table(connection, table, release, folder)
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
) -> Candidate:
    """Write a candidate from the warehouse's public tables.

    Args:
        warehouse: the DuckDB file in which dbt built.
        tables: the described public tables; only these, with these columns, are written.
        candidates: folder of the candidates.
        catalogue: what the publication as a whole is.
        entries: the views and macros of the DuckDB file.
        channel: what the candidate says it is for: the channel, or a rehearsal.
        formats: which of ``publish.formats`` are written; DuckDB, Parquet, CSV and metadata always are.
        predecessor: folder of the published snapshot, which the candidate is compared with.
        write_reports: writes the reports into the folder of the candidate, when its other files are there.

    Returns:
        The candidate. An equal candidate that was there before is replaced.

    Raises:
        UserError: a public model is missing or differs from its description.
    """
    building = candidates / f"{BUILDING}{os.getpid()}"
    for path in remains(candidates):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    # What is not published yet is for nobody else.
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
    release = _write_content(building, tables, catalogue, entries, formats, write_reports)
    digest = content_hash(building)
    name = f"{newest}-{digest[:12]}"
    _write_changes(building, tables, release, compare(predecessor, building, tables, after_id=name))
    (building / f"{DATABASE}.sha256").write_text(f"{file_hash(building / DATABASE)}  {DATABASE}\n", encoding="utf-8")
    write_checksums(building)
    candidate = Candidate(id=name, path=candidates / name, content_hash=digest)
    remove_candidate(candidate.path)
    building.rename(candidate.path)
    return candidate


def remove_candidate(folder: Path) -> None:
    """Delete a candidate's folder, if it is there; it loses its name first, so that nobody takes half of it for one."""
    if folder.is_dir():
        away = folder.with_name(f"{REMOVING}{folder.name}")
        if away.exists():
            shutil.rmtree(away)
        folder.rename(away)
        shutil.rmtree(away)


def remains(candidates: Path) -> list[Path]:
    """Return what runs that were cut off left behind: folders that are no candidates, and files of those that are gone."""
    found = sorted(candidates.iterdir()) if candidates.is_dir() else []
    there = {path.name for path in found if path.is_dir()}
    seals = {f".{name}{SEAL}" for name in there}
    return [
        path
        for path in found
        if path.name not in seals and (path.name.startswith(".") or path.name.partition(".")[0] not in there)
    ]
