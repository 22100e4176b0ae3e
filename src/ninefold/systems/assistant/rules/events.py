"""The events of a response's log: those of OpenAI's Responses API, and a few of our own, which begin with `ninefold.`.

An event's payload has no `type` and no `sequence_number`; the log adds them. The `response` in a payload has only what
changes over time: its id, status, usage and error. A protocol adds what the request said.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.assistant.model import (
    FUNCTION_CALL_PREFIX,
    MESSAGE_PREFIX,
    RESPONSE_PREFIX,
    Ending,
    LogEvent,
    NewEvent,
    Response,
    ResponseError,
    ResponseStatus,
    ToolCall,
    Usage,
)

CREATED: Final = "response.created"
IN_PROGRESS: Final = "response.in_progress"
ITEM_ADDED: Final = "response.output_item.added"
PART_ADDED: Final = "response.content_part.added"
TEXT_DELTA: Final = "response.output_text.delta"
TEXT_DONE: Final = "response.output_text.done"
PART_DONE: Final = "response.content_part.done"
ITEM_DONE: Final = "response.output_item.done"
ARGUMENTS_DELTA: Final = "response.function_call_arguments.delta"
ARGUMENTS_DONE: Final = "response.function_call_arguments.done"
COMPLETED: Final = "response.completed"
INCOMPLETE: Final = "response.incomplete"
FAILED: Final = "response.failed"

QUEUED: Final = "ninefold.response.queued"
STALLED: Final = "ninefold.response.stalled"
CONTINUED: Final = "ninefold.response.continued"
CANCELLED: Final = "ninefold.response.cancelled"

OWN_PREFIX: Final = "ninefold."
"""Begins the types that OpenAI's API doesn't have."""

FINAL_TYPES: Final = {
    ResponseStatus.COMPLETED: COMPLETED,
    ResponseStatus.INCOMPLETE: INCOMPLETE,
    ResponseStatus.FAILED: FAILED,
    ResponseStatus.CANCELLED: CANCELLED,
}
"""The last event of a log, by the status of the response."""

ENDS: Final = frozenset(FINAL_TYPES.values())

ContinueReason: TypeAlias = Literal["worker_lost", "engine_failed", "engine_stalled"]
Awaited: TypeAlias = Literal["first_token", "next_token"]


class Transcript:
    """What a response's log says so far.

    Args:
        events: the log from its beginning.
    """

    def __init__(self, events: Iterable[LogEvent] = ()) -> None:
        self.has_item = False
        """Whether the message has begun."""
        self._parts: list[str] = []
        for event in events:
            if event.type == TEXT_DELTA:
                self._parts.append(msgspec.json.decode(event.payload, type=_Delta).delta)
            elif event.type == ITEM_ADDED:
                self.has_item = True

    @property
    def text(self) -> str:
        """The text that the log has."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def add(self, response: Response, text: str) -> list[NewEvent]:
        """Add text, and return the events for it."""
        events = [] if self.has_item else opening_events(response)
        self.has_item = True
        self._parts.append(text)
        return [*events, delta_event(response, text)]


class _Delta(msgspec.Struct, frozen=True):
    delta: str


def created_event(response: Response) -> NewEvent:
    """Return the first event of a log."""
    return _event(CREATED, response=_state(response, status=ResponseStatus.QUEUED))


def queued_event(position: int) -> NewEvent:
    """Return the event that says which place in the queue a response has, from 1."""
    return _event(QUEUED, position=position)


def first_events(response: Response) -> list[NewEvent]:
    """Return the events that a log begins with, for a response that was just created."""
    assert response.queue_position is not None, "it waits for a worker"
    return [created_event(response), queued_event(response.queue_position)]


def in_progress_event(response: Response) -> NewEvent:
    """Return the event that says that a worker has begun."""
    return _event(IN_PROGRESS, response=_state(response, status=ResponseStatus.IN_PROGRESS))


def continued_event(reason: ContinueReason, *, attempt: int) -> NewEvent:
    """Return the event that says that the same message is continued, or begun once more if it had no text yet.

    Args:
        reason: what happened.
        attempt: how many attempts there are with this one.
    """
    return _event(CONTINUED, reason=reason, attempt=attempt)


def stalled_event(awaited: Awaited, *, waited_s: float) -> NewEvent:
    """Return the event that says that no token has come for a time."""
    return _event(STALLED, waiting_for=awaited, waited_s=round(waited_s, 1))


