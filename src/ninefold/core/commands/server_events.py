"""Reads server-sent events, as the live feeds send them."""

from collections.abc import Iterable, Iterator

import msgspec


class ServerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One server-sent event."""

    event_id: str
    """Of this event, or of the last one before it that had an id."""

    name: str
    """Empty for an entry of a live channel."""

    data: str


def read_server_events(lines: Iterable[str]) -> Iterator[ServerEvent]:
    """Yield the events of a stream; comments and events without data are left out.

    Args:
        lines: of the stream, without their line breaks.
    """
    event_id, name, data = "", "", list[str]()
    for line in lines:
        if not line:
            if data:
                yield ServerEvent(event_id=event_id, name=name, data="\n".join(data))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            event_id = value
        elif field == "event":
            name = value
        elif field == "data":
            data.append(value)
