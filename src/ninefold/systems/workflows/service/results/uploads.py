"""The contents of artifacts and caches: blocks that a job uploads, and then names in their order.

Each block is a blob. Nothing is copied when they are put in order, so contents are read from several blobs.
"""

import hashlib
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.blobs import Blob, Blobs, delete_blob, get_blob, keep_blob
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.workflows.errors import InvalidResultError, ResultNotFoundError, ResultTooLargeError
from ninefold.systems.workflows.model.results import JobCaller, Upload, UploadBlock
from ninefold.systems.workflows.store import uploads as store

BLOCKS_MAX: Final = 10_000
"""Of contents; Azure allows 50,000."""

BLOCK_BYTES_MAX: Final = 1024**3
"""Of a block; official clients send 8, 64 or 128 MiB."""

BYTES_TYPE: Final = "application/octet-stream"
"""The media type of contents about which nothing is known."""

BLOB_OWNER: Final = "workflows.upload_block"

_SIGNING_KEY_BYTES: Final = 32


async def begin_upload(
    connection: Connection, caller: JobCaller, *, bytes_max: int, content_type: str = BYTES_TYPE, at: datetime
) -> Upload:
    """Begin contents of a job; call it in a transaction."""
    upload_id = new_id()
    await store.upload_insert(
        connection,
        upload_id=upload_id,
        organisation_id=caller.organisation_id,
        repository_id=caller.repository_id,
        job_id=caller.job_id,
        signing_key=secrets.token_bytes(_SIGNING_KEY_BYTES),
        bytes_max=bytes_max,
        content_type=content_type,
        created_at=at,
    )
    return await get_upload(connection, upload_id)


async def get_upload(connection: Connection, upload_id: UUID) -> Upload:
    """Return contents.

    Raises:
        ResultNotFoundError: there are none, or they were deleted.
    """
    upload = await store.upload_find(connection, upload_id=upload_id)
    if upload is None:
        raise ResultNotFoundError("There are no such contents.", remedy="They may have expired.")
    return upload


async def put_block(
    database: Database,
    blobs: Blobs,
    upload: Upload,
    contents: AsyncIterable[bytes],
    *,
    block_name: str,
    size: int | None,
) -> Blob:
    """Store a block, which replaces one of the same name. No transaction may be open meanwhile.

    Args:
        database: where the rows are.
        blobs: where the bytes go.
        upload: what it is a block of.
        contents: its bytes.
        block_name: its name.
        size: how many bytes there are, if that is known.

    Raises:
        ResultTooLargeError: the contents would be too large, or have too many blocks.
        ResultNotFoundError: the contents were deleted, or the job has ended.
        InvalidResultError: the contents can't be changed any more.
        BlobQuotaError: the organisation has no room for it.
    """
    size_max = min(BLOCK_BYTES_MAX, upload.bytes_max)
    if size is not None and size > size_max:
        raise _too_large(upload)
    blob = await blobs.put(
        database,
        contents,
        organisation_id=upload.organisation_id,
        owner=BLOB_OWNER,
        content_type=BYTES_TYPE,
        size_max=size_max if size is None else size,
    )
    async with database.transaction() as connection:
        await _lock(connection, upload)
        await _remove_blocks(connection, upload, [block_name])
        total = await store.upload_block_sum(connection, upload_id=upload.upload_id)
        if total.size_bytes + blob.size_bytes > upload.bytes_max or total.blocks >= BLOCKS_MAX:
            raise _too_large(upload)
        await keep_blob(connection, blob.blob_id, organisation_id=upload.organisation_id)
        await store.upload_block_put(
            connection,
            upload_id=upload.upload_id,
            block_name=block_name,
            blob_id=blob.blob_id,
            size_bytes=blob.size_bytes,
        )
    return blob


