"""Starts and ends the turns of ordered deliveries as this worker claims events and records outcomes.

A turn starts when the event is claimed, or in the transaction that records the end of the delivery before it. The
delivery then waits, and is claimed like all that wait.
"""

import asyncio
from collections.abc import Sequence

from ninefold.core.postgres.database import Connection, Database, plan_once
from ninefold.systems.webhooks.jobs.gates import Gates
from ninefold.systems.webhooks.model import ClaimedEvent
from ninefold.systems.webhooks.model.attempts import Outcome, Postponement
from ninefold.systems.webhooks.model.ordering import Turn
from ninefold.systems.webhooks.service.ordering import end_turns, start_turns_of_events


class Turns:
    """The turns that this worker starts and ends.

    Args:
        database: where the order is stored.
        gates: learn which subscriptions have waiting deliveries.
        waiting_found: set when a delivery can be claimed because its turn has begun.
    """

    def __init__(self, database: Database, gates: Gates, *, waiting_found: asyncio.Event) -> None:
        self._database = database
        self._gates = gates
        self._waiting_found = waiting_found

    async def start(self, events: Sequence[ClaimedEvent]) -> list[Turn]:
        """Start the turns of those deliveries of claimed events that nothing comes before.

        Without ordered deliveries, it does nothing.

        Raises:
            DatabaseUnavailableError: nothing was started, or it isn't known. It is safe to repeat it.
        """
        event_ids = [event.event_id for event in events if event.is_ordered]
        if not event_ids:
            return []
        async with self._database.transaction() as connection:
            await plan_once(connection)
            return await start_turns_of_events(connection, event_ids=event_ids)

    async def record(self, connection: Connection, results: Sequence[Outcome | Postponement]) -> list[Turn]:
        """End the turns of deliveries that have ended, in the transaction that records it; start the next ones."""
        ordered = [result.delivery_id for result in results if result.is_ordered]
        if not ordered:
            return []
        await plan_once(connection)
        return await end_turns(connection, ordered)

    def announce(self, turns: Sequence[Turn]) -> None:
        """Let this worker claim the deliveries whose turns have begun, after the transaction has committed."""
        if turns:
            self._gates.note_waiting({turn.subscription_id for turn in turns})
            self._waiting_found.set()
