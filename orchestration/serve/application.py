"""The addresses: tables as pages and descriptions, their rows, guarded SQL; and the server that listens.

Belongs here: addresses and their handlers. Does not belong here: headers and errors (``answering``), queries
(``questions``, ``queries``), formats (``answers``, ``cubes``, ``workbook``), pages (``pages``, ``table_page``), users and
encryption (a web server in front).

Requests are not logged: neither who asked nor for what.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import AsyncIterator, Sequence
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
from orchestration.serve import answers, openapi, pages, questions, table_page
from orchestration.serve.answering import (
    DATA,
    DEFAULT,
    QUERY,
    REPRESENTATION,
    STATIC,
    TABLES,
    Content,
    HeadAsGet,
    Service,
    error_response,
    wants_page,
)
from orchestration.serve.limits import Limits, Turnstile
from orchestration.serve.published import OpenSnapshot, Published
from orchestration.serve.queries import run_query
from orchestration.serve.request_errors import RequestError
from orchestration.serve.rows import answer_rows, describe_start, describe_table, list_in_short
from orchestration.serve.selections import address

LOOPBACK = "127.0.0.1"
PORT = 8248


def build_application(settings: Settings, limits: Limits | None = None, origins: Sequence[str] = ()) -> FastAPI:
    """Return the application over the published snapshot.

    Args:
        settings: where the snapshots and the descriptions of tables lie.
        limits: the limits of answers and queries.
        origins: origins whose web pages may read answers (CORS); by default none.
    """
    allowed = limits or Limits()
    service = Service(Published(settings, allowed), allowed, Turnstile(allowed))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        service.published.close()

    # No docs_url and no redoc_url: their pages load scripts from the web.
    application = FastAPI(
        title=openapi.TITLE,
        description=openapi.DESCRIPTION,
        version=REPRESENTATION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    if origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "HEAD"],
            expose_headers=["ETag", "Link", "Snapshot-Id", "Snapshot-Channel", "Snapshot-Notice"],
        )
    application.add_middleware(HeadAsGet)
    for error in (UserError, HTTPException, Exception):
        application.add_exception_handler(error, error_response)
    _add_pages(application, service)
    _add_rows(application, service)
    _add_query(application, service)
    openapi.complete(application)
    return application


def _json(content: dict[str, Any], **headers: str) -> Content:
    return Content(answers.as_json(content), answers.MEDIA_TYPE_JSON, headers)


def _add_pages(application: FastAPI, service: Service) -> None:
    """Add the addresses that give pages to people and descriptions to programs."""

    @application.get("/", **openapi.ROOT)
    def root(request: Request) -> Response:
        if wants_page(request):
            return service.page(
                request,
                lambda snapshot, asked: Content(pages.start_page(asked, snapshot, service.limits), pages.MEDIA_TYPE),
            )

        def give(snapshot: OpenSnapshot) -> Content:
            catalogue = snapshot.release.catalogue
            return _json(
                {
                    **snapshot.identity,
                    "title": catalogue.title.model_dump(),
                    "publisher": catalogue.publisher.name.model_dump(),
                    "licence": catalogue.licence.name,
                    "tables": TABLES,
                    "query": QUERY,
                    "description": application.openapi_url,
                }
            )

        return service.answer(request, give)

    @application.get(TABLES, **openapi.LIST)
    def list_tables(request: Request) -> Response:
        if wants_page(request):
            return service.page(request, lambda snapshot, asked: Content(pages.list_page(asked, snapshot), pages.MEDIA_TYPE))
        return service.answer(request, lambda snapshot: _json(list_in_short(snapshot)))

    @application.get(TABLES + "/{table}", **openapi.TABLE)
    def describe(request: Request, table: str) -> Response:
        where = request.url.path
        if wants_page(request):

            def show(snapshot: OpenSnapshot, asked: pages.Asked) -> Content:
                described = find_table(table, snapshot, where)
                parameters = [(name, value) for name, value in asked.parameters if name != questions.FORMAT]
                asked = pages.Asked(asked.base, asked.root, asked.path, parameters, asked.language)
                with service.turnstile.place(where):
                    if table_page.is_form(parameters):
                        meant = table_page.from_form(parameters, where)
                        asked = pages.Asked(asked.base, asked.root, asked.path, meant, asked.language)
                        chosen = table_page.read_chosen(snapshot, described, asked, service.limits, where)
                        target = asked.here(chosen.parameters(asked.language))
                        return Content(b"", pages.MEDIA_TYPE, {"Location": target}, 303)
                    page = table_page.show_table(snapshot, described, asked, service.limits, where)
                return Content(page, pages.MEDIA_TYPE)

            return service.page(request, show)

        def give(snapshot: OpenSnapshot) -> Content:
            described = find_table(table, snapshot, where)
            with service.turnstile.place(where):
                return _json(describe_table(described, snapshot, service.limits, where))

        return service.answer(request, give)

    @application.get(STATIC + "/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        if name not in pages.STYLES:
            raise HTTPException(404)
        content = pages.STYLES[name].read_bytes()
        return Response(content, media_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=3600"})


def _add_rows(application: FastAPI, service: Service) -> None:
    """Add the addresses of rows, and of the default selection of a table."""

    @application.get(TABLES + "/{table}/" + DEFAULT, **openapi.START)
    def start(request: Request, table: str) -> Response:
        where = request.url.path

        def give(snapshot: OpenSnapshot) -> Content:
            described = find_table(table, snapshot, where)
            with service.turnstile.place(where):
                return _json(describe_start(described, snapshot, service.limits, where))

        return service.answer(request, give)

    @application.get(TABLES + "/{table}/" + DATA, **openapi.ROWS)
    def data(request: Request, table: str) -> Response:
        where = request.url.path
        parameters = questions.by_name(request.query_params.multi_items())
        given = questions.single(parameters, where)
        accepted = request.headers.get("accept", "*/*")
        answered_as = questions.choose_format(given.get(questions.FORMAT), accepted, where, questions.OF_ROWS)

        def give(snapshot: OpenSnapshot) -> Content:
            described = find_table(table, snapshot, where)
            with service.turnstile.place(where):
                found = answer_rows(snapshot, described, parameters, answered_as, service.limits, where)
            headers = {}
            if found.next_offset is not None:
                rest = [(name, value) for name, value in parameters if name != questions.OFFSET]
                headers["Link"] = f'<{address(where, [*rest, (questions.OFFSET, str(found.next_offset))])}>; rel="next"'
            return Content(found.content, found.media_type, headers)

        return service.answer(request, give, answered_as)


def _add_query(application: FastAPI, service: Service) -> None:
    """Add the address of guarded SQL."""

    def query(request: Request, sql: str) -> Response:
        where = QUERY
        asked = dict(questions.by_name(request.query_params.multi_items())).get(questions.FORMAT)
        answered_as = questions.choose_format(asked, request.headers.get("accept", "*/*"), where, questions.OF_SQL)

        def give(snapshot: OpenSnapshot) -> Content:
            with service.turnstile.place(where):
                found = run_query(sql, snapshot, service.limits, where)
            if answered_as == "csv":
                return Content(answers.as_csv(found["names"], found["rows"]), answers.MEDIA_TYPE_CSV)
            columns = [{"name": name, "type": kind} for name, kind in zip(found["names"], found["types"], strict=True)]
            return _json(
                {**snapshot.identity, "columns": columns, "rows": answers.as_objects(found["names"], found["rows"])}
            )

        return service.answer(request, give, answered_as, sql)

    @application.get(QUERY, **openapi.QUERY_GET)
    def get_query(request: Request) -> Response:
        return query(request, request.query_params.get(questions.SQL, ""))

    @application.post(QUERY, **openapi.QUERY_POST)
    async def post_query(request: Request) -> Response:
        sql = request.query_params.get(questions.SQL, "") or await _body(request, service.limits)
        return await run_in_threadpool(functools.partial(query, request, sql))


def find_table(name: str, snapshot: OpenSnapshot, where: str) -> Table:
    """Return a table of a snapshot.

    Raises:
        RequestError: it has no table of that name.
    """
    if name not in snapshot.tables:
        raise RequestError(
            404,
            f"there is no table {name[:60]!r}",
            place=where,
            remedy=f"tables are {', '.join(snapshot.tables)}",
        )
    return snapshot.tables[name]


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
    """Return the server of the application; it does not log requests."""
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
    """Return the body of a request as text, without reading more than the limit for SQL.

    Raises:
        RequestError: the body is too long or is not UTF-8.
    """
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
