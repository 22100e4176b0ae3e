"""Resumable uploads: made with their title, asked for, terminated, expired. `appending.py` takes their bytes.

What a client is told of an offset is what was committed. One request appends at a time: it has the right to do so in
the upload's row, and loses it to a HEAD, or if it isn't seen for a while. So a client whose connection broke goes on at
once, and what the broken request still does isn't counted.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.errors import (
    NotVideoError,
    UploadGoneError,
    UploadNotFoundError,
    UploadTooLargeError,
)
from ninefold.systems.video.model.titles import Title, TitleStatus
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX, Upload
from ninefold.systems.video.rules.metadata import parse_metadata, title_fields_of
from ninefold.systems.video.service.channels import Changed
from ninefold.systems.video.service.feeds import append_title_change
from ninefold.systems.video.service.metrics import UPLOADS
from ninefold.systems.video.service.titles import title_canceled, title_failed
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store import titles, uploads


async def create_upload(
    connection: Connection, *, organisation_id: UUID, length: int, metadata: str, settings: VideoSettings, at: datetime
) -> tuple[Upload, Title, Changed]:
    """Make a title and its upload.

    Raises:
        UploadTooLargeError: the upload would be larger than the limit.
        InvalidUploadError: the metadata is invalid.
    """
    if length > settings.upload_bytes_max:
        raise UploadTooLargeError(
            f"The upload has {length:,} bytes, and the limit is {settings.upload_bytes_max:,}.",
            field="Upload-Length",
            remedy="Upload a smaller file, or raise NINEFOLD_VIDEO_UPLOAD_BYTES_MAX.",
        )
    fields = title_fields_of(parse_metadata(metadata))
    title = await titles.title_insert(connection, new_id(), organisation_id=organisation_id, fields=fields)
    upload = await uploads.upload_insert(
        connection,
        upload_id=new_id(),
        organisation_id=organisation_id,
        title_id=title.title_id,
        length=length,
        metadata=metadata,
        created_at=at,
        expires_at=at + timedelta(seconds=settings.uploads_kept_s),
    )
    UPLOADS.labels("created").inc()
    return upload, title, Changed(feeds=await append_title_change(connection, title, "status"))


async def get_upload(connection: Connection, upload_id: UUID, *, organisation_id: UUID) -> Upload:
    """Return an upload.

    Raises:
        UploadNotFoundError: the organisation has none with this id.
    """
    upload = await uploads.upload_find(connection, upload_id, organisation_id=organisation_id)
    if upload is None:
        raise _not_found(upload_id)
    return upload


async def resume_upload(connection: Connection, upload_id: UUID, *, organisation_id: UUID, at: datetime) -> Upload:
    """Return an upload that a client wants to go on with; a request that still appends may not any more.

    Raises:
        UploadNotFoundError: the organisation has none with this id.
        UploadGoneError: it was terminated, has expired, or its title was canceled.
    """
    upload = await uploads.upload_take_from_writer(connection, upload_id, organisation_id=organisation_id)
    if upload is None:
        raise _not_found(upload_id)
    title = await titles.title_find(connection, upload.title_id, organisation_id=organisation_id)
    with suppress(NotVideoError):
        # How far it has come is known; that no more is taken, and why, is the answer to the next bytes.
        require_open(upload, title, at)
    return upload


async def terminate_upload(
    connection: Connection, upload_id: UUID, *, organisation_id: UUID, by: str, at: datetime
) -> Changed:
    """End an upload. Its title is canceled, unless all bytes were there.

    Raises:
        UploadNotFoundError: the organisation has none with this id.
        UploadGoneError: it was terminated before, or has expired.
    """
    upload = await get_upload(connection, upload_id, organisation_id=organisation_id)
    await titles.title_lock(connection, upload.title_id)
    if await uploads.upload_close(connection, upload_id, at=at) is None and not upload.is_complete:
        raise upload_gone()
    UPLOADS.labels("terminated").inc()
    return await title_canceled(connection, upload.title_id, f"The upload was terminated by {by}.", at)


async def expire_upload(connection: Connection, upload: Upload, at: datetime) -> Changed:
    """End an upload whose time is over; nothing if it has gone on meanwhile."""
    await titles.title_lock(connection, upload.title_id)
    current = await uploads.upload_find(connection, upload.upload_id, organisation_id=upload.organisation_id)
    if current is None or current.expires_at >= at:
        return Changed()
    if await uploads.upload_close(connection, upload.upload_id, at=at) is None:
        return Changed()
    UPLOADS.labels("expired").inc()
    why = f"The upload has expired at {current.last_offset:,} of {current.length:,} bytes. Upload the file again."
    return await title_failed(connection, upload.title_id, why, at)


def require_open(upload: Upload, title: Title | None, at: datetime) -> None:
    """Raise why nothing more can be appended.

    Raises:
        UploadGoneError: it was terminated, has expired, or its title was canceled.
        NotVideoError: its title has failed.
    """
    if title is None or upload.closed_at is not None or title.status is TitleStatus.CANCELED:
        raise upload_gone()
    if not upload.is_complete and upload.expires_at < at:
        raise upload_gone()
    if title.status is TitleStatus.FAILED:
        raise NotVideoError(title.why or "The title has failed.", remedy="Upload another file.")


def upload_gone() -> UploadGoneError:
    """Return the error for an upload that takes no more bytes."""
    return UploadGoneError(
        "The upload was terminated, has expired, or its title was canceled.", remedy="Upload the file again."
    )


def _not_found(upload_id: UUID) -> UploadNotFoundError:
    return UploadNotFoundError(
        f"There is no upload {format_id(UPLOAD_PREFIX, upload_id)}.", remedy="Make one: POST /api/v1/video/uploads."
    )
