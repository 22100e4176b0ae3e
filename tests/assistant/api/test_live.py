"""Second tabs and devices see what happens: logs of responses, and changes of conversations."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from assistant.assistant_api import CONVERSATIONS, AssistantApi, script
from assistant.workers import generating
from http_api import Api, Json
from in_process import create_key
from ninefold.core.postgres.database import Database
from ninefold.systems.assistant.engines.scripted import ScriptedEngine

ARRIVES_WITHIN_S = 10


@pytest.fixture
async def api(server_api: Api) -> AssistantApi:
    """A client of a server process, whose responses can be streamed."""
    return AssistantApi(server_api.http, server_api.api_key)


@pytest.fixture
def database_url(server_database_url: str) -> str:
    return server_database_url


@asynccontextmanager
async def entries_of(
    api: AssistantApi, channel: str, *, since: str | None = None
) -> AsyncIterator[AsyncIterator[Json]]:
    """Read a channel as server-sent events; the block begins when it is subscribed."""
    headers = {"Authorization": f"Bearer {api.api_key}", **({} if since is None else {"Last-Event-ID": since})}
    async with (
        asyncio.timeout(ARRIVES_WITHIN_S),
        api.http.stream("GET", f"/api/v1/live/{channel}", headers=headers, timeout=ARRIVES_WITHIN_S) as response,
    ):
        assert response.is_success, await response.aread()
        lines = response.aiter_lines()
        async for line in lines:
            if line == "event: subscribed":
                break

        async def entries() -> AsyncIterator[Json]:
            async for line in lines:
                if line.startswith("data: ") and '"epoch"' not in line:
                    yield json.loads(line.removeprefix("data: "))

        yield entries()


async def test_a_response_is_followed_from_any_event(api: AssistantApi, database_url: str) -> None:
    response_id = await api.ask(script(token_count=40, delay_s=0.005))
    channel = (await api.response(response_id))["live_channel"]
    async with generating(database_url, ScriptedEngine()):
        seen = []
        async with entries_of(api, channel, since="0") as entries:
            async for entry in entries:
                seen.append(entry)
                if entry["type"] == "response.completed":
                    break
    async with entries_of(api, channel, since="5") as entries:
        later = [await anext(entries) for _ in range(3)]

    expected = [
        {"type": event["type"], "sequence_number": event["sequence_number"], **event["data"]}
        for event in await api.events(response_id)
    ]
    assert seen == expected
    assert later == expected[5:8]


async def test_changes_of_a_conversation_are_shown_to_whoever_reads_it(api: AssistantApi, database_url: str) -> None:
    conversation = await api.done("POST", CONVERSATIONS, json={"title": ""})
    conversation_id = conversation["conversation_id"]
    async with (
        generating(database_url, ScriptedEngine()),
        entries_of(api, conversation["live_channel"]) as entries,
        entries_of(api, conversation["list_live_channel"]) as list_entries,
    ):
        sent = await api.send(conversation_id, "Hello")
        added = await anext(entries)
        ended = await anext(entries)
        await api.done("PATCH", f"{CONVERSATIONS}/{conversation_id}", json={"title": "New"})
        updated = await anext(entries)
        listed = [await anext(list_entries) for _ in range(3)]

    answer = sent["answer"]
    ids = {"message_id": answer["message_id"], "response_id": answer["response"]["response_id"]}
    assert added == {"change": "message_added", "conversation_id": conversation_id, **ids}
    assert ended == {"change": "response_ended", "conversation_id": conversation_id, **ids}
    assert (updated["change"], updated["message_id"]) == ("updated", answer["message_id"])
    assert listed == [added, ended, updated]


async def test_nobody_else_can_follow(api: AssistantApi, server_url: str, server_database_url: str) -> None:
    database = await Database.connect(server_database_url, application_name="test", connections_max=1)
    stranger = await create_key(database, organisation="globex")
    await database.close()
    conversation = await api.done("POST", CONVERSATIONS, json={"title": ""})
    response_id = await api.ask("Hello")
    channels = [
        conversation["live_channel"],
        conversation["list_live_channel"],
        (await api.response(response_id))["live_channel"],
    ]
    async with httpx.AsyncClient(base_url=server_url, trust_env=False) as http:
        for channel in channels:
            response = await http.get(f"/api/v1/live/{channel}", headers={"Authorization": f"Bearer {stranger}"})
            assert response.status_code == 404, response.text
    await api.cancel(response_id)
