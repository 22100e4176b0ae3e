"""Ends games: their ratings, and the last entry of their logs."""

from typing import Final

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.chess.model import EndReason, Game, NewEvent, RatingChange
from ninefold.systems.chess.rules.actions import clocks_of
from ninefold.systems.chess.service.channels import announce_game
from ninefold.systems.chess.service.ratings import rate_result
from ninefold.systems.chess.store.presence import presence_delete

UNPLAYED: Final = frozenset({EndReason.ABORTED, EndReason.NOT_STARTED})
"""Games that end so count for nothing."""


async def finish_game(connection: Connection, game: Game) -> tuple[Game, NewEvent]:
    """Rate a game that has just ended, and return it with the last entry of its log.

    Args:
        connection: in the transaction that has locked the game.
        game: after its end, not yet recorded.
    """
    if game.is_rated and game.reason not in UNPLAYED:
        assert game.ended_at is not None
        white, black = await rate_result(
            connection,
            game_id=game.game_id,
            white=game.white_player_id,
            black=game.black_player_id,
            speed=game.speed,
            winner=game.winner,
            at=game.ended_at,
        )
        game = msgspec.structs.replace(game, ratings={"white": _shown(white), "black": _shown(black)})
    await presence_delete(connection, game_id=game.game_id)
    await announce_game(connection, "game_ended", game)
    payload = {"winner": game.winner, "reason": game.reason, "ratings": game.ratings, "clocks": clocks_of(game)}
    return game, NewEvent(type="ended", payload=payload)


def _shown(change: RatingChange) -> dict[str, int]:
    return {"rating": round(change.rating_before), "change": change.difference}
