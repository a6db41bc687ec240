"""What a snapshot was made from: one hash over every input and all code, and the commit that the project stands at.

The hash says whether a run could give anything else than the last one did, so that unchanged inputs are not worked through
again. It looks at bytes and never at dates.

Belongs here: hashing and remembering. Does not belong here: the hash of what is published (``publish.layout``), or of one
delivery (``ingest``).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

from orchestration.core.settings import PROJECT_DIR, Settings
from orchestration.publish.layout import file_hash

# All that decides what is made, beside the folder of the inputs.
CODE = ("orchestration", "dbt_project", "expectations", "requirements.lock")

# Made by the program, or by the one who edits.
LEFT_OUT = {"__pycache__", "generated.yml", ".user.yml", "target", "logs", "dbt_packages"}

# Under the folder of the warehouse.
MADE = "made.json"


def _files(path: Path, generated: Collection[Path] = ()) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for child in sorted(path.iterdir()) if path.is_dir() else []:
        if child.name not in LEFT_OUT and not child.name.startswith(".") and child.resolve() not in generated:
            yield from _files(child, generated)


def inputs_hash(settings: Settings) -> str:
    """Return a hash over inputs, code, interpreter and the switches that decide what is made."""
    digest = hashlib.sha256(f"{sys.version_info[:3]};{settings.channel};{sorted(settings.formats_written)}\n".encode())
    generated = {settings.warehouse.resolve(), settings.snapshots.resolve()}
    for root, folder in (("data", settings.data), *((name, PROJECT_DIR / name) for name in CODE)):
        for path in _files(folder, generated):
            try:
                content = file_hash(path)
            except OSError:
                content = "cannot be read"  # it went while we looked; who reads it says what is wrong
            digest.update(f"{root}/{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def remember(settings: Settings, inputs: str, candidate: str) -> None:
    """Note that a whole run on these inputs made this candidate, and that it passed."""
    path = settings.warehouse / MADE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"inputs": inputs, "candidate": candidate}), encoding="utf-8")
    partial.replace(path)


def made_of_the_same(settings: Settings) -> str | None:
    """Return the candidate that the last whole run made, if inputs and code are still those that it had."""
    try:
        made: dict[str, str] = json.loads((settings.warehouse / MADE).read_text(encoding="utf-8"))
        inputs, candidate = made["inputs"], made["candidate"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return candidate if settings.warehouse_file.exists() and inputs == inputs_hash(settings) else None


def project_state() -> str | None:
    """Return the commit that the project stands at, with ``+`` where files differ from it; None outside a repository."""
    git = shutil.which("git")
    if git is None or not (PROJECT_DIR / ".git").exists():
        return None
    try:
        commit, changed = (
            subprocess.run([git, *words], cwd=PROJECT_DIR, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{commit}+" if changed else commit
