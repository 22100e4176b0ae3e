"""Making organisations and keys, and finding out on whose behalf a request speaks."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import keys, store
from ninefold.core.tenancy.errors import (
    ApiKeyInvalidError,
    ApiKeyMissingError,
    ApiKeyNotFoundError,
    ApiKeyRevokedError,
    InvalidNameError,
    OrganisationNotFoundError,
)
from ninefold.core.tenancy.model import ApiKey, CreatedApiKey, Organisation, Principal

FIRST_ORGANISATION_NAME: Final = "default"
NAME_LENGTH_MAX: Final = 200
LIST_LENGTH_MAX: Final = 1000

USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""`last_used_at` is this coarse, so that a busy key costs one write a minute and not one a request."""

_REMEDY: Final = "Send a valid key as `Authorization: Bearer nfk_…`; `ninefold keys create` makes one."


async def create_organisation(connection: Connection, *, name: str) -> Organisation:
    """Add an organisation.

    Raises:
        InvalidNameError: the name is empty or too long.
    """
    return await store.organisation_insert(
        connection, organisation_id=new_id(), name=_checked_name(name, "organisation")
    )


async def list_organisations(connection: Connection) -> list[Organisation]:
    """Return the organisations, oldest first, at most `LIST_LENGTH_MAX`."""
    return await store.organisation_list(connection, limit=LIST_LENGTH_MAX)


async def ensure_first_organisation(connection: Connection) -> CreatedApiKey | None:
    """Make the organisation "default" and a key for it, if there is no organisation yet.

    Call it in a transaction: a lock on the table lets two processes that start at once make only one.

    Returns:
        The new key, or None when there was an organisation already.
    """
    await store.organisation_lock(connection)
    if await store.organisation_exists(connection):
        return None
    organisation = await create_organisation(connection, name=FIRST_ORGANISATION_NAME)
    return await create_api_key(connection, organisation_id=organisation.organisation_id, name=FIRST_ORGANISATION_NAME)


async def create_api_key(connection: Connection, *, organisation_id: UUID, name: str) -> CreatedApiKey:
    """Make a key. Its text is in the answer and nowhere else.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
        InvalidNameError: the name is empty or too long.
    """
    text = keys.new_key_text()
    api_key = await store.api_key_insert(
        connection,
        api_key_id=new_id(),
        organisation_id=organisation_id,
        name=_checked_name(name, "API key"),
        prefix=keys.key_prefix(text),
        digest=keys.key_digest(text),
    )
    if api_key is None:
        raise _no_organisation(organisation_id)
    return CreatedApiKey(
        api_key=text,
        api_key_id=api_key.api_key_id,
        prefix=api_key.prefix,
        organisation_id=api_key.organisation_id,
        name=api_key.name,
        created_at=api_key.created_at,
    )


async def list_api_keys(connection: Connection, organisation_id: UUID) -> list[ApiKey]:
    """Return an organisation's keys, oldest first, revoked ones too, at most `LIST_LENGTH_MAX`.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
    """
    if await store.organisation_find(connection, organisation_id=organisation_id) is None:
        raise _no_organisation(organisation_id)
    return await store.api_key_list(connection, organisation_id=organisation_id, limit=LIST_LENGTH_MAX)


async def revoke_api_key(connection: Connection, *, organisation_id: UUID | None, api_key_id: UUID) -> ApiKey:
    """Revoke a key for ever: the next request with it is refused. Revoking twice changes nothing.

    Args:
        connection: where the keys are.
        organisation_id: whose key it must be; None for the operator, who may revoke any.
        api_key_id: the key.

    Raises:
        ApiKeyNotFoundError: there is no such key, or it belongs to another organisation.
    """
    api_key = await store.api_key_revoke(connection, organisation_id=organisation_id, api_key_id=api_key_id)
    if api_key is None:
        raise ApiKeyNotFoundError(f"There is no API key {format_id('key', api_key_id)}.", field="api_key_id")
    return api_key


async def authenticate(connection: Connection, api_key: str) -> Principal:
    """Find out on whose behalf a key speaks. The answer is never cached, so that revoking works at once.

    Finding the key by its digest in an index takes a time that depends on the digest and not on the key:
    who tries keys can't steer their digests towards a stored one, so nothing needs comparing in constant
    time.

    Raises:
        ApiKeyMissingError: the text is empty.
        ApiKeyInvalidError: it isn't a key of ours.
        ApiKeyRevokedError: it was one.
    """
    if not api_key:
        raise ApiKeyMissingError("The request carries no API key.", remedy=_REMEDY)
    if not keys.is_key_text(api_key):
        raise ApiKeyInvalidError("The API key doesn't have the form of one.", remedy=_REMEDY)
    found = await store.api_key_find_by_digest(
        connection, digest=keys.key_digest(api_key), noted_within=USE_NOTED_EVERY
    )
    if found is None:
        raise ApiKeyInvalidError(f"There is no API key {keys.key_prefix(api_key)}….", remedy=_REMEDY)
    if found.revoked_at is not None:
        raise ApiKeyRevokedError(
            f"API key {keys.key_prefix(api_key)}… was revoked at {found.revoked_at.isoformat()}.",
            remedy=_REMEDY,
        )
    if not found.is_use_noted:
        await store.api_key_note_use(connection, api_key_id=found.api_key_id)
    return Principal(organisation_id=found.organisation_id, credential_id=found.api_key_id)


def _no_organisation(organisation_id: UUID) -> OrganisationNotFoundError:
    return OrganisationNotFoundError(
        f"There is no organisation {format_id('org', organisation_id)}.",
        field="organisation_id",
        remedy="`ninefold organisations list` shows them.",
    )


def _checked_name(name: str, owner: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= NAME_LENGTH_MAX or not stripped.isprintable():
        raise InvalidNameError(
            f"The name of an {owner} must have 1 to {NAME_LENGTH_MAX} characters, all printable.",
            field="name",
            remedy="Give it a short name that says what it is for.",
        )
    return stripped
