"""What programs say without a token: at incoming webhooks, at response URLs, and as answers to commands."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import InvalidAttachmentsError, InvalidMessageError
from ninefold.systems.messaging.model import Block, Channel
from ninefold.systems.messaging.rules.attachments import blocks_of, fallback_of, read_attachments
from ninefold.systems.messaging.rules.timestamps import parse_ts
from ninefold.systems.messaging.service.block_kit import complete_blocks
from ninefold.systems.messaging.service.reading import get_message_by_ts
from ninefold.systems.messaging.service.sending import check_content, message_not_found

_NUL: Final = b"\\u0000"


class OutsideMessage(msgspec.Struct, frozen=True, kw_only=True):
    """What is said."""

    text: str
    blocks: list[Block] | None
    """With those that its attachments became."""
    thread_ts: str | None
    """The message that it replies to."""


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    text: str | None = None
    blocks: list[Any] | None = None
    attachments: list[Any] | None = None
    thread_ts: str | None = None


def read_outside_message(fields: Mapping[str, Any]) -> OutsideMessage:
    """Return what the fields of a JSON object say; other fields have no effect.

    Raises:
        MessageEmptyError: they say nothing.
        MessageTooLongError: the text is too long.
        InvalidBlocksError: a block isn't as Block Kit says.
        InvalidAttachmentsError: an attachment isn't valid.
        InvalidMessageError: a field is of another type, or has a NUL character.
    """
    try:
        given = msgspec.convert(fields, _Given)
    except msgspec.ValidationError as error:
        raise InvalidMessageError(f"{error}.") from error
    text, blocks = _with_attachments(given)
    if _NUL in msgspec.json.encode((text, blocks)):
        raise InvalidMessageError("The message contains a NUL character (\\u0000).", remedy="Remove it.")
    completed = complete_blocks(blocks)
    check_content(text, completed)
    return OutsideMessage(text=text, blocks=completed, thread_ts=given.thread_ts or None)


async def find_thread(connection: Connection, channel: Channel, message: OutsideMessage) -> int | None:
    """Return the sequence of the message that a message replies to; None if it is no reply.

    Raises:
        MessageNotFoundError: there is no such message in the channel.
    """
    if message.thread_ts is None:
        return None
    ts_us = parse_ts(message.thread_ts)
    if ts_us is None:
        raise message_not_found()
    return (await get_message_by_ts(connection, channel, ts_us)).sequence


def _with_attachments(given: _Given) -> tuple[str, list[Any] | None]:
    """Return the text and the blocks of a message, with what its attachments say."""
    text = given.text or ""
    if not given.attachments:
        return text, given.blocks
    try:
        attachments = read_attachments(given.attachments)
    except ValueError as error:
        raise InvalidAttachmentsError(f"attachments: {error}", field="attachments") from error
    shown = blocks_of(attachments, text="" if given.blocks else text)
    return text or fallback_of(attachments), [*(given.blocks or ()), *shown]
