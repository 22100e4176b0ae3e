"""A server is killed while members write: nothing that it has answered is lost, and nothing is there twice."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from http_api import Api, Json
from in_process import create_key
from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port
from messaging_api import Talk, acting, path_of
from ninefold.core.postgres.database import Database

MESSAGES = 60
KILLED_AFTER = 15
RETRY_AFTER_S = 0.05


class KillableServer:
    """A server that is started again at the same address."""

    def __init__(self, database_url: str, log: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._log = log.open("ab")
        self._environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port)})
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "ninefold", "serve"]
        self._process = subprocess.Popen(command, env=self._environment, stderr=self._log)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(STOP_WITHIN_S)

    async def wait_until_ready(self) -> None:
        give_up_at = time.monotonic() + READY_WITHIN_S
        async with httpx.AsyncClient(base_url=self.url, trust_env=False) as http:
            while True:
                assert time.monotonic() < give_up_at, "the server isn't ready"
                try:
                    if (await http.get("/readyz")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(RETRY_AFTER_S)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(STOP_WITHIN_S)
        self._log.close()


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
