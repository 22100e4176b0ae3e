"""Appends the bodies of requests to uploads, part by part."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.blobs import Blobs, delete_blob, keep_blob
from ninefold.core.clock import Clock
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.video.errors import (
    NotVideoError,
    UploadBusyError,
    UploadOffsetError,
    UploadTooLargeError,
)
from ninefold.systems.video.model.uploads import SourcePart, Upload
from ninefold.systems.video.rules.checksums import Checksum
from ninefold.systems.video.rules.refusal import what_isnt_video
from ninefold.systems.video.service.channels import Changed
from ninefold.systems.video.service.metrics import UPLOADED_BYTES, UPLOADS
from ninefold.systems.video.service.parts import PartCutter
from ninefold.systems.video.service.titles import bytes_came, lock_title, title_failed
from ninefold.systems.video.service.uploads import get_upload, require_open, upload_gone
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.store import titles, uploads

WRITER_UNSEEN_S_MAX: Final = 10.0
"""A request that isn't seen for so long may not append any more, if another one wants to."""

SOURCE_OWNER: Final = "video.source"

_ASK: Final = "Ask for the offset with HEAD, and go on there."


class Appender:
    """Appends the bodies of requests to uploads.

    Args:
        database: where uploads are.
        blobs: where their bytes go.
        notifier: tells others about them.
        settings: the limits.
        clock: the time.
        stopping: set when the server stops.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        notifier: Notifier,
        settings: VideoSettings,
        *,
        clock: Clock,
        stopping: asyncio.Event,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._notifier = notifier
        self._settings = settings
        self._clock = clock
        self._stopping = stopping

    async def append(
        self,
        chunks: AsyncIterator[bytes],
        *,
        upload_id: UUID,
        organisation_id: UUID,
        offset: int,
        size: int | None,
        checksum: Checksum | None = None,
    ) -> Upload:
        """Append a body, and return the upload after it. What came is committed even if there is an error.

        With a checksum, all of it is committed at the end, or nothing.

        Args:
            chunks: the body.
            upload_id: the upload.
            organisation_id: whose it is.
            offset: where the body begins.
            size: how many bytes the body has; None if it isn't known.
            checksum: what the body must have.

        Raises:
            UploadNotFoundError: the organisation has no such upload.
            UploadGoneError: it was terminated, has expired, or its title was canceled.
            NotVideoError: what comes isn't video.
            UploadBusyError: another request appends to it.
            UploadOffsetError: the upload doesn't end at `offset`.
            UploadTooLargeError: the body has more bytes than are missing.
            UploadChecksumError: the body has another checksum.
            BlobQuotaError: the organisation has no room for more.
            ClientDisconnectedError: the body isn't complete.
            UploadIdleError: nothing has come for a minute.
            UploadInterruptedError: the server stops.
        """
        writer_id = new_id()
        upload = await self._claim(upload_id, organisation_id, writer_id=writer_id, offset=offset, size=size)
        writing = _Writing(self, upload, writer_id=writer_id, checksum=checksum)
        try:
            async with aclosing(PartCutter(chunks, stopping=self._stopping).parts()) as parts:
                async for part in parts:
                    await writing.take(part)
            return await writing.finish()
        finally:
            await writing.end()

    async def _claim(
        self, upload_id: UUID, organisation_id: UUID, *, writer_id: UUID, offset: int, size: int | None
    ) -> Upload:
        at = self._clock.now()
        async with self._database.transaction() as connection:
            found = await get_upload(connection, upload_id, organisation_id=organisation_id)
            title = await titles.title_find(connection, found.title_id, organisation_id=organisation_id)
            require_open(found, title, at)
            upload = await uploads.upload_claim(
                connection,
                upload_id,
                writer_id=writer_id,
                seen_before=at - timedelta(seconds=WRITER_UNSEEN_S_MAX),
                at=at,
            )
            if upload is None:
                raise UploadBusyError("Another request is appending to the upload.", remedy=_ASK)
            if offset != upload.last_offset:
                raise UploadOffsetError(
                    f"The upload ends at {upload.last_offset}, and the body begins at {offset}.",
                    field="Upload-Offset",
                    remedy=_ASK,
                )
            if size is not None and offset + size > upload.length:
                raise _too_large(upload)
        return upload

    async def put_part(self, upload: Upload, part: bytes) -> UUID:
        """Store a part's bytes, and return their blob, which is still pending."""

        async def contents() -> AsyncIterator[bytes]:
            yield part

        blob = await self._blobs.put(
            self._database,
            contents(),
            organisation_id=upload.organisation_id,
            owner=SOURCE_OWNER,
            content_type="application/octet-stream",
            size_max=len(part),
        )
        return blob.blob_id

    async def commit(self, upload: Upload, blobs: list[tuple[UUID, int]], *, writer_id: UUID) -> Upload:
        """Count stored parts, and return the upload after them."""
        at = self._clock.now()
        changed = Changed()
        async with self._database.transaction() as connection:
            title = await lock_title(connection, upload.title_id)
            if title is None:
                ended = await titles.title_find(connection, upload.title_id, organisation_id=upload.organisation_id)
                require_open(upload, ended, at)
                raise upload_gone()
            for blob_id, size in blobs:
                first_byte = upload.last_offset
                upload = await self._advance(connection, upload, size, writer_id=writer_id, at=at)
                await keep_blob(connection, blob_id, organisation_id=upload.organisation_id)
                part = SourcePart(first_byte=first_byte, size_bytes=size, blob_id=blob_id)
                await uploads.source_part_insert(connection, upload.upload_id, part)
                UPLOADED_BYTES.inc(size)
            if blobs:
                changed = await bytes_came(connection, title, upload, at)
        changed.notify(self._notifier)
        if upload.is_complete:
            UPLOADS.labels("completed").inc()
        return upload

    async def refuse(self, upload: Upload, what: str) -> NotVideoError:
        """Fail the title, and return the error."""
        error = NotVideoError(
            f"The file isn't video: it is {what}.", remedy="Upload a video file, such as MP4, WebM, MKV or MOV."
        )
        async with self._database.transaction() as connection:
            await titles.title_lock(connection, upload.title_id)
            changed = await title_failed(connection, upload.title_id, str(error), self._clock.now())
        changed.notify(self._notifier)
        UPLOADS.labels("refused").inc()
        return error

    async def discard(self, upload: Upload, blob_ids: list[UUID]) -> None:
        """Delete stored parts that don't count."""
        async with self._database.transaction() as connection:
            for blob_id in blob_ids:
                await delete_blob(connection, blob_id, organisation_id=upload.organisation_id)

    async def is_still_writer(self, upload: Upload, writer_id: UUID) -> bool:
        """Note that the request is still there; return whether it may still append."""
        async with self._database.connection() as connection:
            return await uploads.upload_keep_writer(
                connection, upload.upload_id, writer_id=writer_id, at=self._clock.now()
            )

    async def release(self, upload: Upload, writer_id: UUID) -> None:
        """Let others append."""
        async with self._database.connection() as connection:
            await uploads.upload_release(connection, upload.upload_id, writer_id=writer_id)

    async def _advance(
        self, connection: Connection, upload: Upload, size: int, *, writer_id: UUID, at: datetime
    ) -> Upload:
        advanced = await uploads.upload_advance(
            connection,
            upload,
            writer_id=writer_id,
            size_bytes=size,
            expires_at=at + timedelta(seconds=self._settings.uploads_kept_s),
            at=at,
        )
        if advanced is None:
            raise UploadBusyError("Another request has taken over the upload.", remedy=_ASK)
        return advanced


