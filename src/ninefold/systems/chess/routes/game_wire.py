"""The wire types of games: how a request says what to do, and how the API shows them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.chess.model import (
    GAME_PREFIX,
    PLAYER_PREFIX,
    Answer,
    ChatLine,
    Colour,
    Correspondence,
    EndReason,
    Game,
    GameStatus,
    LogEvent,
    Presence,
    RealTime,
    Room,
    Speed,
    TimeControl,
)
from ninefold.systems.chess.routes.game_requests import Fen
from ninefold.systems.chess.routes.player_wire import EXAMPLE_PLAYER_ID, PlayerIdText
from ninefold.systems.chess.rules import clocks
from ninefold.systems.chess.service.channels import chat_channel, game_channel
from ninefold.systems.chess.service.games import PlayedMove, ShownGame, ShownSide, claims_of
from ninefold.systems.chess.service.ratings import is_provisional

Milliseconds = Annotated[int, msgspec.Meta(examples=[178_420])]
GameIdText = Annotated[str, msgspec.Meta(examples=[f"{GAME_PREFIX}_{EXAMPLE_ID}"])]


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """The clock of a game."""

    limit_s: Annotated[int | None, msgspec.Meta(examples=[180])]
    increment_s: Annotated[int | None, msgspec.Meta(examples=[2])]
    days_per_turn: Annotated[int | None, msgspec.Meta(examples=[None])]


class RunningClocksView(msgspec.Struct, frozen=True, kw_only=True):
    """What both have left; null without a limit."""

    white_ms: Milliseconds | None
    black_ms: Milliseconds | None
    running: Annotated[Colour | None, msgspec.Meta(description="Whose time runs.", examples=["white"])]
    at: Annotated[
        datetime, msgspec.Meta(tz=True, description="The server's time, for which this is true: now, or the end.")
    ]


class AnswerClocksView(msgspec.Struct, frozen=True, kw_only=True):
    """What both have left; null without a limit."""

    white_ms: Milliseconds | None
    black_ms: Milliseconds | None


class GameAnswerView(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a move or an action, after the commit."""

    result: Annotated[Literal["committed", "rejected"], msgspec.Meta(examples=["committed"])]
    reason: Annotated[str | None, msgspec.Meta(description="Why it was rejected.", examples=[None])]
    detail: Annotated[str | None, msgspec.Meta(description="The same, for people.", examples=[None])]
    sequence: Annotated[int, msgspec.Meta(description="Of the last entry of the log, with it.", examples=[7])]
    ply: Annotated[int, msgspec.Meta(description="How many moves were made.", examples=[5])]
    clocks: AnswerClocksView
    at: Timestamp


class MoveView(msgspec.Struct, frozen=True, kw_only=True):
    """A move that was made."""

    ply: Annotated[int, msgspec.Meta(examples=[1])]
    uci: Annotated[str, msgspec.Meta(examples=["e2e4"])]
    san: Annotated[str, msgspec.Meta(examples=["e4"])]
    clock_ms: Annotated[int | None, msgspec.Meta(description="What the player had left after it.", examples=[178_420])]
    elapsed_ms: Annotated[int | None, msgspec.Meta(description="How long the turn took.", examples=[3_170])]
    lag_ms: Annotated[int | None, msgspec.Meta(description="The lag that the client claimed.", examples=[120])]
    compensation_ms: Annotated[int | None, msgspec.Meta(description="How much of it didn't count.", examples=[120])]
    quota_ms: Annotated[
        int | None, msgspec.Meta(description="How much lag could still be compensated after it.", examples=[2_880])
    ]
    client_move_id: Annotated[
        str | None, msgspec.Meta(description="As its client has chosen it.", examples=["b8f2c1d4-9"])
    ]
    at: Timestamp


class SideView(msgspec.Struct, frozen=True, kw_only=True):
    """A player of a game."""

    player_id: PlayerIdText
    name: Annotated[str, msgspec.Meta(examples=["ines"])]
    is_bot: bool
    is_guest: bool
    rating: Annotated[int, msgspec.Meta(description="Before the game, if it has changed it.", examples=[1_500])]
    is_provisional: bool
    rating_change: Annotated[int | None, msgspec.Meta(examples=[None])]


