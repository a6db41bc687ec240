"""What Great Expectations' results mean for rules: what each rule found, and the native result that is kept.

Belongs here: reading new and remembered results. Does not belong here: running expectations (``checkpoint``), or what is
remembered under which hash (``result_keys``).
"""

from __future__ import annotations

import importlib
import json
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestration.gate.kept_results import Remembered
from orchestration.gate.result_keys import Recall
from orchestration.gate.results import SHOWN_ROWS, Counted
from orchestration.gate.rules import Rule, row_key

# Fields of Great Expectations that describe the run, not the data.
_VOLATILE = ("run_id", "validation_time", "batch_markers", "active_batch_definition", "batch_parameters")

# Fields of a suite's result that follow from the results of its expectations.
_OF_RESULTS = ("success", "results", "statistics")

# The result format with rows, and the columns of the key.
_WITH_ROWS = "COMPLETE"


@dataclass
class Part:
    """What one expectation found: its id and table, what was counted, and whether it counts the whole table as one."""

    expectation: str
    table: str
    counted: Counted
    is_whole: bool = False


@dataclass
class Found:
    """What the expectations of one rule found, and on which candidates those that were taken over were judged."""

    parts: list[Part] = field(default_factory=list)
    error: str | None = None
    judged_on: list[str | None] = field(default_factory=list)


def _is_row_by_row(result: Any) -> bool:
    return error_of(result) is None and "unexpected_count" in result.result


def _with_rows(definition: Any, result: Any) -> Any:
    """Run a failed expectation again to get the keys of the rows."""
    configuration = result.expectation_config
    key = configuration.meta["key"]
    expectation = next(each for each in definition.suite.expectations if each.id == configuration.id)
    again = definition.batch_definition.get_batch().validate(
        expectation, result_format={"result_format": _WITH_ROWS, "unexpected_index_column_names": key}
    )
    if error_of(again) is not None:
        return result
    rows = again.result.get("unexpected_index_list") or [
        value if isinstance(value, dict) else {"value": value} for value in again.result["unexpected_list"]
    ]
    # Great Expectations returns them in no particular order.
    rows = sorted(rows, key=lambda row: json.dumps(row, default=str))
    if configuration.meta["is_measured"]:
        rows.sort(key=lambda row: _size(row[configuration.kwargs["column"]]), reverse=True)
    result.result = {name: value for name, value in result.result.items() if not name.startswith("partial_unexpected")} | {
        "unexpected_index_column_names": key,
        "unexpected_index_list": rows,
    }
    return result


def _size(value: float) -> float:
    """Return a number by which rows are ordered: a missing value is the greatest, as in DuckDB."""
    return math.inf if math.isnan(value) else value


def _greatest(definition: Any, result: Any) -> float | None:
    """Return the greatest value of the column that a rule compares with its limit; None if there is no value."""
    configuration = result.expectation_config
    if not configuration.meta["is_measured"] or error_of(result) is not None:
        return None
    text = importlib.import_module("sqlalchemy").text
    query = text(f'select max("{configuration.kwargs["column"]}") from {definition.asset.qualified_name}')
    greatest = definition.data_source.get_execution_engine().execute_query(query).scalar()
    return None if greatest is None else float(greatest)


def take(
    found: dict[str, Found], wanted: Mapping[str, Rule], definition: Any, result: Any, greatest: float | None = None
) -> None:
    """Add what one expectation found to its rule."""
    configuration = result.expectation_config
    name = configuration.meta["rule"]
    if name not in wanted:
        return
    error = error_of(result)
    if error is not None:
        found[name].error = error
        return
    identifier, table, outcome = str(configuration.id), definition.asset.name, result.result
    if "details" in outcome and "checked" in (outcome["details"] or {}):
        found[name].parts.append(Part(identifier, table, Counted(**outcome["details"])))
    elif "unexpected_count" in outcome:
        # Without rows Great Expectations returns no counts.
        failing = 0 if outcome["element_count"] == 0 else outcome["unexpected_count"]
        checked = outcome["element_count"] - (outcome.get("missing_count") or 0)
        rows = outcome.get("unexpected_index_list") or []
        keys = [row_key(wanted[name].key, row) for row in rows] if wanted[name].key else []
        found[name].parts.append(Part(identifier, table, Counted(checked, failing, greatest, rows, keys)))
    else:
        failing = 0 if result.success else 1
        mismatched = (outcome.get("details") or {}).get("mismatched") or [{"observed_value": outcome["observed_value"]}]
        found[name].parts.append(
            Part(identifier, table, Counted(1, failing, None, mismatched if failing else []), is_whole=True)
        )


