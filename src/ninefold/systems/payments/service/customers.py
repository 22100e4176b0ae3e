"""Customers: who pays a merchant."""

from datetime import datetime
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import CustomerNotFoundError
from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.model.events import NewEvent, Origin, Snapshot
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.payments import CUSTOMER_PREFIX
from ninefold.systems.payments.service.events import record_events
from ninefold.systems.payments.store import customers as store


async def save_customer(
    connection: Connection,
    merchant: Merchant,
    customer: Customer,
    *,
    event_type: str,
    at: datetime,
    previous: Customer | None = None,
    origin: Origin | None = None,
) -> Customer:
    """Store a new or changed customer, and tell the merchant; call it in a transaction.

    Args:
        connection: in a transaction.
        merchant: whose customer it is.
        customer: as it is now.
        event_type: what the merchant is told.
        at: when.
        previous: as it was; None if it is new or deleted.
        origin: the merchant's request.
    """
    await store.customer_save(connection, customer)
    event = NewEvent(
        event_type, Snapshot(customer=customer), previous=None if previous is None else Snapshot(customer=previous)
    )
    await record_events(connection, merchant, [event], at=at, origin=origin)
    return customer


async def delete_customer(
    connection: Connection, merchant: Merchant, customer_id: UUID, *, at: datetime, origin: Origin | None = None
) -> Customer:
    """Delete a customer; its payments keep its id. Call it in a transaction.

    Raises:
        CustomerNotFoundError: the merchant has no such customer.
    """
    customer = await get_customer(connection, merchant_id=merchant.merchant_id, customer_id=customer_id)
    deleted = msgspec.structs.replace(
        customer, email=None, name=None, phone=None, description=None, metadata={}, deleted_at=at
    )
    return await save_customer(connection, merchant, deleted, event_type="customer.deleted", at=at, origin=origin)


async def get_customer(connection: Connection, *, merchant_id: UUID, customer_id: UUID) -> Customer:
    """Return a customer that isn't deleted.

    Raises:
        CustomerNotFoundError: the merchant has no such customer.
    """
    customer = await find_customer(connection, merchant_id=merchant_id, customer_id=customer_id)
    if customer.deleted_at is not None:
        raise _no_customer(customer_id)
    return customer


async def find_customer(connection: Connection, *, merchant_id: UUID, customer_id: UUID) -> Customer:
    """Return a customer, also a deleted one.

    Raises:
        CustomerNotFoundError: the merchant has no such customer.
    """
    customer = await store.customer_find(connection, merchant_id=merchant_id, customer_id=customer_id)
    if customer is None:
        raise _no_customer(customer_id)
    return customer


def _no_customer(customer_id: UUID) -> CustomerNotFoundError:
    return CustomerNotFoundError(f"No such customer: '{format_id(CUSTOMER_PREFIX, customer_id)}'", field="customer")
