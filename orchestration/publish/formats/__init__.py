"""What a snapshot is written as: one module a format.

A format is a module with an object ``FORMAT``, and a line in ``MODULES``; nothing else names it, so that rooms which stand
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

# Returns a large part of a file: what was made of the same before, or what the function makes. A text says what the part is
# made of, all of it but what all jobs are told.
KeepPart = Callable[[str, Callable[[], bytes]], bytes]


def make_part(made_of: str, make: Callable[[], bytes]) -> bytes:
    """Make a part where nothing is kept."""
    del made_of
    return make()


# Is done when the files of all formats are there.
Later = Callable[[duckdb.DuckDBPyConnection], None]


@dataclass(frozen=True)
class Job:
    """Writes one or a few files; independent of all others, so that several can be written at once.

    ``write`` gets a connection, the folder of the candidate and what keeps parts of files. What a job writes is decided by
    its name, by the tables and the release that all jobs are told, and by what it reads through its connection, so that its
    files can be taken over where these are as they were (``publish.kept_files``): whatever else it needs it reads itself.
    One that also reads elsewhere, or leaves something to be done later, says that it is made every time.
    """

    name: str
    write: Callable[[duckdb.DuckDBPyConnection, Path, KeepPart], Later | None]
    is_made_every_time: bool = False


# Returns what there is to write of a format. Of the tables that it is given one is not there yet: ``revisions``, which
# compares the finished files. The folder of the format is there, and empty.
FindJobs = Callable[[duckdb.DuckDBPyConnection, list[Table], Release], list[Job]]

# Where each format is, by the name of its folder; what takes longest comes first.
MODULES = {
    "site": "orchestration.site.build",
    "xlsx": "orchestration.publish.formats.workbook",
    "packages": "orchestration.publish.formats.packages",
    "jsonstat": "orchestration.publish.formats.json_stat",
    "px": "orchestration.publish.formats.px",
}
NAMES = tuple(MODULES)

# Reports are formats too, by what they are about; the room that makes them is given to who makes a candidate.
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
