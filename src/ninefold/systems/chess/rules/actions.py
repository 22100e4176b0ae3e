"""What a player does besides moving, and what it does to a game."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import msgspec

from ninefold.systems.chess.model import (
    ActionKind,
    Colour,
    EndReason,
    Game,
    GameStatus,
    NewEvent,
    RealTime,
    SideClock,
)
from ninefold.systems.chess.rules import clocks
from ninefold.systems.chess.rules.moves import (
    claimable_draw,
    may_offer_draw,
    offer_draw,
    with_deadline,
)
from ninefold.systems.chess.rules.position import Position
from ninefold.systems.chess.rules.verdicts import (
    OPPONENTS,
    Verdict,
    end,
    end_by_flag,
    is_flagged,
    rejected,
    with_clock,
    without_offers,
)


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What an action is judged by, besides the game."""

    received_at: datetime
    """When the server had read the request."""
    at: datetime
    """Now, when the row is locked."""
    is_outage: bool = False
    """Whether nothing has run since some seconds, so that no clock counts."""
    opponent_claimable_at: datetime | None = None
    """From when on the opponent counts as gone; None if it doesn't."""


def judge_action(game: Game, kind: ActionKind, *, colour: Colour, situation: Situation) -> Verdict:
    """Return what becomes of an action of a player.

    Args:
        game: as its locked row has it.
        kind: what the player does.
        colour: who does it.
        situation: what else counts.
    """
    if game.status is GameStatus.ENDED:
        return rejected(game, "game_ended")
    if not situation.is_outage and is_flagged(game, at=situation.received_at):
        return Verdict(end_by_flag(game, at=situation.at), (), "flag")
    return _ACTIONS[kind](game, colour, situation)


def taken_back(game: Game, plies: int, *, at: datetime) -> Game:
    """Return the game without its last plies. Time that was used isn't given back; the turn begins now."""
    colour = game.turn
    if (left_ms := clocks.remaining_ms(game, colour, at)) is not None and isinstance(game.time_control, RealTime):
        clock = game.clock_of(colour)
        assert clock is not None
        game = with_clock(game, colour, msgspec.structs.replace(clock, remaining_ms=max(1, left_ms)))
    moves = game.moves[:-plies]
    position = Position.parse(game.initial_fen)
    keys = [position.key]
    for uci in moves:
        position = position.play(uci)
        keys = [position.key] if position.halfmoves == 0 else [*keys, position.key]
    return with_deadline(
        msgspec.structs.replace(
            game,
            fen=position.fen,
            moves=moves,
            position_keys=keys,
            turn_started_at=at,
            offers=without_offers(game.offers),
        )
    )


def _resign(game: Game, colour: Colour, situation: Situation) -> Verdict:
    if game.status is GameStatus.CREATED:
        return rejected(game, "not_started", "Before both have moved, abort the game instead.")
    return Verdict(end(game, EndReason.RESIGNATION, winner=OPPONENTS[colour], at=situation.at), ())


def _abort(game: Game, _: Colour, situation: Situation) -> Verdict:
    if game.status is not GameStatus.CREATED:
        return rejected(game, "already_started")
    return Verdict(end(game, EndReason.ABORTED, winner=None, at=situation.at), ())


def _offer_draw(game: Game, colour: Colour, situation: Situation) -> Verdict:
    """A claim if there is a reason for one, an agreement if the opponent has offered, and otherwise an offer."""
    if game.offers.draw == OPPONENTS[colour]:
        return _accept_draw(game, colour, situation)
    if colour == game.turn and claimable_draw(game) is not None:
        return _claim_draw(game, colour, situation)
    if game.offers.draw == colour:
        return rejected(game, "already_offered")
    if game.status is GameStatus.CREATED:
        return rejected(game, "not_started")
    if not may_offer_draw(game, colour):
        return rejected(game, "offered_recently")
    offered = msgspec.structs.replace(game, offers=offer_draw(game.offers, colour, ply=game.ply))
    return Verdict(offered, [NewEvent(type="draw_offered", payload={"colour": colour})])


def _accept_draw(game: Game, colour: Colour, situation: Situation) -> Verdict:
    if game.offers.draw != OPPONENTS[colour]:
        return rejected(game, "no_offer")
    return Verdict(end(game, EndReason.AGREEMENT, winner=None, at=situation.at), ())


def _decline_draw(game: Game, colour: Colour, _: Situation) -> Verdict:
    """Decline the opponent's offer, or withdraw one's own."""
    if game.offers.draw is None:
        return rejected(game, "no_offer")
    without = msgspec.structs.replace(game, offers=msgspec.structs.replace(game.offers, draw=None))
    return Verdict(without, [NewEvent(type="draw_declined", payload={"colour": colour})])


