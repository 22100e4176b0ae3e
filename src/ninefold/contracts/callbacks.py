"""What callbacks hand to other systems: verified callbacks, in the transaction that verifies them."""

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

import msgspec

from ninefold.core.contracts import Contract
from ninefold.core.postgres.database import Connection


class HandedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is verified, and isn't a duplicate."""

    callback_id: UUID
    organisation_id: UUID
    provider: str
    """Such as `github`."""
    event_type: str | None
    """In the provider's words, such as `push`."""
    body: bytes
    """As it was received."""


@runtime_checkable
class CallbackConsumer(Protocol):
    """Takes verified callbacks besides their subscribers."""

    def wants(self, *, provider: str, event_type: str | None) -> bool:
        """Return whether callbacks of a type are of interest."""
        ...

    async def take(self, connection: Connection, callbacks: Sequence[HandedCallback]) -> None:
        """Take callbacks in the caller's transaction, which can be rolled back.

        It must be quick and never fail because of what a callback contains: other callbacks are in the transaction too.
        """
        ...


CALLBACK_CONSUMER: Final[Contract[CallbackConsumer]] = Contract("callbacks.consumer")
