"""The errors of chess that callers can get."""

from ninefold.core.errors import InvalidInputError, NotFoundError, TooManyRequestsError


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
