"""Queries for messages, mentions, reactions and pins."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Block, ChannelEvent, Message, Pin, Reacted, Reaction
from ninefold.systems.messaging.rules.search_parts import SearchPart
from ninefold.systems.messaging.store.queries import queries

_blocks = msgspec.json.Decoder(list[Block])


async def mention_delete(connection: Connection, *, channel_id: UUID, sequence: int) -> None:
    """Delete the mentions of a message."""
    await queries.mention_delete(connection, channel_id=channel_id, sequence=sequence)


async def mention_insert(
    connection: Connection, *, channel_id: UUID, sequence: int, member_ids: Collection[UUID]
) -> None:
    """Insert whom a message mentions."""
    await queries.mention_insert(connection, channel_id=channel_id, sequence=sequence, member_ids=list(member_ids))


async def message_find(connection: Connection, *, channel_id: UUID, sequence: int) -> Message | None:
    """Read a message of a channel."""
    return _message_or_none(await queries.message_find(connection, channel_id=channel_id, sequence=sequence))


async def message_find_by_ts(connection: Connection, *, channel_id: UUID, ts_us: int) -> Message | None:
    """Read the message of a channel with a time in µs."""
    return _message_or_none(await queries.message_find_by_ts(connection, channel_id=channel_id, ts_us=ts_us))


async def message_find_first_time(connection: Connection, *, term: str) -> int | None:
    """Return the time in µs of the first message with a term in the index; None if there is none."""
    found: int | None = await queries.message_find_first_time(connection, term=term)
    return found


async def message_last_ordinal(connection: Connection) -> int:
    """Return the ordinal of the latest message of all organisations."""
    ordinal: int = await queries.message_last_ordinal(connection)
    return ordinal


async def message_list_after(connection: Connection, *, channel_id: UUID, after: int, limit: int) -> list[Message]:
    """Read the first messages of a channel after a sequence, oldest first."""
    records = queries.message_list_after(connection, channel_id=channel_id, after=after, limit=limit)
    return [_message(record) async for record in records]


async def message_list_before(connection: Connection, *, channel_id: UUID, before: int, limit: int) -> list[Message]:
    """Read the last messages of a channel before a sequence, latest first."""
    records = queries.message_list_before(connection, channel_id=channel_id, before=before, limit=limit)
    return [_message(record) async for record in records]


async def message_list_by_sequences(
    connection: Connection, *, channel_id: UUID, sequences: Collection[int]
) -> list[Message]:
    """Read several messages of a channel, deleted ones too."""
    records = queries.message_list_by_sequences(connection, channel_id=channel_id, sequences=list(sequences))
    return [_message(record) async for record in records]


async def message_list_replies(
    connection: Connection, *, channel_id: UUID, thread_sequence: int, after: int, limit: int
) -> list[Message]:
    """Read the first replies of a thread after a sequence, oldest first."""
    records = queries.message_list_replies(
        connection, channel_id=channel_id, thread_sequence=thread_sequence, after=after, limit=limit
    )
    return [_message(record) async for record in records]


async def message_ordinal_at(
    connection: Connection, *, organisation_id: UUID, channel_ids: Collection[UUID] | None, ts_us: int
) -> int:
    """Return the ordinal of the last message before a time in several channels; None for all of an organisation."""
    ordinal: int = await queries.message_ordinal_at(
        connection,
        organisation_id=organisation_id,
        channel_ids=None if channel_ids is None else list(channel_ids),
        ts_us=ts_us,
    )
    return ordinal


async def message_search(
    connection: Connection,
    *,
    organisation_id: UUID,
    member_id: UUID | None,
    words: str,
    parts: Sequence[SearchPart],
    not_before: int,
    before: int,
    limit: int,
) -> list[tuple[int, Message]]:
    """Find messages that a member can see, latest first; None sees all. Return them with their ordinals.

    Args:
        connection: any connection.
        organisation_id: the organisation.
        member_id: who searches.
        words: as `websearch_to_tsquery` reads them; empty for all.
        parts: where to search, one after the other, until there are enough.
        not_before: the first time in µs.
        before: the time after the last one.
        limit: how many.
    """
    records = queries.message_search(
        connection,
        organisation_id=organisation_id,
        member_id=member_id,
        words=words,
        terms=[part.terms for part in parts],
        firsts=[part.first for part in parts],
        lasts=[part.last for part in parts],
        not_before=not_before,
        before=before,
        limit=limit,
    )
    return [(record["ordinal"], _message(record)) async for record in records]


async def message_search_pinned(
    connection: Connection,
    *,
    organisation_id: UUID,
    member_id: UUID | None,
    words: str,
    terms: str,
    first: int,
    last: int,
    not_before: int,
    before: int,
    limit: int,
) -> list[tuple[int, Message]]:
    """Find pinned messages that a member can see, with these terms in the index; otherwise as `message_search`."""
    records = queries.message_search_pinned(
        connection,
        organisation_id=organisation_id,
        member_id=member_id,
        words=words,
        terms=terms,
        first=first,
        last=last,
        not_before=not_before,
        before=before,
        limit=limit,
    )
    return [(record["ordinal"], _message(record)) async for record in records]


async def message_post(connection: Connection, message: Message, event: ChannelEvent, *, organisation_id: UUID) -> bool:
    """Append a message to a channel that is locked; return False if its `client_msg_id` has become another message.

    Then the transaction must be rolled back.

    Args:
        connection: in the transaction that has locked the channel.
        message: the new one.
        event: its entry in the channel's log.
        organisation_id: that of the channel.
    """
    is_new: bool = await queries.message_post(
        connection,
        channel_id=message.channel_id,
        sequence=message.sequence,
        ts_us=message.ts_us,
        member_id=message.member_id,
        client_msg_id=message.client_msg_id,
        text=message.text,
        blocks=_encode(message.blocks),
        thread_sequence=message.thread_sequence,
        is_broadcast=message.is_broadcast,
        subtype=message.subtype,
        app_id=message.app_id,
        file_ids=message.file_ids,
        organisation_id=organisation_id,
        at=event.at,
        payload=msgspec.json.encode(event.payload).decode(),
    )
    return is_new


async def message_sequence_at(connection: Connection, *, channel_id: UUID, ts_us: int) -> int:
    """Return the sequence of a channel's last message before a time or at it, which is in µs; 0 if there is none."""
    sequence: int = await queries.message_sequence_at(connection, channel_id=channel_id, ts_us=ts_us)
    return sequence


