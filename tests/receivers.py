"""A webhook receiver for tests: it stores requests, and sends the responses that the test chooses."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import httptools
from standardwebhooks.webhooks import Webhook


class ReceivedRequest:
    """A request as it arrived."""

    def __init__(self) -> None:
        self.path = b""
        self.headers: dict[str, str] = {}
        self.body = b""

    def verify(self, secret: str) -> Any:
        """Check the signature with the official library; return the decoded body."""
        return Webhook(secret).verify(self.body, self.headers)


class Answer:
    """A response; with `until`, it is sent after that event."""

    def __init__(
        self,
        status: int = 200,
        *,
        body: bytes = b"ok",
        headers: dict[str, str] | None = None,
        until: asyncio.Event | None = None,
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.until = until


class Receiver:
    """Listens on 127.0.0.1 during its `async with`; on a free port unless one is given.

    It sends each of `answers` once, then always `default_answer`.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._port = port
        self.requests: list[ReceivedRequest] = []
        self.answers: deque[Answer] = deque()
        self.default_answer = Answer()
        self._arrived = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Connection(self), "127.0.0.1", self._port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        """Where to send requests."""
        return f"http://127.0.0.1:{self.port}/hooks"

    async def received(self, count: int, *, timeout_s: float = 10.0) -> list[ReceivedRequest]:
        """Wait until this many requests have arrived; return all."""
        await self.wait_until(lambda: len(self.requests) >= count, timeout_s=timeout_s)
        return self.requests

    async def wait_until(self, condition: Callable[[], bool], *, timeout_s: float = 10.0) -> None:
        """Wait until the condition is true; it is checked after each request."""
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(condition)

    async def answer(self, request: ReceivedRequest) -> Answer:
        """Store a request, and return the response to it."""
        answer = self.answers.popleft() if self.answers else self.default_answer
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        if answer.until is not None:
            await answer.until.wait()
        return answer


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._parser = httptools.HttpRequestParser(self)
        self._request = ReceivedRequest()
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._request.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode().lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._request.body += body

    def on_message_complete(self) -> None:
        request, self._request = self._request, ReceivedRequest()
        task = asyncio.get_running_loop().create_task(self._reply(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reply(self, request: ReceivedRequest) -> None:
        answer = await self._receiver.answer(request)
        headers = {"content-length": str(len(answer.body)), **answer.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._transport.write(f"HTTP/1.1 {answer.status} Answer\r\n{lines}\r\n".encode() + answer.body)

    def connection_lost(self, _: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()
