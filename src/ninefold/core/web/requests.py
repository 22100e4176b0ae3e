"""What surrounds each request: its id, its line in the log, its metrics, and the headers of every answer."""

import re
import time
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec
import structlog
from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from ninefold.core.ids import format_id, new_id
from ninefold.core.web.errors import BadRequestError
from ninefold.core.web.leftovers import RequestBodyReader
from ninefold.core.web.problems import PROBLEM_MEDIA_TYPE, describe

REQUEST_ID_HEADER: Final = b"x-request-id"

_SANE_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLIENT_ERROR: Final = 400
_UNROUTED: Final = "unrouted"
_NO_ANSWER: Final = 499
"""Logged and counted for a request whose client left before there was an answer."""

_QUIET_ROUTES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines; their lines would hide the others."""

_SECURITY_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
]

_requests_total = Counter("ninefold_http_requests", "HTTP requests answered.", ["method", "route", "status"])
_request_duration = Histogram(
    "ninefold_http_request_duration_seconds",
    "Time from a request's head to the end of its answer.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

log = structlog.get_logger(__name__)


class RequestEnvelope:
    """Wraps the application, so that requests which no route has get the same treatment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started_at = time.perf_counter()
        request_id = _request_id(scope)
        scope["state"]["request_id"] = request_id
        headers = [(REQUEST_ID_HEADER, request_id.encode()), *_SECURITY_HEADERS]
        status = _NO_ANSWER
        # HEAD is GET without the body (RFC 9110 §9.3.2), for every route.
        if is_head := scope["method"] == "HEAD":
            scope["method"] = HttpMethod.GET

        body = RequestBodyReader(scope, receive)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status >= _CLIENT_ERROR:
                    await body.drop_leftovers()
                message["headers"] = [*message["headers"], *headers]
            elif message["type"] == "http.response.body" and is_head:
                message["body"] = b""
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            if _has_unreadable_address(scope):
                await _answer_bad_address(send_with_headers, request_id=request_id)
            else:
                await self._app(scope, body.receive, send_with_headers)
        finally:
            method = "HEAD" if is_head else scope["method"]
            _record(scope, method=method, status=status, duration_s=time.perf_counter() - started_at)


def _request_id(scope: Scope) -> str:
    """Return the caller's own id for the request where it is a sane one, or a new one."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _SANE_REQUEST_ID.fullmatch(value):
            return value.decode()
    return format_id("req", new_id())


def _has_unreadable_address(scope: Scope) -> bool:
    """Say whether the path or the query has a NUL, a broken escape or bytes that aren't UTF-8."""
    if "\0" in scope["path"] or "�" in scope["path"]:
        return True
    for raw in (scope.get("raw_path") or b"", scope["query_string"]):
        if b"%" in raw and (_BROKEN_ESCAPE.search(raw) or not _is_text(unquote_to_bytes(raw))):
            return True
    return False


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False


async def _answer_bad_address(send: Any, *, request_id: str) -> None:
    error = BadRequestError(
        "The path or the query has a NUL, a broken %-escape, or bytes that aren't UTF-8.",
        remedy="Encode each part of the address as UTF-8, then as %XX.",
    )
    body = msgspec.json.encode(describe(error, request_id=request_id))
    headers = [
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": error.http_status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _record(scope: HTTPScope, *, method: str, status: int, duration_s: float) -> None:
    method = method if method in _METHODS else "other"
    route = scope.get("path_template") or _UNROUTED
    _requests_total.labels(method, route, status).inc()
    _request_duration.labels(method, route).observe(duration_s)
    tell = log.debug if route in _QUIET_ROUTES else log.info
    tell(
        "web.request.answered",
        method=method,
        route=route,
        status=status,
        duration_ms=round(duration_s * 1000, 2),
    )