async def message_ts_at(connection: Connection, *, channel_id: UUID, sequence: int) -> int:
    """Return the time in µs of a channel's last message before a sequence or at it; 0 if there is none."""
    ts_us: int = await queries.message_ts_at(connection, channel_id=channel_id, sequence=sequence)
    return ts_us


async def message_update_deleted(
    connection: Connection, *, channel_id: UUID, sequence: int, thread_sequence: int | None, deleted_at: datetime
) -> Message:
    """Blank a message, and take it out of the count of its thread."""
    record = await queries.message_update_deleted(
        connection,
        channel_id=channel_id,
        sequence=sequence,
        thread_sequence=thread_sequence,
        deleted_at=deleted_at,
    )
    return _message(record)


async def message_update_text(
    connection: Connection,
    *,
    channel_id: UUID,
    sequence: int,
    text: str,
    blocks: list[Block] | None,
    edited_at: datetime,
) -> Message:
    """Write a new text of a message."""
    record = await queries.message_update_text(
        connection,
        channel_id=channel_id,
        sequence=sequence,
        text=text,
        blocks=_encode(blocks),
        edited_at=edited_at,
    )
    return _message(record)


async def pin_delete(connection: Connection, *, channel_id: UUID, sequence: int) -> bool:
    """Delete a pin; return whether there was one."""
    return await queries.pin_delete(connection, channel_id=channel_id, sequence=sequence) is not None


