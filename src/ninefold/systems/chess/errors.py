"""The errors of chess that callers can get."""

from ninefold.core.errors import (
    ConflictError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)


class GameNotFoundError(NotFoundError):
    """The organisation has no such game."""

    code = "game_not_found"
    title = "Game not found"


class NotAPlayerError(InvalidInputError):
    """The caller doesn't play this game."""

    code = "not_a_player"
    title = "Not a player of this game"
    http_status = 403


class InvalidFenError(InvalidInputError):
    """A text isn't a position to play from, in Forsyth-Edwards Notation."""

    code = "invalid_fen"
    title = "Invalid position"


class InvalidPgnError(InvalidInputError):
    """A text isn't a game in Portable Game Notation."""

    code = "invalid_pgn"
    title = "Invalid PGN"


class InvalidGameError(InvalidInputError):
    """A game can't be like this."""

    code = "invalid_game"
    title = "Invalid game"


class ChatLimitError(TooManyRequestsError):
    """The player has written too much, or the room is full."""

    code = "chat_limit"
    title = "Too many chat lines"


class PlayerNotFoundError(NotFoundError):
    """The organisation has no such player."""

    code = "player_not_found"
    title = "Player not found"


class PlayerNameTakenError(ConflictError):
    """The organisation has another player of this name, in upper or lower case."""

    code = "player_name_taken"
    title = "Player name taken"


class InvalidPlayerNameError(InvalidInputError):
    """The name of a player can't be like this."""

    code = "invalid_player_name"
    title = "Invalid player name"


class PlayerRequiredError(InvalidInputError):
    """An API key acts for no player by itself, so the request has to say for which."""

    code = "player_required"
    title = "Player required"


class NotThisPlayerError(InvalidInputError):
    """The caller can't act for this player."""

    code = "not_this_player"
    title = "Not this player"


class BotNotPossibleError(ConflictError):
    """The player has played games, so it can't become a bot."""

    code = "bot_not_possible"
    title = "Not possible for a bot"


class ChallengeNotFoundError(NotFoundError):
    """The player has no such challenge."""

    code = "challenge_not_found"
    title = "Challenge not found"


class ChallengeEndedError(ConflictError):
    """The challenge can't be answered any more."""

    code = "challenge_ended"
    title = "Challenge ended"


class NotYourChallengeError(InvalidInputError):
    """The challenge is for another player to answer."""

    code = "not_your_challenge"
    title = "Not your challenge"


class InvalidChallengeError(InvalidInputError):
    """There can't be such a challenge."""

    code = "invalid_challenge"
    title = "Invalid challenge"


class SeekNotFoundError(NotFoundError):
    """There is no such seek that is open."""

    code = "seek_not_found"
    title = "Seek not found"


class InvalidSeekError(InvalidInputError):
    """There can't be such a seek."""

    code = "invalid_seek"
    title = "Invalid seek"


class EngineMissingError(NinefoldError):
    """The engine isn't installed where the server or the worker runs."""

    code = "engine_missing"
    title = "Engine missing"
    http_status = 501


class EngineUnavailableError(UnavailableError):
    """The engine can't be started, or doesn't answer."""

    code = "engine_unavailable"
    title = "Engine unavailable"
