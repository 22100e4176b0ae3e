from typing import Any

import msgspec
import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import JsonDecoder
from ninefold.systems.assistant.openai.errors import describe_error, status_of
from ninefold.systems.assistant.openai.requests.chat import CreateChatCompletion
from ninefold.systems.assistant.openai.requests.generating import (
    CommonRequest,
    Function,
    FunctionChoice,
    JsonObjectFormat,
    JsonSchemaFormat,
    TextFormat,
)
from ninefold.systems.assistant.openai.requests.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    OutputText,
)

HELLO = {"role": "user", "content": "Hello"}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = {
    "role": "assistant",
    "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
}


def common(**fields: Any) -> CommonRequest:
    body = {"model": "small", "messages": [HELLO], **fields}
    return JsonDecoder(CreateChatCompletion).decode(msgspec.json.encode(body)).common()


def test_a_chat_becomes_items() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": [{"type": "text", "text": "In verse."}]},
        HELLO,
        {"role": "assistant", "content": "Hi."},
        CALL,
        {"role": "tool", "tool_call_id": "call_1", "content": "21 °C"},
    ]
    assert common(messages=messages).items == [
        Message(role="system", content=[InputText(text="Be brief.")]),
        Message(role="developer", content=[InputText(text="In verse.")]),
        Message(role="user", content=[InputText(text="Hello")]),
        Message(role="assistant", content=[OutputText(text="Hi.")]),
        FunctionCall(call_id="call_1", name="weather", arguments="{}"),
        FunctionCallOutput(call_id="call_1", output=[InputText(text="21 °C")]),
    ]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_tokens": 7}, {"max_output_tokens": 7}),
        ({"max_tokens": 7, "max_completion_tokens": 5}, {"max_output_tokens": 5}),
        ({"temperature": 1, "top_p": 0.5, "seed": -3}, {"temperature": 1.0, "top_p": 0.5, "seed": -3}),
        ({"stop": "END"}, {"stop": ["END"]}),
        ({"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
        ({"stop": None}, {"stop": []}),
        ({"n": 1, "logprobs": False, "presence_penalty": 0, "logit_bias": {}, "functions": []}, {}),
        ({"user": "u-1", "service_tier": "auto", "top_k": 40, "store": True}, {"is_stored": False}),
        ({"response_format": {"type": "text"}}, {"format": TextFormat()}),
        ({"response_format": {"type": "json_object"}}, {"format": JsonObjectFormat()}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": {"type": "object"}}}},
            {"format": JsonSchemaFormat(name="city", schema={"type": "object"})},
        ),
        ({"tools": [WEATHER]}, {"tools": [Function(name="weather", parameters={"type": "object"})]}),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "weather"}}},
            {"tool_choice": FunctionChoice(name="weather")},
        ),
        ({"tools": [WEATHER], "tool_choice": "required"}, {"tool_choice": "required"}),
        ({"metadata": {"order": "7"}}, {"metadata": {"order": "7"}}),
    ],
)
def test_fields_are_translated(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    found = common(**fields)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": 7}, "model", "invalid_type"),
        ({"model": ""}, "model", "invalid_value"),
        ({"messages": []}, "messages", "invalid_value"),
        ({"messages": "Hello"}, "messages", "invalid_type"),
        ({"messages": [{"content": "Hello"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        ({"messages": [{"role": "pope", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [HELLO, {"role": "user", "content": 1}]}, "messages[1].content", "invalid_type"),
        (
            {"messages": [{"role": "user", "content": [{"type": "hologram"}]}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        ({"messages": [{"role": "tool", "tool_call_id": "call_1", "content": ""}]}, "messages", "invalid_value"),
        ({"temperature": 2.1}, "temperature", "invalid_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "invalid_value"),
        ({"stop": ""}, "stop", "invalid_value"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages[0].content[0].type",
            "unsupported_parameter",
        ),
        ({"n": 2}, "n", "unsupported_parameter"),
        ({"n": 0}, "n", "invalid_value"),
        ({"logprobs": True}, "logprobs", "unsupported_parameter"),
        ({"presence_penalty": 0.5}, "presence_penalty", "unsupported_parameter"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_parameter"),
        ({"functions": [{"name": "f"}]}, "functions", "unsupported_parameter"),
        ({"function_call": "auto"}, "function_call", "unsupported_parameter"),
        ({"tools": [{"type": "retrieval"}]}, "tools[0].type", "invalid_value"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "invalid_value"),
        ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
        ({"tool_choice": "sometimes"}, "tool_choice", "invalid_value"),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "time"}}},
            "tool_choice",
            "invalid_value",
        ),
        ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        ({"metadata": {str(i): "" for i in range(17)}}, "metadata", "invalid_value"),
        ({"messages": [{"role": "user", "content": "a\0b"}]}, "messages[0].content", "invalid_value"),
    ],
)
def test_errors_name_the_parameter(fields: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        common(**fields)
    shown = describe_error(raised.value)
    assert (status_of(raised.value), shown.type, shown.param, shown.code) == (400, "invalid_request_error", param, code)


def test_a_body_without_a_model_is_refused() -> None:
    with pytest.raises(InvalidInputError) as raised:
        JsonDecoder(CreateChatCompletion).decode(b'{"messages": [{"role": "user", "content": "Hello"}]}')
    assert describe_error(raised.value).message == "model is missing."
