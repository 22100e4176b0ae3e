"""Downloads over HTTP: whole, in ranges, with validators, and after a failure of the store."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest
from litestar import Litestar, Request, Response, get

from blob_contents import CHUNK, StoredObjects, chunks, megabytes
from ninefold.core.blobs import Blob, Blobs, download
from ninefold.core.blobs.objects import ObjectStore
from ninefold.core.postgres.database import Database


async def put(database: Database, blobs: Blobs, contents: AsyncIterator[bytes], organisation_id: UUID) -> Blob:
    return await blobs.put(
        database,
        contents,
        organisation_id=organisation_id,
        owner="test.file",
        content_type="text/html",
        size_max=10_000_000,
    )


def client_of(blobs: Blobs, blob: Blob) -> httpx.AsyncClient:
    """Return a client of an application that has this blob at `/`."""

    @get("/")
    async def get_file(request: Request[object, object, object]) -> Response[object]:  # type: ignore[type-var]
        return await download(blobs, blob, request, file_name="Größe/a.html")

    transport = httpx.ASGITransport(Litestar([get_file]))  # type: ignore[arg-type]  # Litestar's scope is narrower.
    return httpx.AsyncClient(transport=transport, base_url="http://files.test")


@pytest.fixture
async def blob(database: Database, blobs: Blobs, organisation_id: UUID) -> Blob:
    return await put(database, blobs, chunks(b"0123456789"), organisation_id)


@pytest.fixture
async def client(blobs: Blobs, blob: Blob) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(blobs, blob) as client:
        yield client


async def test_a_blob_is_sent_as_a_file_that_no_browser_runs(client: httpx.AsyncClient, blob: Blob) -> None:
    response = await client.get("/")

    assert (response.status_code, response.content) == (200, b"0123456789")
    assert response.headers["content-length"] == "10"
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%2Fa.html"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["etag"] == f'"{blob.sha256.hex()}"'
    assert response.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "content_range", "content"),
    [
        ("bytes=2-4", "bytes 2-4/10", b"234"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-1", "bytes 9-9/10", b"9"),
    ],
)
async def test_a_range_is_sent(client: httpx.AsyncClient, asked: str, content_range: str, content: bytes) -> None:
    response = await client.get("/", headers={"range": asked})

    assert (response.status_code, response.content) == (206, content)
    assert response.headers["content-range"] == content_range
    assert response.headers["content-length"] == str(len(content))


async def test_a_range_beyond_the_end_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/", headers={"range": "bytes=10-"})

    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["content-range"] == "bytes */10"


async def test_what_a_client_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/")).headers["etag"]

    for header in (etag, f'"other", W/{etag}', "*"):
        response = await client.get("/", headers={"if-none-match": header})
        assert (response.status_code, response.content) == (304, b"")
    assert (await client.get("/", headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_range_of_another_blob_becomes_the_whole(client: httpx.AsyncClient) -> None:
    etag = (await client.get("/")).headers["etag"]

    assert (await client.get("/", headers={"range": "bytes=0-0", "if-range": etag})).status_code == 206
    assert (await client.get("/", headers={"range": "bytes=0-0", "if-range": '"other"'})).status_code == 200


@pytest.mark.parametrize("count", [0, 9])
async def test_empty_and_large_blobs_are_sent(
    database: Database, blobs: Blobs, organisation_id: UUID, count: int
) -> None:
    blob = await put(database, blobs, megabytes(count), organisation_id)

    async with client_of(blobs, blob) as client:
        assert (await client.get("/")).content == CHUNK * count


async def test_contents_that_are_missing_are_an_error_before_the_first_byte(
    blobs: Blobs, blob: Blob, objects: ObjectStore, stored: StoredObjects
) -> None:
    (key,) = await stored.keys()
    await objects.delete(key)

    async with client_of(blobs, blob) as client:
        assert (await client.get("/")).status_code == 500
