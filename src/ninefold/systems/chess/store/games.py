"""Queries for games, their logs, and what became of moves and actions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import (
    Answer,
    Correspondence,
    EndReason,
    Game,
    GameStatus,
    LogEvent,
    NewEvent,
    Offers,
    RealTime,
    SideClock,
    Speed,
    TimeControl,
)
from ninefold.systems.chess.store.queries import queries

_answer = msgspec.json.Decoder(Answer)
_offers = msgspec.json.Decoder(Offers)
_object = msgspec.json.Decoder(dict[str, Any])


class ActionKnownError(Exception):
    """The player has sent this id for the game before; the transaction is void, and the first answer is kept."""


class LockedGame(NamedTuple):
    """A game that nobody else can change until the transaction ends."""

    game: Game
    beat_at: datetime | None
    """When a server has last noted that it runs; None if it never has."""


async def action_find(
    connection: Connection, *, game_id: UUID, player_id: UUID, client_action_id: str
) -> Answer | None:
    """Return the answer that an id of a client got; None if it is new."""
    answer = await queries.action_find(
        connection, game_id=game_id, player_id=player_id, client_action_id=client_action_id
    )
    return None if answer is None else _answer.decode(answer)


async def action_insert(
    connection: Connection, *, game_id: UUID, player_id: UUID, client_action_id: str, answer: Answer
) -> None:
    """Keep the answer for an id of a client, unless it has one."""
    await queries.action_insert(
        connection,
        game_id=game_id,
        player_id=player_id,
        client_action_id=client_action_id,
        answer=msgspec.json.encode(answer).decode(),
    )


async def event_list(
    connection: Connection, *, cursors: Collection[tuple[UUID, int]], limit: int
) -> dict[UUID, list[LogEvent]]:
    """Read the next entries of several logs.

    Args:
        connection: any connection.
        cursors: pairs of a game and the number of the last entry that is known; 0 for none.
        limit: how many of each log.
    """
    found: dict[UUID, list[LogEvent]] = {}
    records = queries.event_list(
        connection,
        game_ids=[game_id for game_id, _ in cursors],
        after=[after for _, after in cursors],
        limit=limit,
    )
    async for record in records:
        event = LogEvent(
            sequence=record["sequence"], type=record["type"], at=record["at"], payload=record["payload"].encode()
        )
        found.setdefault(record["game_id"], []).append(event)
    return found


async def game_count_of_players(connection: Connection, *, player_ids: Sequence[UUID]) -> int:
    """Return the larger number of games that one of these players has and that haven't ended."""
    count: int = await queries.game_count_of_players(connection, player_ids=list(player_ids))
    return count


async def game_count_unfinished(connection: Connection, *, limit: int) -> int:
    """Return how many games haven't ended, at most `limit`."""
    count: int = await queries.game_count_unfinished(connection, limit=limit)
    return count


async def game_count_unfinished_of(connection: Connection, *, organisation_id: UUID, limit: int) -> int:
    """Return how many games of an organisation haven't ended, at most `limit`."""
    count: int = await queries.game_count_unfinished_of(connection, organisation_id=organisation_id, limit=limit)
    return count


