"""Runs rules as Great Expectations checkpoints on DuckDB files, and says what its results mean for each rule.

The context is that of ``expectations/``. Where the rules are others than those that it was built from (one was just edited,
or a test has its own), the same files are built into a folder that lives as long as the run.

Belongs here: opening the context, running a stage or a single rule, and reading the results. Does not belong here: what a
rule is as expectations (``suites``), or the verdict on a candidate (``verdict``).
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.core import yaml_text
from orchestration.core.errors import UserError
from orchestration.core.tables import Table
from orchestration.core.warehouse import memory_limit
from orchestration.gate.attacked import AttackInputs
from orchestration.gate.results import SHOWN_ROWS, Counted
from orchestration.gate.rules import Rule, Stage, row_key
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
    build,
    entries_of,
    is_current,
    write,
)

# What Great Expectations says of the run and not of the data.
_VOLATILE = ("run_id", "validation_time", "batch_markers", "active_batch_definition", "batch_parameters")

# How it tells of the rows that one of its own expectations found, with the columns of the key.
_WITH_ROWS = "COMPLETE"
# ... and how without.
_COUNTS = "BASIC"


@dataclass(frozen=True)
class Checked:
    """What a checkpoint found: counts by rule, errors of rules that did not run, and Great Expectations' own result."""

    counted: dict[str, Counted]
    errors: dict[str, str]
    native: dict[str, Any]


@dataclass
class _Part:
    """What one expectation found: its table, what was counted, and whether it counts the whole table as one."""

    table: str
    counted: Counted
    is_whole: bool = False


@dataclass
class _Found:
    """What the expectations of one rule found."""

    parts: list[_Part] = field(default_factory=list)
    error: str | None = None


