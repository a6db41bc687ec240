"""The verdict on a candidate: every rule of every stage, in one ``gate.json`` and one page.

The verdict contains no clock time and no run id: the same candidate gives the same bytes. Answers of single units are in the
restricted file beside the candidate, never in ``gate.json``. Great Expectations' own result on the public tables lies beside
the page; its results on deliveries and warehouse stay in the restricted folder.

Belongs here: combining results. Does not belong here: running rules (``checkpoint``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.core.errors import RefusedError
from orchestration.core.tables import Table
from orchestration.gate.attack_rules import AttackInputs
from orchestration.gate.checkpoint import Checked, run_checkpoint
from orchestration.gate.coverage import coverage
from orchestration.gate.page import render
from orchestration.gate.result_keys import Recall
from orchestration.gate.results import Counted, RuleResult, first_rows, result, write_restricted, write_results
from orchestration.gate.rules import Rule, Stage
from orchestration.gate.waivers import PlacedWaiver, judge_waivers, valid_keys
from orchestration.publish import integrity
from orchestration.publish.candidate import Candidate
from orchestration.publish.snapshot_files import CHANGES, DATABASE, GATE, GATE_NATIVE, GATE_PAGE, write_whole

# Number of failing rows of a rule that a refusal shows on the screen; gate.json has more.
SHOWN_LINES = 3

# Beside a candidate: what the rules found, with rows of single units.
RESTRICTED = ".results.json"


@dataclass(frozen=True)
class Circumstances:
    """What a judgement depends on besides the judged files."""

    waivers: list[PlacedWaiver]
    today: date
    is_official: bool
    attack_inputs: AttackInputs


def judge_stage(
    stage: Stage,
    rules: list[Rule],
    database: Path,
    circumstances: Circumstances,
    *,
    tables: list[Table] | None = None,
    native: Path | None = None,
) -> list[RuleResult]:
    """Judge deliveries or warehouse: one result for each rule of the stage.

    Args:
        stage: which of the two.
        rules: all rules.
        database: the warehouse.
        circumstances: waivers, day, channel.
        tables: the described public tables, which the suites of the other stage are about.
        native: where Great Expectations' own result is kept; it may show single units.
    """
    checked = run_checkpoint(stage, rules, database, tables=tables)
    if native is not None:
        write_restricted(native, checked.native)
    return [_result(rule, checked, circumstances) for rule in rules if rule.stage == stage and rule.kind == "rows"]


def _result(rule: Rule, checked: Checked, circumstances: Circumstances) -> RuleResult:
    """Return what a checkpoint found for one rule, with the waivers that hold on the day."""
    found = result(
        rule,
        checked.counted.get(rule.id),
        error=checked.errors.get(rule.id),
        is_official=circumstances.is_official,
        waived_keys=valid_keys(circumstances.waivers, rule, circumstances.today),
    )
    return replace(found, judged_on=checked.judged_on.get(rule.id, []))


def dbt_test_result(rule: Rule | None, name: str, description: str, failing: int, rows: list[dict[str, Any]]) -> RuleResult:
    """Return a data test of dbt as a result of the gate; one that no rule describes is fatal."""
    described = rule or Rule.model_validate(
        {
            "id": name,
            "title": {"nb": name.replace("_", " "), "en": name.replace("_", " ")},
            "table": "all",
            "level": "within_table",
            "stage": "warehouse",
            "severity": "fatal",
            "kind": "dbt_test",
            "explanation": {"nb": description or name, "en": description or name},
            "remedy": {"nb": "Rett det som raden nevner.", "en": "correct the input that the row names"},
        }
    )
    return result(described, Counted(1, failing, float(failing), rows))


def _check_candidate(
    rules: list[Rule],
    tables: list[Table],
    candidate: Candidate,
    circumstances: Circumstances,
    recall: Recall | None = None,
) -> Checked:
    inputs = circumstances.attack_inputs.before(candidate.id)
    return run_checkpoint(
        "candidate",
        rules,
        candidate.path / DATABASE,
        tables=tables,
        attack_inputs=inputs if recall is None else replace(inputs, kept=recall.pieces),
        recall=recall,
    )


def judge_candidate_rules(
    rules: list[Rule], tables: list[Table], candidate: Candidate, circumstances: Circumstances
) -> list[RuleResult]:
    """Judge a candidate by the rules on its files, and write nothing: one result for each rule. Arguments as for `judge`."""
    checked = _check_candidate(rules, tables, candidate, circumstances)
    kinds = ("rows", "attack")
    return [_result(rule, checked, circumstances) for rule in rules if rule.stage == "candidate" and rule.kind in kinds]


def judge(
    rules: list[Rule],
    tables: list[Table],
    candidate: Candidate,
    earlier: list[RuleResult],
    circumstances: Circumstances,
    proof: Callable[[list[RuleResult]], dict[str, Any] | None] = lambda results: None,
    propose: Callable[[list[RuleResult]], list[RuleResult]] = lambda results: results,
    recall: Recall | None = None,
) -> dict[str, Any]:
    """Judge a candidate and write ``gate.json``, ``gate.html`` and Great Expectations' own result into it.

    Args:
        rules: all rules; those of the stage ``candidate`` are run on the candidate's files.
        tables: the described public tables, for rules that run for each.
        candidate: the files.
        earlier: the results on the deliveries and the warehouse from which the candidate was made.
        circumstances: waivers, day, channel, earlier snapshots.
        proof: gives the score of the seeded faults on this candidate, from what the rules found; asked for only where
            nothing blocks.
        propose: returns the results with proposed entries that would resolve them.
        recall: where results are kept, and taken over from; all is judged where there is none.

    Returns:
        The verdict: ``verdict`` (pass or fail), ``content_hash`` of the judged files, counts, coverage, and one entry a
        rule.
    """
    checked = _check_candidate(rules, tables, candidate, circumstances, recall)
    found = {each.rule: each for each in earlier}
    results = []
    for rule in rules:
        if rule.stage != "candidate" or rule.kind == "dbt_test":
            # A result missing from an earlier stage did not run.
            missing = result(rule, None, error="it was not run on this candidate")
            results.append(found.pop(rule.id, missing))
        elif rule.kind != "waivers":
            results.append(_result(rule, checked, circumstances))
    # Data tests end in any order; those that no rule describes are sorted.
    results.extend(sorted(found.values(), key=lambda each: each.rule))
    keys = {each.rule: each.keys for each in results}
    for rule in rules:
        if rule.kind == "waivers":
            counted = judge_waivers(circumstances.waivers, rules, keys, circumstances.today)
            results.append(result(rule, counted))
    results = propose(results)
    blocking = [each.rule for each in results if each.blocks]
    verdict = {
        "verdict": "fail" if blocking else "pass",
        "candidate": candidate.id,
        "content_hash": candidate.content_hash,
        "notice": _notice(candidate),
        "blocking": blocking,
        "counts": {
            outcome: sum(each.outcome == outcome for each in results)
            for outcome in ("pass", "fail", "no_data", "did_not_run")
        },
        "proof": None if blocking else proof(results),
        "attack": next((each.details for each in checked.counted.values() if each.details), None),
        "coverage": coverage(rules, tables, candidate.path / DATABASE),
        "rules": [each.public() for each in results],
    }
    write_results(candidate.path.parent / f"{candidate.id}{RESTRICTED}", results)
    # The verdict is written last, and atomically: without it the candidate was not judged.
    (candidate.path / GATE).unlink(missing_ok=True)
    integrity.seal_file(candidate.path).unlink(missing_ok=True)
    native = {"notice": verdict["notice"], **checked.native}
    write_whole(candidate.path / GATE_NATIVE, json.dumps(native, ensure_ascii=False, indent=2) + "\n")
    write_whole(candidate.path / GATE_PAGE, render(verdict))
    write_whole(candidate.path / GATE, json.dumps(verdict, ensure_ascii=False, indent=2) + "\n")
    # From here on, changes to these files while the candidate waits are detected.
    integrity.seal(candidate.path)
    return verdict


def taken_over(verdict: dict[str, Any]) -> tuple[int, int]:
    """Return how many rules of a verdict were judged entirely on the candidate itself, and how many were not."""
    known = sum(bool(each.get("judged_on")) for each in verdict["rules"])
    return len(verdict["rules"]) - known, known


def attack_line(verdict: dict[str, Any]) -> str | None:
    """Return in one line what the attack tried and derived; None where no rule attacked."""
    attack = verdict.get("attack")
    if not attack:
        return None
    questions = sum(tried.get("questions", 0) for tried in attack["tried"].values())
    line = (
        f"attack with the public files alone: {questions:,} questions, {sum(attack['derived'].values()):,} answers derived; "
        f"{sum(attack['allowed'].values()):,} facts can be derived as the policy allows"
    )
    return line + (f"; {len(attack['not_tried']):,} combinations not tried" if attack["not_tried"] else "")


def _notice(candidate: Candidate) -> dict[str, str] | None:
    """Return the candidate's notice on constructed deliveries, or None where it has none."""
    path = candidate.path / CHANGES
    if not path.is_file():
        return None
    notice: dict[str, str] | None = json.loads(path.read_text(encoding="utf-8"))["notice"]
    return notice


