"""What a move or an action does to a game: the game after it, and what the log says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from ninefold.systems.chess.model import Colour, EndReason, Game, GameStatus, NewEvent, Offers, SideClock
from ninefold.systems.chess.rules import clocks, material

REJECTIONS: Final = {
    "game_ended": "The game has ended.",
    "not_your_turn": "It is the opponent's turn.",
    "wrong_ply": "Another ply is to be made now.",
    "illegal_move": "The move isn't legal.",
    "flag": "The time was up.",
    "too_long": "The game has as many moves as a game can have.",
    "not_started": "Both players must make their first move first.",
    "already_started": "Both players have made their first move; resign instead.",
    "no_offer": "There is no such offer of the opponent.",
    "already_offered": "You have offered it already.",
    "offered_recently": "Offer a draw again after 20 more plies.",
    "nothing_to_take_back": "You have made no move yet.",
    "no_claim": "The position doesn't allow it.",
    "opponent_present": "The opponent isn't gone, or not for long enough.",
    "no_clock": "The game has no running clock.",
}
"""Why a move or an action can be rejected, with the sentence for people."""

OPPONENTS: Final[dict[Colour, Colour]] = {"white": "black", "black": "white"}


class Verdict(NamedTuple):
    """What becomes of a move or an action."""

    game: Game
    """After it; `last_sequence` doesn't count `events` yet."""
    events: Sequence[NewEvent]
    """What to append to the log; empty if nothing changes."""
    rejection: str | None = None
    """One of `REJECTIONS`; None if it counts. A rejection can come with events: the time was up."""
    detail: str | None = None
    """Why it was rejected, for people, if there is more to say than in `REJECTIONS`."""


def rejected(game: Game, reason: str, detail: str | None = None) -> Verdict:
    """Return that something doesn't count, and changes nothing."""
    return Verdict(game, (), reason, detail)


def end(game: Game, reason: EndReason, *, winner: Colour | None, at: datetime) -> Game:
    """Return the game after its end; `service/endings.py` appends the event, with the ratings."""
    return msgspec.structs.replace(
        game,
        status=GameStatus.ENDED,
        reason=reason,
        winner=winner,
        ended_at=at,
        deadline_at=None,
        offers=without_offers(game.offers),
    )


def end_by_flag(game: Game, *, at: datetime) -> Game:
    """Return the game after the time of the player to move was up.

    Before both first moves, nobody wins. Otherwise the opponent wins, unless its material can't.
    """
    loser = game.turn
    winner = OPPONENTS[loser]
    if game.status is GameStatus.CREATED:
        return end(game, EndReason.NOT_STARTED, winner=None, at=at)
    clock = game.clock_of(loser)
    if clock is not None:
        game = with_clock(game, loser, msgspec.structs.replace(clock, remaining_ms=0))
    if not material.can_win(game.fen.split(" ", 1)[0], winner):
        return end(game, EndReason.FLAG_INSUFFICIENT, winner=None, at=at)
    return end(game, EndReason.FLAG, winner=winner, at=at)


def is_flagged(game: Game, *, at: datetime) -> bool:
    """Return whether the time of the player to move was up at a time, with the grace."""
    deadline = clocks.deadline_of(game)
    return deadline is not None and deadline <= at


def with_clock(game: Game, colour: Colour, clock: SideClock | None) -> Game:
    """Return the game with another clock of one player."""
    if colour == "white":
        return msgspec.structs.replace(game, white_clock=clock)
    return msgspec.structs.replace(game, black_clock=clock)


def without_offers(offers: Offers) -> Offers:
    """Return that nothing is offered; when draws were offered stays."""
    return msgspec.structs.replace(offers, draw=None, takeback=None, takeback_plies=0)
