"""Passes a request on to the program git, and its answer back, both as they come."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from litestar.types import Receive, Send

from ninefold.core.errors import RequestTimeoutError
from ninefold.systems.workflows.errors import GitFailedError
from ninefold.systems.workflows.git.bodies import read_body
from ninefold.systems.workflows.git.requests import GitRequest
from ninefold.systems.workflows.service.hosting.programs import (
    drain_errors,
    end_git,
    git_environment,
    run_git,
    start_git,
    write_to,
)
from ninefold.systems.workflows.settings import WorkflowsSettings

FETCH_BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a request of a fetch: what the client has and wants."""

_PIECE_BYTES: Final = 256 * 1024
_NO_CACHE: Final = (
    (b"cache-control", b"no-cache, max-age=0, must-revalidate"),
    (b"expires", b"Fri, 01 Jan 1980 00:00:00 GMT"),
    (b"pragma", b"no-cache"),
)

# A job waits for its files. To look for what large ones have in common takes longer than to send them, and the lowest
# level is a third of the work of the usual one. What a push has brought in a pack is sent as it is.
_FETCH_CONFIG: Final = {"core.bigFileThreshold": "1m", "pack.compression": "1"}

log = structlog.get_logger(__name__)


class Answer:
    """The response, which begins with the first bytes of git: until then, an error has a status of its own.

    Args:
        send: sends it.
        content_type: its media type.
    """

    def __init__(self, send: Send, content_type: str) -> None:
        self._send = send
        self._content_type = content_type
        self.has_begun = False

    async def write(self, content: bytes) -> None:
        """Send some of it."""
        await self._begin()
        if content:
            await self._send({"type": "http.response.body", "body": content, "more_body": True})

    async def end(self, content: bytes = b"") -> None:
        """Send the last of it."""
        await self._begin()
        await self._send({"type": "http.response.body", "body": content, "more_body": False})

    async def _begin(self) -> None:
        if not self.has_begun:
            self.has_begun = True
            headers = [(b"content-type", self._content_type.encode()), *_NO_CACHE]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})


async def advertise(folder: Path, request: GitRequest, send: Send, settings: WorkflowsSettings) -> None:
    """Answer with the refs, or with what the server can do (`info/refs`).

    Raises:
        GitFailedError: git fails.
    """
    arguments = [request.program, "--stateless-rpc", "--http-backend-info-refs", str(folder)]
    output = await run_git(
        folder, *arguments, environment=environment_of(request, settings), timeout_s=settings.git_timeout_s
    )
    # Version 2 has no such line (gitprotocol-http).
    is_second = request.protocol == "version=2" and not request.is_push
    head = b"" if is_second else _packet(f"# service={request.service}\n") + b"0000"
    await Answer(send, request.answer_type).end(head + output)


async def answer_fetch(
    folder: Path, request: GitRequest, receive: Receive, send: Send, settings: WorkflowsSettings
) -> None:
    """Answer a fetch.

    Raises:
        ClientGoneError: the client has disconnected.
        GitFailedError: git fails before it has said anything.
        NinefoldError: the body is refused.
    """
    answer = Answer(send, request.answer_type)
    body = read_body(receive, is_compressed=request.is_compressed, bytes_max=FETCH_BODY_BYTES_MAX)
    exchange = Exchange(folder, request, settings)
    async with exchange.limit():
        async for output in exchange.run(body):
            await answer.write(output)
    exchange.check(answer)
    await answer.end()


class Exchange:
    """One run of git for a request.

    Args:
        folder: the repository.
        request: what is asked for.
        settings: the limits.
    """

    def __init__(self, folder: Path, request: GitRequest, settings: WorkflowsSettings) -> None:
        self._folder = folder
        self._request = request
        self._settings = settings
        self._errors = b""
        self.exit_code: int | None = None

    async def run(self, body: AsyncIterator[bytes], *, pass_fds: Sequence[int] = ()) -> AsyncIterator[bytes]:
        """Give git the body, and yield what it says.

        Raises:
            ClientGoneError: the client has disconnected.
            GitFailedError: git can't be started.
            NinefoldError: the body is refused.
        """
        process = await start_git(
            self._folder,
            self._request.program,
            "--stateless-rpc",
            str(self._folder),
            environment=environment_of(self._request, self._settings),
            pass_fds=pass_fds,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        writing = asyncio.create_task(_write(process.stdin, body))
        reading_errors = asyncio.create_task(drain_errors(process.stderr))
        try:
            reading = asyncio.ensure_future(process.stdout.read(_PIECE_BYTES))
            while True:
                # A body that is refused ends git, before it says more.
                await asyncio.wait([reading, writing], return_when=asyncio.FIRST_COMPLETED)
                if writing.done() and writing.exception() is not None:
                    reading.cancel()
                    break
                output = await reading
                if not output:
                    break
                yield output
                reading = asyncio.ensure_future(process.stdout.read(_PIECE_BYTES))
            await writing
            self.exit_code = await process.wait()
            self._errors = await reading_errors
        finally:
            await end_git(process)
            for task in (writing, reading_errors):
                task.cancel()
            await asyncio.gather(writing, reading_errors, return_exceptions=True)

    @asynccontextmanager
    async def limit(self) -> AsyncIterator[None]:
        """Limit the time that the block can take.

        Raises:
            RequestTimeoutError: it takes longer.
        """
        try:
            async with asyncio.timeout(self._settings.git_timeout_s):
                yield
        except TimeoutError as error:
            raise RequestTimeoutError(
                f"It took longer than {self._settings.git_timeout_s:g} s.",
                remedy="Transfer less at once, or raise NINEFOLD_WORKFLOWS_GIT_TIMEOUT_S.",
            ) from error

    def check(self, answer: Answer) -> None:
        """Log what git says about a failure.

        Raises:
            GitFailedError: git failed, and nothing was sent yet.
        """
        if not self.exit_code:
            return
        reason = self._errors.decode(errors="replace").strip()[-500:]
        log.info("workflows.git.failed", service=self._request.service, exit_code=self.exit_code, reason=reason)
        if not answer.has_begun:
            raise GitFailedError(
                f"git {self._request.program} failed: {reason or self.exit_code}.", remedy="Try again."
            )


def environment_of(request: GitRequest, settings: WorkflowsSettings) -> dict[str, str]:
    """Return the environment of git for a request."""
    further = {"receive.maxInputSize": str(settings.push_bytes_max)} if request.is_push else _FETCH_CONFIG
    return git_environment(further, variables={"GIT_PROTOCOL": request.protocol} if request.protocol else {})


async def _write(stdin: asyncio.StreamWriter, body: AsyncIterator[bytes]) -> None:
    try:
        async for piece in body:
            await write_to(stdin, piece)
    finally:
        with suppress(ConnectionError, RuntimeError):
            stdin.close()


def _packet(text: str) -> bytes:
    return f"{len(text) + 4:04x}{text}".encode()
