"""Servers and readers of live feeds, for tests of any transport."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, Self

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from http_api import Api
from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port
from ninefold.edge.ports import NO_TLS

PROGRAM = Path(__file__).with_name("live_server.py")
ARRIVES_WITHIN_S = 20.0


class LiveServer:
    """A server process with the boards of `live_board.py`. It can be stopped, killed and started again."""

    def __init__(self, database_url: str, log: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = clean_environment(
            {"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(self.port), **(settings or {})}
        )
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        failures = [line["event"] for line in self.lines() if line["level"] == "error"]
        assert failures == [], self._log.read_text()

    def start(self) -> None:
        """Start the process, and wait until it is ready."""
        with self._log.open("ab") as standard_error:
            self._process = subprocess.Popen(
                [sys.executable, str(PROGRAM)], env=self._environment, stderr=standard_error, start_new_session=True
            )
        give_up_at = time.monotonic() + READY_WITHIN_S
        while True:
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < give_up_at, self._log.read_text()
            try:
                httpx.get(f"{self.url}/healthz", trust_env=False, verify=NO_TLS)
            except httpx.TransportError:
                time.sleep(0.05)  # A starting server sends no signal to wait for.
            else:
                return

    def stop(self) -> None:
        """Stop the process with SIGTERM."""
        if self._process is not None:
            self._process.terminate()
            assert self._process.wait(STOP_WITHIN_S) == 0, self._log.read_text()
            self._process = None

    def kill(self) -> None:
        """Kill the process and the one that serves with SIGKILL, and wait until the port is free again."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        give_up_at = time.monotonic() + STOP_WITHIN_S
        while self._accepts_connections():
            assert time.monotonic() < give_up_at, self._log.read_text()
            time.sleep(0.05)  # The process that serves isn't ours to wait for.
        self._process = None

    def _accepts_connections(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def lines(self) -> list[dict[str, Any]]:
        """Return all log lines, without one that is still being written."""
        written, _, _ = self._log.read_text().rpartition("\n")
        return [json.loads(line) for line in written.splitlines()]

    @asynccontextmanager
    async def api(self, api_key: str) -> AsyncIterator[Api]:
        """Return a client of the API of this server."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            yield Api(client, api_key)


class Server(Protocol):
    """Where a server is."""

    @property
    def port(self) -> int: ...

    @property
    def url(self) -> str: ...


class Subscribed(msgspec.Struct):
    """Where reading begins."""

    epoch: str
    offset: int
    was_recovering: bool = False
    recovered: bool = False


class RefusedError(Exception):
    """The server refused the reader: `code` is that of the transport."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Reader(ABC):
    """A client that reads one channel with one of the transports."""

    refusals: Mapping[str, int]
    """The codes with which the transport refuses readers."""

    def __init__(self) -> None:
        self.subscribed = Subscribed("", 0)
        self.offsets: list[int] = []
        self.data: list[Any] = []
        self.signals: list[Any] = []
        self.ended: tuple[int, str] | None = None
        """The code and the reason with which the server ended the connection."""
        self._changed = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None

    @property
    def position(self) -> tuple[str, int]:
        """Up to where it has read."""
        return self.subscribed.epoch, self.offsets[-1] if self.offsets else self.subscribed.offset

    @abstractmethod
    async def open(self, server: Server, credential: str, channel: str, *, since: tuple[str, int] | None) -> None:
        """Connect and subscribe. Raise `RefusedError` if the server refuses."""

    @abstractmethod
    async def read(self) -> None:
        """Read until the connection ends."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connection."""

    def start(self) -> None:
        """Begin to read in the background."""

        async def run() -> None:
            await self.read()
            await self.notify()

        self._reading = asyncio.create_task(run())

    async def stop(self) -> None:
        """Stop reading, and close the connection."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        await self.close()

    async def add(self, offset: int, data: Any) -> None:
        """Note an entry, or a signal if the offset is 0."""
        if offset:
            self.offsets.append(offset)
            self.data.append(data)
        else:
            self.signals.append(data)
        await self.notify()

    async def notify(self) -> None:
        """Wake those that wait."""
        async with self._changed:
            self._changed.notify_all()

    async def wait_for_offset(self, offset: int) -> None:
        """Wait until it has got this entry."""
        async with asyncio.timeout(ARRIVES_WITHIN_S), self._changed:
            await self._changed.wait_for(lambda: self.position[1] >= offset or self.ended is not None)
        assert self.position[1] >= offset, f"it ended with {self.ended} after {self.position}"

    async def wait_for_signal(self, *, count: int = 1) -> None:
        """Wait until it has got so many signals."""
        async with asyncio.timeout(ARRIVES_WITHIN_S), self._changed:
            await self._changed.wait_for(lambda: len(self.signals) >= count)

    async def wait_for_end(self) -> tuple[int, str]:
        """Wait until the server ends the connection; return the code and the reason."""
        async with asyncio.timeout(ARRIVES_WITHIN_S), self._changed:
            await self._changed.wait_for(lambda: self.ended is not None)
        assert self.ended is not None
        return self.ended


class WebSocketReader(Reader):
    """Reads with Centrifuge's protocol, by hand."""

    refusals = {"unknown": 102, "unauthorized": 3500, "expired": 109, "busy": 503}  # noqa: RUF012

    async def open(self, server: Server, credential: str, channel: str, *, since: tuple[str, int] | None) -> None:
        url = f"ws://127.0.0.1:{server.port}/connection/websocket"
        try:
            self._socket: ClientConnection = await connect(url, max_size=None, proxy=None, ping_interval=None)
        except InvalidStatus as error:
            raise RefusedError(error.response.status_code) from error
        self._early: list[dict[str, Any]] = []
        await self.command(1, connect={"token": credential})
        subscribe: dict[str, Any] = {"channel": channel}
        if since is not None:
            subscribe |= {"recover": True, "epoch": since[0], "offset": since[1]}
        result = (await self.command(2, subscribe=subscribe))["subscribe"]
        self.subscribed = msgspec.convert(result, Subscribed)
        if (publications := result.get("publications", ())) and since is not None:
            self.subscribed.offset = since[1]
        for publication in publications:
            await self.add(publication["offset"], publication["data"])
        for reply in self._early:
            await self._on_reply(reply)

    async def command(self, number: int, **request: Any) -> dict[str, Any]:
        """Send a command, and return its reply."""
        await self._socket.send(json.dumps({"id": number, **request}))
        while True:
            try:
                text = await self._socket.recv()
            except ConnectionClosed as error:
                raise RefusedError(self._socket.close_code or 0) from error
            found: dict[str, Any] = {}
            for line in str(text).split("\n"):
                reply = json.loads(line)
                if reply.get("id") == number:
                    found = reply
                else:
                    self._early.append(reply)
            if "error" in found:
                raise RefusedError(found["error"]["code"])
            if found:
                return found

    async def send(self, command: dict[str, Any]) -> None:
        """Send a command without waiting for its reply."""
        await self._socket.send(json.dumps(command))

    async def read(self) -> None:
        try:
            async for text in self._socket:
                for line in str(text).split("\n"):
                    await self._on_reply(json.loads(line))
        except ConnectionClosed:
            pass
        self.ended = (self._socket.close_code or 0, self._socket.close_reason or "")

    async def close(self) -> None:
        await self._socket.close()

    async def _on_reply(self, reply: dict[str, Any]) -> None:
        if not reply:
            await self._socket.send("{}")
        elif "pub" in (push := reply.get("push", {})):
            await self.add(push["pub"].get("offset", 0), push["pub"]["data"])
        elif "unsubscribe" in push:
            self.ended = (push["unsubscribe"]["code"], push["unsubscribe"]["reason"])
            await self.notify()


class EventStreamReader(Reader):
    """Reads server-sent events, as curl or a browser does."""

    refusals = {"unknown": 404, "unauthorized": 401, "expired": 401, "busy": 503}  # noqa: RUF012

    async def open(self, server: Server, credential: str, channel: str, *, since: tuple[str, int] | None) -> None:
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        if since is not None:
            headers["Last-Event-ID"] = f"{since[0]}-{since[1]}" if since[0] else str(since[1])
        self._client = httpx.AsyncClient(base_url=server.url, trust_env=False, timeout=None)
        request = self._client.build_request("GET", f"/api/v1/live/{channel}", headers=headers)
        self._response = await self._client.send(request, stream=True)
        if not self._response.is_success:
            await self.close()
            raise RefusedError(self._response.status_code)
        self._lines = lines_of(self._response)
        while not self.subscribed.epoch:
            await self._read_event()

    async def read(self) -> None:
        try:
            while self.ended is None:
                await self._read_event()
        except (StopAsyncIteration, httpx.TransportError):
            self.ended = self.ended or (0, "")

    async def close(self) -> None:
        await self._response.aclose()
        await self._client.aclose()

    async def _read_event(self) -> None:
        """Read the lines of one event."""
        fields: dict[str, str] = {}
        while line := await anext(self._lines):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        if "data" in fields:
            await self._on_event(fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"]))

    async def _on_event(self, kind: str, identifier: str, data: Any) -> None:
        match kind:
            case "message":
                epoch, _, offset = identifier.partition("-")
                assert epoch == self.subscribed.epoch
                await self.add(int(offset), data)
            case "subscribed":
                self.subscribed = msgspec.convert(data, Subscribed)
                assert identifier == f"{self.subscribed.epoch}-{self.subscribed.offset}"
            case "signal":
                await self.add(0, data["data"])
            case "disconnect":
                self.ended = (data["code"], data["reason"])


async def lines_of(response: httpx.Response) -> AsyncIterator[str]:
    """Yield the lines of a response; httpx also ends lines at other characters, which events can contain."""
    rest = b""
    async for chunk in response.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode()


TRANSPORTS = {"websocket": WebSocketReader, "sse": EventStreamReader}
