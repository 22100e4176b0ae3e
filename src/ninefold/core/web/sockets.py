"""What surrounds each WebSocket: its id, its line in the log, its metrics, how errors are told, its end at a stop.

A WebSocket that is refused before it was accepted gets the surface's own answer to its handshake, such as 401 with a
problem, where the server can send one. Later errors close it with the code 4000 + the HTTP status, and with the error's
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
"""Plus the HTTP status: 4404 is what 404 would be. Codes from 4000 on are the applications' own (RFC 6455 §7.4.2)."""

ERROR_STATE_KEY: Final = "socket_error"
"""In the scope's state: the error that ends the WebSocket."""

_SERVICE_RESTART: Final = 1012
_NORMAL_CLOSURE: Final = 1000
_GONE: Final = 1006
_REASON_BYTES_MAX: Final = 123
_DENIAL: Final = "websocket.http.response"

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


class SocketEnvelope:
    """One WebSocket on its way through the application, also where no route has its path."""

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

    async def pass_to(self, app: ASGIApp) -> None:
        """Let the application serve the WebSocket until its end; log and count it."""
        started_at = time.perf_counter()
        try:
            with self._stopping.socket():
                await app(self._scope, self._receive, self._answer)
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
        message = await self._stopping.unless_overdue(self._receive_message())
        if message is None:
            await self._close(_SERVICE_RESTART, "The server is stopping; connect again.")
            return {"type": "websocket.disconnect", "code": _SERVICE_RESTART, "reason": ""}
        if message["type"] == "websocket.disconnect":
            self._code = message["code"] or _GONE
        return message

    async def _answer(self, message: Any) -> None:
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
        """Close as the application says, or as its error wants it; a WebSocket is closed once."""
        if self._code is not None:
            return
        if (error := self._error()) is not None:
            await self._tell(error)
        else:
            await self._close(code, reason)

    def _error(self) -> NinefoldError | None:
        """Return the error for which Litestar closes the WebSocket, if it does."""
        error: NinefoldError | None = self._scope["state"].get(ERROR_STATE_KEY)
        return error

    async def _tell(self, error: NinefoldError) -> None:
        if not self._is_accepted and _DENIAL in (self._scope.get("extensions") or {}):
            await self._deny(error)
        else:
            await self._close(CLOSE_CODE_BASE + error.http_status, error.detail)

    async def _deny(self, error: NinefoldError) -> None:
        """Answer the handshake by the surface's own form of an error."""

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
        code = _GONE if self._code is None else self._code
        _sockets_closed.labels(self._route, code).inc()
        _socket_duration.labels(self._route).observe(duration_s)
        log.info("web.socket.closed", route=self._route, code=code, duration_ms=round(duration_s * 1000, 2))
