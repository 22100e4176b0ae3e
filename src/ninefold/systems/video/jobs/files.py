"""Blobs as files of a worker, for programs that read and write files."""

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import UUID

from ninefold.core.blobs.model import Blob
from ninefold.core.blobs.service import get_blob
from ninefold.core.system import WorkerContext
from ninefold.systems.video.settings import VideoSettings

CHUNK_BYTES: Final = 1024 * 1024


FOLDER_PREFIX: Final = "ninefold-video-"


@contextmanager
def working_folder() -> Iterator[Path]:
    """Yield an empty folder, which is removed with all that is in it, by the next worker if this one is killed."""
    name, lock = _locked_folder()
    try:
        yield Path(name)
    finally:
        shutil.rmtree(name, ignore_errors=True)
        os.close(lock)


def remove_abandoned_folders() -> int:
    """Remove the working folders of processes that were killed; return how many. Those in use are locked."""
    count = 0
    for path in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):
            # A folder of another user can't be removed anyway, and a link isn't followed.
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
                count += 1
            finally:
                os.close(lock)
    return count


def _locked_folder() -> tuple[str, int]:
    """Make a folder and lock it; the lock ends with this process, however it ends."""
    while True:
        name = tempfile.mkdtemp(prefix=FOLDER_PREFIX)
        with suppress(FileNotFoundError):
            lock = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Another process may have taken it for an abandoned one just before.
            if Path(name).exists():
                return name, lock
            os.close(lock)


async def save_blob(context: WorkerContext[VideoSettings], blob_id: UUID, path: Path, *, organisation_id: UUID) -> None:
    """Append a blob's bytes to a file.

    Raises:
        BlobNotFoundError: there is no such blob.
        BlobStoreUnavailableError: the store of the bytes doesn't answer.
    """
    async with context.database.connection() as connection:
        blob = await get_blob(connection, blob_id, organisation_id=organisation_id)
    with path.open("ab") as file:
        async for piece in context.blobs.read(blob):
            await asyncio.to_thread(file.write, piece)


async def put_file(
    context: WorkerContext[VideoSettings], path: Path, *, organisation_id: UUID, owner: str, content_type: str
) -> Blob:
    """Upload a file as a blob, which its row has to keep.

    Raises:
        BlobQuotaError: the organisation has no room for it.
        BlobStoreUnavailableError: the store of the bytes doesn't answer.
    """
    return await context.blobs.put(
        context.database,
        _read(path),
        organisation_id=organisation_id,
        owner=owner,
        content_type=content_type,
        size_max=(await asyncio.to_thread(path.stat)).st_size,
    )


async def put_bytes(
    context: WorkerContext[VideoSettings], content: bytes, *, organisation_id: UUID, owner: str, content_type: str
) -> Blob:
    """Upload bytes as a blob, as `put_file`."""
    return await context.blobs.put(
        context.database,
        _once(content),
        organisation_id=organisation_id,
        owner=owner,
        content_type=content_type,
        size_max=len(content),
    )


async def _read(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
