"""Pieces of an attack that need not be computed again, because equal inputs give an equal result.

A piece depends on its arguments and on nothing else, so it is named by their hash, over every field of every value. Only a
piece that derived nothing and left nothing open is kept; one that found something is computed each time.

Belongs here: the hash of inputs, and keeping the notes of a piece. Does not belong here: where they are kept over time, and
whether they may be used (the caller of the attack decides).
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from orchestration.attack.result import Notes, Uniform

# Marks a field that says where something was read, for messages only; it is not an input.
PLACE = {"is_place": True}


class Kept(Protocol):
    """Where pieces are kept, by the parts of the attack that they serve and the hash of their inputs."""

    def find(self, parts: Sequence[str], inputs: str) -> Any:
        """Return what is kept, or None."""

    def keep(self, parts: Sequence[str], inputs: str, content: Any) -> None:
        """Keep the result of a piece."""


class KeptNowhere:
    """Keeps nothing."""

    def find(self, parts: Sequence[str], inputs: str) -> Any:
        """Return None."""

    def keep(self, parts: Sequence[str], inputs: str, content: Any) -> None:
        """Do nothing."""


KEPT_NOWHERE = KeptNowhere()


def piece(kept: Kept, parts: Sequence[str], inputs: Any, work: Callable[[Notes], Any], notes: Notes) -> Any:
    """Compute a piece of an attack, or take its kept result, and record it.

    Args:
        kept: where pieces are kept.
        parts: the parts of the attack that it serves, and what it is called among them.
        inputs: everything that the work depends on.
        work: writes its findings into notes, and returns what else it gives, as JSON has it.
        notes: where findings go.

    Returns:
        What the work returned.
    """
    if isinstance(kept, KeptNowhere):
        own = Notes()
        given = work(own)
        notes.take(own)
        return given
    key = fingerprint(inputs)
    found = kept.find(parts, key)
    if found is None:
        own = Notes()
        given = work(own)
        if not own.derived and not own.not_tried:
            kept.keep(parts, key, {"notes": _plain(own), "given": given})
    else:
        own, given = _notes(found["notes"]), found["given"]
    notes.take(own)
    return given


def _plain(notes: Notes) -> dict[str, Any]:
    return {
        "tried": {part: _counts(counts) for part, counts in notes.tried.items() if counts},
        "allowed": _counts(notes.allowed),
        "from_print": _counts(notes.from_print),
        "uniform": [[*place, *counts] for place, counts in notes.uniform.items()],
        "uniform_limits": notes.uniform_limits,
        "files": notes.files,
    }


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: int(count) for name, count in counts.items()}


def _notes(content: Mapping[str, Any]) -> Notes:
    own = Notes()
    for part, counts in content["tried"].items():
        own.tried[part].update(counts)
    own.allowed.update(content["allowed"])
    own.from_print.update(content["from_print"])
    own.uniform = {(name, period): Uniform(*counts) for name, period, *counts in content["uniform"]}
    own.uniform_limits = dict(content["uniform_limits"])
    own.files = list(content["files"])
    return own


def fingerprint(value: Any) -> str:
    """Return a hash of a value with everything in it, the same in every process.

    Raises:
        TypeError: it contains a value of a type for which equality is not defined here.
    """
    return _hash(value, {}).hex()


def _hash(value: Any, known: dict[int, tuple[Any, bytes]]) -> bytes:
    # What occurs in many places (a frame of many tables) is hashed once; a reference is held so that its id is not reused.
    is_shared = dataclasses.is_dataclass(value)
    if is_shared and id(value) in known:
        return known[id(value)][1]
    made = hashlib.sha256()
    for part in _parts(value, known):
        made.update(len(part).to_bytes(8, "big"))
        made.update(part)
    if is_shared:
        known[id(value)] = (value, made.digest())
    return made.digest()


def _parts(value: Any, known: dict[int, tuple[Any, bytes]]) -> list[bytes]:
    """Return a value as a list of bytes, the first of which says what kind of value it is."""
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return [type(value).__name__.encode(), value if isinstance(value, bytes) else repr(value).encode()]
    if isinstance(value, np.ndarray):
        return [b"array", str(value.dtype).encode(), str(value.shape).encode(), np.ascontiguousarray(value).tobytes()]
    if isinstance(value, np.generic):
        return [b"number", str(value.dtype).encode(), value.tobytes()]
    if dataclasses.is_dataclass(value):
        found = [b"of", type(value).__qualname__.encode()]
        for field in dataclasses.fields(value):
            if not field.metadata.get("is_place"):
                found += [field.name.encode(), _hash(getattr(value, field.name), known)]
        return found
    if isinstance(value, Mapping):
        # In iteration order, since the work depends on it.
        return [b"mapping", *(_hash(each, known) for item in value.items() for each in item)]
    if isinstance(value, AbstractSet):
        return [b"set", *sorted(_hash(each, known) for each in value)]
    if isinstance(value, list | tuple):
        return [b"list", *(_hash(each, known) for each in value)]
    if isinstance(value, Path):
        raise TypeError("a path says where something is, and not what")
    raise TypeError(f"{type(value).__name__} has no fingerprint")
