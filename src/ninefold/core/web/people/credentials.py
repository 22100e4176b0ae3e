"""The HTTP routes for the API keys of an organisation, and for one's own personal tokens."""

from datetime import timedelta
from typing import Any, Final

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.members import check_may_grant
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN
from ninefold.core.tenancy.roles import ADMIN, READ, ROLE_SCOPES
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.people.field_types import ApiKeyId, PersonalTokenId
from ninefold.core.web.people.request_bodies import CreateApiKey, CreatePersonalToken
from ninefold.core.web.people.views import (
    ApiKeyList,
    CreatedApiKeyView,
    CreatedPersonalTokenView,
    PersonalTokenList,
    show_api_key,
    show_created_api_key,
    show_created_personal_token,
    show_personal_token,
)
from ninefold.core.web.site import Site

_API_KEYS: Final = "/api/v1/api-keys"
_PERSONAL_TOKENS: Final = "/api/v1/personal-tokens"
_KEY_TAGS: Final = ["API keys"]
_TOKEN_TAGS: Final = ["personal tokens"]
_OWN: Final = access(caller=Caller.PERSON, scope=READ)


@post(_API_KEYS, tags=_KEY_TAGS, opt=access(scope=ADMIN))
async def create_api_key(
    *,
    data: FromBody[CreateApiKey],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> CreatedApiKeyView:
    """Create an API key.

    Only this response has its text. The key is allowed what its role allows: by default, `developer`.
    """
    check_may_grant(principal, data.role)
    async with database.transaction() as connection:
        created = await service.create_api_key(
            connection,
            organisation_id=principal.organisation_id,
            name=data.name,
            role=data.role,
            created_from=site.client_address(request),
            expires_in=_lifetime(data.expires_in_s),
        )
        audit.target_id = format_id(API_KEY.id_prefix, created.credential_id)
    return show_created_api_key(created)


@get(_API_KEYS, tags=_KEY_TAGS, opt=access(scope=ADMIN))
async def list_api_keys(principal: NamedDependency[Principal], database: NamedDependency[Database]) -> ApiKeyList:
    """List the API keys of the organisation.

    Oldest first, at most 1,000, also those that were revoked or have expired.
    """
    async with database.connection() as connection:
        found = await service.list_credentials(connection, API_KEY, organisation_id=principal.organisation_id)
    return ApiKeyList(items=[show_api_key(key) for key in found])


@delete(f"{_API_KEYS}/{{api_key_id:str}}", tags=_KEY_TAGS, opt=access(scope=ADMIN))
async def revoke_api_key(
    api_key_id: FromPath[ApiKeyId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke an API key.

    The next request with it is refused. This can't be undone.
    """
    async with database.transaction() as connection:
        await service.revoke_credential(
            connection, API_KEY, organisation_id=principal.organisation_id, credential_id=api_key_id
        )


@post(_PERSONAL_TOKENS, tags=_TOKEN_TAGS, opt=_OWN)
async def create_personal_token(
    *,
    data: FromBody[CreatePersonalToken],
    request: Request[Any, Principal, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> CreatedPersonalTokenView:
    """Create a personal token for the current organisation.

    Only this response has its text. The token is allowed what its role allows, and never more than the person: it ends
    with the membership.
    """
    check_may_grant(principal, data.role)
    async with database.transaction() as connection:
        created = await service.create_credential(
            connection,
            PERSONAL_TOKEN,
            organisation_id=principal.organisation_id,
            account_id=principal.account_id,
            name=data.name,
            scopes=ROLE_SCOPES[data.role],
            created_from=site.client_address(request),
            expires_in=_lifetime(data.expires_in_s),
        )
        audit.target_id = format_id(PERSONAL_TOKEN.id_prefix, created.credential_id)
    return show_created_personal_token(created)


@get(_PERSONAL_TOKENS, tags=_TOKEN_TAGS, opt=_OWN)
async def list_personal_tokens(
    principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> PersonalTokenList:
    """List one's own personal tokens for the current organisation.

    Oldest first, at most 1,000, also those that were revoked or have expired.
    """
    async with database.connection() as connection:
        found = await service.list_credentials(
            connection,
            PERSONAL_TOKEN,
            organisation_id=principal.organisation_id,
            account_id=principal.account_id,
        )
    return PersonalTokenList(items=[show_personal_token(token) for token in found])


@delete(f"{_PERSONAL_TOKENS}/{{personal_token_id:str}}", tags=_TOKEN_TAGS, opt=_OWN)
async def revoke_personal_token(
    personal_token_id: FromPath[PersonalTokenId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke one of one's own personal tokens.

    The next request with it is refused. This can't be undone.
    """
    async with database.transaction() as connection:
        await service.revoke_credential(
            connection,
            PERSONAL_TOKEN,
            organisation_id=principal.organisation_id,
            account_id=principal.account_id,
            credential_id=personal_token_id,
        )


CREDENTIAL_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_api_key,
    list_api_keys,
    revoke_api_key,
    create_personal_token,
    list_personal_tokens,
    revoke_personal_token,
]


def _lifetime(expires_in_s: int | None) -> timedelta | None:
    return None if expires_in_s is None else timedelta(seconds=expires_in_s)
