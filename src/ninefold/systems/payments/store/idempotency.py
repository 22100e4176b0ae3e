"""Queries for requests with an idempotency key."""

from datetime import datetime
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.idempotency import KeyedRequest, StoredRequest
from ninefold.systems.payments.store.queries import columns_of, queries, read_row_or_none

LOCK_CLASS = 0x4E46_6964
"""The first number of the advisory locks that servers hold; it is "NFid"."""


async def idempotency_key_check_owner(connection: Connection) -> None:
    """Fail if the connection is lost, and with it the lock of this server.

    Raises:
        asyncpg.PostgresError: it is.
    """
    await queries.idempotency_key_check_owner(connection)


async def idempotency_key_claim(
    connection: Connection,
    request: KeyedRequest,
    *,
    claim_id: UUID,
    owner_number: int | None,
    locked_until: datetime,
    at: datetime,
) -> StoredRequest | None:
    """Store a request with a new key, or take over one whose server has died; return None if neither is possible."""
    row = await queries.idempotency_key_claim(
        connection,
        **columns_of(request),
        claim_id=claim_id,
        owner_number=owner_number,
        locked_until=locked_until,
        lock_class=LOCK_CLASS,
        at=at,
    )
    return read_row_or_none(StoredRequest, row)


async def idempotency_key_delete(connection: Connection, *, merchant_id: UUID, key: str, claim_id: UUID) -> None:
    """Forget a request that has made nothing, if it is still this claim's."""
    await queries.idempotency_key_delete(connection, merchant_id=merchant_id, key=key, claim_id=claim_id)


async def idempotency_key_delete_before(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete old keys; return how many."""
    return int(await queries.idempotency_key_delete_before(connection, before=before, limit=limit))


async def idempotency_key_drop_owner(connection: Connection) -> None:
    """Give up the lock of this server."""
    await queries.idempotency_key_drop_owner(connection)


async def idempotency_key_find(connection: Connection, *, merchant_id: UUID, key: str) -> StoredRequest | None:
    """Read the request of a key."""
    return read_row_or_none(
        StoredRequest, await queries.idempotency_key_find(connection, merchant_id=merchant_id, key=key)
    )


async def idempotency_key_finish(
    connection: Connection, *, merchant_id: UUID, key: str, claim_id: UUID, status: int, body: bytes, at: datetime
) -> bool:
    """Store the answer to a request, if it is still this claim's; return whether it was."""
    return bool(
        await queries.idempotency_key_finish(
            connection, merchant_id=merchant_id, key=key, claim_id=claim_id, status=status, body=body, at=at
        )
    )


async def idempotency_key_hold_owner(connection: Connection, *, owner_number: int) -> None:
    """Hold an advisory lock as long as the connection lasts, which tells others that this server lives."""
    await queries.idempotency_key_hold_owner(connection, lock_class=LOCK_CLASS, owner_number=owner_number)


async def idempotency_key_note(
    connection: Connection,
    *,
    merchant_id: UUID,
    key: str,
    claim_id: UUID,
    intent_id: UUID | None,
    attempt_id: UUID | None,
    refund_id: UUID | None,
) -> bool:
    """Store what a request has made so far, if it is still this claim's; return whether it was."""
    return bool(
        await queries.idempotency_key_note(
            connection,
            merchant_id=merchant_id,
            key=key,
            claim_id=claim_id,
            intent_id=intent_id,
            attempt_id=attempt_id,
            refund_id=refund_id,
        )
    )


async def idempotency_key_release(
    connection: Connection, *, merchant_id: UUID, key: str, claim_id: UUID, at: datetime
) -> None:
    """Let the next request with this key go on at once, if it is still this claim's."""
    await queries.idempotency_key_release(connection, merchant_id=merchant_id, key=key, claim_id=claim_id, at=at)
