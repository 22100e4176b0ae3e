"""Uploads, keeps, reads and deletes blobs.

A row of a system never names a blob that isn't there, and a blob that no row names is removed, because of this order:

1. A `pending` row and the size that it reserves are committed.
2. The contents are written, and then their size and digest.
3. The system's own transaction keeps the blob: it becomes `stored` with the row that names it, or neither happens.
4. Deleting is a state first. Then the contents are removed, and last the row (`sweeping.py`).

Whatever is killed between two steps leaves a row that says what may be there.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import Final
from uuid import UUID

from ninefold.core.blobs import store
from ninefold.core.blobs.errors import (
    BlobNotFoundError,
    BlobNotPendingError,
    BlobQuotaError,
    BlobTooLargeError,
)
from ninefold.core.blobs.metrics import PUT_DURATION, PUTS, READ_BYTES, WRITTEN_BYTES
from ninefold.core.blobs.model import BLOB_BYTES_MAX, BLOB_PREFIX, PUT_TIMEOUT_S, Blob, BlobAddress, BlobUsage
from ninefold.core.blobs.objects import ObjectStore, open_objects
from ninefold.core.config import CoreSettings
from ninefold.core.errors import NinefoldError, RequestTimeoutError
from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.tenancy.model import ORGANISATION_PREFIX


class Blobs:
    """Writes and reads the contents of blobs; servers and workers have one in their context.

    Args:
        objects: where contents are.
        organisation_bytes_max: what an organisation's blobs can have together.
    """

    def __init__(self, objects: ObjectStore, *, organisation_bytes_max: int) -> None:
        self._objects = objects
        self._organisation_bytes_max = organisation_bytes_max

    @classmethod
    def of(cls, settings: CoreSettings) -> "Blobs":
        """Return the blobs of an installation; nothing is created yet.

        Raises:
            SettingError: the address of the store is wrong.
        """
        objects = open_objects(settings.blobs_url, data_dir=settings.data_dir)
        return cls(objects, organisation_bytes_max=settings.blobs_organisation_bytes_max)

    @classmethod
    def default(cls) -> "Blobs":
        """Return the blobs of an installation without settings."""
        return cls.of(CoreSettings())

    async def put(
        self,
        database: Database,
        contents: AsyncIterable[bytes],
        *,
        organisation_id: UUID,
        owner: str,
        content_type: str,
        size_max: int,
    ) -> Blob:
        """Upload a blob, which is `pending` until `keep_blob`.

        No transaction may be open meanwhile: this opens its own short ones.

        Args:
            database: where the blob's row is.
            contents: its bytes, in chunks of any size. They are read as fast as the store takes them.
            organisation_id: whose limit it counts towards.
            owner: whose rows will name it, such as `messaging.file`.
            content_type: what the uploader says that it is.
            size_max: the most bytes that it may have, up to 64 GiB. They are reserved of the organisation's limit until
                the upload has ended, so pass the exact size if it is known.

        Raises:
            BlobQuotaError: the organisation has no room for `size_max` bytes.
            BlobTooLargeError: there are more bytes than `size_max`.
            BlobStoreUnavailableError: the store doesn't answer, or refuses.
            RequestTimeoutError: it took more than an hour.
            BlobNotPendingError: it was deleted during the upload.
            ValueError: `size_max` isn't between 0 and 64 GiB.
        """
        if not 0 <= size_max <= BLOB_BYTES_MAX:
            raise ValueError(f"size_max is {size_max}, and must be between 0 and {BLOB_BYTES_MAX}")
        started_at = time.perf_counter()
        address = BlobAddress(blob_id=new_id(), organisation_id=organisation_id)
        try:
            await self._reserve(database, address, owner=owner, content_type=content_type, size_max=size_max)
            blob = await self._upload(database, address, contents, size_max=size_max)
        except (BlobQuotaError, BlobTooLargeError):
            PUTS.labels("refused").inc()
            raise
        except BaseException:
            PUTS.labels("failed").inc()
            raise
        PUTS.labels("stored").inc()
        PUT_DURATION.observe(time.perf_counter() - started_at)
        WRITTEN_BYTES.inc(blob.size_bytes)
        return blob

    async def read(self, blob: Blob, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """Yield a blob's bytes from `start` to before `end`, by default all, in pieces of up to 2 MiB.

        Raises:
            BlobContentsMissingError: something other than Ninefold has removed them.
            BlobStoreUnavailableError: the store doesn't answer, or refuses.
        """
        last = blob.size_bytes if end is None else min(end, blob.size_bytes)
        async for piece in self._objects.read(object_key(blob), start=start, end=last):
            READ_BYTES.inc(len(piece))
            yield piece

    async def remove_contents(self, address: BlobAddress) -> None:
        """Remove the contents of a deleted blob; they may be gone already.

        Raises:
            BlobStoreUnavailableError: the store doesn't answer, or refuses.
        """
        await self._objects.delete(object_key(address))

    async def _reserve(
        self, database: Database, address: BlobAddress, *, owner: str, content_type: str, size_max: int
    ) -> None:
        async with database.transaction() as connection:
            has_room = await store.blob_insert(
                connection,
                address,
                owner=owner,
                content_type=content_type,
                reserved_bytes=size_max,
                limit_bytes=self._organisation_bytes_max,
            )
        if not has_room:
            raise BlobQuotaError(
                f"The organisation's blobs can have {self._organisation_bytes_max:,} bytes together, and there is no "
                f"room for {size_max:,} more.",
                remedy="Delete what isn't needed; it counts until it is removed, up to ten minutes later. Or raise "
                "NINEFOLD_BLOBS_ORGANISATION_BYTES_MAX.",
            )

    async def _upload(
        self, database: Database, address: BlobAddress, contents: AsyncIterable[bytes], *, size_max: int
    ) -> Blob:
        measured = _Measured(contents, size_max=size_max)
        try:
            async with asyncio.timeout(PUT_TIMEOUT_S):
                await self._objects.write(object_key(address), measured.chunks())
        except TimeoutError as error:
            await _give_up(database, address)
            raise RequestTimeoutError(
                f"The upload took more than {PUT_TIMEOUT_S:.0f} s.", remedy="Upload it in several parts."
            ) from error
        except BaseException:
            await _give_up(database, address)
            raise
        async with database.transaction() as connection:
            blob = await store.blob_finish(
                connection,
                address.blob_id,
                size_bytes=measured.size,
                sha256=measured.digest(),
                reserved_bytes=size_max,
            )
        if blob is None:
            # Its row may be gone already, so nothing else would remove the contents.
            await self.remove_contents(address)
            raise _not_pending(address.blob_id)
        return blob


async def keep_blob(connection: Connection, blob_id: UUID, *, organisation_id: UUID) -> Blob:
    """Keep an uploaded blob. Call it in the transaction that writes the row that names it.

    Exactly one row names a blob. A second row needs a blob of its own.

    Raises:
        BlobNotPendingError: it has expired, was deleted, or another row names it; upload it again.
    """
    blob = await store.blob_keep(connection, blob_id, organisation_id=organisation_id)
    if blob is None:
        raise _not_pending(blob_id)
    return blob


async def get_blob(connection: Connection, blob_id: UUID, *, organisation_id: UUID) -> Blob:
    """Return a stored blob.

    Raises:
        BlobNotFoundError: there is none with this id in the organisation.
    """
    blob = await store.blob_get(connection, blob_id, organisation_id=organisation_id)
    if blob is None:
        raise _not_found(blob_id)
    return blob


async def delete_blob(connection: Connection, blob_id: UUID, *, organisation_id: UUID) -> None:
    """Delete a blob. Call it in the transaction that deletes the row that names it.

    The contents are removed within ten minutes.

    Raises:
        BlobNotFoundError: there is none with this id in the organisation.
    """
    if not await store.blob_delete(connection, blob_id, organisation_id=organisation_id):
        raise _not_found(blob_id)


async def get_usage(connection: Connection, *, organisation_id: UUID) -> BlobUsage:
    """Return what an organisation's blobs take, including those that are being uploaded or removed."""
    return await store.usage_get(connection, organisation_id=organisation_id)


