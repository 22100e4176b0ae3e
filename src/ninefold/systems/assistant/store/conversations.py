"""Queries for conversations and their messages."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.model import Asker, Conversation, Message
from ninefold.systems.assistant.store.queries import queries


async def conversation_delete(connection: Connection, *, asker: Asker, conversation_id: UUID) -> bool:
    """Mark a conversation as deleted; return False when the owner has none with this id."""
    deleted = await queries.conversation_delete(connection, **_readable(asker), conversation_id=conversation_id)
    return deleted is not None


async def conversation_delete_unused(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete conversations that were marked as deleted before a time, with all they have; return how many."""
    count: int = await queries.conversation_delete_unused(connection, before=before, limit=limit)
    return count


async def conversation_find(connection: Connection, *, asker: Asker, conversation_id: UUID) -> Conversation | None:
    """Read one conversation of an owner."""
    record = await queries.conversation_find(connection, **_readable(asker), conversation_id=conversation_id)
    return None if record is None else _conversation(record)


async def conversation_insert(
    connection: Connection, *, asker: Asker, conversation_id: UUID, title: str
) -> Conversation:
    """Insert a conversation without messages."""
    record = await queries.conversation_insert(
        connection, **_owned(asker), conversation_id=conversation_id, title=title
    )
    return _conversation(record)


async def conversation_list(
    connection: Connection,
    *,
    asker: Asker,
    pattern: str | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Conversation]:
    """Read a page of an owner's conversations, latest first.

    Args:
        connection: any connection.
        asker: the owner.
        pattern: what the title or a message must be like, as `ILIKE` has it; None for any.
        before: the time and the id of the last item on the page before.
        limit: how many at most.
    """
    updated_at, conversation_id = before or (None, None)
    records = queries.conversation_list(
        connection,
        **_owned(asker),
        pattern=pattern,
        before_updated_at=updated_at,
        before_conversation_id=conversation_id,
        limit=limit,
    )
    return [_conversation(record) async for record in records]


async def conversation_lock(connection: Connection, *, asker: Asker, conversation_id: UUID) -> Conversation | None:
    """Read one conversation of an owner, and keep others from changing it until the transaction ends."""
    record = await queries.conversation_lock(connection, **_readable(asker), conversation_id=conversation_id)
    return None if record is None else _conversation(record)


async def conversation_touch(connection: Connection, *, conversation_id: UUID) -> None:
    """Make a conversation the latest one of its owner."""
    await queries.conversation_touch(connection, conversation_id=conversation_id)


async def conversation_update(
    connection: Connection, *, conversation_id: UUID, title: str, current_message_id: UUID | None
) -> Conversation:
    """Change the title of a conversation and which branch it shows."""
    record = await queries.conversation_update(
        connection, conversation_id=conversation_id, title=title, current_message_id=current_message_id
    )
    return _conversation(record)


async def message_count(connection: Connection, *, conversation_id: UUID) -> int:
    """Count the messages of a conversation."""
    count: int = await queries.message_count(connection, conversation_id=conversation_id)
    return count


async def message_find(connection: Connection, *, conversation_id: UUID, message_id: UUID) -> Message | None:
    """Read one message of a conversation."""
    record = await queries.message_find(connection, conversation_id=conversation_id, message_id=message_id)
    return None if record is None else _message(record)


async def message_find_leaf(connection: Connection, *, message_id: UUID, depth_max: int) -> UUID:
    """Return the last message of the newest branch below a message."""
    leaf: UUID = await queries.message_find_leaf(connection, message_id=message_id, depth_max=depth_max)
    return leaf


async def message_insert(
    connection: Connection,
    *,
    message_id: UUID,
    conversation_id: UUID,
    parent_id: UUID | None,
    role: Literal["user", "assistant"],
    text: str = "",
    response_id: UUID | None = None,
) -> Message:
    """Insert a message; an answer has a response, and its text comes later."""
    record = await queries.message_insert(
        connection,
        message_id=message_id,
        conversation_id=conversation_id,
        parent_id=parent_id,
        role=role,
        text=text,
        response_id=response_id,
    )
    return _message(record)


async def message_list(connection: Connection, *, conversation_id: UUID, limit: int) -> list[Message]:
    """Read all messages of a conversation, oldest first."""
    records = queries.message_list(connection, conversation_id=conversation_id, limit=limit)
    return [_message(record) async for record in records]


async def message_list_path(connection: Connection, *, message_id: UUID, limit: int) -> list[Message]:
    """Read a message and those before it, newest first."""
    records = queries.message_list_path(connection, message_id=message_id, limit=limit)
    return [_message(record) async for record in records]


async def message_update_text(connection: Connection, *, response_id: UUID, text: str) -> None:
    """Record the text of an answer that has ended."""
    await queries.message_update_text(connection, response_id=response_id, text=text)


def _readable(asker: Asker) -> dict[str, Any]:
    return {"organisation_id": asker.organisation_id, "owner_ids": asker.owner_ids}


def _owned(asker: Asker) -> dict[str, Any]:
    return {"organisation_id": asker.organisation_id, "owner_id": asker.owner_id}


def _conversation(record: asyncpg.Record) -> Conversation:
    return Conversation(
        conversation_id=record["conversation_id"],
        organisation_id=record["organisation_id"],
        owner_id=record["owner_id"],
        title=record["title"],
        current_message_id=record["current_message_id"],
        created_at=record["created_at"],
        updated_at=record["updated_at"],
    )


def _message(record: asyncpg.Record) -> Message:
    return Message(
        message_id=record["message_id"],
        conversation_id=record["conversation_id"],
        parent_id=record["parent_id"],
        role=record["role"],
        text=record["text"],
        response_id=record["response_id"],
        created_at=record["created_at"],
    )