async def game_delete_unplayed(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete games that ended before a time without having been played; return how many."""
    count: int = await queries.game_delete_unplayed(connection, before=before, limit=limit)
    return count


async def game_find(
    connection: Connection, *, organisation_id: UUID, game_id: UUID | None = None, short_id: str | None = None
) -> Game | None:
    """Read one game of an organisation by its id or its short id."""
    record = await queries.game_find(connection, organisation_id=organisation_id, game_id=game_id, short_id=short_id)
    return None if record is None else _game(record)


async def game_insert(connection: Connection, game: Game, *, started: NewEvent) -> None:
    """Insert a new game, and the first entry of its log."""
    values = _values(game)
    await queries.game_insert(
        connection,
        **{name: values[name] for name in _COLUMNS_OF_NEW},
        **_columns_of(game.time_control),
        short_id=game.short_id,
        organisation_id=game.organisation_id,
        white_player_id=game.white_player_id,
        black_player_id=game.black_player_id,
        is_rated=game.is_rated,
        speed=game.speed,
        source=game.source,
        initial_fen=game.initial_fen,
        created_at=game.created_at,
        payload=msgspec.json.encode(started.payload).decode(),
    )


async def game_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    player_id: UUID | None,
    status: GameStatus | None,
    before: UUID | None,
    limit: int,
) -> list[Game]:
    """Read a page of the games of an organisation, latest first."""
    records = queries.game_list(
        connection, organisation_id=organisation_id, player_id=player_id, status=status, before=before, limit=limit
    )
    return [_game(record) async for record in records]


async def game_list_due(
    connection: Connection, *, before: datetime, limit: int, organisation_limit: int
) -> list[tuple[UUID, datetime]]:
    """Read which games' time was up before a time, and when; of each organisation at most `organisation_limit`."""
    records = queries.game_list_due(connection, before=before, limit=limit, organisation_limit=organisation_limit)
    return [(record["game_id"], record["deadline_at"]) async for record in records]


async def game_list_positions(connection: Connection, *, game_ids: Collection[UUID]) -> dict[UUID, int]:
    """Read the numbers of the last entries of several logs."""
    records = queries.game_list_positions(connection, game_ids=list(game_ids))
    return {record["game_id"]: record["last_sequence"] async for record in records}


async def game_lock(connection: Connection, *, game_id: UUID, organisation_id: UUID | None = None) -> LockedGame | None:
    """Read one game, and keep others from changing it until the transaction ends."""
    record = await queries.game_lock(connection, game_id=game_id, organisation_id=organisation_id)
    return None if record is None else LockedGame(_game(record), record["beat_at"])


async def game_shift(connection: Connection, *, since: datetime, until: datetime) -> list[UUID]:
    """Put off all turns with a deadline by an outage, and say so in the logs; return the games."""
    records = queries.game_shift(connection, since=since, until=until)
    return [record["game_id"] async for record in records]


async def game_update(
    connection: Connection,
    game: Game,
    *,
    events: Sequence[NewEvent],
    at: datetime,
    player_id: UUID | None = None,
    client_action_id: str | None = None,
    answer: Answer | None = None,
) -> None:
    """Record what has changed in a game that is locked, with the last entries of its log.

    Args:
        connection: in the transaction that has locked it.
        game: after the change; its `last_sequence` counts the events.
        events: what to append.
        at: when it happened.
        player_id: who has asked for it.
        client_action_id: the id that the client gave it.
        answer: what the client gets.

    Raises:
        ActionKnownError: the id was used before.
    """
    first = game.last_sequence - len(events) + 1
    try:
        await queries.game_update(
            connection,
            **_values(game),
            last_sequence=game.last_sequence,
            sequences=list(range(first, game.last_sequence + 1)),
            types=[event.type for event in events],
            payloads=[msgspec.json.encode(event.payload).decode() for event in events],
            at=at,
            player_id=player_id,
            client_action_id=client_action_id,
            answer=None if answer is None else msgspec.json.encode(answer).decode(),
        )
    except asyncpg.UniqueViolationError as error:
        raise ActionKnownError from error


async def heartbeat_lock(connection: Connection) -> datetime | None:
    """Return when a server was last noted to run, or None if none was; others wait until the transaction ends."""
    beat_at: datetime | None = await queries.heartbeat_lock(connection)
    return beat_at


async def heartbeat_upsert(connection: Connection, *, beat_at: datetime) -> None:
    """Note that a server runs."""
    await queries.heartbeat_upsert(connection, beat_at=beat_at)


_COLUMNS_OF_NEW = (
    "game_id",
    "fen",
    "position_keys",
    "white_ms",
    "black_ms",
    "white_quota_ms",
    "black_quota_ms",
    "deadline_at",
)


def _values(game: Game) -> dict[str, Any]:
    return {
        "game_id": game.game_id,
        "status": game.status,
        "winner": game.winner,
        "reason": game.reason,
        "fen": game.fen,
        "moves": " ".join(game.moves),
        "position_keys": " ".join(game.position_keys),
        "white_ms": None if game.white_clock is None else game.white_clock.remaining_ms,
        "black_ms": None if game.black_clock is None else game.black_clock.remaining_ms,
        "white_quota_ms": 0 if game.white_clock is None else game.white_clock.quota_ms,
        "black_quota_ms": 0 if game.black_clock is None else game.black_clock.quota_ms,
        "turn_started_at": game.turn_started_at,
        "deadline_at": game.deadline_at,
        "offers": msgspec.json.encode(game.offers).decode(),
        "ratings": None if game.ratings is None else msgspec.json.encode(game.ratings).decode(),
        "started_at": game.started_at,
        "ended_at": game.ended_at,
    }


def _columns_of(control: TimeControl) -> dict[str, int | None]:
    real_time = control if isinstance(control, RealTime) else None
    return {
        "limit_s": None if real_time is None else real_time.limit_s,
        "increment_s": None if real_time is None else real_time.increment_s,
        "days_per_turn": control.days_per_turn if isinstance(control, Correspondence) else None,
    }


def _control(record: asyncpg.Record) -> TimeControl:
    if record["limit_s"] is not None:
        return RealTime(limit_s=record["limit_s"], increment_s=record["increment_s"])
    days = record["days_per_turn"]
    return None if days is None else Correspondence(days_per_turn=days)


def _clock(remaining_ms: int | None, quota_ms: int) -> SideClock | None:
    return None if remaining_ms is None else SideClock(remaining_ms=remaining_ms, quota_ms=quota_ms)


def _game(record: asyncpg.Record) -> Game:
    return Game(
        game_id=record["game_id"],
        short_id=record["short_id"],
        organisation_id=record["organisation_id"],
        white_player_id=record["white_player_id"],
        black_player_id=record["black_player_id"],
        status=GameStatus(record["status"]),
        winner=record["winner"],
        reason=None if record["reason"] is None else EndReason(record["reason"]),
        is_rated=record["is_rated"],
        speed=Speed(record["speed"]),
        time_control=_control(record),
        source=record["source"],
        initial_fen=record["initial_fen"],
        fen=record["fen"],
        moves=tuple(record["moves"].split()),
        position_keys=tuple(record["position_keys"].split()),
        white_clock=_clock(record["white_ms"], record["white_quota_ms"]),
        black_clock=_clock(record["black_ms"], record["black_quota_ms"]),
        turn_started_at=record["turn_started_at"],
        deadline_at=record["deadline_at"],
        offers=_offers.decode(record["offers"]),
        ratings=None if record["ratings"] is None else _object.decode(record["ratings"]),
        last_sequence=record["last_sequence"],
        created_at=record["created_at"],
        started_at=record["started_at"],
        ended_at=record["ended_at"],
    )
