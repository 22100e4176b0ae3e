"""Who sends a request: the player of its token."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ninefold.core.errors import UnauthorizedError
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import Principal
from ninefold.systems.chess.lichess.errors import WrongApiError
from ninefold.systems.chess.model import Player
from ninefold.systems.chess.service.players import PLAYER_TOKEN, find_own_player

_PLAY: Final = ("challenge:read", "challenge:write", "preference:read", "email:read")
_SCOPES_OF_BOTS: Final = ",".join((*_PLAY, "bot:play"))
# Who can still become a bot, which needs `bot:play`, isn't told apart.
_SCOPES_OF_PEOPLE: Final = ",".join((*_PLAY, "board:play", "bot:play"))


class TokenInfo(msgspec.Struct, frozen=True, rename="camel"):
    """Whose a token is."""

    user_id: str
    scopes: str
    expires: int | None


async def find_caller(connection: Connection, principal: Principal) -> Player:
    """Return the player who sends a request.

    Raises:
        UnauthorizedError: the token has no player any more.
    """
    player = await find_own_player(connection, principal)
    if player is None:
        raise UnauthorizedError("No such token")
    return player


def require_bot(player: Player) -> None:
    """Check that a player is a bot.

    Raises:
        WrongApiError: it isn't.
    """
    if not player.is_bot:
        raise WrongApiError(
            "This endpoint can only be used with a Bot account.", remedy="POST /api/bot/account/upgrade makes it one."
        )


def require_person(player: Player) -> None:
    """Check that a player isn't a bot.

    Raises:
        WrongApiError: it is.
    """
    if player.is_bot:
        raise WrongApiError("This API endpoint is not for Bot accounts.")


async def describe_tokens(connection: Connection, texts: Sequence[str]) -> Mapping[str, TokenInfo | None]:
    """Return whose tokens are; None for those that aren't valid. Call it in a transaction."""
    return {text: await _describe(connection, text) for text in texts}


async def _describe(connection: Connection, text: str) -> TokenInfo | None:
    try:
        principal = await tenancy.authenticate(connection, text, kinds=[PLAYER_TOKEN])
    except UnauthorizedError:
        return None
    player = await find_own_player(connection, principal)
    if player is None:
        return None
    return TokenInfo(
        user_id=player.name.lower(), scopes=_SCOPES_OF_BOTS if player.is_bot else _SCOPES_OF_PEOPLE, expires=None
    )
