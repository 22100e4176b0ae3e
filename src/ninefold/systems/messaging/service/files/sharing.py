"""Shares files in messages, and takes them out again. The channel is locked meanwhile."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import TooManyFilesError
from ninefold.systems.messaging.model import FILE_PREFIX, File, Member, Message
from ninefold.systems.messaging.rules.limits import FILE_SHARES_MAX, FILES_OF_MESSAGE_MAX
from ninefold.systems.messaging.service.files.files import can_read, erase_file, file_not_found
from ninefold.systems.messaging.service.logs import ChannelChange
from ninefold.systems.messaging.store import files as store


def check_files(file_ids: Sequence[UUID]) -> None:
    """Check which files a message shares.

    Raises:
        TooManyFilesError: there are too many, or one is there twice.
    """
    if len(file_ids) > FILES_OF_MESSAGE_MAX or len(set(file_ids)) < len(file_ids):
        raise TooManyFilesError(
            f"The message has {len(file_ids)} files.",
            field="file_ids",
            remedy=f"Send at most {FILES_OF_MESSAGE_MAX} different ones with a message.",
        )


async def require_shareable(change: ChannelChange, member: Member, file_ids: Sequence[UUID]) -> None:
    """Check that a member can share files, and keep others from deleting them until the transaction ends.

    Raises:
        SharedFileNotFoundError: there is no such file, or the member can't read it.
        TooManyFilesError: a file is in too many messages already.
    """
    if not file_ids:
        return
    locked = await store.file_lock(change.connection, organisation_id=member.organisation_id, file_ids=file_ids)
    for file_id in file_ids:
        file = locked.get(file_id)
        if file is None or file.blob_id is None or not await can_read(change.connection, file, member):
            raise file_not_found(format_id(FILE_PREFIX, file_id))
        if len(await store.file_share_list(change.connection, file_ids=[file_id], limit=FILE_SHARES_MAX)) == (
            FILE_SHARES_MAX
        ):
            raise TooManyFilesError(
                f"The file is in {FILE_SHARES_MAX} messages already.", field="file_ids", remedy="Upload it again."
            )


async def share_files(change: ChannelChange, message: Message) -> None:
    """Write that the files of a new message are in it."""
    if not message.file_ids:
        return
    await store.file_share_insert(
        change.connection,
        channel_id=message.channel_id,
        sequence=message.sequence,
        file_ids=message.file_ids,
    )
    await store.file_update_kept(change.connection, file_ids=message.file_ids, kept_at=change.at)


async def unshare_files(change: ChannelChange, message: Message) -> None:
    """Take the files out of a message that is deleted. Those that are in no other message are deleted with it."""
    if not message.file_ids:
        return
    await store.file_lock(change.connection, organisation_id=change.channel.organisation_id, file_ids=message.file_ids)
    alone = await store.file_share_delete(change.connection, channel_id=message.channel_id, sequence=message.sequence)
    found = await store.file_list_by_ids(change.connection, file_ids=alone)
    for file in found.values():
        if file.deleted_at is None:
            await erase_file(change.connection, file, at=change.at)


async def list_files_of(connection: Connection, messages: Collection[Message]) -> Mapping[UUID, File]:
    """Return the files of messages by their ids, also deleted ones."""
    file_ids = {file_id for message in messages for file_id in message.file_ids}
    return await store.file_list_by_ids(connection, file_ids=file_ids) if file_ids else {}
