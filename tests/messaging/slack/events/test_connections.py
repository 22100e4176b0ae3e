"""The protocol of Socket Mode: what is told to an app is told at least once, whatever happens to its connections."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from http_api import Api, Json
from in_process import create_key
from killable_servers import KillableServer
from messaging_api import Talk
from ninefold.core.postgres.database import Database
from slack_sockets import PlainSocket, open_url

MESSAGES = 40


@pytest.fixture
def talk(server_api: Api) -> Talk:
    """An organisation's messaging."""
    return Talk(server_api)


async def create_app(api: Api, name: str = "helper") -> Json:
    """Create an app that is told of messages in public channels."""
    body = {"name": name, "event_types": ["message.channels"]}
    return await api.done("POST", "/messaging/apps", json=body)


async def test_what_is_not_acknowledged_is_sent_again(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    app = await create_app(talk.api)
    general = await talk.general()

    async with PlainSocket(server_url, app["app_token"]) as socket:
        await talk.post(general, ines, "Hello")
        first = await socket.receive_event()
        again = await socket.receive_event()
        await socket.acknowledge(again)
        async with asyncio.timeout(30):
            while (await listed(talk.api, app))[0]["state"] != "delivered":
                await asyncio.sleep(0.05)

    assert first["envelope_id"] == again["envelope_id"]
    assert first["payload"] == again["payload"]
    assert (first["retry_attempt"], first["retry_reason"]) == (0, "")
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert first["payload"]["event"]["text"] == "Hello"
    assert (first["accepts_response_payload"], first["payload"]["type"]) == (False, "event_callback")


async def test_a_ping_comes_back_with_its_payload(talk: Talk, server_url: str) -> None:
    app = await create_app(talk.api)

    async with PlainSocket(server_url, app["app_token"]) as socket:
        await socket.ping(b"sdk-ping-pong:1764237600.5")

        assert socket.hello["num_connections"] == 1
        assert socket.hello["connection_info"] == {"app_id": app["slack_id"]}


async def test_the_connections_of_an_app_share_what_it_is_told(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    app = await create_app(talk.api)
    general = await talk.general()
    texts: Counter[str] = Counter()

    async def read(socket: PlainSocket) -> None:
        while True:
            envelope = await socket.receive_event()
            texts[envelope["payload"]["event"]["text"]] += 1
            await socket.acknowledge(envelope)

    async with PlainSocket(server_url, app["app_token"]) as one, PlainSocket(server_url, app["app_token"]) as two:
        assert two.hello["num_connections"] == 2
        readers = [asyncio.create_task(read(socket)) for socket in (one, two)]
        for number in range(MESSAGES):
            await talk.post(general, ines, str(number))
        async with asyncio.timeout(30):
            while len(texts) < MESSAGES:
                await asyncio.sleep(0.05)
        for reader in readers:
            reader.cancel()

    assert texts == Counter([str(number) for number in range(MESSAGES)])


async def test_a_connection_that_acknowledges_nothing_leaves_the_rest_to_others(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    app = await create_app(talk.api)
    general = await talk.general()
    texts: set[str] = set()

    async with PlainSocket(server_url, app["app_token"]):
        for number in range(MESSAGES):
            await talk.post(general, ines, str(number))
        async with PlainSocket(server_url, app["app_token"]) as other:
            while len(texts) < MESSAGES / 2:
                envelope = await other.receive_event()
                texts.add(envelope["payload"]["event"]["text"])
                await other.acknowledge(envelope)


async def test_an_address_can_be_used_once(talk: Talk, server_url: str) -> None:
    app = await create_app(talk.api)
    answer = await open_url(server_url, app["app_token"])
    assert answer["ok"]

    async with connect(answer["url"], proxy=None):
        for url in (answer["url"], answer["url"].replace("ticket=", "ticket=x")):
            with pytest.raises(InvalidStatus) as caught:
                await connect(url, proxy=None)
            assert caught.value.response.status_code in (403, 404)


async def test_only_the_token_of_an_app_opens_a_connection(talk: Talk, server_url: str) -> None:
    app = await create_app(talk.api)
    other = await talk.api.done(
        "POST", "/messaging/apps", json={"name": "web", "request_url": "http://127.0.0.1:9/slack/events"}
    )

    assert (await open_url(server_url, app["bot_token"]))["error"] == "not_allowed_token_type"
    assert (await open_url(server_url, other["app_token"]))["error"] == "link_disabled"


async def test_an_app_that_was_never_connected_costs_nothing(talk: Talk) -> None:
    ines = await talk.member("ines")
    app = await create_app(talk.api)

    await talk.post(await talk.general(), ines, "Hello")

    assert await listed(talk.api, app) == []


async def test_the_connections_of_an_app_end_when_its_bot_is_deactivated(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    app = await create_app(talk.api)
    bot_path = f"/messaging/members/{app['bot']['member_id']}"
    webhook = await talk.api.done(
        "POST", f"/messaging/apps/{app['app_id']}/webhooks", json={"channel_id": (await talk.general())["channel_id"]}
    )

    async with PlainSocket(server_url, app["app_token"]) as socket, PlainSocket.of_bot(server_url, app) as rtm:
        await talk.api.done("PATCH", bot_path, json={"is_deactivated": True})
        await socket.wait_closed()
        await rtm.wait_closed()
    await talk.post(await talk.general(), ines, "Nobody listens")

    assert (await open_url(server_url, app["app_token"]))["error"] == "account_inactive"
    refused = await talk.api.http.post(webhook["url"], json={"text": "Hello"})
    assert (refused.status_code, refused.text) == (404, "no_active_hooks")
    assert await listed(talk.api, app) == []
    await talk.api.done("PATCH", bot_path, json={"is_deactivated": False})
    async with PlainSocket(server_url, app["app_token"]) as socket:
        assert socket.hello["num_connections"] == 1


async def test_the_connections_of_a_token_end_when_it_is_revoked(talk: Talk, server_url: str) -> None:
    app = await create_app(talk.api)
    path = f"/messaging/apps/{app['app_id']}/tokens"
    first = next(each for each in (await talk.api.get(path))["items"] if each["kind"] == "app")
    created = await talk.api.done("POST", path, json={"kind": "app"})

    async with PlainSocket(server_url, app["app_token"]) as old, PlainSocket(server_url, created["token"]) as new:
        await talk.api.request("DELETE", f"{path}/{first['token_id']}")
        await old.wait_closed()
        await new.ping(b"still there")

    assert (await open_url(server_url, app["app_token"]))["error"] == "token_revoked"


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[KillableServer]:
    """A server that can be killed."""
    server = KillableServer(database_url, tmp_path / "log.ndjson")
    await server.wait_until_ready()
    yield server
    server.close()


async def test_a_server_that_is_killed_loses_nothing_that_an_app_is_to_be_told(
    server: KillableServer, database: Database
) -> None:
    api_key = await create_key(database, organisation="acme")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        talk = Talk(Api(http, api_key))
        ines = await talk.member("ines")
        app = await create_app(talk.api)
        general = await talk.general()
        async with PlainSocket(server.url, app["app_token"]) as socket:
            for number in range(MESSAGES):
                await talk.post(general, ines, str(number))
            envelope = await socket.receive_event()
            await socket.acknowledge(envelope)
            await socket.receive_event()
            server.kill()
            await socket.wait_closed()
        server.start()
        await server.wait_until_ready()
        texts = {envelope["payload"]["event"]["text"]}
        async with PlainSocket(server.url, app["app_token"]) as socket:
            while len(texts) < MESSAGES:
                envelope = await socket.receive_event()
                texts.add(envelope["payload"]["event"]["text"])
                await socket.acknowledge(envelope)

    assert texts == {str(number) for number in range(MESSAGES)}


async def test_a_server_that_stops_asks_its_apps_to_connect_again(server: KillableServer, database: Database) -> None:
    api_key = await create_key(database, organisation="acme")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        app = await create_app(Api(http, api_key))
    async with PlainSocket(server.url, app["app_token"]) as socket:
        await asyncio.to_thread(server.stop)
        message = await socket.receive()
        await socket.wait_closed()

    assert (message["type"], message["reason"]) == ("disconnect", "refresh_requested")


async def listed(api: Api, app: Json) -> list[Json]:
    """Return what an app is told, latest first."""
    items: list[Json] = (await api.get(f"/messaging/apps/{app['app_id']}/events"))["items"]
    return items
