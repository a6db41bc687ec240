"""Runs one untrusted SELECT on a published DuckDB file, in a separate process that can be stopped or crash safely.

Belongs here: what such a query may use, and the limits of its process. Does not belong here: HTTP (``queries`` starts
this).

Only the standard library and DuckDB are imported, so that the process starts at once. It reads one JSON object from standard
input and writes one to standard output. DuckDB's own guards (read-only, no external access, locked configuration) are not
enough: its settings and catalogue reveal paths of the machine, some functions run SQL from text, others can fill any memory.
So DuckDB parses the query, and every part of it must be on a list of what is allowed; anything else is refused.
"""

from __future__ import annotations

import decimal
import json
import math
import resource
import sys
from typing import Any

import duckdb


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Values, comparisons, CASE; no lambdas, no parameters, no collations.
EXPRESSIONS = _words("""
    BETWEEN CASE CAST COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION OPERATOR POSITIONAL_REFERENCE STAR SUBQUERY WINDOW
""")
# What FROM may contain; no table functions, which can read files and settings, and run SQL from text.
SOURCES = _words("BASE_TABLE EMPTY EXPRESSION_LIST JOIN SUBQUERY")
# No recursion: it might not end.
QUERIES = _words("SELECT_NODE SET_OPERATION_NODE")
MODIFIERS = _words("DISTINCT_MODIFIER LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER")
ORDERS = _words("ASCENDING DESCENDING ORDER_DEFAULT")
TYPES = _words("""
    BIGINT BOOLEAN DATE DECIMAL DOUBLE FLOAT HUGEINT INTEGER SMALLINT TINYINT UBIGINT UINTEGER USMALLINT UTINYINT VARCHAR
""")
# Scalar, aggregate and window functions. Left out: functions that read files, settings or the clock, run SQL, are random, or
# make a large value from a small one.
FUNCTIONS = _words("""
    + - * / // % ** ^ || ~~ !~~ ~~* !~~* like_escape not_like_escape ilike_escape not_ilike_escape
    abs ceil ceiling exp floor greatest isfinite isinf isnan least ln log log10 log2 mod pow power round round_even sign
    sqrt trunc
    coalesce ifnull nullif
    concat concat_ws contains ends_with instr left length lower ltrim position prefix regexp_extract regexp_full_match
    regexp_matches replace right rtrim split_part starts_with strlen strpos substr substring suffix trim upper
    any_value arg_max arg_min avg bool_and bool_or corr count count_if count_star covar_pop covar_samp first last max max_by
    mean median min min_by mode quantile quantile_cont quantile_disc regr_intercept regr_r2 regr_slope stddev stddev_pop
    stddev_samp string_agg sum var_pop var_samp variance
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
""")

NARROW = "aggregate, filter, add a limit, or read the files of the snapshot"


class RefusedQueryError(Exception):
    """The query is refused; ``what`` says why, ``remedy`` what to do instead, ``status`` is that of HTTP."""

    def __init__(self, what: str, remedy: str, status: int = 400) -> None:
        """Store the parts of the message."""
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.status = status

    def as_answer(self) -> dict[str, Any]:
        """Return the refusal in the form that ``queries`` reads."""
        return {"refused": self.what, "remedy": self.remedy, "status": self.status}


def _out_of_memory() -> RefusedQueryError:
    return RefusedQueryError("the query needs more memory than is allowed", NARROW, 413)


def parse(sql: str) -> dict[str, Any]:
    """Return the only SELECT of a text, as parsed by DuckDB.

    Raises:
        RefusedQueryError: the text is not SQL, not a SELECT, has parameters, or is more than one statement.
    """
    if "\0" in sql:
        raise RefusedQueryError("the SQL contains a zero byte", "send text")
    with duckdb.connect(":memory:") as connection:
        try:
            statements = connection.extract_statements(sql)
        except duckdb.Error as error:
            raise RefusedQueryError(str(error).splitlines()[0], "correct the SQL") from error
        if len(statements) != 1:
            raise RefusedQueryError(f"there are {len(statements)} statements", "send one SELECT")
        if statements[0].type != duckdb.StatementType.SELECT:
            raise RefusedQueryError(f"{statements[0].type.name} is not allowed", "send one SELECT")
        # Not passed as a parameter: for parameters DuckDB imports pandas, which takes longer than everything else.
        text = sql.replace("'", "''")
        row = connection.execute(f"select json_serialize_sql('{text}')").fetchone()
    parsed: dict[str, Any] = json.loads(row[0]) if row else {}
    if parsed.get("error", True) or len(parsed["statements"]) != 1:
        raise RefusedQueryError("the statement is not a plain SELECT", "send one SELECT")
    if parsed["statements"][0]["named_param_map"]:
        raise RefusedQueryError("parameters are not allowed", "write the values into the SQL")
    node: dict[str, Any] = parsed["statements"][0]["node"]
    return node