class OffersView(msgspec.Struct, frozen=True, kw_only=True):
    """Who offers what now."""

    draw: Annotated[Colour | None, msgspec.Meta(examples=[None])]
    takeback: Annotated[Colour | None, msgspec.Meta(examples=[None])]


class PresenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a player is at the game, as its client has last said."""

    is_gone: bool
    seen_at: Timestamp
    claimable_at: Timestamp | None
    """From when on the opponent can claim."""


class PresencesView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is at the game; null: the player's client has never said so."""

    white: PresenceView | None
    black: PresenceView | None


class GameSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A game in a list."""

    game_id: GameIdText
    short_id: Annotated[str, msgspec.Meta(description="The id in Lichess's API.", examples=["q7ZvsdUF"])]
    status: GameStatus
    winner: Annotated[Colour | None, msgspec.Meta(examples=[None])]
    reason: Annotated[EndReason | None, msgspec.Meta(description="Why it has ended.", examples=[None])]
    speed: Annotated[Speed, msgspec.Meta(examples=["blitz"])]
    is_rated: bool
    clock: ClockView | None
    white_player_id: PlayerIdText
    black_player_id: PlayerIdText
    initial_fen: Fen
    fen: Fen
    ply: Annotated[int, msgspec.Meta(examples=[0])]
    turn: Annotated[Colour, msgspec.Meta(examples=["white"])]
    clocks: RunningClocksView
    deadline_at: Annotated[
        Timestamp | None,
        msgspec.Meta(description="When the time for the turn is up, with the grace; null if it never is."),
    ]
    offers: OffersView
    last_sequence: Annotated[int, msgspec.Meta(description="Of the last entry of its log.", examples=[1])]
    live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of its log; offsets are its sequence numbers.",
            examples=[f"chess.game:{GAME_PREFIX}_{EXAMPLE_ID}"],
        ),
    ]
    created_at: Timestamp
    started_at: Timestamp | None
    ended_at: Timestamp | None


class GameView(GameSummary, frozen=True, kw_only=True):
    """A game with its moves and its players."""

    moves: list[MoveView]
    white: SideView
    black: SideView
    own_colour: Annotated[Colour | None, msgspec.Meta(description="Which one is yours.", examples=[None])]
    claims: Annotated[
        list[str], msgspec.Meta(description="The actions with which you can claim something now.", examples=[[]])
    ]
    presence: PresencesView
    chat_live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of your room of its chat.",
            examples=[f"chess.chat:{GAME_PREFIX}_{EXAMPLE_ID}"],
        ),
    ]


class GameEventView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in the log of a game."""

    sequence: Annotated[int, msgspec.Meta(examples=[2])]
    type: Annotated[str, msgspec.Meta(examples=["move"])]
    at: Timestamp
    data: Annotated[
        dict[str, Any], msgspec.Meta(description="The rest of the entry.", examples=[{"ply": 1, "uci": "e2e4"}])
    ]


