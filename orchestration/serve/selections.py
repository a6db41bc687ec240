"""A selection of a table: the chosen values of each variable, the default selection, and what a selection leaves out.

The public tables have rows that overlap: levels of area, divisions into areas, totals and their parts. A selection states
which of them it includes, so that nobody counts the same thing twice.
Belongs here: reading a selection from parameters, the default selection of a table, addresses, overlaps. Does not belong
here: values (``variables``), how they are written (``expressions``), rows (``questions``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import duckdb

from orchestration.core.tables import Table
from orchestration.publish.formats.cube import MEASURE
from orchestration.publish.remarks import BASIS_COLUMN
from orchestration.serve import expressions
from orchestration.serve.published import OpenSnapshot
from orchestration.serve.request_errors import RequestError
from orchestration.serve.variables import TIME, UNIT, Variable, has_figures, read_variables

# Parameters of PxWebApi 2; their names are not case-sensitive.
VALUES, CODELIST = "valueCodes", "codelist"
_NAMED = re.compile(r"^(valuecodes|codelist)\[(.*)\]$", re.IGNORECASE | re.DOTALL)

# Codes that include all others of their variable; the second one is that of the items of a question.
TOTALS = ("total", "all")
TOTAL = TOTALS[0]
# Today's areas, and the level of the default selection: it covers the country once.
CURRENT, FIRST_LEVEL = "current", "county"
# Variables of which any two values include the same units.
OVERLAPPING = (BASIS_COLUMN, "unit_set")
# Answers that are unions of others.
ANSWER, UNION_COLUMN = "answer", "is_union"
# How many of the newest years the default selection has.
YEARS = 5
# The default measures of a table of answers: a share, and the number of units it is based on.
OF_ANSWERS = ("share", "n_answered")


@dataclass(frozen=True)
class Selection:
    """The values chosen from a table.

    For the variables that a request names, ``chosen`` has codes in their order, and ``written`` the expressions of the
    request, which may mean other codes in the next snapshot.
    """

    table: Table
    variables: Mapping[str, Variable]
    chosen: Mapping[str, tuple[str, ...]]
    written: Mapping[str, str]

    @property
    def measures(self) -> tuple[str, ...] | None:
        """The chosen measures; None if the request names none."""
        return self.chosen.get(MEASURE)

    def codes(self, name: str) -> tuple[str, ...]:
        """Return the chosen codes of a variable: all if the request does not name it."""
        return self.chosen.get(name, self.variables[name].codes)

    def conditions(self) -> list[tuple[str, tuple[Any, ...]]]:
        """Return SQL conditions with their values."""
        return [
            (f"({self.variables[name].sql}) in ({', '.join('?' * len(codes))})", codes)
            for name, codes in self.chosen.items()
            if name != MEASURE and codes != self.variables[name].codes
        ]

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters for this selection."""
        return [(f"{VALUES}[{name}]", text) for name, text in self.written.items()]

    def left_out(self) -> dict[str, tuple[str, ...]]:
        """Return the codes that are not chosen, by variable."""
        found = {}
        for name, variable in self.variables.items():
            chosen = set(self.codes(name))
            rest = tuple(code for code in variable.codes if code not in chosen)
            if rest:
                found[name] = rest
        return found

    def overlaps(self, unions: frozenset[str] = frozenset()) -> list[str]:
        """Return the variables by which rows of the selection overlap.

        Args:
            unions: answers that are unions of others.
        """
        found: list[str] = []
        for name, variable in self.variables.items() if has_figures(self.table) else ():
            codes = self.codes(name)
            if len(codes) < 2 or variable.role in ("time", "metric"):
                continue
            chosen = set(codes)
            groups = {value.group for value in variable.values if value.code in chosen}
            has_total = any(code in TOTALS for code in codes)
            if name in OVERLAPPING or len(groups) > 1 or has_total or (name == ANSWER and unions & chosen):
                found.append(name)
        return found


def is_selection(name: str) -> bool:
    """Return whether a parameter chooses values of a variable."""
    return _NAMED.match(name) is not None