class _Writing:
    """One request that appends."""

    def __init__(self, appender: Appender, upload: Upload, *, writer_id: UUID, checksum: Checksum | None) -> None:
        self._appender = appender
        self._upload = upload
        self._writer_id = writer_id
        self._checksum = checksum
        self._stored: list[tuple[UUID, int]] = []
        """What waits for its checksum."""
        self._end = upload.last_offset

    async def take(self, part: bytes) -> None:
        """Take a part; an empty one says that the request is still there."""
        if not part or self._checksum is not None:
            await self._keep()
        if not part:
            return
        if self._end + len(part) > self._upload.length:
            raise _too_large(self._upload)
        if self._end == 0 and (what := what_isnt_video(part)) is not None:
            raise await self._appender.refuse(self._upload, what)
        if self._checksum is not None:
            self._checksum.update(part)
        blob_id = await self._appender.put_part(self._upload, part)
        self._stored.append((blob_id, len(part)))
        self._end += len(part)
        if self._checksum is None:
            await self._commit()

    async def finish(self) -> Upload:
        """Commit what waits for its checksum, and return the upload."""
        if self._checksum is not None:
            self._checksum.check()
            await self._commit()
        return self._upload

    async def end(self) -> None:
        """Discard what doesn't count, and let others append."""
        # If the database can't be reached, their time will end, and others see that the request is gone.
        with suppress(DatabaseUnavailableError):
            if self._stored:
                await self._appender.discard(self._upload, [blob_id for blob_id, _ in self._stored])
            await self._appender.release(self._upload, self._writer_id)

    async def _commit(self) -> None:
        if self._stored:
            # Whether a commit took effect isn't known after an error, so they aren't discarded: their time will end.
            stored, self._stored = self._stored, []
            self._upload = await self._appender.commit(self._upload, stored, writer_id=self._writer_id)

    async def _keep(self) -> None:
        if not await self._appender.is_still_writer(self._upload, self._writer_id):
            raise UploadBusyError("Another request has taken over the upload.", remedy=_ASK)


def _too_large(upload: Upload) -> UploadTooLargeError:
    return UploadTooLargeError(
        f"The upload has {upload.length:,} bytes in all, and the body goes beyond them.",
        field="Upload-Length",
        remedy="Make another upload with the right length.",
    )
