"""Where the pages of each list end: what their cursors hold."""

from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

import msgspec

ItemT = TypeVar("ItemT")


class SubscriptionPosition(msgspec.Struct, frozen=True, array_like=True):
    """The last subscription of a page."""

    subscription_id: UUID


class EventPosition(msgspec.Struct, frozen=True, array_like=True):
    """The last event of a page."""

    event_id: UUID


class DeliveryPosition(msgspec.Struct, frozen=True, array_like=True):
    """The last delivery of a page."""

    delivery_id: UUID


class QueuedPosition(msgspec.Struct, frozen=True, array_like=True):
    """The event of the last delivery of a page of those that are queued: these have no row of their own."""

    event_id: UUID


def cut_page(found: Sequence[ItemT], *, limit: int) -> tuple[Sequence[ItemT], ItemT | None]:
    """Cut a page out of up to `limit + 1` items.

    Returns:
        The page's items, and the last of them if more follow.
    """
    page = found[:limit]
    return page, page[-1] if len(found) > limit else None
