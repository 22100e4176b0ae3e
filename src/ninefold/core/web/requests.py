"""What surrounds each request: its id, its line in the log, its metrics, its answer's headers, its end at a stop."""

import re
import time
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog
from litestar import Request
from litestar.enums import HttpMethod
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage
from prometheus_client import Counter, Histogram

from ninefold.core.ids import format_id, new_id
from ninefold.core.web.errors import BadRequestError
from ninefold.core.web.leftovers import RequestBodyReader
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import Surface

REQUEST_ID_HEADER: Final = b"x-request-id"
NO_ROUTE: Final = "unrouted"
"""The route's name in log and metrics where a path has none."""

_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLIENT_ERROR: Final = 400
_NO_ANSWER: Final = 499
"""Logged and counted for a request whose client left before there was an answer."""

_QUIET_ROUTES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; their lines would hide the others."""

_DEFAULT_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""Of every answer, unless its route has set them."""

_requests_total = Counter("ninefold_http_requests", "HTTP requests answered.", ["method", "route", "status"])
_request_duration = Histogram(
    "ninefold_http_request_duration_seconds",
    "Time from a request's head to the end of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

log = structlog.get_logger(__name__)


class RequestEnvelope:
    """One request on its way through the application, also where no route has its path."""

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send, *, surface: Surface, stopping: Stopping) -> None:
        self._scope = scope
        self._send = send
        self._surface = surface
        self._stopping = stopping
        self._body = RequestBodyReader(scope, receive)
        self._status = _NO_ANSWER
        self._has_started = self._has_ended = False
        self._own_headers = [(REQUEST_ID_HEADER, assign_request_id(scope).encode())]
        self._method: str = scope["method"]
        self._is_head = self._method == HttpMethod.HEAD and not surface.has_own_methods

    async def pass_to(self, app: ASGIApp) -> None:
        """Let the application answer the request; log and count it."""
        started_at = time.perf_counter()
        if self._is_head:
            # HEAD is GET without the body (RFC 9110 §9.3.2).
            self._scope["method"] = HttpMethod.GET
        try:
            if _has_unreadable_address(self._scope, is_query_strict=self._surface.is_query_strict):
                await self._answer_bad_address()
            else:
                await app(self._scope, self._receive, self._answer)
        except Exception:
            if not self._has_started:
                raise
            # Nothing else can be said now: the connection breaks off, and the caller sees that the answer isn't whole.
            log.exception("web.response.broken_off")
            raise
        finally:
            self._record(duration_s=time.perf_counter() - started_at)

    async def _receive(self) -> ReceiveMessage:
        """Pass a part of the body on; a streamed answer learns here that its client is gone, or that we stop."""
        if not self._has_started or self._has_ended:
            return await self._body.receive()
        message = await self._stopping.unless_overdue(self._body.receive())
        return {"type": "http.disconnect"} if message is None else message

    async def _answer(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_started = True
            self._status = message["status"]
            if self._status >= _CLIENT_ERROR:
                await self._body.drop_leftovers()
            headers = list(message["headers"])
            given = {name for name, _ in headers}
            headers += [header for header in _DEFAULT_HEADERS if header[0] not in given]
            message["headers"] = headers + self._own_headers
        elif message["type"] == "http.response.body":
            self._has_ended = not message["more_body"]
            if self._is_head:
                message["body"] = b""
        await self._send(message)

    async def _answer_bad_address(self) -> None:
        error = BadRequestError(
            "The path or the query has a NUL, a broken %-escape, or bytes that aren't UTF-8.",
            remedy="Encode each part of the address as UTF-8, then as %XX.",
        )
        request: Request[Any, Any, Any] = Request(self._scope, self._receive, self._answer)
        response = self._surface.show_error(request, error).to_asgi_response(app=None, request=request)
        await response(self._scope, self._receive, self._answer)

    def _record(self, *, duration_s: float) -> None:
        method = self._method if self._method in _METHODS else "other"
        route = self._scope.get("path_template") or NO_ROUTE
        _requests_total.labels(method, route, self._status).inc()
        _request_duration.labels(method, route).observe(duration_s)
        tell = log.debug if route in _QUIET_ROUTES else log.info
        tell(
            "web.request.answered",
            method=method,
            route=route,
            status=self._status,
            duration_ms=round(duration_s * 1000, 2),
        )


def assign_request_id(scope: Scope) -> str:
    """Give a request or a WebSocket its id: the caller's own where it is a sane one, or a new one."""
    request_id = _given_request_id(scope) or format_id("req", new_id())
    scope["state"]["request_id"] = request_id
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def _given_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _SANE_REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


def _has_unreadable_address(scope: HTTPScope, *, is_query_strict: bool) -> bool:
    """Whether the path, or a query that is checked, has a NUL, a broken escape or bytes that aren't UTF-8."""
    if "\0" in scope["path"] or "�" in scope["path"]:
        return True
    parts = [scope.get("raw_path") or b"", scope["query_string"] if is_query_strict else b""]
    return any(b"%" in raw and (_BROKEN_ESCAPE.search(raw) or not _is_text(unquote_to_bytes(raw))) for raw in parts)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
