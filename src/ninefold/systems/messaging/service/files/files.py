"""Files: uploading, finding and deleting them. Their contents are blobs; messages share them (`sharing.py`)."""

from collections.abc import AsyncIterable, AsyncIterator
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ninefold.core.blobs import Blob, Blobs, delete_blob, get_blob, keep_blob
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import NotYourFileError, SharedFileChangedError, SharedFileNotFoundError
from ninefold.systems.messaging.model import FILE_PREFIX, File, FileShare, Member, UploadedContent
from ninefold.systems.messaging.rules.limits import FILE_NAME_LENGTH_MAX, FILE_SHARES_MAX
from ninefold.systems.messaging.rules.media import HEAD_BYTES, media_type_of, read_image
from ninefold.systems.messaging.service.logs import ChannelChange, lock_channel
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.store import files as store

OWNER: Final = "messaging.file"

_DELETE_TRIES: Final = 5


async def upload_file(
    database: Database,
    blobs: Blobs,
    chunks: AsyncIterable[bytes],
    *,
    member: Member,
    name: str,
    declared_type: str,
    size_max: int,
) -> File:
    """Upload a file, which only its member can read until a message shares it.

    No transaction may be open meanwhile.

    Args:
        database: where its row is.
        blobs: where its contents are.
        chunks: its bytes.
        member: who uploads it.
        name: its name.
        declared_type: its media type, as its uploader says; can be empty.
        size_max: the most bytes that it may have.

    Raises:
        InvalidInputError: the name is empty or too long.
        BlobTooLargeError: there are more bytes.
        BlobQuotaError: the organisation has no room for so many.
        BlobStoreUnavailableError: the store doesn't answer.
    """
    check_file_name(name)
    content = await upload_content(
        database,
        blobs,
        chunks,
        organisation_id=member.organisation_id,
        name=name,
        declared_type=declared_type,
        size_max=size_max,
    )
    async with database.transaction() as connection:
        file = await store.file_insert(
            connection,
            file_id=new_id(),
            organisation_id=member.organisation_id,
            slack_id=new_slack_id("F"),
            member_id=member.member_id,
            name=name,
            title=name,
            content=content,
        )
        await keep_blob(connection, content.blob_id, organisation_id=member.organisation_id)
    return file


async def upload_content(
    database: Database,
    blobs: Blobs,
    chunks: AsyncIterable[bytes],
    *,
    organisation_id: UUID,
    name: str,
    declared_type: str,
    size_max: int,
) -> UploadedContent:
    """Store the contents of a file, and find out what it is. Nothing names the blob yet. See `upload_file`."""
    head, contents = await _peek(chunks)
    image = read_image(head)
    media_type = media_type_of(name, declared=declared_type, image=image)
    blob = await blobs.put(
        database, contents, organisation_id=organisation_id, owner=OWNER, content_type=media_type, size_max=size_max
    )
    return UploadedContent(
        blob_id=blob.blob_id,
        media_type=media_type,
        size_bytes=blob.size_bytes,
        width=None if image is None else image.width,
        height=None if image is None else image.height,
    )


async def get_file(connection: Connection, *, organisation_id: UUID, file_id: UUID) -> File:
    """Return a file of an organisation, without checking who can read it.

    Raises:
        SharedFileNotFoundError: it has no such file, or it was deleted.
    """
    file = await store.file_find(connection, organisation_id=organisation_id, file_id=file_id)
    if file is None:
        raise file_not_found(format_id(FILE_PREFIX, file_id))
    return file


async def get_file_by_slack_id(connection: Connection, *, organisation_id: UUID, slack_id: str) -> File:
    """Return the file with an id of Slack's API, `F…`, without checking who can read it.

    Raises:
        SharedFileNotFoundError: the organisation has no such file, or it was deleted.
    """
    file = await store.file_find_by_slack_id(connection, organisation_id=organisation_id, slack_id=slack_id)
    if file is None:
        raise file_not_found(slack_id)
    return file


async def require_readable(connection: Connection, file: File, member: Member | None) -> File:
    """Return a file that a member can read: its own, or one in a channel that it can see. None can read all.

    Raises:
        SharedFileNotFoundError: the member can't read it, or it isn't uploaded yet.
    """
    if file.blob_id is None or not await can_read(connection, file, member):
        raise file_not_found(format_id(FILE_PREFIX, file.file_id))
    return file


async def can_read(connection: Connection, file: File, member: Member | None) -> bool:
    """Return whether a member can read a file. None can read all."""
    if member is None or file.member_id == member.member_id:
        return True
    return await store.file_share_is_visible(connection, file_id=file.file_id, member_id=member.member_id)


