"""Checks at the start that a process has all keys, seals what isn't sealed yet, and replaces keys.

A key is replaced in three steps: it becomes an earlier one, everything is sealed again with the new one, and it is
removed. Each step can be repeated after it was interrupted.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec
import structlog

from ninefold.core.errors import ConflictError, SettingError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.secrets import store
from ninefold.core.secrets.columns import (
    SealedColumn,
    count_by_key,
    list_not_sealed_with,
    list_sealed_with,
    remove_old_versions,
    replace_sealed,
    seal_plain,
)
from ninefold.core.secrets.errors import SealError
from ninefold.core.secrets.sealer import Sealer, missing_keys

LOCKED_ROWS_WAIT_S: Final = 0.2
LOCKED_ROWS_TRIES_MAX: Final = 50
"""How often rows that others have locked are tried again."""

_FIRST: Final = UUID(int=0)

log = structlog.get_logger(__name__)

OnProgress = Callable[[SealedColumn, int], None]


class KeyUse(msgspec.Struct, frozen=True, kw_only=True):
    """A key, and how many values are sealed with it."""

    key_id: bytes | None
    """None for values of version 0.1, which don't name their key."""
    state: Literal["current", "earlier", "missing"]
    values: int


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """What the rotation of a key has done."""

    key_id: bytes
    is_new: bool
    """Whether it was made. Otherwise an interrupted rotation was completed, or the key is that of the settings."""
    sealed_again: int
    broken: Sequence[str]
    """What can't be opened although its key is there, and so was left as it is."""


class KeyInUseError(ConflictError):
    """Something is still sealed with a key that is to be removed."""

    code = "secrets_key_in_use"
    title = "A key for secrets is in use"


async def prepare_secrets(database: Database, sealer: Sealer, columns: Sequence[SealedColumn]) -> None:
    """Check that this process has every key, and seal what earlier versions have kept as it is.

    Several processes can call this at the same time: one does the work, and the others wait for it.

    Raises:
        SecretsKeyMissingError: secrets are sealed with a key that this process doesn't have.
        SettingError: the file of the keys can't be used.
    """
    async with database.transaction() as connection:
        await store.known_key_lock(connection)
        needed = await _needed_keys(connection, columns)
        _require_keys(sealer, needed)
        await store.known_key_insert(connection, key_id=sealer.keyring().current.key_id)
        changed = [
            column
            for column in columns
            if column.plain_column is not None and await seal_plain(connection, column, sealer)
        ]
    for column in changed:
        # PostgreSQL keeps earlier versions of rows in its files until it uses the space for others.
        async with database.connection() as connection:
            await remove_old_versions(connection, column)
        log.info("secrets.sealed", table=column.table)


async def find_missing_keys(
    connection: Connection, sealer: Sealer, columns: Sequence[SealedColumn]
) -> Collection[bytes]:
    """Return the ids of keys that secrets are sealed with and that this process doesn't have.

    Raises:
        SettingError: the file of the keys can't be used.
    """
    needed = await _needed_keys(connection, columns)
    return _missing(sealer, needed)


async def count_values(connection: Connection, columns: Sequence[SealedColumn]) -> Mapping[bytes | None, int]:
    """Count the sealed values of all columns by the id of their key."""
    counts: dict[bytes | None, int] = {}
    for column in columns:
        for key_id, count in (await count_by_key(connection, column)).items():
            counts[key_id] = counts.get(key_id, 0) + count
    return counts


async def list_key_uses(connection: Connection, sealer: Sealer, columns: Sequence[SealedColumn]) -> Sequence[KeyUse]:
    """Return the keys of this process and those that secrets are sealed with, the current one first.

    Raises:
        SettingError: the file of the keys can't be used.
    """
    counts = await count_values(connection, columns)
    keyring = None if sealer.file is not None and not sealer.file.exists() else sealer.keyring()
    own = [] if keyring is None else list(keyring.by_id)
    others = [key_id for key_id in {*counts, *await store.known_key_list(connection)} if key_id not in own]
    return [
        KeyUse(key_id=key_id, state=_state(key_id, own), values=counts.get(key_id, 0)) for key_id in [*own, *others]
    ]


async def rotate_key(
    database: Database, sealer: Sealer, columns: Sequence[SealedColumn], *, on_progress: OnProgress
) -> Rotation:
    """Seal everything with a new key: one that is made in the file of the keys, or the first one of the settings.

    An interrupted rotation is completed without another key. Other processes can go on meanwhile: they read both keys
    from the file, or have both in their settings.

    Args:
        database: where the secrets are.
        sealer: has the keys.
        columns: all columns with sealed values.
        on_progress: called after each batch with the column and the number of values sealed so far.

    Raises:
        SecretsKeyMissingError: secrets are sealed with a key that this process doesn't have.
        SettingError: the settings have no new key, or the file of the keys can't be changed.
    """
    await prepare_secrets(database, sealer, columns)
    async with database.transaction() as connection:
        await store.known_key_lock(connection)
        is_begun = len(sealer.keyring().keys) > 1 and await _count_earlier(connection, sealer, columns) > 0
        if not is_begun:
            _make_key(sealer)
        key_id = sealer.keyring().current.key_id
        await store.known_key_insert(connection, key_id=key_id)
    sealed_again, broken = 0, list[str]()
    for column in columns:
        count, unreadable = await _seal_again(database, sealer, column, on_progress=on_progress)
        sealed_again += count
        broken += unreadable
    async with database.transaction() as connection:
        await store.known_key_lock(connection)
        counts = await count_values(connection, columns)
        unused = await store.known_key_list(connection) - {key_id, *counts}
        await store.known_key_delete(connection, key_ids=unused)
    return Rotation(
        key_id=key_id, is_new=not is_begun and sealer.file is not None, sealed_again=sealed_again, broken=broken
    )


