"""Queries for accounts and their recovery codes."""

from collections.abc import Sequence
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Account, AccountSummary
from ninefold.core.tenancy.store.queries import queries


async def account_delete_recovery_codes(connection: Connection, *, account_id: UUID) -> None:
    """Delete all recovery codes of an account."""
    await queries.account_delete_recovery_codes(connection, account_id=account_id)


async def account_exists(connection: Connection) -> bool:
    """Return whether there is any account."""
    return bool(await queries.account_exists(connection))


async def account_find(connection: Connection, *, account_id: UUID) -> Account | None:
    """Find an account by its id."""
    record = await queries.account_find(connection, account_id=account_id)
    return None if record is None else Account(**record)


async def account_find_by_email(connection: Connection, *, email: str) -> Account | None:
    """Find an account by its mail address, which must be in lower case."""
    record = await queries.account_find_by_email(connection, email=email)
    return None if record is None else Account(**record)


async def account_insert(connection: Connection, *, account_id: UUID, email: str, name: str) -> Account | None:
    """Add an account; None if another has the mail address."""
    record = await queries.account_insert(connection, account_id=account_id, email=email, name=name)
    return None if record is None else Account(**record)


async def account_insert_recovery_codes(connection: Connection, *, account_id: UUID, digests: Sequence[bytes]) -> None:
    """Add recovery codes, by their digests."""
    await queries.account_insert_recovery_codes(connection, account_id=account_id, digests=list(digests))


async def account_list(connection: Connection, *, limit: int) -> list[AccountSummary]:
    """List accounts with their memberships, oldest first."""
    return [AccountSummary(**record) async for record in queries.account_list(connection, limit=limit)]


async def account_lock(connection: Connection, *, account_id: UUID) -> Account | None:
    """Find an account, and prevent others from changing it until the transaction ends."""
    record = await queries.account_lock(connection, account_id=account_id)
    return None if record is None else Account(**record)


async def account_lock_all(connection: Connection) -> None:
    """Prevent others from adding an account until the transaction ends; an error outside of one."""
    await queries.account_lock_all(connection)


async def account_replace_totp(connection: Connection, *, account_id: UUID, totp_sealed: bytes) -> None:
    """Replace the sealed secret of an authenticator app, which stays enabled if it is."""
    await queries.account_replace_totp(connection, account_id=account_id, totp_sealed=totp_sealed)


async def account_set_disabled(connection: Connection, *, account_id: UUID, is_disabled: bool) -> Account | None:
    """Disable an account, or enable it again; None if there is none."""
    record = await queries.account_set_disabled(connection, account_id=account_id, is_disabled=is_disabled)
    return None if record is None else Account(**record)


async def account_set_name(connection: Connection, *, account_id: UUID, name: str) -> None:
    """Change the name of an account."""
    await queries.account_set_name(connection, account_id=account_id, name=name)


async def account_set_password(connection: Connection, *, account_id: UUID, password_hash: str) -> None:
    """Change the password of an account."""
    await queries.account_set_password(connection, account_id=account_id, password_hash=password_hash)


async def account_set_totp(connection: Connection, *, account_id: UUID, totp_sealed: bytes | None) -> None:
    """Store the sealed secret of an authenticator app that isn't enabled yet, or remove the app."""
    await queries.account_set_totp(connection, account_id=account_id, totp_sealed=totp_sealed)


async def account_set_totp_step(connection: Connection, *, account_id: UUID, totp_last_step: int) -> None:
    """Store the time step of an accepted code; the first one enables the authenticator app."""
    await queries.account_set_totp_step(connection, account_id=account_id, totp_last_step=totp_last_step)


async def account_use_recovery_code(connection: Connection, *, account_id: UUID, digest: bytes) -> bool:
    """Use a recovery code; return whether there was such a code that hadn't been used."""
    return bool(await queries.account_use_recovery_code(connection, account_id=account_id, digest=digest))
