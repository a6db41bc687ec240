"""The project's own expectations of Great Expectations: a rule holds on every row; an attack on the files finds nothing.

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

from orchestration.attack import attack
from orchestration.attack.result import PARTS
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
    """Metric: what an attack on the candidate's files derives, part by part; one attack serves the rules of all parts."""

    metric_name = "attack.outcome"
    value_keys = ("database", "earlier", "policy", "answer_groups")

    @metric_value(engine=SqlAlchemyExecutionEngine)  # type: ignore[untyped-decorator]
    def _sqlalchemy(
        cls,  # noqa: N805
        execution_engine: SqlAlchemyExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any],
    ) -> dict[str, Any]:
        database = Path(metric_value_kwargs["database"])
        found = attack(
            database,
            policy=Path(metric_value_kwargs["policy"]),
            answer_groups=Path(metric_value_kwargs["answer_groups"]),
            folder=database.parent,
            earlier=[Path(path) for path in metric_value_kwargs["earlier"]],
        )
        return {part: vars(attacked(found, part)) for part in PARTS}


class _ExpectNothing(BatchExpectation):  # type: ignore[misc]
    """What both expectations share: a metric that counts, and success when nothing fails and something was looked at."""

    rule_id: str
    may_be_empty: bool = False

    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id", "row_condition", "condition_parser")

    def _outcome(self, metrics: dict[str, Any]) -> dict[str, Any]:
        """Return what was counted for this rule."""
        (outcome,) = metrics.values()
        result: dict[str, Any] = outcome
        return result

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        outcome = self._outcome(metrics)
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


class ExpectAttackToFindNothing(_ExpectNothing):
    """Expect that one part of an attack derives nothing of a unit from the files of this and of earlier snapshots."""

    part: str
    database: str
    earlier: tuple[str, ...]
    policy: str
    answer_groups: str

    metric_dependencies: ClassVar[tuple[str, ...]] = ("attack.outcome",)
    success_keys: ClassVar[tuple[str, ...]] = ("database", "earlier", "policy", "answer_groups")

    def _outcome(self, metrics: dict[str, Any]) -> dict[str, Any]:
        outcome: dict[str, Any] = super()._outcome(metrics)[self.part]
        return outcome
