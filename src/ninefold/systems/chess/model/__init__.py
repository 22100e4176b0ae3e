"""The data types of chess: immutable, without behaviour or I/O.

`games` has a game as its row is, and its log. `playing` has what players do in it. `players` has who they are and how
strong, `meeting` how they come to a game, `time_controls` how fast it is, `engine` who plays if nobody else does.
"""

from ninefold.systems.chess.model.engine import ENGINE_SOURCE, ENGINE_TURN, EngineSeat, EngineTurn
from ninefold.systems.chess.model.games import (
    GAME_PREFIX,
    START_FEN,
    Colour,
    EndReason,
    Game,
    GameStatus,
    JsonObject,
    LogEvent,
    NewEvent,
    Offers,
    SideClock,
)
from ninefold.systems.chess.model.meeting import (
    CHALLENGE_PREFIX,
    SEEK_PREFIX,
    Challenge,
    ChallengeStatus,
    ColourChoice,
    Seek,
    Terms,
)
from ninefold.systems.chess.model.players import PLAY, PLAYER_PREFIX, Player, Rating, RatingChange, RatingOfSpeed
from ninefold.systems.chess.model.playing import (
    ActionKind,
    Answer,
    ChatLine,
    ClocksShown,
    NewAction,
    NewMove,
    Presence,
    Room,
)
from ninefold.systems.chess.model.time_controls import Correspondence, RealTime, Speed, TimeControl

__all__ = [
    "CHALLENGE_PREFIX",
    "ENGINE_SOURCE",
    "ENGINE_TURN",
    "GAME_PREFIX",
    "PLAY",
    "PLAYER_PREFIX",
    "SEEK_PREFIX",
    "START_FEN",
    "ActionKind",
    "Answer",
    "Challenge",
    "ChallengeStatus",
    "ChatLine",
    "ClocksShown",
    "Colour",
    "ColourChoice",
    "Correspondence",
    "EndReason",
    "EngineSeat",
    "EngineTurn",
    "Game",
    "GameStatus",
    "JsonObject",
    "LogEvent",
    "NewAction",
    "NewEvent",
    "NewMove",
    "Offers",
    "Player",
    "Presence",
    "Rating",
    "RatingChange",
    "RatingOfSpeed",
    "RealTime",
    "Room",
    "Seek",
    "SideClock",
    "Speed",
    "Terms",
    "TimeControl",
]
