"""Uploads in three steps, as Slack's clients do them: announce a file, send its bytes to a URL, complete it."""

import hashlib
import secrets
from collections.abc import AsyncIterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ninefold.core.blobs import Blobs, keep_blob
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.messaging.errors import SharedFileNotFoundError
from ninefold.systems.messaging.model import File, Member
from ninefold.systems.messaging.rules.media import UNKNOWN
from ninefold.systems.messaging.service.files.files import (
    check_file_name,
    file_not_found,
    get_file_by_slack_id,
    upload_content,
)
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.store import files as store

_KEY_BYTES: Final = 32


class Upload(NamedTuple):
    """A file that waits for its bytes."""

    file: File
    key: str
    """With it, they can be sent once, without a token."""


async def begin_upload(connection: Connection, *, member: Member, name: str, size_bytes: int) -> Upload:
    """Announce a file; call it in a transaction.

    Raises:
        InvalidInputError: the name is empty or too long.
    """
    check_file_name(name)
    key = secrets.token_urlsafe(_KEY_BYTES)
    file = await store.file_insert(
        connection,
        file_id=new_id(),
        organisation_id=member.organisation_id,
        slack_id=new_slack_id("F"),
        member_id=member.member_id,
        name=name,
        title=name,
        media_type=UNKNOWN,
        size_bytes=size_bytes,
        upload_digest=_digest(key),
    )
    return Upload(file, key)


async def find_upload(connection: Connection, key: str) -> File:
    """Return the file whose bytes are sent to the URL with a key.

    Raises:
        SharedFileNotFoundError: there is none, or its bytes were sent before.
    """
    file = await store.file_find_by_upload(connection, upload_digest=_digest(key))
    if file is None:
        raise _not_expected()
    return file


async def receive_upload(
    database: Database, blobs: Blobs, chunks: AsyncIterable[bytes], *, file: File, declared_type: str
) -> File:
    """Store the bytes of a file. No transaction may be open meanwhile.

    Raises:
        SharedFileNotFoundError: its bytes were sent before.
        BlobTooLargeError: there are more bytes than were announced.
        BlobQuotaError: the organisation has no room for so many.
        BlobStoreUnavailableError: the store doesn't answer.
    """
    content = await upload_content(
        database,
        blobs,
        chunks,
        organisation_id=file.organisation_id,
        name=file.name,
        declared_type=declared_type,
        size_max=file.size_bytes,
    )
    async with database.transaction() as connection:
        uploaded = await store.file_update_uploaded(connection, file_id=file.file_id, content=content)
        if uploaded is None:
            raise _not_expected()
        await keep_blob(connection, content.blob_id, organisation_id=file.organisation_id)
    return uploaded


async def complete_uploads(
    connection: Connection, *, member: Member, files: Sequence[tuple[str, str | None]]
) -> list[File]:
    """Give a member's uploaded files their titles, and keep them; call it in a transaction.

    Args:
        connection: in a transaction.
        member: whose they are.
        files: pairs of an id `F…` and a title; None keeps the name.

    Raises:
        SharedFileNotFoundError: the member has no such file, or its bytes weren't sent.
        InvalidInputError: a title is too long.
    """
    found = []
    for slack_id, title in files:
        file = await get_file_by_slack_id(connection, organisation_id=member.organisation_id, slack_id=slack_id)
        if file.member_id != member.member_id or file.blob_id is None:
            raise file_not_found(slack_id)
        if title:
            check_file_name(title)
            await store.file_update_title(connection, file_id=file.file_id, title=title)
        found.append(file)
    await store.file_update_kept(connection, file_ids=[file.file_id for file in found], kept_at=datetime.now(UTC))
    return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _not_expected() -> SharedFileNotFoundError:
    return SharedFileNotFoundError("No file is expected here.", remedy="Call files.getUploadURLExternal again.")