class GameEventsView(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of a log that follow each other."""

    items: list[GameEventView]


class ChatLineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of chat."""

    sequence: Annotated[int, msgspec.Meta(examples=[1])]
    room: Annotated[Room, msgspec.Meta(examples=["player"])]
    player_id: Annotated[str, msgspec.Meta(examples=[EXAMPLE_PLAYER_ID])]
    name: Annotated[str, msgspec.Meta(examples=["ines"])]
    text: Annotated[str, msgspec.Meta(examples=["Good game!"])]
    at: Timestamp


class ChatLinesView(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a room that follow each other."""

    items: list[ChatLineView]


def show_answer(answer: Answer) -> GameAnswerView:
    """Return an answer as the API shows it."""
    return GameAnswerView(
        result=answer.result,
        reason=answer.reason,
        detail=answer.detail,
        sequence=answer.sequence,
        ply=answer.ply,
        clocks=AnswerClocksView(white_ms=answer.clocks.white_ms, black_ms=answer.clocks.black_ms),
        at=answer.at,
    )


def show_summary(game: Game, *, now: datetime) -> GameSummary:
    """Return a game as a list of the API shows it."""
    return GameSummary(**_summary(game, now=now))


def show_game(shown: ShownGame, *, own_colour: Colour | None, now: datetime) -> GameView:
    """Return a game as the API shows it to one of its players, or to somebody else."""
    game = shown.game
    presence: Mapping[Colour, Presence | None] = {"white": shown.white.presence, "black": shown.black.presence}
    return GameView(
        **_summary(game, now=now),
        moves=[_show_move(move) for move in shown.moves],
        white=_show_side(shown.white, game, "white"),
        black=_show_side(shown.black, game, "black"),
        own_colour=own_colour,
        claims=claims_of(game, own_colour, presence, now=now),
        presence=PresencesView(white=_show_presence(presence["white"]), black=_show_presence(presence["black"])),
        chat_live_channel=chat_channel(game.game_id, "spectator" if own_colour is None else "player"),
    )


def show_event(event: LogEvent) -> GameEventView:
    """Return an entry of a log as the API shows it."""
    return GameEventView(sequence=event.sequence, type=event.type, at=event.at, data=msgspec.json.decode(event.payload))


def show_line(line: ChatLine) -> ChatLineView:
    """Return a line of chat as the API shows it."""
    return ChatLineView(
        sequence=line.sequence,
        room=line.room,
        player_id=format_id(PLAYER_PREFIX, line.player_id),
        name=line.name,
        text=line.text,
        at=line.at,
    )


def _summary(game: Game, *, now: datetime) -> dict[str, Any]:
    is_running = clocks.are_clocks_running(game)
    return {
        "game_id": format_id(GAME_PREFIX, game.game_id),
        "short_id": game.short_id,
        "status": game.status,
        "winner": game.winner,
        "reason": game.reason,
        "speed": game.speed,
        "is_rated": game.is_rated,
        "clock": show_clock(game.time_control),
        "white_player_id": format_id(PLAYER_PREFIX, game.white_player_id),
        "black_player_id": format_id(PLAYER_PREFIX, game.black_player_id),
        "initial_fen": game.initial_fen,
        "fen": game.fen,
        "ply": game.ply,
        "turn": game.turn,
        "clocks": RunningClocksView(
            white_ms=clocks.remaining_ms(game, "white", now),
            black_ms=clocks.remaining_ms(game, "black", now),
            running=game.turn if is_running else None,
            at=now if game.ended_at is None else game.ended_at,
        ),
        "deadline_at": game.deadline_at,
        "offers": OffersView(draw=game.offers.draw, takeback=game.offers.takeback),
        "last_sequence": game.last_sequence,
        "live_channel": game_channel(game.game_id),
        "created_at": game.created_at,
        "started_at": game.started_at,
        "ended_at": game.ended_at,
    }


def show_clock(control: TimeControl) -> ClockView | None:
    """Return a time control as the API shows it."""
    match control:
        case RealTime():
            return ClockView(limit_s=control.limit_s, increment_s=control.increment_s, days_per_turn=None)
        case Correspondence():
            return ClockView(limit_s=None, increment_s=None, days_per_turn=control.days_per_turn)
    return None


def _show_move(move: PlayedMove) -> MoveView:
    return MoveView(**msgspec.structs.asdict(move))


def _show_side(side: ShownSide, game: Game, colour: Colour) -> SideView:
    change = None if game.ratings is None else game.ratings[colour]
    return SideView(
        player_id=format_id(PLAYER_PREFIX, side.player.player_id),
        name=side.player.name,
        is_bot=side.player.is_bot,
        is_guest=side.player.is_guest,
        rating=round(side.rating.rating) if change is None else change["rating"],
        is_provisional=is_provisional(side.rating),
        rating_change=None if change is None else change["change"],
    )


def _show_presence(presence: Presence | None) -> PresenceView | None:
    if presence is None:
        return None
    return PresenceView(
        is_gone=presence.gone_at is not None, seen_at=presence.seen_at, claimable_at=presence.claimable_at
    )
