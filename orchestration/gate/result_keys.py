"""Which results of expectations are remembered, and under which hash.

An expectation's result depends on its definition, on what it reads, and on the program that judges. What the parts of the
attack depend on is defined by the attack (``orchestration.attack.kept_pieces``).

Belongs here: the keys of expectations and pieces of the attack. Does not belong here: what SQL reads (``sql_inputs``), the
entries (``kept_results``), or the keys of proofs (``proofs``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from orchestration.core.content_hashes import digest
from orchestration.gate.kept_results import Memory, Remembered
from orchestration.gate.rules import Rule
from orchestration.gate.sql_inputs import Reads, stated, versions
from orchestration.gate.suites import ATTACK_TO_FIND_NOTHING


class Pieces:
    """Remembered pieces of an attack; records what was taken over for each part of the attack."""

    def __init__(self, memory: Memory) -> None:
        """Begin with nothing taken over."""
        self._memory = memory
        self._versions = versions()
        self.judged_on: dict[str, list[str | None]] = {}

    def find(self, parts: Sequence[str], inputs: str) -> Any:
        """Return the remembered piece, or None."""
        found = self._memory.find(self._key(parts, inputs))
        for part in parts:
            self.judged_on.setdefault(part, []).append(found.judged_on if found is not None else None)
        return found.content if found is not None else None

    def keep(self, parts: Sequence[str], inputs: str, content: Any) -> None:
        """Remember a piece."""
        self._memory.keep(self._key(parts, inputs), content)

    def _key(self, parts: Sequence[str], inputs: str) -> str:
        return digest("attack", self._versions, *parts, inputs)


class Recall:
    """The remembered results of the expectations on a candidate."""

    def __init__(self, memory: Memory, reads: Reads) -> None:
        """Take the memory, and the hashes of what SQL reads."""
        self._memory = memory
        self._reads = reads
        self._versions = versions()
        self._keys: dict[tuple[str, str], str | None] = {}
        self.pieces = Pieces(memory)

    def find(self, asset: Any, expectation: Any) -> Remembered | None:
        """Return the remembered result of an expectation on a table, or None."""
        key = self._key(asset, expectation)
        return self._memory.find(key) if key is not None else None

    def keep(self, asset: Any, expectation: Any, content: dict[str, Any]) -> None:
        """Remember what an expectation on a table found."""
        key = self._key(asset, expectation)
        if key is not None:
            self._memory.keep(key, content)

    def judged_on(self, rule: Rule, parts: Iterable[str | None]) -> list[str]:
        """Return the candidates on which a rule's parts were judged; none where all of them were judged now."""
        if rule.part is not None:
            parts = self.pieces.judged_on.get(rule.part, ())
        return self._memory.judged_on(parts)

    def _key(self, asset: Any, expectation: Any) -> str | None:
        place = (asset.name, expectation.id)
        if place not in self._keys:
            self._keys[place] = self._made(asset, expectation.configuration.to_json_dict())
        return self._keys[place]

    def _made(self, asset: Any, configuration: dict[str, Any]) -> str | None:
        if configuration["type"] == ATTACK_TO_FIND_NOTHING:
            return None
        read = self._reads.of("candidate", asset.qualified_name, stated(configuration["kwargs"]))
        if read is None:
            return None
        return digest("expectation", self._versions, asset.qualified_name, stated(configuration), read)
