"""Items: the messages, function calls and outputs of which an input consists, in the form of the Responses API.

A chat's messages are translated into items too, so that everything behind this API sees one form.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ninefold.core.web.bodies.json_errors import invalid_input
from ninefold.systems.assistant.openai.errors import InvalidRequestError, UnsupportedParameterError
from ninefold.systems.assistant.openai.requests.fields import PARTS_MAX, CallId, Json, Name, OpenAIRequest

Role: TypeAlias = Literal["system", "developer", "user", "assistant"]

_TYPES: Final = ("message", "function_call", "function_call_output")
_UNSUPPORTED_PARTS: Final = ("input_image", "input_file", "input_audio")


class InputText(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="input_text"):
    """Text that the model reads."""

    text: str


class OutputText(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="output_text"):
    """Text that a model has written before."""

    text: str


class Refusal(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="refusal"):
    """What a model has said when it refused."""

    refusal: str


Part: TypeAlias = InputText | OutputText | Refusal
Parts: TypeAlias = Annotated[list[Part], msgspec.Meta(max_length=PARTS_MAX)]


class Message(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A message of a conversation."""

    role: Role
    content: str | Parts


class FunctionCall(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call that a model has asked for."""

    call_id: CallId
    name: Name
    arguments: str
    """JSON, as the model has written it."""


class FunctionCallOutput(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"):
    """What the function returned."""

    call_id: CallId
    output: str | Annotated[list[InputText], msgspec.Meta(max_length=PARTS_MAX)]


Item: TypeAlias = Message | FunctionCall | FunctionCallOutput


def read_items(content: str | Sequence[Json]) -> list[Item]:
    """Return the items of an `input`: its text as the user's message, or its list.

    Raises:
        InvalidInputError: an item has the wrong form; names the field.
        UnsupportedParameterError: an item or a part of a message isn't text.
    """
    if isinstance(content, str):
        return [Message(role="user", content=content)]
    return [_read_item(item, path=f"input[{index}]") for index, item in enumerate(content)]


def require_calls(items: Iterable[Item], *, path: str) -> None:
    """Check that each output belongs to a call before it.

    Raises:
        InvalidRequestError: there is no such call.
    """
    call_ids = set()
    for index, item in enumerate(items):
        if isinstance(item, FunctionCall):
            call_ids.add(item.call_id)
        elif isinstance(item, FunctionCallOutput) and item.call_id not in call_ids:
            raise InvalidRequestError(
                f"{path} has the output of the call {item.call_id!r}, but no such call before it.",
                field=f"{path}[{index}]" if path == "input" else path,
                remedy="Send the call of the model too, before its output.",
            )


def text_of(content: str | Iterable[Part]) -> str:
    """Return the text of a message or of an output."""
    if isinstance(content, str):
        return content
    return "".join(part.refusal if isinstance(part, Refusal) else part.text for part in content)


def _read_item(item: Json, *, path: str) -> Item:
    # Clients can leave out the type of a message.
    typed = {"type": "message", **item}
    if typed["type"] not in _TYPES:
        raise UnsupportedParameterError(
            f"{path}: items of the type {str(typed['type'])[:80]!r} aren't supported by this server.",
            field=f"{path}.type",
            remedy=f"Send {', '.join(_TYPES[:-1])} or {_TYPES[-1]}.",
        )
    _refuse_unsupported_parts(typed.get("content"), path=f"{path}.content")
    try:
        read: Item = msgspec.convert(typed, Item)
    except msgspec.ValidationError as error:
        raise invalid_input(str(error), Item, path=path) from error
    return read


def _refuse_unsupported_parts(content: object, *, path: str) -> None:
    for index, part in enumerate(content if isinstance(content, list) else ()):
        if isinstance(part, dict) and part.get("type") in _UNSUPPORTED_PARTS:
            raise UnsupportedParameterError(
                f"{path}[{index}]: {part['type']} isn't supported by this server.",
                field=f"{path}[{index}].type",
                remedy="Send text.",
            )