def check(part: Any, tables: frozenset[str], visible: frozenset[str] = frozenset()) -> None:
    """Refuse a part of a query that names or does what is not allowed.

    Args:
        part: a part of the parsed query.
        tables: the public tables.
        visible: names that WITH defines for this part. They count only where DuckDB also resolves them; elsewhere, such a
            name could mean one of DuckDB's own tables.

    Raises:
        RefusedQueryError: the part is not allowed.
    """
    if isinstance(part, list):
        for each in part:
            check(each, tables, visible)
        return
    if not isinstance(part, dict):
        return
    kind = part.get("type")
    rest = dict(part)
    if "class" in part:
        _check_expression(part)
    elif "cte_map" in part:
        if kind not in QUERIES:
            raise RefusedQueryError(f"{_format_kind(kind)} is not allowed", "send one SELECT without recursion")
        for entry in rest.pop("cte_map")["map"]:
            check(entry["value"], tables, visible)
            visible |= {entry["key"].lower()}
    elif kind == "BASE_TABLE":
        _check_table(part, tables, visible)
    elif isinstance(kind, str) and kind not in SOURCES | MODIFIERS | ORDERS:
        raise RefusedQueryError(f"{_format_kind(kind)} is not allowed", f"read from the tables: {', '.join(sorted(tables))}")
    for each in rest.values():
        check(each, tables, visible)


def _check_expression(part: dict[str, Any]) -> None:
    if part["class"] not in EXPRESSIONS:
        raise RefusedQueryError(
            f"{_format_kind(part['class'])} is not allowed", "use columns, values, comparisons and functions"
        )
    if "function_name" in part and part["function_name"].lower() not in FUNCTIONS:
        name = part["function_name"][:60]
        raise RefusedQueryError(f"the function {name!r} is not allowed", "openapi.json lists the functions")
    if part["class"] == "CAST" and part["cast_type"]["id"] not in TYPES:
        raise RefusedQueryError(
            f"the type {part['cast_type']['id']} is not allowed", f"types are {', '.join(sorted(TYPES))}"
        )


def _check_table(part: dict[str, Any], tables: frozenset[str], visible: frozenset[str]) -> None:
    name = part["table_name"].lower()
    known = name in tables and part["schema_name"].lower() in ("", "main")
    given = name in visible and not part["schema_name"]
    if part["catalog_name"] or not (known or given):
        raise RefusedQueryError(f"there is no table {part['table_name'][:60]!r}", f"tables are {', '.join(sorted(tables))}")


def _format_kind(kind: object) -> str:
    return str(kind).replace("_", " ").lower()


def _confine(limits: dict[str, Any]) -> None:
    """Let the operating system enforce the limits of this process, whatever DuckDB does."""
    # DuckDB's own limit covers its buffers, but not all text; code and threads need additional memory.
    memory = (2 * limits["memory_megabytes"] + 1_000) * 1_000_000
    processor = math.ceil(limits["seconds"] * limits["threads"]) + 1
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Return columns, types and rows of a query.

    Raises:
        RefusedQueryError: the query is not allowed or incorrect, or its answer is too large.
    """
    node = parse(request["sql"])
    check(node, frozenset(request["tables"]))
    with duckdb.connect(request["database"], read_only=True, config=request["configuration"]) as connection:
        try:
            cursor = connection.execute(request["sql"])
            names = [column[0] for column in cursor.description or []]
            types = [str(column[1]) for column in cursor.description or []]
            most = request["limits"]["cells"] // max(len(names), 1)
            rows = cursor.fetchmany(most + 1)
        except duckdb.OutOfMemoryException as error:
            raise _out_of_memory() from error
        except duckdb.Error as error:
            raise RefusedQueryError(str(error).splitlines()[0], "correct it; /tables lists tables and columns") from error
    if len(rows) > most:
        raise RefusedQueryError(f"the answer has more than {request['limits']['cells']:,} cells", NARROW, 413)
    return {"names": names, "types": types, "rows": [[_plain(value) for value in row] for row in rows]}


def _plain(value: Any) -> Any:
    """Return a value for JSON; numbers that JSON cannot represent become None."""
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def main() -> None:
    """Read a request and answer it."""
    request = json.load(sys.stdin.buffer)
    _confine(request["limits"])
    try:
        answer = run(request)
    except RefusedQueryError as refusal:
        answer = refusal.as_answer()
    except MemoryError:
        answer = _out_of_memory().as_answer()
    text = json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace")
    if len(text) > request["limits"]["answer_megabytes"] * 1_000_000:
        text = json.dumps(RefusedQueryError("the answer is too long", NARROW, 413).as_answer()).encode()
    sys.stdout.buffer.write(text)


if __name__ == "__main__":
    main()
