"""Queries for credentials of all kinds."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Credential, SessionSummary
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.store.queries import queries


class FoundCredential(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a credential that authentication needs."""

    credential_id: UUID
    organisation_id: UUID
    account_id: UUID | None
    scopes: frozenset[str]
    expired_at: datetime | None
    revoked_at: datetime | None
    is_use_recorded: bool


class FoundPersonalCredential(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a person's credential that authentication needs."""

    credential_id: UUID
    account_id: UUID
    organisation_id: UUID | None
    """The organisation that was asked for; None if the person isn't a member of it."""
    role: Role | None
    scopes: frozenset[str]
    expired_at: datetime | None
    revoked_at: datetime | None
    """When it was revoked, or the account disabled."""
    is_use_recorded: bool


class CredentialAccess(msgspec.Struct, frozen=True, kw_only=True):
    """What a credential that hasn't ended allows."""

    kind: str
    scopes: frozenset[str]
    role: Role | None
    """The role of its account in the organisation; None if there is no account, or it isn't a member."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The credential of a one-time link."""

    credential_id: UUID
    organisation_id: UUID | None
    account_id: UUID | None


async def access_notify(connection: Connection) -> None:
    """Tell every process, at the commit, that somebody's access may have ended."""
    await queries.access_notify(connection)


async def credential_delete_expired(
    connection: Connection, *, kinds: Sequence[str], retention: timedelta, limit: int
) -> int:
    """Delete credentials of these kinds that ended long ago, and return how many."""
    count: int = await queries.credential_delete_expired(
        connection, kinds=list(kinds), retention=retention, limit=limit
    )
    return count


async def credential_find_by_digest(
    connection: Connection, *, kind: str, digest: bytes, recorded_within: timedelta
) -> FoundCredential | None:
    """Find a credential by kind and digest, and whether its last use was recorded recently."""
    record = await queries.credential_find_by_digest(
        connection, kind=kind, digest=digest, recorded_within=recorded_within
    )
    return None if record is None else FoundCredential(**_with_scopes(record))


async def credential_find_link(connection: Connection, *, kind: str, digest: bytes) -> Link | None:
    """Find the credential of a link; None if there is none, or it has ended."""
    record = await queries.credential_find_link(connection, kind=kind, digest=digest)
    return None if record is None else Link(**record)


async def credential_find_personal(
    connection: Connection,
    *,
    kind: str,
    digest: bytes,
    organisation_id: UUID | None,
    idle_max: timedelta | None,
    recorded_within: timedelta,
) -> FoundPersonalCredential | None:
    """Find a person's credential, with the membership in an organisation; by default the credential's own one."""
    record = await queries.credential_find_personal(
        connection,
        kind=kind,
        digest=digest,
        organisation_id=organisation_id,
        idle_max=idle_max,
        recorded_within=recorded_within,
    )
    return None if record is None else FoundPersonalCredential(**_with_role(_with_scopes(record)))


async def credential_insert(
    connection: Connection,
    *,
    credential_id: UUID,
    kind: str,
    prefix: str,
    digest: bytes,
    organisation_id: UUID,
    account_id: UUID | None,
    scopes: AbstractSet[str],
    name: str,
    created_from: str | None,
    expires_in: timedelta | None,
) -> Credential | None:
    """Add a credential with its digest; None if the organisation doesn't exist."""
    record = await queries.credential_insert(
        connection,
        credential_id=credential_id,
        kind=kind,
        prefix=prefix,
        digest=digest,
        organisation_id=organisation_id,
        account_id=account_id,
        scopes=sorted(scopes),
        name=name,
        created_from=created_from,
        expires_in=expires_in,
    )
    return None if record is None else Credential(**_with_scopes(record))


async def credential_insert_of_account(
    connection: Connection,
    *,
    credential_id: UUID,
    kind: str,
    prefix: str,
    digest: bytes,
    organisation_id: UUID | None,
    account_id: UUID,
    name: str,
    created_from: str | None,
    expires_in: timedelta,
) -> datetime:
    """Add an account's credential that may have no organisation; return when it expires."""
    expires_at: datetime = await queries.credential_insert_of_account(
        connection,
        credential_id=credential_id,
        kind=kind,
        prefix=prefix,
        digest=digest,
        organisation_id=organisation_id,
        account_id=account_id,
        name=name,
        created_from=created_from,
        expires_in=expires_in,
    )
    return expires_at


async def credential_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    account_id: UUID | None,
    credential_ids: Collection[UUID] | None,
    kind: str,
    limit: int,
) -> list[Credential]:
    """List an organisation's credentials of one kind, or those of an account or with given ids, oldest first."""
    records = queries.credential_list(
        connection,
        organisation_id=organisation_id,
        account_id=account_id,
        credential_ids=None if credential_ids is None else list(credential_ids),
        kind=kind,
        limit=limit,
    )
    return [Credential(**_with_scopes(record)) async for record in records]


