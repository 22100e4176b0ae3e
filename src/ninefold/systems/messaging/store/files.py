"""Queries for files, and for the messages that they are in."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import File, FileShare, UploadedContent
from ninefold.systems.messaging.store.queries import queries


async def file_delete_unused(connection: Connection, *, before: datetime, limit: int) -> list[tuple[UUID, UUID | None]]:
    """Delete a batch of files that were never shared; return their organisations and their blobs."""
    records = queries.file_delete_unused(connection, before=before, limit=limit)
    return [(record["organisation_id"], record["blob_id"]) async for record in records]


async def file_find(connection: Connection, *, organisation_id: UUID, file_id: UUID) -> File | None:
    """Read one file of an organisation that wasn't deleted."""
    return _file_or_none(await queries.file_find(connection, organisation_id=organisation_id, file_id=file_id))


async def file_find_by_slack_id(connection: Connection, *, organisation_id: UUID, slack_id: str) -> File | None:
    """Read the file with an id of Slack's API that wasn't deleted."""
    record = await queries.file_find_by_slack_id(connection, organisation_id=organisation_id, slack_id=slack_id)
    return _file_or_none(record)


async def file_find_by_upload(connection: Connection, *, upload_digest: bytes) -> File | None:
    """Read the file whose contents are expected at a URL, by the digest of the URL's key."""
    return _file_or_none(await queries.file_find_by_upload(connection, upload_digest=upload_digest))


async def file_insert(
    connection: Connection,
    *,
    file_id: UUID,
    organisation_id: UUID,
    slack_id: str,
    member_id: UUID,
    name: str,
    title: str,
    content: UploadedContent | None = None,
    media_type: str = "",
    size_bytes: int = 0,
    upload_digest: bytes | None = None,
) -> File:
    """Insert a file: with its content, or with what is expected of its upload."""
    record = await queries.file_insert(
        connection,
        file_id=file_id,
        organisation_id=organisation_id,
        slack_id=slack_id,
        member_id=member_id,
        name=name,
        title=title,
        media_type=media_type if content is None else content.media_type,
        size_bytes=size_bytes if content is None else content.size_bytes,
        width=None if content is None else content.width,
        height=None if content is None else content.height,
        blob_id=None if content is None else content.blob_id,
        upload_digest=upload_digest,
    )
    return _file(record)


async def file_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    member_id: UUID | None,
    owner_id: UUID | None,
    channel_id: UUID | None,
    before: UUID | None,
    limit: int,
) -> list[File]:
    """Read a page of the files of an organisation, latest first.

    Args:
        connection: any connection.
        organisation_id: the organisation.
        member_id: only those that this member can read; None for all.
        owner_id: only those that this member has uploaded.
        channel_id: only those in messages of this channel.
        before: the last one of the page before.
        limit: how many.
    """
    records = queries.file_list(
        connection,
        organisation_id=organisation_id,
        member_id=member_id,
        owner_id=owner_id,
        channel_id=channel_id,
        before=before,
        limit=limit,
    )
    return [_file(record) async for record in records]


async def file_list_by_ids(connection: Connection, *, file_ids: Collection[UUID]) -> dict[UUID, File]:
    """Read several files, also deleted ones, by their ids."""
    records = queries.file_list_by_ids(connection, file_ids=list(file_ids))
    return {record["file_id"]: _file(record) async for record in records}


async def file_lock(connection: Connection, *, organisation_id: UUID, file_ids: Collection[UUID]) -> dict[UUID, File]:
    """Read several files of an organisation by their ids, and keep others from changing them."""
    records = queries.file_lock(connection, organisation_id=organisation_id, file_ids=list(file_ids))
    return {record["file_id"]: _file(record) async for record in records}


async def file_update_deleted(connection: Connection, *, file_id: UUID, deleted_at: datetime) -> None:
    """Blank a file."""
    await queries.file_update_deleted(connection, file_id=file_id, deleted_at=deleted_at)


async def file_update_kept(connection: Connection, *, file_ids: Collection[UUID], kept_at: datetime) -> None:
    """Write that files are used."""
    await queries.file_update_kept(connection, file_ids=list(file_ids), kept_at=kept_at)


async def file_update_title(connection: Connection, *, file_id: UUID, title: str) -> None:
    """Write the title of a file."""
    await queries.file_update_title(connection, file_id=file_id, title=title)


async def file_update_uploaded(connection: Connection, *, file_id: UUID, content: UploadedContent) -> File | None:
    """Write what was uploaded of a file that waits for it; return None if it was uploaded before, or isn't there."""
    record = await queries.file_update_uploaded(
        connection,
        file_id=file_id,
        blob_id=content.blob_id,
        media_type=content.media_type,
        size_bytes=content.size_bytes,
        width=content.width,
        height=content.height,
    )
    return _file_or_none(record)


async def file_share_delete(connection: Connection, *, channel_id: UUID, sequence: int) -> list[UUID]:
    """Take the files out of a message; return those that are in no other one."""
    records = queries.file_share_delete(connection, channel_id=channel_id, sequence=sequence)
    return [record["file_id"] async for record in records]


async def file_share_insert(
    connection: Connection, *, channel_id: UUID, sequence: int, file_ids: Collection[UUID]
) -> None:
    """Insert in which message files are."""
    await queries.file_share_insert(connection, channel_id=channel_id, sequence=sequence, file_ids=list(file_ids))


async def file_share_is_visible(connection: Connection, *, file_id: UUID, member_id: UUID) -> bool:
    """Return whether a file is in a channel that a member can see."""
    is_visible: bool = await queries.file_share_is_visible(connection, file_id=file_id, member_id=member_id)
    return is_visible


async def file_share_list(connection: Connection, *, file_ids: Collection[UUID], limit: int) -> list[FileShare]:
    """Read in which messages files are, by channel."""
    records = queries.file_share_list(connection, file_ids=list(file_ids), limit=limit)
    return [FileShare(**record) async for record in records]


def _file_or_none(record: Any) -> File | None:
    return None if record is None else _file(record)


def _file(record: Any) -> File:
    columns = dict(record)
    # Only who got the URL needs its key.
    del columns["upload_digest"]
    return File(**columns)
