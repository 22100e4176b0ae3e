import msgspec
import pytest

from assistant.stored_responses import CALL, MESSAGE, stored_response
from ninefold.systems.assistant.model import ResponseStatus
from ninefold.systems.assistant.openai.objects.chat import chat_completion


def test_a_response_becomes_a_completion() -> None:
    assert msgspec.to_builtins(chat_completion(stored_response())) == {
        "id": "chatcmpl-01h455vb4pex5vsknk084sn02q",
        "object": "chat.completion",
        "created": 1795741200,
        "model": "small",
        "choices": (
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hello.", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            },
        ),
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        "system_fingerprint": None,
    }


def test_a_completion_that_only_calls_has_no_content() -> None:
    (choice,) = chat_completion(stored_response(output_items=[CALL])).choices
    assert msgspec.to_builtins(choice.message) == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
    }
    assert choice.finish_reason == "tool_calls"


def test_text_and_calls_can_come_together() -> None:
    (choice,) = chat_completion(stored_response(output_items=[MESSAGE, CALL])).choices
    assert (choice.message.content, choice.finish_reason) == ("Hello.", "tool_calls")


@pytest.mark.parametrize(
    ("reason", "expected"), [("max_output_tokens", "length"), ("content_filter", "content_filter")]
)
def test_an_incomplete_response_says_why(reason: str, expected: str) -> None:
    response = stored_response(status=ResponseStatus.INCOMPLETE, incomplete_reason=reason)
    assert chat_completion(response).choices[0].finish_reason == expected
