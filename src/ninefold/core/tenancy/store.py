"""The queries of schema `tenancy`, one typed function each."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.queries import load_queries
from ninefold.core.tenancy.model import Credential, Organisation

_queries = load_queries(__package__)


class FoundCredential(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a credential that authentication needs."""

    credential_id: UUID
    organisation_id: UUID
    account_id: UUID | None
    scopes: frozenset[str]
    expired_at: datetime | None
    revoked_at: datetime | None
    is_use_recorded: bool


async def organisation_exists(connection: Connection) -> bool:
    """Return whether there is any organisation."""
    return bool(await _queries.organisation_exists(connection))


async def organisation_find(connection: Connection, *, organisation_id: UUID) -> Organisation | None:
    """Find an organisation by its id."""
    record = await _queries.organisation_find(connection, organisation_id=organisation_id)
    return None if record is None else Organisation(**record)


async def organisation_insert(connection: Connection, *, organisation_id: UUID, name: str) -> Organisation:
    """Add an organisation."""
    record = await _queries.organisation_insert(connection, organisation_id=organisation_id, name=name)
    return Organisation(**record)


async def organisation_list(connection: Connection, *, limit: int) -> list[Organisation]:
    """List the organisations, oldest first."""
    return [Organisation(**record) async for record in _queries.organisation_list(connection, limit=limit)]


async def organisation_lock(connection: Connection) -> None:
    """Prevent others from adding an organisation until the transaction ends; an error outside of one."""
    await _queries.organisation_lock(connection)


async def credential_find_by_digest(
    connection: Connection, *, kind: str, digest: bytes, recorded_within: timedelta
) -> FoundCredential | None:
    """Find a credential by kind and digest, and whether its last use was recorded recently."""
    record = await _queries.credential_find_by_digest(
        connection, kind=kind, digest=digest, recorded_within=recorded_within
    )
    return None if record is None else FoundCredential(**_with_scopes(record))


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
    expires_in: timedelta | None,
) -> Credential | None:
    """Add a credential with its digest; None if the organisation doesn't exist."""
    record = await _queries.credential_insert(
        connection,
        credential_id=credential_id,
        kind=kind,
        prefix=prefix,
        digest=digest,
        organisation_id=organisation_id,
        account_id=account_id,
        scopes=sorted(scopes),
        name=name,
        expires_in=expires_in,
    )
    return None if record is None else Credential(**_with_scopes(record))


async def credential_list(connection: Connection, *, organisation_id: UUID, kind: str, limit: int) -> list[Credential]:
    """List an organisation's credentials of one kind, oldest first, expired and revoked ones too."""
    records = _queries.credential_list(connection, organisation_id=organisation_id, kind=kind, limit=limit)
    return [Credential(**_with_scopes(record)) async for record in records]


async def credential_list_inactive(connection: Connection, *, credential_ids: Sequence[UUID]) -> set[UUID]:
    """Of these credentials, return those that are revoked, have expired or don't exist."""
    records = _queries.credential_list_inactive(connection, credential_ids=credential_ids)
    return {record["credential_id"] async for record in records}


async def credential_record_use(connection: Connection, *, credential_id: UUID) -> None:
    """Record that a credential was just used."""
    await _queries.credential_record_use(connection, credential_id=credential_id)


async def credential_revoke(
    connection: Connection, *, organisation_id: UUID | None, kind: str, credential_id: UUID
) -> Credential | None:
    """Revoke a credential, of this organisation if one is given; None if there is no such credential."""
    record = await _queries.credential_revoke(
        connection, organisation_id=organisation_id, kind=kind, credential_id=credential_id
    )
    return None if record is None else Credential(**_with_scopes(record))


def _with_scopes(record: asyncpg.Record) -> dict[str, Any]:
    return {**record, "scopes": frozenset(record["scopes"])}
