"""What every WebSocket gets: an id, a line in the log, metrics, error handling, and an end when the server stops.

A WebSocket that is refused before it is accepted gets the surface's error response to its handshake, such as 401 with a
problem, if the server supports that. A later error closes it with the code 4000 + the HTTP status, and with the error's
detail as the reason.
"""

import time
from typing import Any, Final

import structlog
from litestar import Request
from litestar.types import ASGIApp, Receive, Send, WebSocketScope
from prometheus_client import Counter, Gauge, Histogram

from ninefold.core.errors import NinefoldError
from ninefold.core.web.requests import NO_ROUTE, assign_request_id
from ninefold.core.web.stopping import Stopping
from ninefold.core.web.surfaces import Surface

CLOSE_CODE_BASE: Final = 4000
"""Added to the HTTP status: 404 becomes 4404. Codes from 4000 on are for applications (RFC 6455 §7.4.2)."""

ERROR_STATE_KEY: Final = "socket_error"
"""Key in the scope's state: the error that ends the WebSocket."""

_SERVICE_RESTART: Final = 1012
_NORMAL_CLOSURE: Final = 1000
_ABNORMAL_CLOSURE: Final = 1006
_REASON_BYTES_MAX: Final = 123
_DENIAL_EXTENSION: Final = "websocket.http.response"

_sockets_open = Gauge("ninefold_websockets_open", "WebSockets that are open.", ["route"], multiprocess_mode="livesum")
_sockets_closed = Counter(
    "ninefold_websockets_closed", "WebSockets that have ended or were refused.", ["route", "code"]
)
_socket_duration = Histogram(
    "ninefold_websocket_duration_seconds",
    "Time from a WebSocket's handshake to its end.",
    ["route"],
    buckets=(0.1, 1, 10, 60, 300, 1800, 7200, 43200),
)

log = structlog.get_logger(__name__)


class WebSocketCycle:
    """Handles one WebSocket from its handshake to its end, with or without a matching route."""

    def __init__(
        self, scope: WebSocketScope, receive: Receive, send: Send, *, surface: Surface, stopping: Stopping
    ) -> None:
        self._scope = scope
        self._receive_message = receive
        self._send = send
        self._surface = surface
        self._stopping = stopping
        self._code: int | None = None
        self._is_accepted = False
        assign_request_id(scope)

    async def run(self, app: ASGIApp) -> None:
        """Let the application serve the WebSocket until its end, then log and count it."""
        started_at = time.perf_counter()
        try:
            with self._stopping.socket():
                await app(self._scope, self._receive, self._send_message)
                if self._code is None:
                    await self._close(_NORMAL_CLOSURE, "")
        finally:
            if self._is_accepted:
                _sockets_open.labels(self._route).dec()
            self._record(duration_s=time.perf_counter() - started_at)

    @property
    def _route(self) -> str:
        return self._scope.get("path_template") or NO_ROUTE

    async def _receive(self) -> Any:  # ASGI's messages are plain dictionaries.
        if not self._is_accepted or self._code is not None:
            return await self._receive_message()
        message = await self._stopping.within_grace_period(self._receive_message())
        if message is None:
            await self._close(_SERVICE_RESTART, "The server is stopping; reconnect.")
            return {"type": "websocket.disconnect", "code": _SERVICE_RESTART, "reason": ""}
        if message["type"] == "websocket.disconnect":
            self._code = message["code"] or _ABNORMAL_CLOSURE
        return message

    async def _send_message(self, message: Any) -> None:
        match message:
            case {"type": "websocket.close"}:
                await self._end(code=message["code"], reason=message["reason"] or "")
            case {"type": "websocket.accept"}:
                self._is_accepted = True
                _sockets_open.labels(self._route).inc()
                await self._send(message)
            case _:
                await self._send(message)

    async def _end(self, *, code: int, reason: str) -> None:
        """Close the WebSocket with the application's code or because of its error; a second call has no effect."""
        if self._code is not None:
            return
        if (error := self._error()) is not None:
            await self._close_with_error(error)
        else:
            await self._close(code, reason)

    def _error(self) -> NinefoldError | None:
        """Return the error that makes Litestar close the WebSocket, if there is one."""
        error: NinefoldError | None = self._scope["state"].get(ERROR_STATE_KEY)
        return error

    async def _close_with_error(self, error: NinefoldError) -> None:
        if not self._is_accepted and _DENIAL_EXTENSION in (self._scope.get("extensions") or {}):
            await self._deny(error)
        else:
            await self._close(CLOSE_CODE_BASE + error.http_status, error.detail)

    async def _deny(self, error: NinefoldError) -> None:
        """Answer the handshake with the surface's error response."""

        async def send(message: Any) -> None:
            message["type"] = f"websocket.{message['type']}"
            await self._send(message)

        scope: Any = {**self._scope, "type": "http", "method": "GET"}
        request: Request[Any, Any, Any] = Request(scope, self._receive_message, send)
        self._code = CLOSE_CODE_BASE + error.http_status
        response = self._surface.show_error(request, error).to_asgi_response(app=None, request=request)
        await response(scope, self._receive_message, send)

    async def _close(self, code: int, reason: str) -> None:
        self._code = code
        shortened = reason.encode()[:_REASON_BYTES_MAX].decode(errors="ignore")
        await self._send({"type": "websocket.close", "code": code, "reason": shortened})

    def _record(self, *, duration_s: float) -> None:
        code = _ABNORMAL_CLOSURE if self._code is None else self._code
        _sockets_closed.labels(self._route, code).inc()
        _socket_duration.labels(self._route).observe(duration_s)
        log.info("web.socket.closed", route=self._route, code=code, duration_ms=round(duration_s * 1000, 2))
