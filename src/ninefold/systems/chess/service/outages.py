"""Outages: while no server runs, nobody can move, and no clock runs."""

from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.service.playing import OUTAGE_AFTER
from ninefold.systems.chess.store.games import game_shift, heartbeat_lock, heartbeat_upsert
from ninefold.systems.chess.store.presence import presence_reset


async def note_heartbeat(connection: Connection, *, now: datetime) -> list[UUID]:
    """Note that a server runs; after an outage, put off all turns by it.

    Args:
        connection: in a transaction; the heartbeat is locked, so that an outage is noted once.
        now: the time.

    Returns:
        The games whose logs have changed; call `notify_logs` after the commit.
    """
    earlier = await heartbeat_lock(connection)
    await heartbeat_upsert(connection, beat_at=now)
    if earlier is None or now - earlier <= OUTAGE_AFTER:
        return []
    await presence_reset(connection, seen_at=now)
    return await game_shift(connection, since=earlier, until=now)
