"""The formats of a snapshot: one module for each.

A format is a module with an object ``FORMAT``, and a line in ``MODULES``; nothing else names it, so that rooms which build
on this one (the pages) are formats too. Belongs here: what a format is, and finding it. Does not belong here: how one is
written, or DuckDB, Parquet, CSV and metadata, which every snapshot has (``publish.candidate``).
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.tables import Table
from orchestration.publish.publication_metadata import Release

# Returns a large part of a file: the kept one with equal inputs, or what the function makes. A text states the inputs of the
# part, except what all jobs are told.
KeepPart = Callable[[str, Callable[[], bytes]], bytes]


def make_part(made_of: str, make: Callable[[], bytes]) -> bytes:
    """Make a part without keeping any."""
    del made_of
    return make()


# Called when the files of all formats exist.
Later = Callable[[duckdb.DuckDBPyConnection], None]


@dataclass(frozen=True)
class Job:
    """Writes one or a few files; independent of all others, so that several can be written at once.

    ``write`` gets a connection, the folder of the candidate and what keeps parts of files. What a job writes is decided by
    its name, by the tables and the release that all jobs are told, and by what it reads through its connection, so that its
    files can be taken over where these are unchanged (``publish.kept_files``): whatever else it needs it reads itself. A job
    that also reads elsewhere, or leaves something for later, states that it is made every time.
    """

    name: str
    write: Callable[[duckdb.DuckDBPyConnection, Path, KeepPart], Later | None]
    is_made_every_time: bool = False


# Returns the jobs of a format. Of its tables one does not exist yet: ``revisions``, which compares the finished files. The
# folder of the format exists and is empty.
FindJobs = Callable[[duckdb.DuckDBPyConnection, list[Table], Release], list[Job]]

# The module of each format, by the name of its folder; the slowest first.
MODULES = {
    "site": "orchestration.site.build",
    "xlsx": "orchestration.publish.formats.workbook",
    "packages": "orchestration.publish.formats.packages",
    "jsonstat": "orchestration.publish.formats.json_stat",
    "px": "orchestration.publish.formats.px",
}
NAMES = tuple(MODULES)

# Reports are formats too, by their subject; the room that makes them is passed to the maker of a candidate.
REPORTS = {"report": "country", "memos": "county", "sheets": "municipality"}


@dataclass(frozen=True)
class Format:
    """A format of a snapshot beside those that every snapshot has; ``find_jobs`` returns what writes its files.

    ``takes_overview`` says that the overview (``publish.views``) comes first among its tables.
    """

    find_jobs: FindJobs
    takes_overview: bool = False


def load_format(name: str) -> Format:
    """Return a format by the name of its folder.

    Raises:
        KeyError: there is no such format.
    """
    found = importlib.import_module(MODULES[name]).FORMAT
    assert isinstance(found, Format), name
    return found
