"""Who calls a method: the member, the bot or the app of its token."""

from ninefold.core.errors import UnauthorizedError
from ninefold.core.postgres.database import Connection as DatabaseConnection
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Authenticate, Connection
from ninefold.systems.messaging.model import CONNECT, Member
from ninefold.systems.messaging.service.members import find_own_member
from ninefold.systems.messaging.service.tokens import BOT_TOKEN, TOKEN_KINDS
from ninefold.systems.messaging.slack.arguments import read_fields
from ninefold.systems.messaging.slack.errors import TokenKindError

_SCHEME = "bearer"


def slack_authentication(database: Database) -> Authenticate:
    """Return a function that authenticates by a token in the header or among the arguments."""

    async def authenticate(connection: Connection) -> Principal:
        text = await _token_of(connection)
        if text is None:
            raise BOT_TOKEN.errors.missing("The request has no token.", remedy=BOT_TOKEN.remedy)
        async with database.connection() as database_connection:
            return await tenancy.authenticate(database_connection, text, kinds=TOKEN_KINDS)

    return authenticate


async def find_caller(connection: DatabaseConnection, principal: Principal) -> Member:
    """Return the member who calls a method; call it in a transaction.

    Raises:
        TokenKindError: it is the token of an app, which acts for nobody.
        UnauthorizedError: the token has no member any more.
        MemberDeactivatedError: the member has been deactivated.
    """
    if CONNECT in principal.scopes:
        raise TokenKindError("This is the token of an app.", remedy="Use the token of its bot, `xoxb-…`.")
    member = await find_own_member(connection, principal)
    if member is None:
        raise UnauthorizedError("The token has no member any more.")
    return member


async def _token_of(connection: Connection) -> str | None:
    header = connection.headers.get("authorization", "")
    scheme, _, text = header.partition(" ")
    if scheme.lower() == _SCHEME and text.strip():
        return text.strip()
    if not isinstance(connection, RawRequest):
        return None
    found = (await read_fields(connection)).get("token")
    return found if isinstance(found, str) else None
