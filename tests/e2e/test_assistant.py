"""Servers and workers are killed at random tokens: nothing that was shown is lost, and nothing is there twice."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import pytest

from assistant.assistant_api import AssistantApi, script, text_of, types_of
from http_api import Json
from in_process import create_key
from installations import clean_environment, free_port
from ninefold.core.postgres.database import Database
from ninefold.systems.assistant.engines.port import Generation
from ninefold.systems.assistant.engines.scripted import MODEL, ScriptedEngine
from ninefold.systems.assistant.model import PromptMessage

SEED: Final = 20261127
RESPONSES: Final = 12
TOKENS: Final = 60
WORKER_KILLS: Final = 2
SERVER_KILLS: Final = 1
READY_WITHIN_S: Final = 30.0
ENDS_WITHIN_S: Final = 60.0
CONTINUES_WITHIN_S: Final = 5.0
"""After another worker could notice that the one before is dead."""

NOTICED_WITHIN_S: Final = 7.0
"""A lease lasts 5 s; others look once a second."""


class Installation:
    """A server and two workers as processes, which a test kills and starts again."""

    def __init__(self, database_url: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = clean_environment(
            {
                "NINEFOLD_DATABASE_URL": database_url,
                "NINEFOLD_PORT": str(self.port),
                "NINEFOLD_ASSISTANT_ENGINE": "scripted",
                "NINEFOLD_ASSISTANT_CONCURRENCY": "24",
            }
        )
        self.server: Process | None = None
        self.workers: list[Process] = []

    async def start_server(self) -> None:
        """Start the server, and wait until it is ready."""
        self.server = await self._start("serve")
        async with asyncio.timeout(READY_WITHIN_S), httpx.AsyncClient(trust_env=False) as http:
            while True:
                try:
                    if (await http.get(f"{self.url}/readyz")).is_success:
                        return
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    async def start_worker(self) -> None:
        self.workers.append(await self._start("worker"))

    async def kill_server(self) -> None:
        """Kill the process of the server and the one that serves, and start it again."""
        assert self.server is not None
        os.killpg(self.server.pid, signal.SIGKILL)
        await self.server.wait()
        async with asyncio.timeout(READY_WITHIN_S):
            while await is_open(self.port):
                await asyncio.sleep(0.02)
        await self.start_server()

    async def kill_worker(self, number: int) -> None:
        """Kill a worker, and start another one."""
        worker = self.workers.pop(number)
        worker.kill()
        await worker.wait()
        await self.start_worker()

    async def stop(self) -> None:
        for process in [*self.workers, *([] if self.server is None else [self.server])]:
            process.send_signal(signal.SIGTERM)
            await process.wait()

    async def _start(self, command: str) -> Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ninefold", command),
            env=self._environment,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            start_new_session=True,
        )


class Reader:
    """A client that follows a response, and comes back where it was whenever the connection is lost."""

    def __init__(self, http: httpx.AsyncClient, api_key: str, response_id: str) -> None:
        self.entries: list[Json] = []
        self.reconnects = -1
        self._http = http
        self._path = f"/api/v1/live/assistant.response:{response_id}"
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._last_id = "0"

    async def run(self) -> None:
        """Read until the last event."""
        while True:
            self.reconnects += 1
            try:
                if await self._read():
                    return
            except (httpx.TransportError, httpx.StreamError):
                pass
            await asyncio.sleep(0.05)

    async def _read(self) -> bool:
        headers = {**self._headers, "Last-Event-ID": self._last_id}
        async with self._http.stream("GET", self._path, headers=headers, timeout=30) as response:
            entry_id = name = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    entry_id = value
                elif field == "event":
                    name = value
                elif field == "data" and not name:
                    self._last_id = entry_id
                    self.entries.append(json.loads(value))
                    if self.entries[-1]["type"].split(".")[-1] in {"completed", "failed", "incomplete", "cancelled"}:
                        return True
                elif not line:
                    name = ""
        return False


async def is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def expected_text(message: str) -> str:
    """Return the answer that nothing interrupts."""
    generation = Generation(model=MODEL, messages=[PromptMessage(role="user", text=message)], max_tokens=TOKENS)
    return "".join([piece.text async for piece in ScriptedEngine().generate(generation)])


@pytest.fixture
async def installation(database_url: str) -> AsyncIterator[Installation]:
    running = Installation(database_url)
    await running.start_server()
    yield running
    await running.stop()


@asynccontextmanager
async def client_of(installation: Installation, database: Database) -> AsyncIterator[AssistantApi]:
    api_key = await create_key(database, organisation="acme")
    async with httpx.AsyncClient(base_url=installation.url, trust_env=False) as http:
        yield AssistantApi(http, api_key)


async def test_kills_at_random_tokens_lose_nothing_and_repeat_nothing(
    installation: Installation, database: Database
) -> None:
    dice = random.Random(SEED)
    await installation.start_worker()
    await installation.start_worker()
    async with client_of(installation, database) as api:
        messages = [script(seed=number, token_count=TOKENS, delay_s=0.1) for number in range(RESPONSES)]
        expecting = asyncio.gather(*[expected_text(message) for message in messages])
        response_ids = [await api.ask(message, model=MODEL) for message in messages]
        readers = [Reader(api.http, api.api_key, response_id) for response_id in response_ids]
        reading = [asyncio.create_task(reader.run()) for reader in readers]
        for number in range(WORKER_KILLS):
            await asyncio.sleep(dice.uniform(0.5, 1.5))
            await installation.kill_worker(dice.randrange(2))
            if number < SERVER_KILLS:
                await asyncio.sleep(dice.uniform(0, 0.5))
                await installation.kill_server()
        async with asyncio.timeout(ENDS_WITHIN_S):
            await asyncio.gather(*reading)
        responses = [await api.ended(response_id) for response_id in response_ids]
        logs = [await api.events(response_id) for response_id in response_ids]

    for text, response, log, reader in zip(await expecting, responses, logs, readers, strict=True):
        assert (response["status"], response["usage"]["output_tokens"]) == ("completed", TOKENS), f"seed {SEED}"
        assert response["text"] == text_of(log) == text, f"seed {SEED}"
        assert [event["sequence_number"] for event in log] == list(range(len(log)))
        seen = [{"type": e["type"], "sequence_number": e["sequence_number"], **e["data"]} for e in log]
        assert reader.entries == seen, f"seed {SEED}"
    assert sum(response["attempt_count"] > 1 for response in responses) > 0, "no kill hit a response"
    assert all(reader.reconnects >= SERVER_KILLS for reader in readers)


async def test_the_same_message_goes_on_soon_after_its_worker_was_killed(
    installation: Installation, database: Database
) -> None:
    await installation.start_worker()
    async with client_of(installation, database) as api:
        response_id = await api.ask(script(token_count=TOKENS, delay_s=0.05), model=MODEL)
        before = await api.until(response_id, lambda response: len(response["text"]) > 50)
        killed_at = time.monotonic()
        await installation.kill_worker(0)
        await api.until_event(response_id, "ninefold.response.continued")
        took_s = time.monotonic() - killed_at
        response = await api.ended(response_id)
        log = await api.events(response_id)

    assert took_s < NOTICED_WITHIN_S + CONTINUES_WITHIN_S
    assert response["text"].startswith(before["text"])
    assert types_of(log).count("ninefold.response.continued") == 1
