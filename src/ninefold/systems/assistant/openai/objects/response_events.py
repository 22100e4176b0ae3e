"""The events of a response's log as the Responses API streams them.

Most go out as they are stored. Where OpenAI's events have a whole response, the log has only what changes, and the rest
is added here. Our own events, whose types begin with `ninefold.`, become OpenAI's where that has such an event, and are
left out otherwise. The sequence numbers are always the log's, so a stream can have gaps in them.
"""

from typing import Any, Final

import msgspec

from ninefold.systems.assistant.model import LogEvent, Response, ResponseStatus
from ninefold.systems.assistant.openai.objects.response import response_object
from ninefold.systems.assistant.rules import events as log_events

_STATUSES: Final = {
    log_events.CREATED: ResponseStatus.QUEUED,
    log_events.QUEUED: ResponseStatus.QUEUED,
    log_events.IN_PROGRESS: ResponseStatus.IN_PROGRESS,
}
"""The status of a response after each of the events at its beginning."""

_SHOWN_TYPES: Final = {
    log_events.QUEUED: "response.queued",
    # OpenAI's API has no event for this; the response in it says `cancelled`.
    log_events.CANCELLED: log_events.INCOMPLETE,
}


class _Queued(msgspec.Struct, frozen=True):
    position: int


def encode_event(event: LogEvent, response: Response) -> bytes:
    """Return an event of the log as a server-sent event; empty if it isn't shown.

    Args:
        event: one that isn't the last of the log.
        response: its response, at any time.
    """
    if (status := _STATUSES.get(event.type)) is not None:
        return _lifecycle_event(event, response, status=status)
    if event.type.startswith(log_events.OWN_PREFIX):
        return b""
    return _server_sent(event.type, event.encode())


def encode_last_event(event: LogEvent, response: Response) -> bytes:
    """Return the last event of the log as a server-sent event.

    Args:
        event: the event.
        response: its response, which has ended.
    """
    return _lifecycle_event(event, response, status=response.status)


def _lifecycle_event(event: LogEvent, response: Response, *, status: ResponseStatus) -> bytes:
    shown_type = _SHOWN_TYPES.get(event.type, event.type)
    content: dict[str, Any] = {
        "type": shown_type,
        "sequence_number": event.sequence,
        "response": response_object(response, status=status),
    }
    if event.type == log_events.QUEUED:
        content["position"] = msgspec.json.decode(event.payload, type=_Queued).position
    return _server_sent(shown_type, msgspec.json.encode(content))


def _server_sent(name: str, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)
