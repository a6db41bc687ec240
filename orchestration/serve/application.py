"""The addresses: tables, their description, their rows, guarded SQL.

Belongs here: addresses, headers, caching, and what is said of errors. Does not belong here: queries (``questions``,
``queries``), formats (``answers``), users and encryption (a web server in front).

Nothing is logged of a request: neither who asked nor for what.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.tables import Table
from orchestration.serve import answers, cubes, isolated, questions
from orchestration.serve.beside import said_beside
from orchestration.serve.limits import Limits, Turnstile
from orchestration.serve.published import OpenSnapshot, Published
from orchestration.serve.queries import run_query
from orchestration.serve.request_errors import RequestError, as_dictionary

LOOPBACK = "127.0.0.1"
PORT = 8248

# Part of every ETag: raise it when the same question gets an answer of another form.
REPRESENTATION = "2"

TABLES, DATA, QUERY = "/tables", "data", "/query"

TITLE = "IS-24/8: published tables"
DESCRIPTION = """Read-only access to the published snapshot.

Filters: any column as a parameter, with one value or several (`unit_level=county&target_group=adults,children`; a value with
a comma in double quotes; no value for a missing one). `select` chooses columns, `sort` orders (`-fte` falling), `limit` and
`offset` page.

Every answer names its snapshot in the header `Snapshot-Id`; `Snapshot-Notice` is there where figures are not official.
Answers have an `ETag`: ask again with `If-None-Match`, and nothing is sent (304) until another snapshot is published."""


def _parameter(name: str, description: str, *, required: bool = False, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": description,
        "schema": schema or {"type": "string"},
    }


DATA_PARAMETERS = {
    "parameters": [
        _parameter(
            "filters",
            "Any column of the table with its values: unit_level=county&target_group=adults,children",
            type="object",
            additionalProperties={"type": "string"},
        ),
        _parameter(questions.SELECT, "Columns to give, joined by commas; all without it. For JSON-stat: measures."),
        _parameter(questions.SORT, "Columns to order by, joined by commas, falling with a minus; the key without it."),
        _parameter(questions.LIMIT, "Rows to give at most.", type="integer", minimum=0),
        _parameter(questions.OFFSET, "Rows to leave out first.", type="integer", minimum=0),
        _parameter(questions.FORMAT, "Wins over the header Accept.", type="string", enum=list(questions.FORMATS)),
    ]
}
SQL_DESCRIPTION = f"""One SELECT on the tables of `/tables`, in DuckDB's SQL, with CTEs, joins, subqueries and windows.

