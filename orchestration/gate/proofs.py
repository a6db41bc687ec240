"""Which proofs of rules are remembered, and what each depends on.

The proof of a rule depends on the rule and its fault, on what both read, and on the program that judges. An attack reads
more than its fault names, and little of some tables: each of its queries is recorded, and counts as unchanged if its tables
are unchanged, or if the fault does not touch them and it gives the same rows. Only caught faults are remembered.

Belongs here: what proofs depend on. Does not belong here: seeding and scoring (``proof``), or entries (``kept_results``).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from typing import Any

from orchestration.attack.connections import Query
from orchestration.attack.formats import PART as FORMATS
from orchestration.core.content_hashes import digest, hash_of_files
from orchestration.core.tables import Table
from orchestration.gate.attack_rules import AttackInputs
from orchestration.gate.kept_results import Memory, Remembered
from orchestration.gate.rules import Rule
from orchestration.gate.sql_inputs import Reads, stated, versions
from orchestration.gate.suites import Source, are_named, entries_of

# The tables by which a proof tells what a fault changed.
COMPARED = ("indicator_shares", "published_figures")


class Proofs:
    """The proofs that are remembered."""

    def __init__(self, memory: Memory, reads: Reads, tables: list[Table], inputs: AttackInputs) -> None:
        """Take the memory, the hashes of what SQL reads, the public tables, and what an attack needs."""
        self._memory = memory
        self._reads = reads
        self._tables = tables
        self._inputs = inputs
        self._versions = versions()

    def key_of_rows(self, rule: Rule, source: Source, test: str = "") -> str | None:
        """Return the hash under which the proof of a rule on rows is remembered; None where it is not remembered.

        Args:
            rule: the rule.
            source: where its fault is seeded.
            test: the query of a data test, where the rule is one.
        """
        assert rule.fault is not None
        entries = entries_of(rule, self._tables)
        # If nothing failed before, only the tables that the fault names are looked at.
        looked_at = compress(entries, are_named([entry.asset.name for entry in entries], rule.fault.sql))
        texts = [text for entry in looked_at for text in (str(entry.asset), stated(entry.kwargs))]
        read = self._reads.of(source, *texts, test, *rule.fault.sql)
        return None if read is None else self._key("rows", rule, *texts, test, read)

    def key_of_attack(self, rule: Rule) -> str | None:
        """Return the hash under which the proof of a part of the attack is remembered; None where it is not remembered."""
        assert rule.fault is not None
        read = self._reads.of("candidate", *rule.fault.sql)
        if read is None:
            return None
        names = self._reads.names("candidate", *rule.fault.sql)
        compared = self._reads.of("candidate", *COMPARED) if names & {*COMPARED} else ""
        files = self._reads.files() if rule.part == FORMATS else ""
        given = hash_of_files(self._inputs.policy, self._inputs.answer_groups.parent)
        return self._key("attack", rule, read, compared or "", files, given)

    def find(self, key: str | None) -> Remembered | None:
        """Return the remembered proof, or None; the proof of an attack only if its queries are unchanged."""
        found = self._memory.find(key) if key is not None else None
        return found if found is not None and all(map(self._is_as_before, found.content["asked"])) else None

    def keep(self, key: str | None, rule: Rule, failing: int, queries: Iterable[Query] = ()) -> None:
        """Remember that a fault was caught, with the queries on the databases."""
        assert rule.fault is not None
        if key is None:
            return
        touched = self._reads.names("candidate", *rule.fault.sql)
        distinct = dict.fromkeys((query.sql, bool(query.parameters)) for query in queries)
        recorded = [self._remembered(sql, touched, has_parameters=has_parameters) for sql, has_parameters in distinct]
        self._memory.keep(key, {"failing": failing, "asked": recorded})

    def _key(self, kind: str, rule: Rule, *parts: str) -> str:
        return digest("proof", kind, self._versions, stated(rule.model_dump(mode="json")), *parts)

    def _remembered(self, sql: str, touched: set[str], *, has_parameters: bool) -> dict[str, Any]:
        """Return a query in the form in which it is remembered.

        Where the fault is seeded into none of its tables, it gives the same rows on the clean candidate, so equal rows show
        that it is unchanged.
        """
        names = self._reads.names("candidate", sql)
        tables = self._reads.tables("candidate", names)
        is_touched = bool(tables) and bool(set(tables) & set(self._reads.tables("candidate", touched)))
        is_of_rows = not (is_touched or has_parameters or self._reads.is_of_catalog(names))
        return {
            "sql": sql,
            "tables": self._of_tables(sql),
            "rows": self._reads.of_query("candidate", sql) if is_of_rows else None,
        }

    def _is_as_before(self, query: dict[str, Any]) -> bool:
        if query["tables"] == self._of_tables(query["sql"]):
            return True
        return query["rows"] is not None and query["rows"] == self._reads.of_query("candidate", query["sql"])

    def _of_tables(self, sql: str) -> str:
        names = self._reads.names("candidate", sql)
        schema = self._reads.schema_of("candidate") if self._reads.is_of_catalog(names) else ""
        return digest(schema, self._reads.of_tables("candidate", self._reads.tables("candidate", names)))
