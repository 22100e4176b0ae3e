from typing import Any

import msgspec
import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import JsonDecoder
from ninefold.systems.assistant.openai.errors import describe_error, status_of
from ninefold.systems.assistant.openai.requests.generating import (
    CommonRequest,
    Function,
    FunctionChoice,
    JsonSchemaFormat,
)
from ninefold.systems.assistant.openai.requests.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Message,
    OutputText,
)
from ninefold.systems.assistant.openai.requests.responses import CreateResponse

CALL = {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "21 °C"}
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": True}


def common(**fields: Any) -> CommonRequest:
    body = {"model": "small", "input": "Hello", **fields}
    return JsonDecoder(CreateResponse).decode(msgspec.json.encode(body)).common()


@pytest.mark.parametrize(
    ("given", "items"),
    [
        ("Hello", [Message(role="user", content="Hello")]),
        ([{"role": "user", "content": "Hello"}], [Message(role="user", content="Hello")]),
        (
            [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
                {
                    "type": "message",
                    "id": "msg_1",
                    "status": "completed",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Hi.", "annotations": []}],
                },
                {**CALL, "id": "fc_1", "status": "completed"},
                OUTPUT,
            ],
            [
                Message(role="user", content=[InputText(text="Hello")]),
                Message(role="assistant", content=[OutputText(text="Hi.")]),
                FunctionCall(call_id="call_1", name="weather", arguments="{}"),
                FunctionCallOutput(call_id="call_1", output="21 °C"),
            ],
        ),
    ],
)
def test_an_input_becomes_items(given: Any, items: list[Any]) -> None:
    assert common(input=given).items == items


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"is_stored": True, "is_background": False}),
        ({"store": False}, {"is_stored": False}),
        ({"background": True}, {"is_stored": True, "is_background": True}),
        ({"instructions": "Be brief.", "max_output_tokens": 9}, {"instructions": "Be brief.", "max_output_tokens": 9}),
        ({"stop": ["END"], "seed": 3}, {"stop": ["END"], "seed": 3}),
        (
            {"text": {"format": {"type": "json_schema", "name": "city", "schema": {}, "strict": True}}},
            {"format": JsonSchemaFormat(name="city", schema={}, strict=True)},
        ),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "function", "name": "weather"}},
            {
                "tools": [Function(name="weather", parameters={"type": "object"}, strict=True)],
                "tool_choice": FunctionChoice(name="weather"),
            },
        ),
        ({"reasoning": {"effort": "low"}, "include": [], "top_logprobs": 0, "truncation": "disabled"}, {}),
        # The call of an output can be in the response before.
        ({"input": [OUTPUT], "previous_response_id": "resp_1"}, {"previous_response_id": "resp_1"}),
    ],
)
def test_fields_are_translated(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    found = common(**fields)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"input": None}, "input", "invalid_type"),
        ({"input": []}, "input", "invalid_value"),
        ({"input": ["Hello"]}, "input[0]", "invalid_type"),
        ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter"),
        ({"input": [{"role": "pope", "content": "x"}]}, "input[0].role", "invalid_value"),
        ({"input": [{"type": "reasoning", "summary": []}]}, "input[0].type", "unsupported_parameter"),
        ({"input": [{"type": 7}]}, "input[0].type", "unsupported_parameter"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
            "input[0].content[0].type",
            "unsupported_parameter",
        ),
        ({"input": [OUTPUT]}, "input[0]", "invalid_value"),
        ({"background": True, "store": False}, "background", "invalid_value"),
        ({"conversation": "conv_1"}, "conversation", "unsupported_parameter"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt", "unsupported_parameter"),
        ({"truncation": "auto"}, "truncation", "unsupported_parameter"),
        ({"top_logprobs": 3}, "top_logprobs", "unsupported_parameter"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "invalid_value"),
        (
            {"text": {"format": {"type": "json_schema", "name": "city"}}},
            "text.format.schema",
            "missing_required_parameter",
        ),
    ],
)
def test_errors_name_the_parameter(fields: dict[str, Any], param: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        common(**fields)
    shown = describe_error(raised.value)
    assert (status_of(raised.value), shown.type, shown.param, shown.code) == (400, "invalid_request_error", param, code)