Not allowed: everything that is not a SELECT, recursion, table functions, PIVOT, DESCRIBE, and functions but these:
{" ".join(f"`{name}`" for name in sorted(isolated.FUNCTIONS))}"""
SQL_PARAMETERS = {
    "parameters": [
        _parameter(questions.SQL, "The SELECT; in a POST it may be the body instead."),
        _parameter(questions.FORMAT, "Wins over the header Accept.", type="string", enum=["json", "csv"]),
    ]
}


def build_application(settings: Settings, limits: Limits | None = None, origins: Sequence[str] = ()) -> FastAPI:
    """Return the application over the published snapshot.

    Args:
        settings: where the snapshots and the descriptions of tables lie.
        limits: what an answer may have and a query may use.
        origins: web pages of these origins may read answers (CORS); none without it.
    """
    allowed = limits or Limits()
    published = Published(settings, allowed)
    turnstile = Turnstile(allowed)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        published.close()

    # No docs_url and no redoc_url: their pages load scripts from the web.
    application = FastAPI(
        title=TITLE, description=DESCRIPTION, version=REPRESENTATION, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    if origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET"],
            expose_headers=["ETag", "Snapshot-Id", "Snapshot-Channel", "Snapshot-Notice"],
        )
    for error in (UserError, HTTPException, Exception):
        application.add_exception_handler(error, _tell)

    def answer(
        request: Request, give: Callable[[OpenSnapshot], tuple[bytes, str]], answered_as: str = "", sql: str = ""
    ) -> Response:
        """Answer a request from one snapshot; from the client's own copy where it has the answer."""
        with published.use() as snapshot:
            # Errors say too which snapshot they are about.
            request.state.headers = snapshot.headers
            parameters = [*request.query_params.multi_items(), (questions.SQL, sql)]
            mark = questions.fingerprint(request.url.path, parameters, f"{REPRESENTATION} {answered_as}")
            headers = {
                **snapshot.headers,
                "ETag": f'"{snapshot.id}-{mark}"',
                "Cache-Control": "no-cache",  # keep it, but ask whether it still holds
                "Vary": "Accept",
                "X-Content-Type-Options": "nosniff",
            }
            if _has(request.headers.get("if-none-match", ""), headers["ETag"]):
                return Response(status_code=304, headers=headers)
            content, media_type = give(snapshot)
            return Response(content, media_type=media_type, headers=headers)

    @application.get("/", summary="What this is")
    def root(request: Request) -> Response:
        def give(snapshot: OpenSnapshot) -> tuple[bytes, str]:
            catalogue = snapshot.release.catalogue
            content = {
                **snapshot.says,
                "title": catalogue.title.model_dump(),
                "publisher": catalogue.publisher.name.model_dump(),
                "licence": catalogue.licence.name,
                "tables": TABLES,
                "query": QUERY,
                "description": application.openapi_url,
            }
            return answers.as_json(content), answers.MEDIA_TYPE_JSON

        return answer(request, give)

    @application.get(TABLES, summary="The tables, with titles, columns and keys")
    def list_tables(request: Request) -> Response:
        def give(snapshot: OpenSnapshot) -> tuple[bytes, str]:
            content = {**snapshot.says, "tables": [_in_short(table, snapshot) for table in snapshot.tables.values()]}
            return answers.as_json(content), answers.MEDIA_TYPE_JSON

        return answer(request, give)

    @application.get(TABLES + "/{table}", summary="The description of a table")
    def describe(request: Request, table: str) -> Response:
        def give(snapshot: OpenSnapshot) -> tuple[bytes, str]:
            content = {**snapshot.says, **_in_full(_table(table, snapshot, request), snapshot)}
            return answers.as_json(content), answers.MEDIA_TYPE_JSON

        return answer(request, give)

    @application.get(TABLES + "/{table}/" + DATA, summary="Rows of a table", openapi_extra=DATA_PARAMETERS)
    def data(request: Request, table: str) -> Response:
        where = request.url.path
        answered_as = questions.choose_format(
            request.query_params.get(questions.FORMAT), request.headers.get("accept", "*/*"), where
        )

        def give(snapshot: OpenSnapshot) -> tuple[bytes, str]:
            described = _table(table, snapshot, request)
            parameters = request.query_params.multi_items()
            question = questions.parse_question(described, parameters, snapshot.release, where)
            with turnstile.place(where):
                if answered_as == "jsonstat":
                    given = {name for name, _ in parameters}
                    return cubes.as_json_stat(question, given, snapshot, allowed, where), answers.MEDIA_TYPE_JSON
                rows, total = answers.fetch(question, snapshot, allowed, where)
            names = [column.name for column in question.columns]
            if answered_as == "csv":
                return answers.as_csv(names, rows), answers.MEDIA_TYPE_CSV
            content = {
                **snapshot.says,
                "table": described.name,
                "total_rows": total,
                "offset": question.offset,
                "columns": [{"name": column.name, "type": column.type} for column in question.columns],
                "rows": answers.as_objects(names, rows),
                **said_beside(snapshot, described, names, rows),
            }
            return answers.as_json(content), answers.MEDIA_TYPE_JSON

        return answer(request, give, answered_as)

    def query(request: Request, sql: str) -> Response:
        where = QUERY
        answered_as = questions.choose_format(
            request.query_params.get(questions.FORMAT), request.headers.get("accept", "*/*"), where
        )
        if answered_as == "jsonstat":
            raise RequestError(400, "a query has no cube", place=where, remedy="ask for json or csv")

        def give(snapshot: OpenSnapshot) -> tuple[bytes, str]:
            with turnstile.place(where):
                found = run_query(sql, snapshot, allowed, where)
            if answered_as == "csv":
                return answers.as_csv(found["names"], found["rows"]), answers.MEDIA_TYPE_CSV
            columns = [{"name": name, "type": kind} for name, kind in zip(found["names"], found["types"], strict=True)]
            content = {**snapshot.says, "columns": columns, "rows": answers.as_objects(found["names"], found["rows"])}
            return answers.as_json(content), answers.MEDIA_TYPE_JSON

        return answer(request, give, answered_as, sql)

    @application.get(QUERY, summary="One SELECT", description=SQL_DESCRIPTION, openapi_extra=SQL_PARAMETERS)
    def get_query(request: Request) -> Response:
        return query(request, request.query_params.get(questions.SQL, ""))

    @application.post(QUERY, summary="One SELECT", description=SQL_DESCRIPTION, openapi_extra=SQL_PARAMETERS)
    async def post_query(request: Request) -> Response:
        sql = request.query_params.get(questions.SQL, "") or await _body(request, allowed)
        return await run_in_threadpool(functools.partial(query, request, sql))

    return application


