"""Runs rules as Great Expectations checkpoints on DuckDB files, and says what its results mean for each rule.

The context is that of ``expectations/``. Where the rules differ from those that it was built from (one was just edited, or a
test has its own), the same files are built in a temporary folder for the run.

Belongs here: opening the context, and running a stage or a single rule. Does not belong here: what a rule is as expectations
(``suites``), what the results mean (``findings``), or the verdict on a candidate (``verdict``).
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Any

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.tables import Table
from orchestration.core.warehouse import memory_limit
from orchestration.gate.attack_rules import AttackInputs
from orchestration.gate.findings import Found, error_of, judged_suite, remembered_results, take, together
from orchestration.gate.kept_results import Remembered
from orchestration.gate.result_keys import Recall
from orchestration.gate.results import Counted
from orchestration.gate.rules import Rule, Stage
from orchestration.gate.suites import (
    CONFIGURATION,
    CONTEXT,
    DATA_DOCS,
    DATABASES,
    ENGINE,
    SOURCES,
    VARIABLES,
    WHOLE,
    Asset,
    Source,
    are_named,
    build,
    entries_of,
    is_current,
    write,
)

# The result format without rows.
_COUNTS = "BASIC"


@dataclass(frozen=True)
class Checked:
    """What a checkpoint found: counts by rule, errors of rules that did not run, and Great Expectations' own result.

    ``judged_on`` names, for rules whose results were taken over, the candidates on which they were judged.
    """

    counted: dict[str, Counted]
    errors: dict[str, str]
    native: dict[str, Any]
    judged_on: dict[str, list[str]] = field(default_factory=dict)


def great_expectations() -> Any:
    """Import Great Expectations (several seconds) and the project's expectations, without Spark and telemetry."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    modules: dict[str, Any] = sys.modules
    found = modules.get("pyspark")
    modules["pyspark"] = None  # makes Python treat the package as not installed
    try:
        module = importlib.import_module("great_expectations")
        importlib.import_module("orchestration.gate.expectations")
        return module
    finally:
        if found is None:
            del modules["pyspark"]
        else:
            modules["pyspark"] = found


