"""The project's own Great Expectations expectation: a rule holds on every row that it looks at.

Importing this module imports Great Expectations, which takes seconds; ``checkpoint`` does it when it is needed.
"""

from __future__ import annotations

from typing import Any, ClassVar

import sqlalchemy as sa
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

# Failing rows that a result shows; the count is of all.
SHOWN_ROWS = 20


class RuleOutcome(QueryMetricProvider):  # type: ignore[misc]
    """Metric: how many rows a rule looks at, how many of them fail, and the first of those."""

    metric_name = "rule.outcome"
    value_keys = ("rows_query", "fails_when", "worst_first")

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # noqa: N805  GX makes it a class method
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        rows, fails_when = metric_value_kwargs["rows_query"], metric_value_kwargs["fails_when"]
        order = (
            f"{metric_value_kwargs['worst_first']} desc nulls first, looked_at"
            if metric_value_kwargs["worst_first"]
            else "all"
        )
        # A condition that is unknown (null) is not known to hold, so it fails.
        failing = f"coalesce(({fails_when}), true)"
        # Colons of SQL are no bind parameters.
        counts = execution_engine.execute_query(
            sa.text(f"select count(*), count(*) filter (where {failing}) from ({rows}) as looked_at".replace(":", "\\:"))
        ).fetchone()
        shown: list[dict[str, Any]] = []
        if counts[1]:
            result = execution_engine.execute_query(
                sa.text(
                    f"select * from ({rows}) as looked_at where {failing} order by {order} limit {SHOWN_ROWS}".replace(
                        ":", "\\:"
                    )
                )
            )
            shown = [{name: _plain(value) for name, value in row._mapping.items()} for row in result]
        return {"checked": int(counts[0]), "failing": int(counts[1]), "rows": shown}


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


class ExpectRuleToHold(BatchExpectation):  # type: ignore[misc]
    """Expect that no row of ``rows_query`` meets ``fails_when``, and that there is a row to look at.

    ``may_be_empty`` lets a rule pass that looks at no row.
    """

    rule_id: str
    rows_query: str
    fails_when: str
    worst_first: str = ""
    may_be_empty: bool = False

    metric_dependencies: ClassVar[tuple[str, ...]] = ("rule.outcome",)
    success_keys: ClassVar[tuple[str, ...]] = ("rows_query", "fails_when", "worst_first")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        outcome = metrics["rule.outcome"]
        return {
            "success": outcome["failing"] == 0 and (outcome["checked"] > 0 or self.may_be_empty),
            "result": {"observed_value": outcome["failing"], "details": outcome},
        }