async def pin_insert(connection: Connection, *, channel_id: UUID, sequence: int, member_id: UUID, at: datetime) -> bool:
    """Insert a pin; return whether it is new."""
    record = await queries.pin_insert(connection, channel_id=channel_id, sequence=sequence, member_id=member_id, at=at)
    return record is not None


async def pin_list(connection: Connection, *, channel_id: UUID, limit: int) -> list[Pin]:
    """Read the pins of a channel, latest first."""
    records = queries.pin_list(connection, channel_id=channel_id, limit=limit)
    return [Pin(**record) async for record in records]


async def pin_list_sequences(connection: Connection, *, channel_id: UUID, sequences: Collection[int]) -> frozenset[int]:
    """Read which of several messages of a channel are pinned."""
    records = queries.pin_list_sequences(connection, channel_id=channel_id, sequences=list(sequences))
    return frozenset([record["sequence"] async for record in records])


async def reaction_count_emoji(connection: Connection, *, channel_id: UUID, sequence: int) -> int:
    """Count the different emoji on a message."""
    count: int = await queries.reaction_count_emoji(connection, channel_id=channel_id, sequence=sequence)
    return count


async def reaction_delete(
    connection: Connection, *, channel_id: UUID, sequence: int, emoji: str, member_id: UUID
) -> bool:
    """Delete a reaction; return whether there was one."""
    record = await queries.reaction_delete(
        connection, channel_id=channel_id, sequence=sequence, emoji=emoji, member_id=member_id
    )
    return record is not None


async def reaction_insert(
    connection: Connection, *, channel_id: UUID, sequence: int, emoji: str, member_id: UUID, at: datetime
) -> bool:
    """Insert a reaction; return whether it is new."""
    record = await queries.reaction_insert(
        connection, channel_id=channel_id, sequence=sequence, emoji=emoji, member_id=member_id, at=at
    )
    return record is not None


async def reaction_list(
    connection: Connection, *, channel_id: UUID, sequences: Collection[int]
) -> dict[int, list[Reaction]]:
    """Read the reactions of several messages of a channel, by the sequence of the message."""
    found: dict[int, list[Reaction]] = {}
    records = queries.reaction_list(connection, channel_id=channel_id, sequences=list(sequences))
    async for record in records:
        found.setdefault(record["sequence"], []).append(Reaction(**record))
    return found


async def reaction_list_of_member(
    connection: Connection, *, member_id: UUID, viewer_id: UUID, before: Reacted | None, limit: int
) -> list[Reacted]:
    """Read a page of the messages to which a member has added an emoji, the latest first.

    Args:
        connection: any connection.
        member_id: who has added them.
        viewer_id: only in channels that this member can see.
        before: the last one of the page before.
        limit: how many.
    """
    records = queries.reaction_list_of_member(
        connection,
        member_id=member_id,
        viewer_id=viewer_id,
        before=None if before is None else before.at,
        before_channel_id=None if before is None else before.channel_id,
        before_sequence=None if before is None else before.sequence,
        limit=limit,
    )
    return [Reacted(**record) async for record in records]


async def sent_find(connection: Connection, *, member_id: UUID, client_msg_id: str) -> tuple[UUID, int] | None:
    """Read which message an id of a client became: its channel and its sequence; None if it is new."""
    record = await queries.sent_find(connection, member_id=member_id, client_msg_id=client_msg_id)
    return None if record is None else (record["channel_id"], record["sequence"])


def _encode(blocks: list[Block] | None) -> str | None:
    return None if blocks is None else msgspec.json.encode(blocks).decode()


def _message_or_none(record: Any) -> Message | None:
    return None if record is None else _message(record)


def _message(record: Any) -> Message:
    columns = dict(record)
    # These two are for searching only.
    del columns["organisation_id"], columns["ordinal"]
    blocks = columns["blocks"]
    return Message(**{**columns, "blocks": None if blocks is None else _blocks.decode(blocks)})
