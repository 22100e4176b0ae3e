"""Making organisations and credentials, and finding out on whose behalf a request acts."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import store
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

USE_NOTED_EVERY: Final = timedelta(minutes=1)
"""`last_used_at` is this coarse, so that a busy credential costs one write a minute and not one a request."""


async def create_organisation(connection: Connection, *, name: str) -> Organisation:
    """Add an organisation.

    Raises:
        InvalidNameError: the name is empty or too long.
    """
    return await store.organisation_insert(connection, organisation_id=new_id(), name=_checked_name(name))


async def list_organisations(connection: Connection) -> list[Organisation]:
    """Return the organisations, oldest first, at most `LIST_LENGTH_MAX`."""
    return await store.organisation_list(connection, limit=LIST_LENGTH_MAX)


async def ensure_first_organisation(connection: Connection) -> CreatedCredential | None:
    """Make the organisation "default" and an API key for it, if there is no organisation yet.

    Call it in a transaction: a lock on the table lets two processes that start at once make only one.

    Returns:
        The new key, or None when there was an organisation already.
    """
    await store.organisation_lock(connection)
    if await store.organisation_exists(connection):
        return None
    organisation = await create_organisation(connection, name=FIRST_ORGANISATION_NAME)
    return await create_api_key(connection, organisation_id=organisation.organisation_id, name=FIRST_ORGANISATION_NAME)


async def create_api_key(
    connection: Connection, *, organisation_id: UUID, name: str, expires_in: timedelta | None = None
) -> CreatedCredential:
    """Make an API key, which may do everything in its organisation; else as `create_credential`."""
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
    """Make a credential. Its text is in the answer and nowhere else.

    Args:
        connection: where the credentials are.
        kind: how its text is made.
        organisation_id: whose it is.
        account_id: the person it belongs to; None for the organisation's own.
        name: what it is for, as people will read it.
        scopes: what its holder may do; `FULL_ACCESS` for everything.
        expires_in: how long it is valid, `LIFETIME_MIN` to `LIFETIME_MAX`; None for as long as it isn't revoked.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
        InvalidNameError: the name is empty or too long.
        InvalidLifetimeError: it would be valid for no time, or for too long.
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

    Those that have expired or were revoked are among them.

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
    """Revoke a credential: the next request with it is refused, and that can't be undone.

    Revoking it a second time changes nothing.

    Args:
        connection: where the credentials are.
        kind: what it must be.
        organisation_id: whose it must be; None for the operator, who may revoke any.
        credential_id: the credential.

    Raises:
        CredentialNotFoundError: there is no such credential, or it is another organisation's or of another kind.
    """
    revoked = await store.credential_revoke(
        connection, organisation_id=organisation_id, kind=kind.name, credential_id=credential_id
    )
    if revoked is None:
        raise CredentialNotFoundError(
            f"There is no {kind.label} {format_id(kind.id_prefix, credential_id)}.", field="credential_id"
        )
    return revoked


async def authenticate(connection: Connection, text: str, *, kinds: Sequence[CredentialKind]) -> Principal:
    """Find out on whose behalf the holder of a credential acts.

    The answer is never cached, so that revoking works at once. Finding a credential by its digest in an index takes a
    time that depends on the digest and not on the text: an attacker can't steer the digests of guesses towards a
    stored one, so nothing needs comparing in constant time.

    Args:
        connection: where the credentials are.
        text: what the request carried; empty if it carried nothing.
        kinds: which kinds are accepted, the usual one first: its errors refuse a text that is of none of them.

    Raises:
        CredentialMissingError: the text is empty.
        CredentialInvalidError: it isn't a credential of ours, or of a kind that isn't accepted.
        CredentialRevokedError: it was revoked.
        CredentialExpiredError: its time is over.
    """
    kind, prefix = _recognise(text, kinds)
    found = await store.credential_find_by_digest(
        connection, kind=kind.name, digest=digest_text(text), noted_within=USE_NOTED_EVERY
    )
    if found is None:
        raise kind.errors.invalid(f"There is no {kind.label} {prefix}….", remedy=kind.remedy)
    _check_active(found, kind, prefix=prefix)
    if not found.is_use_noted:
        await store.credential_note_use(connection, credential_id=found.credential_id)
    return Principal(
        organisation_id=found.organisation_id,
        account_id=found.account_id,
        scopes=found.scopes,
        credential_id=found.credential_id,
    )


def _recognise(text: str, kinds: Sequence[CredentialKind]) -> tuple[CredentialKind, str]:
    """Return which of these kinds a text is, and the part of it that people may see."""
    for kind in kinds:
        if (prefix := kind.prefix_of(text)) is not None:
            return kind, prefix
    usual = kinds[0]
    if not text:
        raise usual.errors.missing(f"The request carries no {usual.label}.", remedy=usual.remedy)
    raise usual.errors.invalid(f"The {usual.label} doesn't have the form of one.", remedy=usual.remedy)


def _check_active(found: store.FoundCredential, kind: CredentialKind, *, prefix: str) -> None:
    named = f"{kind.label} {prefix}…"
    if found.revoked_at is not None:
        raise kind.errors.revoked(f"{named} was revoked at {found.revoked_at.isoformat()}.", remedy=kind.remedy)
    if found.expired_at is not None:
        raise kind.errors.expired(f"{named} expired at {found.expired_at.isoformat()}.", remedy=kind.remedy)


def _no_organisation(organisation_id: UUID) -> OrganisationNotFoundError:
    return OrganisationNotFoundError(
        f"There is no organisation {format_id('org', organisation_id)}.",
        field="organisation_id",
        remedy="`ninefold organisations list` shows them.",
    )


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not 1 <= len(stripped) <= NAME_LENGTH_MAX or not stripped.isprintable():
        raise InvalidNameError(
            f"A name must have 1 to {NAME_LENGTH_MAX} characters, all printable.",
            field="name",
            remedy="Give it a short name that says what it is for.",
        )
    return stripped


def _checked_lifetime(expires_in: timedelta | None) -> timedelta | None:
    if expires_in is not None and not LIFETIME_MIN <= expires_in <= LIFETIME_MAX:
        raise InvalidLifetimeError(
            f"A credential can be valid for 1 second to {LIFETIME_MAX.days:,} days.",
            field="expires_in",
            remedy="Give a time in between, or none, and it doesn't expire.",
        )
    return expires_in