def opening_events(response: Response) -> list[NewEvent]:
    """Return the events that begin the message of a response."""
    item = message_item(response, text=None, status="in_progress")
    return [
        _event(ITEM_ADDED, output_index=0, item=item),
        _event(PART_ADDED, item_id=item_id(response), output_index=0, content_index=0, part=_part("")),
    ]


def delta_event(response: Response, text: str) -> NewEvent:
    """Return the event that adds text to the message."""
    return _event(TEXT_DELTA, item_id=item_id(response), output_index=0, content_index=0, delta=text, logprobs=[])


def item_id(response: Response) -> str:
    """Return the id of the message in a response's output."""
    return format_id(MESSAGE_PREFIX, response.message_id)


def end_response(
    response: Response,
    transcript: Transcript,
    *,
    status: ResponseStatus,
    usage: Usage,
    tool_calls: Sequence[ToolCall] = (),
    incomplete_reason: str | None = None,
    error: ResponseError | None = None,
) -> Ending:
    """Return how a response ends: its last events, its output and its text.

    Args:
        response: the response.
        transcript: what its log says.
        status: a final status.
        usage: the tokens of the whole response.
        tool_calls: what the model wants to be called.
        incomplete_reason: why it is incomplete, such as `max_output_tokens`.
        error: why it has failed.
    """
    events: list[NewEvent] = []
    items: list[dict[str, Any]] = []
    if status is ResponseStatus.COMPLETED and not tool_calls and not transcript.has_item:
        events += opening_events(response)
        transcript.has_item = True
    if transcript.has_item:
        is_whole = status is ResponseStatus.COMPLETED
        message = message_item(response, text=transcript.text, status="completed" if is_whole else "incomplete")
        events += _closing_events(response, message, text=transcript.text)
        items.append(message)
    for call in tool_calls:
        item = _function_call_item(call, place=len(items), response=response)
        events += _function_call_events(item, place=len(items))
        items.append(item)
    final = _state(response, status=status, usage=usage, incomplete_reason=incomplete_reason, error=error)
    events.append(_event(FINAL_TYPES[status], response=final))
    return Ending(
        status=status,
        events=events,
        output_items=items,
        text=transcript.text,
        usage=usage,
        incomplete_reason=incomplete_reason,
        error=error,
    )


def message_item(response: Response, *, text: str | None, status: str) -> dict[str, Any]:
    """Return the message as an item of the output; without content if the text is None."""
    return {
        "id": item_id(response),
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [] if text is None else [_part(text)],
    }


def _closing_events(response: Response, message: dict[str, Any], *, text: str) -> list[NewEvent]:
    place = {"item_id": item_id(response), "output_index": 0, "content_index": 0}
    return [
        _event(TEXT_DONE, **place, text=text, logprobs=[]),
        _event(PART_DONE, **place, part=_part(text)),
        _event(ITEM_DONE, output_index=0, item=message),
    ]


def _function_call_item(call: ToolCall, *, place: int, response: Response) -> dict[str, Any]:
    return {
        "id": f"{format_id(FUNCTION_CALL_PREFIX, response.message_id)}_{place}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.call_id,
        "name": call.name,
        "arguments": call.arguments,
    }


def _function_call_events(item: dict[str, Any], *, place: int) -> list[NewEvent]:
    begun = {**item, "status": "in_progress", "arguments": ""}
    return [
        _event(ITEM_ADDED, output_index=place, item=begun),
        _event(ARGUMENTS_DELTA, item_id=item["id"], output_index=place, delta=item["arguments"]),
        _event(ARGUMENTS_DONE, item_id=item["id"], output_index=place, name=item["name"], arguments=item["arguments"]),
        _event(ITEM_DONE, output_index=place, item=item),
    ]


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _state(
    response: Response,
    *,
    status: ResponseStatus,
    usage: Usage | None = None,
    incomplete_reason: str | None = None,
    error: ResponseError | None = None,
) -> dict[str, Any]:
    return {
        "id": format_id(RESPONSE_PREFIX, response.response_id),
        "status": status.value,
        "usage": None
        if usage is None
        else {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "total_tokens": usage.total_tokens,
        },
        "incomplete_details": None if incomplete_reason is None else {"reason": incomplete_reason},
        "error": None if error is None else {"code": error.code, "message": error.message},
    }


def _event(event_type: str, /, **payload: Any) -> NewEvent:
    return NewEvent(type=event_type, payload=msgspec.json.encode(payload))
