"""Judging what this installation made: deliveries and warehouse before there is a candidate, then the candidate.

Belongs here: which files are judged under which circumstances, where results are kept until the verdict, and judging or
proving again. Does not belong here: what a rule finds (``checkpoint``), the verdict (``verdict``), or the callers
(``defs``).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.tables import load_tables
from orchestration.core.warehouse import run_lock
from orchestration.disclosure import policy
from orchestration.gate import early_rules, suites
from orchestration.gate.attack_rules import AttackInputs
from orchestration.gate.data_docs import build_data_docs
from orchestration.gate.kept_results import FOLDER, Memory
from orchestration.gate.proof import Judged, Proven, prove, score
from orchestration.gate.proofs import Proofs
from orchestration.gate.proposals import propose, propose_waiting
from orchestration.gate.result_keys import Pieces, Recall
from orchestration.gate.results import RuleResult, read_results, write_results
from orchestration.gate.rules import Stage, load_rules, rule_named
from orchestration.gate.sql_inputs import reading
from orchestration.gate.verdict import RESTRICTED, Circumstances, judge, judge_candidate_rules, judge_stage, refusal
from orchestration.gate.waivers import load_waivers
from orchestration.publish import integrity, pointer, snapshots
from orchestration.publish.candidate import Candidate
from orchestration.publish.candidates import find_candidate
from orchestration.publish.snapshot_files import DATABASE

# Beside each candidate: what the rules found in the deliveries and the warehouse that it was made from.
EARLIER = ".earlier.json"


def circumstances(settings: Settings) -> Circumstances:
    """Return what a judgement of today depends on besides the judged files."""
    return Circumstances(
        waivers=load_waivers(settings.waivers),
        today=date.today(),
        is_official=settings.channel == "official",
        attack_inputs=AttackInputs(
            earlier=earlier_databases(settings),
            policy=settings.data / policy.FILE,
            answer_groups=settings.data / "indicators" / "answer_groups.csv",
        ),
    )


def earlier_databases(settings: Settings) -> tuple[Path, ...]:
    """Return the databases of all snapshots, for the attack: one that is damaged would hide what it published.

    Raises:
        UserError: a database differs from what was published.
    """
    published = pointer.current(settings.snapshots)
    found = []
    for folder in snapshots.readable_snapshots(settings.snapshots):
        remedy = integrity.ANEW if folder.resolve() == published else integrity.RESTORE
        integrity.verify(folder, remedy=remedy, thorough=False, only=(DATABASE,))
        found.append(folder / DATABASE)
    return tuple(found)


def stage_file(folder: Path, stage: Stage) -> Path:
    """Return the file in a results folder that keeps the results of a stage for the gate."""
    return folder / f"{stage}.json"


def dbt_tests_file(folder: Path) -> Path:
    """Return the file in a results folder that keeps the results of dbt's data tests for the gate."""
    return folder / "dbt_tests.json"


def take_results(path: Path, *, is_part: bool) -> list[RuleResult]:
    """Return the results of a stage if only part of its rules is judged again, and remove their file.

    An interrupted stage thus leaves nothing for the verdict. Nothing is returned if all rules are judged.
    """
    before = read_results(path) if is_part and path.is_file() else []
    path.unlink(missing_ok=True)
    return before


def keep_results(path: Path, found: list[RuleResult], before: list[RuleResult]) -> None:
    """Write the results of a stage: new ones, and earlier ones of the rules that were not judged now."""
    judged = {each.rule for each in found}
    write_results(path, [*found, *(each for each in before if each.rule not in judged)])


def judge_one_stage(settings: Settings, stage: Stage, names: Collection[str] | None = None) -> list[RuleResult]:
    """Judge deliveries or warehouse, keep the results for the verdict, and return them.

    Args:
        settings: where warehouse and rules lie.
        stage: what is judged.
        names: judge only these rules; earlier results of the others are kept.
    """
    path = stage_file(settings.stage_results, stage)
    before = take_results(path, is_part=names is not None)
    rules = [rule for rule in load_rules(settings.rules) if names is None or rule.id in names]
    found = judge_stage(
        stage,
        rules,
        settings.warehouse_file,
        circumstances(settings),
        tables=load_tables(settings.metadata),
        native=settings.stage_results / f"{stage}.great_expectations.json" if names is None else None,
    )
    if stage == "warehouse":
        found = propose(settings, found, settings.warehouse_file)
    keep_results(path, found, before)
    return found


