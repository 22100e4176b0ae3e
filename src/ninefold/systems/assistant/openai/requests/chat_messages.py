"""The messages of a chat completion, and their translation into items."""

from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

import msgspec

from ninefold.systems.assistant.openai.errors import UnsupportedParameterError
from ninefold.systems.assistant.openai.requests.fields import PARTS_MAX, TOOLS_MAX, CallId, Name, OpenAIRequest
from ninefold.systems.assistant.openai.requests.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Item,
    Message,
    OutputText,
    Part,
    Refusal,
)


class TextPart(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Text."""

    text: str


class RefusalPart(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="refusal"):
    """What the model has said when it refused."""

    refusal: str


class ImagePart(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="image_url"):
    """An image, which isn't supported."""


class AudioPart(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="input_audio"):
    """A recording, which isn't supported."""


class FilePart(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """A file, which isn't supported."""


UserPart: TypeAlias = TextPart | ImagePart | AudioPart | FilePart
TextParts: TypeAlias = Annotated[list[TextPart], msgspec.Meta(max_length=PARTS_MAX)]


class SystemMessage(OpenAIRequest, frozen=True, kw_only=True, tag_field="role", tag="system"):
    """Instructions for the model."""

    content: str | TextParts


class DeveloperMessage(OpenAIRequest, frozen=True, kw_only=True, tag_field="role", tag="developer"):
    """Instructions for the model, as newer clients call them."""

    content: str | TextParts


class UserMessage(OpenAIRequest, frozen=True, kw_only=True, tag_field="role", tag="user"):
    """What the user says."""

    content: str | Annotated[list[UserPart], msgspec.Meta(max_length=PARTS_MAX)]


class CalledFunction(OpenAIRequest, frozen=True, kw_only=True):
    """The function of a call, and its arguments."""

    name: Name
    arguments: str


class ToolCall(OpenAIRequest, frozen=True, kw_only=True, tag_field="type", tag="function"):
    """A call that the model has asked for."""

    id: CallId
    function: CalledFunction


class AssistantMessage(OpenAIRequest, frozen=True, kw_only=True, tag_field="role", tag="assistant"):
    """What the model has said before."""

    content: str | Annotated[list[TextPart | RefusalPart], msgspec.Meta(max_length=PARTS_MAX)] | None = None
    refusal: str | None = None
    tool_calls: Annotated[list[ToolCall], msgspec.Meta(max_length=TOOLS_MAX)] | None = None


class ToolMessage(OpenAIRequest, frozen=True, kw_only=True, tag_field="role", tag="tool"):
    """What a function returned."""

    tool_call_id: CallId
    content: str | TextParts


ChatMessage: TypeAlias = SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage


def items_of(messages: Iterable[ChatMessage]) -> list[Item]:
    """Return a chat's messages as items, in their order.

    Raises:
        UnsupportedParameterError: a message has something other than text.
    """
    messages = list(messages)
    for index, message in enumerate(messages):
        _refuse_media(message, path=f"messages[{index}]")
    return [item for message in messages for item in _items_of_message(message)]


def _items_of_message(message: ChatMessage) -> Iterator[Item]:
    match message:
        case SystemMessage():
            yield Message(role="system", content=_input(message.content))
        case DeveloperMessage():
            yield Message(role="developer", content=_input(message.content))
        case UserMessage():
            yield Message(role="user", content=_input(message.content))
        case ToolMessage():
            yield FunctionCallOutput(call_id=message.tool_call_id, output=_input_texts(message.content))
        case AssistantMessage():
            yield from _items_of_assistant(message)


def _items_of_assistant(message: AssistantMessage) -> Iterator[Item]:
    parts: list[Part] = []
    if isinstance(message.content, str):
        parts = [OutputText(text=message.content)] if message.content else []
    else:
        parts = [_output(part) for part in message.content or ()]
    if message.refusal:
        parts.append(Refusal(refusal=message.refusal))
    if parts or not message.tool_calls:
        yield Message(role="assistant", content=parts)
    for call in message.tool_calls or ():
        yield FunctionCall(call_id=call.id, name=call.function.name, arguments=call.function.arguments)


def _refuse_media(message: ChatMessage, *, path: str) -> None:
    if not isinstance(message, UserMessage) or isinstance(message.content, str):
        return
    for index, part in enumerate(message.content):
        if not isinstance(part, TextPart):
            raise UnsupportedParameterError(
                f"{path}.content[{index}]: {type(part).__struct_config__.tag} isn't supported by this server.",
                field=f"{path}.content[{index}].type",
                remedy="Send text.",
            )


def _input(content: str | Iterable[UserPart]) -> list[Part]:
    return [*_input_texts(content)]


def _input_texts(content: str | Iterable[UserPart]) -> list[InputText]:
    texts = [content] if isinstance(content, str) else [part.text for part in content if isinstance(part, TextPart)]
    return [InputText(text=text) for text in texts]


def _output(part: TextPart | RefusalPart) -> Part:
    return OutputText(text=part.text) if isinstance(part, TextPart) else Refusal(refusal=part.refusal)
