"""The queries of schema `live`, one typed function each."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import UUID

from ninefold.core.live.model import Entry, Position
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries

_queries = load_queries(__package__)

_WATCHED_LOCK_KEY: Final = 0x6C697665_77617463  # "livewatc" in ASCII


class Member(NamedTuple):
    """A client that has subscribed to a channel."""

    channel: str
    client_id: UUID
    user_id: str


async def database_identify(connection: Connection) -> str:
    """Return what is different for each database cluster, and after each restoration to an earlier time."""
    return str(await _queries.database_identify(connection))


async def member_delete(connection: Connection, *, members: Sequence[Member]) -> set[str]:
    """Delete clients that have left; return the channels that have changed."""
    records = _queries.member_delete(
        connection,
        channels=[member.channel for member in members],
        client_ids=[member.client_id for member in members],
    )
    return {record["channel"] async for record in records}


async def member_insert(connection: Connection, *, server_id: UUID, members: Sequence[Member]) -> None:
    """Add clients of a server that have joined."""
    await _queries.member_insert(
        connection,
        server_id=server_id,
        channels=[member.channel for member in members],
        client_ids=[member.client_id for member in members],
        user_ids=[member.user_id for member in members],
    )


async def member_list(connection: Connection, *, channels: Sequence[str], limit: int) -> list[Member]:
    """List the clients in these channels, oldest first, up to a limit for each channel."""
    return [Member(**record) async for record in _queries.member_list(connection, channels=channels, limit=limit)]


async def server_delete(connection: Connection, *, server_id: UUID) -> set[str]:
    """Delete a server and its clients; return the channels that have changed."""
    return {record["channel"] async for record in _queries.server_delete(connection, server_id=server_id)}


async def server_delete_expired(connection: Connection, *, expiry: timedelta) -> set[str]:
    """Delete the servers that haven't been seen for a while, and their clients; return the channels that changed."""
    return {record["channel"] async for record in _queries.server_delete_expired(connection, expiry=expiry)}


async def server_extend(connection: Connection, *, server_id: UUID) -> bool:
    """Record that a server is alive; return whether it was unknown, so that its clients have to be added again."""
    record = await _queries.server_extend(connection, server_id=server_id)
    return bool(record["is_new"])


async def token_key_find(connection: Connection) -> bytes:
    """Return the key that signs tokens, which `token_key_insert` has added."""
    return bytes(await _queries.token_key_find(connection))


async def token_key_insert(connection: Connection, *, secret: bytes) -> None:
    """Add the key that signs tokens, unless there is one."""
    await _queries.token_key_insert(connection, secret=secret)


async def watched_channel_delete_expired(connection: Connection, *, age: timedelta) -> None:
    """Delete channels that nobody has watched for a while, and their entries."""
    await _queries.watched_channel_delete_expired(connection, age=age)


async def watched_channel_extend(connection: Connection, *, channels: Sequence[str], duration: timedelta) -> bool:
    """Watch channels for a while; return whether one of them wasn't watched before."""
    records = _queries.watched_channel_extend(connection, channels=channels, duration=duration)
    return any([record["is_new"] async for record in records])


async def watched_channel_list(connection: Connection, *, prefix: str) -> frozenset[str]:
    """List the channels with this prefix that are watched, and keep `watched_channel_wait` waiting until the commit."""
    return frozenset(await _queries.watched_channel_list(connection, prefix=prefix, lock_key=_WATCHED_LOCK_KEY))


async def watched_channel_list_positions(connection: Connection, *, channels: Sequence[str]) -> dict[str, Position]:
    """Return the positions of watched channels."""
    records = _queries.watched_channel_list_positions(connection, channels=channels)
    return {
        record["channel"]: Position(offset=record["last_offset"], offset_min=record["deleted_offset"])
        async for record in records
    }


async def watched_channel_wait(connection: Connection) -> None:
    """Wait for the transactions that have listed the watched channels."""
    await _queries.watched_channel_wait(connection, lock_key=_WATCHED_LOCK_KEY)


async def watched_entry_delete_old(connection: Connection, *, age: timedelta) -> None:
    """Delete entries that are older than this."""
    await _queries.watched_entry_delete_old(connection, age=age)


async def watched_entry_insert(connection: Connection, *, entries: Sequence[tuple[str, str]]) -> set[str]:
    """Append pairs of a channel and JSON to those of the channels that are watched; return these channels."""
    records = _queries.watched_entry_insert(
        connection, channels=[channel for channel, _ in entries], data=[data for _, data in entries]
    )
    return {record["channel"] async for record in records}


async def watched_entry_list_after(
    connection: Connection, *, offsets: Sequence[tuple[str, int]], limit: int
) -> dict[str, list[Entry]]:
    """List the next entries of several channels, each after its offset."""
    records = _queries.watched_entry_list_after(
        connection,
        channels=[channel for channel, _ in offsets],
        offsets=[offset for _, offset in offsets],
        limit=limit,
    )
    found: dict[str, list[Entry]] = {}
    async for channel, offset, data in records:
        found.setdefault(channel, []).append(Entry(offset, data.encode()))
    return found
