"""`/v1/balance` and `/v1/balance_transactions`."""

from collections import defaultdict
from typing import Final, Literal
from uuid import UUID

from litestar.handlers import HTTPRouteHandler

from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.payments import CHARGE_PREFIX, REFUND_PREFIX
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX
from ninefold.systems.payments.service.ledger import list_accounts
from ninefold.systems.payments.store.pages import balance_transaction_list
from ninefold.systems.payments.stripe.calls import Call, NoParameters, read
from ninefold.systems.payments.stripe.errors import not_found
from ninefold.systems.payments.stripe.finding import BALANCE_TRANSACTIONS, find_balance_transaction
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.others import show_balance_transaction
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, page_query, show_page
from ninefold.systems.payments.stripe.server import StripeServer

_CHANGES: Final = "/v1/balance_transactions"

ACCOUNTS_MAX: Final = 2_000
"""Of a merchant: ten kinds in each currency."""

_PENDING: Final = frozenset({"merchant_held", "merchant_reserve"})
_AVAILABLE: Final = "merchant_available"


class ListBalanceTransactions(CreatedPageParameters, frozen=True, kw_only=True):
    """Which changes of the balance are listed."""

    currency: str | None = None
    source: str | None = None
    type: Literal["charge", "refund", "refund_failure", "payout", "payout_failure"] | None = None


def balance_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        read(server, "/v1/balance", NoParameters, retrieve_balance),
        read(server, _CHANGES, ListBalanceTransactions, list_balance_transactions),
        read(server, f"{_CHANGES}/{{id:str}}", NoParameters, retrieve),
    ]


async def retrieve_balance(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show what a merchant can be paid, and what is still held, in each currency."""
    accounts = await list_accounts(
        connection,
        organisation_id=call.merchant.organisation_id,
        merchant_id=call.merchant.merchant_id,
        after=None,
        limit=ACCOUNTS_MAX,
    )
    available: defaultdict[str, int] = defaultdict(int, {call.merchant.default_currency: 0})
    pending: defaultdict[str, int] = defaultdict(int, {call.merchant.default_currency: 0})
    for account in accounts:
        if account.kind == _AVAILABLE:
            available[account.currency] += account.balance
        elif account.kind in _PENDING:
            pending[account.currency] += account.balance
    return {
        "object": "balance",
        "available": _by_currency(available),
        "livemode": False,
        "pending": _by_currency(pending),
    }


async def list_balance_transactions(call: Call, connection: Connection, given: ListBalanceTransactions) -> Json:
    """List what has changed a merchant's balance, newest first."""
    query = page_query(given, BALANCE_TRANSACTIONS)
    found = await balance_transaction_list(
        connection,
        query,
        merchant_id=call.merchant.merchant_id,
        type=given.type,
        currency=None if given.currency is None else given.currency.upper(),
        source_id=None if given.source is None else _source_id(given.source),
    )
    return show_page(query, found, show_balance_transaction, url=call.path)


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show what has changed a merchant's balance."""
    return show_balance_transaction(await find_balance_transaction(connection, call.merchant, call.ids["id"]))


def _by_currency(amounts: dict[str, int]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency.lower(), "source_types": {"card": amount}}
        for currency, amount in sorted(amounts.items())
    ]


def _source_id(text: str) -> UUID:
    for prefix in (CHARGE_PREFIX, REFUND_PREFIX, PAYOUT_PREFIX):
        try:
            return parse_id(prefix, text)
        except InvalidIdError:
            continue
    raise not_found("source", text, param="source")
