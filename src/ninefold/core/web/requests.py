"""What every request gets: an id, a line in the log, metrics, response headers, and an end when the server stops."""

import re
import time
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import structlog
from litestar import Request
from litestar.enums import HttpMethod
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.types.asgi_types import ReceiveMessage
from prometheus_client import Counter

from ninefold.core.ids import format_id, new_id
from ninefold.core.telemetry.metrics import BatchHistogram
from ninefold.core.web.bodies.drain import RequestBodyReader
from ninefold.core.web.errors import BadRequestError
from ninefold.core.web.headers import with_default_headers
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import Surface

REQUEST_ID_HEADER: Final = b"x-request-id"
NO_ROUTE: Final = "unrouted"
"""The route in logs and metrics for a path without a route."""

_VALID_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,128}")
_INVALID_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_CLIENT_ERROR: Final = 400
_NO_RESPONSE: Final = 499
"""The status in logs and metrics if the client disconnected before there was a response."""

_QUIET_ROUTES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Probed every few seconds; at info level their log lines would hide the others."""

_requests_total = Counter("ninefold_http_requests", "HTTP requests that got a response.", ["method", "route", "status"])
_request_duration = BatchHistogram(
    "ninefold_http_request_duration_seconds",
    "Time from a request's head to the end of its response.",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)

log = structlog.get_logger(__name__)


class RequestCycle:
    """Handles one request from its start to the end of its response, with or without a matching route."""

    def __init__(self, scope: HTTPScope, receive: Receive, send: Send, *, surface: Surface, stopping: Stopping) -> None:
        self._scope = scope
        self._send = send
        self._surface = surface
        self._stopping = stopping
        self._body = RequestBodyReader(scope, receive)
        self._status = _NO_RESPONSE
        self._has_started = self._has_ended = False
        self._own_headers = [(REQUEST_ID_HEADER, assign_request_id(scope).encode())]
        self._method: str = scope["method"]
        self._is_head = self._method == HttpMethod.HEAD and not surface.has_own_methods

    async def run(self, app: ASGIApp) -> None:
        """Let the application handle the request, then log and count it."""
        started_at = time.perf_counter()
        if self._is_head:
            # HEAD is GET without the body (RFC 9110 §9.3.2).
            self._scope["method"] = HttpMethod.GET
        try:
            if _has_undecodable_url(self._scope, is_query_strict=self._surface.is_query_strict):
                await self._refuse_url()
            else:
                await app(self._scope, self._receive, self._send_response)
        except Exception:
            if not self._has_started:
                raise
            # The status was sent already. Closing the connection shows the client that the response is incomplete.
            log.exception("web.response.broken_off")
            raise
        finally:
            self._record(duration_s=time.perf_counter() - started_at)

    async def _receive(self) -> ReceiveMessage:
        """Pass a chunk of the body on; also notifies a streamed response of a disconnect or of the server's stop."""
        if not self._has_started or self._has_ended:
            return await self._body.receive()
        message = await self._stopping.within_grace_period(self._body.receive())
        return {"type": "http.disconnect"} if message is None else message

    async def _send_response(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_started = True
            self._status = message["status"]
            if self._status >= _CLIENT_ERROR:
                await self._body.drain()
            message["headers"] = with_default_headers(message["headers"]) + self._own_headers
        elif message["type"] == "http.response.body":
            self._has_ended = not message["more_body"]
            if self._is_head:
                message["body"] = b""
        await self._send(message)

    async def _refuse_url(self) -> None:
        error = BadRequestError(
            "The path or the query string has a NUL, an invalid %-escape, or bytes that aren't UTF-8.",
            remedy="Encode each part of the URL as UTF-8, then percent-encode it.",
        )
        request: Request[Any, Any, Any] = Request(self._scope, self._receive, self._send_response)
        response = self._surface.show_error(request, error).to_asgi_response(app=None, request=request)
        await response(self._scope, self._receive, self._send_response)

    def _record(self, *, duration_s: float) -> None:
        method = self._method if self._method in _METHODS else "other"
        route = self._scope.get("path_template") or NO_ROUTE
        _requests_total.labels(method, route, self._status).inc()
        _request_duration.labels(method, route).observe(duration_s)
        write = log.debug if route in _QUIET_ROUTES else log.info
        write(
            "web.request.answered",
            method=method,
            route=route,
            status=self._status,
            duration_ms=round(duration_s * 1000, 2),
        )


def count_answers(method: str, route: str, *, status: int, durations_s: Sequence[float]) -> None:
    """Count responses of one route with the same status, and how long each took."""
    _requests_total.labels(method, route, status).inc(len(durations_s))
    _request_duration.labels(method, route).observe_many(durations_s)


def assign_request_id(scope: Scope) -> str:
    """Assign an id to a request or a WebSocket: the client's `X-Request-Id` if it is valid, or else a new one."""
    request_id = _client_request_id(scope) or format_id("req", new_id())
    scope["state"]["request_id"] = request_id
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def _client_request_id(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == REQUEST_ID_HEADER and _VALID_REQUEST_ID.fullmatch(value):
            return value.decode()
    return None


def _has_undecodable_url(scope: HTTPScope, *, is_query_strict: bool) -> bool:
    """Whether the path, or a strict query string, has a NUL, an invalid escape or bytes that aren't UTF-8."""
    if "\0" in scope["path"] or "�" in scope["path"]:
        return True
    parts = [scope.get("raw_path") or b"", scope["query_string"] if is_query_strict else b""]
    return any(b"%" in raw and (_INVALID_ESCAPE.search(raw) or not _is_text(unquote_to_bytes(raw))) for raw in parts)


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
