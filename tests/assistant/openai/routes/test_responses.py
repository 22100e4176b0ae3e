"""The Responses API, with the official client."""

import json
import time
from typing import Any

import pytest
from openai import BadRequestError, ConflictError, NotFoundError, OpenAI
from openai.types.responses import FunctionToolParam, Response, ResponseInputParam
from pydantic import BaseModel

from assistant.openai.routes.scripts import MODEL, SLOW, script
from assistant.processes import Assistant

SHORT = script(token_count=12, delay_s=0.002)
WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "weather",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class City(BaseModel):
    name: str
    inhabitants: int


def wait_for(client: OpenAI, response_id: str, *statuses: str) -> Response:
    """Return a response as soon as it has one of these statuses."""
    give_up_at = time.monotonic() + 10
    while (found := client.responses.retrieve(response_id)).status not in statuses:
        assert time.monotonic() < give_up_at, found.status
        time.sleep(0.02)  # A client that doesn't stream can only ask again.
    return found


def test_a_response_can_be_retrieved(client: OpenAI) -> None:
    created = client.responses.create(
        model=MODEL, input=SHORT, instructions="Be brief.", metadata={"order": "7"}, temperature=0.5
    )
    assert created.usage is not None
    assert (created.status, created.instructions, created.metadata, created.temperature) == (
        "completed",
        "Be brief.",
        {"order": "7"},
        0.5,
    )
    assert created.output_text
    assert (created.usage.output_tokens, created.usage.total_tokens) == (12, created.usage.input_tokens + 12)
    assert client.responses.retrieve(created.id) == created


