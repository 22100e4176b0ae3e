"""Queries for messages, mentions, reactions and pins."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Block, Message, Pin, Reaction
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


async def message_insert(connection: Connection, message: Message) -> None:
    """Insert a message, and count it in its thread."""
    await queries.message_insert(
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
    )


async def message_list_after(connection: Connection, *, channel_id: UUID, after: int, limit: int) -> list[Message]:
    """Read the first messages of a channel after a sequence, oldest first."""
    records = queries.message_list_after(connection, channel_id=channel_id, after=after, limit=limit)
    return [_message(record) async for record in records]


async def message_list_before(connection: Connection, *, channel_id: UUID, before: int, limit: int) -> list[Message]:
    """Read the last messages of a channel before a sequence, latest first."""
    records = queries.message_list_before(connection, channel_id=channel_id, before=before, limit=limit)
    return [_message(record) async for record in records]


async def message_list_replies(
    connection: Connection, *, channel_id: UUID, thread_sequence: int, after: int, limit: int
) -> list[Message]:
    """Read the first replies of a thread after a sequence, oldest first."""
    records = queries.message_list_replies(
        connection, channel_id=channel_id, thread_sequence=thread_sequence, after=after, limit=limit
    )
    return [_message(record) async for record in records]


async def message_search(
    connection: Connection,
    *,
    organisation_id: UUID,
    member_id: UUID | None,
    words: str,
    author_ids: Collection[UUID] | None,
    channel_ids: Collection[UUID] | None,
    has_file: bool,
    has_link: bool,
    has_pin: bool,
    is_in_thread: bool,
    not_before: int,
    before: int,
    limit: int,
) -> list[Message]:
    """Find messages that a member can see, latest first; None sees all of an organisation. Times are in µs."""
    records = queries.message_search(
        connection,
        organisation_id=organisation_id,
        member_id=member_id,
        words=words,
        author_ids=None if author_ids is None else list(author_ids),
        channel_ids=None if channel_ids is None else list(channel_ids),
        has_file=has_file,
        has_link=has_link,
        has_pin=has_pin,
        is_in_thread=is_in_thread,
        not_before=not_before,
        before=before,
        limit=limit,
    )
    return [_message(record) async for record in records]


async def message_sequence_at(connection: Connection, *, channel_id: UUID, ts_us: int) -> int:
    """Return the sequence of a channel's last message before a time or at it, which is in µs; 0 if there is none."""
    sequence: int = await queries.message_sequence_at(connection, channel_id=channel_id, ts_us=ts_us)
    return sequence


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


async def sent_find(connection: Connection, *, member_id: UUID, client_msg_id: str) -> tuple[UUID, int] | None:
    """Read which message an id of a client became: its channel and its sequence; None if it is new."""
    record = await queries.sent_find(connection, member_id=member_id, client_msg_id=client_msg_id)
    return None if record is None else (record["channel_id"], record["sequence"])


async def sent_insert(
    connection: Connection, *, member_id: UUID, client_msg_id: str, channel_id: UUID, sequence: int
) -> bool:
    """Keep which message an id of a client becomes; return whether it is new."""
    record = await queries.sent_insert(
        connection, member_id=member_id, client_msg_id=client_msg_id, channel_id=channel_id, sequence=sequence
    )
    return record is not None


def _encode(blocks: list[Block] | None) -> str | None:
    return None if blocks is None else msgspec.json.encode(blocks).decode()


def _message_or_none(record: Any) -> Message | None:
    return None if record is None else _message(record)


def _message(record: Any) -> Message:
    blocks = record["blocks"]
    return Message(**{**record, "blocks": None if blocks is None else _blocks.decode(blocks)})