def together(rule: Rule, parts: list[Part]) -> Counted:
    """Combine what the parts of a rule found.

    Several expectations on one table look at the same rows, so the largest number counts; a row that fails two of them fails
    twice. An expectation on a table as a whole adds no rows where others look at rows, and counts where no row fails.
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


def remembered_results(definition: Any, recall: Recall | None) -> dict[str, Remembered]:
    """Return the remembered results of the expectations of a suite, by their ids."""
    if recall is None:
        return {}
    found = ((each.id, recall.find(definition.asset, each)) for each in definition.suite.expectations)
    return {identifier: remembered for identifier, remembered in found if remembered is not None}


def judged_suite(
    definition: Any,
    validation: Any,
    known: Mapping[str, Remembered],
    wanted: Mapping[str, Rule],
    recall: Recall | None,
    found: dict[str, Found],
) -> dict[str, Any]:
    """Add new and remembered results of a suite to its rules, and return them as Great Expectations writes them."""
    stated = {each.id: each for each in definition.suite.expectations}
    results = {identifier: remembered.content["result"] for identifier, remembered in known.items()}
    frame: dict[str, Any] = next((remembered.content["suite"] for remembered in known.values()), {})
    if validation is not None:
        for place, result in enumerate(validation.results):
            if not result.success and _is_row_by_row(result):
                validation.results[place] = result = _with_rows(definition, result)
            take(found, wanted, definition, result, _greatest(definition, result))
        native = _native(validation)
        frame = {name: None if name in _OF_RESULTS else value for name, value in native.items()}
        for result in native["results"]:
            identifier = result["expectation_config"]["id"]
            results[identifier] = result
            rule = found[result["expectation_config"]["meta"]["rule"]]
            rule.judged_on.append(None)
            if recall is not None and result["success"] and result["exception_info"]["exception_message"] is None:
                part = next(each for each in rule.parts if each.expectation == identifier)
                recall.keep(definition.asset, stated[identifier], {"result": result, "suite": frame, "part": asdict(part)})
    for identifier, remembered in known.items():
        name = results[identifier]["expectation_config"]["meta"]["rule"]
        if name in wanted:
            part = remembered.content["part"]
            found[name].parts.append(Part(**part | {"counted": Counted(**part["counted"])}))
            found[name].judged_on.append(remembered.judged_on)
    # Parts are combined in the order of the suite, whichever were remembered.
    order = {identifier: place for place, identifier in enumerate(stated)}
    for each in found.values():
        each.parts.sort(key=lambda part: order.get(part.expectation, -1))
    in_order = [results[identifier] for identifier in stated if identifier in results]
    successes = sum(result["success"] for result in in_order)
    return frame | {
        "success": successes == len(in_order),
        "results": in_order,
        "statistics": {
            "evaluated_expectations": len(in_order),
            "successful_expectations": successes,
            "unsuccessful_expectations": len(in_order) - successes,
            "success_percent": 100 * successes / len(in_order) if in_order else None,
        },
    }


def _native(validation: Any) -> dict[str, Any]:
    """Return a validation result as Great Expectations writes it, without the fields that depend on the run."""
    content: dict[str, Any] = validation.to_json_dict()
    content["meta"] = {name: value for name, value in content["meta"].items() if name not in _VOLATILE}
    for result in content["results"]:
        result["exception_info"] = {"exception_message": _message(result["exception_info"])}
        rows = result["result"].get("unexpected_index_list")
        if rows:
            result["result"]["unexpected_index_list"] = rows[:SHOWN_ROWS]
    return content


def _message(exceptions: Mapping[str, Any] | None) -> str | None:
    """Return the message of the exception that kept an expectation from running."""
    found = exceptions or {}
    for value in [found, *(item for item in found.values() if isinstance(item, Mapping))]:
        if value.get("exception_message"):
            # The query is in the rule; only the message says what is wrong with it.
            return " ".join(str(value["exception_message"]).partition("[SQL:")[0].split())
    return None


def error_of(result: Any) -> str | None:
    """Return why an expectation could not run, or None where it ran."""
    message = _message(getattr(result, "exception_info", None))
    return message or (None if result.result else "no result")
