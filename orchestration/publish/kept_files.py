"""Files of a candidate that are taken over instead of being made, because their inputs are unchanged.

What a job writes is decided by three things: its name, what all jobs are told (program, descriptions of the tables, the
candidate's own facts: the *world*), and what it reads through its connection, which is recorded (``recorder``). If all three
are unchanged, its files are copied from the store; every byte is hashed on the way. Large parts of a file that must be made
may be kept, such as a sheet of a workbook: the job states the inputs of a part. Files are copied and never linked, so that
damage in one place stays there. The store contains unpublished files and is closed to others; if it is missing or damaged,
the files are rebuilt. It may be deleted at any time.

Belongs here: the store, and when a job's files are taken from it. Does not belong here: what jobs write (``formats``).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import duckdb

from orchestration.core.content_hashes import code_hash, content_of, digest
from orchestration.core.warehouse import make_restricted
from orchestration.publish.formats import Job
from orchestration.publish.recorder import Recorder

# The folder of the store below that of the warehouse.
FOLDER = "taken_over"
ENTRY = "entry.json"

# Prefixes of folders that are not yet, or no longer, entries.
_WRITING = ".writing-"
# Suffix of the name of a part of a file.
_PART = ".part"

_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Entry:
    """What a job made, and from what: hashes of its files by their path in the candidate, and the parts that it used."""

    job: str
    world: str
    reads: dict[str, str]
    files: dict[str, str]
    parts: list[str]


class Contents:
    """Hashes of the tables of a candidate's file, each computed once on first use."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Take the tables that a connection sees; ``schema`` has what else statements may read."""
        self._connection = connection
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}

        def names(query: str) -> frozenset[str]:
            return frozenset(name for (name,) in connection.execute(query).fetchall())

        self.tables = names("select table_name from duckdb_tables() where not internal")
        self.others = names(
            "select view_name from duckdb_views() where not internal "
            "union select function_name from duckdb_functions() where not internal"
        )
        schema = [
            connection.execute(query).fetchall()
            for query in (
                "select table_name, column_name, data_type from duckdb_columns() where not internal order by all",
                "select view_name, sql from duckdb_views() where not internal order by all",
                "select function_name, parameters, macro_definition from duckdb_functions() where not internal order by all",
            )
        ]
        self.schema = digest(repr(schema))

    def of(self, table: str) -> str:
        """Return the hash of a table; that of a missing table equals no other."""
        with self._lock:
            if table not in self._found:
                with self._connection.cursor() as own:
                    self._found[table] = content_of(own, f'"{table}"') if table in self.tables else "gone"
            return self._found[table]


