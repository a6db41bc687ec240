"""The snapshot that requests are answered from: the published one, opened once, and replaced when ``current`` moves.

Belongs here: which snapshot a request sees, and how answers identify it. Does not belong here: queries and formats.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.tables import Table, load_tables
from orchestration.publish import pointer, views
from orchestration.publish.publication_metadata import Catalogue, Release, load_catalogue, read_release
from orchestration.publish.snapshot_files import DATABASE
from orchestration.serve.limits import Limits
from orchestration.serve.request_errors import RequestError

T = TypeVar("T")


@dataclass
class OpenSnapshot:
    """A snapshot with its DuckDB file open; ``rows`` has row counts by table, ``users`` counts the requests that use it.

    ``file`` identifies the file, to detect when another one replaces it.
    """

    folder: Path
    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, Table]
    rows: Mapping[str, int]
    release: Release
    file: tuple[int, int] | None = None
    users: int = 0
    _remembered: dict[Any, Any] = field(default_factory=dict)

    def remembered(self, key: Any, make: Callable[[], T]) -> T:
        """Return a cached result for this snapshot, or make it: a snapshot never changes."""
        if key not in self._remembered:
            self._remembered[key] = make()
        found: T = self._remembered[key]
        return found

    @property
    def id(self) -> str:
        """The snapshot's id: the name of its folder."""
        return self.folder.name

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every answer from this snapshot, in ASCII only."""
        headers = {"Snapshot-Id": self.id, "Snapshot-Channel": self.release.channel}
        if self.release.notice is not None:
            text = self.release.notice.en.replace("\u2013", "-")
            headers["Snapshot-Notice"] = text.encode("ascii", "replace").decode("ascii")
        return headers

    @property
    def identity(self) -> dict[str, object]:
        """The fields that identify the snapshot in every JSON answer."""
        notice = self.release.notice
        return {
            "snapshot": self.id,
            "channel": self.release.channel,
            "notice": notice.model_dump() if notice is not None else None,
        }


def guarded_configuration(limits: Limits) -> dict[str, Any]:
    """Return a configuration of DuckDB with which queries can read only the published file, within the limits."""
    return {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "memory_limit": f"{limits.memory_megabytes}MB",
        "threads": str(limits.threads),
        "temp_directory": "",  # queries that do not fit into memory are refused rather than spilled to disk
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",
    }


def open_snapshot(
    folder: Path, catalogue: Catalogue, tables_described: list[Table], entries: views.Entries, limits: Limits
) -> OpenSnapshot:
    """Open a snapshot with only the tables, views and columns that are described.

    Raises:
        RequestError: it cannot be opened, or does not say whether its deliveries are constructed.
    """
    file = file_of(folder)
    try:
        connection = duckdb.connect(str(folder / DATABASE), read_only=True, config=guarded_configuration(limits))
    except duckdb.Error as error:
        raise RequestError(
            503,
            "the published snapshot cannot be opened",
            place=folder.name,
            remedy="the operator must restore it: ./is248 verify says what is wrong",
        ) from error
    try:
        release = read_release(connection, catalogue)
        present: dict[str, set[str]] = {}
        for table_name, column_name in connection.execute(
            "select table_name, column_name from information_schema.columns where table_schema = 'main'"
        ).fetchall():
            present.setdefault(table_name, set()).add(column_name)
        tables = {}
        for table in [*tables_described, *views.described(entries, tables_described, release.codes)]:
            # The description is of this version, but the snapshot may be older and lack columns or tables.
            found = present.get(table.name, set())
            if not set(table.key) <= found:
                continue
            labels = {dimension.label for dimension in table.cube.dimensions if dimension.label} if table.cube else set()
            tables[table.name] = table.model_copy(
                update={
                    "columns": tuple(column for column in table.columns if column.name in found),
                    "measures": tuple(name for name in table.measures if name in found),
                    "cube": table.cube if labels <= found else None,
                }
            )
        rows = {}
        for name in tables:
            counted = connection.execute(f'select count(*) from "{name}"').fetchone()
            rows[name] = int(counted[0]) if counted else 0
    except (duckdb.CatalogException, duckdb.BinderException, IndexError) as error:
        connection.close()
        raise RequestError(
            503,
            "the published snapshot does not say whether its deliveries are constructed",
            place=folder.name,
            remedy="the operator must publish a new one: ./is248 run",
        ) from error
    except BaseException:
        connection.close()
        raise
    return OpenSnapshot(folder, connection, tables, rows, release, file)


def file_of(folder: Path) -> tuple[int, int] | None:
    """Return the device and inode of a snapshot's DuckDB file; None if it does not exist."""
    try:
        found = (folder / DATABASE).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Published:
    """The published snapshot; a request keeps the one that it began with until it is answered."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        """Read the descriptions, but do not open a snapshot yet: the first may be published later."""
        self._snapshots = settings.snapshots
        self._catalogue = load_catalogue(settings.metadata)
        self._described = load_tables(settings.metadata)
        self._entries = views.load_entries(settings.metadata)
        self._limits = limits
        self._lock = threading.Lock()
        self._newest: OpenSnapshot | None = None

    @contextmanager
    def use(self) -> Iterator[OpenSnapshot]:
        """Hold the snapshot that ``current`` names now for the length of a ``with`` block.

        Raises:
            RequestError: nothing is published, or it cannot be opened.
        """
        with self._lock:
            snapshot = self._current()
            snapshot.users += 1
        try:
            yield snapshot
        finally:
            with self._lock:
                snapshot.users -= 1
                if snapshot is not self._newest and not snapshot.users:
                    snapshot.connection.close()

    def close(self) -> None:
        """Close the newest snapshot unless a request uses it; the last request closes it then."""
        with self._lock:
            if self._newest is not None and not self._newest.users:
                self._newest.connection.close()
            self._newest = None

    def _current(self) -> OpenSnapshot:
        try:
            folder = pointer.current(self._snapshots)
        except UserError as error:
            # Only the operator may see names of folders.
            raise RequestError(
                503,
                "the published snapshot cannot be found",
                place="snapshots",
                remedy="the operator must repair the link: ./is248 status says how",
            ) from error
        if folder is None:
            raise RequestError(
                503, "nothing is published yet", place="snapshots", remedy="the operator must publish: ./is248 run"
            )
        before = self._newest
        if before is not None and before.folder == folder:
            # A damaged snapshot that was rebuilt has the same name; it is opened once no request uses the old file.
            if before.users or before.file == file_of(folder):
                return before
            before.connection.close()
            before = self._newest = None
        self._newest = open_snapshot(folder, self._catalogue, self._described, self._entries, self._limits)
        if before is not None and not before.users:
            before.connection.close()
        return self._newest
