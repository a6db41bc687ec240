"""The content of /openapi.json: every address with its parameters, its possible statuses, and the form of its answer.

Belongs here: only the description for machines; a test validates real answers against it. Does not belong here: making
answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from orchestration.publish.formats.cube import MEASURE
from orchestration.serve import isolated, pages, questions
from orchestration.serve.answers import MEDIA_TYPE_CSV, MEDIA_TYPE_JSON
from orchestration.serve.selections import CODELIST, VALUES
from orchestration.serve.table_layout import ORDERS
from orchestration.serve.wording import NORWEGIAN, SEPARATORS, STYLES

Described = dict[str, Any]

TITLE = "IS-24/8: published tables"
DESCRIPTION = f"""Read-only access to the published snapshot. Browsers get pages, programs JSON, CSV, xlsx or JSON-stat.

Rows of the tables overlap: levels of area, divisions into areas, totals and their parts. Never sum over them;
`/tables/<table>/defaultselection` is a selection that does not overlap.

Selections, as in PxWebApi 2: `{VALUES}[unit]=county:*`, `{VALUES}[time_period]=top(3)`, with codes, `*`, `?`, `top(n)`,
`bottom(n)`, `from(x)`, `to(x)` and `range(x,y)`. `{VALUES}[{MEASURE}]` chooses measures, `{CODELIST}[unit]=county` areas
of a level, whose codes are then written without it.

Filters: any column as a parameter, with one value or several (`unit_level=county&target_group=adults,children`; put a value
with a comma in double quotes; an empty value finds missing ones). `select` chooses columns, `sort` orders rows (`-fte` for
descending), `limit` and `offset` choose a page; `next` and the header `Link` have the address of the next page.

Every answer names its snapshot in the header `Snapshot-Id`; `Snapshot-Notice` is present if figures are not official.
Answers have an `ETag`: if you send it in `If-None-Match`, the answer is empty (304) until another snapshot is published.
HEAD is answered wherever GET is."""

SQL_DESCRIPTION = f"""One SELECT on the tables of `/tables`, in DuckDB's SQL, with CTEs, joins, subqueries and windows.