def _claim_draw(game: Game, colour: Colour, situation: Situation) -> Verdict:
    if colour != game.turn:
        return rejected(game, "not_your_turn", "A draw is claimed by the player to move.")
    reason = claimable_draw(game)
    if reason is None:
        return rejected(game, "no_claim", "The position hasn't occurred three times, nor were there fifty moves.")
    return Verdict(end(game, reason, winner=None, at=situation.at), ())


def _offer_takeback(game: Game, colour: Colour, situation: Situation) -> Verdict:
    if game.offers.takeback == OPPONENTS[colour]:
        return _accept_takeback(game, colour, situation)
    if game.offers.takeback == colour:
        return rejected(game, "already_offered")
    plies = 2 if colour == game.turn else 1
    if game.ply < plies:
        return rejected(game, "nothing_to_take_back")
    offers = msgspec.structs.replace(game.offers, takeback=colour, takeback_plies=plies)
    event = NewEvent(type="takeback_offered", payload={"colour": colour, "plies": plies})
    return Verdict(msgspec.structs.replace(game, offers=offers), [event])


def _accept_takeback(game: Game, colour: Colour, situation: Situation) -> Verdict:
    if game.offers.takeback != OPPONENTS[colour]:
        return rejected(game, "no_offer")
    plies = game.offers.takeback_plies
    after = taken_back(game, plies, at=situation.at)
    payload = {"colour": game.offers.takeback, "plies": plies, "ply": after.ply, "fen": after.fen}
    return Verdict(after, [NewEvent(type="takeback", payload={**payload, "clocks": clocks_of(after)})])


def _decline_takeback(game: Game, colour: Colour, _: Situation) -> Verdict:
    """Decline the opponent's offer, or withdraw one's own."""
    if game.offers.takeback is None:
        return rejected(game, "no_offer")
    offers = msgspec.structs.replace(game.offers, takeback=None, takeback_plies=0)
    event = NewEvent(type="takeback_declined", payload={"colour": colour})
    return Verdict(msgspec.structs.replace(game, offers=offers), [event])


def _claim_victory(game: Game, colour: Colour, situation: Situation) -> Verdict:
    return _claim_gone(game, situation, winner=colour)


def _claim_draw_gone(game: Game, _: Colour, situation: Situation) -> Verdict:
    return _claim_gone(game, situation, winner=None)


def _claim_gone(game: Game, situation: Situation, *, winner: Colour | None) -> Verdict:
    if game.status is GameStatus.CREATED:
        return rejected(game, "not_started")
    claimable_at = situation.opponent_claimable_at
    if claimable_at is None or situation.at < claimable_at:
        return rejected(game, "opponent_present")
    return Verdict(end(game, EndReason.ABANDONMENT, winner=winner, at=situation.at), ())


def _add_time(game: Game, colour: Colour, _: Situation) -> Verdict:
    clock = game.clock_of(OPPONENTS[colour])
    if clock is None or not isinstance(game.time_control, RealTime):
        return rejected(game, "no_clock")
    if game.status is GameStatus.CREATED:
        return rejected(game, "not_started")
    given = with_clock(game, OPPONENTS[colour], clocks.add_time(clock))
    payload = {"colour": OPPONENTS[colour], "by_ms": clocks.ADDED_MS, "clocks": clocks_of(given)}
    return Verdict(with_deadline(given), [NewEvent(type="time_added", payload=payload)])


def clocks_of(game: Game) -> dict[str, int | None]:
    """Return what both clocks had when the turn began, as the log shows it."""
    return {"white_ms": _ms_of(game.white_clock), "black_ms": _ms_of(game.black_clock)}


def _ms_of(clock: SideClock | None) -> int | None:
    return None if clock is None else clock.remaining_ms


def shifted(game: Game, by_ms: int) -> Game:
    """Return the game with the time of the current turn put off, as after an outage."""
    moved = msgspec.structs.replace(game, turn_started_at=game.turn_started_at + timedelta(milliseconds=by_ms))
    return with_deadline(moved)


_Act: TypeAlias = Callable[[Game, Colour, Situation], Verdict]

_ACTIONS: Final[Mapping[ActionKind, _Act]] = {
    "resign": _resign,
    "abort": _abort,
    "offer_draw": _offer_draw,
    "accept_draw": _accept_draw,
    "decline_draw": _decline_draw,
    "claim_draw": _claim_draw,
    "offer_takeback": _offer_takeback,
    "accept_takeback": _accept_takeback,
    "decline_takeback": _decline_takeback,
    "claim_victory": _claim_victory,
    "claim_draw_gone": _claim_draw_gone,
    "add_time": _add_time,
}
