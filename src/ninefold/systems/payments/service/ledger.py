"""The ledger: double entry, append-only, one transaction at a time, with limits that the database itself keeps."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import (
    AccountNotFoundError,
    BalanceTooLowError,
    HoldResolvedError,
    JournalError,
)
from ninefold.systems.payments.model.ledger import ACCOUNT_PREFIX, Account, AccountKey, JournalEntry, Transfer
from ninefold.systems.payments.store import ledger as store

_OVERDRAWN: Final = "account_not_overdrawn"
_RESOLVED: Final = "transfer_pending_id_key"


async def post(connection: Connection, transfers: Sequence[Transfer], *, at: datetime) -> int:
    """Append transfers to the journal and change the balances of their accounts: all of them, or none.

    A transfer whose cause and leg the journal has already is left out, so a repetition changes nothing. Call it as
    late as possible in a transaction: it locks the accounts until the end.

    Args:
        connection: in a transaction; without one, this is a transaction of its own.
        transfers: what is moved, reserved, or resolved.
        at: when.

    Returns:
        How many transfers were new.

    Raises:
        BalanceTooLowError: an account would be overdrawn.
        HoldResolvedError: what is pending was resolved before.
        JournalError: a transfer contradicts the journal.
    """
    if not transfers:
        return 0
    with refusals():
        return await store.transfer_post(
            connection, accounts=account_rows(transfers), transfers=transfer_rows(transfers, at=at)
        )


def account_rows(transfers: Sequence[Transfer]) -> list[dict[str, Any]]:
    """Return the accounts of transfers as rows."""
    keys = {key for each in transfers for key in (each.debit, each.credit)}
    return [{**msgspec.structs.asdict(key), "account_id": key.account_id} for key in keys]


def transfer_rows(transfers: Sequence[Transfer], *, at: datetime) -> list[dict[str, Any]]:
    """Return transfers as rows.

    Raises:
        JournalError: one is between two currencies.
    """
    return [_transfer_row(each, at) for each in transfers]


@contextmanager
def refusals() -> Iterator[None]:
    """Raise the ledger's errors instead of those of PostgreSQL.

    Raises:
        BalanceTooLowError: an account would be overdrawn.
        HoldResolvedError: what is pending was resolved before.
        JournalError: a transfer contradicts the journal.
    """
    try:
        yield
    except asyncpg.CheckViolationError as error:
        if error.constraint_name == _OVERDRAWN:
            raise BalanceTooLowError(
                "An account doesn't hold what is to be moved.", remedy="Read the balances of the accounts."
            ) from error
        if error.table_name == "transfer" or (error.constraint_name or "").startswith("transfer_"):
            raise JournalError(f"A transfer contradicts the journal: {error.constraint_name}.") from error
        raise
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == _RESOLVED:
            raise HoldResolvedError("What is pending was posted, voided or expired before.") from error
        raise


async def get_account(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> Account:
    """Return an account.

    Raises:
        AccountNotFoundError: the organisation has no such account.
    """
    account = await store.account_find(connection, organisation_id=organisation_id, account_id=account_id)
    if account is None:
        raise AccountNotFoundError(
            f"There is no account {format_id(ACCOUNT_PREFIX, account_id)}.", remedy="List the accounts."
        )
    return account


async def read_balance(connection: Connection, key: AccountKey) -> Account:
    """Return an account by what it is; one without transfers has no row, and all its balances are 0."""
    found = await store.account_find(connection, organisation_id=key.organisation_id, account_id=key.account_id)
    return found or Account(
        account_id=key.account_id,
        organisation_id=key.organisation_id,
        merchant_id=key.merchant_id,
        kind=key.kind,
        currency=key.currency,
        posted_debits=0,
        posted_credits=0,
        pending_debits=0,
        pending_credits=0,
    )


async def list_accounts(
    connection: Connection, *, organisation_id: UUID, merchant_id: UUID | None, after: UUID | None, limit: int
) -> list[Account]:
    """Return accounts of an organisation, or of one merchant, in the order of their ids."""
    return await store.account_list(
        connection, organisation_id=organisation_id, merchant_id=merchant_id, after=after, limit=limit
    )


async def list_entries(
    connection: Connection, *, account: Account, before: int | None, limit: int
) -> list[JournalEntry]:
    """Return the entries of an account, newest first, before the sequence of one."""
    return await store.transfer_list_of_account(connection, account_id=account.account_id, before=before, limit=limit)


async def find_payments_of(connection: Connection, entries: Sequence[JournalEntry]) -> dict[UUID, UUID]:
    """Return the payments that have caused entries, by the id of the cause."""
    return await store.transfer_list_causes(connection, cause_ids=[entry.cause_id for entry in entries])


def _transfer_row(transfer: Transfer, at: datetime) -> dict[str, Any]:
    if transfer.debit.currency != transfer.credit.currency:
        raise JournalError("A transfer can't be between two currencies.")
    return {
        "transfer_id": transfer.transfer_id,
        "organisation_id": transfer.debit.organisation_id,
        "kind": transfer.kind,
        "debit_account_id": transfer.debit.account_id,
        "credit_account_id": transfer.credit.account_id,
        "amount": transfer.amount,
        "currency": transfer.debit.currency,
        "pending_id": transfer.pending_id,
        "pending_amount": transfer.pending_amount,
        "timeout_at": transfer.timeout_at,
        "cause_type": transfer.cause.type,
        "cause_id": transfer.cause.id,
        "leg": transfer.leg,
        "at": at,
    }
