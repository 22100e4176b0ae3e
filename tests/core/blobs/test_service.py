"""Uploading, keeping, reading and deleting blobs: what is stored, what is refused, and what counts."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from prometheus_client import REGISTRY

from blob_contents import CHUNK, StoredObjects, chunks, megabytes, then_fail
from ninefold.core.blobs import (
    BlobNotFoundError,
    BlobNotPendingError,
    BlobQuotaError,
    Blobs,
    BlobState,
    BlobStoreUnavailableError,
    BlobTooLargeError,
    BlobUsage,
    delete_blob,
    get_blob,
    get_usage,
    keep_blob,
    service,
)
from ninefold.core.blobs.model import Blob
from ninefold.core.blobs.objects import open_objects
from ninefold.core.errors import RequestTimeoutError
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.web.errors import ClientDisconnectedError


class Uploads:
    """Uploads of one organisation."""

    def __init__(self, database: Database, blobs: Blobs, organisation_id: UUID) -> None:
        self._database = database
        self._blobs = blobs
        self._organisation_id = organisation_id

    async def put(self, contents: bytes | AsyncIterator[bytes] = b"hello", *, size_max: int = 1_000_000) -> Blob:
        return await self._blobs.put(
            self._database,
            chunks(contents) if isinstance(contents, bytes) else contents,
            organisation_id=self._organisation_id,
            owner="test.file",
            content_type="text/plain",
            size_max=size_max,
        )

    async def keep(self, blob: Blob) -> Blob:
        async with self._database.transaction() as connection:
            return await keep_blob(connection, blob.blob_id, organisation_id=self._organisation_id)

    async def delete(self, blob: Blob) -> None:
        async with self._database.transaction() as connection:
            await delete_blob(connection, blob.blob_id, organisation_id=self._organisation_id)

    async def usage(self) -> BlobUsage:
        async with self._database.connection() as connection:
            return await get_usage(connection, organisation_id=self._organisation_id)

    async def states(self) -> list[str]:
        async with self._database.connection() as connection:
            records = await connection.fetch("SELECT state FROM blobs.blob ORDER BY blob_id")
        return [record["state"] for record in records]


@pytest.fixture
def uploads(database: Database, blobs: Blobs, organisation_id: UUID) -> Uploads:
    return Uploads(database, blobs, organisation_id)


@pytest.mark.parametrize("count", [0, 1, 20])
async def test_a_blob_has_its_size_and_its_digest(uploads: Uploads, blobs: Blobs, count: int) -> None:
    blob = await uploads.put(megabytes(count), size_max=30_000_000)

    assert (blob.state, blob.size_bytes) == (BlobState.PENDING, count * len(CHUNK))
    assert blob.sha256 == hashlib.sha256(CHUNK * count).digest()
    assert b"".join([piece async for piece in blobs.read(blob)]) == CHUNK * count


async def test_a_part_of_a_blob_is_read(uploads: Uploads, blobs: Blobs) -> None:
    blob = await uploads.put(b"0123456789")

    assert b"".join([piece async for piece in blobs.read(blob, start=2, end=5)]) == b"234"
    assert b"".join([piece async for piece in blobs.read(blob, start=8, end=99)]) == b"89"


async def test_a_blob_is_found_once_it_is_kept(uploads: Uploads, database: Database, organisation_id: UUID) -> None:
    blob = await uploads.put()
    async with database.connection() as connection:
        with pytest.raises(BlobNotFoundError):
            await get_blob(connection, blob.blob_id, organisation_id=organisation_id)

        kept = await uploads.keep(blob)

        assert kept.state is BlobState.STORED
        assert await get_blob(connection, blob.blob_id, organisation_id=organisation_id) == kept
        with pytest.raises(BlobNotFoundError):
            await get_blob(connection, blob.blob_id, organisation_id=new_id())


async def test_a_blob_is_kept_once(uploads: Uploads) -> None:
    blob = await uploads.put()
    await uploads.keep(blob)

    with pytest.raises(BlobNotPendingError):
        await uploads.keep(blob)


async def test_another_organisation_can_neither_keep_nor_delete_a_blob(
    uploads: Uploads, database: Database, blobs: Blobs
) -> None:
    blob = await uploads.put()
    other = Uploads(database, blobs, new_id())

    with pytest.raises(BlobNotPendingError):
        await other.keep(blob)
    with pytest.raises(BlobNotFoundError):
        await other.delete(blob)
    assert await uploads.states() == ["pending"]


async def test_a_blob_whose_transaction_is_rolled_back_stays_pending(
    uploads: Uploads, database: Database, organisation_id: UUID
) -> None:
    blob = await uploads.put()

    async def keep_and_fail() -> None:
        async with database.transaction() as connection:
            await keep_blob(connection, blob.blob_id, organisation_id=organisation_id)
            raise LookupError

    with pytest.raises(LookupError):
        await keep_and_fail()
    assert await uploads.states() == ["pending"]


async def test_a_deleted_blob_is_found_no_more(uploads: Uploads, database: Database, organisation_id: UUID) -> None:
    kept = await uploads.keep(await uploads.put())
    await uploads.delete(kept)

    async with database.connection() as connection:
        with pytest.raises(BlobNotFoundError):
            await get_blob(connection, kept.blob_id, organisation_id=organisation_id)
    with pytest.raises(BlobNotFoundError):
        await uploads.delete(kept)


async def test_more_bytes_than_allowed_are_refused(uploads: Uploads, stored: StoredObjects) -> None:
    assert (await uploads.put(b"12345", size_max=5)).size_bytes == 5

    with pytest.raises(BlobTooLargeError, match="more than 4 bytes"):
        await uploads.put(b"12345", size_max=4)
    with pytest.raises(BlobTooLargeError):
        await uploads.put(megabytes(30), size_max=20_000_000)

    assert await uploads.states() == ["pending", "deleted", "deleted"]
    async with asyncio.timeout(10):
        while len(await stored.keys()) > 1:
            await asyncio.sleep(0.01)


async def test_the_size_that_is_not_needed_is_given_back(uploads: Uploads) -> None:
    await uploads.put(b"12345", size_max=50_000_000)

    assert await uploads.usage() == BlobUsage(size_bytes=5, blob_count=1)


async def test_an_organisation_has_a_limit(uploads: Uploads, database: Database, blobs: Blobs) -> None:
    await uploads.put(megabytes(40), size_max=50_000_000)
    free = 50_000_000 - 40 * len(CHUNK)

    with pytest.raises(BlobQuotaError, match="no room"):
        await uploads.put(b"", size_max=free + 1)
    await uploads.put(b"", size_max=free)
    await Uploads(database, blobs, new_id()).put(b"", size_max=50_000_000)
    with pytest.raises(BlobQuotaError):
        await Uploads(database, blobs, new_id()).put(b"", size_max=50_000_001)


async def test_uploads_at_the_same_time_do_not_exceed_the_limit(uploads: Uploads) -> None:
    refused_count = 0
    are_others_refused = asyncio.Event()

    async def wait_for_others() -> AsyncIterator[bytes]:
        yield b"x"
        await are_others_refused.wait()

    async def upload() -> bool:
        nonlocal refused_count
        try:
            await uploads.put(wait_for_others(), size_max=20_000_000)
        except BlobQuotaError:
            refused_count += 1
            if refused_count == 3:
                are_others_refused.set()
            return False
        return True

    async with asyncio.timeout(10):
        outcomes = await asyncio.gather(*[upload() for _ in range(5)])

    assert sorted(outcomes) == [False, False, False, True, True]


async def test_an_upload_whose_client_disconnects_leaves_nothing(uploads: Uploads, stored: StoredObjects) -> None:
    with pytest.raises(ClientDisconnectedError):
        await uploads.put(then_fail(20, ClientDisconnectedError("The client is gone.")), size_max=40_000_000)

    assert await uploads.states() == ["deleted"]
    await stored.wait_until_empty()


async def test_an_upload_that_takes_too_long_is_stopped(
    uploads: Uploads, stored: StoredObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PUT_TIMEOUT_S", 0.2)

    async def stalled() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    with pytest.raises(RequestTimeoutError):
        await uploads.put(stalled())

    assert await uploads.states() == ["deleted"]
    await stored.wait_until_empty()


async def test_a_blob_that_is_deleted_during_its_upload_leaves_nothing(
    uploads: Uploads, database: Database, stored: StoredObjects
) -> None:
    async def contents() -> AsyncIterator[bytes]:
        yield b"x"
        # As if the sweep had taken the upload for dead.
        async with database.connection() as connection:
            await connection.execute("UPDATE blobs.blob SET state = 'deleted', deleted_at = now()")
            await connection.execute("DELETE FROM blobs.blob")

    with pytest.raises(BlobNotPendingError):
        await uploads.put(contents())

    assert await stored.keys() == []


async def test_a_store_that_fails_is_an_error_that_can_be_retried(
    database: Database, organisation_id: UUID, tmp_path: Path
) -> None:
    (tmp_path / "blobs").write_text("not a folder")
    blobs = Blobs(open_objects(None, data_dir=tmp_path), organisation_bytes_max=1_000_000)

    with pytest.raises(BlobStoreUnavailableError) as caught:
        await Uploads(database, blobs, organisation_id).put()

    assert (caught.value.http_status, caught.value.is_retryable) == (503, True)


@pytest.mark.parametrize("size_max", [-1, 64 * 1024**3 + 1])
async def test_a_limit_beyond_that_of_all_blobs_is_a_bug(uploads: Uploads, size_max: int) -> None:
    with pytest.raises(ValueError, match="must be between"):
        await uploads.put(size_max=size_max)


@pytest.mark.parametrize(
    "change",
    [
        "state = 'stored', stored_at = now()",
        "state = 'stored'",
        "state = 'deleted'",
        "deleted_at = now()",
        "uploaded_at = now()",
        "size_bytes = -1",
        "sha256 = 'short', uploaded_at = now()",
    ],
)
async def test_the_database_refuses_states_without_their_times(database: Database, change: str) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "INSERT INTO blobs.blob (blob_id, organisation_id, owner, content_type, size_bytes) "
            "VALUES (gen_random_uuid(), gen_random_uuid(), 'test.file', 'text/plain', 1)"
        )
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(f"UPDATE blobs.blob SET {change}")


async def test_uploads_are_counted_by_their_result(uploads: Uploads, blobs: Blobs) -> None:
    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"ninefold_blobs_{name}_total", labels) or 0.0

    def counts() -> list[float]:
        results = [count("puts", result=result) for result in ("stored", "refused", "failed")]
        return [*results, count("written_bytes"), count("read_bytes")]

    before = counts()
    await uploads.put(b"12345")
    with pytest.raises(BlobTooLargeError):
        await uploads.put(b"12345", size_max=1)
    with pytest.raises(LookupError):
        await uploads.put(then_fail(0, LookupError()))
    assert [len(piece) async for piece in blobs.read(await uploads.put(b"123"), start=1)] == [2]

    assert [after - earlier for after, earlier in zip(counts(), before, strict=True)] == [2, 1, 1, 8, 2]
