"""What a move does to a game."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ninefold.systems.chess.model import (
    Colour,
    EndReason,
    Game,
    GameStatus,
    NewEvent,
    NewMove,
    Offers,
)
from ninefold.systems.chess.rules import clocks, material
from ninefold.systems.chess.rules.position import PLIES_MAX, IllegalMoveError, Position
from ninefold.systems.chess.rules.verdicts import (
    OPPONENTS,
    REJECTIONS,
    Verdict,
    end,
    end_by_flag,
    is_flagged,
    rejected,
    with_clock,
)

FIVEFOLD: Final = 5
THREEFOLD: Final = 3
FIFTY_MOVES_PLIES: Final = 100
SEVENTY_FIVE_MOVES_PLIES: Final = 150
FIRST_MOVES: Final = 2
"""Plies until the clocks run: the first move of each."""


def judge_move(
    game: Game, move: NewMove, *, colour: Colour, received_at: datetime, at: datetime, outage_ms: int = 0
) -> Verdict:
    """Return what becomes of a move.

    Args:
        game: as its locked row has it.
        move: what the client has sent.
        colour: who has sent it.
        received_at: when the server had read it; the player's time ends here.
        at: now, when the row is locked; the opponent's time begins here.
        outage_ms: how long nothing ran during this turn; it doesn't count.
    """
    if game.status is GameStatus.ENDED:
        return rejected(game, "game_ended")
    if outage_ms:
        game = msgspec.structs.replace(game, turn_started_at=game.turn_started_at + timedelta(milliseconds=outage_ms))
    if is_flagged(game, at=received_at):
        return Verdict(end_by_flag(game, at=at), (), "flag")
    if (refusal := _refuse(game, move, colour=colour)) is not None:
        return refusal
    before = Position.parse(game.fen)
    try:
        after, san = before.play(move.uci), before.san_of(move.uci)
    except IllegalMoveError:
        return rejected(game, "illegal_move", f"{move.uci[:16]!r} {REJECTIONS['illegal_move'][9:]}")
    verdict = _make(game, move, colour=colour, after=after, san=san, received_at=received_at, at=at)
    if not outage_ms or verdict.rejection:
        return verdict
    adjusted = NewEvent(type="clock_adjusted", payload={"reason": "outage", "by_ms": outage_ms})
    return Verdict(verdict.game, [adjusted, *verdict.events])


def _refuse(game: Game, move: NewMove, *, colour: Colour) -> Verdict | None:
    if move.ply is not None and move.ply != game.ply + 1:
        return rejected(game, "wrong_ply", f"Ply {game.ply + 1} is to be made now, not {move.ply}.")
    if colour != game.turn:
        return rejected(game, "not_your_turn")
    if game.ply >= PLIES_MAX:
        return rejected(game, "too_long", f"A game has at most {PLIES_MAX} plies.")
    return None


def _make(
    game: Game, move: NewMove, *, colour: Colour, after: Position, san: str, received_at: datetime, at: datetime
) -> Verdict:
    times = _charge(game, move, colour=colour, received_at=received_at)
    if times is not None:
        game = with_clock(game, colour, times.clock)
        if times.is_flagged:
            return Verdict(end_by_flag(game, at=at), (), "flag")
    events = [*_events_of_offers(game.offers, colour)]
    played = msgspec.structs.replace(
        game,
        fen=after.fen,
        moves=(*game.moves, move.uci),
        position_keys=(after.key,) if after.halfmoves == 0 else (*game.position_keys, after.key),
        turn_started_at=at,
        offers=_offers_after(game, colour, is_draw_offered=move.is_draw_offered),
    )
    if played.started_at is None and played.ply >= FIRST_MOVES:
        played = msgspec.structs.replace(played, status=GameStatus.RUNNING, started_at=at)
    played = end_by_position(played, after, at=at)
    events.append(_move_event(played, move, colour=colour, san=san, times=times))
    if move.is_draw_offered and played.offers.draw == colour and game.offers.draw != colour:
        events.append(NewEvent(type="draw_offered", payload={"colour": colour}))
    return Verdict(with_deadline(played), events)


def with_deadline(game: Game) -> Game:
    """Return the game with the deadline of its current turn."""
    return msgspec.structs.replace(game, deadline_at=clocks.deadline_of(game))


def end_by_position(game: Game, position: Position, *, at: datetime) -> Game:
    """Return the game, ended if its position ends it by itself."""
    if position.is_checkmate:
        return end(game, EndReason.CHECKMATE, winner=OPPONENTS[position.turn], at=at)
    reason = _drawn_by(game, position)
    return game if reason is None else end(game, reason, winner=None, at=at)


def claimable_draw(game: Game) -> EndReason | None:
    """Return why the player to move can claim a draw now; None if there is no reason."""
    if repetitions(game) >= THREEFOLD:
        return EndReason.THREEFOLD
    halfmoves = int(game.fen.split(" ")[4])
    return EndReason.FIFTY_MOVES if halfmoves >= FIFTY_MOVES_PLIES else None


def repetitions(game: Game) -> int:
    """Return how often the current position has occurred."""
    return game.position_keys.count(game.position_keys[-1])


def _drawn_by(game: Game, position: Position) -> EndReason | None:
    if position.is_stalemate:
        return EndReason.STALEMATE
    if material.is_dead(position.placement):
        return EndReason.INSUFFICIENT_MATERIAL
    if repetitions(game) >= FIVEFOLD:
        return EndReason.FIVEFOLD
    return EndReason.SEVENTY_FIVE_MOVES if position.halfmoves >= SEVENTY_FIVE_MOVES_PLIES else None


def _charge(game: Game, move: NewMove, *, colour: Colour, received_at: datetime) -> clocks.MoveTime | None:
    """Return what the move cost; None if no clock runs."""
    clock = game.clock_of(colour)
    if clock is None or not clocks.are_clocks_running(game):
        return None
    return clocks.charge(
        clock,
        game.time_control,
        elapsed=clocks.elapsed_ms(game, received_at),
        lag_ms=move.lag_ms,
        move_time_ms=move.move_time_ms,
    )


def _events_of_offers(offers: Offers, colour: Colour) -> list[NewEvent]:
    """A move declines what the opponent offers, and ends any offer of a takeback."""
    events = []
    if offers.draw == OPPONENTS[colour]:
        events.append(NewEvent(type="draw_declined", payload={"colour": colour}))
    if offers.takeback is not None:
        events.append(NewEvent(type="takeback_declined", payload={"colour": colour}))
    return events


def _offers_after(game: Game, colour: Colour, *, is_draw_offered: bool) -> Offers:
    kept = colour if game.offers.draw == colour else None
    offers = msgspec.structs.replace(game.offers, draw=kept, takeback=None, takeback_plies=0)
    if is_draw_offered and may_offer_draw(game, colour):
        return offer_draw(offers, colour, ply=game.ply + 1)
    return offers


DRAW_OFFERS_APART: Final = 20
"""Plies between two offers of a draw by the same player."""


def may_offer_draw(game: Game, colour: Colour) -> bool:
    """Return whether a player may offer a draw: both have moved, and the last offer was long enough ago."""
    last = game.offers.white_draw_ply if colour == "white" else game.offers.black_draw_ply
    return game.started_at is not None and (last is None or game.ply >= last + DRAW_OFFERS_APART or game.ply < last)


def offer_draw(offers: Offers, colour: Colour, *, ply: int) -> Offers:
    """Return the offers with one of a draw."""
    if colour == "white":
        return msgspec.structs.replace(offers, draw=colour, white_draw_ply=ply)
    return msgspec.structs.replace(offers, draw=colour, black_draw_ply=ply)


def _move_event(game: Game, move: NewMove, *, colour: Colour, san: str, times: clocks.MoveTime | None) -> NewEvent:
    clock = game.clock_of(colour)
    return NewEvent(
        type="move",
        payload={
            "ply": game.ply,
            "uci": move.uci,
            "san": san,
            "fen": game.fen,
            "position_hash": game.position_keys[-1],
            "clocks": {
                "white_ms": None if game.white_clock is None else game.white_clock.remaining_ms,
                "black_ms": None if game.black_clock is None else game.black_clock.remaining_ms,
            },
            "elapsed_ms": None if times is None else times.elapsed_ms,
            "claimed_lag_ms": None if times is None else times.claimed_lag_ms,
            "compensation_ms": None if times is None else times.compensation_ms,
            "quota_ms": None if clock is None else clock.quota_ms,
            "client_move_id": move.client_action_id,
        },
    )