def serve(
    settings: Settings, host: str = LOOPBACK, port: int = PORT, limits: Limits | None = None, origins: Sequence[str] = ()
) -> None:
    """Serve the published snapshot until the process is stopped.

    Raises:
        UserError: the address is taken or is not one of this computer.
    """
    with listen(host, port) as listening:
        build_server(settings, limits, origins).run(sockets=[listening])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address; port 0 takes any free one.

    Raises:
        UserError: the address is taken or is not one of this computer.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise UserError(
            f"cannot listen ({error})", place=f"{host}:{port}", remedy="choose another port or address"
        ) from error


def build_server(settings: Settings, limits: Limits | None = None, origins: Sequence[str] = ()) -> uvicorn.Server:
    """Return the server of the application; it says nothing of requests."""
    allowed = limits or Limits()
    return uvicorn.Server(
        uvicorn.Config(
            build_application(settings, allowed, origins),
            access_log=False,  # what people look up is nobody's business
            log_level="warning",
            server_header=False,
            limit_concurrency=allowed.connections,
            timeout_keep_alive=5,
        )
    )


async def _body(request: Request, limits: Limits) -> str:
    """Return the body of a request as a text, without reading more than SQL may have."""
    read = b""
    async for part in request.stream():
        read += part
        if len(read) > limits.sql_bytes:
            raise RequestError(
                413, "the body is too long", place=QUERY, remedy=f"send one SELECT of at most {limits.sql_bytes:,} bytes"
            )
    try:
        return read.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(400, "the body is not UTF-8", place=QUERY, remedy="send the SQL as UTF-8 text") from error


def _tell(request: Request, error: Exception) -> Response:
    """Return an error as one line of JSON."""
    headers: dict[str, str] = dict(getattr(request.state, "headers", {}))
    if isinstance(error, RequestError):
        status, content = error.status, as_dictionary(error)
        headers |= error.headers
    elif isinstance(error, UserError):  # the installation's, whose place is a path of the machine
        status = 503
        content = {"error": error.what, "place": request.url.path, "remedy": "the operator mends the installation"}
    elif isinstance(error, HTTPException):
        status = error.status_code
        content = {
            "error": error.detail.lower(),
            "place": request.url.path,
            "remedy": f"addresses are {TABLES}, {TABLES}/<table>, {TABLES}/<table>/{DATA}, {QUERY}",
        }
        headers |= dict(error.headers or {})
    else:  # a defect: the server's log has the traceback
        status = 500
        content = {"error": "the server failed", "place": request.url.path, "remedy": "tell the operator"}
    return Response(answers.as_json(content) + b"\n", status, headers, answers.MEDIA_TYPE_JSON)


def _has(given: str, etag: str) -> bool:
    """Return whether a header If-None-Match names an ETag."""
    return given.strip() == "*" or etag in [each.strip().removeprefix("W/") for each in given.split(",")]


def _table(name: str, snapshot: OpenSnapshot, request: Request) -> Table:
    if name not in snapshot.tables:
        raise RequestError(
            404,
            f"there is no table {name[:60]!r}",
            place=request.url.path,
            remedy=f"tables are {', '.join(snapshot.tables)}",
        )
    return snapshot.tables[name]


def _in_short(table: Table, snapshot: OpenSnapshot) -> dict[str, Any]:
    return {
        "table": table.name,
        "title": table.title.model_dump(),
        "key": list(table.key),
        "measures": list(table.measures),
        "columns": list(table.column_names),
        "rows": snapshot.rows[table.name],
        "formats": ["json", "csv", *(["jsonstat"] if table.cube is not None else [])],
        "data": f"{TABLES}/{table.name}/{DATA}",
    }


def _in_full(table: Table, snapshot: OpenSnapshot) -> dict[str, Any]:
    """Return the whole description, with the codes of each column that has a code list."""
    codes = {
        column.name: [
            {"code": code, "label": found.label.model_dump()} for code, found in snapshot.release.codes_of(column).items()
        ]
        for column in table.columns
        if column.codelist
    }
    described = table.model_dump(mode="json", exclude_none=True, exclude={"made_by"})
    return {**_in_short(table, snapshot), **described, "codes": codes}
