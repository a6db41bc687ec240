"""The proof that rules catch faults: each must catch the fault seeded for it, and find nothing in the clean data.

A fault is SQL on a copy of the database that the rule judges; the copy is then judged by the rule's expectations, as they
are in the suites. The files that are judged or published are not touched.

Belongs here: seeding and scoring. Does not belong here: the faults, which stand beside their rules in
``expectations/rules``.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

import duckdb

from orchestration.attack import TableKey, attack
from orchestration.attack.connections import QUERIES, Query
from orchestration.attack.formats import PART as FORMATS
from orchestration.core.errors import UserError
from orchestration.core.tables import Table
from orchestration.core.warehouse import attach, connect
from orchestration.gate.attack_rules import AttackInputs, attacked
from orchestration.gate.checkpoint import Gate, opened
from orchestration.gate.proofs import Proofs
from orchestration.gate.results import Counted
from orchestration.gate.rules import Rule, escaped
from orchestration.gate.suites import Source, asset_of
from orchestration.gate.waivers import PlacedWaiver, Waiver, judge_waivers
from orchestration.publish.snapshot_files import DATABASE

# Beginning of the folder beside the warehouse in which faults are seeded.
COPIES = ".proof-"

# Name of the fault of waivers, which is made here and not in SQL.
WAIVERS_TITLE = ("Fritak som ikke gjelder noe", "Waivers that have no effect")

Verdict = Literal["caught", "missed", "not_seeded", "caught_clean"]


@dataclass(frozen=True)
class Proven:
    """The outcome of one seeded fault.

    It was caught or missed; not seeded, since the data have nothing for it to change; or the rule had already failed on the
    clean data.
    """

    rule: str
    level: str
    fault_nb: str
    fault_en: str
    verdict: Verdict
    failing: int
    # The candidate on which it was proven, if another one.
    judged_on: str | None = None


@dataclass(frozen=True)
class Judged:
    """The files on which rules are proven: a warehouse, a candidate made of it, and what an attack needs besides."""

    warehouse: Path
    dbt_target: Path
    candidate: Path
    attack_inputs: AttackInputs


def _test_of(rule: Rule, judged: Judged) -> str:
    """Return the query of the data test that a rule is."""
    found = sorted((judged.dbt_target / "compiled").glob(f"*/tests/{rule.id}.sql"))
    if not found:
        raise UserError(
            f"rule {rule.id!r} names a data test that was not compiled",
            place=str(judged.dbt_target),
            remedy="name a test of dbt_project/tests, and run ./is248 run",
        )
    return found[0].read_text(encoding="utf-8")


def _count(rule: Rule, gate: Gate, tables: list[Table], judged: Judged, changed_by: Sequence[str] = ()) -> Counted:
    if rule.kind != "dbt_test":
        return gate.count(rule, changed_by)
    # A data test returns the rows that fail.
    return gate.count_rows(asset_of(rule, tables), escaped(_test_of(rule, judged)))


def _seed(connection: duckdb.DuckDBPyConnection, rule: Rule) -> bool:
    """Apply a rule's fault; return whether it changed anything."""
    assert rule.fault is not None
    is_changed = False
    for statement in rule.fault.sql:
        row = connection.execute(statement).fetchone()
        # Statements that create or drop something report no number of rows.
        is_changed |= row is None or bool(row[0])
    return is_changed


def _is_of_candidate(rule: Rule) -> bool:
    """Return whether a rule queries the candidate's tables, not the warehouse's."""
    return rule.stage == "candidate" and rule.kind == "rows"


def _prove_rows(
    rule: Rule, gate: Gate, source: Source, judged: Judged, tables: list[Table], before: int | None
) -> tuple[Verdict, int]:
    if before is None:
        before = _count(rule, gate, tables, judged).failing
    if before and not rule.can_be_waived:
        return "caught_clean", before
    # Expectations and faults share the connection, so that a fault is seen without a commit and leaves no trace.
    connection = gate.connection(source)
    connection.execute("begin")
    try:
        if not _seed(connection, rule):
            return "not_seeded", 0
        assert rule.fault is not None
        # If nothing failed before, any failure is in a table that the fault names.
        found = _count(rule, gate, tables, judged, () if before else rule.fault.sql)
    finally:
        connection.execute("rollback")
    return ("caught" if found.failing > before else "missed"), found.failing - before


