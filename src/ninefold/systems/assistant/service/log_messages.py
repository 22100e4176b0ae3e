"""The messages that say which logs have grown, with the new events if they fit.

A follower that gets the events with the notification doesn't have to read the log for them. The log stays the source of
truth: a follower that misses a message, or gets one that doesn't continue after its last event, reads the log.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.queue.notifier import MESSAGE_BYTES_MAX
from ninefold.systems.assistant.model import LogEvent


class Grown(msgspec.Struct, frozen=True, array_like=True):
    """A log that has grown."""

    response_id: UUID
    events: Sequence[LogEvent] = ()
    """What was appended, in order; empty if that is only in the log."""


class _Event(msgspec.Struct, frozen=True, array_like=True):
    sequence: int
    type: str
    payload: msgspec.Raw


class _Message(msgspec.Struct, frozen=True, array_like=True):
    response_id: UUID
    events: list[_Event]


_message: Final = msgspec.json.Decoder(_Message)


def grown_message(grown: Grown) -> str:
    """Return the message for a log that has grown; without the events if they are too long."""
    events = [_Event(event.sequence, event.type, msgspec.Raw(event.payload)) for event in grown.events]
    message = msgspec.json.encode(_Message(grown.response_id, events))
    if len(message) > MESSAGE_BYTES_MAX:
        message = msgspec.json.encode(_Message(grown.response_id, []))
    return message.decode()


def parse_grown(message: str) -> Grown:
    """Return what `grown_message` was given, or only the response."""
    found = _message.decode(message)
    events = [LogEvent(each.sequence, each.type, bytes(each.payload)) for each in found.events]
    return Grown(found.response_id, events)
