"""Creates organisations and credentials, and authenticates requests."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import store
from ninefold.core.tenancy.access import announce_end_of_access
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import (
    CredentialNotFoundError,
    InvalidLifetimeError,
    InvalidNameError,
    OrganisationNotFoundError,
)
from ninefold.core.tenancy.kinds import CredentialKind, digest_text
from ninefold.core.tenancy.model import FULL_ACCESS, CreatedCredential, Credential, Organisation, Principal

FIRST_ORGANISATION_NAME: Final = "default"
NAME_LENGTH_MAX: Final = 200
LIST_LENGTH_MAX: Final = 1000

LIFETIME_MIN: Final = timedelta(seconds=1)
LIFETIME_MAX: Final = timedelta(days=3650)

LAST_USED_RESOLUTION: Final = timedelta(minutes=1)
"""How often `last_used_at` is updated, so that a busy credential takes one write a minute, not one per request."""


async def create_organisation(connection: Connection, *, name: str) -> Organisation:
    """Create an organisation.

    Raises:
        InvalidNameError: the name is empty or too long.
    """
    return await store.organisation_insert(connection, organisation_id=new_id(), name=_checked_name(name))


async def list_organisations(connection: Connection) -> list[Organisation]:
    """Return the organisations, oldest first, at most `LIST_LENGTH_MAX`."""
    return await store.organisation_list(connection, limit=LIST_LENGTH_MAX)


async def ensure_first_organisation(connection: Connection) -> CreatedCredential | None:
    """Create the organisation "default" and an API key for it, if there is no organisation yet.

    Call it in a transaction: it locks the table, so that two processes that start at the same time create only one.

    Returns:
        The new key, or None if there was already an organisation.
    """
    await store.organisation_lock(connection)
    if await store.organisation_exists(connection):
        return None
    organisation = await create_organisation(connection, name=FIRST_ORGANISATION_NAME)
    return await create_api_key(connection, organisation_id=organisation.organisation_id, name=FIRST_ORGANISATION_NAME)


async def create_api_key(
    connection: Connection, *, organisation_id: UUID, name: str, expires_in: timedelta | None = None
) -> CreatedCredential:
    """Create an API key with full access to its organisation; see `create_credential`."""
    return await create_credential(
        connection,
        API_KEY,
        organisation_id=organisation_id,
        name=name,
        scopes=FULL_ACCESS,
        expires_in=expires_in,
    )


async def create_credential(
    connection: Connection,
    kind: CredentialKind,
    *,
    organisation_id: UUID,
    account_id: UUID | None = None,
    name: str,
    scopes: AbstractSet[str],
    expires_in: timedelta | None = None,
) -> CreatedCredential:
    """Create a credential. Its text is only in the result and isn't stored.

    Args:
        connection: a connection to the database.
        kind: the kind of credential.
        organisation_id: the organisation that it belongs to.
        account_id: the account that it belongs to; None for a credential of the organisation itself.
        name: what it is for, for people.
        scopes: what it allows; `FULL_ACCESS` for everything.
        expires_in: how long it is valid, `LIFETIME_MIN` to `LIFETIME_MAX`; None if it never expires.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
        InvalidNameError: the name is empty or too long.
        InvalidLifetimeError: `expires_in` is too short or too long.
    """
    text = kind.new_text()
    prefix = kind.prefix_of(text)
    assert prefix is not None, f"{kind.name} doesn't recognise its own text"
    created = await store.credential_insert(
        connection,
        credential_id=new_id(),
        kind=kind.name,
        prefix=prefix,
        digest=digest_text(text),
        organisation_id=organisation_id,
        account_id=account_id,
        scopes=scopes,
        name=_checked_name(name),
        expires_in=_checked_lifetime(expires_in),
    )
    if created is None:
        raise _no_organisation(organisation_id)
    return CreatedCredential(text=text, **msgspec.structs.asdict(created))


async def list_credentials(connection: Connection, kind: CredentialKind, *, organisation_id: UUID) -> list[Credential]:
    """Return an organisation's credentials of one kind, oldest first, at most `LIST_LENGTH_MAX`.

    Expired and revoked ones are included.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
    """
    if await store.organisation_find(connection, organisation_id=organisation_id) is None:
        raise _no_organisation(organisation_id)
    return await store.credential_list(
        connection, organisation_id=organisation_id, kind=kind.name, limit=LIST_LENGTH_MAX
    )


async def revoke_credential(
    connection: Connection, kind: CredentialKind, *, organisation_id: UUID | None, credential_id: UUID
) -> Credential:
    """Revoke a credential: from the next request on it is refused. This can't be undone.

    When the caller's transaction commits, servers also end what was opened with it. Revoking it a second time has no
    effect.

    Args:
        connection: a connection to the database.
        kind: the kind that the credential must have.
        organisation_id: the organisation that it must belong to; None for the operator, who can revoke any.
        credential_id: the credential.

    Raises:
        CredentialNotFoundError: there is no such credential, or it has another organisation or kind.
    """
    revoked = await store.credential_revoke(
        connection, organisation_id=organisation_id, kind=kind.name, credential_id=credential_id
    )
    if revoked is None:
        raise CredentialNotFoundError(
            f"There is no {kind.label} {format_id(kind.id_prefix, credential_id)}.", field="credential_id"
        )
    await announce_end_of_access(connection, credential_id)
    return revoked


async def list_inactive_credentials(connection: Connection, credential_ids: Sequence[UUID]) -> set[UUID]:
    """Of these credentials, return those that are revoked, have expired or don't exist."""
    return await store.credential_list_inactive(connection, credential_ids=credential_ids)


