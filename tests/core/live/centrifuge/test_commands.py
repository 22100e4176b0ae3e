"""The commands of Centrifuge's protocol, their errors, and what ends a connection."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from in_process import create_key
from live_board import append, forget
from ninefold.core.errors import NinefoldError
from ninefold.core.live import Hub
from ninefold.core.live.centrifuge import commands as commands_module
from ninefold.core.live.errors import TooManyConnectionsError
from ninefold.core.live.limits import COMMAND_BYTES_MAX
from ninefold.core.live.tokens import LiveToken
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.service import authenticate


class Socket(Protocol):
    """The fake of `conftest.py`."""

    def write(self, *commands: Any) -> None: ...

    async def read(self) -> dict[str, Any]: ...

    async def do(self, **request: Any) -> dict[str, Any]: ...

    async def wait_for_close(self) -> tuple[int, str]: ...


OpenSocket = Callable[..., Awaitable[Socket]]


async def token_of(
    hub: Hub, principal: Principal, *, expires_in_s: float = 60, channels: set[str] | None = None
) -> str:
    """Return a token of a principal."""
    return await hub.access.signer.sign(
        LiveToken(
            principal=principal,
            channels=None if channels is None else frozenset(channels),
            expires_at=datetime.now(UTC) + timedelta(seconds=expires_in_s),
        )
    )


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (["nonsense"], 3501),
        (['{"id": "x"}'], 3501),
        (['{"id": 1, "connect": {"token": 5}}'], 3501),
        (["[]"], 3501),
        ([b"\x00"], 3501),
        ([{"id": 1}], 3501),
        ([{"id": 1, "something": {}}], 3501),
        ([{"id": 1, "subscribe": {"channel": "a"}}], 3501),
        ([{"connect": {"token": ""}}], 3501),
        ([{"id": 1, "connect": {"token": ""}}], 3500),
        ([{"id": 1, "connect": {}}], 3500),
        ([{"id": 1, "send": {"data": 1}}], 3508),
        ([{"id": 1, "connect": {"token": "x" * COMMAND_BYTES_MAX}}], 1009),
    ],
)
async def test_what_the_protocol_does_not_allow_ends_the_connection(
    open_socket: OpenSocket, sent: list[Any], code: int
) -> None:
    socket = await open_socket()
    socket.write(*sent)

    assert (await socket.wait_for_close())[0] == code


async def test_a_second_connect_ends_the_connection(socket: Socket, key: str) -> None:
    socket.write({"id": 2, "connect": {"token": key}})

    assert await socket.wait_for_close() == (3501, "bad request")


async def test_the_handshake_can_have_the_credential(open_socket: OpenSocket, key: str) -> None:
    socket = await open_socket(key)
    connected = await socket.do(connect={"name": "js", "version": "1", "data": {"ignored": True}})

    assert (connected["ping"], connected["pong"], connected.get("expires")) == (25, True, None)


async def test_several_commands_in_one_message_are_answered_in_order(
    open_socket: OpenSocket, key: str, channel: str
) -> None:
    socket = await open_socket()
    socket.write(
        {"id": 1, "connect": {"token": key}},
        {"id": 2, "ping": {}},
        {"id": 3, "subscribe": {"channel": channel}},
        {"id": 4, "unsubscribe": {"channel": channel}},
    )

    replies = [await socket.read() for _ in range(4)]
    assert [next(name for name in reply if name != "id") for reply in replies] == [
        "connect",
        "ping",
        "subscribe",
        "unsubscribe",
    ]


async def test_a_channel_can_be_subscribed_to_once_and_again_after_the_end(socket: Socket, channel: str) -> None:
    first = await socket.do(subscribe={"channel": channel})
    second = await socket.do(subscribe={"channel": channel})
    await socket.do(unsubscribe={"channel": channel})
    await socket.do(unsubscribe={"channel": channel})
    third = await socket.do(subscribe={"channel": channel})

    assert (first["recoverable"], first["positioned"], first["offset"]) == (True, True, 0)
    assert second == {"code": 105, "message": "already subscribed"}
    assert third == first


async def test_a_client_has_a_limit_of_subscriptions(
    socket: Socket, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands_module, "SUBSCRIPTIONS_MAX", 1)
    await socket.do(subscribe={"channel": channel})

    assert (await socket.do(subscribe={"channel": "board.quiet:b"}))["code"] == 106


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"subscribe": {"channel": "board.notes:missing"}}, 102),
        ({"subscribe": {"channel": "x" * 1_000}}, 102),
        ({"history": {"channel": "board.notes:missing"}}, 102),
        ({"history": {"channel": "board.notes:b", "reverse": True}}, 108),
        ({"history": {"channel": "board.notes:b", "since": {"offset": 2, "epoch": "00000000"}}}, 112),
        ({"history": {"channel": "board.notes:b", "since": {"offset": 0}}}, 112),
        ({"history": {"channel": "board.notes:b", "since": {"offset": 9}}}, 112),
        ({"presence": {"channel": "board.notes:b"}}, 103),
        ({"presence": {"channel": "board.quiet:b"}}, 108),
        ({"presence_stats": {"channel": "board.quiet:b"}}, 108),
        ({"publish": {"channel": "board.notes:b", "data": {}}}, 103),
        ({"publish": {"channel": "board.quiet:b", "data": {}}}, 103),
        ({"sub_refresh": {"channel": "board.notes:b", "token": "x"}}, 103),
        ({"rpc": {"method": "board.missing"}}, 104),
        ({"rpc": {}}, 104),
    ],
)
async def test_a_command_that_fails_is_answered_with_its_code(
    socket: Socket, database: Database, channel: str, request_: dict[str, Any], code: int
) -> None:
    assert channel == "board.notes:b"
    async with database.connection() as connection:
        await append(connection, "b", b"1", b"2", b"3")
        await forget(connection, "b", up_to=1)
    await socket.do(subscribe={"channel": "board.quiet:b"})

    assert (await socket.do(**request_))["code"] == code
    # The connection goes on.
    assert await socket.do(ping={}) == {}


async def test_history_is_read_in_pages(socket: Socket, database: Database, channel: str) -> None:
    async with database.connection() as connection:
        await append(connection, "b", *[b"%d" % number for number in range(150)])
    position = await socket.do(history={"channel": channel})
    first = await socket.do(history={"channel": channel, "limit": 1_000})
    since = {"offset": first["publications"][-1]["offset"], "epoch": first["epoch"]}
    second = await socket.do(history={"channel": channel, "limit": 1_000, "since": since})

    assert (position["offset"], position.get("publications")) == (150, None)
    assert [publication["data"] for publication in first["publications"] + second["publications"]] == list(range(150))


async def test_a_client_can_ask_to_fail_rather_than_to_miss_something(socket: Socket, channel: str) -> None:
    request = {"channel": channel, "recover": True, "epoch": "00000000", "offset": 1, "flag": 3}

    assert (await socket.do(subscribe=request))["code"] == 112
    assert (await socket.do(subscribe={**request, "flag": 1}))["offset"] == 0


async def test_an_error_of_a_system_reaches_the_client(socket: Socket, channel: str) -> None:
    await socket.do(subscribe={"channel": channel})

    assert await socket.do(publish={"channel": channel, "data": {"note": ""}}) == {
        "code": 422,
        "message": "A note needs a text.",
    }


async def test_a_signal_has_a_limit(socket: Socket, channel: str) -> None:
    await socket.do(subscribe={"channel": channel})

    assert (await socket.do(publish={"channel": channel, "data": {"typing": "x" * 1_000}}))["code"] == 106


async def test_a_bug_ends_the_connection_and_the_client_comes_back(
    socket: Socket, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crash(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setitem(hub.methods, "board.crash", crash)
    socket.write({"id": 1, "rpc": {"method": "board.crash"}})

    assert await socket.wait_for_close() == (3004, "internal server error")


@pytest.mark.parametrize("expires_in_s", [60, 1.5])
async def test_a_token_is_to_be_refreshed_before_it_expires(
    open_socket: OpenSocket, hub: Hub, principal: Principal, expires_in_s: float
) -> None:
    socket = await open_socket()
    connected = await socket.do(connect={"token": await token_of(hub, principal, expires_in_s=expires_in_s)})
    refreshed = await socket.do(refresh={"token": await token_of(hub, principal, expires_in_s=90)})

    assert (connected["expires"], refreshed["expires"]) == (True, True)
    assert 1 <= connected["ttl"] <= expires_in_s
    assert 85 <= refreshed["ttl"] <= 90


async def test_a_refreshed_token_that_does_not_allow_a_channel_ends_its_subscription(
    open_socket: OpenSocket, hub: Hub, principal: Principal, channel: str
) -> None:
    socket = await open_socket()
    await socket.do(connect={"token": await token_of(hub, principal)})
    await socket.do(subscribe={"channel": channel})
    await socket.do(subscribe={"channel": "board.quiet:b"})
    socket.write({"id": 9, "refresh": {"token": await token_of(hub, principal, channels={"board.quiet:b"})}})

    messages = [await socket.read(), await socket.read()]
    pushes = [message["push"] for message in messages if "push" in message]
    assert [(push["channel"], push["unsubscribe"]["code"]) for push in pushes] == [(channel, 2000)]


@pytest.mark.parametrize("bad", ["nonsense", "another organisation"])
async def test_a_refresh_with_another_principal_ends_the_connection(
    open_socket: OpenSocket, hub: Hub, database: Database, principal: Principal, bad: str
) -> None:
    stranger_key = await create_key(database, organisation="globex")
    async with database.connection() as connection:
        stranger = await authenticate(connection, stranger_key, kinds=[API_KEY])
    token = "nonsense" if bad == "nonsense" else await token_of(hub, stranger)
    socket = await open_socket()
    await socket.do(connect={"token": await token_of(hub, principal)})
    socket.write({"id": 1, "refresh": {"token": token}})

    assert await socket.wait_for_close() == (3500, "invalid token")


async def test_a_refresh_with_an_expired_token_can_be_repeated_with_another(
    open_socket: OpenSocket, hub: Hub, principal: Principal
) -> None:
    socket = await open_socket()
    await socket.do(connect={"token": await token_of(hub, principal)})

    assert (await socket.do(refresh={"token": await token_of(hub, principal, expires_in_s=-1)}))["code"] == 109
    assert (await socket.do(refresh={"token": await token_of(hub, principal)}))["expires"]


async def test_subscriptions_do_not_expire(socket: Socket, channel: str) -> None:
    await socket.do(subscribe={"channel": channel})

    assert await socket.do(sub_refresh={"channel": channel, "token": "x"}) == {}


async def test_a_client_is_pinged_and_its_answer_counts(socket: Socket, hub: Hub) -> None:
    (viewer,) = hub.viewers
    viewer.ping()
    assert await socket.read() == {}
    was_due = viewer.is_pong_due
    socket.write({})
    await socket.do(ping={})

    assert (was_due, viewer.is_pong_due) == (True, False)


async def test_a_full_server_refuses_the_handshake_and_a_full_organisation_the_connect(
    open_socket: OpenSocket, hub: Hub, key: str
) -> None:
    sockets = [await open_socket() for _ in range(3)]
    results = [await socket.do(connect={"token": key}) for socket in sockets]

    assert [result.get("code") for result in results] == [None, None, 111]
    assert results[2]["temporary"]
    assert len(hub.viewers) == 3
    with pytest.raises(TooManyConnectionsError) as refused:
        hub.viewers.add(next(iter(hub.viewers)))
    assert isinstance(refused.value, NinefoldError)
    assert refused.value.http_status == 503


async def test_nothing_stays_behind_when_a_client_leaves(
    open_socket: OpenSocket, hub: Hub, key: str, channel: str
) -> None:
    socket: Any = await open_socket()
    await socket.do(connect={"token": key})
    await socket.do(subscribe={"channel": channel})
    opened = hub.find_open(channel)
    assert opened is not None
    was_used = opened.is_used
    socket.leave()
    async with asyncio.timeout(5):
        while len(hub.viewers):
            await asyncio.sleep(0.01)

    assert (was_used, opened.is_used) == (True, False)
    assert hub.viewers.principals == []


async def test_entries_that_come_with_the_reply_are_not_pushed_again(
    socket: Socket, hub: Hub, database: Database, channel: str
) -> None:
    async with database.connection() as connection:
        await append(connection, "b", b"1", b"2")
    result = await socket.do(subscribe={"channel": channel, "recover": True, "offset": 0})
    async with database.connection() as connection:
        await append(connection, "b", b"3")
    await next(reader for reader in hub._readers.values() if channel in reader.channels)._read([channel])

    assert [publication["offset"] for publication in result["publications"]] == [1, 2]
    assert (await socket.read())["push"]["pub"] == {"data": 3, "offset": 3}
