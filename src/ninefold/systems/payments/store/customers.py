"""Queries for customers."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.customers import Customer
from ninefold.systems.payments.store.queries import columns_of, queries, read_row_or_none


async def customer_find(connection: Connection, *, merchant_id: UUID, customer_id: UUID) -> Customer | None:
    """Read one customer of a merchant, also a deleted one."""
    row = await queries.customer_find(connection, merchant_id=merchant_id, customer_id=customer_id)
    return read_row_or_none(Customer, row)


async def customer_save(connection: Connection, customer: Customer) -> None:
    """Store a customer."""
    await queries.customer_save(connection, **columns_of(customer))