def early_file(folder: Path) -> Path:
    """Return the file in a results folder with the results of the early rules; it serves a refusal only."""
    return folder / "early.json"


def judge_early(settings: Settings) -> list[RuleResult]:
    """Judge what can be known before a model is made, where a delivery came again; return the results, else none."""
    path = early_file(settings.stage_results)
    path.unlink(missing_ok=True)
    forms = early_rules.redelivered_forms(settings.warehouse_file)
    if not forms:
        return []
    rules = [rule for rule in load_rules(settings.rules) if rule.id in early_rules.RULES]
    with early_rules.answers_of(settings, forms) as warehouse:
        found = judge_stage("warehouse", rules, warehouse, circumstances(settings), tables=load_tables(settings.metadata))
        if any(each.blocks for each in found):
            found = propose(settings, found, warehouse)
    write_results(path, found)
    return found


def _read_all(files: list[Path]) -> list[RuleResult]:
    results = []
    for path in files:
        try:
            results.extend(read_results(path))
        except (OSError, ValueError, TypeError) as error:
            raise UserError("the results of the rules are missing", place=str(path), remedy="run ./is248 run") from error
    return results


def results_of_stages(folder: Path) -> list[RuleResult]:
    """Return the results of the stages before the candidate, from a results folder.

    Raises:
        UserError: a stage was not judged, so it is unknown whether a candidate passes.
    """
    return _read_all([stage_file(folder, "delivery"), stage_file(folder, "warehouse"), dbt_tests_file(folder)])


def results_before(candidate: Candidate) -> list[RuleResult]:
    """Return the results of the rules on the deliveries and the warehouse that a candidate was made from.

    Raises:
        UserError: they are missing.
    """
    return _read_all([candidate.path.parent / f"{candidate.id}{EARLIER}"])


def keep_results_before(candidate: Candidate, found: list[RuleResult]) -> None:
    """Keep beside a candidate what the rules found in the deliveries and the warehouse that it was made from."""
    write_results(candidate.path.parent / f"{candidate.id}{EARLIER}", found)


def restricted_results(candidate: Candidate) -> list[RuleResult]:
    """Return the results of a judged candidate with the rows that only the one who runs the system may see."""
    path = candidate.path.parent / f"{candidate.id}{RESTRICTED}"
    return read_results(path) if path.is_file() else []


def _judged_files(settings: Settings, candidate: Candidate, now: Circumstances) -> Judged:
    return Judged(
        warehouse=settings.warehouse_file,
        dbt_target=settings.dbt_target,
        candidate=candidate.path,
        attack_inputs=now.attack_inputs,
    )


def judge_made(settings: Settings, made: Candidate, *, takes_over: bool = False) -> dict[str, Any]:
    """Judge a candidate by all rules, prove them where nothing blocks, write the verdict into it and return it.

    Args:
        settings: where everything lies.
        made: the candidate.
        takes_over: whether results are taken over where nothing changed; otherwise all is judged and proven again, and
            remembered.

    Raises:
        UserError: the results of the stages before the candidate are missing.
    """
    rules, tables, now = load_rules(settings.rules), load_tables(settings.metadata), circumstances(settings)
    judged = _judged_files(settings, made, now)
    memory = Memory(settings.warehouse / FOLDER, made.id, takes_over=takes_over)
    # What attacks on faults take over is no part of the candidate's results.
    judged = replace(judged, attack_inputs=replace(judged.attack_inputs, kept=Pieces(memory)))
    with reading({"candidate": made.path / DATABASE, "warehouse": judged.warehouse}, made.path) as reads:
        proofs = Proofs(memory, reads, tables, judged.attack_inputs)

        def proof(results: list[RuleResult]) -> dict[str, Any]:
            found_before = {each.rule: each.failing for each in results if each.error is None}
            return score(prove(rules, tables, judged, found_before=found_before, proofs=proofs), rules)

        verdict = judge(
            rules,
            tables,
            made,
            results_before(made),
            now,
            proof=proof,
            propose=lambda results: propose_waiting(settings, results),
            recall=Recall(memory, reads),
        )
    if verdict["verdict"] == "pass":
        # After a refusal the rules were not proven, so remembered proofs may still be needed.
        memory.forget_unused()
    return verdict