def _link_other_files(candidate: Path, folder: Path) -> None:
    """Link a candidate's other files beside a copy of its database."""
    for path in candidate.iterdir():
        if path.name != DATABASE:
            (folder / path.name).symlink_to(path.resolve())


def _prove_attack(rule: Rule, folder: Path, judged: Judged, before: int | None) -> tuple[Verdict, int]:
    """Seed the fault into a copy, and attack the tables that it changed."""
    assert rule.fault is not None
    assert rule.part is not None
    clean = judged.candidate / DATABASE
    beside = folder / f"attacked-{rule.id}"
    beside.mkdir()
    _link_other_files(judged.candidate, beside)
    if rule.part == FORMATS and not any((beside / name).exists() for name in ("csv", "parquet", "jsonstat", "px")):
        # No other file could show what the database hides.
        return "not_seeded", 0
    faulty = beside / DATABASE
    shutil.copyfile(clean, faulty)
    with connect(faulty) as connection:
        attach(connection, judged.warehouse, "warehouse")
        attach(connection, clean, "clean")
        is_seeded = _seed(connection, rule)
        changed = {
            TableKey("indicator_shares", *row)
            for row in connection.execute(
                "select indicator, item, time_period from (from indicator_shares except from clean.indicator_shares) "
                "union select indicator_shares.indicator, item, indicator_shares.time_period from indicator_shares "
                "inner join (from published_figures except from clean.published_figures) as printed "
                "on printed.time_period = indicator_shares.time_period "
                "and contains(';' || printed.dimensions || ';', ';question=' || indicator_shares.indicator || ';')"
            ).fetchall()
        }
    if not is_seeded:
        return "not_seeded", 0

    def failing(database: Path, earlier: tuple[Path, ...] = ()) -> int:
        # Only the rule's part, without the files and snapshots that the fault does not touch.
        found = attack(
            database,
            policy=judged.attack_inputs.policy,
            answer_groups=judged.attack_inputs.answer_groups,
            folder=database.parent if rule.part == FORMATS else None,
            earlier=earlier,
            # If no table of answers changed, the fault changed something else.
            only=changed or None,
            parts=[str(rule.part)],
            readings=judged.attack_inputs.readings,
            kept=judged.attack_inputs.kept,
        )
        return attacked(found, str(rule.part)).failing

    if before is None:
        before = failing(clean)
    if before:
        return "caught_clean", before
    try:
        found = failing(faulty) if rule.fault.into == "candidate" else failing(clean, (faulty,))
    except UserError:
        # Contradictory figures are blocked, as are figures that reveal too much.
        return "caught", 1
    return ("caught" if found else "missed"), found


def _prove_waivers(rules: list[Rule]) -> tuple[Verdict, int]:
    """Judge waivers that have no effect: for an unknown rule, for a rule that cannot be waived, and an expired one."""
    fixed = next(rule.id for rule in rules if not rule.can_be_waived)
    today = date(2000, 1, 2)
    made_up = [
        PlacedWaiver(Waiver(rule=name, key="a=b", reason="fault", decided_by="fault", until=until), "fault")
        for name, until in (("no_such_rule", today), (fixed, today), (fixed, date(2000, 1, 1)))
    ]
    found = judge_waivers(made_up, rules, {}, today)
    return ("caught" if found.failing == len(made_up) else "missed"), found.failing