class Store:
    """What jobs of the last candidate wrote. ``taken`` counts the files that were taken over, of ``files``."""

    def __init__(self, folder: Path, *, is_read: bool) -> None:
        """Open or create a store.

        Args:
            folder: where it lies.
            is_read: take files from it; a run that takes nothing over only fills it.
        """
        make_restricted(folder)
        self._folder = folder
        self._is_read = is_read
        self._used: set[str] = set()
        self._lock = threading.Lock()
        self.taken = 0
        self.files = 0

    def take(self, job: Job, world: str, contents: Contents, into: Path) -> dict[str, str] | None:
        """Copy the files of a job into a folder, if their inputs are unchanged.

        Args:
            job: whose files.
            world: what all jobs are told.
            contents: the tables of the candidate.
            into: the folder of the candidate.

        Returns:
            The hashes of the files; None if the job must make them, for whatever reason.
        """
        entry = self._read(job.name) if self._is_read else None
        if entry is None or (entry.job, entry.world) != (job.name, world):
            return None
        if any(contents.of(table) != content for table, content in entry.reads.items()) or not self._copy(entry, into):
            return None
        with self._lock:
            self._used |= {_place(job.name), *entry.parts}
            self.taken += len(entry.files)
        return entry.files

    def make(
        self, job: Job, world: str, contents: Contents, connection: duckdb.DuckDBPyConnection, into: Path
    ) -> dict[str, str]:
        """Let a job make its files, and keep them with their inputs; arguments and result as for :meth:`take`.

        ``connection`` is the job's own. A failure to keep them is not an error: the files exist.
        """
        place = _place(job.name)
        own = into / f".{place}"
        own.mkdir()
        recorder = Recorder(connection, contents.tables, contents.others)
        parts: list[str] = []

        def keep_part(made_of: str, make: Callable[[], bytes]) -> bytes:
            parts.append(f"{digest(world, made_of)}{_PART}")
            return self._part(self._folder / parts[-1], make)

        job.write(cast(duckdb.DuckDBPyConnection, recorder), own, keep_part)
        names = sorted(path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file())
        kept = self._folder / f"{_WRITING}{place}"
        hashes: dict[str, str] = {}
        try:
            _remove(kept)
            kept.mkdir()
            for number, name in enumerate(names):
                hashes[name] = _copied(own / name, kept / str(number))
            reads = {name: contents.of(name) for name in recorder.reads}
            _write_entry(kept, Entry(job.name, world, reads, hashes, parts))
            _remove(self._folder / place)
            kept.rename(self._folder / place)
            with self._lock:
                self._used |= {place, *parts}
        except OSError:
            _remove(kept)
        for name in names:
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).rename(into / name)
        shutil.rmtree(own)
        return {name: hashes[name] for name in names if name in hashes}

    def sweep(self) -> None:
        """Remove what the last candidate did not use."""
        with suppress(OSError):
            for path in self._folder.iterdir():
                if path.name not in self._used:
                    _remove(path)

    @property
    def summary(self) -> str:
        """The summary for the run's output."""
        return f"{self.taken:,} of {self.files:,} files taken over, made of the same"

    def _read(self, job: str) -> Entry | None:
        """Return an entry; None where it is missing or damaged."""
        try:
            written, _, text = (self._folder / _place(job) / ENTRY).read_text(encoding="utf-8").partition("\n")
            if written != digest(text):
                return None
            found: dict[str, Any] = json.loads(text)
            return Entry(**found)
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def _copy(self, entry: Entry, into: Path) -> bool:
        """Copy the files of an entry into a folder; if one differs from what was written, none is left there."""
        source = self._folder / _place(entry.job)
        try:
            for number, (name, expected) in enumerate(sorted(entry.files.items())):
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                if _copied(source / str(number), into / name) != expected:
                    break
            else:
                return True
        except OSError:
            pass  # whatever the error, the files can be rebuilt
        for name in entry.files:
            (into / name).unlink(missing_ok=True)
        return False

    def _part(self, path: Path, make: Callable[[], bytes]) -> bytes:
        """Return a part of a file: the kept one, if intact, else a new one."""
        if self._is_read:
            with suppress(OSError):
                written, _, content = path.read_bytes().partition(b"\n")
                if written.decode("ascii", "replace") == hashlib.sha256(content).hexdigest():
                    return content
        content = make()
        partial = path.with_name(f"{_WRITING}{path.name}")
        with suppress(OSError):
            partial.write_bytes(hashlib.sha256(content).hexdigest().encode("ascii") + b"\n" + content)
            partial.replace(path)
        return content


def world_of(contents: Contents, *arguments: object) -> str:
    """Return a hash of what all jobs of a candidate are told: the program and its tools, the schema, and the arguments."""
    return digest(
        code_hash(), duckdb.__version__, zlib.ZLIB_RUNTIME_VERSION, contents.schema, *(repr(each) for each in arguments)
    )


def _place(job: str) -> str:
    return digest(job)[:32]


def _write_entry(folder: Path, entry: Entry) -> None:
    """Write the description of an entry atomically, after a hash of it."""
    text = json.dumps(asdict(entry), ensure_ascii=False)
    partial = folder / f"{ENTRY}.partial"
    partial.write_text(f"{digest(text)}\n{text}", encoding="utf-8")
    partial.replace(folder / ENTRY)


def _copied(source: Path, target: Path) -> str:
    """Copy a file and return the hash of the bytes that were written."""
    found = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while part := reading.read(_AT_ONCE):
            found.update(part)
            writing.write(part)
    return found.hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
