import json
from typing import Any

import pytest

from assistant.stored_responses import CALL, MESSAGE, stored_response
from ninefold.systems.assistant.model import LogEvent, ResponseStatus
from ninefold.systems.assistant.openai.objects.chunks import DONE, ChunkWriter

ROLE = {"role": "assistant", "content": "", "refusal": None}


def event(kind: str, **payload: Any) -> LogEvent:
    return LogEvent(0, kind, json.dumps(payload).encode())


def text(delta: str) -> LogEvent:
    return event("response.output_text.delta", item_id="msg_1", output_index=0, content_index=0, delta=delta)


def chunks_in(stream: bytes) -> list[dict[str, Any]]:
    """Return the chunks of a stream, without the `[DONE]` at its end."""
    events = stream.removesuffix(DONE).decode().split("\n\n")
    assert events.pop() == ""
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas_in(stream: bytes) -> list[Any]:
    return [chunk["choices"][0]["delta"] for chunk in chunks_in(stream)]


def test_a_text_becomes_chunks() -> None:
    writer = ChunkWriter(stored_response(), includes_usage=False)
    first = writer.write(text('He said "hi"\n'))
    assert chunks_in(first) == [
        {
            "id": "chatcmpl-01h455vb4pex5vsknk084sn02q",
            "object": "chat.completion.chunk",
            "created": 1795741200,
            "model": "small",
            "system_fingerprint": None,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}],
        }
        for delta in (ROLE, {"content": 'He said "hi"\n'})
    ]
    assert deltas_in(writer.write(text("🦀"))) == [{"content": "🦀"}]


def test_the_role_comes_with_the_item_of_a_message() -> None:
    writer = ChunkWriter(stored_response(), includes_usage=False)
    assert writer.write(event("response.created", response={})) == b""
    assert deltas_in(writer.write(event("response.output_item.added", output_index=0, item=MESSAGE))) == [ROLE]
    assert deltas_in(writer.write(text("a"))) == [{"content": "a"}]


def test_calls_are_numbered_among_themselves() -> None:
    writer = ChunkWriter(stored_response(), includes_usage=False)
    second = {**CALL, "call_id": "call_2", "name": "time"}
    stream = b"".join(
        writer.write(step)
        for step in (
            event("response.output_item.added", output_index=0, item=MESSAGE),
            text("Let me see."),
            event("response.output_item.added", output_index=1, item=CALL),
            event("response.function_call_arguments.delta", item_id="fc_1", output_index=1, delta='{"a"'),
            event("response.function_call_arguments.delta", item_id="fc_1", output_index=1, delta=": 1}"),
            event("response.function_call_arguments.done", item_id="fc_1", output_index=1, arguments='{"a": 1}'),
            event("response.output_item.added", output_index=2, item=second),
            event("response.function_call_arguments.delta", item_id="fc_2", output_index=2, delta="{}"),
        )
    )
    assert deltas_in(stream) == [
        ROLE,
        {"content": "Let me see."},
        {
            "tool_calls": [
                {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
        {
            "tool_calls": [
                {"index": 1, "id": "call_2", "type": "function", "function": {"name": "time", "arguments": ""}}
            ]
        },
        {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
    ]
    assert chunks_in(writer.finish(stored_response()))[-1]["choices"][0]["finish_reason"] == "tool_calls"


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (ResponseStatus.COMPLETED, None, "stop"),
        (ResponseStatus.INCOMPLETE, "max_output_tokens", "length"),
        (ResponseStatus.INCOMPLETE, "content_filter", "content_filter"),
    ],
)
def test_the_last_chunk_says_why_it_ended(status: ResponseStatus, reason: str | None, expected: str) -> None:
    response = stored_response(status=status, incomplete_reason=reason)
    writer = ChunkWriter(response, includes_usage=False)
    writer.write(text("a"))
    stream = writer.finish(response)
    assert [chunk["choices"] for chunk in chunks_in(stream)] == [
        [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": expected}]
    ]
    assert stream.endswith(DONE)


def test_an_empty_answer_has_a_role_too() -> None:
    writer = ChunkWriter(stored_response(), includes_usage=False)
    assert deltas_in(writer.finish(stored_response())) == [ROLE, {}]


def test_usage_is_in_a_chunk_of_its_own() -> None:
    writer = ChunkWriter(stored_response(), includes_usage=True)
    chunks = chunks_in(writer.write(text("a")) + writer.finish(stored_response()))
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None, None, None]
    assert (chunks[-1]["choices"], chunks[-1]["usage"]) == (
        [],
        {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
    )
