"""The HTTP routes for the secret keys of merchants, with their wire types."""

from typing import Annotated, Any, Final

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Credential, CredentialState, Principal
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.routes.field_types import MerchantKeyIdText
from ninefold.systems.payments.routes.wire import TAGS, MerchantId, MerchantKeyId
from ninefold.systems.payments.service import merchants as service
from ninefold.systems.payments.service.keys import SECRET_KEY

_KEYS: Final = "/api/v1/payments/merchants/{merchant_id:str}/keys"


class MerchantKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A secret key of a merchant, without its text."""

    key_id: MerchantKeyIdText
    prefix: Annotated[str, msgspec.Meta(examples=["sk_test_01h455"])]
    """The public part of its text."""
    state: CredentialState
    created_at: Timestamp
    last_used_at: Timestamp | None


class MerchantKeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The secret keys of a merchant, oldest first."""

    items: list[MerchantKeyView]
    next_cursor: None = None


class CreatedMerchantKeyView(MerchantKeyView, frozen=True, kw_only=True):
    """A new secret key with its text, which isn't stored anywhere."""

    secret_key: Annotated[str, msgspec.Meta(examples=[f"sk_test_{EXAMPLE_ID}"])]


@get(_KEYS, tags=TAGS)
async def list_merchant_keys(
    merchant_id: FromPath[MerchantId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> MerchantKeyList:
    """List the secret keys of a merchant.

    Oldest first, without their texts, and with those that were revoked.
    """
    async with database.snapshot() as connection:
        merchant = await service.get_merchant(
            connection, organisation_id=principal.organisation_id, merchant_id=merchant_id
        )
        found = await service.list_keys(connection, merchant)
    return MerchantKeyList(items=[MerchantKeyView(**_fields(each)) for each in found])


@post(_KEYS, tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_merchant_key(
    merchant_id: FromPath[MerchantId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
) -> CreatedMerchantKeyView:
    """Create another secret key of a merchant.

    Only this response has its text. To replace a key, create another one, use it, and revoke the first.
    """
    async with database.transaction() as connection:
        merchant = await service.get_merchant(
            connection, organisation_id=principal.organisation_id, merchant_id=merchant_id
        )
        created = await service.create_key(connection, merchant)
        audit.target_id = format_id(SECRET_KEY.id_prefix, created.credential_id)
    return CreatedMerchantKeyView(secret_key=created.text, **_fields(created))


@delete(f"{_KEYS}/{{key_id:str}}", tags=TAGS)
async def revoke_merchant_key(
    merchant_id: FromPath[MerchantId],
    key_id: FromPath[MerchantKeyId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke a secret key of a merchant.

    From the next request on it is refused. This can't be undone.
    """
    async with database.transaction() as connection:
        merchant = await service.get_merchant(
            connection, organisation_id=principal.organisation_id, merchant_id=merchant_id
        )
        await service.revoke_key(connection, merchant, credential_id=key_id)


def _fields(key: Credential) -> dict[str, Any]:
    return {
        "key_id": format_id(SECRET_KEY.id_prefix, key.credential_id),
        "prefix": key.prefix,
        "state": key.state,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
    }


MERCHANT_KEY_ROUTES: Final[list[HTTPRouteHandler]] = [list_merchant_keys, create_merchant_key, revoke_merchant_key]