async def credential_list_access(
    connection: Connection, *, members: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], CredentialAccess]:
    """Return what credentials allow now, each in an organisation; those whose access has ended are missing.

    Args:
        connection: a connection to the database.
        members: pairs of a credential and an organisation.
    """
    records = queries.credential_list_access(
        connection,
        credential_ids=[credential_id for credential_id, _ in members],
        organisation_ids=[organisation_id for _, organisation_id in members],
    )
    return {
        (record["credential_id"], record["organisation_id"]): CredentialAccess(
            kind=record["kind"],
            scopes=frozenset(record["scopes"]),
            role=None if record["role"] is None else Role(record["role"]),
        )
        async for record in records
    }


async def credential_list_sessions(
    connection: Connection, *, account_id: UUID, kind: str, idle_max: timedelta, limit: int
) -> list[SessionSummary]:
    """List an account's credentials of one kind that haven't ended, newest first."""
    records = queries.credential_list_sessions(
        connection, account_id=account_id, kind=kind, idle_max=idle_max, limit=limit
    )
    return [SessionSummary(**record) async for record in records]


async def credential_leave_organisation(connection: Connection, *, organisation_id: UUID, kind: str) -> None:
    """Let the credentials of a kind that people have in an organisation be in none."""
    await queries.credential_leave_organisation(connection, organisation_id=organisation_id, kind=kind)


async def credential_record_use(connection: Connection, *, credential_id: UUID) -> None:
    """Record that a credential was just used."""
    await queries.credential_record_use(connection, credential_id=credential_id)


async def credential_revoke(
    connection: Connection, *, organisation_id: UUID | None, account_id: UUID | None, kind: str, credential_id: UUID
) -> Credential | None:
    """Revoke a credential, of this organisation and account if given; None if there is no such credential."""
    record = await queries.credential_revoke(
        connection, organisation_id=organisation_id, account_id=account_id, kind=kind, credential_id=credential_id
    )
    return None if record is None else Credential(**_with_scopes(record))


async def credential_revoke_of_account(
    connection: Connection,
    *,
    account_id: UUID,
    kinds: Sequence[str],
    credential_id: UUID | None = None,
    organisation_id: UUID | None = None,
    kept_id: UUID | None = None,
) -> int:
    """Revoke an account's credentials of these kinds, but not the one to keep; return how many.

    With a credential or an organisation, only that one, or those of it.
    """
    count: int = await queries.credential_revoke_of_account(
        connection,
        account_id=account_id,
        kinds=list(kinds),
        credential_id=credential_id,
        organisation_id=organisation_id,
        kept_id=kept_id,
    )
    return count


async def credential_revoke_of_kind(connection: Connection, *, kind: str) -> None:
    """Revoke all credentials of a kind."""
    await queries.credential_revoke_of_kind(connection, kind=kind)


async def credential_set_organisation(connection: Connection, *, credential_id: UUID, organisation_id: UUID) -> None:
    """Change the organisation of a credential of an account."""
    await queries.credential_set_organisation(connection, credential_id=credential_id, organisation_id=organisation_id)


async def credential_use_link(connection: Connection, *, kind: str, digest: bytes) -> Link | None:
    """Revoke a credential by using it; None if there is none, or it has ended."""
    record = await queries.credential_use_link(connection, kind=kind, digest=digest)
    return None if record is None else Link(**record)


def _with_scopes(record: asyncpg.Record) -> dict[str, Any]:
    return {**record, "scopes": frozenset(record["scopes"])}


def _with_role(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "role": None if fields["role"] is None else Role(fields["role"])}
