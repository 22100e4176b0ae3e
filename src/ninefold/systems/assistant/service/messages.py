"""Send messages in conversations, edit them, and have answers generated again. Each is a branch of the tree."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.assistant.errors import (
    ConversationNotFoundError,
    InvalidMessageError,
    ResponseInProgressError,
)
from ninefold.systems.assistant.model import (
    CONVERSATION_PREFIX,
    RESPONSE_PREFIX,
    Asker,
    Conversation,
    Message,
    NewResponse,
    Parameters,
    PromptMessage,
    Response,
)
from ninefold.systems.assistant.rules.titles import title_of
from ninefold.systems.assistant.service.channels import announce
from ninefold.systems.assistant.service.conversations import MESSAGES_MAX, find_conversation, find_message
from ninefold.systems.assistant.service.responses import Place, create_response, get_response
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store import conversations as store

MESSAGE_LENGTH_MAX: Final = 100_000
"""Characters."""


class AnswerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How an answer is to be generated."""

    model: str | None = None
    parameters: Parameters = Parameters()


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that isn't in the conversation yet."""

    parent_id: UUID | None
    text: str


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was sent, and its answer, which a worker generates."""

    conversation: Conversation
    message: Message
    answer: Message
    response: Response


async def send_message(
    connection: Connection,
    *,
    asker: Asker,
    conversation_id: UUID,
    text: str,
    parent_id: UUID | msgspec.UnsetType | None = msgspec.UNSET,
    options: AnswerOptions,
    settings: AssistantSettings,
) -> Sent:
    """Send a message, and create the response to it. After the commit, notify of the response and the conversation.

    Args:
        connection: in a transaction.
        asker: whose conversation it is.
        conversation_id: the conversation.
        text: the message.
        parent_id: the message that it follows; UNSET for the last one of the branch that is shown; None if it is to be
            a first message.
        options: how to answer.
        settings: the limits.

    Raises:
        ConversationNotFoundError, MessageNotFoundError: there is no such conversation, or no such parent in it.
        InvalidMessageError: the message is empty or too long, or follows one of the same person.
        ResponseInProgressError: the answer that it follows hasn't ended yet.
        TokenLimitError, TokenLimitTooLowError, TooManyResponsesError: a limit is reached.
    """
    if not text.strip():
        raise InvalidMessageError("The message is empty.", field="text", remedy="Write something.")
    conversation = await find_conversation(connection, asker=asker, conversation_id=conversation_id)
    parent = conversation.current_message_id if isinstance(parent_id, msgspec.UnsetType) else parent_id
    if parent is not None:
        await _check_parent(connection, asker=asker, conversation_id=conversation_id, parent_id=parent)
    message = NewMessage(parent_id=parent, text=text)
    return await _add(
        connection, asker=asker, conversation=conversation, message=message, options=options, settings=settings
    )


async def edit_message(
    connection: Connection,
    *,
    asker: Asker,
    conversation_id: UUID,
    message_id: UUID,
    text: str,
    options: AnswerOptions,
    settings: AssistantSettings,
) -> Sent:
    """Send another text instead of a message: a new branch from the same place. The old one stays.

    Raises:
        InvalidMessageError: the message is an answer.
        As `send_message`.
    """
    await find_conversation(connection, asker=asker, conversation_id=conversation_id)
    message = await find_message(connection, conversation_id=conversation_id, message_id=message_id)
    if message.role != "user":
        raise InvalidMessageError(
            "An answer can't be edited.", field="message_id", remedy="Have it generated again, or edit the question."
        )
    return await send_message(
        connection,
        asker=asker,
        conversation_id=conversation_id,
        text=text,
        parent_id=message.parent_id,
        options=options,
        settings=settings,
    )


async def regenerate_answer(
    connection: Connection,
    *,
    asker: Asker,
    conversation_id: UUID,
    message_id: UUID,
    options: AnswerOptions,
    settings: AssistantSettings,
) -> Sent:
    """Have a message answered once more: a new branch. The old answer stays.

    Args:
        connection: in a transaction.
        asker: whose conversation it is.
        conversation_id: the conversation.
        message_id: the answer, or the message that it answers.
        options: how to answer.
        settings: the limits.

    Raises:
        As `send_message`.
    """
    conversation = await find_conversation(connection, asker=asker, conversation_id=conversation_id)
    message = await find_message(connection, conversation_id=conversation_id, message_id=message_id)
    if message.role == "assistant" and message.parent_id is not None:
        message = await find_message(connection, conversation_id=conversation_id, message_id=message.parent_id)
    return await _add(
        connection, asker=asker, conversation=conversation, message=message, options=options, settings=settings
    )


async def _add(
    connection: Connection,
    *,
    asker: Asker,
    conversation: Conversation,
    message: "Message | NewMessage",
    options: AnswerOptions,
    settings: AssistantSettings,
) -> Sent:
    """Add the answer to a message, and the message itself if it is new."""
    conversation_id = conversation.conversation_id
    answer_id = new_id()
    # The tokens are reserved before anything of the conversation is locked: everything locks in this order.
    response = await create_response(
        connection,
        asker=asker,
        new=NewResponse(
            messages=[PromptMessage(role="user", text=message.text)], model=options.model, parameters=options.parameters
        ),
        settings=settings,
        place=Place(conversation_id=conversation_id, message_id=answer_id),
    )
    locked = await store.conversation_lock(connection, asker=asker, conversation_id=conversation_id)
    if locked is None:
        raise ConversationNotFoundError(
            f"{format_id(CONVERSATION_PREFIX, conversation_id)} was deleted.", remedy="Begin another conversation."
        )
    await _check_room(connection, conversation_id)
    asked = await _insert(connection, conversation_id, message) if isinstance(message, NewMessage) else message
    answer = await store.message_insert(
        connection,
        message_id=answer_id,
        conversation_id=conversation_id,
        parent_id=asked.message_id,
        role="assistant",
        response_id=response.response_id,
    )
    updated = await store.conversation_update(
        connection,
        conversation_id=conversation_id,
        title=locked.title or title_of(message.text),
        current_message_id=answer_id,
    )
    await announce(
        connection,
        "message_added",
        owner_id=updated.owner_id,
        conversation_id=conversation_id,
        message_id=answer_id,
        response_id=response.response_id,
    )
    return Sent(conversation=updated, message=asked, answer=answer, response=response)


async def _insert(connection: Connection, conversation_id: UUID, message: NewMessage) -> Message:
    return await store.message_insert(
        connection,
        message_id=new_id(),
        conversation_id=conversation_id,
        parent_id=message.parent_id,
        role="user",
        text=message.text,
    )


async def _check_parent(connection: Connection, *, asker: Asker, conversation_id: UUID, parent_id: UUID) -> None:
    parent = await find_message(connection, conversation_id=conversation_id, message_id=parent_id)
    if parent.response_id is None:
        raise InvalidMessageError(
            "A message must follow an answer.", field="parent_id", remedy="Edit the earlier message instead."
        )
    response = await get_response(connection, asker=asker, response_id=parent.response_id)
    if not response.status.is_final:
        raise ResponseInProgressError(
            f"The answer {format_id(RESPONSE_PREFIX, response.response_id)} hasn't ended yet.",
            remedy="Wait until it has ended, or cancel it.",
        )


async def _check_room(connection: Connection, conversation_id: UUID) -> None:
    if await store.message_count(connection, conversation_id=conversation_id) >= MESSAGES_MAX - 1:
        raise InvalidMessageError(
            f"The conversation has {MESSAGES_MAX:,} messages, which is the limit.",
            remedy="Begin another conversation.",
        )
