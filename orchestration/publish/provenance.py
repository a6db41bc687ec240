"""What a snapshot was made from: one hash over every input and all code, and the project's commit.

The hash shows whether a run could give another result than the last one, so that unchanged inputs are not processed again.
It depends on bytes and never on dates.

Belongs here: hashing and remembering. Does not belong here: the hash of what is published (``publish.snapshot_files``), or
the hash of one delivery (``ingest``).
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

from orchestration.core.content_hashes import CODE, digest, hash_of_files
from orchestration.core.settings import PROJECT_DIR, Settings

# Everything that decides what is made, besides the folder of the inputs.
PROJECT = (*CODE, "dbt_project", "expectations")

# Under the folder of the warehouse.
MADE = "made.json"


def inputs_hash(settings: Settings) -> str:
    """Return a hash over inputs, code, interpreter and the switches that decide what is made."""
    generated = {settings.warehouse.resolve(), settings.snapshots.resolve()}
    return digest(
        str(sys.version_info[:3]),
        settings.channel,
        *sorted(settings.formats_written),
        hash_of_files(settings.data, without=generated, is_code=False),
        hash_of_files(*(PROJECT_DIR / name for name in PROJECT)),
    )


def remember(settings: Settings, inputs: str, candidate: str) -> None:
    """Record that a complete run on these inputs made this candidate, and that it passed."""
    path = settings.warehouse / MADE
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps({"inputs": inputs, "candidate": candidate}), encoding="utf-8")
    partial.replace(path)


def find_unchanged_candidate(settings: Settings) -> str | None:
    """Return the candidate of the last complete run, if inputs and code are unchanged since."""
    try:
        made: dict[str, str] = json.loads((settings.warehouse / MADE).read_text(encoding="utf-8"))
        inputs, candidate = made["inputs"], made["candidate"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return candidate if settings.warehouse_file.exists() and inputs == inputs_hash(settings) else None


def project_state() -> str | None:
    """Return the project's commit, with ``+`` where files differ from it; None outside a repository."""
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