class Gate:
    """An open context: runs the checkpoint of a stage, or a single rule."""

    def __init__(self, context: Any, expected: Mapping[str, int]) -> None:
        """Take a context.

        Args:
            context: Great Expectations' own.
            expected: how many expectations stand for each rule.
        """
        self._context = context
        self._expected = expected
        self._suites: dict[Stage, dict[str, list[tuple[Any, Any]]]] = {}

    def run(self, stage: Stage, rules: list[Rule], recall: Recall | None = None) -> Checked:
        """Run a stage's checkpoint, and show the failing rows of each rule.

        Args:
            stage: names the checkpoint.
            rules: rules of any stage and kind; the others are left out.
            recall: where results are kept, and taken over from; all is judged where there is none.
        """
        wanted = {rule.id: rule for rule in rules if _has_expectations(rule, stage)}
        checkpoint = self._checkpoint(stage)
        known = {
            definition.suite.name: remembered_results(definition, recall) for definition in checkpoint.validation_definitions
        }
        if any(known.values()):
            judged = {each.suite.name: self._rest(checkpoint, each, known) for each in checkpoint.validation_definitions}
        else:
            judged = {
                identifier.expectation_suite_identifier.name: validation
                for identifier, validation in checkpoint.run().run_results.items()
            }
        found: dict[str, Found] = defaultdict(Found)
        validations = []
        for definition in checkpoint.validation_definitions:
            name = definition.suite.name
            validations.append(judged_suite(definition, judged[name], known[name], wanted, recall, found))
        counted, errors, judged_on = {}, {}, {}
        for name, rule in wanted.items():
            error = self._error(rule, found[name])
            if error is not None:
                errors[name] = error
            else:
                counted[name] = together(rule, found[name].parts)
                if counted[name].checked == 0 and rule.rows_when is not None:
                    counted[name] = replace(counted[name], may_be_empty=not self._has_rows(rule, rule.rows_when))
            if recall is not None and (names := recall.judged_on(rule, found[name].judged_on)):
                judged_on[name] = names
        native = {
            "success": all(validation["success"] for validation in validations),
            "name": stage,
            "validation_results": sorted(validations, key=lambda each: str(each["suite_name"])),
        }
        return Checked(counted, errors, json.loads(json.dumps(native, default=str)), judged_on)

    def _rest(self, checkpoint: Any, definition: Any, known: Mapping[str, Mapping[str, Remembered]]) -> Any:
        """Run the expectations of a suite without a remembered result, as the checkpoint does; None where there are none."""
        left = [each for each in definition.suite.expectations if each.id not in known[definition.suite.name]]
        if not left and definition.suite.expectations:
            return None
        # A separate suite: the one of the context stays as it was stored.
        suite = importlib.import_module("great_expectations").ExpectationSuite(
            name=definition.suite.name, expectations=[each.configuration.to_json_dict() for each in left]
        )
        validation = definition.batch_definition.get_batch().validate(suite, result_format=checkpoint.result_format)
        validation.meta |= {"validation_id": definition.id, "checkpoint_id": checkpoint.id}
        return validation

    def count(self, rule: Rule, changed_by: Sequence[str] = ()) -> Counted:
        """Count what one rule finds by the expectations that stand for it in the suites.

        Args:
            rule: the rule.
            changed_by: statements that changed the data; only the tables that they name are looked at, where the rule is
                about them.

        Raises:
            RuntimeError: an expectation could not run.
        """
        found: dict[str, Found] = defaultdict(Found)
        parts = self._expectations(rule)
        looked_at = list(compress(parts, are_named([definition.asset.name for definition, _ in parts], changed_by)))
        for definition, suite in looked_at:
            batch = definition.batch_definition.get_batch()
            for result in batch.validate(suite, result_format=_COUNTS).results:
                take(found, {rule.id: rule}, definition, result)
        stated, looked_for = (sum(len(suite.expectations) for _, suite in some) for some in (parts, looked_at))
        error = self._error(rule, found[rule.id], left_out=stated - looked_for)
        if error is not None:
            raise RuntimeError(f"rule {rule.id!r} did not run: {error}")
        return together(rule, found[rule.id].parts)

    def count_rows(self, asset: Asset, rows_query: str) -> Counted:
        """Count rows that all fail, such as those that a data test of dbt returns."""
        return _count_rows(self._batch(asset), asset.name, rows_query)

    def _has_rows(self, rule: Rule, rows_when: str) -> bool:
        """Return whether the judged data must have rows for a rule."""
        definition, _ = self._expectations(rule)[0]
        batch = definition.batch_definition.get_batch()
        return _count_rows(batch, rule.id, f"select 1 as expected where ({rows_when})").checked > 0

    def _checkpoint(self, stage: Stage) -> Any:
        try:
            return self._context.checkpoints.get(stage)
        except ValueError as error:
            raise UserError(
                f"Great Expectations does not accept an expectation of the stage {stage} ({' '.join(str(error).split())})",
                place="expectations/rules",
                remedy="correct its arguments; docs/run/gate.md says what a rule needs",
            ) from error

    def _error(self, rule: Rule, found: Found, left_out: int = 0) -> str | None:
        """Return why a rule did not run, or None where all of its expectations ran, except for those that were left out."""
        # Great Expectations leaves out an expectation of an unknown type, and only logs it.
        expected = self._expected[rule.id] - left_out
        is_whole = len(found.parts) == expected
        return found.error or (None if is_whole else f"{len(found.parts)} of {expected} expectations ran")

    def connection(self, source: Source) -> Any:
        """Return DuckDB's own connection to a source's file, where the file is also written."""
        return self._context.data_sources.get(source).get_execution_engine().engine.raw_connection().driver_connection

    def write_data_docs(self) -> None:
        """Write Great Expectations' own pages on the suites, and on what was run since the context was opened."""
        self._context.build_data_docs()

    def _batch(self, asset: Asset) -> Any:
        found = self._context.data_sources.get(asset.source).get_asset(asset.name)
        return found.get_batch_definition(WHOLE).get_batch()

    def _expectations(self, rule: Rule) -> list[tuple[Any, Any]]:
        """Return the validation definitions that contain a rule, each with a suite of that rule alone."""
        if rule.stage not in self._suites:
            suite_of = importlib.import_module("great_expectations").ExpectationSuite
            parts: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
            for definition in self._checkpoint(rule.stage).validation_definitions:
                apart: dict[str, list[dict[str, Any]]] = defaultdict(list)
                for expectation in definition.suite.expectations:
                    configuration = expectation.configuration.to_json_dict()
                    # An expectation belongs to one suite by its id.
                    del configuration["id"]
                    apart[configuration["meta"]["rule"]].append(configuration)
                for name, configurations in apart.items():
                    parts[name].append((definition, suite_of(name=definition.name, expectations=configurations)))
            self._suites[rule.stage] = parts
        return self._suites[rule.stage][rule.id]


