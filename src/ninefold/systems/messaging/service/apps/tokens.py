"""The tokens of apps: `xoxb-…` of their bots and `xapp-…` of their connections."""

from collections.abc import Collection
from typing import Final, Literal, TypeAlias
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.errors import CredentialNotFoundError
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.model import CreatedCredential, Credential
from ninefold.systems.messaging.errors import TooManyAppTokensError, UnknownScopeError
from ninefold.systems.messaging.model import CONNECT, LIMITED, TOKEN_PREFIX, WRITE_MESSAGES, App
from ninefold.systems.messaging.rules.slack_scopes import unknown_scopes
from ninefold.systems.messaging.service.members import get_bot
from ninefold.systems.messaging.service.tokens import APP_TOKEN, BOT_TOKEN
from ninefold.systems.messaging.store import members as store

AppTokenKind: TypeAlias = Literal["bot", "app"]

ACTIVE_TOKENS_MAX: Final = 20
"""Of one app and its bot."""

_TOKENS_LISTED: Final = 1_000

_KINDS: Final[dict[AppTokenKind, CredentialKind]] = {"bot": BOT_TOKEN, "app": APP_TOKEN}


async def create_app_token(
    connection: Connection, app: App, *, kind: AppTokenKind, scopes: Collection[str] | None = None
) -> CreatedCredential:
    """Create another token of an app; call it in a transaction.

    Args:
        connection: in a transaction.
        app: the app.
        kind: `bot` for one that acts for its bot, `app` for one that opens its connections.
        scopes: what a bot's token is limited to, such as `chat:write`; None if it is allowed what its bot is.

    Raises:
        UnknownScopeError: there is no such scope, or it isn't a bot's token.
        TooManyAppTokensError: the app has as many as it can have.
    """
    allowed = _bot_scopes(scopes) if kind == "bot" else _no_scopes(scopes)
    active = [token for token in await list_app_tokens(connection, app) if token.state == "active"]
    if len(active) >= ACTIVE_TOKENS_MAX:
        raise TooManyAppTokensError(f"The app has {ACTIVE_TOKENS_MAX} tokens.", remedy="Revoke one of them.")
    created = await tenancy.create_credential(
        connection, _KINDS[kind], organisation_id=app.organisation_id, name=app.name, scopes=allowed
    )
    bot = await get_bot(connection, app) if kind == "bot" else None
    await store.token_insert(
        connection,
        credential_id=created.credential_id,
        member_id=None if bot is None else bot.member_id,
        app_id=app.app_id if bot is None else None,
    )
    return created


async def list_app_tokens(connection: Connection, app: App) -> list[Credential]:
    """Return the tokens of an app and of its bot, oldest first, with those that were revoked."""
    own = await store.token_list_of_app(connection, app_id=app.app_id, limit=_TOKENS_LISTED)
    found = [
        token
        for kind in _KINDS.values()
        for token in await tenancy.list_credentials(
            connection, kind, organisation_id=app.organisation_id, credential_ids=own
        )
    ]
    return sorted(found, key=lambda token: token.credential_id)


async def revoke_app_token(connection: Connection, app: App, *, credential_id: UUID) -> Credential:
    """Revoke a token of an app: from the next request on it is refused, and the connections that it has opened end.

    Raises:
        CredentialNotFoundError: the app has no such token.
    """
    for token in await list_app_tokens(connection, app):
        if token.credential_id == credential_id:
            kind = next(kind for kind in _KINDS.values() if kind.name == token.kind)
            return await tenancy.revoke_credential(
                connection, kind, organisation_id=app.organisation_id, credential_id=credential_id
            )
    raise CredentialNotFoundError(
        f"The app has no token {format_id(TOKEN_PREFIX, credential_id)}.",
        field="token_id",
        remedy="List the tokens of the app to see their ids.",
    )


def kind_of(token: Credential) -> AppTokenKind:
    """Return whether a token is a bot's or an app's."""
    return next(name for name, kind in _KINDS.items() if kind.name == token.kind)


def _bot_scopes(scopes: Collection[str] | None) -> frozenset[str]:
    if scopes is None:
        return frozenset({WRITE_MESSAGES})
    if unknown := unknown_scopes(scopes):
        raise UnknownScopeError(
            f"There is no scope {unknown[0]!r}.",
            field="scopes",
            remedy="docs/systems/messaging.md says which there are.",
        )
    return frozenset({LIMITED, *scopes})


def _no_scopes(scopes: Collection[str] | None) -> frozenset[str]:
    if scopes is not None:
        raise UnknownScopeError(
            "The token of an app has no scopes: it only opens connections.", field="scopes", remedy="Leave them out."
        )
    return frozenset({CONNECT})
