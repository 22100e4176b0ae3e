"""Members and organisations share a worker: whoever asks a lot doesn't delay whoever asks a little."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator

import pytest

from assistant.assistant_api import AssistantApi, colleague_of, script
from assistant.workers import generating
from in_process import MakeApi
from ninefold.core.postgres.database import Database
from ninefold.systems.assistant.engines.scripted import ScriptedEngine

GREEDY = 40
ANSWER = script(token_count=30, first_token_delay_s=0.1, delay_s=0.02)
ENDLESS = script(token_count=10_000, delay_s=0.02)


async def first_token_s(api: AssistantApi) -> float:
    """Return how long the first token of an answer takes, as its log says, and stop it."""
    response_id = await api.ask(ANSWER)
    began_at = time.perf_counter()
    await api.until(response_id, lambda response: bool(response["text"]))
    took_s = time.perf_counter() - began_at
    await api.cancel(response_id)
    return took_s


async def median_first_token_s(api: AssistantApi) -> float:
    return statistics.median([await first_token_s(api) for _ in range(5)])


@pytest.fixture
async def greedy_ids(api: AssistantApi) -> AsyncIterator[list[str]]:
    """The responses that somebody asks for who asks a lot."""
    response_ids: list[str] = []
    yield response_ids
    await asyncio.gather(*[api.cancel(response_id) for response_id in response_ids])


@pytest.fixture(params=["colleague", "other organisation"])
async def modest(
    request: pytest.FixtureRequest, api: AssistantApi, other_api: AssistantApi, database: Database
) -> AssistantApi:
    """Somebody who asks a little."""
    return await colleague_of(api, database) if request.param == "colleague" else other_api


async def test_forty_streams_of_one_do_not_delay_the_first_token_of_another(
    api: AssistantApi, modest: AssistantApi, database_url: str, greedy_ids: list[str]
) -> None:
    async with generating(database_url, ScriptedEngine()):
        alone_s = await median_first_token_s(modest)
        greedy_ids += [await api.ask(ENDLESS) for _ in range(GREEDY)]
        await api.until(greedy_ids[0], lambda response: bool(response["text"]))
        beside_s = await median_first_token_s(modest)

    assert beside_s <= 1.5 * alone_s


async def test_the_places_of_a_worker_are_shared(
    api: AssistantApi, other_api: AssistantApi, database: Database, database_url: str, greedy_ids: list[str]
) -> None:
    colleague = await colleague_of(api, database)
    engine = ScriptedEngine()
    async with generating(database_url, engine, concurrency=4):
        greedy_ids += [await api.ask(ENDLESS) for _ in range(6)]
        await running(database, {"acme": 2})
        others = [(colleague, await colleague.ask(ENDLESS)) for _ in range(3)]
        await running(database, {"acme": 3})
        others += [(other_api, await other_api.ask(ENDLESS)) for _ in range(3)]
        await running(database, {"acme": 3, "globex": 1})
        assert engine.active_count == 4
        await asyncio.gather(*[each.cancel(response_id) for each, response_id in others])


async def test_a_free_place_goes_to_whoever_has_fewest(
    api: AssistantApi, make_api: MakeApi, database: Database, database_url: str, greedy_ids: list[str]
) -> None:
    greedy_ids += [await api.ask(ENDLESS) for _ in range(5)]
    third = AssistantApi(api.http, (await make_api("initech")).api_key)
    late_id = await third.ask(ENDLESS)
    async with generating(database_url, ScriptedEngine(), concurrency=2):
        # One place can't be taken by one organisation, so the last one in the queue is among the first to begin.
        await third.until(late_id, lambda response: response["status"] == "in_progress")
        await running(database, {"acme": 1, "initech": 1})
        await third.cancel(late_id)


async def running(database: Database, expected: dict[str, int]) -> None:
    """Wait until so many responses of each organisation are being generated; they must stay so."""
    async with asyncio.timeout(10):
        while await count_running(database) != expected:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert await count_running(database) == expected


async def count_running(database: Database) -> dict[str, int]:
    async with database.connection() as connection:
        counts = await connection.fetch(
            "SELECT name, count(*) AS count FROM assistant.response INNER JOIN tenancy.organisation "
            "USING (organisation_id) WHERE leased_by IS NOT NULL GROUP BY name"
        )
    return {row["name"]: row["count"] for row in counts}