def _count_rows(batch: Any, name: str, rows_query: str) -> Counted:
    expectations = importlib.import_module("orchestration.gate.expectations")
    expectation = expectations.ExpectRuleToHold(rows_query=rows_query, fails_when="true", may_be_empty=True)
    result = batch.validate(expectation, result_format=_COUNTS)
    error = error_of(result)
    if error is not None:
        raise RuntimeError(f"{name} could not be read: {error}")
    return Counted(**result.result["details"])


@contextmanager
def opened(
    rules: list[Rule],
    tables: list[Table],
    databases: Mapping[Source, Path],
    *,
    writes: bool = False,
    attack_inputs: AttackInputs | None = None,
    data_docs: Path | None = None,
) -> Iterator[Gate]:
    """Open the context of the rules on DuckDB files, which are released afterwards.

    Args:
        rules: all rules.
        tables: the described public tables.
        databases: the file of each source that is judged.
        writes: keep one connection for each file, which can also write to it; writes are seen without a commit.
        attack_inputs: what an attack needs, where there are rules of that kind.
        data_docs: folder of the Data Docs, if they are written.
    """
    gx = great_expectations()
    files = build(rules, tables)
    with ExitStack() as stack:
        folder = CONTEXT
        if not is_current(folder, files):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            write(folder, files)
        variables = VARIABLES | {DATABASES[source]: str(path) for source, path in databases.items()}
        if data_docs is not None:
            variables[DATA_DOCS] = str(data_docs)
        configuration = yaml_text.load(files[CONFIGURATION])
        # Great Expectations would read its file of defaults again at each step.
        del configuration["config_variables_file_path"]
        context = gx.get_context(
            mode="file", context_root_dir=folder, project_config=configuration, runtime_environment=variables
        )
        sqlalchemy = importlib.import_module("sqlalchemy")
        sqlalchemy.event.listen(sqlalchemy.pool.Pool, "connect", _draw_no_bar)
        stack.callback(sqlalchemy.event.remove, sqlalchemy.pool.Pool, "connect", _draw_no_bar)
        for name in databases:
            source = context.data_sources.get(name)
            if writes:
                source.kwargs = ENGINE | {"connect_args": {"read_only": False}, "poolclass": sqlalchemy.StaticPool}
            stack.callback(_let_go, source)
        inputs = importlib.import_module("orchestration.gate.expectations").ATTACK_INPUTS
        stack.callback(inputs.reset, inputs.set(attack_inputs))
        gate = Gate(context, {rule.id: len(entries_of(rule, tables)) for rule in rules})
        for name in databases if writes else ():
            gate.connection(name).execute(f"set memory_limit = '{memory_limit()}'")
        yield gate


def _draw_no_bar(connection: Any, _: Any) -> None:
    """Turn off DuckDB's progress bar, which a database address cannot do."""
    if "duckdb" in type(connection).__module__:
        connection.execute("set enable_progress_bar = false")


def _let_go(source: Any) -> None:
    """Close the file; until then no other step can open it."""
    source.get_execution_engine().close()
    source.get_execution_engine().engine.dispose()
    source.get_engine().dispose()


def run_checkpoint(
    stage: Stage,
    rules: list[Rule],
    database: Path,
    *,
    tables: list[Table] | None = None,
    attack_inputs: AttackInputs | None = None,
    recall: Recall | None = None,
) -> Checked:
    """Run the rules of a stage that have something to run.

    Args:
        stage: names the checkpoint.
        rules: rules of any stage and kind; the others are left out.
        database: the DuckDB file that is judged.
        tables: the described public tables, for rules that run for each.
        attack_inputs: what an attack needs, where there are rules of that kind.
        recall: where results are kept, and taken over from; all is judged where there is none.
    """
    if not any(_has_expectations(rule, stage) for rule in rules):
        return Checked({}, {}, {})
    with opened(rules, tables or [], {SOURCES[stage]: database}, attack_inputs=attack_inputs) as gate:
        return gate.run(stage, rules, recall)


def _has_expectations(rule: Rule, stage: Stage) -> bool:
    return rule.stage == stage and rule.kind in ("rows", "attack")
