"""A server is killed while members write: nothing that it has answered is lost, and nothing is there twice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from http_api import Api, Json
from in_process import create_key
from killable_servers import RETRY_AFTER_S, KillableServer
from messaging_api import Talk, acting, path_of
from ninefold.core.postgres.database import Database

MESSAGES = 60
KILLED_AFTER = 15


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[KillableServer]:
    server = KillableServer(database_url, tmp_path / "log.ndjson")
    await server.wait_until_ready()
    yield server
    server.close()


async def test_what_was_answered_is_there_once_and_in_its_order(server: KillableServer, database: Database) -> None:
    api_key = await create_key(database, organisation="acme")
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        talk = Talk(Api(http, api_key))
        members = [await talk.member(name) for name in ("ines", "tomas", "nadia")]
        channel = await talk.channel("plans", members[0], *members[1:])
        answered: list[Json] = []
        senders = [asyncio.create_task(send_all(talk.api, channel, member, answered)) for member in members]
        while len(answered) < KILLED_AFTER:
            await asyncio.sleep(0)

        server.kill()
        server.start()
        await asyncio.gather(*senders)

        log = await talk.events(channel)
        posted = [each for each in log if each["type"] == "message"]
        assert [each["sequence"] for each in log] == list(range(1, len(log) + 1))
        assert {each["sequence"]: each["data"]["text"] for each in posted} == {
            each["sequence"]: each["text"] for each in answered
        }
        for member in members:
            own = [each["data"]["text"] for each in posted if each["member_id"] == member["member_id"]]
            assert own == [f"{member['name']} {number}" for number in range(MESSAGES)]
            assert await talk.unread(member, channel) == (2 * MESSAGES, 0)


async def send_all(api: Api, channel: Json, member: Json, answered: list[Json]) -> None:
    """Post messages one after the other, each again until there is an answer."""
    for number in range(MESSAGES):
        text = f"{member['name']} {number}"
        body = acting(member, text=text, client_msg_id=text)
        while True:
            try:
                response = await api.request("POST", f"{path_of(channel)}/messages", json=body)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_AFTER_S)
                continue
            if response.is_success:
                answered.append(response.json())
                break
            assert response.status_code == 503, response.text
            await asyncio.sleep(RETRY_AFTER_S)
