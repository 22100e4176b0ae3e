"""Speaks the runners' protocol with the server, and tries again while the server is away."""

import asyncio
import random
import re
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec
import structlog

from ninefold.core.errors import NinefoldError
from ninefold.systems.workflows.errors import StaleLeaseError
from ninefold.systems.workflows.service.fleet.protocol import (
    RUNNER_PATH,
    WAIT_S_MAX,
    Assignment,
    Claim,
    ClaimAnswer,
    Done,
    Finish,
    Leave,
    Register,
    Registered,
    Report,
    ReportAnswer,
    Start,
)

TIMEOUT_S: Final = 15.0
"""How long an answer may take, besides what a claim waits."""

BACKOFF_S_MIN: Final = 0.1
BACKOFF_S_MAX: Final = 1.0

_NO_CONTENT: Final = 204
_UNAUTHORIZED: Final = 401
_CONFLICT: Final = 409
_TEMPORARY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

_NUL: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
"""In JSON: an odd number of backslashes before `u0000`."""

T = TypeVar("T")

log = structlog.get_logger(__name__)


class RunnerRefusedError(NinefoldError):
    """The server refuses the runner, or what it sends."""

    code = "runner_refused"
    title = "The server refused the runner"


class RunnerUnknownError(RunnerRefusedError):
    """The server doesn't know the token: the runner was removed, or the token has expired."""

    code = "runner_unknown"


class ServerAwayError(NinefoldError):
    """The server doesn't answer, and the runner doesn't wait for it."""

    code = "server_away"
    title = "The server is away"


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    detail: str = "It gave no reason."
    remedy: str | None = None


class RunnerClient:
    """Sends the messages of one runner.

    Args:
        url: scheme, host and port of the server.
        token: that of the runner, or a registration token.
        transport: how requests travel; tests put the application itself here.
    """

    def __init__(self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url: Final = url.rstrip("/")
        self._transport = transport
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            timeout=TIMEOUT_S,
            transport=transport,
            # The runner's own server is reached directly, even if the environment sets a proxy.
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def register(self, data: Register) -> Registered:
        """Register a runner, with a registration token."""
        return await self._send("register", data, Registered)

    async def claim(self, data: Claim) -> ClaimAnswer:
        """Ask for jobs, and wait for them."""
        return await self._send("claim", data, ClaimAnswer, timeout_s=TIMEOUT_S + min(data.wait_s, WAIT_S_MAX))

    async def start(self, job_id: str, data: Start) -> Assignment | None:
        """Begin a job; None if it can't be run, and has ended."""
        return await self._send(f"jobs/{job_id}/start", data, Assignment | None)  # type: ignore[arg-type]  # a union.

    async def report(self, job_id: str, data: Report) -> ReportAnswer:
        """Say what a job says."""
        return await self._send(f"jobs/{job_id}/report", data, ReportAnswer)

    async def finish(self, job_id: str, data: Finish) -> None:
        """End a job."""
        await self._send(f"jobs/{job_id}/finish", data, Done)

    async def leave(self, data: Leave, *, is_tried_once: bool = False) -> None:
        """Stop.

        Raises:
            ServerAwayError: the server is away, and is tried once.
        """
        await self._send("leave", data, Done, is_tried_once=is_tried_once)

    async def _send(
        self,
        name: str,
        data: msgspec.Struct,
        kind: type[T],
        *,
        timeout_s: float = TIMEOUT_S,
        is_tried_once: bool = False,
    ) -> T:
        """Send a message until it is answered.

        Raises:
            ServerAwayError: the server is away, and is tried once.
            StaleLeaseError: it is about a job that this runner doesn't have any more.
            RunnerRefusedError: the server refuses it.
        """
        content = _encode(data)
        delay_s = BACKOFF_S_MIN
        while True:
            try:
                response = await self._http.post(f"{RUNNER_PATH}/{name}", content=content, timeout=timeout_s)
            except httpx.TransportError as error:
                log.info("workflows.runner.server_away", message=name, error=repr(error), retry_s=delay_s)
            else:
                if response.status_code not in _TEMPORARY:
                    return _read(response, kind)
                log.info("workflows.runner.server_away", message=name, status=response.status_code, retry_s=delay_s)
            if is_tried_once:
                raise ServerAwayError("The server is away.", remedy="Start it, or wait until it is back.")
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that runners don't come at once.
            delay_s = min(BACKOFF_S_MAX, delay_s * 2)


def _encode(data: msgspec.Struct) -> bytes:
    """Return a message as JSON without NUL, which a job can write and PostgreSQL can't store."""
    content = msgspec.json.encode(data)
    return _NUL.sub(rb"\1\\ufffd", content) if rb"\u0000" in content else content


def _read(response: httpx.Response, kind: type[T]) -> T:
    if response.is_success:
        content = b"null" if response.status_code == _NO_CONTENT else response.content
        try:
            return msgspec.json.decode(content, type=kind)
        except msgspec.DecodeError as error:
            raise RunnerRefusedError(
                f"The server's answer can't be read: {error}.", remedy="Give the runner the server's version."
            ) from error
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem(detail=f"It answered {response.status_code}.")
    if response.status_code == _CONFLICT:
        raise StaleLeaseError(problem.detail, remedy=problem.remedy)
    if response.status_code == _UNAUTHORIZED:
        raise RunnerUnknownError(problem.detail, remedy=problem.remedy)
    raise RunnerRefusedError(problem.detail, remedy=problem.remedy)
