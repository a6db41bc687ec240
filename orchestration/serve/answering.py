"""How any request is answered: from one snapshot, from the client's cache if it has the answer, or with a refusal.

Belongs here: headers, caching, HEAD, and the form of errors. Does not belong here: addresses (``application``), or the
content of an answer (``answers``, ``pages``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orchestration.core.errors import UserError
from orchestration.core.language import LANGUAGES, Language
from orchestration.serve import answers, pages, questions
from orchestration.serve.limits import Limits, Turnstile
from orchestration.serve.pages import Asked
from orchestration.serve.published import OpenSnapshot, Published
from orchestration.serve.request_errors import RequestError, as_dictionary
from orchestration.serve.wording import read_language

# Part of every ETag: raise it when the form of answers to the same question changes.
REPRESENTATION = "3"

TABLES, DATA, DEFAULT, QUERY, STATIC = "/tables", "data", "defaultselection", "/query", "/static"


@dataclass(frozen=True)
class Content:
    """An answer: its bytes, media type, additional headers and status."""

    content: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass
class Service:
    """The state that all requests share."""

    published: Published
    limits: Limits
    turnstile: Turnstile

    def answer(
        self, request: Request, give: Callable[[OpenSnapshot], Content], answered_as: str = "", sql: str = ""
    ) -> Response:
        """Answer a request from one snapshot, or with 304 if the client already has the answer."""
        with self.published.use() as snapshot:
            # Errors also name the snapshot.
            request.state.snapshot = snapshot
            parameters = [*request.query_params.multi_items(), (questions.SQL, sql)]
            mark = questions.fingerprint(request.url.path, parameters, f"{REPRESENTATION} {answered_as}")
            headers = {
                **snapshot.headers,
                "ETag": f'"{snapshot.id}-{mark}"',
                "Cache-Control": "no-cache",  # may be stored, but must be revalidated
                "Vary": "Accept",
                "X-Content-Type-Options": "nosniff",
            }
            if _has(request.headers.get("if-none-match", ""), headers["ETag"]):
                return Response(status_code=304, headers=headers)
            given = give(snapshot)
            if given.media_type == pages.MEDIA_TYPE:
                headers |= PAGE_HEADERS
            return Response(given.content, given.status, {**headers, **given.headers}, given.media_type)

    def page(self, request: Request, give: Callable[[OpenSnapshot, Asked], Content]) -> Response:
        """Answer a request with a page; its links have the request's base address."""
        asked = asked_of(request)
        return self.answer(request, lambda snapshot: give(snapshot, asked), f"html {asked.base}")


# No script runs on a page, nothing is loaded from other sites, and other sites do not receive the address.
PAGE_HEADERS = {"Content-Security-Policy": pages.POLICY, "Referrer-Policy": "same-origin"}


def asked_of(request: Request, language: Language | None = None) -> Asked:
    """Return the address, parameters and language of a request for a page.

    Raises:
        RequestError: there are no texts in the language.
    """
    parameters = questions.by_name(request.query_params.multi_items())
    root = str(request.scope.get("root_path", "")).rstrip("/")
    given = next((value for name, value in parameters if name == questions.LANGUAGE), None)
    return Asked(
        base=str(request.base_url).rstrip("/"),
        root=root,
        path=request.url.path.removeprefix(root) or "/",
        parameters=parameters,
        language=language or read_language(given, request.url.path),
    )


def wants_page(request: Request) -> bool:
    """Return whether a request prefers a page to JSON, as a browser does unless the address names a format."""
    asked = dict(questions.by_name(request.query_params.multi_items())).get(questions.FORMAT)
    accepted = request.headers.get("accept", "*/*")
    if asked is not None:
        return questions.choose_format(asked, accepted, request.url.path, questions.OF_PAGES) == "html"
    return _prefers_page(accepted)


def _prefers_page(accepted: str) -> bool:
    try:
        return questions.choose_format(None, accepted, "", questions.OF_PAGES) == "html"
    except RequestError:  # accepts neither, so it is a program: send JSON
        return False


def error_response(request: Request, error: Exception) -> Response:
    """Return an error as one line of JSON, or as a page for a browser."""
    snapshot: OpenSnapshot | None = getattr(request.state, "snapshot", None)
    headers: dict[str, str] = dict(snapshot.headers) if snapshot is not None else {}
    headers |= {"Vary": "Accept", "X-Content-Type-Options": "nosniff"}
    if isinstance(error, RequestError):
        status, content = error.status, as_dictionary(error)
        headers |= error.headers
    elif isinstance(error, UserError):  # an error of the installation: its place is a path on the server, so it is not shown
        status = 503
        content = {"error": error.what, "place": request.url.path, "remedy": "the operator must repair the installation"}
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
    if _prefers_page(request.headers.get("accept", "*/*")):
        given = dict(questions.by_name(request.query_params.multi_items())).get(questions.LANGUAGE)
        language: Language = "en" if given == "en" else LANGUAGES[0]
        page = pages.error_page(asked_of(request, language), snapshot, content)
        return Response(page, status, headers | PAGE_HEADERS, pages.MEDIA_TYPE)
    return Response(answers.as_json(dict(content)) + b"\n", status, headers, answers.MEDIA_TYPE_JSON)


def _has(given: str, etag: str) -> bool:
    """Return whether the value of an If-None-Match header includes an ETag."""
    return given.strip() == "*" or etag in [each.strip().removeprefix("W/") for each in given.split(",")]


class HeadAsGet:
    """Answers HEAD like GET, with the same headers but no body, at every address that has GET."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._application(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._application({**scope, "method": "GET"}, receive, send_without_body)
