"""`ninefold payments audit` and `ninefold payments accounts`."""

from typing import Annotated, Final

import msgspec
from cyclopts import Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    await_job,
    parse_argument_id,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
)
from ninefold.core.errors import ConflictError
from ninefold.core.ids import format_id
from ninefold.systems.payments.commands.amounts import amount_text
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX

_AUDITS: Final = "/api/v1/payments/audits"
_ACCOUNTS: Final = "/api/v1/payments/accounts"


class WrongLedgerError(ConflictError):
    """The ledger isn't what it must be."""

    code = "wrong_ledger"
    title = "Wrong ledger"


class AuditAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit has found."""

    transfers: int
    unsealed: int
    accounts: int
    blocks: int
    last_hash: str | None
    balances: dict[str, int]
    faults: list[str]
    fault_count: int


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the ledger."""

    account_id: str
    merchant_id: str | None
    kind: str
    currency: str
    balance: int
    pending: int


def audit(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Verify the ledger: balances, limits, what is pending, and the chain of hashes; fails if something is wrong.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        found = await_job(client, client.post(_AUDITS, {}), AuditAnswer)
    if api.json:
        print_json(found)
    else:
        _show(found)
    if found.fault_count:
        raise WrongLedgerError(f"{_counted(found.fault_count, 'fault')} in the ledger.")


def list_accounts(
    *,
    merchant: Annotated[str | None, Parameter(show_default=False)] = None,
    limit: Limit = 100,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List accounts of the ledger with their balances.

    Args:
        merchant: Only those of this merchant: its id, such as mer_….
        limit: Maximum number of accounts to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    merchant_id = (
        None
        if merchant is None
        else format_id(
            MERCHANT_PREFIX, parse_argument_id(MERCHANT_PREFIX, merchant, shown_by="ninefold payments merchants list")
        )
    )
    with api.client() as client:
        answer = client.get(_ACCOUNTS, merchant_id=merchant_id, limit=limit, cursor=cursor)
        show_answer(answer, Page[AccountAnswer], api=api, show=_show_accounts)


def _show(found: AuditAnswer) -> None:
    for fault in found.faults:
        print_note(fault)
    sums = ", ".join(amount_text(amount, currency) for currency, amount in sorted(found.balances.items())) or "nothing"
    hashed = f"{_counted(found.transfers, 'transfer')} in {_counted(found.blocks, 'block')}"
    print_note(f"Hashed again: {hashed}. Not in a block yet: {found.unsealed:,}.")
    accounts = _counted(found.accounts, "account")
    print_note(f"Compared with the journal: {accounts}; debits and credits: {sums}.")
    if not found.fault_count:
        print_note(f"Nothing is wrong. The last hash is {found.last_hash or 'none'}.")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _show_accounts(page: Page[AccountAnswer]) -> None:
    print_table(
        ["Account", "Kind", "Merchant", "Balance", "Pending"],
        [
            [
                each.account_id,
                each.kind,
                each.merchant_id,
                amount_text(each.balance, each.currency),
                amount_text(each.pending, each.currency),
            ]
            for each in page.items
        ],
        empty="No accounts yet: the first payment makes them.",
    )
    print_next_page(page)
