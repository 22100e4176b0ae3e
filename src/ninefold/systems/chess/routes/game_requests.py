"""The wire types of what players and programs ask for in games."""

from typing import Annotated, Final
from uuid import UUID

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import parse_body_id
from ninefold.systems.chess.model import (
    PLAYER_PREFIX,
    START_FEN,
    ActionKind,
    ColourChoice,
    Correspondence,
    NewAction,
    NewMove,
    RealTime,
    Room,
    Terms,
    TimeControl,
)
from ninefold.systems.chess.routes.player_wire import PlayerIdText
from ninefold.systems.chess.rules import clocks
from ninefold.systems.chess.rules.engine_levels import LEVEL_MAX, LEVEL_MIN
from ninefold.systems.chess.service.chat import TEXT_LENGTH_MAX

ACTION_ID_LENGTH_MAX: Final = 64
FEN_LENGTH_MAX: Final = 100

Fen = Annotated[
    str,
    msgspec.Meta(
        max_length=FEN_LENGTH_MAX, description="A position in Forsyth-Edwards Notation.", examples=[START_FEN]
    ),
]
ActionId = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=ACTION_ID_LENGTH_MAX,
        description="Chosen by the client: the same id always gets the same answer, so it is safe to send it again.",
        examples=["b8f2c1d4-9"],
    ),
]
ActingPlayerId = Annotated[
    str | None,
    msgspec.Meta(description="For which player an API key acts; others act for their own.", examples=[None]),
]


LimitSeconds = Annotated[int, msgspec.Meta(ge=0, le=clocks.LIMIT_S_MAX)]
IncrementSeconds = Annotated[int, msgspec.Meta(ge=0, le=clocks.INCREMENT_S_MAX)]
DaysPerTurn = Annotated[int, msgspec.Meta(ge=1, le=clocks.DAYS_PER_TURN_MAX)]


class ClockBody(RequestBody, frozen=True, kw_only=True):
    """A clock: seconds and an increment, or days for each move."""

    limit_s: Annotated[LimitSeconds | None, msgspec.Meta(examples=[180])] = None
    increment_s: Annotated[IncrementSeconds | None, msgspec.Meta(examples=[2])] = None
    days_per_turn: Annotated[DaysPerTurn | None, msgspec.Meta(examples=[None])] = None


class CreateGame(RequestBody, frozen=True, kw_only=True):
    """A game to start."""

    white_player_id: PlayerIdText
    black_player_id: PlayerIdText
    clock: ClockBody | None = None
    """null for a game without a limit."""
    is_rated: bool = False
    initial_fen: Fen = START_FEN


class CreateEngineGame(RequestBody, frozen=True, kw_only=True):
    """A game against the engine to start."""

    level: Annotated[
        int, msgspec.Meta(ge=LEVEL_MIN, le=LEVEL_MAX, description="How strong the engine plays.", examples=[3])
    ]
    clock: ClockBody | None = None
    """null for a game without a limit."""
    colour: Annotated[ColourChoice, msgspec.Meta(description="Which pieces the player gets.")] = "random"
    initial_fen: Fen = START_FEN
    player_id: ActingPlayerId = None


class MakeMove(RequestBody, frozen=True, kw_only=True):
    """A move to make."""

    ply: Annotated[int, msgspec.Meta(ge=1, le=100_000, description="The ply that it makes, from 1.", examples=[1])]
    move: Annotated[
        str, msgspec.Meta(min_length=4, max_length=5, description="As UCI, such as `e7e8q`.", examples=["e2e4"])
    ]
    client_move_id: ActionId
    lag_ms: (
        Annotated[
            int,
            msgspec.Meta(ge=0, le=600_000, description="The round trip, as the client has measured it.", examples=[48]),
        ]
        | None
    ) = None
    move_time_ms: (
        Annotated[
            int,
            msgspec.Meta(
                ge=0,
                le=100_000_000_000,
                description="How long the player has thought, by the client's clock; 0 for a premove.",
                examples=[3_120],
            ),
        ]
        | None
    ) = None
    is_draw_offered: bool = False
    player_id: ActingPlayerId = None


class TakeAction(RequestBody, frozen=True, kw_only=True):
    """What a player does besides moving."""

    action: Annotated[ActionKind, msgspec.Meta(examples=["offer_draw"])]
    client_action_id: ActionId
    player_id: ActingPlayerId = None


class SayPresent(RequestBody, frozen=True, kw_only=True):
    """That a player is at a game, or leaves it."""

    is_leaving: bool = False
    player_id: ActingPlayerId = None


class WriteLine(RequestBody, frozen=True, kw_only=True):
    """A line of chat to write."""

    room: Annotated[Room, msgspec.Meta(examples=["player"])]
    text: Annotated[
        str,
        msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX, pattern=r"\S", examples=["Good game!"]),
    ]
    player_id: ActingPlayerId = None


def read_clock(clock: ClockBody | None) -> TimeControl:
    """Return the clock that a request asks for.

    Raises:
        InvalidInputError: it is neither seconds with an increment, nor days.
    """
    match clock:
        case None:
            return None
        case ClockBody(limit_s=int(limit_s), increment_s=int(increment_s), days_per_turn=None):
            return RealTime(limit_s=limit_s, increment_s=increment_s)
        case ClockBody(limit_s=None, increment_s=None, days_per_turn=int(days)):
            return Correspondence(days_per_turn=days)
    raise InvalidInputError(
        "A clock has `limit_s` and `increment_s`, or only `days_per_turn`.",
        field="clock",
        remedy="Send one of the two, or null for no limit.",
    )


def read_engine_terms(data: CreateEngineGame) -> Terms:
    """Return what game against the engine it is to be.

    Raises:
        InvalidInputError: the clock isn't one.
    """
    return Terms(time_control=read_clock(data.clock), is_rated=False, colour=data.colour, initial_fen=data.initial_fen)


def read_move(data: MakeMove) -> NewMove:
    """Return the move of a request."""
    return NewMove(
        ply=data.ply,
        uci=data.move,
        client_action_id=data.client_move_id,
        lag_ms=data.lag_ms,
        move_time_ms=data.move_time_ms,
        is_draw_offered=data.is_draw_offered,
    )


def read_action(data: TakeAction) -> NewAction:
    """Return the action of a request."""
    return NewAction(kind=data.action, client_action_id=data.client_action_id)


def read_player_id(text: str | None) -> UUID | None:
    """Return the player that a body names.

    Raises:
        InvalidInputError: it isn't a player's id.
    """
    return None if text is None else parse_body_id(PLAYER_PREFIX, text, field="player_id")