def prove(
    rules: list[Rule],
    tables: list[Table],
    judged: Judged,
    on_progress: Callable[[Proven], None] = lambda proven: None,
    found_before: Mapping[str, int] | None = None,
    proofs: Proofs | None = None,
) -> list[Proven]:
    """Seed every rule's fault and see whether the rule catches it.

    Args:
        rules: all rules; one without a fault proves nothing and is not in the result.
        tables: the described public tables, for rules that run for each.
        judged: the clean files.
        on_progress: takes each result as it comes.
        found_before: number of failing rows in the clean files by rule; it is counted for rules that are not in it.
        proofs: where proofs are kept, and taken over from; all rules are proven where there are none.

    Returns:
        One result a fault, in the rules' order.
    """
    # Copies of restricted tables stay in the restricted folder, even if an interrupted run leaves them there.
    for remains in judged.warehouse.parent.glob(f"{COPIES}*"):
        shutil.rmtree(remains)
    with tempfile.TemporaryDirectory(prefix=COPIES, dir=judged.warehouse.parent) as name:
        folder = Path(name)
        # One copy to write in, one to read beside the candidate's: DuckDB opens a file in one way at a time.
        copies: dict[Source, Path] = {"warehouse": folder / "warehouse.duckdb", "candidate": folder / DATABASE}
        shutil.copyfile(judged.warehouse, copies["warehouse"])
        shutil.copyfile(judged.candidate / DATABASE, copies["candidate"])
        _link_other_files(judged.candidate, folder)
        with (
            opened(rules, tables, copies, writes=True) as gate,
            ThreadPoolExecutor(1) as on_warehouse,
            ThreadPoolExecutor(1) as on_candidate,
            ThreadPoolExecutor(1) as on_copies,
        ):
            attach(gate.connection("candidate"), judged.warehouse, "warehouse")
            before = found_before or {}

            def prove_one(rule: Rule) -> tuple[Verdict, int, str | None]:
                if rule.kind == "waivers":
                    return *_prove_waivers(rules), None
                if proofs is None or before.get(rule.id) != 0:
                    return *prove_anew(rule), None
                # A rule that already fails on the clean files is proven each time.
                if rule.kind == "attack":
                    key = proofs.key_of_attack(rule)
                else:
                    test = _test_of(rule, judged) if rule.kind == "dbt_test" else ""
                    key = proofs.key_of_rows(rule, source_of(rule), test)
                known = proofs.find(key)
                if known is not None:
                    return "caught", known.content["failing"], known.judged_on
                queries: list[Query] = []
                token = QUERIES.set(queries)
                try:
                    verdict, failing = prove_anew(rule)
                finally:
                    QUERIES.reset(token)
                if verdict == "caught":
                    proofs.keep(key, rule, failing, queries)
                return verdict, failing, None

            def source_of(rule: Rule) -> Source:
                return "candidate" if _is_of_candidate(rule) else "warehouse"

            def prove_anew(rule: Rule) -> tuple[Verdict, int]:
                if rule.kind == "attack":
                    return _prove_attack(rule, folder, judged, before.get(rule.id))
                return _prove_rows(rule, gate, source_of(rule), judged, tables, before.get(rule.id))

            def thread_of(rule: Rule) -> ThreadPoolExecutor:
                # A connection is used by one thread; the attack opens files of its own.
                if rule.kind == "attack":
                    return on_copies
                return on_candidate if _is_of_candidate(rule) else on_warehouse

            started = [
                (rule, thread_of(rule).submit(prove_one, rule))
                for rule in rules
                if rule.fault is not None or rule.kind == "waivers"
            ]
            results = []
            try:
                for rule, proving in started:
                    verdict, failing, judged_on = proving.result()
                    title = (rule.fault.title.nb, rule.fault.title.en) if rule.fault else WAIVERS_TITLE
                    results.append(Proven(rule.id, rule.level, *title, verdict, failing, judged_on))
                    on_progress(results[-1])
            finally:
                for _, proving in started:
                    proving.cancel()
                # The connections are closed only when no thread uses them.
                on_warehouse.shutdown()
                on_candidate.shutdown()
                on_copies.shutdown()
    return results


def rules_hash(rules: list[Rule]) -> str:
    """Return a hash of the content of all rules."""
    return hashlib.sha256("".join(rule.model_dump_json() for rule in rules).encode()).hexdigest()


def score(results: list[Proven], rules: list[Rule]) -> dict[str, Any]:
    """Return the score in the form of ``gate.json``."""
    seeded = [each for each in results if each.verdict != "not_seeded"]
    named = {each.rule for each in results}
    return {
        "rules": len(rules),
        "rules_sha256": rules_hash(rules),
        "faults": len(seeded),
        "caught": sum(each.verdict == "caught" for each in seeded),
        "not_seeded": [each.rule for each in results if each.verdict == "not_seeded"],
        "without_fault": [rule.id for rule in rules if rule.id not in named],
        "by_rule": [
            {name: value for name, value in asdict(each).items() if (name, value) != ("judged_on", None)} for each in results
        ],
    }
