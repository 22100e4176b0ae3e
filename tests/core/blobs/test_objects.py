"""Stores of contents: a folder, and S3 as moto imitates it. Every test runs with both."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from blob_contents import CHUNK, StoredObjects, chunks, megabytes, then_fail
from ninefold.core.blobs import BlobContentsMissingError, BlobStoreUnavailableError
from ninefold.core.blobs.objects import PART_BYTES, PARTS_IN_FLIGHT_MAX, ObjectStore, open_objects
from ninefold.core.errors import SettingError


async def read(objects: ObjectStore, key: str, *, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in objects.read(key, start=start, end=end)])


@pytest.mark.parametrize("contents", [b"", b"x", b"x" * (PART_BYTES - 1), b"x" * PART_BYTES])
async def test_what_is_written_is_read(objects: ObjectStore, stored: StoredObjects, contents: bytes) -> None:
    await objects.write("a/b/c", chunks(contents))

    assert await read(objects, "a/b/c", start=0, end=len(contents)) == contents
    assert await stored.keys() == ["a/b/c"]


async def test_large_contents_are_written_in_parts_and_read_in_pieces(objects: ObjectStore) -> None:
    await objects.write("large", megabytes(20))

    pieces = [len(piece) async for piece in objects.read("large", start=1, end=20 * len(CHUNK))]

    assert sum(pieces) == 20 * len(CHUNK) - 1
    assert max(pieces) == 2 * len(CHUNK)


async def test_a_range_is_read(objects: ObjectStore) -> None:
    await objects.write("digits", chunks(b"01234", b"56789"))

    assert await read(objects, "digits", start=3, end=7) == b"3456"


@pytest.mark.parametrize("count", [1, 20])
async def test_nothing_is_left_if_the_source_fails(objects: ObjectStore, stored: StoredObjects, count: int) -> None:
    with pytest.raises(LookupError, match="the client is gone"):
        await objects.write("key", then_fail(count, LookupError("the client is gone")))

    await stored.wait_until_empty()


async def test_nothing_is_left_if_writing_is_cancelled(objects: ObjectStore, stored: StoredObjects) -> None:
    is_halfway = asyncio.Event()

    async def stall() -> None:
        async def contents() -> AsyncIterator[bytes]:
            async for chunk in megabytes(20):
                yield chunk
            is_halfway.set()
            await asyncio.Event().wait()

        await objects.write("key", contents())

    writing = asyncio.create_task(stall())
    async with asyncio.timeout(10):
        await is_halfway.wait()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)

    assert writing.cancelled()
    await stored.wait_until_empty()


async def test_deleting_twice_changes_nothing(objects: ObjectStore, stored: StoredObjects) -> None:
    await objects.write("one", chunks(b"1"))
    await objects.write("two", chunks(b"2"))

    await objects.delete("one")
    await objects.delete("one")

    assert await stored.keys() == ["two"]


async def test_contents_that_somebody_removed_are_an_error(objects: ObjectStore) -> None:
    with pytest.raises(BlobContentsMissingError, match="no object gone"):
        await read(objects, "gone", start=0, end=1)


async def test_a_store_can_be_probed(objects: ObjectStore) -> None:
    await objects.probe()


async def test_a_source_is_never_read_far_ahead_of_the_disk(tmp_path: Path) -> None:
    objects = open_objects(None, data_dir=tmp_path)
    ahead = []

    def written_bytes() -> int:
        return sum(part.stat().st_size for part in tmp_path.rglob("key#*"))

    async def contents() -> AsyncIterator[bytes]:
        read_bytes = 0
        async for chunk in megabytes(100):
            ahead.append(read_bytes - written_bytes())
            read_bytes += len(chunk)
            yield chunk

    await objects.write("key", contents())

    # The part that is being collected, those in flight, and the one that was read first.
    assert PART_BYTES < max(ahead) <= PART_BYTES * (PARTS_IN_FLIGHT_MAX + 2)


async def test_parts_that_a_killed_upload_has_left_are_deleted_with_the_object(tmp_path: Path) -> None:
    objects = open_objects(None, data_dir=tmp_path)
    await objects.write("a/key", chunks(b"1"))
    for name in ("key#1", "key#12", "key2"):
        tmp_path.joinpath("blobs", "a", name).write_bytes(b"part")

    await objects.delete("a/key")

    assert await StoredObjects(objects).keys() == ["a/key2"]


async def test_the_folder_is_only_created_with_the_first_object_and_is_private(tmp_path: Path) -> None:
    objects = open_objects(None, data_dir=tmp_path)
    assert not (tmp_path / "blobs").exists()

    await objects.write("key", chunks(b"1"))

    assert (tmp_path / "blobs").stat().st_mode & 0o077 == 0


async def test_what_is_written_is_on_the_disk_with_its_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink()))

    await open_objects(None, data_dir=tmp_path).write("a/b/key", chunks(b"1"))

    folder = tmp_path / "blobs"
    assert synced == [folder / "a/b/key", folder / "a/b", folder / "a", folder]


@pytest.mark.usefixtures("s3_environment")
async def test_a_bucket_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    objects = open_objects("s3://nobody-has-this", data_dir=tmp_path)

    with pytest.raises(BlobStoreUnavailableError, match="s3://nobody-has-this can't be used"):
        await objects.probe()
    with pytest.raises(BlobStoreUnavailableError):
        await objects.write("key", chunks(b"1"))


async def test_errors_and_logs_have_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "someone")
    monkeypatch.setenv("AZURE_STORAGE_SAS_KEY", "sv=2022&sig=a-secret-signature")
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
    objects = open_objects("az://container", data_dir=tmp_path)

    with capture_logs() as logs, pytest.raises(BlobStoreUnavailableError) as caught:
        await objects.probe()

    assert "az://container can't be used" in str(caught.value)
    assert caught.value.__suppress_context__
    assert "a-secret" not in f"{caught.value} {logs} {caplog.text}"


@pytest.mark.parametrize(
    "url",
    [
        "s3://key:secret@bucket",
        "s3://bucket?access_key_id=secret",
        "s3://",
        "bucket",
        "ftp://secret/blobs",
        "file://host/folder",
        "https://secret.example/blobs",
        "memory://",
        "/folder",
    ],
)
def test_another_address_stops_the_start_without_being_shown(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingError, match=r"NINEFOLD_BLOBS_URL .*s3://bucket/prefix") as caught:
        open_objects(url, data_dir=tmp_path)

    assert "secret" not in str(caught.value)


def test_a_missing_variable_of_the_cloud_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Account must be specified"):
        open_objects("az://container", data_dir=tmp_path)


def test_addresses_of_every_cloud_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "someone")

    names = [
        open_objects(url, data_dir=tmp_path).name for url in ("s3://b/p", "gs://b", "az://c/p/q", "file:///mnt/a%20b")
    ]

    assert names == ["s3://b/p", "gs://b", "az://c/p/q", "/mnt/a b"]
