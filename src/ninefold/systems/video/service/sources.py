"""Reads the source of a title while it is uploaded: what is there at once, and the rest as it comes.

signals = SourceSignals(context.notifier)                # once in a process, before the notifier runs
reader = await SourceReader.open(context.database, context.blobs, signals, upload_id)
async for piece in reader.read(0, reader.length):
    …
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from ninefold.core.blobs import Blob, BlobNotFoundError, Blobs, get_blob
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any
from ninefold.systems.video.model.uploads import SourcePart, SourceProgress
from ninefold.systems.video.service.channels import SOURCE_GREW
from ninefold.systems.video.store.uploads import source_find, source_lock, source_part_list

LOOK_INTERVAL_S: Final = 1.0
"""How often a reader that waits looks by itself: a notification can get lost."""

PARTS_READ_MAX: Final = 32
"""Parts that one query reads."""


class SourceEndedError(Exception):
    """No more bytes of a source will come, and some are missing: its upload or its title has ended, or it is gone."""


class SourceIdleError(Exception):
    """No bytes have come for a while."""


class SourceSignals:
    """Wakes the readers of sources of this process.

    Args:
        notifier: the notifier of the process, which doesn't run yet.
    """

    def __init__(self, notifier: Notifier) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}
        notifier.listen(SOURCE_GREW, self._on_messages)

    @contextmanager
    def watch(self, upload_id: UUID) -> Iterator[asyncio.Event]:
        """Yield an event that is set when the upload has grown or ended, and that the caller clears."""
        event, key = asyncio.Event(), str(upload_id)
        self._waiting.setdefault(key, set()).add(event)
        try:
            yield event
        finally:
            self._waiting[key].discard(event)
            if not self._waiting[key]:
                del self._waiting[key]

    def _on_messages(self, messages: Sequence[str] | None) -> None:
        keys = list(self._waiting) if messages is None else messages
        for key in keys:
            for event in self._waiting.get(key, ()):
                event.set()


class SourceReader:
    """Reads the bytes of one upload.

    Args:
        database: where the parts are listed.
        blobs: where their bytes are.
        signals: those of the process.
        upload_id: the upload.
        length: how many bytes it will have.
    """

    def __init__(
        self, database: Database, blobs: Blobs, signals: SourceSignals, *, upload_id: UUID, length: int
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._signals = signals
        self.upload_id: Final = upload_id
        self.length: Final = length

    @classmethod
    async def open(cls, database: Database, blobs: Blobs, signals: SourceSignals, upload_id: UUID) -> "SourceReader":
        """Return the reader of an upload.

        Raises:
            SourceEndedError: there is no such upload.
        """
        async with database.connection() as connection:
            progress = await source_find(connection, upload_id)
        if progress is None:
            raise SourceEndedError("The upload is gone.")
        return cls(database, blobs, signals, upload_id=upload_id, length=progress.length)

    async def progress(self) -> SourceProgress:
        """Return how far the upload has come.

        Raises:
            SourceEndedError: it is gone.
        """
        async with self._database.connection() as connection:
            progress = await source_find(connection, self.upload_id)
        if progress is None:
            raise SourceEndedError("The upload is gone.")
        return progress

    async def read(self, start: int, end: int, *, idle_s: float | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end`, in pieces of up to 2 MiB; waits for those that aren't there.

        Args:
            start: the first byte.
            end: the byte after the last one; at most `length`.
            idle_s: how long to wait for bytes; None for as long as the upload can go on.

        Raises:
            SourceEndedError: some of them will never come.
            SourceIdleError: none have come for `idle_s`.
            BlobStoreUnavailableError: the store of the bytes doesn't answer.
        """
        at, end = start, min(end, self.length)
        with self._signals.watch(self.upload_id) as grew:
            while at < end:
                parts = await self._wait_for_parts(grew, at, idle_s=idle_s)
                for part, blob in parts:
                    first = at - part.first_byte
                    async for piece in self._blobs.read(blob, start=first, end=min(end, part.end) - part.first_byte):
                        at += len(piece)
                        yield piece
                    if at >= end:
                        return

    async def _wait_for_parts(
        self, grew: asyncio.Event, at: int, *, idle_s: float | None
    ) -> Sequence[tuple[SourcePart, Blob]]:
        loop = asyncio.get_running_loop()
        idle_at = None if idle_s is None else loop.time() + idle_s
        while True:
            # Before the look, so that nothing that comes after it is missed.
            grew.clear()
            if parts := await self._parts_from(at):
                return parts
            if idle_at is not None and loop.time() >= idle_at:
                raise SourceIdleError("No bytes have come for a while.")
            left = LOOK_INTERVAL_S if idle_at is None else max(0.0, min(LOOK_INTERVAL_S, idle_at - loop.time()))
            await wait_for_any(grew, timeout_s=left)

    async def _parts_from(self, at: int) -> Sequence[tuple[SourcePart, Blob]]:
        """Return the parts from this byte on that are there, with their blobs; none if they may still come."""
        async with self._database.connection() as connection:
            progress = await source_find(connection, self.upload_id)
            if progress is None or progress.is_ended:
                raise SourceEndedError("The upload or its title has ended.")
            if progress.last_offset <= at:
                return []
            parts = await source_part_list(connection, self.upload_id, start=at, limit=PARTS_READ_MAX)
            if not parts or not parts[0].first_byte <= at < parts[0].end:
                raise SourceEndedError("The source was removed, because its time is over.")
            try:
                return [
                    (part, await get_blob(connection, part.blob_id, organisation_id=progress.organisation_id))
                    for part in parts
                ]
            except BlobNotFoundError as error:
                raise SourceEndedError("The source is being removed.") from error


async def committed_bytes(connection: Connection, upload_id: UUID) -> int:
    """Return how many bytes of a source are committed, and keep more from coming until the transaction ends.

    A task that stops because no bytes come asks this in the transaction that ends it, after it has locked the title: if
    there are more than it has read, it must go on, because those bytes have queued nothing.
    """
    return await source_lock(connection, upload_id) or 0
