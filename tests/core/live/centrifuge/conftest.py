"""Clients of Centrifuge's protocol, in process, whose WebSocket the test controls."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import pytest

from in_process import create_key
from live_board import BOARD, create_board
from ninefold.core.egress import AddressPolicy
from ninefold.core.live import FeedMap, Hub
from ninefold.core.live.centrifuge.client import WebSocketClient
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import NoSettings, ServerContext
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.service import authenticate

ARRIVES_WITHIN_S = 10


class FakeSocket:
    """A WebSocket without a network."""

    def __init__(self) -> None:
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._replies: list[dict[str, Any]] = []
        self.closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    async def accept(self) -> None:
        """Accept the handshake."""

    async def receive(self) -> dict[str, Any]:
        return await self._received.get()

    async def send(self, message: dict[str, Any]) -> None:
        self._sent.put_nowait(message)

    async def close(self, code: int, reason: str) -> None:
        self.closed.set_result((code, reason))

    def write(self, *commands: Any) -> None:
        """Send commands, or any text or bytes, in one message."""
        if len(commands) == 1 and isinstance(commands[0], bytes):
            self._received.put_nowait({"type": "websocket.receive", "bytes": commands[0], "text": None})
            return
        lines = [command if isinstance(command, str) else json.dumps(command) for command in commands]
        self._received.put_nowait({"type": "websocket.receive", "text": "\n".join(lines)})

    def leave(self) -> None:
        """Close the connection as the client."""
        self._received.put_nowait({"type": "websocket.disconnect", "code": 1000})

    async def read(self) -> dict[str, Any]:
        """Return the next reply or push."""
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while not self._replies:
                message = await self._sent.get()
                self._replies += [json.loads(line) for line in message["text"].split("\n")]
        return self._replies.pop(0)

    async def do(self, **request: Any) -> dict[str, Any]:
        """Send a command; return its result, or its error."""
        self.write({"id": 7, **request})
        reply = await self.read()
        assert reply.pop("id") == 7
        (result,) = reply.values()
        return dict(result)

    async def wait_for_close(self) -> tuple[int, str]:
        """Return the code and the reason with which the server has closed the connection."""
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            return await self.closed


Connect: TypeAlias = Callable[..., Any]


@pytest.fixture
async def key(database: Database) -> str:
    return await create_key(database, organisation="acme")


@pytest.fixture
async def principal(database: Database, key: str) -> Principal:
    async with database.connection() as connection:
        return await authenticate(connection, key, kinds=[API_KEY])


@pytest.fixture
async def channel(database: Database, principal: Principal) -> str:
    """The channel of a board."""
    async with database.connection() as connection:
        await create_board(connection, "b", organisation_id=principal.organisation_id)
    return "board.notes:b"


@pytest.fixture
async def hub(database: Database) -> Hub:
    """A hub with the boards, whose background work doesn't run."""
    notifier = Notifier(database)
    context = ServerContext(
        database=database,
        notifier=notifier,
        settings=NoSettings(),
        egress_policy=AddressPolicy.from_cidrs([]),
        stopping=asyncio.Event(),
    )
    return Hub(
        database,
        notifier=notifier,
        feeds=FeedMap(BOARD.feeds(context)),
        methods=BOARD.live_methods(context),
        kinds=[API_KEY],
        connections_max=3,
        buffer_size_max=1_048_576,
    )


@pytest.fixture
async def open_socket(hub: Hub) -> AsyncIterator[Connect]:
    """Open a WebSocket; `credential` is what its handshake has."""
    async with AsyncExitStack() as stack:

        @asynccontextmanager
        async def running(credential: str) -> AsyncIterator[FakeSocket]:
            socket = FakeSocket()
            serving = asyncio.create_task(WebSocketClient(socket, hub, credential=credential).run())  # type: ignore[arg-type]
            yield socket
            socket.leave()
            async with asyncio.timeout(ARRIVES_WITHIN_S):
                await serving

        async def open_(credential: str = "") -> FakeSocket:
            return await stack.enter_async_context(running(credential))

        yield open_


@pytest.fixture
async def socket(open_socket: Connect, key: str) -> FakeSocket:
    """A connected client."""
    opened: FakeSocket = await open_socket()
    assert (await opened.do(connect={"token": key}))["client"].startswith("cli_")
    return opened
