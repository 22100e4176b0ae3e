"""Contents for blobs, and a look into their store."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import boto3
import obstore

from ninefold.core.blobs.objects import ObjectStore

BUCKET: Final = "blobs"

CHUNK: Final = bytes(range(256)) * 4_096
"""1 MiB."""


async def chunks(*contents: bytes) -> AsyncIterator[bytes]:
    """Yield these chunks."""
    for each in contents:
        yield each


async def megabytes(count: int) -> AsyncIterator[bytes]:
    """Yield so many chunks of 1 MiB."""
    for _ in range(count):
        yield CHUNK


async def then_fail(count: int, error: Exception) -> AsyncIterator[bytes]:
    """Yield chunks of 1 MiB, and then fail as a client that disconnects."""
    async for chunk in megabytes(count):
        yield chunk
    raise error


class StoredObjects:
    """What is in a store, past all of Ninefold's code."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def keys(self) -> list[str]:
        """Return the keys of all objects; of a folder, also the files that hold a part of an upload."""
        folder = self._objects.folder
        if folder is not None:
            return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
        batches = [batch async for batch in obstore.list(self._objects._store)]
        return sorted(each["path"] for batch in batches for each in batch)

    async def wait_until_empty(self, *, timeout_s: float = 10.0) -> None:
        """Wait until there is nothing: what an upload that was stopped has written is removed in the background."""
        async with asyncio.timeout(timeout_s):
            while await self.keys():
                await asyncio.sleep(0.01)


def create_bucket(s3_address: str) -> None:
    """Create the bucket of the tests, unless it exists; credentials are in the environment."""
    client = boto3.client("s3", endpoint_url=s3_address, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    client.close()
