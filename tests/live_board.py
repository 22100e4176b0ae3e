"""A system with feeds, for tests: boards with notes. Each board is a channel, and its log a table."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.errors import InvalidInputError
from ninefold.core.live import LIVE_CHANNEL, Channel, Cursor, Entry, Feed, LiveMethod, Position
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.system import NoSettings, ServerContext, System
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody

SCHEMA = """
    CREATE SCHEMA IF NOT EXISTS board;
    CREATE TABLE IF NOT EXISTS board.board (
        name text PRIMARY KEY,
        organisation_id uuid NOT NULL,
        last_offset bigint NOT NULL DEFAULT 0,
        deleted_offset bigint NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS board.note (
        name text NOT NULL,
        "offset" bigint NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (name, "offset")
    );
"""


def channel_of(name: str) -> str:
    """Return the channel of a board."""
    return f"board.notes:{name}"


async def create_board(connection: Connection, name: str, *, organisation_id: UUID) -> None:
    """Create a board, and the tables if there are none."""
    await connection.execute("SELECT pg_advisory_lock(1)")
    await connection.execute(SCHEMA)
    await connection.execute("SELECT pg_advisory_unlock(1)")
    await connection.execute("INSERT INTO board.board (name, organisation_id) VALUES ($1, $2)", name, organisation_id)


async def append(connection: Connection, name: str, *notes: bytes) -> int:
    """Add notes to a board in the caller's transaction; return the offset of the last one."""
    # The update locks the board's row until the commit, so that offsets become visible in their order.
    last: int = await connection.fetchval(
        "UPDATE board.board SET last_offset = last_offset + $2 WHERE name = $1 RETURNING last_offset", name, len(notes)
    )
    rows = [(name, last - len(notes) + number, note) for number, note in enumerate(notes, start=1)]
    await connection.executemany('INSERT INTO board.note (name, "offset", data) VALUES ($1, $2, $3)', rows)
    return last


async def forget(connection: Connection, name: str, *, up_to: int) -> None:
    """Delete the oldest notes of a board, as retention does."""
    async with connection.transaction():
        await connection.execute('DELETE FROM board.note WHERE name = $1 AND "offset" <= $2', name, up_to)
        await connection.execute("UPDATE board.board SET deleted_offset = $2 WHERE name = $1", name, up_to)


async def may_read(connection: Connection, principal: Principal, channel: Channel) -> bool:
    """Whether the board belongs to the principal's organisation."""
    owner = await connection.fetchval("SELECT organisation_id FROM board.board WHERE name = $1", channel["name"])
    return bool(owner == principal.organisation_id)


async def read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
    """Read the positions of boards."""
    rows = await connection.fetch(
        "SELECT name, last_offset, deleted_offset FROM board.board WHERE name = ANY($1)",
        [channel["name"] for channel in channels],
    )
    positions = {row["name"]: Position(offset=row["last_offset"], offset_min=row["deleted_offset"]) for row in rows}
    return {channel.name: positions[channel["name"]] for channel in channels if channel["name"] in positions}


async def read_after(connection: Connection, cursors: Sequence[Cursor], limit: int) -> Mapping[str, Sequence[Entry]]:
    """Read the next notes of boards."""
    rows = await connection.fetch(
        """
        SELECT note.name, note."offset", note.data
        FROM unnest($1::text[], $2::bigint[]) AS cursor (name, after)
        CROSS JOIN LATERAL (
            SELECT name, "offset", data FROM board.note
            WHERE note.name = cursor.name AND "offset" > cursor.after
            ORDER BY "offset" LIMIT $3
        ) AS note
        """,
        [cursor.channel["name"] for cursor in cursors],
        [cursor.offset for cursor in cursors],
        limit,
    )
    found: dict[str, list[Entry]] = {}
    channels = {cursor.channel["name"]: cursor.channel.name for cursor in cursors}
    for row in rows:
        found.setdefault(channels[row["name"]], []).append(Entry(row["offset"], row["data"]))
    return found


class CreateBoard(msgspec.Struct):
    """A new board."""

    name: str


def make_routes(context: ServerContext[NoSettings]) -> Sequence[ControllerRouterHandler]:
    @post("/api/v1/boards")
    async def add_board(
        data: FromBody[CreateBoard], principal: NamedDependency[Principal], database: NamedDependency[Database]
    ) -> CreateBoard:
        """Create a board."""
        async with database.connection() as connection:
            await create_board(connection, data.name, organisation_id=principal.organisation_id)
        return data

    @post("/api/v1/boards/{name:str}/notes")
    async def add_notes(
        name: FromPath[str], data: FromBody[list[Any]], database: NamedDependency[Database]
    ) -> dict[str, int]:
        """Add notes, and notify as a system does."""
        async with database.transaction() as connection:
            last = await append(connection, name, *[msgspec.json.encode(note) for note in data])
        context.notifier.notify(LIVE_CHANNEL, channel_of(name))
        return {"offset": last}

    @get("/api/v1/boards/ready")
    async def ready() -> None:
        """Answer."""

    return [Router(path="/", route_handlers=[add_board, add_notes, ready])]


def make_feeds(context: ServerContext[NoSettings]) -> Sequence[Feed]:
    async def publish(principal: Principal, channel: Channel, data: bytes) -> bytes | None:
        """Show who types; store everything else."""
        del principal
        content = msgspec.json.decode(data)
        if content == {"note": ""}:
            raise InvalidInputError("A note needs a text.")
        if "typing" in content:
            return data
        async with context.database.transaction() as connection:
            await append(connection, channel["name"], data)
        context.notifier.notify(LIVE_CHANNEL, channel.name)
        return None

    notes = Feed(
        pattern="board.notes:{name}",
        may_read=may_read,
        read_positions=read_positions,
        read_after=read_after,
        publish=publish,
        has_presence=True,
    )
    quiet = msgspec.structs.replace(notes, pattern="board.quiet:{name}", publish=None, has_presence=False)
    return [notes, quiet]


def make_methods(context: ServerContext[NoSettings]) -> Mapping[str, LiveMethod]:
    del context

    async def echo(principal: Principal, data: bytes) -> bytes:
        """Return what was sent, and on whose behalf."""
        content = {"data": msgspec.Raw(data), "organisation_id": principal.organisation_id}
        return msgspec.json.encode(content)

    return {"board.echo": echo}


BOARD: System[NoSettings] = System(name="board", routes=make_routes, feeds=make_feeds, live_methods=make_methods)