def test_a_stream_has_all_events_in_order(client: OpenAI) -> None:
    events = list(client.responses.create(model=MODEL, input=SHORT, stream=True))
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(set(numbers))
    types = list(dict.fromkeys(event.type for event in events))
    assert types == [
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    last = events[-1]
    assert last.type == "response.completed"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == last.response.output_text
    assert client.responses.retrieve(last.response.id) == last.response


def test_the_streaming_helper(client: OpenAI) -> None:
    with client.responses.stream(model=MODEL, input=SHORT) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        assert "".join(deltas) == stream.get_final_response().output_text


def test_a_response_goes_on_in_the_background(client: OpenAI) -> None:
    created = client.responses.create(model=MODEL, input=SHORT, background=True)
    assert (created.status, created.background, created.output) == ("queued", True, [])
    assert wait_for(client, created.id, "completed").output_text


def test_a_stream_is_read_again_from_any_event(client: OpenAI) -> None:
    events = list(client.responses.create(model=MODEL, input=script(token_count=8, delay_s=0.03), stream=True))
    last = events[-1]
    assert last.type == "response.completed"
    response_id = last.response.id
    for event in (events[0], events[len(events) // 2], events[-2], last):
        number = event.sequence_number
        rest = list(client.responses.retrieve(response_id, stream=True, starting_after=number))
        assert rest == [each for each in events if each.sequence_number > number]


def test_a_stream_that_was_closed_goes_on(client: OpenAI) -> None:
    seen = []
    stream = client.responses.create(
        model=MODEL, input=script(token_count=30, delay_s=0.02), stream=True, background=True
    )
    for event in stream:
        seen.append(event)
        if len(seen) == 9:
            break
    stream.close()
    assert seen[0].type == "response.created"
    response_id, number = seen[0].response.id, seen[-1].sequence_number
    with client.responses.stream(response_id=response_id, starting_after=number) as resumed:
        rest = list(resumed)
    assert rest[0].sequence_number == number + 1
    deltas = [event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta"]
    assert "".join(deltas) == resumed.get_final_response().output_text


async def test_the_asynchronous_client_reads_a_stream_again(assistant: Assistant) -> None:
    async with assistant.async_client() as client:
        async with client.responses.stream(model=MODEL, input=SHORT) as stream:
            events = [event async for event in stream]
            final = await stream.get_final_response()
        number = events[3].sequence_number
        async with client.responses.stream(response_id=final.id, starting_after=number) as resumed:
            rest = [event.sequence_number async for event in resumed]
            assert await resumed.get_final_response() == final
    assert rest == [event.sequence_number for event in events[4:]]


def test_a_stream_goes_on_after_the_server_was_killed(assistant: Assistant) -> None:
    with assistant.client() as client:
        stream = client.responses.create(model=MODEL, input=script(token_count=60, delay_s=0.05), stream=True)
        seen = []
        for event in stream:
            seen.append(event)
            if event.type == "response.output_text.delta":
                break
        assert seen[0].type == "response.created"
        response_id = seen[0].response.id
        assistant.restart_server()
        stream.close()
        rest = list(client.responses.retrieve(response_id, stream=True, starting_after=seen[-1].sequence_number))
        last = rest[-1]
        assert last.type == "response.completed"
        deltas = [event.delta for event in [*seen, *rest] if event.type == "response.output_text.delta"]
        assert "".join(deltas) == last.response.output_text


def test_a_response_is_cancelled(client: OpenAI) -> None:
    created = client.responses.create(model=MODEL, input=script(**SLOW), background=True)
    wait_for(client, created.id, "in_progress")
    cancelled = client.responses.cancel(created.id)
    assert cancelled.status == "cancelled"
    assert client.responses.cancel(created.id) == client.responses.retrieve(created.id) == cancelled
    last = list(client.responses.retrieve(created.id, stream=True))[-1]
    assert last.type == "response.incomplete"
    assert last.response == cancelled


def test_a_response_is_deleted(client: OpenAI) -> None:
    created = client.responses.create(model=MODEL, input=SHORT)
    client.responses.delete(created.id)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(created.id)


def test_input_items_come_in_pages(client: OpenAI) -> None:
    given: ResponseInputParam = [
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": SHORT},
    ]
    created = client.responses.create(model=MODEL, input=given)
    page = client.responses.input_items.list(created.id, limit=2, order="asc")
    assert (len(page.data), page.has_more) == (2, True)
    contents: list[Any] = [item.to_dict()["content"] for item in page]
    assert [content[0]["text"] for content in contents] == ["one", "two", SHORT]
    (newest,) = client.responses.input_items.list(created.id, limit=1).data
    assert newest.to_dict()["content"] == [{"type": "input_text", "text": SHORT}]
    with pytest.raises(BadRequestError):
        client.responses.input_items.list(created.id, after="msg_unknown")


def test_a_response_continues_another(client: OpenAI) -> None:
    first = client.responses.create(model=MODEL, input="Hello", max_output_tokens=5)
    second = client.responses.create(model=MODEL, input="And now?", previous_response_id=first.id)
    alone = client.responses.create(model=MODEL, input="And now?")
    assert (first.usage, second.usage, alone.usage).count(None) == 0
    assert second.previous_response_id == first.id
    # The model has read the first exchange too.
    assert second.usage.input_tokens > alone.usage.input_tokens  # type: ignore[union-attr]  # asserted above.


def test_a_response_that_has_not_ended_cannot_be_continued(client: OpenAI) -> None:
    first = client.responses.create(model=MODEL, input=script(**SLOW), background=True)
    with pytest.raises(ConflictError) as raised:
        client.responses.create(model=MODEL, input="And now?", previous_response_id=first.id)
    assert raised.value.code == "response_in_progress"
    client.responses.cancel(first.id)


def test_a_response_that_is_not_stored_cannot_be_retrieved(client: OpenAI) -> None:
    created = client.responses.create(model=MODEL, input=SHORT, store=False)
    assert created.output_text
    with pytest.raises(NotFoundError):
        client.responses.retrieve(created.id)
    with pytest.raises(BadRequestError) as raised:
        client.responses.create(model=MODEL, input=SHORT, previous_response_id=created.id)
    assert raised.value.code == "previous_response_not_found"


def test_an_answer_in_a_schema_is_parsed(client: OpenAI) -> None:
    parsed = client.responses.parse(model=MODEL, input="Which city is it?", text_format=City)
    assert isinstance(parsed.output_parsed, City)
    with client.responses.stream(model=MODEL, input="Which city is it?", text_format=City) as stream:
        assert stream.get_final_response().output_parsed == parsed.output_parsed


def test_a_tool_is_called_and_answers(client: OpenAI) -> None:
    with client.responses.stream(
        model=MODEL, input="What is the weather?", tools=[WEATHER], tool_choice="required"
    ) as stream:
        called = stream.get_final_response()
    (call,) = called.output
    assert call.type == "function_call"
    assert (call.name, set(json.loads(call.arguments))) == ("weather", {"city"})
    output: ResponseInputParam = [{"type": "function_call_output", "call_id": call.call_id, "output": "21 °C"}]
    answer = client.responses.create(model=MODEL, input=output, previous_response_id=called.id)
    assert answer.output_text
    items: list[Any] = [{"role": "user", "content": "What is the weather?"}, call.to_dict(), *output]
    assert client.responses.create(model=MODEL, input=items).output_text


def test_a_limit_of_tokens_makes_it_incomplete(client: OpenAI) -> None:
    found = client.responses.create(model=MODEL, input="Hello", max_output_tokens=5)
    assert found.incomplete_details is not None
    assert (found.status, found.incomplete_details.reason, found.max_output_tokens) == (
        "incomplete",
        "max_output_tokens",
        5,
    )


def test_a_response_fails_with_the_words_of_the_engine(client: OpenAI) -> None:
    found = client.responses.create(model=MODEL, input=script(refuses="That is too long."))
    assert found.error is not None
    assert found.status == "failed"
    assert "That is too long." in found.error.message
