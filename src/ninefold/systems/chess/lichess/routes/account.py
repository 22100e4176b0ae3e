"""`/api/account…` and `/api/token/test`: the caller."""

from typing import Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.types import ControllerRouterHandler

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.accounts import get_account
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.chess.lichess.bodies import read_list, read_query
from ninefold.systems.chess.lichess.callers import TokenInfo, describe_tokens, find_caller
from ninefold.systems.chess.lichess.errors import NotOfferedError
from ninefold.systems.chess.lichess.objects.users import User, show_user
from ninefold.systems.chess.lichess.preferences import LANGUAGE, PREFERENCES
from ninefold.systems.chess.service.ratings import list_ratings

TOKENS_MAX = 1_000


class Ok(msgspec.Struct, frozen=True):
    """The answer of what only has to succeed."""

    ok: bool = True


class Email(msgspec.Struct, frozen=True):
    """The caller's address."""

    email: str | None


class Kid(msgspec.Struct, frozen=True):
    """Whether the caller is in Lichess's mode for children, which isn't here."""

    kid: bool


class KidQuery(msgspec.Struct, frozen=True):
    """The mode to set."""

    v: bool = False


class Preferences(msgspec.Struct, frozen=True):
    """The caller's preferences."""

    prefs: dict[str, Any]
    """Lichess's own fields, which have different types."""
    language: str


@get("/api/account")
async def get_account_route(
    request: RawRequest, principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> User:
    """Show the caller."""
    async with database.transaction() as connection:
        player = await find_caller(connection, principal)
        ratings = await list_ratings(connection, [player.player_id])
    return show_user(player, ratings.get(player.player_id, ()), site_url=site_url(request))


@get("/api/account/email")
async def get_email(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> Email:
    """Show the address of the caller's account; null for bots and others without one."""
    async with database.transaction() as connection:
        player = await find_caller(connection, principal)
        if player.account_id is None:
            return Email(None)
        return Email((await get_account(connection, player.account_id)).email)


@get("/api/account/preferences")
async def get_preferences() -> Preferences:
    """Show the preferences, which are the same for everybody."""
    return Preferences(PREFERENCES, LANGUAGE)


@get("/api/account/kid")
async def get_kid() -> Kid:
    """Show that the mode for children is off."""
    return Kid(kid=False)


@post("/api/account/kid", status_code=200)
async def set_kid(request: RawRequest) -> Ok:
    """Accept that the mode for children is off."""
    if read_query(request, KidQuery).v:
        raise NotOfferedError("There is no kid mode here.", field="v")
    return Ok()


@post("/api/token/test", status_code=200)
async def test_tokens(request: RawRequest, database: NamedDependency[Database]) -> dict[str, TokenInfo | None]:
    """Say whose tokens are."""
    texts = await read_list(request, items_max=TOKENS_MAX, what="tokens")
    async with database.transaction() as connection:
        return dict(await describe_tokens(connection, texts))


def site_url(request: RawRequest) -> str:
    """Return where the client reaches the server, without a slash at the end."""
    return str(request.base_url).rstrip("/")


ACCOUNT_ROUTES: list[ControllerRouterHandler] = [
    get_account_route,
    get_email,
    get_preferences,
    get_kid,
    set_kid,
]
TOKEN_ROUTES: list[ControllerRouterHandler] = [test_tokens]