async def remove_earlier_keys(database: Database, sealer: Sealer, columns: Sequence[SealedColumn]) -> int:
    """Remove the earlier keys from the file of the keys; return how many there were.

    Raises:
        KeyInUseError: something is sealed with one of them.
        SettingError: the keys are in the settings, or the file can't be changed.
    """
    file = sealer.file
    if file is None:
        raise SettingError(
            "The keys are in NINEFOLD_SECRETS_KEY.",
            field="NINEFOLD_SECRETS_KEY",
            remedy="Leave only the first one there, for every process, and restart them.",
        )
    async with database.transaction() as connection:
        await store.known_key_lock(connection)
        if count := await _count_earlier(connection, sealer, columns):
            raise KeyInUseError(
                f"{count:,} secrets are sealed with an earlier key.", remedy="Run `ninefold secrets rotate-key` first."
            )
        earlier = [key.key_id for key in file.read().keys[1:]]
        await store.known_key_delete(connection, key_ids=earlier)
        file.keep_current()
    return len(earlier)


async def forget_lost_keys(
    database: Database, sealer: Sealer, columns: Sequence[SealedColumn]
) -> Mapping[str, Sequence[UUID]]:
    """Replace or delete what is sealed with keys that this process doesn't have; it can't be read any more.

    Returns:
        The ids of the rows, by table.

    Raises:
        SettingError: the file of the keys can't be used.
    """
    lost: dict[str, Sequence[UUID]] = {}
    async with database.transaction() as connection:
        await store.known_key_lock(connection)
        missing = _missing(sealer, await _needed_keys(connection, columns))
        for column in columns:
            row_ids = await list_sealed_with(connection, column, key_ids=list(missing))
            if row_ids:
                await column.on_loss(connection, sealer, row_ids)
                lost[column.table] = row_ids
        await store.known_key_delete(connection, key_ids=missing)
        await store.known_key_insert(connection, key_id=sealer.keyring().current.key_id)
    return lost


def _make_key(sealer: Sealer) -> None:
    if sealer.file is not None:
        sealer.file.add()
    elif len(sealer.keyring().keys) == 1:
        raise SettingError(
            "NINEFOLD_SECRETS_KEY has no other key than the one that everything is sealed with.",
            field="NINEFOLD_SECRETS_KEY",
            remedy="Make one with `openssl rand -base64 32`. Add it after the current one, separated by a "
            "comma, and restart every process. Then put it first, restart them again, and repeat this command.",
        )


async def _seal_again(
    database: Database, sealer: Sealer, column: SealedColumn, *, on_progress: OnProgress
) -> tuple[int, Sequence[str]]:
    """Seal the values of a column with the current key; return how many, and what can't be opened."""
    key_id = sealer.keyring().current.key_id
    count = 0
    for _ in range(LOCKED_ROWS_TRIES_MAX):
        broken: list[str] = []
        after, is_complete = _FIRST, False
        while not is_complete:
            async with database.transaction() as connection:
                rows = await list_not_sealed_with(connection, column, key_id=key_id, after=after)
                values = []
                for row_id, sealed in rows:
                    purpose = column.purpose(row_id)
                    try:
                        content = sealer.open_bytes(sealed, purpose=purpose)
                    except SealError:
                        broken.append(purpose)
                    else:
                        values.append((row_id, sealer.seal_bytes(content, purpose=purpose)))
                await replace_sealed(connection, column, values)
            is_complete = not rows
            if rows:
                after = rows[-1][0]
                count += len(values)
                on_progress(column, count)
        async with database.connection() as connection:
            counts = await count_by_key(connection, column)
        if sum(counts.values()) - counts.get(key_id, 0) <= len(broken):
            return count, broken
        # Others have locked rows, or have just inserted some with the earlier key.
        await asyncio.sleep(LOCKED_ROWS_WAIT_S)
    raise KeyInUseError(
        f"Some {column.title} are locked, or are still sealed with an earlier key by another process.",
        remedy="Check that every process has the new key first, then run `ninefold secrets rotate-key` again.",
    )


async def _needed_keys(connection: Connection, columns: Sequence[SealedColumn]) -> set[bytes]:
    used = {key_id for column in columns for key_id in await count_by_key(connection, column)}
    return {key_id for key_id in used | await store.known_key_list(connection) if key_id is not None}


def _require_keys(sealer: Sealer, needed: Collection[bytes]) -> None:
    if missing := _missing(sealer, needed):
        raise missing_keys(missing)


def _missing(sealer: Sealer, needed: Collection[bytes]) -> Collection[bytes]:
    if needed and sealer.file is not None and not sealer.file.exists():
        # A new key would be of no use, and would hide that the file is missing.
        return needed
    return set(needed) - set(sealer.keyring().by_id)


async def _count_earlier(connection: Connection, sealer: Sealer, columns: Sequence[SealedColumn]) -> int:
    counts = await count_values(connection, columns)
    return sum(counts.values()) - counts.get(sealer.keyring().current.key_id, 0)


def _state(key_id: bytes | None, own: Sequence[bytes]) -> Literal["current", "earlier", "missing"]:
    if key_id is None:
        return "earlier"
    if key_id not in own:
        return "missing"
    return "current" if key_id == own[0] else "earlier"
