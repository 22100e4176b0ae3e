"""Blobs: files and other large contents of systems, in a folder or in the bucket of a cloud. Each has a row.

    blob = await context.blobs.put(                                          # no transaction is open
        context.database, request.stream(), organisation_id=…, owner="shop.photo", content_type="image/png", size_max=…
    )
    async with context.database.transaction() as connection:
        await keep_blob(connection, blob.blob_id, organisation_id=…)         # with the row that names it
        await insert_photo(connection, blob_id=blob.blob_id, …)

    blob = await get_blob(connection, photo.blob_id, organisation_id=…)
    return await download(context.blobs, blob, request, file_name="photo.png")

    await delete_blob(connection, photo.blob_id, organisation_id=…)          # with the row that named it

docs/blobs.md says what holds if a process is killed in between.
"""

from ninefold.core.blobs.downloads import download
from ninefold.core.blobs.errors import (
    BlobContentsMissingError,
    BlobNotFoundError,
    BlobNotPendingError,
    BlobQuotaError,
    BlobStoreUnavailableError,
    BlobTooLargeError,
)
from ninefold.core.blobs.model import BLOB_BYTES_MAX, BLOB_PREFIX, Blob, BlobState, BlobUsage
from ninefold.core.blobs.service import Blobs, delete_blob, get_blob, get_usage, keep_blob
from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="blobs", package=__name__)

__all__ = [
    "BLOB_BYTES_MAX",
    "BLOB_PREFIX",
    "MIGRATIONS",
    "Blob",
    "BlobContentsMissingError",
    "BlobNotFoundError",
    "BlobNotPendingError",
    "BlobQuotaError",
    "BlobState",
    "BlobStoreUnavailableError",
    "BlobTooLargeError",
    "BlobUsage",
    "Blobs",
    "delete_blob",
    "download",
    "get_blob",
    "get_usage",
    "keep_blob",
]
