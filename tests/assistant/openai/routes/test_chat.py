"""Chat completions, with the official client."""

import asyncio
import json
from typing import Any

import pytest
from openai import BadRequestError, OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from assistant.openai.routes.scripts import MODEL, SLOW, script
from assistant.processes import Assistant

WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


class City(BaseModel):
    name: str
    inhabitants: int


def asking(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]


def test_a_completion(client: OpenAI) -> None:
    found = client.chat.completions.create(model=MODEL, messages=asking(script(token_count=12)))
    assert found.usage is not None
    (choice,) = found.choices
    assert (found.object, found.model, choice.finish_reason, choice.message.role) == (
        "chat.completion",
        MODEL,
        "stop",
        "assistant",
    )
    assert choice.message.content
    assert found.usage.completion_tokens == 12
    assert found.usage.total_tokens == found.usage.prompt_tokens + 12


def test_a_stream_has_the_same_text_as_the_completion(client: OpenAI) -> None:
    messages = asking(script(token_count=30, delay_s=0.002))
    whole = client.chat.completions.create(model=MODEL, messages=messages)
    stream = client.chat.completions.create(
        model=MODEL, messages=messages, stream=True, stream_options={"include_usage": True}
    )
    *chunks, last = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert (chunks[0].choices[0].delta.role, chunks[-1].choices[0].finish_reason) == ("assistant", "stop")
    assert (last.choices, last.usage) == ([], whole.usage)


def test_tokens_arrive_while_the_model_writes(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model=MODEL, messages=asking(script(token_count=20, delay_s=0.04)), stream=True
    )
    # Tokens that come within 25 ms are one chunk; these come one by one.
    assert len(list(stream)) > 10


def test_the_streaming_helper(client: OpenAI) -> None:
    with client.chat.completions.stream(model=MODEL, messages=asking(script(token_count=10))) as stream:
        events = list(stream)
    deltas = [event.delta for event in events if event.type == "content.delta"]
    (done,) = [event for event in events if event.type == "content.done"]
    assert "".join(deltas) == done.content == stream.get_final_completion().choices[0].message.content


def test_a_tool_is_called_and_answers(client: OpenAI) -> None:
    messages = asking("What is the weather?")
    called = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER], tool_choice="required")
    (choice,) = called.choices
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.tool_calls is not None
    (call,) = choice.message.tool_calls
    assert call.type == "function"
    assert (call.function.name, set(json.loads(call.function.arguments))) == ("weather", {"city", "days"})
    messages.append(choice.message.to_dict())  # type: ignore[arg-type]  # as the SDK's documentation does.
    messages.append({"role": "tool", "tool_call_id": call.id, "content": "21 °C"})
    answer = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert answer.choices[0].message.content


def test_a_streamed_call(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model=MODEL,
        messages=asking("What is the weather?"),
        tools=[WEATHER],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    ) as stream:
        final = stream.get_final_completion()
    (call,) = final.choices[0].message.tool_calls or []
    assert (final.choices[0].finish_reason, call.function.name) == ("tool_calls", "weather")
    assert call.function.parsed_arguments == json.loads(call.function.arguments)


def test_an_answer_in_a_schema_is_parsed(client: OpenAI) -> None:
    messages = asking("Which city is it?")
    parsed = client.chat.completions.parse(model=MODEL, messages=messages, response_format=City)
    assert isinstance(parsed.choices[0].message.parsed, City)
    with client.chat.completions.stream(model=MODEL, messages=messages, response_format=City) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == parsed.choices[0].message.parsed


@pytest.mark.parametrize(
    ("fields", "finish_reason", "completion_tokens"),
    [({"max_tokens": 5}, "length", 5), ({"max_completion_tokens": 7, "max_tokens": 5}, "length", 7), ({}, "stop", 40)],
)
def test_the_limit_of_tokens(
    client: OpenAI, fields: dict[str, Any], finish_reason: str, completion_tokens: int
) -> None:
    found = client.chat.completions.create(model=MODEL, messages=asking("Hello"), **fields)
    assert found.usage is not None
    assert (found.choices[0].finish_reason, found.usage.completion_tokens) == (finish_reason, completion_tokens)


def test_an_answer_ends_before_a_stop_sequence(client: OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=asking("Hello"), seed=3).choices[0].message.content
    assert whole is not None
    stop = whole[10:14]
    cut = client.chat.completions.create(model=MODEL, messages=asking("Hello"), seed=3, stop=[stop, "§"])
    assert cut.choices[0].message.content == whole[: whole.index(stop)]
    assert cut.choices[0].finish_reason == "stop"


def test_a_seed_repeats_an_answer(client: OpenAI) -> None:
    answers = [
        client.chat.completions.create(model=MODEL, messages=asking("Hello"), seed=seed).choices[0].message.content
        for seed in (1, 1, 2)
    ]
    assert answers[0] == answers[1] != answers[2]


def test_only_one_choice_can_be_asked_for(client: OpenAI) -> None:
    with pytest.raises(BadRequestError) as raised:
        client.chat.completions.create(model=MODEL, messages=asking("Hello"), n=2)
    assert (raised.value.param, raised.value.code) == ("n", "unsupported_parameter")


def test_closing_a_stream_cancels_the_completion(assistant: Assistant) -> None:
    key = assistant.new_key()
    with assistant.client(key) as client:
        stream = client.chat.completions.create(model=MODEL, messages=asking(script(**SLOW)), stream=True)
        for chunk in stream:
            if chunk.choices[0].delta.content:
                break
        stream.close()
        assistant.wait_for_status("cancelled", of=key)


async def test_closing_the_connection_of_a_waiting_request_cancels_the_completion(assistant: Assistant) -> None:
    key = assistant.new_key()
    async with assistant.async_client(key) as client:
        waiting = asyncio.create_task(client.chat.completions.create(model=MODEL, messages=asking(script(**SLOW))))
        await asyncio.to_thread(assistant.wait_for_status, "in_progress", of=key)
        waiting.cancel()
        await asyncio.to_thread(assistant.wait_for_status, "cancelled", of=key)


async def test_several_streams_at_once(assistant: Assistant) -> None:
    async with assistant.async_client() as client:

        async def read(number: int) -> tuple[str, str | None]:
            messages = asking(script(token_count=20, delay_s=0.01, seed=number))
            async with client.chat.completions.stream(model=MODEL, messages=messages) as stream:
                text = "".join([event.delta async for event in stream if event.type == "content.delta"])
                return text, (await stream.get_final_completion()).choices[0].message.content

        texts = await asyncio.gather(read(1), read(2))
    assert [streamed for streamed, _ in texts] == [final for _, final in texts]
    assert len(set(texts)) == 2