async def authenticate(connection: Connection, text: str, *, kinds: Sequence[CredentialKind]) -> Principal:
    """Return the principal that a credential authenticates.

    The result is never cached, so that a revocation has an immediate effect. No constant-time comparison is needed:
    the credential is looked up by its digest, and an attacker can't steer the digests of guesses towards a stored one.

    Args:
        connection: a connection to the database.
        text: the credential in the request; empty if there is none.
        kinds: which kinds are accepted. The errors for a text of no such kind are those of the first.

    Raises:
        CredentialMissingError: the text is empty.
        CredentialInvalidError: the credential doesn't exist, or its kind isn't accepted.
        CredentialRevokedError: it was revoked.
        CredentialExpiredError: it has expired.
    """
    kind, prefix = _recognise(text, kinds)
    found = await store.credential_find_by_digest(
        connection, kind=kind.name, digest=digest_text(text), recorded_within=LAST_USED_RESOLUTION
    )
    if found is None:
        raise kind.errors.invalid(f"There is no {kind.label} {prefix}….", remedy=kind.remedy)
    _check_active(found, kind, prefix=prefix)
    if not found.is_use_recorded:
        await store.credential_record_use(connection, credential_id=found.credential_id)
    return Principal(
        organisation_id=found.organisation_id,
        account_id=found.account_id,
        scopes=found.scopes,
        credential_id=found.credential_id,
    )


def _recognise(text: str, kinds: Sequence[CredentialKind]) -> tuple[CredentialKind, str]:
    """Return the kind of a text, and its public part."""
    for kind in kinds:
        if (prefix := kind.prefix_of(text)) is not None:
            return kind, prefix
    expected = kinds[0]
    if not text:
        raise expected.errors.missing(f"The request has no {expected.label}.", remedy=expected.remedy)
    raise expected.errors.invalid(f"The {expected.label} has the wrong format.", remedy=expected.remedy)


def _check_active(found: store.FoundCredential, kind: CredentialKind, *, prefix: str) -> None:
    name = f"{kind.label} {prefix}…"
    if found.revoked_at is not None:
        raise kind.errors.revoked(f"{name} was revoked at {found.revoked_at.isoformat()}.", remedy=kind.remedy)
    if found.expired_at is not None:
        raise kind.errors.expired(f"{name} expired at {found.expired_at.isoformat()}.", remedy=kind.remedy)


def _no_organisation(organisation_id: UUID) -> OrganisationNotFoundError:
    return OrganisationNotFoundError(
        f"There is no organisation {format_id('org', organisation_id)}.",
        field="organisation_id",
        remedy="`ninefold organisations list` lists the organisations.",
    )


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= NAME_LENGTH_MAX or not stripped.isprintable():
        raise InvalidNameError(
            f"A name must have 1 to {NAME_LENGTH_MAX} printable characters.",
            field="name",
            remedy="Choose a short name that says what it is for.",
        )
    return stripped


def _checked_lifetime(expires_in: timedelta | None) -> timedelta | None:
    if expires_in is not None and not LIFETIME_MIN <= expires_in <= LIFETIME_MAX:
        raise InvalidLifetimeError(
            f"The lifetime of a credential must be between 1 second and {LIFETIME_MAX.days:,} days.",
            field="expires_in",
            remedy="Choose another lifetime, or none for a credential that never expires.",
        )
    return expires_in
