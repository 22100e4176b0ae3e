"""What webhook delivery offers to other systems: publishing events of an organisation."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from ninefold.core.contracts import Contract
from ninefold.core.postgres.database import Connection

EVENT_PAYLOAD_BYTES_MAX: Final = 1024 * 1024
"""The size of an event's payload. A worker holds it in memory for each attempt in flight."""

EVENT_TYPE_LENGTH_MAX: Final = 128
"""The characters of an event type: words of letters, digits, `_` and `-`, joined by dots."""


class EventToPublish(msgspec.Struct, frozen=True, kw_only=True):
    """An event; `payload` is JSON text that is delivered byte for byte."""

    event_type: str
    payload: bytes
    idempotency_key: str | None = None


@runtime_checkable
class EventPublisher(Protocol):
    """Publishes events, which every matching webhook subscription of the organisation receives."""

    @property
    def channel(self) -> str:
        """The notifier's channel to notify after the commit, so that the events are delivered at once."""
        ...

    async def publish(
        self, connection: Connection, *, organisation_id: UUID, events: Sequence[EventToPublish]
    ) -> Sequence[UUID]:
        """Publish events in the caller's transaction: they exist only if it commits.

        Returns:
            The id of each event, in order; with a known idempotency key, that of the earlier event.

        Raises:
            NinefoldError: an event isn't valid, or its idempotency key was used for another one.
        """
        ...


EVENT_PUBLISHER: Final[Contract[EventPublisher]] = Contract("webhooks.event_publisher")
