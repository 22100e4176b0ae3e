"""The `response` object of the Responses API, and the lists of its input items."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.assistant.model import RESPONSE_PREFIX, JsonObject, Response, ResponseStatus, Usage
from ninefold.systems.assistant.openai.requests.generating import (
    CommonRequest,
    Format,
    Function,
    FunctionChoice,
    TextFormat,
    ToolMode,
)


class RepeatedFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The parts of a request that its response repeats; they are stored with it, as `Response.surface`."""

    format: Format = TextFormat()
    tools: list[Function] = msgspec.field(default_factory=list)
    tool_choice: ToolMode | FunctionChoice = "auto"
    parallel_tool_calls: bool = True
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    background: bool = False
    max_output_tokens: int | None = None
    """As the client asked; the response's own parameter is never more than the server's limit."""

    @classmethod
    def of(cls, request: CommonRequest) -> "RepeatedFields":
        """Return what the response to a request repeats."""
        return cls(
            format=request.format,
            tools=request.tools,
            tool_choice=request.tool_choice,
            parallel_tool_calls=request.parallel_tool_calls,
            metadata=request.metadata,
            background=request.is_background,
            max_output_tokens=request.max_output_tokens,
        )


class ErrorObject(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response has failed."""

    code: str
    message: str


class IncompleteDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Why a response ended early."""

    reason: str


class TextObject(msgspec.Struct, frozen=True, kw_only=True):
    """The form of the text."""

    format: Format


class InputTokensDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A breakdown of the tokens that the model has read."""

    cached_tokens: int = 0


class OutputTokensDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A breakdown of the tokens that the model has written."""

    reasoning_tokens: int = 0


class UsageObject(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a response."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: InputTokensDetails = InputTokensDetails()
    output_tokens_details: OutputTokensDetails = OutputTokensDetails()

    @classmethod
    def of(cls, usage: Usage) -> "UsageObject":
        """Return the usage of a response."""
        return cls(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.total_tokens)


class ResponseObject(msgspec.Struct, frozen=True, kw_only=True):
    """A response."""

    id: str
    object: Literal["response"] = "response"
    created_at: int
    """Seconds since 1970."""
    completed_at: int | None
    status: str
    background: bool
    error: ErrorObject | None
    incomplete_details: IncompleteDetails | None
    instructions: str | None
    max_output_tokens: int | None
    metadata: dict[str, str]
    model: str
    output: Sequence[JsonObject]
    parallel_tool_calls: bool
    previous_response_id: str | None
    store: bool
    temperature: float | None
    text: TextObject
    tool_choice: ToolMode | FunctionChoice
    tools: list[Function]
    top_p: float | None
    truncation: Literal["disabled"] = "disabled"
    usage: UsageObject | None


class DeletedResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A response that was deleted."""

    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


class ItemList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of items."""

    object: Literal["list"] = "list"
    data: Sequence[JsonObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


def response_id_of(response: Response) -> str:
    """Return the id of a response, as clients see it."""
    return format_id(RESPONSE_PREFIX, response.response_id)


def response_object(response: Response, *, status: ResponseStatus | None = None) -> ResponseObject:
    """Return the object of a response.

    Args:
        response: as it is stored.
        status: if given, an earlier status: the object then is as it was at that time, without output.
    """
    repeated = msgspec.convert(response.surface, RepeatedFields)
    shown = status or response.status
    is_final = shown.is_final
    finished = response.finished_at if shown is ResponseStatus.COMPLETED else None
    parameters = response.parameters
    return ResponseObject(
        id=response_id_of(response),
        created_at=int(response.created_at.timestamp()),
        completed_at=int(finished.timestamp()) if finished else None,
        status=shown,
        background=repeated.background,
        error=_error(response) if is_final else None,
        incomplete_details=_incomplete_details(response) if is_final else None,
        instructions=parameters.instructions,
        max_output_tokens=repeated.max_output_tokens,
        metadata=repeated.metadata,
        model=response.model,
        output=response.output_items if is_final else (),
        parallel_tool_calls=repeated.parallel_tool_calls,
        previous_response_id=_previous(response),
        store=response.is_stored,
        temperature=parameters.temperature,
        text=TextObject(format=repeated.format),
        tool_choice=repeated.tool_choice,
        tools=repeated.tools,
        top_p=parameters.top_p,
        usage=UsageObject.of(response.usage) if is_final else None,
    )


def page_of_items(items: Sequence[JsonObject], *, after: str | None, limit: int, is_ascending: bool) -> ItemList:
    """Return a page of a response's input items.

    Args:
        items: all of them, in their order.
        after: the id of the last item on the page before; None for the first page.
        limit: how many items the page has at most.
        is_ascending: whether the first page begins with the first item, and not with the last.

    Raises:
        KeyError: no item has the id `after`.
    """
    ordered = items if is_ascending else items[::-1]
    begin = 0 if after is None else _index_of(ordered, after) + 1
    page = ordered[begin : begin + limit]
    return ItemList(
        data=page,
        first_id=page[0]["id"] if page else None,
        last_id=page[-1]["id"] if page else None,
        has_more=begin + limit < len(ordered),
    )


def _index_of(items: Sequence[JsonObject], item_id: str) -> int:
    for index, item in enumerate(items):
        if item["id"] == item_id:
            return index
    raise KeyError(item_id)


def _error(response: Response) -> ErrorObject | None:
    return ErrorObject(code=response.error.code, message=response.error.message) if response.error else None


def _incomplete_details(response: Response) -> IncompleteDetails | None:
    return IncompleteDetails(reason=response.incomplete_reason) if response.incomplete_reason else None


def _previous(response: Response) -> str | None:
    previous = response.previous_response_id
    return format_id(RESPONSE_PREFIX, previous) if previous else None
