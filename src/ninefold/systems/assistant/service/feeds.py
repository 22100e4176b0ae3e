"""The assistant's live feeds: the logs of responses, and the changes of conversations."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.live import Channel, Cursor, Entry, Feed, Position
from ninefold.core.live.watched_log import watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Principal
from ninefold.systems.assistant.model import CONVERSATION_PREFIX, OWNER_PREFIX, RESPONSE_PREFIX
from ninefold.systems.assistant.service.channels import (
    CONVERSATION_PATTERN,
    OWNER_PATTERN,
    RESPONSE_PATTERN,
)
from ninefold.systems.assistant.service.responses import asker_of
from ninefold.systems.assistant.store.conversations import conversation_find
from ninefold.systems.assistant.store.events import event_list
from ninefold.systems.assistant.store.responses import response_find, response_list_positions


def _id_in(channel: Channel, parameter: str, *, prefix: str) -> UUID | None:
    try:
        return parse_id(prefix, channel[parameter])
    except InvalidIdError:
        return None


def _response_in(channel: Channel) -> UUID | None:
    return _id_in(channel, "response_id", prefix=RESPONSE_PREFIX)


async def _may_read_response(connection: Connection, principal: Principal, channel: Channel) -> bool:
    response_id = _response_in(channel)
    if response_id is None:
        return False
    return await response_find(connection, asker=asker_of(principal), response_id=response_id) is not None


async def _may_read_conversation(connection: Connection, principal: Principal, channel: Channel) -> bool:
    conversation_id = _id_in(channel, "conversation_id", prefix=CONVERSATION_PREFIX)
    if conversation_id is None:
        return False
    found = await conversation_find(connection, asker=asker_of(principal), conversation_id=conversation_id)
    return found is not None


async def _may_read_conversations(connection: Connection, principal: Principal, channel: Channel) -> bool:
    del connection
    return _id_in(channel, "owner_id", prefix=OWNER_PREFIX) == asker_of(principal).owner_id


# An offset is at least 1, and a log's first event has the number 0.
async def _read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    names = {response_id: channel.name for channel in channels if (response_id := _response_in(channel))}
    positions = await response_list_positions(connection, response_ids=names)
    return {
        names[response_id]: Position(
            offset=position.last_sequence + 1, offset_min=position.last_sequence + 1 if position.is_deleted else 0
        )
        for response_id, position in positions.items()
    }


async def _read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    names = {response_id: cursor for cursor in cursors if (response_id := _response_in(cursor.channel)) is not None}
    found = await event_list(
        connection, cursors=[(response_id, cursor.offset - 1) for response_id, cursor in names.items()], limit=limit
    )
    return {
        names[response_id].channel.name: [Entry(event.sequence + 1, event.encode()) for event in events]
        for response_id, events in found.items()
    }


FEEDS: Final = (
    Feed(
        pattern=RESPONSE_PATTERN,
        may_read=_may_read_response,
        read_positions=_read_positions,
        read_after=_read_after,
    ),
    watched_feed(pattern=CONVERSATION_PATTERN, may_read=_may_read_conversation),
    watched_feed(pattern=OWNER_PATTERN, may_read=_may_read_conversations),
)