def great_expectations() -> Any:
    """Import Great Expectations (several seconds) and the project's expectations, without Spark and telemetry."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    modules: dict[str, Any] = sys.modules
    found = modules.get("pyspark")
    modules["pyspark"] = None  # what Python takes for a package that is not installed
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

    def run(self, stage: Stage, rules: list[Rule]) -> Checked:
        """Run a stage's checkpoint, and show the failing rows of each rule."""
        wanted = {rule.id: rule for rule in rules if _has_expectations(rule, stage)}
        checkpoint = self._checkpoint(stage)
        outcome = checkpoint.run()
        definitions = {definition.suite.name: definition for definition in checkpoint.validation_definitions}
        found: dict[str, _Found] = defaultdict(_Found)
        validations = []
        for identifier, validation in outcome.run_results.items():
            definition = definitions[identifier.expectation_suite_identifier.name]
            for place, result in enumerate(validation.results):
                if not result.success and _is_row_by_row(result):
                    validation.results[place] = result = _with_rows(definition, result)
                _take(found, wanted, definition, result, _greatest(definition, result))
            validations.append(_native(validation))
        counted, errors = {}, {}
        for name, rule in wanted.items():
            error = self._error(rule, found[name])
            if error is not None:
                errors[name] = error
            else:
                counted[name] = _together(rule, found[name].parts)
        native = {
            "success": outcome.success,
            "name": stage,
            "validation_results": sorted(validations, key=lambda each: str(each["suite_name"])),
        }
        return Checked(counted, errors, json.loads(json.dumps(native, default=str)))

    def count(self, rule: Rule, changed_by: Sequence[str] = ()) -> Counted:
        """Count what one rule finds by the expectations that stand for it in the suites.

        Args:
            rule: the rule.
            changed_by: statements that changed the data; only the tables that they name are looked at, where the rule is
                about them.

        Raises:
            RuntimeError: an expectation could not run.
        """
        found: dict[str, _Found] = defaultdict(_Found)
        parts = self._expectations(rule)
        named = {word for statement in changed_by for word in re.findall(r"\w+", statement)}
        looked_at = [part for part in parts if part[0].asset.name in named] or parts
        for definition, suite in looked_at:
            batch = definition.batch_definition.get_batch()
            for result in batch.validate(suite, result_format=_COUNTS).results:
                _take(found, {rule.id: rule}, definition, result)
        stated, looked_for = (sum(len(suite.expectations) for _, suite in some) for some in (parts, looked_at))
        error = self._error(rule, found[rule.id], left_out=stated - looked_for)
        if error is not None:
            raise RuntimeError(f"rule {rule.id!r} did not run: {error}")
        return _together(rule, found[rule.id].parts)

    def count_rows(self, asset: Asset, rows_query: str) -> Counted:
        """Count rows of which each one fails, such as those that a data test of dbt shows."""
        expectations = importlib.import_module("orchestration.gate.expectations")
        expectation = expectations.ExpectRuleToHold(rows_query=rows_query, fails_when="true", may_be_empty=True)
        result = self._batch(asset).validate(expectation, result_format=_COUNTS)
        error = _error(result)
        if error is not None:
            raise RuntimeError(f"{asset.name} could not be read: {error}")
        return Counted(**result.result["details"])

    def _checkpoint(self, stage: Stage) -> Any:
        try:
            return self._context.checkpoints.get(stage)
        except ValueError as error:
            raise UserError(
                f"Great Expectations does not take an expectation of the stage {stage} ({' '.join(str(error).split())})",
                place="expectations/rules",
                remedy="correct its arguments; docs/gate.md says what a rule needs",
            ) from error

    def _error(self, rule: Rule, found: _Found, left_out: int = 0) -> str | None:
        """Return why a rule did not run, or None where all of its expectations did but those that were left out."""
        # One whose type it does not know Great Expectations leaves out of the suite, and only logs it.
        expected = self._expected[rule.id] - left_out
        is_whole = len(found.parts) == expected
        return found.error or (None if is_whole else f"{len(found.parts)} of {expected} expectations ran")

    def connection(self, source: Source) -> Any:
        """Return DuckDB's own connection by which a source's file is judged, where it is written too."""
        return self._context.data_sources.get(source).get_execution_engine().engine.raw_connection().driver_connection

    def write_data_docs(self) -> None:
        """Write Great Expectations' own pages on the suites, and on what was run since the context was opened."""
        self._context.build_data_docs()

    def _batch(self, asset: Asset) -> Any:
        found = self._context.data_sources.get(asset.source).get_asset(asset.name)
        return found.get_batch_definition(WHOLE).get_batch()

    def _expectations(self, rule: Rule) -> list[tuple[Any, Any]]:
        """Return the validation definitions in which a rule stands, each with a suite of that rule alone."""
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
    """Open the context of the rules on DuckDB files, which are free again afterwards.

    Args:
        rules: all rules.
        tables: the described public tables.
        databases: the file of each source that is judged.
        writes: keep one connection a file, by which it can be written too; what is written is seen without a commit.
        attack_inputs: what an attack needs, where there are rules of that kind.
        data_docs: where Data Docs go, if they are written.
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
        # Great Expectations would read the file of defaults again at each of its steps.
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
    """Keep DuckDB from drawing a bar for whatever takes two seconds; no address of a database can say it."""
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
) -> Checked:
    """Run the rules of a stage that have something to run.

    Args:
        stage: names the checkpoint.
        rules: rules of any stage and kind; the others are left out.
        database: the DuckDB file that is judged.
        tables: the described public tables, for rules that run for each.
        attack_inputs: what an attack needs, where there are rules of that kind.
    """
    if not any(_has_expectations(rule, stage) for rule in rules):
        return Checked({}, {}, {})
    with opened(rules, tables or [], {SOURCES[stage]: database}, attack_inputs=attack_inputs) as gate:
        return gate.run(stage, rules)


def _has_expectations(rule: Rule, stage: Stage) -> bool:
    return rule.stage == stage and rule.kind in ("rows", "attack")


def _is_row_by_row(result: Any) -> bool:
    return _error(result) is None and "unexpected_count" in result.result


def _with_rows(definition: Any, result: Any) -> Any:
    """Ask again for what failed, with the keys of the rows."""
    configuration = result.expectation_config
    key = configuration.meta["key"]
    expectation = next(each for each in definition.suite.expectations if each.id == configuration.id)
    again = definition.batch_definition.get_batch().validate(
        expectation, result_format={"result_format": _WITH_ROWS, "unexpected_index_column_names": key}
    )
    if _error(again) is not None:
        return result
    rows = again.result.get("unexpected_index_list") or [
        value if isinstance(value, dict) else {"value": value} for value in again.result["unexpected_list"]
    ]
    # Great Expectations asks for them in no order.
    rows = sorted(rows, key=lambda row: json.dumps(row, default=str))
    if configuration.meta["is_measured"]:
        rows.sort(key=lambda row: _size(row[configuration.kwargs["column"]]), reverse=True)
    result.result = {name: value for name, value in result.result.items() if not name.startswith("partial_unexpected")} | {
        "unexpected_index_column_names": key,
        "unexpected_index_list": rows,
    }
    return result


def _size(value: float) -> float:
    """Return a number by which rows are ordered: what is none is the greatest, as in DuckDB."""
    return math.inf if math.isnan(value) else value


def _greatest(definition: Any, result: Any) -> float | None:
    """Return the greatest value of the column that is held against the limit of a rule; none where there is no value."""
    configuration = result.expectation_config
    if not configuration.meta["is_measured"] or _error(result) is not None:
        return None
    text = importlib.import_module("sqlalchemy").text
    query = text(f'select max("{configuration.kwargs["column"]}") from {definition.asset.qualified_name}')
    greatest = definition.data_source.get_execution_engine().execute_query(query).scalar()
    return None if greatest is None else float(greatest)


def _take(
    found: dict[str, _Found], wanted: Mapping[str, Rule], definition: Any, result: Any, greatest: float | None = None
) -> None:
    """Put what one expectation found to its rule."""
    configuration = result.expectation_config
    name = configuration.meta["rule"]
    if name not in wanted:
        return
    error = _error(result)
    if error is not None:
        found[name].error = error
        return
    table, outcome = definition.asset.name, result.result
    if "details" in outcome and "checked" in (outcome["details"] or {}):
        found[name].parts.append(_Part(table, Counted(**outcome["details"])))
    elif "unexpected_count" in outcome:
        # Of no row Great Expectations counts nothing at all.
        failing = 0 if outcome["element_count"] == 0 else outcome["unexpected_count"]
        checked = outcome["element_count"] - (outcome.get("missing_count") or 0)
        rows = outcome.get("unexpected_index_list") or []
        keys = [row_key(wanted[name].key, row) for row in rows] if wanted[name].key else []
        found[name].parts.append(_Part(table, Counted(checked, failing, greatest, rows, keys)))
    else:
        failing = 0 if result.success else 1
        mismatched = (outcome.get("details") or {}).get("mismatched") or [{"observed_value": outcome["observed_value"]}]
        found[name].parts.append(_Part(table, Counted(1, failing, None, mismatched if failing else []), is_whole=True))


def _together(rule: Rule, parts: list[_Part]) -> Counted:
    """Return what the parts of a rule found as one.

    Several expectations on one table look at the same rows, so the most of them count; a row that fails two of them fails
    twice. One that is about a table as a whole has looked at no row where others do, and counts where no row fails.
    """
    by_row = [part for part in parts if not part.is_whole]
    checked: dict[str, int] = defaultdict(int)
    for part in by_row or parts:
        checked[part.table] = max(checked[part.table], part.counted.checked)
    if any(part.counted.failing for part in by_row):
        parts = by_row
    rows = [
        row if len(checked) == 1 or "table_name" in row else {"table_name": part.table} | row
        for part in parts
        for row in part.counted.rows
    ]
    return Counted(
        checked=sum(checked.values()),
        failing=sum(part.counted.failing for part in parts),
        value=max((part.counted.value for part in parts if part.counted.value is not None), default=None),
        rows=rows[:SHOWN_ROWS],
        keys=list(dict.fromkeys(key for part in parts for key in part.counted.keys)),
        details=next((part.counted.details for part in parts if part.counted.details), {}),
        questions=sorted({(name, year) for part in parts for name, year in part.counted.questions}),
    )


def _native(validation: Any) -> dict[str, Any]:
    """Return a validation result as Great Expectations writes it, without what the run and not the data made."""
    content: dict[str, Any] = validation.to_json_dict()
    content["meta"] = {name: value for name, value in content["meta"].items() if name not in _VOLATILE}
    for result in content["results"]:
        result["exception_info"] = {"exception_message": _message(result["exception_info"])}
        rows = result["result"].get("unexpected_index_list")
        if rows:
            result["result"]["unexpected_index_list"] = rows[:SHOWN_ROWS]
    return content


def _message(exceptions: Mapping[str, Any] | None) -> str | None:
    """Return the message of the exception for which an expectation could not run."""
    found = exceptions or {}
    for value in [found, *(item for item in found.values() if isinstance(item, Mapping))]:
        if value.get("exception_message"):
            # The query stands in the rule; the message alone says what is wrong with it.
            return " ".join(str(value["exception_message"]).partition("[SQL:")[0].split())
    return None


def _error(result: Any) -> str | None:
    """Return why an expectation could not run, or None where it ran."""
    message = _message(getattr(result, "exception_info", None))
    return message or (None if result.result else "no result")