def object_key(address: BlobAddress | Blob) -> str:
    """Return where the contents are: organisation, two characters so that folders stay small, blob."""
    name = format_id(BLOB_PREFIX, address.blob_id)
    # The first characters are the time, which would put all blobs of a day into one folder.
    return f"{format_id(ORGANISATION_PREFIX, address.organisation_id)}/{name[-2:]}/{name}"


class _Measured:
    """Counts and hashes the chunks that pass, and refuses those above a limit."""

    def __init__(self, contents: AsyncIterable[bytes], *, size_max: int) -> None:
        self._contents: Final = contents
        self._size_max: Final = size_max
        self._hash: Final = hashlib.sha256()
        self.size = 0

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._contents:
            self.size += len(chunk)
            if self.size > self._size_max:
                raise BlobTooLargeError(
                    f"There are more than {self._size_max:,} bytes.", remedy="Upload something smaller."
                )
            self._hash.update(chunk)
            yield chunk

    def digest(self) -> bytes:
        return self._hash.digest()


async def _give_up(database: Database, address: BlobAddress) -> None:
    """Delete a blob whose upload has failed, so that its reservation ends soon; otherwise it would expire."""
    with suppress(DatabaseUnavailableError):
        async with database.transaction() as connection:
            await store.blob_delete(connection, address.blob_id, organisation_id=address.organisation_id)


def _not_found(blob_id: UUID) -> NinefoldError:
    return BlobNotFoundError(f"There is no stored blob {format_id(BLOB_PREFIX, blob_id)}.")


def _not_pending(blob_id: UUID) -> NinefoldError:
    return BlobNotPendingError(
        f"The blob {format_id(BLOB_PREFIX, blob_id)} has expired, was deleted, or belongs to another row.",
        remedy="Upload it again.",
    )
