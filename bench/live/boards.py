"""The log of the benchmark: one table, in which each channel has its own offsets."""

from collections.abc import Mapping, Sequence

from ninefold.core.live import Channel, Cursor, Entry, Position
from ninefold.core.postgres.database import Connection

CHANNEL = "bench.board:"
"""What the name of each channel begins with; a number follows."""

SCHEMA = """
    CREATE SCHEMA bench;
    CREATE TABLE bench.board (name text PRIMARY KEY, last_offset bigint NOT NULL DEFAULT 0);
    CREATE TABLE bench.entry (name text, "offset" bigint, data bytea NOT NULL, PRIMARY KEY (name, "offset"));
    INSERT INTO bench.board (name) SELECT number::text FROM generate_series(0, 9999) AS number;
"""

_APPEND = """
    WITH advanced AS (
        UPDATE bench.board SET last_offset = last_offset + 1 WHERE name = ANY($1) RETURNING name, last_offset
    )
    INSERT INTO bench.entry (name, "offset", data) SELECT name, last_offset, $2 FROM advanced
"""
_POSITIONS = "SELECT name, last_offset FROM bench.board WHERE name = ANY($1)"
_READ = """
    SELECT entry.name, entry."offset", entry.data
    FROM unnest($1::text[], $2::bigint[]) AS cursor (name, after)
    CROSS JOIN LATERAL (
        SELECT name, "offset", data
        FROM bench.entry
        WHERE entry.name = cursor.name AND "offset" > cursor.after
        ORDER BY "offset"
        LIMIT $3
    ) AS entry
"""


async def append(connection: Connection, names: Sequence[str], data: bytes) -> None:
    """Append an entry to each of these channels."""
    await connection.execute(_APPEND, names, data)


async def read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    """Read the positions of channels."""
    rows = await connection.fetch(_POSITIONS, [channel["name"] for channel in channels])
    return {CHANNEL + row["name"]: Position(offset=row["last_offset"]) for row in rows}


async def read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    """Read the next entries of channels."""
    names, offsets = [cursor.channel["name"] for cursor in cursors], [cursor.offset for cursor in cursors]
    found: dict[str, list[Entry]] = {}
    for name, offset, data in await connection.fetch(_READ, names, offsets, limit):
        found.setdefault(CHANNEL + name, []).append(Entry(offset, data))
    return found
