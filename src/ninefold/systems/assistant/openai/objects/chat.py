"""The objects of chat completions: `chat.completion`, and what its chunks share."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.assistant.model import JsonObject, Response, ResponseStatus, Usage

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]

_COMPLETION_PREFIX: Final = "chatcmpl"


class CalledFunction(msgspec.Struct, frozen=True, kw_only=True):
    """The function of a call, and its arguments."""

    name: str
    arguments: str


class CompletionToolCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the model asks for."""

    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class CompletionMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The answer."""

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: None = None
    tool_calls: list[CompletionToolCall] | msgspec.UnsetType = msgspec.UNSET


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The only choice of a completion."""

    index: Literal[0] = 0
    message: CompletionMessage
    logprobs: None = None
    finish_reason: FinishReason


class CompletionUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a completion."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    @classmethod
    def of(cls, usage: Usage) -> "CompletionUsage":
        """Return the usage of a response."""
        return cls(
            prompt_tokens=usage.input_tokens, completion_tokens=usage.output_tokens, total_tokens=usage.total_tokens
        )


class ChatCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """A completion that isn't streamed."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    """Seconds since 1970."""
    model: str
    choices: tuple[Choice]
    usage: CompletionUsage
    system_fingerprint: None = None


def completion_id_of(response: Response) -> str:
    """Return the id of a completion: that of its response, with OpenAI's prefix."""
    return f"{_COMPLETION_PREFIX}-{format_id('', response.response_id).removeprefix('_')}"


def chat_completion(response: Response) -> ChatCompletion:
    """Return the completion for a response that has ended, and hasn't failed."""
    calls = [_tool_call(item) for item in response.output_items if item["type"] == "function_call"]
    message = CompletionMessage(
        content=_text(response.output_items, has_calls=bool(calls)), tool_calls=calls or msgspec.UNSET
    )
    return ChatCompletion(
        id=completion_id_of(response),
        created=int(response.created_at.timestamp()),
        model=response.model,
        choices=(Choice(message=message, finish_reason=finish_reason(response, has_calls=bool(calls))),),
        usage=CompletionUsage.of(response.usage),
    )


def finish_reason(response: Response, *, has_calls: bool) -> FinishReason:
    """Return why a completion ended.

    Args:
        response: its response, which has ended.
        has_calls: whether the model asks for calls.
    """
    if response.status is ResponseStatus.INCOMPLETE:
        return "content_filter" if response.incomplete_reason == "content_filter" else "length"
    return "tool_calls" if has_calls else "stop"


def _text(items: Sequence[JsonObject], *, has_calls: bool) -> str | None:
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    # As in OpenAI's API: a message that only asks for calls has no content.
    return None if has_calls and not text else text


def _tool_call(item: JsonObject) -> CompletionToolCall:
    return CompletionToolCall(
        id=item["call_id"], function=CalledFunction(name=item["name"], arguments=item["arguments"])
    )