Not allowed: statements other than SELECT, recursion, table functions, PIVOT, DESCRIBE, and functions other than these:
{" ".join(f"`{name}`" for name in sorted(isolated.FUNCTIONS))}"""

# What FastAPI receives for each address; ``complete`` adds the rest.
ROOT: Described = {"summary": "What this service is, and how to use it"}
LIST: Described = {"summary": "The tables, with titles, columns and keys"}
TABLE: Described = {"summary": "A table: a page to choose from, or its description with all codes"}
START: Described = {"summary": "The default selection of a table: it does not overlap, and says what it leaves out"}
ROWS: Described = {"summary": "Rows of a table"}
QUERY_GET: Described = {"summary": "One SELECT", "description": SQL_DESCRIPTION}
QUERY_POST: Described = {"summary": "One SELECT, as parameter or body", "description": SQL_DESCRIPTION}


def _parameter(name: str, description: str, **schema: Any) -> Described:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema or {"type": "string"},
    }


def _by_name(name: str, description: str) -> Described:
    """Return a parameter of the form name[variable]."""
    kind = {"type": "object", "additionalProperties": {"type": "string"}}
    return {**_parameter(name, description, **kind), "style": "deepObject", "explode": True}


TABLE_NAME: Described = {
    "name": "table",
    "in": "path",
    "required": True,
    "description": "Name of a table, as /tables lists them.",
    "schema": {"type": "string"},
}
SELECTION = [
    _by_name(VALUES, "Values of a variable: codes, *, ?, top(n), bottom(n), from(x), to(x), range(x,y), joined by commas."),
    _by_name(CODELIST, "A level of area; codes of the variable are then written without it."),
    {
        **_parameter(
            "filters",
            "Any column of the table with its values: unit_level=county&target_group=adults,children",
            type="object",
            additionalProperties={"type": "string"},
        ),
        "style": "form",
        "explode": True,
    },
]
LANGUAGE = _parameter(
    questions.LANGUAGE, "Language of pages, texts and cubes; nb by default.", type="string", enum=list(NORWEGIAN)
)
LAYOUT = [
    _parameter(questions.HEADING, "Variables above the columns, joined by commas; for pages and xlsx."),
    _parameter(questions.STUB, "Variables at the side of the rows, joined by commas; for pages and xlsx."),
    _parameter(questions.ORDER, "The order of rows; for pages and xlsx.", type="string", enum=list(ORDERS)),
]
OFFSET = _parameter(questions.OFFSET, "How many rows to skip.", type="integer", minimum=0)


def _formats(name: str, formats: Iterable[str]) -> Described:
    return _parameter(name, "Takes precedence over the header Accept.", type="string", enum=list(formats))


OUTPUT = "outputFormat"
OF_PAGES = [_formats(name, questions.OF_PAGES) for name in (questions.FORMAT, OUTPUT)]
OF_ROWS = [_formats(name, (*questions.OF_ROWS, "json-stat2")) for name in (questions.FORMAT, OUTPUT)]
OF_SQL = [_formats(name, questions.OF_SQL) for name in (questions.FORMAT, OUTPUT)]
SQL = _parameter(questions.SQL, "The SELECT; a POST may have it in the body instead.")
SORT = _parameter(questions.SORT, "Columns to order by, joined by commas, with a minus for descending; the key by default.")

PARAMETERS: dict[tuple[str, str], list[Described]] = {
    ("/", "get"): [LANGUAGE, *OF_PAGES],
    ("/tables", "get"): [LANGUAGE, *OF_PAGES],
    ("/tables/{table}", "get"): [TABLE_NAME, *SELECTION, *LAYOUT, SORT, OFFSET, LANGUAGE, *OF_PAGES],
    ("/tables/{table}/defaultselection", "get"): [TABLE_NAME],
    ("/tables/{table}/data", "get"): [
        TABLE_NAME,
        *SELECTION,
        _parameter(questions.SELECT, "Columns to return, joined by commas; all by default. For JSON-stat: measures."),
        SORT,
        _parameter(questions.LIMIT, "The maximum number of rows.", type="integer", minimum=0),
        OFFSET,
        *LAYOUT,
        _parameter(
            questions.WORDING,
            f"Whether to write codes or texts, and the separator of CSV: {', '.join((*STYLES, *SEPARATORS))}.",
        ),
        LANGUAGE,
        *OF_ROWS,
    ],
    ("/query", "get"): [SQL, *OF_SQL],
    ("/query", "post"): [SQL, *OF_SQL],
}

TEXT: Described = {"type": "string"}
NULLABLE_TEXT: Described = {"type": ["string", "null"]}
COUNT: Described = {"type": "integer", "minimum": 0}


def _object(required: Described, optional: Described | None = None, *, others: bool = False) -> Described:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": others,
    }


def _list(items: Described) -> Described:
    return {"type": "array", "items": items}


def _schema(name: str) -> Described:
    return {"$ref": f"#/components/schemas/{name}"}


LABEL = _schema("Label")
OF_SNAPSHOT: Described = {"snapshot": TEXT, "channel": TEXT, "notice": {"anyOf": [LABEL, {"type": "null"}]}}
CODE = _object({"code": TEXT, "label": LABEL})
CELLS: Described = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}}
COLUMNS = _list(_object({"name": TEXT, "type": TEXT}))
IN_SHORT: Described = {
    "table": TEXT,
    "title": LABEL,
    "key": _list(TEXT),
    "measures": _list(TEXT),
    "columns": _list(TEXT),
    "rows": COUNT,
    "formats": _list({"type": "string", "enum": list(questions.OF_ROWS)}),
    "data": TEXT,
}
SCHEMAS: Described = {
    "Label": _object({"nb": TEXT, "en": TEXT}, {"nn": NULLABLE_TEXT}),
    "Error": _object({"error": TEXT, "place": TEXT, "remedy": TEXT}),
    "Service": _object(
        {
            **OF_SNAPSHOT,
            "title": LABEL,
            "publisher": LABEL,
            "licence": TEXT,
            "tables": TEXT,
            "query": TEXT,
            "description": TEXT,
        }
    ),
    "Tables": _object({**OF_SNAPSHOT, "tables": _list(_object(IN_SHORT))}),
    "Table": _object(
        {
            **OF_SNAPSHOT,
            **IN_SHORT,
            "description": LABEL,
            "columns": _list(_object({"name": TEXT, "type": TEXT, "title": LABEL, "description": LABEL}, others=True)),
            "codes": {"type": "object", "additionalProperties": _list(CODE)},
            "variables": _list(
                _object(
                    {
                        "code": TEXT,
                        "title": LABEL,
                        "role": {"enum": ["time", "geo", "metric", None]},
                        "count": COUNT,
                        "codelists": _list(_object({"id": TEXT, "label": LABEL})),
                        "values": {"anyOf": [_list(CODE), {"type": "null"}]},
                    }
                )
            ),
        },
        others=True,
    ),
    "Selection": _object(
        {
            **OF_SNAPSHOT,
            "table": TEXT,
            "selection": _list(_object({"variableCode": TEXT, "valueCodes": _list(TEXT)})),
            "placement": _object({"heading": _list(TEXT), "stub": _list(TEXT)}),
            "left_out": {"type": "object", "additionalProperties": _list(TEXT)},
            "data": TEXT,
        }
    ),
    "Rows": _object(
        {
            **OF_SNAPSHOT,
            "table": TEXT,
            "total_rows": COUNT,
            "offset": COUNT,
            "next": {"type": ["string", "null"], "description": "The address of the next page; null on the last."},
            "columns": COLUMNS,
            "rows": _list(CELLS),
            "labels": {
                "type": "object",
                "description": "Labels of the codes in the rows, by column and code.",
                "additionalProperties": {"type": "object", "additionalProperties": LABEL},
            },
            "breaks": _list(
                _object(
                    {
                        "indicator": TEXT,
                        "time_period": {"type": "integer"},
                        "kind": TEXT,
                        "label": LABEL,
                        "comparable_before": {"type": ["boolean", "null"]},
                        "description": LABEL,
                    }
                )
            ),
            "left_out": {**_list(TEXT), "description": "Columns that qualify the figures and were not requested."},
        }
    ),
    "Answer": _object({**OF_SNAPSHOT, "columns": COLUMNS, "rows": _list(CELLS)}),
    "Cube": _object(
        {
            "version": {"const": "2.0"},
            "class": {"const": "dataset"},
            "id": _list(TEXT),
            "size": _list(COUNT),
            "dimension": {"type": "object"},
            "value": _list({"type": ["number", "null"]}),
        },
        others=True,
    ),
}

OF_ANSWER: Described = {
    "Snapshot-Id": {"description": "The snapshot that the answer comes from.", "schema": TEXT},
    "Snapshot-Channel": {"description": "Its channel.", "schema": TEXT},
    "Snapshot-Notice": {"description": "Present if figures are not official.", "schema": TEXT},
    "ETag": {"description": "Send it in If-None-Match.", "schema": TEXT},
}
LINK: Described = {"Link": {"description": 'The next page, with rel="next".', "schema": TEXT}}

PAGE: Described = {pages.MEDIA_TYPE.partition(";")[0]: {"schema": TEXT}}
CSV: Described = {MEDIA_TYPE_CSV.partition(";")[0]: {"schema": TEXT}}
WORKBOOK: Described = {questions.XLSX: {"schema": {"type": "string", "format": "binary"}}}

ANSWERS: dict[tuple[str, str], Described] = {
    ("/", "get"): {MEDIA_TYPE_JSON: {"schema": _schema("Service")}, **PAGE},
    ("/tables", "get"): {MEDIA_TYPE_JSON: {"schema": _schema("Tables")}, **PAGE},
    ("/tables/{table}", "get"): {MEDIA_TYPE_JSON: {"schema": _schema("Table")}, **PAGE},
    ("/tables/{table}/defaultselection", "get"): {MEDIA_TYPE_JSON: {"schema": _schema("Selection")}},
    ("/tables/{table}/data", "get"): {
        MEDIA_TYPE_JSON: {"schema": {"oneOf": [_schema("Rows"), _schema("Cube")]}},
        **CSV,
        **WORKBOOK,
    },
    ("/query", "get"): {MEDIA_TYPE_JSON: {"schema": _schema("Answer")}, **CSV},
    ("/query", "post"): {MEDIA_TYPE_JSON: {"schema": _schema("Answer")}, **CSV},
}

WHY = {
    400: "The request is invalid; the answer says what to correct.",
    404: "There is no such table, or the cube has no rows.",
    406: "None of the accepted media types is available.",
    413: "The answer would be too large, or needs too much memory; the answer says how to reduce it.",
    500: "The server failed.",
    503: "Nothing is published, or too many queries are running; try again.",
    504: "The query took too long and was stopped.",
}
_ALWAYS = (500, 503)
STATUSES: dict[tuple[str, str], tuple[int, ...]] = {
    ("/", "get"): (400, *_ALWAYS),
    ("/tables", "get"): (400, *_ALWAYS),
    ("/tables/{table}", "get"): (400, 404, 413, *_ALWAYS, 504),
    ("/tables/{table}/defaultselection", "get"): (404, 413, *_ALWAYS, 504),
    ("/tables/{table}/data", "get"): (400, 404, 406, 413, *_ALWAYS, 504),
    ("/query", "get"): (400, 406, 413, *_ALWAYS, 504),
    ("/query", "post"): (400, 406, 413, *_ALWAYS, 504),
}


def complete(application: FastAPI) -> None:
    """Replace FastAPI's own description of the application with the correct one."""

    def described() -> Described:
        if application.openapi_schema is None:
            found = get_openapi(
                title=application.title,
                version=application.version,
                description=application.description,
                routes=application.routes,
            )
            for (path, method), parameters in PARAMETERS.items():
                found["paths"][path][method] |= {"parameters": parameters, "responses": _responses(path, method)}
            found["paths"]["/query"]["post"]["requestBody"] = {"content": {"text/plain": {"schema": TEXT}}}
            found["components"] = {"schemas": SCHEMAS}
            application.openapi_schema = found
        return application.openapi_schema

    application.openapi = described  # type: ignore[method-assign]


def _responses(path: str, method: str) -> Described:
    is_paged = path.endswith("/data")
    found: Described = {
        "200": {
            "description": "The answer.",
            "headers": {**OF_ANSWER, **(LINK if is_paged else {})},
            "content": ANSWERS[path, method],
        },
        "304": {"description": "The client's copy is still valid.", "headers": OF_ANSWER},
    }
    if path == "/tables/{table}":
        found["303"] = {
            "description": "The address that corresponds to the submitted form.",
            "headers": {"Location": {"schema": TEXT}},
        }
    for status in STATUSES[path, method]:
        found[str(status)] = {
            "description": WHY[status],
            **({"headers": {"Retry-After": {"schema": {"type": "integer"}}}} if status == 503 else {}),
            "content": {MEDIA_TYPE_JSON: {"schema": _schema("Error")}, **PAGE},
        }
    return dict(sorted(found.items()))