def judge_some(settings: Settings, made: Candidate, names: Collection[str]) -> list[RuleResult]:
    """Judge a candidate by some rules and return their results; its verdict does not change."""
    rules = [rule for rule in load_rules(settings.rules) if rule.id in names]
    return judge_candidate_rules(rules, load_tables(settings.metadata), made, circumstances(settings))


def judge_again(
    settings: Settings, identifier: str | None = None, on_progress: Callable[[str], None] = lambda line: None
) -> dict[str, Any]:
    """Judge the last candidate again, or the candidate or snapshot of that name, without publishing anything.

    Returns:
        The verdict.

    Raises:
        UserError: there is no such candidate or snapshot.
        RefusedError: it does not pass.
    """
    candidate = find_candidate(settings.warehouse, settings.snapshots, settings.candidates, identifier)
    on_progress(f"judging {candidate.id} ...")
    rules, tables = load_rules(settings.rules), load_tables(settings.metadata)
    proof_before = (snapshots.read_gate(candidate.path) or {}).get("proof")
    if candidate.path.parent != settings.snapshots:
        with run_lock(settings.warehouse):
            verdict = judge(
                rules, tables, candidate, results_before(candidate), circumstances(settings), proof=lambda _: proof_before
            )
        if verdict["verdict"] != "pass":
            raise refusal(verdict, candidate.path, restricted_results(candidate))
        return verdict
    is_published = candidate.path == pointer.current(settings.snapshots)
    integrity.verify(candidate.path, remedy=integrity.ANEW if is_published else integrity.RESTORE)
    with tempfile.TemporaryDirectory() as folder:
        # In a copy: a snapshot is never written to.
        copy = Path(folder) / candidate.id
        shutil.copytree(candidate.path, copy, copy_function=shutil.copyfile)
        # Deliveries and warehouse were judged before it was published; what was found then stays as it was.
        before = snapshots.read_gate(candidate.path) or {"rules": []}
        verdict = judge(
            rules,
            tables,
            Candidate(id=candidate.id, path=copy, content_hash=candidate.content_hash),
            [RuleResult(**entry) for entry in before["rules"] if entry["stage"] != "candidate"],
            circumstances(settings),
            proof=lambda _: proof_before,
        )
        if verdict["verdict"] != "pass":
            raise refusal(verdict, None)
    return verdict


def prove_rules(settings: Settings, on_progress: Callable[[Proven], None], only: str | None = None) -> dict[str, Any]:
    """Seed the faults of rules into copies of the warehouse and of the candidate or snapshot that was made of it.

    Args:
        settings: where the judged files are.
        on_progress: takes each result as it comes.
        only: the one rule that is proven; all of them if left out.

    Returns:
        The score, as in ``gate.json``.

    Raises:
        UserError: there is no such rule, nothing was built yet, or the candidate was not made from this warehouse.
    """
    rules = load_rules(settings.rules)
    if only is not None:
        rules = [rule_named(rules, only, str(settings.rules))]
    candidate = find_candidate(settings.warehouse, settings.snapshots, settings.candidates, None)
    with run_lock(settings.warehouse):
        judged = _judged_files(settings, candidate, circumstances(settings))
        if not judged.warehouse.is_file():
            raise UserError("the file is missing", place=str(judged.warehouse), remedy="run ./is248 run")
        return score(prove(rules, load_tables(settings.metadata), judged, on_progress), rules)


def build_suites(settings: Settings) -> tuple[list[str], dict[str, int]]:
    """Build the context of Great Expectations in ``expectations/``, and return its files and what they count."""
    rules = load_rules(settings.rules)
    files = suites.build(rules, load_tables(settings.metadata))
    suites.write(suites.CONTEXT, files)
    return sorted(files), {"rules": len(rules), **suites.counts(files)}


def write_data_docs(settings: Settings) -> Path:
    """Run the checkpoints on the warehouse and on what was judged last, and return the first page of Data Docs.

    Raises:
        UserError: there is no candidate and no snapshot.
    """
    candidate = find_candidate(settings.warehouse, settings.snapshots, settings.candidates, None)
    with run_lock(settings.warehouse):
        databases: dict[suites.Source, Path] = {"candidate": candidate.path / DATABASE}
        if settings.warehouse_file.is_file():
            databases["warehouse"] = settings.warehouse_file
        return build_data_docs(
            load_rules(settings.rules),
            load_tables(settings.metadata),
            databases,
            circumstances(settings).attack_inputs.before(candidate.id),
            settings.warehouse / "data_docs",
        )
