"""Moves and actions: each one is decided under the lock of its game's row, and answered after the commit.

`submit_move` and `submit_action` are what all protocols call. They open their own transactions, because an id that a
client repeats is found by a constraint, which ends the transaction.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.chess.errors import NotAPlayerError
from ninefold.systems.chess.model import (
    GAME_PREFIX,
    Answer,
    ClocksShown,
    Colour,
    Game,
    GameStatus,
    NewAction,
    NewEvent,
    NewMove,
)
from ninefold.systems.chess.rules import clocks
from ninefold.systems.chess.rules.actions import Situation, judge_action
from ninefold.systems.chess.rules.moves import judge_move
from ninefold.systems.chess.rules.verdicts import OPPONENTS, REJECTIONS, Verdict, end_by_flag, is_flagged
from ninefold.systems.chess.service.channels import notify_game
from ninefold.systems.chess.service.endings import finish_game
from ninefold.systems.chess.service.engine import wake_engine
from ninefold.systems.chess.service.games import game_not_found
from ninefold.systems.chess.service.metrics import count_ended, count_move
from ninefold.systems.chess.store import games as store
from ninefold.systems.chess.store.presence import presence_list

OUTAGE_AFTER: Final = timedelta(seconds=3)
"""A longer gap between two heartbeats is an outage: no clock runs in it."""


class Recorded(NamedTuple):
    """What became of a move or an action."""

    game: Game
    answer: Answer
    has_changed: bool


async def submit_move(
    database: Database,
    notifier: Notifier,
    *,
    organisation_id: UUID,
    game_id: UUID,
    player_id: UUID,
    move: NewMove,
    received_at: datetime,
) -> Answer:
    """Make a move, or say why it doesn't count; the answer is committed.

    Args:
        database: where games are.
        notifier: wakes those who follow the game.
        organisation_id: whose game it is.
        game_id: the game.
        player_id: who moves.
        move: what the client has sent.
        received_at: when the server had read it.

    Raises:
        GameNotFoundError: the organisation has no such game.
        NotAPlayerError: the player doesn't play it.
    """

    async def play(connection: Connection) -> Recorded:
        game, colour, outage = await _lock(connection, organisation_id, game_id, player_id)
        at = datetime.now(UTC)
        verdict = judge_move(
            game,
            move,
            colour=colour,
            received_at=min(received_at, at),
            at=at,
            outage_ms=_ms(outage),
        )
        return await _record(connection, game, verdict, at, player_id=player_id, action_id=move.client_action_id)

    answer = await _submit(
        database, notifier, play, game_id=game_id, player_id=player_id, action_id=move.client_action_id
    )
    count_move(answer, took=datetime.now(UTC) - received_at)
    return answer


async def submit_action(
    database: Database,
    notifier: Notifier,
    *,
    organisation_id: UUID,
    game_id: UUID,
    player_id: UUID,
    action: NewAction,
    received_at: datetime,
) -> Answer:
    """Do what a player does besides moving, or say why it doesn't count; the answer is committed.

    Raises:
        GameNotFoundError: the organisation has no such game.
        NotAPlayerError: the player doesn't play it.
    """

    async def act(connection: Connection) -> Recorded:
        game, colour, outage = await _lock(connection, organisation_id, game_id, player_id)
        presence = await presence_list(connection, game_id=game_id)
        opponent = presence.get(OPPONENTS[colour])
        at = datetime.now(UTC)
        situation = Situation(
            received_at=min(received_at, at),
            at=at,
            is_outage=bool(outage),
            opponent_claimable_at=None if opponent is None else opponent.claimable_at,
        )
        verdict = judge_action(game, action.kind, colour=colour, situation=situation)
        return await _record(connection, game, verdict, at, player_id=player_id, action_id=action.client_action_id)

    return await _submit(
        database, notifier, act, game_id=game_id, player_id=player_id, action_id=action.client_action_id
    )


async def flag_if_due(connection: Connection, *, game_id: UUID, waited: timedelta) -> Game | None:
    """End a game whose time is up since `waited`; return it, or None if it isn't.

    Call it in a transaction, and `notify_game` after the commit.
    """
    locked = await store.game_lock(connection, game_id=game_id)
    at = datetime.now(UTC)
    if locked is None or outage_since(locked.game, locked.beat_at, at=at):
        return None
    game = locked.game
    if game.status is GameStatus.ENDED or not is_flagged(game, at=at - waited):
        return None
    recorded = await _record(connection, game, Verdict(end_by_flag(game, at=at), ()), at)
    return recorded.game


def outage_since(game: Game, beat_at: datetime | None, *, at: datetime) -> timedelta:
    """Return how much of a turn was in an outage that nobody has noted yet; zero if there is none."""
    if beat_at is None or at - beat_at <= OUTAGE_AFTER:
        return timedelta()
    return max(timedelta(), at - max(beat_at, game.turn_started_at))


_Act: TypeAlias = Callable[[Connection], Awaitable[Recorded]]


async def _submit(
    database: Database, notifier: Notifier, act: _Act, *, game_id: UUID, player_id: UUID, action_id: str | None
) -> Answer:
    try:
        async with database.transaction() as connection:
            recorded = await act(connection)
    except store.ActionKnownError:
        assert action_id is not None
        async with database.connection() as connection:
            answer = await store.action_find(
                connection, game_id=game_id, player_id=player_id, client_action_id=action_id
            )
        assert answer is not None
        return answer
    if recorded.has_changed:
        notify_game(notifier, recorded.game)
        if recorded.game.status is GameStatus.ENDED:
            count_ended(recorded.game)
    return recorded.answer


async def _lock(
    connection: Connection, organisation_id: UUID, game_id: UUID, player_id: UUID
) -> tuple[Game, Colour, timedelta]:
    locked = await store.game_lock(connection, game_id=game_id, organisation_id=organisation_id)
    if locked is None:
        raise game_not_found(format_id(GAME_PREFIX, game_id))
    colour = locked.game.colour_of(player_id)
    if colour is None:
        raise NotAPlayerError(
            "This player doesn't play the game.", field="player_id", remedy="Watch it, or name one of its players."
        )
    return locked.game, colour, outage_since(locked.game, locked.beat_at, at=datetime.now(UTC))


async def _record(
    connection: Connection,
    before: Game,
    verdict: Verdict,
    at: datetime,
    *,
    player_id: UUID | None = None,
    action_id: str | None = None,
) -> Recorded:
    """Record a verdict, or only its answer if nothing changes."""
    has_ended = verdict.game.status is GameStatus.ENDED and before.status is not GameStatus.ENDED
    if not verdict.events and not has_ended:
        return await _keep_answer(connection, before, verdict, at, player_id=player_id, action_id=action_id)
    game, events = verdict.game, list(verdict.events)
    if has_ended:
        game, ended = await finish_game(connection, game)
        events.append(ended)
    game = msgspec.structs.replace(game, last_sequence=before.last_sequence + len(events))
    answer = _answer(game, verdict, at)
    await store.game_update(
        connection, game, events=events, at=at, player_id=player_id, client_action_id=action_id, answer=answer
    )
    await wake_engine(connection, game)
    return Recorded(game, answer, has_changed=True)


async def _keep_answer(
    connection: Connection,
    game: Game,
    verdict: Verdict,
    at: datetime,
    *,
    player_id: UUID | None,
    action_id: str | None,
) -> Recorded:
    answer = _answer(game, verdict, at)
    if player_id is not None and action_id is not None:
        # The game is locked, so nobody else answers this id in between.
        found = await store.action_find(
            connection, game_id=game.game_id, player_id=player_id, client_action_id=action_id
        )
        if found is not None:
            return Recorded(game, found, has_changed=False)
        await store.action_insert(
            connection, game_id=game.game_id, player_id=player_id, client_action_id=action_id, answer=answer
        )
    return Recorded(game, answer, has_changed=False)


def _answer(game: Game, verdict: Verdict, at: datetime) -> Answer:
    reason = verdict.rejection
    return Answer(
        result="committed" if reason is None else "rejected",
        reason=reason,
        detail=None if reason is None else verdict.detail or REJECTIONS[reason],
        sequence=game.last_sequence,
        ply=game.ply,
        clocks=ClocksShown(
            white_ms=clocks.remaining_ms(game, "white", at), black_ms=clocks.remaining_ms(game, "black", at)
        ),
        at=at,
    )


def _ms(duration: timedelta) -> int:
    return int(duration / timedelta(milliseconds=1))


async def append_events(connection: Connection, game: Game, events: list[NewEvent], *, at: datetime) -> Game:
    """Append entries to the log of a game that is locked, without another change; return the game."""
    game = msgspec.structs.replace(game, last_sequence=game.last_sequence + len(events))
    await store.game_update(connection, game, events=events, at=at)
    return game
