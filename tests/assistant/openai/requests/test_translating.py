from typing import Any

import pytest

from ninefold.systems.assistant.model import Parameters, PromptMessage, ToolCall
from ninefold.systems.assistant.openai.errors import PreviousResponseNotFoundError
from ninefold.systems.assistant.openai.requests.generating import (
    CommonRequest,
    Function,
    FunctionChoice,
    JsonObjectFormat,
    JsonSchemaFormat,
)
from ninefold.systems.assistant.openai.requests.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Item,
    Message,
    OutputText,
    Refusal,
)
from ninefold.systems.assistant.openai.requests.translating import new_response, prompt_messages

HELLO = Message(role="user", content="Hello")
CALL = FunctionCall(call_id="call_1", name="weather", arguments='{"city": "Bern"}')
SHOWN_CALL = ToolCall(call_id="call_1", name="weather", arguments='{"city": "Bern"}')


def without_ids(items: Any) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name != "id"} for item in items]


@pytest.mark.parametrize(
    ("items", "messages"),
    [
        ([HELLO], [PromptMessage(role="user", text="Hello")]),
        (
            [Message(role="developer", content=[InputText(text="Be "), InputText(text="brief.")]), HELLO],
            [PromptMessage(role="system", text="Be brief."), PromptMessage(role="user", text="Hello")],
        ),
        (
            [Message(role="assistant", content=[OutputText(text="Let me see."), Refusal(refusal=" No.")]), CALL],
            [PromptMessage(role="assistant", text="Let me see. No.", tool_calls=[SHOWN_CALL])],
        ),
        (
            [HELLO, CALL, FunctionCallOutput(call_id="call_1", output="21 °C")],
            [
                PromptMessage(role="user", text="Hello"),
                PromptMessage(role="assistant", tool_calls=[SHOWN_CALL]),
                PromptMessage(role="tool", text="21 °C", tool_call_id="call_1"),
            ],
        ),
    ],
)
def test_items_become_the_messages_of_an_engine(items: list[Any], messages: list[PromptMessage]) -> None:
    assert prompt_messages(items) == messages


def test_parameters_have_the_form_that_engines_read() -> None:
    request = CommonRequest(
        model="small",
        items=[HELLO],
        instructions="Be brief.",
        max_output_tokens=9,
        stop=["END"],
        format=JsonSchemaFormat(name="city", schema={"type": "object"}, strict=True),
        tools=[Function(name="weather", parameters={"type": "object"})],
        tool_choice=FunctionChoice(name="weather"),
    )
    assert new_response(request).parameters == Parameters(
        max_output_tokens=9,
        instructions="Be brief.",
        stop=["END"],
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": {"type": "object"}, "strict": True},
        },
        tools=[{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}],
        tool_choice={"type": "function", "function": {"name": "weather"}},
    )


def test_any_json_object_can_be_asked_for() -> None:
    request = CommonRequest(model="small", items=[HELLO], format=JsonObjectFormat())
    assert new_response(request).parameters.response_format == {"type": "json_object"}


def test_input_items_are_kept_as_they_are_shown_again() -> None:
    items: list[Item] = [
        HELLO,
        Message(role="assistant", content="Hi."),
        CALL,
        FunctionCallOutput(call_id="call_1", output="21"),
    ]
    kept = new_response(CommonRequest(model="small", items=items, is_stored=True)).input_items
    assert without_ids(kept) == [
        {
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "Hello"}],
        },
        {
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Hi.", "annotations": []}],
        },
        {
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": "weather",
            "arguments": '{"city": "Bern"}',
        },
        {"type": "function_call_output", "status": "completed", "call_id": "call_1", "output": "21"},
    ]
    assert len({item["id"] for item in kept}) == len(items)


def test_input_items_of_a_response_that_is_not_stored_are_not_kept() -> None:
    assert new_response(CommonRequest(model="small", items=[HELLO])).input_items == ()


def test_the_previous_response_must_be_an_id() -> None:
    with pytest.raises(PreviousResponseNotFoundError) as raised:
        new_response(CommonRequest(model="small", items=[HELLO], previous_response_id="7"))
    assert raised.value.field == "previous_response_id"
