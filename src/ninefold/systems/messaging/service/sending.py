"""Messages: posting, editing and deleting them.

Each is one transaction, which locks the channel. The same `client_msg_id` of a member is the same message for all time.
"""

import time
from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import (
    EditConflictError,
    InvalidMessageError,
    MessageEmptyError,
    MessageNotFoundError,
    MessageTooLongError,
    NotYourMessageError,
)
from ninefold.systems.messaging.model import (
    FILE_PREFIX,
    MEMBER_PREFIX,
    Block,
    Channel,
    Member,
    Message,
    NewMessage,
    Posted,
)
from ninefold.systems.messaging.rules.limits import ACTIVE_FOR, CLIENT_MSG_ID_LENGTH_MAX, TEXT_LENGTH_MAX
from ninefold.systems.messaging.rules.mentions import (
    audience_of,
    everything_said,
    find_names,
    link_names,
    mentioned_ids,
)
from ninefold.systems.messaging.rules.timestamps import format_ts, next_ts_us
from ninefold.systems.messaging.service.block_kit import complete_blocks
from ninefold.systems.messaging.service.files.sharing import check_files, require_shareable, share_files, unshare_files
from ninefold.systems.messaging.service.joining import get_membership
from ninefold.systems.messaging.service.logs import ChannelChange, changing
from ninefold.systems.messaging.service.metrics import count_post
from ninefold.systems.messaging.service.sent import find_sent
from ninefold.systems.messaging.store import messages as store
from ninefold.systems.messaging.store.channels import event_update_blank, membership_list_ids
from ninefold.systems.messaging.store.members import member_list_by_names, member_list_by_slack_ids


class _SentElsewhereError(Exception):
    """Another transaction has committed the same `client_msg_id` first."""


async def post_message(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, message: NewMessage
) -> Posted:
    """Post a message, or return what the same send became before.

    Args:
        database: where it is committed.
        notifier: wakes those who read.
        channel: where it is posted; the member can see it, or could when it sent the same message.
        member: who writes.
        message: what.

    Raises:
        InvalidMessageError: it is empty or too long, or a broadcast that replies to nothing.
        InvalidBlocksError: a block isn't as Block Kit says.
        SharedFileNotFoundError: there is no such file, or the member can't read it.
        ClientMessageIdUsedError: its `client_msg_id` was used in another channel.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
        MessageNotFoundError: there is no message that it could reply to.
    """
    message = msgspec.structs.replace(message, blocks=complete_blocks(message.blocks))
    check_content(message.text, message.blocks, has_files=bool(message.file_ids))
    _check_send(message)
    began_at = time.monotonic()
    posted = await _post_once(database, notifier, channel=channel, member=member, message=message)
    count_post(is_new=posted.is_new, took=timedelta(seconds=time.monotonic() - began_at))
    return posted


async def edit_message(
    database: Database,
    notifier: Notifier,
    *,
    channel: Channel,
    member: Member,
    sequence: int,
    text: str,
    blocks: list[Block] | None = None,
    edit_version: int | None = None,
    has_names: bool = False,
) -> Message:
    """Replace the text and the blocks of a message of one's own.

    Args:
        database: where it is committed.
        notifier: wakes those who read.
        channel: the channel of the message.
        member: who edits.
        sequence: which message.
        text: the new text.
        blocks: the new blocks.
        edit_version: the version that the editor has seen; None replaces any.
        has_names: whether `@name` is a mention.

    Raises:
        InvalidMessageError: it is empty or too long.
        InvalidBlocksError: a block isn't as Block Kit says.
        MessageNotFoundError: there is no such message.
        NotYourMessageError: another member has written it.
        EditConflictError: somebody has edited it since that version.
        NotInChannelError: the member isn't in the channel.
        ChannelArchivedError: the channel is archived.
    """
    blocks = complete_blocks(blocks)
    async with changing(database, notifier, channel) as change:
        change.require_open()
        await get_membership(change.connection, channel, member.member_id)
        message = await get_message(change.connection, channel, sequence)
        check_content(text, blocks, has_files=bool(message.file_ids))
        if message.member_id != member.member_id:
            raise NotYourMessageError("Another member has written this message.", remedy="Edit only your own.")
        if edit_version not in (None, message.edit_version):
            raise EditConflictError(
                f"The message was edited since: it is at version {message.edit_version}.",
                field="edit_version",
                remedy="Read the message again, and edit its current text.",
            )
        stored = await _stored_text(change.connection, member, text) if has_names else text
        edited = await store.message_update_text(
            change.connection,
            channel_id=channel.channel_id,
            sequence=sequence,
            text=stored,
            blocks=blocks,
            edited_at=change.at,
        )
        await store.mention_delete(change.connection, channel_id=channel.channel_id, sequence=sequence)
        mentioned = await _find_mentioned(change, member, stored, blocks)
        await _mention(change, sequence, mentioned)
        payload = {
            "text": edited.text,
            "blocks": edited.blocks,
            "edit_version": edited.edit_version,
            "mentioned_ids": _texts(mentioned),
        }
        await change.append("message_edited", member_id=member.member_id, message_sequence=sequence, payload=payload)
        return edited


