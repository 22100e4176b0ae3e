"""Caches of repositories: each is of one branch, and found from it and from the branches that go out from it."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import InvalidResultError, ResultNotFoundError
from ninefold.systems.workflows.model.repositories import BRANCHES
from ninefold.systems.workflows.model.results import CacheEntry, JobCaller, ResultState, Upload
from ninefold.systems.workflows.service.results.uploads import begin_upload, get_upload
from ninefold.systems.workflows.store import caches as store
from ninefold.systems.workflows.store.uploads import upload_delete

KEY_LENGTH_MAX: Final = 512
KEYS_MAX: Final = 10
"""Of a request to find one, as in the official client."""

ENTRIES_MAX: Final = 10_000
"""Of a repository."""


async def create_cache(
    connection: Connection, caller: JobCaller, *, key: str, version: str, bytes_max: int, at: datetime
) -> Upload | None:
    """Create a cache that is being uploaded; return its contents, or None if there is one. Call it in a transaction.

    Raises:
        InvalidResultError: it can't have this key or this version.
    """
    _check_key(key)
    _check_version(version)
    earlier = await store.cache_entry_find(
        connection, repository_id=caller.repository_id, scope=caller.ref, key=key, version=version
    )
    if earlier is not None:
        upload = await _upload_of(connection, earlier)
        if earlier.state == ResultState.READY or (upload is not None and upload.job_id != caller.job_id):
            return None
        await delete_caches(connection, [earlier.cache_entry_id], at=at)
    upload = await begin_upload(connection, caller, bytes_max=bytes_max, at=at)
    is_new = await store.cache_entry_insert(
        connection,
        cache_entry_id=new_id(),
        organisation_id=caller.organisation_id,
        repository_id=caller.repository_id,
        scope=caller.ref,
        key=key,
        version=version,
        upload_id=upload.upload_id,
        created_at=at,
    )
    if is_new:
        return upload
    await upload_delete(connection, upload_ids=[upload.upload_id], deleted_at=at)
    return None


async def finish_cache(
    connection: Connection,
    caller: JobCaller,
    *,
    key: str,
    version: str,
    size: int,
    repository_bytes_max: int,
    at: datetime,
) -> CacheEntry:
    """Say that a cache is whole, and delete others so that the repository keeps its limit; call it in a transaction.

    Raises:
        ResultNotFoundError: there is none that is being uploaded.
        InvalidResultError: its contents aren't there, or have another size.
    """
    entry = await store.cache_entry_find(
        connection, repository_id=caller.repository_id, scope=caller.ref, key=key, version=version
    )
    upload = None if entry is None else await _upload_of(connection, entry)
    if entry is None or upload is None or upload.job_id != caller.job_id:
        raise ResultNotFoundError("There is no such cache that is being uploaded.", remedy="Create it first.")
    if upload.size_bytes is None or upload.size_bytes != size:
        raise InvalidResultError(
            f"The contents of the cache have {upload.size_bytes or 0:,} bytes, and not {size:,}.",
            remedy="Upload them again.",
        )
    await store.cache_entry_set_ready(connection, cache_entry_id=entry.cache_entry_id, size_bytes=size, ready_at=at)
    await _evict(connection, entry, repository_bytes_max=repository_bytes_max, at=at)
    return entry


async def find_cache(
    connection: Connection, caller: JobCaller, *, key: str, restore_keys: Sequence[str], version: str, at: datetime
) -> CacheEntry | None:
    """Return the cache that fits best, and say that it was used; None if there is none. Call it in a transaction.

    In the job's own branch, then in the default one: that with the key, then the newest whose key begins so, then the
    newest for each of the other beginnings.

    Raises:
        InvalidResultError: there are too many keys, or one is too long.
    """
    keys = [key, *restore_keys]
    if len(keys) > KEYS_MAX:
        raise InvalidResultError(f"There are {len(keys)} keys.", field="restore_keys", remedy=f"Send {KEYS_MAX}.")
    for each in keys:
        _check_key(each)
    _check_version(version)
    for scope in _scopes(caller):
        found = await _find_in(connection, caller, scope, keys=keys, version=version)
        if found is not None:
            await store.cache_entry_use(connection, cache_entry_id=found.cache_entry_id, at=at)
            return found
    return None


async def delete_caches(connection: Connection, cache_entry_ids: Sequence[UUID], *, at: datetime) -> None:
    """Delete caches; a job removes their contents. Call it in a transaction."""
    upload_ids = await store.cache_entry_delete(connection, cache_entry_ids=cache_entry_ids)
    await upload_delete(connection, upload_ids=upload_ids, deleted_at=at)


def _scopes(caller: JobCaller) -> Iterator[str]:
    yield caller.ref
    default = f"{BRANCHES}{caller.default_branch}"
    if default != caller.ref:
        yield default


async def _find_in(
    connection: Connection, caller: JobCaller, scope: str, *, keys: Sequence[str], version: str
) -> CacheEntry | None:
    repository_id = caller.repository_id
    exact = await store.cache_entry_find(
        connection, repository_id=repository_id, scope=scope, key=keys[0], version=version
    )
    if exact is not None and exact.state == ResultState.READY:
        return exact
    for prefix in keys:
        found = await store.cache_entry_match(
            connection, repository_id=repository_id, scope=scope, version=version, prefix=prefix
        )
        if found is not None:
            return found
    return None


async def _evict(connection: Connection, kept: CacheEntry, *, repository_bytes_max: int, at: datetime) -> None:
    total = await store.cache_entry_sum(connection, repository_id=kept.repository_id)
    listed = await store.cache_entry_list_of_repository(connection, repository_id=kept.repository_id, limit=ENTRIES_MAX)
    evicted: list[UUID] = []
    for cache_entry_id, size in listed:
        if total <= repository_bytes_max and len(listed) - len(evicted) < ENTRIES_MAX:
            break
        if cache_entry_id != kept.cache_entry_id:
            evicted.append(cache_entry_id)
            total -= size
    await delete_caches(connection, evicted, at=at)


async def _upload_of(connection: Connection, entry: CacheEntry) -> Upload | None:
    try:
        return await get_upload(connection, entry.upload_id)
    except ResultNotFoundError:
        return None


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= KEY_LENGTH_MAX or "," in key or "\0" in key:
        raise InvalidResultError(
            "A key of a cache has 1 to 512 characters, without commas.", field="key", remedy="Use another key."
        )


def _check_version(version: str) -> None:
    if not 1 <= len(version) <= KEY_LENGTH_MAX or "\0" in version:
        raise InvalidResultError("A version has 1 to 512 characters.", field="version", remedy="Send another one.")