def read_selection(
    connection: duckdb.DuckDBPyConnection,
    snapshot: OpenSnapshot,
    table: Table,
    parameters: Sequence[tuple[str, str]],
    where: str,
    *,
    whole: bool = False,
) -> Selection:
    """Return the selection that the parameters make.

    Args:
        connection: has access to the table.
        snapshot: has its variables.
        table: the table to choose from.
        parameters: names and values; parameters that do not belong to a selection are ignored.
        where: the address, for refusals.
        whole: whether variables that the request does not name get the default values; otherwise all values are chosen.

    Raises:
        RequestError: a variable or value is unknown.
    """
    named: dict[str, dict[str, list[str]]] = {VALUES: {}, CODELIST: {}}
    for name, value in parameters:
        match = _NAMED.match(name)
        if match is not None:
            kind = VALUES if match[1].lower() == VALUES.lower() else CODELIST
            named[kind].setdefault(match[2].strip().lower(), []).append(value)
    each = table.cube.each if table.cube else None
    variables = read_variables(connection, snapshot, table)
    for name in {**named[VALUES], **named[CODELIST]}:
        if name not in variables:
            raise RequestError(
                400,
                f"{table.name} has no variable {name[:60]!r}",
                place=where,
                remedy=f"variables are {', '.join(variables)}",
            )
    chosen: dict[str, tuple[str, ...]] = {}
    if each and (each in named[VALUES] or whole):
        texts = named[VALUES].get(each) or [_longest(connection, table, each)]
        chosen[each] = _resolve(variables[each], texts, [], where)
        if len(chosen[each]) == 1:
            # Limit years, answers and areas to those of this cube.
            variables = read_variables(connection, snapshot, table, chosen[each][0])
    for name, variable in variables.items():
        if name != each and (name in named[VALUES] or name in named[CODELIST]):
            chosen[name] = _resolve(variable, named[VALUES].get(name, ["*"]), named[CODELIST].get(name, []), where)
    written = {
        name: _as_written(variables[name], named[VALUES].get(name), named[CODELIST].get(name), codes)
        for name, codes in chosen.items()
    }
    if whole:
        chosen, started = _completed(connection, table, variables, chosen)
        written |= started
    order = [name for name in variables if name in chosen]
    return Selection(
        table=table,
        variables=variables,
        chosen={name: chosen[name] for name in order},
        written={name: written[name] for name in order},
    )


def _longest(connection: duckdb.DuckDBPyConnection, table: Table, each: str) -> str:
    """Return the default cube of a table: of those with the newest year, the one with the most years."""
    found = connection.execute(
        f'''
        select "{each}" from "{table.name}" group by 1
        order by max("{TIME}") desc, count(distinct "{TIME}") desc, 1 limit 1
        '''
    ).fetchone()
    return str(found[0]) if found else "*"


def _resolve(variable: Variable, texts: Sequence[str], lists: Sequence[str], where: str) -> tuple[str, ...]:
    parts = [part for text in texts for part in expressions.split(text, where)]
    if parts == ["*"] and not variable.codes:
        return ()  # the table has no rows
    if not parts:
        raise RequestError(400, f"no values are given for {variable.name}", place=where, remedy=expressions.GRAMMAR)
    if not lists:
        return expressions.resolve(parts, variable.codes, variable.name, where, is_time=variable.role == "time")
    groups = variable.groups or {}
    if len(lists) > 1 or lists[0] not in groups:
        raise RequestError(
            400,
            f"{variable.name} has no code list {', '.join(lists)[:60]!r}",
            place=where,
            remedy=f"its code lists are {', '.join(groups)}" if groups else "leave the code list out",
        )
    # With a code list, that is a level, codes are written without the level.
    before = f"{lists[0]}:"
    codes = [code.removeprefix(before) for code in variable.codes if code.startswith(before)]
    found = set(expressions.resolve([part.removeprefix(before) for part in parts], codes, variable.name, where))
    return tuple(code for code in variable.codes if code.startswith(before) and code.removeprefix(before) in found)


def _as_written(variable: Variable, texts: Sequence[str] | None, lists: Sequence[str] | None, codes: tuple[str, ...]) -> str:
    """Return a choice for an address: an open expression unchanged, otherwise codes, with wildcards for whole levels."""
    if texts is not None and len(texts) == 1 and not lists and _is_open(texts[0]):
        return texts[0]
    return write(variable, codes)


