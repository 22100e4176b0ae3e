"""The state of a game as its log makes it: what the lines of a game's stream say."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from ninefold.systems.chess.model import Colour, EndReason, Game, GameStatus
from ninefold.systems.chess.rules import clocks


class ClocksEntry(msgspec.Struct, frozen=True):
    """What both have left."""

    white_ms: int | None = None
    black_ms: int | None = None


class EventEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the log, with the fields that some of its types have."""

    sequence: int
    type: str
    at: datetime
    uci: str = ""
    plies: int = 0
    clocks: ClocksEntry | None = None
    colour: Colour | None = None
    claimable_at: datetime | None = None
    winner: Colour | None = None
    reason: EndReason | None = None


class GameSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The changing part of a game, after an entry of its log."""

    moves: Sequence[str]
    white_ms: int | None
    """None without a limit."""
    black_ms: int | None
    draw: Colour | None = None
    """Who offers a draw."""
    takeback: Colour | None = None
    """Who wants to take back a move."""
    status: GameStatus = GameStatus.RUNNING
    winner: Colour | None = None
    reason: EndReason | None = None


_decoder: Final = msgspec.json.Decoder(EventEntry)


def decode_event(data: bytes) -> EventEntry:
    """Return an entry of the log of a game."""
    return _decoder.decode(data)


def snapshot_of(game: Game, *, at: datetime) -> GameSnapshot:
    """Return the state of a game at a time."""
    return GameSnapshot(
        moves=tuple(game.moves),
        white_ms=clocks.remaining_ms(game, "white", at),
        black_ms=clocks.remaining_ms(game, "black", at),
        draw=game.offers.draw,
        takeback=game.offers.takeback,
        status=game.status,
        winner=game.winner,
        reason=game.reason,
    )


def after_event(snapshot: GameSnapshot, event: EventEntry) -> GameSnapshot:
    """Return the state after the next entry of the log."""
    if event.clocks is not None:
        snapshot = msgspec.structs.replace(snapshot, white_ms=event.clocks.white_ms, black_ms=event.clocks.black_ms)
    change = _change_by(snapshot, event)
    return msgspec.structs.replace(snapshot, **change) if change else snapshot


# The fields of a snapshot have different types.
def _change_by(snapshot: GameSnapshot, event: EventEntry) -> dict[str, Any]:  # noqa: PLR0911  # a table.
    match event.type:
        case "move":
            return {"moves": (*snapshot.moves, event.uci), "takeback": None}
        case "takeback":
            return {"moves": snapshot.moves[: len(snapshot.moves) - event.plies], "takeback": None, "draw": None}
        case "draw_offered":
            return {"draw": event.colour}
        case "draw_declined":
            return {"draw": None}
        case "takeback_offered":
            return {"takeback": event.colour}
        case "takeback_declined":
            return {"takeback": None}
        case "ended":
            return {
                "status": GameStatus.ENDED,
                "winner": event.winner,
                "reason": event.reason,
                "draw": None,
                "takeback": None,
            }
        case _:
            return {}
