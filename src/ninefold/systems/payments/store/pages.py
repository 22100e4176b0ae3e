"""Queries for pages of a merchant's lists, each newest first unless the page asks for what is above a position."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.model.events import Event, WebhookEndpoint
from ninefold.systems.payments.model.pages import BalanceTransaction, PageQuery
from ninefold.systems.payments.model.payments import Charge, Intent, PaymentMethod, Refund
from ninefold.systems.payments.model.settlement import Payout, PayoutState
from ninefold.systems.payments.store.events import read_event
from ninefold.systems.payments.store.queries import queries, read_row, read_row_or_none


async def balance_transaction_list(
    connection: Connection,
    page: PageQuery,
    *,
    merchant_id: UUID,
    type: str | None,  # noqa: A002  # the name of the column.
    currency: str | None,
    source_id: UUID | None,
) -> list[BalanceTransaction]:
    """Read a page of the changes of a merchant's balance."""
    rows = queries.balance_transaction_list(
        connection, merchant_id=merchant_id, type=type, currency=currency, source_id=source_id, **page.parameters
    )
    return [read_row(BalanceTransaction, row) async for row in rows]


async def charge_list_of_merchant(
    connection: Connection, page: PageQuery, *, merchant_id: UUID, intent_id: UUID | None, customer_id: UUID | None
) -> list[Charge]:
    """Read a page of the charges of a merchant."""
    rows = queries.charge_list_of_merchant(
        connection, merchant_id=merchant_id, intent_id=intent_id, customer_id=customer_id, **page.parameters
    )
    return [read_row(Charge, row) async for row in rows]


async def customer_list(
    connection: Connection, page: PageQuery, *, merchant_id: UUID, email: str | None
) -> list[Customer]:
    """Read a page of the customers of a merchant that aren't deleted."""
    rows = queries.customer_list(connection, merchant_id=merchant_id, email=email, **page.parameters)
    return [read_row(Customer, row) async for row in rows]


async def event_list(
    connection: Connection,
    page: PageQuery,
    *,
    merchant_id: UUID,
    types: list[str] | None,
    type_prefix: str | None,
) -> list[Event]:
    """Read a page of the events of a merchant."""
    rows = queries.event_list(
        connection, merchant_id=merchant_id, types=types, type_prefix=type_prefix, **page.parameters
    )
    return [read_event(row) async for row in rows]


async def intent_list_of_merchant(
    connection: Connection, page: PageQuery, *, merchant_id: UUID, customer_id: UUID | None
) -> list[Intent]:
    """Read a page of the payments of a merchant."""
    rows = queries.intent_list_of_merchant(
        connection, merchant_id=merchant_id, customer_id=customer_id, **page.parameters
    )
    return [read_row(Intent, row) async for row in rows]


async def payment_method_list_of_merchant(
    connection: Connection, page: PageQuery, *, merchant_id: UUID, customer_id: UUID | None
) -> list[PaymentMethod]:
    """Read a page of the payment methods of a merchant."""
    rows = queries.payment_method_list_of_merchant(
        connection, merchant_id=merchant_id, customer_id=customer_id, **page.parameters
    )
    return [read_row(PaymentMethod, row) async for row in rows]


async def payout_find_of_merchant(connection: Connection, *, merchant_id: UUID, payout_id: UUID) -> Payout | None:
    """Read one payout of a merchant."""
    row = await queries.payout_find_of_merchant(connection, merchant_id=merchant_id, payout_id=payout_id)
    return read_row_or_none(Payout, row)


async def payout_list_of_merchant(
    connection: Connection, page: PageQuery, *, merchant_id: UUID, state: PayoutState | None
) -> list[Payout]:
    """Read a page of the payouts of a merchant."""
    rows = queries.payout_list_of_merchant(connection, merchant_id=merchant_id, state=state, **page.parameters)
    return [read_row(Payout, row) async for row in rows]


async def refund_list_of_merchant(
    connection: Connection, page: PageQuery, *, merchant_id: UUID, intent_id: UUID | None, charge_id: UUID | None
) -> list[Refund]:
    """Read a page of the refunds of a merchant."""
    rows = queries.refund_list_of_merchant(
        connection, merchant_id=merchant_id, intent_id=intent_id, charge_id=charge_id, **page.parameters
    )
    return [read_row(Refund, row) async for row in rows]


async def webhook_endpoint_list(connection: Connection, page: PageQuery, *, merchant_id: UUID) -> list[WebhookEndpoint]:
    """Read a page of the webhook endpoints of a merchant."""
    parameters = page.parameters
    del parameters["created_from"], parameters["created_before"]
    rows = queries.webhook_endpoint_list(connection, merchant_id=merchant_id, **parameters)
    return [read_row(WebhookEndpoint, row) async for row in rows]