async def commit_blocks(
    database: Database,
    blobs: Blobs,
    upload: Upload,
    block_names: Sequence[str],
    *,
    at: datetime,
) -> None:
    """Put blocks in order: they are the contents then, and others are removed. No transaction may be open meanwhile.

    Raises:
        InvalidResultError: a block isn't there, or is named twice; or the contents can't be changed any more.
        ResultNotFoundError: the contents were deleted, or the job has ended.
    """
    async with database.connection() as connection:
        there = {each.block_name: each for each in await _list_blocks(connection, upload.upload_id)}
    missing = [name for name in block_names if name not in there]
    if missing or len(set(block_names)) < len(block_names):
        raise InvalidResultError(
            f"The block {missing[0][:40]!r} isn't there." if missing else "A block is named twice.",
            field="BlockList",
            remedy="Upload each block, and name it once.",
        )
    ordered = [there[name] for name in block_names]
    digest = hashlib.sha256()
    async for piece in _read_blocks(database, blobs, upload.organisation_id, ordered):
        digest.update(piece)
    starts: dict[str, int] = {}
    size = 0
    for block in ordered:
        starts[block.block_name] = size
        size += block.size_bytes
    async with database.transaction() as connection:
        await _lock(connection, upload)
        now_there = {each.block_name: each.blob_id for each in await _list_blocks(connection, upload.upload_id)}
        if any(now_there.get(block.block_name) != block.blob_id for block in ordered):
            raise InvalidResultError("A block was replaced meanwhile.", remedy="Send the list of blocks again.")
        await _remove_blocks(connection, upload, [name for name in now_there if name not in starts])
        await store.upload_block_order(connection, upload_id=upload.upload_id, starts=starts)
        await store.upload_commit(
            connection,
            upload_id=upload.upload_id,
            committed_at=at,
            size_bytes=size,
            sha256=digest.digest(),
        )


async def read_contents(
    database: Database, blobs: Blobs, upload: Upload, *, start: int, end: int
) -> AsyncIterator[bytes]:
    """Yield the bytes of contents from `start` to before `end`. No transaction may be open meanwhile."""
    async with database.connection() as connection:
        blocks = await _list_blocks(connection, upload.upload_id)
    async for piece in _read_blocks(database, blobs, upload.organisation_id, blocks, start=start, end=end):
        yield piece


async def remove_uploads(connection: Connection, *, limit: int) -> int:
    """Remove contents that were deleted, at most `limit`; return how many. Call it in a transaction."""
    found = await store.upload_list_removable(connection, limit=limit)
    for upload_id, organisation_id in found:
        for blob_id in await store.upload_block_delete(connection, upload_id=upload_id):
            await delete_blob(connection, blob_id, organisation_id=organisation_id)
        await store.upload_remove(connection, upload_id=upload_id)
    return len(found)


async def _read_blocks(
    database: Database,
    blobs: Blobs,
    organisation_id: UUID,
    blocks: Sequence[UploadBlock],
    *,
    start: int = 0,
    end: int | None = None,
) -> AsyncIterator[bytes]:
    position = 0
    for block in blocks:
        first, last = max(0, start - position), block.size_bytes
        if end is not None:
            last = min(last, end - position)
        position += block.size_bytes
        if first >= last:
            continue
        async with database.connection() as connection:
            blob = await get_blob(connection, block.blob_id, organisation_id=organisation_id)
        async for piece in blobs.read(blob, start=first, end=last):
            yield piece


async def _lock(connection: Connection, upload: Upload) -> Upload:
    locked = await store.upload_lock(connection, upload_id=upload.upload_id)
    if locked is None:
        raise ResultNotFoundError("The contents were deleted, or their job has ended.", remedy="Nothing can be done.")
    return locked


async def _list_blocks(connection: Connection, upload_id: UUID) -> list[UploadBlock]:
    return await store.upload_block_list(connection, upload_id=upload_id, limit=BLOCKS_MAX)


async def _remove_blocks(connection: Connection, upload: Upload, names: Sequence[str]) -> None:
    for blob_id in await store.upload_block_delete(connection, upload_id=upload.upload_id, names=names):
        await delete_blob(connection, blob_id, organisation_id=upload.organisation_id)


def _too_large(upload: Upload) -> ResultTooLargeError:
    return ResultTooLargeError(
        f"The contents can have {upload.bytes_max:,} bytes and {BLOCKS_MAX:,} blocks of up to {BLOCK_BYTES_MAX:,} "
        f"bytes.",
        remedy="Upload less, or raise NINEFOLD_WORKFLOWS_ARTIFACT_BYTES_MAX or NINEFOLD_WORKFLOWS_CACHE_BYTES_MAX.",
    )
