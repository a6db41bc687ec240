"""Results of earlier judgements, by the hash of their inputs: equal inputs give an equal result.

An entry is a file that is named by the hash of everything that the result depends on, and begins with the hash of its own
bytes. Where it is damaged or missing, the result is judged again. Entries hold counts and verdicts, never a failing row, and
nothing that depends on the day, the channel or a waiver.

Belongs here: keeping, finding and deleting entries. Does not belong here: what a result depends on (``sql_inputs``), or
which results are kept (``checkpoint``, ``attack_rules``, ``proofs``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.core.content_hashes import digest
from orchestration.core.errors import UserError
from orchestration.core.warehouse import make_restricted

# Below the folder of the warehouse.
FOLDER = "judged"

_ENDING = ".json"


@dataclass(frozen=True)
class Remembered:
    """A result, and the candidate on which it was judged; None if that is the current candidate."""

    content: Any
    judged_on: str | None


class Memory:
    """The memory of one judgement of a candidate; without a folder it has only results of this judgement."""

    def __init__(self, folder: Path | None = None, candidate: str = "", *, takes_over: bool = False) -> None:
        """Open a memory.

        Args:
            folder: where its entries lie.
            candidate: the id of what is judged.
            takes_over: whether results for other candidates are reused; otherwise all is judged again, and kept.
        """
        self._folder = folder
        self._candidate = candidate
        self._takes_over = takes_over
        self._now: dict[str, Any] = {}
        self._used: set[str] = set()

    def find(self, key: str) -> Remembered | None:
        """Return what is remembered under a key, or None."""
        if key in self._now:
            return Remembered(self._now[key], None)
        if self._folder is None or not self._takes_over:
            return None
        try:
            own, _, body = self._file(key).read_text(encoding="utf-8").partition("\n")
            if own != digest(key, body):
                return None
            entry = json.loads(body)
            found = Remembered(entry["content"], str(entry["judged_on"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        self._used.add(key)
        return found

    def keep(self, key: str, content: Any) -> None:
        """Remember a new result; if the memory cannot be written to, nothing is remembered and nothing fails."""
        self._now[key] = content
        if self._folder is None:
            return
        self._used.add(key)
        body = json.dumps({"judged_on": self._candidate, "content": content}, ensure_ascii=False)
        path = self._file(key)
        partial = path.with_suffix(".partial")
        with suppress(OSError, UserError):
            make_restricted(self._folder)
            partial.write_text(f"{digest(key, body)}\n{body}", encoding="utf-8")
            partial.chmod(0o600)
            partial.replace(path)

    def forget_unused(self) -> None:
        """Remove all entries that this judgement neither found nor kept."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.name.removesuffix(_ENDING) not in self._used:
                with suppress(OSError):
                    path.unlink()

    def judged_on(self, found: Iterable[str | None]) -> list[str]:
        """Return the candidates on which the parts of a result were judged; none where all of them were judged now."""
        parts = list(found)
        names = {name for name in parts if name is not None}
        if names and None in parts:
            names.add(self._candidate)
        return sorted(names)

    def _file(self, key: str) -> Path:
        assert self._folder is not None
        return self._folder / f"{key}{_ENDING}"