def _is_open(text: str) -> bool:
    """Return whether an expression depends on which codes exist, unlike single codes."""
    return bool(re.search(r"[*?(]", text))


def write(variable: Variable, codes: Sequence[str]) -> str:
    """Return the shortest expressions for exactly these codes."""
    if tuple(codes) == variable.codes:
        return "*"
    chosen, parts = set(codes), []
    for group in variable.groups or {}:
        own = [value.code for value in variable.values if value.group == group]
        if len(own) > 1 and set(own) <= chosen:
            parts.append(f"{group}:*")
            chosen -= set(own)
    rest = [f"[{code}]" if "," in code else code for code in codes if code in chosen]
    return ",".join([*parts, *rest])


def _completed(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    variables: Mapping[str, Variable],
    given: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Return a selection completed with default values, and the expressions for these.

    Defaults are totals, today's areas, one level of them, and the newest years. A variable without a total gets its first
    value with rows in the newest year; answers get all values that are not unions. A table without figures has nothing to
    sum, and gets all values.
    """
    chosen, started = dict(given), {}

    def start(name: str, codes: Sequence[str], text: str | None = None) -> None:
        chosen[name] = tuple(codes)
        started[name] = write(variables[name], chosen[name]) if text is None else text

    missing = [name for name in variables if name not in chosen]
    for name in missing:
        codes = variables[name].codes
        if not has_figures(table) or not codes:
            start(name, codes, "*")
        elif variables[name].role == "time":
            start(name, codes[-YEARS:], f"top({YEARS})")
        elif variables[name].role == "metric":
            of_answers = [each for each in OF_ANSWERS if each in codes]
            start(name, of_answers if len(of_answers) == len(OF_ANSWERS) else codes[:1])
        elif name == UNIT:
            groups = list(variables[name].groups or {})
            level = FIRST_LEVEL if FIRST_LEVEL in groups else groups[0]
            start(name, [value.code for value in variables[name].values if value.group == level], f"{level}:*")
        elif name == BASIS_COLUMN:
            start(name, [CURRENT] if CURRENT in codes else codes[:1])
        else:
            total = next((code for code in codes if code == TOTAL or (code in TOTALS and table.cube)), None)
            if total is not None:
                start(name, [total])
            elif table.cube is None:
                start(name, codes, "*")
    for name in missing:
        if name not in chosen:
            present = _with_rows(connection, table, variables, chosen, name)
            unions = read_unions(connection, table, chosen)
            own = [code for code in present if code not in unions] if name == ANSWER else present[:1]
            start(name, own or variables[name].codes[:1])
    return chosen, started


def _with_rows(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    variables: Mapping[str, Variable],
    chosen: Mapping[str, tuple[str, ...]],
    name: str,
) -> list[str]:
    """Return the codes of a variable with rows in the newest chosen year, or in all chosen years if that has none."""
    time = next((each.name for each in variables.values() if each.role == "time"), None)
    tries = [{**chosen, time: chosen[time][-1:]}] if time and chosen.get(time) else []
    for narrowed in (*tries, chosen):
        conditions = Selection(table, variables, narrowed, {}).conditions()
        sql = " and ".join(text for text, _ in conditions) or "true"
        values = [value for _, each in conditions for value in each]
        found = {
            row[0]
            for row in connection.execute(
                f'select distinct {variables[name].sql} from "{table.name}" where {sql}', values
            ).fetchall()
        }
        if found:
            return [code for code in variables[name].codes if code in found]
    return []


def read_unions(connection: duckdb.DuckDBPyConnection, table: Table, chosen: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the answers that are unions of others in the chosen cube; none unless exactly one cube is chosen."""
    each = table.cube.each if table.cube else None
    if each is None or UNION_COLUMN not in table.column_names or len(chosen.get(each, ())) != 1:
        return frozenset()
    rows = connection.execute(
        f'select distinct "{ANSWER}" from "{table.name}" where {UNION_COLUMN} and "{each}" = ?', [chosen[each][0]]
    ).fetchall()
    return frozenset(row[0] for row in rows)


def address(path: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return a readable address; brackets are escaped as browsers do it."""
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='(),:*?')}" for name, value in parameters)
    return f"{path}?{query}" if query else path
