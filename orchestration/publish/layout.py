"""The names of a snapshot's files, and which of them are its content.

Belongs here: names, what the content hash covers, and the list of checksums. Does not belong here: writing content.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

DATABASE = "is248.duckdb"
CHECKSUMS = "SHA256SUMS"
GATE = "gate.json"
GATE_PAGE = "gate.html"
GATE_NATIVE = "gate.great_expectations.json"
CHANGES = "CHANGES.json"
CHANGES_TEXT = "CHANGES.md"
CHANGES_PAGE = "CHANGES.html"
# The pages cannot read JSON without a server, so what is new comes to them as a script.
CHANGES_SCRIPT = "CHANGES.js"

# The table that compares the snapshot with the one before it.
REVISIONS = "revisions"

# What a content hash leaves out: DuckDB writes random identifiers into its file (it is compared table by table), and the
# rest describes the candidate or its predecessor instead of being content.
NOT_CONTENT = (DATABASE, "gate.", "CHANGES.", CHECKSUMS)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_files(folder: Path) -> list[Path]:
    """Return the files that the content hash covers, sorted by their relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        path for path in files if not path.relative_to(folder).as_posix().startswith(NOT_CONTENT) and path.stem != REVISIONS
    ]


def content_hash(folder: Path) -> str:
    """SHA-256 over the names and hashes of the content files."""
    digest = hashlib.sha256()
    for path in content_files(folder):
        digest.update(f"{file_hash(path)}  {path.relative_to(folder).as_posix()}\n".encode())
    return digest.hexdigest()


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS over all files but DuckDB's own, which is checked by the file beside it.

    A candidate has it as it was built; the promotion writes it again, with the verdict, and the old one stays until the new
    one is whole.
    """
    lines = [
        f"{file_hash(path)}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.relative_to(folder).as_posix().startswith((DATABASE, CHECKSUMS))
    ]
    write_whole(folder / CHECKSUMS, "".join(lines))


def write_whole(path: Path, text: str) -> None:
    """Write a file of a candidate, or replace it, whole or not at all; it is written beside the candidate's folder."""
    partial = path.parent.with_name(f"{path.parent.name}.{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