async def get_contents(connection: Connection, file: File) -> Blob:
    """Return the contents of a file.

    Raises:
        SharedFileNotFoundError: it isn't uploaded yet, or was deleted.
    """
    if file.blob_id is None:
        raise file_not_found(format_id(FILE_PREFIX, file.file_id))
    return await get_blob(connection, file.blob_id, organisation_id=file.organisation_id)


async def list_files(
    connection: Connection,
    *,
    organisation_id: UUID,
    member: Member | None,
    owner_id: UUID | None = None,
    channel_id: UUID | None = None,
    before: UUID | None,
    limit: int,
) -> list[File]:
    """Return a page of the files that a member can read, latest first; None reads all. See `file_list`."""
    return await store.file_list(
        connection,
        organisation_id=organisation_id,
        member_id=None if member is None else member.member_id,
        owner_id=owner_id,
        channel_id=channel_id,
        before=before,
        limit=limit,
    )


async def list_shares(connection: Connection, file: File) -> list[FileShare]:
    """Return in which messages a file is."""
    return await store.file_share_list(connection, file_ids=[file.file_id], limit=FILE_SHARES_MAX)


async def delete_file(database: Database, notifier: Notifier, *, file: File, member: Member | None) -> None:
    """Delete a file: its contents and its name are removed, and its messages say that it was deleted.

    Args:
        database: where it is.
        notifier: wakes those who read the channels that it is in.
        file: the file.
        member: who deletes a file of its own; None is a program of the organisation, which deletes any.

    Raises:
        SharedFileNotFoundError: it was deleted.
        NotYourFileError: another member has uploaded it.
        SharedFileChangedError: others kept sharing it; try again.
    """
    if member is not None and file.member_id != member.member_id:
        raise NotYourFileError("Another member has uploaded this file.", remedy="Delete only your own.")
    for _ in range(_DELETE_TRIES):
        async with database.transaction() as connection:
            changes = await _delete_everywhere(connection, file, member)
        if changes is not None:
            for change in changes:
                change.notify(notifier)
            return
    raise SharedFileChangedError("The file is being shared again and again.", remedy="Try again.")


def check_file_name(name: str) -> None:
    """Check the name or the title of a file.

    Raises:
        InvalidInputError: it is empty or too long.
    """
    if not name.strip() or len(name) > FILE_NAME_LENGTH_MAX:
        raise InvalidInputError(
            "The name of the file is empty or too long.",
            field="name",
            remedy=f"Use 1 to {FILE_NAME_LENGTH_MAX} characters.",
        )


def file_not_found(file: str) -> SharedFileNotFoundError:
    """Return the error for a file that doesn't exist, or that the member can't read."""
    return SharedFileNotFoundError(
        f"There is no file {file[:80]!r}.", field="file_id", remedy="Use the id of an upload or of a message's file."
    )


async def _delete_everywhere(connection: Connection, file: File, member: Member | None) -> list[ChannelChange] | None:
    """Delete a file and say so in its channels; return their changes, or None if it was shared in another meanwhile.

    Channels are locked before the file, as posting does, and in one order, so that no two wait for each other.
    """
    channel_ids = sorted({share.channel_id for share in await list_shares(connection, file)})
    changes = {
        channel_id: await lock_channel(connection, organisation_id=file.organisation_id, channel_id=channel_id)
        for channel_id in channel_ids
    }
    locked = await store.file_lock(connection, organisation_id=file.organisation_id, file_ids=[file.file_id])
    if file.file_id not in locked or locked[file.file_id].deleted_at is not None:
        raise file_not_found(format_id(FILE_PREFIX, file.file_id))
    shares = await list_shares(connection, file)
    if not {share.channel_id for share in shares} <= changes.keys():
        return None
    await erase_file(connection, locked[file.file_id], at=datetime.now(UTC))
    for share in shares:
        await changes[share.channel_id].append(
            "file_deleted",
            member_id=None if member is None else member.member_id,
            message_sequence=share.sequence,
            payload={"file_id": format_id(FILE_PREFIX, file.file_id)},
        )
    return list(changes.values())


async def erase_file(connection: Connection, file: File, *, at: datetime) -> None:
    """Blank a file that is locked, and delete its contents."""
    await store.file_update_deleted(connection, file_id=file.file_id, deleted_at=at)
    if file.blob_id is not None:
        await delete_blob(connection, file.blob_id, organisation_id=file.organisation_id)


async def _peek(chunks: AsyncIterable[bytes]) -> tuple[bytes, AsyncIterator[bytes]]:
    """Return the first bytes, and all of them."""
    iterator = aiter(chunks)
    first: list[bytes] = []
    size = 0
    while size < HEAD_BYTES and (chunk := await anext(iterator, None)) is not None:
        first.append(chunk)
        size += len(chunk)

    async def everything() -> AsyncIterator[bytes]:
        for chunk in first:
            yield chunk
        async for chunk in iterator:
            yield chunk

    return b"".join(first)[:HEAD_BYTES], everything()
