"""Logs that are only written while somebody watches them, for what has no log of its own.

The states of a delivery, for example, are columns that are overwritten. Writing each change to a log would cost as much
as the delivery's own row, and mostly nobody reads it. So a server that has opened a channel says so in a table, and
each transaction that changes a state looks there:

    async def append_changes(connection: Connection, changes: Mapping[str, bytes]) -> set[str]:
        watched = await list_watched(connection, prefix="shop.orders:")
        return await append_watched(connection, [(name, data) for name, data in changes.items() if name in watched])

After the commit, the caller notifies `LIVE_CHANNEL` of the channels that this returns.

If nobody watches, that is one small query per transaction. A channel that was watched earlier has a gap, so a client
that comes back after a longer time is told that its position is lost.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from ninefold.core.live import store
from ninefold.core.live.feeds import Feed, MayRead
from ninefold.core.live.model import Channel, Cursor, Entry, Position
from ninefold.core.postgres.database import Connection

WATCHED_FOR: Final = timedelta(minutes=2)
"""How long a channel counts as watched after a server has last said so: for clients that come back soon."""

ENTRIES_KEPT: Final = timedelta(minutes=15)
CHANNELS_KEPT: Final = timedelta(hours=1)
CLEAN_INTERVAL_S: Final = 60.0


def watched_feed(*, pattern: str, may_read: MayRead, also_scope: str | None = None) -> Feed:
    """Return a feed of channels whose entries are appended by `append_watched`.

    Args:
        pattern: the form of its channels' names.
        may_read: whether a principal can read a channel.
        also_scope: a scope with which its channels can be read without the scope `read`.
    """
    cleaned_at = 0.0

    async def watch(connection: Connection, channels: Sequence[Channel]) -> None:
        nonlocal cleaned_at
        names = [channel.name for channel in channels]
        if await store.watched_channel_extend(connection, channels=names, duration=WATCHED_FOR):
            # From now on, every transaction sees that the channel is watched. Those that don't are waited for, so that
            # what they commit is before the position at which the client begins. A transaction could have looked just
            # before, and have its lock just after the first wait; so there is a second one.
            await store.watched_channel_wait(connection)
            await store.watched_channel_wait(connection)
        if time.monotonic() - cleaned_at > CLEAN_INTERVAL_S:
            cleaned_at = time.monotonic()
            await store.watched_entry_delete_old(connection, age=ENTRIES_KEPT)
            await store.watched_channel_delete_expired(connection, age=CHANNELS_KEPT)

    return Feed(
        pattern=pattern,
        may_read=may_read,
        read_positions=_read_positions,
        read_after=_read_after,
        watch=watch,
        also_scope=also_scope,
    )


async def list_watched(connection: Connection, *, prefix: str) -> frozenset[str]:
    """Return the channels that are watched and whose names begin with `prefix`.

    Call it in the transaction that makes the changes. Who begins to watch waits until this transaction has ended.
    """
    return await store.watched_channel_list(connection, prefix=prefix)


async def append_watched(connection: Connection, entries: Sequence[tuple[str, bytes]]) -> set[str]:
    """Append entries in the caller's transaction, which should commit soon: it locks the channels.

    Args:
        connection: in the caller's transaction.
        entries: pairs of a channel and JSON. Those of channels that aren't watched are ignored.

    Returns:
        The channels to notify of after the commit.
    """
    if not entries:
        return set()
    return await store.watched_entry_insert(connection, entries=[(channel, data.decode()) for channel, data in entries])


async def _read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    return await store.watched_channel_list_positions(connection, channels=[channel.name for channel in channels])


async def _read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    offsets = [(cursor.channel.name, cursor.offset) for cursor in cursors]
    return await store.watched_entry_list_after(connection, offsets=offsets, limit=limit)
