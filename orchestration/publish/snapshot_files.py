"""The names of a snapshot's files, and which of them count as content.

Belongs here: names, what the content hash covers, the list of checksums, and writing a small file atomically. Does not
belong here: writing content, or comparing with the list (``integrity``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from orchestration.core.content_hashes import file_hash
from orchestration.core.warehouse import sync

DATABASE = "is248.duckdb"
CHECKSUMS = "SHA256SUMS"
GATE = "gate.json"
GATE_PAGE = "gate.html"
GATE_NATIVE = "gate.great_expectations.json"
# The verdict on a candidate comes after its files.
GATE_FILES = (GATE, GATE_NATIVE, GATE_PAGE)
CHANGES = "CHANGES.json"
CHANGES_TEXT = "CHANGES.md"
CHANGES_PAGE = "CHANGES.html"
# The pages cannot read JSON without a server, so they get the changes as a script.
CHANGES_SCRIPT = "CHANGES.js"

# The table that compares the snapshot with the one before it.
REVISIONS = "revisions"

# What a content hash leaves out: DuckDB writes random identifiers into its file (it is compared table by table), and the
# rest describes the candidate or its predecessor instead of being content.
NOT_CONTENT = (DATABASE, "gate.", "CHANGES.", CHECKSUMS)


# Hidden, beside the folder of a candidate or snapshot: the state of its files when they were judged (``integrity``).
SEAL = ".seal"


def is_content(name: str) -> bool:
    """Return whether the content hash covers a file of this name within its folder."""
    return not name.startswith(NOT_CONTENT) and PurePosixPath(name).stem != REVISIONS


def digest_of(hashes: Mapping[str, str]) -> str:
    """SHA-256 over the names and hashes of the content files among these, sorted by their path."""
    digest = hashlib.sha256()
    for name in sorted(filter(is_content, hashes), key=PurePosixPath):
        digest.update(f"{hashes[name]}  {name}\n".encode())
    return digest.hexdigest()


def content_hash(folder: Path) -> str:
    """The digest of the content files of a candidate or snapshot."""
    return digest_of(hashes_of(folder))


def hashes_of(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the hashes of the content files of a candidate or snapshot; some may already be known."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name: known.get(name) or file_hash(folder / name) for name in names if is_content(name)}


def write_checksums(folder: Path, known: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write SHA256SUMS over all files except the DuckDB file, which is checked by the file beside it.

    A candidate has it as it was built; the promotion writes it again, with the verdict, and the old one stays until the new
    one is complete. Some hashes may already be known.
    """
    lines = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not name.startswith((DATABASE, CHECKSUMS)):
            lines.append(f"{known.get(name) or file_hash(path)}  {name}\n")
    write_whole(folder / CHECKSUMS, "".join(lines))


def write_whole(path: Path, text: str) -> None:
    """Write or replace a file of a candidate atomically; it is first written beside the candidate's folder."""
    partial = path.parent.with_name(f"{path.parent.name}.{path.name}.partial")
    partial.unlink(missing_ok=True)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def write_durably(path: Path, text: str) -> None:
    """Write or replace a file that is kept beside candidates or snapshots, atomically."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    sync(partial)
    partial.replace(path)
    sync(path.parent)
