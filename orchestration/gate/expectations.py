"""The project's own expectations of Great Expectations: a rule holds on every row; an attack on the files finds nothing.

Importing this module imports Great Expectations, which takes seconds, and registers both with it; ``checkpoint`` does so
when needed, and the context's plugin ``is248_expectations`` does so for checkpoints that are run by hand.

Belongs here: what Great Expectations cannot state itself. Does not belong here: any single rule.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.compatibility import pydantic
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations import UnexpectedRowsExpectation
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from orchestration.attack import attack
from orchestration.attack.result import PARTS
from orchestration.core.settings import load_settings
from orchestration.disclosure import policy
from orchestration.gate.attack_rules import AttackInputs, attacked
from orchestration.gate.results import SHOWN_ROWS, Counted
from orchestration.gate.rules import BATCH, FOLDER, row_key

# Most failing rows whose keys a waiver can name; a rule with more failing rows has not been understood.
MOST_KEYS = 1000

# The result formats without rows.
_WITHOUT_ROWS = ("BOOLEAN_ONLY", "BASIC")

# What the attack of a run needs; a checkpoint run by hand takes it from the settings.
ATTACK_INPUTS: ContextVar[AttackInputs | None] = ContextVar("attack_inputs", default=None)


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _database(engine: SqlAlchemyExecutionEngine) -> Path:
    return Path(str(engine.engine.url.database)).resolve()


class RuleOutcome(QueryMetricProvider):  # type: ignore[misc]
    """Metric: how many rows a rule looks at, how many of them fail, and the first of those."""

    metric_name = "rule.outcome"
    value_keys = ("rows_query", "unexpected_rows_query", "fails_when", "value", "key")

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # noqa: N805  GX makes it a class method
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        batch, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        if not isinstance(batch, sa.Table):
            batch = f"({batch.compile(dialect=execution_engine.engine.dialect, compile_kwargs={'literal_binds': True})})"
        filled = {BATCH: str(batch), FOLDER: str(_database(execution_engine).parent).replace("'", "''")}

        def fetch(query: str) -> list[dict[str, Any]]:
            # Colons in the SQL are not bind parameters.
            found = execution_engine.execute_query(sa.text(query.replace(":", "\\:")))
            return [dict(row._mapping) for row in found]

        query, condition, value, key = (metric_value_kwargs[name] for name in ("rows_query", "fails_when", "value", "key"))
        greatest = f"cast(max({value}) as double)" if value else "cast(null as double)"
        (counts,) = fetch(
            f"select count(*) as checked, count(*) filter (where {condition}) as failing, {greatest} as greatest "
            f"from ({query.format(**filled)}) as looked_at"
        )
        counted = Counted(int(counts["checked"]), int(counts["failing"]), counts["greatest"])
        if counted.failing and runtime_configuration.get("result_format") not in _WITHOUT_ROWS:
            unexpected = metric_value_kwargs["unexpected_rows_query"].format(**filled)
            rows = fetch(f"{unexpected} limit {MOST_KEYS if key else SHOWN_ROWS}")
            shown = [{name: _plain(entry) for name, entry in row.items()} for row in rows[:SHOWN_ROWS]]
            counted = replace(counted, rows=shown, keys=[row_key(key, row) for row in rows] if key else [])
        return vars(counted)


class AttackOutcome(QueryMetricProvider):  # type: ignore[misc]
    """Metric: what an attack on the candidate's files derives, part by part; one attack serves the rules of all parts."""

    metric_name = "attack.outcome"
    value_keys = ()

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        database = _database(execution_engine)
        inputs = ATTACK_INPUTS.get() or _inputs_of_settings(database)
        found = attack(
            database,
            policy=inputs.policy,
            answer_groups=inputs.answer_groups,
            folder=database.parent,
            earlier=list(inputs.earlier),
            readings=inputs.readings,
            kept=inputs.kept,
        )
        return {part: vars(attacked(found, part)) for part in PARTS}


def _inputs_of_settings(database: Path) -> AttackInputs:
    settings = load_settings()
    from orchestration.gate.judging import earlier_databases  # imported here: it imports this

    inputs = AttackInputs(
        earlier_databases(settings), settings.data / policy.FILE, settings.data / "indicators" / "answer_groups.csv"
    )
    return inputs.before(database.parent.name)


def _judged(outcome: dict[str, Any], may_be_empty: bool) -> dict[str, Any]:
    """Return a validation result: success where no row fails and at least one was looked at."""
    return {
        "success": outcome["failing"] == 0 and (outcome["checked"] > 0 or may_be_empty),
        "result": {"observed_value": outcome["failing"], "details": outcome},
    }


class ExpectRuleToHold(UnexpectedRowsExpectation):  # type: ignore[misc]
    """Expect that no row of ``rows_query`` meets ``fails_when``, and that there is a row to look at.

    The rows that meet it are the ``unexpected_rows_query``, which is made of both. Beside their number the result has how
    many rows were looked at, the greatest ``value``, the first unexpected rows and their ``key``. With ``may_be_empty`` the
    rule also holds where there is no row. ``{batch}`` in the query is the table, ``{candidate}`` the folder of its file.
    """

    unexpected_rows_query: str = ""
    rows_query: str
    fails_when: str
    value: str = ""
    key: list[str] = pydantic.Field(default_factory=list)
    may_be_empty: bool = False

    metric_dependencies: ClassVar[tuple[str, ...]] = ("rule.outcome",)
    success_keys: ClassVar[tuple[str, ...]] = RuleOutcome.value_keys

    @pydantic.validator("unexpected_rows_query")  # type: ignore[untyped-decorator]
    def _validate_query(cls, query: str) -> str:  # noqa: N805
        """Let a query read other tables besides its own, without the warning that the parent prints each time."""
        return query

    @pydantic.root_validator(pre=True)  # type: ignore[untyped-decorator]
    def _unexpected_rows_are_those_that_fail(cls, values: dict[str, Any]) -> dict[str, Any]:  # noqa: N805
        value, condition = (str(values.get(name) or "") for name in ("value", "fails_when"))
        order = f"{value} desc nulls first, looked_at" if value else "all"
        rest = f" as looked_at where {condition} order by {order}".replace("{", "{{").replace("}", "}}")
        return values | {"unexpected_rows_query": f"select * from ({values.get('rows_query')}){rest}"}

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        return _judged(metrics["rule.outcome"], self.may_be_empty)


class ExpectAttackToFindNothing(BatchExpectation):  # type: ignore[misc]
    """Expect that one part of an attack derives nothing about a unit from the files of this and earlier snapshots."""

    part: str
    may_be_empty: bool = False

    metric_dependencies: ClassVar[tuple[str, ...]] = ("attack.outcome",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")
    success_keys: ClassVar[tuple[str, ...]] = ("part",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        return _judged(metrics["attack.outcome"][self.part], self.may_be_empty)
