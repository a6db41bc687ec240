"""The project's own Great Expectations expectations: a rule holds on every row; hidden figures stay hidden.

Importing this module imports Great Expectations, which takes seconds; ``checkpoint`` does it when it is needed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

from orchestration.disclosure.attack import attack
from orchestration.gate.counting import attacked, count_rows


class RuleOutcome(QueryMetricProvider):  # type: ignore[misc]
    """Metric: how many rows a rule looks at, how many of them fail, and the first of those."""

    metric_name = "rule.outcome"
    value_keys = ("rows_query", "condition", "value", "key")

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # noqa: N805  GX makes it a class method
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        def fetch(query: str) -> list[dict[str, Any]]:
            # Colons of SQL are no bind parameters.
            found = execution_engine.execute_query(sa.text(query.replace(":", "\\:")))
            return [dict(row._mapping) for row in found]

        return vars(count_rows(fetch, **metric_value_kwargs))


class AttackOutcome(QueryMetricProvider):  # type: ignore[misc]
    """Metric: hidden figures of the candidate that a reader can work out."""

    metric_name = "hidden_figures.recovered"
    value_keys = ("database", "additions", "snapshots")

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        paths = {name: Path(text) for name, text in metric_value_kwargs.items()}
        return vars(attacked(attack(paths["database"], paths["additions"], paths["snapshots"])))


class _ExpectNothing(BatchExpectation):  # type: ignore[misc]
    """What both expectations share: a metric that counts, and success when nothing fails and something was looked at."""

    rule_id: str
    may_be_empty: bool = False

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        (outcome,) = metrics.values()
        return {
            "success": outcome["failing"] == 0 and (outcome["checked"] > 0 or self.may_be_empty),
            "result": {"observed_value": outcome["failing"], "details": outcome},
        }


class ExpectRuleToHold(_ExpectNothing):
    """Expect that no row of ``rows_query`` meets ``condition``, and that there is a row to look at.

    ``may_be_empty`` lets a rule pass that looks at no row.
    """

    rows_query: str
    condition: str
    value: str = ""
    key: tuple[str, ...] = ()

    metric_dependencies: ClassVar[tuple[str, ...]] = ("rule.outcome",)
    success_keys: ClassVar[tuple[str, ...]] = ("rows_query", "condition", "value", "key")


class ExpectHiddenFiguresToStayHidden(_ExpectNothing):
    """Expect that no hidden figure of the candidate follows from what is public, now or in earlier snapshots."""

    database: str
    additions: str
    snapshots: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("hidden_figures.recovered",)
    success_keys: ClassVar[tuple[str, ...]] = ("database", "additions", "snapshots")
