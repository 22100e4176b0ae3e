"""What a request learns of its steps: it stores with each of them what it has made, and at the end its answer."""

from typing import Protocol

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.events import Origin
from ninefold.systems.payments.service.steps import Done


class StepLog(Protocol):
    """Is told of the steps of one request, in the transaction of each."""

    @property
    def origin(self) -> Origin | None:
        """The request, if the merchant is to find it in its events."""
        ...

    async def began(self, connection: Connection, done: Done) -> None:
        """Store what the request has made so far, before a processor is called."""
        ...

    async def ended(self, connection: Connection, done: Done) -> None:
        """Store what the request is answered with; called again if that transaction fails."""
        ...


def origin_of(log: StepLog | None) -> Origin | None:
    """Return the request that a log belongs to; None without one."""
    return None if log is None else log.origin


async def tell(log: StepLog | None, connection: Connection, begun: Done) -> None:
    """Tell the log of a first step, which is the only one if no processor is called."""
    if log is None:
        return
    if begun.attempt is None:
        await log.ended(connection, begun)
    else:
        await log.began(connection, begun)
