"""Limits per account and API key: how many responses wait, and how many tokens per minute."""

from collections.abc import Mapping

import pytest

from assistant.assistant_api import CONVERSATIONS, AssistantApi, colleague_of, script
from assistant.workers import generating
from ninefold.core.postgres.database import Database
from ninefold.systems.assistant.engines.scripted import MODEL, ScriptedEngine

LIMIT = 1_000


@pytest.fixture
def environment() -> Mapping[str, str]:
    return {
        "NINEFOLD_ASSISTANT_MODEL": MODEL,
        "NINEFOLD_ASSISTANT_TOKENS_PER_MINUTE": str(LIMIT),
        "NINEFOLD_ASSISTANT_QUEUED_MAX": "3",
        "NINEFOLD_ASSISTANT_ORGANISATION_QUEUED_MAX": "5",
    }


async def send(api: AssistantApi, **fields: object) -> tuple[int, Mapping[str, str], dict[str, object]]:
    """Send a message in a new conversation; return the status, the headers and the body."""
    path = f"{CONVERSATIONS}/{await api.begin()}/messages"
    response = await api.request("POST", path, json={"text": "Hello", **fields})
    return response.status_code, response.headers, response.json()


async def test_what_a_response_could_use_is_reserved_until_it_has_ended(
    api: AssistantApi, other_api: AssistantApi
) -> None:
    first = await api.ask("Hello", max_output_tokens=900)

    status, headers, problem = await send(api, max_output_tokens=900)

    assert (status, problem["code"]) == (429, "token_limit")
    # About 810 tokens are missing, and 1,000 come back per minute.
    assert 45 <= int(headers["retry-after"]) <= 50
    assert (await send(other_api, max_output_tokens=900))[0] == 202
    await api.cancel(first)
    assert (await send(api, max_output_tokens=900))[0] == 202


async def test_what_was_used_is_settled(api: AssistantApi, database_url: str) -> None:
    async with generating(database_url, ScriptedEngine(), tokens_per_minute=LIMIT):
        await api.ended(await api.ask(script(token_count=300), max_output_tokens=900))

    # 300 tokens and the prompt were used: 600 are left, and no 700.
    assert (await send(api, max_output_tokens=750))[0] == 429
    assert (await send(api, max_output_tokens=600))[0] == 202


async def test_a_response_that_could_use_more_than_the_limit_is_refused(api: AssistantApi) -> None:
    status, _, problem = await send(api, max_output_tokens=LIMIT)

    assert (status, problem["code"], problem["field"]) == (422, "token_limit_too_low", "max_output_tokens")


async def test_only_so_many_responses_can_wait(api: AssistantApi) -> None:
    waiting = [await api.ask("Hello", max_output_tokens=10) for _ in range(3)]

    status, headers, problem = await send(api, max_output_tokens=10)

    assert (status, problem["code"], headers["retry-after"]) == (429, "too_many_responses", "5")
    await api.cancel(waiting[0])
    assert (await send(api, max_output_tokens=10))[0] == 202


async def test_the_members_of_an_organisation_share_its_limit(
    api: AssistantApi, database: Database, other_api: AssistantApi
) -> None:
    colleague = await colleague_of(api, database)
    for each in (api, colleague, api, colleague, api):
        await each.ask("Hello", max_output_tokens=10)

    status, _, problem = await send(colleague, max_output_tokens=10)

    assert (status, problem["code"]) == (429, "too_many_responses")
    assert (await send(other_api, max_output_tokens=10))[0] == 202


async def test_usage_is_listed_by_day_and_by_who_asked(
    api: AssistantApi, other_api: AssistantApi, database_url: str
) -> None:
    async with generating(database_url, ScriptedEngine(), tokens_per_minute=LIMIT):
        for count in (10, 20):
            await api.ended(await api.ask(script(token_count=count), max_output_tokens=50))

    (day,) = (await api.get("/assistant/usage"))["items"]
    assert (day["responses"], day["output_tokens"], day["actor_kind"]) == (2, 30, "api_key")
    assert day["actor_id"].startswith("key_")
    assert day["input_tokens"] > 0
    assert (await api.get(f"/assistant/usage?since={day['day']}&until={day['day']}"))["items"] == [day]
    assert (await api.get("/assistant/usage?until=2020-01-01"))["items"] == []
    assert (await other_api.get("/assistant/usage"))["items"] == []
