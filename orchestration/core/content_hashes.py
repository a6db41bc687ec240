"""Hashes of what a result is made from: the rows of tables, and the code that processes them.

Equal inputs give equal results, so these need not be made again: models, files of a candidate and judgements are taken over
if everything that they depend on is unchanged. Belongs here: the hashes that all of them compare. Does not belong here: what
is remembered under a hash (the warehouse's own macros, ``publish``, ``gate``), or the hash of what is published
(``publish.snapshot_files``).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import duckdb

from orchestration.core.settings import PROJECT_DIR

# What decides, besides the inputs, how inputs become files: if it changes, everything is rebuilt.
CODE = ("orchestration", "requirements.lock")

# Files that the program or its tools generate among the code.
LEFT_OUT = {"__pycache__", "generated.yml", ".user.yml", "target", "logs", "dbt_packages"}


def content_of(connection: duckdb.DuckDBPyConnection, relation: str) -> str:
    """Return a hash of the names and types of a relation's columns and of its rows, regardless of their order.

    Args:
        connection: sees the relation.
        relation: a table, view or query in brackets, as SQL after ``from``.
    """
    columns = connection.execute(f"describe from {relation}").fetchall()
    quoted = ['"' + str(name).replace('"', '""') + '"' for name, *_ in columns]
    # Zero and negative zero are equal, but negative zero is written with its sign.
    signs = [f"signbit({name})" for name, (_, kind, *_) in zip(quoted, columns, strict=True) if kind in ("DOUBLE", "FLOAT")]
    (rows,) = connection.execute(hash_of_rows(relation, ", ".join([*quoted, *signs]))).fetchall()
    return digest(*(f"{name} {kind}" for name, kind, *_ in columns), str(rows[0]))


def hash_of_rows(relation: str, values: str) -> str:
    """Return a query for the hash of a relation's rows, regardless of their order; ``values`` are what counts of a row."""
    return (
        "select concat_ws('-', count(*), sum(hashed), bit_xor(hash(hashed)), sum(hash(hashed))) "
        f"from (select hash({values}) as hashed from {relation})"
    )


def digest(*parts: str) -> str:
    """Return one hash of texts, which depends on where each text ends."""
    found = hashlib.sha256()
    for part in parts:
        content = part.encode()
        found.update(f"{len(content)}:".encode())
        found.update(content)
    return found.hexdigest()


def files_below(path: Path, without: Collection[Path] = (), *, is_code: bool = True) -> Iterator[Path]:
    """Return the files below a folder in the order of their names, or a file itself.

    Args:
        path: the folder or file.
        without: resolved paths that are left out.
        is_code: whether it is a part of the program, where hidden files and those that tools generate are left out; among
            inputs every file counts.
    """
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()) if path.is_dir() else []:
        is_generated = is_code and (child.name in LEFT_OUT or child.name.startswith("."))
        if not is_generated and child.resolve() not in without:
            yield from files_below(child, without, is_code=is_code)


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_of_files(*roots: Path, without: Collection[Path] = (), is_code: bool = True) -> str:
    """Return a hash of names and bytes of all files below folders (``files_below``)."""
    parts = []
    for root in roots:
        for path in files_below(root, without, is_code=is_code):
            try:
                content = file_hash(path)
            except OSError:
                content = "cannot be read"  # removed in the meantime; its reader reports the error
            parts += [f"{root.name}/{path.relative_to(root).as_posix()}", content]
    return digest(*parts)


@cache
def code_hash() -> str:
    """Return a hash of the program, its pinned packages and the interpreter, as they were at its start."""
    return _hash_of_code()


def is_code_changed() -> bool:
    """Return whether the program's files have changed since ``code_hash`` was first asked for."""
    return _hash_of_code() != code_hash()


def _hash_of_code() -> str:
    return digest(str(sys.version_info[:3]), hash_of_files(*(PROJECT_DIR / name for name in CODE)))
