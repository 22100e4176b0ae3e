"""The errors of chess that callers can get."""

from ninefold.core.errors import ConflictError, InvalidInputError, NotFoundError


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
