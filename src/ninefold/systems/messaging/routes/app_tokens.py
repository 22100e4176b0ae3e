"""The HTTP routes for the tokens and the signing secrets of apps, with their wire types."""

from typing import Annotated, Any, Final

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Credential, CredentialState, Principal
from ninefold.core.web.bodies import FromBody, RequestBody
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.messaging.model import LIMITED, TOKEN_PREFIX
from ninefold.systems.messaging.routes.app_wire import Scopes
from ninefold.systems.messaging.routes.wire import TAGS, AppId, AppTokenId
from ninefold.systems.messaging.rules.slack_scopes import SCOPES
from ninefold.systems.messaging.service.apps import tokens as service
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.apps.signing_secrets import replace_signing_secret
from ninefold.systems.messaging.service.apps.tokens import AppTokenKind

_APP: Final = "/api/v1/messaging/apps/{app_id:str}"

Kind = Annotated[
    AppTokenKind, msgspec.Meta(description="`bot` acts for the bot of the app; `app` opens its connections.")
]


class CreateAppToken(RequestBody, frozen=True, kw_only=True):
    """A token to create."""

    kind: Kind
    scopes: Scopes = None


class AppTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token of an app, without its text."""

    token_id: Annotated[str, msgspec.Meta(examples=[f"{TOKEN_PREFIX}_{EXAMPLE_ID}"])]
    kind: Kind
    prefix: Annotated[str, msgspec.Meta(description="The public part of its text.", examples=["xoxb-AbC123xy"])]
    scopes: Scopes
    state: CredentialState
    created_at: Timestamp
    last_used_at: Timestamp | None


class AppTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of an app, oldest first."""

    items: list[AppTokenView]
    next_cursor: None = None


class CreatedAppTokenView(AppTokenView, frozen=True, kw_only=True):
    """A new token with its text, which isn't stored anywhere."""

    token: Annotated[str, msgspec.Meta(examples=["xoxb-AbC123xy-…"])]


class SigningSecretView(msgspec.Struct, frozen=True, kw_only=True):
    """A new signing secret."""

    signing_secret: Annotated[
        str,
        msgspec.Meta(description="Signs what the app is sent.", examples=["8f742231b10e8888abcd99000aaa85a5"]),
    ]


@get(f"{_APP}/tokens", tags=TAGS)
async def list_messaging_app_tokens(
    app_id: FromPath[AppId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> AppTokenList:
    """List the tokens of an app.

    Those of its bot too. Oldest first, without their texts, and with those that were revoked.
    """
    async with database.snapshot() as connection:
        app = await get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        found = await service.list_app_tokens(connection, app)
    return AppTokenList(items=[AppTokenView(**_fields(each)) for each in found])


@post(f"{_APP}/tokens", tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_messaging_app_token(
    *,
    app_id: FromPath[AppId],
    data: FromBody[CreateAppToken],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> CreatedAppTokenView:
    """Create another token of an app.

    Only this response has its text. To replace a token, create another one, give it to the app, and revoke the first.
    """
    async with database.transaction() as connection:
        app = await get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        created = await service.create_app_token(connection, app, kind=data.kind, scopes=data.scopes)
        audit.target_id = format_id(TOKEN_PREFIX, created.credential_id)
    return CreatedAppTokenView(token=created.text, **_fields(created))


@delete(f"{_APP}/tokens/{{token_id:str}}", tags=TAGS)
async def revoke_messaging_app_token(
    app_id: FromPath[AppId],
    token_id: FromPath[AppTokenId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke a token of an app.

    From the next request on it is refused, and the connections that it has opened end. This can't be undone.
    """
    async with database.transaction() as connection:
        app = await get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        await service.revoke_app_token(connection, app, credential_id=token_id)


@post(f"{_APP}/signing-secret", tags=TAGS, status_code=200)
async def replace_messaging_signing_secret(
    app_id: FromPath[AppId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
) -> SigningSecretView:
    """Replace the signing secret of an app.

    What the app is sent from now on is signed with the new one.
    """
    async with database.transaction() as connection:
        app = await get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        secret = await replace_signing_secret(connection, sealer, app_id=app.app_id)
    return SigningSecretView(signing_secret=secret)


def _fields(token: Credential) -> dict[str, Any]:
    return {
        "token_id": format_id(TOKEN_PREFIX, token.credential_id),
        "kind": service.kind_of(token),
        "prefix": token.prefix,
        "scopes": sorted(token.scopes & SCOPES) if LIMITED in token.scopes else None,
        "state": token.state,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
    }


APP_TOKEN_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_messaging_app_tokens,
    create_messaging_app_token,
    revoke_messaging_app_token,
    replace_messaging_signing_secret,
]
