"""Workers generate responses into their logs: whole, exactly once, and through every failure of the engine."""

import asyncio
import time
from collections.abc import AsyncGenerator

import pytest

from assistant.assistant_api import AssistantApi, script, text_of, types_of
from assistant.workers import generating
from http_api import Json
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.assistant.engines.errors import EngineBrokeOffError, EngineUnavailableError
from ninefold.systems.assistant.engines.port import Generation, Piece, Readiness
from ninefold.systems.assistant.engines.scripted import MODEL, Script, ScriptedEngine
from ninefold.systems.assistant.jobs import runner as runner_module
from ninefold.systems.assistant.model import RESPONSE_PREFIX, NewResponse, Parameters, PromptMessage
from ninefold.systems.assistant.service.responses import asker_of, create_response
from ninefold.systems.assistant.settings import AssistantSettings

WHOLE = [
    "response.created",
    "ninefold.response.queued",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine(Script(token_count=40))


class BuggyEngine(ScriptedEngine):
    """Has a bug that shows once."""

    has_failed = False

    def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        if not self.has_failed:
            self.has_failed = True
            raise RuntimeError("a bug")
        return super().generate(generation)


async def whole_text(api: AssistantApi, database_url: str, message: str, **fields: object) -> str:
    """Return the text of an answer that nothing interrupts."""
    async with generating(database_url, ScriptedEngine()):
        text: str = (await api.ended(await api.ask(message, **fields)))["text"]
    return text


def check_log(events: list[Json], response: Json) -> None:
    """Check that a log has no gaps, and says the same as the response."""
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert response["last_sequence"] == len(events) - 1
    assert text_of(events) == response["text"]
    assert events[-1]["data"]["response"]["usage"]["output_tokens"] == response["usage"]["output_tokens"]


async def test_a_response_is_generated_into_its_log(
    api: AssistantApi, database_url: str, engine: ScriptedEngine
) -> None:
    async with generating(database_url, engine):
        response = await api.ended(await api.ask("Hello"))
    events = await api.events(response["response_id"])

    assert (response["status"], response["usage"]["output_tokens"], response["attempt_count"]) == ("completed", 40, 1)
    assert types_of(events) == WHOLE
    check_log(events, response)


async def test_the_first_token_is_written_at_once_and_later_ones_together(api: AssistantApi, database_url: str) -> None:
    async with generating(database_url, ScriptedEngine()):
        response_id = await api.ask(script(token_count=100, delay_s=0.002))
        response = await api.ended(response_id)
    deltas = [event for event in await api.events(response_id) if event["type"] == "response.output_text.delta"]

    assert response["usage"]["output_tokens"] == 100
    assert len(deltas[0]["data"]["delta"].split()) <= 1
    assert 2 <= len(deltas) <= 50


async def test_the_same_message_goes_on_after_the_engine_broke_off(api: AssistantApi, database_url: str) -> None:
    message = script(token_count=30, break_off_after=12)
    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(await api.ask(message))
    events = await api.events(response["response_id"])

    assert (response["status"], response["usage"]["output_tokens"], response["attempt_count"]) == ("completed", 30, 2)
    (continued,) = [event["data"] for event in events if event["type"] == "ninefold.response.continued"]
    assert continued == {"reason": "engine_failed", "attempt": 2}
    assert types_of(events).count("response.output_item.added") == 1
    check_log(events, response)


async def test_an_engine_that_never_works_ends_the_response_with_its_error(
    api: AssistantApi, database_url: str
) -> None:
    async with generating(database_url, ScriptedEngine(), attempts_max=3):
        response = await api.ended(await api.ask(script(is_unavailable=True, fault_count=100)))

    assert (response["status"], response["error"]["code"], response["attempt_count"]) == (
        "failed",
        "engine_unavailable",
        3,
    )


class StartingEngine(ScriptedEngine):
    """Can't be reached while it starts."""

    is_started = True

    async def readiness(self) -> Readiness:
        return Readiness(is_ready=self.is_started, detail="starting")

    async def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        if not self.is_started:
            raise EngineUnavailableError("It is starting.")
        async for piece in super().generate(generation):
            if not self.is_started:
                raise EngineBrokeOffError("It has ended.")
            yield piece


async def test_an_engine_that_restarts_slowly_costs_one_attempt_and_nothing_is_claimed_meanwhile(
    api: AssistantApi, database_url: str
) -> None:
    engine = StartingEngine()
    settings = {"attempts_max": 2, "stalled_after_s": 0.3}
    async with generating(database_url, engine, **settings):
        response_id = await api.ask(script(token_count=100, delay_s=0.005))
        await api.until(response_id, lambda response: len(response["text"]) > 20)
        engine.is_started = False
        await api.until_event(response_id, "ninefold.response.stalled")
        later_id = await api.ask("Hello")
        await asyncio.sleep(1)
        assert (await api.response(later_id))["status"] == "queued"
        engine.is_started = True
        response, later = await api.ended(response_id), await api.ended(later_id)
    events = await api.events(response_id)

    assert (response["status"], response["attempt_count"], response["usage"]["output_tokens"]) == ("completed", 2, 100)
    assert (later["status"], later["attempt_count"]) == ("completed", 1)
    check_log(events, response)


async def test_an_engine_that_never_becomes_ready_is_tried_and_its_error_is_shown(
    api: AssistantApi, database_url: str
) -> None:
    engine = StartingEngine()
    engine.is_started = False
    async with generating(database_url, engine, attempts_max=2, first_token_timeout_s=0.3):
        response = await api.ended(await api.ask("Hello"))

    assert (response["status"], response["error"]["code"]) == ("failed", "engine_unavailable")


async def test_what_the_engine_refuses_is_not_attempted_again(api: AssistantApi, database_url: str) -> None:
    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(await api.ask(script(refuses="The prompt is too long.")))

    assert (response["status"], response["attempt_count"]) == ("failed", 1)
    assert response["error"] == {"code": "engine_refused", "message": "The prompt is too long."}


async def test_an_answer_ends_at_its_limit_of_tokens(api: AssistantApi, database_url: str) -> None:
    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(await api.ask(script(token_count=50), max_output_tokens=7))

    assert (response["status"], response["incomplete_reason"]) == ("incomplete", "max_output_tokens")
    assert response["usage"]["output_tokens"] == 7
    check_log(await api.events(response["response_id"]), response)


async def test_a_pause_is_in_the_log_and_a_longer_one_begins_another_attempt(
    api: AssistantApi, database_url: str
) -> None:
    message = script(token_count=10, stall_after=4)
    async with generating(database_url, ScriptedEngine(), stalled_after_s=0.05, gap_timeout_s=0.3):
        response = await api.ended(await api.ask(message))
    events = await api.events(response["response_id"])

    found = {event["type"]: event["data"] for event in events}
    assert found["ninefold.response.stalled"]["waiting_for"] == "next_token"
    assert found["ninefold.response.continued"] == {"reason": "engine_stalled", "attempt": 2}
    assert (response["status"], response["usage"]["output_tokens"]) == ("completed", 10)
    check_log(events, response)


async def test_a_first_token_that_does_not_come_begins_another_attempt(api: AssistantApi, database_url: str) -> None:
    message = script(first_token_delay_s=60)
    settings = {"stalled_after_s": 0.05, "first_token_timeout_s": 0.3, "attempts_max": 2}
    async with generating(database_url, ScriptedEngine(), **settings):
        response = await api.ended(await api.ask(message))
    events = await api.events(response["response_id"])

    stalled = [event["data"] for event in events if event["type"] == "ninefold.response.stalled"]
    assert [data["waiting_for"] for data in stalled] == ["first_token", "first_token"]
    assert (response["status"], response["error"]["code"], response["attempt_count"]) == ("failed", "engine_stalled", 2)


async def test_calls_of_functions_come_whole_with_the_end(
    api: AssistantApi, database: Database, database_url: str
) -> None:
    tool = {"type": "function", "function": {"name": "find_order", "parameters": {"type": "object"}}}
    async with database.connection() as connection:
        principal = await authenticate(connection, api.api_key, kinds=[API_KEY])
    new = NewResponse(
        messages=[PromptMessage(role="user", text=script(calls_tools=True))],
        model=MODEL,
        parameters=Parameters(tools=[tool]),
    )
    async with database.transaction() as connection:
        created = await create_response(connection, asker=asker_of(principal), new=new, settings=AssistantSettings())
    response_id = format_id(RESPONSE_PREFIX, created.response_id)
    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(response_id)
    events = await api.events(response_id)

    assert (response["status"], response["text"]) == ("completed", "")
    (done,) = [event["data"] for event in events if event["type"] == "response.function_call_arguments.done"]
    assert done["name"] == "find_order"
    assert response["usage"]["output_tokens"] > 0


async def test_cancelling_tells_the_worker_without_waiting_for_its_next_look(
    api: AssistantApi, database_url: str, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Neither a write to the log nor the worker's next look at the database can end it.
    monkeypatch.setattr(runner_module, "CHECK_S", 3600.0)
    async with generating(database_url, engine, stalled_after_s=3600.0, first_token_timeout_s=3600.0):
        response_id = await api.ask(script(token_count=10, delay_s=3600.0))
        await api.until_event(response_id, "response.in_progress")

        await api.cancel(response_id)

        async with asyncio.timeout(10):
            while engine.active_count:
                await asyncio.sleep(0.001)


async def test_cancelling_frees_the_engine_at_once_and_keeps_exactly_what_was_shown(
    api: AssistantApi, database_url: str, engine: ScriptedEngine
) -> None:
    async with generating(database_url, engine):
        response_id = await api.ask(script(token_count=1000, delay_s=0.005))
        await api.until(response_id, lambda response: len(response["text"]) > 50)
        assert engine.active_count == 1

        began_at = time.perf_counter()
        cancelled = await api.cancel(response_id)
        while engine.active_count:
            await asyncio.sleep(0.001)
        took_s = time.perf_counter() - began_at
        await asyncio.sleep(0.1)
        later = await api.response(response_id)
    events = await api.events(response_id)

    assert took_s < 1  # All tokens take 5 s. On a quiet machine it is less than 0.1 s.
    assert cancelled["status"] == "cancelled"
    assert later == cancelled
    assert types_of(events)[-1] == "ninefold.response.cancelled"
    check_log(events, later)
    # Of the scripted engine, each token is a piece; what was generated and not shown isn't counted.
    usage = (await api.get("/assistant/usage"))["items"]
    assert [day["output_tokens"] for day in usage] == [later["usage"]["output_tokens"]]


async def test_a_response_that_is_waiting_can_be_cancelled(api: AssistantApi) -> None:
    response_id = await api.ask("Hello")

    cancelled = await api.cancel(response_id)

    assert (cancelled["status"], cancelled["text"], cancelled["usage"]["total_tokens"]) == ("cancelled", "", 0)
    assert await api.cancel(response_id) == cancelled


async def test_another_worker_continues_the_same_message_when_one_stops(api: AssistantApi, database_url: str) -> None:
    message = script(token_count=200, delay_s=0.005)
    async with generating(database_url, ScriptedEngine()):
        response_id = await api.ask(message)
        await api.until(response_id, lambda response: len(response["text"]) > 100)
    stopped = await api.response(response_id)
    assert stopped["status"] == "in_progress"
    async with generating(database_url, ScriptedEngine()):
        response = await api.ended(response_id)
    events = await api.events(response_id)

    assert response["text"].startswith(stopped["text"])
    assert response["text"] == await whole_text(api, database_url, message)
    assert (response["attempt_count"], response["usage"]["output_tokens"]) == (2, 200)
    (continued,) = [event["data"] for event in events if event["type"] == "ninefold.response.continued"]
    assert continued["reason"] == "worker_lost"
    check_log(events, response)


async def test_a_worker_that_has_lost_a_response_appends_nothing(
    api: AssistantApi, database: Database, database_url: str, engine: ScriptedEngine
) -> None:
    async with generating(database_url, engine, concurrency=1) as runner:
        response_id = await api.ask(script(token_count=400, delay_s=0.005))
        await api.until(response_id, lambda response: len(response["text"]) > 20)
        async with database.connection() as connection:
            # As when its lease has expired, and before anybody else has claimed it.
            await connection.execute("UPDATE assistant.response SET leased_by = NULL, attempt_count = 100")
        response = await api.ended(response_id)
        assert len(runner._running) == 0

    # It was claimed once more, and had too many attempts.
    assert response["error"]["code"] == "too_many_attempts"
    check_log(await api.events(response_id), response)


async def test_a_queue_that_is_too_slow_ends_the_response(api: AssistantApi, database_url: str) -> None:
    response_ids = [await api.ask(script(token_count=1000, delay_s=0.01)) for _ in range(2)]
    async with generating(database_url, ScriptedEngine(), concurrency=1, queue_timeout_s=1.0):
        first, second = response_ids
        response = await api.ended(second)
        assert (response["status"], response["error"]["code"]) == ("failed", "queue_timeout")
        await api.cancel(first)


async def test_places_in_the_queue_are_in_the_log(api: AssistantApi, database_url: str) -> None:
    response_ids = [await api.ask(script(token_count=1000, delay_s=0.01)) for _ in range(4)]
    async with generating(database_url, ScriptedEngine(), concurrency=1):
        await api.until(response_ids[3], lambda response: response["queue_position"] == 3)
        await api.cancel(response_ids[1])
        await api.until(response_ids[3], lambda response: response["queue_position"] == 2)
        for response_id in response_ids:
            await api.cancel(response_id)
    events = await api.events(response_ids[3])

    places = [event["data"]["position"] for event in events if event["type"] == "ninefold.response.queued"]
    assert places == [4, 3, 2]


async def test_an_engine_with_a_bug_does_not_stop_the_worker(api: AssistantApi, database_url: str) -> None:
    async with generating(database_url, BuggyEngine()):
        response = await api.ended(await api.ask("Hello"))

    assert (response["status"], response["attempt_count"]) == ("completed", 2)
