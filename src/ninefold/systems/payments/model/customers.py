"""Customers of merchants."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who pays a merchant."""

    customer_id: UUID
    merchant_id: UUID
    email: str | None
    name: str | None
    phone: str | None
    description: str | None
    metadata: Mapping[str, str]
    default_payment_method_id: UUID | None
    created_at: datetime
    deleted_at: datetime | None
