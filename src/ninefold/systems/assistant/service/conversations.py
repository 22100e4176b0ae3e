"""Create, list, show, change and delete conversations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.errors import ConversationNotFoundError, MessageNotFoundError
from ninefold.systems.assistant.model import (
    CONVERSATION_PREFIX,
    MESSAGE_PREFIX,
    Asker,
    Conversation,
    Message,
    Response,
)
from ninefold.systems.assistant.rules.events import Transcript
from ninefold.systems.assistant.rules.titles import like_pattern
from ninefold.systems.assistant.service.channels import announce
from ninefold.systems.assistant.service.responses import stop_response
from ninefold.systems.assistant.store import conversations as store
from ninefold.systems.assistant.store.events import event_list_all
from ninefold.systems.assistant.store.responses import response_list_of_conversation, response_lock

MESSAGES_MAX: Final = 2_000
"""Of one conversation, in all its branches."""


class ShownConversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with all its messages."""

    conversation: Conversation
    messages: Sequence[Message]
    """Oldest first."""
    responses: Mapping[UUID, Response]
    """The responses that answers come from."""
    texts: Mapping[UUID, str]
    """What responses that haven't ended have so far."""


async def create_conversation(connection: Connection, *, asker: Asker, title: str = "") -> Conversation:
    """Create a conversation without messages. Without a title, its first message will give it one."""
    conversation = await store.conversation_insert(connection, asker=asker, conversation_id=new_id(), title=title)
    await announce(connection, "created", owner_id=conversation.owner_id, conversation_id=conversation.conversation_id)
    return conversation


async def list_conversations(
    connection: Connection, *, asker: Asker, search: str | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Conversation]:
    """Return the asker's own conversations, latest first.

    Args:
        connection: any connection.
        asker: whose conversations; those of an API key are those of its organisation.
        search: only those with this text in the title or in a message.
        before: the time and the id of the last item on the page before.
        limit: how many at most.
    """
    pattern = None if search is None else like_pattern(search)
    return await store.conversation_list(connection, asker=asker, pattern=pattern, before=before, limit=limit)


async def find_conversation(connection: Connection, *, asker: Asker, conversation_id: UUID) -> Conversation:
    """Return one conversation.

    Raises:
        ConversationNotFoundError: the asker has no conversation with this id.
    """
    conversation = await store.conversation_find(connection, asker=asker, conversation_id=conversation_id)
    if conversation is None:
        raise _not_found(conversation_id)
    return conversation


async def show_conversation(connection: Connection, *, asker: Asker, conversation_id: UUID) -> ShownConversation:
    """Return a conversation with all its messages; call it in a snapshot.

    Raises:
        ConversationNotFoundError: the asker has no conversation with this id.
    """
    conversation = await find_conversation(connection, asker=asker, conversation_id=conversation_id)
    messages = await store.message_list(connection, conversation_id=conversation_id, limit=MESSAGES_MAX)
    responses = await response_list_of_conversation(connection, conversation_id=conversation_id)
    logs = await event_list_all(
        connection, response_ids=[each.response_id for each in responses if not each.status.is_final]
    )
    return ShownConversation(
        conversation=conversation,
        messages=messages,
        responses={each.response_id: each for each in responses},
        texts={response_id: Transcript(events).text for response_id, events in logs.items()},
    )


async def update_conversation(
    connection: Connection,
    *,
    asker: Asker,
    conversation_id: UUID,
    title: str | None = None,
    message_id: UUID | None = None,
) -> Conversation:
    """Rename a conversation, or choose the branch that it shows.

    Args:
        connection: in a transaction.
        asker: whose conversation it is.
        conversation_id: the conversation.
        title: the new title; None leaves it.
        message_id: a message of the branch to show, which is followed to its newest end; None leaves it.

    Raises:
        ConversationNotFoundError: the asker has no conversation with this id.
        MessageNotFoundError: the conversation has no message with this id.
    """
    conversation = await _lock(connection, asker=asker, conversation_id=conversation_id)
    current_message_id = conversation.current_message_id
    if message_id is not None:
        await find_message(connection, conversation_id=conversation_id, message_id=message_id)
        current_message_id = await store.message_find_leaf(connection, message_id=message_id, depth_max=MESSAGES_MAX)
    updated = await store.conversation_update(
        connection,
        conversation_id=conversation_id,
        title=conversation.title if title is None else title,
        current_message_id=current_message_id,
    )
    await announce(
        connection,
        "updated",
        owner_id=updated.owner_id,
        conversation_id=conversation_id,
        message_id=current_message_id,
    )
    return updated


async def delete_conversation(
    connection: Connection, *, asker: Asker, conversation_id: UUID
) -> tuple[Conversation, list[UUID]]:
    """Delete a conversation, and cancel its responses; its content is erased within two hours.

    Returns:
        The conversation, and the responses for `notify_stopped`.

    Raises:
        ConversationNotFoundError: the asker has no conversation with this id.
    """
    conversation = await find_conversation(connection, asker=asker, conversation_id=conversation_id)
    stopped = []
    for response in await response_list_of_conversation(connection, conversation_id=conversation_id):
        if not response.status.is_final:
            locked = await response_lock(connection, asker=asker, response_id=response.response_id)
            if locked is not None and not locked.status.is_final:
                await stop_response(connection, locked)
                stopped.append(response.response_id)
    if not await store.conversation_delete(connection, asker=asker, conversation_id=conversation_id):
        raise _not_found(conversation_id)
    await announce(connection, "deleted", owner_id=conversation.owner_id, conversation_id=conversation_id)
    return conversation, stopped


async def find_message(connection: Connection, *, conversation_id: UUID, message_id: UUID) -> Message:
    """Return one message of a conversation.

    Raises:
        MessageNotFoundError: the conversation has no message with this id.
    """
    message = await store.message_find(connection, conversation_id=conversation_id, message_id=message_id)
    if message is None:
        raise MessageNotFoundError(
            f"The conversation has no message {format_id(MESSAGE_PREFIX, message_id)}.",
            remedy="Show the conversation to see the ids of its messages.",
        )
    return message


async def _lock(connection: Connection, *, asker: Asker, conversation_id: UUID) -> Conversation:
    conversation = await store.conversation_lock(connection, asker=asker, conversation_id=conversation_id)
    if conversation is None:
        raise _not_found(conversation_id)
    return conversation


def _not_found(conversation_id: UUID) -> ConversationNotFoundError:
    return ConversationNotFoundError(
        f"There is no conversation {format_id(CONVERSATION_PREFIX, conversation_id)}.",
        remedy="List your conversations to see their ids; those of other accounts can't be read.",
    )
