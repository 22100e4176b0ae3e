"""The names of the assistant's live channels, and what is announced in them."""

from collections.abc import Collection, Sequence
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.live.watched_log import append_watched, list_watched
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.assistant.model import (
    CONVERSATION_PREFIX,
    LOG_CHANNEL,
    MESSAGE_PREFIX,
    OWNER_PREFIX,
    QUEUED_CHANNEL,
    RESPONSE_PREFIX,
    STOPPED_CHANNEL,
)
from ninefold.systems.assistant.service.log_messages import Grown, grown_message

RESPONSE_PATTERN: Final = "assistant.response:{response_id}"
CONVERSATION_PATTERN: Final = "assistant.conversation:{conversation_id}"
OWNER_PATTERN: Final = "assistant.conversations:{owner_id}"

Change: TypeAlias = Literal["created", "updated", "deleted", "message_added", "response_ended"]


class _Changed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in the channels of conversations."""

    change: Change
    conversation_id: str
    message_id: str | None
    response_id: str | None


def response_channel(response_id: UUID) -> str:
    """Return the channel of a response's log."""
    return f"assistant.response:{format_id(RESPONSE_PREFIX, response_id)}"


def conversation_channel(conversation_id: UUID) -> str:
    """Return the channel of a conversation's changes."""
    return f"assistant.conversation:{format_id(CONVERSATION_PREFIX, conversation_id)}"


def owner_channel(owner_id: UUID) -> str:
    """Return the channel of the changes of all conversations of an account or an organisation."""
    return f"assistant.conversations:{format_id(OWNER_PREFIX, owner_id)}"


async def announce(
    connection: Connection,
    change: Change,
    *,
    owner_id: UUID,
    conversation_id: UUID,
    message_id: UUID | None = None,
    response_id: UUID | None = None,
) -> None:
    """Append a change of a conversation to its channel and its owner's, for those who watch.

    Call it in the transaction of the change, and `notify_conversation` after the commit.
    """
    entry = msgspec.json.encode(
        _Changed(
            change=change,
            conversation_id=format_id(CONVERSATION_PREFIX, conversation_id),
            message_id=None if message_id is None else format_id(MESSAGE_PREFIX, message_id),
            response_id=None if response_id is None else format_id(RESPONSE_PREFIX, response_id),
        )
    )
    channels = [conversation_channel(conversation_id), owner_channel(owner_id)]
    # Who begins to watch waits for this transaction.
    await list_watched(connection, prefix=channels[0])
    await append_watched(connection, [(channel, entry) for channel in channels])


def notify_conversation(notifier: Notifier, *, owner_id: UUID, conversation_id: UUID) -> None:
    """Wake those who watch a conversation; call it after the commit."""
    notifier.notify(LIVE_CHANNEL, conversation_channel(conversation_id), owner_channel(owner_id))


def notify_logs(notifier: Notifier, response_ids: Collection[UUID]) -> None:
    """Wake those who follow the logs of responses, who then read them; call it after the commit."""
    notify_grown(notifier, [Grown(response_id) for response_id in response_ids])


def notify_grown(notifier: Notifier, grown: Sequence[Grown]) -> None:
    """Give those who follow the logs of responses the new events; call it after the commit."""
    if grown:
        notifier.notify(LOG_CHANNEL, *[grown_message(each) for each in grown])
        notifier.notify(LIVE_CHANNEL, *[response_channel(each.response_id) for each in grown])


def notify_queued(notifier: Notifier, response_id: UUID) -> None:
    """Wake the workers for a new response, and those who follow it; call it after the commit."""
    notifier.notify(QUEUED_CHANNEL)
    notify_logs(notifier, [response_id])


def notify_stopped(notifier: Notifier, response_ids: Collection[UUID]) -> None:
    """Make workers stop generating responses that have ended; call it after the commit."""
    if response_ids:
        # An id from a path is written with its prefix by `str`, and workers expect plain UUIDs.
        notifier.notify(STOPPED_CHANNEL, *[response_id.hex for response_id in response_ids])
        notify_logs(notifier, response_ids)
