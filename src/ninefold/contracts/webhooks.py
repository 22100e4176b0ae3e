"""What webhook delivery offers to other systems: publishing events, and forwarding requests unchanged."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, Literal, Protocol, TypeAlias, runtime_checkable
from uuid import UUID

import msgspec

from ninefold.core.contracts import Contract
from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer

EVENT_PAYLOAD_BYTES_MAX: Final = 1024 * 1024
"""The size of an event's payload. A worker holds it in memory for each attempt in flight."""

EVENT_TYPE_LENGTH_MAX: Final = 128
"""The characters of an event type: words of letters, digits, `_` and `-`, joined by dots."""


CALLBACK_EVENT_PREFIX: Final = "callback."
"""What the types of the events of verified callbacks begin with. Users can't publish such events themselves, so that
subscribers can rely on the verification."""


class EventTier(StrEnum):
    """How urgent an event is. Each tier has its share of every worker, whatever waits in the others."""

    CRITICAL = "critical"
    STANDARD = "standard"
    BULK = "bulk"


class EventToPublish(msgspec.Struct, frozen=True, kw_only=True):
    """An event; `payload` is JSON text that is delivered byte for byte."""

    event_type: str
    payload: bytes
    idempotency_key: str | None = None
    tier: EventTier = EventTier.STANDARD


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


FORWARDED_BODY_BYTES_MAX: Final = 10 * 1024 * 1024
"""The size of the body of a forwarded request."""


ForwardSignature: TypeAlias = Literal["standard", "stripe"]
"""How a forwarded request is signed at each attempt: as Standard Webhooks says, or also as Stripe does, in the header
`Stripe-Signature`, whose key is the text of the secret."""


class ForwardedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is to be sent on unchanged, with a signature of ours."""

    headers: Sequence[tuple[bytes, bytes]]
    """All headers, as received. Those of the connection and of our signature are replaced."""
    body: bytes
    signature: ForwardSignature = "standard"


class ForwardTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests are forwarded to: a subscription that receives nothing else."""

    subscription_id: UUID
    secret: str
    """What our signatures are made with (Standard Webhooks)."""


@runtime_checkable
class RequestForwarder(Protocol):
    """Forwards requests through the delivery engine, with its retries and limits.

    A route names where requests come from and go to, such as `callbacks.src_01h455vb4pex5vsknk084sn02q`: words of
    letters, digits, `_` and `-`, joined by dots.
    """

    @property
    def channel(self) -> str:
        """The notifier's channel to notify after the commit, so that the requests are sent at once."""
        ...

    async def open(
        self,
        connection: Connection,
        egress_policy: AddressPolicy,
        sealer: Sealer,
        *,
        organisation_id: UUID,
        route: str,
        url: str,
        description: str,
    ) -> ForwardTarget:
        """Create the subscription of a route.

        Raises:
            NinefoldError: requests can't be sent to this URL, or the organisation has too many subscriptions.
        """
        ...

    async def change_url(
        self,
        connection: Connection,
        egress_policy: AddressPolicy,
        *,
        organisation_id: UUID,
        subscription_id: UUID,
        url: str,
    ) -> bool:
        """Let a target have another URL; return False if its subscription was deleted.

        Raises:
            NinefoldError: requests can't be sent to this URL.
        """
        ...

    async def close(self, connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> None:
        """Delete the subscription of a route, if it still exists."""
        ...

    async def forward(
        self, connection: Connection, *, organisation_id: UUID, route: str, requests: Sequence[ForwardedRequest]
    ) -> Sequence[UUID]:
        """Forward requests in the caller's transaction: they are sent only if it commits.

        Returns:
            The id of each request's event, in order. It is also the `webhook-id` of the requests that are sent.
        """
        ...


REQUEST_FORWARDER: Final[Contract[RequestForwarder]] = Contract("webhooks.request_forwarder")


@runtime_checkable
class ForwardOwner(Protocol):
    """What forwards requests, and so needs its subscriptions."""

    async def is_in_use(self, connection: Connection, *, organisation_id: UUID, subscription_id: UUID) -> bool:
        """Return whether requests are forwarded with a subscription: deleted or changed, they would be lost."""
        ...


FORWARD_OWNER: Final[Contract[ForwardOwner]] = Contract("webhooks.forward_owner")
"""Webhook delivery asks its implementation before users change a subscription."""
