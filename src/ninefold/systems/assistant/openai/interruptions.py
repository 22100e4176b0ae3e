"""What ends an answer before it is complete: its client closes the connection, or the server stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec
import structlog
from litestar.types import Receive

from ninefold.core.errors import TooManyRequestsError
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.assistant.openai.errors import ServerStoppingError

ANSWERS_MAX: Final = 1_000
"""Streams and waiting requests of one organisation at one server."""

RETRY_AFTER_S: Final = 1

OnClosed: TypeAlias = Callable[[], Awaitable[None]]
"""What to do when the client has closed the connection before the end."""

log = structlog.get_logger(__name__)


class TooManyAnswersError(TooManyRequestsError):
    """The organisation has too many streams and waiting requests."""

    code = "too_many_open_requests"
    title = "Too many open requests"


async def do_nothing() -> None:
    """Let a response go on whose client has closed the connection."""


class OpenAnswers:
    """The answers of this process that haven't ended.

    Args:
        stopping: set when the server stops.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self.stopping: Final = stopping
        self._counts: Counter[UUID] = Counter()

    def require_room(self, organisation_id: UUID) -> None:
        """Check that an organisation can have another open answer.

        Raises:
            TooManyAnswersError: it has `ANSWERS_MAX`.
        """
        if self._counts[organisation_id] >= ANSWERS_MAX:
            raise TooManyAnswersError(
                f"The organisation has {ANSWERS_MAX:,} open requests at this server, which is the limit.",
                retry_after_s=RETRY_AFTER_S,
                remedy="Close some, or wait until they have ended.",
            )

    @contextmanager
    def counted(self, organisation_id: UUID) -> Iterator[None]:
        """Count an answer as open while the block runs."""
        self._counts[organisation_id] += 1
        try:
            yield
        finally:
            self._counts[organisation_id] -= 1
            if not self._counts[organisation_id]:
                del self._counts[organisation_id]


class Interruption(msgspec.Struct, frozen=True, kw_only=True):
    """What ends an answer from outside, and what happens then."""

    answers: OpenAnswers
    organisation_id: UUID
    """Whose answer it is."""
    stopped: ServerStoppingError
    """The error that the client then gets, if the answer hasn't begun. One that has begun breaks off."""
    on_closed: OnClosed = do_nothing
    """What happens if the client closes the connection, or the server stops."""


class Watch:
    """Notices what ends an answer from outside."""

    def __init__(self, interruption: Interruption, receive: Receive) -> None:
        self._interruption = interruption
        self._closed = asyncio.ensure_future(_wait_for_disconnect(receive))
        self._stopping = asyncio.ensure_future(interruption.answers.stopping.wait())

    @property
    def has_ended(self) -> bool:
        """Whether the client has closed the connection, or the server stops."""
        return self._closed.done() or self._stopping.done()

    async def wait_with(self, future: "asyncio.Future[Any]", *, timeout_s: float | None = None) -> None:
        """Wait until the future is done, something ends the answer, or the time is over."""
        futures: list[asyncio.Future[Any]] = [future, self._closed, self._stopping]
        await asyncio.wait(futures, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)

    async def end(self, *, has_begun: bool) -> None:
        """Do what happens when an answer is ended from outside.

        Raises:
            ServerStoppingError: the server stops, and the answer hasn't begun.
        """
        try:
            await self._interruption.on_closed()
        except DatabaseUnavailableError as error:
            log.warning("assistant.openai.not_cancelled", error=str(error))
        if not self._closed.done() and not has_begun:
            raise self._interruption.stopped

    async def aclose(self) -> None:
        """Stop watching."""
        await cancel(self._closed)
        await cancel(self._stopping)


@asynccontextmanager
async def watching(interruption: Interruption, receive: Receive) -> AsyncIterator[Watch]:
    """Watch for what ends an answer while the block runs."""
    with interruption.answers.counted(interruption.organisation_id):
        watch = Watch(interruption, receive)
        try:
            yield watch
        finally:
            await watch.aclose()


async def cancel(task: "asyncio.Future[Any]") -> None:
    """Cancel a task, and wait until it has ended."""
    if not task.done():
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
