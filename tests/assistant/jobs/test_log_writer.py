"""Writing logs while the database fails: nothing is lost, and nothing is there twice."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from assistant.assistant_api import AssistantApi, script, text_of
from assistant.workers import generating
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.jobs import log_writer, runner
from ninefold.systems.assistant.store import responses

Append = Callable[..., Awaitable[set[UUID]]]
ANSWER = script(token_count=60, delay_s=0.005)


def failing(monkeypatch: pytest.MonkeyPatch, *, is_committed: bool, error: Exception) -> list[int]:
    """Make two appends fail, before or after their commit; return a list that has an item for each append."""
    append: Append = responses.response_append
    calls: list[int] = []

    async def fail_sometimes(*given: Any, **named: Any) -> set[UUID]:
        calls.append(1)
        if len(calls) not in (3, 6):
            return await append(*given, **named)
        if is_committed:
            await append(*given, **named)
        raise error

    monkeypatch.setattr(log_writer, "response_append", fail_sometimes)
    monkeypatch.setattr(log_writer, "RETRY_DELAY_S", 0.01)
    return calls


async def check_answer(api: AssistantApi, database_url: str) -> dict[str, Any]:
    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(await api.ask(ANSWER))
    events = await api.events(response["response_id"])
    assert (response["status"], response["usage"]["output_tokens"]) == ("completed", 60)
    assert text_of(events) == response["text"]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    return response


@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_commit_that_is_not_confirmed_is_neither_lost_nor_repeated(
    api: AssistantApi, database_url: str, monkeypatch: pytest.MonkeyPatch, *, is_committed: bool
) -> None:
    calls = failing(monkeypatch, is_committed=is_committed, error=DatabaseUnavailableError("It is away."))

    response = await check_answer(api, database_url)

    assert response["attempt_count"] == 1
    assert len(calls) > 6


async def test_after_a_bug_the_response_is_attempted_again(
    api: AssistantApi, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, is_committed=False, error=RuntimeError("a bug"))
    monkeypatch.setattr(runner, "POLL_S", 0.05)

    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(await api.ask(ANSWER))

    assert response["status"] == "completed"
    assert response["attempt_count"] == 3
