"""Where the contents of blobs are: a folder of this machine, or a bucket of S3, Google Cloud Storage or Azure.

This module knows keys and bytes, and no rows. It is the only one that knows obstore.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, S3Store, from_url

from ninefold.core.blobs.errors import BlobContentsMissingError, BlobStoreUnavailableError
from ninefold.core.errors import SettingError

PART_BYTES: Final = 8 * 1024**2
"""Smaller contents are written with one request, larger ones in parts of this size."""

PARTS_IN_FLIGHT_MAX: Final = 2
"""Parts of one upload that are sent at the same time, and so in memory."""

READ_BYTES_MAX: Final = 2 * 1024**2
"""What one request reads. A slow client so needs little memory, and no open request."""

SETTING: Final = "NINEFOLD_BLOBS_URL"

_Store: TypeAlias = LocalStore | S3Store | GCSStore | AzureStore

_CLOUD_SCHEMES: Final = frozenset({"s3", "gs", "az"})
_RETRIES_MAX: Final = 3
_RETRY_TIMEOUT: Final = timedelta(seconds=30)
_QUERY: Final = re.compile(r"\?\S*")
_MESSAGE_LENGTH_MAX: Final = 300


class ObjectStore:
    """Reads and writes contents by their keys.

    Args:
        store: obstore's; None for a folder.
        folder: the folder; None for a cloud. It is created with the first object.
        name: what messages call it; has no secrets.
    """

    def __init__(self, store: _Store | None, *, folder: Path | None, name: str) -> None:
        self.folder: Final = folder
        self.name: Final = name
        self._given = store

    async def write(self, key: str, contents: AsyncIterator[bytes]) -> None:
        """Write an object. It is there as a whole, or not at all, also after a crash or a power cut.

        Raises:
            BlobStoreUnavailableError: the store doesn't answer, or refuses. An OSError of `contents` counts as one of
                the store; other errors of it pass.
        """
        head = b"".join([chunk async for chunk in _until(PART_BYTES, contents)])
        with self._errors():
            if len(head) < PART_BYTES:
                await obstore.put_async(self._store, key, head, use_multipart=False)
            else:
                await obstore.put_async(
                    self._store,
                    key,
                    _chained(head, contents),
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_IN_FLIGHT_MAX,
                )
            if self.folder is not None:
                await asyncio.to_thread(_sync, self.folder, key)

    async def read(self, key: str, *, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` to before `end`, in pieces of up to 2 MiB.

        Raises:
            BlobContentsMissingError: there is no such object.
            BlobStoreUnavailableError: the store doesn't answer, or refuses.
        """
        for at in range(start, end, READ_BYTES_MAX):
            with self._errors():
                try:
                    piece = await obstore.get_range_async(self._store, key, start=at, end=min(at + READ_BYTES_MAX, end))
                except FileNotFoundError:
                    raise self._missing(key) from None
            yield bytes(piece)

    async def delete(self, key: str) -> None:
        """Delete an object, and in a folder also what an upload of it has left; it need not exist.

        Raises:
            BlobStoreUnavailableError: the store doesn't answer, or refuses.
        """
        with self._errors():
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, key)
            if self.folder is not None:
                await asyncio.to_thread(_delete_parts, self.folder / key)

    async def probe(self) -> None:
        """Find out whether the store answers and accepts the credentials, without changing anything.

        Raises:
            BlobStoreUnavailableError: it doesn't.
        """
        with self._errors():
            async for _ in obstore.list(self._store, chunk_size=1):
                return

    @cached_property
    def _store(self) -> _Store:
        if self._given is not None:
            return self._given
        assert self.folder is not None, "a store is a cloud's or a folder"
        # Only this user can read it, as PostgreSQL's folder.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(self.folder)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise the errors of obstore as ours, without what could be secret: its own have URLs with their queries."""
        try:
            yield
        except (BaseError, OSError) as error:
            raise BlobStoreUnavailableError(
                f"{self.name} can't be used: {_short(error)}.",
                remedy="Try again; if this persists, run `ninefold doctor`.",
            ) from None

    def _missing(self, key: str) -> BlobContentsMissingError:
        return BlobContentsMissingError(
            f"{self.name} has no object {key}, although a blob is stored there.",
            remedy="Restore it from a backup. Only Ninefold may delete objects there.",
        )


def open_objects(url: str | None, *, data_dir: Path) -> ObjectStore:
    """Return the store that a setting names; nothing is created or sent yet.

    Credentials of a cloud come from its usual environment variables, or from the machine.

    Args:
        url: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix` or `file:///folder`; by default, the
            folder `blobs` of the data folder.
        data_dir: the data folder.

    Raises:
        SettingError: the URL has another form, or a variable that the cloud needs is missing.
    """
    if url is None:
        return _in_folder(data_dir / "blobs")
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise _wrong_url("has credentials or parameters, which don't belong into it")
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return _in_folder(Path(unquote(parts.path)))
    if parts.scheme not in _CLOUD_SCHEMES or not parts.netloc:
        raise _wrong_url("isn't the address of a bucket or a folder")
    return ObjectStore(_in_cloud(url), folder=None, name=f"{parts.scheme}://{parts.netloc}{parts.path}")


def _in_folder(folder: Path) -> ObjectStore:
    return ObjectStore(None, folder=folder, name=str(folder))


def _in_cloud(url: str) -> _Store:
    try:
        # With client options of our own, obstore would ignore those in the environment, such as AWS_ALLOW_HTTP.
        store = from_url(url, retry_config={"max_retries": _RETRIES_MAX, "retry_timeout": _RETRY_TIMEOUT})
    except (BaseError, ValueError) as error:
        raise _wrong_url(f"can't be used: {_short(error)}") from None
    assert isinstance(store, S3Store | GCSStore | AzureStore), "other schemes are refused"
    return store


def _wrong_url(what: str) -> SettingError:
    return SettingError(
        f"{SETTING} {what}.",
        field=SETTING,
        remedy="Write it as s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder. "
        "Credentials come from the cloud's own environment variables; docs/blobs.md lists them.",
    )


def _short(error: Exception) -> str:
    """Return the first line of a message, without the queries of URLs: Azure's can have a signature."""
    lines = str(error).strip().splitlines()
    text = _QUERY.sub("?…", lines[0]) if lines else type(error).__name__
    return text[:_MESSAGE_LENGTH_MAX].rstrip(". ")


async def _until(size: int, contents: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks until they are this long together, or all of them if they are shorter."""
    total = 0
    while total < size:
        try:
            chunk = await anext(contents)
        except StopAsyncIteration:
            return
        total += len(chunk)
        yield chunk


async def _chained(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk


def _sync(folder: Path, key: str) -> None:
    """Have the kernel write an object, and the folders that lead to it, to the disk. obstore doesn't."""
    path = folder / key
    for each in (path, *[parent for parent in path.parents if parent == folder or folder in parent.parents]):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _delete_parts(path: Path) -> None:
    """Delete the files in which obstore collects an upload: the object's name, `#` and a number."""
    for part in path.parent.glob(f"{path.name}#*"):
        part.unlink(missing_ok=True)
