"""The translation of what clients ask for into a new response of the assistant."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, new_id, parse_id
from ninefold.systems.assistant.errors import ResponseNotFoundError
from ninefold.systems.assistant.model import (
    FUNCTION_CALL_PREFIX,
    MESSAGE_PREFIX,
    RESPONSE_PREFIX,
    JsonObject,
    NewResponse,
    Parameters,
    PromptMessage,
    ToolCall,
)
from ninefold.systems.assistant.openai.errors import PreviousResponseNotFoundError
from ninefold.systems.assistant.openai.objects.response import RepeatedFields
from ninefold.systems.assistant.openai.requests.generating import (
    CommonRequest,
    Format,
    Function,
    FunctionChoice,
    JsonObjectFormat,
    JsonSchemaFormat,
    ToolMode,
)
from ninefold.systems.assistant.openai.requests.items import (
    FunctionCall,
    FunctionCallOutput,
    InputText,
    Item,
    Message,
    OutputText,
    Part,
    text_of,
)

FUNCTION_CALL_OUTPUT_PREFIX: Final = "fco"


def new_response(request: CommonRequest) -> NewResponse:
    """Return the new response for a request.

    Raises:
        PreviousResponseNotFoundError: `previous_response_id` isn't the id of a response.
    """
    return NewResponse(
        messages=prompt_messages(request.items),
        model=request.model,
        parameters=Parameters(
            max_output_tokens=request.max_output_tokens,
            instructions=request.instructions,
            temperature=request.temperature,
            top_p=request.top_p,
            stop=request.stop,
            seed=request.seed,
            response_format=_response_format(request.format),
            tools=[_tool(function) for function in request.tools],
            tool_choice=_tool_choice(request.tool_choice) if request.tools else None,
        ),
        previous_response_id=_previous_id(request.previous_response_id),
        is_stored=request.is_stored,
        input_items=[_shown_item(item) for item in request.items] if request.is_stored else (),
        surface=msgspec.to_builtins(RepeatedFields.of(request)),
    )


def prompt_messages(items: Iterable[Item]) -> list[PromptMessage]:
    """Return items as the messages that an engine gets; the calls after a model's message become part of it."""
    messages: list[PromptMessage] = []
    for item in items:
        match item:
            case Message(role="assistant"):
                messages.append(PromptMessage(role="assistant", text=text_of(item.content)))
            case Message():
                # A developer's message is what newer clients call a system's.
                messages.append(
                    PromptMessage(role="user" if item.role == "user" else "system", text=text_of(item.content))
                )
            case FunctionCallOutput():
                messages.append(PromptMessage(role="tool", text=text_of(item.output), tool_call_id=item.call_id))
            case FunctionCall():
                _add_call(messages, ToolCall(call_id=item.call_id, name=item.name, arguments=item.arguments))
    return messages


def parse_response_id(text: str) -> UUID:
    """Return the id of a response.

    Raises:
        ResponseNotFoundError: the text isn't the id of a response.
    """
    try:
        return parse_id(RESPONSE_PREFIX, text)
    except InvalidIdError as error:
        raise ResponseNotFoundError(f"Response with id {text[:80]!r} not found.") from error


def _previous_id(text: str | None) -> UUID | None:
    try:
        return None if text is None else parse_response_id(text)
    except ResponseNotFoundError as error:
        raise PreviousResponseNotFoundError(error.detail, field="previous_response_id") from error


def _add_call(messages: list[PromptMessage], call: ToolCall) -> None:
    last = messages[-1] if messages and messages[-1].role == "assistant" else None
    if last is None:
        messages.append(PromptMessage(role="assistant", tool_calls=[call]))
    else:
        messages[-1] = msgspec.structs.replace(last, tool_calls=[*last.tool_calls, call])


def _response_format(text_format: Format) -> JsonObject | None:
    match text_format:
        case JsonSchemaFormat():
            schema = {"name": text_format.name, "schema": text_format.schema, "strict": text_format.strict}
            return {"type": "json_schema", "json_schema": schema}
        case JsonObjectFormat():
            return {"type": "json_object"}
        case _:
            return None


def _tool(function: Function) -> JsonObject:
    described = msgspec.to_builtins(function)
    return {"type": "function", "function": {k: v for k, v in described.items() if k != "type" and v is not None}}


def _tool_choice(choice: ToolMode | FunctionChoice) -> JsonObject | str:
    return choice if isinstance(choice, str) else {"type": "function", "function": {"name": choice.name}}


def _shown_item(item: Item) -> JsonObject:
    """Return an item of the input as the Responses API shows it again, with an id."""
    match item:
        case Message():
            return {
                "id": format_id(MESSAGE_PREFIX, new_id()),
                "type": "message",
                "status": "completed",
                "role": item.role,
                "content": [*_shown_parts(item)],
            }
        case FunctionCall():
            return {
                "id": format_id(FUNCTION_CALL_PREFIX, new_id()),
                "type": "function_call",
                "status": "completed",
                "call_id": item.call_id,
                "name": item.name,
                "arguments": item.arguments,
            }
        case FunctionCallOutput():
            return {
                "id": format_id(FUNCTION_CALL_OUTPUT_PREFIX, new_id()),
                "type": "function_call_output",
                "status": "completed",
                "call_id": item.call_id,
                "output": text_of(item.output),
            }


def _shown_parts(message: Message) -> Iterator[JsonObject]:
    for part in _parts(message):
        shown: JsonObject = msgspec.to_builtins(part)
        yield {**shown, "annotations": []} if isinstance(part, OutputText) else shown


def _parts(message: Message) -> Sequence[Part]:
    if not isinstance(message.content, str):
        return message.content
    is_output = message.role == "assistant"
    return [OutputText(text=message.content) if is_output else InputText(text=message.content)]