async def delete_message(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member | None, sequence: int
) -> Message:
    """Delete a message: what it has said is removed, also from the log, and cannot be read any more.

    Args:
        database: where it is committed.
        notifier: wakes those who read.
        channel: the channel of the message.
        member: who deletes a message of its own; None is a program of the organisation, which deletes any.
        sequence: which message.

    Raises:
        MessageNotFoundError: there is no such message.
        NotYourMessageError: another member has written it.
        NotInChannelError: the member was taken out of the channel, which isn't public.
        ChannelArchivedError: the channel is archived.
    """
    async with changing(database, notifier, channel) as change:
        change.require_open()
        if member is not None and channel.kind != "public":
            await get_membership(change.connection, channel, member.member_id)
        message = await get_message(change.connection, channel, sequence)
        if member is not None and message.member_id != member.member_id:
            raise NotYourMessageError("Another member has written this message.", remedy="Delete only your own.")
        deleted = await store.message_update_deleted(
            change.connection,
            channel_id=channel.channel_id,
            sequence=sequence,
            thread_sequence=message.thread_sequence,
            deleted_at=change.at,
        )
        await unshare_files(change, message)
        await store.mention_delete(change.connection, channel_id=channel.channel_id, sequence=sequence)
        await store.pin_delete(change.connection, channel_id=channel.channel_id, sequence=sequence)
        await event_update_blank(change.connection, channel_id=channel.channel_id, sequence=sequence)
        await change.append(
            "message_deleted",
            member_id=None if member is None else member.member_id,
            message_sequence=sequence,
            payload={"ts": format_ts(message.ts_us), "thread_sequence": message.thread_sequence},
        )
        return deleted


async def get_message(connection: Connection, channel: Channel, sequence: int) -> Message:
    """Return a message of a channel.

    Raises:
        MessageNotFoundError: there is no such message, or it was deleted.
    """
    message = await store.message_find(connection, channel_id=channel.channel_id, sequence=sequence)
    if message is None or message.deleted_at is not None:
        raise message_not_found()
    return message


def check_content(text: str, blocks: list[Block] | None, *, has_files: bool = False) -> None:
    """Check that a message says something, and not too much.

    Raises:
        MessageEmptyError: it has neither a text nor blocks nor files.
        MessageTooLongError: its text is too long.
    """
    if not text.strip() and not blocks and not has_files:
        raise MessageEmptyError("The message is empty.", field="text", remedy="Write something.")
    if len(text) > TEXT_LENGTH_MAX:
        raise MessageTooLongError(
            f"The text has {len(text):,} characters.", field="text", remedy=f"Use at most {TEXT_LENGTH_MAX:,}."
        )


def message_not_found() -> MessageNotFoundError:
    """Return the error for a message that isn't there."""
    return MessageNotFoundError(
        "There is no such message.", field="sequence", remedy="List the channel's messages to see their sequences."
    )


async def _post_once(
    database: Database, notifier: Notifier, *, channel: Channel, member: Member, message: NewMessage
) -> Posted:
    try:
        async with changing(database, notifier, channel) as change:
            known = await find_sent(change.connection, channel, member, message.client_msg_id)
            return known or await _post(change, member, message)
    except _SentElsewhereError:
        async with database.connection() as connection:
            known = await find_sent(connection, channel, member, message.client_msg_id)
        assert known is not None, "the other transaction has committed it"
        return known


