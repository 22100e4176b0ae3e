"""Creates organisations and credentials, and authenticates requests."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import (
    CredentialNotFoundError,
    InvalidLifetimeError,
    InvalidNameError,
    OrganisationNotFoundError,
)
from ninefold.core.tenancy.kinds import CredentialKind, digest_text
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, CreatedCredential, Credential, Organisation, Principal
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN, SESSION
from ninefold.core.tenancy.roles import ROLE_SCOPES, Role, limit_scopes
from ninefold.core.tenancy.store import credentials as store
from ninefold.core.tenancy.store.organisations import (
    organisation_exists,
    organisation_find,
    organisation_insert,
    organisation_list,
    organisation_lock,
)

FIRST_ORGANISATION_NAME: Final = "default"
NAME_LENGTH_MAX: Final = 200
LIST_LENGTH_MAX: Final = 1000

LIFETIME_MIN: Final = timedelta(seconds=1)
LIFETIME_MAX: Final = timedelta(days=3650)

ACCESS_CHANNEL: Final = "tenancy.access"
"""Notified in each transaction that may end somebody's access: a revocation, a removed member, a disabled account."""

LAST_USED_RESOLUTION: Final = timedelta(minutes=1)
"""How often `last_used_at` is updated, so that a busy credential takes one write a minute, not one per request."""


async def create_organisation(connection: Connection, *, name: str) -> Organisation:
    """Create an organisation.

    Raises:
        InvalidNameError: the name is empty or too long.
    """
    return await organisation_insert(connection, organisation_id=new_id(), name=checked_name(name))


async def list_organisations(connection: Connection) -> list[Organisation]:
    """Return the organisations, oldest first, at most `LIST_LENGTH_MAX`."""
    return await organisation_list(connection, limit=LIST_LENGTH_MAX)


async def get_organisation(connection: Connection, organisation_id: UUID) -> Organisation:
    """Return an organisation.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
    """
    organisation = await organisation_find(connection, organisation_id=organisation_id)
    if organisation is None:
        raise no_organisation(organisation_id)
    return organisation


async def first_organisation_id(connection: Connection) -> UUID:
    """Return the oldest organisation, which is created if there is none. Call it in a transaction."""
    # `ninefold up` could start at the same moment and create a first organisation too.
    await organisation_lock(connection)
    organisations = await list_organisations(connection)
    if organisations:
        return organisations[0].organisation_id
    return (await create_organisation(connection, name=FIRST_ORGANISATION_NAME)).organisation_id


async def ensure_first_organisation(connection: Connection) -> CreatedCredential | None:
    """Create the organisation "default" and an API key for it, if there is no organisation yet.

    Call it in a transaction: it locks the table, so that two processes that start at the same time create only one.

    Returns:
        The new key, or None if there was already an organisation.
    """
    await organisation_lock(connection)
    if await organisation_exists(connection):
        return None
    organisation = await create_organisation(connection, name=FIRST_ORGANISATION_NAME)
    return await create_api_key(connection, organisation_id=organisation.organisation_id, name=FIRST_ORGANISATION_NAME)


