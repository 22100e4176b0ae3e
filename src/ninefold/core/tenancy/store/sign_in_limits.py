"""Queries for the failed sign-ins of mail addresses and clients."""

from datetime import datetime

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.lockout import Failures, Subject
from ninefold.core.tenancy.store.queries import queries


async def sign_in_limit_delete(connection: Connection, *, subject: Subject, digest: bytes) -> None:
    """Forget the failed sign-ins of a subject."""
    await queries.sign_in_limit_delete(connection, subject=subject, digest=digest)


async def sign_in_limit_delete_old(connection: Connection, *, failed_before: datetime, limit: int) -> int:
    """Forget subjects without a failed sign-in since a time, and return how many."""
    count: int = await queries.sign_in_limit_delete_old(connection, failed_before=failed_before, limit=limit)
    return count


async def sign_in_limit_lock(connection: Connection, *, subject: Subject, digest: bytes) -> Failures:
    """Return the failed sign-ins of a subject, and lock its row until the transaction ends."""
    return Failures(**await queries.sign_in_limit_lock(connection, subject=subject, digest=digest))


async def sign_in_limit_update(connection: Connection, *, subject: Subject, digest: bytes, failures: Failures) -> None:
    """Store the failed sign-ins of a subject."""
    await queries.sign_in_limit_update(
        connection,
        subject=subject,
        digest=digest,
        failure_count=failures.failure_count,
        last_failed_at=failures.last_failed_at,
        locked_until=failures.locked_until,
    )