async def _post(change: ChannelChange, member: Member, message: NewMessage) -> Posted:
    change.require_open()
    connection, channel = change.connection, change.channel
    if not message.is_from_outside:
        await get_membership(connection, channel, member.member_id)
    thread_sequence = await _find_thread(connection, channel, message.thread_sequence)
    await require_shareable(change, member, message.file_ids)
    text = await _stored_text(connection, member, message.text) if message.has_names else message.text
    mentioned = await _find_mentioned(change, member, text, message.blocks)
    new = Message(
        channel_id=channel.channel_id,
        sequence=channel.last_sequence + 1,
        ts_us=next_ts_us(change.at, last_ts_us=channel.last_ts_us),
        member_id=member.member_id,
        client_msg_id=message.client_msg_id,
        text=text,
        blocks=message.blocks,
        thread_sequence=thread_sequence,
        is_broadcast=message.is_broadcast,
        reply_count=0,
        latest_reply_sequence=None,
        edited_at=None,
        edit_version=0,
        deleted_at=None,
        subtype=message.subtype,
        app_id=member.app_id,
        file_ids=message.file_ids,
    )
    if not await change.post(new, _payload_of(new, mentioned)):
        raise _SentElsewhereError
    await share_files(change, new)
    await _mention(change, new.sequence, mentioned)
    await _tell(change, new, mentioned)
    return Posted(new, is_new=True)


async def _find_thread(connection: Connection, channel: Channel, sequence: int | None) -> int | None:
    """Return the message that begins a thread; a reply to a reply belongs to the same thread."""
    if sequence is None:
        return None
    root = await store.message_find(connection, channel_id=channel.channel_id, sequence=sequence)
    if root is None or (root.deleted_at is not None and root.reply_count == 0):
        raise MessageNotFoundError("There is no message to reply to.", field="thread_sequence")
    return root.sequence if root.thread_sequence is None else root.thread_sequence


async def _stored_text(connection: Connection, member: Member, text: str) -> str:
    names = find_names(text)
    if not names:
        return text
    found = await member_list_by_names(connection, organisation_id=member.organisation_id, names=names)
    return link_names(text, {each.name: each.slack_id for each in found})


async def _find_mentioned(change: ChannelChange, member: Member, text: str, blocks: list[Block] | None) -> list[UUID]:
    """Return whom a message mentions: only members of the channel, and not who writes."""
    everything = everything_said(text, blocks)
    slack_ids, audience = mentioned_ids(everything), audience_of(everything)
    if not slack_ids and audience is None:
        return []
    channel_id = change.channel.channel_id
    present = set(await membership_list_ids(change.connection, channel_id=channel_id))
    called: set[UUID] = set()
    if slack_ids:
        found = await member_list_by_slack_ids(
            change.connection, organisation_id=member.organisation_id, slack_ids=slack_ids
        )
        called = {each.member_id for each in found} & present
    if audience == "channel":
        called = present
    elif audience == "here":
        active_since = change.at - ACTIVE_FOR
        called |= set(await membership_list_ids(change.connection, channel_id=channel_id, active_since=active_since))
    return sorted(called - {member.member_id})


async def _mention(change: ChannelChange, sequence: int, mentioned: Collection[UUID]) -> None:
    if mentioned:
        await store.mention_insert(
            change.connection,
            channel_id=change.channel.channel_id,
            sequence=sequence,
            member_ids=mentioned,
        )


async def _tell(change: ChannelChange, message: Message, mentioned: Collection[UUID]) -> None:
    """Tell those for whom a message is special: the others see it in the channel's own log."""
    called = set(mentioned)
    others: set[UUID] = set()
    if change.channel.is_conversation:
        present = await membership_list_ids(change.connection, channel_id=change.channel.channel_id)
        others = set(present) - called - {message.member_id}
    for member_ids, is_mention in ((called, True), (others, False)):
        await change.tell_members(member_ids, "message", sequence=message.sequence, is_mention=is_mention)


def _payload_of(message: Message, mentioned: Collection[UUID]) -> dict[str, Any]:
    return {
        "ts": format_ts(message.ts_us),
        "text": message.text,
        "blocks": message.blocks,
        "client_msg_id": message.client_msg_id,
        "thread_sequence": message.thread_sequence,
        "is_broadcast": message.is_broadcast,
        "subtype": message.subtype,
        "file_ids": [format_id(FILE_PREFIX, file_id) for file_id in message.file_ids],
        "mentioned_ids": _texts(mentioned),
    }


def _texts(member_ids: Collection[UUID]) -> list[str]:
    return [format_id(MEMBER_PREFIX, member_id) for member_id in member_ids]


def _check_send(message: NewMessage) -> None:
    check_files(message.file_ids)
    if message.is_broadcast and message.thread_sequence is None:
        raise InvalidMessageError(
            "Only a reply can be a broadcast.", field="is_broadcast", remedy="Send a `thread_sequence` with it."
        )
    if message.client_msg_id is not None and not 1 <= len(message.client_msg_id) <= CLIENT_MSG_ID_LENGTH_MAX:
        raise InvalidMessageError(
            "The client's id is empty or too long.",
            field="client_msg_id",
            remedy=f"Use 1 to {CLIENT_MSG_ID_LENGTH_MAX} characters.",
        )
