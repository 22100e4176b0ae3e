"""Queries for challenges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Challenge, ChallengeStatus, Terms
from ninefold.systems.chess.store.queries import queries
from ninefold.systems.chess.store.time_controls import columns_of, read_time_control


async def challenge_delete_old(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete challenges that could have been accepted until a time; return how many."""
    count: int = await queries.challenge_delete_old(connection, before=before, limit=limit)
    return count


async def challenge_end(
    connection: Connection,
    *,
    challenge_id: UUID,
    status: ChallengeStatus,
    ended_at: datetime,
    to_player_id: UUID | None = None,
    decline_reason: str | None = None,
    game_id: UUID | None = None,
) -> Challenge | None:
    """End a challenge; return None if it has ended already."""
    record = await queries.challenge_end(
        connection,
        challenge_id=challenge_id,
        status=status,
        ended_at=ended_at,
        to_player_id=to_player_id,
        decline_reason=decline_reason,
        game_id=game_id,
    )
    return None if record is None else _challenge(record)


async def challenge_find_id(connection: Connection, *, organisation_id: UUID, short_id: str) -> UUID | None:
    """Return the id of a challenge by its short id."""
    found: UUID | None = await queries.challenge_find_id(connection, organisation_id=organisation_id, short_id=short_id)
    return found


async def challenge_insert(
    connection: Connection,
    *,
    challenge_id: UUID,
    short_id: str,
    organisation_id: UUID,
    from_player_id: UUID,
    to_player_id: UUID | None,
    terms: Terms,
    rematch_of: UUID | None,
    created_at: datetime,
    expires_at: datetime,
) -> Challenge:
    """Insert a challenge; without `to_player_id`, it is an open one."""
    record = await queries.challenge_insert(
        connection,
        challenge_id=challenge_id,
        short_id=short_id,
        organisation_id=organisation_id,
        from_player_id=from_player_id,
        to_player_id=to_player_id,
        colour=terms.colour,
        is_rated=terms.is_rated,
        **columns_of(terms.time_control),
        initial_fen=terms.initial_fen,
        rematch_of=rematch_of,
        created_at=created_at,
        expires_at=expires_at,
    )
    return _challenge(record)


async def challenge_list(connection: Connection, *, player_id: UUID, now: datetime, limit: int) -> list[Challenge]:
    """Read the challenges of a player, in both directions, that can still be accepted; latest first."""
    records = queries.challenge_list(connection, player_id=player_id, now=now, limit=limit)
    return [_challenge(record) async for record in records]


async def challenge_lock(
    connection: Connection, *, organisation_id: UUID | None, challenge_id: UUID
) -> Challenge | None:
    """Read a challenge, and keep others from changing it until the transaction ends.

    Args:
        connection: in a transaction.
        organisation_id: whose challenge it is; None for any, when somebody has its link.
        challenge_id: the challenge.
    """
    record = await queries.challenge_lock(connection, organisation_id=organisation_id, challenge_id=challenge_id)
    return None if record is None else _challenge(record)


def _challenge(record: Any) -> Challenge:
    return Challenge(
        challenge_id=record["challenge_id"],
        short_id=record["short_id"],
        organisation_id=record["organisation_id"],
        from_player_id=record["from_player_id"],
        to_player_id=record["to_player_id"],
        is_open=record["is_open"],
        terms=Terms(
            time_control=read_time_control(record),
            is_rated=record["is_rated"],
            colour=record["colour"],
            initial_fen=record["initial_fen"],
        ),
        rematch_of=record["rematch_of"],
        status=record["status"],
        decline_reason=record["decline_reason"],
        game_id=record["game_id"],
        created_at=record["created_at"],
        expires_at=record["expires_at"],
        ended_at=record["ended_at"],
    )