def _rows_of(found: dict[str, Any]) -> list[str]:
    """Return the first failing rows of a blocking rule, how a waiver names the first if one can, and what is proposed."""
    keys = found.get("keys") or []
    waiver = [f"a waiver in data/waivers names the first as {key}" for key in keys[:1]]
    return first_rows(found, SHOWN_LINES) + waiver + (found.get("proposed") or [])


def refusal_of_stage(stage: Stage, blocking: list[RuleResult]) -> RefusedError:
    """Return what blocks in a stage before the candidate as an error."""
    names = {"delivery": "the deliveries", "warehouse": "the warehouse"}
    count = "1 rule refuses" if len(blocking) == 1 else f"{len(blocking)} rules refuse"
    lines = [f"refused: {count} {names[stage]}, nothing was published"]
    for each in blocking:
        lines.append(f"  {each.rule} ({each.outcome}): {each.title_en}; {each.remedy_en}")
        lines += [f"    {line}" for line in _rows_of(asdict(each))]
    return RefusedError(lines, {"verdict": "fail", "stage": stage, "rules": [asdict(each) for each in blocking]})


def refusal(verdict: dict[str, Any], folder: Path | None, restricted: list[RuleResult] | None = None) -> RefusedError:
    """Return a refused candidate's verdict as an error: each blocking rule with its first rows and what to do.

    Args:
        verdict: the verdict as in ``gate.json``.
        folder: the candidate's folder; None for a snapshot, which was published before and keeps its own ``gate.json``.
        restricted: results with the rows that ``gate.json`` must not show, for the one who runs the system.
    """
    known = {each.rule: {"rows": each.rows, "keys": each.keys, "proposed": each.proposed} for each in restricted or []}
    blocking = [each | known.get(each["rule"], {}) for each in verdict["rules"] if each["blocks"]]
    if folder is None:
        count = "1 rule does" if len(blocking) == 1 else f"{len(blocking)} rules do"
        lines = [f"refused: {count} not hold for the snapshot {verdict['candidate']}; it stays as it is"]
    else:
        count = "1 rule blocks" if len(blocking) == 1 else f"{len(blocking)} rules block"
        lines = [f"refused: {count} this candidate, nothing was published"]
    for each in blocking:
        lines.append(f"  {each['rule']} ({each['outcome']}): {each['title_en']}; {each['remedy_en']}")
        lines += [f"    {line}" for line in _rows_of(each)]
    if folder is not None:
        lines.append(f"  all results: {folder / GATE}")
    return RefusedError(lines, {"verdict": verdict["verdict"], "candidate": verdict["candidate"], "rules": blocking})


def warning_lines(verdict: dict[str, Any], restricted: list[RuleResult] | None = None) -> list[str]:
    """Return the failing warnings of a verdict, which block nothing in the channel demo, as lines for people.

    Args:
        verdict: the verdict as in ``gate.json``.
        restricted: results of the last run with the rows that ``gate.json`` must not show, for the one who runs the system.
            They take precedence over the verdict's rows: inputs may have changed although the same content is published.
    """
    last = {each.rule: each for each in restricted or []}
    lines = []
    for each in verdict["rules"]:
        found = last.get(each["rule"])
        if found is not None:
            newest = {"outcome": found.outcome, "failing": found.failing, "waived": found.waived}
            each = each | newest | {"rows": found.rows or each["rows"]}
        if each["severity"] != "warning" or each["outcome"] == "pass":
            continue
        waived = f", {each['waived']} of them waived" if each["waived"] else ""
        lines.append(f"{each['rule']}: {each['title_en']} (fails for {each['failing']}{waived}); {each['remedy_en']}")
        lines += [f"  {line}" for line in first_rows(each, SHOWN_LINES) + (found.proposed if found is not None else [])]
    return lines
