"""Who calls a method: the member, the bot or the app of its token, and what the token allows."""

from collections.abc import Mapping
from typing import Final

from ninefold.core.errors import UnauthorizedError
from ninefold.core.postgres.database import Connection as DatabaseConnection
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Authenticate, Connection
from ninefold.systems.messaging.model import CONNECT, LIMITED, ChannelKind, Member
from ninefold.systems.messaging.rules.slack_scopes import SCOPES
from ninefold.systems.messaging.service.members import find_own_member
from ninefold.systems.messaging.service.tokens import BOT_TOKEN, TOKEN_KINDS
from ninefold.systems.messaging.slack.arguments import read_fields
from ninefold.systems.messaging.slack.errors import MissingScopeError, TokenKindError
from ninefold.systems.messaging.slack.headers import join_scopes, remember_scopes
from ninefold.systems.messaging.slack.methods import Method, find_method
from ninefold.systems.messaging.slack.rate_limits import CallLimits

_SCHEME: Final = "bearer"
_OF_APPS: Final = frozenset({"connections:write"})
"""The scopes of a token `xapp-…`."""

_FOR_EVERYBODY: Final = frozenset({"api.test"})


def slack_authentication(database: Database, limits: CallLimits) -> Authenticate:
    """Return a function that authenticates by a token in the header or among the arguments.

    It refuses a token that calls a method too often, is of the wrong kind, or doesn't have the scope.
    """

    async def authenticate(connection: Connection) -> Principal | None:
        name, method = find_method(connection.scope["path"])
        if name in _FOR_EVERYBODY:
            return None
        text = await _token_of(connection)
        if text is None:
            raise BOT_TOKEN.errors.missing("The request has no token.", remedy=BOT_TOKEN.remedy)
        async with database.connection() as database_connection:
            principal = await tenancy.authenticate(database_connection, text, kinds=TOKEN_KINDS)
        granted = granted_scopes(principal)
        remember_scopes(connection.scope, granted, method)
        limits.take(principal.credential_id, name, method)
        _require_kind(principal, method)
        require_scope(granted, method.scopes)
        return principal

    return authenticate


def granted_scopes(principal: Principal) -> frozenset[str]:
    """Return the scopes of Slack's API that a token has."""
    if CONNECT in principal.scopes:
        return _OF_APPS
    return principal.scopes & SCOPES if LIMITED in principal.scopes else SCOPES


def require_scope(granted: frozenset[str], accepted: frozenset[str]) -> None:
    """Check that a token has one of the scopes with which a method can be called; none are needed if there are none.

    Raises:
        MissingScopeError: it has none of them.
    """
    if accepted and not granted & accepted:
        raise MissingScopeError(join_scopes(accepted), provided=join_scopes(granted))


def require_channel_scope(
    granted: frozenset[str], accepted: Mapping[ChannelKind, frozenset[str]], kind: ChannelKind
) -> None:
    """Check that a token has one of the scopes with which a method can be called for a channel of a kind.

    Raises:
        MissingScopeError: it has none of them.
    """
    require_scope(granted, accepted.get(kind, frozenset()))


async def find_caller(connection: DatabaseConnection, principal: Principal) -> Member:
    """Return the member who calls a method; call it in a transaction.

    Raises:
        UnauthorizedError: the token has no member any more.
        MemberDeactivatedError: the member has been deactivated.
    """
    member = await find_own_member(connection, principal)
    if member is None:
        raise UnauthorizedError("The token has no member any more.")
    return member


def _require_kind(principal: Principal, method: Method) -> None:
    if CONNECT in principal.scopes and not method.is_for_apps:
        raise TokenKindError("This is the token of an app.", remedy="Use the token of its bot, `xoxb-…`.")
    if method.is_for_apps and CONNECT not in principal.scopes:
        raise TokenKindError("This isn't the token of an app.", remedy="Use the app's own token, `xapp-…`.")


async def _token_of(connection: Connection) -> str | None:
    header = connection.headers.get("authorization", "")
    scheme, _, text = header.partition(" ")
    if scheme.lower() == _SCHEME and text.strip():
        return text.strip()
    if not isinstance(connection, RawRequest):
        return None
    found = (await read_fields(connection)).get("token")
    return found if isinstance(found, str) else None
