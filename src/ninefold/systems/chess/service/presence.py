"""Who is at a game: players say so every few seconds, and count as gone when they are silent."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import Colour, Game, GameStatus, NewEvent
from ninefold.systems.chess.rules.clocks import gone_s
from ninefold.systems.chess.rules.material import is_far_behind
from ninefold.systems.chess.service.players import get_player
from ninefold.systems.chess.service.playing import append_events, outage_since
from ninefold.systems.chess.store import presence as store
from ninefold.systems.chess.store.games import game_lock

SILENT_AFTER: Final = timedelta(seconds=12)
"""After how long without a sign the log calls a player gone. Clients send one at least every 5 s."""


async def note_presence(
    connection: Connection, *, game: Game, colour: Colour, now: datetime, is_leaving: bool = False
) -> bool:
    """Note that a player is at a game, or leaves it; return whether the log has changed.

    Args:
        connection: in a transaction. Call `notify_game` after its commit, if this returns True.
        game: the game.
        colour: which player.
        now: the time.
        is_leaving: whether the player says to leave; the opponent can then claim earlier.
    """
    if game.status is GameStatus.ENDED:
        return False
    is_gone = await store.presence_upsert(
        connection, game_id=game.game_id, colour=colour, seen_at=now, left_at=now if is_leaving else None
    )
    if not is_gone or is_leaving:
        return False
    locked = await game_lock(connection, game_id=game.game_id)
    if locked is None or locked.game.status is GameStatus.ENDED:
        return False
    await store.presence_mark_back(connection, game_id=game.game_id, colour=colour)
    await append_events(connection, locked.game, [NewEvent(type="player_back", payload={"colour": colour})], at=now)
    return True


async def mark_gone(connection: Connection, *, game_id: UUID, colour: Colour, now: datetime) -> Game | None:
    """Call a player gone who is silent; return the game, or None if that isn't so any more.

    Call `notify_game` after the commit.
    """
    locked = await game_lock(connection, game_id=game_id)
    presence = (await store.presence_list(connection, game_id=game_id)).get(colour)
    if locked is None or locked.game.status is not GameStatus.RUNNING:
        return None
    if presence is None or presence.gone_at is not None:
        return None
    if outage_since(locked.game, locked.beat_at, at=now):
        # Nobody can say that a player is there.
        return None
    if presence.left_at is None and presence.seen_at >= now - SILENT_AFTER:
        return None
    game = locked.game
    player = await get_player(connection, organisation_id=game.organisation_id, player_id=game.player_id_of(colour))
    seconds = gone_s(
        game.speed,
        has_left=presence.left_at is not None,
        is_guest=player.is_guest,
        is_far_behind=is_far_behind(game.fen.split(" ", 1)[0], colour),
    )
    claimable_at = presence.seen_at + timedelta(seconds=seconds)
    await store.presence_mark_gone(connection, game_id=game_id, colour=colour, gone_at=now, claimable_at=claimable_at)
    payload = {"colour": colour, "claimable_at": claimable_at}
    return await append_events(connection, game, [NewEvent(type="player_gone", payload=payload)], at=now)