async def create_api_key(
    connection: Connection,
    *,
    organisation_id: UUID,
    name: str,
    role: Role = Role.OWNER,
    created_from: str | None = None,
    expires_in: timedelta | None = None,
) -> CreatedCredential:
    """Create an API key that is allowed what a role is; by default everything. See `create_credential`."""
    return await create_credential(
        connection,
        API_KEY,
        organisation_id=organisation_id,
        name=name,
        scopes=ROLE_SCOPES[role],
        created_from=created_from,
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
    created_from: str | None = None,
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
        created_from: the address of the client that creates it; None for a command.
        expires_in: how long it is valid, `LIFETIME_MIN` to `LIFETIME_MAX`; None if it never expires.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
        InvalidNameError: the name is empty or too long.
        InvalidLifetimeError: `expires_in` is too short or too long.
    """
    text, prefix = kind.new_credential()
    created = await store.credential_insert(
        connection,
        credential_id=new_id(),
        kind=kind.name,
        prefix=prefix,
        digest=digest_text(text),
        organisation_id=organisation_id,
        account_id=account_id,
        scopes=scopes,
        name=checked_name(name),
        created_from=created_from,
        expires_in=checked_lifetime(expires_in),
    )
    if created is None:
        raise no_organisation(organisation_id)
    return CreatedCredential(text=text, **msgspec.structs.asdict(created))


async def list_credentials(
    connection: Connection,
    kind: CredentialKind,
    *,
    organisation_id: UUID,
    account_id: UUID | None = None,
    credential_ids: Collection[UUID] | None = None,
) -> list[Credential]:
    """Return an organisation's credentials of one kind, oldest first, at most `LIST_LENGTH_MAX`.

    With an account, only those that belong to it; with ids, only those. Expired and revoked ones are included.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
    """
    await get_organisation(connection, organisation_id)
    return await store.credential_list(
        connection,
        organisation_id=organisation_id,
        account_id=account_id,
        credential_ids=credential_ids,
        kind=kind.name,
        limit=LIST_LENGTH_MAX,
    )


async def revoke_credential(
    connection: Connection,
    kind: CredentialKind,
    *,
    organisation_id: UUID | None,
    account_id: UUID | None = None,
    credential_id: UUID,
) -> Credential:
    """Revoke a credential: from the next request on it is refused. This can't be undone.

    Revoking it a second time has no effect.

    Args:
        connection: a connection to the database.
        kind: the kind that the credential must have.
        organisation_id: the organisation that it must belong to; None for the operator, who can revoke any.
        account_id: the account that it must belong to, if any.
        credential_id: the credential.

    Raises:
        CredentialNotFoundError: there is no such credential, or it has another organisation, account or kind.
    """
    revoked = await store.credential_revoke(
        connection,
        organisation_id=organisation_id,
        account_id=account_id,
        kind=kind.name,
        credential_id=credential_id,
    )
    if revoked is None:
        raise CredentialNotFoundError(
            f"There is no {kind.label} {format_id(kind.id_prefix, credential_id)}.",
            field="credential_id",
            remedy=f"List them to find the id of the {kind.label}.",
        )
    await store.access_notify(connection)
    return revoked


async def announce_access_change(connection: Connection) -> None:
    """Have open connections checked at the commit, because somebody's access may have ended."""
    await store.access_notify(connection)


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
    if kind.is_personal:
        return await _authenticate_member(connection, text, kind=kind, prefix=prefix)
    found = await store.credential_find_by_digest(
        connection, kind=kind.name, digest=digest_text(text), recorded_within=LAST_USED_RESOLUTION
    )
    if found is None:
        raise kind.errors.invalid(f"There is no {kind.label} {prefix}….", remedy=kind.remedy)
    check_active(found, kind, prefix=prefix)
    if not found.is_use_recorded:
        await store.credential_record_use(connection, credential_id=found.credential_id)
    return Principal(
        organisation_id=found.organisation_id,
        account_id=found.account_id,
        scopes=found.scopes,
        credential_id=found.credential_id,
    )


async def find_access(connection: Connection, principal: Principal) -> Principal | None:
    """Return a principal with the scopes that it has now; None if its access has ended."""
    return (await list_access(connection, [principal]))[principal]


async def list_access(
    connection: Connection, principals: Collection[Principal]
) -> Mapping[Principal, Principal | None]:
    """Return principals with the scopes that they have now; None for those whose access has ended.

    Open connections call this when they are notified on `ACCESS_CHANNEL`.
    """
    pairs = {(principal.credential_id, principal.organisation_id) for principal in principals}
    found = await store.credential_list_access(connection, members=list(pairs))
    return {
        principal: _with_access(principal, found.get((principal.credential_id, principal.organisation_id)))
        for principal in principals
    }


def _with_access(principal: Principal, access: store.CredentialAccess | None) -> Principal | None:
    if access is None:
        return None
    scopes = access.scopes
    if access.kind in {SESSION.name, PERSONAL_TOKEN.name}:
        if access.role is None:
            return None
        role_scopes = ROLE_SCOPES[access.role]
        scopes = role_scopes if access.kind == SESSION.name else limit_scopes(role_scopes, scopes)
    return msgspec.structs.replace(principal, scopes=scopes)


async def _authenticate_member(connection: Connection, text: str, *, kind: CredentialKind, prefix: str) -> Principal:
    """Return the principal of a person's credential: it is allowed no more than the person's role."""
    found = await store.credential_find_personal(
        connection,
        kind=kind.name,
        digest=digest_text(text),
        organisation_id=None,
        idle_max=None,
        recorded_within=LAST_USED_RESOLUTION,
    )
    if found is None:
        raise kind.errors.invalid(f"There is no {kind.label} {prefix}….", remedy=kind.remedy)
    check_active(found, kind, prefix=prefix)
    if found.organisation_id is None or found.role is None:
        raise kind.errors.revoked(
            f"The person whose {kind.label} {prefix}… this is isn't a member of the organisation any more.",
            remedy=kind.remedy,
        )
    if not found.is_use_recorded:
        await store.credential_record_use(connection, credential_id=found.credential_id)
    return Principal(
        organisation_id=found.organisation_id,
        account_id=found.account_id,
        scopes=limit_scopes(ROLE_SCOPES[found.role], found.scopes),
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


def check_active(
    found: store.FoundCredential | store.FoundPersonalCredential, kind: CredentialKind, *, prefix: str
) -> None:
    """Raise the kind's error for a credential that was revoked or has expired."""
    name = f"{kind.label} {prefix}…"
    if found.revoked_at is not None:
        raise kind.errors.revoked(f"{name} was revoked at {found.revoked_at.isoformat()}.", remedy=kind.remedy)
    if found.expired_at is not None:
        raise kind.errors.expired(f"{name} expired at {found.expired_at.isoformat()}.", remedy=kind.remedy)


def no_organisation(organisation_id: UUID) -> OrganisationNotFoundError:
    """Return the error for an organisation that doesn't exist, or that the caller isn't a member of."""
    return OrganisationNotFoundError(
        f"There is no organisation {format_id(ORGANISATION_PREFIX, organisation_id)}.",
        field="organisation_id",
        remedy="`ninefold organisations list` lists the organisations.",
    )


def checked_name(name: str) -> str:
    """Return a name without surrounding spaces.

    Raises:
        InvalidNameError: it is empty, too long, or not printable.
    """
    stripped = name.strip()
    if not 1 <= len(stripped) <= NAME_LENGTH_MAX or not stripped.isprintable():
        raise InvalidNameError(
            f"A name must have 1 to {NAME_LENGTH_MAX} printable characters.",
            field="name",
            remedy="Choose a short name that says what it is for.",
        )
    return stripped


def checked_lifetime(expires_in: timedelta | None) -> timedelta | None:
    """Return the lifetime of a credential, if it is within the bounds.

    Raises:
        InvalidLifetimeError: it is too short or too long.
    """
    if expires_in is not None and not LIFETIME_MIN <= expires_in <= LIFETIME_MAX:
        raise InvalidLifetimeError(
            f"The lifetime of a credential must be between 1 second and {LIFETIME_MAX.days:,} days.",
            field="expires_in",
            remedy="Choose another lifetime, or none for a credential that never expires.",
        )
    return expires_in
