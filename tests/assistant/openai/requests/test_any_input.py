"""Whatever a stranger sends, the request is either understood or refused with an error that names the parameter."""

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.errors import NinefoldError
from ninefold.core.web.bodies import JsonDecoder
from ninefold.systems.assistant.openai.errors import describe_error, status_of
from ninefold.systems.assistant.openai.requests.chat import CreateChatCompletion
from ninefold.systems.assistant.openai.requests.embeddings import CreateEmbeddings
from ninefold.systems.assistant.openai.requests.responses import CreateResponse
from ninefold.systems.assistant.openai.requests.translating import new_response

FUNCTION = {"name": "weather", "description": "d", "parameters": {"type": "object"}, "strict": True}
CHAT = {
    "model": "small",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c", "content": "21"},
    ],
    "stop": ["a"],
    "stream_options": {"include_usage": True},
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "weather"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": {}}},
    "metadata": {"a": "b"},
}
RESPONSE = {
    "model": "small",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Hi"}, {"type": "refusal", "refusal": "no"}]},
        {"type": "function_call", "call_id": "c", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "21"}]},
    ],
    "previous_response_id": "resp_01h455vb4pex5vsknk084sn02q",
    "text": {"format": {"type": "json_schema", "name": "city", "schema": {}}},
    "tools": [{"type": "function", **FUNCTION}],
    "tool_choice": {"type": "function", "name": "weather"},
}
EMBEDDINGS = {"model": "small", "input": ["a", "b"], "encoding_format": "float"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def places_in(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of everything in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *[found for key, inner in inside for found in places_in(inner, (*place, key))]]


@st.composite
def changed(draw: st.DrawFn, body: Any) -> Any:
    """Draw a valid body with a part of it replaced by any JSON."""
    body = copy.deepcopy(body)
    place = draw(st.sampled_from(places_in(body)))
    if not place:
        return draw(json_values)
    target = body
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = draw(json_values)
    return body


def refusal_of(kind: type[Any], content: bytes) -> NinefoldError | None:
    """Return the error for a body; None if it is valid."""
    try:
        request = JsonDecoder(kind).decode(content)
        if isinstance(request, CreateEmbeddings):
            request.texts()
        else:
            msgspec.json.encode(new_response(request.common()))
    except NinefoldError as error:
        return error
    return None


def check(kind: type[Any], content: bytes) -> None:
    error = refusal_of(kind, content)
    if error is not None:
        shown = describe_error(error)
        assert (status_of(error), shown.type) == (400, "invalid_request_error")
        assert shown.message


@pytest.mark.parametrize(
    ("kind", "body"), [(CreateChatCompletion, CHAT), (CreateResponse, RESPONSE), (CreateEmbeddings, EMBEDDINGS)]
)
def test_the_unchanged_bodies_are_valid(kind: type[Any], body: Any) -> None:
    request = JsonDecoder(kind).decode(msgspec.json.encode(body))
    assert request.texts() if isinstance(request, CreateEmbeddings) else new_response(request.common()).messages


@given(st.data())
def test_a_changed_part_is_understood_or_refused(data: st.DataObject) -> None:
    kind, body = data.draw(
        st.sampled_from([(CreateChatCompletion, CHAT), (CreateResponse, RESPONSE), (CreateEmbeddings, EMBEDDINGS)])
    )
    check(kind, msgspec.json.encode(data.draw(changed(body))))


@given(st.binary(max_size=60), st.sampled_from([CreateChatCompletion, CreateResponse, CreateEmbeddings]))
def test_any_bytes_are_understood_or_refused(content: bytes, kind: type[Any]) -> None:
    check(kind, content)
